/*
 * Filling a file system with a directory tree of the host.
 *
 * The walk on the host and a trail of directories in the image go down and up side
 * by side.  Entries come in the order of bytes, so that the same tree gives the
 * same image.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/fill.h"
#include "tools/rump/host_walk.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

enum {
	BUFFER_SIZE = 1024 * 1024,
	XATTR_SIZE = 64 * 1024,
};

/* A file of the host that is being read. */
struct source {
	int fd; /* -1: nothing to read */
	const char *shown;
	char *buffer; /* BUFFER_SIZE bytes */
	off_t at;
	off_t data_end; /* up to where there is no hole */
	off_t size;
	bool has_holes;
	char *names; /* of extended attributes, XATTR_SIZE bytes each */
	char *value;
	ssize_t names_at;
	ssize_t names_length; /* -1: not read yet */
};

struct tree {
	struct fill *fill;
	struct host_walk walk;
	struct trail to;
	size_t top_length;	   /* of the path to what is not in the image */
	const struct stat **state; /* of the directories on the way, by depth from 0 */
	size_t state_capacity;
	struct source source;
};

/* ---- content and attributes -------------------------------------------------------- */

/* Go to the next data at or after source->at.  False: there is none. */
static bool
source_seek(struct source *source)
{
	off_t data, hole;

	if (source->at >= source->size)
		return false;
	if (!source->has_holes || source->at < source->data_end)
		return true;
	data = lseek(source->fd, source->at, SEEK_DATA);
	if (data < 0)
		return errno != ENXIO;
	hole = lseek(source->fd, data, SEEK_HOLE);
	source->at = data;
	source->data_end = hole > data ? hole : source->size;
	return data < source->size;
}

static bool
source_piece(void *context, const void **bytes, size_t *size, off_t *offset)
{
	struct source *source = context;
	off_t end = source->has_holes ? source->data_end : source->size;
	ssize_t length;

	if (source->fd < 0 || !source_seek(source))
		return false;
	if (source->has_holes)
		end = source->data_end;
	length = pread(source->fd, source->buffer,
	    end - source->at < BUFFER_SIZE ? (size_t)(end - source->at) : BUFFER_SIZE, source->at);
	if (length <= 0) {
		report("cannot read %s: %s", source->shown,
		    length < 0 ? strerror(errno) : "it became shorter meanwhile");
		return false;
	}
	*bytes = source->buffer;
	*size = (size_t)length;
	*offset = source->at;
	source->at += length;
	return true;
}

static bool
source_xattr(void *context, const char **name, const void **value, size_t *size)
{
	struct source *source = context;

	if (source->fd < 0)
		return false;
	if (source->names_length < 0) {
		source->names_length = flistxattr(source->fd, source->names, XATTR_SIZE);
		source->names_at = 0;
	}
	while (source->names_at < source->names_length) {
		ssize_t length;

		*name = source->names + source->names_at;
		source->names_at += (ssize_t)strlen(*name) + 1;
		length = fgetxattr(source->fd, *name, source->value, XATTR_SIZE);
		if (length < 0)
			continue;
		*value = source->value;
		*size = (size_t)length;
		return true;
	}
	return false;
}

static void
source_set(struct source *source, int fd, const char *shown, const struct stat *st)
{
	source->fd = fd;
	source->shown = shown;
	source->at = source->data_end = 0;
	source->size = S_ISREG(st->st_mode) ? st->st_size : 0;
	source->has_holes = (st->st_size + 511) / 512 > st->st_blocks;
	source->names_length = -1;
}

/* ---- files --------------------------------------------------------------------------- */

/* The path in the image of name in the present directory. */
static const char *
image_path(struct tree *tree, const char *name)
{
	const char *path = walk_path_of(&tree->walk.walk, name) + tree->top_length;

	while (*path == '/')
		path++;
	return path;
}

static bool
target_read(struct tree *tree, const struct fill_item *item, char target[PATH_MAX + 1])
{
	ssize_t length = readlinkat(walk_directory(&tree->walk.walk), item->name, target, PATH_MAX);

	if (length < 0)
		report("cannot read the link %s: %s", item->shown, strerror(errno));
	target[length < 0 ? 0 : length] = '\0';
	return length >= 0;
}

