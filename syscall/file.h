/*
 * Open files: what a descriptor leads to.
 *
 * What a file does is its operations'; what it is, to stat, chmod, flock and
 * their like, is its vnode's.  Every file has both: those that no path leads to
 * have an anonymous vnode (syscall/anonymous.h), and an object of their own, a
 * pipe or a timer, that the operations work on.
 *
 * A file is shared by all descriptors that were duplicated from one another,
 * in one process or several, and with it the offset and the status flags.  It
 * is counted; the last reference closes it.
 *
 * The memory of a struct file is never used for anything else until its kernel
 * goes: a lookup without a lock may look at the count of a file that has just
 * been closed, even at that of another one opened since, and finds out.
 */
#ifndef SYSCALL_FILE_H
#define SYSCALL_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kern/mutex.h"
#include "kern/uio.h"
#include "kern/wait_queue.h"
#include "vfs/file_io.h"
#include "vfs/namespace.h"

struct file;
struct kernel;
struct vnode;

/* Numerically SEEK_SET and so on. */
enum whence {
	WHENCE_SET,
	WHENCE_CURRENT,
	WHENCE_END,
	WHENCE_DATA,
	WHENCE_HOLE,
};

/*
 * What a kind of file does.  The caller holds a reference to the file.  Defaults
 * are below.
 */
struct file_ops {
	bool can_seek;	/* has an offset; else it is a stream, and given as 0 */
	bool can_watch; /* may become ready by itself: epoll takes no others */

	/*
	 * As file_read() and file_write() of vfs/file_io.h.  Whether the file
	 * was opened for it has been checked.  A stream waits for its first
	 * byte, or gives -EAGAIN where the file has OPEN_NONBLOCK; many threads
	 * may wait in the same file.
	 */
	int (*read)(struct file *file, struct uio *uio, uint64_t offset);
	int (*write)(struct file *file, struct uio *uio, uint64_t *offset,
	    const struct file_writer *writer);

	/* (offset_lock) Where offset relative to whence is.  -EINVAL, -ENXIO. */
	int (*seek)(struct file *file, int64_t offset, enum whence whence, uint64_t *out);

	/*
	 * What the file is ready for, of enum poll_event, whether asked or not.
	 * watcher, unless it is NULL, is hooked in first, if the file may become
	 * ready: it hears of all that changes afterwards.
	 */
	uint32_t (*poll)(struct file *file, struct watcher *watcher);

	/* How many bytes can be read at once: FIONREAD.  -ENOTTY. */
	int (*count_readable)(struct file *file, uint64_t *out);

	/* The last reference is gone. */
	void (*close)(struct file *file);
};

struct file {
	_Atomic uint32_t references;
	_Atomic uint32_t flags;		      /* enum open_flag: access mode and status */
	const struct file_ops *ops;	      /* constant while referenced, as are these two: */
	struct vnode *vnode;		      /* a reference */
	void *object;			      /* what ops work on besides; owned, or NULL */
	struct kernel *kernel;		      /* constant */
	struct file_pool *pool;		      /* constant */
	uint32_t opened_after;		      /* a fifo: writers that came before; as ops */
	_Atomic bool is_watched;	      /* it has been, by an epoll, since it was opened */
	struct list watches;		      /* epolls' items; GUARDED_BY(pool->watches_lock) */
	struct write_errors_told errors_told; /* what fsync told of the file's */
	struct write_errors_told mount_errors_told; /* what syncfs told of its mount's */
	struct mutex offset_lock;
	uint64_t offset;	/* GUARDED_BY(offset_lock) */
	struct file *next_free; /* GUARDED_BY(pool->lock) */
};

/* A kernel's struct files that are not in use. */
struct file_pool {
	struct kernel *kernel; /* constant */
	struct mutex lock;
	struct file *free; /* GUARDED_BY(lock) */

	struct mutex watches_lock; /* which epoll watches which file: see epoll.c */
	uint64_t watches_mark;	   /* GUARDED_BY(watches_lock) */
};

void file_pool_init(struct file_pool *pool, struct kernel *kernel);
void file_pool_destroy(struct file_pool *pool);

/*
 * Open vnode, whose reference passes to the file, or stays with the caller on
 * error.  flags are those of open(2); permission has been checked.  -ENXIO if
 * it is a device and not there; -ENOMEM.
 */
MUST_CHECK int file_open(struct file_pool *pool, struct vnode *vnode, uint32_t flags,
    struct file **out);

/* The file was read: renew its vnode's time of access, unless O_NOATIME says no. */
void file_accessed(struct file *file);

/* What a new file is to be. */
struct file_create {
	const struct file_ops *ops;
	struct vnode *vnode;
	void *object;
	uint32_t flags; /* enum open_flag: access mode and status */
	uint32_t opened_after;
};

/* A file; vnode and object pass to it, or stay with the caller on error: -ENOMEM. */
MUST_CHECK int file_create(struct file_pool *pool, const struct file_create *what,
    struct file **out);

/* One more reference to a file that the caller can rely on. */
struct file *file_get(struct file *file);

/* One more reference, unless the file is closed already. */
MUST_CHECK bool file_try_get(struct file *file);

/* Give a reference back; the last closes the file.  NULL: nothing. */
void file_put(struct file *file);

/* Defaults: ready for everything, at all times; -ENOTTY; nothing to do. */
uint32_t file_poll_always(struct file *file, struct watcher *watcher);
int file_no_count_readable(struct file *file, uint64_t *out);
void file_close_nothing(struct file *file);

/* How streams seek: not at all, -ESPIPE; or they say that they did. */
int file_no_seek(struct file *file, int64_t offset, enum whence whence, uint64_t *out);
int file_seek_nowhere(struct file *file, int64_t offset, enum whence whence, uint64_t *out);

/* Was it opened for reading, for writing? */
bool file_can_read(const struct file *file);
bool file_can_write(const struct file *file);

static inline uint32_t
file_flags(const struct file *file)
{
	return atomic_load_explicit(&file->flags, memory_order_relaxed);
}

/* Opened with O_PATH: names a file, and is good for nothing else. */
static inline bool
file_is_path(const struct file *file)
{
	return (file_flags(file) & OPEN_PATH) != 0;
}

#endif
