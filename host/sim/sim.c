/*
 * The simulation, its hosts, and the table of hypercalls: see sim.h.
 *
 * The clock moves by one nanosecond whenever it is read, so that who waits for
 * time to pass by looking at it gets on.
 */
#include "host/sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/sim/sim_impl.h"

#define CLOCK_START UINT64_C(1000000000)	 /* one second */
#define WALL_START  INT64_C(1767225600000000000) /* 2026-01-01, when the clock said 0 */

int
sim_create(const struct sim_config *config, struct sim **out)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	uint64_t seed = config->seed;
	int error;

	*out = NULL;
	if (sim == NULL)
		return -ENOMEM;
	sim->config = *config;
	sim->now = CLOCK_START;
	sim->choices = sim_next_number(&seed);
	sim->numbers = sim_next_number(&seed);
	list_init(&sim->hosts);
	list_init(&sim->disks);
	error = schedule_init(sim);
	if (error < 0)
		goto free_sim;
	error = arena_create(sim);
	if (error < 0)
		goto release_schedule;
	*out = sim;
	return 0;

release_schedule:
	schedule_release(sim);
free_sim:
	free(sim);
	return error;
}

void
sim_destroy(struct sim *sim)
{
	ASSERT(sim->current == &sim->main);
	list_for_each_safe(link, after, &sim->hosts)
		sim_host_destroy(list_entry(link, struct host, link));
	disks_release(sim);
	schedule_release(sim);
	arena_destroy(sim);
	free(sim);
}

int
sim_host_create(struct sim *sim, struct host **out)
{
	struct host *host = calloc(1, sizeof(*host));

	*out = host;
	if (host == NULL)
		return -ENOMEM;
	host->sim = sim;
	host->id = ++sim->next_host;
	list_init(&host->blocks);
	list_push_back(&sim->hosts, &host->link);
	return 0;
}

void
sim_host_destroy(struct host *host)
{
	schedule_drop_host(host);
	disk_drop_host(host);
	arena_drop_host(host);
	list_remove(&host->link);
	free(host);
}

struct sim *
sim_of_host(struct host *host)
{
	return host->sim;
}

unsigned
sim_host_number(const struct host *host)
{
	return host->id;
}

void
sim_host_fail_memory(struct host *host, uint64_t nth)
{
	host->fail_in = nth;
}

struct sim_task *
sim_current(const struct sim *sim)
{
	return sim->current;
}

void
sim_task_set_data(struct sim_task *task, void *data)
{
	task->data = data;
}

void *
sim_task_data(const struct sim_task *task)
{
	return task->data;
}

const char *
sim_panic_text(const struct sim *sim)
{
	return sim->panic;
}

uint64_t
sim_clock(const struct sim *sim)
{
	return sim->now;
}

uint64_t
sim_steps(const struct sim *sim)
{
	return sim->steps;
}

uint64_t
sim_hash(const struct sim *sim)
{
	return sim->hash;
}

uint64_t
sim_random(struct sim *sim)
{
	return sim_next_number(&sim->numbers);
}

/* ---- hypercalls ------------------------------------------------------------------------ */

static void *
memory_get(struct host *host, size_t size, size_t alignment, size_t soon)
{
	sim_step(host->sim, EVENT_MEMORY, size, 1);
	if (host->fail_in > 0 && --host->fail_in == 0)
		return NULL;
	return arena_get(host, size, alignment, soon);
}

static void
memory_return(struct host *host, void *memory, size_t size)
{
	sim_step(host->sim, EVENT_MEMORY, size, 0);
	arena_return(host, memory, size);
}

static uint64_t
clock_monotonic(struct host *host)
{
	return ++host->sim->now;
}

static int64_t
clock_wall(struct host *host)
{
	return WALL_START + (int64_t)++host->sim->now;
}

static uint64_t *
thread_word(struct host *host)
{
	struct sim *sim = host->sim;

	sim_step(sim, EVENT_LOCK, 0, 0);
	return &sim->current->held;
}

static unsigned
processor_count(struct host *host)
{
	return 1;
}

/* There are threads, so deferred work never asks to be run by us. */
static void
work_pending(struct host *host, uint64_t deadline)
{
}

static int
random_bytes(struct host *host, void *buffer, size_t size)
{
	uint8_t *bytes = buffer;

	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		uint64_t number = sim_random(host->sim);

		memcpy(bytes + i, &number, size - i < sizeof(number) ? size - i : sizeof(number));
	}
	return 0;
}

static void
console(struct host *host, const char *text, size_t length)
{
	const struct sim_config *config = &host->sim->config;

	if (config->console != NULL)
		config->console(config->context, text, length);
	else if (write(STDERR_FILENO, text, length) < 0)
		return; /* there is nobody to tell */
}

static int
parameter(struct host *host, const char *name, char *buffer, size_t size)
{
	return -ENOENT;
}

const struct host_ops sim_host_ops = {
	.memory_get = memory_get,
	.memory_return = memory_return,
	.clock_monotonic = clock_monotonic,
	.clock_wall = clock_wall,
	.wait = schedule_wait,
	.wake = schedule_wake,
	.thread_start = schedule_thread_start,
	.thread_join = schedule_thread_join,
	.thread_word = thread_word,
	.processor_count = processor_count,
	.work_pending = work_pending,
	.random = random_bytes,
	.console = console,
	.parameter = parameter,
	.panic = schedule_panic,
	.block_open = disk_open,
	.block_submit = disk_submit,
	.block_close = disk_close,
};
