/*
 * System calls by their handlers: what they refuse and with which error, what
 * they tell, and that they survive without memory.  How they behave on files is
 * compared with Linux in tests/linux_twin_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/kernel.h"
#include "kern/lock_debug.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "syscall/table.h"
#include "tests/caller.h"

#define BAD ((struct user_ptr){ 8 }) /* an address that is nobody's */

static struct thread *
thread_of(void **state)
{
	return ((struct caller *)*state)->thread;
}

/* Open path, which must work. */
static int
open_path(struct thread *thread, const char *path, int flags)
{
	int64_t fd = sys_openat(thread, AT_FDCWD, user(path), flags, 0644);

	assert_true(fd >= 0);
	return (int)fd;
}

/* ---- errors ------------------------------------------------------------------------------------- */

static void
bad_addresses_are_refused(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	char buffer[300];
	const int64_t results[] = {
		sys_openat(thread, AT_FDCWD, BAD, 0, 0),
		sys_openat(thread, 99, BAD, 0, 0),
		sys_write(thread, fd, BAD, 1),
		sys_write(thread, fd, user(buffer), UINT64_MAX),
		sys_readv(thread, fd, BAD, 1),
		sys_writev(thread, fd, BAD, 9),
		sys_fstat(thread, fd, BAD),
		sys_newfstatat(thread, AT_FDCWD, user("/"), BAD, 0),
		sys_statx(thread, AT_FDCWD, user("/"), 0, 0, BAD),
		sys_statfs(thread, user("/"), BAD),
		sys_getcwd(thread, BAD, 300),
		sys_getdents64(thread, open_path(thread, "/", 0), BAD, 300),
		sys_symlinkat(thread, BAD, AT_FDCWD, user("/link")),
		sys_symlinkat(thread, user("target"), AT_FDCWD, BAD),
		sys_linkat(thread, AT_FDCWD, user("/file"), AT_FDCWD, BAD, 0),
		sys_utimensat(thread, AT_FDCWD, user("/file"), BAD, 0),
		sys_utimensat(thread, AT_FDCWD, user(NULL), user(NULL), 0),
		sys_mount(thread, BAD, user("/"), user("tmpfs"), 0, user(NULL)),
		sys_mount(thread, user("none"), BAD, user("tmpfs"), 0, user(NULL)),
		sys_mount(thread, user("none"), user("/"), BAD, 0, user(NULL)),
		sys_mount(thread, user("none"), user("/"), user("tmpfs"), 0, BAD),
		sys_umount2(thread, BAD, 0),
		sys_getresuid(thread, BAD, user(buffer), user(buffer)),
		sys_getresgid(thread, user(buffer), user(buffer), BAD),
		sys_setgroups(thread, 1, BAD),
		sys_uname(thread, BAD),
		sys_getrandom(thread, BAD, 10, 0),
		sys_getxattr(thread, user("/"), BAD, user(buffer), 300),
		sys_getxattr(thread, user("/"), user("rump.filesystem"), BAD, 300),
	};

	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		if (results[i] != -EFAULT)
			fail_msg("row %zu: %lld", i, (long long)results[i]);
	}
}

static void
descriptors_that_lead_nowhere_are_refused(void **state)
{
	struct thread *thread = thread_of(state);
	uint64_t arguments[SYSCALL_ARGUMENTS_MAX];
	const uint64_t no_time[4] = { 0 };
	const struct syscall *syscall;
	unsigned count = 0;

	for (size_t i = 0; (syscall = syscall_enumerate(i)) != NULL; i++) {
		if (syscall->argument_count == 0 || strcmp(syscall->arguments[0].name, "fd") != 0)
			continue;
		memset(arguments, 0, sizeof(arguments));
		arguments[0] = 77;
		/* dup3() wants another number; what else is looked at first is right. */
		arguments[1] =
		    strcmp(syscall->name, "dup3") == 0 || strcmp(syscall->name, "flock") == 0;
		if (strstr(syscall->name, "xattr") != NULL && syscall->argument_count > 1)
			arguments[1] = user("user.x").address;
		if (strcmp(syscall->name, "timerfd_settime") == 0)
			arguments[2] = user(no_time).address;
		if (syscall->call(thread, arguments) != -EBADF)
			fail_msg("%s", syscall->name);
		count++;
	}
	assert_true(count > 20);
}

