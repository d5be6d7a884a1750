/*
 * Reading and writing of regular files.
 *
 * All of a call happens under the vnode's lock, shared to read, exclusive to
 * change something: a read sees a write wholly or not at all.
 *
 * A store's file is read in pieces.  Where a piece of DIRECT_MIN bytes or more
 * begins at a page and has no page in the cache, the store reads straight into
 * the user's memory; anything else goes through pages.  Large reads of a store
 * that is cached below so cost one copy, not two, and leave our cache to what
 * is read in small pieces.
 *
 * To write to a file in memory, the file system first makes pages for a piece
 * (map_extent with EXTENT_WRITE, where it may say that there is no space), then
 * they are filled from the user's memory, and last the size follows.
 *
 * A store's file is written in chunks, through pages or, under the conditions
 * for reading so, straight from the user's memory to the store.  The size
 * follows each chunk, since dirty pages are written up to the size.  Who makes
 * dirty pages when there are many writes some first.
 */
#include "vfs/file_io.h"

#include "base/errno.h"
#include "base/math.h"
#include "kern/credential.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"
#include "vfs/page_cache.h"
#include "vfs/permission.h"
#include "vfs/vnode.h"

#define FILE_SIZE_MAX	   ((uint64_t)INT64_MAX)
#define DIRECT_MIN	   (32 * 1024)
#define DIRECT_SEGMENT_MAX 16
#define WRITE_PIECE	   (16 * PAGE_SIZE) /* to be filled while it is hot from zeroing */
#define WRITE_CHUNK	   (1024 * 1024)    /* of a store's file; then the size follows */
#define SEEK_EXTENTS_MAX   4096		    /* looked at in one call */

/* A read of [offset, end) of a store's file, under way. */
struct reading {
	struct vnode *vnode;
	struct uio *uio;
	uint64_t offset;
	uint64_t end;
	bool is_direct; /* straight from the store, where possible */
};

/* ---- reading -------------------------------------------------------------- */

/* Copy what is in memory, and zeros where nothing is. */
static int
read_memory(struct vnode *vnode, struct uio *uio, uint64_t offset, uint64_t length)
{
	int error = 0;

	while (length > 0 && error == 0) {
		size_t in_page = offset % PAGE_SIZE;
		size_t size = (size_t)min_u64(PAGE_SIZE - in_page, length);
		const uint8_t *page = page_cache_memory(vnode, offset / PAGE_SIZE);

		if (page != NULL)
			error = uio_copy_out(uio, page + in_page, size);
		else
			error = uio_zero_out(uio, size);
		offset += size;
		length -= size;
	}
	return error;
}

/*
 * Read one extent into the user's memory, or the beginning of it.  Nothing is
 * moved, and that is no error, if the host cannot reach the memory.
 */
static int
read_extent_direct(struct reading *reading, const struct extent *extent)
{
	struct segment segments[DIRECT_SEGMENT_MAX];
	uint64_t length = 0;
	size_t count;
	int error;

	if (extent->is_hole)
		return uio_zero_out(reading->uio, extent->length);
	count = uio_direct(reading->uio, extent->length, STORE_UNIT, segments, DIRECT_SEGMENT_MAX,
	    &length);
	if (count == 0)
		return 0;
	error = vnode_read_store(reading->vnode, extent->address, segments, count);
	if (error == 0)
		uio_advance(reading->uio, length);
	return error;
}

/*
 * Read up to end directly, as far as that goes.  Errors are left to whoever
 * reads the rest through pages, one by one; all but -EFAULT, which is the
 * host's word that it would not help.
 */
static int
read_direct(struct reading *reading, uint64_t end)
{
	uint64_t moved;

	do {
		uint64_t left = reading->uio->left;
		struct extent extent;
		int error = vnode_map_extent(reading->vnode, reading->offset, end - reading->offset,
		    EXTENT_READ, &extent);

		if (error == 0)
			error = read_extent_direct(reading, &extent);
		moved = left - reading->uio->left;
		reading->offset += moved;
		if (error < 0)
			return error == -EFAULT ? error : 0;
	} while (moved > 0 && reading->offset < end);
	return 0;
}

