/*
 * ioctl, as far as it is about files of all kinds: what can be read at once,
 * whether calls wait, close-on-exec, inode flags.  No device has controls of its
 * own.
 */
#include "base/errno.h"
#include "base/math.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "vfs/namespace.h"
#include "vfs/vnode.h"

/* Requests, numerically Linux's. */
#define FIONREAD     0x541b
#define FIONCLEX     0x5450
#define FIOCLEX	     0x5451
#define FIONBIO	     0x5421
#define FS_GET_FLAGS 0x80086601 /* FS_IOC_GETFLAGS, which is about an int all the same */
#define FS_SET_FLAGS 0x40086602

/* Inode flags as these two have them. */
#define FS_FLAG_IMMUTABLE 0x10
#define FS_FLAG_APPEND	  0x20
#define FS_FLAG_NO_DUMP	  0x40

static int
tell_readable(struct thread *thread, struct file *file, struct user_ptr to)
{
	uint64_t bytes;
	int32_t told;
	int error = file->ops->count_readable(file, &bytes);

	if (error < 0)
		return error;
	told = (int32_t)min_u64(bytes, INT32_MAX);
	return copy_out(thread->space, to, &told, sizeof(told));
}

/* Let calls on the file wait, or not. */
static int
set_nonblock(struct thread *thread, struct file *file, struct user_ptr from)
{
	int32_t wanted;
	int error = copy_in(thread->space, &wanted, from, sizeof(wanted));

	if (error < 0)
		return error;
	if (wanted != 0)
		atomic_fetch_or_explicit(&file->flags, OPEN_NONBLOCK, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&file->flags, ~(uint32_t)OPEN_NONBLOCK,
		    memory_order_relaxed);
	return 0;
}

/* ---- inode flags ---------------------------------------------------------------------------- */

static const struct {
	uint32_t user, kernel;
} flag_pairs[] = {
	{ FS_FLAG_IMMUTABLE, VNODE_IMMUTABLE },
	{ FS_FLAG_APPEND, VNODE_APPEND_ONLY },
	{ FS_FLAG_NO_DUMP, VNODE_NO_DUMP },
};

/* Devices and pipes would take the request for one of their own. */
static bool
has_inode_flags(const struct vnode *vnode)
{
	return vnode->type == VNODE_REGULAR || vnode->type == VNODE_DIRECTORY;
}

static int
tell_flags(struct thread *thread, struct vnode *vnode, struct user_ptr to)
{
	struct vnode_attributes attributes;
	uint32_t told = 0;

	if (!has_inode_flags(vnode))
		return -ENOTTY;
	namespace_attributes(vnode, &attributes);
	for (size_t i = 0; i < ARRAY_SIZE(flag_pairs); i++) {
		if ((attributes.flags & flag_pairs[i].kernel) != 0)
			told |= flag_pairs[i].user;
	}
	return copy_out(thread->space, to, &told, sizeof(told));
}

static int
set_flags(struct thread *thread, struct vnode *vnode, struct user_ptr from)
{
	struct attribute_change change = { .mask = SET_FLAGS };
	uint32_t wanted;
	int error;

	if (!has_inode_flags(vnode))
		return -ENOTTY;
	error = copy_in(thread->space, &wanted, from, sizeof(wanted));
	if (error < 0)
		return error;
	for (size_t i = 0; i < ARRAY_SIZE(flag_pairs); i++) {
		if ((wanted & flag_pairs[i].user) != 0)
			change.flags |= flag_pairs[i].kernel;
		wanted &= ~flag_pairs[i].user;
	}
	if (wanted != 0)
		return -EOPNOTSUPP;
	return namespace_set_attributes(vnode, thread->credential, &change);
}

int64_t
sys_ioctl(struct thread *thread, int fd, uint32_t request, struct user_ptr argument)
{
	struct descriptor_table *table = thread->process->descriptors;
	struct file *file = thread_usable_file(thread, fd);
	int error;

	if (file == NULL)
		return -EBADF;
	switch (request) {
	case FIONREAD:
		error = tell_readable(thread, file, argument);
		break;
	case FIONBIO:
		error = set_nonblock(thread, file, argument);
		break;
	case FIOCLEX:
	case FIONCLEX:
		error = descriptor_set_close_on_exec(table, fd, request == FIOCLEX);
		break;
	case FS_GET_FLAGS:
		error = tell_flags(thread, file->vnode, argument);
		break;
	case FS_SET_FLAGS:
		error = set_flags(thread, file->vnode, argument);
		break;
	default:
		error = -ENOTTY;
		break;
	}
	file_put(file);
	return error;
}
