/*
 * The words of a line, as the shell understands it.
 *
 * Blanks separate words and semicolons commands; '...' and "..." hold them
 * together, and a backslash takes the next character as it is, which in "..."
 * only '"' and '\' need.  A word that begins with # begins a comment.  There
 * are no variables, pipes or redirections: | < > & are refused unless quoted.
 */
#ifndef TOOLS_RUMP_WORDS_H
#define TOOLS_RUMP_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct word {
	char *text;    /* without quotes; owned */
	char *pattern; /* for fnmatch(3), with what was quoted escaped; owned */
	bool has_glob; /* * ? or [ were not quoted */
	size_t begin;  /* where it starts in the line */
	size_t end;    /* what follows it */
};

struct words {
	struct word *list;
	size_t count;
	size_t capacity;
};

/*
 * Cut the first command off *line, up to a semicolon or the end: *line points
 * behind it then.  NULL, or what is wrong, with an end of quotes missing for one;
 * the words so far are there all the same.
 */
const char *words_cut(struct words *words, const char **line);

void words_free(struct words *words);

/* The text with a backslash before all that is special; owned by the caller. */
char *words_quote(const char *text);

#endif
