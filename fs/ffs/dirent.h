/*
 * Directories as they are on the medium.
 *
 * A directory is a file of 512-byte blocks, each filled exactly by entries that
 * never cross into the next one.  Pure decoding of one block; where the block
 * comes from, and what an inode number leads to, is not known here.
 */
#ifndef FS_FFS_DIRENT_H
#define FS_FFS_DIRENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/string.h"
#include "fs/ffs/dinode.h"
#include "fs/ffs/flaw.h"
#include "fs/ffs/superblock.h"

#define FFS_DIRENT_BLOCK_SIZE 512
#define FFS_DIRENT_NAME	      8 /* where in an entry its name begins */

struct ffs_dirent {
	uint32_t ino;	    /* 0: unused */
	uint32_t length;    /* bytes to the next entry */
	enum ffs_type type; /* FFS_TYPE_NONE if the format does not say */
	struct name name;   /* points into the block; empty if unused */
};

/* Does the entry name a file?  Neither unused ones nor whiteouts do. */
static inline bool
ffs_dirent_is_live(const struct ffs_dirent *entry)
{
	return entry->ino != 0 && entry->type != FFS_TYPE_WHITEOUT;
}

/*
 * Decode the entry at offset, where an entry begins, of a block of
 * FFS_DIRENT_BLOCK_SIZE bytes.  The offset plus its length is where the next
 * one begins, or the end of the block.  -EUCLEAN if it does not fit the block
 * or its name is none.
 */
MUST_CHECK int ffs_dirent_decode(const struct ffs_superblock *sb, const uint8_t *block,
    uint32_t offset, struct ffs_dirent *out, struct ffs_flaw *flaw);

/*
 * Find name in a block.  -ENOENT; -EUCLEAN if an entry before it, or its own,
 * is damaged.
 */
MUST_CHECK int ffs_dirent_find(const struct ffs_superblock *sb, const uint8_t *block,
    struct name name, struct ffs_dirent *out, struct ffs_flaw *flaw);

/* Bytes that an entry needs whose name has so many. */
static inline uint32_t
ffs_dirent_size(size_t name_length)
{
	return FFS_DIRENT_NAME + (((uint32_t)name_length + 4) & ~3U);
}

/* Write an entry of length bytes; an unused one has ino 0 and no name. */
void ffs_dirent_encode(const struct ffs_superblock *sb, const struct ffs_dirent *entry,
    uint8_t *to);

/* Let an entry that is there lead to another inode, of this type. */
void ffs_dirent_point(const struct ffs_superblock *sb, uint8_t *entry, uint32_t ino,
    enum ffs_type type);

#endif
