/*
 * One of two trees that are compared: in an image, or on the host.
 */
#ifndef TOOLS_RUMP_SIDE_H
#define TOOLS_RUMP_SIDE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "tools/rump/files.h"
#include "tools/rump/image.h"
#include "tools/rump/links.h"
#include "tools/rump/listing.h"
#include "tools/rump/trail.h"

struct side {
	const struct files *files;
	const char *name;	   /* as the user wrote it; borrowed */
	struct location *location; /* NULL: on the host */
	int top;		   /* where it begins, open; -1 once the trail has it */
	struct stat st;		   /* of that: a directory or regular file */
	struct trail trail;
	struct links seen; /* directories that were entered */
};

/*
 * Prepare for argument: a directory of the host if there is one of that name,
 * else a place in an image.  False, after a report: that cannot be opened.
 * side_end() is needed in any case.
 */
bool side_begin(struct side *side, char *argument);

void side_end(struct side *side);

/* Begin the trail at the top, a directory.  0, or -1 with errno. */
int side_enter_top(struct side *side);

/* Go down; EUCLEAN for a directory that was entered before. */
int side_enter(struct side *side, const char *name);

#endif
