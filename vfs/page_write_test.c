/*
 * Tests of writing to a store's file through pages and past them, against an
 * array; of writing back, and of what becomes of errors.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kern/credential.h"
#include "kern/uio.h"
#include "tests/fake_store.h"
#include "tests/far_space.h"
#include "tests/random.h"
#include "tests/test_kernel.h"
#include "vfs/file_io.h"
#include "vfs/page.h"
#include "vfs/vfs_impl.h"

#define FILE_MAX (512 * 1024)

struct fixture {
	struct kernel *kernel;
	struct credential *credential;
	struct file_writer writer;
	struct write_errors_told told;
	uint8_t twin[FILE_MAX], data[FILE_MAX], got[FILE_MAX];
	uint64_t size;
};

static int
set_up(void **state)
{
	static const struct component *const components[] = { &vfs_component };
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->kernel = test_kernel_create(components, 1, (uint64_t)4 << 20);
	fixture->credential = credential_create(fixture->kernel);
	fixture->writer = (struct file_writer){
		.credential = fixture->credential,
		.size_limit = UINT64_MAX,
	};
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	credential_put(fixture->credential);
	test_kernel_destroy(fixture->kernel);
	free(fixture);
	return 0;
}

static int
write_at(struct fixture *fixture, struct fake_store *store, const void *data, size_t length,
    uint64_t offset, size_t *done)
{
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	int error;

	uio_init_kernel(&uio, &space, &range, (void *)(uintptr_t)data, length);
	error = file_write(&store->vnode, &uio, &offset, &fixture->writer);
	*done = length - (size_t)uio.left;
	return error;
}

/* Write pseudo-random bytes to both. */
static void
must_write(struct fixture *fixture, struct fake_store *store, struct random *random, size_t length,
    uint64_t offset)
{
	size_t done;

	for (size_t i = 0; i < length; i++)
		fixture->data[i] = (uint8_t)(1 + random_below(random, 200));
	assert_int_equal(write_at(fixture, store, fixture->data, length, offset, &done), 0);
	assert_int_equal(done, length);
	memcpy(fixture->twin + offset, fixture->data, length);
	fixture->size = max_u64(fixture->size, offset + length);
}

static void
must_truncate(struct fixture *fixture, struct fake_store *store, uint64_t size)
{
	assert_int_equal(file_truncate(&store->vnode, size, &fixture->writer), 0);
	if (size < fixture->size)
		memset(fixture->twin + size, 0, fixture->size - size);
	fixture->size = size;
}

static void
assert_same(struct fixture *fixture, struct fake_store *store)
{
	struct address_space space;
	struct uio_range range;
	struct uio uio;

	assert_int_equal(store->vnode.attributes.size, fixture->size);
	if (fixture->size == 0)
		return;
	uio_init_kernel(&uio, &space, &range, fixture->got, (size_t)fixture->size);
	assert_int_equal(file_read(&store->vnode, &uio, 0), 0);
	assert_int_equal(uio.left, 0);
	for (size_t i = 0; i < fixture->size; i++)
		if (fixture->got[i] != fixture->twin[i])
			fail_msg("byte %zu is %02x, not %02x", i, fixture->got[i],
			    fixture->twin[i]);
}

/* Write what is dirty, and forget all pages, so that reads show what is on the store. */
static void
drop_pages(struct fake_store *store)
{
	struct write_errors_told told = { 0 };

	assert_int_equal(page_cache_sync(&store->vnode, &told), 0);
	page_shrink(store->vnode.kernel, SIZE_MAX);
	assert_int_equal(store->vnode.pages.page_count, 0);
	assert_int_equal(store->vnode.pages.dirty_count, 0);
}

static void
random_step(struct fixture *fixture, struct fake_store *store, struct random *random)
{
	static const size_t lengths[] = { 10, 600, 5000, 70000, 200000 };
	uint64_t offset = random_below(random, FILE_MAX);
	size_t length;

	switch (random_below(random, 12)) {
	case 0:
		must_truncate(fixture, store, offset);
		return;
	case 1:
		must_truncate(fixture, store, random_below(random, fixture->size + 1));
		return;
	case 2:
		drop_pages(store);
		return;
	case 3:
		page_shrink(store->vnode.kernel, 8);
		return;
	case 4:
		offset = fixture->size; /* append */
		break;
	default:
		break;
	}
	length = 1 + random_below(random, lengths[random_below(random, 5)]);
	if (random_below(random, 3) == 0)
		offset = round_down(offset, PAGE_SIZE);
	if (random_below(random, 3) == 0)
		length = (size_t)round_up(length, PAGE_SIZE);
	length = (size_t)min_u64(length, FILE_MAX - offset);
	if (length > 0)
		must_write(fixture, store, random, length, offset);
}

