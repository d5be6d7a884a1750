/*
 * Requests to a block device: the one place that checks them, and transfers
 * that wait.
 *
 * A device may complete a request before its submit returns, which is what the
 * host's page cache does, or later on any thread.  The word of a waiting
 * transfer says which: one that is done by the time it looks costs two atomic
 * operations and no call of the host.
 */
#include "base/errno.h"
#include "base/math.h"
#include "block/block_impl.h"
#include "kern/waiting.h"

enum {
	TRANSFER_PENDING,
	TRANSFER_WAITED_FOR,
	TRANSFER_DONE,
};

struct transfer {
	struct host_block_request request;
	struct kernel *kernel;
	int error; /* of the request, once done */
	_Atomic uint32_t state;
};

bool
block_range_is_valid(const struct block_dev *dev, uint64_t offset, uint64_t length)
{
	return ((offset | length) & (dev->sector_size - 1)) == 0 && offset <= dev->size &&
	       length <= dev->size - offset;
}

static int
check_request(const struct block_dev *dev, const struct host_block_request *request)
{
	if (request->op == HOST_BLOCK_FLUSH)
		return 0;
	if (!block_range_is_valid(dev, request->offset, request->length))
		return -EINVAL;
	if (dev->is_read_only && request->op != HOST_BLOCK_READ)
		return -EROFS;
	return 0;
}

void
block_submit(struct block_dev *dev, struct host_block_request *request)
{
	int error = check_request(dev, request);

	if (UNLIKELY(error < 0))
		request->done(request, error);
	else
		dev->ops->submit(dev, request);
}

static void
transfer_done(struct host_block_request *request, int error)
{
	struct transfer *transfer = container_of(request, struct transfer, request);
	struct kernel *kernel = transfer->kernel;

	transfer->error = error;
	/* After this the waiter may be gone with its stack: only the address is used. */
	if (atomic_exchange_explicit(&transfer->state, TRANSFER_DONE, memory_order_acq_rel) ==
	    TRANSFER_WAITED_FOR)
		kernel->host_ops->wake(kernel->host, &transfer->state, 1);
}

static NOINLINE void
transfer_wait(struct transfer *transfer)
{
	struct kernel *kernel = transfer->kernel;
	uint32_t state = TRANSFER_PENDING;

	atomic_compare_exchange_strong_explicit(&transfer->state, &state, TRANSFER_WAITED_FOR,
	    memory_order_acq_rel, memory_order_acquire);
	while (atomic_load_explicit(&transfer->state, memory_order_acquire) != TRANSFER_DONE) {
		if (kernel->host_ops->wait(kernel->host, &transfer->state, TRANSFER_WAITED_FOR,
			HOST_NO_DEADLINE, waiting_for(WAIT_TRANSFER, RANK_COUNT)) == -EDEADLK)
			kernel_panic(kernel, "block: a transfer that nobody will complete");
	}
}

static int
segments_length(const struct segment *segments, size_t count, uint64_t *length)
{
	*length = 0;
	for (size_t i = 0; i < count; i++) {
		if (add_overflows(*length, segments[i].length, length))
			return -EINVAL;
	}
	return count <= UINT32_MAX ? 0 : -EINVAL;
}

static const char *
name_of_op(enum host_block_op op)
{
	switch (op) {
	case HOST_BLOCK_READ:
		return "read";
	case HOST_BLOCK_WRITE:
		return "write";
	case HOST_BLOCK_FLUSH:
		return "flush";
	case HOST_BLOCK_DISCARD:
		return "discard";
	case HOST_BLOCK_ZERO:
		return "zeroing";
	default:
		return "request";
	}
}

static NOINLINE void
transfer_log(struct block_dev *dev, const struct host_block_request *request, uint64_t offset,
    int error)
{
	const struct host_block_fault *fault = &request->fault;
	const char *op = name_of_op(request->op);

	if (fault->what == NULL)
		kernel_log(dev->kernel, LOG_ERROR,
		    "block: %s: %s of %llu bytes at offset %llu failed: error %d", dev->name, op,
		    (unsigned long long)request->length, (unsigned long long)offset, -error);
	else
		kernel_log(dev->kernel, LOG_ERROR,
		    "block: %s: %s of %llu bytes at offset %llu failed: %s, near byte %llu of the "
		    "file",
		    dev->name, op, (unsigned long long)request->length, (unsigned long long)offset,
		    fault->what, (unsigned long long)fault->place);
}

/* Submit a transfer whose request is filled in but for done, and wait for it. */
static int
transfer_carry_out(struct block_dev *dev, struct transfer *transfer)
{
	uint64_t offset = transfer->request.offset; /* the device may change it */
	int error;

	transfer->request.done = transfer_done;
	transfer->kernel = dev->kernel;
	block_submit(dev, &transfer->request);
	if (atomic_load_explicit(&transfer->state, memory_order_acquire) != TRANSFER_DONE)
		transfer_wait(transfer);
	error = transfer->error;
	/* -EFAULT is the caller's own: it gave memory that is not there. */
	if (UNLIKELY(error < 0 && error != -EFAULT))
		transfer_log(dev, &transfer->request, offset, error);
	return error;
}

/* Transfer segments, and wait for it. */
static int
transfer_segments(struct block_dev *dev, enum host_block_op op, uint64_t offset,
    const struct segment *segments, size_t count)
{
	struct transfer transfer = {
		.request = {
			.op = op,
			.segment_count = (unsigned)count,
			.offset = offset,
			.segments = segments,
		},
		.state = TRANSFER_PENDING,
	};
	int error = segments_length(segments, count, &transfer.request.length);

	return error < 0 ? error : transfer_carry_out(dev, &transfer);
}

int
block_read_segments(struct block_dev *dev, uint64_t offset, const struct segment *segments,
    size_t count)
{
	return transfer_segments(dev, HOST_BLOCK_READ, offset, segments, count);
}

int
block_read(struct block_dev *dev, uint64_t offset, void *data, size_t length)
{
	struct segment segment = { data, length };

	return block_read_segments(dev, offset, &segment, 1);
}

int
block_write_segments(struct block_dev *dev, uint64_t offset, const struct segment *segments,
    size_t count)
{
	return transfer_segments(dev, HOST_BLOCK_WRITE, offset, segments, count);
}

int
block_write(struct block_dev *dev, uint64_t offset, const void *data, size_t length)
{
	struct segment segment = { (void *)(uintptr_t)data, length };

	return block_write_segments(dev, offset, &segment, 1);
}

int
block_zero(struct block_dev *dev, uint64_t offset, uint64_t length)
{
	struct transfer transfer = {
		.request = { .op = HOST_BLOCK_ZERO, .offset = offset, .length = length },
		.state = TRANSFER_PENDING,
	};

	return transfer_carry_out(dev, &transfer);
}

int
block_flush(struct block_dev *dev)
{
	struct transfer transfer = {
		.request = { .op = HOST_BLOCK_FLUSH },
		.state = TRANSFER_PENDING,
	};

	return transfer_carry_out(dev, &transfer);
}
