/*
 * The library through its public interface alone: kernels, host threads and
 * processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tests/holdings.h"

/* Sanitizers make everything slower, and their own memory hides ours. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#define assert_fails(error, call) \
	do { \
		errno = 0; \
		assert_int_equal(call, -1); \
		assert_int_equal(errno, error); \
	} while (0)

static struct rump_kernel *
create_kernel(void)
{
	struct rump_kernel *kernel;

	assert_int_equal(rump_kernel_create(NULL, &kernel), 0);
	assert_non_null(kernel);
	return kernel;
}

/* Make a file that tells kernels apart. */
static void
leave_mark(const char *name)
{
	int fd = rump_sys_open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);

	assert_true(fd >= 0);
	assert_int_equal(rump_sys_close(fd), 0);
}

static bool
has_mark(const char *name)
{
	return rump_sys_access(name, F_OK) == 0;
}

/* ---- one kernel ---------------------------------------------------------------------------------- */

static void
the_default_kernel_needs_no_preparation(void **state)
{
	assert_int_equal(rump_sys_getpid(), 1);
	assert_int_equal(rump_sys_getppid(), 0);
	assert_int_equal(rump_sys_getuid(), 0);
	assert_int_equal(rump_init(), 0);
	assert_int_equal(rump_init(), 0);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

static void
files_keep_what_is_written(void **state)
{
	struct iovec vector[2] = { { (char *)"hello, ", 7 }, { (char *)"world", 5 } };
	char buffer[32];
	int fd = rump_sys_open("/file", O_CREAT | O_RDWR, 0644), other;

	assert_true(fd >= 0);
	assert_int_equal(rump_sys_writev(fd, vector, 2), 12);
	assert_int_equal(rump_sys_pread(fd, buffer, sizeof(buffer), 7), 5);
	assert_memory_equal(buffer, "world", 5);
	other = rump_sys_dup(fd);
	assert_int_equal(rump_sys_lseek(other, 0, SEEK_CUR), 12);
	assert_int_equal(rump_sys_lseek(other, 0, SEEK_SET), 0);
	assert_int_equal(rump_sys_read(fd, buffer, 5), 5);
	assert_memory_equal(buffer, "hello", 5);
	assert_int_equal(rump_sys_unlink("/file"), 0);
	assert_int_equal(rump_sys_read(other, buffer, sizeof(buffer)), 7);
	assert_int_equal(rump_sys_close(fd), 0);
	assert_int_equal(rump_sys_close(other), 0);
	assert_fails(EBADF, rump_sys_close(other));
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

static void
the_environment_configures_the_default_kernel(void **state)
{
	static const struct {
		const char *text;
		uint64_t want; /* 0: refused */
	} rows[] = {
		{ "8388608", 8388608 },
		{ "8192k", 8388608 },
		{ "64M", 64 << 20 },
		{ "1g", 1 << 30 },
		{ "8m ", 0 },
		{ "-1", 0 },
		{ "m", 0 },
		{ "", 0 },
		{ "99999999999999999999", 0 },
		{ "99999999999999g", 0 },
	};
	struct rump_kernel_statistics statistics;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setenv("RUMP_MEMLIMIT", rows[i].text, 1);
		if (rows[i].want == 0) {
			assert_int_equal(rump_init(), EINVAL);
			assert_fails(EINVAL, rump_sys_getpid());
			continue;
		}
		assert_int_equal(rump_kernel_statistics(NULL, &statistics), 0);
		assert_int_equal(statistics.memory_limit, rows[i].want);
		assert_int_equal(rump_kernel_destroy(NULL), 0);
	}
	unsetenv("RUMP_MEMLIMIT");
	setenv("RUMP_VERBOSE", "8", 1);
	assert_int_equal(rump_init(), EINVAL);
	unsetenv("RUMP_VERBOSE");
}

static void
configurations_are_checked(void **state)
{
	struct rump_kernel_config config = { .console_level = 8 };
	struct rump_kernel *kernel;

	assert_int_equal(rump_kernel_create(&config, &kernel), EINVAL);
	assert_null(kernel);
	config = (struct rump_kernel_config){ .reserved[3] = 1 };
	assert_int_equal(rump_kernel_create(&config, &kernel), EINVAL);
	config = (struct rump_kernel_config){ .memory_limit = 4096 };
	assert_int_equal(rump_kernel_create(&config, &kernel), ENOMEM);
	assert_null(kernel);
}

/* What a kernel of this configuration says the time is, and 16 random bytes. */
static time_t
time_and_random_of(const struct rump_kernel_config *config, uint8_t bytes[16])
{
	struct rump_kernel *kernel;
	struct stat st;

	assert_int_equal(rump_kernel_create(config, &kernel), 0);
	rump_kernel_switch(kernel);
	assert_int_equal(rump_sys_mkdir("/directory", 0755), 0);
	assert_int_equal(rump_sys_stat("/directory", &st), 0);
	assert_int_equal(rump_sys_getrandom(bytes, 16, 0), 16);
	assert_int_equal(rump_kernel_destroy(kernel), 0);
	return st.st_mtim.tv_sec;
}

static void
time_and_randomness_can_be_settled(void **state)
{
	const int64_t second = 1000000000;
	struct rump_kernel_config config = {
		.flags = RUMP_KERNEL_FIXED_TIME | RUMP_KERNEL_SEEDED,
		.time_ns = 1234 * second,
		.random_seed = 7,
	};
	uint8_t first[16], second_time[16], other[16];

	assert_int_equal(time_and_random_of(&config, first), 1234);
	assert_int_equal(time_and_random_of(&config, second_time), 1234);
	assert_memory_equal(first, second_time, 16);
	config.random_seed = 8;
	config.time_ns = -5 * second;
	assert_int_equal(time_and_random_of(&config, other), -5);
	assert_memory_not_equal(first, other, 16);
	config = (struct rump_kernel_config){ .flags = RUMP_KERNEL_FIXED_TIME };
	assert_int_equal(time_and_random_of(&config, first), 0);
	assert_int_equal(time_and_random_of(&config, other), 0);
	assert_memory_not_equal(first, other, 16);
	config = (struct rump_kernel_config){ .flags = 4 };
	assert_int_equal(rump_kernel_create(&config, &(struct rump_kernel *){ NULL }), EINVAL);

	setenv("RUMP_TIME", "99", 1);
	setenv("RUMP_SEED", "8", 1);
	assert_int_equal(rump_sys_mkdir("/directory", 0755), 0);
	assert_int_equal(rump_sys_getrandom(first, 16, 0), 16);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
	setenv("RUMP_TIME", "99 ", 1);
	assert_int_equal(rump_init(), EINVAL);
	unsetenv("RUMP_TIME");
	unsetenv("RUMP_SEED");
}

/* Why there is no file system of which kind is in fs/ffs/make_test.c. */
static void
file_systems_are_made(void **state)
{
	char name[] = "/tmp/library-test-XXXXXX";
	int fd = mkstemp(name);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 8 << 20), 0);
	close(fd);
	assert_int_equal(rump_pub_etfs_register("/dev/disk", name, RUMP_ETFS_BLK), 0);
	assert_int_equal(rump_pub_fs_make("/dev/none", "ffs", NULL), ENOENT);
	assert_int_equal(rump_pub_fs_make("/dev/null", "ffs", NULL), ENOTBLK);
	assert_int_equal(rump_pub_fs_make("/dev/disk", "nofs", NULL), ENODEV);
	assert_int_equal(rump_pub_fs_make("/dev/disk", "cpio", NULL), EOPNOTSUPP);
	assert_int_equal(rump_pub_fs_make("/dev/disk", "ffs", "block=1"), EINVAL);
	assert_int_equal(rump_pub_fs_make("/dev/disk", "ffs", "size=4096"), ENOSPC);
	assert_int_equal(rump_pub_fs_make("/dev/disk", "ffs", "version=1,order=be"), 0);
	assert_int_equal(rump_sys_mkdir("/mnt", 0755), 0);
	assert_int_equal(rump_sys_mount("/dev/disk", "/mnt", "ffs", 0, NULL), 0);
	assert_int_equal(rump_pub_fs_make("/dev/disk", "ffs", NULL), EBUSY);
	assert_int_equal(rump_sys_mkdir("/mnt/directory", 0755), 0);
	assert_int_equal(rump_sys_umount2("/mnt", 0), 0);
	assert_int_equal(rump_pub_fs_make("/dev/disk", "ffs", NULL), 0);
	assert_int_equal(rump_sys_mount("/dev/disk", "/mnt", "ffs", MS_RDONLY, NULL), 0);
	assert_fails(ENOENT, rump_sys_stat("/mnt/directory", &st));
	assert_int_equal(rump_kernel_destroy(NULL), 0);
	assert_int_equal(rump_pub_etfs_register("/dev/disk", name,
			     RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY),
	    0);
	assert_int_equal(rump_pub_fs_make("/dev/disk", "ffs", NULL), EROFS);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
	unlink(name);
}

