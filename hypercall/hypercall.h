/*
 * Hypercalls: everything a rump kernel asks of whatever runs it.
 *
 * A host is an object of its own (struct host, opaque here) and a table of
 * functions.  Both are given when a kernel is created, so two kernels of one
 * process may have different hosts, and many kernels may share one.  The
 * kernel calls nothing else: it has no libc and no other way out.
 *
 * A host calls back into the kernel only through function pointers it was
 * given with a request (thread entry, block completion).
 *
 * Unless its comment says otherwise, a function may be called from any thread,
 * with or without kernel locks held, and does not block.  Errors are negative
 * errno.  Times are nanoseconds.
 */
#ifndef HYPERCALL_HYPERCALL_H
#define HYPERCALL_HYPERCALL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct host;	    /* the host's own state */
struct host_thread; /* a thread that the host started for a kernel */
struct host_block;  /* an open backing store of blocks */

/* A deadline that never comes. */
#define HOST_NO_DEADLINE UINT64_MAX

/* A run of kernel memory that data comes from or goes to. */
struct segment {
	void *data;
	size_t length;
};

enum host_block_op {
	HOST_BLOCK_READ,
	HOST_BLOCK_WRITE,
	HOST_BLOCK_FLUSH,   /* what was completed before is durable after */
	HOST_BLOCK_DISCARD, /* the range's content is of no interest any more */
	HOST_BLOCK_ZERO,    /* the range reads as zeros after */
};

/*
 * What a host may say beside an error, for the log: what is wrong, and at which
 * byte of its file.  what is static text, or NULL if there is nothing to say.
 */
struct host_block_fault {
	const char *what;
	uint64_t place;
};

/*
 * One request to a backing store.  The caller owns it, the segments and their
 * memory again once done is called, which happens exactly once, on any thread,
 * possibly before block_submit() returns.  error is 0 when the whole range was
 * transferred; otherwise how much of it was is unknown.
 */
struct host_block_request {
	enum host_block_op op;
	unsigned segment_count;		/* reads and writes only */
	uint64_t offset;		/* bytes; 0 for a flush */
	uint64_t length;		/* bytes: the sum of the segments; 0 for a flush */
	const struct segment *segments; /* reads and writes only */
	void (*done)(struct host_block_request *request, int error);
	struct host_block_fault fault; /* set by the host, before done is called with an error */
};

/* What a store can do, fixed when it is opened. */
struct host_block_info {
	uint64_t size;	      /* bytes, of any alignment */
	uint32_t sector_size; /* transfers best start and end at multiples of it */
	bool is_read_only;
	bool is_cached_below;	       /* re-reading is about as cheap as copying memory */
	struct host_block_fault fault; /* if opening fails */
};

struct host_ops {
	/*
	 * size bytes of zeroed memory aligned to alignment, both multiples of
	 * 4096.  The first soon bytes will be used soon: a host where touching
	 * memory for the first time is slow may do that for all of them now.
	 * NULL when there is none.
	 */
	void *(*memory_get)(struct host *host, size_t size, size_t alignment, size_t soon);

	/* Give back exactly what memory_get() returned for this size. */
	void (*memory_return)(struct host *host, void *memory, size_t size);

	/* Time since some fixed moment; never goes back. */
	uint64_t (*clock_monotonic)(struct host *host);

	/* Time since 1970-01-01 00:00 UTC; may jump. */
	int64_t (*clock_wall)(struct host *host);

	/*
	 * Sleep while *word is expected, until a wake() on it or until
	 * clock_monotonic() reaches deadline; may return early for no reason.
	 * Blocks.  0, or -ETIMEDOUT; -EDEADLK where nothing could ever wake the
	 * caller (a host without threads and without pending work).  what is a
	 * number of the kernel's for what is waited for; hosts that report who
	 * waits have whoever put the kernel together put it into words.
	 */
	int (*wait)(struct host *host, const _Atomic uint32_t *word, uint32_t expected,
	    uint64_t deadline, uint32_t what);

	/* Wake up to count threads that wait on word. */
	void (*wake)(struct host *host, const _Atomic uint32_t *word, unsigned count);

	/*
	 * Run entry(argument) on a new thread.  name is for people who look at
	 * the process from outside; at most 15 bytes of it are kept.  -ENOSYS
	 * on a host that has no threads, -EAGAIN when it has no more.
	 */
	int (*thread_start)(struct host *host, const char *name, void (*entry)(void *argument),
	    void *argument, struct host_thread **out);

	/* Wait until the thread's entry has returned, and free it.  Blocks. */
	void (*thread_join)(struct host *host, struct host_thread *thread);

	/*
	 * A word of storage for the calling host thread, 0 at first.  Debug
	 * kernels keep the locks that are held there.  Never NULL.
	 */
	uint64_t *(*thread_word)(struct host *host);

	/* How many processors this kernel may run on at a time; 1 or more. */
	unsigned (*processor_count)(struct host *host);

	/*
	 * The kernel has deferred work that is due at deadline, sooner than it
	 * said before; called only where thread_start() says -ENOSYS.  The host
	 * calls kernel_run() of the table it was started with at that time.
	 */
	void (*work_pending)(struct host *host, uint64_t deadline);

	/* Fill buffer with size unpredictable bytes.  May block.  0 or -EIO. */
	int (*random)(struct host *host, void *buffer, size_t size);

	/* Show text, which is whole lines, to whoever watches the console. */
	void (*console)(struct host *host, const char *text, size_t length);

	/*
	 * Copy the boot parameter name, NUL-terminated, to buffer.  -ENOENT if
	 * it is not set, -ERANGE if it does not fit.
	 */
	int (*parameter)(struct host *host, const char *name, char *buffer, size_t size);

	/* Say why, and stop everything: an invariant is broken. */
	void (*panic)(struct host *host, const char *why) NORETURN;

	/*
	 * Open the backing store that the host knows as name.  With writable,
	 * it is locked against every other writer and reader that locks; else
	 * against writers.  May block.  -ENOENT, -EACCES, -EISDIR, -EBUSY
	 * (locked by another), -EROFS, -ENODEV (not a kind of file that can
	 * hold blocks), -EUCLEAN (its content is damaged), -EOPNOTSUPP (its
	 * format asks for too much), -ENOMEM, -EIO, or what else the host's own open says
	 * (-ENOTDIR, -ELOOP, -ENAMETOOLONG, -EMFILE, ...).
	 */
	int (*block_open)(struct host *host, const char *name, bool writable,
	    struct host_block **out, struct host_block_info *info);

	/*
	 * Start a request inside [0, info.size).  May block.  Errors arrive
	 * through done: -EIO (also where the store has shrunk), -ENOSPC,
	 * -EROFS, -ENOMEM, -EFAULT (a segment that is not the process's),
	 * -EOPNOTSUPP (discard only).  After a flush that failed all later
	 * ones fail: what was to be durable may be gone.
	 */
	void (*block_submit)(struct host *host, struct host_block *block,
	    struct host_block_request *request);

	/* Close; no request is in flight.  May block. */
	void (*block_close)(struct host *host, struct host_block *block);
};

#endif
