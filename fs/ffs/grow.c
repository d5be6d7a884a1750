/*
 * Space for files: growing, filling holes, shrinking.
 *
 * Blocks are laid out for inode->stored_size, which is the size of the file, or
 * more between map_write(), which makes room, and resize(), which tells what of
 * it was used.  All blocks of a file are whole but the last, if that is one of
 * the first twelve; so growing past a last block of some fragments makes it whole
 * first: in place where the fragments behind it are free, else elsewhere, with
 * what it holds.
 *
 * What is newly stored and not going to be written over is zeroed here, at once,
 * on the medium; the rest is unwritten until it is (unwritten.h), so that an inode
 * never points to what was somebody else's.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/entries.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/map.h"
#include "fs/ffs/pointer.h"
#include "fs/ffs/write.h"
#include "kern/memory.h"

#define RUN_MAX	      ((uint64_t)1 << 20) /* bytes that one call of map_write() makes room for */
#define ZERO_SEGMENTS 16		  /* pages of zeros that are written at once */
#define FILLED_MAX    32		  /* segments, and zeros, that are written at once */
#define SPACE_TRIES   3			  /* what was freed takes two checkpoints to be of use */

static const _Alignas(8) uint8_t zeros[PAGE_SIZE];

/* Room being made for [offset, end) of a file. */
struct growing {
	struct ffs_inode *inode;
	struct ffs_mount *fs;
	uint64_t offset, end;
	bool uses_reserve;
	bool zeroes_all; /* nobody writes pages of it */
	uint64_t near;	 /* where the next block would best be */

	/* Blocks that are new belong to the run if it is, and if they lie here; 0: there is none. */
	uint64_t run_end;
	bool run_is_new;

	/* The block looked at last. */
	uint64_t first; /* its fragment */
	bool is_new;
	bool is_changed; /* pointers of the inode were */
};

int
ffs_zero_store(struct ffs_mount *fs, uint64_t offset, uint64_t length)
{
	struct segment segments[ZERO_SEGMENTS];
	int error = 0;

	/* One by one: 32-bit ARM's gcc would keep the two together, and writable. */
	for (size_t i = 0; i < ZERO_SEGMENTS; i++) {
		segments[i].data = (void *)(uintptr_t)zeros;
		segments[i].length = sizeof(zeros);
	}
	while (length > 0 && error == 0) {
		uint64_t part = min_u64(length, ZERO_SEGMENTS * sizeof(zeros));
		size_t count = (size_t)divide_up(part, sizeof(zeros));

		segments[count - 1].length = (size_t)(part - (count - 1) * sizeof(zeros));
		error = block_write_segments(fs->dev, offset, segments, count);
		offset += part;
		length -= part;
	}
	atomic_store(&fs->writing->is_data_written, true);
	return error;
}

/* Zero bytes [from, to) of a block, which is at fragment first. */
static int
zero_in_block(struct ffs_mount *fs, uint64_t first, uint64_t from, uint64_t to)
{
	if (from >= to)
		return 0;
	return ffs_zero_store(fs, ffs_fragment_offset(&fs->sb, first) + from, to - from);
}

/*
 * Bytes [from, to) of a block were stored just now: zero those that nobody is
 * going to write.  The others are unwritten.
 */
static int
zero_rest(const struct growing *growing, uint64_t block, uint64_t first, uint64_t from, uint64_t to)
{
	struct ffs_mount *fs = growing->fs;
	uint64_t base = block << fs->sb.block_shift;
	uint64_t start = round_down(growing->offset, PAGE_SIZE);
	uint64_t end = round_up(growing->end, PAGE_SIZE);
	int error;

	start = start > base ? min_u64(start - base, to) : 0;
	end = end > base ? min_u64(end - base, to) : 0;
	start = max_u64(start, from);
	if (growing->zeroes_all || end <= start ||
	    !ffs_unwritten_add(fs, ffs_fragment_offset(&fs->sb, first) + start, end - start))
		return zero_in_block(fs, first, from, to);
	error = zero_in_block(fs, first, from, start);
	return error < 0 ? error : zero_in_block(fs, first, end, to);
}

