/*
 * The way down a directory tree, as directory descriptors.
 *
 * Going down opens a name in the present directory and never follows a
 * symbolic link; going up returns to exactly the directory one came from.  A
 * tree may be deeper than a process may have descriptors and than a path may
 * be long: only the last few levels stay open, and an upper one is opened
 * again through ".." and recognised by its device and inode number.
 *
 * Errors are -1 with errno set.  After a failed trail_up() the trail is lost:
 * only trail_end() may follow.
 */
#ifndef TOOLS_RUMP_TRAIL_H
#define TOOLS_RUMP_TRAIL_H

#include <stddef.h>
#include <sys/stat.h>

#include "tools/rump/files.h"

struct trail_step {
	int directory; /* -1: closed for now */
	dev_t dev;
	ino_t ino;
};

struct trail {
	const struct files *files;
	struct trail_step *steps;
	size_t depth; /* steps in use */
	size_t capacity;
};

/* Begin at directory, which the trail closes, now if this fails. */
int trail_begin(struct trail *trail, const struct files *files, int directory);

/* The present directory; borrowed. */
int trail_here(const struct trail *trail);

/* Device and inode number of the present directory. */
const struct trail_step *trail_step(const struct trail *trail);

int trail_down(struct trail *trail, const char *name);
int trail_up(struct trail *trail);
void trail_end(struct trail *trail);

#endif
