/*
 * timerfd: a clock to wait for.
 *
 * How often a timer has run out follows from its deadline, its interval and the
 * clock, and is worked out when somebody looks.  A reader sleeps until the
 * deadline by itself; only for those that watch, which are called and do not
 * look, is a timer of the kernel armed, once until the next read.  So a timer
 * that nobody watches costs no thread, however short its interval.
 *
 * Only an absolute timer of CLOCK_REALTIME is set by the wall clock; all others
 * count the time that passes.  The host does not say when its wall clock is set:
 * that is noticed, by comparing how far the two clocks are apart, whenever the
 * timer is read, asked or due.
 *
 * The lock of the wait queue guards all.
 */
#include "base/errno.h"
#include "base/math.h"
#include "kern/credential.h"
#include "kern/memory.h"
#include "kern/timer.h"
#include "kern/wait_queue.h"
#include "syscall/anonymous.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "syscall/user_time.h"

#define SET_ABSOLUTE	  1
#define SET_CANCEL_ON_SET 2

/*
 * Clocks that are not set stay together, but for what hosts round and, where
 * they are two clocks indeed, what one of them is slower: nanoseconds.
 */
#define CLOCK_SLACK INT64_C(50000000)

/* How far the wall clock is before the other: it lies between these two. */
struct clock_gap {
	int64_t min;
	int64_t max;
};

struct timerfd {
	struct kernel *kernel;	 /* constant */
	bool is_wall_clock;	 /* CLOCK_REALTIME, that is; constant */
	struct wait_queue queue; /* its lock guards what follows */
	struct timer timer;	 /* armed only for those that watch */
	bool is_by_wall_clock;	 /* deadline is */
	uint64_t deadline;	 /* HOST_NO_DEADLINE: not running */
	uint64_t interval;	 /* 0: it runs out once */
	uint64_t count;		 /* it has run out so often, and nobody has read that */
	bool is_cancellable;	 /* setting the clock is told to who reads */
	struct clock_gap gap;	 /* when that was last looked at */
};

/* struct itimerspec */
struct user_timer {
	struct user_time interval;
	struct user_time value;
};

/* ---- clocks ----------------------------------------------------------------------- */

static struct clock_gap
measure_gap(struct kernel *kernel)
{
	int64_t before = (int64_t)kernel_clock_monotonic(kernel);
	int64_t wall = kernel_clock_wall(kernel);
	int64_t after = (int64_t)kernel_clock_monotonic(kernel);

	return (struct clock_gap){ wall - after, wall - before };
}

/* Has the clock been set since this was last asked?  (queue locked) */
static bool
clock_was_set(const struct timerfd *timerfd)
{
	struct clock_gap now;

	if (!timerfd->is_cancellable)
		return false;
	now = measure_gap(timerfd->kernel);
	return now.min > timerfd->gap.max + CLOCK_SLACK || now.max < timerfd->gap.min - CLOCK_SLACK;
}

/* What time it is by the clock that counts.  (queue locked) */
static uint64_t
timerfd_now(const struct timerfd *timerfd)
{
	int64_t wall;

	if (!timerfd->is_by_wall_clock)
		return kernel_clock_monotonic(timerfd->kernel);
	wall = kernel_clock_wall(timerfd->kernel);
	return wall < 0 ? 0 : (uint64_t)wall;
}

/* How long until it runs out; 0: it has, or does not run.  (queue locked) */
static uint64_t
time_left(const struct timerfd *timerfd)
{
	uint64_t now = timerfd_now(timerfd);

	if (timerfd->deadline == HOST_NO_DEADLINE || timerfd->deadline < now)
		return 0;
	return timerfd->deadline - now;
}

/* When to look again, by clock_monotonic().  (queue locked) */
static uint64_t
wake_time(const struct timerfd *timerfd)
{
	if (timerfd->deadline == HOST_NO_DEADLINE)
		return HOST_NO_DEADLINE;
	return deadline_after(timerfd->kernel, time_left(timerfd));
}

/* ---- running out ---------------------------------------------------------------------- */

/* Count how often it has run out by now.  (queue locked) */
static void
timerfd_advance(struct timerfd *timerfd)
{
	uint64_t now, count;

	mutex_assert_held(&timerfd->queue.lock);
	if (timerfd->deadline == HOST_NO_DEADLINE)
		return;
	now = timerfd_now(timerfd);
	if (now < timerfd->deadline)
		return;
	if (timerfd->interval == 0) {
		timerfd->count++;
		timerfd->deadline = HOST_NO_DEADLINE;
		return;
	}
	count = (now - timerfd->deadline) / timerfd->interval + 1;
	timerfd->count += count;
	/* The last of them is not after now, so only the next can be beyond all times. */
	timerfd->deadline += (count - 1) * timerfd->interval;
	if (add_overflows(timerfd->deadline, timerfd->interval, &timerfd->deadline))
		timerfd->deadline = HOST_NO_DEADLINE;
}

