/*
 * Following the journal.
 *
 * The newer of two headers says where records are.  They are read in the order
 * in which they were written; each range of the device that one says something
 * of, new content or that older content is void, is remembered as a write, and
 * all of them together make the overlay.  Only the headers of records are read;
 * the content stays where it is.
 *
 * A damaged record ends the mount, not the replay: to show the state before it
 * would be to show a state that never was, as in-place blocks may already be
 * newer.
 */
#include "fs/ffs/replay.h"

#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/overlay.h"
#include "fs/ffs/view.h"
#include "fs/ffs/wapbl.h"
#include "kern/log.h"
#include "kern/memory.h"

#define JOURNAL_MAX    ((uint64_t)1 << 30) /* bytes; 16 times what newfs makes */
#define ITEMS_AT_FIRST 256

/* Being replayed. */
struct replaying {
	const struct ffs_superblock *sb;
	struct block_dev *dev;
	const char *name;
	uint64_t limit; /* of the file system, bytes */
	struct ffs_wapbl_header header;
	uint8_t *block;	   /* one block of the journal */
	uint64_t position; /* of that block in the circular area */
	struct ffs_overlay_write *writes;
	size_t count, capacity;
	struct ffs_replay *result;
};

static int
damaged(const struct replaying *at, uint64_t offset, const struct ffs_flaw *flaw)
{
	kernel_log(at->dev->kernel, LOG_ERROR,
	    "ffs: %.48s: journal, byte %llu: %s (%lld); "
	    "option norecovery mounts without it",
	    at->name, (unsigned long long)offset + flaw->offset, flaw->what,
	    (long long)flaw->value);
	return -EUCLEAN;
}

/* Where byte position of the circular area is on the device. */
static uint64_t
area_place(const struct replaying *at, uint64_t position)
{
	return at->sb->journal.offset + at->header.area_offset + position;
}

/* The newer one of the headers that are good. */
static int
read_headers(struct replaying *at)
{
	const struct ffs_journal *journal = &at->sb->journal;
	struct ffs_flaw flaw, missing = { .what = "journal has no header" };
	struct ffs_wapbl_header header;
	bool is_found = false;

	for (unsigned i = 0; i < FFS_WAPBL_HEADER_COUNT; i++) {
		uint64_t offset = journal->offset + i * (uint64_t)journal->block_size;
		int error = block_read(at->dev, offset, at->block, journal->block_size);

		if (error < 0)
			return error;
		error = ffs_wapbl_header_decode(at->block, journal->block_size, journal->size,
		    &header, &flaw);
		if (error == 0 && header.block_size != journal->block_size)
			error = ffs_flaw_set(&flaw, "block size is not the superblock's", 0,
			    header.block_size);
		if (error == 0 && (1U << header.unit_shift) % at->dev->sector_size != 0)
			error = ffs_flaw_set(&flaw, "unit of addresses is less than a sector", 0,
			    header.unit_shift);
		if (error < 0) {
			if (error != -ENODEV)
				missing = flaw;
			continue;
		}
		if (!is_found || ffs_wapbl_is_newer(&header, &at->header)) {
			at->header = at->result->header = header;
			at->result->header_number = i;
		}
		is_found = true;
	}
	return is_found ? 0 : damaged(at, journal->offset, &missing);
}

/* Room for one more item of size bytes in an array. */
static int
grow(struct kernel *kernel, void **items, size_t size, size_t count, size_t *capacity)
{
	size_t larger = *capacity == 0 ? ITEMS_AT_FIRST : *capacity * 2;
	void *fresh;

	if (count < *capacity)
		return 0;
	fresh = memory_alloc_array(kernel, larger, size);
	if (fresh == NULL)
		return -ENOMEM;
	if (count > 0)
		memcpy(fresh, *items, count * size);
	memory_free(kernel, *items, *capacity * size);
	*items = fresh;
	*capacity = larger;
	return 0;
}

static int
add_write(struct replaying *at, uint64_t start, uint64_t length, uint64_t source)
{
	void *items = at->writes;
	int error = grow(at->dev->kernel, &items, sizeof(*at->writes), at->count, &at->capacity);

	at->writes = items;
	if (error < 0)
		return error;
	at->writes[at->count++] = (struct ffs_overlay_write){ start, start + length, source };
	return 0;
}

/* A block whose content begins at position of the area, maybe around its end. */
static int
add_block(struct replaying *at, const struct ffs_wapbl_entry *entry, uint64_t position)
{
	uint64_t head = min_u64(entry->length, at->header.area_size - position);
	int error = add_write(at, entry->offset, head, area_place(at, position));

	at->result->block_count++;
	if (error < 0 || head == entry->length)
		return error;
	return add_write(at, entry->offset + head, entry->length - head, area_place(at, 0));
}

/* The record at at->position, whose first block is in at->block. */
static int
add_entries(struct replaying *at, const struct ffs_wapbl_record *record)
{
	uint64_t content = at->header.block_size;

	for (uint32_t i = 0; i < record->count; i++) {
		struct ffs_wapbl_entry entry;
		struct ffs_flaw flaw;
		int error =
		    ffs_wapbl_entry_decode(&at->header, at->block, i, at->limit, &entry, &flaw);

		if (error < 0)
			return damaged(at, area_place(at, at->position), &flaw);
		if (record->type == FFS_WAPBL_REVOCATIONS) {
			error = add_write(at, entry.offset, entry.length, FFS_OVERLAY_NONE);
		} else if (entry.length > record->length - content) {
			ffs_flaw_set(&flaw, "content of a journal record exceeds it", 0,
			    (int64_t)entry.length);
			return damaged(at, area_place(at, at->position), &flaw);
		} else {
			uint64_t position = at->position + content;

			error = add_block(at, &entry, position % at->header.area_size);
			content += entry.length;
		}
		if (error < 0)
			return error;
	}
	return 0;
}

