/*
 * Waiting on an address: futex(2).
 *
 * The words are memory of this process alone, hence the private form.  The
 * bit-set form is used for its deadlines, which are absolute times of
 * CLOCK_MONOTONIC as the kernel's are; plain FUTEX_WAIT takes a duration.
 *
 * errno is the business of the program we are part of: it is left as it was,
 * since a mutex may be taken anywhere.
 */
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/posix/host_impl.h"

/* Where long has 32 bits there is a call of its own for times of 64. */
#ifdef SYS_futex_time64
#define FUTEX SYS_futex_time64
#else
#define FUTEX SYS_futex
#endif

_Static_assert(sizeof(time_t) == 8, "the call takes the C library's timespec");

int
posix_wait(struct host *host, const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline,
    uint32_t what)
{
	struct timespec until = {
		.tv_sec = (time_t)(deadline / NANOSECONDS),
		.tv_nsec = (long)(deadline % NANOSECONDS),
	};
	int saved_errno = errno;
	int error = 0;

	/* EAGAIN (no longer expected) and EINTR are early returns, as allowed. */
	if (syscall(FUTEX, word, FUTEX_WAIT_BITSET_PRIVATE, expected,
		deadline == HOST_NO_DEADLINE ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY) != 0 &&
	    errno == ETIMEDOUT)
		error = -ETIMEDOUT;
	errno = saved_errno;
	return error;
}

void
posix_wake(struct host *host, const _Atomic uint32_t *word, unsigned count)
{
	int saved_errno = errno;

	syscall(FUTEX, word, FUTEX_WAKE_PRIVATE, count > INT_MAX ? INT_MAX : (int)count, NULL, NULL,
	    0);
	errno = saved_errno;
}
