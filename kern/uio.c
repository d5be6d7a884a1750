/*
 * Data on its way: see uio.h.
 *
 * A uio always stands at a byte to transfer or at its end: ranges that are
 * used up, and empty ones, are passed over whenever it moves, so that all
 * others find a piece of 1 byte or more as long as any is left.
 */
#include "kern/uio.h"

#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"

static const uint8_t zeros[512];

/* Pass over ranges that have no byte left. */
static void
uio_settle(struct uio *uio)
{
	while (uio->range_count > 0 && uio->range_offset == uio->ranges->length) {
		uio->ranges++;
		uio->range_count--;
		uio->range_offset = 0;
	}
}

void
uio_init(struct uio *uio, struct address_space *space, const struct uio_range *ranges,
    size_t range_count, uint64_t total)
{
	*uio = (struct uio){
		.space = space,
		.ranges = ranges,
		.range_count = range_count,
		.left = total,
	};
	uio_settle(uio);
}

void
uio_init_kernel(struct uio *uio, struct address_space *space, struct uio_range *range, void *data,
    size_t length)
{
	space->ops = &address_space_local_ops;
	range->start.address = (uintptr_t)data;
	range->length = length;
	uio_init(uio, space, range, 1, length);
}

/* Where the next bytes lie, and how many of size of them in a row. */
static struct user_ptr
uio_piece(const struct uio *uio, uint64_t size, size_t *length)
{
	uint64_t left = uio->ranges->length - uio->range_offset;

	*length = (size_t)min_u64(min_u64(size, left), SIZE_MAX);
	return user_ptr_add(uio->ranges->start, uio->range_offset);
}

/* Pass over size bytes of the current range. */
static void
uio_advance_piece(struct uio *uio, size_t size)
{
	uio->range_offset += size;
	uio->left -= size;
	uio_settle(uio);
}

int
uio_copy_out(struct uio *uio, const void *from, size_t size)
{
	const char *bytes = from;
	size_t piece;

	ASSERT(size <= uio->left);
	while (size > 0) {
		struct user_ptr to = uio_piece(uio, size, &piece);
		int error = copy_out(uio->space, to, bytes, piece);

		if (error < 0)
			return error;
		bytes += piece;
		size -= piece;
		uio_advance_piece(uio, piece);
	}
	return 0;
}

int
uio_copy_in(struct uio *uio, void *to, size_t size)
{
	char *bytes = to;
	size_t piece;

	ASSERT(size <= uio->left);
	while (size > 0) {
		struct user_ptr from = uio_piece(uio, size, &piece);
		int error = copy_in(uio->space, bytes, from, piece);

		if (error < 0)
			return error;
		bytes += piece;
		size -= piece;
		uio_advance_piece(uio, piece);
	}
	return 0;
}

int
uio_zero_out(struct uio *uio, uint64_t size)
{
	size_t piece;

	ASSERT(size <= uio->left);
	while (size > 0) {
		struct user_ptr to = uio_piece(uio, size, &piece);
		void *memory = uio->space->ops->direct(uio->space, to, piece);
		int error;

		if (memory != NULL) {
			memset(memory, 0, piece);
		} else {
			piece = (size_t)min_u64(piece, sizeof(zeros));
			error = copy_out(uio->space, to, zeros, piece);
			if (error < 0)
				return error;
		}
		size -= piece;
		uio_advance_piece(uio, piece);
	}
	return 0;
}

size_t
uio_direct(struct uio *uio, uint64_t size, uint64_t unit, struct segment *segments,
    size_t segment_max, uint64_t *length)
{
	struct uio ahead = *uio;
	uint64_t total = 0;
	uint64_t excess;
	size_t count = 0;
	size_t piece;

	ASSERT(size <= uio->left && unit > 0);
	while (total < size && count < segment_max) {
		struct user_ptr at = uio_piece(&ahead, size - total, &piece);
		void *memory = ahead.space->ops->direct(ahead.space, at, piece);

		if (memory == NULL)
			break;
		segments[count++] = (struct segment){ memory, piece };
		total += piece;
		uio_advance_piece(&ahead, piece);
	}

	/* What is no whole unit goes again, from the end. */
	excess = total % unit;
	*length = total - excess;
	while (excess > 0 && segments[count - 1].length <= excess) {
		count--;
		excess -= segments[count].length;
	}
	if (excess > 0)
		segments[count - 1].length -= (size_t)excess;
	return count;
}

void
uio_advance(struct uio *uio, uint64_t size)
{
	size_t piece;

	ASSERT(size <= uio->left);
	while (size > 0) {
		uio_piece(uio, size, &piece);
		uio_advance_piece(uio, piece);
		size -= piece;
	}
}
