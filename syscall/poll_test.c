/*
 * poll, select and eventfd: who wakes when.  What is ready and which errors
 * there are is compared with Linux in tests/stream_twin_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/kernel.h"
#include "kern/thread.h"
#include "kern/wait_queue.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "tests/caller.h"

#define SECOND UINT64_C(1000000000)

struct poll_record {
	int32_t fd;
	int16_t events;
	int16_t got;
};

struct time_record {
	int64_t seconds;
	int64_t nanoseconds;
};

/* Poll records at [0], [1] of them, for as long as [2] says, or for ever if that is 0. */
static int64_t
call_poll(struct thread *thread, const int64_t *arguments)
{
	struct time_record length = { arguments[2], 0 };

	return sys_ppoll(thread, (struct user_ptr){ (uint64_t)arguments[0] },
	    (uint32_t)arguments[1], user(arguments[2] == 0 ? NULL : &length), user(NULL), 0);
}

static int64_t
call_read_value(struct thread *thread, const int64_t *arguments)
{
	uint64_t value = 0;
	int64_t result = sys_read(thread, (int)arguments[0], user(&value), sizeof(value));

	return result == sizeof(value) ? (int64_t)value : result;
}

static int64_t
call_write_value(struct thread *thread, const int64_t *arguments)
{
	uint64_t value = (uint64_t)arguments[1];

	return sys_write(thread, (int)arguments[0], user(&value), sizeof(value));
}

static int64_t
write_value(struct thread *thread, int fd, uint64_t value)
{
	return call_write_value(thread, (int64_t[]){ fd, (int64_t)value });
}

static void
poll_wakes_when_one_of_many_is_ready(void **state)
{
	struct caller *caller = *state;
	struct poll_record records[10];
	struct side_call side = {
		.caller = caller,
		.call = call_poll,
		.arguments = { (intptr_t)records, 10, 0 },
	};

	for (int i = 0; i < 10; i++) {
		records[i].fd = (int)sys_eventfd2(caller->thread, 0, 0);
		records[i].events = POLL_IN;
	}
	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(write_value(caller->thread, records[7].fd, 1), 8);
	assert_int_equal(side_call_end(&side), 1);
	for (int i = 0; i < 10; i++)
		assert_int_equal(records[i].got, i == 7 ? POLL_IN : 0);
}

static void
poll_sleeps_through_what_was_not_asked_for(void **state)
{
	struct caller *caller = *state;
	int fd = (int)sys_eventfd2(caller->thread, 0, 0);
	struct poll_record record = { fd, POLL_PRIORITY, 0 };
	struct side_call side = {
		.caller = caller,
		.call = call_poll,
		.arguments = { (intptr_t)&record, 1, 5 },
	};

	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(write_value(caller->thread, fd, 1), 8);
	fake_host_await_sleepers(&caller->host, 1);
	fake_host_set_clock(&caller->host, 5 * SECOND);
	fake_host_await_sleepers(&caller->host, 1);
	fake_host_set_clock(&caller->host, 6 * SECOND);
	assert_int_equal(side_call_end(&side), 0);
}

static void
a_file_that_is_closed_while_it_is_polled_stays_open_for_that(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	struct poll_record record = { .events = POLL_IN };
	struct side_call side = {
		.caller = caller,
		.call = call_poll,
		.arguments = { (intptr_t)&record, 1, 0 },
	};
	int fds[2];

	assert_int_equal(sys_pipe2(thread, user(fds), 0), 0);
	record.fd = fds[0];
	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(sys_close(thread, fds[0]), 0);
	assert_int_equal(sys_write(thread, fds[1], user("x"), 1), 1);
	assert_int_equal(side_call_end(&side), 1);
	assert_int_equal(record.got, POLL_IN);
	assert_int_equal(sys_write(thread, fds[1], user("x"), 1), -EPIPE);
}

