/*
 * The sanitizer builds, the only ones that run this, do catch what they are
 * for: a child makes a mistake and must not live to exit with 0.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool
survives(void (*mistake)(void))
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		if (freopen("/dev/null", "w", stderr) != NULL)
			mistake();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
read_past_the_end(void)
{
	volatile char *bytes = malloc(8);
	volatile size_t at = 8;

	if (bytes != NULL)
		(void)bytes[at];
}

static void
overflow_an_integer(void)
{
	volatile int value = INT32_MAX;

	value = value + 1;
}

static int shared;

static void *
count_without_a_lock(void *unused)
{
	for (int i = 0; i < 1000; i++)
		shared++;
	return NULL;
}

static void
race(void)
{
	pthread_t other;

	if (pthread_create(&other, NULL, count_without_a_lock, NULL) != 0)
		return;
	count_without_a_lock(NULL);
	pthread_join(other, NULL);
}

static void
address_sanitizer_catches_a_read_past_the_end(void **state)
{
	assert_false(survives(read_past_the_end));
}

static void
undefined_behaviour_sanitizer_catches_an_overflow(void **state)
{
	assert_false(survives(overflow_an_integer));
}

static void
thread_sanitizer_catches_a_race(void **state)
{
	assert_false(survives(race));
}

int
main(void)
{
	static const struct CMUnitTest memory[] = {
		cmocka_unit_test(address_sanitizer_catches_a_read_past_the_end),
		cmocka_unit_test(undefined_behaviour_sanitizer_catches_an_overflow),
	};
	static const struct CMUnitTest threads[] = {
		cmocka_unit_test(thread_sanitizer_catches_a_race),
	};

	if (__has_feature(thread_sanitizer))
		return cmocka_run_group_tests(threads, NULL, NULL);
	return cmocka_run_group_tests(memory, NULL, NULL);
}
