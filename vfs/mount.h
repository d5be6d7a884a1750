/*
 * File systems and where they are mounted.
 *
 * A file-system type (a driver) is registered once per kernel by its
 * component; a mount is one file system in use.  The driver embeds struct
 * mount in its own structure.
 *
 * The mount table is a tree: each mount but the root covers one directory of
 * another.  A mounted file system's vnodes lead to it and keep no count;
 * unmounting fails while any is referenced.
 */
#ifndef VFS_MOUNT_H
#define VFS_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "base/string.h"
#include "kern/kernel.h"
#include "kern/mutex.h"
#include "vfs/write_errors.h"

struct credential;
struct fs_check_request;
struct mount;
struct path_context;
struct text;
struct vnode;

#define FS_NAME_MAX	 15
#define MOUNT_SOURCE_MAX 255

/* Flags of mount(2), numerically Linux's, as far as they are honoured. */
enum mount_flag {
	MOUNT_READ_ONLY = 1,
	MOUNT_NO_SUID = 2,
	MOUNT_NO_DEVICES = 4,
	MOUNT_NO_EXEC = 8,
	MOUNT_NO_ACCESS_TIME = 1024,
	MOUNT_NO_DIRECTORY_ACCESS_TIME = 2048,
	MOUNT_SILENT = 32768,		      /* accepted, means nothing here */
	MOUNT_RELATIVE_ACCESS_TIME = 1 << 21, /* the default */
	MOUNT_STRICT_ACCESS_TIME = 1 << 24,
};

/* Flag of umount2(2), the only one that is honoured. */
#define UNMOUNT_NO_FOLLOW 8

/* What is to be mounted.  All borrowed. */
struct mount_request {
	struct kernel *kernel;
	const char *source; /* as the user named it, for people */
	uint32_t device;    /* device number of the source; 0 if it is no block device */
	uint32_t flags;
	const char *options; /* "name=value,name"; "" if none */
};

/* What statfs tells. */
struct fs_statistics {
	uint64_t type;		/* magic number, Linux's where it has one */
	uint64_t block_size;	/* preferred unit of transfers, bytes */
	uint64_t fragment_size; /* unit of the counts below, bytes */
	uint64_t block_count;
	uint64_t blocks_free;
	uint64_t blocks_available; /* to ordinary users */
	uint64_t inode_count;
	uint64_t inodes_free;
	uint64_t id;
};

struct mount_ops {
	/*
	 * Read inode ino; a new vnode with one reference, by vnode_init(), not
	 * yet in any table.  -EUCLEAN, -EIO, -ENOENT (not in use), -ENOMEM.
	 */
	int (*load)(struct mount *mount, uint64_t ino, struct vnode **out);

	int (*statistics)(struct mount *mount, struct fs_statistics *out);

	/* Write everything that is dirty, and make it durable. */
	int (*sync)(struct mount *mount);

	/* Tell what this file system is, as lines "key: value", for people. */
	void (*describe)(struct mount *mount, struct text *out);

	/* Free the mount.  No vnode is left, the root's reference is given back. */
	void (*destroy)(struct mount *mount);
};

/* A file system that is to be made.  All borrowed. */
struct fs_make_request {
	struct kernel *kernel;
	const char *source;  /* as the user named it, for people */
	uint32_t device;     /* device number of the source */
	const char *options; /* "name=value,name"; "" if none */
};

struct fs_type {
	const char *name;
	uint64_t magic;
	bool needs_device;

	/* Does the device hold this format?  0, or -EINVAL if not; -EIO, -ENOMEM. */
	int (*probe)(const struct mount_request *request);

	/*
	 * Open the file system: a new mount, by mount_init(), with mount->root,
	 * which is found last: a vnode must not outlive a mount that fails.
	 * -EINVAL (not this format, bad option; logged), -EUCLEAN, -EIO,
	 * -EBUSY, -EROFS (cannot be written), -ENOMEM.
	 */
	int (*mount)(const struct mount_request *request, struct mount **out);

	/*
	 * Make an empty file system, over whatever there is: fs_make_at() has looked
	 * whether that may be.  -EINVAL (cannot be such; logged), -ENOSPC (too small;
	 * logged), -EBUSY, -EROFS, -EIO, -ENOMEM, -EOPNOTSUPP.
	 */
	int (*make)(const struct fs_make_request *request);

	/*
	 * Check the file system, and repair it as request says (vfs/upkeep.h):
	 * fs_check_at() has looked whether that may be.  Errors are told there.
	 */
	int (*check)(struct fs_check_request *request);
};

/* Embedded in the driver's own. */
struct mount {
	const struct mount_ops *ops; /* constant */
	const struct fs_type *type;  /* constant */
	struct kernel *kernel;	     /* constant */
	uint32_t device;	     /* st_dev of its files; constant */
	uint32_t flags;		     /* enum mount_flag; constant */

