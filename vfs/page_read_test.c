/*
 * Tests of reading through the page cache, from a store that is made up.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kern/uio.h"
#include "tests/fake_file.h"
#include "tests/test_kernel.h"
#include "vfs/page.h"
#include "vfs/page_cache.h"

#define READER_COUNT 4

/* One block after the other, all there. */
static const struct fake_shape plain = {
	.size = (uint64_t)1 << 20,
	.block_size = PAGE_SIZE,
	.seed = 1,
};

static uint8_t got[1 << 20];

static int
read_to(struct fake_file *file, uint8_t *to, uint64_t offset, size_t length, bool read_ahead)
{
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	int error;

	uio_init_kernel(&uio, &space, &range, to, length);
	rwlock_lock_shared(&file->vnode.lock);
	error = page_cache_read(&file->vnode, &uio, offset, length, read_ahead);
	rwlock_unlock_shared(&file->vnode.lock);
	if (error == 0)
		assert_true(uio.left == 0);
	return error;
}

/* Read, and compare with what the file is. */
static void
assert_reads(struct fake_file *file, uint64_t offset, size_t length, bool read_ahead)
{
	memset(got, FAKE_GARBAGE, length);
	assert_int_equal(read_to(file, got, offset, length, read_ahead), 0);
	assert_memory_equal(got, file->content + offset, length);
}

static struct page *
page_at(struct fake_file *file, uint64_t index)
{
	return radix_find(&file->vnode.pages.tree, index);
}

static void
a_hole_is_zero_without_asking_the_store(void **state)
{
	struct fake_shape shape = { 100000, 1024, .hole_percent = 100 };
	struct fake_file *file = fake_file_create(*state, &shape);

	assert_reads(file, 1, 99999, true);
	assert_int_equal(file->read_count, 0);
	fake_file_destroy(file);
}

static void
the_last_page_is_zero_past_the_end_of_the_file(void **state)
{
	static const uint64_t sizes[] = { 1, 511, 512, 513, 4095, 4097, 5000, 8191 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct fake_shape shape = { sizes[i], 512, .gap_percent = 50, .seed = i };
		struct fake_file *file = fake_file_create(*state, &shape);
		uint64_t last = (sizes[i] - 1) / PAGE_SIZE;

		assert_reads(file, 0, sizes[i], true);
		for (size_t at = sizes[i] - last * PAGE_SIZE; at < PAGE_SIZE; at++)
			assert_int_equal(page_at(file, last)->data[at], 0);
		fake_file_destroy(file);
	}
}

static void
a_sequential_reader_gets_growing_windows(void **state)
{
	static const uint64_t windows[] = { 4, 8, 16, 32 };
	struct fake_file *file = fake_file_create(*state, &plain);
	uint64_t total = 0;

	for (uint64_t offset = 0; offset < plain.size; offset += 1000)
		assert_reads(file, offset, min_u64(1000, plain.size - offset), true);
	for (size_t i = 0; i < ARRAY_SIZE(windows); i++)
		assert_int_equal(file->lengths[i], windows[i] * PAGE_SIZE);
	assert_true(file->read_count <= 4 + 2 * 4);
	for (unsigned i = 0; i < file->read_count; i++)
		total += file->lengths[i];
	assert_int_equal(total, plain.size);
	fake_file_destroy(file);
}

static void
a_sequential_reader_in_the_middle_is_known_by_its_second_read(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);

	for (uint64_t index = 100; index < 120; index++)
		assert_reads(file, index * PAGE_SIZE, PAGE_SIZE, true);
	assert_int_equal(file->lengths[0], PAGE_SIZE);
	assert_int_equal(file->lengths[1], 4 * PAGE_SIZE);
	assert_int_equal(file->lengths[2], 8 * PAGE_SIZE);
	fake_file_destroy(file);
}

