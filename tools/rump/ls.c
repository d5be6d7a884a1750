/*
 * rump ls: list directories, as ls(1) does.
 *
 * Arguments that are not directories are listed first, together; then each
 * directory by itself.  Owners are numbers: the users of an image are not those
 * of the host.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/ls_impl.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"
#include "tools/rump/walk.h"

enum {
	OPTION_DIRECTORIES_FIRST = OPTION_LONG,
	OPTION_FULL_TIME,
	OPTION_SORT,
	OPTION_TIME,
	OPTION_TIME_STYLE,
	COLUMNS_DEFAULT = 80,
};

static const char letters[] = ":1aAbcCdfFghHiklLnNopqrRsStuUw:x";

static const struct option long_options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "almost-all", no_argument, NULL, 'A' },
	{ "classify", no_argument, NULL, 'F' },
	{ "dereference", no_argument, NULL, 'L' },
	{ "dereference-command-line", no_argument, NULL, 'H' },
	{ "directory", no_argument, NULL, 'd' },
	{ "escape", no_argument, NULL, 'b' },
	{ "full-time", no_argument, NULL, OPTION_FULL_TIME },
	{ "group-directories-first", no_argument, NULL, OPTION_DIRECTORIES_FIRST },
	{ "hide-control-chars", no_argument, NULL, 'q' },
	{ "human-readable", no_argument, NULL, 'h' },
	{ "inode", no_argument, NULL, 'i' },
	{ "kibibytes", no_argument, NULL, 'k' },
	{ "literal", no_argument, NULL, 'N' },
	{ "numeric-uid-gid", no_argument, NULL, 'n' },
	{ "recursive", no_argument, NULL, 'R' },
	{ "reverse", no_argument, NULL, 'r' },
	{ "size", no_argument, NULL, 's' },
	{ "sort", required_argument, NULL, OPTION_SORT },
	{ "time", required_argument, NULL, OPTION_TIME },
	{ "time-style", required_argument, NULL, OPTION_TIME_STYLE },
	{ "width", required_argument, NULL, 'w' },
	HELP_OPTION,
	{ NULL, 0, NULL, 0 },
};

static const char details[] =
    "  -a          also names that begin with a dot\n"
    "  -A          the same, without . and ..\n"
    "  -b -q -N    names on a terminal: escaped as in C (-b), with ? for what is\n"
    "              not printable (-q), as they are (-N)\n"
    "  -c -u       the time of the last change of attributes (-c), of the last\n"
    "              access (-u), instead of that of the last modification\n"
    "  -C -x -1    in columns, across, one name a line\n"
    "  -d          directories themselves, not what is in them\n"
    "  -f          like -aU\n"
    "  -F -p       mark names with their type: / directory, @ link, | fifo,\n"
    "              = socket, * executable; only directories (-p)\n"
    "  -h          sizes like 1.5K or 24M\n"
    "  -H -L       follow symbolic links: those named (-H), all (-L)\n"
    "  -i -s       inode numbers (-i), space taken in KiB (-s)\n"
    "  -l -n       long lines; without owner (-g), without group (-o)\n"
    "  -r          the other way round\n"
    "  -R          also what is in directories, all the way down\n"
    "  -S -t -U    sorted by size, by time, not at all\n"
    "  -w COLUMNS  the width of the output; 0 means no limit\n"
    "  --full-time, --group-directories-first, --sort=WORD, --time=WORD,\n"
    "  --time-style=STYLE as with ls(1)\n";

/* ---- options ---------------------------------------------------------------------- */

/* A word that an option takes, and the option that means the same. */
struct word {
	const char *word;
	int value;
};

/* The value of argument, or -1 if words, which end with NULL, do not have it. */
static int
word_find(const struct word *words, const char *argument)
{
	for (; words->word != NULL; words++) {
		if (strcmp(words->word, argument) == 0)
			return words->value;
	}
	return -1;
}

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
options_take_order(struct ls_options *options, int option, bool *is_sorted)
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
	*is_sorted = true;
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
options_take_value(struct ls_options *options, int option, const char *value, bool *is_sorted)
{
	static const struct word sorts[] = {
		{ "name", LS_BY_NAME },
		{ "none", LS_UNSORTED },
		{ "size", LS_BY_SIZE },
		{ "time", LS_BY_TIME },
		{ NULL, 0 },
	};
	static const struct word times[] = {
		{ "atime", LS_ACCESSED },
		{ "access", LS_ACCESSED },
		{ "use", LS_ACCESSED },
		{ "ctime", LS_CHANGED },
		{ "status", LS_CHANGED },
		{ "mtime", LS_MODIFIED },
		{ "modification", LS_MODIFIED },
		{ NULL, 0 },
	};
	char *end;
	unsigned long number;
	int word;

	if (option == OPTION_TIME_STYLE)
		return options_take_time_style(options, value);
	if (option == 'w') {
		number = strtoul(value, &end, 10);
		options->columns = (unsigned)number;
		return *value >= '0' && *value <= '9' && *end == '\0' && number <= UINT_MAX;
	}
	word = word_find(option == OPTION_SORT ? sorts : times, value);
	if (word < 0)
		return false;
	if (option == OPTION_TIME) {
		options->time = (enum ls_time)word;
		return true;
	}
	options->sort = (enum ls_sort)word;
	*is_sorted = true;
	return true;
}

