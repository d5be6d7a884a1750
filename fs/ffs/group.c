/*
 * Cylinder groups.
 *
 * One function changes the fragment map, replace_block(): it takes a block's
 * old bits out of all counts, and puts the new ones in.  Taking and giving are
 * calls of it, so map and counts cannot part.
 */
#include "fs/ffs/group.h"

#include "base/endian.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/group_impl.h"
#include "fs/ffs/layout.h"

#define STATIC_INODES_MAX    2048
#define STATIC_CYLINDERS_MAX 32

static uint32_t
get(const struct ffs_group *group, uint32_t field)
{
	return load32(group->bytes + field, group->sb->order);
}

static void
put(struct ffs_group *group, uint32_t field, uint32_t value)
{
	store32(group->bytes + field, value, group->sb->order);
}

static void
add(struct ffs_group *group, uint32_t field, uint32_t value)
{
	put(group, field, get(group, field) + value);
}

/* ---- decoding ---------------------------------------------------------------- */

static int
wrong(const struct ffs_group *group, enum group_field field, const char *what,
    struct ffs_flaw *flaw)
{
	return ffs_flaw_set(flaw, what, field, (int32_t)get(group, field));
}

/* Is [offset, offset + size) in the header, behind its fields? */
static bool
fits(const struct ffs_group *group, uint32_t offset, uint64_t size)
{
	return offset >= G_SPACE && offset <= group->sb->header_size &&
	       size <= group->sb->header_size - offset;
}

/* A part of the header. */
struct part {
	uint64_t offset, size;
	enum group_field field; /* which says where it is */
};

/* Which part begins in another one?  NULL if none does. */
static const struct part *
find_overlap(const struct part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (i != j && parts[i].size > 0 && parts[i].offset >= parts[j].offset &&
			    parts[i].offset < parts[j].offset + parts[j].size)
				return &parts[i];
	return NULL;
}

/*
 * The field of a part that begins in another one; 0 if all have places of their
 * own.  Of the counts of runs, number 0 is nobody's.  Tables at 0 are not there.
 */
static uint32_t
find_overlapping(const struct ffs_group *group, uint32_t counts, uint32_t positions)
{
	const struct ffs_superblock *sb = group->sb;
	uint64_t cylinders = counts == 0 ? 0 : sb->rotation.cylinders;
	const struct part parts[] = {
		{ group->inode_map, divide_up(sb->inodes_per_group, 8), G_INODE_MAP },
		{ group->fragment_map, divide_up(sb->fragments_per_group, 8), G_FRAGMENT_MAP },
		{ group->run_counts + (uint64_t)4, 4 * (uint64_t)sb->run_length_max, G_RUN_COUNTS },
		{ group->block_map, divide_up(group->mapped_blocks, 8), G_BLOCK_MAP },
		{ counts, 4 * cylinders, G_OLD_BLOCKS },
		{ positions, 2 * cylinders * sb->rotation.positions, G_OLD_POSITIONS },
	};
	const struct part *part = find_overlap(parts, ARRAY_SIZE(parts));

	return part == NULL ? 0 : part->field;
}

static int
check_overlaps(const struct ffs_group *group, struct ffs_flaw *flaw)
{
	uint32_t field = find_overlapping(group, 0, 0);

	if (field == 0)
		return 0;
	return wrong(group, (enum group_field)field, "a part of the group begins in another one",
	    flaw);
}

/* Do the counts by cylinder make what is free? */
static bool
have_all_blocks(const struct ffs_group *group, uint32_t counts, uint32_t cylinders)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < cylinders; i++)
		sum += get(group, counts + 4 * i);
	return sum == get(group, G_BLOCKS_FREE);
}

bool
ffs_group_find_tables(const struct ffs_group *group, uint32_t *counts, uint32_t *positions)
{
	const struct ffs_rotation *rotation = &group->sb->rotation;
	uint64_t size = 2 * (uint64_t)rotation->cylinders * rotation->positions;

	*counts = group->is_static ? (uint32_t)S_CYLINDER_COUNTS : get(group, G_OLD_BLOCKS);
	*positions = group->is_static ? (uint32_t)S_POSITION_COUNTS : get(group, G_OLD_POSITIONS);
	if (rotation->cylinders == 0)
		return false;
	if (group->is_static)
		return rotation->cylinders <= STATIC_CYLINDERS_MAX;
	return fits(group, *counts, 4 * (uint64_t)rotation->cylinders) &&
	       fits(group, *positions, size) && find_overlapping(group, *counts, *positions) == 0;
}

