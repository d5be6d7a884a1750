/*
 * Changing directories.
 *
 * A name goes to the first block of 512 bytes that has room for it, if need be
 * after the block's entries were pushed together; without one, the directory
 * grows by a fragment, or by a block when it has more than twelve.  Blocks that
 * were found full are not looked at again until something in front goes.
 *
 * Entries stay where they are but when they are pushed together, so listings go
 * on where they stopped.  Directories do not shrink.
 *
 * Growing fails as a whole or not at all: the inode's buffer is held and the last
 * block's is made first, so that nothing can fail once the inode says otherwise.
 */
#include "fs/ffs/entries.h"

#include "base/errno.h"
#include "base/math.h"
#include "fs/ffs/directory.h"
#include "fs/ffs/dirent.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/map.h"
#include "fs/ffs/pointer.h"
#include "kern/log.h"

#define ENTRY_LENGTH_MIN 12

static struct ffs_mount *
mount_of(const struct ffs_inode *inode)
{
	return ffs_mount_of_inode(inode);
}

static int
damaged(struct ffs_inode *dir, uint64_t offset, const char *what, int64_t value)
{
	struct ffs_mount *fs = mount_of(dir);

	kernel_log(fs->mount.kernel, LOG_ERROR,
	    "ffs: %.48s: directory inode %llu, byte %llu: %s (%lld)", fs->name,
	    (unsigned long long)dir->vnode.ino, (unsigned long long)offset, what, (long long)value);
	return ffs_break(fs, -EUCLEAN);
}

/* ---- places ------------------------------------------------------------------------------ */

/* The buffer of the file-system block that holds offset. */
static int
read_block(struct ffs_inode *dir, uint64_t offset, struct buffer **out)
{
	struct ffs_mount *fs = mount_of(dir);
	uint64_t block = offset >> fs->sb.block_shift;
	uint32_t length = ffs_block_length(&fs->sb, dir->vnode.attributes.size, block);
	struct ffs_run run;
	int error = ffs_map_run(dir, block, 1, &run);

	if (error < 0)
		return error;
	if (run.address == 0 ||
	    !ffs_may_be_data(&fs->sb, run.address, length >> fs->sb.fragment_shift))
		return damaged(dir, offset, "block is missing", (int64_t)run.address);
	return ffs_buffer_read(fs, run.address, length, out);
}

int
ffs_place_at(struct ffs_inode *dir, uint64_t offset, struct ffs_place *out)
{
	uint64_t start = round_down(offset, FFS_DIRENT_BLOCK_SIZE);
	uint32_t mask = mount_of(dir)->sb.block_size - 1;
	int error;

	*out = (struct ffs_place){ .dir = dir, .start = start };
	error = read_block(dir, start, &out->buffer);
	if (error == 0)
		out->block = out->buffer->data + (start & mask);
	return error;
}

void
ffs_place_put(struct ffs_place *place)
{
	if (place->buffer != NULL)
		buffer_put(place->buffer);
	place->buffer = NULL;
}

/* Bytes of a block that no entry needs, and the most of them behind one entry. */
static int
measure(const struct ffs_place *place, uint32_t *all, uint32_t *most)
{
	const struct ffs_superblock *sb = &mount_of(place->dir)->sb;
	struct ffs_dirent entry;
	struct ffs_flaw flaw;

	*all = *most = 0;
	for (uint32_t at = 0; at < FFS_DIRENT_BLOCK_SIZE; at += entry.length) {
		uint32_t spare;

		if (ffs_dirent_decode(sb, place->block, at, &entry, &flaw) < 0)
			return damaged(place->dir, place->start + flaw.offset, flaw.what,
			    flaw.value);
		spare = entry.length - (entry.ino == 0 ? 0 : ffs_dirent_size(entry.name.length));
		*all += spare;
		*most = spare > *most ? spare : *most;
	}
	return 0;
}

/* Empty directory blocks in [from, to) of a buffer. */
static void
fill_empty(const struct ffs_superblock *sb, uint8_t *bytes, uint32_t from, uint32_t to)
{
	static const struct ffs_dirent empty = { .length = FFS_DIRENT_BLOCK_SIZE };

	for (uint32_t at = from; at < to; at += FFS_DIRENT_BLOCK_SIZE) {
		memset(bytes + at, 0, FFS_DIRENT_BLOCK_SIZE);
		ffs_dirent_encode(sb, &empty, bytes + at);
	}
}

