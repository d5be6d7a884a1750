/*
 * rump mv, rump ln: give files of an image other names, or further ones.
 *
 * Both take one or several files and a destination, which is a directory to put
 * the names into, or else the new name of a single file.  Names do not lead from
 * one image to another.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/change.h"
#include "tools/rump/interrupt.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

static const struct option_row rows[] = {
	{ 'f', "force", NULL, "nothing: files that exist are replaced anyway" },
	{ 'n', "no-clobber", NULL, "files that exist are kept, and nothing is said" },
	{ 'T', "no-target-directory", NULL, "DEST is the new name even if it is a directory" },
	{ 'v', NULL, NULL, "tell what is renamed" },
	{ 0 },
};

static const struct option_row ln_rows[] = {
	{ 'f', "force", NULL, "files that exist are replaced" },
	{ 's', "symbolic", NULL, "symbolic links; TARGET is any text" },
	{ 'T', "no-target-directory", NULL, "DEST is the new name even if it is a directory" },
	{ 'v', NULL, NULL, "tell which links are made" },
	{ 0 },
};

struct naming {
	const struct command *command;

	/* Give source, or what the text says, the name path.  0, or -1 with errno. */
	int (*apply)(const struct naming *naming, const char *source, const char *path);

	const char *cannot; /* "cannot rename", ... */
	const char *done;
	bool is_symbolic; /* sources are texts */
	bool is_exact;	  /* -T */
	bool is_forced;
	bool keeps; /* -n */
	bool is_verbose;
};

static bool
option_take_one(void *context, int id, const char *value)
{
	struct naming *naming = context;

	(void)value;
	switch (id) {
	case 'f':
		naming->is_forced = true;
		return true;
	case 'n':
		naming->keeps = true;
		return true;
	case 's':
		naming->is_symbolic = true;
		return true;
	case 'T':
		naming->is_exact = true;
		return true;
	default:
		naming->is_verbose = true;
		return true;
	}
}

/* ---- what is done ---------------------------------------------------------------------- */

static int
file_rename(const struct naming *naming, const char *source, const char *path)
{
	unsigned flags = naming->keeps ? RENAME_NOREPLACE : 0;
	int result = rump_sys_renameat2(AT_FDCWD, source, AT_FDCWD, path, flags);

	return result < 0 && errno == EEXIST && naming->keeps ? 0 : result;
}

static bool
is_same_file(const char *source, const char *path)
{
	struct stat old, new;

	return rump_sys_fstatat(AT_FDCWD, source, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
	       rump_sys_fstatat(AT_FDCWD, path, &new, AT_SYMLINK_NOFOLLOW) == 0 &&
	       old.st_ino == new.st_ino &&old.st_dev == new.st_dev;
}

static int
link_once(const struct naming *naming, const char *source, const char *path)
{
	if (naming->is_symbolic)
		return rump_sys_symlink(source, path);
	return rump_sys_linkat(AT_FDCWD, source, AT_FDCWD, path, 0);
}

static int
file_link(const struct naming *naming, const char *source, const char *path)
{
	int result = link_once(naming, source, path);

	if (result == 0 || errno != EEXIST || !naming->is_forced)
		return result;
	if (!naming->is_symbolic && is_same_file(source, path))
		return 0;
	if (rump_sys_unlink(path) < 0)
		return -1;
	return link_once(naming, source, path);
}

/* ---- names ----------------------------------------------------------------------------- */

/* The path that source gets in the directory to; owned by the caller. */
static char *
path_inside(const char *to, const char *source)
{
	size_t end = strlen(source);
	size_t start;

	while (end > 0 && source[end - 1] == '/')
		end--;
	for (start = end; start > 0 && source[start - 1] != '/'; start--)
		;
	return memory_format("%s/%.*s", to, (int)(end - start), source + start);
}

static void
source_name(const struct naming *naming, const char *source, const struct location *to,
    bool is_directory)
{
	char *path = is_directory ? path_inside(to->path, source) : memory_string(to->path);
	int result = naming->apply(naming, source, path);

	if (result < 0 && errno == EEXIST)
		report("%s %s as %s%s: it exists already%s", naming->cannot, source, to->prefix,
		    path, naming->command == &ln_command ? "; replace it with -f" : "");
	else if (result < 0 && errno == EINVAL)
		report("%s %s as %s%s: a directory cannot be inside itself", naming->cannot, source,
		    to->prefix, path);
	else if (result < 0)
		report("%s %s as %s%s: %s", naming->cannot, source, to->prefix, path,
		    report_reason(errno));
	else if (naming->is_verbose)
		change_say(to, naming->done, path);
	free(path);
}

/* The sources, which are places in images. */
static void
places_name(const struct naming *naming, char **arguments, int count, const struct location *to,
    bool is_directory)
{
	struct location *sources = image_locate_writable(arguments, count);

	for (int i = 0; i < count && !interrupt_arrived(); i++) {
		if (sources[i].image == NULL)
			continue;
		location_use(to);
		if (sources[i].image == to->image)
			source_name(naming, sources[i].path, to, is_directory);
		else
			report("%s is in another image than %s; copy it with rump cp -a",
			    arguments[i], to->shown);
	}
	image_locations_free(sources, count);
}

static void
texts_name(const struct naming *naming, char **texts, int count, const struct location *to,
    bool is_directory)
{
	location_use(to);
	for (int i = 0; i < count && !interrupt_arrived(); i++)
		source_name(naming, texts[i], to, is_directory);
}

static int
naming_run(struct naming *naming, int argc, char **argv)
{
	int first = options_parse(naming->command, argc, argv, option_take_one, naming);
	int count = argc - 1 - first;
	struct location *to;
	struct stat st;
	bool is_directory;

	if (first == 0)
		return report_status();
	if (count == 0)
		return report_usage("say the new name after %s", argv[first]);
	to = image_locate_writable(argv + argc - 1, 1);
	if (to->image != NULL) {
		is_directory =
		    !naming->is_exact && location_stat(to, &st, true) == 0 && S_ISDIR(st.st_mode);
		if (count > 1 && !is_directory)
			report_usage("%s is no directory, so it can be the name of one file only",
			    argv[argc - 1]);
		else if (naming->is_symbolic)
			texts_name(naming, argv + first, count, to, is_directory);
		else
			places_name(naming, argv + first, count, to, is_directory);
	}
	image_locations_free(to, 1);
	return report_status();
}

/* ---- the commands ---------------------------------------------------------------------- */

static int
mv_run(int argc, char **argv)
{
	struct naming naming = {
		.command = &mv_command,
		.apply = file_rename,
		.cannot = "cannot rename",
		.done = "made",
	};

	return naming_run(&naming, argc, argv);
}

static int
ln_run(int argc, char **argv)
{
	struct naming naming = {
		.command = &ln_command,
		.apply = file_link,
		.cannot = "cannot link",
		.done = "made",
	};

	return naming_run(&naming, argc, argv);
}

const struct command mv_command = {
	.name = "mv",
	.operands = "IMAGE:PATH... IMAGE:DEST",
	.summary = "rename files, or move them to other directories",
	.options = rows,
	.wanted = "say what to rename, and how",
	.run = mv_run,
};

const struct command ln_command = {
	.name = "ln",
	.operands = "IMAGE:PATH...|-s TARGET... IMAGE:DEST",
	.summary = "make links",
	.options = ln_rows,
	.wanted = "say what to link to, and as what",
	.run = ln_run,
};
