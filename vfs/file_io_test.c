/*
 * Tests of reading files of a store that is made up, against what the file is;
 * and of seeking in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/credential.h"
#include "kern/uio.h"
#include "tests/fake_file.h"
#include "tests/far_space.h"
#include "tests/test_kernel.h"
#include "vfs/file_io.h"

#define BUFFER_SIZE (400 * 1024)
#define RANGE_MAX   4
#define UNTOUCHED   0xa5

static uint8_t buffer[BUFFER_SIZE];

/* A user's buffer, in up to RANGE_MAX ranges that lie apart. */
struct reader {
	struct far_space far;
	struct address_space local;
	bool is_far;
	struct uio_range ranges[RANGE_MAX];
	uint8_t *starts[RANGE_MAX];
	size_t range_count;
	struct uio uio;
};

/* Where the kernel finds p of the buffer. */
static struct user_ptr
user_ptr_of(const struct reader *reader, uint8_t *p)
{
	return (struct user_ptr){ reader->is_far ? (uint64_t)(p - buffer) : (uintptr_t)p };
}

/* A buffer of length bytes, cut at random if seed is not 0. */
static void
reader_init(struct reader *reader, size_t length, bool is_far, uint64_t seed)
{
	uint8_t *next = buffer + seed % 64;
	size_t left = length;

	*reader = (struct reader){
		.far = { .space.ops = &far_space_ops, .memory = buffer, .size = BUFFER_SIZE },
		.local.ops = &address_space_local_ops,
		.is_far = is_far,
	};
	memset(buffer, UNTOUCHED, sizeof(buffer));
	while (left > 0 || reader->range_count == 0) {
		bool is_last = seed == 0 || reader->range_count == RANGE_MAX - 1;
		size_t piece = left;

		seed = hash_u64(seed + 1);
		if (!is_last && left > 0)
			piece = seed % 3 == 0 ? seed % 700 % (left + 1) : seed % (left + 1);
		reader->starts[reader->range_count] = next;
		reader->ranges[reader->range_count++] =
		    (struct uio_range){ user_ptr_of(reader, next), piece };
		left -= piece;
		next += piece + 16;
	}
	uio_init(&reader->uio, is_far ? &reader->far.space : &reader->local, reader->ranges,
	    reader->range_count, length);
}

/* The first moved bytes of the buffer are these, the rest is as it was. */
static void
reader_assert(const struct reader *reader, const uint8_t *content, size_t moved)
{
	for (size_t i = 0; i < reader->range_count; i++) {
		size_t length = reader->ranges[i].length;
		size_t here = length < moved ? length : moved;

		assert_memory_equal(reader->starts[i], content, here);
		for (size_t at = here; at < length + 16; at++)
			assert_int_equal(reader->starts[i][at], UNTOUCHED);
		content += here;
		moved -= here;
	}
}

/* Read, and compare with what the file is. */
static void
assert_reads(struct fake_file *file, uint64_t offset, size_t length, bool is_far, uint64_t seed)
{
	uint64_t in_file = offset < file->shape.size ? file->shape.size - offset : 0;
	size_t moved = length < in_file ? length : (size_t)in_file;
	struct reader reader;

	reader_init(&reader, length, is_far, seed);
	assert_int_equal(file_read(&file->vnode, &reader.uio, offset), 0);
	assert_int_equal(reader.uio.left, length - moved);
	reader_assert(&reader, file->content + (moved > 0 ? offset : 0), moved);
}

static void
agrees_with_the_content_at_every_border(void **state)
{
	static const uint64_t borders[] = { 0, 511, 512, 513, 4095, 4096, 4097, 32767, 32768, 36864,
		65536, 131071, 131072, 199999, 200000, 200001, UINT64_MAX };
	static const size_t lengths[] = { 0, 1, 512, 4095, 4096, 4097, 32768, 36865, 65536, 100000,
		200001 };

	for (unsigned direct = 0; direct < 2; direct++) {
		struct fake_shape shape = { 200000, 2048, 30, 10, direct == 1, 3 };
		struct fake_file *file = fake_file_create(*state, &shape);

		for (size_t i = 0; i < ARRAY_SIZE(borders); i++)
			for (size_t j = 0; j < ARRAY_SIZE(lengths); j++)
				assert_reads(file, borders[i], lengths[j], false, 0);
		fake_file_destroy(file);
	}
}

