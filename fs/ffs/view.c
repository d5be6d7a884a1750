/*
 * Splitting of requests along the ranges of an overlay.
 *
 * A request is cut into runs that lie together below; each is one synchronous
 * read.  Most requests meet one run: the journal holds metadata, a few blocks
 * in a row.  Runs are whole sectors, since the journal's units are; the
 * segments of memory need not be, so a run takes as many segments as it needs,
 * the first and last of them in part.
 */
#include "fs/ffs/view.h"

#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "kern/memory.h"

#define SETTLE_SIZE 65536 /* bytes copied at a time */

struct ffs_view {
	struct block_dev dev;
	struct block_dev *below;
	struct ffs_overlay overlay;
	struct ffs_overlay_extent *extents; /* overlay's; owned */
};

/* Where in the memory of a request we are. */
struct position {
	const struct segment *segments;
	size_t index;
	size_t used; /* bytes of that segment */
};

/* The next length bytes of memory as segments of their own; how many. */
static size_t
take_segments(struct position *at, uint64_t length, struct segment *out)
{
	size_t count = 0;

	while (length > 0) {
		const struct segment *segment = at->segments + at->index;
		size_t part = (size_t)min_u64(length, segment->length - at->used);

		if (part > 0)
			out[count++] =
			    (struct segment){ (uint8_t *)segment->data + at->used, part };
		length -= part;
		at->used += part;
		if (at->used == segment->length) {
			at->index++;
			at->used = 0;
		}
	}
	return count;
}

static int
read_runs(const struct ffs_view *view, const struct host_block_request *request,
    struct segment *scratch)
{
	struct position at = { .segments = request->segments };
	uint64_t offset = request->offset, left = request->length;

	while (left > 0) {
		uint64_t source, length = ffs_overlay_find(&view->overlay, offset, left, &source);
		size_t count = take_segments(&at, length, scratch);
		int error = block_read_segments(view->below, source, scratch, count);

		if (error < 0)
			return error;
		offset += length;
		left -= length;
	}
	return 0;
}

/* Sleeps until all is read. */
static void
view_submit(struct block_dev *dev, struct host_block_request *request)
{
	struct ffs_view *view = container_of(dev, struct ffs_view, dev);
	size_t size = request->segment_count * sizeof(struct segment);
	struct segment *scratch;
	int error;

	if (request->op == HOST_BLOCK_FLUSH) {
		request->done(request, 0);
		return;
	}
	if (request->op != HOST_BLOCK_READ) {
		request->done(request, -EROFS);
		return;
	}
	scratch = memory_alloc(dev->kernel, size);
	if (scratch == NULL) {
		request->done(request, -ENOMEM);
		return;
	}
	error = read_runs(view, request, scratch);
	memory_free(dev->kernel, scratch, size);
	request->done(request, error);
}

static void
view_destroy(struct block_dev *dev)
{
	struct ffs_view *view = container_of(dev, struct ffs_view, dev);

	memory_free(dev->kernel, view->extents, view->overlay.count * sizeof(*view->extents));
	memory_free(dev->kernel, view, sizeof(*view));
}

static const struct block_ops view_ops = {
	.submit = view_submit,
	.destroy = view_destroy,
};

struct block_dev *
ffs_view_create(struct block_dev *below, struct ffs_overlay_extent *extents, size_t count)
{
	struct ffs_view *view = memory_alloc_zeroed(below->kernel, sizeof(*view));

	if (view == NULL)
		return NULL;
	view->below = below;
	view->overlay = (struct ffs_overlay){ extents, count };
	view->extents = extents;
	view->dev.ops = &view_ops;
	view->dev.kernel = below->kernel;
	view->dev.size = below->size;
	view->dev.sector_size = below->sector_size;
	view->dev.number = below->number;
	view->dev.is_read_only = true;
	view->dev.is_cached_below = below->is_cached_below;
	string_copy(view->dev.name, below->name, sizeof(view->dev.name));
	return &view->dev;
}

const struct ffs_overlay *
ffs_view_overlay(struct block_dev *dev)
{
	return &container_of(dev, struct ffs_view, dev)->overlay;
}

/* Copy an extent to its place. */
static int
settle(struct block_dev *below, const struct ffs_overlay_extent *extent, uint8_t *bytes)
{
	uint64_t at = extent->start;
	int error = 0;

	while (error == 0 && at < extent->end) {
		size_t length = (size_t)min_u64(extent->end - at, SETTLE_SIZE);

		error = block_read(below, extent->source + (at - extent->start), bytes, length);
		if (error == 0)
			error = block_write(below, at, bytes, length);
		at += length;
	}
	return error;
}

int
ffs_view_settle(struct block_dev *dev)
{
	struct ffs_view *view = container_of(dev, struct ffs_view, dev);
	uint8_t *bytes = memory_alloc(dev->kernel, SETTLE_SIZE);
	int error = bytes == NULL ? -ENOMEM : 0;

	for (size_t i = 0; error == 0 && i < view->overlay.count; i++)
		error = settle(view->below, &view->extents[i], bytes);
	memory_free(dev->kernel, bytes, SETTLE_SIZE);
	return error;
}

void
ffs_view_destroy(struct block_dev *dev)
{
	if (dev != NULL)
		dev->ops->destroy(dev);
}
