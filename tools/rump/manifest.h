/*
 * Manifests: lines as sha256sum(1) writes them.
 *
 *	HASH  NAME		HASH *NAME		SHA256 (NAME) = HASH
 *
 * In a line that begins with a backslash, "\\", "\n" and "\r" in the name stand
 * for those characters.
 */
#ifndef TOOLS_RUMP_MANIFEST_H
#define TOOLS_RUMP_MANIFEST_H

#include <stdbool.h>
#include <stdio.h>

struct manifest_line {
	const char *hash; /* 64 lower-case digits */
	const char *name;
};

/* Take text, a line without its newline, apart, in place.  False: it is no such line. */
bool manifest_line_read(struct manifest_line *line, char *text);

void manifest_line_write(FILE *stream, const struct manifest_line *line);

#endif
