/*
 * Path walks.
 *
 * A walk holds a reference to the directory it has come to, and a pointer to
 * the rest of the path.  It goes on name by name; a symbolic link puts its
 * target in front of the rest, so that links in links need no recursion: only
 * how many were followed is bounded, and how long the text may get.
 *
 * The usual name is in the cache, and its directory one that everybody may
 * search (is_searchable, remembered from the last look at its mode under its
 * lock).  Then no lock of the directory's is taken at all, so that walks by
 * many threads over the same directories only share reference counts.
 * Otherwise the directory is locked, shared, while permission is checked and
 * the file system is asked.
 *
 * A link's target comes from the medium and may be anything; it is refused if
 * it has a NUL in it, which would hide the rest of the path.
 */
#include "vfs/lookup.h"

#include "base/errno.h"
#include "base/math.h"
#include "kern/kernel.h"
#include "vfs/lookup_impl.h"
#include "vfs/mount.h"
#include "vfs/name_cache.h"
#include "vfs/permission.h"
#include "vfs/vnode.h"

#define SEARCH_ALL 0111

/* Bytes of a link's target and the rest of the path after it, at most. */
#define WALK_TEXT_MAX (2 * PATH_LENGTH_MAX)

bool
name_is_dot(struct name name)
{
	return name.length == 1 && name.bytes[0] == '.';
}

bool
name_is_dot_dot(struct name name)
{
	return name.length == 2 && name.bytes[0] == '.' && name.bytes[1] == '.';
}

/* ---- one name ------------------------------------------------------------------ */

/* Ask the file system.  (dir: shared or exclusive) */
static int
lookup_uncached(struct vnode *dir, struct name name, struct vnode **out)
{
	int error = vnode_lookup(dir, name, out);

	if (*out == dir && !name_is_dot_dot(name)) {
		/* Whoever locked both would wait for himself. */
		kernel_log(dir->kernel, LOG_ERROR, "%s: directory %llu contains itself",
		    dir->mount->source, (unsigned long long)dir->ino);
		vnode_put(*out);
		*out = NULL;
		return -EUCLEAN;
	}
	if ((error == 0 || error == -ENOENT) && !dir->mount->has_live_names)
		name_cache_enter(dir, name, *out);
	return error;
}

int
lookup_name(struct vnode *dir, struct name name, struct vnode **out)
{
	if (name_cache_find(dir, name, out))
		return *out != NULL ? 0 : -ENOENT;
	if (name.length > NAME_LENGTH_MAX)
		return -ENAMETOOLONG;
	return lookup_uncached(dir, name, out);
}

void
lookup_cross_mounts(struct vnode **vnode)
{
	while (UNLIKELY(atomic_load(&(*vnode)->mounted_here) != NULL)) {
		struct vnode *covered = *vnode;
		struct vnode *root = NULL;
		struct mount *mount;

		rwlock_lock_shared(&covered->lock);
		mount = atomic_load(&covered->mounted_here);
		if (mount != NULL)
			root = vnode_get(mount->root);
		rwlock_unlock_shared(&covered->lock);
		if (root == NULL)
			return;
		*vnode = root;
		vnode_put(covered);
	}
}

/* May the caller search dir?  (dir: shared) */
static int
check_search(const struct walk *walk, struct vnode *dir)
{
	if ((dir->attributes.permissions & SEARCH_ALL) == SEARCH_ALL)
		atomic_store(&dir->is_searchable, true);
	return permission_check(dir, walk->context->credential, ACCESS_EXECUTE);
}

/* Is walk->dir a directory that the caller may search? */
static int
check_dir(const struct walk *walk)
{
	struct vnode *dir = walk->dir;
	int error;

	if (dir->type != VNODE_DIRECTORY)
		return -ENOTDIR;
	if (atomic_load_explicit(&dir->is_searchable, memory_order_relaxed))
		return 0;
	rwlock_lock_shared(&dir->lock);
	error = check_search(walk, dir);
	rwlock_unlock_shared(&dir->lock);
	return error;
}

/* Permission, then lookup_name(), under the lock of dir. */
static int
find_locked(const struct walk *walk, struct vnode *dir, struct name name, struct vnode **out)
{
	int error;

	rwlock_lock_shared(&dir->lock);
	error = check_search(walk, dir);
	if (error == 0 && (walk->context->resolve & RESOLVE_CACHED) != 0)
		error = name_cache_find(dir, name, out) ? (*out != NULL ? 0 : -ENOENT) : -EAGAIN;
	else if (error == 0)
		error = lookup_name(dir, name, out);
	rwlock_unlock_shared(&dir->lock);
	return error;
}

