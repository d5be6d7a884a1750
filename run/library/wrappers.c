/*
 * The rump_sys_*() whose form in the C library is not that of the call: those
 * that take a variable number of arguments, or have a result or a structure of
 * the C library's own.  All others are made from syscall/syscalls.txt.
 *
 * The kernel speaks the generic 64-bit layouts of Linux.  On 64-bit hosts the
 * C library's iovec, timespec, statfs, statx and utsname are the same; struct
 * stat and a few flags of open() are each machine's own.
 */
#include <fcntl.h>
#include <stdarg.h>

#include "run/library/enter.h"
#include "syscall/handlers.h"
#include <rump/syscalls.h>

_Static_assert(sizeof(struct iovec) == 16 && sizeof(struct timespec) == 16 &&
		   sizeof(struct statfs) == 120 && sizeof(struct statx) == 256 &&
		   sizeof(struct utsname) == 390,
    "the host is 64-bit Linux");

/* struct stat as the kernel has it. */
struct generic_stat {
	uint64_t device;
	uint64_t ino;
	uint32_t mode;
	uint32_t link_count;
	uint32_t uid;
	uint32_t gid;
	uint64_t node_device;
	uint64_t padding1;
	int64_t size;
	int32_t io_block_size;
	int32_t padding2;
	int64_t block_count;
	struct timespec accessed;
	struct timespec modified;
	struct timespec changed;
	uint32_t unused[2];
};

_Static_assert(sizeof(struct generic_stat) == 128, "as in asm-generic");

static void
convert_stat(const struct generic_stat *from, struct stat *to)
{
	*to = (struct stat){
		.st_dev = from->device,
		.st_ino = from->ino,
		.st_mode = from->mode,
		.st_nlink = from->link_count,
		.st_uid = from->uid,
		.st_gid = from->gid,
		.st_rdev = from->node_device,
		.st_size = from->size,
		.st_blksize = from->io_block_size,
		.st_blocks = from->block_count,
		.st_atim = from->accessed,
		.st_mtim = from->modified,
		.st_ctim = from->changed,
	};
}

int
rump_sys_fstat(int fd, struct stat *buffer)
{
	struct thread *thread = library_enter();
	struct generic_stat stat;
	int64_t result;

	if (UNLIKELY(thread == NULL))
		return -1;
	result = sys_fstat(thread, fd, user(&stat));
	if (result == 0)
		convert_stat(&stat, buffer);
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
	result = sys_newfstatat(thread, dirfd, user(path), user(&stat), flags);
	if (result == 0)
		convert_stat(&stat, buffer);
	return (int)library_result(result);
}

/* ---- flags of open() ------------------------------------------------------------------------------ */

/* Those whose values differ between machines. */
static const struct {
	int host;
	int generic;
} flag_pairs[] = {
	{ O_DIRECT, OPEN_DIRECT }, { O_DIRECTORY, OPEN_DIRECTORY }, { O_NOFOLLOW, OPEN_NO_FOLLOW },
	{ 0, OPEN_LARGE_FILE }, /* no host's C library shows it on 64 bits */
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

int
rump_sys_openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	if ((flags & O_CREAT) != 0) {
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

	if ((flags & O_CREAT) != 0) {
		va_list arguments;

		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
	}
	return open_at(AT_FDCWD, path, flags, mode);
}

/* ---- others ----------------------------------------------------------------------------------------- */

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
