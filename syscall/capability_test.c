/*
 * Tests of capabilities: capget and capset, how they follow the user, and what
 * files need them for.
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

#define BIT(capability) ((uint64_t)1 << (capability))

struct header {
	uint32_t version;
	int32_t pid;
};

struct sets {
	uint32_t words[6]; /* effective, permitted, inheritable; then their high halves */
};

enum {
	EFFECTIVE,
	PERMITTED,
	INHERITABLE,
};

static uint64_t
get(struct thread *thread, unsigned which)
{
	struct header header = { 0x20080522, 0 };
	struct sets sets;

	assert_int_equal(sys_capget(thread, user(&header), user(&sets)), 0);
	return sets.words[which] | (uint64_t)sets.words[which + 3] << 32;
}

static int64_t
set(struct thread *thread, uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct header header = { 0x20080522, 0 };
	struct sets sets = { { (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable,
	    (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
	    (uint32_t)(inheritable >> 32) } };
	int64_t result = sys_capset(thread, user(&header), user(&sets));

	thread_enter(thread);
	return result;
}

static void
set_user(struct thread *thread, uint32_t real, uint32_t effective, uint32_t saved)
{
	assert_int_equal(sys_setresuid(thread, real, effective, saved), 0);
	thread_enter(thread);
}

static void
nothing_becomes_possible_that_was_not_permitted(void **state)
{
	struct thread *thread = thread_of(state);
	uint64_t some = BIT(CAP_CHOWN) | BIT(CAP_SETFCAP) | BIT(CAP_MAC_OVERRIDE);

	assert_true(get(thread, EFFECTIVE) == CAPABILITIES_ALL);
	assert_true(get(thread, INHERITABLE) == 0);
	assert_int_equal(set(thread, BIT(CAP_CHOWN), some, BIT(CAP_MKNOD)), 0);
	assert_true(get(thread, EFFECTIVE) == BIT(CAP_CHOWN));
	assert_true(get(thread, PERMITTED) == some);
	assert_true(get(thread, INHERITABLE) == BIT(CAP_MKNOD));
	assert_int_equal(set(thread, some | BIT(CAP_MKNOD), some, 0), -EPERM);
	assert_int_equal(set(thread, 0, some | BIT(CAP_MKNOD), 0), -EPERM);
	assert_int_equal(set(thread, 0, some, BIT(CAP_SETUID)), -EPERM);
	assert_int_equal(set(thread, some, some, some), 0);
}

static void
capabilities_go_with_the_last_id_that_is_0(void **state)
{
	struct thread *thread = thread_of(state);

	set_user(thread, 0, 1000, 0);
	assert_true(get(thread, EFFECTIVE) == 0);
	assert_true(get(thread, PERMITTED) == CAPABILITIES_ALL);
	/* They may be had back, or the user with them. */
	assert_int_equal(set(thread, BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_SETUID), 0), 0);
	set_user(thread, 0, 0, 0);
	assert_true(get(thread, EFFECTIVE) == (BIT(CAP_CHOWN) | BIT(CAP_SETUID)));
	set_user(thread, 1000, 1000, 1000);
	assert_true(get(thread, PERMITTED) == 0);
	assert_int_equal(sys_setuid(thread, 0), -EPERM);
}

static void
who_keeps_them_has_them_as_any_user(void **state)
{
	struct thread *thread = thread_of(state);

	assert_int_equal(sys_prctl(thread, 8, 2, 0, 0, 0), -EINVAL);
	assert_int_equal(sys_prctl(thread, 8, 1, 0, 0, 0), 0);
	thread_enter(thread);
	assert_int_equal(sys_prctl(thread, 7, 0, 0, 0, 0), 1);
	set_user(thread, 1000, 1000, 1000);
	assert_true(get(thread, EFFECTIVE) == 0);
	assert_true(get(thread, PERMITTED) == CAPABILITIES_ALL);
	assert_int_equal(set(thread, BIT(CAP_SETUID), CAPABILITIES_ALL, 0), 0);
	set_user(thread, 0, 0, 0);
	assert_true(get(thread, EFFECTIVE) == CAPABILITIES_ALL);
	assert_int_equal(sys_prctl(thread, 23, 40, 0, 0, 0), 1);
	assert_int_equal(sys_prctl(thread, 23, 41, 0, 0, 0), -EINVAL);
	assert_int_equal(sys_prctl(thread, 999, 0, 0, 0, 0), -EINVAL);
}

static void
versions_and_processes_are_checked(void **state)
{
	struct thread *thread = thread_of(state);
	struct header old = { 0x19980330, 0 }, wrong = { 1, 0 }, other = { 0x20080522, 4711 };
	struct sets sets = { { 0, 0, 0, 7, 7, 7 } };

	assert_int_equal(sys_capget(thread, user(&wrong), user(&sets)), -EINVAL);
	assert_int_equal(wrong.version, 0x20080522);
	wrong.version = 1;
	assert_int_equal(sys_capget(thread, user(&wrong), user(NULL)), 0);
	assert_int_equal(wrong.version, 0x20080522);
	assert_int_equal(sys_capget(thread, user(&other), user(&sets)), -ESRCH);
	assert_int_equal(sys_capset(thread, user(&other), user(&sets)), -EPERM);
	other.pid = -1;
	assert_int_equal(sys_capget(thread, user(&other), user(&sets)), -EINVAL);
	assert_int_equal(sys_capget(thread, (struct user_ptr){ 8 }, user(&sets)), -EFAULT);
	assert_int_equal(sys_capget(thread, user(&old), user(&sets)), 0);
	assert_int_equal(sets.words[EFFECTIVE], UINT32_MAX);
	assert_int_equal(sets.words[3], 7); /* one word of each is all that it has */
}

/* One capability each, for what nobody else may. */
static void
each_capability_is_good_for_its_own(void **state)
{
	struct thread *thread = thread_of(state);
	char list[10];

	open_path(thread, "/file", OPEN_CREATE | OPEN_READ_WRITE);
	assert_int_equal(sys_fchmodat(thread, AT_FDCWD, user("/file"), 0), 0);
	assert_int_equal(sys_prctl(thread, 8, 1, 0, 0, 0), 0);
	thread_enter(thread);
	set_user(thread, 1000, 1000, 1000);

#define WITH(capability) assert_int_equal(set(thread, BIT(capability), CAPABILITIES_ALL, 0), 0)
	WITH(CAP_MKNOD);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/file"), 0, 0), -EACCES);
	assert_int_equal(sys_fchmodat(thread, AT_FDCWD, user("/file"), 0600), -EPERM);
	WITH(CAP_DAC_READ_SEARCH);
	assert_int_equal(sys_openat(thread, AT_FDCWD, user("/file"), 1, 0), -EACCES);
	open_path(thread, "/file", 0);
	WITH(CAP_DAC_OVERRIDE);
	open_path(thread, "/file", OPEN_READ_WRITE);
	WITH(CAP_FOWNER);
	assert_int_equal(sys_fchmodat(thread, AT_FDCWD, user("/file"), 0640), 0);
	assert_int_equal(sys_fchownat(thread, AT_FDCWD, user("/file"), 1, 1, 0), -EPERM);
	WITH(CAP_CHOWN);
	assert_int_equal(sys_fchownat(thread, AT_FDCWD, user("/file"), 1, 1, 0), 0);
	assert_int_equal(sys_chroot(thread, user("/")), -EPERM);
	WITH(CAP_SYS_CHROOT);
	assert_int_equal(sys_chroot(thread, user("/")), 0);
	assert_int_equal(sys_umount2(thread, user("/"), 0), -EPERM);
	WITH(CAP_SYS_ADMIN);
	assert_int_equal(sys_lgetxattr(thread, user("/file"), user("trusted.x"), user(list), 10),
	    -ENODATA);
	assert_int_equal(sys_lsetxattr(thread, user("/file"), user("trusted.x"), user(list), 1, 0),
	    0);
	assert_int_equal(sys_setgroups(thread, 0, user(NULL)), -EPERM);
	WITH(CAP_SETGID);
	assert_int_equal(sys_setgroups(thread, 0, user(NULL)), 0);
#undef WITH
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(nothing_becomes_possible_that_was_not_permitted),
		caller_test(capabilities_go_with_the_last_id_that_is_0),
		caller_test(who_keeps_them_has_them_as_any_user),
		caller_test(versions_and_processes_are_checked),
		caller_test(each_capability_is_good_for_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
