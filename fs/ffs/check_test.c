/*
 * Tests of checking file systems: what is good, what preening leaves, what is
 * refused, and formats of old.  What is repaired is in check_damage_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "fs/ffs/layout.h"
#include "tests/fake_fs.h"
#include "tests/ffs_checking.h"
#include "vfs/mount.h"

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 2 },
	{ FFS_UFS1, ORDER_BIG, 4096, 512, 2 },
	{ FFS_UFS1, ORDER_LITTLE, 8192, 1024, 2 },
	{ FFS_UFS2, ORDER_BIG, 16384, 2048, 2 },
};

static void
nothing_is_wrong_with_what_the_driver_wrote(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct checking *test = checking_create(&samples[s]);
		const struct fs_check_result *result = checking_run(test, FS_CHECK_ONLY);

		assert_int_equal(result->problems, 0);
		assert_true(result->was_clean && result->is_clean && !result->is_modified);
		assert_int_equal(result->directories, 6);
		assert_int_equal(result->files, 14 + FILES_MANY);
		assert_int_equal(result->fragment_size, samples[s].fragment_size);
		checking_destroy(test);
	}
	(void)state;
}

static void
preening_leaves_what_no_crash_leaves(void **state)
{
	struct checking *test = checking_create(&samples[0]);

	/* Marked clean, it is not even looked at. */
	checking_lose_file(test);
	assert_true(checking_run(test, FS_CHECK_PREEN)->is_skipped);
	checking_superblock_at(test)[209] = 0;
	assert_int_equal(checking_run(test, FS_CHECK_PREEN)->left, 0);
	assert_true(test->request.result.repaired >= 2);
	checking_restore(test);

	checking_superblock_at(test)[209] = 0;
	checking_hold_twice(test);
	checking_lose_file(test);
	assert_true(checking_run(test, FS_CHECK_PREEN)->left > 0);
	assert_int_equal(test->request.result.repaired, 0);
	assert_false(test->request.result.is_modified);
	assert_int_equal(checking_superblock_at(test)[209], 0);
	checking_destroy(test);
	(void)state;
}

/* ---- old formats --------------------------------------------------------------------------- */

enum {
	CYLINDERS = 16,
	POSITIONS = 8,
	TOTALS_AT = 2700, /* in the header, behind the maps */
	PLACES_AT = TOTALS_AT + 4 * CYLINDERS,
};

/* Take the 64-bit fields away, and give the groups tables of rotational positions. */
static void
make_old_superblock(struct checking *test, uint8_t *superblock)
{
	enum byte_order order = test->image.sample.order;
	const struct {
		unsigned at;
		uint32_t value;
	} fields[] = { { 36, 2 * SAMPLE_FRAGMENTS_PER_GROUP }, { 40, 30000 }, { 124, 1 },
		{ 132, 64 }, { 136, 1 }, { 140, 0 },
		{ 152, (uint32_t)test->image.sb.summary_address }, { 168, 64 },
		{ 172, SAMPLE_FRAGMENTS_PER_GROUP / CYLINDERS }, { 180, CYLINDERS }, { 1356, 1 },
		{ 1360, POSITIONS } };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		store32(superblock + fields[i].at, fields[i].value, order);
	for (uint32_t i = 0; i < 4; i++)
		store32(superblock + 192 + 4 * i,
		    (uint32_t)load64(superblock + 1008 + 8 * i, order), order);
	superblock[211] = 0;
	memset(superblock + 1000, 0, 112);
}

static void
make_old(struct checking *test)
{
	enum byte_order order = test->image.sample.order;

	make_old_superblock(test, checking_superblock_at(test));
	for (uint32_t group = 0; group < 2; group++) {
		make_old_superblock(test, checking_copy_at(test, group));
		store32(checking_header_at(test, group) + 84, TOTALS_AT, order);
		store32(checking_header_at(test, group) + 88, PLACES_AT, order);
	}
}

static void
old_file_systems_are_repaired_with_their_tables(void **state)
{
	static const enum byte_order orders[] = { ORDER_LITTLE, ORDER_BIG };

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		const struct sample sample = { FFS_UFS1, orders[i], 4096, 512, 2 };
		struct checking *test = checking_create(&sample);
		uint32_t totals = 0, places = 0;

		make_old(test);
		checking_lose_file(test);
		checking_superblock_at(test)[209] = 0;
		assert_true(checking_run(test, FS_CHECK_ONLY)->problems > 0);
		if (strstr(test->told, "tables of rotational positions") == NULL)
			fail_msg("told is:\n%s", test->told);
		assert_int_equal(checking_run(test, FS_CHECK_PREEN)->left, 0);
		if (checking_run(test, FS_CHECK_ONLY)->problems > 0)
			fail_msg("then:\n%s", test->told);
		for (uint32_t c = 0; c < CYLINDERS; c++) {
			totals +=
			    load32(checking_header_at(test, 1) + TOTALS_AT + 4 * c, orders[i]);
			for (uint32_t p = 0; p < POSITIONS; p++)
				places += load16(checking_header_at(test, 1) + PLACES_AT +
						     2 * (c * POSITIONS + p),
				    orders[i]);
		}
		assert_int_equal(totals, load32(checking_header_at(test, 1) + 28, orders[i]));
		assert_int_equal(places, totals);
		ffs_image_must_mount(&test->image);
		assert_true(checking_has(test, "/lost+found"));
		assert_int_equal(ffs_image_unmount(&test->image), 0);
		checking_destroy(test);
	}
	(void)state;
}

