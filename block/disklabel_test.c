/* Tests of BSD disklabels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "block/partition_sample.h"

static const enum byte_order orders[] = { ORDER_LITTLE, ORDER_BIG };

static void
decodes_labels_of_both_byte_orders(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		uint8_t bytes[512] = { 0 };
		struct partition_flaw flaw;
		struct disklabel label;

		sample_disklabel(bytes, orders[i], 8);
		sample_disklabel_partition(bytes, orders[i], 0, 7, 2048, 0x12345678);
		sample_disklabel_partition(bytes, orders[i], 7, 1, UINT32_MAX, 1);
		store_le32(bytes + 156, 0xffffffff); /* fragment size: no address */
		sample_disklabel_seal(bytes, orders[i]);
		assert_int_equal(disklabel_decode(bytes, sizeof(bytes), &label, &flaw), 0);
		assert_int_equal(label.order, orders[i]);
		assert_int_equal(label.sector_size, 512);
		assert_int_equal(label.partition_count, 8);
		assert_string_equal(label.label, "sample");
		assert_int_equal(label.partitions[0].type, 7);
		assert_int_equal(label.partitions[0].first, 2048);
		assert_int_equal(label.partitions[0].count, 0x12345678);
		assert_int_equal(label.partitions[7].first, UINT32_MAX);
	}
}

static void
reads_the_upper_halves_of_openbsd_addresses(void **state)
{
	uint8_t bytes[512] = { 0 };
	struct partition_flaw flaw;
	struct disklabel label;

	sample_disklabel(bytes, ORDER_LITTLE, 16);
	store_le16(bytes + 114, 1);
	sample_disklabel_partition(bytes, ORDER_LITTLE, 1, 7, 64, 100);
	store_le16(bytes + 148 + 16 + 8, 2);
	store_le16(bytes + 148 + 16 + 10, 3);
	sample_disklabel_seal(bytes, ORDER_LITTLE);
	assert_int_equal(disklabel_decode(bytes, sizeof(bytes), &label, &flaw), 0);
	assert_int_equal(label.partitions[1].first, 0x200000040);
	assert_int_equal(label.partitions[1].count, 0x300000064);
}

static void
accepts_as_many_partitions_as_a_sector_holds(void **state)
{
	uint8_t bytes[DISKLABEL_SIZE_MAX] = { 0 };
	struct partition_flaw flaw;
	struct disklabel label;

	sample_disklabel(bytes, ORDER_BIG, DISKLABEL_PARTITION_MAX);
	assert_int_equal(disklabel_decode(bytes, sizeof(bytes), &label, &flaw), 0);
	assert_int_equal(disklabel_decode(bytes, sizeof(bytes) - 1, &label, &flaw), -EUCLEAN);
	assert_int_equal(disklabel_decode(bytes, 148, &label, &flaw), -EUCLEAN);
	assert_int_equal(disklabel_decode(bytes, 147, &label, &flaw), -ENOENT);
	assert_int_equal(disklabel_decode(bytes, 0, &label, &flaw), -ENOENT);
}

static void
refuses_any_label_with_a_bit_flipped(void **state)
{
	for (unsigned bit = 0; bit < (148 + 8 * 16) * 8; bit++) {
		uint8_t bytes[512] = { 0 };
		struct partition_flaw flaw = { 0 };
		struct disklabel label;
		int error;

		sample_disklabel(bytes, ORDER_LITTLE, 8);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		error = disklabel_decode(bytes, sizeof(bytes), &label, &flaw);
		assert_int_equal(error, bit < 32 ? -ENOENT : -EUCLEAN);
		assert_true(bit < 32 || flaw.what != NULL);
	}
}

static void
refuses_labels_whose_sum_is_right_but_nothing_else(void **state)
{
	static const struct {
		unsigned offset;
		uint32_t value;
	} rows[] = {
		{ 40, 0 },	/* sectors of no size */
		{ 40, 256 },	/* too small */
		{ 40, 513 },	/* no power of two */
		{ 40, 131072 }, /* too large */
		{ 132, 0x82564558 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t bytes[512] = { 0 };
		struct partition_flaw flaw = { 0 };
		struct disklabel label;

		sample_disklabel(bytes, ORDER_LITTLE, 8);
		store_le32(bytes + rows[i].offset, rows[i].value);
		sample_disklabel_seal(bytes, ORDER_LITTLE);
		assert_int_equal(disklabel_decode(bytes, sizeof(bytes), &label, &flaw), -EUCLEAN);
		assert_non_null(flaw.what);
	}
}

static void
refuses_counts_that_do_not_fit_before_it_sums(void **state)
{
	static const uint16_t counts[] = { DISKLABEL_PARTITION_MAX + 1, 0x7fff, 0xffff };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		uint8_t bytes[512] = { 0 };
		struct partition_flaw flaw;
		struct disklabel label;

		sample_disklabel(bytes, ORDER_LITTLE, 8);
		store_le16(bytes + 138, counts[i]);
		assert_int_equal(disklabel_decode(bytes, sizeof(bytes), &label, &flaw), -EUCLEAN);
	}
}

static void
knows_the_names_of_types(void **state)
{
	assert_string_equal(disklabel_type_name(7), "4.2BSD FFS");
	assert_null(disklabel_type_name(0));
	assert_null(disklabel_type_name(255));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_labels_of_both_byte_orders),
		cmocka_unit_test(reads_the_upper_halves_of_openbsd_addresses),
		cmocka_unit_test(accepts_as_many_partitions_as_a_sector_holds),
		cmocka_unit_test(refuses_any_label_with_a_bit_flipped),
		cmocka_unit_test(refuses_labels_whose_sum_is_right_but_nothing_else),
		cmocka_unit_test(refuses_counts_that_do_not_fit_before_it_sums),
		cmocka_unit_test(knows_the_names_of_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
