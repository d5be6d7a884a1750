/*
 * Tests of checking and repairing: each kind of damage is planted in a file
 * system that is good, must be told, and be repaired so that nothing is wrong with
 * it any more, for this checker, for the one of the tests, which computes all on
 * its own, and for the driver, which mounts it to write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "fs/ffs/layout.h"
#include "tests/fake_fs.h"
#include "tests/ffs_checking.h"
#include "tests/large.h"
#include "vfs/mount.h"

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 2 },
	{ FFS_UFS1, ORDER_BIG, 4096, 512, 2 },
	{ FFS_UFS1, ORDER_LITTLE, 8192, 1024, 2 },
	{ FFS_UFS2, ORDER_BIG, 16384, 2048, 2 },
};

#define SAMPLES_ALL 2 /* these get all damage, the others, which are larger, some of it */
#define SOME	    6

/* ---- plants: what one field does not do ------------------------------------------------------ */

static void
hold_pointers_twice(struct checking *test)
{
	checking_put_pointer(test, "/other", 12, checking_inode(test, "/large").indirect[0]);
	checking_store(test,
	    checking_inode_at(test, checking_ino(test, "/other")) +
		(test->image.sample.version == FFS_UFS2 ? 16 : 8),
	    8, (uint64_t)20 * test->image.sb.block_size);
}

static void
hold_the_header(struct checking *test)
{
	const struct ffs_superblock *sb = &test->image.sb;

	checking_put_pointer(test, "/other", 1, ffs_group_start(sb, 1) + sb->header_offset);
}

static void
hold_the_summary(struct checking *test)
{
	checking_put_pointer(test, "/small", 0, test->image.sb.summary_address);
}

static void
point_in_circles(struct checking *test)
{
	uint64_t pointers = checking_inode(test, "/far").indirect[1];

	checking_store(test, ffs_image_at(&test->image, pointers), test->image.sb.pointer_size,
	    pointers);
}

static void
point_outside_from_below(struct checking *test)
{
	uint64_t pointers = checking_inode(test, "/large").indirect[0];

	checking_store(test, ffs_image_at(&test->image, pointers) + 3 * test->image.sb.pointer_size,
	    test->image.sb.pointer_size, test->image.sb.fragment_count + 5);
}

static void
point_behind_the_end(struct checking *test)
{
	checking_put_pointer(test, "/small", 5, checking_inode(test, "/other").direct[0] + 40000);
	checking_put_pointer(test, "/small", 5, ffs_group_base(&test->image.sb, 1) + 15000);
}

static void
point_across_a_block(struct checking *test)
{
	checking_put_pointer(test, "/other", 0, checking_inode(test, "/other").direct[0] + 1);
}

static void
clear_inode(struct checking *test, const char *path)
{
	memset(checking_inode_at(test, checking_ino(test, path)), 0, test->image.sb.inode_size);
}

static void
clear_the_root(struct checking *test)
{
	clear_inode(test, "/");
}

static void
clear_a_directory(struct checking *test)
{
	clear_inode(test, "/a");
}

static void
clear_a_file(struct checking *test)
{
	clear_inode(test, "/large");
}

static void
clear_all_pointers(struct checking *test)
{
	checking_put_pointer(test, "/a/b", 0, 0);
}

/* A directory's first block goes, of several. */
static void
miss_a_block(struct checking *test)
{
	checking_put_pointer(test, "/many", 0, 0);
}

/* ... and so many that they are not filled, the first one among them. */
static void
miss_many_blocks(struct checking *test)
{
	bool is_ufs2 = test->image.sample.version == FFS_UFS2;
	uint64_t pointers = checking_inode(test, "/large").indirect[0];
	uint32_t width = test->image.sb.pointer_size;

	clear_inode(test, "/large");
	checking_put_pointer(test, "/a/b", 0, 0);
	checking_put_pointer(test, "/a/b", 12, pointers);
	memset(ffs_image_at(&test->image, pointers), 0, (size_t)10 * width);
	checking_store(test,
	    checking_inode_at(test, checking_ino(test, "/a/b")) + (is_ufs2 ? 16 : 8), 8,
	    (uint64_t)40 * test->image.sb.block_size);
}

