/*
 * Any bytes as a directory block.  The first byte chooses byte order and
 * format.  Whatever is listed must be found by its name, and lie in the block.
 */
#include "fs/ffs/dirent.h"
#include "tests/ffs_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_entry(const struct ffs_superblock *sb, const uint8_t *block, const struct ffs_dirent *entry)
{
	const uint8_t *name = (const uint8_t *)entry->name.bytes;
	struct ffs_dirent found;
	struct ffs_flaw flaw;

	ASSERT(entry->name.length >= 1 && entry->name.length <= 255);
	ASSERT(name >= block + 8 && name + entry->name.length < block + FFS_DIRENT_BLOCK_SIZE);
	ASSERT(ffs_dirent_find(sb, block, entry->name, &found, &flaw) == 0);
	ASSERT(name_equal(found.name, entry->name));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[FFS_SUPERBLOCK_SIZE];
	uint8_t block[FFS_DIRENT_BLOCK_SIZE] = { 0 };
	struct sample sample = {
		.version = FFS_UFS1,
		.order = size > 0 && data[0] & 1 ? ORDER_BIG : ORDER_LITTLE,
		.block_size = 8192,
		.fragment_size = 1024,
		.group_count = 2,
	};
	struct ffs_superblock sb;
	struct ffs_dirent entry;
	struct ffs_flaw flaw;

	if (size == 0)
		return 0;
	sample_superblock(bytes, &sample);
	sample_decode(bytes, &sample, &sb);
	sb.has_old_inodes = (data[0] & 2) != 0;
	memcpy(block, data + 1, min_u64(size - 1, sizeof(block)));
	for (uint32_t offset = 0; offset < sizeof(block); offset += entry.length) {
		if (ffs_dirent_decode(&sb, block, offset, &entry, &flaw) != 0) {
			ASSERT(flaw.offset >= offset && flaw.offset < sizeof(block));
			break;
		}
		ASSERT(entry.length >= 12 && entry.length <= sizeof(block) - offset);
		if (ffs_dirent_is_live(&entry))
			check_entry(&sb, block, &entry);
	}
	return 0;
}
