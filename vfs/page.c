/*
 * Pages of stores' files: their life, and the shrinker that ends it.
 *
 * All VALID pages of a kernel are in one list, oldest first.  The shrinker
 * goes through it from the old end: a page that was used since the last visit
 * goes to the young end instead, once.  So a page that is used now and then
 * outlives those that were read once, and using one costs no lock but that of
 * its cache.
 *
 * A page in the list keeps its vnode from going away, since reclaiming a vnode
 * takes its pages off the list first.
 */
#include "vfs/page.h"

#include "base/errno.h"
#include "base/math.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "vfs/page_cache.h"
#include "vfs/vnode.h"

/* Dirty pages may take this part of the memory that a kernel may take. */
#define DIRTY_SHARE 8
#define DIRTY_MIN   16 /* pages */

struct page_list *
page_list_of(struct kernel *kernel)
{
	return kernel->slots[SLOT_PAGES];
}

void
page_list_lock(struct kernel *kernel)
{
	mutex_lock(&page_list_of(kernel)->lock);
}

void
page_list_unlock(struct kernel *kernel)
{
	mutex_unlock(&page_list_of(kernel)->lock);
}

struct page *
page_alloc(struct vnode *vnode, uint64_t index)
{
	struct page *page = memory_alloc_zeroed(vnode->kernel, sizeof(*page));

	if (page == NULL)
		return NULL;
	page->data = page_run_alloc(vnode->kernel, 1);
	if (page->data == NULL) {
		memory_free(vnode->kernel, page, sizeof(*page));
		return NULL;
	}
	page->vnode = vnode;
	page->index = index;
	page->state = PAGE_FILLING;
	list_init(&page->dirty_link);
	atomic_init(&page->pins, 1);
	return page;
}

void
page_free(struct page *page)
{
	struct kernel *kernel = page->vnode->kernel;

	page_run_free(kernel, page->data, 1);
	memory_free(kernel, page, sizeof(*page));
}

void
page_add(struct page *page, struct radix_spare *spare)
{
	struct page_cache *cache = &page->vnode->pages;

	mutex_assert_held(&cache->lock);
	radix_insert_prepared(&cache->tree, page->index, page, spare);
	cache->page_count++;
}

/* Take a page out of its file's tree. */
static void
page_take_out(struct page *page)
{
	struct page_cache *cache = &page->vnode->pages;
	struct page *removed = radix_remove(&cache->tree, page->index);

	ASSERT(removed == page);
	cache->page_count--;
}

void
page_settle(struct page *page, enum page_state state, int error)
{
	struct page_list *list = page_list_of(page->vnode->kernel);

	mutex_assert_held(&list->lock);
	mutex_assert_held(&page->vnode->pages.lock);
	ASSERT(page->state == PAGE_FILLING && state != PAGE_FILLING);
	page->state = state;
	page->error = error;
	if (state == PAGE_VALID) {
		list_push_back(&list->pages, &page->link);
		list->count++;
	} else {
		page_take_out(page);
	}
}

void
page_pin(struct page *page)
{
	mutex_assert_held(&page->vnode->pages.lock);
	atomic_fetch_add_explicit(&page->pins, 1, memory_order_relaxed);
	if (!atomic_load_explicit(&page->is_referenced, memory_order_relaxed))
		atomic_store_explicit(&page->is_referenced, true, memory_order_relaxed);
}

void
page_unpin(struct page *page)
{
	atomic_fetch_sub_explicit(&page->pins, 1, memory_order_release);
}

void
page_unpin_any(struct page *page)
{
	bool is_out = page->state == PAGE_FAILED || page->state == PAGE_DROPPED;

	mutex_assert_held(&page->vnode->pages.lock);
	if (atomic_fetch_sub_explicit(&page->pins, 1, memory_order_acq_rel) == 1 && is_out)
		page_free(page);
}

/* Does nobody use the page?  The acquire pairs with the release of page_unpin(). */
static bool
page_is_unused(struct page *page)
{
	return atomic_load_explicit(&page->pins, memory_order_acquire) == 0;
}

void
page_discard(struct page *page)
{
	struct page_list *list = page_list_of(page->vnode->kernel);

	mutex_assert_held(&list->lock);
	mutex_assert_held(&page->vnode->pages.lock);
	ASSERT(page->state == PAGE_VALID && page_is_unused(page) && !page->is_dirty);
	list_remove(&page->link);
	list->count--;
	page_take_out(page);
	page_free(page);
}

/* Free a page of the list, unless somebody uses it. */
static bool
page_try_discard(struct page *page)
{
	struct mutex *lock = &page->vnode->pages.lock;
	bool is_unused;

	mutex_lock(lock);
	is_unused = page_is_unused(page) && !page->is_dirty;
	if (is_unused)
		page_discard(page);
	mutex_unlock(lock);
	return is_unused;
}

/* Look at the oldest page: free it, or send it to the young end. */
static size_t
shrink_one(struct page_list *list)
{
	struct page *page = list_entry(list->pages.next, struct page, link);

	if (!atomic_load_explicit(&page->is_referenced, memory_order_relaxed) &&
	    page_try_discard(page))
		return 1;
	atomic_store_explicit(&page->is_referenced, false, memory_order_relaxed);
	list_remove(&page->link);
	list_push_back(&list->pages, &page->link);
	return 0;
}

size_t
page_shrink(struct kernel *kernel, size_t page_count)
{
	struct page_list *list = page_list_of(kernel);
	size_t freed = 0;

	mutex_lock(&list->lock);
	/* Once round takes the marks away, once more takes the pages. */
	for (uint64_t left = 2 * list->count; left > 0 && freed < page_count; left--)
		if (!list_is_empty(&list->pages))
			freed += shrink_one(list);
	mutex_unlock(&list->lock);
	return freed;
}

int
page_cache_start(struct kernel *kernel)
{
	struct page_list *list = memory_alloc_zeroed(kernel, sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	mutex_init(&list->lock, kernel, RANK_PAGE_LRU);
	list_init(&list->pages);
	list_init(&list->dirty_files);
	list->dirty_max = max_u64(kernel->memory.limit / DIRTY_SHARE / PAGE_SIZE, DIRTY_MIN);
	list->shrinker.shrink = page_shrink;
	kernel->slots[SLOT_PAGES] = list;
	shrinker_register(kernel, &list->shrinker);
	return 0;
}

void
page_cache_stop(struct kernel *kernel)
{
	struct page_list *list = page_list_of(kernel);

	ASSERT(list_is_empty(&list->pages) && list_is_empty(&list->dirty_files));
	shrinker_unregister(kernel, &list->shrinker);
	kernel->slots[SLOT_PAGES] = NULL;
	memory_free(kernel, list, sizeof(*list));
}