static int
read_pages(struct reading *reading, uint64_t end)
{
	uint64_t left = reading->uio->left;
	int error = page_cache_read(reading->vnode, reading->uio, reading->offset,
	    end - reading->offset, !reading->is_direct);

	reading->offset += left - reading->uio->left;
	return error;
}

/* How far to read directly from where we are; there if rather through pages. */
static uint64_t
direct_end(const struct reading *reading)
{
	uint64_t end = round_down(reading->end, PAGE_SIZE);
	uint64_t next = reading->offset / PAGE_SIZE;

	if (reading->offset % PAGE_SIZE != 0)
		return reading->offset;
	if (page_cache_next(reading->vnode, &next))
		end = min_u64(end, next * PAGE_SIZE);
	return end >= reading->offset + DIRECT_MIN ? end : reading->offset;
}

/*
 * Read a piece of a large read: directly, or up to where it is worth while to
 * look again whether that is possible.
 */
static int
read_piece(struct reading *reading)
{
	uint64_t start = reading->offset;
	uint64_t end = direct_end(reading);
	int error = end > start ? read_direct(reading, end) : 0;

	if (error < 0 || reading->offset > start)
		return error;
	if (reading->offset % PAGE_SIZE != 0)
		end = round_up(reading->offset, PAGE_SIZE);
	else
		end = reading->offset + DIRECT_MIN;
	return read_pages(reading, min_u64(end, reading->end));
}

static int
read_store(struct vnode *vnode, struct uio *uio, uint64_t offset, uint64_t length)
{
	struct reading reading = {
		.vnode = vnode,
		.uio = uio,
		.offset = offset,
		.end = offset + length,
		.is_direct = vnode->mount->reads_direct && length >= DIRECT_MIN,
	};
	int error = 0;

	if (!reading.is_direct)
		return read_pages(&reading, reading.end);
	while (reading.offset < reading.end && error == 0)
		error = read_piece(&reading);
	return error;
}

int
file_read(struct vnode *vnode, struct uio *uio, uint64_t offset)
{
	uint64_t before = uio->left;
	uint64_t size;
	int error = 0;

	rwlock_lock_shared(&vnode->lock);
	size = vnode->attributes.size;
	if (before > 0 && offset < size) {
		uint64_t length = min_u64(before, size - offset);

		if (vnode->is_memory)
			error = read_memory(vnode, uio, offset, length);
		else
			error = read_store(vnode, uio, offset, length);
	}
	rwlock_unlock_shared(&vnode->lock);
	return uio->left == before ? error : 0;
}

/* ---- writing -------------------------------------------------------------- */

static bool
is_read_only(const struct vnode *vnode)
{
	return (vnode->mount->flags & MOUNT_READ_ONLY) != 0;
}

/* Content has changed: its times, and who it runs as.  (vnode: exclusive) */
static int
content_changed(struct vnode *vnode, const struct file_writer *writer)
{
	struct vnode_attributes *attributes = &vnode->attributes;
	uint32_t drop = permission_lost_set_id(vnode, writer->credential);
	uint32_t mask = SET_MODIFIED | SET_CHANGED;

	if (drop != 0 && !credential_can(writer->credential, CAP_FSETID)) {
		attributes->permissions &= ~drop;
		mask |= SET_PERMISSIONS;
	}
	attributes->modified = timestamp_now(vnode->kernel);
	attributes->changed = attributes->modified;
	return vnode_attributes_changed(vnode, mask);
}

/* How much of a write at offset the limits allow; -EFBIG if that is nothing. */
static int
limit_write(uint64_t offset, uint64_t wanted, const struct file_writer *writer, uint64_t *length)
{
	uint64_t limit = min_u64(writer->size_limit, FILE_SIZE_MAX);

	if (offset >= limit)
		return -EFBIG;
	*length = min_u64(wanted, limit - offset);
	return 0;
}

