/*
 * Tests of opening in its newer ways: files without a name, paths that are
 * restricted by openat2(); and of allocating space for open files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "tests/caller.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
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

#define UNNAMED (OPEN_UNNAMED | OPEN_DIRECTORY)

struct how {
	uint64_t flags, mode, resolve, more;
};

static int64_t
open_how(struct thread *thread, int dirfd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct how how = { .flags = flags, .resolve = resolve };

	return sys_openat2(thread, dirfd, user(path), user(&how), 24);
}

/* st_nlink and st_blocks of an open file. */
static uint64_t
status_of(struct thread *thread, int fd, size_t offset)
{
	uint8_t status[128];
	uint64_t wide;
	uint32_t links;

	assert_int_equal(sys_fstat(thread, fd, user(status)), 0);
	memcpy(&wide, status + offset / 8 * 8, sizeof(wide));
	memcpy(&links, status + 20, sizeof(links));
	return offset == 20 ? links : wide;
}

#define LINKS(thread, fd)  status_of(thread, fd, 20)
#define SIZE(thread, fd)   status_of(thread, fd, 48)
#define BLOCKS(thread, fd) status_of(thread, fd, 64)

/* ---- files without a name --------------------------------------------------------- */

static void
a_file_without_a_name_can_get_one(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/", UNNAMED | OPEN_READ_WRITE);
	char text[4];

	assert_int_equal(LINKS(thread, fd), 0);
	assert_int_equal(sys_write(thread, fd, user("text"), 4), 4);
	assert_int_equal(sys_linkat(thread, fd, user(""), AT_FDCWD, user("/name"), AT_EMPTY_PATH),
	    0);
	assert_int_equal(LINKS(thread, fd), 1);
	assert_int_equal(sys_linkat(thread, fd, user(""), AT_FDCWD, user("/other"), AT_EMPTY_PATH),
	    0);
	assert_int_equal(sys_close(thread, fd), 0);
	fd = open_path(thread, "/name", 0);
	assert_int_equal(sys_read(thread, fd, user(text), 4), 4);
	/* Once its names are gone it gets none again. */
	assert_int_equal(sys_unlinkat(thread, AT_FDCWD, user("/name"), 0), 0);
	assert_int_equal(sys_unlinkat(thread, AT_FDCWD, user("/other"), 0), 0);
	assert_int_equal(sys_linkat(thread, fd, user(""), AT_FDCWD, user("/name"), AT_EMPTY_PATH),
	    -ENOENT);
}

static void
a_file_without_a_name_goes_when_it_is_closed(void **state)
{
	struct thread *thread = thread_of(state);
	struct kernel *kernel = ((struct caller *)*state)->kernel;
	int fd = open_path(thread, "/", UNNAMED | OPEN_EXCLUSIVE | OPEN_READ_WRITE);
	char block[256] = "";
	uint64_t before;

	assert_int_equal(sys_linkat(thread, fd, user(""), AT_FDCWD, user("/name"), AT_EMPTY_PATH),
	    -ENOENT);
	assert_int_equal(sys_close(thread, fd), 0);
	fd = open_path(thread, "/", UNNAMED | OPEN_WRITE_ONLY);
	assert_int_equal(sys_close(thread, fd), 0);
	before = memory_taken(kernel);
	for (unsigned i = 0; i < 2000; i++) {
		fd = open_path(thread, "/", UNNAMED | OPEN_WRITE_ONLY);
		assert_int_equal(sys_write(thread, fd, user(block), 256), 256);
		assert_int_equal(sys_close(thread, fd), 0);
	}
	assert_true(memory_taken(kernel) < before + (1 << 20));
}

static void
only_writers_make_files_without_a_name_and_only_in_directories(void **state)
{
	struct thread *thread = thread_of(state);
	const int write_flags = UNNAMED | OPEN_WRITE_ONLY;

	open_path(thread, "/file", OPEN_CREATE | OPEN_WRITE_ONLY);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/"), UNNAMED, 0600), -EINVAL);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/"), write_flags | OPEN_CREATE, 0600),
	    -EINVAL);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/file"), write_flags, 0600), -ENOTDIR);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/no"), write_flags, 0600), -ENOENT);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/dir"), 0755), 0);
	become(thread, 1000);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/dir"), write_flags, 0600), -EACCES);
}

/* ---- restricted paths ---------------------------------------------------------------- */