static void
files_opened_as_paths_are_good_for_little(void **state)
{
	struct thread *thread = thread_of(state);
	int fd;
	char buffer[300];

	open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	fd = open_path(thread, "/file", OPEN_PATH | OPEN_READ_WRITE | OPEN_TRUNCATE);
	assert_int_equal(sys_read(thread, fd, user(buffer), 1), -EBADF);
	assert_int_equal(sys_write(thread, fd, user(buffer), 1), -EBADF);
	assert_int_equal(sys_lseek(thread, fd, 0, 0), -EBADF);
	assert_int_equal(sys_getdents64(thread, fd, user(buffer), 300), -EBADF);
	assert_int_equal(sys_ftruncate(thread, fd, 0), -EBADF);
	assert_int_equal(sys_fchmod(thread, fd, 0), -EBADF);
	assert_int_equal(sys_fchown(thread, fd, 0, 0), -EBADF);
	assert_int_equal(sys_fsync(thread, fd), -EBADF);
	assert_int_equal(sys_fcntl(thread, fd, 4, 0), -EBADF);
	assert_int_equal(sys_fcntl(thread, fd, 3, 0), OPEN_PATH);
	assert_int_equal(sys_fstat(thread, fd, user(buffer)), 0);
	assert_int_equal(sys_fstatfs(thread, fd, user(buffer)), 0);
	assert_int_equal(sys_fchdir(thread, fd), -ENOTDIR);
	assert_int_equal(sys_fchmodat2(thread, fd, user(""), 0600, AT_EMPTY_PATH), 0);
	assert_int_equal(sys_close(thread, fd), 0);
}

