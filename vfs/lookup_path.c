/*
 * From a directory back to its path, for getcwd(2).
 *
 * We climb by "..", and find each directory's name in the name cache, or, if it
 * is not there, by listing the parent until the inode number comes up.  The
 * path is written from its end, at the end of the caller's buffer, and moved to
 * the front when it is whole.
 *
 * Directories may be renamed meanwhile: then the path is of no one moment, as
 * it may be stale at once anyway.  A damaged image may send us in circles; the
 * buffer's size bounds that.
 */
#include "base/errno.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/name_cache.h"
#include "vfs/vnode.h"

/* Looks for an inode number among the entries of a directory. */
struct name_search {
	struct directory_sink sink;
	uint64_t ino;
	char *name; /* NAME_LENGTH_MAX bytes */
	size_t length;
	uint64_t position; /* after the last entry seen */
	bool is_found;
};

static bool
add_to_search(struct directory_sink *sink, struct name name, uint64_t ino, enum vnode_type type,
    uint64_t next)
{
	struct name_search *search = container_of(sink, struct name_search, sink);
	bool is_dots = name_equal(name, NAME(".")) || name_equal(name, NAME(".."));

	if (search->is_found)
		return false;
	search->position = next;
	if (ino == search->ino && !is_dots && name.length <= NAME_LENGTH_MAX) {
		search->is_found = true;
		search->length = name.length;
		memcpy(search->name, name.bytes, name.length);
	}
	return true;
}

/* Find the name of inode ino by listing dir.  -ENOENT if it is not there. */
static int
search_name(struct vnode *dir, uint64_t ino, char *name, size_t *length)
{
	struct name_search search = {
		.sink.add = add_to_search,
		.ino = ino,
		.name = name,
	};
	uint64_t position = 0;
	uint64_t before;
	int error;

	rwlock_lock_shared(&dir->lock);
	do {
		before = position;
		error = vnode_read_directory(dir, &position, &search.sink);
	} while (error == 0 && !search.is_found && position != before);
	rwlock_unlock_shared(&dir->lock);
	*length = search.length;
	if (error == 0 && !search.is_found)
		error = -ENOENT;
	return search.is_found ? 0 : error;
}

/* The parent of dir, which is not the root of its mount, and dir's name in it. */
static int
find_name(struct vnode *dir, struct vnode **parent, char *name, size_t *length)
{
	int error = 0;

	if (name_cache_reverse(dir, parent, name, length))
		return 0;
	rwlock_lock_shared(&dir->lock);
	if (dir->attributes.link_count == 0)
		error = -ENOENT;
	else
		error = lookup_name(dir, NAME(".."), parent);
	rwlock_unlock_shared(&dir->lock);
	if (error == 0)
		error = search_name(*parent, dir->ino, name, length);
	if (error < 0) {
		vnode_put(*parent);
		*parent = NULL;
	}
	return error;
}

/* Write "/name" before what is at *start already. */
static int
prepend(char *path, size_t *start, const char *name, size_t length)
{
	if (*start < length + 1)
		return -ERANGE;
	*start -= length + 1;
	path[*start] = '/';
	memcpy(path + *start + 1, name, length);
	return 0;
}

/* The parent of dir in its mount, and dir's name before the path. */
static int
climb_to_parent(struct vnode *dir, struct vnode **parent, char *path, size_t *start)
{
	char name[NAME_LENGTH_MAX];
	size_t length;
	int error = find_name(dir, parent, name, &length);

	return error < 0 ? error : prepend(path, start, name, length);
}

/* Climb from *dir, a reference, to what it is in, or to what it covers. */
static int
climb(struct vnode **dir, char *path, size_t *start)
{
	struct vnode *here = *dir;
	struct vnode *above = NULL;
	int error = 0;

	if (here != here->mount->root)
		error = climb_to_parent(here, &above, path, start);
	else if (here->mount->covered != NULL)
		above = vnode_get(here->mount->covered);
	else
		error = -ENOENT; /* the top, and we did not meet the caller's root */

	if (error < 0) {
		vnode_put(above);
		return error;
	}
	vnode_put(here);
	*dir = above;
	return 0;
}

int
lookup_path_of(const struct path_context *context, struct vnode *dir, char *path, size_t size,
    size_t *length)
{
	struct vnode *here;
	size_t start;
	int error = 0;

	*length = 0;
	if (size < sizeof("/"))
		return -ERANGE;
	start = size - 1;
	path[start] = '\0';
	here = vnode_get(dir);
	while (error == 0 && here != context->root)
		error = climb(&here, path, &start);
	vnode_put(here);
	if (error == 0 && start == size - 1)
		error = prepend(path, &start, "", 0);
	if (error < 0)
		return error;
	*length = size - start;
	memmove(path, path + start, *length);
	return 0;
}