/* Have the content of old in a buffer of length bytes at offset, where nothing is yet. */
static int
move_buffer(struct ffs_mount *fs, struct buffer *old, uint64_t offset, uint32_t length)
{
	struct buffer *buffer;
	unsigned wave;
	int error = buffer_new(fs->dev, offset, length, &buffer);

	if (error < 0)
		return error == -EINVAL ? ffs_break(fs, -EUCLEAN) : error;
	/* The entries that are on the medium now, until those in old are to be there. */
	error = block_read(fs->dev, old->offset, buffer->data, old->size);
	if (error == 0)
		error = ffs_write_fresh(fs, offset, buffer->data, old->size);
	if (error == 0) {
		memcpy(buffer->data, old->data, old->size);
		if (!buffer_wave(old, &wave))
			wave = FFS_WAVE_ENTRY;
		buffer_dirty(buffer, wave);
	}
	buffer_put(buffer);
	return error;
}

int
ffs_directory_enlarge_tail(struct ffs_inode *dir, const struct ffs_tail *tail)
{
	struct ffs_mount *fs = mount_of(dir);
	struct buffer *old;
	int error = ffs_buffer_read(fs, tail->from, tail->old_length, &old);

	if (error < 0)
		return error;
	if (tail->from == tail->to) {
		error = buffer_enlarge(old, tail->length);
		if (error == 0)
			buffer_dirty(old, FFS_WAVE_ENTRY);
	} else {
		error = move_buffer(fs, old, ffs_fragment_offset(&fs->sb, tail->to), tail->length);
	}
	buffer_put(old);
	return error;
}

/* Make a buffer of the last block, which was stored just now. */
static int
make_buffer(struct ffs_inode *dir, uint64_t block, uint32_t length)
{
	struct ffs_mount *fs = mount_of(dir);
	struct buffer *buffer;
	struct ffs_run run;
	int error = ffs_map_run(dir, block, 1, &run);

	if (error == 0)
		error =
		    buffer_new(fs->dev, ffs_fragment_offset(&fs->sb, run.address), length, &buffer);
	if (error < 0)
		return error == -EINVAL ? ffs_break(fs, -EUCLEAN) : error;
	buffer_dirty(buffer, FFS_WAVE_ENTRY);
	buffer_put(buffer);
	return 0;
}

/* What was stored beyond size, or begun to be, is not the directory's any more. */
static void
take_back(struct ffs_inode *dir, uint64_t size)
{
	dir->vnode.attributes.size = size;
	(void)!ffs_shrink(dir, size);
}

/* Have blocks stored up to size, with buffers of what is new; or nothing has changed. */
static int
store_blocks(struct ffs_inode *dir, uint64_t size, bool uses_reserve)
{
	const struct ffs_superblock *sb = &mount_of(dir)->sb;
	uint64_t old_size = dir->vnode.attributes.size, block = (size - 1) >> sb->block_shift;
	int error = ffs_grow(dir, size, uses_reserve);

	if (error == 0) {
		dir->vnode.attributes.size = size;
		if ((old_size - 1) >> sb->block_shift != block)
			error = make_buffer(dir, block, ffs_block_length(sb, size, block));
	}
	if (error < 0)
		take_back(dir, old_size);
	return error;
}

/* The directory has grown from so many bytes: fill what is new; *out is its first block. */
static int
fill_grown(struct ffs_inode *dir, uint64_t old, struct ffs_place *out)
{
	struct ffs_mount *fs = mount_of(dir);
	uint32_t from = (uint32_t)old & (fs->sb.block_size - 1), to;
	int error = ffs_place_at(dir, old, out);

	if (error < 0) {
		take_back(dir, old);
		return error;
	}
	to = from + (uint32_t)(dir->vnode.attributes.size - old);
	fill_empty(&fs->sb, out->buffer->data, from, to);
	buffer_dirty(out->buffer, FFS_WAVE_ENTRY);
	error =
	    ffs_write_fresh(fs, out->buffer->offset + from, out->buffer->data + from, to - from);
	if (error == 0)
		error = ffs_inode_update(dir);
	if (error < 0)
		ffs_place_put(out);
	return error;
}

