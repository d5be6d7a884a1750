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

static void
create_on_host(struct caller *caller, bool has_threads)
{
	const struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = &caller->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
	};

	fake_host_create(&caller->host, has_threads);
	assert_int_equal(kernel_create(&config, &caller->kernel), 0);
	assert_int_equal(mount_root(caller->kernel, "tmpfs", ""), 0);
	assert_int_equal(process_start_first(caller->kernel), 0);
	assert_int_equal(thread_create(caller->kernel, 1, &caller->thread), 0);
}

void
caller_create(struct caller *caller)
{
	create_on_host(caller, true);
}

void
caller_create_threadless(struct caller *caller)
{
	create_on_host(caller, false);
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

/* ---- calls that wait ------------------------------------------------------------- */

static void *
side_main(void *argument)
{
	struct side_call *side = argument;
	struct thread *thread;

	if (thread_create(side->caller->kernel, 1, &thread) < 0)
		abort();
	thread_enter(thread);
	side->result = side->call(thread, side->arguments);
	thread_destroy(thread);
	return NULL;
}

void
side_call_begin(struct side_call *side)
{
	assert_int_equal(pthread_create(&side->host_thread, NULL, side_main, side), 0);
}

int64_t
side_call_end(struct side_call *side)
{
	pthread_join(side->host_thread, NULL);
	return side->result;
}
