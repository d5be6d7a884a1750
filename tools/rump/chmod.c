/*
 * rump chmod: change modes of files in images.
 *
 * A file that is named may be a symbolic link to the one that is meant; links in
 * a tree that is changed with -R are left alone, since links have no modes.
 */

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
	struct change_setting setting;
	const char *mode;
};

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

static int
mode_set(void *context, const struct change_item *item)
{
	const struct chmod_options *options = context;
	mode_t mode = item->st->st_mode;

	if (S_ISLNK(mode))
		return 1;
	mode_change(options->mode, MASK, &mode);
	return rump_sys_fchmodat(item->directory, item->name, mode & 07777, 0);
}

static int
chmod_run(int argc, char **argv)
{
	static const struct change change = {
		.command = &chmod_command,
		.take = change_take_setting,
		.take_word = mode_take,
		.apply = change_set,
	};
	struct chmod_options options = {
		.setting = { .failed = "cannot change the mode of", .set = mode_set },
	};

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
