/*
 * Opening and closing, and what there is to do with a descriptor as such: dup,
 * fcntl, close_range.
 *
 * A descriptor is set aside before the file is looked for, so that a process
 * without free ones creates nothing; -EMFILE comes before -ENOENT, as in Linux.
 */
#include "base/errno.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/lock.h"
#include "syscall/path.h"
#include "syscall/pipe.h"
#include "syscall/process.h"
#include "vfs/permission.h"
#include "vfs/vnode.h"

/* What close_range() and fcntl() take, numerically Linux's. */
#define CLOSE_RANGE_CLOEXEC 4
#define F_DUPFD		    0
#define F_GETFD		    1
#define F_SETFD		    2
#define F_GETFL		    3
#define F_SETFL		    4
#define F_DUPFD_CLOEXEC	    1030
#define F_SETPIPE_SZ	    1031
#define F_GETPIPE_SZ	    1032
#define FD_CLOEXEC	    1

/* All flags that open(2) has; openat2(2) refuses others. */
#define OPEN_ASYNC 020000
#define OPEN_FLAGS \
	(OPEN_ACCESS_MODE | OPEN_CREATE | OPEN_EXCLUSIVE | OPEN_NO_CTTY | OPEN_TRUNCATE | \
	    OPEN_APPEND | OPEN_NONBLOCK | OPEN_SYNC | OPEN_ASYNC | OPEN_DIRECT | OPEN_LARGE_FILE | \
	    OPEN_DIRECTORY | OPEN_NO_FOLLOW | OPEN_NO_ACCESS_TIME | OPEN_CLOSE_ON_EXEC | \
	    OPEN_PATH | OPEN_UNNAMED)
#define RESOLVE_FLAGS \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | \
	    RESOLVE_IN_ROOT | RESOLVE_CACHED)
#define RESOLVE_SCOPES (RESOLVE_BENEATH | RESOLVE_IN_ROOT)

/* What of the flags is left for O_PATH; and what fcntl() may change. */
#define OPEN_PATH_FLAGS (OPEN_PATH | OPEN_DIRECTORY | OPEN_NO_FOLLOW | OPEN_CLOSE_ON_EXEC)
#define OPEN_SET_FLAGS	(OPEN_APPEND | OPEN_NONBLOCK | OPEN_DIRECT | OPEN_NO_ACCESS_TIME)

/* ---- opening ------------------------------------------------------------------------------ */

/* Open path and let the reserved descriptor lead to it. */
static int
open_as(struct thread *thread, const struct path *path, uint32_t flags, uint32_t mode,
    int descriptor)
{
	struct vnode *vnode;
	struct file *file;
	int error = namespace_open(&path->context, path->string.text, flags, mode, &vnode);

	if (error < 0)
		return error;
	error = file_open(process_file_pool(thread->kernel), vnode, flags, &file);
	if (error < 0) {
		vnode_put(vnode);
		return error;
	}
	descriptor_install(thread->process->descriptors, descriptor, file,
	    (flags & OPEN_CLOSE_ON_EXEC) != 0);
	return 0;
}

/* How a file is to be opened, as openat2() takes it. */
struct open_how {
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
};

/* Do the flags go together? */
static int
check_how(const struct open_how *how)
{
	bool makes_file = (how->flags & (OPEN_CREATE | OPEN_UNNAMED)) != 0;
	uint64_t flags = how->flags;

	if ((flags & ~(uint64_t)OPEN_FLAGS) != 0 || (how->resolve & ~(uint64_t)RESOLVE_FLAGS) != 0)
		return -EINVAL;
	if ((how->resolve & RESOLVE_SCOPES) == RESOLVE_SCOPES)
		return -EINVAL;
	if ((how->mode & ~(uint64_t)(makes_file ? MODE_PERMISSIONS : 0)) != 0)
		return -EINVAL;
	if ((flags & OPEN_CREATE) != 0 && (flags & OPEN_DIRECTORY) != 0)
		return -EINVAL;
	if ((flags & OPEN_UNNAMED) != 0 &&
	    ((flags & OPEN_DIRECTORY) == 0 || (flags & OPEN_ACCESS_MODE) == 0))
		return -EINVAL;
	if ((flags & OPEN_PATH) != 0 && (flags & ~(uint64_t)OPEN_PATH_FLAGS) != 0)
		return -EINVAL;
	/* What changes something is never done from the cache alone. */
	if ((how->resolve & RESOLVE_CACHED) != 0 && (makes_file || (flags & OPEN_TRUNCATE) != 0))
		return -EAGAIN;
	return 0;
}

