/*
 * The layout of a new file system: block sizes, and how many groups of what size.
 *
 * The largest group is found by halving, since what its header needs only grows
 * with it; then the size is split evenly into the fewest groups, so that the
 * last one is hardly ever too short to be used.
 */
#include "fs/ffs/make_layout.h"

#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "base/text.h"
#include "fs/ffs/group_impl.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/superblock_impl.h"

#define RUN_LENGTH	   16 /* runs of free blocks are counted up to this */
#define RESERVE_DEFAULT	   5  /* percent */
#define RESERVE_MAX	   50
#define DENSITY_FRAGMENTS  4	     /* for each inode, unless told otherwise */
#define UFS1_GROUP_INODES  INT16_MAX /* what a header can say */
#define UFS1_FRAGMENTS_MAX INT32_MAX
#define INODES_MAX	   INT32_MAX
#define ROOT_FRAGMENTS	   1
#define HEADER_FIELDS	   176 /* of a group's header, with what they are aligned to */
#define MIB		   ((uint64_t)1 << 20)
#define GIB		   ((uint64_t)1 << 30)

/* ---- blocks --------------------------------------------------------------------------- */

/* Block sizes as BSD systems choose them. */
static uint32_t
default_block_size(uint64_t size)
{
	if (size < 20 * MIB)
		return 4096;
	if (size < GIB)
		return 8192;
	return size < 128 * GIB ? 16384 : 32768;
}

/* Fill in what is not told. */
static void
choose_sizes(const struct ffs_make *make, uint64_t *block_size, uint64_t *fragment_size)
{
	uint64_t usual = default_block_size(make->size);

	*block_size = make->block_size;
	*fragment_size = make->fragment_size;
	if (*block_size == 0)
		*block_size = usual;
	if (*fragment_size == 0)
		*fragment_size = *block_size / FRAGMENTS_MAX;
	if (make->block_size != 0 || !is_power_of_two(*fragment_size))
		return;
	while (*block_size < *fragment_size && *block_size < BLOCK_SIZE_MAX)
		*block_size *= 2;
	while (*block_size / FRAGMENTS_MAX > *fragment_size && *block_size > BLOCK_SIZE_MIN)
		*block_size /= 2;
}

static int
check_sizes(uint64_t block_size, uint64_t fragment_size, struct text *why)
{
	uint64_t least = max_u64(block_size / FRAGMENTS_MAX, FRAGMENT_SIZE_MIN);

	if (!is_power_of_two(block_size) || block_size < BLOCK_SIZE_MIN ||
	    block_size > BLOCK_SIZE_MAX) {
		text_add(why, "blocks have 4096, 8192, 16384, 32768 or 65536 bytes, not %llu",
		    (unsigned long long)block_size);
		return -EINVAL;
	}
	if (is_power_of_two(fragment_size) && fragment_size >= least && fragment_size <= block_size)
		return 0;
	text_add(why,
	    "fragments of blocks of %llu bytes are a power of two from %llu to %llu bytes, not "
	    "%llu",
	    (unsigned long long)block_size, (unsigned long long)least,
	    (unsigned long long)block_size, (unsigned long long)fragment_size);
	return -EINVAL;
}

static int
set_blocks(const struct ffs_make *make, struct ffs_superblock *sb, struct text *why)
{
	uint64_t block_size, fragment_size;
	uint64_t pointers, reachable;
	int error;

	choose_sizes(make, &block_size, &fragment_size);
	error = check_sizes(block_size, fragment_size, why);
	if (error < 0)
		return error;
	sb->block_size = (uint32_t)block_size;
	sb->fragment_size = (uint32_t)fragment_size;
	sb->fragments_per_block = sb->block_size / sb->fragment_size;
	sb->block_shift = log2_floor(sb->block_size);
	sb->fragment_shift = log2_floor(sb->fragment_size);
	sb->block_fragments_shift = log2_floor(sb->fragments_per_block);
	sb->size = (uint32_t)min_u64(round_up(FFS_SUPERBLOCK_USED, sb->fragment_size),
	    FFS_SUPERBLOCK_SIZE);

	sb->pointer_size = sb->version == FFS_UFS2 ? 8 : 4;
	sb->inode_size = sb->version == FFS_UFS2 ? 256 : 128;
	sb->short_link_max = sb->version == FFS_UFS2 ? 120 : 60;
	sb->pointers_per_block = sb->block_size / sb->pointer_size;
	sb->inodes_per_block = sb->block_size / sb->inode_size;
	pointers = sb->pointers_per_block;
	reachable = FFS_DIRECT_COUNT + pointers * (1 + pointers * (1 + pointers));
	sb->file_size_max = (reachable << sb->block_shift) - 1;
	return 0;
}

