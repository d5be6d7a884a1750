/*
 * Tests of space that nobody has written yet: the maps against a dumb twin, and what
 * is on the medium after a checkpoint that nobody has synced for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/write.h"
#include "kern/uio.h"
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "tests/random.h"
#include "vfs/file_io.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

#define STEPS 3000
#define SIZE  3000 /* of a file: not whole units */

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 2 },
	{ FFS_UFS1, ORDER_BIG, 8192, 1024, 2 },
	{ FFS_UFS2, ORDER_LITTLE, 65536, 8192, 1 },
};

static struct ffs_image image;
static struct ffs_mount *fs;
static struct file_writer writer;

static void
begin(size_t sample, uint32_t journal_blocks)
{
	struct vnode *root;

	ffs_image_create_journaled(&image, &samples[sample], journal_blocks);
	ffs_image_must_mount_writable(&image);
	writer = (struct file_writer){ .credential = image.root, .size_limit = UINT64_MAX };
	root = must_find(&image.context, "/mnt");
	fs = ffs_mount_of(root->mount);
	vnode_put(root);
}

static void
end(void)
{
	ffs_image_must_be_clean(&image);
	ffs_image_destroy(&image);
}

static void
assert_bytes(const uint8_t *bytes, uint8_t value, size_t count)
{
	assert_int_equal(bytes[0], value);
	assert_memory_equal(bytes + 1, bytes, count - 1); /* each as the one before */
}

/* ---- maps ------------------------------------------------------------------------------- */

/* Does the medium, read from address on, show what twin says? */
static void
compare(const bool *twin, uint64_t first, uint64_t count, uint32_t unit)
{
	uint8_t *bytes = malloc(count * unit);
	struct segment segments[2] = { { bytes, unit + 100 },
		{ bytes + unit + 100, (size_t)(count * unit) - unit - 100 } };

	memset(bytes, 0xee, count * unit);
	ffs_unwritten_mask(fs, first * unit, segments, 2);
	for (uint64_t i = 0; i < count; i++)
		assert_bytes(bytes + i * unit, twin[first + i] ? 0 : 0xee, unit);
	free(bytes);
}

static void
step(struct random *random, bool *twin, uint64_t units, uint32_t unit)
{
	uint64_t first = random_below(random, units), to = random_below(random, units);
	uint64_t count = 1 + random_below(random, random_below(random, 8) == 0 ? 300 : 8);

	count = count > units - first ? units - first : count;
	count = count > units - to ? units - to : count;
	switch (random_below(random, 3)) {
	case 0:
		assert_true(ffs_unwritten_add(fs, first * unit, count * unit));
		memset(twin + first, true, count);
		break;
	case 1:
		ffs_unwritten_remove(fs, first * unit, count * unit);
		memset(twin + first, false, count);
		break;
	default:
		if (to < first + count && first < to + count)
			break; /* what is moved does not lie over itself */
		assert_true(ffs_unwritten_copy(fs, first * unit, to * unit, count * unit));
		memcpy(twin + to, twin + first, count);
		break;
	}
}

static void
maps_are_as_a_dumb_twin_says(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct random random = { s + 1 };
		uint64_t units, left = 0;
		uint32_t unit;
		uint8_t *before, *want;
		bool *twin;

		begin(s, 0);
		unit = ffs_unwritten_unit(fs);
		units = (fs->sb.fragment_count << fs->sb.fragment_shift) / unit;
		twin = calloc(units, sizeof(*twin));
		for (unsigned i = 0; i < STEPS; i++)
			step(&random, twin, units, unit);
		for (uint64_t at = 0; at + 7 < units; at += 7)
			compare(twin, at, 7, unit);
		for (uint64_t i = 0; i < units; i++)
			left += twin[i];
		assert_int_equal(atomic_load(&fs->writing->unwritten.count), left);

		/* The medium gets zeros there, and nowhere else. */
		before = malloc(image.fake.dev.size);
		want = malloc(image.fake.dev.size);
		memcpy(before, image.fake.content, image.fake.dev.size);
		memcpy(want, before, image.fake.dev.size);
		assert_int_equal(ffs_unwritten_zero(fs), 0);
		for (uint64_t i = 0; i < units; i++)
			if (twin[i])
				memset(want + i * unit, 0, unit);
		assert_memory_equal(image.fake.content, want, units * unit);
		assert_int_equal(atomic_load(&fs->writing->unwritten.count), 0);
		memcpy(image.fake.content, before, image.fake.dev.size);
		free(before);
		free(want);
		free(twin);
		end();
	}
	(void)state;
}

/* ---- files -------------------------------------------------------------------------------- */

static void
write_bytes(struct vnode *vnode, uint8_t value, size_t size, uint64_t offset)
{
	uint8_t *bytes = malloc(size);
	struct address_space space;
	struct uio_range range;
	struct uio uio;

	memset(bytes, value, size);
	uio_init_kernel(&uio, &space, &range, bytes, size);
	assert_int_equal(file_write(vnode, &uio, &offset, &writer), 0);
	assert_int_equal(uio.left, 0);
	free(bytes);
}

