/*
 * The subcommands of rump.
 *
 * Each subcommand is one file that defines one struct command; the table in
 * main.c lists them.  From that come parsing (option.h), "rump help", and what
 * shells complete (complete.c); a test compares it with the manual pages.
 * run() gets its own name as argv[0], may permute argv, and returns an exit
 * status from report.h.
 */
#ifndef TOOLS_RUMP_COMMAND_H
#define TOOLS_RUMP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct option_row;

struct command {
	const char *name;
	const char *operands; /* what follows the options in a usage line */
	const char *summary;  /* half a line, for "rump --help" */
	const char *details;  /* lines after the options in its help, or NULL */
	const struct option_row *options;
	const struct option_row *primaries; /* of an expression after the images, or NULL */
	const char *wanted; /* what to say when there are no operands; NULL: none are needed */
	bool has_json;	    /* --json makes sense */
	bool is_in_order;   /* options come before operands only */
	bool is_outside;    /* it is about image files: nothing for a shell in one */
	const char *here;   /* the operand that a shell adds if there is none, or NULL */
	int (*run)(int argc, char **argv);
};

extern const struct command cat_command;
extern const struct command chmod_command;
extern const struct command chown_command;
extern const struct command complete_command;
extern const struct command cp_command;
extern const struct command df_command;
extern const struct command diff_command;
extern const struct command du_command;
extern const struct command find_command;
extern const struct command fsck_command;
extern const struct command grep_command;
extern const struct command info_command;
extern const struct command ln_command;
extern const struct command ls_command;
extern const struct command mkdir_command;
extern const struct command mv_command;
extern const struct command rm_command;
extern const struct command rmdir_command;
extern const struct command sh_command;
extern const struct command mkfs_command;
extern const struct command sim_command;
extern const struct command stat_command;
extern const struct command tar_command;
extern const struct command touch_command;
extern const struct command tree_command;
extern const struct command truncate_command;
extern const struct command verify_command;

/* What stands before the name of a command. */
extern const struct command overview_command;

/* All subcommands in the order of the overview; the array ends with NULL. */
extern const struct command *const commands[];

/* The subcommand of this name, or NULL. */
const struct command *command_find(const char *name);

#endif
