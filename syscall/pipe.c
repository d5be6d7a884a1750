/*
 * Pipes and fifos: see pipe.h.
 *
 * The lock of a pipe's wait queue guards all of it but for its users, the files
 * on it and those who are about to open one: these are counted under the lock
 * of the vnode, since the pipe comes and goes with them.
 *
 * Data is copied to and from users with the lock held: a write of up to
 * PIPE_BUF bytes is one piece, and so is what is read.  A page is taken when a
 * slot is first written to and freed when it has been read, so an idle pipe has
 * none.
 */
#include "syscall/pipe.h"

#include "base/errno.h"
#include "base/math.h"
#include "kern/memory.h"
#include "syscall/anonymous.h"
#include "syscall/handlers.h"
#include "syscall/pipe_impl.h"
#include "syscall/process.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"
#include "vfs/vnode.h"

#define SLOTS_DEFAULT	 16
#define CAPACITY_MAX	 ((uint32_t)1 << 31)
#define CAPACITY_SERVED	 ((uint32_t)1 << 20) /* to those without CAP_SYS_RESOURCE */
#define POLL_SIDE_CHANGE (POLL_READABLE | POLL_WRITABLE | POLL_ERROR | POLL_HANGUP)

/* ---- slots ---------------------------------------------------------------------- */

struct slot *
pipe_slot_at(struct pipe *pipe, uint32_t index)
{
	return &pipe->slots[(pipe->first + index) & (pipe->slot_max - 1)];
}

bool
pipe_is_full(const struct pipe *pipe)
{
	return pipe->count == pipe->slot_max;
}

bool
pipe_is_readable(const struct pipe *pipe)
{
	return pipe->count > 0 && !pipe->is_taken;
}

void
pipe_drop_first(struct pipe *pipe)
{
	pipe->first = (pipe->first + 1) & (pipe->slot_max - 1);
	pipe->count--;
}

void
pipe_consume(struct pipe *pipe, uint32_t length)
{
	struct slot *slot = pipe_slot_at(pipe, 0);

	length = (uint32_t)min_u64(length, slot->length);
	slot->offset += length;
	slot->length -= length;
	if (slot->length > 0)
		return;
	page_run_free(pipe->kernel, slot->page, 1);
	pipe_drop_first(pipe);
}

/* Copy as much as uio takes, or a packet; what does not fit of that is lost. */
static int
read_slots(struct pipe *pipe, struct uio *uio)
{
	while (pipe->count > 0 && uio->left > 0) {
		struct slot *slot = pipe_slot_at(pipe, 0);
		uint32_t length = (uint32_t)min_u64(slot->length, uio->left);
		bool is_packet = slot->is_packet;
		int error = uio_copy_out(uio, slot->page + slot->offset, length);

		if (error < 0)
			return error;
		pipe_consume(pipe, is_packet ? slot->length : length);
		if (is_packet)
			break;
	}
	return 0;
}

/* Let the odd bytes of a write join the last slot, if they fit. */
static int
write_join(struct pipe *pipe, struct uio *uio)
{
	uint32_t odd = uio->left % PAGE_SIZE;
	struct slot *last;
	int error;

	if (odd == 0 || pipe->count == 0)
		return 0;
	last = pipe_slot_at(pipe, pipe->count - 1);
	if (last->is_packet || last->offset + last->length + odd > PAGE_SIZE)
		return 0;
	error = uio_copy_in(uio, last->page + last->offset + last->length, odd);
	if (error == 0)
		last->length += odd;
	return error;
}

int
pipe_write_slots(struct pipe *pipe, struct uio *uio, bool is_packet)
{
	while (!pipe_is_full(pipe) && uio->left > 0) {
		struct slot *slot = pipe_slot_at(pipe, pipe->count);
		uint32_t length = (uint32_t)min_u64(PAGE_SIZE, uio->left);
		uint8_t *page = page_run_alloc(pipe->kernel, 1);
		int error;

		if (page == NULL)
			return -ENOMEM;
		error = uio_copy_in(uio, page, length);
		if (error < 0) {
			page_run_free(pipe->kernel, page, 1);
			return error;
		}
		*slot = (struct slot){ .page = page, .length = length, .is_packet = is_packet };
		pipe->count++;
	}
	return 0;
}

/* ---- the life of a pipe ------------------------------------------------------------ */

static struct pipe *
pipe_alloc(struct kernel *kernel)
{
	struct pipe *pipe = memory_alloc_zeroed(kernel, sizeof(*pipe));

	if (pipe == NULL)
		return NULL;
	pipe->kernel = kernel;
	pipe->slot_max = SLOTS_DEFAULT;
	pipe->slots = memory_alloc_array(kernel, pipe->slot_max, sizeof(*pipe->slots));
	if (pipe->slots == NULL) {
		memory_free(kernel, pipe, sizeof(*pipe));
		return NULL;
	}
	wait_queue_init(&pipe->queue, kernel);
	return pipe;
}

