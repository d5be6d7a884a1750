/*
 * Reading a store's file through the page cache.
 *
 * A reader copies from pages that are there, some at a time for one round of
 * the lock.  Where one is missing, it adds a window of FILLING pages to the
 * tree and reads them, whole extents at a time; others who want one of them
 * wait for it, so that nothing is read twice.
 *
 * How long the window is: a reader that misses where the last window ended is
 * sequential and gets twice the last window, from AHEAD_MIN to AHEAD_MAX pages;
 * any other gets what it asked for.  There is no asynchronous part: on a store
 * with latency the windows are long, and on one without it does not matter.
 *
 * When a window cannot be read, what was read before the failure stays.  If
 * that is nothing, the first page, the only one that somebody has asked for
 * here, is read alone, and if that fails too it is FAILED, for all who wait.
 * The rest is DROPPED: whoever waits for it tries again on its own.
 */
#include "base/errno.h"
#include "base/math.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "vfs/page.h"
#include "vfs/page_cache.h"
#include "vfs/segments.h"
#include "vfs/vnode.h"

#define AHEAD_MIN 4  /* pages */
#define AHEAD_MAX 64 /* pages */
#define PIN_MAX	  16 /* pages pinned for one round of the lock */

/* Pages that one reader adds and fills; consecutive. */
struct window {
	struct vnode *vnode;
	uint64_t offset; /* of the first page in the file */
	unsigned count;
	struct page *pages[AHEAD_MAX];
};

/* The memory of a window at a distance from its beginning, up to the page's end. */
static uint8_t *
window_data(const struct window *window, uint64_t at, size_t *length)
{
	size_t in_page = at % PAGE_SIZE;

	*length = PAGE_SIZE - in_page;
	return window->pages[at / PAGE_SIZE]->data + in_page;
}

static void
window_zero(const struct window *window, uint64_t at, uint64_t end)
{
	while (at < end) {
		size_t length;
		uint8_t *data = window_data(window, at, &length);

		length = (size_t)min_u64(length, end - at);
		memset(data, 0, length);
		at += length;
	}
}

/* Read [at, end) of a window, as much as has segments, from address. */
static int
window_read_run(const struct window *window, uint64_t *at, uint64_t end, uint64_t address)
{
	struct segments segments = { .count = 0 };
	uint64_t next = *at;

	while (next < end) {
		size_t length;
		uint8_t *data = window_data(window, next, &length);

		length = (size_t)min_u64(length, end - next);
		if (!segments_add(&segments, data, length))
			break;
		next += length;
	}
	*at = next;
	return vnode_read_store(window->vnode, address, segments.items, segments.count);
}

/*
 * Read one extent into a window.  Its length is rounded up to whole sectors,
 * which matters at the end of the file, and which a page has room for.
 */
static int
window_read_extent(const struct window *window, const struct extent *extent)
{
	uint64_t at = extent->offset - window->offset;
	uint64_t start = at;
	uint64_t end = at + round_up(extent->length, STORE_UNIT);
	int error = 0;

	if (extent->is_hole)
		window_zero(window, at, at + extent->length);
	while (!extent->is_hole && at < end && error == 0)
		error = window_read_run(window, &at, end, extent->address + (at - start));
	return error;
}

/*
 * Read the first count pages of a window.  *done is how many pages are good,
 * all of them unless there is an error.
 */
static int
window_read(const struct window *window, unsigned count, unsigned *done)
{
	struct vnode *vnode = window->vnode;
	uint64_t in_file = vnode->attributes.size - window->offset;
	uint64_t length = min_u64(in_file, (uint64_t)count * PAGE_SIZE);
	uint64_t at = 0;

	while (at < length) {
		struct extent extent;
		int error =
		    vnode_map_extent(vnode, window->offset + at, length - at, EXTENT_READ, &extent);

		if (error == 0)
			error = window_read_extent(window, &extent);
		if (error < 0) {
			*done = (unsigned)(at / PAGE_SIZE);
			return error;
		}
		at += extent.length;
	}
	window_zero(window, length, (uint64_t)count * PAGE_SIZE);
	*done = count;
	return 0;
}

