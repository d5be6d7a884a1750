/*
 * Tests of resource limits, and of the flags of pwritev2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "kern/credential.h"
#include "kern/kernel.h"
#include "syscall/handlers.h"
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

/* Act as uid from now on, without any capability. */
static void
become(struct thread *thread, uint32_t uid)
{
	assert_int_equal(sys_setresuid(thread, uid, uid, uid), 0);
	thread_enter(thread);
}

struct limit {
	uint64_t soft, hard;
};

static int64_t
set_limit(struct thread *thread, uint32_t resource, uint64_t soft, uint64_t hard)
{
	struct limit limit = { soft, hard };

	return sys_setrlimit(thread, resource, user(&limit));
}

static struct limit
limit_now(struct thread *thread, uint32_t resource)
{
	struct limit limit = { 0 };

	assert_int_equal(sys_prlimit64(thread, 0, resource, user(NULL), user(&limit)), 0);
	return limit;
}

static void
no_file_grows_past_the_limit(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	char text[200] = "";

	assert_int_equal(set_limit(thread, LIMIT_FILE_SIZE, 100, LIMIT_NONE), 0);
	assert_int_equal(sys_pwrite(thread, fd, user(text), 200, 50), 50);
	assert_int_equal(sys_pwrite(thread, fd, user(text), 1, 100), -EFBIG);
	assert_int_equal(sys_pwrite(thread, fd, user(text), 0, 200), 0);
	assert_int_equal(sys_ftruncate(thread, fd, 101), -EFBIG);
	assert_int_equal(sys_truncate(thread, user("/file"), 101), -EFBIG);
	assert_int_equal(sys_fallocate(thread, fd, 0, 0, 101), -EFBIG);
	assert_int_equal(sys_fallocate(thread, fd, 1, 0, 101), -EFBIG);
	assert_int_equal(sys_fallocate(thread, fd, 0, 0, 100), 0);
	assert_int_equal(set_limit(thread, LIMIT_FILE_SIZE, LIMIT_NONE, LIMIT_NONE), 0);
	assert_int_equal(sys_ftruncate(thread, fd, 101), 0);
}

static void
new_descriptors_are_below_the_limit(void **state)
{
	struct thread *thread = thread_of(state), *child;
	int first = open_path(thread, "/", 0);
	int high = (int)sys_fcntl(thread, first, 0, 100);

	assert_int_equal(high, 100);
	assert_int_equal(set_limit(thread, LIMIT_DESCRIPTORS, 70, 70), 0);
	assert_int_equal(sys_fcntl(thread, first, 0, 70), -EINVAL);
	assert_int_equal(sys_fcntl(thread, first, 0, 69), 69);
	assert_int_equal(sys_fcntl(thread, first, 0, 69), -EMFILE);
	assert_int_equal(sys_dup3(thread, first, 70, 0), -EBADF);
	assert_int_equal(sys_dup3(thread, first, 68, 0), 68);
	assert_int_equal(sys_dup(thread, high), first + 1); /* what was open stays */
	for (int fd = first + 2; fd < 68; fd++)
		assert_int_equal(sys_dup(thread, high), fd);
	assert_int_equal(sys_dup(thread, high), -EMFILE);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/"), 0, 0), -EMFILE);

	assert_int_equal(process_fork(thread, DESCRIPTORS_NONE, &child), 0);
	assert_int_equal(limit_now(child, LIMIT_DESCRIPTORS).soft, 70);
	first = open_path(child, "/", 0);
	assert_int_equal(sys_fcntl(child, first, 0, 70), -EINVAL);
	thread_destroy(child);
	assert_int_equal(set_limit(thread, LIMIT_DESCRIPTORS, 0, 70), 0);
	assert_int_equal(sys_dup(thread, high), -EMFILE);
}

static void
limits_are_raised_by_the_privileged_only(void **state)
{
	struct thread *thread = thread_of(state);
	struct limit limit = { 1, 2 };

	assert_int_equal(set_limit(thread, 16, 1, 2), -EINVAL);
	assert_int_equal(set_limit(thread, LIMIT_FILE_SIZE, 2, 1), -EINVAL);
	assert_int_equal(set_limit(thread, LIMIT_DESCRIPTORS, 1, 1025), -EPERM);
	assert_int_equal(sys_getrlimit(thread, 16, user(&limit)), -EINVAL);
	assert_int_equal(sys_setrlimit(thread, 1, (struct user_ptr){ 8 }), -EFAULT);
	assert_int_equal(sys_getrlimit(thread, 1, (struct user_ptr){ 8 }), -EFAULT);
	assert_int_equal(sys_prlimit64(thread, 4711, 1, user(NULL), user(&limit)), -ESRCH);
	assert_int_equal(set_limit(thread, LIMIT_FILE_SIZE, 1, 1000), 0);
	assert_int_equal(set_limit(thread, LIMIT_FILE_SIZE, 1, 2000), 0);
	become(thread, 1000);
	assert_int_equal(set_limit(thread, LIMIT_FILE_SIZE, 1, 2001), -EPERM);
	assert_int_equal(set_limit(thread, LIMIT_FILE_SIZE, 2000, 2000), 0);
	assert_int_equal(limit_now(thread, LIMIT_FILE_SIZE).soft, 2000);
	assert_int_equal(limit_now(thread, LIMIT_DESCRIPTORS).soft, 1024);
}

static int64_t
write_with(struct thread *thread, int fd, int64_t offset, int flags)
{
	uint64_t vector[2] = { user("text").address, 4 };

	return sys_pwritev2(thread, fd, user(vector), 1, offset, 0, flags);
}

static void
writes_take_flags_of_their_own(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	int appending = open_path(thread, "/file", OPEN_WRITE_ONLY | OPEN_APPEND);

	assert_int_equal(write_with(thread, fd, 0, 0), 4);
	assert_int_equal(write_with(thread, fd, 0, 0x10), 4); /* appends */
	assert_int_equal(sys_lseek(thread, fd, 0, 1), 0);
	assert_int_equal(write_with(thread, fd, -1, 0x10), 4);
	assert_int_equal(sys_lseek(thread, fd, 0, 1), 12);
	assert_int_equal(write_with(thread, appending, 0, 0x20), 4); /* does not */
	assert_int_equal(sys_lseek(thread, fd, 0, 2), 12);
	assert_int_equal(write_with(thread, fd, 0, 0x107), 4);
	assert_int_equal(write_with(thread, fd, 0, 0x30), -EINVAL);
	assert_int_equal(write_with(thread, fd, 0, 8), -EOPNOTSUPP);
	assert_int_equal(write_with(thread, fd, 0, 0x8000), -EOPNOTSUPP);
	assert_int_equal(write_with(thread, fd, -2, 0), -EINVAL);
	assert_int_equal(sys_preadv2(thread, fd, user(NULL), 0, 0, 0, 0x8000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(no_file_grows_past_the_limit),
		caller_test(new_descriptors_are_below_the_limit),
		caller_test(limits_are_raised_by_the_privileged_only),
		caller_test(writes_take_flags_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
