/*
 * A tar archive being written, by libarchive.
 *
 * Nothing of the moment gets into it, so an image gives the same bytes each
 * time.  Data and holes of a file are found first; where there are holes, the
 * archive has the data only, and the writer is given zeros for holes, which it
 * drops.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/archive.h"
#include "tools/rump/archive_library.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

enum {
	BUFFER_SIZE = 256 * 1024,
	XATTR_NAMES = 64 * 1024,
	XATTR_VALUE = 64 * 1024,
};

struct archive_file {
	struct archive *archive;
	struct archive_entry *entry;
	char *buffer;
	bool is_broken;
};

static int
packing_add(struct archive *archive, enum archive_packing packing)
{
	switch (packing) {
	case ARCHIVE_GZIP:
		return libarchive.archive_write_add_filter_gzip(archive);
	case ARCHIVE_XZ:
		return libarchive.archive_write_add_filter_xz(archive);
	case ARCHIVE_ZSTD:
		return libarchive.archive_write_add_filter_zstd(archive);
	default:
		return libarchive.archive_write_add_filter_none(archive);
	}
}

struct archive_file *
archive_begin(int fd, enum archive_packing packing)
{
	struct archive_file *file = memory_resize(NULL, 1, sizeof(*file));

	*file = (struct archive_file){ .archive = libarchive.archive_write_new(),
		.entry = libarchive.archive_entry_new(),
		.buffer = memory_resize(NULL, BUFFER_SIZE, 1) };
	if (file->archive == NULL || file->entry == NULL)
		report_no_memory();
	if (packing_add(file->archive, packing) == ARCHIVE_OK &&
	    libarchive.archive_write_set_format_pax(file->archive) == ARCHIVE_OK &&
	    (packing != ARCHIVE_GZIP || libarchive.archive_write_set_options(file->archive,
					    "gzip:!timestamp") == ARCHIVE_OK) &&
	    /* No padding, which depends on what fd is. */
	    libarchive.archive_write_set_bytes_in_last_block(file->archive, 1) == ARCHIVE_OK &&
	    libarchive.archive_write_open_fd(file->archive, fd) == ARCHIVE_OK)
		return file;
	report_unable("cannot begin the archive: %s",
	    libarchive.archive_error_string(file->archive));
	file->is_broken = true;
	archive_end(file);
	return NULL;
}

/* ---- attributes ------------------------------------------------------------------- */

static void
xattrs_add(struct archive_entry *entry, int fd)
{
	static char names[XATTR_NAMES], value[XATTR_VALUE];
	ssize_t length = rump_sys_flistxattr(fd, names, sizeof(names));

	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		const char *name = names + at;
		ssize_t size = rump_sys_fgetxattr(fd, name, value, sizeof(value));

		if (size >= 0 && strncmp(name, "rump.", 5) != 0)
			libarchive.archive_entry_xattr_add_entry(entry, name, value, (size_t)size);
	}
}

/* Nanoseconds that no clock shows count as none. */
static long
nanoseconds(const struct timespec *when)
{
	return when->tv_nsec >= 0 && when->tv_nsec <= 999999999 ? when->tv_nsec : 0;
}

static void
entry_fill(struct archive_entry *entry, const struct archive_item *item)
{
	const struct stat *st = item->st;

	libarchive.archive_entry_clear(entry);
	libarchive.archive_entry_set_pathname(entry, item->name);
	libarchive.archive_entry_set_mode(entry, st->st_mode);
	libarchive.archive_entry_set_uid(entry, st->st_uid);
	libarchive.archive_entry_set_gid(entry, st->st_gid);
	libarchive.archive_entry_set_mtime(entry, st->st_mtim.tv_sec, nanoseconds(&st->st_mtim));
	libarchive.archive_entry_set_atime(entry, st->st_atim.tv_sec, nanoseconds(&st->st_atim));
	libarchive.archive_entry_set_size(entry,
	    S_ISREG(st->st_mode) && item->link == NULL ? st->st_size : 0);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		libarchive.archive_entry_set_rdev(entry, st->st_rdev);
	if (item->target != NULL)
		libarchive.archive_entry_set_symlink(entry, item->target);
	if (item->link != NULL)
		libarchive.archive_entry_set_hardlink(entry, item->link);
	else if (item->fd >= 0)
		xattrs_add(entry, item->fd);
}

/* ---- content --------------------------------------------------------------------------- */

