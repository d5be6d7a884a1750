/*
 * rump diff: compare two trees, each in an image or on the host.
 *
 * Both are walked side by side, names in the order of bytes.  A directory that
 * turns up a second time on its side, as it may in a damaged image, is reported
 * and not entered, so every comparison ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/command.h"
#include "tools/rump/diff_impl.h"
#include "tools/rump/json.h"
#include "tools/rump/memory.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"

enum {
	OPTION_NO_LINKS = OPTION_LONG,
	OPTION_NO_MODES,
	OPTION_NO_OWNERS,
	OPTION_NO_TIMES,
	OPTION_NO_XATTRS,
};

static const struct option_row rows[] = {
	{ OPTION_NO_LINKS, "no-links", NULL, "numbers of links may differ" },
	{ OPTION_NO_MODES, "no-modes", NULL, "permissions may differ" },
	{ OPTION_NO_OWNERS, "no-owners", NULL, "owners and groups may differ" },
	{ OPTION_NO_TIMES, "no-times", NULL, "times of modification may differ" },
	{ OPTION_NO_XATTRS, "no-xattrs", NULL, "extended attributes may differ" },
	{ 'q', "brief", NULL, "only tell that files differ, not in what" },
	{ 'r', "recursive", NULL, "nothing: directories are compared all the way down anyway" },
	{ 'u', "unified", NULL, "show the lines in which texts differ" },
	{ 0 },
};

/* ---- what is found ---------------------------------------------------------------- */

/* Whether path was said to differ last; it is now. */
static bool
path_is_said(struct diff *diff, const char *path)
{
	if (diff->said != NULL && strcmp(diff->said, path) == 0)
		return true;
	free(diff->said);
	diff->said = memory_string(path);
	return false;
}

void
diff_say(struct diff *diff, const char *path, const char *what, const char *first,
    const char *second)
{
	diff->has_difference = true;
	if (diff->is_brief && path_is_said(diff, path))
		return;
	if (settings.is_json) {
		json_open_object(NULL);
		json_name("path", path);
		json_name("difference", what);
		if (first != NULL) {
			json_name("first", first);
			json_name("second", second);
		}
		json_close_object();
		json_end();
		return;
	}
	name_print(stdout, path, diff->names);
	if (diff->is_brief) {
		puts(" differs");
		return;
	}
	fputs(": ", stdout);
	name_print(stdout, what, diff->names);
	if (first == NULL) {
		puts(" differs");
		return;
	}
	putchar(' ');
	name_print(stdout, first, diff->names);
	fputs(", ", stdout);
	name_print(stdout, second, diff->names);
	putchar('\n');
}

static void
say_only(struct diff *diff, int side, const char *path)
{
	diff->has_difference = true;
	if (settings.is_json) {
		json_open_object(NULL);
		json_name("path", path);
		json_text("difference", side == 0 ? "only in first" : "only in second");
		json_close_object();
		json_end();
		return;
	}
	fputs("Only in ", stdout);
	name_print(stdout, diff->sides[side].name, diff->names);
	fputs(": ", stdout);
	name_print(stdout, path, diff->names);
	putchar('\n');
}

void
diff_report(struct diff *diff, int side, const char *what, const char *path, int error)
{
	diff->has_trouble = true;
	report("%s %s:%s: %s", what, diff->sides[side].name, path,
	    diff->sides[side].files->reason(error));
}

/* ---- the walk ----------------------------------------------------------------------- */

static struct diff_level *
level_top(const struct diff *diff)
{
	return &diff->levels[diff->depth - 1];
}

/* Make diff->path the first length bytes of it, a slash and name.  Returns its length. */
static size_t
path_set(struct diff *diff, size_t length, const char *name)
{
	size_t size = length + 1 + strlen(name) + 1;

	if (size > diff->path_capacity) {
		diff->path_capacity = 2 * size;
		diff->path = memory_resize(diff->path, diff->path_capacity, 1);
	}
	diff->path[length] = '/';
	memcpy(diff->path + length + 1, name, strlen(name) + 1);
	return size - 1;
}

static int
by_bytes(const struct entry *left, const struct entry *right, const void *context)
{
	(void)context;
	return strcmp(left->name, right->name);
}

/* A level for the directories that both trails have just come to. */
static void
level_push(struct diff *diff, size_t path_length)
{
	struct diff_level *level;

	if (diff->depth == diff->level_count) {
		diff->levels = memory_grow(diff->levels, diff->level_count, &diff->level_capacity,
		    sizeof(*diff->levels));
		diff->levels[diff->level_count++] = (struct diff_level){ 0 };
	}
	level = &diff->levels[diff->depth++];
	level->path_length = path_length;
	for (int i = 0; i < 2; i++) {
		const struct side *side = &diff->sides[i];
		int error;

		level->next[i] = 0;
		listing_clear(&level->listings[i]);
		error = listing_read(&level->listings[i], side->files, trail_here(&side->trail),
		    LISTING_NOT_DOTS);
		if (error != 0)
			diff_report(diff, i, "cannot read the directory", diff->path, error);
		listing_sort(&level->listings[i], by_bytes, NULL);
	}
}

static void
level_leave(struct diff *diff)
{
	diff->depth--;
	if (diff->depth == 0)
		return;
	for (int i = 0; i < 2; i++) {
		if (trail_up(&diff->sides[i].trail) == 0)
			continue;
		diff_report(diff, i, "cannot get back up from", diff->path, errno);
		diff->depth = 0;
		return;
	}
}

/* Fill pair->st.  False, after a report: that cannot be done. */
static bool
pair_stat(struct diff *diff, struct diff_pair *pair, int flags)
{
	for (int i = 0; i < 2; i++) {
		if (diff->sides[i].files->stat(pair->directories[i], pair->names[i], &pair->st[i],
			flags) == 0)
			continue;
		diff_report(diff, i, "cannot access", pair->path, errno);
		return false;
	}
	return true;
}

