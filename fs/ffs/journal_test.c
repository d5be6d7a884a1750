/*
 * Tests of journals that are made, and of those that are taken over to write the
 * file system: what they list is freed, and a hostile one has nothing written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/errno.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/layout.h"
#include "tests/fake_fs.h"
#include "tests/ffs_check.h"
#include "tests/ffs_image.h"
#include "tests/large.h"
#include "vfs/mount.h"

#define LOG_BLOCKS 64

static const enum byte_order orders[] = { ORDER_LITTLE, ORDER_BIG };

static void
the_default_size_is_a_share_of_the_file_system(void **state)
{
	static const struct {
		uint64_t fs_size;
		uint32_t block_size;
		uint64_t want;
	} rows[] = {
		{ 1 << 20, 4096, 1 << 20 },				/* the least */
		{ (uint64_t)4 << 30, 16384, 4 << 20 },			/* a 1024th */
		{ (uint64_t)1 << 40, 16384, 64 << 20 },			/* the most */
		{ (uint64_t)1 << 30, 65536, 2 << 20 },			/* two operations */
		{ ((uint64_t)4 << 30) + 1024, 8192, (4 << 20) + 8192 }, /* whole blocks */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(ffs_journal_default_size(rows[i].fs_size, rows[i].block_size),
		    rows[i].want);
	(void)state;
}

static void
a_new_log_is_empty(void **state)
{
	struct ffs_journal journal = { .size = 1 << 20, .block_size = 512 };
	struct ffs_time now = { 1700000000, 5 };
	uint8_t bytes[FFS_WAPBL_HEADER_COUNT * 512];

	for (unsigned i = 0; i < 2; i++) {
		ffs_journal_format(&journal, orders[i], now, bytes);
		for (unsigned number = 0; number < FFS_WAPBL_HEADER_COUNT; number++) {
			struct ffs_wapbl_header header;
			struct ffs_flaw flaw;

			assert_int_equal(ffs_wapbl_header_decode(bytes + 512 * number, 512,
					     journal.size, &header, &flaw),
			    0);
			assert_int_equal(header.order, orders[i]);
			assert_int_equal(header.generation % 2, number);
			assert_int_equal(header.used, 0);
			assert_int_equal(header.area_offset, 1024);
			assert_int_equal(header.area_size, journal.size - 1024);
			assert_int_equal(load64(bytes + 512 * number + 24, orders[i]), 1700000000);
		}
	}
	(void)state;
}

static void
a_superblock_says_where_the_log_is(void **state)
{
	static const struct ffs_journal none = { .place = FFS_JOURNAL_NONE };
	static uint8_t bytes[FFS_SUPERBLOCK_SIZE], before[FFS_SUPERBLOCK_SIZE];

	for (unsigned i = 0; i < 2; i++) {
		struct sample sample = { FFS_UFS2, orders[i], 16384, 2048, 1 };
		struct ffs_journal journal = {
			.place = FFS_JOURNAL_INSIDE_FS,
			.offset = 4 << 20,
			.size = 1 << 20,
			.block_size = 512,
			.ino = 17,
		};
		struct ffs_superblock sb;

		sample_superblock(bytes, &sample);
		memcpy(before, bytes, sizeof(bytes));
		ffs_journal_describe(&journal, orders[i], bytes);
		sample_decode(bytes, &sample, &sb);
		assert_int_equal(sb.journal.place, journal.place);
		assert_int_equal(sb.journal.offset, journal.offset);
		assert_int_equal(sb.journal.size, journal.size);
		assert_int_equal(sb.journal.block_size, journal.block_size);
		assert_int_equal(sb.journal.ino, journal.ino);
		ffs_journal_describe(&none, orders[i], bytes);
		assert_memory_equal(bytes, before, sizeof(bytes));
	}
	(void)state;
}

/* ---- taking over ---------------------------------------------------------------- */

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 },
	{ FFS_UFS1, ORDER_BIG, 8192, 1024, 1 },
};

static struct ffs_image image;
static struct ffs_wapbl_header header; /* of the log being written */

static uint8_t *
log_at(uint64_t offset)
{
	return image.fake.content + image.sb.journal.offset + offset;
}

