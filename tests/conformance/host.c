/* The suite's subject that is always right: the host's own kernel. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "tests/conformance/runner.h"

/* Calls that the C library does not have, or has in another form. */

static int
setgroups(size_t count, const gid_t *groups)
{
	return (int)syscall(SYS_setgroups, count, groups);
}

static int
fchmodat2(int dir, const char *path, mode_t mode, int flags)
{
	return (int)syscall(452, dir, path, mode, flags);
}

static int
faccessat2(int dir, const char *path, int mode, int flags)
{
	return (int)syscall(439, dir, path, mode, flags);
}

static int
openat2(int dir, const char *path, struct open_how *how, size_t size)
{
	int fd;

	/* ".." is not walked in a root of its own while anybody on the machine renames. */
	do {
		fd = (int)syscall(SYS_openat2, dir, path, how, size);
	} while (fd < 0 && errno == EAGAIN && (how->resolve & RESOLVE_CACHED) == 0);
	return fd;
}

#define X(result, name, parameters, arguments) \
	static result host_##name parameters \
	{ \
		return name arguments; \
	}
CALLS(X)
#undef X

const struct calls host_calls = {
#define X(result, name, parameters, arguments) .name = host_##name,
	CALLS(X)
#undef X
};

static int
host_enter(const struct subject *subject, const char *name)
{
	return chdir(subject->where) < 0 || mkdir(name, 0777) < 0 || chdir(name) < 0 ? -1 : 0;
}

static int
host_leave(void)
{
	return 0;
}

static long
host_in_child(long (*function)(void *argument), void *argument)
{
	long result = -1;
	int pipes[2], status;
	pid_t child;

	if (pipe(pipes) < 0 || (child = fork()) < 0)
		return -1;
	if (child == 0) {
		result = function(argument);
		_exit(write(pipes[1], &result, sizeof(result)) != sizeof(result));
	}
	close(pipes[1]);
	if (read(pipes[0], &result, sizeof(result)) != sizeof(result))
		result = -1;
	close(pipes[0]);
	return waitpid(child, &status, 0) == child && status == 0 ? result : -1;
}

const struct subject host_subject = {
	.where = "/dev/shm",
	.calls = &host_calls,
	.enter = host_enter,
	.leave = host_leave,
	.in_child = host_in_child,
};
