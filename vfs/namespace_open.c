/*
 * Opening by path.
 *
 * Without OPEN_CREATE, a lookup.  With it, the walk stops before the last name,
 * which is looked up under the directory's lock, shared first, since it usually
 * exists, then exclusively to create it; a symbolic link there is followed and
 * the walk goes on, so that what a dangling link leads to is created.
 */
#include "base/errno.h"
#include "kern/credential.h"
#include "vfs/device.h"
#include "vfs/file_io.h"
#include "vfs/lookup_impl.h"
#include "vfs/mount.h"
#include "vfs/namespace_impl.h"
#include "vfs/permission.h"

/* ---- may it be opened? ----------------------------------------------------------- */

/* What permission a file opened so needs. */
static uint32_t
access_for(uint32_t flags)
{
	uint32_t access;

	switch (flags & OPEN_ACCESS_MODE) {
	case 0:
		access = ACCESS_READ;
		break;
	case OPEN_WRITE_ONLY:
		access = ACCESS_WRITE;
		break;
	default:
		access = ACCESS_READ | ACCESS_WRITE;
		break;
	}
	return flags & OPEN_TRUNCATE ? access | ACCESS_WRITE : access;
}

/* Are files of this type opened so? */
static int
check_type(const struct vnode *vnode, uint32_t flags)
{
	switch (vnode->type) {
	case VNODE_SYMLINK:
		return -ELOOP;
	case VNODE_DIRECTORY:
		if ((flags & OPEN_CREATE) || (access_for(flags) & ACCESS_WRITE))
			return -EISDIR;
		return 0;
	case VNODE_CHARACTER:
	case VNODE_BLOCK:
		return vnode->mount->flags & MOUNT_NO_DEVICES ? -EACCES : 0;
	default:
		return 0;
	}
}

/* Is there anything to open?  Only those who may open it hear of that. */
static int
check_presence(const struct vnode *vnode, uint32_t device)
{
	switch (vnode->type) {
	case VNODE_CHARACTER:
	case VNODE_BLOCK:
		return device_find(vnode->kernel, vnode->type, device) != NULL ? 0 : -ENXIO;
	case VNODE_SOCKET:
		return -ENXIO;
	default:
		return 0;
	}
}

/* Does an append-only file, or its owner, object?  (vnode: shared) */
static int
check_flags(const struct vnode *vnode, const struct credential *credential, uint32_t flags)
{
	bool appends = (flags & OPEN_APPEND) != 0 && (flags & OPEN_TRUNCATE) == 0;

	if ((vnode->attributes.flags & VNODE_APPEND_ONLY) && (access_for(flags) & ACCESS_WRITE) &&
	    !appends)
		return -EPERM;
	return flags & OPEN_NO_ACCESS_TIME ? permission_owner(vnode, credential) : 0;
}

/* May the caller open vnode with flags? */
static int
check_open(const struct path_context *context, struct vnode *vnode, uint32_t flags)
{
	int error;

	rwlock_lock_shared(&vnode->lock);
	error = check_type(vnode, flags);
	if (error == 0)
		error = permission_check(vnode, context->credential, access_for(flags));
	if (error == 0)
		error = check_flags(vnode, context->credential, flags);
	if (error == 0)
		error = check_presence(vnode, vnode->attributes.device);
	rwlock_unlock_shared(&vnode->lock);
	return error;
}

static int
empty_file(const struct path_context *context, struct vnode *vnode)
{
	const struct file_writer writer = {
		.credential = context->credential,
		.size_limit = UINT64_MAX,
	};

	return file_truncate(vnode, 0, &writer);
}

/* What is to be done with a file that was there before. */
static int
open_existing(const struct path_context *context, struct vnode *vnode, uint32_t flags)
{
	int error = check_open(context, vnode, flags);

	if (error == 0 && (flags & OPEN_TRUNCATE) && vnode->type == VNODE_REGULAR)
		error = empty_file(context, vnode);
	return error;
}

/* ---- creating -------------------------------------------------------------------- */

/* What is at the last name, in the directory that the walk has come to. */
static int
open_last(struct walk *walk, struct name last, struct vnode_create *what, bool *is_new,
    struct vnode **out)
{
	struct vnode *dir = walk->dir;
	int error = walk_find(walk, last, out);

