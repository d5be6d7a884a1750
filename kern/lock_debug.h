/*
 * Lock checks of debug builds (meson setup -Dlock_checks=true).
 *
 * The host keeps one word per thread for us: which ranks the thread holds.
 * Locks tell when they are taken and released; the first breach of the order
 * in lock_rank.h, or of ownership, panics and names the ranks.  In other
 * builds IS_CHECKED is false and all of this folds to nothing.
 */
#ifndef KERN_LOCK_DEBUG_H
#define KERN_LOCK_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/lock_rank.h"

#ifdef DEBUG_LOCKS
#define IS_CHECKED true
#else
#define IS_CHECKED false
#endif

struct kernel;

/* What people call a lock of rank. */
const char *lock_rank_name(enum lock_rank rank);

/* Put the ranks that a thread's word says it holds into words; cut to size. */
void lock_debug_describe(uint64_t held, char *text, size_t size);

void lock_debug_acquire_checked(struct kernel *kernel, enum lock_rank rank);
bool lock_debug_try_checked(struct kernel *kernel, enum lock_rank rank);
void lock_debug_release_checked(struct kernel *kernel, enum lock_rank rank);

/* The caller is about to take a lock of rank, and will wait for it. */
static inline void
lock_debug_acquire(struct kernel *kernel, enum lock_rank rank)
{
	if (IS_CHECKED)
		lock_debug_acquire_checked(kernel, rank);
}

/*
 * The caller has taken a lock of rank without waiting, which is allowed
 * against the order.  False if it was against it: the lock is not noted then,
 * and must not be given to lock_debug_release().
 */
static inline bool
lock_debug_try(struct kernel *kernel, enum lock_rank rank)
{
	return IS_CHECKED ? lock_debug_try_checked(kernel, rank) : true;
}

/* The caller is about to release a lock of rank that was noted. */
static inline void
lock_debug_release(struct kernel *kernel, enum lock_rank rank)
{
	if (IS_CHECKED)
		lock_debug_release_checked(kernel, rank);
}

#endif
