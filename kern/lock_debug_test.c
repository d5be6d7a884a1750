/* Tests of the lock checks; in other builds there is nothing to test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "kern/kernel.h"
#include "kern/lock_debug.h"
#include "kern/rwlock.h"
#include "tests/fake_host.h"

static struct host host;

struct locks {
	struct kernel *kernel;
	struct mutex process, vnode, child, cache, log;
	struct rwlock table;
};

static void
locks_create(struct locks *locks)
{
	struct kernel *kernel = fake_kernel_create(&host, true, 0);

	locks->kernel = kernel;
	mutex_init(&locks->process, kernel, RANK_PROCESS);
	mutex_init(&locks->vnode, kernel, RANK_VNODE);
	mutex_init(&locks->child, kernel, RANK_VNODE);
	mutex_init(&locks->cache, kernel, RANK_NAME_CACHE);
	mutex_init(&locks->log, kernel, RANK_LOG);
	rwlock_init(&locks->table, kernel, RANK_MOUNT_TABLE);
}

static void
lock_downwards(void *argument)
{
	struct locks *locks = argument;

	mutex_lock(&locks->cache);
	mutex_lock(&locks->vnode);
}

static void
lock_equal(void *argument)
{
	struct locks *locks = argument;
	struct mutex other;

	mutex_init(&other, locks->kernel, RANK_NAME_CACHE);
	mutex_lock(&locks->cache);
	mutex_lock(&other);
}

static void
lock_below_a_higher_one(void *argument)
{
	struct locks *locks = argument;

	mutex_lock(&locks->process);
	mutex_lock(&locks->log);
	mutex_lock(&locks->vnode);
}

static void
read_below_a_mutex(void *argument)
{
	struct locks *locks = argument;

	mutex_lock(&locks->vnode);
	rwlock_lock_shared(&locks->table);
}

static void
write_below_a_mutex(void *argument)
{
	struct locks *locks = argument;

	mutex_lock(&locks->vnode);
	rwlock_lock_exclusive(&locks->table);
}

static void
read_twice(void *argument)
{
	struct locks *locks = argument;

	rwlock_lock_shared(&locks->table);
	rwlock_lock_shared(&locks->table);
}

static void
lock_below_a_repeated_rank(void *argument)
{
	struct locks *locks = argument;

	mutex_lock(&locks->vnode);
	mutex_lock(&locks->child);
	mutex_unlock(&locks->vnode);
	mutex_lock(&locks->process);
}

static void *
lock_process(void *argument)
{
	struct locks *locks = argument;

	mutex_lock(&locks->process);
	return NULL;
}

static void
unlock_what_another_thread_holds(void *argument)
{
	struct locks *locks = argument;
	pthread_t thread;

	pthread_create(&thread, NULL, lock_process, locks);
	pthread_join(thread, NULL);
	mutex_unlock(&locks->process);
}

static void
a_breach_of_the_order_names_both_ranks(void **state)
{
	static const struct {
		void (*body)(void *argument);
		const char *saying;
	} rows[] = {
		{ lock_downwards, "(vnode) is taken while rank" },
		{ lock_downwards, "(name cache) is held" },
		{ lock_equal, "(name cache) is taken while rank" },
		{ lock_below_a_higher_one, "(log) is held" },
		{ read_below_a_mutex, "(mount table) is taken while rank" },
		{ write_below_a_mutex, "(mount table) is taken while rank" },
		{ read_twice, "(mount table) is taken while rank" },
		{ lock_below_a_repeated_rank, "(vnode) is held" },
		{ unlock_what_another_thread_holds, "is released by a thread without it" },
	};
	struct locks locks;

	if (!IS_CHECKED)
		skip();
	locks_create(&locks);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_true(fake_host_dies(rows[i].body, &locks, rows[i].saying));
	fake_kernel_destroy(locks.kernel);
}

static void
locks_in_order_are_let_pass(void **state)
{
	struct locks locks;

	locks_create(&locks);
	mutex_lock(&locks.process);
	rwlock_lock_shared(&locks.table);
	mutex_lock(&locks.vnode);
	mutex_lock(&locks.cache);
	mutex_unlock(&locks.process); /* in any order */
	mutex_lock(&locks.log);
	rwlock_unlock_shared(&locks.table);
	mutex_unlock(&locks.log);
	mutex_unlock(&locks.cache);
	mutex_unlock(&locks.vnode);
	rwlock_lock_exclusive(&locks.table);
	rwlock_unlock_exclusive(&locks.table);
	assert_int_equal(*fake_host_ops.thread_word(&host), 0);
	fake_kernel_destroy(locks.kernel);
}

static void
vnodes_may_be_locked_several_at_a_time(void **state)
{
	struct locks locks;

	locks_create(&locks);
	for (int i = 0; i < 3; i++) {
		mutex_lock(&locks.vnode);
		mutex_lock(&locks.child);
		mutex_unlock(i == 0 ? &locks.vnode : &locks.child);
		mutex_lock(&locks.cache);
		mutex_unlock(&locks.cache);
		mutex_unlock(i == 0 ? &locks.child : &locks.vnode);
	}
	assert_int_equal(*fake_host_ops.thread_word(&host), 0);
	fake_kernel_destroy(locks.kernel);
}

static void
trying_is_allowed_against_the_order(void **state)
{
	struct locks locks;
	struct mutex other;

	locks_create(&locks);
	mutex_init(&other, locks.kernel, RANK_NAME_CACHE);
	mutex_lock(&locks.cache);
	assert_true(mutex_try_lock(&locks.process));
	assert_true(mutex_try_lock(&other));
	assert_true(rwlock_try_lock_exclusive(&locks.table));
	mutex_lock(&locks.log); /* order counts from what was taken in order */
	mutex_unlock(&locks.log);
	rwlock_unlock_exclusive(&locks.table);
	mutex_unlock(&other);
	mutex_unlock(&locks.process);
	mutex_unlock(&locks.cache);
	assert_true(mutex_try_lock(&locks.process)); /* now in order, and noted */
	mutex_unlock(&locks.process);
	assert_int_equal(*fake_host_ops.thread_word(&host), 0);
	fake_kernel_destroy(locks.kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_breach_of_the_order_names_both_ranks),
		cmocka_unit_test(locks_in_order_are_let_pass),
		cmocka_unit_test(vnodes_may_be_locked_several_at_a_time),
		cmocka_unit_test(trying_is_allowed_against_the_order),
	};

	return cmocka_run_group_tests_name("lock_debug", tests, NULL, NULL);
}
