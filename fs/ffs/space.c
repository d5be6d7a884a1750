/*
 * Allocation: which group, and which fragments or inode of it.
 *
 * A file's next block goes behind the one before it, if that is free.  Else, and
 * for a first block, the search begins in the group of the inode, where the last
 * search there ended, so that a new file's blocks follow each other and those
 * of its directory lie near.  When a group is full the next ones are asked, those
 * of which the summary says that there is something.  Directories go where there
 * are few and much is free; files where their directory is.
 *
 * What is given back is only remembered; ffs_space_settle() frees it: without a
 * journal after a checkpoint, with one as part of it.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/write.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "kern/memory.h"
#include "vfs/namespace.h"

#define WAITING_AT_FIRST 64
#define WAITING_SPARE	 32

/* ---- groups ----------------------------------------------------------------------- */

/* A group's header, in its buffer. */
struct open_group {
	struct ffs_group group;
	struct ffs_group_counts before;
	struct buffer *buffer;
};

static int
group_open(struct ffs_mount *fs, uint32_t number, struct open_group *out)
{
	const struct ffs_superblock *sb = &fs->sb;
	uint64_t at = ffs_group_start(sb, number) + sb->header_offset;
	uint32_t size = (uint32_t)round_up(sb->header_size, sb->fragment_size);
	struct ffs_flaw flaw;
	int error = ffs_buffer_read(fs, at, size, &out->buffer);

	if (error < 0)
		return error;
	error = ffs_group_decode(sb, out->buffer->data, number, &out->group, &flaw);
	if (error < 0) {
		kernel_log(fs->mount.kernel, LOG_ERROR, "ffs: %.48s: group %u, byte %u: %s (%lld)",
		    fs->name, number, flaw.offset, flaw.what, (long long)flaw.value);
		buffer_put(out->buffer);
		return ffs_break(fs, error);
	}
	ffs_group_counts(&out->group, &out->before);
	return 0;
}

static void
group_close_unchanged(struct open_group *open)
{
	buffer_put(open->buffer);
}

/* The group has changed: so do the counts of all.  REQUIRES(lock) */
static void
group_close(struct ffs_mount *fs, struct open_group *open)
{
	struct ffs_writing *writing = fs->writing;
	const struct ffs_group_counts *before = &open->before;
	struct ffs_counts *total = &fs->sb.counts;
	struct ffs_group_counts after;

	ffs_group_counts(&open->group, &after);
	ffs_group_set_time(&open->group, timestamp_now(fs->mount.kernel).seconds);
	writing->groups[open->group.number] = after;
	writing->is_summary_dirty = true;
	total->directories += (uint64_t)after.directories - before->directories;
	total->blocks_free += (uint64_t)after.blocks_free - before->blocks_free;
	total->inodes_free += (uint64_t)after.inodes_free - before->inodes_free;
	total->fragments_free += (uint64_t)after.fragments_free - before->fragments_free;
	buffer_dirty(open->buffer, FFS_WAVE_MAP);
	buffer_put(open->buffer);
}

static uint32_t
group_of(const struct ffs_mount *fs, uint64_t fragment)
{
	return (uint32_t)(fragment / fs->sb.fragments_per_group);
}

/* ---- fragments ----------------------------------------------------------------------- */

static uint64_t
free_count(const struct ffs_mount *fs)
{
	return (fs->sb.counts.blocks_free << fs->sb.block_fragments_shift) +
	       fs->sb.counts.fragments_free;
}

/* May so many fragments be taken?  REQUIRES(lock) */
static bool
has_room(const struct ffs_mount *fs, uint32_t count, bool uses_reserve)
{
	return free_count(fs) >= count + (uses_reserve ? 0 : fs->writing->reserve);
}

/* Does the summary promise count fragments in this group?  REQUIRES(lock) */
static bool
is_promising(const struct ffs_mount *fs, uint32_t number, uint32_t count)
{
	const struct ffs_group_counts *counts = &fs->writing->groups[number];

	return counts->blocks_free > 0 ||
	       (count < fs->sb.fragments_per_block && counts->fragments_free >= count);
}

