/*
 * Requests to a backing store, each carried out at once on the thread that
 * submits it.
 *
 * A transfer goes on where the system stopped short, until it is whole.  The
 * range was checked against the size at opening; a file that others have cut
 * since ends reads early, which is an error, as a bad sector would be.
 *
 * A failed flush stays failed.  The system may have dropped the data it could
 * not write and forgotten about it, so that its next flush would succeed
 * without them; a store that lost something that was to be durable must never
 * again say that all is.
 *
 * io_uring was left out: all who read wait for their data, and what the page
 * cache holds, which is most, is copied without sleeping.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/posix/compressed/compressed.h"
#include "host/posix/host_impl.h"

/* Segments in one system call; below IOV_MAX and gentle on the stack. */
#define BATCH_MAX 64

#define ZEROS_SIZE 4096

/* How far a transfer has come. */
struct cursor {
	const struct segment *segments; /* those that are not done */
	unsigned count;
	size_t skip; /* bytes of the first that are done */
};

/* The next part of the transfer, its bytes in *length; how many iovecs. */
static int
cursor_batch(const struct cursor *cursor, struct iovec batch[BATCH_MAX])
{
	unsigned count = cursor->count < BATCH_MAX ? cursor->count : BATCH_MAX;

	for (unsigned i = 0; i < count; i++) {
		batch[i].iov_base = cursor->segments[i].data;
		batch[i].iov_len = cursor->segments[i].length;
	}
	batch[0].iov_base = (char *)batch[0].iov_base + cursor->skip;
	batch[0].iov_len -= cursor->skip;
	return (int)count;
}

static void
cursor_advance(struct cursor *cursor, size_t done)
{
	while (cursor->count > 0 && done >= cursor->segments->length - cursor->skip) {
		done -= cursor->segments->length - cursor->skip;
		cursor->skip = 0;
		cursor->segments++;
		cursor->count--;
	}
	cursor->skip += done;
}

/* The error that stands for a failed transfer's errno. */
static int
transfer_error(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return -ENOSPC;
	case EFAULT:
	case ENOMEM:
		return -number;
	default:
		return -EIO;
	}
}

static int
transfer(const struct host_block *block, const struct host_block_request *request)
{
	struct cursor cursor = { request->segments, request->segment_count, 0 };
	uint64_t offset = request->offset;
	struct iovec batch[BATCH_MAX];

	cursor_advance(&cursor, 0); /* over empty segments */
	while (cursor.count > 0) {
		int count = cursor_batch(&cursor, batch);
		ssize_t done;

		if (request->op == HOST_BLOCK_READ)
			done = preadv(block->descriptor, batch, count, (off_t)offset);
		else
			done = pwritev(block->descriptor, batch, count, (off_t)offset);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return transfer_error(errno);
		if (done == 0)
			return -EIO; /* the store has shrunk */
		cursor_advance(&cursor, (size_t)done);
		offset += (uint64_t)done;
	}
	return 0;
}

static int
flush(struct host_block *block)
{
	int error = atomic_load_explicit(&block->flush_error, memory_order_relaxed);
	int result;

	if (error < 0 || !block->is_writable)
		return error;
	do
		result = fdatasync(block->descriptor);
	while (result != 0 && errno == EINTR);
	if (result == 0)
		return 0;
	error = transfer_error(errno);
	atomic_store_explicit(&block->flush_error, error, memory_order_relaxed);
	return error;
}

/* fallocate(2) on the range; whatever says that it cannot be is -EOPNOTSUPP. */
static int
allocate(const struct host_block *block, int mode, const struct host_block_request *request)
{
	int result;

	do
		result = fallocate(block->descriptor, mode | FALLOC_FL_KEEP_SIZE,
		    (off_t)request->offset, (off_t)request->length);
	while (result != 0 && errno == EINTR);
	if (result == 0)
		return 0;
	return errno == EIO || errno == ENOSPC ? -errno : -EOPNOTSUPP;
}

static int
discard(const struct host_block *block, const struct host_block_request *request)
{
	uint64_t range[2] = { request->offset, request->length };

	if (!block->is_device)
		return allocate(block, FALLOC_FL_PUNCH_HOLE, request);
	if (ioctl(block->descriptor, BLKDISCARD, range) == 0)
		return 0;
	return errno == EIO ? -EIO : -EOPNOTSUPP;
}

/* Write the same zeros over and over. */
static int
write_zeros(const struct host_block *block, const struct host_block_request *request)
{
	uint64_t offset = request->offset, left = request->length;
	char zeros[ZEROS_SIZE] = { 0 };
	struct segment segments[BATCH_MAX];

	while (left > 0) {
		struct host_block_request part = {
			.op = HOST_BLOCK_WRITE,
			.offset = offset,
			.segments = segments,
		};
		int error;

		while (part.segment_count < BATCH_MAX && part.length < left) {
			uint64_t rest = left - part.length;
			size_t length = rest < ZEROS_SIZE ? (size_t)rest : ZEROS_SIZE;

			segments[part.segment_count++] = (struct segment){ zeros, length };
			part.length += length;
		}
		error = transfer(block, &part);
		if (error < 0)
			return error;
		offset += part.length;
		left -= part.length;
	}
	return 0;
}

/* Zeros that keep their space are best, a hole is next; writing always works. */
static int
zero(const struct host_block *block, const struct host_block_request *request)
{
	int error = allocate(block, FALLOC_FL_ZERO_RANGE, request);

	if (error == -EOPNOTSUPP && !block->is_device)
		error = allocate(block, FALLOC_FL_PUNCH_HOLE, request);
	if (error == -EOPNOTSUPP)
		error = write_zeros(block, request);
	return error;
}

static int
carry_out(struct host_block *block, struct host_block_request *request)
{
	if (request->offset > block->size || request->length > block->size - request->offset)
		return -EIO;
	if (request->op == HOST_BLOCK_READ && block->compressed != NULL)
		return compressed_read(block->compressed, request->offset, request->segments,
		    request->segment_count, &request->fault);
	if (request->op == HOST_BLOCK_READ)
		return transfer(block, request);
	if (request->op == HOST_BLOCK_FLUSH)
		return flush(block);
	if (!block->is_writable)
		return -EROFS;
	if (request->length == 0)
		return 0;
	switch (request->op) {
	case HOST_BLOCK_WRITE:
		return transfer(block, request);
	case HOST_BLOCK_DISCARD:
		return discard(block, request);
	case HOST_BLOCK_ZERO:
		return zero(block, request);
	default:
		return -EOPNOTSUPP;
	}
}

void
posix_block_submit(struct host *host, struct host_block *block, struct host_block_request *request)
{
	request->done(request, carry_out(block, request));
}