static void
count_sectors(struct growing *growing, uint64_t fragments)
{
	growing->inode->vnode.attributes.block_count +=
	    fragments << growing->fs->sb.fragment_shift >> 9;
}

/* Copy what the last block of some fragments holds to another place. */
static int
copy_tail(struct ffs_mount *fs, const struct ffs_tail *tail)
{
	uint64_t from = ffs_fragment_offset(&fs->sb, tail->from);
	uint64_t to = ffs_fragment_offset(&fs->sb, tail->to);
	uint8_t *bytes = memory_alloc(fs->mount.kernel, tail->old_length);
	int error;

	if (bytes == NULL)
		return -ENOMEM;
	error = block_read(fs->dev, from, bytes, tail->old_length);
	if (error == 0)
		error = block_write(fs->dev, to, bytes, tail->old_length);
	memory_free(fs->mount.kernel, bytes, tail->old_length);
	atomic_store(&fs->writing->is_data_written, true);
	if (error == 0 && !ffs_unwritten_copy(fs, from, to, tail->old_length))
		error = -ENOMEM;
	return error;
}

/* What the last block held is to be at fragment to, where there is room for new_length bytes. */
static int
keep_tail(struct growing *growing, uint64_t block, const struct ffs_tail *tail)
{
	int error = 0;

	if (growing->inode->vnode.type == VNODE_DIRECTORY)
		return ffs_directory_enlarge_tail(growing->inode, tail);
	if (tail->from != tail->to)
		error = copy_tail(growing->fs, tail);
	return error < 0 ? error
			 : zero_rest(growing, block, tail->to, tail->old_length, tail->length);
}

/* Have new_length bytes, not old_length, of one of the first twelve blocks. */
static int
enlarge_tail(struct growing *growing, uint64_t block, uint32_t old_length, uint32_t new_length)
{
	struct ffs_mount *fs = growing->fs;
	uint32_t shift = fs->sb.fragment_shift;
	uint32_t old_count = old_length >> shift, new_count = new_length >> shift;
	uint64_t *pointer = &growing->inode->direct[block], old = *pointer;
	struct ffs_tail tail = { old, old, old_length, new_length };
	struct ffs_want want = { old, new_count, growing->uses_reserve };
	bool is_in_place;
	int error = 0;

	if (!ffs_may_be_data(&fs->sb, old, old_count))
		return ffs_pointer_damaged(growing->inode, old);
	is_in_place = ffs_space_extend(fs, old, old_count, new_count, growing->uses_reserve);
	if (!is_in_place)
		error = ffs_space_take(fs, &want, &tail.to);
	if (error < 0)
		return error;
	error = keep_tail(growing, block, &tail);
	if (error < 0) {
		if (is_in_place)
			ffs_space_return(fs, old + old_count, new_count - old_count);
		else
			ffs_space_return(fs, tail.to, new_count);
		return error;
	}
	*pointer = tail.to;
	count_sectors(growing, new_count - old_count);
	if (!is_in_place)
		ffs_space_give(fs, old, old_count, growing->inode->vnode.type != VNODE_REGULAR);
	growing->is_changed = true;
	return 0;
}

/* Bytes of a block when the file has end bytes, or what it has now. */
static uint32_t
length_for(const struct growing *growing, uint64_t block, uint64_t end)
{
	return ffs_block_length(&growing->fs->sb, max_u64(growing->inode->stored_size, end), block);
}

