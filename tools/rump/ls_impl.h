/*
 * Between the parts of ls: ls_options.c reads options, ls.c decides what is
 * listed, ls_print.c how that looks.
 */
#ifndef TOOLS_RUMP_LS_IMPL_H
#define TOOLS_RUMP_LS_IMPL_H

#include <stdbool.h>
#include <time.h>

#include "tools/rump/listing.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"

enum ls_format {
	LS_ONE,	    /* one name a line */
	LS_LONG,    /* a line with everything */
	LS_COLUMNS, /* sorted down the columns */
	LS_ACROSS,  /* sorted across the lines */
};

enum ls_sort {
	LS_BY_NAME,
	LS_BY_TIME,
	LS_BY_SIZE,
	LS_UNSORTED,
};

enum ls_time {
	LS_MODIFIED,
	LS_CHANGED,
	LS_ACCESSED,
};

enum ls_mark {
	LS_NO_MARK,
	LS_MARK_DIRECTORIES, /* a slash after the name */
	LS_MARK_TYPES,	     /* slash @ | = * */
};

struct ls_options {
	enum ls_format format;
	enum ls_sort sort;
	enum ls_time time;
	enum ls_mark mark;
	enum listing_hidden hidden;
	enum name_style names;
	bool is_reverse;
	bool directories_first;
	bool is_recursive;
	bool lists_itself; /* a directory, instead of its entries */
	bool follows_all;
	bool follows_arguments;
	bool shows_inode;
	bool shows_blocks;
	bool shows_owner;
	bool shows_group;
	bool is_human;
	unsigned columns;     /* width of the output; 0: no limit */
	const char *time_old; /* strftime() formats */
	const char *time_recent;
	struct timespec now;
	bool is_sort_chosen; /* while options are read */
};

extern const struct option_row ls_option_rows[];

/* Fill options.  Returns what options_parse() does. */
int ls_options_read(struct ls_options *options, int argc, char **argv);

/* The time of a file that options speak of. */
struct timespec ls_time_of(const struct stat *st, const struct ls_options *options);

/* The mark after the name of a file of this DT_ type and mode; NUL if it has none. */
char ls_mark_of(unsigned char type, mode_t mode, const struct ls_options *options);

/* Print the "total" line of a directory with these entries. */
void ls_print_total(const struct listing *listing, const struct ls_options *options);

/* Print the entries in order. */
void ls_print(const struct listing *listing, const struct ls_options *options);

#endif
