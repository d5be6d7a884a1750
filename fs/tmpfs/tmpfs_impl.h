/*
 * What the files of tmpfs share: its mount and its inodes.
 */
#ifndef FS_TMPFS_TMPFS_IMPL_H
#define FS_TMPFS_TMPFS_IMPL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "fs/tmpfs/directory.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

/* A mounted tmpfs. */
struct tmpfs {
	struct mount mount;
	uint64_t page_limit;	     /* constant */
	uint64_t node_limit;	     /* constant */
	_Atomic uint64_t page_count; /* of all files; at most page_limit */
	_Atomic uint64_t node_count; /* at most node_limit */
	_Atomic uint64_t last_ino;
};

/* An inode.  What is besides vnode is guarded by the vnode's lock. */
struct tmpfs_node {
	struct vnode vnode;
	struct tmpfs_node *parent;  /* of a directory; itself of the root; NULL if removed */
	struct tmpfs_xattr *xattrs; /* by rising name; owned; private to xattr.c, as are: */
	size_t xattr_size;	    /* memory they take */
	size_t xattr_list_size;	    /* of their names, each with a NUL */
	union {
		struct tmpfs_directory directory;
		char *target; /* of a symbolic link, as long as its size; owned; constant */
	};
};

static inline struct tmpfs *
tmpfs_of(const struct vnode *vnode)
{
	return container_of(vnode->mount, struct tmpfs, mount);
}

static inline struct tmpfs_node *
tmpfs_node_of(struct vnode *vnode)
{
	return container_of(vnode, struct tmpfs_node, vnode);
}

/*
 * A new inode, with one reference, to be given its first name: its link count
 * is 0.  -ENOSPC, -ENOMEM.
 */
MUST_CHECK int tmpfs_node_create(struct tmpfs *fs, const struct vnode_create *what,
    struct tmpfs_node **out);

/* Make a directory the root: its own parent, and in use for as long as the mount. */
void tmpfs_make_root(struct tmpfs_node *node);

/* Operations of all kinds. */
void tmpfs_node_reclaim(struct vnode *vnode);
int tmpfs_attributes_changed(struct vnode *vnode, uint32_t mask);

/* Operations on extended attributes, for all kinds. */
int tmpfs_get_xattr(struct vnode *vnode, struct name name, void *value, size_t size,
    size_t *length);
int tmpfs_set_xattr(struct vnode *vnode, struct name name, const void *value, size_t size,
    uint32_t flags);
int tmpfs_list_xattr(struct vnode *vnode, char *list, size_t size, size_t *length);
int tmpfs_remove_xattr(struct vnode *vnode, struct name name);
void tmpfs_free_xattrs(struct tmpfs_node *node);

/* Count more pages; false if that would be more than the limit. */
MUST_CHECK bool tmpfs_take_pages(struct tmpfs *fs, uint64_t count);
void tmpfs_return_pages(struct tmpfs *fs, uint64_t count);

/* The pages of a file that are counted. */
uint64_t tmpfs_page_count(const struct vnode *vnode);

extern const struct vnode_ops tmpfs_directory_ops;
extern const struct vnode_ops tmpfs_file_ops;
extern const struct vnode_ops tmpfs_symlink_ops;
extern const struct vnode_ops tmpfs_special_ops; /* devices, FIFOs, sockets */

#endif
