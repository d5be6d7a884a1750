/*
 * Changing stacks on x86-64, by the System V calling convention: rbx, rbp and r12
 * to r15 are the caller's, and go on the stack that is left.
 */
#include <stdint.h>

#include "host/sim/coroutine.h"

__asm__(".text\n"
	".globl switch_stacks\n"
	".hidden switch_stacks\n"
	".type switch_stacks, @function\n"
	"switch_stacks:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size switch_stacks, . - switch_stacks\n"
	/* Where a new stack begins: rbx is the function, r12 its argument. */
	".type switch_begin, @function\n"
	"switch_begin:\n"
	"	movq %r12, %rdi\n"
	"	jmp *%rbx\n"
	".size switch_begin, . - switch_begin\n"
	".globl switch_begin\n"
	".hidden switch_begin\n");

void switch_begin(void) __attribute__((visibility("hidden")));

void *
switch_prepare(void *stack, size_t size, void (*start)(void *argument), void *argument)
{
	uintptr_t *top = (uintptr_t *)(void *)((char *)stack + size);

	*--top = 0; /* start's return address, and its stack is aligned so */
	*--top = (uintptr_t)switch_begin;
	*--top = 0;		      /* rbp */
	*--top = (uintptr_t)start;    /* rbx */
	*--top = (uintptr_t)argument; /* r12 */
	*--top = 0;
	*--top = 0;
	*--top = 0;
	return top;
}
