/*
 * Locks that processes put on files: record locks of fcntl(2), of a process or
 * of an open file, and those of flock(2).
 *
 * They are advice: nothing but another lock heeds them.  A lock has an owner,
 * which is only compared: whoever locks as the same owner replaces his own lock,
 * and is kept out by those of others.  Locks of processes and of open files keep
 * each other out; those of flock(2) are a world of their own.
 *
 * A vnode that has locks is in use by whoever holds them: the owner is to be
 * released before the last reference goes.  The functions may sleep; no vnode
 * lock is held.
 */
#ifndef VFS_FILE_LOCK_H
#define VFS_FILE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct kernel;
struct vnode;

/* The end of a lock that is as long as the file gets. */
#define FILE_LOCK_END ((uint64_t)INT64_MAX)

enum file_lock_kind {
	FILE_LOCK_PROCESS, /* F_SETLK: whose waiting for each other is found out */
	FILE_LOCK_OPEN,	   /* F_OFD_SETLK: of an open file */
	FILE_LOCK_WHOLE,   /* flock(2): of an open file; start and end are those of all */
};

enum file_lock_type {
	FILE_LOCK_SHARED,
	FILE_LOCK_EXCLUSIVE,
	FILE_LOCK_NONE,
}; /* F_RDLCK, F_WRLCK and F_UNLCK */

/* A lock, as it is wanted or told about. */
struct file_lock {
	enum file_lock_kind kind;
	enum file_lock_type type;
	const void *owner;
	uint32_t pid;	/* to tell others; 0 for an open file's */
	uint64_t start; /* first byte */
	uint64_t end;	/* last byte, not before start */
};

/*
 * Let the owner have this lock, and no other, on the range; FILE_LOCK_NONE: none.
 * If another's is in the way, wait for it to go, or -EAGAIN; then nothing has
 * changed, but that flock(2)'s owner has lost the lock he had.  -EDEADLK if
 * processes would wait for each other for ever; -ENOLCK without memory.  Who
 * waits is served in the order he came.
 */
MUST_CHECK int file_lock_set(struct vnode *vnode, const struct file_lock *wanted, bool wait);

/*
 * The first lock that keeps wanted out, or one whose type is FILE_LOCK_NONE.  If
 * the type wanted is that, the first one of the owner's own on the range.
 */
void file_lock_find(struct vnode *vnode, const struct file_lock *wanted, struct file_lock *out);

/* The owner has no more locks of this kind on vnode. */
void file_lock_release(struct vnode *vnode, enum file_lock_kind kind, const void *owner);

/* What a kernel keeps of its locks; called by vfs_component. */
void file_locks_start(struct kernel *kernel);

#endif
