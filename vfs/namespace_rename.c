/*
 * Renaming.
 *
 * A rename may hold four locks of which no two need be parent and child.  What
 * keeps renames from waiting for each other in a circle is the mount's
 * rename_lock: there is one rename at a time.  What keeps a rename from waiting
 * in a circle with those who lock from parent to child is the order here:
 *
 *	the parents, the one above the other first, else by address;
 *	then what is renamed and what is replaced, directories first.
 *
 * That the latter are not above the former is checked before they are locked:
 * climbing from each parent by ".." tells, since nothing else moves directories
 * while we hold rename_lock.  It also finds who moves a directory into itself.
 */
#include "base/errno.h"
#include "kern/credential.h"
#include "kern/mutex.h"
#include "vfs/mount.h"
#include "vfs/name_cache.h"
#include "vfs/namespace_impl.h"
#include "vfs/permission.h"

/* How far a directory can be from its root before we believe in a circle. */
#define DEPTH_MAX (1 << 20)

struct renaming {
	const struct credential *credential;
	struct lookup_parent from;
	struct lookup_parent to;
	uint32_t flags;
	struct vnode *from_below; /* what from.dir has above to.dir; a reference or NULL */
	struct vnode *to_below;	  /* what to.dir has above from.dir; a reference or NULL */
	struct vnode *vnode;	  /* what is renamed; a reference or NULL */
	struct vnode *replaced;	  /* what has the new name; a reference or NULL */
};

/* ---- parents --------------------------------------------------------------------- */

/* The parent of dir, which is not its mount's root. */
static int
parent_of(struct vnode *dir, struct vnode **out)
{
	int error;

	*out = NULL;
	rwlock_lock_shared(&dir->lock);
	if (dir->attributes.link_count == 0)
		error = -ENOENT;
	else
		error = lookup_name(dir, NAME(".."), out);
	rwlock_unlock_shared(&dir->lock);
	return error;
}

/*
 * If dir is somewhere below top: the directory in top that it is in, or is;
 * else NULL.  REQUIRES(rename_lock)
 */
static int
find_below(struct vnode *top, struct vnode *dir, struct vnode **out)
{
	struct vnode *here = vnode_get(dir);

	*out = NULL;
	for (int depth = 0; depth < DEPTH_MAX && here != here->mount->root; depth++) {
		struct vnode *above;
		int error = parent_of(here, &above);

		if (error < 0) {
			vnode_put(here);
			return error;
		}
		if (above == top) {
			vnode_put(above);
			*out = here;
			return 0;
		}
		vnode_put(here);
		here = above;
	}
	vnode_put(here);
	return 0;
}

/* Lock two vnodes, of which the second may be NULL or the first again. */
static void
lock_both(struct vnode *first, struct vnode *second)
{
	rwlock_lock_exclusive(&first->lock);
	if (second != NULL && second != first)
		rwlock_lock_exclusive(&second->lock);
}

static void
unlock_both(struct vnode *first, struct vnode *second)
{
	rwlock_unlock_exclusive(&first->lock);
	if (second != NULL && second != first)
		rwlock_unlock_exclusive(&second->lock);
}

/* Lock the parents.  REQUIRES(rename_lock) */
static int
lock_parents(struct renaming *renaming)
{
	struct vnode *from = renaming->from.dir;
	struct vnode *to = renaming->to.dir;
	int error = 0;

	if (from != to) {
		error = find_below(from, to, &renaming->from_below);
		if (error == 0 && renaming->from_below == NULL)
			error = find_below(to, from, &renaming->to_below);
	}
	if (error < 0)
		return error;
	if (renaming->to_below != NULL ||
	    (renaming->from_below == NULL && (uintptr_t)to < (uintptr_t)from))
		lock_both(to, from);
	else
		lock_both(from, to);
	return 0;
}

/* ---- children --------------------------------------------------------------------- */

static bool
is_directory(const struct vnode *vnode)
{
	return vnode->type == VNODE_DIRECTORY;
}