static void
spoil_entries(struct checking *test)
{
	memset(checking_entry_at(test, "/a/b/c"), 0xff, 200);
}

static void
erase_a_directory(struct checking *test)
{
	struct ffs_dinode dinode = checking_inode(test, "/a/b");

	memset(ffs_image_at(&test->image, dinode.direct[0]), 0, 512);
}

static void
name_with_slash(struct checking *test)
{
	checking_entry_at(test, "/large")[10] = '/';
}

static void
name_twice(struct checking *test)
{
	memcpy(checking_entry_at(test, "/large") + 8, "other", 5);
}

static void
link_a_directory(struct checking *test)
{
	checking_store(test, checking_entry_at(test, "/nothing"), 4, checking_ino(test, "/a/b"));
}

static void
link_in_a_loop(struct checking *test)
{
	/* /a loses its name, and is in itself. */
	checking_store(test, checking_entry_at(test, "/a"), 4, checking_ino(test, "/fifo"));
	checking_store(test, checking_entry_at(test, "/a/b/c/deep"), 4, checking_ino(test, "/a"));
}

static void
lose_an_empty_file(struct checking *test)
{
	checking_lose_name(test, "/nothing");
}

static void
lose_a_tree(struct checking *test)
{
	checking_lose_name(test, "/a");
}

static void
lose_an_empty_directory(struct checking *test)
{
	checking_lose_name(test, "/empty");
}

static void
lose_many(struct checking *test)
{
	/* Without its directory; the files in it are empty, but for a few. */
	checking_lose_name(test, "/small");
	checking_lose_name(test, "/hard");
	checking_lose_name(test, "/other");
	checking_lose_name(test, "/far");
	checking_lose_name(test, "/a/b/c/deep");
}

static void
remove_an_open_file(struct checking *test)
{
	checking_lose_name(test, "/large");
	checking_store(test, checking_inode_at(test, checking_ino(test, "/large")) + 2, 2, 0);
}

static void
leave_a_remnant(struct checking *test)
{
	checking_lose_name(test, "/large");
	checking_store(test, checking_inode_at(test, checking_ino(test, "/large")), 2, 0);
}

static void
swap_inodes(struct checking *test)
{
	uint8_t kept[256], *one = checking_inode_at(test, checking_ino(test, "/small"));
	uint8_t *other = checking_inode_at(test, checking_ino(test, "/a/b"));
	size_t size = test->image.sb.inode_size;

	memcpy(kept, one, size);
	memcpy(one, other, size);
	memcpy(other, kept, size);
}

static void
copy_an_inode(struct checking *test)
{
	memcpy(checking_inode_at(test, checking_ino(test, "/other")),
	    checking_inode_at(test, checking_ino(test, "/large")), test->image.sb.inode_size);
}

static void
spoil_the_superblock(struct checking *test)
{
	memset(checking_superblock_at(test), 0, 2048);
}

static void
spoil_a_copy(struct checking *test)
{
	memset(checking_copy_at(test, 1), 0xaa, 1400);
}

static void
differ_in_a_copy(struct checking *test)
{
	checking_store(test, checking_copy_at(test, 1) + 8, 4, 208);
}

/* What is found first instead of the superblock is damaged as well. */
static void
spoil_the_first_copy(struct checking *test)
{
	memset(checking_superblock_at(test), 0, 2048);
	checking_store(test, checking_copy_at(test, 0) + 1328, 8, 50000);
}

/* The summary is said to be in what others hold. */
static void
move_the_summary(struct checking *test, uint64_t fragment)
{
	checking_store(test, checking_superblock_at(test) + 1096, 8, fragment);
}

