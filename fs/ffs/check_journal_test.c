/*
 * Tests of checking a file system with a journal inside it: what is in the
 * journal, and who holds its blocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fs/ffs/layout.h"
#include "tests/fake_fs.h"
#include "tests/ffs_checking.h"
#include "vfs/mount.h"

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 2 },
	{ FFS_UFS1, ORDER_BIG, 4096, 512, 2 },
};

enum {
	JOURNAL_INO = 3,
	JOURNAL_BLOCKS = 256,
	NUMBERS = 872, /* of the superblock: the journal's address, size, block size, inode */
	SUMMARY = 1096,
	FILE_SIZE_MAX = 1328,
	MAGIC = 1372,
};

static struct checking *
create(const struct sample *sample)
{
	struct checking *test = calloc(1, sizeof(*test));

	ffs_image_create_journaled(&test->image, sample, JOURNAL_BLOCKS);
	assert_int_equal(checking_run(test, FS_CHECK_REPAIR)->left, 0);
	assert_int_equal(test->image.sb.journal.place, FFS_JOURNAL_INSIDE_FS);
	return test;
}

/* As a power cut leaves it: what was done is in the journal only, the superblock with it. */
static void
leave_in_journal(struct checking *test)
{
	uint64_t size = test->image.fake.dev.size;
	uint8_t *cut = malloc(size);

	checking_mount(test);
	make_directory(&test->image.context, "/mnt/made", 0755);
	assert_int_equal(mount_sync_all(test->image.kernel), 0);
	memcpy(cut, checking_bytes(test), size);
	assert_int_equal(ffs_image_unmount(&test->image), 0);
	memcpy(checking_bytes(test), cut, size);
	free(cut);
}

/* The superblock that the journal holds. */
static uint8_t *
superblock_in_journal(struct checking *test)
{
	uint8_t *journal = checking_bytes(test) + test->image.sb.journal.offset;
	const uint8_t *magic = checking_superblock_at(test) + MAGIC;

	for (size_t at = 0; at + FFS_SUPERBLOCK_SIZE <= test->image.sb.journal.size; at += 512)
		if (memcmp(journal + at + MAGIC, magic, 4) == 0)
			return journal + at;
	fail_msg("the journal holds no superblock");
	return NULL;
}

/* Repair it; want is told, and all is good then, for who writes as well. */
static void
must_be_repaired(struct checking *test, const char *want, enum ffs_journal_place place)
{
	uint8_t *superblock = checking_superblock_at(test);

	if (checking_run(test, FS_CHECK_REPAIR)->left > 0 || strstr(test->told, want) == NULL)
		fail_msg("repairing, told is:\n%s", test->told);
	if (checking_run(test, FS_CHECK_ONLY)->problems > 0)
		fail_msg("after it:\n%s", test->told);
	assert_int_equal(superblock[865], place);
	checking_mount(test);
	make_directory(&test->image.context, "/mnt/another", 0755);
	assert_int_equal(ffs_image_unmount(&test->image), 0);
	if (checking_run(test, FS_CHECK_ONLY)->problems > 0)
		fail_msg("after writing:\n%s", test->told);
}

static void
what_the_journal_holds_is_written_to_its_place(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct checking *test = create(&samples[s]);

		leave_in_journal(test);
		assert_int_equal(checking_run(test, FS_CHECK_ONLY)->problems, 1);
		must_be_repaired(test, "the journal holds", FFS_JOURNAL_INSIDE_FS);
		ffs_image_must_mount(&test->image);
		assert_true(checking_has(test, "/made"));
		checking_destroy(test);
	}
	(void)state;
}

/* The root has a block of the journal; it comes first, but must not have it. */
static void
no_file_shares_the_blocks_of_the_journal(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct checking *test = create(&samples[s]);
		struct ffs_image *image = &test->image;
		uint64_t first = image->sb.journal.offset / image->sb.fragment_size;

		ffs_image_put_pointer(image, FFS_ROOT_INO, 1, first);
		checking_store(test,
		    ffs_image_inode(image, FFS_ROOT_INO) + (image->sb.version == FFS_UFS2 ? 16 : 8),
		    8, (uint64_t)2 * image->sb.block_size);
		must_be_repaired(test, "is another file's as well", FFS_JOURNAL_INSIDE_FS);
		checking_destroy(test);
	}
	(void)state;
}

