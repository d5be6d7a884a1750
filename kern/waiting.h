/*
 * What a thread waits for, as a number that goes along with hypercall wait: a
 * host cannot know what a word is, and people who look at a deadlock want to.
 */
#ifndef KERN_WAITING_H
#define KERN_WAITING_H

#include <stddef.h>
#include <stdint.h>

#include "kern/lock_rank.h"

enum wait_kind {
	WAIT_OTHER, /* not a kernel's wait */
	WAIT_MUTEX,
	WAIT_RWLOCK,
	WAIT_CONDITION, /* rank is the mutex's that it belongs to */
	WAIT_RCU,
	WAIT_TRANSFER, /* of a block device */
	WAIT_POLL,
};

/* rank is RANK_COUNT where there is none. */
static inline uint32_t
waiting_for(enum wait_kind kind, unsigned rank)
{
	return (uint32_t)kind << 8 | rank;
}

/* Is it a lock, which somebody else holds? */
static inline int
waiting_is_for_lock(uint32_t what)
{
	return what >> 8 == WAIT_MUTEX || what >> 8 == WAIT_RWLOCK;
}

/* Put it into words, cut to size. */
void waiting_describe(uint32_t what, char *text, size_t size);

#endif
