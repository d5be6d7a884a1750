/* Copying one file. */
#include "tools/rump/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rump/interrupt.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/progress.h"
#include "tools/rump/report.h"

enum {
	COPY_BUFFER = 1024 * 1024,
	CREATE_FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
};

void
copier_begin(struct copier *copier, const struct files *files, int base, const char *base_shown)
{
	*copier = (struct copier){
		.files = files,
		.base = base,
		.base_shown = base_shown,
		.attributes = {
			.files = files,
			.owner = { OWNER_UNCHANGED, OWNER_UNCHANGED },
		},
	};
	copier->buffer = aligned_alloc(4096, COPY_BUFFER);
	if (copier->buffer == NULL)
		report_no_memory();
	copier->old_umask = umask(0); /* modes are those of the source */
}

bool
copier_is_stopped(const struct copier *copier)
{
	return copier->is_full || interrupt_arrived();
}

/* ---- what goes wrong ---------------------------------------------------------- */

/* The target path as the user can find it; owned by the caller. */
static char *
target_shown(const struct copier *copier, const char *path)
{
	return files_path_below(copier->base_shown, path);
}

void
copy_report_target(struct copier *copier, const char *what, const char *path, int error)
{
	char *shown = target_shown(copier, path);

	if (error == EEXIST)
		report("%s is no regular file, and not written over; replace it with -f, or "
		       "keep it with -n",
		    shown);
	else
		report("%s %s: %s", what, shown, copier->files->reason(error));
	free(shown);
	if (error == ENOSPC || error == EDQUOT || error == EROFS)
		copier->is_full = true;
}

static void
report_source(const struct copy_item *item, const char *what, int error)
{
	report("%s %s%s: %s", what, item->from_prefix, item->from_shown,
	    item->files->reason(error));
}

/* Making the target failed with errno. */
static void
report_create(struct copier *copier, const struct copy_item *item)
{
	copy_report_target(copier, "cannot create", item->to_path, errno);
}

void
copier_end(struct copier *copier)
{
	refusal_report(&copier->nodes, copier->files, copier->base_shown,
	    "cannot create device nodes, which only root may do");
	attributes_report(&copier->attributes, copier->base_shown);
	umask(copier->old_umask);
	links_free(&copier->links);
	free(copier->buffer);
}

/* ---- attributes ------------------------------------------------------------------ */

static void
attributes_give(struct copier *copier, const struct copy_item *item, int to, int from)
{
	const char *failed;

	if (copier->keeps_xattrs && from >= 0)
		attributes_copy_xattrs(&copier->attributes, to, item->to_path, item->files, from);
	failed = attributes_set(&copier->attributes, to, item->to_path, item->st);
	if (failed != NULL)
		copy_report_target(copier, failed, item->to_path, errno);
}

/* The same for what cannot be opened; its mode is right from the start. */
static void
attributes_give_at(struct copier *copier, const struct copy_item *item)
{
	const char *failed = attributes_set_at(&copier->attributes, item->to, item->to_name,
	    item->to_path, item->st);

	if (failed != NULL)
		copy_report_target(copier, failed, item->to_path, errno);
}

/* ---- content --------------------------------------------------------------------------- */

/* An open file and its copy. */
struct content {
	const struct copy_item *item;
	int from;
	int to;
	off_t size;
	bool was_there; /* the target, with content of its own */
	bool is_lost;	/* the target could not take it, or need not */
};

static bool
target_write(struct copier *copier, struct content *content, size_t size, off_t offset)
{
	const char *bytes = copier->buffer;

	while (size > 0) {
		ssize_t written = copier->files->pwrite(content->to, bytes, size, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			copy_report_target(copier, "cannot write", content->item->to_path, errno);
			content->is_lost = true;
			return false;
		}
		bytes += written;
		size -= (size_t)written;
		offset += written;
	}
	return true;
}

/* Copy the bytes from offset to end. */
static bool
range_copy(struct copier *copier, struct content *content, off_t offset, off_t end)
{
	const struct files *files = content->item->files;

	while (offset < end) {
		size_t size = end - offset < COPY_BUFFER ? (size_t)(end - offset) : COPY_BUFFER;
		ssize_t length = files->pread(content->from, copier->buffer, size, offset);

		if (interrupt_arrived()) {
			content->is_lost = true;
			return false;
		}
		if (length <= 0) {
			report("cannot read %s%s at offset %lld: %s", content->item->from_prefix,
			    content->item->from_shown, (long long)offset,
			    length < 0 ? files->reason(errno) : "it ends too early");
			return false;
		}
		if (!target_write(copier, content, (size_t)length, offset))
			return false;
		offset += length;
		progress_add((uint64_t)length, content->item->from_shown);
	}
	return true;
}

