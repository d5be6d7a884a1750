/*
 * For tests: a file of a store that is made up, counts what is asked of it and
 * fails where it is told to.
 *
 * The file's blocks lie on the store in runs with gaps between them, as its
 * seed says, and some of them are holes.  What is on the store but not in the
 * file is FAKE_GARBAGE.
 */
#ifndef TESTS_FAKE_FILE_H
#define TESTS_FAKE_FILE_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/errno.h"
#include "base/hash.h"
#include "base/math.h"
#include "kern/kernel.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

#define FAKE_GARBAGE	 0xee
#define FAKE_HOLE	 UINT64_MAX
#define FAKE_HISTORY_MAX 256

struct fake_shape {
	uint64_t size;
	uint64_t block_size;   /* a multiple of STORE_UNIT */
	unsigned gap_percent;  /* of blocks that do not follow the one before */
	unsigned hole_percent; /* of blocks */
	bool reads_direct;
	uint64_t seed;
};

struct fake_file {
	struct vnode vnode;
	struct mount mount;
	struct fake_shape shape;
	uint8_t *content; /* what the file is, shape.size bytes */
	uint8_t *store;
	uint64_t store_size;
	uint64_t *blocks; /* where each is on the store, or FAKE_HOLE */
	uint64_t block_count;

	/* Reads of [bad_start, bad_end) of the file give -EIO. */
	_Atomic uint64_t bad_start, bad_end;

	/* Called before each read, if set. */
	void (*before_read)(struct fake_file *file);

	pthread_mutex_t lock;
	_Atomic unsigned read_count;
	uint64_t lengths[FAKE_HISTORY_MAX]; /* of the reads, in order */
};

static inline struct fake_file *
fake_file_of(struct vnode *vnode)
{
	return container_of(vnode, struct fake_file, vnode);
}

static inline int
fake_map_extent(struct vnode *vnode, uint64_t offset, uint64_t length, enum extent_intent intent,
    struct extent *out)
{
	struct fake_file *file = fake_file_of(vnode);
	uint64_t unit = file->shape.block_size;
	uint64_t first = offset / unit;
	uint64_t next = first + 1;
	bool is_hole;

	rwlock_assert_held(&vnode->lock);
	ASSERT(intent == EXTENT_READ && length > 0 && offset < file->shape.size);
	ASSERT(length <= file->shape.size - offset);
	is_hole = file->blocks[first] == FAKE_HOLE;
	while (next < file->block_count &&
	       file->blocks[next] == file->blocks[first] + (is_hole ? 0 : (next - first) * unit))
		next++;
	*out = (struct extent){
		.offset = offset,
		.length = min_u64(length, next * unit - offset),
		.address = is_hole ? 0 : file->blocks[first] + offset % unit,
		.is_hole = is_hole,
	};
	return 0;
}

static inline void
fake_note_read(struct fake_file *file, uint64_t length)
{
	pthread_mutex_lock(&file->lock);
	if (file->read_count < FAKE_HISTORY_MAX)
		file->lengths[file->read_count] = length;
	file->read_count++;
	pthread_mutex_unlock(&file->lock);
}

/* Is any byte of the file that the store has at [address, end) bad? */
static inline bool
fake_is_bad(const struct fake_file *file, uint64_t address, uint64_t end)
{
	uint64_t unit = file->shape.block_size;

	for (uint64_t bad = file->bad_start; bad < file->bad_end; bad++) {
		uint64_t at = file->blocks[bad / unit] + bad % unit;

		if (file->blocks[bad / unit] != FAKE_HOLE && at >= address && at < end)
			return true;
	}
	return false;
}

static inline int
fake_read_store(struct vnode *vnode, uint64_t address, const struct segment *segments, size_t count)
{
	struct fake_file *file = fake_file_of(vnode);
	uint64_t length = 0;

	rwlock_assert_held(&vnode->lock);
	ASSERT(count > 0);
	for (size_t i = 0; i < count; i++)
		length += segments[i].length;
	ASSERT(length > 0 && length % STORE_UNIT == 0 && address % STORE_UNIT == 0);
	ASSERT(address + length <= file->store_size);
	if (file->before_read != NULL)
		file->before_read(file);
	fake_note_read(file, length);
	if (fake_is_bad(file, address, address + length))
		return -EIO;
	for (size_t i = 0; i < count; i++) {
		memcpy(segments[i].data, file->store + address, segments[i].length);
		address += segments[i].length;
	}
	return 0;
}

