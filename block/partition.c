/*
 * Scanning a device for its partition table.
 *
 * Decoding is elsewhere (partition_mbr.c, partition_gpt.c, disklabel.c,
 * partition_apple.c); here is what reads, in which order, and what to make of
 * it.  The order: an Apple map, which needs two signatures; a GPT, if the master
 * boot record says so or there is none; the master boot record; a disklabel; at
 * last, if the beginning of the device holds nothing at all, the GPT's copy at
 * its end.
 *
 * A disklabel counts its sectors from the start of the disk, also where it is
 * inside a partition.  FreeBSD's later ones count from the start of the
 * partition; which it is shows in partition 'c', which is all of it.
 *
 * Every read goes to one buffer, so that what is needed after the next read is
 * decoded before it.  The buffer cache is not used: file systems would meet
 * buffers of sizes they did not choose.
 */
#include "block/partition.h"

#include "base/crc32.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/math.h"
#include "base/string.h"
#include "block/block_impl.h"
#include "block/disklabel.h"
#include "block/partition_apple.h"
#include "block/partition_gpt.h"
#include "block/partition_mbr.h"
#include "kern/log.h"

#define READ_MAX      8192
#define UNIT_MIN      512
#define UNIT_MAX      4096
#define LINES_MAX     16 /* of the log, for one scan */
#define LOGICAL_FIRST 5	 /* number of the first logical partition */
#define NO_PARTITION  ((size_t)-1)

/* Whether there may be a disklabel in a partition, and from where its sectors count. */
enum inner_label {
	LABEL_NONE,
	LABEL_OF_DISK,	/* from the start of the device */
	LABEL_OF_EITHER /* or of the partition that the label is in */
};

struct scan {
	struct block_dev *dev;
	struct block_partitions *found;
	bool is_damaged;			     /* a table was there that could not be used */
	unsigned logical;			     /* number of the next logical partition */
	unsigned lines;				     /* logged */
	uint8_t *buffer;			     /* what was read last */
	enum inner_label inner[BLOCK_PARTITION_MAX]; /* of those found */
};

/* A range as a table tells it, in units counted from base; it ends by limit. */
struct range {
	uint64_t first;
	uint64_t count;
	uint32_t unit;	/* bytes */
	uint64_t base;	/* byte */
	uint64_t limit; /* byte; at most the size of the device */
};

/* ---- reading, and what came of it --------------------------------------------------------- */

/* Read length bytes, at most READ_MAX, at offset.  -ENOENT if the device ends before. */
static int
scan_read(struct scan *scan, uint64_t offset, size_t length, const uint8_t **out)
{
	uint32_t sector_size = scan->dev->sector_size;
	uint64_t begin = round_down(offset, sector_size);
	uint64_t end;

	*out = NULL;
	ASSERT(length <= READ_MAX);
	if (offset > scan->dev->size || length > scan->dev->size - offset)
		return -ENOENT;
	end = round_up(offset + length, sector_size);
	*out = scan->buffer + (offset - begin);
	return block_read(scan->dev, begin, scan->buffer, (size_t)(end - begin));
}

/* Whether another line may be logged: a table of nonsense is not worth a page. */
static bool
scan_may_log(struct scan *scan)
{
	if (scan->lines++ == LINES_MAX)
		kernel_log(scan->dev->kernel, LOG_WARNING, "partitions: %s: more is wrong",
		    scan->dev->name);
	return scan->lines <= LINES_MAX;
}

/* Log what is wrong with a structure, which begins at byte offset. */
static void
scan_log_flaw(struct scan *scan, const char *structure, uint64_t offset,
    const struct partition_flaw *flaw)
{
	scan->is_damaged = true;
	if (scan_may_log(scan))
		kernel_log(scan->dev->kernel, LOG_WARNING, "partitions: %s: %s at byte %llu: %s",
		    scan->dev->name, structure, (unsigned long long)offset + flaw->offset,
		    flaw->what);
}

/* Log what becomes of a partition whose range is not as it should be. */
static void
scan_log_range(struct scan *scan, const struct block_partition *partition, const char *what)
{
	if (scan_may_log(scan))
		kernel_log(scan->dev->kernel, LOG_WARNING, "partitions: %s: partition %s %s",
		    scan->dev->name, partition->name, what);
}

