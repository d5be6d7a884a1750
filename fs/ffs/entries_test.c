/*
 * Tests of FFS directories that grow: each allocation and each read that this
 * takes fails in turn, and whatever had been there before is there after.
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
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

#define TRIES_MAX  300
#define NAME_WIDTH 60 /* seven such entries fill a directory block of 512 bytes */

/* How the directory has to grow for its next name. */
enum growth {
	TAIL_STAYS,    /* the fragment behind its last block is free */
	TAIL_MOVES,    /* it is not */
	BLOCK_IS_MADE, /* the last block is whole */
	BLOCK_IS_FAR,  /* the twelfth is whole: an indirect block comes, too */
	GROWTHS,
};

static const struct sample sample = { FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 };

/* Bytes of the directory before. */
static const uint64_t sizes[GROWTHS] = {
	[TAIL_STAYS] = 512,
	[TAIL_MOVES] = 512,
	[BLOCK_IS_MADE] = 4096,
	[BLOCK_IS_FAR] = 12 * 4096,
};

static struct ffs_image image;
static uint8_t *prepared; /* its content, to begin with again */
static unsigned name_count;

static void
path_of(unsigned number, char path[100])
{
	snprintf(path, 100, "/mnt/d/%0*u", NAME_WIDTH, number);
}

static int
try_create(unsigned number)
{
	struct vnode *vnode;
	char path[100];
	int error;

	path_of(number, path);
	error = namespace_open(&image.context, path, OPEN_READ_WRITE | OPEN_CREATE, 0644, &vnode);
	vnode_put(vnode);
	return error;
}

/* An image with a directory which the next name makes grow in this way. */
static void
prepare(enum growth growth, uint32_t journal_blocks)
{
	ffs_image_create_journaled(&image, &sample, journal_blocks);
	ffs_image_must_mount_writable(&image);
	make_directory(&image.context, "/mnt/d", 0755);
	if (growth == TAIL_MOVES)
		make_directory(&image.context, "/mnt/behind", 0755);
	/* A block of 512 bytes has room for seven; the first for ".", ".." and six. */
	name_count = (unsigned)(sizes[growth] / 512 * 7 - 1);
	for (unsigned i = 0; i < name_count; i++)
		assert_int_equal(try_create(i), 0);
	assert_int_equal(attributes_of(&image.context, "/mnt/d").size, sizes[growth]);
	ffs_image_must_be_clean(&image);
	prepared = malloc(image.fake.dev.size);
	memcpy(prepared, image.fake.content, image.fake.dev.size);
}

/* Mount it as it was prepared, the directory being known, and its blocks not. */
static void
begin(void)
{
	memcpy(image.fake.content, prepared, image.fake.dev.size);
	ffs_image_must_mount_writable(&image);
	assert_int_equal(try_lookup(&image.context, "/mnt/d", 0), 0);
}

static void
finish(void)
{
	ffs_image_destroy(&image);
	free(prepared);
}

/* Names are there, the new one if it was made; then it can be made, and more. */
static void
assert_names(int error)
{
	unsigned step = name_count / 50 + 1; /* all of them take too long */
	char path[100];

	for (unsigned i = 0; i < name_count; i += step) {
		path_of(i, path);
		assert_int_equal(try_lookup(&image.context, path, 0), 0);
	}
	path_of(name_count, path);
	assert_int_equal(try_lookup(&image.context, path, 0), error == 0 ? 0 : -ENOENT);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(try_create(name_count + i), 0);
	assert_int_equal(mount_sync_all(image.kernel), 0);
	for (unsigned i = name_count; i < name_count + 20; i++) {
		path_of(i, path);
		assert_int_equal(try_lookup(&image.context, path, 0), 0);
	}
}

static void
it_grows_as_the_other_tests_take_for_granted(void **state)
{
	for (enum growth growth = 0; growth < GROWTHS; growth++) {
		struct vnode_attributes before, after;

		prepare(growth, 0);
		begin();
		before = attributes_of(&image.context, "/mnt/d");
		assert_int_equal(try_create(name_count), 0);
		after = attributes_of(&image.context, "/mnt/d");
		assert_int_equal(after.size - before.size, growth == BLOCK_IS_FAR ? 4096 : 512);
		assert_int_equal(after.block_count - before.block_count,
		    growth == BLOCK_IS_FAR ? 16 : 1);
		assert_names(0);
		ffs_image_must_be_clean(&image);
		finish();
	}
	(void)state;
}

static void
without_memory_nothing_has_changed(void **state)
{
	for (unsigned i = 0; i < 2 * GROWTHS; i++) {
		uint64_t count = 0;
		bool was_hit = true;

		prepare(i / 2, i % 2 == 0 ? 0 : 64);
		for (; was_hit && count < TRIES_MAX; count++) {
			int error;

			begin();
			memory_fail_after(image.kernel, count);
			error = try_create(name_count);
			was_hit = memory_fail_stop(image.kernel);
			if (error != 0)
				assert_int_equal(error, -ENOMEM);
			assert_names(error);
			ffs_image_must_be_clean(&image);
		}
		assert_in_range(count, 4, TRIES_MAX - 1);
		finish();
	}
	(void)state;
}

static void
what_cannot_be_read_changes_nothing(void **state)
{
	for (unsigned i = 0; i < 2 * GROWTHS; i++) {
		bool was_hit = true;
		size_t count = 1;

		prepare(i / 2, i % 2 == 0 ? 0 : 64);
		for (; was_hit && count < TRIES_MAX; count++) {
			int error;

			begin();
			image.fake.read_count = 0;
			image.fake.bad_read = count;
			error = try_create(name_count);
			was_hit = image.fake.read_count >= count;
			image.fake.bad_read = 0;
			if (error != 0)
				assert_int_equal(error, -EIO);
			assert_names(error);
			ffs_image_must_be_clean(&image);
		}
		assert_in_range(count, 3, TRIES_MAX - 1);
		finish();
	}
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_as_the_other_tests_take_for_granted),
		cmocka_unit_test(without_memory_nothing_has_changed),
		cmocka_unit_test(what_cannot_be_read_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
