/*
 * Names: making, linking and removing them; and what is read from directories
 * and symbolic links.
 *
 * Each finds the directory of the last name, locks it exclusively, looks the
 * name up again under the lock, checks, lets the file system do it, and tells
 * the name cache before the lock is released.
 */
#include "vfs/namespace.h"

#include "base/errno.h"
#include "kern/credential.h"
#include "vfs/lookup_impl.h"
#include "vfs/mount.h"
#include "vfs/name_cache.h"
#include "vfs/namespace_impl.h"
#include "vfs/permission.h"

bool
namespace_is_entry(struct name name)
{
	return name.length > 0 && !name_is_dot(name) && !name_is_dot_dot(name);
}

static bool
is_read_only(const struct vnode *vnode)
{
	return (vnode->mount->flags & MOUNT_READ_ONLY) != 0;
}

/* ---- making -------------------------------------------------------------------- */

/* Who owns a new file in dir, and what its mode is. */
static void
fill_in_owner(const struct path_context *context, const struct vnode *dir,
    struct vnode_create *what)
{
	const struct credential *credential = context->credential;
	bool is_group_kept = (dir->attributes.permissions & MODE_SETGID) != 0;

	what->uid = credential->fs_uid;
	what->gid = is_group_kept ? dir->attributes.gid : credential->fs_gid;
	if (what->type == VNODE_SYMLINK)
		what->permissions = 0777;
	else
		what->permissions &= ~context->umask;
	if (!is_group_kept)
		return;
	if (what->type == VNODE_DIRECTORY)
		what->permissions |= MODE_SETGID;
	else if (!credential_has_group(credential, what->gid) &&
		 !credential_can(credential, CAP_FSETID))
		what->permissions &= ~(uint32_t)MODE_SETGID;
}

/* May the caller make such a file at all? */
static int
check_type(const struct path_context *context, const struct vnode_create *what)
{
	if (what->type == VNODE_CHARACTER || what->type == VNODE_BLOCK)
		return credential_can(context->credential, CAP_MKNOD) ? 0 : -EPERM;
	if (what->type != VNODE_SYMLINK)
		return 0;
	if (what->target.length == 0)
		return -ENOENT;
	return what->target.length < PATH_LENGTH_MAX ? 0 : -ENAMETOOLONG;
}

/* Is name not taken in dir?  -EEXIST if it is.  (dir: exclusive) */
static int
check_is_free(struct vnode *dir, struct name name)
{
	struct vnode *vnode;
	int error = lookup_name(dir, name, &vnode);

	vnode_put(vnode);
	if (error == 0)
		return -EEXIST;
	return error == -ENOENT ? 0 : error;
}

int
namespace_make(const struct path_context *context, struct vnode *dir, struct name name,
    struct vnode_create *what, struct vnode **out)
{
	int error = check_is_free(dir, name);

	*out = NULL;
	if (error == 0)
		error = permission_add(dir, context->credential);
	if (error == 0)
		error = check_type(context, what);
	if (error < 0)
		return error;
	fill_in_owner(context, dir, what);
	error = vnode_create(dir, name, what, out);
	if (error < 0)
		return error;
	namespace_touch(dir, SET_MODIFIED | SET_CHANGED);
	name_cache_enter(dir, name, *out);
	return 0;
}

int
namespace_make_unnamed(const struct path_context *context, struct vnode *dir,
    struct vnode_create *what, struct vnode **out)
{
	int error = 0;

	*out = NULL;
	if (is_read_only(dir))
		return -EROFS;
	error = permission_check(dir, context->credential, ACCESS_WRITE | ACCESS_EXECUTE);
	if (error < 0)
		return error;
	fill_in_owner(context, dir, what);
	return vnode_create_unnamed(dir, what, out);
}

/* Make what is wanted in the parent that was found. */
static int
make_in(const struct path_context *context, const struct lookup_parent *parent,
    struct vnode_create *what)
{
	struct vnode *vnode = NULL;
	int error;

