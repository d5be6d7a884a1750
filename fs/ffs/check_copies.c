/*
 * The copies of the superblock: what they say against it, and whether they are good.
 *
 * A copy is believed if it decodes and is where its own geometry says that a copy
 * is.  Copies are written once, when a file system is made, so only what never
 * changes since is compared, and what a copy says of the state counts for nothing.
 *
 * A superblock that decodes may still be damaged, and who works with a wrong
 * geometry does more harm than the damage: so a few copies are heard, and most
 * votes decide, the superblock's own among them.  Of two that stand against each
 * other that one is taken which allows more, since files are not to be cut for
 * the other.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "fs/ffs/superblock_impl.h"
#include "kern/memory.h"

#define HEARD_MAX	 4 /* copies, spread over all groups */
#define GEOMETRY_COUNT	 16
#define DIFFERENCE_COUNT 22

int
ffs_check_decode_copy(const uint8_t *bytes, struct ffs_superblock *out)
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

bool
ffs_check_is_copy_place(const struct ffs_superblock *sb, uint64_t offset)
{
	uint64_t group = (offset >> sb->fragment_shift) / sb->fragments_per_group;

	return group < sb->group_count && copy_place(sb, (uint32_t)group) == offset;
}

/* ---- differences ---------------------------------------------------------------------- */

/*
 * What a copy says otherwise of that which never changes; NULL if nothing.  One
 * that is older than the 64-bit fields is asked for the geometry only.
 */
static NOINLINE const char *
find_difference(const struct ffs_superblock *sb, const struct ffs_superblock *copy, int64_t *value)
{
	const struct {
		const char *what;
		uint64_t left, right;
	} rows[DIFFERENCE_COUNT] = {
		{ "its copies are of another version", sb->version, copy->version },
		{ "its copies have another byte order", sb->order, copy->order },
		{ "its copies have another block size", sb->block_size, copy->block_size },
		{ "its copies have another fragment size", sb->fragment_size, copy->fragment_size },
		{ "its copies have another size", sb->fragment_count, copy->fragment_count },
		{ "its copies have another number of groups", sb->group_count, copy->group_count },
		{ "its copies have groups of another size", sb->fragments_per_group,
		    copy->fragments_per_group },
		{ "its copies have another number of inodes", sb->inodes_per_group,
		    copy->inodes_per_group },
		{ "its copies have copies elsewhere", sb->copy_offset, copy->copy_offset },
		{ "its copies have groups' headers elsewhere", sb->header_offset,
		    copy->header_offset },
		{ "its copies have inodes elsewhere", sb->inode_offset, copy->inode_offset },
		{ "its copies have data elsewhere", sb->data_offset, copy->data_offset },
		{ "its copies have groups that begin elsewhere", sb->stagger, copy->stagger },
		{ "its copies have groups that begin elsewhere", sb->stagger_mask,
		    copy->stagger_mask },
		{ "its copies have the summary elsewhere", sb->summary_address,
		    copy->summary_address },
		{ "its copies have headers of another size", sb->header_size, copy->header_size },
		{ "its copies have fields that it has not", sb->is_updated, copy->is_updated },
		{ "its copies belong elsewhere", sb->location, copy->location },
		{ "its copies have inodes of another format", sb->has_old_inodes,
		    copy->has_old_inodes },
		{ "its copies allow files of another size", sb->file_size_max,
		    copy->file_size_max },
		{ "its copies have short links of another length", sb->short_link_max,
		    copy->short_link_max },
		{ "its copies count runs up to another length", sb->run_length_max,
		    copy->run_length_max },
	};
	unsigned count = sb->is_updated && !copy->is_updated ? GEOMETRY_COUNT : DIFFERENCE_COUNT;

	for (unsigned i = 0; i < count; i++)
		if (rows[i].left != rows[i].right) {
			*value = (int64_t)rows[i].left;
			return rows[i].what;
		}
	return NULL;
}

