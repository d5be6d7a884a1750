/*
 * Places in images.
 *
 * In the shell all places are in one image, relative to one directory, which
 * are kept here; on a command line, each names its image.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/image_impl.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

/* Where the shell is. */
static struct {
	struct image *image; /* NULL: there is no shell */
	const char *directory;
} here;

/* Whether the first length bytes of text name a file that may be an image. */
static bool
is_file(const char *text, size_t length)
{
	char *name = strndup(text, length);
	struct stat st;
	bool result;

	if (name == NULL)
		report_no_memory();
	result = stat(name, &st) == 0 && !S_ISDIR(st.st_mode);
	free(name);
	return result;
}

/* The length of the image's name in argument; see image.h. */
static size_t
image_name_length(const char *argument)
{
	struct stat st;

	if (stat(argument, &st) == 0)
		return strlen(argument);
	for (const char *colon = strchr(argument, ':'); colon != NULL;
	     colon = strchr(colon + 1, ':')) {
		if (is_file(argument, (size_t)(colon - argument)))
			return (size_t)(colon - argument);
	}
	return strcspn(argument, ":");
}

bool
image_is_named(const char *argument)
{
	size_t length;

	if (here.image != NULL)
		return image_host_path(argument) == NULL;
	length = image_name_length(argument);
	return argument[length] == ':' && is_file(argument, length);
}

const char *
image_host_path(const char *argument)
{
	static const char host[] = "host:";

	if (here.image == NULL)
		return argument;
	return strncmp(argument, host, sizeof(host) - 1) == 0 ? argument + sizeof(host) - 1 : NULL;
}

void
image_set_here(struct image *image, const char *directory)
{
	here.image = image;
	here.directory = directory;
}

/* ---- locations ------------------------------------------------------------ */

/* What argument names, in the image that the shell is in. */
static struct image *
here_fill(struct location *location, const char *argument)
{
	if (image_host_path(argument) != NULL)
		report_usage("%s is on the host, and what is asked for is done in images",
		    argument);
	location->shown = memory_string(*argument != '\0' ? argument : "/");
	location->path = *argument == '/' ? memory_string(argument)
					  : memory_format("%s/%s", here.directory, argument);
	return image_host_path(argument) != NULL ? NULL : here.image;
}

/* The same, where the image is named too. */
static struct image *
there_fill(struct location *location, const char *argument, bool is_writable)
{
	size_t length = image_name_length(argument);
	const char *path = argument[length] == ':' ? argument + length + 1 : "";
	char *name = memory_format("%.*s", (int)length, argument);
	struct image *image = image_get(name, is_writable);

	free(name);
	location->shown = memory_string(*path != '\0' ? path : "/");
	location->path = memory_format("%s%s", *path == '/' ? "" : "/", path);
	return image;
}

static void
location_fill(struct location *location, const char *argument, bool is_writable)
{
	struct image *image = here.image != NULL ? here_fill(location, argument)
						 : there_fill(location, argument, is_writable);

	location->files = &image_files;
	location->image = image != NULL && image_is_usable(image) ? image : NULL;
	location->prefix = memory_format("%s:", image != NULL ? image_name(image) : "");
	if (location->image != NULL && is_writable && !image_is_writable(image)) {
		report_unable("%s: is open for reading only%s", image_name(image),
		    here.image != NULL ? "; start the shell with -w" : "");
		location->image = NULL;
	}
}

/* Say the image with the path: there are several. */
static void
location_widen(struct location *location)
{
	char *shown = memory_format("%s%s", location->prefix, location->shown);

	free(location->shown);
	location->shown = shown;
	*location->prefix = '\0';
}

static void
location_fill_host(struct location *location, const char *argument)
{
	*location = (struct location){
		.files = &host_files,
		.path = memory_string(image_host_path(argument)),
		.shown = memory_string(argument),
		.prefix = memory_string(""),
	};
}

/* How an argument is to be understood. */
enum place {
	PLACE_IN_IMAGE,
	PLACE_TO_WRITE, /* the same */
	PLACE_ANYWHERE,
};

static struct location *
locate(char *const *arguments, int count, enum place place)
{
	struct location *locations = memory_resize(NULL, (size_t)count, sizeof(*locations));

	for (int i = 0; i < count; i++) {
		if (place == PLACE_ANYWHERE && !image_is_named(arguments[i]))
			location_fill_host(&locations[i], arguments[i]);
		else
			location_fill(&locations[i], arguments[i], place == PLACE_TO_WRITE);
	}
	if (image_is_alone())
		return locations;
	for (int i = 0; i < count; i++)
		location_widen(&locations[i]);
	return locations;
}

struct location *
image_locate(char *const *arguments, int count)
{
	return locate(arguments, count, PLACE_IN_IMAGE);
}

struct location *
image_locate_writable(char *const *arguments, int count)
{
	return locate(arguments, count, PLACE_TO_WRITE);
}

struct location *
image_locate_anywhere(char *const *arguments, int count)
{
	return locate(arguments, count, PLACE_ANYWHERE);
}

bool
location_is_usable(const struct location *location)
{
	return location->image != NULL || location->files == &host_files;
}

void
image_locations_free(struct location *locations, int count)
{
	for (int i = 0; i < count; i++) {
		free(locations[i].path);
		free(locations[i].shown);
		free(locations[i].prefix);
	}
	free(locations);
}

void
location_use(const struct location *location)
{
	if (location->files == &image_files)
		image_use(location->image);
}

int
location_open(const struct location *location, int flags)
{
	location_use(location);
	return location->files->open(AT_FDCWD, location->path, flags, 0);
}

int
location_stat(const struct location *location, struct stat *st, bool follows)
{
	location_use(location);
	return location->files->stat(AT_FDCWD, location->path, st,
	    follows ? 0 : AT_SYMLINK_NOFOLLOW);
}

int
location_statx(const struct location *location, int flags, struct statx *stx)
{
	location_use(location);
	return rump_sys_statx(AT_FDCWD, location->path, flags, STATX_BASIC_STATS | STATX_BTIME,
	    stx);
}

ssize_t
location_readlink(const struct location *location, char *target, size_t size)
{
	location_use(location);
	return rump_sys_readlink(location->path, target, size);
}

/*
 * The longest leading part of the location's path that is a directory: where
 * the user can look for what is missing.
 */
static char *
nearest_directory(const struct location *location)
{
	char *path = memory_string(location->path);
	char *slash;
	struct stat st;

	while ((slash = strrchr(path, '/')) != path) {
		*slash = '\0';
		if (rump_sys_stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return path;
	}
	path[1] = '\0';
	return path;
}

void
location_report(const struct location *location, const char *what, int error)
{
	char *place;

	location_use(location);
	if (error != ENOENT || location->image == NULL) {
		report("%s %s%s: %s", what, location->prefix, location->shown,
		    location->files->reason(error));
		return;
	}
	place = nearest_directory(location);
	report("%s %s%s: %s; see \"rump ls %s:%s\"", what, location->prefix, location->shown,
	    strerror(error), image_name(location->image), place);
	free(place);
}
