/*
 * Simulations: see <rump/sim.h>.
 *
 * The library knows who calls by a pointer of the host thread's (library_binding).
 * Here one host thread is many, so each task has its own, which is put in place
 * whenever tasks change.  The main task's is the host thread's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kernel.h"
#include "kern/lock_debug.h"
#include "kern/waiting.h"
#include "run/library/enter.h"
#include "run/library/library.h"
#include "run/sim/sim_impl.h"

#define PREEMPT_CHANCE_MAX 65536
#define MILLISECOND	   1000000

/* A thread of rump_sim_thread_start(). */
struct sim_thread {
	struct list link; /* in the kernel's threads */
	struct sim_task *task;
	struct binding *binding;
	void (*entry)(void *argument);
	void *argument;
};

/* A kernel of a simulation. */
struct sim_kernel {
	struct list link; /* in sim->kernels */
	struct rump_kernel *kernel;
	struct host *host;
	struct list threads; /* that have not ended */
};

/* ---- what the host asks of us ------------------------------------------------------------ */

static void
task_switched(void *context, struct sim_task *from, struct sim_task *to)
{
	sim_task_set_data(from, library_binding);
	library_binding = sim_task_data(to);
}

static bool
is_lock(uint32_t what)
{
	return waiting_is_for_lock(what);
}

static void
trace(void *context, const char *line)
{
	struct rump_sim *sim = context;

	sim->config.trace(sim->config.context, line);
}

static void
console(void *context, const char *text, size_t length)
{
	struct rump_sim *sim = context;

	sim->config.console(sim->config.context, text, length);
}

/* ---- simulations ---------------------------------------------------------------------------- */

static bool
is_valid_config(const struct rump_sim_config *config)
{
	static const struct rump_sim_config zero;

	return config->preempt_chance <= PREEMPT_CHANCE_MAX && config->reserved == 0 &&
	       memcmp(config->more_reserved, zero.more_reserved, sizeof(zero.more_reserved)) == 0;
}

int
rump_sim_create(const struct rump_sim_config *config, struct rump_sim **out)
{
	static const struct rump_sim_config defaults;
	struct sim_config host_config;
	struct rump_sim *sim;
	int error;

	*out = NULL;
	if (config == NULL)
		config = &defaults;
	if (!is_valid_config(config))
		return EINVAL;
	sim = calloc(1, sizeof(*sim));
	if (sim == NULL)
		return ENOMEM;
	sim->config = *config;
	list_init(&sim->kernels);
	host_config = (struct sim_config){
		.seed = config->seed,
		.preempt_chance = config->preempt_chance,
		.starvation_steps = config->starvation_steps,
		.trace = config->trace != NULL ? trace : NULL,
		.switched = task_switched,
		.is_lock = is_lock,
		.console = config->console != NULL ? console : NULL,
		.context = sim,
	};
	error = sim_create(&host_config, &sim->sim);
	if (error < 0) {
		free(sim);
		return -error;
	}
	*out = sim;
	return 0;
}

void
rump_sim_destroy(struct rump_sim *sim)
{
	list_for_each_safe(link, after, &sim->kernels)
		rump_sim_kernel_lose(list_entry(link, struct sim_kernel, link)->kernel);
	sim_destroy(sim->sim);
	free(sim);
}

struct sim *
sim_of(struct rump_sim *sim)
{
	return sim->sim;
}

enum rump_sim_end
rump_sim_run(struct rump_sim *sim, uint64_t until, uint64_t steps)
{
	static const enum rump_sim_end ends[] = {
		[SIM_DONE] = RUMP_SIM_DONE,
		[SIM_TIME] = RUMP_SIM_TIME,
		[SIM_STEPS] = RUMP_SIM_STEPS,
		[SIM_DEADLOCK] = RUMP_SIM_DEADLOCK,
		[SIM_STARVED] = RUMP_SIM_STARVED,
		[SIM_PANIC] = RUMP_SIM_PANIC,
		[SIM_POWER] = RUMP_SIM_POWER,
	};

	return ends[sim_run(sim->sim, until, steps)];
}

