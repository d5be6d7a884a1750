/*
 * splice, tee and vmsplice: what arrives, what stays, who waits, and what is
 * refused.  Errors and effects that Linux shows too are in tests/conformance.
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

#define PIPE_SIZE 65536
#define SIZE	  200000
#define NONBLOCK  2 /* SPLICE_F_NONBLOCK */
#define OWN	  user(NULL)

static struct thread *
thread_of(void **state)
{
	return ((struct caller *)*state)->thread;
}

static char *
make_data(size_t size)
{
	char *data = malloc(size);

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 7 + i / 251);
	return data;
}

static void
make_pipe(struct thread *thread, int fds[2])
{
	assert_int_equal(sys_pipe2(thread, user(fds), 0), 0);
}

static int
open_path(struct thread *thread, const char *path, uint32_t flags)
{
	int64_t fd = sys_openat(thread, AT_FDCWD, user(path), (int)flags, 0600);

	assert_true(fd >= 0);
	return (int)fd;
}

/* Read exactly this, and then the pipe is empty. */
static void
must_hold(struct thread *thread, const int fds[2], const char *data, size_t size)
{
	char *got = malloc(size + 1);
	size_t done = 0;

	while (done < size) {
		int64_t count = sys_read(thread, fds[0], user(got + done), size + 1 - done);

		assert_true(count > 0);
		done += (size_t)count;
	}
	assert_int_equal(done, size);
	assert_memory_equal(got, data, size);
	assert_int_equal(sys_splice(thread, fds[0], OWN, fds[1], OWN, 1, 0), -EINVAL);
	free(got);
}

static void
slots_go_from_pipe_to_pipe_whole_and_in_parts(void **state)
{
	struct thread *thread = thread_of(state);
	char *data = make_data(PIPE_SIZE);
	int a[2], b[2];

	make_pipe(thread, a);
	make_pipe(thread, b);
	assert_int_equal(sys_write(thread, a[1], user(data), 10000), 10000);
	assert_int_equal(sys_splice(thread, a[0], OWN, b[1], OWN, 5000, 0), 5000);
	assert_int_equal(sys_splice(thread, a[0], OWN, b[1], OWN, 1, 0), 1);
	assert_int_equal(sys_splice(thread, a[0], OWN, b[1], OWN, SIZE, 0), 4999);
	assert_int_equal(sys_splice(thread, a[0], OWN, b[1], OWN, 1, NONBLOCK), -EAGAIN);
	must_hold(thread, b, data, 10000);

	/* As much as there is room for. */
	assert_int_equal(sys_write(thread, a[1], user(data), PIPE_SIZE), PIPE_SIZE);
	assert_int_equal(sys_write(thread, b[1], user(data), 4 * 4096), 4 * 4096);
	assert_int_equal(sys_splice(thread, a[0], OWN, b[1], OWN, SIZE, 0), 12 * 4096);
	assert_int_equal(sys_splice(thread, a[0], OWN, b[1], OWN, 1, NONBLOCK), -EAGAIN);
	must_hold(thread, a, data + 12 * 4096, 4 * 4096);

	/* The end, on either side. */
	assert_int_equal(sys_close(thread, a[1]), 0);
	assert_int_equal(sys_read(thread, b[0], user(data), PIPE_SIZE), PIPE_SIZE);
	assert_int_equal(sys_splice(thread, a[0], OWN, b[1], OWN, 1, 0), 0);
	assert_int_equal(sys_tee(thread, a[0], b[1], 1, 0), 0);
	assert_int_equal(sys_close(thread, b[0]), 0);
	assert_int_equal(sys_splice(thread, a[0], OWN, b[1], OWN, 1, 0), -EPIPE);
	free(data);
}

static void
tee_leaves_what_it_doubles(void **state)
{
	struct thread *thread = thread_of(state);
	char *data = make_data(10000);
	int a[2], b[2];

	make_pipe(thread, a);
	make_pipe(thread, b);
	assert_int_equal(sys_write(thread, a[1], user(data), 10000), 10000);
	assert_int_equal(sys_tee(thread, a[0], b[1], 7000, 0), 7000);
	assert_int_equal(sys_tee(thread, a[0], b[1], SIZE, NONBLOCK), 10000);
	must_hold(thread, a, data, 10000);
	assert_int_equal(sys_write(thread, a[1], user(data), 1), 1);
	assert_int_equal(sys_read(thread, b[0], user(data), 7000), 7000);
	must_hold(thread, b, data, 10000);
	free(data);
}

