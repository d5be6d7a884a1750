/*
 * Changing pointers.
 *
 * A new indirect block is written to the medium, all holes, before anything
 * points to it: the pointer may be in another indirect block, which is written
 * in the same wave.
 *
 * Whatever a damaged image says, an inode frees no more than it says it holds,
 * which ends every walk.
 */
#include "fs/ffs/pointer.h"

#include "base/endian.h"
#include "base/errno.h"
#include "base/math.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/layout.h"
#include "kern/log.h"

#define FREED_AT_ONCE 8 /* blocks that are freed before a journal is asked for room */

static struct ffs_mount *
mount_of(const struct ffs_inode *inode)
{
	return ffs_mount_of_inode(inode);
}

bool
ffs_may_be_data(const struct ffs_superblock *sb, uint64_t first, uint32_t count)
{
	uint32_t group = (uint32_t)(first / sb->fragments_per_group);
	uint64_t start;

	if (!ffs_is_data(sb, first, count) ||
	    (first + count - 1) / sb->fragments_per_group != group)
		return false;
	start = ffs_group_start(sb, group);
	return first + count <= start + sb->copy_offset || first >= start + sb->data_offset;
}

int
ffs_pointer_damaged(struct ffs_inode *inode, uint64_t fragment)
{
	struct ffs_mount *fs = mount_of(inode);

	kernel_log(fs->mount.kernel, LOG_ERROR,
	    "ffs: %.48s: inode %llu: a pointer leads to fragment %llu, which is not its", fs->name,
	    (unsigned long long)inode->vnode.ino, (unsigned long long)fragment);
	return ffs_break(fs, -EUCLEAN);
}

static uint64_t
load_pointer(const struct ffs_superblock *sb, const uint8_t *bytes, uint32_t index)
{
	if (sb->pointer_size == 8)
		return load64(bytes + 8 * (size_t)index, sb->order);
	return load32(bytes + 4 * (size_t)index, sb->order);
}

static void
store_pointer(const struct ffs_superblock *sb, uint8_t *bytes, uint32_t index, uint64_t fragment)
{
	if (sb->pointer_size == 8)
		store64(bytes + 8 * (size_t)index, fragment, sb->order);
	else
		store32(bytes + 4 * (size_t)index, (uint32_t)fragment, sb->order);
}

uint64_t
ffs_pointer_get(const struct ffs_pointer *pointer)
{
	const struct ffs_superblock *sb = &mount_of(pointer->inode)->sb;

	if (pointer->buffer != NULL)
		return load_pointer(sb, pointer->buffer->data, pointer->index);
	if (pointer->index >= FFS_DIRECT_COUNT)
		return pointer->inode->indirect[pointer->index - FFS_DIRECT_COUNT];
	return pointer->inode->direct[pointer->index];
}

void
ffs_pointer_set(struct ffs_pointer *pointer, uint64_t fragment)
{
	const struct ffs_superblock *sb = &mount_of(pointer->inode)->sb;

	if (pointer->buffer != NULL) {
		store_pointer(sb, pointer->buffer->data, pointer->index, fragment);
		buffer_dirty(pointer->buffer, FFS_WAVE_NEW);
	} else if (pointer->index >= FFS_DIRECT_COUNT) {
		pointer->inode->indirect[pointer->index - FFS_DIRECT_COUNT] = fragment;
	} else {
		pointer->inode->direct[pointer->index] = fragment;
	}
}

void
ffs_pointer_put(struct ffs_pointer *pointer)
{
	if (pointer->buffer != NULL)
		buffer_put(pointer->buffer);
	pointer->buffer = NULL;
}

