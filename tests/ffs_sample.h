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

static inline void
sample_put16(uint8_t *to, enum byte_order order, uint16_t value)
{
	if (order == ORDER_BIG)
		store_be16(to, value);
	else
		store_le16(to, value);
}

static inline void
sample_put32(uint8_t *to, enum byte_order order, uint32_t value)
{
	if (order == ORDER_BIG)
		store_be32(to, value);
	else
		store_le32(to, value);
}

static inline void
sample_put64(uint8_t *to, enum byte_order order, uint64_t value)
{
	if (order == ORDER_BIG)
		store_be64(to, value);
	else
		store_le64(to, value);
}

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

	sample_put32(bytes + 48, order, sample->block_size);
	sample_put32(bytes + 52, order, sample->fragment_size);
	sample_put32(bytes + 56, order, fragments);
	sample_put32(bytes + 60, order, 5);
	sample_put32(bytes + 72, order, -sample->block_size);
	sample_put32(bytes + 76, order, -sample->fragment_size);
	sample_put32(bytes + 80, order, log2_floor(sample->block_size));
	sample_put32(bytes + 84, order, log2_floor(sample->fragment_size));
	sample_put32(bytes + 96, order, log2_floor(fragments));
	sample_put32(bytes + 100, order, log2_floor(sample->fragment_size / 512));
	sample_put32(bytes + 104, order, 2048);
	sample_put32(bytes + 116, order,
	    sample->version == FFS_UFS2 ? sample->block_size / 8 : sample->block_size / 4);
	sample_put32(bytes + 120, order, sample->block_size / inode_size);
	sample_put32(bytes + 160, order, 4096);
	sample_put32(bytes + 1320, order, sample->version == FFS_UFS2 ? 120 : 60);
	sample_put32(bytes + 1324, order, 2);
	sample_put64(bytes + 1328, order, sample_file_size_max(sample));
	sample_put64(bytes + 1336, order, sample->block_size - 1);
	sample_put64(bytes + 1344, order, sample->fragment_size - 1);
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
	sample_put32(bytes + 8, order, 200);
	sample_put32(bytes + 12, order, 224);
	sample_put32(bytes + 16, order, 256);
	sample_put32(bytes + 20, order, sample_data_offset(sample));
	sample_put32(bytes + 28, order, 0xffffffff);
	sample_put32(bytes + 44, order, sample->group_count);
	sample_put32(bytes + 144, order, 0x11223344);
	sample_put32(bytes + 148, order, 0x55667788);
	sample_put32(bytes + 156, order, (uint32_t)round_up(16 * sample->group_count, 512));
	sample_put32(bytes + 184, order, SAMPLE_INODES_PER_GROUP);
	sample_put32(bytes + 188, order, SAMPLE_FRAGMENTS_PER_GROUP);
	bytes[209] = 1;
	bytes[211] = 0x80;
	memcpy(bytes + 212, "/home", 5);
	memcpy(bytes + 680, "label", 5);
	sample_put64(bytes + 1000, order, sample_location(sample));
	for (uint32_t i = 0; i < 4; i++)
		sample_put64(bytes + 1008 + 8 * i, order, 100 + i);
	sample_put64(bytes + 1072, order, 1700000000);
	sample_put64(bytes + 1080, order, size);
	sample_put64(bytes + 1088, order, size - 1000);
	sample_put64(bytes + 1096, order, sample_data_offset(sample));
	sample_put32(bytes + 1372, order, sample->version == FFS_UFS2 ? 0x19540119 : 0x00011954);
}

/* The same for UFS1 as 4.3BSD wrote it: 32-bit fields, old inodes, no others. */
static inline void
sample_old_superblock(uint8_t *bytes, const struct sample *sample)
{
	enum byte_order order = sample->order;
	uint32_t size = SAMPLE_FRAGMENTS_PER_GROUP * sample->group_count;

	sample_superblock(bytes, sample);
	bytes[211] = 0;
	sample_put32(bytes + 32, order, 500000000);
	sample_put32(bytes + 36, order, size);
	sample_put32(bytes + 40, order, size - 1000);
	sample_put32(bytes + 152, order, sample_data_offset(sample));
	for (uint32_t i = 0; i < 4; i++)
		sample_put32(bytes + 192 + 4 * i, order, 100 + i);
	memset(bytes + 680, 0, 44);
	memset(bytes + 860, 0xff, 1372 - 860);
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
