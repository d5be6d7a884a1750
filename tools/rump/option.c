/*
 * Options, over getopt_long().
 *
 * The rows of a command and the common ones, less those letters and names that
 * the command has taken for itself, are put together into what getopt_long()
 * wants.  Common rows have their letter above OPTION_COMMON, so that an id says
 * whose it is.
 */
#include "tools/rump/option.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rump/image.h"
#include "tools/rump/report.h"

enum {
	OPTION_COMMON = 0x1000,
	OPTION_HELP = OPTION_COMMON + OPTION_LONG,
	OPTION_JSON,
	OPTION_COLOR,
	OPTIONS_MAX = 96, /* of one command, common ones too */
	TEXT_COLUMN = 24, /* of help */
};

struct settings settings;

static const struct option_row common_rows[] = {
	{ OPTION_COMMON + 't', "type", "TYPE",
	    "the type of the file system, instead of trying all" },
	{ OPTION_COMMON + 'p', "partition", "PARTITION",
	    "the partition of a disk, by number, name or label" },
	{ OPTION_COMMON + 'o', "options", "OPTIONS",
	    "how to mount: partial (though damaged), norecovery, verify, force" },
	{ OPTION_COMMON + 'v', "verbose", NULL, "say what the kernel logs" },
	{ OPTION_COMMON + 'q', "quiet", NULL, "say nothing but what goes wrong" },
	{ OPTION_JSON, "json", NULL, "print JSON, one object a line" },
	{ OPTION_COLOR, "color", "[=always|auto|never]", "colours, by default on a terminal" },
	{ OPTION_HELP, "help", NULL, "this text" },
	{ 0 },
};

/* ---- rows --------------------------------------------------------------------- */

/* The letter of an option, or NUL. */
static char
letter_of(const struct option_row *row)
{
	int letter = row->id >= OPTION_COMMON ? row->id - OPTION_COMMON : row->id;

	return letter < OPTION_LONG ? (char)letter : '\0';
}

static bool
value_is_optional(const struct option_row *row)
{
	return row->value != NULL && row->value[0] == '[';
}

static const struct option_row *
row_find_letter(const struct option_row *rows, char letter)
{
	for (; rows != NULL && rows->id != 0; rows++) {
		if (letter != '\0' && letter_of(rows) == letter)
			return rows;
	}
	return NULL;
}

static const struct option_row *
row_find_name(const struct option_row *rows, const char *name)
{
	for (; rows != NULL && rows->id != 0; rows++) {
		if (rows->name != NULL && strcmp(rows->name, name) == 0)
			return rows;
	}
	return NULL;
}

static const struct option_row *
row_find(const struct option_row *rows, int id)
{
	for (; rows != NULL && rows->id != 0; rows++) {
		if (rows->id == id)
			return rows;
	}
	return NULL;
}

void
options_each(const struct command *command,
    void (*visit)(void *context, char letter, const struct option_row *row), void *context)
{
	const struct option_row *rows = command->options;

	for (const struct option_row *row = rows; row != NULL && row->id != 0; row++)
		visit(context, letter_of(row), row);
	for (const struct option_row *row = common_rows; row->id != 0; row++) {
		char letter = letter_of(row);

		if ((row->id == OPTION_JSON && !command->has_json) ||
		    row_find_name(rows, row->name) != NULL)
			continue;
		visit(context, row_find_letter(rows, letter) == NULL ? letter : '\0', row);
	}
}

/* ---- for getopt_long ------------------------------------------------------------ */

struct getopt_tables {
	char letters[4 + 4 * OPTIONS_MAX];
	size_t letter_count;
	struct option names[OPTIONS_MAX + 1];
	size_t name_count;
	const struct option_row *by_letter[128]; /* NULL: no such option */
};

static void
tables_add(void *context, char letter, const struct option_row *row)
{
	struct getopt_tables *tables = context;

	if (letter != '\0') {
		tables->by_letter[(unsigned char)letter] = row;
		tables->letters[tables->letter_count++] = letter;
		if (row->value != NULL)
			tables->letters[tables->letter_count++] = ':';
		if (value_is_optional(row))
			tables->letters[tables->letter_count++] = ':';
	}
	if (row->name == NULL || tables->name_count == OPTIONS_MAX)
		return;
	tables->names[tables->name_count++] = (struct option){
		.name = row->name,
		.has_arg = row->value == NULL	    ? no_argument
			   : value_is_optional(row) ? optional_argument
						    : required_argument,
		.val = OPTION_LONG + row->id,
	};
}

/* The row that getopt_long()'s result means, or NULL. */
static const struct option_row *
tables_find(const struct getopt_tables *tables, const struct command *command, int result)
{
	const struct option_row *row;

	if (result < OPTION_LONG)
		return tables->by_letter[result];
	row = row_find(command->options, result - OPTION_LONG);
	return row != NULL ? row : row_find(common_rows, result - OPTION_LONG);
}

/* ---- common options --------------------------------------------------------------- */

int
option_choice(const struct option_row *rows, int id, const char *value)
{
	const struct option_row *row = row_find(rows, id);
	const char *word = row->value + (value_is_optional(row) ? 2 : 0);

	for (int number = 0;; number++) {
		size_t length = strcspn(word, "|]");

		if (strlen(value) == length && strncmp(word, value, length) == 0)
			return number;
		if (word[length] != '|')
			return -1;
		word += length + 1;
	}
}

bool
option_number(const char *value, unsigned long limit, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(value, &end, 10);
	return *value >= '0' && *value <= '9' && *end == '\0' && errno == 0 && *number <= limit;
}

