/*
 * A file of an image as JSON: the same members whichever command prints it.
 */
#ifndef TOOLS_RUMP_JSON_FILE_H
#define TOOLS_RUMP_JSON_FILE_H

#include "tools/rump/image.h"
#include "tools/rump/listing.h"

/* Members image and path, for location or what is shown as a path below it. */
void json_place(const struct location *location, const char *shown);

/* All of entry as an object that is a line: its place, its attributes, a link's target. */
void json_file(const struct location *location, const char *shown, const struct entry *entry);

#endif