/*
 * Tables by rotational position.  Those that do not make what is free are left by
 * a system that does not keep them, which its next user knows as well.
 */
static void
decode_positions(struct ffs_group *group)
{
	uint32_t counts, positions;

	if (!ffs_group_find_tables(group, &counts, &positions) ||
	    !have_all_blocks(group, counts, group->sb->rotation.cylinders))
		return;
	group->cylinder_counts = counts;
	group->position_counts = positions;
}

static int
decode_static_maps(struct ffs_group *group, struct ffs_flaw *flaw)
{
	const struct ffs_superblock *sb = group->sb;

	group->inode_map = S_INODE_MAP;
	group->fragment_map = S_FRAGMENT_MAP;
	if (sb->inodes_per_group > STATIC_INODES_MAX || sb->run_length_max != 0 ||
	    !fits(group, S_FRAGMENT_MAP, divide_up(sb->fragments_per_group, 8)))
		return wrong(group, (enum group_field)S_MAGIC, "maps do not fit 4.2BSD's group",
		    flaw);
	return 0;
}

static int
decode_maps(struct ffs_group *group, struct ffs_flaw *flaw)
{
	const struct ffs_superblock *sb = group->sb;

	if (group->is_static)
		return decode_static_maps(group, flaw);
	group->inode_map = get(group, G_INODE_MAP);
	if (!fits(group, group->inode_map, divide_up(sb->inodes_per_group, 8)))
		return wrong(group, G_INODE_MAP, "map of inodes does not fit the group", flaw);
	group->fragment_map = get(group, G_FRAGMENT_MAP);
	if (!fits(group, group->fragment_map, divide_up(sb->fragments_per_group, 8)))
		return wrong(group, G_FRAGMENT_MAP, "map of fragments does not fit the group",
		    flaw);
	if (sb->run_length_max == 0)
		return check_overlaps(group, flaw);
	group->run_counts = get(group, G_RUN_COUNTS);
	group->block_map = get(group, G_BLOCK_MAP);
	group->mapped_blocks = get(group, G_MAPPED_BLOCKS);
	if (!fits(group, group->run_counts, 4 * ((uint64_t)sb->run_length_max + 1)))
		return wrong(group, G_RUN_COUNTS, "counts of runs do not fit the group", flaw);
	if (group->mapped_blocks > group->fragment_count >> sb->block_fragments_shift ||
	    !fits(group, group->block_map, divide_up(group->mapped_blocks, 8)))
		return wrong(group, G_BLOCK_MAP, "map of blocks does not fit the group", flaw);
	return check_overlaps(group, flaw);
}

int
ffs_group_decode(const struct ffs_superblock *sb, uint8_t *bytes, uint32_t number,
    struct ffs_group *out, struct ffs_flaw *flaw)
{
	uint64_t base = ffs_group_base(sb, number);

	*out = (struct ffs_group){ .sb = sb, .bytes = bytes, .number = number };
	out->is_static = sb->has_old_inodes && sb->header_size > S_FRAGMENT_MAP &&
			 get(out, S_MAGIC) == GROUP_MAGIC && get(out, G_MAGIC) != GROUP_MAGIC;
	if (!out->is_static && get(out, G_MAGIC) != GROUP_MAGIC)
		return wrong(out, G_MAGIC, "magic number of a group is wrong", flaw);
	if (get(out, G_NUMBER) != number)
		return wrong(out, G_NUMBER, "group is another one", flaw);
	if (sb->run_length_max > RUNS_MAX)
		return wrong(out, G_RUN_COUNTS, "longest run that is counted is too long", flaw);
	out->fragment_count = (uint32_t)min_u64(sb->fragments_per_group, sb->fragment_count - base);
	if (get(out, G_FRAGMENT_COUNT) != out->fragment_count)
		return wrong(out, G_FRAGMENT_COUNT, "size of a group is wrong", flaw);
	out->inode_count = sb->inodes_per_group;
	if (sb->version == FFS_UFS2 && get(out, G_INODE_COUNT) != out->inode_count)
		return wrong(out, G_INODE_COUNT, "number of a group's inodes is wrong", flaw);
	if (sb->version == FFS_UFS2 && (get(out, G_INITIALISED) > out->inode_count ||
					   get(out, G_INITIALISED) % sb->inodes_per_block != 0))
		return wrong(out, G_INITIALISED, "number of initialised inodes is wrong", flaw);
	if (decode_maps(out, flaw) < 0)
		return -EUCLEAN;
	decode_positions(out);
	return 0;
}

