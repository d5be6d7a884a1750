/*
 * Locks on files: flock, and fcntl's record locks.
 *
 * Locks of a process are its descriptor table's, so that processes which share
 * descriptors share them; they go when any of its descriptors of the file is
 * closed, which descriptor.c sees to.  Those of an open file, flock's too, go
 * with it (file.c).
 */
#include "syscall/lock.h"

#include "base/errno.h"
#include "base/math.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "vfs/file_lock.h"
#include "vfs/vnode.h"

/* What flock() takes, numerically Linux's. */
#define FLOCK_SHARED	1
#define FLOCK_EXCLUSIVE 2
#define FLOCK_NO_WAIT	4
#define FLOCK_UNLOCK	8
#define FLOCK_MANDATORY 32

/* struct flock, as fcntl() takes it; the types are those of enum file_lock_type. */
struct user_flock {
	int16_t type;
	int16_t whence;
	int32_t padding1;
	int64_t start;
	int64_t length;
	int32_t pid;
	int32_t padding2;
};

/* ---- flock -------------------------------------------------------------------------------- */

static int
flock_type(int operation, enum file_lock_type *out)
{
	switch (operation & ~FLOCK_NO_WAIT) {
	case FLOCK_SHARED:
		*out = FILE_LOCK_SHARED;
		return 0;
	case FLOCK_EXCLUSIVE:
		*out = FILE_LOCK_EXCLUSIVE;
		return 0;
	case FLOCK_UNLOCK:
		*out = FILE_LOCK_NONE;
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t
sys_flock(struct thread *thread, int fd, int operation)
{
	struct file_lock wanted = { .kind = FILE_LOCK_WHOLE, .end = FILE_LOCK_END };
	struct file *file;
	int error;

	/* Mandatory locks are gone, and whoever asks for one is not told. */
	if ((operation & FLOCK_MANDATORY) != 0)
		return 0;
	error = flock_type(operation, &wanted.type);
	if (error < 0)
		return error;
	file = thread_file(thread, fd);
	if (file == NULL)
		return -EBADF;
	wanted.owner = file;
	if (file_is_path(file))
		error = -EBADF;
	else
		error = file_lock_set(file->vnode, &wanted, (operation & FLOCK_NO_WAIT) == 0);
	file_put(file);
	return error;
}

/* ---- what the user means -------------------------------------------------------------------- */

static bool
is_of_open_file(int command)
{
	return command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

/* What the start of a range is relative to. */
static int
find_base(struct file *file, int whence, int64_t *out)
{
	switch (whence) {
	case WHENCE_SET:
		*out = 0;
		return 0;
	case WHENCE_CURRENT:
		mutex_lock(&file->offset_lock);
		*out = (int64_t)file->offset;
		mutex_unlock(&file->offset_lock);
		return 0;
	case WHENCE_END:
		rwlock_lock_shared(&file->vnode->lock);
		*out = (int64_t)file->vnode->attributes.size;
		rwlock_unlock_shared(&file->vnode->lock);
		return 0;
	default:
		return -EINVAL;
	}
}

/* A length of 0 is all that follows; a negative one is what comes before. */
static int
find_range(int64_t start, int64_t length, struct file_lock *out)
{
	int64_t end = INT64_MAX;

	if (start < 0)
		return -EINVAL;
	if (length > 0 && add_overflows(start, length - 1, &end))
		return -EOVERFLOW;
	if (length < 0) {
		end = start - 1;
		start += length;
		if (start < 0)
			return -EINVAL;
	}
	out->start = (uint64_t)start;
	out->end = (uint64_t)end;
	return 0;
}

static int
lock_from_user(struct thread *thread, struct file *file, int command, const struct user_flock *from,
    struct file_lock *out)
{
	int64_t start;
	int error = find_base(file, from->whence, &start);

	if (error < 0)
		return error;
	if (add_overflows(start, from->start, &start))
		return -EOVERFLOW;
	*out = (struct file_lock){ .kind = FILE_LOCK_PROCESS };
	error = find_range(start, from->length, out);
	if (error < 0)
		return error;
	if (from->type < FILE_LOCK_SHARED || from->type > FILE_LOCK_NONE)
		return -EINVAL;
	out->type = (enum file_lock_type)from->type;
	out->owner = thread->process->descriptors;
	out->pid = thread->process->id;
	if (!is_of_open_file(command))
		return 0;
	out->kind = FILE_LOCK_OPEN;
	out->owner = file;
	out->pid = 0;
	return 0;
}

/* An open file's lock is no process's. */
static int
check_pid(int command, const struct user_flock *flock)
{
	return is_of_open_file(command) && flock->pid != 0 ? -EINVAL : 0;
}

/* Tell about the lock that is in the way; if none is, all but the type stays. */
static void
lock_to_user(const struct file_lock *lock, struct user_flock *out)
{
	out->type = (int16_t)lock->type;
	if (lock->type == FILE_LOCK_NONE)
		return;
	out->whence = WHENCE_SET;
	out->start = (int64_t)lock->start;
	out->length = lock->end == FILE_LOCK_END ? 0 : (int64_t)(lock->end - lock->start + 1);
	out->pid = lock->kind == FILE_LOCK_OPEN ? -1 : (int32_t)lock->pid;
}

/* ---- fcntl ------------------------------------------------------------------------------------ */

static int
get_lock(struct thread *thread, struct file *file, int command, struct user_ptr argument)
{
	struct user_flock flock;
	struct file_lock wanted, found;
	int error = copy_in(thread->space, &flock, argument, sizeof(flock));

	if (error == 0 && command == F_GETLK && flock.type == FILE_LOCK_NONE)
		error = -EINVAL;
	if (error == 0)
		error = lock_from_user(thread, file, command, &flock, &wanted);
	if (error == 0)
		error = check_pid(command, &flock);
	if (error < 0)
		return error;
	file_lock_find(file->vnode, &wanted, &found);
	lock_to_user(&found, &flock);
	return copy_out(thread->space, argument, &flock, sizeof(flock));
}

/* Whoever locks must have opened the file for what he keeps others from. */
static int
check_mode(const struct file *file, enum file_lock_type type)
{
	if (type == FILE_LOCK_SHARED && !file_can_read(file))
		return -EBADF;
	if (type == FILE_LOCK_EXCLUSIVE && !file_can_write(file))
		return -EBADF;
	return 0;
}

static int
set_lock(struct thread *thread, struct file *file, int command, struct user_ptr argument)
{
	bool wait = command == F_SETLKW || command == F_OFD_SETLKW;
	struct user_flock flock;
	struct file_lock wanted;
	int error = copy_in(thread->space, &flock, argument, sizeof(flock));

	if (error == 0)
		error = lock_from_user(thread, file, command, &flock, &wanted);
	if (error == 0)
		error = check_mode(file, wanted.type);
	if (error == 0)
		error = check_pid(command, &flock);
	return error < 0 ? error : file_lock_set(file->vnode, &wanted, wait);
}

/*
 * While one thread took the lock another may have closed the descriptor, and
 * released all too early.
 */
static int
check_still_open(struct thread *thread, int fd, struct file *file)
{
	struct descriptor_table *table = thread->process->descriptors;
	struct file *now = descriptor_lookup(table, fd);

	if (now != NULL)
		file_put(now); /* the caller has a reference, so it can be told by its address */
	if (now == file)
		return 0;
	file_lock_release(file->vnode, FILE_LOCK_PROCESS, table);
	return -EBADF;
}

int
lock_control(struct thread *thread, int fd, struct file *file, int command,
    struct user_ptr argument)
{
	int error;

	if (command == F_GETLK || command == F_OFD_GETLK)
		return get_lock(thread, file, command, argument);
	error = set_lock(thread, file, command, argument);
	if (error == 0 && !is_of_open_file(command))
		error = check_still_open(thread, fd, file);
	return error;
}
