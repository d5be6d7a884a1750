/*
 * Making a journal; taking one over to write the file system with it.
 *
 * Taking over: what the log holds is copied to its place, all that a view of it
 * shows (replay.h), and is durable, before the header says that the log is empty.
 * A cut between leaves the log as it was, to be replayed again.  The list of
 * inodes stays, as long as there are any to be freed.
 *
 * What a log says is not trusted: it may write nothing in front of the superblock,
 * where others have their boot blocks, and not to itself; and it must be in
 * blocks that are its inode's, or behind the file system.
 */
#include "fs/ffs/journal.h"

#include "base/errno.h"
#include "base/math.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/map.h"
#include "fs/ffs/pointer.h"
#include "fs/ffs/view.h"
#include "fs/ffs/write.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "kern/memory.h"

#define SIZE_MIN     ((uint64_t)1 << 20)
#define SIZE_MAX_    ((uint64_t)64 << 20)
#define SIZE_SHARE   1024 /* of the file system */
#define UNIT_SHIFT   9	  /* of addresses in the log: sectors */
#define FIRST_NUMBER 1	  /* generation of a new log */
#define SPARE_BLOCKS 4	  /* beside an operation's: what others add to a transaction */

/* Fields of the superblock. */
enum field {
	VERSION = 864,
	PLACE = 865,
	RESERVED = 866,
	JOURNAL_FLAGS = 868,
	NUMBERS = 872, /* address, count, block size, owner */
	FLAGS = 1312,
};

/* ---- making ------------------------------------------------------------------------ */

uint64_t
ffs_journal_default_size(uint64_t fs_size, uint32_t block_size)
{
	uint64_t least = max_u64(SIZE_MIN, 2 * FFS_JOURNAL_OPERATION_BLOCKS * (uint64_t)block_size);

	return round_up(max_u64(min_u64(fs_size / SIZE_SHARE, SIZE_MAX_), least), block_size);
}

void
ffs_journal_format(const struct ffs_journal *journal, enum byte_order order, struct ffs_time now,
    uint8_t *bytes)
{
	struct ffs_wapbl_header header = {
		.order = order,
		.block_size = journal->block_size,
		.unit_shift = UNIT_SHIFT,
		.area_offset = FFS_WAPBL_HEADER_COUNT * (uint64_t)journal->block_size,
	};

	header.area_size =
	    round_down(journal->size - header.area_offset, (uint64_t)journal->block_size);
	for (uint32_t i = 0; i < FFS_WAPBL_HEADER_COUNT; i++) {
		header.generation = FIRST_NUMBER + i;
		ffs_wapbl_header_encode(&header, now,
		    bytes + header.generation % FFS_WAPBL_HEADER_COUNT * (size_t)header.block_size);
	}
}

void
ffs_journal_describe(const struct ffs_journal *journal, enum byte_order order, uint8_t *superblock)
{
	uint32_t flags = load32(superblock + FLAGS, order) & ~(uint32_t)FFS_FLAG_WAPBL;
	bool is_there = journal->place != FFS_JOURNAL_NONE;
	uint64_t unit = is_there ? journal->block_size : 1;

	store32(superblock + FLAGS, flags | (is_there ? (uint32_t)FFS_FLAG_WAPBL : 0), order);
	superblock[VERSION] = is_there;
	superblock[PLACE] = (uint8_t)journal->place;
	superblock[RESERVED] = superblock[RESERVED + 1] = 0;
	store32(superblock + JOURNAL_FLAGS, 0, order);
	store64(superblock + NUMBERS, is_there ? journal->offset / unit : 0, order);
	store64(superblock + NUMBERS + 8, is_there ? journal->size / unit : 0, order);
	store64(superblock + NUMBERS + 16, is_there ? journal->block_size : 0, order);
	store64(superblock + NUMBERS + 24, is_there ? journal->ino : 0, order);
}

/* ---- taking over --------------------------------------------------------------------- */

static int
refuse(struct ffs_mount *fs, int error, const char *why)
{
	kernel_log(fs->mount.kernel, LOG_ERROR, "ffs: %.48s: cannot be written: its journal %s",
	    fs->name, why);
	return error;
}

/* May a replay write to [start, end)? */
static bool
may_replay(const struct ffs_mount *fs, uint64_t start, uint64_t end)
{
	const struct ffs_journal *journal = &fs->sb.journal;

	return start >= fs->sb.location &&
	       (end <= journal->offset || start >= journal->offset + journal->size);
}