/* ---- groups ------------------------------------------------------------------------------ */

/* Inodes of a group of so many fragments. */
static uint64_t
group_inodes(const struct ffs_superblock *sb, uint64_t fragments, uint64_t density)
{
	uint64_t count = divide_up(fragments << sb->fragment_shift, density);

	return round_up(max_u64(count, 1), sb->inodes_per_block);
}

/*
 * Bytes that a group's header needs.  UFS1 has tables of rotational positions,
 * of one cylinder with one position: six bytes.
 */
static uint64_t
header_bytes(const struct ffs_superblock *sb, uint64_t fragments, uint64_t inodes)
{
	uint64_t size = HEADER_FIELDS + 4 + 4;

	if (sb->version == FFS_UFS1)
		size += 6;
	size += divide_up(inodes, 8) + divide_up(fragments, 8);
	return size + 4 * (uint64_t)RUN_LENGTH +
	       divide_up(fragments >> sb->block_fragments_shift, 8);
}

static bool
group_fits(const struct ffs_superblock *sb, uint64_t fragments, uint64_t density)
{
	uint64_t inodes = group_inodes(sb, fragments, density);

	return header_bytes(sb, fragments, inodes) <= sb->block_size &&
	       (sb->version == FFS_UFS2 || inodes <= UFS1_GROUP_INODES);
}

/* The most fragments that a group may have: whole blocks; 0: even one is too many. */
static uint64_t
largest_group(const struct ffs_superblock *sb, uint64_t density)
{
	uint64_t fits = 0, fails = (uint64_t)sb->block_size * 8; /* blocks */

	while (fits + 1 < fails) {
		uint64_t middle = fits + (fails - fits) / 2;

		if (group_fits(sb, middle << sb->block_fragments_shift, density))
			fits = middle;
		else
			fails = middle;
	}
	return fits << sb->block_fragments_shift;
}

/* The parts of a group of this size, fragments from its start. */
static void
set_group(struct ffs_superblock *sb, uint64_t fragments, uint64_t density)
{
	uint64_t inodes = group_inodes(sb, fragments, density);
	uint32_t copy = (uint32_t)divide_up(FFS_SUPERBLOCK_SIZE, sb->fragment_size);
	uint32_t block = sb->fragments_per_block;

	sb->fragments_per_group = (uint32_t)fragments;
	sb->inodes_per_group = (uint32_t)inodes;
	sb->copy_offset =
	    (uint32_t)round_up(divide_up(sb->location + FFS_SUPERBLOCK_SIZE, sb->fragment_size),
		block);
	sb->header_offset = sb->copy_offset + (uint32_t)round_up(copy, block);
	sb->inode_offset = sb->header_offset + block;
	sb->data_offset = sb->inode_offset + (sb->inodes_per_group / sb->inodes_per_block
						 << sb->block_fragments_shift);
	sb->header_size =
	    (uint32_t)round_up(header_bytes(sb, fragments, inodes), sb->fragment_size);
}

/* The fragments of the summary. */
static uint64_t
summary_fragments(const struct ffs_superblock *sb)
{
	return sb->summary_size >> sb->fragment_shift;
}

static void
set_summary(struct ffs_superblock *sb)
{
	uint64_t metadata;

	sb->summary_address = sb->data_offset;
	sb->summary_size =
	    (uint32_t)round_up((uint64_t)sb->group_count * SUMMARY_ENTRY_SIZE, sb->fragment_size);
	metadata = sb->copy_offset +
		   (uint64_t)sb->group_count * (sb->data_offset - sb->copy_offset) +
		   summary_fragments(sb);
	sb->data_fragment_count = sb->fragment_count - metadata;
}

/* Is there room for summary and root directory? */
static bool
has_room(const struct ffs_superblock *sb)
{
	uint64_t first = min_u64(sb->fragments_per_group, sb->fragment_count);
	uint64_t summary =
	    divide_up((uint64_t)sb->group_count * SUMMARY_ENTRY_SIZE, sb->fragment_size);

	return sb->data_offset + summary + ROOT_FRAGMENTS <= first;
}

/* Split total fragments, whole blocks, into groups. */
static void
split(struct ffs_superblock *sb, uint64_t total, uint64_t largest, uint64_t density)
{
	uint64_t count = divide_up(total, largest);
	uint64_t size = round_up(divide_up(total, count), sb->fragments_per_block);
	uint64_t rest;

	set_group(sb, size, density);
	count = divide_up(total, size);
	rest = total - (count - 1) * size;
	if (count > 1 && rest < sb->data_offset + sb->fragments_per_block) {
		count--;
		total = count * size;
	}
	sb->group_count = (uint32_t)min_u64(count, UINT32_MAX);
	sb->fragment_count = total;
}

