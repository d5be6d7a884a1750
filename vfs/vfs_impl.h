/*
 * What a kernel keeps of its files, in kernel->slots[SLOT_VFS]; and what the
 * files of this folder call of each other besides the public headers.
 *
 * All of it starts tiny: tables are made with their first entries and grow
 * with them.
 */
#ifndef VFS_VFS_IMPL_H
#define VFS_VFS_IMPL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "base/string.h"
#include "kern/condition.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "kern/mutex.h"
#include "kern/timer.h"
#include "vfs/vnode.h"

#define FS_TYPE_MAX	  16
#define DEVICE_DRIVER_MAX 16

struct device_ops;
struct fs_type;
struct mount;
struct mount_request;
struct name_table;
struct path_context;

/* vnode.c: all vnodes that can be found by (mount, ino). */
struct vnode_table {
	struct mutex lock;
	struct condition reclaimed; /* some mount's reclaim_count has become 0 */
	struct list *buckets;	    /* bucket_count of them; GUARDED_BY(lock) */
	size_t bucket_count;	    /* a power of two; GUARDED_BY(lock) */
	size_t count;		    /* GUARDED_BY(lock) */
	struct list idle;	    /* listed vnodes, longest first; GUARDED_BY(lock) */
	size_t idle_count;	    /* GUARDED_BY(lock) */
	size_t idle_max;	    /* constant */
	struct shrinker shrinker;
};

/* name_cache.c */
struct name_cache {
	_Atomic(struct name_table *) table; /* or NULL; changed under the lock, read also by rcu */
	struct mutex lock;
	struct list oldest;  /* all entries, the oldest first; GUARDED_BY(lock) */
	struct list retired; /* taken out, to be freed when no reader sees them; GUARDED_BY(lock) */
	size_t retired_count; /* GUARDED_BY(lock) */
	size_t count;	      /* GUARDED_BY(lock) */
	size_t max;	      /* constant */
	struct shrinker shrinker;
};

/* mount.c */
struct mount_table {
	struct mutex lock;
	struct list mounts; /* in the order they were mounted; GUARDED_BY(lock) */
	struct mount *root; /* constant once mounted */
	_Atomic uint32_t last_id;
	const struct fs_type *types[FS_TYPE_MAX]; /* constant after boot */
	size_t type_count;			  /* constant after boot */
	struct timer sync_timer;
	_Atomic uint32_t is_sync_due; /* the timer is armed, or is not to be */
};

struct device_driver {
	enum vnode_type type;
	uint32_t major;
	const struct device_ops *ops;
};

/* device.c */
struct device_table {
	struct device_driver drivers[DEVICE_DRIVER_MAX]; /* constant after boot */
	size_t driver_count;				 /* constant after boot */
};

/* file_lock.c */
#define FILE_LOCK_CHAINS 16 /* a power of two */

struct file_lock_table {
	struct mutex lock;
	struct list waiters;		      /* in the order they came; GUARDED_BY(lock) */
	struct list chains[FILE_LOCK_CHAINS]; /* held locks, by vnode; GUARDED_BY(lock) */
};

struct vfs {
	struct vnode_table vnodes;
	struct name_cache names;
	struct mount_table mounts;
	struct device_table devices;
	struct file_lock_table file_locks;
};

static inline struct vfs *
vfs_of(const struct kernel *kernel)
{
	return kernel->slots[SLOT_VFS];
}

/* vnode.c */

MUST_CHECK int vnode_table_start(struct kernel *kernel);
void vnode_table_stop(struct kernel *kernel);

/*
 * One more reference to a vnode that is known to exist, if it is not being
 * reclaimed.
 */
MUST_CHECK bool vnode_try_get(struct vnode *vnode);

/*
 * The page cache begins and ceases to have something to write of vnode: it has
 * a reference meanwhile, which does not make the vnode count as used.  The
 * second may take locks, as vnode_put() does.
 */
void vnode_hold_dirty(struct vnode *vnode);
void vnode_release_dirty(struct vnode *vnode);

/*
 * The last name of vnode is gone: it is to be reclaimed with its last
 * reference.  (vnode: exclusive, and referenced)
 */
void vnode_has_no_name(struct vnode *vnode);

/*
 * A vnode that has just been made without a name, by create_unnamed: it may be
 * given one.  Nobody else knows it yet.
 */
void vnode_mark_unnamed(struct vnode *vnode);

/* It got its first name after all.  (vnode: exclusive, and referenced) */
void vnode_has_name(struct vnode *vnode);

/*
 * Is any vnode of mount referenced by others than the mount and the file system
 * itself?  If not, it stays so: is_closing is left set, and the caller sees to it
 * that nobody enters by the mount point.
 */
MUST_CHECK bool vnode_any_used(struct mount *mount);

/* Reclaim all vnodes of mount, whatever their references. */
void vnode_reclaim_all(struct mount *mount);

/* name_cache.c */

void name_cache_start(struct kernel *kernel);
void name_cache_stop(struct kernel *kernel);

/*
 * name_cache_purge() that only tries for locks; false if one was taken, and not
 * all is forgotten.
 */
MUST_CHECK bool name_cache_try_purge(struct vnode *vnode);

/* mount.c */

void mount_table_start(struct kernel *kernel);

/* The driver of this name, or NULL. */
const struct fs_type *fs_find(struct kernel *kernel, const char *name);

/* The number of the block device that source leads to.  -ENOTBLK, -EACCES, as lookup(). */
MUST_CHECK int mount_find_device(const struct path_context *context, const char *source,
    uint32_t *device);

/* Is the device of this number mounted?  Or rather: to be written? */
bool mount_uses_device(struct kernel *kernel, uint32_t device, bool to_write);

/* The driver of this name, or with "auto" the one that knows request's device. */
MUST_CHECK int fs_find_for(const struct mount_request *request, const char *name,
    const struct fs_type **out);

#endif
