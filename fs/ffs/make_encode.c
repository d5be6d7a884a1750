/*
 * Superblock and group headers of a new file system, as bytes.
 *
 * Fields that only old systems use are filled as newer ones fill them: a UFS1
 * has one cylinder per group with one rotational position.
 */
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/group_impl.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/make_layout.h"
#include "fs/ffs/superblock_impl.h"

#define OPTIMISE_SPACE_BELOW 5 /* percent of reserve */
#define USUAL_FILE_SIZE	     16384
#define USUAL_FILES	     64
#define ROTATIONS	     60
#define BLOCKS_AT_A_TIME     16
#define INITIALISED_BLOCKS   2 /* of inodes, in each group of UFS2 */

struct encoding {
	uint8_t *bytes;
	const struct ffs_superblock *sb;
};

static void
put32(const struct encoding *to, unsigned field, uint64_t value)
{
	store32(to->bytes + field, (uint32_t)value, to->sb->order);
}

static void
put64(const struct encoding *to, unsigned field, uint64_t value)
{
	store64(to->bytes + field, value, to->sb->order);
}

/* ---- the superblock ------------------------------------------------------------------- */

static void
put_sizes(const struct encoding *to)
{
	const struct ffs_superblock *sb = to->sb;

	put32(to, BLOCK_SIZE, sb->block_size);
	put32(to, FRAGMENT_SIZE, sb->fragment_size);
	put32(to, FRAGMENTS_PER_BLOCK, sb->fragments_per_block);
	put32(to, BLOCK_MASK, ~(sb->block_size - 1));
	put32(to, FRAGMENT_MASK, ~(sb->fragment_size - 1));
	put32(to, BLOCK_SHIFT, sb->block_shift);
	put32(to, FRAGMENT_SHIFT, sb->fragment_shift);
	put32(to, FRAGMENTS_SHIFT, sb->block_fragments_shift);
	put32(to, SECTOR_SHIFT, sb->fragment_shift - log2_floor(FFS_SECTOR_SIZE));
	put64(to, BLOCK_MASK_INVERSE, sb->block_size - 1);
	put64(to, FRAGMENT_MASK_INVERSE, sb->fragment_size - 1);
	put32(to, SUPERBLOCK_SIZE, sb->size);
	put32(to, BLOCK_SIZE_LARGEST, sb->block_size);
	put32(to, POINTERS_PER_BLOCK, sb->pointers_per_block);
	put32(to, INODES_PER_BLOCK, sb->inodes_per_block);
	put32(to, SHORT_LINK_MAX, sb->short_link_max);
	put32(to, OLD_INODE_FORMAT, NEW_INODE_FORMAT);
	put64(to, FILE_SIZE_MAX, sb->file_size_max);
}

static void
put_groups(const struct encoding *to)
{
	const struct ffs_superblock *sb = to->sb;

	put32(to, COPY_OFFSET, sb->copy_offset);
	put32(to, HEADER_OFFSET, sb->header_offset);
	put32(to, INODE_OFFSET, sb->inode_offset);
	put32(to, DATA_OFFSET, sb->data_offset);
	put32(to, GROUP_COUNT, sb->group_count);
	put32(to, FRAGMENTS_PER_GROUP, sb->fragments_per_group);
	put32(to, INODES_PER_GROUP, sb->inodes_per_group);
	put32(to, HEADER_SIZE, sb->header_size);
	put32(to, SUMMARY_SIZE, sb->summary_size);
	put64(to, SUMMARY_ADDRESS, sb->summary_address);
	put64(to, SIZE, sb->fragment_count);
	put64(to, DATA_SIZE, sb->data_fragment_count);
}

static void
put_policy(const struct encoding *to)
{
	const struct ffs_superblock *sb = to->sb;

	put32(to, RESERVE, sb->reserve_percent);
	put32(to, OPTIMISATION, sb->reserve_percent < OPTIMISE_SPACE_BELOW);
	put32(to, CONTIGUOUS_MAX, BLOCKS_AT_A_TIME);
	put32(to, RUN_LENGTH_MAX, sb->run_length_max);
	put32(to, BLOCKS_IN_GROUP, sb->file_blocks_in_group);
	put32(to, AVERAGE_FILE_SIZE, USUAL_FILE_SIZE);
	put32(to, AVERAGE_FILES, USUAL_FILES);
}

static void
put_state(const struct encoding *to)
{
	const struct ffs_superblock *sb = to->sb;

	to->bytes[CLEAN] = (uint8_t)sb->clean;
	to->bytes[OLD_FLAGS] = OLD_FLAGS_UPDATED;
	put32(to, FLAGS, sb->flags);
	put32(to, ID, sb->id[0]);
	put32(to, ID + 4, sb->id[1]);
	put64(to, TIME, (uint64_t)sb->time);
	put64(to, LOCATION, sb->location);
	put64(to, COUNTS, sb->counts.directories);
	put64(to, COUNTS + 8, sb->counts.blocks_free);
	put64(to, COUNTS + 16, sb->counts.inodes_free);
	put64(to, COUNTS + 24, sb->counts.fragments_free);
	memcpy(to->bytes + LABEL, sb->label, string_length(sb->label, FFS_LABEL_SIZE));
}

