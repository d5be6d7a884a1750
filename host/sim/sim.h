/*
 * The simulation host: rump kernels in one host thread, on virtual time.
 *
 * A simulation (struct sim) is a world of its own: tasks, a clock, random numbers
 * and disks.  Every kernel in it has a host object of its own, all of which share
 * the world.  What happens follows from the program and the seed alone, and
 * sim_hash() is a digest of it.
 *
 * Tasks are coroutines.  Whoever created the simulation is the main task, on the
 * stack it came with; the others are started by kernels (thread_start) and by
 * sim_task_start().  One runs until it waits, or until the scheduler takes
 * the processor away, which it may do at every hypercall; who runs next is drawn
 * among those who can.  When nobody can, the clock goes to the next deadline.
 *
 * A simulation and its kernels are used by the host thread that created it.
 */
#ifndef HOST_SIM_SIM_H
#define HOST_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "hypercall/hypercall.h"

struct sim;
struct sim_task;

extern const struct host_ops sim_host_ops;

struct sim_config {
	uint64_t seed;
	uint32_t preempt_chance;   /* of losing the processor at a hypercall, in 65536 */
	uint64_t starvation_steps; /* who waits for a lock for longer is reported; 0: nobody */

	/* Each step in a line, if not NULL. */
	void (*trace)(void *context, const char *line);

	/* Another task runs from here on; sim_task_data() is whoever started it's.  If not NULL. */
	void (*switched)(void *context, struct sim_task *from, struct sim_task *to);

	/* Is what a task waits for, a number of hypercall wait, a lock?  If not NULL. */
	bool (*is_lock)(uint32_t what);

	/* A line for the console, and a panic's; if not NULL, instead of standard error. */
	void (*console)(void *context, const char *text, size_t length);
	void *context;
};

/* -ENOMEM. */
MUST_CHECK int sim_create(const struct sim_config *config, struct sim **out);

/* From the main task.  Tasks that still are just end; what they had is lost. */
void sim_destroy(struct sim *sim);

/* A host for a kernel.  -ENOMEM. */
MUST_CHECK int sim_host_create(struct sim *sim, struct host **out);
struct sim *sim_of_host(struct host *host);

/* Which it is of the hosts of its simulation, from 1. */
unsigned sim_host_number(const struct host *host);

/*
 * Give a host back whose kernel is gone, or goes now: its tasks end where they
 * are, and its memory is void.  From another kernel's task, or the main one.
 */
void sim_host_destroy(struct host *host);

/* Memory for this host's kernel fails: the so many-th memory_get(), from 1; 0: none. */
void sim_host_fail_memory(struct host *host, uint64_t nth);

/* ---- tasks ---------------------------------------------------------------------- */

/* entry(argument) as a task, for a host's kernel.  -EAGAIN. */
MUST_CHECK int sim_task_start(struct host *host, const char *name, void (*entry)(void *argument),
    void *argument, struct sim_task **out);

struct sim_task *sim_current(const struct sim *sim);

/* A pointer that is whoever started the task's. */
void sim_task_set_data(struct sim_task *task, void *data);
void *sim_task_data(const struct sim_task *task);

/* How sim_run() ended. */
enum sim_end {
	SIM_DONE,     /* all tasks of sim_task_start() have ended */
	SIM_TIME,     /* the clock has come to where it was to */
	SIM_STEPS,    /* so many steps were taken */
	SIM_DEADLOCK, /* some wait, and nobody will ever wake them */
	SIM_STARVED,  /* one waits for a lock for longer than it should */
	SIM_PANIC,    /* a kernel has panicked */
	SIM_POWER,    /* a disk has lost its power, as it was told to */
};

/*
 * From the main task: let the others run.  Without a deadline (HOST_NO_DEADLINE)
 * until all that were started by sim_task_start() have ended, else until the clock
 * comes there; at most so many steps more (UINT64_MAX: any).  Threads of a
 * kernel that have nothing to do any more are no deadlock.
 */
enum sim_end sim_run(struct sim *sim, uint64_t deadline, uint64_t steps);

/* The calling task sleeps until the clock comes to deadline; others run. */
void sim_sleep(struct sim *sim, uint64_t deadline);

