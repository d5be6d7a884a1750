/*
 * Calls that change what files tell about themselves, or ask what one may do
 * with them: chmod, chown, utimensat, truncate, access.
 *
 * Each says what it wants as a struct attribute_change, for a file by path or
 * by descriptor; who may, and what else changes with it, is decided once, in
 * namespace_set_attributes().
 */
#include "base/errno.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "vfs/file_io.h"
#include "vfs/namespace.h"
#include "vfs/permission.h"
#include "vfs/vnode.h"

#define NO_ID UINT32_MAX /* chown: leave it as it is */

/* Nanoseconds of utimensat() that mean something else. */
#define UTIME_NOW	    0x3fffffff
#define UTIME_OMIT	    0x3ffffffe
#define NANOSECONDS_PER_SEC 1000000000

/* ---- changing attributes ------------------------------------------------------------------- */

static int
change_at(struct thread *thread, int dirfd, struct user_ptr path, uint32_t at_flags,
    const struct attribute_change *change)
{
	struct vnode *vnode;
	int error = path_lookup(thread, dirfd, path, at_flags, &vnode);

	if (error < 0)
		return error;
	error = namespace_set_attributes(vnode, thread->credential, change);
	vnode_put(vnode);
	return error;
}

static int
change_file(struct thread *thread, int fd, const struct attribute_change *change)
{
	struct file *file = thread_file(thread, fd);
	int error;

	if (file == NULL)
		return -EBADF;
	if (file_is_path(file))
		error = -EBADF;
	else
		error = namespace_set_attributes(file->vnode, thread->credential, change);
	file_put(file);
	return error;
}

static struct attribute_change
change_of_mode(uint32_t mode)
{
	return (struct attribute_change){
		.mask = SET_PERMISSIONS,
		.permissions = mode & MODE_PERMISSIONS,
	};
}

int64_t
sys_fchmod(struct thread *thread, int fd, uint32_t mode)
{
	struct attribute_change change = change_of_mode(mode);

	return change_file(thread, fd, &change);
}

int64_t
sys_fchmodat2(struct thread *thread, int dirfd, struct user_ptr path, uint32_t mode, int flags)
{
	struct attribute_change change = change_of_mode(mode);
	struct vnode *vnode;
	int error;

	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	error = path_lookup(thread, dirfd, path, (uint32_t)flags, &vnode);
	if (error < 0)
		return error;
	/* The mode of a link is never looked at, and so cannot be set. */
	if (vnode->type == VNODE_SYMLINK)
		error = -EOPNOTSUPP;
	else
		error = namespace_set_attributes(vnode, thread->credential, &change);
	vnode_put(vnode);
	return error;
}

int64_t
sys_fchmodat(struct thread *thread, int dirfd, struct user_ptr path, uint32_t mode)
{
	return sys_fchmodat2(thread, dirfd, path, mode, 0);
}

static struct attribute_change
change_of_owner(uint32_t uid, uint32_t gid)
{
	return (struct attribute_change){
		.mask = (uid == NO_ID ? 0U : SET_UID) | (gid == NO_ID ? 0U : SET_GID),
		.uid = uid,
		.gid = gid,
		.is_chown = true,
	};
}

int64_t
sys_fchown(struct thread *thread, int fd, uint32_t uid, uint32_t gid)
{
	struct attribute_change change = change_of_owner(uid, gid);

	return change_file(thread, fd, &change);
}

int64_t
sys_fchownat(struct thread *thread, int dirfd, struct user_ptr path, uint32_t uid, uint32_t gid,
    int flags)
{
	struct attribute_change change = change_of_owner(uid, gid);

	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	return change_at(thread, dirfd, path, (uint32_t)flags, &change);
}

/* ---- utimensat --------------------------------------------------------------------------------- */

struct user_timespec {
	int64_t seconds;
	uint64_t nanoseconds;
};

static bool
is_valid_time(const struct user_timespec *time)
{
	return time->nanoseconds < NANOSECONDS_PER_SEC || time->nanoseconds == UTIME_NOW ||
	       time->nanoseconds == UTIME_OMIT;
}

