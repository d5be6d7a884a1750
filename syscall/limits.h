/*
 * Resource limits of a process: getrlimit(2).
 *
 * Two are obeyed: how large a file may become by it, and how many descriptors
 * it may have; the others are kept and told.
 */
#ifndef SYSCALL_LIMITS_H
#define SYSCALL_LIMITS_H

#include <stdatomic.h>
#include <stdint.h>

/* Numerically Linux's. */
enum limit_resource {
	LIMIT_FILE_SIZE = 1,
	LIMIT_STACK = 3,
	LIMIT_CORE = 4,
	LIMIT_DESCRIPTORS = 7,
	LIMIT_COUNT = 16,
};

#define LIMIT_NONE UINT64_MAX

/* Read at any time; changed under the process's lock. */
struct limits {
	_Atomic uint64_t soft[LIMIT_COUNT]; /* what is obeyed */
	_Atomic uint64_t hard[LIMIT_COUNT]; /* up to which the process may raise it */
};

/* Those of process 1. */
void limits_init(struct limits *limits);

void limits_copy(struct limits *to, const struct limits *from);

static inline uint64_t
limit_of(const struct limits *limits, enum limit_resource resource)
{
	return atomic_load_explicit(&limits->soft[resource], memory_order_relaxed);
}

#endif
