/*
 * The rump_sys_*() whose form in the C library is not that of the call: those
 * that take a variable number of arguments, or have a result or a structure of
 * the C library's own.  All others are made from syscall/syscalls.txt.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>

#include "run/library/enter.h"
#include "run/library/generic.h"
#include "syscall/handlers.h"
#include <rump/syscalls.h>

/* ---- structures ----------------------------------------------------------------------------------- */

int
rump_sys_fstat(int fd, struct stat *buffer)
{
	struct thread *thread = library_enter();
	struct generic_stat stat;
	int64_t result;

	if (UNLIKELY(thread == NULL))
		return -1;
	result = sys_fstat(thread, fd, user(buffer != NULL ? &stat : NULL));
	if (result == 0)
		host_stat(&stat, buffer);
	return (int)library_result(result);
}

int
rump_sys_fstatat(int dirfd, const char *path, struct stat *buffer, int flags)
{
	struct thread *thread = library_enter();
	struct generic_stat stat;
	int64_t result;

	if (UNLIKELY(thread == NULL))
		return -1;
	result =
	    sys_newfstatat(thread, dirfd, user(path), user(buffer != NULL ? &stat : NULL), flags);
	if (result == 0)
		host_stat(&stat, buffer);
	return (int)library_result(result);
}

int
rump_sys_statfs(const char *path, struct statfs *buffer)
{
	struct thread *thread = library_enter();
	struct generic_statfs statfs;
	int64_t result;

	if (UNLIKELY(thread == NULL))
		return -1;
	result = sys_statfs(thread, user(path), user(buffer != NULL ? &statfs : NULL));
	if (result == 0)
		host_statfs(&statfs, buffer);
	return (int)library_result(result);
}

int
rump_sys_fstatfs(int fd, struct statfs *buffer)
{
	struct thread *thread = library_enter();
	struct generic_statfs statfs;
	int64_t result;

	if (UNLIKELY(thread == NULL))
		return -1;
	result = sys_fstatfs(thread, fd, user(buffer != NULL ? &statfs : NULL));
	if (result == 0)
		host_statfs(&statfs, buffer);
	return (int)library_result(result);
}

int
rump_sys_utimensat(int dirfd, const char *path, const struct timespec *times, int flags)
{
	struct thread *thread = library_enter();
	struct generic_time room[2];

	if (UNLIKELY(thread == NULL))
		return -1;
	return (int)library_result(
	    sys_utimensat(thread, dirfd, user(path), user_times(room, times), flags));
}

ssize_t
rump_sys_readv(int fd, const struct iovec *vector, int count)
{
	struct thread *thread = library_enter();
	struct generic_iovec room[VECTOR_ROOM];

	if (UNLIKELY(thread == NULL))
		return -1;
	return (ssize_t)library_result(
	    sys_readv(thread, fd, user_vector(room, vector, count), count));
}

ssize_t
rump_sys_writev(int fd, const struct iovec *vector, int count)
{
	struct thread *thread = library_enter();
	struct generic_iovec room[VECTOR_ROOM];

	if (UNLIKELY(thread == NULL))
		return -1;
	return (ssize_t)library_result(
	    sys_writev(thread, fd, user_vector(room, vector, count), count));
}

ssize_t
rump_sys_vmsplice(int fd, const struct iovec *vector, size_t count, unsigned int flags)
{
	struct thread *thread = library_enter();
	struct generic_iovec room[VECTOR_ROOM];
	int some = count > INT_MAX ? INT_MAX : (int)count;

	if (UNLIKELY(thread == NULL))
		return -1;
	return (ssize_t)library_result(
	    sys_vmsplice(thread, fd, user_vector(room, vector, some), count, flags));
}

