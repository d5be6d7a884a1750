/*
 * Tests of the index of a directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errno.h"
#include "base/hash.h"
#include "fs/ffs/index.h"
#include "kern/memory.h"
#include "tests/fake_host.h"

#define MANY 20000

static struct host host;

static int
create_kernel(void **state)
{
	*state = fake_kernel_create(&host, false, 0);
	return 0;
}

static int
create_small_kernel(void **state)
{
	*state = fake_kernel_create(&host, false, 4 * CHUNK_SIZE);
	return 0;
}

static int
destroy_kernel(void **state)
{
	fake_kernel_destroy(*state);
	return 0;
}

static uint32_t
hash_of(uint64_t number)
{
	return (uint32_t)hash_u64(number + 1);
}

/* How many entries of this hash the index has; whether offset is one of them. */
static unsigned
count(const struct ffs_index *index, uint32_t hash, uint64_t wanted, bool *is_there)
{
	uint32_t cursor = 0;
	uint64_t offset;
	unsigned found = 0;

	*is_there = false;
	for (; ffs_index_next(index, hash, &cursor, &offset); found++)
		*is_there |= offset == wanted;
	return found;
}

static void
expect(const struct ffs_index *index, uint32_t hash, unsigned want, uint64_t offset)
{
	bool is_there;

	assert_int_equal(count(index, hash, offset, &is_there), want);
	assert_int_equal(is_there, want > 0);
}

static void
finds_every_entry_among_many(void **state)
{
	struct ffs_index *index = ffs_index_create(*state);

	assert_non_null(index);
	for (uint64_t i = 0; i < MANY; i++)
		assert_int_equal(ffs_index_add(index, hash_of(i), i * 24), 0);
	for (uint64_t i = 0; i < MANY; i++)
		expect(index, hash_of(i), 1, i * 24);
	for (uint64_t i = MANY; i < 2 * MANY; i++)
		expect(index, hash_of(i), 0, i * 24);
	ffs_index_destroy(index);
}

static void
keeps_entries_of_the_same_hash_apart(void **state)
{
	struct ffs_index *index = ffs_index_create(*state);

	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(ffs_index_add(index, UINT32_MAX, i * 4), 0);
	for (uint64_t i = 0; i < 8; i++)
		expect(index, UINT32_MAX, 8, i * 4);
	expect(index, 0, 0, 0);
	ffs_index_destroy(index);
}

/* A directory of one name takes no longer than others: this test would, by far. */
static void
keeps_few_of_a_name_that_is_there_many_times(void **state)
{
	struct ffs_index *index = ffs_index_create(*state);

	for (uint64_t i = 0; i < 50 * MANY; i++)
		assert_int_equal(ffs_index_add(index, (uint32_t)(i % 3), i * 4), 0);
	for (uint32_t hash = 0; hash < 3; hash++)
		expect(index, hash, 8, hash * 4);
	ffs_index_destroy(index);
}

static void
uses_the_place_of_a_removed_entry_again(void **state)
{
	struct ffs_index *index = ffs_index_create(*state);

	for (uint64_t i = 0; i < MANY; i++)
		assert_int_equal(ffs_index_add(index, hash_of(i), i * 4), 0);
	for (uint64_t i = 0; i < 10 * MANY; i++) {
		assert_int_equal(ffs_index_add(index, 7, i * 4), 0);
		expect(index, 7, 1, i * 4);
		ffs_index_remove(index, 7, i * 4);
	}
	expect(index, 7, 0, 0);
	for (uint64_t i = 0; i < MANY; i++)
		expect(index, hash_of(i), 1, i * 4);
	ffs_index_destroy(index);
}

static void
reaches_the_largest_place(void **state)
{
	struct ffs_index *index = ffs_index_create(*state);

	assert_int_equal(ffs_index_add(index, 5, 0), 0);
	assert_int_equal(ffs_index_add(index, 6, FFS_INDEX_OFFSET_MAX), 0);
	expect(index, 5, 1, 0);
	expect(index, 6, 1, FFS_INDEX_OFFSET_MAX);
	ffs_index_destroy(index);
}

/* Where every second page is taken, there are no two free ones in a row. */
static void
makes_do_with_memory_in_pieces(void **state)
{
	static void *pages[4 * CHUNK_SIZE / PAGE_SIZE];
	struct ffs_index *index = ffs_index_create(*state);
	unsigned page_count = 0;

	while ((pages[page_count] = page_run_alloc(*state, 1)) != NULL)
		page_count++;
	assert_in_range(page_count, 100, ARRAY_SIZE(pages) - 1);
	for (unsigned i = 0; i < page_count; i += 2)
		page_run_free(*state, pages[i], 1);
	for (uint64_t i = 0; i < MANY / 2; i++)
		assert_int_equal(ffs_index_add(index, hash_of(i), i * 4), 0);
	for (uint64_t i = 0; i < MANY / 2; i++)
		expect(index, hash_of(i), 1, i * 4);
	ffs_index_destroy(index);
	for (unsigned i = 1; i < page_count; i += 2)
		page_run_free(*state, pages[i], 1);
}

static void
says_so_when_there_is_no_memory(void **state)
{
	struct ffs_index *index = ffs_index_create(*state);
	int error = 0;

	for (uint64_t i = 0; error == 0 && i < (uint64_t)MANY * 100; i++)
		error = ffs_index_add(index, hash_of(i), i * 4);
	assert_int_equal(error, -ENOMEM);
	expect(index, hash_of(0), 1, 0);
	ffs_index_destroy(index);
}

#define CASE(test, create) cmocka_unit_test_setup_teardown(test, create, destroy_kernel)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(finds_every_entry_among_many, create_kernel),
		CASE(keeps_entries_of_the_same_hash_apart, create_kernel),
		CASE(keeps_few_of_a_name_that_is_there_many_times, create_kernel),
		CASE(uses_the_place_of_a_removed_entry_again, create_kernel),
		CASE(reaches_the_largest_place, create_kernel),
		CASE(makes_do_with_memory_in_pieces, create_small_kernel),
		CASE(says_so_when_there_is_no_memory, create_small_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
