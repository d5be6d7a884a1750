/*
 * Groups, the summary of them, and the totals: compared with what files hold.
 *
 * They are written last, and in this order, so that a check that is cut short
 * leaves them wrong, which the next one finds again.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "fs/ffs/superblock_impl.h"
#include "kern/memory.h"

#define PROGRESS_GROUPS 64
#define OLD_TABLES_HERE 1 /* of the superblock: tables of rotational positions are in the groups */

/* What it takes to look at the groups. */
struct maps {
	uint8_t *header; /* round_up(header_size, fragment_size) bytes */
	size_t header_size;
	uint8_t *used; /* divide_up(fragments_per_group, 8) bytes */
	size_t used_size;
	uint8_t *inodes; /* divide_up(inodes_per_group, 8) bytes */
	size_t inodes_size;
	uint8_t *summary; /* round_up(group_count * SUMMARY_ENTRY_SIZE, fragment_size) bytes */
	size_t summary_size;
	uint32_t wrong_in_summary; /* groups */
	bool has_tables;	   /* UFS1 with tables of rotational positions in use */
	struct ffs_counts totals;
};

/* ---- one group ---------------------------------------------------------------------- */

/* What the group's inodes amount to. */
static void
expect_inodes(const struct ffs_checking *check, struct maps *maps, struct check_expected *out)
{
	const struct check_group *group = &check->groups[out->number];

	memset(maps->inodes, 0, maps->inodes_size);
	out->inodes_free = check->sb.inodes_per_group;
	for (uint32_t i = 0; i < check->sb.inodes_per_group; i++) {
		bool is_reserved = out->number == 0 && i < FFS_ROOT_INO;

		if (!is_reserved && i >= group->inode_end)
			break;
		if (!is_reserved && group->inodes[i].type == FFS_TYPE_NONE)
			continue;
		maps->inodes[i / 8] = (uint8_t)(maps->inodes[i / 8] | 1U << i % 8);
		out->inodes_free--;
		out->inode_end = i + 1;
		if (!is_reserved && group->inodes[i].type == FFS_TYPE_DIRECTORY)
			out->directories++;
	}
}

/* Tell what is wrong with a group's header. */
static bool
tell_flaws(struct ffs_checking *check, uint32_t number, unsigned flaws)
{
	static const char *const names[] = { "map of inodes", "map of fragments", "map of blocks",
		"counts of runs", "counts", "number of initialised inodes",
		"tables of rotational positions", "places where searches begin" };
	char buffer[256];
	struct text text = text_in(buffer, sizeof(buffer));

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (flaws >> i & 1)
			text_add(&text, "%s%s", text.length > 0 ? ", " : "", names[i]);
	return ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "correct them",
	    "group %u: wrong are: %s", number, buffer);
}

/* Compare with the summary, and put down what it is to say. */
static void
add_counts(struct ffs_checking *check, struct maps *maps, const struct ffs_group *group)
{
	uint8_t *entry = maps->summary + SUMMARY_ENTRY_SIZE * (size_t)group->number;
	struct ffs_group_counts counts;
	uint8_t bytes[SUMMARY_ENTRY_SIZE];

	ffs_group_counts(group, &counts);
	store32(bytes, counts.directories, check->sb.order);
	store32(bytes + 4, counts.blocks_free, check->sb.order);
	store32(bytes + 8, counts.inodes_free, check->sb.order);
	store32(bytes + 12, counts.fragments_free, check->sb.order);
	if (memcmp(entry, bytes, sizeof(bytes)) != 0)
		maps->wrong_in_summary++;
	memcpy(entry, bytes, sizeof(bytes));
	maps->totals.directories += counts.directories;
	maps->totals.blocks_free += counts.blocks_free;
	maps->totals.inodes_free += counts.inodes_free;
	maps->totals.fragments_free += counts.fragments_free;
}

/* Have a header to compare with: a new one if there is none.  1 if it is to be written. */
static int
decode_header(struct ffs_checking *check, struct maps *maps, uint32_t number,
    struct ffs_group *group)
{
	struct ffs_flaw flaw;
	bool is_wanted;

	if (ffs_group_decode(&check->sb, maps->header, number, group, &flaw) == 0)
		return 0;
	is_wanted = ffs_check_problem(check, FS_PROBLEM_DAMAGE, "make it anew",
	    "group %u: the header is damaged: %s (%lld)", number, flaw.what, (long long)flaw.value);
	ffs_check_group_build(&check->sb, check->superblock, number, maps->header);
	if (ffs_group_decode(&check->sb, maps->header, number, group, &flaw) == 0)
		return is_wanted;
	if (is_wanted)
		ffs_check_failed(check);
	ffs_check_problem(check, FS_PROBLEM_FATAL, NULL,
	    "group %u: a header has no room for what the superblock says: %s", number, flaw.what);
	return -EUCLEAN;
}