/* Entries without types, names with lengths of 16 bits, ids of 16 bits. */
static void
old_directories_get_old_entries(void **state)
{
	static const enum byte_order orders[] = { ORDER_LITTLE, ORDER_BIG };

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		const struct sample sample = { FFS_UFS1, orders[i], 4096, 512, 2 };
		struct checking *test = calloc(1, sizeof(*test));
		struct ffs_image *image = &test->image;
		uint8_t *root;

		ffs_image_create_writable(image, &sample, SAMPLE_MODERN);
		make_old(test);
		store32(checking_superblock_at(test) + 1324, 0, orders[i]); /* inode format */
		for (uint32_t group = 0; group < 2; group++)
			store32(checking_copy_at(test, group) + 1324, 0, orders[i]);
		root = ffs_image_at(image, ffs_image_root(image));
		store16(root + 6, 1, orders[i]);
		store16(root + 12 + 6, 2, orders[i]);
		ffs_image_put_inode(image, 20, 0100644, 0, 0);
		store16(ffs_image_inode(image, 20) + 4, 1000, orders[i]);
		ffs_image_put_inode(image, 21, 0100600, 100, 1);
		ffs_image_put_pointer(image, 21, 0, ffs_image_free(image));
		if (checking_run(test, FS_CHECK_REPAIR)->left > 0)
			fail_msg("told is:\n%s", test->told);
		assert_non_null(strstr(test->told, "inode 21: a file of 100 bytes"));
		assert_non_null(strstr(test->told, "inode 20: an empty file"));
		if (checking_run(test, FS_CHECK_ONLY)->problems > 0)
			fail_msg("then:\n%s", test->told);
		ffs_image_must_mount(image);
		assert_true(checking_has(test, "/lost+found/#21"));
		assert_int_equal(ffs_image_unmount(image), 0);
		checking_destroy(test);
	}
	(void)state;
}

/* Groups of 4.2BSD, with everything at fixed places and their magic number behind it. */
static void
groups_of_42bsd_are_repaired_as_such(void **state)
{
	static const struct {
		unsigned at;
		const char *want;
	} rows[] = {
		{ 980, "header is damaged" },
		{ 12, "header is damaged" },
		{ 84 + 4 * 3, "tables of rotational positions" },
		{ 212 + 8, "tables of rotational positions" },
		{ 724, "map of inodes" },
		{ 984 + 200, "map of fragments" },
		{ 28, "counts" },
		{ 56, "counts of runs" },
	};
	static const enum byte_order orders[] = { ORDER_LITTLE, ORDER_BIG };

	for (size_t i = 0; i < ARRAY_SIZE(orders) * ARRAY_SIZE(rows); i++) {
		const struct sample sample = { FFS_UFS1, orders[i % 2], 4096, 512, 2 };
		struct checking *test = calloc(1, sizeof(*test));

		ffs_image_create_writable(&test->image, &sample, SAMPLE_42BSD);
		checking_run(test, FS_CHECK_REPAIR);
		if (test->request.result.left > 0 ||
		    checking_run(test, FS_CHECK_ONLY)->problems > 0)
			fail_msg("good, but told is:\n%s", test->told);
		checking_header_at(test, 1)[rows[i / 2].at] ^= 0xff;
		if (checking_run(test, FS_CHECK_REPAIR)->left > 0 ||
		    strstr(test->told, rows[i / 2].want) == NULL)
			fail_msg("byte %u: told is:\n%s", rows[i / 2].at, test->told);
		if (checking_run(test, FS_CHECK_ONLY)->problems > 0)
			fail_msg("byte %u: then\n%s", rows[i / 2].at, test->told);
		if (ffs_check(checking_bytes(test), test->image.fake.dev.size, &test->image.sb,
			&test->other) > 0)
			fail_msg("byte %u: the other checker:\n%s", rows[i / 2].at,
			    test->other.report);
		ffs_image_must_mount(&test->image);
		assert_int_equal(ffs_image_unmount(&test->image), 0);
		checking_destroy(test);
	}
	(void)state;
}

static void
checking_what_is_mounted_is_refused(void **state)
{
	struct checking *test = checking_create(&samples[0]);
	struct fs_check_request *request = &test->request;

	checking_mount(test);
	assert_int_equal(fs_check_at(&test->image.context, "ffs", request), -EBUSY);
	assert_int_equal(ffs_image_unmount(&test->image), 0);
	assert_int_equal(ffs_image_mount(&test->image, ""), 0);
	assert_int_equal(checking_run(test, FS_CHECK_ONLY)->problems, 0);
	request->mode = FS_CHECK_REPAIR;
	assert_int_equal(fs_check_at(&test->image.context, "ffs", request), -EBUSY);
	assert_int_equal(ffs_image_unmount(&test->image), 0);
	assert_int_equal(fs_check_at(&test->image.context, "auto", request), 0);
	assert_int_equal(fs_check_at(&test->image.context, "tmpfs", request), -EOPNOTSUPP);
	assert_int_equal(fs_check_at(&test->image.context, "no", request), -ENODEV);
	checking_destroy(test);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_wrong_with_what_the_driver_wrote),
		cmocka_unit_test(preening_leaves_what_no_crash_leaves),
		cmocka_unit_test(old_file_systems_are_repaired_with_their_tables),
		cmocka_unit_test(old_directories_get_old_entries),
		cmocka_unit_test(groups_of_42bsd_are_repaired_as_such),
		cmocka_unit_test(checking_what_is_mounted_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
