/*
 * fallocate(2): space taken ahead, holes punched, ranges zeroed.
 *
 * Space is set aside inside the file only.  A block beyond the size is damage to
 * the checkers of every system that has FFS, which free it, so that a promise of
 * such a block could not be kept: keeping the size while asking for space beyond
 * it is refused, and nothing is done.  For the same reason the block that a file
 * ends in stays stored when a hole is punched over it; it is zeroed.
 *
 * What is newly stored is zeroed on the store, as is what was and is to be zero,
 * but for parts of pages, which go through the page cache.  Pages are dropped
 * after, so that those of a range that could not be zeroed are there still.
 *
 * A large range is done in operations of bounded size.  An error leaves those
 * that came before, but no more space beyond the size than there was.
 */
#include "base/errno.h"
#include "base/math.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/map.h"
#include "fs/ffs/pointer.h"
#include "fs/ffs/write.h"
#include "vfs/page_cache.h"

#define BLOCKS_AT_ONCE 256 /* that one operation frees */

static struct ffs_mount *
mount_of(const struct vnode *vnode)
{
	return ffs_mount_of(vnode->mount);
}

/* ---- zeroing ----------------------------------------------------------------------- */

/* Zero [offset, end), inside the file, in pages; holes are passed over, or stored. */
static int
zero_pages(struct vnode *vnode, uint64_t offset, uint64_t end, bool keeps_holes)
{
	while (offset < end) {
		struct extent extent;
		uint64_t done;
		int error = vnode_map_extent(vnode, offset, end - offset, EXTENT_READ, &extent);

		if (error == 0 && !(extent.is_hole && keeps_holes))
			error = page_cache_write(vnode, NULL, offset, extent.length, &done);
		if (error < 0)
			return error;
		offset += extent.length;
	}
	return 0;
}

/* Zero what is stored of [offset, end), whole pages inside the file, on the store. */
static int
zero_stored(struct vnode *vnode, uint64_t offset, uint64_t end)
{
	uint64_t start = offset;
	int error = 0;

	while (offset < end && error == 0) {
		struct extent extent;

		error = vnode_map_extent(vnode, offset, end - offset, EXTENT_READ, &extent);
		if (error == 0 && !extent.is_hole)
			error = ffs_zero_store(mount_of(vnode), extent.address, extent.length);
		if (error == 0)
			offset += extent.length;
	}
	page_cache_drop(vnode, start / PAGE_SIZE, offset / PAGE_SIZE);
	return error;
}

/* Let what there is of [offset, end) read as zeros. */
static int
zero_range(struct vnode *vnode, uint64_t offset, uint64_t end)
{
	uint64_t first = round_up(offset, PAGE_SIZE), last;
	int error;

	end = min_u64(end, vnode->attributes.size);
	last = round_down(end, PAGE_SIZE);
	if (first >= last)
		return zero_pages(vnode, offset, end, false);
	error = zero_pages(vnode, offset, first, false);
	if (error == 0)
		error = zero_stored(vnode, first, last);
	return error < 0 ? error : zero_pages(vnode, last, end, false);
}

/* ---- space -------------------------------------------------------------------------- */

/* Could the file grow to end, as far as one can tell at once? */
static bool
may_grow(struct vnode *vnode, uint64_t end)
{
	struct ffs_mount *fs = mount_of(vnode);
	uint64_t size = vnode->attributes.size, fragments, inodes;

	ffs_count_free(fs, &fragments, &inodes);
	return end <= size || (end - size) >> fs->sb.fragment_shift <= fragments;
}

/* Have all of [offset, end) stored. */
static int
store_range(struct vnode *vnode, uint64_t offset, uint64_t end)
{
	while (offset < end) {
		struct extent extent;
		int error = ffs_map_zeros(vnode, offset, end - offset, &extent);

		if (error < 0)
			return error;
		offset += extent.length;
	}
	return 0;
}

