/*
 * Reading and writing: read, write, their p and v forms, and lseek.
 *
 * All are one thing with three choices: which way, one range of memory or a
 * vector of them, at the file's own offset or at one given.  The file's offset
 * is used under its lock, held all the while, so that readers who share it
 * each get their own part.  Streams have none, and may be waited in by many.
 * What was moved, at most TRANSFER_MAX bytes, is what the uio has lost.
 */
#include "base/errno.h"
#include "base/math.h"
#include "kern/memory.h"
#include "kern/uio.h"
#include "syscall/handlers.h"
#include "syscall/pipe.h"
#include "syscall/pipe_impl.h"
#include "syscall/process.h"
#include "vfs/vnode.h"

#define TRANSFER_MAX	0x7ffff000 /* bytes in one call, as in Linux */
#define VECTOR_MAX	1024	   /* UIO_MAXIOV */
#define VECTOR_EMBEDDED 8	   /* up to so many ranges stay on the stack */

/* Flags of preadv2(2) and pwritev2(2), numerically Linux's. */
enum transfer_flag {
	TRANSFER_HIGH_PRIORITY = 0x1, /* means nothing here */
	TRANSFER_DSYNC = 0x2,
	TRANSFER_SYNC = 0x4,
	TRANSFER_APPEND = 0x10,
	TRANSFER_NO_APPEND = 0x20,
	TRANSFER_NO_SIGNAL = 0x100, /* there are none */
};

enum direction {
	TO_USER,
	FROM_USER,
};

/* What to do with a file. */
struct transfer {
	enum direction direction;
	bool has_offset; /* else the file's own */
	int64_t offset;
	uint32_t flags;	 /* enum transfer_flag */
	bool is_spliced; /* to a pipe, as much as there is room for */
	bool waits;	 /* ... for any, if there is none */
};

/* An element of a vector in user memory: struct iovec. */
struct user_range {
	uint64_t start;
	uint64_t length;
};

/* A reference to the file, if the transfer is possible at all. */
static int
transfer_begin(const struct transfer *transfer, struct thread *thread, int fd, struct file **out)
{
	struct file *file;
	int error = 0;

	*out = NULL;
	if (transfer->has_offset && transfer->offset < 0)
		return -EINVAL;
	file = thread_file(thread, fd);
	if (file == NULL)
		return -EBADF;
	if (transfer->has_offset && !file->ops->can_seek)
		error = -ESPIPE;
	else if (transfer->direction == TO_USER ? !file_can_read(file) : !file_can_write(file))
		error = -EBADF;
	if (error < 0)
		file_put(file);
	else
		*out = file;
	return error;
}

/* Does the file or the call want what is written to be durable; all of it? */
static bool
wants_sync(const struct transfer *transfer, const struct file *file)
{
	return (file_flags(file) & OPEN_DSYNC) != 0 ||
	       (transfer->flags & (TRANSFER_DSYNC | TRANSFER_SYNC)) != 0;
}

static bool
wants_full_sync(const struct transfer *transfer, const struct file *file)
{
	return (file_flags(file) & OPEN_SYNC) == OPEN_SYNC ||
	       (transfer->flags & TRANSFER_SYNC) != 0;
}

static bool
appends(const struct transfer *transfer, const struct file *file)
{
	if ((transfer->flags & (TRANSFER_APPEND | TRANSFER_NO_APPEND)) != 0)
		return (transfer->flags & TRANSFER_APPEND) != 0;
	return (file_flags(file) & OPEN_APPEND) != 0;
}

/* Read or write at *offset, or where a file that is appended to ends. */
static int
transfer_at(const struct transfer *transfer, struct thread *thread, struct file *file,
    struct uio *uio, uint64_t *offset)
{
	struct file_writer writer = thread_writer(thread);
	uint64_t total = uio->left, end;
	int error;

	if (add_overflows(*offset, total, &end) || end > INT64_MAX)
		return -EINVAL;
	if (transfer->direction == TO_USER)
		return file->ops->read(file, uio, *offset);
	writer.append = appends(transfer, file);
	error = file->ops->write(file, uio, offset, &writer);
	if (error == 0 && uio->left < total && wants_sync(transfer, file))
		error =
		    vnode_sync(file->vnode, !wants_full_sync(transfer, file), &file->errors_told);
	return error;
}

/* Move uio's data; how much was, or an error. */
static int64_t
transfer_move(const struct transfer *transfer, struct thread *thread, struct file *file,
    struct uio *uio)
{
	bool uses_own_offset = !transfer->has_offset && file->ops->can_seek;
	uint64_t offset = (uint64_t)transfer->offset, total = uio->left, moved;
	int error;

