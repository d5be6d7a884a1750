/*
 * The way from the vfs layer to file systems: one dispatcher for each
 * operation, and the defaults for those that a kind of file does not have.
 *
 * A dispatcher asserts what the layer promises to file systems (locks, names, a
 * writable mount), calls, and checks what file systems promise to the layer.
 * Nobody else touches vnode->ops, but for reclaim, which vnode.c calls.
 */
#include "base/errno.h"
#include "vfs/device.h"
#include "vfs/mount.h"
#include "vfs/vfs_impl.h"
#include "vfs/vnode.h"

static bool
is_writable(const struct vnode *vnode)
{
	return (vnode->mount->flags & MOUNT_READ_ONLY) == 0;
}

static bool
is_name(struct name name)
{
	return name.length > 0 && name.length <= NAME_LENGTH_MAX;
}

/* After an operation that took a name away. */
static void
note_names_left(struct vnode *vnode)
{
	if (vnode->attributes.link_count == 0)
		vnode_has_no_name(vnode);
}

int
vnode_lookup(struct vnode *dir, struct name name, struct vnode **out)
{
	int error;

	rwlock_assert_held(&dir->lock);
	ASSERT(is_name(name));
	*out = NULL;
	error = dir->ops->lookup(dir, name, out);
	ASSERT((error == 0) == (*out != NULL));
	return error;
}

int
vnode_create(struct vnode *dir, struct name name, const struct vnode_create *what,
    struct vnode **out)
{
	int error;

	rwlock_assert_exclusive(&dir->lock);
	ASSERT(is_name(name) && is_writable(dir));
	*out = NULL;
	error = dir->ops->create(dir, name, what, out);
	ASSERT((error == 0) == (*out != NULL));
	return error;
}

int
vnode_link(struct vnode *dir, struct name name, struct vnode *vnode)
{
	int error;

	rwlock_assert_exclusive(&dir->lock);
	rwlock_assert_exclusive(&vnode->lock);
	ASSERT(is_name(name) && is_writable(dir));
	ASSERT(vnode->type != VNODE_DIRECTORY);
	ASSERT(vnode->attributes.link_count > 0 || vnode->is_linkable);
	error = dir->ops->link(dir, name, vnode);
	if (error == 0 && vnode->is_linkable) {
		vnode->is_linkable = false;
		vnode_has_name(vnode);
	}
	return error;
}

int
vnode_remove(struct vnode *dir, struct name name, struct vnode *vnode)
{
	int error;

	rwlock_assert_exclusive(&dir->lock);
	rwlock_assert_exclusive(&vnode->lock);
	ASSERT(is_name(name) && is_writable(dir));
	error = dir->ops->remove(dir, name, vnode);
	if (error == 0)
		note_names_left(vnode);
	return error;
}

int
vnode_rename(const struct vnode_rename *rename)
{
	struct vnode *dir = rename->from_dir;
	struct vnode *replaced = rename->replaced;
	int error;

	rwlock_assert_exclusive(&dir->lock);
	rwlock_assert_exclusive(&rename->to_dir->lock);
	rwlock_assert_exclusive(&rename->vnode->lock);
	ASSERT(is_name(rename->from_name) && is_name(rename->to_name) && is_writable(dir));
	ASSERT(rename->vnode != replaced && (replaced != NULL || !rename->exchange));
	error = dir->ops->rename(rename);
	if (error == 0 && replaced != NULL)
		note_names_left(replaced);
	return error;
}

int
vnode_read_directory(struct vnode *dir, uint64_t *position, struct directory_sink *sink)
{
	rwlock_assert_held(&dir->lock);
	return dir->ops->read_directory(dir, position, sink);
}

int
vnode_read_link(struct vnode *vnode, char *target, size_t size, size_t *length)
{
	int error;

	rwlock_assert_held(&vnode->lock);
	*length = 0;
	error = vnode->ops->read_link(vnode, target, size, length);
	ASSERT(*length <= size);
	return error;
}

int
vnode_attributes_changed(struct vnode *vnode, uint32_t mask)
{
	rwlock_assert_exclusive(&vnode->lock);
	ASSERT(is_writable(vnode));
	if (mask & SET_PERMISSIONS)
		atomic_store(&vnode->is_searchable, false);
	return vnode->ops->attributes_changed(vnode, mask);
}

int
vnode_map_extent(struct vnode *vnode, uint64_t offset, uint64_t length, enum extent_intent intent,
    struct extent *out)
{
	int error;

	if (intent == EXTENT_WRITE)
		rwlock_assert_exclusive(&vnode->lock);
	else
		rwlock_assert_held(&vnode->lock);
	ASSERT(length > 0);
	*out = (struct extent){ .offset = offset };
	error = vnode->ops->map_extent(vnode, offset, length, intent, out);
	ASSERT(error < 0 || (out->offset == offset && out->length > 0 && out->length <= length));
	return error;
}

int
vnode_read_store(struct vnode *vnode, uint64_t address, const struct segment *segments,
    size_t count)
{
	rwlock_assert_held(&vnode->lock);
	return vnode->ops->read_store(vnode, address, segments, count);
}

int
vnode_write_store(struct vnode *vnode, uint64_t address, const struct segment *segments,
    size_t count)
{
	rwlock_assert_held(&vnode->lock);
	return vnode->ops->write_store(vnode, address, segments, count);
}

int
vnode_resize(struct vnode *vnode, uint64_t size)
{
	rwlock_assert_exclusive(&vnode->lock);
	ASSERT(is_writable(vnode));
	return vnode->ops->resize(vnode, size);
}

