/*
 * For tests: is an FFS image consistent?  And: making one so.
 *
 * The bytes of a whole image are walked from the superblock through every inode
 * in use and every directory from the root; what the maps, counts and link counts
 * should be follows from that, and is compared with what they are.  Formats are
 * decoded by the driver's decoders; what they should amount to is computed here
 * on its own, block by block and run by run, without the driver's code.
 */
#ifndef TESTS_FFS_CHECK_H
#define TESTS_FFS_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "fs/ffs/superblock.h"

#define FFS_CHECK_REPORT 2048

struct ffs_check {
	unsigned flaw_count;
	unsigned loss_count; /* of them, those that no repair mends without losing something */
	char report[FFS_CHECK_REPORT]; /* the first of them, a line each */
	size_t length;
};

/* Check an image of size bytes with the superblock sb.  Returns flaw_count. */
unsigned ffs_check(uint8_t *image, size_t size, const struct ffs_superblock *sb,
    struct ffs_check *out);

/* Write group headers, summary and counts that fit the inodes and directories there are. */
void ffs_check_rebuild(uint8_t *image, size_t size, const struct ffs_superblock *sb);

#endif
