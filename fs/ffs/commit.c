/*
 * Transactions: what is dirty goes to the log.
 *
 * A transaction is records of revocations, then of blocks, then the list of
 * inodes without names, all of it, which comes last so that it alone stays when
 * the log is emptied.  Nothing of it counts before the header that follows; so
 * there is one flush before the header and one after.
 *
 * How much the next commit will take is estimated from above, at any time: by
 * the bytes of dirty buffers, and by what settling (space.c) will make dirty.
 *
 * The log is circular.  Where a record goes around the end of the area it is
 * written in parts.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/write.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "vfs/namespace.h"

#define BUFFERS_MAX  31			 /* in one record */
#define REVOKED_MAX  ((uint64_t)1 << 30) /* bytes of one entry */
#define ENTRY_COST   20 /* bytes of an entry and its share of the record, at most */
#define INODE_COST   10
#define LIST_SHARE   16 /* of a transaction: what the list of inodes may take */
#define BUFFER_SHARE 16 /* of a buffer's size: what its entry costs, at most */

/* ---- room ------------------------------------------------------------------------------ */

/* Bytes that a commit takes now, at most.  REQUIRES(writing.lock) */
static uint64_t
estimate(const struct ffs_mount *fs)
{
	const struct ffs_writing *writing = fs->writing;
	uint64_t header = round_up(fs->sb.header_size, fs->sb.fragment_size);
	uint64_t inodes =
	    writing->unlinked.count + writing->orphans.count + writing->nameless.count;
	uint64_t size = buffer_dirty_size(fs->dev) + writing->freed_group_count * header;

	return size + size / BUFFER_SHARE + writing->freed.count * (uint64_t)ENTRY_COST +
	       inodes * INODE_COST + writing->log->fixed;
}

/* Bytes that the next transaction may have.  REQUIRES(operation) */
static uint64_t
room(const struct ffs_log *log)
{
	return min_u64(log->limit, log->header.area_size - log->header.used);
}

bool
ffs_journal_reserve(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	struct ffs_log *log = writing->log;
	bool has_room;

	if (log == NULL)
		return true;
	mutex_lock(&writing->lock);
	has_room = estimate(fs) + log->reserved + log->operation <= room(log);
	if (has_room)
		log->reserved += log->operation;
	mutex_unlock(&writing->lock);
	return has_room;
}

void
ffs_journal_release(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;

	if (writing->log == NULL)
		return;
	mutex_lock(&writing->lock);
	writing->log->reserved -= writing->log->operation;
	mutex_unlock(&writing->lock);
}

bool
ffs_journal_has_room(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	struct ffs_log *log = writing->log;
	bool has_room;

	if (log == NULL)
		return true;
	mutex_lock(&writing->lock);
	has_room = estimate(fs) + max_u64(log->reserved, log->operation) <= room(log);
	mutex_unlock(&writing->lock);
	return has_room;
}

bool
ffs_journal_is_crowded(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	uint64_t count;

	mutex_lock(&writing->lock);
	count = writing->orphans.count + writing->nameless.count;
	mutex_unlock(&writing->lock);
	return count * INODE_COST > writing->log->limit / LIST_SHARE;
}

/* ---- appending ---------------------------------------------------------------------------- */

/* A transaction being written. */
struct appending {
	struct ffs_mount *fs;
	struct ffs_log *log;
	uint64_t size; /* bytes behind the head so far */
	int error;
};

/* Where byte position of the circular area is on the device. */
static uint64_t
place_of(const struct appending *at, uint64_t position)
{
	return at->fs->sb.journal.offset + at->log->header.area_offset + position;
}

/* Where the next record goes, bytes into the area. */
static uint64_t
end_of(const struct appending *at)
{
	const struct ffs_wapbl_header *header = &at->log->header;

	return (header->tail + header->used + at->size) % header->area_size;
}

/* Write segments that go around the end of the area, one by one. */
static int
write_around(const struct appending *at, const struct segment *segments, size_t count)
{
	uint64_t position = end_of(at), area_size = at->log->header.area_size;

	for (size_t i = 0; i < count; i++) {
		const uint8_t *bytes = segments[i].data;
		uint64_t left = segments[i].length;

		while (left > 0) {
			size_t part = (size_t)min_u64(left, area_size - position);
			int error = block_write(at->fs->dev, place_of(at, position), bytes, part);

			if (error < 0)
				return error;
			position = (position + part) % area_size;
			bytes += part;
			left -= part;
		}
	}
	return 0;
}

