/*
 * The rump_sys_*() that wait for files and times, and whose structures are the C
 * library's own: see wrappers.c for the others.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/select.h>

#include "run/library/enter.h"
#include "run/library/generic.h"
#include "syscall/handlers.h"
#include <rump/syscalls.h>

#define MILLISECONDS_PER_SECOND	    1000
#define MICROSECONDS_PER_SECOND	    1000000
#define NANOSECONDS_PER_SECOND	    1000000000
#define NANOSECONDS_PER_MILLI	    (NANOSECONDS_PER_SECOND / MILLISECONDS_PER_SECOND)
#define NANOSECONDS_PER_MICROSECOND (NANOSECONDS_PER_SECOND / MICROSECONDS_PER_SECOND)

_Static_assert(sizeof(struct pollfd) == 8, "as the kernel's");

/* ---- poll -------------------------------------------------------------------------- */

int
rump_sys_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
    const sigset_t *mask)
{
	struct thread *thread = library_enter();
	struct generic_time room;

	if (UNLIKELY(thread == NULL))
		return -1;
	return (int)library_result(sys_ppoll(thread, user(fds), (uint32_t)count,
	    user_time(&room, timeout), user(NULL), 0));
}

int
rump_sys_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	struct thread *thread = library_enter();
	struct generic_time time = {
		.second = timeout / MILLISECONDS_PER_SECOND,
		.nanosecond = (int64_t)(timeout % MILLISECONDS_PER_SECOND) * NANOSECONDS_PER_MILLI,
	};

	if (UNLIKELY(thread == NULL))
		return -1;
	return (int)library_result(sys_ppoll(thread, user(fds), (uint32_t)count,
	    user(timeout < 0 ? NULL : &time), user(NULL), 0));
}

/* ---- select ------------------------------------------------------------------------- */

int
rump_sys_pselect(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
    const struct timespec *timeout, const sigset_t *mask)
{
	struct thread *thread = library_enter();
	struct generic_time room;

	if (UNLIKELY(thread == NULL))
		return -1;
	return (int)library_result(sys_pselect6(thread, count, user(readable), user(writable),
	    user(exceptional), user_time(&room, timeout), user(NULL)));
}

static int64_t
nanoseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

/* What is left of a time that began at start. */
static struct timeval
time_left(struct generic_time time, int64_t start)
{
	int64_t passed = nanoseconds_now() - start;
	int64_t second = time.second - passed / NANOSECONDS_PER_SECOND;
	int64_t nanosecond = time.nanosecond - passed % NANOSECONDS_PER_SECOND;

	if (nanosecond < 0) {
		nanosecond += NANOSECONDS_PER_SECOND;
		second--;
	}
	if (second < 0)
		return (struct timeval){ 0 };
	return (struct timeval){
		.tv_sec = second,
		.tv_usec = (suseconds_t)(nanosecond / NANOSECONDS_PER_MICROSECOND),
	};
}

int
rump_sys_select(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
    struct timeval *timeout)
{
	struct thread *thread = library_enter();
	struct generic_time time = { 0 };
	int64_t result, start = 0;

	if (UNLIKELY(thread == NULL))
		return -1;
	if (timeout != NULL) {
		time.second = timeout->tv_sec + timeout->tv_usec / MICROSECONDS_PER_SECOND;
		time.nanosecond = (int64_t)(timeout->tv_usec % MICROSECONDS_PER_SECOND) *
				  NANOSECONDS_PER_MICROSECOND;
		start = nanoseconds_now();
	}
	result = sys_pselect6(thread, count, user(readable), user(writable), user(exceptional),
	    user(timeout == NULL ? NULL : &time), user(NULL));
	if (timeout != NULL && result >= 0)
		*timeout = time_left(time, start);
	return (int)library_result(result);
}

/* ---- others --------------------------------------------------------------------------- */

int
rump_sys_eventfd(unsigned int count, int flags)
{
	struct thread *thread = library_enter();

	if (UNLIKELY(thread == NULL))
		return -1;
	return (int)library_result(sys_eventfd2(thread, count, flags));
}

int
rump_sys_ioctl(int fd, unsigned long request, ...)
{
	struct thread *thread = library_enter();
	va_list arguments;
	void *argument;

	if (UNLIKELY(thread == NULL))
		return -1;
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return (int)library_result(sys_ioctl(thread, fd, (uint32_t)request, user(argument)));
}