static int64_t
open_at(struct thread *thread, int dirfd, struct user_ptr user_path, const struct open_how *how)
{
	struct descriptor_table *table = thread->process->descriptors;
	uint32_t flags = (uint32_t)how->flags;
	struct path path;
	int descriptor, error = check_how(how);

	if (error == 0)
		error =
		    path_begin_restricted(&path, thread, dirfd, user_path, (uint32_t)how->resolve);
	if (error < 0)
		return error;
	error = descriptor_reserve(table, 0, &descriptor);
	if (error == 0) {
		error = open_as(thread, &path, flags, (uint32_t)how->mode, descriptor);
		if (error < 0)
			descriptor_cancel(table, descriptor);
	}
	path_end(&path);
	return error < 0 ? error : descriptor;
}

int64_t
sys_openat(struct thread *thread, int dirfd, struct user_ptr path, int user_flags, uint32_t mode)
{
	/* This call ignores what it does not know. */
	struct open_how how = { .flags = (uint32_t)user_flags & OPEN_FLAGS };

	if ((how.flags & OPEN_PATH) != 0)
		how.flags &= OPEN_PATH_FLAGS;
	if ((how.flags & (OPEN_CREATE | OPEN_UNNAMED)) != 0)
		how.mode = mode & MODE_PERMISSIONS;
	return open_at(thread, dirfd, path, &how);
}

int64_t
sys_openat2(struct thread *thread, int dirfd, struct user_ptr path, struct user_ptr user_how,
    uint64_t size)
{
	struct open_how how;
	int error;

	if (size < sizeof(how))
		return -EINVAL;
	error = copy_in_extensible(thread->space, &how, sizeof(how), user_how, size);
	return error < 0 ? error : open_at(thread, dirfd, path, &how);
}

/* ---- closing ------------------------------------------------------------------------------ */

int64_t
sys_close(struct thread *thread, int fd)
{
	return descriptor_close(thread->process->descriptors, fd);
}

int64_t
sys_close_range(struct thread *thread, uint32_t first, uint32_t last, uint32_t flags)
{
	struct descriptor_table *table = thread->process->descriptors;

	if (first > last || (flags & ~(uint32_t)CLOSE_RANGE_CLOEXEC) != 0)
		return -EINVAL;
	if ((flags & CLOSE_RANGE_CLOEXEC) != 0)
		descriptor_mark_range(table, first, last);
	else
		descriptor_close_range(table, first, last);
	return 0;
}

/* ---- duplicating -------------------------------------------------------------------------- */

/* The lowest free descriptor from lowest on leads to what fd does. */
static int64_t
duplicate(struct thread *thread, int fd, uint64_t lowest, bool close_on_exec)
{
	struct descriptor_table *table = thread->process->descriptors;
	struct file *file = thread_file(thread, fd);
	int descriptor, error;

	if (file == NULL)
		return -EBADF;
	error = descriptor_reserve(table, lowest, &descriptor);
	if (error < 0) {
		file_put(file);
		return error;
	}
	descriptor_install(table, descriptor, file, close_on_exec);
	return descriptor;
}

int64_t
sys_dup(struct thread *thread, int fd)
{
	return duplicate(thread, fd, 0, false);
}

