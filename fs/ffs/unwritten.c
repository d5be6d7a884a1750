/*
 * Space that nobody has written yet: see unwritten.h.
 *
 * A group's map is made when it is first needed.  A checkpoint leaves all maps
 * empty, and few of them.
 *
 * Rejected: to write the pages themselves at a checkpoint, which would need the
 * locks of files while the caller holds that of one; to write zeros when space is
 * allocated, which writes everything twice.
 */
#include "fs/ffs/unwritten.h"

#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/write.h"
#include "kern/memory.h"

#define BITS	 64
#define MAPS_MAX 16 /* that are kept for the next time */

static struct ffs_unwritten *
unwritten_of(const struct ffs_mount *fs)
{
	return &fs->writing->unwritten;
}

static size_t
map_size(const struct ffs_unwritten *unwritten)
{
	return (size_t)divide_up(unwritten->per_group, BITS) * sizeof(uint64_t);
}

int
ffs_unwritten_init(struct ffs_mount *fs, struct ffs_unwritten *unwritten)
{
	const struct ffs_superblock *sb = &fs->sb;
	struct kernel *kernel = fs->mount.kernel;

	rwlock_init(&unwritten->writes, kernel, RANK_FS_DATA);
	mutex_init(&unwritten->lock, kernel, RANK_FILE_SYSTEM);
	unwritten->unit_shift = (unsigned)min_u64(sb->fragment_shift, PAGE_SHIFT);
	unwritten->per_group = (uint64_t)sb->fragments_per_group
			       << (sb->fragment_shift - unwritten->unit_shift);
	unwritten->maps = memory_alloc_array(kernel, sb->group_count, sizeof(*unwritten->maps));
	if (unwritten->maps == NULL)
		return -ENOMEM;
	memset(unwritten->maps, 0, sb->group_count * sizeof(*unwritten->maps));
	return 0;
}

void
ffs_unwritten_destroy(struct ffs_mount *fs, struct ffs_unwritten *unwritten)
{
	size_t count = fs->sb.group_count;

	for (size_t i = 0; unwritten->maps != NULL && i < count; i++)
		memory_free(fs->mount.kernel, unwritten->maps[i], map_size(unwritten));
	memory_free(fs->mount.kernel, unwritten->maps, count * sizeof(*unwritten->maps));
}

uint32_t
ffs_unwritten_unit(const struct ffs_mount *fs)
{
	return (uint32_t)1 << unwritten_of(fs)->unit_shift;
}

/* ---- maps ----------------------------------------------------------------------------- */

/* Some units in one word of a map. */
struct bits {
	uint64_t group;
	uint64_t word;
	uint64_t mask;
	uint64_t count;
};

/* The first of [unit, end). */
static struct bits
bits_of(const struct ffs_unwritten *unwritten, uint64_t unit, uint64_t end)
{
	uint64_t in_group = unit % unwritten->per_group;
	unsigned bit = (unsigned)(in_group % BITS);
	struct bits bits = { .group = unit / unwritten->per_group, .word = in_group / BITS };

	bits.count = min_u64(min_u64(end - unit, BITS - bit), unwritten->per_group - in_group);
	bits.mask = (bits.count == BITS ? ~UINT64_C(0) : (UINT64_C(1) << bits.count) - 1) << bit;
	return bits;
}

/* Have the map of a group.  REQUIRES(lock) */
static bool
have_map(struct ffs_mount *fs, uint64_t group)
{
	struct ffs_unwritten *unwritten = unwritten_of(fs);

	if (unwritten->maps[group] != NULL)
		return true;
	unwritten->maps[group] = memory_alloc_zeroed(fs->mount.kernel, map_size(unwritten));
	unwritten->map_count += unwritten->maps[group] != NULL;
	return unwritten->maps[group] != NULL;
}

/* Have the maps of [unit, end).  REQUIRES(lock) */
static bool
have_maps(struct ffs_mount *fs, uint64_t unit, uint64_t end)
{
	struct ffs_unwritten *unwritten = unwritten_of(fs);

	for (uint64_t group = unit / unwritten->per_group; group * unwritten->per_group < end;
	     group++)
		if (!have_map(fs, group))
			return false;
	return true;
}

/* Set or clear some bits of a map that is there.  REQUIRES(lock) */
static void
change(struct ffs_unwritten *unwritten, const struct bits *bits, uint64_t values)
{
	uint64_t *word = &unwritten->maps[bits->group][bits->word];
	uint64_t before = *word & bits->mask;

	*word ^= before ^ (values & bits->mask);
	atomic_fetch_add(&unwritten->count,
	    (uint64_t)bit_count(values & bits->mask) - (uint64_t)bit_count(before));
}

static bool
is_empty(const struct ffs_unwritten *unwritten)
{
	return LIKELY(atomic_load(&unwritten->count) == 0);
}

bool
ffs_unwritten_add(struct ffs_mount *fs, uint64_t address, uint64_t length)
{
	struct ffs_unwritten *unwritten = unwritten_of(fs);
	uint64_t unit = address >> unwritten->unit_shift;
	uint64_t end = (address + length) >> unwritten->unit_shift;
	bool is_done;

	mutex_lock(&unwritten->lock);
	is_done = have_maps(fs, unit, end);
	while (is_done && unit < end) {
		struct bits bits = bits_of(unwritten, unit, end);

		change(unwritten, &bits, bits.mask);
		unit += bits.count;
	}
	mutex_unlock(&unwritten->lock);
	return is_done;
}

