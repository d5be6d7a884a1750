/*
 * The expressions of rump find, as POSIX has them for find(1).
 *
 *	or:   and { -o and }
 *	and:  not { [-a] not }
 *	not:  { ! } ( "(" or ")" | primary )
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/rump/find_impl.h"
#include "tools/rump/image.h"
#include "tools/rump/memory.h"
#include "tools/rump/mode.h"
#include "tools/rump/report.h"

enum {
	NESTING_MAX = 64, /* parentheses in parentheses */
	DAY = 24 * 60 * 60,
};

const struct option_row find_primaries[] = {
	{ FIND_NAME, "name", "PATTERN", "the name matches" },
	{ FIND_INAME, "iname", "PATTERN", "the same, upper and lower case alike" },
	{ FIND_PATH, "path", "PATTERN", "the whole path matches" },
	{ FIND_IPATH, "ipath", "PATTERN", "the same, upper and lower case alike" },
	{ FIND_LNAME, "lname", "PATTERN", "is a symbolic link whose target matches" },
	{ FIND_TYPE, "type", "LETTERS", "is one of f d l c b p s, with commas between" },
	{ FIND_SIZE, "size", "[+-]N[cwkMGT]",
	    "has N blocks of 512 bytes, or bytes, words, KiB, ..." },
	{ FIND_MTIME, "mtime", "[+-]N", "was modified N days ago" },
	{ FIND_ATIME, "atime", "[+-]N", "was read N days ago" },
	{ FIND_CTIME, "ctime", "[+-]N", "had its attributes changed N days ago" },
	{ FIND_MMIN, "mmin", "[+-]N", "was modified N minutes ago" },
	{ FIND_NEWER, "newer", "FILE", "was modified after FILE, IMAGE:PATH or of the host" },
	{ FIND_PERM, "perm", "[-/]MODE", "has this mode; with - all, with / any of its bits" },
	{ FIND_UID, "uid", "[+-]N", "belongs to user N" },
	{ FIND_UID, "user", "N", "the same: users of an image have numbers only" },
	{ FIND_GID, "gid", "[+-]N", "belongs to group N" },
	{ FIND_GID, "group", "N", "the same" },
	{ FIND_LINKS, "links", "[+-]N", "has N links" },
	{ FIND_INUM, "inum", "[+-]N", "has inode number N" },
	{ FIND_EMPTY, "empty", NULL, "is a file or directory with nothing in it" },
	{ FIND_MAXDEPTH, "maxdepth", "N", "goes down N levels only" },
	{ FIND_MINDEPTH, "mindepth", "N", "leaves out the first N levels" },
	{ FIND_TRUE, "true", NULL, "is so" },
	{ FIND_FALSE, "false", NULL, "is not so" },
	{ FIND_PRUNE, "prune", NULL, "does not go into this directory; true" },
	{ FIND_QUIT, "quit", NULL, "ends the search" },
	{ FIND_PRINT, "print", NULL, "prints the path; done if there is no other action" },
	{ FIND_PRINT0, "print0", NULL, "prints the path as it is, and a NUL" },
	{ FIND_LS, "ls", NULL, "prints a line with everything" },
	{ FIND_EXEC, "exec", "CMD {} ;|+", "runs CMD on a copy of the file, or of many with +" },
	{ FIND_AND, "a", NULL, "and; may be left out" },
	{ FIND_OR, "o", NULL, "or, which binds less" },
	{ 0 },
};

struct parser {
	struct find_program *program;
	char **word; /* the next one */
	unsigned nesting;
};

static bool parse_or(struct parser *parser);

static struct find_step *
step_add(struct parser *parser, enum find_kind kind)
{
	struct find_program *program = parser->program;

	program->steps = memory_grow(program->steps, program->count, &program->capacity,
	    sizeof(*program->steps));
	program->steps[program->count] = (struct find_step){ .kind = kind };
	return &program->steps[program->count++];
}

/* ---- values --------------------------------------------------------------------- */

/* Read "+N", "-N" or "N"; *end is what follows. */
static bool
number_read(struct find_number *number, const char *text, char **end)
{
	number->sign = *text == '+' || *text == '-' ? *text++ : '\0';
	errno = 0;
	number->value = strtoull(text, end, 10);
	return *text >= '0' && *text <= '9' && errno == 0;
}

