/*
 * Tests of the inode decoder, in both formats and byte orders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fs/ffs/dinode.h"
#include "tests/ffs_sample.h"

static const struct sample samples[] = {
	{ FFS_UFS1, ORDER_LITTLE, 8192, 1024, 1 },
	{ FFS_UFS1, ORDER_BIG, 8192, 1024, 1 },
	{ FFS_UFS2, ORDER_LITTLE, 8192, 1024, 1 },
	{ FFS_UFS2, ORDER_BIG, 8192, 1024, 1 },
};

static struct ffs_superblock sb;
static struct ffs_dinode inode;
static struct ffs_flaw flaw;
static uint8_t bytes[256];

static void
use(const struct sample *sample)
{
	static uint8_t superblock[FFS_SUPERBLOCK_SIZE];

	sample_superblock(superblock, sample);
	sample_decode(superblock, sample, &sb);
	memset(bytes, 0, sizeof(bytes));
}

/* A number at its place in UFS1 or UFS2. */
static void
put(unsigned place1, unsigned place2, unsigned width, uint64_t value)
{
	uint8_t *to = bytes + (sb.version == FFS_UFS2 ? place2 : place1);

	if (width == 2)
		store16(to, (uint16_t)value, sb.order);
	else if (width == 4)
		store32(to, (uint32_t)value, sb.order);
	else
		store64(to, value, sb.order);
}

static void
put_inode(unsigned mode, uint64_t size)
{
	memset(bytes, 0, sizeof(bytes));
	put(0, 0, 2, mode);
	put(2, 2, 2, 3);
	put(8, 16, 8, size);
	put(112, 4, 4, 70000);
	put(116, 8, 4, 80000);
	put(104, 24, sb.version == FFS_UFS2 ? 8 : 4, 24);
}

static int
decode(void)
{
	return ffs_dinode_decode(&sb, bytes, sb.inode_size, &inode, &flaw);
}

static void
reads_the_attributes_of_both_formats(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(samples); i++) {
		use(samples + i);
		put_inode(0104755, 123456);
		put(100, 88, 4, FFS_INODE_IMMUTABLE);
		put(108, 80, 4, 99);
		assert_int_equal(decode(), 0);
		assert_int_equal(inode.type, FFS_TYPE_REGULAR);
		assert_int_equal(inode.permissions, 04755);
		assert_int_equal(inode.link_count, 3);
		assert_int_equal(inode.size, 123456);
		assert_int_equal(inode.sector_count, 24);
		assert_int_equal(inode.uid, 70000);
		assert_int_equal(inode.gid, 80000);
		assert_int_equal(inode.flags, FFS_INODE_IMMUTABLE);
		assert_int_equal(inode.generation, 99);
	}
}

static void
reads_times_before_1970_and_past_2038(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(samples); i++) {
		unsigned width;

		use(samples + i);
		width = sb.version == FFS_UFS2 ? 8 : 4;
		put_inode(0100644, 0);
		put(16, 32, width, (uint64_t)-1);
		put(20, 68, 4, 999999999);
		put(24, 40, width, 2000000000);
		put(28, 64, 4, 2);
		put(32, 48, width, sb.version == FFS_UFS2 ? (uint64_t)1 << 40 : 7);
		put(36, 72, 4, 1000000000); /* out of range */
		if (sb.version == FFS_UFS2) {
			put(0, 56, 8, 1000);
			put(0, 76, 4, 4);
		}
		assert_int_equal(decode(), 0);
		assert_true(inode.accessed.seconds == -1);
		assert_int_equal(inode.accessed.nanoseconds, 999999999);
		assert_int_equal(inode.modified.seconds, 2000000000);
		assert_int_equal(inode.modified.nanoseconds, 2);
		assert_true(inode.changed.seconds == (sb.version == FFS_UFS2 ? 1LL << 40 : 7));
		assert_int_equal(inode.changed.nanoseconds, 0);
		assert_int_equal(inode.born.seconds, sb.version == FFS_UFS2 ? 1000 : 0);
	}
}

static void
reads_every_address(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(samples); i++) {
		unsigned width;

		use(samples + i);
		width = sb.pointer_size;
		put_inode(0100644, 1 << 20);
		for (unsigned j = 0; j < 12; j++)
			put(40 + 4 * j, 112 + 8 * j, width, 1000 + j);
		for (unsigned j = 0; j < 3; j++)
			put(88 + 4 * j, 208 + 8 * j, width, 2000 + j);
		assert_int_equal(decode(), 0);
		for (unsigned j = 0; j < 12; j++)
			assert_int_equal(inode.direct[j], 1000 + j);
		for (unsigned j = 0; j < 3; j++)
			assert_int_equal(inode.indirect[j], 2000 + j);
	}
}

static void
takes_ids_of_16_bits_from_old_inodes(void **state)
{
	use(samples + 1);
	sb.has_old_inodes = true;
	put_inode(0100644, 0);
	put(4, 0, 2, 500);
	put(6, 0, 2, 600);
	assert_int_equal(decode(), 0);
	assert_int_equal(inode.uid, 500);
	assert_int_equal(inode.gid, 600);
}

