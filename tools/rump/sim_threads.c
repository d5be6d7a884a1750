/*
 * Threads that work on one file system in memory, with a pipe between two of them,
 * and lose the processor now and then: the same seed must be the same run, and none
 * may end in a deadlock or a panic.
 */
#include "tools/rump/sim_threads.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <rump/syscalls.h>

#define PREEMPT_CHANCE	 4096 /* in 65536 */
#define STARVATION_STEPS 1000000
#define NAMES		 8
#define CHUNK		 600

struct shared {
	struct rump_sim *sim;
	int pipe[2];
};

static unsigned
draw(struct shared *shared, unsigned count)
{
	return (unsigned)(rump_sim_random(shared->sim) % count);
}

/* Make, move, read and remove files, for ever. */
static void
use_files(void *argument)
{
	struct shared *shared = argument;
	char data[CHUNK] = "";

	for (;;) {
		char path[16], other[16];
		int fd;

		snprintf(path, sizeof(path), "/%u", draw(shared, NAMES));
		snprintf(other, sizeof(other), "/%u", draw(shared, NAMES));
		fd = rump_sys_open(path, O_RDWR | O_CREAT, 0644);
		rump_sys_pwrite(fd, data, sizeof(data), draw(shared, 10000));
		rump_sys_pread(fd, data, sizeof(data), 0);
		if (draw(shared, 4) == 0)
			rump_sys_ftruncate(fd, draw(shared, 5000));
		rump_sys_close(fd);
		if (draw(shared, 3) == 0)
			rump_sys_rename(path, other);
		if (draw(shared, 3) == 0)
			rump_sys_unlink(path);
		if (draw(shared, 16) == 0)
			rump_sim_sleep(shared->sim, draw(shared, 1000));
	}
}

static void
fill_pipe(void *argument)
{
	struct shared *shared = argument;
	char data[3000] = "";

	while (rump_sys_write(shared->pipe[1], data, 1 + draw(shared, sizeof(data))) > 0)
		continue;
}

static void
drain_pipe(void *argument)
{
	struct shared *shared = argument;
	char data[2000];

	while (rump_sys_read(shared->pipe[0], data, 1 + draw(shared, sizeof(data))) > 0)
		continue;
}

/* Lock two files, one after the other, for ever. */
static void
lock_two(struct shared *shared, const char *first, const char *second)
{
	for (;;) {
		int one = rump_sys_open(first, O_RDWR | O_CREAT, 0644);
		int two = rump_sys_open(second, O_RDWR | O_CREAT, 0644);

		rump_sim_sleep(shared->sim, draw(shared, 1000));
		rump_sys_flock(one, LOCK_EX);
		rump_sim_sleep(shared->sim, draw(shared, 10));
		rump_sys_flock(two, LOCK_EX);
		rump_sys_close(one);
		rump_sys_close(two);
	}
}

static void
lock_forwards(void *argument)
{
	lock_two(argument, "/lock-a", "/lock-b");
}

static void
lock_backwards(void *argument)
{
	lock_two(argument, "/lock-b", "/lock-a");
}

struct thread_row {
	const char *name;
	void (*entry)(void *argument);
};

static const struct thread_row usual[] = {
	{ "files-1", use_files },
	{ "files-2", use_files },
	{ "files-3", use_files },
	{ "fills-pipe", fill_pipe },
	{ "drains-pipe", drain_pipe },
	{ NULL, NULL },
};

static const struct thread_row planted[] = {
	{ "forwards", lock_forwards },
	{ "backwards", lock_backwards },
	{ NULL, NULL },
};

static bool
start(struct rump_kernel *kernel, const struct thread_row *rows, struct shared *shared)
{
	for (; rows->name != NULL; rows++)
		if (rump_sim_thread_start(kernel, rows->name, rows->entry, shared) != 0)
			return false;
	return true;
}

bool
threads_run(uint64_t seed, uint64_t steps, bool deadlocks, case_trace *trace,
    struct threads_end *out)
{
	struct rump_sim_config config = {
		.seed = seed,
		.preempt_chance = PREEMPT_CHANCE,
		.starvation_steps = STARVATION_STEPS,
		.trace = trace,
	};
	struct shared shared;
	struct rump_kernel *kernel;
	bool has_begun;

	*out = (struct threads_end){ 0 };
	if (rump_sim_create(&config, &shared.sim) != 0)
		return false;
	has_begun = rump_sim_kernel_create(shared.sim, NULL, &kernel) == 0;
	if (has_begun) {
		rump_kernel_switch(kernel);
		has_begun = rump_sys_pipe2(shared.pipe, 0) == 0 &&
			    start(kernel, deadlocks ? planted : usual, &shared);
		rump_kernel_switch(NULL);
	}
	if (has_begun) {
		out->end = rump_sim_run(shared.sim, RUMP_SIM_FOREVER, steps);
		snprintf(out->report, sizeof(out->report), "%s", rump_sim_report(shared.sim));
	}
	out->steps = rump_sim_steps(shared.sim);
	out->hash = rump_sim_hash(shared.sim);
	rump_sim_destroy(shared.sim);
	return has_begun;
}
