/*
 * timerfd: when it runs out and how often, who wakes, and what becomes of it when
 * the clock is set.  Time is the fake host's, and moves when a test says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/kernel.h"
#include "kern/lock_debug.h"
#include "kern/thread.h"
#include "kern/wait_queue.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "syscall/user_time.h"
#include "tests/caller.h"

#define SECOND	      UINT64_C(1000000000)
#define WALL_START    (1000 * SECOND)
#define ABSOLUTE      1
#define CANCEL_ON_SET 2
#define EPOLL_ADD     1
#define EDGE	      (UINT32_C(1) << 31)

struct event_record {
	uint32_t events;
	uint32_t padding;
	uint64_t data;
};

struct setting {
	struct user_time interval;
	struct user_time value;
};

static struct thread *
thread_of(void **state)
{
	return ((struct caller *)*state)->thread;
}

/* Both of the host's clocks go on to seconds after they began. */
static void
go_on_to(struct caller *caller, uint64_t nanoseconds)
{
	caller->host.wall = (int64_t)(WALL_START + nanoseconds);
	fake_host_set_clock(&caller->host, SECOND + nanoseconds);
}

static int
create(struct caller *caller, int clock)
{
	go_on_to(caller, 0);
	return (int)sys_timerfd_create(caller->thread, clock, OPEN_NONBLOCK);
}

static int64_t
set(struct thread *thread, int fd, int flags, uint64_t value, uint64_t interval)
{
	const struct setting setting = { user_time_of(interval), user_time_of(value) };

	return sys_timerfd_settime(thread, fd, flags, user(&setting), user(NULL));
}

/* How often it has run out, or an error. */
static int64_t
take(struct thread *thread, int fd)
{
	uint64_t count = 0;
	int64_t result = sys_read(thread, fd, user(&count), sizeof(count));

	return result == sizeof(count) ? (int64_t)count : result;
}

static int64_t
call_take(struct thread *thread, const int64_t *arguments)
{
	return take(thread, (int)arguments[0]);
}

static uint64_t
time_left(struct thread *thread, int fd)
{
	struct setting setting;
	uint64_t left;

	assert_int_equal(sys_timerfd_gettime(thread, fd, user(&setting)), 0);
	assert_int_equal(user_time_check(&setting.value, &left), 0);
	return left;
}

/* Is it ready, without waiting? */
static bool
is_ready(struct thread *thread, int fd)
{
	const struct user_time none = { 0, 0 };
	struct {
		int32_t fd;
		uint16_t events, got;
	} poll = { fd, POLL_IN, 0 };

	return sys_ppoll(thread, user(&poll), 1, user(&none), user(NULL), 0) == 1;
}

/* ---- running out ---------------------------------------------------------------------- */

static void
it_runs_out_once(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int fd = create(caller, USER_CLOCK_MONOTONIC);

	assert_int_equal(take(thread, fd), -EAGAIN);
	assert_int_equal(set(thread, fd, 0, 5 * SECOND, 0), 0);
	go_on_to(caller, 5 * SECOND - 1);
	assert_int_equal(take(thread, fd), -EAGAIN);
	assert_int_equal(time_left(thread, fd), 1);
	assert_false(is_ready(thread, fd));
	go_on_to(caller, 5 * SECOND);
	assert_true(is_ready(thread, fd));
	assert_int_equal(time_left(thread, fd), 0);
	assert_int_equal(take(thread, fd), 1);
	go_on_to(caller, 50 * SECOND);
	assert_int_equal(take(thread, fd), -EAGAIN);
	assert_int_equal(sys_close(thread, fd), 0);
}

static void
an_interval_is_counted_however_late_one_looks(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int fd = create(caller, USER_CLOCK_BOOT);

	assert_int_equal(set(thread, fd, 0, 10, 7), 0);
	go_on_to(caller, 10 + 7 * 3);
	assert_int_equal(take(thread, fd), 4);
	assert_int_equal(time_left(thread, fd), 7);
	go_on_to(caller, 10 + 7 * 5 + 6);
	assert_int_equal(time_left(thread, fd), 1);
	assert_int_equal(take(thread, fd), 2);
	assert_int_equal(take(thread, fd), -EAGAIN);
}

static void
absolute_times_may_have_passed(void **state)
{
	static const struct {
		int clock;
		uint64_t value, interval;
		int64_t want;
	} rows[] = {
		{ USER_CLOCK_MONOTONIC, SECOND, 0, 1 },		     /* now */
		{ USER_CLOCK_MONOTONIC, 1, 0, 1 },		     /* long ago */
		{ USER_CLOCK_MONOTONIC, SECOND / 2, SECOND / 4, 3 }, /* and again since */
		{ USER_CLOCK_MONOTONIC, SECOND + 1, 0, -EAGAIN },    /* not yet */
		{ USER_CLOCK_WALL, WALL_START, 0, 1 },		     /* the other clock */
		{ USER_CLOCK_WALL, WALL_START + 1, 0, -EAGAIN },
		{ USER_CLOCK_MONOTONIC, INT64_MAX, INT64_MAX, -EAGAIN }, /* beyond all times */
		{ USER_CLOCK_MONOTONIC, 1, INT64_MAX, 1 },
	};
	struct caller *caller = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int fd = create(caller, rows[i].clock);

		assert_int_equal(set(caller->thread, fd, ABSOLUTE, rows[i].value, rows[i].interval),
		    0);
		assert_int_equal(take(caller->thread, fd), rows[i].want);
		assert_int_equal(sys_close(caller->thread, fd), 0);
	}
}

