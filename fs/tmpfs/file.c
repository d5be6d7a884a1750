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

	if (!tmpfs_take_page(tmpfs_of(vnode)))
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
	.resize = tmpfs_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = vnode_no_get_xattr,
	.set_xattr = vnode_no_set_xattr,
	.list_xattr = vnode_no_list_xattr,
	.remove_xattr = vnode_no_remove_xattr,
	.sync = vnode_sync_mount,
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
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = vnode_no_get_xattr,
	.set_xattr = vnode_no_set_xattr,
	.list_xattr = vnode_no_list_xattr,
	.remove_xattr = vnode_no_remove_xattr,
	.sync = vnode_sync_mount,
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
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = vnode_no_get_xattr,
	.set_xattr = vnode_no_set_xattr,
	.list_xattr = vnode_no_list_xattr,
	.remove_xattr = vnode_no_remove_xattr,
	.sync = vnode_sync_mount,
	.reclaim = tmpfs_node_reclaim,
};
