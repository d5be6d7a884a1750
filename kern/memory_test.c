/* Tests of the memory limit, the shrinkers and the leak check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "kern/kernel.h"
#include "kern/lock_debug.h"
#include "tests/fake_host.h"

#define HOARD_MAX 1024

static struct host host;

/* Pages that the shrinker below gives back. */
static struct {
	struct shrinker shrinker;
	void *pages[HOARD_MAX];
	size_t count;
	size_t calls;
	size_t most; /* it frees per call */
} hoard;

static size_t
hoard_shrink(struct kernel *kernel, size_t page_count)
{
	size_t freed = 0;

	hoard.calls++;
	while (hoard.count > 0 && freed < page_count && freed < hoard.most) {
		hoard.count--;
		page_run_free(kernel, hoard.pages[hoard.count], 1);
		freed++;
	}
	return freed;
}

/* Fill the kernel's memory to the limit, and say it can be had again. */
static void
hoard_fill(struct kernel *kernel)
{
	hoard.shrinker.shrink = hoard_shrink;
	hoard.count = 0;
	hoard.calls = 0;
	hoard.most = SIZE_MAX;
	while ((hoard.pages[hoard.count] = page_run_alloc(kernel, 1)) != NULL)
		hoard.count++;
	shrinker_register(kernel, &hoard.shrinker);
}

static void
hoard_empty(struct kernel *kernel)
{
	shrinker_unregister(kernel, &hoard.shrinker);
	hoard_shrink(kernel, SIZE_MAX);
}

static void
never_takes_more_than_the_limit(void **state)
{
	for (size_t chunks = 1; chunks <= 3; chunks++) {
		struct kernel *kernel =
		    fake_kernel_create(&host, false, chunks * CHUNK_SIZE + PAGE_SIZE);
		void *first = NULL;
		void **page;

		while ((page = page_run_alloc(kernel, 1)) != NULL) {
			*page = first;
			first = page;
		}
		assert_int_equal(host.memory_bytes, chunks * CHUNK_SIZE);
		assert_int_equal(memory_taken(kernel), chunks * CHUNK_SIZE);
		assert_null(memory_alloc(kernel, 16));
		while ((page = first) != NULL) {
			first = *page;
			page_run_free(kernel, page, 1);
		}
		memory_free(kernel, memory_alloc(kernel, 16), 16);
		fake_kernel_destroy(kernel);
	}
}

static void
a_kernel_wants_one_chunk_at_least(void **state)
{
	struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = &host,
		.memory_limit = CHUNK_SIZE - 1,
	};
	struct kernel *kernel;

	fake_host_create(&host, false);
	assert_int_equal(kernel_create(&config, &kernel), -12);
	assert_null(kernel);
	fake_host_destroy(&host);
}

static void
at_the_limit_caches_are_shrunk(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 4 * CHUNK_SIZE);
	void *object;

	hoard_fill(kernel);
	object = memory_alloc(kernel, 100);
	assert_non_null(object);
	assert_int_equal(hoard.calls, 1);
	memory_free(kernel, object, 100);
	hoard_empty(kernel);
	fake_kernel_destroy(kernel);
}

static void
shrinking_goes_on_until_there_is_room_for_a_long_run(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 8 * CHUNK_SIZE);
	size_t count;
	void *run;

	hoard_fill(kernel);
	count = hoard.count;
	hoard.most = 50;
	run = page_run_alloc(kernel, CHUNK_PAGES); /* wants two chunks gone */
	assert_non_null(run);
	assert_true(hoard.calls > 1);
	assert_true(count - hoard.count >= CHUNK_PAGES);
	page_run_free(kernel, run, CHUNK_PAGES);
	hoard.most = SIZE_MAX;
	hoard_empty(kernel);
	fake_kernel_destroy(kernel);
}

static void
shrinking_ends_when_nothing_more_is_freed(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 2 * CHUNK_SIZE);

	hoard_fill(kernel);
	hoard.most = 0;
	assert_null(page_run_alloc(kernel, 1));
	assert_int_equal(hoard.calls, 1);
	hoard.most = SIZE_MAX;
	hoard_empty(kernel);
	fake_kernel_destroy(kernel);
}

static void
caches_are_left_alone_when_no_shrinking_could_help(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 2 * CHUNK_SIZE);

	hoard_fill(kernel);
	assert_null(page_run_alloc(kernel, 2 * CHUNK_PAGES + 1));
	assert_null(memory_alloc(kernel, SIZE_MAX));
	assert_int_equal(hoard.calls, 0);
	hoard_empty(kernel);
	fake_kernel_destroy(kernel);
}

static void
caches_are_shrunk_too_when_the_host_has_no_more(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 3 * CHUNK_SIZE);
	void *page;

	hoard_fill(kernel);
	kernel->memory.limit = 8 * CHUNK_SIZE;
	host.memory_before = 0;
	page = page_run_alloc(kernel, 1);
	assert_non_null(page);
	page_run_free(kernel, page, 1);
	assert_int_equal(host.memory_before, FAKE_NEVER);
	hoard_empty(kernel);
	fake_kernel_destroy(kernel);
}

static void
a_shrinker_that_is_gone_is_not_called(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, CHUNK_SIZE);

	hoard_fill(kernel);
	shrinker_unregister(kernel, &hoard.shrinker);
	assert_null(page_run_alloc(kernel, 1));
	assert_int_equal(hoard.calls, 0);
	hoard_shrink(kernel, SIZE_MAX);
	fake_kernel_destroy(kernel);
}