static inline void
fake_reclaim(struct vnode *vnode)
{
	(void)vnode; /* fake_file_destroy() does */
}

static const struct vnode_ops fake_file_ops = {
	.lookup = vnode_no_lookup,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.read_directory = vnode_no_read_directory,
	.read_link = vnode_no_read_link,
	.attributes_changed = vnode_no_attributes_changed,
	.map_extent = fake_map_extent,
	.read_store = fake_read_store,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = vnode_no_get_xattr,
	.set_xattr = vnode_no_set_xattr,
	.list_xattr = vnode_no_list_xattr,
	.remove_xattr = vnode_no_remove_xattr,
	.sync = vnode_sync_mount,
	.erase = vnode_erase_nothing,
	.reclaim = fake_reclaim,
};

static inline int
fake_load(struct mount *mount, uint64_t ino, struct vnode **out)
{
	(void)mount, (void)ino, (void)out;
	return -ENOENT;
}

static const struct mount_ops fake_mount_ops = { .load = fake_load };
static const struct fs_type fake_type = { .name = "fake" };

/* Pseudo-random, for a key of this file. */
static inline uint64_t
fake_random(const struct fake_file *file, uint64_t key)
{
	return hash_u64(file->shape.seed * 0x9e3779b97f4a7c15ULL + key + 1);
}

/* Lay out the blocks on the store; returns where the last one ends. */
static inline uint64_t
fake_lay_out(struct fake_file *file)
{
	uint64_t unit = file->shape.block_size;
	uint64_t next = 0;

	for (uint64_t i = 0; i < file->block_count; i++) {
		if (fake_random(file, 2 * i) % 100 < file->shape.gap_percent)
			next += unit;
		file->blocks[i] = next;
		if (fake_random(file, 2 * i + 1) % 100 < file->shape.hole_percent)
			file->blocks[i] = FAKE_HOLE;
		else
			next += unit;
	}
	return next;
}

static inline void
fake_fill(struct fake_file *file)
{
	uint64_t unit = file->shape.block_size;

	memset(file->store, FAKE_GARBAGE, file->store_size);
	for (uint64_t i = 0; i < file->shape.size; i++) {
		uint64_t block = file->blocks[i / unit];
		uint8_t byte = (uint8_t)(1 + fake_random(file, i) % 255);

		file->content[i] = block == FAKE_HOLE ? 0 : byte;
		if (block != FAKE_HOLE)
			file->store[block + i % unit] = byte;
	}
}

/* A file with one reference, in a mount of its own. */
static inline struct fake_file *
fake_file_create(struct kernel *kernel, const struct fake_shape *shape)
{
	const struct mount_request request = {
		.kernel = kernel,
		.source = "fake",
		.flags = MOUNT_READ_ONLY,
		.options = "",
	};
	struct fake_file *file = calloc(1, sizeof(*file));

	file->shape = *shape;
	file->block_count = divide_up(shape->size, shape->block_size);
	file->content = malloc(shape->size + 1);
	file->blocks = calloc(file->block_count + 1, sizeof(uint64_t));
	file->store_size = fake_lay_out(file);
	file->store = malloc(file->store_size + 1);
	fake_fill(file);
	pthread_mutex_init(&file->lock, NULL);
	mount_init(&file->mount, &request, &fake_type, &fake_mount_ops);
	file->mount.reads_direct = shape->reads_direct;
	vnode_init(&file->vnode, &file->mount, &fake_file_ops, VNODE_REGULAR, 1);
	file->vnode.attributes.size = shape->size;
	file->vnode.attributes.permissions = 0644;
	return file;
}

static inline void
fake_file_destroy(struct fake_file *file)
{
	vnode_put(&file->vnode);
	pthread_mutex_destroy(&file->lock);
	free(file->store);
	free(file->blocks);
	free(file->content);
	free(file);
}

#endif
