/*
 * Address arithmetic that is too long to inline.
 *
 * Block numbers of a file come from file sizes on the medium, and are bounded
 * by nothing but 64 bits until they have passed ffs_path_to() here.
 */
#include "fs/ffs/layout.h"

#include "base/math.h"

bool
ffs_inode_place(const struct ffs_superblock *sb, uint32_t ino, uint64_t *fragment, uint32_t *offset)
{
	uint32_t group, index, per_fragment = sb->fragment_size / sb->inode_size;

	*fragment = 0;
	*offset = 0;
	if (ino == 0 || ino >= ffs_inode_count(sb))
		return false;
	group = ino / sb->inodes_per_group;
	index = ino % sb->inodes_per_group;
	*fragment = ffs_group_start(sb, group) + sb->inode_offset + index / per_fragment;
	*offset = index % per_fragment * sb->inode_size;
	return true;
}

uint32_t
ffs_block_length(const struct ffs_superblock *sb, uint64_t size, uint64_t block)
{
	uint64_t count = ffs_block_count(sb, size);
	uint32_t tail = (uint32_t)(size & (sb->block_size - 1));

	if (block >= count)
		return 0;
	if (block >= FFS_DIRECT_COUNT || block < count - 1 || tail == 0)
		return sb->block_size;
	return (uint32_t)round_up(tail, sb->fragment_size);
}

bool
ffs_path_to(const struct ffs_superblock *sb, uint64_t block, struct ffs_path *out)
{
	unsigned shift = log2_floor(sb->pointers_per_block);
	uint64_t first = FFS_DIRECT_COUNT;

	*out = (struct ffs_path){ .depth = 0 };
	if (block < first) {
		out->index[0] = (uint32_t)block;
		out->span[0] = 1;
		return true;
	}

	/* At depth d there are pointers_per_block ^ d blocks; at most 2^42. */
	for (unsigned depth = 1; depth <= FFS_INDIRECT_COUNT; depth++) {
		if ((block - first) >> (shift * depth) != 0) {
			first += (uint64_t)1 << (shift * depth);
			continue;
		}
		out->depth = depth;
		for (unsigned i = 0; i < depth; i++) {
			unsigned below = shift * (depth - 1 - i);

			out->span[i] = (uint64_t)1 << below;
			out->index[i] =
			    (uint32_t)((block - first) >> below) & (sb->pointers_per_block - 1);
		}
		return true;
	}
	return false;
}
