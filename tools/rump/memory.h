/*
 * Memory for a program that ends when there is none: these never return NULL.
 */
#ifndef TOOLS_RUMP_MEMORY_H
#define TOOLS_RUMP_MEMORY_H

#include <stddef.h>

/* Room for count elements of size bytes where elements was; owned by the caller. */
void *memory_resize(void *elements, size_t count, size_t size);

/* A copy of text; owned by the caller. */
char *memory_string(const char *text);

/* Text as printf() would print it; owned by the caller. */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Make room for one element more in an array of count elements.  Evaluates to
 * the array, moved perhaps.
 */
void *memory_grow(void *elements, size_t count, size_t *capacity, size_t size);

#endif
