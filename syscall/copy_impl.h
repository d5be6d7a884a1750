/* What calls that copy between files have in common: copy.c, splice.c. */
#ifndef SYSCALL_COPY_IMPL_H
#define SYSCALL_COPY_IMPL_H

#include <stdint.h>

#include "base/compiler.h"
#include "kern/user.h"

struct file;
struct thread;

#define COPY_MAX 0x7ffff000 /* bytes in one call, as in Linux */

/* Where a file is read or written. */
struct copy_place {
	struct file *file;
	struct user_ptr user; /* of the offset; null: it is the file's own */
	uint64_t offset;
};

/* Learn the offset; -EINVAL, -EFAULT. */
MUST_CHECK int copy_place_begin(struct thread *thread, struct copy_place *place);

/* Tell where the offset is now. */
MUST_CHECK int copy_place_end(struct thread *thread, const struct copy_place *place);

/* What was copied to a file that was opened with O_SYNC or O_DSYNC is durable. */
MUST_CHECK int copy_sync_if_wanted(struct file *file);

#endif