static bool
color_take(const char *value)
{
	enum {
		ALWAYS,
		AUTO,
		NEVER
	};
	int when = value == NULL ? ALWAYS : option_choice(common_rows, OPTION_COLOR, value);

	settings.has_color = when == ALWAYS || (when == AUTO && isatty(STDOUT_FILENO));
	return when >= 0;
}

/* False: the value makes no sense. */
static bool
common_take(int id, const char *value)
{
	switch (id) {
	case OPTION_COMMON + 't':
		image_set_type(value);
		return true;
	case OPTION_COMMON + 'p':
		image_set_partition(value);
		return true;
	case OPTION_COMMON + 'o':
		image_set_mount_options(value);
		return true;
	case OPTION_COMMON + 'v':
		settings.is_verbose = true;
		return true;
	case OPTION_COMMON + 'q':
		settings.is_quiet = true;
		return true;
	case OPTION_JSON:
		settings.is_json = true;
		return true;
	case OPTION_COLOR:
		return color_take(value);
	default:
		return false;
	}
}

bool
option_take_none(void *options, int id, const char *value)
{
	(void)options;
	(void)id;
	(void)value;
	return false;
}

/* ---- parsing ---------------------------------------------------------------------- */

/* A mistake that getopt_long() found: option is what it returned. */
static void
mistake_report(const struct getopt_tables *tables, const struct command *command, int option,
    char **argv)
{
	if (option == ':' && optopt >= OPTION_LONG)
		report_usage("option --%s needs a value",
		    tables_find(tables, command, optopt)->name);
	else if (option == ':')
		report_usage("option -%c needs a value", optopt);
	else if (optopt >= OPTION_LONG)
		report_usage("option --%s takes no value",
		    tables_find(tables, command, optopt)->name);
	else if (optopt == 0)
		report_usage("unknown option %s", argv[optind - 1]);
	else
		report_usage("unknown option -%c", optopt);
}

static void
value_report(const struct option_row *row, const char *value)
{
	char letter = letter_of(row);

	if (row->name != NULL)
		report_usage("\"%s\" is no value for --%s=%s", value, row->name,
		    row->value + (value_is_optional(row) ? 2 : 0));
	else
		report_usage("\"%s\" is no value for -%c %s", value, letter, row->value);
}

static int
parse(const struct command *command, struct getopt_tables *tables, int argc, char **argv,
    option_take *take, void *options)
{
	int result;

	opterr = 0;
	optind = 0; /* begin anew */
	while ((result = getopt_long(argc, argv, tables->letters, tables->names, NULL)) != -1) {
		const struct option_row *row =
		    result == '?' || result == ':' ? NULL : tables_find(tables, command, result);

		if (row == NULL) {
			mistake_report(tables, command, result, argv);
			return 0;
		}
		if (row->id == OPTION_HELP) {
			command_help(command);
			return 0;
		}
		if (row->id >= OPTION_COMMON ? !common_take(row->id, optarg)
					     : !take(options, row->id, optarg)) {
			value_report(row, optarg);
			return 0;
		}
	}
	return optind;
}

int
options_parse(const struct command *command, int argc, char **argv, option_take *take,
    void *options)
{
	struct getopt_tables tables = { .letter_count = command->is_in_order ? 2 : 1 };
	int first;

	memcpy(tables.letters, command->is_in_order ? "+:" : ":", tables.letter_count);
	options_each(command, tables_add, &tables);
	first = parse(command, &tables, argc, argv, take, options);
	if (first > 0 && settings.is_json && !command->has_json) {
		report_usage("%s has nothing to say in JSON", command->name);
		return 0;
	}
	if (first == argc && command->wanted != NULL) {
		report_usage("%s", command->wanted);
		return 0;
	}
	return first;
}

/* ---- help ----------------------------------------------------------------------------- */

static void
row_print(void *context, char letter, const struct option_row *row)
{
	const char *value = row->value != NULL ? row->value : "";
	char words[128];

	(void)context;
	if (letter != '\0' && row->name != NULL)
		snprintf(words, sizeof(words), "  -%c, --%s", letter, row->name);
	else if (letter != '\0')
		snprintf(words, sizeof(words), "  -%c", letter);
	else
		snprintf(words, sizeof(words), "      --%s", row->name);
	if (*value != '\0')
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
		    value_is_optional(row) ? ""
		    : row->name != NULL	   ? "="
					   : " ",
		    value);
	if (strlen(words) + 2 > TEXT_COLUMN)
		printf("%s\n%*s%s\n", words, TEXT_COLUMN, "", row->text);
	else
		printf("%-*s%s\n", TEXT_COLUMN, words, row->text);
}

static void
primaries_print(const struct option_row *rows)
{
	for (; rows->id != 0; rows++) {
		char words[128];

		snprintf(words, sizeof(words), "  -%s %s", rows->name,
		    rows->value != NULL ? rows->value : "");
		printf("%-*s%s\n", TEXT_COLUMN, words, rows->text);
	}
}

void
command_help(const struct command *command)
{
	printf("Usage: rump %s [OPTION]... %s\n", command->name, command->operands);
	printf("rump %s: %s.\n\n", command->name, command->summary);
	options_each(command, row_print, NULL);
	if (command->primaries != NULL) {
		printf("\nExpression:\n");
		primaries_print(command->primaries);
	}
	if (command->details != NULL)
		printf("\n%s", command->details);
}

void
options_help(const struct command *command)
{
	options_each(command, row_print, NULL);
}
