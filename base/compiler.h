/*
 * What we use of gcc and clang beyond C17, under one name each.
 */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include <stddef.h>

/* The result must be looked at: it may be an error. */
#define MUST_CHECK __attribute__((warn_unused_result))

#define NORETURN		 __attribute__((noreturn))
#define UNUSED			 __attribute__((unused))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define NOINLINE		 __attribute__((noinline))

#define LIKELY(claim)	__builtin_expect(!!(claim), 1)
#define UNLIKELY(claim) __builtin_expect(!!(claim), 0)

/* The structure that member is embedded in. */
#define container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Documentation that a compiler can check: which lock guards a field, which
 * lock a function wants held.  For readers first; they expand to nothing.
 */
#define GUARDED_BY(lock)
#define REQUIRES(lock)

/*
 * A broken invariant of our own stops the program at the line that saw it.
 * Never for what comes from a medium, a packet or a client: that is an error.
 */
#define ASSERT(claim) \
	do { \
		if (UNLIKELY(!(claim))) \
			__builtin_trap(); \
	} while (0)

#endif