/* /top/dir/file, /top/up -> .., /top/abs -> /top/dir, /top/in -> dir, a mount /top/m */
static int
make_tree(struct thread *thread)
{
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/top"), 0755), 0);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/top/dir"), 0755), 0);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/top/m"), 0755), 0);
	open_path(thread, "/top/dir/file", OPEN_CREATE | OPEN_WRITE_ONLY);
	assert_int_equal(sys_symlinkat(thread, user(".."), AT_FDCWD, user("/top/up")), 0);
	assert_int_equal(sys_symlinkat(thread, user("/top/dir"), AT_FDCWD, user("/top/abs")), 0);
	assert_int_equal(sys_symlinkat(thread, user("/dir"), AT_FDCWD, user("/top/rooted")), 0);
	assert_int_equal(sys_symlinkat(thread, user("dir"), AT_FDCWD, user("/top/in")), 0);
	assert_int_equal(sys_mount(thread, user("none"), user("/top/m"), user("tmpfs"), 0,
			     user("")),
	    0);
	return open_path(thread, "/top", OPEN_DIRECTORY);
}

static void
restricted_paths_stay_where_they_may_go(void **state)
{
	struct thread *thread = thread_of(state);
	int top = make_tree(thread);
	static const struct {
		const char *path;
		uint32_t resolve;
		int want; /* 0: it can be opened */
	} rows[] = {
		{ "dir/file", 0, 0 },
		{ "dir/file", RESOLVE_BENEATH, 0 },
		{ "dir/../dir/file", RESOLVE_BENEATH, 0 },
		{ "../top/dir", RESOLVE_BENEATH, -EXDEV },
		{ "dir/../..", RESOLVE_BENEATH, -EXDEV },
		{ "up", RESOLVE_BENEATH, -EXDEV },
		{ "abs", RESOLVE_BENEATH, -EXDEV },
		{ "/top", RESOLVE_BENEATH, -EXDEV },
		{ "in/file", RESOLVE_BENEATH, 0 },
		{ "no", RESOLVE_BENEATH, -ENOENT },
		{ "/dir/file", RESOLVE_IN_ROOT, 0 },
		{ "/top", RESOLVE_IN_ROOT, -ENOENT },
		{ "../../dir/file", RESOLVE_IN_ROOT, 0 },
		{ "abs", RESOLVE_IN_ROOT, -ENOENT },
		{ "rooted/file", RESOLVE_IN_ROOT, 0 },
		{ "rooted", 0, -ENOENT },
		{ "up/dir", RESOLVE_IN_ROOT, 0 },
		{ "m/..", RESOLVE_BENEATH, 0 },
		{ "in/file", RESOLVE_NO_SYMLINKS, -ELOOP },
		{ "in", RESOLVE_NO_SYMLINKS, -ELOOP },
		{ "in/file", RESOLVE_NO_MAGICLINKS, 0 },
		{ "m", RESOLVE_NO_XDEV, -EXDEV },
		{ "dir/../..", RESOLVE_NO_XDEV, 0 },
		{ "abs/file", RESOLVE_NO_XDEV, 0 },
		{ "dir", 64, -EINVAL },
		{ "dir", RESOLVE_BENEATH | RESOLVE_IN_ROOT, -EINVAL },
		{ "dir/file", RESOLVE_CACHED, 0 },
	};
	int m = open_path(thread, "/top/m", OPEN_DIRECTORY);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t got = open_how(thread, top, rows[i].path, 0, rows[i].resolve);

		if (got < 0 ? got != rows[i].want : rows[i].want != 0)
			fail_msg("%s, %u: %lld, not %d", rows[i].path, rows[i].resolve,
			    (long long)got, rows[i].want);
		if (got >= 0)
			assert_int_equal(sys_close(thread, (int)got), 0);
	}
	assert_int_equal(open_how(thread, m, "..", 0, RESOLVE_NO_XDEV), -EXDEV);
	assert_true(open_how(thread, m, "..", 0, 0) >= 0);
}

static void
a_directory_that_was_moved_out_leads_nowhere(void **state)
{
	struct thread *thread = thread_of(state);
	int top = make_tree(thread);
	int dir = open_path(thread, "/top/dir", OPEN_DIRECTORY);

	/* Beneath dir there is no way up, wherever it is. */
	assert_int_equal(open_how(thread, dir, "..", 0, RESOLVE_BENEATH), -EXDEV);
	assert_int_equal(sys_renameat(thread, top, user("dir"), AT_FDCWD, user("/dir")), 0);
	assert_int_equal(open_how(thread, dir, "..", 0, RESOLVE_BENEATH), -EXDEV);
	assert_int_equal(open_how(thread, top, "in", 0, RESOLVE_BENEATH), -ENOENT);
}