/* Have those that watch called when it runs out, if there are any.  (queue locked) */
static void
arm_for_watchers(struct timerfd *timerfd)
{
	if (timerfd->count == 0 && timerfd->deadline != HOST_NO_DEADLINE &&
	    !list_is_empty(&timerfd->queue.watchers))
		timer_arm(timerfd->kernel, &timerfd->timer, wake_time(timerfd));
}

/* Whatever has changed, tell it.  (queue locked) */
static void
timerfd_changed(struct timerfd *timerfd)
{
	timerfd_advance(timerfd);
	wait_queue_wake(&timerfd->queue, timerfd->count > 0 ? POLL_IN : 0);
	arm_for_watchers(timerfd);
}

static void
timerfd_run(struct timer *timer)
{
	struct timerfd *timerfd = container_of(timer, struct timerfd, timer);

	mutex_lock(&timerfd->queue.lock);
	timerfd_changed(timerfd);
	mutex_unlock(&timerfd->queue.lock);
}

/* ---- as a file -------------------------------------------------------------------------- */

/* Wait until it has run out; -ECANCELED if its clock was set.  (queue locked) */
static int
await_count(struct file *file, struct timerfd *timerfd)
{
	for (;;) {
		int error;

		if (clock_was_set(timerfd)) {
			timerfd->gap = measure_gap(timerfd->kernel);
			timerfd->count = 0;
			return -ECANCELED;
		}
		timerfd_advance(timerfd);
		if (timerfd->count > 0)
			return 0;
		if ((file_flags(file) & OPEN_NONBLOCK) != 0)
			return -EAGAIN;
		error = wait_queue_sleep(&timerfd->queue, wake_time(timerfd));
		if (error < 0 && error != -ETIMEDOUT)
			return error;
	}
}

static int
timerfd_read(struct file *file, struct uio *uio, uint64_t offset)
{
	struct timerfd *timerfd = file->object;
	uint64_t count;
	int error;

	if (uio->left < sizeof(count))
		return -EINVAL;
	mutex_lock(&timerfd->queue.lock);
	error = await_count(file, timerfd);
	count = timerfd->count;
	timerfd->count = 0;
	arm_for_watchers(timerfd);
	mutex_unlock(&timerfd->queue.lock);
	return error < 0 ? error : uio_copy_out(uio, &count, sizeof(count));
}

static int
timerfd_no_write(struct file *file, struct uio *uio, uint64_t *offset,
    const struct file_writer *writer)
{
	return -EINVAL;
}

static uint32_t
timerfd_poll(struct file *file, struct watcher *watcher)
{
	struct timerfd *timerfd = file->object;
	uint32_t events = 0;

	mutex_lock(&timerfd->queue.lock);
	wait_queue_watch(&timerfd->queue, watcher, POLL_IN);
	timerfd_advance(timerfd);
	if (timerfd->count > 0 || clock_was_set(timerfd))
		events = POLL_IN;
	if (watcher != NULL)
		arm_for_watchers(timerfd);
	mutex_unlock(&timerfd->queue.lock);
	return events;
}

static void
timerfd_close(struct file *file)
{
	struct timerfd *timerfd = file->object;

	timer_cancel(timerfd->kernel, &timerfd->timer);
	memory_free(timerfd->kernel, timerfd, sizeof(*timerfd));
}

static const struct file_ops timerfd_ops = {
	.can_watch = true,
	.read = timerfd_read,
	.write = timerfd_no_write,
	.seek = file_seek_nowhere,
	.poll = timerfd_poll,
	.count_readable = file_no_count_readable,
	.close = timerfd_close,
};

/* ---- calls ------------------------------------------------------------------------------ */

/* May the caller have a timer of the clock?  -EINVAL, -EPERM. */
static int
check_clock(struct thread *thread, int clock)
{
	switch (clock) {
	case USER_CLOCK_WALL:
	case USER_CLOCK_MONOTONIC:
	case USER_CLOCK_BOOT:
		return 0;
	case USER_CLOCK_WALL_ALARM:
	case USER_CLOCK_BOOT_ALARM:
		return credential_can(thread->credential, CAP_WAKE_ALARM) ? 0 : -EPERM;
	default:
		return -EINVAL;
	}
}

