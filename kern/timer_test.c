/* Tests of timers and deferred work, on hosts with and without threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "kern/kernel.h"
#include "tests/fake_host.h"

#define NOW 1000000000 /* the fake host's clock at first */

static struct host host;

/* What ran, one letter each, in order. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char letters[64];
	size_t count;
} diary = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void
diary_write(char letter)
{
	pthread_mutex_lock(&diary.lock);
	if (diary.count < sizeof(diary.letters) - 1)
		diary.letters[diary.count++] = letter;
	diary.letters[diary.count] = '\0';
	pthread_cond_broadcast(&diary.changed);
	pthread_mutex_unlock(&diary.lock);
}

static void
diary_await(size_t count)
{
	pthread_mutex_lock(&diary.lock);
	while (diary.count < count)
		pthread_cond_wait(&diary.changed, &diary.lock);
	pthread_mutex_unlock(&diary.lock);
}

static struct kernel *
setup(bool has_threads)
{
	diary.count = 0;
	diary.letters[0] = '\0';
	return fake_kernel_create(&host, has_threads, 0);
}

struct job {
	struct kernel *kernel;
	struct work work;
	struct timer timer;
	char letter;
	int again; /* so often it queues or arms itself again */
	struct mutex *gate;
	struct job *victim; /* to cancel */
};

static void
job_run_work(struct work *work)
{
	struct job *job = container_of(work, struct job, work);

	diary_write(job->letter);
	if (job->gate != NULL) {
		mutex_lock(job->gate);
		mutex_unlock(job->gate);
		diary_write('!');
	}
	if (job->victim != NULL)
		work_cancel(job->kernel, &job->victim->work);
	if (job->again-- > 0)
		work_queue(job->kernel, work);
}

static void
job_run_timer(struct timer *timer)
{
	struct job *job = container_of(timer, struct job, timer);

	diary_write(job->letter);
	if (job->again-- > 0)
		timer_arm(job->kernel, timer, kernel_clock_monotonic(job->kernel) + 5);
}

static void
job_init(struct job *job, struct kernel *kernel, char letter)
{
	*job = (struct job){ .kernel = kernel, .letter = letter };
	work_init(&job->work, job_run_work);
	timer_init(&job->timer, job_run_timer);
}

static void
a_kernel_with_nothing_to_do_has_no_thread(void **state)
{
	struct kernel *kernel = setup(true);
	struct job job;

	job_init(&job, kernel, 'a');
	work_cancel(kernel, &job.work);
	timer_cancel(kernel, &job.timer);
	assert_int_equal(host.thread_count, 0);
	timer_arm(kernel, &job.timer, NOW + 1);
	assert_int_equal(host.thread_count, 1);
	work_queue(kernel, &job.work);
	diary_await(1);
	assert_int_equal(host.thread_count, 1);
	timer_cancel(kernel, &job.timer);
	assert_string_equal(diary.letters, "a");
	fake_kernel_destroy(kernel);
}

static void
timers_run_in_order_of_their_deadlines(void **state)
{
	for (int has_threads = 0; has_threads <= 1; has_threads++) {
		struct kernel *kernel = setup(has_threads);
		static const uint64_t deadlines[] = { 30, 10, 20, 10, 5 };
		struct job jobs[ARRAY_SIZE(deadlines)];

		for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
			job_init(&jobs[i], kernel, (char)('a' + i));
			timer_arm(kernel, &jobs[i].timer, NOW + deadlines[i]);
		}
		fake_host_set_clock(&host, NOW + 20);
		if (has_threads) {
			diary_await(4);
			fake_host_await_sleepers(&host, 1);
		} else {
			assert_int_equal(host.pending, NOW + 5);
			assert_int_equal(kernel_run(kernel), NOW + 30);
		}
		assert_string_equal(diary.letters, "ebdc");
		timer_cancel(kernel, &jobs[0].timer);
		assert_int_equal(kernel_run(kernel), HOST_NO_DEADLINE);
		fake_kernel_destroy(kernel);
	}
}

static void
a_timer_armed_again_forgets_its_old_deadline(void **state)
{
	struct kernel *kernel = setup(false);
	struct job job;

	job_init(&job, kernel, 'a');
	timer_arm(kernel, &job.timer, NOW + 10);
	timer_arm(kernel, &job.timer, NOW + 20);
	fake_host_set_clock(&host, NOW + 15);
	assert_int_equal(kernel_run(kernel), NOW + 20);
	assert_string_equal(diary.letters, "");
	timer_arm(kernel, &job.timer, NOW + 12);
	assert_int_equal(host.pending, NOW + 12);
	assert_int_equal(kernel_run(kernel), HOST_NO_DEADLINE);
	assert_string_equal(diary.letters, "a");
	fake_kernel_destroy(kernel);
}

