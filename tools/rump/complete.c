/*
 * rump complete WORD...: what the last word of a command line can become.
 *
 * Shells call it with the words after "rump", the one being typed last.  Each
 * line of output is a candidate, followed by a tab and half a line about it if
 * there is something to say; the line ":files" stands for names of files of the
 * host, which the shell knows better.  All comes from the tables that parsing
 * uses, and paths in images from the images.
 *
 * Mistakes on the command line give no candidates and no messages.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rump/image.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"
#include "tools/rump/walk.h"

/* A word that is being completed, after options of command. */
struct completion {
	const struct command *command;
	const char *before; /* the word before, or "" */
	const char *word;
	const struct option_row *valued; /* the option that before, or word up to '=', is */
};

static bool
begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void
candidate_print(const char *candidate, const char *text, const struct completion *completion)
{
	if (begins_with(candidate, completion->word))
		printf("%s%s%s\n", candidate, text != NULL ? "\t" : "", text != NULL ? text : "");
}

/* ---- options --------------------------------------------------------------------- */

static void
option_print(void *context, char letter, const struct option_row *row)
{
	char text[80];

	if (letter != '\0') {
		snprintf(text, sizeof(text), "-%c", letter);
		candidate_print(text, row->text, context);
	}
	if (row->name != NULL) {
		snprintf(text, sizeof(text), "--%s%s", row->name,
		    row->value != NULL && row->value[0] != '[' ? "=" : "");
		candidate_print(text, row->text, context);
	}
}

/* Find the option whose value the word is. */
static void
valued_find(void *context, char letter, const struct option_row *row)
{
	struct completion *completion = context;
	const char *word = completion->word;
	const char *before = completion->before;
	size_t length = row->name != NULL ? strlen(row->name) : 0;

	if (row->value == NULL)
		return;
	if (row->name != NULL && begins_with(word, "--") &&
	    strncmp(word + 2, row->name, length) == 0 && word[2 + length] == '=') {
		completion->valued = row;
		completion->word = word + 2 + length + 1;
	} else if (row->value[0] != '[' && before[0] == '-' && letter != '\0' &&
		   before[strlen(before) - 1] == letter && before[1] != '-') {
		completion->valued = row;
	}
}

/* The words that "one|two|three" allows; they go after what is there of the word. */
static void
choices_print(const struct completion *completion, const char *whole)
{
	const char *choice = completion->valued->value;
	int kept = (int)(completion->word - whole);

	choice += choice[0] == '[' ? 2 : 0;
	if (strchr(choice, '|') == NULL) {
		puts(":files");
		return;
	}
	while (*choice != '\0' && *choice != ']') {
		size_t length = strcspn(choice, "|]");

		if (strncmp(choice, completion->word, strlen(completion->word)) == 0)
			printf("%.*s%.*s\n", kept, whole, (int)length, choice);
		choice += length + (choice[length] == '|');
	}
}

/* ---- operands --------------------------------------------------------------------- */

/*
 * Paths in an image: the word ends in the directory's name and a part of a name.
 * What cannot be shown cannot be typed either.
 */
static void
paths_print(const struct completion *completion)
{
	static const struct walk_plan plan = {
		.hidden = LISTING_NOT_DOTS,
		.is_silent = true,
		.compare = listing_by_name,
	};
	char *directory = memory_string(completion->word);
	const char *colon = strrchr(directory, ':');
	char *slash = strrchr(directory, '/');
	const char *name;
	struct location *location;
	struct entry *entry;
	struct walk walk;

	slash = slash == NULL || slash < colon ? strrchr(directory, ':') : slash;
	name = completion->word + (slash - directory) + 1;
	slash[1] = '\0';
	location = image_locate(&directory, 1);
	if (location->image != NULL && walk_begin(&walk, location, &plan)) {
		while ((entry = walk_next(&walk)) != NULL) {
			if (begins_with(entry->name, name) && name_is_printable(entry->name) &&
			    (entry->name[0] != '.' || name[0] == '.'))
				printf("%s%s%s\n", directory, entry->name,
				    entry->type == DT_DIR ? "/" : "");
		}
		walk_end(&walk);
	}
	image_locations_free(location, 1);
	free(directory);
}

static void
primaries_complete(const struct completion *completion)
{
	const struct option_row *row = completion->command->primaries;
	char text[80];

	for (; row != NULL && row->id != 0; row++) {
		snprintf(text, sizeof(text), "-%s", row->name);
		candidate_print(text, row->text, completion);
	}
}

static void
commands_complete(const struct completion *completion)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		candidate_print(commands[i]->name, commands[i]->summary, completion);
	candidate_print("help", "how to use a command", completion);
}

/* ---- the whole ----------------------------------------------------------------------- */

static bool
option_take_any(void *options, int id, const char *value)
{
	(void)options;
	(void)id;
	(void)value;
	return true;
}

static void
word_complete(struct completion *completion, bool has_operand)
{
	const char *whole = completion->word;

	options_each(completion->command, valued_find, completion);
	if (completion->valued != NULL)
		choices_print(completion, whole);
	else if (whole[0] == '-' && has_operand && completion->command->primaries != NULL)
		primaries_complete(completion);
	else if (whole[0] == '-')
		options_each(completion->command, option_print, completion);
	else if (completion->command == &overview_command)
		commands_complete(completion);
	else if (image_is_named(whole))
		paths_print(completion);
	else
		puts(":files");
}

/* Take notice of the options among words; the index of the first operand, or count. */
static int
words_parse(const struct command *command, char **words, int count)
{
	struct command lenient = *command;
	int first;

	lenient.wanted = NULL;
	first = options_parse(&lenient, count, words, option_take_any, NULL);
	return first > 0 ? first : count;
}

static int
complete_run(int argc, char **argv)
{
	struct completion completion = { .command = &overview_command };
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int first;

	if (quiet >= 0)
		dup2(quiet, STDERR_FILENO);
	if (argc < 2)
		return STATUS_UNABLE;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return STATUS_FINE;
	}
	completion.word = argv[argc - 1];
	completion.before = argc > 2 ? argv[argc - 2] : "";
	first = words_parse(&overview_command, argv, argc - 1);
	if (first < argc - 1 && strcmp(argv[first], "help") == 0) {
		commands_complete(&completion);
		return STATUS_FINE;
	}
	if (first < argc - 1) {
		completion.command = command_find(argv[first]);
		if (completion.command == NULL)
			return STATUS_FINE;
		argc -= first;
		argv += first;
		first = words_parse(completion.command, argv, argc - 1);
	}
	word_complete(&completion, first < argc - 1);
	return STATUS_FINE;
}

const struct command complete_command = {
	.name = "complete",
	.run = complete_run,
};
