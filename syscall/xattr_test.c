/*
 * Tests of extended attributes, by their calls, on tmpfs: families, errors, who
 * may do what, and that they count against the mount's limits.
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
#include "kern/credential.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "tests/caller.h"
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

#define VALUE "what it says"

static int64_t
set(struct thread *thread, const char *path, const char *name, const char *value, int flags)
{
	return sys_lsetxattr(thread, user(path), user(name), user(value), strlen(value), flags);
}

static int64_t
get(struct thread *thread, const char *path, const char *name, char *value, size_t size)
{
	return sys_lgetxattr(thread, user(path), user(name), user(value), size);
}

static void
make_files(struct thread *thread)
{
	open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	assert_int_equal(sys_symlinkat(thread, user("file"), AT_FDCWD, user("/link")), 0);
	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/dir"), 0755), 0);
	assert_int_equal(sys_mknodat(thread, AT_FDCWD, user("/socket"), 0140644, 0), 0);
}

static void
what_is_set_is_read_listed_and_removed(void **state)
{
	struct thread *thread = thread_of(state);
	char list[100], value[100];
	int fd;

	make_files(thread);
	fd = open_path(thread, "/file", 0);
	assert_int_equal(set(thread, "/file", "user.b", VALUE, 0), 0);
	assert_int_equal(set(thread, "/file", "user.a", "", 0), 0);
	assert_int_equal(set(thread, "/file", "trusted.c", "x", 0), 0);
	assert_int_equal(get(thread, "/file", "user.b", value, 100), strlen(VALUE));
	assert_memory_equal(value, VALUE, strlen(VALUE));
	assert_int_equal(get(thread, "/file", "user.a", value, 100), 0);
	assert_int_equal(sys_getxattr(thread, user("/link"), user("user.b"), user(NULL), 0),
	    strlen(VALUE));
	assert_int_equal(sys_fgetxattr(thread, fd, user("user.b"), user(value), 100),
	    strlen(VALUE));

	assert_int_equal(sys_listxattr(thread, user("/file"), user(NULL), 0), 24);
	assert_int_equal(sys_flistxattr(thread, fd, user(list), 100), 24);
	assert_memory_equal(list, "trusted.c\0user.a\0user.b\0", 24);
	assert_int_equal(sys_listxattr(thread, user("/file"), user(list), 23), -ERANGE);
	assert_int_equal(sys_llistxattr(thread, user("/link"), user(list), 100), 0);

	assert_int_equal(sys_removexattr(thread, user("/link"), user("user.a")), 0);
	assert_int_equal(sys_lremovexattr(thread, user("/file"), user("user.a")), -ENODATA);
	assert_int_equal(sys_fremovexattr(thread, fd, user("trusted.c")), 0);
	assert_int_equal(sys_listxattr(thread, user("/file"), user(list), 100), 7);
	assert_memory_equal(list, "user.b", 7);
	assert_int_equal(sys_fsetxattr(thread, fd, user("user.b"), user("y"), 1, 2), 0);
	assert_int_equal(get(thread, "/file", "user.b", value, 100), 1);
}

static void
errors_are_those_of_linux(void **state)
{
	struct thread *thread = thread_of(state);
	static char large[XATTR_VALUE_MAX + 1], name[300];
	char value[100];
	struct user_ptr big = user(large);

	make_files(thread);
	assert_int_equal(set(thread, "/file", "user.a", "1", 0), 0);
	memset(name, 'n', sizeof(name) - 1);
	memcpy(name, "user.", 5);
	const struct {
		const char *what;
		int64_t got, want;
	} rows[] = {
		{ "no name", set(thread, "/no", "", "", 0), -ERANGE },
		{ "long name", set(thread, "/file", name, "", 0), -ERANGE },
		{ "bare family", set(thread, "/file", "user.", "", 0), -EINVAL },
		{ "half a family", set(thread, "/file", "user", "", 0), -EOPNOTSUPP },
		{ "other family", set(thread, "/file", "os2.x", "", 0), -EOPNOTSUPP },
		{ "system", set(thread, "/file", "system.x", "", 0), -EOPNOTSUPP },
		{ "acl", get(thread, "/file", "system.posix_acl_access", value, 9), -EOPNOTSUPP },
		{ "no file", set(thread, "/no", "user.x", "", 0), -ENOENT },
		{ "flags", set(thread, "/no", "", "", 4), -EINVAL },
		{ "create", set(thread, "/file", "user.a", "", XATTR_CREATE), -EEXIST },
		{ "replace", set(thread, "/file", "user.b", "", XATTR_REPLACE), -ENODATA },
		{ "both", set(thread, "/file", "user.b", "", 3), -ENODATA },
		{ "too large",
		    sys_setxattr(thread, user("/file"), user("user.b"), big, sizeof(large), 0),
		    -E2BIG },
		{ "short", get(thread, "/file", "trusted.a", value, 0), -ENODATA },
		{ "link", set(thread, "/link", "user.x", "", 0), -EPERM },
		{ "of a link", get(thread, "/link", "user.x", value, 9), -ENODATA },
		{ "socket", set(thread, "/socket", "user.x", "", 0), -EPERM },
		{ "trusted link", set(thread, "/link", "trusted.x", "", 0), 0 },
		{ "capability", set(thread, "/file", "security.capability", "x", 0), -EINVAL },
		{ "ours", set(thread, "/file", "rump.filesystem", "", 0), -EPERM },
		{ "address",
		    sys_setxattr(thread, user("/file"), user("user.x"), (struct user_ptr){ 8 }, 9,
			0),
		    -EFAULT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].got != rows[i].want)
			fail_msg("%s: %lld, not %lld", rows[i].what, (long long)rows[i].got,
			    (long long)rows[i].want);
	}
	assert_int_equal(sys_setxattr(thread, user("/file"), user("user.b"), big, XATTR_VALUE_MAX,
			     0),
	    0);
	assert_int_equal(get(thread, "/file", "user.b", value, 100), -ERANGE);
	assert_int_equal(get(thread, "/file", "user.b", NULL, 0), XATTR_VALUE_MAX);
}

static void
who_is_not_trusted_knows_nothing_of_it(void **state)
{
	struct thread *thread = thread_of(state);
	char list[100];

	make_files(thread);
	assert_int_equal(sys_fchmodat(thread, AT_FDCWD, user("/dir"), 01777), 0);
	assert_int_equal(set(thread, "/file", "trusted.a", "1", 0), 0);
	assert_int_equal(set(thread, "/file", "security.a", "1", 0), 0);
	assert_int_equal(set(thread, "/file", "user.a", "1", 0), 0);
	become(thread, 1000);
	assert_int_equal(sys_listxattr(thread, user("/file"), user(list), 100), 18);
	assert_memory_equal(list, "security.a\0user.a", 18);
	assert_int_equal(get(thread, "/file", "trusted.a", list, 9), -ENODATA);
	assert_int_equal(set(thread, "/file", "trusted.a", "", 0), -EPERM);
	assert_int_equal(get(thread, "/file", "security.a", list, 9), 1);
	assert_int_equal(set(thread, "/file", "security.a", "", 0), -EPERM);
	assert_int_equal(get(thread, "/file", "user.a", list, 9), 1);
	assert_int_equal(set(thread, "/file", "user.a", "", 0), -EACCES);
	assert_int_equal(sys_removexattr(thread, user("/file"), user("user.a")), -EACCES);
	/* A directory that anybody may write to, but for attributes. */
	assert_int_equal(set(thread, "/dir", "user.a", "", 0), -EPERM);
}

