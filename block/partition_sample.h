/*
 * For tests: partition tables made by hand, good until somebody damages them.
 * Bytes given are zero where nothing is written.
 */
#ifndef BLOCK_PARTITION_SAMPLE_H
#define BLOCK_PARTITION_SAMPLE_H

#include <stdint.h>

#include "base/crc32.h"
#include "base/endian.h"
#include "base/string.h"
#include "block/disklabel.h"

/* ---- master boot records ------------------------------------------------------ */

static inline void
sample_mbr_entry(uint8_t *sector, unsigned index, uint8_t type, uint32_t first, uint32_t count)
{
	uint8_t *p = sector + 446 + 16 * index;

	p[4] = type;
	store_le32(p + 8, first);
	store_le32(p + 12, count);
	store_le16(sector + 510, 0xaa55);
}

/* ---- GUID partition tables ------------------------------------------------------ */

static inline void
sample_gpt_seal(uint8_t *header)
{
	store_le32(header + 16, 0);
	store_le32(header + 16, crc32(0, header, load_le32(header + 12)));
}

/* A header for sector at, of count entries at sector entries_at. */
static inline void
sample_gpt_header(uint8_t *header, uint64_t at, uint64_t entries_at, const uint8_t *entries,
    uint32_t count)
{
	memcpy(header, "EFI PART", 8);
	store_le32(header + 8, 0x10000);
	store_le32(header + 12, 92);
	store_le64(header + 24, at);
	store_le64(header + 72, entries_at);
	store_le32(header + 80, count);
	store_le32(header + 84, 128);
	store_le32(header + 88, crc32(0, entries, (size_t)count * 128));
	sample_gpt_seal(header);
}

/* NetBSD FFS, and a name of ASCII. */
static inline void
sample_gpt_entry(uint8_t *entry, uint64_t first, uint64_t last, const char *label)
{
	static const uint8_t type[16] = { 0x5a, 0x8d, 0xf4, 0x49, 0x0e, 0xb1, 0xdc, 0x11, 0xb9,
		0x9b, 0x00, 0x19, 0xd1, 0x87, 0x96, 0x48 };

	memcpy(entry, type, sizeof(type));
	store_le64(entry + 32, first);
	store_le64(entry + 40, last);
	for (unsigned i = 0; label[i] != '\0'; i++)
		store_le16(entry + 56 + 2 * i, (uint8_t)label[i]);
}

/* ---- disklabels ----------------------------------------------------------------- */

static inline void
sample_disklabel_seal(uint8_t *label, enum byte_order order)
{
	uint32_t length = 148 + 16 * (uint32_t)load16(label + 138, order);
	uint16_t sum = 0;

	store16(label + 136, 0, order);
	for (uint32_t i = 0; i < length; i += 2)
		sum ^= load16(label + i, order);
	store16(label + 136, sum, order);
}

/* A label of count partitions, all unused, sectors of 512 bytes. */
static inline void
sample_disklabel(uint8_t *label, enum byte_order order, uint16_t count)
{
	store32(label, 0x82564557, order);
	memcpy(label + 24, "sample", 6);
	store32(label + 40, 512, order);
	store32(label + 132, 0x82564557, order);
	store16(label + 138, count, order);
	sample_disklabel_seal(label, order);
}

static inline void
sample_disklabel_partition(uint8_t *label, enum byte_order order, unsigned index, uint8_t type,
    uint32_t first, uint32_t count)
{
	uint8_t *p = label + 148 + 16 * index;

	store32(p, count, order);
	store32(p + 4, first, order);
	p[12] = type;
	sample_disklabel_seal(label, order);
}

/* ---- Apple partition maps --------------------------------------------------------- */

static inline void
sample_apple_descriptor(uint8_t *block, uint16_t block_size)
{
	memcpy(block, "ER", 2);
	store_be16(block + 2, block_size);
}

static inline void
sample_apple_entry(uint8_t *block, uint32_t entry_count, uint32_t first, uint32_t count,
    const char *label, const char *type)
{
	memcpy(block, "PM", 2);
	store_be32(block + 4, entry_count);
	store_be32(block + 8, first);
	store_be32(block + 12, count);
	string_copy((char *)block + 16, label, 32);
	string_copy((char *)block + 48, type, 32);
}

#endif
