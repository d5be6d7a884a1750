/*
 * Mounting, walking, reading and unmounting with every single allocation
 * failing once, of the kernel's and of its host's.
 *
 * A call succeeds or says ENOMEM, what failed works when it is done again, and
 * nothing is left when the kernel is gone: a build with lock checks, which is
 * needed to let the kernel's own allocations fail, panics if there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "host/posix/posix.h"
#include "kern/kernel.h"
#include "kern/lock_debug.h"
#include "run/library/library.h"
#include "tests/memory_store.h"
#include "tests/small_images.h"

#define SWEEP_MAX    20000 /* allocations; a workload has far fewer */
#define MEMORY_LIMIT ((uint64_t)16 << 20)
#define READ_SIZE    20000 /* too little to go past the page cache */
#define READ_MAX     ((int64_t)1 << 20)

static struct small_images images;
static struct host *host;

/* ---- a host that has no memory once ----------------------------------------------------- */

static struct host_ops host_ops;
static uint64_t gets_left; /* before one fails; UINT64_MAX: none does */

static void *
failing_memory_get(struct host *self, size_t size, size_t alignment, size_t soon)
{
	if (gets_left != UINT64_MAX && gets_left-- == 0)
		return NULL;
	return posix_host_ops.memory_get(self, size, alignment, soon);
}

/* ---- the workload: what a reader does ----------------------------------------------------- */

/* Did a call that failed do so for lack of memory? */
static bool
is_good(int64_t result)
{
	return result >= 0 || errno == ENOMEM;
}

/* Each says whether its calls succeeded or lacked memory. */
static bool
read_file(const char *path)
{
	static char buffer[READ_SIZE];
	bool good = true;
	int fd = rump_sys_open(path, O_RDONLY);

	if (fd < 0)
		return is_good(fd);
	for (int64_t offset = 0; offset < READ_MAX; offset += READ_SIZE)
		good = is_good(rump_sys_pread(fd, buffer, READ_SIZE, offset)) && good;
	good = is_good(rump_sys_pread(fd, buffer, 100, 3)) && good;
	return is_good(rump_sys_close(fd)) && good;
}