static void
pipe_free(struct pipe *pipe)
{
	while (pipe->count > 0)
		pipe_consume(pipe, pipe_slot_at(pipe, 0)->length);
	memory_free(pipe->kernel, pipe->slots, pipe->slot_max * sizeof(*pipe->slots));
	memory_free(pipe->kernel, pipe, sizeof(*pipe));
}

/* Be one more user of vnode's pipe, which is made if there is none; -ENOMEM. */
static int
pipe_enter(struct vnode *vnode, struct pipe **out)
{
	rwlock_lock_exclusive(&vnode->lock);
	if (vnode->pipe == NULL)
		vnode->pipe = pipe_alloc(vnode->kernel);
	*out = vnode->pipe;
	if (vnode->pipe != NULL)
		vnode->pipe->users++;
	rwlock_unlock_exclusive(&vnode->lock);
	return *out == NULL ? -ENOMEM : 0;
}

static void
pipe_leave(struct vnode *vnode, struct pipe *pipe)
{
	bool is_last;

	rwlock_lock_exclusive(&vnode->lock);
	pipe->users--;
	is_last = pipe->users == 0;
	if (is_last)
		vnode->pipe = NULL;
	rwlock_unlock_exclusive(&vnode->lock);
	if (is_last)
		pipe_free(pipe);
}

/* Which sides a file with these flags is on. */
static bool
reads(uint32_t flags)
{
	return (flags & OPEN_ACCESS_MODE) != OPEN_WRITE_ONLY;
}

static bool
writes(uint32_t flags)
{
	return (flags & OPEN_ACCESS_MODE) != 0;
}

static void
sides_add(struct pipe *pipe, uint32_t flags) REQUIRES(pipe->queue.lock)
{
	bool is_first = false;

	if (reads(flags)) {
		is_first = pipe->readers++ == 0;
		pipe->reader_opens++;
	}
	if (writes(flags)) {
		is_first |= pipe->writers++ == 0;
		pipe->writer_opens++;
	}
	if (is_first)
		wait_queue_wake(&pipe->queue, POLL_READABLE);
}

static void
sides_remove(struct pipe *pipe, uint32_t flags) REQUIRES(pipe->queue.lock)
{
	if (reads(flags))
		pipe->readers--;
	if (writes(flags))
		pipe->writers--;
	if ((pipe->readers == 0) != (pipe->writers == 0))
		wait_queue_wake(&pipe->queue, POLL_SIDE_CHANGE);
}

/* ---- as files ------------------------------------------------------------------------ */

/* The end of a read or write that waits for no more: what if nothing was moved? */
static int
would_wait(const struct file *file)
{
	return (file_flags(file) & OPEN_NONBLOCK) != 0 ? -EAGAIN : 0;
}

int
pipe_wait_readable(struct pipe *pipe, bool may_wait)
{
	int error = 0;

	/* Who has taken it for a file waits for nobody: it is soon over. */
	while (!pipe_is_readable(pipe) && error == 0) {
		if (pipe->count == 0 && pipe->writers == 0)
			return 1;
		error = may_wait || pipe->is_taken ? 0 : -EAGAIN;
		if (error == 0)
			error = wait_queue_sleep(&pipe->queue, HOST_NO_DEADLINE);
	}
	return error;
}

int
pipe_wait_writable(struct pipe *pipe, bool may_wait)
{
	int error = 0;

	while (error == 0) {
		if (pipe->readers == 0)
			return -EPIPE;
		if (!pipe_is_full(pipe))
			return 0;
		error = may_wait ? 0 : -EAGAIN;
		if (error == 0)
			error = wait_queue_sleep(&pipe->queue, HOST_NO_DEADLINE);
	}
	return error;
}

/* Read something, waiting for it.  (queue locked) */
static int
read_locked(struct file *file, struct pipe *pipe, struct uio *uio)
{
	int error = pipe_wait_readable(pipe, would_wait(file) == 0);

	if (error == 1)
		return 0;
	if (error == 0) {
		bool was_full = pipe_is_full(pipe);

		error = read_slots(pipe, uio);
		if (was_full && !pipe_is_full(pipe))
			wait_queue_wake(&pipe->queue, POLL_WRITABLE);
	}
	return error;
}

static int
pipe_read(struct file *file, struct uio *uio, uint64_t offset)
{
	struct pipe *pipe = file->object;
	uint64_t total = uio->left;
	int error;

	if (total == 0)
		return 0;
	mutex_lock(&pipe->queue.lock);
	error = read_locked(file, pipe, uio);
	mutex_unlock(&pipe->queue.lock);
	if (uio->left == total)
		return error;
	namespace_accessed(file->vnode);
	return 0;
}

