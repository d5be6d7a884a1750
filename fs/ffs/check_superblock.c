/*
 * The superblock: finding one, and saying what the file system's state is.
 *
 * It is looked for where it has to be, and, if none there makes sense, among its
 * copies.  Either is believed only if the copies do not say otherwise
 * (check_copies.c).
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "fs/ffs/superblock_impl.h"
#include "kern/log.h"
#include "kern/memory.h"

/* Fields that only count in memory, and are 0 on the medium. */
#define MODIFIED       208
#define READ_ONLY      210
#define OLD_FLAGS_MASK 0x7f /* the rest says that there are newer fields */

#define SEARCH_STEP ((size_t)1 << 20)

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

/* ---- searching ---------------------------------------------------------------------- */

bool
ffs_check_has_room(const struct ffs_checking *check, uint64_t offset)
{
	return check->device->size >= FFS_SUPERBLOCK_SIZE &&
	       offset <= check->device->size - FFS_SUPERBLOCK_SIZE &&
	       offset % check->device->sector_size == 0;
}

/* Take the copy at offset, if there is one: 0, -ENODEV, -EIO. */
static int
take_copy(struct ffs_checking *check, uint64_t offset, uint8_t *bytes, struct ffs_superblock *out)
{
	int error = -ENODEV;

	if (ffs_check_has_room(check, offset))
		error = ffs_check_read(check, offset, bytes, FFS_SUPERBLOCK_SIZE);
	if (error == 0)
		error = ffs_check_decode_copy(bytes, out);
	if (error == -EUCLEAN || (error == 0 && !ffs_check_is_copy_place(out, offset)))
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
search_piece(struct ffs_checking *check, const uint8_t *piece, size_t size, uint8_t *bytes,
    struct ffs_superblock *out, uint64_t *place)
{
	uint64_t start = *place;

	for (size_t at = 0; at + MAGIC + 4 <= size; at += FFS_SECTOR_SIZE) {
		int error;

		if (!has_magic(piece + at))
			continue;
		*place = start + at;
		error = take_copy(check, *place, bytes, out);
		if (error != -ENODEV)
			return error;
	}
	return -ENODEV;
}

int
ffs_check_search_copy(struct ffs_checking *check, uint64_t end, uint8_t *bytes,
    struct ffs_superblock *out, uint64_t *place)
{
	uint8_t *piece = memory_alloc(check->kernel, SEARCH_STEP);
	int error = piece == NULL ? -ENOMEM : -ENODEV;

	end = min_u64(check->device->size, end);
	/* Pieces overlap, so that a superblock is whole in one of them. */
	for (uint64_t at = 0; error == -ENODEV && at < end;
	     at += SEARCH_STEP - FFS_SUPERBLOCK_SIZE) {
		size_t size = (size_t)min_u64(SEARCH_STEP, check->device->size - at);

		ffs_check_progress(check, "looking for a superblock", at, end);
		error = ffs_check_read(check, at, piece, size);
		*place = at;
		if (error == 0)
			error = search_piece(check, piece, size, bytes, out, place);
	}
	memory_free(check->kernel, piece, SEARCH_STEP);
	return error;
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

		if (!ffs_check_has_room(check, place))
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

/* Let the copies be heard about what has been found at *place: a copy, or the superblock. */
static int
judge(struct ffs_checking *check, bool is_copy, struct search *search, uint64_t *place)
{
	struct check_hearing *hearing = memory_alloc_zeroed(check->kernel, sizeof(*hearing));
	int result = hearing == NULL ? -ENOMEM : ffs_check_hear_copies(check, is_copy, hearing);

	if (result == 1) {
		if (!is_copy)
			*search = (struct search){ hearing->flaw, *place, true };
		*place = hearing->rival_place;
	}
	memory_free(check->kernel, hearing, sizeof(*hearing));
	return result;
}

static int
find_copy(struct ffs_checking *check, struct search *search)
{
	uint64_t offset = check->request->superblock;
	bool is_told = offset != 0; /* which one */
	int error = is_told ? take_copy(check, offset, check->superblock, &check->sb)
			    : ffs_check_search_copy(check, CHECK_SEARCH_ALL, check->superblock,
				  &check->sb, &offset);

	if (error == 0 && !is_told)
		error = judge(check, true, search, &offset);
	if (error >= 0)
		return replace_superblock(check, search, offset);
	if (error != -ENODEV)
		return error;
	if (is_told || !search->has_damaged) {
		kernel_log(check->kernel, LOG_ERROR,
		    is_told ? "ffs: %.48s: no copy of a superblock at byte %llu"
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

/* A superblock that decodes: is it the one that the copies are copies of? */
static int
judge_superblock(struct ffs_checking *check, struct search *search)
{
	uint64_t place = check->sb.location;
	int result = judge(check, false, search, &place);

	return result == 1 ? replace_superblock(check, search, place) : result;
}

/* Can the rest work with what the superblock says? */
static int
check_geometry(struct ffs_checking *check)
{
	const struct ffs_superblock *sb = &check->sb;
	uint64_t size = ffs_fragment_offset(sb, sb->fragment_count);

	if (sb->fragments_per_group % sb->fragments_per_block != 0)
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
ffs_check_find_superblock(struct ffs_checking *check)
{
	struct search search = { .place = 0 };
	bool is_chosen = check->request->superblock != 0 && !check->has_superblock;
	int error = is_chosen ? -ENODEV : look_in_places(check, &search);

	if (error == 0)
		error = judge_superblock(check, &search);
	else if (error == -ENODEV)
		error = find_copy(check, &search);
	if (error < 0)
		return error;
	check->has_superblock = true;
	return check_geometry(check);
}
