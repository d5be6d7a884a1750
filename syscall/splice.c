/*
 * splice, tee and vmsplice: data between pipes, and between pipes and files.
 *
 * From pipe to pipe whole slots change owner; parts of them, and what tee
 * doubles, are copied.  A file's data is copied as well: the page cache lends no
 * pages.  A file is not read or written with a pipe's lock held.  What is read
 * from it fills slots as far as there is room by then, and its offset moves by
 * that.  What is written to it stays in the pipe meanwhile, which is taken for so
 * long, so that nobody else reads it and nothing is lost that does not fit.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "kern/memory.h"
#include "kern/uio.h"
#include "syscall/copy_impl.h"
#include "syscall/handlers.h"
#include "syscall/pipe.h"
#include "syscall/pipe_impl.h"
#include "syscall/process.h"
#include "vfs/vnode.h"

#define BUFFER_PAGES 16
#define BUFFER_SIZE  (BUFFER_PAGES * PAGE_SIZE)

/* May a call with these flags wait, with a file that is one of its pipes? */
static bool
may_wait(uint32_t flags, const struct file *file)
{
	return (flags & SPLICE_NONBLOCK) == 0 && (file_flags(file) & OPEN_NONBLOCK) == 0;
}

/* ---- from pipe to pipe ------------------------------------------------------------- */

static void
lock_both(struct pipe *from, struct pipe *to)
{
	mutex_lock(from < to ? &from->queue.lock : &to->queue.lock);
	mutex_lock(from < to ? &to->queue.lock : &from->queue.lock);
}

static void
unlock_both(struct pipe *from, struct pipe *to)
{
	mutex_unlock(&from->queue.lock);
	mutex_unlock(&to->queue.lock);
}

/*
 * Wait with one pipe locked at a time: 0 to look again, 1 if there is nothing to
 * read and never will be.
 */
static int
wait_for_one(struct pipe *from, struct pipe *to, bool waits)
{
	int result;

	mutex_lock(&from->queue.lock);
	result = pipe_wait_readable(from, waits);
	mutex_unlock(&from->queue.lock);
	if (result != 0)
		return result;
	mutex_lock(&to->queue.lock);
	result = pipe_wait_writable(to, waits);
	mutex_unlock(&to->queue.lock);
	return result;
}

/* Have both locked, one readable and the other with room.  1: there is nothing any more. */
static int
lock_ready(struct pipe *from, struct pipe *to, bool waits)
{
	for (;;) {
		int result;

		lock_both(from, to);
		if (to->readers > 0 && pipe_is_readable(from) && !pipe_is_full(to))
			return 0;
		result = to->readers == 0 ? -EPIPE : 0;
		unlock_both(from, to);
		if (result == 0)
			result = wait_for_one(from, to, waits);
		if (result != 0)
			return result;
	}
}

/* Put length bytes of a slot into a new one of to, which has room.  -ENOMEM. */
static int
copy_slot(struct pipe *to, const struct slot *slot, uint32_t length)
{
	uint8_t *page = page_run_alloc(to->kernel, 1);

	if (page == NULL)
		return -ENOMEM;
	memcpy(page, slot->page + slot->offset, length);
	*pipe_slot_at(to, to->count++) = (struct slot){
		.page = page,
		.length = length,
		.is_packet = slot->is_packet,
	};
	return 0;
}

/* Move up to length bytes; what was, or -ENOMEM.  (both locked) */
static int64_t
move_slots(struct pipe *from, struct pipe *to, uint64_t length)
{
	uint64_t left = length;

	while (left > 0 && from->count > 0 && !pipe_is_full(to)) {
		struct slot *slot = pipe_slot_at(from, 0);
		uint32_t size = (uint32_t)min_u64(slot->length, left);
		int error = 0;

		if (size == slot->length) {
			*pipe_slot_at(to, to->count++) = *slot;
			pipe_drop_first(from);
		} else {
			error = copy_slot(to, slot, size);
			if (error == 0)
				pipe_consume(from, size);
		}
		if (error < 0)
			return left < length ? (int64_t)(length - left) : error;
		left -= size;
	}
	return (int64_t)(length - left);
}

/* The same with what stays in from as well. */
static int64_t
double_slots(struct pipe *from, struct pipe *to, uint64_t length)
{
	uint64_t left = length;

	for (uint32_t i = 0; left > 0 && i < from->count && !pipe_is_full(to); i++) {
		const struct slot *slot = pipe_slot_at(from, i);
		uint32_t size = (uint32_t)min_u64(slot->length, left);
		int error = copy_slot(to, slot, size);

		if (error < 0)
			return left < length ? (int64_t)(length - left) : error;
		left -= size;
	}
	return (int64_t)(length - left);
}

typedef int64_t pipe_to_pipe(struct pipe *from, struct pipe *to, uint64_t length);

