/*
 * rump grep: search in files, as grep(1) does.
 *
 * A file with a NUL in what was read up to a match is binary: instead of lines,
 * that it matches is said, on standard error, unless -a asks for lines.  What is no
 * regular file is left out in directories, and reported where it is named.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/color.h"
#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/lines.h"
#include "tools/rump/matcher.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"
#include "tools/rump/walk.h"

enum {
	OPTION_INCLUDE = OPTION_LONG,
	OPTION_EXCLUDE,
	OPTION_EXCLUDE_DIR,
};

static const struct option_row rows[] = {
	{ 'a', "text", NULL, "print lines of binary files, too" },
	{ 'c', "count", NULL, "how many lines match, for each file" },
	{ 'e', "regexp", "PATTERN", "look for this; more than one may be given" },
	{ 'E', "extended-regexp", NULL, "patterns are extended regular expressions" },
	{ OPTION_EXCLUDE, "exclude", "GLOB", "leave out files whose name matches" },
	{ OPTION_EXCLUDE_DIR, "exclude-dir", "GLOB", "leave out directories whose name matches" },
	{ 'F', "fixed-strings", NULL, "patterns are strings" },
	{ 'G', "basic-regexp", NULL, "patterns are basic regular expressions; so anyway" },
	{ 'h', "no-filename", NULL, "print no names" },
	{ 'H', "with-filename", NULL, "print names even of a single file" },
	{ 'i', "ignore-case", NULL, "upper and lower case are alike" },
	{ OPTION_INCLUDE, "include", "GLOB", "only files whose name matches" },
	{ 'I', NULL, NULL, "binary files do not match" },
	{ 'l', "files-with-matches", NULL, "only the names of files that match" },
	{ 'L', "files-without-match", NULL, "only the names of files that do not match" },
	{ 'm', "max-count", "N", "stop after N lines of each file" },
	{ 'n', "line-number", NULL, "print the numbers of lines" },
	{ 'o', "only-matching", NULL, "print only what matches of lines" },
	{ 'q', "quiet", NULL, "print nothing; the exit status tells" },
	{ 'r', "recursive", NULL, "search what is in directories, all the way down" },
	{ 'R', NULL, NULL, "the same" },
	{ 's', "no-messages", NULL, "say nothing of files that cannot be read" },
	{ 'v', "invert-match", NULL, "lines that do not match" },
	{ 'w', "word-regexp", NULL, "only matches that are whole words" },
	{ 'x', "line-regexp", NULL, "only matches that are whole lines" },
	{ 0 },
};

/* What is printed. */
enum grep_output {
	GREP_LINES,
	GREP_MATCHES, /* only what matches */
	GREP_COUNTS,
	GREP_MATCHING_NAMES,
	GREP_OTHER_NAMES,
	GREP_NOTHING,
};

enum {
	GLOBS_MAX = 64,
};

struct globs {
	const char *list[GLOBS_MAX];
	size_t count;
};

struct grep {
	struct matcher matcher;
	char *patterns; /* from -e, one a line; owned */
	enum grep_output output;
	struct globs include, exclude, exclude_directories;
	unsigned long limit; /* lines of each file */
	int names;	     /* -1: print none; 1: print them; 0: if there are several files */
	bool is_inverted;
	bool is_recursive;
	bool is_silent;
	bool has_numbers;
	bool skips_binary;
	bool prints_binary;
	bool shows_names; /* decided */
	bool has_match;
	bool has_trouble;
	enum name_style style;
	struct lines lines;
};

/* ---- printing ----------------------------------------------------------------------- */

static void
separator_print(char separator)
{
	color_begin("36");
	putchar(separator);
	color_end();
}

static void
path_print(const struct grep *grep, const char *path)
{
	color_begin("35");
	name_print(stdout, path, grep->style);
	color_end();
}

/* What stands before a line. */
static void
prefix_print(const struct grep *grep, const char *path, unsigned long number)
{
	if (grep->shows_names) {
		path_print(grep, path);
		separator_print(':');
	}
	if (grep->has_numbers) {
		color_begin("32");
		printf("%lu", number);
		color_end();
		separator_print(':');
	}
}

static void
match_print(const char *line, size_t start, size_t end)
{
	color_begin("01;31");
	fwrite(line + start, 1, end - start, stdout);
	color_end();
}

/* Each match of the line by itself. */
static void
matches_print(const struct grep *grep, const char *path, unsigned long number, const char *line,
    size_t length)
{
	size_t from = 0, start, end;

	while (from <= length && matcher_find(&grep->matcher, line, length, from, &start, &end)) {
		if (end > start) {
			prefix_print(grep, path, number);
			match_print(line, start, end);
			putchar('\n');
		}
		from = end > start ? end : start + 1;
	}
}

