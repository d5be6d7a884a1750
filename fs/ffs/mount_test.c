/*
 * Tests of mounting: what is accepted, what is refused and with which words,
 * and that the newest committed state is shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "vfs/mount.h"

static const struct sample ufs1 = { FFS_UFS1, ORDER_BIG, 8192, 1024, 1 };
static const struct sample ufs2 = { FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 };

static int
create(void **state, const struct sample *sample)
{
	*state = malloc(sizeof(struct ffs_image));
	ffs_image_create(*state, sample);
	return 0;
}

static int
create_ufs1(void **state)
{
	return create(state, &ufs1);
}

static int
create_ufs2(void **state)
{
	return create(state, &ufs2);
}

static int
destroy(void **state)
{
	ffs_image_destroy(*state);
	free(*state);
	return 0;
}

static uint8_t *
superblock(struct ffs_image *image)
{
	return image->fake.content + sample_location(&image->sample);
}

/* What the mount on /mnt says of itself. */
static void
describe(struct ffs_image *image, char *buffer, size_t size)
{
	struct vnode *vnode = must_find(&image->context, "/mnt/.");
	struct text text = text_in(buffer, size);

	vnode->mount->ops->describe(vnode->mount, &text);
	assert_true(text.length < size);
	vnode_put(vnode);
}

static bool
contains(const char *text, const char *line)
{
	size_t length = string_length(line, 256);

	for (; *text != '\0'; text++)
		if (string_length(text, length) == length && memcmp(text, line, length) == 0)
			return true;
	return false;
}

