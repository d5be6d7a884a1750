/*
 * Condition variables: sleep until what a mutex guards has changed.
 *
 * As ever, the caller loops: the claim is looked at again after each wait,
 * since a wait may end for no reason.
 */
#ifndef KERN_CONDITION_H
#define KERN_CONDITION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/mutex.h"

struct condition {
	_Atomic uint32_t sequence; /* counts signals */
	_Atomic uint32_t waiters;  /* threads in condition_wait() */
};

void condition_init(struct condition *condition);

/*
 * Release mutex, sleep until a signal or until clock_monotonic() reaches
 * deadline (HOST_NO_DEADLINE: for ever), take mutex again.  0 or -ETIMEDOUT;
 * -EDEADLK if the host sees that no signal can ever come.
 */
MUST_CHECK int condition_wait(struct condition *condition, struct mutex *mutex, uint64_t deadline)
    REQUIRES(mutex);

/*
 * Wake one waiter, or all.  The claim was changed with the mutex held; the
 * mutex itself may have been released since.
 */
void condition_signal(struct condition *condition, struct mutex *mutex);
void condition_broadcast(struct condition *condition, struct mutex *mutex);

/* Does anybody wait? */
bool condition_is_awaited(const struct condition *condition, const struct mutex *mutex)
    REQUIRES(mutex);

#endif
