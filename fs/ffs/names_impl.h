/*
 * Steps of operations on names, which names.c, exchange.c and erase.c share.
 *
 * Within an operation; the locks are those of vnode_ops.
 */
#ifndef FS_FFS_NAMES_IMPL_H
#define FS_FFS_NAMES_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/string.h"
#include "fs/ffs/entries.h"

struct vnode_rename;

#define FFS_LINKS_MAX	32767
#define FFS_SPACE_TRIES 3 /* what was freed takes two checkpoints to be of use */

/* One more or less link of an inode, on the medium too. */
MUST_CHECK int ffs_count_link(struct vnode *vnode, int by);

/* Give vnode another name.  -ENOSPC. */
MUST_CHECK int ffs_link_within(struct vnode *dir, struct name name, struct vnode *vnode);

/* The entry of name, which leads to vnode, and its place.  -ENOENT, -EUCLEAN, -EIO, -ENOMEM. */
MUST_CHECK int ffs_find_entry(struct vnode *dir, struct name name, const struct vnode *vnode,
    struct ffs_place *place, uint64_t *offset);

/* Are the two in one sector, so that both are written as one? */
bool ffs_is_one_sector(const struct ffs_place *left, const struct ffs_place *right);

/* What the directories count, and "..", after a directory has moved. */
MUST_CHECK int ffs_move_directory(const struct vnode_rename *rename);

/* Let two names change places; begins and ends operations itself. */
int ffs_exchange(const struct vnode_rename *rename);

/* Within an operation: it ends, is made durable, and another begins, unless that fails. */
MUST_CHECK int ffs_turn_over(struct ffs_mount *fs);

/* Type and permissions, as stored. */
static inline uint32_t
ffs_mode_of(const struct vnode *vnode)
{
	return (uint32_t)vnode->type << 12 | vnode->attributes.permissions;
}

/* ---- erase.c ------------------------------------------------------------- */

/*
 * Within an operation: is it known that the file was made since the last checkpoint, so
 * that nothing of it is on the medium?  False with a journal.
 */
bool ffs_is_fresh(struct vnode *vnode);

/* Take an inode off the medium that nobody leads to. */
void ffs_clear_inode(struct ffs_mount *fs, uint64_t ino);

#endif
