/*
 * The subcommands of rump.
 *
 * Each subcommand is one file that defines one struct command; the table in
 * main.c lists them.  run() gets its own name as argv[0], may permute argv,
 * and returns an exit status from report.h.
 */
#ifndef TOOLS_RUMP_COMMAND_H
#define TOOLS_RUMP_COMMAND_H

struct command {
	const char *name;
	const char *synopsis; /* what follows the name in a usage line */
	const char *summary;  /* half a line, for "rump --help" */
	const char *details;  /* lines, for "rump help NAME" */
	int (*run)(int argc, char **argv);
};

extern const struct command cat_command;
extern const struct command cp_command;
extern const struct command info_command;
extern const struct command ls_command;
extern const struct command stat_command;
extern const struct command tree_command;

/* For getopt_long: long options without a letter start here. */
enum {
	OPTION_HELP = 255,
	OPTION_LONG,
};

/* The row that every subcommand's long options have. */
#define HELP_OPTION \
	{ \
		"help", no_argument, NULL, OPTION_HELP \
	}

/* Print how to use command; returns the exit status for a success. */
int command_help(const struct command *command);

/*
 * What to do with an option that a subcommand does not handle itself: help, or
 * a mistake that getopt_long() found.  Returns the exit status.
 */
int command_option(const struct command *command, int option, char **argv);

#endif