static bool
number_take(struct find_step *step, const char *text, uint64_t unit)
{
	char *end;

	step->unit = unit;
	return number_read(&step->number, text, &end) && *end == '\0';
}

static bool
size_take(struct find_step *step, const char *text)
{
	static const struct {
		char letter;
		uint64_t bytes;
	} units[] = { { '\0', 512 }, { 'b', 512 }, { 'c', 1 }, { 'w', 2 }, { 'k', 1024 },
		{ 'M', 1 << 20 }, { 'G', 1 << 30 }, { 'T', (uint64_t)1 << 40 } };
	char *end;

	if (!number_read(&step->number, text, &end) || (*end != '\0' && end[1] != '\0'))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].letter == *end)
			step->unit = units[i].bytes;
	}
	return step->unit != 0;
}

/* Letters of types with commas between them. */
static bool
type_take(struct find_step *step, const char *text)
{
	step->text = text;
	for (;; text += 2) {
		if (*text == '\0' || strchr("fdlcbps", *text) == NULL)
			return false;
		if (text[1] == '\0')
			return true;
		if (text[1] != ',')
			return false;
	}
}

static bool
newer_take(struct find_step *step, char *text)
{
	struct location *location;
	struct stat st;
	int result = -1;

	if (image_is_named(text)) {
		location = image_locate(&text, 1);
		result = location->image == NULL ? -1 : location_stat(location, &st, true);
		image_locations_free(location, 1);
	} else {
		result = stat(text, &st);
	}
	step->newer = st.st_mtim;
	return result == 0;
}

static bool
perm_take(struct find_step *step, const char *text)
{
	if (*text == '-' || *text == '/')
		step->perm_kind = *text++;
	return mode_parse(text, &step->mode);
}

static bool
depth_take(unsigned long *depth, const char *text)
{
	return option_number(text, ULONG_MAX, depth);
}

/* The words of a command up to ";", or "{}" and "+".  False: there is no such end. */
static bool
command_take(struct parser *parser, struct find_step *step)
{
	char **words = parser->word;
	size_t count;

	for (count = 0; words[count] != NULL; count++) {
		bool is_many = strcmp(words[count], "+") == 0 && count > 0 &&
			       strcmp(words[count - 1], "{}") == 0;

		if (strcmp(words[count], ";") != 0 && !is_many)
			continue;
		step->words = words;
		step->word_count = is_many ? count - 1 : count;
		step->batch = is_many ? find_batch_create() : NULL;
		parser->word += count + 1;
		return step->word_count > 0;
	}
	return false;
}

/* ---- primaries --------------------------------------------------------------------- */

/* Kinds that the types of files, which directories tell, are not enough for. */
static bool
kind_needs_stat(enum find_kind kind)
{
	switch (kind) {
	case FIND_SIZE:
	case FIND_MTIME:
	case FIND_ATIME:
	case FIND_CTIME:
	case FIND_MMIN:
	case FIND_NEWER:
	case FIND_PERM:
	case FIND_UID:
	case FIND_GID:
	case FIND_LINKS:
	case FIND_EMPTY:
	case FIND_LS:
	case FIND_EXEC:
		return true;
	default:
		return false;
	}
}

/* Fill the step for a primary with a value.  False: that makes no sense. */
static bool
value_take(struct parser *parser, struct find_step *step, char *value)
{
	switch (step->kind) {
	case FIND_TYPE:
		return type_take(step, value);
	case FIND_SIZE:
		return size_take(step, value);
	case FIND_MTIME:
	case FIND_ATIME:
	case FIND_CTIME:
		return number_take(step, value, DAY);
	case FIND_MMIN:
		return number_take(step, value, 60);
	case FIND_UID:
	case FIND_GID:
	case FIND_LINKS:
	case FIND_INUM:
		return number_take(step, value, 1);
	case FIND_NEWER:
		return newer_take(step, value);
	case FIND_PERM:
		return perm_take(step, value);
	case FIND_MAXDEPTH:
		return depth_take(&parser->program->max_depth, value);
	case FIND_MINDEPTH:
		return depth_take(&parser->program->min_depth, value);
	default:
		step->text = value;
		return true;
	}
}

