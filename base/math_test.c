/* Tests of the checked arithmetic and the powers of two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/math.h"

static void
sees_every_result_that_does_not_fit(void **state)
{
	uint64_t wide;
	uint32_t narrow;

	assert_false(add_overflows(UINT64_MAX - 1, 1, &wide));
	assert_int_equal(wide, UINT64_MAX);
	assert_true(add_overflows(UINT64_MAX, 1, &wide));
	assert_true(sub_overflows(UINT64_C(1), UINT64_C(2), &wide));
	assert_true(mul_overflows(UINT64_C(1) << 32, UINT64_C(1) << 32, &wide));
	assert_false(add_overflows(UINT64_C(1) << 40, -(INT64_C(1) << 40) + 7, &narrow));
	assert_int_equal(narrow, 7);
	assert_true(add_overflows(UINT64_C(1) << 32, 0, &narrow));
}

static void
orders_values_without_regard_to_sign(void **state)
{
	assert_int_equal(min_u64(1, UINT64_MAX), 1);
	assert_int_equal(min_u64(UINT64_MAX, 1), 1);
	assert_int_equal(max_u64(1, UINT64_MAX), UINT64_MAX);
	assert_int_equal(max_u64(UINT64_MAX, 1), UINT64_MAX);
}

static void
knows_powers_of_two_and_logarithms(void **state)
{
	assert_false(is_power_of_two(0));
	for (unsigned shift = 0; shift < 64; shift++) {
		uint64_t power = UINT64_C(1) << shift;

		assert_true(is_power_of_two(power));
		assert_int_equal(log2_floor(power), shift);
		assert_int_equal(log2_floor(power | 1), shift);
		if (shift > 0)
			assert_false(is_power_of_two(power | power >> 1));
	}
}

static void
rounds_to_the_unit(void **state)
{
	assert_int_equal(round_down(4095, 4096), 0);
	assert_int_equal(round_down(4096, 4096), 4096);
	assert_int_equal(round_up(0, 4096), 0);
	assert_int_equal(round_up(1, 4096), 4096);
	assert_int_equal(round_up(4096, 4096), 4096);
	assert_int_equal(divide_up(0, 3), 0);
	assert_int_equal(divide_up(1, 3), 1);
	assert_int_equal(divide_up(3, 3), 1);
	assert_int_equal(divide_up(UINT64_MAX, 2), UINT64_C(1) << 63);
}

static void
counts_bits(void **state)
{
	uint64_t value = 0;

	for (unsigned count = 0; count <= 64; count++) {
		assert_int_equal(bit_count(value), count);
		value |= UINT64_C(1) << count * 37 % 64; /* in some order, each once */
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_every_result_that_does_not_fit),
		cmocka_unit_test(orders_values_without_regard_to_sign),
		cmocka_unit_test(knows_powers_of_two_and_logarithms),
		cmocka_unit_test(rounds_to_the_unit),
		cmocka_unit_test(counts_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
