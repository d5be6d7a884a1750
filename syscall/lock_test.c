/*
 * Tests of flock and of fcntl's locks, by their calls: what they mean by a range,
 * what they refuse, and when locks go.  How locks get along is tested beside
 * vfs/file_lock.c.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "kern/kernel.h"
#include "syscall/handlers.h"
#include "syscall/lock.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "tests/caller.h"
#include "vfs/vnode.h"

static struct thread *
thread_of(void **state)
{
	return ((struct caller *)*state)->thread;
}

static int
open_path(struct thread *thread, const char *path, int flags)
{
	int64_t fd = sys_openat(thread, AT_FDCWD, user(path), flags, 0644);

	assert_true(fd >= 0);
	return (int)fd;
}

struct flock64 {
	int16_t type, whence;
	int64_t start, length;
	int32_t pid;
};

enum {
	SHARED,
	EXCLUSIVE,
	NONE,
};

static int64_t
lock(struct thread *thread, int fd, int command, int16_t type, int64_t start, int64_t length)
{
	struct flock64 flock = { .type = type, .start = start, .length = length };

	return sys_fcntl(thread, fd, command, user(&flock).address);
}

/* Who keeps an exclusive lock of byte out? */
static struct flock64
ask(struct thread *thread, int fd, int command, int64_t byte)
{
	struct flock64 flock = { .type = EXCLUSIVE, .start = byte, .length = 1 };

	assert_int_equal(sys_fcntl(thread, fd, command, user(&flock).address), 0);
	return flock;
}

/* A process besides, with the same files open. */
static struct thread *
fork_process(struct thread *thread)
{
	struct thread *child;

	assert_int_equal(process_fork(thread, DESCRIPTORS_COPIED, &child), 0);
	return child;
}

static void
locks_go_when_any_descriptor_of_the_file_is_closed(void **state)
{
	struct thread *thread = thread_of(state);
	int first = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	int second = open_path(thread, "/file", 0);
	int path = open_path(thread, "/file", OPEN_PATH);
	struct thread *child = fork_process(thread);

	assert_int_equal(lock(thread, first, F_SETLK, EXCLUSIVE, 5, 10), 0);
	assert_int_equal(ask(child, first, F_GETLK, 7).pid, thread->process->id);
	assert_int_equal(ask(child, first, F_GETLK, 7).start, 5);
	assert_int_equal(ask(child, first, F_GETLK, 7).length, 10);
	assert_int_equal(ask(child, first, F_GETLK, 4).type, NONE);
	assert_int_equal(lock(child, first, F_SETLK, SHARED, 0, 0), -EAGAIN);
	/* The child's closing is its own affair. */
	assert_int_equal(sys_close(child, second), 0);
	assert_int_equal(ask(child, first, F_GETLK, 7).type, EXCLUSIVE);
	assert_int_equal(sys_close(thread, path), 0);
	assert_int_equal(ask(child, first, F_GETLK, 7).type, EXCLUSIVE);
	assert_int_equal(sys_close(thread, second), 0);
	assert_int_equal(ask(child, first, F_GETLK, 7).type, NONE);

	assert_int_equal(lock(child, first, F_SETLK, EXCLUSIVE, 0, 0), 0);
	thread_destroy(child);
	assert_int_equal(ask(thread, first, F_GETLK, 0).type, NONE);
}

static void
locks_of_open_files_go_with_their_last_descriptor(void **state)
{
	struct thread *thread = thread_of(state);
	int file = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	int same = (int)sys_dup(thread, file);
	int other = open_path(thread, "/file", OPEN_READ_WRITE);

	assert_int_equal(lock(thread, file, F_OFD_SETLK, EXCLUSIVE, 0, 0), 0);
	assert_int_equal(sys_flock(thread, file, 2), 0);
	assert_int_equal(sys_close(thread, file), 0);
	assert_int_equal(ask(thread, other, F_OFD_GETLK, 7).pid, -1);
	assert_int_equal(ask(thread, other, F_OFD_GETLK, 7).length, 0);
	assert_int_equal(ask(thread, same, F_OFD_GETLK, 7).type, NONE);
	assert_int_equal(lock(thread, same, F_SETLK, EXCLUSIVE, 3, 1), -EAGAIN);
	assert_int_equal(sys_flock(thread, other, 1 | 4), -EAGAIN);
	assert_int_equal(sys_close(thread, same), 0);
	assert_int_equal(ask(thread, other, F_OFD_GETLK, 7).type, NONE);
	assert_int_equal(sys_flock(thread, other, 1 | 4), 0);
	assert_int_equal(sys_flock(thread, other, 8), 0);
}

static void
replacing_a_descriptor_closes_it(void **state)
{
	struct thread *thread = thread_of(state);
	int file = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	int other = open_path(thread, "/other", OPEN_CREATE | OPEN_READ_WRITE);
	struct thread *child = fork_process(thread);

	assert_int_equal(lock(thread, file, F_SETLK, EXCLUSIVE, 0, 0), 0);
	assert_int_equal(sys_dup3(thread, other, file, 0), file);
	assert_int_equal(ask(child, file, F_GETLK, 0).type, NONE);
	thread_destroy(child);
}

