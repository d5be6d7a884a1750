/*
 * What the files of the simulation host share.
 *
 * sim.c	the world, hosts, and the table of hypercalls
 * schedule.c	tasks: who runs, who waits, the clock
 * coroutine.c	stacks, and changing from one to another
 * memory.c	memory for kernels, at the same places in every run
 * disk.c	disks: content, the log of writes, what a power cut leaves
 * disk_io.c	disks as kernels see them: requests and faults
 */
#ifndef HOST_SIM_SIM_IMPL_H
#define HOST_SIM_SIM_IMPL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "host/sim/coroutine.h"
#include "host/sim/sim.h"

#define TASK_NAME_SIZE 16
#define PANIC_TEXT     256
#define WORD_BUCKETS   256 /* a power of two */

enum task_state {
	TASK_RUNNABLE, /* in sim->runnable, the current task too */
	TASK_WAITING,  /* for a word, a deadline, or both */
	TASK_AWAITING, /* the main task in sim_run() */
	TASK_PANICKED, /* for ever */
	TASK_ENDED,
};

/* Who waits or can run.  A task is in one state at a time; see enum task_state. */
struct sim_task {
	struct coroutine coroutine;
	struct sim *sim;      /* constant */
	struct host *host;    /* NULL: the main task; constant */
	struct list link;     /* in sim->tasks */
	struct list end_link; /* in sim->ended */
	unsigned id;	      /* constant */
	char name[TASK_NAME_SIZE];
	void (*entry)(void *argument);
	void *argument;
	void *data;
	bool is_service; /* started by a kernel, which joins it; constant */
	enum task_state state;
	_Atomic uint32_t has_ended;
	size_t run_index; /* in sim->runnable */
	uint64_t held;	  /* hypercall thread_word */
	int error_number; /* errno, while another task runs */

	/* While waiting. */
	const _Atomic uint32_t *word; /* or NULL */
	struct list word_link;	      /* in sim->words */
	struct list lock_link;	      /* in sim->locks, of those who wait for a lock */
	uint32_t what;
	uint64_t deadline;
	size_t heap_index; /* in sim->heap, if there is a deadline; else SIZE_MAX */
	uint64_t since;	   /* clock */
	uint64_t since_step;
	int result; /* of the wait */
};

/* An array of tasks. */
struct task_array {
	struct sim_task **items;
	size_t count;
	size_t capacity;
};

struct sim {
	struct sim_config config;
	uint64_t now;
	uint64_t steps;
	uint64_t hash;
	uint64_t choices; /* state of the numbers that the scheduler draws */
	uint64_t numbers; /* and of those that the kernels and the program get */

	struct sim_task main;
	struct sim_task *current;
	struct list tasks; /* that have not ended */
	struct list ended; /* services to be joined; others are freed by the next task */
	struct list words[WORD_BUCKETS];
	struct list locks; /* those who wait for locks, the longest first */
	struct task_array runnable;
	struct task_array heap; /* those with a deadline, the soonest at the root */
	unsigned next_task;
	size_t task_count; /* that have not ended, with the main task */
	size_t live;	   /* tasks of sim_task_start() that have not ended */

	/* Of sim_run(). */
	uint64_t run_deadline;
	uint64_t run_steps; /* where sim->steps is to stop */
	bool has_stopped;
	enum sim_end end;
	char panic[PANIC_TEXT];

	struct list hosts;
	unsigned next_host;
	struct arena *arena;
	struct coroutine_stacks stacks;

	struct list disks;
	bool is_off; /* the power is */
};

/* A kernel's host. */
struct host {
	struct sim *sim;    /* constant */
	struct list link;   /* in sim->hosts */
	unsigned id;	    /* 1 and up; constant */
	struct list blocks; /* that its kernel has open */
	uint64_t fail_in;   /* the so many-th memory_get() fails; 0: none */
};

/* Events, for trace and hash. */
enum sim_event {
	EVENT_START,
	EVENT_END,
	EVENT_WAIT,
	EVENT_WAKE,
	EVENT_CLOCK,
	EVENT_LOCK, /* a kernel that checks its locks asks for its word */
	EVENT_MEMORY,
	EVENT_READ,
	EVENT_WRITE,
	EVENT_FLUSH,
	EVENT_DISCARD,
	EVENT_ZERO,
	EVENT_OPEN,
	EVENT_POWER,
	EVENT_PANIC,
	EVENT_NOTE,
};

/* ---- schedule.c ---------------------------------------------------------------- */

MUST_CHECK int schedule_init(struct sim *sim);
void schedule_release(struct sim *sim);

/* A step: something happens, and the processor may go to another task before it. */
void sim_step(struct sim *sim, enum sim_event event, uint64_t first, uint64_t second);

/* The same where no other task may come between. */
void sim_record(struct sim *sim, enum sim_event event, uint64_t first, uint64_t second);

/* Something has happened that sim_run() is to return for. */
void sim_stop(struct sim *sim, enum sim_end end);

/* End the tasks of a host where they are. */
void schedule_drop_host(struct host *host);

int schedule_wait(struct host *host, const _Atomic uint32_t *word, uint32_t expected,
    uint64_t deadline, uint32_t what);
void schedule_wake(struct host *host, const _Atomic uint32_t *word, unsigned count);
int schedule_thread_start(struct host *host, const char *name, void (*entry)(void *argument),
    void *argument, struct host_thread **out);
void schedule_thread_join(struct host *host, struct host_thread *thread);
void schedule_panic(struct host *host, const char *why) NORETURN;

/* ---- sim.c ------------------------------------------------------------------------ */

/* The next of a sequence that looks random: splitmix64. */
static inline uint64_t
sim_next_number(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint64_t
sim_digest(uint64_t digest, uint64_t value)
{
	digest = (digest ^ value) * 0x9fb21c651e98df25;
	return digest ^ digest >> 28;
}

/* ---- memory.c ---------------------------------------------------------------------- */

int arena_create(struct sim *sim);
void arena_destroy(struct sim *sim);
void arena_drop_host(struct host *host);
void *arena_get(struct host *host, size_t size, size_t alignment, size_t soon);
void arena_return(struct host *host, void *memory, size_t size);

/* ---- disk.c, disk_io.c ------------------------------------------------------------ */

void disks_release(struct sim *sim);
int disk_open(struct host *host, const char *name, bool writable, struct host_block **out,
    struct host_block_info *info);
void disk_submit(struct host *host, struct host_block *block, struct host_block_request *request);
void disk_drop_host(struct host *host); /* close what it has open */
void disk_close(struct host *host, struct host_block *block);

#endif