static void
move_the_summary_to_data(struct checking *test)
{
	move_the_summary(test, checking_inode(test, "/large").direct[3]);
}

static void
move_the_summary_to_inodes(struct checking *test)
{
	const struct ffs_superblock *sb = &test->image.sb;

	move_the_summary(test, ffs_group_start(sb, 1) + sb->inode_offset + 1);
}

/* Groups are said to be smaller, so that no copy is where it should be. */
static void
lose_all_copies(struct checking *test)
{
	const struct ffs_superblock *sb = &test->image.sb;

	checking_store(test, checking_superblock_at(test) + 8, 4, sb->copy_offset - 1);
}

static void
spoil_all_headers(struct checking *test)
{
	memset(checking_header_at(test, 0), 0xff, 4096);
	memset(checking_header_at(test, 1), 0, 4096);
}

static void
overlap_maps(struct checking *test)
{
	uint8_t *header = checking_header_at(test, 1);

	memcpy(header + 108, header + 96, 4);
}

static void
flip_map(struct checking *test, uint32_t field, uint32_t byte)
{
	uint8_t *header = checking_header_at(test, 0);

	header[load32(header + field, test->image.sample.order) + byte] ^= 0xff;
}

static void
flip_inode_map(struct checking *test)
{
	flip_map(test, 92, 1);
}

static void
flip_fragment_map(struct checking *test)
{
	flip_map(test, 96, 150);
}

static void
flip_block_map(struct checking *test)
{
	flip_map(test, 108, 50);
}

static void
spoil_run_counts(struct checking *test)
{
	uint8_t *header = checking_header_at(test, 0);

	checking_store(test, header + load32(header + 104, test->image.sample.order) + 4 * 7, 4,
	    77);
}

static void
spoil_the_summary(struct checking *test)
{
	memset(ffs_image_at(&test->image, test->image.sb.summary_address), 0x11, 32);
}

static void
long_link(struct checking *test)
{
	bool is_ufs2 = test->image.sample.version == FFS_UFS2;
	uint8_t *inode = checking_inode_at(test, checking_ino(test, "/link"));

	checking_store(test, inode + (is_ufs2 ? 24 : 104), is_ufs2 ? 8 : 4, 8);
}

/* ---- the table ------------------------------------------------------------------------------------- */

enum place {
	NOWHERE,
	SUPERBLOCK,
	INODE,	/* of path */
	ENTRY,	/* of path */
	FIRST,	/* block of the directory path */
	HEADER, /* of group 1 */
};

struct plant {
	const char *what;
	void (*plant)(struct checking *test);
	enum place place;
	const char *path;
	unsigned at1, at2; /* offset in UFS1's and UFS2's inode; at1 elsewhere */
	unsigned width;	   /* of the field; UFS2's sector count is twice as wide */
	uint64_t value;
	const char *want;  /* what is told */
	const char *there; /* a path that is there after, or NULL */
	const char *gone;  /* one that is not */
};

#define FIELD(place, path, at1, at2, width, value) NULL, place, path, at1, at2, width, value
#define PLANT(function)				   function, NOWHERE, NULL, 0, 0, 0, 0