/* Let the directory grow; *out is the first of its new blocks. */
static int
grow(struct ffs_inode *dir, bool uses_reserve, struct ffs_place *out)
{
	struct ffs_mount *fs = mount_of(dir);
	const struct ffs_superblock *sb = &fs->sb;
	uint64_t old = dir->vnode.attributes.size, size;
	struct buffer *inode;
	uint32_t offset;
	int error;

	/* To the end of the fragment, or by one, or, past the twelfth block, by a block. */
	size = round_up(old, sb->fragment_size);
	if (size == old)
		size +=
		    old >> sb->block_shift >= FFS_DIRECT_COUNT ? sb->block_size : sb->fragment_size;
	if (size > INT32_MAX)
		return -ENOSPC;
	/* The inode's buffer is there before anything changes, so that it can say what has. */
	error = ffs_inode_buffer(fs, dir->vnode.ino, &inode, &offset);
	if (error < 0)
		return error;
	if (size > round_up(old, sb->fragment_size))
		error = store_blocks(dir, size, uses_reserve);
	if (error == 0) {
		dir->vnode.attributes.size = dir->stored_size = size;
		error = fill_grown(dir, old, out);
	}
	buffer_put(inode);
	return error;
}

int
ffs_place_make(struct ffs_inode *dir, size_t length, bool uses_reserve, struct ffs_place *out)
{
	uint32_t need = ffs_dirent_size(length), all = 0, most;

	for (uint64_t at = dir->roomy_from; at < dir->vnode.attributes.size;
	     at += FFS_DIRENT_BLOCK_SIZE) {
		int error = ffs_place_at(dir, at, out);

		if (error == 0)
			error = measure(out, &all, &most);
		if (error < 0 || all >= need) {
			if (error < 0)
				ffs_place_put(out);
			return error;
		}
		/* Too little even for a short name: not looked at again. */
		if (at == dir->roomy_from && all < 2 * ENTRY_LENGTH_MIN)
			dir->roomy_from += FFS_DIRENT_BLOCK_SIZE;
		ffs_place_put(out);
	}
	return grow(dir, uses_reserve, out);
}

/* ---- entries ---------------------------------------------------------------------------- */

/* Push a block's entries together; the space is behind the last one then. */
static void
compact(struct ffs_place *place)
{
	const struct ffs_superblock *sb = &mount_of(place->dir)->sb;
	uint8_t old[FFS_DIRENT_BLOCK_SIZE];
	uint32_t to = 0, last = 0;
	struct ffs_dirent entry, moved;
	struct ffs_flaw flaw;

	memcpy(old, place->block, sizeof(old));
	for (uint32_t at = 0; at < FFS_DIRENT_BLOCK_SIZE; at += entry.length) {
		if (ffs_dirent_decode(sb, old, at, &entry, &flaw) < 0)
			return; /* it was looked at before: this cannot be */
		if (entry.ino == 0)
			continue;
		moved = entry;
		moved.length = ffs_dirent_size(entry.name.length);
		ffs_dirent_encode(sb, &moved, place->block + to);
		if (to != at && ffs_dirent_is_live(&entry)) {
			ffs_directory_note_removed(place->dir, entry.name, place->start + at);
			ffs_directory_note_added(place->dir, entry.name, place->start + to);
		}
		last = to;
		to += moved.length;
	}
	if (to == 0) {
		fill_empty(sb, place->block, 0, FFS_DIRENT_BLOCK_SIZE);
		return;
	}
	/* The last one has all that is left. */
	memset(place->block + to, 0, FFS_DIRENT_BLOCK_SIZE - to);
	if (ffs_dirent_decode(sb, place->block, last, &moved, &flaw) == 0) {
		moved.length = FFS_DIRENT_BLOCK_SIZE - last;
		store16(place->block + last + 4, (uint16_t)moved.length, sb->order);
	}
}

/* Enter a name behind an entry that has room; false if none has. */
static bool
add_behind(struct ffs_place *place, struct name name, uint32_t ino, enum ffs_type type)
{
	const struct ffs_superblock *sb = &mount_of(place->dir)->sb;
	struct ffs_dirent entry, fresh = { .ino = ino, .type = type, .name = name };
	uint32_t need = ffs_dirent_size(name.length);
	struct ffs_flaw flaw;

	for (uint32_t at = 0; at < FFS_DIRENT_BLOCK_SIZE; at += entry.length) {
		uint32_t used;

		if (ffs_dirent_decode(sb, place->block, at, &entry, &flaw) < 0)
			return false;
		used = entry.ino == 0 ? 0 : ffs_dirent_size(entry.name.length);
		if (entry.length - used < need)
			continue;
		fresh.length = entry.length - used;
		/* First the new entry, which nobody sees, then the old one's length. */
		ffs_dirent_encode(sb, &fresh, place->block + at + used);
		if (used > 0)
			store16(place->block + at + 4, (uint16_t)used, sb->order);
		ffs_directory_note_added(place->dir, name, place->start + at + used);
		return true;
	}
	return false;
}