struct taker {
	pthread_t thread;
	struct kernel *kernel;
	void *pages[100];
};

static void *
take_pages(void *argument)
{
	struct taker *taker = argument;

	for (size_t i = 0; i < ARRAY_SIZE(taker->pages); i++)
		taker->pages[i] = page_run_alloc(taker->kernel, 1);
	return NULL;
}

static void
no_thread_fails_while_another_shrinks(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, true, 8 * CHUNK_SIZE);
	struct taker takers[3];

	hoard_fill(kernel);
	for (size_t i = 0; i < ARRAY_SIZE(takers); i++) {
		takers[i].kernel = kernel;
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take_pages, &takers[i]),
		    0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(takers); i++) {
		pthread_join(takers[i].thread, NULL);
		for (size_t n = 0; n < ARRAY_SIZE(takers[i].pages); n++) {
			assert_non_null(takers[i].pages[n]);
			page_run_free(kernel, takers[i].pages[n], 1);
		}
	}
	hoard_empty(kernel);
	fake_kernel_destroy(kernel);
}

static void
leak_an_object(void *argument)
{
	void *object = memory_alloc(argument, 100);

	(void)object;
	kernel_destroy(argument);
}

static void
leak_runs(void *argument)
{
	void *run = page_run_alloc(argument, 3);

	run = page_run_alloc(argument, CHUNK_PAGES);
	(void)run;
	kernel_destroy(argument);
}

static void
a_checked_build_says_what_was_not_freed(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	if (IS_CHECKED) {
		assert_true(fake_host_dies(leak_an_object, kernel,
		    "memory: 1 objects of 128 bytes not freed"));
		assert_true(
		    fake_host_dies(leak_runs, kernel, "memory: 1 run of 12288 bytes not freed"));
		assert_true(fake_host_dies(leak_runs, kernel, "memory: 2 allocations not freed"));
	}
	fake_kernel_destroy(kernel);
}

static void
without_checks_leaks_go_back_with_the_kernel(void **state)
{
	struct kernel *kernel;
	void *leak;

	if (IS_CHECKED)
		skip();
	kernel = fake_kernel_create(&host, false, 0);
	for (size_t size = 1; size < 1000000; size *= 3)
		leak = memory_alloc(kernel, size);
	(void)leak;
	fake_kernel_destroy(kernel);
}

/* Allocate in every way; how many allocations worked before one failed. */
static size_t
allocate_all(struct kernel *kernel)
{
	void *got[5] = { 0 };
	size_t count = 0;

	if ((got[0] = memory_alloc(kernel, 10)) != NULL && ++count &&
	    (got[1] = memory_alloc_zeroed(kernel, 5000)) != NULL && ++count &&
	    (got[2] = memory_alloc_array(kernel, 3, 4)) != NULL && ++count &&
	    (got[3] = page_run_alloc(kernel, 1)) != NULL && ++count &&
	    (got[4] = page_run_alloc_zeroed(kernel, 1)) != NULL)
		count++;
	memory_free(kernel, got[0], 10);
	memory_free(kernel, got[1], 5000);
	memory_free(kernel, got[2], 12);
	for (size_t i = 3; i < ARRAY_SIZE(got); i++) {
		if (got[i] != NULL)
			page_run_free(kernel, got[i], 1);
	}
	return count;
}

static void
the_allocation_fails_that_is_told_to(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	for (size_t n = 0; n < 5; n++) {
		memory_fail_after(kernel, n);
		assert_int_equal(allocate_all(kernel), n);
		assert_true(memory_fail_stop(kernel));
	}
	memory_fail_after(kernel, 5);
	assert_int_equal(allocate_all(kernel), 5);
	assert_false(memory_fail_stop(kernel));
	assert_int_equal(allocate_all(kernel), 5);
	fake_kernel_destroy(kernel);
}

static void
allocations_fail_by_chance_as_the_seed_has_it(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);
	size_t sums[3] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		memory_fail_often(kernel, UINT32_MAX / 4, i / 2);
		for (size_t j = 0; j < 100; j++)
			sums[i] = sums[i] * 3 + allocate_all(kernel);
		assert_false(memory_fail_stop(kernel));
	}
	assert_int_equal(sums[0], sums[1]);
	assert_int_not_equal(sums[0], sums[2]);
	assert_int_equal(allocate_all(kernel), 5);
	fake_kernel_destroy(kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_takes_more_than_the_limit),
		cmocka_unit_test(a_kernel_wants_one_chunk_at_least),
		cmocka_unit_test(at_the_limit_caches_are_shrunk),
		cmocka_unit_test(shrinking_goes_on_until_there_is_room_for_a_long_run),
		cmocka_unit_test(shrinking_ends_when_nothing_more_is_freed),
		cmocka_unit_test(caches_are_left_alone_when_no_shrinking_could_help),
		cmocka_unit_test(caches_are_shrunk_too_when_the_host_has_no_more),
		cmocka_unit_test(a_shrinker_that_is_gone_is_not_called),
		cmocka_unit_test(no_thread_fails_while_another_shrinks),
		cmocka_unit_test(a_checked_build_says_what_was_not_freed),
		cmocka_unit_test(the_allocation_fails_that_is_told_to),
		cmocka_unit_test(allocations_fail_by_chance_as_the_seed_has_it),
		cmocka_unit_test(without_checks_leaks_go_back_with_the_kernel),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
