/* Processes and threads: what they inherit, share, and leave behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/kernel.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "tests/caller.h"

#define AT_FDCWD (-100)

static struct thread *
fork_thread(struct thread *parent, enum process_descriptors descriptors)
{
	struct thread *thread;

	assert_int_equal(process_fork(parent, descriptors, &thread), 0);
	return thread;
}

static void
process_1_begins_at_the_root_with_nothing_open(void **state)
{
	struct thread *thread = ((struct caller *)*state)->thread;
	char path[8];

	assert_int_equal(sys_getpid(thread), 1);
	assert_int_equal(sys_getppid(thread), 0);
	assert_int_equal(sys_gettid(thread), 1);
	assert_int_equal(sys_getuid(thread), 0);
	assert_int_equal(sys_getcwd(thread, user(path), sizeof(path)), 2);
	assert_string_equal(path, "/");
	assert_int_equal(sys_umask(thread, 0), 022);
	assert_int_equal(sys_close(thread, 0), -EBADF);
}

static void
threads_of_a_process_have_ids_of_their_own(void **state)
{
	struct caller *caller = *state;
	struct thread *second, *third;

	assert_int_equal(thread_create(caller->kernel, 1, &second), 0);
	assert_int_equal(thread_create(caller->kernel, 1, &third), 0);
	assert_int_equal(sys_getpid(second), 1);
	assert_int_not_equal(sys_gettid(second), sys_gettid(third));
	assert_int_not_equal(sys_gettid(second), 1);
	thread_destroy(third);
	thread_destroy(second);
	assert_int_equal(thread_create(caller->kernel, 99, &second), -ESRCH);
}

static void
a_leader_that_left_is_replaced(void **state)
{
	struct caller *caller = *state;

	thread_destroy(caller->thread);
	assert_int_equal(thread_create(caller->kernel, 1, &caller->thread), 0);
	assert_int_equal(sys_gettid(caller->thread), 1);
}

static void
a_child_inherits(void **state)
{
	struct thread *parent = ((struct caller *)*state)->thread;
	struct thread *child;
	char path[8];

	assert_int_equal(sys_mkdirat(parent, AT_FDCWD, user("/home"), 0777), 0);
	assert_int_equal(sys_chdir(parent, user("/home")), 0);
	sys_umask(parent, 027);
	assert_int_equal(sys_setresuid(parent, 7, 7, 0), 0);
	thread_enter(parent);

	child = fork_thread(parent, DESCRIPTORS_NONE);
	assert_int_not_equal(sys_getpid(child), 1);
	assert_int_equal(sys_getppid(child), 1);
	assert_int_equal(sys_gettid(child), sys_getpid(child));
	assert_int_equal(sys_getuid(child), 7);
	assert_int_equal(sys_umask(child, 0), 027);
	assert_int_equal(sys_getcwd(child, user(path), sizeof(path)), 6);
	assert_string_equal(path, "/home");
	thread_destroy(child);
}

static void
what_a_child_changes_is_its_own(void **state)
{
	struct thread *parent = ((struct caller *)*state)->thread;
	struct thread *child;
	char path[8];

	assert_int_equal(sys_mkdirat(parent, AT_FDCWD, user("/home"), 0777), 0);
	child = fork_thread(parent, DESCRIPTORS_SHARED);
	assert_int_equal(sys_chdir(child, user("home")), 0);
	sys_umask(child, 0777);
	assert_int_equal(sys_setuid(child, 9), 0);
	thread_enter(parent);

	assert_int_equal(sys_getcwd(parent, user(path), sizeof(path)), 2);
	assert_int_equal(sys_getuid(parent), 0);
	assert_int_equal(sys_umask(parent, 022), 022);
	thread_destroy(child);
}

static void
descriptors_are_shared_copied_or_left_behind(void **state)
{
	struct thread *parent = ((struct caller *)*state)->thread;
	struct thread *sharer, *copier, *without;

	assert_int_equal(sys_openat(parent, AT_FDCWD, user("/"), 0, 0), 0);
	sharer = fork_thread(parent, DESCRIPTORS_SHARED);
	copier = fork_thread(parent, DESCRIPTORS_COPIED);
	without = fork_thread(parent, DESCRIPTORS_NONE);
	assert_int_equal(sys_close(without, 0), -EBADF);
	assert_int_equal(sys_close(sharer, 0), 0);
	assert_int_equal(sys_close(parent, 0), -EBADF);
	assert_int_equal(sys_close(copier, 0), 0);
	thread_destroy(without);
	thread_destroy(copier);
	thread_destroy(sharer);
}

static void
the_last_thread_takes_the_process_along(void **state)
{
	struct caller *caller = *state;
	struct thread *child = fork_thread(caller->thread, DESCRIPTORS_NONE), *second, *third;
	uint32_t pid = child->id;

	assert_int_equal(sys_openat(child, AT_FDCWD, user("/"), 0, 0), 0);
	assert_int_equal(thread_create(caller->kernel, pid, &second), 0);
	thread_destroy(child);
	assert_int_equal(sys_fchdir(second, 0), 0);
	thread_destroy(second);
	assert_int_equal(thread_create(caller->kernel, pid, &third), -ESRCH);
}

static void
orphans_become_children_of_process_1(void **state)
{
	struct caller *caller = *state;
	struct thread *parent = fork_thread(caller->thread, DESCRIPTORS_NONE);
	struct thread *child = fork_thread(parent, DESCRIPTORS_NONE);

	assert_int_equal(sys_getppid(child), sys_getpid(parent));
	thread_destroy(parent);
	assert_int_equal(sys_getppid(child), 1);
	thread_destroy(child);
}

static void
credentials_change_for_all_threads_with_their_next_call(void **state)
{
	struct caller *caller = *state;
	struct thread *other;

	assert_int_equal(thread_create(caller->kernel, 1, &other), 0);
	assert_int_equal(sys_setuid(caller->thread, 5), 0);
	assert_int_equal(sys_geteuid(other), 0);
	thread_enter(other);
	assert_int_equal(sys_geteuid(other), 5);
	thread_destroy(other);
}

/* ---- identities: each row starts as the superuser, sets, and looks -------------------------------- */