	if (transfer->is_spliced) {
		error = total > 0 ? pipe_fill(file, uio, transfer->waits) : 0;
		return error < 0 ? error : (int64_t)(total - uio->left);
	}
	if (uses_own_offset) {
		mutex_lock(&file->offset_lock);
		offset = file->offset;
	}
	error = transfer_at(transfer, thread, file, uio, &offset);
	moved = total - uio->left;
	if (uses_own_offset) {
		if (moved > 0)
			file->offset = offset + moved;
		mutex_unlock(&file->offset_lock);
	}
	return error < 0 ? error : (int64_t)moved;
}

/* ---- one range ---------------------------------------------------------------------------- */

static int64_t
transfer_buffer(const struct transfer *transfer, struct thread *thread, int fd,
    struct user_ptr start, uint64_t length)
{
	struct uio_range range = { start, min_u64(length, TRANSFER_MAX) };
	struct file *file;
	struct uio uio;
	int64_t result = transfer_begin(transfer, thread, fd, &file);

	if (result < 0)
		return result;
	if (length > INT64_MAX) {
		result = -EFAULT; /* no user has so much memory */
	} else {
		uio_init(&uio, thread->space, &range, 1, range.length);
		result = transfer_move(transfer, thread, file, &uio);
	}
	file_put(file);
	return result;
}

int64_t
sys_read(struct thread *thread, int fd, struct user_ptr buffer, uint64_t count)
{
	const struct transfer transfer = { .direction = TO_USER };

	return transfer_buffer(&transfer, thread, fd, buffer, count);
}

int64_t
sys_write(struct thread *thread, int fd, struct user_ptr buffer, uint64_t count)
{
	const struct transfer transfer = { .direction = FROM_USER };

	return transfer_buffer(&transfer, thread, fd, buffer, count);
}

int64_t
sys_pread(struct thread *thread, int fd, struct user_ptr buffer, uint64_t count, int64_t offset)
{
	const struct transfer transfer = {
		.direction = TO_USER,
		.has_offset = true,
		.offset = offset,
	};

	return transfer_buffer(&transfer, thread, fd, buffer, count);
}

int64_t
sys_pwrite(struct thread *thread, int fd, struct user_ptr buffer, uint64_t count, int64_t offset)
{
	const struct transfer transfer = {
		.direction = FROM_USER,
		.has_offset = true,
		.offset = offset,
	};

	return transfer_buffer(&transfer, thread, fd, buffer, count);
}

/* ---- vectors ------------------------------------------------------------------------------ */

/* Read the vector into ranges, cut to TRANSFER_MAX in all. */
static int
copy_ranges(struct thread *thread, struct user_ptr vector, size_t count, struct uio_range *ranges,
    uint64_t *total)
{
	*total = 0;
	for (size_t i = 0; i < count; i++) {
		struct user_range range;
		int error = copy_in(thread->space, &range, user_ptr_add(vector, i * sizeof(range)),
		    sizeof(range));

		if (error < 0)
			return error;
		if (range.length > INT64_MAX)
			return -EINVAL;
		ranges[i].start.address = range.start;
		ranges[i].length = min_u64(range.length, TRANSFER_MAX - *total);
		*total += ranges[i].length;
	}
	return 0;
}

/* Does nothing but what the flags mean?  Without data nobody asks. */
static int
check_flags(const struct transfer *transfer)
{
	const uint32_t known = TRANSFER_HIGH_PRIORITY | TRANSFER_DSYNC | TRANSFER_SYNC |
			       TRANSFER_APPEND | TRANSFER_NO_APPEND | TRANSFER_NO_SIGNAL;
	const uint32_t both = TRANSFER_APPEND | TRANSFER_NO_APPEND;

	if ((transfer->flags & ~known) != 0)
		return -EOPNOTSUPP;
	return (transfer->flags & both) == both ? -EINVAL : 0;
}

static int64_t
transfer_ranges(const struct transfer *transfer, struct thread *thread, struct file *file,
    struct user_ptr vector, size_t count)
{
	struct uio_range embedded[VECTOR_EMBEDDED], *ranges = embedded;
	uint64_t total;
	struct uio uio;
	int64_t result;

