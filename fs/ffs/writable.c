/*
 * May this file system be written?
 *
 * What was not unmounted cleanly may hand out blocks twice, and what has
 * features that we do not keep up would be left wrong.  So such file systems
 * are refused, with the reason; option force writes to an unclean one.  With a
 * journal, what it shows is clean.
 */
#include "base/endian.h"
#include "base/errno.h"
#include "fs/ffs/write.h"
#include "kern/kernel.h"
#include "kern/log.h"

enum field {
	SNAPSHOTS = 1116,
};

#define FLAG_QUOTA_OR_HASHES 0x200 /* NetBSD's quotas, or FreeBSD's check hashes */

static int
refuse(struct ffs_mount *fs, const char *why)
{
	kernel_log(fs->mount.kernel, LOG_ERROR, "ffs: %.48s: cannot be written: %s", fs->name, why);
	return -EROFS;
}

/* Features that have to be kept up by who writes. */
static int
check_features(struct ffs_mount *fs)
{
	const struct ffs_superblock *sb = &fs->sb;
	const uint8_t *bytes = fs->writing->superblock;

	if (sb->is_updated && load32(bytes + SNAPSHOTS, sb->order) != 0)
		return refuse(fs, "it has snapshots");
	if (sb->flags & FLAG_QUOTA_OR_HASHES)
		return refuse(fs, "it has quotas inside, or check hashes");
	if (sb->journal.unknown_version != 0)
		return refuse(fs, "its journal is of a version that is unknown here");
	if (sb->flags & (FFS_FLAG_SOFT_UPDATES_JOURNAL | FFS_FLAG_GJOURNAL))
		return refuse(fs, "it has a journal of another system");
	return 0;
}

int
ffs_check_writable(struct ffs_mount *fs, bool force)
{
	const struct ffs_superblock *sb = &fs->sb;
	bool is_unclean =
	    sb->clean != FFS_CLEAN || (sb->flags & (FFS_FLAG_UNCLEAN | FFS_FLAG_NEEDS_FSCK)) != 0;
	int error = check_features(fs);

	if (error < 0)
		return error;
	/* What a journal says is consistent, if nobody knows better. */
	if (sb->journal.place != FFS_JOURNAL_NONE)
		is_unclean = (sb->flags & (FFS_FLAG_UNCLEAN | FFS_FLAG_NEEDS_FSCK)) != 0;
	if (!is_unclean)
		return 0;
	if (force) {
		fs->keeps_dirty = true;
		kernel_log(fs->mount.kernel, LOG_WARNING,
		    "ffs: %.48s: is written though it is not clean", fs->name);
		return 0;
	}
	refuse(fs, "it was not unmounted; \"rump fsck\" or the system it comes from repairs it; "
		   "option force writes to it all the same");
	return -EUCLEAN;
}
