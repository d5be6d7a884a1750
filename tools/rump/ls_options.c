/* The options of rump ls. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/rump/ls_impl.h"
#include "tools/rump/option.h"

enum {
	OPTION_DIRECTORIES_FIRST = OPTION_LONG,
	OPTION_FULL_TIME,
	OPTION_SORT,
	OPTION_TIME,
	OPTION_TIME_STYLE,
	COLUMNS_DEFAULT = 80,
};

const struct option_row ls_option_rows[] = {
	{ '1', NULL, NULL, "one name a line" },
	{ 'a', "all", NULL, "also names that begin with a dot" },
	{ 'A', "almost-all", NULL, "the same, without . and .." },
	{ 'b', "escape", NULL, "escape unprintable characters in names as C does" },
	{ 'c', NULL, NULL, "the time of the last change of attributes" },
	{ 'C', NULL, NULL, "names in columns" },
	{ 'd', "directory", NULL, "directories themselves, not what is in them" },
	{ 'f', NULL, NULL, "like -aU" },
	{ 'F', "classify", NULL, "mark names with their type: / @ | = *" },
	{ 'g', NULL, NULL, "long lines without the owner" },
	{ OPTION_DIRECTORIES_FIRST, "group-directories-first", NULL, "directories first" },
	{ 'h', "human-readable", NULL, "sizes like 1.5K or 24M" },
	{ 'H', "dereference-command-line", NULL, "follow symbolic links that are named" },
	{ 'i', "inode", NULL, "inode numbers" },
	{ 'k', "kibibytes", NULL, "nothing: space is in KiB anyway" },
	{ 'l', NULL, NULL, "long lines" },
	{ 'L', "dereference", NULL, "follow all symbolic links" },
	{ 'n', "numeric-uid-gid", NULL, "like -l: owners are numbers anyway" },
	{ 'N', "literal", NULL, "names as they are" },
	{ 'o', NULL, NULL, "long lines without the group" },
	{ 'p', NULL, NULL, "mark the names of directories with /" },
	{ 'q', "hide-control-chars", NULL, "? for unprintable characters in names" },
	{ 'r', "reverse", NULL, "the other way round" },
	{ 'R', "recursive", NULL, "also what is in directories, all the way down" },
	{ 's', "size", NULL, "the space that files take" },
	{ 'S', NULL, NULL, "sorted by size" },
	{ OPTION_SORT, "sort", "name|none|size|time", "sorted by this" },
	{ 't', NULL, NULL, "sorted by time" },
	{ OPTION_TIME, "time", "mtime|atime|ctime|modification|access|use|status",
	    "this time instead of the modification's" },
	{ OPTION_TIME_STYLE, "time-style", "STYLE",
	    "full-iso, long-iso, iso, locale or +FORMAT as for date(1)" },
	{ OPTION_FULL_TIME, "full-time", NULL, "like -l --time-style=full-iso" },
	{ 'u', NULL, NULL, "the time of the last access" },
	{ 'U', NULL, NULL, "not sorted" },
	{ 'w', "width", "COLUMNS", "the width of the output; 0: no limit" },
	{ 'x', NULL, NULL, "names in columns, sorted across" },
	{ 0 },
};

static unsigned
output_columns(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	if (text != NULL && atoi(text) > 0)
		return (unsigned)atoi(text);
	return COLUMNS_DEFAULT;
}

static void
options_begin(struct ls_options *options)
{
	*options = (struct ls_options){
		.format = isatty(STDOUT_FILENO) ? LS_COLUMNS : LS_ONE,
		.names = name_style_default(),
		.shows_owner = true,
		.shows_group = true,
		.columns = output_columns(),
		.time_old = "%b %e  %Y",
		.time_recent = "%b %e %H:%M",
	};
	clock_gettime(CLOCK_REALTIME, &options->now);
}

/* Options that choose the form of the output.  False: option is none of them. */
static bool
options_take_format(struct ls_options *options, int option)
{
	switch (option) {
	case '1':
		if (options->format != LS_LONG)
			options->format = LS_ONE;
		return true;
	case 'C':
		options->format = LS_COLUMNS;
		return true;
	case 'x':
		options->format = LS_ACROSS;
		return true;
	case 'g':
		options->shows_owner = false;
		break;
	case 'o':
		options->shows_group = false;
		break;
	case OPTION_FULL_TIME:
		options->time_old = options->time_recent = "%Y-%m-%d %H:%M:%S.%N %z";
		break;
	case 'l':
	case 'n':
		break;
	default:
		return false;
	}
	options->format = LS_LONG;
	return true;
}

