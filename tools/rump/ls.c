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
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/json_file.h"
#include "tools/rump/ls_impl.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"
#include "tools/rump/walk.h"

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

static void
directory_print_json(struct walk *walk, const struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		const struct entry *entry = listing->order[i];

		json_file(walk->location, walk_path_of(walk, entry->name), entry);
	}
}

/* One directory: has_header if it is not the only thing listed. */
static void
directory_print(struct walk *walk, const struct ls_options *options, bool has_header,
    bool *is_first)
{
	struct listing *listing = walk_listing(walk);

	if (options->format == LS_LONG || settings.is_json)
		targets_read(walk, listing, options);
	if (settings.is_json) {
		directory_print_json(walk, listing);
		return;
	}
	if (!*is_first)
		putchar('\n');
	*is_first = false;
	if (has_header) {
		name_print(stdout, walk_path_of(walk, ""), options->names);
		fputs(":\n", stdout);
	}
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
			  options->mark == LS_MARK_TYPES || options->follows_all ||
			  settings.has_color || settings.is_json;
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
	if (entry->type != DT_LNK || (options->format != LS_LONG && !settings.is_json))
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

static void
files_print_json(const struct location *locations, const struct listing *files)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct entry *entry = files->order[i];

		json_file(location_find(locations, entry->name), entry->name, entry);
	}
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
	if (settings.is_json)
		files_print_json(locations, &files);
	else
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
	int first = ls_options_read(&options, argc, argv);

	if (first == 0)
		return report_status();
	locations = image_locate(argv + first, argc - first);
	locations_list(locations, argc - first, &options);
	image_locations_free(locations, argc - first);
	return report_status();
}

const struct command ls_command = {
	.name = "ls",
	.operands = "IMAGE[:PATH]...",
	.summary = "list directories",
	.options = ls_option_rows,
	.wanted = "say which image to list",
	.has_json = true,
	.here = ".",
	.run = ls_run,
};