static int
check_group(struct ffs_checking *check, struct maps *maps, uint32_t number)
{
	const struct ffs_superblock *sb = &check->sb;
	uint64_t at = ffs_fragment_offset(sb, ffs_group_start(sb, number) + sb->header_offset);
	struct check_expected expected = { .number = number };
	struct ffs_group group;
	unsigned flaws;
	int is_new, error = ffs_check_read(check, at, maps->header, maps->header_size);

	if (error < 0)
		return error;
	is_new = decode_header(check, maps, number, &group);
	if (is_new < 0)
		return is_new;
	expect_inodes(check, maps, &expected);
	ffs_check_used(check, number, maps->used);
	expected.used = maps->used;
	expected.inodes = maps->inodes;
	expected.has_tables = maps->has_tables;
	flaws = ffs_check_group_correct(&group, &expected, check->scratch);
	add_counts(check, maps, &group);

	/* Of a damaged header all is wrong anyway. */
	if (is_new == 0 &&
	    (flaws == 0 || check->groups[number].is_damaged || !tell_flaws(check, number, flaws)))
		return 0;
	ffs_group_set_time(&group, check->now);
	return ffs_check_write(check, at, maps->header, maps->header_size);
}

/* ---- all of them --------------------------------------------------------------------------- */

static int
check_summary(struct ffs_checking *check, struct maps *maps)
{
	if (maps->wrong_in_summary == 0)
		return 0;
	if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "correct it",
		"the summary of groups is wrong for %u of them", maps->wrong_in_summary))
		return 0;
	for (size_t at = 0; at < maps->summary_size; at += check->sb.block_size) {
		size_t size = (size_t)min_u64(maps->summary_size - at, check->sb.block_size);
		int error = ffs_check_write(check,
		    ffs_fragment_offset(&check->sb, check->sb.summary_address) + at,
		    maps->summary + at, size);

		if (error < 0)
			return error;
	}
	return 0;
}

static int
check_totals(struct ffs_checking *check, const struct maps *maps)
{
	struct ffs_counts *counts = &check->sb.counts;
	struct fs_check_result *result = check->result;

	result->blocks_free = maps->totals.blocks_free;
	result->fragments_loose = maps->totals.fragments_free;
	result->fragments_free = (maps->totals.blocks_free << check->sb.block_fragments_shift) +
				 maps->totals.fragments_free;
	if (counts->directories == maps->totals.directories &&
	    counts->blocks_free == maps->totals.blocks_free &&
	    counts->inodes_free == maps->totals.inodes_free &&
	    counts->fragments_free == maps->totals.fragments_free)
		return 0;
	if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "correct them",
		"the superblock's counts of what is free are wrong"))
		return 0;
	*counts = maps->totals;
	return ffs_check_mark_dirty(check);
}

static int
maps_begin(struct ffs_checking *check, struct maps *maps)
{
	const struct ffs_superblock *sb = &check->sb;

	maps->header_size = (size_t)round_up(sb->header_size, sb->fragment_size);
	maps->used_size = (size_t)divide_up(sb->fragments_per_group, 8);
	maps->inodes_size = (size_t)divide_up(sb->inodes_per_group, 8);
	maps->summary_size =
	    (size_t)round_up((uint64_t)sb->group_count * SUMMARY_ENTRY_SIZE, sb->fragment_size);
	maps->header = memory_alloc(check->kernel, maps->header_size);
	maps->used = memory_alloc(check->kernel, maps->used_size);
	maps->inodes = memory_alloc(check->kernel, maps->inodes_size);
	maps->summary = memory_alloc(check->kernel, maps->summary_size);
	if (maps->header == NULL || maps->used == NULL || maps->inodes == NULL ||
	    maps->summary == NULL)
		return -ENOMEM;
	return ffs_check_read(check, ffs_fragment_offset(sb, sb->summary_address), maps->summary,
	    maps->summary_size);
}

static void
maps_end(struct ffs_checking *check, struct maps *maps)
{
	memory_free(check->kernel, maps->header, maps->header_size);
	memory_free(check->kernel, maps->used, maps->used_size);
	memory_free(check->kernel, maps->inodes, maps->inodes_size);
	memory_free(check->kernel, maps->summary, maps->summary_size);
}

int
ffs_check_maps(struct ffs_checking *check)
{
	struct maps maps = { .header = NULL };
	int error = maps_begin(check, &maps);

	maps.has_tables = check->sb.version == FFS_UFS1 && !check->sb.is_updated &&
			  load32(check->superblock + OLD_TABLE, check->sb.order) == OLD_TABLES_HERE;
	for (uint32_t i = 0; error == 0 && i < check->sb.group_count; i++) {
		if (i % PROGRESS_GROUPS == 0)
			ffs_check_progress(check, "groups", i, check->sb.group_count);
		error = check_group(check, &maps, i);
	}
	if (error == 0)
		error = check_summary(check, &maps);
	if (error == 0)
		error = check_totals(check, &maps);
	maps_end(check, &maps);
	return error;
}