ssize_t
rump_sys_preadv(int fd, const struct iovec *vector, int count, off_t offset)
{
	struct thread *thread = library_enter();
	struct generic_iovec room[VECTOR_ROOM];

	if (UNLIKELY(thread == NULL))
		return -1;
	return (ssize_t)library_result(
	    sys_preadv(thread, fd, user_vector(room, vector, count), count, offset));
}

ssize_t
rump_sys_pwritev(int fd, const struct iovec *vector, int count, off_t offset)
{
	struct thread *thread = library_enter();
	struct generic_iovec room[VECTOR_ROOM];

	if (UNLIKELY(thread == NULL))
		return -1;
	return (ssize_t)library_result(
	    sys_pwritev(thread, fd, user_vector(room, vector, count), count, offset));
}

ssize_t
rump_sys_preadv2(int fd, const struct iovec *vector, int count, off_t offset, int flags)
{
	struct thread *thread = library_enter();
	struct generic_iovec room[VECTOR_ROOM];

	if (UNLIKELY(thread == NULL))
		return -1;
	return (ssize_t)library_result(
	    sys_preadv2(thread, fd, user_vector(room, vector, count), count, offset, 0, flags));
}

ssize_t
rump_sys_pwritev2(int fd, const struct iovec *vector, int count, off_t offset, int flags)
{
	struct thread *thread = library_enter();
	struct generic_iovec room[VECTOR_ROOM];

	if (UNLIKELY(thread == NULL))
		return -1;
	return (ssize_t)library_result(
	    sys_pwritev2(thread, fd, user_vector(room, vector, count), count, offset, 0, flags));
}

/* ---- flags of open() ------------------------------------------------------------------------------ */

/* Those whose values differ between machines. */
static const struct {
	int host;
	int generic;
} flag_pairs[] = {
	{ O_DIRECT, OPEN_DIRECT }, { O_DIRECTORY, OPEN_DIRECTORY }, { O_NOFOLLOW, OPEN_NO_FOLLOW },
	{ O_LARGEFILE, OPEN_LARGE_FILE }, /* 0 where files are large anyway */
};

static int
flags_to_kernel(int flags)
{
	int result = flags;

	for (size_t i = 0; i < ARRAY_SIZE(flag_pairs); i++)
		result &= ~flag_pairs[i].host;
	for (size_t i = 0; i < ARRAY_SIZE(flag_pairs); i++) {
		if ((flags & flag_pairs[i].host) != 0)
			result |= flag_pairs[i].generic;
	}
	return result;
}

static int
flags_to_host(int flags)
{
	int result = flags;

	for (size_t i = 0; i < ARRAY_SIZE(flag_pairs); i++)
		result &= ~flag_pairs[i].generic;
	for (size_t i = 0; i < ARRAY_SIZE(flag_pairs); i++) {
		if ((flags & flag_pairs[i].generic) != 0)
			result |= flag_pairs[i].host;
	}
	return result;
}

static int
open_at(int dirfd, const char *path, int flags, mode_t mode)
{
	struct thread *thread = library_enter();

	if (UNLIKELY(thread == NULL))
		return -1;
	return (int)library_result(
	    sys_openat(thread, dirfd, user(path), flags_to_kernel(flags), mode));
}

/* Is there a third argument, the mode? */
static bool
has_mode(int flags)
{
	return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

int
rump_sys_openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (has_mode(flags)) {
		va_list arguments;

		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
	}
	return open_at(dirfd, path, flags, mode);
}

int
rump_sys_open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (has_mode(flags)) {
		va_list arguments;

		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
	}
	return open_at(AT_FDCWD, path, flags, mode);
}

int
rump_sys_pipe2(int *fds, int flags)
{
	struct thread *thread = library_enter();

	if (UNLIKELY(thread == NULL))
		return -1;
	return (int)library_result(sys_pipe2(thread, user(fds), flags_to_kernel(flags)));
}

/* ---- others ----------------------------------------------------------------------------------------- */

