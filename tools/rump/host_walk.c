/* Walking a directory tree of the host, in the order of bytes. */
#include "tools/rump/host_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rump/memory.h"
#include "tools/rump/report.h"

static int
by_bytes(const struct entry *left, const struct entry *right, const void *context)
{
	(void)context;
	return strcmp(left->name, right->name);
}

static struct host_level *
level_here(const struct host_walk *walk)
{
	return &walk->levels[walk->depth - 1];
}

int
host_walk_directory(const struct host_walk *walk)
{
	return trail_here(&walk->trail);
}

const char *
host_walk_path(struct host_walk *walk, const char *name)
{
	size_t length = level_here(walk)->path_length;
	bool has_slash = length > 0 && walk->path[length - 1] != '/';
	size_t size = length + strlen(name) + 2;

	if (size > walk->path_capacity) {
		walk->path_capacity = 2 * size;
		walk->path = memory_resize(walk->path, walk->path_capacity, 1);
	}
	snprintf(walk->path + length, size - length, "%s%s", has_slash ? "/" : "", name);
	return walk->path;
}

static void
walk_report(struct host_walk *walk, const char *what, const char *name)
{
	report("cannot %s %s: %s", what, host_walk_path(walk, name), strerror(errno));
}

/* Read the present directory, whose level has been pushed. */
static void
level_read(struct host_walk *walk)
{
	struct host_level *level = level_here(walk);
	int error =
	    listing_read(&level->listing, &host_files, host_walk_directory(walk), LISTING_NOT_DOTS);

	level->next = 0;
	listing_sort(&level->listing, by_bytes, NULL);
	if (error != 0) {
		errno = error;
		walk_report(walk, "read the directory", "");
	}
}

static void
level_push(struct host_walk *walk, size_t path_length)
{
	if (walk->depth == walk->level_count) {
		walk->levels = memory_grow(walk->levels, walk->level_count, &walk->level_capacity,
		    sizeof(*walk->levels));
		walk->levels[walk->level_count++] = (struct host_level){ 0 };
	}
	walk->depth++;
	level_here(walk)->path_length = path_length;
	level_read(walk);
}

bool
host_walk_begin(struct host_walk *walk, const char *directory, const struct stat *skip)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*walk = (struct host_walk){ .skip = skip };
	if (fd < 0 || fstat(fd, &walk->st) < 0 || trail_begin(&walk->trail, &host_files, fd) < 0) {
		report_unable("cannot open %s: %s", directory, strerror(errno));
		return false;
	}
	walk->path = memory_string(directory);
	walk->path_capacity = strlen(directory) + 1;
	level_push(walk, strlen(directory));
	return true;
}

static bool
is_skipped(const struct host_walk *walk, const struct stat *st)
{
	const struct stat *skip = walk->skip;

	return skip != NULL && skip->st_ino == st->st_ino && skip->st_dev == st->st_dev;
}

struct entry *
host_walk_next(struct host_walk *walk)
{
	struct host_level *level = level_here(walk);

	while (level->next < level->listing.count) {
		struct entry *entry = level->listing.order[level->next++];

		if (fstatat(host_walk_directory(walk), entry->name, &entry->st,
			AT_SYMLINK_NOFOLLOW) < 0) {
			walk_report(walk, "access", entry->name);
		} else if (!is_skipped(walk, &entry->st)) {
			entry->has_stat = true;
			return entry;
		}
	}
	return NULL;
}

bool
host_walk_enter(struct host_walk *walk, const char *name)
{
	size_t length = strlen(host_walk_path(walk, name));

	if (trail_down(&walk->trail, name) < 0) {
		walk_report(walk, "open the directory", name);
		return false;
	}
	level_push(walk, length);
	return true;
}

void
host_walk_leave(struct host_walk *walk)
{
	listing_clear(&level_here(walk)->listing);
	walk->depth--;
	if (walk->depth == 0)
		return;
	if (trail_up(&walk->trail) < 0) {
		walk_report(walk, "get back to", "");
		walk->depth = 0;
	}
}

void
host_walk_end(struct host_walk *walk)
{
	trail_end(&walk->trail);
	for (size_t i = 0; i < walk->level_count; i++)
		listing_free(&walk->levels[i].listing);
	free(walk->levels);
	free(walk->path);
	*walk = (struct host_walk){ 0 };
}
