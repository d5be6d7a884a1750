/*
 * Changing stacks on 64-bit ARM, by its procedure call standard: x19 to x30 and
 * d8 to d15 are the caller's, and go on the stack that is left.
 */
#include <stdint.h>
#include <string.h>

#include "host/sim/coroutine.h"

#define FRAME_WORDS 20

__asm__(".text\n"
	".globl switch_stacks\n"
	".hidden switch_stacks\n"
	".type switch_stacks, %function\n"
	"switch_stacks:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp, #0]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldp x19, x20, [sp, #0]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size switch_stacks, . - switch_stacks\n"
	/* Where a new stack begins: x19 is the function, x20 its argument. */
	".globl switch_begin\n"
	".hidden switch_begin\n"
	".type switch_begin, %function\n"
	"switch_begin:\n"
	"	mov x0, x20\n"
	"	br x19\n"
	".size switch_begin, . - switch_begin\n");

void switch_begin(void) __attribute__((visibility("hidden")));

void *
switch_prepare(void *stack, size_t size, void (*start)(void *argument), void *argument)
{
	uintptr_t *frame = (uintptr_t *)(void *)((char *)stack + size) - FRAME_WORDS;

	memset(frame, 0, FRAME_WORDS * sizeof(*frame));
	frame[0] = (uintptr_t)start;
	frame[1] = (uintptr_t)argument;
	frame[11] = (uintptr_t)switch_begin; /* x30 */
	return frame;
}
