/*
 * The superblock: finding one, comparing its copies, and saying what the file
 * system's state is.
 *
 * A copy is believed if it decodes and is where its own geometry says that a copy
 * is.  Copies are written once, when a file system is made, so only what never
 * changes since is compared, and what a copy says of the state counts for nothing.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "kern/log.h"
#include "kern/memory.h"

/* Fields that are written here. */
enum field {
	OLD_TIME = 32,
	OLD_COUNTS = 192,
	MODIFIED = 208,
	CLEAN = 209,
	READ_ONLY = 210,
	OLD_FLAGS = 211,
	COUNTS = 1008,
	TIME = 1072,
	FLAGS = 1312,
	OLD_TABLE = 1356,
	MAGIC = 1372,
};

#define MAGIC_UFS1	0x00011954
#define MAGIC_UFS2	0x19540119
#define OLD_FLAGS_MASK	0x7f /* the rest says that there are newer fields */
#define OLD_TABLE_FIXED ((uint32_t)-1)
#define SEARCH_SIZE	((uint64_t)8 << 30) /* bytes: the first copy is in front of that */
#define SEARCH_STEP	((size_t)1 << 20)

/* ---- writing ---------------------------------------------------------------------- */

static void
store_state(struct ffs_checking *check)
{
	const struct ffs_superblock *sb = &check->sb;
	const struct ffs_counts *counts = &sb->counts;
	const uint64_t numbers[] = { counts->directories, counts->blocks_free, counts->inodes_free,
		counts->fragments_free };
	uint8_t *bytes = check->superblock;

	bytes[MODIFIED] = 0;
	bytes[READ_ONLY] = 0;
	bytes[CLEAN] = (uint8_t)sb->clean;
	store32(bytes + OLD_TIME, (uint32_t)check->now, sb->order);
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		store32(bytes + OLD_COUNTS + 4 * i, (uint32_t)numbers[i], sb->order);
		if (sb->is_updated)
			store64(bytes + COUNTS + 8 * i, numbers[i], sb->order);
	}
	if (sb->is_updated) {
		store64(bytes + TIME, (uint64_t)check->now, sb->order);
		store32(bytes + FLAGS, sb->flags, sb->order);
	} else {
		bytes[OLD_FLAGS] = (uint8_t)(sb->flags & OLD_FLAGS_MASK);
	}
}

int
ffs_check_write_superblock(struct ffs_checking *check)
{
	size_t size = (size_t)round_up(check->sb.size, check->device->sector_size);

	store_state(check);
	return block_write(check->device, check->sb.location, check->superblock, size);
}

int
ffs_check_mark_dirty(struct ffs_checking *check)
{
	enum ffs_clean clean = check->sb.clean;
	int error;

	if (check->is_marked)
		return 0;
	check->sb.clean = FFS_DIRTY;
	error = ffs_check_write_superblock(check);
	check->sb.clean = clean;
	if (error == 0)
		error = block_flush(check->device);
	check->is_marked = error == 0;
	return error;
}

/* ---- copies ------------------------------------------------------------------------- */

/* Decode a superblock that is not where it belongs; -EUCLEAN if it is damaged, -ENODEV. */
static int
decode_copy(const uint8_t *bytes, struct ffs_superblock *out)
{
	struct ffs_flaw flaw;
	int result = -ENODEV;

	for (unsigned i = 0; i < FFS_SUPERBLOCK_PLACES; i++) {
		int error = ffs_superblock_decode(bytes, FFS_SUPERBLOCK_SIZE,
		    ffs_superblock_places[i], out, &flaw);

		if (error == 0)
			return 0;
		if (error == -EUCLEAN)
			result = error;
	}
	return result;
}

static uint64_t
copy_place(const struct ffs_superblock *sb, uint32_t group)
{
	return ffs_fragment_offset(sb, ffs_group_start(sb, group) + sb->copy_offset);
}

/* Is a copy of sb at offset? */
static bool
is_copy_place(const struct ffs_superblock *sb, uint64_t offset)
{
	uint64_t group = (offset >> sb->fragment_shift) / sb->fragments_per_group;

	return group < sb->group_count && copy_place(sb, (uint32_t)group) == offset;
}

/* Has the medium room for a superblock at offset? */
static bool
has_room(const struct ffs_checking *check, uint64_t offset)
{
	return check->device->size >= FFS_SUPERBLOCK_SIZE &&
	       offset <= check->device->size - FFS_SUPERBLOCK_SIZE &&
	       offset % check->device->sector_size == 0;
}

