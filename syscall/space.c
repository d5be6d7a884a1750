/*
 * The space that files take: truncate, fallocate; and hints about when their
 * data moves: fadvise64, readahead, sync_file_range.
 *
 * The hints are checked as Linux checks them.  There is nothing that they would
 * make faster here but reading ahead, which sequential readers get unasked.
 */
#include "base/errno.h"
#include "base/math.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "vfs/permission.h"
#include "vfs/vnode.h"

/* What the calls take, numerically Linux's. */
#define FALLOCATE_COLLAPSE    0x08
#define FALLOCATE_INSERT      0x20
#define FALLOCATE_UNSHARE     0x40
#define FALLOCATE_WRITE_ZEROS 0x80
#define ADVICE_LAST	      5
#define SYNC_RANGE_FLAGS      7

/* ---- truncate ---------------------------------------------------------------------------------- */

/* Has an open file none of these inode flags?  They may have been set since. */
static int
check_inode_flags(struct vnode *vnode, uint32_t against)
{
	uint32_t flags;

	rwlock_lock_shared(&vnode->lock);
	flags = vnode->attributes.flags;
	rwlock_unlock_shared(&vnode->lock);
	return (flags & against) != 0 ? -EPERM : 0;
}

static int
truncate_vnode(struct thread *thread, struct vnode *vnode, int64_t length)
{
	struct file_writer writer = thread_writer(thread);

	return file_truncate(vnode, (uint64_t)length, &writer);
}

/* May the file at the end of a path be truncated? */
static int
check_truncate(struct thread *thread, struct vnode *vnode)
{
	int error;

	if (vnode->type == VNODE_DIRECTORY)
		return -EISDIR;
	if (vnode->type != VNODE_REGULAR)
		return -EINVAL;
	rwlock_lock_shared(&vnode->lock);
	error = permission_check(vnode, thread->credential, ACCESS_WRITE);
	if (error == 0 && (vnode->attributes.flags & VNODE_APPEND_ONLY) != 0)
		error = -EPERM;
	rwlock_unlock_shared(&vnode->lock);
	return error;
}

int64_t
sys_truncate(struct thread *thread, struct user_ptr path, int64_t length)
{
	struct vnode *vnode;
	int error;

	if (length < 0)
		return -EINVAL;
	error = path_lookup(thread, AT_FDCWD, path, 0, &vnode);
	if (error < 0)
		return error;
	error = check_truncate(thread, vnode);
	if (error == 0)
		error = truncate_vnode(thread, vnode, length);
	vnode_put(vnode);
	return error;
}

int64_t
sys_ftruncate(struct thread *thread, int fd, int64_t length)
{
	struct file *file;
	int error;

	if (length < 0)
		return -EINVAL;
	file = thread_file(thread, fd);
	if (file == NULL)
		return -EBADF;
	if (file_is_path(file))
		error = -EBADF;
	else if (file->vnode->type != VNODE_REGULAR || !file_can_write(file))
		error = -EINVAL;
	else
		error = check_inode_flags(file->vnode, VNODE_APPEND_ONLY);
	if (error == 0)
		error = truncate_vnode(thread, file->vnode, length);
	file_put(file);
	return error;
}

/* ---- fallocate -------------------------------------------------------------------------------- */

