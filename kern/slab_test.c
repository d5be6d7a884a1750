/* Tests of objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/sanitize.h"
#include "kern/kernel.h"
#include "tests/fake_host.h"

#define FIRST_CHUNK_PAGES (CHUNK_PAGES - 1 - 1 - LOG_RING_SIZE / PAGE_SIZE)

static struct host host;

static void
assert_filled(const uint8_t *object, size_t size, uint8_t byte)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(object[i], byte);
}

static void
objects_of_all_sizes_never_overlap(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);
	struct {
		uint8_t *object;
		size_t size;
		uint8_t byte;
	} slots[600] = { 0 };

	srand(2);
	for (int step = 0; step < 20000; step++) {
		size_t i = (size_t)rand() % ARRAY_SIZE(slots);

		if (slots[i].object != NULL) {
			assert_filled(slots[i].object, slots[i].size, slots[i].byte);
			memory_free(kernel, slots[i].object, slots[i].size);
			slots[i].object = NULL;
			continue;
		}
		slots[i].size = 1 + (size_t)rand() % (rand() % 8 == 0 ? 9000 : 600);
		slots[i].byte = (uint8_t)step | 1;
		if (rand() % 2 == 0) {
			slots[i].object = memory_alloc_zeroed(kernel, slots[i].size);
			assert_filled(slots[i].object, slots[i].size, 0);
		} else {
			slots[i].object = memory_alloc(kernel, slots[i].size);
		}
		assert_non_null(slots[i].object);
		assert_int_equal((uintptr_t)slots[i].object % 16, 0);
		memset(slots[i].object, slots[i].byte, slots[i].size);
	}
	for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
		memory_free(kernel, slots[i].object, slots[i].size);
	fake_kernel_destroy(kernel);
}

/* The number of objects that a kernel of one chunk has room for. */
static size_t
objects_in_a_chunk(size_t size)
{
	static void *objects[FIRST_CHUNK_PAGES * 256 + 1];
	struct kernel *kernel = fake_kernel_create(&host, false, CHUNK_SIZE);
	size_t count = 0;

	while ((objects[count] = memory_alloc(kernel, size)) != NULL)
		count++;
	for (size_t i = 0; i < count; i++)
		memory_free(kernel, objects[i], size);
	fake_kernel_destroy(kernel);
	return count;
}

static void
objects_fill_their_pages(void **state)
{
	static const struct {
		size_t size;
		size_t in_a_page;
	} rows[] = {
		{ 1, 256 },  /* the smallest class */
		{ 16, 256 }, /* exactly */
		{ 17, 128 }, /* the next one */
		{ 48, 85 },  /* no power of two */
		{ 1024, 4 }, /* a quarter */
		{ 1025, 3 }, /* a third */
		{ 1360, 3 }, /* exactly */
		{ 1361, 2 }, /* half */
		{ 2048, 2 }, /* the largest object */
		{ 2049, 1 }, /* a run */
		{ 4096, 1 }, /* a page */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(objects_in_a_chunk(rows[i].size),
		    rows[i].in_a_page * FIRST_CHUNK_PAGES);
}

static void
empty_slabs_go_back(void **state)
{
	static void *objects[31 * 32]; /* they fill their slabs */
	struct kernel *kernel = fake_kernel_create(&host, false, CHUNK_SIZE);
	void *run;

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = memory_alloc(kernel, 100);
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		memory_free(kernel, objects[i], 100);

	/* All but one slab, which the class keeps, at the very start. */
	run = page_run_alloc(kernel, FIRST_CHUNK_PAGES - 1);
	assert_non_null(run);
	page_run_free(kernel, run, FIRST_CHUNK_PAGES - 1);
	fake_kernel_destroy(kernel);
}

static void
arrays_are_zeroed_and_do_not_overflow(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);
	uint8_t *array = memory_alloc(kernel, 300);

	memset(array, 0xff, 300);
	memory_free(kernel, array, 300);
	array = memory_alloc_array(kernel, 100, 3);
	assert_non_null(array);
	assert_filled(array, 300, 0);
	memory_free(kernel, array, 300);

	assert_null(memory_alloc_array(kernel, SIZE_MAX / 2, 3));
	assert_null(memory_alloc_array(kernel, SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1));
	assert_null(memory_alloc(kernel, SIZE_MAX));
	fake_kernel_destroy(kernel);
}