static void
a_random_reader_reads_what_it_asks_for(void **state)
{
	static const struct {
		uint64_t offset;
		size_t length;
		uint64_t pages;
	} rows[] = {
		{ 50 * PAGE_SIZE, PAGE_SIZE, 1 },	    /* one whole page */
		{ 10 * PAGE_SIZE + 5, 1, 1 },		    /* a byte of one */
		{ 200 * PAGE_SIZE - 1, 2, 2 },		    /* both sides of a border */
		{ 20 * PAGE_SIZE + 100, 3 * PAGE_SIZE, 4 }, /* part of the first and last */
	};
	struct fake_file *file = fake_file_create(*state, &plain);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_reads(file, rows[i].offset, rows[i].length, true);
		assert_int_equal(file->read_count, i + 1);
		assert_int_equal(file->lengths[i], rows[i].pages * PAGE_SIZE);
	}
	fake_file_destroy(file);
}

static void
without_read_ahead_nothing_more_is_read(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);

	for (uint64_t index = 0; index < 5; index++) {
		assert_reads(file, index * PAGE_SIZE, PAGE_SIZE, false);
		assert_int_equal(file->lengths[index], PAGE_SIZE);
	}
	fake_file_destroy(file);
}

/* ---- several readers ---------------------------------------------------------- */

struct reader {
	pthread_t thread;
	struct fake_file *file;
	uint64_t index;
	int error;
	uint8_t data[PAGE_SIZE];
};

static void *
reader_main(void *argument)
{
	struct reader *reader = argument;

	reader->error =
	    read_to(reader->file, reader->data, reader->index * PAGE_SIZE, PAGE_SIZE, true);
	return NULL;
}

static void
reader_start(struct reader *reader, struct fake_file *file, uint64_t index)
{
	reader->file = file;
	reader->index = index;
	pthread_create(&reader->thread, NULL, reader_main, reader);
}

/* Who reads page index wants to see this result. */
static void
reader_assert(struct reader *reader, int error)
{
	pthread_join(reader->thread, NULL);
	assert_int_equal(reader->error, error);
	if (error == 0)
		assert_memory_equal(reader->data, reader->file->content + reader->index * PAGE_SIZE,
		    PAGE_SIZE);
}

/* Wait until count threads, the one that fills it included, pin a page. */
static void
await_pins(struct fake_file *file, uint64_t index, uint32_t count)
{
	struct mutex *lock = &file->vnode.pages.lock;
	uint32_t pins = 0;

	while (pins < count) {
		struct page *page;

		sched_yield();
		mutex_lock(lock);
		page = page_at(file, index);
		pins = page == NULL ? 0 : atomic_load(&page->pins);
		mutex_unlock(lock);
	}
}

static void
hold_until_all_wait_for_page_7(struct fake_file *file)
{
	if (file->read_count == 0)
		await_pins(file, 7, READER_COUNT);
}

static void
many_who_want_a_page_read_it_once(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);
	struct reader readers[READER_COUNT];

	file->before_read = hold_until_all_wait_for_page_7;
	for (size_t i = 0; i < READER_COUNT; i++)
		reader_start(&readers[i], file, 7);
	for (size_t i = 0; i < READER_COUNT; i++)
		reader_assert(&readers[i], 0);
	assert_int_equal(file->read_count, 1);
	assert_int_equal(atomic_load(&page_at(file, 7)->pins), 0);
	fake_file_destroy(file);
}

static void
all_who_wait_for_a_page_that_fails_are_told(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);
	struct reader readers[READER_COUNT];

	file->before_read = hold_until_all_wait_for_page_7;
	file->bad_start = 7 * PAGE_SIZE + 100;
	file->bad_end = file->bad_start + 1;
	for (size_t i = 0; i < READER_COUNT; i++)
		reader_start(&readers[i], file, 7);
	for (size_t i = 0; i < READER_COUNT; i++)
		reader_assert(&readers[i], -EIO);
	assert_int_equal(file->read_count, 1);

	/* Nothing bad stays behind. */
	assert_int_equal(file->vnode.pages.page_count, 0);
	file->bad_end = file->bad_start;
	assert_reads(file, 7 * PAGE_SIZE, PAGE_SIZE, true);
	fake_file_destroy(file);
}

