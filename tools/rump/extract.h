/*
 * A temporary directory on the host, for copies of files that the host's
 * programs are to work on.
 *
 * Copies are the user's own: readable and writable by nobody else, whatever the
 * owner and mode in the image; those who may execute a file there may here.
 */
#ifndef TOOLS_RUMP_EXTRACT_H
#define TOOLS_RUMP_EXTRACT_H

#include <stdbool.h>
#include <sys/stat.h>

struct extract {
	char *path; /* NULL: not made yet */
	unsigned count;
};

/* Where a file is. */
struct extract_source {
	int directory; /* in the image */
	const char *name;
	const struct stat *st;
};

/*
 * Copy source, a regular file, directory (without what is in it) or symbolic
 * link, as the file name in a new directory of its own.  The path of the copy, the
 * caller's to free; NULL with errno set if there is none, EOPNOTSUPP for other
 * types.
 */
char *extract_file(struct extract *extract, const struct extract_source *source, const char *name);

/* Remove the directory with all that is in it, whoever put it there. */
void extract_end(struct extract *extract);

#endif
