/*
 * Extended attributes as they are on the medium of UFS2.
 *
 * An inode has an area of up to two blocks for them, in which records follow
 * each other to its end.  A record: its length u32, a multiple of 8; namespace u8;
 * how many bytes of padding end it u8; length of the name u8; the name; padding
 * to a multiple of 8; the value; padding to a multiple of 8.
 *
 * Pure: bytes in, a checked structure out, and back.
 */
#ifndef FS_FFS_EXTATTR_H
#define FS_FFS_EXTATTR_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/endian.h"
#include "base/string.h"
#include "fs/ffs/flaw.h"

#define FFS_EXTATTR_NAME_MAX  255
#define FFS_EXTATTR_ALIGNMENT 8 /* of lengths and values */

enum ffs_extattr_space {
	FFS_EXTATTR_USER = 1,
	FFS_EXTATTR_SYSTEM = 2,
};

struct ffs_extattr {
	uint32_t offset; /* of the record in the area */
	uint32_t length; /* of the record */
	uint8_t space;	 /* enum ffs_extattr_space, or one that we do not know */
	struct name name;
	const uint8_t *value;
	uint32_t value_size;
};

/*
 * The record at offset, which is below size, of an area; it points into that.
 * -EUCLEAN if it is damaged.
 */
MUST_CHECK int ffs_extattr_decode(const uint8_t *area, uint32_t size, uint32_t offset,
    enum byte_order order, struct ffs_extattr *out, struct ffs_flaw *flaw);

/* Bytes of a record. */
uint64_t ffs_extattr_length(size_t name_length, size_t value_size);

/* Write space, name and value as a record of ffs_extattr_length() bytes. */
void ffs_extattr_encode(const struct ffs_extattr *attribute, enum byte_order order, uint8_t *to);

#endif
