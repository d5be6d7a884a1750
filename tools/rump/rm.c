/*
 * rump rm: remove files from images.
 *
 * Nothing is asked, and symbolic links are removed, not followed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/change.h"
#include "tools/rump/report.h"

static const struct option_row rows[] = {
	{ 'd', "dir", NULL, "empty directories too" },
	{ 'f', "force", NULL, "nothing is wrong if there is no such file" },
	{ 'r', "recursive", NULL, "directories with all that is in them" },
	{ 'R', NULL, NULL, "the same" },
	{ 'v', NULL, NULL, "tell what is removed" },
	{ 0 },
};

struct rm_options {
	bool has_directories;
	bool is_forced;
	bool is_recursive;
	bool is_verbose;
};

static bool
option_take_one(void *context, int id, const char *value)
{
	struct rm_options *options = context;

	(void)value;
	switch (id) {
	case 'd':
		options->has_directories = true;
		return true;
	case 'f':
		options->is_forced = true;
		return true;
	case 'v':
		options->is_verbose = true;
		return true;
	default:
		options->is_recursive = true;
		return true;
	}
}

static bool
item_remove(void *context, const struct change_item *item)
{
	const struct rm_options *options = context;
	int flags = S_ISDIR(item->st->st_mode) ? AT_REMOVEDIR : 0;

	if (rump_sys_unlinkat(item->directory, item->name, flags) < 0) {
		change_report(item, "cannot remove", errno);
		return false;
	}
	if (options->is_verbose)
		change_say(item->location, "removed", item->shown);
	return true;
}

/* Whether the path ends in a name, and not in "/", "." or "..". */
static bool
has_name(const char *path)
{
	size_t end = strlen(path);
	size_t start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	path += start;
	return !(end == start || (end - start == 1 && path[0] == '.') ||
		 (end - start == 2 && path[0] == '.' && path[1] == '.'));
}

static void
rm_apply(void *context, const struct location *location)
{
	const struct rm_options *options = context;
	struct stat st;

	if (!has_name(location->path))
		report("not removing %s%s: name what is in it", location->prefix, location->shown);
	else if (location_stat(location, &st, false) < 0) {
		if (!options->is_forced || (errno != ENOENT && errno != ENOTDIR))
			location_report(location, "cannot remove", errno);
	} else if (!S_ISDIR(st.st_mode) || (options->has_directories && !options->is_recursive)) {
		item_remove(context, &(struct change_item){ location, AT_FDCWD, location->path,
					 location->shown, &st });
	} else if (!options->is_recursive) {
		report("%s%s is a directory; remove it with -r", location->prefix, location->shown);
	} else {
		change_tree(location, true, item_remove, context);
	}
}

static int
rm_run(int argc, char **argv)
{
	static const struct change change = {
		.command = &rm_command,
		.take = option_take_one,
		.apply = rm_apply,
	};
	struct rm_options options = { 0 };

	return change_run(&change, argc, argv, &options);
}

const struct command rm_command = {
	.name = "rm",
	.operands = "IMAGE:PATH...",
	.summary = "remove files",
	.options = rows,
	.wanted = "say what to remove",
	.run = rm_run,
};