	if (count > VECTOR_EMBEDDED) {
		ranges = memory_alloc(thread->kernel, count * sizeof(*ranges));
		if (ranges == NULL)
			return -ENOMEM;
	}
	result = copy_ranges(thread, vector, count, ranges, &total);
	if (result == 0 && total > 0)
		result = check_flags(transfer);
	if (result == 0) {
		uio_init(&uio, thread->space, ranges, count, total);
		result = transfer_move(transfer, thread, file, &uio);
	}
	if (ranges != embedded)
		memory_free(thread->kernel, ranges, count * sizeof(*ranges));
	return result;
}

static int64_t
transfer_vector(const struct transfer *transfer, struct thread *thread, int fd,
    struct user_ptr vector, int count)
{
	struct file *file;
	int64_t result = transfer_begin(transfer, thread, fd, &file);

	if (result < 0)
		return result;
	if (count < 0 || count > VECTOR_MAX)
		result = -EINVAL;
	else
		result = transfer_ranges(transfer, thread, file, vector, (size_t)count);
	file_put(file);
	return result;
}

int64_t
sys_readv(struct thread *thread, int fd, struct user_ptr vector, int count)
{
	const struct transfer transfer = { .direction = TO_USER };

	return transfer_vector(&transfer, thread, fd, vector, count);
}

int64_t
sys_writev(struct thread *thread, int fd, struct user_ptr vector, int count)
{
	const struct transfer transfer = { .direction = FROM_USER };

	return transfer_vector(&transfer, thread, fd, vector, count);
}

int64_t
sys_preadv(struct thread *thread, int fd, struct user_ptr vector, int count, int64_t offset)
{
	const struct transfer transfer = {
		.direction = TO_USER,
		.has_offset = true,
		.offset = offset,
	};

	return transfer_vector(&transfer, thread, fd, vector, count);
}

int64_t
sys_pwritev(struct thread *thread, int fd, struct user_ptr vector, int count, int64_t offset)
{
	const struct transfer transfer = {
		.direction = FROM_USER,
		.has_offset = true,
		.offset = offset,
	};

	return transfer_vector(&transfer, thread, fd, vector, count);
}

/* What the newest forms are to do; an offset of -1 is the file's own. */
static struct transfer
transfer_of(enum direction direction, int64_t offset, int flags)
{
	return (struct transfer){
		.direction = direction,
		.has_offset = offset != -1,
		.offset = offset,
		.flags = (uint32_t)flags,
	};
}

int64_t
sys_preadv2(struct thread *thread, int fd, struct user_ptr vector, int count, int64_t offset,
    uint64_t offset_high, int flags)
{
	const struct transfer transfer = transfer_of(TO_USER, offset, flags);

	return transfer_vector(&transfer, thread, fd, vector, count);
}

int64_t
sys_pwritev2(struct thread *thread, int fd, struct user_ptr vector, int count, int64_t offset,
    uint64_t offset_high, int flags)
{
	const struct transfer transfer = transfer_of(FROM_USER, offset, flags);

	return transfer_vector(&transfer, thread, fd, vector, count);
}

int64_t
sys_vmsplice(struct thread *thread, int fd, struct user_ptr vector, uint64_t count, uint32_t flags)
{
	struct transfer transfer = { .direction = FROM_USER, .is_spliced = true };
	struct file *file;
	int64_t result;

	if ((flags & ~(uint32_t)SPLICE_KNOWN) != 0)
		return -EINVAL;
	result = transfer_begin(&transfer, thread, fd, &file);
	if (result < 0)
		return result;
	transfer.waits = (flags & SPLICE_NONBLOCK) == 0;
	if (pipe_of(file) == NULL)
		result = -EBADF;
	else if (count > VECTOR_MAX)
		result = -EINVAL;
	else
		result = transfer_ranges(&transfer, thread, file, vector, (size_t)count);
	file_put(file);
	return result;
}

/* ---- the offset ----------------------------------------------------------------------------- */

int64_t
sys_lseek(struct thread *thread, int fd, int64_t offset, int whence)
{
	struct file *file = thread_file(thread, fd);
	uint64_t place;
	int64_t result;

	if (file == NULL)
		return -EBADF;
	if (file_is_path(file)) {
		result = -EBADF;
	} else if (whence < WHENCE_SET || whence > WHENCE_HOLE) {
		result = -EINVAL;
	} else {
		mutex_lock(&file->offset_lock);
		result = file->ops->seek(file, offset, (enum whence)whence, &place);
		if (result == 0) {
			file->offset = place;
			result = (int64_t)place;
		}
		mutex_unlock(&file->offset_lock);
	}
	file_put(file);
	return result;
}
