/*
 * Extended attributes: the rules, once for all file systems.
 *
 * The order of the tests is Linux's: what the inode's flags forbid, the family's
 * own rule, the permission bits, and only then whether the family is known at
 * all, by which a file system's own lack of it comes last.
 *
 * What a list may show depends on who asks, so a file system gives all names,
 * and those of "trusted." are taken out here for those who may not know.
 */
#include "vfs/xattr.h"

#include "base/endian.h"
#include "base/errno.h"
#include "kern/credential.h"
#include "kern/memory.h"
#include "vfs/mount.h"
#include "vfs/namespace_impl.h"
#include "vfs/permission.h"
#include "vfs/vnode.h"

/* security.capability: a revision in the highest byte, then the sets. */
#define FILE_CAPABILITIES_SIZE	   20
#define FILE_CAPABILITIES_REVISION 2

static bool
begins_with(struct name name, struct name start)
{
	return name.length >= start.length && memcmp(name.bytes, start.bytes, start.length) == 0;
}

#define TRUSTED	 NAME("trusted.")
#define USER	 NAME("user.")
#define SECURITY NAME("security.")
#define SYSTEM	 NAME("system.")

static bool
is_file_capabilities(struct name name)
{
	return name_equal(name, NAME("security.capability"));
}

/* Of a family that may be kept, and a name in it? */
static int
check_family(struct name name)
{
	static const struct name families[] = {
		{ "user.", 5 },
		{ "trusted.", 8 },
		{ "security.", 9 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (begins_with(name, families[i]))
			return name.length > families[i].length ? 0 : -EINVAL;
	}
	return -EOPNOTSUPP;
}

/* The rule of "user.": quotas and access make no sense for files without content. */
static int
check_user(const struct vnode *vnode, const struct credential *credential, uint32_t access)
{
	bool is_writing = (access & ACCESS_WRITE) != 0;

	if (vnode->type != VNODE_REGULAR && vnode->type != VNODE_DIRECTORY)
		return is_writing ? -EPERM : -ENODATA;
	if (vnode->type == VNODE_DIRECTORY && is_writing &&
	    (vnode->attributes.permissions & MODE_STICKY) != 0 &&
	    permission_owner(vnode, credential) < 0)
		return -EPERM;
	return permission_check(vnode, credential, access);
}

/* May the caller use the attribute so?  (vnode: shared) */
static int
check_use(const struct vnode *vnode, const struct credential *credential, struct name name,
    uint32_t access)
{
	bool is_writing = (access & ACCESS_WRITE) != 0;

	if (is_writing && (vnode->attributes.flags & (VNODE_IMMUTABLE | VNODE_APPEND_ONLY)) != 0)
		return -EPERM;
	if (begins_with(name, SYSTEM) || begins_with(name, SECURITY))
		return 0;
	if (begins_with(name, TRUSTED)) {
		if (credential_can(credential, CAP_SYS_ADMIN))
			return 0;
		return is_writing ? -EPERM : -ENODATA;
	}
	if (begins_with(name, USER))
		return check_user(vnode, credential, access);
	return permission_check(vnode, credential, access);
}

/* What those who change "security." need.  */
static int
check_security(const struct credential *credential, struct name name)
{
	enum capability needed = is_file_capabilities(name) ? CAP_SETFCAP : CAP_SYS_ADMIN;

	if (!begins_with(name, SECURITY))
		return 0;
	return credential_can(credential, needed) ? 0 : -EPERM;
}

static int
check_change(const struct vnode *vnode, const struct credential *credential, struct name name)
{
	int error = check_use(vnode, credential, name, ACCESS_WRITE);

	if (error == 0)
		error = check_security(credential, name);
	return error == 0 ? check_family(name) : error;
}

/* Could these be capabilities of a program? */
static bool
is_valid_file_capabilities(const uint8_t *value, size_t size)
{
	return size == FILE_CAPABILITIES_SIZE &&
	       load_le32(value) >> 24 == FILE_CAPABILITIES_REVISION;
}

int
xattr_get(struct vnode *vnode, const struct credential *credential, struct name name, void *value,
    size_t size, size_t *length)
{
	int error;

	*length = 0;
	rwlock_lock_shared(&vnode->lock);
	error = check_use(vnode, credential, name, ACCESS_READ);
	if (error == 0)
		error = check_family(name);
	if (error == 0)
		error = vnode_get_xattr(vnode, name, value, size, length);
	rwlock_unlock_shared(&vnode->lock);
	return error;
}

int
xattr_set(struct vnode *vnode, const struct credential *credential, struct name name,
    const void *value, size_t size, uint32_t flags)
{
	int error;

	if ((vnode->mount->flags & MOUNT_READ_ONLY) != 0)
		return -EROFS;
	if (is_file_capabilities(name) && size > 0 && !is_valid_file_capabilities(value, size))
		return -EINVAL;
	rwlock_lock_exclusive(&vnode->lock);
	vnode->uses_reserve = credential_can(credential, CAP_SYS_RESOURCE);
	error = check_change(vnode, credential, name);
	if (error == 0)
		error = vnode_set_xattr(vnode, name, value, size, flags);
	if (error == 0)
		namespace_touch(vnode, SET_CHANGED);
	rwlock_unlock_exclusive(&vnode->lock);
	return error;
}

int
xattr_remove(struct vnode *vnode, const struct credential *credential, struct name name)
{
	int error;

	if ((vnode->mount->flags & MOUNT_READ_ONLY) != 0)
		return -EROFS;
	rwlock_lock_exclusive(&vnode->lock);
	error = check_change(vnode, credential, name);
	if (error == 0)
		error = vnode_remove_xattr(vnode, name);
	if (error == 0)
		namespace_touch(vnode, SET_CHANGED);
	rwlock_unlock_exclusive(&vnode->lock);
	return error;
}

/* Take the names out that are not for everybody. */
static void
hide_trusted(struct xattr_names *names)
{
	size_t kept = 0;

	for (size_t at = 0; at < names->length;) {
		struct name name = { names->bytes + at, 0 };

		name.length = string_length(name.bytes, names->length - at);
		at += name.length + 1;
		if (begins_with(name, TRUSTED) || at > names->length)
			continue;
		memmove(names->bytes + kept, name.bytes, name.length + 1);
		kept += name.length + 1;
	}
	names->length = kept;
}

/* (vnode: shared) */
static int
list_locked(struct vnode *vnode, struct xattr_names *out)
{
	int error = vnode_list_xattr(vnode, NULL, 0, &out->length);

	if (error < 0 || out->length == 0)
		return error;
	out->allocated = out->length;
	out->bytes = memory_alloc(vnode->kernel, out->allocated);
	if (out->bytes == NULL)
		return -ENOMEM;
	return vnode_list_xattr(vnode, out->bytes, out->allocated, &out->length);
}

int
xattr_list(struct vnode *vnode, const struct credential *credential, struct xattr_names *out)
{
	int error;

	*out = (struct xattr_names){ 0 };
	rwlock_lock_shared(&vnode->lock);
	error = list_locked(vnode, out);
	rwlock_unlock_shared(&vnode->lock);
	if (error < 0)
		xattr_names_free(out, vnode->kernel);
	else if (!credential_can(credential, CAP_SYS_ADMIN))
		hide_trusted(out);
	return error;
}

void
xattr_names_free(struct xattr_names *names, struct kernel *kernel)
{
	memory_free(kernel, names->bytes, names->allocated);
	*names = (struct xattr_names){ 0 };
}
