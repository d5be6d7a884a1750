/*
 * Tests of overlays against a dumb twin: an array that says for each unit of a
 * small device where its newest content is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/hash.h"
#include "fs/ffs/overlay.h"

#define DEVICE	   256 /* units */
#define WRITES_MAX 64

static struct ffs_overlay_extent extents[2 * WRITES_MAX];
static struct ffs_overlay overlay = { .extents = extents };

static void
build(const struct ffs_overlay_write *writes, size_t count)
{
	static struct ffs_overlay_segment segments[2 * WRITES_MAX];
	size_t segment_count = ffs_overlay_cut(writes, count, segments);

	overlay.count = ffs_overlay_build(writes, segments, segment_count, NULL);
	assert_int_equal(ffs_overlay_build(writes, segments, segment_count, extents),
	    overlay.count);
}

static void
expect_place(uint64_t start, uint64_t length, uint64_t want_length, uint64_t want_source)
{
	uint64_t source;

	assert_int_equal(ffs_overlay_find(&overlay, start, length, &source), want_length);
	assert_int_equal(source, want_source);
}

static void
leaves_a_device_alone_without_writes(void **state)
{
	build(NULL, 0);
	assert_int_equal(overlay.count, 0);
	expect_place(100, 50, 50, 100);
}

static void
shows_the_newest_of_several_copies(void **state)
{
	static const struct ffs_overlay_write writes[] = {
		{ 100, 108, 1000 },			/* a block */
		{ 102, 103, 2000 },			/* one fragment of it, later */
		{ 120, 128, 3000 }, { 120, 128, 4000 }, /* all of it again */
	};

	build(writes, ARRAY_SIZE(writes));
	expect_place(90, 100, 10, 90); /* in place up to the first */
	expect_place(100, 8, 2, 1000);
	expect_place(102, 8, 1, 2000);
	expect_place(103, 8, 5, 1003);
	expect_place(108, 100, 12, 108);
	expect_place(124, 2, 2, 4004);
	expect_place(128, 7, 7, 128);
}

static void
drops_what_was_revoked_but_not_what_came_later(void **state)
{
	static const struct ffs_overlay_write writes[] = {
		{ 100, 108, 1000 },
		{ 110, 118, 2000 },
		{ 96, 114, FFS_OVERLAY_NONE },
		{ 104, 106, 3000 },
	};

	build(writes, ARRAY_SIZE(writes));
	expect_place(96, 100, 8, 96);
	expect_place(104, 100, 2, 3000);
	expect_place(106, 100, 8, 106);
	expect_place(114, 100, 4, 2004);
}

static void
joins_neighbours_that_lie_together(void **state)
{
	static const struct ffs_overlay_write writes[] = {
		{ 108, 116, 1008 },
		{ 100, 108, 1000 },
	};

	build(writes, ARRAY_SIZE(writes));
	assert_int_equal(overlay.count, 1);
	expect_place(100, 100, 16, 1000);
}

static void
agrees_with_a_twin_that_keeps_every_unit(void **state)
{
	for (uint64_t seed = 0; seed < 2000; seed++) {
		struct ffs_overlay_write writes[WRITES_MAX];
		uint64_t twin[DEVICE], place, count = hash_u64(seed + 1) % WRITES_MAX;

		for (uint64_t i = 0; i < DEVICE; i++)
			twin[i] = i;
		for (uint64_t i = 0; i < count; i++) {
			uint64_t random = hash_u64(seed * 1000 + i + 7);
			uint64_t start = random % DEVICE, length = 1 + (random >> 8) % 40;
			bool is_revoked = (random >> 16) % 4 == 0;

			if (length > DEVICE - start)
				length = DEVICE - start;
			writes[i].start = start;
			writes[i].end = start + length;
			writes[i].source = is_revoked ? FFS_OVERLAY_NONE : 1000 * (i + 1);
			for (uint64_t j = start; j < start + length; j++)
				twin[j] = is_revoked ? j : 1000 * (i + 1) + (j - start);
		}
		build(writes, (size_t)count);
		for (uint64_t i = 0; i < DEVICE; i += place) {
			uint64_t source;

			place = ffs_overlay_find(&overlay, i, DEVICE - i, &source);
			assert_in_range(place, 1, DEVICE - i);
			for (uint64_t j = 0; j < place; j++)
				assert_int_equal(twin[i + j], source + j);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_a_device_alone_without_writes),
		cmocka_unit_test(shows_the_newest_of_several_copies),
		cmocka_unit_test(drops_what_was_revoked_but_not_what_came_later),
		cmocka_unit_test(joins_neighbours_that_lie_together),
		cmocka_unit_test(agrees_with_a_twin_that_keeps_every_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
