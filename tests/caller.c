/* A kernel to make system calls to: see caller.h. */
#include "tests/caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "block/block.h"
#include "fs/tmpfs/tmpfs.h"
#include "syscall/process.h"
#include "vfs/mount.h"

static const struct component *const components[] = {
	&block_component,
	&vfs_component,
	&tmpfs_component,
	&process_component,
};

void
caller_create(struct caller *caller)
{
	const struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = &caller->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
	};

	fake_host_create(&caller->host, true);
	assert_int_equal(kernel_create(&config, &caller->kernel), 0);
	assert_int_equal(mount_root(caller->kernel, "tmpfs", ""), 0);
	assert_int_equal(process_start_first(caller->kernel), 0);
	assert_int_equal(thread_create(caller->kernel, 1, &caller->thread), 0);
}

void
caller_destroy(struct caller *caller)
{
	thread_destroy(caller->thread);
	kernel_destroy(caller->kernel);
	fake_host_destroy(&caller->host);
}

int
caller_setup(void **state)
{
	struct caller *caller = calloc(1, sizeof(*caller));

	assert_non_null(caller);
	caller_create(caller);
	*state = caller;
	return 0;
}

int
caller_teardown(void **state)
{
	caller_destroy(*state);
	free(*state);
	return 0;
}