/* Tell the entry where data is, if not everywhere. */
static void
holes_add(struct archive_entry *entry, const struct archive_item *item)
{
	off_t size = item->st->st_size;
	off_t data = 0, hole;

	if (item->st->st_blocks >= (size + 511) / 512)
		return;
	while (data < size) {
		data = rump_sys_lseek(item->fd, data, SEEK_DATA);
		if (data < 0 || data >= size)
			break;
		hole = rump_sys_lseek(item->fd, data, SEEK_HOLE);
		if (hole <= data || hole > size)
			hole = size;
		libarchive.archive_entry_sparse_add_entry(entry, data, hole - data);
		data = hole;
	}
	if (libarchive.archive_entry_sparse_count(entry) == 0)
		libarchive.archive_entry_sparse_add_entry(entry, size, 0);
}

/* What the archive cannot take, so that it is of no use. */
static bool
archive_break(struct archive_file *file, const char *shown)
{
	report("cannot write the archive, at %s: %s", shown, archive_library_reason(file->archive));
	file->is_broken = true;
	return false;
}

/* Write length bytes; the archive has room for all of a file's size. */
static bool
bytes_write(struct archive_file *file, const char *bytes, size_t length, const char *shown)
{
	while (length > 0) {
		la_ssize_t written = libarchive.archive_write_data(file->archive, bytes, length);

		if (written <= 0)
			return archive_break(file, shown);
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

/* Zeros for a hole. */
static bool
zeros_write(struct archive_file *file, off_t length, const char *shown)
{
	static const char zeros[BUFFER_SIZE];

	while (length > 0) {
		size_t size = length < BUFFER_SIZE ? (size_t)length : BUFFER_SIZE;

		if (!bytes_write(file, zeros, size, shown))
			return false;
		length -= (off_t)size;
	}
	return true;
}

/* The bytes from begin to end.  What cannot be read is zeros, after a report. */
static bool
range_write(struct archive_file *file, const struct archive_item *item, off_t begin, off_t end,
    const char *shown)
{
	off_t left = end - begin;
	bool is_good = rump_sys_lseek(item->fd, begin, SEEK_SET) == begin;

	while (left > 0) {
		size_t size = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
		ssize_t length = is_good ? rump_sys_read(item->fd, file->buffer, size) : 0;

		if (length <= 0) {
			if (is_good)
				report("cannot read %s: %s", shown,
				    length < 0 ? report_reason(errno) : "it ends too early");
			is_good = false;
			memset(file->buffer, 0, size);
			length = (ssize_t)size;
		}
		if (!bytes_write(file, file->buffer, (size_t)length, shown))
			return false;
		left -= length;
	}
	return true;
}

/* Data and holes as the entry was told that they are. */
static bool
content_write(struct archive_file *file, const struct archive_item *item, const char *shown)
{
	off_t size = item->st->st_size;
	la_int64_t offset, length;
	off_t at = 0;

	if (libarchive.archive_entry_sparse_reset(file->entry) == 0)
		return range_write(file, item, 0, size, shown);
	while (libarchive.archive_entry_sparse_next(file->entry, &offset, &length) == ARCHIVE_OK) {
		if (!zeros_write(file, offset - at, shown) ||
		    !range_write(file, item, offset, offset + length, shown))
			return false;
		at = offset + length;
	}
	return zeros_write(file, size - at, shown);
}

static int
header_write(struct archive_file *file)
{
	locale_t before = archive_library_enter();
	int result = libarchive.archive_write_header(file->archive, file->entry);

	archive_library_leave(before);
	return result;
}

bool
archive_add(struct archive_file *file, const struct archive_item *item, const char *shown)
{
	bool has_content = S_ISREG(item->st->st_mode) && item->link == NULL && item->fd >= 0;
	int result;

	entry_fill(file->entry, item);
	if (has_content)
		holes_add(file->entry, item);
	result = header_write(file);
	if (result == ARCHIVE_FATAL)
		return archive_break(file, shown);
	if (result < ARCHIVE_WARN) {
		report("cannot put %s into the archive: %s", shown,
		    libarchive.archive_error_string(file->archive));
		return true;
	}
	return !has_content || content_write(file, item, shown);
}

bool
archive_end(struct archive_file *file)
{
	bool is_good = !file->is_broken;

	if (is_good && libarchive.archive_write_close(file->archive) != ARCHIVE_OK) {
		report("cannot write the archive: %s", archive_library_reason(file->archive));
		is_good = false;
	}
	if (file->is_broken)
		libarchive.archive_write_fail(file->archive);
	libarchive.archive_entry_free(file->entry);
	libarchive.archive_write_free(file->archive);
	free(file->buffer);
	free(file);
	return is_good;
}
