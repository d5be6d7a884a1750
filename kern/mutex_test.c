/* Tests of mutexes, with real threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "kern/kernel.h"
#include "tests/fake_host.h"

static struct host host;

struct shared {
	struct kernel *kernel;
	struct mutex mutex;
	uint64_t value; /* GUARDED_BY(mutex) */
};

static void
shared_create(struct shared *shared, bool has_threads)
{
	shared->kernel = fake_kernel_create(&host, has_threads, 0);
	mutex_init(&shared->mutex, shared->kernel, RANK_VNODE);
	shared->value = 0;
}

static void
without_contention_the_host_is_not_asked(void **state)
{
	struct shared shared;

	shared_create(&shared, true);
	for (int i = 0; i < 100; i++) {
		mutex_lock(&shared.mutex);
		mutex_assert_held(&shared.mutex);
		mutex_unlock(&shared.mutex);
		assert_true(mutex_try_lock(&shared.mutex));
		mutex_unlock(&shared.mutex);
	}
	assert_int_equal(host.wait_count, 0);
	assert_int_equal(host.wake_count, 0);
	fake_kernel_destroy(shared.kernel);
}

static void *
add_many(void *argument)
{
	struct shared *shared = argument;

	for (int i = 0; i < 20000; i++) {
		mutex_lock(&shared->mutex);
		shared->value++;
		mutex_unlock(&shared->mutex);
	}
	return NULL;
}

static void
threads_exclude_each_other(void **state)
{
	struct shared shared;
	pthread_t threads[4];

	shared_create(&shared, true);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, &shared), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(shared.value, 4 * 20000);
	fake_kernel_destroy(shared.kernel);
}

static void *
double_once(void *argument)
{
	struct shared *shared = argument;

	mutex_lock(&shared->mutex);
	shared->value *= 2;
	mutex_unlock(&shared->mutex);
	return NULL;
}

static void
every_sleeper_gets_its_turn(void **state)
{
	struct shared shared;
	pthread_t threads[3];

	shared_create(&shared, true);
	mutex_lock(&shared.mutex);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, double_once, &shared), 0);
	fake_host_await_sleepers(&host, ARRAY_SIZE(threads));
	shared.value = 5; /* none of them was in */
	mutex_unlock(&shared.mutex);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(shared.value, 40);
	fake_kernel_destroy(shared.kernel);
}

static void *
try_once(void *argument)
{
	struct shared *shared = argument;

	if (!mutex_try_lock(&shared->mutex))
		return (void *)"taken";
	mutex_unlock(&shared->mutex);
	return (void *)"free";
}

static void
trying_never_waits(void **state)
{
	struct shared shared;
	pthread_t thread;
	void *result;

	shared_create(&shared, true);
	mutex_lock(&shared.mutex);
	assert_int_equal(pthread_create(&thread, NULL, try_once, &shared), 0);
	pthread_join(thread, &result);
	assert_string_equal(result, "taken");
	mutex_unlock(&shared.mutex);
	assert_int_equal(pthread_create(&thread, NULL, try_once, &shared), 0);
	pthread_join(thread, &result);
	assert_string_equal(result, "free");
	assert_int_equal(host.wait_count, 0);
	fake_kernel_destroy(shared.kernel);
}

static void
lock_twice(void *argument)
{
	struct shared *shared = argument;

	mutex_lock(&shared->mutex);
	mutex_lock(&shared->mutex);
}

static void
assert_a_free_one_is_held(void *argument)
{
	struct shared *shared = argument;

	mutex_assert_held(&shared->mutex);
}

static void
a_wait_that_cannot_end_is_a_panic(void **state)
{
	struct shared shared;

	shared_create(&shared, false);
	assert_true(fake_host_dies(lock_twice, &shared, "deadlock"));
	assert_true(fake_host_dies(assert_a_free_one_is_held, &shared, ""));
	fake_kernel_destroy(shared.kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_contention_the_host_is_not_asked),
		cmocka_unit_test(threads_exclude_each_other),
		cmocka_unit_test(every_sleeper_gets_its_turn),
		cmocka_unit_test(trying_never_waits),
		cmocka_unit_test(a_wait_that_cannot_end_is_a_panic),
	};

	return cmocka_run_group_tests_name("mutex", tests, NULL, NULL);
}
