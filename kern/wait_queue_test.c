/* Tests of wait queues: who is called, and who sleeps until when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "kern/kernel.h"
#include "kern/wait_queue.h"
#include "tests/fake_host.h"

static struct host host;

/* A watcher that counts. */
struct counter {
	struct watcher watcher;
	bool accepts;
	unsigned calls;
	uint32_t events;
};

static bool
count_wake(struct watcher *watcher, uint32_t events)
{
	struct counter *counter = container_of(watcher, struct counter, watcher);

	mutex_assert_held(&watcher->queue->lock);
	counter->calls++;
	counter->events |= events;
	return counter->accepts;
}

static void
counter_init(struct counter *counter, bool is_exclusive, bool accepts)
{
	*counter = (struct counter){ .accepts = accepts };
	watcher_init(&counter->watcher, is_exclusive, count_wake);
}

static void
hook_for(struct wait_queue *queue, struct counter *counter, uint32_t events)
{
	mutex_lock(&queue->lock);
	wait_queue_watch(queue, &counter->watcher, events);
	mutex_unlock(&queue->lock);
}

static void
hook(struct wait_queue *queue, struct counter *counter)
{
	hook_for(queue, counter, UINT32_MAX);
}

static void
wake(struct wait_queue *queue, uint32_t events)
{
	mutex_lock(&queue->lock);
	wait_queue_wake(queue, events);
	mutex_unlock(&queue->lock);
}

static void
watchers_hear_of_wakes_until_they_stop(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, true, 0);
	struct wait_queue queue;
	struct counter first, second;

	wait_queue_init(&queue, kernel);
	counter_init(&first, false, true);
	counter_init(&second, false, true);
	wake(&queue, POLL_IN);
	hook(&queue, &first);
	wake(&queue, POLL_OUT);
	hook(&queue, &second);
	wake(&queue, POLL_IN | POLL_HANGUP);
	watcher_stop(&first.watcher);
	watcher_stop(&first.watcher); /* once more does no harm */
	wake(&queue, POLL_ERROR);
	assert_int_equal(first.calls, 2);
	assert_int_equal(first.events, POLL_IN | POLL_OUT | POLL_HANGUP);
	assert_int_equal(second.calls, 2);
	assert_int_equal(second.events, POLL_IN | POLL_HANGUP | POLL_ERROR);
	hook(&queue, &first);
	wake(&queue, POLL_IN);
	assert_int_equal(first.calls, 3);
	watcher_stop(&first.watcher);
	watcher_stop(&second.watcher);
	assert_int_equal(host.wake_count, 0);
	fake_kernel_destroy(kernel);
}

static void
watchers_hear_of_what_concerns_them(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, true, 0);
	struct wait_queue queue;
	struct counter reader;

	wait_queue_init(&queue, kernel);
	counter_init(&reader, false, true);
	hook_for(&queue, &reader, POLL_IN | POLL_HANGUP);
	wake(&queue, POLL_OUT);
	assert_int_equal(reader.calls, 0);
	wake(&queue, POLL_OUT | POLL_HANGUP);
	assert_int_equal(reader.calls, 1);
	watcher_stop(&reader.watcher);
	fake_kernel_destroy(kernel);
}

static void
one_exclusive_watcher_that_accepts_is_called(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, true, 0);
	struct wait_queue queue;
	struct counter declines, accepts, last, shared;

	wait_queue_init(&queue, kernel);
	counter_init(&declines, true, false);
	counter_init(&accepts, true, true);
	counter_init(&last, true, true);
	counter_init(&shared, false, true);
	hook(&queue, &declines);
	hook(&queue, &accepts);
	hook(&queue, &last);
	hook(&queue, &shared);
	wake(&queue, POLL_IN);
	assert_int_equal(shared.calls, 1);
	assert_int_equal(declines.calls, 1);
	assert_int_equal(accepts.calls, 1);
	assert_int_equal(last.calls, 0);
	watcher_stop(&accepts.watcher);
	wake(&queue, POLL_IN);
	assert_int_equal(last.calls, 1);
	watcher_stop(&declines.watcher);
	watcher_stop(&last.watcher);
	watcher_stop(&shared.watcher);
	fake_kernel_destroy(kernel);
}

