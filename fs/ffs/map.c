/*
 * Following the pointers of a file.
 *
 * A pointer is in the inode or in an indirect block; runs are looked for within
 * one array of pointers, and joined by ffs_map_extent().  Indirect blocks come
 * from the buffer cache, so following the same way again costs a few table
 * lookups; nothing is remembered per file.
 *
 * A pointer that is 0 is a hole, of all the blocks it could lead to.  A pointer
 * that leads out of the data, or back to an indirect block that it was reached
 * through, is damage.  Pointers are checked one by one, so that the good part
 * of a damaged file can be read.
 */
#include "fs/ffs/map.h"

#include "base/errno.h"
#include "base/math.h"
#include "fs/ffs/write.h"
#include "kern/log.h"

/* Arrays of pointers that are joined to one extent: bounds a walk over sparse nonsense. */
#define JOIN_MAX 8

/* On the way to a block of a file. */
struct walk {
	struct ffs_inode *inode;
	struct ffs_mount *fs;
	uint64_t block;			       /* that was asked for */
	struct ffs_path path;		       /* to it */
	uint64_t indirect[FFS_INDIRECT_COUNT]; /* blocks that were passed */
	unsigned depth;			       /* how many of them */
	const uint8_t *pointers; /* the array that block's pointer is in; NULL: the inode's */
};

/* Would address lead back to where we came from? */
static bool
is_passed(const struct walk *walk, uint64_t address)
{
	for (unsigned i = 0; i < walk->depth; i++)
		if (walk->indirect[i] == address)
			return true;
	return false;
}

static int
damaged(const struct walk *walk, const char *what, uint64_t address)
{
	kernel_log(walk->fs->mount.kernel, LOG_ERROR,
	    "ffs: %.48s: inode %llu: %s of block %llu: fragment %llu %s", walk->fs->name,
	    (unsigned long long)walk->inode->vnode.ino, what, (unsigned long long)walk->block,
	    (unsigned long long)address,
	    is_passed(walk, address) ? "leads back to itself" : "is not inside the data");
	return -EUCLEAN;
}

static uint64_t
pointer_at(const struct walk *walk, uint32_t index)
{
	const struct ffs_superblock *sb = &walk->fs->sb;

	if (walk->pointers == NULL)
		return walk->inode->direct[index];
	if (sb->pointer_size == 8)
		return load64(walk->pointers + 8 * (size_t)index, sb->order);
	return load32(walk->pointers + 4 * (size_t)index, sb->order);
}

/* Is address a good place for block? */
static bool
is_good(const struct walk *walk, uint64_t block, uint64_t address)
{
	const struct ffs_superblock *sb = &walk->fs->sb;
	uint32_t length = ffs_block_length(sb, walk->inode->vnode.attributes.size, block);

	return ffs_is_data(sb, address, length >> sb->fragment_shift) && !is_passed(walk, address);
}

/* The run that begins at index of the array that the walk has reached. */
static int
find_run(const struct walk *walk, uint32_t index, uint32_t pointer_count, uint64_t max,
    struct ffs_run *out)
{
	uint32_t step = walk->fs->sb.fragments_per_block;
	uint64_t next, first = pointer_at(walk, index);

	if (first != 0 && !is_good(walk, walk->block, first))
		return damaged(walk, "pointer", first);
	out->address = first;
	out->count = 1;
	max = min_u64(max, pointer_count - index);
	for (next = first; out->count < max; out->count++) {
		uint64_t pointer = pointer_at(walk, index + (uint32_t)out->count);

		next += first == 0 ? 0 : step;
		if (pointer != next ||
		    (first != 0 && !is_good(walk, walk->block + out->count, next)))
			break;
	}
	return 0;
}

/* Blocks from the start of what entry index[level] leads to up to the one we want. */
static uint64_t
blocks_before(const struct walk *walk, unsigned level)
{
	uint64_t count = 0;

	for (unsigned i = level + 1; i < walk->path.depth; i++)
		count += walk->path.index[i] * walk->path.span[i];
	return count;
}

/* A hole: count pointers from index[level] on are 0. */
static void
set_hole(const struct walk *walk, unsigned level, uint64_t count, uint64_t max, struct ffs_run *out)
{
	uint64_t blocks = count * walk->path.span[level] - blocks_before(walk, level);

	*out = (struct ffs_run){ .address = 0, .count = min_u64(blocks, max) };
}

/* The same where the walk has reached an array of pointers to indirect blocks. */
static void
find_hole(const struct walk *walk, unsigned level, uint64_t max, struct ffs_run *out)
{
	uint32_t index = walk->path.index[level], end = index + 1;

	while (end < walk->fs->sb.pointers_per_block && pointer_at(walk, end) == 0)
		end++;
	set_hole(walk, level, end - index, max, out);
}