/* Write a record of length bytes. */
static void
append(struct appending *at, const struct segment *segments, size_t count, uint64_t length)
{
	const struct ffs_wapbl_header *header = &at->log->header;
	uint64_t position = end_of(at);

	if (at->error < 0)
		return;
	if (length > header->area_size - header->used - at->size) {
		kernel_log(at->fs->mount.kernel, LOG_ERROR,
		    "ffs: %.48s: a transaction does not fit the journal", at->fs->name);
		at->error = -ENOSPC;
	} else if (length <= header->area_size - position) {
		at->error =
		    block_write_segments(at->fs->dev, place_of(at, position), segments, count);
	} else {
		at->error = write_around(at, segments, count);
	}
	at->size += length;
}

/* Write a record without content, whose entries are in log->block, which is zeros then. */
static void
append_block(struct appending *at, const struct ffs_wapbl_record *record)
{
	struct segment segment = { at->log->block, at->log->header.block_size };

	ffs_wapbl_record_encode(&at->log->header, record, at->log->block);
	append(at, &segment, 1, segment.length);
	memset(at->log->block, 0, segment.length);
}

static void
append_buffers(struct appending *at, struct buffer *const *buffers, uint32_t count)
{
	const struct ffs_wapbl_header *header = &at->log->header;
	struct segment segments[BUFFERS_MAX + 2];
	struct ffs_wapbl_record record = {
		.type = FFS_WAPBL_BLOCKS,
		.length = header->block_size,
		.count = count,
	};
	uint32_t padding;

	if (count == 0)
		return;
	for (uint32_t i = 0; i < count; i++)
		record.length += buffers[i]->size;
	padding = (uint32_t)(round_up(record.length, header->block_size) - record.length);
	record.length += padding;
	memset(at->log->block, 0, header->block_size);
	ffs_wapbl_record_encode(header, &record, at->log->block);
	segments[0] = (struct segment){ at->log->block, header->block_size };
	for (uint32_t i = 0; i < count; i++) {
		struct ffs_wapbl_entry entry = { buffers[i]->offset, buffers[i]->size };

		ffs_wapbl_entry_encode(header, &entry, i, at->log->block);
		segments[1 + i] = (struct segment){ buffers[i]->data, buffers[i]->size };
	}
	segments[1 + count] = (struct segment){ at->log->block + header->block_size, padding };
	append(at, segments, count + (padding > 0 ? 2 : 1), record.length);
}

/* All dirty buffers, in the order of their waves, for what it is worth. */
static void
append_dirty(struct appending *at)
{
	uint32_t max = ffs_wapbl_record_room(&at->log->header, FFS_WAPBL_BLOCKS), count = 0;
	struct buffer *buffers[BUFFERS_MAX];

	max = (uint32_t)min_u64(max, BUFFERS_MAX);
	for (unsigned wave = 0; wave < BUFFER_WAVE_KEPT; wave++) {
		struct buffer *buffer = NULL;

		while ((buffer = buffer_next_dirty(at->fs->dev, wave, buffer)) != NULL) {
			buffers[count++] = buffer;
			if (count == max) {
				append_buffers(at, buffers, count);
				count = 0;
			}
		}
	}
	append_buffers(at, buffers, count);
}

/* Write the record of revocations that was begun, and begin another. */
static void
finish_revocations(struct appending *at, uint32_t *count)
{
	struct ffs_wapbl_record record = {
		.type = FFS_WAPBL_REVOCATIONS,
		.length = at->log->header.block_size,
		.count = *count,
	};

	if (*count == 0)
		return;
	append_block(at, &record);
	*count = 0;
}

/* Blocks of metadata that are not any more. */
static void
append_revocations(struct appending *at)
{
	const struct ffs_wapbl_header *header = &at->log->header;
	const struct ffs_waiting *freed = &at->fs->writing->freed;
	uint32_t max = ffs_wapbl_record_room(header, FFS_WAPBL_REVOCATIONS), count = 0;

	memset(at->log->block, 0, header->block_size);
	for (size_t i = 0; i < freed->count; i++) {
		const struct ffs_freed *item = &freed->items[i];
		uint64_t left = (uint64_t)item->count << at->fs->sb.fragment_shift;
		struct ffs_wapbl_entry entry = {
			.offset = ffs_fragment_offset(&at->fs->sb, item->first),
		};

		while (item->is_metadata && left > 0) {
			entry.length = min_u64(left, REVOKED_MAX);
			ffs_wapbl_entry_encode(header, &entry, count++, at->log->block);
			entry.offset += entry.length;
			left -= entry.length;
			if (count == max)
				finish_revocations(at, &count);
		}
	}
	finish_revocations(at, &count);
}

