/*
 * Tests of writing with a journal: what it must bring back after a cut and what
 * not, transactions that have to be divided, and what cannot be written or kept.
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
#include "fs/ffs/journal.h"
#include "kern/uio.h"
#include "tests/fake_fs.h"
#include "tests/ffs_check.h"
#include "tests/ffs_image.h"
#include "tests/large.h"
#include "tests/test_kernel.h"
#include "vfs/file_io.h"
#include "vfs/namespace.h"
#include "vfs/upkeep.h"

#define DATA_SIZE ((size_t)1 << 20)
#define FILL	  0x77

static const struct sample small = { FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 };
static const struct sample wide = { FFS_UFS1, ORDER_BIG, 4096, 512, 6 };

static struct ffs_image image, other;
static struct ffs_check check;
static uint8_t data[DATA_SIZE];
static unsigned header_count; /* headers of the journal that were written */
static unsigned flush_count;
static unsigned place_count; /* writes outside of the journal */

static void
count_headers(struct fake_block *fake, const struct host_block_request *request)
{
	const struct ffs_image *counted = fake->context;

	flush_count += request->op == HOST_BLOCK_FLUSH;
	place_count += request->op == HOST_BLOCK_WRITE &&
		       request->offset - counted->sb.journal.offset >= counted->sb.journal.size;

	header_count += request->op == HOST_BLOCK_WRITE &&
			request->offset - counted->sb.journal.offset < 2 * FFS_SECTOR_SIZE;
}

static void
create(const struct sample *sample, uint32_t journal_blocks)
{
	ffs_image_create_journaled(&image, sample, journal_blocks);
	image.fake.on_request = count_headers;
	image.fake.context = &image;
	header_count = 0;
}

static void
must_mount(struct ffs_image *what)
{
	int error = mount_at(&what->context, "/image", "/mnt", "ffs", 0, "");

	if (error != 0)
		fail_msg("mount: %d\n%s", error, what->host.console);
}

static void
must_be_whole(struct ffs_image *what)
{
	if (ffs_check(what->fake.content, what->fake.dev.size, &what->sb, &check) > 0)
		fail_msg("%u flaws:\n%s\n%.1000s", check.flaw_count, check.report,
		    what->host.console);
}

/* The power goes; what was written so far is mounted on another kernel. */
static void
cut(const struct sample *sample, uint32_t journal_blocks)
{
	ffs_image_create_journaled(&other, sample, journal_blocks);
	memcpy(other.fake.content, image.fake.content, image.fake.dev.size);
	must_mount(&other);
}

static struct vnode *
open_file(const struct ffs_image *on, const char *path, uint32_t flags)
{
	struct vnode *vnode;

	assert_int_equal(namespace_open(&on->context, path, OPEN_READ_WRITE | flags, 0644, &vnode),
	    0);
	return vnode;
}

static int
sync_file(struct vnode *vnode)
{
	struct write_errors_told told = { 0 };

	return vnode_sync(vnode, false, &told);
}

/* Write size bytes at offset; the error, and how many there are left. */
static int
write_at(const struct ffs_image *on, struct vnode *vnode, uint64_t offset, size_t size)
{
	struct file_writer writer = { .credential = on->root, .size_limit = UINT64_MAX };
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	int error;

	uio_init_kernel(&uio, &space, &range, data, size);
	error = file_write(vnode, &uio, &offset, &writer);
	return error == 0 && uio.left > 0 ? -ENOSPC : error;
}

static void
truncate_to(const struct ffs_image *on, struct vnode *vnode, uint64_t size)
{
	struct file_writer writer = { .credential = on->root, .size_limit = UINT64_MAX };

	assert_int_equal(file_truncate(vnode, size, &writer), 0);
}

/* Is the file full of FILL? */
static void
must_be_filled(const struct ffs_image *on, const char *path, uint64_t size)
{
	struct vnode *vnode = open_file(on, path, 0);

	assert_int_equal(vnode->attributes.size, size);
	for (uint64_t offset = 0; offset < size; offset += DATA_SIZE) {
		size_t length = (size_t)min_u64(DATA_SIZE, size - offset);
		struct address_space space;
		struct uio_range range;
		struct uio uio;

		uio_init_kernel(&uio, &space, &range, data, length);
		assert_int_equal(file_read(vnode, &uio, offset), 0);
		for (size_t i = 0; i < length; i++)
			if (data[i] != FILL)
				fail_msg("%s: byte %llu is %02x", path,
				    (unsigned long long)offset + i, data[i]);
	}
	vnode_put(vnode);
}