static void
tells_what_it_has_mounted(void **state)
{
	static const char *const lines[] = {
		"format: UFS1\n",
		"byte order: big-endian\n",
		"label: label\n",
		"id: 1122334455667788\n",
		"block size: 8192\n",
		"fragment size: 1024\n",
		"size: 16384 fragments, 16777216 bytes\n",
		"inodes: 1024, 102 free\n",
		"free: 911 fragments, 932864 bytes\n",
		"clean: yes\n",
		"last written: 2023-11-14 22:13:20 UTC\n",
		"last mounted on: /home\n",
		"journal: none\n",
	};
	struct ffs_image *image = *state;
	char text[2048];

	ffs_image_must_mount(image);
	describe(image, text, sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_true(contains(text, lines[i]));
}

static void
keeps_descriptions_to_one_line_whatever_a_label_holds(void **state)
{
	struct ffs_image *image = *state;
	char text[2048];

	memcpy(superblock(image) + 680, "a\nclean: no\n", 12);
	ffs_image_must_mount(image);
	describe(image, text, sizeof(text));
	assert_true(contains(text, "label: a?clean: no?\n"));
}

static void
counts_for_statfs(void **state)
{
	struct ffs_image *image = *state;
	struct fs_statistics statistics;
	struct vnode *vnode;

	ffs_image_must_mount(image);
	vnode = must_find(&image->context, "/mnt/.");
	assert_int_equal(mount_statistics(vnode->mount, &statistics), 0);
	vnode_put(vnode);
	assert_int_equal(statistics.type, 0x19540119);
	assert_int_equal(statistics.block_size, 4096);
	assert_int_equal(statistics.fragment_size, 512);
	assert_int_equal(statistics.block_count, SAMPLE_FRAGMENTS_PER_GROUP - 1000);
	assert_int_equal(statistics.blocks_free, 101 * 8 + 103);
	assert_int_equal(statistics.blocks_available, 101 * 8 + 103 - 153 * 5);
	assert_int_equal(statistics.inode_count, 1024);
	assert_int_equal(statistics.inodes_free, 102);
}

static void
never_counts_more_as_free_than_there_is(void **state)
{
	struct ffs_image *image = *state;
	struct fs_statistics statistics;
	struct vnode *vnode;

	for (unsigned i = 0; i < 4; i++)
		store64(superblock(image) + 1008 + 8 * i, UINT64_MAX - i, ORDER_LITTLE);
	ffs_image_must_mount(image);
	vnode = must_find(&image->context, "/mnt/.");
	assert_int_equal(mount_statistics(vnode->mount, &statistics), 0);
	vnode_put(vnode);
	assert_int_equal(statistics.blocks_free, statistics.block_count);
	assert_int_equal(statistics.inodes_free, statistics.inode_count);
}

static void
mounts_what_4_3bsd_wrote(void **state)
{
	struct ffs_image *image = *state;
	uint8_t *inode = ffs_image_inode(image, 5);
	char text[2048], target[16];
	struct vnode *vnode;
	size_t length;

	/* Big-endian, an entry of type 0 is one of the old format too. */
	sample_old_superblock(superblock(image), &image->sample);
	ffs_image_put_inode(image, 5, 0120777, 10, 2);
	ffs_image_put_pointer(image, 5, 0, ffs_image_free(image));
	memcpy(ffs_image_at(image, ffs_image_free(image)), "the-target", 10);
	store16(inode + 4, 100, ORDER_BIG); /* owners of 16 bits */
	store16(inode + 6, 200, ORDER_BIG);
	store32(inode + 112, 77777, ORDER_BIG);
	ffs_image_put_entry(image, ffs_image_root(image), 24, 0, 5, "link");

	ffs_image_must_mount(image);
	describe(image, text, sizeof(text));
	assert_true(contains(text, "at byte 8192, old layout\n"));
	assert_true(contains(text, "inodes and directories: 4.2BSD format\n"));
	assert_int_equal(attributes_of(&image->context, "/mnt/link").uid, 100);
	assert_int_equal(attributes_of(&image->context, "/mnt/link").gid, 200);
	vnode = must_find(&image->context, "/mnt/link");
	rwlock_lock_shared(&vnode->lock);
	assert_int_equal(vnode_read_link(vnode, target, sizeof(target), &length), 0);
	rwlock_unlock_shared(&vnode->lock);
	vnode_put(vnode);
	assert_int_equal(length, 10);
	assert_memory_equal(target, "the-target", 10);
}

static void
is_found_among_other_file_systems(void **state)
{
	struct ffs_image *image = *state;

	assert_int_equal(mount_at(&image->context, "/image", "/mnt", "auto", MOUNT_READ_ONLY, ""),
	    0);
	assert_int_equal(ffs_image_unmount(image), 0);
	memset(superblock(image), 0, FFS_SUPERBLOCK_SIZE);
	assert_int_equal(mount_at(&image->context, "/image", "/mnt", "auto", MOUNT_READ_ONLY, ""),
	    -EINVAL);
}

static void
finds_the_superblock_at_every_place(void **state)
{
	struct ffs_image *image = *state;
	uint8_t moved[FFS_SUPERBLOCK_SIZE];

	memcpy(moved, superblock(image), sizeof(moved));
	memset(superblock(image), 0, sizeof(moved));
	for (unsigned i = 0; i < FFS_SUPERBLOCK_PLACES; i++) {
		uint8_t *place = image->fake.content + ffs_superblock_places[i];

		store64(moved + 1000, ffs_superblock_places[i], ORDER_LITTLE);
		memcpy(place, moved, sizeof(moved));
		ffs_image_must_mount(image);
		assert_int_equal(ffs_image_unmount(image), 0);
		memset(place, 0, sizeof(moved));
	}
}

static void
passes_over_a_damaged_superblock_where_a_good_one_follows(void **state)
{
	struct ffs_image *image = *state;
	uint8_t *first = image->fake.content + 65536;

	memcpy(first, superblock(image), FFS_SUPERBLOCK_SIZE);
	store32(first + 1372, 0x19540119, ORDER_BIG);
	ffs_image_must_mount(image);
	assert_int_equal(image->host.console_length, 0);
}

static void
names_what_it_cannot_mount(void **state)
{
	static const struct {
		unsigned offset;
		uint32_t value;
		int error;
		const char *said;
	} rows[] = {
		{ 1372, 0, -EINVAL, "this is no FFS" },
		{ 48, 12345, -EUCLEAN, "superblock at 65536, byte 48: block size is no power" },
		{ 188, 0, -EUCLEAN, "byte 188: fragments per group are not positive (0)" },
	};
	struct ffs_image *image = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		sample_superblock(superblock(image), &image->sample);
		store32(superblock(image) + rows[i].offset, rows[i].value, ORDER_LITTLE);
		assert_int_equal(ffs_image_mount(image, ""), rows[i].error);
		assert_true(ffs_image_said(image, rows[i].said));
	}
}

static void
refuses_what_it_cannot_do(void **state)
{
	struct ffs_image *image = *state;

	image->fake.dev.is_read_only = true;
	assert_int_equal(mount_at(&image->context, "/image", "/mnt", "ffs", 0, ""), -EROFS);
	assert_true(ffs_image_said(image, "its device is read-only"));
	image->fake.dev.is_read_only = false;
	assert_int_equal(mount_at(&image->context, "/image", "/mnt", "ffs", 0, "partial"), -EINVAL);
	assert_true(ffs_image_said(image, "are for reading only"));
	assert_int_equal(ffs_image_mount(image, "partial,foo=1"), -EINVAL);
	assert_true(ffs_image_said(image, "no option \"foo=1\""));
	assert_int_equal(ffs_image_mount(image, ",norecovery,,partial,"), 0);
}