/* Take the copy at offset, if there is one: 0, -ENODEV, -EIO. */
static int
take_copy(struct ffs_checking *check, uint64_t offset)
{
	int error = -ENODEV;

	if (has_room(check, offset))
		error = ffs_check_read(check, offset, check->superblock, FFS_SUPERBLOCK_SIZE);
	if (error == 0)
		error = decode_copy(check->superblock, &check->sb);
	if (error == -EUCLEAN || (error == 0 && !is_copy_place(&check->sb, offset)))
		error = -ENODEV;
	return error;
}

static bool
has_magic(const uint8_t *bytes)
{
	uint32_t little = load_le32(bytes + MAGIC), big = load_be32(bytes + MAGIC);

	return little == MAGIC_UFS1 || little == MAGIC_UFS2 || big == MAGIC_UFS1 ||
	       big == MAGIC_UFS2;
}

/* Look for a magic number in a piece of the medium; take the first copy there. */
static int
search_piece(struct ffs_checking *check, const uint8_t *piece, uint64_t start, size_t size,
    uint64_t *found)
{
	for (size_t at = 0; at + MAGIC + 4 <= size; at += FFS_SECTOR_SIZE) {
		int error;

		if (!has_magic(piece + at))
			continue;
		error = take_copy(check, start + at);
		if (error == 0)
			*found = start + at;
		if (error != -ENODEV)
			return error;
	}
	return -ENODEV;
}

/* Find a copy anywhere; -ENODEV if there is none. */
static int
search_copy(struct ffs_checking *check, uint64_t *found)
{
	uint64_t end = min_u64(check->device->size, SEARCH_SIZE);
	uint8_t *piece = memory_alloc(check->kernel, SEARCH_STEP);
	int error = piece == NULL ? -ENOMEM : -ENODEV;

	/* Pieces overlap, so that a superblock is whole in one of them. */
	for (uint64_t at = 0; error == -ENODEV && at < end;
	     at += SEARCH_STEP - FFS_SUPERBLOCK_SIZE) {
		size_t size = (size_t)min_u64(SEARCH_STEP, check->device->size - at);

		ffs_check_progress(check, "looking for a superblock", at, end);
		error = ffs_check_read(check, at, piece, size);
		if (error == 0)
			error = search_piece(check, piece, at, size, found);
	}
	memory_free(check->kernel, piece, SEARCH_STEP);
	return error;
}

/* Do both describe the same file system, in what never changes? */
static bool
is_same_geometry(const struct ffs_superblock *left, const struct ffs_superblock *right)
{
	return left->version == right->version && left->order == right->order &&
	       left->block_size == right->block_size &&
	       left->fragment_size == right->fragment_size &&
	       left->fragment_count == right->fragment_count &&
	       left->group_count == right->group_count &&
	       left->fragments_per_group == right->fragments_per_group &&
	       left->inodes_per_group == right->inodes_per_group &&
	       left->copy_offset == right->copy_offset &&
	       left->header_offset == right->header_offset &&
	       left->inode_offset == right->inode_offset &&
	       left->data_offset == right->data_offset && left->stagger == right->stagger &&
	       left->summary_address == right->summary_address && left->location == right->location;
}

/* ---- finding --------------------------------------------------------------------------- */

struct search {
	struct ffs_flaw flaw;
	uint64_t place; /* of a damaged one */
	bool has_damaged;
};

/* Look in the usual places: 0, or -ENODEV if nothing good is there. */
static int
look_in_places(struct ffs_checking *check, struct search *search)
{
	for (unsigned i = 0; i < FFS_SUPERBLOCK_PLACES; i++) {
		uint64_t place = ffs_superblock_places[i];
		struct ffs_flaw flaw;
		int error;

		if (!has_room(check, place))
			continue;
		error = ffs_check_read(check, place, check->superblock, FFS_SUPERBLOCK_SIZE);
		if (error == 0)
			error = ffs_superblock_decode(check->superblock, FFS_SUPERBLOCK_SIZE, place,
			    &check->sb, &flaw);
		if (error == 0)
			return 0;
		if (error == -EUCLEAN && !search->has_damaged)
			*search = (struct search){ flaw, place, true };
		if (error != -EUCLEAN && error != -ENODEV && error != -EIO)
			return error;
	}
	return -ENODEV;
}

