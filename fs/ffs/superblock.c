/*
 * Decoding of the superblock.
 *
 * Three layouts share one set of offsets.  UFS2 and UFS1 with FS_FLAGS_UPDATED
 * keep sizes and times in 64-bit fields at 1000 and up.  UFS1 without it keeps
 * them in 32-bit fields below 208, and whatever lies above 860 may be 4.2BSD's
 * table of rotational positions instead: then nothing up there but the magic
 * number counts, which shows in fs_old_postblformat being -1 or in
 * fs_old_inodefmt being below 2.
 *
 * Each field is read once, then checked; a check names the field it found
 * wrong.
 */
#include "fs/ffs/superblock.h"

#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/superblock_impl.h"

#define OLD_TABLE_POSITIONS 8

const uint64_t ffs_superblock_places[FFS_SUPERBLOCK_PLACES] = { 65536, 8192, 0, 262144 };

/* What is being decoded, and where the complaint goes. */
struct decoding {
	const uint8_t *bytes;
	struct ffs_superblock *sb;
	struct ffs_flaw *flaw;
};

static uint32_t
field32(const struct decoding *from, enum field field)
{
	return load32(from->bytes + field, from->sb->order);
}

static uint64_t
field64(const struct decoding *from, enum field field)
{
	return load64(from->bytes + field, from->sb->order);
}

static int
wrong(const struct decoding *from, enum field field, const char *what)
{
	return ffs_flaw_set(from->flaw, what, field, (int32_t)field32(from, field));
}

static int
wrong64(const struct decoding *from, enum field field, const char *what)
{
	return ffs_flaw_set(from->flaw, what, field, (int64_t)field64(from, field));
}

/* A field that is 64 bits wide where the superblock is updated, else 32. */
static uint64_t
field_either(const struct decoding *from, enum field updated, enum field old)
{
	return from->sb->is_updated ? field64(from, updated) : field32(from, old);
}

static int
wrong_either(const struct decoding *from, enum field updated, enum field old, const char *what)
{
	return from->sb->is_updated ? wrong64(from, updated, what) : wrong(from, old, what);
}

/* Most fields are 32-bit signed and must be at least 1. */
static bool
is_positive(uint32_t value)
{
	return value >= 1 && value <= INT32_MAX;
}

/* Version and byte order from the magic number; -ENODEV if it is none. */
static int
decode_magic(const uint8_t *bytes, struct ffs_superblock *sb)
{
	for (unsigned order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		uint32_t magic = load32(bytes + MAGIC, (enum byte_order)order);

		if (magic != MAGIC_UFS1 && magic != MAGIC_UFS2)
			continue;
		sb->order = (enum byte_order)order;
		sb->version = magic == MAGIC_UFS2 ? FFS_UFS2 : FFS_UFS1;
		return 0;
	}
	return -ENODEV;
}

/* Which of the layouts this is, and whether it is meant to be here. */
static int
decode_layout(const struct decoding *from)
{
	struct ffs_superblock *sb = from->sb;
	bool has_old_table = field32(from, OLD_TABLE) == OLD_TABLE_FORMAT;
	bool has_old_inodes = (int32_t)field32(from, OLD_INODE_FORMAT) < NEW_INODE_FORMAT;
	uint64_t location = field64(from, LOCATION);

	sb->is_updated =
	    sb->version == FFS_UFS2 || (from->bytes[OLD_FLAGS] & OLD_FLAGS_UPDATED) != 0;
	sb->has_old_inodes =
	    sb->version == FFS_UFS1 && (has_old_inodes || (has_old_table && !sb->is_updated));
	if (!sb->is_updated || location == sb->location)
		return 0;
	if (sb->version == FFS_UFS1 && location == 0)
		return 0;
	return wrong64(from, LOCATION, "superblock is a copy of one that belongs elsewhere");
}

