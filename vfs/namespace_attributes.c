/*
 * Attributes: who may change what, what else changes with it, and when times of
 * access are kept.
 *
 * A change is made in the vnode first and then told to the file system; if that
 * refuses, the old attributes come back, before anybody else could see the new.
 */
#include "base/errno.h"
#include "kern/credential.h"
#include "kern/kernel.h"
#include "vfs/mount.h"
#include "vfs/namespace_impl.h"
#include "vfs/permission.h"

#define NANOSECONDS 1000000000
#define DAY	    (24 * 60 * 60) /* seconds */

struct timestamp
timestamp_now(struct kernel *kernel)
{
	int64_t now = kernel_clock_wall(kernel);
	struct timestamp stamp = { now / NANOSECONDS, 0 };

	now %= NANOSECONDS;
	if (now < 0) { /* before 1970 */
		now += NANOSECONDS;
		stamp.seconds--;
	}
	stamp.nanoseconds = (uint32_t)now;
	return stamp;
}

void
namespace_touch(struct vnode *vnode, uint32_t mask)
{
	struct timestamp now = timestamp_now(vnode->kernel);
	int error;

	if (mask & SET_MODIFIED)
		vnode->attributes.modified = now;
	if (mask & SET_CHANGED)
		vnode->attributes.changed = now;
	error = vnode_attributes_changed(vnode, mask);
	if (error < 0)
		kernel_log(vnode->kernel, LOG_WARNING, "%s: inode %llu: times not kept: error %d",
		    vnode->mount->source, (unsigned long long)vnode->ino, -error);
}

void
namespace_modified(struct vnode *vnode)
{
	rwlock_lock_exclusive(&vnode->lock);
	namespace_touch(vnode, SET_MODIFIED | SET_CHANGED);
	rwlock_unlock_exclusive(&vnode->lock);
}

void
namespace_attributes(struct vnode *vnode, struct vnode_attributes *out)
{
	rwlock_lock_shared(&vnode->lock);
	*out = vnode->attributes;
	rwlock_unlock_shared(&vnode->lock);
}

bool
namespace_peek_attributes(const struct vnode *vnode, struct vnode_attributes *out)
{
	return rwlock_peek(&vnode->lock, out, &vnode->attributes, sizeof(*out));
}

/* ---- times of access ---------------------------------------------------------- */

static bool
is_later(struct timestamp left, struct timestamp right)
{
	if (left.seconds != right.seconds)
		return left.seconds > right.seconds;
	return left.nanoseconds > right.nanoseconds;
}

/* Does the mount keep times of access of such files? */
static bool
keeps_access_time(const struct vnode *vnode)
{
	uint32_t against = MOUNT_READ_ONLY | MOUNT_NO_ACCESS_TIME;

	if (vnode->type == VNODE_DIRECTORY)
		against |= MOUNT_NO_DIRECTORY_ACCESS_TIME;
	return (vnode->mount->flags & against) == 0;
}

/*
 * Would renewing the time of access tell anything?  It is enough that it tells
 * whether the file was read since it changed, and on which day.
 */
static bool
is_access_time_due(const struct mount *mount, const struct vnode_attributes *attributes,
    struct timestamp now)
{
	if (!(mount->flags & MOUNT_RELATIVE_ACCESS_TIME))
		return true;
	return !is_later(attributes->accessed, attributes->modified) ||
	       !is_later(attributes->accessed, attributes->changed) ||
	       now.seconds - attributes->accessed.seconds >= DAY;
}

void
namespace_accessed(struct vnode *vnode)
{
	struct vnode_attributes attributes;
	struct timestamp now;
	struct timestamp old;

	if (!keeps_access_time(vnode))
		return;
	/* Many threads may read one file: they share no write to find that nothing is due. */
	if (!namespace_peek_attributes(vnode, &attributes))
		namespace_attributes(vnode, &attributes);
	now = timestamp_now(vnode->kernel);
	if (!is_access_time_due(vnode->mount, &attributes, now))
		return;

	rwlock_lock_exclusive(&vnode->lock);
	old = vnode->attributes.accessed;
	vnode->attributes.accessed = now;
	if (vnode_attributes_changed(vnode, SET_ACCESSED) < 0)
		vnode->attributes.accessed = old;
	rwlock_unlock_exclusive(&vnode->lock);
}

/* ---- changing ------------------------------------------------------------------ */

/* Do inode flags forbid it? */
static int
check_flags(const struct vnode *vnode, const struct credential *credential,
    const struct attribute_change *change)
{
	uint32_t locked = VNODE_IMMUTABLE | VNODE_APPEND_ONLY;
	uint32_t had = vnode->attributes.flags & locked;

	if (change->mask & SET_FLAGS) {
		if ((change->flags & locked) != had &&
		    !credential_can(credential, CAP_LINUX_IMMUTABLE))
			return -EPERM;
		return permission_owner(vnode, credential);
	}
	if (change->times_are_now)
		had &= VNODE_IMMUTABLE;
	return had != 0 ? -EPERM : 0;
}

