/*
 * Which fragments are held: a bitmap for each group of which anybody has some.
 *
 * A group's own parts and the summary are held from the start.  A group that
 * nobody has asked for has no bitmap, so a large empty file system costs nothing.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "kern/memory.h"

static size_t
map_size(const struct ffs_checking *check)
{
	return (size_t)divide_up(check->sb.fragments_per_group, 8);
}

static bool
bit_get(const uint8_t *bits, uint32_t index)
{
	return (bits[index / 8] >> index % 8 & 1) != 0;
}

static void
bits_set(uint8_t *bits, uint32_t first, uint32_t count, bool value)
{
	for (uint32_t i = first; i < first + count; i++) {
		bits[i / 8] = (uint8_t)(bits[i / 8] & ~(1U << i % 8));
		bits[i / 8] = (uint8_t)(bits[i / 8] | (unsigned)value << i % 8);
	}
}

uint32_t
ffs_check_group_size(const struct ffs_checking *check, uint32_t group)
{
	const struct ffs_superblock *sb = &check->sb;

	return (uint32_t)min_u64(sb->fragments_per_group,
	    sb->fragment_count - ffs_group_base(sb, group));
}

/* Fragments of the summary, cut to whole fragments. */
static uint64_t
summary_end(const struct ffs_superblock *sb)
{
	return sb->summary_address + divide_up(sb->summary_size, sb->fragment_size);
}

/* Hold what is no file's in a group: its own parts, the summary, what is past the end. */
static void
hold_metadata(const struct ffs_checking *check, uint32_t group, uint8_t *used)
{
	const struct ffs_superblock *sb = &check->sb;
	uint64_t base = ffs_group_base(sb, group);
	uint64_t start = ffs_group_start(sb, group);
	uint64_t from = group == 0 ? 0 : start + sb->copy_offset;
	uint32_t size = ffs_check_group_size(check, group);

	memset(used, 0, map_size(check));
	bits_set(used, (uint32_t)(from - base), (uint32_t)(start + sb->data_offset - from), true);
	from = max_u64(sb->summary_address, base);
	if (from < min_u64(summary_end(sb), base + size))
		bits_set(used, (uint32_t)(from - base),
		    (uint32_t)(min_u64(summary_end(sb), base + size) - from), true);
}

/* The bitmap of a group, to be changed. */
static uint8_t *
map_of(struct ffs_checking *check, uint32_t number)
{
	struct check_group *group = &check->groups[number];

	if (group->used != NULL)
		return group->used;
	group->used = memory_alloc(check->kernel, map_size(check));
	if (group->used != NULL)
		hold_metadata(check, number, group->used);
	return group->used;
}

void
ffs_check_used(const struct ffs_checking *check, uint32_t group, uint8_t *used)
{
	if (check->groups[group].used != NULL)
		memcpy(used, check->groups[group].used, map_size(check));
	else
		hold_metadata(check, group, used);
}

bool
ffs_check_may_hold(const struct ffs_checking *check, uint64_t first, uint32_t count)
{
	const struct ffs_superblock *sb = &check->sb;
	uint32_t group, per_block = sb->fragments_per_block;
	uint64_t start;

	if (!ffs_is_data(sb, first, count) || (first & (per_block - 1)) + count > per_block)
		return false;
	group = (uint32_t)(first / sb->fragments_per_group);
	if ((first + count - 1) / sb->fragments_per_group != group)
		return false;
	start = ffs_group_start(sb, group);
	if (first + count > start + sb->copy_offset && first < start + sb->data_offset)
		return false;
	return first + count <= sb->summary_address || first >= summary_end(sb);
}

int
ffs_check_claim(struct ffs_checking *check, uint64_t first, uint32_t count)
{
	uint32_t group = (uint32_t)(first / check->sb.fragments_per_group);
	uint32_t index = (uint32_t)(first - ffs_group_base(&check->sb, group));
	uint8_t *used = map_of(check, group);

	if (used == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		if (bit_get(used, index + i))
			return 1;
	bits_set(used, index, count, true);
	check->result->fragments_used += count;
	return 0;
}

void
ffs_check_claim_nothing(struct ffs_checking *check)
{
	for (uint32_t i = 0; i < check->sb.group_count; i++) {
		memory_free(check->kernel, check->groups[i].used, map_size(check));
		check->groups[i].used = NULL;
	}
	check->result->fragments_used = 0;
}

void
ffs_check_release(struct ffs_checking *check, uint64_t first, uint32_t count)
{
	uint32_t group = (uint32_t)(first / check->sb.fragments_per_group);

	if (check->is_unfree || check->groups[group].used == NULL)
		return;
	bits_set(check->groups[group].used, (uint32_t)(first - ffs_group_base(&check->sb, group)),
	    count, false);
	check->result->fragments_used -= count;
}

/* The first of count free fragments in one block of a group; UINT32_MAX if there are none. */
static uint32_t
find_free(const struct ffs_checking *check, uint32_t number, const uint8_t *used, uint32_t count)
{
	uint32_t per_block = check->sb.fragments_per_block;
	uint32_t size = ffs_check_group_size(check, number);

	for (uint32_t block = 0; block < size; block += per_block) {
		uint32_t run = 0;

		for (uint32_t i = block; i < block + per_block && i < size; i++) {
			run = bit_get(used, i) ? 0 : run + 1;
			if (run == count)
				return i + 1 - count;
		}
	}
	return UINT32_MAX;
}

int
ffs_check_allocate(struct ffs_checking *check, uint32_t group, uint32_t count, uint64_t *first)
{
	uint32_t group_count = check->sb.group_count;

	for (uint32_t i = 0; i < group_count; i++) {
		uint32_t number = (uint32_t)(((uint64_t)group + i) % group_count), found;
		uint8_t *used = map_of(check, number);

		if (used == NULL)
			return -ENOMEM;
		found = find_free(check, number, used, count);
		if (found == UINT32_MAX)
			continue;
		bits_set(used, found, count, true);
		check->result->fragments_used += count;
		*first = ffs_group_base(&check->sb, number) + found;
		return 0;
	}
	return -ENOSPC;
}
