/*
 * Tests of the replay: journals written here, block by block, in either byte
 * order and around the end of their area, and what a view then shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fs/ffs/replay.h"
#include "fs/ffs/view.h"
#include "fs/ffs/wapbl.h"
#include "kern/kernel.h"
#include "tests/fake_block.h"
#include "tests/fake_host.h"
#include "tests/ffs_sample.h"

#define FS_SIZE	    ((uint64_t)SAMPLE_FRAGMENTS_PER_GROUP * 512)
#define LOG_SIZE    ((uint64_t)64 * 1024)
#define AREA	    1024 /* where the circular area begins in the log */
#define AREA_SIZE   (LOG_SIZE - AREA)
#define DEVICE_SIZE (FS_SIZE + LOG_SIZE)
#define MEMORY	    (4 * CHUNK_SIZE) /* that the kernel may take */

static const struct sample sample = { FFS_UFS2, ORDER_BIG, 4096, 512, 1 };
static const struct component *const components[] = { &block_component };

/* A device with a file system's superblock in memory, and a journal after it. */
struct fixture {
	struct host host;
	struct kernel *kernel;
	struct fake_block fake;
	struct ffs_superblock sb;
	struct ffs_replay replay;
	struct block_dev *view;

	enum byte_order order; /* of the journal */
	uint64_t tail, head;   /* bytes into the area */
	uint64_t used;
};

/* One block or revocation: sectors from address on, filled with fill. */
struct copy {
	uint64_t address; /* sectors */
	uint32_t length;  /* bytes */
	uint8_t fill;
};

static int
create_fixture(void **state)
{
	static uint8_t bytes[FFS_SUPERBLOCK_SIZE];
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = &fixture->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
		.memory_limit = MEMORY,
		.console_level = LOG_ERROR,
	};

	fake_host_create(&fixture->host, true);
	assert_int_equal(kernel_create(&config, &fixture->kernel), 0);
	fake_block_create(&fixture->fake, fixture->kernel, DEVICE_SIZE);
	assert_int_equal(block_register(fixture->kernel, &fixture->fake.dev, "image"), 0);
	sample_superblock(bytes, &sample);
	sample_decode(bytes, &sample, &fixture->sb);
	fixture->sb.journal = (struct ffs_journal){
		.place = FFS_JOURNAL_AFTER_FS,
		.offset = FS_SIZE,
		.size = LOG_SIZE,
		.block_size = 512,
	};
	*state = fixture;
	return 0;
}

static int
destroy_fixture(void **state)
{
	struct fixture *fixture = *state;

	ffs_view_destroy(fixture->view);
	kernel_destroy(fixture->kernel);
	fake_block_destroy(&fixture->fake);
	fake_host_destroy(&fixture->host);
	free(fixture);
	return 0;
}

/* Write at the head, around the end of the area. */
static void
append(struct fixture *fixture, const uint8_t *bytes, size_t size)
{
	uint8_t *area = fixture->fake.content + FS_SIZE + AREA;

	for (size_t i = 0; i < size; i++)
		area[(fixture->head + i) % AREA_SIZE] = bytes[i];
	fixture->head = (fixture->head + size) % AREA_SIZE;
	fixture->used += size;
}

/* A record of count blocks or revocations; blocks bring their content along. */
static void
append_record(struct fixture *fixture, uint32_t type, const struct copy *copies, uint32_t count)
{
	uint8_t block[512] = { 0 }, content[512];
	uint32_t length = sizeof(block);

	for (uint32_t i = 0; i < count; i++) {
		store64(block + 16 + 16 * i, copies[i].address, fixture->order);
		store32(block + 28 + 16 * i, copies[i].length, fixture->order);
		length += type == FFS_WAPBL_BLOCKS ? copies[i].length : 0;
	}
	store32(block + 0, type, fixture->order);
	store32(block + 4, length, fixture->order);
	store32(block + 8, count, fixture->order);
	append(fixture, block, sizeof(block));
	if (type != FFS_WAPBL_BLOCKS)
		return;
	for (uint32_t i = 0; i < count; i++) {
		memset(content, copies[i].fill, sizeof(content));
		for (uint32_t j = 0; j < copies[i].length; j += (uint32_t)sizeof(content))
			append(fixture, content, sizeof(content));
	}
}

