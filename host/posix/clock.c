/*
 * Clocks.  The monotonic one is CLOCK_MONOTONIC, which wait.c's deadlines
 * count on; both are read without entering the system where it has a vDSO.
 */
#include <time.h>

#include "host/posix/host_impl.h"

uint64_t
posix_clock_monotonic(struct host *host)
{
	struct timespec now;

	/* Cannot fail: every system has this clock, and now is ours. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

int64_t
posix_clock_wall(struct host *host)
{
	struct timespec now;

	if (host->settled.has_time)
		return host->settled.time;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * (int64_t)NANOSECONDS + now.tv_nsec;
}
