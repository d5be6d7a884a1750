/*
 * Between the parts of find: find_parse.c turns the words of an expression into
 * a program, find_evaluate.c runs it on a file, find_exec.c runs commands on
 * extracted copies, and find.c walks.
 *
 * A program is a list of steps around one truth value.  A test sets the value;
 * "and" and "or" are jumps past their right side; so neither parsing a long
 * expression nor running it nests.
 */
#ifndef TOOLS_RUMP_FIND_IMPL_H
#define TOOLS_RUMP_FIND_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "tools/rump/listing.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/walk.h"

enum find_kind {
	FIND_JUMP_IF_TRUE = 1, /* to step target */
	FIND_JUMP_IF_FALSE,
	FIND_NOT,
	FIND_NAME, /* from here on: primaries, whose rows have these ids */
	FIND_INAME,
	FIND_PATH,
	FIND_IPATH,
	FIND_LNAME,
	FIND_TYPE,
	FIND_SIZE,
	FIND_MTIME,
	FIND_ATIME,
	FIND_CTIME,
	FIND_MMIN,
	FIND_NEWER,
	FIND_PERM,
	FIND_UID,
	FIND_GID,
	FIND_LINKS,
	FIND_INUM,
	FIND_EMPTY,
	FIND_MAXDEPTH,
	FIND_MINDEPTH,
	FIND_TRUE,
	FIND_FALSE,
	FIND_PRUNE,
	FIND_QUIT,
	FIND_PRINT,
	FIND_PRINT0,
	FIND_LS,
	FIND_EXEC,
	FIND_AND, /* operators, for the help text */
	FIND_OR,
	FIND_BANG,
	FIND_PARENTHESES,
};

/* How a number is compared: "+N", "-N" or "N". */
struct find_number {
	char sign; /* '+', '-' or NUL */
	uint64_t value;
};

struct find_batch; /* copies that -exec ... + has collected; see find_exec.c */

struct find_step {
	enum find_kind kind;
	size_t target;		   /* of a jump */
	const char *text;	   /* a pattern, or the letters of types; borrowed */
	struct find_number number; /* of the units that the primary counts in */
	uint64_t unit;		   /* bytes for size, seconds for times */
	char perm_kind;		   /* '-' all of the bits, '/' any of them, NUL exactly */
	mode_t mode;
	struct timespec newer;
	char **words; /* of a command, word_count of them; borrowed */
	size_t word_count;
	struct find_batch *batch; /* NULL unless the command ends with + */
};

struct find_program {
	struct find_step *steps;
	size_t count;
	size_t capacity;
	bool has_action;
	bool needs_stat;
	unsigned long max_depth;
	unsigned long min_depth;
};

/* One file in the course of a search. */
struct find_file {
	const struct location *location; /* where the search began */
	const char *shown;		 /* its path */
	const char *name;		 /* the last part of it */
	int directory;			 /* in the image, where name_there is */
	const char *name_there;
	struct entry *entry;
	bool is_pruned; /* set by -prune */
};

/* What a search remembers. */
struct find {
	struct find_program program;
	struct timespec now;
	enum name_style names;
	bool follows_named;
	bool is_over;	       /* -quit */
	bool a_command_failed; /* of those with + */
};

extern const struct option_row find_primaries[];

/* Fill the program from words, which end with NULL.  False, after a report: they are wrong. */
bool find_parse(struct find_program *program, char **words);
void find_program_free(struct find_program *program);

/* Run the program on file. */
void find_evaluate(struct find *find, struct find_file *file);

/* Run the step's command on a copy of file; true if it ended well, or is put off. */
bool find_exec(struct find *find, struct find_step *step, const struct find_file *file);

/* Run what the commands that end with + have left. */
void find_exec_end(struct find *find);
void find_batch_free(struct find_batch *batch);
struct find_batch *find_batch_create(void);

#endif
