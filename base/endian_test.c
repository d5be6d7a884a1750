/* Tests of the byte-order loads and stores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/endian.h"

static const uint8_t bytes[] = { 0xff, 0x81, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07, 0x88 };

static void
loads_the_order_it_is_told_at_any_alignment(void **state)
{
	const uint8_t *p = bytes + 1; /* odd on purpose */

	assert_int_equal(load_le16(p), 0x0281);
	assert_int_equal(load_be16(p), 0x8102);
	assert_int_equal(load_le32(p), 0x84030281);
	assert_int_equal(load_be32(p), 0x81020384);
	assert_int_equal(load_le64(p), 0x8807060584030281);
	assert_int_equal(load_be64(p), 0x8102038405060788);
}

static void
takes_the_order_as_an_argument(void **state)
{
	assert_int_equal(load16(bytes, ORDER_LITTLE), load_le16(bytes));
	assert_int_equal(load16(bytes, ORDER_BIG), load_be16(bytes));
	assert_int_equal(load32(bytes, ORDER_LITTLE), load_le32(bytes));
	assert_int_equal(load32(bytes, ORDER_BIG), load_be32(bytes));
	assert_int_equal(load64(bytes, ORDER_LITTLE), load_le64(bytes));
	assert_int_equal(load64(bytes, ORDER_BIG), load_be64(bytes));
}

static void
stores_what_it_loads_and_nothing_around_it(void **state)
{
	uint8_t room[10];

	memset(room, 0xaa, sizeof(room));
	store_le64(room + 1, 0x8877665544332211);
	assert_int_equal(load_le64(room + 1), 0x8877665544332211);
	store_be64(room + 1, 0x8877665544332211);
	assert_int_equal(room[1], 0x88);
	assert_int_equal(load_be64(room + 1), 0x8877665544332211);
	store_be32(room + 1, 0xfedcba98);
	assert_int_equal(load_be32(room + 1), 0xfedcba98);
	store_le32(room + 1, 0xfedcba98);
	assert_int_equal(room[1], 0x98);
	store_be16(room + 1, 0x8001);
	assert_int_equal(load_be16(room + 1), 0x8001);
	store_le16(room + 1, 0x8001);
	assert_int_equal(room[1], 0x01);
	assert_int_equal(room[0], 0xaa);
	assert_int_equal(room[9], 0xaa);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_the_order_it_is_told_at_any_alignment),
		cmocka_unit_test(takes_the_order_as_an_argument),
		cmocka_unit_test(stores_what_it_loads_and_nothing_around_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
