/* Tests of GUID partition tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "block/partition_gpt.h"
#include "block/partition_sample.h"

#define AT 1

static uint8_t entries[128 * 128];

static void
decodes_a_header(void **state)
{
	uint8_t sector[512] = { 0 };
	struct partition_flaw flaw;
	struct gpt_header header;

	sample_gpt_header(sector, AT, 2, entries, 128);
	assert_int_equal(gpt_header_decode(sector, sizeof(sector), AT, &header, &flaw), 0);
	assert_int_equal(header.entries_at, 2);
	assert_int_equal(header.entry_count, 128);
	assert_int_equal(header.entry_size, 128);
	assert_int_equal(header.entries_crc, crc32(0, entries, sizeof(entries)));
}

static void
refuses_any_header_with_a_bit_flipped(void **state)
{
	for (unsigned bit = 0; bit < 92 * 8; bit++) {
		uint8_t sector[512] = { 0 };
		struct partition_flaw flaw = { 0 };
		struct gpt_header header;
		int error;

		sample_gpt_header(sector, AT, 2, entries, 128);
		sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
		error = gpt_header_decode(sector, sizeof(sector), AT, &header, &flaw);
		assert_int_equal(error, bit < 64 ? -ENOENT : -EUCLEAN);
		assert_true(bit < 64 || flaw.what != NULL);
	}
}

static void
refuses_headers_whose_sum_is_right_but_nothing_else(void **state)
{
	static const struct {
		unsigned offset;
		uint32_t value;
	} rows[] = {
		{ 8, 0x20000 },		     /* a revision of the future */
		{ 12, 91 },		     /* too small */
		{ 24, 2 },		     /* belongs elsewhere */
		{ 28, 1 },		     /* the same, far away */
		{ 80, 0 },		     /* no entries */
		{ 80, GPT_ENTRIES_MAX + 1 }, /* too many */
		{ 80, UINT32_MAX },
		{ 84, 0 },    /* entries of no size */
		{ 84, 64 },   /* too small for what is in one */
		{ 84, 129 },  /* no power of two */
		{ 84, 8192 }, /* too large */
		{ 84, 0x80000000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t sector[512] = { 0 };
		struct partition_flaw flaw = { 0 };
		struct gpt_header header;

		sample_gpt_header(sector, AT, 2, entries, 128);
		store_le32(sector + rows[i].offset, rows[i].value);
		sample_gpt_seal(sector);
		assert_int_equal(gpt_header_decode(sector, sizeof(sector), AT, &header, &flaw),
		    -EUCLEAN);
		assert_non_null(flaw.what);
	}
}

static void
refuses_headers_that_do_not_fit(void **state)
{
	uint8_t sector[512] = { 0 };
	struct partition_flaw flaw;
	struct gpt_header header;

	sample_gpt_header(sector, AT, 2, entries, 128);
	assert_int_equal(gpt_header_decode(sector, 91, AT, &header, &flaw), -ENOENT);
	assert_int_equal(gpt_header_decode(sector, 92, AT, &header, &flaw), 0);
	store_le32(sector + 12, 513);
	assert_int_equal(gpt_header_decode(sector, 512, AT, &header, &flaw), -EUCLEAN);
	store_le32(sector + 12, UINT32_MAX);
	assert_int_equal(gpt_header_decode(sector, 512, AT, &header, &flaw), -EUCLEAN);
}

static void
decodes_an_entry(void **state)
{
	uint8_t bytes[128] = { 0 };
	struct partition_flaw flaw;
	struct gpt_entry entry;

	assert_int_equal(gpt_entry_decode(bytes, sizeof(bytes), &entry, &flaw), -ENOENT);
	sample_gpt_entry(bytes, 34, 34, "root");
	assert_int_equal(gpt_entry_decode(bytes, sizeof(bytes), &entry, &flaw), 0);
	assert_int_equal(entry.first, 34);
	assert_int_equal(entry.last, 34);
	assert_string_equal(entry.type, "49f48d5a-b10e-11dc-b99b-0019d1879648");
	assert_string_equal(gpt_type_name(entry.type), "NetBSD FFS");
	assert_string_equal(entry.label, "root");
	assert_int_equal(gpt_entry_decode(bytes, 127, &entry, &flaw), -ENOENT);
}

static void
refuses_entries_that_end_before_they_begin(void **state)
{
	static const struct {
		uint64_t first, last;
	} rows[] = {
		{ 35, 34 }, { 1, 0 }, { UINT64_MAX, 0 },
		{ 34, UINT64_MAX }, /* one more sector than there are numbers */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t bytes[128] = { 0 };
		struct partition_flaw flaw = { 0 };
		struct gpt_entry entry;

		sample_gpt_entry(bytes, rows[i].first, rows[i].last, "");
		assert_int_equal(gpt_entry_decode(bytes, sizeof(bytes), &entry, &flaw), -EUCLEAN);
		assert_non_null(flaw.what);
	}
}

static void
turns_labels_into_utf_8(void **state)
{
	static const struct {
		uint16_t units[5];
		const char *want;
	} rows[] = {
		{ { 'a', 0, 'b' }, "a" },
		{ { 0x00e9, 0x20ac }, "\xc3\xa9\xe2\x82\xac" },
		{ { 0xd83d, 0xde00 }, "\xf0\x9f\x98\x80" },
		{ { 0xd83d, 'x' }, "?x" },    /* half a pair */
		{ { 0xde00, 0xd83d }, "??" }, /* the wrong way round */
		{ { 0x1b, 0x7f, 0x9b }, "???" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t bytes[128] = { 0 };
		struct partition_flaw flaw;
		struct gpt_entry entry;

		sample_gpt_entry(bytes, 1, 2, "");
		for (unsigned j = 0; j < 5; j++)
			store_le16(bytes + 56 + 2 * j, rows[i].units[j]);
		assert_int_equal(gpt_entry_decode(bytes, sizeof(bytes), &entry, &flaw), 0);
		assert_string_equal(entry.label, rows[i].want);
	}
}

static void
keeps_the_longest_labels_whole(void **state)
{
	uint8_t bytes[128] = { 0 };
	struct partition_flaw flaw;
	struct gpt_entry entry;

	sample_gpt_entry(bytes, 1, 2, "");
	for (unsigned i = 0; i < 36; i++)
		store_le16(bytes + 56 + 2 * i, 0xffff);
	assert_int_equal(gpt_entry_decode(bytes, sizeof(bytes), &entry, &flaw), 0);
	assert_int_equal(strlen(entry.label), 108);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_a_header),
		cmocka_unit_test(refuses_any_header_with_a_bit_flipped),
		cmocka_unit_test(refuses_headers_whose_sum_is_right_but_nothing_else),
		cmocka_unit_test(refuses_headers_that_do_not_fit),
		cmocka_unit_test(decodes_an_entry),
		cmocka_unit_test(refuses_entries_that_end_before_they_begin),
		cmocka_unit_test(turns_labels_into_utf_8),
		cmocka_unit_test(keeps_the_longest_labels_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
