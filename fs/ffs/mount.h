/*
 * A mounted FFS file system, for the files of this folder.
 *
 * Everything in it is constant once mounted, but for what the buffer cache and
 * the vnode table keep of it, and what writing changes: see write.h.
 */
#ifndef FS_FFS_MOUNT_H
#define FS_FFS_MOUNT_H

#include <stdint.h>

#include "base/compiler.h"
#include "block/block.h"
#include "block/buffer.h"
#include "fs/ffs/replay.h"
#include "fs/ffs/superblock.h"
#include "kern/mutex.h"
#include "vfs/mount.h"

struct ffs_writing;

struct ffs_mount {
	struct mount mount;
	struct ffs_superblock sb;
	struct block_dev *device; /* a reference, claimed */
	struct block_dev *dev;	  /* where to read: the device, or what replaying makes of it */
	struct ffs_replay replay; /* of the journal, for people */
	const char *name;	  /* of the source, for log lines; points into mount.source */
	struct mutex index_lock;  /* one directory is indexed at a time */

	/* What it takes to write; NULL: read-only.  sb.counts are guarded by its lock then. */
	struct ffs_writing *writing;
	bool keeps_dirty; /* was not clean before, and will not be after */
};

static inline struct ffs_mount *
ffs_mount_of(struct mount *mount)
{
	return container_of(mount, struct ffs_mount, mount);
}

/*
 * A reference to the buffer of size bytes at a fragment, which the caller has
 * checked to be inside the file system.  -EIO, -ENOMEM; -EUCLEAN (logged) if
 * the same place is in use as metadata of another size.
 */
MUST_CHECK int ffs_buffer_read(struct ffs_mount *fs, uint64_t fragment, uint32_t size,
    struct buffer **out);

/* The last part of a source's path, to name it in log lines. */
const char *ffs_short_name(const char *source);

/* mount_ops.describe: lines "key: value" about the file system. */
void ffs_describe(struct mount *mount, struct text *out);

/* Free fragments, those in free blocks included; at most all there are. */
uint64_t ffs_free_fragments(const struct ffs_superblock *sb);

/* Free inodes; at most all there are. */
uint64_t ffs_free_inodes(const struct ffs_superblock *sb);

/* Both, with what the next checkpoints set free. */
void ffs_count_free(struct ffs_mount *fs, uint64_t *fragments, uint64_t *inodes);

#endif
