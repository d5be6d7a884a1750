/* Tests of the in-memory hashes: deterministic, and sensitive to every bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

static void
changes_half_the_bits_for_one(void **state)
{
	int total = 0;

	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t change = hash_u64(12345) ^ hash_u64(12345 ^ UINT64_C(1) << bit);

		total += __builtin_popcountll(change);
	}
	assert_in_range(total, 64 * 28, 64 * 36);
}

static void
depends_on_seed_size_and_every_byte(void **state)
{
	uint8_t bytes[21] = { 0 };

	for (size_t size = 0; size < sizeof(bytes); size++) {
		uint64_t hash = hash_bytes(1, bytes, size);

		assert_int_equal(hash, hash_bytes(1, bytes, size));
		assert_int_not_equal(hash, hash_bytes(2, bytes, size));
		assert_int_not_equal(hash, hash_bytes(1, bytes, size + 1));
		for (size_t at = 0; at < size; at++) {
			bytes[at] = 0x80;
			assert_int_not_equal(hash, hash_bytes(1, bytes, size));
			bytes[at] = 0;
		}
	}
}

static void
is_the_same_at_any_alignment(void **state)
{
	uint8_t room[32];

	for (size_t offset = 0; offset < 8; offset++) {
		memcpy(room + offset, "seventeen letters", 17);
		assert_int_equal(hash_bytes(7, room + offset, 17),
		    hash_bytes(7, "seventeen letters", 17));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_half_the_bits_for_one),
		cmocka_unit_test(depends_on_seed_size_and_every_byte),
		cmocka_unit_test(is_the_same_at_any_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