static void
put_header(struct fixture *fixture, unsigned place, uint32_t generation)
{
	uint8_t *bytes = fixture->fake.content + FS_SIZE + place * (size_t)512;
	enum byte_order order = fixture->order;
	bool is_empty = fixture->used == 0;

	memset(bytes, 0, 512);
	store32(bytes + 0, 0x5741424c, order);
	store32(bytes + 4, 512, order);
	store32(bytes + 12, generation, order);
	store32(bytes + 36, 1, order);
	store32(bytes + 40, 9, order);
	store32(bytes + 44, 9, order);
	store64(bytes + 48, is_empty ? 0 : AREA + fixture->head, order);
	store64(bytes + 56, is_empty ? 0 : AREA + fixture->tail, order);
	store64(bytes + 64, AREA, order);
	store64(bytes + 72, AREA_SIZE, order);
}

static void
begin(struct fixture *fixture, enum byte_order order, uint64_t tail)
{
	ffs_view_destroy(fixture->view);
	fixture->view = NULL;
	fixture->order = order;
	fixture->tail = fixture->head = tail;
	fixture->used = 0;
}

static int
replay(struct fixture *fixture)
{
	return ffs_replay_journal(&fixture->sb, &fixture->fake.dev, "image", &fixture->replay,
	    &fixture->view);
}

/* One sector of the view is all fill. */
static void
expect_fill(struct fixture *fixture, uint64_t address, uint8_t fill)
{
	uint8_t sector[512];

	assert_int_equal(block_read(fixture->view, address * 512, sector, sizeof(sector)), 0);
	for (size_t i = 0; i < sizeof(sector); i++)
		assert_int_equal(sector[i], fill);
}

/* One sector of the view is what the device has in place. */
static void
expect_in_place(struct fixture *fixture, uint64_t address)
{
	uint8_t sector[512];

	assert_int_equal(block_read(fixture->view, address * 512, sector, sizeof(sector)), 0);
	assert_memory_equal(sector, fixture->fake.content + address * 512, sizeof(sector));
}

static void
has_nothing_to_show_for_an_empty_journal(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, ORDER_LITTLE, 0);
	put_header(fixture, 0, 1);
	assert_int_equal(replay(fixture), 0);
	assert_null(fixture->view);
	assert_int_equal(fixture->replay.record_count, 0);
}

static void
shows_the_newest_copy_in_either_byte_order(void **state)
{
	static const struct copy first[] = { { 100, 4096, 1 }, { 200, 512, 2 } };
	static const struct copy second[] = { { 102, 512, 3 } };
	struct fixture *fixture = *state;

	for (unsigned order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		begin(fixture, (enum byte_order)order, 2048);
		append_record(fixture, FFS_WAPBL_BLOCKS, first, 2);
		append_record(fixture, FFS_WAPBL_INODES, NULL, 0);
		append_record(fixture, FFS_WAPBL_BLOCKS, second, 1);
		put_header(fixture, 0, 7);
		put_header(fixture, 1, 7);
		assert_int_equal(replay(fixture), 0);
		assert_int_equal(fixture->replay.record_count, 3);
		assert_int_equal(fixture->replay.block_count, 3);
		assert_int_equal(fixture->replay.size, 4096 + 512);
		expect_in_place(fixture, 99);
		expect_fill(fixture, 100, 1);
		expect_fill(fixture, 101, 1);
		expect_fill(fixture, 102, 3);
		expect_fill(fixture, 107, 1);
		expect_in_place(fixture, 108);
		expect_fill(fixture, 200, 2);
	}
}

static void
forgets_what_was_revoked(void **state)
{
	static const struct copy blocks[] = { { 100, 4096, 1 } };
	static const struct copy revoked[] = { { 100, 2048, 0 } };
	static const struct copy again[] = { { 101, 512, 2 } };
	struct fixture *fixture = *state;

	begin(fixture, ORDER_LITTLE, 0);
	append_record(fixture, FFS_WAPBL_BLOCKS, blocks, 1);
	append_record(fixture, FFS_WAPBL_REVOCATIONS, revoked, 1);
	append_record(fixture, FFS_WAPBL_BLOCKS, again, 1);
	put_header(fixture, 0, 1);
	assert_int_equal(replay(fixture), 0);
	expect_in_place(fixture, 100);
	expect_fill(fixture, 101, 2);
	expect_in_place(fixture, 102);
	expect_fill(fixture, 104, 1);
}