static struct timestamp
timestamp_of(const struct user_timespec *time, struct timestamp now)
{
	if (time->nanoseconds == UTIME_NOW)
		return now;
	return (struct timestamp){ time->seconds, (uint32_t)time->nanoseconds };
}

/* What the user's two times, or none for now, mean as a change. */
static int
change_of_times(struct thread *thread, struct user_ptr from, struct attribute_change *out)
{
	struct timestamp now = timestamp_now(thread->kernel);
	struct user_timespec times[2] = {
		{ .nanoseconds = UTIME_NOW },
		{ .nanoseconds = UTIME_NOW },
	};

	*out = (struct attribute_change){ .mask = SET_ACCESSED | SET_MODIFIED };
	if (!user_ptr_is_null(from)) {
		int error = copy_in(thread->space, times, from, sizeof(times));

		if (error < 0)
			return error;
	}
	if (!is_valid_time(&times[0]) || !is_valid_time(&times[1]))
		return -EINVAL;

	if (times[0].nanoseconds == UTIME_OMIT)
		out->mask &= ~(uint32_t)SET_ACCESSED;
	if (times[1].nanoseconds == UTIME_OMIT)
		out->mask &= ~(uint32_t)SET_MODIFIED;
	out->accessed = timestamp_of(&times[0], now);
	out->modified = timestamp_of(&times[1], now);
	out->times_are_now = times[0].nanoseconds == UTIME_NOW && times[1].nanoseconds == UTIME_NOW;
	return 0;
}

int64_t
sys_utimensat(struct thread *thread, int dirfd, struct user_ptr path, struct user_ptr times,
    int flags)
{
	struct attribute_change change;
	int error = change_of_times(thread, times, &change);

	if (error < 0)
		return error;
	if (change.mask == 0)
		return 0; /* not even the path is looked at */
	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	if (!user_ptr_is_null(path) || dirfd == AT_FDCWD)
		return change_at(thread, dirfd, path, (uint32_t)flags, &change);

	/* Without a path, dirfd is the file: futimens(). */
	if (flags != 0)
		return -EINVAL;
	return change_file(thread, dirfd, &change);
}

/* ---- access ------------------------------------------------------------------------------------- */

/*
 * Who asks: the real user, unless AT_EACCESS.  A reference; capabilities go
 * with the real user, too: all that are permitted for 0, none for others.
 */
static int
credential_who_asks(struct thread *thread, int flags, struct credential **out)
{
	struct credential *now = thread->credential;
	uint64_t capabilities = now->real_uid == 0 ? now->permitted : 0;
	struct credential *asks;

	if ((flags & AT_EACCESS) != 0 ||
	    (now->real_uid == now->fs_uid && now->real_gid == now->fs_gid &&
		now->capabilities == capabilities)) {
		*out = credential_get(now);
		return 0;
	}
	asks = credential_copy(now);
	*out = asks;
	if (asks == NULL)
		return -ENOMEM;
	asks->fs_uid = asks->real_uid;
	asks->fs_gid = asks->real_gid;
	asks->capabilities = capabilities;
	return 0;
}

int64_t
sys_faccessat2(struct thread *thread, int dirfd, struct user_ptr user_path, int mode, int flags)
{
	const int known = AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
	uint32_t how = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : LOOKUP_FOLLOW;
	struct credential *asks;
	struct vnode *vnode;
	struct path path;
	int error;

	if ((mode & ~(ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE)) != 0 || (flags & ~known) != 0)
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) != 0)
		how |= LOOKUP_EMPTY_PATH;
	error = credential_who_asks(thread, flags, &asks);
	if (error < 0)
		return error;
	error = path_begin(&path, thread, dirfd, user_path, (uint32_t)flags);
	if (error == 0) {
		path.context.credential = asks;
		error = lookup(&path.context, path.string.text, how, &vnode);
		path_end(&path);
	}
	if (error == 0) {
		rwlock_lock_shared(&vnode->lock);
		error = permission_check(vnode, asks, (uint32_t)mode);
		rwlock_unlock_shared(&vnode->lock);
		vnode_put(vnode);
	}
	credential_put(asks);
	return error;
}

int64_t
sys_faccessat(struct thread *thread, int dirfd, struct user_ptr path, int mode)
{
	return sys_faccessat2(thread, dirfd, path, mode, 0);
}
