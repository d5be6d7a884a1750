/*
 * The journal of a file system that is checked.
 *
 * What it commits to is the file system's state, so it comes first: written to
 * its place, or, where nothing is written, looked at through a view.  A journal
 * that cannot be followed is emptied; what is in place is checked then like a
 * file system without one.
 */
#include "base/errno.h"
#include "fs/ffs/check_impl.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/replay.h"
#include "fs/ffs/view.h"
#include "kern/log.h"
#include "kern/memory.h"

/* Write an empty journal. */
static int
empty_journal(struct ffs_checking *check)
{
	const struct ffs_journal *journal = &check->sb.journal;
	size_t size = (size_t)FFS_WAPBL_HEADER_COUNT * journal->block_size;
	struct ffs_time now = { .seconds = check->now };
	uint8_t *bytes;
	int error;

	if (journal->offset > check->device->size || size > check->device->size - journal->offset ||
	    journal->block_size % check->device->sector_size != 0)
		return 0; /* it is nowhere, so nobody can follow it */
	bytes = memory_alloc_zeroed(check->kernel, size);
	if (bytes == NULL)
		return -ENOMEM;
	ffs_journal_format(journal, check->sb.order, now, bytes);
	error = block_write(check->device, journal->offset, bytes, size);
	memory_free(check->kernel, bytes, size);
	return error < 0 ? error : block_flush(check->device);
}

/* Put what the journal holds into its place. */
static int
settle(struct ffs_checking *check)
{
	int error = ffs_view_settle(check->dev);

	if (error == 0)
		error = block_flush(check->device);
	ffs_check_journal_end(check);
	return error < 0 ? error : empty_journal(check);
}

/* The superblock may have been one of the blocks in the journal. */
static int
read_again(struct ffs_checking *check)
{
	struct ffs_superblock *sb = &check->sb;
	struct ffs_flaw flaw;
	int error = ffs_check_read(check, sb->location, check->superblock, FFS_SUPERBLOCK_SIZE);

	if (error == 0)
		error = ffs_superblock_decode(check->superblock, FFS_SUPERBLOCK_SIZE, sb->location,
		    sb, &flaw);
	if (error == -ENODEV || error == -EUCLEAN) {
		ffs_check_problem(check, FS_PROBLEM_FATAL, NULL,
		    "the journal replaces the superblock by something else");
		error = -EUCLEAN;
	}
	return error;
}

/* Let the file system have no journal: that it has one where none can be. */
static int
forget_journal(struct ffs_checking *check)
{
	check->sb.journal = (struct ffs_journal){ .place = FFS_JOURNAL_NONE };
	check->sb.flags &= ~(uint32_t)FFS_FLAG_WAPBL;
	ffs_journal_describe(&check->sb.journal, check->sb.order, check->superblock);
	return ffs_check_mark_dirty(check);
}

static int
bad_journal(struct ffs_checking *check)
{
	struct ffs_replay replay = { .size = 0 };
	struct block_dev *view;
	int error;

	if (!ffs_check_problem(check, FS_PROBLEM_DAMAGE, "empty it",
		"the journal is damaged: what it holds is lost")) {
		check->is_stopped = true;
		return 0;
	}
	error = empty_journal(check);
	if (error == 0)
		error = ffs_replay_journal(&check->sb, check->device, check->name, &replay, &view);
	ffs_replay_free(check->kernel, &replay);
	return error == -EUCLEAN ? forget_journal(check) : error;
}

int
ffs_check_journal(struct ffs_checking *check)
{
	struct ffs_replay replay = { .size = 0 };
	struct block_dev *view;
	int error;

	if (check->sb.journal.unknown_version != 0) {
		ffs_check_problem(check, FS_PROBLEM_DAMAGE, NULL,
		    "the journal is of version %u, which is unknown here",
		    check->sb.journal.unknown_version);
		check->is_stopped = true;
	}
	if (check->sb.journal.place == FFS_JOURNAL_NONE)
		return 0;
	error = ffs_replay_journal(&check->sb, check->device, check->name, &replay, &view);
	ffs_replay_free(check->kernel, &replay); /* inodes without names are found anyway */
	if (error == -EUCLEAN)
		return bad_journal(check);
	if (error < 0 || view == NULL)
		return error;
	check->dev = view;
	if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "write it to its place",
		"the journal holds %llu bytes of changes that are not in their place",
		(unsigned long long)replay.size)) {
		check->is_stopped = true;
		return read_again(check);
	}
	error = settle(check);
	if (error == 0)
		error = read_again(check);
	return error < 0 ? error : ffs_check_mark_dirty(check);
}

void
ffs_check_journal_end(struct ffs_checking *check)
{
	if (check->dev != check->device)
		ffs_view_destroy(check->dev);
	check->dev = check->device;
}
