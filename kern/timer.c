/*
 * Timers and deferred work: see timer.h.
 *
 * Two lists, the queued work and the armed timers by deadline, and one rule
 * for what comes next: queued work first, then timers that are due.  What is
 * about to run is taken off its list first, so its run() may queue or arm it
 * again, or free it; "running" remembers its address for those who cancel, and
 * is never followed.
 *
 * The service thread sleeps on "changed" until the earliest deadline.  On a
 * host without threads, the host is told the earliest deadline whenever it
 * comes nearer, and calls deferred_run() instead.
 *
 * A kernel has few timers, so a sorted list does; a heap or wheel would be
 * another structure to get right, for nothing.
 */
#include "kern/timer.h"

#include "base/errno.h"
#include "kern/kernel.h"

static void service_main(void *argument);

void
deferred_init(struct kernel *kernel)
{
	struct deferred *deferred = &kernel->deferred;

	mutex_init(&deferred->lock, kernel, RANK_DEFERRED);
	condition_init(&deferred->changed);
	list_init(&deferred->work);
	list_init(&deferred->timers);
	deferred->announced = HOST_NO_DEADLINE;
}

/*
 * Something is to be done at deadline: see to it that somebody does it.
 * Releases the lock.  REQUIRES(deferred->lock)
 */
static void
deferred_notify(struct kernel *kernel, uint64_t deadline)
{
	struct deferred *deferred = &kernel->deferred;
	struct host_thread *thread;
	bool is_sooner = false;
	int error = 0;

	if (deferred->thread == NULL && !deferred->is_threadless) {
		error = kernel->host_ops->thread_start(kernel->host, "service", service_main,
		    kernel, &thread);
		deferred->is_threadless = error == -ENOSYS;
		if (error == 0)
			deferred->thread = thread;
	}
	if (deferred->is_threadless && deadline < deferred->announced) {
		deferred->announced = deadline;
		is_sooner = true;
	}
	condition_broadcast(&deferred->changed, &deferred->lock);
	mutex_unlock(&deferred->lock);

	if (is_sooner)
		kernel->host_ops->work_pending(kernel->host, deadline);
	if (error < 0 && error != -ENOSYS)
		kernel_log(kernel, LOG_ERROR,
		    "deferred work waits: no thread for it (error %d); "
		    "tried again when more comes",
		    error);
}

void
work_init(struct work *work, void (*run)(struct work *work))
{
	list_init(&work->link);
	work->run = run;
	work->is_queued = false;
}

void
work_queue(struct kernel *kernel, struct work *work)
{
	struct deferred *deferred = &kernel->deferred;

	mutex_lock(&deferred->lock);
	if (!work->is_queued) {
		work->is_queued = true;
		list_push_back(&deferred->work, &work->link);
	}
	deferred_notify(kernel, 0);
}

/* Wait until item does not run.  REQUIRES(deferred->lock) */
static void
deferred_wait_for(struct kernel *kernel, const void *item)
{
	struct deferred *deferred = &kernel->deferred;

	while (deferred->running == item) {
		if (condition_wait(&deferred->changed, &deferred->lock, HOST_NO_DEADLINE) ==
		    -EDEADLK)
			kernel_panic(kernel, "deferred work cancelled from within itself");
	}
}

void
work_cancel(struct kernel *kernel, struct work *work)
{
	mutex_lock(&kernel->deferred.lock);
	if (work->is_queued)
		list_remove(&work->link);
	work->is_queued = false;
	deferred_wait_for(kernel, work);
	mutex_unlock(&kernel->deferred.lock);
}

void
timer_init(struct timer *timer, void (*run)(struct timer *timer))
{
	list_init(&timer->link);
	timer->run = run;
	timer->deadline = HOST_NO_DEADLINE;
	timer->is_armed = false;
}

/* The last link of those that are due no later than deadline, or the head. */
static struct list *
timer_place(struct deferred *deferred, uint64_t deadline)
{
	struct list *place = deferred->timers.previous;

	while (place != &deferred->timers &&
	       list_entry(place, struct timer, link)->deadline > deadline)
		place = place->previous;
	return place;
}

void
timer_arm(struct kernel *kernel, struct timer *timer, uint64_t deadline)
{
	struct deferred *deferred = &kernel->deferred;

	mutex_lock(&deferred->lock);
	if (timer->is_armed)
		list_remove(&timer->link);
	timer->is_armed = true;
	timer->deadline = deadline;
	list_insert_after(timer_place(deferred, deadline), &timer->link);
	deferred_notify(kernel, deadline);
}