enum call {
	SETUID,
	SETREUID,
	SETRESUID,
};

#define SAME UINT32_MAX

static int64_t
set_ids(struct thread *thread, enum call call, const uint32_t ids[3])
{
	int64_t result;

	switch (call) {
	case SETUID:
		result = sys_setuid(thread, ids[0]);
		break;
	case SETREUID:
		result = sys_setreuid(thread, ids[0], ids[1]);
		break;
	default:
		result = sys_setresuid(thread, ids[0], ids[1], ids[2]);
		break;
	}
	thread_enter(thread);
	return result;
}

static void
user_ids_change_as_linux_allows(void **state)
{
	static const struct {
		const char *why;
		uint32_t before[3]; /* real, effective, saved */
		enum call call;
		uint32_t ids[3];
		int64_t want;
		uint32_t after[3];
	} rows[] = {
		{ "root becomes anybody for good", { 0, 0, 0 }, SETUID, { 7 }, 0, { 7, 7, 7 } },
		{ "-1 is nobody", { 0, 0, 0 }, SETUID, { SAME }, -EINVAL, { 0, 0, 0 } },
		{ "others go back to saved", { 7, 7, 8 }, SETUID, { 8 }, 0, { 7, 8, 8 } },
		{ "others stay", { 7, 7, 8 }, SETUID, { 9 }, -EPERM, { 7, 7, 8 } },
		{ "effective alone is no reason", { 7, 8, 7 }, SETUID, { 8 }, -EPERM, { 7, 8, 7 } },
		{ "saved follows real", { 0, 0, 0 }, SETREUID, { 5, 6 }, 0, { 5, 6, 6 } },
		{ "saved stays", { 7, 7, 8 }, SETREUID, { SAME, 7 }, 0, { 7, 7, 8 } },
		{ "saved follows other", { 7, 7, 8 }, SETREUID, { SAME, 8 }, 0, { 7, 8, 8 } },
		{ "swap", { 7, 8, 8 }, SETREUID, { 8, 7 }, 0, { 8, 7, 7 } },
		{ "real not saved", { 7, 7, 8 }, SETREUID, { 8, SAME }, -EPERM, { 7, 7, 8 } },
		{ "any of one's own", { 7, 8, 9 }, SETRESUID, { 9, 7, 8 }, 0, { 9, 7, 8 } },
		{ "none other", { 7, 8, 9 }, SETRESUID, { 7, 8, 6 }, -EPERM, { 7, 8, 9 } },
		{ "nothing", { 7, 8, 9 }, SETRESUID, { SAME, SAME, SAME }, 0, { 7, 8, 9 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct caller *caller = *state;
		struct thread *thread = fork_thread(caller->thread, DESCRIPTORS_NONE);
		uint32_t ids[3];

		assert_int_equal(set_ids(thread, SETRESUID, rows[i].before), 0);
		if (set_ids(thread, rows[i].call, rows[i].ids) != rows[i].want)
			fail_msg("%s: wrong result", rows[i].why);
		assert_int_equal(sys_getresuid(thread, user(&ids[0]), user(&ids[1]), user(&ids[2])),
		    0);
		if (memcmp(ids, rows[i].after, sizeof(ids)) != 0)
			fail_msg("%s: %u %u %u", rows[i].why, ids[0], ids[1], ids[2]);
		thread_destroy(thread);
	}
}

static void
capabilities_follow_the_effective_user(void **state)
{
	struct thread *thread = ((struct caller *)*state)->thread;

	assert_int_equal(sys_setresuid(thread, 7, 7, 0), 0);
	thread_enter(thread);
	assert_false(credential_can(thread->credential, CAP_SYS_ADMIN));
	assert_int_equal(sys_setresuid(thread, SAME, 0, SAME), 0);
	thread_enter(thread);
	assert_true(credential_can(thread->credential, CAP_SYS_ADMIN));
	assert_int_equal(sys_setuid(thread, 7), 0);
	thread_enter(thread);
	assert_false(credential_can(thread->credential, CAP_SYS_ADMIN));
	assert_int_equal(sys_setuid(thread, 0), -EPERM);
}

static void
the_user_for_files_has_the_capabilities_for_files(void **state)
{
	struct thread *thread = ((struct caller *)*state)->thread;

	assert_int_equal(sys_setfsuid(thread, 7), 0);
	thread_enter(thread);
	assert_false(credential_can(thread->credential, CAP_DAC_OVERRIDE));
	assert_true(credential_can(thread->credential, CAP_SYS_ADMIN));
	assert_int_equal(sys_setfsuid(thread, SAME), 7);
	assert_int_equal(sys_setfsuid(thread, 0), 7);
	thread_enter(thread);
	assert_true(credential_can(thread->credential, CAP_DAC_OVERRIDE));
}

static void
groups_are_set_by_those_who_may(void **state)
{
	struct thread *thread = ((struct caller *)*state)->thread;
	uint32_t groups[CREDENTIAL_GROUPS_MAX + 1] = { 3, 1, 2 }, back[4];

	assert_int_equal(sys_setgroups(thread, ARRAY_SIZE(groups), user(groups)), -EINVAL);
	assert_int_equal(sys_setgroups(thread, 3, user(groups)), 0);
	thread_enter(thread);
	assert_int_equal(sys_getgroups(thread, 0, user(NULL)), 3);
	assert_int_equal(sys_getgroups(thread, 2, user(back)), -EINVAL);
	assert_int_equal(sys_getgroups(thread, 4, user(back)), 3);
	assert_memory_equal(back, groups, 3 * sizeof(groups[0]));
	assert_int_equal(sys_setgroups(thread, 1, user(NULL)), -EFAULT);
	assert_int_equal(sys_setuid(thread, 7), 0);
	thread_enter(thread);
	assert_int_equal(sys_setgroups(thread, 0, user(NULL)), -EPERM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(process_1_begins_at_the_root_with_nothing_open),
		caller_test(threads_of_a_process_have_ids_of_their_own),
		caller_test(a_leader_that_left_is_replaced),
		caller_test(a_child_inherits),
		caller_test(what_a_child_changes_is_its_own),
		caller_test(descriptors_are_shared_copied_or_left_behind),
		caller_test(the_last_thread_takes_the_process_along),
		caller_test(orphans_become_children_of_process_1),
		caller_test(credentials_change_for_all_threads_with_their_next_call),
		caller_test(user_ids_change_as_linux_allows),
		caller_test(capabilities_follow_the_effective_user),
		caller_test(the_user_for_files_has_the_capabilities_for_files),
		caller_test(groups_are_set_by_those_who_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
