/*
 * rump chown: change owners of files in images.
 *
 * A file that is named may be a symbolic link to the one that is meant, unless
 * -h or -R says otherwise; in a tree, links themselves are changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

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
	const char *word;
	struct owner owner; /* in the image of this operand */
	bool is_link;
	bool is_recursive;
	bool is_verbose;
};

static bool
option_take_one(void *context, int id, const char *value)
{
	struct chown_options *options = context;

	(void)value;
	options->is_link |= id == 'h';
	options->is_recursive |= id == 'R';
	options->is_verbose |= id == 'v';
	return true;
}

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

static bool
item_change(void *context, const struct change_item *item)
{
	const struct chown_options *options = context;
	int flags = S_ISLNK(item->st->st_mode) ? AT_SYMLINK_NOFOLLOW : 0;

	if (rump_sys_fchownat(item->directory, item->name, options->owner.uid, options->owner.gid,
		flags) < 0)
		change_report(item, "cannot change the owner of", errno);
	else if (options->is_verbose)
		change_say(item->location, "changed", item->shown);
	return true;
}

static void
chown_apply(void *context, const struct location *location)
{
	struct chown_options *options = context;
	struct stat st;

	if (!owner_find(location, options->word, &options->owner))
		return;
	if (location_stat(location, &st, !options->is_link) < 0)
		location_report(location, "cannot change the owner of", errno);
	else if (options->is_recursive && S_ISDIR(st.st_mode))
		change_tree(location, false, item_change, context);
	else
		item_change(context, &(struct change_item){ location, AT_FDCWD, location->path,
					 location->shown, &st });
}

static int
chown_run(int argc, char **argv)
{
	static const struct change change = {
		.command = &chown_command,
		.take = option_take_one,
		.take_word = owner_take,
		.apply = chown_apply,
	};
	struct chown_options options = { 0 };

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