/* A reference to what ".." of dir leads to, but not above root or the very top. */
static int
step_up(struct vnode *root, struct vnode *dir, struct vnode **out)
{
	int error;

	/* What is covered stays while we hold a reference to what covers it. */
	while (dir != root && dir == dir->mount->root && dir->mount->covered != NULL)
		dir = dir->mount->covered;
	if (dir == root || dir == dir->mount->root) {
		*out = vnode_get(dir);
		return 0;
	}
	rwlock_lock_shared(&dir->lock);
	error = lookup_name(dir, NAME(".."), out);
	rwlock_unlock_shared(&dir->lock);
	return error;
}

/*
 * Is dir still below the root that the walk must not leave?  Somebody may have
 * moved it out since we came here, and its ".." would lead past the root.
 */
static int
check_is_below_root(const struct walk *walk, struct vnode *dir)
{
	struct vnode *root = walk->context->root;
	struct vnode *here = vnode_get(dir), *above;
	int error = 0;

	for (unsigned depth = 0; here != root && error == 0; depth++) {
		error = depth < PATH_LENGTH_MAX ? step_up(root, here, &above) : -EAGAIN;
		if (error < 0)
			break;
		if (above == here)
			error = -EAGAIN;
		vnode_put(here);
		here = above;
	}
	vnode_put(here);
	return error;
}

