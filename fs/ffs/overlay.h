/*
 * An overlay: which ranges of a device have newer content elsewhere on it.
 *
 * Replaying a journal without writing anything leaves the committed blocks
 * where they are, in the log; the overlay says for an address of the device
 * where its newest copy is.  It is built once, from the ranges in the order in
 * which they were written, and only looked up after that.
 *
 * Pure computation on arrays that the caller provides.
 */
#ifndef FS_FFS_OVERLAY_H
#define FS_FFS_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the journal says of [start, end): bytes, end after start. */
struct ffs_overlay_write {
	uint64_t start;
	uint64_t end;
	uint64_t source; /* where start's new content is, bytes; or FFS_OVERLAY_NONE */
};

/* The newest content is in place after all: what was said before is void. */
#define FFS_OVERLAY_NONE UINT64_MAX

/* [start, end) of the device is at source; sorted, none empty, without overlap. */
struct ffs_overlay_extent {
	uint64_t start;
	uint64_t end;
	uint64_t source;
};

struct ffs_overlay {
	const struct ffs_overlay_extent *extents; /* borrowed */
	size_t count;
};

/* A piece of the device that one write is the newest of; scratch memory. */
struct ffs_overlay_segment {
	uint64_t start; /* ends where the next one starts */
	size_t owner;	/* index of the write */
	size_t next;	/* private */
};

/*
 * Cut the device where any of count writes, oldest first, starts or ends, and
 * find the newest write of each piece.  segments has place for 2 * count;
 * returns how many are used.  O(n log n).
 */
size_t ffs_overlay_cut(const struct ffs_overlay_write *writes, size_t count,
    struct ffs_overlay_segment *segments);

/*
 * Write down the extents that these segments amount to; with extents NULL,
 * only count them.  Returns how many there are.
 */
size_t ffs_overlay_build(const struct ffs_overlay_write *writes,
    const struct ffs_overlay_segment *segments, size_t segment_count,
    struct ffs_overlay_extent *extents);

/*
 * Where the content of [start, start + length) is, length not 0, as far as it
 * lies together: returns that many bytes of it, and their place in *source.
 */
uint64_t ffs_overlay_find(const struct ffs_overlay *overlay, uint64_t start, uint64_t length,
    uint64_t *source);

#endif
