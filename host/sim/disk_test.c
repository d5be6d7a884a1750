/* Tests of simulated disks: what they hold, what power cuts leave, what goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "host/sim/sim.h"

#define SECTOR 512
#define SIZE   65536

static const struct host_ops *const ops = &sim_host_ops;

struct bench {
	struct sim *sim;
	struct host *host;
	struct sim_disk *disk;
	struct host_block *block;
};

struct ask {
	struct host_block_request request;
	int error;
};

static void
done(struct host_block_request *request, int error)
{
	container_of(request, struct ask, request)->error = error;
}

static int
ask(struct bench *bench, enum host_block_op op, uint64_t offset, void *data, size_t length)
{
	struct segment segments[2] = { { data, length / 2 },
		{ data == NULL ? NULL : (char *)data + length / 2, length - length / 2 } };
	struct ask ask = { .request = { .op = op,
			       .segment_count = data == NULL ? 0 : 2,
			       .offset = offset,
			       .length = length,
			       .segments = segments,
			       .done = done },
		.error = 1 };

	ops->block_submit(bench->host, bench->block, &ask.request);
	return ask.error;
}

/* Fill sectors [first, first + count) with value. */
static int
fill(struct bench *bench, unsigned first, unsigned count, int value)
{
	uint8_t data[16 * SECTOR];

	memset(data, value, count * (size_t)SECTOR);
	return ask(bench, HOST_BLOCK_WRITE, first * (uint64_t)SECTOR, data, count * (size_t)SECTOR);
}

static int
flush(struct bench *bench)
{
	return ask(bench, HOST_BLOCK_FLUSH, 0, NULL, 0);
}

/* What sector index of disk is filled with; -1: different bytes. */
static int
sector_of(const struct sim_disk *disk, unsigned index)
{
	uint8_t data[SECTOR];

	assert_int_equal(sim_disk_read(disk, index * (uint64_t)SECTOR, data, SECTOR), 0);
	for (unsigned i = 1; i < SECTOR; i++)
		if (data[i] != data[0])
			return -1;
	return data[0];
}

static int
setup(void **state)
{
	static struct bench bench;
	struct sim_config config = { .seed = 1 };
	struct host_block_info info;

	assert_int_equal(sim_create(&config, &bench.sim), 0);
	assert_int_equal(sim_host_create(bench.sim, &bench.host), 0);
	assert_int_equal(sim_disk_create(bench.sim, "disk", SIZE, SECTOR, &bench.disk), 0);
	assert_int_equal(ops->block_open(bench.host, "disk", true, &bench.block, &info), 0);
	assert_int_equal(info.size, SIZE);
	assert_int_equal(info.sector_size, SECTOR);
	*state = &bench;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *bench = *state;

	ops->block_close(bench->host, bench->block);
	sim_destroy(bench->sim);
	return 0;
}

/* ---- content --------------------------------------------------------------------------- */

static void
what_is_written_is_read(void **state)
{
	struct bench *bench = *state;
	uint8_t data[2 * SECTOR];

	assert_int_equal(fill(bench, 7, 3, 5), 0);
	assert_int_equal(ask(bench, HOST_BLOCK_READ, 9 * SECTOR, data, sizeof(data)), 0);
	assert_int_equal(data[0], 5);
	assert_int_equal(data[SECTOR], 0);
	assert_int_equal(ask(bench, HOST_BLOCK_ZERO, 8 * SECTOR, NULL, SECTOR), 0);
	assert_int_equal(sector_of(bench->disk, 7), 5);
	assert_int_equal(sector_of(bench->disk, 8), 0);
	assert_int_equal(sector_of(bench->disk, 9), 5);
}

static void
copies_differ_from_when_they_are_made(void **state)
{
	struct bench *bench = *state;
	struct sim_disk *copy;

	assert_int_equal(fill(bench, 0, 16, 1), 0);
	assert_int_equal(sim_disk_copy(bench->disk, "copy", &copy), 0);
	assert_int_equal(fill(bench, 1, 1, 2), 0);
	assert_int_equal(sim_disk_write(copy, 2 * SECTOR, "x", 1), 0);
	assert_int_equal(sector_of(copy, 1), 1);
	assert_int_equal(sector_of(copy, 2), -1);
	assert_int_equal(sector_of(bench->disk, 2), 1);
	sim_disk_destroy(copy);
	assert_int_equal(sector_of(bench->disk, 0), 1);
}

