/*
 * Tests of requests to a backing store.  The system calls in question are
 * defined here, so that a test can have them stop short, be interrupted, or
 * fail as a disk does.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "host/posix/posix.h"
#include "tests/large.h"

#define IMAGE_SIZE 1000000

struct fixture {
	struct host *host;
	struct host_block *block;
	char path[64];
	uint8_t *content; /* what the image should hold */
};

/* How the system misbehaves; all zero when it does not. */
static struct {
	size_t transfer_max;	  /* most bytes moved at a time */
	unsigned interrupt_every; /* every n-th call is interrupted */
	int error;		  /* all calls fail */
	bool is_without_zero_range, is_without_punch_hole;
	unsigned calls;
} fault;

/* Whether this call fails, its errno set. */
static bool
fails(void)
{
	fault.calls++;
	if (fault.interrupt_every != 0 && fault.calls % fault.interrupt_every != 0) {
		errno = EINTR;
		return true;
	}
	errno = fault.error;
	return fault.error != 0;
}

/* An offset as the system takes it: in one word, or the low one of two first. */
#if LONG_MAX > INT32_MAX
#define OFFSET(offset) offset
#else
#define OFFSET(offset) (long)(offset), (long)((offset) >> 32)
#endif

static ssize_t
move(long number, int descriptor, const struct iovec *parts, int count, off_t offset)
{
	if (fails())
		return -1;
	for (int i = 0; fault.transfer_max != 0 && i < count; i++) {
		if (parts[i].iov_len > 0) {
			size_t length = parts[i].iov_len < fault.transfer_max ? parts[i].iov_len
									      : fault.transfer_max;
			struct iovec part = { parts[i].iov_base, length };

			return syscall(number, descriptor, &part, 1, OFFSET(offset), 0);
		}
	}
	return syscall(number, descriptor, parts, count, OFFSET(offset), 0);
}

ssize_t
preadv(int descriptor, const struct iovec *parts, int count, off_t offset)
{
	return move(SYS_preadv, descriptor, parts, count, offset);
}

ssize_t
pwritev(int descriptor, const struct iovec *parts, int count, off_t offset)
{
	return move(SYS_pwritev, descriptor, parts, count, offset);
}

int
fdatasync(int descriptor)
{
	return fails() ? -1 : (int)syscall(SYS_fdatasync, descriptor);
}

int
fallocate(int descriptor, int mode, off_t offset, off_t length)
{
	if (fails())
		return -1;
	if (((mode & FALLOC_FL_ZERO_RANGE) != 0 && fault.is_without_zero_range) ||
	    ((mode & FALLOC_FL_PUNCH_HOLE) != 0 && fault.is_without_punch_hole)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_fallocate, descriptor, mode, OFFSET(offset), OFFSET(length));
}

static void
fill(uint8_t *bytes, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = (uint8_t)(seed >> 16 | 1); /* never zero */
	}
}

static void
open_image(struct fixture *fixture, bool writable)
{
	struct host_block_info info;

	assert_int_equal(posix_host_ops.block_open(fixture->host, fixture->path, writable,
			     &fixture->block, &info),
	    0);
	assert_int_equal(info.size, IMAGE_SIZE);
}

static int
create_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	int file;

	memset(&fault, 0, sizeof(fault));
	assert_int_equal(posix_host_create(&fixture->host), 0);
	fixture->content = malloc(IMAGE_SIZE);
	fill(fixture->content, IMAGE_SIZE, 1);
	strcpy(fixture->path, "/tmp/request_test.XXXXXX");
	file = mkstemp(fixture->path);
	assert_int_equal(write(file, fixture->content, IMAGE_SIZE), IMAGE_SIZE);
	close(file);
	open_image(fixture, true);
	*state = fixture;
	return 0;
}

