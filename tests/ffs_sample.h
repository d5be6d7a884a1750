/*
 * For tests and fuzz targets only: the bytes of valid FFS structures, of any
 * version, byte order and block size, to be spoilt one field at a time.
 *
 * Written from the format's description on its own terms, field by field at
 * literal offsets, so that a mistake in the decoders is not repeated here.
 */
#ifndef TESTS_FFS_SAMPLE_H
#define TESTS_FFS_SAMPLE_H

#include <stdint.h>

#include "base/endian.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/superblock.h"

/* Who made it: older UFS1 lacks the 64-bit fields, and has tables of rotational positions. */
enum sample_age {
	SAMPLE_MODERN,
	SAMPLE_44BSD,
	SAMPLE_43BSD, /* old inodes and directories too */
	SAMPLE_42BSD, /* groups with everything at fixed places too */
};

/* What a sample file system is to be. */
struct sample {
	enum ffs_version version;
	enum byte_order order;
	uint32_t block_size;
	uint32_t fragment_size;
	uint32_t group_count;
};

#define SAMPLE_INODES_PER_GROUP	   1024
#define SAMPLE_FRAGMENTS_PER_GROUP 16384

/* Where sample_superblock()'s superblock says it is. */
static inline uint64_t
sample_location(const struct sample *sample)
{
	return sample->version == FFS_UFS2 ? 65536 : 8192;
}

/* Largest file: 12 blocks and three levels of pointers, in bytes, less 1. */
static inline uint64_t
sample_file_size_max(const struct sample *sample)
{
	uint64_t pointers = sample->block_size / (sample->version == FFS_UFS2 ? 8 : 4);

	return (12 + pointers + pointers * pointers + pointers * pointers * pointers) *
		   sample->block_size -
	       1;
}

/* The sizes, shifts and masks of a superblock. */
static inline void
sample_superblock_sizes(uint8_t *bytes, const struct sample *sample)
{
	enum byte_order order = sample->order;
	uint32_t fragments = sample->block_size / sample->fragment_size;
	uint32_t inode_size = sample->version == FFS_UFS2 ? 256 : 128;

	store32(bytes + 48, sample->block_size, order);
	store32(bytes + 52, sample->fragment_size, order);
	store32(bytes + 56, fragments, order);
	store32(bytes + 60, 5, order);
	store32(bytes + 72, -sample->block_size, order);
	store32(bytes + 76, -sample->fragment_size, order);
	store32(bytes + 80, log2_floor(sample->block_size), order);
	store32(bytes + 84, log2_floor(sample->fragment_size), order);
	store32(bytes + 96, log2_floor(fragments), order);
	store32(bytes + 100, log2_floor(sample->fragment_size / 512), order);
	store32(bytes + 104, 2048, order);
	store32(bytes + 116,
	    sample->version == FFS_UFS2 ? sample->block_size / 8 : sample->block_size / 4, order);
	store32(bytes + 120, sample->block_size / inode_size, order);
	store32(bytes + 160, 4096, order);
	store32(bytes + 1320, sample->version == FFS_UFS2 ? 120 : 60, order);
	store32(bytes + 1324, 2, order);
	store64(bytes + 1328, sample_file_size_max(sample), order);
	store64(bytes + 1336, sample->block_size - 1, order);
	store64(bytes + 1344, sample->fragment_size - 1, order);
}

/* First data fragment of a group. */
static inline uint32_t
sample_data_offset(const struct sample *sample)
{
	uint32_t inode_size = sample->version == FFS_UFS2 ? 256 : 128;

	return 256 + SAMPLE_INODES_PER_GROUP * inode_size / sample->fragment_size;
}

