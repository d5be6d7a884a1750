/*
 * The content of tmpfs files, and what all kinds of inodes have in common.
 *
 * The page cache holds the pages; here they are counted.  A page is counted
 * before it is made, and block_count of its file tells how many are, so that
 * whatever drops pages need only ask for a resize to have the count follow.
 */
#include "base/errno.h"
#include "base/math.h"
#include "fs/tmpfs/tmpfs_impl.h"
#include "kern/memory.h"
#include "vfs/page_cache.h"

#define UNITS_PER_PAGE (PAGE_SIZE / 512) /* of block_count */

uint64_t
tmpfs_page_count(const struct vnode *vnode)
{
	return vnode->attributes.block_count / UNITS_PER_PAGE;
}

/* Make a page, counted. */
static int
add_page(struct vnode *vnode, uint64_t index)
{
	int error;

	if (!tmpfs_take_pages(tmpfs_of(vnode), 1))
		return -ENOSPC;
	error = page_cache_add_memory(vnode, index);
	if (error < 0)
		tmpfs_return_pages(tmpfs_of(vnode), 1);
	else
		vnode->attributes.block_count += UNITS_PER_PAGE;
	return error;
}

/* Make the pages of [offset, *end) that are missing; *end is how far it went. */
static int
add_pages(struct vnode *vnode, uint64_t offset, uint64_t *end)
{
	uint64_t first = offset / PAGE_SIZE;
	uint64_t last = (*end - 1) / PAGE_SIZE;

	for (uint64_t index = first; index <= last; index++) {
		int error = 0;

		if (page_cache_memory(vnode, index) == NULL)
			error = add_page(vnode, index);
		if (error < 0 && index == first)
			return error;
		if (error < 0) {
			*end = index * PAGE_SIZE;
			break;
		}
	}
	return 0;
}

/* The pages at offset, or the lack of them, go on to *end at most; how far? */
static void
find_run(struct vnode *vnode, uint64_t offset, uint64_t *end, bool *is_hole)
{
	uint64_t index = offset / PAGE_SIZE;
	uint64_t next = index;

	*is_hole = true;
	if (!page_cache_next(vnode, &next))
		return;
	if (next == index) {
		*is_hole = false;
		next = page_cache_gap(vnode, index);
	}
	*end = min_u64(*end, next * PAGE_SIZE);
}

static int
tmpfs_map_extent(struct vnode *vnode, uint64_t offset, uint64_t length, enum extent_intent intent,
    struct extent *out)
{
	uint64_t end = offset + length;
	bool is_hole = false;
	int error = 0;

	if (intent == EXTENT_WRITE)
		error = add_pages(vnode, offset, &end);
	else
		find_run(vnode, offset, &end, &is_hole);
	*out = (struct extent){ .offset = offset, .length = end - offset, .is_hole = is_hole };
	return error;
}

static int
tmpfs_resize(struct vnode *vnode, uint64_t size)
{
	uint64_t dropped = tmpfs_page_count(vnode) - vnode->pages.page_count;

	tmpfs_return_pages(tmpfs_of(vnode), dropped);
	vnode->attributes.block_count -= dropped * UNITS_PER_PAGE;
	vnode->attributes.size = size;
	return 0;
}

/* ---- allocating ------------------------------------------------------------ */

/* How many pages of [first, end) are missing? */
static uint64_t
count_missing(struct vnode *vnode, uint64_t first, uint64_t end)
{
	uint64_t missing = end - first;

	for (uint64_t index = first; page_cache_next(vnode, &index) && index < end; index++)
		missing--;
	return missing;
}

/* Make the pages of [first, end), none of which is there and all of which count. */
static int
fill_gap(struct vnode *vnode, uint64_t first, uint64_t end)
{
	int error = 0;

	for (uint64_t index = first; index < end && error == 0; index++)
		error = page_cache_add_memory(vnode, index);
	if (error < 0)
		page_cache_remove_memory(vnode, first, end);
	return error;
}

/*
 * Make the pages of [first, end) that are missing.  Without memory those of the
 * gap that was being filled go again; other gaps may stay filled.
 */
static int
fill_gaps(struct vnode *vnode, uint64_t first, uint64_t end)
{
	uint64_t missing = count_missing(vnode, first, end);
	uint64_t before = vnode->pages.page_count, made;
	int error = 0;

	if (!tmpfs_take_pages(tmpfs_of(vnode), missing))
		return -ENOSPC;
	while (first < end && error == 0) {
		uint64_t gap = page_cache_gap(vnode, first);
		uint64_t next = gap;

		if (gap >= end)
			break;
		if (!page_cache_next(vnode, &next) || next > end)
			next = end;
		error = fill_gap(vnode, gap, next);
		first = next;
	}
	made = vnode->pages.page_count - before;
	tmpfs_return_pages(tmpfs_of(vnode), missing - made);
	vnode->attributes.block_count += made * UNITS_PER_PAGE;
	return error;
}