/* The bytes of range, cut to its limit.  False if there are none. */
static bool
range_resolve(const struct range *range, uint64_t *offset, uint64_t *size, bool *is_cut)
{
	uint64_t first;

	if (mul_overflows(range->first, range->unit, &first) ||
	    add_overflows(first, range->base, offset) || *offset >= range->limit)
		return false;
	*is_cut = mul_overflows(range->count, range->unit, size) || *size > range->limit - *offset;
	if (*is_cut)
		*size = range->limit - *offset;
	return true;
}

/* Take partition, which has all but its range, in, unless it is of no use. */
static void
scan_add(struct scan *scan, struct block_partition *partition, const struct range *range,
    enum inner_label inner)
{
	uint32_t sector_size = scan->dev->sector_size;
	bool is_cut;

	if (!range_resolve(range, &partition->offset, &partition->size, &is_cut)) {
		scan_log_range(scan, partition, "begins outside the device: left out");
		return;
	}
	partition->size = round_down(partition->size, sector_size);
	if (partition->size == 0 || partition->offset % sector_size != 0) {
		scan_log_range(scan, partition, "is not of whole sectors: left out");
		return;
	}
	if (scan->found->count == BLOCK_PARTITION_MAX) {
		scan_log_range(scan, partition, "is one too many: left out");
		return;
	}
	if (is_cut)
		scan_log_range(scan, partition, "ends outside the device: cut off");
	scan->inner[scan->found->count] = inner;
	scan->found->list[scan->found->count++] = *partition;
}

/* ---- disklabels ------------------------------------------------------------------------------- */

/* Whether the sectors of the label in a partition that begins at base count from there. */
static bool
label_is_relative(const struct disklabel *label, uint64_t base)
{
	const struct disklabel_partition *raw = &label->partitions[DISKLABEL_RAW];
	uint64_t sector = base / label->sector_size;

	if (raw->count > 0)
		return raw->first != sector;
	for (uint32_t i = 0; i < label->partition_count; i++) {
		const struct disklabel_partition *partition = &label->partitions[i];

		if (partition->type != 0 && partition->count > 0 && partition->first < sector)
			return true;
	}
	return false;
}

/* Whether what is to be added is there already: labels repeat what others say. */
static bool
scan_has(const struct scan *scan, const struct range *range)
{
	uint64_t offset, size;
	bool is_cut;

	if (!range_resolve(range, &offset, &size, &is_cut))
		return false;
	for (size_t i = 0; i < scan->found->count; i++) {
		const struct block_partition *other = &scan->found->list[i];

		if (!other->is_container && other->offset == offset && other->size == size)
			return true;
	}
	return false;
}

/* Add partition number index of label, which is in outer; where gives base and limit. */
static void
scan_label_entry(struct scan *scan, const struct disklabel *label, uint32_t index,
    const char *outer, const struct range *where)
{
	const struct disklabel_partition *entry = &label->partitions[index];
	struct block_partition partition = { .table = BLOCK_TABLE_DISKLABEL };
	struct range range = *where;

	range.first = entry->first;
	range.count = entry->count;
	range.unit = label->sector_size;
	if (entry->type == 0 || entry->count == 0 || index == DISKLABEL_RAW ||
	    scan_has(scan, &range))
		return;
	format_text(partition.name, sizeof(partition.name), "%s%c", outer, 'a' + index);
	format_text(partition.type, sizeof(partition.type), "%u", entry->type);
	partition.type_name = disklabel_type_name(entry->type);
	string_copy(partition.label, label->label, sizeof(partition.label));
	scan_add(scan, &partition, &range, LABEL_NONE);
}

/* Add what is in label, found in partition number index or, NO_PARTITION, on the device. */
static void
scan_label_entries(struct scan *scan, const struct disklabel *label, size_t index)
{
	struct range where = { .limit = scan->dev->size };
	struct block_partition *outer = NULL;

	if (index != NO_PARTITION) {
		outer = &scan->found->list[index];
		outer->is_container = true;
		if (scan->inner[index] == LABEL_OF_EITHER &&
		    label_is_relative(label, outer->offset)) {
			where.base = outer->offset;
			where.limit = outer->offset + outer->size;
		}
	}
	for (uint32_t i = 0; i < label->partition_count; i++)
		scan_label_entry(scan, label, i, outer != NULL ? outer->name : "", &where);
}