/* The log has no records so far; order is its own. */
static void
begin_log(enum byte_order order)
{
	header = (struct ffs_wapbl_header){
		.order = order,
		.generation = 7,
		.block_size = 512,
		.unit_shift = 9,
		.area_offset = 1024,
		.area_size = image.sb.journal.size - 1024,
	};
}

/* A block of 512 bytes that is all fill, for a place. */
static void
add_block(uint64_t offset, uint8_t fill)
{
	struct ffs_wapbl_record record = { FFS_WAPBL_BLOCKS, 1024, 1, false };
	struct ffs_wapbl_entry entry = { offset, 512 };
	uint8_t *to = log_at(header.area_offset + header.used);

	ffs_wapbl_record_encode(&header, &record, to);
	ffs_wapbl_entry_encode(&header, &entry, 0, to);
	memset(to + 512, fill, 512);
	header.used += 1024;
}

static void
add_list(const struct ffs_wapbl_inode *inodes, uint32_t count)
{
	struct ffs_wapbl_record record = { FFS_WAPBL_INODES, 512, count, true };
	uint8_t *to = log_at(header.area_offset + header.used);

	ffs_wapbl_record_encode(&header, &record, to);
	for (uint32_t i = 0; i < count; i++)
		ffs_wapbl_inode_encode(&header, &inodes[i], i, to);
	header.used += 512;
}

static void
end_log(void)
{
	ffs_wapbl_header_encode(&header, (struct ffs_time){ 0 }, log_at(512));
}

static int
mount_to_write(void)
{
	return mount_at(&image.context, "/image", "/mnt", "ffs", 0, "");
}

/* Mounting fails like this, saying why, and writes nothing. */
static void
must_be_refused(int want, const char *why)
{
	uint8_t *copy = malloc(image.fake.dev.size);

	memcpy(copy, image.fake.content, image.fake.dev.size);
	assert_int_equal(mount_to_write(), want);
	if (!ffs_image_said(&image, why))
		fail_msg("\"%s\" was not said:\n%s", why, image.host.console);
	assert_large_equal(copy, image.fake.content, image.fake.dev.size);
	free(copy);
}

static void
must_be_whole(void)
{
	struct ffs_check check;

	if (ffs_check(image.fake.content, image.fake.dev.size, &image.sb, &check) > 0)
		fail_msg("%u flaws:\n%s\n%.1000s", check.flaw_count, check.report,
		    image.host.console);
}

static void
what_a_log_lists_is_freed(void **state)
{
	static const struct ffs_wapbl_inode list[] = {
		{ 5, 0100644 },			      /* has no link */
		{ 5, 0100644 },			      /* again */
		{ 6, 0100644 },			      /* allocated and never written */
		{ 6, 0100644 },			      /* again */
		{ 7, 0100644 },			      /* free */
		{ 2, 0040755 }, { 3, 0100600 },	      /* the root, the journal's own */
		{ 0, 0 }, { 1, 0 },		      /* no inodes */
		{ 1024, 0100644 }, { UINT32_MAX, 0 }, /* past the end */
	};

	for (unsigned i = 0; i < 2 * ARRAY_SIZE(samples); i++) {
		uint64_t block;

		ffs_image_create_journaled(&image, &samples[i / 2], LOG_BLOCKS);
		block = (image.sb.journal.offset + image.sb.journal.size) / image.sb.fragment_size;
		ffs_image_put_inode(&image, 5, 0100644, 100, image.sb.fragment_size / 512);
		ffs_image_put_pointer(&image, 5, 0, block);
		ffs_image_put_inode(&image, 6, 0100644, 0, 0);
		ffs_check_rebuild(image.fake.content, image.fake.dev.size, &image.sb);
		store16(ffs_image_inode(&image, 5) + 2, 0, image.sample.order);
		memset(ffs_image_inode(&image, 6), 0, image.sb.inode_size);
		begin_log(orders[i % 2]);
		add_list(list, ARRAY_SIZE(list));
		end_log();
		assert_int_equal(mount_to_write(), 0);
		assert_int_equal(ffs_image_unmount(&image), 0);
		assert_int_equal(load16(ffs_image_inode(&image, 5), image.sample.order), 0);
		must_be_whole();
		ffs_image_destroy(&image);
	}
	(void)state;
}