/* Fill what is free: one large file, and small ones for the fragments that are left. */
static uint64_t
fill_all(unsigned *count)
{
	struct vnode *vnode = open_file(&image, "/mnt/f", OPEN_CREATE);
	uint64_t size;
	char path[32];
	int error = 0;

	memset(data, FILL, sizeof(data));
	while (write_at(&image, vnode, vnode->attributes.size, DATA_SIZE) == 0)
		;
	size = vnode->attributes.size;
	vnode_put(vnode);
	for (*count = 0; error == 0; ++*count) {
		snprintf(path, sizeof(path), "/mnt/%u", *count);
		vnode = open_file(&image, path, OPEN_CREATE);
		error = write_at(&image, vnode, 0, 512);
		vnode_put(vnode);
	}
	--*count;
	return size;
}

static void
what_is_freed_does_not_come_back(void **state)
{
	unsigned count, before;
	char path[32];
	uint64_t size;

	create(&small, 256);
	must_mount(&image);
	/* A directory is in the log, and then it is gone, and its block is free ... */
	make_directory(&image.context, "/mnt/d", 0755);
	assert_int_equal(mount_sync_all(image.kernel), 0);
	assert_int_equal(namespace_rmdir(&image.context, "/mnt/d"), 0);
	assert_int_equal(mount_sync_all(image.kernel), 0);
	before = header_count;
	/* ... for files that take all there is, while the log is not emptied. */
	size = fill_all(&count);
	assert_true(size > 6 * DATA_SIZE && count > 5);
	assert_int_equal(mount_sync_all(image.kernel), 0);
	assert_true(header_count - before < 4);
	cut(&small, 256);
	must_be_filled(&other, "/mnt/f", size);
	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/mnt/%u", i);
		must_be_filled(&other, path, 512);
	}
	ffs_image_destroy(&other);
	ffs_image_destroy(&image);
	(void)state;
}

/* Write a block to each part of a file for which another group is chosen. */
static void
scatter(struct vnode *vnode)
{
	for (uint64_t i = 0; i < 64; i++)
		assert_int_equal(write_at(&image, vnode, i * 16 * 4096, 4096), 0);
	assert_int_equal(sync_file(vnode), 0);
}

/*
 * The log has room for the headers of some groups; the file has blocks in more.
 * So there is a header of the log for some of them, and one for the rest.
 */
static void
a_large_file_is_cut_in_several_transactions(void **state)
{
	struct vnode *vnode;
	unsigned before;

	create(&wide, 28);
	must_mount(&image);
	vnode = open_file(&image, "/mnt/f", OPEN_CREATE);
	scatter(vnode);
	before = header_count;
	truncate_to(&image, vnode, 3000);
	assert_true(header_count > before);
	cut(&wide, 28);
	assert_int_equal(ffs_image_unmount(&other), 0);
	must_be_whole(&other);
	ffs_image_destroy(&other);
	assert_int_equal(vnode->attributes.size, 3000);

	/* So is one without a name, by checkpoints alone. */
	scatter(vnode);
	assert_int_equal(namespace_unlink(&image.context, "/mnt/f"), 0);
	vnode_put(vnode);
	assert_int_equal(mount_sync_all(image.kernel), 0);
	cut(&wide, 28);
	before = header_count;
	assert_int_equal(mount_sync_all(image.kernel), 0);
	assert_true(header_count > before);
	assert_int_equal(ffs_image_unmount(&other), 0);
	must_be_whole(&other);
	ffs_image_destroy(&other);
	assert_int_equal(ffs_image_unmount(&image), 0);
	must_be_whole(&image);
	ffs_image_destroy(&image);
	(void)state;
}

