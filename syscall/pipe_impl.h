/*
 * The inside of a pipe, for pipe.c and for splice.c, which moves data between
 * pipes, and between pipes and files, without a user's memory.
 *
 * All of it is guarded by the lock of the wait queue, unless a field says
 * otherwise.  Where two pipes are locked, the one at the lower address is first.
 */
#ifndef SYSCALL_PIPE_IMPL_H
#define SYSCALL_PIPE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/wait_queue.h"

struct kernel;
struct uio;
struct vnode;

#define POLL_READABLE (POLL_IN | POLL_READ_NORMAL)
#define POLL_WRITABLE (POLL_OUT | POLL_WRITE_NORMAL)

/* Flags of splice and its kin, numerically Linux's.  Only one changes anything here. */
enum splice_flag {
	SPLICE_MOVE = 1,
	SPLICE_NONBLOCK = 2,
	SPLICE_MORE = 4,
	SPLICE_GIFT = 8,
	SPLICE_KNOWN = 15,
};

struct slot {
	uint8_t *page;
	uint32_t offset; /* of what has not been read */
	uint32_t length; /* not 0 */
	bool is_packet;	 /* read as one, and nothing joins it */
};

struct pipe {
	struct kernel *kernel; /* constant */
	uint32_t users;	       /* GUARDED_BY(vnode->lock) */

	struct wait_queue queue; /* its lock guards all below */
	struct slot *slots;	 /* a ring */
	uint32_t slot_max;	 /* its size, a power of two */
	uint32_t first;		 /* slot that is read next */
	uint32_t count;		 /* slots in use */
	uint32_t readers;	 /* files open for it */
	uint32_t writers;
	uint32_t reader_opens; /* how many there have ever been */
	uint32_t writer_opens;
	bool is_taken; /* somebody moves what comes first to a file: others wait to read */
};

/* The index-th slot from the first. */
struct slot *pipe_slot_at(struct pipe *pipe, uint32_t index);

bool pipe_is_full(const struct pipe *pipe);

/* Is there something that may be read now? */
bool pipe_is_readable(const struct pipe *pipe);

/* The first slot is read, or its page is somebody else's. */
void pipe_drop_first(struct pipe *pipe);

/* Take length bytes, at least 1, of the first slot for read, or as many as it has. */
void pipe_consume(struct pipe *pipe, uint32_t length);

/* Write as much as there is room for, into new slots. */
int pipe_write_slots(struct pipe *pipe, struct uio *uio, bool is_packet);

/* (queue locked) Wait until it is readable, or will never be: 1.  -EAGAIN, -EDEADLK. */
int pipe_wait_readable(struct pipe *pipe, bool may_wait);

/* (queue locked) Wait until there is room.  -EPIPE where nobody reads, -EAGAIN, -EDEADLK. */
int pipe_wait_writable(struct pipe *pipe, bool may_wait);

/* The vnode was written to, as far as its times tell. */
void pipe_note_write(struct vnode *vnode);

#endif
