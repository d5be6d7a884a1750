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

/* Read and decode inode ino. */
static int
read_dinode(struct ffs_mount *fs, uint64_t ino, struct ffs_dinode *out)
{
	const struct ffs_superblock *sb = &fs->sb;
	uint64_t fragment;
	uint32_t offset, in_block;
	struct buffer *buffer;
	struct ffs_flaw flaw;
	int error;

	if (ino > UINT32_MAX || !ffs_inode_place(sb, (uint32_t)ino, &fragment, &offset))
		return damaged(fs, ino, "number is not one of the file system's",
		    ffs_inode_count(sb));
	in_block = (uint32_t)ino % sb->inodes_per_group % sb->inodes_per_block * sb->inode_size;
	fragment -= in_block >> sb->fragment_shift;
	error = ffs_buffer_read(fs, fragment, sb->block_size, &buffer);
	if (error < 0)
		return error;
	error = ffs_dinode_decode(sb, buffer->data + in_block, sb->inode_size, out, &flaw);
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

static void
set_attributes(struct ffs_inode *inode, const struct ffs_dinode *dinode)
{
	uint32_t device = dinode->device;

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

static const struct vnode_ops directory_ops = {
	.lookup = ffs_directory_lookup,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.read_directory = ffs_directory_read,
	.read_link = vnode_no_read_link,
	.attributes_changed = vnode_no_attributes_changed,
	.map_extent = vnode_no_map_extent,
	.read_store = vnode_no_read_store,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = vnode_no_get_xattr,
	.set_xattr = vnode_no_set_xattr,
	.list_xattr = vnode_no_list_xattr,
	.remove_xattr = vnode_no_remove_xattr,
	.sync = vnode_sync_mount,
	.erase = vnode_erase_nothing,
	.reclaim = reclaim,
};

static const struct vnode_ops file_ops = {
	.lookup = vnode_no_lookup,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.read_directory = vnode_no_read_directory,
	.read_link = vnode_no_read_link,
	.attributes_changed = vnode_no_attributes_changed,
	.map_extent = ffs_map_extent,
	.read_store = ffs_read_store,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = vnode_no_get_xattr,
	.set_xattr = vnode_no_set_xattr,
	.list_xattr = vnode_no_list_xattr,
	.remove_xattr = vnode_no_remove_xattr,
	.sync = vnode_sync_mount,
	.erase = vnode_erase_nothing,
	.reclaim = reclaim,
};

static const struct vnode_ops link_ops = {
	.lookup = vnode_no_lookup,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.read_directory = vnode_no_read_directory,
	.read_link = read_link,
	.attributes_changed = vnode_no_attributes_changed,
	.map_extent = vnode_no_map_extent,
	.read_store = vnode_no_read_store,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = vnode_no_get_xattr,
	.set_xattr = vnode_no_set_xattr,
	.list_xattr = vnode_no_list_xattr,
	.remove_xattr = vnode_no_remove_xattr,
	.sync = vnode_sync_mount,
	.erase = vnode_erase_nothing,
	.reclaim = reclaim,
};

/* Devices, fifos, sockets: a name and attributes. */
static const struct vnode_ops special_ops = {
	.lookup = vnode_no_lookup,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.read_directory = vnode_no_read_directory,
	.read_link = vnode_no_read_link,
	.attributes_changed = vnode_no_attributes_changed,
	.map_extent = vnode_no_map_extent,
	.read_store = vnode_no_read_store,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = vnode_no_get_xattr,
	.set_xattr = vnode_no_set_xattr,
	.list_xattr = vnode_no_list_xattr,
	.remove_xattr = vnode_no_remove_xattr,
	.sync = vnode_sync_mount,
	.erase = vnode_erase_nothing,
	.reclaim = reclaim,
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
	error = read_dinode(fs, ino, &dinode);
	if (error == 0)
		error = check_dinode(fs, ino, &dinode);
	if (error < 0)
		return error;
	inode = memory_alloc_zeroed(mount->kernel, sizeof(*inode));
	if (inode == NULL)
		return -ENOMEM;

	vnode_init(&inode->vnode, mount, ops_of(dinode.type), (enum vnode_type)dinode.type, ino);
	inode->is_short_link = dinode.is_short_link;
	memcpy(inode->target, dinode.target, sizeof(inode->target));
	set_attributes(inode, &dinode);
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
