/*
 * epoll: who wakes, and what becomes of items when either side is closed, by
 * many threads at a time.  Which events are told when, and which errors there
 * are, is compared with Linux in tests/stream_twin_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/kernel.h"
#include "kern/thread.h"
#include "kern/wait_queue.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "tests/caller.h"

#define SECOND	    UINT64_C(1000000000)
#define EDGE	    (UINT32_C(1) << 31)
#define ONE_SHOT    (UINT32_C(1) << 30)
#define ADD	    1
#define DELETE	    2
#define MODIFY	    3
#define NO_DEADLINE (-1)

struct poll_record {
	int fd;
	uint16_t wanted, got;
};

struct event_record {
	uint32_t events;
	uint32_t padding;
	uint64_t data;
};

static struct thread *
thread_of(void **state)
{
	return ((struct caller *)*state)->thread;
}

static int64_t
control(struct thread *thread, int epfd, int operation, int fd, uint32_t events)
{
	const struct event_record event = { .events = events, .data = (uint64_t)fd };

	return sys_epoll_ctl(thread, epfd, operation, fd, user(&event));
}

/* Wait on epoll [0] for [1] milliseconds; the data of the one event, or an error. */
static int64_t
call_wait(struct thread *thread, const int64_t *arguments)
{
	struct event_record event = { 0 };
	int64_t result = sys_epoll_pwait(thread, (int)arguments[0], user(&event), 1,
	    (int)arguments[1], user(NULL), 0);

	return result == 1 ? (int64_t)event.data : result == 0 ? -ETIMEDOUT : result;
}

/* The same, now. */
static int64_t
ready_one(struct thread *thread, int epfd)
{
	return call_wait(thread, (int64_t[]){ epfd, 0 });
}

static int
event_create(struct thread *thread, uint32_t count)
{
	return (int)sys_eventfd2(thread, count, OPEN_NONBLOCK);
}

static void
event_set(struct thread *thread, int fd)
{
	const uint64_t one = 1;

	assert_int_equal(sys_write(thread, fd, user(&one), sizeof(one)), sizeof(one));
}

static int64_t
event_clear(struct thread *thread, int fd)
{
	uint64_t value;

	return sys_read(thread, fd, user(&value), sizeof(value));
}

static void
an_event_wakes_who_waits(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int epfd = (int)sys_epoll_create1(thread, 0), fd = event_create(thread, 0);
	struct side_call side = { caller, call_wait, { epfd, NO_DEADLINE }, 0, 0 };

	assert_int_equal(control(thread, epfd, ADD, fd, POLL_IN), 0);
	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	event_set(thread, fd);
	assert_int_equal(side_call_end(&side), fd);
}

static void
an_item_added_while_another_waits_wakes_it(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int epfd = (int)sys_epoll_create1(thread, 0), fd = event_create(thread, 1);
	struct side_call side = { caller, call_wait, { epfd, NO_DEADLINE }, 0, 0 };

	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(control(thread, epfd, ADD, fd, POLL_IN), 0);
	assert_int_equal(side_call_end(&side), fd);
}

static void
waiting_ends_at_the_deadline(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int epfd = (int)sys_epoll_create1(thread, 0);
	struct side_call side = { caller, call_wait, { epfd, 2500 }, 0, 0 };

	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	fake_host_set_clock(&caller->host, SECOND + 2500 * (SECOND / 1000));
	assert_int_equal(side_call_end(&side), -ETIMEDOUT);
}

/* Wait, and set event [2] when that is over. */
static int64_t
wait_and_tell(struct thread *thread, const int64_t *arguments)
{
	int64_t result = call_wait(thread, arguments);

	event_set(thread, (int)arguments[2]);
	return result;
}

static void
one_event_wakes_one_of_many(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int epfd = (int)sys_epoll_create1(thread, 0), fd = event_create(thread, 0);
	int told = (int)sys_eventfd2(thread, 0, 0);
	struct side_call sides[3];

	assert_int_equal(control(thread, epfd, ADD, fd, POLL_IN | EDGE), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		sides[i] =
		    (struct side_call){ caller, wait_and_tell, { epfd, NO_DEADLINE, told }, 0, 0 };
		side_call_begin(&sides[i]);
	}
	for (size_t left = ARRAY_SIZE(sides); left > 0; left--) {
		fake_host_await_sleepers(&caller->host, left);
		event_set(thread, fd);
		assert_int_equal(event_clear(thread, told), 8);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++)
		assert_int_equal(side_call_end(&sides[i]), fd);
}

