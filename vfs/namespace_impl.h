/*
 * What the parts of namespace.h share.
 */
#ifndef VFS_NAMESPACE_IMPL_H
#define VFS_NAMESPACE_IMPL_H

#include <stdint.h>

#include "base/compiler.h"
#include "vfs/namespace.h"

/*
 * Make a file in dir, where name is not taken: permission, owner and mode are
 * seen to here.  A reference to it.  -EEXIST.  (dir: exclusive)
 */
MUST_CHECK int namespace_make(const struct path_context *context, struct vnode *dir,
    struct name name, struct vnode_create *what, struct vnode **out);

/* The same for a file without a name.  (dir: exclusive) */
MUST_CHECK int namespace_make_unnamed(const struct path_context *context, struct vnode *dir,
    struct vnode_create *what, struct vnode **out);

/*
 * Set the time stamps in mask (SET_MODIFIED, SET_CHANGED) to now.  That the file
 * system cannot keep them does not undo what was done before: it is only
 * logged.  (vnode: exclusive)
 */
void namespace_touch(struct vnode *vnode, uint32_t mask);

/*
 * A directory has been removed from dir: whoever is in it still finds his way
 * back by "..", as in Linux.  (both: exclusive)
 */
void namespace_directory_removed(struct vnode *dir, struct vnode *vnode);

/* Is this the name of an entry, rather than "", "." or ".."? */
bool namespace_is_entry(struct name name);

#endif
