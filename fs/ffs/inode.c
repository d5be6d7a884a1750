/*
 * Loading inodes, and what each kind of file can do.
 *
 * Inodes are read through the buffer cache, a block of them at a time: whoever
 * lists a directory wants its neighbours next.
 */
#include "fs/ffs/inode.h"

#include "base/errno.h"
#include "base/string.h"
#include "fs/ffs/directory.h"
#include "fs/ffs/index.h"
#include "fs/ffs/map.h"
#include "fs/ffs/write.h"
#include "fs/ffs/xattr.h"
#include "kern/log.h"
#include "kern/memory.h"
#include "vfs/device.h"

_Static_assert(VNODE_FIFO == (int)FFS_TYPE_FIFO && VNODE_CHARACTER == (int)FFS_TYPE_CHARACTER &&
		   VNODE_DIRECTORY == (int)FFS_TYPE_DIRECTORY &&
		   VNODE_BLOCK == (int)FFS_TYPE_BLOCK && VNODE_REGULAR == (int)FFS_TYPE_REGULAR &&
		   VNODE_SYMLINK == (int)FFS_TYPE_SYMLINK && VNODE_SOCKET == (int)FFS_TYPE_SOCKET,
    "types of files are the same numbers on the medium and in vnodes");

static int
damaged(struct ffs_mount *fs, uint64_t ino, const char *what, int64_t value)
{
	kernel_log(fs->mount.kernel, LOG_ERROR, "ffs: %.48s: inode %llu: %s (%lld)", fs->name,
	    (unsigned long long)ino, what, (long long)value);
	return -EUCLEAN;
}

int
ffs_inode_buffer(struct ffs_mount *fs, uint64_t ino, struct buffer **out, uint32_t *offset)
{
	const struct ffs_superblock *sb = &fs->sb;
	uint32_t in_fragment;
	uint64_t fragment;

	*out = NULL;
	if (ino > UINT32_MAX || !ffs_inode_place(sb, (uint32_t)ino, &fragment, &in_fragment))
		return damaged(fs, ino, "number is not one of the file system's",
		    ffs_inode_count(sb));
	*offset = (uint32_t)ino % sb->inodes_per_group % sb->inodes_per_block * sb->inode_size;
	fragment -= *offset >> sb->fragment_shift;
	return ffs_buffer_read(fs, fragment, sb->block_size, out);
}

int
ffs_inode_read(struct ffs_mount *fs, uint64_t ino, struct ffs_dinode *out)
{
	struct buffer *buffer;
	struct ffs_flaw flaw;
	uint32_t offset;
	int error = ffs_inode_buffer(fs, ino, &buffer, &offset);

	if (error < 0)
		return error;
	if (fs->writing != NULL)
		mutex_lock(&fs->writing->inode_lock);
	error = ffs_dinode_decode(&fs->sb, buffer->data + offset, fs->sb.inode_size, out, &flaw);
	if (fs->writing != NULL)
		mutex_unlock(&fs->writing->inode_lock);
	buffer_put(buffer);
	if (error < 0)
		return damaged(fs, ino, flaw.what, flaw.value);
	return out->type == FFS_TYPE_NONE ? -ENOENT : 0;
}

static struct timestamp
timestamp_of(struct ffs_time time)
{
	return (struct timestamp){ time.seconds, time.nanoseconds };
}

static uint32_t
flags_of(uint32_t flags)
{
	uint32_t result = 0;

	if (flags & (FFS_INODE_IMMUTABLE | FFS_INODE_SYSTEM_IMMUTABLE))
		result |= VNODE_IMMUTABLE;
	if (flags & (FFS_INODE_APPEND | FFS_INODE_SYSTEM_APPEND))
		result |= VNODE_APPEND_ONLY;
	if (flags & FFS_INODE_NO_DUMP)
		result |= VNODE_NO_DUMP;
	return result;
}

