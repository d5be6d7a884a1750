/* wasi-libc's, and Linux's flags of renameat2(), which glibc has here. */
#include_next <stdio.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE	 2
#define RENAME_WHITEOUT	 4
#endif
