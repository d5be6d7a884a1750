/*
 * rump chmod: change modes of files in images.
 *
 * A file that is named may be a symbolic link to the one that is meant; links in
 * a tree that is changed with -R are left alone, since links have no modes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/change.h"
#include "tools/rump/mode.h"
#include "tools/rump/report.h"

enum {
	MASK = 022, /* the usual umask; the user's would make results differ */
};

static const struct option_row rows[] = {
	{ 'R', "recursive", NULL, "directories with all that is in them" },
	{ 'v', NULL, NULL, "tell what is changed" },
	{ 0 },
};

static const char details[] =
    "MODE is octal, or like chmod(1)'s: \"u=rwX,g+s,o-w\".  Without whose permissions are\n"
    "meant, \"+w\", it is all but what a umask of 022 leaves out.\n";

struct chmod_options {
	const char *mode;
	bool is_recursive;
	bool is_verbose;
};

static bool
option_take_one(void *context, int id, const char *value)
{
	struct chmod_options *options = context;

	(void)value;
	options->is_recursive |= id == 'R';
	options->is_verbose |= id == 'v';
	return true;
}

static bool
mode_take(void *context, const char *word)
{
	struct chmod_options *options = context;
	mode_t mode = 0;

	options->mode = word;
	if (mode_change(word, MASK, &mode))
		return true;
	report_usage("\"%s\" is no mode; examples are 644 and u+x", word);
	return false;
}

static bool
item_change(void *context, const struct change_item *item)
{
	const struct chmod_options *options = context;
	mode_t mode = item->st->st_mode;

	if (S_ISLNK(mode))
		return false;
	mode_change(options->mode, MASK, &mode);
	if (rump_sys_fchmodat(item->directory, item->name, mode & 07777, 0) < 0)
		change_report(item, "cannot change the mode of", errno);
	else if (options->is_verbose)
		change_say(item->location, "changed", item->shown);
	return true;
}

static void
chmod_apply(void *context, const struct location *location)
{
	const struct chmod_options *options = context;
	struct stat st;

	if (location_stat(location, &st, true) < 0)
		location_report(location, "cannot change the mode of", errno);
	else if (options->is_recursive && S_ISDIR(st.st_mode))
		change_tree(location, false, item_change, context);
	else
		item_change(context, &(struct change_item){ location, AT_FDCWD, location->path,
					 location->shown, &st });
}

static int
chmod_run(int argc, char **argv)
{
	static const struct change change = {
		.command = &chmod_command,
		.take = option_take_one,
		.take_word = mode_take,
		.apply = chmod_apply,
	};
	struct chmod_options options = { 0 };

	return change_run(&change, argc, argv, &options);
}

const struct command chmod_command = {
	.name = "chmod",
	.operands = "MODE IMAGE:PATH...",
	.summary = "change modes of files",
	.details = details,
	.options = rows,
	.wanted = "say which mode, and of which file",
	.run = chmod_run,
};