const char *
rump_sim_end_name(enum rump_sim_end end)
{
	static const char *const names[] = {
		[RUMP_SIM_DONE] = "done",
		[RUMP_SIM_TIME] = "time",
		[RUMP_SIM_STEPS] = "steps",
		[RUMP_SIM_DEADLOCK] = "deadlock",
		[RUMP_SIM_STARVED] = "starved",
		[RUMP_SIM_PANIC] = "panic",
		[RUMP_SIM_POWER] = "power",
	};

	return (unsigned)end < ARRAY_SIZE(names) ? names[end] : "unknown";
}

uint64_t
rump_sim_clock(const struct rump_sim *sim)
{
	return sim_clock(sim->sim);
}

uint64_t
rump_sim_steps(const struct rump_sim *sim)
{
	return sim_steps(sim->sim);
}

uint64_t
rump_sim_hash(const struct rump_sim *sim)
{
	return sim_hash(sim->sim);
}

uint64_t
rump_sim_random(struct rump_sim *sim)
{
	return sim_random(sim->sim);
}

void
rump_sim_sleep(struct rump_sim *sim, uint64_t nanoseconds)
{
	uint64_t now = sim_clock(sim->sim);

	sim_sleep(sim->sim,
	    nanoseconds > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + nanoseconds);
}

void
rump_sim_note(struct rump_sim *sim, const char *event, uint64_t number)
{
	sim_note(sim->sim, event, number);
}

/* ---- reports ---------------------------------------------------------------------------------- */

struct report {
	char *text;
	size_t length;
	uint64_t now;
};

