/*
 * Tests of where FFS's files end: pointers of every level, the largest size, the
 * most links, the reserve, and what statistics and superblocks say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/credential.h"
#include "kern/uio.h"
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "vfs/file_io.h"
#include "vfs/namespace.h"

#define NOW ((int64_t)1800000000) /* seconds */

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 },
	{ FFS_UFS1, ORDER_BIG, 4096, 1024, 1 },
};

static struct ffs_image image;
static struct file_writer writer;

static void
begin(size_t sample)
{
	ffs_image_create_writable(&image, &samples[sample], SAMPLE_MODERN);
	image.host.wall = NOW * 1000000000 + 77;
	ffs_image_must_mount_writable(&image);
	writer = (struct file_writer){ .credential = image.root, .size_limit = UINT64_MAX };
}

static void
end(void)
{
	ffs_image_must_be_clean(&image);
	ffs_image_destroy(&image);
}

static struct vnode *
make(const char *path)
{
	make_file(&image.context, path, 0644);
	return must_find(&image.context, path);
}

static int
write_at(struct vnode *vnode, const void *data, size_t size, uint64_t offset, size_t *done)
{
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	int error;

	uio_init_kernel(&uio, &space, &range, (void *)(uintptr_t)data, size);
	error = file_write(vnode, &uio, &offset, &writer);
	*done = size - (size_t)uio.left;
	return error;
}

static void
must_write(struct vnode *vnode, const void *data, size_t size, uint64_t offset)
{
	size_t done;

	assert_int_equal(write_at(vnode, data, size, offset, &done), 0);
	assert_int_equal(done, size);
}

static void
assert_reads(struct vnode *vnode, const void *data, size_t size, uint64_t offset)
{
	struct address_space space;
	struct uio_range range;
	uint8_t got[100];
	struct uio uio;

	uio_init_kernel(&uio, &space, &range, got, size);
	assert_int_equal(file_read(vnode, &uio, offset), 0);
	assert_int_equal(uio.left, 0);
	assert_memory_equal(got, data, size);
}

/* ---- pointers ------------------------------------------------------------------------ */

/* Offsets of blocks that each level of pointers leads to, the farthest last. */
static void
set_offsets(uint64_t offsets[5])
{
	uint64_t pointers = image.sb.pointers_per_block, size = image.sb.block_size;

	offsets[0] = 5 * size + 17;
	offsets[1] = (12 + 3) * size;
	offsets[2] = (12 + pointers + 2 * pointers + 5) * size + 1000;
	offsets[3] = (12 + pointers + pointers * pointers) * size;
	offsets[4] = (12 + pointers + pointers * pointers + 3 * pointers * pointers + 7) * size;
}

static void
pointers_of_every_level_come_and_go(void **state)
{
	static const char text[] = "some bytes";

	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		uint64_t offsets[5];
		struct vnode *vnode;

		begin(s);
		set_offsets(offsets);
		vnode = make("/mnt/f");
		for (unsigned i = 5; i-- > 0;)
			must_write(vnode, text, sizeof(text), offsets[i]);
		vnode_put(vnode);
		ffs_image_must_be_clean(&image);
		for (unsigned last = 5; last > 0; last--) {
			ffs_image_must_mount_writable(&image);
			vnode = must_find(&image.context, "/mnt/f");
			for (unsigned i = 0; i < last; i++)
				assert_reads(vnode, text, sizeof(text), offsets[i]);
			/* To the middle of the last text, far beyond, and back. */
			assert_int_equal(file_truncate(vnode, offsets[last - 1] + 4, &writer), 0);
			assert_int_equal(file_truncate(vnode, offsets[4] + 100, &writer), 0);
			assert_reads(vnode, "some\0\0\0", 7, offsets[last - 1]);
			assert_int_equal(file_truncate(vnode, offsets[last - 1], &writer), 0);
			vnode_put(vnode);
			ffs_image_must_be_clean(&image);
		}
		ffs_image_must_mount_writable(&image);
		vnode = must_find(&image.context, "/mnt/f");
		assert_int_equal(file_truncate(vnode, 0, &writer), 0);
		assert_int_equal(vnode->attributes.block_count, 0);
		vnode_put(vnode);
		end();
	}
	(void)state;
}