static const struct plant plants[] = {
	/* The superblock. */
	{ "superblock zeroed", PLANT(spoil_the_superblock), "copy", "/large", NULL },
	{ "block size", FIELD(SUPERBLOCK, 0, 48, 0, 4, 4097), "copy", "/large", NULL },
	{ "inodes per group", FIELD(SUPERBLOCK, 0, 184, 0, 4, 7), "copy", "/large", NULL },
	{ "size", FIELD(SUPERBLOCK, 0, 1080, 0, 8, 5), "copy", "/large", NULL },
	{ "the first copy, too", PLANT(spoil_the_first_copy), "there is a copy", "/large", NULL },
	{ "summary in data", PLANT(move_the_summary_to_data), "summary elsewhere", "/large", NULL },
	{ "summary in inodes", PLANT(move_the_summary_to_inodes), "not inside the data", "/large",
	    NULL },
	{ "copies elsewhere", PLANT(lose_all_copies), "copies elsewhere", "/large", NULL },
	{ "a copy in the superblock", FIELD(SUPERBLOCK, 0, 8, 0, 4, 17), "copies elsewhere",
	    "/large", NULL },
	{ "length of runs", FIELD(SUPERBLOCK, 0, 1316, 0, 4, 14), "count runs", NULL, NULL },
	{ "largest file", FIELD(SUPERBLOCK, 0, 1328, 0, 8, 50000), "allow files", "/large", NULL },
	{ "short links", FIELD(SUPERBLOCK, 0, 1320, 0, 4, 3), "short links", "/link", NULL },
	{ "not clean", FIELD(SUPERBLOCK, 0, 209, 0, 1, 0), "not marked clean", NULL, NULL },
	{ "needs a check", FIELD(SUPERBLOCK, 0, 1312, 0, 4, 4), "not marked", NULL, NULL },
	{ "free blocks", FIELD(SUPERBLOCK, 0, 1016, 0, 8, 9), "counts of what", NULL, NULL },
	{ "free fragments", FIELD(SUPERBLOCK, 0, 1032, 0, 8, 9), "counts of what", NULL, NULL },
	{ "directories", FIELD(SUPERBLOCK, 0, 1008, 0, 8, 9), "counts of what", NULL, NULL },
	{ "a copy erased", PLANT(spoil_a_copy), "copies", NULL, NULL },
	{ "a copy differs", PLANT(differ_in_a_copy), "copies", NULL, NULL },

	/* Inodes: type, size, what they hold. */
	{ "unknown type", FIELD(INODE, "/small", 0, 0, 2, 0x3000), "type", NULL, "/small" },
	{ "whiteout's type", FIELD(INODE, "/small", 0, 0, 2, 0xe000), "type", NULL, "/hard" },
	{ "a file a directory", FIELD(INODE, "/large", 0, 0, 2, 0x41ed), "\".\"", NULL, NULL },
	{ "a directory a file", FIELD(INODE, "/a/b", 0, 0, 2, 0x81ed), "links", NULL, "/a/b/c" },
	{ "huge", FIELD(INODE, "/large", 8, 16, 8, UINT64_MAX), "size", "/large", NULL },
	{ "a directory's odd size", FIELD(INODE, "/a", 8, 16, 8, 500), "size", "/a/b", NULL },
	{ "a directory of no size", FIELD(INODE, "/empty", 8, 16, 8, 0), "behind its end", NULL,
	    "/empty" },
	{ "shorter than it is", FIELD(INODE, "/large", 8, 16, 8, 100), "behind its end", "/large",
	    NULL },
	{ "sectors", FIELD(INODE, "/large", 104, 24, 4, 1), "sectors", "/large", NULL },
	{ "a link's sectors", PLANT(long_link), "sectors", "/link", NULL },
	{ "a fifo's sectors", FIELD(INODE, "/fifo", 104, 24, 4, 8), "sectors", "/fifo", NULL },
	{ "pointer far outside", FIELD(INODE, "/other", 44, 120, 4, 0x7fffffff), "pointers lead",
	    "/other", NULL },
	{ "pointer to the start", FIELD(INODE, "/other", 44, 120, 4, 1), "pointers lead", "/other",
	    NULL },
	{ "pointer to a header", PLANT(hold_the_header), "pointers lead", "/other", NULL },
	{ "pointer to the summary", PLANT(hold_the_summary), "pointers lead", "/small", NULL },
	{ "pointer across a block", PLANT(point_across_a_block), "pointers lead", "/other", NULL },
	{ "pointer below outside", PLANT(point_outside_from_below), "pointers lead", "/large",
	    NULL },
	{ "pointer behind the end", PLANT(point_behind_the_end), "behind its end", "/small", NULL },
	{ "pointers in circles", PLANT(point_in_circles), "another file's", "/far", NULL },
	{ "indirect outside", FIELD(INODE, "/large", 88, 208, 4, 0x7fffffff), "pointers lead",
	    "/large", NULL },
	{ "content held twice", PLANT(checking_hold_twice), "another file's", "/large", NULL },
	{ "pointers held twice", PLANT(hold_pointers_twice), "another file's", "/other", NULL },
	{ "an inode copied", PLANT(copy_an_inode), "another file's", "/large", NULL },
	{ "inodes swapped", PLANT(swap_inodes), "type", NULL, NULL },
	{ "freed, not cleared", PLANT(leave_a_remnant), "not cleared", NULL, "/large" },

	/* Directories. */
	{ "no root", PLANT(clear_the_root), "no root", "/lost+found", "/small" },
	{ "the root a file", FIELD(INODE, "/", 0, 0, 2, 0x81a4), "no root", "/lost+found", NULL },
	{ "no inode", PLANT(clear_a_file), "/large: an entry that leads to a free", NULL,
	    "/large" },
	{ "no directory", PLANT(clear_a_directory), "/a: an entry that leads to a free",
	    "/lost+found", "/a" },
	{ "no blocks", PLANT(clear_all_pointers), "no blocks", NULL, "/a/b" },
	{ "a block missing", PLANT(miss_a_block), "missing", "/many", NULL },
	{ "many blocks missing", PLANT(miss_many_blocks), "missing", "/a/b", "/a/b/c" },
	{ "entries erased", PLANT(spoil_entries), "cannot be read", "/lost+found", "/a/b/c" },
	{ "a block zeroed", PLANT(erase_a_directory), "cannot be read", "/lost+found", "/a/b/c" },
	{ "length of an entry", FIELD(ENTRY, "/a/b", 4, 0, 2, 13), "cannot be read", NULL, "/a/b" },
	{ "length of a name", FIELD(ENTRY, "/a/b", 7, 0, 1, 255), "name is none", NULL, "/a/b" },
	{ "a slash in a name", PLANT(name_with_slash), "name is none", NULL, "/large" },
	{ "a name twice", PLANT(name_twice), "second entry", "/other", "/large" },
	{ "an inode that is none", FIELD(ENTRY, "/large", 0, 0, 4, 0xfffffff0), "not exist", NULL,
	    "/large" },
	{ "inode 1", FIELD(ENTRY, "/large", 0, 0, 4, 1), "not exist", NULL, "/large" },
	{ "the root in itself", FIELD(ENTRY, "/large", 0, 0, 4, 2), "root directory", NULL,
	    "/large" },
	{ "the type with a name", FIELD(ENTRY, "/large", 6, 0, 1, 10), "type with", "/large",
	    NULL },
	{ "no \".\"", FIELD(FIRST, "/a", 8, 0, 1, 'x'), "\".\" is not", "/a/b", NULL },
	{ "no \"..\"", FIELD(FIRST, "/a", 20, 0, 2, 0x7878), "\"..\" is not", "/a/b", NULL },
	{ "\".\" elsewhere", FIELD(FIRST, "/a", 0, 0, 4, 2), "\".\" leads", "/a/b", NULL },
	{ "\"..\" elsewhere", FIELD(FIRST, "/a/b", 12, 0, 4, 2), "\"..\" leads", "/a/b/c", NULL },
	{ "\"..\" to nowhere", FIELD(FIRST, "/a/b", 12, 0, 4, 999), "\"..\" leads", "/a/b/c",
	    NULL },
	{ "a directory's second name", PLANT(link_a_directory), "another name", "/a/b",
	    "/nothing" },
	{ "a loop", PLANT(link_in_a_loop), "inside itself", "/lost+found", "/a/b" },

	/* Names that are lost, and counts of links. */
	{ "a file without name", PLANT(checking_lose_file), "without a name", "/lost+found",
	    "/large" },
	{ "many without name", PLANT(lose_many), "without a name", "/lost+found", "/other" },
	{ "empty, without name", PLANT(lose_an_empty_file), "empty file", NULL, "/nothing" },
	{ "a tree without name", PLANT(lose_a_tree), "without a name", "/lost+found", "/a" },
	{ "an empty directory", PLANT(lose_an_empty_directory), "empty directory", NULL, "/empty" },
	{ "removed while open", PLANT(remove_an_open_file), "was removed", NULL, "/large" },
	{ "too many links", FIELD(INODE, "/small", 2, 2, 2, 9), "links", "/hard", NULL },
	{ "too few links", FIELD(INODE, "/small", 2, 2, 2, 1), "links", "/hard", NULL },
	{ "no links", FIELD(INODE, "/small", 2, 2, 2, 0), "links", "/hard", NULL },
	{ "a directory's links", FIELD(INODE, "/a", 2, 2, 2, 7), "links", "/a/b", NULL },

	/* Groups. */
	{ "a group's magic", FIELD(HEADER, 0, 4, 0, 4, 0), "header is damaged", NULL, NULL },
	{ "a group's number", FIELD(HEADER, 0, 12, 0, 4, 0), "header is damaged", NULL, NULL },
	{ "a group's size", FIELD(HEADER, 0, 20, 0, 4, 9), "header is damaged", NULL, NULL },
	{ "a map's place", FIELD(HEADER, 0, 96, 0, 4, 60000), "header is damaged", NULL, NULL },
	{ "maps in each other", PLANT(overlap_maps), "header is damaged: a part", NULL, NULL },
	{ "all headers", PLANT(spoil_all_headers), "header is damaged", "/large", NULL },
	{ "a map of inodes", PLANT(flip_inode_map), "map of inodes", NULL, NULL },
	{ "a map of fragments", PLANT(flip_fragment_map), "map of fragments", NULL, NULL },
	{ "a map of blocks", PLANT(flip_block_map), "map of blocks", NULL, NULL },
	{ "runs of fragments", FIELD(HEADER, 0, 56, 0, 4, 3), "counts of runs", NULL, NULL },
	{ "runs of blocks", PLANT(spoil_run_counts), "counts of runs", NULL, NULL },
	{ "a group's free blocks", FIELD(HEADER, 0, 28, 0, 4, 3), "counts", NULL, NULL },
	{ "a group's free inodes", FIELD(HEADER, 0, 32, 0, 4, 3), "counts", NULL, NULL },
	{ "a group's rotor", FIELD(HEADER, 0, 40, 0, 4, 99999), "searches", NULL, NULL },
	{ "the summary", PLANT(spoil_the_summary), "summary", NULL, NULL },
};

