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

#define MAGIC	 0x00090255
#define RUNS_MAX 33

/* Of a group's header. */
enum field {
	G_MAGIC = 4,
	G_NUMBER = 12,
	G_OLD_CYLINDERS = 16,
	G_OLD_INODE_COUNT = 18,
	G_FRAGMENT_COUNT = 20,
	G_COUNTS = 24, /* directories, free blocks, inodes, fragments */
	G_ROTORS = 40, /* block, fragment, inode */
	G_RUNS = 52,
	G_OLD_TOTALS = 84,
	G_OLD_POSITIONS = 88,
	G_INODE_MAP = 92,
	G_FRAGMENT_MAP = 96,
	G_NEXT_FREE = 100,
	G_RUN_COUNTS = 104,
	G_BLOCK_MAP = 108,
	G_MAPPED_BLOCKS = 112,
	G_INODE_COUNT = 116,
	G_SPACE = 168,
};

/* Of the superblock: the geometry of old disks. */
enum old_field {
	S_SECTORS_PER_FRAGMENT = 124,
	S_PHYSICAL_SECTORS = 132,
	S_INTERLEAVE = 136,
	S_TRACK_SKEW = 140,
	S_SECTORS = 168,
	S_SECTORS_PER_CYLINDER = 172,
	S_CYLINDERS_PER_GROUP = 180,
	S_POSITIONS = 1360,
};