/* Write the record of inodes that was begun, and begin another. */
static void
finish_inodes(struct appending *at, uint32_t *count, bool *is_first)
{
	struct ffs_wapbl_record record = {
		.type = FFS_WAPBL_INODES,
		.length = at->log->header.block_size,
		.count = *count,
		.is_first = *is_first,
	};

	append_block(at, &record);
	*count = 0;
	*is_first = false;
}

/*
 * All inodes that no name leads to; an empty list if the log says otherwise
 * so far.  Are there any?
 */
static bool
append_inodes(struct appending *at)
{
	const struct ffs_wapbl_header *header = &at->log->header;
	const struct ffs_writing *writing = at->fs->writing;
	const struct ffs_waiting *const lists[] = { &writing->unlinked, &writing->orphans,
		&writing->nameless };
	uint32_t max = ffs_wapbl_record_room(header, FFS_WAPBL_INODES), count = 0;
	bool is_first = true, has_list;

	memset(at->log->block, 0, header->block_size);
	for (unsigned number = 0; number < ARRAY_SIZE(lists); number++) {
		for (size_t i = 0; i < lists[number]->count; i++) {
			const struct ffs_freed *item = &lists[number]->items[i];
			struct ffs_wapbl_inode inode = { (uint32_t)item->first, item->mode };

			ffs_wapbl_inode_encode(header, &inode, count++, at->log->block);
			if (count == max)
				finish_inodes(at, &count, &is_first);
		}
	}
	has_list = count > 0 || !is_first;
	if (count > 0 || (is_first && at->log->has_list))
		finish_inodes(at, &count, &is_first);
	return has_list;
}

/* ---- commits ---------------------------------------------------------------------------- */

int
ffs_journal_write_header(struct ffs_mount *fs)
{
	struct ffs_log *log = fs->writing->log;
	struct timestamp now = timestamp_now(fs->mount.kernel);
	uint64_t place;
	int error;

	/* Its number follows from its generation; the one that counts is not written over. */
	log->header.generation++;
	if (log->header.generation % FFS_WAPBL_HEADER_COUNT == log->header_number)
		log->header.generation++;
	log->header_number = log->header.generation % FFS_WAPBL_HEADER_COUNT;
	ffs_wapbl_header_encode(&log->header, (struct ffs_time){ now.seconds, now.nanoseconds },
	    log->block);
	place = fs->sb.journal.offset + log->header_number * (uint64_t)log->header.block_size;
	error = block_write(fs->dev, place, log->block, log->header.block_size);
	return error < 0 ? error : block_flush(fs->dev);
}

int
ffs_journal_empty(struct ffs_mount *fs)
{
	struct ffs_log *log = fs->writing->log;
	struct ffs_wapbl_header *header = &log->header;
	uint64_t end = header->tail + header->used, list_size;
	size_t count;
	int error = buffer_write_wave(fs->dev, BUFFER_WAVE_KEPT, &count);

	if (error == 0)
		error = block_flush(fs->dev);
	if (error < 0)
		return error;
	list_size = (end + header->area_size - log->list_at) % header->area_size;
	header->tail = log->has_list ? log->list_at : 0;
	header->used = log->has_list ? list_size : 0;
	return ffs_journal_write_header(fs);
}

/* Is there anything to commit? */
static bool
has_changes(struct ffs_mount *fs)
{
	return fs->writing->freed.count > 0 || buffer_dirty_size(fs->dev) > 0;
}

int
ffs_journal_commit(struct ffs_mount *fs, bool is_data_written)
{
	struct ffs_log *log = fs->writing->log;
	struct appending at = { .fs = fs, .log = log };
	uint64_t list_at;
	bool has_list;

	if (!has_changes(fs))
		return is_data_written ? block_flush(fs->dev) : 0;
	append_revocations(&at);
	append_dirty(&at);
	list_at = end_of(&at);
	has_list = append_inodes(&at);
	if (at.error == 0)
		at.error = block_flush(fs->dev);
	if (at.error < 0)
		return at.error;
	log->header.used += at.size;
	at.error = ffs_journal_write_header(fs); /* it counts from here on */
	if (at.error < 0)
		return at.error;
	log->list_at = list_at;
	log->has_list = has_list;
	buffer_keep_dirty(fs->dev);
	if (log->header.used + log->limit > log->header.area_size ||
	    buffer_kept_size(fs->dev) > fs->writing->dirty_max)
		return ffs_journal_empty(fs);
	return 0;
}