static int
decode_block_sizes(const struct decoding *from)
{
	struct ffs_superblock *sb = from->sb;

	sb->block_size = field32(from, BLOCK_SIZE);
	if (!is_power_of_two(sb->block_size) || sb->block_size < BLOCK_SIZE_MIN ||
	    sb->block_size > BLOCK_SIZE_MAX)
		return wrong(from, BLOCK_SIZE, "block size is no power of two from 4096 to 65536");
	sb->fragment_size = field32(from, FRAGMENT_SIZE);
	if (!is_power_of_two(sb->fragment_size) || sb->fragment_size < FRAGMENT_SIZE_MIN ||
	    sb->fragment_size > sb->block_size)
		return wrong(from, FRAGMENT_SIZE,
		    "fragment size is no power of two from 512 to the block size");
	sb->fragments_per_block = field32(from, FRAGMENTS_PER_BLOCK);
	if (sb->fragments_per_block != sb->block_size / sb->fragment_size ||
	    sb->fragments_per_block > FRAGMENTS_MAX)
		return wrong(from, FRAGMENTS_PER_BLOCK,
		    "fragments per block are not block size / fragment size, at most 8");
	sb->block_shift = log2_floor(sb->block_size);
	sb->fragment_shift = log2_floor(sb->fragment_size);
	sb->block_fragments_shift = log2_floor(sb->fragments_per_block);
	return 0;
}

/* Shifts and masks say again what the sizes say. */
static int
check_shifts(const struct decoding *from)
{
	const struct ffs_superblock *sb = from->sb;

	if (field32(from, BLOCK_SHIFT) != sb->block_shift)
		return wrong(from, BLOCK_SHIFT, "block shift does not match the block size");
	if (field32(from, FRAGMENT_SHIFT) != sb->fragment_shift)
		return wrong(from, FRAGMENT_SHIFT,
		    "fragment shift does not match the fragment size");
	if (field32(from, FRAGMENTS_SHIFT) != sb->block_fragments_shift)
		return wrong(from, FRAGMENTS_SHIFT, "fragments' shift does not match their number");
	if (field32(from, BLOCK_MASK) != ~(sb->block_size - 1))
		return wrong(from, BLOCK_MASK, "block mask does not match the block size");
	if (field32(from, FRAGMENT_MASK) != ~(sb->fragment_size - 1))
		return wrong(from, FRAGMENT_MASK, "fragment mask does not match the fragment size");

	/* Made on a disk of larger sectors, it is log2 of fragment / sector. */
	if (field32(from, SECTOR_SHIFT) > sb->fragment_shift - log2_floor(FFS_SECTOR_SIZE))
		return wrong(from, SECTOR_SHIFT, "sector shift does not match the fragment size");
	if (sb->has_old_inodes)
		return 0;
	if (field64(from, BLOCK_MASK_INVERSE) != sb->block_size - 1)
		return wrong64(from, BLOCK_MASK_INVERSE,
		    "inverse block mask does not match the block size");
	if (field64(from, FRAGMENT_MASK_INVERSE) != sb->fragment_size - 1)
		return wrong64(from, FRAGMENT_MASK_INVERSE,
		    "inverse fragment mask does not match the fragment size");
	return 0;
}

/* Bytes that direct and indirect pointers reach; they fit 63 bits. */
static uint64_t
reachable_size(const struct ffs_superblock *sb)
{
	uint64_t per_block = sb->pointers_per_block;
	uint64_t block_count = 12 + per_block * (1 + per_block * (1 + per_block));

	return min_u64(block_count, (uint64_t)INT64_MAX >> sb->block_shift) << sb->block_shift;
}

