/*
 * SHA-256 of a file's content, where rump was built with a library that has it:
 * hash_nettle.c, or else hash_missing.c.
 */
#ifndef TOOLS_RUMP_HASH_H
#define TOOLS_RUMP_HASH_H

#include <stdbool.h>

enum {
	HASH_TEXT = 65, /* bytes of the digits and a NUL */
};

bool hash_is_available(void);

/* Hash what there is to read from fd, of the rump kernel.  0 or an errno. */
int hash_file(int fd, char text[HASH_TEXT]);

#endif