static void
setting_it_begins_anew(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int fd = create(caller, USER_CLOCK_MONOTONIC);
	const struct setting stop = { { 3, 0 }, { 0, 0 } };
	struct setting old;

	assert_int_equal(set(thread, fd, 0, SECOND, SECOND), 0);
	go_on_to(caller, 5 * SECOND / 2);
	assert_int_equal(sys_timerfd_settime(thread, fd, 0, user(&stop), user(&old)), 0);
	assert_int_equal(old.value.nanoseconds, SECOND / 2);
	assert_int_equal(old.interval.seconds, 1);
	assert_int_equal(take(thread, fd), -EAGAIN);
	assert_int_equal(sys_timerfd_gettime(thread, fd, user(&old)), 0);
	assert_int_equal(old.value.seconds + old.value.nanoseconds, 0);
	assert_int_equal(old.interval.seconds, 3);
}

/* ---- waiting ---------------------------------------------------------------------------- */

static void
a_reader_sleeps_without_a_thread_of_the_kernel(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	struct side_call side = { caller, call_take, { 0 }, 0, 0 };

	go_on_to(caller, 0);
	side.arguments[0] = sys_timerfd_create(thread, USER_CLOCK_MONOTONIC, 0);
	assert_int_equal(set(thread, (int)side.arguments[0], 0, 2 * SECOND, 0), 0);
	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(caller->host.thread_count, 0);
	go_on_to(caller, 2 * SECOND);
	assert_int_equal(side_call_end(&side), 1);
}

static void
a_reader_hears_of_a_new_time(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	struct side_call side = { caller, call_take, { 0 }, 0, 0 };
	int fd;

	go_on_to(caller, 0);
	fd = (int)sys_timerfd_create(thread, USER_CLOCK_MONOTONIC, 0);
	side.arguments[0] = fd;
	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(set(thread, fd, ABSOLUTE, 1, 0), 0);
	assert_int_equal(side_call_end(&side), 1);
}

/* Wait on epoll [0] for its one event; its data. */
static int64_t
call_epoll(struct thread *thread, const int64_t *arguments)
{
	struct event_record event;
	int64_t result = sys_epoll_pwait(thread, (int)arguments[0], user(&event), 1,
	    (int)arguments[1], user(NULL), 0);

	return result == 1 ? (int64_t)event.data : result;
}

static void
who_watches_is_told_each_time(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int fd = create(caller, USER_CLOCK_MONOTONIC);
	int epfd = (int)sys_epoll_create1(thread, 0);
	const struct event_record event = { .events = POLL_IN | EDGE, .data = 77 };
	struct side_call side = { caller, call_epoll, { epfd, -1 }, 0, 0 };

	assert_int_equal(sys_epoll_ctl(thread, epfd, EPOLL_ADD, fd, user(&event)), 0);
	assert_int_equal(set(thread, fd, 0, SECOND, SECOND), 0);
	for (uint64_t i = 1; i <= 3; i++) {
		side_call_begin(&side);
		fake_host_await_sleepers(&caller->host, 2); /* and the kernel's thread */
		go_on_to(caller, i * SECOND);
		assert_int_equal(side_call_end(&side), 77);
		if (i == 2) /* it waits for the reader before it tells again */
			assert_int_equal(call_epoll(thread, (int64_t[]){ epfd, 0 }), 0);
		assert_int_equal(take(thread, fd), 1);
	}
	assert_int_equal(sys_close(thread, fd), 0);
	assert_int_equal(sys_close(thread, epfd), 0);
}

/* ---- a clock that is set ------------------------------------------------------------------ */

static void
the_wall_clock_moves_its_own_timers_alone(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int absolute = create(caller, USER_CLOCK_WALL), relative = create(caller, USER_CLOCK_WALL);

	assert_int_equal(set(thread, absolute, ABSOLUTE, WALL_START + 60 * SECOND, 0), 0);
	assert_int_equal(set(thread, relative, 0, 60 * SECOND, 0), 0);
	caller->host.wall += 60 * SECOND;
	assert_int_equal(take(thread, absolute), 1);
	assert_int_equal(take(thread, relative), -EAGAIN);
}

