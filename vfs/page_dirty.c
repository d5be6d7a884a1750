/*
 * Write-back: from dirty pages to the store.
 *
 * A file's dirty pages are in a list, in the order in which they became dirty.
 * Writing takes the first, adds its dirty neighbours in the file on both sides,
 * and writes them together, so that a file written in small pieces in whatever
 * order comes to the store in large ones.  Where they go was decided when they
 * were made dirty: page_cache_write() had the file system allocate it.  Deciding
 * now instead would give longer runs where many files grow at once, for the
 * price of promises of space to be kept; a file system that sets runs aside for
 * growing files gets the same.
 *
 * The vnode's shared lock is held while its pages are written.  So their
 * content stands still and they need no state of their own: writers wait,
 * readers do not.  Two who write back one file at a time may write a page twice.
 *
 * A page that could not be written is clean all the same, lest it take memory
 * and time for ever: what was to be is lost once memory is wanted, and the next
 * sync of the file says so, once.
 *
 * A file with dirty pages is held by a reference (vnode_hold_dirty()), from the
 * first dirty page to the last.
 */
#include "base/errno.h"
#include "base/math.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "vfs/mount.h"
#include "vfs/page.h"
#include "vfs/page_cache.h"
#include "vfs/segments.h"
#include "vfs/vfs_impl.h"
#include "vfs/vnode.h"

#define CLUSTER_MAX 128 /* pages */

/* Pages that are written together; consecutive, pinned, and so in the tree. */
struct cluster {
	struct vnode *vnode;
	uint64_t first; /* index */
	unsigned count;
};

/* ---- dirty and clean --------------------------------------------------------- */

void
page_set_dirty(struct page **pages, unsigned count)
{
	struct vnode *vnode = pages[0]->vnode;
	struct page_list *list = page_list_of(vnode->kernel);
	struct page_cache *cache = &vnode->pages;
	bool is_first;

	rwlock_assert_exclusive(&vnode->lock);
	page_list_lock(vnode->kernel);
	mutex_lock(&cache->lock);
	is_first = cache->dirty_count == 0;
	for (unsigned i = 0; i < count; i++) {
		if (pages[i]->is_dirty)
			continue;
		pages[i]->is_dirty = true;
		list_push_back(&cache->dirty, &pages[i]->dirty_link);
		cache->dirty_count++;
		atomic_fetch_add_explicit(&list->dirty_count, 1, memory_order_relaxed);
	}
	if (is_first)
		list_push_back(&list->dirty_files, &cache->dirty_link);
	mutex_unlock(&cache->lock);
	page_list_unlock(vnode->kernel);
	if (is_first)
		vnode_hold_dirty(vnode);
	mount_changed(vnode->mount);
}

bool
page_set_clean(struct page *page)
{
	struct page_list *list = page_list_of(page->vnode->kernel);
	struct page_cache *cache = &page->vnode->pages;

	mutex_assert_held(&list->lock);
	mutex_assert_held(&cache->lock);
	if (!page->is_dirty)
		return false;
	page->is_dirty = false;
	list_remove(&page->dirty_link);
	atomic_fetch_sub_explicit(&list->dirty_count, 1, memory_order_relaxed);
	if (--cache->dirty_count > 0)
		return false;
	list_remove(&cache->dirty_link);
	return true;
}

void
page_cache_forget_dirty(struct vnode *vnode)
{
	struct page_cache *cache = &vnode->pages;
	bool is_clean = false;

	page_list_lock(vnode->kernel);
	mutex_lock(&cache->lock);
	while (!list_is_empty(&cache->dirty))
		is_clean = page_set_clean(list_entry(cache->dirty.next, struct page, dirty_link));
	mutex_unlock(&cache->lock);
	page_list_unlock(vnode->kernel);
	if (is_clean)
		vnode_release_dirty(vnode);
}

/* ---- writing a file ---------------------------------------------------------- */

static bool
is_dirty(const struct page *page)
{
	return page != NULL && page->is_dirty;
}

/* Pin the first dirty page and its dirty neighbours; false if there is none. */
static bool
cluster_gather(struct cluster *cluster)
{
	struct page_cache *cache = &cluster->vnode->pages;
	struct page *page;
	uint64_t first;

	*cluster = (struct cluster){ .vnode = cluster->vnode };
	mutex_lock(&cache->lock);
	if (list_is_empty(&cache->dirty)) {
		mutex_unlock(&cache->lock);
		return false;
	}
	first = list_entry(cache->dirty.next, struct page, dirty_link)->index;
	for (unsigned back = CLUSTER_MAX / 2; back > 0 && first > 0; back--) {
		if (!is_dirty(radix_find(&cache->tree, first - 1)))
			break;
		first--;
	}
	cluster->first = first;
	page = radix_find(&cache->tree, first);
	while (is_dirty(page) && cluster->count < CLUSTER_MAX) {
		page_pin(page);
		cluster->count++;
		page = radix_find(&cache->tree, first + cluster->count);
	}
	mutex_unlock(&cache->lock);
	return true;
}

/* The memory of [at, end) of the file, as much as has segments; returns where that ends. */
static uint64_t
cluster_segments(const struct cluster *cluster, uint64_t at, uint64_t end,
    struct segments *segments)
{
	struct page_cache *cache = &cluster->vnode->pages;

	segments->count = 0;
	mutex_lock(&cache->lock);
	while (at < end) {
		struct page *page = radix_find(&cache->tree, at / PAGE_SIZE);
		size_t in_page = at % PAGE_SIZE;
		size_t length = (size_t)min_u64(PAGE_SIZE - in_page, end - at);

		if (!segments_add(segments, page->data + in_page, length))
			break;
		at += length;
	}
	mutex_unlock(&cache->lock);
	return at;
}