static struct vnode *
make(const char *path)
{
	make_file(&image.context, path, 0644);
	return must_find(&image.context, path);
}

/* The bytes of the file's first block on the medium. */
static uint8_t *
stored(struct vnode *vnode)
{
	return ffs_image_at(&image, ffs_inode_of(vnode)->direct[0]);
}

static void
a_checkpoint_shows_zeros_for_what_is_not_written(void **state)
{
	for (size_t i = 0; i < 2 * ARRAY_SIZE(samples); i++) {
		uint8_t bytes[512];
		struct segment segment = { bytes, sizeof(bytes) };
		struct vnode *vnode;

		begin(i / 2, i % 2 == 0 ? 0 : 64);
		vnode = make("/mnt/f");
		write_bytes(vnode, 'x', SIZE, 0);
		memset(stored(vnode), 0xee, SIZE); /* what somebody had there */
		assert_int_equal(vnode->ops->read_store(vnode,
				     ffs_fragment_offset(&fs->sb, ffs_inode_of(vnode)->direct[0]),
				     &segment, 1),
		    0);
		assert_bytes(bytes, 0, sizeof(bytes));
		assert_int_equal(ffs_checkpoint(fs), 0);
		assert_bytes(stored(vnode), 0, SIZE);
		assert_int_equal(mount_sync_all(image.kernel), 0);
		assert_bytes(stored(vnode), 'x', SIZE);
		/* It is written: another checkpoint leaves it alone. */
		write_bytes(vnode, 'y', 1, 0);
		assert_int_equal(ffs_checkpoint(fs), 0);
		assert_bytes(stored(vnode), 'x', SIZE);
		vnode_put(vnode);
		end();
	}
	(void)state;
}

static void
a_tail_that_moves_takes_along_what_is_not_written(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		struct vnode *vnode, *behind;
		uint64_t first;

		begin(i, 0);
		vnode = make("/mnt/f");
		behind = make("/mnt/behind");
		write_bytes(vnode, 'x', 10, 0);
		write_bytes(behind, 'y', 10, 0);
		memset(stored(vnode), 0xee, fs->sb.fragment_size);
		first = ffs_inode_of(vnode)->direct[0];
		write_bytes(vnode, 'x', SIZE - 10, 10);
		assert_int_not_equal(ffs_inode_of(vnode)->direct[0], first);
		assert_int_equal(ffs_checkpoint(fs), 0);
		assert_bytes(stored(vnode), 0, SIZE);
		assert_int_equal(mount_sync_all(image.kernel), 0);
		assert_bytes(stored(vnode), 'x', SIZE);
		vnode_put(vnode);
		vnode_put(behind);
		end();
	}
	(void)state;
}

static void
of_a_file_that_comes_and_goes_nothing_is_written(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		struct vnode *vnode;
		uint8_t *place;

		begin(i, 0);
		vnode = make("/mnt/f");
		write_bytes(vnode, 'x', SIZE, 0);
		place = stored(vnode);
		memset(place, 0xee, SIZE);
		vnode_put(vnode);
		assert_int_equal(namespace_unlink(&image.context, "/mnt/f"), 0);
		assert_int_equal(mount_sync_all(image.kernel), 0);
		assert_bytes(place, 0xee, SIZE);
		end();
	}
	(void)state;
}

static void
the_end_of_a_file_is_filled_up_with_zeros(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct vnode *vnode;
		uint32_t unit;

		begin(i, 0);
		unit = ffs_unwritten_unit(fs);
		vnode = make("/mnt/f");
		write_bytes(vnode, 'x', 2 * unit - 10, 0);
		memset(stored(vnode), 0xee, 2 * (size_t)unit);
		assert_int_equal(mount_sync_all(image.kernel), 0);
		assert_bytes(stored(vnode), 'x', 2 * unit - 10);
		assert_bytes(stored(vnode) + 2 * unit - 10, 0, 10);
		/* So that what was cut off does not come back. */
		assert_int_equal(file_truncate(vnode, 10, &writer), 0);
		assert_int_equal(mount_sync_all(image.kernel), 0);
		assert_bytes(stored(vnode), 'x', 10);
		assert_bytes(stored(vnode) + 10, 0, unit - 10);
		vnode_put(vnode);
		end();
	}
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_are_as_a_dumb_twin_says),
		cmocka_unit_test(a_checkpoint_shows_zeros_for_what_is_not_written),
		cmocka_unit_test(a_tail_that_moves_takes_along_what_is_not_written),
		cmocka_unit_test(of_a_file_that_comes_and_goes_nothing_is_written),
		cmocka_unit_test(the_end_of_a_file_is_filled_up_with_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
