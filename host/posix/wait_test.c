/* Tests of waiting and waking, and of the clock that deadlines are in. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "host/posix/posix.h"

#define MILLISECOND UINT64_C(1000000)
#define LONG_TIME   (UINT64_C(30000) * MILLISECOND) /* only reached by what is broken */

static int
create_host(void **state)
{
	struct host *host;
	int error = posix_host_create(&host);

	*state = host;
	return error;
}

static int
destroy_host(void **state)
{
	posix_host_destroy(*state);
	return 0;
}

static uint64_t
now(struct host *host)
{
	return posix_host_ops.clock_monotonic(host);
}

static void
monotonic_time_never_goes_back(void **state)
{
	uint64_t before = now(*state);

	for (int i = 0; i < 10000; i++) {
		uint64_t after = now(*state);

		assert_true(after >= before);
		before = after;
	}
}

static void
wall_time_is_that_of_this_century(void **state)
{
	int64_t year = INT64_C(31556952) * 1000 * (int64_t)MILLISECOND;

	assert_in_range(posix_host_ops.clock_wall(*state) / year, 50, 130);
}

static void
does_not_sleep_when_the_word_is_another(void **state)
{
	struct host *host = *state;
	_Atomic uint32_t word = 7;

	assert_int_equal(posix_host_ops.wait(host, &word, 6, HOST_NO_DEADLINE, 0), 0);
	assert_int_equal(posix_host_ops.wait(host, &word, 8, now(host) + LONG_TIME, 0), 0);
}

static void
times_out_at_its_deadline_and_not_before(void **state)
{
	struct host *host = *state;
	_Atomic uint32_t word = 7;
	uint64_t deadline = now(host) + 2 * MILLISECOND;
	int error;

	do
		error = posix_host_ops.wait(host, &word, 7, deadline, 0);
	while (error == 0);
	assert_int_equal(error, -ETIMEDOUT);
	assert_true(now(host) >= deadline);
}

static void
times_out_at_once_when_the_deadline_has_passed(void **state)
{
	_Atomic uint32_t word = 7;

	assert_int_equal(posix_host_ops.wait(*state, &word, 7, 0, 0), -ETIMEDOUT);
	assert_int_equal(posix_host_ops.wait(*state, &word, 7, 1, 0), -ETIMEDOUT);
}

static void
leaves_errno_alone(void **state)
{
	_Atomic uint32_t word = 7;

	errno = EXDEV;
	posix_host_ops.wait(*state, &word, 6, HOST_NO_DEADLINE, 0);
	assert_int_equal(posix_host_ops.wait(*state, &word, 7, 0, 0), -ETIMEDOUT);
	posix_host_ops.wake(*state, &word, 1);
	assert_int_equal(errno, EXDEV);
}

/* Two players hand a ball, the word, to and fro. */
struct player {
	struct host *host;
	_Atomic uint32_t *ball;
	uint32_t side;
	int error;
};

#define ROUNDS 2000

static void
play(void *argument)
{
	struct player *player = argument;
	uint32_t other = 1 - player->side;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t deadline = now(player->host) + LONG_TIME;

		while (atomic_load(player->ball) != player->side) {
			int error =
			    posix_host_ops.wait(player->host, player->ball, other, deadline, 0);

			if (error < 0) {
				player->error = error;
				return;
			}
		}
		atomic_store(player->ball, other);
		posix_host_ops.wake(player->host, player->ball, 1);
	}
}

static void
a_wake_ends_a_wait(void **state)
{
	_Atomic uint32_t ball = 0;
	struct player players[2] = {
		{ .host = *state, .ball = &ball, .side = 0 },
		{ .host = *state, .ball = &ball, .side = 1 },
	};
	struct host_thread *thread;

	assert_int_equal(posix_host_ops.thread_start(*state, "player", play, &players[1], &thread),
	    0);
	play(&players[0]);
	posix_host_ops.thread_join(*state, thread);
	assert_int_equal(players[0].error, 0);
	assert_int_equal(players[1].error, 0);
}

struct sleeper {
	struct host *host;
	_Atomic uint32_t *word;
	int error;
	struct host_thread *thread;
};

static void
sleep_until_set(void *argument)
{
	struct sleeper *sleeper = argument;
	uint64_t deadline = now(sleeper->host) + LONG_TIME;

	while (sleeper->error == 0 && atomic_load(sleeper->word) == 0)
		sleeper->error = posix_host_ops.wait(sleeper->host, sleeper->word, 0, deadline, 0);
}

static void
a_wake_for_all_ends_all_waits(void **state)
{
	_Atomic uint32_t word = 0;
	struct sleeper sleepers[4];

	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++) {
		sleepers[i] = (struct sleeper){ .host = *state, .word = &word };
		assert_int_equal(posix_host_ops.thread_start(*state, "sleeper", sleep_until_set,
				     &sleepers[i], &sleepers[i].thread),
		    0);
	}
	atomic_store(&word, 1);
	posix_host_ops.wake(*state, &word, UINT32_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++) {
		posix_host_ops.thread_join(*state, sleepers[i].thread);
		assert_int_equal(sleepers[i].error, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monotonic_time_never_goes_back),
		cmocka_unit_test(wall_time_is_that_of_this_century),
		cmocka_unit_test(does_not_sleep_when_the_word_is_another),
		cmocka_unit_test(times_out_at_its_deadline_and_not_before),
		cmocka_unit_test(times_out_at_once_when_the_deadline_has_passed),
		cmocka_unit_test(leaves_errno_alone),
		cmocka_unit_test(a_wake_ends_a_wait),
		cmocka_unit_test(a_wake_for_all_ends_all_waits),
	};

	return cmocka_run_group_tests(tests, create_host, destroy_host);
}
