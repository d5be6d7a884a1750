/*
 * What files and file systems tell about themselves: stat and statfs in their
 * generic 64-bit layouts, and statx.
 *
 * The structures here are those of Linux's user interface, field by field; they
 * are filled in on the stack and copied out whole, padding zeroed.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "base/text.h"
#include "kern/memory.h"
#include "kern/thread.h"
#include "syscall/device_number.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "syscall/status.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"
#include "vfs/vnode.h"

/* ---- layouts ------------------------------------------------------------------------------ */

struct user_timespec {
	int64_t seconds;
	uint64_t nanoseconds;
};

/* struct stat of asm-generic, 64 bits. */
struct user_stat {
	uint64_t device;
	uint64_t ino;
	uint32_t mode;
	uint32_t link_count;
	uint32_t uid;
	uint32_t gid;
	uint64_t node_device;
	uint64_t padding1;
	int64_t size;
	int32_t io_block_size;
	int32_t padding2;
	int64_t block_count;
	struct user_timespec accessed;
	struct user_timespec modified;
	struct user_timespec changed;
	uint32_t unused[2];
};

struct user_statx_timestamp {
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t padding;
};

/* struct statx, as of Linux 5.8. */
struct user_statx {
	uint32_t mask;
	uint32_t io_block_size;
	uint64_t attributes;
	uint32_t link_count;
	uint32_t uid;
	uint32_t gid;
	uint16_t mode;
	uint16_t padding1;
	uint64_t ino;
	uint64_t size;
	uint64_t block_count;
	uint64_t attributes_mask;
	struct user_statx_timestamp accessed;
	struct user_statx_timestamp born;
	struct user_statx_timestamp changed;
	struct user_statx_timestamp modified;
	uint32_t node_major;
	uint32_t node_minor;
	uint32_t major;
	uint32_t minor;
	uint64_t mount_id;
	uint64_t unused[13];
};

struct user_statfs {
	int64_t type;
	int64_t block_size;
	uint64_t block_count;
	uint64_t blocks_free;
	uint64_t blocks_available;
	uint64_t inode_count;
	uint64_t inodes_free;
	uint32_t id[2];
	int64_t name_max;
	int64_t fragment_size;
	int64_t flags;
	int64_t unused[4];
};

_Static_assert(sizeof(struct user_stat) == 128, "struct stat has 128 bytes");
_Static_assert(sizeof(struct user_statx) == 256, "struct statx has 256 bytes");
_Static_assert(sizeof(struct user_statfs) == 120, "struct statfs has 120 bytes");

/* stx_mask and stx_attributes, numerically Linux's. */
enum {
	STATX_BASIC_STATS = 0x7ff,
	STATX_BTIME = 0x800,
	STATX_MNT_ID = 0x1000,
	STATX_ATTR_IMMUTABLE = 0x10,
	STATX_ATTR_APPEND = 0x20,
	STATX_ATTR_NODUMP = 0x40,
	STATX_ATTR_MOUNT_ROOT = 0x2000,
};

#define STATX_RESERVED 0x80000000U

/* f_flags of statfs; those that are not here have the values of mount(2). */
#define STATFS_VALID		    0x20
#define STATFS_RELATIVE_ACCESS_TIME 4096

static uint32_t
mode_of(const struct status *status)
{
	return (uint32_t)status->type << MODE_TYPE_SHIFT | status->attributes.permissions;
}

/* ---- stat ----------------------------------------------------------------------------------- */

static struct user_timespec
timespec_of(struct timestamp time)
{
	return (struct user_timespec){ time.seconds, time.nanoseconds };
}

static int
copy_stat(struct thread *thread, const struct status *status, struct user_ptr to)
{
	const struct vnode_attributes *attributes = &status->attributes;
	struct user_stat stat = {
		.device = device_number_encode(status->device),
		.ino = attributes->ino,
		.mode = mode_of(status),
		.link_count = attributes->link_count,
		.uid = attributes->uid,
		.gid = attributes->gid,
		.node_device = device_number_encode(attributes->device),
		.size = (int64_t)attributes->size,
		.io_block_size = (int32_t)attributes->io_block_size,
		.block_count = (int64_t)attributes->block_count,
		.accessed = timespec_of(attributes->accessed),
		.modified = timespec_of(attributes->modified),
		.changed = timespec_of(attributes->changed),
	};
	return copy_out(thread->space, to, &stat, sizeof(stat));
}

int64_t
sys_fstat(struct thread *thread, int fd, struct user_ptr buffer)
{
	struct file *file = thread_file(thread, fd);
	struct status status;

	if (file == NULL)
		return -EBADF;
	status_of(file->vnode, &status);
	file_put(file);
	return copy_stat(thread, &status, buffer);
}

int64_t
sys_newfstatat(struct thread *thread, int dirfd, struct user_ptr path, struct user_ptr buffer,
    int flags)
{
	struct status status;
	int error;

	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	error = path_status(thread, dirfd, path, (uint32_t)flags, &status);
	return error < 0 ? error : copy_stat(thread, &status, buffer);
}