static void
a_journal_that_its_inode_does_not_have_is_given_up(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct checking *test = create(&samples[s]);
		struct ffs_image *image = &test->image;

		ffs_image_put_pointer(image, JOURNAL_INO, 5, 0);
		must_be_repaired(test, "not in the blocks of its inode, 3", FFS_JOURNAL_NONE);
		checking_destroy(test);

		test = create(&samples[s]);
		checking_store(test, checking_superblock_at(test) + NUMBERS + 24, 8, UINT32_MAX);
		must_be_repaired(test, "not in the blocks of its inode", FFS_JOURNAL_NONE);
		checking_destroy(test);
	}
	(void)state;
}

/* A place that the superblock is wrong about may be a file's. */
static void
nothing_is_emptied_that_is_no_journal(void **state)
{
	struct checking *test = create(&samples[0]);
	uint8_t *root = ffs_image_at(&test->image, ffs_image_root(&test->image));
	uint8_t kept[512];

	leave_in_journal(test);
	memcpy(kept, root, sizeof(kept));
	checking_store(test, checking_superblock_at(test) + NUMBERS, 8,
	    ffs_image_root(&test->image));
	must_be_repaired(test, "the journal is damaged", FFS_JOURNAL_NONE);
	assert_memory_equal(root, kept, 24);
	checking_destroy(test);
	(void)state;
}

static void
a_journal_without_room_is_given_up(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		for (uint64_t sectors = 1; sectors <= 2; sectors++) {
			struct checking *test = create(&samples[s]);

			checking_store(test, checking_superblock_at(test) + NUMBERS + 8, 8,
			    sectors);
			must_be_repaired(test, "the journal is damaged", FFS_JOURNAL_NONE);
			checking_destroy(test);
		}
	}
	(void)state;
}

/* The superblock in the journal comes to its place, and is what counts then. */
static void
the_journal_is_emptied_as_the_superblock_in_it_says(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct checking *test = create(&samples[s]);
		uint64_t sectors = test->image.sb.journal.size / 512;

		leave_in_journal(test);
		superblock_in_journal(test);
		checking_store(test, checking_superblock_at(test) + NUMBERS + 8, 8, sectors + 2);
		must_be_repaired(test, "the journal holds", FFS_JOURNAL_INSIDE_FS);
		checking_destroy(test);
	}
	(void)state;
}

static void
a_superblock_from_the_journal_is_compared_with_copies(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct checking *test = create(&samples[s]);

		leave_in_journal(test);
		checking_store(test, superblock_in_journal(test) + FILE_SIZE_MAX, 8, 5000);
		must_be_repaired(test, "its copies allow files of another size",
		    FFS_JOURNAL_INSIDE_FS);
		checking_destroy(test);
	}
	(void)state;
}

/* It decodes, but says that the summary is where it is not. */
static void
a_superblock_from_the_journal_is_no_better_than_others(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct checking *test = create(&samples[s]);
		uint64_t summary = test->image.sb.summary_address;

		leave_in_journal(test);
		checking_store(test, superblock_in_journal(test) + SUMMARY, 8, summary + 40);
		must_be_repaired(test, "its copies have the summary elsewhere",
		    FFS_JOURNAL_INSIDE_FS);
		checking_destroy(test);

		test = create(&samples[s]);
		leave_in_journal(test);
		memset(superblock_in_journal(test), 0, FFS_SUPERBLOCK_SIZE);
		must_be_repaired(test, "there is no superblock", FFS_JOURNAL_INSIDE_FS);
		checking_destroy(test);
	}
	(void)state;
}

/* The superblock that comes out of it leads to a journal which is nowhere. */
static void
a_journal_after_a_journal_is_followed(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct checking *test = create(&samples[s]);
		uint8_t *superblock;

		leave_in_journal(test);
		superblock = superblock_in_journal(test);
		checking_store(test, superblock + NUMBERS + 8, 8, 1);
		must_be_repaired(test, "the journal is damaged", FFS_JOURNAL_NONE);
		checking_destroy(test);
	}
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_journal_holds_is_written_to_its_place),
		cmocka_unit_test(no_file_shares_the_blocks_of_the_journal),
		cmocka_unit_test(a_journal_that_its_inode_does_not_have_is_given_up),
		cmocka_unit_test(nothing_is_emptied_that_is_no_journal),
		cmocka_unit_test(a_journal_without_room_is_given_up),
		cmocka_unit_test(the_journal_is_emptied_as_the_superblock_in_it_says),
		cmocka_unit_test(a_superblock_from_the_journal_is_compared_with_copies),
		cmocka_unit_test(a_superblock_from_the_journal_is_no_better_than_others),
		cmocka_unit_test(a_journal_after_a_journal_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
