/*
 * Mounting tmpfs.
 */
#include "base/errno.h"
#include "base/math.h"
#include "fs/tmpfs/options.h"
#include "fs/tmpfs/tmpfs.h"
#include "fs/tmpfs/tmpfs_impl.h"
#include "kern/kernel.h"
#include "kern/memory.h"

#define TMPFS_MAGIC 0x01021994

static const struct fs_type tmpfs_type;

static int
tmpfs_statistics(struct mount *mount, struct fs_statistics *out)
{
	struct tmpfs *fs = container_of(mount, struct tmpfs, mount);

	*out = (struct fs_statistics){
		.type = TMPFS_MAGIC,
		.block_size = PAGE_SIZE,
		.fragment_size = PAGE_SIZE,
		.id = mount->id,
	};
	/* No limit is told as nothing, as in Linux. */
	if (fs->page_limit != UINT64_MAX) {
		out->block_count = fs->page_limit;
		out->blocks_free = fs->page_limit - fs->page_count;
		out->blocks_available = out->blocks_free;
	}
	if (fs->node_limit != UINT64_MAX) {
		out->inode_count = fs->node_limit;
		out->inodes_free = fs->node_limit - fs->node_count;
	}
	return 0;
}

static void
tmpfs_destroy(struct mount *mount)
{
	struct tmpfs *fs = container_of(mount, struct tmpfs, mount);

	ASSERT(fs->node_count == 0 && fs->page_count == 0);
	memory_free(mount->kernel, fs, sizeof(*fs));
}

static const struct mount_ops tmpfs_mount_ops = {
	.load = mount_no_load,
	.statistics = tmpfs_statistics,
	.sync = mount_sync_nothing,
	.describe = mount_describe_nothing,
	.destroy = tmpfs_destroy,
};

static int
parse_options(const struct mount_request *request, struct tmpfs_options *options)
{
	uint64_t half = request->kernel->memory.limit / 2;
	struct name bad;
	int error;

	*options = (struct tmpfs_options){
		.size = half,
		.node_count = half / PAGE_SIZE,
		.permissions = 01777,
	};
	error = tmpfs_options_parse(options, request->options, &bad);
	if (error < 0)
		kernel_log(request->kernel, LOG_ERROR,
		    "tmpfs: option \"%.*s\": not understood; size=, nr_inodes=, mode=, uid= and "
		    "gid= are",
		    (int)bad.length, bad.bytes);
	return error;
}

static int
create_root(struct tmpfs *fs, const struct tmpfs_options *options)
{
	const struct vnode_create what = {
		.type = VNODE_DIRECTORY,
		.permissions = options->permissions,
		.uid = options->uid,
		.gid = options->gid,
	};
	struct tmpfs_node *root;
	int error = tmpfs_node_create(fs, &what, &root);

	if (error == 0) {
		tmpfs_make_root(root);
		fs->mount.root = &root->vnode;
	}
	return error;
}

static int
tmpfs_mount(const struct mount_request *request, struct mount **out)
{
	struct tmpfs_options options;
	struct tmpfs *fs;
	int error = parse_options(request, &options);

	*out = NULL;
	if (error < 0)
		return error;
	fs = memory_alloc_zeroed(request->kernel, sizeof(*fs));
	if (fs == NULL)
		return -ENOMEM;
	mount_init(&fs->mount, request, &tmpfs_type, &tmpfs_mount_ops);
	fs->page_limit = options.size == 0 ? UINT64_MAX : divide_up(options.size, PAGE_SIZE);
	fs->node_limit = options.node_count == 0 ? UINT64_MAX : options.node_count;
	error = create_root(fs, &options);
	if (error < 0) {
		memory_free(request->kernel, fs, sizeof(*fs));
		return error;
	}
	*out = &fs->mount;
	return 0;
}

/* Nothing on any device is tmpfs. */
static int
tmpfs_probe(const struct mount_request *request)
{
	return -EINVAL;
}

static const struct fs_type tmpfs_type = {
	.name = "tmpfs",
	.magic = TMPFS_MAGIC,
	.needs_device = false,
	.probe = tmpfs_probe,
	.mount = tmpfs_mount,
	.make = fs_no_make,
	.check = fs_no_check,
};

static int
tmpfs_start(struct kernel *kernel)
{
	return fs_register(kernel, &tmpfs_type);
}

/* The registration goes with the kernel. */
static void
tmpfs_stop(struct kernel *kernel)
{
}

const struct component tmpfs_component = {
	.name = "tmpfs",
	.start = tmpfs_start,
	.stop = tmpfs_stop,
};