static void
files_are_spliced_to_pipes_and_back(void **state)
{
	struct thread *thread = thread_of(state);
	char *data = make_data(SIZE), *copy = malloc(SIZE);
	int from = open_path(thread, "/from", OPEN_CREATE | OPEN_READ_WRITE);
	int to = open_path(thread, "/to", OPEN_CREATE | OPEN_READ_WRITE), fds[2];
	int64_t offset = 100, at = 50;

	make_pipe(thread, fds);
	assert_int_equal(sys_write(thread, from, user(data), SIZE), SIZE);
	assert_int_equal(sys_splice(thread, from, OWN, fds[1], OWN, 10, 0), 0); /* its end */
	assert_int_equal(sys_splice(thread, from, user(&offset), fds[1], OWN, SIZE, 0), PIPE_SIZE);
	assert_int_equal(offset, 100 + PIPE_SIZE);
	assert_int_equal(sys_splice(thread, from, user(&offset), fds[1], OWN, 1, NONBLOCK),
	    -EAGAIN);
	assert_int_equal(sys_splice(thread, fds[0], OWN, to, user(&at), 40000, 0), 40000);
	assert_int_equal(at, 40050);
	assert_int_equal(sys_splice(thread, fds[0], OWN, to, user(&at), SIZE, 0),
	    PIPE_SIZE - 40000);
	assert_int_equal(sys_splice(thread, fds[0], OWN, to, user(&at), 1, NONBLOCK), -EAGAIN);
	assert_int_equal(sys_pread(thread, to, user(copy), SIZE, 50), PIPE_SIZE);
	assert_memory_equal(copy, data + 100, PIPE_SIZE);
	assert_int_equal(sys_lseek(thread, to, 0, 1), 0);

	/* At the files' own offsets. */
	assert_int_equal(sys_lseek(thread, from, 3, 0), 3);
	assert_int_equal(sys_splice(thread, from, OWN, fds[1], OWN, 5, 0), 5);
	assert_int_equal(sys_lseek(thread, from, 0, 1), 8);
	assert_int_equal(sys_close(thread, fds[1]), 0);
	assert_int_equal(sys_splice(thread, fds[0], OWN, to, OWN, 9, 0), 5);
	assert_int_equal(sys_lseek(thread, to, 0, 1), 5);
	assert_int_equal(sys_splice(thread, fds[0], OWN, to, OWN, 9, 0), 0);
	free(data);
	free(copy);
}

static void
what_a_file_does_not_take_stays_in_the_pipe(void **state)
{
	struct thread *thread = thread_of(state);
	char *data = make_data(9000);
	uint64_t limit[2] = { 6000, UINT64_MAX }; /* RLIMIT_FSIZE */
	int to = open_path(thread, "/to", OPEN_CREATE | OPEN_READ_WRITE), fds[2];

	make_pipe(thread, fds);
	assert_int_equal(sys_write(thread, fds[1], user(data), 9000), 9000);
	assert_int_equal(sys_prlimit64(thread, 0, 1, user(limit), OWN), 0);
	assert_int_equal(sys_splice(thread, fds[0], OWN, to, OWN, 9000, 0), 6000);
	assert_int_equal(sys_splice(thread, fds[0], OWN, to, OWN, 9000, 0), -EFBIG);
	must_hold(thread, fds, data + 6000, 3000);
	free(data);
}

