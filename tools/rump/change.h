/*
 * Commands that change each of the files they are given: "rump mkdir",
 * "rump chmod MODE", and so on.
 *
 * They have in common that a failure with one operand is reported and does not
 * stop the others, and that nothing more is begun when a signal has arrived.
 */
#ifndef TOOLS_RUMP_CHANGE_H
#define TOOLS_RUMP_CHANGE_H

#include <stdbool.h>

#include "tools/rump/image.h"
#include "tools/rump/option.h"
#include "tools/rump/walk.h"

struct change {
	const struct command *command;
	option_take *take;

	/*
	 * Take the first operand, like a mode; false, after a report, if it
	 * makes no sense.  NULL: the first operand is a file.
	 */
	bool (*take_word)(void *options, const char *word);

	/* Change what is at location.  What fails is reported. */
	void (*apply)(void *options, const struct location *location);
};

/* Run such a command. */
int change_run(const struct change *change, int argc, char **argv, void *options);

/* One file of a tree that is changed. */
struct change_item {
	const struct location *location; /* where the walk began */
	int directory;			 /* that name is in, or AT_FDCWD */
	const char *name;
	const char *shown;
	const struct stat *st; /* not following links */
};

/*
 * Call visit for the directory at location and everything below it, a directory
 * before what is in it, or after that if is_after.  Symbolic links are visited
 * and not followed.  A directory about which visit returns false is not entered.
 */
void change_tree(const struct location *location, bool is_after,
    bool (*visit)(void *context, const struct change_item *item), void *context);

/*
 * Commands that set one attribute of files, like the mode: options -h, -R and -v.
 * Their options begin with this.
 */
struct change_setting {
	const char *failed; /* "cannot change the mode of" */

	/* Set it: 0, -1 with errno, or 1 where there is none, as a link has no mode. */
	int (*set)(void *options, const struct change_item *item);
	bool is_link; /* of links themselves that are named */
	bool is_recursive;
	bool is_verbose;
};

/* Take these options. */
bool change_take_setting(void *options, int id, const char *value);

/* Set it of what is at location, and of what is below it with -R. */
void change_set(void *options, const struct location *location);

/* Report that what, like "cannot remove", failed for item. */
void change_report(const struct change_item *item, const char *what, int error);

/* With -v: say what was done to the file shown in location's image. */
void change_say(const struct location *location, const char *done, const char *shown);

#endif
