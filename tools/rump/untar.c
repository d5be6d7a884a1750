/*
 * Extracting an archive into an image.
 *
 * Directories get their attributes in the end, since what is put into them
 * changes their times.
 */
#include "tools/rump/untar.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/archive_read.h"
#include "tools/rump/attributes.h"
#include "tools/rump/change.h"
#include "tools/rump/interrupt.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"
#include "tools/rump/space.h"

enum {
	PARENT_MODE = 0755, /* of directories that the archive does not have */
};

/* A directory that is complete in the end. */
struct later {
	char *name;
	struct stat st;
};

struct untar {
	const struct location *location;
	const struct untar_options *options;
	struct archive_reader *reader;
	int base;    /* the directory at location */
	char *shown; /* its name with the image */
	struct attributes attributes;
	struct later *later;
	size_t later_count;
	size_t later_capacity;
	bool is_full;
};

/* A place for a member. */
struct place {
	int directory;	  /* open, or -1 */
	const char *name; /* in it */
};

static void
member_report(struct untar *untar, const char *what, const char *name)
{
	int error = errno;
	char *shown = files_path_below(untar->shown, name);

	report("%s %s: %s", what, shown, report_reason(error));
	free(shown);
	if (error == ENOSPC || error == EDQUOT || error == EROFS)
		untar->is_full = true;
}

/* ---- places ---------------------------------------------------------------------------- */

/* Open path, whose root the base is. */
static int
inside_open(const struct untar *untar, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };

	return rump_sys_openat2(untar->base, *path != '\0' ? path : ".", &how, sizeof(how));
}

/* Make the directory path, if it is not there, in the one above, which is. */
static void
step_make(const struct untar *untar, char *path)
{
	int there = inside_open(untar, path, O_PATH | O_DIRECTORY);
	char *slash = strrchr(path, '/');
	int above;

	if (there >= 0) {
		rump_sys_close(there);
		return;
	}
	if (slash != NULL)
		*slash = '\0';
	above = inside_open(untar, slash != NULL ? path : "", O_PATH | O_DIRECTORY);
	if (above >= 0) {
		rump_sys_mkdirat(above, slash != NULL ? slash + 1 : path, PARENT_MODE);
		rump_sys_close(above);
	}
}

/* Open the directory path, made with those above if need be. */
static int
parent_open(const struct untar *untar, const char *path)
{
	int directory = inside_open(untar, path, O_PATH | O_DIRECTORY);
	const char *end = path;

	if (directory >= 0 || errno != ENOENT)
		return directory;
	while (*end != '\0') {
		char *part;

		end += strspn(end, "/");
		end += strcspn(end, "/");
		part = memory_format("%.*s", (int)(end - path), path);
		step_make(untar, part);
		free(part);
	}
	return inside_open(untar, path, O_PATH | O_DIRECTORY);
}

/* Where the member called name belongs; not there after a report. */
static struct place
place_open(struct untar *untar, const char *name)
{
	const char *slash = strrchr(name, '/');
	char *parent = memory_format("%.*s", slash != NULL ? (int)(slash - name) : 0, name);
	struct place place = { parent_open(untar, parent), slash != NULL ? slash + 1 : name };

	if (place.directory < 0)
		member_report(untar, "cannot make the directory of", name);
	free(parent);
	return place;
}

/*
 * Something is at place already: errno is EEXIST.  True if it is out of the way
 * now and making it can be tried again.
 */
static bool
place_clear(const struct untar *untar, const struct place *place)
{
	return !untar->options->keeps && rump_sys_unlinkat(place->directory, place->name, 0) == 0;
}

/* Making the member failed with errno. */
static void
make_report(struct untar *untar, const char *name)
{
	if (errno != EEXIST || !untar->options->keeps)
		member_report(untar, "cannot create", name);
}

/* ---- attributes ------------------------------------------------------------------------- */

static void
xattrs_set(struct untar *untar, int fd, const char *name)
{
	const char *key;
	const void *value;
	size_t size;

	while (archive_read_xattr(untar->reader, &key, &value, &size))
		attributes_set_xattr(&untar->attributes, fd, name, key, value, size);
}

