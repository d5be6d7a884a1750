/*
 * A file of an image, line by line.
 *
 * Lines may have any bytes; the last one may lack its newline.  A line longer than
 * LINES_MAX comes in pieces.  Unless NULs are kept, a run of them ends a line, so
 * that the holes of a file are passed over and take no memory.
 */
#ifndef TOOLS_RUMP_LINES_H
#define TOOLS_RUMP_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum {
	LINES_MAX = 64 * 1024 * 1024,
};

struct lines {
	int fd; /* in the rump kernel; borrowed */
	bool keeps_nul;
	char *buffer;
	size_t capacity;
	size_t begin; /* of what is not handed out yet, in buffer */
	size_t end;
	bool is_at_end; /* all of the file is in the buffer */
	bool has_nul;	/* what was read so far holds a NUL */
	int error;	/* of reading */
};

/* Begin with the file fd; the buffer of the file before is used again. */
void lines_begin(struct lines *lines, int fd, bool keeps_nul);

/*
 * The next line, a NUL in the place of its newline; NULL at the end.  Valid
 * until the next call.
 */
char *lines_next(struct lines *lines, size_t *length);

void lines_free(struct lines *lines);

#endif
