/*
 * Extended attributes: reading an inode's area of them, and replacing it.
 *
 * A change writes the whole area anew, to fragments of its own, and lets the
 * inode point there; the old ones are free when that is durable.  So a cut shows
 * all of the old attributes or all of the new ones.  Areas are small: changing
 * one in place would need an order of its own for each way in which records
 * move.
 *
 * Locks are those of vnode_ops.
 */
#include "fs/ffs/xattr.h"

#include "base/errno.h"
#include "base/math.h"
#include "fs/ffs/extattr.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/names_impl.h"
#include "fs/ffs/pointer.h"
#include "fs/ffs/write.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "kern/memory.h"

#define USER	 NAME("user.")
#define TRUSTED	 NAME("trusted.")
#define SECURITY NAME("security.")

/* An area in memory. */
struct area {
	struct kernel *kernel;
	uint8_t *bytes;
	uint32_t size;
	uint32_t allocated;
};

/* Where an area is on the medium. */
struct place {
	uint64_t first[FFS_EXTENSION_COUNT];
	uint32_t size;
};

/* ---- names ------------------------------------------------------------------------- */

static bool
begins_with(struct name name, struct name start)
{
	return name.length > start.length && memcmp(name.bytes, start.bytes, start.length) == 0;
}

static struct name
without(struct name name, struct name start)
{
	return (struct name){ name.bytes + start.length, name.length - start.length };
}

/* Where a name of Linux's is kept.  -EOPNOTSUPP if it would come back as another. */
static int
to_stored(struct name name, struct ffs_extattr *out)
{
	*out = (struct ffs_extattr){ .space = FFS_EXTATTR_SYSTEM, .name = name };
	if (begins_with(name, SECURITY))
		return 0;
	if (begins_with(name, USER)) {
		out->space = FFS_EXTATTR_USER;
		out->name = without(name, USER);
		return 0;
	}
	out->name = without(name, TRUSTED);
	return begins_with(name, TRUSTED) && !begins_with(out->name, SECURITY) ? 0 : -EOPNOTSUPP;
}

/* What stands before the stored name; false if it cannot be shown. */
static bool
prefix_of(const struct ffs_extattr *attribute, struct name *out)
{
	*out = (struct name){ "", 0 };
	if (attribute->space == FFS_EXTATTR_USER)
		*out = USER;
	else if (attribute->space != FFS_EXTATTR_SYSTEM)
		return false;
	else if (!begins_with(attribute->name, SECURITY))
		*out = TRUSTED;
	for (size_t i = 0; i < attribute->name.length; i++)
		if (attribute->name.bytes[i] == '\0')
			return false;
	return out->length + attribute->name.length <= XATTR_NAME_LENGTH_MAX;
}

/* ---- reading ------------------------------------------------------------------------- */

static int
damaged(struct ffs_inode *inode, const char *what, int64_t value)
{
	struct ffs_mount *fs = ffs_mount_of_inode(inode);

	kernel_log(fs->mount.kernel, LOG_ERROR, "ffs: %.48s: inode %llu: %s (%lld)", fs->name,
	    (unsigned long long)inode->vnode.ino, what, (long long)value);
	return -EUCLEAN;
}

static int
area_alloc(struct area *area, struct kernel *kernel, uint32_t allocated)
{
	*area = (struct area){ .kernel = kernel, .allocated = allocated };
	if (allocated == 0)
		return 0;
	area->bytes = memory_alloc(kernel, allocated);
	return area->bytes == NULL ? -ENOMEM : 0;
}

static void
area_free(struct area *area)
{
	memory_free(area->kernel, area->bytes, area->allocated);
	area->bytes = NULL;
}

/* Read one block of the area. */
static int
read_block(struct ffs_inode *inode, unsigned index, struct area *area)
{
	struct ffs_mount *fs = ffs_mount_of_inode(inode);
	uint32_t length = ffs_block_length(&fs->sb, inode->extension_size, index);
	uint32_t at = index << fs->sb.block_shift;
	uint64_t first = inode->extension[index];
	struct buffer *buffer;
	int error;

	if (!ffs_may_be_data(&fs->sb, first, length >> fs->sb.fragment_shift))
		return damaged(inode, "extended attributes are outside the data", (int64_t)first);
	error = ffs_buffer_read(fs, first, length, &buffer);
	if (error < 0)
		return error;
	memcpy(area->bytes + at, buffer->data, (size_t)min_u64(length, area->allocated - at));
	buffer_put(buffer);
	return 0;
}

/* The inode's area, which the caller frees. */
static int
read_area(struct ffs_inode *inode, struct area *out)
{
	const struct ffs_superblock *sb = &ffs_mount_of_inode(inode)->sb;
	uint32_t size = inode->extension_size;
	int error;

	*out = (struct area){ .kernel = inode->vnode.kernel };
	if (size > FFS_EXTENSION_COUNT * sb->block_size)
		return damaged(inode, "extended attributes are larger than two blocks", size);
	error = area_alloc(out, inode->vnode.kernel, size);
	for (unsigned i = 0; error == 0 && i < ffs_block_count(sb, size); i++)
		error = read_block(inode, i, out);
	if (error < 0)
		area_free(out);
	out->size = size;
	return error;
}

