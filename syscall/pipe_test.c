/*
 * Pipes and fifos: who waits for whom, and what is left when memory or the other
 * side is missing.  What fits into a pipe and which errors there are is compared
 * with Linux in tests/stream_twin_test.c.
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
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "tests/caller.h"
#include "vfs/namespace.h"

#define CAPACITY 65536

static struct thread *
thread_of(void **state)
{
	return ((struct caller *)*state)->thread;
}

static int64_t
call_read(struct thread *thread, const int64_t *arguments)
{
	return sys_read(thread, (int)arguments[0], (struct user_ptr){ (uint64_t)arguments[1] },
	    (uint64_t)arguments[2]);
}

static int64_t
call_write(struct thread *thread, const int64_t *arguments)
{
	return sys_write(thread, (int)arguments[0], (struct user_ptr){ (uint64_t)arguments[1] },
	    (uint64_t)arguments[2]);
}

static int64_t
call_open(struct thread *thread, const int64_t *arguments)
{
	return sys_openat(thread, AT_FDCWD, user("/fifo"), (int)arguments[0], 0);
}

static void
await(struct caller *caller, size_t sleepers)
{
	fake_host_await_sleepers(&caller->host, sleepers);
}

static void
a_reader_waits_for_data(void **state)
{
	struct caller *caller = *state;
	char buffer[10] = "";
	int fds[2];
	struct side_call side = { .caller = caller, .call = call_read };

	assert_int_equal(sys_pipe2(caller->thread, user(fds), 0), 0);
	side.arguments[0] = fds[0];
	side.arguments[1] = (intptr_t)buffer;
	side.arguments[2] = sizeof(buffer);
	side_call_begin(&side);
	await(caller, 1);
	assert_int_equal(sys_write(caller->thread, fds[1], user("hello"), 5), 5);
	assert_int_equal(side_call_end(&side), 5);
	assert_memory_equal(buffer, "hello", 5);
}

static void
a_reader_who_waits_is_told_of_the_end(void **state)
{
	struct caller *caller = *state;
	char buffer[10];
	int fds[2];
	struct side_call side = { .caller = caller, .call = call_read };

	assert_int_equal(sys_pipe2(caller->thread, user(fds), 0), 0);
	side.arguments[0] = fds[0];
	side.arguments[1] = (intptr_t)buffer;
	side.arguments[2] = sizeof(buffer);
	side_call_begin(&side);
	await(caller, 1);
	assert_int_equal(sys_close(caller->thread, fds[1]), 0);
	assert_int_equal(side_call_end(&side), 0);
}

/* A pipe of which one page is free, and somebody who writes two. */
static void
begin_long_write(struct side_call *side, struct caller *caller, int fds[2], char *data)
{
	*side = (struct side_call){ .caller = caller, .call = call_write };
	assert_int_equal(sys_pipe2(caller->thread, user(fds), 0), 0);
	memset(data, 'x', CAPACITY);
	assert_int_equal(sys_write(caller->thread, fds[1], user(data), CAPACITY - 4096),
	    CAPACITY - 4096);
	side->arguments[0] = fds[1];
	side->arguments[1] = (intptr_t)data;
	side->arguments[2] = 8192;
	side_call_begin(side);
	await(caller, 1);
}

static void
a_writer_waits_for_room(void **state)
{
	struct caller *caller = *state;
	char *data = malloc(CAPACITY);
	struct side_call side;
	int fds[2];

	begin_long_write(&side, caller, fds, data);
	/* A page that is only begun gives no room. */
	assert_int_equal(sys_read(caller->thread, fds[0], user(data), 10), 10);
	await(caller, 1);
	assert_int_equal(sys_read(caller->thread, fds[0], user(data), 4096), 4096);
	assert_int_equal(side_call_end(&side), 8192);
	assert_int_equal(sys_read(caller->thread, fds[0], user(data), CAPACITY),
	    CAPACITY + 4096 - 4106);
	free(data);
}

static void
a_writer_who_waits_hears_that_nobody_reads(void **state)
{
	struct caller *caller = *state;
	char *data = malloc(CAPACITY);
	struct side_call side;
	int fds[2];

	begin_long_write(&side, caller, fds, data);
	assert_int_equal(sys_close(caller->thread, fds[0]), 0);
	assert_int_equal(side_call_end(&side), 4096); /* what was written counts */
	assert_int_equal(sys_write(caller->thread, fds[1], user(data), 1), -EPIPE);
	assert_int_equal(sys_write(caller->thread, fds[1], user(data), 0), 0);
	free(data);
}

