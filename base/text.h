/*
 * Text that grows in a buffer of fixed size, for descriptions.
 *
 * What does not fit is counted but not kept, so that the caller can say how
 * much room it takes.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

#include "base/compiler.h"

struct text {
	char *bytes;   /* NUL-terminated if size is not 0 */
	size_t size;   /* of the buffer */
	size_t length; /* of the whole text, cut or not */
};

static inline struct text
text_in(char *buffer, size_t size)
{
	if (size > 0)
		buffer[0] = '\0';
	return (struct text){ buffer, size, 0 };
}

void text_add(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
