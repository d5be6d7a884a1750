/*
 * Tests of the journal's decoders, in both byte orders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fs/ffs/wapbl.h"
#include "tests/ffs_sample.h"

#define LOG_SIZE (64 * 1024)
#define LIMIT	 ((uint64_t)1 << 26) /* of the file system, bytes */

static struct ffs_wapbl_header header;
static struct ffs_wapbl_record record;
static struct ffs_wapbl_entry entry;
static struct ffs_flaw flaw;
static uint8_t bytes[512];

static const enum byte_order orders[] = { ORDER_LITTLE, ORDER_BIG };

/* Records from 10240 to 20480 of a log of 64 KiB, as the kernel writes it. */
static void
put_header(enum byte_order order)
{
	memset(bytes, 0, sizeof(bytes));
	store32(bytes + 0, 0x5741424c, order);
	store32(bytes + 4, 512, order);
	store32(bytes + 12, 6, order);
	store32(bytes + 36, 1, order);
	store32(bytes + 40, 9, order);
	store32(bytes + 44, 9, order);
	store64(bytes + 48, 20480, order);
	store64(bytes + 56, 10240, order);
	store64(bytes + 64, 1024, order);
	store64(bytes + 72, LOG_SIZE - 1024, order);
}

static int
decode_header(void)
{
	return ffs_wapbl_header_decode(bytes, sizeof(bytes), LOG_SIZE, &header, &flaw);
}

static void
reads_a_header_in_either_order(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		put_header(orders[i]);
		assert_int_equal(decode_header(), 0);
		assert_int_equal(header.order, orders[i]);
		assert_int_equal(header.generation, 6);
		assert_int_equal(header.block_size, 512);
		assert_int_equal(header.unit_shift, 9);
		assert_int_equal(header.area_offset, 1024);
		assert_int_equal(header.area_size, LOG_SIZE - 1024);
		assert_int_equal(header.tail, 10240 - 1024);
		assert_int_equal(header.used, 10240);
	}
}