/* The line, its matches in colour if that is wanted. */
static void
line_print(const struct grep *grep, const char *path, unsigned long number, const char *line,
    size_t length)
{
	size_t from = 0, start, end;

	prefix_print(grep, path, number);
	while (settings.has_color && !grep->is_inverted && from < length &&
	       matcher_find(&grep->matcher, line, length, from, &start, &end)) {
		end += end == start && end < length; /* step over an empty match */
		fwrite(line + from, 1, start - from, stdout);
		match_print(line, start, end);
		from = end > from ? end : from + 1;
	}
	if (from < length)
		fwrite(line + from, 1, length - from, stdout);
	putchar('\n');
}

/* ---- one file --------------------------------------------------------------------------- */

/* A line that is wanted.  False: no more of the file is. */
static bool
line_take(struct grep *grep, const char *path, unsigned long number, const char *line,
    size_t length)
{
	bool is_binary = grep->lines.has_nul && !grep->prints_binary;

	if (grep->output > GREP_COUNTS)
		return false;
	if (grep->output == GREP_COUNTS)
		return true;
	if (is_binary) {
		report_note("%s: binary file matches", path);
		return false;
	}
	if (grep->output == GREP_MATCHES && !grep->is_inverted)
		matches_print(grep, path, number, line, length);
	else if (grep->output == GREP_LINES)
		line_print(grep, path, number, line, length);
	return true;
}

static void
result_print(const struct grep *grep, const char *path, unsigned long count)
{
	if (grep->output == GREP_COUNTS) {
		if (grep->shows_names) {
			path_print(grep, path);
			separator_print(':');
		}
		printf("%lu\n", count);
	} else if ((grep->output == GREP_MATCHING_NAMES && count > 0) ||
		   (grep->output == GREP_OTHER_NAMES && count == 0)) {
		path_print(grep, path);
		putchar('\n');
	}
}

/* Search in the open file.  Returns the errno that reading ended with, or 0. */
static int
content_search(struct grep *grep, int fd, const char *path)
{
	unsigned long number = 0, count = 0;
	size_t length, start, end;
	char *line;

	lines_begin(&grep->lines, fd, grep->prints_binary);
	while (count < grep->limit && (line = lines_next(&grep->lines, &length)) != NULL) {
		number++;
		if (grep->lines.has_nul && grep->skips_binary) {
			count = 0;
			break;
		}
		if (matcher_find(&grep->matcher, line, length, 0, &start, &end) ==
		    grep->is_inverted)
			continue;
		count++;
		if (!line_take(grep, path, number, line, length))
			break;
	}
	result_print(grep, path, count);
	grep->has_match |= (count > 0) != (grep->output == GREP_OTHER_NAMES);
	return grep->lines.error;
}

static bool
globs_match(const struct globs *globs, const char *name)
{
	for (size_t i = 0; i < globs->count; i++) {
		if (fnmatch(globs->list[i], name, 0) == 0)
			return true;
	}
	return false;
}

static bool
name_is_wanted(const struct grep *grep, const char *name)
{
	if (globs_match(&grep->exclude, name))
		return false;
	return grep->include.count == 0 || globs_match(&grep->include, name);
}

static void
entry_search(struct grep *grep, struct walk *walk, const struct entry *entry)
{
	int fd, error;

	if (!name_is_wanted(grep, entry->name))
		return;
	fd = rump_sys_openat(walk_directory(walk), entry->name, O_RDONLY | O_NOFOLLOW, 0);
	error = fd < 0 ? errno : content_search(grep, fd, walk_path_of(walk, entry->name));
	if (fd >= 0)
		rump_sys_close(fd);
	if (error == 0)
		return;
	grep->has_trouble = true;
	walk_report(walk, "cannot read", entry->name, error);
}

/* ---- places -------------------------------------------------------------------------------- */

static bool
is_over(const struct grep *grep)
{
	return grep->output == GREP_NOTHING && grep->has_match;
}

static void
tree_search(struct grep *grep, const struct location *location)
{
	struct walk_plan plan = {
		.hidden = LISTING_NOT_DOTS,
		.is_silent = grep->is_silent,
		.compare = listing_by_name,
	};
	struct entry *entry;
	struct walk walk;

	if (!walk_begin(&walk, location, &plan))
		grep->has_trouble = true;
	while (walk.depth > 0 && !is_over(grep)) {
		entry = walk_next(&walk);
		if (entry == NULL)
			walk_leave(&walk);
		else if (entry->type == DT_REG)
			entry_search(grep, &walk, entry);
		else if (entry->type == DT_DIR &&
			 !globs_match(&grep->exclude_directories, entry->name))
			walk_enter(&walk, entry->name);
	}
	walk_end(&walk);
}

static void
file_search(struct grep *grep, const struct location *location)
{
	int fd = location_open(location, O_RDONLY);
	int error = fd < 0 ? errno : content_search(grep, fd, location->shown);

	if (fd >= 0)
		rump_sys_close(fd);
	if (error == 0)
		return;
	grep->has_trouble = true;
	if (!grep->is_silent)
		location_report(location, "cannot read", error);
}

