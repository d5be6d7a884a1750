/*
 * Names as people see them.
 *
 * A name in an image is any bytes but '/' and NUL, chosen by whoever made the
 * image.  On a terminal only what is printable in the user's locale is shown as
 * it is; into a file or a pipe names go unchanged, as with ls.
 */
#ifndef TOOLS_RUMP_NAME_H
#define TOOLS_RUMP_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum name_style {
	NAME_RAW,	   /* as it is */
	NAME_HIDE,	   /* '?' for what is not printable */
	NAME_ESCAPE,	   /* C escapes for what is not printable */
	NAME_ESCAPE_SPACE, /* the same, and "\ " for a space */
};

/* The style for standard output: NAME_ESCAPE on a terminal. */
enum name_style name_style_default(void);

void name_print(FILE *stream, const char *name, enum name_style style);

/* Whether name can be shown as it is. */
bool name_is_printable(const char *name);

/* The number of terminal columns name takes. */
size_t name_width(const char *name, enum name_style style);

#endif
