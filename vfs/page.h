/*
 * A page of a store's file, and the list of all such pages of a kernel, by
 * which memory is got back.  Private to the page cache.
 *
 * A VALID page may be dirty: it is to be written.  It is on its file's list of
 * such pages then, the file on the kernel's list of such files, and nobody
 * takes the page out of the cache but who truncates the file.  Pages become
 * dirty under the exclusive vnode lock and are written under the shared one,
 * so that their content stands still meanwhile.
 *
 * States: FILLING, from page_add() until page_settle() makes it VALID, FAILED
 * or DROPPED.  A FILLING or VALID page is in its file's tree; a VALID one is on
 * the kernel's list too.  A FAILED or DROPPED one is out of the tree, and goes
 * with its last pin.
 *
 * Locks: the list's before a cache's.  Nothing is allocated while either is
 * held, so that the shrinker, which runs inside any allocation, may wait for
 * them.  Without that it could but try, and allocations would fail for no better
 * reason than that somebody else was reading.
 *
 * Pins are taken under the cache's lock.  That of a VALID page is given back
 * by one atomic operation, and the page not looked at after: it may be gone.
 */
#ifndef VFS_PAGE_H
#define VFS_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kern/memory.h"
#include "kern/mutex.h"

struct kernel;
struct radix_spare;
struct vnode;

enum page_state {
	PAGE_FILLING, /* whoever added it reads it */
	PAGE_VALID,
	PAGE_FAILED,  /* could not be read: see error */
	PAGE_DROPPED, /* was read ahead, in vain; nothing is known of it */
};

struct page {
	struct vnode *vnode;	    /* constant */
	uint64_t index;		    /* constant */
	uint8_t *data;		    /* PAGE_SIZE bytes; constant */
	_Atomic uint32_t pins;	    /* raised under the cache's lock */
	_Atomic bool is_referenced; /* since the shrinker looked last */
	enum page_state state;	    /* GUARDED_BY(vnode->pages.lock) */
	int error;		    /* GUARDED_BY(vnode->pages.lock) */
	bool is_dirty;		    /* GUARDED_BY(vnode->pages.lock) */
	struct list link;	    /* in the kernel's list; GUARDED_BY(its lock) */
	struct list dirty_link;	    /* in the file's list; GUARDED_BY(vnode->pages.lock) */
};

/* A kernel's pages, in SLOT_PAGES. */
struct page_list {
	struct shrinker shrinker;
	struct mutex lock;
	struct list pages;	      /* VALID ones, oldest first; GUARDED_BY(lock) */
	uint64_t count;		      /* of them; GUARDED_BY(lock) */
	struct list dirty_files;      /* vnodes with dirty pages; GUARDED_BY(lock) */
	_Atomic uint64_t dirty_count; /* dirty pages; changed with the lock held */
	uint64_t dirty_max;	      /* more are written before others are made; constant */
	uint64_t round;		      /* of looking for a mount's files; GUARDED_BY(lock) */
};

struct page_list *page_list_of(struct kernel *kernel);

/* A page for index, pinned once, in no tree yet; NULL without memory. */
struct page *page_alloc(struct vnode *vnode, uint64_t index);
void page_free(struct page *page);

/* Put a FILLING page into the tree, with nodes set aside.  (cache: locked) */
void page_add(struct page *page, struct radix_spare *spare);

/*
 * Say what has become of a FILLING page; error is for PAGE_FAILED.  The pin
 * stays the caller's.  (list and cache: locked)
 */
void page_settle(struct page *page, enum page_state state, int error);

/* One more pin.  (cache: locked) */
void page_pin(struct page *page);

/* Give back a pin of a VALID page. */
void page_unpin(struct page *page);

/* Give back a pin of a page that may be FAILED or DROPPED.  (cache: locked) */
void page_unpin_any(struct page *page);

/* Take a VALID page that nobody uses out of the cache.  (list and cache: locked) */
void page_discard(struct page *page);

/*
 * The page of index, which is in the file, pinned; it is read if it is missing,
 * as part of up to wanted pages.  -EIO and what the file system says, -ENOMEM.
 * (vnode: shared)
 */
MUST_CHECK int page_get(struct vnode *vnode, uint64_t index, uint64_t wanted, bool read_ahead,
    struct page **out);

/*
 * Make VALID pages of one file dirty, and have them written some time.  (vnode:
 * exclusive)
 */
void page_set_dirty(struct page **pages, unsigned count);

/* A page is not dirty any more; true if its file has no others.  (list and cache: locked) */
bool page_set_clean(struct page *page);

/* The lock of a kernel's list. */
void page_list_lock(struct kernel *kernel);
void page_list_unlock(struct kernel *kernel);

/* Let go of up to page_count pages of the kernel, and return how many it was. */
size_t page_shrink(struct kernel *kernel, size_t page_count);

#endif
