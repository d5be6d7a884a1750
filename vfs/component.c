/*
 * The component that makes a kernel able to have files: starts and stops the
 * parts of this folder, in their order.
 */
#include "base/errno.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "vfs/file_lock.h"
#include "vfs/mount.h"
#include "vfs/page_cache.h"
#include "vfs/vfs_impl.h"

static void
vfs_free(struct kernel *kernel)
{
	memory_free(kernel, vfs_of(kernel), sizeof(struct vfs));
	kernel->slots[SLOT_VFS] = NULL;
}

static int
vfs_start(struct kernel *kernel)
{
	int error;

	kernel->slots[SLOT_VFS] = memory_alloc_zeroed(kernel, sizeof(struct vfs));
	if (kernel->slots[SLOT_VFS] == NULL)
		return -ENOMEM;

	/* Shrinkers are asked in this order: pages first, then what holds them. */
	error = page_cache_start(kernel);
	if (error < 0)
		goto free_vfs;
	error = vnode_table_start(kernel);
	if (error < 0)
		goto stop_pages;
	name_cache_start(kernel);
	mount_table_start(kernel);
	file_locks_start(kernel);
	return 0;

stop_pages:
	page_cache_stop(kernel);
free_vfs:
	vfs_free(kernel);
	return error;
}

static void
vfs_stop(struct kernel *kernel)
{
	unmount_all(kernel);
	name_cache_stop(kernel);
	vnode_table_stop(kernel);
	page_cache_stop(kernel);
	vfs_free(kernel);
}

const struct component vfs_component = {
	.name = "vfs",
	.start = vfs_start,
	.stop = vfs_stop,
};
