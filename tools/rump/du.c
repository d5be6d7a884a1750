/*
 * rump du: the space that files take, as du(1) counts it.
 *
 * A directory's line follows those of what is in it.  A file with several links
 * is counted where it is met first.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/json.h"
#include "tools/rump/json_file.h"
#include "tools/rump/links.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"
#include "tools/rump/size.h"
#include "tools/rump/walk.h"

enum {
	OPTION_APPARENT = OPTION_LONG,
};

static const struct option_row rows[] = {
	{ 'a', "all", NULL, "a line for each file, not only for directories" },
	{ OPTION_APPARENT, "apparent-size", NULL, "the sizes of files, whatever space they take" },
	{ 'b', "bytes", NULL, "like --apparent-size, in bytes" },
	{ 'c', "total", NULL, "a line for all together" },
	{ 'd', "max-depth", "N", "no lines for what is more than N levels down" },
	{ 'h', "human-readable", NULL, "sizes like 1.5K or 24M" },
	{ 'k', NULL, NULL, "sizes in KiB; so anyway" },
	{ 's', "summarize", NULL, "only a line for each argument" },
	{ 0 },
};

struct du {
	bool shows_files;
	bool is_apparent;
	bool is_bytes;
	bool is_human;
	bool has_total;
	unsigned long depth;
	enum name_style names;
	struct links counted;
	uint64_t *sums; /* of the directories on the way down, by depth */
	size_t capacity;
	uint64_t total;
};

/* Whether the file was not counted before, by another of its links. */
static bool
file_is_new(struct du *du, const struct stat *st)
{
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return true;
	if (links_find(&du->counted, st->st_dev, st->st_ino) != NULL)
		return false;
	links_add(&du->counted, st->st_dev, st->st_ino, "");
	return true;
}

static uint64_t
file_bytes(const struct du *du, const struct stat *st)
{
	if (!du->is_apparent)
		return (uint64_t)st->st_blocks * 512;
	return S_ISREG(st->st_mode) || S_ISLNK(st->st_mode) ? (uint64_t)st->st_size : 0;
}

static void
bytes_print(const struct du *du, uint64_t bytes)
{
	char text[SIZE_TEXT];

	if (du->is_human)
		size_human(text, bytes);
	else
		snprintf(text, sizeof(text), "%" PRIu64,
		    du->is_bytes ? bytes : bytes / 1024 + (bytes % 1024 != 0));
	printf("%s\t", text);
}

static void
line_print(const struct du *du, const struct location *location, const char *shown, uint64_t bytes)
{
	if (settings.is_json) {
		json_open_object(NULL);
		json_place(location, shown);
		json_number(du->is_apparent ? "apparent" : "allocated", bytes);
		json_close_object();
		json_end();
		return;
	}
	bytes_print(du, bytes);
	name_print(stdout, shown, du->names);
	putchar('\n');
}

static void
sum_set(struct du *du, size_t depth, uint64_t bytes)
{
	du->sums = memory_grow(du->sums, depth, &du->capacity, sizeof(*du->sums));
	du->sums[depth] = bytes;
}

/* The present directory is complete: print its line, and add it to the one above. */
static void
directory_end(struct du *du, struct walk *walk)
{
	size_t depth = walk->depth - 1; /* of the directory, the first one being 0 */

	if (depth <= du->depth)
		line_print(du, walk->location, walk_path_of(walk, ""), du->sums[depth]);
	if (depth > 0)
		du->sums[depth - 1] += du->sums[depth];
	else
		du->total += du->sums[0];
	walk_leave(walk);
}

static void
entry_count(struct du *du, struct walk *walk, const struct entry *entry)
{
	uint64_t bytes;

	if (!entry->has_stat || !file_is_new(du, &entry->st))
		return;
	bytes = file_bytes(du, &entry->st);
	if (entry->type == DT_DIR && walk_enter(walk, entry->name)) {
		sum_set(du, walk->depth - 1, bytes);
		return;
	}
	du->sums[walk->depth - 1] += bytes;
	if (du->shows_files && walk->depth <= du->depth)
		line_print(du, walk->location, walk_path_of(walk, entry->name), bytes);
}

static void
tree_count(struct du *du, const struct location *location, uint64_t bytes)
{
	struct walk_plan plan = {
		.hidden = LISTING_NOT_DOTS,
		.wants_stat = true,
		.compare = listing_by_name,
	};
	struct entry *entry;
	struct walk walk;

	if (walk_begin(&walk, location, &plan))
		sum_set(du, 0, bytes);
	while (walk.depth > 0) {
		entry = walk_next(&walk);
		if (entry == NULL)
			directory_end(du, &walk);
		else
			entry_count(du, &walk, entry);
	}
	walk_end(&walk);
}

static void
location_count(struct du *du, const struct location *location)
{
	struct stat st;
	uint64_t bytes;

	if (location_stat(location, &st, false) < 0) {
		location_report(location, "cannot access", errno);
		return;
	}
	if (!file_is_new(du, &st))
		return;
	bytes = file_bytes(du, &st);
	if (S_ISDIR(st.st_mode)) {
		tree_count(du, location, bytes);
	} else {
		du->total += bytes;
		line_print(du, location, location->shown, bytes);
	}
}

static bool
option_take_one(void *context, int id, const char *value)
{
	struct du *du = context;

	switch (id) {
	case 'a':
		du->shows_files = true;
		return true;
	case OPTION_APPARENT:
		du->is_apparent = true;
		return true;
	case 'b':
		du->is_apparent = du->is_bytes = true;
		return true;
	case 'c':
		du->has_total = true;
		return true;
	case 'd':
		return option_number(value, ULONG_MAX, &du->depth);
	case 'h':
		du->is_human = true;
		return true;
	case 'k':
		return true;
	case 's':
		du->depth = 0;
		return true;
	default:
		return false;
	}
}

static int
du_run(int argc, char **argv)
{
	struct du du = { .depth = ULONG_MAX, .names = name_style_default() };
	struct location *locations;
	int first = options_parse(&du_command, argc, argv, option_take_one, &du);

	if (first == 0)
		return report_status();
	locations = image_locate(argv + first, argc - first);
	for (int i = 0; i < argc - first; i++) {
		if (locations[i].image != NULL)
			location_count(&du, &locations[i]);
	}
	if (du.has_total && !settings.is_json) {
		bytes_print(&du, du.total);
		puts("total");
	}
	image_locations_free(locations, argc - first);
	links_free(&du.counted);
	free(du.sums);
	return report_status();
}

const struct command du_command = {
	.name = "du",
	.operands = "IMAGE[:PATH]...",
	.summary = "count the space that files take",
	.options = rows,
	.wanted = "say which image to count in",
	.has_json = true,
	.here = ".",
	.run = du_run,
};
