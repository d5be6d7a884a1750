/*
 * Condition variables: see condition.h.
 *
 * A waiter reads the sequence while it holds the mutex and sleeps only while
 * it is unchanged; a signal changes it first and wakes then.  So a signal for
 * a claim that changed after the waiter looked is never missed.
 *
 * The count of waiters spares signals that nobody waits for a call of the
 * host.  It is raised with the mutex held: whoever changes the claim later, and
 * has the mutex for it, sees it.
 */
#include "kern/condition.h"

#include "kern/kernel.h"
#include "kern/waiting.h"

void
condition_init(struct condition *condition)
{
	atomic_init(&condition->sequence, 0);
	atomic_init(&condition->waiters, 0);
}

int
condition_wait(struct condition *condition, struct mutex *mutex, uint64_t deadline)
{
	struct kernel *kernel = mutex->kernel;
	uint32_t sequence;
	int error;

	mutex_assert_held(mutex);
	atomic_fetch_add_explicit(&condition->waiters, 1, memory_order_relaxed);
	sequence = atomic_load_explicit(&condition->sequence, memory_order_relaxed);
	mutex_unlock(mutex);

	error = kernel->host_ops->wait(kernel->host, &condition->sequence, sequence, deadline,
	    waiting_for(WAIT_CONDITION, mutex->rank));

	mutex_lock(mutex);
	atomic_fetch_sub_explicit(&condition->waiters, 1, memory_order_relaxed);
	return error;
}

static void
condition_wake(struct condition *condition, struct mutex *mutex, unsigned count)
{
	struct kernel *kernel = mutex->kernel;

	if (atomic_load_explicit(&condition->waiters, memory_order_relaxed) == 0)
		return;
	atomic_fetch_add_explicit(&condition->sequence, 1, memory_order_relaxed);
	kernel->host_ops->wake(kernel->host, &condition->sequence, count);
}

void
condition_signal(struct condition *condition, struct mutex *mutex)
{
	condition_wake(condition, mutex, 1);
}

void
condition_broadcast(struct condition *condition, struct mutex *mutex)
{
	condition_wake(condition, mutex, UINT32_MAX);
}

bool
condition_is_awaited(const struct condition *condition, const struct mutex *mutex)
{
	mutex_assert_held(mutex);
	return atomic_load_explicit(&condition->waiters, memory_order_relaxed) > 0;
}
