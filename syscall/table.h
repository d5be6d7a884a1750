/*
 * The system calls as data: how a call that arrives by number, from another
 * process or from ring 3, gets to its handler, and what its arguments are, for
 * whoever carries them or shows them.
 *
 * The table is made from syscalls.txt and constant.  The library does not come
 * this way: it calls the handlers directly.
 */
#ifndef SYSCALL_TABLE_H
#define SYSCALL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define SYSCALL_ARGUMENTS_MAX 6

struct thread;

enum argument_kind {
	ARGUMENT_INT, /* 32 bits, signed */
	ARGUMENT_UINT32,
	ARGUMENT_INT64,
	ARGUMENT_UINT64,
	ARGUMENT_STRING,     /* address of a string to the kernel */
	ARGUMENT_IN,	     /* address of bytes to the kernel */
	ARGUMENT_OUT,	     /* address of bytes from the kernel */
	ARGUMENT_INOUT,	     /* address of bytes to and from the kernel */
	ARGUMENT_INOUT_BITS, /* the same, counted in bits, in words of 64 */
	ARGUMENT_IN_VECTOR,  /* address of pairs (address, length) of bytes to the kernel */
	ARGUMENT_OUT_VECTOR, /* the same, from the kernel */
};

/* One argument.  Addresses may be null where the call allows it. */
struct syscall_argument {
	const char *name;
	enum argument_kind kind;
	uint8_t count_in; /* which argument counts, from 1; 0: the size is fixed */
	uint16_t size;	  /* bytes, or bytes for each counted; 0 where no memory is meant */
};

struct syscall {
	const char *name;
	uint16_t number; /* Linux's, asm-generic */
	int64_t (*call)(struct thread *thread, const uint64_t *arguments);
	uint8_t argument_count;
	struct syscall_argument arguments[SYSCALL_ARGUMENTS_MAX];
};

/* Made from the list: the calls by rising number; number -> 1 + place in them, or 0. */
extern const struct syscall syscall_calls[];
extern const size_t syscall_call_count;
extern const uint8_t syscall_places[];
extern const size_t syscall_place_count;

/* The call of this number, or NULL. */
const struct syscall *syscall_find(uint64_t number);

/* The index-th call, by rising number; NULL past the last. */
const struct syscall *syscall_enumerate(size_t index);

/*
 * Do a call for thread with SYSCALL_ARGUMENTS_MAX arguments, those it has not
 * ignored.  Its result, or negative errno; -ENOSYS for an unknown number.
 */
int64_t syscall_dispatch(struct thread *thread, uint64_t number, const uint64_t *arguments);

#endif