/* What a task is doing, for reports. */
struct sim_task_view {
	const char *name;
	unsigned id;
	struct host *host; /* NULL: the main task */
	bool is_waiting;
	bool has_panicked;
	bool is_service;   /* started by a kernel */
	uint32_t what;	   /* it waits for, as its kernel said; 0: it sleeps */
	uint64_t deadline; /* of the wait */
	uint64_t since;	   /* clock, when the wait began */
	uint64_t held;	   /* its word: see hypercall thread_word */
};

/* Visit all tasks that have not ended, the oldest first. */
void sim_each_task(struct sim *sim, void (*visit)(void *context, const struct sim_task_view *view),
    void *context);

/* What the kernel that panicked first said, or "". */
const char *sim_panic_text(const struct sim *sim);

/* ---- clock, numbers, steps --------------------------------------------------------- */

uint64_t sim_clock(const struct sim *sim);
uint64_t sim_steps(const struct sim *sim);
uint64_t sim_hash(const struct sim *sim); /* of all that has happened */
uint64_t sim_random(struct sim *sim);

/* Note in trace and hash that the program did something. */
void sim_note(struct sim *sim, const char *event, uint64_t detail);

/* ---- disks ---------------------------------------------------------------------------- */

/*
 * A disk is memory, which kernels open by its name.  From sim_disk_log() on it
 * remembers all that is written to it, entry by entry: writes, discards and
 * flushes.  What is on it after a power cut is then known for any moment, without
 * running anything again: see sim_disk_crash().
 */
struct sim_disk;

/* size bytes of zeros, whole sectors of sector_size, a power of two.  -EINVAL, -EEXIST, -ENOMEM. */
MUST_CHECK int sim_disk_create(struct sim *sim, const char *name, uint64_t size,
    uint32_t sector_size, struct sim_disk **out);

/* No kernel has it open. */
void sim_disk_destroy(struct sim_disk *disk);

uint64_t sim_disk_size(const struct sim_disk *disk);

/* The program's own access: no step, no fault, no entry in the log.  -EINVAL, -ENOMEM. */
MUST_CHECK int sim_disk_read(const struct sim_disk *disk, uint64_t offset, void *data, size_t size);
MUST_CHECK int sim_disk_write(struct sim_disk *disk, uint64_t offset, const void *data,
    size_t size);

/* Another disk with the same content now; pages are shared until they differ. */
MUST_CHECK int sim_disk_copy(const struct sim_disk *disk, const char *name, struct sim_disk **out);

/* Begin a log, empty, from what the disk holds now. */
MUST_CHECK int sim_disk_log(struct sim_disk *disk);

/* Entries in the log. */
size_t sim_disk_log_count(const struct sim_disk *disk);

/*
 * A disk as this one may be found if the power fails when the log has position
 * entries.  What was flushed by then is there.  Of what was written since, seed
 * decides what is there: writes may be missing, whatever came after them, and may
 * be torn between sectors.  Seed 0: all of it is there.
 */
MUST_CHECK int sim_disk_crash(struct sim_disk *disk, size_t position, uint64_t seed,
    const char *name, struct sim_disk **out);

/* The disk says that a flush is done and does nothing: for tests of tests. */
void sim_disk_lie(struct sim_disk *disk, bool lies);

/* At most so many bytes can ever be stored, in pages of 4096; more is -ENOSPC. */
void sim_disk_limit(struct sim_disk *disk, uint64_t bytes);

/* What goes wrong with requests. */
struct sim_disk_fault {
	unsigned ops;	   /* bits 1 << enum host_block_op */
	uint64_t after;	   /* so many of them go well first */
	uint64_t count;	   /* then so many do not; UINT64_MAX: all */
	uint64_t offset;   /* only those that touch this range, */
	uint64_t length;   /* if it is not 0 */
	int error;	   /* of the request, negative; 0: none */
	uint64_t delay_ns; /* it takes so long */
};

/* One more fault.  -ENOSPC: there are too many. */
MUST_CHECK int sim_disk_fault(struct sim_disk *disk, const struct sim_disk_fault *fault);

/*
 * Until then: how many writes that met an error were repeated, in the same place,
 * before anything else was written.
 */
uint64_t sim_disk_repeats(const struct sim_disk *disk);

/* No faults any more; how many requests met one. */
uint64_t sim_disk_heal(struct sim_disk *disk);

/*
 * The power of all disks goes with the count-th entry of this one's log from
 * now, while it is under way: 0: never.  Then every request is an error, and
 * sim_run() ends, until sim_power_on().
 */
void sim_disk_cut(struct sim_disk *disk, uint64_t count);
void sim_power_on(struct sim *sim);

#endif