/* Make an indirect block for pointer to lead to. */
static int
make_indirect(struct ffs_pointer *pointer, uint64_t block, bool uses_reserve, struct buffer **out)
{
	struct ffs_inode *inode = pointer->inode;
	struct ffs_mount *fs = mount_of(inode);
	const struct ffs_superblock *sb = &fs->sb;
	struct ffs_want want = {
		.near = ffs_space_near(fs, (uint32_t)inode->vnode.ino, block),
		.count = sb->fragments_per_block,
		.uses_reserve = uses_reserve,
	};
	uint64_t first;
	int error = ffs_space_take(fs, &want, &first);

	if (error < 0)
		return error;
	error = buffer_new(fs->dev, ffs_fragment_offset(sb, first), sb->block_size, out);
	if (error == 0) {
		error = block_write(fs->dev, (*out)->offset, (*out)->data, (*out)->size);
		atomic_store(&fs->writing->is_data_written, true);
		if (error < 0)
			buffer_put(*out);
	}
	if (error < 0) {
		ffs_space_return(fs, first, want.count);
		return error == -EINVAL ? ffs_break(fs, -EUCLEAN) : error;
	}
	inode->vnode.attributes.block_count += sb->block_size / FFS_SECTOR_SIZE;
	ffs_pointer_set(pointer, first);
	return 0;
}

/* From the pointer to an indirect block to one in there. */
static int
enter_indirect(struct ffs_pointer *pointer, uint64_t block, uint32_t index, bool is_made,
    bool uses_reserve)
{
	struct ffs_mount *fs = mount_of(pointer->inode);
	uint64_t fragment = ffs_pointer_get(pointer);
	struct buffer *buffer = NULL;
	int error;

	if (fragment == 0 && !is_made)
		return 1;
	if (fragment == 0)
		error = make_indirect(pointer, block, uses_reserve, &buffer);
	else if (!ffs_may_be_data(&fs->sb, fragment, fs->sb.fragments_per_block))
		error = ffs_pointer_damaged(pointer->inode, fragment);
	else
		error = ffs_buffer_read(fs, fragment, fs->sb.block_size, &buffer);
	if (error < 0)
		return error;
	ffs_pointer_put(pointer);
	pointer->buffer = buffer;
	pointer->index = index;
	return 0;
}

int
ffs_pointer_find(struct ffs_inode *inode, uint64_t block, bool is_made, bool uses_reserve,
    struct ffs_pointer *out)
{
	struct ffs_path path;

	*out = (struct ffs_pointer){ .inode = inode };
	if (!ffs_path_to(&mount_of(inode)->sb, block, &path))
		return -EFBIG;
	out->index = path.depth == 0 ? path.index[0] : FFS_DIRECT_COUNT + path.depth - 1;
	for (unsigned level = 0; level < path.depth; level++) {
		int error = enter_indirect(out, block, path.index[level], is_made, uses_reserve);

		if (error != 0) {
			ffs_pointer_put(out);
			return error;
		}
	}
	return 0;
}

int
ffs_pointer_free(struct ffs_inode *inode, uint64_t fragment, uint32_t count, bool is_metadata)
{
	struct ffs_mount *fs = mount_of(inode);
	uint64_t sectors = (uint64_t)count << fs->sb.fragment_shift >> 9;

	if (!ffs_may_be_data(&fs->sb, fragment, count) ||
	    inode->vnode.attributes.block_count < sectors)
		return ffs_pointer_damaged(inode, fragment);
	inode->vnode.attributes.block_count -= sectors;
	ffs_space_give(fs, fragment, count, is_metadata);
	return 0;
}

/* ---- cutting ------------------------------------------------------------------------- */

/* A subtree that is being cut: what is below an indirect block. */
struct level {
	struct buffer *buffer;
	uint64_t fragment; /* of the indirect block */
	uint64_t keep;	   /* blocks below it that stay, from its first on */
	uint64_t span;	   /* blocks below each of its pointers */
	uint32_t index;	   /* of the pointer that is next */
};

struct cutting {
	struct ffs_inode *inode;
	struct ffs_mount *fs;
	struct level levels[FFS_INDIRECT_COUNT];
	unsigned depth;
	uint32_t freed; /* blocks */
};

