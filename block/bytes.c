/*
 * Any bytes of a device, for formats that do not keep to sectors.
 *
 * The sectors that hold them are read into memory of our own, some at a time,
 * and copied from there.  To read into the caller's memory and move it into
 * place was rejected: the last sector would need a place of its own anyway, and
 * a copy costs little beside a transfer.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "block/block_impl.h"

#define BOUNCE_MAX 65536

/* Where the next bytes go. */
struct cursor {
	const struct segment *segment;
	size_t done; /* bytes of it */
};

/* Take the next place, of at most size bytes, of which there is one; how many it has. */
static size_t
cursor_next(struct cursor *cursor, uint64_t size, uint8_t **to)
{
	size_t part;

	while (cursor->done == cursor->segment->length)
		*cursor = (struct cursor){ .segment = cursor->segment + 1 };
	part = (size_t)min_u64(size, cursor->segment->length - cursor->done);
	*to = (uint8_t *)cursor->segment->data + cursor->done;
	cursor->done += part;
	return part;
}

static void
cursor_copy(struct cursor *cursor, const uint8_t *from, size_t size)
{
	while (size > 0) {
		uint8_t *to;
		size_t part = cursor_next(cursor, size, &to);

		memcpy(to, from, part);
		from += part;
		size -= part;
	}
}

static void
cursor_zero(struct cursor *cursor, uint64_t size)
{
	while (size > 0) {
		uint8_t *to;
		size_t part = cursor_next(cursor, size, &to);

		memset(to, 0, part);
		size -= part;
	}
}

/* Read [offset, end), which is inside dev, by way of bounce. */
static int
read_bounced(struct block_dev *dev, uint64_t offset, uint64_t end, struct cursor *cursor,
    uint8_t *bounce, size_t bounce_size)
{
	while (offset < end) {
		uint64_t start = round_down(offset, dev->sector_size);
		uint64_t stop = min_u64(round_up(end, dev->sector_size), start + bounce_size);
		size_t size = (size_t)(min_u64(stop, end) - offset);
		int error = block_read(dev, start, bounce, (size_t)(stop - start));

		if (error < 0)
			return error;
		cursor_copy(cursor, bounce + (offset - start), size);
		offset += size;
	}
	return 0;
}

int
block_read_bytes(struct block_dev *dev, uint64_t offset, const struct segment *segments,
    size_t count)
{
	struct cursor cursor = { .segment = segments };
	uint64_t length = 0;
	uint64_t stored;
	size_t bounce_size;
	uint8_t *bounce;
	int error;

	for (size_t i = 0; i < count; i++) {
		if (add_overflows(length, segments[i].length, &length))
			return -EINVAL;
	}
	if (offset > dev->size)
		return -EINVAL;
	if (block_range_is_valid(dev, offset, length))
		return block_read_segments(dev, offset, segments, count);

	stored = min_u64(length, dev->size - offset);
	bounce_size =
	    (size_t)round_up(min_u64(stored + dev->sector_size, BOUNCE_MAX), dev->sector_size);
	bounce = memory_alloc(dev->kernel, bounce_size);
	if (bounce == NULL)
		return -ENOMEM;
	error = read_bounced(dev, offset, offset + stored, &cursor, bounce, bounce_size);
	if (error == 0)
		cursor_zero(&cursor, length - stored);
	memory_free(dev->kernel, bounce, bounce_size);
	return error;
}