static void
arguments_are_checked(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	uint64_t times[4] = { 0, 1000000000, 0, 0 };
	uint64_t vector[2] = { 4096, UINT64_MAX };
	char buffer[300];
	const struct {
		const char *what;
		int64_t got, want;
	} rows[] = {
		{ "negative count", sys_readv(thread, fd, user(vector), -1), -EINVAL },
		{ "long vector", sys_readv(thread, fd, user(vector), 1025), -EINVAL },
		{ "empty vector", sys_readv(thread, fd, BAD, 0), 0 },
		{ "huge range", sys_readv(thread, fd, user(vector), 1), -EINVAL },
		{ "before the start", sys_pread(thread, fd, user(buffer), 1, -1), -EINVAL },
		{ "past any end", sys_pread(thread, fd, user(buffer), 2, INT64_MAX), -EINVAL },
		{ "beyond any file", sys_pwrite(thread, fd, user(buffer), 2, INT64_MAX), -EINVAL },
		{ "nothing", sys_pread(thread, fd, BAD, 0, 5), 0 },
		{ "whence", sys_lseek(thread, fd, 0, 5), -EINVAL },
		{ "as far as can be", sys_lseek(thread, fd, INT64_MAX, 0), INT64_MAX },
		{ "and on", sys_lseek(thread, fd, 1, 1), -EINVAL },
		{ "dup of itself", sys_dup3(thread, fd, fd, 0), -EINVAL },
		{ "dup flags", sys_dup3(thread, fd, 9, 1), -EINVAL },
		{ "dup too far", sys_dup3(thread, fd, 1024, 0), -EBADF },
		{ "lowest too far", sys_fcntl(thread, fd, 0, 1024), -EINVAL },
		{ "fcntl", sys_fcntl(thread, fd, 99, 0), -EINVAL },
		{ "range", sys_close_range(thread, 5, 4, 0), -EINVAL },
		{ "range flags", sys_close_range(thread, 5, 6, 2), -EINVAL },
		{ "O_TMPFILE", sys_openat(thread, AT_FDCWD, user("/"), 020200000, 0), -EINVAL },
		{ "half of it", sys_openat(thread, AT_FDCWD, user("/"), 020000002, 0), -EINVAL },
		{ "unlink flags", sys_unlinkat(thread, AT_FDCWD, user("/x"), 1), -EINVAL },
		{ "link flags", sys_linkat(thread, 0, user("/x"), 0, user("/y"), 1), -EINVAL },
		{ "rename flags", sys_renameat2(thread, 0, user("/x"), 0, user("/y"), 3), -EINVAL },
		{ "stat flags", sys_newfstatat(thread, 0, user("/"), user(buffer), 1), -EINVAL },
		{ "mask", sys_statx(thread, 0, user("/"), 0, 1U << 31, user(buffer)), -EINVAL },
		{ "sync", sys_statx(thread, 0, user("/"), 0x6000, 0, user(buffer)), -EINVAL },
		{ "times", sys_utimensat(thread, 0, user("/file"), user(times), 0), -EINVAL },
		{ "times flags", sys_utimensat(thread, 0, user("/file"), user(NULL), 1), -EINVAL },
		{ "futimens flags", sys_utimensat(thread, fd, user(NULL), user(NULL), 256),
		    -EINVAL },
		{ "access mode", sys_faccessat2(thread, 0, user("/"), 8, 0), -EINVAL },
		{ "access flags", sys_faccessat2(thread, 0, user("/"), 0, 1), -EINVAL },
		{ "length", sys_truncate(thread, user("/file"), -1), -EINVAL },
		{ "readlink", sys_readlinkat(thread, 0, user("/file"), user(buffer), 9), -EINVAL },
		{ "no room", sys_readlinkat(thread, 0, user("/file"), user(buffer), 0), -EINVAL },
		{ "device", sys_mknodat(thread, 0, user("/d"), 0060600, 1ULL << 32), -EINVAL },
		{ "mount", sys_mount(thread, user("n"), user("/"), user("no"), 0, user("")),
		    -ENODEV },
		{ "remount", sys_mount(thread, user("n"), user("/"), user("tmpfs"), 32, user("")),
		    -EINVAL },
		{ "flags", sys_mount(thread, user("n"), user("/"), user("tmpfs"), 1ULL << 32, BAD),
		    -EINVAL },
		{ "unmount", sys_umount2(thread, user("/file"), 0), -EINVAL },
		{ "force", sys_umount2(thread, user("/"), 1), -EINVAL },
		{ "random", sys_getrandom(thread, user(buffer), 1, 6), -EINVAL },
		{ "random flags", sys_getrandom(thread, user(buffer), 1, 8), -EINVAL },
		{ "log", sys_syslog(thread, 2, user(buffer), 1), -EINVAL },
		{ "no log buffer", sys_syslog(thread, 3, user(NULL), 1), -EINVAL },
		{ "log size", sys_syslog(thread, 3, user(buffer), -1), -EINVAL },
		{ "console level", sys_syslog(thread, 8, user(NULL), 9), -EINVAL },
		{ "groups", sys_getgroups(thread, -1, user(buffer)), -EINVAL },
		{ "attribute", sys_getxattr(thread, user("/"), user("user.x"), user(NULL), 0),
		    -ENODATA },
		{ "ours", sys_getxattr(thread, user("/"), user("rump.x"), user(NULL), 0),
		    -EOPNOTSUPP },
		{ "no name", sys_getxattr(thread, user("/"), user(""), user(NULL), 0), -ERANGE },
		{ "short",
		    sys_getxattr(thread, user("/"), user("rump.filesystem"), user(buffer), 1),
		    -ERANGE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].got != rows[i].want)
			fail_msg("%s: %lld, not %lld", rows[i].what, (long long)rows[i].got,
			    (long long)rows[i].want);
	}
}

