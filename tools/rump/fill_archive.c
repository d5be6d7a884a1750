/*
 * Filling a file system with what is in an archive.
 *
 * Members come in any order: directories that are missing on the way are made, and
 * directories get their times when everything is there.  A member that comes
 * twice counts as it comes last.  The way to a member leads through directories
 * only: the kernel is asked to follow no symbolic link.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/archive.h"
#include "tools/rump/archive_read.h"
#include "tools/rump/fill.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

enum {
	USUAL_MODE = 0755, /* of directories that the archive does not have */
};

/* A directory that the archive has, to be completed at the end. */
struct directory {
	char *path;
	struct stat st;
};

/* Where members are made: the directory that was used last is kept open. */
struct place {
	char *path; /* NULL: none */
	int fd;
};

struct unpacking {
	struct fill *fill;
	struct archive_reader *reader;
	const char *shown; /* the archive */
	struct place place;
	struct directory *directories;
	size_t directory_count;
	size_t directory_capacity;
};

/* ---- places ----------------------------------------------------------------------- */

/* Open path from the root of the new file system, through directories only. */
static int
path_open(const struct unpacking *unpacking, const char *path, unsigned flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};

	return rump_sys_openat2(unpacking->fill->root, *path != '\0' ? path : ".", &how,
	    sizeof(how));
}

/* Make all directories of path that are not there. */
static void
path_make(const struct unpacking *unpacking, char *path)
{
	for (char *slash = path; slash != NULL;) {
		int parent;

		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		/* One that exists stays as it is; what else is wrong shows when it is opened. */
		parent = path_open(unpacking, path, O_RDONLY | O_DIRECTORY);
		if (parent >= 0)
			rump_sys_close(parent);
		else if (errno == ENOENT)
			rump_sys_mkdirat(unpacking->fill->root, path, USUAL_MODE);
		if (slash != NULL)
			*slash = '/';
	}
}

static void
place_close(struct place *place)
{
	if (place->path != NULL)
		rump_sys_close(place->fd);
	free(place->path);
	place->path = NULL;
}

/* The directory that the last part of name, *last, is in; -1 with errno. */
static int
place_of(struct unpacking *unpacking, const char *name, const char **last)
{
	struct place *place = &unpacking->place;
	const char *slash = strrchr(name, '/');
	size_t length = slash != NULL ? (size_t)(slash - name) : 0;

	*last = slash != NULL ? slash + 1 : name;
	if (place->path != NULL && strlen(place->path) == length &&
	    memcmp(place->path, name, length) == 0)
		return place->fd;
	place_close(place);
	place->path = memory_format("%.*s", (int)length, name);
	place->fd = path_open(unpacking, place->path, O_RDONLY | O_DIRECTORY);
	if (place->fd < 0 && errno == ENOENT) {
		path_make(unpacking, place->path);
		place->fd = path_open(unpacking, place->path, O_RDONLY | O_DIRECTORY);
	}
	if (place->fd >= 0)
		return place->fd;
	free(place->path);
	place->path = NULL;
	return -1;
}

/* ---- members ------------------------------------------------------------------------- */

static bool
member_piece(void *context, const void **bytes, size_t *size, off_t *offset)
{
	struct unpacking *unpacking = context;

	return archive_read_piece(unpacking->reader, bytes, size, offset);
}

static bool
member_xattr(void *context, const char **name, const void **value, size_t *size)
{
	struct unpacking *unpacking = context;

	return archive_read_xattr(unpacking->reader, name, value, size);
}

static void
directory_remember(struct unpacking *unpacking, const struct archive_member *member)
{
	unpacking->directories = memory_grow(unpacking->directories, unpacking->directory_count,
	    &unpacking->directory_capacity, sizeof(*unpacking->directories));
	unpacking->directories[unpacking->directory_count++] =
	    (struct directory){ memory_string(member->name), member->st };
}

/* Its attributes, unlike its times, are at hand now only. */
static void
directory_add(struct unpacking *unpacking, const struct archive_member *member,
    struct fill_item *item)
{
	bool is_there = *member->name == '\0' || fill_directory(unpacking->fill, item);
	int fd = is_there ? path_open(unpacking, member->name, O_RDONLY | O_DIRECTORY) : -1;

	if (fd < 0)
		return;
	if (*member->name == '\0')
		rump_sys_fchmod(fd, member->st.st_mode & 07777);
	fill_directory_end(unpacking->fill, fd, item);
	rump_sys_close(fd);
	directory_remember(unpacking, member);
}

/* A further name of a file; in some archives the content comes with the last of them. */
static void
link_add(struct unpacking *unpacking, const struct archive_member *member,
    const struct fill_item *item)
{
	int fd;

	if (!fill_link(unpacking->fill, item, member->link) || member->st.st_size == 0)
		return;
	fd = path_open(unpacking, member->link, O_WRONLY);
	if (fd < 0)
		return;
	fill_content(unpacking->fill, fd, item);
	rump_sys_close(fd);
}

static void
member_add(struct unpacking *unpacking, const struct archive_member *member)
{
	struct fill_item item = {
		.shown = member->name,
		.st = &member->st,
		.target = member->target,
		.replaces = true,
		.piece = member_piece,
		.xattr = member_xattr,
		.context = unpacking,
	};

	item.directory =
	    unpacking->fill->is_full ? -1 : place_of(unpacking, member->name, &item.name);
	if (item.directory < 0 && !unpacking->fill->is_full)
		report("cannot make %s: %s", member->name, strerror(errno));
	else if (member->link != NULL)
		link_add(unpacking, member, &item);
	else if (S_ISDIR(member->st.st_mode))
		directory_add(unpacking, member, &item);
	else
		fill_file(unpacking->fill, &item);
}

/* All is there: times of directories stay now. */
static void
directories_end(struct unpacking *unpacking)
{
	for (size_t i = 0; i < unpacking->directory_count; i++) {
		struct directory *directory = &unpacking->directories[i];
		const struct fill_item item = { .shown = directory->path, .st = &directory->st };
		int fd = path_open(unpacking, directory->path, O_RDONLY | O_DIRECTORY);

		if (fd >= 0) {
			fill_directory_end(unpacking->fill, fd, &item);
			rump_sys_close(fd);
		}
		free(directory->path);
	}
	free(unpacking->directories);
}

bool
fill_from_archive(struct fill *fill, const char *file)
{
	struct unpacking unpacking = { .fill = fill, .shown = file };
	int fd = strcmp(file, "-") == 0 ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC);
	struct archive_member member;

	if (fd < 0) {
		report_unable("cannot open %s: %s", file, strerror(errno));
		return false;
	}
	unpacking.reader = archive_read_begin(fd, file);
	if (unpacking.reader != NULL) {
		while (!fill->is_stopped && archive_read_member(unpacking.reader, &member))
			member_add(&unpacking, &member);
		fill->is_stopped |= !archive_read_is_good(unpacking.reader);
		archive_read_end(unpacking.reader);
	}
	place_close(&unpacking.place);
	directories_end(&unpacking);
	close(fd);
	return unpacking.reader != NULL;
}