/* Fill the pages of an extent, which are there, from the user's memory. */
static int
fill_memory(struct vnode *vnode, struct uio *uio, const struct extent *extent)
{
	uint64_t offset = extent->offset;
	uint64_t end = offset + extent->length;
	int error = 0;

	while (offset < end && error == 0) {
		size_t in_page = offset % PAGE_SIZE;
		size_t size = (size_t)min_u64(PAGE_SIZE - in_page, end - offset);
		uint8_t *page = page_cache_memory(vnode, offset / PAGE_SIZE);

		error = uio_copy_in(uio, page + in_page, size);
		offset += size;
	}
	return error;
}

/* Make pages for [offset, offset + length), and fill them, piece by piece. */
static int
write_memory(struct vnode *vnode, struct uio *uio, uint64_t offset, uint64_t length)
{
	int error = 0;

	while (length > 0 && error == 0) {
		uint64_t piece = min_u64(length, WRITE_PIECE - offset % PAGE_SIZE);
		struct extent extent;

		error = vnode_map_extent(vnode, offset, piece, EXTENT_WRITE, &extent);
		if (error == 0) {
			error = fill_memory(vnode, uio, &extent);
			offset += extent.length;
			length -= extent.length;
		}
	}
	return error;
}

/* How far to write directly from offset; offset if rather through pages. */
static uint64_t
write_direct_end(struct vnode *vnode, uint64_t offset, uint64_t end)
{
	uint64_t next = offset / PAGE_SIZE;

	end = round_down(end, PAGE_SIZE);
	if (!vnode->mount->reads_direct || offset % PAGE_SIZE != 0)
		return offset;
	if (page_cache_next(vnode, &next))
		end = min_u64(end, next * PAGE_SIZE);
	return end >= offset + DIRECT_MIN ? end : offset;
}

/*
 * Write one extent, at most [offset, end), from the user's memory; *done is how
 * much.  None, and no error, if the host cannot reach the memory.  An extent
 * that was made for nothing has zeros.
 */
static int
write_extent_direct(struct vnode *vnode, struct uio *uio, uint64_t offset, uint64_t end,
    uint64_t *done)
{
	struct segment segments[DIRECT_SEGMENT_MAX];
	struct extent extent;
	uint64_t length, zeroed;
	size_t count =
	    uio_direct(uio, end - offset, STORE_UNIT, segments, DIRECT_SEGMENT_MAX, &length);
	int error;

	*done = 0;
	if (count == 0)
		return 0;
	error = vnode_map_extent(vnode, offset, length, EXTENT_WRITE, &extent);
	if (error < 0)
		return error;
	count = uio_direct(uio, extent.length, STORE_UNIT, segments, DIRECT_SEGMENT_MAX, &length);
	error = -EFAULT;
	if (count > 0 && length == extent.length)
		error = vnode_write_store(vnode, extent.address, segments, count);
	if (error == 0) {
		uio_advance(uio, length);
		*done = length;
		return 0;
	}
	if (extent.is_new && page_cache_write(vnode, NULL, offset, extent.length, &zeroed) < 0)
		return -EIO;
	return error == -EFAULT ? 0 : error;
}

static int
write_direct(struct vnode *vnode, struct uio *uio, uint64_t offset, uint64_t end, uint64_t *done)
{
	uint64_t more;
	int error;

	*done = 0;
	do {
		error = write_extent_direct(vnode, uio, offset + *done, end, &more);
		*done += more;
	} while (error == 0 && more > 0 && offset + *done < end);
	return error;
}

/* Write a chunk, or the beginning of it; *done is how much. */
static int
write_chunk(struct vnode *vnode, struct uio *uio, uint64_t offset, uint64_t length, uint64_t *done)
{
	uint64_t end = write_direct_end(vnode, offset, offset + length);

	if (end > offset) {
		int error = write_direct(vnode, uio, offset, end, done);

		if (error < 0 || *done > 0)
			return error;
	}
	/* From a page's beginning on it may go directly. */
	if (vnode->mount->reads_direct && offset % PAGE_SIZE != 0 && length > DIRECT_MIN)
		length = round_up(offset, PAGE_SIZE) - offset;
	return page_cache_write(vnode, uio, offset, length, done);
}