/* What the journal holds goes to its place; no view is needed then. */
static int
write_replayed(struct ffs_mount *fs)
{
	const struct ffs_overlay *overlay;
	int error;

	if (fs->dev == fs->device)
		return 0;
	overlay = ffs_view_overlay(fs->dev);
	for (size_t i = 0; i < overlay->count; i++)
		if (!may_replay(fs, overlay->extents[i].start, overlay->extents[i].end))
			return refuse(fs, -EUCLEAN, "would write to what is no metadata");
	error = ffs_view_settle(fs->dev);
	if (error == 0)
		error = block_flush(fs->device);
	if (error < 0)
		return error;
	buffer_forget_device(fs->dev);
	ffs_view_destroy(fs->dev);
	fs->dev = fs->device;
	return 0;
}

/* Are the blocks of the journal, inside the file system, those of its inode? */
static int
check_blocks(struct ffs_mount *fs, struct ffs_inode *owner)
{
	const struct ffs_superblock *sb = &fs->sb;
	uint64_t first = sb->journal.offset >> sb->fragment_shift;
	uint64_t count = divide_up(sb->journal.size, sb->block_size);

	if (owner->vnode.type != VNODE_REGULAR || owner->vnode.attributes.size < sb->journal.size ||
	    ffs_fragment_offset(sb, first) != sb->journal.offset)
		return refuse(fs, -EUCLEAN, "is not its inode's");
	for (uint64_t block = 0; block < count; block++) {
		uint64_t want = first + (block << sb->block_fragments_shift);
		struct ffs_run run;
		int error = ffs_map_run(owner, block, 1, &run);

		if (error < 0)
			return error;
		if (run.address != want || !ffs_may_be_data(sb, want, sb->fragments_per_block))
			return refuse(fs, -EUCLEAN, "is not in its inode's blocks");
	}
	return 0;
}

static int
check_owner(struct ffs_mount *fs)
{
	struct ffs_inode *owner;
	struct ffs_dinode dinode;
	int error;

	if (fs->sb.journal.place != FFS_JOURNAL_INSIDE_FS)
		return 0;
	error = ffs_inode_read(fs, fs->sb.journal.ino, &dinode);
	if (error == -ENOENT)
		return refuse(fs, -EUCLEAN, "has no inode");
	if (error < 0)
		return error;
	owner = memory_alloc_zeroed(fs->mount.kernel, sizeof(*owner));
	if (owner == NULL)
		return -ENOMEM;
	owner->vnode.mount = &fs->mount;
	owner->vnode.kernel = fs->mount.kernel;
	owner->vnode.ino = fs->sb.journal.ino;
	owner->vnode.type = (enum vnode_type)dinode.type;
	ffs_inode_fill(owner, &dinode);
	error = check_blocks(fs, owner);
	memory_free(fs->mount.kernel, owner, sizeof(*owner));
	return error;
}

/* A file without a name waits to be freed. */
static int
wait_to_be_freed(struct ffs_mount *fs, uint32_t ino, uint32_t mode, uint64_t sectors)
{
	struct ffs_writing *writing = fs->writing;
	struct ffs_freed item = {
		.first = ino,
		.mode = mode,
		.is_metadata = mode >> 12 == FFS_TYPE_DIRECTORY,
	};
	bool is_kept;

	mutex_lock(&writing->lock);
	is_kept = ffs_waiting_add(fs, &writing->nameless, item);
	if (is_kept) {
		writing->waiting_inodes++;
		writing->waiting_fragments += sectors << 9 >> fs->sb.fragment_shift;
	}
	mutex_unlock(&writing->lock);
	return is_kept ? 0 : -ENOMEM;
}

/* A file that the log lists is to be freed, if it is there and has no name. */
static int
adopt(struct ffs_mount *fs, const struct ffs_wapbl_inode *listed)
{
	bool was_directory = listed->mode >> 12 == FFS_TYPE_DIRECTORY;
	struct ffs_dinode dinode;
	int error;

	if (listed->ino <= FFS_ROOT_INO || listed->ino >= ffs_inode_count(&fs->sb) ||
	    listed->ino == fs->sb.journal.ino || !ffs_space_inode_is_used(fs, listed->ino))
		return 0;
	error = ffs_inode_read(fs, listed->ino, &dinode);
	if (error == -ENOENT) {
		/* It was allocated, and never written. */
		ffs_space_return_inode(fs, listed->ino, was_directory);
		return 0;
	}
	if (error < 0 || dinode.link_count > 0)
		return error;
	return wait_to_be_freed(fs, listed->ino, (uint32_t)dinode.type << 12 | dinode.permissions,
	    dinode.sector_count);
}

