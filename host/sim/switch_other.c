/*
 * Changing stacks by the C library, where we know no better.
 *
 * What is saved is a ucontext, on the stack that is left, or at the top of a
 * fresh one.  makecontext() passes ints, so a pointer goes as two.
 */
#include <stdint.h>
#include <ucontext.h>

#include "host/sim/coroutine.h"

struct fresh {
	ucontext_t context;
	void (*start)(void *argument);
	void *argument;
};

static void
begin(unsigned high, unsigned low)
{
	struct fresh *fresh = (struct fresh *)(uintptr_t)((uint64_t)high << 32 | low);

	fresh->start(fresh->argument);
}

void *
switch_prepare(void *stack, size_t size, void (*start)(void *argument), void *argument)
{
	size_t room = (sizeof(struct fresh) + 63) & ~(size_t)63;
	struct fresh *fresh = (struct fresh *)(void *)((char *)stack + size - room);
	uint64_t address = (uintptr_t)fresh;

	getcontext(&fresh->context);
	fresh->context.uc_stack.ss_sp = stack;
	fresh->context.uc_stack.ss_size = size - room;
	fresh->context.uc_link = NULL;
	fresh->start = start;
	fresh->argument = argument;
	makecontext(&fresh->context, (void (*)(void))(void *)begin, 2, (unsigned)(address >> 32),
	    (unsigned)address);
	return &fresh->context;
}

void
switch_stacks(void **saved, void *to)
{
	ucontext_t here;

	*saved = &here;
	swapcontext(&here, to);
}