/* Each transaction lists the files without names: the list alone would fill this journal. */
static void
as_many_files_as_there_are_can_be_removed(void **state)
{
	unsigned count = 0;
	struct vnode *vnode;
	char path[32];
	int error = 0;

	create(&wide, 28);
	must_mount(&image);
	for (; error == 0; count++) {
		snprintf(path, sizeof(path), "/mnt/%u", count);
		error = namespace_open(&image.context, path, OPEN_READ_WRITE | OPEN_CREATE, 0644,
		    &vnode);
		if (error == 0)
			vnode_put(vnode);
	}
	assert_int_equal(error, -ENOSPC);
	assert_in_range(--count, 6000, wide.group_count * SAMPLE_INODES_PER_GROUP);
	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/mnt/%u", i);
		assert_int_equal(namespace_unlink(&image.context, path), 0);
	}
	assert_int_equal(ffs_image_unmount(&image), 0);
	must_be_whole(&image);
	ffs_image_destroy(&image);
	(void)state;
}

/* Some of everything; how often there was no memory. */
static unsigned
work(unsigned seed)
{
	unsigned failures = 0;
	char path[32];

	for (unsigned i = 0; i < 40; i++) {
		struct vnode *vnode;
		int error;

		snprintf(path, sizeof(path), "/mnt/%u-%u", seed, i);
		error = namespace_open(&image.context, path, OPEN_READ_WRITE | OPEN_CREATE, 0644,
		    &vnode);
		if (error == 0) {
			error = write_at(&image, vnode, 0, i * 1000);
			if (error == 0 && i % 8 == 0)
				error = sync_file(vnode);
			vnode_put(vnode);
		}
		if (i % 3 > 0)
			(void)!namespace_unlink(&image.context, path);
		failures += error == -ENOMEM;
	}
	return failures;
}

/* What a made image says of itself. */
static void
decode_superblock(struct ffs_image *what)
{
	struct ffs_flaw flaw;
	int error = -ENODEV;

	for (unsigned i = 0; i < FFS_SUPERBLOCK_PLACES && error != 0; i++)
		error = ffs_superblock_decode(what->fake.content + ffs_superblock_places[i],
		    FFS_SUPERBLOCK_SIZE, ffs_superblock_places[i], &what->sb, &flaw);
	assert_int_equal(error, 0);
}

/* As it is made, which is behind the file system. */
static void
a_journal_behind_the_file_system_does_the_same(void **state)
{
	static const char *const options[] = {
		"version=1,order=be,block=4096,fragment=512,journal",
		"version=2,order=le,block=8192,fragment=1024,journal",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
		ffs_image_create(&image, &small);
		assert_int_equal(fs_make_at(&image.context, "/image", "ffs", options[i]), 0);
		must_mount(&image);
		work(i);
		assert_int_equal(mount_sync_all(image.kernel), 0);
		ffs_image_create(&other, &small);
		memcpy(other.fake.content, image.fake.content, image.fake.dev.size);
		must_mount(&other);
		assert_int_equal(try_lookup(&other.context, i == 0 ? "/mnt/0-39" : "/mnt/1-39", 0),
		    0);
		assert_int_equal(ffs_image_unmount(&other), 0);
		decode_superblock(&other);
		assert_int_equal(other.sb.journal.place, FFS_JOURNAL_AFTER_FS);
		must_be_whole(&other);
		ffs_image_destroy(&other);
		ffs_image_destroy(&image);
	}
	(void)state;
}

static void
without_changes_nothing_is_written(void **state)
{
	uint8_t *copy;

	create(&small, 64);
	copy = malloc(image.fake.dev.size);
	memcpy(copy, image.fake.content, image.fake.dev.size);
	must_mount(&image);
	assert_int_equal(try_lookup(&image.context, "/mnt/x", 0), -ENOENT);
	assert_int_equal(mount_sync_all(image.kernel), 0);
	assert_int_equal(ffs_image_unmount(&image), 0);
	assert_large_equal(copy, image.fake.content, image.fake.dev.size);
	free(copy);
	ffs_image_destroy(&image);
	(void)state;
}

