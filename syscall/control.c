/*
 * ioctl, as far as it is about files of all kinds: what can be read at once,
 * whether calls wait, close-on-exec.  No device has controls of its own.
 */
#include "base/errno.h"
#include "base/math.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/process.h"

/* Requests, numerically Linux's. */
#define FIONREAD 0x541b
#define FIONCLEX 0x5450
#define FIOCLEX	 0x5451
#define FIONBIO	 0x5421

static int
tell_readable(struct thread *thread, struct file *file, struct user_ptr to)
{
	uint64_t bytes;
	int32_t told;
	int error = file->ops->count_readable(file, &bytes);

	if (error < 0)
		return error;
	told = (int32_t)min_u64(bytes, INT32_MAX);
	return copy_out(thread->space, to, &told, sizeof(told));
}

/* Let calls on the file wait, or not. */
static int
set_nonblock(struct thread *thread, struct file *file, struct user_ptr from)
{
	int32_t wanted;
	int error = copy_in(thread->space, &wanted, from, sizeof(wanted));

	if (error < 0)
		return error;
	if (wanted != 0)
		atomic_fetch_or_explicit(&file->flags, OPEN_NONBLOCK, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&file->flags, ~(uint32_t)OPEN_NONBLOCK,
		    memory_order_relaxed);
	return 0;
}

int64_t
sys_ioctl(struct thread *thread, int fd, uint32_t request, struct user_ptr argument)
{
	struct descriptor_table *table = thread->process->descriptors;
	struct file *file = thread_usable_file(thread, fd);
	int error;

	if (file == NULL)
		return -EBADF;
	switch (request) {
	case FIONREAD:
		error = tell_readable(thread, file, argument);
		break;
	case FIONBIO:
		error = set_nonblock(thread, file, argument);
		break;
	case FIOCLEX:
	case FIONCLEX:
		error = descriptor_set_close_on_exec(table, fd, request == FIOCLEX);
		break;
	default:
		error = -ENOTTY;
		break;
	}
	file_put(file);
	return error;
}
