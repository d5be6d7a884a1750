/*
 * Lines that a person types at a terminal.  Where rump was built with libedit
 * (line_libedit.c) they can be edited, completed and called back; otherwise
 * (line_missing.c) they are as the terminal gives them.
 */
#ifndef TOOLS_RUMP_LINE_H
#define TOOLS_RUMP_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* What the end of a line that is being typed can become. */
struct line_choices {
	char **list; /* owned */
	size_t count;
	size_t capacity;
	size_t begin; /* they stand for what is typed from here on */
};

/* Find them; typed is the line up to the cursor. */
typedef void line_complete(void *context, const char *typed, struct line_choices *choices);

struct line_reader;

/*
 * Begin to read.  Lines of earlier times are in history_file, and these will
 * be; NULL: nowhere.  All is borrowed.
 */
struct line_reader *line_begin(const char *history_file, line_complete *complete, void *context);

/*
 * The next line, without its end; borrowed until the next call.  NULL: there is
 * no more, or interrupt_arrived().
 */
const char *line_read(struct line_reader *reader, const char *prompt);

/* The same without a library; *line has *size bytes, as for getline(3). */
const char *line_read_plain(char **line, size_t *size, const char *prompt);

void line_end(struct line_reader *reader);

#endif
