/* Tests of threads and of the word that each has. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "host/posix/posix.h"

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

static void
run(struct host *host, const char *name, void (*entry)(void *), void *argument)
{
	struct host_thread *thread;

	assert_int_equal(posix_host_ops.thread_start(host, name, entry, argument, &thread), 0);
	assert_non_null(thread);
	posix_host_ops.thread_join(host, thread);
}

static void
count(void *argument)
{
	++*(int *)argument;
}

static void
has_run_once_when_it_is_joined(void **state)
{
	int runs = 0;

	for (int i = 1; i <= 20; i++) {
		run(*state, "counter", count, &runs);
		assert_int_equal(runs, i);
	}
}

static void
copy_name(void *argument)
{
	(void)pthread_getname_np(pthread_self(), argument, 16);
}

static void
carries_its_name_cut_to_what_fits(void **state)
{
	char name[16] = "";

	run(*state, "timer", copy_name, name);
	assert_string_equal(name, "timer");
	run(*state, "a name that is too long", copy_name, name);
	assert_string_equal(name, "a name that is ");
	run(*state, "", copy_name, name);
	assert_string_equal(name, "");
}

static void
get_signals(void *argument)
{
	pthread_sigmask(SIG_SETMASK, NULL, argument);
}

static void
takes_no_signal_but_its_own_faults(void **state)
{
	sigset_t mask;

	run(*state, "signals", get_signals, &mask);
	assert_true(sigismember(&mask, SIGINT));
	assert_true(sigismember(&mask, SIGALRM));
	assert_true(sigismember(&mask, SIGPROF));
	assert_true(sigismember(&mask, SIGRTMIN));
	assert_false(sigismember(&mask, SIGSEGV));
	assert_false(sigismember(&mask, SIGBUS));
}

static void
leaves_the_signals_of_its_maker_alone(void **state)
{
	sigset_t before, after;
	int runs = 0;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	run(*state, "counter", count, &runs);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int i = 1; i <= SIGRTMAX; i++)
		assert_int_equal(sigismember(&before, i), sigismember(&after, i));
}

struct word_user {
	struct host *host;
	uint64_t *word;
	uint64_t at_first;
	bool is_stable;
};

static void
use_word(void *argument)
{
	struct word_user *user = argument;

	user->word = posix_host_ops.thread_word(user->host);
	user->at_first = *user->word;
	*user->word = 42;
	user->is_stable = posix_host_ops.thread_word(user->host) == user->word;
}

static void
has_a_word_of_its_own_that_is_zero_at_first(void **state)
{
	uint64_t *word = posix_host_ops.thread_word(*state);

	assert_int_equal(*word, 0);
	*word = 17;
	for (int i = 0; i < 4; i++) {
		struct word_user user = { .host = *state };

		run(*state, "word", use_word, &user);
		assert_ptr_not_equal(user.word, word);
		assert_int_equal(user.at_first, 0);
		assert_true(user.is_stable);
	}
	assert_ptr_equal(posix_host_ops.thread_word(*state), word);
	assert_int_equal(*word, 17);
}

static void
has_a_word_per_host(void **state)
{
	struct host *other;

	*posix_host_ops.thread_word(*state) = 17;
	assert_int_equal(posix_host_create(&other), 0);
	assert_int_equal(*posix_host_ops.thread_word(other), 0);
	posix_host_destroy(other);
	assert_int_equal(*posix_host_ops.thread_word(*state), 17);
}

static void
hosts_do_not_use_up_the_keys(void **state)
{
	for (int i = 0; i < 3 * PTHREAD_KEYS_MAX; i++) {
		struct host *host;

		assert_int_equal(posix_host_create(&host), 0);
		*posix_host_ops.thread_word(host) = 17;
		posix_host_destroy(host);
	}
}

static void
processors_are_those_this_process_may_use(void **state)
{
	unsigned before = posix_host_ops.processor_count(*state);
	cpu_set_t all, one;
	int first = 0;

	assert_true(before >= 1);
	if (sched_getaffinity(0, sizeof(all), &all) != 0)
		skip();
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(posix_host_ops.processor_count(*state), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(posix_host_ops.processor_count(*state), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_run_once_when_it_is_joined),
		cmocka_unit_test(carries_its_name_cut_to_what_fits),
		cmocka_unit_test(takes_no_signal_but_its_own_faults),
		cmocka_unit_test(leaves_the_signals_of_its_maker_alone),
		cmocka_unit_test(has_a_word_of_its_own_that_is_zero_at_first),
		cmocka_unit_test(has_a_word_per_host),
		cmocka_unit_test(hosts_do_not_use_up_the_keys),
		cmocka_unit_test(processors_are_those_this_process_may_use),
	};

	return cmocka_run_group_tests(tests, create_host, destroy_host);
}
