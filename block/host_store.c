/*
 * The host's backing stores, or windows of them, as block devices.
 *
 * Requests pass to the host as they are, but for their offset.  A store that
 * the host caches below takes transfers of any alignment, so it counts as one
 * of the smallest sectors: file systems with fragments smaller than the
 * sectors of the medium can be read that way.
 */
#include "base/errno.h"
#include "base/math.h"
#include "block/block_impl.h"

struct host_store {
	struct block_dev dev;
	struct host_block *store; /* owned */
	uint64_t offset;	  /* where in the store the device begins; constant */
	bool never_flushes;	  /* constant */
};

static void
host_store_submit(struct block_dev *dev, struct host_block_request *request)
{
	struct host_store *store = container_of(dev, struct host_store, dev);
	struct kernel *kernel = dev->kernel;

	if (request->op == HOST_BLOCK_FLUSH && store->never_flushes) {
		request->done(request, 0);
		return;
	}
	if (request->op != HOST_BLOCK_FLUSH)
		request->offset += store->offset;
	kernel->host_ops->block_submit(kernel->host, store->store, request);
}

static void
host_store_destroy(struct block_dev *dev)
{
	struct host_store *store = container_of(dev, struct host_store, dev);
	struct kernel *kernel = dev->kernel;

	kernel->host_ops->block_close(kernel->host, store->store);
	memory_free(kernel, store, sizeof(*store));
}

static const struct block_ops host_store_ops = {
	.submit = host_store_submit,
	.destroy = host_store_destroy,
};

/* The device's shape: a window of the store, whole sectors of it. */
static int
host_store_shape(struct host_store *store, const struct host_block_info *info,
    const struct block_attach *attach)
{
	uint32_t sector_size = info->is_cached_below ? BLOCK_SECTOR_SIZE : info->sector_size;
	uint64_t size;

	if (!is_power_of_two(sector_size) || sector_size < BLOCK_SECTOR_SIZE)
		return -ENODEV;
	size = round_down(info->size, sector_size);
	if (((attach->offset | attach->size) & (sector_size - 1)) != 0)
		return -EINVAL;
	if (attach->offset > 0 && attach->offset >= size)
		return -EINVAL;
	size -= attach->offset;
	if (attach->size > 0)
		size = min_u64(size, attach->size);

	store->offset = attach->offset;
	store->never_flushes = attach->never_flushes;
	store->dev.ops = &host_store_ops;
	store->dev.size = size;
	store->dev.sector_size = sector_size;
	store->dev.is_read_only = info->is_read_only;
	store->dev.is_cached_below = info->is_cached_below;
	return 0;
}

/* Bytes at the end that are no whole sector are not there for anybody: say so. */
static void
log_rest(const struct host_store *store, const struct host_block_info *info,
    const struct block_attach *attach)
{
	uint64_t rest = info->size & (store->dev.sector_size - 1);

	if (rest != 0 && store->offset + store->dev.size + rest == info->size)
		kernel_log(store->dev.kernel, LOG_WARNING,
		    "block: %s: the last %llu bytes of %llu are left out, being no whole sector "
		    "of %u: is the file complete?",
		    attach->name, (unsigned long long)rest, (unsigned long long)info->size,
		    store->dev.sector_size);
}

int
block_attach_host(struct kernel *kernel, const struct block_attach *attach)
{
	struct host_store *store = memory_alloc_zeroed(kernel, sizeof(*store));
	struct host_block_info info = { 0 };
	int error;

	if (store == NULL)
		return -ENOMEM;
	store->dev.kernel = kernel;
	error = kernel->host_ops->block_open(kernel->host, attach->host_name, attach->writable,
	    &store->store, &info);
	if (error < 0 && info.fault.what != NULL)
		kernel_log(kernel, LOG_ERROR, "block: %s: %s, near byte %llu of the file",
		    attach->name, info.fault.what, (unsigned long long)info.fault.place);
	if (error < 0)
		goto free_store;
	error = host_store_shape(store, &info, attach);
	if (error < 0)
		goto close_store;
	log_rest(store, &info, attach);
	error = block_register(kernel, &store->dev, attach->name);
	if (error < 0)
		goto close_store;
	return 0;

close_store:
	kernel->host_ops->block_close(kernel->host, store->store);
free_store:
	memory_free(kernel, store, sizeof(*store));
	return error;
}