/* Read the indirect block at address; its buffer is the caller's. */
static int
pass_indirect(struct walk *walk, uint64_t address, struct buffer **out)
{
	const struct ffs_superblock *sb = &walk->fs->sb;

	if (!ffs_is_data(sb, address, sb->fragments_per_block) || is_passed(walk, address))
		return damaged(walk, "indirect block", address);
	walk->indirect[walk->depth++] = address;
	return ffs_buffer_read(walk->fs, address, sb->block_size, out);
}

/* Through path.depth indirect blocks, from the outermost to the innermost. */
static int
walk_indirect(struct walk *walk, uint64_t max, struct ffs_run *out)
{
	uint32_t pointer_count = walk->fs->sb.pointers_per_block;
	uint64_t address = walk->inode->indirect[walk->path.depth - 1];
	int error = 0;

	if (address == 0)
		set_hole(walk, 0, pointer_count - walk->path.index[0], max, out);
	for (unsigned level = 0; address != 0; level++) {
		bool is_last = level + 1 == walk->path.depth;
		uint32_t index = walk->path.index[level];
		struct buffer *buffer;

		error = pass_indirect(walk, address, &buffer);
		if (error < 0)
			return error;
		walk->pointers = buffer->data;
		address = is_last ? 0 : pointer_at(walk, index);
		if (is_last)
			error = find_run(walk, index, pointer_count, max, out);
		else if (address == 0)
			find_hole(walk, level, max, out);
		buffer_put(buffer);
	}
	return error;
}

int
ffs_map_run(struct ffs_inode *inode, uint64_t block, uint64_t max, struct ffs_run *out)
{
	struct walk walk = {
		.inode = inode,
		.fs = ffs_mount_of_inode(inode),
		.block = block,
	};

	*out = (struct ffs_run){ .count = 0 };
	if (!ffs_path_to(&walk.fs->sb, block, &walk.path))
		return damaged(&walk, "pointer", 0);
	if (walk.path.depth == 0)
		return find_run(&walk, walk.path.index[0], FFS_DIRECT_COUNT, max, out);
	return walk_indirect(&walk, max, out);
}

/* Does next follow run on the device? */
static bool
follows(const struct ffs_superblock *sb, const struct ffs_run *run, const struct ffs_run *next)
{
	if (run->address == 0 || next->address == 0)
		return run->address == next->address;
	return next->address == run->address + (run->count << sb->block_fragments_shift);
}

/* The longest run of at most max blocks; damage ends it, and is met again there. */
static int
join_runs(struct ffs_inode *inode, uint64_t block, uint64_t max, struct ffs_run *out)
{
	const struct ffs_superblock *sb = &ffs_mount_of_inode(inode)->sb;
	int error = ffs_map_run(inode, block, max, out);

	if (error < 0)
		return error;
	for (unsigned i = 0; i < JOIN_MAX && out->count < max; i++) {
		struct ffs_run next;

		error = ffs_map_run(inode, block + out->count, max - out->count, &next);
		if (error < 0 || !follows(sb, out, &next))
			break;
		out->count += next.count;
	}
	return 0;
}

/* The device may end before the file system does (option partial). */
static int
cut_to_device(struct ffs_mount *fs, uint64_t ino, struct extent *extent)
{
	uint64_t size = fs->dev->size;

	if (extent->address < size) {
		extent->length = min_u64(extent->length, size - extent->address);
		return 0;
	}
	kernel_log(fs->mount.kernel, LOG_ERROR,
	    "ffs: %.48s: inode %llu: data at byte %llu is past the end of the device", fs->name,
	    (unsigned long long)ino, (unsigned long long)extent->address);
	return -EIO;
}

int
ffs_map_extent(struct vnode *vnode, uint64_t offset, uint64_t length, enum extent_intent intent,
    struct extent *out)
{
	struct ffs_inode *inode = ffs_inode_of(vnode);
	struct ffs_mount *fs = ffs_mount_of_inode(inode);
	uint64_t block = offset >> fs->sb.block_shift, last, within;
	struct ffs_run run;
	int error;

	*out = (struct extent){ .offset = offset };
	if (intent != EXTENT_READ)
		return ffs_map_write(vnode, offset, length, out);
	if (offset >= vnode->attributes.size || length == 0)
		return -EINVAL;
	length = min_u64(length, vnode->attributes.size - offset);
	last = (offset + length - 1) >> fs->sb.block_shift;
	error = join_runs(inode, block, last - block + 1, &run);
	if (error < 0)
		return error;

	within = offset - (block << fs->sb.block_shift);
	out->is_hole = run.address == 0;
	out->length = min_u64(length, (run.count << fs->sb.block_shift) - within);
	if (out->is_hole)
		return 0;
	out->address = ffs_fragment_offset(&fs->sb, run.address) + within;
	return cut_to_device(fs, vnode->ino, out);
}

int
ffs_read_store(struct vnode *vnode, uint64_t address, const struct segment *segments, size_t count)
{
	struct ffs_mount *fs = ffs_mount_of(vnode->mount);
	int error = block_read_segments(fs->dev, address, segments, count);

	if (error == 0 && fs->writing != NULL)
		ffs_unwritten_mask(fs, address, segments, count);
	return error;
}