/* Where in an open group count fragments are; near is one to try first, or NONE. */
static uint32_t
find_in_group(struct ffs_mount *fs, const struct ffs_group *group, uint32_t near, uint32_t count)
{
	uint32_t per_block = fs->sb.fragments_per_block, found = FFS_GROUP_NONE;
	uint32_t start = fs->writing->rotors[group->number];

	if (near != FFS_GROUP_NONE && near < group->fragment_count && near % per_block == 0 &&
	    ffs_group_are_free(group, near, count) &&
	    (count == per_block ||
		ffs_group_block(group, near / per_block) + 1U != 1U << per_block))
		return near;
	if (count < per_block)
		found = ffs_group_find_fragments(group, start, count);
	if (found == FFS_GROUP_NONE)
		found =
		    ffs_group_find_block(group, near == FFS_GROUP_NONE ? start : near / per_block);
	return found;
}

/* REQUIRES(lock) */
static int
take_in_group(struct ffs_mount *fs, uint32_t number, uint32_t near, uint32_t count, uint64_t *first)
{
	struct open_group open;
	uint32_t found;
	int error = group_open(fs, number, &open);

	if (error < 0)
		return error;
	found = find_in_group(fs, &open.group, near, count);
	if (found == FFS_GROUP_NONE) {
		group_close_unchanged(&open);
		return -ENOSPC;
	}
	*first = ffs_group_base(&fs->sb, number) + found;
	if (!ffs_is_data(&fs->sb, *first, count)) {
		group_close_unchanged(&open);
		kernel_log(fs->mount.kernel, LOG_ERROR,
		    "ffs: %.48s: group %u: metadata is marked free", fs->name, number);
		return ffs_break(fs, -EUCLEAN);
	}
	ffs_group_take(&open.group, found, count);
	fs->writing->rotors[number] = found / fs->sb.fragments_per_block;
	group_close(fs, &open);
	return 0;
}

int
ffs_space_take(struct ffs_mount *fs, const struct ffs_want *want, uint64_t *first)
{
	struct ffs_writing *writing = fs->writing;
	uint32_t group = group_of(fs, want->near);
	uint32_t near = (uint32_t)(want->near - ffs_group_base(&fs->sb, group));
	int error = -ENOSPC;

	*first = 0;
	mutex_lock(&writing->lock);
	if (near < fs->sb.data_offset)
		near = FFS_GROUP_NONE;
	if (!has_room(fs, want->count, want->uses_reserve)) {
		mutex_unlock(&writing->lock);
		return -ENOSPC;
	}
	for (uint32_t i = 0; i < fs->sb.group_count && error == -ENOSPC; i++) {
		if (is_promising(fs, group, want->count))
			error = take_in_group(fs, group, near, want->count, first);
		group = group + 1 == fs->sb.group_count ? 0 : group + 1;
		near = FFS_GROUP_NONE;
	}
	mutex_unlock(&writing->lock);
	return error;
}

bool
ffs_space_extend(struct ffs_mount *fs, uint64_t first, uint32_t count, uint32_t want,
    bool uses_reserve)
{
	struct ffs_writing *writing = fs->writing;
	uint32_t number = group_of(fs, first);
	uint32_t at = (uint32_t)(first - ffs_group_base(&fs->sb, number));
	struct open_group open;
	bool is_done = false;

	if (at % fs->sb.fragments_per_block + want > fs->sb.fragments_per_block)
		return false;
	mutex_lock(&writing->lock);
	if (has_room(fs, want - count, uses_reserve) && group_open(fs, number, &open) == 0) {
		is_done = ffs_group_are_free(&open.group, at + count, want - count);
		if (is_done) {
			ffs_group_take(&open.group, at + count, want - count);
			group_close(fs, &open);
		} else {
			group_close_unchanged(&open);
		}
	}
	mutex_unlock(&writing->lock);
	return is_done;
}

