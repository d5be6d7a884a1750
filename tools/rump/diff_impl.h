/*
 * Between the parts of diff: diff.c walks both trees, diff_compare.c compares
 * two files, and diff_text.c shows lines.
 */
#ifndef TOOLS_RUMP_DIFF_IMPL_H
#define TOOLS_RUMP_DIFF_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/rump/name.h"
#include "tools/rump/side.h"

struct diff_level {
	struct listing listings[2];
	size_t next[2];
	size_t path_length;
};

struct diff {
	struct side sides[2];
	bool is_brief;
	bool shows_text;
	bool ignores_times;
	bool ignores_owners;
	bool ignores_modes;
	bool ignores_links;
	bool ignores_xattrs;
	bool has_difference;
	bool has_trouble;
	enum name_style names;
	struct diff_level *levels; /* those above depth keep their memory */
	size_t depth;
	size_t level_count;
	size_t level_capacity;
	char *path; /* of the present directory, from where the trees begin */
	size_t path_capacity;
	char *said; /* the last path that was said to differ, for is_brief; owned */
};

/* Two files of the same path; names[i] is relative to directories[i]. */
struct diff_pair {
	const char *path;
	const char *names[2];
	int directories[2];
	struct stat st[2];
	const int *fds; /* both are open already; NULL: they are not */
};

/* Say that what, of the files at path, differs; first and second may be NULL. */
void diff_say(struct diff *diff, const char *path, const char *what, const char *first,
    const char *second);

/* Report that what, like "cannot read", failed on a side. */
void diff_report(struct diff *diff, int side, const char *what, const char *path, int error);

/* Compare all that is compared of two files, whose st is filled. */
void diff_files(struct diff *diff, const struct diff_pair *pair);

/* Show the lines in which two regular files differ.  False: they are no text. */
bool diff_text(struct diff *diff, const struct diff_pair *pair, const int fds[2]);

#endif
