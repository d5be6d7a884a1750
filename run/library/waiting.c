/*
 * The rump_sys_*() that wait for files and times, and whose structures are the C
 * library's own: see wrappers.c for the others.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
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

/* ---- epoll ---------------------------------------------------------------------------- */

struct generic_event {
	uint32_t events;
	uint32_t padding;
	uint64_t data;
};

/* So many events are told at once at most; fewer than asked for are always allowed. */
#define EVENTS_MAX 128

int
rump_sys_epoll_create(int size)
{
	if (size > 0)
		return rump_sys_epoll_create1(0);
	errno = EINVAL;
	return -1;
}

int
rump_sys_epoll_ctl(int epfd, int operation, int fd, struct epoll_event *event)
{
	struct thread *thread = library_enter();
	struct generic_event room = { 0 };

	if (UNLIKELY(thread == NULL))
		return -1;
	if (event != NULL && operation != EPOLL_CTL_DEL)
		room = (struct generic_event){ .events = event->events, .data = event->data.u64 };
	return (int)library_result(
	    sys_epoll_ctl(thread, epfd, operation, fd, user(event == NULL ? NULL : &room)));
}

/* What the kernel has told, as the C library's structures; the result. */
static int
host_events(const struct generic_event *from, struct epoll_event *to, int64_t result)
{
	for (int64_t i = 0; i < result; i++) {
		to[i].events = from[i].events;
		to[i].data.u64 = from[i].data;
	}
	return (int)library_result(result);
}

int
rump_sys_epoll_pwait(int epfd, struct epoll_event *events, int count, int timeout,
    const sigset_t *mask)
{
	struct thread *thread = library_enter();
	struct generic_event room[EVENTS_MAX];

	if (UNLIKELY(thread == NULL))
		return -1;
	return host_events(room, events,
	    sys_epoll_pwait(thread, epfd, user(events == NULL ? NULL : room),
		count > EVENTS_MAX ? EVENTS_MAX : count, timeout, user(NULL), 0));
}

int
rump_sys_epoll_pwait2(int epfd, struct epoll_event *events, int count,
    const struct timespec *timeout, const sigset_t *mask)
{
	struct thread *thread = library_enter();
	struct generic_event room[EVENTS_MAX];
	struct generic_time time;

	if (UNLIKELY(thread == NULL))
		return -1;
	return host_events(room, events,
	    sys_epoll_pwait2(thread, epfd, user(events == NULL ? NULL : room),
		count > EVENTS_MAX ? EVENTS_MAX : count, user_time(&time, timeout), user(NULL), 0));
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

/* ---- clocks and timers ---------------------------------------------------------------- */

int
rump_sys_clock_gettime(clockid_t clock, struct timespec *time)
{
	struct thread *thread = library_enter();
	struct generic_time room;
	int64_t result;

	if (UNLIKELY(thread == NULL))
		return -1;
	result = sys_clock_gettime(thread, clock, user_times_room(&room, time));
	if (result == 0)
		host_times(&room, time, 1);
	return (int)library_result(result);
}

_Static_assert(sizeof(struct itimerspec) == 2 * sizeof(struct timespec), "two times");

int
rump_sys_timerfd_settime(int fd, int flags, const struct itimerspec *new_time,
    struct itimerspec *old_time)
{
	struct thread *thread = library_enter();
	struct generic_time room[2], old_room[2];
	int64_t result;

	if (UNLIKELY(thread == NULL))
		return -1;
	result = sys_timerfd_settime(thread, fd, flags,
	    user_times(room, (const struct timespec *)new_time),
	    user_times_room(old_room, (struct timespec *)old_time));
	if (result == 0)
		host_times(old_room, (struct timespec *)old_time, 2);
	return (int)library_result(result);
}

int
rump_sys_timerfd_gettime(int fd, struct itimerspec *time)
{
	struct thread *thread = library_enter();
	struct generic_time room[2];
	int64_t result;

	if (UNLIKELY(thread == NULL))
		return -1;
	result = sys_timerfd_gettime(thread, fd, user_times_room(room, (struct timespec *)time));
	if (result == 0)
		host_times(room, (struct timespec *)time, 2);
	return (int)library_result(result);
}
