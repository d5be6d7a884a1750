/* sendfile and copy_file_range: what arrives, where offsets are after, what is refused. */
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

#define SIZE 200000

static struct thread *
thread_of(void **state)
{
	return ((struct caller *)*state)->thread;
}

static int
open_path(struct thread *thread, const char *path, uint32_t flags)
{
	int64_t fd = sys_openat(thread, AT_FDCWD, user(path), (int)flags, 0600);

	assert_true(fd >= 0);
	return (int)fd;
}

/* A file of SIZE bytes, its offset at the end. */
static int
make_file(struct thread *thread, char *data)
{
	int fd = open_path(thread, "/from", OPEN_CREATE | OPEN_READ_WRITE);

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7 + i / 251);
	assert_int_equal(sys_write(thread, fd, user(data), SIZE), SIZE);
	return fd;
}

static void
a_copy_is_the_same_and_moves_both_offsets(void **state)
{
	struct thread *thread = thread_of(state);
	char *data = malloc(SIZE), *copy = malloc(SIZE);
	int from = make_file(thread, data),
	    to = open_path(thread, "/to", OPEN_CREATE | OPEN_READ_WRITE);
	int64_t offset = 100, out = 5;

	assert_int_equal(sys_copy_file_range(thread, from, user(NULL), to, user(NULL), SIZE, 0), 0);
	assert_int_equal(sys_lseek(thread, from, 10, 0), 10);
	assert_int_equal(sys_copy_file_range(thread, from, user(NULL), to, user(NULL), 2 * SIZE, 0),
	    SIZE - 10);
	assert_int_equal(sys_lseek(thread, from, 0, 1), SIZE);
	assert_int_equal(sys_lseek(thread, to, 0, 1), SIZE - 10);
	assert_int_equal(sys_pread(thread, to, user(copy), SIZE, 0), SIZE - 10);
	assert_memory_equal(copy, data + 10, SIZE - 10);
	assert_int_equal(sys_copy_file_range(thread, from, user(&offset), to, user(&out), 70000, 0),
	    70000);
	assert_int_equal(offset, 70100);
	assert_int_equal(out, 70005);
	assert_int_equal(sys_lseek(thread, to, 0, 1), SIZE - 10);
	assert_int_equal(sys_sendfile(thread, to, from, user(&offset), 50), 50);
	assert_int_equal(offset, 70150);
	assert_int_equal(sys_lseek(thread, to, 0, 1), SIZE + 40);
	free(data);
	free(copy);
}

static void
a_file_is_sent_to_a_pipe_as_far_as_it_fits(void **state)
{
	struct thread *thread = thread_of(state);
	char *data = malloc(SIZE), *copy = malloc(SIZE);
	int from = make_file(thread, data);
	int64_t offset = 0;
	int fds[2];

	assert_int_equal(sys_pipe2(thread, user(fds), OPEN_NONBLOCK), 0);
	assert_int_equal(sys_sendfile(thread, fds[1], from, user(&offset), SIZE), 65536);
	assert_int_equal(offset, 65536);
	assert_int_equal(sys_sendfile(thread, fds[1], from, user(&offset), SIZE), -EAGAIN);
	assert_int_equal(sys_read(thread, fds[0], user(copy), SIZE), 65536);
	assert_memory_equal(copy, data, 65536);
	assert_int_equal(sys_sendfile(thread, fds[1], from, user(&offset), 10), 10);
	free(data);
	free(copy);
}

static void
what_cannot_be_copied_is_refused(void **state)
{
	struct thread *thread = thread_of(state);
	char *data = malloc(SIZE);
	int from = make_file(thread, data), directory = open_path(thread, "/", 0);
	int append = open_path(thread, "/to", OPEN_CREATE | OPEN_WRITE_ONLY | OPEN_APPEND);
	const struct user_ptr own = user(NULL), bad = { 8 };
	int64_t negative = -1, start = 0, near = 50;
	int fds[2];

	assert_int_equal(sys_pipe2(thread, user(fds), 0), 0);
	{
		const struct {
			int64_t got, want;
		} rows[] = {
			{ sys_sendfile(thread, 99, from, own, 1), -EBADF },
			{ sys_sendfile(thread, fds[0], from, own, 1), -EBADF },
			{ sys_sendfile(thread, fds[1], append, own, 1), -EBADF },
			{ sys_sendfile(thread, append, from, own, 1), -EINVAL },
			{ sys_sendfile(thread, fds[1], directory, own, 1), -EINVAL },
			{ sys_sendfile(thread, fds[1], fds[0], own, 1), -EINVAL },
			{ sys_sendfile(thread, fds[1], fds[0], user(&start), 1), -ESPIPE },
			{ sys_sendfile(thread, fds[1], from, user(&negative), 1), -EINVAL },
			{ sys_sendfile(thread, fds[1], from, bad, 1), -EFAULT },
			{ sys_copy_file_range(thread, from, own, from, own, 1, 1), -EINVAL },
			{ sys_copy_file_range(thread, from, own, 99, own, 1, 0), -EBADF },
			{ sys_copy_file_range(thread, from, own, append, own, 1, 0), -EBADF },
			{ sys_copy_file_range(thread, from, own, directory, own, 1, 0), -EISDIR },
			{ sys_copy_file_range(thread, from, own, fds[1], own, 1, 0), -EINVAL },
			{ sys_copy_file_range(thread, from, user(&start), from, user(&near), 51, 0),
			    -EINVAL },
			{ sys_copy_file_range(thread, from, user(&start), from, own, UINT64_MAX, 0),
			    -EOVERFLOW },
		};

		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			if (rows[i].got != rows[i].want)
				fail_msg("row %zu: %lld", i, (long long)rows[i].got);
		}
	}
	assert_int_equal(sys_copy_file_range(thread, from, user(&start), from, user(&near), 50, 0),
	    50);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(a_copy_is_the_same_and_moves_both_offsets),
		caller_test(a_file_is_sent_to_a_pipe_as_far_as_it_fits),
		caller_test(what_cannot_be_copied_is_refused),
	};

	return cmocka_run_group_tests_name("copying", tests, NULL, NULL);
}
