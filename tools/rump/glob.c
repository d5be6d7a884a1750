/*
 * Names that a pattern stands for.
 *
 * Part by part of the pattern, the paths that match so far become those that
 * match one part more.
 */
#include "tools/rump/glob.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/image.h"
#include "tools/rump/interrupt.h"
#include "tools/rump/listing.h"
#include "tools/rump/memory.h"

void
paths_add(struct paths *paths, const char *path)
{
	paths->list =
	    memory_grow(paths->list, paths->count, &paths->capacity, sizeof(*paths->list));
	paths->list[paths->count++] = memory_string(path);
}

void
paths_free(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->list[i]);
	free(paths->list);
	*paths = (struct paths){ 0 };
}

/* Whether there are characters in part that match more than themselves. */
static bool
has_magic(const char *part)
{
	for (; *part != '\0'; part++) {
		if (*part == '\\' && part[1] != '\0')
			part++;
		else if (strchr("*?[", *part) != NULL)
			return true;
	}
	return false;
}

/* The part without its backslashes, in its place. */
static void
unescape(char *part)
{
	char *to = part;

	for (; *part != '\0'; part++) {
		if (*part == '\\' && part[1] != '\0')
			part++;
		*to++ = *part;
	}
	*to = '\0';
}

/* Add what path, "" for the present directory, holds that part matches. */
static void
directory_match(const char *path, const char *part, struct paths *out)
{
	bool is_here = *path == '\0' || strcmp(path, "host:") == 0;
	char *argument = memory_format("%s%s", path, is_here ? "." : "");
	struct location *location = image_locate_anywhere(&argument, 1);
	int directory =
	    location_is_usable(location) ? location_open(location, O_RDONLY | O_DIRECTORY) : -1;
	struct listing listing = { 0 };

	if (directory >= 0) {
		listing_read(&listing, location->files, directory, LISTING_NOT_DOTS);
		listing_sort(&listing, listing_by_name, NULL);
		location->files->close(directory);
	}
	for (size_t i = 0; i < listing.count && !interrupt_arrived(); i++) {
		const char *name = listing.order[i]->name;

		if (fnmatch(part, name, FNM_PERIOD) == 0) {
			char *whole = memory_format("%s%s", path, name);

			paths_add(out, whole);
			free(whole);
		}
	}
	listing_free(&listing);
	image_locations_free(location, 1);
	free(argument);
}

static bool
exists(char *path)
{
	struct location *location = image_locate_anywhere(&path, 1);
	struct stat st;
	bool result = location_is_usable(location) && location_stat(location, &st, false) == 0;

	image_locations_free(location, 1);
	return result;
}

/* Go one part further with all paths; separator is what follows it in the pattern. */
static void
paths_extend(struct paths *paths, char *part, const char *separator)
{
	bool is_pattern = has_magic(part);
	struct paths longer = { 0 };
	struct paths matched;

	if (!is_pattern)
		unescape(part);
	for (size_t i = 0; i < paths->count; i++) {
		matched = (struct paths){ 0 };
		if (is_pattern) {
			directory_match(paths->list[i], part, &matched);
		} else {
			char *whole = memory_format("%s%s", paths->list[i], part);

			paths_add(&matched, whole);
			free(whole);
		}
		for (size_t j = 0; j < matched.count; j++) {
			char *whole = memory_format("%s%s", matched.list[j], separator);

			paths_add(&longer, whole);
			free(whole);
		}
		paths_free(&matched);
	}
	paths_free(paths);
	*paths = longer;
}

void
glob_expand(const char *pattern, struct paths *out)
{
	struct paths paths = { 0 };

	/* What names the host is no part of a path. */
	if (strncmp(pattern, "host:", 5) == 0) {
		paths_add(&paths, "host:");
		pattern += 5;
	} else {
		paths_add(&paths, "");
	}
	while (*pattern != '\0' && paths.count > 0) {
		size_t length = strcspn(pattern, "/");
		size_t slashes = strspn(pattern + length, "/");
		char *part = memory_format("%.*s", (int)length, pattern);

		paths_extend(&paths, part, slashes > 0 ? "/" : "");
		free(part);
		pattern += length + slashes;
	}
	for (size_t i = 0; i < paths.count; i++) {
		if (exists(paths.list[i]))
			paths_add(out, paths.list[i]);
	}
	paths_free(&paths);
}