static void
keeps_the_device_to_itself(void **state)
{
	struct ffs_image *image = *state;

	make_directory(&image->context, "/other", 0755);
	ffs_image_must_mount(image);
	assert_int_equal(mount_at(&image->context, "/image", "/other", "ffs", MOUNT_READ_ONLY, ""),
	    -EBUSY);
	assert_int_equal(ffs_image_unmount(image), 0);
	assert_int_equal(mount_at(&image->context, "/image", "/other", "ffs", MOUNT_READ_ONLY, ""),
	    0);
}

static void
mounts_a_part_only_when_told(void **state)
{
	struct ffs_image *image = *state;
	uint64_t block = ffs_image_free(image);
	struct vnode *vnode;
	struct extent extent;

	ffs_image_put_inode(image, 5, 0100644, 3 * 4096, 24);
	for (unsigned i = 0; i < 3; i++)
		ffs_image_put_pointer(image, 5, i, block + 8 * i);
	ffs_image_put_inode(image, 6, 0120777, 1000, 2);
	ffs_image_put_pointer(image, 6, 0, block + 16);
	ffs_image_put_entry(image, ffs_image_root(image), 24, 0, 5, "cut");
	ffs_image_put_entry(image, ffs_image_root(image), 24, 16, 5, "cut");
	ffs_image_put_entry(image, ffs_image_root(image), 40, 0, 6, "link");
	image->fake.dev.size = (block + 9) * 512; /* ends in its second block */

	assert_int_equal(ffs_image_mount(image, ""), -EUCLEAN);
	assert_true(ffs_image_said(image, "option partial mounts it all the same"));
	assert_int_equal(ffs_image_mount(image, "partial"), 0);
	vnode = must_find(&image->context, "/mnt/cut");
	rwlock_lock_shared(&vnode->lock);
	assert_int_equal(vnode_map_extent(vnode, 0, 3 * 4096, EXTENT_READ, &extent), 0);
	assert_int_equal(extent.length, 4096 + 512);
	assert_int_equal(vnode_map_extent(vnode, 4608, 4096, EXTENT_READ, &extent), -EIO);
	rwlock_unlock_shared(&vnode->lock);
	vnode_put(vnode);
	assert_true(ffs_image_said(image, "past the end of the device"));
	assert_int_equal(try_lookup(&image->context, "/mnt/link", LOOKUP_FOLLOW), -EIO);
}

static void
needs_a_root_directory(void **state)
{
	static const struct {
		unsigned mode;
		const char *said;
	} rows[] = {
		{ 0, "root inode is free" },
		{ 0100644, "inode 2: root is no directory" },
		{ 0160644, "inode 2: type of file is unknown" },
	};
	struct ffs_image *image = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		ffs_image_put_inode(image, FFS_ROOT_INO, rows[i].mode, 512, 1);
		assert_int_equal(ffs_image_mount(image, ""), -EUCLEAN);
		assert_true(ffs_image_said(image, rows[i].said));
	}
}

static void
warns_of_a_file_system_that_was_in_use(void **state)
{
	struct ffs_image *image = *state;

	superblock(image)[209] = FFS_DIRTY;
	ffs_image_must_mount(image);
	assert_true(ffs_image_said(image, "was not unmounted"));
}

/* A journal of one block, a superblock with another label, at byte 4 MiB. */
static void
put_journal(struct ffs_image *image)
{
	uint8_t *log = image->fake.content + ((size_t)4 << 20);
	const struct {
		unsigned width, offset;
		uint64_t value;
	} fields[] = {
		{ 4, 0, 0x5741424c },
		{ 4, 4, 512 },
		{ 4, 12, 1 },
		{ 4, 36, 1 },
		{ 4, 40, 9 },
		{ 4, 44, 9 },
		{ 8, 48, 1024 + 512 + 2048 },
		{ 8, 56, 1024 },
		{ 8, 64, 1024 },
		{ 8, 72, 65536 - 1024 },
		{ 4, 1024, 0x5741424f },
		{ 4, 1028, 512 + 2048 },
		{ 4, 1032, 1 },
		{ 8, 1040, sample_location(&image->sample) / 512 },
		{ 4, 1052, 2048 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].width == 4)
			store32(log + fields[i].offset, (uint32_t)fields[i].value, ORDER_BIG);
		else
			store64(log + fields[i].offset, fields[i].value, ORDER_BIG);
	}
	store32(superblock(image) + 1312, FFS_FLAG_WAPBL, image->sample.order);
	superblock(image)[864] = 1;
	superblock(image)[865] = FFS_JOURNAL_INSIDE_FS;
	store64(superblock(image) + 872, 8192, ORDER_BIG);
	store64(superblock(image) + 880, 128, ORDER_BIG);
	store64(superblock(image) + 888, 512, ORDER_BIG);
	memcpy(log + 1536, superblock(image), 2048);
	memcpy(log + 1536 + 680, "newer", 5);
}

