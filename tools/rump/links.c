/* Which files with several links were copied, and where to. */
#include "tools/rump/links.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/memory.h"

/* The slot of the file, or the empty one where it belongs. */
static struct links_slot *
slot_find(const struct links *links, dev_t dev, ino_t ino)
{
	uint64_t at = ((uint64_t)dev ^ (uint64_t)ino * 0x9e3779b97f4a7c15ULL) >> 20;

	for (;; at++) {
		struct links_slot *slot = &links->slots[at & (links->capacity - 1)];

		if (slot->path == NULL || (slot->dev == dev && slot->ino == ino))
			return slot;
	}
}

static void
links_grow(struct links *links)
{
	struct links bigger = {
		.capacity = links->capacity == 0 ? 64 : 2 * links->capacity,
		.count = links->count,
	};

	bigger.slots = memory_resize(NULL, bigger.capacity, sizeof(*bigger.slots));
	memset(bigger.slots, 0, bigger.capacity * sizeof(*bigger.slots));
	for (size_t i = 0; i < links->capacity; i++) {
		struct links_slot *slot = &links->slots[i];

		if (slot->path != NULL)
			*slot_find(&bigger, slot->dev, slot->ino) = *slot;
	}
	free(links->slots);
	*links = bigger;
}

const char *
links_find(const struct links *links, dev_t dev, ino_t ino)
{
	return links->capacity == 0 ? NULL : slot_find(links, dev, ino)->path;
}

void
links_add(struct links *links, dev_t dev, ino_t ino, const char *path)
{
	if (2 * links->count >= links->capacity)
		links_grow(links);
	*slot_find(links, dev, ino) = (struct links_slot){ dev, ino, memory_string(path) };
	links->count++;
}

void
links_free(struct links *links)
{
	for (size_t i = 0; i < links->capacity; i++)
		free(links->slots[i].path);
	free(links->slots);
	*links = (struct links){ 0 };
}
