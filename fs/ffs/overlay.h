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

/* Scratch memory that ffs_overlay_build() wants for count writes. */
struct ffs_overlay_scratch {
	uint64_t *bounds; /* 2 * count */
	size_t *owners;	  /* 2 * count */
	size_t *next;	  /* 2 * count */
};

/*
 * Build the extents that count writes, oldest first, amount to; extents has
 * place for 2 * count.  Returns how many there are.  O(n log n).
 */
size_t ffs_overlay_build(const struct ffs_overlay_write *writes, size_t count,
    const struct ffs_overlay_scratch *scratch, struct ffs_overlay_extent *extents);

/*
 * Where the content of [start, start + length) is, length not 0, as far as it
 * lies together: returns that many bytes of it, and their place in *source.
 */
uint64_t ffs_overlay_find(const struct ffs_overlay *overlay, uint64_t start, uint64_t length,
    uint64_t *source);

#endif