/* Look for a disklabel in partition number index or, NO_PARTITION, on the device. */
static int
scan_label(struct scan *scan, size_t index)
{
	uint64_t base = index == NO_PARTITION ? 0 : scan->found->list[index].offset;
	size_t length = (size_t)min_u64(3 * UNIT_MIN, scan->dev->size - base);
	struct partition_flaw flaw;
	struct disklabel label;
	const uint8_t *bytes;
	int error = scan_read(scan, base, length, &bytes);

	if (error < 0)
		return error;
	for (unsigned i = 0; i < DISKLABEL_PLACES; i++) {
		uint32_t place = disklabel_places[i];

		if (place >= length)
			continue;
		error = disklabel_decode(bytes + place, length - place, &label, &flaw);
		if (error == -EUCLEAN)
			scan_log_flaw(scan, "disklabel", base + place, &flaw);
		if (error == 0) {
			scan_label_entries(scan, &label, index);
			return 0;
		}
	}
	return -ENOENT;
}

/* Look for disklabels in all partitions found that may have one. */
static int
scan_inner_labels(struct scan *scan)
{
	size_t count = scan->found->count;
	int error = 0;

	for (size_t i = 0; i < count && (error == 0 || error == -ENOENT); i++) {
		if (scan->inner[i] != LABEL_NONE)
			error = scan_label(scan, i);
	}
	return error == -ENOENT ? 0 : error;
}

/* ---- master boot records ------------------------------------------------------------------------ */

static enum inner_label
mbr_inner_label(uint8_t type)
{
	switch (type) {
	case MBR_FREEBSD:
		return LABEL_OF_EITHER;
	case MBR_OPENBSD:
	case MBR_NETBSD:
		return LABEL_OF_DISK;
	default:
		return LABEL_NONE;
	}
}

static void
scan_mbr_entry(struct scan *scan, const struct mbr_entry *entry, unsigned number)
{
	struct block_partition partition = {
		.table = BLOCK_TABLE_MBR,
		.is_container = mbr_type_is_extended(entry->type),
		.type_name = mbr_type_name(entry->type),
	};
	struct range range = { entry->first, entry->count, UNIT_MIN, 0, scan->dev->size };

	format_text(partition.name, sizeof(partition.name), "%u", number);
	format_text(partition.type, sizeof(partition.type), "0x%02x", entry->type);
	scan_add(scan, &partition, &range, mbr_inner_label(entry->type));
}

static int
scan_extended(struct scan *scan, const struct mbr_entry *extended)
{
	struct partition_flaw flaw = { NULL, 0 };
	struct mbr_chain chain;
	int error = 0;

	mbr_chain_start(&chain, extended);
	while (!chain.is_at_end && error == 0) {
		uint64_t at = (uint64_t)chain.at * UNIT_MIN;
		struct mbr_entry logical = { 0 };
		struct mbr record;
		const uint8_t *bytes;

		error = scan_read(scan, at, MBR_SIZE, &bytes);
		if (error == -ENOENT || (error == 0 && mbr_decode(bytes, MBR_SIZE, &record) < 0))
			error = partition_flaw_set(&flaw, "there is no such record", 0);
		if (error == 0)
			error = mbr_chain_step(&chain, &record, &logical, &flaw);
		if (error == -EUCLEAN) {
			scan_log_flaw(scan, "record of logical partitions", at, &flaw);
			chain.is_at_end = true;
			error = 0;
		}
		if (logical.type != MBR_UNUSED)
			scan_mbr_entry(scan, &logical, scan->logical++);
	}
	return error;
}