static int settle_size(struct vnode *vnode, uint64_t end, bool is_whole);

/* Write to a store's file, and let the size follow. */
static int
write_store(struct vnode *vnode, struct uio *uio, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length;
	int error = 0;

	if (offset > vnode->attributes.size)
		error = page_cache_settle_end(vnode, vnode->attributes.size);
	while (offset < end && error == 0) {
		uint64_t done;
		int settled;

		error = write_chunk(vnode, uio, offset, min_u64(end - offset, WRITE_CHUNK), &done);
		offset += done;
		settled = settle_size(vnode, done > 0 ? offset : 0, error == 0);
		if (error == 0)
			error = settled;
		if (error == 0 && page_cache_is_crowded(vnode->kernel))
			error = page_cache_write_back(vnode);
	}
	return error;
}

/*
 * The size follows what was written, up to end.  When not all that was meant to
 * be written was, pages may have been made for nothing, and the last one may
 * hold bytes past the end.
 */
static int
settle_size(struct vnode *vnode, uint64_t end, bool is_whole)
{
	uint64_t size = max_u64(vnode->attributes.size, end);

	if (!is_whole) {
		page_cache_zero_tail(vnode, size);
		page_cache_truncate(vnode, divide_up(size, PAGE_SIZE));
	} else if (size == vnode->attributes.size) {
		return 0;
	}
	return vnode_resize(vnode, size);
}

/* Write at offset.  An error is final only if nothing was moved, or told after. */
static int
write_locked(struct vnode *vnode, struct uio *uio, uint64_t offset,
    const struct file_writer *writer)
{
	uint64_t before = uio->left;
	uint64_t length;
	uint64_t moved;
	int error = limit_write(offset, before, writer, &length);
	int settled;

	if (error < 0)
		return error;
	if (vnode->is_memory)
		error = write_memory(vnode, uio, offset, length);
	else
		error = write_store(vnode, uio, offset, length);
	moved = before - uio->left;
	settled = settle_size(vnode, moved > 0 ? offset + moved : 0, error == 0);
	if (settled == 0 && moved > 0)
		return content_changed(vnode, writer);
	return moved > 0 ? settled : error;
}

int
file_write(struct vnode *vnode, struct uio *uio, uint64_t *offset, const struct file_writer *writer)
{
	int error;

	if (is_read_only(vnode))
		return -EROFS;
	if (uio->left == 0)
		return 0;
	page_cache_throttle(vnode->mount);
	rwlock_lock_exclusive(&vnode->lock);
	vnode->uses_reserve = credential_can(writer->credential, CAP_SYS_RESOURCE);
	if (writer->append)
		*offset = vnode->attributes.size;
	error = write_locked(vnode, uio, *offset, writer);
	rwlock_unlock_exclusive(&vnode->lock);
	return error;
}

/* Pages do not have more than size bytes any more. */
static void
cut_pages(struct vnode *vnode, uint64_t size)
{
	page_cache_zero_tail(vnode, size);
	page_cache_truncate(vnode, divide_up(size, PAGE_SIZE));
}

/*
 * A file in memory is its pages, which go first; a store's are copies, and stay as
 * they are until the file system has let go of what they show.  (vnode: exclusive)
 */
static int
truncate_locked(struct vnode *vnode, uint64_t size, const struct file_writer *writer)
{
	uint64_t old = vnode->attributes.size;
	bool is_growing = size > old;
	int error = 0;

	if (size > FILE_SIZE_MAX || (is_growing && size > writer->size_limit))
		return -EFBIG;
	if (size != old && !vnode->is_memory)
		error = page_cache_settle_end(vnode, min_u64(size, old));
	if (vnode->is_memory && !is_growing)
		cut_pages(vnode, size);
	if (error == 0)
		error = vnode_resize(vnode, size);
	if (error < 0)
		return error;
	if (!vnode->is_memory && !is_growing)
		cut_pages(vnode, size);
	return content_changed(vnode, writer);
}

