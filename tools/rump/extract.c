/* A temporary directory on the host, for copies of files. */
#include "tools/rump/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/memory.h"

enum {
	BUFFER_SIZE = 256 * 1024,
	DESCRIPTORS = 16, /* of nftw() */
};

static bool
is_zero(const char *bytes, size_t size)
{
	return size > 0 && bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* 0, or -1 with errno. */
static int
buffer_write(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			size -= (size_t)written;
		}
	}
	return 0;
}

/* Copy the size bytes that are in from; zeros become holes, and holes are passed over. */
static int
content_copy(int from, int to, off_t size)
{
	static _Alignas(4096) char buffer[BUFFER_SIZE];
	off_t at = 0;
	ssize_t length;

	do {
		off_t data = rump_sys_lseek(from, at, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			break;
		at = data > at ? data : at;
		length = rump_sys_pread(from, buffer, sizeof(buffer), at);
		if (length < 0)
			return -1;
		if (!is_zero(buffer, (size_t)length) &&
		    (lseek(to, at, SEEK_SET) < 0 || buffer_write(to, buffer, (size_t)length) < 0))
			return -1;
		at += length;
	} while (length > 0);
	return ftruncate(to, size > at ? size : at);
}

static int
regular_copy(const struct extract_source *source, const char *path)
{
	int from = rump_sys_openat(source->directory, source->name, O_RDONLY | O_CLOEXEC, 0);
	mode_t mode = 0600 | (source->st->st_mode & 0100);
	int to = from < 0 ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int result = to < 0 ? -1 : content_copy(from, to, source->st->st_size);
	int error = errno;

	if (from >= 0)
		rump_sys_close(from);
	if (to >= 0 && close(to) < 0 && result == 0)
		return -1;
	errno = error;
	return result;
}

static int
link_copy(const struct extract_source *source, const char *path)
{
	char target[PATH_MAX + 1];
	ssize_t length = rump_sys_readlinkat(source->directory, source->name, target, PATH_MAX);

	if (length < 0)
		return -1;
	target[length] = '\0';
	return symlink(target, path);
}

static int
source_copy(const struct extract_source *source, const char *path)
{
	if (S_ISREG(source->st->st_mode))
		return regular_copy(source, path);
	if (S_ISLNK(source->st->st_mode))
		return link_copy(source, path);
	if (S_ISDIR(source->st->st_mode))
		return mkdir(path, 0700);
	errno = EOPNOTSUPP;
	return -1;
}

static int
base_create(struct extract *extract)
{
	const char *base = getenv("TMPDIR");

	extract->path =
	    memory_format("%s/rump-XXXXXX", base != NULL && *base != '\0' ? base : "/tmp");
	if (mkdtemp(extract->path) != NULL)
		return 0;
	free(extract->path);
	extract->path = NULL;
	return -1;
}

char *
extract_file(struct extract *extract, const struct extract_source *source, const char *name)
{
	char *directory, *path;
	int result;

	if (extract->path == NULL && base_create(extract) < 0)
		return NULL;
	directory = memory_format("%s/%u", extract->path, extract->count++);
	path = memory_format("%s/%s", directory, name);
	result = mkdir(directory, 0700);
	if (result == 0)
		result = source_copy(source, path);
	free(directory);
	if (result == 0)
		return path;
	free(path);
	return NULL;
}

static int
item_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path); /* what a program has put out of reach stays */
	return 0;
}

void
extract_end(struct extract *extract)
{
	if (extract->path != NULL)
		nftw(extract->path, item_remove, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
	free(extract->path);
	*extract = (struct extract){ 0 };
}