static void
keeps_the_targets_of_short_links(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(samples); i++) {
		unsigned max, place;

		use(samples + i);
		max = sb.version == FFS_UFS2 ? 120 : 60;
		place = sb.version == FFS_UFS2 ? 112 : 40;
		put_inode(0120777, max - 1);
		put(104, 24, 4, 0);
		put(104, 28, 4, 0);
		memset(bytes + place, 'x', max - 1);
		assert_int_equal(decode(), 0);
		assert_true(inode.is_short_link);
		for (unsigned j = 0; j < max - 1; j++)
			assert_int_equal(inode.target[j], 'x');

		put(8, 16, 8, max); /* one byte too long */
		assert_int_equal(decode(), 0);
		assert_false(inode.is_short_link);

		put(8, 16, 8, 5); /* short, but it holds blocks */
		put(104, 24, sb.version == FFS_UFS2 ? 8 : 4, 2);
		assert_int_equal(decode(), 0);
		assert_false(inode.is_short_link);
	}
}

static void
tells_a_links_target_from_its_extended_attributes(void **state)
{
	use(samples + 3);
	put_inode(0120777, 10);
	put(0, 92, 4, 30); /* bytes of attributes: one fragment */
	put(0, 24, 8, 2);  /* which is all that it holds */
	assert_int_equal(decode(), 0);
	assert_true(inode.is_short_link);
	put(0, 24, 8, 4);
	assert_int_equal(decode(), 0);
	assert_false(inode.is_short_link);
}

static void
never_keeps_targets_in_old_inodes(void **state)
{
	use(samples + 0);
	sb.has_old_inodes = true;
	sb.short_link_max = 0;
	put_inode(0120777, 10);
	put(104, 0, 4, 0);
	assert_int_equal(decode(), 0);
	assert_false(inode.is_short_link);
}

static void
splits_device_numbers(void **state)
{
	static const struct {
		uint32_t device, major, minor;
	} rows[] = {
		{ 0x0000, 0, 0 },
		{ 0x0102, 1, 2 },
		{ 0x00012345, 0x123, 0x45 },
		{ 0xfff000ff, 0, 0xfffff },
		{ 0x123fff45, 0xfff, 0x12345 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows) * 4; i++) {
		use(samples + i % 4);
		put_inode(0060600, 0);
		put(40, 112, sb.pointer_size, rows[i / 4].device);
		assert_int_equal(decode(), 0);
		assert_int_equal(ffs_device_major(inode.device), rows[i / 4].major);
		assert_int_equal(ffs_device_minor(inode.device), rows[i / 4].minor);
	}
}

static void
refuses_what_no_file_can_be(void **state)
{
	static const struct {
		unsigned mode;
		uint64_t size;
		int want;
	} rows[] = {
		{ 0, 0, 0 },			   /* free */
		{ 0, UINT64_MAX, 0 },		   /* free: the rest is left over */
		{ 0100644, INT64_MAX, -EUCLEAN },  /* more than pointers reach */
		{ 0100644, UINT64_MAX, -EUCLEAN }, /* negative */
		{ 0010644, 0, 0 },		   /* fifo */
		{ 0140644, 0, 0 },		   /* socket */
		{ 0160644, 0, -EUCLEAN },	   /* whiteouts have no inode */
		{ 0030644, 0, -EUCLEAN },	   /* no such type */
		{ 0170644, 0, -EUCLEAN }, { 0040755, 512, 0 },
		{ 0040755, 513, -EUCLEAN },	 /* entries cut off */
		{ 0040755, 24 * 512, 0 },	 /* all that it holds */
		{ 0040755, 25 * 512, -EUCLEAN }, /* more */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows) * 4; i++) {
		use(samples + i % 4);
		put_inode(rows[i / 4].mode, rows[i / 4].size);
		assert_int_equal(decode(), rows[i / 4].want);
		if (rows[i / 4].mode == 0)
			assert_int_equal(inode.type, FFS_TYPE_NONE);
	}
}

static void
takes_sizes_up_to_the_largest(void **state)
{
	use(samples + 2);
	put_inode(0100644, sb.file_size_max);
	assert_int_equal(decode(), 0);
	put_inode(0100644, sb.file_size_max + 1);
	assert_int_equal(decode(), -EUCLEAN);
	assert_int_equal(flaw.offset, 16);
}

static void
refuses_directories_from_2_gib_on(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(samples); i++) {
		use(samples + i);
		sb.fragment_count = (uint64_t)1 << 40;
		sb.file_size_max = (uint64_t)1 << 50;
		put_inode(0040755, ((uint64_t)1 << 31) - 512);
		put(104, 24, sb.pointer_size, 1 << 22);
		assert_int_equal(decode(), 0);
		put(8, 16, 8, (uint64_t)1 << 31);
		assert_int_equal(decode(), -EUCLEAN);
	}
}

static void
refuses_an_inode_that_is_cut_off(void **state)
{
	use(samples + 2);
	put_inode(0100644, 1);
	assert_int_equal(ffs_dinode_decode(&sb, bytes, sb.inode_size - 1, &inode, &flaw), -EUCLEAN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_attributes_of_both_formats),
		cmocka_unit_test(reads_times_before_1970_and_past_2038),
		cmocka_unit_test(reads_every_address),
		cmocka_unit_test(takes_ids_of_16_bits_from_old_inodes),
		cmocka_unit_test(keeps_the_targets_of_short_links),
		cmocka_unit_test(tells_a_links_target_from_its_extended_attributes),
		cmocka_unit_test(never_keeps_targets_in_old_inodes),
		cmocka_unit_test(splits_device_numbers),
		cmocka_unit_test(refuses_what_no_file_can_be),
		cmocka_unit_test(takes_sizes_up_to_the_largest),
		cmocka_unit_test(refuses_directories_from_2_gib_on),
		cmocka_unit_test(refuses_an_inode_that_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
