/*
 * rump tree: draw directory trees, as tree(1) does.
 *
 * What stands before a name depends on which directories above it have more
 * entries to come: one flag per level.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <langinfo.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/command.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/report.h"
#include "tools/rump/walk.h"

enum {
	OPTION_NO_REPORT = OPTION_LONG,
};

static const struct option long_options[] = {
	{ "noreport", no_argument, NULL, OPTION_NO_REPORT },
	HELP_OPTION,
	{ NULL, 0, NULL, 0 },
};

static const char details[] =
    "  -a          also names that begin with a dot\n"
    "  -d          only directories\n"
    "  -f          the whole path of each\n"
    "  -F          mark names with their type, as ls -F does\n"
    "  -L LEVELS   go down so many levels only\n"
    "  -N -q       names on a terminal: as they are (-N), with ? for what is not\n"
    "              printable (-q)\n"
    "  --noreport  without the counts at the end\n";

/* What stands before a name. */
struct strokes {
	const char *more;    /* below a directory with entries to come */
	const char *no_more; /* below one without */
	const char *entry;   /* at an entry */
	const char *last;    /* at the last entry */
};

struct tree_options {
	bool shows_hidden;
	bool only_directories;
	bool shows_paths;
	bool marks_types;
	bool has_report;
	unsigned long levels; /* ULONG_MAX: all */
	enum name_style names;
	const struct strokes *strokes;
};

struct counts {
	unsigned long directories;
	unsigned long files;
};

/* For each directory above: whether it has more entries to come.  Owned. */
struct ancestry {
	bool *has_more; /* by depth, from 1 */
	size_t capacity;
};

static const struct strokes *
strokes_choose(void)
{
	static const struct strokes ascii = { "|   ", "    ", "|-- ", "`-- " };
	static const struct strokes unicode = { "│   ", "    ", "├── ", "└── " };

	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? &unicode : &ascii;
}

static void
ancestry_set(struct ancestry *ancestry, size_t depth, bool has_more)
{
	ancestry->has_more = memory_grow(ancestry->has_more, depth, &ancestry->capacity,
	    sizeof(*ancestry->has_more));
	ancestry->has_more[depth] = has_more;
}

static void
strokes_print(const struct ancestry *ancestry, size_t depth, bool is_last,
    const struct strokes *strokes)
{
	for (size_t i = 1; i < depth; i++)
		fputs(ancestry->has_more[i] ? strokes->more : strokes->no_more, stdout);
	fputs(is_last ? strokes->last : strokes->entry, stdout);
}

static char
mark_of(const struct entry *entry)
{
	switch (entry->type) {
	case DT_DIR:
		return '/';
	case DT_FIFO:
		return '|';
	case DT_SOCK:
		return '=';
	case DT_REG:
		return (entry->st.st_mode & 0111) != 0 ? '*' : '\0';
	default:
		return '\0';
	}
}

static void
target_print(struct walk *walk, const struct entry *entry, const struct tree_options *options)
{
	char target[PATH_MAX + 1];
	ssize_t length = rump_sys_readlinkat(walk_directory(walk), entry->name, target, PATH_MAX);

	if (length < 0) {
		walk_report(walk, "cannot read the link", entry->name, errno);
		return;
	}
	target[length] = '\0';
	fputs(" -> ", stdout);
	name_print(stdout, target, options->names);
}

static void
entry_print(struct walk *walk, const struct entry *entry, const struct tree_options *options)
{
	const char *name = options->shows_paths ? walk_path_of(walk, entry->name) : entry->name;

	name_print(stdout, name, options->names);
	if (entry->type == DT_LNK)
		target_print(walk, entry, options);
	else if (options->marks_types && mark_of(entry) != '\0')
		putchar(mark_of(entry));
	putchar('\n');
}

/* Leave out what is not a directory. */
static void
directories_keep(struct listing *listing)
{
	size_t kept = 0;

	for (size_t i = 0; i < listing->count; i++) {
		if (listing->order[i]->type == DT_DIR)
			listing->order[kept++] = listing->order[i];
	}
	listing->count = kept;
}