static bool
is_exchange(const struct renaming *renaming)
{
	return (renaming->flags & RENAME_SWAP) != 0;
}

/* Lock what is renamed and what is replaced; they differ. */
static void
lock_children(const struct renaming *renaming)
{
	struct vnode *vnode = renaming->vnode;
	struct vnode *replaced = renaming->replaced;
	bool is_second = false;

	if (replaced != NULL && is_directory(vnode) == is_directory(replaced))
		is_second = (uintptr_t)replaced < (uintptr_t)vnode;
	else if (replaced != NULL)
		is_second = is_directory(replaced);

	if (is_second)
		lock_both(replaced, vnode);
	else
		lock_both(vnode, replaced);
}

/* Find what is renamed and what is replaced.  (parents: exclusive) */
static int
find_children(struct renaming *renaming)
{
	int error = lookup_name(renaming->from.dir, renaming->from.last, &renaming->vnode);

	if (error < 0)
		return error;
	error = lookup_name(renaming->to.dir, renaming->to.last, &renaming->replaced);
	return error == -ENOENT ? 0 : error;
}

/* Is vnode one of the parents?  Only in a damaged directory tree, but there. */
static bool
is_parent(const struct renaming *renaming, const struct vnode *vnode)
{
	return vnode == renaming->from.dir || vnode == renaming->to.dir;
}

/* Do the two fit together, and the place?  (parents: exclusive) */
static int
check_shape(const struct renaming *renaming)
{
	const struct vnode *vnode = renaming->vnode;
	const struct vnode *replaced = renaming->replaced;
	bool has_slash = renaming->from.has_trailing_slash ||
			 (renaming->to.has_trailing_slash && !is_exchange(renaming));

	if (replaced != NULL && (renaming->flags & RENAME_NO_REPLACE))
		return -EEXIST;
	if (replaced == NULL && is_exchange(renaming))
		return -ENOENT;
	if (is_exchange(renaming) && !is_directory(replaced) && renaming->to.has_trailing_slash)
		return -ENOTDIR;
	if (!is_directory(vnode) && has_slash)
		return -ENOTDIR;
	if (vnode == renaming->from_below || is_parent(renaming, vnode))
		return -EINVAL;
	if (replaced != NULL && (replaced == renaming->to_below || is_parent(renaming, replaced)))
		return is_exchange(renaming) ? -EINVAL : -ENOTEMPTY;
	return 0;
}

/* May the new name be used?  (all: exclusive) */
static int
check_target(const struct renaming *renaming)
{
	const struct vnode *dir = renaming->to.dir;
	const struct vnode *replaced = renaming->replaced;
	int error;

	if (replaced == NULL)
		return permission_add(dir, renaming->credential);
	error = permission_remove(dir, replaced, renaming->credential);
	if (error < 0 || is_exchange(renaming))
		return error;
	if (is_directory(renaming->vnode) != is_directory(replaced))
		return is_directory(replaced) ? -EISDIR : -ENOTDIR;
	return 0;
}

/* May the ".." of vnode change, if it is a directory and goes to another parent? */
static int
check_dot_dot(const struct renaming *renaming, const struct vnode *vnode)
{
	if (!is_directory(vnode) || renaming->from.dir == renaming->to.dir)
		return 0;
	return permission_check(vnode, renaming->credential, ACCESS_WRITE);
}

static bool
is_mounted_on(const struct vnode *vnode)
{
	return vnode != NULL && atomic_load(&vnode->mounted_here) != NULL;
}

/* May the caller do it?  (all: exclusive) */
static int
check_rename(const struct renaming *renaming)
{
	int error = permission_remove(renaming->from.dir, renaming->vnode, renaming->credential);

	if (error == 0)
		error = check_target(renaming);
	if (error == 0)
		error = check_dot_dot(renaming, renaming->vnode);
	if (error == 0 && is_exchange(renaming))
		error = check_dot_dot(renaming, renaming->replaced);
	if (error == 0 && (is_mounted_on(renaming->vnode) || is_mounted_on(renaming->replaced)))
		error = -EBUSY;
	return error;
}