static void
regular_files_are_always_ready(void **state)
{
	struct thread *thread = ((struct caller *)*state)->thread;
	int fd = (int)sys_openat(thread, -100, user("/file"), OPEN_CREATE | OPEN_READ_WRITE, 0600);
	int path = (int)sys_openat(thread, -100, user("/file"), OPEN_PATH, 0);
	struct poll_record records[2] = { { fd, POLL_IN | POLL_OUT, 0 }, { path, POLL_IN, 0 } };

	assert_int_equal(call_poll(thread, (int64_t[]){ (intptr_t)records, 2, 0 }), 2);
	assert_int_equal(records[0].got, POLL_IN | POLL_OUT);
	assert_int_equal(records[1].got, POLL_INVALID);
}

static void
what_nobody_could_end_is_a_deadlock(void **state)
{
	struct poll_record record = { .events = POLL_IN };
	struct caller caller;

	caller_create_threadless(&caller);
	record.fd = (int)sys_eventfd2(caller.thread, 0, 0);
	assert_int_equal(call_poll(caller.thread, (int64_t[]){ (intptr_t)&record, 1, 0 }),
	    -EDEADLK);
	assert_int_equal(call_read_value(caller.thread, (int64_t[]){ record.fd }), -EDEADLK);
	assert_int_equal(write_value(caller.thread, record.fd, UINT64_MAX - 1), 8);
	assert_int_equal(write_value(caller.thread, record.fd, 1), -EDEADLK);
	caller_destroy(&caller);
}

static void
select_tells_what_has_come(void **state)
{
	struct thread *thread = ((struct caller *)*state)->thread;
	uint64_t readable[16] = { 0 }, writable[16] = { 0 };
	struct time_record now = { 0, 0 };
	int fds[2];

	assert_int_equal(sys_pipe2(thread, user(fds), 0), 0);
	assert_int_equal(sys_dup3(thread, fds[0], 100, 0), 100);
	readable[100 / 64] = UINT64_C(1) << (100 % 64) | 1;
	readable[0] = 1;
	writable[0] = 2;
	assert_int_equal(sys_pselect6(thread, 101, user(readable), user(writable), user(NULL),
			     user(&now), user(NULL)),
	    -EBADF);
	readable[1] = UINT64_C(1) << (100 % 64);
	assert_int_equal(sys_pselect6(thread, 101, user(readable), user(writable), user(NULL),
			     user(&now), user(NULL)),
	    1);
	assert_int_equal(readable[0], 0);
	assert_int_equal(readable[1], 0);
	assert_int_equal(writable[0], 2);
	assert_int_equal(sys_write(thread, fds[1], user("x"), 1), 1);
	readable[0] = 1;
	readable[1] = UINT64_C(1) << (100 % 64);
	assert_int_equal(sys_pselect6(thread, 101, user(readable), user(writable), user(NULL),
			     user(NULL), user(NULL)),
	    3);
	assert_int_equal(readable[1], UINT64_C(1) << (100 % 64));
	assert_int_equal(sys_pselect6(thread, -1, user(NULL), user(NULL), user(NULL), user(&now),
			     user(NULL)),
	    -EINVAL);
}

static void
bad_arguments_are_refused(void **state)
{
	const struct user_ptr bad = { 8 };
	struct thread *thread = ((struct caller *)*state)->thread;
	struct poll_record record = { -1, 0, 0 };
	struct time_record times[] = { { -1, 0 }, { 0, -1 }, { 0, 1000000000 } };
	uint64_t mask[2] = { 4096, 4 };

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		assert_int_equal(sys_ppoll(thread, user(&record), 1, user(&times[i]), user(NULL),
				     0),
		    -EINVAL);
	assert_int_equal(sys_ppoll(thread, bad, 1, user(NULL), user(NULL), 0), -EFAULT);
	assert_int_equal(sys_ppoll(thread, user(&record), 1, bad, user(NULL), 0), -EFAULT);
	assert_int_equal(sys_ppoll(thread, user(&record), 1025, user(NULL), user(NULL), 0),
	    -EINVAL);
	assert_int_equal(sys_ppoll(thread, user(&record), 1, user(NULL), user(mask), 4), -EINVAL);
	assert_int_equal(sys_pselect6(thread, 1, bad, user(NULL), user(NULL), user(NULL),
			     user(NULL)),
	    -EFAULT);
	assert_int_equal(sys_pselect6(thread, 0, user(NULL), user(NULL), user(NULL), user(NULL),
			     user(mask)),
	    -EINVAL);
}

