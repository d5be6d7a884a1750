/*
 * The journal of a file system that is made or written.
 */
#include "fs/ffs/journal.h"

#include "base/math.h"

#define SIZE_MIN     ((uint64_t)1 << 20)
#define SIZE_MAX_    ((uint64_t)64 << 20)
#define SIZE_SHARE   1024 /* of the file system */
#define UNIT_SHIFT   9	  /* of addresses in the log: sectors */
#define FIRST_NUMBER 1	  /* generation of a new log */

/* Fields of the superblock. */
enum field {
	VERSION = 864,
	PLACE = 865,
	RESERVED = 866,
	JOURNAL_FLAGS = 868,
	NUMBERS = 872, /* address, count, block size, owner */
	FLAGS = 1312,
};

/* ---- making ------------------------------------------------------------------------ */

uint64_t
ffs_journal_default_size(uint64_t fs_size, uint32_t block_size)
{
	uint64_t least = max_u64(SIZE_MIN, 2 * FFS_JOURNAL_OPERATION_BLOCKS * (uint64_t)block_size);

	return round_up(max_u64(min_u64(fs_size / SIZE_SHARE, SIZE_MAX_), least), block_size);
}

void
ffs_journal_format(const struct ffs_journal *journal, enum byte_order order, struct ffs_time now,
    uint8_t *bytes)
{
	struct ffs_wapbl_header header = {
		.order = order,
		.block_size = journal->block_size,
		.unit_shift = UNIT_SHIFT,
		.area_offset = FFS_WAPBL_HEADER_COUNT * (uint64_t)journal->block_size,
	};

	header.area_size =
	    round_down(journal->size - header.area_offset, (uint64_t)journal->block_size);
	for (uint32_t i = 0; i < FFS_WAPBL_HEADER_COUNT; i++) {
		header.generation = FIRST_NUMBER + i;
		ffs_wapbl_header_encode(&header, now,
		    bytes + header.generation % FFS_WAPBL_HEADER_COUNT * (size_t)header.block_size);
	}
}

void
ffs_journal_describe(const struct ffs_journal *journal, enum byte_order order, uint8_t *superblock)
{
	uint32_t flags = load32(superblock + FLAGS, order) & ~(uint32_t)FFS_FLAG_WAPBL;
	bool is_there = journal->place != FFS_JOURNAL_NONE;
	uint64_t unit = is_there ? journal->block_size : 1;

	store32(superblock + FLAGS, flags | (is_there ? (uint32_t)FFS_FLAG_WAPBL : 0), order);
	superblock[VERSION] = is_there;
	superblock[PLACE] = (uint8_t)journal->place;
	superblock[RESERVED] = superblock[RESERVED + 1] = 0;
	store32(superblock + JOURNAL_FLAGS, 0, order);
	store64(superblock + NUMBERS, is_there ? journal->offset / unit : 0, order);
	store64(superblock + NUMBERS + 8, is_there ? journal->size / unit : 0, order);
	store64(superblock + NUMBERS + 16, is_there ? journal->block_size : 0, order);
	store64(superblock + NUMBERS + 24, is_there ? journal->ino : 0, order);
}