static void
attributes_give(struct untar *untar, int fd, const char *name, const struct stat *st)
{
	const char *failed = attributes_set(&untar->attributes, fd, name, st);

	if (failed != NULL)
		member_report(untar, failed, name);
}

static void
attributes_give_at(struct untar *untar, const struct place *place,
    const struct archive_member *member)
{
	const char *failed = attributes_set_at(&untar->attributes, place->directory, place->name,
	    member->name, &member->st);

	if (failed != NULL)
		member_report(untar, failed, member->name);
}

/* ---- types of members ------------------------------------------------------------------- */

static void
later_add(struct untar *untar, const struct archive_member *member)
{
	untar->later = memory_grow(untar->later, untar->later_count, &untar->later_capacity,
	    sizeof(*untar->later));
	untar->later[untar->later_count++] =
	    (struct later){ memory_string(member->name), member->st };
}

static bool
directory_make(struct untar *untar, const struct place *place, const struct archive_member *member)
{
	int fd;

	do {
		if (*place->name == '\0' ||
		    rump_sys_mkdirat(place->directory, place->name, 0700) == 0)
			errno = 0;
		fd = errno != 0 && errno != EEXIST
			 ? -1
			 : inside_open(untar, member->name, O_RDONLY | O_DIRECTORY);
	} while (fd < 0 && (errno == ENOTDIR || errno == EEXIST) && place_clear(untar, place));
	if (fd < 0) {
		errno = errno == ENOTDIR ? EEXIST : errno;
		make_report(untar, member->name);
		return false;
	}
	xattrs_set(untar, fd, member->name);
	later_add(untar, member);
	rump_sys_close(fd);
	return true;
}

/* Write all pieces to fd.  False: the target cannot take it, or need not. */
static bool
content_write(struct untar *untar, int fd, const struct archive_member *member)
{
	const void *bytes;
	size_t size;
	off_t offset;

	while (archive_read_piece(untar->reader, &bytes, &size, &offset)) {
		const char *next = bytes;

		while (size > 0) {
			ssize_t length = rump_sys_pwrite(fd, next, size, offset);

			if (length < 0 || interrupt_arrived()) {
				if (length < 0)
					member_report(untar, "cannot write", member->name);
				return false;
			}
			next += length;
			size -= (size_t)length;
			offset += length;
		}
	}
	if (rump_sys_ftruncate(fd, member->st.st_size) == 0)
		return true;
	member_report(untar, "cannot write", member->name);
	return false;
}

/* Fill the open file, which is member's; a file that is not whole is removed. */
static bool
regular_fill(struct untar *untar, const struct place *place, int fd,
    const struct archive_member *member)
{
	bool is_whole = content_write(untar, fd, member) && archive_read_is_good(untar->reader);

	xattrs_set(untar, fd, member->name);
	attributes_give(untar, fd, member->name, &member->st);
	if (rump_sys_close(fd) < 0) {
		member_report(untar, "cannot write", member->name);
		is_whole = false;
	}
	if (!is_whole)
		rump_sys_unlinkat(place->directory, place->name, 0);
	return is_whole;
}

static bool
regular_make(struct untar *untar, const struct place *place, const struct archive_member *member)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd;

	do {
		fd = rump_sys_openat(place->directory, place->name, flags, 0600);
	} while (fd < 0 && errno == EEXIST && place_clear(untar, place));
	if (fd >= 0)
		return regular_fill(untar, place, fd, member);
	make_report(untar, member->name);
	return false;
}