/* What is asked of a file of 100 bytes, at offset 50. */
static void
ranges_are_relative_and_have_limits(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	struct thread *child = fork_process(thread);
	static const struct {
		struct flock64 flock;
		int want;
		int64_t start, length; /* the lock that is had */
	} rows[] = {
		{ { EXCLUSIVE, 0, 10, 5, 0 }, 0, 10, 5 },
		{ { EXCLUSIVE, 0, 10, -5, 0 }, 0, 5, 5 },
		{ { EXCLUSIVE, 0, 10, -10, 0 }, 0, 0, 10 },
		{ { EXCLUSIVE, 0, 10, -11, 0 }, -EINVAL, 0, 0 },
		{ { EXCLUSIVE, 0, -1, 5, 0 }, -EINVAL, 0, 0 },
		{ { EXCLUSIVE, 1, 5, 5, 0 }, 0, 55, 5 },
		{ { EXCLUSIVE, 1, -51, 5, 0 }, -EINVAL, 0, 0 },
		{ { EXCLUSIVE, 2, -1, 0, 0 }, 0, 99, 0 },
		{ { EXCLUSIVE, 3, 0, 0, 0 }, -EINVAL, 0, 0 },
		{ { 3, 0, 0, 0, 0 }, -EINVAL, 0, 0 },
		{ { EXCLUSIVE, 0, INT64_MAX - 9, 10, 0 }, 0, INT64_MAX - 9, 0 },
		{ { EXCLUSIVE, 0, INT64_MAX - 9, 11, 0 }, -EOVERFLOW, 0, 0 },
		{ { EXCLUSIVE, 1, INT64_MAX, 1, 0 }, -EOVERFLOW, 0, 0 },
	};

	assert_int_equal(sys_ftruncate(thread, fd, 100), 0);
	assert_int_equal(sys_lseek(thread, fd, 50, 0), 50);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct flock64 flock = rows[i].flock;
		struct flock64 all = { .type = EXCLUSIVE };

		if (sys_fcntl(thread, fd, F_SETLK, user(&flock).address) != rows[i].want)
			fail_msg("row %zu", i);
		if (rows[i].want < 0)
			continue;
		assert_int_equal(sys_fcntl(child, fd, F_GETLK, user(&all).address), 0);
		assert_int_equal(all.start, rows[i].start);
		assert_int_equal(all.length, rows[i].length);
		assert_int_equal(lock(thread, fd, F_SETLK, NONE, 0, 0), 0);
	}
	thread_destroy(child);
}

static void
locks_are_for_those_who_opened_the_file_for_it(void **state)
{
	struct thread *thread = thread_of(state);
	int writer = open_path(thread, "/file", OPEN_CREATE | OPEN_WRITE_ONLY);
	int reader = open_path(thread, "/file", 0);
	int path = open_path(thread, "/file", OPEN_PATH);
	struct flock64 flock = { .type = NONE };

	assert_int_equal(lock(thread, writer, F_SETLK, SHARED, 0, 1), -EBADF);
	assert_int_equal(lock(thread, reader, F_SETLK, EXCLUSIVE, 0, 1), -EBADF);
	assert_int_equal(lock(thread, reader, F_OFD_SETLKW, EXCLUSIVE, 0, 1), -EBADF);
	assert_int_equal(lock(thread, path, F_SETLK, SHARED, 0, 1), -EBADF);
	assert_int_equal(lock(thread, reader, F_SETLK, NONE, 0, 1), 0);
	assert_int_equal(sys_flock(thread, path, 1), -EBADF);
	assert_int_equal(sys_flock(thread, reader, 2), 0);
	assert_int_equal(sys_flock(thread, 99, 3), -EINVAL);
	assert_int_equal(sys_flock(thread, 99, 32), 0);
	assert_int_equal(sys_fcntl(thread, reader, F_GETLK, 8), -EFAULT);
	assert_int_equal(sys_fcntl(thread, reader, F_SETLK, 8), -EFAULT);
	assert_int_equal(sys_fcntl(thread, reader, F_GETLK, user(&flock).address), -EINVAL);
	assert_int_equal(sys_fcntl(thread, reader, F_OFD_GETLK, user(&flock).address), 0);
	flock.pid = 1;
	assert_int_equal(sys_fcntl(thread, reader, F_OFD_SETLK, user(&flock).address), -EINVAL);
}

/* ---- waiting ------------------------------------------------------------------------------ */

struct attempt {
	struct thread *thread;
	int fd;
	int64_t result;
	pthread_t host_thread;
};

static void *
lock_and_wait(void *argument)
{
	struct attempt *attempt = argument;

	attempt->result = lock(attempt->thread, attempt->fd, F_SETLKW, EXCLUSIVE, 0, 1);
	return NULL;
}

static void
whoever_waits_while_the_file_is_closed_gets_nothing(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	struct thread *child = fork_process(thread), *sibling;
	struct attempt attempt = { .fd = fd, .result = 1 };

	assert_int_equal(lock(child, fd, F_SETLK, EXCLUSIVE, 0, 1), 0);
	assert_int_equal(thread_create(thread->kernel, thread->process->id, &sibling), 0);
	attempt.thread = sibling;
	assert_int_equal(pthread_create(&attempt.host_thread, NULL, lock_and_wait, &attempt), 0);
	/* Whether it waits already makes no difference to what it gets. */
	sched_yield();
	assert_int_equal(sys_close(thread, fd), 0);
	assert_int_equal(lock(child, fd, F_SETLK, NONE, 0, 1), 0);
	pthread_join(attempt.host_thread, NULL);
	assert_int_equal(attempt.result, -EBADF);
	assert_int_equal(lock(child, fd, F_SETLK, EXCLUSIVE, 0, 1), 0);
	thread_destroy(sibling);
	thread_destroy(child);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(locks_go_when_any_descriptor_of_the_file_is_closed),
		caller_test(locks_of_open_files_go_with_their_last_descriptor),
		caller_test(replacing_a_descriptor_closes_it),
		caller_test(ranges_are_relative_and_have_limits),
		caller_test(locks_are_for_those_who_opened_the_file_for_it),
		caller_test(whoever_waits_while_the_file_is_closed_gets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