	*is_new = false;
	if (error != -ENOENT)
		return error;
	rwlock_lock_exclusive(&dir->lock);
	error = lookup_name(dir, last, out); /* it may have come meanwhile */
	if (error == -ENOENT) {
		error = namespace_make(walk->context, dir, last, what, out);
		*is_new = error == 0;
	}
	rwlock_unlock_exclusive(&dir->lock);
	if (error == 0)
		lookup_cross_mounts(out);
	return error;
}

/* What is there by such a name is a directory, if the caller may go there. */
static int
refuse_dots(struct walk *walk, struct name last, uint32_t flags, struct vnode **out)
{
	int error = last.length > 0 ? walk_find(walk, last, out) : 0;

	if (error < 0)
		return error;
	return flags & OPEN_EXCLUSIVE ? -EEXIST : -EISDIR;
}

/* Walk on until there is a file that is no symbolic link, or was not to be followed. */
static int
walk_creating(struct walk *walk, uint32_t flags, struct vnode_create *what, bool *is_new,
    struct vnode **out)
{
	for (;;) {
		struct name last;
		int error = walk_to_last(walk, &last);

		if (error < 0)
			return error;
		if (!namespace_is_entry(last))
			return refuse_dots(walk, last, flags, out);
		if (*walk->rest == '/')
			return -EISDIR;
		error = open_last(walk, last, what, is_new, out);
		if (error < 0)
			return error;
		if ((flags & OPEN_EXCLUSIVE) && !*is_new)
			return -EEXIST;
		if ((*out)->type != VNODE_SYMLINK || (flags & OPEN_NO_FOLLOW))
			return 0;
		error = walk_follow(walk, *out);
		*out = NULL;
		if (error < 0)
			return error;
	}
}

static int
open_creating(const struct path_context *context, const char *path, uint32_t flags, uint32_t mode,
    struct vnode **out)
{
	struct vnode_create what = {
		.type = VNODE_REGULAR,
		.permissions = mode & MODE_PERMISSIONS,
	};
	bool is_new = false;
	struct walk walk;
	int error;

	if (*path == '\0')
		return -ENOENT;
	if (flags & OPEN_DIRECTORY)
		return -EINVAL;
	walk_begin(&walk, context, path);
	error = walk_creating(&walk, flags, &what, &is_new, out);
	walk_end(&walk);
	/* Who creates a file may open it, whatever its mode. */
	if (error == 0 && !is_new)
		error = open_existing(context, *out, flags);
	return error;
}

/* ---- files without a name ---------------------------------------------------------- */

static int
open_unnamed(const struct path_context *context, const char *path, uint32_t flags, uint32_t mode,
    struct vnode **out)
{
	uint32_t follow = (flags & OPEN_NO_FOLLOW) != 0 ? 0 : LOOKUP_FOLLOW;
	struct vnode_create what = {
		.type = VNODE_REGULAR,
		.permissions = mode & MODE_PERMISSIONS,
	};
	struct vnode *dir;
	int error = lookup(context, path, follow | LOOKUP_DIRECTORY, &dir);

	if (error < 0)
		return error;
	rwlock_lock_exclusive(&dir->lock);
	error = namespace_make_unnamed(context, dir, &what, out);
	rwlock_unlock_exclusive(&dir->lock);
	vnode_put(dir);
	/* Nobody else knows the file yet. */
	if (error == 0 && (flags & OPEN_EXCLUSIVE) != 0)
		(*out)->is_linkable = false;
	return error;
}

/* ---- opening --------------------------------------------------------------------- */

static int
open_found(const struct path_context *context, const char *path, uint32_t flags, struct vnode **out)
{
	uint32_t lookup_flags = 0;
	int error;

	if (!(flags & OPEN_NO_FOLLOW))
		lookup_flags |= LOOKUP_FOLLOW;
	if (flags & OPEN_DIRECTORY)
		lookup_flags |= LOOKUP_DIRECTORY;
	error = lookup(context, path, lookup_flags, out);
	if (error < 0 || (flags & OPEN_PATH))
		return error;
	return open_existing(context, *out, flags);
}

int
namespace_open(const struct path_context *context, const char *path, uint32_t flags, uint32_t mode,
    struct vnode **out)
{
	int error;

	*out = NULL;
	if (flags & OPEN_UNNAMED)
		error = open_unnamed(context, path, flags, mode, out);
	else if ((flags & OPEN_CREATE) && !(flags & OPEN_PATH))
		error = open_creating(context, path, flags, mode, out);
	else
		error = open_found(context, path, flags, out);
	if (error < 0) {
		vnode_put(*out);
		*out = NULL;
	}
	return error;
}
