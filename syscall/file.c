/*
 * Open files: counting them, and what a vnode of each type does when it is
 * read, written and sought in as a file.
 *
 * Counting is the only thing here that must be quick and done by many threads
 * at a time: one atomic operation to take a reference, one to give it back.
 */
#include "syscall/file.h"

#include "base/errno.h"
#include "base/math.h"
#include "kern/memory.h"
#include "syscall/epoll.h"
#include "syscall/pipe.h"
#include "vfs/device.h"
#include "vfs/file_lock.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

/* ---- the pool --------------------------------------------------------------- */

void
file_pool_init(struct file_pool *pool, struct kernel *kernel)
{
	pool->kernel = kernel;
	pool->free = NULL;
	mutex_init(&pool->lock, kernel, RANK_DESCRIPTORS);
	mutex_init(&pool->watches_lock, kernel, RANK_WATCHES);
	pool->watches_mark = 0;
}

void
file_pool_destroy(struct file_pool *pool)
{
	while (pool->free != NULL) {
		struct file *file = pool->free;

		pool->free = file->next_free;
		memory_free(pool->kernel, file, sizeof(*file));
	}
}

/* A file with no reference, to be filled in. */
static struct file *
file_pool_take(struct file_pool *pool)
{
	struct file *file;

	mutex_lock(&pool->lock);
	file = pool->free;
	if (file != NULL)
		pool->free = file->next_free;
	mutex_unlock(&pool->lock);
	if (file != NULL)
		return file;

	file = memory_alloc_zeroed(pool->kernel, sizeof(*file));
	if (file == NULL)
		return NULL;
	file->kernel = pool->kernel;
	file->pool = pool;
	mutex_init(&file->offset_lock, pool->kernel, RANK_FILE);
	return file;
}

static void
file_pool_return(struct file *file)
{
	struct file_pool *pool = file->pool;

	mutex_lock(&pool->lock);
	file->next_free = pool->free;
	pool->free = file;
	mutex_unlock(&pool->lock);
}

/* ---- references -------------------------------------------------------------- */

struct file *
file_get(struct file *file)
{
	atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
	return file;
}

bool
file_try_get(struct file *file)
{
	uint32_t references = atomic_load_explicit(&file->references, memory_order_relaxed);

	do {
		if (references == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&file->references, &references,
	    references + 1, memory_order_acquire, memory_order_relaxed));
	return true;
}