PRINTF_LIKE(2, 3) static void say(struct report *report, const char *format, ...)
{
	size_t room = REPORT_SIZE - report->length;
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(report->text + report->length, room, format, values);
	va_end(values);
	if (length > 0)
		report->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void
describe_wait(struct report *report, const struct sim_task_view *view)
{
	char what[96];

	waiting_describe(view->what, what, sizeof(what));
	if (view->what == 0 && view->deadline != HOST_NO_DEADLINE)
		say(report, " sleeps");
	else
		say(report, " waits for %s", what);
	say(report, ", for %llu ms so far",
	    (unsigned long long)((report->now - view->since) / MILLISECOND));
	if (view->deadline != HOST_NO_DEADLINE)
		say(report, ", %llu ms to go",
		    (unsigned long long)((view->deadline - report->now) / MILLISECOND));
}

static void
describe_task(void *context, const struct sim_task_view *view)
{
	struct report *report = context;
	uint64_t held = view->held;
	char locks[160];

	say(report, "%s %u \"%s\" of kernel %u:", view->is_service ? "kernel thread" : "thread",
	    view->id, view->name, sim_host_number(view->host));
	if (view->has_panicked)
		say(report, " panicked");
	else if (view->is_waiting)
		describe_wait(report, view);
	else
		say(report, " can run");
	/* A lock that is waited for is in the word already. */
	if (view->is_waiting && waiting_is_for_lock(view->what))
		held &= ~(UINT64_C(1) << (view->what & 0xff));
	lock_debug_describe(held, locks, sizeof(locks));
	if (locks[0] != '\0')
		say(report, "; holds %s", locks);
	say(report, "\n");
}

const char *
rump_sim_report(struct rump_sim *sim)
{
	struct report report = { .text = sim->report, .now = sim_clock(sim->sim) };

	sim->report[0] = '\0';
	if (sim_panic_text(sim->sim)[0] != '\0')
		say(&report, "panic: %s\n", sim_panic_text(sim->sim));
	sim_each_task(sim->sim, describe_task, &report);
	return sim->report;
}

/* ---- kernels ------------------------------------------------------------------------------------ */

/* The simulation's part of kernel; NULL: it is not a simulation's. */
static struct sim_kernel *
part_of(const struct rump_kernel *kernel)
{
	return kernel == NULL ? NULL : kernel->ended_data;
}

static void
thread_free(struct sim_thread *thread)
{
	list_remove(&thread->link);
	binding_destroy(thread->binding);
	free(thread);
}

static void
part_release(struct sim_kernel *part)
{
	list_for_each_safe(link, after, &part->threads)
		thread_free(list_entry(link, struct sim_thread, link));
	sim_host_destroy(part->host);
	list_remove(&part->link);
	free(part);
}

/* rump_kernel_destroy() is about to free kernel. */
static void
kernel_ended(struct rump_kernel *kernel)
{
	part_release(part_of(kernel));
}

int
rump_sim_kernel_lose(struct rump_kernel *kernel)
{
	struct sim_kernel *part = part_of(kernel);

	if (part == NULL)
		return EINVAL;
	library_lose(kernel);
	part_release(part);
	return 0;
}

int
rump_sim_kernel_create(struct rump_sim *sim, const struct rump_kernel_config *config,
    struct rump_kernel **out)
{
	static const struct rump_kernel_config defaults;
	struct sim_kernel *part = calloc(1, sizeof(*part));
	int error = part == NULL ? -ENOMEM : sim_host_create(sim->sim, &part->host);

	*out = NULL;
	if (error < 0) {
		free(part);
		return ENOMEM;
	}
	if (config == NULL)
		config = &defaults;
	error = library_is_valid_config(config) && config->flags == 0 ? 0 : -EINVAL;
	if (error == 0)
		error = library_create_on(&sim_host_ops, part->host, config, out);
	if (error < 0) {
		sim_host_destroy(part->host);
		free(part);
		return -error;
	}
	part->kernel = *out;
	list_init(&part->threads);
	list_push_back(&sim->kernels, &part->link);
	(*out)->ended = kernel_ended;
	(*out)->ended_data = part;
	return 0;
}

/* ---- threads ------------------------------------------------------------------------------------- */

static void
thread_main(void *argument)
{
	struct sim_thread *thread = argument;

	thread->entry(thread->argument);
	library_binding = NULL;
	thread_free(thread);
}

int
rump_sim_thread_start(struct rump_kernel *kernel, const char *name, void (*entry)(void *argument),
    void *argument)
{
	struct sim_kernel *part = part_of(kernel);
	struct sim_thread *thread;
	int error = -EAGAIN;

	if (part == NULL)
		return EINVAL;
	thread = calloc(1, sizeof(*thread));
	if (thread == NULL)
		return EAGAIN;
	*thread = (struct sim_thread){
		.binding = binding_create(kernel),
		.entry = entry,
		.argument = argument,
	};
	if (thread->binding != NULL)
		error = sim_task_start(part->host, name, thread_main, thread, &thread->task);
	if (error < 0) {
		if (thread->binding != NULL)
			binding_destroy(thread->binding);
		free(thread);
		return EAGAIN;
	}
	list_push_back(&part->threads, &thread->link);
	sim_task_set_data(thread->task, thread->binding);
	return 0;
}

/* ---- faults of memory ------------------------------------------------------------------------------ */

int
rump_sim_memory_fail(struct rump_kernel *kernel, uint64_t nth, uint32_t chance)
{
	struct sim_kernel *part = part_of(kernel);

	if (part == NULL)
		return EINVAL;
	(void)!memory_fail_stop(kernel->kernel);
	if (nth > 0)
		memory_fail_after(kernel->kernel, nth - 1);
	if (chance > 0)
		memory_fail_often(kernel->kernel, chance, sim_random(sim_of_host(part->host)));
	return 0;
}

int
rump_sim_memory_heal(struct rump_kernel *kernel, bool *has_failed)
{
	*has_failed = false;
	if (part_of(kernel) == NULL)
		return EINVAL;
	*has_failed = memory_fail_stop(kernel->kernel);
	return 0;
}
