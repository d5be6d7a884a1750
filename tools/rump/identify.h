/*
 * What a file is that has no file system we know: a guess from its first bytes,
 * for the one who has to do something about it.
 */
#ifndef TOOLS_RUMP_IDENTIFY_H
#define TOOLS_RUMP_IDENTIFY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Say in text what the rump kernel's file or device path, the host's file name,
 * looks like and what to do, as the end of a sentence: "it looks like a zip
 * archive: unpack it first: unzip NAME".  False, and text is empty, if it looks
 * like nothing in particular.
 */
bool identify_file(const char *path, const char *name, char *text, size_t size);

#endif