/* Write one extent of a cluster. */
static int
cluster_write_extent(const struct cluster *cluster, const struct extent *extent)
{
	uint64_t at = extent->offset;
	uint64_t end = at + round_up(extent->length, STORE_UNIT);
	uint64_t address = extent->address;
	struct segments segments;

	while (at < end) {
		uint64_t start = at;
		int error;

		at = cluster_segments(cluster, at, end, &segments);
		error = vnode_write_store(cluster->vnode, address, segments.items, segments.count);
		if (error < 0)
			return error;
		address += at - start;
	}
	return 0;
}

static int
cluster_write(const struct cluster *cluster)
{
	struct vnode *vnode = cluster->vnode;
	uint64_t end =
	    min_u64((cluster->first + cluster->count) * PAGE_SIZE, vnode->attributes.size);

	for (uint64_t at = cluster->first * PAGE_SIZE; at < end;) {
		struct extent extent;
		int error = vnode_map_extent(vnode, at, end - at, EXTENT_READ, &extent);

		/* Where blocks are smaller than pages, a page may have holes, zeros in them. */
		if (error == 0 && !extent.is_hole)
			error = cluster_write_extent(cluster, &extent);
		if (error < 0)
			return error;
		at += extent.length;
	}
	return 0;
}

/* A cluster was written, or could not be. */
static void
cluster_settle(const struct cluster *cluster, int error)
{
	struct vnode *vnode = cluster->vnode;
	struct page_cache *cache = &vnode->pages;
	bool is_clean = false;

	page_list_lock(vnode->kernel);
	mutex_lock(&cache->lock);
	for (unsigned i = 0; i < cluster->count; i++) {
		struct page *page = radix_find(&cache->tree, cluster->first + i);

		is_clean |= page_set_clean(page);
		page_unpin(page);
	}
	mutex_unlock(&cache->lock);
	page_list_unlock(vnode->kernel);
	if (error < 0) {
		write_errors_note(&cache->write_errors, error);
		write_errors_note(&vnode->mount->write_errors, error);
	}
	if (is_clean)
		vnode_release_dirty(vnode);
}

int
page_cache_write_back(struct vnode *vnode)
{
	struct cluster cluster = { .vnode = vnode };
	int result = 0;

	rwlock_assert_held(&vnode->lock);
	while (cluster_gather(&cluster)) {
		int error = cluster_write(&cluster);

		if (error < 0)
			kernel_log(vnode->kernel, LOG_ERROR,
			    "%s: inode %llu: data from byte %llu on could not be written: error %d",
			    vnode->mount->source, (unsigned long long)vnode->ino,
			    (unsigned long long)(cluster.first * PAGE_SIZE), -error);
		cluster_settle(&cluster, error);
		if (result == 0)
			result = error;
	}
	return result;
}

int
page_cache_sync(struct vnode *vnode, struct write_errors_told *told)
{
	int error, earlier;

	if (vnode->is_memory || vnode->type != VNODE_REGULAR)
		return 0;
	rwlock_lock_shared(&vnode->lock);
	error = page_cache_write_back(vnode);
	rwlock_unlock_shared(&vnode->lock);
	earlier = write_errors_tell(&vnode->pages.write_errors, told);
	return earlier < 0 ? earlier : error;
}

/* ---- writing many files ------------------------------------------------------- */

/* A reference to a dirty file of mount that was not taken in this round yet; or NULL. */
static struct vnode *
take_dirty_file(struct mount *mount, uint64_t round)
{
	struct page_list *list = page_list_of(mount->kernel);
	struct vnode *found = NULL;

	page_list_lock(mount->kernel);
	list_for_each_safe(link, after, &list->dirty_files) {
		struct page_cache *cache = list_entry(link, struct page_cache, dirty_link);
		struct vnode *vnode = container_of(cache, struct vnode, pages);

		if (vnode->mount != mount || cache->round == round)
			continue;
		cache->round = round;
		list_remove(link);
		list_push_back(&list->dirty_files, link);
		if (vnode_try_get(vnode)) {
			found = vnode;
			break;
		}
	}
	page_list_unlock(mount->kernel);
	return found;
}

static uint64_t
begin_round(struct kernel *kernel)
{
	struct page_list *list = page_list_of(kernel);
	uint64_t round;

	page_list_lock(kernel);
	round = ++list->round;
	page_list_unlock(kernel);
	return round;
}

/* Write dirty files of mount until there are none, or no more than enough dirty pages. */
static int
write_files(struct mount *mount, uint64_t enough)
{
	struct page_list *list = page_list_of(mount->kernel);
	uint64_t round = begin_round(mount->kernel);
	int result = 0;

	while (atomic_load_explicit(&list->dirty_count, memory_order_relaxed) > enough) {
		struct vnode *vnode = take_dirty_file(mount, round);
		int error;

		if (vnode == NULL)
			break;
		rwlock_lock_shared(&vnode->lock);
		error = page_cache_write_back(vnode);
		rwlock_unlock_shared(&vnode->lock);
		vnode_put(vnode);
		if (result == 0)
			result = error;
	}
	return result;
}

int
page_cache_sync_mount(struct mount *mount)
{
	return write_files(mount, 0);
}

bool
page_cache_is_crowded(struct kernel *kernel)
{
	struct page_list *list = page_list_of(kernel);

	return atomic_load_explicit(&list->dirty_count, memory_order_relaxed) > list->dirty_max;
}

void
page_cache_throttle(struct mount *mount)
{
	if (page_cache_is_crowded(mount->kernel))
		(void)!write_files(mount, page_list_of(mount->kernel)->dirty_max / 2);
}