static void
setting_the_clock_is_told_to_who_asked_for_it(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	const int flags = ABSOLUTE | CANCEL_ON_SET;
	int fd = create(caller, USER_CLOCK_WALL), other = create(caller, USER_CLOCK_MONOTONIC);
	uint64_t later = WALL_START + 600 * SECOND;

	assert_int_equal(set(thread, fd, flags, later, 0), 0);
	assert_int_equal(set(thread, other, flags, later, 0), 0);
	go_on_to(caller, 60 * SECOND);
	assert_int_equal(take(thread, fd), -EAGAIN);
	caller->host.wall -= 3 * SECOND;
	assert_true(is_ready(thread, fd));
	assert_int_equal(take(thread, fd), -ECANCELED);
	assert_int_equal(take(thread, fd), -EAGAIN);
	assert_int_equal(take(thread, other), -EAGAIN);
	caller->host.wall += 3 * SECOND;
	assert_int_equal(set(thread, fd, flags, later, 0), -ECANCELED);
	assert_int_equal(take(thread, fd), -EAGAIN);
	assert_int_equal(time_left(thread, fd), 540 * SECOND);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void
arguments_are_checked(void **state)
{
	const struct setting bad_value = { { 0, 0 }, { 0, (int64_t)SECOND } };
	const struct setting bad_interval = { { -1, 0 }, { 1, 0 } };
	struct setting setting = { 0 };
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int fd = create(caller, USER_CLOCK_WALL_ALARM);
	int other = (int)sys_eventfd2(thread, 0, 0);
	const struct {
		int64_t got, want;
	} rows[] = {
		{ sys_timerfd_create(thread, USER_CLOCK_MONOTONIC_RAW, 0), -EINVAL },
		{ sys_timerfd_create(thread, USER_CLOCK_WALL, 1), -EINVAL },
		{ sys_timerfd_settime(thread, fd, 0, user(NULL), user(NULL)), -EFAULT },
		{ sys_timerfd_settime(thread, fd, 0, user(&bad_value), user(NULL)), -EINVAL },
		{ sys_timerfd_settime(thread, fd, 0, user(&bad_interval), user(NULL)), -EINVAL },
		{ sys_timerfd_settime(thread, fd, 4, user(&setting), user(NULL)), -EINVAL },
		{ sys_timerfd_settime(thread, 99, 0, user(&setting), user(NULL)), -EBADF },
		{ sys_timerfd_settime(thread, other, 0, user(&setting), user(NULL)), -EINVAL },
		{ sys_timerfd_gettime(thread, fd, user(NULL)), -EFAULT },
		{ sys_timerfd_gettime(thread, other, user(&setting)), -EINVAL },
		{ sys_read(thread, fd, user(&setting), 7), -EINVAL },
		{ sys_write(thread, fd, user(&setting), 8), -EINVAL },
		{ sys_clock_gettime(thread, 2, user(&setting)), -EINVAL }, /* a processor's */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].got != rows[i].want)
			fail_msg("row %zu: %lld", i, (long long)rows[i].got);
	assert_int_equal(sys_setresuid(thread, 5, 5, 5), 0);
	thread_renew_credential(thread);
	assert_int_equal(sys_timerfd_create(thread, USER_CLOCK_BOOT_ALARM, 0), -EPERM);
}

static void
clocks_tell_the_time(void **state)
{
	struct caller *caller = *state;
	struct user_time time;

	go_on_to(caller, 5);
	assert_int_equal(sys_clock_gettime(caller->thread, USER_CLOCK_WALL, user(&time)), 0);
	assert_int_equal(time.seconds, 1000);
	assert_int_equal(time.nanoseconds, 5);
	assert_int_equal(sys_clock_gettime(caller->thread, USER_CLOCK_BOOT, user(&time)), 0);
	assert_int_equal(time.seconds, 1);
	assert_int_equal(time.nanoseconds, 5);
}

static void
without_memory_there_is_no_timer(void **state)
{
	struct caller *caller = *state;
	int64_t fd = -ENOMEM;

	if (!IS_CHECKED)
		skip();
	for (uint64_t n = 0; fd == -ENOMEM; n++) {
		memory_fail_after(caller->kernel, n);
		fd = sys_timerfd_create(thread_of(state), USER_CLOCK_MONOTONIC, 0);
		memory_fail_stop(caller->kernel);
	}
	assert_true(fd >= 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(it_runs_out_once),
		caller_test(an_interval_is_counted_however_late_one_looks),
		caller_test(absolute_times_may_have_passed),
		caller_test(setting_it_begins_anew),
		caller_test(a_reader_sleeps_without_a_thread_of_the_kernel),
		caller_test(a_reader_hears_of_a_new_time),
		caller_test(who_watches_is_told_each_time),
		caller_test(the_wall_clock_moves_its_own_timers_alone),
		caller_test(setting_the_clock_is_told_to_who_asked_for_it),
		caller_test(arguments_are_checked),
		caller_test(clocks_tell_the_time),
		caller_test(without_memory_there_is_no_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
