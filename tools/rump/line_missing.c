/* Lines that a person types, without a library to edit them. */
#include <stdlib.h>

#include "tools/rump/line.h"
#include "tools/rump/memory.h"

struct line_reader {
	char *line;
	size_t size;
};

struct line_reader *
line_begin(const char *history_file, line_complete *complete, void *context)
{
	struct line_reader *reader = memory_resize(NULL, 1, sizeof(*reader));

	(void)history_file;
	(void)complete;
	(void)context;
	*reader = (struct line_reader){ 0 };
	return reader;
}

const char *
line_read(struct line_reader *reader, const char *prompt)
{
	return line_read_plain(&reader->line, &reader->size, prompt);
}

void
line_end(struct line_reader *reader)
{
	free(reader->line);
	free(reader);
}
