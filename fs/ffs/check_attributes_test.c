/*
 * Tests of checking extended attributes: damage of each kind in an area of known
 * records, and which of them are left.
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
#include "tests/fake_fs.h"
#include "tests/ffs_checking.h"
#include "vfs/namespace.h"
#include "vfs/xattr.h"

#define COUNT	   5
#define VALUE_SIZE 1500
#define RECORD	   1512 /* "a" to "e": 8 bytes of header and name, and the value */

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 2 },
	{ FFS_UFS2, ORDER_BIG, 4096, 1024, 2 },
};

/* Of an inode. */
enum field {
	SECTORS = 24,
	AREA_SIZE = 92,
	AREA_FIRST = 96,
};

static struct vnode *
open_file(struct checking *test)
{
	struct vnode *vnode;

	checking_mount(test);
	assert_int_equal(lookup(&test->image.context, "/mnt/f", 0, &vnode), 0);
	return vnode;
}

/* A file with five attributes in two blocks. */
static struct checking *
create(const struct sample *sample)
{
	static const char value[VALUE_SIZE];
	struct checking *test = calloc(1, sizeof(*test));
	char name[] = "user.a";
	struct vnode *vnode;

	ffs_image_create_writable(&test->image, sample, SAMPLE_MODERN);
	checking_mount(test);
	make_file(&test->image.context, "/mnt/f", 0644);
	assert_int_equal(lookup(&test->image.context, "/mnt/f", 0, &vnode), 0);
	for (char c = 'a'; c < 'a' + COUNT; c++) {
		name[5] = c;
		assert_int_equal(xattr_set(vnode, test->image.root, name_of(name), value,
				     VALUE_SIZE, 0),
		    0);
	}
	snprintf(test->paths[0].path, sizeof(test->paths[0].path), "/f");
	test->paths[0].ino = (uint32_t)vnode->attributes.ino;
	test->path_count = 1;
	vnode_put(vnode);
	assert_int_equal(ffs_image_unmount(&test->image), 0);
	assert_int_equal(checking_run(test, FS_CHECK_REPAIR)->left, 0);
	assert_int_equal(checking_run(test, FS_CHECK_ONLY)->problems, 0);
	return test;
}

/* Which attributes there are, like "abde". */
static void
list(struct checking *test, char out[COUNT + 1])
{
	struct vnode *vnode = open_file(test);
	struct xattr_names names;
	size_t count = 0;

	assert_int_equal(xattr_list(vnode, test->image.root, &names), 0);
	assert_true(names.length <= COUNT * sizeof("user.a"));
	for (size_t at = 0; at < names.length; at += sizeof("user.a"))
		out[count++] = names.bytes[at + 5];
	out[count] = '\0';
	xattr_names_free(&names, test->image.kernel);
	vnode_put(vnode);
	assert_int_equal(ffs_image_unmount(&test->image), 0);
}

struct row {
	const char *what;
	bool is_inode; /* the field is in the inode, not in the area */
	unsigned at;
	unsigned width;
	uint64_t value;
	const char *want; /* what is told */
	const char *left; /* what is there then */
};

static const struct row rows[] = {
	{ "length 0", false, 2 * RECORD, 4, 0, "length of an", "ab" },
	{ "odd length", false, 2 * RECORD, 4, RECORD + 1, "length of an", "ab" },
	{ "a length past the end", false, 2 * RECORD, 4, 80000, "length of an", "ab" },
	{ "the first length", false, 0, 4, UINT32_MAX, "length of an", "" },
	{ "a length in the second block", false, 3 * RECORD, 4, 4, "length of an", "abc" },
	{ "no name", false, RECORD + 6, 1, 0, "name of an", "acde" },
	{ "padding", false, RECORD + 5, 1, 255, NULL, "abcde" }, /* a shorter value */
	{ "a short record", false, 4 * RECORD, 4, 8, "cut off|length of|name of", "abcd" },
	{ "area too large", true, AREA_SIZE, 4, 9000, "extended attributes", "abcde" },
	{ "area cut off", true, AREA_SIZE, 4, 2 * RECORD + 8, "extended attributes", "ab" },
	{ "area of two blocks and more", true, AREA_SIZE, 4, 0x80000000, "extended", "abcde" },
	{ "no second block", true, AREA_FIRST + 8, 8, 0, "larger than what it holds", "ab" },
	{ "no first block", true, AREA_FIRST, 8, 0, "larger than what it holds", "" },
};

static uint8_t *
place_of(struct checking *test, const struct row *row)
{
	uint8_t *inode = checking_inode_at(test, checking_ino(test, "/f"));
	unsigned block = row->at / test->image.sb.block_size;
	enum byte_order order = test->image.sample.order;

	if (row->is_inode)
		return inode + row->at;
	return ffs_image_at(&test->image, load64(inode + AREA_FIRST + 8 * block, order)) +
	       row->at % test->image.sb.block_size;
}

static void
damage(struct checking *test, const struct row *row)
{
	char left[COUNT + 1];
	bool is_told;

	checking_store(test, place_of(test, row), row->width, row->value);
	checking_run(test, FS_CHECK_REPAIR);
	is_told = strstr(test->told, "attributes are damaged") != NULL;
	if (test->request.result.left > 0 || is_told != (row->want != NULL))
		fail_msg("%s: told is:\n%s", row->what, test->told);
	if (checking_run(test, FS_CHECK_ONLY)->problems > 0)
		fail_msg("%s: after it:\n%s", row->what, test->told);
	if (ffs_check(checking_bytes(test), test->image.fake.dev.size, &test->image.sb,
		&test->other) > 0)
		fail_msg("%s: the other checker:\n%s", row->what, test->other.report);
	list(test, left);
	if (strcmp(left, row->left) != 0)
		fail_msg("%s: left are \"%s\"", row->what, left);
}

static void
good_attributes_outlive_damaged_ones(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples) * ARRAY_SIZE(rows); i++) {
		struct checking *test = create(&samples[i % 2]);

		damage(test, &rows[i / 2]);
		checking_destroy(test);
	}
	(void)state;
}

/* Preening and looking change nothing. */
static void
damaged_attributes_are_no_leftover(void **state)
{
	struct checking *test = create(&samples[0]);

	checking_store(test, place_of(test, &rows[0]), 4, 0);
	checking_superblock_at(test)[209] = 0;
	assert_int_equal(checking_run(test, FS_CHECK_ONLY)->left, 1);
	assert_non_null(strstr(test->told, "length of an extended attribute"));
	assert_true(checking_run(test, FS_CHECK_PREEN)->left > 0);
	assert_int_equal(test->request.result.repaired, 0);
	checking_destroy(test);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_attributes_outlive_damaged_ones),
		cmocka_unit_test(damaged_attributes_are_no_leftover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