static const struct option_row *
primary_find(const char *word)
{
	for (const struct option_row *row = find_primaries; row->id != 0; row++) {
		if (word[0] == '-' && row->id < FIND_AND && strcmp(word + 1, row->name) == 0)
			return row;
	}
	return NULL;
}

static bool
parse_primary(struct parser *parser)
{
	const char *word = *parser->word;
	const struct option_row *row = primary_find(word);
	struct find_step *step;

	if (row == NULL) {
		report_usage("%s is no part of an expression", word);
		return false;
	}
	parser->word++;
	step = step_add(parser, (enum find_kind)row->id);
	parser->program->needs_stat |= kind_needs_stat(step->kind);
	parser->program->has_action |= step->kind >= FIND_PRINT;
	if (step->kind == FIND_EXEC) {
		if (!command_take(parser, step))
			report_usage("-exec needs a command that ends with \";\" or \"{} +\"");
		return step->words != NULL;
	}
	if (row->value == NULL)
		return true;
	if (*parser->word == NULL) {
		report_usage("%s needs a value: %s", word, row->value);
		return false;
	}
	if (value_take(parser, step, *parser->word++))
		return true;
	report_usage("\"%s\" is no value for %s %s", parser->word[-1], word, row->value);
	return false;
}

/* ---- operators ------------------------------------------------------------------------ */

static bool
word_is(const struct parser *parser, const char *word)
{
	return *parser->word != NULL && strcmp(*parser->word, word) == 0;
}

static bool
parse_not(struct parser *parser)
{
	bool is_negated = false;
	bool is_good;

	for (; word_is(parser, "!") || word_is(parser, "-not"); parser->word++)
		is_negated = !is_negated;
	if (*parser->word == NULL) {
		report_usage("the expression ends where something must follow");
		return false;
	}
	if (!word_is(parser, "(")) {
		is_good = parse_primary(parser);
	} else {
		if (parser->nesting++ == NESTING_MAX) {
			report_usage("more than %d parentheses in each other", NESTING_MAX);
			return false;
		}
		parser->word++;
		is_good = parse_or(parser);
		if (is_good && !word_is(parser, ")")) {
			report_usage("a parenthesis is not closed");
			return false;
		}
		parser->nesting--;
		parser->word += is_good;
	}
	if (is_negated)
		step_add(parser, FIND_NOT);
	return is_good;
}

/* Left and right sides between jumps of this kind, which begin at index jump. */
static void
jump_end(struct parser *parser, size_t jump)
{
	parser->program->steps[jump].target = parser->program->count;
}

static bool
parse_and(struct parser *parser)
{
	if (!parse_not(parser))
		return false;
	while (*parser->word != NULL && !word_is(parser, ")") && !word_is(parser, "-o") &&
	       !word_is(parser, "-or")) {
		size_t jump = parser->program->count;

		step_add(parser, FIND_JUMP_IF_FALSE);
		parser->word += word_is(parser, "-a") || word_is(parser, "-and");
		if (!parse_not(parser))
			return false;
		jump_end(parser, jump);
	}
	return true;
}

static bool
parse_or(struct parser *parser)
{
	if (!parse_and(parser))
		return false;
	while (word_is(parser, "-o") || word_is(parser, "-or")) {
		size_t jump = parser->program->count;

		step_add(parser, FIND_JUMP_IF_TRUE);
		parser->word++;
		if (!parse_and(parser))
			return false;
		jump_end(parser, jump);
	}
	return true;
}

bool
find_parse(struct find_program *program, char **words)
{
	struct parser parser = { .program = program, .word = words };
	size_t jump;

	*program = (struct find_program){ .max_depth = ULONG_MAX };
	if (*words == NULL) {
		step_add(&parser, FIND_PRINT);
		return true;
	}
	if (!parse_or(&parser))
		return false;
	if (*parser.word != NULL) {
		report_usage("a parenthesis is closed that was not opened");
		return false;
	}
	if (program->has_action)
		return true;
	jump = program->count;
	step_add(&parser, FIND_JUMP_IF_FALSE);
	step_add(&parser, FIND_PRINT);
	jump_end(&parser, jump);
	return true;
}

void
find_program_free(struct find_program *program)
{
	for (size_t i = 0; i < program->count; i++)
		find_batch_free(program->steps[i].batch);
	free(program->steps);
}