/* ---- what does not fit ------------------------------------------------------------------------ */

/* Fragments of the smallest file system of these blocks. */
static uint64_t
least_fragments(const struct ffs_superblock *sb)
{
	struct ffs_superblock least = *sb;

	set_group(&least, sb->fragments_per_block, UINT64_MAX);
	return round_up((uint64_t)least.data_offset + 1 + ROOT_FRAGMENTS, sb->fragments_per_block);
}

static int
refuse_large(const struct ffs_superblock *sb, struct text *why)
{
	text_add(why, "it is too large for blocks of %u bytes; take larger ones", sb->block_size);
	return -EINVAL;
}

/* Groups there can be, but there is no room in the first. */
static int
refuse_full(const struct ffs_superblock *sb, uint64_t total, struct text *why)
{
	uint64_t least = least_fragments(sb);

	if (total < least) {
		text_add(why, "it takes at least %llu bytes with blocks of %u",
		    (unsigned long long)least << sb->fragment_shift, sb->block_size);
		return -ENOSPC;
	}
	if (sb->group_count == 1 || sb->inodes_per_group > sb->inodes_per_block) {
		text_add(why, "so many inodes leave no room for files; take a higher density");
		return -ENOSPC;
	}
	return refuse_large(sb, why);
}

/* Inodes are at least one block per group, so this bounds the groups too. */
static int
check_limits(const struct ffs_superblock *sb, uint64_t total, uint64_t inodes, struct text *why)
{
	if (sb->version == FFS_UFS1 && total > UFS1_FRAGMENTS_MAX) {
		text_add(why,
		    "UFS1 has at most %llu bytes with fragments of %u; take larger ones, or UFS2",
		    (unsigned long long)UFS1_FRAGMENTS_MAX << sb->fragment_shift,
		    sb->fragment_size);
		return -EINVAL;
	}
	if (inodes > INODES_MAX) {
		text_add(why,
		    "that would be %llu inodes, and %u can be numbered; take a higher "
		    "density",
		    (unsigned long long)inodes, (unsigned)INODES_MAX);
		return -EINVAL;
	}
	return 0;
}

/* Groups for total fragments, with so many bytes for each inode. */
static int
try_groups(struct ffs_superblock *sb, uint64_t total, uint64_t density, struct text *why)
{
	uint64_t largest = largest_group(sb, density), inodes;
	int error = check_limits(sb, total, (total << sb->fragment_shift) / density, why);

	if (error < 0)
		return error;
	if (total == 0)
		return refuse_full(sb, total, why);
	if (largest == 0) {
		text_add(why, "so many inodes leave no room for files; take a higher density");
		return -EINVAL;
	}
	split(sb, total, largest, density);
	inodes = (uint64_t)sb->group_count * sb->inodes_per_group;
	if (inodes > INODES_MAX && sb->inodes_per_group == sb->inodes_per_block)
		return refuse_large(sb, why);
	error = check_limits(sb, total, inodes, why);
	if (error < 0)
		return error;
	if (!has_room(sb))
		return refuse_full(sb, total, why);
	set_summary(sb);
	return 0;
}

/* A density that is not asked for is raised until the inodes fit, and can be numbered. */
static int
set_groups(const struct ffs_make *make, uint64_t total, struct ffs_superblock *sb, struct text *why)
{
	uint64_t density = (uint64_t)sb->fragment_size * DENSITY_FRAGMENTS;
	int error;

	if (make->density != 0)
		return try_groups(sb, total, make->density, why);
	do {
		why->length = 0;
		error = try_groups(sb, total, density, why);
		density *= 2;
	} while (error < 0 && density <= total << sb->fragment_shift);
	return error;
}

/* ---- the rest ---------------------------------------------------------------------------------- */

static bool
is_label_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
}

static int
set_identity(const struct ffs_make *make, struct ffs_superblock *sb, struct text *why)
{
	for (const char *byte = make->label; *byte != '\0'; byte++) {
		if (is_label_byte(*byte))
			continue;
		text_add(why, "a label has letters, digits, '-', '_' and '.'");
		return -EINVAL;
	}
	string_copy(sb->label, make->label, sizeof(sb->label));
	sb->reserve_percent = RESERVE_DEFAULT;
	if (make->has_reserve && make->reserve_percent > RESERVE_MAX) {
		text_add(why, "the reserve is from 0 to %u percent", RESERVE_MAX);
		return -EINVAL;
	}
	if (make->has_reserve)
		sb->reserve_percent = (uint32_t)make->reserve_percent;
	sb->clean = FFS_CLEAN;
	sb->time = make->time;
	sb->id[0] = make->id[0];
	sb->id[1] = make->id[1];
	return 0;
}