/* Free fragments in the map.  REQUIRES(lock) */
static int
free_fragments(struct ffs_mount *fs, uint64_t first, uint32_t count)
{
	uint32_t number = group_of(fs, first), per_block = fs->sb.fragments_per_block;
	uint32_t at = (uint32_t)(first - ffs_group_base(&fs->sb, number));
	struct open_group open;
	int error = group_open(fs, number, &open);

	if (error < 0)
		return error;
	while (count > 0) {
		uint32_t part = (uint32_t)min_u64(count, per_block - at % per_block);

		if (!ffs_group_are_used(&open.group, at, part)) {
			kernel_log(fs->mount.kernel, LOG_ERROR,
			    "ffs: %.48s: group %u: fragment %u is freed, and was free", fs->name,
			    number, at);
			error = ffs_break(fs, -EUCLEAN);
			break;
		}
		ffs_group_give(&open.group, at, part);
		at += part;
		count -= part;
	}
	group_close(fs, &open);
	return error;
}

/* What could not be freed is lost until the file system is checked.  REQUIRES(lock) */
static void
lose(struct ffs_mount *fs, int error)
{
	if (error == 0)
		return;
	fs->keeps_dirty = true;
	if (fs->writing->log != NULL)
		ffs_break(fs, error); /* nobody checks it */
}

/* Nobody is going to write to fragments. */
static void
forget_unwritten(struct ffs_mount *fs, uint64_t first, uint32_t count)
{
	ffs_unwritten_remove(fs, ffs_fragment_offset(&fs->sb, first),
	    (uint64_t)count << fs->sb.fragment_shift);
}

void
ffs_space_return(struct ffs_mount *fs, uint64_t first, uint32_t count)
{
	forget_unwritten(fs, first, count);
	mutex_lock(&fs->writing->lock);
	lose(fs, free_fragments(fs, first, count));
	mutex_unlock(&fs->writing->lock);
}

/*
 * Room for one more.  There is some to spare, and a larger array is tried for as
 * soon as that is needed, so that a lack of memory must last to do harm.
 */
static bool
waiting_grow(struct kernel *kernel, struct ffs_waiting *waiting)
{
	size_t capacity = waiting->capacity == 0 ? WAITING_AT_FIRST : waiting->capacity * 2;
	size_t size = sizeof(*waiting->items);
	struct ffs_freed *items;

	if (waiting->capacity - waiting->count >= WAITING_SPARE)
		return true;
	items = memory_alloc_array(kernel, capacity, size);
	if (items == NULL)
		return waiting->count < waiting->capacity;
	if (waiting->count > 0)
		memcpy(items, waiting->items, waiting->count * size);
	memory_free(kernel, waiting->items, waiting->capacity * size);
	waiting->items = items;
	waiting->capacity = capacity;
	return true;
}

bool
ffs_waiting_prepare(struct ffs_mount *fs, struct ffs_waiting *waiting)
{
	return waiting_grow(fs->mount.kernel, waiting);
}

bool
ffs_waiting_add(struct ffs_mount *fs, struct ffs_waiting *waiting, struct ffs_freed item)
{
	if (waiting->count > 0 && item.count > 0) {
		struct ffs_freed *last = &waiting->items[waiting->count - 1];

		/* Most of a file lies in a row; runs stay inside one group. */
		if (last->count > 0 && !last->is_settled && last->is_metadata == item.is_metadata &&
		    last->first + last->count == item.first &&
		    group_of(fs, last->first) == group_of(fs, item.first)) {
			last->count += item.count;
			return true;
		}
	}
	if (!waiting_grow(fs->mount.kernel, waiting))
		return false;
	waiting->items[waiting->count++] = item;
	return true;
}

/* Drop what the buffer cache has of fragments. */
static void
forget_buffers(struct ffs_mount *fs, uint64_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i += fs->sb.fragments_per_block) {
		uint32_t part = (uint32_t)min_u64(count - i, fs->sb.fragments_per_block);

		buffer_forget(fs->dev, ffs_fragment_offset(&fs->sb, first + i),
		    part << fs->sb.fragment_shift, fs->sb.fragment_size);
	}
}

/* Something of a group will be free with the next checkpoint.  REQUIRES(lock) */
static void
note_freed(struct ffs_writing *writing, uint32_t number)
{
	uint8_t bit = (uint8_t)(1U << number % 8);

	writing->freed_group_count += (writing->freed_groups[number / 8] & bit) == 0;
	writing->freed_groups[number / 8] |= bit;
}