static int
destroy_fixture(void **state)
{
	struct fixture *fixture = *state;

	posix_host_ops.block_close(fixture->host, fixture->block);
	posix_host_destroy(fixture->host);
	unlink(fixture->path);
	free(fixture->content);
	free(fixture);
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

static int
submit(struct fixture *fixture, enum host_block_op op, uint64_t offset,
    const struct segment *segments, unsigned segment_count)
{
	struct call call = {
		.request = {
			.op = op,
			.offset = offset,
			.segments = segments,
			.segment_count = segment_count,
			.done = done,
		},
	};

	for (unsigned i = 0; i < segment_count; i++)
		call.request.length += segments[i].length;
	posix_host_ops.block_submit(fixture->host, fixture->block, &call.request);
	assert_int_equal(call.done_count, 1);
	return call.error;
}

static int
submit_range(struct fixture *fixture, enum host_block_op op, uint64_t offset, uint64_t length)
{
	struct call call = {
		.request = { .op = op, .offset = offset, .length = length, .done = done },
	};

	posix_host_ops.block_submit(fixture->host, fixture->block, &call.request);
	assert_int_equal(call.done_count, 1);
	return call.error;
}

/* The image holds what it should, as others see it. */
static void
check_content(struct fixture *fixture)
{
	uint8_t *bytes = malloc(IMAGE_SIZE + 1);
	int file = open(fixture->path, O_RDONLY);

	assert_int_equal(read(file, bytes, IMAGE_SIZE + 1), IMAGE_SIZE);
	assert_large_equal(bytes, fixture->content, IMAGE_SIZE);
	close(file);
	free(bytes);
}

/* Cut bytes into segments of changing lengths, some of them empty. */
static unsigned
cut(uint8_t *bytes, size_t size, struct segment *segments)
{
	unsigned count = 0;

	for (size_t at = 0; at < size; count++) {
		size_t length = count % 5 == 0 ? 0 : count * 7 % 97;

		if (length > size - at)
			length = size - at;
		segments[count] = (struct segment){ bytes + at, length };
		at += length;
	}
	segments[count++] = (struct segment){ NULL, 0 };
	return count;
}

/* Read and write all over the image in many segments. */
static void
check_transfers(struct fixture *fixture)
{
	static const struct {
		size_t offset, size;
	} rows[] = {
		{ 0, 1 },		     /* the first byte */
		{ IMAGE_SIZE - 1, 1 },	     /* the last */
		{ 4096, 4096 },		     /* a page */
		{ 12345, 3000 },	     /* a few segments */
		{ 777, 200000 },	     /* more than one system call takes */
		{ IMAGE_SIZE - 9000, 9000 }, /* up to the end */
	};
	struct segment *segments = calloc(IMAGE_SIZE, sizeof(*segments));
	uint8_t *bytes = malloc(IMAGE_SIZE);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t offset = rows[i].offset, size = rows[i].size;
		unsigned count = cut(bytes, size, segments);

		memset(bytes, 0, size);
		assert_int_equal(submit(fixture, HOST_BLOCK_READ, offset, segments, count), 0);
		assert_memory_equal(bytes, fixture->content + offset, size);
		fill(bytes, size, (uint32_t)i + 2);
		memcpy(fixture->content + offset, bytes, size);
		assert_int_equal(submit(fixture, HOST_BLOCK_WRITE, offset, segments, count), 0);
	}
	check_content(fixture);
	free(bytes);
	free(segments);
}

static void
transfers_every_byte_of_every_segment(void **state)
{
	check_transfers(*state);
}

static void
goes_on_where_the_system_stops_short(void **state)
{
	fault.transfer_max = 41;
	check_transfers(*state);
}

static void
goes_on_when_a_signal_interrupts(void **state)
{
	fault.transfer_max = 4096;
	fault.interrupt_every = 3;
	check_transfers(*state);
	assert_int_equal(submit_range(*state, HOST_BLOCK_FLUSH, 0, 0), 0);
	assert_int_equal(submit_range(*state, HOST_BLOCK_ZERO, 0, 0), 0);
}

static void
nothing_to_transfer_is_done_at_once(void **state)
{
	struct segment empty[3] = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

	assert_int_equal(submit(*state, HOST_BLOCK_READ, 0, empty, 0), 0);
	assert_int_equal(submit(*state, HOST_BLOCK_READ, IMAGE_SIZE, empty, 3), 0);
	assert_int_equal(submit(*state, HOST_BLOCK_WRITE, 100, empty, 3), 0);
}

static void
a_file_that_shrank_is_an_error_not_a_wait(void **state)
{
	struct fixture *fixture = *state;
	uint8_t bytes[8192];
	struct segment whole = { bytes, sizeof(bytes) };

	assert_int_equal(truncate(fixture->path, 100000), 0);
	assert_int_equal(submit(fixture, HOST_BLOCK_READ, 500000, &whole, 1), -EIO);
	assert_int_equal(submit(fixture, HOST_BLOCK_READ, 96000, &whole, 1), -EIO);
	assert_int_equal(submit(fixture, HOST_BLOCK_READ, 100000 - 8192, &whole, 1), 0);
}

static void
a_range_outside_the_store_is_an_error(void **state)
{
	static const struct {
		uint64_t offset;
	} rows[] = {
		{ IMAGE_SIZE - 511 }, /* ends outside */
		{ IMAGE_SIZE },	      /* begins outside */
		{ UINT64_MAX },	      /* wraps */
		{ UINT64_MAX - 511 }, /* wraps to 0 */
		{ (uint64_t)1 << 63 } /* negative to the system */
	};
	struct fixture *fixture = *state;
	uint8_t bytes[512] = { 0 };
	struct segment sector = { bytes, sizeof(bytes) };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t offset = rows[i].offset;

		assert_int_equal(submit(fixture, HOST_BLOCK_READ, offset, &sector, 1), -EIO);
		assert_int_equal(submit(fixture, HOST_BLOCK_WRITE, offset, &sector, 1), -EIO);
		assert_int_equal(submit_range(fixture, HOST_BLOCK_ZERO, offset, 512), -EIO);
		assert_int_equal(submit_range(fixture, HOST_BLOCK_DISCARD, offset, 512), -EIO);
	}
	check_content(fixture);
}

