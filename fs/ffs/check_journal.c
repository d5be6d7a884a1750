/*
 * The journal of a file system that is checked.
 *
 * What it commits to is the file system's state, so it comes first: written to
 * its place, or, where nothing is written, looked at through a view.  A journal
 * that cannot be followed is emptied; what is in place is checked then like a
 * file system without one.
 *
 * A journal inside the file system has an inode, whose blocks it is in; drivers
 * that write insist on that.  It claims them before any other inode, since who
 * shares them with it writes over it, or is written over.  A journal that is
 * elsewhere is given up.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/replay.h"
#include "fs/ffs/view.h"
#include "kern/log.h"
#include "kern/memory.h"

/* ---- the journal's inode ------------------------------------------------------------- */

/* Looking whether an inode holds the journal's blocks, all of them and in order. */
struct owning {
	uint64_t first; /* fragment of the journal */
	uint64_t count; /* its blocks */
	uint64_t next;	/* the block that is expected */
	bool is_claiming;
	bool is_wrong;
};

static int
look_at_pointer(struct ffs_checking *check, const struct check_pointer *pointer, void *context)
{
	struct owning *owning = context;
	unsigned shift = check->sb.block_fragments_shift;
	uint64_t end = owning->first + (owning->count << shift);
	int result = 0;

	if (pointer->depth == 0 && !pointer->is_extension && pointer->number < owning->count)
		owning->is_wrong |= pointer->number != owning->next++ ||
				    pointer->fragment != owning->first + (pointer->number << shift);
	else
		owning->is_wrong |=
		    pointer->fragment < end && pointer->fragment + pointer->count > owning->first;
	owning->is_wrong |=
	    pointer->is_past_end || !ffs_check_may_hold(check, pointer->fragment, pointer->count);
	if (!owning->is_wrong && owning->is_claiming)
		result = ffs_check_claim(check, pointer->fragment, pointer->count);
	owning->is_wrong |= result == 1;
	if (result < 0)
		return result;
	return owning->is_wrong ? CHECK_PASS : CHECK_DESCEND;
}

/* Is the journal where its inode has it?  1, or 0; what it holds is claimed on the way. */
static int
has_own_blocks(struct ffs_checking *check, bool is_claiming)
{
	const struct ffs_superblock *sb = &check->sb;
	const struct ffs_journal *journal = &sb->journal;
	struct owning owning = {
		.first = journal->offset >> sb->fragment_shift,
		.count = divide_up(journal->size, sb->block_size),
		.is_claiming = is_claiming,
	};
	struct ffs_dinode dinode;
	int error;

	if (journal->ino <= FFS_ROOT_INO || journal->ino >= ffs_inode_count(sb) ||
	    ffs_fragment_offset(sb, owning.first) != journal->offset)
		return 0;
	error = ffs_check_load(check, journal->ino, &dinode);
	if (error < 0)
		return error;
	if (dinode.type != FFS_TYPE_REGULAR || dinode.size < journal->size)
		return 0;
	error = ffs_check_walk(check, journal->ino, &dinode, look_at_pointer, &owning);
	return error < 0 ? error : !owning.is_wrong && owning.next == owning.count;
}

/* ---- emptying, and doing without -------------------------------------------------------- */

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
	    size >= journal->size || journal->block_size % check->device->sector_size != 0)
		return 0; /* it is nowhere, so nobody can follow it */
	bytes = memory_alloc_zeroed(check->kernel, size);
	if (bytes == NULL)
		return -ENOMEM;
	ffs_journal_format(journal, check->sb.order, now, bytes);
	error = block_write(check->device, journal->offset, bytes, size);
	memory_free(check->kernel, bytes, size);
	return error < 0 ? error : block_flush(check->device);
}

/* The superblock may have been one of the blocks in the journal: then it is judged like any. */
static int
read_again(struct ffs_checking *check, const uint8_t *before)
{
	uint8_t *after = memory_alloc(check->kernel, FFS_SUPERBLOCK_SIZE);
	int error = after == NULL ? -ENOMEM : 0;

	if (error == 0)
		error = ffs_check_read(check, check->sb.location, after, FFS_SUPERBLOCK_SIZE);
	if (error == 0 && memcmp(before, after, FFS_SUPERBLOCK_SIZE) != 0) {
		check->is_marked = false;
		error = ffs_check_find_superblock(check);
	}
	memory_free(check->kernel, after, FFS_SUPERBLOCK_SIZE);
	return error;
}

/*
 * Put what the journal holds into its place, and empty it: as the superblock has
 * it that came out of it, unless that one has it elsewhere.
 */