/* The limit of a mount is one for content and attributes. */
static void
attributes_count_against_the_limit_of_the_mount(void **state)
{
	struct thread *thread = thread_of(state);
	static char value[3 * PAGE_SIZE];
	struct fs_statistics before, after;
	struct mount *mount;
	struct file *file;
	int fd;

	assert_int_equal(sys_mkdirat(thread, AT_FDCWD, user("/m"), 0755), 0);
	assert_int_equal(sys_mount(thread, user("none"), user("/m"), user("tmpfs"), 0,
			     user("size=16k")),
	    0);
	fd = open_path(thread, "/m/file", OPEN_CREATE | OPEN_READ_WRITE);
	file = thread_file(thread, fd);
	mount = file->vnode->mount;
	assert_int_equal(mount_statistics(mount, &before), 0);
	assert_int_equal(sys_fsetxattr(thread, fd, user("user.a"), user(value), sizeof(value), 0),
	    0);
	assert_int_equal(mount_statistics(mount, &after), 0);
	assert_int_equal(after.blocks_free, 0);
	assert_int_equal(sys_fsetxattr(thread, fd, user("user.b"), user(value), PAGE_SIZE, 0),
	    -ENOSPC);
	assert_int_equal(sys_pwrite(thread, fd, user("x"), 1, 0), -ENOSPC);
	assert_int_equal(sys_fsetxattr(thread, fd, user("user.a"), user(value), 1, 0), 0);
	assert_int_equal(sys_pwrite(thread, fd, user("x"), 1, 0), 1);
	assert_int_equal(sys_fremovexattr(thread, fd, user("user.a")), 0);
	assert_int_equal(sys_ftruncate(thread, fd, 0), 0);
	assert_int_equal(mount_statistics(mount, &after), 0);
	assert_int_equal(after.blocks_free, before.blocks_free);
	file_put(file);
}

