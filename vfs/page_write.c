/*
 * Writing a store's file through the page cache.
 *
 * A write goes in pieces of some pages.  For each: the pages are found, or made;
 * the user's bytes are copied to where nobody sees them; the file system
 * allocates what they need on the store; then they are put in their places and
 * the pages are dirty.  In this order, a user's address that is none costs
 * nothing on the store, and a full store leaves no page that differs from it.
 *
 * A page that is missing is read first, unless all of it that is in the file is
 * written over.  Then it is added FILLING, filled in place, and VALID after; a
 * page that is there is changed last, from a bounce page.
 */
#include "base/errno.h"
#include "base/math.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "kern/uio.h"
#include "vfs/page.h"
#include "vfs/page_cache.h"
#include "vfs/vnode.h"

#define PIECE_PAGES 16

/* A page of a piece. */
struct slot {
	struct page *page;   /* in the tree, pinned */
	struct page *bounce; /* of a VALID page: holds the user's bytes; else NULL */
	uint32_t start;	     /* what is written, bytes in the page */
	uint32_t end;
};

struct piece {
	struct vnode *vnode;
	uint64_t offset; /* of its first byte in the file */
	uint64_t length; /* as far as there are slots */
	unsigned count;
	struct slot slots[PIECE_PAGES];
};

/* Is all of the page at start that is in the file in [offset, end)? */
static bool
is_covered(const struct vnode *vnode, uint64_t start, uint64_t offset, uint64_t end)
{
	uint64_t page_end = min_u64(start + PAGE_SIZE, vnode->attributes.size);

	return start >= vnode->attributes.size || (offset <= start && page_end <= end);
}

/* Add a page to the tree, for which there may be no memory; the page is freed then. */
static int
add_page(struct page *page)
{
	struct page_cache *cache = &page->vnode->pages;
	struct radix_spare spare = { .kernel = page->vnode->kernel };
	unsigned needed = 0;
	int error;

	do {
		error = radix_spare_fill(&spare, needed);
		if (error < 0)
			break;
		mutex_lock(&cache->lock);
		needed = radix_nodes_needed(&cache->tree, page->index);
		if (needed <= spare.count) {
			page_add(page, &spare);
			needed = 0;
		}
		mutex_unlock(&cache->lock);
	} while (needed > 0);
	radix_spare_free(&spare);
	if (error < 0)
		page_free(page);
	return error;
}

/* The page of index if it is there, pinned, or NULL.  None is FILLING: we are alone. */
static struct page *
find_page(struct vnode *vnode, uint64_t index)
{
	struct page_cache *cache = &vnode->pages;
	struct page *page;

	mutex_lock(&cache->lock);
	page = radix_find(&cache->tree, index);
	if (page != NULL)
		page_pin(page);
	mutex_unlock(&cache->lock);
	return page;
}

/* Have the pages of a slot, for [offset, end) of the file. */
static int
slot_begin(struct slot *slot, struct vnode *vnode, uint64_t offset, uint64_t end)
{
	uint64_t index = offset / PAGE_SIZE, start = index * PAGE_SIZE;
	int error = 0;

	*slot = (struct slot){
		.page = find_page(vnode, index),
		.start = (uint32_t)(offset - start),
		.end = (uint32_t)(min_u64(end, start + PAGE_SIZE) - start),
	};
	if (slot->page == NULL && !is_covered(vnode, start, offset, end))
		error = page_get(vnode, index, 1, false, &slot->page);
	if (error < 0)
		return error;
	if (slot->page != NULL) {
		slot->bounce = page_alloc(vnode, index);
		if (slot->bounce == NULL)
			page_unpin(slot->page);
		return slot->bounce == NULL ? -ENOMEM : 0;
	}
	slot->page = page_alloc(vnode, index);
	if (slot->page == NULL)
		return -ENOMEM;
	memset(slot->page->data, 0, slot->start);
	memset(slot->page->data + slot->end, 0, PAGE_SIZE - slot->end);
	return add_page(slot->page);
}

/* Have the pages of a piece: as many as there is memory for, if any. */
static int
piece_begin(struct piece *piece)
{
	uint64_t at = piece->offset, end = at + piece->length;
	int error = 0;

	for (piece->count = 0; at < end && piece->count < PIECE_PAGES; piece->count++) {
		error = slot_begin(&piece->slots[piece->count], piece->vnode, at, end);
		if (error < 0)
			break;
		at = min_u64(round_down(at, PAGE_SIZE) + PAGE_SIZE, end);
	}
	piece->length = at - piece->offset;
	return piece->count > 0 ? 0 : error;
}

