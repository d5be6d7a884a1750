/* Tests of reader-writer locks, with real threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "kern/kernel.h"
#include "kern/rwlock.h"
#include "tests/fake_host.h"

static struct host host;

struct shared {
	struct kernel *kernel;
	struct rwlock lock;
	uint64_t left;	      /* GUARDED_BY(lock) */
	uint64_t between[62]; /* so that copying both takes a while */
	uint64_t right;	      /* always equal to left; GUARDED_BY(lock) */
	_Atomic int inside;   /* readers */
};

static void
shared_create(struct shared *shared, bool has_threads)
{
	*shared = (struct shared){ .kernel = fake_kernel_create(&host, has_threads, 0) };
	rwlock_init(&shared->lock, shared->kernel, RANK_VNODE);
}

static void
without_contention_the_host_is_not_asked(void **state)
{
	struct shared shared;

	shared_create(&shared, true);
	for (int i = 0; i < 100; i++) {
		rwlock_lock_shared(&shared.lock);
		rwlock_assert_held(&shared.lock);
		assert_false(rwlock_try_lock_exclusive(&shared.lock));
		rwlock_unlock_shared(&shared.lock);
		rwlock_lock_exclusive(&shared.lock);
		rwlock_assert_held(&shared.lock);
		rwlock_assert_exclusive(&shared.lock);
		assert_false(rwlock_try_lock_exclusive(&shared.lock));
		rwlock_unlock_exclusive(&shared.lock);
		assert_true(rwlock_try_lock_exclusive(&shared.lock));
		rwlock_unlock_exclusive(&shared.lock);
	}
	assert_int_equal(host.wait_count, 0);
	assert_int_equal(host.wake_count, 0);
	fake_kernel_destroy(shared.kernel);
}

static void *
read_once(void *argument)
{
	struct shared *shared = argument;
	uint64_t value;

	rwlock_lock_shared(&shared->lock);
	value = shared->left;
	rwlock_unlock_shared(&shared->lock);
	return (void *)(uintptr_t)value;
}

static void *
write_once(void *argument)
{
	struct shared *shared = argument;

	rwlock_lock_exclusive(&shared->lock);
	shared->left += 10;
	rwlock_unlock_exclusive(&shared->lock);
	return NULL;
}

static void
readers_share(void **state)
{
	struct shared shared;
	pthread_t thread;

	shared_create(&shared, true);
	rwlock_lock_shared(&shared.lock);
	assert_int_equal(pthread_create(&thread, NULL, read_once, &shared), 0);
	pthread_join(thread, NULL); /* in and out while we are in */
	rwlock_unlock_shared(&shared.lock);
	fake_kernel_destroy(shared.kernel);
}

static void
a_writer_keeps_everybody_out(void **state)
{
	struct shared shared;
	pthread_t readers[2], writer;
	void *seen;

	shared_create(&shared, true);
	rwlock_lock_exclusive(&shared.lock);
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_once, &shared), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_once, &shared), 0);
	fake_host_await_sleepers(&host, 3);
	shared.left = 1;
	rwlock_unlock_exclusive(&shared.lock);
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		pthread_join(readers[i], &seen);
		assert_true((uintptr_t)seen == 1 || (uintptr_t)seen == 11);
	}
	pthread_join(writer, NULL);
	assert_int_equal(shared.left, 11);
	fake_kernel_destroy(shared.kernel);
}

static void
a_waiting_writer_keeps_new_readers_out(void **state)
{
	struct shared shared;
	pthread_t reader, writer;
	void *seen;

	shared_create(&shared, true);
	rwlock_lock_shared(&shared.lock);
	assert_int_equal(pthread_create(&writer, NULL, write_once, &shared), 0);
	fake_host_await_sleepers(&host, 1);
	assert_int_equal(pthread_create(&reader, NULL, read_once, &shared), 0);
	fake_host_await_sleepers(&host, 2);
	rwlock_unlock_shared(&shared.lock);
	pthread_join(writer, NULL);
	pthread_join(reader, &seen);
	assert_int_equal(shared.left, 10);
	fake_kernel_destroy(shared.kernel);
}

