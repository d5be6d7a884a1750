/*
 * What a group's header is to say, from what is used in the group.
 *
 * Pure computation on the bytes of one header.  The counting is apart from the
 * counting that group.c does as things are taken and given, on purpose: here all
 * of it follows from the maps.
 */
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "fs/ffs/group_impl.h"
#include "fs/ffs/superblock_impl.h"

/* A header that is made right. */
struct correction {
	struct ffs_group *group;
	const struct check_expected *expected;
	enum byte_order order;
	unsigned flaws;
	uint32_t blocks_free;
	uint32_t fragments_free;
	uint32_t runs[9];
	uint32_t clusters[RUNS_MAX + 1];
};

/* ---- single numbers ----------------------------------------------------------------- */

static void
correct32(struct correction *at, uint32_t offset, uint32_t value, enum check_group_flaw flaw)
{
	uint8_t *bytes = at->group->bytes + offset;

	if (load32(bytes, at->order) == value)
		return;
	store32(bytes, value, at->order);
	at->flaws |= flaw;
}

/* ---- maps --------------------------------------------------------------------------- */

static void
correct_inode_map(struct correction *at)
{
	uint8_t *map = at->group->bytes + at->group->inode_map;
	size_t size = at->group->inode_count / 8; /* blocks of inodes are whole bytes */

	if (memcmp(map, at->expected->inodes, size) == 0)
		return;
	memcpy(map, at->expected->inodes, size);
	at->flaws |= CHECK_GROUP_INODE_MAP;
}

static void
correct_fragment_map(struct correction *at)
{
	uint8_t *map = at->group->bytes + at->group->fragment_map;
	uint32_t count = at->group->fragment_count;

	for (uint32_t i = 0; i < count; i += 8) {
		unsigned mask = count - i >= 8 ? 0xff : (1U << (count - i)) - 1;
		unsigned want = ~(unsigned)at->expected->used[i / 8] & mask;

		if ((map[i / 8] & mask) == want)
			continue;
		map[i / 8] = (uint8_t)((map[i / 8] & ~mask) | want);
		at->flaws |= CHECK_GROUP_FRAGMENT_MAP;
	}
}

/* Count the free runs of a partly used block. */
static void
count_runs(struct correction *at, unsigned bits)
{
	uint32_t run = 0;

	for (unsigned i = 0; i <= at->group->sb->fragments_per_block; i++) {
		if (bits >> i & 1) {
			run++;
			at->fragments_free++;
		} else if (run > 0) {
			at->runs[run]++;
			run = 0;
		}
	}
}

static void
count_cluster(struct correction *at, uint32_t *cluster)
{
	uint32_t max = at->group->sb->run_length_max;

	if (*cluster > 0 && max > 0)
		at->clusters[min_u64(*cluster, max)]++;
	*cluster = 0;
}

static void
correct_block_bit(struct correction *at, uint32_t block, bool is_free)
{
	uint8_t *byte = at->group->bytes + at->group->block_map + block / 8;

	if ((*byte >> block % 8 & 1) == is_free)
		return;
	*byte = (uint8_t)(*byte ^ 1U << block % 8);
	at->flaws |= CHECK_GROUP_BLOCK_MAP;
}

/* Go through the blocks of the map, which is right by now. */
static void
count_blocks(struct correction *at)
{
	const struct ffs_group *group = at->group;
	unsigned all = (1U << group->sb->fragments_per_block) - 1;
	uint32_t count = ffs_group_block_count(group), cluster = 0;

	for (uint32_t block = 0; block < count; block++) {
		unsigned bits = ffs_group_block(group, block);
		uint32_t left = group->fragment_count - block * group->sb->fragments_per_block;
		bool is_mapped = group->sb->run_length_max > 0 && block < group->mapped_blocks;

		if (left < group->sb->fragments_per_block)
			bits &= (1U << left) - 1;
		if (is_mapped)
			correct_block_bit(at, block, bits == all);
		if (bits != all || !is_mapped)
			count_cluster(at, &cluster);
		if (bits == all) {
			at->blocks_free++;
			cluster += is_mapped;
		} else if (bits != 0) {
			count_runs(at, bits);
		}
	}
	count_cluster(at, &cluster);
}

/* ---- rotational positions of old disks ---------------------------------------------------- */

