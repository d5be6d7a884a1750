/*
 * rump complete WORD...: what the last word of a command line can become.
 *
 * Shells call it with the words after "rump", the one being typed last.  Each
 * line of output is a candidate, followed by a tab and half a line about it if
 * there is something to say; the line ":files" stands for names of files of the
 * host, which the shell knows better.
 */
#include "tools/rump/complete.h"

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
	complete_emit *emit;
	void *context;
};

static bool
begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void
candidate_offer(const char *candidate, const char *text, const struct completion *completion)
{
	if (begins_with(candidate, completion->word))
		completion->emit(completion->context, candidate, text);
}

/* ---- options --------------------------------------------------------------------- */

static void
option_offer(void *context, char letter, const struct option_row *row)
{
	char text[80];

	if (letter != '\0') {
		snprintf(text, sizeof(text), "-%c", letter);
		candidate_offer(text, row->text, context);
	}
	if (row->name != NULL) {
		snprintf(text, sizeof(text), "--%s%s", row->name,
		    row->value != NULL && row->value[0] != '[' ? "=" : "");
		candidate_offer(text, row->text, context);
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
choices_offer(const struct completion *completion, const char *whole)
{
	const char *choice = completion->valued->value;
	int kept = (int)(completion->word - whole);

	choice += choice[0] == '[' ? 2 : 0;
	if (strchr(choice, '|') == NULL) {
		completion->emit(completion->context, COMPLETE_FILES, NULL);
		return;
	}
	while (*choice != '\0' && *choice != ']') {
		size_t length = strcspn(choice, "|]");

		if (strncmp(choice, completion->word, strlen(completion->word)) == 0) {
			char *text = memory_format("%.*s%.*s", kept, whole, (int)length, choice);

			completion->emit(completion->context, text, NULL);
			free(text);
		}
		choice += length + (choice[length] == '|');
	}
}

/* ---- operands --------------------------------------------------------------------- */

/* What of word names the directory that the rest of it is looked for in. */
static size_t
directory_length(const char *word)
{
	const char *slash = strrchr(word, '/');
	const char *colon = image_host_path(word) != NULL ? strrchr(word, ':') : NULL;

	if (slash != NULL && (colon == NULL || slash > colon))
		return (size_t)(slash + 1 - word);
	return colon != NULL ? (size_t)(colon + 1 - word) : 0;
}

/* What cannot be shown cannot be typed either. */
void
complete_path(const char *word, complete_emit *emit, void *context)
{
	static const struct walk_plan plan = {
		.hidden = LISTING_NOT_DOTS,
		.is_silent = true,
		.compare = listing_by_name,
	};
	size_t length = directory_length(word);
	char *shown = memory_format("%.*s", (int)length, word);
	const char *host = image_host_path(shown);
	char *directory =
	    memory_format("%s%s", shown, length == 0 || (host != NULL && *host == '\0') ? "." : "");
	const char *name = word + length;
	struct location *location = image_locate_anywhere(&directory, 1);
	struct entry *entry;
	struct walk walk;

	if (location_is_usable(location) && walk_begin(&walk, location, &plan)) {
		while ((entry = walk_next(&walk)) != NULL) {
			char *whole;

			if (!begins_with(entry->name, name) || !name_is_printable(entry->name) ||
			    (entry->name[0] == '.' && name[0] != '.'))
				continue;
			whole = memory_format("%s%s%s", shown, entry->name,
			    entry->type == DT_DIR ? "/" : "");
			emit(context, whole, NULL);
			free(whole);
		}
		walk_end(&walk);
	}
	image_locations_free(location, 1);
	free(directory);
	free(shown);
}

static void
primaries_complete(const struct completion *completion)
{
	const struct option_row *row = completion->command->primaries;
	char text[80];

	for (; row != NULL && row->id != 0; row++) {
		snprintf(text, sizeof(text), "-%s", row->name);
		candidate_offer(text, row->text, completion);
	}
}

static void
commands_complete(const struct completion *completion)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		candidate_offer(commands[i]->name, commands[i]->summary, completion);
	candidate_offer("help", "how to use a command", completion);
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
operand_complete(struct completion *completion, bool has_operand)
{
	const char *whole = completion->word;

	options_each(completion->command, valued_find, completion);
	if (completion->valued != NULL)
		choices_offer(completion, whole);
	else if (whole[0] == '-' && has_operand && completion->command->primaries != NULL)
		primaries_complete(completion);
	else if (whole[0] == '-')
		options_each(completion->command, option_offer, completion);
	else if (completion->command == &overview_command)
		commands_complete(completion);
	else if (image_is_named(whole) || image_host_path(whole) != whole)
		complete_path(whole, completion->emit, completion->context);
	else
		completion->emit(completion->context, COMPLETE_FILES, NULL);
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

static bool
asks_for_help(char **words, int count)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(words[i], "--help") == 0)
			return true;
	}
	return false;
}

void
complete_word(const struct command *command, char **words, int count, complete_emit *emit,
    void *context)
{
	struct completion completion = {
		.command = command,
		.word = words[count - 1],
		.before = count > 2 ? words[count - 2] : "",
		.emit = emit,
		.context = context,
	};

	if (!asks_for_help(words, count))
		operand_complete(&completion, words_parse(command, words, count - 1) < count - 1);
}

bool
complete_lacks_operand(const struct command *command, char **words, int count)
{
	bool result;

	report_mute(true);
	result = !asks_for_help(words, count) && words_parse(command, words, count) == count;
	report_mute(false);
	return result;
}

static void
candidate_print(void *context, const char *candidate, const char *about)
{
	(void)context;
	printf("%s%s%s\n", candidate, about != NULL ? "\t" : "", about != NULL ? about : "");
}

static int
complete_run(int argc, char **argv)
{
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct command *command = &overview_command;
	struct completion commands_only = { .emit = candidate_print };
	int first;

	if (quiet >= 0)
		dup2(quiet, STDERR_FILENO);
	if (argc < 2)
		return STATUS_UNABLE;
	if (asks_for_help(argv, argc))
		return STATUS_FINE;
	first = words_parse(&overview_command, argv, argc - 1);
	if (first < argc - 1 && strcmp(argv[first], "help") == 0) {
		commands_only.word = argv[argc - 1];
		commands_complete(&commands_only);
		return STATUS_FINE;
	}
	if (first < argc - 1) {
		command = command_find(argv[first]);
		if (command == NULL)
			return STATUS_FINE;
		argc -= first;
		argv += first;
	}
	complete_word(command, argv, argc, candidate_print, NULL);
	return STATUS_FINE;
}

const struct command complete_command = {
	.name = "complete",
	.run = complete_run,
};