static int64_t
between_pipes(struct file *in, struct file *out, uint64_t length, uint32_t flags,
    pipe_to_pipe *move)
{
	struct pipe *from = pipe_of(in), *to = pipe_of(out);
	int64_t result = lock_ready(from, to, may_wait(flags, in) && may_wait(flags, out));

	if (result != 0)
		return result < 0 ? result : 0;
	result = move(from, to, length);
	wait_queue_wake(&from->queue, POLL_WRITABLE);
	wait_queue_wake(&to->queue, POLL_READABLE);
	unlock_both(from, to);
	if (result > 0 && move == move_slots)
		namespace_accessed(in->vnode);
	if (result > 0)
		pipe_note_write(out->vnode);
	return result;
}

/* ---- from a file --------------------------------------------------------------------- */

int
pipe_fill(struct file *file, struct uio *uio, bool waits)
{
	struct pipe *pipe = pipe_of(file);
	uint64_t total = uio->left;
	int error;

	mutex_lock(&pipe->queue.lock);
	error = pipe_wait_writable(pipe, waits);
	if (error == 0)
		error = pipe_write_slots(pipe, uio, false);
	if (uio->left < total)
		wait_queue_wake(&pipe->queue, POLL_READABLE);
	mutex_unlock(&pipe->queue.lock);
	if (uio->left == total)
		return error;
	pipe_note_write(file->vnode);
	return 0;
}

/* Bytes that there is room for in whole slots, once there is any. */
static int64_t
await_room(struct file *out, bool waits)
{
	struct pipe *pipe = pipe_of(out);
	int64_t result;

	mutex_lock(&pipe->queue.lock);
	result = pipe_wait_writable(pipe, waits);
	if (result == 0)
		result = (int64_t)(pipe->slot_max - pipe->count) * PAGE_SIZE;
	mutex_unlock(&pipe->queue.lock);
	return result;
}

/* One piece of a file, of as much as there is room for.  How much, or an error. */
static int64_t
from_file(struct copy_place *from, struct file *out, uint64_t length, bool waits, void *buffer)
{
	int64_t room = await_room(out, waits);
	size_t size =
	    (size_t)min_u64(min_u64(length, BUFFER_SIZE), (uint64_t)(room > 0 ? room : 0));
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	size_t got;
	int error;

	if (room < 0)
		return room;
	uio_init_kernel(&uio, &space, &range, buffer, size);
	error = from->file->ops->read(from->file, &uio, from->offset);
	got = size - (size_t)uio.left;
	if (error < 0 || got == 0)
		return error;
	uio_init_kernel(&uio, &space, &range, buffer, got);
	error = pipe_fill(out, &uio, waits);
	if (error < 0)
		return error;
	got -= (size_t)uio.left;
	from->offset += got;
	return (int64_t)got;
}

/* ---- to a file ------------------------------------------------------------------------- */

/* Take the pipe, and copy of what comes first as much as fits; 0 at the end of it. */
static int64_t
take_first(struct pipe *pipe, uint8_t *buffer, uint64_t size, bool waits)
{
	int64_t result;
	size_t length = 0;

	mutex_lock(&pipe->queue.lock);
	result = pipe_wait_readable(pipe, waits);
	pipe->is_taken |= result == 0;
	for (uint32_t i = 0; result == 0 && i < pipe->count && length < size; i++) {
		const struct slot *slot = pipe_slot_at(pipe, i);
		size_t part = (size_t)min_u64(slot->length, size - length);

		memcpy(buffer + length, slot->page + slot->offset, part);
		length += part;
	}
	mutex_unlock(&pipe->queue.lock);
	return result < 0 ? result : (int64_t)length;
}

/* Give it back, without what has been written. */
static void
give_back(struct pipe *pipe, size_t written)
{
	mutex_lock(&pipe->queue.lock);
	pipe->is_taken = false;
	while (written > 0) {
		size_t part = (size_t)min_u64(pipe_slot_at(pipe, 0)->length, written);

		pipe_consume(pipe, (uint32_t)part);
		written -= part;
	}
	wait_queue_wake(&pipe->queue, POLL_READABLE | POLL_WRITABLE);
	mutex_unlock(&pipe->queue.lock);
}

/* One piece to a file.  How much, or an error. */
static int64_t
to_file(struct thread *thread, struct file *in, struct copy_place *to, uint64_t length, bool waits,
    void *buffer)
{
	struct file_writer writer = thread_writer(thread);
	int64_t size = take_first(pipe_of(in), buffer, min_u64(length, BUFFER_SIZE), waits);
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	size_t written;
	int error;

	if (size <= 0)
		return size;
	uio_init_kernel(&uio, &space, &range, buffer, (size_t)size);
	error = to->file->ops->write(to->file, &uio, &to->offset, &writer);
	written = (size_t)size - (size_t)uio.left;
	give_back(pipe_of(in), written);
	if (written == 0)
		return error;
	to->offset += written;
	namespace_accessed(in->vnode);
	return (int64_t)written;
}