/* Inodes and indirect blocks. */
static int
decode_inodes(const struct decoding *from)
{
	struct ffs_superblock *sb = from->sb;
	uint64_t reachable, stored = field64(from, FILE_SIZE_MAX);

	sb->pointer_size = sb->version == FFS_UFS2 ? 8 : 4;
	sb->inode_size = sb->version == FFS_UFS2 ? 256 : 128;
	sb->pointers_per_block = field32(from, POINTERS_PER_BLOCK);
	if (sb->pointers_per_block != sb->block_size / sb->pointer_size)
		return wrong(from, POINTERS_PER_BLOCK,
		    "pointers per block do not match the block size");
	sb->inodes_per_block = field32(from, INODES_PER_BLOCK);
	if (sb->inodes_per_block != sb->block_size / sb->inode_size)
		return wrong(from, INODES_PER_BLOCK,
		    "inodes per block do not match the block size");

	reachable = reachable_size(sb);
	sb->file_size_max = reachable;
	if (sb->has_old_inodes)
		return 0;
	if (stored == 0 || stored > INT64_MAX)
		return wrong64(from, FILE_SIZE_MAX, "size of the largest file is not positive");

	/* Some systems wrote a round number, which may be more than pointers reach. */
	sb->file_size_max = min_u64(stored, reachable);
	sb->short_link_max = field32(from, SHORT_LINK_MAX);
	if (sb->short_link_max > (sb->version == FFS_UFS2 ? 120 : 60))
		return wrong(from, SHORT_LINK_MAX,
		    "short symbolic links are longer than their place");
	return 0;
}

static int
decode_groups(const struct decoding *from)
{
	struct ffs_superblock *sb = from->sb;

	sb->group_count = field32(from, GROUP_COUNT);
	if (!is_positive(sb->group_count))
		return wrong(from, GROUP_COUNT, "number of groups is not positive");
	sb->fragments_per_group = field32(from, FRAGMENTS_PER_GROUP);
	if (!is_positive(sb->fragments_per_group))
		return wrong(from, FRAGMENTS_PER_GROUP, "fragments per group are not positive");
	sb->inodes_per_group = field32(from, INODES_PER_GROUP);
	if (!is_positive(sb->inodes_per_group) || sb->inodes_per_group % sb->inodes_per_block != 0)
		return wrong(from, INODES_PER_GROUP, "inodes per group do not fill whole blocks");
	if ((uint64_t)sb->inodes_per_group * sb->group_count > UINT32_MAX)
		return wrong(from, INODES_PER_GROUP, "more inodes than 32 bits can number");

	sb->run_length_max = sb->has_old_inodes ? 0 : field32(from, RUN_LENGTH_MAX);
	sb->file_blocks_in_group = field32(from, BLOCKS_IN_GROUP);
	sb->fragment_count = field_either(from, SIZE, OLD_SIZE);
	sb->data_fragment_count = field_either(from, DATA_SIZE, OLD_DATA_SIZE);
	if (sb->fragment_count > (uint64_t)sb->group_count * sb->fragments_per_group ||
	    sb->fragment_count <= (uint64_t)(sb->group_count - 1) * sb->fragments_per_group)
		return wrong_either(from, SIZE, OLD_SIZE,
		    "size does not match number and size of groups");
	if (sb->fragment_count > (uint64_t)INT64_MAX >> sb->fragment_shift)
		return wrong_either(from, SIZE, OLD_SIZE, "size exceeds 63 bits of bytes");
	if (sb->data_fragment_count > sb->fragment_count)
		return wrong_either(from, DATA_SIZE, OLD_DATA_SIZE, "data size exceeds the size");
	return 0;
}

/* The parts of a group follow each other without overlap. */
static int
decode_group_parts(const struct decoding *from)
{
	struct ffs_superblock *sb = from->sb;
	uint64_t inode_fragments =
	    (uint64_t)sb->inodes_per_group / sb->inodes_per_block * sb->fragments_per_block;

	sb->size = field32(from, SUPERBLOCK_SIZE);
	if (sb->size < FFS_SUPERBLOCK_USED || sb->size > FFS_SUPERBLOCK_SIZE)
		return wrong(from, SUPERBLOCK_SIZE, "superblock size is not from 1376 to 8192");
	sb->header_size = field32(from, HEADER_SIZE);
	if (sb->header_size == 0 || sb->header_size > sb->block_size)
		return wrong(from, HEADER_SIZE, "group header is larger than a block, or empty");

	sb->copy_offset = field32(from, COPY_OFFSET);
	sb->header_offset = field32(from, HEADER_OFFSET);
	sb->inode_offset = field32(from, INODE_OFFSET);
	sb->data_offset = field32(from, DATA_OFFSET);
	if (!is_positive(sb->copy_offset))
		return wrong(from, COPY_OFFSET, "superblock copy is not inside its group");
	if (sb->header_offset < (uint64_t)sb->copy_offset + divide_up(sb->size, sb->fragment_size))
		return wrong(from, HEADER_OFFSET, "group header overlaps the superblock copy");
	if (sb->inode_offset <
	    (uint64_t)sb->header_offset + divide_up(sb->header_size, sb->fragment_size))
		return wrong(from, INODE_OFFSET, "inodes overlap the group header");
	if (sb->data_offset < sb->inode_offset + inode_fragments)
		return wrong(from, DATA_OFFSET, "data overlaps the inodes");
	if (sb->data_offset > sb->fragments_per_group)
		return wrong(from, DATA_OFFSET, "data begins past the end of the group");
	return 0;
}