static bool
list(const char *path)
{
	char buffer[2000];
	bool good = true;
	int64_t size;
	int fd = rump_sys_open(path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return is_good(fd);
	do {
		size = rump_sys_getdents64(fd, buffer, sizeof(buffer));
		good = is_good(size) && good;
	} while (size > 0);
	return is_good(rump_sys_close(fd)) && good;
}

static bool
look(const char *path)
{
	struct stat status;

	return is_good(rump_sys_lstat(path, &status));
}

static bool
read_link(const char *path)
{
	char target[1200];

	return is_good(rump_sys_readlink(path, target, sizeof(target)));
}

static bool
ask(const char *path)
{
	struct statfs statistics;
	char text[2048];
	bool good = is_good(rump_sys_statfs(path, &statistics));

	return is_good(rump_sys_getxattr(path, "rump.filesystem", text, sizeof(text))) && good;
}

static bool
use(void)
{
	static const struct {
		bool (*use)(const char *path);
		const char *path;
	} steps[] = {
		{ ask, "/mnt" },
		{ list, "/mnt" },
		{ look, "/mnt/size511" },
		{ read_file, "/mnt/size50000" },
		{ read_file, "/mnt/large" },
		{ read_link, "/mnt/link1" },
		{ read_link, "/mnt/link1000" },
		{ look, "/mnt/many/001-x" },
		{ list, "/mnt/many" },
		{ read_file, "/mnt/deep/d0/d1/../d1/d2/file" },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (!steps[i].use(steps[i].path)) {
			printf("# %s: errno %d\n", steps[i].path, errno);
			return false;
		}
	}
	return true;
}

/* Mount, use, unmount; all of it again if memory was lacking. */
static void
mount_and_use(void)
{
	bool is_mounted = rump_sys_mount("/dev/disk", "/mnt", "auto", MS_RDONLY, "") == 0;

	if (!is_mounted) {
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(rump_sys_mount("/dev/disk", "/mnt", "ffs", MS_RDONLY, ""), 0);
	}
	assert_true(use());
	if (rump_sys_umount2("/mnt", 0) != 0) {
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(rump_sys_umount2("/mnt", 0), 0);
	}
}

/* ---- sweeps --------------------------------------------------------------------------------- */

/* A kernel with the image as /dev/disk; 0 or the errno of what failed. */
static int
start(const struct memory_store *store, struct rump_kernel **out)
{
	struct rump_kernel_config config = { .memory_limit = MEMORY_LIMIT };
	char name[MEMORY_STORE_NAME];
	int error = -library_create_on(&host_ops, host, &config, out);

	if (error != 0)
		return error;
	rump_kernel_switch(*out);
	memory_store_name(store, name);
	error = rump_pub_etfs_register("/dev/disk", name, RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY);
	if (error == 0 && rump_sys_mkdir("/mnt", 0755) != 0)
		error = errno;
	return error;
}

/* Let the n-th allocation fail; whether there was one. */
static bool
fail_in_kernel(const struct memory_store *store, uint64_t n)
{
	struct rump_kernel *kernel;
	bool has_failed;

	assert_int_equal(start(store, &kernel), 0);
	memory_fail_after(kernel->kernel, n);
	mount_and_use();
	has_failed = memory_fail_stop(kernel->kernel);
	assert_int_equal(rump_sys_mount("/dev/disk", "/mnt", "ffs", MS_RDONLY, ""), 0);
	assert_int_equal(rump_pub_etfs_remove("/dev/disk"), EBUSY);
	assert_int_equal(rump_kernel_destroy(kernel), 0);
	return has_failed;
}

/* The same of the host, from the kernel's creation on. */
static bool
fail_in_host(const struct memory_store *store, uint64_t n)
{
	struct rump_kernel *kernel = NULL;
	bool has_failed;
	int error;

	gets_left = n;
	error = start(store, &kernel);
	if (error == 0)
		mount_and_use();
	has_failed = gets_left == UINT64_MAX;
	gets_left = UINT64_MAX;
	assert_true(error == 0 || error == ENOMEM);
	if (kernel != NULL)
		assert_int_equal(rump_kernel_destroy(kernel), 0);
	return has_failed;
}

/* Let each allocation fail in turn, until none is left that could; how many there were. */
static uint64_t
sweep(unsigned index, bool (*attempt)(const struct memory_store *store, uint64_t n))
{
	uint8_t *bytes = small_image_map(&images, index);
	struct memory_store store = { .bytes = bytes, .size = images.images[index].size };
	uint64_t n = 0;

	while (attempt(&store, n))
		assert_true(++n < SWEEP_MAX);
	small_image_unmap(&images, index, bytes);
	printf("# %s: %llu allocations\n", images.images[index].name, (unsigned long long)n);
	return n;
}

static void
every_allocation_of_the_kernel_may_fail(void **state)
{
	if (!IS_CHECKED)
		skip();
	for (unsigned i = 0; i < images.made_count; i++)
		assert_true(sweep(i, fail_in_kernel) > 50);
}

static void
every_allocation_from_the_host_may_fail(void **state)
{
	for (unsigned i = 0; i < images.made_count; i++)
		assert_true(sweep(i, fail_in_host) > 0);
}

static int
setup(void **state)
{
	host_ops = memory_store_host_ops();
	host_ops.memory_get = failing_memory_get;
	gets_left = UINT64_MAX;
	assert_int_equal(posix_host_create(&host), 0);
	small_images_create(&images);
	return 0;
}

static int
teardown(void **state)
{
	small_images_destroy(&images);
	posix_host_destroy(host);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_of_the_kernel_may_fail),
		cmocka_unit_test(every_allocation_from_the_host_may_fail),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