static void
an_event_passes_through_epolls_that_watch_each_other(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	struct side_call side = { .caller = caller, .call = call_wait };
	int chain[5], fd = event_create(thread, 0);

	for (int i = 0; i < 5; i++) {
		chain[i] = (int)sys_epoll_create1(thread, 0);
		if (i > 0)
			assert_int_equal(control(thread, chain[i - 1], ADD, chain[i], POLL_IN), 0);
	}
	assert_int_equal(control(thread, chain[4], ADD, fd, POLL_IN), 0);
	assert_int_equal(control(thread, chain[4], ADD, chain[0], POLL_IN), -ELOOP);
	assert_int_equal(control(thread, (int)sys_epoll_create1(thread, 0), ADD, chain[0], POLL_IN),
	    -ELOOP);
	side.arguments[0] = chain[0];
	side.arguments[1] = NO_DEADLINE;
	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	event_set(thread, fd);
	assert_int_equal(side_call_end(&side), chain[1]);
	assert_int_equal(event_clear(thread, fd), 8);
	assert_int_equal(ready_one(thread, chain[0]), -ETIMEDOUT);
}

static void
a_file_that_is_closed_is_watched_no_more(void **state)
{
	struct thread *thread = thread_of(state);
	int left = (int)sys_epoll_create1(thread, 0), right = (int)sys_epoll_create1(thread, 0);
	int fd = event_create(thread, 1), other;

	assert_int_equal(control(thread, left, ADD, fd, POLL_IN), 0);
	assert_int_equal(control(thread, right, ADD, fd, POLL_IN), 0);
	other = (int)sys_dup(thread, fd);
	assert_int_equal(control(thread, left, ADD, other, POLL_IN), 0);
	/* The file is still open, and so the item is there, which fd cannot reach. */
	assert_int_equal(sys_close(thread, fd), 0);
	assert_int_equal(ready_one(thread, right), fd);
	assert_int_equal(control(thread, right, DELETE, fd, 0), -EBADF);
	assert_int_equal(sys_close(thread, other), 0);
	assert_int_equal(ready_one(thread, left), -ETIMEDOUT);
	assert_int_equal(ready_one(thread, right), -ETIMEDOUT);
}

static void
one_shot_items_wait_until_they_are_set_again(void **state)
{
	struct thread *thread = thread_of(state);
	int epfd = (int)sys_epoll_create1(thread, 0), fd = event_create(thread, 1);

	assert_int_equal(control(thread, epfd, ADD, fd, POLL_IN | ONE_SHOT), 0);
	assert_int_equal(ready_one(thread, epfd), fd);
	event_set(thread, fd);
	assert_int_equal(ready_one(thread, epfd), -ETIMEDOUT);
	assert_int_equal(control(thread, epfd, MODIFY, fd, POLL_IN), 0);
	assert_int_equal(ready_one(thread, epfd), fd);
	assert_int_equal(ready_one(thread, epfd), fd);
}

static void
a_bad_buffer_loses_no_event(void **state)
{
	struct thread *thread = thread_of(state);
	int epfd = (int)sys_epoll_create1(thread, 0), fd = event_create(thread, 1);

	assert_int_equal(control(thread, epfd, ADD, fd, POLL_IN | EDGE), 0);
	assert_int_equal(sys_epoll_pwait(thread, epfd, (struct user_ptr){ 8 }, 1, 0, user(NULL), 0),
	    -EFAULT);
	assert_int_equal(ready_one(thread, epfd), fd);
	assert_int_equal(ready_one(thread, epfd), -ETIMEDOUT);
}

static void
what_nobody_could_end_is_a_deadlock(void **state)
{
	struct caller caller;
	int epfd;

	caller_create_threadless(&caller);
	epfd = (int)sys_epoll_create1(caller.thread, 0);
	assert_int_equal(call_wait(caller.thread, (int64_t[]){ epfd, NO_DEADLINE }), -EDEADLK);
	caller_destroy(&caller);
}