/* UFS1 may move the parts of each group a little, from track to track. */
static int
decode_stagger(const struct decoding *from)
{
	struct ffs_superblock *sb = from->sb;
	uint32_t last = sb->group_count - 1;
	uint64_t farthest;

	if (sb->version == FFS_UFS1) {
		sb->stagger = field32(from, OLD_STAGGER);
		sb->stagger_mask = field32(from, OLD_STAGGER_MASK);
	}
	if (sb->stagger > INT32_MAX)
		return wrong(from, OLD_STAGGER, "groups are staggered backwards");
	farthest = (uint64_t)sb->stagger * min_u64(last, ~sb->stagger_mask);
	if (farthest + sb->data_offset > sb->fragments_per_group)
		return wrong(from, OLD_STAGGER, "staggering moves a group's parts out of it");

	/* The last group may be short, but not so short that its parts are cut. */
	farthest = (uint64_t)sb->stagger * (last & ~sb->stagger_mask) +
		   (uint64_t)last * sb->fragments_per_group;
	if (farthest + sb->data_offset > sb->fragment_count)
		return wrong_either(from, SIZE, OLD_SIZE, "last group is too short for its inodes");
	return 0;
}

/* What is no geometry is none: then there are no tables by which to find a fault in it. */
static int
decode_rotation(const struct decoding *from)
{
	bool has_old_table = field32(from, OLD_TABLE) == OLD_TABLE_FORMAT;
	struct ffs_rotation rotation = {
		.cylinders = field32(from, OLD_CYLINDERS_PER_GROUP),
		.positions = has_old_table ? OLD_TABLE_POSITIONS : field32(from, OLD_POSITIONS),
		.fragment_sectors = field32(from, OLD_SECTORS_PER_FRAGMENT),
		.cylinder_sectors = field32(from, OLD_CYLINDER_SECTORS),
		.track_sectors = field32(from, OLD_SECTORS),
		.turn_sectors = field32(from, OLD_TRACK_SECTORS),
		.interleave = field32(from, OLD_INTERLEAVE),
		.skew = field32(from, OLD_SKEW),
	};

	if (from->sb->version != FFS_UFS1 || !is_positive(rotation.cylinders) ||
	    !is_positive(rotation.positions) || !is_positive(rotation.fragment_sectors) ||
	    !is_positive(rotation.cylinder_sectors) || !is_positive(rotation.track_sectors) ||
	    rotation.skew > INT32_MAX)
		return 0;
	/* The oldest systems left these 0. */
	if (rotation.turn_sectors < rotation.track_sectors || rotation.turn_sectors > INT32_MAX)
		rotation.turn_sectors = rotation.track_sectors;
	if (!is_positive(rotation.interleave))
		rotation.interleave = 1;
	from->sb->rotation = rotation;
	return 0;
}

/* Are the fragments of the summary inside one group, and none of its own parts? */
static bool
is_summary_in_data(const struct ffs_superblock *sb, uint64_t fragments)
{
	uint64_t first = sb->summary_address, end = first + fragments;
	uint64_t group = first / sb->fragments_per_group;
	uint64_t start = group * sb->fragments_per_group +
			 (uint64_t)sb->stagger * (group & ~(uint64_t)sb->stagger_mask);

	if (end > (group + 1) * sb->fragments_per_group)
		return false;
	return first >= start + sb->data_offset || (group > 0 && end <= start + sb->copy_offset);
}

