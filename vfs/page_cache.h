/*
 * The page cache: file content in memory, per vnode, in pages of PAGE_SIZE.
 *
 * A page is identified by its index in the file.  For files of a store, pages
 * are copies and may be dropped whenever memory is wanted; for files in memory
 * (vnode->is_memory) the pages are the file itself, and stay until they are
 * truncated.
 *
 * page_cache.lock guards which pages there are and their states; the content
 * of a page is written only while it is being filled, or under the exclusive
 * vnode lock.  A page that somebody uses is pinned and stays.
 */
#ifndef VFS_PAGE_CACHE_H
#define VFS_PAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/condition.h"
#include "kern/mutex.h"

struct kernel;
struct radix_node;
struct vnode;

/* Part of struct vnode. */
struct page_cache {
	struct mutex lock;
	struct condition filled;   /* some page that was being read is there, or failed */
	struct radix_node *root;   /* index -> struct page; GUARDED_BY(lock) */
	unsigned height;	   /* levels below root; GUARDED_BY(lock) */
	uint64_t page_count;	   /* pages present; GUARDED_BY(lock) */
	uint64_t read_ahead_next;  /* where a sequential reader reads next; GUARDED_BY(lock) */
	uint32_t read_ahead_pages; /* how far ahead it has earned; GUARDED_BY(lock) */
};

/* What a kernel keeps of all its pages; called by vfs_component.  -ENOMEM. */
MUST_CHECK int page_cache_start(struct kernel *kernel);
void page_cache_stop(struct kernel *kernel);

void page_cache_init(struct page_cache *cache, struct kernel *kernel);

/* Free every page at or after index; none is pinned.  (vnode: exclusive or unreachable) */
void page_cache_truncate(struct vnode *vnode, uint64_t index);

#endif