/* The same, and the file ends at end at least; or has nothing stored beyond its size. */
static int
take_space(struct vnode *vnode, uint64_t offset, uint64_t end)
{
	uint64_t size = vnode->attributes.size;
	int error = may_grow(vnode, end) ? store_range(vnode, offset, end) : -ENOSPC;
	int settled = 0;

	if (ffs_inode_of(vnode)->stored_size > size)
		settled = ffs_resize(vnode, error == 0 ? max_u64(size, end) : size);
	return error < 0 ? error : settled;
}

/* ---- holes --------------------------------------------------------------------------- */

/* Free count stored blocks of the file, of which fragment is the first. */
static int
free_run(struct ffs_inode *inode, uint64_t block, uint64_t count)
{
	uint32_t per_block = ffs_mount_of_inode(inode)->sb.fragments_per_block;

	for (uint64_t i = 0; i < count; i++) {
		struct ffs_pointer pointer;
		uint64_t fragment;
		int error = ffs_pointer_find(inode, block + i, false, false, &pointer);

		if (error != 0)
			return error < 0 ? error : 0;
		fragment = ffs_pointer_get(&pointer);
		error = ffs_pointer_free(inode, fragment, per_block, false);
		if (error == 0)
			ffs_pointer_set(&pointer, 0);
		ffs_pointer_put(&pointer);
		if (error < 0)
			return error;
	}
	return 0;
}

/* One operation: free some of the blocks [*block, end), and go on after them. */
static int
free_some(struct ffs_inode *inode, uint64_t *block, uint64_t end)
{
	struct ffs_mount *fs = ffs_mount_of_inode(inode);
	struct ffs_run run;
	int error = ffs_begin(fs), rest;

	if (error < 0)
		return error;
	error = ffs_map_run(inode, *block, end - *block, &run);
	if (error == 0 && run.address != 0) {
		run.count = min_u64(run.count, BLOCKS_AT_ONCE);
		error = free_run(inode, *block, run.count);
		rest = ffs_inode_update(inode);
		error = error < 0 ? error : rest;
	}
	ffs_end(fs);
	*block += run.count;
	return error;
}

/* Free the blocks [first, end), none of which is the last of the file. */
static int
free_blocks(struct vnode *vnode, uint64_t first, uint64_t end)
{
	unsigned shift = mount_of(vnode)->sb.block_shift;
	uint64_t block = first;
	int error = 0;

	while (block < end && error == 0)
		error = free_some(ffs_inode_of(vnode), &block, end);
	page_cache_drop(vnode, first << shift >> PAGE_SHIFT, block << shift >> PAGE_SHIFT);
	return error;
}

static int
punch_hole(struct vnode *vnode, uint64_t offset, uint64_t end)
{
	const struct ffs_superblock *sb = &mount_of(vnode)->sb;
	uint64_t size = vnode->attributes.size, first, last;
	int error;

	end = min_u64(end, size);
	if (offset >= end)
		return 0;
	first = round_up(offset, sb->block_size);
	last = round_down(end == size ? end - 1 : end, sb->block_size);
	if (first >= last)
		return zero_pages(vnode, offset, end, true);
	error = zero_pages(vnode, offset, first, true);
	if (error == 0)
		error = zero_pages(vnode, last, end, true);
	if (error == 0)
		error = free_blocks(vnode, first >> sb->block_shift, last >> sb->block_shift);
	return error;
}

int
ffs_allocate(struct vnode *vnode, enum allocate_mode mode, uint64_t offset, uint64_t length)
{
	struct ffs_mount *fs = mount_of(vnode);
	uint64_t end = offset + length;
	int error = 0;

	if (fs->writing == NULL || atomic_load(&fs->writing->broken) != 0)
		return -EROFS;
	if ((mode & ALLOCATE_PUNCH_HOLE) != 0)
		return punch_hole(vnode, offset, end);
	if (end > fs->sb.file_size_max)
		return -EFBIG;
	if ((mode & ALLOCATE_KEEP_SIZE) != 0 && end > vnode->attributes.size)
		return -EOPNOTSUPP;
	if ((mode & ALLOCATE_ZERO_RANGE) != 0)
		error = zero_range(vnode, offset, end);
	return error < 0 ? error : take_space(vnode, offset, end);
}
