/*
 * Directories: finding a name, listing all of them.
 *
 * May sleep, since blocks are read.  The position of a listing is the offset in
 * the directory at which the next entry begins, and stays good for ever.
 */
#ifndef FS_FFS_DIRECTORY_H
#define FS_FFS_DIRECTORY_H

#include <stdint.h>

#include "base/compiler.h"
#include "fs/ffs/inode.h"

/*
 * Find out the parent of a directory that is being loaded, from its first two
 * entries, which must be "." and "..".  -EUCLEAN (logged), -EIO, -ENOMEM.
 */
MUST_CHECK int ffs_directory_load(struct ffs_inode *dir);

/*
 * Find an entry: the inode it leads to, and where in the directory it begins.
 * -ENOENT; -EUCLEAN too if some of the directory is damaged and it is not in the
 * rest; -EIO, -ENOMEM.
 */
MUST_CHECK int ffs_directory_find(struct ffs_inode *dir, struct name name, uint32_t *ino,
    uint64_t *offset);

/* The index of a directory, if it has one, is told of entries that come and go. */
void ffs_directory_note_added(struct ffs_inode *dir, struct name name, uint64_t offset);
void ffs_directory_note_removed(struct ffs_inode *dir, struct name name, uint64_t offset);

/* vnode_ops.lookup and vnode_ops.read_directory. */
int ffs_directory_lookup(struct vnode *vdir, struct name name, struct vnode **out);
int ffs_directory_read(struct vnode *vdir, uint64_t *position, struct directory_sink *sink);

#endif