static void
agrees_with_the_content_whatever_shape_and_way(void **state)
{
	static const struct fake_shape shapes[] = {
		{ 300000, 4096, 0, 0, true, 1 },       /* one extent */
		{ 300000, 512, 30, 20, true, 2 },      /* small extents, many holes */
		{ 300000, 1024, 100, 0, true, 3 },     /* every block alone */
		{ 299520, 8192, 10, 10, true, 4 },     /* ends with a sector */
		{ 65536 + 1, 65536, 50, 50, true, 5 }, /* one byte in the last block */
		{ 300000, 2048, 20, 20, false, 6 },    /* never directly */
		{ 1, 512, 0, 0, true, 7 },	       /* tiny */
	};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct fake_file *file = fake_file_create(*state, &shapes[i]);
		uint64_t seed = i + 1;

		for (unsigned step = 0; step < 200; step++) {
			uint64_t offset = hash_u64(seed) % (shapes[i].size + 100);
			size_t length = hash_u64(seed + 1) % (step % 2 == 0 ? 5000 : 250000);

			if (step % 3 == 0)
				offset = round_down(offset, PAGE_SIZE);
			assert_reads(file, offset, length, step % 4 == 3, seed);
			seed += 2;
			if (step % 16 == 15)
				page_cache_truncate(&file->vnode, 0);
		}
		fake_file_destroy(file);
	}
}

/* 1 MiB in one extent. */
static const struct fake_shape plain = { 1 << 20, 4096, .reads_direct = true, .seed = 1 };

static void
a_large_read_is_one_of_the_store(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);

	assert_reads(file, 65536, 131072, false, 0);
	assert_int_equal(file->read_count, 1);
	assert_int_equal(file->lengths[0], 131072);
	assert_int_equal(file->vnode.pages.page_count, 0);
	fake_file_destroy(file);
}

static void
what_is_cached_is_not_read_again(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);
	uint64_t total = 0;

	assert_reads(file, 20 * PAGE_SIZE, PAGE_SIZE, false, 0);
	assert_reads(file, 0, 64 * PAGE_SIZE, false, 0);
	for (unsigned i = 0; i < file->read_count; i++)
		total += file->lengths[i];
	assert_int_equal(total, 64 * PAGE_SIZE);
	/* Up to the cached page and from some pages after it, directly. */
	assert_int_equal(file->lengths[1], 20 * PAGE_SIZE);
	assert_int_equal(file->vnode.pages.page_count, 8);
	fake_file_destroy(file);
}

static void
only_the_ends_of_an_unaligned_large_read_go_through_pages(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);

	assert_reads(file, PAGE_SIZE - 100, 100 + 10 * PAGE_SIZE + 1, false, 0);
	assert_int_equal(file->read_count, 3);
	assert_int_equal(file->lengths[0], PAGE_SIZE);
	assert_int_equal(file->lengths[1], 10 * PAGE_SIZE);
	assert_int_equal(file->lengths[2], PAGE_SIZE);
	assert_int_equal(file->vnode.pages.page_count, 2);
	fake_file_destroy(file);
}

static void
memory_out_of_reach_is_read_to_through_pages(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);

	assert_reads(file, 0, 65536, true, 0);
	assert_int_equal(file->vnode.pages.page_count, 16);
	fake_file_destroy(file);
}

static void
an_error_is_told_when_nothing_more_can_be_had(void **state)
{
	const uint64_t bad_page = 25 * PAGE_SIZE;

	for (unsigned direct = 0; direct < 2; direct++) {
		struct fake_shape shape = { 1 << 20, 4096, .reads_direct = direct == 1, .seed = 1 };
		struct fake_file *file = fake_file_create(*state, &shape);
		struct reader reader;

		file->bad_start = bad_page + 5;
		file->bad_end = bad_page + 6;
		reader_init(&reader, 64 * PAGE_SIZE, false, 0);
		assert_int_equal(file_read(&file->vnode, &reader.uio, 0), 0);
		assert_int_equal(reader.uio.left, 39 * PAGE_SIZE);
		reader_assert(&reader, file->content, bad_page);
		assert_int_equal(file_read(&file->vnode, &reader.uio, bad_page), -EIO);
		assert_int_equal(reader.uio.left, 39 * PAGE_SIZE);
		assert_reads(file, bad_page + PAGE_SIZE, 20 * PAGE_SIZE, false, 0);
		fake_file_destroy(file);
	}
}

static void
a_bad_address_ends_the_read(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);
	struct reader reader;

	reader_init(&reader, 100000, true, 5);
	assert_true(reader.range_count > 1);
	reader.ranges[1].start.address = BUFFER_SIZE;
	assert_int_equal(file_read(&file->vnode, &reader.uio, 3), 0);
	assert_int_equal(reader.uio.left, 100000 - reader.ranges[0].length);
	assert_memory_equal(reader.starts[0], file->content + 3, reader.ranges[0].length);
	assert_int_equal(file_read(&file->vnode, &reader.uio, 3 + reader.ranges[0].length),
	    -EFAULT);
	fake_file_destroy(file);
}

