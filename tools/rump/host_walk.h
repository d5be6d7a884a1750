/*
 * Walking a directory tree of the host, in the order of bytes, so that the same
 * tree is always walked in the same way.  It is a walk (walk.h), which the caller
 * leads, but for the functions here.
 */
#ifndef TOOLS_RUMP_HOST_WALK_H
#define TOOLS_RUMP_HOST_WALK_H

#include <stdbool.h>

#include "tools/rump/walk.h"

struct host_walk {
	struct walk walk;
	struct location top;
	struct stat st; /* of the directory where it began */
	const struct stat *skip;
};

/*
 * Begin in a directory, and pass over the file skip wherever it is, unless that
 * is NULL; borrowed.  False if it cannot be opened.  host_walk_end() in any case.
 */
bool host_walk_begin(struct host_walk *walk, const char *directory, const struct stat *skip);

/* The next entry of the present directory, with its st; NULL after the last one. */
struct entry *host_walk_next(struct host_walk *walk);

void host_walk_end(struct host_walk *walk);

#endif