static void
the_largest_file_is_as_the_superblock_says(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct vnode *vnode;
		uint64_t max;
		size_t done;

		begin(s);
		max = image.sb.file_size_max;
		vnode = make("/mnt/f");
		must_write(vnode, "x", 1, max - 1);
		assert_int_equal(vnode->attributes.size, max);
		assert_int_equal(write_at(vnode, "x", 1, max, &done), -EFBIG);
		assert_int_equal(write_at(vnode, "xyz", 3, max - 2, &done), 0);
		assert_int_equal(done, 2);
		assert_int_equal(file_truncate(vnode, max + 1, &writer), -EFBIG);
		assert_int_equal(file_allocate(vnode, ALLOCATE_SPACE, max, 1, &writer), -EFBIG);
		assert_int_equal(vnode->attributes.size, max);
		vnode_put(vnode);
		end();
	}
	(void)state;
}

/* ---- space ------------------------------------------------------------------------------ */

static struct fs_statistics
statistics(void)
{
	struct vnode *root = must_find(&image.context, "/mnt");
	struct fs_statistics result;

	assert_int_equal(mount_statistics(root->mount, &result), 0);
	vnode_put(root);
	return result;
}

static void
the_reserve_is_the_superusers(void **state)
{
	static uint8_t data[100000];
	struct credential *user;
	struct vnode *vnode;
	size_t done;
	int error = 0;

	begin(0);
	user = credential_copy(image.root);
	user->capabilities = 0;
	vnode = make("/mnt/f");
	writer.credential = user;
	while (error == 0)
		error = write_at(vnode, data, sizeof(data), vnode->attributes.size, &done);
	assert_int_equal(error, -ENOSPC);
	/* Less than a block, which is what a large file takes. */
	assert_in_range(statistics().blocks_available, 0, 7);
	/* 5 in 100, as the superblock says. */
	assert_in_range(statistics().blocks_free, image.sb.data_fragment_count / 100 * 5,
	    image.sb.data_fragment_count / 100 * 5 + 100);
	assert_int_equal(file_allocate(vnode, ALLOCATE_SPACE, 0,
			     vnode->attributes.size + sizeof(data), &writer),
	    -ENOSPC);
	writer.credential = image.root;
	must_write(vnode, data, sizeof(data), vnode->attributes.size);
	vnode_put(vnode);
	credential_put(user);
	end();
	(void)state;
}

static void
space_taken_ahead_is_counted_and_holes_give_it_back(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		uint64_t before, block;
		struct vnode *vnode;

		begin(s);
		block = image.sb.block_size;
		vnode = make("/mnt/f");
		before = statistics().blocks_free;
		assert_int_equal(file_allocate(vnode, ALLOCATE_SPACE, 0, 8 * block, &writer), 0);
		assert_int_equal(vnode->attributes.size, 8 * block);
		assert_int_equal(vnode->attributes.block_count, 8 * block / 512);
		assert_int_equal(statistics().blocks_free,
		    before - 8 * image.sb.fragments_per_block);
		assert_reads(vnode, (uint8_t[100]){ 0 }, 100, 8 * block - 100);
		/* The last block stays, for the format's sake. */
		assert_int_equal(file_allocate(vnode, ALLOCATE_PUNCH_HOLE | ALLOCATE_KEEP_SIZE, 0,
				     8 * block, &writer),
		    0);
		assert_int_equal(vnode->attributes.block_count, block / 512);
		assert_int_equal(statistics().blocks_free, before - image.sb.fragments_per_block);
		/* More than there is: nothing stays of the attempt. */
		assert_int_equal(file_allocate(vnode, ALLOCATE_SPACE, 0, image.fake.dev.size,
				     &writer),
		    -ENOSPC);
		assert_int_equal(vnode->attributes.size, 8 * block);
		vnode_put(vnode);
		end();
	}
	(void)state;
}

