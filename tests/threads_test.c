/*
 * Many threads in several kernels of one process: 8 threads register images,
 * mount, walk, read and unmount them in 3 kernels, each thread in each kernel in
 * turn, all of them at once.  Whatever order they meet in, everyone sees the
 * whole of every image.  It says most under ThreadSanitizer.
 *
 * Bounded by counts, not by time.  Each thread is a process of its own in each
 * kernel, since a walk moves the working directory: threads of one process
 * would leave it in each other's mounts, which then are busy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "host/posix/posix.h"
#include "run/library/library.h"
#include "tests/memory_store.h"
#include "tests/small_images.h"
#include "tests/walk.h"

#define KERNEL_COUNT 3
#define THREAD_COUNT 8
#define ROUND_COUNT  6 /* of each thread; twice in each kernel */
#define MEMORY_LIMIT ((uint64_t)12 << 20)
#define OBJECT_MAX   400
#define BYTE_MAX     300000
#define PATH_SIZE    32

static struct small_images images;
static struct memory_store stores[SMALL_IMAGES_MAX];
static uint64_t object_counts[SMALL_IMAGES_MAX]; /* that a walk meets */

static struct host_ops host_ops;
static struct host *host;
static struct rump_kernel *kernels[KERNEL_COUNT];
static _Atomic unsigned failures;

static void
expect(bool claim, unsigned thread, const char *what)
{
	if (claim)
		return;
	printf("# thread %u: %s: errno %d\n", thread, what, errno);
	atomic_fetch_add(&failures, 1);
}

static int
register_image(const char *device, unsigned image)
{
	char name[MEMORY_STORE_NAME];

	memory_store_name(&stores[image], name);
	return rump_pub_etfs_register(device, name, RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY);
}

static uint64_t
count_objects(const char *path, uint64_t *error_count)
{
	struct walk walk = { .reads_files = true, .object_max = OBJECT_MAX, .byte_max = BYTE_MAX };

	walk_tree(&walk, path);
	*error_count = walk.error_count;
	return walk.object_count;
}

static void
walk(unsigned thread, const char *path, unsigned image)
{
	uint64_t error_count, count = count_objects(path, &error_count);

	expect(count == object_counts[image], thread, "a walk misses something");
	expect(error_count == 0, thread, "a walk fails");
}

/* An image of the thread's own, beside what the others have in this kernel. */
static void
use_own(unsigned thread, unsigned image)
{
	char device[PATH_SIZE], place[PATH_SIZE];

	snprintf(device, sizeof(device), "/dev/disk%u", thread);
	snprintf(place, sizeof(place), "/own%u", thread);
	expect(register_image(device, image) == 0, thread, "registering");
	expect(rump_sys_mkdir(place, 0755) == 0, thread, "making a directory");
	expect(rump_sys_mount(device, place, "auto", MS_RDONLY, "") == 0, thread, "mounting");
	walk(thread, place, image);
	expect(rump_sys_umount2(place, 0) == 0, thread, "unmounting");
	expect(rump_sys_rmdir(place) == 0, thread, "removing a directory");
	expect(rump_pub_etfs_remove(device) == 0, thread, "removing an image");
}

/* In one kernel: the image that all share, and one of its own. */
static void
work(unsigned thread, unsigned round)
{
	unsigned kernel = (thread + round) % KERNEL_COUNT;

	rump_kernel_switch(kernels[kernel]);
	expect(rump_pub_lwproc_rfork(RUMP_RFCFDG) == 0, thread, "forking");
	walk(thread, "/shared", kernel);
	use_own(thread, (thread + 2 * round) % images.made_count);
	rump_pub_lwproc_releaselwp();
}

static void *
run_thread(void *argument)
{
	unsigned thread = *(const unsigned *)argument;

	for (unsigned round = 0; round < ROUND_COUNT; round++)
		work(thread, round);
	return NULL;
}

static void
create_kernels(void)
{
	struct rump_kernel_config config = { .memory_limit = MEMORY_LIMIT };

	for (unsigned i = 0; i < KERNEL_COUNT; i++) {
		assert_int_equal(library_create_on(&host_ops, host, &config, &kernels[i]), 0);
		rump_kernel_switch(kernels[i]);
		assert_int_equal(register_image("/dev/shared", i), 0);
		assert_int_equal(rump_sys_mkdir("/shared", 0755), 0);
		assert_int_equal(rump_sys_mount("/dev/shared", "/shared", "ffs", MS_RDONLY, ""), 0);
	}
	rump_kernel_switch(NULL);
}

/* What a walk meets in each image when nobody else is there. */
static void
learn_counts(void)
{
	assert_int_equal(rump_sys_mkdir("/mnt", 0755), 0);
	for (unsigned i = 0; i < images.made_count; i++) {
		uint64_t error_count;

		assert_int_equal(register_image("/dev/disk", i), 0);
		assert_int_equal(rump_sys_mount("/dev/disk", "/mnt", "ffs", MS_RDONLY, ""), 0);
		object_counts[i] = count_objects("/mnt", &error_count);
		assert_true(object_counts[i] > 100);
		assert_int_equal(error_count, 0);
		assert_int_equal(rump_sys_umount2("/mnt", 0), 0);
		assert_int_equal(rump_pub_etfs_remove("/dev/disk"), 0);
	}
}

static void
threads_in_several_kernels_see_all_there_is(void **state)
{
	static unsigned numbers[THREAD_COUNT];
	pthread_t threads[THREAD_COUNT];

	create_kernels();
	rump_kernel_switch(kernels[0]);
	learn_counts();
	for (unsigned i = 0; i < THREAD_COUNT; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, run_thread, &numbers[i]), 0);
	}
	for (unsigned i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (unsigned i = 0; i < KERNEL_COUNT; i++) {
		rump_kernel_switch(kernels[i]);
		assert_int_equal(rump_sys_umount2("/shared", 0), 0);
		assert_int_equal(rump_pub_etfs_remove("/dev/shared"), 0);
		assert_int_equal(rump_kernel_destroy(kernels[i]), 0);
	}
	assert_int_equal(failures, 0);
}

static int
setup(void **state)
{
	small_images_create(&images);
	for (unsigned i = 0; i < images.made_count; i++)
		stores[i] = (struct memory_store){
			.bytes = small_image_map(&images, i),
			.size = images.images[i].size,
		};
	host_ops = memory_store_host_ops();
	return posix_host_create(&host);
}

static int
teardown(void **state)
{
	for (unsigned i = 0; i < images.made_count; i++)
		small_image_unmap(&images, i, (uint8_t *)stores[i].bytes);
	small_images_destroy(&images);
	posix_host_destroy(host);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_in_several_kernels_see_all_there_is),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