static void
entry_visit(struct walk *walk, const struct entry *entry, const struct tree_options *options,
    struct ancestry *ancestry, struct counts *counts)
{
	bool is_last = walk_is_last(walk);

	strokes_print(ancestry, walk->depth, is_last, options->strokes);
	entry_print(walk, entry, options);
	if (entry->type != DT_DIR) {
		counts->files++;
		return;
	}
	counts->directories++;
	ancestry_set(ancestry, walk->depth, !is_last);
	if (walk->depth >= options->levels || !walk_enter(walk, entry->name))
		return;
	if (options->only_directories)
		directories_keep(walk_listing(walk));
}

static void
tree_draw(const struct location *location, const struct tree_options *options,
    struct counts *counts)
{
	struct walk_plan plan = {
		.hidden = options->shows_hidden ? LISTING_NOT_DOTS : LISTING_PLAIN,
		.wants_stat = options->marks_types,
		.compare = listing_by_name,
	};
	struct ancestry ancestry = { 0 };
	struct entry *entry;
	struct walk walk;

	if (walk_begin(&walk, location, &plan)) {
		name_print(stdout, location->shown, options->names);
		putchar('\n');
		counts->directories++;
		if (options->only_directories)
			directories_keep(walk_listing(&walk));
	}
	while (walk.depth > 0) {
		entry = walk_next(&walk);
		if (entry != NULL)
			entry_visit(&walk, entry, options, &ancestry, counts);
		else
			walk_leave(&walk);
	}
	walk_end(&walk);
	free(ancestry.has_more);
}

static void
counts_print(const struct counts *counts, const struct tree_options *options)
{
	printf("\n%lu director%s", counts->directories, counts->directories == 1 ? "y" : "ies");
	if (!options->only_directories)
		printf(", %lu file%s", counts->files, counts->files == 1 ? "" : "s");
	putchar('\n');
}

/* False: value is no number of levels. */
static bool
levels_read(struct tree_options *options, const char *value)
{
	char *end;

	errno = 0;
	options->levels = strtoul(value, &end, 10);
	return *value >= '0' && *value <= '9' && *end == '\0' && errno == 0 && options->levels > 0;
}

static int
options_read(struct tree_options *options, int argc, char **argv)
{
	int option;

	*options = (struct tree_options){
		.has_report = true,
		.levels = ULONG_MAX,
		.names = name_style_default(),
		.strokes = strokes_choose(),
	};
	while ((option = getopt_long(argc, argv, ":adfFL:Nq", long_options, NULL)) != -1) {
		switch (option) {
		case 'a':
			options->shows_hidden = true;
			break;
		case 'd':
			options->only_directories = true;
			break;
		case 'f':
			options->shows_paths = true;
			break;
		case 'F':
			options->marks_types = true;
			break;
		case 'L':
			if (!levels_read(options, optarg))
				return report_usage("-L needs a number from 1, not \"%s\"", optarg);
			break;
		case 'N':
			options->names = NAME_RAW;
			break;
		case 'q':
			options->names = NAME_HIDE;
			break;
		case OPTION_NO_REPORT:
			options->has_report = false;
			break;
		default:
			return command_option(&tree_command, option, argv);
		}
	}
	if (optind == argc)
		return report_usage("say which image to draw");
	return -1;
}

static int
tree_run(int argc, char **argv)
{
	struct tree_options options;
	struct location *locations;
	struct counts counts = { 0 };
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	locations = image_locate(argv + optind, argc - optind);
	for (int i = 0; i < argc - optind; i++) {
		if (locations[i].image != NULL)
			tree_draw(&locations[i], &options, &counts);
	}
	if (options.has_report)
		counts_print(&counts, &options);
	image_locations_free(locations, argc - optind);
	return report_status();
}

const struct command tree_command = {
	.name = "tree",
	.synopsis = "[-adfFNq] [-L LEVELS] [--noreport] IMAGE[:PATH]...",
	.summary = "draw directory trees",
	.details = details,
	.run = tree_run,
};
