/*
 * Any bytes as a superblock, at each place where one may be.  Of one that is
 * accepted, all that address arithmetic promises must hold: the parts of every
 * group and every inode are inside the file system.
 */
#include "base/string.h"
#include "fs/ffs/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_inode(const struct ffs_superblock *sb, uint32_t ino)
{
	uint64_t fragment;
	uint32_t offset;

	ASSERT(ffs_inode_place(sb, ino, &fragment, &offset));
	ASSERT(fragment < sb->fragment_count);
	ASSERT(offset + sb->inode_size <= sb->fragment_size);
}

static void
check(const struct ffs_superblock *sb)
{
	uint64_t last_block = ffs_block_count(sb, sb->file_size_max) - 1;
	uint32_t last_group = sb->group_count - 1;
	struct ffs_path path;

	ASSERT(ffs_group_start(sb, last_group) + sb->data_offset <= sb->fragment_count);
	ASSERT(ffs_fragment_offset(sb, sb->fragment_count) <= INT64_MAX);
	check_inode(sb, FFS_ROOT_INO);
	check_inode(sb, ffs_inode_count(sb) - 1);
	ASSERT(ffs_path_to(sb, last_block, &path));
	ASSERT(ffs_block_length(sb, sb->file_size_max, last_block) > 0);
	ASSERT(string_length(sb->label, sizeof(sb->label)) < sizeof(sb->label));
	ASSERT(string_length(sb->mounted_on, sizeof(sb->mounted_on)) < sizeof(sb->mounted_on));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ffs_superblock sb;
	struct ffs_flaw flaw = { .what = NULL };

	for (unsigned i = 0; i < FFS_SUPERBLOCK_PLACES; i++) {
		int error = ffs_superblock_decode(data, size, ffs_superblock_places[i], &sb, &flaw);

		if (error == 0)
			check(&sb);
		ASSERT(error == 0 || error == -ENODEV || (error == -EUCLEAN && flaw.what != NULL));
	}
	return 0;
}
