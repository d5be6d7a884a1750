/*
 * Block devices as files: any bytes at any offset.
 *
 * Whole sectors go straight between the device and the user's memory where
 * that can be reached; the rest goes through a buffer of one sector or one
 * page, whichever is larger.  Nothing is cached: what is below caches, and a
 * program that reads a device's bytes wants those that are there now.
 *
 * One write at a time, since parts of sectors are read, changed and written
 * back.  The device is claimed for as long as that takes, so that nobody writes
 * below a mounted file system: -EBUSY.
 */
#include "block/block.h"
#include "base/compiler.h"
#include "base/errno.h"
#include "base/math.h"
#include "fs/devfs/devfs_impl.h"
#include "kern/kernel.h"
#include "kern/memory.h"

#define SEGMENT_MAX 16

/* A transfer between a device and a user, under way. */
struct transfer {
	struct block_dev *dev; /* a reference */
	struct uio *uio;
	uint64_t offset;
	uint64_t left; /* until the end of the device or of what the user wants */
	bool is_write;
	uint8_t *buffer; /* NULL until it is needed */
	size_t buffer_size;
};

/* The device of a number that is open. */
static struct block_dev *
device_get(struct kernel *kernel, uint32_t number)
{
	struct block_dev *dev = block_get_by_number(kernel, number);

	ASSERT(dev != NULL);
	return dev;
}

/* The reference that is taken here keeps the device until block_close(). */
static int
store_open(struct kernel *kernel, uint32_t number)
{
	return block_get_by_number(kernel, number) != NULL ? 0 : -ENXIO;
}

static void
store_close(struct kernel *kernel, uint32_t number)
{
	struct block_dev *dev = device_get(kernel, number);

	block_put(dev);
	block_put(dev);
}

static uint64_t
store_size(struct kernel *kernel, uint32_t number)
{
	struct block_dev *dev = device_get(kernel, number);
	uint64_t size = dev->size;

	block_put(dev);
	return size;
}

/* Note that the next size bytes were transferred. */
static void
transfer_advance(struct transfer *transfer, uint64_t size)
{
	transfer->offset += size;
	transfer->left -= size;
}

/* Transfer whole sectors directly; 0 with nothing done if that is impossible. */
static int
transfer_direct(struct transfer *transfer)
{
	uint64_t unit = transfer->dev->sector_size;
	uint64_t wanted = round_down(transfer->left, unit);
	struct segment segments[SEGMENT_MAX];
	uint64_t length;
	size_t count;
	int error;

	if (transfer->offset % unit != 0 || wanted == 0)
		return 0;
	count = uio_direct(transfer->uio, wanted, unit, segments, SEGMENT_MAX, &length);
	if (count == 0)
		return 0;
	if (transfer->is_write)
		error = block_write_segments(transfer->dev, transfer->offset, segments, count);
	else
		error = block_read_segments(transfer->dev, transfer->offset, segments, count);
	if (error == 0) {
		uio_advance(transfer->uio, length);
		transfer_advance(transfer, length);
	}
	return error;
}

/*
 * Move size bytes between the user and the buffer, which stands for length
 * bytes of the device at start, and write those back if they have changed.
 */
static int
use_buffer(struct transfer *transfer, uint64_t start, size_t length, size_t size)
{
	struct segment segment = { transfer->buffer, length };
	uint8_t *place = transfer->buffer + (transfer->offset - start);
	int error;

	if (!transfer->is_write)
		return uio_copy_out(transfer->uio, place, size);
	error = uio_copy_in(transfer->uio, place, size);
	if (error == 0)
		error = block_write_segments(transfer->dev, start, &segment, 1);
	return error;
}

/* Transfer some bytes by way of the buffer. */
static int
transfer_buffered(struct transfer *transfer)
{
	uint64_t unit = transfer->dev->sector_size;
	uint64_t start = round_down(transfer->offset, unit);
	uint64_t end = min_u64(start + transfer->buffer_size, transfer->offset + transfer->left);
	size_t length = (size_t)(round_up(end, unit) - start);
	size_t size = (size_t)(end - transfer->offset);
	struct uio before = *transfer->uio;
	int error;

	if (transfer->buffer == NULL)
		transfer->buffer = memory_alloc(transfer->dev->kernel, transfer->buffer_size);
	if (transfer->buffer == NULL)
		return -ENOMEM;
	error = block_read(transfer->dev, start, transfer->buffer, length);
	if (error == 0)
		error = use_buffer(transfer, start, length, size);
	if (error == 0)
		transfer_advance(transfer, size);
	else
		*transfer->uio = before; /* what was copied does not count */
	return error;
}

/* Do all of it; what was done counts, and an error only if nothing was. */
static int
transfer_run(struct transfer *transfer)
{
	uint64_t before = transfer->left;
	int error = 0;

	while (transfer->left > 0 && error == 0) {
		uint64_t left = transfer->left;

		error = transfer_direct(transfer);
		if (error == 0 && transfer->left == left)
			error = transfer_buffered(transfer);
	}
	memory_free(transfer->dev->kernel, transfer->buffer, transfer->buffer_size);
	return transfer->left < before ? 0 : error;
}

static struct transfer
transfer_of(struct block_dev *dev, struct uio *uio, uint64_t offset, bool is_write)
{
	return (struct transfer){
		.dev = dev,
		.uio = uio,
		.offset = offset,
		.left = offset < dev->size ? min_u64(uio->left, dev->size - offset) : 0,
		.is_write = is_write,
		.buffer_size = (size_t)max_u64(dev->sector_size, PAGE_SIZE),
	};
}

static int
store_read(struct kernel *kernel, uint32_t number, struct uio *uio, uint64_t offset)
{
	struct block_dev *dev = device_get(kernel, number);
	struct transfer transfer = transfer_of(dev, uio, offset, false);
	int error = transfer_run(&transfer);

	block_put(dev);
	return error;
}

/* Write while nobody else does. */
static int
write_alone(struct block_dev *dev, struct uio *uio, uint64_t offset)
{
	struct devfs_state *state = dev->kernel->slots[SLOT_DEVFS];
	struct transfer transfer = transfer_of(dev, uio, offset, true);
	int error;

	if (transfer.left == 0)
		return -ENOSPC;
	mutex_lock(&state->write_lock);
	error = block_claim(dev);
	if (error == 0) {
		error = transfer_run(&transfer);
		block_unclaim(dev);
	}
	mutex_unlock(&state->write_lock);
	return error;
}

static int
store_write(struct kernel *kernel, uint32_t number, struct uio *uio, uint64_t offset)
{
	struct block_dev *dev = device_get(kernel, number);
	int error = dev->is_read_only ? -EROFS : 0;

	if (error == 0 && uio->left > 0)
		error = write_alone(dev, uio, offset);
	block_put(dev);
	return error;
}

static int
store_sync(struct kernel *kernel, uint32_t number)
{
	struct block_dev *dev = block_get_by_number(kernel, number);
	int error;

	if (dev == NULL)
		return -ENXIO;
	error = dev->is_read_only ? 0 : block_flush(dev);
	block_put(dev);
	return error;
}

const struct device_ops devfs_block_ops = {
	.open = store_open,
	.close = store_close,
	.read = store_read,
	.write = store_write,
	.size = store_size,
	.sync = store_sync,
};
