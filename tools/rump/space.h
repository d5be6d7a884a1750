/*
 * The room that copies need in an image, and what is said when there is too little.
 *
 * What is known beforehand is the least they take: their content, in units of
 * the file system, without what it adds to find them.
 */
#ifndef TOOLS_RUMP_SPACE_H
#define TOOLS_RUMP_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "tools/rump/image.h"
#include "tools/rump/links.h"

struct space {
	const struct location *target; /* NULL: on the host, of which nothing is said */
	uint64_t unit;
	uint64_t needed; /* bytes, by what is still to come */
	uint64_t files;	 /* still to come */
	struct links links;
};

/* Begin to count for copies into target's image; NULL: on the host. */
void space_begin(struct space *space, const struct location *target);
void space_end(struct space *space);

/* A file is to be copied.  Returns the bytes of content, 0 for one more name of a file. */
uint64_t space_add(struct space *space, const struct stat *st);

/* It has been. */
void space_take(struct space *space, const struct stat *st);

/* Whether all can fit; false, after a report, if not. */
bool space_suffices(const struct space *space);

/* There is no room any more: report how much is missing, now that nothing is half copied. */
void space_report(const struct space *space);

#endif