void
ffs_unwritten_remove(struct ffs_mount *fs, uint64_t address, uint64_t length)
{
	struct ffs_unwritten *unwritten = unwritten_of(fs);
	uint64_t unit = address >> unwritten->unit_shift;
	uint64_t end = (address + length) >> unwritten->unit_shift;

	if (is_empty(unwritten))
		return;
	mutex_lock(&unwritten->lock);
	while (unit < end) {
		struct bits bits = bits_of(unwritten, unit, end);

		if (unwritten->maps[bits.group] != NULL)
			change(unwritten, &bits, 0);
		unit += bits.count;
	}
	mutex_unlock(&unwritten->lock);
}

/* REQUIRES(lock) */
static bool
is_unwritten(const struct ffs_unwritten *unwritten, uint64_t unit)
{
	struct bits bits = bits_of(unwritten, unit, unit + 1);

	return unwritten->maps[bits.group] != NULL &&
	       (unwritten->maps[bits.group][bits.word] & bits.mask) != 0;
}

bool
ffs_unwritten_copy(struct ffs_mount *fs, uint64_t from, uint64_t to, uint64_t length)
{
	struct ffs_unwritten *unwritten = unwritten_of(fs);
	uint64_t unit = from >> unwritten->unit_shift, fresh = to >> unwritten->unit_shift;
	uint64_t count = length >> unwritten->unit_shift;
	bool is_done;

	if (is_empty(unwritten))
		return true;
	mutex_lock(&unwritten->lock);
	is_done = have_maps(fs, fresh, fresh + count);
	for (uint64_t i = 0; is_done && i < count; i++) {
		struct bits bits = bits_of(unwritten, fresh + i, fresh + i + 1);

		change(unwritten, &bits, is_unwritten(unwritten, unit + i) ? bits.mask : 0);
	}
	mutex_unlock(&unwritten->lock);
	return is_done;
}

void
ffs_unwritten_mask(struct ffs_mount *fs, uint64_t address, const struct segment *segments,
    size_t count)
{
	struct ffs_unwritten *unwritten = unwritten_of(fs);
	uint64_t size = (uint64_t)1 << unwritten->unit_shift;

	if (is_empty(unwritten))
		return;
	mutex_lock(&unwritten->lock);
	for (size_t i = 0; i < count; i++) {
		size_t part;

		for (size_t at = 0; at < segments[i].length; at += part) {
			part = (size_t)min_u64(size - address % size, segments[i].length - at);
			if (is_unwritten(unwritten, address >> unwritten->unit_shift))
				memset((uint8_t *)segments[i].data + at, 0, part);
			address += part;
		}
	}
	mutex_unlock(&unwritten->lock);
}

/* ---- zeros ------------------------------------------------------------------------------ */

/* Write zeros to what is unwritten of one group, run by run. */
static int
zero_group(struct ffs_mount *fs, uint64_t group)
{
	struct ffs_unwritten *unwritten = unwritten_of(fs);
	uint64_t unit = group * unwritten->per_group, end = unit + unwritten->per_group, last;
	int error = 0;

	while (unit < end && error == 0) {
		struct bits bits = bits_of(unwritten, unit, end);

		if ((unwritten->maps[group][bits.word] & bits.mask) == 0) {
			unit += bits.count;
			continue;
		}
		if (!is_unwritten(unwritten, unit)) {
			unit++;
			continue;
		}
		for (last = unit + 1; last < end && is_unwritten(unwritten, last);)
			last++;
		error = ffs_zero_store(fs, unit << unwritten->unit_shift,
		    (last - unit) << unwritten->unit_shift);
		if (error == 0)
			ffs_unwritten_remove(fs, unit << unwritten->unit_shift,
			    (last - unit) << unwritten->unit_shift);
		unit = last;
	}
	return error;
}

/* Let go of the map of a group, which is empty, if there are many.  REQUIRES(lock) */
static void
forget_map(struct ffs_mount *fs, uint64_t group)
{
	struct ffs_unwritten *unwritten = unwritten_of(fs);

	if (unwritten->map_count <= MAPS_MAX)
		return;
	memory_free(fs->mount.kernel, unwritten->maps[group], map_size(unwritten));
	unwritten->maps[group] = NULL;
	unwritten->map_count--;
}

int
ffs_unwritten_zero(struct ffs_mount *fs)
{
	struct ffs_unwritten *unwritten = unwritten_of(fs);
	int error = 0;

	if (is_empty(unwritten) && unwritten->map_count <= MAPS_MAX)
		return 0;
	rwlock_lock_exclusive(&unwritten->writes);
	for (uint32_t i = 0; i < fs->sb.group_count && error == 0; i++) {
		if (unwritten->maps[i] == NULL)
			continue;
		error = zero_group(fs, i);
		mutex_lock(&unwritten->lock);
		if (error == 0)
			forget_map(fs, i);
		mutex_unlock(&unwritten->lock);
	}
	rwlock_unlock_exclusive(&unwritten->writes);
	return error;
}
