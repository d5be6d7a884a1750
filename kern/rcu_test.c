/* Tests of read-copy update, with real threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "kern/kernel.h"
#include "kern/rcu.h"
#include "tests/fake_host.h"

#define READERS 3
#define ROUNDS	2000

static struct host host;

/* What readers follow: either value is whole as long as it is not freed. */
struct pair {
	uint64_t left, right; /* equal */
};

struct shared {
	struct kernel *kernel;
	_Atomic(struct pair *) pair;
	_Atomic bool is_over;
	_Atomic uint32_t reading;
	_Atomic uint32_t go_on;
};

static void
shared_create(struct shared *shared, bool has_threads)
{
	*shared = (struct shared){ .kernel = fake_kernel_create(&host, has_threads, 0) };
}

static void
without_readers_nobody_is_waited_for(void **state)
{
	struct rcu_reader reader;
	struct shared shared;

	shared_create(&shared, false);
	rcu_synchronize(shared.kernel);
	rcu_register(shared.kernel, &reader);
	rcu_synchronize(shared.kernel);
	rcu_read_begin(&reader);
	rcu_read_end(shared.kernel, &reader);
	rcu_synchronize(shared.kernel);
	rcu_unregister(shared.kernel, &reader);
	assert_int_equal(host.wait_count, 0);
	assert_int_equal(host.wake_count, 0);
	fake_kernel_destroy(shared.kernel);
}

static void *
read_once(void *argument)
{
	struct shared *shared = argument;
	struct rcu_reader reader;

	rcu_register(shared->kernel, &reader);
	rcu_read_begin(&reader);
	atomic_store(&shared->reading, 1);
	while (atomic_load(&shared->go_on) == 0)
		sched_yield();
	atomic_store(&shared->pair, NULL);
	rcu_read_end(shared->kernel, &reader);
	rcu_unregister(shared->kernel, &reader);
	return NULL;
}

static void *
let_go_on(void *argument)
{
	struct shared *shared = argument;

	fake_host_await_sleepers(&host, 1);
	atomic_store(&shared->go_on, 1);
	return NULL;
}

static void
a_section_that_has_begun_is_waited_for(void **state)
{
	struct pair pair = { 0, 0 };
	pthread_t reader, helper;
	struct shared shared;

	shared_create(&shared, true);
	atomic_store(&shared.pair, &pair);
	assert_int_equal(pthread_create(&reader, NULL, read_once, &shared), 0);
	while (atomic_load(&shared.reading) == 0)
		sched_yield();
	assert_int_equal(pthread_create(&helper, NULL, let_go_on, &shared), 0);
	rcu_synchronize(shared.kernel);
	assert_null(atomic_load(&shared.pair));
	pthread_join(reader, NULL);
	pthread_join(helper, NULL);
	fake_kernel_destroy(shared.kernel);
}

static void *
read_until_over(void *argument)
{
	struct shared *shared = argument;
	struct rcu_reader reader;
	uint64_t bad = 0;

	rcu_register(shared->kernel, &reader);
	while (!atomic_load(&shared->is_over)) {
		const struct pair *pair;

		rcu_read_begin(&reader);
		pair = atomic_load(&shared->pair);
		bad += pair->left != pair->right;
		rcu_read_end(shared->kernel, &reader);
	}
	rcu_unregister(shared->kernel, &reader);
	return (void *)(uintptr_t)bad;
}

/* A new pair in the place of the old one, which is freed: to what readers see, too. */
static void
replace(struct shared *shared, uint64_t value)
{
	struct pair *pair = memory_alloc(shared->kernel, sizeof(*pair));
	struct pair *old;

	assert_non_null(pair);
	*pair = (struct pair){ value, value };
	old = atomic_exchange(&shared->pair, pair);
	if (old == NULL)
		return;
	rcu_synchronize(shared->kernel);
	*old = (struct pair){ 1, 2 };
	memory_free(shared->kernel, old, sizeof(*old));
}

static void
what_readers_see_is_not_freed_under_them(void **state)
{
	pthread_t threads[READERS];
	struct shared shared;
	void *bad;

	shared_create(&shared, true);
	replace(&shared, 0);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_until_over, &shared), 0);
	for (uint64_t i = 0; i < ROUNDS; i++)
		replace(&shared, i);
	atomic_store(&shared.is_over, true);
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(threads[i], &bad);
		assert_int_equal((uintptr_t)bad, 0);
	}
	memory_free(shared.kernel, atomic_load(&shared.pair), sizeof(struct pair));
	fake_kernel_destroy(shared.kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_readers_nobody_is_waited_for),
		cmocka_unit_test(a_section_that_has_begun_is_waited_for),
		cmocka_unit_test(what_readers_see_is_not_freed_under_them),
	};

	return cmocka_run_group_tests_name("kern/rcu", tests, NULL, NULL);
}