int
vnode_allocate(struct vnode *vnode, enum allocate_mode mode, uint64_t offset, uint64_t length)
{
	rwlock_assert_exclusive(&vnode->lock);
	ASSERT(is_writable(vnode) && vnode->type == VNODE_REGULAR);
	ASSERT(length > 0 && offset <= INT64_MAX && length <= INT64_MAX - offset);
	return vnode->ops->allocate(vnode, mode, offset, length);
}

int
vnode_create_unnamed(struct vnode *dir, const struct vnode_create *what, struct vnode **out)
{
	int error;

	rwlock_assert_exclusive(&dir->lock);
	ASSERT(is_writable(dir) && what->type == VNODE_REGULAR);
	*out = NULL;
	error = dir->ops->create_unnamed(dir, what, out);
	ASSERT((error == 0) == (*out != NULL));
	if (error == 0)
		vnode_mark_unnamed(*out);
	return error;
}

static bool
is_xattr_name(struct name name)
{
	return name.length > 0 && name.length <= XATTR_NAME_LENGTH_MAX;
}

int
vnode_get_xattr(struct vnode *vnode, struct name name, void *value, size_t size, size_t *length)
{
	int error;

	rwlock_assert_held(&vnode->lock);
	ASSERT(is_xattr_name(name));
	*length = 0;
	error = vnode->ops->get_xattr(vnode, name, value, size, length);
	ASSERT(error < 0 || size == 0 || *length <= size);
	return error;
}

int
vnode_set_xattr(struct vnode *vnode, struct name name, const void *value, size_t size,
    uint32_t flags)
{
	rwlock_assert_exclusive(&vnode->lock);
	ASSERT(is_xattr_name(name) && is_writable(vnode) && size <= XATTR_VALUE_MAX);
	return vnode->ops->set_xattr(vnode, name, value, size, flags);
}

int
vnode_list_xattr(struct vnode *vnode, char *list, size_t size, size_t *length)
{
	int error;

	rwlock_assert_held(&vnode->lock);
	*length = 0;
	error = vnode->ops->list_xattr(vnode, list, size, length);
	ASSERT(error < 0 || size == 0 || *length <= size);
	return error;
}

int
vnode_remove_xattr(struct vnode *vnode, struct name name)
{
	rwlock_assert_exclusive(&vnode->lock);
	ASSERT(is_xattr_name(name) && is_writable(vnode));
	return vnode->ops->remove_xattr(vnode, name);
}

int
vnode_sync(struct vnode *vnode, bool data_only, struct write_errors_told *told)
{
	int error = page_cache_sync(vnode, told);
	int rest = vnode->ops->sync(vnode, data_only);
	const struct device_ops *driver = NULL;

	if (vnode->type == VNODE_BLOCK || vnode->type == VNODE_CHARACTER)
		driver = device_find(vnode->kernel, vnode->type, vnode->attributes.device);
	if (driver != NULL && error == 0)
		error = driver->sync(vnode->kernel, vnode->attributes.device);
	return error < 0 ? error : rest;
}

int
vnode_no_lookup(struct vnode *dir, struct name name, struct vnode **out)
{
	*out = NULL;
	return -ENOTDIR;
}

int
vnode_no_create(struct vnode *dir, struct name name, const struct vnode_create *what,
    struct vnode **out)
{
	*out = NULL;
	return -EROFS;
}

int
vnode_no_link(struct vnode *dir, struct name name, struct vnode *vnode)
{
	return -EROFS;
}

int
vnode_no_remove(struct vnode *dir, struct name name, struct vnode *vnode)
{
	return -EROFS;
}

int
vnode_no_rename(const struct vnode_rename *rename)
{
	return -EROFS;
}

int
vnode_no_read_directory(struct vnode *dir, uint64_t *position, struct directory_sink *sink)
{
	return -ENOTDIR;
}

int
vnode_no_read_link(struct vnode *vnode, char *target, size_t size, size_t *length)
{
	*length = 0;
	return -EINVAL;
}

int
vnode_no_attributes_changed(struct vnode *vnode, uint32_t mask)
{
	return -EROFS;
}

int
vnode_no_map_extent(struct vnode *vnode, uint64_t offset, uint64_t length,
    enum extent_intent intent, struct extent *out)
{
	return -EINVAL;
}

int
vnode_no_read_store(struct vnode *vnode, uint64_t address, const struct segment *segments,
    size_t count)
{
	return -EIO;
}

int
vnode_no_write_store(struct vnode *vnode, uint64_t address, const struct segment *segments,
    size_t count)
{
	return -EIO;
}

int
vnode_no_resize(struct vnode *vnode, uint64_t size)
{
	return -EROFS;
}

int
vnode_no_allocate(struct vnode *vnode, enum allocate_mode mode, uint64_t offset, uint64_t length)
{
	return -EOPNOTSUPP;
}

int
vnode_no_create_unnamed(struct vnode *dir, const struct vnode_create *what, struct vnode **out)
{
	*out = NULL;
	return -EOPNOTSUPP;
}

int
vnode_no_get_xattr(struct vnode *vnode, struct name name, void *value, size_t size, size_t *length)
{
	*length = 0;
	return -EOPNOTSUPP;
}

int
vnode_no_set_xattr(struct vnode *vnode, struct name name, const void *value, size_t size,
    uint32_t flags)
{
	return -EOPNOTSUPP;
}

int
vnode_no_list_xattr(struct vnode *vnode, char *list, size_t size, size_t *length)
{
	*length = 0;
	return 0;
}

int
vnode_no_remove_xattr(struct vnode *vnode, struct name name)
{
	return -EOPNOTSUPP;
}

int
vnode_sync_mount(struct vnode *vnode, bool data_only)
{
	return mount_sync(vnode->mount);
}

void
vnode_erase_nothing(struct vnode *vnode)
{
}