/* The inodes that the record at at->position, in at->block, lists. */
static int
add_inodes(struct replaying *at, const struct ffs_wapbl_record *record)
{
	struct ffs_replay *result = at->result;
	int error = 0;

	if (record->is_first || result->inode_count == 0) {
		result->inode_count = 0;
		result->list_at = at->position;
	}
	for (uint32_t i = 0; i < record->count && error == 0; i++) {
		void *items = result->inodes;

		error = grow(at->dev->kernel, &items, sizeof(*result->inodes), result->inode_count,
		    &result->inode_capacity);
		result->inodes = items;
		if (error == 0)
			ffs_wapbl_inode_decode(&at->header, at->block, i,
			    &result->inodes[result->inode_count++]);
	}
	return error;
}

/* Every record takes a block at least, so the size of the area bounds this. */
static int
read_records(struct replaying *at)
{
	uint64_t left = at->header.used;

	at->position = at->header.tail;
	while (left > 0) {
		struct ffs_wapbl_record record;
		struct ffs_flaw flaw;
		uint64_t place = area_place(at, at->position);
		int error = block_read(at->dev, place, at->block, at->header.block_size);

		if (error < 0)
			return error;
		error = ffs_wapbl_record_decode(&at->header, at->block, left, &record, &flaw);
		if (error < 0)
			return damaged(at, place, &flaw);
		error = record.type == FFS_WAPBL_INODES ? add_inodes(at, &record)
							: add_entries(at, &record);
		if (error < 0)
			return error;
		at->result->record_count++;
		at->position = (at->position + record.length) % at->header.area_size;
		left -= record.length;
	}
	return 0;
}

/* What all writes amount to: count extents, or NULL if there is nothing to show. */
static int
build_overlay(struct replaying *at, struct ffs_overlay_extent **out, size_t *count)
{
	struct kernel *kernel = at->dev->kernel;
	struct ffs_overlay_segment *segments;
	size_t segment_count, size = sizeof(*segments);

	*out = NULL;
	segments = memory_alloc_array(kernel, 2 * at->count, size);
	if (segments == NULL)
		return -ENOMEM;
	segment_count = ffs_overlay_cut(at->writes, at->count, segments);
	*count = ffs_overlay_build(at->writes, segments, segment_count, NULL);
	if (*count > 0) {
		*out = memory_alloc_array(kernel, *count, sizeof(**out));
		if (*out != NULL)
			ffs_overlay_build(at->writes, segments, segment_count, *out);
	}
	memory_free(kernel, segments, 2 * at->count * size);
	return *count > 0 && *out == NULL ? -ENOMEM : 0;
}

static int
create_view(struct replaying *at, struct block_dev **out)
{
	struct ffs_overlay_extent *extents;
	size_t count;
	int error;

	if (at->count == 0)
		return 0;
	error = build_overlay(at, &extents, &count);
	if (error < 0 || extents == NULL)
		return error;
	for (size_t i = 0; i < count; i++)
		at->result->size += extents[i].end - extents[i].start;
	*out = ffs_view_create(at->dev, extents, count);
	if (*out != NULL)
		return 0;
	memory_free(at->dev->kernel, extents, count * sizeof(*extents));
	return -ENOMEM;
}

/* The journal must be on the device, and not be the work of a joker. */
static int
check_place(const struct replaying *at)
{
	const struct ffs_journal *journal = &at->sb->journal;
	struct ffs_flaw flaw;

	if (journal->size > JOURNAL_MAX)
		ffs_flaw_set(&flaw, "journal is larger than 1 GiB", 0, (int64_t)journal->size);
	else if (journal->offset > at->dev->size || journal->size > at->dev->size - journal->offset)
		ffs_flaw_set(&flaw, "journal ends past the end of the device", 0,
		    (int64_t)journal->size);
	else if (journal->block_size % at->dev->sector_size != 0)
		ffs_flaw_set(&flaw, "blocks of the journal are smaller than the device's", 0,
		    journal->block_size);
	else if (journal->size < (FFS_WAPBL_HEADER_COUNT + 1) * (uint64_t)journal->block_size)
		ffs_flaw_set(&flaw, "journal has no room for its headers", 0,
		    (int64_t)journal->size);
	else
		return 0;
	return damaged(at, journal->offset, &flaw);
}

int
ffs_replay_journal(const struct ffs_superblock *sb, struct block_dev *dev, const char *name,
    struct ffs_replay *replay, struct block_dev **out)
{
	struct replaying at = {
		.sb = sb,
		.dev = dev,
		.name = name,
		.limit = sb->fragment_count << sb->fragment_shift,
		.result = replay,
	};
	int error;

	*out = NULL;
	*replay = (struct ffs_replay){ .size = 0 };
	error = check_place(&at);
	if (error < 0)
		return error;
	at.block = memory_alloc(dev->kernel, sb->journal.block_size);
	if (at.block == NULL)
		return -ENOMEM;
	error = read_headers(&at);
	if (error == 0)
		error = read_records(&at);
	if (error == 0)
		error = create_view(&at, out);
	if (error < 0)
		ffs_replay_free(dev->kernel, replay);
	memory_free(dev->kernel, at.writes, at.capacity * sizeof(*at.writes));
	memory_free(dev->kernel, at.block, sb->journal.block_size);
	return error;
}

void
ffs_replay_free(struct kernel *kernel, struct ffs_replay *replay)
{
	memory_free(kernel, replay->inodes, replay->inode_capacity * sizeof(*replay->inodes));
	replay->inodes = NULL;
	replay->inode_count = replay->inode_capacity = 0;
}