static void
location_search(struct grep *grep, const struct location *location)
{
	struct stat st;

	if (location_stat(location, &st, true) < 0) {
		grep->has_trouble = true;
		if (!grep->is_silent)
			location_report(location, "cannot access", errno);
	} else if (S_ISREG(st.st_mode)) {
		file_search(grep, location);
	} else if (S_ISDIR(st.st_mode) && grep->is_recursive) {
		tree_search(grep, location);
	} else {
		grep->has_trouble = true;
		if (!grep->is_silent)
			report("%s%s: is %s", location->prefix, location->shown,
			    S_ISDIR(st.st_mode) ? "a directory; search in it with -r"
						: "a device, fifo or socket");
	}
}

/* ---- options ------------------------------------------------------------------ */

static bool
glob_take(struct globs *globs, const char *value)
{
	if (globs->count == GLOBS_MAX)
		return false;
	globs->list[globs->count++] = value;
	return true;
}

static void
pattern_take(struct grep *grep, const char *value)
{
	char *longer = grep->patterns == NULL ? memory_string(value)
					      : memory_format("%s\n%s", grep->patterns, value);

	free(grep->patterns);
	grep->patterns = longer;
}

/* Options about what matches.  False: id is none of them. */
static bool
option_take_match(struct grep *grep, int id)
{
	switch (id) {
	case 'E':
		grep->matcher.syntax = MATCHER_EXTENDED;
		return true;
	case 'F':
		grep->matcher.syntax = MATCHER_FIXED;
		return true;
	case 'G':
		grep->matcher.syntax = MATCHER_BASIC;
		return true;
	case 'i':
		grep->matcher.ignores_case = true;
		return true;
	case 'v':
		grep->is_inverted = true;
		return true;
	case 'w':
		grep->matcher.wants_words = true;
		return true;
	case 'x':
		grep->matcher.wants_lines = true;
		return true;
	default:
		return false;
	}
}

/* Options about what is printed.  False: id is none of them. */
static bool
option_take_output(struct grep *grep, int id)
{
	switch (id) {
	case 'c':
		grep->output = GREP_COUNTS;
		return true;
	case 'h':
		grep->names = -1;
		return true;
	case 'H':
		grep->names = 1;
		return true;
	case 'l':
		grep->output = GREP_MATCHING_NAMES;
		return true;
	case 'L':
		grep->output = GREP_OTHER_NAMES;
		return true;
	case 'n':
		grep->has_numbers = true;
		return true;
	case 'o':
		grep->output = GREP_MATCHES;
		return true;
	case 'q':
		grep->output = GREP_NOTHING;
		return true;
	default:
		return false;
	}
}

static bool
option_take_one(void *context, int id, const char *value)
{
	struct grep *grep = context;

	if (option_take_match(grep, id) || option_take_output(grep, id))
		return true;
	switch (id) {
	case 'a':
		grep->prints_binary = true;
		return true;
	case 'e':
		pattern_take(grep, value);
		return true;
	case 'I':
		grep->skips_binary = true;
		return true;
	case 'm':
		return option_number(value, ULONG_MAX, &grep->limit);
	case 'r':
	case 'R':
		grep->is_recursive = true;
		return true;
	case 's':
		grep->is_silent = true;
		return true;
	case OPTION_INCLUDE:
		return glob_take(&grep->include, value);
	case OPTION_EXCLUDE:
		return glob_take(&grep->exclude, value);
	default:
		return glob_take(&grep->exclude_directories, value);
	}
}

static int
grep_status(const struct grep *grep)
{
	if (grep->has_trouble || report_status() != STATUS_FINE)
		return STATUS_UNABLE;
	return grep->has_match ? STATUS_FINE : STATUS_PARTLY;
}

static void
grep_free(struct grep *grep)
{
	matcher_free(&grep->matcher);
	lines_free(&grep->lines);
	free(grep->patterns);
}

static int
grep_run(int argc, char **argv)
{
	struct grep grep = { .limit = ULONG_MAX, .style = name_style_default() };
	struct location *locations;
	int first = options_parse(&grep_command, argc, argv, option_take_one, &grep);
	int status = STATUS_UNABLE;
	int count;

	if (first > 0 && grep.patterns == NULL)
		pattern_take(&grep, argv[first++]);
	count = argc - first;
	if (grep.patterns == NULL) {
		status = report_status();
	} else if (count == 0) {
		report_usage("say which image to search in, after the pattern");
	} else if (matcher_add(&grep.matcher, grep.patterns)) {
		grep.shows_names =
		    grep.names > 0 || (grep.names == 0 && (count > 1 || grep.is_recursive));
		locations = image_locate(argv + first, count);
		for (int i = 0; i < count && !is_over(&grep); i++) {
			if (locations[i].image != NULL)
				location_search(&grep, &locations[i]);
		}
		image_locations_free(locations, count);
		status = grep_status(&grep);
	}
	grep_free(&grep);
	return status;
}

const struct command grep_command = {
	.name = "grep",
	.operands = "PATTERN IMAGE[:PATH]...",
	.summary = "search for patterns in files",
	.details = "Exit status: 0 something matches, 1 nothing does, 2 something failed.\n",
	.options = rows,
	.wanted = "say which pattern to look for",
	.run = grep_run,
};