void
ffs_space_give(struct ffs_mount *fs, uint64_t first, uint32_t count, bool is_metadata)
{
	struct ffs_writing *writing = fs->writing;
	struct ffs_freed item = { .first = first, .count = count, .is_metadata = is_metadata };

	forget_unwritten(fs, first, count);
	mutex_lock(&writing->lock);
	if (ffs_waiting_add(fs, &writing->freed, item)) {
		writing->waiting_fragments += count;
		note_freed(writing, group_of(fs, first));
	} else {
		lose(fs, -ENOMEM); /* too early would be worse than never */
	}
	mutex_unlock(&writing->lock);
}

/* ---- inodes --------------------------------------------------------------------------- */

/* Zero the next block of inodes of a UFS2 group, on the medium, before it counts. */
static int
initialise_inodes(struct ffs_mount *fs, struct ffs_group *group)
{
	const struct ffs_superblock *sb = &fs->sb;
	uint32_t done = ffs_group_initialised(group);
	uint64_t at = ffs_group_start(sb, group->number) + sb->inode_offset +
		      ((uint64_t)(done / sb->inodes_per_block) << sb->block_fragments_shift);
	struct buffer *buffer;
	int error = buffer_new(fs->dev, ffs_fragment_offset(sb, at), sb->block_size, &buffer);

	if (error == -EINVAL)
		error = ffs_break(fs, -EUCLEAN);
	if (error < 0)
		return error;
	error = block_write(fs->dev, buffer->offset, buffer->data, buffer->size);
	buffer_put(buffer);
	if (error < 0)
		return ffs_break(fs, error);
	atomic_store(&fs->writing->is_data_written, true);
	ffs_group_set_initialised(group, done + sb->inodes_per_block);
	return 0;
}

/* REQUIRES(lock) */
static int
take_inode_in(struct ffs_mount *fs, uint32_t number, bool is_directory, uint32_t *ino)
{
	struct open_group open;
	uint32_t index;
	int error = group_open(fs, number, &open);

	if (error < 0)
		return error;
	/* Inodes 0 and 1 are never free, whatever the map says. */
	index = ffs_group_find_inode(&open.group, number == 0 ? FFS_ROOT_INO : 0);
	if (index == FFS_GROUP_NONE || (number == 0 && index <= FFS_ROOT_INO)) {
		group_close_unchanged(&open);
		return index == FFS_GROUP_NONE ? -ENOSPC : ffs_break(fs, -EUCLEAN);
	}
	while (error == 0 && index >= ffs_group_initialised(&open.group)) {
		error = initialise_inodes(fs, &open.group);
		/* An entry may lead there only once the header counts it. */
		buffer_dirty(open.buffer, FFS_WAVE_NEW);
		buffer_set_wave(open.buffer, FFS_WAVE_NEW);
	}
	if (error == 0) {
		ffs_group_take_inode(&open.group, index, is_directory);
		*ino = number * fs->sb.inodes_per_group + index;
	}
	group_close(fs, &open);
	return error;
}

/* Where a directory goes: few directories, and no less free than is usual.  REQUIRES(lock) */
static uint32_t
choose_directory_group(const struct ffs_mount *fs, uint32_t parent)
{
	const struct ffs_group_counts *groups = fs->writing->groups;
	uint64_t inodes = fs->sb.counts.inodes_free / fs->sb.group_count;
	uint64_t blocks = fs->sb.counts.blocks_free / fs->sb.group_count;
	uint32_t best = parent, number = parent;

	for (uint32_t i = 0; i < fs->sb.group_count; i++) {
		const struct ffs_group_counts *counts = &groups[number];

		if (counts->inodes_free >= inodes && counts->blocks_free >= blocks &&
		    (groups[best].inodes_free == 0 ||
			counts->directories < groups[best].directories))
			best = number;
		number = number + 1 == fs->sb.group_count ? 0 : number + 1;
	}
	return best;
}