void
ffs_group_counts(const struct ffs_group *group, struct ffs_group_counts *out)
{
	out->directories = get(group, G_DIRECTORIES);
	out->blocks_free = get(group, G_BLOCKS_FREE);
	out->inodes_free = get(group, G_INODES_FREE);
	out->fragments_free = get(group, G_FRAGMENTS_FREE);
}

uint32_t
ffs_group_block_count(const struct ffs_group *group)
{
	return (uint32_t)divide_up(group->fragment_count, group->sb->fragments_per_block);
}

/* ---- fragments ---------------------------------------------------------------- */

static unsigned
all_free(const struct ffs_group *group)
{
	return (1U << group->sb->fragments_per_block) - 1;
}

unsigned
ffs_group_block(const struct ffs_group *group, uint32_t block)
{
	uint32_t bit = block << group->sb->block_fragments_shift;

	return group->bytes[group->fragment_map + bit / 8] >> bit % 8 & all_free(group);
}

static bool
map_bit(const struct ffs_group *group, uint32_t map, uint32_t bit)
{
	return (group->bytes[map + bit / 8] >> bit % 8 & 1) != 0;
}

static void
map_set(struct ffs_group *group, uint32_t map, uint32_t bit, bool value)
{
	uint8_t *byte = group->bytes + map + bit / 8;

	*byte = (uint8_t)(*byte & ~(1U << bit % 8));
	*byte = (uint8_t)(*byte | (unsigned)value << bit % 8);
}

/* Count the free runs of a partly used block, by +1 or -1. */
static void
count_runs(struct ffs_group *group, unsigned bits, uint32_t by)
{
	uint32_t run = 0;

	for (unsigned i = 0; i <= group->sb->fragments_per_block; i++) {
		if ((bits >> i & 1) != 0) {
			run++;
			add(group, G_FRAGMENTS_FREE, by);
		} else if (run > 0) {
			add(group, G_RUNS + 4 * run, by);
			run = 0;
		}
	}
}

/* A block becomes free, or used: keep the counts of runs of free blocks. */
static void
count_block(struct ffs_group *group, uint32_t block, bool is_free)
{
	uint32_t max = group->sb->run_length_max, before = 0, after = 0, all;
	uint32_t by = is_free ? 1 : (uint32_t)-1;

	if (max == 0 || block >= group->mapped_blocks)
		return;
	while (
	    before < max && before < block && map_bit(group, group->block_map, block - before - 1))
		before++;
	while (after < max && block + after + 1 < group->mapped_blocks &&
	       map_bit(group, group->block_map, block + after + 1))
		after++;
	map_set(group, group->block_map, block, is_free);
	all = (uint32_t)min_u64((uint64_t)before + after + 1, max);
	add(group, group->run_counts + 4 * all, by);
	if (before > 0)
		add(group, group->run_counts + 4 * before, -by);
	if (after > 0)
		add(group, group->run_counts + 4 * after, -by);
}

bool
ffs_group_position(const struct ffs_group *group, uint32_t block, uint32_t *cylinder,
    uint32_t *position)
{
	const struct ffs_rotation *rotation = &group->sb->rotation;
	uint64_t sector =
	    ((uint64_t)block << group->sb->block_fragments_shift) * rotation->fragment_sectors;
	uint64_t place = sector % rotation->cylinder_sectors;

	if (sector / rotation->cylinder_sectors >= rotation->cylinders)
		return false;
	*cylinder = (uint32_t)(sector / rotation->cylinder_sectors);
	place = place / rotation->track_sectors * rotation->skew +
		place % rotation->track_sectors * rotation->interleave;
	*position = (uint32_t)(place % rotation->track_sectors * rotation->positions /
			       rotation->turn_sectors);
	return true;
}

