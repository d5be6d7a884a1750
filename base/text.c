/* Appending to text; see the header. */
#include "base/text.h"

#include <stdarg.h>

#include "base/format.h"

void
text_add(struct text *text, const char *format, ...)
{
	size_t used = text->length < text->size ? text->length : text->size;
	va_list values;

	va_start(values, format);
	text->length += format_text_list(text->bytes + used, text->size - used, format, values);
	va_end(values);
}
