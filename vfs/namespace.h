/*
 * What processes do to files by path: create, remove, rename, change
 * attributes.  Linux's rules and errors; file systems are called with all of
 * it checked and locked.
 *
 * Each takes the context of the caller (with start set to the directory that
 * relative paths begin at) and returns 0 or what lookup, permission and the
 * file system say, besides what is listed.
 */
#ifndef VFS_NAMESPACE_H
#define VFS_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "vfs/lookup.h"
#include "vfs/vnode.h"

/* Flags of open(2) that matter to paths, numerically Linux's (asm-generic). */
enum open_flag {
	OPEN_WRITE_ONLY = 01,
	OPEN_READ_WRITE = 02,
	OPEN_ACCESS_MODE = 03,
	OPEN_CREATE = 0100,
	OPEN_EXCLUSIVE = 0200,
	OPEN_NO_CTTY = 0400,
	OPEN_TRUNCATE = 01000,
	OPEN_APPEND = 02000,
	OPEN_NONBLOCK = 04000,
	OPEN_DSYNC = 010000,
	OPEN_DIRECT = 040000,
	OPEN_LARGE_FILE = 0100000,
	OPEN_DIRECTORY = 0200000,
	OPEN_NO_FOLLOW = 0400000,
	OPEN_NO_ACCESS_TIME = 01000000,
	OPEN_CLOSE_ON_EXEC = 02000000,
	OPEN_SYNC = 04000000 | OPEN_DSYNC,
	OPEN_PATH = 010000000,
	OPEN_UNNAMED = 020000000, /* O_TMPFILE, with OPEN_DIRECTORY */
};

/*
 * Open or create, or, with OPEN_UNNAMED, make a file without a name in the
 * directory path, which can be given one unless OPEN_EXCLUSIVE.  A reference to
 * the vnode, permission for the access mode checked, truncated if asked for.
 * -EEXIST, -EISDIR, -ENOTDIR, -ELOOP (OPEN_NO_FOLLOW), -ENXIO (socket; no such
 * device), -EROFS, -EOPNOTSUPP (no files without names there).
 */
MUST_CHECK int namespace_open(const struct path_context *context, const char *path, uint32_t flags,
    uint32_t mode, struct vnode **out);

/* mkdir, mknod and symlink; what->uid and gid are filled in here.  -EEXIST, -EPERM. */
MUST_CHECK int namespace_create(const struct path_context *context, const char *path,
    struct vnode_create *what);

/* -EXDEV, -EPERM (directory), -EEXIST, -EMLINK.  The contexts differ in start only. */
MUST_CHECK int namespace_link(const struct path_context *from_context, const char *from,
    const struct path_context *to_context, const char *to, uint32_t lookup_flags);

/* unlink: -EISDIR; rmdir: -ENOTDIR, -ENOTEMPTY, -EBUSY (mount point), -EINVAL ("."). */
MUST_CHECK int namespace_unlink(const struct path_context *context, const char *path);
MUST_CHECK int namespace_rmdir(const struct path_context *context, const char *path);

enum rename_flag {
	RENAME_NO_REPLACE = 1,
	RENAME_SWAP = 2,
};

/* All of rename(2)'s rules; -EINVAL for a directory into itself. */
MUST_CHECK int namespace_rename(const struct path_context *from_context, const char *from,
    const struct path_context *to_context, const char *to, uint32_t flags);

/* A consistent copy of the attributes. */
void namespace_attributes(struct vnode *vnode, struct vnode_attributes *out);

/* The same without the lock, where a reader has it (kern/rcu.h); false if they are changing. */
MUST_CHECK bool namespace_peek_attributes(const struct vnode *vnode, struct vnode_attributes *out);

/* Values for namespace_set_attributes(); those that mask names count. */
struct attribute_change {
	uint32_t mask; /* enum attribute_mask */
	uint32_t permissions;
	uint32_t uid;
	uint32_t gid;
	uint32_t flags;
	struct timestamp accessed;
	struct timestamp modified;
	bool times_are_now; /* utimensat(NULL): write permission suffices */
	bool is_chown;	    /* even of nothing: set-ID bits go */
};

/*
 * chmod, chown, utimensat: who may, and what else changes with it (set-ID
 * bits, ctime).  -EPERM, -EACCES, -EROFS.
 */
MUST_CHECK int namespace_set_attributes(struct vnode *vnode, const struct credential *credential,
    const struct attribute_change *change);

/*
 * The vnode was read: renew its access time, if its mount keeps one and it is
 * older than the last change or a day.  No vnode lock held.
 */
void namespace_accessed(struct vnode *vnode);

/*
 * What vnode stands for was written to: renew its times of modification and of
 * change.  For fifos and their like; no vnode lock held, the mount is writable.
 */
void namespace_modified(struct vnode *vnode);

/* The target of a symbolic link; -EINVAL for anything else. */
MUST_CHECK int namespace_read_link(struct vnode *vnode, char *target, size_t size, size_t *length);

/*
 * List a directory from *position on; -ENOENT if it has been removed.  The time
 * of access is the caller's affair.
 */
MUST_CHECK int namespace_read_directory(struct vnode *dir, uint64_t *position,
    struct directory_sink *sink);

/* The wall clock, as a time stamp. */
struct timestamp timestamp_now(struct kernel *kernel);

#endif
