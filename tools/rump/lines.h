/*
 * A file of an image, line by line.
 *
 * Lines may have any length and any bytes; the last one may lack its newline.
 */
#ifndef TOOLS_RUMP_LINES_H
#define TOOLS_RUMP_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct lines {
	int fd; /* in the rump kernel; borrowed */
	char *buffer;
	size_t capacity;
	size_t begin; /* of what is not handed out yet, in buffer */
	size_t end;
	bool is_at_end; /* all of the file is in the buffer */
	bool has_nul;	/* what was read so far holds a NUL */
	int error;	/* of reading */
};

/* Begin with the file fd; the buffer of the file before is used again. */
void lines_begin(struct lines *lines, int fd);

/*
 * The next line, a NUL in the place of its newline; NULL at the end.  Valid
 * until the next call.
 */
char *lines_next(struct lines *lines, size_t *length);

void lines_free(struct lines *lines);

#endif
