/*
 * rump tar: make a tar archive of what is in an image, or, in untar.c, extract one
 * into it.
 *
 * Names in the archive are relative to the place that was named; in the order
 * of bytes, a directory before what is in it, so that an image always gives the
 * same archive.  Sockets have no place in one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/archive.h"
#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/links.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"
#include "tools/rump/untar.h"
#include "tools/rump/walk.h"

enum {
	OPTION_ZSTD = OPTION_LONG,
	OPTION_OWNER,
};

static const struct option_row rows[] = {
	{ 'c', "create", NULL, "make an archive, as without -x" },
	{ 'f', "file", "FILE", "the archive, instead of standard output or, with -x, input" },
	{ 'k', "keep-old-files", NULL, "with -x, keep files that exist, and say nothing" },
	{ OPTION_OWNER, "owner", "OWNER",
	    "with -x, whom files belong to: USER, USER:GROUP, :GROUP" },
	{ 'v', NULL, NULL, "tell what is archived or extracted" },
	{ 'x', "extract", NULL, "extract an archive into the image" },
	{ 'J', "xz", NULL, "packed with xz" },
	{ 'z', "gzip", NULL, "packed with gzip" },
	{ OPTION_ZSTD, "zstd", NULL, "packed with zstd" },
	{ 0 },
};

struct tar {
	const char *file; /* NULL: standard output or input */
	const char *owner;
	struct untar_options extracting; /* is_verbose holds for both ways */
	bool creates, extracts;
	enum archive_packing packing;
	struct archive_file *archive;
	struct links links; /* names in the archive */
	bool is_broken;
};

/* The place of a file in an image. */
struct source {
	int directory;
	const char *name;
	const char *shown; /* with the image */
};

/* Open what has content or extended attributes; -1 for others. */
static int
source_open(const struct source *source, const struct stat *st)
{
	int flags = O_RDONLY | O_CLOEXEC;
	int fd = -1;

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return -1;
	fd = rump_sys_openat(source->directory, source->name, flags, 0);
	if (fd < 0)
		report("cannot open %s: %s", source->shown, report_reason(errno));
	return fd;
}

/* Where a symbolic link points to; false after a report. */
static bool
target_read(const struct source *source, char target[PATH_MAX + 1])
{
	ssize_t length = rump_sys_readlinkat(source->directory, source->name, target, PATH_MAX);

	if (length < 0)
		report("cannot read the link %s: %s", source->shown, report_reason(errno));
	target[length < 0 ? 0 : length] = '\0';
	return length >= 0;
}

static bool
is_standard(const char *file)
{
	return file == NULL || strcmp(file, "-") == 0;
}

/* What -v says is not to get into the archive. */
static void
name_say(const struct tar *tar, const char *shown)
{
	FILE *out = is_standard(tar->file) ? stderr : stdout;

	fputs("archived ", out);
	name_print(out, shown, name_style_default());
	putc('\n', out);
}

/* Add the file as name. */
static void
file_add(struct tar *tar, const struct source *source, const char *name, const struct stat *st)
{
	struct archive_item item = { .name = name, .st = st, .fd = -1 };
	bool has_links = !S_ISDIR(st->st_mode) && st->st_nlink > 1;
	char target[PATH_MAX + 1];

	if (S_ISSOCK(st->st_mode)) {
		report_note("%s is a socket, and left out", source->shown);
		return;
	}
	if (has_links)
		item.link = links_find(&tar->links, st->st_dev, st->st_ino);
	if (S_ISLNK(st->st_mode)) {
		if (!target_read(source, target))
			return;
		item.target = target;
	}
	if (item.link == NULL) {
		item.fd = source_open(source, st);
		if (item.fd < 0 && S_ISREG(st->st_mode))
			return;
	}
	tar->is_broken = !archive_add(tar->archive, &item, source->shown);
	if (tar->extracting.is_verbose && !tar->is_broken)
		name_say(tar, source->shown);
	if (has_links && item.link == NULL)
		links_add(&tar->links, st->st_dev, st->st_ino, name);
	if (item.fd >= 0)
		rump_sys_close(item.fd);
}

/* ---- trees -------------------------------------------------------------------------- */

static void
entry_add(struct tar *tar, struct walk *walk, const struct entry *entry)
{
	char *shown =
	    memory_format("%s%s", walk->location->prefix, walk_path_of(walk, entry->name));
	const char *below = walk_path_of(walk, entry->name) + strlen(walk->location->shown);
	struct source source = { walk_directory(walk), entry->name, shown };
	char *name = memory_format("./%s", below + strspn(below, "/"));

	if (entry->has_stat)
		file_add(tar, &source, name, &entry->st);
	if (entry->has_stat && entry->type == DT_DIR && !tar->is_broken)
		walk_enter(walk, entry->name);
	free(name);
	free(shown);
}

static int
by_bytes(const struct entry *left, const struct entry *right, const void *context)
{
	(void)context;
	return strcmp(left->name, right->name);
}

