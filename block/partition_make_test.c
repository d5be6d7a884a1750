/*
 * Tests of making partition tables: what is made is what a scan finds, damaged or
 * not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "block/partition.h"
#include "block/partition_gpt.h"
#include "block/partition_mbr.h"
#include "tests/fake_block.h"
#include "tests/fake_host.h"
#include "tests/test_kernel.h"

#define MIB ((uint64_t)1 << 20)

static const struct component *const components[] = { &block_component };

struct fixture {
	struct host host;
	struct kernel *kernel;
	struct fake_block fake;
};

static void
create(struct fixture *fixture, uint64_t size)
{
	const struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = &fixture->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
	};

	fake_host_create(&fixture->host, true);
	assert_int_equal(kernel_create(&config, &fixture->kernel), 0);
	fake_block_create(&fixture->fake, fixture->kernel, size);
	assert_int_equal(block_register(fixture->kernel, &fixture->fake.dev, "disk"), 0);
}

static void
destroy(struct fixture *fixture)
{
	kernel_destroy(fixture->kernel);
	fake_block_destroy(&fixture->fake);
	fake_host_destroy(&fixture->host);
}

/* There is one partition, here. */
static void
must_have(struct fixture *fixture, uint64_t offset, uint64_t size, const char *type,
    const char *label)
{
	struct block_partitions *found;

	assert_int_equal(block_partitions_scan(&fixture->fake.dev, &found), 0);
	assert_int_equal(found->count, 1);
	assert_int_equal(found->list[0].offset, offset);
	assert_int_equal(found->list[0].size, size);
	assert_string_equal(found->list[0].type, type);
	assert_string_equal(found->list[0].label, label);
	block_partitions_free(found);
}

static void
a_gpt_has_one_partition_and_a_copy(void **state)
{
	const struct block_partition_plan plan = {
		.table = BLOCK_TABLE_GPT,
		.gpt_type = GPT_TYPE_NETBSD_FFS,
		.label = "a label",
	};
	struct fixture fixture;
	uint8_t *content;
	struct mbr mbr;

	create(&fixture, 8 * MIB + 512);
	content = fixture.fake.content;
	assert_int_equal(block_partition_make(&fixture.fake.dev, &plan), 0);
	must_have(&fixture, MIB, 6 * MIB, GPT_TYPE_NETBSD_FFS, "a label");
	assert_int_equal(mbr_decode(content, 512, &mbr), 0);
	assert_int_equal(mbr.entries[0].type, MBR_PROTECTIVE);
	assert_int_equal(mbr.entries[0].first, 1);
	assert_int_equal(mbr.entries[0].count, (8 * MIB + 512) / 512 - 1);

	/* Without the first header, the copy counts. */
	memset(content + 512, 0, 512);
	must_have(&fixture, MIB, 6 * MIB, GPT_TYPE_NETBSD_FFS, "a label");
	destroy(&fixture);
}

static void
an_mbr_has_one_partition_up_to_the_end(void **state)
{
	const struct block_partition_plan plan = { .table = BLOCK_TABLE_MBR,
		.mbr_type = MBR_FREEBSD };
	struct fixture fixture;

	create(&fixture, 5 * MIB + 1024);
	assert_int_equal(block_partition_make(&fixture.fake.dev, &plan), 0);
	must_have(&fixture, MIB, 4 * MIB + 1024, "0xa5", "");
	destroy(&fixture);
}

static void
what_is_too_small_gets_none(void **state)
{
	const struct block_partition_plan plan = {
		.table = BLOCK_TABLE_GPT,
		.gpt_type = GPT_TYPE_FREEBSD_UFS,
		.label = "",
	};
	struct block_partitions *found;
	struct fixture fixture;

	create(&fixture, 3 * MIB - 512);
	memset(fixture.fake.content, 0, 3 * MIB - 512);
	assert_int_equal(block_partition_make(&fixture.fake.dev, &plan), -ENOSPC);
	assert_int_equal(block_partitions_scan(&fixture.fake.dev, &found), -ENOENT);
	destroy(&fixture);
	create(&fixture, 2 * MIB - 512);
	assert_int_equal(block_partition_make(&fixture.fake.dev,
			     &(struct block_partition_plan){ .table = BLOCK_TABLE_MBR,
				 .mbr_type = MBR_NETBSD }),
	    -ENOSPC);
	destroy(&fixture);
	create(&fixture, 3 * MIB);
	assert_int_equal(block_partition_make(&fixture.fake.dev, &plan), 0);
	must_have(&fixture, MIB, MIB, GPT_TYPE_FREEBSD_UFS, "");
	destroy(&fixture);
}

/* Whichever write fails, a table that is there afterwards is a whole one. */
static void
what_cannot_be_written_is_an_error(void **state)
{
	const struct block_partition_plan plan = {
		.table = BLOCK_TABLE_GPT,
		.gpt_type = GPT_TYPE_FREEBSD_UFS,
		.label = "",
	};
	static const uint64_t bad[] = { 0, 512, 8 * MIB - 512, 8 * MIB - 4096 };
	struct fixture fixture;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		create(&fixture, 8 * MIB);
		fixture.fake.bad_offset = bad[i];
		fixture.fake.bad_length = 512;
		fixture.fake.bad_error = -EIO;
		assert_int_equal(block_partition_make(&fixture.fake.dev, &plan), -EIO);
		destroy(&fixture);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gpt_has_one_partition_and_a_copy),
		cmocka_unit_test(an_mbr_has_one_partition_up_to_the_end),
		cmocka_unit_test(what_is_too_small_gets_none),
		cmocka_unit_test(what_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
