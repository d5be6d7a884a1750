/*
 * Who may do what to a file: POSIX permission bits, and the capabilities that
 * override them, as Linux does it.
 *
 * All take a vnode whose lock the caller holds, shared at least, or attributes
 * that nobody else sees.  0, -EACCES or -EPERM.
 */
#ifndef VFS_PERMISSION_H
#define VFS_PERMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct credential;
struct vnode;
struct vnode_attributes;

enum access {
	ACCESS_EXECUTE = 1, /* directories: search */
	ACCESS_WRITE = 2,
	ACCESS_READ = 4,
};

/* May the file be used so?  -EACCES; -EROFS and -EPERM (immutable) for writing. */
MUST_CHECK int permission_check(const struct vnode *vnode, const struct credential *credential,
    uint32_t access);

/*
 * May a directory with these attributes be searched?  For those who read them
 * without the lock.
 */
bool permission_may_search(const struct vnode_attributes *attributes,
    const struct credential *credential);

/* May an entry be added to dir?  -ENOENT if dir has been removed itself. */
MUST_CHECK int permission_add(const struct vnode *dir, const struct credential *credential);

/* May the entry that leads to vnode be taken out of dir?  Sticky bit; flags. */
MUST_CHECK int permission_remove(const struct vnode *dir, const struct vnode *vnode,
    const struct credential *credential);

/* Does the caller own the file, or may act as if?  -EPERM. */
MUST_CHECK int permission_owner(const struct vnode *vnode, const struct credential *credential);

/*
 * The set-ID bits that a file loses when its owner changes, or its content and
 * the caller has no CAP_FSETID: whoever could run as its owner shall not run
 * what somebody else made of it.
 */
uint32_t permission_lost_set_id(const struct vnode *vnode, const struct credential *credential);

#endif
