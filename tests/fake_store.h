/*
 * For tests: a file of a store that can be written.
 *
 * The store is an array of blocks; which block of the file is where is decided
 * when it is first written, in no order.  A block that is newly given to the
 * file holds garbage but where map_extent() promises to zero it, so that whoever
 * does not write what it promised to is found out.  Reading and writing fail
 * where they are told to; what was written in one go is remembered.
 */
#ifndef TESTS_FAKE_STORE_H
#define TESTS_FAKE_STORE_H

#include <stdlib.h>
#include <string.h>

#include "base/errno.h"
#include "base/hash.h"
#include "base/math.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "vfs/mount.h"
#include "vfs/page_cache.h"
#include "vfs/vnode.h"

#define STORE_GARBAGE 0xee
#define STORE_NONE    UINT64_MAX
#define STORE_HISTORY 64

struct fake_store {
	struct vnode vnode;
	struct mount mount;
	uint64_t unit; /* a block, bytes */
	uint64_t block_count;
	uint8_t *bytes;	  /* block_count * unit */
	uint64_t *blocks; /* of the file: which block of the store; or STORE_NONE */
	bool *is_taken;	  /* by block of the store */
	uint64_t free_count;

	/* The test's. */
	int write_error;
	unsigned write_count, sync_count, erase_count;
	uint64_t lengths[STORE_HISTORY]; /* of the first writes */
};

static inline struct fake_store *
fake_store_of(struct vnode *vnode)
{
	return container_of(vnode, struct fake_store, vnode);
}

/* A block for block index of the file, zero but for [from, to) of the file. */
static inline int
fake_store_allocate(struct fake_store *store, uint64_t index, uint64_t from, uint64_t to)
{
	uint64_t at = hash_u64(index + 17) % store->block_count;

	if (store->free_count == 0)
		return -ENOSPC;
	while (store->is_taken[at])
		at = (at + 1) % store->block_count;
	store->is_taken[at] = true;
	store->free_count--;
	store->blocks[index] = at;
	for (uint64_t i = 0; i < store->unit; i++) {
		uint64_t place = index * store->unit + i;

		store->bytes[at * store->unit + i] =
		    place >= from && place < to ? STORE_GARBAGE : 0;
	}
	return 0;
}

static inline int
fake_store_map(struct vnode *vnode, uint64_t offset, uint64_t length, enum extent_intent intent,
    struct extent *out)
{
	struct fake_store *store = fake_store_of(vnode);
	uint64_t index = offset / store->unit, within = offset % store->unit;
	int error = 0;

	ASSERT(index < store->block_count);
	*out = (struct extent){ .offset = offset };
	out->length = min_u64(length, store->unit - within);
	if (intent == EXTENT_WRITE && store->blocks[index] == STORE_NONE) {
		out->is_new = true;
		error = fake_store_allocate(store, index, round_down(offset, PAGE_SIZE),
		    round_up(offset + length, PAGE_SIZE));
	}
	if (error < 0)
		return error;
	out->is_hole = store->blocks[index] == STORE_NONE;
	if (!out->is_hole)
		out->address = store->blocks[index] * store->unit + within;
	return 0;
}

static inline int
fake_store_read(struct vnode *vnode, uint64_t address, const struct segment *segments, size_t count)
{
	struct fake_store *store = fake_store_of(vnode);

	for (size_t i = 0; i < count; i++) {
		ASSERT(address + segments[i].length <= store->block_count * store->unit);
		memcpy(segments[i].data, store->bytes + address, segments[i].length);
		address += segments[i].length;
	}
	return 0;
}

static inline int
fake_store_write(struct vnode *vnode, uint64_t address, const struct segment *segments,
    size_t count)
{
	struct fake_store *store = fake_store_of(vnode);
	uint64_t length = 0;

	if (store->write_error < 0)
		return store->write_error;
	for (size_t i = 0; i < count; i++) {
		ASSERT(address + segments[i].length <= store->block_count * store->unit);
		memcpy(store->bytes + address, segments[i].data, segments[i].length);
		address += segments[i].length;
		length += segments[i].length;
	}
	ASSERT(length % STORE_UNIT == 0 && address % STORE_UNIT == 0);
	if (store->write_count < STORE_HISTORY)
		store->lengths[store->write_count] = length;
	store->write_count++;
	return 0;
}

