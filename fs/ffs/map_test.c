/*
 * Tests of following pointers: extents as long as they can be, holes of every
 * size, and pointers that lead astray.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "fs/ffs/map.h"
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "vfs/mount.h"

static const struct sample ufs1 = { FFS_UFS1, ORDER_LITTLE, 4096, 512, 1 };
static const struct sample ufs2 = { FFS_UFS2, ORDER_BIG, 4096, 512, 1 };

#define INO	 30
#define BLOCK	 4096
#define DIRECT	 ((uint64_t)12)
#define WHOLE	 UINT64_MAX
#define IS_HOLE	 UINT64_MAX
#define NO_ERROR 0

static int
create(void **state, const struct sample *sample)
{
	struct ffs_image *image = malloc(sizeof(*image));

	ffs_image_create(image, sample);
	ffs_image_put_entry(image, ffs_image_root(image), 24, 0, INO, "file");
	*state = image;
	return 0;
}

static int
create_ufs1(void **state)
{
	return create(state, &ufs1);
}

static int
create_ufs2(void **state)
{
	return create(state, &ufs2);
}

static int
destroy(void **state)
{
	ffs_image_destroy(*state);
	free(*state);
	return 0;
}

/* Pointers in an indirect block. */
static uint64_t
per_block(const struct ffs_image *image)
{
	return image->sb.pointers_per_block;
}

/* The number-th free block of the image. */
static uint64_t
block_at(const struct ffs_image *image, uint64_t number)
{
	return ffs_image_free(image) + 8 * number;
}

/* A fresh empty file of this size. */
static void
put_file(struct ffs_image *image, uint64_t size)
{
	ffs_image_put_inode(image, INO, 0100644, size, 0);
}

static struct vnode *
open_file(struct ffs_image *image)
{
	ffs_image_must_mount(image);
	return must_find(&image->context, "/mnt/file");
}

static void
close_file(struct ffs_image *image, struct vnode *vnode)
{
	vnode_put(vnode);
	assert_int_equal(ffs_image_unmount(image), 0);
}

static int
map(struct vnode *vnode, uint64_t offset, uint64_t length, struct extent *extent)
{
	int error;

	rwlock_lock_shared(&vnode->lock);
	error = vnode_map_extent(vnode, offset, length, EXTENT_READ, extent);
	rwlock_unlock_shared(&vnode->lock);
	return error;
}

/* The extent at offset is length bytes, at address of the device or a hole. */
static void
expect(struct vnode *vnode, uint64_t offset, uint64_t length, uint64_t address)
{
	struct extent extent;

	assert_int_equal(map(vnode, offset, vnode->attributes.size - offset, &extent), 0);
	assert_true(extent.offset == offset);
	assert_true(extent.length == length);
	assert_int_equal(extent.is_hole, address == IS_HOLE);
	if (address != IS_HOLE)
		assert_true(extent.address == address);
}

static void
joins_blocks_that_follow_each_other(void **state)
{
	struct ffs_image *image = *state;
	uint64_t n = per_block(image), size = (DIRECT + n + 5) * BLOCK - 1000;
	uint64_t indirect = block_at(image, 0), twice = block_at(image, 1),
		 inner = block_at(image, 2);
	uint64_t data = block_at(image, 10);
	struct vnode *vnode;
	struct extent extent;

	/* From the inode into one indirect block and on into another one. */
	put_file(image, size);
	ffs_image_put_pointer(image, INO, 12, indirect);
	ffs_image_put_pointer(image, INO, 13, twice);
	ffs_image_put_indirect(image, twice, 0, inner);
	for (uint64_t i = 0; i < DIRECT + n + 5; i++) {
		uint64_t address = data + 8 * i;

		if (i < DIRECT)
			ffs_image_put_pointer(image, INO, (unsigned)i, address);
		else if (i < DIRECT + n)
			ffs_image_put_indirect(image, indirect, (uint32_t)(i - DIRECT), address);
		else
			ffs_image_put_indirect(image, inner, (uint32_t)(i - DIRECT - n), address);
	}
	vnode = open_file(image);
	expect(vnode, 0, size, data * 512);
	expect(vnode, 5000, size - 5000, data * 512 + 5000);
	expect(vnode, size - 1, 1, data * 512 + size - 1);
	assert_int_equal(map(vnode, 100, 50, &extent), 0);
	assert_int_equal(extent.length, 50);
	close_file(image, vnode);

	ffs_image_put_indirect(image, indirect, 7, block_at(image, 3));
	vnode = open_file(image);
	expect(vnode, 0, (DIRECT + 7) * BLOCK, data * 512);
	expect(vnode, (DIRECT + 7) * BLOCK + 1, BLOCK - 1, block_at(image, 3) * 512 + 1);
	close_file(image, vnode);
}

