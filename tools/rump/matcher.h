/*
 * Patterns of grep: regular expressions of the C library, or fixed strings.
 */
#ifndef TOOLS_RUMP_MATCHER_H
#define TOOLS_RUMP_MATCHER_H

#include <stdbool.h>
#include <stddef.h>

enum matcher_syntax {
	MATCHER_BASIC,
	MATCHER_EXTENDED,
	MATCHER_FIXED,
};

struct matcher_pattern;

struct matcher {
	enum matcher_syntax syntax;
	bool ignores_case;
	bool wants_words; /* matches with no letter, digit or '_' on either side */
	bool wants_lines; /* matches of whole lines */
	struct matcher_pattern *patterns;
	size_t count;
	size_t capacity;
};

/*
 * Add the patterns that text has, one a line, once the other fields are set.
 * False, after a report: one of them is wrong.
 */
bool matcher_add(struct matcher *matcher, const char *text);

/*
 * Find the first match at or after from in line, which has length bytes of any
 * value and a NUL after them; of several there the longest.  False: there is none.
 */
bool matcher_find(const struct matcher *matcher, const char *line, size_t length, size_t from,
    size_t *start, size_t *end);

void matcher_free(struct matcher *matcher);

#endif