/* Go down into the directory name on both sides, or on none. */
static void
directories_enter(struct diff *diff, const char *name, size_t path_length)
{
	if (side_enter(&diff->sides[0], name) < 0) {
		diff_report(diff, 0, "cannot enter the directory", diff->path, errno);
	} else if (side_enter(&diff->sides[1], name) < 0) {
		diff_report(diff, 1, "cannot enter the directory", diff->path, errno);
		if (trail_up(&diff->sides[0].trail) < 0)
			diff->depth = 0;
	} else {
		level_push(diff, path_length);
	}
}

/* A name that both directories have. */
static void
both_visit(struct diff *diff, const char *name)
{
	struct diff_pair pair = { .names = { name, name } };
	size_t length = path_set(diff, level_top(diff)->path_length, name);

	pair.path = diff->path;
	for (int i = 0; i < 2; i++)
		pair.directories[i] = trail_here(&diff->sides[i].trail);
	if (!pair_stat(diff, &pair, AT_SYMLINK_NOFOLLOW))
		return;
	diff_files(diff, &pair);
	if (S_ISDIR(pair.st[0].st_mode) && S_ISDIR(pair.st[1].st_mode))
		directories_enter(diff, name, length);
}

/* The next name of the present directories, or their end. */
static void
level_step(struct diff *diff)
{
	struct diff_level *level = level_top(diff);
	const char *names[2];
	int order;

	for (int i = 0; i < 2; i++) {
		const struct listing *listing = &level->listings[i];

		names[i] =
		    level->next[i] < listing->count ? listing->order[level->next[i]]->name : NULL;
	}
	if (names[0] == NULL && names[1] == NULL) {
		level_leave(diff);
		return;
	}
	if (names[0] == NULL || names[1] == NULL)
		order = names[0] == NULL ? 1 : -1;
	else
		order = strcmp(names[0], names[1]);
	level->next[0] += order <= 0;
	level->next[1] += order >= 0;
	if (order == 0) {
		both_visit(diff, names[0]);
		return;
	}
	path_set(diff, level->path_length, names[order > 0]);
	say_only(diff, order > 0, diff->path);
}

/* Compare where the sides begin, and if these are directories, what is in them. */
static void
sides_compare(struct diff *diff)
{
	const struct side *sides = diff->sides;
	const int fds[2] = { sides[0].top, sides[1].top };
	bool is_directory = S_ISDIR(sides[0].st.st_mode);
	struct diff_pair pair = {
		.path = is_directory ? "/" : sides[0].location->path,
		.st = { sides[0].st, sides[1].st },
		.fds = fds,
	};

	diff_files(diff, &pair);
	if (!is_directory || !S_ISDIR(sides[1].st.st_mode))
		return;
	path_set(diff, 0, "");
	for (int i = 0; i < 2; i++) {
		if (side_enter_top(&diff->sides[i]) < 0) {
			diff_report(diff, i, "cannot enter the directory", "/", errno);
			return;
		}
	}
	level_push(diff, 0);
	while (diff->depth > 0)
		level_step(diff);
}

static void
diff_free(struct diff *diff)
{
	for (size_t i = 0; i < diff->level_count; i++) {
		listing_free(&diff->levels[i].listings[0]);
		listing_free(&diff->levels[i].listings[1]);
	}
	free(diff->levels);
	free(diff->path);
	free(diff->said);
}

/* ---- the command ------------------------------------------------------------------------ */

static bool
option_take_one(void *context, int id, const char *value)
{
	struct diff *diff = context;

	(void)value;
	switch (id) {
	case OPTION_NO_LINKS:
		diff->ignores_links = true;
		return true;
	case OPTION_NO_MODES:
		diff->ignores_modes = true;
		return true;
	case OPTION_NO_OWNERS:
		diff->ignores_owners = true;
		return true;
	case OPTION_NO_TIMES:
		diff->ignores_times = true;
		return true;
	case OPTION_NO_XATTRS:
		diff->ignores_xattrs = true;
		return true;
	case 'q':
		diff->is_brief = true;
		return true;
	case 'r':
		return true;
	default:
		diff->shows_text = true;
		return true;
	}
}

static int
diff_status(const struct diff *diff)
{
	if (diff->has_trouble || report_status() != STATUS_FINE)
		return STATUS_UNABLE;
	return diff->has_difference ? STATUS_PARTLY : STATUS_FINE;
}

static int
diff_run(int argc, char **argv)
{
	struct diff diff = { .names = name_style_default() };
	int first = options_parse(&diff_command, argc, argv, option_take_one, &diff);
	bool is_good = true;
	int status;

	if (first == 0)
		return report_status();
	if (first + 2 != argc)
		return report_usage("say two places to compare");
	for (int i = 0; i < 2; i++)
		is_good = side_begin(&diff.sides[i], argv[first + i]) && is_good;
	if (is_good)
		sides_compare(&diff);
	status = is_good ? diff_status(&diff) : STATUS_UNABLE;
	for (int i = 0; i < 2; i++)
		side_end(&diff.sides[i]);
	diff_free(&diff);
	return status;
}

const struct command diff_command = {
	.name = "diff",
	.operands = "PLACE1 PLACE2",
	.summary = "compare images, or an image with a directory",
	.details = "A PLACE is IMAGE[:PATH], or a directory of the host.\n"
		   "Exit status: 0 no difference, 1 a difference, 2 something failed.\n",
	.options = rows,
	.wanted = "say two places to compare",
	.has_json = true,
	.run = diff_run,
};
