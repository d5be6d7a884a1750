/*
 * Tests of the radix tree against a dumb twin: a sorted array.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "base/hash.h"
#include "tests/test_kernel.h"
#include "vfs/radix.h"

#define TWIN_MAX 512

/* What the tree should hold, by rising index. */
struct twin {
	size_t count;
	uint64_t indexes[TWIN_MAX];
};

/* The entry of an index: any pointer that tells it. */
static void *
entry_of(uint64_t index)
{
	return (void *)(uintptr_t)(hash_u64(index) | 1);
}

/* Where index is, or would be. */
static size_t
twin_place(const struct twin *twin, uint64_t index)
{
	size_t place = 0;

	while (place < twin->count && twin->indexes[place] < index)
		place++;
	return place;
}

static bool
twin_has(const struct twin *twin, uint64_t index)
{
	size_t place = twin_place(twin, index);

	return place < twin->count && twin->indexes[place] == index;
}

static void
twin_insert(struct twin *twin, uint64_t index)
{
	size_t place = twin_place(twin, index);

	memmove(&twin->indexes[place + 1], &twin->indexes[place],
	    (twin->count++ - place) * sizeof(uint64_t));
	twin->indexes[place] = index;
}

static void
twin_remove(struct twin *twin, uint64_t index)
{
	size_t place = twin_place(twin, index);

	memmove(&twin->indexes[place], &twin->indexes[place + 1],
	    (--twin->count - place) * sizeof(uint64_t));
}

static void
assert_same(const struct radix_tree *tree, const struct twin *twin)
{
	uint64_t index = 0;

	for (size_t i = 0; i < twin->count; i++) {
		assert_ptr_equal(radix_find_from(tree, &index), entry_of(twin->indexes[i]));
		assert_true(index == twin->indexes[i]);
		assert_ptr_equal(radix_find(tree, index), entry_of(index));
		index++;
	}
	if (twin->count == 0 || twin->indexes[twin->count - 1] != UINT64_MAX)
		assert_null(radix_find_from(tree, &index));
}

/* An index of some size: all heights and both ends of the range occur. */
static uint64_t
some_index(uint64_t *seed)
{
	uint64_t bits = (*seed = hash_u64(*seed + 1)) % 65;
	uint64_t index = (*seed = hash_u64(*seed + 1));

	if (bits == 64)
		return UINT64_MAX - index % 3;
	return index & (((uint64_t)1 << bits) - 1);
}

/* What is not in the twin is not in the tree either. */
static void
assert_lacks(struct radix_tree *tree, const struct twin *twin, uint64_t index)
{
	if (twin_has(twin, index))
		return;
	assert_null(radix_find(tree, index));
	assert_null(radix_remove(tree, index));
}

static void
a_random_walk_agrees_with_a_sorted_array(void **state)
{
	struct radix_tree tree;
	struct twin twin = { 0 };
	uint64_t seed = 1;

	radix_init(&tree, *state);
	for (unsigned step = 0; step < 20000; step++) {
		/* Grow and shrink by turns, down to nothing. */
		bool is_growing = step / 500 % 2 == 0;
		uint64_t index = some_index(&seed);

		if (is_growing && twin.count < TWIN_MAX && !twin_has(&twin, index)) {
			assert_int_equal(radix_insert(&tree, index, entry_of(index)), 0);
			twin_insert(&twin, index);
		} else if (!is_growing && twin.count > 0) {
			index = twin.indexes[index % twin.count];
			assert_ptr_equal(radix_remove(&tree, index), entry_of(index));
			twin_remove(&twin, index);
		}
		assert_lacks(&tree, &twin, some_index(&seed));
		if (step % 50 == 0 || twin.count < 3)
			assert_same(&tree, &twin);
	}
	while (twin.count > 0) {
		radix_remove(&tree, twin.indexes[0]);
		twin_remove(&twin, twin.indexes[0]);
	}
	assert_null(tree.root);
	assert_int_equal(tree.height, 0);
}

static void
is_no_higher_than_its_highest_index_needs(void **state)
{
	static const struct {
		uint64_t index;
		unsigned height;
	} rows[] = {
		{ 0, 0 },		 /* the entry is the root */
		{ 1, 1 },		 /* one node */
		{ 63, 1 },		 /* the last slot of it */
		{ 64, 2 },		 /* one too many */
		{ 4095, 2 },		 /* 64 nodes of 64 */
		{ 4096, 3 },		 /* again */
		{ UINT64_MAX / 16, 10 }, /* ten levels to the bit */
		{ UINT64_MAX, 11 },	 /* four bits in the topmost */
	};
	struct radix_tree tree;

	radix_init(&tree, *state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t index = rows[i].index;

		assert_int_equal(radix_insert(&tree, index, &tree), 0);
		assert_int_equal(tree.height, rows[i].height);
		if (index > 0) {
			assert_int_equal(radix_insert(&tree, 0, &tree), 0);
			assert_int_equal(tree.height, rows[i].height);
			assert_non_null(radix_remove(&tree, index));
			assert_int_equal(tree.height, 0);
		}
		assert_ptr_equal(radix_remove(&tree, 0), &tree);
	}
}

static void
a_search_past_the_last_index_ends(void **state)
{
	uint64_t index = UINT64_MAX;
	struct radix_tree tree;

	radix_init(&tree, *state);
	assert_null(radix_find_from(&tree, &index));
	assert_int_equal(radix_insert(&tree, UINT64_MAX - 1, &tree), 0);
	assert_null(radix_find_from(&tree, &index));
	assert_true(index == UINT64_MAX);
	index = 0;
	assert_ptr_equal(radix_find_from(&tree, &index), &tree);
	assert_true(index == UINT64_MAX - 1);
	radix_remove(&tree, UINT64_MAX - 1);
}

/* Insert index, with ever more pages to be had, until it works. */
static void
insert_without_memory(struct radix_tree *tree, struct twin *twin, uint64_t index)
{
	struct hog hog;
	int error = -ENOMEM;

	for (size_t pages = 0; error < 0; pages++) {
		hog_take(&hog, tree->kernel);
		hog_give(&hog, pages);
		error = radix_insert(tree, index, entry_of(index));
		hog_give_all(&hog);
		if (error < 0) {
			assert_int_equal(error, -ENOMEM);
			assert_same(tree, twin);
		}
	}
	twin_insert(twin, index);
	assert_same(tree, twin);
}

static void
is_as_before_when_there_is_no_memory(void **state)
{
	static const uint64_t indexes[] = { 5, 64, 300, (uint64_t)1 << 30, UINT64_MAX };
	struct radix_tree tree;
	struct twin twin = { 0 };

	radix_init(&tree, *state);
	for (size_t i = 0; i < ARRAY_SIZE(indexes); i++)
		insert_without_memory(&tree, &twin, indexes[i]);
	assert_int_equal(tree.height, 11);
	for (size_t i = ARRAY_SIZE(indexes); i-- > 0;)
		assert_non_null(radix_remove(&tree, indexes[i]));
	assert_null(tree.root);
}

static int
set_up(void **state)
{
	*state = test_kernel_create(NULL, 0, (uint64_t)4 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	test_kernel_destroy(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_random_walk_agrees_with_a_sorted_array),
		cmocka_unit_test(is_no_higher_than_its_highest_index_needs),
		cmocka_unit_test(a_search_past_the_last_index_ends),
		cmocka_unit_test(is_as_before_when_there_is_no_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