	if (!namespace_is_entry(parent->last))
		return -EEXIST;
	rwlock_lock_exclusive(&parent->dir->lock);
	if (parent->has_trailing_slash && what->type != VNODE_DIRECTORY) {
		error = check_is_free(parent->dir, parent->last);
		if (error == 0)
			error = -ENOENT; /* "name/" is no name for a file to come */
	} else {
		error = namespace_make(context, parent->dir, parent->last, what, &vnode);
	}
	rwlock_unlock_exclusive(&parent->dir->lock);
	vnode_put(vnode);
	return error;
}

int
namespace_create(const struct path_context *context, const char *path, struct vnode_create *what)
{
	struct lookup_parent parent;
	int error = lookup_parent(context, path, &parent);

	if (error < 0)
		return error;
	error = make_in(context, &parent, what);
	vnode_put(parent.dir);
	return error;
}

/* ---- linking ------------------------------------------------------------------- */

/* May vnode get another name in dir?  (both: exclusive) */
static int
check_link(const struct path_context *context, struct vnode *dir, const struct vnode *vnode)
{
	int error = permission_add(dir, context->credential);

	if (error < 0)
		return error;
	if (vnode->attributes.flags & (VNODE_IMMUTABLE | VNODE_APPEND_ONLY))
		return -EPERM;
	return vnode->attributes.link_count > 0 || vnode->is_linkable ? 0 : -ENOENT;
}

/* Give vnode, which is no directory, a name.  (dir: exclusive) */
static int
link_locked(const struct path_context *context, struct vnode *dir, struct name name,
    struct vnode *vnode)
{
	int error;

	rwlock_lock_exclusive(&vnode->lock);
	error = check_link(context, dir, vnode);
	if (error == 0)
		error = vnode_link(dir, name, vnode);
	if (error == 0) {
		namespace_touch(vnode, SET_CHANGED);
		namespace_touch(dir, SET_MODIFIED | SET_CHANGED);
		name_cache_enter(dir, name, vnode);
	}
	rwlock_unlock_exclusive(&vnode->lock);
	return error;
}

/* No second name for a directory; but who may not add names hears that first. */
static int
refuse_directory(const struct path_context *context, const struct vnode *dir)
{
	int error = permission_add(dir, context->credential);

	return error < 0 ? error : -EPERM;
}

static int
link_in(const struct path_context *context, const struct lookup_parent *parent, struct vnode *vnode)
{
	struct vnode *dir = parent->dir;
	int error;

	if (!namespace_is_entry(parent->last))
		return -EEXIST;
	rwlock_lock_exclusive(&dir->lock);
	error = check_is_free(dir, parent->last);
	if (error == 0 && parent->has_trailing_slash)
		error = -ENOENT;
	else if (error == 0 && dir->mount != vnode->mount)
		error = -EXDEV;
	else if (error == 0 && is_read_only(dir))
		error = -EROFS;
	if (error == 0 && vnode->type == VNODE_DIRECTORY)
		error = refuse_directory(context, dir);
	else if (error == 0)
		error = link_locked(context, dir, parent->last, vnode);
	rwlock_unlock_exclusive(&dir->lock);
	return error;
}

int
namespace_link(const struct path_context *from_context, const char *from,
    const struct path_context *to_context, const char *to, uint32_t lookup_flags)
{
	struct lookup_parent parent;
	struct vnode *vnode;
	int error = lookup(from_context, from, lookup_flags, &vnode);

	if (error < 0)
		return error;
	error = lookup_parent(to_context, to, &parent);
	if (error == 0) {
		error = link_in(to_context, &parent, vnode);
		vnode_put(parent.dir);
	}
	vnode_put(vnode);
	return error;
}

/* ---- removing ------------------------------------------------------------------ */