/* One extent to be written; returns how many blocks it has. */
static uint64_t
map_blocks(struct vnode *vnode, uint64_t first, uint64_t count, bool *is_new)
{
	uint64_t size = image.sb.block_size;
	struct extent extent;

	assert_int_equal(vnode_map_extent(vnode, first * size, count * size, EXTENT_WRITE, &extent),
	    0);
	assert_int_equal(extent.length % size, 0);
	*is_new = extent.is_new;
	return extent.length / size;
}

static void
nothing_is_stored_beyond_the_extent_that_is_told(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		uint64_t sectors;
		struct vnode *vnode;
		bool is_new;

		begin(s);
		sectors = image.sb.block_size / 512;
		vnode = make("/mnt/f");
		must_write(vnode, "x", 1, 5 * (uint64_t)image.sb.block_size);
		rwlock_lock_exclusive(&vnode->lock);
		/* Up to what is there, from there, and up to the first indirect block. */
		assert_int_equal(map_blocks(vnode, 0, 40, &is_new), 5);
		assert_true(is_new);
		assert_int_equal(vnode->attributes.block_count, 6 * sectors);
		assert_int_equal(map_blocks(vnode, 5, 35, &is_new), 1);
		assert_false(is_new);
		assert_int_equal(vnode->attributes.block_count, 6 * sectors);
		assert_int_equal(map_blocks(vnode, 6, 34, &is_new), 6);
		assert_true(is_new);
		assert_int_equal(vnode->attributes.block_count, 12 * sectors);
		assert_int_equal(map_blocks(vnode, 12, 28, &is_new), 28);
		assert_true(is_new);
		assert_int_equal(vnode_resize(vnode, 0), 0);
		rwlock_unlock_exclusive(&vnode->lock);
		vnode_put(vnode);
		end();
	}
	(void)state;
}

static void
what_cannot_be_stored_leaves_nothing_behind_the_end(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		bool was_hit = true;

		for (uint64_t count = 0; was_hit; count++) {
			struct vnode *vnode;
			uint64_t sectors;
			size_t done;
			int error;

			begin(s);
			vnode = make("/mnt/f");
			must_write(vnode, "x", 1, 0);
			sectors = vnode->attributes.block_count;
			memory_fail_after(image.kernel, count);
			error = write_at(vnode, "y", 1, 12 * (uint64_t)image.sb.block_size, &done);
			was_hit = memory_fail_stop(image.kernel);
			assert_int_equal(error, done == 1 ? 0 : -ENOMEM);
			if (done == 0)
				assert_int_equal(vnode->attributes.block_count, sectors);
			vnode_put(vnode);
			end();
		}
	}
	(void)state;
}

/* ---- the rest --------------------------------------------------------------------------- */

static void
links_have_a_limit(void **state)
{
	const struct path_context *context = &image.context;
	struct vnode *vnode;
	uint32_t file;

	begin(0);
	vnode = make("/mnt/f");
	file = (uint32_t)vnode->ino;
	vnode_put(vnode);
	ffs_image_must_be_clean(&image);
	store16(ffs_image_inode(&image, file) + 2, 32766, ORDER_LITTLE);
	store16(ffs_image_inode(&image, FFS_ROOT_INO) + 2, 32766, ORDER_LITTLE);
	ffs_image_must_mount_writable(&image);
	assert_int_equal(namespace_link(context, "/mnt/f", context, "/mnt/g", 0), 0);
	assert_int_equal(namespace_link(context, "/mnt/f", context, "/mnt/h", 0), -EMLINK);
	assert_int_equal(namespace_rename(context, "/mnt/f", context, "/mnt/h", 0), -EMLINK);
	make_directory(context, "/mnt/d", 0755);
	assert_int_equal(namespace_create(context, "/mnt/e",
			     &(struct vnode_create){ .type = VNODE_DIRECTORY,
				 .permissions = 0755 }),
	    -EMLINK);
	assert_int_equal(namespace_rmdir(context, "/mnt/d"), 0);
	assert_int_equal(namespace_unlink(context, "/mnt/g"), 0);
	assert_int_equal(namespace_rename(context, "/mnt/f", context, "/mnt/h", 0), 0);
	assert_int_equal(ffs_image_unmount(&image), 0);
	ffs_image_destroy(&image);
	(void)state;
}