/* What UFS1 says again, or besides. */
static void
put_old(const struct encoding *to)
{
	const struct ffs_superblock *sb = to->sb;
	const struct ffs_rotation *rotation = &sb->rotation;

	put32(to, OLD_STAGGER, sb->stagger);
	put32(to, OLD_STAGGER_MASK, sb->stagger_mask);
	put32(to, OLD_TIME, (uint64_t)sb->time);
	put32(to, OLD_SIZE, sb->fragment_count);
	put32(to, OLD_DATA_SIZE, sb->data_fragment_count);
	put32(to, OLD_SUMMARY_ADDRESS, sb->summary_address);
	put32(to, OLD_COUNTS, sb->counts.directories);
	put32(to, OLD_COUNTS + 4, sb->counts.blocks_free);
	put32(to, OLD_COUNTS + 8, sb->counts.inodes_free);
	put32(to, OLD_COUNTS + 12, sb->counts.fragments_free);
	put32(to, OLD_ROTATIONS, ROTATIONS);
	put32(to, OLD_SECTORS_PER_FRAGMENT, rotation->fragment_sectors);
	put32(to, OLD_TRACK_SECTORS, rotation->turn_sectors);
	put32(to, OLD_SECTORS, rotation->track_sectors);
	put32(to, OLD_CYLINDER_SECTORS, rotation->cylinder_sectors);
	put32(to, OLD_INTERLEAVE, rotation->interleave);
	put32(to, OLD_CYLINDERS, sb->group_count);
	put32(to, OLD_CYLINDERS_PER_GROUP, rotation->cylinders);
	put32(to, OLD_TABLE, 1);
	put32(to, OLD_POSITIONS, rotation->positions);
}

void
ffs_make_superblock(const struct ffs_superblock *sb, uint8_t *bytes)
{
	struct encoding to = { bytes, sb };

	memset(bytes, 0, FFS_SUPERBLOCK_SIZE);
	put_sizes(&to);
	put_groups(&to);
	put_policy(&to);
	put_state(&to);
	if (sb->version == FFS_UFS1)
		put_old(&to);
	ffs_journal_describe(&sb->journal, sb->order, bytes);
	put32(&to, MAGIC, sb->version == FFS_UFS2 ? MAGIC_UFS2 : MAGIC_UFS1);
}

/* ---- groups ----------------------------------------------------------------------------- */

/* Where the maps of a header are. */
static void
put_maps(const struct encoding *to, uint32_t blocks)
{
	const struct ffs_superblock *sb = to->sb;
	uint32_t at = G_SPACE;

	if (sb->version == FFS_UFS1) {
		put32(to, G_OLD_BLOCKS, at);
		put32(to, G_OLD_POSITIONS, at + 4);
		at += 4 + 2;
	}
	put32(to, G_INODE_MAP, at);
	at += (uint32_t)divide_up(sb->inodes_per_group, 8);
	put32(to, G_FRAGMENT_MAP, at);
	at += (uint32_t)divide_up(sb->fragments_per_group, 8);

	/* Nothing is counted for length 0: that count may lie over the map's end. */
	at = (uint32_t)round_up(at - 4, 4);
	put32(to, G_RUN_COUNTS, at);
	at += 4 * (sb->run_length_max + 1);
	put32(to, G_BLOCK_MAP, at);
	put32(to, G_MAPPED_BLOCKS, blocks);
	put32(to, G_MAPS_END,
	    at + (uint32_t)divide_up(sb->fragments_per_group >> sb->block_fragments_shift, 8));
}

static void
put_inodes(const struct encoding *to)
{
	const struct ffs_superblock *sb = to->sb;

	if (sb->version == FFS_UFS1) {
		store16(to->bytes + G_OLD_CYLINDERS, 1, sb->order);
		store16(to->bytes + G_OLD_INODE_COUNT, (uint16_t)sb->inodes_per_group, sb->order);
		put32(to, G_OLD_TIME, (uint64_t)sb->time);
	} else {
		put32(to, G_INODE_COUNT, sb->inodes_per_group);
		put32(to, G_INITIALISED,
		    min_u64(sb->inodes_per_group,
			(uint64_t)INITIALISED_BLOCKS * sb->inodes_per_block));
	}
	put64(to, G_TIME, (uint64_t)sb->time);
	put32(to, G_INODES_FREE, sb->inodes_per_group);
}

/* Free the fragments [from, to), whole blocks but for the first one. */
static void
free_fragments(struct ffs_group *group, uint32_t from, uint32_t to)
{
	uint32_t per_block = group->sb->fragments_per_block;

	while (from < to) {
		uint32_t count = per_block - (from & (per_block - 1));

		ffs_group_give(group, from, count);
		from += count;
	}
}

void
ffs_make_group(const struct ffs_superblock *sb, uint32_t number, uint8_t *bytes)
{
	struct encoding to = { bytes, sb };
	struct ffs_flaw flaw;
	struct ffs_group group;
	uint32_t fragments = (uint32_t)min_u64(sb->fragments_per_group,
	    sb->fragment_count - ffs_group_base(sb, number));
	int error;

	memset(bytes, 0, sb->block_size);
	put32(&to, G_MAGIC, GROUP_MAGIC);
	put32(&to, G_NUMBER, number);
	put32(&to, G_FRAGMENT_COUNT, fragments);
	put_maps(&to, fragments >> sb->block_fragments_shift);
	put_inodes(&to);
	error = ffs_group_decode(sb, bytes, number, &group, &flaw);
	ASSERT(error == 0);
	if (number == 0) {
		free_fragments(&group, (uint32_t)ffs_make_root(sb) + 1, fragments);
		for (uint32_t ino = 0; ino <= FFS_ROOT_INO; ino++)
			ffs_group_take_inode(&group, ino, ino == FFS_ROOT_INO);
	} else {
		free_fragments(&group, 0, sb->copy_offset);
		free_fragments(&group, sb->data_offset, fragments);
	}
}

bool
ffs_make_group_is_alike(const struct ffs_superblock *sb, uint32_t number)
{
	return number > 0 && number + 1 < sb->group_count;
}

void
ffs_make_group_renumber(const struct ffs_superblock *sb, uint32_t number, uint8_t *bytes)
{
	store32(bytes + G_NUMBER, number, sb->order);
}