	/*
	 * Large reads may bypass the page cache.  read_store() then gets a user's
	 * memory, which the host can reach and the file system cannot.  Constant.
	 */
	bool reads_direct;

	bool has_live_names; /* names come and go by themselves: not cached; constant */
	uint32_t id;	     /* constant */
	char source[MOUNT_SOURCE_MAX + 1];
	struct vnode *root;	  /* a reference, besides any of the driver's own; constant */
	struct vnode *covered;	  /* a reference, NULL for the root mount; constant once mounted */
	struct mutex rename_lock; /* one rename at a time */
	struct list vnodes;	  /* private to vnode.c */
	struct list link;	  /* all mounts, in order; private to mount.c */
	uint32_t reclaim_count;	  /* vnodes being reclaimed; private to vnode.c */
	_Atomic bool is_closing;  /* looking whether anybody is inside; private to vnode.c */
	_Atomic bool was_entered; /* somebody moved meanwhile; private to vnode.c */
	_Atomic uint32_t is_changed; /* since it was synced last: a word, as not every processor
				      * exchanges bytes; private to mount.c */
	struct write_errors write_errors; /* of all its files */
};

/* Set up the embedded mount; the driver sets root, and what it wants of the flags, after. */
void mount_init(struct mount *mount, const struct mount_request *request,
    const struct fs_type *type, const struct mount_ops *ops);

/*
 * Take the first of options, "name=value,name", which loses it; empty ones are
 * passed over.  False when there is none left.
 */
bool mount_next_option(struct name *options, struct name *option);

/* Named defaults. */
int mount_no_load(struct mount *mount, uint64_t ino, struct vnode **out); /* -ENOENT */
int mount_sync_nothing(struct mount *mount);				  /* 0 */
void mount_describe_nothing(struct mount *mount, struct text *out);
int fs_no_make(const struct fs_make_request *request); /* -EOPNOTSUPP */
int fs_no_check(struct fs_check_request *request);     /* -EOPNOTSUPP */

/* The component: mounts, vnodes, names, pages and devices of a kernel. */
extern const struct component vfs_component;

/*
 * Make a driver known; -EEXIST, -ENOSPC when there are too many.  For
 * components that start: there is no lock.
 */
MUST_CHECK int fs_register(struct kernel *kernel, const struct fs_type *type);

/* The index-th registered driver, or NULL past the last. */
const struct fs_type *fs_enumerate(struct kernel *kernel, size_t index);

/* Mount the kernel's first file system, its root; source is "none". */
MUST_CHECK int mount_root(struct kernel *kernel, const char *type, const char *options);

/* The root directory of the kernel: a borrowed reference, never NULL once mounted. */
struct vnode *mount_root_vnode(struct kernel *kernel);

/*
 * Mount on the directory target (or on a file, if the root of what is mounted
 * is one).  type "auto" tries every driver that needs a device.  -ENODEV for an
 * unknown type, -ENOTBLK if a device is needed and source is none, -EBUSY,
 * -EINVAL if no driver knows the format, -EPERM without CAP_SYS_ADMIN, and
 * what lookup and the driver say.
 */
MUST_CHECK int mount_at(const struct path_context *context, const char *source, const char *target,
    const char *type, uint32_t flags, const char *options);

/*
 * Unmount what is mounted on target.  -EINVAL if nothing is, -EBUSY while it is
 * used, -EPERM without CAP_SYS_ADMIN.  If not everything could be written, it
 * is unmounted all the same, and the error is the driver's.
 */
MUST_CHECK int unmount_at(const struct path_context *context, const char *target, uint32_t flags);

/*
 * Unmount everything, the last mounted first: the kernel goes.  No process is
 * left.  vfs_component does it when it stops; a component that mounted things
 * of others that stop before does it earlier.
 */
void unmount_all(struct kernel *kernel);

/*
 * Tell about a mount, as lines "key: value": type, source, how it is mounted,
 * and what the driver knows.
 */
void mount_describe(struct mount *mount, struct text *out);

MUST_CHECK int mount_statistics(struct mount *mount, struct fs_statistics *out);

/*
 * Something of mount was changed in memory: it is synced MOUNT_SYNC_DELAY
 * nanoseconds later, or when somebody asks.  Takes no lock but those of timers.
 */
#define MOUNT_SYNC_DELAY ((uint64_t)5 * 1000 * 1000 * 1000)
void mount_changed(struct mount *mount);

/*
 * Sync one mount, or all of a kernel's: write what is dirty, and make it
 * durable.  The first error.
 */
MUST_CHECK int mount_sync(struct mount *mount);
MUST_CHECK int mount_sync_all(struct kernel *kernel);

#endif