/* The commands that take a struct flock, here and in the kernel. */
static const struct {
	int host, generic;
} lock_commands[] = {
	{ F_GETLK, 5 },
	{ F_SETLK, 6 },
	{ F_SETLKW, 7 },
	{ F_OFD_GETLK, 36 },
	{ F_OFD_SETLK, 37 },
	{ F_OFD_SETLKW, 38 },
};

/* The kernel's command, or 0 if it takes no struct flock. */
static int
lock_command_to_kernel(int command)
{
	for (size_t i = 0; i < ARRAY_SIZE(lock_commands); i++) {
		if (lock_commands[i].host == command)
			return lock_commands[i].generic;
	}
	return 0;
}

static int64_t
control_lock(struct thread *thread, int fd, int command, struct flock *lock)
{
	struct generic_flock generic;
	int64_t result;

	if (FLOCK_IS_GENERIC || lock == NULL)
		return sys_fcntl(thread, fd, command, (uintptr_t)lock);
	generic = (struct generic_flock){
		.type = lock->l_type,
		.whence = lock->l_whence,
		.start = lock->l_start,
		.length = lock->l_len,
		.pid = lock->l_pid,
	};
	result = sys_fcntl(thread, fd, command, (uintptr_t)&generic);
	lock->l_type = generic.type;
	lock->l_whence = generic.whence;
	lock->l_start = generic.start;
	lock->l_len = generic.length;
	lock->l_pid = generic.pid;
	return result;
}

int
rump_sys_fcntl(int fd, int command, ...)
{
	struct thread *thread = library_enter();
	unsigned long argument;
	va_list arguments;
	int64_t result;

	if (UNLIKELY(thread == NULL))
		return -1;
	/* It may not be there, but then it is not looked at. */
	va_start(arguments, command);
	argument = va_arg(arguments, unsigned long);
	va_end(arguments);

	if (command == F_SETFL)
		argument = (unsigned long)flags_to_kernel((int)argument);
	if (lock_command_to_kernel(command) != 0)
		result = control_lock(thread, fd, lock_command_to_kernel(command),
		    (struct flock *)argument);
	else
		result = sys_fcntl(thread, fd, command, argument);
	if (command == F_GETFL && result >= 0)
		result = flags_to_host((int)result);
	return (int)library_result(result);
}

int
rump_sys_dup2(int fd, int wanted)
{
	if (fd != wanted)
		return rump_sys_dup3(fd, wanted, 0);
	return rump_sys_fcntl(fd, F_GETFD) < 0 ? -1 : fd;
}

char *
rump_sys_getcwd(char *buffer, size_t size)
{
	struct thread *thread = library_enter();

	if (UNLIKELY(thread == NULL))
		return NULL;
	return library_result(sys_getcwd(thread, user(buffer), size)) < 0 ? NULL : buffer;
}

int
rump_sys_prlimit(pid_t pid, unsigned int resource, const struct rlimit *new_limit,
    struct rlimit *old_limit)
{
	struct thread *thread = library_enter();

	if (UNLIKELY(thread == NULL))
		return -1;
	return (int)library_result(
	    sys_prlimit64(thread, pid, resource, user(new_limit), user(old_limit)));
}

int
rump_sys_prctl(int option, ...)
{
	struct thread *thread = library_enter();
	unsigned long values[4];
	va_list arguments;

	if (UNLIKELY(thread == NULL))
		return -1;
	/* They may not be there, but then they are not looked at. */
	va_start(arguments, option);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		values[i] = va_arg(arguments, unsigned long);
	va_end(arguments);
	return (int)library_result(
	    sys_prctl(thread, option, values[0], values[1], values[2], values[3]));
}

/* ---- errors as results ------------------------------------------------------------------------------ */

int
rump_sys_posix_fadvise(int fd, off_t offset, off_t length, int advice)
{
	struct thread *thread = library_enter();

	return thread == NULL ? errno : (int)-sys_fadvise64(thread, fd, offset, length, advice);
}
