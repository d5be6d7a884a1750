/*
 * Any bytes as a journal: a header block, then record headers of 512 bytes
 * each.  What the accepted entries amount to as an overlay must be sorted,
 * without overlap, and inside the file system.
 */
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/overlay.h"
#include "fs/ffs/wapbl.h"

#define BLOCK	   512
#define LOG_SIZE   65536
#define LIMIT	   ((uint64_t)1 << 24)
#define WRITES_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Add the entries of one record; how many writes there are then. */
static size_t
add_record(const struct ffs_wapbl_header *header, const uint8_t *bytes,
    const struct ffs_wapbl_record *record, struct ffs_overlay_write *writes, size_t count)
{
	uint64_t source = LIMIT;

	for (uint32_t i = 0; i < record->count && count < WRITES_MAX; i++) {
		struct ffs_wapbl_entry entry;
		struct ffs_flaw flaw;
		bool is_block = record->type == FFS_WAPBL_BLOCKS;

		if (ffs_wapbl_entry_decode(header, bytes, i, LIMIT, &entry, &flaw) != 0)
			return count;
		ASSERT(entry.length > 0 && entry.length <= LIMIT);
		ASSERT(entry.offset <= LIMIT - entry.length);
		writes[count++] = (struct ffs_overlay_write){
			entry.offset,
			entry.offset + entry.length,
			is_block ? source : FFS_OVERLAY_NONE,
		};
		source += entry.length;
	}
	return count;
}

static void
check_overlay(const struct ffs_overlay_write *writes, size_t count)
{
	static struct ffs_overlay_segment segments[2 * WRITES_MAX];
	static struct ffs_overlay_extent extents[2 * WRITES_MAX];
	size_t segment_count = ffs_overlay_cut(writes, count, segments);
	struct ffs_overlay overlay = { .extents = extents };
	uint64_t length;

	overlay.count = ffs_overlay_build(writes, segments, segment_count, extents);
	for (size_t i = 0; i < overlay.count; i++) {
		ASSERT(extents[i].start < extents[i].end && extents[i].end <= LIMIT);
		ASSERT(i == 0 || extents[i - 1].end <= extents[i].start);
	}
	for (uint64_t offset = 0; offset < LIMIT; offset += length) {
		uint64_t source;

		length = ffs_overlay_find(&overlay, offset, LIMIT - offset, &source);
		ASSERT(length > 0 && length <= LIMIT - offset);
		ASSERT(source == offset || source >= LIMIT);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ffs_overlay_write writes[WRITES_MAX];
	struct ffs_wapbl_header header;
	struct ffs_wapbl_record record;
	struct ffs_flaw flaw;
	uint8_t block[BLOCK];
	size_t count = 0;

	if (ffs_wapbl_header_decode(data, min_u64(size, BLOCK), LOG_SIZE, &header, &flaw) != 0)
		return 0;
	ASSERT(header.area_offset + header.area_size <= LOG_SIZE);
	ASSERT(header.tail < header.area_size && header.used <= header.area_size);
	header.block_size = BLOCK;
	for (size_t at = BLOCK; at + BLOCK <= size; at += BLOCK) {
		memcpy(block, data + at, BLOCK);
		if (ffs_wapbl_record_decode(&header, block, header.used, &record, &flaw) != 0)
			continue;
		ASSERT(record.length > 0 && record.length <= header.used);
		if (record.type != FFS_WAPBL_INODES)
			count = add_record(&header, block, &record, writes, count);
	}
	check_overlay(writes, count);
	return 0;
}