static void
joins_holes_of_every_size(void **state)
{
	struct ffs_image *image = *state;
	uint64_t n = per_block(image), last = DIRECT + n + n * n + n * n * n - 1;
	uint64_t data = block_at(image, 9), block;
	struct vnode *vnode;

	/* Nothing at all. */
	put_file(image, image->sb.file_size_max);
	vnode = open_file(image);
	expect(vnode, 0, image->sb.file_size_max, IS_HOLE);
	expect(vnode, 12345, image->sb.file_size_max - 12345, IS_HOLE);
	close_file(image, vnode);

	/* Only the very last block. */
	for (unsigned i = 0; i < 2; i++)
		ffs_image_put_indirect(image, block_at(image, i), (uint32_t)n - 1,
		    block_at(image, i + 1));
	ffs_image_put_indirect(image, block_at(image, 2), (uint32_t)n - 1, data);
	ffs_image_put_pointer(image, INO, 14, block_at(image, 0));
	vnode = open_file(image);
	expect(vnode, 0, last * BLOCK, IS_HOLE);
	expect(vnode, last * BLOCK, BLOCK - 1, data * 512);
	close_file(image, vnode);

	/* Then also one in the middle of the double indirection. */
	block = DIRECT + n + 5 * n + 3;
	ffs_image_put_indirect(image, block_at(image, 4), 5, block_at(image, 5));
	ffs_image_put_indirect(image, block_at(image, 5), 3, data + 8);
	ffs_image_put_pointer(image, INO, 13, block_at(image, 4));
	vnode = open_file(image);
	expect(vnode, 0, block * BLOCK, IS_HOLE);
	expect(vnode, block * BLOCK, BLOCK, data * 512 + BLOCK);
	expect(vnode, (block + 1) * BLOCK, (last - block - 1) * BLOCK, IS_HOLE);
	close_file(image, vnode);
}

static void
maps_the_last_fragments_of_a_small_file(void **state)
{
	struct ffs_image *image = *state;
	uint64_t end = SAMPLE_FRAGMENTS_PER_GROUP;
	struct vnode *vnode;
	struct extent extent;

	/* Three fragments at the very end of the file system are enough. */
	put_file(image, BLOCK + 1100);
	ffs_image_put_pointer(image, INO, 0, end - 11);
	ffs_image_put_pointer(image, INO, 1, end - 3);
	vnode = open_file(image);
	expect(vnode, 0, BLOCK + 1100, (end - 11) * 512);
	close_file(image, vnode);

	/* Two are not. */
	ffs_image_put_pointer(image, INO, 1, end - 2);
	vnode = open_file(image);
	expect(vnode, 0, BLOCK, (end - 11) * 512);
	assert_int_equal(map(vnode, BLOCK, 1, &extent), -EUCLEAN);
	close_file(image, vnode);
}

