/*
 * Inodes as they are on the medium.
 *
 * Pure decoding of both formats (128 bytes in UFS1, 256 in UFS2) into one
 * structure.  Checked are type and size; fragment addresses are checked by
 * whoever follows them, since a file with one bad address has good ones too.
 */
#ifndef FS_FFS_DINODE_H
#define FS_FFS_DINODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "fs/ffs/flaw.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/superblock.h"

#define FFS_SHORT_LINK_MAX  120
#define FFS_EXTENSION_COUNT 2

/* Types of file: bits 12 to 15 of the mode. */
enum ffs_type {
	FFS_TYPE_NONE = 0, /* the inode is free */
	FFS_TYPE_FIFO = 1,
	FFS_TYPE_CHARACTER = 2,
	FFS_TYPE_DIRECTORY = 4,
	FFS_TYPE_BLOCK = 6,
	FFS_TYPE_REGULAR = 8,
	FFS_TYPE_SYMLINK = 10,
	FFS_TYPE_SOCKET = 12,
	FFS_TYPE_WHITEOUT = 14, /* only in directories */
};

enum ffs_inode_flag {
	FFS_INODE_NO_DUMP = 0x1,
	FFS_INODE_IMMUTABLE = 0x2,
	FFS_INODE_APPEND = 0x4,
	FFS_INODE_OPAQUE = 0x8,
	FFS_INODE_SYSTEM_ARCHIVED = 0x10000,
	FFS_INODE_SYSTEM_IMMUTABLE = 0x20000,
	FFS_INODE_SYSTEM_APPEND = 0x40000,
	FFS_INODE_SNAPSHOT = 0x200000,
	FFS_INODE_LOG = 0x400000, /* the owner of a journal in the file system; it has no name */
};

struct ffs_time {
	int64_t seconds;      /* since 1970 */
	uint32_t nanoseconds; /* below 10^9; 0 if the medium had a bad value */
};

struct ffs_dinode {
	enum ffs_type type;
	uint32_t permissions; /* 07777 */
	uint32_t link_count;
	uint32_t uid;
	uint32_t gid;
	uint64_t size;	       /* bytes, at most the superblock's file_size_max */
	uint64_t sector_count; /* of 512 bytes, held */
	struct ffs_time accessed, modified, changed;
	struct ffs_time born; /* zero in UFS1 */
	uint32_t flags;	      /* enum ffs_inode_flag */
	uint32_t generation;
	uint32_t device; /* device nodes, as stored */
	bool is_short_link;
	uint32_t extension_size; /* UFS2: extended attributes, bytes, in up to two blocks */
	uint64_t extension[FFS_EXTENSION_COUNT];
	union {
		struct {
			uint64_t direct[FFS_DIRECT_COUNT];
			uint64_t indirect[FFS_INDIRECT_COUNT];
		};
		uint8_t target[FFS_SHORT_LINK_MAX]; /* size bytes, if is_short_link */
	};
};

/*
 * Decode the inode at the first sb->inode_size of size bytes.  A free inode is
 * no flaw: it has FFS_TYPE_NONE.  -EUCLEAN if it is damaged; out has all that the
 * bytes say then too, unless they are too few.
 */
MUST_CHECK int ffs_dinode_decode(const struct ffs_superblock *sb, const uint8_t *bytes, size_t size,
    struct ffs_dinode *out, struct ffs_flaw *flaw);

/*
 * Write an inode to its sb->inode_size bytes, but for the generation, which stays
 * as it is, as does what is not known here.
 */
void ffs_dinode_encode(const struct ffs_superblock *sb, const struct ffs_dinode *inode,
    uint8_t *bytes);

/* Can an inode keep these ids?  Those of before 4.4BSD have 16 bits. */
static inline bool
ffs_ids_fit(const struct ffs_superblock *sb, uint32_t uid, uint32_t gid)
{
	return !sb->has_old_inodes || (uid <= UINT16_MAX && gid <= UINT16_MAX);
}

/* Make the bytes those of a fresh inode of this generation, or of a free one. */
void ffs_dinode_clear(const struct ffs_superblock *sb, uint8_t *bytes, uint32_t generation);

/* The generation, whether the inode is free or not. */
uint32_t ffs_dinode_generation(const struct ffs_superblock *sb, const uint8_t *bytes);

/* Where in an inode the pointers are: 12 direct, 3 indirect ones; and those of its extension. */
uint32_t ffs_dinode_pointers(const struct ffs_superblock *sb);
uint32_t ffs_dinode_extension_pointers(const struct ffs_superblock *sb); /* UFS2 only */

/* Does a free inode still say that it holds something? */
bool ffs_dinode_is_remnant(const struct ffs_superblock *sb, const uint8_t *bytes);

/* Is the inode free? */
bool ffs_dinode_is_free(const struct ffs_superblock *sb, const uint8_t *bytes);

/*
 * Major and minor number of a device node: 12 bits of major number at bit 8,
 * the minor number around them.
 */
static inline uint32_t
ffs_device_major(uint32_t device)
{
	return device >> 8 & 0xfff;
}

static inline uint32_t
ffs_device_minor(uint32_t device)
{
	return (device & 0xff) | (device >> 12 & 0xfff00);
}

static inline uint32_t
ffs_device_make(uint32_t major, uint32_t minor)
{
	return (major << 8 & 0xfff00) | (minor & 0xff) | (minor << 12 & 0xfff00000);
}

#endif
