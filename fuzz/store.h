/*
 * For fuzz targets: a device in memory, as /image in a kernel of tmpfs and FFS.
 *
 * It is below the system calls, so that targets of the same sanitized process
 * may look into the kernel.  What was made in one kernel is gone with it, and
 * kernel_destroy() stops if anything is left in memory.
 */
#ifndef FUZZ_STORE_H
#define FUZZ_STORE_H

#include <stdint.h>

#include "base/endian.h"
#include "base/errno.h"
#include "base/string.h"
#include "block/block.h"
#include "fs/ffs/ffs.h"
#include "fs/tmpfs/tmpfs.h"
#include "host/posix/posix.h"
#include "kern/credential.h"
#include "kern/kernel.h"
#include "kern/uio.h"
#include "vfs/file_io.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"
#include "vfs/vnode.h"

#define STORE_SECTOR 512

struct fuzz_store {
	struct block_dev dev; /* fill in size, and is_read_only if it is */
	uint8_t *content;     /* size bytes; borrowed */
	uint64_t memory_limit;
	struct path_context context; /* of the superuser, for all calls */
	struct credential *superuser;
};

static inline void
fuzz_store_submit(struct block_dev *dev, struct host_block_request *request)
{
	uint8_t *place = container_of(dev, struct fuzz_store, dev)->content + request->offset;

	if (request->op == HOST_BLOCK_ZERO)
		memset(place, 0, request->length);
	for (unsigned i = 0; i < request->segment_count; i++) {
		const struct segment *segment = &request->segments[i];

		if (request->op == HOST_BLOCK_READ)
			memcpy(segment->data, place, segment->length);
		else if (request->op == HOST_BLOCK_WRITE)
			memcpy(place, segment->data, segment->length);
		place += segment->length;
	}
	request->done(request, 0);
}

static inline void
fuzz_store_forget(struct block_dev *dev)
{
}

/* A kernel with the device, and a directory /mnt. */
static inline void
fuzz_store_open(struct fuzz_store *store)
{
	static const struct block_ops ops = {
		.submit = fuzz_store_submit,
		.destroy = fuzz_store_forget,
	};
	static const struct component *const components[] = {
		&block_component,
		&vfs_component,
		&tmpfs_component,
		&ffs_component,
	};
	static struct host *host;
	struct path_context *context = &store->context;
	struct kernel_config config = {
		.host_ops = &posix_host_ops,
		.components = components,
		.component_count = ARRAY_SIZE(components),
		.console_level = LOG_EMERGENCY,
		.memory_limit = store->memory_limit,
	};
	struct vnode_create node = { .type = VNODE_BLOCK };
	struct vnode_create directory = { .type = VNODE_DIRECTORY, .permissions = 0755 };

	ASSERT(host != NULL || posix_host_create(&host) == 0);
	config.host = host;
	ASSERT(kernel_create(&config, &context->kernel) == 0);
	ASSERT(mount_root(context->kernel, "tmpfs", "") == 0);
	context->credential = store->superuser = credential_create(context->kernel);
	store->dev.ops = &ops;
	store->dev.sector_size = STORE_SECTOR;
	store->dev.kernel = context->kernel;
	ASSERT(
	    store->superuser != NULL && block_register(context->kernel, &store->dev, "image") == 0);
	node.device = store->dev.number;
	context->root = context->start = mount_root_vnode(context->kernel);
	ASSERT(namespace_create(context, "/image", &node) == 0);
	ASSERT(namespace_create(context, "/mnt", &directory) == 0);
}

/* Write length bytes, 65536 at most, to a file. */
MUST_CHECK static inline int
fuzz_store_write(const struct path_context *context, struct vnode *vnode, uint64_t offset,
    size_t length)
{
	static uint8_t bytes[65536];
	struct file_writer writer = { .credential = context->credential, .size_limit = UINT64_MAX };
	struct address_space space;
	struct uio_range range;
	struct uio uio;

	uio_init_kernel(&uio, &space, &range, bytes, length);
	return file_write(vnode, &uio, &offset, &writer);
}

/* Unmount, and stop if anything is left. */
static inline void
fuzz_store_close(struct fuzz_store *store)
{
	credential_put(store->superuser);
	kernel_destroy(store->context.kernel);
}

#endif