static int
check_owner_change(const struct vnode *vnode, const struct credential *credential,
    const struct attribute_change *change)
{
	const struct vnode_attributes *attributes = &vnode->attributes;
	bool is_owner = credential->fs_uid == attributes->uid;

	if (credential_can(credential, CAP_CHOWN))
		return 0;
	if ((change->mask & SET_UID) && !(is_owner && change->uid == attributes->uid))
		return -EPERM;
	if ((change->mask & SET_GID) &&
	    !(is_owner &&
		(change->gid == attributes->gid || credential_has_group(credential, change->gid))))
		return -EPERM;
	return 0;
}

static int
check_times_change(const struct vnode *vnode, const struct credential *credential,
    const struct attribute_change *change)
{
	int error = permission_owner(vnode, credential);

	if (error == 0 || !change->times_are_now)
		return error;
	return permission_check(vnode, credential, ACCESS_WRITE);
}

/*
 * Permission bits that a change of the owner takes away, lest programs run as
 * the new owner unasked; directories lose none.
 */
static uint32_t
lost_by_chown(const struct vnode *vnode, const struct credential *credential,
    const struct attribute_change *change)
{
	if (vnode->type == VNODE_DIRECTORY)
		return 0;
	if (!change->is_chown && (change->mask & (SET_UID | SET_GID)) == 0)
		return 0;
	return permission_lost_set_id(vnode, credential);
}

/* May the caller make this change?  (vnode: shared) */
static int
check_change(const struct vnode *vnode, const struct credential *credential,
    const struct attribute_change *change)
{
	int error = check_flags(vnode, credential, change);

	if (error == 0 && (change->mask & (SET_UID | SET_GID)))
		error = check_owner_change(vnode, credential, change);
	if (error == 0 &&
	    ((change->mask & SET_PERMISSIONS) || lost_by_chown(vnode, credential, change) != 0))
		error = permission_owner(vnode, credential);
	if (error == 0 && (change->mask & (SET_ACCESSED | SET_MODIFIED)))
		error = check_times_change(vnode, credential, change);
	return error;
}

/* Permission bits that the change takes away, besides those it is meant to. */
static uint32_t
lost_permissions(const struct vnode *vnode, const struct credential *credential,
    const struct attribute_change *change, uint32_t permissions)
{
	uint32_t gid = change->mask & SET_GID ? change->gid : vnode->attributes.gid;
	uint32_t lost = lost_by_chown(vnode, credential, change);

	if ((change->mask & SET_PERMISSIONS) && !credential_has_group(credential, gid) &&
	    !credential_can(credential, CAP_FSETID))
		lost |= MODE_SETGID;
	return lost & permissions;
}

/* Make the change in the vnode; what changes, side effects included. */
static uint32_t
apply_change(struct vnode *vnode, const struct credential *credential,
    const struct attribute_change *change)
{
	struct vnode_attributes *attributes = &vnode->attributes;
	struct timestamp now = timestamp_now(vnode->kernel);
	uint32_t permissions = attributes->permissions;
	uint32_t mask = change->mask;

	if (mask & SET_PERMISSIONS)
		permissions = change->permissions & MODE_PERMISSIONS;
	permissions &= ~lost_permissions(vnode, credential, change, permissions);
	if (permissions != attributes->permissions)
		mask |= SET_PERMISSIONS;
	attributes->permissions = permissions;
	if (mask & SET_UID)
		attributes->uid = change->uid;
	if (mask & SET_GID)
		attributes->gid = change->gid;
	if (mask & SET_FLAGS)
		attributes->flags = change->flags;
	if (mask & SET_ACCESSED)
		attributes->accessed = change->times_are_now ? now : change->accessed;
	if (mask & SET_MODIFIED)
		attributes->modified = change->times_are_now ? now : change->modified;
	attributes->changed = now;
	return mask | SET_CHANGED;
}

int
namespace_set_attributes(struct vnode *vnode, const struct credential *credential,
    const struct attribute_change *change)
{
	struct vnode_attributes old;
	int error;

	if (vnode->mount->flags & MOUNT_READ_ONLY)
		return -EROFS;
	rwlock_lock_exclusive(&vnode->lock);
	error = check_change(vnode, credential, change);
	if (error == 0) {
		old = vnode->attributes;
		error = vnode_attributes_changed(vnode, apply_change(vnode, credential, change));
		if (error < 0)
			vnode->attributes = old;
	}
	rwlock_unlock_exclusive(&vnode->lock);
	return error;
}