void
file_put(struct file *file)
{
	if (file == NULL ||
	    atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
		return;
	file_lock_release(file->vnode, FILE_LOCK_OPEN, file);
	file_lock_release(file->vnode, FILE_LOCK_WHOLE, file);
	if (UNLIKELY(atomic_load_explicit(&file->is_watched, memory_order_relaxed)))
		epoll_forget(file);
	file->ops->close(file);
	vnode_put(file->vnode);
	file_pool_return(file);
}

bool
file_can_read(const struct file *file)
{
	uint32_t mode = file_flags(file) & (OPEN_ACCESS_MODE | OPEN_PATH);

	return mode == 0 || mode == OPEN_READ_WRITE;
}

bool
file_can_write(const struct file *file)
{
	uint32_t mode = file_flags(file) & (OPEN_ACCESS_MODE | OPEN_PATH);

	return mode == OPEN_WRITE_ONLY || mode == OPEN_READ_WRITE;
}

/* ---- what many have in common ------------------------------------------------- */

uint32_t
file_poll_always(struct file *file, struct watcher *watcher)
{
	return POLL_IN | POLL_OUT | POLL_READ_NORMAL | POLL_WRITE_NORMAL;
}

int
file_no_count_readable(struct file *file, uint64_t *out)
{
	*out = 0;
	return -ENOTTY;
}

int
file_no_seek(struct file *file, int64_t offset, enum whence whence, uint64_t *out)
{
	*out = 0;
	return -ESPIPE;
}

int
file_seek_nowhere(struct file *file, int64_t offset, enum whence whence, uint64_t *out)
{
	*out = 0;
	return 0;
}

void
file_accessed(struct file *file)
{
	uint32_t flags = atomic_load_explicit(&file->flags, memory_order_relaxed);

	if ((flags & OPEN_NO_ACCESS_TIME) == 0)
		namespace_accessed(file->vnode);
}

void
file_close_nothing(struct file *file)
{
}

/* offset relative to whence, where size is the end. */
static int
seek_within(struct file *file, int64_t offset, enum whence whence, uint64_t size, uint64_t *out)
{
	uint64_t base = whence == WHENCE_CURRENT ? file->offset : whence == WHENCE_END ? size : 0;
	int64_t result;

	if (base > INT64_MAX || add_overflows((int64_t)base, offset, &result) || result < 0)
		return -EINVAL;
	*out = (uint64_t)result;
	return 0;
}

/* ---- regular files -------------------------------------------------------------- */

/* With O_DIRECT, transfers are made of whole units of the store, if there is one. */
static int
check_direct(const struct file *file, const struct uio *uio, uint64_t offset)
{
	if ((file_flags(file) & OPEN_DIRECT) == 0 || file->vnode->is_memory)
		return 0;
	return offset % STORE_UNIT == 0 && uio->left % STORE_UNIT == 0 ? 0 : -EINVAL;
}

static int
regular_read(struct file *file, struct uio *uio, uint64_t offset)
{
	int error = check_direct(file, uio, offset);
	uint64_t before = uio->left;

	if (error == 0)
		error = file_read(file->vnode, uio, offset);
	if (uio->left < before)
		file_accessed(file);
	return error;
}

static int
regular_write(struct file *file, struct uio *uio, uint64_t *offset,
    const struct file_writer *writer)
{
	int error = check_direct(file, uio, *offset);

	if (error < 0)
		return error;
	return file_write(file->vnode, uio, offset, writer);
}

static int
regular_seek(struct file *file, int64_t offset, enum whence whence, uint64_t *out)
{
	struct vnode_attributes attributes;

	switch (whence) {
	case WHENCE_DATA:
		return offset < 0 ? -ENXIO : file_seek_data(file->vnode, (uint64_t)offset, out);
	case WHENCE_HOLE:
		return offset < 0 ? -ENXIO : file_seek_hole(file->vnode, (uint64_t)offset, out);
	default:
		namespace_attributes(file->vnode, &attributes);
		return seek_within(file, offset, whence, attributes.size, out);
	}
}

/* Bytes from the offset to the end. */
static int
regular_count_readable(struct file *file, uint64_t *out)
{
	struct vnode_attributes attributes;
	uint64_t offset;

	namespace_attributes(file->vnode, &attributes);
	mutex_lock(&file->offset_lock);
	offset = file->offset;
	mutex_unlock(&file->offset_lock);
	*out = attributes.size - min_u64(offset, attributes.size);
	return 0;
}

static const struct file_ops regular_ops = {
	.can_seek = true,
	.read = regular_read,
	.write = regular_write,
	.seek = regular_seek,
	.poll = file_poll_always,
	.count_readable = regular_count_readable,
	.close = file_close_nothing,
};

/* ---- directories, and files that are only named ---------------------------------- */

static int
directory_read(struct file *file, struct uio *uio, uint64_t offset)
{
	return -EISDIR;
}

static int
directory_write(struct file *file, struct uio *uio, uint64_t *offset,
    const struct file_writer *writer)
{
	return -EISDIR;
}

/* Offsets are the file system's own; there is no way to tell the last one. */
static int
directory_seek(struct file *file, int64_t offset, enum whence whence, uint64_t *out)
{
	if (whence != WHENCE_SET && whence != WHENCE_CURRENT)
		return -EINVAL;
	return seek_within(file, offset, whence, 0, out);
}

static const struct file_ops directory_ops = {
	.can_seek = true,
	.read = directory_read,
	.write = directory_write,
	.seek = directory_seek,
	.poll = file_poll_always,
	.count_readable = file_no_count_readable,
	.close = file_close_nothing,
};

static int
path_read(struct file *file, struct uio *uio, uint64_t offset)
{
	return -EBADF;
}

static int
path_write(struct file *file, struct uio *uio, uint64_t *offset, const struct file_writer *writer)
{
	return -EBADF;
}

static int
path_seek(struct file *file, int64_t offset, enum whence whence, uint64_t *out)
{
	return -EBADF;
}

static const struct file_ops path_ops = {
	.can_seek = true,
	.read = path_read,
	.write = path_write,
	.seek = path_seek,
	.poll = file_poll_always,
	.count_readable = file_no_count_readable,
	.close = file_close_nothing,
};

/* ---- devices ----------------------------------------------------------------------- */

static uint32_t
device_of(const struct vnode *vnode)
{
	return vnode->attributes.device; /* does not change */
}

/* The driver cannot go while a file of its is open. */
static const struct device_ops *
driver_of(const struct vnode *vnode)
{
	return device_find(vnode->kernel, vnode->type, device_of(vnode));
}

static int
device_read(struct file *file, struct uio *uio, uint64_t offset)
{
	return driver_of(file->vnode)->read(file->kernel, device_of(file->vnode), uio, offset);
}

static int
device_write(struct file *file, struct uio *uio, uint64_t *offset, const struct file_writer *writer)
{
	return driver_of(file->vnode)->write(file->kernel, device_of(file->vnode), uio, *offset);
}

static int
block_seek(struct file *file, int64_t offset, enum whence whence, uint64_t *out)
{
	uint64_t size = driver_of(file->vnode)->size(file->kernel, device_of(file->vnode));

	if (whence == WHENCE_DATA || whence == WHENCE_HOLE)
		return -EINVAL;
	return seek_within(file, offset, whence, size, out);
}

static void
device_close(struct file *file)
{
	driver_of(file->vnode)->close(file->kernel, device_of(file->vnode));
}

static const struct file_ops block_ops = {
	.can_seek = true,
	.read = device_read,
	.write = device_write,
	.seek = block_seek,
	.poll = file_poll_always,
	.count_readable = file_no_count_readable,
	.close = device_close,
};

static const struct file_ops character_ops = {
	.can_seek = true,
	.read = device_read,
	.write = device_write,
	.seek = file_seek_nowhere, /* those that we have are streams */
	.poll = file_poll_always,
	.count_readable = file_no_count_readable,
	.close = device_close,
};

/* ---- opening ------------------------------------------------------------------------ */

static int
device_open(struct vnode *vnode)
{
	const struct device_ops *driver = driver_of(vnode);

	return driver == NULL ? -ENXIO : driver->open(vnode->kernel, device_of(vnode));
}

/* Fill in the operations for a file on what->vnode; a device is opened. */
static int
choose_ops(struct file_create *what)
{
	struct vnode *vnode = what->vnode;

	if ((what->flags & OPEN_PATH) != 0) {
		what->ops = &path_ops;
		return 0;
	}
	switch (vnode->type) {
	case VNODE_REGULAR:
		what->ops = &regular_ops;
		return 0;
	case VNODE_DIRECTORY:
		what->ops = &directory_ops;
		return 0;
	case VNODE_BLOCK:
		what->ops = &block_ops;
		return device_open(vnode);
	case VNODE_CHARACTER:
		what->ops = &character_ops;
		return device_open(vnode);
	case VNODE_FIFO:
		return pipe_open_fifo(what);
	default:
		return -ENXIO;
	}
}

/* The first reference to a file from the pool. */
static void
file_start(struct file *file, const struct file_create *what)
{
	file->ops = what->ops;
	file->vnode = what->vnode;
	file->object = what->object;
	file->opened_after = what->opened_after;
	file->offset = 0;
	list_init(&file->watches);
	write_errors_begin(&what->vnode->pages.write_errors, &file->errors_told);
	write_errors_begin(&what->vnode->mount->write_errors, &file->mount_errors_told);
	atomic_store_explicit(&file->is_watched, false, memory_order_relaxed);
	atomic_store_explicit(&file->flags, what->flags, memory_order_relaxed);
	atomic_store_explicit(&file->references, 1, memory_order_release);
}

int
file_create(struct file_pool *pool, const struct file_create *what, struct file **out)
{
	*out = file_pool_take(pool);
	if (*out == NULL)
		return -ENOMEM;
	file_start(*out, what);
	return 0;
}

/* O_DIRECT is for what has a store, or could have one. */
static int
check_can_be_direct(const struct vnode *vnode, uint32_t flags)
{
	if ((flags & OPEN_DIRECT) == 0 || (flags & OPEN_PATH) != 0)
		return 0;
	return vnode->type == VNODE_REGULAR || vnode->type == VNODE_BLOCK ? 0 : -EINVAL;
}

int
file_open(struct file_pool *pool, struct vnode *vnode, uint32_t flags, struct file **out)
{
	const uint32_t kept = OPEN_ACCESS_MODE | OPEN_APPEND | OPEN_NONBLOCK | OPEN_SYNC |
			      OPEN_DIRECT | OPEN_DIRECTORY | OPEN_NO_FOLLOW | OPEN_NO_ACCESS_TIME |
			      OPEN_PATH | OPEN_UNNAMED;
	struct file_create what = { .vnode = vnode, .flags = flags & kept };
	struct file *file = file_pool_take(pool);
	int error;

	*out = NULL;
	if (file == NULL)
		return -ENOMEM;
	if ((flags & OPEN_PATH) == 0)
		what.flags |= OPEN_LARGE_FILE;
	error = check_can_be_direct(vnode, flags);
	if (error == 0)
		error = choose_ops(&what);
	if (error < 0) {
		file_pool_return(file);
		return error;
	}
	file_start(file, &what);
	*out = file;
	return 0;
}
