/* Tests of page runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "kern/kernel.h"
#include "tests/fake_host.h"

/* What a fresh kernel has left in its first chunk: not page 0, itself, the log. */
#define FIRST_CHUNK_PAGES (CHUNK_PAGES - 1 - 1 - LOG_RING_SIZE / PAGE_SIZE)

static struct host host;

static void
fill(uint8_t *run, size_t page_count, uint8_t byte)
{
	memset(run, byte, page_count * PAGE_SIZE);
}

static bool
is_filled(const uint8_t *run, size_t page_count, uint8_t byte)
{
	for (size_t i = 0; i < page_count * PAGE_SIZE; i++) {
		if (run[i] != byte)
			return false;
	}
	return true;
}

static void
runs_of_all_lengths_never_overlap(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);
	struct {
		uint8_t *run;
		size_t page_count;
		uint8_t byte;
	} slots[24] = { 0 };

	srand(1);
	for (int step = 0; step < 3000; step++) {
		size_t i = (size_t)rand() % ARRAY_SIZE(slots);

		if (slots[i].run != NULL) {
			assert_true(is_filled(slots[i].run, slots[i].page_count, slots[i].byte));
			page_run_free(kernel, slots[i].run, slots[i].page_count);
			slots[i].run = NULL;
			continue;
		}
		slots[i].page_count = 1 + (size_t)rand() % (rand() % 4 == 0 ? 70 : 5);
		slots[i].byte = (uint8_t)step | 1;
		if (rand() % 2 == 0) {
			slots[i].run = page_run_alloc_zeroed(kernel, slots[i].page_count);
			assert_true(is_filled(slots[i].run, slots[i].page_count, 0));
		} else {
			slots[i].run = page_run_alloc(kernel, slots[i].page_count);
		}
		assert_non_null(slots[i].run);
		assert_int_equal((uintptr_t)slots[i].run % PAGE_SIZE, 0);
		fill(slots[i].run, slots[i].page_count, slots[i].byte);
	}
	for (size_t i = 0; i < ARRAY_SIZE(slots); i++) {
		if (slots[i].run != NULL)
			page_run_free(kernel, slots[i].run, slots[i].page_count);
	}
	fake_kernel_destroy(kernel);
}

static void
a_chunk_holds_a_run_of_every_length_it_has_room_for(void **state)
{
	for (size_t count = 1; count <= CHUNK_PAGES - 1; count++) {
		struct kernel *kernel = fake_kernel_create(&host, false, 2 * CHUNK_SIZE);
		void *first = page_run_alloc(kernel, FIRST_CHUNK_PAGES);
		void *run = page_run_alloc(kernel, count);
		void *rest = NULL;

		assert_non_null(first);
		assert_non_null(run);
		if (count < CHUNK_PAGES - 1) {
			rest = page_run_alloc(kernel, CHUNK_PAGES - 1 - count);
			assert_non_null(rest);
		}
		assert_null(page_run_alloc(kernel, 1));
		page_run_free(kernel, run, count);
		if (rest != NULL)
			page_run_free(kernel, rest, CHUNK_PAGES - 1 - count);
		page_run_free(kernel, first, FIRST_CHUNK_PAGES);
		fake_kernel_destroy(kernel);
	}
}

static void
finds_the_only_gap_that_is_long_enough(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, CHUNK_SIZE);
	void *pages[FIRST_CHUNK_PAGES];
	void *run;

	for (size_t i = 0; i < FIRST_CHUNK_PAGES; i++)
		pages[i] = page_run_alloc(kernel, 1);

	/* Gaps of 2, 1 and 3 pages. */
	for (size_t i = 10; i < 20; i++) {
		if (i == 10 || i == 11 || i == 13 || i >= 17)
			page_run_free(kernel, pages[i], 1);
	}
	assert_null(page_run_alloc(kernel, 4));
	run = page_run_alloc(kernel, 3);
	assert_ptr_equal(run, pages[17]);
	page_run_free(kernel, run, 3);
	for (size_t i = 0; i < FIRST_CHUNK_PAGES; i++) {
		if (!(i == 10 || i == 11 || i == 13 || (i >= 17 && i < 20)))
			page_run_free(kernel, pages[i], 1);
	}
	fake_kernel_destroy(kernel);
}

static void
long_runs_come_from_the_host_and_go_back_at_once(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);
	size_t before = host.memory_bytes;
	uint8_t *run = page_run_alloc_zeroed(kernel, CHUNK_PAGES);

	assert_non_null(run);
	assert_true(is_filled(run, CHUNK_PAGES, 0));
	assert_int_equal(host.memory_bytes, before + (CHUNK_PAGES + 1) * PAGE_SIZE);
	assert_int_equal(memory_taken(kernel), host.memory_bytes);
	page_run_free(kernel, run, CHUNK_PAGES);
	assert_int_equal(host.memory_bytes, before);
	assert_int_equal(memory_taken(kernel), before);
	fake_kernel_destroy(kernel);
}

static void
keeps_few_chunks_once_they_are_empty(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);
	void *runs[40];

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		runs[i] = page_run_alloc(kernel, CHUNK_PAGES - 1);
	assert_int_equal(host.memory_count, 1 + ARRAY_SIZE(runs));
	page_run_free(kernel, runs[0], CHUNK_PAGES - 1);
	assert_int_equal(host.memory_count, 1 + ARRAY_SIZE(runs)); /* for the next one */
	for (size_t i = 1; i < ARRAY_SIZE(runs); i++)
		page_run_free(kernel, runs[i], CHUNK_PAGES - 1);
	assert_int_equal(host.memory_count, 2);
	assert_int_equal(memory_taken(kernel), 2 * CHUNK_SIZE);
	fake_kernel_destroy(kernel);
}

static void
refuses_lengths_that_no_memory_has(void **state)
{
	static const size_t counts[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / PAGE_SIZE,
		SIZE_MAX / PAGE_SIZE + 1, SIZE_MAX / PAGE_SIZE - 1 };
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		assert_null(page_run_alloc(kernel, counts[i]));
	fake_kernel_destroy(kernel);
}

static void
free_with_another_length(void *argument)
{
	struct kernel *kernel = argument;

	page_run_free(kernel, page_run_alloc(kernel, 3), 2);
}

static void
free_twice(void *argument)
{
	struct kernel *kernel = argument;
	void *run = page_run_alloc(kernel, 3);

	page_run_free(kernel, run, 3);
	page_run_free(kernel, run, 3);
}

static void
free_from_within(void *argument)
{
	struct kernel *kernel = argument;
	char *run = page_run_alloc(kernel, 3);

	page_run_free(kernel, run + PAGE_SIZE, 2);
}

static void
stops_whoever_frees_what_it_did_not_get(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	assert_true(fake_host_dies(free_with_another_length, kernel, ""));
	assert_true(fake_host_dies(free_twice, kernel, ""));
	assert_true(fake_host_dies(free_from_within, kernel, ""));
	fake_kernel_destroy(kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_of_all_lengths_never_overlap),
		cmocka_unit_test(a_chunk_holds_a_run_of_every_length_it_has_room_for),
		cmocka_unit_test(finds_the_only_gap_that_is_long_enough),
		cmocka_unit_test(long_runs_come_from_the_host_and_go_back_at_once),
		cmocka_unit_test(keeps_few_chunks_once_they_are_empty),
		cmocka_unit_test(refuses_lengths_that_no_memory_has),
		cmocka_unit_test(stops_whoever_frees_what_it_did_not_get),
	};

	return cmocka_run_group_tests_name("page_run", tests, NULL, NULL);
}
