/*
 * Tests of how pages of stores' files make room for others.
 */
#include <pthread.h>
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

#define MEMORY_LIMIT ((uint64_t)2 << 20)
#define THREAD_COUNT 3

static const struct fake_shape plain = {
	.size = 64 * PAGE_SIZE,
	.block_size = PAGE_SIZE,
	.seed = 1,
};

/* Four times what the kernel may take. */
static const struct fake_shape large = {
	.size = 4 * MEMORY_LIMIT,
	.block_size = 2048,
	.gap_percent = 20,
	.hole_percent = 5,
	.seed = 2,
};

static int
read_to(struct fake_file *file, uint8_t *to, uint64_t offset, size_t length)
{
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	int error;

	uio_init_kernel(&uio, &space, &range, to, length);
	rwlock_lock_shared(&file->vnode.lock);
	error = page_cache_read(&file->vnode, &uio, offset, length, true);
	rwlock_unlock_shared(&file->vnode.lock);
	return error;
}

static void
touch(struct fake_file *file, uint64_t index)
{
	uint8_t byte;

	assert_int_equal(read_to(file, &byte, index * PAGE_SIZE, 1), 0);
}

static bool
has_page(struct fake_file *file, uint64_t index)
{
	return radix_find(&file->vnode.pages.tree, index) != NULL;
}

static void
the_oldest_go_first(void **state)
{
	static const uint64_t order[] = { 40, 10, 30, 20 };
	struct fake_file *file = fake_file_create(*state, &plain);

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		touch(file, order[i]);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_true(has_page(file, order[i]));
		assert_int_equal(page_shrink(*state, 1), 1);
		assert_false(has_page(file, order[i]));
	}
	assert_int_equal(page_shrink(*state, 1), 0);
	fake_file_destroy(file);
}

static void
one_that_is_used_again_gets_a_second_chance(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);

	touch(file, 10);
	touch(file, 20);
	touch(file, 30);
	touch(file, 10);
	assert_int_equal(page_shrink(*state, 2), 2);
	assert_true(has_page(file, 10));
	assert_int_equal(page_shrink(*state, 2), 1);
	assert_false(has_page(file, 10));
	fake_file_destroy(file);
}

static void
one_that_is_pinned_stays(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);
	struct page *page;

	touch(file, 10);
	touch(file, 20);
	page = radix_find(&file->vnode.pages.tree, 10);
	mutex_lock(&file->vnode.pages.lock);
	page_pin(page);
	mutex_unlock(&file->vnode.pages.lock);
	assert_int_equal(page_shrink(*state, 10), 1);
	assert_true(has_page(file, 10));
	page_unpin(page);
	assert_int_equal(page_shrink(*state, 10), 1);
	fake_file_destroy(file);
}

static void
truncating_frees_what_is_after(void **state)
{
	struct fake_file *file = fake_file_create(*state, &plain);

	for (uint64_t index = 60; index > 0; index -= 3)
		touch(file, index);
	rwlock_lock_exclusive(&file->vnode.lock);
	page_cache_truncate(&file->vnode, 30);
	rwlock_unlock_exclusive(&file->vnode.lock);
	assert_true(has_page(file, 27));
	assert_false(has_page(file, 30));
	assert_int_equal(file->vnode.pages.page_count, 9);
	assert_int_equal(page_shrink(*state, 100), 9);
	fake_file_destroy(file);
}

static void
a_file_larger_than_memory_can_be_read(void **state)
{
	struct fake_file *file = fake_file_create(*state, &large);
	uint8_t data[3000];

	for (uint64_t offset = 0; offset < large.size; offset += sizeof(data)) {
		size_t length = min_u64(sizeof(data), large.size - offset);

		assert_int_equal(read_to(file, data, offset, length), 0);
		assert_memory_equal(data, file->content + offset, length);
		assert_true(memory_taken(*state) <= MEMORY_LIMIT);
	}
	fake_file_destroy(file);
}

struct reader {
	pthread_t thread;
	struct fake_file *file;
	uint64_t seed;
	unsigned failures;
};

static void *
reader_main(void *argument)
{
	struct reader *reader = argument;
	uint8_t data[3 * PAGE_SIZE];

	for (unsigned i = 0; i < 2000; i++) {
		uint64_t offset = (reader->seed = hash_u64(reader->seed + 1)) % large.size;
		size_t length = min_u64(1 + reader->seed % sizeof(data), large.size - offset);

		if (read_to(reader->file, data, offset, length) < 0 ||
		    memcmp(data, reader->file->content + offset, length) != 0)
			reader->failures++;
	}
	return NULL;
}

static void
many_readers_share_too_little_memory(void **state)
{
	struct fake_file *file = fake_file_create(*state, &large);
	struct reader readers[THREAD_COUNT];

	for (unsigned i = 0; i < THREAD_COUNT; i++) {
		readers[i] = (struct reader){ .file = file, .seed = i };
		pthread_create(&readers[i].thread, NULL, reader_main, &readers[i]);
	}
	for (unsigned i = 0; i < THREAD_COUNT; i++) {
		pthread_join(readers[i].thread, NULL);
		assert_int_equal(readers[i].failures, 0);
	}
	assert_true(memory_taken(*state) <= MEMORY_LIMIT);
	fake_file_destroy(file);
}

static int
set_up(void **state)
{
	static const struct component *const components[] = { &vfs_component };

	*state = test_kernel_create(components, 1, MEMORY_LIMIT);
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
		cmocka_unit_test(the_oldest_go_first),
		cmocka_unit_test(one_that_is_used_again_gets_a_second_chance),
		cmocka_unit_test(one_that_is_pinned_stays),
		cmocka_unit_test(truncating_frees_what_is_after),
		cmocka_unit_test(a_file_larger_than_memory_can_be_read),
		cmocka_unit_test(many_readers_share_too_little_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