/* ---- many at a time ---------------------------------------------------------------------- */

enum {
	WORKERS = 3,
	EVENTS = 4000,
	ROUNDS = 400,
};

/* Take events of the semaphore [1] by way of epoll [0] until [2] tells to end. */
static int64_t
take_events(struct thread *thread, const int64_t *arguments)
{
	int64_t count = 0;

	for (;;) {
		int64_t fd = call_wait(thread, (int64_t[]){ arguments[0], NO_DEADLINE });

		if (fd < 0)
			return fd;
		if (fd == arguments[2])
			return count;
		count += event_clear(thread, (int)fd) == 8;
	}
}

static void
no_event_is_lost_or_told_twice(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int epfd = (int)sys_epoll_create1(thread, 0), end = event_create(thread, 0);
	int fd = (int)sys_eventfd2(thread, 0, OPEN_NONBLOCK | 1);
	struct side_call workers[WORKERS];
	struct poll_record poll = { .fd = fd, .wanted = POLL_IN };
	struct event_record events[1];
	int64_t total = 0;

	assert_int_equal(control(thread, epfd, ADD, fd, POLL_IN), 0);
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = (struct side_call){ caller, take_events, { epfd, fd, end }, 0, 0 };
		side_call_begin(&workers[i]);
	}
	for (int i = 0; i < EVENTS; i++)
		event_set(thread, fd);
	/* Until all are taken; then the workers end. */
	while (sys_ppoll(thread, user(&poll), 1, user(&(uint64_t[2]){ 0 }), user(NULL), 0) == 1)
		;
	event_set(thread, end);
	assert_int_equal(control(thread, epfd, ADD, end, POLL_IN), 0);
	for (int i = 0; i < WORKERS; i++) {
		int64_t count = side_call_end(&workers[i]);

		assert_true(count >= 0);
		total += count;
	}
	assert_int_equal(total, EVENTS);
	assert_int_equal(sys_epoll_pwait(thread, epfd, user(events), 1, 0, user(NULL), 0),
	    1); /* the end */
}

/* Watch files and close them, or the epoll, in any order. */
static int64_t
come_and_go(struct thread *thread, const int64_t *arguments)
{
	int shared = (int)arguments[0];

	for (int i = 0; i < ROUNDS; i++) {
		int fd = event_create(thread, 1), own = (int)sys_epoll_create1(thread, 0);

		if (control(thread, shared, ADD, fd, POLL_IN) != 0 ||
		    control(thread, own, ADD, fd, POLL_IN | EDGE) != 0 ||
		    control(thread, own, ADD, shared, POLL_IN) != 0 || ready_one(thread, own) < 0)
			return -1;
		ready_one(thread, shared);
		if (sys_close(thread, i % 2 == 0 ? fd : own) != 0 ||
		    sys_close(thread, i % 2 == 0 ? own : fd) != 0)
			return -1;
	}
	return 0;
}

static void
files_and_epolls_may_go_at_the_same_time(void **state)
{
	struct caller *caller = *state;
	struct side_call workers[WORKERS];
	int epfd = (int)sys_epoll_create1(caller->thread, 0);

	for (int i = 0; i < WORKERS; i++) {
		workers[i] = (struct side_call){ caller, come_and_go, { epfd }, 0, 0 };
		side_call_begin(&workers[i]);
	}
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(side_call_end(&workers[i]), 0);
	assert_int_equal(ready_one(caller->thread, epfd), -ETIMEDOUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(an_event_wakes_who_waits),
		caller_test(an_item_added_while_another_waits_wakes_it),
		caller_test(waiting_ends_at_the_deadline),
		caller_test(one_event_wakes_one_of_many),
		caller_test(an_event_passes_through_epolls_that_watch_each_other),
		caller_test(a_file_that_is_closed_is_watched_no_more),
		caller_test(one_shot_items_wait_until_they_are_set_again),
		caller_test(a_bad_buffer_loses_no_event),
		cmocka_unit_test(what_nobody_could_end_is_a_deadlock),
		caller_test(no_event_is_lost_or_told_twice),
		caller_test(files_and_epolls_may_go_at_the_same_time),
	};

	return cmocka_run_group_tests_name("epoll", tests, NULL, NULL);
}