void
ffs_entry_add(struct ffs_place *place, struct name name, uint32_t ino, enum ffs_type type)
{
	if (!add_behind(place, name, ino, type)) {
		compact(place);
		if (!add_behind(place, name, ino, type))
			(void)!damaged(place->dir, place->start, "room for an entry is gone", 0);
	}
	buffer_dirty(place->buffer, FFS_WAVE_ENTRY);
}

void
ffs_entry_remove(struct ffs_place *place, uint64_t offset, struct name name)
{
	const struct ffs_superblock *sb = &mount_of(place->dir)->sb;
	uint32_t at = (uint32_t)(offset - place->start), before = 0;
	struct ffs_dirent entry, previous;
	struct ffs_flaw flaw;

	if (ffs_dirent_decode(sb, place->block, at, &entry, &flaw) < 0)
		return;
	ffs_directory_note_removed(place->dir, name, offset);
	for (uint32_t next = 0; next < at; next += previous.length) {
		if (ffs_dirent_decode(sb, place->block, next, &previous, &flaw) < 0)
			return;
		before = next;
	}
	if (at > 0)
		store16(place->block + before + 4, (uint16_t)(at - before + entry.length),
		    sb->order);
	store32(place->block + at, 0, sb->order);
	buffer_dirty(place->buffer, FFS_WAVE_ENTRY);
	if (place->start < place->dir->roomy_from)
		place->dir->roomy_from = place->start;
}

void
ffs_entry_point(struct ffs_place *place, uint64_t offset, uint32_t ino, enum ffs_type type)
{
	ffs_dirent_point(&mount_of(place->dir)->sb, place->block + (offset - place->start), ino,
	    type);
	buffer_dirty(place->buffer, FFS_WAVE_ENTRY);
}

/* ---- directories as wholes ----------------------------------------------------------------- */

static bool
is_dot_or_dot_dot(struct name name)
{
	return name_equal(name, NAME(".")) || name_equal(name, NAME(".."));
}

int
ffs_directory_check_empty(struct ffs_inode *dir)
{
	const struct ffs_superblock *sb = &mount_of(dir)->sb;
	struct ffs_dirent entry;
	struct ffs_flaw flaw;
	int error = 0;

	for (uint64_t start = 0; error == 0 && start < dir->vnode.attributes.size;
	     start += FFS_DIRENT_BLOCK_SIZE) {
		struct ffs_place place;

		error = ffs_place_at(dir, start, &place);
		if (error < 0)
			return error;
		for (uint32_t at = 0; error == 0 && at < FFS_DIRENT_BLOCK_SIZE;
		     at += entry.length) {
			error = ffs_dirent_decode(sb, place.block, at, &entry, &flaw);
			if (error < 0)
				error = damaged(dir, start + flaw.offset, flaw.what, flaw.value);
			else if (ffs_dirent_is_live(&entry) && !is_dot_or_dot_dot(entry.name))
				error = -ENOTEMPTY;
		}
		ffs_place_put(&place);
	}
	return error;
}

int
ffs_directory_set_parent(struct ffs_inode *dir, uint32_t ino)
{
	const struct ffs_superblock *sb = &mount_of(dir)->sb;
	struct ffs_dirent first;
	struct ffs_place place;
	struct ffs_flaw flaw;
	int error = ffs_place_at(dir, 0, &place);

	if (error < 0)
		return error;
	error = ffs_dirent_decode(sb, place.block, 0, &first, &flaw);
	if (error == 0)
		ffs_entry_point(&place, first.length, ino, FFS_TYPE_DIRECTORY);
	ffs_place_put(&place);
	dir->parent_ino = ino;
	return error;
}

void
ffs_directory_fill(const struct ffs_superblock *sb, uint8_t *bytes, uint32_t size, uint32_t ino,
    uint32_t parent)
{
	struct ffs_dirent self = {
		.ino = ino,
		.length = ENTRY_LENGTH_MIN,
		.type = FFS_TYPE_DIRECTORY,
		.name = NAME("."),
	};
	struct ffs_dirent up = {
		.ino = parent,
		.length = FFS_DIRENT_BLOCK_SIZE - ENTRY_LENGTH_MIN,
		.type = FFS_TYPE_DIRECTORY,
		.name = NAME(".."),
	};

	fill_empty(sb, bytes, 0, size);
	ffs_dirent_encode(sb, &self, bytes);
	ffs_dirent_encode(sb, &up, bytes + ENTRY_LENGTH_MIN);
}
