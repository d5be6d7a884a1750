/* Tests of data on its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "kern/uio.h"

#define FAR_BASE ((uint64_t)1 << 40)
#define FAR_SIZE 4096

/* An address space that is not our own memory: an array, at FAR_BASE. */
struct far_space {
	struct address_space space;
	uint8_t bytes[FAR_SIZE];
	uint64_t direct_below; /* what of it can be reached directly */
};

static uint8_t *
far_range(struct address_space *space, struct user_ptr start, size_t size)
{
	struct far_space *far = container_of(space, struct far_space, space);

	if (start.address < FAR_BASE || start.address - FAR_BASE > FAR_SIZE ||
	    size > FAR_SIZE - (start.address - FAR_BASE))
		return NULL;
	return far->bytes + (start.address - FAR_BASE);
}

static int
far_copy_in(struct address_space *space, void *to, struct user_ptr from, size_t size)
{
	uint8_t *bytes = far_range(space, from, size);

	if (bytes == NULL)
		return -EFAULT;
	memcpy(to, bytes, size);
	return 0;
}

static int
far_copy_out(struct address_space *space, struct user_ptr to, const void *from, size_t size)
{
	uint8_t *bytes = far_range(space, to, size);

	if (bytes == NULL)
		return -EFAULT;
	memcpy(bytes, from, size);
	return 0;
}

static void *
far_direct(struct address_space *space, struct user_ptr from, size_t size)
{
	struct far_space *far = container_of(space, struct far_space, space);

	if (from.address + size > FAR_BASE + far->direct_below)
		return NULL;
	return far_range(space, from, size);
}

static const struct address_space_ops far_ops = {
	.copy_in = far_copy_in,
	.copy_out = far_copy_out,
	.direct = far_direct,
};

static void
far_create(struct far_space *far, uint64_t direct_below)
{
	*far = (struct far_space){ .space.ops = &far_ops, .direct_below = direct_below };
	memset(far->bytes, '#', FAR_SIZE);
}

/* Ranges over the array in random order, with gaps, some of them empty. */
static size_t
make_ranges(struct uio_range *ranges, size_t max, uint64_t *total)
{
	size_t count = (size_t)rand() % max;
	uint64_t at = 0;

	*total = 0;
	for (size_t i = 0; i < count; i++) {
		at += (uint64_t)rand() % 10;
		ranges[i].start.address = FAR_BASE + at;
		ranges[i].length = (uint64_t)rand() % (rand() % 3 == 0 ? 1 : 90);
		at += ranges[i].length;
		*total += ranges[i].length;
	}
	for (size_t i = 0; i + 1 < count; i++) {
		size_t other = i + (size_t)rand() % (count - i);
		struct uio_range swap = ranges[i];

		ranges[i] = ranges[other];
		ranges[other] = swap;
	}
	return count;
}

/* The address of the byte at position of all ranges together. */
static uint64_t
twin_address(const struct uio_range *ranges, uint64_t position)
{
	size_t i = 0;

	while (position >= ranges[i].length)
		position -= ranges[i++].length;
	return ranges[i].start.address - FAR_BASE + position;
}

static void
bytes_land_where_the_ranges_say(void **state)
{
	struct uio_range ranges[12];
	struct far_space far;
	uint8_t twin[FAR_SIZE];
	uint8_t data[64];
	uint64_t total;

	srand(4);
	for (int round = 0; round < 300; round++) {
		size_t count = make_ranges(ranges, ARRAY_SIZE(ranges), &total);
		uint64_t position = 0;
		struct uio uio;

		far_create(&far, round % 2 == 0 ? 0 : FAR_SIZE);
		memcpy(twin, far.bytes, sizeof(twin));
		uio_init(&uio, &far.space, ranges, count, total);
		while (uio.left > 0) {
			size_t size = (size_t)rand() % (sizeof(data) + 1);
			int what = rand() % 4;

			size = size < uio.left ? size : (size_t)uio.left;
			for (size_t i = 0; i < size; i++) {
				data[i] = (uint8_t)rand();
				if (what < 2)
					twin[twin_address(ranges, position + i)] =
					    what == 0 ? data[i] : 0;
			}
			switch (what) {
			case 0:
				assert_int_equal(uio_copy_out(&uio, data, size), 0);
				break;
			case 1:
				assert_int_equal(uio_zero_out(&uio, size), 0);
				break;
			case 2:
				assert_int_equal(uio_copy_in(&uio, data, size), 0);
				for (size_t i = 0; i < size; i++)
					assert_int_equal(data[i],
					    far.bytes[twin_address(ranges, position + i)]);
				break;
			default:
				uio_advance(&uio, size);
				break;
			}
			position += size;
			assert_int_equal(uio.left, total - position);
		}
		assert_int_equal(position, total);
		assert_memory_equal(far.bytes, twin, sizeof(twin));
	}
}

