/*
 * Tests of the superblock's decoder: what it reads from good ones of every
 * kind, and that it names the field that is wrong in bad ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fs/ffs/superblock.h"
#include "tests/ffs_sample.h"

static const struct sample ufs1_little = { FFS_UFS1, ORDER_LITTLE, 8192, 1024, 3 };
static const struct sample ufs2_big = { FFS_UFS2, ORDER_BIG, 16384, 2048, 3 };

static struct ffs_superblock decoded;
static struct ffs_flaw flaw;
static uint8_t bytes[FFS_SUPERBLOCK_SIZE];

static void
reads_every_version_order_and_block_size(void **state)
{
	static const uint32_t sizes[][2] = {
		{ 4096, 512 },
		{ 4096, 4096 },
		{ 8192, 1024 },
		{ 16384, 2048 },
		{ 16384, 8192 },
		{ 32768, 4096 },
		{ 65536, 8192 },
		{ 65536, 16384 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(sizes) * 4; i++) {
		struct sample sample = {
			.version = i & 1 ? FFS_UFS2 : FFS_UFS1,
			.order = i & 2 ? ORDER_BIG : ORDER_LITTLE,
			.block_size = sizes[i / 4][0],
			.fragment_size = sizes[i / 4][1],
			.group_count = 7,
		};

		sample_superblock(bytes, &sample);
		assert_int_equal(ffs_superblock_decode(bytes, sizeof(bytes),
				     sample_location(&sample), &decoded, &flaw),
		    0);
		assert_int_equal(decoded.version, sample.version);
		assert_int_equal(decoded.order, sample.order);
		assert_int_equal(1U << decoded.block_shift, sample.block_size);
		assert_int_equal(1U << decoded.fragment_shift, sample.fragment_size);
		assert_int_equal(decoded.fragments_per_block << decoded.fragment_shift,
		    sample.block_size);
		assert_int_equal(decoded.file_size_max, sample_file_size_max(&sample));
		assert_int_equal(decoded.group_count, 7);
		assert_int_equal(decoded.fragment_count, 7 * SAMPLE_FRAGMENTS_PER_GROUP);
	}
}

static void
reads_what_is_for_people(void **state)
{
	sample_superblock(bytes, &ufs2_big);
	sample_decode(bytes, &ufs2_big, &decoded);
	assert_string_equal(decoded.label, "label");
	assert_string_equal(decoded.mounted_on, "/home");
	assert_int_equal(decoded.clean, FFS_CLEAN);
	assert_int_equal(decoded.time, 1700000000);
	assert_int_equal(decoded.id[0], 0x11223344);
	assert_int_equal(decoded.id[1], 0x55667788);
	assert_int_equal(decoded.counts.directories, 100);
	assert_int_equal(decoded.counts.blocks_free, 101);
	assert_int_equal(decoded.counts.inodes_free, 102);
	assert_int_equal(decoded.counts.fragments_free, 103);
	assert_int_equal(decoded.reserve_percent, 5);
	assert_int_equal(decoded.journal.place, FFS_JOURNAL_NONE);
}

static void
ends_text_that_fills_its_field(void **state)
{
	sample_superblock(bytes, &ufs2_big);
	memset(bytes + 212, 'm', 468);
	memset(bytes + 680, 'v', 32);
	sample_decode(bytes, &ufs2_big, &decoded);
	assert_int_equal(string_length(decoded.label, 100), 32);
	assert_int_equal(string_length(decoded.mounted_on, 1000), 468);
}

static void
reads_the_old_layout_from_its_own_fields(void **state)
{
	const struct sample sample = { FFS_UFS1, ORDER_BIG, 4096, 1024, 2 };

	sample_old_superblock(bytes, &sample);
	sample_decode(bytes, &sample, &decoded);
	assert_false(decoded.is_updated);
	assert_true(decoded.has_old_inodes);
	assert_int_equal(decoded.fragment_count, 2 * SAMPLE_FRAGMENTS_PER_GROUP);
	assert_int_equal(decoded.time, 500000000);
	assert_int_equal(decoded.counts.fragments_free, 103);
	assert_int_equal(decoded.short_link_max, 0);
	assert_int_equal(decoded.file_size_max, sample_file_size_max(&sample) + 1);
	assert_string_equal(decoded.label, "");
}

static void
takes_4_4bsd_fields_without_the_64_bit_ones(void **state)
{
	sample_old_superblock(bytes, &ufs1_little);
	memset(bytes + 860, 0, 1356 - 860);
	sample_superblock_sizes(bytes, &ufs1_little);
	store32(bytes + 1356, 1, ORDER_LITTLE);
	sample_decode(bytes, &ufs1_little, &decoded);
	assert_false(decoded.is_updated);
	assert_false(decoded.has_old_inodes);
	assert_int_equal(decoded.short_link_max, 60);
}

static void
tells_other_data_from_a_superblock(void **state)
{
	sample_superblock(bytes, &ufs1_little);
	assert_int_equal(ffs_superblock_decode(bytes, FFS_SUPERBLOCK_USED - 1, 8192, &decoded,
			     &flaw),
	    -ENODEV);
	bytes[1373] ^= 1;
	assert_int_equal(ffs_superblock_decode(bytes, sizeof(bytes), 8192, &decoded, &flaw),
	    -ENODEV);
}

static void
takes_a_superblock_only_where_it_belongs(void **state)
{
	static const struct {
		const struct sample *sample;
		uint64_t says, found;
		int want;
	} rows[] = {
		{ &ufs1_little, 8192, 8192, 0 },
		{ &ufs1_little, 0, 8192, 0 },		  /* older newfs left it 0 */
		{ &ufs1_little, 0, 0, 0 },		  /* floppy */
		{ &ufs1_little, 8192, 262144, -EUCLEAN }, /* a copy */
		{ &ufs1_little, 65536, 65536, -ENODEV },  /* first copy, of 64 KiB blocks */
		{ &ufs2_big, 65536, 65536, 0 },
		{ &ufs2_big, 8192, 8192, 0 },	      /* makefs puts it there */
		{ &ufs2_big, 262144, 262144, 0 },     /* piggy */
		{ &ufs2_big, 65536, 8192, -EUCLEAN }, /* a copy */
		{ &ufs2_big, 0, 65536, -EUCLEAN },    /* UFS2 always says */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		sample_superblock(bytes, rows[i].sample);
		store64(bytes + 1000, rows[i].says, rows[i].sample->order);
		assert_int_equal(ffs_superblock_decode(bytes, sizeof(bytes), rows[i].found,
				     &decoded, &flaw),
		    rows[i].want);
	}
}