/* Fill options.  Returns -1 to go on, or the exit status. */
static int
options_read(struct ls_options *options, int argc, char **argv)
{
	bool is_sorted = false;
	int option;

	options_begin(options);
	while ((option = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (options_take_format(options, option) || options_take_look(options, option) ||
		    options_take_choice(options, option) ||
		    options_take_order(options, option, &is_sorted))
			continue;
		if (option != 'w' && option < OPTION_LONG)
			return command_option(&ls_command, option, argv);
		if (!options_take_value(options, option, optarg, &is_sorted))
			return report_usage("\"%s\" is no value for this option", optarg);
	}
	if (optind == argc)
		return report_usage("say which image to list");
	if (!is_sorted && options->sort == LS_BY_NAME && options->format != LS_LONG &&
	    options->time != LS_MODIFIED)
		options->sort = LS_BY_TIME;
	return -1;
}

/* ---- order ---------------------------------------------------------------------------- */

static int
compare_times(struct timespec left, struct timespec right)
{
	if (left.tv_sec != right.tv_sec)
		return left.tv_sec > right.tv_sec ? -1 : 1;
	if (left.tv_nsec != right.tv_nsec)
		return left.tv_nsec > right.tv_nsec ? -1 : 1;
	return 0;
}

static int
compare_keys(const struct entry *left, const struct entry *right, const struct ls_options *options)
{
	if (options->sort == LS_BY_NAME)
		return 0;
	if (!left->has_stat || !right->has_stat)
		return (int)right->has_stat - (int)left->has_stat;
	if (options->sort == LS_BY_TIME)
		return compare_times(ls_time_of(&left->st, options),
		    ls_time_of(&right->st, options));
	if (left->st.st_size != right->st.st_size)
		return left->st.st_size > right->st.st_size ? -1 : 1;
	return 0;
}

static int
compare_entries(const struct entry *left, const struct entry *right, const void *context)
{
	const struct ls_options *options = context;
	int order;

	if (options->directories_first && (left->type == DT_DIR) != (right->type == DT_DIR))
		return left->type == DT_DIR ? -1 : 1;
	order = compare_keys(left, right, options);
	if (order == 0)
		order = listing_by_name(left, right, NULL);
	return options->is_reverse ? -order : order;
}

/* ---- listing --------------------------------------------------------------------------- */

/* Keep what a symbolic link points to, with the mark of that file. */
static char *
target_text(struct listing *listing, const char *target, ssize_t length, char mark)
{
	char *text = listing_text(listing, (size_t)length + 2);

	memcpy(text, target, (size_t)length);
	text[length] = mark;
	text[length + 1] = '\0';
	return text;
}

/* The mark for the file that the link name in directory leads to. */
static char
target_mark(int directory, const char *name, const struct ls_options *options)
{
	struct stat st;

	if (options->mark != LS_MARK_TYPES || rump_sys_fstatat(directory, name, &st, 0) < 0)
		return '\0';
	return ls_mark_of(listing_type(st.st_mode), st.st_mode, options);
}

/* Find out where the symbolic links of the walk's present directory point. */
static void
targets_read(struct walk *walk, struct listing *listing, const struct ls_options *options)
{
	int directory = walk_directory(walk);
	char target[PATH_MAX];
	ssize_t length;

	for (size_t i = 0; i < listing->count; i++) {
		struct entry *entry = listing->order[i];

		if (entry->type != DT_LNK)
			continue;
		length = rump_sys_readlinkat(directory, entry->name, target, sizeof(target));
		if (length < 0)
			walk_report(walk, "cannot read the link", entry->name, errno);
		else
			entry->target = target_text(listing, target, length,
			    target_mark(directory, entry->name, options));
	}
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* One directory: has_header if it is not the only thing listed. */
static void
directory_print(struct walk *walk, const struct ls_options *options, bool has_header,
    bool *is_first)
{
	struct listing *listing = walk_listing(walk);

	if (!*is_first)
		putchar('\n');
	*is_first = false;
	if (has_header) {
		name_print(stdout, walk_path_of(walk, ""), options->names);
		fputs(":\n", stdout);
	}
	if (options->format == LS_LONG)
		targets_read(walk, listing, options);
	if (options->format == LS_LONG || options->shows_blocks)
		ls_print_total(listing, options);
	ls_print(listing, options);
}

static void
tree_print(const struct location *location, const struct ls_options *options, bool has_header,
    bool *is_first)
{
	bool needs_stat = options->format == LS_LONG || options->shows_blocks ||
			  options->sort == LS_BY_TIME || options->sort == LS_BY_SIZE ||
			  options->mark == LS_MARK_TYPES || options->follows_all;
	struct walk_plan plan = {
		.hidden = options->hidden,
		.wants_stat = needs_stat,
		.follows = options->follows_all,
		.compare = options->sort == LS_UNSORTED ? NULL : compare_entries,
		.context = options,
	};
	struct entry *entry;
	struct walk walk;

	if (walk_begin(&walk, location, &plan))
		directory_print(&walk, options, has_header || options->is_recursive, is_first);
	while (options->is_recursive && walk.depth > 0) {
		entry = walk_next(&walk);
		if (entry == NULL)
			walk_leave(&walk);
		else if (entry->type == DT_DIR && !is_dots(entry->name) &&
			 walk_enter(&walk, entry->name))
			directory_print(&walk, options, true, is_first);
	}
	walk_end(&walk);
}

/* Add an argument to those listed by themselves. */
static void
argument_add(struct listing *files, const struct location *location, const struct stat *st,
    const struct ls_options *options)
{
	struct entry *entry = listing_add(files, location->shown);
	char target[PATH_MAX];
	ssize_t length;

	entry->st = *st;
	entry->has_stat = true;
	entry->ino = st->st_ino;
	entry->type = listing_type(st->st_mode);
	if (entry->type != DT_LNK || options->format != LS_LONG)
		return;
	length = location_readlink(location, target, sizeof(target));
	if (length < 0)
		location_report(location, "cannot read the link", errno);
	else
		entry->target = target_text(files, target, length,
		    target_mark(AT_FDCWD, location->path, options));
}

/* As ls: a link to a directory is followed unless its own attributes are asked for. */
static int
argument_stat(const struct location *location, const struct ls_options *options, struct stat *st)
{
	bool follows_directory =
	    options->format != LS_LONG && !options->lists_itself && options->mark != LS_MARK_TYPES;

	if (options->follows_all || options->follows_arguments)
		return location_stat(location, st, true);
	if (follows_directory && location_stat(location, st, true) == 0 && S_ISDIR(st->st_mode))
		return 0;
	return location_stat(location, st, false);
}

static const struct location *
location_find(const struct location *locations, const char *shown)
{
	while (locations->image == NULL || strcmp(locations->shown, shown) != 0)
		locations++;
	return locations;
}

/* List locations: first the files among them, then each directory. */
static void
locations_list(const struct location *locations, int count, const struct ls_options *options)
{
	listing_compare *compare = options->sort == LS_UNSORTED ? NULL : compare_entries;
	struct listing files = { 0 };
	struct listing directories = { 0 };
	bool is_first;
	struct stat st;

	for (int i = 0; i < count; i++) {
		if (locations[i].image == NULL)
			continue;
		if (argument_stat(&locations[i], options, &st) < 0)
			location_report(&locations[i], "cannot access", errno);
		else if (!S_ISDIR(st.st_mode) || options->lists_itself)
			argument_add(&files, &locations[i], &st, options);
		else
			argument_add(&directories, &locations[i], &st, options);
	}
	listing_sort(&files, compare, options);
	listing_sort(&directories, compare, options);
	ls_print(&files, options);
	is_first = files.count == 0;
	for (size_t i = 0; i < directories.count; i++)
		tree_print(location_find(locations, directories.order[i]->name), options, count > 1,
		    &is_first);
	listing_free(&directories);
	listing_free(&files);
}

static int
ls_run(int argc, char **argv)
{
	struct ls_options options;
	struct location *locations;
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	locations = image_locate(argv + optind, argc - optind);
	locations_list(locations, argc - optind, &options);
	image_locations_free(locations, argc - optind);
	return report_status();
}

const struct command ls_command = {
	.name = "ls",
	.synopsis = "[-1aAbcCdfFghHiklLnNopqrRsStuUx] [-w COLUMNS] IMAGE[:PATH]...",
	.summary = "list directories",
	.details = details,
	.run = ls_run,
};