static int
settle(struct ffs_checking *check, const uint8_t *before)
{
	struct ffs_journal journal = check->sb.journal;
	int error = ffs_view_settle(check->dev);

	if (error == 0)
		error = block_flush(check->device);
	ffs_check_journal_end(check);
	if (error == 0)
		error = read_again(check, before);
	if (error < 0 || check->sb.journal.place == FFS_JOURNAL_NONE)
		return error;
	if (check->sb.journal.offset != journal.offset) {
		check->sb.journal = journal;
		ffs_journal_describe(&journal, check->sb.order, check->superblock);
	}
	return empty_journal(check);
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

/* Is there a journal that can be followed?  -EUCLEAN if not; *out is what it leads to. */
static int
follow(struct ffs_checking *check, uint64_t *size, struct block_dev **out)
{
	struct ffs_replay replay = { .size = 0 };
	int error = ffs_replay_journal(&check->sb, check->device, check->name, &replay, out);

	*size = replay.size;
	ffs_replay_free(check->kernel, &replay); /* inodes without names are found anyway */
	return error;
}

static int
bad_journal(struct ffs_checking *check)
{
	struct block_dev *view;
	uint64_t size;
	int error;

	if (!ffs_check_problem(check, FS_PROBLEM_DAMAGE, "empty it, or do without it",
		"the journal is damaged: what it holds is lost")) {
		check->is_stopped = true;
		return 0;
	}
	if (check->sb.journal.place == FFS_JOURNAL_INSIDE_FS) {
		/* What is not its own is not to be written to. */
		int is_there = has_own_blocks(check, false);

		if (is_there <= 0)
			return is_there < 0 ? is_there : forget_journal(check);
	}
	error = empty_journal(check);
	if (error == 0)
		error = follow(check, &size, &view);
	return error == -EUCLEAN ? forget_journal(check) : error;
}

/* It is empty, if it is where the superblock that came out of it says. */
static int
follow_again(struct ffs_checking *check)
{
	struct block_dev *view;
	uint64_t size;
	int error = follow(check, &size, &view);

	if (error == 0 && view != NULL) {
		ffs_view_destroy(view);
		error = -EUCLEAN;
	}
	return error == -EUCLEAN ? bad_journal(check) : error;
}

/* What the journal holds is everybody's from now on: in its place, or through the view. */
static int
apply(struct ffs_checking *check, uint64_t size, const uint8_t *before)
{
	int error;

	if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "write it to its place",
		"the journal holds %llu bytes of changes that are not in their place",
		(unsigned long long)size)) {
		check->is_stopped = true;
		return read_again(check, before);
	}
	error = settle(check, before);
	if (error == 0 && check->sb.journal.place != FFS_JOURNAL_NONE)
		error = follow_again(check);
	return error < 0 ? error : ffs_check_mark_dirty(check);
}

int
ffs_check_journal(struct ffs_checking *check)
{
	struct block_dev *view;
	uint8_t *before;
	uint64_t size;
	int error;

	if (check->sb.journal.unknown_version != 0) {
		ffs_check_problem(check, FS_PROBLEM_DAMAGE, NULL,
		    "the journal is of version %u, which is unknown here",
		    check->sb.journal.unknown_version);
		check->is_stopped = true;
	}
	if (check->sb.journal.place == FFS_JOURNAL_NONE)
		return 0;
	error = follow(check, &size, &view);
	if (error == -EUCLEAN)
		return bad_journal(check);
	if (error < 0 || view == NULL)
		return error;
	before = memory_alloc(check->kernel, FFS_SUPERBLOCK_SIZE);
	error = before == NULL ? -ENOMEM : 0;
	if (error == 0)
		error = ffs_check_read(check, check->sb.location, before, FFS_SUPERBLOCK_SIZE);
	check->dev = view;
	if (error == 0)
		error = apply(check, size, before);
	memory_free(check->kernel, before, FFS_SUPERBLOCK_SIZE);
	return error;
}

int
ffs_check_claim_journal(struct ffs_checking *check)
{
	int result;

	if (check->sb.journal.place != FFS_JOURNAL_INSIDE_FS)
		return 0;
	result = has_own_blocks(check, true);
	check->is_journal_claimed = result == 1;
	if (result == 1)
		return 0;
	ffs_check_claim_nothing(check);
	if (result == 0 &&
	    ffs_check_problem(check, FS_PROBLEM_DAMAGE, "do without it",
		"the journal is not in the blocks of its inode, %u", check->sb.journal.ino))
		result = forget_journal(check);
	return result;
}

void
ffs_check_journal_end(struct ffs_checking *check)
{
	if (check->dev != check->device)
		ffs_view_destroy(check->dev);
	check->dev = check->device;
}
