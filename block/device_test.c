/* Tests of requests to block devices and of reading that waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "block/block.h"
#include "kern/kernel.h"
#include "tests/fake_block.h"
#include "tests/fake_host.h"

#define SECTOR BLOCK_SECTOR_SIZE
#define SIZE   ((uint64_t)64 * SECTOR)

static int
create_fixture(void **state)
{
	*state = fake_disk_create(SIZE);
	return 0;
}

static int
destroy_fixture(void **state)
{
	fake_disk_destroy(*state);
	return 0;
}

struct call {
	struct host_block_request request;
	unsigned done_count;
	int error;
};

static void
done(struct host_block_request *request, int error)
{
	struct call *call = container_of(request, struct call, request);

	call->done_count++;
	call->error = error;
}

static void
starts_only_requests_inside_the_device(void **state)
{
	static const struct {
		enum host_block_op op;
		uint64_t offset, length;
		int want, want_read_only;
	} rows[] = {
		{ HOST_BLOCK_READ, 0, SECTOR, 0, 0 },		     /* the first sector */
		{ HOST_BLOCK_READ, SIZE - SECTOR, SECTOR, 0, 0 },    /* the last */
		{ HOST_BLOCK_READ, 0, SIZE, 0, 0 },		     /* all */
		{ HOST_BLOCK_READ, SIZE, 0, 0, 0 },		     /* nothing, at the end */
		{ HOST_BLOCK_READ, SIZE, SECTOR, -EINVAL, -EINVAL }, /* past the end */
		{ HOST_BLOCK_READ, SIZE - SECTOR, 2 * SECTOR, -EINVAL, -EINVAL }, /* across it */
		{ HOST_BLOCK_READ, 1, SECTOR, -EINVAL, -EINVAL },     /* begins in a sector */
		{ HOST_BLOCK_READ, 0, SECTOR - 1, -EINVAL, -EINVAL }, /* ends in one */
		{ HOST_BLOCK_READ, -(uint64_t)SECTOR, SECTOR, -EINVAL, -EINVAL }, /* wraps to 0 */
		{ HOST_BLOCK_READ, SECTOR, -(uint64_t)SECTOR, -EINVAL, -EINVAL }, /* the same */
		{ HOST_BLOCK_WRITE, 0, SECTOR, 0, -EROFS },			  /* changes it */
		{ HOST_BLOCK_DISCARD, 0, SECTOR, 0, -EROFS },			  /* changes it */
		{ HOST_BLOCK_ZERO, 0, SECTOR, 0, -EROFS },			  /* changes it */
		{ HOST_BLOCK_WRITE, SIZE, SECTOR, -EINVAL, -EINVAL }, /* would grow it */
		{ HOST_BLOCK_FLUSH, 0, 0, 0, 0 },		      /* changes nothing */
	};
	struct fake_disk *fixture = *state;
	uint8_t *bytes = calloc(1, SIZE);

	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		size_t row = i / 2;
		struct segment segment = { bytes, SIZE };
		struct call call = {
			.request = {
				.op = rows[row].op,
				.offset = rows[row].offset,
				.length = rows[row].length,
				.segments = &segment,
				.segment_count = rows[row].op <= HOST_BLOCK_WRITE,
				.done = done,
			},
		};
		int want = i % 2 == 0 ? rows[row].want : rows[row].want_read_only;
		size_t before = fixture->fake.request_count;

		if (rows[row].length < segment.length)
			segment.length = rows[row].length;
		fixture->dev->is_read_only = i % 2 != 0;
		block_submit(fixture->dev, &call.request);
		assert_int_equal(call.done_count, 1);
		assert_int_equal(call.error, want);
		assert_int_equal(fixture->fake.request_count - before, want == 0);
	}
	free(bytes);
}

static void
larger_sectors_want_larger_alignment(void **state)
{
	struct fake_disk *fixture = *state;
	uint8_t bytes[4096];

	fixture->dev->sector_size = 4096;
	assert_int_equal(block_read(fixture->dev, 512, bytes, 4096), -EINVAL);
	assert_int_equal(block_read(fixture->dev, 4096, bytes, 512), -EINVAL);
	assert_int_equal(block_read(fixture->dev, 4096, bytes, 4096), 0);
	assert_memory_equal(bytes, fixture->fake.content + 4096, 4096);
}

static void
reads_into_segments_of_any_shape(void **state)
{
	struct fake_disk *fixture = *state;
	uint8_t first[7], second[2 * SECTOR], third[SECTOR - 7];
	struct segment segments[] = {
		{ first, sizeof(first) },
		{ NULL, 0 },
		{ second, sizeof(second) },
		{ third, sizeof(third) },
	};
	const uint8_t *want = fixture->fake.content + 5 * SECTOR;

	assert_int_equal(block_read_segments(fixture->dev, 5 * SECTOR, segments, 4), 0);
	assert_memory_equal(first, want, sizeof(first));
	assert_memory_equal(second, want + 7, sizeof(second));
	assert_memory_equal(third, want + 7 + 2 * SECTOR, sizeof(third));
	assert_int_equal(block_read_segments(fixture->dev, SIZE, NULL, 0), 0);
}

static void
a_read_done_at_once_never_calls_the_host(void **state)
{
	struct fake_disk *fixture = *state;
	uint8_t bytes[SECTOR];

	for (int i = 0; i < 100; i++)
		assert_int_equal(block_read(fixture->dev, 0, bytes, SECTOR), 0);
	assert_int_equal(fixture->host.wait_count, 0);
	assert_int_equal(fixture->host.wake_count, 0);
}