static void
freeing_nothing_is_let_pass(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	memory_free(kernel, NULL, 100);
	memory_free(kernel, NULL, 0);
	fake_kernel_destroy(kernel);
}

static void
free_twice(void *argument)
{
	struct kernel *kernel = argument;
	void *object = memory_alloc(kernel, 40);

	memory_free(kernel, object, 40);
	memory_free(kernel, object, 40);
}

static void
free_with_another_size(void *argument)
{
	struct kernel *kernel = argument;

	memory_free(kernel, memory_alloc(kernel, 40), 30);
}

static void
free_from_within(void *argument)
{
	struct kernel *kernel = argument;
	char *object = memory_alloc(kernel, 96);

	memory_free(kernel, object + 16, 96);
}

static void
alloc_nothing(void *argument)
{
	memory_free(argument, memory_alloc(argument, 0), 1);
}

static void
stops_whoever_breaks_the_contract(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	assert_true(fake_host_dies(free_twice, kernel, ""));
	assert_true(fake_host_dies(free_with_another_size, kernel, ""));
	assert_true(fake_host_dies(free_from_within, kernel, ""));
	assert_true(fake_host_dies(alloc_nothing, kernel, ""));
	fake_kernel_destroy(kernel);
}

static void
write_behind_the_end(void *argument)
{
	volatile char *object = memory_alloc(argument, 40); /* of a class of 48 */

	object[40] = 1;
}

static void
read_what_is_free(void *argument)
{
	volatile char *object = memory_alloc(argument, 40);

	memory_free(argument, (void *)object, 40);
	(void)object[0];
}

static void
read_a_page_behind_the_end(void *argument)
{
	volatile char *object = memory_alloc(argument, 5000);

	(void)object[5000];
}

static void
a_sanitised_build_sees_bytes_that_nobody_owns(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

#ifndef SANITIZE_ADDRESS
	fake_kernel_destroy(kernel);
	skip();
#endif
	assert_true(fake_host_dies(write_behind_the_end, kernel, "use-after-poison"));
	assert_true(fake_host_dies(read_what_is_free, kernel, "use-after-poison"));
	assert_true(fake_host_dies(read_a_page_behind_the_end, kernel, "use-after-poison"));
	fake_kernel_destroy(kernel);
}

static void *
churn(void *argument)
{
	struct kernel *kernel = argument;
	uint8_t *objects[100];

	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
			objects[i] = memory_alloc(kernel, 1 + i * 30);
			objects[i][0] = (uint8_t)i;
		}
		for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
			if (objects[i][0] != (uint8_t)i)
				return (void *)"an object changed";
			memory_free(kernel, objects[i], 1 + i * 30);
		}
	}
	return NULL;
}

static void
threads_share_an_allocator(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, true, 0);
	pthread_t threads[3];
	void *complaint;

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, kernel), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		pthread_join(threads[i], &complaint);
		assert_null(complaint);
	}
	fake_kernel_destroy(kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_of_all_sizes_never_overlap),
		cmocka_unit_test(objects_fill_their_pages),
		cmocka_unit_test(empty_slabs_go_back),
		cmocka_unit_test(arrays_are_zeroed_and_do_not_overflow),
		cmocka_unit_test(freeing_nothing_is_let_pass),
		cmocka_unit_test(stops_whoever_breaks_the_contract),
		cmocka_unit_test(a_sanitised_build_sees_bytes_that_nobody_owns),
		cmocka_unit_test(threads_share_an_allocator),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