/* Make the last block whole, if the file is going to have others behind it. */
static int
complete_tail(struct growing *growing)
{
	struct ffs_inode *inode = growing->inode;
	const struct ffs_superblock *sb = &growing->fs->sb;
	uint64_t last;
	uint32_t length;
	int error;

	if (inode->stored_size == 0)
		return 0;
	last = (inode->stored_size - 1) >> sb->block_shift;
	length = ffs_block_length(sb, inode->stored_size, last);
	if (growing->end <= (last + 1) << sb->block_shift || length == sb->block_size)
		return 0;
	error = inode->direct[last] == 0 ? 0 : enlarge_tail(growing, last, length, sb->block_size);
	if (error == 0)
		inode->stored_size = (last + 1) << sb->block_shift;
	return error;
}

/* Store a block for pointer, a hole's, to lead to.  1: it would not lie behind the run. */
static int
store_at(struct growing *growing, uint64_t block, uint32_t length, struct ffs_pointer *pointer)
{
	struct ffs_mount *fs = growing->fs;
	struct ffs_want want = { growing->near, length >> fs->sb.fragment_shift,
		growing->uses_reserve };
	int error = ffs_space_take(fs, &want, &growing->first);
	if (error == 0 && growing->run_end != 0 && growing->first != growing->run_end) {
		ffs_space_return(fs, growing->first, want.count);
		error = 1;
	}
	if (error == 0) {
		error = zero_rest(growing, block, growing->first, 0, length);
		if (error < 0)
			ffs_space_return(fs, growing->first, want.count);
	}
	if (error == 0) {
		ffs_pointer_set(pointer, growing->first);
		count_sectors(growing, want.count);
	}
	return error;
}

/* Store a block that is a hole.  1: it would not lie behind the run, so it was not. */
static int
store_block(struct growing *growing, uint64_t block, uint32_t length)
{
	struct ffs_inode *inode = growing->inode;
	uint64_t end = ffs_block_count(&growing->fs->sb, inode->stored_size);
	struct ffs_pointer pointer;
	int error = ffs_pointer_find(inode, block, true, growing->uses_reserve, &pointer);

	growing->is_changed = true;
	if (error == 0) {
		error = store_at(growing, block, length, &pointer);
		ffs_pointer_put(&pointer);
	}
	/* Indirect blocks that were made on the way must not stay behind the end. */
	if (error < 0 && block >= end)
		(void)!ffs_pointer_cut(inode, max_u64(end, FFS_DIRECT_COUNT));
	return error;
}

/*
 * Have a block stored as far as end needs it.  1: it is a hole that is no part of
 * the run, and stays one.  Nobody may come to write it, and then what it held
 * before, which was another file's, would be there to be read.
 */
static int
have_block(struct growing *growing, uint64_t block)
{
	struct ffs_inode *inode = growing->inode;
	const struct ffs_superblock *sb = &growing->fs->sb;
	uint32_t length = length_for(growing, block, growing->end);
	uint32_t old = ffs_block_length(sb, inode->stored_size, block);
	struct ffs_pointer pointer;
	int error = ffs_pointer_find(inode, block, false, false, &pointer);

	growing->first = 0;
	if (error == 0) {
		growing->first = ffs_pointer_get(&pointer);
		ffs_pointer_put(&pointer);
	}
	growing->is_new = growing->first == 0;
	if (error < 0)
		return error;
	/* Nor is one that an indirect block has to be made for: another run begins with it. */
	if (growing->is_new && growing->run_end != 0 && (!growing->run_is_new || error > 0))
		return 1;
	if (growing->is_new)
		return store_block(growing, block, length);
	/* What is past the end, and stored, is no file of ours. */
	if (old == 0 || !ffs_may_be_data(sb, growing->first, old >> sb->fragment_shift))
		return ffs_pointer_damaged(inode, growing->first);
	if (old < length) {
		error = enlarge_tail(growing, block, old, length);
		growing->first = inode->direct[block];
	}
	return error;
}