static int
scan_mbr(struct scan *scan, const struct mbr *mbr)
{
	int error = 0;

	for (unsigned i = 0; i < MBR_ENTRY_COUNT; i++) {
		const struct mbr_entry *entry = &mbr->entries[i];

		if (entry->type != MBR_UNUSED && entry->type != MBR_PROTECTIVE)
			scan_mbr_entry(scan, entry, i + 1);
	}
	for (unsigned i = 0; i < MBR_ENTRY_COUNT && error == 0; i++) {
		if (mbr_type_is_extended(mbr->entries[i].type))
			error = scan_extended(scan, &mbr->entries[i]);
	}
	return error;
}

static bool
mbr_is_protective(const struct mbr *mbr)
{
	for (unsigned i = 0; i < MBR_ENTRY_COUNT; i++) {
		if (mbr->entries[i].type == MBR_PROTECTIVE)
			return true;
	}
	return false;
}

/* ---- GUID partition tables ------------------------------------------------------------------------ */

/* The entries of header from number index on, as many as one read gives: *count. */
static int
gpt_read_entries(struct scan *scan, const struct gpt_header *header, uint32_t unit, uint32_t index,
    uint32_t *count, const uint8_t **bytes)
{
	uint64_t offset;

	*count = (uint32_t)min_u64(header->entry_count - index, READ_MAX / header->entry_size);
	if (mul_overflows(header->entries_at, unit, &offset) ||
	    add_overflows(offset, (uint64_t)index * header->entry_size, &offset))
		return -ENOENT;
	return scan_read(scan, offset, (size_t)*count * header->entry_size, bytes);
}

/* Are the entries those that the header was written for? */
static int
gpt_check_entries(struct scan *scan, const struct gpt_header *header, uint32_t unit,
    struct partition_flaw *flaw)
{
	uint32_t crc = 0, count;
	const uint8_t *bytes;

	for (uint32_t i = 0; i < header->entry_count; i += count) {
		int error = gpt_read_entries(scan, header, unit, i, &count, &bytes);

		if (error == -ENOENT)
			return partition_flaw_set(flaw, "its entries are outside the device", 0);
		if (error < 0)
			return error;
		crc = crc32(crc, bytes, (size_t)count * header->entry_size);
	}
	if (crc != header->entries_crc)
		return partition_flaw_set(flaw, "the CRC of its entries is wrong", 0);
	return 0;
}

static enum inner_label
gpt_inner_label(const char *type)
{
	if (string_equal(type, GPT_TYPE_FREEBSD_LABEL))
		return LABEL_OF_EITHER;
	return string_equal(type, GPT_TYPE_OPENBSD) ? LABEL_OF_DISK : LABEL_NONE;
}

static void
scan_gpt_entry(struct scan *scan, const struct gpt_entry *entry, uint32_t unit, uint32_t number)
{
	struct block_partition partition = {
		.table = BLOCK_TABLE_GPT,
		.type_name = gpt_type_name(entry->type),
	};
	struct range range = { entry->first, entry->last - entry->first + 1, unit, 0,
		scan->dev->size };

	format_text(partition.name, sizeof(partition.name), "%u", number);
	string_copy(partition.type, entry->type, sizeof(partition.type));
	string_copy(partition.label, entry->label, sizeof(partition.label));
	scan_add(scan, &partition, &range, gpt_inner_label(entry->type));
}

/* Add all entries, which have been checked. */
static int
scan_gpt_entries(struct scan *scan, const struct gpt_header *header, uint32_t unit)
{
	uint32_t count;

	for (uint32_t first = 0; first < header->entry_count; first += count) {
		const uint8_t *bytes;
		int error = gpt_read_entries(scan, header, unit, first, &count, &bytes);

		if (error < 0)
			return error;
		for (uint32_t i = 0; i < count; i++) {
			struct partition_flaw flaw;
			struct gpt_entry entry;

			error = gpt_entry_decode(bytes + (size_t)i * header->entry_size,
			    header->entry_size, &entry, &flaw);
			if (error == -EUCLEAN)
				scan_log_flaw(scan, "GPT entry",
				    header->entries_at * unit +
					(uint64_t)(first + i) * header->entry_size,
				    &flaw);
			else if (error == 0)
				scan_gpt_entry(scan, &entry, unit, first + i + 1);
		}
	}
	return 0;
}