/* Make a file, from an open source if it has content. */
static bool
tree_make(struct tree *tree, struct fill_item *item)
{
	char target[PATH_MAX + 1];
	int fd = -1;
	bool result;

	if (S_ISLNK(item->st->st_mode)) {
		if (!target_read(tree, item, target))
			return false;
		item->target = target;
	}
	if (S_ISREG(item->st->st_mode) && !tree->fill->is_full) {
		fd = openat(walk_directory(&tree->walk.walk), item->name,
		    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0) {
			report("cannot open %s: %s", item->shown, strerror(errno));
			return false;
		}
	}
	source_set(&tree->source, fd, item->shown, item->st);
	result = fill_file(tree->fill, item);
	if (fd >= 0)
		close(fd);
	return result;
}

static void
tree_file(struct tree *tree, struct fill_item *item)
{
	const struct stat *st = item->st;
	struct links *links = &tree->fill->links;
	bool has_links = st->st_nlink > 1;
	const char *path = has_links ? links_find(links, st->st_dev, st->st_ino) : NULL;

	if (path != NULL)
		fill_link(tree->fill, item, path);
	else if (tree_make(tree, item) && has_links)
		links_add(links, st->st_dev, st->st_ino, image_path(tree, item->name));
}

/* ---- directories ----------------------------------------------------------------------- */

static void
state_push(struct tree *tree, const struct stat *st)
{
	tree->state = memory_grow(tree->state, tree->to.depth - 1, &tree->state_capacity,
	    sizeof(struct stat *));
	tree->state[tree->to.depth - 1] = st;
}

static void
tree_lost(struct tree *tree, const char *shown)
{
	report("cannot get on in the image, at %s: %s", shown, strerror(errno));
	tree->fill->is_stopped = true;
}

static void
tree_enter(struct tree *tree, struct fill_item *item)
{
	if (!fill_directory(tree->fill, item) && !tree->fill->is_full)
		return;
	if (!walk_enter(&tree->walk.walk, item->name))
		return;
	/* In a full file system, what is missing is counted all the same. */
	if (!tree->fill->is_full && trail_down(&tree->to, item->name) < 0) {
		tree_lost(tree, walk_path_of(&tree->walk.walk, ""));
		return;
	}
	if (!tree->fill->is_full)
		state_push(tree, item->st);
}

/* The present directory has all its names. */
static void
tree_leave(struct tree *tree)
{
	bool is_in_image = tree->to.depth == tree->walk.walk.depth && !tree->fill->is_full;
	struct fill_item item = { .xattr = source_xattr, .context = &tree->source };

	if (is_in_image) {
		item.shown = walk_path_of(&tree->walk.walk, "");
		item.st = tree->state[tree->to.depth - 1];
		source_set(&tree->source, walk_directory(&tree->walk.walk), item.shown, item.st);
		fill_directory_end(tree->fill, trail_here(&tree->to), &item);
		if (tree->to.depth > 1 && trail_up(&tree->to) < 0)
			tree_lost(tree, item.shown);
	}
	walk_leave(&tree->walk.walk);
}

static void
tree_visit(struct tree *tree)
{
	const struct entry *entry = host_walk_next(&tree->walk);
	struct fill_item item = {
		.piece = source_piece,
		.xattr = source_xattr,
		.context = &tree->source,
	};

	if (entry == NULL) {
		tree_leave(tree);
		return;
	}
	item.directory = trail_here(&tree->to);
	item.name = entry->name;
	item.shown = walk_path_of(&tree->walk.walk, entry->name);
	item.st = &entry->st;
	if (S_ISDIR(entry->st.st_mode))
		tree_enter(tree, &item);
	else
		tree_file(tree, &item);
}

bool
fill_from_tree(struct fill *fill, const char *directory, const struct stat *skip)
{
	struct tree tree = { .fill = fill, .top_length = strlen(directory) };
	int root = rump_sys_openat(fill->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool result = host_walk_begin(&tree.walk, directory, skip);

	tree.source = (struct source){ .fd = -1,
		.buffer = aligned_alloc(4096, BUFFER_SIZE),
		.names = memory_resize(NULL, XATTR_SIZE, 1),
		.value = memory_resize(NULL, XATTR_SIZE, 1) };
	if (tree.source.buffer == NULL)
		report_no_memory();
	if (result && (root < 0 || trail_begin(&tree.to, &image_files, root) < 0)) {
		report_unable("cannot open the new file system: %s", strerror(errno));
		result = false;
	}
	if (result) {
		struct stat top = tree.walk.st;

		state_push(&tree, &top);
		rump_sys_fchmod(trail_here(&tree.to), top.st_mode & 07777);
		while (tree.walk.walk.depth > 0 && !fill->is_stopped)
			tree_visit(&tree);
	}
	trail_end(&tree.to);
	host_walk_end(&tree.walk);
	free(tree.state);
	free(tree.source.buffer);
	free(tree.source.names);
	free(tree.source.value);
	return result;
}