/* A header that is made right. */
struct correction {
	struct ffs_group *group;
	const struct check_expected *expected;
	enum byte_order order;
	unsigned flaws;
	uint32_t blocks_free;
	uint32_t fragments_free;
	uint32_t runs[9];
	uint32_t clusters[RUNS_MAX];
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

static void
correct16(struct correction *at, uint32_t offset, uint16_t value, enum check_group_flaw flaw)
{
	uint8_t *bytes = at->group->bytes + offset;

	if (load16(bytes, at->order) == value)
		return;
	store16(bytes, value, at->order);
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

/* A table, as the superblock says it is. */
struct rotation {
	uint32_t sectors_per_fragment, physical_sectors, interleave, skew, sectors,
	    sectors_per_cylinder, cylinders, positions;
};

static bool
read_rotation(const struct correction *at, const uint8_t *superblock, struct rotation *out)
{
	const uint8_t *bytes = at->group->bytes;
	uint32_t size = at->group->sb->header_size;
	uint64_t totals = load32(bytes + G_OLD_TOTALS, at->order);
	uint64_t places = load32(bytes + G_OLD_POSITIONS, at->order);

	*out = (struct rotation){
		load32(superblock + S_SECTORS_PER_FRAGMENT, at->order),
		load32(superblock + S_PHYSICAL_SECTORS, at->order),
		load32(superblock + S_INTERLEAVE, at->order),
		load32(superblock + S_TRACK_SKEW, at->order),
		load32(superblock + S_SECTORS, at->order),
		load32(superblock + S_SECTORS_PER_CYLINDER, at->order),
		load32(superblock + S_CYLINDERS_PER_GROUP, at->order),
		load32(superblock + S_POSITIONS, at->order),
	};
	return out->sectors_per_fragment > 0 && out->physical_sectors > 0 && out->sectors > 0 &&
	       out->sectors_per_cylinder > 0 && out->cylinders > 0 && out->positions > 0 &&
	       out->cylinders <= size && out->positions <= size && totals >= G_SPACE &&
	       totals + (uint64_t)out->cylinders * 4 <= size && places >= G_SPACE &&
	       places + (uint64_t)out->cylinders * out->positions * 2 <= size;
}

/* Which position of which cylinder a block begins at; NONE if there is no such. */
static uint32_t
position_of(const struct rotation *rotation, uint32_t fragment, uint32_t *cylinder)
{
	uint64_t sector = (uint64_t)fragment * rotation->sectors_per_fragment, position;
	uint64_t in_cylinder = sector % rotation->sectors_per_cylinder;

	*cylinder = (uint32_t)min_u64(sector / rotation->sectors_per_cylinder, UINT32_MAX);
	position = (in_cylinder / rotation->sectors * rotation->skew +
		       in_cylinder % rotation->sectors * rotation->interleave) %
		   rotation->sectors;
	position = position * rotation->positions / rotation->physical_sectors;
	if (*cylinder >= rotation->cylinders || position >= rotation->positions)
		return FFS_GROUP_NONE;
	return (uint32_t)position;
}

/* Count the free blocks of one cylinder, at one position. */
static uint32_t
count_at(const struct ffs_group *group, const struct rotation *rotation, uint32_t cylinder,
    uint32_t position)
{
	uint32_t per_block = group->sb->fragments_per_block, count = 0, at;
	uint64_t sectors = (uint64_t)rotation->sectors_per_fragment * per_block;
	uint64_t first = (uint64_t)cylinder * rotation->sectors_per_cylinder / sectors;
	uint64_t end =
	    divide_up((cylinder + (uint64_t)1) * rotation->sectors_per_cylinder, sectors);

	end = min_u64(end, group->fragment_count / per_block);
	for (uint64_t block = first; block < end; block++)
		if (ffs_group_block(group, (uint32_t)block) + 1 == 1U << per_block &&
		    position_of(rotation, (uint32_t)block * per_block, &at) == position &&
		    at == cylinder)
			count++;
	return count;
}

static void
correct_rotation(struct correction *at, const uint8_t *superblock)
{
	uint32_t totals = load32(at->group->bytes + G_OLD_TOTALS, at->order);
	uint32_t places = load32(at->group->bytes + G_OLD_POSITIONS, at->order);
	struct rotation rotation;

	if (!read_rotation(at, superblock, &rotation))
		return;
	for (uint32_t i = 0; i < rotation.cylinders; i++) {
		uint32_t total = 0;

		for (uint32_t j = 0; j < rotation.positions; j++) {
			uint32_t count = count_at(at->group, &rotation, i, j);

			correct16(at, places + 2 * (i * rotation.positions + j), (uint16_t)count,
			    CHECK_GROUP_ROTATION);
			total += count;
		}
		correct32(at, totals + 4 * i, total, CHECK_GROUP_ROTATION);
	}
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
correct_counts(struct correction *at)
{
	const struct ffs_group *group = at->group;
	const uint32_t counts[] = { at->expected->directories, at->blocks_free,
		at->expected->inodes_free, at->fragments_free };

	for (uint32_t i = 0; i < ARRAY_SIZE(counts); i++)
		correct32(at, G_COUNTS + 4 * i, counts[i], CHECK_GROUP_COUNTS);
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
		if (load32(group->bytes + G_ROTORS + 4 * i, at->order) >= limits[i])
			correct32(at, G_ROTORS + 4 * i, 0, CHECK_GROUP_ROTORS);
}

unsigned
ffs_check_group_correct(struct ffs_group *group, const struct check_expected *expected,
    bool has_old_maps, const uint8_t *superblock)
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
	if (has_old_maps)
		correct_rotation(&at, superblock);
	return at.flaws;
}

/* ---- a header from nothing ---------------------------------------------------------------------- */

/* Bytes of the tables of rotational positions. */
static uint32_t
rotation_size(const struct ffs_superblock *sb, const uint8_t *superblock, uint32_t *totals_size)
{
	uint64_t cylinders = load32(superblock + S_CYLINDERS_PER_GROUP, sb->order);
	uint64_t positions = load32(superblock + S_POSITIONS, sb->order);

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
		put(sb, bytes, G_OLD_TOTALS, G_SPACE);
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
	put(sb, bytes, G_NEXT_FREE, end);
}

void
ffs_check_group_build(const struct ffs_superblock *sb, const uint8_t *superblock, uint32_t number,
    uint8_t *bytes)
{
	uint32_t count = (uint32_t)min_u64(sb->fragments_per_group,
	    sb->fragment_count - ffs_group_base(sb, number));

	memset(bytes, 0, sb->header_size);
	put(sb, bytes, G_MAGIC, MAGIC);
	put(sb, bytes, G_NUMBER, number);
	put(sb, bytes, G_FRAGMENT_COUNT, count);
	if (sb->version == FFS_UFS1) {
		store16(bytes + G_OLD_CYLINDERS,
		    (uint16_t)load32(superblock + S_CYLINDERS_PER_GROUP, sb->order), sb->order);
		store16(bytes + G_OLD_INODE_COUNT, (uint16_t)sb->inodes_per_group, sb->order);
	}
	if (sb->is_updated)
		put(sb, bytes, G_INODE_COUNT, sb->inodes_per_group);
	place_maps(sb, superblock, count >> sb->block_fragments_shift, bytes);
}
