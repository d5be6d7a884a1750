/*
 * How a new file system is laid out: sizes in, a superblock and groups out.
 *
 * Pure computing, so that all combinations of sizes can be tested without a
 * medium.  What is asked for may be anything: what cannot be is refused in words
 * that say what to change.
 *
 * The layout is the one that BSD systems make and their checkers insist on: in
 * each group a copy of the superblock, the header, inodes, data; in the first
 * group the summary and the root directory begin the data.  Groups are as large
 * as the maps in their headers allow, and all alike but for the last, which may
 * be a little shorter.
 */
#ifndef FS_FFS_MAKE_LAYOUT_H
#define FS_FFS_MAKE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "fs/ffs/group.h"
#include "fs/ffs/superblock.h"

struct text;

/* What is wanted.  What is 0 is chosen by the size, but for has_reserve. */
struct ffs_make {
	enum ffs_version version;
	enum byte_order order;
	uint64_t size; /* bytes that there are, for the journal too */
	uint64_t block_size;
	uint64_t fragment_size;
	uint64_t density; /* bytes of the file system for each inode */
	bool has_reserve;
	uint64_t reserve_percent;
	bool has_journal;      /* behind the file system */
	uint64_t journal_size; /* bytes; 0: as it best is */
	int64_t time;	       /* seconds since 1970 */
	uint32_t id[2];
	char label[FFS_LABEL_SIZE + 1];
};

/*
 * Lay out a file system.  -EINVAL if there can be none such, -ENOSPC if it does
 * not fit the size; why says so, and what would do, as the end of a sentence.
 */
MUST_CHECK int ffs_make_layout(const struct ffs_make *make, struct ffs_superblock *out,
    struct text *why);

/* Where the root directory's only fragment is. */
uint64_t ffs_make_root(const struct ffs_superblock *sb);

/* What is free in a group of a fresh file system; 2 inodes are never used, 1 is the root's. */
void ffs_make_counts(const struct ffs_superblock *sb, uint32_t number,
    struct ffs_group_counts *out);

/* Write the superblock of a fresh file system to its FFS_SUPERBLOCK_SIZE bytes. */
void ffs_make_superblock(const struct ffs_superblock *sb, uint8_t *bytes);

/* Write the header of a group of a fresh file system to sb->block_size bytes. */
void ffs_make_group(const struct ffs_superblock *sb, uint32_t number, uint8_t *bytes);

/*
 * May the header of this group be that of group 1 but for the number?  All are
 * that neither hold the root nor are shorter.
 */
bool ffs_make_group_is_alike(const struct ffs_superblock *sb, uint32_t number);
void ffs_make_group_renumber(const struct ffs_superblock *sb, uint32_t number, uint8_t *bytes);

#endif