/* Count the free blocks anew, and compare with what was there; scratch is header_size bytes. */
static void
correct_rotation(struct correction *at, uint8_t *scratch)
{
	struct ffs_group *group = at->group;
	const struct ffs_rotation *rotation = &group->sb->rotation;
	uint32_t per_block = group->sb->fragments_per_block, totals, places, cylinder, position;

	if (!ffs_group_find_tables(group, &totals, &places))
		return;
	memcpy(scratch, group->bytes, group->sb->header_size);
	memset(group->bytes + totals, 0, (size_t)4 * rotation->cylinders);
	memset(group->bytes + places, 0, (size_t)2 * rotation->cylinders * rotation->positions);
	for (uint32_t block = 0; block < group->fragment_count / per_block; block++) {
		uint8_t *total, *place;

		if (ffs_group_block(group, block) + 1 != 1U << per_block ||
		    !ffs_group_position(group, block, &cylinder, &position))
			continue;
		total = group->bytes + totals + (size_t)4 * cylinder;
		place =
		    group->bytes + places + 2 * ((size_t)cylinder * rotation->positions + position);
		store32(total, load32(total, at->order) + 1, at->order);
		store16(place, (uint16_t)(load16(place, at->order) + 1), at->order);
	}
	if (memcmp(scratch, group->bytes, group->sb->header_size) != 0)
		at->flaws |= CHECK_GROUP_ROTATION;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
correct_counts(struct correction *at)
{
	const struct ffs_group *group = at->group;
	const uint32_t counts[] = { at->expected->directories, at->blocks_free,
		at->expected->inodes_free, at->fragments_free };

	for (uint32_t i = 0; i < ARRAY_SIZE(counts); i++)
		correct32(at, G_DIRECTORIES + 4 * i, counts[i], CHECK_GROUP_COUNTS);
	for (uint32_t i = 1; i < group->sb->fragments_per_block; i++)
		correct32(at, G_RUNS + 4 * i, at->runs[i], CHECK_GROUP_RUNS);
	for (uint32_t i = 1; i <= group->sb->run_length_max; i++)
		correct32(at, group->run_counts + 4 * i, at->clusters[i], CHECK_GROUP_RUNS);
}

/* Where searches begin must be inside. */
static void
correct_rotors(struct correction *at)
{
	const struct ffs_group *group = at->group;
	const uint32_t limits[] = { group->fragment_count, group->fragment_count,
		group->inode_count };

	for (uint32_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (load32(group->bytes + G_BLOCK_ROTOR + 4 * i, at->order) >= limits[i])
			correct32(at, G_BLOCK_ROTOR + 4 * i, 0, CHECK_GROUP_ROTORS);
}

unsigned
ffs_check_group_correct(struct ffs_group *group, const struct check_expected *expected,
    uint8_t *scratch)
{
	struct correction at = { .group = group, .expected = expected, .order = group->sb->order };
	uint32_t initialised = (uint32_t)round_up(expected->inode_end, group->sb->inodes_per_block);

	correct_inode_map(&at);
	correct_fragment_map(&at);
	count_blocks(&at);
	correct_counts(&at);
	correct_rotors(&at);
	if (group->sb->version == FFS_UFS2 && ffs_group_initialised(group) < initialised) {
		ffs_group_set_initialised(group, initialised);
		at.flaws |= CHECK_GROUP_INITIALISED;
	}
	if (expected->has_tables || group->is_static)
		correct_rotation(&at, scratch);
	return at.flaws;
}

/* ---- a header from nothing ---------------------------------------------------------------------- */

/* Bytes of the tables of rotational positions. */
static uint32_t
rotation_size(const struct ffs_superblock *sb, const uint8_t *superblock, uint32_t *totals_size)
{
	uint64_t cylinders = load32(superblock + OLD_CYLINDERS_PER_GROUP, sb->order);
	uint64_t positions = load32(superblock + OLD_POSITIONS, sb->order);

	*totals_size = 0;
	if (sb->version == FFS_UFS2 || cylinders > sb->header_size || positions > sb->header_size ||
	    cylinders * 4 + cylinders * positions * 2 > sb->header_size / 2)
		return 0;
	*totals_size = (uint32_t)cylinders * 4;
	return (uint32_t)(cylinders * 4 + cylinders * positions * 2);
}

static void
put(const struct ffs_superblock *sb, uint8_t *bytes, uint32_t field, uint32_t value)
{
	store32(bytes + field, value, sb->order);
}

/* Where the maps are: one behind the other. */
static void
place_maps(const struct ffs_superblock *sb, const uint8_t *superblock, uint32_t block_count,
    uint8_t *bytes)
{
	uint32_t totals_size, end = G_SPACE;
	uint32_t tables = rotation_size(sb, superblock, &totals_size);

	if (sb->version == FFS_UFS1) {
		put(sb, bytes, G_OLD_BLOCKS, G_SPACE);
		put(sb, bytes, G_OLD_POSITIONS, G_SPACE + totals_size);
	}
	end += tables;
	put(sb, bytes, G_INODE_MAP, end);
	end += (uint32_t)divide_up(sb->inodes_per_group, 8);
	put(sb, bytes, G_FRAGMENT_MAP, end);
	end += (uint32_t)divide_up(sb->fragments_per_group, 8);
	if (sb->run_length_max > 0) {
		/* Count number 0 is never used, so it may be in what is in front of it. */
		end = (uint32_t)round_up(end - 4, 4);
		put(sb, bytes, G_RUN_COUNTS, end);
		end += 4 * (sb->run_length_max + 1);
		put(sb, bytes, G_BLOCK_MAP, end);
		put(sb, bytes, G_MAPPED_BLOCKS, block_count);
		end += (uint32_t)divide_up(sb->fragments_per_group >> sb->block_fragments_shift, 8);
	}
	put(sb, bytes, G_MAPS_END, end);
}

void
ffs_check_group_build(const struct ffs_superblock *sb, const uint8_t *superblock, uint32_t number,
    uint8_t *bytes)
{
	bool is_static = sb->has_old_inodes && !sb->is_updated &&
			 load32(superblock + OLD_TABLE, sb->order) == OLD_TABLE_FORMAT;
	uint32_t count = (uint32_t)min_u64(sb->fragments_per_group,
	    sb->fragment_count - ffs_group_base(sb, number));

	memset(bytes, 0, sb->header_size);
	put(sb, bytes, is_static ? (uint32_t)S_MAGIC : (uint32_t)G_MAGIC, GROUP_MAGIC);
	put(sb, bytes, G_NUMBER, number);
	put(sb, bytes, G_FRAGMENT_COUNT, count);
	if (sb->version == FFS_UFS1) {
		store16(bytes + G_OLD_CYLINDERS,
		    (uint16_t)load32(superblock + OLD_CYLINDERS_PER_GROUP, sb->order), sb->order);
		store16(bytes + G_OLD_INODE_COUNT, (uint16_t)sb->inodes_per_group, sb->order);
	}
	if (sb->is_updated)
		put(sb, bytes, G_INODE_COUNT, sb->inodes_per_group);
	if (!is_static)
		place_maps(sb, superblock, count >> sb->block_fragments_shift, bytes);
}