/* Count a free block where it passes under the heads. */
static void
count_position(struct ffs_group *group, uint32_t block, uint32_t by)
{
	uint32_t cylinder, position;
	uint8_t *count;

	if (group->cylinder_counts == 0 || !ffs_group_position(group, block, &cylinder, &position))
		return;
	add(group, group->cylinder_counts + 4 * cylinder, by);
	count = group->bytes + group->position_counts +
		2 * ((size_t)cylinder * group->sb->rotation.positions + position);
	store16(count, (uint16_t)(load16(count, group->sb->order) + by), group->sb->order);
}

/* Take a block's bits out of all counts, or put them in, by -1 or +1. */
static void
count_bits(struct ffs_group *group, uint32_t block, unsigned bits, uint32_t by)
{
	if (bits != all_free(group)) {
		count_runs(group, bits, by);
		return;
	}
	add(group, G_BLOCKS_FREE, by);
	count_position(group, block, by);
	count_block(group, block, by == 1);
}

static void
replace_block(struct ffs_group *group, uint32_t block, unsigned bits)
{
	uint32_t first = block << group->sb->block_fragments_shift;
	uint8_t *byte = group->bytes + group->fragment_map + first / 8;
	unsigned mask = all_free(group) << first % 8;

	count_bits(group, block, ffs_group_block(group, block), (uint32_t)-1);
	*byte = (uint8_t)((*byte & ~mask) | bits << first % 8);
	count_bits(group, block, bits, 1);
}

/* The bits of count fragments from one on, which is in block. */
static unsigned
bits_of(const struct ffs_group *group, uint32_t fragment, uint32_t count, uint32_t *block)
{
	*block = fragment >> group->sb->block_fragments_shift;
	return ((1U << count) - 1) << (fragment & (group->sb->fragments_per_block - 1));
}

bool
ffs_group_are_used(const struct ffs_group *group, uint32_t fragment, uint32_t count)
{
	uint32_t block;
	unsigned bits = bits_of(group, fragment, count, &block);

	return (ffs_group_block(group, block) & bits) == 0;
}

bool
ffs_group_are_free(const struct ffs_group *group, uint32_t fragment, uint32_t count)
{
	uint32_t block;
	unsigned bits = bits_of(group, fragment, count, &block);

	return fragment + count <= group->fragment_count &&
	       (ffs_group_block(group, block) & bits) == bits;
}

void
ffs_group_take(struct ffs_group *group, uint32_t fragment, uint32_t count)
{
	uint32_t block;
	unsigned bits = bits_of(group, fragment, count, &block);

	replace_block(group, block, ffs_group_block(group, block) & ~bits);
}

void
ffs_group_give(struct ffs_group *group, uint32_t fragment, uint32_t count)
{
	uint32_t block;
	unsigned bits = bits_of(group, fragment, count, &block);

	replace_block(group, block, ffs_group_block(group, block) | bits);
}

/*
 * The next block, from one on and before end, where the map may be other than
 * pattern, 0 or all ones: eight bytes of the map that are that are passed over.
 */
static uint32_t
pass_over(const struct ffs_group *group, uint32_t block, uint32_t end, uint64_t pattern)
{
	uint32_t per_word = 64 >> group->sb->block_fragments_shift;

	while ((block & (per_word - 1)) == 0 && end - block >= per_word) {
		uint32_t at = block << group->sb->block_fragments_shift >> 3;

		if (load_le64(group->bytes + group->fragment_map + at) != pattern)
			break;
		block += per_word;
	}
	return block;
}

/* The first free block from one on, before end; or NONE. */
static uint32_t
find_free(const struct ffs_group *group, uint32_t block, uint32_t end)
{
	for (block = pass_over(group, block, end, 0); block < end;
	     block = pass_over(group, block + 1, end, 0)) {
		if (ffs_group_block(group, block) == all_free(group))
			return block;
	}
	return FFS_GROUP_NONE;
}

uint32_t
ffs_group_find_block(const struct ffs_group *group, uint32_t block)
{
	uint32_t count = group->fragment_count >> group->sb->block_fragments_shift;
	uint32_t found;

	if (get(group, G_BLOCKS_FREE) == 0 || count == 0)
		return FFS_GROUP_NONE;
	if (block >= count)
		block = 0;
	found = find_free(group, block, count);
	if (found == FFS_GROUP_NONE)
		found = find_free(group, 0, block);
	return found == FFS_GROUP_NONE ? found : found << group->sb->block_fragments_shift;
}