/* Write all, waiting for room.  (queue locked) */
static int
write_locked(struct file *file, struct pipe *pipe, struct uio *uio)
{
	bool is_packet = (file_flags(file) & OPEN_DIRECT) != 0;
	int error = pipe->readers == 0 ? -EPIPE : 0;

	if (error == 0)
		error = write_join(pipe, uio);
	while (error == 0) {
		error = pipe->readers == 0 ? -EPIPE : pipe_write_slots(pipe, uio, is_packet);
		if (error < 0 || uio->left == 0)
			break;
		error = would_wait(file);
		if (error == 0) {
			wait_queue_wake(&pipe->queue, POLL_READABLE);
			error = wait_queue_sleep(&pipe->queue, HOST_NO_DEADLINE);
		}
	}
	return error;
}

void
pipe_note_write(struct vnode *vnode)
{
	if ((vnode->mount->flags & MOUNT_READ_ONLY) == 0)
		namespace_modified(vnode);
}

static int
pipe_write(struct file *file, struct uio *uio, uint64_t *offset, const struct file_writer *writer)
{
	struct pipe *pipe = file->object;
	uint64_t total = uio->left;
	int error;

	if (total == 0)
		return 0;
	mutex_lock(&pipe->queue.lock);
	error = write_locked(file, pipe, uio);
	if (uio->left < total)
		wait_queue_wake(&pipe->queue, POLL_READABLE);
	mutex_unlock(&pipe->queue.lock);
	if (uio->left == total)
		return error;
	pipe_note_write(file->vnode);
	return 0;
}

static uint32_t
pipe_poll(struct file *file, struct watcher *watcher)
{
	struct pipe *pipe = file->object;
	uint32_t flags = file_flags(file);
	uint32_t events = 0;

	mutex_lock(&pipe->queue.lock);
	wait_queue_watch(&pipe->queue, watcher,
	    (reads(flags) ? POLL_READABLE : 0U) | (writes(flags) ? POLL_WRITABLE : 0U) |
		POLL_ALWAYS);
	if (reads(flags)) {
		if (pipe->count > 0)
			events |= POLL_READABLE;
		if (pipe->writers == 0 && pipe->writer_opens != file->opened_after)
			events |= POLL_HANGUP;
	}
	if (writes(flags)) {
		if (!pipe_is_full(pipe))
			events |= POLL_WRITABLE;
		if (pipe->readers == 0)
			events |= POLL_ERROR;
	}
	mutex_unlock(&pipe->queue.lock);
	return events;
}

static int
pipe_count_readable(struct file *file, uint64_t *out)
{
	struct pipe *pipe = file->object;

	*out = 0;
	mutex_lock(&pipe->queue.lock);
	for (uint32_t i = 0; i < pipe->count; i++)
		*out += pipe_slot_at(pipe, i)->length;
	mutex_unlock(&pipe->queue.lock);
	return 0;
}

static void
pipe_close(struct file *file)
{
	struct pipe *pipe = file->object;

	mutex_lock(&pipe->queue.lock);
	sides_remove(pipe, file_flags(file));
	mutex_unlock(&pipe->queue.lock);
	pipe_leave(file->vnode, pipe);
}

static const struct file_ops pipe_ops = {
	.can_watch = true,
	.read = pipe_read,
	.write = pipe_write,
	.seek = file_no_seek,
	.poll = pipe_poll,
	.count_readable = pipe_count_readable,
	.close = pipe_close,
};

struct pipe *
pipe_of(const struct file *file)
{
	return file->ops == &pipe_ops ? file->object : NULL;
}

/* ---- capacity -------------------------------------------------------------------------- */

uint32_t
pipe_capacity(struct pipe *pipe)
{
	uint32_t slot_max;

	mutex_lock(&pipe->queue.lock);
	slot_max = pipe->slot_max;
	mutex_unlock(&pipe->queue.lock);
	return slot_max * (uint32_t)PAGE_SIZE;
}

/* Move the ring to slots, of which there are slot_max, enough; the old ones. */
static struct slot *
replace_slots(struct pipe *pipe, struct slot *slots, uint32_t slot_max)
{
	struct slot *old = pipe->slots;

	for (uint32_t i = 0; i < pipe->count; i++)
		slots[i] = *pipe_slot_at(pipe, i);
	pipe->slots = slots;
	pipe->slot_max = slot_max;
	pipe->first = 0;
	wait_queue_wake(&pipe->queue, POLL_WRITABLE);
	return old;
}