static void
making_a_pipe_larger_lets_writers_go_on(void **state)
{
	struct caller *caller = *state;
	char *data = malloc(CAPACITY);
	struct side_call side;
	int fds[2];

	begin_long_write(&side, caller, fds, data);
	assert_int_equal(sys_fcntl(caller->thread, fds[0], 1031, CAPACITY + 1), 2 * CAPACITY);
	assert_int_equal(side_call_end(&side), 8192);
	assert_int_equal(sys_fcntl(caller->thread, fds[0], 1031, 4096), -EBUSY);
	assert_int_equal(sys_fcntl(caller->thread, fds[0], 1032, 0), 2 * CAPACITY);
	free(data);
}

static void
open_waits_for_the_other_side_of_a_fifo(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	const int modes[] = { 0, OPEN_WRITE_ONLY };

	assert_int_equal(sys_mknodat(thread, AT_FDCWD, user("/fifo"), 010600, 0), 0);
	for (int i = 0; i < 2; i++) {
		struct side_call side = {
			.caller = caller,
			.call = call_open,
			.arguments = { modes[i] },
		};
		char buffer[2];
		int fds[2];

		side_call_begin(&side);
		await(caller, 1);
		fds[1 - i] = (int)call_open(thread, (int64_t[]){ modes[1 - i] });
		fds[i] = (int)side_call_end(&side);
		assert_int_equal(sys_write(thread, fds[1], user("ab"), 2), 2);
		assert_int_equal(sys_read(thread, fds[0], user(buffer), 2), 2);
		assert_int_equal(sys_close(thread, fds[0]), 0);
		assert_int_equal(sys_close(thread, fds[1]), 0);
	}
	assert_int_equal(call_open(thread, (int64_t[]){ OPEN_WRITE_ONLY | OPEN_NONBLOCK }), -ENXIO);
}

static void
what_nobody_could_end_is_a_deadlock(void **state)
{
	struct caller caller;
	struct thread *thread;
	char data[4096];
	int fds[2];

	caller_create_threadless(&caller);
	thread = caller.thread;
	assert_int_equal(sys_pipe2(thread, user(fds), 0), 0);
	assert_int_equal(sys_read(thread, fds[0], user(data), 1), -EDEADLK);
	for (int i = 0; i < 16; i++)
		assert_int_equal(sys_write(thread, fds[1], user(data), 4096), 4096);
	assert_int_equal(sys_write(thread, fds[1], user(data), 4096), -EDEADLK);
	assert_int_equal(sys_mknodat(thread, AT_FDCWD, user("/fifo"), 010600, 0), 0);
	assert_int_equal(call_open(thread, (int64_t[]){ 0 }), -EDEADLK);
	assert_int_equal(call_open(thread, (int64_t[]){ OPEN_WRITE_ONLY }), -EDEADLK);
	assert_int_equal(call_open(thread, (int64_t[]){ OPEN_READ_WRITE }), 2);
	caller_destroy(&caller);
}

static void
status_flags_take_effect_at_once(void **state)
{
	struct thread *thread = thread_of(state);
	char buffer[4];
	int fds[2];

	assert_int_equal(sys_pipe2(thread, user(fds), 0), 0);
	assert_int_equal(sys_fcntl(thread, fds[0], 4, OPEN_NONBLOCK), 0);
	assert_int_equal(sys_read(thread, fds[0], user(buffer), 1), -EAGAIN);
}

static void
a_fifo_is_one_pipe_whatever_its_name(void **state)
{
	struct thread *thread = thread_of(state);
	char buffer[4];
	int64_t left, right;

	assert_int_equal(sys_mknodat(thread, AT_FDCWD, user("/fifo"), 010600, 0), 0);
	assert_int_equal(sys_linkat(thread, AT_FDCWD, user("/fifo"), AT_FDCWD, user("/other"), 0),
	    0);
	left = call_open(thread, (int64_t[]){ OPEN_READ_WRITE });
	right = sys_openat(thread, AT_FDCWD, user("/other"), OPEN_READ_WRITE, 0);
	assert_int_equal(sys_unlinkat(thread, AT_FDCWD, user("/fifo"), 0), 0);
	assert_int_equal(sys_unlinkat(thread, AT_FDCWD, user("/other"), 0), 0);
	assert_int_equal(sys_write(thread, (int)left, user("abc"), 3), 3);
	assert_int_equal(sys_read(thread, (int)right, user(buffer), 4), 3);
	assert_memory_equal(buffer, "abc", 3);
}