/* Where a block of the file best goes: behind the one before it. */
static uint64_t
near_of(struct growing *growing, uint64_t block)
{
	struct ffs_inode *inode = growing->inode;
	struct ffs_mount *fs = growing->fs;
	struct ffs_run run;

	if (block > 0 && ffs_map_run(inode, block - 1, 1, &run) == 0 && run.address != 0)
		if (run.address + 2 * (uint64_t)fs->sb.fragments_per_block <= fs->sb.fragment_count)
			return run.address + fs->sb.fragments_per_block;
	return ffs_space_near(fs, (uint32_t)inode->vnode.ino, block);
}

/*
 * Have blocks stored from offset on, as long as they follow each other, and up
 * to end; *length is how much that is.
 */
static int
have_run(struct growing *growing, struct extent *out)
{
	const struct ffs_superblock *sb = &growing->fs->sb;
	uint64_t block = growing->offset >> sb->block_shift, next = block;
	uint64_t last = (growing->end - 1) >> sb->block_shift;
	uint64_t within = growing->offset & (sb->block_size - 1), first = 0;
	int error = complete_tail(growing);

	growing->near = near_of(growing, block);
	while (error == 0 && next <= last) {
		error = have_block(growing, next);
		if (error != 0)
			break;
		/* One that is there already, elsewhere, may have become larger all the same. */
		growing->inode->stored_size = max_u64(growing->inode->stored_size,
		    min_u64(growing->end, (next + 1) << sb->block_shift));
		if (next == block) {
			first = growing->first;
			growing->run_is_new = growing->is_new;
		} else if (growing->is_new != growing->run_is_new ||
			   growing->first != growing->run_end) {
			break;
		}
		growing->run_end = growing->first + sb->fragments_per_block;
		next++;
		if (!ffs_journal_has_room(growing->fs))
			break;
		growing->near = growing->run_end;
		if (growing->near + sb->fragments_per_block > sb->fragment_count)
			growing->near = 0;
	}
	if (next == block)
		return error;
	out->is_new = growing->run_is_new;
	out->address = ffs_fragment_offset(sb, first) + within;
	out->length = min_u64(growing->end, next << sb->block_shift) - growing->offset;
	return 0;
}

/* One operation: have space; all of it zeroed, or what nobody is going to write. */
static int
map_some(struct vnode *vnode, uint64_t offset, uint64_t length, bool zeroes_all, struct extent *out)
{
	struct ffs_inode *inode = ffs_inode_of(vnode);
	struct growing growing = {
		.inode = inode,
		.fs = ffs_mount_of_inode(inode),
		.offset = offset,
		.end = offset + length,
		.uses_reserve = vnode->uses_reserve,
		.zeroes_all = zeroes_all,
	};
	int error = ffs_begin(growing.fs), rest = 0;

	if (error < 0)
		return error;
	error = have_run(&growing, out);
	if (growing.is_changed)
		rest = ffs_inode_update(inode);
	ffs_end(growing.fs);
	return error < 0 ? error : rest;
}

static int
map_write(struct vnode *vnode, uint64_t offset, uint64_t length, bool zeroes_all,
    struct extent *out)
{
	struct ffs_mount *fs = ffs_mount_of(vnode->mount);
	uint64_t max = fs->sb.file_size_max;
	int error = -ENOSPC;

	*out = (struct extent){ .offset = offset };
	if (offset >= max)
		return -EFBIG;
	length = min_u64(min_u64(length, max - offset), RUN_MAX);
	for (unsigned i = 0; i <= SPACE_TRIES && error == -ENOSPC; i++) {
		if (i > 0 && !ffs_make_space(fs))
			break;
		error = map_some(vnode, offset, length, zeroes_all, out);
	}
	return error;
}

int
ffs_map_write(struct vnode *vnode, uint64_t offset, uint64_t length, struct extent *out)
{
	return map_write(vnode, offset, length, false, out);
}

int
ffs_map_zeros(struct vnode *vnode, uint64_t offset, uint64_t length, struct extent *out)
{
	return map_write(vnode, offset, length, true, out);
}