static void
plant(struct checking *test, const struct plant *row)
{
	bool is_ufs2 = test->image.sample.version == FFS_UFS2;
	bool is_wide = is_ufs2 && row->place == INODE && row->width == 4;
	uint8_t *at = NULL;

	if (row->plant != NULL) {
		row->plant(test);
		return;
	}
	if (row->place == SUPERBLOCK)
		at = checking_superblock_at(test);
	else if (row->place == HEADER)
		at = checking_header_at(test, 1);
	else if (row->place == ENTRY)
		at = checking_entry_at(test, row->path);
	else if (row->place == FIRST)
		at = ffs_image_at(&test->image, checking_inode(test, row->path).direct[0]);
	else
		at = checking_inode_at(test, checking_ino(test, row->path));
	at += is_ufs2 && row->place == INODE ? row->at2 : row->at1;
	checking_store(test, at, is_wide ? 8 : row->width, row->value);
}

/* The damage is planted: tell it, repair it, look again. */
static void
assert_repaired(struct checking *test, const struct plant *row)
{
	uint64_t size = test->image.fake.dev.size;
	uint8_t *damaged = malloc(size);

	memcpy(damaged, checking_bytes(test), size);
	if (checking_run(test, FS_CHECK_ONLY)->problems == 0 ||
	    strstr(test->told, row->want) == NULL)
		fail_msg("%s: told is:\n%s", row->what, test->told);
	assert_large_equal(damaged, checking_bytes(test), size);
	free(damaged);
	if (checking_run(test, FS_CHECK_REPAIR)->left > 0 || strstr(test->told, row->want) == NULL)
		fail_msg("%s: repairing, told is:\n%s", row->what, test->told);
	assert_true(test->request.result.is_clean && test->request.result.is_modified);
	if (checking_run(test, FS_CHECK_ONLY)->problems > 0)
		fail_msg("%s: after it:\n%s", row->what, test->told);
	if (ffs_check(checking_bytes(test), size, &test->image.sb, &test->other) > 0)
		fail_msg("%s: the other checker:\n%s", row->what, test->other.report);
}

