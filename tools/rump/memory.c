/* Memory that is there or ends the program. */
#include "tools/rump/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/report.h"

void *
memory_resize(void *elements, size_t count, size_t size)
{
	void *moved = reallocarray(elements, count, size);

	if (moved == NULL)
		report_no_memory();
	return moved;
}

char *
memory_string(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		report_no_memory();
	return copy;
}

char *
memory_format(const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		report_no_memory();
	return text;
}

void *
memory_grow(void *elements, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return elements;
	*capacity = *capacity == 0 ? 16 : 2 * *capacity;
	return memory_resize(elements, *capacity, size);
}
