/*
 * Filling a file system that was just made.
 *
 * As few calls as there can be for each file: modes are right from the start,
 * since nothing is masked, and owners are set where they are not the superuser's.
 */
#include "tools/rump/fill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/memory.h"
#include "tools/rump/progress.h"
#include "tools/rump/report.h"

bool
fill_begin(struct fill *fill, const struct fill_rules *rules, const char *path)
{
	struct statfs space;

	*fill = (struct fill){ .rules = rules };
	rump_sys_umask(0);
	fill->root = rump_sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fill->root >= 0 && rump_sys_fstatfs(fill->root, &space) == 0) {
		fill->fragment_size = (uint32_t)space.f_frsize;
		return true;
	}
	report_unable("cannot open the new file system: %s", strerror(errno));
	return false;
}

void
fill_end(struct fill *fill)
{
	if (fill->xattr_losses == 1)
		report_note("extended attributes of a file are not kept: %s", fill->xattr_loss);
	else if (fill->xattr_losses > 1)
		report_note("extended attributes of %llu files are not kept, like %s",
		    (unsigned long long)fill->xattr_losses, fill->xattr_loss);
	if (fill->root >= 0)
		rump_sys_close(fill->root);
	links_free(&fill->links);
	free(fill->xattr_loss);
}

/* Count what there is no room for. */
static void
count_missing(struct fill *fill, const struct fill_item *item)
{
	uint64_t size = S_ISREG(item->st->st_mode) ? (uint64_t)item->st->st_size : 0;
	uint64_t unit = fill->fragment_size;

	if (size > (uint64_t)item->st->st_blocks * 512 && item->st->st_blocks > 0)
		size = (uint64_t)item->st->st_blocks * 512;
	fill->missing_bytes += (size + unit - 1) / unit * unit;
	fill->missing_inodes++;
}

/* Something failed with errno.  Always false. */
static bool
fail(struct fill *fill, const struct fill_item *item, const char *what)
{
	if (errno == ENOSPC) {
		fill->is_full = true;
		count_missing(fill, item);
		return false;
	}
	report("cannot %s %s: %s", what, item->shown, report_reason(errno));
	if (errno == EIO || errno == EROFS)
		fill->is_stopped = true;
	return false;
}

/* Is there still room?  What there is none for is counted. */
static bool
has_room(struct fill *fill, const struct fill_item *item)
{
	if (fill->is_full)
		count_missing(fill, item);
	return !fill->is_full && !fill->is_stopped;
}

/* ---- attributes ------------------------------------------------------------------------ */

static uint32_t
owner_of(const struct fill_rules *rules, bool is_group, uint32_t id)
{
	if (rules->has_owner)
		return is_group ? rules->gid : rules->uid;
	for (size_t i = 0; i < rules->map_count; i++) {
		const struct fill_map *map = &rules->maps[i];

		if (map->is_group == is_group && id >= map->first && id - map->first < map->count)
			return map->to + (id - map->first);
	}
	return id;
}

static struct timespec
time_of(const struct fill_rules *rules, struct timespec when)
{
	if (rules->has_latest && when.tv_sec >= rules->latest)
		return (struct timespec){ .tv_sec = rules->latest };
	return when;
}

static void
times_of(const struct fill_rules *rules, const struct stat *st, struct timespec times[2])
{
	times[1] = time_of(rules, st->st_mtim);
	times[0] = rules->has_latest ? times[1] : st->st_atim;
}