static void
shows_what_the_journal_commits_to(void **state)
{
	struct ffs_image *image = *state;
	char text[2048];

	put_journal(image);
	ffs_image_must_mount(image);
	describe(image, text, sizeof(text));
	assert_true(contains(text, "label: newer\n"));
	assert_true(contains(text, "journal: WAPBL, 65536 bytes at byte 4194304, inside"));
	assert_true(contains(text, "replayed: 1 records, 1 blocks; 2048 bytes are newer there\n"));
	assert_int_equal(ffs_image_unmount(image), 0);

	assert_int_equal(ffs_image_mount(image, "norecovery"), 0);
	describe(image, text, sizeof(text));
	assert_true(contains(text, "label: label\n"));
	assert_false(contains(text, "replayed"));
}

static void
refuses_a_journal_that_breaks_the_superblock(void **state)
{
	struct ffs_image *image = *state;
	uint8_t *copy = image->fake.content + ((size_t)4 << 20) + 1536;

	put_journal(image);
	store32(copy + 48, 1, image->sample.order);
	assert_int_equal(ffs_image_mount(image, ""), -EUCLEAN);
	assert_true(ffs_image_said(image, "byte 48: block size is no power"));
	memset(copy, 0, 2048);
	assert_int_equal(ffs_image_mount(image, ""), -EUCLEAN);
	assert_true(ffs_image_said(image, "replaces the superblock"));
}

static void
leaves_nothing_behind_when_memory_runs_out(void **state)
{
	struct ffs_image *image = *state;
	int error = -ENOMEM;

	put_journal(image);
	for (uint64_t count = 0; error == -ENOMEM && count < 1000; count++) {
		memory_fail_after(image->kernel, count);
		error = ffs_image_mount(image, "");
		if (!memory_fail_stop(image->kernel))
			break;
	}
	assert_int_equal(error, 0);
}

static void
passes_on_errors_of_the_device(void **state)
{
	struct ffs_image *image = *state;

	image->fake.bad_error = -EIO;
	image->fake.bad_length = 512;
	image->fake.bad_offset = 8192;
	assert_int_equal(ffs_image_mount(image, ""), -EIO);
	image->fake.bad_offset = ffs_image_root(image) * 1024;
	assert_int_equal(ffs_image_mount(image, ""), -EIO);
	image->fake.bad_offset = 256 * 1024; /* inodes */
	assert_int_equal(ffs_image_mount(image, ""), -EIO);
	image->fake.bad_offset = 65536; /* where another superblock could be */
	assert_int_equal(ffs_image_mount(image, ""), 0);
}

#define UFS1(test) cmocka_unit_test_setup_teardown(test, create_ufs1, destroy)
#define UFS2(test) cmocka_unit_test_setup_teardown(test, create_ufs2, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UFS1(tells_what_it_has_mounted),
		UFS1(keeps_descriptions_to_one_line_whatever_a_label_holds),
		UFS2(counts_for_statfs),
		UFS2(never_counts_more_as_free_than_there_is),
		UFS1(mounts_what_4_3bsd_wrote),
		UFS2(is_found_among_other_file_systems),
		UFS2(finds_the_superblock_at_every_place),
		UFS1(passes_over_a_damaged_superblock_where_a_good_one_follows),
		UFS2(names_what_it_cannot_mount),
		UFS1(refuses_what_it_cannot_do),
		UFS2(keeps_the_device_to_itself),
		UFS2(mounts_a_part_only_when_told),
		UFS1(needs_a_root_directory),
		UFS2(warns_of_a_file_system_that_was_in_use),
		UFS2(shows_what_the_journal_commits_to),
		UFS1(refuses_a_journal_that_breaks_the_superblock),
		UFS2(leaves_nothing_behind_when_memory_runs_out),
		UFS1(passes_on_errors_of_the_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
