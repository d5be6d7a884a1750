/*
 * Pipes and fifos.
 *
 * A pipe hangs off its vnode, from the first file on it to the last; so a fifo
 * is the same pipe to all who open it, on whatever file system, and the vnode of
 * pipe2() is an anonymous one.
 *
 * Data is kept in slots of up to a page.  What is full and what is written as a
 * whole (PIPE_BUF) follows from that, as in Linux: a write's odd bytes, those
 * past a multiple of a page, join the last slot if they fit there whole; all
 * others begin a new slot.
 */
#ifndef SYSCALL_PIPE_H
#define SYSCALL_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct file;
struct file_create;
struct pipe;
struct thread;
struct uio;

/*
 * Open the fifo what->vnode by fifo(7)'s rules: waits for the other side unless
 * what->flags say otherwise.  Fills in the rest of what.  -ENXIO, -ENOMEM,
 * -EDEADLK.
 */
MUST_CHECK int pipe_open_fifo(struct file_create *what);

/* The pipe that file is, or NULL. */
struct pipe *pipe_of(const struct file *file);

/* Bytes that fit into it: F_GETPIPE_SZ. */
uint32_t pipe_capacity(struct pipe *pipe);

/*
 * Let at least size bytes fit into it; how many do then, or -EINVAL, -EBUSY (more
 * is used), -EPERM (more than unprivileged users may have), -ENOMEM.
 */
MUST_CHECK int64_t pipe_set_capacity(struct pipe *pipe, const struct thread *thread, uint32_t size);

/*
 * Write of uio what there is room for in file, a pipe, after waiting for any
 * unless waits says not to: vmsplice.  -EPIPE, -EAGAIN, -EFAULT, -ENOMEM.
 */
MUST_CHECK int pipe_fill(struct file *file, struct uio *uio, bool waits);

#endif
