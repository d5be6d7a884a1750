/*
 * Tests of the address arithmetic, against dumb twins that count one by one
 * and against the corners of its domain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fs/ffs/layout.h"
#include "tests/ffs_sample.h"

static const struct sample ufs1 = { FFS_UFS1, ORDER_LITTLE, 8192, 1024, 3 };
static const struct sample ufs2 = { FFS_UFS2, ORDER_LITTLE, 4096, 512, 3 };

static struct ffs_superblock sb;
static uint8_t bytes[FFS_SUPERBLOCK_SIZE];

static void
use(const struct sample *sample)
{
	sample_superblock(bytes, sample);
	sample_decode(bytes, sample, &sb);
}

static void
places_inodes_one_behind_the_other(void **state)
{
	const struct sample *samples[] = { &ufs1, &ufs2 };

	for (unsigned i = 0; i < 2; i++) {
		uint64_t want;

		use(samples[i]);
		for (uint32_t ino = 1; ino < ffs_inode_count(&sb); ino++) {
			uint64_t fragment;
			uint32_t offset;

			want = ffs_group_start(&sb, ino / SAMPLE_INODES_PER_GROUP) + 256;
			want <<= sb.fragment_shift;
			want += ino % SAMPLE_INODES_PER_GROUP * (uint64_t)sb.inode_size;
			assert_true(ffs_inode_place(&sb, ino, &fragment, &offset));
			assert_int_equal(ffs_fragment_offset(&sb, fragment) + offset, want);
			assert_true(offset + sb.inode_size <= sb.fragment_size);
		}
	}
}

static void
refuses_inodes_that_there_are_none_of(void **state)
{
	const uint32_t rows[] = { 0, 3 * SAMPLE_INODES_PER_GROUP, 0x80000000, UINT32_MAX };

	use(&ufs1);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t fragment;
		uint32_t offset;

		assert_false(ffs_inode_place(&sb, rows[i], &fragment, &offset));
	}
}

static void
staggers_the_starts_of_groups(void **state)
{
	use(&ufs1);
	sb.stagger = 64;
	sb.stagger_mask = ~3U;
	assert_int_equal(ffs_group_start(&sb, 0), 0);
	assert_int_equal(ffs_group_start(&sb, 1), SAMPLE_FRAGMENTS_PER_GROUP + 64);
	assert_int_equal(ffs_group_start(&sb, 3), 3 * SAMPLE_FRAGMENTS_PER_GROUP + 192);
	assert_int_equal(ffs_group_start(&sb, 4), 4 * SAMPLE_FRAGMENTS_PER_GROUP);
}

static void
takes_only_addresses_inside_the_data(void **state)
{
	uint64_t end = 3 * SAMPLE_FRAGMENTS_PER_GROUP, first = sample_data_offset(&ufs1);
	const struct {
		uint64_t address;
		uint32_t count;
		bool want;
	} rows[] = {
		{ first, 8, true }, { first - 1, 8, false }, /* inodes */
		{ 1, 8, false }, /* boot blocks; FreeBSD's mark in snapshots */
		{ end - 8, 8, true }, { end - 7, 8, false }, /* only partly inside */
		{ end - 1, 1, true }, { end, 1, false }, { end, 0, false },
		{ UINT64_MAX, 1, false },				/* the sum would wrap */
		{ UINT64_MAX - 7, 8, false }, { 0xffffffff, 1, false }, /* -1 in UFS1 */
	};

	use(&ufs1);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(ffs_is_data(&sb, rows[i].address, rows[i].count), rows[i].want);
}

static void
knows_how_long_each_block_of_a_file_is(void **state)
{
	const struct {
		uint64_t size, block;
		uint32_t want;
	} rows[] = {
		{ 0, 0, 0 },
		{ 1, 0, 1024 },
		{ 1024, 0, 1024 },
		{ 1025, 0, 2048 },
		{ 7169, 0, 8192 },
		{ 8192, 0, 8192 },
		{ 8192, 1, 0 },
		{ 8193, 0, 8192 },
		{ 8193, 1, 1024 },
		{ 12 * 8192 - 8191, 11, 1024 }, /* the last that can be short */
		{ 12 * 8192 + 1, 12, 8192 },	/* behind the direct ones, all are whole */
		{ 12 * 8192 + 1, 11, 8192 },
		{ 12 * 8192 + 1, 13, 0 },
		{ INT64_MAX, 5, 8192 },
		{ INT64_MAX, UINT64_MAX, 0 },
	};

	use(&ufs1);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(ffs_block_length(&sb, rows[i].size, rows[i].block), rows[i].want);
}

/* Count blocks up to the one that index leads to, one digit at a time. */
static uint64_t
block_of(const struct ffs_path *path)
{
	uint64_t per_block = sb.pointers_per_block, block = path->index[0];

	for (unsigned i = 1; i < path->depth; i++)
		block = block * per_block + path->index[i];
	if (path->depth >= 1)
		block += 12;
	if (path->depth >= 2)
		block += per_block;
	if (path->depth >= 3)
		block += per_block * per_block;
	return block;
}

static void
finds_the_way_to_every_block(void **state)
{
	uint64_t n, corners[8];
	struct ffs_path path;

	use(&ufs2);
	n = sb.pointers_per_block;
	for (uint64_t block = 0; block < 2 * n * n; block++) {
		assert_true(ffs_path_to(&sb, block, &path));
		assert_int_equal(block_of(&path), block);
	}
	corners[0] = 0;
	corners[1] = 11;
	corners[2] = 12;
	corners[3] = 12 + n - 1;
	corners[4] = 12 + n;
	corners[5] = 12 + n + n * n - 1;
	corners[6] = 12 + n + n * n;
	corners[7] = 12 + n + n * n + n * n * n - 1;
	for (unsigned i = 0; i < 8; i++) {
		assert_true(ffs_path_to(&sb, corners[i], &path));
		assert_int_equal(path.depth, i / 2);
		assert_int_equal(block_of(&path), corners[i]);
	}
	assert_false(ffs_path_to(&sb, corners[7] + 1, &path));
	assert_false(ffs_path_to(&sb, UINT64_MAX, &path));
}

static void
knows_how_far_each_pointer_reaches(void **state)
{
	struct ffs_path path;

	use(&ufs2);
	assert_true(ffs_path_to(&sb, 3, &path));
	assert_int_equal(path.span[0], 1);
	assert_true(ffs_path_to(&sb, 12 + 512 + 512 * 512, &path));
	assert_int_equal(path.span[0], 512 * 512);
	assert_int_equal(path.span[1], 512);
	assert_int_equal(path.span[2], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_inodes_one_behind_the_other),
		cmocka_unit_test(refuses_inodes_that_there_are_none_of),
		cmocka_unit_test(staggers_the_starts_of_groups),
		cmocka_unit_test(takes_only_addresses_inside_the_data),
		cmocka_unit_test(knows_how_long_each_block_of_a_file_is),
		cmocka_unit_test(finds_the_way_to_every_block),
		cmocka_unit_test(knows_how_far_each_pointer_reaches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