static void
tree_add(struct tar *tar, const struct location *location)
{
	struct walk_plan plan = {
		.hidden = LISTING_NOT_DOTS,
		.wants_stat = true,
		.compare = by_bytes,
	};
	struct entry *entry;
	struct walk walk;

	walk_begin(&walk, location, &plan);
	while (walk.depth > 0 && !tar->is_broken) {
		entry = walk_next(&walk);
		if (entry == NULL)
			walk_leave(&walk);
		else
			entry_add(tar, &walk, entry);
	}
	walk_end(&walk);
}

static void
location_add(struct tar *tar, const struct location *location)
{
	char *shown = memory_format("%s%s", location->prefix, location->shown);
	struct source source = { AT_FDCWD, location->path, shown };
	const char *slash = strrchr(location->path, '/');
	struct stat st;

	if (location_stat(location, &st, true) < 0) {
		location_report(location, "cannot access", errno);
	} else if (S_ISDIR(st.st_mode)) {
		file_add(tar, &source, "./", &st);
		if (!tar->is_broken)
			tree_add(tar, location);
	} else {
		file_add(tar, &source, slash + 1, &st);
	}
	free(shown);
}

/* ---- the command ------------------------------------------------------------------------ */

/* Where the archive goes: a descriptor, or -1 after a report. */
static int
output_open(const char *name)
{
	int fd;

	if (is_standard(name)) {
		if (!isatty(STDOUT_FILENO))
			return STDOUT_FILENO;
		report_usage("an archive is nothing for a terminal; say -f FILE");
		return -1;
	}
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		report("cannot create %s: %s", name, strerror(errno));
	return fd;
}

static bool
option_take_one(void *context, int id, const char *value)
{
	struct tar *tar = context;

	switch (id) {
	case 'c':
		tar->creates = true;
		return true;
	case 'f':
		tar->file = value;
		return true;
	case 'k':
		tar->extracting.keeps = true;
		return true;
	case 'v':
		tar->extracting.is_verbose = true;
		return true;
	case 'x':
		tar->extracts = true;
		return true;
	case OPTION_OWNER:
		tar->owner = value;
		return true;
	case 'J':
		tar->packing = ARCHIVE_XZ;
		return true;
	case 'z':
		tar->packing = ARCHIVE_GZIP;
		return true;
	default:
		tar->packing = ARCHIVE_ZSTD;
		return true;
	}
}

static void
archive_write(struct tar *tar, const struct location *location)
{
	int fd = output_open(tar->file);

	if (fd < 0)
		return;
	tar->archive = archive_begin(fd, tar->packing);
	if (tar->archive != NULL) {
		location_add(tar, location);
		archive_end(tar->archive);
	}
	if (fd != STDOUT_FILENO && close(fd) < 0)
		report("cannot write %s: %s", tar->file, strerror(errno));
}

/* Where the archive comes from: a descriptor, or -1 after a report. */
static int
input_open(const char *name)
{
	int fd;

	if (is_standard(name)) {
		if (!isatty(STDIN_FILENO))
			return STDIN_FILENO;
		report_usage("an archive does not come from a terminal; say -f FILE");
		return -1;
	}
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		report_unable("cannot open %s: %s", name, strerror(errno));
	return fd;
}

static void
archive_extract(struct tar *tar, const struct location *location)
{
	int fd;

	tar->extracting.owner = (struct owner){ OWNER_UNCHANGED, OWNER_UNCHANGED };
	if (tar->owner != NULL && !owner_find(location, tar->owner, &tar->extracting.owner))
		return;
	fd = input_open(tar->file);
	if (fd < 0)
		return;
	untar(fd, is_standard(tar->file) ? "that was given" : tar->file, location,
	    &tar->extracting);
	if (fd != STDIN_FILENO)
		close(fd);
}

static int
tar_run(int argc, char **argv)
{
	struct tar tar = { 0 };
	struct location *location;
	int first = options_parse(&tar_command, argc, argv, option_take_one, &tar);

	if (first == 0)
		return report_status();
	if (!archive_is_available())
		return report_usage(
		    "archives are neither made nor read without libarchive, which is missing here");
	if (tar.creates && tar.extracts)
		return report_usage("-c makes an archive, -x extracts one: say one of them");
	if (first + 1 != argc)
		return report_usage("one archive holds one place of one image");
	location =
	    tar.extracts ? image_locate_writable(argv + first, 1) : image_locate(argv + first, 1);
	if (location->image != NULL && tar.extracts)
		archive_extract(&tar, location);
	else if (location->image != NULL)
		archive_write(&tar, location);
	image_locations_free(location, 1);
	links_free(&tar.links);
	return report_status();
}

const struct command tar_command = {
	.name = "tar",
	.operands = "IMAGE[:PATH]",
	.summary = "make an archive of files, or extract one",
	.options = rows,
	.wanted = "say which image to make an archive of",
	.here = ".",
	.run = tar_run,
};
