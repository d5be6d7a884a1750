/*
 * The commands of fcntl(2) that lock parts of files; numerically Linux's.
 */
#ifndef SYSCALL_LOCK_H
#define SYSCALL_LOCK_H

#include <stdbool.h>

#include "base/compiler.h"
#include "kern/user.h"

struct file;
struct thread;

enum lock_command {
	F_GETLK = 5,
	F_SETLK = 6,
	F_SETLKW = 7,
	F_OFD_GETLK = 36,
	F_OFD_SETLK = 37,
	F_OFD_SETLKW = 38,
};

static inline bool
is_lock_command(int command)
{
	return (command >= F_GETLK && command <= F_SETLKW) ||
	       (command >= F_OFD_GETLK && command <= F_OFD_SETLKW);
}

/*
 * Do a command with a struct flock of the user's for file, which descriptor fd
 * led to and which was not opened as a path.  -EAGAIN, -EDEADLK, -ENOLCK,
 * -EBADF (not opened for it), -EINVAL, -EOVERFLOW, -EFAULT.
 */
MUST_CHECK int lock_control(struct thread *thread, int fd, struct file *file, int command,
    struct user_ptr argument);

#endif