/* Copy the user's bytes, or zeros; piece->length is how many there were. */
static int
piece_copy(struct piece *piece, struct uio *uio)
{
	uint64_t copied = 0;

	for (unsigned i = 0; i < piece->count; i++) {
		struct slot *slot = &piece->slots[i];
		uint8_t *to = (slot->bounce != NULL ? slot->bounce : slot->page)->data;
		size_t size = slot->end - slot->start;
		uint64_t left;
		int error;

		if (uio == NULL) {
			memset(to + slot->start, 0, size);
			copied += size;
			continue;
		}
		left = uio->left;
		error = uio_copy_in(uio, to + slot->start, size);
		copied += left - uio->left;
		if (error < 0) {
			piece->length = copied;
			return error;
		}
	}
	piece->length = copied;
	return 0;
}

/* Allocate space for what was copied; piece->length is what there is space for. */
static int
piece_allocate(struct piece *piece)
{
	uint64_t at = 0;
	int error = 0;

	while (at < piece->length && error == 0) {
		struct extent extent;

		error = vnode_map_extent(piece->vnode, piece->offset + at, piece->length - at,
		    EXTENT_WRITE, &extent);
		if (error == 0)
			at += extent.length;
	}
	piece->length = at;
	return error;
}

/*
 * A slot of which [start, end) is to be written.  A new page must get all that
 * was meant for it, or it would hide what is on the store.
 */
static bool
slot_is_good(const struct slot *slot, uint32_t end)
{
	return end > slot->start && (slot->bounce != NULL || end == slot->end);
}

/* Put a slot's bytes up to end where they belong. */
static void
slot_settle(struct slot *slot, bool is_good, uint32_t end)
{
	struct page *page = slot->page;
	struct kernel *kernel = page->vnode->kernel;
	struct page_cache *cache = &page->vnode->pages;

	if (slot->bounce != NULL) {
		if (is_good)
			memcpy(page->data + slot->start, slot->bounce->data + slot->start,
			    end - slot->start);
		page_free(slot->bounce);
		return;
	}
	page_list_lock(kernel);
	mutex_lock(&cache->lock);
	page_settle(page, is_good ? PAGE_VALID : PAGE_DROPPED, 0);
	if (!is_good)
		page_unpin_any(page); /* it is gone */
	mutex_unlock(&cache->lock);
	page_list_unlock(kernel);
}

/* End a piece; returns how many of its bytes are in dirty pages now. */
static uint64_t
piece_end(struct piece *piece)
{
	struct page *dirty[PIECE_PAGES];
	uint64_t done = 0;
	unsigned count = 0;
	bool is_open = true;

	for (unsigned i = 0; i < piece->count; i++) {
		struct slot *slot = &piece->slots[i];
		uint64_t left = piece->length > done ? piece->length - done : 0;
		uint32_t end = slot->start + (uint32_t)min_u64(left, slot->end - slot->start);
		bool is_good = is_open && slot_is_good(slot, end);
		bool is_valid = slot->bounce != NULL || is_good;

		slot_settle(slot, is_good, end);
		if (is_good) {
			dirty[count++] = slot->page;
			done += end - slot->start;
		} else if (is_valid) {
			page_unpin(slot->page);
		}
		is_open = is_good && end == slot->end;
	}
	if (count > 0)
		page_set_dirty(dirty, count);
	for (unsigned i = 0; i < count; i++)
		page_unpin(dirty[i]);
	return done;
}

/* Write a piece: some bytes, at most length, or an error. */
static int
write_piece(struct vnode *vnode, struct uio *uio, uint64_t offset, uint64_t length, uint64_t *done)
{
	struct piece piece = { .vnode = vnode, .offset = offset };
	struct uio saved = { .left = 0 };
	int error, rest = 0;

	*done = 0;
	piece.length = min_u64(length, PIECE_PAGES * PAGE_SIZE - offset % PAGE_SIZE);
	error = piece_begin(&piece);
	if (error < 0)
		return error;
	if (uio != NULL)
		saved = *uio;
	error = piece_copy(&piece, uio);
	if (piece.length > 0)
		rest = piece_allocate(&piece);
	*done = piece_end(&piece);
	if (uio != NULL) {
		*uio = saved;
		uio_advance(uio, *done);
	}
	return error < 0 ? error : rest;
}

int
page_cache_write(struct vnode *vnode, struct uio *uio, uint64_t offset, uint64_t length,
    uint64_t *done)
{
	int error = 0;

	rwlock_assert_exclusive(&vnode->lock);
	ASSERT(!vnode->is_memory);
	*done = 0;
	while (*done < length && error == 0) {
		uint64_t more;

		error = write_piece(vnode, uio, offset + *done, length - *done, &more);
		*done += more;
	}
	return error;
}

int
page_cache_settle_end(struct vnode *vnode, uint64_t size)
{
	struct extent extent;
	struct page *page;
	int error;

	rwlock_assert_exclusive(&vnode->lock);
	if (size % PAGE_SIZE == 0)
		return 0;
	error = vnode_map_extent(vnode, size - 1, 1, EXTENT_READ, &extent);
	if (error < 0 || extent.is_hole)
		return error;
	error = page_get(vnode, size / PAGE_SIZE, 1, false, &page);
	if (error < 0)
		return error;
	page_set_dirty(&page, 1);
	page_unpin(page);
	return 0;
}