void
ffs_inode_fill(struct ffs_inode *inode, const struct ffs_dinode *dinode)
{
	uint32_t device = dinode->device;

	inode->is_short_link = dinode->is_short_link;
	inode->flags = dinode->flags;
	inode->stored_size = dinode->size;
	inode->extension_size = dinode->extension_size;
	memcpy(inode->extension, dinode->extension, sizeof(inode->extension));
	memcpy(inode->target, dinode->target, sizeof(inode->target));

	inode->vnode.attributes = (struct vnode_attributes){
		.ino = inode->vnode.ino,
		.size = dinode->size,
		.block_count = dinode->sector_count,
		.link_count = dinode->link_count,
		.permissions = dinode->permissions,
		.uid = dinode->uid,
		.gid = dinode->gid,
		.flags = flags_of(dinode->flags),
		.accessed = timestamp_of(dinode->accessed),
		.modified = timestamp_of(dinode->modified),
		.changed = timestamp_of(dinode->changed),
		.born = timestamp_of(dinode->born),
		.io_block_size = ffs_mount_of_inode(inode)->sb.block_size,
	};
	if (dinode->type == FFS_TYPE_CHARACTER || dinode->type == FFS_TYPE_BLOCK)
		inode->vnode.attributes.device =
		    device_number(ffs_device_major(device), ffs_device_minor(device));
}

static struct ffs_time
time_of(struct timestamp stamp)
{
	return (struct ffs_time){ stamp.seconds, stamp.nanoseconds };
}

/* The stored flags with those that are honoured as they are now. */
static uint32_t
merge_flags(uint32_t stored, uint32_t flags)
{
	static const struct {
		uint32_t flag, any, fresh;
	} rows[] = {
		{ VNODE_IMMUTABLE, FFS_INODE_IMMUTABLE | FFS_INODE_SYSTEM_IMMUTABLE,
		    FFS_INODE_SYSTEM_IMMUTABLE },
		{ VNODE_APPEND_ONLY, FFS_INODE_APPEND | FFS_INODE_SYSTEM_APPEND,
		    FFS_INODE_SYSTEM_APPEND },
		{ VNODE_NO_DUMP, FFS_INODE_NO_DUMP, FFS_INODE_NO_DUMP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!(flags & rows[i].flag))
			stored &= ~rows[i].any;
		else if (!(stored & rows[i].any))
			stored |= rows[i].fresh;
	}
	return stored;
}

void
ffs_inode_store(const struct ffs_inode *inode, struct ffs_dinode *out)
{
	const struct vnode_attributes *attributes = &inode->vnode.attributes;

	*out = (struct ffs_dinode){
		.type = (enum ffs_type)inode->vnode.type,
		.permissions = attributes->permissions,
		.link_count = attributes->link_count,
		.uid = attributes->uid,
		.gid = attributes->gid,
		.size = attributes->size,
		.sector_count = attributes->block_count,
		.accessed = time_of(attributes->accessed),
		.modified = time_of(attributes->modified),
		.changed = time_of(attributes->changed),
		.born = time_of(attributes->born),
		.flags = merge_flags(inode->flags, attributes->flags),
		.device = ffs_device_make(device_major(attributes->device),
		    device_minor(attributes->device)),
		.is_short_link = inode->is_short_link,
		.extension_size = inode->extension_size,
	};
	memcpy(out->extension, inode->extension, sizeof(out->extension));
	memcpy(out->target, inode->target, sizeof(out->target));
}

/* A target in blocks of its own: not longer than a path may be, so in the first. */
static int
read_long_link(struct ffs_inode *inode, char *target, size_t length)
{
	struct ffs_mount *fs = ffs_mount_of_inode(inode);
	uint32_t size = ffs_block_length(&fs->sb, inode->vnode.attributes.size, 0);
	struct buffer *buffer;
	struct ffs_run run;
	int error = ffs_map_run(inode, 0, 1, &run);

	if (error == 0 && run.address == 0)
		return damaged(fs, inode->vnode.ino, "target of the symbolic link is missing", 0);
	if (error == 0)
		error = ffs_buffer_read(fs, run.address, size, &buffer);
	if (error < 0)
		return error;
	memcpy(target, buffer->data, length);
	buffer_put(buffer);
	return 0;
}

static int
read_link(struct vnode *vnode, char *target, size_t size, size_t *length)
{
	struct ffs_inode *inode = ffs_inode_of(vnode);
	size_t kept = vnode->attributes.size < size ? (size_t)vnode->attributes.size : size;

	*length = kept;
	if (!inode->is_short_link)
		return kept == 0 ? 0 : read_long_link(inode, target, kept);
	memcpy(target, inode->target, kept);
	return 0;
}

static void
reclaim(struct vnode *vnode)
{
	struct ffs_inode *inode = ffs_inode_of(vnode);

	ffs_index_destroy(atomic_load_explicit(&inode->index, memory_order_relaxed));
	memory_free(vnode->kernel, inode, sizeof(*inode));
}