static void
a_kernel_stays_within_its_memory_limit(void **state)
{
	struct rump_kernel_config config = { .memory_limit = 2 << 20 };
	struct rump_kernel_statistics statistics;
	struct rump_kernel *kernel;
	static char data[65536];
	uint64_t written = 0;
	ssize_t done;
	int fd;

	assert_int_equal(rump_kernel_create(&config, &kernel), 0);
	rump_kernel_switch(kernel);
	fd = rump_sys_open("/big", O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	while ((done = rump_sys_write(fd, data, sizeof(data))) > 0)
		written += (uint64_t)done;
	assert_int_equal(done, -1);
	assert_true(errno == ENOSPC || errno == ENOMEM);
	assert_in_range(written, 1 << 20, 2 << 20);
	assert_int_equal(rump_kernel_statistics(kernel, &statistics), 0);
	assert_in_range(statistics.memory_taken, written, 2 << 20);
	assert_int_equal(rump_kernel_destroy(kernel), 0);
}

/* ---- many kernels ---------------------------------------------------------------------------------- */

static void
kernels_do_not_see_each_other(void **state)
{
	struct rump_kernel *one = create_kernel(), *two = create_kernel();

	leave_mark("/default");
	assert_null(rump_kernel_switch(one));
	leave_mark("/one");
	assert_false(has_mark("/default"));
	assert_int_equal(rump_sys_open("/one", O_RDONLY), 0);
	assert_ptr_equal(rump_kernel_switch(two), one);
	leave_mark("/two");
	assert_false(has_mark("/one"));
	assert_fails(EBADF, rump_sys_close(0));
	assert_ptr_equal(rump_kernel_switch(NULL), two);
	assert_true(has_mark("/default"));
	assert_int_equal(rump_kernel_destroy(one), 0);
	assert_null(rump_kernel_switch(two));
	assert_true(has_mark("/two"));
	assert_int_equal(rump_kernel_destroy(two), 0);
	assert_true(has_mark("/default"));
	assert_int_equal(rump_kernel_destroy(NULL), 0);
	assert_false(has_mark("/default"));
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

static void
a_thousand_kernels_live_at_a_time(void **state)
{
	enum {
		COUNT = IS_SANITIZED ? 50 : 1000,
	};
	static struct rump_kernel *kernels[COUNT];
	char name[16];

	for (int i = 0; i < COUNT; i++) {
		kernels[i] = create_kernel();
		rump_kernel_switch(kernels[i]);
		snprintf(name, sizeof(name), "/%d", i);
		leave_mark(name);
	}
	for (int i = 0; i < COUNT; i++) {
		rump_kernel_switch(kernels[i]);
		snprintf(name, sizeof(name), "/%d", i);
		assert_true(has_mark(name));
		snprintf(name, sizeof(name), "/%d", i + 1);
		assert_false(has_mark(name));
		assert_int_equal(rump_kernel_destroy(kernels[i]), 0);
	}
}

static void
ten_thousand_kernels_leave_nothing_behind(void **state)
{
	const int turns = IS_SANITIZED ? 200 : 10000;
	struct holdings before = { 0 }, after;

	for (int i = 0; i < turns; i++) {
		struct rump_kernel *kernel = create_kernel();

		rump_kernel_switch(kernel);
		leave_mark("/file");
		assert_int_equal(rump_sys_open("/file", O_RDWR), 0);
		assert_int_equal(rump_sys_write(0, "data", 4), 4);
		assert_int_equal(rump_kernel_destroy(kernel), 0);
		if (i == turns / 10)
			before = holdings_count();
	}
	after = holdings_count();
	assert_int_equal(after.descriptors, before.descriptors);
	assert_in_range(after.mappings, 0, before.mappings + 2);
	if (!IS_SANITIZED)
		assert_in_range(after.resident, 0, before.resident + 64);
}

static void
a_kernel_says_what_it_costs(void **state)
{
	struct rump_kernel_statistics statistics;
	struct rump_kernel *kernel = create_kernel();

	assert_int_equal(rump_kernel_statistics(kernel, &statistics), 0);
	assert_int_equal(statistics.thread_count, 0);
	assert_int_equal(statistics.memory_limit, 256 << 20);
	assert_in_range(statistics.boot_time_ns, 1, 1000000000);
	assert_in_range(statistics.memory_taken, 4096, 1 << 20);
	assert_int_equal(rump_kernel_destroy(kernel), 0);
}

/* ---- host threads ------------------------------------------------------------------------------------ */

/* Run function(argument) on a host thread of its own. */
static void
on_thread(void *(*function)(void *), void *argument)
{
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, function, argument), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
}

/* NULL if all is well: cmocka's assertions are for the main thread. */
#define EXPECT(claim) \
	do { \
		if (!(claim)) \
			return (void *)(uintptr_t)__LINE__; \
	} while (0)

static void *
call_unprepared(void *argument)
{
	EXPECT(rump_sys_getpid() == 1);
	EXPECT(rump_sys_gettid() != *(int *)argument);
	EXPECT(rump_sys_access("/mark", F_OK) == 0);
	return NULL;
}

static void
any_host_thread_may_call(void **state)
{
	int tid;

	leave_mark("/mark");
	tid = rump_sys_gettid();
	for (int i = 0; i < 100; i++)
		on_thread(call_unprepared, &tid);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

static void *
call_and_end(void *kernel)
{
	rump_kernel_switch(kernel);
	EXPECT(rump_sys_getpid() == 1);
	EXPECT(rump_pub_lwproc_rfork(RUMP_RFCFDG) == 0);
	EXPECT(rump_sys_getpid() != 1);
	EXPECT(rump_sys_chdir("/mounted") == 0);
	EXPECT(rump_sys_open(".", O_RDONLY) == 0);
	return NULL;
}

static void
a_host_thread_that_ends_holds_on_to_nothing(void **state)
{
	struct rump_kernel *kernel = create_kernel();

	rump_kernel_switch(kernel);
	assert_int_equal(rump_sys_mkdir("/mounted", 0755), 0);
	assert_int_equal(rump_sys_mount("none", "/mounted", "tmpfs", 0, NULL), 0);
	on_thread(call_and_end, kernel);
	assert_int_equal(rump_sys_umount("/mounted"), 0);
	assert_int_equal(rump_kernel_destroy(kernel), 0);
}

/* A host thread that is told when to go on. */
struct partner {
	pthread_barrier_t barrier;
	struct rump_kernel *kernel;
};

static void *
outlive_kernels(void *argument)
{
	struct partner *partner = argument;

	rump_kernel_switch(partner->kernel);
	EXPECT(rump_sys_getpid() == 1);
	pthread_barrier_wait(&partner->barrier);
	/* Here the main thread destroys the kernel. */
	pthread_barrier_wait(&partner->barrier);
	errno = 0;
	EXPECT(rump_sys_getpid() == -1 && errno == ENXIO);
	EXPECT(rump_pub_lwproc_rfork(RUMP_RFCFDG) == ENXIO);
	EXPECT(rump_pub_etfs_register("/x", "/dev/null", RUMP_ETFS_BLK) == ENXIO);
	EXPECT(rump_kernel_switch(NULL) == NULL);
	EXPECT(rump_sys_getpid() == 1);
	pthread_barrier_wait(&partner->barrier);
	/* Here it destroys the default kernel. */
	pthread_barrier_wait(&partner->barrier);
	EXPECT(rump_sys_getpid() == 1);
	EXPECT(rump_sys_access("/mark", F_OK) == -1 && errno == ENOENT);
	return NULL;
}

static void
host_threads_outlive_their_kernels(void **state)
{
	struct partner partner = { .kernel = create_kernel() };
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_barrier_init(&partner.barrier, NULL, 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, outlive_kernels, &partner), 0);
	pthread_barrier_wait(&partner.barrier);
	rump_kernel_switch(partner.kernel);
	assert_int_equal(rump_kernel_destroy(partner.kernel), 0);
	assert_int_equal(rump_sys_getpid(), 1); /* whoever destroys goes on */
	leave_mark("/mark");
	pthread_barrier_wait(&partner.barrier);
	pthread_barrier_wait(&partner.barrier);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
	pthread_barrier_wait(&partner.barrier);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
	pthread_barrier_destroy(&partner.barrier);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

static void *
come_and_go(void *argument)
{
	atomic_bool *is_over = argument;

	while (!atomic_load(is_over)) {
		struct rump_kernel *kernel;

		EXPECT(rump_kernel_create(NULL, &kernel) == 0);
		rump_kernel_switch(kernel);
		EXPECT(rump_sys_mkdir("/dir", 0755) == 0);
		rump_kernel_switch(NULL);
		EXPECT(rump_sys_access("/dir", F_OK) == -1);
		EXPECT(rump_kernel_destroy(kernel) == 0);
	}
	return NULL;
}

static void
kernels_come_and_go_on_several_host_threads(void **state)
{
	atomic_bool is_over = false;
	pthread_t threads[3];

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &is_over), 0);
	for (int i = 0; i < (IS_SANITIZED ? 20 : 300); i++)
		assert_int_equal(rump_kernel_destroy(create_kernel()), 0);
	atomic_store(&is_over, true);
	for (size_t i = 0; i < 3; i++) {
		void *result;

		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

/* ---- processes ------------------------------------------------------------------------------------------ */

static void
processes_are_made_and_left(void **state)
{
	struct lwp *child;
	int pid;

	assert_null(rump_pub_lwproc_curlwp());
	assert_int_equal(rump_pub_lwproc_rfork(RUMP_RFFDG | RUMP_RFCFDG), EINVAL);
	assert_int_equal(rump_pub_lwproc_rfork(4), EINVAL);
	assert_int_equal(rump_sys_open("/", O_RDONLY), 0);
	assert_int_equal(rump_pub_lwproc_rfork(RUMP_RFFDG), 0);
	child = rump_pub_lwproc_curlwp();
	assert_non_null(child);
	pid = rump_sys_getpid();
	assert_int_not_equal(pid, 1);
	assert_int_equal(rump_sys_getppid(), 1);
	assert_int_equal(rump_sys_close(0), 0);

	rump_pub_lwproc_switch(NULL);
	assert_int_equal(rump_sys_getpid(), 1);
	assert_int_equal(rump_sys_close(0), 0);
	rump_pub_lwproc_switch(child);
	rump_pub_lwproc_switch(child);
	assert_int_equal(rump_sys_getpid(), pid);
	rump_pub_lwproc_releaselwp();
	assert_int_equal(rump_sys_getpid(), 1);
	assert_int_equal(rump_pub_lwproc_newlwp(pid), ESRCH);
	assert_int_equal(rump_pub_lwproc_newlwp(-1), ESRCH);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

static void
a_thread_joins_a_process(void **state)
{
	struct lwp *first, *second;
	int pid;

	assert_int_equal(rump_pub_lwproc_rfork(RUMP_RFCFDG), 0);
	first = rump_pub_lwproc_curlwp();
	pid = rump_sys_getpid();
	assert_int_equal(rump_sys_gettid(), pid);
	assert_int_equal(rump_sys_open("/", O_RDONLY), 0);
	assert_int_equal(rump_pub_lwproc_newlwp(pid), 0);
	second = rump_pub_lwproc_curlwp();
	assert_ptr_not_equal(first, second);
	assert_int_equal(rump_sys_getpid(), pid);
	assert_int_not_equal(rump_sys_gettid(), pid);
	assert_int_equal(rump_sys_close(0), 0);
	rump_pub_lwproc_releaselwp();
	rump_pub_lwproc_switch(first);
	assert_int_equal(rump_sys_getpid(), pid);
	rump_pub_lwproc_releaselwp();
	rump_pub_lwproc_releaselwp();
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

static void
a_thread_leads_back_to_its_kernel(void **state)
{
	struct rump_kernel *kernel = create_kernel();
	struct lwp *there, *here;

	assert_int_equal(rump_pub_lwproc_rfork(RUMP_RFCFDG), 0);
	here = rump_pub_lwproc_curlwp();
	rump_kernel_switch(kernel);
	assert_null(rump_pub_lwproc_curlwp());
	assert_int_equal(rump_pub_lwproc_rfork(RUMP_RFCFDG), 0);
	leave_mark("/there");
	there = rump_pub_lwproc_curlwp();
	rump_pub_lwproc_switch(here);
	assert_false(has_mark("/there"));
	assert_null(rump_kernel_switch(NULL));
	rump_pub_lwproc_switch(there);
	assert_true(has_mark("/there"));
	assert_ptr_equal(rump_kernel_switch(NULL), kernel);
	assert_int_equal(rump_kernel_destroy(kernel), 0);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_kernel_needs_no_preparation),
		cmocka_unit_test(files_keep_what_is_written),
		cmocka_unit_test(the_environment_configures_the_default_kernel),
		cmocka_unit_test(configurations_are_checked),
		cmocka_unit_test(time_and_randomness_can_be_settled),
		cmocka_unit_test(file_systems_are_made),
		cmocka_unit_test(a_kernel_stays_within_its_memory_limit),
		cmocka_unit_test(kernels_do_not_see_each_other),
		cmocka_unit_test(a_thousand_kernels_live_at_a_time),
		cmocka_unit_test(ten_thousand_kernels_leave_nothing_behind),
		cmocka_unit_test(a_kernel_says_what_it_costs),
		cmocka_unit_test(any_host_thread_may_call),
		cmocka_unit_test(a_host_thread_that_ends_holds_on_to_nothing),
		cmocka_unit_test(host_threads_outlive_their_kernels),
		cmocka_unit_test(kernels_come_and_go_on_several_host_threads),
		cmocka_unit_test(processes_are_made_and_left),
		cmocka_unit_test(a_thread_joins_a_process),
		cmocka_unit_test(a_thread_leads_back_to_its_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