int
file_truncate(struct vnode *vnode, uint64_t size, const struct file_writer *writer)
{
	int error;

	if (is_read_only(vnode))
		return -EROFS;
	rwlock_lock_exclusive(&vnode->lock);
	vnode->uses_reserve = credential_can(writer->credential, CAP_SYS_RESOURCE);
	error = truncate_locked(vnode, size, writer);
	rwlock_unlock_exclusive(&vnode->lock);
	return error;
}

/* (vnode: exclusive) */
static int
allocate_locked(struct vnode *vnode, enum allocate_mode mode, uint64_t offset, uint64_t length,
    const struct file_writer *writer)
{
	uint64_t end = offset + length;
	bool is_growing = (mode & ALLOCATE_PUNCH_HOLE) == 0 && end > vnode->attributes.size;
	int error = 0;

	if (is_growing && end > writer->size_limit)
		return -EFBIG;
	vnode->uses_reserve = credential_can(writer->credential, CAP_SYS_RESOURCE);
	if (is_growing && !vnode->is_memory)
		error = page_cache_settle_end(vnode, vnode->attributes.size);
	if (error == 0)
		error = vnode_allocate(vnode, mode, offset, length);
	if (error == 0)
		error = content_changed(vnode, writer);
	return error;
}

int
file_allocate(struct vnode *vnode, enum allocate_mode mode, uint64_t offset, uint64_t length,
    const struct file_writer *writer)
{
	int error;

	if ((vnode->mount->flags & MOUNT_READ_ONLY) != 0)
		return -EROFS;
	if (offset > FILE_SIZE_MAX || length > FILE_SIZE_MAX - offset)
		return -EFBIG;
	rwlock_lock_exclusive(&vnode->lock);
	error = allocate_locked(vnode, mode, offset, length, writer);
	rwlock_unlock_exclusive(&vnode->lock);
	return error;
}

/* ---- seeking -------------------------------------------------------------- */

/*
 * The first offset at or after offset that is data, or hole; the size if there
 * is none in the file.
 *
 * On a medium that means harm, a few blocks make a file of more extents than
 * could be looked at in a lifetime.  So a search ends early with what is never
 * wrong to say: that the rest is data.
 */
static int
seek_extent(struct vnode *vnode, uint64_t offset, bool want_hole, uint64_t *out)
{
	uint64_t size = vnode->attributes.size;

	for (unsigned i = 0; offset < size; i++) {
		struct extent extent;
		int error;

		if (i == SEEK_EXTENTS_MAX) {
			*out = want_hole ? size : offset;
			return 0;
		}
		error = vnode_map_extent(vnode, offset, size - offset, EXTENT_READ, &extent);
		if (error < 0)
			return error;
		if (extent.is_hole == want_hole)
			break;
		offset += extent.length;
	}
	*out = min_u64(offset, size);
	return 0;
}

static int
seek(struct vnode *vnode, uint64_t offset, bool want_hole, uint64_t *out)
{
	uint64_t size;
	int error = -ENXIO;

	*out = 0;
	rwlock_lock_shared(&vnode->lock);
	size = vnode->attributes.size;
	if (offset < size)
		error = seek_extent(vnode, offset, want_hole, out);
	rwlock_unlock_shared(&vnode->lock);
	/* The end of the file is a hole, and no data. */
	if (error == 0 && *out == size && !want_hole)
		error = -ENXIO;
	return error;
}

int
file_seek_data(struct vnode *vnode, uint64_t offset, uint64_t *out)
{
	return seek(vnode, offset, false, out);
}

int
file_seek_hole(struct vnode *vnode, uint64_t offset, uint64_t *out)
{
	return seek(vnode, offset, true, out);
}