static void
openat2_refuses_what_openat_ignores(void **state)
{
	struct thread *thread = thread_of(state);
	struct how how = { .flags = OPEN_CREATE | OPEN_WRITE_ONLY, .mode = 0600 };
	struct how unknown = { .flags = 1ULL << 40 };
	struct how mode = { .mode = 0600 };
	struct how path = { .flags = OPEN_PATH | OPEN_TRUNCATE };
	struct how cached = { .flags = OPEN_TRUNCATE | OPEN_WRITE_ONLY, .resolve = RESOLVE_CACHED };
	struct how more = { .more = 1 };
	struct how less = { .more = 0 };

#define OPEN2(how, size) sys_openat2(thread, AT_FDCWD, user("/new"), user(how), size)
	assert_int_equal(OPEN2(&how, 23), -EINVAL);
	assert_int_equal(OPEN2(&more, 32), -E2BIG);
	assert_int_equal(OPEN2(&less, 4097), -E2BIG);
	assert_int_equal(OPEN2(&unknown, 24), -EINVAL);
	assert_int_equal(OPEN2(&mode, 24), -EINVAL);
	assert_int_equal(OPEN2(&path, 24), -EINVAL);
	assert_int_equal(OPEN2(&cached, 24), -EAGAIN);
	assert_int_equal(OPEN2(&less, 32), -ENOENT);
	assert_true(OPEN2(&how, 24) >= 0);
	how.mode = 0200000;
	assert_int_equal(OPEN2(&how, 24), -EINVAL);
#undef OPEN2
}

/* ---- space -------------------------------------------------------------------------------- */

static void
space_is_set_aside_zeroed_and_given_back(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	static char data[4 * PAGE_SIZE], zeros[4 * PAGE_SIZE], got[4 * PAGE_SIZE];

	assert_int_equal(sys_fallocate(thread, fd, ALLOCATE_KEEP_SIZE, 100, 2 * PAGE_SIZE), 0);
	assert_int_equal(SIZE(thread, fd), 0);
	assert_int_equal(BLOCKS(thread, fd), 3 * 8);
	assert_int_equal(sys_fallocate(thread, fd, 0, PAGE_SIZE, PAGE_SIZE + 5), 0);
	assert_int_equal(SIZE(thread, fd), 2 * PAGE_SIZE + 5);
	assert_int_equal(BLOCKS(thread, fd), 3 * 8);

	memset(data, 'd', sizeof(data));
	assert_int_equal(sys_pwrite(thread, fd, user(data), sizeof(data), 0), sizeof(data));
	assert_int_equal(sys_fallocate(thread, fd, ALLOCATE_KEEP_SIZE | ALLOCATE_PUNCH_HOLE,
			     PAGE_SIZE - 10, PAGE_SIZE + 20),
	    0);
	assert_int_equal(BLOCKS(thread, fd), 3 * 8);
	memset(data + PAGE_SIZE - 10, 0, PAGE_SIZE + 20);
	assert_int_equal(sys_pread(thread, fd, user(got), sizeof(got), 0), sizeof(got));
	assert_memory_equal(got, data, sizeof(got));

	assert_int_equal(sys_fallocate(thread, fd, ALLOCATE_ZERO_RANGE, 7, 5 * PAGE_SIZE), 0);
	assert_int_equal(SIZE(thread, fd), 5 * PAGE_SIZE + 7);
	assert_int_equal(BLOCKS(thread, fd), 6 * 8);
	assert_int_equal(sys_pread(thread, fd, user(got), sizeof(got), 7), sizeof(got));
	assert_memory_equal(got, zeros, sizeof(got));
	assert_int_equal(sys_pread(thread, fd, user(got), 7, 0), 7);
	assert_memory_equal(got, "ddddddd", 7);
	assert_int_equal(sys_ftruncate(thread, fd, 0), 0);
	assert_int_equal(BLOCKS(thread, fd), 0);
}