/* All of it, as long as something is there: only the first piece is waited for. */
static int64_t
all_to_file(struct thread *thread, struct file *in, struct copy_place *to, uint64_t length,
    bool waits, void *buffer)
{
	uint64_t total = 0;
	int64_t result = 0;

	while (total < length) {
		result = to_file(thread, in, to, length - total, waits && total == 0, buffer);
		if (result <= 0)
			break;
		total += (uint64_t)result;
	}
	if (total == 0)
		return result;
	result = copy_sync_if_wanted(to->file);
	return result < 0 ? result : (int64_t)total;
}

/* ---- splice ------------------------------------------------------------------------------ */

/* Can data come from a file, or go to one, that is no pipe? */
static bool
is_spliced(const struct file *file)
{
	return file->ops->can_seek && file->vnode->type != VNODE_DIRECTORY;
}

/* Between a pipe and a place of a file, in either order. */
static int64_t
with_file(struct thread *thread, struct copy_place *from, struct copy_place *to, uint64_t length,
    uint32_t flags)
{
	bool is_to_pipe = pipe_of(to->file) != NULL;
	struct copy_place *place = is_to_pipe ? from : to;
	bool waits = may_wait(flags, is_to_pipe ? to->file : from->file);
	void *buffer;
	int64_t result;
	int error;

	if (!is_spliced(place->file) ||
	    (!is_to_pipe && (file_flags(place->file) & OPEN_APPEND) != 0))
		return -EINVAL;
	error = copy_place_begin(thread, place);
	if (error < 0)
		return error;
	if (length > INT64_MAX - place->offset)
		return -EINVAL;
	buffer = page_run_alloc(thread->kernel, BUFFER_PAGES);
	if (buffer == NULL)
		return -ENOMEM;
	result = is_to_pipe ? from_file(place, to->file, length, waits, buffer)
			    : all_to_file(thread, from->file, place, length, waits, buffer);
	page_run_free(thread->kernel, buffer, BUFFER_PAGES);
	if (result > 0)
		error = copy_place_end(thread, place);
	return error < 0 ? error : result;
}

static int64_t
splice(struct thread *thread, struct copy_place *from, struct copy_place *to, uint64_t length,
    uint32_t flags)
{
	struct pipe *in = pipe_of(from->file), *out = pipe_of(to->file);

	if (!file_can_read(from->file) || !file_can_write(to->file))
		return -EBADF;
	if ((in != NULL && !user_ptr_is_null(from->user)) ||
	    (out != NULL && !user_ptr_is_null(to->user)))
		return -ESPIPE;
	if (in == out) /* the same, or neither is one */
		return -EINVAL;
	if (in != NULL && out != NULL)
		return between_pipes(from->file, to->file, length, flags, move_slots);
	return with_file(thread, from, to, length, flags);
}

int64_t
sys_splice(struct thread *thread, int in_fd, struct user_ptr in_offset, int out_fd,
    struct user_ptr out_offset, uint64_t length, uint32_t flags)
{
	struct copy_place from = { .user = in_offset }, to = { .user = out_offset };
	int64_t result = -EBADF;

	if (length == 0)
		return 0;
	if ((flags & ~(uint32_t)SPLICE_KNOWN) != 0)
		return -EINVAL;
	from.file = thread_usable_file(thread, in_fd);
	to.file = thread_usable_file(thread, out_fd);
	if (from.file != NULL && to.file != NULL)
		result = splice(thread, &from, &to, min_u64(length, COPY_MAX), flags);
	file_put(from.file);
	file_put(to.file);
	return result;
}

/* ---- tee -------------------------------------------------------------------------------- */

static int64_t
tee(struct file *in, struct file *out, uint64_t length, uint32_t flags)
{
	if (!file_can_read(in) || !file_can_write(out))
		return -EBADF;
	if (pipe_of(in) == NULL || pipe_of(out) == NULL || pipe_of(in) == pipe_of(out))
		return -EINVAL;
	return between_pipes(in, out, length, flags, double_slots);
}

int64_t
sys_tee(struct thread *thread, int in_fd, int out_fd, uint64_t length, uint32_t flags)
{
	struct file *in, *out;
	int64_t result = -EBADF;

	if ((flags & ~(uint32_t)SPLICE_KNOWN) != 0)
		return -EINVAL;
	if (length == 0)
		return 0;
	in = thread_usable_file(thread, in_fd);
	out = thread_usable_file(thread, out_fd);
	if (in != NULL && out != NULL)
		result = tee(in, out, min_u64(length, COPY_MAX), flags);
	file_put(in);
	file_put(out);
	return result;
}
