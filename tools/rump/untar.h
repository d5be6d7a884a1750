/*
 * Extracting an archive into an image.
 *
 * The directory that it goes to is the root of all its names, and of symbolic
 * links on the way, so that nothing ends up outside of it.  Files that exist
 * are replaced, never written to; directories that exist are added to.
 */
#ifndef TOOLS_RUMP_UNTAR_H
#define TOOLS_RUMP_UNTAR_H

#include <stdbool.h>

#include "tools/rump/image.h"
#include "tools/rump/owner.h"

struct untar_options {
	struct owner owner; /* of all files, unless OWNER_UNCHANGED */
	bool keeps;	    /* files that exist, and says nothing */
	bool is_verbose;
};

/* Extract what is read from fd, called shown, into the directory at location. */
void untar(int fd, const char *shown, const struct location *location,
    const struct untar_options *options);

#endif
