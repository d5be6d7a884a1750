/*
 * Options: one table for each command, and one of those that all commands have.
 *
 * A row is all there is to say about an option: how it is written, what value it
 * takes, what it is for.  Parsing, help texts and completion read the rows; a
 * command adds only what the option does.  Where a command gives a letter of
 * its own meaning that is also one of the common options' ("ls -p"), the common
 * option is still there by its long name, and before the command's name.
 */
#ifndef TOOLS_RUMP_OPTION_H
#define TOOLS_RUMP_OPTION_H

#include <stdbool.h>

#include "tools/rump/command.h"

enum {
	OPTION_LONG = 0x100, /* ids of options without a letter start here */
};

struct option_row {
	int id;		   /* the letter, or from OPTION_LONG on; 0 ends a table */
	const char *name;  /* the long name, or NULL */
	const char *value; /* NULL: takes none; "WORD"; "one|two|three": one of these; in "[=...]"
			    * if it may be left out */
	const char *text;  /* half a line */
};

/* What the common options say. */
struct settings {
	bool is_json;
	bool is_verbose;
	bool is_quiet;
	bool has_color; /* for standard output */
};

extern struct settings settings;

/*
 * Do what the option id asks for; value is NULL unless it takes one.  False: the
 * value makes no sense.
 */
typedef bool option_take(void *options, int id, const char *value);

/*
 * Read the options of command from argv.  Returns the index of the first
 * operand, or 0 if there is nothing more to do: help was printed, or a mistake
 * reported.  What is left out of settings stays as it was.
 */
int options_parse(const struct command *command, int argc, char **argv, option_take *take,
    void *options);

/* For commands without options of their own. */
bool option_take_none(void *options, int id, const char *value);

/* Which of the words of the row's value, "one|two|three", value is; -1: none. */
int option_choice(const struct option_row *rows, int id, const char *value);

/* The number that value is, at most limit.  False: it is none. */
bool option_number(const char *value, unsigned long limit, unsigned long *number);

/* Print how to use command. */
void command_help(const struct command *command);

/* Print a line for each option of command. */
void options_help(const struct command *command);

/* Call visit for every option of command, common ones too; letter is NUL if it has none. */
void options_each(const struct command *command,
    void (*visit)(void *context, char letter, const struct option_row *row), void *context);

#endif
