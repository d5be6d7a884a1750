/* Coroutines: see coroutine.h. */
#include "host/sim/coroutine.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sanitize.h"

#define STACK_SIZE  ((size_t)256 << 10) /* touched pages only count; sanitizers' frames are large */
#define GUARD_SIZE  ((size_t)64 << 10)	/* no access: a multiple of every page size */
#define STACKS_KEPT 256

#ifdef SANITIZE_ADDRESS
void __sanitizer_start_switch_fiber(void **fake_stack_save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *fake_stack_save, const void **bottom_old,
    size_t *size_old);
#define start_switch(save, bottom, size)  __sanitizer_start_switch_fiber(save, bottom, size)
#define finish_switch(save, bottom, size) __sanitizer_finish_switch_fiber(save, bottom, size)
#else
#define start_switch(save, bottom, size)  ((void)(save), (void)(bottom), (void)(size))
#define finish_switch(save, bottom, size) ((void)(save), (void)(bottom), (void)(size))
#endif

#ifdef SANITIZE_THREAD
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
#else
#define __tsan_get_current_fiber()	     NULL
#define __tsan_create_fiber(flags)	     NULL
#define __tsan_destroy_fiber(fiber)	     ((void)(fiber))
#define __tsan_switch_to_fiber(fiber, flags) ((void)(fiber))
#endif

/* ---- stacks ------------------------------------------------------------------------ */

static void *
stack_get(struct coroutine_stacks *stacks)
{
	char *memory = stacks->first;

	if (memory != NULL) {
		stacks->first = *(void **)stacks->first;
		stacks->count--;
		return memory;
	}
	memory = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	if (mprotect(memory + GUARD_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE) != 0) {
		munmap(memory, GUARD_SIZE + STACK_SIZE);
		return NULL;
	}
	return memory + GUARD_SIZE;
}

static void
stack_unmap(void *stack)
{
	munmap((char *)stack - GUARD_SIZE, GUARD_SIZE + STACK_SIZE);
}

static void
stack_return(struct coroutine_stacks *stacks, void *stack)
{
	sanitize_unpoison(stack, STACK_SIZE);
	if (stacks->count >= STACKS_KEPT) {
		stack_unmap(stack);
		return;
	}
	*(void **)stack = stacks->first;
	stacks->first = stack;
	stacks->count++;
}

void
coroutine_stacks_release(struct coroutine_stacks *stacks)
{
	while (stacks->first != NULL) {
		void *stack = stacks->first;

		stacks->first = *(void **)stack;
		stack_unmap(stack);
	}
	stacks->count = 0;
}

/* ---- coroutines -------------------------------------------------------------------- */

/* The first thing a coroutine does on its stack. */
static void
coroutine_main(void *argument)
{
	struct coroutine *coroutine = argument;
	struct coroutine *from = coroutine->came_from;

	finish_switch(NULL, &from->bottom, &from->size);
	coroutine->entry(coroutine->argument);
	__builtin_trap(); /* it said that it never returns */
}

void
coroutine_adopt(struct coroutine *coroutine)
{
	memset(coroutine, 0, sizeof(*coroutine));
	coroutine->fiber = __tsan_get_current_fiber();
}

int
coroutine_create(struct coroutine *coroutine, struct coroutine_stacks *stacks,
    void (*entry)(void *argument), void *argument)
{
	memset(coroutine, 0, sizeof(*coroutine));
	coroutine->stack = stack_get(stacks);
	if (coroutine->stack == NULL)
		return -ENOMEM;
	coroutine->bottom = coroutine->stack;
	coroutine->size = STACK_SIZE;
	coroutine->entry = entry;
	coroutine->argument = argument;
	coroutine->fiber = __tsan_create_fiber(0);
	coroutine->saved = switch_prepare(coroutine->stack, STACK_SIZE, coroutine_main, coroutine);
	return 0;
}

void
coroutine_destroy(struct coroutine *coroutine, struct coroutine_stacks *stacks)
{
	__tsan_destroy_fiber(coroutine->fiber);
	stack_return(stacks, coroutine->stack);
}

void
coroutine_switch(struct coroutine *from, struct coroutine *to, bool is_last)
{
	to->came_from = from;
	start_switch(is_last ? NULL : &from->fake_stack, to->bottom, to->size);
	__tsan_switch_to_fiber(to->fiber, 0);
	switch_stacks(&from->saved, to->saved);
	/* Here again, from whoever came_from is now. */
	finish_switch(from->fake_stack, &from->came_from->bottom, &from->came_from->size);
}
