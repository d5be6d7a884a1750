/*
 * NetBSD's write-ahead log (WAPBL) as it is on the medium.
 *
 * The log begins with two header blocks; the valid one of the newer generation
 * counts.  It says where in the circular area behind them the records of
 * committed transactions begin (tail) and end (head).  A record is a header in
 * one log block and, for blocks, their content behind it.  Pure decoding of
 * both; following the records is replay.h.
 *
 * The log is written in the byte order of the machine that mounted the file
 * system, which need not be the file system's own.  Its checksum fields are
 * always 0: they were never put to use.
 */
#ifndef FS_FFS_WAPBL_H
#define FS_FFS_WAPBL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/endian.h"
#include "fs/ffs/flaw.h"

#define FFS_WAPBL_BLOCK_SIZE_MAX 65536

enum ffs_wapbl_type {
	FFS_WAPBL_INODES = 0x5741424d,	    /* allocated, but no name leads there */
	FFS_WAPBL_REVOCATIONS = 0x5741424e, /* earlier copies are void */
	FFS_WAPBL_BLOCKS = 0x5741424f,
};

struct ffs_wapbl_header {
	enum byte_order order; /* of the whole log */
	uint32_t generation;
	uint32_t block_size;  /* of the log: alignment and header size of records */
	uint32_t unit_shift;  /* log2 of the unit of addresses on the device */
	uint64_t area_offset; /* of the circular area, bytes into the log */
	uint64_t area_size;
	uint64_t tail; /* first record, bytes into the area */
	uint64_t used; /* bytes of records from there on, around the end */
};

struct ffs_wapbl_record {
	enum ffs_wapbl_type type;
	uint32_t length; /* bytes, header and content; whole log blocks */
	uint32_t count;	 /* of entries */
};

/* One block, or revocation: a range of the device. */
struct ffs_wapbl_entry {
	uint64_t offset; /* bytes */
	uint64_t length; /* bytes, not 0 */
};

/*
 * Decode a header of a log of log_size bytes.  -ENODEV if the bytes are none at
 * all, -EUCLEAN if it is damaged.
 */
MUST_CHECK int ffs_wapbl_header_decode(const uint8_t *bytes, size_t size, uint64_t log_size,
    struct ffs_wapbl_header *out, struct ffs_flaw *flaw);

/* Is left of a later generation?  Generations wrap around. */
static inline bool
ffs_wapbl_is_newer(const struct ffs_wapbl_header *left, const struct ffs_wapbl_header *right)
{
	return (int32_t)(left->generation - right->generation) > 0;
}

/*
 * Decode the record that begins with one log block at bytes, where left bytes
 * of records remain.  -EUCLEAN if it is none, or does not fit them.
 */
MUST_CHECK int ffs_wapbl_record_decode(const struct ffs_wapbl_header *header, const uint8_t *bytes,
    uint64_t left, struct ffs_wapbl_record *out, struct ffs_flaw *flaw);

/*
 * Decode entry number index of a record of blocks or revocations that begins
 * at bytes.  -EUCLEAN if its range is not inside [0, limit) of the device.
 */
MUST_CHECK int ffs_wapbl_entry_decode(const struct ffs_wapbl_header *header, const uint8_t *bytes,
    uint32_t index, uint64_t limit, struct ffs_wapbl_entry *out, struct ffs_flaw *flaw);

#endif