static void
measures_what_is_used_around_the_end(void **state)
{
	static const struct {
		uint64_t head, tail, used;
	} rows[] = {
		{ 0, 0, 0 },			 /* empty */
		{ 1536, 1024, 512 },		 /* one block at the beginning */
		{ 1024, 65024, 512 },		 /* the last block */
		{ 1536, 65024, 1024 },		 /* around the end */
		{ 1024, 1024, LOG_SIZE - 1024 }, /* full */
		{ 5120, 5120, LOG_SIZE - 1024 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		put_header(ORDER_LITTLE);
		store64(bytes + 48, rows[i].head, ORDER_LITTLE);
		store64(bytes + 56, rows[i].tail, ORDER_LITTLE);
		assert_int_equal(decode_header(), 0);
		assert_int_equal(header.used, rows[i].used);
	}
}

static void
refuses_headers_that_cannot_be(void **state)
{
	static const struct {
		unsigned offset, width;
		uint64_t value;
	} rows[] = {
		{ 36, 4, 0 },
		{ 36, 4, 2 },  /* a later version */
		{ 4, 4, 79 },  /* shorter than its fields */
		{ 4, 4, 513 }, /* longer than its block */
		{ 40, 4, 8 },  /* blocks below a sector */
		{ 40, 4, 17 },
		{ 40, 4, 0xffffffff }, /* would shift out of range */
		{ 44, 4, 8 },
		{ 44, 4, 32 },
		{ 64, 8, 512 }, /* area over the second header */
		{ 64, 8, 1025 },
		{ 64, 8, LOG_SIZE + 512 }, /* area outside the log */
		{ 64, 8, UINT64_MAX - 511 },
		{ 72, 8, 0 },
		{ 72, 8, LOG_SIZE - 1025 }, /* no whole blocks */
		{ 72, 8, LOG_SIZE },	    /* one header too large */
		{ 72, 8, UINT64_MAX - 511 },
		{ 48, 8, 0 },	     /* head without, tail with a place */
		{ 48, 8, 512 },	     /* in the headers */
		{ 48, 8, LOG_SIZE }, /* at the end, which is the beginning */
		{ 48, 8, 20481 },
		{ 48, 8, UINT64_MAX - 511 },
		{ 56, 8, 0 },
		{ 56, 8, 512 },
		{ 56, 8, LOG_SIZE },
		{ 56, 8, 10241 },
		{ 56, 8, (uint64_t)1 << 63 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		enum byte_order order = orders[i % 2];
		unsigned offset = rows[i / 2].offset;

		put_header(order);
		if (rows[i / 2].width == 4)
			store32(bytes + offset, (uint32_t)rows[i / 2].value, order);
		else
			store64(bytes + offset, rows[i / 2].value, order);
		assert_int_equal(decode_header(), -EUCLEAN);
		assert_int_equal(flaw.offset, offset);
	}
}

static void
tells_other_data_from_a_header(void **state)
{
	put_header(ORDER_LITTLE);
	assert_int_equal(ffs_wapbl_header_decode(bytes, 79, LOG_SIZE, &header, &flaw), -ENODEV);
	bytes[0] ^= 1;
	assert_int_equal(decode_header(), -ENODEV);
}

static void
compares_generations_around_their_end(void **state)
{
	static const struct {
		uint32_t left, right;
		bool want;
	} rows[] = {
		{ 6, 5, true },
		{ 5, 6, false },
		{ 5, 5, false },
		{ 0, UINT32_MAX, true },
		{ UINT32_MAX, 0, false },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ffs_wapbl_header left = { .generation = rows[i].left };
		struct ffs_wapbl_header right = { .generation = rows[i].right };

		assert_int_equal(ffs_wapbl_is_newer(&left, &right), rows[i].want);
	}
}

static void
put_record(enum byte_order order, uint32_t type, uint32_t length, uint32_t count)
{
	put_header(order);
	assert_int_equal(decode_header(), 0);
	memset(bytes, 0, sizeof(bytes));
	store32(bytes + 0, type, order);
	store32(bytes + 4, length, order);
	store32(bytes + 8, count, order);
}

static void
reads_records_that_fit(void **state)
{
	static const struct {
		uint32_t type, length, count;
		uint64_t left;
		int want;
	} rows[] = {
		{ FFS_WAPBL_BLOCKS, 8704, 1, 8704, 0 },
		{ FFS_WAPBL_BLOCKS, 8704, 31, 8704, 0 },	/* as many as fit a block */
		{ FFS_WAPBL_BLOCKS, 8704, 32, 8704, -EUCLEAN }, /* one more */
		{ FFS_WAPBL_REVOCATIONS, 512, 31, 512, 0 },
		{ FFS_WAPBL_REVOCATIONS, 512, 0x80000000, 512, -EUCLEAN }, /* negative */
		{ FFS_WAPBL_INODES, 512, 62, 512, 0 }, /* its entries are smaller */
		{ FFS_WAPBL_INODES, 512, 63, 512, -EUCLEAN },
		{ FFS_WAPBL_BLOCKS, 8704, 1, 8192, -EUCLEAN },	/* runs over the head */
		{ FFS_WAPBL_BLOCKS, 0, 1, 8192, -EUCLEAN },	/* would never advance */
		{ FFS_WAPBL_BLOCKS, 8703, 1, 65536, -EUCLEAN }, /* no whole blocks */
		{ FFS_WAPBL_BLOCKS, 0x80000000, 1, UINT64_MAX, -EUCLEAN },
		{ 0, 512, 0, 512, -EUCLEAN },	       /* never written */
		{ 0x5741424c, 512, 0, 512, -EUCLEAN }, /* a header in the area */
		{ 0x57414250, 512, 0, 512, -EUCLEAN },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		put_record(orders[i % 2], rows[i / 2].type, rows[i / 2].length, rows[i / 2].count);
		assert_int_equal(ffs_wapbl_record_decode(&header, bytes, rows[i / 2].left, &record,
				     &flaw),
		    rows[i / 2].want);
		if (rows[i / 2].want != 0)
			continue;
		assert_int_equal(record.type, rows[i / 2].type);
		assert_int_equal(record.length, rows[i / 2].length);
		assert_int_equal(record.count, rows[i / 2].count);
	}
}

static void
reads_entries_inside_the_file_system(void **state)
{
	static const struct {
		uint64_t address;
		uint32_t length;
		int want;
	} rows[] = {
		{ 16, 2048, 0 },		      /* the superblock */
		{ LIMIT / 512 - 16, 8192, 0 },	      /* the last block */
		{ LIMIT / 512 - 15, 8192, -EUCLEAN }, /* reaches past the end */
		{ LIMIT / 512, 512, -EUCLEAN }, { LIMIT / 512 + 1, 512, -EUCLEAN },
		{ UINT64_MAX, 512, -EUCLEAN },	      /* negative */
		{ (uint64_t)1 << 55, 512, -EUCLEAN }, /* wraps when shifted */
		{ 16, 0, -EUCLEAN },		      /* nothing */
		{ 16, 100, -EUCLEAN },		      /* no whole sectors */
		{ 16, 0x80000000, -EUCLEAN },	      /* negative */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		put_record(orders[i % 2], FFS_WAPBL_BLOCKS, 8704, 31);
		store64(bytes + 16 + 30 * 16, rows[i / 2].address, orders[i % 2]);
		store32(bytes + 28 + 30 * 16, rows[i / 2].length, orders[i % 2]);
		assert_int_equal(ffs_wapbl_entry_decode(&header, bytes, 30, LIMIT, &entry, &flaw),
		    rows[i / 2].want);
		if (rows[i / 2].want != 0)
			continue;
		assert_int_equal(entry.offset, rows[i / 2].address * 512);
		assert_int_equal(entry.length, rows[i / 2].length);
	}
}

static void
writes_headers_as_it_reads_them(void **state)
{
	static const struct ffs_time now = { 1700000000, 999999999 };
	static const struct {
		uint64_t tail, used;
	} rows[] = {
		{ 0, 0 }, { 10240 - 1024, 10240 }, { LOG_SIZE - 2048, 1536 }, /* around the end */
		{ 4096, LOG_SIZE - 1024 },				      /* full */
	};
	uint8_t encoded[512];

	for (unsigned i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		struct ffs_wapbl_header written = {
			.order = orders[i % 2],
			.generation = 6,
			.block_size = 512,
			.unit_shift = 9,
			.area_offset = 1024,
			.area_size = LOG_SIZE - 1024,
			.tail = rows[i / 2].tail,
			.used = rows[i / 2].used,
		};

		ffs_wapbl_header_encode(&written, now, encoded);
		assert_int_equal(ffs_wapbl_header_decode(encoded, 512, LOG_SIZE, &header, &flaw),
		    0);
		assert_int_equal(header.generation, 6);
		assert_int_equal(header.tail, written.tail);
		assert_int_equal(header.used, written.used);
		if (i / 2 != 1)
			continue;
		put_header(orders[i % 2]); /* byte by byte what a kernel wrote */
		store64(bytes + 24, 1700000000, orders[i % 2]);
		store32(bytes + 32, 999999999, orders[i % 2]);
		assert_memory_equal(encoded, bytes, 512);
	}
}

static void
writes_records_as_it_reads_them(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct ffs_wapbl_record written = { FFS_WAPBL_BLOCKS, 8704, 31, false };
		struct ffs_wapbl_inode inode = { 1234, 0100644 };
		uint8_t encoded[512] = { 0 };

		put_record(orders[i], FFS_WAPBL_BLOCKS, 8704, 31);
		store64(bytes + 16 + 30 * 16, 12345, orders[i]);
		store32(bytes + 28 + 30 * 16, 8192, orders[i]);
		ffs_wapbl_record_encode(&header, &written, encoded);
		for (uint32_t index = 0; index < 31; index++) {
			entry = (struct ffs_wapbl_entry){
				load64(bytes + 16 + 16 * index, orders[i]) << 9,
				load32(bytes + 28 + 16 * index, orders[i]),
			};
			ffs_wapbl_entry_encode(&header, &entry, index, encoded);
		}
		assert_memory_equal(encoded, bytes, 512);

		written = (struct ffs_wapbl_record){ FFS_WAPBL_INODES, 512, 62, true };
		ffs_wapbl_record_encode(&header, &written, encoded);
		ffs_wapbl_inode_encode(&header, &inode, 61, encoded);
		assert_int_equal(ffs_wapbl_record_decode(&header, encoded, 512, &record, &flaw), 0);
		assert_true(record.is_first);
		inode.ino = inode.mode = 0;
		ffs_wapbl_inode_decode(&header, encoded, 61, &inode);
		assert_int_equal(inode.ino, 1234);
		assert_int_equal(inode.mode, 0100644);
		assert_int_equal(load32(encoded + 508, orders[i]), 0100644);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_header_in_either_order),
		cmocka_unit_test(measures_what_is_used_around_the_end),
		cmocka_unit_test(refuses_headers_that_cannot_be),
		cmocka_unit_test(tells_other_data_from_a_header),
		cmocka_unit_test(compares_generations_around_their_end),
		cmocka_unit_test(reads_records_that_fit),
		cmocka_unit_test(reads_entries_inside_the_file_system),
		cmocka_unit_test(writes_headers_as_it_reads_them),
		cmocka_unit_test(writes_records_as_it_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
