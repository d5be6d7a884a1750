/*
 * The pointers of a file, to be changed: where the pointer to a block is, and
 * the indirect blocks on the way there, made as need be.
 *
 * Within an operation; the vnode's lock is held exclusively, or nobody else can
 * reach the inode.
 */
#ifndef FS_FFS_POINTER_H
#define FS_FFS_POINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "fs/ffs/write.h"

/* Where a pointer is: in an indirect block, or in the inode. */
struct ffs_pointer {
	struct ffs_inode *inode;
	struct buffer *buffer; /* referenced; NULL: the inode's own */
	uint32_t index;
};

/*
 * Find the pointer to a block.  With is_made, what is missing on the way is
 * made; else 1 if something is missing.  -ENOSPC, -EFBIG, -EUCLEAN, -EIO, -ENOMEM.
 */
MUST_CHECK int ffs_pointer_find(struct ffs_inode *inode, uint64_t block, bool is_made,
    bool uses_reserve, struct ffs_pointer *out);

uint64_t ffs_pointer_get(const struct ffs_pointer *pointer);
void ffs_pointer_set(struct ffs_pointer *pointer, uint64_t fragment);
void ffs_pointer_put(struct ffs_pointer *pointer);

/* May [first, first + count) be a file's: inside the data of its group? */
bool ffs_may_be_data(const struct ffs_superblock *sb, uint64_t first, uint32_t count);

/* Say that a pointer of the inode is damaged: nothing is written any more.  -EUCLEAN. */
int ffs_pointer_damaged(struct ffs_inode *inode, uint64_t fragment);

/*
 * Free all blocks below the inode's indirect pointers from block number first
 * on, which is 12 or more, and those indirect blocks that hold nothing then.
 * -EAGAIN: some of them, as a journal has no room for more.
 */
MUST_CHECK int ffs_pointer_cut(struct ffs_inode *inode, uint64_t first);

/* Free what the inode has stored at a place: it holds that much less. */
MUST_CHECK int ffs_pointer_free(struct ffs_inode *inode, uint64_t fragment, uint32_t count,
    bool is_metadata);

#endif
