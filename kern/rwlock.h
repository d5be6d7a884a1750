/*
 * Reader-writer locks.
 *
 * Any number of readers or one writer.  A waiting writer keeps new readers
 * out, so that it comes to its turn; therefore a thread must not take a read
 * lock that it already holds.  The uncontended paths are one atomic operation.
 * Ranks as for mutexes.
 */
#ifndef KERN_RWLOCK_H
#define KERN_RWLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/lock_rank.h"

struct kernel;

struct rwlock {
	struct kernel *kernel;	  /* constant */
	_Atomic uint32_t state;	  /* readers, and flags: see rwlock.c */
	uint8_t rank;		  /* enum lock_rank; constant */
	bool is_out_of_order;	  /* taken against the ranks; private to the lock checks */
	_Atomic uint32_t changes; /* odd while a writer holds the lock; by writers only */
};

void rwlock_init(struct rwlock *lock, struct kernel *kernel, enum lock_rank rank);

void rwlock_lock_shared(struct rwlock *lock);
void rwlock_unlock_shared(struct rwlock *lock);

void rwlock_lock_exclusive(struct rwlock *lock);
MUST_CHECK bool rwlock_try_lock_exclusive(struct rwlock *lock);
void rwlock_unlock_exclusive(struct rwlock *lock);

/*
 * Copy size bytes, a multiple of 8, that the lock guards, without taking it: true
 * if no writer held it meanwhile.  If not, what was copied is of no use.
 */
MUST_CHECK bool rwlock_peek(const struct rwlock *lock, void *to, const void *from, size_t size);

/* Held by somebody, in either way; or by somebody exclusively. */
void rwlock_assert_held(const struct rwlock *lock);
void rwlock_assert_exclusive(const struct rwlock *lock);

#endif
