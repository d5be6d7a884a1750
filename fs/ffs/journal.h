/*
 * NetBSD's journal (WAPBL) of a file system that is made or written: see
 * wapbl.h for its format.
 *
 * With a journal a checkpoint is a transaction (write.h): all that is dirty is
 * appended to the log, and counts once a header says so.  Buffers are kept then
 * and written to their places when the log has become half full, after a commit,
 * so that what is written is what was committed; then the log is empty, but for
 * the inodes that are to be freed.  Files' data is durable before the header is.
 *
 * A transaction fits the log: operations reserve room in it before they begin,
 * and those without bounds (cutting a large file) stop when there is none left,
 * to go on in another one.  Space that is freed is free in the maps of the
 * transaction that frees it, and used again after; blocks of metadata are
 * revoked, so that no replay brings them back over what is there next.
 *
 * Rejected: to write in place with each commit, which takes as many flushes as no
 * journal does; to copy what was committed, so that the log could be emptied at
 * any time, which takes twice the memory.
 */
#ifndef FS_FFS_JOURNAL_H
#define FS_FFS_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/endian.h"
#include "fs/ffs/dinode.h"
#include "fs/ffs/superblock.h"
#include "fs/ffs/wapbl.h"

struct ffs_mount;

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

/* ---- writing: journal.c --------------------------------------------------------- */

/* The log of a file system that is written. */
struct ffs_log {
	struct ffs_wapbl_header header; /* as on the medium; GUARDED_BY(operation) */
	unsigned header_number;		/* which of the two; GUARDED_BY(operation) */
	bool has_list;			/* of inodes in the log, not empty; GUARDED_BY(operation) */
	uint64_t list_at;		/* then: its first record, bytes into the area */
	uint8_t *block;	    /* two log blocks, the second zeros; GUARDED_BY(operation) */
	uint64_t reserved;  /* for operations under way; GUARDED_BY(writing.lock) */
	uint64_t limit;	    /* bytes of the largest transaction; constant */
	uint64_t operation; /* bytes of one operation's changes; constant */
	uint64_t fixed;	    /* bytes of a transaction beside dirty buffers; constant */
};

/*
 * Before anything is written: have what the journal holds in its place, and go
 * on with an empty log.  Files without names that it lists wait to be freed.
 * -EUCLEAN, -EROFS (logged), -EIO, -ENOMEM.
 */
MUST_CHECK int ffs_journal_start(struct ffs_mount *fs);

/*
 * The log is empty, and nothing waits: forget about the journal; the superblock's
 * bytes say so, too.  Blocks that an inode has for it wait to be freed.  -EIO, -ENOMEM.
 */
MUST_CHECK int ffs_journal_remove(struct ffs_mount *fs);

/* Free what start() took, if it did. */
void ffs_journal_stop(struct ffs_mount *fs);

/* ---- writing: commit.c ------------------------------------------------------------ */

/* Reserve room for an operation; false if a commit has to make some. */
bool ffs_journal_reserve(struct ffs_mount *fs);
void ffs_journal_release(struct ffs_mount *fs);

/* Are there so many files without names that they should be freed before others come? */
bool ffs_journal_is_crowded(struct ffs_mount *fs);

/* Within an operation, or a commit: is there room for a few more changes? */
bool ffs_journal_has_room(struct ffs_mount *fs);

/*
 * REQUIRES(operation, exclusively).  Write all dirty buffers, what is freed and
 * the list of inodes to the log, and make that and file data durable.
 */
MUST_CHECK int ffs_journal_commit(struct ffs_mount *fs, bool is_data_written);

/*
 * REQUIRES(operation, exclusively), all being committed: write what is kept to its
 * place, and let the log be empty, but for a list of inodes.
 */
MUST_CHECK int ffs_journal_empty(struct ffs_mount *fs);

/* Write the next header, which is durable after. */
MUST_CHECK int ffs_journal_write_header(struct ffs_mount *fs);

#endif