int64_t
sys_dup3(struct thread *thread, int fd, int wanted, int flags)
{
	struct file *file;
	int error;

	if (fd == wanted || (flags & ~OPEN_CLOSE_ON_EXEC) != 0)
		return -EINVAL;
	file = thread_file(thread, fd);
	if (file == NULL)
		return -EBADF;
	error = descriptor_replace(thread->process->descriptors, wanted, file, flags != 0);
	if (error < 0) {
		file_put(file);
		return error;
	}
	return wanted;
}

/* ---- fcntl ---------------------------------------------------------------------------------- */

/* Does OPEN_DIRECT mean anything for such a file? */
static bool
can_be_direct(const struct vnode *vnode)
{
	return vnode->type == VNODE_REGULAR || vnode->type == VNODE_BLOCK ||
	       vnode->type == VNODE_FIFO;
}

/* May the status flags change from one to the other? */
static int
check_status_flags(struct thread *thread, struct vnode *vnode, uint32_t from, uint32_t to)
{
	int error = 0;

	if ((to & OPEN_DIRECT) != 0 && !can_be_direct(vnode))
		return -EINVAL;
	rwlock_lock_shared(&vnode->lock);
	if (((from ^ to) & OPEN_APPEND) != 0 && (vnode->attributes.flags & VNODE_APPEND_ONLY) != 0)
		error = -EPERM;
	else if ((to & ~from & OPEN_NO_ACCESS_TIME) != 0)
		error = permission_owner(vnode, thread->credential);
	else if ((to & ~from & OPEN_DIRECT) != 0 && vnode->type != VNODE_REGULAR &&
		 vnode->type != VNODE_BLOCK && vnode->type != VNODE_FIFO)
		error = -EINVAL;
	rwlock_unlock_shared(&vnode->lock);
	return error;
}

static int
set_status_flags(struct thread *thread, struct file *file, uint32_t wanted)
{
	uint32_t from = file_flags(file);
	uint32_t to = (from & ~(uint32_t)OPEN_SET_FLAGS) | (wanted & OPEN_SET_FLAGS);
	int error = check_status_flags(thread, file->vnode, from, to);

	/* Of two threads that set at the same time one wins as a whole. */
	if (error == 0)
		atomic_store_explicit(&file->flags, to, memory_order_relaxed);
	return error;
}

static int64_t
control_pipe(struct thread *thread, const struct file *file, int command, uint64_t argument)
{
	struct pipe *pipe = pipe_of(file);

	if (pipe == NULL)
		return -EBADF;
	if (command == F_GETPIPE_SZ)
		return pipe_capacity(pipe);
	return pipe_set_capacity(pipe, thread, (uint32_t)argument);
}

static int64_t
control_status(struct thread *thread, int fd, int command, uint64_t argument)
{
	struct file *file = thread_file(thread, fd);
	int64_t result;

	if (file == NULL)
		return -EBADF;
	if (command == F_GETFL)
		result = file_flags(file);
	else if (file_is_path(file))
		result = -EBADF;
	else if (command == F_SETFL)
		result = set_status_flags(thread, file, (uint32_t)argument);
	else if (is_lock_command(command))
		result = lock_control(thread, fd, file, command, (struct user_ptr){ argument });
	else if (command == F_GETPIPE_SZ || command == F_SETPIPE_SZ)
		result = control_pipe(thread, file, command, argument);
	else
		result = -EINVAL;
	file_put(file);
	return result;
}

int64_t
sys_fcntl(struct thread *thread, int fd, int command, uint64_t argument)
{
	struct descriptor_table *table = thread->process->descriptors;

	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return duplicate(thread, fd, argument, command == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return descriptor_is_close_on_exec(table, fd);
	case F_SETFD:
		return descriptor_set_close_on_exec(table, fd, (argument & FD_CLOEXEC) != 0);
	default:
		return control_status(thread, fd, command, argument);
	}
}
