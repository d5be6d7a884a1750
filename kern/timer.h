/*
 * Timers and deferred work.
 *
 * Both run in thread context, one at a time per kernel, and may take locks and
 * sleep: on the kernel's service thread, which is started when there is first
 * something to do, or from kernel_run() where the host has no threads.  A
 * kernel that never arms a timer nor queues work has no thread.
 *
 * The structures belong to the caller and are embedded in what they serve.
 * Any thread may arm, queue and cancel.
 */
#ifndef KERN_TIMER_H
#define KERN_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kern/condition.h"
#include "kern/mutex.h"

struct host_thread;
struct kernel;
struct timer;
struct work;

/* Something to do as soon as possible, but not here. */
struct work {
	struct list link; /* private */
	void (*run)(struct work *work);
	bool is_queued; /* private; GUARDED_BY(deferred.lock) */
};

/* Something to do at a time. */
struct timer {
	struct list link; /* private */
	void (*run)(struct timer *timer);
	uint64_t deadline; /* clock_monotonic(); private */
	bool is_armed;	   /* private; GUARDED_BY(deferred.lock) */
};

/* A kernel's timers and work; part of struct kernel. */
struct deferred {
	struct mutex lock;
	struct condition changed;   /* something to do, or something done */
	struct list work;	    /* queued, oldest first; GUARDED_BY(lock) */
	struct list timers;	    /* armed, earliest first; GUARDED_BY(lock) */
	const void *running;	    /* the work or timer that runs now; GUARDED_BY(lock) */
	struct host_thread *thread; /* NULL until needed; GUARDED_BY(lock) */
	uint64_t announced;	    /* when the host means to call us; GUARDED_BY(lock) */
	bool is_threadless;	    /* the host has no threads; GUARDED_BY(lock) */
	bool is_stopping;	    /* GUARDED_BY(lock) */
};

void work_init(struct work *work, void (*run)(struct work *work));

/*
 * Have work run once, soon.  Nothing happens if it is queued already; if it
 * runs now, it will run again.
 */
void work_queue(struct kernel *kernel, struct work *work);

/* Take it off the queue, and wait until it does not run.  Not from work. */
void work_cancel(struct kernel *kernel, struct work *work);

void timer_init(struct timer *timer, void (*run)(struct timer *timer));

/* Have timer run once at deadline (clock_monotonic()), instead of before. */
void timer_arm(struct kernel *kernel, struct timer *timer, uint64_t deadline);

/* Disarm, and wait until it does not run.  Not from a timer. */
void timer_cancel(struct kernel *kernel, struct timer *timer);

/* For kernel_create(), kernel_destroy() and kernel_run() alone. */
void deferred_init(struct kernel *kernel);
void deferred_stop(struct kernel *kernel);
uint64_t deferred_run(struct kernel *kernel);

#endif