static void
bad_memory_loses_nothing(void **state)
{
	const struct user_ptr bad = { 8 };
	struct thread *thread = thread_of(state);
	char buffer[8];
	int fds[2];

	assert_int_equal(sys_pipe2(thread, bad, 0), -EFAULT);
	assert_int_equal(sys_pipe2(thread, user(fds), 0), 0);
	assert_int_equal(fds[0], 0); /* the first left no descriptor behind */
	assert_int_equal(sys_write(thread, fds[1], bad, 10), -EFAULT);
	assert_int_equal(sys_write(thread, fds[1], user("abc"), 3), 3);
	assert_int_equal(sys_write(thread, fds[1], bad, 10), -EFAULT);
	assert_int_equal(sys_read(thread, fds[0], bad, 3), -EFAULT);
	assert_int_equal(sys_read(thread, fds[0], user(buffer), 8), 3);
}

/* ---- many at a time ------------------------------------------------------------------ */

enum {
	WRITERS = 4,
	MESSAGES = 2000,
	MESSAGE_SIZE = 64,
};

/* Write messages of this writer's letter. */
static int64_t
write_messages(struct thread *thread, const int64_t *arguments)
{
	char message[MESSAGE_SIZE];

	memset(message, (int)arguments[1], sizeof(message));
	for (int i = 0; i < MESSAGES; i++) {
		if (sys_write(thread, (int)arguments[0], user(message), sizeof(message)) !=
		    sizeof(message))
			return -1;
	}
	return sys_close(thread, (int)arguments[0]);
}

/* Read messages until the end; how many, or -1 if one is not of one letter. */
static int64_t
read_messages(struct thread *thread, const int64_t *arguments)
{
	char message[MESSAGE_SIZE];
	int64_t count = 0;

	for (;;) {
		int64_t got = sys_read(thread, (int)arguments[0], user(message), sizeof(message));

		if (got == 0)
			return count;
		if (got != sizeof(message))
			return -1;
		for (int i = 1; i < MESSAGE_SIZE; i++) {
			if (message[i] != message[0])
				return -1;
		}
		count++;
	}
}

static void
messages_of_many_writers_arrive_whole(void **state)
{
	struct caller *caller = *state;
	struct side_call writers[WRITERS], readers[2];
	int64_t total = 0;
	int fds[2];

	assert_int_equal(sys_pipe2(caller->thread, user(fds), 0), 0);
	for (int i = 0; i < WRITERS; i++) {
		int64_t own = sys_dup(caller->thread, fds[1]);

		writers[i] = (struct side_call){ caller, write_messages, { own, 'a' + i }, 0, 0 };
		side_call_begin(&writers[i]);
	}
	assert_int_equal(sys_close(caller->thread, fds[1]), 0);
	for (int i = 0; i < 2; i++) {
		readers[i] = (struct side_call){ caller, read_messages, { fds[0] }, 0, 0 };
		side_call_begin(&readers[i]);
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(side_call_end(&writers[i]), 0);
	for (int i = 0; i < 2; i++) {
		int64_t count = side_call_end(&readers[i]);

		assert_true(count >= 0);
		total += count;
	}
	assert_int_equal(total, WRITERS * MESSAGES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(a_reader_waits_for_data),
		caller_test(a_reader_who_waits_is_told_of_the_end),
		caller_test(a_writer_waits_for_room),
		caller_test(a_writer_who_waits_hears_that_nobody_reads),
		caller_test(making_a_pipe_larger_lets_writers_go_on),
		caller_test(open_waits_for_the_other_side_of_a_fifo),
		cmocka_unit_test(what_nobody_could_end_is_a_deadlock),
		caller_test(status_flags_take_effect_at_once),
		caller_test(a_fifo_is_one_pipe_whatever_its_name),
		caller_test(bad_memory_loses_nothing),
		caller_test(messages_of_many_writers_arrive_whole),
	};

	return cmocka_run_group_tests_name("pipes", tests, NULL, NULL);
}
