/*
 * Extended attributes: who may use which, as xattr(7) says.
 *
 * The family that a name begins with decides: "user." is for regular files and
 * directories and goes by the permission bits; "trusted." is for CAP_SYS_ADMIN
 * and hidden from others; "security." is read by all and set by CAP_SYS_ADMIN,
 * or, security.capability, by CAP_SETFCAP.  No other family is kept: ACLs are
 * not supported, so that "system." is -EOPNOTSUPP.
 *
 * The caller holds a reference to the vnode and no lock.  Names have 1 to
 * XATTR_NAME_LENGTH_MAX bytes.
 */
#ifndef VFS_XATTR_H
#define VFS_XATTR_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/string.h"

struct credential;
struct kernel;
struct vnode;

/*
 * The value; its length to *length.  size 0 only asks for the length.  -ENODATA,
 * -ERANGE, -EOPNOTSUPP, -EINVAL (a family and nothing after), -EACCES.
 */
MUST_CHECK int xattr_get(struct vnode *vnode, const struct credential *credential, struct name name,
    void *value, size_t size, size_t *length);

/*
 * Set the value, at most XATTR_VALUE_MAX bytes; flags are of enum xattr_flag.
 * -EEXIST, -ENODATA, -EPERM, -EROFS, -ENOSPC, and as for xattr_get().
 */
MUST_CHECK int xattr_set(struct vnode *vnode, const struct credential *credential, struct name name,
    const void *value, size_t size, uint32_t flags);

MUST_CHECK int xattr_remove(struct vnode *vnode, const struct credential *credential,
    struct name name);

/* Names, each ended by a NUL. */
struct xattr_names {
	char *bytes; /* owned; NULL if there are none */
	size_t length;
	size_t allocated;
};

/* The names that the caller may know of; the caller frees them.  -ENOMEM. */
MUST_CHECK int xattr_list(struct vnode *vnode, const struct credential *credential,
    struct xattr_names *out);
void xattr_names_free(struct xattr_names *names, struct kernel *kernel);

#endif
