/*
 * Names that a pattern with * ? [...] stands for, in an image or on the host.
 *
 * As in other shells, no pattern matches a slash, nor a dot at the beginning of
 * a name; the paths come in order.
 */
#ifndef TOOLS_RUMP_GLOB_H
#define TOOLS_RUMP_GLOB_H

#include <stddef.h>

struct paths {
	char **list; /* owned */
	size_t count;
	size_t capacity;
};

/* Add a copy of path. */
void paths_add(struct paths *paths, const char *path);

/* Add the paths that pattern, see words.h, stands for; none is no error. */
void glob_expand(const char *pattern, struct paths *paths);

void paths_free(struct paths *paths);

#endif
