/*
 * Building and searching of overlays.
 *
 * The ends of all writes cut the device into segments, each of which has one
 * newest write.  The newest write is asked first and takes all segments it
 * covers, then the one before it those that are left, and so on; next[]
 * skips segments that are taken, so that each is taken once and passed over
 * in almost constant time.  A balanced tree of intervals would do the same
 * online; a journal is known at once, so arrays do.
 */
#include "fs/ffs/overlay.h"

#include "base/math.h"

#define NOBODY SIZE_MAX

/* Let bounds[root] sink to its place in the heap of count, largest on top. */
static void
sift_down(uint64_t *bounds, size_t root, size_t count)
{
	uint64_t value = bounds[root];

	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= count)
			break;
		if (child + 1 < count && bounds[child + 1] > bounds[child])
			child++;
		if (bounds[child] <= value)
			break;
		bounds[root] = bounds[child];
		root = child;
	}
	bounds[root] = value;
}

/* Heap sort: in place, and never slow whatever a medium holds. */
static void
sort(uint64_t *bounds, size_t count)
{
	for (size_t root = count / 2; root-- > 0;)
		sift_down(bounds, root, count);
	for (size_t last = count; last-- > 1;) {
		uint64_t largest = bounds[0];

		bounds[0] = bounds[last];
		bounds[last] = largest;
		sift_down(bounds, 0, last);
	}
}

/* Drop all but one of equal neighbours; how many are left. */
static size_t
unique(uint64_t *bounds, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (kept == 0 || bounds[i] != bounds[kept - 1])
			bounds[kept++] = bounds[i];
	return kept;
}

/* The index of value, which is in bounds. */
static size_t
position(const uint64_t *bounds, size_t count, uint64_t value)
{
	size_t low = 0, high = count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (bounds[middle] <= value)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The first segment at or after segment that nobody owns; shortens the way. */
static size_t
next_free(size_t *next, size_t segment)
{
	while (next[segment] != segment) {
		next[segment] = next[next[segment]];
		segment = next[segment];
	}
	return segment;
}

/* Give each of the segments that bounds cut out to its newest write. */
static void
take_segments(const struct ffs_overlay_write *writes, size_t count,
    const struct ffs_overlay_scratch *scratch, size_t bound_count)
{
	size_t *owners = scratch->owners, *next = scratch->next;

	for (size_t i = 0; i < bound_count; i++) {
		owners[i] = NOBODY;
		next[i] = i;
	}
	for (size_t i = count; i-- > 0;) {
		size_t end = position(scratch->bounds, bound_count, writes[i].end);
		size_t segment = position(scratch->bounds, bound_count, writes[i].start);

		for (segment = next_free(next, segment); segment < end;
		     segment = next_free(next, segment)) {
			owners[segment] = i;
			next[segment] = segment + 1;
		}
	}
}

size_t
ffs_overlay_build(const struct ffs_overlay_write *writes, size_t count,
    const struct ffs_overlay_scratch *scratch, struct ffs_overlay_extent *extents)
{
	struct ffs_overlay_extent *last = NULL;
	uint64_t *bounds = scratch->bounds;
	size_t bound_count, extent_count = 0;

	for (size_t i = 0; i < count; i++) {
		bounds[2 * i] = writes[i].start;
		bounds[2 * i + 1] = writes[i].end;
	}
	sort(bounds, 2 * count);
	bound_count = unique(bounds, 2 * count);
	take_segments(writes, count, scratch, bound_count);

	for (size_t i = 0; i + 1 < bound_count; i++) {
		const struct ffs_overlay_write *owner;
		uint64_t source;

		if (scratch->owners[i] == NOBODY)
			continue;
		owner = writes + scratch->owners[i];
		if (owner->source == FFS_OVERLAY_NONE)
			continue;
		source = owner->source + (bounds[i] - owner->start);
		if (last != NULL && last->end == bounds[i] &&
		    last->source + (last->end - last->start) == source) {
			last->end = bounds[i + 1];
			continue;
		}
		last = extents + extent_count++;
		*last = (struct ffs_overlay_extent){ bounds[i], bounds[i + 1], source };
	}
	return extent_count;
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
