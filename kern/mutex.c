/*
 * Mutexes: see mutex.h.
 *
 * The state goes from FREE to HELD and back by one atomic operation each.  Who
 * finds it taken makes it CONTENDED, and sleeps for as long as it is; who
 * releases a contended mutex makes it free and wakes one sleeper.  The sleeper
 * takes it as contended again, since it cannot know whether others sleep.
 *
 * Spinning before sleeping was left out: it helps only where the holder runs
 * on another processor, and a host that is one thread would waste its time.
 */
#include "kern/mutex.h"

#include "base/errno.h"
#include "kern/kernel.h"
#include "kern/lock_debug.h"
#include "kern/waiting.h"

enum {
	MUTEX_FREE,
	MUTEX_HELD,
	MUTEX_CONTENDED,
};

void
mutex_init(struct mutex *mutex, struct kernel *kernel, enum lock_rank rank)
{
	mutex->kernel = kernel;
	atomic_init(&mutex->state, MUTEX_FREE);
	mutex->rank = (uint8_t)rank;
	mutex->is_out_of_order = false;
}

static bool
mutex_take_free(struct mutex *mutex)
{
	uint32_t expected = MUTEX_FREE;

	return atomic_compare_exchange_strong_explicit(&mutex->state, &expected, MUTEX_HELD,
	    memory_order_acquire, memory_order_relaxed);
}

static NOINLINE void
mutex_wait(struct mutex *mutex)
{
	struct kernel *kernel = mutex->kernel;

	while (atomic_exchange_explicit(&mutex->state, MUTEX_CONTENDED, memory_order_acquire) !=
	       MUTEX_FREE) {
		if (kernel->host_ops->wait(kernel->host, &mutex->state, MUTEX_CONTENDED,
			HOST_NO_DEADLINE, waiting_for(WAIT_MUTEX, mutex->rank)) == -EDEADLK)
			kernel_panic(kernel, "mutex of rank %u: deadlock", mutex->rank);
	}
}

void
mutex_lock(struct mutex *mutex)
{
	lock_debug_acquire(mutex->kernel, mutex->rank);
	if (UNLIKELY(!mutex_take_free(mutex)))
		mutex_wait(mutex);
}

bool
mutex_try_lock(struct mutex *mutex)
{
	if (!mutex_take_free(mutex))
		return false;
	mutex->is_out_of_order = !lock_debug_try(mutex->kernel, mutex->rank);
	return true;
}

void
mutex_unlock(struct mutex *mutex)
{
	struct kernel *kernel = mutex->kernel;

	if (!mutex->is_out_of_order)
		lock_debug_release(kernel, mutex->rank);
	mutex->is_out_of_order = false;

	/* After this, the mutex may be gone: only its address is used. */
	if (UNLIKELY(atomic_exchange_explicit(&mutex->state, MUTEX_FREE, memory_order_release) ==
		     MUTEX_CONTENDED))
		kernel->host_ops->wake(kernel->host, &mutex->state, 1);
}
