/* Tests of scanning devices for partitions, and of partitions as devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "block/block.h"
#include "block/partition.h"
#include "block/partition_mbr.h"
#include "block/partition_sample.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "tests/fake_block.h"
#include "tests/fake_host.h"

#define SECTOR	BLOCK_SECTOR_SIZE
#define SECTORS 2048

static const struct component *const components[] = { &block_component };

struct fixture {
	struct host host;
	struct kernel *kernel;
	struct fake_block disk;
	struct block_dev *dev; /* of disk, referenced */
	char log[LOG_RING_SIZE];
	char found[4096];
};

static int
create_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = &fixture->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
	};

	fake_host_create(&fixture->host, false);
	assert_int_equal(kernel_create(&config, &fixture->kernel), 0);
	fake_block_create(&fixture->disk, fixture->kernel, SECTORS * SECTOR);
	assert_int_equal(block_register(fixture->kernel, &fixture->disk.dev, "disk"), 0);
	fixture->dev = block_get_by_name(fixture->kernel, "disk");
	*state = fixture;
	return 0;
}

static int
destroy_fixture(void **state)
{
	struct fixture *fixture = *state;

	block_put(fixture->dev);
	kernel_destroy(fixture->kernel);
	assert_true(fixture->disk.is_destroyed);
	fake_block_destroy(&fixture->disk);
	fake_host_destroy(&fixture->host);
	free(fixture);
	return 0;
}

static uint8_t *
sector(struct fixture *fixture, uint64_t number)
{
	return fixture->disk.content + number * SECTOR;
}

/* Scan, and keep what the log says from now on. */
static int
scan(struct fixture *fixture, struct block_partitions **out)
{
	int error;

	log_clear(fixture->kernel);
	error = block_partitions_scan(fixture->dev, out);
	fixture->log[log_read(fixture->kernel, fixture->log, sizeof(fixture->log) - 1)] = '\0';
	return error;
}

/* What a scan finds, like "1 63+100 2* 200+10", in sectors; '*' for containers. */
static const char *
found(struct fixture *fixture)
{
	struct block_partitions *partitions;
	char *text = fixture->found;
	int error = scan(fixture, &partitions);

	if (error < 0) {
		sprintf(text, "error %d", -error);
		return text;
	}
	*text = '\0';
	for (size_t i = 0; i < partitions->count; i++) {
		const struct block_partition *partition = &partitions->list[i];

		text += sprintf(text, "%s%s%s %llu+%llu", i > 0 ? " " : "", partition->name,
		    partition->is_container ? "*" : "",
		    (unsigned long long)partition->offset / SECTOR,
		    (unsigned long long)partition->size / SECTOR);
	}
	block_partitions_free(partitions);
	return fixture->found;
}

static void
assert_logged(struct fixture *fixture, const char *what)
{
	if (strstr(fixture->log, what) == NULL)
		fail_msg("not logged: \"%s\", but: \"%s\"", what, fixture->log);
}

/* ---- tables made here ----------------------------------------------------------- */

static void
make_mbr(struct fixture *fixture)
{
	sample_mbr_entry(sector(fixture, 0), 0, 0x83, 63, 100);
	sample_mbr_entry(sector(fixture, 0), 3, MBR_EXTENDED, 1000, 500);
	sample_mbr_entry(sector(fixture, 1000), 0, 0x83, 10, 20);
	sample_mbr_entry(sector(fixture, 1000), 1, MBR_EXTENDED, 200, 100);
	sample_mbr_entry(sector(fixture, 1200), 0, 0x0b, 1, 30);
}

/* Two partitions: 40 to 139, and the third entry, 200 to 299; both copies. */
static void
make_gpt(struct fixture *fixture)
{
	uint8_t *entries = sector(fixture, 2);

	sample_mbr_entry(sector(fixture, 0), 0, MBR_PROTECTIVE, 1, SECTORS - 1);
	sample_gpt_entry(entries, 40, 139, "first");
	sample_gpt_entry(entries + 2 * 128, 200, 299, "third");
	memcpy(sector(fixture, SECTORS - 33), entries, 32 * SECTOR);
	sample_gpt_header(sector(fixture, 1), 1, 2, entries, 128);
	sample_gpt_header(sector(fixture, SECTORS - 1), SECTORS - 1, SECTORS - 33, entries, 128);
}