/* A further name of a member; in some archives the content comes with it. */
static bool
link_make(struct untar *untar, const struct place *place, const struct archive_member *member)
{
	const char *slash = strrchr(member->link, '/');
	char *parent =
	    memory_format("%.*s", slash != NULL ? (int)(slash - member->link) : 0, member->link);
	int from = inside_open(untar, parent, O_PATH | O_DIRECTORY);
	const char *name = slash != NULL ? slash + 1 : member->link;
	int result = -1;
	int error, fd;

	free(parent);
	do {
		if (from >= 0)
			result = rump_sys_linkat(from, name, place->directory, place->name, 0);
	} while (from >= 0 && result < 0 && errno == EEXIST && place_clear(untar, place));
	error = errno;
	if (from >= 0)
		rump_sys_close(from);
	errno = error;
	if (result < 0) {
		make_report(untar, member->name);
		return false;
	}
	if (!S_ISREG(member->st.st_mode) || member->st.st_size == 0)
		return true;
	fd = rump_sys_openat(place->directory, place->name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	return fd >= 0 && regular_fill(untar, place, fd, member);
}

/* A symbolic link, fifo, socket or device node. */
static bool
other_make(struct untar *untar, const struct place *place, const struct archive_member *member)
{
	mode_t mode =
	    attributes_mode(&untar->attributes, &member->st, true) | (member->st.st_mode & S_IFMT);
	int result;

	do {
		result =
		    member->target != NULL
			? rump_sys_symlinkat(member->target, place->directory, place->name)
			: rump_sys_mknodat(place->directory, place->name, mode, member->st.st_rdev);
	} while (result < 0 && errno == EEXIST && place_clear(untar, place));
	if (result < 0) {
		make_report(untar, member->name);
		return false;
	}
	attributes_give_at(untar, place, member);
	return true;
}

static void
member_make(struct untar *untar, const struct archive_member *member)
{
	struct place place;
	bool is_made;

	if (*member->name == '\0' && !S_ISDIR(member->st.st_mode)) {
		report("a file in the archive has the name of the top directory; it is left out");
		return;
	}
	place = place_open(untar, member->name);
	if (place.directory < 0)
		return;
	if (member->link != NULL)
		is_made = link_make(untar, &place, member);
	else if (S_ISDIR(member->st.st_mode))
		is_made = directory_make(untar, &place, member);
	else if (S_ISREG(member->st.st_mode))
		is_made = regular_make(untar, &place, member);
	else
		is_made = other_make(untar, &place, member);
	rump_sys_close(place.directory);
	if (is_made && untar->options->is_verbose) {
		char *shown = files_path_below(untar->location->shown, member->name);

		change_say(untar->location, "extracted", shown);
		free(shown);
	}
}

/* ---- the whole -------------------------------------------------------------------------- */

/* Directories are complete; the deepest come last, and first here. */
static void
later_finish(struct untar *untar)
{
	while (untar->later_count > 0) {
		struct later *later = &untar->later[--untar->later_count];
		int fd = inside_open(untar, later->name, O_RDONLY | O_DIRECTORY);

		if (fd >= 0) {
			attributes_give(untar, fd, later->name, &later->st);
			rump_sys_close(fd);
		}
		free(later->name);
	}
	free(untar->later);
}

/* Say how much room is missing for member and what follows it. */
static void
rest_report(struct untar *untar, const struct archive_member *member)
{
	struct archive_member rest = *member;
	struct space space;

	space_begin(&space, untar->location);
	do {
		rest.st.st_blocks = rest.st.st_size / 512 + 1;
		rest.st.st_nlink = 1;
		if (rest.link == NULL)
			space_add(&space, &rest.st);
	} while (!interrupt_arrived() && archive_read_member(untar->reader, &rest));
	space_report(&space);
	space_end(&space);
}

static void
members_make(struct untar *untar)
{
	struct archive_member member;

	while (!interrupt_arrived() && archive_read_member(untar->reader, &member)) {
		member_make(untar, &member);
		if (untar->is_full) {
			rest_report(untar, &member);
			return;
		}
	}
}

void
untar(int fd, const char *shown, const struct location *location,
    const struct untar_options *options)
{
	struct untar untar = {
		.location = location,
		.options = options,
		.base = location_open(location, O_RDONLY | O_DIRECTORY),
		.attributes = { .files = &image_files, .owner = options->owner },
	};

	if (untar.base < 0) {
		location_report(location, "cannot extract to", errno);
		return;
	}
	untar.shown = memory_format("%s%s", location->prefix, location->shown);
	untar.reader = archive_read_begin(fd, shown);
	if (untar.reader != NULL) {
		members_make(&untar);
		later_finish(&untar);
		archive_read_end(untar.reader);
	}
	rump_sys_close(untar.base);
	attributes_report(&untar.attributes, untar.shown);
	free(untar.shown);
}
