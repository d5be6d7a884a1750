/*
 * Tests of tmpfs directories against a dumb twin, an array of names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "fs/tmpfs/directory.h"
#include "kern/kernel.h"
#include "tests/test_kernel.h"

#define NAME_COUNT 600

/* Which of the names 0 to NAME_COUNT - 1 there are, and where they stand. */
struct twin {
	struct tmpfs_entry *entries[NAME_COUNT];
	size_t count;
};

/* The text of a name; some are long. */
static struct name
name_number(unsigned number, char text[256])
{
	int length = snprintf(text, 256, "%0*u", number % 7 == 0 ? 255 : 1, number);

	return (struct name){ text, (size_t)length };
}

/* The number of which an entry is the name. */
static unsigned
number_of(const struct tmpfs_entry *entry)
{
	char text[256] = "";

	memcpy(text, entry->name, entry->length);
	return (unsigned)strtoul(text, NULL, 10);
}

static void
assert_same(const struct tmpfs_directory *directory, const struct twin *twin)
{
	struct tmpfs_entry *entry;
	uint64_t position = 0;
	size_t count = 0;
	char text[256];

	for (unsigned i = 0; i < NAME_COUNT; i++)
		assert_ptr_equal(tmpfs_directory_find(directory, name_number(i, text)),
		    twin->entries[i]);
	while ((entry = tmpfs_directory_at(directory, position)) != NULL) {
		assert_true(entry->position >= position);
		position = entry->position + 1;
		count++;
	}
	assert_int_equal(count, twin->count);
	assert_int_equal(directory->entry_count, twin->count);
}

static void
toggle(struct tmpfs_directory *directory, struct twin *twin, unsigned number, bool is_growing)
{
	struct tmpfs_entry **entry = &twin->entries[number];
	char text[256];

	if (is_growing && *entry == NULL) {
		*entry = tmpfs_directory_add(directory, name_number(number, text));
		assert_non_null(*entry);
		assert_null((*entry)->node);
		twin->count++;
	} else if (!is_growing && *entry != NULL) {
		tmpfs_directory_remove(directory, *entry);
		*entry = NULL;
		twin->count--;
	}
}

static void
random_changes_agree_with_an_array(void **state)
{
	struct tmpfs_directory directory;
	struct twin twin = { 0 };
	uint64_t random = 1;

	tmpfs_directory_init(&directory, *state);
	for (unsigned step = 0; step < 12000; step++) {
		/* Two of three steps go up for a while, then down. */
		bool is_growing = (step / 2000 % 2 == 0) == (hash_u64(random + 1) % 3 > 0);

		toggle(&directory, &twin, (unsigned)(hash_u64(random) % NAME_COUNT), is_growing);
		random += 2;
		if (step % 200 == 0)
			assert_same(&directory, &twin);
	}
	assert_same(&directory, &twin);
	tmpfs_directory_destroy(&directory);
}

static void
the_table_grows_and_shrinks_with_the_entries(void **state)
{
	struct tmpfs_directory directory;
	char text[256];

	tmpfs_directory_init(&directory, *state);
	assert_int_equal(directory.bucket_count, TMPFS_BUCKETS_MIN);
	for (unsigned i = 0; i < 5000; i++) {
		assert_non_null(tmpfs_directory_add(&directory, name_number(i, text)));
		assert_true(directory.entry_count <= directory.bucket_count);
	}
	assert_int_equal(directory.bucket_count, 8192);
	for (unsigned i = 0; i < 5000; i++) {
		tmpfs_directory_remove(&directory,
		    tmpfs_directory_find(&directory, name_number(i, text)));
		assert_true(directory.bucket_count <= TMPFS_BUCKETS_MIN ||
			    directory.entry_count >= directory.bucket_count / 8);
	}
	assert_int_equal(directory.bucket_count, TMPFS_BUCKETS_MIN);
	assert_null(directory.positions.root);
	tmpfs_directory_destroy(&directory);
}

static void
chains_are_short_whatever_the_names(void **state)
{
	struct tmpfs_directory directory;
	size_t longest = 0;
	char text[256];

	tmpfs_directory_init(&directory, *state);
	for (unsigned i = 0; i < 20000; i++)
		assert_non_null(tmpfs_directory_add(&directory, name_number(i * 1024, text)));
	for (size_t i = 0; i < directory.bucket_count; i++) {
		size_t length = 0;

		for (struct tmpfs_entry *e = directory.buckets[i]; e != NULL; e = e->next)
			length++;
		longest = length > longest ? length : longest;
	}
	assert_true(longest <= 12);
	tmpfs_directory_destroy(&directory);
}

static void
a_listing_in_pieces_misses_and_repeats_nothing_that_stays(void **state)
{
	struct tmpfs_directory directory;
	unsigned seen[NAME_COUNT] = { 0 };
	struct twin twin = { 0 };
	struct tmpfs_entry *entry;
	uint64_t position = 0;
	unsigned step = 0;

	tmpfs_directory_init(&directory, *state);
	for (unsigned i = 0; i < NAME_COUNT / 2; i++)
		toggle(&directory, &twin, i, true);
	/* Names divisible by 3 come and go all the time, and so do new ones. */
	while ((entry = tmpfs_directory_at(&directory, position)) != NULL) {
		unsigned number = number_of(entry);
		unsigned other = (unsigned)(hash_u64(step++) % (NAME_COUNT / 6)) * 3;

		assert_true(number < NAME_COUNT);
		seen[number]++;
		position = entry->position + 1;
		if (step > 2000)
			continue;
		toggle(&directory, &twin, other, twin.entries[other] == NULL);
	}
	for (unsigned i = 0; i < NAME_COUNT / 2; i++)
		if (i % 3 != 0)
			assert_int_equal(seen[i], 1);
	tmpfs_directory_destroy(&directory);
}

static void
without_memory_nothing_changes(void **state)
{
	struct tmpfs_directory directory;
	unsigned failures = 0;
	char text[256];

	tmpfs_directory_init(&directory, *state);
	for (unsigned i = 0; i < 40; i++) {
		struct tmpfs_entry *entry = NULL;
		struct hog hog;

		/* A table that cannot grow is no reason to fail. */
		for (size_t pages = 0; entry == NULL; pages++) {
			assert_true(pages < 5);
			hog_take(&hog, *state);
			hog_give(&hog, pages);
			entry = tmpfs_directory_add(&directory, name_number(i, text));
			hog_give_all(&hog);
			failures += entry == NULL;
			assert_int_equal(directory.entry_count, entry == NULL ? i : i + 1);
		}
		assert_ptr_equal(tmpfs_directory_find(&directory, name_number(i, text)), entry);
	}
	assert_true(failures >= 40);
	tmpfs_directory_destroy(&directory);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_changes_agree_with_an_array),
		TEST(the_table_grows_and_shrinks_with_the_entries),
		TEST(chains_are_short_whatever_the_names),
		TEST(a_listing_in_pieces_misses_and_repeats_nothing_that_stays),
		TEST(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
