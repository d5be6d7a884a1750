/*
 * Read-copy update: reading shared structures without locks or shared writes.
 *
 * A reader brackets its reading with rcu_read_begin() and rcu_read_end(); in
 * between it neither blocks nor takes locks nor allocates, and what it finds in
 * structures kept this way stays allocated.  Whoever changes such a structure
 * takes the object out first, so that no later reader finds it, then calls
 * rcu_synchronize(), which returns when every reader that had begun before has
 * ended, and then frees the object.
 *
 * Pointers that readers follow are _Atomic, and loaded and stored with the
 * default, sequentially consistent order: that is what makes a reader that
 * rcu_synchronize() does not see unable to see the old pointer.
 *
 * Each thread has a word of its own, so reading costs two atomic operations on a
 * cache line that nobody else writes.  Freeing pays instead: it looks at the
 * word of every thread.  Deferred freeing, as in kernels with hundreds of
 * processors, would need memory and a thread to run it; readers here are walks
 * of well under a microsecond.
 */
#ifndef KERN_RCU_H
#define KERN_RCU_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kern/mutex.h"

struct kernel;

/* A thread, as a reader.  Used by one host thread at a time. */
struct rcu_reader {
	_Atomic uint32_t state; /* see rcu.c */
	struct list link;	/* GUARDED_BY(rcu->lock) */
};

/* All readers of a kernel. */
struct rcu {
	struct mutex lock;
	struct list readers; /* GUARDED_BY(lock) */
};

void rcu_init(struct kernel *kernel);

/* Make reader known; forget it, which is not reading. */
void rcu_register(struct kernel *kernel, struct rcu_reader *reader);
void rcu_unregister(struct kernel *kernel, struct rcu_reader *reader);

/* Sections do not nest. */
void rcu_read_begin(struct rcu_reader *reader);
void rcu_read_end(struct kernel *kernel, struct rcu_reader *reader);

/*
 * Wait until every reader that reads now has ended.  The caller is not reading;
 * it may hold any lock, since readers take none.
 */
void rcu_synchronize(struct kernel *kernel);

#endif