/* Is there such a mode?  Not all that there are can be done. */
static int
check_mode(uint32_t mode)
{
	bool keeps_size = (mode & ALLOCATE_KEEP_SIZE) != 0;

	switch (mode & ~(uint32_t)ALLOCATE_KEEP_SIZE) {
	case ALLOCATE_SPACE:
	case ALLOCATE_ZERO_RANGE:
	case FALLOCATE_UNSHARE:
		return 0;
	case ALLOCATE_PUNCH_HOLE:
		return keeps_size ? 0 : -EOPNOTSUPP;
	case FALLOCATE_COLLAPSE:
	case FALLOCATE_INSERT:
	case FALLOCATE_WRITE_ZEROS:
		return keeps_size ? -EOPNOTSUPP : 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* Can a file system be asked for it? */
static bool
can_be_done(uint32_t mode)
{
	const uint32_t done = ALLOCATE_KEEP_SIZE | ALLOCATE_PUNCH_HOLE | ALLOCATE_ZERO_RANGE;

	return (mode & ~done) == 0;
}

/* Do files of this type have space? */
static int
check_has_space(const struct vnode *vnode)
{
	switch (vnode->type) {
	case VNODE_REGULAR:
		return 0;
	case VNODE_FIFO:
		return -ESPIPE;
	case VNODE_DIRECTORY:
		return -EISDIR;
	default:
		return -ENODEV;
	}
}

/* The inode flags that forbid a mode: what is only appended to gets no holes. */
static uint32_t
flags_against(uint32_t mode)
{
	uint32_t only_more = mode & ~(uint32_t)ALLOCATE_KEEP_SIZE;

	return only_more == 0 ? VNODE_IMMUTABLE : VNODE_IMMUTABLE | VNODE_APPEND_ONLY;
}

/* The order is Linux's. */
static int
allocate(struct thread *thread, struct file *file, uint32_t mode, int64_t offset, int64_t length)
{
	struct file_writer writer = thread_writer(thread);
	int64_t end;
	int error = 0;

	if (file_is_path(file))
		return -EBADF;
	if (offset < 0 || length <= 0)
		return -EINVAL;
	error = check_mode(mode);
	if (error == 0 && !file_can_write(file))
		error = -EBADF;
	if (error == 0)
		error = check_inode_flags(file->vnode, flags_against(mode));
	if (error == 0)
		error = check_has_space(file->vnode);
	if (error == 0 && add_overflows(offset, length, &end))
		error = -EFBIG;
	if (error == 0 && !can_be_done(mode))
		error = -EOPNOTSUPP;
	if (error < 0)
		return error;
	return file_allocate(file->vnode, (enum allocate_mode)mode, (uint64_t)offset,
	    (uint64_t)length, &writer);
}

int64_t
sys_fallocate(struct thread *thread, int fd, int mode, int64_t offset, int64_t length)
{
	struct file *file = thread_file(thread, fd);
	int error;

	if (file == NULL)
		return -EBADF;
	error = allocate(thread, file, (uint32_t)mode, offset, length);
	file_put(file);
	return error;
}

/* ---- hints ------------------------------------------------------------------------------------ */

int64_t
sys_fadvise64(struct thread *thread, int fd, int64_t offset, int64_t length, int advice)
{
	struct file *file = thread_file(thread, fd);
	int error = 0;

	if (file == NULL)
		return -EBADF;
	if (file_is_path(file))
		error = -EBADF;
	else if (file->vnode->type == VNODE_FIFO)
		error = -ESPIPE;
	else if (length < 0 || advice < 0 || advice > ADVICE_LAST)
		error = -EINVAL;
	file_put(file);
	return error;
}

int64_t
sys_readahead(struct thread *thread, int fd, int64_t offset, uint64_t count)
{
	struct file *file = thread_file(thread, fd);
	int error = 0;

	if (file == NULL)
		return -EBADF;
	if (!file_can_read(file))
		error = -EBADF;
	else if (file->vnode->type != VNODE_REGULAR && file->vnode->type != VNODE_BLOCK)
		error = -EINVAL;
	file_put(file);
	return error;
}

/* Durable it is not, as in Linux; but what was written by then is on its way. */
int64_t
sys_sync_file_range(struct thread *thread, int fd, int64_t offset, int64_t length, uint32_t flags)
{
	struct file *file = thread_file(thread, fd);
	int64_t end;
	int error = 0;

	if (file == NULL)
		return -EBADF;
	if (file_is_path(file))
		error = -EBADF;
	else if ((flags & ~(uint32_t)SYNC_RANGE_FLAGS) != 0 || offset < 0 || length < 0 ||
		 add_overflows(offset, length, &end))
		error = -EINVAL;
	else if (file->vnode->type == VNODE_FIFO || file->vnode->type == VNODE_CHARACTER)
		error = -ESPIPE;
	else if (flags != 0)
		error = vnode_sync(file->vnode, true, &file->errors_told);
	file_put(file);
	return error;
}
