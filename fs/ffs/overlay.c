/*
 * Building and searching of overlays.
 *
 * The ends of all writes cut the device into segments, each of which has one
 * newest write.  The newest write is asked first and takes all segments it
 * covers, then the one before it those that are left, and so on; next leads
 * past segments that are taken, so that each is taken once and passed over
 * in almost constant time.  A balanced tree of intervals would do the same
 * online; a journal is known at once, so arrays do.
 */
#include "fs/ffs/overlay.h"

#include "base/math.h"

#define NOBODY SIZE_MAX

/* Let the start of root sink to its place in the heap of count, largest on top. */
static void
sift_down(struct ffs_overlay_segment *heap, size_t root, size_t count)
{
	uint64_t start = heap[root].start;

	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= count)
			break;
		if (child + 1 < count && heap[child + 1].start > heap[child].start)
			child++;
		if (heap[child].start <= start)
			break;
		heap[root].start = heap[child].start;
		root = child;
	}
	heap[root].start = start;
}

/* Sort starts by heap sort: in place, and never slow whatever a medium holds. */
static void
sort(struct ffs_overlay_segment *segments, size_t count)
{
	for (size_t root = count / 2; root-- > 0;)
		sift_down(segments, root, count);
	for (size_t last = count; last-- > 1;) {
		uint64_t largest = segments[0].start;

		segments[0].start = segments[last].start;
		segments[last].start = largest;
		sift_down(segments, 0, last);
	}
}

/* Drop all but one of equal neighbours; how many are left. */
static size_t
unique(struct ffs_overlay_segment *segments, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (kept == 0 || segments[i].start != segments[kept - 1].start)
			segments[kept++].start = segments[i].start;
	return kept;
}

/* The index of the segment that starts at start, which there is. */
static size_t
segment_at(const struct ffs_overlay_segment *segments, size_t count, uint64_t start)
{
	size_t low = 0, high = count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (segments[middle].start <= start)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The first segment at or after index that nobody owns; shortens the way. */
static size_t
next_free(struct ffs_overlay_segment *segments, size_t index)
{
	while (segments[index].next != index) {
		segments[index].next = segments[segments[index].next].next;
		index = segments[index].next;
	}
	return index;
}

size_t
ffs_overlay_cut(const struct ffs_overlay_write *writes, size_t count,
    struct ffs_overlay_segment *segments)
{
	size_t used;

	for (size_t i = 0; i < count; i++) {
		segments[2 * i].start = writes[i].start;
		segments[2 * i + 1].start = writes[i].end;
	}
	sort(segments, 2 * count);
	used = unique(segments, 2 * count);
	for (size_t i = 0; i < used; i++) {
		segments[i].owner = NOBODY;
		segments[i].next = i;
	}
	for (size_t i = count; i-- > 0;) {
		size_t end = segment_at(segments, used, writes[i].end);
		size_t index = segment_at(segments, used, writes[i].start);

		for (index = next_free(segments, index); index < end;
		     index = next_free(segments, index)) {
			segments[index].owner = i;
			segments[index].next = index + 1;
		}
	}
	return used;
}

size_t
ffs_overlay_build(const struct ffs_overlay_write *writes,
    const struct ffs_overlay_segment *segments, size_t segment_count,
    struct ffs_overlay_extent *extents)
{
	struct ffs_overlay_extent last = { .end = 0 };
	size_t count = 0;

	for (size_t i = 0; i + 1 < segment_count; i++) {
		uint64_t start = segments[i].start, end = segments[i + 1].start, source;
		const struct ffs_overlay_write *owner;

		if (segments[i].owner == NOBODY)
			continue;
		owner = writes + segments[i].owner;
		if (owner->source == FFS_OVERLAY_NONE)
			continue;
		source = owner->source + (start - owner->start);
		if (count > 0 && last.end == start && last.source + (start - last.start) == source)
			last.end = end;
		else
			last = (struct ffs_overlay_extent){ start, end, source };
		if (last.start == start)
			count++;
		if (extents != NULL)
			extents[count - 1] = last;
	}
	return count;
}

uint64_t
ffs_overlay_find(const struct ffs_overlay *overlay, uint64_t start, uint64_t length,
    uint64_t *source)
{
	const struct ffs_overlay_extent *extents = overlay->extents;
	size_t low = 0, high = overlay->count;

	/* The first extent that ends after start. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (extents[middle].end <= start)
			low = middle + 1;
		else
			high = middle;
	}
	*source = start;
	if (low == overlay->count)
		return length;
	if (start < extents[low].start)
		return min_u64(length, extents[low].start - start);
	*source = extents[low].source + (start - extents[low].start);
	return min_u64(length, extents[low].end - start);
}