static void
random_writes_agree_with_an_array(void **state)
{
	static const uint64_t units[] = { 512, 1024, 4096, 16384, 65536 };
	struct fixture *fixture = *state;

	for (size_t u = 0; u < 2 * ARRAY_SIZE(units); u++) {
		uint64_t unit = units[u / 2];
		struct fake_store *store =
		    fake_store_create(fixture->kernel, unit, FILE_MAX / unit, u % 2 == 1);
		struct random random = { u };

		fixture->size = 0;
		memset(fixture->twin, 0, FILE_MAX);
		for (unsigned step = 0; step < 300; step++) {
			random_step(fixture, store, &random);
			if (step % 8 == 0)
				assert_same(fixture, store);
		}
		drop_pages(store);
		assert_same(fixture, store);
		fake_store_destroy(store);
	}
}

static void
small_writes_come_to_the_store_in_large_ones(void **state)
{
	struct fixture *fixture = *state;
	struct fake_store *store = fake_store_create(fixture->kernel, FILE_MAX, 1, false);
	struct random random = { 1 };

	for (uint64_t i = 0; i < 100; i++)
		must_write(fixture, store, &random, 1000, (i * 37 % 100) * 1000);
	assert_int_equal(store->write_count, 0);
	assert_int_equal(page_cache_sync(&store->vnode, &fixture->told), 0);
	assert_int_equal(store->write_count, 1);
	assert_int_equal(store->lengths[0], round_up(100000, STORE_UNIT));
	assert_int_equal(page_cache_sync(&store->vnode, &fixture->told), 0);
	assert_int_equal(store->write_count, 1);
	fake_store_destroy(store);
}

static void
who_writes_much_writes_back(void **state)
{
	struct fixture *fixture = *state;
	struct fake_store *store = fake_store_create(fixture->kernel, 4096, FILE_MAX / 4096, false);
	struct page_list *list = page_list_of(fixture->kernel);
	struct random random = { 1 };

	list->dirty_max = 10;
	for (uint64_t at = 0; at < FILE_MAX; at += 8192) {
		must_write(fixture, store, &random, 8192, at);
		assert_true(list->dirty_count <= list->dirty_max + 2);
	}
	assert_true(store->write_count > 0);
	drop_pages(store);
	assert_same(fixture, store);
	fake_store_destroy(store);
}

static void
dirty_pages_stay_when_memory_is_wanted(void **state)
{
	struct fixture *fixture = *state;
	struct fake_store *store = fake_store_create(fixture->kernel, 4096, FILE_MAX / 4096, false);
	struct random random = { 1 };

	must_write(fixture, store, &random, 40960, 0);
	assert_int_equal(page_shrink(fixture->kernel, SIZE_MAX), 0);
	assert_int_equal(page_cache_sync(&store->vnode, &fixture->told), 0);
	assert_int_equal(page_shrink(fixture->kernel, SIZE_MAX), 10);
	fake_store_destroy(store);
}

static void
a_lost_write_is_told_once_to_each_open_file(void **state)
{
	struct fixture *fixture = *state;
	struct fake_store *store = fake_store_create(fixture->kernel, 4096, FILE_MAX / 4096, false);
	struct write_errors_told *told = &fixture->told, other = { 0 }, of_mount = { 0 };
	struct random random = { 1 };

	must_write(fixture, store, &random, 4096, 0);
	store->write_error = -EIO;
	assert_int_equal(page_cache_sync_mount(&store->mount), -EIO);
	store->write_error = 0;
	assert_int_equal(vnode_sync(&store->vnode, false, told), -EIO);
	assert_int_equal(vnode_sync(&store->vnode, false, told), 0);
	assert_int_equal(vnode_sync(&store->vnode, false, &other), -EIO);
	assert_int_equal(vnode_sync(&store->vnode, false, &other), 0);
	assert_int_equal(write_errors_tell(&store->mount.write_errors, &of_mount), -EIO);
	fake_store_destroy(store);
}

static void
a_full_store_takes_what_fits(void **state)
{
	struct fixture *fixture = *state;
	struct fake_store *store = fake_store_create(fixture->kernel, 4096, FILE_MAX / 4096, false);
	size_t done;

	store->free_count = 5;
	memset(fixture->data, 7, 100000);
	assert_int_equal(write_at(fixture, store, fixture->data, 100000, 10, &done), 0);
	assert_int_equal(done, 5 * 4096 - 10);
	assert_int_equal(write_at(fixture, store, fixture->data, 1, 5 * 4096, &done), -ENOSPC);
	memset(fixture->twin + 10, 7, 5 * 4096 - 10);
	fixture->size = 5 * 4096;
	assert_same(fixture, store);
	drop_pages(store);
	assert_same(fixture, store);
	fake_store_destroy(store);
}