static void
make_label(uint8_t *label, enum byte_order order, uint32_t base, uint32_t raw)
{
	sample_disklabel(label, order, 8);
	sample_disklabel_partition(label, order, 0, 7, base + 16, 100);
	sample_disklabel_partition(label, order, 1, 1, base + 116, 50);
	sample_disklabel_partition(label, order, 2, 0, raw, 400);
	sample_disklabel_partition(label, order, 4, 7, base + 166, 34);
}

static void
make_apple(struct fixture *fixture, uint32_t unit, uint32_t told)
{
	uint8_t *bytes = fixture->disk.content;

	sample_apple_descriptor(bytes, (uint16_t)told);
	sample_apple_entry(bytes + unit, 4, 1, 4, "Apple", "Apple_partition_map");
	sample_apple_entry(bytes + 2 * unit, 4, 16, 100, "root", "Apple_UNIX_SVR2");
	sample_apple_entry(bytes + 3 * unit, 4, 116, 10, "", "Apple_Free");
	sample_apple_entry(bytes + 4 * unit, 4, 126, 20, "usr", "Apple_UNIX_SVR2");
}

/* ---- tests: what is found ------------------------------------------------------------- */

static void
finds_nothing_where_nothing_is(void **state)
{
	struct fixture *fixture = *state;

	assert_string_equal(found(fixture), "error 2");
	assert_string_equal(fixture->log, "");
	memset(fixture->disk.content, 0xff, SECTORS * SECTOR);
	assert_string_equal(found(fixture), "error 2");
	fixture->disk.dev.size = 0;
	assert_string_equal(found(fixture), "error 2");
}

static void
finds_primary_and_logical_partitions(void **state)
{
	struct fixture *fixture = *state;
	struct block_partitions *partitions;

	make_mbr(fixture);
	assert_string_equal(found(fixture), "1 63+100 4* 1000+500 5 1010+20 6 1201+30");
	assert_string_equal(fixture->log, "");
	assert_int_equal(scan(fixture, &partitions), 0);
	assert_int_equal(partitions->list[0].table, BLOCK_TABLE_MBR);
	assert_string_equal(partitions->list[0].type, "0x83");
	assert_string_equal(partitions->list[0].type_name, "Linux");
	assert_string_equal(partitions->list[0].label, "");
	block_partitions_free(partitions);
}

static void
finds_what_a_gpt_tells(void **state)
{
	struct fixture *fixture = *state;
	struct block_partitions *partitions;

	make_gpt(fixture);
	assert_string_equal(found(fixture), "1 40+100 3 200+100");
	assert_string_equal(fixture->log, "");
	assert_int_equal(scan(fixture, &partitions), 0);
	assert_int_equal(partitions->list[1].table, BLOCK_TABLE_GPT);
	assert_string_equal(partitions->list[1].label, "third");
	assert_string_equal(partitions->list[1].type_name, "NetBSD FFS");
	block_partitions_free(partitions);
}

static void
uses_a_gpt_of_larger_sectors(void **state)
{
	struct fixture *fixture = *state;
	uint8_t *content = fixture->disk.content;

	sample_gpt_entry(content + 2 * 4096, 6, 9, "");
	sample_gpt_header(content + 4096, 1, 2, content + 2 * 4096, 128);
	assert_string_equal(found(fixture), "1 48+32");
}

