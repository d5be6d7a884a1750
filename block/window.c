/*
 * Windows: a range of a block device as a device of its own.
 *
 * Requests pass to the parent with another offset.  The window's own bounds
 * were checked before, and are inside the parent's, so that no request can
 * leave the window.  Each window has buffers of its own in the cache; two
 * users of overlapping windows do not see each other's writes in them.
 */
#include "base/errno.h"
#include "block/block_impl.h"
#include "block/partition.h"

struct window {
	struct block_dev dev;
	struct block_dev *parent; /* reference; constant */
	uint64_t offset;	  /* where in parent it begins; constant */
};

static void
window_submit(struct block_dev *dev, struct host_block_request *request)
{
	struct window *window = container_of(dev, struct window, dev);

	if (request->op != HOST_BLOCK_FLUSH)
		request->offset += window->offset;
	window->parent->ops->submit(window->parent, request);
}

static void
window_destroy(struct block_dev *dev)
{
	struct window *window = container_of(dev, struct window, dev);
	struct kernel *kernel = dev->kernel;

	block_put(window->parent);
	memory_free(kernel, window, sizeof(*window));
}

static const struct block_ops window_ops = {
	.submit = window_submit,
	.destroy = window_destroy,
};

int
block_window_attach(struct block_dev *parent, uint64_t offset, uint64_t size, const char *name)
{
	struct kernel *kernel = parent->kernel;
	struct window *window;
	int error;

	if (size == 0 || !block_range_is_valid(parent, offset, size))
		return -EINVAL;
	window = memory_alloc_zeroed(kernel, sizeof(*window));
	if (window == NULL)
		return -ENOMEM;
	window->dev = (struct block_dev){
		.ops = &window_ops,
		.kernel = kernel,
		.size = size,
		.sector_size = parent->sector_size,
		.is_read_only = parent->is_read_only,
		.is_cached_below = parent->is_cached_below,
	};
	window->offset = offset;
	window->parent = block_get_by_number(kernel, parent->number);
	ASSERT(window->parent == parent);
	error = block_register(kernel, &window->dev, name);
	if (error < 0)
		window_destroy(&window->dev);
	return error;
}