/* The copy at offset stands in for the superblock. */
static int
replace_superblock(struct ffs_checking *check, const struct search *search, uint64_t offset)
{
	const char *repair = "replace it by the copy";
	bool is_wanted;

	check->sb.clean = FFS_DIRTY;
	if (search->has_damaged)
		is_wanted = ffs_check_problem(check, FS_PROBLEM_DAMAGE, repair,
		    "the superblock at byte %llu is damaged: %s (%lld); there is a copy at byte %llu",
		    (unsigned long long)search->place, search->flaw.what,
		    (long long)search->flaw.value, (unsigned long long)offset);
	else
		is_wanted = ffs_check_problem(check, FS_PROBLEM_DAMAGE, repair,
		    "there is no superblock at byte %llu; there is a copy at byte %llu",
		    (unsigned long long)check->sb.location, (unsigned long long)offset);
	if (!is_wanted) {
		check->is_stopped = true;
		return 0;
	}
	return ffs_check_mark_dirty(check);
}

static int
find_copy(struct ffs_checking *check, const struct search *search)
{
	uint64_t offset = check->request->superblock;
	int error = offset != 0 ? take_copy(check, offset) : search_copy(check, &offset);

	if (error == 0)
		return replace_superblock(check, search, offset);
	if (error != -ENODEV)
		return error;
	if (offset != 0 || !search->has_damaged) {
		kernel_log(check->kernel, LOG_ERROR,
		    offset != 0 ? "ffs: %.48s: no copy of a superblock at byte %llu"
				: "ffs: %.48s: no superblock, nor a copy: this is no FFS file "
				  "system",
		    check->name, (unsigned long long)offset);
		return -EINVAL;
	}
	ffs_check_problem(check, FS_PROBLEM_FATAL, NULL,
	    "the superblock at byte %llu is damaged: %s (%lld); there is no copy",
	    (unsigned long long)search->place, search->flaw.what, (long long)search->flaw.value);
	return -EUCLEAN;
}

enum backing {
	BACKED,
	NO_COPY,      /* none that is good */
	CONTRADICTED, /* the superblock allows less, or something else */
};

/* What the copy in a group says of the superblock's limits. */
static int
ask_copy(struct ffs_checking *check, uint32_t group, uint8_t *bytes, struct ffs_superblock *copy)
{
	const struct ffs_superblock *sb = &check->sb;
	uint64_t place = copy_place(sb, group);
	int error;

	if (!has_room(check, place))
		return NO_COPY;
	error = ffs_check_read(check, place, bytes, FFS_SUPERBLOCK_SIZE);
	if (error < 0)
		return error;
	if (decode_copy(bytes, copy) != 0 || !is_same_geometry(copy, sb) ||
	    copy->is_updated != sb->is_updated)
		return NO_COPY;
	return sb->file_size_max < copy->file_size_max ||
		       sb->short_link_max != copy->short_link_max ||
		       sb->run_length_max != copy->run_length_max
		   ? CONTRADICTED
		   : BACKED;
}

/* Ask the first and the last copy: where one is that contradicts, if none backs; or 0. */
static int
ask_copies(struct ffs_checking *check, uint64_t *place)
{
	struct ffs_superblock *copy = memory_alloc(check->kernel, sizeof(*copy));
	uint8_t *bytes = memory_alloc(check->kernel, FFS_SUPERBLOCK_SIZE);
	uint32_t last = check->sb.group_count - 1;
	int result = copy == NULL || bytes == NULL ? -ENOMEM : NO_COPY;

	*place = 0;
	for (uint64_t group = 0; result > BACKED && group <= last; group += last > 0 ? last : 1) {
		result = ask_copy(check, (uint32_t)group, bytes, copy);
		if (result == CONTRADICTED)
			*place = copy_place(&check->sb, (uint32_t)group);
	}
	if (result == BACKED)
		*place = 0;
	memory_free(check->kernel, copy, sizeof(*copy));
	memory_free(check->kernel, bytes, FFS_SUPERBLOCK_SIZE);
	return result < 0 ? result : 0;
}

/*
 * A superblock that decodes may still be damaged in what only says how large
 * something may be, or how far runs of free blocks are counted.  Files are not to
 * be cut for that, nor groups laid out anew, so it is not believed if copies say
 * otherwise and none says the same.
 */
static int
compare_limits(struct ffs_checking *check)
{
	struct search search = {
		.flaw = { "its limits are not those of its copies",
		    .value = (int64_t)check->sb.file_size_max },
		.place = check->sb.location,
		.has_damaged = true,
	};
	uint64_t place;
	int error = ask_copies(check, &place);

	if (error < 0 || place == 0)
		return error;
	error = take_copy(check, place);
	if (error < 0)
		return error == -ENODEV ? -EIO : error; /* it was there just now */
	return replace_superblock(check, &search, place);
}

