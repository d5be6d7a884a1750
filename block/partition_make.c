/*
 * Making a partition table with one partition.
 *
 * The sectors in front of it all are written at once, and, with a GPT, those at the
 * end before them: a table that is not complete is none.
 */
#include "base/crc32.h"
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "block/block_impl.h"
#include "block/partition.h"
#include "block/partition_gpt.h"
#include "block/partition_mbr.h"

#define ALIGNMENT   ((uint64_t)1 << 20)
#define ENTRY_COUNT 128
#define ENTRIES	    (ENTRY_COUNT * GPT_ENTRY_SIZE_MIN)

static int
refuse(struct block_dev *dev, const char *why, int error)
{
	kernel_log(dev->kernel, LOG_ERROR, "block: %s: %s", dev->name, why);
	return error;
}

static uint32_t
saturated(uint64_t count)
{
	return (uint32_t)min_u64(count, UINT32_MAX);
}

static int
make_mbr(struct block_dev *dev, const struct block_partition_plan *plan, uint8_t *bytes)
{
	uint64_t first = ALIGNMENT / dev->sector_size;
	uint64_t count = dev->size / dev->sector_size - first;
	struct mbr mbr = { 0 };

	if (count > UINT32_MAX)
		return refuse(dev, "is too large for a master boot record", -EINVAL);
	mbr.entries[0] = (struct mbr_entry){ plan->mbr_type, (uint32_t)first, (uint32_t)count };
	mbr_encode(&mbr, bytes);
	return block_write(dev, 0, bytes, dev->sector_size);
}

/* The first sector, for who does not know GPTs: all of the disk is taken. */
static void
protect(const struct block_dev *dev, uint8_t *bytes)
{
	struct mbr mbr = { .entries[0] = { MBR_PROTECTIVE, 1,
			       saturated(dev->size / dev->sector_size - 1) } };

	mbr_encode(&mbr, bytes);
}

/* The only entry, and what the header says of all of them. */
static int
fill_entries(struct block_dev *dev, const struct block_partition_plan *plan, uint8_t *entries)
{
	uint64_t unit = ALIGNMENT / dev->sector_size;
	uint64_t tail = ENTRIES / dev->sector_size + 1;
	struct gpt_entry entry = { .first = unit };
	uint8_t guid[GPT_GUID_SIZE];
	int error = kernel_random(dev->kernel, guid, sizeof(guid));

	gpt_guid_make(guid);
	entry.last = round_down(dev->size / dev->sector_size - tail, unit) - 1;
	string_copy(entry.type, plan->gpt_type, sizeof(entry.type));
	string_copy(entry.label, plan->label, sizeof(entry.label));
	gpt_entry_encode(&entry, guid, entries);
	return error;
}

/* Write header and entries, which follow each other in bytes in this order. */
static int
make_gpt(struct block_dev *dev, const struct block_partition_plan *plan, uint8_t *bytes)
{
	uint32_t sector = dev->sector_size;
	uint64_t end = dev->size / sector, count = ENTRIES / sector;
	uint8_t *entries = bytes + 2 * (size_t)sector, *header = bytes + sector;
	struct gpt_header table = {
		.entries_at = 2,
		.entry_count = ENTRY_COUNT,
		.entry_size = GPT_ENTRY_SIZE_MIN,
	};
	struct gpt_disk disk = { .first = 2 + count, .last = end - count - 2 };
	int error = fill_entries(dev, plan, entries);

	if (error == 0)
		error = kernel_random(dev->kernel, disk.guid, sizeof(disk.guid));
	if (error < 0)
		return error;
	gpt_guid_make(disk.guid);
	table.entries_crc = crc32(0, entries, ENTRIES);
	error = block_write(dev, (end - 1 - count) * sector, entries, ENTRIES);
	if (error < 0)
		return error;
	table.entries_at = end - 1 - count;
	gpt_header_encode(&table, &disk, end - 1, 1, header, sector);
	error = block_write(dev, (end - 1) * sector, header, sector);
	if (error < 0)
		return error;
	table.entries_at = 2;
	gpt_header_encode(&table, &disk, 1, end - 1, header, sector);
	protect(dev, bytes);
	return block_write(dev, 0, bytes, 2 * (size_t)sector + ENTRIES);
}

int
block_partition_make(struct block_dev *dev, const struct block_partition_plan *plan)
{
	size_t size = 2 * (size_t)dev->sector_size + ENTRIES;
	uint8_t *bytes;
	int error;

	if (plan->table == BLOCK_TABLE_GPT && dev->size < 3 * ALIGNMENT)
		return refuse(dev, "is too small for a GPT, which takes 3 MiB", -ENOSPC);
	if (dev->size < 2 * ALIGNMENT)
		return refuse(dev, "is too small for a partition table, which takes 2 MiB",
		    -ENOSPC);
	bytes = memory_alloc_zeroed(dev->kernel, size);
	if (bytes == NULL)
		return -ENOMEM;
	error = plan->table == BLOCK_TABLE_GPT ? make_gpt(dev, plan, bytes)
					       : make_mbr(dev, plan, bytes);
	memory_free(dev->kernel, bytes, size);
	return error < 0 ? error : block_flush(dev);
}
