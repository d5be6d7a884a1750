/* A file of an image, line by line. */
#include "tools/rump/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/memory.h"

enum {
	BUFFER_SIZE = 256 * 1024, /* grows for longer lines */
};

void
lines_begin(struct lines *lines, int fd, bool keeps_nul)
{
	if (lines->buffer == NULL) {
		lines->capacity = BUFFER_SIZE;
		lines->buffer = memory_resize(NULL, lines->capacity + 1, 1);
	}
	*lines = (struct lines){
		.fd = fd,
		.keeps_nul = keeps_nul,
		.buffer = lines->buffer,
		.capacity = lines->capacity,
	};
}

/* Make each run of NULs a newline.  Returns how many bytes are left. */
static size_t
nuls_replace(char *bytes, size_t length)
{
	bool is_run = false;
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		bool is_nul = bytes[i] == '\0';

		if (!is_nul || !is_run)
			bytes[kept++] = is_nul ? '\n' : bytes[i];
		is_run = is_nul;
	}
	return kept;
}

/* Step over the hole that the file may have here. */
static void
hole_skip(struct lines *lines)
{
	off_t here = rump_sys_lseek(lines->fd, 0, SEEK_CUR);
	off_t data = here < 0 ? -1 : rump_sys_lseek(lines->fd, here, SEEK_DATA);

	if (data < 0 && here >= 0 && errno == ENXIO)
		lines->is_at_end = true;
}

/* Read more behind what is left, which moves to the front. */
static void
lines_fill(struct lines *lines)
{
	size_t left = lines->end - lines->begin;
	ssize_t length;

	if (lines->begin > 0)
		memmove(lines->buffer, lines->buffer + lines->begin, left);
	lines->begin = 0;
	lines->end = left;
	if (left == lines->capacity) {
		lines->capacity *= 2;
		lines->buffer = memory_resize(lines->buffer, lines->capacity + 1, 1);
	}
	length = rump_sys_read(lines->fd, lines->buffer + left, lines->capacity - left);
	if (length <= 0) {
		lines->is_at_end = true;
		lines->error = length < 0 ? errno : 0;
		return;
	}
	if (memchr(lines->buffer + left, '\0', (size_t)length) == NULL) {
		lines->end += (size_t)length;
		return;
	}
	lines->has_nul = true;
	if (lines->keeps_nul) {
		lines->end += (size_t)length;
		return;
	}
	lines->end += nuls_replace(lines->buffer + left, (size_t)length);
	if (lines->end == left + 1)
		hole_skip(lines);
}

char *
lines_next(struct lines *lines, size_t *length)
{
	size_t searched = 0; /* of what is left */
	char *line, *newline;

	for (;;) {
		size_t left = lines->end - lines->begin;

		line = lines->buffer + lines->begin;
		newline = memchr(line + searched, '\n', left - searched);
		if (newline != NULL) {
			*length = (size_t)(newline - line);
			*newline = '\0';
			lines->begin += *length + 1;
			return line;
		}
		if (lines->is_at_end || left >= LINES_MAX)
			break;
		searched = left;
		lines_fill(lines);
	}
	*length = lines->end - lines->begin;
	line[*length] = '\0';
	lines->begin = lines->end;
	return *length > 0 ? line : NULL;
}

void
lines_free(struct lines *lines)
{
	free(lines->buffer);
	*lines = (struct lines){ 0 };
}
