/*
 * Replaying NetBSD's journal without writing: from the log on a device to a
 * second device that shows what the first would hold after the replay.
 *
 * The committed blocks stay where they are, in the log; the view redirects
 * reads to them.  It knows nothing of the file system but its size.  Who is
 * going to write the file system has them written to their places (journal.h).
 */
#ifndef FS_FFS_REPLAY_H
#define FS_FFS_REPLAY_H

#include <stdint.h>

#include "base/compiler.h"
#include "block/block.h"
#include "fs/ffs/superblock.h"
#include "fs/ffs/wapbl.h"

/* What was replayed: for people, and for who goes on with the journal. */
struct ffs_replay {
	uint64_t record_count;
	uint64_t block_count; /* copies of blocks in the log, old ones included */
	uint64_t size;	      /* bytes of the device that are read from the log */

	struct ffs_wapbl_header header; /* the newer one */
	unsigned header_number;		/* which of the two */
	uint64_t list_at;		/* first record of the list below, bytes into the area */
	struct ffs_wapbl_inode *inodes; /* that no name leads to; owned, see ffs_replay_free() */
	size_t inode_count, inode_capacity;
};

/*
 * Follow the journal of the file system sb on dev.  *out is a view of dev, to
 * be destroyed by ffs_view_destroy() before dev is let go; or NULL if the
 * journal is empty and dev as it is does.  name is for log lines.  -EUCLEAN
 * (logged) if the journal is damaged, -EIO, -ENOMEM.
 */
MUST_CHECK int ffs_replay_journal(const struct ffs_superblock *sb, struct block_dev *dev,
    const char *name, struct ffs_replay *replay, struct block_dev **out);

/* Free the list of inodes, whether there is one or not. */
void ffs_replay_free(struct kernel *kernel, struct ffs_replay *replay);

#endif
