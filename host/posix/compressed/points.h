/*
 * Where decoding of a file can start: an ascending list of points, the first
 * of them at 0.
 *
 * It has at most so many, whatever the file has: when it is full, every second
 * one is dropped, and from then on they are twice as far apart.  So it covers
 * small files finely and large ones evenly.
 */
#ifndef HOST_POSIX_COMPRESSED_POINTS_H
#define HOST_POSIX_COMPRESSED_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct point {
	uint64_t at;	 /* in what is packed */
	uint64_t place;	 /* in the file */
	uint8_t *window; /* what decoding needs of the bytes before, or NULL; owned */
	uint16_t window_size;
	uint8_t bits;	/* of the byte before place that belong to what follows */
	bool is_inside; /* of a member of the file, not where one begins */
};

struct points {
	struct point *list;
	size_t count;
	size_t room;
	size_t max;
	uint64_t spacing; /* at least, in what is packed */
};

/* Far enough behind the last one to be worth adding? */
bool points_wants(const struct points *points, uint64_t at);

/* Add a point, which is wanted; its window is the list's then, also in failure.  -ENOMEM. */
MUST_CHECK int points_add(struct points *points, const struct point *point);

/* The index of the last one up to at. */
size_t points_find(const struct points *points, uint64_t at);

void points_free(struct points *points);

#endif
