/*
 * The host object and the table of what it can do.
 *
 * The host holds no more than a few chunks of memory to hand out again and,
 * for kernels that check their locks, a key for a word per thread.  Everything
 * else goes to the system as it is asked for: there is no thread, no
 * descriptor and no signal handler of our own, so that a program that embeds
 * kernels keeps its process to itself.
 *
 * The functions are reached through posix_host_ops alone.
 */
#include "host/posix/posix.h"

#include <stdlib.h>

#include "host/posix/host_impl.h"

int
posix_host_create(struct host **out)
{
	struct host *host = calloc(1, sizeof(*host));
	int error;

	*out = NULL;
	if (host == NULL)
		return -ENOMEM;
	error = pthread_mutex_init(&host->lock, NULL);
	if (error != 0) {
		free(host);
		return posix_error(error);
	}
	*out = host;
	return 0;
}

int
posix_host_create_settled(const struct posix_settled *settled, struct host **out)
{
	int error = posix_host_create(out);

	if (error < 0)
		return error;
	(*out)->settled = *settled;
	(*out)->random_state = settled->seed;
	return 0;
}

void
posix_host_destroy(struct host *host)
{
	posix_memory_release(host);
	posix_thread_release(host);
	pthread_mutex_destroy(&host->lock);
	free(host);
}

/* This host has threads, so deferred work never asks to be run by it. */
static void
posix_work_pending(struct host *host, uint64_t deadline)
{
}

const struct host_ops posix_host_ops = {
	.memory_get = posix_memory_get,
	.memory_return = posix_memory_return,
	.clock_monotonic = posix_clock_monotonic,
	.clock_wall = posix_clock_wall,
	.wait = posix_wait,
	.wake = posix_wake,
	.thread_start = posix_thread_start,
	.thread_join = posix_thread_join,
	.thread_word = posix_thread_word,
	.processor_count = posix_processor_count,
	.work_pending = posix_work_pending,
	.random = posix_random,
	.console = posix_console,
	.parameter = posix_parameter,
	.panic = posix_panic,
	.block_open = posix_block_open,
	.block_submit = posix_block_submit,
	.block_close = posix_block_close,
};