/* Find the next data at or after *offset: up to *end.  False: there is none. */
static bool
data_find(const struct content *content, off_t *offset, off_t *end)
{
	off_t data, hole;

	*end = content->size;
	if (*offset >= content->size)
		return false;
	if (content->item->st->st_blocks >= (content->size + 511) / 512)
		return true; /* no holes */
	data = content->item->files->seek(content->from, *offset, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		return false;
	if (data < 0)
		return true; /* holes cannot be told: read them as zeros */
	*offset = data;
	hole = content->item->files->seek(content->from, data, SEEK_HOLE);
	if (hole > data && hole < content->size)
		*end = hole;
	return data < content->size;
}

static bool
content_copy(struct copier *copier, struct content *content)
{
	off_t offset = 0;
	off_t written = 0; /* up to where the copy has its size */
	off_t end;

	while (data_find(content, &offset, &end)) {
		if (!range_copy(copier, content, offset, end))
			return false;
		offset = written = end;
	}
	if (written < content->size && copier->files->set_size(content->to, content->size) < 0) {
		copy_report_target(copier, "cannot write", content->item->to_path, errno);
		content->is_lost = true;
		return false;
	}
	return true;
}

/* ---- files -------------------------------------------------------------------------------- */

/*
 * The target was there already: errno is EEXIST.  True if it is out of the way
 * now and making it can be tried again.
 */
static bool
target_clear(const struct copier *copier, const struct copy_item *item)
{
	return copier->files->unlink(item->to, item->to_name, 0) == 0;
}

/* Open what is there, a regular file, and empty it.  -1, with EEXIST if it is another. */
static int
target_open_again(const struct copier *copier, const struct copy_item *item)
{
	const struct files *files = copier->files;
	int fd = files->open(item->to, item->to_name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	bool is_regular = false;
	struct stat st;
	int error;

	if (fd >= 0 && files->fstat(fd, &st) == 0) {
		is_regular = S_ISREG(st.st_mode);
		if (is_regular && files->set_size(fd, 0) == 0)
			return fd;
	}
	/* A symbolic link; a fifo or device without a reader. */
	error = errno == ELOOP || errno == ENXIO || (fd >= 0 && !is_regular) ? EEXIST : errno;
	if (fd >= 0)
		files->close(fd);
	errno = error;
	return -1;
}

static void
target_open(struct copier *copier, struct content *content)
{
	const struct copy_item *item = content->item;
	bool overwrites = copier->existing == COPY_OVERWRITE;

	do {
		content->to = copier->files->open(item->to, item->to_name, CREATE_FLAGS, 0600);
	} while (content->to < 0 && errno == EEXIST && !overwrites && target_clear(copier, item));
	if (content->to < 0 && errno == EEXIST && overwrites) {
		content->to = target_open_again(copier, item);
		content->was_there = true;
	}
	if (content->to < 0)
		report_create(copier, item);
}

/* What has its content gets its attributes. */
static void
target_end(struct copier *copier, struct content *content)
{
	const struct copy_item *item = content->item;
	const char *failed;

	if (!content->was_there || copier->keeps_owners) {
		attributes_give(copier, item, content->to, content->from);
		return;
	}
	failed = attributes_set_times(&copier->attributes, content->to, item->st);
	if (failed != NULL)
		copy_report_target(copier, failed, item->to_path, errno);
}

/* Close the copy, which content_copy() says is_whole or not. */
static bool
target_close(struct copier *copier, struct content *content, bool is_whole)
{
	const struct copy_item *item = content->item;

	if (!content->is_lost)
		target_end(copier, content);
	if (copier->files->close(content->to) < 0) {
		copy_report_target(copier, "cannot write", item->to_path, errno);
		is_whole = false;
	}
	if (content->is_lost)
		copier->files->unlink(item->to, item->to_name, 0);
	return is_whole;
}

static bool
copy_regular(struct copier *copier, const struct copy_item *item)
{
	int flags = O_RDONLY | (item->follows ? 0 : O_NOFOLLOW);
	struct content content = { .item = item, .size = item->st->st_size };
	bool result = false;

	content.from = item->files->open(item->from, item->from_name, flags, 0);
	if (content.from < 0) {
		report_source(item, "cannot open", errno);
		return false;
	}
	target_open(copier, &content);
	if (content.to >= 0)
		result = target_close(copier, &content, content_copy(copier, &content));
	item->files->close(content.from);
	return result;
}

static bool
copy_symlink(struct copier *copier, const struct copy_item *item)
{
	char target[PATH_MAX + 1];
	ssize_t length = item->files->readlink(item->from, item->from_name, target, PATH_MAX);
	int result;

	if (length < 0) {
		report_source(item, "cannot read the link", errno);
		return false;
	}
	target[length] = '\0';
	do {
		result = copier->files->symlink(target, item->to, item->to_name);
	} while (result < 0 && errno == EEXIST && target_clear(copier, item));
	if (result < 0) {
		report_create(copier, item);
		return false;
	}
	attributes_give_at(copier, item);
	return true;
}

/* A fifo, socket or device node. */
static bool
copy_node(struct copier *copier, const struct copy_item *item)
{
	mode_t mode = item->st->st_mode & (S_IFMT | 01777);
	int result;

	do {
		result = copier->files->mknod(item->to, item->to_name, mode, item->st->st_rdev);
	} while (result < 0 && errno == EEXIST && target_clear(copier, item));
	if (result < 0 && errno == EPERM && (S_ISCHR(mode) || S_ISBLK(mode))) {
		refusal_add(&copier->nodes, item->to_path, errno);
		return false;
	}
	if (result < 0) {
		report_create(copier, item);
		return false;
	}
	attributes_give_at(copier, item);
	return true;
}

/* ---- links ---------------------------------------------------------------------------------- */

/*
 * Open the directory that the last name of path is in, from base, through real
 * directories only.  *name is that last name.
 */
static int
parent_open(const struct copier *copier, const char *path, const char **name)
{
	const struct files *files = copier->files;
	int directory = files->open(copier->base, ".", O_PATH | O_DIRECTORY, 0);
	const char *slash;
	int next;

	while (directory >= 0 && (slash = strchr(path, '/')) != NULL) {
		char *part = memory_format("%.*s", (int)(slash - path), path);

		next = files->open(directory, part, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		free(part);
		files->close(directory);
		directory = next;
		path = slash + 1;
	}
	*name = path;
	return directory;
}

static void
say_copied(const struct copier *copier, const struct copy_item *item)
{
	char *shown;

	if (!copier->is_verbose)
		return;
	shown = target_shown(copier, item->to_path);
	name_print(stdout, item->from_prefix, name_style_default());
	name_print(stdout, item->from_shown, name_style_default());
	fputs(" -> ", stdout);
	name_print(stdout, shown, name_style_default());
	putchar('\n');
	free(shown);
}

/*
 * Make item a further link to a copy that was made before.  False: there is
 * none, or the target cannot link to it; then a copy of its own must do.
 */
static bool
copy_link(struct copier *copier, const struct copy_item *item)
{
	const char *path = links_find(&copier->links, item->st->st_dev, item->st->st_ino);
	const char *name;
	int directory, result, error;

	if (path == NULL)
		return false;
	directory = parent_open(copier, path, &name);
	if (directory < 0)
		return false;
	do {
		result = copier->files->link(directory, name, item->to, item->to_name, 0);
	} while (result < 0 && errno == EEXIST && target_clear(copier, item));
	error = errno;
	copier->files->close(directory);
	errno = error;
	if (result == 0)
		say_copied(copier, item);
	else if (error == EEXIST)
		report_create(copier, item);
	return result == 0 || error == EEXIST;
}

/* Ask whether the target, which is there, is to be written over. */
static bool
ask(const struct copier *copier, const struct copy_item *item)
{
	char *shown = target_shown(copier, item->to_path);
	int first, next;

	fflush(stdout);
	fputs("overwrite ", stderr);
	name_print(stderr, shown, name_style_default());
	fputs("? ", stderr);
	free(shown);
	next = first = getchar();
	while (next != '\n' && next != EOF)
		next = getchar();
	return first == 'y' || first == 'Y';
}

/* Whether to go on, as far as what is at the target's place allows it. */
static bool
is_wanted(const struct copier *copier, const struct copy_item *item)
{
	struct stat st;
	char *shown;

	if (copier->files->stat(item->to, item->to_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	if (copier->existing == COPY_KEEP)
		return false;
	if (copier->files != item->files || st.st_dev != item->st->st_dev ||
	    st.st_ino != item->st->st_ino)
		return !copier->asks || ask(copier, item);
	shown = target_shown(copier, item->to_path);
	report("%s%s and %s are the same file", item->from_prefix, item->from_shown, shown);
	free(shown);
	return false;
}

void
copy_file(struct copier *copier, const struct copy_item *item)
{
	bool has_links = item->st->st_nlink > 1;
	bool is_copied;

	if (!is_wanted(copier, item))
		return;
	if (has_links && copy_link(copier, item))
		return;
	if (S_ISREG(item->st->st_mode))
		is_copied = copy_regular(copier, item);
	else if (S_ISLNK(item->st->st_mode))
		is_copied = copy_symlink(copier, item);
	else
		is_copied = copy_node(copier, item);
	if (!is_copied)
		return;
	space_take(copier->space, item->st);
	say_copied(copier, item);
	if (has_links && links_find(&copier->links, item->st->st_dev, item->st->st_ino) == NULL)
		links_add(&copier->links, item->st->st_dev, item->st->st_ino, item->to_path);
}

/* ---- directories ---------------------------------------------------------------------------- */

bool
copy_directory(struct copier *copier, const struct copy_item *item, bool *is_new)
{
	struct stat st;

	*is_new = copier->files->mkdir(item->to, item->to_name, 0700) == 0;
	if (*is_new) {
		say_copied(copier, item);
		return true;
	}
	if (errno == EEXIST &&
	    copier->files->stat(item->to, item->to_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode))
			return true;
		errno = ENOTDIR;
	}
	copy_report_target(copier, "cannot make the directory", item->to_path, errno);
	return false;
}

void
copy_directory_end(struct copier *copier, const struct copy_item *item, int to, int from)
{
	attributes_give(copier, item, to, from);
	space_take(copier->space, item->st);
}