static void
space_that_there_is_not_is_not_taken(void **state)
{
	struct thread *thread = thread_of(state);
	int fd;

	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/m"), 0755), 0);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/n"), 0755), 0);
	assert_int_equal(sys_mount(thread, user("none"), user("/m"), user("tmpfs"), 0,
			     user("size=64k")),
	    0);
	assert_int_equal(sys_mount(thread, user("none"), user("/n"), user("tmpfs"), 0,
			     user("size=0")),
	    0);
	fd = open_path(thread, "/m/file", OPEN_CREATE | OPEN_READ_WRITE);
	assert_int_equal(sys_pwrite(thread, fd, user("x"), 1, PAGE_SIZE), 1);
	assert_int_equal(sys_fallocate(thread, fd, 0, 0, 17 * PAGE_SIZE), -ENOSPC);
	assert_int_equal(sys_fallocate(thread, fd, 0, 0, INT64_MAX), -ENOSPC);
	assert_int_equal(BLOCKS(thread, fd), 8);
	assert_int_equal(SIZE(thread, fd), PAGE_SIZE + 1);
	assert_int_equal(sys_fallocate(thread, fd, 0, 0, 16 * PAGE_SIZE), 0);
	/* Without a limit memory ends it. */
	fd = open_path(thread, "/n/file", OPEN_CREATE | OPEN_READ_WRITE);
	assert_int_equal(sys_fallocate(thread, fd, 0, 0, INT64_MAX), -ENOMEM);
	assert_int_equal(BLOCKS(thread, fd), 0);
}

static void
allocating_is_checked_as_in_linux(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	int reader = open_path(thread, "/file", 0);
	int dir = open_path(thread, "/", 0);
	const struct {
		const char *what;
		int64_t got, want;
	} rows[] = {
		{ "nothing", sys_fallocate(thread, fd, 0, 0, 0), -EINVAL },
		{ "before", sys_fallocate(thread, fd, 99, -1, 9), -EINVAL },
		{ "mode", sys_fallocate(thread, fd, 128, 0, 9), -EOPNOTSUPP },
		{ "collapse", sys_fallocate(thread, fd, 8, 0, 4096), -EOPNOTSUPP },
		{ "insert", sys_fallocate(thread, fd, 32, 0, 4096), -EOPNOTSUPP },
		{ "punch", sys_fallocate(thread, fd, 2, 0, 4096), -EOPNOTSUPP },
		{ "punch and zero", sys_fallocate(thread, fd, 19, 0, 4096), -EOPNOTSUPP },
		{ "reader", sys_fallocate(thread, reader, 0, 0, 9), -EBADF },
		{ "directory", sys_fallocate(thread, dir, 0, 0, 9), -EBADF },
		{ "far", sys_fallocate(thread, fd, 0, INT64_MAX, 1), -EFBIG },
		{ "advice", sys_fadvise64(thread, fd, 0, 0, 6), -EINVAL },
		{ "length", sys_fadvise64(thread, fd, 0, -1, 0), -EINVAL },
		{ "advised", sys_fadvise64(thread, fd, -5, 0, 5), 0 },
		{ "read ahead", sys_readahead(thread, fd, 0, 5), 0 },
		{ "of a directory", sys_readahead(thread, dir, 0, 5), -EINVAL },
		{ "range flags", sys_sync_file_range(thread, fd, 0, 0, 8), -EINVAL },
		{ "range", sys_sync_file_range(thread, fd, 0, 0, 7), 0 },
		{ "range end", sys_sync_file_range(thread, fd, 1, INT64_MAX, 7), -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].got != rows[i].want)
			fail_msg("%s: %lld, not %lld", rows[i].what, (long long)rows[i].got,
			    (long long)rows[i].want);
	}
}

/* ---- inode flags --------------------------------------------------------------------------- */

#define GET_FLAGS	0x80086601
#define SET_INODE_FLAGS 0x40086602

static int64_t
set_flags(struct thread *thread, int fd, uint32_t flags)
{
	return sys_ioctl(thread, fd, SET_INODE_FLAGS, user(&flags));
}

