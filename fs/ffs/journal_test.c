/*
 * Tests of the journal that is made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fs/ffs/journal.h"
#include "tests/ffs_sample.h"

static const enum byte_order orders[] = { ORDER_LITTLE, ORDER_BIG };

static void
the_default_size_is_a_share_of_the_file_system(void **state)
{
	static const struct {
		uint64_t fs_size;
		uint32_t block_size;
		uint64_t want;
	} rows[] = {
		{ 1 << 20, 4096, 1 << 20 },				/* the least */
		{ (uint64_t)4 << 30, 16384, 4 << 20 },			/* a 1024th */
		{ (uint64_t)1 << 40, 16384, 64 << 20 },			/* the most */
		{ (uint64_t)1 << 30, 65536, 2 << 20 },			/* two operations */
		{ ((uint64_t)4 << 30) + 1024, 8192, (4 << 20) + 8192 }, /* whole blocks */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(ffs_journal_default_size(rows[i].fs_size, rows[i].block_size),
		    rows[i].want);
	(void)state;
}

static void
a_new_log_is_empty(void **state)
{
	struct ffs_journal journal = { .size = 1 << 20, .block_size = 512 };
	struct ffs_time now = { 1700000000, 5 };
	uint8_t bytes[FFS_WAPBL_HEADER_COUNT * 512];

	for (unsigned i = 0; i < 2; i++) {
		ffs_journal_format(&journal, orders[i], now, bytes);
		for (unsigned number = 0; number < FFS_WAPBL_HEADER_COUNT; number++) {
			struct ffs_wapbl_header header;
			struct ffs_flaw flaw;

			assert_int_equal(ffs_wapbl_header_decode(bytes + 512 * number, 512,
					     journal.size, &header, &flaw),
			    0);
			assert_int_equal(header.order, orders[i]);
			assert_int_equal(header.generation % 2, number);
			assert_int_equal(header.used, 0);
			assert_int_equal(header.area_offset, 1024);
			assert_int_equal(header.area_size, journal.size - 1024);
			assert_int_equal(load64(bytes + 512 * number + 24, orders[i]), 1700000000);
		}
	}
	(void)state;
}

static void
a_superblock_says_where_the_log_is(void **state)
{
	static const struct ffs_journal none = { .place = FFS_JOURNAL_NONE };
	static uint8_t bytes[FFS_SUPERBLOCK_SIZE], before[FFS_SUPERBLOCK_SIZE];

	for (unsigned i = 0; i < 2; i++) {
		struct sample sample = { FFS_UFS2, orders[i], 16384, 2048, 1 };
		struct ffs_journal journal = {
			.place = FFS_JOURNAL_INSIDE_FS,
			.offset = 4 << 20,
			.size = 1 << 20,
			.block_size = 512,
			.ino = 17,
		};
		struct ffs_superblock sb;

		sample_superblock(bytes, &sample);
		memcpy(before, bytes, sizeof(bytes));
		ffs_journal_describe(&journal, orders[i], bytes);
		sample_decode(bytes, &sample, &sb);
		assert_int_equal(sb.journal.place, journal.place);
		assert_int_equal(sb.journal.offset, journal.offset);
		assert_int_equal(sb.journal.size, journal.size);
		assert_int_equal(sb.journal.block_size, journal.block_size);
		assert_int_equal(sb.journal.ino, journal.ino);
		ffs_journal_describe(&none, orders[i], bytes);
		assert_memory_equal(bytes, before, sizeof(bytes));
	}
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_size_is_a_share_of_the_file_system),
		cmocka_unit_test(a_new_log_is_empty),
		cmocka_unit_test(a_superblock_says_where_the_log_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