/* All the log holds is in place: it is empty, but for its list. */
static int
take_over(struct ffs_mount *fs)
{
	const struct ffs_replay *replay = &fs->replay;
	struct ffs_log *log = fs->writing->log;
	struct ffs_wapbl_header *header = &log->header;
	int error = 0;

	header->unit_shift = UNIT_SHIFT; /* what is written from here on counts in sectors */
	if (header->used == 0)
		return 0;
	log->has_list = replay->inode_count > 0;
	log->list_at = replay->list_at;
	error = ffs_journal_empty(fs);
	for (size_t i = 0; i < replay->inode_count && error == 0; i++)
		error = adopt(fs, &replay->inodes[i]);
	if (error == 0 && header->used + log->limit > header->area_size)
		error = refuse(fs, -EUCLEAN, "is full of files without names");
	return error;
}

/* How large transactions may be. */
static int
measure(struct ffs_mount *fs)
{
	const struct ffs_superblock *sb = &fs->sb;
	struct ffs_log *log = fs->writing->log;
	uint64_t summary = round_up(sb->group_count * (uint64_t)16, sb->fragment_size);
	uint64_t least;

	log->fixed = summary + FFS_SUPERBLOCK_SIZE + 8 * (uint64_t)log->header.block_size;
	log->operation = FFS_JOURNAL_OPERATION_BLOCKS * (uint64_t)sb->block_size;
	least = log->fixed + log->operation + SPARE_BLOCKS * (uint64_t)sb->block_size;
	log->limit = max_u64(log->header.area_size / 2, least);
	if (log->limit + log->header.block_size > log->header.area_size)
		return refuse(fs, -EROFS, "is too small");
	return 0;
}

int
ffs_journal_start(struct ffs_mount *fs)
{
	struct kernel *kernel = fs->mount.kernel;
	struct ffs_log *log;
	int error;

	if (fs->sb.journal.place == FFS_JOURNAL_NONE)
		return 0;
	log = memory_alloc_zeroed(kernel, sizeof(*log));
	if (log == NULL)
		return -ENOMEM;
	fs->writing->log = log;
	log->header = fs->replay.header;
	log->header_number = fs->replay.header_number;
	log->block = memory_alloc_zeroed(kernel, 2 * (size_t)log->header.block_size);
	error = log->block == NULL ? -ENOMEM : measure(fs);
	if (error == 0)
		error = check_owner(fs);
	if (error == 0)
		error = write_replayed(fs);
	return error < 0 ? error : take_over(fs);
}

int
ffs_journal_remove(struct ffs_mount *fs)
{
	static const struct ffs_journal none = { .place = FFS_JOURNAL_NONE };
	uint32_t ino = fs->sb.journal.ino;
	struct ffs_dinode dinode;
	int error = 0;

	if (fs->sb.journal.place == FFS_JOURNAL_INSIDE_FS)
		error = ffs_inode_read(fs, ino, &dinode);
	if (error < 0)
		return error;
	ffs_journal_stop(fs);
	if (fs->sb.journal.place == FFS_JOURNAL_INSIDE_FS)
		error = wait_to_be_freed(fs, ino, (uint32_t)FFS_TYPE_REGULAR << 12,
		    dinode.sector_count);
	fs->sb.journal = none;
	fs->sb.flags &= ~(uint32_t)FFS_FLAG_WAPBL;
	ffs_journal_describe(&none, fs->sb.order, fs->writing->superblock);
	return error;
}

void
ffs_journal_stop(struct ffs_mount *fs)
{
	struct kernel *kernel = fs->mount.kernel;
	struct ffs_log *log = fs->writing->log;

	if (log == NULL)
		return;
	memory_free(kernel, log->block, 2 * (size_t)log->header.block_size);
	memory_free(kernel, log, sizeof(*log));
	fs->writing->log = NULL;
}