static void
inode_flags_forbid_what_they_say(void **state)
{
	struct thread *thread = thread_of(state);
	int fd = open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	int dir = open_path(thread, "/", 0);
	uint32_t flags = 7;

	assert_int_equal(sys_ioctl(thread, fd, GET_FLAGS, user(&flags)), 0);
	assert_int_equal(flags, 0);
	assert_int_equal(set_flags(thread, fd, 0x80), -EOPNOTSUPP);
	assert_int_equal(set_flags(thread, fd, 0x10), 0);
	assert_int_equal(sys_fallocate(thread, fd, 0, 0, 10), -EPERM);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/file"), 1, 0), -EPERM);
	assert_int_equal(sys_unlinkat(thread, AT_FDCWD, user("/file"), 0), -EPERM);
	assert_int_equal(sys_fchmod(thread, fd, 0600), -EPERM);
	assert_int_equal(sys_fsetxattr(thread, fd, user("user.a"), user("x"), 1, 0), -EPERM);
	assert_int_equal(set_flags(thread, fd, 0x60), 0);
	assert_int_equal(sys_ftruncate(thread, fd, 0), -EPERM);
	assert_int_equal(sys_fallocate(thread, fd, 3, 0, 10), -EPERM);
	assert_int_equal(sys_fallocate(thread, fd, 0, 0, 10), 0);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/file"), 1, 0), -EPERM);
	open_path(thread, "/file", OPEN_WRITE_ONLY | OPEN_APPEND);
	assert_int_equal(sys_ioctl(thread, fd, GET_FLAGS, user(&flags)), 0);
	assert_int_equal(flags, 0x60);
	assert_int_equal(sys_ioctl(thread, dir, GET_FLAGS, user(&flags)), 0);
	become(thread, 1000);
	assert_int_equal(set_flags(thread, fd, 0), -EPERM);
	assert_int_equal(sys_ioctl(thread, fd, GET_FLAGS, (struct user_ptr){ 8 }), -EFAULT);
}

/* ---- directories that have been removed ------------------------------------------------------ */

static void
a_removed_directory_still_leads_back(void **state)
{
	struct thread *thread = thread_of(state);
	char path[100];

	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/a"), 0755), 0);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/a/b"), 0755), 0);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/a/b/c"), 0755), 0);
	assert_int_equal(sys_chdir(thread, user("/a/b/c")), 0);
	assert_int_equal(sys_unlinkat(thread, AT_FDCWD, user("/a/b/c"), AT_REMOVEDIR), 0);
	assert_int_equal(sys_unlinkat(thread, AT_FDCWD, user("/a/b"), AT_REMOVEDIR), 0);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("x"), 0755), -ENOENT);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("../x"), 0755), -ENOENT);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("../../x"), 0755), 0);
	assert_int_equal(sys_getcwd(thread, user(path), 100), -ENOENT);
	assert_int_equal(sys_chdir(thread, user("..")), 0);
	assert_int_equal(sys_getcwd(thread, user(path), 100), -ENOENT);
	assert_int_equal(sys_chdir(thread, user("..")), 0);
	assert_int_equal(sys_getcwd(thread, user(path), 100), 3);
	assert_string_equal(path, "/a");
}

/* Of a long way down nothing is left once nobody is there. */
static void
removed_directories_in_removed_directories_all_go(void **state)
{
	struct thread *thread = thread_of(state);
	struct file *file = thread_file(thread, open_path(thread, "/", 0));
	struct fs_statistics before, after;
	unsigned depth;

	assert_int_equal(mount_statistics(file->vnode->mount, &before), 0);
	for (depth = 0; depth < 3000; depth++) {
		assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("d"), 0755), 0);
		assert_int_equal(sys_chdir(thread, user("d")), 0);
	}
	open_path(thread, ".", 0);
	for (; depth > 0; depth--) {
		assert_int_equal(sys_chdir(thread, user("..")), 0);
		assert_int_equal(sys_unlinkat(thread, AT_FDCWD, user("d"), AT_REMOVEDIR), 0);
	}
	assert_int_equal(mount_statistics(file->vnode->mount, &after), 0);
	assert_int_equal(after.inodes_free, before.inodes_free - 3000);
	assert_int_equal(sys_close_range(thread, 1, 100, 0), 0);
	assert_int_equal(mount_statistics(file->vnode->mount, &after), 0);
	assert_int_equal(after.inodes_free, before.inodes_free);
	file_put(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(a_file_without_a_name_can_get_one),
		caller_test(a_file_without_a_name_goes_when_it_is_closed),
		caller_test(only_writers_make_files_without_a_name_and_only_in_directories),
		caller_test(restricted_paths_stay_where_they_may_go),
		caller_test(a_directory_that_was_moved_out_leads_nowhere),
		caller_test(openat2_refuses_what_openat_ignores),
		caller_test(space_is_set_aside_zeroed_and_given_back),
		caller_test(space_that_there_is_not_is_not_taken),
		caller_test(allocating_is_checked_as_in_linux),
		caller_test(inode_flags_forbid_what_they_say),
		caller_test(a_removed_directory_still_leads_back),
		caller_test(removed_directories_in_removed_directories_all_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