static void
follows_records_around_the_end_of_the_area(void **state)
{
	static const struct copy blocks[] = { { 100, 4096, 1 }, { 300, 4096, 2 } };
	struct fixture *fixture = *state;

	/* The header, the first and the second block are cut in turn. */
	for (uint64_t left = 512; left <= 512 + 2 * 4096; left += 512) {
		begin(fixture, ORDER_BIG, AREA_SIZE - left);
		append_record(fixture, FFS_WAPBL_BLOCKS, blocks, 2);
		append_record(fixture, FFS_WAPBL_INODES, NULL, 0);
		put_header(fixture, 1, 3);
		assert_int_equal(replay(fixture), 0);
		for (uint64_t i = 0; i < 8; i++) {
			expect_fill(fixture, 100 + i, 1);
			expect_fill(fixture, 300 + i, 2);
		}
	}
}

static void
follows_the_newer_header(void **state)
{
	static const struct copy old[] = { { 100, 512, 1 } };
	static const struct copy new[] = { { 100, 512, 2 } };
	struct fixture *fixture = *state;

	for (unsigned place = 0; place < 2; place++) {
		begin(fixture, ORDER_LITTLE, 0);
		append_record(fixture, FFS_WAPBL_BLOCKS, old, 1);
		put_header(fixture, 1 - place, 0xffffffff);
		append_record(fixture, FFS_WAPBL_BLOCKS, new, 1);
		put_header(fixture, place, 0); /* generations wrap around */
		assert_int_equal(replay(fixture), 0);
		expect_fill(fixture, 100, 2);
	}
}

static void
makes_do_with_one_good_header(void **state)
{
	static const struct copy blocks[] = { { 100, 512, 1 } };
	struct fixture *fixture = *state;

	begin(fixture, ORDER_LITTLE, 0);
	append_record(fixture, FFS_WAPBL_BLOCKS, blocks, 1);
	put_header(fixture, 0, 1);
	put_header(fixture, 1, 2);
	fixture->fake.content[FS_SIZE + 512 + 40] = 77; /* torn */
	assert_int_equal(replay(fixture), 0);
	expect_fill(fixture, 100, 1);
}

static void
splits_reads_and_their_memory_where_content_moves(void **state)
{
	static const struct copy blocks[] = { { 100, 512, 1 }, { 102, 1024, 2 } };
	struct fixture *fixture = *state;
	uint8_t read[6 * 512], want[6 * 512];
	const struct segment segments[] = {
		{ read, 100 },
		{ read + 100, 1000 },
		{ read + 1100, 0 },
		{ read + 1100, sizeof(read) - 1100 },
	};

	begin(fixture, ORDER_LITTLE, 0);
	append_record(fixture, FFS_WAPBL_BLOCKS, blocks, 2);
	put_header(fixture, 0, 1);
	assert_int_equal(replay(fixture), 0);
	memcpy(want, fixture->fake.content + 99 * 512, sizeof(want));
	memset(want + 512, 1, 512);
	memset(want + 3 * 512, 2, 1024);
	assert_int_equal(block_read_segments(fixture->view, 99 * 512, segments,
			     ARRAY_SIZE(segments)),
	    0);
	assert_memory_equal(read, want, sizeof(want));
}

static void
passes_on_errors_of_the_device(void **state)
{
	static const struct copy blocks[] = { { 100, 512, 1 } };
	struct fixture *fixture = *state;
	uint8_t sector[512];

	begin(fixture, ORDER_LITTLE, 0);
	append_record(fixture, FFS_WAPBL_BLOCKS, blocks, 1);
	put_header(fixture, 0, 1);
	assert_int_equal(replay(fixture), 0);
	fixture->fake.bad_offset = FS_SIZE + AREA + 512;
	fixture->fake.bad_length = 512;
	fixture->fake.bad_error = -EIO;
	assert_int_equal(block_read(fixture->view, 100 * 512, sector, 512), -EIO);
	assert_int_equal(block_read(fixture->view, 101 * 512, sector, 512), 0);

	ffs_view_destroy(fixture->view);
	fixture->fake.bad_offset = FS_SIZE;
	assert_int_equal(replay(fixture), -EIO);
	assert_null(fixture->view);
}

