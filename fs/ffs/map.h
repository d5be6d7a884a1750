/*
 * From blocks of a file to places on the device.
 *
 * May sleep, since indirect blocks are read.  The vnode's lock is held, shared
 * or exclusively, unless nobody else can reach the inode.
 */
#ifndef FS_FFS_MAP_H
#define FS_FFS_MAP_H

#include <stdint.h>

#include "base/compiler.h"
#include "fs/ffs/inode.h"

/* Blocks of a file that follow each other on the device, or are not there. */
struct ffs_run {
	uint64_t address; /* of the first fragment; 0: a hole */
	uint64_t count;	  /* blocks, not 0 */
};

/*
 * The run that begins with a block of the file, at most max blocks: as far as
 * one array of pointers tells, so that another run may follow it on the device.
 * Every fragment of it is inside the data of the file system.  -EUCLEAN (logged)
 * if a pointer on the way is damaged, -EIO, -ENOMEM.
 */
MUST_CHECK int ffs_map_run(struct ffs_inode *inode, uint64_t block, uint64_t max,
    struct ffs_run *out);

/* vnode_ops.map_extent; for writing, see write.h. */
int ffs_map_extent(struct vnode *vnode, uint64_t offset, uint64_t length, enum extent_intent intent,
    struct extent *out);

/* vnode_ops.read_store. */
int ffs_read_store(struct vnode *vnode, uint64_t address, const struct segment *segments,
    size_t count);

#endif
