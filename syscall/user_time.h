/*
 * Times that users give: struct timespec in its 64-bit layout, checked, as
 * nanoseconds; and deadlines made of them.
 */
#ifndef SYSCALL_USER_TIME_H
#define SYSCALL_USER_TIME_H

#include <stdint.h>

#include "base/compiler.h"
#include "kern/user.h"

#define NANOSECONDS_PER_SECOND UINT64_C(1000000000)

struct kernel;
struct thread;

struct user_time {
	int64_t seconds;
	int64_t nanoseconds;
};

/* -EINVAL if it is negative or not normal.  What is too long is cut to UINT64_MAX. */
MUST_CHECK int user_time_check(const struct user_time *time, uint64_t *out);

/* The same for a time in user memory; -EFAULT too. */
MUST_CHECK int user_time_copy_in(struct thread *thread, struct user_ptr from, uint64_t *out);

struct user_time user_time_of(uint64_t nanoseconds);

/* Linux's clocks that there are here; all but the wall's are clock_monotonic(). */
enum user_clock {
	USER_CLOCK_WALL = 0,
	USER_CLOCK_MONOTONIC = 1,
	USER_CLOCK_MONOTONIC_RAW = 4,
	USER_CLOCK_WALL_COARSE = 5,
	USER_CLOCK_MONOTONIC_COARSE = 6,
	USER_CLOCK_BOOT = 7,
	USER_CLOCK_WALL_ALARM = 8,
	USER_CLOCK_BOOT_ALARM = 9,
};

/* clock_monotonic() so much later; HOST_NO_DEADLINE if that is beyond all times. */
uint64_t deadline_after(struct kernel *kernel, uint64_t nanoseconds);

/*
 * When a wait ends whose length is at from, in user memory, or that is endless
 * if from is null.  -EINVAL, -EFAULT.
 */
MUST_CHECK int deadline_copy_in(struct thread *thread, struct user_ptr from, uint64_t *out);

#endif
