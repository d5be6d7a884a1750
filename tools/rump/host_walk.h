/*
 * Walking a directory tree of the host, in the order of bytes.
 *
 * As walk.h does in images: the caller decides where to go down.  Symbolic links
 * are not followed.  What fails is reported here.
 */
#ifndef TOOLS_RUMP_HOST_WALK_H
#define TOOLS_RUMP_HOST_WALK_H

#include <stdbool.h>

#include "tools/rump/listing.h"
#include "tools/rump/trail.h"

struct host_level {
	struct listing listing;
	size_t next;	    /* in listing.order */
	size_t path_length; /* of the path to this directory */
};

struct host_walk {
	struct trail trail;
	struct host_level *levels; /* those above depth keep their memory */
	size_t depth;
	size_t level_count;
	size_t level_capacity;
	char *path; /* of the present directory */
	size_t path_capacity;
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

/* Go down into the directory name.  False if it cannot be entered. */
bool host_walk_enter(struct host_walk *walk, const char *name);

/* Back to the directory above; from the first one, the walk is over. */
void host_walk_leave(struct host_walk *walk);

void host_walk_end(struct host_walk *walk);

/* The present directory's descriptor. */
int host_walk_directory(const struct host_walk *walk);

/* The path of name in the present directory; valid until the next call. */
const char *host_walk_path(struct host_walk *walk, const char *name);

#endif
