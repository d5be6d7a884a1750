/* File types and permissions in words and letters. */
#ifndef TOOLS_RUMP_MODE_H
#define TOOLS_RUMP_MODE_H

#include <stdbool.h>
#include <sys/types.h>

/* Like "drwxr-xr-x". */
void mode_letters(char text[11], mode_t mode);

/* Like "directory", one word for programs: file, directory, symlink, ... */
const char *mode_type_word(mode_t mode);

/*
 * The mode that text says, in octal digits or like "u+rwx,go=rx", from none.
 * False: it says none.
 */
bool mode_parse(const char *text, mode_t *mode);

/*
 * What chmod(1) would make of *mode, of a file of any type, by text.  A clause
 * that does not say whose leaves alone what is in mask.  False: text says none.
 */
bool mode_change(const char *text, mode_t mask, mode_t *mode);

/* Like "directory"; stat(1)'s words. */
const char *mode_type_words(mode_t mode, off_t size);

#endif
