/*
 * Lines that a person types, with libedit.
 *
 * The library is loaded here, since few commands need it and loading takes as
 * long as they do; where it is not installed lines are as the terminal gives
 * them.  Characters are read here, too, since libedit does not come back when a
 * signal arrives.
 */
#include <dlfcn.h>
#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "tools/rump/interrupt.h"
#include "tools/rump/line.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

enum {
	HISTORY_LINES = 1000,
	COLUMN_GAP = 2,
	COLUMNS_DEFAULT = 80,
	WRONG_BYTE = L'?', /* shown for what is no character */
};

#define LIBRARY_NAME "libedit.so.2"

/* The functions of it that are used: LIBRARY_FUNCTIONS(apply) is apply(name) for each. */
#define LIBRARY_FUNCTIONS(apply) \
	apply(el_init) apply(el_end) apply(el_reset) apply(el_gets) apply(el_set) apply(el_wset) \
	    apply(el_get) apply(el_source) apply(el_line) apply(el_insertstr) apply(el_deletestr) \
		apply(history_init) apply(history_end) apply(history)

#define LIBRARY_POINTER(name) __typeof__(name) *name;

static struct {
	void *handle;
	LIBRARY_FUNCTIONS(LIBRARY_POINTER)
} library;

struct line_reader {
	EditLine *edit; /* NULL: there is no library */
	History *history;
	const char *history_file;
	const char *prompt;
	line_complete *complete;
	void *context;
	char *line;
	size_t size; /* of line, without the library */
};

/* Fill a function pointer of the table; false if the library lacks the function. */
static bool
function_find(void *function, const char *name)
{
	void *symbol = dlsym(library.handle, name);

	memcpy(function, &symbol, sizeof(symbol));
	return symbol != NULL;
}

#define LIBRARY_FIND(name) &&function_find(&library.name, #name)

static bool
library_load(void)
{
	if (library.handle == NULL)
		library.handle = dlopen(LIBRARY_NAME, RTLD_NOW | RTLD_LOCAL);
	return library.handle != NULL LIBRARY_FUNCTIONS(LIBRARY_FIND);
}

static struct line_reader *
reader_of(EditLine *edit)
{
	void *reader = NULL;

	library.el_get(edit, EL_CLIENTDATA, &reader);
	return reader;
}

static char *
prompt_get(EditLine *edit)
{
	return (char *)reader_of(edit)->prompt;
}

/* 1 and a character, 0 at the end, -1 when a signal came. */
static int
character_read(EditLine *edit, wchar_t *character)
{
	mbstate_t state = { 0 };
	char byte;

	(void)edit;
	for (;;) {
		ssize_t length = interrupt_wait(STDIN_FILENO) ? read(STDIN_FILENO, &byte, 1) : -1;
		size_t used;

		if (length < 0 && errno == EINTR && !interrupt_arrived())
			continue; /* the window has another size, or so */
		if (length <= 0)
			return (int)length;
		used = mbrtowc(character, &byte, 1, &state);
		if (used == (size_t)-2)
			continue;
		if (used == (size_t)-1)
			*character = WRONG_BYTE;
		return 1;
	}
}

/* ---- completion ---------------------------------------------------------------------- */

static void
choices_free(struct line_choices *choices)
{
	for (size_t i = 0; i < choices->count; i++)
		free(choices->list[i]);
	free(choices->list);
}

/* How many bytes all choices begin with alike, whole characters only. */
static size_t
common_length(const struct line_choices *choices)
{
	size_t length = strlen(choices->list[0]);

	for (size_t i = 1; i < choices->count; i++) {
		size_t same = 0;

		while (same < length && choices->list[i][same] == choices->list[0][same])
			same++;
		length = same;
	}
	while (length > 0 && ((unsigned char)choices->list[0][length] & 0xc0) == 0x80)
		length--;
	return length;
}

/* The number of characters in size bytes of text. */
static int
characters_in(const char *text, size_t size)
{
	char *copy = memory_format("%.*s", (int)size, text);
	size_t count = mbstowcs(NULL, copy, 0);

	free(copy);
	return count == (size_t)-1 ? (int)size : (int)count;
}

static size_t
columns_of(const char *text)
{
	return (size_t)characters_in(text, strlen(text));
}

