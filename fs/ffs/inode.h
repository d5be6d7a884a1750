/*
 * Inodes in memory: a vnode and where its content is.
 *
 * Where nothing is written, everything is constant once loaded, but for what
 * lookups add to a directory.  Where something is, the vnode's lock guards all
 * that has no other.
 */
#ifndef FS_FFS_INODE_H
#define FS_FFS_INODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "fs/ffs/dinode.h"
#include "fs/ffs/mount.h"
#include "vfs/vnode.h"

struct ffs_index;

struct ffs_inode {
	struct vnode vnode;
	bool is_short_link;
	uint32_t flags;	      /* as stored; enum ffs_inode_flag */
	uint64_t stored_size; /* for which blocks are laid out: the size, or more while it grows */
	uint32_t extension_size; /* UFS2: of the extended attributes, bytes */
	uint64_t extension[FFS_EXTENSION_COUNT];
	uint64_t roomy_from; /* directories: blocks before this have little room */
	union {
		struct {
			uint64_t direct[FFS_DIRECT_COUNT];
			uint64_t indirect[FFS_INDIRECT_COUNT];
		};
		uint8_t target[FFS_SHORT_LINK_MAX];
	};
	uint64_t
	    made_at; /* the checkpoint that is to write it first, if that is not over; or any */
	uint32_t parent_ino;		   /* directories: what ".." says */
	_Atomic bool is_damaged;	   /* directories: some entries could not be read */
	_Atomic(struct ffs_index *) index; /* directories: owned; NULL until it is wanted */
	_Atomic bool is_searched;	   /* directories: no index could be made */
	_Atomic uint64_t found_at;	   /* directories: where the last search ended */
};

static inline struct ffs_inode *
ffs_inode_of(struct vnode *vnode)
{
	return container_of(vnode, struct ffs_inode, vnode);
}

static inline struct ffs_mount *
ffs_mount_of_inode(const struct ffs_inode *inode)
{
	return ffs_mount_of(inode->vnode.mount);
}

/*
 * A reference to the buffer that holds inode ino, and where the inode is in it.
 * -EUCLEAN (logged) if there is no such inode; -EIO, -ENOMEM.
 */
MUST_CHECK int ffs_inode_buffer(struct ffs_mount *fs, uint64_t ino, struct buffer **out,
    uint32_t *offset);

/* Read and decode inode ino; -ENOENT if it is free. */
MUST_CHECK int ffs_inode_read(struct ffs_mount *fs, uint64_t ino, struct ffs_dinode *out);

/* Fill in what an inode in memory has of the one on the medium. */
void ffs_inode_fill(struct ffs_inode *inode, const struct ffs_dinode *dinode);

/* What is to be stored of an inode in memory. */
void ffs_inode_store(const struct ffs_inode *inode, struct ffs_dinode *out);

/* mount_ops.load: read inode ino. */
int ffs_inode_load(struct mount *mount, uint64_t ino, struct vnode **out);

#endif