static inline int
fake_store_resize(struct vnode *vnode, uint64_t size)
{
	struct fake_store *store = fake_store_of(vnode);

	if (size > store->block_count * store->unit)
		return -EFBIG;
	for (uint64_t i = divide_up(size, store->unit); i < store->block_count; i++) {
		if (store->blocks[i] == STORE_NONE)
			continue;
		store->is_taken[store->blocks[i]] = false;
		store->free_count++;
		store->blocks[i] = STORE_NONE;
	}
	for (uint64_t at = round_up(size, PAGE_SIZE); at % store->unit != 0; at++)
		if (size < vnode->attributes.size && store->blocks[at / store->unit] != STORE_NONE)
			store->bytes[store->blocks[at / store->unit] * store->unit +
				     at % store->unit] = 0;
	vnode->attributes.size = size;
	return 0;
}

static inline int
fake_store_attributes(struct vnode *vnode, uint32_t mask)
{
	(void)vnode, (void)mask;
	return 0;
}

static inline void
fake_store_erase(struct vnode *vnode)
{
	fake_store_of(vnode)->erase_count++;
}

static inline void
fake_store_reclaim(struct vnode *vnode)
{
	(void)vnode; /* fake_store_destroy() does */
}

static const struct vnode_ops fake_store_ops = {
	VNODE_NO_ENTRIES,
	VNODE_NO_TARGET,
	VNODE_NO_XATTRS,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.attributes_changed = fake_store_attributes,
	.map_extent = fake_store_map,
	.read_store = fake_store_read,
	.write_store = fake_store_write,
	.resize = fake_store_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.sync = vnode_sync_mount,
	.erase = fake_store_erase,
	.reclaim = fake_store_reclaim,
};

static inline int
fake_store_load(struct mount *mount, uint64_t ino, struct vnode **out)
{
	(void)mount, (void)ino, (void)out;
	return -ENOENT;
}

static inline int
fake_store_sync(struct mount *mount)
{
	container_of(mount, struct fake_store, mount)->sync_count++;
	return 0;
}

static const struct mount_ops fake_store_mount_ops = {
	.load = fake_store_load,
	.sync = fake_store_sync,
};
static const struct fs_type fake_store_type = { .name = "store" };

/* An empty file with one reference, in a mount of its own, on a store of block_count blocks. */
static inline struct fake_store *
fake_store_create(struct kernel *kernel, uint64_t unit, uint64_t block_count, bool is_direct)
{
	const struct mount_request request = { .kernel = kernel, .source = "store", .options = "" };
	struct fake_store *store = calloc(1, sizeof(*store));

	store->unit = unit;
	store->block_count = block_count;
	store->free_count = block_count;
	store->bytes = malloc(unit * block_count);
	memset(store->bytes, STORE_GARBAGE, unit * block_count);
	store->blocks = malloc(block_count * sizeof(uint64_t));
	store->is_taken = calloc(block_count, sizeof(bool));
	for (uint64_t i = 0; i < block_count; i++)
		store->blocks[i] = STORE_NONE;
	mount_init(&store->mount, &request, &fake_store_type, &fake_store_mount_ops);
	store->mount.reads_direct = is_direct;
	vnode_init(&store->vnode, &store->mount, &fake_store_ops, VNODE_REGULAR, 1);
	store->vnode.attributes.link_count = 1;
	return store;
}

static inline void
fake_store_destroy(struct fake_store *store)
{
	page_cache_forget_dirty(&store->vnode);
	vnode_put(&store->vnode);
	free(store->is_taken);
	free(store->blocks);
	free(store->bytes);
	free(store);
}

#endif