static void
choices_print(EditLine *edit, const struct line_choices *choices)
{
	size_t widest = 0, per_line;
	int columns = COLUMNS_DEFAULT;

	for (size_t i = 0; i < choices->count; i++)
		widest =
		    columns_of(choices->list[i]) > widest ? columns_of(choices->list[i]) : widest;
	library.el_get(edit, EL_GETTC, "co", &columns, (void *)NULL);
	per_line = (size_t)columns / (widest + COLUMN_GAP);
	per_line = per_line > 0 ? per_line : 1;
	for (size_t i = 0; i < choices->count; i++) {
		if (i % per_line == 0)
			putchar('\n');
		printf("%s%*s", choices->list[i],
		    (int)(widest + COLUMN_GAP - columns_of(choices->list[i])), "");
	}
	putchar('\n');
	fflush(stdout);
}

static unsigned char
line_complete_here(EditLine *edit, wint_t character)
{
	struct line_reader *reader = reader_of(edit);
	const LineInfo *info = library.el_line(edit);
	size_t size = (size_t)(info->cursor - info->buffer);
	char *typed = memory_format("%.*s", (int)size, info->buffer);
	struct line_choices choices = { 0 };
	unsigned char result = CC_REFRESH;
	size_t length;

	(void)character;
	reader->complete(reader->context, typed, &choices);
	length = choices.count > 0 ? common_length(&choices) : 0;
	if (choices.count == 0) {
		result = CC_REFRESH_BEEP;
	} else if (length > size - choices.begin || choices.count == 1) {
		char *common = memory_format("%.*s%s", (int)length, choices.list[0],
		    choices.count == 1 && choices.list[0][length - 1] != '/' ? " " : "");

		library.el_deletestr(edit,
		    characters_in(typed + choices.begin, size - choices.begin));
		if (library.el_insertstr(edit, common) < 0)
			result = CC_ERROR;
		free(common);
	} else {
		choices_print(edit, &choices);
		result = CC_REDISPLAY;
	}
	choices_free(&choices);
	free(typed);
	return result;
}

/* ---- lines ------------------------------------------------------------------------------ */

struct line_reader *
line_begin(const char *history_file, line_complete *complete, void *context)
{
	struct line_reader *reader = memory_resize(NULL, 1, sizeof(*reader));
	HistEvent event;

	*reader = (struct line_reader){
		.history_file = history_file,
		.complete = complete,
		.context = context,
	};
	if (!library_load())
		return reader;
	reader->edit = library.el_init("rump", stdin, stdout, stderr);
	reader->history = library.history_init();
	if (reader->edit == NULL || reader->history == NULL)
		report_no_memory();
	library.history(reader->history, &event, H_SETSIZE, HISTORY_LINES);
	library.history(reader->history, &event, H_SETUNIQUE, 1);
	if (history_file != NULL)
		library.history(reader->history, &event, H_LOAD, history_file);
	library.el_set(reader->edit, EL_CLIENTDATA, reader);
	library.el_set(reader->edit, EL_PROMPT, prompt_get);
	library.el_set(reader->edit, EL_EDITOR, "emacs");
	library.el_set(reader->edit, EL_HIST, library.history, reader->history);
	library.el_set(reader->edit, EL_GETCFN, character_read);
	/* In bytes, it would keep copies and never free them. */
	library.el_wset(reader->edit, EL_ADDFN, L"rump-complete", L"what the word can become",
	    line_complete_here);
	library.el_set(reader->edit, EL_BIND, "^I", "rump-complete", NULL);
	library.el_source(reader->edit, NULL);
	return reader;
}

const char *
line_read(struct line_reader *reader, const char *prompt)
{
	HistEvent event;
	const char *line;
	int length;

	if (reader->edit == NULL)
		return line_read_plain(&reader->line, &reader->size, prompt);
	reader->prompt = prompt;
	line = library.el_gets(reader->edit, &length);
	if (line == NULL || length <= 0) {
		library.el_reset(reader->edit);
		putchar('\n');
		return NULL;
	}
	free(reader->line);
	reader->line = memory_string(line);
	reader->line[strcspn(reader->line, "\n")] = '\0';
	if (reader->line[strspn(reader->line, " \t")] != '\0')
		library.history(reader->history, &event, H_ENTER, reader->line);
	return reader->line;
}

void
line_end(struct line_reader *reader)
{
	HistEvent event;
	mode_t mask = umask(077); /* what was typed is nobody else's business */

	if (reader->edit != NULL)
		library.el_end(reader->edit);
	if (reader->history != NULL) {
		if (reader->history_file != NULL)
			library.history(reader->history, &event, H_SAVE, reader->history_file);
		library.history_end(reader->history);
	}
	umask(mask);
	free(reader->line);
	free(reader);
}