/* Set owner and times, by fd or, if that is -1, by name. */
static void
set_attributes(struct fill *fill, int fd, const struct fill_item *item)
{
	const struct stat *st = item->st;
	uint32_t uid = owner_of(fill->rules, false, st->st_uid);
	uint32_t gid = owner_of(fill->rules, true, st->st_gid);
	int directory = fd >= 0 ? fd : item->directory;
	const char *name = fd >= 0 ? "" : item->name;
	int flags = fd >= 0 ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
	struct timespec times[2];

	if (uid != 0 || gid != 0) {
		if (rump_sys_fchownat(directory, name, uid, gid, flags) < 0)
			fail(fill, item, "set the owner of");
		/* A new owner takes these bits away. */
		if (fd >= 0 && (st->st_mode & (S_ISUID | S_ISGID)) != 0 &&
		    rump_sys_fchmod(fd, st->st_mode & 07777) < 0)
			fail(fill, item, "set the mode of");
	}
	times_of(fill->rules, st, times);
	if (rump_sys_utimensat(directory, fd >= 0 ? NULL : name, times,
		fd >= 0 ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		fail(fill, item, "set the times of");
}

static void
set_xattrs(struct fill *fill, int fd, const struct fill_item *item)
{
	bool is_lost = false;
	const char *name;
	const void *value;
	size_t size;

	while (item->xattr != NULL && item->xattr(item->context, &name, &value, &size)) {
		if (rump_sys_fsetxattr(fd, name, value, size, 0) == 0)
			continue;
		if (errno == ENOSPC)
			fail(fill, item, "set attributes of");
		if (!is_lost && fill->xattr_loss == NULL)
			fill->xattr_loss =
			    memory_format("%s of %s: %s", name, item->shown, strerror(errno));
		is_lost = true;
	}
	fill->xattr_losses += is_lost;
}

/* ---- files -------------------------------------------------------------------------------- */

static bool
piece_write(struct fill *fill, int fd, const struct fill_item *item, const void *bytes, size_t size,
    off_t offset)
{
	const char *from = bytes;

	while (size > 0) {
		ssize_t written = rump_sys_pwrite(fd, from, size, offset);

		if (written < 0)
			return fail(fill, item, "write");
		from += written;
		size -= (size_t)written;
		offset += written;
	}
	return true;
}

void
fill_content(struct fill *fill, int fd, const struct fill_item *item)
{
	bool is_good = true;
	const void *bytes;
	off_t end = 0, offset;
	size_t size;

	while (
	    is_good && item->piece != NULL && item->piece(item->context, &bytes, &size, &offset)) {
		is_good = piece_write(fill, fd, item, bytes, size, offset);
		end = offset + (off_t)size;
		progress_add(size, item->shown);
	}
	if (is_good && end < item->st->st_size && rump_sys_ftruncate(fd, item->st->st_size) < 0)
		fail(fill, item, "write");
	set_xattrs(fill, fd, item);
	set_attributes(fill, fd, item);
}

/* Make a file of any type.  A descriptor of a regular one, 0 for others; or -1. */
static int
file_make(const struct fill_item *item)
{
	mode_t mode = item->st->st_mode;

	if (S_ISREG(mode))
		return rump_sys_openat(item->directory, item->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 07777);
	if (S_ISLNK(mode))
		return rump_sys_symlinkat(item->target, item->directory, item->name);
	return rump_sys_mknodat(item->directory, item->name, mode & (S_IFMT | 07777),
	    item->st->st_rdev);
}

/* The file is there already: errno is EEXIST.  True if it is out of the way now. */
static bool
file_clear(const struct fill_item *item)
{
	return item->replaces && rump_sys_unlinkat(item->directory, item->name, 0) == 0;
}

bool
fill_file(struct fill *fill, const struct fill_item *item)
{
	int result;

	if (!has_room(fill, item))
		return false;
	do {
		result = file_make(item);
	} while (result < 0 && errno == EEXIST && file_clear(item));
	if (result < 0)
		return fail(fill, item, "create");
	if (!S_ISREG(item->st->st_mode)) {
		set_attributes(fill, -1, item);
		return true;
	}
	fill_content(fill, result, item);
	rump_sys_close(result);
	return true;
}

bool
fill_link(struct fill *fill, const struct fill_item *item, const char *path)
{
	int result;

	if (fill->is_full || fill->is_stopped)
		return false;
	do {
		result = rump_sys_linkat(fill->root, path, item->directory, item->name, 0);
	} while (result < 0 && errno == EEXIST && file_clear(item));
	return result == 0 ? true : fail(fill, item, "make the link");
}

bool
fill_directory(struct fill *fill, const struct fill_item *item)
{
	if (!has_room(fill, item))
		return false;
	if (rump_sys_mkdirat(item->directory, item->name, item->st->st_mode & 07777) == 0)
		return true;
	if (errno == EEXIST && item->replaces &&
	    rump_sys_fchmodat(item->directory, item->name, item->st->st_mode & 07777, 0) == 0)
		return true;
	return fail(fill, item, "make the directory");
}

void
fill_directory_end(struct fill *fill, int fd, const struct fill_item *item)
{
	set_xattrs(fill, fd, item);
	set_attributes(fill, fd, item);
}
