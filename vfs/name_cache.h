/*
 * The name cache: which name in which directory leads where, or nowhere.
 *
 * Entries hold no reference to vnodes; a vnode that is reclaimed takes its
 * entries along.  Negative entries say that a name does not exist.  ".." of a
 * directory is a name like others.
 *
 * Whoever changes a directory, holding its lock exclusively, tells the cache
 * before it releases the lock; whoever enters what a lookup found holds the
 * lock shared.  Finding takes no lock of the directory's: what it finds was
 * true after it was called, or a change is being made that has not returned.
 * name_cache_peek() takes no lock at all (kern/rcu.h).
 *
 * All of it is only a cache: without memory, nothing is remembered.
 */
#ifndef VFS_NAME_CACHE_H
#define VFS_NAME_CACHE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/string.h"

struct kernel;
struct vnode;

/*
 * Look for name in dir.  True if the cache knows: *out is a reference, or NULL
 * if it knows that there is no such file.
 */
bool name_cache_find(struct vnode *dir, struct name name, struct vnode **out);

/*
 * The same in a section of a reader: *out is no reference, but stays allocated
 * until the section ends.
 */
bool name_cache_peek(const struct vnode *dir, struct name name, struct vnode **out);

/* Remember that name in dir leads to vnode, or to nothing (NULL).  (dir: shared) */
void name_cache_enter(struct vnode *dir, struct name name, struct vnode *vnode);

/* Forget name in dir.  (dir: exclusive) */
void name_cache_remove(struct vnode *dir, struct name name);

/*
 * Forget all that leads to vnode and all that is in it.  When this returns, nobody
 * who found vnode by name_cache_peek() still looks at it.
 */
void name_cache_purge(struct vnode *vnode);

/*
 * A name that leads to vnode, and the directory it is in, by reference; false
 * if none is cached.  name takes NAME_LENGTH_MAX bytes.  Not "..".
 */
bool name_cache_reverse(struct vnode *vnode, struct vnode **dir, char *name, size_t *length);

#endif