/* Something that comes, and whoever waits for it. */
struct thing {
	struct wait_queue queue;
	bool is_there; /* GUARDED_BY(queue.lock) */
	int error;     /* GUARDED_BY(queue.lock) */
	uint64_t deadline;
};

static void *
wait_for_thing(void *argument)
{
	struct thing *thing = argument;
	int error = 0;

	mutex_lock(&thing->queue.lock);
	while (!thing->is_there && error == 0)
		error = wait_queue_sleep(&thing->queue, thing->deadline);
	mutex_assert_held(&thing->queue.lock);
	thing->error = error;
	mutex_unlock(&thing->queue.lock);
	return NULL;
}

static void
a_wake_ends_all_sleeps(void **state)
{
	struct thing thing = { .deadline = HOST_NO_DEADLINE };
	struct kernel *kernel = fake_kernel_create(&host, true, 0);
	pthread_t threads[3];

	wait_queue_init(&thing.queue, kernel);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wait_for_thing, &thing), 0);
	fake_host_await_sleepers(&host, ARRAY_SIZE(threads));
	mutex_lock(&thing.queue.lock);
	thing.is_there = true;
	wait_queue_wake(&thing.queue, POLL_IN);
	mutex_unlock(&thing.queue.lock);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(thing.error, 0);
	fake_kernel_destroy(kernel);
}

static void
a_sleep_ends_at_its_deadline(void **state)
{
	struct thing thing = { .deadline = 2000000000 };
	struct kernel *kernel = fake_kernel_create(&host, true, 0);
	pthread_t thread;

	wait_queue_init(&thing.queue, kernel);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_thing, &thing), 0);
	fake_host_await_sleepers(&host, 1);
	fake_host_set_clock(&host, 2000000000);
	pthread_join(thread, NULL);
	assert_int_equal(thing.error, -ETIMEDOUT);
	fake_kernel_destroy(kernel);
}

static void
a_sleep_that_nobody_can_end_is_an_error(void **state)
{
	struct thing thing = { .deadline = HOST_NO_DEADLINE };
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	wait_queue_init(&thing.queue, kernel);
	wait_for_thing(&thing);
	assert_int_equal(thing.error, -EDEADLK);
	fake_kernel_destroy(kernel);
}

/* A chain of queues, each of which is woken by the one before. */
struct link {
	struct watcher watcher;
	struct wait_queue queue;
	unsigned wakes;
};

static bool
pass_on(struct watcher *watcher, uint32_t events)
{
	struct link *link = container_of(watcher, struct link, watcher);

	mutex_lock(&link->queue.lock);
	link->wakes++;
	wait_queue_wake(&link->queue, events);
	mutex_unlock(&link->queue.lock);
	return true;
}

static void
a_watcher_may_wake_a_queue_that_waits_for_its_own(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, true, 0);
	struct link links[6] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		wait_queue_init(&links[i].queue, kernel);
		watcher_init(&links[i].watcher, false, pass_on);
		if (i == 0)
			continue;
		mutex_lock(&links[i - 1].queue.lock);
		wait_queue_watch(&links[i - 1].queue, &links[i].watcher, POLL_IN);
		mutex_unlock(&links[i - 1].queue.lock);
	}
	wake(&links[0].queue, POLL_IN);
	wake(&links[2].queue, POLL_IN);
	for (size_t i = 1; i < ARRAY_SIZE(links); i++) {
		assert_int_equal(links[i].wakes, i > 2 ? 2 : 1);
		watcher_stop(&links[i].watcher);
	}
	assert_int_equal(*fake_host_ops.thread_word(&host), 0);
	fake_kernel_destroy(kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watchers_hear_of_wakes_until_they_stop),
		cmocka_unit_test(watchers_hear_of_what_concerns_them),
		cmocka_unit_test(one_exclusive_watcher_that_accepts_is_called),
		cmocka_unit_test(a_wake_ends_all_sleeps),
		cmocka_unit_test(a_sleep_ends_at_its_deadline),
		cmocka_unit_test(a_sleep_that_nobody_can_end_is_an_error),
		cmocka_unit_test(a_watcher_may_wake_a_queue_that_waits_for_its_own),
	};

	return cmocka_run_group_tests_name("wait queues", tests, NULL, NULL);
}
