/*
 * Anonymous vnodes: see anonymous.h.
 *
 * They are vnodes of a file system in memory, with no operations but that their
 * attributes may be set.  None has ever had a name, so none is kept without a
 * reference.
 */
#include "syscall/anonymous.h"

#include "base/errno.h"
#include "kern/credential.h"
#include "kern/kernel.h"
#include "vfs/namespace.h"

/* f_type of statfs, numerically Linux's. */
#define MAGIC_PIPES  0x50495045
#define MAGIC_OTHERS 0x09041934

#define PERMISSIONS 0600

static void
anonymous_reclaim(struct vnode *vnode)
{
	memory_free(vnode->kernel, vnode, sizeof(*vnode));
}

/* What all share is nobody's to change. */
static int
attributes_may_change(struct vnode *vnode, uint32_t mask)
{
	return vnode->type == VNODE_ANONYMOUS ? -EOPNOTSUPP : 0;
}

static const struct vnode_ops anonymous_ops = {
	.lookup = vnode_no_lookup,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.read_directory = vnode_no_read_directory,
	.read_link = vnode_no_read_link,
	.attributes_changed = attributes_may_change,
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
	.reclaim = anonymous_reclaim,
};

static int
anonymous_statistics(struct mount *mount, struct fs_statistics *out)
{
	*out = (struct fs_statistics){
		.type = mount->type->magic,
		.block_size = PAGE_SIZE,
		.fragment_size = PAGE_SIZE,
	};
	return 0;
}

/* The mount is part of what it belongs to. */
static void
destroy_nothing(struct mount *mount)
{
}

static const struct mount_ops mount_ops = {
	.load = mount_no_load,
	.statistics = anonymous_statistics,
	.sync = mount_sync_nothing,
	.describe = mount_describe_nothing,
	.destroy = destroy_nothing,
};

/* Not registered: nobody can mount them. */
static const struct fs_type type_pipes = { .name = "pipefs", .magic = MAGIC_PIPES };
static const struct fs_type type_others = { .name = "anon_inodefs", .magic = MAGIC_OTHERS };

static int
create_vnode(struct anonymous_fs *fs, enum vnode_type type, struct vnode **out)
{
	struct kernel *kernel = fs->mount.kernel;
	struct vnode *vnode = memory_alloc_zeroed(kernel, sizeof(*vnode));
	struct timestamp now;
	uint64_t ino;

	*out = vnode;
	if (vnode == NULL)
		return -ENOMEM;
	now = timestamp_now(kernel);
	ino = atomic_fetch_add_explicit(&fs->last_ino, 1, memory_order_relaxed) + 1;
	vnode_init(vnode, &fs->mount, &anonymous_ops, type, ino);
	vnode->attributes = (struct vnode_attributes){
		.ino = ino,
		.link_count = 1,
		.permissions = PERMISSIONS,
		.accessed = now,
		.modified = now,
		.changed = now,
		.io_block_size = PAGE_SIZE,
	};
	return 0;
}

static void
init_fs(struct anonymous_fs *fs, struct kernel *kernel, const struct fs_type *type)
{
	const struct mount_request request = { .kernel = kernel, .source = "none", .options = "" };

	mount_init(&fs->mount, &request, type, &mount_ops);
	atomic_init(&fs->last_ino, 0);
}

int
anonymous_init(struct anonymous *anonymous, struct kernel *kernel)
{
	init_fs(&anonymous->pipes, kernel, &type_pipes);
	init_fs(&anonymous->others, kernel, &type_others);
	return create_vnode(&anonymous->others, VNODE_ANONYMOUS, &anonymous->others.mount.root);
}

void
anonymous_destroy(struct anonymous *anonymous)
{
	vnode_put(anonymous->others.mount.root);
}

int
anonymous_fifo(struct anonymous *anonymous, const struct credential *credential, struct vnode **out)
{
	int error = create_vnode(&anonymous->pipes, VNODE_FIFO, out);

	if (error < 0)
		return error;
	(*out)->attributes.uid = credential->fs_uid;
	(*out)->attributes.gid = credential->fs_gid;
	return 0;
}

struct vnode *
anonymous_shared(struct anonymous *anonymous)
{
	return vnode_get(anonymous->others.mount.root);
}
