/*
 * Tests of starting and stopping what a kernel's files need.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errno.h"
#include "tests/fake_host.h"
#include "tests/test_kernel.h"
#include "vfs/mount.h"
#include "vfs/vfs_impl.h"

#define MEMORY_LIMIT (1 << 20)

/* A component that leaves so many pages to those after it. */
static struct hog hog;
static size_t pages_left;

static int
hog_start(struct kernel *kernel)
{
	hog_take(&hog, kernel);
	hog_give(&hog, pages_left);
	return 0;
}

static void
hog_stop(struct kernel *kernel)
{
	hog_give_all(&hog);
}

static const struct component hog_component = {
	.name = "hog",
	.start = hog_start,
	.stop = hog_stop,
};

static int
create(struct host *host, const struct component *const *components, size_t count,
    struct kernel **out)
{
	const struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = host,
		.components = components,
		.component_count = count,
		.memory_limit = MEMORY_LIMIT,
	};

	return kernel_create(&config, out);
}

static void
starting_without_memory_fails_cleanly(void **state)
{
	static const struct component *const components[] = { &hog_component, &vfs_component };
	struct kernel *kernel;
	struct host host;
	int error = -ENOMEM;

	for (pages_left = 0; error == -ENOMEM; pages_left++) {
		fake_host_create(&host, false);
		error = create(&host, components, ARRAY_SIZE(components), &kernel);
		if (error == 0)
			kernel_destroy(kernel);
		fake_host_destroy(&host); /* sees that all memory was returned */
		assert_true(pages_left < 10);
	}
	assert_int_equal(error, 0);
	assert_true(pages_left > 1);
}

static void
a_kernel_with_files_takes_little_memory(void **state)
{
	static const struct component *const components[] = { &vfs_component };
	struct kernel *kernel;
	struct host host;

	_Static_assert(sizeof(struct vfs) <= OBJECT_MAX, "one object");
	fake_host_create(&host, false);
	assert_int_equal(create(&host, components, ARRAY_SIZE(components), &kernel), 0);
	assert_int_equal(memory_taken(kernel), CHUNK_SIZE);
	assert_int_equal(host.thread_count, 0);
	kernel_destroy(kernel);
	fake_host_destroy(&host);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starting_without_memory_fails_cleanly),
		cmocka_unit_test(a_kernel_with_files_takes_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
