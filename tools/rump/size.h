/*
 * Sizes for people, rounded up as ls and df do.
 */
#ifndef TOOLS_RUMP_SIZE_H
#define TOOLS_RUMP_SIZE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SIZE_TEXT = 28, /* bytes any text below takes, with its NUL */
};

/* Like "512", "1.1K", "24M": three digits at most. */
void size_human(char text[SIZE_TEXT], uint64_t bytes);

/* Like "12,345,678". */
void size_grouped(char text[SIZE_TEXT], uint64_t number);

/* Like "512 bytes", "1.1 KiB", "24 MiB". */
void size_words(char text[SIZE_TEXT], uint64_t bytes);

/*
 * The size that a user has written: a number, which may end in k, m, g or t, for
 * powers of 1024; at most INT64_MAX.  False: it is none.
 */
bool size_read(const char *text, uint64_t *bytes);

#endif
