/*
 * Anonymous vnodes: what open files are that no path leads to.
 *
 * They make stat, chmod, flock and their like work on any descriptor.  A pipe
 * has a vnode of its own, which is gone with its files; an eventfd, a timer and
 * an epoll, which have no state that these calls could tell, share one.
 *
 * Each kind is a file system that is mounted nowhere.
 */
#ifndef SYSCALL_ANONYMOUS_H
#define SYSCALL_ANONYMOUS_H

#include <stdint.h>

#include "base/compiler.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

struct credential;
struct kernel;

struct anonymous_fs {
	struct mount mount;
	_Atomic uint64_t last_ino;
};

/* A kernel's; part of its process table. */
struct anonymous {
	struct anonymous_fs pipes;
	struct anonymous_fs others; /* with a root: the vnode that they share */
};

/* -ENOMEM */
MUST_CHECK int anonymous_init(struct anonymous *anonymous, struct kernel *kernel);

/* All files are closed. */
void anonymous_destroy(struct anonymous *anonymous);

/* A reference to a new fifo of the user's; -ENOMEM. */
MUST_CHECK int anonymous_fifo(struct anonymous *anonymous, const struct credential *credential,
    struct vnode **out);

/* A reference to the vnode of everything without a type. */
struct vnode *anonymous_shared(struct anonymous *anonymous);

#endif
