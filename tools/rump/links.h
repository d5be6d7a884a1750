/*
 * Which files with several links were copied, and where to, so that a further
 * link can be made instead of a further copy.
 */
#ifndef TOOLS_RUMP_LINKS_H
#define TOOLS_RUMP_LINKS_H

#include <stddef.h>
#include <sys/types.h>

struct links_slot {
	dev_t dev;
	ino_t ino;
	char *path; /* NULL: an empty slot */
};

struct links {
	struct links_slot *slots; /* open addressing */
	size_t capacity;
	size_t count;
};

/* Where the file was copied to, or NULL; borrowed. */
const char *links_find(const struct links *links, dev_t dev, ino_t ino);

/* Remember that the file, which is not there yet, was copied to path. */
void links_add(struct links *links, dev_t dev, ino_t ino, const char *path);

void links_free(struct links *links);

#endif
