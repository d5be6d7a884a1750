/*
 * eventfd: a count to wait for.
 *
 * Reading takes the count, or one of it with EVENTFD_SEMAPHORE, and waits while
 * it is 0; writing adds to it, and waits while it would become COUNT_MAX or
 * more.  The lock of the wait queue guards the count.
 */
#include "base/errno.h"
#include "kern/memory.h"
#include "kern/wait_queue.h"
#include "syscall/anonymous.h"
#include "syscall/handlers.h"
#include "syscall/process.h"

#define EVENTFD_SEMAPHORE 1
#define COUNT_MAX	  (UINT64_MAX - 1)

struct eventfd {
	struct wait_queue queue;
	uint64_t count; /* at most COUNT_MAX; GUARDED_BY(queue.lock) */
	bool is_semaphore;
};

/* Sleep, unless the file does not wait.  (queue locked) */
static int
wait_for_change(struct file *file, struct eventfd *event)
{
	if ((file_flags(file) & OPEN_NONBLOCK) != 0)
		return -EAGAIN;
	return wait_queue_sleep(&event->queue, HOST_NO_DEADLINE);
}

static int
eventfd_read(struct file *file, struct uio *uio, uint64_t offset)
{
	struct eventfd *event = file->object;
	uint64_t value = 0;
	int error = 0;

	if (uio->left < sizeof(value))
		return -EINVAL;
	mutex_lock(&event->queue.lock);
	while (event->count == 0 && error == 0)
		error = wait_for_change(file, event);
	if (error == 0) {
		value = event->is_semaphore ? 1 : event->count;
		event->count -= value;
		wait_queue_wake(&event->queue, POLL_OUT);
	}
	mutex_unlock(&event->queue.lock);
	return error < 0 ? error : uio_copy_out(uio, &value, sizeof(value));
}

static int
eventfd_write(struct file *file, struct uio *uio, uint64_t *offset,
    const struct file_writer *writer)
{
	struct eventfd *event = file->object;
	uint64_t value;
	int error;

	if (uio->left != sizeof(value))
		return -EINVAL;
	error = uio_copy_in(uio, &value, sizeof(value));
	if (error < 0)
		return error;
	if (value > COUNT_MAX)
		return -EINVAL;
	mutex_lock(&event->queue.lock);
	while (value > COUNT_MAX - event->count && error == 0)
		error = wait_for_change(file, event);
	if (error == 0) {
		event->count += value;
		wait_queue_wake(&event->queue, POLL_IN);
	}
	mutex_unlock(&event->queue.lock);
	return error;
}

static uint32_t
eventfd_poll(struct file *file, struct watcher *watcher)
{
	struct eventfd *event = file->object;
	uint32_t events = 0;

	mutex_lock(&event->queue.lock);
	wait_queue_watch(&event->queue, watcher, POLL_IN | POLL_OUT);
	if (event->count > 0)
		events |= POLL_IN;
	if (event->count < COUNT_MAX)
		events |= POLL_OUT;
	mutex_unlock(&event->queue.lock);
	return events;
}

static void
eventfd_close(struct file *file)
{
	struct eventfd *event = file->object;

	memory_free(file->kernel, event, sizeof(*event));
}

static const struct file_ops eventfd_ops = {
	.can_watch = true,
	.read = eventfd_read,
	.write = eventfd_write,
	.seek = file_seek_nowhere,
	.poll = eventfd_poll,
	.count_readable = file_no_count_readable,
	.close = eventfd_close,
};

int64_t
sys_eventfd2(struct thread *thread, uint32_t count, int user_flags)
{
	uint32_t flags = (uint32_t)user_flags;
	struct eventfd *event;
	struct file *file;
	int error;

	if ((flags & ~(uint32_t)(EVENTFD_SEMAPHORE | OPEN_CLOSE_ON_EXEC | OPEN_NONBLOCK)) != 0)
		return -EINVAL;
	event = memory_alloc_zeroed(thread->kernel, sizeof(*event));
	if (event == NULL)
		return -ENOMEM;
	wait_queue_init(&event->queue, thread->kernel);
	event->count = count;
	event->is_semaphore = (flags & EVENTFD_SEMAPHORE) != 0;
	error = thread_create_file(thread, &eventfd_ops, event, flags, &file);
	if (error < 0) {
		memory_free(thread->kernel, event, sizeof(*event));
		return error;
	}
	return thread_add_file(thread, file, (flags & OPEN_CLOSE_ON_EXEC) != 0);
}