static void
a_semaphore_lets_one_reader_on_at_a_time(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int fd = (int)sys_eventfd2(thread, 0, 1);
	struct side_call sides[2];

	for (int i = 0; i < 2; i++) {
		sides[i] = (struct side_call){ caller, call_read_value, { fd }, 0, 0 };
		side_call_begin(&sides[i]);
	}
	fake_host_await_sleepers(&caller->host, 2);
	assert_int_equal(write_value(thread, fd, 1), 8);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(write_value(thread, fd, 1), 8);
	for (int i = 0; i < 2; i++)
		assert_int_equal(side_call_end(&sides[i]), 1);
}

static void
a_writer_waits_until_the_count_has_room(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int fd = (int)sys_eventfd2(thread, 5, 0);
	struct side_call side = {
		.caller = caller,
		.call = call_write_value,
		.arguments = { fd, (int64_t)(UINT64_MAX - 1) },
	};

	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(call_read_value(thread, (int64_t[]){ fd }), 5);
	assert_int_equal(side_call_end(&side), 8);
	assert_int_equal(call_read_value(thread, (int64_t[]){ fd }), (int64_t)(UINT64_MAX - 1));
}

/* ---- many at a time -------------------------------------------------------------------- */

enum {
	PIPES = 6,
	WRITES = 1500,
};

static int64_t
write_bytes(struct thread *thread, const int64_t *arguments)
{
	for (int i = 0; i < WRITES; i++) {
		if (sys_write(thread, (int)arguments[0], user("x"), 1) != 1)
			return -1;
	}
	return sys_close(thread, (int)arguments[0]);
}

static void
no_writer_is_ever_overlooked(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	struct poll_record records[PIPES];
	struct side_call writers[PIPES];
	int64_t total = 0, open = PIPES;
	char buffer[3];

	for (int i = 0; i < PIPES; i++) {
		int fds[2];

		assert_int_equal(sys_pipe2(thread, user(fds), 0), 0);
		records[i] = (struct poll_record){ fds[0], POLL_IN, 0 };
		writers[i] = (struct side_call){ caller, write_bytes, { fds[1] }, 0, 0 };
		side_call_begin(&writers[i]);
	}
	while (open > 0) {
		int64_t ready = call_poll(thread, (int64_t[]){ (intptr_t)records, PIPES, 0 });

		assert_true(ready > 0);
		for (int i = 0; i < PIPES; i++) {
			int64_t got;

			if (records[i].fd < 0 || records[i].got == 0)
				continue;
			got = sys_read(thread, records[i].fd, user(buffer), sizeof(buffer));
			assert_true(got >= 0);
			total += got;
			if (got == 0) {
				records[i].fd = -1;
				open--;
			}
		}
	}
	for (int i = 0; i < PIPES; i++)
		assert_int_equal(side_call_end(&writers[i]), 0);
	assert_int_equal(total, PIPES * WRITES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(poll_wakes_when_one_of_many_is_ready),
		caller_test(poll_sleeps_through_what_was_not_asked_for),
		caller_test(a_file_that_is_closed_while_it_is_polled_stays_open_for_that),
		caller_test(regular_files_are_always_ready),
		cmocka_unit_test(what_nobody_could_end_is_a_deadlock),
		caller_test(select_tells_what_has_come),
		caller_test(bad_arguments_are_refused),
		caller_test(a_semaphore_lets_one_reader_on_at_a_time),
		caller_test(a_writer_waits_until_the_count_has_room),
		caller_test(no_writer_is_ever_overlooked),
	};

	return cmocka_run_group_tests_name("poll", tests, NULL, NULL);
}