static void
memory_is_spliced_as_far_as_it_fits(void **state)
{
	struct thread *thread = thread_of(state);
	char *data = make_data(SIZE);
	/* As wide inside the kernel on every machine. */
	const struct {
		uint64_t start, length;
	} vector[] = { { (uintptr_t)data, 1000 }, { (uintptr_t)data + 1000, SIZE - 1000 } };
	int fds[2];

	make_pipe(thread, fds);
	assert_int_equal(sys_vmsplice(thread, fds[1], user(vector), 1, 0), 1000);
	assert_int_equal(sys_vmsplice(thread, fds[1], user(vector), 0, 0), 0);
	must_hold(thread, fds, data, 1000);
	assert_int_equal(sys_vmsplice(thread, fds[1], user(vector), 2, 0), PIPE_SIZE);
	assert_int_equal(sys_vmsplice(thread, fds[1], user(vector), 2, NONBLOCK), -EAGAIN);
	must_hold(thread, fds, data, PIPE_SIZE);
	assert_int_equal(sys_vmsplice(thread, fds[1], user(vector), 2, 16), -EINVAL);
	assert_int_equal(sys_vmsplice(thread, fds[1], user(vector), 1025, 0), -EINVAL);
	assert_int_equal(sys_vmsplice(thread, fds[1], (struct user_ptr){ 8 }, 1, 0), -EFAULT);
	assert_int_equal(sys_vmsplice(thread, fds[0], user(vector), 1, 0), -EBADF);
	assert_int_equal(sys_close(thread, fds[0]), 0);
	assert_int_equal(sys_vmsplice(thread, fds[1], user(vector), 1, 0), -EPIPE);
	free(data);
}

/* ---- waiting -------------------------------------------------------------------------- */

static int64_t
call_splice(struct thread *thread, const int64_t *arguments)
{
	return sys_splice(thread, (int)arguments[0], OWN, (int)arguments[1], OWN,
	    (uint64_t)arguments[2], 0);
}

static void
a_splice_waits_for_data_and_then_for_room(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	char *data = make_data(PIPE_SIZE);
	int a[2], b[2];
	struct side_call side = { .caller = caller, .call = call_splice };

	make_pipe(thread, a);
	make_pipe(thread, b);
	assert_int_equal(sys_write(thread, b[1], user(data), PIPE_SIZE), PIPE_SIZE);
	side.arguments[0] = a[0];
	side.arguments[1] = b[1];
	side.arguments[2] = 100;
	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(sys_write(thread, a[1], user("hello"), 5), 5);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(sys_read(thread, b[0], user(data), PIPE_SIZE), PIPE_SIZE);
	assert_int_equal(side_call_end(&side), 5);
	must_hold(thread, b, "hello", 5);
	free(data);
}

static void
a_splice_to_a_file_waits_for_data_once(void **state)
{
	struct caller *caller = *state;
	struct thread *thread = caller->thread;
	int fds[2], to = open_path(thread, "/to", OPEN_CREATE | OPEN_WRITE_ONLY);
	struct side_call side = { .caller = caller, .call = call_splice };

	make_pipe(thread, fds);
	side.arguments[0] = fds[0];
	side.arguments[1] = to;
	side.arguments[2] = 100;
	side_call_begin(&side);
	fake_host_await_sleepers(&caller->host, 1);
	assert_int_equal(sys_write(thread, fds[1], user("hello"), 5), 5);
	assert_int_equal(side_call_end(&side), 5);
}

/* ---- errors ------------------------------------------------------------------------------ */