/* The first offset from offset on that is data, or hole; the size if none is. */
static uint64_t
seek_slowly(const struct fake_file *file, uint64_t offset, bool want_hole)
{
	while (offset < file->shape.size) {
		uint64_t block = offset / file->shape.block_size;

		if ((file->blocks[block] == FAKE_HOLE) == want_hole)
			break;
		offset++;
	}
	return offset;
}

static void
data_and_holes_are_found_where_they_are(void **state)
{
	static const unsigned hole_percents[] = { 0, 50, 100 };

	for (size_t i = 0; i < ARRAY_SIZE(hole_percents); i++) {
		struct fake_shape shape = { 30000, 1024, 20, hole_percents[i], false, i };
		struct fake_file *file = fake_file_create(*state, &shape);

		for (uint64_t offset = 0; offset < shape.size; offset += 97) {
			uint64_t data = seek_slowly(file, offset, false);
			int want = data < shape.size ? 0 : -ENXIO;
			uint64_t found;

			assert_int_equal(file_seek_data(&file->vnode, offset, &found), want);
			if (want == 0)
				assert_int_equal(found, data);
			assert_int_equal(file_seek_hole(&file->vnode, offset, &found), 0);
			assert_int_equal(found, seek_slowly(file, offset, true));
		}
		fake_file_destroy(file);
	}
}

static void
what_is_too_far_to_look_for_is_data(void **state)
{
	static const struct {
		uint64_t hole; /* block */
		uint64_t want; /* block */
	} rows[] = {
		{ 0, 0 }, { 4000, 4000 }, { 4095, 4095 }, /* the last place that is looked at */
		{ 4096, 6000 },				  /* too far */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_shape shape = { 6000 * 512, 512, 100, 0, false, 1 };
		struct fake_file *file = fake_file_create(*state, &shape);
		uint64_t found;

		file->blocks[rows[i].hole] = FAKE_HOLE;
		assert_int_equal(file_seek_hole(&file->vnode, 0, &found), 0);
		assert_int_equal(found, rows[i].want * 512);
		fake_file_destroy(file);
	}
}

static void
there_is_nothing_past_the_end(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);
	uint64_t found;

	assert_int_equal(file_seek_data(&file->vnode, plain.size, &found), -ENXIO);
	assert_int_equal(file_seek_hole(&file->vnode, plain.size, &found), -ENXIO);
	assert_int_equal(file_seek_data(&file->vnode, UINT64_MAX, &found), -ENXIO);
	assert_int_equal(file_seek_hole(&file->vnode, plain.size - 1, &found), 0);
	assert_int_equal(found, plain.size);
	fake_file_destroy(file);
}

static void
a_store_that_is_only_read_cannot_be_written(void **state)
{
	struct file_writer writer = { .size_limit = UINT64_MAX };
	struct fake_file *file = fake_file_create(*state, &plain);
	struct reader reader;
	uint64_t offset = 0;

	reader_init(&reader, 10, false, 0);
	assert_int_equal(file_write(&file->vnode, &reader.uio, &offset, &writer), -EROFS);
	assert_int_equal(file_truncate(&file->vnode, 0, &writer), -EROFS);
	assert_int_equal(file->vnode.attributes.size, plain.size);
	fake_file_destroy(file);
}

static int
set_up(void **state)
{
	static const struct component *const components[] = { &vfs_component };

	*state = test_kernel_create(components, 1, (uint64_t)16 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	test_kernel_destroy(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_content_at_every_border),
		cmocka_unit_test(agrees_with_the_content_whatever_shape_and_way),
		cmocka_unit_test(a_large_read_is_one_of_the_store),
		cmocka_unit_test(what_is_cached_is_not_read_again),
		cmocka_unit_test(only_the_ends_of_an_unaligned_large_read_go_through_pages),
		cmocka_unit_test(memory_out_of_reach_is_read_to_through_pages),
		cmocka_unit_test(an_error_is_told_when_nothing_more_can_be_had),
		cmocka_unit_test(a_bad_address_ends_the_read),
		cmocka_unit_test(data_and_holes_are_found_where_they_are),
		cmocka_unit_test(what_is_too_far_to_look_for_is_data),
		cmocka_unit_test(there_is_nothing_past_the_end),
		cmocka_unit_test(a_store_that_is_only_read_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