static void
uses_the_copy_where_the_first_gpt_is_damaged(void **state)
{
	static const struct {
		uint64_t sector;
		const char *logged;
	} rows[] = {
		{ 1, "GPT header at byte 528: its CRC is wrong" },
		{ 2, "GPT header at byte 512: the CRC of its entries is wrong" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture *fixture = *state;

		memset(fixture->disk.content, 0, SECTORS * SECTOR);
		make_gpt(fixture);
		sector(fixture, rows[i].sector)[60] ^= 1;
		assert_string_equal(found(fixture), "1 40+100 3 200+100");
		assert_logged(fixture, rows[i].logged);
		assert_logged(fixture, "its copy at byte 1048064 is");
	}
}

static void
uses_the_copy_where_the_beginning_is_gone_or_unreadable(void **state)
{
	struct fixture *fixture = *state;

	make_gpt(fixture);
	memset(sector(fixture, 1), 0, 33 * SECTOR);
	assert_string_equal(found(fixture), "1 40+100 3 200+100");
	memset(sector(fixture, 0), 0, SECTOR);
	assert_string_equal(found(fixture), "1 40+100 3 200+100");
	make_gpt(fixture);
	fixture->disk.bad_offset = SECTOR;
	fixture->disk.bad_length = SECTOR;
	fixture->disk.bad_error = -EIO;
	assert_string_equal(found(fixture), "1 40+100 3 200+100");
}

static void
says_so_where_both_gpts_are_damaged(void **state)
{
	struct fixture *fixture = *state;

	make_gpt(fixture);
	sector(fixture, 1)[56]++;
	sector(fixture, SECTORS - 1)[56]++;
	assert_string_equal(found(fixture), "error 117");
	assert_logged(fixture, "GPT header at byte 528: its CRC is wrong");
	memset(sector(fixture, 1), 0, SECTOR);
	memset(sector(fixture, SECTORS - 1), 0, SECTOR);
	assert_string_equal(found(fixture), "error 117");
	assert_logged(fixture, "tells of a GPT, which is not there");
}

static void
prefers_the_gpt_of_a_hybrid_and_then_its_mbr(void **state)
{
	struct fixture *fixture = *state;

	make_gpt(fixture);
	sample_mbr_entry(sector(fixture, 0), 1, 0x83, 40, 50);
	assert_string_equal(found(fixture), "1 40+100 3 200+100");
	memset(sector(fixture, 1), 0, SECTOR);
	memset(sector(fixture, SECTORS - 1), 0, SECTOR);
	assert_string_equal(found(fixture), "2 40+50");
}

static void
ignores_a_gpt_that_the_mbr_does_not_tell_of(void **state)
{
	struct fixture *fixture = *state;

	make_gpt(fixture);
	memset(sector(fixture, 0), 0, SECTOR);
	sample_mbr_entry(sector(fixture, 0), 0, 0x83, 63, 100);
	assert_string_equal(found(fixture), "1 63+100");
}

static void
finds_disklabels_wherever_they_are(void **state)
{
	struct fixture *fixture = *state;

	for (enum byte_order order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		for (unsigned i = 0; i < DISKLABEL_PLACES; i++) {
			uint8_t *label = fixture->disk.content + disklabel_places[i];

			memset(fixture->disk.content, 0, 2 * SECTOR);
			make_label(label, order, 0, 0);
			assert_string_equal(found(fixture), "a 16+100 b 116+50 e 166+34");
			assert_string_equal(fixture->log, "");
		}
	}
}

static void
finds_disklabels_in_partitions(void **state)
{
	static const struct {
		uint8_t type;
		uint32_t base, raw; /* of the addresses in the label; where its 'c' begins */
		const char *want;
	} rows[] = {
		{ MBR_NETBSD, 500, 500, "2* 500+400 2a 516+100 2b 616+50 2e 666+34" },
		{ MBR_OPENBSD, 500, 0, "2* 500+400 2a 516+100 2b 616+50 2e 666+34" },
		{ MBR_FREEBSD, 500, 500, "2* 500+400 2a 516+100 2b 616+50 2e 666+34" },
		{ MBR_FREEBSD, 0, 0, "2* 500+400 2a 516+100 2b 616+50 2e 666+34" },
		/* what the label of a system that uses the disk's addresses says, counts */
		{ MBR_NETBSD, 0, 0, "2* 500+400 2a 16+100 2b 116+50 2e 166+34" },
		/* no system that has labels */
		{ 0x83, 500, 500, "2 500+400" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture *fixture = *state;

		memset(fixture->disk.content, 0, SECTORS * SECTOR);
		sample_mbr_entry(sector(fixture, 0), 1, rows[i].type, 500, 400);
		make_label(sector(fixture, 501), ORDER_LITTLE, rows[i].base, rows[i].raw);
		assert_string_equal(found(fixture), rows[i].want);
	}
}

static void
leaves_out_what_a_disklabel_repeats(void **state)
{
	struct fixture *fixture = *state;
	uint8_t *label = sector(fixture, 501);

	sample_mbr_entry(sector(fixture, 0), 0, 0x0b, 100, 50);
	sample_mbr_entry(sector(fixture, 0), 3, MBR_OPENBSD, 500, 400);
	make_label(label, ORDER_LITTLE, 500, 0);
	sample_disklabel_partition(label, ORDER_LITTLE, 7, 8, 100, 50);
	assert_string_equal(found(fixture), "1 100+50 4* 500+400 4a 516+100 4b 616+50 4e 666+34");
}

static void
does_not_let_a_relative_label_leave_its_partition(void **state)
{
	struct fixture *fixture = *state;

	sample_mbr_entry(sector(fixture, 0), 0, MBR_FREEBSD, 500, 180);
	make_label(sector(fixture, 501), ORDER_LITTLE, 0, 0);
	assert_string_equal(found(fixture), "1* 500+180 1a 516+100 1b 616+50 1e 666+14");
	assert_logged(fixture, "partition 1e ends outside the device: cut off");
}

static void
says_so_where_a_disklabel_is_damaged(void **state)
{
	struct fixture *fixture = *state;

	make_label(sector(fixture, 1), ORDER_BIG, 0, 0);
	sector(fixture, 1)[200]++;
	assert_string_equal(found(fixture), "error 117");
	assert_logged(fixture, "disklabel at byte 648: its checksum is wrong");
	make_label(sector(fixture, 0) + 64, ORDER_BIG, 0, 0);
	assert_string_equal(found(fixture), "a 16+100 b 116+50 e 166+34");
}

static void
finds_what_an_apple_map_tells(void **state)
{
	static const struct {
		uint32_t unit, told;
		const char *want;
	} rows[] = {
		{ 512, 512, "1 1+4 2 16+100 4 126+20" },
		{ 512, 2048, "1 1+4 2 16+100 4 126+20" }, /* as on many discs */
		{ 2048, 2048, "1 4+16 2 64+400 4 504+80" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture *fixture = *state;

		memset(fixture->disk.content, 0, SECTORS * SECTOR);
		make_apple(fixture, rows[i].unit, rows[i].told);
		assert_string_equal(found(fixture), rows[i].want);
	}
}

static void
uses_an_apple_map_as_far_as_it_is_good(void **state)
{
	struct fixture *fixture = *state;

	make_apple(fixture, 512, 512);
	sector(fixture, 4)[0] = 0;
	assert_string_equal(found(fixture), "1 1+4 2 16+100");
	assert_logged(fixture, "Apple partition map entry at byte 2048: it is not there");
	store_be32(sector(fixture, 1) + 4, UINT32_MAX);
	assert_string_equal(found(fixture), "error 117");
}

/* ---- tests: hostile tables -------------------------------------------------------------- */

static void
cuts_or_leaves_out_what_is_outside_the_device(void **state)
{
	static const struct {
		uint32_t first, count;
		const char *want;
	} rows[] = {
		{ SECTORS - 1, 1, "1 2047+1 2 1+1" },
		{ SECTORS - 1, 2, "1 2047+1 2 1+1" },
		{ SECTORS - 1, UINT32_MAX, "1 2047+1 2 1+1" },
		{ SECTORS, 1, "2 1+1" },
		{ UINT32_MAX, UINT32_MAX, "2 1+1" },
		{ 0, 1, "1 0+1 2 1+1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture *fixture = *state;

		sample_mbr_entry(sector(fixture, 0), 0, 0x83, rows[i].first, rows[i].count);
		sample_mbr_entry(sector(fixture, 0), 1, 0x83, 1, 1);
		assert_string_equal(found(fixture), rows[i].want);
	}
}

static void
survives_gpt_addresses_of_any_size(void **state)
{
	static const uint64_t values[] = { 0, 1, SECTORS - 1, SECTORS, UINT64_MAX / 512,
		UINT64_MAX / 512 + 1, INT64_MAX, UINT64_MAX - 1, UINT64_MAX };
	struct fixture *fixture = *state;
	uint8_t *entries = sector(fixture, 2);

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			uint8_t *header = sector(fixture, 1);

			sample_mbr_entry(sector(fixture, 0), 0, MBR_PROTECTIVE, 1, 1);
			sample_gpt_entry(entries, values[i], values[j], "");
			sample_gpt_header(header, 1, 2, entries, 128);
			assert_null(strstr(found(fixture), "error"));
			store_le64(header + 72, values[i]); /* the entries are there */
			sample_gpt_seal(header);
			assert_string_equal(found(fixture), "error 117");
		}
	}
}

static void
ends_chains_that_loop_keeping_what_they_told(void **state)
{
	struct fixture *fixture = *state;

	make_mbr(fixture);
	sample_mbr_entry(sector(fixture, 1200), 1, MBR_EXTENDED, 0, 500);
	assert_string_equal(found(fixture), "1 63+100 4* 1000+500 5 1010+20 6 1201+30");
	assert_logged(fixture, "the chain of logical partitions loops");
	sector(fixture, 1200)[510] = 0;
	assert_string_equal(found(fixture), "1 63+100 4* 1000+500 5 1010+20");
	assert_logged(fixture, "record of logical partitions at byte 614400: there is no such");
}

static void
tells_at_most_so_many_partitions(void **state)
{
	struct fixture *fixture = *state;
	struct block_partitions *partitions;
	uint8_t *entries = sector(fixture, 2);

	sample_mbr_entry(sector(fixture, 0), 0, MBR_PROTECTIVE, 1, 1);
	for (unsigned i = 0; i < 256; i++)
		sample_gpt_entry(entries + i * 128, 100, 200, "");
	sample_gpt_header(sector(fixture, 1), 1, 2, entries, 256);
	assert_int_equal(scan(fixture, &partitions), 0);
	assert_int_equal(partitions->count, BLOCK_PARTITION_MAX);
	block_partitions_free(partitions);
	assert_logged(fixture, "partition 129 is one too many: left out");
	assert_logged(fixture, "partitions: disk: more is wrong");
	assert_null(strstr(fixture->log, "partition 150"));
}

/* Whatever is told must be good, however tables are damaged. */
static void
tells_only_good_ranges_of_damaged_tables(void **state)
{
	struct fixture *fixture = *state;
	uint32_t random = 1;

	for (unsigned round = 0; round < 3000; round++) {
		struct block_partitions *partitions;

		memset(fixture->disk.content, 0, 40 * SECTOR);
		if (round % 4 == 0)
			make_apple(fixture, 512, 512);
		else if (round % 4 == 1)
			make_gpt(fixture);
		else
			make_mbr(fixture);
		if (round % 4 == 3) {
			fixture->disk.content[450] = MBR_FREEBSD;
			make_label(sector(fixture, 64), ORDER_LITTLE, 0, 0);
		}
		for (unsigned i = 0; i < 1 + round % 5; i++) {
			random = random * 1664525 + 1013904223;
			fixture->disk.content[(random >> 8) % (5 * SECTOR)] ^= (uint8_t)random;
			random = random * 1664525 + 1013904223;
			fixture->disk.content[446 + (random >> 8) % 66] ^= (uint8_t)random;
		}
		if (scan(fixture, &partitions) < 0)
			continue;
		for (size_t i = 0; i < partitions->count; i++) {
			const struct block_partition *partition = &partitions->list[i];

			assert_true(partition->size > 0 && partition->size % SECTOR == 0);
			assert_true(partition->offset < SECTORS * SECTOR);
			assert_true(partition->size <= SECTORS * SECTOR - partition->offset);
		}
		block_partitions_free(partitions);
	}
}

/* ---- tests: partitions as devices --------------------------------------------------------- */

static void
reads_a_window_of_its_parent_and_no_more(void **state)
{
	struct fixture *fixture = *state;
	uint8_t data[SECTOR];
	struct block_dev *window;

	for (unsigned i = 0; i < SECTORS; i++)
		memset(sector(fixture, i), (int)i, SECTOR);
	assert_int_equal(block_window_attach(fixture->dev, 10 * SECTOR, 3 * SECTOR, "diskp1"), 0);
	window = block_get_by_name(fixture->kernel, "diskp1");
	assert_int_equal(window->size, 3 * SECTOR);
	assert_int_equal(block_read(window, 2 * SECTOR, data, SECTOR), 0);
	assert_int_equal(data[0], 12);
	assert_int_equal(block_read(window, 3 * SECTOR, data, SECTOR), -EINVAL);
	block_put(window);
}

static void
keeps_the_parent_as_long_as_there_is_a_window(void **state)
{
	struct fixture *fixture = *state;
	struct fake_block other;

	fake_block_create(&other, fixture->kernel, 4 * SECTOR);
	assert_int_equal(block_register(fixture->kernel, &other.dev, "other"), 0);
	block_put(block_get_by_name(fixture->kernel, "other"));
	assert_int_equal(block_window_attach(&other.dev, 0, SECTOR, "otherp1"), 0);
	assert_int_equal(block_unregister(fixture->kernel, "other"), -EBUSY);
	assert_int_equal(block_unregister(fixture->kernel, "otherp1"), 0);
	assert_int_equal(block_unregister(fixture->kernel, "other"), 0);
	assert_true(other.is_destroyed);
	fake_block_destroy(&other);
	/* This one stays until the kernel goes. */
	assert_int_equal(block_window_attach(fixture->dev, 0, SECTOR, "diskp1"), 0);
}

static void
refuses_windows_that_cannot_be(void **state)
{
	static const struct {
		uint64_t offset, size;
		const char *name;
		int want;
	} rows[] = {
		{ 0, 0, "w", -EINVAL },
		{ 1, SECTOR, "w", -EINVAL },
		{ 0, SECTOR + 1, "w", -EINVAL },
		{ (uint64_t)SECTORS * SECTOR, SECTOR, "w", -EINVAL },
		{ 0, (SECTORS + 1) * SECTOR, "w", -EINVAL },
		{ UINT64_MAX - SECTOR + 1, SECTOR, "w", -EINVAL },
		{ 0, SECTOR, "disk", -EEXIST },
		{ 0, SECTOR, "", -EINVAL },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(block_window_attach(fixture->dev, rows[i].offset, rows[i].size,
				     rows[i].name),
		    rows[i].want);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create_fixture, destroy_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_nothing_where_nothing_is),
		TEST(finds_primary_and_logical_partitions),
		TEST(finds_what_a_gpt_tells),
		TEST(uses_a_gpt_of_larger_sectors),
		TEST(uses_the_copy_where_the_first_gpt_is_damaged),
		TEST(uses_the_copy_where_the_beginning_is_gone_or_unreadable),
		TEST(says_so_where_both_gpts_are_damaged),
		TEST(prefers_the_gpt_of_a_hybrid_and_then_its_mbr),
		TEST(ignores_a_gpt_that_the_mbr_does_not_tell_of),
		TEST(finds_disklabels_wherever_they_are),
		TEST(finds_disklabels_in_partitions),
		TEST(leaves_out_what_a_disklabel_repeats),
		TEST(does_not_let_a_relative_label_leave_its_partition),
		TEST(says_so_where_a_disklabel_is_damaged),
		TEST(finds_what_an_apple_map_tells),
		TEST(uses_an_apple_map_as_far_as_it_is_good),
		TEST(cuts_or_leaves_out_what_is_outside_the_device),
		TEST(survives_gpt_addresses_of_any_size),
		TEST(ends_chains_that_loop_keeping_what_they_told),
		TEST(tells_at_most_so_many_partitions),
		TEST(tells_only_good_ranges_of_damaged_tables),
		TEST(reads_a_window_of_its_parent_and_no_more),
		TEST(keeps_the_parent_as_long_as_there_is_a_window),
		TEST(refuses_windows_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
