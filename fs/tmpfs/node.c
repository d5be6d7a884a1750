/*
 * tmpfs inodes and what they may take.
 *
 * An inode is there as long as it has a name or somebody uses it: the file
 * system holds one reference for all its names together, taken with the first
 * and given back with the last (see names.c), and reclaiming frees it.
 *
 * Counts are kept by atomic operations alone, since a vnode may be reclaimed
 * wherever its last reference goes.
 */
#include "base/errno.h"
#include "fs/tmpfs/tmpfs_impl.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "vfs/namespace.h"

/* Count some more; false if that would be more than limit, and nothing is counted. */
static bool
count_more(_Atomic uint64_t *count, uint64_t more, uint64_t limit)
{
	uint64_t old = atomic_load_explicit(count, memory_order_relaxed);

	do {
		if (more > limit - old)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(count, &old, old + more,
	    memory_order_relaxed, memory_order_relaxed));
	return true;
}

static void
count_off(_Atomic uint64_t *count, uint64_t less)
{
	atomic_fetch_sub_explicit(count, less, memory_order_relaxed);
}

bool
tmpfs_take_pages(struct tmpfs *fs, uint64_t count)
{
	return count_more(&fs->page_count, count, fs->page_limit);
}

void
tmpfs_return_pages(struct tmpfs *fs, uint64_t count)
{
	count_off(&fs->page_count, count);
}

static const struct vnode_ops *
ops_for(enum vnode_type type)
{
	switch (type) {
	case VNODE_DIRECTORY:
		return &tmpfs_directory_ops;
	case VNODE_REGULAR:
		return &tmpfs_file_ops;
	case VNODE_SYMLINK:
		return &tmpfs_symlink_ops;
	default:
		return &tmpfs_special_ops;
	}
}

/* Set up what the type asks for besides attributes. */
static int
init_content(struct tmpfs_node *node, struct kernel *kernel, const struct vnode_create *what)
{
	size_t length = what->target.length;

	if (what->type == VNODE_DIRECTORY)
		tmpfs_directory_init(&node->directory, kernel);
	if (what->type != VNODE_SYMLINK)
		return 0;
	node->target = memory_alloc(kernel, length);
	if (node->target == NULL)
		return -ENOMEM;
	memcpy(node->target, what->target.bytes, length);
	return 0;
}

static void
init_attributes(struct vnode *vnode, const struct vnode_create *what)
{
	struct timestamp now = timestamp_now(vnode->kernel);
	bool is_device = what->type == VNODE_CHARACTER || what->type == VNODE_BLOCK;

	vnode->attributes = (struct vnode_attributes){
		.ino = vnode->ino,
		.size = what->type == VNODE_SYMLINK ? what->target.length : 0,
		.permissions = what->permissions,
		.uid = what->uid,
		.gid = what->gid,
		.device = is_device ? what->device : 0,
		.accessed = now,
		.modified = now,
		.changed = now,
		.born = now,
		.io_block_size = PAGE_SIZE,
	};
}

int
tmpfs_node_create(struct tmpfs *fs, const struct vnode_create *what, struct tmpfs_node **out)
{
	struct kernel *kernel = fs->mount.kernel;
	struct tmpfs_node *node;
	uint64_t ino;
	int error;

	*out = NULL;
	if (!count_more(&fs->node_count, 1, fs->node_limit))
		return -ENOSPC;
	node = memory_alloc_zeroed(kernel, sizeof(*node));
	error = node == NULL ? -ENOMEM : init_content(node, kernel, what);
	if (error < 0) {
		memory_free(kernel, node, sizeof(*node));
		count_off(&fs->node_count, 1);
		return error;
	}
	ino = atomic_fetch_add_explicit(&fs->last_ino, 1, memory_order_relaxed) + 1;
	vnode_init(&node->vnode, &fs->mount, ops_for(what->type), what->type, ino);
	init_attributes(&node->vnode, what);
	*out = node;
	return 0;
}

void
tmpfs_node_reclaim(struct vnode *vnode)
{
	struct tmpfs *fs = tmpfs_of(vnode);
	struct tmpfs_node *node = tmpfs_node_of(vnode);
	struct kernel *kernel = vnode->kernel;

	if (vnode->type == VNODE_DIRECTORY)
		tmpfs_directory_destroy(&node->directory);
	else if (vnode->type == VNODE_SYMLINK)
		memory_free(kernel, node->target, (size_t)vnode->attributes.size);
	tmpfs_free_xattrs(node);
	tmpfs_return_pages(fs, tmpfs_page_count(vnode));
	memory_free(kernel, node, sizeof(*node));
	count_off(&fs->node_count, 1);
}