/* ---- statx ---------------------------------------------------------------------------------- */

static struct user_statx_timestamp
statx_timestamp_of(struct timestamp time)
{
	return (struct user_statx_timestamp){ time.seconds, time.nanoseconds, 0 };
}

static uint64_t
statx_attributes(const struct status *status)
{
	uint32_t flags = status->attributes.flags;
	uint64_t result = 0;

	if ((flags & VNODE_IMMUTABLE) != 0)
		result |= STATX_ATTR_IMMUTABLE;
	if ((flags & VNODE_APPEND_ONLY) != 0)
		result |= STATX_ATTR_APPEND;
	if ((flags & VNODE_NO_DUMP) != 0)
		result |= STATX_ATTR_NODUMP;
	if (status->is_mount_root)
		result |= STATX_ATTR_MOUNT_ROOT;
	return result;
}

static int
copy_statx(struct thread *thread, const struct status *status, struct user_ptr to)
{
	const struct vnode_attributes *attributes = &status->attributes;
	struct user_statx statx = {
		.mask = STATX_BASIC_STATS | STATX_MNT_ID,
		.io_block_size = attributes->io_block_size,
		.attributes = statx_attributes(status),
		.link_count = attributes->link_count,
		.uid = attributes->uid,
		.gid = attributes->gid,
		.mode = (uint16_t)mode_of(status),
		.ino = attributes->ino,
		.size = attributes->size,
		.block_count = attributes->block_count,
		.attributes_mask = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP |
				   STATX_ATTR_MOUNT_ROOT,
		.accessed = statx_timestamp_of(attributes->accessed),
		.born = statx_timestamp_of(attributes->born),
		.changed = statx_timestamp_of(attributes->changed),
		.modified = statx_timestamp_of(attributes->modified),
		.node_major = device_major(attributes->device),
		.node_minor = device_minor(attributes->device),
		.major = device_major(status->device),
		.minor = device_minor(status->device),
		.mount_id = status->mount_id,
	};
	if (attributes->born.seconds != 0 || attributes->born.nanoseconds != 0)
		statx.mask |= STATX_BTIME;
	return copy_out(thread->space, to, &statx, sizeof(statx));
}

int64_t
sys_statx(struct thread *thread, int dirfd, struct user_ptr path, int flags, uint32_t mask,
    struct user_ptr buffer)
{
	const int known =
	    AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
	struct status status;
	int error;

	if ((mask & STATX_RESERVED) != 0 || (flags & ~known) != 0 ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	error = path_status(thread, dirfd, path, (uint32_t)flags, &status);
	return error < 0 ? error : copy_statx(thread, &status, buffer);
}

/* ---- statfs ------------------------------------------------------------------------------------ */

static int64_t
statfs_flags(uint32_t mount_flags)
{
	const uint32_t same = MOUNT_READ_ONLY | MOUNT_NO_SUID | MOUNT_NO_DEVICES | MOUNT_NO_EXEC |
			      MOUNT_NO_ACCESS_TIME;
	uint32_t flags = STATFS_VALID | (mount_flags & same);

	if ((mount_flags & MOUNT_RELATIVE_ACCESS_TIME) != 0)
		flags |= STATFS_RELATIVE_ACCESS_TIME;
	return flags;
}

static int
copy_statfs(struct thread *thread, struct mount *mount, struct user_ptr to)
{
	struct fs_statistics statistics;
	struct user_statfs statfs;
	int error = mount_statistics(mount, &statistics);

	if (error < 0)
		return error;
	/* Programs multiply the counts by either size, so both are the unit. */
	statfs = (struct user_statfs){
		.type = (int64_t)statistics.type,
		.block_size = (int64_t)statistics.fragment_size,
		.block_count = statistics.block_count,
		.blocks_free = statistics.blocks_free,
		.blocks_available = statistics.blocks_available,
		.inode_count = statistics.inode_count,
		.inodes_free = statistics.inodes_free,
		.id = { (uint32_t)statistics.id, (uint32_t)(statistics.id >> 32) },
		.name_max = NAME_LENGTH_MAX,
		.fragment_size = (int64_t)statistics.fragment_size,
		.flags = statfs_flags(mount->flags),
	};
	return copy_out(thread->space, to, &statfs, sizeof(statfs));
}

int64_t
sys_statfs(struct thread *thread, struct user_ptr path, struct user_ptr buffer)
{
	struct vnode *vnode;
	int error = path_lookup(thread, AT_FDCWD, path, 0, &vnode);

	if (error < 0)
		return error;
	error = copy_statfs(thread, vnode->mount, buffer);
	vnode_put(vnode);
	return error;
}

int64_t
sys_fstatfs(struct thread *thread, int fd, struct user_ptr buffer)
{
	struct file *file = thread_file(thread, fd);
	int error;

	if (file == NULL)
		return -EBADF;
	error = copy_statfs(thread, file->vnode->mount, buffer);
	file_put(file);
	return error;
}
