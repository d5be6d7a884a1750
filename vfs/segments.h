/*
 * Memory that data of a store comes to, or goes from, next: a few segments,
 * filled piece by piece.  Pieces that follow each other in memory become one.
 * Private to the page cache.
 */
#ifndef VFS_SEGMENTS_H
#define VFS_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/kernel.h"

#define SEGMENT_MAX 32

struct segments {
	struct segment items[SEGMENT_MAX];
	size_t count;
};

/* Append memory, as part of the last segment if it follows that; false if full. */
static inline bool
segments_add(struct segments *segments, uint8_t *data, size_t length)
{
	if (segments->count > 0) {
		struct segment *last = &segments->items[segments->count - 1];

		if ((uint8_t *)last->data + last->length == data) {
			last->length += length;
			return true;
		}
	}
	if (segments->count == SEGMENT_MAX)
		return false;
	segments->items[segments->count++] = (struct segment){ data, length };
	return true;
}

#endif
