/*
 * Text from values, the freestanding part of printf.
 *
 * Understood: %s %c %d %i %u %x %X %o %p %%, the flags - and 0, width and
 * precision (also *), and the lengths hh h l ll z j.  Nothing floating.
 */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"

/*
 * Write at most size bytes, the NUL included; size may be 0.  Returns the
 * length of the whole text: size or more says that it was cut.
 */
size_t format_text(char *buffer, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
size_t format_text_list(char *buffer, size_t size, const char *format, va_list values)
    PRINTF_LIKE(3, 0);

#endif