/* Options that say how a name and its attributes look. */
static bool
options_take_look(struct ls_options *options, int option)
{
	switch (option) {
	case 'b':
		options->names = NAME_ESCAPE_SPACE;
		return true;
	case 'q':
		options->names = NAME_HIDE;
		return true;
	case 'N':
		options->names = NAME_RAW;
		return true;
	case 'F':
		options->mark = LS_MARK_TYPES;
		return true;
	case 'p':
		options->mark = LS_MARK_DIRECTORIES;
		return true;
	case 'h':
		options->is_human = true;
		return true;
	case 'k':
		return true; /* the unit is KiB as it is */
	case 'i':
		options->shows_inode = true;
		return true;
	case 's':
		options->shows_blocks = true;
		return true;
	default:
		return false;
	}
}

/* Options that choose what is listed. */
static bool
options_take_choice(struct ls_options *options, int option)
{
	switch (option) {
	case 'a':
		options->hidden = LISTING_ALL;
		return true;
	case 'A':
		options->hidden = LISTING_NOT_DOTS;
		return true;
	case 'd':
		options->lists_itself = true;
		return true;
	case 'f':
		options->hidden = LISTING_ALL;
		options->sort = LS_UNSORTED;
		return true;
	case 'H':
		options->follows_arguments = true;
		return true;
	case 'L':
		options->follows_all = true;
		return true;
	case 'R':
		options->is_recursive = true;
		return true;
	default:
		return false;
	}
}

/* Options about order and times. */
static bool
options_take_order(struct ls_options *options, int option)
{
	switch (option) {
	case 'c':
		options->time = LS_CHANGED;
		return true;
	case 'u':
		options->time = LS_ACCESSED;
		return true;
	case 'r':
		options->is_reverse = true;
		return true;
	case OPTION_DIRECTORIES_FIRST:
		options->directories_first = true;
		return true;
	case 'S':
		options->sort = LS_BY_SIZE;
		break;
	case 't':
		options->sort = LS_BY_TIME;
		break;
	case 'U':
		options->sort = LS_UNSORTED;
		break;
	default:
		return false;
	}
	options->is_sort_chosen = true;
	return true;
}

static bool
options_take_time_style(struct ls_options *options, const char *style)
{
	static const struct {
		const char *name, *old, *recent;
	} styles[] = {
		{ "full-iso", "%Y-%m-%d %H:%M:%S.%N %z", "%Y-%m-%d %H:%M:%S.%N %z" },
		{ "long-iso", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M" },
		{ "iso", "%Y-%m-%d ", "%m-%d %H:%M" },
		{ "locale", "%b %e  %Y", "%b %e %H:%M" },
	};

	if (*style == '+') {
		options->time_old = options->time_recent = style + 1;
		return true;
	}
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		if (strcmp(styles[i].name, style) == 0) {
			options->time_old = styles[i].old;
			options->time_recent = styles[i].recent;
			return true;
		}
	}
	return false;
}

/* Options that take a value.  False: the value makes no sense. */
static bool
options_take_value(struct ls_options *options, int option, const char *value)
{
	static const enum ls_sort sorts[] = { LS_BY_NAME, LS_UNSORTED, LS_BY_SIZE, LS_BY_TIME };
	static const enum ls_time times[] = { LS_MODIFIED, LS_ACCESSED, LS_CHANGED, LS_MODIFIED,
		LS_ACCESSED, LS_ACCESSED, LS_CHANGED };
	unsigned long number;
	int choice;

	if (option == OPTION_TIME_STYLE)
		return options_take_time_style(options, value);
	if (option == 'w') {
		if (!option_number(value, UINT_MAX, &number))
			return false;
		options->columns = (unsigned)number;
		return true;
	}
	choice = option_choice(ls_option_rows, option, value);
	if (choice < 0)
		return false;
	if (option == OPTION_TIME) {
		options->time = times[choice];
		return true;
	}
	options->sort = sorts[choice];
	options->is_sort_chosen = true;
	return true;
}

static bool
option_take_one(void *context, int option, const char *value)
{
	struct ls_options *options = context;

	return options_take_format(options, option) || options_take_look(options, option) ||
	       options_take_choice(options, option) || options_take_order(options, option) ||
	       options_take_value(options, option, value);
}

int
ls_options_read(struct ls_options *options, int argc, char **argv)
{
	int first;

	options_begin(options);
	first = options_parse(&ls_command, argc, argv, option_take_one, options);
	if (!options->is_sort_chosen && options->sort == LS_BY_NAME && options->format != LS_LONG &&
	    options->time != LS_MODIFIED)
		options->sort = LS_BY_TIME;
	return first;
}