static void
paths_have_their_limits(void **state)
{
	static char path[PATH_LENGTH_MAX + 1];
	struct thread *thread = thread_of(state);

	/* "/./././" ... of 4095 bytes is a path, of 4096 none. */
	for (size_t i = 0; i < PATH_LENGTH_MAX; i++)
		path[i] = i % 2 == 0 ? '/' : '.';
	assert_int_equal(sys_faccessat(thread, AT_FDCWD, user(path), 0), -ENAMETOOLONG);
	path[PATH_LENGTH_MAX - 1] = '\0';
	assert_int_equal(sys_faccessat(thread, AT_FDCWD, user(path), 0), 0);
	assert_int_equal(sys_faccessat(thread, AT_FDCWD, user(""), 0), -ENOENT);
	assert_int_equal(sys_faccessat(thread, 77, user(path), 0), 0);
	assert_int_equal(sys_faccessat(thread, 77, user("."), 0), -EBADF);
	assert_int_equal(sys_faccessat(thread, 77, user(""), 0), -ENOENT);
}

static void
running_out_of_descriptors_creates_no_file(void **state)
{
	struct thread *thread = thread_of(state);

	for (int i = 0; i < DESCRIPTORS_MAX; i++)
		assert_int_equal(open_path(thread, "/", 0), i);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/new"), OPEN_CREATE, 0600), -EMFILE);
	assert_int_equal(sys_faccessat(thread, AT_FDCWD, user("/new"), 0), -ENOENT);
	assert_int_equal(sys_dup(thread, 0), -EMFILE);
}

static void
a_failed_open_gives_its_descriptor_back(void **state)
{
	struct thread *thread = thread_of(state);

	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/none"), 0, 0), -ENOENT);
	assert_int_equal(open_path(thread, "/", 0), 0);
}

/* ---- what only the superuser may ------------------------------------------------------------------- */

static void
others_are_kept_from_what_is_the_superusers(void **state)
{
	struct thread *thread = thread_of(state);
	char buffer[16];

	assert_int_equal(sys_setuid(thread, 1000), 0);
	thread_enter(thread);
	assert_int_equal(sys_chroot(thread, user("/")), -EPERM);
	assert_int_equal(sys_mount(thread, user("n"), user("/"), user("tmpfs"), 0, user(NULL)),
	    -EPERM);
	assert_int_equal(sys_umount2(thread, user("/"), 0), -EPERM);
	assert_int_equal(sys_syslog(thread, 5, user(NULL), 0), -EPERM);
	assert_int_equal(sys_syslog(thread, 3, user(buffer), 16), 0);
	assert_int_equal(sys_mknodat(thread, AT_FDCWD, user("/d"), 0060600, 0x103), -EPERM);
	assert_int_equal(sys_linkat(thread, 0, user(""), AT_FDCWD, user("/l"), AT_EMPTY_PATH),
	    -ENOENT);
}

/* ---- what calls tell ---------------------------------------------------------------------------------- */

static void
a_chroot_hides_what_is_outside(void **state)
{
	struct thread *thread = thread_of(state);
	char path[16];

	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/jail"), 0755), 0);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/jail/in"), 0755), 0);
	assert_int_equal(sys_chdir(thread, user("/jail/in")), 0);
	assert_int_equal(sys_chroot(thread, user("/jail")), 0);
	assert_int_equal(sys_faccessat(thread, AT_FDCWD, user("/jail"), 0), -ENOENT);
	assert_int_equal(sys_faccessat(thread, AT_FDCWD, user("/../../in"), 0), 0);
	assert_int_equal(sys_getcwd(thread, user(path), 16), 4);
	assert_string_equal(path, "/in");
	assert_int_equal(sys_getcwd(thread, user(path), 3), -ERANGE);
}