/* Names are as many as a list can hold. */
static void
names_that_no_list_could_hold_are_refused(void **state)
{
	struct thread *thread = thread_of(state);
	static char list[XATTR_LIST_MAX], name[256];
	int64_t result = 0;
	unsigned count = 0;

	make_files(thread);
	for (; result == 0 && count < 300; count++) {
		snprintf(name, sizeof(name), "user.%0250u", count);
		result = set(thread, "/file", name, "", 0);
	}
	assert_int_equal(result, -ENOSPC);
	assert_int_equal(count, XATTR_LIST_MAX / 256 + 1);
	assert_int_equal(sys_listxattr(thread, user("/file"), user(list), sizeof(list)),
	    XATTR_LIST_MAX);
}

static void
the_newest_forms_take_a_descriptor_and_a_structure(void **state)
{
	struct thread *thread = thread_of(state);
	char value[20] = "1", list[20];
	struct {
		uint64_t value;
		uint32_t size, flags;
		uint64_t more;
	} args = { user(value).address, 1, 0, 0 };
	int fd, path;

	make_files(thread);
	fd = open_path(thread, "/file", 0);
	path = open_path(thread, "/file", OPEN_PATH);
	assert_int_equal(sys_setxattrat(thread, fd, user(""), AT_EMPTY_PATH, user("user.a"),
			     user(&args), 16),
	    0);
	args.size = 20;
	assert_int_equal(sys_getxattrat(thread, fd, user(NULL), AT_EMPTY_PATH, user("user.a"),
			     user(&args), sizeof(args)),
	    1);
	assert_int_equal(sys_getxattrat(thread, path, user(""), AT_EMPTY_PATH, user("user.a"),
			     user(&args), 16),
	    -EBADF);
	assert_int_equal(sys_getxattrat(thread, fd, user(""), 0, user("user.a"), user(&args), 16),
	    -ENOENT);
	assert_int_equal(sys_getxattrat(thread, AT_FDCWD, user("/file"), 0, user("user.a"),
			     user(&args), 15),
	    -EINVAL);
	args.more = 1;
	assert_int_equal(sys_getxattrat(thread, AT_FDCWD, user("/file"), 0, user("user.a"),
			     user(&args), sizeof(args)),
	    -E2BIG);
	assert_int_equal(sys_listxattrat(thread, AT_FDCWD, user("/file"), 8, user(list), 20),
	    -EINVAL);
	assert_int_equal(sys_removexattrat(thread, fd, user(""), AT_EMPTY_PATH, user("user.a")), 0);
	assert_int_equal(sys_listxattrat(thread, AT_FDCWD, user("/file"), 0, user(list), 20), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(what_is_set_is_read_listed_and_removed),
		caller_test(errors_are_those_of_linux),
		caller_test(who_is_not_trusted_knows_nothing_of_it),
		caller_test(attributes_count_against_the_limit_of_the_mount),
		caller_test(names_that_no_list_could_hold_are_refused),
		caller_test(the_newest_forms_take_a_descriptor_and_a_structure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
