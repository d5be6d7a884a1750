/*
 * Mutual exclusion.
 *
 * One 32-bit word decides: 0 free, 1 held, 2 held and maybe waited for.  Taking
 * a free mutex and releasing an uncontended one never leaves the kernel; the
 * host's wait and wake do the rest.  Not recursive.  Whoever locked unlocks.
 *
 * Every lock has a rank.  A thread takes locks in strictly rising rank, or in
 * equal rank where the rank's comment says by which order; debug builds
 * (DEBUG_LOCKS) check it and stop at the first breach, naming both ranks.
 */
#ifndef KERN_MUTEX_H
#define KERN_MUTEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/lock_rank.h"

struct kernel;

struct mutex {
	struct kernel *kernel; /* constant */
	_Atomic uint32_t state;
	uint8_t rank;	      /* enum lock_rank; constant */
	bool is_out_of_order; /* taken against the ranks; private to the lock checks */
};

/* A mutex needs no destruction; it is free when its memory is given back. */
void mutex_init(struct mutex *mutex, struct kernel *kernel, enum lock_rank rank);

/* Take it; blocks while another thread holds it. */
void mutex_lock(struct mutex *mutex);

/* Take it if it is free.  Never blocks, and may be used against the ranks. */
MUST_CHECK bool mutex_try_lock(struct mutex *mutex);

void mutex_unlock(struct mutex *mutex);

static inline void
mutex_assert_held(const struct mutex *mutex)
{
	ASSERT(atomic_load_explicit(&mutex->state, memory_order_relaxed) != 0);
}

#endif