int
ffs_grow(struct ffs_inode *inode, uint64_t end, bool uses_reserve)
{
	struct growing growing = {
		.inode = inode,
		.fs = ffs_mount_of_inode(inode),
		.offset = end - 1,
		.end = end,
		.uses_reserve = uses_reserve,
		.zeroes_all = true,
	};
	struct extent extent;

	return have_run(&growing, &extent);
}

/* ---- shrinking ------------------------------------------------------------------------- */

/* Free the direct blocks from first on. */
static int
free_direct(struct ffs_inode *inode, uint64_t first)
{
	const struct ffs_superblock *sb = &ffs_mount_of_inode(inode)->sb;
	bool is_metadata = inode->vnode.type != VNODE_REGULAR;

	for (uint64_t i = first; i < FFS_DIRECT_COUNT; i++) {
		uint32_t length = ffs_block_length(sb, inode->stored_size, i);
		int error;

		if (inode->direct[i] == 0)
			continue;
		/* A block past the end is nobody's: the image is damaged. */
		if (length == 0)
			return ffs_pointer_damaged(inode, inode->direct[i]);
		error = ffs_pointer_free(inode, inode->direct[i], length >> sb->fragment_shift,
		    is_metadata);
		if (error < 0)
			return error;
		inode->direct[i] = 0;
	}
	return 0;
}

/* The last block, which stays, may need fewer fragments. */
static int
trim_tail(struct ffs_inode *inode, uint64_t size)
{
	struct ffs_mount *fs = ffs_mount_of_inode(inode);
	const struct ffs_superblock *sb = &fs->sb;
	uint64_t block = (size - 1) >> sb->block_shift, within, first = 0;
	uint32_t old = ffs_block_length(sb, inode->stored_size, block);
	uint32_t length = ffs_block_length(sb, size, block);
	struct ffs_pointer pointer;
	int error = ffs_pointer_find(inode, block, false, false, &pointer);

	if (error != 0)
		return error < 0 ? error : 0;
	first = ffs_pointer_get(&pointer);
	ffs_pointer_put(&pointer);
	if (first == 0)
		return 0;
	within = ((size - 1) & (sb->block_size - 1)) + 1;
	if (inode->vnode.type == VNODE_REGULAR)
		error = zero_in_block(fs, first, round_up(within, PAGE_SIZE), length);
	if (error == 0 && length < old)
		error = ffs_pointer_free(inode, first + (length >> sb->fragment_shift),
		    (old - length) >> sb->fragment_shift, inode->vnode.type != VNODE_REGULAR);
	return error;
}

/*
 * Whatever ends this half way, the inode says what it still has, so that it can
 * be done again: what is freed is not pointed to any more, and the tail, of which
 * no pointer tells that it was trimmed, comes last.
 */
int
ffs_shrink(struct ffs_inode *inode, uint64_t size)
{
	const struct ffs_superblock *sb = &ffs_mount_of_inode(inode)->sb;
	uint64_t kept = ffs_block_count(sb, size);
	int error = ffs_pointer_cut(inode, max_u64(kept, FFS_DIRECT_COUNT));

	if (error == 0)
		error = free_direct(inode, kept);
	if (error == 0 && size > 0)
		error = trim_tail(inode, size);
	if (error == 0)
		inode->stored_size = size;
	return error;
}

/* ---- the size ---------------------------------------------------------------------------- */

/* Grow to size by a hole, with the last block stored, as others expect it. */
static int
extend(struct ffs_inode *inode, uint64_t size, bool uses_reserve)
{
	struct growing growing = {
		.inode = inode,
		.fs = ffs_mount_of_inode(inode),
		.offset = size,
		.end = size,
		.uses_reserve = uses_reserve,
		.zeroes_all = true,
	};
	const struct ffs_superblock *sb = &growing.fs->sb;
	uint64_t last = (size - 1) >> sb->block_shift;
	int error = complete_tail(&growing);

	growing.near = near_of(&growing, last);
	if (error == 0)
		error = have_block(&growing, last);
	if (error == 0)
		inode->stored_size = size;
	return error;
}

