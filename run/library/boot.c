/*
 * What a kernel in a process is made of, and how it comes up.
 *
 * Kernels that are not given a host share one, which is made with the first and
 * stays: it keeps the memory of kernels that are gone for the next ones.  A
 * fresh kernel has a tmpfs for a root, with a devfs on /dev, and process 1.
 */
#include "run/library/library.h"

#include <pthread.h>

#include "base/errno.h"
#include "block/block.h"
#include "fs/devfs/devfs.h"
#include "fs/ffs/ffs.h"
#include "fs/tmpfs/tmpfs.h"
#include "host/posix/posix.h"
#include "kern/kernel.h"
#include "syscall/process.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"
#include <rump/rump.h>

/* Each follows what it needs; processes stand last, since they use all. */
static const struct component *const components[] = {
	&block_component,
	&vfs_component,
	&tmpfs_component,
	&devfs_component,
	&ffs_component,
	&process_component,
};

static pthread_once_t host_once = PTHREAD_ONCE_INIT;
static struct host *common_host;
static int host_error;

static void
create_host(void)
{
	host_error = posix_host_create(&common_host);
}

int
library_host(struct host **out)
{
	pthread_once(&host_once, create_host);
	*out = common_host;
	return host_error;
}

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
library_boot(const struct host_ops *ops, struct host *host, const struct rump_kernel_config *config,
    struct kernel **out)
{
	struct kernel_config kernel_config = {
		.host_ops = ops,
		.host = host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
		.memory_limit = config->memory_limit,
		.console_level = (enum log_level)config->console_level,
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