/* Make files until something fails, which must be by this error. */
static void
fail_by(int want)
{
	char path[32];
	int error = 0;

	for (unsigned i = 0; i < 500 && error == 0; i++) {
		struct vnode *vnode;

		snprintf(path, sizeof(path), "/mnt/%u", i);
		error = namespace_open(&image.context, path, OPEN_READ_WRITE | OPEN_CREATE, 0644,
		    &vnode);
		if (error == 0) {
			error = sync_file(vnode);
			vnode_put(vnode);
		}
	}
	assert_int_equal(error, want);
}

/* One write to the log, as far as one record goes, and one of the header. */
static void
a_sync_takes_two_flushes_and_writes_nothing_in_place(void **state)
{
	struct vnode *vnode;
	size_t before;

	create(&small, 256);
	must_mount(&image);
	make_file(&image.context, "/mnt/first", 0644);
	assert_int_equal(mount_sync_all(image.kernel), 0);
	before = image.fake.request_count;
	flush_count = place_count = header_count = 0;
	vnode = open_file(&image, "/mnt/second", OPEN_CREATE);
	assert_int_equal(sync_file(vnode), 0);
	assert_int_equal(flush_count, 2);
	assert_int_equal(header_count, 1);
	assert_int_equal(place_count, 0);
	assert_int_equal(image.fake.request_count - before, 4);
	/* Nothing has changed since. */
	assert_int_equal(sync_file(vnode), 0);
	assert_int_equal(image.fake.request_count - before, 4);
	vnode_put(vnode);
	ffs_image_destroy(&image);
	(void)state;
}

static void
what_cannot_be_written_ends_all_writing(void **state)
{
	/* In the log; and in place, once the log is half full. */
	for (unsigned place = 0; place < 2; place++) {
		struct vnode *vnode;

		create(&small, 64);
		must_mount(&image);
		make_file(&image.context, "/mnt/synced", 0644);
		assert_int_equal(mount_sync_all(image.kernel), 0);
		image.fake.bad_offset = place == 0
					    ? image.sb.journal.offset
					    : ffs_fragment_offset(&image.sb, image.sb.inode_offset);
		image.fake.bad_length = place == 0 ? image.sb.journal.size : image.sb.block_size;
		image.fake.bad_error = -EIO;
		fail_by(-EIO);
		assert_true(ffs_image_said(&image, "read-only from now on"));
		assert_int_equal(namespace_open(&image.context, "/mnt/more",
				     OPEN_READ_WRITE | OPEN_CREATE, 0644, &vnode),
		    -EROFS);
		assert_int_equal(mount_sync_all(image.kernel), -EIO);
		assert_int_equal(ffs_image_unmount(&image), -EIO);
		image.fake.bad_length = 0;

		/* The last that was committed is there. */
		must_mount(&image);
		assert_int_equal(try_lookup(&image.context, "/mnt/synced", 0), 0);
		assert_int_equal(ffs_image_unmount(&image), 0);
		must_be_whole(&image);
		ffs_image_destroy(&image);
	}
	(void)state;
}

static void
without_memory_nothing_is_half_done(void **state)
{
	unsigned failures = 0;

	for (size_t left = 0; left < 8; left++) {
		struct hog hog;

		create(&small, 64);
		must_mount(&image);
		work(0);
		image.host.memory_before = 0;
		hog_take(&hog, image.kernel);
		hog_give(&hog, left * 8);
		failures += work(1);
		hog_give_all(&hog);
		image.host.memory_before = FAKE_NEVER;
		work(2);
		(void)!ffs_image_unmount(&image);
		must_mount(&image);
		assert_int_equal(ffs_image_unmount(&image), 0);
		must_be_whole(&image);
		ffs_image_destroy(&image);
	}
	assert_true(failures > 8);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_freed_does_not_come_back),
		cmocka_unit_test(a_large_file_is_cut_in_several_transactions),
		cmocka_unit_test(as_many_files_as_there_are_can_be_removed),
		cmocka_unit_test(a_journal_behind_the_file_system_does_the_same),
		cmocka_unit_test(without_changes_nothing_is_written),
		cmocka_unit_test(a_sync_takes_two_flushes_and_writes_nothing_in_place),
		cmocka_unit_test(what_cannot_be_written_ends_all_writing),
		cmocka_unit_test(without_memory_nothing_is_half_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