static int
resize(struct ffs_inode *inode, uint64_t size)
{
	struct ffs_mount *fs = ffs_mount_of_inode(inode);
	uint64_t old = inode->stored_size;
	int error = ffs_begin(fs), rest;

	if (error < 0)
		return error;
	if (size > inode->stored_size)
		error = extend(inode, size, inode->vnode.uses_reserve);
	else if (size < inode->stored_size)
		error = ffs_shrink(inode, size);
	if (error == 0)
		inode->vnode.attributes.size = size;
	else if (inode->stored_size > old) /* what was made for it goes again */
		(void)!ffs_shrink(inode, old);
	rest = ffs_inode_update(inode);
	ffs_end(fs);
	return error < 0 ? error : rest;
}

int
ffs_resize(struct vnode *vnode, uint64_t size)
{
	struct ffs_mount *fs = ffs_mount_of(vnode->mount);
	int error = -ENOSPC;

	if (size > fs->sb.file_size_max)
		return -EFBIG;
	for (unsigned i = 0; i <= SPACE_TRIES && error == -ENOSPC; i++) {
		if (i > 0 && !ffs_make_space(fs))
			break;
		do
			error = resize(ffs_inode_of(vnode), size);
		while (error == -EAGAIN); /* some of it was freed */
	}
	return error;
}

/* Write segments, and zeros behind them. */
static int
write_filled(struct ffs_mount *fs, uint64_t address, const struct segment *segments, size_t count,
    struct segment rest)
{
	struct segment all[FILLED_MAX + 1];

	if (rest.length == 0 || count > FILLED_MAX)
		return block_write_segments(fs->dev, address, segments, count);
	memcpy(all, segments, count * sizeof(*segments));
	all[count] = rest;
	return block_write_segments(fs->dev, address, all, count + 1);
}

int
ffs_write_store(struct vnode *vnode, uint64_t address, const struct segment *segments, size_t count)
{
	struct ffs_mount *fs = ffs_mount_of(vnode->mount);
	struct segment rest = { (void *)(uintptr_t)zeros, 0 };
	uint64_t end = address;
	int error;

	if (fs->writing == NULL || atomic_load(&fs->writing->broken) != 0)
		return -EROFS;
	for (size_t i = 0; i < count; i++)
		end += segments[i].length;
	/* Where the file ends inside a unit, the rest of that is zeros. */
	rest.length = (size_t)(round_up(end, ffs_unwritten_unit(fs)) - end);
	rwlock_lock_shared(&fs->writing->unwritten.writes);
	error = write_filled(fs, address, segments, count, rest);
	if (error == 0 && rest.length > 0 && count > FILLED_MAX)
		error = ffs_zero_store(fs, end, rest.length);
	atomic_store(&fs->writing->is_data_written, true);
	if (error == 0)
		ffs_unwritten_remove(fs, address, end + rest.length - address);
	rwlock_unlock_shared(&fs->writing->unwritten.writes);
	mount_changed(&fs->mount);
	return error;
}

int
ffs_inode_update(struct ffs_inode *inode)
{
	struct ffs_mount *fs = ffs_mount_of_inode(inode);
	struct ffs_dinode dinode;
	struct buffer *buffer;
	uint32_t offset;
	int error = ffs_inode_buffer(fs, inode->vnode.ino, &buffer, &offset);

	if (error < 0)
		return error;
	ffs_inode_store(inode, &dinode);
	/* Nobody checks after a journal: what is stored is never past the end, even for a moment. */
	if (fs->writing->log != NULL && inode->vnode.type == VNODE_REGULAR)
		dinode.size = max_u64(dinode.size, inode->stored_size);
	mutex_lock(&fs->writing->inode_lock);
	ffs_dinode_encode(&fs->sb, &dinode, buffer->data + offset);
	buffer_dirty(buffer, FFS_WAVE_INODE);
	mutex_unlock(&fs->writing->inode_lock);
	buffer_put(buffer);
	return 0;
}