/* One field spoilt in an otherwise good superblock of either version. */
struct spoilt {
	unsigned offset;
	unsigned width; /* bytes */
	uint64_t value;
	unsigned versions; /* bit n: wrong in UFSn */
	unsigned blamed;   /* offset of the field that is named; 0: the same */
};

#define BOTH (1 << FFS_UFS1 | 1 << FFS_UFS2)

static void
names_the_field_that_is_wrong(void **state)
{
	static const struct spoilt rows[] = {
		{ 48, 4, 0, BOTH, 0 },		/* would divide by zero */
		{ 48, 4, 12288, BOTH, 0 },	/* no power of two */
		{ 48, 4, 2048, BOTH, 0 },	/* too small */
		{ 48, 4, 131072, BOTH, 0 },	/* too large */
		{ 48, 4, 0x80000000, BOTH, 0 }, /* negative */
		{ 52, 4, 0, BOTH, 0 },
		{ 52, 4, 256, BOTH, 0 },	/* below a sector */
		{ 52, 4, 65536, BOTH, 0 },	/* above the block size */
		{ 56, 4, 4, BOTH, 0 },		/* not their quotient */
		{ 52, 4, 512, BOTH, 56 },	/* the quotient would be 16 or 32 */
		{ 72, 4, 0xfffff000, BOTH, 0 }, /* another block size's mask */
		{ 76, 4, 0, BOTH, 0 },
		{ 80, 4, 12, BOTH, 0 },
		{ 80, 4, 200, BOTH, 0 }, /* would shift out of range */
		{ 84, 4, 9, BOTH, 0 },
		{ 96, 4, 2, BOTH, 0 },
		{ 100, 4, 3, BOTH, 0 }, /* sectors below 512 bytes */
		{ 100, 4, 0xffffffff, BOTH, 0 },
		{ 1336, 8, 4095, BOTH, 0 },
		{ 1344, 8, UINT64_MAX, BOTH, 0 },
		{ 116, 4, 512, BOTH, 0 }, /* pointers beyond or short of a block */
		{ 120, 4, 1, BOTH, 0 },
		{ 1328, 8, 0, BOTH, 0 },
		{ 1328, 8, UINT64_MAX, BOTH, 0 },  /* negative */
		{ 1320, 4, 61, 1 << FFS_UFS1, 0 }, /* leaves the inode */
		{ 1320, 4, 121, BOTH, 0 },
		{ 1320, 4, 0xffffffff, BOTH, 0 },
		{ 44, 4, 0, BOTH, 0 },
		{ 44, 4, 0xffffffff, BOTH, 0 },
		{ 44, 4, 2, BOTH, 1080 }, /* size beyond the groups */
		{ 44, 4, 4, BOTH, 1080 }, /* a group beyond the size */
		{ 188, 4, 0, BOTH, 0 },
		{ 188, 4, 0x80000000, BOTH, 0 },
		{ 188, 4, 16000, BOTH, 1080 },
		{ 184, 4, 0, BOTH, 0 },
		{ 184, 4, 1023, BOTH, 0 },	  /* half a block of inodes */
		{ 184, 4, 0x7fffff80, BOTH, 0 },  /* three groups exceed 32 bits */
		{ 184, 4, 0x10000000, BOTH, 20 }, /* inodes run into the data */
		{ 1080, 8, 0, BOTH, 0 },
		{ 1080, 8, UINT64_MAX, BOTH, 0 },
		{ 1080, 8, 2 * SAMPLE_FRAGMENTS_PER_GROUP + 1, BOTH, 1088 }, /* below dsize */
		{ 1088, 8, UINT64_MAX, BOTH, 0 },
		{ 104, 4, 1375, BOTH, 0 }, /* no place for the magic number */
		{ 104, 4, 8193, BOTH, 0 },
		{ 160, 4, 0, BOTH, 0 },
		{ 160, 4, 65537, BOTH, 0 }, /* more than a block */
		{ 8, 4, 0, BOTH, 0 },
		{ 8, 4, 0x80000000, BOTH, 0 },
		{ 8, 4, 224, BOTH, 12 },   /* copy where the header is */
		{ 12, 4, 255, BOTH, 16 },  /* header reaches into the inodes */
		{ 16, 4, 257, BOTH, 20 },  /* inodes reach into the data */
		{ 20, 4, 16385, BOTH, 0 }, /* data outside its group */
		{ 20, 4, 0xffffffff, BOTH, 0 },
		{ 156, 4, 0, BOTH, 0 },	 /* no counts at all */
		{ 156, 4, 47, BOTH, 0 }, /* counts of two groups */
		{ 156, 4, 0x80000000, BOTH, 0 },
		{ 1096, 8, 0, BOTH, 0 }, /* where the boot blocks are */
		{ 1096, 8, 3 * SAMPLE_FRAGMENTS_PER_GROUP, BOTH, 0 }, /* past the end */
		{ 1096, 8, UINT64_MAX, BOTH, 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		const struct sample *sample = i & 1 ? &ufs2_big : &ufs1_little;
		const struct spoilt *row = rows + i / 2;

		if ((row->versions >> sample->version & 1) == 0)
			continue;
		sample_superblock(bytes, sample);
		if (row->width == 8)
			store64(bytes + row->offset, row->value, sample->order);
		else
			store32(bytes + row->offset, (uint32_t)row->value, sample->order);
		assert_int_equal(ffs_superblock_decode(bytes, sizeof(bytes),
				     sample_location(sample), &decoded, &flaw),
		    -EUCLEAN);
		assert_int_equal(flaw.offset, row->blamed ? row->blamed : row->offset);
		assert_non_null(flaw.what);
	}
}

static void
keeps_staggered_groups_inside(void **state)
{
	static const struct {
		uint32_t stagger, mask;
		int want;
	} rows[] = {
		{ 64, 0xfffffffe, 0 },		      /* odd groups move by 64 */
		{ 64, 0xffffffff, 0 },		      /* none moves */
		{ 16001, 0xfffffffe, -EUCLEAN },      /* past the end of the group */
		{ 15000, 0, -EUCLEAN },		      /* every group by 15000 more */
		{ 0xffffffff, 0xffffffff, -EUCLEAN }, /* negative */
		{ 0x7fffffff, 0, -EUCLEAN },	      /* would overflow 32 bits */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		sample_superblock(bytes, &ufs1_little);
		store32(bytes + 24, rows[i].stagger, ORDER_LITTLE);
		store32(bytes + 28, rows[i].mask, ORDER_LITTLE);
		assert_int_equal(ffs_superblock_decode(bytes, sizeof(bytes), 8192, &decoded, &flaw),
		    rows[i].want);
	}

	/* UFS2 has no use for the fields, and may hold anything there. */
	sample_superblock(bytes, &ufs2_big);
	store32(bytes + 24, 0xffffffff, ORDER_BIG);
	sample_decode(bytes, &ufs2_big, &decoded);
	assert_int_equal(decoded.stagger, 0);
}

static void
wants_the_last_group_to_hold_its_own_parts(void **state)
{
	uint64_t two = 2 * SAMPLE_FRAGMENTS_PER_GROUP;

	sample_superblock(bytes, &ufs2_big);
	store64(bytes + 1088, 0, ORDER_BIG);
	store64(bytes + 1080, two + sample_data_offset(&ufs2_big), ORDER_BIG);
	sample_decode(bytes, &ufs2_big, &decoded);
	store64(bytes + 1080, two + sample_data_offset(&ufs2_big) - 1, ORDER_BIG);
	assert_int_equal(ffs_superblock_decode(bytes, sizeof(bytes), 65536, &decoded, &flaw),
	    -EUCLEAN);
}

/* A journal of 1 MiB at fragment 2000 or past the end, as sample says. */
static void
put_journal(const struct sample *sample, enum byte_order order, unsigned place, uint64_t address)
{
	sample_superblock(bytes, sample);
	store32(bytes + 1312, FFS_FLAG_WAPBL, sample->order);
	bytes[864] = 1;
	bytes[865] = (uint8_t)place;
	store64(bytes + 872, address, order);
	store64(bytes + 880, 2048, order);
	store64(bytes + 888, 512, order);
	store64(bytes + 896, 77, order);
}

static void
finds_the_journal_in_either_byte_order(void **state)
{
	for (unsigned order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		put_journal(&ufs2_big, (enum byte_order)order, FFS_JOURNAL_INSIDE_FS, 20000);
		sample_decode(bytes, &ufs2_big, &decoded);
		assert_int_equal(decoded.journal.place, FFS_JOURNAL_INSIDE_FS);
		assert_int_equal(decoded.journal.offset, 20000 * 512);
		assert_int_equal(decoded.journal.size, 2048 * 512);
		assert_int_equal(decoded.journal.block_size, 512);
		assert_int_equal(decoded.journal.ino, 77);
	}
}

static void
sees_no_journal_where_freebsd_uses_the_bytes(void **state)
{
	put_journal(&ufs2_big, ORDER_BIG, FFS_JOURNAL_INSIDE_FS, 20000);
	bytes[864] = 0; /* NFSv4 ACLs and a provider size */
	sample_decode(bytes, &ufs2_big, &decoded);
	assert_int_equal(decoded.journal.place, FFS_JOURNAL_NONE);

	put_journal(&ufs2_big, ORDER_BIG, FFS_JOURNAL_NONE, 20000);
	sample_decode(bytes, &ufs2_big, &decoded);
	assert_int_equal(decoded.journal.place, FFS_JOURNAL_NONE);

	put_journal(&ufs2_big, ORDER_BIG, FFS_JOURNAL_INSIDE_FS, 20000);
	store32(bytes + 1312, 0, ORDER_BIG);
	sample_decode(bytes, &ufs2_big, &decoded);
	assert_int_equal(decoded.journal.place, FFS_JOURNAL_NONE);
}

static void
sees_no_journal_where_one_is_only_wished_for(void **state)
{
	for (unsigned order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		put_journal(&ufs2_big, (enum byte_order)order, FFS_JOURNAL_INSIDE_FS, 0);
		store32(bytes + 868, 1, (enum byte_order)order);
		sample_decode(bytes, &ufs2_big, &decoded);
		assert_int_equal(decoded.journal.place, FFS_JOURNAL_NONE);
		assert_true(decoded.journal.is_to_be_made);
		/* Once it has a place it is there. */
		put_journal(&ufs2_big, (enum byte_order)order, FFS_JOURNAL_INSIDE_FS, 20000);
		store32(bytes + 868, 1, (enum byte_order)order);
		sample_decode(bytes, &ufs2_big, &decoded);
		assert_int_equal(decoded.journal.place, FFS_JOURNAL_INSIDE_FS);
	}
	(void)state;
}

static void
refuses_journals_that_are_out_of_place(void **state)
{
	uint64_t end = (uint64_t)3 * SAMPLE_FRAGMENTS_PER_GROUP * 2048 / 512;
	const struct {
		unsigned place;
		uint64_t address, count, block_size;
		int want;
	} rows[] = {
		{ 2, end - 2048, 2048, 512, 0 },	/* ends with the file system */
		{ 2, end - 2047, 2048, 512, -EUCLEAN }, /* reaches past it */
		{ 1, end, 2048, 512, 0 },		/* begins behind it */
		{ 1, end - 1, 2048, 512, -EUCLEAN },	/* begins in it */
		{ 3, 20000, 2048, 512, -EUCLEAN },	/* no such place */
		{ 2, 20000, 0, 512, -EUCLEAN },		/* empty */
		{ 2, 20000, 2048, 0, -EUCLEAN },	/* no block size */
		{ 2, 20000, 2048, 256, -EUCLEAN },	/* below a sector */
		{ 2, 20000, 2048, 131072, -EUCLEAN },	/* too large */
		{ 2, UINT64_MAX, 2048, 512, -EUCLEAN }, /* would wrap */
		{ 2, 20000, UINT64_MAX / 512, 512, -EUCLEAN },
		{ 2, (uint64_t)1 << 54, (uint64_t)1 << 54, 512, -EUCLEAN },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		put_journal(&ufs2_big, ORDER_BIG, rows[i].place, rows[i].address);
		store64(bytes + 880, rows[i].count, ORDER_BIG);
		store64(bytes + 888, rows[i].block_size, ORDER_BIG);
		assert_int_equal(ffs_superblock_decode(bytes, sizeof(bytes), 65536, &decoded,
				     &flaw),
		    rows[i].want);
	}
}

static void
takes_what_real_tools_leave_in_fields_of_no_use(void **state)
{
	/* UFS2's 32-bit fields: 0 from newfs, -1 from others. */
	sample_superblock(bytes, &ufs2_big);
	for (unsigned offset = 24; offset < 44; offset += 4)
		store32(bytes + offset, 0xffffffff, ORDER_BIG);
	store32(bytes + 152, 0xffffffff, ORDER_BIG);
	store32(bytes + 1324, 0xffffffff, ORDER_BIG);
	store32(bytes + 1356, 0xffffffff, ORDER_BIG);
	bytes[211] = 0;
	sample_decode(bytes, &ufs2_big, &decoded);
	assert_false(decoded.has_old_inodes);
	assert_true(decoded.is_updated);

	/* Disks of 2048-byte sectors. */
	sample_superblock(bytes, &ufs2_big);
	store32(bytes + 100, 0, ORDER_BIG);
	sample_decode(bytes, &ufs2_big, &decoded);

	/* A round number for the largest file. */
	store64(bytes + 1328, INT64_MAX, ORDER_BIG);
	sample_decode(bytes, &ufs2_big, &decoded);
	assert_int_equal(decoded.file_size_max, sample_file_size_max(&ufs2_big) + 1);
	store64(bytes + 1328, (uint64_t)1 << 39, ORDER_BIG);
	sample_decode(bytes, &ufs2_big, &decoded);
	assert_int_equal(decoded.file_size_max, (uint64_t)1 << 39);

	/* A state that no system writes counts as dirty. */
	bytes[209] = 77;
	sample_decode(bytes, &ufs2_big, &decoded);
	assert_int_equal(decoded.clean, FFS_DIRTY);
}

static void
reads_how_disks_turned(void **state)
{
	static const struct sample old = { FFS_UFS1, ORDER_BIG, 8192, 1024, 2 };
	static const uint32_t fields[] = { 124, 168, 172, 180, 1360 };

	sample_aged_superblock(bytes, &old, SAMPLE_44BSD);
	sample_decode(bytes, &old, &decoded);
	assert_int_equal(decoded.rotation.cylinders, 32);
	assert_int_equal(decoded.rotation.positions, 8);
	assert_int_equal(decoded.rotation.fragment_sectors, 2);
	assert_int_equal(decoded.rotation.cylinder_sectors, 1024);
	assert_int_equal(decoded.rotation.track_sectors, 36);
	assert_int_equal(decoded.rotation.turn_sectors, 40);
	assert_int_equal(decoded.rotation.interleave, 1);
	assert_int_equal(decoded.rotation.skew, 3);

	/* 4.2BSD has eight positions, no spare sectors and no skew. */
	sample_aged_superblock(bytes, &old, SAMPLE_42BSD);
	sample_decode(bytes, &old, &decoded);
	assert_int_equal(decoded.rotation.positions, 8);
	assert_int_equal(decoded.rotation.turn_sectors, 36);
	assert_int_equal(decoded.rotation.interleave, 1);

	/* What cannot be divided by is no geometry. */
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		for (unsigned j = 0; j < 2; j++) {
			sample_aged_superblock(bytes, &old, SAMPLE_44BSD);
			store32(bytes + fields[i], j == 0 ? 0 : 0x80000000, ORDER_BIG);
			sample_decode(bytes, &old, &decoded);
			assert_int_equal(decoded.rotation.cylinders, 0);
		}
	}
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_version_order_and_block_size),
		cmocka_unit_test(reads_what_is_for_people),
		cmocka_unit_test(ends_text_that_fills_its_field),
		cmocka_unit_test(reads_the_old_layout_from_its_own_fields),
		cmocka_unit_test(reads_how_disks_turned),
		cmocka_unit_test(takes_4_4bsd_fields_without_the_64_bit_ones),
		cmocka_unit_test(tells_other_data_from_a_superblock),
		cmocka_unit_test(takes_a_superblock_only_where_it_belongs),
		cmocka_unit_test(names_the_field_that_is_wrong),
		cmocka_unit_test(keeps_staggered_groups_inside),
		cmocka_unit_test(wants_the_last_group_to_hold_its_own_parts),
		cmocka_unit_test(finds_the_journal_in_either_byte_order),
		cmocka_unit_test(sees_no_journal_where_freebsd_uses_the_bytes),
		cmocka_unit_test(sees_no_journal_where_one_is_only_wished_for),
		cmocka_unit_test(refuses_journals_that_are_out_of_place),
		cmocka_unit_test(takes_what_real_tools_leave_in_fields_of_no_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