static int
decode(struct ffs_inode *inode, const struct area *area, uint32_t at, struct ffs_extattr *out)
{
	struct ffs_flaw flaw;
	int error = ffs_extattr_decode(area->bytes, area->size, at,
	    ffs_mount_of_inode(inode)->sb.order, out, &flaw);

	return error < 0 ? damaged(inode, flaw.what, flaw.value) : 0;
}

/* The record of a stored name; -ENODATA. */
static int
find(struct ffs_inode *inode, const struct area *area, const struct ffs_extattr *wanted,
    struct ffs_extattr *out)
{
	for (uint32_t at = 0; at < area->size; at += out->length) {
		int error = decode(inode, area, at, out);

		if (error < 0)
			return error;
		if (out->space == wanted->space && name_equal(out->name, wanted->name))
			return 0;
	}
	return -ENODATA;
}

static bool
has_none(const struct vnode *vnode)
{
	return ffs_mount_of(vnode->mount)->sb.version != FFS_UFS2;
}

int
ffs_get_xattr(struct vnode *vnode, struct name name, void *value, size_t size, size_t *length)
{
	struct ffs_inode *inode = ffs_inode_of(vnode);
	struct ffs_extattr wanted, found;
	struct area area;
	int error = has_none(vnode) ? -EOPNOTSUPP : to_stored(name, &wanted);

	if (error == 0)
		error = read_area(inode, &area);
	if (error < 0)
		return error;
	error = find(inode, &area, &wanted, &found);
	if (error == 0 && size > 0 && found.value_size > size)
		error = -ERANGE;
	if (error == 0) {
		*length = found.value_size;
		if (size > 0)
			memcpy(value, found.value, found.value_size);
	}
	area_free(&area);
	return error;
}

int
ffs_list_xattr(struct vnode *vnode, char *list, size_t size, size_t *length)
{
	struct ffs_inode *inode = ffs_inode_of(vnode);
	struct ffs_extattr each;
	struct area area;
	size_t total = 0;
	int error = has_none(vnode) ? 0 : read_area(inode, &area);

	if (error < 0 || has_none(vnode))
		return error;
	for (uint32_t at = 0; error == 0 && at < area.size; at += each.length) {
		struct name prefix;
		size_t more;

		error = decode(inode, &area, at, &each);
		if (error < 0 || !prefix_of(&each, &prefix))
			continue;
		more = prefix.length + each.name.length + 1;
		if (size > 0 && more > size - total) {
			error = -ERANGE;
		} else if (size > 0) {
			memcpy(list + total, prefix.bytes, prefix.length);
			memcpy(list + total + prefix.length, each.name.bytes, each.name.length);
			list[total + more - 1] = '\0';
		}
		total += more;
	}
	area_free(&area);
	*length = error < 0 ? 0 : total;
	return error;
}

/* ---- changing ------------------------------------------------------------------------- */

/* Give back what a place has, or the part of it that was taken. */
static void
give_place(struct ffs_inode *inode, const struct place *place)
{
	struct ffs_mount *fs = ffs_mount_of_inode(inode);

	for (unsigned i = 0; i < FFS_EXTENSION_COUNT; i++) {
		uint32_t count = ffs_block_length(&fs->sb, place->size, i) >> fs->sb.fragment_shift;

		if (place->first[i] == 0 || count == 0)
			continue;
		inode->vnode.attributes.block_count -=
		    min_u64((uint64_t)count << fs->sb.fragment_shift >> 9,
			inode->vnode.attributes.block_count);
		ffs_space_give(fs, place->first[i], count, true);
	}
}

/* Store one block of an area. */
static int
store_block(struct ffs_inode *inode, const struct area *area, unsigned index, uint64_t *first)
{
	struct ffs_mount *fs = ffs_mount_of_inode(inode);
	uint32_t length = ffs_block_length(&fs->sb, area->size, index);
	uint32_t at = index << fs->sb.block_shift;
	struct ffs_want want = {
		.near = ffs_space_near(fs, (uint32_t)inode->vnode.ino, 0),
		.count = length >> fs->sb.fragment_shift,
		.uses_reserve = inode->vnode.uses_reserve,
	};
	struct buffer *buffer;
	int error = ffs_space_take(fs, &want, first);

	if (error < 0)
		return error;
	error = buffer_new(fs->dev, ffs_fragment_offset(&fs->sb, *first), length, &buffer);
	if (error < 0) {
		ffs_space_return(fs, *first, want.count);
		*first = 0;
		return error == -EINVAL ? ffs_break(fs, -EUCLEAN) : error;
	}
	memcpy(buffer->data, area->bytes + at, (size_t)min_u64(length, area->size - at));
	buffer_dirty(buffer, FFS_WAVE_NEW);
	buffer_put(buffer);
	inode->vnode.attributes.block_count += (uint64_t)length >> 9;
	return 0;
}