/* Where in bits a run of exactly length is; or NONE. */
static uint32_t
find_run(const struct ffs_group *group, unsigned bits, uint32_t length)
{
	uint32_t run = 0;

	for (uint32_t i = 0; i <= group->sb->fragments_per_block; i++) {
		if ((bits >> i & 1) != 0)
			run++;
		else if (run == length)
			return i - run;
		else
			run = 0;
	}
	return FFS_GROUP_NONE;
}

/* A run of exactly length, in a partly used block from one on, before end; or NONE. */
static uint32_t
find_part(const struct ffs_group *group, uint32_t block, uint32_t end, uint32_t length)
{
	while (block < end) {
		unsigned bits = ffs_group_block(group, block);
		uint32_t at = bits == 0 || bits == all_free(group) ? FFS_GROUP_NONE
								   : find_run(group, bits, length);

		if (at != FFS_GROUP_NONE)
			return (block << group->sb->block_fragments_shift) + at;
		block++;
		if (bits == 0)
			block = pass_over(group, block, end, 0);
		else if (bits == all_free(group))
			block = pass_over(group, block, end, UINT64_MAX);
	}
	return FFS_GROUP_NONE;
}

uint32_t
ffs_group_find_fragments(const struct ffs_group *group, uint32_t block, uint32_t count)
{
	uint32_t block_count = ffs_group_block_count(group), length = count, found;

	while (length < group->sb->fragments_per_block && get(group, G_RUNS + 4 * length) == 0)
		length++;
	if (length >= group->sb->fragments_per_block)
		return FFS_GROUP_NONE;
	if (block >= block_count)
		block = 0;
	found = find_part(group, block, block_count, length);
	return found != FFS_GROUP_NONE ? found : find_part(group, 0, block, length);
}

/* ---- inodes ------------------------------------------------------------------- */

uint32_t
ffs_group_find_inode(const struct ffs_group *group, uint32_t least)
{
	uint32_t index = get(group, G_INODE_ROTOR), step;

	if (get(group, G_INODES_FREE) == 0)
		return FFS_GROUP_NONE;
	if (index < least || index >= group->inode_count)
		index = least;
	for (uint32_t i = 0; i < group->inode_count; i += step) {
		step = 1;
		if (!map_bit(group, group->inode_map, index))
			return index;
		if (index % 8 == 0 && group->bytes[group->inode_map + index / 8] == 0xff)
			step = (uint32_t)min_u64(8, group->inode_count - index);
		index = index + step == group->inode_count ? 0 : index + step;
	}
	return FFS_GROUP_NONE;
}

bool
ffs_group_inode_is_used(const struct ffs_group *group, uint32_t index)
{
	return map_bit(group, group->inode_map, index);
}

static void
count_inode(struct ffs_group *group, uint32_t by, bool is_directory)
{
	add(group, G_INODES_FREE, -by);
	if (is_directory)
		add(group, G_DIRECTORIES, by);
}

void
ffs_group_take_inode(struct ffs_group *group, uint32_t index, bool is_directory)
{
	map_set(group, group->inode_map, index, true);
	put(group, G_INODE_ROTOR, index);
	count_inode(group, 1, is_directory);
}

void
ffs_group_give_inode(struct ffs_group *group, uint32_t index, bool is_directory)
{
	map_set(group, group->inode_map, index, false);
	if (index < get(group, G_INODE_ROTOR))
		put(group, G_INODE_ROTOR, index);
	count_inode(group, (uint32_t)-1, is_directory);
}

uint32_t
ffs_group_initialised(const struct ffs_group *group)
{
	return group->sb->version == FFS_UFS2 ? get(group, G_INITIALISED) : group->inode_count;
}

void
ffs_group_set_initialised(struct ffs_group *group, uint32_t count)
{
	put(group, G_INITIALISED, count);
}

void
ffs_group_set_time(struct ffs_group *group, int64_t seconds)
{
	put(group, G_OLD_TIME, (uint32_t)seconds);
	if (group->sb->is_updated && !group->is_static)
		store64(group->bytes + G_TIME, (uint64_t)seconds, group->sb->order);
}
