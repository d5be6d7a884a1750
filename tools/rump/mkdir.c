/* rump mkdir, rump rmdir: make directories in images, and remove empty ones. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/change.h"
#include "tools/rump/memory.h"
#include "tools/rump/mode.h"
#include "tools/rump/report.h"

enum {
	DIRECTORY_MODE = 0755, /* of those made without -m, and of parents */
	NO_MASK = 0,
};

static const struct option_row rows[] = {
	{ 'm', "mode", "MODE", "with this mode, octal or as for chmod, instead of 755" },
	{ 'p', "parents", NULL, "with the directories above; nothing is wrong if it is there" },
	{ 'v', NULL, NULL, "tell what is made" },
	{ 0 },
};

static const struct option_row rmdir_rows[] = {
	{ 'v', NULL, NULL, "tell what is removed" },
	{ 0 },
};

struct mkdir_options {
	mode_t mode;
	bool has_parents;
	bool is_verbose;
};

static bool
option_take_one(void *context, int id, const char *value)
{
	struct mkdir_options *options = context;
	mode_t mode = S_IFDIR | 0777;

	switch (id) {
	case 'm':
		if (!mode_change(value, NO_MASK, &mode))
			return false;
		options->mode = mode & 07777;
		return true;
	case 'p':
		options->has_parents = true;
		return true;
	default:
		options->is_verbose = true;
		return true;
	}
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return rump_sys_stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Make the directories above the last name of path; false with errno. */
static bool
parents_make(const struct mkdir_options *options, const struct location *location, char *path)
{
	char *end = path + strlen(path);
	char *slash = path;

	while (end > path && end[-1] == '/')
		*--end = '\0';
	while ((slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (rump_sys_mkdir(path, DIRECTORY_MODE) == 0) {
			if (options->is_verbose)
				change_say(location, "made", path);
		} else if (errno != EEXIST || !is_directory(path)) {
			return false;
		}
		*slash = '/';
	}
	return true;
}

static void
mkdir_apply(void *context, const struct location *location)
{
	const struct mkdir_options *options = context;
	char *path = memory_string(location->path);
	bool has_failed = false;

	location_use(location);
	if (options->has_parents)
		has_failed = !parents_make(options, location, path);
	if (!has_failed && rump_sys_mkdir(path, options->mode) == 0) {
		/* The bits that mkdir(2) leaves out. */
		has_failed =
		    (options->mode & 07000) != 0 && rump_sys_chmod(path, options->mode) < 0;
		if (options->is_verbose && !has_failed)
			change_say(location, "made", location->shown);
	} else if (!has_failed) {
		has_failed = !options->has_parents || errno != EEXIST || !is_directory(path);
	}
	if (has_failed && errno == ENOENT)
		report("cannot make the directory %s%s: the one above is missing; make it too "
		       "with -p",
		    location->prefix, location->shown);
	else if (has_failed)
		location_report(location, "cannot make the directory", errno);
	free(path);
}

static void
rmdir_apply(void *context, const struct location *location)
{
	const struct mkdir_options *options = context;

	location_use(location);
	if (rump_sys_rmdir(location->path) < 0)
		location_report(location, "cannot remove the directory", errno);
	else if (options->is_verbose)
		change_say(location, "removed", location->shown);
}

static int
mkdir_run(int argc, char **argv)
{
	static const struct change change = {
		.command = &mkdir_command,
		.take = option_take_one,
		.apply = mkdir_apply,
	};
	struct mkdir_options options = { .mode = DIRECTORY_MODE };

	return change_run(&change, argc, argv, &options);
}

static int
rmdir_run(int argc, char **argv)
{
	static const struct change change = {
		.command = &rmdir_command,
		.take = option_take_one,
		.apply = rmdir_apply,
	};
	struct mkdir_options options = { 0 };

	return change_run(&change, argc, argv, &options);
}

const struct command mkdir_command = {
	.name = "mkdir",
	.operands = "IMAGE:PATH...",
	.summary = "make directories",
	.options = rows,
	.wanted = "say which directory to make",
	.run = mkdir_run,
};

const struct command rmdir_command = {
	.name = "rmdir",
	.operands = "IMAGE:PATH...",
	.summary = "remove empty directories",
	.options = rmdir_rows,
	.wanted = "say which directory to remove",
	.run = rmdir_run,
};