static void
a_log_of_either_order_is_replayed_in_place(void **state)
{
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(samples); i++) {
		uint64_t place;

		ffs_image_create_journaled(&image, &samples[i / 2], LOG_BLOCKS);
		place = image.sb.journal.offset + image.sb.journal.size;
		begin_log(orders[i % 2]);
		add_block(place, 1);
		add_block(place + 512, 2);
		add_block(place, 3);
		end_log();
		assert_int_equal(mount_to_write(), 0);
		assert_int_equal(image.fake.content[place], 3);
		assert_int_equal(image.fake.content[place + 1023], 2);
		make_directory(&image.context, "/mnt/d", 0755);
		assert_int_equal(ffs_image_unmount(&image), 0);
		/* The log goes on in its own order. */
		assert_int_equal(load32(log_at(0), orders[i % 2]), 0x5741424c);
		assert_int_equal(load32(log_at(512), orders[i % 2]), 0x5741424c);
		must_be_whole();
		ffs_image_destroy(&image);
	}
	(void)state;
}

static void
a_log_that_writes_where_it_must_not_is_refused(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		ffs_image_create_journaled(&image, &samples[i % 2], LOG_BLOCKS);
		begin_log(ORDER_LITTLE);
		add_block(i < 2 ? 0 : image.sb.journal.offset + 2048, 0xee);
		end_log();
		must_be_refused(-EUCLEAN, "would write to what is no metadata");
		ffs_image_destroy(&image);
	}
	(void)state;
}

static void
a_log_that_is_not_its_inodes_is_refused(void **state)
{
	/* A pointer that leads elsewhere; no inode at all; another kind of file. */
	for (unsigned i = 0; i < 3; i++) {
		ffs_image_create_journaled(&image, &samples[0], LOG_BLOCKS);
		if (i == 0)
			ffs_image_put_pointer(&image, 3, 5, ffs_image_root(&image));
		else if (i == 1)
			memset(ffs_image_inode(&image, 3), 0, image.sb.inode_size);
		else
			store16(ffs_image_inode(&image, 3), 0010644, image.sample.order);
		must_be_refused(-EUCLEAN, "cannot be written: its journal");
		ffs_image_destroy(&image);
	}
	(void)state;
}

/* What a flag asks for; with something in the log, which comes first. */
static void
a_journal_is_removed_if_it_says_so(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *sample = &samples[i];
		uint8_t *superblock;
		uint64_t place;

		ffs_image_create_journaled(&image, sample, LOG_BLOCKS);
		superblock = image.fake.content + sample_location(sample);
		store32(superblock + 868, 2, sample->order);
		place = image.sb.journal.offset + image.sb.journal.size;
		begin_log(ORDER_BIG);
		add_block(place, 9);
		end_log();
		assert_int_equal(mount_to_write(), 0);
		assert_int_equal(image.fake.content[place], 9);
		make_directory(&image.context, "/mnt/d", 0755);
		assert_int_equal(ffs_image_unmount(&image), 0);
		sample_decode(superblock, sample, &image.sb);
		assert_int_equal(image.sb.journal.place, FFS_JOURNAL_NONE);
		assert_int_equal(image.sb.flags & FFS_FLAG_WAPBL, 0);
		assert_int_equal(image.sb.clean, FFS_CLEAN);
		must_be_whole();
		ffs_image_destroy(&image);
	}
	(void)state;
}

static void
a_log_without_room_for_an_operation_is_refused(void **state)
{
	ffs_image_create_journaled(&image, &samples[0], 20);
	must_be_refused(-EROFS, "is too small");
	assert_int_equal(ffs_image_mount(&image, ""), 0);
	ffs_image_destroy(&image);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_log_lists_is_freed),
		cmocka_unit_test(a_log_of_either_order_is_replayed_in_place),
		cmocka_unit_test(a_log_that_writes_where_it_must_not_is_refused),
		cmocka_unit_test(a_log_that_is_not_its_inodes_is_refused),
		cmocka_unit_test(a_journal_is_removed_if_it_says_so),
		cmocka_unit_test(a_log_without_room_for_an_operation_is_refused),
		cmocka_unit_test(the_default_size_is_a_share_of_the_file_system),
		cmocka_unit_test(a_new_log_is_empty),
		cmocka_unit_test(a_superblock_says_where_the_log_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