/*
 * Use the table whose header is in sector at, of unit bytes.  -ENOENT if there
 * is none, -EUCLEAN if it cannot be used, which has been logged.
 */
static int
scan_gpt_at(struct scan *scan, uint32_t unit, uint64_t at)
{
	struct partition_flaw flaw = { NULL, 0 };
	struct gpt_header header;
	const uint8_t *bytes;
	int error = scan_read(scan, at * unit, unit, &bytes);

	if (error == 0)
		error = gpt_header_decode(bytes, unit, at, &header, &flaw);
	if (error == 0)
		error = gpt_check_entries(scan, &header, unit, &flaw);
	if (error == -EUCLEAN)
		scan_log_flaw(scan, "GPT header", at * unit, &flaw);
	if (error == -EIO)
		return -EUCLEAN; /* logged, and the other copy may be readable */
	return error < 0 ? error : scan_gpt_entries(scan, &header, unit);
}

/* The table at the beginning; the same errors. */
static int
scan_gpt_first(struct scan *scan)
{
	int result = -ENOENT;

	for (uint32_t unit = UNIT_MIN; unit <= UNIT_MAX; unit *= 2) {
		int error = scan_gpt_at(scan, unit, 1);

		if (error != -ENOENT && error != -EUCLEAN)
			return error;
		if (error == -EUCLEAN)
			result = error;
	}
	return result;
}

/* The copy at the end; the same errors. */
static int
scan_gpt_copy(struct scan *scan)
{
	int result = -ENOENT;

	for (uint32_t unit = UNIT_MIN; unit <= UNIT_MAX; unit *= 2) {
		uint64_t sectors = scan->dev->size / unit;
		int error = sectors < 2 ? -ENOENT : scan_gpt_at(scan, unit, sectors - 1);

		if (error == 0)
			kernel_log(scan->dev->kernel, LOG_WARNING,
			    "partitions: %s: the GPT at the beginning cannot be used; "
			    "its copy at byte %llu is",
			    scan->dev->name, (unsigned long long)((sectors - 1) * unit));
		if (error != -ENOENT && error != -EUCLEAN)
			return error;
		if (error == -EUCLEAN)
			result = error;
	}
	return result;
}

/* Either of them; the copy if there has been, or should be, something to copy. */
static int
scan_gpt(struct scan *scan, bool is_promised)
{
	int error = scan_gpt_first(scan);

	if (error == -EUCLEAN || (error == -ENOENT && is_promised)) {
		int copy_error = scan_gpt_copy(scan);

		if (copy_error != -ENOENT)
			error = copy_error;
	}
	if (error == -ENOENT && is_promised) {
		scan->is_damaged = true;
		kernel_log(scan->dev->kernel, LOG_WARNING,
		    "partitions: %s: the master boot record tells of a GPT, which is not there",
		    scan->dev->name);
	}
	return error;
}

/* ---- Apple partition maps ---------------------------------------------------------------------------- */

/*
 * Where the map's entries are: one every *unit bytes, from *unit on.  Nearly
 * always that is 512, whatever block 0 says.
 */
static int
apple_find(struct scan *scan, uint32_t *unit)
{
	uint32_t sizes[2] = { APPLE_BLOCK_SIZE_MIN, 0 };
	struct partition_flaw flaw;
	const uint8_t *bytes;
	int error = scan_read(scan, 0, APPLE_BLOCK_SIZE_MIN, &bytes);

	if (error == 0)
		error = apple_descriptor_decode(bytes, APPLE_BLOCK_SIZE_MIN, &sizes[1]);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes) && error == 0; i++) {
		struct apple_entry entry;

		*unit = sizes[i];
		error = scan_read(scan, *unit, APPLE_BLOCK_SIZE_MIN, &bytes);
		if (error < 0)
			return error;
		if (apple_entry_decode(bytes, APPLE_BLOCK_SIZE_MIN, &entry, &flaw) != -ENOENT)
			return 0;
	}
	return error < 0 ? error : -ENOENT;
}