/* ---- doing it ---------------------------------------------------------------------- */

/* Times and cached names after the file system has done it.  (all: exclusive) */
static void
note_renamed(const struct renaming *renaming)
{
	struct vnode *from = renaming->from.dir;
	struct vnode *to = renaming->to.dir;
	struct vnode *vnode = renaming->vnode;
	struct vnode *replaced = renaming->replaced;

	namespace_touch(from, SET_MODIFIED | SET_CHANGED);
	if (to != from)
		namespace_touch(to, SET_MODIFIED | SET_CHANGED);
	namespace_touch(vnode, SET_CHANGED);
	name_cache_remove(from, renaming->from.last);
	name_cache_remove(to, renaming->to.last);
	if (is_directory(vnode))
		name_cache_remove(vnode, NAME(".."));
	if (replaced == NULL)
		return;
	namespace_touch(replaced, SET_CHANGED);
	if (is_directory(replaced) && !is_exchange(renaming))
		namespace_directory_removed(to, replaced);
	else if (is_directory(replaced))
		name_cache_purge(replaced);
}

/* (parents: exclusive) */
static int
rename_children(const struct renaming *renaming)
{
	const struct vnode_rename what = {
		.from_dir = renaming->from.dir,
		.to_dir = renaming->to.dir,
		.from_name = renaming->from.last,
		.to_name = renaming->to.last,
		.vnode = renaming->vnode,
		.replaced = renaming->replaced,
		.exchange = is_exchange(renaming),
	};
	int error;

	lock_children(renaming);
	error = check_rename(renaming);
	if (error == 0)
		error = vnode_rename(&what);
	if (error == 0)
		note_renamed(renaming);
	unlock_both(renaming->vnode, renaming->replaced);
	return error;
}

/* (parents: exclusive) */
static int
rename_in_parents(struct renaming *renaming)
{
	int error = find_children(renaming);

	if (error == 0)
		error = check_shape(renaming);
	if (error < 0)
		return error;
	/* Two names of one file: nothing happens, and that is success. */
	return renaming->vnode == renaming->replaced ? 0 : rename_children(renaming);
}

/* Are these names of entries, in one mount that can be written? */
static int
check_places(const struct renaming *renaming)
{
	if (renaming->from.dir->mount != renaming->to.dir->mount)
		return -EXDEV;
	if (!namespace_is_entry(renaming->from.last))
		return -EBUSY;
	if (!namespace_is_entry(renaming->to.last))
		return renaming->flags & RENAME_NO_REPLACE ? -EEXIST : -EBUSY;
	return renaming->from.dir->mount->flags & MOUNT_READ_ONLY ? -EROFS : 0;
}

static int
rename_found(struct renaming *renaming)
{
	struct mount *mount = renaming->from.dir->mount;
	int error = check_places(renaming);

	if (error < 0)
		return error;
	mutex_lock(&mount->rename_lock);
	error = lock_parents(renaming);
	if (error == 0) {
		error = rename_in_parents(renaming);
		unlock_both(renaming->from.dir, renaming->to.dir);
	}
	mutex_unlock(&mount->rename_lock);
	vnode_put(renaming->from_below);
	vnode_put(renaming->to_below);
	vnode_put(renaming->vnode);
	vnode_put(renaming->replaced);
	return error;
}

int
namespace_rename(const struct path_context *from_context, const char *from,
    const struct path_context *to_context, const char *to, uint32_t flags)
{
	const uint32_t known = RENAME_NO_REPLACE | RENAME_SWAP;
	struct renaming renaming = {
		.credential = from_context->credential,
		.flags = flags,
	};
	int error;

	if ((flags & ~known) != 0 || flags == known)
		return -EINVAL;
	error = lookup_parent(from_context, from, &renaming.from);
	if (error < 0)
		return error;
	error = lookup_parent(to_context, to, &renaming.to);
	if (error == 0) {
		error = rename_found(&renaming);
		vnode_put(renaming.to.dir);
	}
	vnode_put(renaming.from.dir);
	return error;
}