/* Can the rest work with what the superblock says? */
static int
check_geometry(struct ffs_checking *check)
{
	const struct ffs_superblock *sb = &check->sb;
	uint64_t size = ffs_fragment_offset(sb, sb->fragment_count);
	bool is_old_table = load32(check->superblock + OLD_TABLE, sb->order) == OLD_TABLE_FIXED;

	if (sb->version == FFS_UFS1 && !sb->is_updated && is_old_table)
		ffs_check_problem(check, FS_PROBLEM_FATAL, NULL,
		    "the groups are in the format of 4.2BSD, which cannot be checked");
	else if (sb->fragments_per_group % sb->fragments_per_block != 0)
		ffs_check_problem(check, FS_PROBLEM_FATAL, NULL,
		    "groups of %u fragments are not of whole blocks", sb->fragments_per_group);
	else if (sb->fragment_size % check->device->sector_size != 0)
		ffs_check_problem(check, FS_PROBLEM_FATAL, NULL,
		    "fragments of %u bytes are smaller than sectors of %u", sb->fragment_size,
		    check->device->sector_size);
	else if (check->device->size < size)
		ffs_check_problem(check, FS_PROBLEM_FATAL, NULL,
		    "the image is cut off: it has %llu bytes, the file system %llu; make it as "
		    "large with \"truncate -s %llu\", then check again",
		    (unsigned long long)check->device->size, (unsigned long long)size,
		    (unsigned long long)size);
	else
		return 0;
	return -EUCLEAN;
}

int
ffs_check_trust_superblock(struct ffs_checking *check)
{
	int error = compare_limits(check);

	return error < 0 ? error : check_geometry(check);
}

int
ffs_check_find_superblock(struct ffs_checking *check)
{
	struct search search = { .place = 0 };
	int error = -ENODEV;

	if (check->request->superblock == 0)
		error = look_in_places(check, &search);
	if (error == 0)
		return ffs_check_trust_superblock(check);
	if (error == -ENODEV)
		error = find_copy(check, &search);
	return error < 0 ? error : check_geometry(check);
}

/* ---- comparing copies --------------------------------------------------------------------- */

/* Is the copy in a group good?  1, or 0. */
static int
check_copy(struct ffs_checking *check, uint32_t group, uint8_t *bytes, struct ffs_superblock *copy)
{
	size_t size = (size_t)round_up(check->sb.size, check->device->sector_size);
	int error = ffs_check_read(check, copy_place(&check->sb, group), bytes, size);

	if (error < 0)
		return error;
	return decode_copy(bytes, copy) == 0 && is_same_geometry(&check->sb, copy);
}

/* How many copies are bad, and the first of them; with is_written, they are made good. */
static int
check_all_copies(struct ffs_checking *check, bool is_written, uint32_t *bad_count,
    uint32_t *first_bad)
{
	struct ffs_superblock *copy = memory_alloc(check->kernel, sizeof(*copy));
	uint8_t *bytes = memory_alloc_zeroed(check->kernel, FFS_SUPERBLOCK_SIZE);
	int result = copy == NULL || bytes == NULL ? -ENOMEM : 0;

	*bad_count = 0;
	for (uint32_t i = 0; result >= 0 && i < check->sb.group_count; i++) {
		result = check_copy(check, i, bytes, copy);
		if (result == 0 && (*bad_count)++ == 0)
			*first_bad = i;
		if (result == 0 && is_written)
			result = ffs_check_write(check, copy_place(&check->sb, i),
			    check->superblock, check->sb.size);
	}
	memory_free(check->kernel, copy, sizeof(*copy));
	memory_free(check->kernel, bytes, FFS_SUPERBLOCK_SIZE);
	return result < 0 ? result : 0;
}

int
ffs_check_copies(struct ffs_checking *check)
{
	uint32_t bad_count, first_bad = 0;
	int error = check_all_copies(check, false, &bad_count, &first_bad);

	if (error < 0 || bad_count == 0)
		return error;
	if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "write them anew",
		"of %u copies of the superblock, %u are damaged or missing, the first in group %u",
		check->sb.group_count, bad_count, first_bad))
		return 0;
	error = ffs_check_mark_dirty(check);
	return error < 0 ? error : check_all_copies(check, true, &bad_count, &first_bad);
}