static void
a_failure_further_on_does_not_fail_the_reader(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);

	file->bad_start = 2 * PAGE_SIZE;
	file->bad_end = 2 * PAGE_SIZE + 1;
	assert_reads(file, 0, PAGE_SIZE, true);
	assert_int_equal(file->lengths[0], 4 * PAGE_SIZE);
	assert_int_equal(file->lengths[1], PAGE_SIZE);
	assert_int_equal(file->vnode.pages.page_count, 1);

	assert_reads(file, PAGE_SIZE, PAGE_SIZE, true);
	assert_int_equal(read_to(file, got, 2 * PAGE_SIZE, PAGE_SIZE, true), -EIO);
	assert_reads(file, 3 * PAGE_SIZE, PAGE_SIZE, true);
	fake_file_destroy(file);
}

static void
what_was_read_before_the_failure_stays(void **state)
{
	/* Every page is an extent of its own, so the first two come through. */
	struct fake_shape shape = { 64 * PAGE_SIZE, PAGE_SIZE, .gap_percent = 100 };
	struct fake_file *file = fake_file_create(*state, &shape);

	file->bad_start = 2 * PAGE_SIZE;
	file->bad_end = 2 * PAGE_SIZE + 1;
	assert_reads(file, 0, PAGE_SIZE, true);
	assert_int_equal(file->read_count, 3);
	assert_int_equal(file->vnode.pages.page_count, 2);
	fake_file_destroy(file);
}

static void
hold_until_pages_2_and_3_are_waited_for(struct fake_file *file)
{
	if (file->read_count == 0) {
		await_pins(file, 2, 2);
		await_pins(file, 3, 2);
	}
}

static void
who_waits_for_a_page_that_is_dropped_reads_it_alone(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);
	struct reader readers[3];

	file->before_read = hold_until_pages_2_and_3_are_waited_for;
	file->bad_start = 2 * PAGE_SIZE;
	file->bad_end = 2 * PAGE_SIZE + 1;
	reader_start(&readers[0], file, 0);
	await_pins(file, 3, 1);
	reader_start(&readers[1], file, 2);
	reader_start(&readers[2], file, 3);
	reader_assert(&readers[0], 0);
	reader_assert(&readers[1], -EIO);
	reader_assert(&readers[2], 0);
	assert_non_null(page_at(file, 0));
	assert_null(page_at(file, 2));
	assert_non_null(page_at(file, 3));
	fake_file_destroy(file);
}

/* ---- without memory ------------------------------------------------------------- */

static void
with_too_little_memory_it_fails_cleanly_or_reads_less_ahead(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);
	int error = -ENOMEM;
	struct hog hog;

	for (size_t pages = 0; error < 0; pages++) {
		assert_true(pages < 10);
		hog_take(&hog, *state);
		hog_give(&hog, pages);
		error = read_to(file, got, 0, 3 * PAGE_SIZE, true);
		hog_give_all(&hog);
		if (error < 0)
			assert_int_equal(error, -ENOMEM);
		/* Whatever came through, nobody holds on to it. */
		page_shrink(*state, SIZE_MAX);
		assert_int_equal(file->vnode.pages.page_count, 0);
	}
	assert_memory_equal(got, file->content, 3 * PAGE_SIZE);
	/* It did with one page at a time. */
	assert_int_equal(file->lengths[0], PAGE_SIZE);
	fake_file_destroy(file);
}

static int
set_up(void **state)
{
	static const struct component *const components[] = { &vfs_component };

	*state = test_kernel_create(components, 1, (uint64_t)4 << 20);
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
		cmocka_unit_test(a_hole_is_zero_without_asking_the_store),
		cmocka_unit_test(the_last_page_is_zero_past_the_end_of_the_file),
		cmocka_unit_test(a_sequential_reader_gets_growing_windows),
		cmocka_unit_test(a_sequential_reader_in_the_middle_is_known_by_its_second_read),
		cmocka_unit_test(a_random_reader_reads_what_it_asks_for),
		cmocka_unit_test(without_read_ahead_nothing_more_is_read),
		cmocka_unit_test(many_who_want_a_page_read_it_once),
		cmocka_unit_test(all_who_wait_for_a_page_that_fails_are_told),
		cmocka_unit_test(a_failure_further_on_does_not_fail_the_reader),
		cmocka_unit_test(what_was_read_before_the_failure_stays),
		cmocka_unit_test(who_waits_for_a_page_that_is_dropped_reads_it_alone),
		cmocka_unit_test(with_too_little_memory_it_fails_cleanly_or_reads_less_ahead),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