static int
find_parent(const struct walk *walk, struct vnode **out)
{
	uint32_t resolve = walk->context->resolve;
	struct vnode *root = walk->context->root;
	struct vnode *dir = walk->dir;
	int error = check_dir(walk);

	if (error < 0)
		return error;
	if (dir == root && (resolve & RESOLVE_BENEATH) != 0)
		return -EXDEV;
	if ((resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0)
		error = check_is_below_root(walk, dir);
	return error < 0 ? error : step_up(root, dir, out);
}

int
walk_find(struct walk *walk, struct name name, struct vnode **out)
{
	struct vnode *dir = walk->dir;
	int error = 0;

	*out = NULL;
	if (dir->type != VNODE_DIRECTORY)
		return -ENOTDIR;
	if (name_is_dot(name)) {
		error = check_dir(walk);
		if (error == 0)
			*out = vnode_get(dir);
		return error;
	}
	if (name_is_dot_dot(name))
		error = find_parent(walk, out);
	else if (!atomic_load_explicit(&dir->is_searchable, memory_order_relaxed) ||
		 !name_cache_find(dir, name, out))
		error = find_locked(walk, dir, name, out);
	else if (*out == NULL)
		error = -ENOENT;
	if (error < 0)
		return error;
	lookup_cross_mounts(out);
	if ((*out)->mount != dir->mount && (walk->context->resolve & RESOLVE_NO_XDEV) != 0) {
		vnode_put(*out);
		*out = NULL;
		return -EXDEV;
	}
	return 0;
}

/* ---- symbolic links ------------------------------------------------------------- */

/* Refuse targets that are no path.  */
static int
check_target(const struct vnode *link, const char *target, size_t length)
{
	if (length == 0)
		return -ENOENT;
	if (string_length(target, length) < length) {
		kernel_log(link->kernel, LOG_ERROR,
		    "%s: inode %llu: the target of a symbolic link contains a NUL",
		    link->mount->source, (unsigned long long)link->ino);
		return -EUCLEAN;
	}
	return 0;
}

/*
 * Read the target of link to *text, with room for rest_size bytes after it.
 * (link: shared)
 */
static int
read_target(struct vnode *link, size_t rest_size, char **text, size_t *text_size, size_t *length)
{
	uint64_t size = link->attributes.size;
	int error;

	if (link->attributes.size >= PATH_LENGTH_MAX || size + rest_size > WALK_TEXT_MAX)
		return -ENAMETOOLONG;
	*text_size = (size_t)size + rest_size;
	*text = memory_alloc(link->kernel, *text_size);
	if (*text == NULL)
		return -ENOMEM;
	error = vnode_read_link(link, *text, (size_t)size, length);
	if (error == 0)
		error = check_target(link, *text, *length);
	if (error < 0)
		memory_free(link->kernel, *text, *text_size);
	return error;
}

/* Let the rest begin with the target of link. */
static int
splice_target(struct walk *walk, struct vnode *link)
{
	size_t rest_size = string_length(walk->rest, WALK_TEXT_MAX) + 1;
	size_t text_size;
	size_t length;
	char *text;
	int error;

	rwlock_lock_shared(&link->lock);
	error = read_target(link, rest_size, &text, &text_size, &length);
	rwlock_unlock_shared(&link->lock);
	if (error < 0)
		return error;
	memcpy(text + length, walk->rest, rest_size);
	memory_free(link->kernel, walk->text, walk->text_size);
	walk->text = text;
	walk->text_size = text_size;
	walk->rest = text;
	return 0;
}

/* ---- walking --------------------------------------------------------------------- */

/* Be at dir, whose reference is taken over unless it is borrowed. */
static void
move_to(struct walk *walk, struct vnode *dir, bool is_borrowed)
{
	if (!walk->is_borrowed)
		vnode_put(walk->dir);
	walk->dir = dir;
	walk->is_borrowed = is_borrowed;
}

void
walk_begin(struct walk *walk, const struct path_context *context, const char *path)
{
	*walk = (struct walk){
		.context = context,
		.dir = *path == '/' ? context->root : context->start,
		.rest = path,
		.is_borrowed = true,
	};
}

void
walk_end(struct walk *walk)
{
	move_to(walk, NULL, true);
	memory_free(walk->context->kernel, walk->text, walk->text_size);
}

int
walk_follow(struct walk *walk, struct vnode *link)
{
	uint32_t resolve = walk->context->resolve;
	struct vnode *root = walk->context->root;
	int error = -ELOOP;

	if (walk->link_count < SYMLINK_MAX && (resolve & RESOLVE_NO_SYMLINKS) == 0)
		error = splice_target(walk, link);
	vnode_put(link);
	if (error < 0)
		return error;
	walk->link_count++;
	if (*walk->rest != '/')
		return 0;
	if ((resolve & RESOLVE_BENEATH) != 0)
		return -EXDEV;
	if ((resolve & RESOLVE_NO_XDEV) != 0 && walk->dir->mount != root->mount)
		return -EXDEV;
	move_to(walk, root, true);
	return 0;
}

/* Take the next name off the rest; empty if there is none. */
static struct name
take_name(struct walk *walk)
{
	const char *start = walk->rest;
	const char *end;

	while (*start == '/')
		start++;
	for (end = start; *end != '\0' && *end != '/'; end++)
		;
	walk->rest = end;
	return (struct name){ start, (size_t)(end - start) };
}

/* Is nothing left but slashes? */
static bool
is_at_last(const struct walk *walk)
{
	const char *rest = walk->rest;

	while (*rest == '/')
		rest++;
	return *rest == '\0';
}

/* Go through name, which is not the last. */
static int
step(struct walk *walk, struct name name)
{
	struct vnode *vnode;
	int error = walk_find(walk, name, &vnode);

	if (error < 0)
		return error;
	if (vnode->type == VNODE_SYMLINK)
		return walk_follow(walk, vnode);
	move_to(walk, vnode, false);
	return 0;
}

int
walk_to_last(struct walk *walk, struct name *last)
{
	for (;;) {
		int error;

		*last = take_name(walk);
		if (is_at_last(walk)) /* nobody is asked for "/" itself */
			return last->length > 0 ? check_dir(walk) : 0;
		error = step(walk, *last);
		if (error < 0)
			return error;
	}
}

/* A reference to what the last name leads to, by which the walk ends. */
static int
find_last(struct walk *walk, struct name last, struct vnode **out)
{
	if (last.length > 0)
		return walk_find(walk, last, out);
	*out = vnode_get(walk->dir);
	return 0;
}

static int
walk_whole(struct walk *walk, uint32_t flags, struct vnode **out)
{
	struct name last;
	int error;

	for (;;) {
		error = walk_to_last(walk, &last);
		if (error == 0)
			error = find_last(walk, last, out);
		if (error < 0)
			return error;
		if ((*out)->type != VNODE_SYMLINK)
			break;
		if (!(flags & LOOKUP_FOLLOW) && *walk->rest == '\0')
			break;
		error = walk_follow(walk, *out);
		*out = NULL;
		if (error < 0)
			return error;
	}
	if ((*out)->type != VNODE_DIRECTORY && (*walk->rest == '/' || (flags & LOOKUP_DIRECTORY))) {
		vnode_put(*out);
		*out = NULL;
		return -ENOTDIR;
	}
	return 0;
}

int
lookup(const struct path_context *context, const char *path, uint32_t flags, struct vnode **out)
{
	struct walk walk;
	int error;

	*out = NULL;
	if (*path == '\0' && (flags & LOOKUP_EMPTY_PATH)) {
		*out = vnode_get(context->start);
		return 0;
	}
	if (*path == '\0')
		return -ENOENT;
	walk_begin(&walk, context, path);
	error = walk_whole(&walk, flags, out);
	walk_end(&walk);
	return error;
}

int
lookup_parent(const struct path_context *context, const char *path, struct lookup_parent *out)
{
	struct walk walk;
	struct name last;
	int error;

	*out = (struct lookup_parent){ 0 };
	if (*path == '\0')
		return -ENOENT;
	walk_begin(&walk, context, path);
	error = walk_to_last(&walk, &last);
	if (error == 0) {
		/* Whatever was followed, the text ends as the path does. */
		size_t left = last.length + string_length(walk.rest, SIZE_MAX);

		out->dir = vnode_get(walk.dir);
		out->last.bytes = path + string_length(path, SIZE_MAX) - left;
		out->last.length = last.length;
		out->has_trailing_slash = *walk.rest == '/';
	}
	walk_end(&walk);
	return error;
}