/* Allocate the pages of a window, at most count; the first must be had. */
static int
window_alloc(struct window *window, unsigned count)
{
	uint64_t index = window->offset / PAGE_SIZE;

	for (window->count = 0; window->count < count; window->count++) {
		struct page *page = page_alloc(window->vnode, index + window->count);

		if (page == NULL)
			break;
		window->pages[window->count] = page;
	}
	return window->count > 0 ? 0 : -ENOMEM;
}

/* Free the pages from count on, which are in no tree. */
static void
window_cut(struct window *window, unsigned count)
{
	while (window->count > count)
		page_free(window->pages[--window->count]);
}

/*
 * Put pages of a window into the tree, from the *count-th on, up to the first
 * that is there already.  Returns how many nodes are wanting, for which it
 * stops, too.  (cache: locked)
 */
static unsigned
window_add_some(struct window *window, unsigned *count, struct radix_spare *spare)
{
	struct radix_tree *tree = &window->vnode->pages.tree;
	unsigned needed;

	for (; *count < window->count; ++*count) {
		struct page *page = window->pages[*count];

		if (radix_find(tree, page->index) != NULL)
			break;
		needed = radix_nodes_needed(tree, page->index);
		if (needed > spare->count)
			return needed;
		page_add(page, spare);
	}
	return 0;
}

/*
 * Put the pages of a window into the tree, as many as it lacks in a row and as
 * there is memory for.  -ENOMEM if that is why there are none; else
 * window->count may be 0 after.
 */
static int
window_add(struct window *window)
{
	struct mutex *lock = &window->vnode->pages.lock;
	struct radix_spare spare = { .kernel = window->vnode->kernel };
	unsigned needed = 0;
	unsigned count = 0;
	int error;

	do {
		error = radix_spare_fill(&spare, needed);
		if (error < 0)
			break;
		mutex_lock(lock);
		needed = window_add_some(window, &count, &spare);
		mutex_unlock(lock);
	} while (needed > 0);
	radix_spare_free(&spare);
	window_cut(window, count);
	return count > 0 ? 0 : error;
}

/* Settle the pages of a window, the first good ones VALID, and wake who waits. */
static void
window_settle(struct window *window, unsigned good, int error)
{
	struct page_cache *cache = &window->vnode->pages;

	page_list_lock(window->vnode->kernel);
	mutex_lock(&cache->lock);
	for (unsigned i = 0; i < window->count; i++) {
		enum page_state state = PAGE_DROPPED;

		if (i < good)
			state = PAGE_VALID;
		else if (i == 0)
			state = PAGE_FAILED;
		page_settle(window->pages[i], state, error);
		/* The pin of the first, if it is VALID, is the reader's. */
		if (i > 0 || state != PAGE_VALID)
			page_unpin_any(window->pages[i]);
	}
	condition_broadcast(&cache->filled, &cache->lock);
	mutex_unlock(&cache->lock);
	page_list_unlock(window->vnode->kernel);
}

/* Read a window whose pages are in the tree, and settle them. */
static int
window_fill(struct window *window)
{
	unsigned good;
	int error = window_read(window, window->count, &good);

	if (error < 0 && good == 0 && window->count > 1)
		error = window_read(window, 1, &good);
	window_settle(window, good, error);
	return good > 0 ? 0 : error;
}

/*
 * Fill up to count missing pages from index on.  0 with *out the first one,
 * pinned; 1 if others have added it meanwhile; or an error.
 */
static int
fill(struct vnode *vnode, uint64_t index, unsigned count, struct page **out)
{
	struct window window = { .vnode = vnode, .offset = index * PAGE_SIZE };
	int error = window_alloc(&window, count);

	if (error == 0)
		error = window_add(&window);
	if (error == 0 && window.count == 0)
		return 1;
	if (error == 0)
		error = window_fill(&window);
	*out = error == 0 ? window.pages[0] : NULL;
	return error;
}

