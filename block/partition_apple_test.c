/* Tests of Apple partition maps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "block/partition_apple.h"
#include "block/partition_sample.h"

static void
decodes_the_block_size(void **state)
{
	static const struct {
		uint16_t block_size;
		int want;
	} rows[] = {
		{ 512, 0 },
		{ 2048, 0 },
		{ 4096, 0 },
		{ 0, -ENOENT },
		{ 256, -ENOENT },
		{ 1000, -ENOENT },
		{ 8192, -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t block[512] = { 0 };
		uint32_t block_size;

		sample_apple_descriptor(block, rows[i].block_size);
		assert_int_equal(apple_descriptor_decode(block, sizeof(block), &block_size),
		    rows[i].want);
		assert_true(rows[i].want < 0 || block_size == rows[i].block_size);
		block[0] = 'F';
		assert_int_equal(apple_descriptor_decode(block, sizeof(block), &block_size),
		    -ENOENT);
	}
}

static void
decodes_an_entry(void **state)
{
	uint8_t block[512] = { 0 };
	struct partition_flaw flaw;
	struct apple_entry entry;

	sample_apple_entry(block, 3, 64, UINT32_MAX, "root\x1b", "Apple_UNIX_SVR2");
	assert_int_equal(apple_entry_decode(block, sizeof(block), &entry, &flaw), 0);
	assert_int_equal(entry.entry_count, 3);
	assert_int_equal(entry.first, 64);
	assert_int_equal(entry.count, UINT32_MAX);
	assert_string_equal(entry.label, "root?");
	assert_string_equal(entry.type, "Apple_UNIX_SVR2");
	assert_string_equal(apple_type_name(entry.type), "UNIX");
	assert_false(apple_type_is_free(entry.type));
	assert_true(apple_type_is_free("Apple_Free"));
}

static void
ends_texts_that_have_no_end(void **state)
{
	uint8_t block[512] = { 0 };
	struct partition_flaw flaw;
	struct apple_entry entry;

	sample_apple_entry(block, 1, 1, 1, "", "");
	memset(block + 16, 'n', 32);
	memset(block + 48, 't', 32);
	assert_int_equal(apple_entry_decode(block, sizeof(block), &entry, &flaw), 0);
	assert_int_equal(strlen(entry.label), 32);
	assert_int_equal(strlen(entry.type), 32);
	assert_null(strchr(entry.label, 't'));
}

static void
refuses_entries_that_are_none(void **state)
{
	static const struct {
		size_t length;
		uint32_t entry_count;
		char signature;
		int want;
	} rows[] = {
		{ 136, 1, 'P', 0 },
		{ 135, 1, 'P', -ENOENT },  /* cut off */
		{ 512, 1, 'T', -ENOENT },  /* no signature */
		{ 512, 0, 'P', -EUCLEAN }, /* a map without itself */
		{ 512, APPLE_ENTRIES_MAX, 'P', 0 },
		{ 512, APPLE_ENTRIES_MAX + 1, 'P', -EUCLEAN },
		{ 512, UINT32_MAX, 'P', -EUCLEAN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t block[512] = { 0 };
		struct partition_flaw flaw;
		struct apple_entry entry;

		sample_apple_entry(block, rows[i].entry_count, 1, 1, "", "");
		block[0] = (uint8_t)rows[i].signature;
		assert_int_equal(apple_entry_decode(block, rows[i].length, &entry, &flaw),
		    rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_the_block_size),
		cmocka_unit_test(decodes_an_entry),
		cmocka_unit_test(ends_texts_that_have_no_end),
		cmocka_unit_test(refuses_entries_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