static void
device_numbers_are_shown_as_linux_shows_them(void **state)
{
	static const struct {
		uint64_t shown;
		uint32_t major, minor;
	} rows[] = {
		{ 0x103, 1, 3 },
		{ 0xf000, 240, 0 },
		{ 0x12345678, 0x456, 0x12378 },
		{ 0xffffffff, 0xfff, 0xfffff },
	};
	struct thread *thread = thread_of(state);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t stat[16];
		uint32_t statx[64];

		assert_int_equal(sys_mknodat(thread, AT_FDCWD, user("/node"), 0020600,
				     rows[i].shown),
		    0);
		assert_int_equal(sys_newfstatat(thread, AT_FDCWD, user("/node"), user(stat), 0), 0);
		assert_int_equal(stat[4], rows[i].shown);
		assert_int_equal(sys_statx(thread, AT_FDCWD, user("/node"), 0, 0, user(statx)), 0);
		assert_int_equal(statx[32], rows[i].major);
		assert_int_equal(statx[33], rows[i].minor);
		assert_int_equal(sys_unlinkat(thread, AT_FDCWD, user("/node"), 0), 0);
	}
}

static void
the_file_system_describes_itself(void **state)
{
	struct thread *thread = thread_of(state);
	char text[512] = "";
	int64_t length =
	    sys_getxattr(thread, user("/"), user("rump.filesystem"), user(text), sizeof(text) - 1);

	assert_true(length > 0);
	assert_int_equal(strlen(text), length);
	assert_non_null(strstr(text, "type: tmpfs\n"));
	assert_int_equal(sys_fgetxattr(thread, open_path(thread, "/", 0), user("rump.filesystem"),
			     user(NULL), 0),
	    length);
	assert_int_equal(sys_listxattr(thread, user("/"), user(text), sizeof(text)), 0);
	assert_int_equal(sys_listxattr(thread, user("/none"), user(text), sizeof(text)), -ENOENT);
}

static void
the_log_is_read_and_cleared(void **state)
{
	struct thread *thread = thread_of(state);
	char text[256] = "";

	kernel_log(thread->kernel, LOG_NOTICE, "something happened");
	assert_int_equal(sys_syslog(thread, 10, user(NULL), 0), LOG_RING_SIZE);
	assert_true(sys_syslog(thread, 9, user(NULL), 0) > 18);
	assert_true(sys_syslog(thread, 4, user(text), sizeof(text) - 1) > 18);
	assert_non_null(strstr(text, "something happened\n"));
	assert_int_equal(sys_syslog(thread, 9, user(NULL), 0), 0);
	assert_int_equal(sys_syslog(thread, 3, user(text), sizeof(text)), 0);
	assert_int_equal(sys_syslog(thread, 8, user(NULL), 7), 0);
	assert_int_equal(thread->kernel->log.console_level, LOG_INFO);
}

static void
long_vectors_are_read_and_written(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	static struct {
		const void *start;
		uint64_t length;
	} vector[1024];
	static char bytes[1024], back[1024];

	for (int i = 0; i < 1024; i++) {
		bytes[i] = (char)i;
		vector[i].start = &bytes[i];
		vector[i].length = 1;
	}
	assert_int_equal(sys_pwritev(thread, fd, user(vector), 1024, 0), 1024);
	assert_int_equal(sys_pread(thread, fd, user(back), 1024, 0), 1024);
	assert_memory_equal(bytes, back, 1024);
	for (int i = 0; i < 1024; i++)
		vector[i].start = &back[1023 - i];
	assert_int_equal(sys_preadv(thread, fd, user(vector), 1024, 0), 1024);
	for (int i = 0; i < 1024; i++)
		assert_int_equal(back[1023 - i], bytes[i]);
}

static void
large_directories_are_listed_in_pieces_of_any_size(void **state)
{
	static char buffer[65536];
	struct thread *thread = thread_of(state);
	char name[16];
	int fd;

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "/file%d", i);
		assert_int_equal(sys_mknodat(thread, AT_FDCWD, user(name), 0, 0), 0);
	}
	fd = open_path(thread, "/", 0);
	assert_int_equal(sys_getdents64(thread, fd, user(buffer), 23), -EINVAL);
	for (uint64_t size = 32; size <= sizeof(buffer); size *= 2) {
		int64_t done;
		int count = 0;

		assert_int_equal(sys_lseek(thread, fd, 0, 0), 0);
		while ((done = sys_getdents64(thread, fd, user(buffer), size)) > 0) {
			for (int64_t at = 0; at < done; count++) {
				uint16_t length;

				memcpy(&length, buffer + at + 16, sizeof(length));
				at += length;
			}
		}
		assert_int_equal(done, 0);
		assert_int_equal(count, 1002);
	}
}