int64_t
sys_timerfd_create(struct thread *thread, int clock, int user_flags)
{
	uint32_t flags = (uint32_t)user_flags;
	struct timerfd *timerfd;
	struct file *file;
	int error;

	if ((flags & ~(uint32_t)(OPEN_CLOSE_ON_EXEC | OPEN_NONBLOCK)) != 0)
		return -EINVAL;
	error = check_clock(thread, clock);
	if (error < 0)
		return error;
	timerfd = memory_alloc_zeroed(thread->kernel, sizeof(*timerfd));
	if (timerfd == NULL)
		return -ENOMEM;
	timerfd->kernel = thread->kernel;
	timerfd->is_wall_clock = clock == USER_CLOCK_WALL || clock == USER_CLOCK_WALL_ALARM;
	timerfd->deadline = HOST_NO_DEADLINE;
	wait_queue_init(&timerfd->queue, thread->kernel);
	timer_init(&timerfd->timer, timerfd_run);
	error = thread_create_file(thread, &timerfd_ops, timerfd, flags, &file);
	if (error < 0) {
		memory_free(thread->kernel, timerfd, sizeof(*timerfd));
		return error;
	}
	return thread_add_file(thread, file, (flags & OPEN_CLOSE_ON_EXEC) != 0);
}

/* A reference to the file of a timer; -EBADF, -EINVAL. */
static int
get_timerfd(struct thread *thread, int fd, struct file **out)
{
	*out = thread_usable_file(thread, fd);
	if (*out == NULL)
		return -EBADF;
	if ((*out)->ops == &timerfd_ops)
		return 0;
	file_put(*out);
	*out = NULL;
	return -EINVAL;
}

/* What is left, and the interval.  (queue locked) */
static struct user_timer
timerfd_setting(struct timerfd *timerfd)
{
	timerfd_advance(timerfd);
	return (struct user_timer){
		.interval = user_time_of(timerfd->interval),
		.value = user_time_of(time_left(timerfd)),
	};
}

/* Begin anew; -ECANCELED if the clock was set before, and nobody has been told. */
static int
timerfd_set(struct timerfd *timerfd, uint32_t flags, uint64_t value, uint64_t interval)
{
	bool is_absolute = (flags & SET_ABSOLUTE) != 0;
	bool was_cancelled = clock_was_set(timerfd), was_cancellable = timerfd->is_cancellable;

	timerfd->is_by_wall_clock = timerfd->is_wall_clock && is_absolute;
	timerfd->is_cancellable = timerfd->is_by_wall_clock && (flags & SET_CANCEL_ON_SET) != 0;
	if (timerfd->is_cancellable && (was_cancelled || !was_cancellable))
		timerfd->gap = measure_gap(timerfd->kernel);
	timerfd->count = 0;
	timerfd->interval = interval;
	if (value == 0)
		timerfd->deadline = HOST_NO_DEADLINE;
	else if (is_absolute)
		timerfd->deadline = value;
	else
		timerfd->deadline = deadline_after(timerfd->kernel, value);
	timerfd_changed(timerfd);
	return was_cancelled && timerfd->is_cancellable && value != 0 ? -ECANCELED : 0;
}

int64_t
sys_timerfd_settime(struct thread *thread, int fd, int user_flags, struct user_ptr new_time,
    struct user_ptr old_time)
{
	uint32_t flags = (uint32_t)user_flags;
	uint64_t value = 0, interval;
	struct user_timer wanted, old;
	struct timerfd *timerfd;
	struct file *file = NULL;
	int error = copy_in(thread->space, &wanted, new_time, sizeof(wanted));

	if (error < 0)
		return error;
	error = user_time_check(&wanted.interval, &interval);
	if (error == 0)
		error = user_time_check(&wanted.value, &value);
	if ((flags & ~(uint32_t)(SET_ABSOLUTE | SET_CANCEL_ON_SET)) != 0)
		error = -EINVAL;
	if (error == 0)
		error = get_timerfd(thread, fd, &file);
	if (error < 0)
		return error;
	timerfd = file->object;
	mutex_lock(&timerfd->queue.lock);
	old = timerfd_setting(timerfd);
	error = timerfd_set(timerfd, flags, value, interval);
	mutex_unlock(&timerfd->queue.lock);
	file_put(file);
	if (error == 0 && !user_ptr_is_null(old_time))
		error = copy_out(thread->space, old_time, &old, sizeof(old));
	return error;
}

int64_t
sys_timerfd_gettime(struct thread *thread, int fd, struct user_ptr time)
{
	struct user_timer setting;
	struct timerfd *timerfd;
	struct file *file;
	int error = get_timerfd(thread, fd, &file);

	if (error < 0)
		return error;
	timerfd = file->object;
	mutex_lock(&timerfd->queue.lock);
	setting = timerfd_setting(timerfd);
	mutex_unlock(&timerfd->queue.lock);
	file_put(file);
	return copy_out(thread->space, time, &setting, sizeof(setting));
}
