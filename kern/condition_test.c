/* Tests of condition variables, with real threads and a clock of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "kern/kernel.h"
#include "tests/fake_host.h"

static struct host host;

struct shared {
	struct kernel *kernel;
	struct mutex mutex;
	struct condition changed;
	uint64_t tokens;  /* GUARDED_BY(mutex) */
	uint64_t wakings; /* waits that ended; GUARDED_BY(mutex) */
};

static void
shared_create(struct shared *shared, bool has_threads)
{
	*shared = (struct shared){ .kernel = fake_kernel_create(&host, has_threads, 0) };
	mutex_init(&shared->mutex, shared->kernel, RANK_VNODE);
	condition_init(&shared->changed);
}

static void *
take_token(void *argument)
{
	struct shared *shared = argument;
	int error = 0;

	mutex_lock(&shared->mutex);
	while (shared->tokens == 0 && error == 0) {
		error = condition_wait(&shared->changed, &shared->mutex, HOST_NO_DEADLINE);
		shared->wakings++;
	}
	mutex_assert_held(&shared->mutex);
	shared->tokens--;
	mutex_unlock(&shared->mutex);
	return error == 0 ? NULL : (void *)"the wait failed";
}

static void
a_signal_wakes_one_waiter(void **state)
{
	struct shared shared;
	pthread_t threads[3];

	shared_create(&shared, true);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_token, &shared), 0);
	for (size_t left = ARRAY_SIZE(threads); left > 0; left--) {
		fake_host_await_sleepers(&host, left);
		mutex_lock(&shared.mutex);
		shared.tokens++;
		condition_signal(&shared.changed, &shared.mutex);
		mutex_unlock(&shared.mutex);
	}
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		void *complaint;

		pthread_join(threads[i], &complaint);
		assert_null(complaint);
	}
	assert_int_equal(shared.tokens, 0);
	assert_int_equal(shared.wakings, ARRAY_SIZE(threads));
	fake_kernel_destroy(shared.kernel);
}

static void
a_broadcast_wakes_all_waiters(void **state)
{
	struct shared shared;
	pthread_t threads[3];

	shared_create(&shared, true);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_token, &shared), 0);
	fake_host_await_sleepers(&host, ARRAY_SIZE(threads));
	mutex_lock(&shared.mutex);
	shared.tokens = ARRAY_SIZE(threads);
	mutex_unlock(&shared.mutex);
	condition_broadcast(&shared.changed, &shared.mutex); /* the mutex need not be held */
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(shared.tokens, 0);
	fake_kernel_destroy(shared.kernel);
}

static void *
wait_until_2000(void *argument)
{
	struct shared *shared = argument;
	int error;

	mutex_lock(&shared->mutex);
	error = condition_wait(&shared->changed, &shared->mutex, 2000000000);
	mutex_assert_held(&shared->mutex);
	mutex_unlock(&shared->mutex);
	return (void *)(intptr_t)error;
}

static void
a_wait_ends_at_its_deadline(void **state)
{
	struct shared shared;
	pthread_t thread;
	void *result;

	shared_create(&shared, true);
	assert_int_equal(pthread_create(&thread, NULL, wait_until_2000, &shared), 0);
	fake_host_await_sleepers(&host, 1);
	fake_host_set_clock(&host, 1999999999);
	fake_host_await_sleepers(&host, 1);
	fake_host_set_clock(&host, 2000000000);
	pthread_join(thread, &result);
	assert_int_equal((intptr_t)result, -ETIMEDOUT);
	assert_int_equal((intptr_t)wait_until_2000(&shared), -ETIMEDOUT); /* already past */
	fake_kernel_destroy(shared.kernel);
}

static void
a_wait_that_cannot_end_is_an_error(void **state)
{
	struct shared shared;

	shared_create(&shared, false);
	mutex_lock(&shared.mutex);
	assert_int_equal(condition_wait(&shared.changed, &shared.mutex, HOST_NO_DEADLINE),
	    -EDEADLK);
	mutex_unlock(&shared.mutex);
	fake_kernel_destroy(shared.kernel);
}

static void
a_signal_for_nobody_does_not_ask_the_host(void **state)
{
	struct shared shared;

	shared_create(&shared, true);
	mutex_lock(&shared.mutex);
	condition_signal(&shared.changed, &shared.mutex);
	condition_broadcast(&shared.changed, &shared.mutex);
	mutex_unlock(&shared.mutex);
	assert_int_equal(host.wake_count, 0);
	fake_kernel_destroy(shared.kernel);
}

#define PASSES 3000

/* Pass the ball: wait until tokens is odd or even as this side wants. */
static void *
play(struct shared *shared, uint64_t side)
{
	for (uint64_t i = 0; i < PASSES; i++) {
		mutex_lock(&shared->mutex);
		while (shared->tokens % 2 != side) {
			if (condition_wait(&shared->changed, &shared->mutex, HOST_NO_DEADLINE) < 0)
				return (void *)"the wait failed";
		}
		shared->tokens++;
		condition_signal(&shared->changed, &shared->mutex);
		mutex_unlock(&shared->mutex);
	}
	return NULL;
}

static void *
play_even(void *argument)
{
	return play(argument, 0);
}

static void *
play_odd(void *argument)
{
	return play(argument, 1);
}

static void
no_signal_is_ever_missed(void **state)
{
	struct shared shared;
	pthread_t even, odd;
	void *complaint;

	shared_create(&shared, true);
	assert_int_equal(pthread_create(&even, NULL, play_even, &shared), 0);
	assert_int_equal(pthread_create(&odd, NULL, play_odd, &shared), 0);
	pthread_join(even, &complaint);
	assert_null(complaint);
	pthread_join(odd, &complaint);
	assert_null(complaint);
	assert_int_equal(shared.tokens, 2 * PASSES);
	fake_kernel_destroy(shared.kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_wakes_one_waiter),
		cmocka_unit_test(a_broadcast_wakes_all_waiters),
		cmocka_unit_test(a_wait_ends_at_its_deadline),
		cmocka_unit_test(a_wait_that_cannot_end_is_an_error),
		cmocka_unit_test(a_signal_for_nobody_does_not_ask_the_host),
		cmocka_unit_test(no_signal_is_ever_missed),
	};

	return cmocka_run_group_tests_name("condition", tests, NULL, NULL);
}
