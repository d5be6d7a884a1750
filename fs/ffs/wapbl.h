/*
 * NetBSD's write-ahead log (WAPBL) as it is on the medium.
 *
 * The log begins with two header blocks; the valid one of the newer generation
 * counts.  It says where in the circular area behind them the records of
 * committed transactions begin (tail) and end (head).  A record is a header in
 * one log block and, for blocks, their content behind it.  Pure decoding and
 * encoding of both; following the records is replay.h, writing them journal.h.
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
#include "fs/ffs/dinode.h"
#include "fs/ffs/flaw.h"

#define FFS_WAPBL_BLOCK_SIZE_MAX 65536
#define FFS_WAPBL_HEADER_COUNT	 2 /* a generation's is number generation % 2 */

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
	bool is_first;	 /* inodes: what earlier records list is void */
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

/* An inode that no name leads to.  The mode tells what it is if it was never written. */
struct ffs_wapbl_inode {
	uint32_t ino;
	uint32_t mode;
};

/* Entry number index of a record of inodes; there is nothing to be wrong with it here. */
void ffs_wapbl_inode_decode(const struct ffs_wapbl_header *header, const uint8_t *bytes,
    uint32_t index, struct ffs_wapbl_inode *out);

/* ---- writing --------------------------------------------------------------------- */

/* Fill one log block with the header. */
void ffs_wapbl_header_encode(const struct ffs_wapbl_header *header, struct ffs_time now,
    uint8_t *bytes);

/* Entries that a record of this type has room for. */
uint32_t ffs_wapbl_record_room(const struct ffs_wapbl_header *header, enum ffs_wapbl_type type);

/* Write what a record begins with to a log block; its entries are written by the functions below. */
void ffs_wapbl_record_encode(const struct ffs_wapbl_header *header,
    const struct ffs_wapbl_record *record, uint8_t *bytes);

void ffs_wapbl_entry_encode(const struct ffs_wapbl_header *header,
    const struct ffs_wapbl_entry *entry, uint32_t index, uint8_t *bytes);

void ffs_wapbl_inode_encode(const struct ffs_wapbl_header *header,
    const struct ffs_wapbl_inode *inode, uint32_t index, uint8_t *bytes);

#endif
