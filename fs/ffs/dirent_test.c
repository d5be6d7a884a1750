/*
 * Tests of the directory decoder: blocks as kernels write them, in both
 * formats and byte orders, and hostile ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fs/ffs/dirent.h"
#include "tests/ffs_sample.h"

static const struct sample little = { FFS_UFS1, ORDER_LITTLE, 8192, 1024, 1 };
static const struct sample big = { FFS_UFS1, ORDER_BIG, 8192, 1024, 1 };

static struct ffs_superblock sb;
static struct ffs_dirent entry;
static struct ffs_flaw flaw;
static uint8_t block[FFS_DIRENT_BLOCK_SIZE];

static void
use(const struct sample *sample, bool is_old)
{
	static uint8_t superblock[FFS_SUPERBLOCK_SIZE];

	sample_superblock(superblock, sample);
	sample_decode(superblock, sample, &sb);
	sb.has_old_inodes = is_old;
	memset(block, 0xee, sizeof(block));
}

/* Write an entry at offset; where the next one begins. */
static uint32_t
put(uint32_t offset, uint32_t ino, unsigned length, unsigned type, const char *name)
{
	size_t name_length = string_length(name, 512);

	store32(block + offset, ino, sb.order);
	store16(block + offset + 4, (uint16_t)length, sb.order);
	if (sb.has_old_inodes) {
		store16(block + offset + 6, (uint16_t)name_length, sb.order);
	} else {
		block[offset + 6] = (uint8_t)type;
		block[offset + 7] = (uint8_t)name_length;
	}
	for (size_t i = 0; i <= name_length && offset + 8 + i < sizeof(block); i++)
		block[offset + 8 + i] = (uint8_t)name[i];
	return offset + length;
}

static void
put_directory(void)
{
	uint32_t offset = put(0, 2, 12, FFS_TYPE_DIRECTORY, ".");

	offset = put(offset, 2, 12, FFS_TYPE_DIRECTORY, "..");
	offset = put(offset, 10, 16, FFS_TYPE_REGULAR, "file");
	offset = put(offset, 11, 24, FFS_TYPE_SYMLINK, "a-longer-name");
	put(offset, 12, 512 - offset, FFS_TYPE_FIFO, "last");
}

static void
lists_both_formats_in_both_orders(void **state)
{
	static const struct {
		uint32_t ino;
		enum ffs_type type;
		const char *name;
	} want[] = {
		{ 2, FFS_TYPE_DIRECTORY, "." },
		{ 2, FFS_TYPE_DIRECTORY, ".." },
		{ 10, FFS_TYPE_REGULAR, "file" },
		{ 11, FFS_TYPE_SYMLINK, "a-longer-name" },
		{ 12, FFS_TYPE_FIFO, "last" },
	};

	for (unsigned i = 0; i < 4; i++) {
		uint32_t offset = 0;

		use(i & 1 ? &big : &little, i & 2);
		put_directory();
		for (unsigned j = 0; j < ARRAY_SIZE(want); j++, offset += entry.length) {
			assert_int_equal(ffs_dirent_decode(&sb, block, offset, &entry, &flaw), 0);
			assert_int_equal(entry.ino, want[j].ino);
			assert_int_equal(entry.type, i & 2 ? FFS_TYPE_NONE : want[j].type);
			assert_true(name_equal(entry.name, name_of(want[j].name)));
		}
		assert_int_equal(offset, 512);
	}
}

static void
finds_names_and_only_whole_ones(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		use(i & 1 ? &big : &little, i & 2);
		put_directory();
		assert_int_equal(ffs_dirent_find(&sb, block, NAME("file"), &entry, &flaw), 0);
		assert_int_equal(entry.ino, 10);
		assert_int_equal(ffs_dirent_find(&sb, block, NAME("last"), &entry, &flaw), 0);
		assert_int_equal(entry.ino, 12);
		assert_int_equal(ffs_dirent_find(&sb, block, NAME("fil"), &entry, &flaw), -ENOENT);
		assert_int_equal(ffs_dirent_find(&sb, block, NAME("file2"), &entry, &flaw),
		    -ENOENT);
	}
}

static void
passes_over_unused_entries_and_whiteouts(void **state)
{
	uint32_t offset;

	use(&little, false);
	offset = put(0, 0, 32, 0, ""); /* a removed first entry keeps its place */
	offset = put(offset, 1, 16, FFS_TYPE_WHITEOUT, "gone");
	put(offset, 9, 512 - offset, FFS_TYPE_REGULAR, "here");
	assert_int_equal(ffs_dirent_find(&sb, block, NAME("gone"), &entry, &flaw), -ENOENT);
	assert_int_equal(ffs_dirent_find(&sb, block, NAME("here"), &entry, &flaw), 0);
	assert_int_equal(ffs_dirent_decode(&sb, block, 0, &entry, &flaw), 0);
	assert_false(ffs_dirent_is_live(&entry));
	assert_int_equal(entry.name.length, 0);
}