static void
names_and_shapes_are_checked(void **state)
{
	struct bench *bench = *state;
	struct sim_disk *disk;
	struct host_block *block;
	struct host_block_info info;

	assert_int_equal(sim_disk_create(bench->sim, "disk", SIZE, SECTOR, &disk), -EEXIST);
	assert_int_equal(sim_disk_create(bench->sim, "a", SIZE, 500, &disk), -EINVAL);
	assert_int_equal(sim_disk_create(bench->sim, "a", SIZE + 1, SECTOR, &disk), -EINVAL);
	assert_int_equal(sim_disk_create(bench->sim, "a", 0, SECTOR, &disk), -EINVAL);
	assert_null(disk);
	assert_int_equal(ops->block_open(bench->host, "none", false, &block, &info), -ENOENT);
	assert_int_equal(ops->block_open(bench->host, "disk", false, &block, &info), -EBUSY);
	assert_int_equal(sim_disk_write(bench->disk, SIZE - 1, "xy", 2), -EINVAL);
}

/* ---- power cuts ------------------------------------------------------------------------- */

/* Sector index after a cut. */
static int
after_cut(struct bench *bench, size_t position, uint64_t seed, unsigned index)
{
	struct sim_disk *found;
	int value;

	assert_int_equal(sim_disk_crash(bench->disk, position, seed, "found", &found), 0);
	value = sector_of(found, index);
	sim_disk_destroy(found);
	return value;
}

static void
what_was_flushed_is_there_after_every_cut(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(fill(bench, 0, 4, 1), 0);
	assert_int_equal(sim_disk_log(bench->disk), 0);
	assert_int_equal(fill(bench, 0, 1, 2), 0);
	assert_int_equal(fill(bench, 1, 1, 2), 0);
	assert_int_equal(flush(bench), 0);
	assert_int_equal(fill(bench, 0, 1, 3), 0);
	assert_int_equal(sim_disk_log_count(bench->disk), 4);
	for (uint64_t seed = 0; seed < 100; seed++) {
		assert_int_equal(after_cut(bench, 0, seed, 0), 1);
		assert_int_equal(after_cut(bench, 3, seed, 0), 2);
		assert_int_equal(after_cut(bench, 4, seed, 1), 2);
		assert_int_equal(after_cut(bench, 2, seed, 2), 1);
	}
	assert_int_equal(after_cut(bench, 2, 0, 0), 2); /* a plain cut */
	assert_int_equal(after_cut(bench, 4, 0, 0), 3);
	assert_int_equal(sim_disk_crash(bench->disk, 5, 0, "found", &(struct sim_disk *){ NULL }),
	    -EINVAL);
}