int
ffs_space_take_inode(struct ffs_mount *fs, uint32_t parent, bool is_directory, uint32_t *ino,
    uint32_t *generation)
{
	struct ffs_writing *writing = fs->writing;
	uint32_t number = parent / fs->sb.inodes_per_group;
	int error = -ENOSPC;

	*ino = 0;
	mutex_lock(&writing->lock);
	if (is_directory)
		number = choose_directory_group(fs, number);
	for (uint32_t i = 0; i < fs->sb.group_count && error == -ENOSPC; i++) {
		if (writing->groups[number].inodes_free > 0)
			error = take_inode_in(fs, number, is_directory, ino);
		number = number + 1 == fs->sb.group_count ? 0 : number + 1;
	}
	*generation = writing->generation++;
	mutex_unlock(&writing->lock);
	return error;
}

/* REQUIRES(lock) */
static int
free_inode(struct ffs_mount *fs, uint32_t ino, bool is_directory)
{
	struct open_group open;
	int error = group_open(fs, ino / fs->sb.inodes_per_group, &open);

	if (error < 0)
		return error;
	ffs_group_give_inode(&open.group, ino % fs->sb.inodes_per_group, is_directory);
	group_close(fs, &open);
	return 0;
}

bool
ffs_space_inode_is_used(struct ffs_mount *fs, uint32_t ino)
{
	struct open_group open;
	bool is_used = false;

	mutex_lock(&fs->writing->lock);
	if (group_open(fs, ino / fs->sb.inodes_per_group, &open) == 0) {
		is_used = ffs_group_inode_is_used(&open.group, ino % fs->sb.inodes_per_group);
		group_close_unchanged(&open);
	}
	mutex_unlock(&fs->writing->lock);
	return is_used;
}

void
ffs_space_return_inode(struct ffs_mount *fs, uint32_t ino, bool is_directory)
{
	mutex_lock(&fs->writing->lock);
	lose(fs, free_inode(fs, ino, is_directory));
	mutex_unlock(&fs->writing->lock);
}

void
ffs_space_give_inode(struct ffs_mount *fs, uint32_t ino, bool is_directory)
{
	struct ffs_writing *writing = fs->writing;
	struct ffs_freed item = { .first = ino, .is_metadata = is_directory };

	mutex_lock(&writing->lock);
	if (ffs_waiting_add(fs, &writing->freed, item)) {
		writing->waiting_inodes++;
		note_freed(writing, ino / fs->sb.inodes_per_group);
	} else {
		lose(fs, -ENOMEM);
	}
	mutex_unlock(&writing->lock);
}

/* Free in the maps what waited for it.  REQUIRES(lock) */
static int
settle_item(struct ffs_mount *fs, struct ffs_freed *item)
{
	struct ffs_writing *writing = fs->writing;
	bool is_inode = item->count == 0;
	int error = 0;

	if (item->is_settled)
		return 0;
	error = is_inode ? free_inode(fs, (uint32_t)item->first, item->is_metadata)
			 : free_fragments(fs, item->first, item->count);
	if (error < 0)
		return error;
	item->is_settled = true;
	if (is_inode)
		writing->waiting_inodes--;
	if (!is_inode && item->is_metadata)
		forget_buffers(fs, item->first, item->count);
	writing->waiting_fragments -= item->count;
	return 0;
}

int
ffs_space_settle(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	int error = 0;

	mutex_lock(&writing->lock);
	for (size_t i = 0; i < writing->freed.count && error == 0; i++)
		error = settle_item(fs, &writing->freed.items[i]);
	if (error == 0) {
		writing->freed_group_count = 0;
		memset(writing->freed_groups, 0, (size_t)divide_up(fs->sb.group_count, 8));
	}
	mutex_unlock(&writing->lock);
	return error;
}

void
ffs_space_forget_freed(struct ffs_mount *fs)
{
	mutex_lock(&fs->writing->lock);
	fs->writing->freed.count = 0;
	mutex_unlock(&fs->writing->lock);
}

uint64_t
ffs_space_near(struct ffs_mount *fs, uint32_t ino, uint64_t block)
{
	const struct ffs_superblock *sb = &fs->sb;
	uint32_t per_group = sb->file_blocks_in_group;
	uint32_t number = ino / sb->inodes_per_group;

	/* A large file takes a part of each group, so that its neighbours find room. */
	if (per_group > 0)
		number = (uint32_t)((number + block / per_group) % sb->group_count);
	return ffs_group_base(sb, number);
}
