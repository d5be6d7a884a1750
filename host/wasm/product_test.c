/*
 * Products of words, against adding up shifted words as by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "host/wasm/product.h"

/* The same, bit by bit. */
static uint64_t
twin(uint64_t left, uint64_t right)
{
	uint64_t high = 0, low = 0;

	for (int bit = 0; bit < 64; bit++) {
		uint64_t part = (right >> bit & 1) != 0 ? left << bit : 0;

		if ((right >> bit & 1) != 0 && bit > 0)
			high += left >> (64 - bit);
		low += part;
		high += low < part;
	}
	return high;
}

static void
high_words_are_those_of_long_multiplication(void **state)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		0xffffffff,
		0x100000000,
		0x100000001,
		0x7fffffffffffffff,
		0x8000000000000000,
		0xfffffffffffffffe,
		0xffffffffffffffff,
	};
	uint64_t random = 1;

	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(edges); j++)
			assert_true(product_high(edges[i], edges[j]) == twin(edges[i], edges[j]));
	}
	for (int i = 0; i < 10000; i++) {
		uint64_t left = random = random * 6364136223846793005 + 1442695040888963407;
		uint64_t right = random = random * 6364136223846793005 + 1442695040888963407;

		left >>= i % 64;
		assert_true(product_high(left, right) == twin(left, right));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(high_words_are_those_of_long_multiplication),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