static bool
is_same(const struct ffs_superblock *sb, const struct ffs_superblock *copy)
{
	int64_t value;

	return find_difference(sb, copy, &value) == NULL;
}

/* Is the summary where who makes file systems puts it? */
static bool
has_usual_summary(const struct ffs_superblock *sb)
{
	return sb->summary_address == ffs_group_start(sb, 0) + sb->data_offset;
}

/* Is a copy to be preferred to a superblock that stands alone against it? */
static bool
is_better(const struct ffs_superblock *copy, const struct ffs_superblock *sb)
{
	return copy->file_size_max > sb->file_size_max ||
	       copy->short_link_max > sb->short_link_max ||
	       (has_usual_summary(copy) && !has_usual_summary(sb));
}

/* ---- hearing what the copies say --------------------------------------------------------- */

/* Can a copy be there: not in front of the superblock, where boot blocks are, nor in it? */
static bool
has_place(const struct ffs_checking *check, const struct ffs_superblock *sb, uint64_t place)
{
	return place >= sb->location + sb->size && ffs_check_has_room(check, place);
}

/* The copy of sb in a group, if it is one: 0, -ENODEV, or what reading says but -EIO. */
static int
read_copy(struct ffs_checking *check, const struct ffs_superblock *sb, uint32_t group,
    uint8_t *bytes, struct ffs_superblock *out)
{
	uint64_t place = copy_place(sb, group);
	int error = -ENODEV;

	if (has_place(check, sb, place))
		error = ffs_check_read(check, place, bytes, FFS_SUPERBLOCK_SIZE);
	if (error == 0)
		error = ffs_check_decode_copy(bytes, out);
	if (error == 0 && !ffs_check_is_copy_place(out, place))
		error = -ENODEV;
	return error == -EUCLEAN || error == -EIO ? -ENODEV : error;
}

/* One copy, which decodes, is heard. */
static void
count_vote(struct check_hearing *hearing, const struct ffs_superblock *sb, uint64_t place)
{
	if (is_same(sb, &hearing->copy)) {
		hearing->agreeing++;
	} else if (hearing->rivals == 0) {
		hearing->rival = hearing->copy;
		memcpy(hearing->rival_bytes, hearing->bytes, FFS_SUPERBLOCK_SIZE);
		hearing->rival_place = place;
		hearing->rivals = 1;
	} else if (is_same(&hearing->rival, &hearing->copy)) {
		hearing->rivals++;
	}
}

static int
hear_copies(struct ffs_checking *check, const struct ffs_superblock *sb,
    struct check_hearing *hearing)
{
	uint32_t last = sb->group_count - 1;

	hearing->agreeing = hearing->rivals = 0;
	for (uint32_t i = 0; i < HEARD_MAX && i <= last; i++) {
		uint32_t group =
		    last < HEARD_MAX ? i : (uint32_t)((uint64_t)last * i / (HEARD_MAX - 1));
		int error = read_copy(check, sb, group, hearing->bytes, &hearing->copy);

		if (error == 0)
			count_vote(hearing, sb, copy_place(sb, group));
		else if (error != -ENODEV)
			return error;
	}
	return 0;
}

/*
 * None of the places where copies should be has one.  If there is one behind the
 * superblock that others agree with, what is wrong is the superblock.
 */
static int
hear_elsewhere(struct ffs_checking *check, struct check_hearing *hearing)
{
	struct ffs_superblock *found = &hearing->found;
	int error = ffs_check_search_copy(check, CHECK_SEARCH_NEAR, hearing->found_bytes, found,
	    &hearing->found_place);

	if (error == 0)
		error = hear_copies(check, found, hearing);
	if (error < 0)
		return error == -ENODEV ? 0 : error;
	if (hearing->agreeing < min_u64(2, found->group_count) || is_same(&check->sb, found)) {
		hearing->rivals = 0;
		return 0;
	}
	hearing->rival = *found;
	memcpy(hearing->rival_bytes, hearing->found_bytes, FFS_SUPERBLOCK_SIZE);
	hearing->rival_place = hearing->found_place;
	hearing->rivals = hearing->agreeing;
	hearing->agreeing = 0;
	return 0;
}

