/* Comparing two files. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "tools/rump/diff_impl.h"
#include "tools/rump/mode.h"

enum {
	BUFFER_SIZE = 256 * 1024,
	XATTR_LIST = 64 * 1024,
	XATTR_VALUE = 64 * 1024,
	TEXT_SIZE = 80,
};

/* ---- attributes ------------------------------------------------------------------- */

static void
numbers_compare(struct diff *diff, const char *path, const char *what, unsigned long long first,
    unsigned long long second)
{
	char texts[2][TEXT_SIZE];

	if (first == second)
		return;
	snprintf(texts[0], TEXT_SIZE, "%llu", first);
	snprintf(texts[1], TEXT_SIZE, "%llu", second);
	diff_say(diff, path, what, texts[0], texts[1]);
}

static void
time_text(char text[TEXT_SIZE], struct timespec when)
{
	struct tm fields;
	size_t length;

	if (localtime_r(&when.tv_sec, &fields) == NULL) {
		snprintf(text, TEXT_SIZE, "%lld.%09ld", (long long)when.tv_sec, when.tv_nsec);
		return;
	}
	length = strftime(text, TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &fields);
	snprintf(text + length, TEXT_SIZE - length, ".%09ld", when.tv_nsec);
}

static void
times_compare(struct diff *diff, const struct diff_pair *pair)
{
	const struct timespec *first = &pair->st[0].st_mtim, *second = &pair->st[1].st_mtim;
	char texts[2][TEXT_SIZE];

	if (first->tv_sec == second->tv_sec && first->tv_nsec == second->tv_nsec)
		return;
	time_text(texts[0], *first);
	time_text(texts[1], *second);
	diff_say(diff, pair->path, "mtime", texts[0], texts[1]);
}

/* The permissions of symbolic links mean nothing. */
static void
modes_compare(struct diff *diff, const struct diff_pair *pair)
{
	char texts[2][TEXT_SIZE];

	if (((pair->st[0].st_mode ^ pair->st[1].st_mode) & 07777) == 0 ||
	    S_ISLNK(pair->st[0].st_mode))
		return;
	for (int i = 0; i < 2; i++)
		snprintf(texts[i], TEXT_SIZE, "%04o", pair->st[i].st_mode & 07777);
	diff_say(diff, pair->path, "mode", texts[0], texts[1]);
}

static void
attributes_compare(struct diff *diff, const struct diff_pair *pair)
{
	const struct stat *st = pair->st;

	if (!diff->ignores_modes)
		modes_compare(diff, pair);
	if (!diff->ignores_owners) {
		numbers_compare(diff, pair->path, "uid", st[0].st_uid, st[1].st_uid);
		numbers_compare(diff, pair->path, "gid", st[0].st_gid, st[1].st_gid);
	}
	if (!diff->ignores_links && !S_ISDIR(st[0].st_mode))
		numbers_compare(diff, pair->path, "links", st[0].st_nlink, st[1].st_nlink);
	if (!diff->ignores_times)
		times_compare(diff, pair);
	if (S_ISCHR(st[0].st_mode) || S_ISBLK(st[0].st_mode)) {
		numbers_compare(diff, pair->path, "major", major(st[0].st_rdev),
		    major(st[1].st_rdev));
		numbers_compare(diff, pair->path, "minor", minor(st[0].st_rdev),
		    minor(st[1].st_rdev));
	}
}

static void
targets_compare(struct diff *diff, const struct diff_pair *pair)
{
	char targets[2][PATH_MAX + 1];

	for (int i = 0; i < 2; i++) {
		ssize_t length = diff->sides[i].files->readlink(pair->directories[i],
		    pair->names[i], targets[i], PATH_MAX);

		if (length < 0) {
			diff_report(diff, i, "cannot read the link", pair->path, errno);
			return;
		}
		targets[i][length] = '\0';
	}
	if (strcmp(targets[0], targets[1]) != 0)
		diff_say(diff, pair->path, "target", targets[0], targets[1]);
}

/* ---- extended attributes -------------------------------------------------------------- */

struct xattrs {
	char names[XATTR_LIST];
	ssize_t length;
};

/* A file system without them has none. */
static void
xattrs_read(struct xattrs *xattrs, const struct side *side, int fd)
{
	xattrs->length = side->files->listxattr(fd, xattrs->names, sizeof(xattrs->names));
}

/* Compare what first has with what second has; with_values: the values, too. */
static void
xattrs_match(struct diff *diff, const struct diff_pair *pair, const struct xattrs *xattrs,
    const int fds[2], int first, bool with_values)
{
	static char values[2][XATTR_VALUE];
	char what[TEXT_SIZE + NAME_MAX];

	for (ssize_t at = 0; at < xattrs->length; at += (ssize_t)strlen(xattrs->names + at) + 1) {
		const char *name = xattrs->names + at;
		ssize_t sizes[2];

		if (strncmp(name, "user.", 5) != 0)
			continue;
		for (int i = 0; i < 2; i++)
			sizes[i] =
			    diff->sides[i].files->getxattr(fds[i], name, values[i], XATTR_VALUE);
		snprintf(what, sizeof(what), "extended attribute %s", name);
		if (sizes[!first] < 0)
			diff_say(diff, pair->path, what, first == 0 ? "there" : "missing",
			    first == 0 ? "missing" : "there");
		else if (with_values && sizes[first] >= 0 &&
			 (sizes[0] != sizes[1] ||
			     memcmp(values[0], values[1], (size_t)sizes[0]) != 0))
			diff_say(diff, pair->path, what, NULL, NULL);
	}
}