static void
damage_is_told_and_repaired(void **state)
{
	assert_true(ARRAY_SIZE(plants) >= 60);
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct checking *test = checking_create(&samples[s]);

		for (size_t i = 0; i < ARRAY_SIZE(plants); i++) {
			const struct plant *row = &plants[i];

			if (s >= SAMPLES_ALL && i % SOME != s)
				continue;
			plant(test, row);
			assert_repaired(test, row);
			checking_mount(test);
			if (row->there != NULL && !checking_has(test, row->there))
				fail_msg("%s: %s is gone", row->what, row->there);
			if (row->gone != NULL && checking_has(test, row->gone))
				fail_msg("%s: %s is there", row->what, row->gone);
			assert_int_equal(ffs_image_unmount(&test->image), 0);
			checking_restore(test);
		}
		checking_destroy(test);
	}
	(void)state;
}

/* Repair until the limit of writes, then all. */
static void
cut_short(struct checking *test, const struct plant *row, size_t limit)
{
	struct fake_block *fake = &test->image.fake;
	int error;

	checking_restore(test);
	plant(test, row);
	checking_run(test, FS_CHECK_ONLY);
	test->request.mode = FS_CHECK_REPAIR;
	fake->write_count = 0;
	fake->write_limit = limit;
	error = fs_check_at(&test->image.context, "ffs", &test->request);
	fake->write_limit = 0;
	assert_int_equal(error, -EIO);
	assert_int_equal(checking_superblock_at(test)[209], limit == 0);
	if (checking_run(test, FS_CHECK_REPAIR)->left > 0)
		fail_msg("%s, cut after %zu: %s", row->what, limit, test->told);
	if (checking_run(test, FS_CHECK_ONLY)->problems > 0)
		fail_msg("%s, cut after %zu: then\n%s", row->what, limit, test->told);
	if (ffs_check(checking_bytes(test), fake->dev.size, &test->image.sb, &test->other) > 0)
		fail_msg("%s, cut after %zu: then\n%s", row->what, limit, test->other.report);
}

static void
a_check_that_is_cut_short_can_be_made_again(void **state)
{
	static const struct sample small = { FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 };
	static const char *const names[] = { "content held twice", "no root", "a loop",
		"a tree without name", "a block missing", "superblock zeroed" };
	struct checking *test = checking_create(&small);

	for (size_t i = 0; i < ARRAY_SIZE(plants); i++) {
		bool is_wanted = false;
		size_t count;

		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			is_wanted |= strcmp(plants[i].what, names[j]) == 0;
		if (!is_wanted)
			continue;
		checking_restore(test);
		plant(test, &plants[i]);
		test->image.fake.write_count = 0;
		assert_int_equal(checking_run(test, FS_CHECK_REPAIR)->left, 0);
		count = test->image.fake.write_count;
		assert_true(count > 1);
		for (size_t limit = 1; limit < count; limit += 1 + count / 40)
			cut_short(test, &plants[i], limit);
	}
	checking_destroy(test);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_is_told_and_repaired),
		cmocka_unit_test(a_check_that_is_cut_short_can_be_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