/* The groups' counts, and what they sum up to. */
static int
decode_summary(const struct decoding *from)
{
	struct ffs_superblock *sb = from->sb;
	uint64_t fragments;

	sb->summary_address = field_either(from, SUMMARY_ADDRESS, OLD_SUMMARY_ADDRESS);
	sb->summary_size = field32(from, SUMMARY_SIZE);
	fragments = divide_up(sb->summary_size, sb->fragment_size);
	if (sb->summary_size > INT32_MAX ||
	    sb->summary_size < (uint64_t)sb->group_count * SUMMARY_ENTRY_SIZE)
		return wrong(from, SUMMARY_SIZE, "summary has no place for every group");
	if (fragments > sb->fragment_count ||
	    sb->summary_address > sb->fragment_count - fragments ||
	    !is_summary_in_data(sb, fragments))
		return wrong_either(from, SUMMARY_ADDRESS, OLD_SUMMARY_ADDRESS,
		    "summary is not inside the data");

	if (sb->is_updated) {
		sb->counts.directories = field64(from, COUNTS);
		sb->counts.blocks_free = load64(from->bytes + COUNTS + 8, sb->order);
		sb->counts.inodes_free = load64(from->bytes + COUNTS + 16, sb->order);
		sb->counts.fragments_free = load64(from->bytes + COUNTS + 24, sb->order);
	} else {
		sb->counts.directories = field32(from, OLD_COUNTS);
		sb->counts.blocks_free = load32(from->bytes + OLD_COUNTS + 4, sb->order);
		sb->counts.inodes_free = load32(from->bytes + OLD_COUNTS + 8, sb->order);
		sb->counts.fragments_free = load32(from->bytes + OLD_COUNTS + 12, sb->order);
	}
	sb->reserve_percent = (uint32_t)min_u64(field32(from, RESERVE), 100);
	return 0;
}

/*
 * The four numbers of a journal are in the order of the machine that made the
 * journal, whatever that of the file system is.  Only in the right one is the
 * block size a power of two that is not too large.
 */
static bool
decode_journal_numbers(const uint8_t *bytes, uint64_t numbers[4], uint32_t *flags)
{
	for (unsigned order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		for (unsigned i = 0; i < 4; i++)
			numbers[i] =
			    load64(bytes + JOURNAL_NUMBERS + 8 * i, (enum byte_order)order);
		*flags = load32(bytes + JOURNAL_FLAGS, (enum byte_order)order);
		if (is_power_of_two(numbers[2]) && numbers[2] >= FFS_SECTOR_SIZE &&
		    numbers[2] <= BLOCK_SIZE_MAX)
			return true;
	}
	return false;
}

/* Is there no journal yet, but the wish for one, without a place? */
static bool
is_journal_to_be_made(const uint8_t *bytes)
{
	return load64(bytes + JOURNAL_NUMBERS, ORDER_LITTLE) == 0 &&
	       (load32(bytes + JOURNAL_FLAGS, ORDER_LITTLE) == JOURNAL_CREATE ||
		   load32(bytes + JOURNAL_FLAGS, ORDER_BIG) == JOURNAL_CREATE);
}

/*
 * FreeBSD uses the flag and these bytes for something else, in which case the
 * version does not read 1 or the place reads 0.
 */
