/*
 * One of two trees that are compared: in an image, or on the host.
 *
 * The calls are the same for both.  They return what the host's do, with errno.
 */
#ifndef TOOLS_RUMP_SIDE_H
#define TOOLS_RUMP_SIDE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "tools/rump/image.h"
#include "tools/rump/links.h"
#include "tools/rump/listing.h"
#include "tools/rump/trail.h"

struct side_ops {
	const struct trail_ops *trail;
	listing_getdents *getdents;
	int (*open)(int directory, const char *name, int flags);
	int (*close)(int fd);
	ssize_t (*pread)(int fd, void *bytes, size_t size, off_t offset);
	off_t (*seek)(int fd, off_t offset, int whence);
	int (*stat)(int directory, const char *name, struct stat *st, int flags);
	ssize_t (*readlink)(int directory, const char *name, char *target, size_t size);
	ssize_t (*getxattr)(int fd, const char *name, void *value, size_t size);
	ssize_t (*listxattr)(int fd, char *list, size_t size);
};

struct side {
	const struct side_ops *ops;
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

/* Words for error, of this side's. */
const char *side_reason(const struct side *side, int error);

#endif
