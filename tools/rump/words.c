/* The words of a line, as the shell understands it. */
#include "tools/rump/words.h"

#include <stdlib.h>
#include <string.h>

#include "tools/rump/memory.h"

static const char blanks[] = " \t\r";
static const char globs[] = "*?[";
static const char refused[] = "|<>&";

/* A word as it is being read. */
struct reader {
	const char *begin; /* of the line */
	const char *at;
	struct word word;
	size_t text_length;
	size_t pattern_length;
};

/* Add a character, which means itself or is part of a pattern. */
static void
reader_add(struct reader *reader, char character, bool is_literal)
{
	if (is_literal && (strchr(globs, character) != NULL || character == ']' ||
			      character == '\\' || character == '!' || character == '-'))
		reader->word.pattern[reader->pattern_length++] = '\\';
	reader->word.pattern[reader->pattern_length++] = character;
	reader->word.text[reader->text_length++] = character;
	if (!is_literal && strchr(globs, character) != NULL)
		reader->word.has_glob = true;
}

/* Read up to the quote that ends what begins here.  False: there is none. */
static bool
quoted_read(struct reader *reader)
{
	char quote = *reader->at++;

	for (; *reader->at != quote; reader->at++) {
		if (*reader->at == '\0')
			return false;
		if (quote == '"' && *reader->at == '\\' &&
		    (reader->at[1] == '"' || reader->at[1] == '\\'))
			reader->at++;
		reader_add(reader, *reader->at, true);
	}
	reader->at++;
	return true;
}

static bool
is_end(char character)
{
	return character == '\0' || character == ';' || strchr(blanks, character) != NULL;
}

/* Read one word.  NULL, or what is wrong. */
static const char *
word_read(struct reader *reader)
{
	while (!is_end(*reader->at)) {
		if (*reader->at == '\'' || *reader->at == '"') {
			if (!quoted_read(reader))
				return "a quote is not closed";
		} else if (*reader->at == '\\') {
			reader->at++;
			if (*reader->at == '\0')
				return "nothing follows the backslash";
			reader_add(reader, *reader->at++, true);
		} else if (strchr(refused, *reader->at) != NULL) {
			return "there are no pipes, redirections or jobs; quote the character, or "
			       "have the host's shell do it with !";
		} else {
			reader_add(reader, *reader->at++, false);
		}
	}
	return NULL;
}

const char *
words_cut(struct words *words, const char **line)
{
	size_t size = 2 * strlen(*line) + 1;
	struct reader reader = { .begin = *line, .at = *line };
	const char *wrong = NULL;

	*words = (struct words){ 0 };
	for (;;) {
		reader.at += strspn(reader.at, blanks);
		if (*reader.at == '\0' || *reader.at == ';' || *reader.at == '#')
			break;
		reader.word = (struct word){
			.text = memory_resize(NULL, size, 1),
			.pattern = memory_resize(NULL, size, 1),
			.begin = (size_t)(reader.at - reader.begin),
		};
		reader.text_length = reader.pattern_length = 0;
		wrong = word_read(&reader);
		reader.word.end = (size_t)(reader.at - reader.begin);
		reader.word.text[reader.text_length] = '\0';
		reader.word.pattern[reader.pattern_length] = '\0';
		words->list =
		    memory_grow(words->list, words->count, &words->capacity, sizeof(*words->list));
		words->list[words->count++] = reader.word;
		if (wrong != NULL)
			break;
	}
	if (*reader.at == '#' || wrong != NULL)
		reader.at += strlen(reader.at);
	*line = reader.at + (*reader.at == ';');
	return wrong;
}

void
words_free(struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		free(words->list[i].text);
		free(words->list[i].pattern);
	}
	free(words->list);
	*words = (struct words){ 0 };
}

char *
words_quote(const char *text)
{
	char *quoted = memory_resize(NULL, 2 * strlen(text) + 1, 1);
	char *to = quoted;

	for (; *text != '\0'; text++) {
		if (strchr(" \t\r;'\"\\#!*?[]|<>&", *text) != NULL)
			*to++ = '\\';
		*to++ = *text;
	}
	*to = '\0';
	return quoted;
}