/* Let the inode have an area instead of its own. */
static int
replace_area(struct ffs_inode *inode, const struct area *area)
{
	const struct ffs_superblock *sb = &ffs_mount_of_inode(inode)->sb;
	struct place old = { .size = inode->extension_size }, fresh = { .size = area->size };
	int error = 0;

	memcpy(old.first, inode->extension, sizeof(old.first));
	for (unsigned i = 0; error == 0 && i < ffs_block_count(sb, area->size); i++)
		error = store_block(inode, area, i, &fresh.first[i]);
	if (error < 0) {
		give_place(inode, &fresh);
		return error;
	}
	memcpy(inode->extension, fresh.first, sizeof(fresh.first));
	inode->extension_size = fresh.size;
	give_place(inode, &old);
	return ffs_inode_update(inode);
}

/* What an area becomes: without one record, if that is there, and with another. */
struct change {
	const struct ffs_extattr *removed; /* or NULL */
	const struct ffs_extattr *added;   /* or NULL */
};

static int
apply(struct ffs_inode *inode, const struct area *old, const struct change *change)
{
	const struct ffs_superblock *sb = &ffs_mount_of_inode(inode)->sb;
	uint64_t more = 0, max = (uint64_t)FFS_EXTENSION_COUNT * sb->block_size, kept = old->size;
	struct area area;
	int error;

	if (change->added != NULL)
		more = ffs_extattr_length(change->added->name.length, change->added->value_size);
	if (more > max)
		return -E2BIG;
	if (change->removed != NULL)
		kept -= change->removed->length;
	if (kept + more > max)
		return -ENOSPC;
	error = area_alloc(&area, inode->vnode.kernel, (uint32_t)(kept + more));
	if (error < 0)
		return error;
	area.size = area.allocated;
	if (kept > 0 && change->removed != NULL) {
		uint32_t at = change->removed->offset, after = at + change->removed->length;

		memcpy(area.bytes, old->bytes, at);
		memcpy(area.bytes + at, old->bytes + after, old->size - after);
	} else if (kept > 0) {
		memcpy(area.bytes, old->bytes, (size_t)kept);
	}
	if (change->added != NULL)
		ffs_extattr_encode(change->added, sb->order, area.bytes + kept);
	error = replace_area(inode, &area);
	area_free(&area);
	return error;
}

/* Within an operation.  A value of NULL removes. */
static int
change_within(struct ffs_inode *inode, const struct ffs_extattr *fresh, uint32_t flags)
{
	struct change change = { .added = fresh->value != NULL ? fresh : NULL };
	struct ffs_extattr found;
	struct area old;
	int error = read_area(inode, &old);

	if (error < 0)
		return error == -EUCLEAN ? ffs_break(ffs_mount_of_inode(inode), error) : error;
	error = find(inode, &old, fresh, &found);
	if (error == 0 && (flags & XATTR_CREATE) != 0)
		error = -EEXIST;
	else if (error == 0)
		change.removed = &found;
	else if (error == -ENODATA && change.added != NULL && (flags & XATTR_REPLACE) == 0)
		error = 0;
	else if (error == -EUCLEAN)
		error = ffs_break(ffs_mount_of_inode(inode), error);
	if (error == 0)
		error = apply(inode, &old, &change);
	area_free(&old);
	return error;
}

static int
change(struct vnode *vnode, const struct ffs_extattr *fresh, uint32_t flags)
{
	struct ffs_mount *fs = ffs_mount_of(vnode->mount);
	int error = -ENOSPC;

	for (unsigned i = 0; i <= FFS_SPACE_TRIES && error == -ENOSPC; i++) {
		if (i > 0 && !ffs_make_space(fs))
			break;
		error = ffs_begin(fs);
		if (error < 0)
			return error;
		error = change_within(ffs_inode_of(vnode), fresh, flags);
		ffs_end(fs);
	}
	return error;
}

int
ffs_set_xattr(struct vnode *vnode, struct name name, const void *value, size_t size, uint32_t flags)
{
	struct ffs_extattr fresh;
	int error = has_none(vnode) ? -EOPNOTSUPP : to_stored(name, &fresh);

	if (error < 0)
		return error;
	fresh.value = size > 0 ? value : (const uint8_t *)"";
	fresh.value_size = (uint32_t)size;
	return change(vnode, &fresh, flags);
}

int
ffs_remove_xattr(struct vnode *vnode, struct name name)
{
	struct ffs_extattr gone;
	int error = has_none(vnode) ? -EOPNOTSUPP : to_stored(name, &gone);

	return error < 0 ? error : change(vnode, &gone, 0);
}
