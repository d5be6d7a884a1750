/*
 * Copying between files without a user's memory: sendfile and copy_file_range.
 *
 * Data goes through a buffer of the kernel, a piece at a time.  Offsets are
 * taken at the beginning and given back, moved by what was written, at the end:
 * no lock is held while data moves, so two files may be copied both ways at a
 * time.  An error after something was copied is reported only by the next call.
 */
#include "base/errno.h"
#include "base/math.h"
#include "kern/memory.h"
#include "kern/uio.h"
#include "syscall/copy_impl.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "vfs/vnode.h"

#define BUFFER_PAGES 16
#define BUFFER_SIZE  (BUFFER_PAGES * PAGE_SIZE)

int
copy_place_begin(struct thread *thread, struct copy_place *place)
{
	int error;

	if (user_ptr_is_null(place->user)) {
		mutex_lock(&place->file->offset_lock);
		place->offset = place->file->offset;
		mutex_unlock(&place->file->offset_lock);
		return 0;
	}
	error = copy_in(thread->space, &place->offset, place->user, sizeof(place->offset));
	if (error < 0)
		return error;
	return place->offset > INT64_MAX ? -EINVAL : 0;
}

int
copy_place_end(struct thread *thread, const struct copy_place *place)
{
	if (!user_ptr_is_null(place->user))
		return copy_out(thread->space, place->user, &place->offset, sizeof(place->offset));
	if (place->file->ops->can_seek) {
		mutex_lock(&place->file->offset_lock);
		place->file->offset = place->offset;
		mutex_unlock(&place->file->offset_lock);
	}
	return 0;
}

/* Copy one piece of at most size bytes; how many were, to *copied. */
static int
copy_piece(struct thread *thread, struct copy_place *from, struct copy_place *to, void *buffer,
    size_t size, size_t *copied)
{
	struct file_writer writer = thread_writer(thread);
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	size_t got;
	int error;

	*copied = 0;
	uio_init_kernel(&uio, &space, &range, buffer, size);
	error = from->file->ops->read(from->file, &uio, from->offset);
	got = size - (size_t)uio.left;
	if (error < 0 || got == 0)
		return error;
	uio_init_kernel(&uio, &space, &range, buffer, got);
	error = to->file->ops->write(to->file, &uio, &to->offset, &writer);
	*copied = got - (size_t)uio.left;
	from->offset += *copied;
	if (to->file->ops->can_seek)
		to->offset += *copied;
	return error;
}

int
copy_sync_if_wanted(struct file *file)
{
	uint32_t flags = file_flags(file);

	if ((flags & OPEN_DSYNC) == 0)
		return 0;
	return vnode_sync(file->vnode, (flags & OPEN_SYNC) != OPEN_SYNC, &file->errors_told);
}

/* Copy length bytes, or up to the end.  How many were, or an error. */
static int64_t
copy_between(struct thread *thread, struct copy_place *from, struct copy_place *to, uint64_t length)
{
	void *buffer = page_run_alloc(thread->kernel, BUFFER_PAGES);
	uint64_t total = 0;
	int error = 0;

	if (buffer == NULL)
		return -ENOMEM;
	while (total < length && error == 0) {
		size_t size = (size_t)min_u64(length - total, BUFFER_SIZE), copied;

		error = copy_piece(thread, from, to, buffer, size, &copied);
		total += copied;
		if (copied < size)
			break;
	}
	page_run_free(thread->kernel, buffer, BUFFER_PAGES);
	if (total == 0)
		return error;
	error = copy_sync_if_wanted(to->file);
	if (error == 0)
		error = copy_place_end(thread, from);
	if (error == 0)
		error = copy_place_end(thread, to);
	return error < 0 ? error : (int64_t)total;
}

/* The last of length bytes from offset on must have an offset. */
static bool
is_past_all(uint64_t offset, uint64_t length)
{
	return length > INT64_MAX - offset;
}

/* ---- sendfile --------------------------------------------------------------------- */

/* Can one be sent to the other?  Errors come in Linux's order. */
static int
check_send(const struct copy_place *from, const struct copy_place *to)
{
	if (!user_ptr_is_null(from->user) && !from->file->ops->can_seek)
		return -ESPIPE;
	if (!file_can_write(to->file))
		return -EBADF;
	if (!from->file->ops->can_seek || from->file->vnode->type == VNODE_DIRECTORY ||
	    (file_flags(to->file) & OPEN_APPEND) != 0)
		return -EINVAL;
	return 0;
}

static int64_t
send_file(struct thread *thread, struct copy_place *from, struct copy_place *to, uint64_t count)
{
	uint64_t length = min_u64(count, COPY_MAX);
	int error = check_send(from, to);

	if (error == 0)
		error = copy_place_begin(thread, from);
	if (error == 0)
		error = copy_place_begin(thread, to);
	if (error < 0)
		return error;
	if (is_past_all(from->offset, length) || is_past_all(to->offset, length))
		return -EINVAL;
	return copy_between(thread, from, to, length);
}

int64_t
sys_sendfile(struct thread *thread, int out_fd, int in_fd, struct user_ptr offset, uint64_t count)
{
	struct copy_place from = { .file = thread_file(thread, in_fd), .user = offset };
	struct copy_place to = { .file = thread_file(thread, out_fd) };
	int64_t result = -EBADF;

	if (from.file != NULL && to.file != NULL && file_can_read(from.file))
		result = send_file(thread, &from, &to, count);
	file_put(from.file);
	file_put(to.file);
	return result;
}

/* ---- copy_file_range ----------------------------------------------------------------- */

static int
check_types(const struct vnode *from, const struct vnode *to)
{
	if (from->type == VNODE_DIRECTORY || to->type == VNODE_DIRECTORY)
		return -EISDIR;
	return from->type == VNODE_REGULAR && to->type == VNODE_REGULAR ? 0 : -EINVAL;
}

static int64_t
copy_range(struct thread *thread, struct copy_place *from, struct copy_place *to, uint64_t length)
{
	struct vnode_attributes attributes;
	int error = copy_place_begin(thread, from);

	if (error == 0)
		error = copy_place_begin(thread, to);
	if (error == 0)
		error = check_types(from->file->vnode, to->file->vnode);
	if (error < 0)
		return error;
	if (!file_can_read(from->file) || !file_can_write(to->file) ||
	    (file_flags(to->file) & OPEN_APPEND) != 0)
		return -EBADF;
	if (is_past_all(from->offset, length) || is_past_all(to->offset, length))
		return -EOVERFLOW;
	namespace_attributes(from->file->vnode, &attributes);
	length = min_u64(length, attributes.size - min_u64(from->offset, attributes.size));
	if (from->file->vnode == to->file->vnode && to->offset + length > from->offset &&
	    to->offset < from->offset + length)
		return -EINVAL;
	return copy_between(thread, from, to, min_u64(length, COPY_MAX));
}

int64_t
sys_copy_file_range(struct thread *thread, int in_fd, struct user_ptr in_offset, int out_fd,
    struct user_ptr out_offset, uint64_t length, uint32_t flags)
{
	struct copy_place from = { .file = thread_usable_file(thread, in_fd), .user = in_offset };
	struct copy_place to = { .file = thread_usable_file(thread, out_fd), .user = out_offset };
	int64_t result = -EBADF;

	if (from.file != NULL && to.file != NULL)
		result = flags != 0 ? -EINVAL : copy_range(thread, &from, &to, length);
	file_put(from.file);
	file_put(to.file);
	return result;
}