static void
the_host_is_told_only_of_nearer_deadlines(void **state)
{
	struct kernel *kernel = setup(false);
	struct job far, near, nearer;

	job_init(&far, kernel, 'f');
	job_init(&near, kernel, 'n');
	job_init(&nearer, kernel, 'm');
	timer_arm(kernel, &near.timer, NOW + 10);
	assert_int_equal(host.pending, NOW + 10);
	host.pending = 0;
	timer_arm(kernel, &far.timer, NOW + 100);
	assert_int_equal(host.pending, 0);
	timer_arm(kernel, &nearer.timer, NOW + 5);
	assert_int_equal(host.pending, NOW + 5);
	fake_host_set_clock(&host, NOW + 50);
	assert_int_equal(kernel_run(kernel), NOW + 100);
	timer_arm(kernel, &near.timer, NOW + 60);
	assert_int_equal(host.pending, NOW + 60);
	timer_cancel(kernel, &near.timer);
	timer_cancel(kernel, &far.timer);
	assert_string_equal(diary.letters, "mn");
	fake_kernel_destroy(kernel);
}

static void
work_runs_once_in_the_order_it_was_queued(void **state)
{
	for (int has_threads = 0; has_threads <= 1; has_threads++) {
		struct kernel *kernel = setup(has_threads);
		struct job jobs[3];
		struct mutex gate;

		mutex_init(&gate, kernel, RANK_VNODE);
		for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
			job_init(&jobs[i], kernel, (char)('a' + i));
		mutex_lock(&gate);
		jobs[0].gate = &gate; /* so that the others are queued before it ends */
		work_queue(kernel, &jobs[0].work);
		if (has_threads)
			diary_await(1);
		work_queue(kernel, &jobs[2].work);
		work_queue(kernel, &jobs[1].work);
		work_queue(kernel, &jobs[2].work);
		mutex_unlock(&gate);
		if (has_threads)
			diary_await(4);
		else
			assert_int_equal(kernel_run(kernel), HOST_NO_DEADLINE);
		assert_string_equal(diary.letters, "a!cb");
		fake_kernel_destroy(kernel);
	}
}

static void
work_that_renews_itself_does_not_keep_the_host(void **state)
{
	struct kernel *kernel = setup(false);
	struct job work, timer;

	job_init(&work, kernel, 'w');
	job_init(&timer, kernel, 't');
	work.again = 1000;
	timer.again = 2;
	work_queue(kernel, &work.work);
	assert_int_equal(host.pending, 0);
	assert_int_equal(kernel_run(kernel), 0);
	assert_string_equal(diary.letters, "w");
	assert_int_equal(kernel_run(kernel), 0);
	assert_string_equal(diary.letters, "ww");
	work_cancel(kernel, &work.work);
	timer_arm(kernel, &timer.timer, NOW);
	assert_int_equal(kernel_run(kernel), NOW + 5);
	assert_string_equal(diary.letters, "wwt");
	fake_host_set_clock(&host, NOW + 5);
	assert_int_equal(kernel_run(kernel), NOW + 10);
	fake_host_set_clock(&host, NOW + 10);
	assert_int_equal(kernel_run(kernel), HOST_NO_DEADLINE);
	assert_string_equal(diary.letters, "wwttt");
	fake_kernel_destroy(kernel);
}

static void
work_may_cancel_other_work(void **state)
{
	struct kernel *kernel = setup(false);
	struct job first, second, third;

	job_init(&first, kernel, 'a');
	job_init(&second, kernel, 'b');
	job_init(&third, kernel, 'c');
	first.victim = &second;
	work_queue(kernel, &first.work);
	work_queue(kernel, &second.work);
	work_queue(kernel, &third.work);
	assert_int_equal(kernel_run(kernel), HOST_NO_DEADLINE);
	assert_string_equal(diary.letters, "ac");
	fake_kernel_destroy(kernel);
}

static void
run_the_kernel(struct work *work)
{
	struct job *job = container_of(work, struct job, work);

	diary_write('(');
	diary_write(kernel_run(job->kernel) == HOST_NO_DEADLINE ? '-' : '?');
	diary_write(')');
}

