/*
 * Tests of records of extended attributes: what is written is read, and what
 * hostile bytes say is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fs/ffs/extattr.h"

#define SIZE 64

static uint8_t area[SIZE];
static struct ffs_extattr found;
static struct ffs_flaw flaw;

static const enum byte_order orders[] = { ORDER_LITTLE, ORDER_BIG };

/* A record as FreeBSD writes it: "name" and "value", 16 + 8 bytes, 3 of them padding. */
static void
put_record(enum byte_order order)
{
	memset(area, 0, sizeof(area));
	store32(area, 24, order);
	area[4] = FFS_EXTATTR_USER;
	area[5] = 3;
	area[6] = 4;
	memcpy(area + 7, "name", 4);
	memcpy(area + 16, "value", 5);
}

static void
reads_a_record_in_either_order(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		put_record(orders[i]);
		assert_int_equal(ffs_extattr_decode(area, SIZE, 0, orders[i], &found, &flaw), 0);
		assert_int_equal(found.length, 24);
		assert_int_equal(found.space, FFS_EXTATTR_USER);
		assert_true(name_equal(found.name, NAME("name")));
		assert_int_equal(found.value_size, 5);
		assert_memory_equal(found.value, "value", 5);
	}
	(void)state;
}

static void
writes_what_it_reads(void **state)
{
	uint8_t made[24];
	struct ffs_extattr attribute = {
		.space = FFS_EXTATTR_USER,
		.name = NAME("name"),
		.value = (const uint8_t *)"value",
		.value_size = 5,
	};

	for (unsigned i = 0; i < 2; i++) {
		put_record(orders[i]);
		assert_int_equal(ffs_extattr_length(4, 5), sizeof(made));
		memset(made, 0xff, sizeof(made));
		ffs_extattr_encode(&attribute, orders[i], made);
		assert_memory_equal(made, area, sizeof(made));
	}
	/* A name that fills the first eight bytes, and no value. */
	assert_int_equal(ffs_extattr_length(1, 0), 8);
	assert_int_equal(ffs_extattr_length(2, 0), 16);
	assert_int_equal(ffs_extattr_length(1, 8), 16);
	assert_int_equal(ffs_extattr_length(255, 65536), 264 + 65536);
	(void)state;
}

static void
refuses_records_that_do_not_fit(void **state)
{
	static const struct {
		uint32_t size, length;
		uint8_t padding, name_length;
		int want;
		const char *what;
	} rows[] = {
		{ 24, 24, 3, 4, 0, "fits exactly" },
		{ 24, 32, 3, 4, -EUCLEAN, "leaves the area" },
		{ 23, 24, 3, 4, -EUCLEAN, "leaves it by a byte" },
		{ 24, 23, 3, 4, -EUCLEAN, "no multiple of 8" },
		{ 24, 0, 3, 4, -EUCLEAN, "would never advance" },
		{ 24, 4, 0, 4, -EUCLEAN, "shorter than its head" },
		{ 24, 0xfffffff8, 3, 4, -EUCLEAN, "length that wraps" },
		{ 7, 24, 3, 4, -EUCLEAN, "head is cut off" },
		{ 24, 24, 3, 0, -EUCLEAN, "no name" },
		{ 24, 24, 0, 17, 0, "name up to the end" },
		{ 24, 24, 0, 18, -EUCLEAN, "name leaves the record" },
		{ 24, 24, 0, 255, -EUCLEAN, "the longest name" },
		{ 24, 24, 8, 4, 0, "all of the value is padding" },
		{ 24, 24, 9, 4, -EUCLEAN, "more padding than value" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_record(ORDER_LITTLE);
		store32(area, rows[i].length, ORDER_LITTLE);
		area[5] = rows[i].padding;
		area[6] = rows[i].name_length;
		if (ffs_extattr_decode(area, rows[i].size, 0, ORDER_LITTLE, &found, &flaw) !=
		    rows[i].want)
			fail_msg("%s", rows[i].what);
	}
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_record_in_either_order),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(refuses_records_that_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
