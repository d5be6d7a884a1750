/*
 * What a kernel of files is made of, and how it comes up: see boot.h.
 */
#include "run/boot/boot.h"

#include "base/errno.h"
#include "block/block.h"
#include "fs/cpio/cpio.h"
#include "fs/devfs/devfs.h"
#include "fs/ffs/ffs.h"
#include "fs/tmpfs/tmpfs.h"
#include "kern/kernel.h"
#include "syscall/process.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

/*
 * Each follows what it needs; processes stand last, since they use all.
 *
 * To mount type "auto", file systems are asked in this order whether they know
 * what is on a device.  An archive is known by its first bytes, which are its
 * own; other formats by bytes further in, where an archive has the content of a
 * member, which may be anybody's.  So it comes first.
 */
static const struct component *const components[] = {
	&block_component,
	&vfs_component,
	&tmpfs_component,
	&devfs_component,
	&cpio_component,
	&ffs_component,
	&process_component,
};

/* The files every kernel has. */
static int
populate(struct kernel *kernel, const struct credential *credential)
{
	struct path_context context = {
		.kernel = kernel,
		.root = mount_root_vnode(kernel),
		.start = mount_root_vnode(kernel),
		.credential = credential,
	};
	struct vnode_create directory = { .type = VNODE_DIRECTORY, .permissions = 0755 };
	int error = namespace_create(&context, "/dev", &directory);

	if (error < 0)
		return error;
	return mount_at(&context, "none", "/dev", "devfs", 0, "");
}

static int
bring_up(struct kernel *kernel)
{
	struct credential *credential;
	int error = mount_root(kernel, "tmpfs", "mode=755");

	if (error < 0)
		return error;
	credential = credential_create(kernel);
	if (credential == NULL)
		return -ENOMEM;
	error = populate(kernel, credential);
	credential_put(credential);
	return error < 0 ? error : process_start_first(kernel);
}

int
boot(const struct boot_config *config, struct kernel **out)
{
	struct kernel_config kernel_config = {
		.host_ops = config->host_ops,
		.host = config->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
		.memory_limit = config->memory_limit,
		.console_level = config->console_level,
	};
	int error = kernel_create(&kernel_config, out);

	if (error < 0)
		return error;
	error = bring_up(*out);
	if (error < 0) {
		kernel_destroy(*out);
		*out = NULL;
	}
	return error;
}
