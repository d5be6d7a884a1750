/*
 * What stat(2) and its kin tell of a file.
 */
#ifndef SYSCALL_STATUS_H
#define SYSCALL_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/user.h"
#include "vfs/vnode.h"

struct thread;

struct status {
	struct vnode_attributes attributes;
	enum vnode_type type;
	uint32_t device; /* of its file system */
	uint32_t mount_id;
	bool is_mount_root;
};

/* That of a vnode that the caller has a reference to. */
void status_of(struct vnode *vnode, struct status *out);

/* That of what a path leads to; arguments and errors as path_lookup(). */
MUST_CHECK int path_status(struct thread *thread, int dirfd, struct user_ptr from,
    uint32_t at_flags, struct status *out);

#endif
