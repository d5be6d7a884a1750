/*
 * A view of a block device in which some ranges are read from elsewhere on it.
 *
 * It is a read-only block device itself, so that buffer cache and file reads
 * need not know; it is in no registry.
 */
#ifndef FS_FFS_VIEW_H
#define FS_FFS_VIEW_H

#include <stddef.h>

#include "base/compiler.h"
#include "block/block.h"
#include "fs/ffs/overlay.h"

/*
 * A view of below, which must outlive it; NULL without memory.  extents, of
 * count * sizeof(*extents) bytes, come from memory_alloc_array() and are the
 * view's from now on, unless it is NULL.
 */
MUST_CHECK struct block_dev *ffs_view_create(struct block_dev *below,
    struct ffs_overlay_extent *extents, size_t count);

/* What it was made of. */
const struct ffs_overlay *ffs_view_overlay(struct block_dev *dev);

/* Write what is read from elsewhere to its own place below; durable after a flush. */
MUST_CHECK int ffs_view_settle(struct block_dev *dev);

/* No buffer of it is left.  NULL is let pass. */
void ffs_view_destroy(struct block_dev *dev);

#endif