static void
takes_an_empty_block(void **state)
{
	use(&big, false);
	put(0, 0, 512, 0, "");
	assert_int_equal(ffs_dirent_find(&sb, block, NAME("x"), &entry, &flaw), -ENOENT);
}

static void
takes_the_longest_name(void **state)
{
	char name[256];

	memset(name, 'n', 255);
	name[255] = '\0';
	use(&big, false);
	put(0, 7, 512, FFS_TYPE_REGULAR, name);
	assert_int_equal(ffs_dirent_find(&sb, block, name_of(name), &entry, &flaw), 0);
	assert_int_equal(entry.name.length, 255);
}

static void
refuses_entries_that_do_not_fit(void **state)
{
	static const struct {
		uint32_t offset;
		unsigned length;
		const char *name;
		bool want;
	} rows[] = {
		{ 0, 512, "ok", true },	   /* as large as its block */
		{ 0, 0, "a", false },	   /* would never advance */
		{ 0, 8, "a", false },	   /* no place for a name */
		{ 0, 11, "a", false },	   /* too small and odd */
		{ 0, 14, "a", false },	   /* no multiple of 4 */
		{ 0, 12, "abc", true },	   /* fits with its NUL */
		{ 0, 12, "abcd", false },  /* its NUL does not fit */
		{ 0, 516, "a", false },	   /* leaves the block */
		{ 0, 65532, "a", false },  /* leaves it by far */
		{ 500, 12, "abc", true },  /* the last place there is */
		{ 500, 16, "abc", false }, /* leaves the block from there */
		{ 504, 8, "", false },	   /* the rest of the block is too small */
		{ 0, 12, "", false },	   /* used, but without a name */
		{ 0, 24, "a/b", false },   /* would lead elsewhere */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows) * 4; i++) {
		int error;

		use(i & 1 ? &big : &little, i & 2);
		put(rows[i / 4].offset, 5, rows[i / 4].length, FFS_TYPE_REGULAR, rows[i / 4].name);
		error = ffs_dirent_decode(&sb, block, rows[i / 4].offset, &entry, &flaw);
		assert_int_equal(error, rows[i / 4].want ? 0 : -EUCLEAN);
		if (!rows[i / 4].want)
			assert_in_range(flaw.offset, rows[i / 4].offset, 511);
	}
}

static void
refuses_an_end_too_small_for_an_entry(void **state)
{
	use(&little, false);
	assert_int_equal(ffs_dirent_decode(&sb, block, 508, &entry, &flaw), -EUCLEAN);
	assert_int_equal(flaw.offset, 508);
}

static void
refuses_a_nul_inside_a_name(void **state)
{
	use(&little, false);
	put(0, 5, 512, FFS_TYPE_REGULAR, "abc");
	block[9] = '\0';
	assert_int_equal(ffs_dirent_decode(&sb, block, 0, &entry, &flaw), -EUCLEAN);
	assert_int_equal(flaw.offset, 9);
}

static void
refuses_old_names_of_more_than_255_bytes(void **state)
{
	use(&little, true);
	put(0, 5, 512, 0, "abc");
	store16(block + 6, 256, ORDER_LITTLE);
	assert_int_equal(ffs_dirent_decode(&sb, block, 0, &entry, &flaw), -EUCLEAN);
}

static void
stops_searching_at_damage(void **state)
{
	use(&little, false);
	put_directory();
	store16(block + 24 + 4, 3, ORDER_LITTLE);
	assert_int_equal(ffs_dirent_find(&sb, block, NAME(".."), &entry, &flaw), 0);
	assert_int_equal(ffs_dirent_find(&sb, block, NAME("last"), &entry, &flaw), -EUCLEAN);
	assert_int_equal(flaw.offset, 28);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_both_formats_in_both_orders),
		cmocka_unit_test(finds_names_and_only_whole_ones),
		cmocka_unit_test(passes_over_unused_entries_and_whiteouts),
		cmocka_unit_test(takes_an_empty_block),
		cmocka_unit_test(takes_the_longest_name),
		cmocka_unit_test(refuses_entries_that_do_not_fit),
		cmocka_unit_test(refuses_an_end_too_small_for_an_entry),
		cmocka_unit_test(refuses_a_nul_inside_a_name),
		cmocka_unit_test(refuses_old_names_of_more_than_255_bytes),
		cmocka_unit_test(stops_searching_at_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
