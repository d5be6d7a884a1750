/*
 * Wait queues: how those who wait for something hear that it has changed.
 *
 * What can be waited for (a pipe, a timer, later a socket) embeds one wait
 * queue, whose lock guards what is waited for as well.  Two kinds wait:
 *
 *   a thread that needs nothing else sleeps in wait_queue_sleep();
 *   whoever waits for several things at a time (poll, epoll) hooks a watcher
 *   into each queue, and is called.
 *
 * Whoever changes the thing does so with the lock held, and calls
 * wait_queue_wake() before releasing it.  So one who looks at the thing, finds
 * that it has to wait, and sleeps or watches, all with the lock held, misses
 * nothing.
 *
 * A watcher's wake() runs with the queue's lock held, and so must not sleep,
 * nor take that queue's lock; it may take the lock of the queue of something
 * that waits for this one.  Those chains are short and have no loops: see
 * syscall/epoll.h.
 */
#ifndef KERN_WAIT_QUEUE_H
#define KERN_WAIT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kern/condition.h"
#include "kern/mutex.h"

/* What there is to wait for: the bits of poll(2), numerically Linux's. */
enum poll_event {
	POLL_IN = 0x1,
	POLL_PRIORITY = 0x2,
	POLL_OUT = 0x4,
	POLL_ERROR = 0x8,
	POLL_HANGUP = 0x10,
	POLL_INVALID = 0x20,
	POLL_READ_NORMAL = 0x40,
	POLL_READ_BAND = 0x80,
	POLL_WRITE_NORMAL = 0x100,
	POLL_WRITE_BAND = 0x200,
	POLL_READ_HANGUP = 0x2000,
};

/* What is reported whether or not it was asked for. */
#define POLL_ALWAYS (POLL_ERROR | POLL_HANGUP)

struct wait_queue {
	struct mutex lock;	  /* guards what is waited for, too */
	struct condition changed; /* threads in wait_queue_sleep() */
	struct list watchers;	  /* GUARDED_BY(lock) */
};

/*
 * Embedded in what waits, which hooks it into one queue at most.  The fields are
 * set by watcher_init() and private after.
 */
struct watcher {
	struct list link;	  /* GUARDED_BY(queue->lock) */
	struct wait_queue *queue; /* constant while hooked in; NULL: it is not */
	uint32_t events;	  /* it is called for these; as queue */
	bool is_exclusive;	  /* of those that are, one is called that accepts */

	/*
	 * (queue locked) Some of events have come, or may have.  Did that wake
	 * anybody?
	 */
	bool (*wake)(struct watcher *watcher, uint32_t events);
};

void wait_queue_init(struct wait_queue *queue, struct kernel *kernel);

/* Some of events, of enum poll_event, have come: tell all who wait. */
void wait_queue_wake(struct wait_queue *queue, uint32_t events) REQUIRES(queue->lock);

/*
 * Release the lock, sleep until the next wait_queue_wake() or the deadline, and
 * take the lock again.  Also returns for no reason.  Errors as condition_wait().
 */
MUST_CHECK int wait_queue_sleep(struct wait_queue *queue, uint64_t deadline) REQUIRES(queue->lock);

void watcher_init(struct watcher *watcher, bool is_exclusive,
    bool (*wake)(struct watcher *watcher, uint32_t events));

/*
 * Hook watcher in, unless it is NULL, to be called for events alone: those that
 * concern this side of what is waited for.  The queue stays until watcher_stop(): the
 * caller sees to it.
 */
void wait_queue_watch(struct wait_queue *queue, struct watcher *watcher, uint32_t events)
    REQUIRES(queue->lock);

/*
 * Take watcher off the queue that it is hooked into, if any, whose lock is not
 * held.  It is not called any more then.
 */
void watcher_stop(struct watcher *watcher);

#endif