static void *
read_many(void *argument)
{
	struct shared *shared = argument;
	void *complaint = NULL;

	for (int i = 0; i < 10000; i++) {
		rwlock_lock_shared(&shared->lock);
		atomic_fetch_add(&shared->inside, 1);
		if (shared->left != shared->right)
			complaint = (void *)"a reader saw a writer's work half done";
		atomic_fetch_sub(&shared->inside, 1);
		rwlock_unlock_shared(&shared->lock);
	}
	return complaint;
}

static void *
peek_many(void *argument)
{
	struct shared *shared = argument;
	void *complaint = NULL;
	uint64_t seen[64];

	for (int i = 0; i < 100000; i++) {
		if (rwlock_peek(&shared->lock, seen, &shared->left, sizeof(seen)) &&
		    seen[0] != seen[ARRAY_SIZE(seen) - 1])
			complaint = (void *)"who peeked saw a writer's work half done";
	}
	return complaint;
}

static void *
write_many(void *argument)
{
	struct shared *shared = argument;
	void *complaint = NULL;

	for (int i = 0; i < 10000; i++) {
		if (i % 4 != 0 || !rwlock_try_lock_exclusive(&shared->lock))
			rwlock_lock_exclusive(&shared->lock);
		shared->left++;
		if (atomic_load(&shared->inside) != 0)
			complaint = (void *)"a writer met a reader";
		shared->right++;
		rwlock_unlock_exclusive(&shared->lock);
	}
	return complaint;
}

static void
readers_and_writers_never_meet(void **state)
{
	void *(*const mains[])(
	    void *) = { read_many, write_many, peek_many, read_many, write_many, peek_many };
	pthread_t threads[ARRAY_SIZE(mains)];
	struct shared shared;
	void *complaint;

	shared_create(&shared, true);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, mains[i], &shared), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		pthread_join(threads[i], &complaint);
		assert_null(complaint);
	}
	assert_int_equal(shared.left, 20000);
	fake_kernel_destroy(shared.kernel);
}

static void
peeking_fails_while_a_writer_is_in(void **state)
{
	struct shared shared;
	uint64_t seen[2];

	shared_create(&shared, true);
	shared.left = 3;
	assert_true(rwlock_peek(&shared.lock, seen, &shared.left, sizeof(seen)));
	assert_int_equal(seen[0], 3);
	rwlock_lock_exclusive(&shared.lock);
	assert_false(rwlock_peek(&shared.lock, seen, &shared.left, sizeof(seen)));
	rwlock_unlock_exclusive(&shared.lock);
	rwlock_lock_shared(&shared.lock);
	assert_true(rwlock_peek(&shared.lock, seen, &shared.left, sizeof(seen)));
	rwlock_unlock_shared(&shared.lock);
	fake_kernel_destroy(shared.kernel);
}

static void
read_then_write(void *argument)
{
	struct shared *shared = argument;

	rwlock_lock_shared(&shared->lock);
	rwlock_lock_exclusive(&shared->lock);
}

static void
assert_a_reader_is_a_writer(void *argument)
{
	struct shared *shared = argument;

	rwlock_lock_shared(&shared->lock);
	rwlock_assert_exclusive(&shared->lock);
}

static void
unlock_what_is_free(void *argument)
{
	struct shared *shared = argument;

	rwlock_unlock_shared(&shared->lock);
}

static void
misuse_stops_the_kernel(void **state)
{
	struct shared shared;

	shared_create(&shared, false);
	assert_true(fake_host_dies(read_then_write, &shared, "deadlock"));
	assert_true(fake_host_dies(assert_a_reader_is_a_writer, &shared, ""));
	assert_true(fake_host_dies(unlock_what_is_free, &shared, ""));
	fake_kernel_destroy(shared.kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_contention_the_host_is_not_asked),
		cmocka_unit_test(readers_share),
		cmocka_unit_test(a_writer_keeps_everybody_out),
		cmocka_unit_test(a_waiting_writer_keeps_new_readers_out),
		cmocka_unit_test(readers_and_writers_never_meet),
		cmocka_unit_test(peeking_fails_while_a_writer_is_in),
		cmocka_unit_test(misuse_stops_the_kernel),
	};

	return cmocka_run_group_tests_name("rwlock", tests, NULL, NULL);
}