static void
scan_apple_entry(struct scan *scan, const struct apple_entry *entry, uint32_t unit, uint32_t number)
{
	struct block_partition partition = {
		.table = BLOCK_TABLE_APPLE,
		.type_name = apple_type_name(entry->type),
	};
	struct range range = { entry->first, entry->count, unit, 0, scan->dev->size };

	if (entry->count == 0 || apple_type_is_free(entry->type))
		return;
	format_text(partition.name, sizeof(partition.name), "%u", number);
	string_copy(partition.type, entry->type, sizeof(partition.type));
	string_copy(partition.label, entry->label, sizeof(partition.label));
	scan_add(scan, &partition, &range, LABEL_NONE);
}

static int
scan_apple(struct scan *scan)
{
	uint32_t unit, count = 1;
	int error = apple_find(scan, &unit);

	for (uint32_t i = 1; i <= count && error == 0; i++) {
		uint64_t at = (uint64_t)i * unit;
		struct partition_flaw flaw = { NULL, 0 };
		struct apple_entry entry;
		const uint8_t *bytes;

		error = scan_read(scan, at, APPLE_BLOCK_SIZE_MIN, &bytes);
		if (error == 0)
			error = apple_entry_decode(bytes, APPLE_BLOCK_SIZE_MIN, &entry, &flaw);
		if (error == -ENOENT)
			error = partition_flaw_set(&flaw, "it is not there", 0);
		if (error == -EUCLEAN) {
			scan_log_flaw(scan, "Apple partition map entry", at, &flaw);
			return i == 1 ? -EUCLEAN : 0;
		}
		if (error == 0 && i == 1)
			count = entry.entry_count;
		if (error == 0)
			scan_apple_entry(scan, &entry, unit, i);
	}
	return error;
}

/* ---- all of it ------------------------------------------------------------------------------------------ */

/* Whether what error says ends the search for a table. */
static bool
is_settled(int error)
{
	return error != -ENOENT && error != -EUCLEAN;
}

static int
scan_kinds(struct scan *scan)
{
	const uint8_t *bytes;
	struct mbr mbr;
	bool has_mbr;
	int error = scan_apple(scan);

	if (is_settled(error))
		return error;
	error = scan_read(scan, 0, MBR_SIZE, &bytes);
	if (error < 0)
		return error;
	has_mbr = mbr_decode(bytes, MBR_SIZE, &mbr) == 0;
	if (!has_mbr || mbr_is_protective(&mbr)) {
		error = scan_gpt(scan, has_mbr);
		if (is_settled(error))
			return error;
	}
	if (has_mbr) {
		error = scan_mbr(scan, &mbr);
		if (error < 0 || scan->found->count > 0)
			return error;
	}
	error = scan_label(scan, NO_PARTITION);
	if (is_settled(error) || has_mbr)
		return error;
	return scan_gpt_copy(scan);
}

static int
scan_run(struct scan *scan)
{
	int error = scan_kinds(scan);

	if (error == 0)
		error = scan_inner_labels(scan);
	return error == -ENOENT && scan->is_damaged ? -EUCLEAN : error;
}

int
block_partitions_scan(struct block_dev *dev, struct block_partitions **out)
{
	struct kernel *kernel = dev->kernel;
	size_t buffer_size = READ_MAX + 2 * (size_t)dev->sector_size;
	struct scan *scan = memory_alloc_zeroed(kernel, sizeof(*scan));
	int error = -ENOMEM;

	*out = NULL;
	if (scan == NULL)
		return -ENOMEM;
	scan->dev = dev;
	scan->logical = LOGICAL_FIRST;
	scan->buffer = memory_alloc(kernel, buffer_size);
	scan->found = memory_alloc_zeroed(kernel, sizeof(*scan->found));
	if (scan->buffer != NULL && scan->found != NULL) {
		scan->found->kernel = kernel;
		error = scan_run(scan);
	}
	if (error == 0)
		*out = scan->found;
	else
		memory_free(kernel, scan->found, sizeof(*scan->found));
	memory_free(kernel, scan->buffer, buffer_size);
	memory_free(kernel, scan, sizeof(*scan));
	return error;
}

void
block_partitions_free(struct block_partitions *partitions)
{
	if (partitions != NULL)
		memory_free(partitions->kernel, partitions, sizeof(*partitions));
}