static void
direct_segments_are_the_same_bytes(void **state)
{
	static const uint64_t units[] = { 1, 7, 16, 512 };
	struct uio_range ranges[12];
	struct segment segments[5];
	struct far_space far;
	uint64_t total;

	srand(5);
	for (int round = 0; round < 2000; round++) {
		size_t count = make_ranges(ranges, ARRAY_SIZE(ranges), &total);
		uint64_t unit = units[rand() % (int)ARRAY_SIZE(units)];
		uint64_t position, size, length, covered = 0;
		size_t segment_max = (size_t)rand() % (ARRAY_SIZE(segments) + 1);
		size_t segment_count;
		struct uio uio;

		far_create(&far, FAR_SIZE);
		uio_init(&uio, &far.space, ranges, count, total);
		position = (uint64_t)rand() % (total + 1);
		uio_advance(&uio, position);
		size = (uint64_t)rand() % (uio.left + 1);
		segment_count = uio_direct(&uio, size, unit, segments, segment_max, &length);
		assert_true(segment_count <= segment_max);
		assert_int_equal(uio.left, total - position);
		for (size_t i = 0; i < segment_count; i++) {
			uint8_t *data = segments[i].data;

			assert_true(segments[i].length > 0);
			for (size_t n = 0; n < segments[i].length; n++) {
				uint64_t at = twin_address(ranges, position + covered++);

				assert_ptr_equal(data + n, far.bytes + at);
			}
		}
		assert_int_equal(covered, length);
		assert_int_equal(length % unit, 0);
		assert_true(length <= size);
		/* Nothing is left out for no reason. */
		if (segment_max == ARRAY_SIZE(segments) && count < segment_max)
			assert_int_equal(length, size - size % unit);
	}
}

static void
segments_end_where_memory_cannot_be_reached(void **state)
{
	static const struct uio_range ranges[] = {
		{ { FAR_BASE }, 100 },
		{ { FAR_BASE + 200 }, 100 },
	};
	struct segment segments[4];
	struct far_space far;
	uint64_t length;
	struct uio uio;

	far_create(&far, 250);
	uio_init(&uio, &far.space, ranges, 2, 200);
	assert_int_equal(uio_direct(&uio, 200, 1, segments, 4, &length), 1);
	assert_int_equal(length, 100);
	assert_int_equal(uio_direct(&uio, 200, 64, segments, 4, &length), 1);
	assert_int_equal(length, 64);
	assert_int_equal(uio_direct(&uio, 200, 128, segments, 4, &length), 0);
	assert_int_equal(length, 0);
	uio_advance(&uio, 100);
	assert_int_equal(uio_direct(&uio, 100, 1, segments, 4, &length), 0);
	assert_int_equal(length, 0);
}

static void
a_fault_leaves_the_uio_at_the_range_that_faults(void **state)
{
	static const struct uio_range ranges[] = {
		{ { FAR_BASE }, 10 },
		{ { 0 }, 10 },
	};
	struct far_space far;
	uint8_t data[20] = { 0 };
	struct uio uio;

	far_create(&far, 0);
	uio_init(&uio, &far.space, ranges, 2, 20);
	assert_int_equal(uio_copy_out(&uio, data, 20), -EFAULT);
	assert_int_equal(uio.left, 10);
	uio_init(&uio, &far.space, ranges, 2, 20);
	assert_int_equal(uio_copy_in(&uio, data, 20), -EFAULT);
	assert_int_equal(uio.left, 10);
	uio_init(&uio, &far.space, ranges, 2, 20);
	assert_int_equal(uio_zero_out(&uio, 20), -EFAULT);
	assert_int_equal(uio.left, 10);
}

static void
kernel_memory_is_a_range_too(void **state)
{
	struct address_space space;
	struct uio_range range;
	struct segment segment;
	char data[10] = "123456789";
	uint64_t length;
	struct uio uio;

	uio_init_kernel(&uio, &space, &range, data, sizeof(data));
	assert_int_equal(uio_copy_out(&uio, "ab", 2), 0);
	assert_int_equal(uio_direct(&uio, 5, 1, &segment, 1, &length), 1);
	assert_ptr_equal(segment.data, data + 2);
	assert_int_equal(segment.length, 5);
	assert_int_equal(uio_zero_out(&uio, 8), 0);
	assert_int_equal(uio.left, 0);
	assert_memory_equal(data, "ab\0\0\0\0\0\0\0\0", sizeof(data));

	uio_init_kernel(&uio, &space, &range, NULL, 0);
	assert_int_equal(uio.left, 0);
	assert_int_equal(uio_copy_in(&uio, data, 0), 0);
	assert_int_equal(uio_direct(&uio, 0, 1, &segment, 1, &length), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_land_where_the_ranges_say),
		cmocka_unit_test(direct_segments_are_the_same_bytes),
		cmocka_unit_test(segments_end_where_memory_cannot_be_reached),
		cmocka_unit_test(a_fault_leaves_the_uio_at_the_range_that_faults),
		cmocka_unit_test(kernel_memory_is_a_range_too),
	};

	return cmocka_run_group_tests_name("uio", tests, NULL, NULL);
}