static void
refuses_damaged_journals(void **state)
{
	static const struct copy blocks[] = { { 100, 4096, 1 } };
	struct fixture *fixture = *state;
	const struct {
		uint64_t offset; /* into the log */
		uint32_t value;
	} rows[] = {
		{ 0, 0 },		   /* the only header has no magic number */
		{ 36, 9 },		   /* or an unknown version */
		{ 40, 10 },		   /* or another block size than the superblock says */
		{ AREA + 0, 0 },	   /* the record is none */
		{ AREA + 4, 1 << 20 },	   /* or leads out of the area */
		{ AREA + 8, 100 },	   /* or has more entries than a block holds */
		{ AREA + 8, 2 },	   /* or more than it has content for */
		{ AREA + 16 + 4, 0xffff }, /* or a block outside the file system */
		{ AREA + 28, 8192 },	   /* or one larger than the record */
		{ AREA + 28, 0 },	   /* or smaller than anything */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(fixture, ORDER_LITTLE, 0);
		append_record(fixture, FFS_WAPBL_BLOCKS, blocks, 1);
		put_header(fixture, 0, 1);
		store32(fixture->fake.content + FS_SIZE + AREA + 32, 500, ORDER_LITTLE);
		store32(fixture->fake.content + FS_SIZE + AREA + 44, 512, ORDER_LITTLE);
		store32(fixture->fake.content + FS_SIZE + rows[i].offset, rows[i].value,
		    ORDER_LITTLE);
		fixture->host.console_length = 0;
		assert_int_equal(replay(fixture), -EUCLEAN);
		assert_null(fixture->view);
		assert_true(fixture->host.console_length > 0);
	}
}

static void
refuses_journals_that_are_not_on_the_device(void **state)
{
	struct fixture *fixture = *state;
	const struct ffs_journal rows[] = {
		{ FFS_JOURNAL_AFTER_FS, DEVICE_SIZE, LOG_SIZE, 512, 0, false, false, 0 },
		{ FFS_JOURNAL_AFTER_FS, FS_SIZE + 512, LOG_SIZE, 512, 0, false, false, 0 },
		{ FFS_JOURNAL_AFTER_FS, FS_SIZE, 1024, 512, 0, false, false, 0 }, /* headers only */
		{ FFS_JOURNAL_AFTER_FS, FS_SIZE, (uint64_t)1 << 40, 512, 0, false, false, 0 },
		{ FFS_JOURNAL_AFTER_FS, INT64_MAX, INT64_MAX, 512, 0, false, false, 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(fixture, ORDER_LITTLE, 0);
		put_header(fixture, 0, 1);
		fixture->sb.journal = rows[i];
		assert_int_equal(replay(fixture), -EUCLEAN);
	}
}

static void
gives_everything_back_when_memory_runs_out(void **state)
{
	static const struct copy blocks[] = { { 100, 512, 1 } };
	struct fixture *fixture = *state;
	void *hogged[MEMORY / PAGE_SIZE];
	size_t count = 0;
	int error = -ENOMEM;

	begin(fixture, ORDER_LITTLE, 0);
	for (unsigned i = 0; i < 60; i++)
		append_record(fixture, FFS_WAPBL_BLOCKS, blocks, 1);
	put_header(fixture, 0, 1);
	while ((hogged[count] = page_run_alloc(fixture->kernel, 1)) != NULL)
		count++;
	assert_int_equal(replay(fixture), -ENOMEM);
	while (error == -ENOMEM && count > 0) {
		page_run_free(fixture->kernel, hogged[--count], 1);
		error = replay(fixture);
	}
	while (count > 0)
		page_run_free(fixture->kernel, hogged[--count], 1);
	assert_int_equal(error, 0);
	expect_fill(fixture, 100, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, create_fixture, destroy_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(has_nothing_to_show_for_an_empty_journal),
		CASE(shows_the_newest_copy_in_either_byte_order),
		CASE(forgets_what_was_revoked),
		CASE(follows_records_around_the_end_of_the_area),
		CASE(follows_the_newer_header),
		CASE(makes_do_with_one_good_header),
		CASE(splits_reads_and_their_memory_where_content_moves),
		CASE(passes_on_errors_of_the_device),
		CASE(refuses_damaged_journals),
		CASE(refuses_journals_that_are_not_on_the_device),
		CASE(gives_everything_back_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
