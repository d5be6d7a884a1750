/*
 * Address arithmetic: where on the device the parts of a file system are.
 *
 * Everything follows from a decoded superblock, whose bounds make that nothing
 * in here overflows; what comes from elsewhere on the medium (inode numbers,
 * fragment addresses, file sizes) is checked here before it is computed with.
 */
#ifndef FS_FFS_LAYOUT_H
#define FS_FFS_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "fs/ffs/superblock.h"

#define FFS_DIRECT_COUNT   12 /* blocks that an inode points to itself */
#define FFS_INDIRECT_COUNT 3  /* levels of indirection */

/* Bytes of a fragment address. */
static inline uint64_t
ffs_fragment_offset(const struct ffs_superblock *sb, uint64_t fragment)
{
	return fragment << sb->fragment_shift;
}

/* First fragment of a group. */
static inline uint64_t
ffs_group_base(const struct ffs_superblock *sb, uint32_t group)
{
	return (uint64_t)sb->fragments_per_group * group;
}

/* Where the parts of a group (superblock copy, header, inodes, data) count from. */
static inline uint64_t
ffs_group_start(const struct ffs_superblock *sb, uint32_t group)
{
	return ffs_group_base(sb, group) + (uint64_t)sb->stagger * (group & ~sb->stagger_mask);
}

/* All inodes, used or not; inode 0 is none of them. */
static inline uint32_t
ffs_inode_count(const struct ffs_superblock *sb)
{
	return sb->inodes_per_group * sb->group_count;
}

/*
 * The fragment that holds inode ino, and the inode's offset in it; an inode
 * never crosses fragments.  False if there is no such inode.
 */
MUST_CHECK bool ffs_inode_place(const struct ffs_superblock *sb, uint32_t ino, uint64_t *fragment,
    uint32_t *offset);

/* Can [first, first + count) be data: inside the file system, not before the data? */
static inline bool
ffs_is_data(const struct ffs_superblock *sb, uint64_t first, uint32_t count)
{
	return first >= sb->data_offset && first < sb->fragment_count &&
	       count <= sb->fragment_count - first;
}

/* Blocks of a file of size bytes. */
static inline uint64_t
ffs_block_count(const struct ffs_superblock *sb, uint64_t size)
{
	return (size >> sb->block_shift) + ((size & (sb->block_size - 1)) != 0);
}

/*
 * Bytes that block number block of a file of size bytes occupies: all but the
 * last block of a small file are whole.  0 past the end.
 */
uint32_t ffs_block_length(const struct ffs_superblock *sb, uint64_t size, uint64_t block);

/*
 * How to get from an inode to a block of its file: through depth indirect
 * blocks, the first of which is the inode's indirect[depth - 1], taking entry
 * index[0] in it, index[1] in the next.  Depth 0 is the inode's direct[index[0]].
 */
struct ffs_path {
	unsigned depth;
	uint32_t index[FFS_INDIRECT_COUNT];
	uint64_t span[FFS_INDIRECT_COUNT]; /* blocks below each entry of that level */
};

/* False if the pointers do not reach that far. */
MUST_CHECK bool ffs_path_to(const struct ffs_superblock *sb, uint64_t block, struct ffs_path *out);

#endif