/* Go down into the indirect block at fragment, of whose blocks keep stay. */
static int
cut_enter(struct cutting *cutting, uint64_t fragment, uint64_t keep, uint64_t span)
{
	struct ffs_mount *fs = cutting->fs;
	struct level *level = &cutting->levels[cutting->depth];
	int error;

	*level = (struct level){ .fragment = fragment, .keep = keep, .span = span };
	level->index = (uint32_t)(keep / span);
	if (!ffs_may_be_data(&fs->sb, fragment, fs->sb.fragments_per_block))
		return ffs_pointer_damaged(cutting->inode, fragment);
	error = ffs_buffer_read(fs, fragment, fs->sb.block_size, &level->buffer);
	if (error == 0)
		cutting->depth++;
	return error;
}

/* Before one more block is freed: must this wait for another operation? */
static bool
is_out_of_room(struct cutting *cutting)
{
	return ++cutting->freed % FREED_AT_ONCE == 0 && !ffs_journal_has_room(cutting->fs);
}

/* The last level is done: leave it, and free its block if nothing stays. */
static int
cut_leave(struct cutting *cutting)
{
	struct level *level = &cutting->levels[cutting->depth - 1];

	if (level->keep == 0 && is_out_of_room(cutting))
		return -EAGAIN;
	cutting->depth--;
	buffer_put(level->buffer);
	if (level->keep > 0)
		return 0;
	if (cutting->depth > 0) {
		struct level *above = &cutting->levels[cutting->depth - 1];

		store_pointer(&cutting->fs->sb, above->buffer->data, above->index - 1, 0);
		buffer_dirty(above->buffer, FFS_WAVE_NEW);
	}
	return ffs_pointer_free(cutting->inode, level->fragment,
	    cutting->fs->sb.fragments_per_block, true);
}

/* Deal with the next pointer of the last level. */
static int
cut_next(struct cutting *cutting)
{
	const struct ffs_superblock *sb = &cutting->fs->sb;
	struct level *level = &cutting->levels[cutting->depth - 1];
	uint64_t fragment, before = level->index * level->span;
	uint32_t index = level->index++;
	bool is_directory = cutting->inode->vnode.type != VNODE_REGULAR;

	fragment = load_pointer(sb, level->buffer->data, index);
	if (fragment == 0)
		return 0;
	if (level->span > 1)
		return cut_enter(cutting, fragment, level->keep > before ? level->keep - before : 0,
		    level->span / sb->pointers_per_block);
	if (is_out_of_room(cutting)) {
		level->index--;
		return -EAGAIN;
	}
	store_pointer(sb, level->buffer->data, index, 0);
	buffer_dirty(level->buffer, FFS_WAVE_NEW);
	return ffs_pointer_free(cutting->inode, fragment, sb->fragments_per_block, is_directory);
}

/* Cut below one of the inode's indirect pointers, keeping so many blocks there. */
static int
cut_tree(struct ffs_inode *inode, unsigned number, uint64_t keep)
{
	struct cutting cutting = { .inode = inode, .fs = mount_of(inode) };
	const struct ffs_superblock *sb = &cutting.fs->sb;
	uint64_t span = 1;
	int error;

	for (unsigned i = 0; i < number; i++)
		span *= sb->pointers_per_block;
	error = cut_enter(&cutting, inode->indirect[number], keep, span);
	while (error == 0 && cutting.depth > 0) {
		if (cutting.levels[cutting.depth - 1].index < sb->pointers_per_block)
			error = cut_next(&cutting);
		else
			error = cut_leave(&cutting);
	}
	while (cutting.depth > 0)
		buffer_put(cutting.levels[--cutting.depth].buffer);
	if (error == 0 && keep == 0)
		inode->indirect[number] = 0;
	return error;
}

int
ffs_pointer_cut(struct ffs_inode *inode, uint64_t first)
{
	const struct ffs_superblock *sb = &mount_of(inode)->sb;
	uint64_t begin = FFS_DIRECT_COUNT, span = 1;

	for (unsigned number = 0; number < FFS_INDIRECT_COUNT; number++) {
		uint64_t keep = first > begin ? first - begin : 0;
		int error = 0;

		span *= sb->pointers_per_block;
		if (inode->indirect[number] != 0 && keep < span)
			error = cut_tree(inode, number, keep);
		if (error < 0)
			return error;
		begin += span;
	}
	return 0;
}