static void
a_store_opened_for_reading_is_never_changed(void **state)
{
	struct fixture *fixture = *state;
	uint8_t bytes[512] = { 0 };
	struct segment sector = { bytes, sizeof(bytes) };

	posix_host_ops.block_close(fixture->host, fixture->block);
	open_image(fixture, false);
	assert_int_equal(submit(fixture, HOST_BLOCK_WRITE, 0, &sector, 1), -EROFS);
	assert_int_equal(submit_range(fixture, HOST_BLOCK_ZERO, 0, 512), -EROFS);
	assert_int_equal(submit_range(fixture, HOST_BLOCK_DISCARD, 0, 512), -EROFS);
	assert_int_equal(submit_range(fixture, HOST_BLOCK_FLUSH, 0, 0), 0);
	check_content(fixture);
}

static void
zeroes_ranges_with_whatever_the_system_offers(void **state)
{
	static const struct {
		bool without_zero_range, without_punch_hole;
		size_t offset, size;
	} rows[] = {
		{ false, false, 4096, 8192 },  /* the best way */
		{ true, false, 30000, 9999 },  /* a hole */
		{ true, true, 50001, 333333 }, /* writing, several calls */
		{ true, true, 400000, 1 },     /* writing one byte */
		{ true, true, 999999, 1 },     /* the last one */
	};
	struct fixture *fixture = *state;
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fault.is_without_zero_range = rows[i].without_zero_range;
		fault.is_without_punch_hole = rows[i].without_punch_hole;
		assert_int_equal(submit_range(fixture, HOST_BLOCK_ZERO, rows[i].offset,
				     rows[i].size),
		    0);
		memset(fixture->content + rows[i].offset, 0, rows[i].size);
		check_content(fixture);
	}
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_size, IMAGE_SIZE);
}

static void
discards_or_says_that_it_cannot(void **state)
{
	struct fixture *fixture = *state;
	struct stat before, after;
	int error;

	assert_int_equal(stat(fixture->path, &before), 0);
	error = submit_range(fixture, HOST_BLOCK_DISCARD, 0, 524288);
	assert_int_equal(stat(fixture->path, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	if (error == 0)
		assert_true(after.st_blocks < before.st_blocks);
	else
		assert_int_equal(error, -EOPNOTSUPP);
	fault.is_without_punch_hole = true;
	assert_int_equal(submit_range(fixture, HOST_BLOCK_DISCARD, 0, 4096), -EOPNOTSUPP);
}

static void
tells_errors_of_the_disk_apart(void **state)
{
	static const struct {
		int error, want;
	} rows[] = {
		{ EIO, -EIO },	     /* a bad sector */
		{ ENOSPC, -ENOSPC }, /* a sparse image on a full disk */
		{ EDQUOT, -ENOSPC }, /* the same for its owner */
		{ EFBIG, -ENOSPC },  /* the same for the process */
		{ EFAULT, -EFAULT }, /* a segment nobody can reach */
		{ EBADF, -EIO },     /* somebody closed our descriptor */
	};
	struct fixture *fixture = *state;
	uint8_t bytes[512] = { 0 };
	struct segment sector = { bytes, sizeof(bytes) };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fault.error = rows[i].error;
		assert_int_equal(submit(fixture, HOST_BLOCK_READ, 0, &sector, 1), rows[i].want);
		assert_int_equal(submit(fixture, HOST_BLOCK_WRITE, 0, &sector, 1), rows[i].want);
	}
}

static void
a_flush_that_failed_is_never_followed_by_one_that_succeeds(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(submit_range(fixture, HOST_BLOCK_FLUSH, 0, 0), 0);
	fault.error = ENOSPC;
	assert_int_equal(submit_range(fixture, HOST_BLOCK_FLUSH, 0, 0), -ENOSPC);
	fault.error = 0;
	assert_int_equal(submit_range(fixture, HOST_BLOCK_FLUSH, 0, 0), -ENOSPC);
	posix_host_ops.block_close(fixture->host, fixture->block);
	open_image(fixture, true);
	assert_int_equal(submit_range(fixture, HOST_BLOCK_FLUSH, 0, 0), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, create_fixture, destroy_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(transfers_every_byte_of_every_segment),
		CASE(goes_on_where_the_system_stops_short),
		CASE(goes_on_when_a_signal_interrupts),
		CASE(nothing_to_transfer_is_done_at_once),
		CASE(a_file_that_shrank_is_an_error_not_a_wait),
		CASE(a_range_outside_the_store_is_an_error),
		CASE(a_store_opened_for_reading_is_never_changed),
		CASE(zeroes_ranges_with_whatever_the_system_offers),
		CASE(discards_or_says_that_it_cannot),
		CASE(tells_errors_of_the_disk_apart),
		CASE(a_flush_that_failed_is_never_followed_by_one_that_succeeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