static void
what_was_not_flushed_is_lost_torn_and_out_of_order(void **state)
{
	struct bench *bench = *state;
	unsigned seen[2][2] = { { 0 } }, torn = 0;

	assert_int_equal(sim_disk_log(bench->disk), 0);
	assert_int_equal(fill(bench, 0, 4, 1), 0);
	assert_int_equal(fill(bench, 8, 1, 1), 0);
	for (uint64_t seed = 1; seed < 800; seed++) {
		int first = after_cut(bench, 2, seed, 0), last = after_cut(bench, 2, seed, 3);
		int other = after_cut(bench, 2, seed, 8);

		assert_int_equal(other, after_cut(bench, 2, seed, 8)); /* the same each time */
		seen[first][other]++;
		torn += first != last;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_true(seen[i / 2][i % 2] > 3);
	assert_true(torn > 3);
}

static void
a_disk_that_lies_loses_what_it_said_was_flushed(void **state)
{
	struct bench *bench = *state;
	unsigned lost = 0;

	assert_int_equal(sim_disk_log(bench->disk), 0);
	sim_disk_lie(bench->disk, true);
	assert_int_equal(fill(bench, 0, 1, 1), 0);
	assert_int_equal(flush(bench), 0);
	for (uint64_t seed = 1; seed < 50; seed++)
		lost += after_cut(bench, 1, seed, 0) == 0;
	assert_true(lost > 5);
}

static void
the_power_goes_when_it_was_told_to(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(sim_disk_log(bench->disk), 0);
	sim_disk_cut(bench->disk, 2);
	assert_int_equal(fill(bench, 0, 1, 1), 0);
	assert_int_equal(fill(bench, 1, 1, 1), -EIO);
	assert_int_equal(fill(bench, 2, 1, 1), -EIO);
	assert_int_equal(flush(bench), -EIO);
	assert_int_equal(sim_disk_log_count(bench->disk), 2); /* the second was under way */
	sim_power_on(bench->sim);
	assert_int_equal(fill(bench, 2, 1, 1), 0);
	assert_int_equal(after_cut(bench, 3, 0, 2), 1);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void
requests_fail_and_are_slow_as_told(void **state)
{
	struct bench *bench = *state;
	uint64_t before;

	assert_int_equal(sim_disk_fault(bench->disk,
			     &(struct sim_disk_fault){ .ops = 1 << HOST_BLOCK_WRITE,
				 .after = 1,
				 .count = 2,
				 .error = -EIO }),
	    0);
	assert_int_equal(sim_disk_fault(bench->disk,
			     &(struct sim_disk_fault){ .ops = 1 << HOST_BLOCK_WRITE,
				 .count = UINT64_MAX,
				 .offset = 8 * SECTOR,
				 .length = 1,
				 .delay_ns = 1000000 }),
	    0);
	assert_int_equal(fill(bench, 0, 1, 1), 0);
	assert_int_equal(fill(bench, 0, 1, 2), -EIO);
	assert_int_equal(fill(bench, 0, 1, 3), -EIO);
	assert_int_equal(sector_of(bench->disk, 0), 1);
	assert_int_equal(fill(bench, 0, 1, 4), 0);
	before = sim_clock(bench->sim);
	assert_int_equal(fill(bench, 7, 1, 4), 0);
	assert_int_equal(sim_clock(bench->sim), before);
	assert_int_equal(fill(bench, 7, 2, 4), 0);
	assert_int_equal(sim_clock(bench->sim), before + 1000000);
	assert_int_equal(sim_disk_repeats(bench->disk), 1);
	assert_int_equal(sim_disk_heal(bench->disk), 3);
	assert_int_equal(sim_disk_repeats(bench->disk), 0);
	assert_int_equal(fill(bench, 7, 2, 4), 0);
	assert_int_equal(sim_clock(bench->sim), before + 1000000);
}

static void
after_a_flush_that_failed_all_fail(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(sim_disk_fault(bench->disk,
			     &(struct sim_disk_fault){ .ops = 1 << HOST_BLOCK_FLUSH,
				 .count = 1,
				 .error = -EIO }),
	    0);
	assert_int_equal(flush(bench), -EIO);
	assert_int_equal(flush(bench), -EIO);
	sim_disk_heal(bench->disk);
	assert_int_equal(flush(bench), 0);
}

static void
a_disk_that_is_full_below_says_so(void **state)
{
	struct bench *bench = *state;

	sim_disk_limit(bench->disk, 8192);
	assert_int_equal(fill(bench, 0, 1, 1), 0);
	assert_int_equal(fill(bench, 16, 1, 1), 0);
	assert_int_equal(fill(bench, 32, 1, 1), -ENOSPC);
	assert_int_equal(fill(bench, 4, 4, 1), 0); /* on a page that is there */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_differ_from_when_they_are_made, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(names_and_shapes_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_flushed_is_there_after_every_cut, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(what_was_not_flushed_is_lost_torn_and_out_of_order,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(a_disk_that_lies_loses_what_it_said_was_flushed,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(the_power_goes_when_it_was_told_to, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(requests_fail_and_are_slow_as_told, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(after_a_flush_that_failed_all_fail, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(a_disk_that_is_full_below_says_so, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
