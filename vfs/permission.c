/*
 * Permission: the one place that reads mode bits.
 *
 * The order of tests decides which error a caller sees, and is Linux's: what
 * the mount or the inode forbids to everybody first, then the mode bits, then
 * what capabilities allow in spite of them.
 */
#include "vfs/permission.h"

#include "base/errno.h"
#include "kern/credential.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

#define EXECUTE_ANY   0111
#define GROUP_EXECUTE 0010

/* The three bits of the class that the caller is in: owner, group or others. */
static uint32_t
class_bits(const struct vnode_attributes *attributes, const struct credential *credential)
{
	if (credential->fs_uid == attributes->uid)
		return attributes->permissions >> 6 & 7;
	if (credential_has_group(credential, attributes->gid))
		return attributes->permissions >> 3 & 7;
	return attributes->permissions & 7;
}

/* May the caller do what the mode bits deny? */
static bool
may_override(const struct vnode *vnode, const struct credential *credential, uint32_t access)
{
	bool is_directory = vnode->type == VNODE_DIRECTORY;
	uint32_t reading = is_directory ? ACCESS_READ | ACCESS_EXECUTE : ACCESS_READ;

	if ((access & ~reading) == 0 && credential_can(credential, CAP_DAC_READ_SEARCH))
		return true;
	if (!credential_can(credential, CAP_DAC_OVERRIDE))
		return false;
	/* Nobody executes a file that is executable for nobody. */
	return is_directory || !(access & ACCESS_EXECUTE) ||
	       (vnode->attributes.permissions & EXECUTE_ANY) != 0;
}

/* Does writing to vnode change its file system, rather than a device or a queue? */
static bool
writes_to_mount(const struct vnode *vnode)
{
	return vnode->type == VNODE_REGULAR || vnode->type == VNODE_DIRECTORY ||
	       vnode->type == VNODE_SYMLINK;
}

int
permission_check(const struct vnode *vnode, const struct credential *credential, uint32_t access)
{
	if (access & ACCESS_WRITE) {
		if ((vnode->mount->flags & MOUNT_READ_ONLY) && writes_to_mount(vnode))
			return -EROFS;
		if (vnode->attributes.flags & VNODE_IMMUTABLE)
			return -EPERM;
	}
	if ((access & ~class_bits(&vnode->attributes, credential)) == 0)
		return 0;
	return may_override(vnode, credential, access) ? 0 : -EACCES;
}

bool
permission_may_search(const struct vnode_attributes *attributes,
    const struct credential *credential)
{
	return (class_bits(attributes, credential) & ACCESS_EXECUTE) != 0 ||
	       credential_can(credential, CAP_DAC_READ_SEARCH) ||
	       credential_can(credential, CAP_DAC_OVERRIDE);
}

int
permission_add(const struct vnode *dir, const struct credential *credential)
{
	if (dir->attributes.link_count == 0)
		return -ENOENT;
	return permission_check(dir, credential, ACCESS_WRITE | ACCESS_EXECUTE);
}

/* Does the sticky bit of dir keep the caller from removing vnode? */
static bool
is_kept_by_sticky_bit(const struct vnode *dir, const struct vnode *vnode,
    const struct credential *credential)
{
	return (dir->attributes.permissions & MODE_STICKY) != 0 &&
	       credential->fs_uid != vnode->attributes.uid &&
	       credential->fs_uid != dir->attributes.uid && !credential_can(credential, CAP_FOWNER);
}

int
permission_remove(const struct vnode *dir, const struct vnode *vnode,
    const struct credential *credential)
{
	int error = permission_check(dir, credential, ACCESS_WRITE | ACCESS_EXECUTE);

	if (error < 0)
		return error;
	if (dir->attributes.flags & VNODE_APPEND_ONLY)
		return -EPERM;
	if (vnode->attributes.flags & (VNODE_IMMUTABLE | VNODE_APPEND_ONLY))
		return -EPERM;
	return is_kept_by_sticky_bit(dir, vnode, credential) ? -EPERM : 0;
}

int
permission_owner(const struct vnode *vnode, const struct credential *credential)
{
	if (credential->fs_uid == vnode->attributes.uid)
		return 0;
	return credential_can(credential, CAP_FOWNER) ? 0 : -EPERM;
}

uint32_t
permission_lost_set_id(const struct vnode *vnode, const struct credential *credential)
{
	const struct vnode_attributes *attributes = &vnode->attributes;
	uint32_t lost = attributes->permissions & (MODE_SETUID | MODE_SETGID);

	/* Without group execution, the set-group-ID bit means something else. */
	if ((attributes->permissions & GROUP_EXECUTE) == 0 &&
	    (credential_has_group(credential, attributes->gid) ||
		credential_can(credential, CAP_FSETID)))
		lost &= ~(uint32_t)MODE_SETGID;
	return lost;
}