/* What all groups of a fresh file system have free. */
static void
set_counts(struct ffs_superblock *sb)
{
	struct ffs_group_counts group;

	for (uint32_t i = 0; i < sb->group_count; i++) {
		ffs_make_counts(sb, i, &group);
		sb->counts.directories += group.directories;
		sb->counts.blocks_free += group.blocks_free;
		sb->counts.inodes_free += group.inodes_free;
		sb->counts.fragments_free += group.fragments_free;
	}
}

/* The journal's size, which is not the file system's then; it follows behind that. */
static int
set_journal(const struct ffs_make *make, struct ffs_superblock *sb, struct text *why)
{
	uint64_t least = ffs_journal_default_size(0, sb->block_size);
	uint64_t size = make->journal_size;

	if (size == 0)
		size = ffs_journal_default_size(make->size, sb->block_size);
	size = round_up(min_u64(size, INT64_MAX), sb->block_size);
	if (size < least) {
		text_add(why, "a journal takes at least %llu bytes with blocks of %u",
		    (unsigned long long)least, sb->block_size);
		return -EINVAL;
	}
	if (size >= make->size) {
		text_add(why, "a journal of %llu bytes leaves no room for files",
		    (unsigned long long)size);
		return -ENOSPC;
	}
	sb->flags |= FFS_FLAG_WAPBL;
	sb->journal = (struct ffs_journal){
		.place = FFS_JOURNAL_AFTER_FS,
		.size = size,
		.block_size = FFS_SECTOR_SIZE,
	};
	return 0;
}

/* UFS1 has to say how its disk turns: each group is one cylinder, and that one track. */
static void
set_rotation(struct ffs_superblock *out)
{
	uint32_t sectors = out->fragment_size / FFS_SECTOR_SIZE;
	uint32_t cylinder = out->fragments_per_group * sectors;

	if (out->version != FFS_UFS1)
		return;
	out->rotation = (struct ffs_rotation){
		.cylinders = 1,
		.positions = 1,
		.fragment_sectors = sectors,
		.cylinder_sectors = cylinder,
		.track_sectors = cylinder,
		.turn_sectors = cylinder,
		.interleave = 1,
	};
}

int
ffs_make_layout(const struct ffs_make *make, struct ffs_superblock *out, struct text *why)
{
	uint64_t size = make->size;
	int error;

	memset(out, 0, sizeof(*out));
	out->version = make->version;
	out->order = make->order;
	out->location = ffs_superblock_places[make->version == FFS_UFS2 ? 0 : 1];
	out->is_updated = true;
	out->stagger_mask = make->version == FFS_UFS1 ? UINT32_MAX : 0;
	out->run_length_max = RUN_LENGTH;
	error = set_blocks(make, out, why);
	if (error == 0)
		error = set_identity(make, out, why);
	if (error < 0)
		return error;
	out->file_blocks_in_group = out->block_size / 4;
	if (make->has_journal)
		error = set_journal(make, out, why);
	if (error < 0)
		return error;
	size -= out->journal.size;
	error = set_groups(make, size >> out->block_shift << out->block_fragments_shift, out, why);
	if (error < 0)
		return error;
	set_rotation(out);
	set_counts(out);
	if (make->has_journal)
		out->journal.offset = out->fragment_count << out->fragment_shift;
	return 0;
}

uint64_t
ffs_make_root(const struct ffs_superblock *sb)
{
	return sb->summary_address + summary_fragments(sb);
}

void
ffs_make_counts(const struct ffs_superblock *sb, uint32_t number, struct ffs_group_counts *out)
{
	uint64_t end =
	    min_u64(sb->fragments_per_group, sb->fragment_count - ffs_group_base(sb, number));
	uint64_t free = end - sb->data_offset;

	*out = (struct ffs_group_counts){ .inodes_free = sb->inodes_per_group };
	if (number == 0) {
		free -= summary_fragments(sb) + ROOT_FRAGMENTS;
		out->directories = 1;
		out->inodes_free -= FFS_ROOT_INO + 1;
	} else {
		free += sb->copy_offset;
	}
	out->blocks_free = (uint32_t)(free >> sb->block_fragments_shift);
	out->fragments_free = (uint32_t)free & (sb->fragments_per_block - 1);
}