/* A superblock of FFS_SUPERBLOCK_SIZE bytes, as a new file system has it. */
static inline void
sample_superblock(uint8_t *bytes, const struct sample *sample)
{
	enum byte_order order = sample->order;
	uint64_t size = (uint64_t)SAMPLE_FRAGMENTS_PER_GROUP * sample->group_count;

	memset(bytes, 0, FFS_SUPERBLOCK_SIZE);
	sample_superblock_sizes(bytes, sample);
	store32(bytes + 8, 200, order);
	store32(bytes + 12, 224, order);
	store32(bytes + 16, 256, order);
	store32(bytes + 20, sample_data_offset(sample), order);
	store32(bytes + 28, 0xffffffff, order);
	store32(bytes + 44, sample->group_count, order);
	store32(bytes + 144, 0x11223344, order);
	store32(bytes + 148, 0x55667788, order);
	store32(bytes + 156, (uint32_t)round_up(16 * sample->group_count, 512), order);
	store32(bytes + 184, SAMPLE_INODES_PER_GROUP, order);
	store32(bytes + 188, SAMPLE_FRAGMENTS_PER_GROUP, order);
	bytes[209] = 1;
	bytes[211] = 0x80;
	memcpy(bytes + 212, "/home", 5);
	memcpy(bytes + 680, "label", 5);
	store64(bytes + 1000, sample_location(sample), order);
	for (uint32_t i = 0; i < 4; i++)
		store64(bytes + 1008 + 8 * i, 100 + i, order);
	store64(bytes + 1072, 1700000000, order);
	store64(bytes + 1080, size, order);
	store64(bytes + 1088, size - 1000, order);
	store64(bytes + 1096, sample_data_offset(sample), order);
	store32(bytes + 1372, sample->version == FFS_UFS2 ? 0x19540119 : 0x00011954, order);
}

/* The same for UFS1 as 4.3BSD wrote it: 32-bit fields, old inodes, no others. */
static inline void
sample_old_superblock(uint8_t *bytes, const struct sample *sample)
{
	enum byte_order order = sample->order;
	uint32_t size = SAMPLE_FRAGMENTS_PER_GROUP * sample->group_count;

	sample_superblock(bytes, sample);
	bytes[211] = 0;
	store32(bytes + 32, 500000000, order);
	store32(bytes + 36, size, order);
	store32(bytes + 40, size - 1000, order);
	store32(bytes + 152, sample_data_offset(sample), order);
	for (uint32_t i = 0; i < 4; i++)
		store32(bytes + 192 + 4 * i, 100 + i, order);
	memset(bytes + 680, 0, 44);
	memset(bytes + 860, 0xff, 1372 - 860);
}

/* The superblock of a sample of its age. */
static inline void
sample_aged_superblock(uint8_t *bytes, const struct sample *sample, enum sample_age age)
{
	uint32_t sectors = sample->fragment_size / 512;

	if (age == SAMPLE_MODERN) {
		sample_superblock(bytes, sample);
		return;
	}
	sample_old_superblock(bytes, sample);
	store32(bytes + 24, 16, sample->order); /* each second group begins later */
	store32(bytes + 28, 0xfffffffe, sample->order);
	store32(bytes + 124, sectors, sample->order);
	if (age != SAMPLE_42BSD) {
		store32(bytes + 132, 40, sample->order); /* sectors in a turn */
		store32(bytes + 136, 1, sample->order);
		store32(bytes + 140, 3, sample->order);
	}
	store32(bytes + 168, 36, sample->order); /* in a track */
	store32(bytes + 172, SAMPLE_FRAGMENTS_PER_GROUP / 32 * sectors, sample->order);
	store32(bytes + 180, 32, sample->order); /* cylinders in a group */
	if (age == SAMPLE_44BSD) {
		memset(bytes + 860, 0, 1356 - 860);
		sample_superblock_sizes(bytes, sample);
	}
	if (age != SAMPLE_42BSD) {
		store32(bytes + 1356, 1, sample->order);
		store32(bytes + 1360, 8, sample->order); /* positions */
	}
}

/* Decode a sample; it cannot fail. */
static inline void
sample_decode(const uint8_t *bytes, const struct sample *sample, struct ffs_superblock *out)
{
	struct ffs_flaw flaw;

	if (ffs_superblock_decode(bytes, FFS_SUPERBLOCK_SIZE, sample_location(sample), out,
		&flaw) != 0)
		__builtin_trap();
}

#endif