/* ---- without memory --------------------------------------------------------------------------------------- */

/* Where use_memory() ended. */
struct end {
	int line;
	int64_t result;
};

#define TRY(call) \
	do { \
		int64_t result_ = (call); \
		if (result_ < 0) \
			return (struct end){ __LINE__, result_ }; \
	} while (0)

/* A bit of everything that allocates; ends with the first call without memory. */
static struct end
use_memory(struct thread *thread)
{
	static char long_path[300];
	uint64_t vector[20] = { 0 };
	struct thread *child;
	char buffer[64];

	memset(long_path, '/', sizeof(long_path) - 1);
	TRY(sys_openat(thread, AT_FDCWD, user("/file"), OPEN_CREATE | OPEN_READ_WRITE, 0600));
	TRY(sys_write(thread, 0, user("data"), 4));
	TRY(sys_readv(thread, 0, user(vector), 10));
	TRY(sys_faccessat(thread, AT_FDCWD, user(long_path), 0));
	TRY(sys_mkdirat(thread, AT_FDCWD, user("/dir"), 0700));
	TRY(sys_symlinkat(thread, user("target"), AT_FDCWD, user("/dir/link")));
	TRY(sys_readlinkat(thread, AT_FDCWD, user("/dir/link"), user(buffer), 64));
	TRY(sys_mount(thread, user("n"), user("/dir"), user("tmpfs"), 0, user("size=1m")));
	TRY(sys_chdir(thread, user("/dir")));
	TRY(sys_getcwd(thread, user(buffer), 64));
	TRY(sys_setgroups(thread, 0, user(NULL)));
	TRY(sys_syslog(thread, 3, user(buffer), 64));
	TRY(sys_getxattr(thread, user("/"), user("rump.filesystem"), user(NULL), 0));
	TRY(sys_openat(thread, AT_FDCWD, user("/"), 0, 0));
	TRY(sys_getdents64(thread, 1, user(buffer), 64));
	TRY(process_fork(thread, DESCRIPTORS_COPIED, &child));
	thread_destroy(child);
	return (struct end){ 0, 0 };
}

static void
every_call_survives_without_memory(void **state)
{
	bool has_failed = IS_CHECKED;

	for (uint64_t n = 0; has_failed; n++) {
		struct caller *caller = calloc(1, sizeof(*caller));
		struct end end;

		assert_non_null(caller);
		caller_create(caller);
		memory_fail_after(caller->kernel, n);
		end = use_memory(caller->thread);
		has_failed = memory_fail_stop(caller->kernel);
		if (end.result != 0 && end.result != -ENOMEM && end.result != -ENOSPC)
			fail_msg("allocation %llu: error %lld, line %d", (unsigned long long)n,
			    -(long long)end.result, end.line);
		/* Whatever was left is given back: a checked kernel looks. */
		caller_destroy(caller);
		free(caller);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(bad_addresses_are_refused),
		caller_test(descriptors_that_lead_nowhere_are_refused),
		caller_test(files_opened_as_paths_are_good_for_little),
		caller_test(arguments_are_checked),
		caller_test(paths_have_their_limits),
		caller_test(running_out_of_descriptors_creates_no_file),
		caller_test(a_failed_open_gives_its_descriptor_back),
		caller_test(others_are_kept_from_what_is_the_superusers),
		caller_test(a_chroot_hides_what_is_outside),
		caller_test(device_numbers_are_shown_as_linux_shows_them),
		caller_test(the_file_system_describes_itself),
		caller_test(the_log_is_read_and_cleared),
		caller_test(long_vectors_are_read_and_written),
		caller_test(large_directories_are_listed_in_pieces_of_any_size),
		cmocka_unit_test(every_call_survives_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