/* Zero what is there of [offset, end), which lies in one page. */
static void
zero_in_page(struct vnode *vnode, uint64_t offset, uint64_t end)
{
	uint8_t *page = page_cache_memory(vnode, offset / PAGE_SIZE);

	if (page != NULL)
		memset(page + offset % PAGE_SIZE, 0, (size_t)(end - offset));
}

/* Let [offset, end) read as zeros, and free the pages wholly inside. */
static void
punch_hole(struct vnode *vnode, uint64_t offset, uint64_t end)
{
	uint64_t first = divide_up(offset, PAGE_SIZE), last = end / PAGE_SIZE;
	uint64_t before = vnode->pages.page_count, dropped;

	if (first > last) {
		zero_in_page(vnode, offset, end);
		return;
	}
	if (offset < first * PAGE_SIZE)
		zero_in_page(vnode, offset, first * PAGE_SIZE);
	if (end > last * PAGE_SIZE)
		zero_in_page(vnode, last * PAGE_SIZE, end);
	page_cache_remove_memory(vnode, first, last);
	dropped = before - vnode->pages.page_count;
	tmpfs_return_pages(tmpfs_of(vnode), dropped);
	vnode->attributes.block_count -= dropped * UNITS_PER_PAGE;
}

static int
tmpfs_allocate(struct vnode *vnode, enum allocate_mode mode, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length;
	int error = 0;

	if ((mode & (ALLOCATE_PUNCH_HOLE | ALLOCATE_ZERO_RANGE)) != 0)
		punch_hole(vnode, offset, end);
	if ((mode & ALLOCATE_PUNCH_HOLE) == 0)
		error = fill_gaps(vnode, offset / PAGE_SIZE, divide_up(end, PAGE_SIZE));
	if (error == 0 && (mode & ALLOCATE_KEEP_SIZE) == 0 && end > vnode->attributes.size)
		vnode->attributes.size = end;
	return error;
}

/* ---- what all kinds have in common ------------------------------------------- */

/* They are kept where they were changed, in memory. */
int
tmpfs_attributes_changed(struct vnode *vnode, uint32_t mask)
{
	return 0;
}

static int
tmpfs_read_link(struct vnode *vnode, char *target, size_t size, size_t *length)
{
	*length = (size_t)min_u64(size, vnode->attributes.size);
	memcpy(target, tmpfs_node_of(vnode)->target, *length);
	return 0;
}

const struct vnode_ops tmpfs_file_ops = {
	.lookup = vnode_no_lookup,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.read_directory = vnode_no_read_directory,
	.read_link = vnode_no_read_link,
	.attributes_changed = tmpfs_attributes_changed,
	.map_extent = tmpfs_map_extent,
	.read_store = vnode_no_read_store,
	.write_store = vnode_no_write_store,
	.resize = tmpfs_resize,
	.allocate = tmpfs_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = tmpfs_get_xattr,
	.set_xattr = tmpfs_set_xattr,
	.list_xattr = tmpfs_list_xattr,
	.remove_xattr = tmpfs_remove_xattr,
	.sync = vnode_sync_mount,
	.erase = vnode_erase_nothing,
	.reclaim = tmpfs_node_reclaim,
};

const struct vnode_ops tmpfs_symlink_ops = {
	.lookup = vnode_no_lookup,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.read_directory = vnode_no_read_directory,
	.read_link = tmpfs_read_link,
	.attributes_changed = tmpfs_attributes_changed,
	.map_extent = vnode_no_map_extent,
	.read_store = vnode_no_read_store,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = tmpfs_get_xattr,
	.set_xattr = tmpfs_set_xattr,
	.list_xattr = tmpfs_list_xattr,
	.remove_xattr = tmpfs_remove_xattr,
	.sync = vnode_sync_mount,
	.erase = vnode_erase_nothing,
	.reclaim = tmpfs_node_reclaim,
};

const struct vnode_ops tmpfs_special_ops = {
	.lookup = vnode_no_lookup,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.read_directory = vnode_no_read_directory,
	.read_link = vnode_no_read_link,
	.attributes_changed = tmpfs_attributes_changed,
	.map_extent = vnode_no_map_extent,
	.read_store = vnode_no_read_store,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = tmpfs_get_xattr,
	.set_xattr = tmpfs_set_xattr,
	.list_xattr = tmpfs_list_xattr,
	.remove_xattr = tmpfs_remove_xattr,
	.sync = vnode_sync_mount,
	.erase = vnode_erase_nothing,
	.reclaim = tmpfs_node_reclaim,
};
