/*
 * rump find: search trees, as find(1) does.
 *
 * Symbolic links are not followed but those named, with -H.  Attributes are
 * read only if the expression asks for them; types are in directories.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/command.h"
#include "tools/rump/find_impl.h"
#include "tools/rump/image.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

static const struct option_row rows[] = {
	{ 'H', NULL, NULL, "follow symbolic links that are named" },
	{ 'P', NULL, NULL, "follow no symbolic links; this is so anyway" },
	{ 0 },
};

static const char details[] =
    "Numbers: +N is more than N, -N less.  !, -a, -o and ( ) combine, as with find(1).\n"
    "-exec runs the host's CMD on copies in a temporary directory, which is removed\n"
    "after it; RUMP_PATH in its environment says where the file is from.\n";

/* Whether the file, at this depth, is to be looked at, and gone into. */
static bool
depth_is_wanted(const struct find *find, size_t depth)
{
	return depth >= find->program.min_depth && depth <= find->program.max_depth;
}

static bool
is_entered(const struct find *find, const struct find_file *file, size_t depth)
{
	return file->entry->type == DT_DIR && !file->is_pruned && !find->is_over &&
	       depth < find->program.max_depth;
}

/* The last part of the path; "/" for the top directory. */
static const char *
last_part(char *path)
{
	size_t length = strlen(path);
	char *slash;

	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	slash = strrchr(path, '/');
	return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

/* The place that was named.  True if it is a directory to go into. */
static bool
top_visit(struct find *find, const struct location *location)
{
	char *path = memory_string(location->path);
	struct entry entry = { .has_stat = true };
	struct find_file file = {
		.location = location,
		.shown = location->shown,
		.name = last_part(path),
		.directory = AT_FDCWD,
		.name_there = location->path,
		.entry = &entry,
	};
	bool result = false;

	if (location_stat(location, &entry.st, find->follows_named) < 0) {
		location_report(location, "cannot access", errno);
	} else {
		entry.name = file.name;
		entry.ino = entry.st.st_ino;
		entry.type = listing_type(entry.st.st_mode);
		if (depth_is_wanted(find, 0))
			find_evaluate(find, &file);
		result = is_entered(find, &file, 0);
	}
	free(path);
	return result;
}

static void
entry_visit(struct find *find, struct walk *walk, struct entry *entry)
{
	struct find_file file = {
		.location = walk->location,
		.shown = walk_path_of(walk, entry->name),
		.name = entry->name,
		.directory = walk_directory(walk),
		.name_there = entry->name,
		.entry = entry,
	};

	if (depth_is_wanted(find, walk->depth))
		find_evaluate(find, &file);
	if (is_entered(find, &file, walk->depth))
		walk_enter(walk, entry->name);
}

static void
location_search(struct find *find, const struct location *location)
{
	struct walk_plan plan = {
		.hidden = LISTING_NOT_DOTS,
		.wants_stat = find->program.needs_stat || settings.is_json,
		.compare = listing_by_name,
	};
	struct entry *entry;
	struct walk walk;

	if (!top_visit(find, location))
		return;
	walk_begin(&walk, location, &plan);
	while (walk.depth > 0 && !find->is_over) {
		entry = walk_next(&walk);
		if (entry == NULL)
			walk_leave(&walk);
		else
			entry_visit(find, &walk, entry);
	}
	walk_end(&walk);
}

static bool
option_take_one(void *context, int id, const char *value)
{
	struct find *find = context;

	(void)value;
	find->follows_named = id == 'H';
	return true;
}

/* How many of words name places: up to the first that begins an expression. */
static int
operands_count(char *const *words, int count)
{
	int operands = 0;

	while (operands < count && words[operands][0] != '-' && strcmp(words[operands], "(") != 0 &&
	       strcmp(words[operands], "!") != 0)
		operands++;
	return operands;
}

static int
find_run(int argc, char **argv)
{
	struct find find = { .names = name_style_default() };
	struct location *locations;
	int first = options_parse(&find_command, argc, argv, option_take_one, &find);
	int count = operands_count(argv + first, argc - first);

	if (first == 0)
		return report_status();
	if (count == 0)
		return report_usage("say which image to search, before the expression");
	clock_gettime(CLOCK_REALTIME, &find.now);
	locations = image_locate(argv + first, count); /* before -newer names more images */
	if (find_parse(&find.program, argv + first + count)) {
		for (int i = 0; i < count && !find.is_over; i++) {
			if (locations[i].image != NULL)
				location_search(&find, &locations[i]);
		}
		find_exec_end(&find);
	}
	image_locations_free(locations, count);
	find_program_free(&find.program);
	return find.a_command_failed ? STATUS_PARTLY : report_status();
}

const struct command find_command = {
	.name = "find",
	.operands = "IMAGE[:PATH]... [EXPRESSION]",
	.summary = "search for files by name, type, size, time and more",
	.details = details,
	.options = rows,
	.primaries = find_primaries,
	.wanted = "say which image to search",
	.has_json = true,
	.is_in_order = true,
	.here = ".",
	.run = find_run,
};
