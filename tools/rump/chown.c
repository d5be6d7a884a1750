/*
 * rump chown: change owners of files in images.
 *
 * A file that is named may be a symbolic link to the one that is meant, unless
 * -h or -R says otherwise; in a tree, links themselves are changed.
 */
#include <fcntl.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/change.h"
#include "tools/rump/owner.h"
#include "tools/rump/report.h"

static const struct option_row rows[] = {
	{ 'h', "no-dereference", NULL, "symbolic links themselves, not what they point to" },
	{ 'R', "recursive", NULL, "directories with all that is in them" },
	{ 'v', NULL, NULL, "tell what is changed" },
	{ 0 },
};

static const char details[] =
    "OWNER is USER, USER:GROUP, :GROUP, or USER: for the user's own group; names are\n"
    "those of the image's /etc/passwd and /etc/group.\n";

struct chown_options {
	struct change_setting setting;
	const char *word;
	struct owner owner; /* in the image of this operand */
};

static bool
owner_take(void *context, const char *word)
{
	struct chown_options *options = context;

	options->word = word;
	if (*word != '\0')
		return true;
	report_usage("the owner is missing");
	return false;
}

static int
owner_set(void *context, const struct change_item *item)
{
	const struct chown_options *options = context;
	int flags = S_ISLNK(item->st->st_mode) ? AT_SYMLINK_NOFOLLOW : 0;

	return rump_sys_fchownat(item->directory, item->name, options->owner.uid,
	    options->owner.gid, flags);
}

static void
chown_apply(void *context, const struct location *location)
{
	struct chown_options *options = context;

	if (owner_find(location, options->word, &options->owner))
		change_set(options, location);
}

static int
chown_run(int argc, char **argv)
{
	static const struct change change = {
		.command = &chown_command,
		.take = change_take_setting,
		.take_word = owner_take,
		.apply = chown_apply,
	};
	struct chown_options options = {
		.setting = { .failed = "cannot change the owner of", .set = owner_set },
	};

	return change_run(&change, argc, argv, &options);
}

const struct command chown_command = {
	.name = "chown",
	.operands = "OWNER IMAGE:PATH...",
	.summary = "change owners of files",
	.details = details,
	.options = rows,
	.wanted = "say which owner, and of which file",
	.run = chown_run,
};
