/*
 * rump tree: draw directory trees, as tree(1) does.
 *
 * What stands before a name depends on which directories above it have more
 * entries to come: one flag per level.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/color.h"
#include "tools/rump/command.h"
#include "tools/rump/json.h"
#include "tools/rump/json_file.h"
#include "tools/rump/memory.h"
#include "tools/rump/mode.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"
#include "tools/rump/walk.h"

enum {
	OPTION_NO_REPORT = OPTION_LONG,
};

static const struct option_row rows[] = {
	{ 'a', "all", NULL, "also names that begin with a dot" },
	{ 'd', NULL, NULL, "only directories" },
	{ 'f', NULL, NULL, "the whole path of each" },
	{ 'F', "classify", NULL, "mark names with their type, as ls -F does" },
	{ 'L', NULL, "LEVELS", "go down so many levels only, at least 1" },
	{ 'N', "literal", NULL, "names as they are" },
	{ 'q', "hide-control-chars", NULL, "? for unprintable characters in names" },
	{ OPTION_NO_REPORT, "noreport", NULL, "without the counts at the end" },
	{ 0 },
};

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

	color_name_print(entry, name, options->names);
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
		.wants_stat = options->marks_types || settings.has_color,
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

/* ---- JSON ------------------------------------------------------------------------- */

/* Members of the entry, or of the tree's top if that is NULL; its object stays open. */
static void
entry_open_json(struct walk *walk, const struct entry *entry)
{
	char target[PATH_MAX + 1];
	ssize_t length = 0;

	json_open_object(NULL);
	if (entry == NULL) {
		json_place(walk->location, walk->location->shown);
		json_text("type", "directory");
		return;
	}
	json_name("name", entry->name);
	json_text("type", mode_type_word(DTTOIF(entry->type)));
	if (entry->type != DT_LNK)
		return;
	length = rump_sys_readlinkat(walk_directory(walk), entry->name, target, PATH_MAX);
	if (length < 0) {
		walk_report(walk, "cannot read the link", entry->name, errno);
		return;
	}
	target[length] = '\0';
	json_name("target", target);
}

/* Close directories until count are open: more than one where a walk is lost. */
static void
directories_close_json(size_t *open_count, size_t count)
{
	for (; *open_count > count; (*open_count)--) {
		json_close_array();
		json_close_object();
	}
}

/* The tree as one object: directories have a member "entries". */
static void
tree_print_json(const struct location *location, const struct tree_options *options)
{
	struct walk_plan plan = {
		.hidden = options->shows_hidden ? LISTING_NOT_DOTS : LISTING_PLAIN,
		.compare = listing_by_name,
	};
	size_t open_count = 0;
	struct entry *entry;
	struct walk walk;

	if (walk_begin(&walk, location, &plan)) {
		entry_open_json(&walk, NULL);
		json_open_array("entries");
		open_count++;
	}
	while (walk.depth > 0) {
		entry = walk_next(&walk);
		if (entry == NULL) {
			walk_leave(&walk);
			directories_close_json(&open_count, walk.depth);
			continue;
		}
		if (options->only_directories && entry->type != DT_DIR)
			continue;
		entry_open_json(&walk, entry);
		if (entry->type == DT_DIR && walk.depth < options->levels &&
		    walk_enter(&walk, entry->name)) {
			json_open_array("entries");
			open_count++;
		} else {
			json_close_object();
		}
	}
	walk_end(&walk);
	json_end();
}

static void
counts_print(const struct counts *counts, const struct tree_options *options)
{
	printf("\n%lu director%s", counts->directories, counts->directories == 1 ? "y" : "ies");
	if (!options->only_directories)
		printf(", %lu file%s", counts->files, counts->files == 1 ? "" : "s");
	putchar('\n');
}

static bool
option_take_one(void *context, int id, const char *value)
{
	struct tree_options *options = context;

	switch (id) {
	case 'a':
		options->shows_hidden = true;
		return true;
	case 'd':
		options->only_directories = true;
		return true;
	case 'f':
		options->shows_paths = true;
		return true;
	case 'F':
		options->marks_types = true;
		return true;
	case 'L':
		return option_number(value, ULONG_MAX, &options->levels) && options->levels > 0;
	case 'N':
		options->names = NAME_RAW;
		return true;
	case 'q':
		options->names = NAME_HIDE;
		return true;
	case OPTION_NO_REPORT:
		options->has_report = false;
		return true;
	default:
		return false;
	}
}

static int
tree_run(int argc, char **argv)
{
	struct tree_options options = {
		.has_report = true,
		.levels = ULONG_MAX,
		.names = name_style_default(),
		.strokes = strokes_choose(),
	};
	struct location *locations;
	struct counts counts = { 0 };
	int first = options_parse(&tree_command, argc, argv, option_take_one, &options);

	if (first == 0)
		return report_status();
	locations = image_locate(argv + first, argc - first);
	for (int i = 0; i < argc - first; i++) {
		if (locations[i].image != NULL && settings.is_json)
			tree_print_json(&locations[i], &options);
		else if (locations[i].image != NULL)
			tree_draw(&locations[i], &options, &counts);
	}
	if (options.has_report && !settings.is_json)
		counts_print(&counts, &options);
	image_locations_free(locations, argc - first);
	return report_status();
}

const struct command tree_command = {
	.name = "tree",
	.operands = "IMAGE[:PATH]...",
	.summary = "draw directory trees",
	.options = rows,
	.wanted = "say which image to draw",
	.has_json = true,
	.here = ".",
	.run = tree_run,
};
