/*
 * Any bytes as an inode.  The first byte chooses the file system: version, byte
 * order, old inodes.  Of an inode that is accepted, every block must have a way
 * to it and a length.
 */
#include "fs/ffs/dinode.h"
#include "tests/ffs_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_block(const struct ffs_superblock *sb, uint64_t size, uint64_t block)
{
	uint32_t length = ffs_block_length(sb, size, block);
	struct ffs_path path;

	ASSERT(length > 0 && length <= sb->block_size && length % sb->fragment_size == 0);
	ASSERT(ffs_path_to(sb, block, &path));
	ASSERT(path.depth <= FFS_INDIRECT_COUNT);
	for (unsigned i = 0; i < path.depth; i++)
		ASSERT(path.index[i] < sb->pointers_per_block);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[FFS_SUPERBLOCK_SIZE];
	uint8_t choice = size > 0 ? data[0] : 0;
	struct sample sample = {
		.version = choice & 1 ? FFS_UFS2 : FFS_UFS1,
		.order = choice & 2 ? ORDER_BIG : ORDER_LITTLE,
		.block_size = 8192,
		.fragment_size = 1024,
		.group_count = 2,
	};
	struct ffs_superblock sb;
	struct ffs_dinode inode;
	struct ffs_flaw flaw;

	if (size == 0)
		return 0;
	sample_superblock(bytes, &sample);
	sample_decode(bytes, &sample, &sb);
	sb.has_old_inodes = (choice & 4) != 0 && sb.version == FFS_UFS1;
	if (sb.has_old_inodes)
		sb.short_link_max = 0;
	if (ffs_dinode_decode(&sb, data + 1, size - 1, &inode, &flaw) != 0)
		return 0;
	if (inode.type == FFS_TYPE_NONE)
		return 0;
	ASSERT(inode.modified.nanoseconds < 1000000000);
	ASSERT(!inode.is_short_link || inode.size < sb.short_link_max);
	if (inode.size > 0) {
		check_block(&sb, inode.size, 0);
		check_block(&sb, inode.size, ffs_block_count(&sb, inode.size) - 1);
	}
	return 0;
}
