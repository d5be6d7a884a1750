/*
 * Patterns of grep.
 *
 * A fixed string is searched as bytes; where case does not matter it becomes a
 * regular expression that means the same.  REG_STARTEND, where the C library has
 * it, lets regexec() see a part of a buffer, NULs included; elsewhere each part of
 * a line between NULs is looked at by itself.
 */
#include "tools/rump/matcher.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/memory.h"
#include "tools/rump/report.h"

struct matcher_pattern {
	char *text; /* of a fixed string; NULL: regex is compiled */
	size_t length;
	regex_t regex;
};

/* text as a basic regular expression that means just this; the caller's to free. */
static char *
text_quote(const char *text)
{
	char *quoted = memory_resize(NULL, 2 * strlen(text) + 1, 1);
	char *to = quoted;

	for (; *text != '\0'; text++) {
		if (strchr("\\[]*.^$", *text) != NULL)
			*to++ = '\\';
		*to++ = *text;
	}
	*to = '\0';
	return quoted;
}

static bool
pattern_compile(const struct matcher *matcher, struct matcher_pattern *pattern, const char *text)
{
	int flags = REG_NEWLINE | (matcher->syntax == MATCHER_EXTENDED ? REG_EXTENDED : 0) |
		    (matcher->ignores_case ? REG_ICASE : 0);
	char *quoted = matcher->syntax == MATCHER_FIXED ? text_quote(text) : NULL;
	int error = regcomp(&pattern->regex, quoted != NULL ? quoted : text, flags);
	char words[256];

	free(quoted);
	if (error == 0)
		return true;
	regerror(error, &pattern->regex, words, sizeof(words));
	report_usage("\"%s\" is no pattern: %s", text, words);
	return false;
}

static bool
pattern_add(struct matcher *matcher, char *text)
{
	struct matcher_pattern *pattern;

	matcher->patterns = memory_grow(matcher->patterns, matcher->count, &matcher->capacity,
	    sizeof(*matcher->patterns));
	pattern = &matcher->patterns[matcher->count];
	*pattern = (struct matcher_pattern){ 0 };
	if (matcher->syntax == MATCHER_FIXED && !matcher->ignores_case) {
		pattern->text = memory_string(text);
		pattern->length = strlen(text);
	} else if (!pattern_compile(matcher, pattern, text)) {
		return false;
	}
	matcher->count++;
	return true;
}

bool
matcher_add(struct matcher *matcher, const char *text)
{
	char *lines = memory_string(text);
	char *rest = lines;
	char *line;
	bool result = true;

	while (result && (line = strsep(&rest, "\n")) != NULL)
		result = pattern_add(matcher, line);
	free(lines);
	return result;
}

#ifdef REG_STARTEND
static bool
regex_find(const regex_t *regex, const char *line, size_t length, size_t from, size_t *start,
    size_t *end)
{
	regmatch_t match = { .rm_so = (regoff_t)from, .rm_eo = (regoff_t)length };

	if (regexec(regex, line, 1, &match, REG_STARTEND | (from > 0 ? REG_NOTBOL : 0)) != 0)
		return false;
	*start = (size_t)match.rm_so;
	*end = (size_t)match.rm_eo;
	return true;
}
#else
static bool
regex_find(const regex_t *regex, const char *line, size_t length, size_t from, size_t *start,
    size_t *end)
{
	regmatch_t match;

	while (regexec(regex, line + from, 1, &match, from > 0 ? REG_NOTBOL : 0) != 0) {
		from += strlen(line + from) + 1;
		if (from > length)
			return false;
	}
	*start = from + (size_t)match.rm_so;
	*end = from + (size_t)match.rm_eo;
	return true;
}
#endif

static bool
pattern_find(const struct matcher_pattern *pattern, const char *line, size_t length, size_t from,
    size_t *start, size_t *end)
{
	const char *place;

	if (pattern->text != NULL) {
		place = memmem(line + from, length - from, pattern->text, pattern->length);
		if (place == NULL)
			return false;
		*start = (size_t)(place - line);
		*end = *start + pattern->length;
		return true;
	}
	return regex_find(&pattern->regex, line, length, from, start, end);
}

static bool
is_word_byte(const char *line, size_t length, size_t at)
{
	return at < length && (isalnum((unsigned char)line[at]) || line[at] == '_');
}

/* Whether the options about what is around a match allow it. */
static bool
match_is_wanted(const struct matcher *matcher, const char *line, size_t length, size_t start,
    size_t end)
{
	if (matcher->wants_lines)
		return start == 0 && end == length;
	if (!matcher->wants_words)
		return true;
	return (start == 0 || !is_word_byte(line, length, start - 1)) &&
	       !is_word_byte(line, length, end);
}

/* The first match of pattern that the options allow. */
static bool
pattern_find_wanted(const struct matcher *matcher, const struct matcher_pattern *pattern,
    const char *line, size_t length, size_t from, size_t *start, size_t *end)
{
	while (from <= length && pattern_find(pattern, line, length, from, start, end)) {
		if (match_is_wanted(matcher, line, length, *start, *end))
			return true;
		from = *start + 1;
	}
	return false;
}

bool
matcher_find(const struct matcher *matcher, const char *line, size_t length, size_t from,
    size_t *start, size_t *end)
{
	bool result = false;

	for (size_t i = 0; i < matcher->count; i++) {
		size_t other_start, other_end;

		if (!pattern_find_wanted(matcher, &matcher->patterns[i], line, length, from,
			&other_start, &other_end))
			continue;
		if (!result || other_start < *start ||
		    (other_start == *start && other_end > *end)) {
			*start = other_start;
			*end = other_end;
		}
		result = true;
	}
	return result;
}

void
matcher_free(struct matcher *matcher)
{
	for (size_t i = 0; i < matcher->count; i++) {
		if (matcher->patterns[i].text == NULL)
			regfree(&matcher->patterns[i].regex);
		free(matcher->patterns[i].text);
	}
	free(matcher->patterns);
}