static int
decode_journal(const struct decoding *from)
{
	struct ffs_superblock *sb = from->sb;
	struct ffs_journal *journal = &sb->journal;
	uint8_t place = from->bytes[JOURNAL_PLACE];
	uint64_t numbers[4], size = sb->fragment_count << sb->fragment_shift;
	uint32_t flags;
	bool overflows;

	if ((sb->flags & FFS_FLAG_WAPBL) == 0 || !sb->is_updated || place == FFS_JOURNAL_NONE)
		return 0;
	if (from->bytes[JOURNAL_VERSION_AT] != JOURNAL_VERSION) {
		if (place <= FFS_JOURNAL_INSIDE_FS)
			journal->unknown_version = from->bytes[JOURNAL_VERSION_AT];
		return 0;
	}
	if (place > FFS_JOURNAL_INSIDE_FS)
		return ffs_flaw_set(from->flaw, "place of the journal is unknown", JOURNAL_PLACE,
		    place);
	journal->is_to_be_made = is_journal_to_be_made(from->bytes);
	if (journal->is_to_be_made)
		return 0;
	if (!decode_journal_numbers(from->bytes, numbers, &flags))
		return wrong64(from, JOURNAL_NUMBERS,
		    "block size of the journal is no power of two");

	journal->place = (enum ffs_journal_place)place;
	journal->is_to_be_removed = (flags & JOURNAL_REMOVE) != 0;
	journal->block_size = (uint32_t)numbers[2];
	journal->ino = place == FFS_JOURNAL_INSIDE_FS ? (uint32_t)numbers[3] : 0;
	overflows = mul_overflows(numbers[0], numbers[2], &journal->offset);
	overflows |= mul_overflows(numbers[1], numbers[2], &journal->size);
	if (overflows || journal->offset > INT64_MAX || journal->size > INT64_MAX ||
	    journal->size == 0)
		return wrong64(from, JOURNAL_NUMBERS, "journal is empty or too large");
	if (place == FFS_JOURNAL_AFTER_FS && journal->offset < size)
		return wrong64(from, JOURNAL_NUMBERS, "journal after the file system is inside it");
	if (place == FFS_JOURNAL_INSIDE_FS && journal->offset + journal->size > size)
		return wrong64(from, JOURNAL_NUMBERS,
		    "journal inside the file system is outside it");
	return 0;
}

static void
decode_text(char *to, const uint8_t *from, size_t size)
{
	memcpy(to, from, size);
	to[size] = '\0';
}

static int
decode_state(const struct decoding *from)
{
	struct ffs_superblock *sb = from->sb;
	const uint8_t *bytes = from->bytes;

	sb->clean = bytes[CLEAN] == FFS_CLEAN || bytes[CLEAN] == FFS_WAS_CLEAN
			? (enum ffs_clean)bytes[CLEAN]
			: FFS_DIRTY;
	sb->flags = sb->is_updated ? field32(from, FLAGS) : bytes[OLD_FLAGS];
	sb->time = sb->is_updated ? (int64_t)field64(from, TIME) : (int32_t)field32(from, OLD_TIME);
	sb->id[0] = field32(from, ID);
	sb->id[1] = load32(bytes + ID + 4, sb->order);
	decode_text(sb->mounted_on, bytes + MOUNTED_ON, FFS_MOUNTED_ON_SIZE);
	if (sb->is_updated)
		decode_text(sb->label, bytes + LABEL, FFS_LABEL_SIZE);
	return 0;
}

int
ffs_superblock_decode(const uint8_t *bytes, size_t size, uint64_t location,
    struct ffs_superblock *out, struct ffs_flaw *flaw)
{
	static int (*const steps[])(const struct decoding *from) = {
		decode_layout,
		decode_state,
		decode_block_sizes,
		check_shifts,
		decode_inodes,
		decode_groups,
		decode_group_parts,
		decode_stagger,
		decode_rotation,
		decode_summary,
		decode_journal,
	};
	struct decoding from = { .bytes = bytes, .sb = out, .flaw = flaw };
	int error;

	memset(out, 0, sizeof(*out));
	out->location = location;
	if (size < FFS_SUPERBLOCK_USED)
		return -ENODEV;
	error = decode_magic(bytes, out);
	if (error < 0)
		return error;

	/* With 64 KiB blocks, that is the first copy of a UFS1 superblock. */
	if (out->version == FFS_UFS1 && location == 65536)
		return -ENODEV;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		error = steps[i](&from);
		if (error < 0)
			return error;
	}
	return 0;
}