/* What is written again and again stays as the superblock has it, if that makes sense. */
static void
keep_state(struct ffs_checking *check, struct check_hearing *hearing)
{
	static const struct {
		uint16_t at, size;
	} kept[] = { { RESERVE, 4 }, { BLOCKS_IN_GROUP, 4 }, { OPTIMISATION, 4 }, { ID, 8 },
		{ OLD_COUNTS, 16 }, { LABEL, FFS_LABEL_SIZE }, { JOURNAL_VERSION_AT, 64 },
		{ COUNTS, 32 }, { AVERAGE_FILE_SIZE, 8 }, { FLAGS, 4 } };
	struct ffs_flaw flaw;

	memcpy(hearing->bytes, hearing->rival_bytes, FFS_SUPERBLOCK_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
		memcpy(hearing->bytes + kept[i].at, check->superblock + kept[i].at, kept[i].size);
	if (!hearing->rival.is_updated || ffs_superblock_decode(hearing->bytes, FFS_SUPERBLOCK_SIZE,
					      hearing->rival.location, &hearing->copy, &flaw) < 0)
		return;
	hearing->rival = hearing->copy;
	memcpy(hearing->rival_bytes, hearing->bytes, FFS_SUPERBLOCK_SIZE);
}

int
ffs_check_hear_copies(struct ffs_checking *check, bool is_copy, struct check_hearing *hearing)
{
	uint32_t own = is_copy ? 0 : 1; /* a copy is among those that are heard */
	int error = hear_copies(check, &check->sb, hearing);

	if (error == 0 && hearing->agreeing + hearing->rivals == 0 && !is_copy)
		error = hear_elsewhere(check, hearing);
	if (error < 0)
		return error;
	if (hearing->rivals < hearing->agreeing + own ||
	    (hearing->rivals == hearing->agreeing + own && !is_better(&hearing->rival, &check->sb)))
		return 0;
	hearing->flaw.what = find_difference(&check->sb, &hearing->rival, &hearing->flaw.value);
	if (!is_copy)
		keep_state(check, hearing);
	check->sb = hearing->rival;
	memcpy(check->superblock, hearing->rival_bytes, FFS_SUPERBLOCK_SIZE);
	return 1;
}

/* ---- making copies good ------------------------------------------------------------------ */

/* How many copies are bad, and the first of them; with is_written, they are made good. */
static int
check_all_copies(struct ffs_checking *check, bool is_written, uint32_t *bad_count,
    uint32_t *first_bad)
{
	struct ffs_superblock *copy = memory_alloc(check->kernel, sizeof(*copy));
	uint8_t *bytes = memory_alloc(check->kernel, FFS_SUPERBLOCK_SIZE);
	int error = copy == NULL || bytes == NULL ? -ENOMEM : 0;

	*bad_count = 0;
	for (uint32_t i = 0; error == 0 && i < check->sb.group_count; i++) {
		error = read_copy(check, &check->sb, i, bytes, copy);
		if (error == 0 && !is_same(&check->sb, copy))
			error = -ENODEV;
		if (error != -ENODEV)
			continue;
		error = 0;
		if (!has_place(check, &check->sb, copy_place(&check->sb, i)))
			continue;
		if ((*bad_count)++ == 0)
			*first_bad = i;
		if (is_written)
			error = ffs_check_write(check, copy_place(&check->sb, i), check->superblock,
			    check->sb.size);
	}
	memory_free(check->kernel, copy, sizeof(*copy));
	memory_free(check->kernel, bytes, FFS_SUPERBLOCK_SIZE);
	return error;
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