int64_t
pipe_set_capacity(struct pipe *pipe, const struct thread *thread, uint32_t size)
{
	uint32_t slot_max, old_max;
	struct slot *slots;

	if (size > CAPACITY_MAX)
		return -EINVAL;
	slot_max = 1;
	while (slot_max * PAGE_SIZE < size)
		slot_max *= 2;
	if (slot_max * PAGE_SIZE > CAPACITY_SERVED && size > pipe_capacity(pipe) &&
	    !credential_can(thread->credential, CAP_SYS_RESOURCE))
		return -EPERM;
	slots = memory_alloc_array(pipe->kernel, slot_max, sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;

	mutex_lock(&pipe->queue.lock);
	old_max = slot_max;
	if (pipe->count <= slot_max) {
		old_max = pipe->slot_max;
		slots = replace_slots(pipe, slots, slot_max);
	} else {
		slot_max = 0;
	}
	mutex_unlock(&pipe->queue.lock);
	memory_free(pipe->kernel, slots, old_max * sizeof(*slots));
	return slot_max == 0 ? -EBUSY : (int64_t)(slot_max * PAGE_SIZE);
}

/* ---- opening ------------------------------------------------------------------------------ */

/* Wait until *opens, which counts those of the other side, has changed. */
static int
wait_for_other_side(struct pipe *pipe, const uint32_t *opens)
{
	uint32_t before = *opens;
	int error = 0;

	while (*opens == before && error == 0)
		error = wait_queue_sleep(&pipe->queue, HOST_NO_DEADLINE);
	return error;
}

/* Be on the sides that flags say, once there is somebody on the other. */
static int
open_locked(struct pipe *pipe, struct file_create *what)
{
	bool may_wait = (what->flags & OPEN_NONBLOCK) == 0;
	bool is_reader = reads(what->flags), is_writer = writes(what->flags);
	int error = 0;

	if (!is_reader && !may_wait && pipe->readers == 0)
		return -ENXIO;
	/* Who opens to wait for a writer is told no hang-up before one has come. */
	what->opened_after = pipe->writer_opens - (pipe->writers > 0 || may_wait);
	sides_add(pipe, what->flags);
	if (!is_writer && pipe->writers == 0 && may_wait)
		error = wait_for_other_side(pipe, &pipe->writer_opens);
	else if (!is_reader && pipe->readers == 0)
		error = wait_for_other_side(pipe, &pipe->reader_opens);
	if (error < 0)
		sides_remove(pipe, what->flags);
	return error;
}

int
pipe_open_fifo(struct file_create *what)
{
	struct pipe *pipe;
	int error = pipe_enter(what->vnode, &pipe);

	if (error < 0)
		return error;
	mutex_lock(&pipe->queue.lock);
	error = open_locked(pipe, what);
	mutex_unlock(&pipe->queue.lock);
	if (error < 0) {
		pipe_leave(what->vnode, pipe);
		return error;
	}
	what->ops = &pipe_ops;
	what->object = pipe;
	return 0;
}

/* A file on vnode, whose reference it gets, for one side; what waits is never waited for. */
static int
open_side(struct thread *thread, struct vnode *vnode, uint32_t flags, struct file **out)
{
	struct file_create what = { .ops = &pipe_ops, .vnode = vnode, .flags = flags };
	struct pipe *pipe;
	int error = pipe_enter(vnode, &pipe);

	*out = NULL;
	if (error < 0)
		return error;
	mutex_lock(&pipe->queue.lock);
	what.opened_after = pipe->writer_opens;
	sides_add(pipe, flags);
	mutex_unlock(&pipe->queue.lock);
	what.object = pipe;
	error = file_create(process_file_pool(thread->kernel), &what, out);
	if (error < 0) {
		mutex_lock(&pipe->queue.lock);
		sides_remove(pipe, flags);
		mutex_unlock(&pipe->queue.lock);
		pipe_leave(vnode, pipe);
	}
	return error;
}

/* Both ends of a new pipe: the one to read from first. */
static int
pipe_create(struct thread *thread, uint32_t flags, struct file *files[2])
{
	struct vnode *vnode;
	int error = anonymous_fifo(process_anonymous(thread->kernel), thread->credential, &vnode);

	if (error < 0)
		return error;
	error = open_side(thread, vnode, flags, &files[0]);
	if (error < 0) {
		vnode_put(vnode);
		return error;
	}
	error = open_side(thread, vnode_get(vnode), flags | OPEN_WRITE_ONLY, &files[1]);
	if (error < 0) {
		vnode_put(vnode);
		file_put(files[0]);
	}
	return error;
}

int64_t
sys_pipe2(struct thread *thread, struct user_ptr fds, int user_flags)
{
	const uint32_t status = OPEN_NONBLOCK | OPEN_DIRECT;
	uint32_t flags = (uint32_t)user_flags;
	struct file *files[2];
	int error;

	if ((flags & ~(status | OPEN_CLOSE_ON_EXEC)) != 0)
		return -EINVAL;
	error = pipe_create(thread, flags & status, files);
	if (error < 0)
		return error;
	return thread_add_pair(thread, files, (flags & OPEN_CLOSE_ON_EXEC) != 0, fds);
}