/* What all of them have in common. */
#define FFS_COMMON_OPS \
	.get_xattr = ffs_get_xattr, .set_xattr = ffs_set_xattr, .list_xattr = ffs_list_xattr, \
	.remove_xattr = ffs_remove_xattr, .attributes_changed = ffs_attributes_changed, \
	.sync = ffs_sync_vnode, .erase = ffs_erase, .reclaim = reclaim

/* What is no directory makes no names; it may have some, though. */
#define FFS_NO_NAMES \
	VNODE_NO_ENTRIES, .create = vnode_no_create, .link = vnode_no_link, \
			  .remove = vnode_no_remove, .rename = vnode_no_rename, \
			  .create_unnamed = vnode_no_create_unnamed

static const struct vnode_ops directory_ops = {
	FFS_COMMON_OPS,
	VNODE_NO_TARGET,
	VNODE_NO_CONTENT,
	.lookup = ffs_directory_lookup,
	.read_directory = ffs_directory_read,
	.create = ffs_create,
	.link = ffs_link,
	.remove = ffs_remove,
	.rename = ffs_rename,
	.create_unnamed = ffs_create_unnamed,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
};

static const struct vnode_ops file_ops = {
	FFS_COMMON_OPS,
	FFS_NO_NAMES,
	VNODE_NO_TARGET,
	.map_extent = ffs_map_extent,
	.read_store = ffs_read_store,
	.write_store = ffs_write_store,
	.resize = ffs_resize,
	.allocate = ffs_allocate,
};

static const struct vnode_ops link_ops = {
	FFS_COMMON_OPS,
	FFS_NO_NAMES,
	VNODE_NO_CONTENT,
	.read_link = read_link,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
};

/* Devices, fifos, sockets: a name and attributes. */
static const struct vnode_ops special_ops = {
	FFS_COMMON_OPS,
	FFS_NO_NAMES,
	VNODE_NO_TARGET,
	VNODE_NO_CONTENT,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
};

static const struct vnode_ops *
ops_of(enum ffs_type type)
{
	switch (type) {
	case FFS_TYPE_DIRECTORY:
		return &directory_ops;
	case FFS_TYPE_REGULAR:
		return &file_ops;
	case FFS_TYPE_SYMLINK:
		return &link_ops;
	case FFS_TYPE_NONE:
	case FFS_TYPE_FIFO:
	case FFS_TYPE_CHARACTER:
	case FFS_TYPE_BLOCK:
	case FFS_TYPE_SOCKET:
	case FFS_TYPE_WHITEOUT:
	default:
		return &special_ops;
	}
}

/* What the rest of the driver, or the layer above, counts on. */
static int
check_dinode(struct ffs_mount *fs, uint64_t ino, const struct ffs_dinode *dinode)
{
	if (ino == FFS_ROOT_INO && dinode->type != FFS_TYPE_DIRECTORY)
		return damaged(fs, ino, "root is no directory", dinode->type);
	if (dinode->type == FFS_TYPE_SYMLINK && dinode->size >= PATH_LENGTH_MAX)
		return damaged(fs, ino, "symbolic link is longer than a path may be",
		    (int64_t)dinode->size);
	return 0;
}

int
ffs_inode_load(struct mount *mount, uint64_t ino, struct vnode **out)
{
	struct ffs_mount *fs = ffs_mount_of(mount);
	struct ffs_dinode dinode;
	struct ffs_inode *inode;
	int error;

	*out = NULL;
	error = ffs_inode_read(fs, ino, &dinode);
	if (error == 0)
		error = check_dinode(fs, ino, &dinode);
	if (error < 0)
		return error;
	inode = memory_alloc_zeroed(mount->kernel, sizeof(*inode));
	if (inode == NULL)
		return -ENOMEM;

	vnode_init(&inode->vnode, mount, ops_of(dinode.type), (enum vnode_type)dinode.type, ino);
	ffs_inode_fill(inode, &dinode);
	if (dinode.type == FFS_TYPE_DIRECTORY) {
		error = ffs_directory_load(inode);
		if (error < 0) {
			vnode_put(&inode->vnode); /* in no table, so it goes */
			return error;
		}
	}
	*out = &inode->vnode;
	return 0;
}