static void
maps_the_same_as_a_twin_that_asks_block_by_block(void **state)
{
	struct ffs_image *image = *state;
	uint64_t n = per_block(image), blocks = DIRECT + n + 3 * n, next;
	struct vnode *vnode;
	struct extent extent;

	/* Random runs and holes over all of the first two levels. */
	put_file(image, blocks * BLOCK);
	ffs_image_put_pointer(image, INO, 12, block_at(image, 0));
	ffs_image_put_pointer(image, INO, 13, block_at(image, 1));
	for (uint64_t i = 0; i < blocks; i++) {
		uint64_t random = hash_u64(i / 7 + 1);
		uint64_t address =
		    random % 3 == 0 ? 0 : block_at(image, 20 + random % 1000) + i * 8 % 56;

		if (i >= DIRECT + n && i % n == DIRECT % n)
			ffs_image_put_indirect(image, block_at(image, 1),
			    (uint32_t)((i - DIRECT - n) / n), block_at(image, 2 + i / n));
		if (i < DIRECT)
			ffs_image_put_pointer(image, INO, (unsigned)i, address);
		else if (i < DIRECT + n)
			ffs_image_put_indirect(image, block_at(image, 0), (uint32_t)(i - DIRECT),
			    address);
		else
			ffs_image_put_indirect(image, block_at(image, 2 + (i - DIRECT) / n),
			    (uint32_t)((i - DIRECT) % n), address);
	}
	for (uint64_t i = 1; i <= 3; i++)
		ffs_image_put_indirect(image, block_at(image, 1), (uint32_t)i - 1,
		    block_at(image, 2 + i));
	vnode = open_file(image);
	for (uint64_t offset = 0; offset < blocks * BLOCK; offset = next) {
		struct extent one;

		assert_int_equal(map(vnode, offset, WHOLE, &extent), 0);
		assert_true(extent.length >= BLOCK && extent.length % BLOCK == 0);
		next = offset + extent.length;
		for (uint64_t at = offset; at <= next && at < blocks * BLOCK; at += BLOCK) {
			bool follows;

			assert_int_equal(map(vnode, at, BLOCK, &one), 0);
			follows = one.is_hole == extent.is_hole &&
				  (one.is_hole || one.address == extent.address + (at - offset));
			assert_int_equal(follows, at < next); /* no shorter, no longer */
		}
	}
	close_file(image, vnode);
}

static void
refuses_pointers_that_lead_astray(void **state)
{
	struct ffs_image *image = *state;
	uint64_t end = SAMPLE_FRAGMENTS_PER_GROUP, n = per_block(image);
	const uint64_t bad[] = { 1, image->sb.data_offset - 1, end - 7, end, 0x7fffffff,
		0xffffffff };
	struct vnode *vnode;
	struct extent extent;

	for (unsigned i = 0; i < ARRAY_SIZE(bad) * 4; i++) {
		uint64_t address = bad[i / 4], block;

		put_file(image, image->sb.file_size_max);
		ffs_image_put_pointer(image, INO, 0, block_at(image, 0));
		switch (i % 4) {
		case 0: /* data */
			ffs_image_put_pointer(image, INO, 1, address);
			block = 1;
			break;
		case 1: /* an indirect block */
			ffs_image_put_pointer(image, INO, 14, address);
			block = DIRECT + n + n * n;
			break;
		case 2: /* one in an indirect block */
			ffs_image_put_pointer(image, INO, 13, block_at(image, 1));
			ffs_image_put_indirect(image, block_at(image, 1), 2, address);
			block = DIRECT + n + 2 * n + 9;
			break;
		default: /* data in an indirect block */
			ffs_image_put_pointer(image, INO, 12, block_at(image, 2));
			ffs_image_put_indirect(image, block_at(image, 2), 100, address);
			block = DIRECT + 100;
			break;
		}
		vnode = open_file(image);
		expect(vnode, 0, BLOCK, block_at(image, 0) * 512);
		image->host.console_length = 0;
		assert_int_equal(map(vnode, block * BLOCK, BLOCK, &extent), -EUCLEAN);
		assert_true(ffs_image_said(image, "is not inside the data"));
		close_file(image, vnode);
		memset(ffs_image_at(image, block_at(image, 1)), 0, 2 * BLOCK);
	}
}