static void
what_cannot_be_spliced_is_refused(void **state)
{
	struct thread *thread = thread_of(state);
	int file = open_path(thread, "/from", OPEN_CREATE | OPEN_READ_WRITE);
	int append = open_path(thread, "/from", OPEN_WRITE_ONLY | OPEN_APPEND);
	int directory = open_path(thread, "/", 0);
	int64_t zero = 0, negative = -1, large = INT64_MAX;
	int a[2], b[2], event;

	make_pipe(thread, a);
	make_pipe(thread, b);
	event = (int)sys_eventfd2(thread, 1, 0);
	assert_int_equal(sys_write(thread, a[1], user("hello"), 5), 5);
	{
		const struct {
			int64_t got, want;
		} rows[] = {
			{ sys_splice(thread, 99, OWN, 98, OWN, 0, 99), 0 },
			{ sys_splice(thread, a[0], OWN, b[1], OWN, 1, 16), -EINVAL },
			{ sys_splice(thread, 99, OWN, b[1], OWN, 1, 0), -EBADF },
			{ sys_splice(thread, a[1], OWN, b[1], OWN, 1, 0), -EBADF },
			{ sys_splice(thread, a[0], OWN, b[0], OWN, 1, 0), -EBADF },
			{ sys_splice(thread, a[0], OWN, a[1], OWN, 1, 0), -EINVAL },
			{ sys_splice(thread, file, OWN, file, OWN, 1, 0), -EINVAL },
			{ sys_splice(thread, a[0], user(&zero), file, OWN, 1, 0), -ESPIPE },
			{ sys_splice(thread, file, OWN, b[1], user(&zero), 1, 0), -ESPIPE },
			{ sys_splice(thread, a[0], OWN, append, OWN, 1, 0), -EINVAL },
			{ sys_splice(thread, directory, OWN, b[1], OWN, 1, 0), -EINVAL },
			{ sys_splice(thread, event, OWN, b[1], OWN, 1, 0), -EINVAL },
			{ sys_splice(thread, a[0], OWN, event, OWN, 1, 0), -EINVAL },
			{ sys_splice(thread, file, user(&negative), b[1], OWN, 1, 0), -EINVAL },
			{ sys_splice(thread, a[0], OWN, file, user(&large), 1, 0), -EINVAL },
			{ sys_splice(thread, file, (struct user_ptr){ 8 }, b[1], OWN, 1, 0),
			    -EFAULT },
			{ sys_tee(thread, a[0], b[1], 0, 0), 0 },
			{ sys_tee(thread, a[0], b[1], 1, 16), -EINVAL },
			{ sys_tee(thread, a[0], 99, 1, 0), -EBADF },
			{ sys_tee(thread, a[0], a[1], 1, 0), -EINVAL },
			{ sys_tee(thread, a[0], file, 1, 0), -EINVAL },
			{ sys_tee(thread, file, b[1], 1, 0), -EINVAL },
		};

		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			if (rows[i].got != rows[i].want)
				fail_msg("row %zu: %lld", i, (long long)rows[i].got);
		}
	}
	must_hold(thread, a, "hello", 5);
}

static void
nothing_is_lost_without_memory(void **state)
{
	struct thread *thread = thread_of(state);
	int from = open_path(thread, "/from", OPEN_CREATE | OPEN_READ_WRITE);
	int64_t zero = 0;
	int a[2], b[2];

	make_pipe(thread, a);
	make_pipe(thread, b);
	assert_int_equal(sys_write(thread, a[1], user("hello"), 5), 5);
	assert_int_equal(sys_write(thread, from, user("hello"), 5), 5);
	for (unsigned call = 0; call < 4; call++) {
		int64_t result;

		memory_fail_after(thread->kernel, 0);
		if (call == 0)
			result = sys_tee(thread, a[0], b[1], 5, 0);
		else if (call == 1)
			result = sys_splice(thread, a[0], OWN, b[1], OWN, 3, 0);
		else if (call == 2)
			result = sys_splice(thread, from, user(&zero), b[1], OWN, 5, 0);
		else
			result = sys_splice(thread, a[0], OWN, from, OWN, 5, 0);
		if (!memory_fail_stop(thread->kernel))
			skip(); /* allocations of this build do not fail on demand */
		assert_int_equal(result, -ENOMEM);
	}
	assert_int_equal(zero, 0);
	must_hold(thread, a, "hello", 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(slots_go_from_pipe_to_pipe_whole_and_in_parts),
		caller_test(tee_leaves_what_it_doubles),
		caller_test(files_are_spliced_to_pipes_and_back),
		caller_test(what_a_file_does_not_take_stays_in_the_pipe),
		caller_test(memory_is_spliced_as_far_as_it_fits),
		caller_test(a_splice_waits_for_data_and_then_for_room),
		caller_test(a_splice_to_a_file_waits_for_data_once),
		caller_test(what_cannot_be_spliced_is_refused),
		caller_test(nothing_is_lost_without_memory),
	};

	return cmocka_run_group_tests_name("splicing", tests, NULL, NULL);
}