/* May this entry be removed by unlink, or by rmdir?  (dir, vnode: exclusive) */
static int
check_remove(const struct path_context *context, const struct lookup_parent *parent,
    const struct vnode *vnode, bool is_rmdir)
{
	bool is_directory = vnode->type == VNODE_DIRECTORY;
	int error = 0;

	if (parent->has_trailing_slash && !is_rmdir)
		return is_directory ? -EISDIR : -ENOTDIR;
	error = permission_remove(parent->dir, vnode, context->credential);
	if (error < 0)
		return error;
	if (is_rmdir != is_directory)
		return is_directory ? -EISDIR : -ENOTDIR;
	return atomic_load(&vnode->mounted_here) != NULL ? -EBUSY : 0;
}

void
namespace_directory_removed(struct vnode *dir, struct vnode *vnode)
{
	name_cache_purge(vnode);
	if (vnode->former_parent == NULL && vnode->attributes.link_count == 0)
		vnode->former_parent = vnode_get(dir);
}

/* (dir: exclusive) */
static int
remove_locked(const struct path_context *context, const struct lookup_parent *parent,
    struct vnode *vnode, bool is_rmdir)
{
	int error;

	rwlock_lock_exclusive(&vnode->lock);
	error = check_remove(context, parent, vnode, is_rmdir);
	if (error == 0)
		error = vnode_remove(parent->dir, parent->last, vnode);
	if (error == 0) {
		namespace_touch(parent->dir, SET_MODIFIED | SET_CHANGED);
		namespace_touch(vnode, SET_CHANGED);
		name_cache_remove(parent->dir, parent->last);
		if (is_rmdir)
			namespace_directory_removed(parent->dir, vnode);
	}
	rwlock_unlock_exclusive(&vnode->lock);
	return error;
}

static int
remove_in(const struct path_context *context, const struct lookup_parent *parent, bool is_rmdir)
{
	struct vnode *dir = parent->dir;
	struct vnode *vnode;
	int error;

	if (is_read_only(dir))
		return -EROFS;
	rwlock_lock_exclusive(&dir->lock);
	error = lookup_name(dir, parent->last, &vnode);
	if (error == 0)
		error = remove_locked(context, parent, vnode, is_rmdir);
	rwlock_unlock_exclusive(&dir->lock);
	vnode_put(vnode);
	return error;
}

int
namespace_unlink(const struct path_context *context, const char *path)
{
	struct lookup_parent parent;
	int error = lookup_parent(context, path, &parent);

	if (error < 0)
		return error;
	if (namespace_is_entry(parent.last))
		error = remove_in(context, &parent, false);
	else
		error = -EISDIR;
	vnode_put(parent.dir);
	return error;
}

int
namespace_rmdir(const struct path_context *context, const char *path)
{
	struct lookup_parent parent;
	int error = lookup_parent(context, path, &parent);

	if (error < 0)
		return error;
	if (namespace_is_entry(parent.last))
		error = remove_in(context, &parent, true);
	else if (name_is_dot(parent.last))
		error = -EINVAL;
	else
		error = parent.last.length > 0 ? -ENOTEMPTY : -EBUSY;
	vnode_put(parent.dir);
	return error;
}

/* ---- reading ------------------------------------------------------------------- */

int
namespace_read_link(struct vnode *vnode, char *target, size_t size, size_t *length)
{
	int error;

	rwlock_lock_shared(&vnode->lock);
	error = vnode_read_link(vnode, target, size, length);
	rwlock_unlock_shared(&vnode->lock);
	if (error == 0)
		namespace_accessed(vnode);
	return error;
}

int
namespace_read_directory(struct vnode *dir, uint64_t *position, struct directory_sink *sink)
{
	int error = 0;

	rwlock_lock_shared(&dir->lock);
	if (dir->type == VNODE_DIRECTORY && dir->attributes.link_count == 0)
		error = -ENOENT;
	else
		error = vnode_read_directory(dir, position, sink);
	rwlock_unlock_shared(&dir->lock);
	return error;
}