struct reader {
	struct fake_disk *fixture;
	uint8_t bytes[2 * SECTOR];
	int error;
	struct host_thread *thread;
};

static void
read_two_sectors(void *argument)
{
	struct reader *reader = argument;

	reader->error =
	    block_read(reader->fixture->dev, 3 * SECTOR, reader->bytes, sizeof(reader->bytes));
}

static void
a_read_sleeps_until_its_request_is_done(void **state)
{
	struct fake_disk *fixture = *state;
	struct reader reader = { .fixture = fixture };

	fake_block_hold(&fixture->fake);
	assert_int_equal(fake_host_ops.thread_start(&fixture->host, "reader", read_two_sectors,
			     &reader, &reader.thread),
	    0);
	fake_block_await(&fixture->fake, 1);
	fake_host_await_sleepers(&fixture->host, 1);
	fake_block_let_go(&fixture->fake);
	fake_host_ops.thread_join(&fixture->host, reader.thread);
	assert_int_equal(reader.error, 0);
	assert_memory_equal(reader.bytes, fixture->fake.content + 3 * SECTOR, 2 * SECTOR);
	assert_int_equal(fixture->host.wake_count, 1);
}

static void
a_request_may_be_done_before_its_reader_sleeps(void **state)
{
	struct fake_disk *fixture = *state;

	for (int i = 0; i < 200; i++) {
		struct reader reader = { .fixture = fixture };

		fake_block_hold(&fixture->fake);
		assert_int_equal(fake_host_ops.thread_start(&fixture->host, "reader",
				     read_two_sectors, &reader, &reader.thread),
		    0);
		fake_block_await(&fixture->fake, 1);
		fake_block_let_go(&fixture->fake);
		fake_host_ops.thread_join(&fixture->host, reader.thread);
		assert_int_equal(reader.error, 0);
	}
}

/* The console is exactly this. */
static void
check_console(struct fake_disk *fixture, const char *want)
{
	fixture->host.console[fixture->host.console_length] = '\0';
	assert_non_null(strstr(fixture->host.console, want));
	assert_ptr_equal(strchr(fixture->host.console, '\n'),
	    fixture->host.console + fixture->host.console_length - 1);
}

static void
a_failed_read_is_logged_once_with_where(void **state)
{
	struct fake_disk *fixture = *state;
	uint8_t bytes[4 * SECTOR];

	fixture->fake.bad_offset = 12 * SECTOR;
	fixture->fake.bad_length = SECTOR;
	fixture->fake.bad_error = -EIO;
	assert_int_equal(block_read(fixture->dev, 8 * SECTOR, bytes, sizeof(bytes)), 0);
	assert_int_equal(fixture->host.console_length, 0);
	assert_int_equal(block_read(fixture->dev, 10 * SECTOR, bytes, sizeof(bytes)), -EIO);
	check_console(fixture, "block: image: read of 2048 bytes at offset 5120 failed: error 5\n");
}

static void
a_read_outside_the_device_is_logged_too(void **state)
{
	struct fake_disk *fixture = *state;
	uint8_t bytes[SECTOR];

	assert_int_equal(block_read(fixture->dev, (uint64_t)1 << 60, bytes, SECTOR), -EINVAL);
	check_console(fixture,
	    "block: image: read of 512 bytes at offset 1152921504606846976 failed: error 22\n");
}

static void
a_readers_bad_memory_is_not_the_devices_fault(void **state)
{
	struct fake_disk *fixture = *state;
	uint8_t bytes[SECTOR];

	fixture->fake.bad_length = SECTOR;
	fixture->fake.bad_error = -EFAULT;
	assert_int_equal(block_read(fixture->dev, 0, bytes, SECTOR), -EFAULT);
	assert_int_equal(fixture->host.console_length, 0);
}

static void
segments_whose_sum_wraps_are_an_error(void **state)
{
	struct fake_disk *fixture = *state;
	uint8_t bytes[SECTOR];
	struct segment segments[] = {
		{ bytes, SECTOR },
		{ bytes, SIZE_MAX - SECTOR + 1 },
		{ bytes, SECTOR },
	};

	assert_int_equal(block_read_segments(fixture->dev, 0, segments, 3), -EINVAL);
	assert_int_equal(fixture->fake.request_count, 0);
}

static void
read_for_ever(void *argument)
{
	struct fake_disk *fixture = argument;
	uint8_t bytes[SECTOR];

	fixture->host.has_threads = false;
	fake_block_hold(&fixture->fake);
	(void)!block_read(fixture->dev, 0, bytes, SECTOR);
}

static void
a_read_that_nobody_will_complete_is_a_panic(void **state)
{
	assert_true(fake_host_dies(read_for_ever, *state, "a transfer that nobody will complete"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, create_fixture, destroy_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(starts_only_requests_inside_the_device),
		CASE(larger_sectors_want_larger_alignment),
		CASE(reads_into_segments_of_any_shape),
		CASE(a_read_done_at_once_never_calls_the_host),
		CASE(a_read_sleeps_until_its_request_is_done),
		CASE(a_request_may_be_done_before_its_reader_sleeps),
		CASE(a_failed_read_is_logged_once_with_where),
		CASE(a_read_outside_the_device_is_logged_too),
		CASE(a_readers_bad_memory_is_not_the_devices_fault),
		CASE(segments_whose_sum_wraps_are_an_error),
		CASE(a_read_that_nobody_will_complete_is_a_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
