/*
 * Colours of names by type, as ls(1) has them: from LS_COLORS, or else its
 * customary ones.
 */
#ifndef TOOLS_RUMP_COLOR_H
#define TOOLS_RUMP_COLOR_H

#include "tools/rump/listing.h"
#include "tools/rump/name.h"

/* Print the entry's name on standard output, in colour if that is wanted. */
void color_name_print(const struct entry *entry, const char *name, enum name_style style);

/* Begin and end text in the colour of an SGR sequence like "01;31", if that is wanted. */
void color_begin(const char *sequence);
void color_end(void);

#endif
