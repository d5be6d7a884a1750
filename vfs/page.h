/*
 * A page of a store's file, and the list of all such pages of a kernel, by
 * which memory is got back.  Private to the page cache.
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
	struct list link;	    /* in the kernel's list; GUARDED_BY(its lock) */
};

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

/* The lock of a kernel's list. */
void page_list_lock(struct kernel *kernel);
void page_list_unlock(struct kernel *kernel);

/* Let go of up to page_count pages of the kernel, and return how many it was. */
size_t page_shrink(struct kernel *kernel, size_t page_count);

#endif