void
timer_cancel(struct kernel *kernel, struct timer *timer)
{
	mutex_lock(&kernel->deferred.lock);
	if (timer->is_armed)
		list_remove(&timer->link);
	timer->is_armed = false;
	deferred_wait_for(kernel, timer);
	mutex_unlock(&kernel->deferred.lock);
}

/* When there is next something to do; 0 for at once.  REQUIRES(lock) */
static uint64_t
deferred_deadline(const struct deferred *deferred)
{
	if (!list_is_empty(&deferred->work))
		return 0;
	if (list_is_empty(&deferred->timers))
		return HOST_NO_DEADLINE;
	return list_entry(deferred->timers.next, struct timer, link)->deadline;
}

/* Run the oldest work.  Releases and takes the lock.  REQUIRES(lock) */
static void
work_run_first(struct deferred *deferred)
{
	struct work *work = list_entry(deferred->work.next, struct work, link);

	list_remove(&work->link);
	work->is_queued = false;
	deferred->running = work;
	mutex_unlock(&deferred->lock);
	work->run(work); /* may free it */
	mutex_lock(&deferred->lock);
}

/* Run the earliest timer.  Releases and takes the lock.  REQUIRES(lock) */
static void
timer_run_first(struct deferred *deferred)
{
	struct timer *timer = list_entry(deferred->timers.next, struct timer, link);

	list_remove(&timer->link);
	timer->is_armed = false;
	deferred->running = timer;
	mutex_unlock(&deferred->lock);
	timer->run(timer); /* may free it */
	mutex_lock(&deferred->lock);
}

/* Run what comes first; something does.  REQUIRES(deferred->lock) */
static void
deferred_run_first(struct deferred *deferred)
{
	if (!list_is_empty(&deferred->work))
		work_run_first(deferred);
	else
		timer_run_first(deferred);
	deferred->running = NULL;
	condition_broadcast(&deferred->changed, &deferred->lock);
}

static void
service_main(void *argument)
{
	struct kernel *kernel = argument;
	struct deferred *deferred = &kernel->deferred;

	mutex_lock(&deferred->lock);
	while (!deferred->is_stopping) {
		uint64_t deadline = deferred_deadline(deferred);

		if (deadline <= kernel_clock_monotonic(kernel))
			deferred_run_first(deferred);
		else
			(void)!condition_wait(&deferred->changed, &deferred->lock, deadline);
	}
	mutex_unlock(&deferred->lock);
}

/* How much work is queued and how many timers are due.  REQUIRES(lock) */
static size_t
deferred_count_due(const struct deferred *deferred, uint64_t now)
{
	size_t count = 0;

	list_for_each(link, &deferred->work)
		count++;
	list_for_each(link, &deferred->timers) {
		if (list_entry(link, struct timer, link)->deadline > now)
			break;
		count++;
	}
	return count;
}

uint64_t
deferred_run(struct kernel *kernel)
{
	struct deferred *deferred = &kernel->deferred;
	uint64_t now = kernel_clock_monotonic(kernel);
	uint64_t next = HOST_NO_DEADLINE;

	mutex_lock(&deferred->lock);
	/* Work that waits may have the host call us: it runs one at a time. */
	if (deferred->is_threadless && deferred->running == NULL) {
		/* No more than is due now, lest work that renews itself go on for ever. */
		for (size_t left = deferred_count_due(deferred, now);
		     left > 0 && deferred_deadline(deferred) <= now; left--)
			deferred_run_first(deferred);
		next = deferred_deadline(deferred);
		deferred->announced = next;
	}
	mutex_unlock(&deferred->lock);
	return next;
}

void
deferred_stop(struct kernel *kernel)
{
	struct deferred *deferred = &kernel->deferred;
	struct host_thread *thread;

	mutex_lock(&deferred->lock);
	ASSERT(list_is_empty(&deferred->work) && list_is_empty(&deferred->timers));
	deferred->is_stopping = true;
	thread = deferred->thread;
	condition_broadcast(&deferred->changed, &deferred->lock);
	mutex_unlock(&deferred->lock);
	if (thread != NULL)
		kernel->host_ops->thread_join(kernel->host, thread);
}
