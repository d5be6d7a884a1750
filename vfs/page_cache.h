/*
 * The page cache: file content in memory, per vnode, in pages of PAGE_SIZE.
 *
 * A page is identified by its index in the file.  Files of a store and files
 * in memory (vnode->is_memory) differ:
 *
 * Of a store's file, pages are copies.  They come when they are read, alone for
 * random readers, in growing windows for sequential ones, and go when memory is
 * wanted, those not used for longest first.  page_cache.lock guards which pages
 * there are and their states; a page in use is pinned and stays.  Content
 * changes while the page is being filled, and under the exclusive vnode lock.
 * What was changed is dirty until it is written: by who syncs, by who makes too
 * many dirty pages, or some seconds later by the mount's own timer.
 *
 * Of a file in memory, the pages are the file, and stay until they are
 * truncated.  The vnode lock guards which there are and what is in them, so
 * that readers take no other lock.
 *
 * In both, bytes of the last page that are past the end of the file are zero.
 * The functions may sleep, but for the shrinker; (vnode: ...) says how the
 * caller holds the vnode's lock.
 */
#ifndef VFS_PAGE_CACHE_H
#define VFS_PAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kern/condition.h"
#include "kern/mutex.h"
#include "vfs/radix.h"
#include "vfs/write_errors.h"

struct kernel;
struct mount;
struct uio;
struct vnode;

/* Part of struct vnode. */
struct page_cache {
	struct mutex lock;
	struct condition filled;   /* some page that was being read is there, or failed */
	struct radix_tree tree;	   /* index -> struct page, or memory; GUARDED_BY(lock) */
	uint64_t page_count;	   /* pages present; GUARDED_BY(lock) */
	uint64_t read_ahead_next;  /* where a sequential reader misses next; GUARDED_BY(lock) */
	uint32_t read_ahead_pages; /* the window that reader has earned; GUARDED_BY(lock) */
	struct list dirty;    /* pages to be written, the first made so first; GUARDED_BY(lock) */
	uint64_t dirty_count; /* of them; GUARDED_BY(lock) */
	struct write_errors write_errors; /* of pages that were lost */
	struct list dirty_link;		  /* in the kernel's list; private to page_dirty.c */
	uint64_t round; /* when it was last taken from there; private to page_dirty.c */
};

/* What a kernel keeps of all its pages; called by vfs_component.  -ENOMEM. */
MUST_CHECK int page_cache_start(struct kernel *kernel);
void page_cache_stop(struct kernel *kernel);

void page_cache_init(struct page_cache *cache, struct kernel *kernel);

/* Free every page at or after index; none is pinned.  (vnode: exclusive or unreachable) */
void page_cache_truncate(struct vnode *vnode, uint64_t index);

/* The same for the pages of [index, end). */
void page_cache_drop(struct vnode *vnode, uint64_t index, uint64_t end);

/* Zero what is past size in the page that size cuts, if it is there.  (vnode: exclusive) */
void page_cache_zero_tail(struct vnode *vnode, uint64_t size);

/*
 * The lowest index of a page at or after *index; false if there is none.
 * (vnode: shared)
 */
bool page_cache_next(struct vnode *vnode, uint64_t *index);

/* The lowest index at or after index that has no page.  (vnode: shared) */
uint64_t page_cache_gap(struct vnode *vnode, uint64_t index);

/*
 * Copy [offset, offset + length), which is inside the file and for which uio
 * has room, from pages of a store's file; those that are missing are read, and
 * some more if read_ahead says that it may pay.  On error uio->left tells what
 * was copied.  -EIO and what the file system says, -EFAULT, -ENOMEM.
 * (vnode: shared)
 */
MUST_CHECK int page_cache_read(struct vnode *vnode, struct uio *uio, uint64_t offset,
    uint64_t length, bool read_ahead);

/*
 * Write uio's next length bytes, or zeros if that is NULL, to a store's file at
 * offset: into pages, for which space on the store is allocated.  *done is how
 * much was; uio advances by that, also after an error.  The size does not
 * change.  -ENOSPC and what the file system says, -EFAULT, -ENOMEM.
 * (vnode: exclusive)
 */
MUST_CHECK int page_cache_write(struct vnode *vnode, struct uio *uio, uint64_t offset,
    uint64_t length, uint64_t *done);

/*
 * The file is going to grow from size, or to be cut there: see to it that the rest of
 * the page it ends in will be zeros on the store as well.  -EIO and what the file
 * system says, -ENOMEM.  (vnode: exclusive)
 */
MUST_CHECK int page_cache_settle_end(struct vnode *vnode, uint64_t size);

/* Write the file's dirty pages; the first error, for which pages are given up.  (vnode: shared) */
MUST_CHECK int page_cache_write_back(struct vnode *vnode);

/*
 * The same, for a caller without locks: all that was dirty is on the store
 * after, not yet durable.  The error may be of an earlier attempt that the open
 * file was not told of.
 */
MUST_CHECK int page_cache_sync(struct vnode *vnode, struct write_errors_told *told);

/* Write all dirty pages of a mount.  The caller holds no vnode's lock. */
MUST_CHECK int page_cache_sync_mount(struct mount *mount);

/* Are there more dirty pages than there should be? */
bool page_cache_is_crowded(struct kernel *kernel);

/* Write dirty pages of mount until there are few enough, as far as they are its. */
void page_cache_throttle(struct mount *mount);

/* Nobody will read the file again: its dirty pages need not be written. */
void page_cache_forget_dirty(struct vnode *vnode);

/* The page of a file in memory, or NULL.  (vnode: shared; exclusive to write) */
void *page_cache_memory(struct vnode *vnode, uint64_t index);

/* Add a page of zeros to a file in memory.  -ENOMEM.  (vnode: exclusive) */
MUST_CHECK int page_cache_add_memory(struct vnode *vnode, uint64_t index);

/* Free the pages of [first, end) of a file in memory.  (vnode: exclusive) */
void page_cache_remove_memory(struct vnode *vnode, uint64_t first, uint64_t end);

#endif
