/* Tests of master boot records and of chains of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "block/partition_mbr.h"
#include "block/partition_sample.h"

static void
decodes_the_entries_of_a_record(void **state)
{
	uint8_t sector[MBR_SIZE] = { 0 };
	struct mbr mbr;

	sample_mbr_entry(sector, 0, MBR_NETBSD, 63, 1000);
	sample_mbr_entry(sector, 3, MBR_EXTENDED, UINT32_MAX, UINT32_MAX);
	sector[446] = 0x80; /* active */
	assert_int_equal(mbr_decode(sector, sizeof(sector), &mbr), 0);
	assert_int_equal(mbr.entries[0].type, MBR_NETBSD);
	assert_int_equal(mbr.entries[0].first, 63);
	assert_int_equal(mbr.entries[0].count, 1000);
	assert_int_equal(mbr.entries[1].type, MBR_UNUSED);
	assert_int_equal(mbr.entries[3].first, UINT32_MAX);
}

static void
counts_an_entry_without_sectors_as_unused(void **state)
{
	uint8_t sector[MBR_SIZE] = { 0 };
	struct mbr mbr;

	sample_mbr_entry(sector, 1, MBR_NETBSD, 63, 0);
	sample_mbr_entry(sector, 2, MBR_UNUSED, 63, 10);
	assert_int_equal(mbr_decode(sector, sizeof(sector), &mbr), 0);
	assert_int_equal(mbr.entries[1].type, MBR_UNUSED);
	assert_int_equal(mbr.entries[2].count, 0);
}

static void
sees_no_record_in_other_sectors(void **state)
{
	static const struct {
		size_t length;
		unsigned offset;
		uint8_t byte;
	} rows[] = {
		{ MBR_SIZE - 1, 0, 0 },	 /* cut off */
		{ MBR_SIZE, 510, 0 },	 /* no signature */
		{ MBR_SIZE, 511, 0x55 }, /* nor this */
		{ MBR_SIZE, 446, 0x01 }, /* neither active nor not: boot code */
		{ MBR_SIZE, 494, 0xff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t sector[MBR_SIZE] = { 0 };
		struct mbr mbr;

		sample_mbr_entry(sector, 0, MBR_NETBSD, 63, 1000);
		sector[rows[i].offset] = rows[i].byte;
		assert_int_equal(mbr_decode(sector, rows[i].length, &mbr), -ENOENT);
	}
}

static void
follows_a_chain_in_whatever_order(void **state)
{
	static const struct mbr_entry extended = { MBR_EXTENDED, 1000, 500 };
	static const struct mbr records[] = {
		{ { { MBR_NETBSD, 63, 37 }, { MBR_EXTENDED, 300, 100 } } },
		{ { { 0 }, { MBR_EXTENDED, 100, 100 } } },
		{ { { MBR_OPENBSD, 1, 400 - 1 } } },
	};
	static const uint32_t places[] = { 1000, 1300, 1100 };
	static const uint32_t firsts[] = { 1063, 0, 1101 };
	struct partition_flaw flaw;
	struct mbr_entry logical;
	struct mbr_chain chain;

	mbr_chain_start(&chain, &extended);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		assert_false(chain.is_at_end);
		assert_int_equal(chain.at, places[i]);
		assert_int_equal(mbr_chain_step(&chain, &records[i], &logical, &flaw), 0);
		assert_int_equal(logical.first, firsts[i]);
	}
	assert_true(chain.is_at_end);
}

static void
refuses_chains_that_go_astray(void **state)
{
	static const struct {
		struct mbr_entry extended;
		struct mbr_entry logical, link;
		bool is_kept; /* the logical partition is good all the same */
	} rows[] = {
		/* the link is outside the extended partition */
		{ { 5, 100, 50 }, { 7, 1, 1 }, { 5, 50, 1 }, true },
		/* it leads to the record that it is in */
		{ { 5, 100, 50 }, { 7, 1, 1 }, { 5, 0, 1 }, true },
		/* it wraps */
		{ { 5, UINT32_MAX, 50 }, { 0 }, { 5, 49, 1 }, false },
		/* the logical partition ends outside */
		{ { 5, 100, 50 }, { 7, 1, 50 }, { 0 }, false },
		/* it begins far outside */
		{ { 5, UINT32_MAX, UINT32_MAX }, { 7, UINT32_MAX, 1 }, { 0 }, false },
		{ { 5, 100, 50 }, { 7, UINT32_MAX, UINT32_MAX }, { 0 }, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mbr record = { { rows[i].logical, rows[i].link } };
		struct partition_flaw flaw = { 0 };
		struct mbr_entry logical;
		struct mbr_chain chain;

		mbr_chain_start(&chain, &rows[i].extended);
		assert_int_equal(mbr_chain_step(&chain, &record, &logical, &flaw), -EUCLEAN);
		assert_non_null(flaw.what);
		assert_true(chain.is_at_end);
		assert_int_equal(logical.type != MBR_UNUSED, rows[i].is_kept);
	}
}

static void
finds_loops_and_ends_long_chains(void **state)
{
	static const struct mbr_entry extended = { MBR_EXTENDED, 1000, 500 };
	struct partition_flaw flaw;
	struct mbr_entry logical;
	struct mbr_chain chain;
	unsigned steps;
	int error = 0;

	mbr_chain_start(&chain, &extended);
	for (steps = 0; error == 0; steps++) {
		struct mbr record = { { { 0 }, { MBR_EXTENDED, (steps + 1) % 7, 1 } } };

		error = mbr_chain_step(&chain, &record, &logical, &flaw);
	}
	assert_int_equal(error, -EUCLEAN);
	assert_int_equal(steps, 7);

	mbr_chain_start(&chain, &extended);
	for (steps = 0, error = 0; error == 0; steps++) {
		struct mbr record = { { { 0 }, { MBR_EXTENDED, steps + 1, 1 } } };

		error = mbr_chain_step(&chain, &record, &logical, &flaw);
	}
	assert_int_equal(error, -EUCLEAN);
	assert_int_equal(steps, MBR_LOGICAL_MAX);
	assert_true(chain.is_at_end);
}

static void
knows_the_names_of_types(void **state)
{
	assert_string_equal(mbr_type_name(MBR_NETBSD), "NetBSD");
	assert_null(mbr_type_name(0x99));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_the_entries_of_a_record),
		cmocka_unit_test(counts_an_entry_without_sectors_as_unused),
		cmocka_unit_test(sees_no_record_in_other_sectors),
		cmocka_unit_test(follows_a_chain_in_whatever_order),
		cmocka_unit_test(refuses_chains_that_go_astray),
		cmocka_unit_test(finds_loops_and_ends_long_chains),
		cmocka_unit_test(knows_the_names_of_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
