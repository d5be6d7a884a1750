/*
 * Coroutines: several stacks for one host thread, and going from one to another.
 *
 * Saving and loading registers is the processor's business: switch_x86_64.c and
 * its siblings; switch_other.c has the C library do it, which is slow, since
 * that also sets the signal mask.  Sanitizers are told of each change.
 */
#ifndef HOST_SIM_COROUTINE_H
#define HOST_SIM_COROUTINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct coroutine {
	void *saved;	    /* what coroutine_load() goes on with */
	void *stack;	    /* NULL: the host thread's own */
	const void *bottom; /* of the stack; AddressSanitizer's */
	size_t size;
	void *fake_stack; /* AddressSanitizer's */
	void *fiber;	  /* ThreadSanitizer's */
	void (*entry)(void *argument);
	void *argument;
	struct coroutine *came_from;
};

/* Stacks of coroutines that are gone, for the next. */
struct coroutine_stacks {
	void *first;
	size_t count;
};

/* Make the host thread, as it runs now, a coroutine. */
void coroutine_adopt(struct coroutine *coroutine);

/* entry(argument), which never returns, will run on a stack of its own.  -ENOMEM. */
MUST_CHECK int coroutine_create(struct coroutine *coroutine, struct coroutine_stacks *stacks,
    void (*entry)(void *argument), void *argument);

/* It does not run, and never will again. */
void coroutine_destroy(struct coroutine *coroutine, struct coroutine_stacks *stacks);

void coroutine_stacks_release(struct coroutine_stacks *stacks);

/* Leave from, which runs, and go on with to.  is_last: from never runs again. */
void coroutine_switch(struct coroutine *from, struct coroutine *to, bool is_last);

/* ---- switch_*.c -------------------------------------------------------------------- */

/*
 * Prepare a stack of size bytes so that switch_stacks() to the result calls
 * start(argument), which never returns.
 */
void *switch_prepare(void *stack, size_t size, void (*start)(void *argument), void *argument);

/* Save what runs in *saved, and go on with to. */
void switch_stacks(void **saved, void *to);

#endif