static void
xattrs_compare(struct diff *diff, const struct diff_pair *pair, const int fds[2])
{
	static struct xattrs xattrs[2];

	for (int i = 0; i < 2; i++)
		xattrs_read(&xattrs[i], &diff->sides[i], fds[i]);
	xattrs_match(diff, pair, &xattrs[0], fds, 0, true);
	xattrs_match(diff, pair, &xattrs[1], fds, 1, false);
}

/* ---- content ------------------------------------------------------------------------------ */

/* Read size bytes at offset, or what there is.  -1 after a report. */
static ssize_t
side_read(struct diff *diff, int side, int fd, char *bytes, off_t offset, const char *path)
{
	size_t have = 0;
	ssize_t length = 1;

	while (have < BUFFER_SIZE && length > 0) {
		length = diff->sides[side].files->pread(fd, bytes + have, BUFFER_SIZE - have,
		    offset + (off_t)have);
		if (length > 0)
			have += (size_t)length;
	}
	if (length < 0) {
		diff_report(diff, side, "cannot read", path, errno);
		return -1;
	}
	return (ssize_t)have;
}

/* Where the next data of both files begins: what is before is a hole in both. */
static off_t
data_find(const struct diff *diff, const struct diff_pair *pair, const int fds[2], off_t offset)
{
	off_t nearest = pair->st[0].st_size;

	for (int i = 0; i < 2; i++) {
		off_t data = diff->sides[i].files->seek(fds[i], offset, SEEK_DATA);

		if (data < 0 && errno != ENXIO)
			return offset;
		if (data >= offset && data < nearest)
			nearest = data;
	}
	return nearest > offset ? nearest : offset;
}

/* Whether the bytes are the same; also true, after a report, if that cannot be told. */
static bool
bytes_are_same(struct diff *diff, const struct diff_pair *pair, const int fds[2])
{
	static _Alignas(4096) char buffers[2][BUFFER_SIZE];
	ssize_t lengths[2];

	for (off_t offset = 0;; offset += lengths[0]) {
		offset = data_find(diff, pair, fds, offset);
		for (int i = 0; i < 2; i++) {
			lengths[i] = side_read(diff, i, fds[i], buffers[i], offset, pair->path);
			if (lengths[i] < 0)
				return true;
		}
		if (lengths[0] != lengths[1] ||
		    memcmp(buffers[0], buffers[1], (size_t)lengths[0]) != 0)
			return false;
		if (lengths[0] == 0)
			return true;
	}
}

static void
content_compare(struct diff *diff, const struct diff_pair *pair, const int fds[2])
{
	if (pair->st[0].st_size == pair->st[1].st_size && bytes_are_same(diff, pair, fds))
		return;
	if (diff->shows_text && diff_text(diff, pair, fds)) {
		diff->has_difference = true;
		return;
	}
	diff_say(diff, pair->path, "content", NULL, NULL);
	if (!diff->is_brief)
		numbers_compare(diff, pair->path, "size", (unsigned long long)pair->st[0].st_size,
		    (unsigned long long)pair->st[1].st_size);
}

/* What takes open files to compare. */
static void
inside_compare(struct diff *diff, const struct diff_pair *pair, const int fds[2])
{
	if (S_ISREG(pair->st[0].st_mode))
		content_compare(diff, pair, fds);
	if (!diff->ignores_xattrs)
		xattrs_compare(diff, pair, fds);
}

static void
open_compare(struct diff *diff, const struct diff_pair *pair)
{
	int flags = O_RDONLY | O_NOFOLLOW;
	int fds[2] = { -1, -1 };

	for (int i = 0; i < 2; i++) {
		fds[i] = diff->sides[i].files->open(pair->directories[i], pair->names[i], flags, 0);
		if (fds[i] < 0)
			diff_report(diff, i, "cannot open", pair->path, errno);
	}
	if (fds[0] >= 0 && fds[1] >= 0)
		inside_compare(diff, pair, fds);
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			diff->sides[i].files->close(fds[i]);
	}
}

void
diff_files(struct diff *diff, const struct diff_pair *pair)
{
	const struct stat *st = pair->st;

	if ((st[0].st_mode & S_IFMT) != (st[1].st_mode & S_IFMT)) {
		diff_say(diff, pair->path, "type", mode_type_word(st[0].st_mode),
		    mode_type_word(st[1].st_mode));
		return;
	}
	attributes_compare(diff, pair);
	if (S_ISLNK(st[0].st_mode))
		targets_compare(diff, pair);
	else if (pair->fds != NULL)
		inside_compare(diff, pair, pair->fds);
	else if (S_ISREG(st[0].st_mode) || (S_ISDIR(st[0].st_mode) && !diff->ignores_xattrs))
		open_compare(diff, pair);
}
