/* Tests of reading bytes of a device that are no whole sectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "block/block.h"
#include "kern/kernel.h"
#include "tests/fake_block.h"
#include "tests/fake_host.h"

#define SIZE (300 * 1024)

static int
create_fixture(void **state)
{
	struct fake_disk *disk = fake_disk_create(SIZE);

	for (size_t i = 0; i < SIZE; i++)
		disk->fake.content[i] = (uint8_t)(i * 7 + i / 509);
	*state = disk;
	return 0;
}

static int
destroy_fixture(void **state)
{
	fake_disk_destroy(*state);
	return 0;
}

/* Read [offset, offset + length) into segments of these lengths over and over, and compare. */
static void
assert_reads(struct fake_disk *fixture, uint64_t offset, size_t length, size_t part)
{
	static uint8_t bytes[SIZE + 4096], want[SIZE + 4096];
	static struct segment segments[SIZE];
	size_t stored = length < SIZE - offset ? length : SIZE - offset;
	size_t count = 0;

	memset(bytes, 0x55, sizeof(bytes));
	memset(want, 0, sizeof(want));
	memcpy(want, fixture->fake.content + offset, stored);
	memset(want + length, 0x55, 16); /* what follows is left alone */
	for (size_t at = 0; at < length; at += part) {
		segments[count++] = (struct segment){ NULL, 0 };
		segments[count++] = (struct segment){
			bytes + at,
			length - at < part ? length - at : part,
		};
	}
	assert_int_equal(block_read_bytes(fixture->dev, offset, segments, count), 0);
	assert_memory_equal(bytes, want, length + 16);
}

static void
reads_any_bytes_into_segments_of_any_shape(void **state)
{
	static const uint64_t offsets[] = { 0, 1, 511, 512, 4090, 65535 };
	static const size_t lengths[] = { 0, 1, 2, 511, 512, 513, 65535, 65536, 65537, 200000 };
	static const uint32_t sector_sizes[] = { 512, 4096 };
	struct fake_disk *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sector_sizes); i++) {
		fixture->dev->sector_size = sector_sizes[i];
		for (size_t j = 0; j < ARRAY_SIZE(offsets); j++) {
			for (size_t k = 0; k < ARRAY_SIZE(lengths); k++) {
				assert_reads(fixture, offsets[j], lengths[k], SIZE);
				assert_reads(fixture, offsets[j], lengths[k], 1000);
			}
		}
	}
}

static void
what_is_past_the_end_reads_as_zeros(void **state)
{
	struct fake_disk *fixture = *state;
	struct segment segment = { &(uint8_t){ 0 }, 1 };

	assert_reads(fixture, SIZE - 1, 2, 1);
	assert_reads(fixture, SIZE - 512, 1024, 512);
	assert_reads(fixture, SIZE - 70000, 70000 + 512, SIZE);
	assert_reads(fixture, SIZE, 100, 100);
	assert_int_equal(block_read_bytes(fixture->dev, SIZE + 1, &segment, 1), -EINVAL);
	assert_int_equal(block_read_bytes(fixture->dev, UINT64_MAX, &segment, 1), -EINVAL);
}

static void
lengths_whose_sum_wraps_are_an_error(void **state)
{
	struct fake_disk *fixture = *state;
	struct segment segments[] = { { NULL, SIZE_MAX }, { NULL, SIZE_MAX }, { NULL, 3 } };

	if (sizeof(size_t) == sizeof(uint64_t))
		assert_int_equal(block_read_bytes(fixture->dev, 1, segments, 3), -EINVAL);
}

static void
errors_of_the_device_and_of_memory_are_told(void **state)
{
	struct fake_disk *fixture = *state;
	uint8_t bytes[10];
	struct segment segment = { bytes, sizeof(bytes) };
	int error;

	fixture->fake.bad_offset = 1024;
	fixture->fake.bad_length = 512;
	fixture->fake.bad_error = -EIO;
	assert_int_equal(block_read_bytes(fixture->dev, 1530, &segment, 1), -EIO);
	assert_int_equal(block_read_bytes(fixture->dev, 1536, &segment, 1), 0);

	/* In builds with lock checks, allocations can be made to fail. */
	memory_fail_after(fixture->kernel, 0);
	error = block_read_bytes(fixture->dev, 1537, &segment, 1);
	assert_int_equal(error, memory_fail_stop(fixture->kernel) ? -ENOMEM : 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, create_fixture, destroy_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reads_any_bytes_into_segments_of_any_shape),
		CASE(what_is_past_the_end_reads_as_zeros),
		CASE(lengths_whose_sum_wraps_are_an_error),
		CASE(errors_of_the_device_and_of_memory_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
