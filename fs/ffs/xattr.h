/*
 * Extended attributes of UFS2's files, under Linux's names.
 *
 * The user namespace is "user.", the system namespace, which is the superuser's,
 * "trusted."; but a name in there that begins with "security." is shown as it is,
 * so that those are kept as well.  UFS1 has none: -EOPNOTSUPP.
 */
#ifndef FS_FFS_XATTR_H
#define FS_FFS_XATTR_H

#include <stddef.h>
#include <stdint.h>

#include "base/string.h"

struct vnode;

/* vnode_ops of every kind of file. */
int ffs_get_xattr(struct vnode *vnode, struct name name, void *value, size_t size, size_t *length);
int ffs_set_xattr(struct vnode *vnode, struct name name, const void *value, size_t size,
    uint32_t flags);
int ffs_list_xattr(struct vnode *vnode, char *list, size_t size, size_t *length);
int ffs_remove_xattr(struct vnode *vnode, struct name name);

#endif