static void
superblocks_and_groups_say_when(void **state)
{
	uint8_t *superblock, *header, copy[2048];
	struct vnode *vnode;

	begin(0);
	superblock = image.fake.content + 65536;
	header = ffs_image_at(&image, image.sb.header_offset);
	/* The copies hold what does not change, and are left alone. */
	memset(ffs_image_at(&image, image.sb.copy_offset), 0x5a, sizeof(copy));
	memcpy(copy, ffs_image_at(&image, image.sb.copy_offset), sizeof(copy));
	assert_int_equal(superblock[209], 1);
	vnode = make("/mnt/f");
	must_write(vnode, "x", 1, 0);
	assert_int_equal(superblock[209], 0);
	vnode_put(vnode);
	ffs_image_must_be_clean(&image);
	assert_int_equal(superblock[209], 1);
	assert_int_equal(load64(superblock + 1072, ORDER_LITTLE), NOW);
	assert_int_equal(load64(header + 136, ORDER_LITTLE), NOW);
	assert_int_equal(load32(header + 8, ORDER_LITTLE), NOW);
	assert_memory_equal(copy, ffs_image_at(&image, image.sb.copy_offset), sizeof(copy));
	ffs_image_destroy(&image);
	(void)state;
}

static void
flags_and_times_are_stored(void **state)
{
	struct attribute_change change = {
		.mask = SET_FLAGS | SET_MODIFIED | SET_ACCESSED,
		.flags = VNODE_IMMUTABLE | VNODE_NO_DUMP,
		.accessed = { -5, 999999999 },
		.modified = { (int64_t)1 << 33, 123456789 },
	};
	struct vnode_attributes attributes;
	struct vnode *vnode;
	uint8_t *inode;

	begin(0);
	vnode = make("/mnt/f");
	inode = ffs_image_inode(&image, (uint32_t)vnode->ino);
	assert_int_equal(namespace_set_attributes(vnode, image.root, &change), 0);
	vnode_put(vnode);
	ffs_image_must_be_clean(&image);
	assert_int_equal(load32(inode + 88, ORDER_LITTLE), 0x20001);
	assert_int_equal(load64(inode + 40, ORDER_LITTLE), (int64_t)1 << 33);
	assert_int_equal(load32(inode + 64, ORDER_LITTLE), 123456789);
	/* One that we do not know, and the user's own immutable one. */
	store32(inode + 88, 0x10002, ORDER_LITTLE);
	ffs_image_must_mount_writable(&image);
	attributes = attributes_of(&image.context, "/mnt/f");
	assert_int_equal(attributes.flags, VNODE_IMMUTABLE);
	assert_int_equal(attributes.accessed.seconds, -5);
	assert_int_equal(attributes.accessed.nanoseconds, 999999999);
	assert_int_equal(attributes.born.seconds, NOW);
	assert_int_equal(attributes.born.nanoseconds, 77);
	assert_int_equal(namespace_unlink(&image.context, "/mnt/f"), -EPERM);
	change = (struct attribute_change){ .mask = SET_FLAGS, .flags = VNODE_APPEND_ONLY };
	vnode = must_find(&image.context, "/mnt/f");
	assert_int_equal(namespace_set_attributes(vnode, image.root, &change), 0);
	vnode_put(vnode);
	ffs_image_must_be_clean(&image);
	assert_int_equal(load32(inode + 88, ORDER_LITTLE), 0x50000);
	ffs_image_destroy(&image);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointers_of_every_level_come_and_go),
		cmocka_unit_test(the_largest_file_is_as_the_superblock_says),
		cmocka_unit_test(the_reserve_is_the_superusers),
		cmocka_unit_test(space_taken_ahead_is_counted_and_holes_give_it_back),
		cmocka_unit_test(nothing_is_stored_beyond_the_extent_that_is_told),
		cmocka_unit_test(what_cannot_be_stored_leaves_nothing_behind_the_end),
		cmocka_unit_test(links_have_a_limit),
		cmocka_unit_test(superblocks_and_groups_say_when),
		cmocka_unit_test(flags_and_times_are_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
