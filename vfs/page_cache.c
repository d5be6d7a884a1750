/*
 * The page cache: which pages a file has.
 *
 * One tree per file.  Its entries are struct page for a store's file, and bare
 * pages of memory for a file in memory: those need no state, no pins and no
 * place in a list, and finding one is a walk of the tree and nothing more.
 *
 * Functions that serve both kinds take the cache's lock.  Those for files in
 * memory alone do not: the tree changes under the exclusive vnode lock only.
 */
#include "vfs/page_cache.h"

#include "base/errno.h"
#include "kern/memory.h"
#include "vfs/page.h"
#include "vfs/vfs_impl.h"
#include "vfs/vnode.h"

void
page_cache_init(struct page_cache *cache, struct kernel *kernel)
{
	mutex_init(&cache->lock, kernel, RANK_PAGE_CACHE);
	condition_init(&cache->filled);
	radix_init(&cache->tree, kernel);
	cache->page_count = 0;
	cache->read_ahead_next = 0;
	cache->read_ahead_pages = 0;
	list_init(&cache->dirty);
	list_init(&cache->dirty_link);
	cache->dirty_count = 0;
	atomic_init(&cache->write_errors.last, 0);
	cache->round = 0;
}

static void
free_memory(struct vnode *vnode, uint64_t index)
{
	void *memory = radix_remove(&vnode->pages.tree, index);

	vnode->pages.page_count--;
	page_run_free(vnode->kernel, memory, 1);
}

void
page_cache_truncate(struct vnode *vnode, uint64_t index)
{
	page_cache_drop(vnode, index, UINT64_MAX);
}

void
page_cache_drop(struct vnode *vnode, uint64_t index, uint64_t end)
{
	struct page_cache *cache = &vnode->pages;
	bool is_clean = false;
	void *entry;

	page_list_lock(vnode->kernel);
	mutex_lock(&cache->lock);
	while ((entry = radix_find_from(&cache->tree, &index)) != NULL && index < end) {
		if (vnode->is_memory) {
			free_memory(vnode, index);
		} else {
			is_clean |= page_set_clean(entry);
			page_discard(entry);
		}
	}
	mutex_unlock(&cache->lock);
	page_list_unlock(vnode->kernel);
	if (is_clean)
		vnode_release_dirty(vnode);
}

void
page_cache_remove_memory(struct vnode *vnode, uint64_t first, uint64_t end)
{
	struct page_cache *cache = &vnode->pages;

	ASSERT(vnode->is_memory);
	mutex_lock(&cache->lock);
	while (radix_find_from(&cache->tree, &first) != NULL && first < end)
		free_memory(vnode, first);
	mutex_unlock(&cache->lock);
}

void
page_cache_zero_tail(struct vnode *vnode, uint64_t size)
{
	struct page_cache *cache = &vnode->pages;
	size_t keep = size % PAGE_SIZE;
	uint8_t *data;
	void *entry;

	if (keep == 0)
		return;
	mutex_lock(&cache->lock);
	entry = radix_find(&cache->tree, size / PAGE_SIZE);
	if (entry != NULL) {
		data = vnode->is_memory ? entry : ((struct page *)entry)->data;
		memset(data + keep, 0, PAGE_SIZE - keep);
	}
	mutex_unlock(&cache->lock);
}

bool
page_cache_next(struct vnode *vnode, uint64_t *index)
{
	struct page_cache *cache = &vnode->pages;
	bool is_found;

	mutex_lock(&cache->lock);
	is_found = radix_find_from(&cache->tree, index) != NULL;
	mutex_unlock(&cache->lock);
	return is_found;
}

uint64_t
page_cache_gap(struct vnode *vnode, uint64_t index)
{
	struct page_cache *cache = &vnode->pages;

	mutex_lock(&cache->lock);
	while (radix_find(&cache->tree, index) != NULL)
		index++;
	mutex_unlock(&cache->lock);
	return index;
}

void *
page_cache_memory(struct vnode *vnode, uint64_t index)
{
	ASSERT(vnode->is_memory);
	return radix_find(&vnode->pages.tree, index);
}

int
page_cache_add_memory(struct vnode *vnode, uint64_t index)
{
	struct page_cache *cache = &vnode->pages;
	void *memory;
	int error;

	ASSERT(vnode->is_memory);
	memory = page_run_alloc_zeroed(vnode->kernel, 1);
	if (memory == NULL)
		return -ENOMEM;
	error = radix_insert(&cache->tree, index, memory);
	if (error < 0)
		page_run_free(vnode->kernel, memory, 1);
	else
		cache->page_count++;
	return error;
}
