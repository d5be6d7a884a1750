/*
 * What the files of this driver share: a mounted archive.
 *
 * All of it is constant once mounted, so there are no locks.
 */
#ifndef FS_CPIO_CPIO_IMPL_H
#define FS_CPIO_CPIO_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "block/block.h"
#include "fs/cpio/tree.h"
#include "vfs/mount.h"

struct cpio {
	struct mount mount;
	struct block_dev *device; /* a reference, claimed */
	struct cpio_tree tree;

	/* Mount options. */
	bool is_partial;
	bool is_verifying;

	/* What was found, for people. */
	uint32_t archive_count;	  /* one after the other */
	uint64_t member_count;	  /* of all archives */
	uint64_t left_out_count;  /* damaged ones of them, with option partial */
	uint64_t end;		  /* where the last archive ends, bytes */
	uint64_t trailing_offset; /* where something else follows, or 0 */
};

static inline struct cpio *
cpio_of(struct mount *mount)
{
	return container_of(mount, struct cpio, mount);
}

/*
 * Read all members into fs->tree, which has its root, and tell what was found.
 * -EINVAL if this is no archive, -EUCLEAN for a damaged one, both logged; -EIO,
 * -ENOMEM.
 */
MUST_CHECK int cpio_scan(struct cpio *fs);

/* mount_ops.load */
int cpio_load(struct mount *mount, uint64_t ino, struct vnode **out);

#endif
