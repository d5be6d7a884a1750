/*
 * What is in the areas of extended attributes of UFS2.
 *
 * It comes when no fragment is held twice any more, since an area is changed in
 * its place.  Records that are good are kept and moved together; a length that
 * makes no sense hides all behind it in the area.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "fs/ffs/extattr.h"
#include "kern/memory.h"

/* An inode's area. */
struct area {
	struct ffs_dinode dinode;
	uint32_t ino;
	uint8_t *bytes;	       /* capacity of them */
	uint32_t capacity;     /* as large as areas can be */
	uint32_t size;	       /* as far as there are blocks */
	uint32_t kept;	       /* bytes of records that are good, once moved together */
	struct ffs_flaw first; /* what is wrong; what is NULL if nothing is */
};

/* Read what there is of it. */
static int
read_area(struct ffs_checking *check, struct area *area)
{
	const struct ffs_superblock *sb = &check->sb;
	const struct ffs_dinode *dinode = &area->dinode;
	uint32_t size = (uint32_t)min_u64(dinode->extension_size, area->capacity);

	area->size = area->kept = 0;
	area->first = (struct ffs_flaw){ .what = NULL };
	for (unsigned i = 0; i < FFS_EXTENSION_COUNT && area->size < size; i++) {
		uint32_t length = ffs_block_length(sb, dinode->extension_size, i);
		uint64_t fragment = dinode->extension[i];
		int error;

		if (!ffs_check_may_hold(check, fragment, length >> sb->fragment_shift))
			break;
		error = ffs_check_read(check, ffs_fragment_offset(sb, fragment),
		    area->bytes + area->size, length);
		if (error < 0)
			return error;
		area->size += (uint32_t)min_u64(length, size - area->size);
	}
	if (area->size < dinode->extension_size)
		ffs_flaw_set(&area->first, "it is larger than what it holds", 0,
		    dinode->extension_size);
	return 0;
}

/* Move the good records together. */
static void
keep_good(const struct ffs_checking *check, struct area *area)
{
	enum byte_order order = check->sb.order;
	uint32_t length;

	for (uint32_t at = 0; at < area->size; at += length) {
		struct ffs_extattr record;
		struct ffs_flaw flaw;
		int error = ffs_extattr_decode(area->bytes, area->size, at, order, &record, &flaw);

		length = record.length;
		if (error < 0 && area->first.what == NULL)
			area->first = flaw;
		if (error < 0 &&
		    (length < FFS_EXTATTR_ALIGNMENT || length % FFS_EXTATTR_ALIGNMENT != 0 ||
			length > area->size - at))
			return;
		if (error < 0)
			continue;
		if (at != area->kept)
			memmove(area->bytes + area->kept, area->bytes + at, length);
		area->kept += length;
	}
}

/* Let the inode have as much of its area as is kept, and free the rest. */
static int
shorten(struct ffs_checking *check, struct area *area)
{
	const struct ffs_superblock *sb = &check->sb;
	struct ffs_dinode *dinode = &area->dinode;
	uint64_t freed = 0;

	for (unsigned i = 0; i < FFS_EXTENSION_COUNT; i++) {
		uint32_t old =
		    ffs_block_length(sb, dinode->extension_size, i) >> sb->fragment_shift;
		uint32_t now = ffs_block_length(sb, area->kept, i) >> sb->fragment_shift;
		uint64_t first = dinode->extension[i];

		if (now < old && ffs_check_may_hold(check, first, old)) {
			ffs_check_release(check, first + now, old - now);
			freed += old - now;
		}
		if (now == 0)
			dinode->extension[i] = 0;
	}
	freed *= sb->fragment_size / FFS_SECTOR_SIZE;
	dinode->sector_count -= min_u64(dinode->sector_count, freed);
	dinode->extension_size = area->kept;
	return ffs_check_store(check, area->ino, dinode);
}

static int
write_area(struct ffs_checking *check, struct area *area)
{
	const struct ffs_superblock *sb = &check->sb;

	memset(area->bytes + area->kept, 0, area->capacity - area->kept);
	for (unsigned i = 0; i < FFS_EXTENSION_COUNT; i++) {
		uint32_t length = ffs_block_length(sb, area->kept, i);
		int error = 0;

		if (length > 0)
			error = ffs_check_write(check,
			    ffs_fragment_offset(sb, area->dinode.extension[i]),
			    area->bytes + ((size_t)i << sb->block_shift), length);
		if (error < 0)
			return error;
	}
	return shorten(check, area);
}

static int
check_area(struct ffs_checking *check, struct area *area)
{
	int error = ffs_check_load(check, area->ino, &area->dinode);

	if (error == 0)
		error = read_area(check, area);
	if (error < 0)
		return error;
	keep_good(check, area);
	if (area->first.what == NULL)
		return 0;
	if (!ffs_check_problem(check, FS_PROBLEM_DAMAGE, "keep those that are good",
		"inode %u: its extended attributes are damaged: %s (%lld)", area->ino,
		area->first.what, (long long)area->first.value))
		return 0;
	return write_area(check, area);
}

/* What was told of an inode and left is not told again, nor is anything changed there. */
static bool
is_to_be_checked(const struct ffs_checking *check, const struct check_inode *inode)
{
	return inode != NULL && (inode->flags & CHECK_HAS_ATTRIBUTES) != 0 &&
	       !((inode->flags & CHECK_HAS_SHARED) != 0 && check->is_unfree);
}

int
ffs_check_attributes(struct ffs_checking *check)
{
	struct area *area = memory_alloc_zeroed(check->kernel, sizeof(*area));
	int error = area == NULL ? -ENOMEM : 0;

	if (error == 0) {
		area->capacity = FFS_EXTENSION_COUNT * check->sb.block_size;
		area->bytes = memory_alloc(check->kernel, area->capacity);
		error = area->bytes == NULL ? -ENOMEM : 0;
	}
	for (uint32_t number = 0; error == 0 && number < check->sb.group_count; number++)
		for (uint32_t i = 0; error == 0 && i < check->groups[number].inode_end; i++) {
			area->ino = number * check->sb.inodes_per_group + i;
			if (is_to_be_checked(check, ffs_check_inode(check, area->ino)))
				error = check_area(check, area);
		}
	if (area != NULL)
		memory_free(check->kernel, area->bytes, area->capacity);
	memory_free(check->kernel, area, sizeof(*area));
	return error;
}