static void
a_bad_address_changes_nothing_behind_it(void **state)
{
	struct fixture *fixture = *state;
	struct random random = { 1 };

	for (int is_direct = 0; is_direct < 2; is_direct++) {
		struct fake_store *store =
		    fake_store_create(fixture->kernel, 8192, FILE_MAX / 8192, is_direct);
		struct far_space far = { { &far_space_ops }, fixture->data, 5000 };
		struct uio_range range = { { 0 }, 200000 };
		uint64_t offset = 4096, moved;
		struct uio uio;

		fixture->size = 0;
		memset(fixture->twin, 0, FILE_MAX);
		must_write(fixture, store, &random, 100000, 0);
		must_truncate(fixture, store, 300000); /* the rest is a hole */
		drop_pages(store);
		uio_init(&uio, &far.space, &range, 1, 200000);
		assert_int_equal(file_write(&store->vnode, &uio, &offset, &fixture->writer), 0);
		moved = 200000 - uio.left;
		assert_in_range(moved, 4096, 5000);
		memcpy(fixture->twin + 4096, fixture->data, (size_t)moved);
		drop_pages(store);
		assert_same(fixture, store);
		fake_store_destroy(store);
	}
}

static void
an_unused_file_without_a_name_is_not_written(void **state)
{
	struct fixture *fixture = *state;
	struct fake_store *store = fake_store_create(fixture->kernel, 4096, FILE_MAX / 4096, false);
	struct random random = { 1 };

	must_write(fixture, store, &random, 40960, 0);
	rwlock_lock_exclusive(&store->vnode.lock);
	vnode_has_no_name(&store->vnode);
	rwlock_unlock_exclusive(&store->vnode.lock);
	vnode_put(&store->vnode);
	assert_int_equal(store->erase_count, 1);
	assert_int_equal(store->write_count, 0);
	assert_int_equal(page_list_of(fixture->kernel)->dirty_count, 0);
	vnode_init(&store->vnode, &store->mount, &fake_store_ops, VNODE_REGULAR, 1);
	fake_store_destroy(store);
}

struct writer_thread {
	struct fixture *fixture;
	struct fake_store *store;
	unsigned number;
};

/* Threads write their own bytes of each page; one syncs all the time. */
static void *
write_lane(void *argument)
{
	struct writer_thread *thread = argument;
	uint8_t bytes[100];
	size_t done;

	memset(bytes, (int)thread->number + 1, sizeof(bytes));
	for (unsigned round = 0; round < 5; round++) {
		for (uint64_t at = 0; at < 40; at++)
			if (write_at(thread->fixture, thread->store, bytes, sizeof(bytes),
				at * 1000 + 100 * thread->number, &done) != 0)
				return thread;
		if (thread->number == 0 && page_cache_sync_mount(&thread->store->mount) != 0)
			return thread;
		page_shrink(thread->fixture->kernel, 5);
	}
	return NULL;
}

static void
threads_write_and_write_back_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct fake_store *store = fake_store_create(fixture->kernel, 4096, FILE_MAX / 4096, false);
	struct writer_thread threads[4];
	pthread_t handles[4];

	for (unsigned i = 0; i < 4; i++) {
		threads[i] = (struct writer_thread){ fixture, store, i };
		pthread_create(&handles[i], NULL, write_lane, &threads[i]);
	}
	for (unsigned i = 0; i < 4; i++) {
		void *result;

		pthread_join(handles[i], &result);
		assert_null(result);
	}
	for (uint64_t at = 0; at < 40; at++)
		for (unsigned i = 0; i < 4; i++)
			memset(fixture->twin + at * 1000 + 100 * i, (int)i + 1, 100);
	fixture->size = 39 * 1000 + 400;
	drop_pages(store);
	assert_same(fixture, store);
	fake_store_destroy(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_writes_agree_with_an_array),
		TEST(small_writes_come_to_the_store_in_large_ones),
		TEST(who_writes_much_writes_back),
		TEST(dirty_pages_stay_when_memory_is_wanted),
		TEST(a_lost_write_is_told_once_to_each_open_file),
		TEST(a_full_store_takes_what_fits),
		TEST(a_bad_address_changes_nothing_behind_it),
		TEST(an_unused_file_without_a_name_is_not_written),
		TEST(threads_write_and_write_back_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
