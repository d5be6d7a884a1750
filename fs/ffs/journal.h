/*
 * NetBSD's journal (WAPBL) of a file system that is made or written: see
 * wapbl.h for its format.
 */
#ifndef FS_FFS_JOURNAL_H
#define FS_FFS_JOURNAL_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/endian.h"
#include "fs/ffs/dinode.h"
#include "fs/ffs/superblock.h"
#include "fs/ffs/wapbl.h"

/* Blocks of the file system that the changes of one operation fit into. */
#define FFS_JOURNAL_OPERATION_BLOCKS 16

/* ---- making: pure -------------------------------------------------------------- */

/*
 * Bytes that the journal of a file system of fs_size bytes best has: a 1024th
 * of it, from 1 to 64 MiB, but room for two operations at least; whole blocks.
 */
uint64_t ffs_journal_default_size(uint64_t fs_size, uint32_t block_size);

/*
 * Fill the first FFS_WAPBL_HEADER_COUNT * journal->block_size bytes of an empty
 * log; what is behind them may be anything.  Only the sizes of journal matter.
 */
void ffs_journal_format(const struct ffs_journal *journal, enum byte_order order,
    struct ffs_time now, uint8_t *bytes);

/* Say in the bytes of a superblock where the journal is, or that there is none. */
void ffs_journal_describe(const struct ffs_journal *journal, enum byte_order order,
    uint8_t *superblock);

#endif