static void
refuses_indirect_blocks_that_lead_back(void **state)
{
	struct ffs_image *image = *state;
	uint64_t n = per_block(image), loop = block_at(image, 1);
	struct vnode *vnode;
	struct extent extent;

	put_file(image, image->sb.file_size_max);
	ffs_image_put_pointer(image, INO, 12, loop);
	ffs_image_put_pointer(image, INO, 14, loop);
	ffs_image_put_indirect(image, loop, 0, loop);
	ffs_image_put_indirect(image, loop, 1, block_at(image, 2));
	ffs_image_put_indirect(image, block_at(image, 2), 0, loop);
	ffs_image_put_indirect(image, block_at(image, 2), 5, block_at(image, 3));
	vnode = open_file(image);
	assert_int_equal(map(vnode, DIRECT * BLOCK, 1, &extent), -EUCLEAN);
	assert_int_equal(map(vnode, (DIRECT + n + n * n) * BLOCK, 1, &extent), -EUCLEAN);
	assert_int_equal(map(vnode, (DIRECT + n + 2 * n * n) * BLOCK, 1, &extent), -EUCLEAN);

	/* A loop on the way, not at its end: what it leads to looks like data. */
	assert_int_equal(map(vnode, (DIRECT + n + n * n + n + 5) * BLOCK, 1, &extent), -EUCLEAN);
	assert_true(ffs_image_said(image, "leads back to itself"));
	close_file(image, vnode);
}

static void
refuses_what_is_not_in_the_file(void **state)
{
	struct ffs_image *image = *state;
	struct ffs_run run;
	struct vnode *vnode;
	struct extent extent;
	uint64_t n = per_block(image);

	put_file(image, 100);
	vnode = open_file(image);
	assert_int_equal(ffs_map_extent(vnode, 100, 1, EXTENT_READ, &extent), -EINVAL);
	assert_int_equal(ffs_map_extent(vnode, UINT64_MAX, 1, EXTENT_READ, &extent), -EINVAL);
	assert_int_equal(ffs_map_extent(vnode, 0, 1, EXTENT_WRITE, &extent), -EROFS);
	assert_int_equal(ffs_map_run(ffs_inode_of(vnode), DIRECT + n + n * n + n * n * n, 1, &run),
	    -EUCLEAN);
	close_file(image, vnode);
}

static void
passes_on_errors_of_the_device(void **state)
{
	struct ffs_image *image = *state;
	struct vnode *vnode;
	struct extent extent;

	put_file(image, 100 * BLOCK);
	ffs_image_put_pointer(image, INO, 12, block_at(image, 1));
	image->fake.bad_offset = block_at(image, 1) * 512;
	image->fake.bad_length = 1;
	image->fake.bad_error = -EIO;
	vnode = open_file(image);
	assert_int_equal(map(vnode, DIRECT * BLOCK, 1, &extent), -EIO);
	close_file(image, vnode);
}

static void
reads_the_bytes_that_are_there(void **state)
{
	struct ffs_image *image = *state;
	uint8_t read[1024];
	const struct segment segment = { read, sizeof(read) };
	struct vnode *vnode;
	struct extent extent;

	put_file(image, 3 * BLOCK);
	ffs_image_put_pointer(image, INO, 1, block_at(image, 1));
	memset(ffs_image_at(image, block_at(image, 1)), 'x', BLOCK);
	vnode = open_file(image);
	assert_int_equal(map(vnode, BLOCK + 512, 1024, &extent), 0);
	rwlock_lock_shared(&vnode->lock);
	assert_int_equal(vnode_read_store(vnode, extent.address, &segment, 1), 0);
	rwlock_unlock_shared(&vnode->lock);
	assert_memory_equal(read, ffs_image_at(image, block_at(image, 1)) + 512, sizeof(read));
	close_file(image, vnode);
}

#define BOTH(test) \
	cmocka_unit_test_setup_teardown(test, create_ufs1, destroy), \
	    cmocka_unit_test_setup_teardown(test, create_ufs2, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(joins_blocks_that_follow_each_other),
		BOTH(joins_holes_of_every_size),
		BOTH(maps_the_last_fragments_of_a_small_file),
		BOTH(maps_the_same_as_a_twin_that_asks_block_by_block),
		BOTH(refuses_pointers_that_lead_astray),
		BOTH(refuses_indirect_blocks_that_lead_back),
		BOTH(refuses_what_is_not_in_the_file),
		BOTH(passes_on_errors_of_the_device),
		BOTH(reads_the_bytes_that_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
