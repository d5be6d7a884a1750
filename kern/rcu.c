/*
 * Read-copy update: see rcu.h.
 *
 * A reader's state is a count of its sections with two flags.  READING is set
 * inside a section; the count changes with each section, so that whoever waits
 * for one is not held up by the next.  A waiter sets WAITED_FOR and sleeps on
 * the word; the section's end finds the flag and wakes it.
 *
 * Beginning and ending are exchanges: only the reader changes its word, but for
 * WAITED_FOR, which is only set while READING is.
 */
#include "kern/rcu.h"

#include "base/errno.h"
#include "kern/kernel.h"
#include "kern/waiting.h"

#define READING	   1u
#define WAITED_FOR 2u
#define SECTION	   4u /* one more section */

void
rcu_init(struct kernel *kernel)
{
	mutex_init(&kernel->rcu.lock, kernel, RANK_RCU);
	list_init(&kernel->rcu.readers);
}

void
rcu_register(struct kernel *kernel, struct rcu_reader *reader)
{
	atomic_init(&reader->state, 0);
	mutex_lock(&kernel->rcu.lock);
	list_push_back(&kernel->rcu.readers, &reader->link);
	mutex_unlock(&kernel->rcu.lock);
}

void
rcu_unregister(struct kernel *kernel, struct rcu_reader *reader)
{
	mutex_lock(&kernel->rcu.lock);
	ASSERT((atomic_load(&reader->state) & READING) == 0);
	list_remove(&reader->link);
	mutex_unlock(&kernel->rcu.lock);
}

void
rcu_read_begin(struct rcu_reader *reader)
{
	uint32_t state = atomic_load_explicit(&reader->state, memory_order_relaxed);

	ASSERT((state & READING) == 0);
	atomic_exchange(&reader->state, state | READING);
}

void
rcu_read_end(struct kernel *kernel, struct rcu_reader *reader)
{
	uint32_t state = atomic_load_explicit(&reader->state, memory_order_relaxed);
	uint32_t next = (state & ~(READING | WAITED_FOR)) + SECTION;

	ASSERT((state & READING) != 0);
	if (UNLIKELY(atomic_exchange(&reader->state, next) & WAITED_FOR))
		kernel->host_ops->wake(kernel->host, &reader->state, UINT32_MAX);
}

/* Wait for the end of the section that reader is in, if any. */
static void
wait_for(struct kernel *kernel, struct rcu_reader *reader)
{
	uint32_t state = atomic_load(&reader->state);
	uint32_t section = state & ~WAITED_FOR;

	while ((state & READING) != 0 && (state & ~WAITED_FOR) == section) {
		if ((state & WAITED_FOR) == 0 &&
		    !atomic_compare_exchange_strong(&reader->state, &state, state | WAITED_FOR))
			continue;
		if (kernel->host_ops->wait(kernel->host, &reader->state, section | WAITED_FOR,
			HOST_NO_DEADLINE, waiting_for(WAIT_RCU, RANK_RCU)) == -EDEADLK)
			kernel_panic(kernel, "rcu: a reader waits for itself");
		state = atomic_load(&reader->state);
	}
}

void
rcu_synchronize(struct kernel *kernel)
{
	mutex_lock(&kernel->rcu.lock);
	list_for_each(link, &kernel->rcu.readers)
		wait_for(kernel, list_entry(link, struct rcu_reader, link));
	mutex_unlock(&kernel->rcu.lock);
}