static void
one_runs_at_a_time(void **state)
{
	struct kernel *kernel = setup(false);
	struct job outer, inner;

	job_init(&outer, kernel, 'o');
	work_init(&outer.work, run_the_kernel);
	job_init(&inner, kernel, 'i');
	work_queue(kernel, &outer.work);
	work_queue(kernel, &inner.work);
	assert_int_equal(kernel_run(kernel), HOST_NO_DEADLINE);
	assert_string_equal(diary.letters, "(-)i");
	fake_kernel_destroy(kernel);
}

static void
free_job(struct work *work)
{
	struct job *job = container_of(work, struct job, work);

	diary_write(job->letter);
	memory_free(job->kernel, job, sizeof(*job));
}

static void
work_may_free_what_it_is_in(void **state)
{
	for (int has_threads = 0; has_threads <= 1; has_threads++) {
		struct kernel *kernel = setup(has_threads);

		for (int i = 0; i < 3; i++) {
			struct job *job = memory_alloc(kernel, sizeof(*job));

			job_init(job, kernel, 'f');
			work_init(&job->work, free_job);
			work_queue(kernel, &job->work);
		}
		if (!has_threads)
			assert_int_equal(kernel_run(kernel), HOST_NO_DEADLINE);
		diary_await(3);
		fake_kernel_destroy(kernel);
	}
}

static void *
cancel_main(void *argument)
{
	struct job *job = argument;

	work_cancel(job->kernel, &job->work);
	diary_write('c');
	return NULL;
}

static void
cancelling_waits_for_what_runs(void **state)
{
	struct kernel *kernel = setup(true);
	struct mutex gate;
	pthread_t thread;
	struct job job;

	mutex_init(&gate, kernel, RANK_VNODE);
	job_init(&job, kernel, 'a');
	job.gate = &gate;
	mutex_lock(&gate);
	work_queue(kernel, &job.work);
	fake_host_await_sleepers(&host, 1); /* the service thread, at the gate */
	work_queue(kernel, &job.work);	    /* once more: to be taken off */
	assert_int_equal(pthread_create(&thread, NULL, cancel_main, &job), 0);
	fake_host_await_sleepers(&host, 2);
	mutex_unlock(&gate);
	pthread_join(thread, NULL);
	assert_string_equal(diary.letters, "a!c");
	fake_kernel_destroy(kernel);
}

static void
cancel_oneself(void *argument)
{
	struct kernel *kernel = argument;
	struct job job;

	job_init(&job, kernel, 'a');
	job.victim = &job;
	work_queue(kernel, &job.work);
	kernel_run(kernel);
}

static void
stop_with_a_timer_armed(void *argument)
{
	struct kernel *kernel = argument;
	struct job job;

	job_init(&job, kernel, 'a');
	timer_arm(kernel, &job.timer, NOW + 5);
	kernel_destroy(kernel);
}

static void
misuse_stops_the_kernel(void **state)
{
	struct kernel *kernel = setup(false);

	assert_true(fake_host_dies(cancel_oneself, kernel, "cancelled from within itself"));
	assert_true(fake_host_dies(stop_with_a_timer_armed, kernel, ""));
	fake_kernel_destroy(kernel);
}

static void
work_waits_for_a_host_that_is_short_of_threads(void **state)
{
	struct kernel *kernel = setup(true);
	struct job first, second;

	job_init(&first, kernel, 'a');
	job_init(&second, kernel, 'b');
	host.thread_error = -EAGAIN;
	work_queue(kernel, &first.work);
	assert_int_equal(host.thread_count, 0);
	assert_non_null(strstr(host.console, "no thread"));
	host.thread_error = 0;
	work_queue(kernel, &second.work);
	diary_await(2);
	assert_string_equal(diary.letters, "ab");
	fake_kernel_destroy(kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_with_nothing_to_do_has_no_thread),
		cmocka_unit_test(timers_run_in_order_of_their_deadlines),
		cmocka_unit_test(a_timer_armed_again_forgets_its_old_deadline),
		cmocka_unit_test(the_host_is_told_only_of_nearer_deadlines),
		cmocka_unit_test(work_runs_once_in_the_order_it_was_queued),
		cmocka_unit_test(work_that_renews_itself_does_not_keep_the_host),
		cmocka_unit_test(work_may_cancel_other_work),
		cmocka_unit_test(one_runs_at_a_time),
		cmocka_unit_test(work_may_free_what_it_is_in),
		cmocka_unit_test(cancelling_waits_for_what_runs),
		cmocka_unit_test(misuse_stops_the_kernel),
		cmocka_unit_test(work_waits_for_a_host_that_is_short_of_threads),
	};

	return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