/* How many pages to read where a reader misses index and wants wanted of them. */
static unsigned
window_size(struct vnode *vnode, uint64_t index, uint64_t wanted, bool read_ahead)
{
	struct page_cache *cache = &vnode->pages;
	uint64_t in_file = divide_up(vnode->attributes.size, PAGE_SIZE) - index;
	uint64_t earned = 0;
	uint64_t count;

	if (read_ahead && index == cache->read_ahead_next)
		earned = min_u64(max_u64(cache->read_ahead_pages * 2, AHEAD_MIN), AHEAD_MAX);
	count = min_u64(min_u64(max_u64(wanted, earned), AHEAD_MAX), in_file);
	if (read_ahead) {
		cache->read_ahead_next = index + count;
		cache->read_ahead_pages = (uint32_t)earned;
	}
	return (unsigned)count;
}

/*
 * Wait for a page that somebody fills.  0 with the page pinned; 1 if it was
 * dropped; or why it failed.
 */
static int
wait_for(struct page_cache *cache, struct page *page)
{
	int error = 0;

	page_pin(page);
	while (page->state == PAGE_FILLING && error == 0)
		error = condition_wait(&cache->filled, &cache->lock, HOST_NO_DEADLINE);
	if (page->state == PAGE_VALID)
		return 0;
	if (page->state == PAGE_FAILED)
		error = page->error;
	else if (page->state == PAGE_DROPPED)
		error = 1;
	page_unpin_any(page);
	return error;
}

int
page_get(struct vnode *vnode, uint64_t index, uint64_t wanted, bool read_ahead, struct page **out)
{
	struct page_cache *cache = &vnode->pages;
	int error = 1;

	while (error == 1) {
		mutex_lock(&cache->lock);
		*out = radix_find(&cache->tree, index);
		if (*out != NULL) {
			error = wait_for(cache, *out);
			mutex_unlock(&cache->lock);
		} else {
			unsigned count = window_size(vnode, index, wanted, read_ahead);

			mutex_unlock(&cache->lock);
			error = fill(vnode, index, count, out);
		}
	}
	return error;
}

/* Pin the VALID pages from index on, at most count; returns how many. */
static unsigned
pin_valid(struct page_cache *cache, uint64_t index, uint64_t count, struct page **pages)
{
	unsigned pinned = 0;

	mutex_lock(&cache->lock);
	while (pinned < PIN_MAX && pinned < count) {
		struct page *page = radix_find(&cache->tree, index + pinned);

		if (page == NULL || page->state != PAGE_VALID)
			break;
		page_pin(page);
		pages[pinned++] = page;
	}
	mutex_unlock(&cache->lock);
	return pinned;
}

/*
 * Copy from pinned pages, and unpin them; *offset and *left advance.  Without
 * an error all that was wanted of them is copied.
 */
static int
copy_out_pages(struct page **pages, unsigned count, struct uio *uio, uint64_t *offset,
    uint64_t *left)
{
	int error = 0;

	for (unsigned i = 0; i < count; i++) {
		size_t in_page = *offset % PAGE_SIZE;
		size_t size = (size_t)min_u64(PAGE_SIZE - in_page, *left);

		if (error == 0)
			error = uio_copy_out(uio, pages[i]->data + in_page, size);
		page_unpin(pages[i]);
		*offset += size;
		*left -= size;
	}
	return error;
}

int
page_cache_read(struct vnode *vnode, struct uio *uio, uint64_t offset, uint64_t length,
    bool read_ahead)
{
	struct page *pages[PIN_MAX];
	int error = 0;

	rwlock_assert_held(&vnode->lock);
	ASSERT(!vnode->is_memory);
	while (length > 0 && error == 0) {
		uint64_t index = offset / PAGE_SIZE;
		uint64_t wanted = (offset + length - 1) / PAGE_SIZE - index + 1;
		unsigned count = pin_valid(&vnode->pages, index, wanted, pages);

		if (count == 0) {
			error = page_get(vnode, index, wanted, read_ahead, &pages[0]);
			count = error == 0 ? 1 : 0;
		}
		if (error == 0)
			error = copy_out_pages(pages, count, uio, &offset, &length);
	}
	return error;
}
