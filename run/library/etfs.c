/*
 * Files of the host as block devices: rump_pub_etfs_*().
 *
 * A registration is a device in the kernel's block registry and a node for it
 * at the key.  The device is named after the key, without a leading "/dev/" and
 * with "!" for every "/" that is left; so what is registered as /dev/NAME shows
 * in the devfs by itself, and for other keys a node is made.
 *
 * Regular files and directories of the host are not shown as such: a regular
 * file would need its exact size, which block devices do not have, and a
 * directory a file system over host calls that the hypercalls do not have.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errno.h"
#include "block/block.h"
#include "block/partition.h"
#include "block/partition_gpt.h"
#include "block/partition_mbr.h"
#include "kern/credential.h"
#include "run/library/library.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"
#include "vfs/vnode.h"
#include <rump/rump.h>

#define NODE_MODE      0600
#define DIRECTORY_MODE 0755

struct store {
	struct list link;	       /* in kernel->stores; partitions after what they are of */
	struct store *disk;	       /* that this is a partition of, or NULL */
	char name[BLOCK_NAME_MAX + 1]; /* of the device */
	bool has_node;		       /* made by us at key */
	char key[];
};

int
library_context_begin(struct path_context *context, struct kernel *kernel)
{
	struct credential *credential = credential_create(kernel);

	*context = (struct path_context){
		.kernel = kernel,
		.root = mount_root_vnode(kernel),
		.start = mount_root_vnode(kernel),
		.credential = credential,
	};
	return credential == NULL ? -ENOMEM : 0;
}

void
library_context_end(struct path_context *context)
{
	credential_put((struct credential *)context->credential);
}

/* ---- the node --------------------------------------------------------------------------------- */

/* Make every directory on the way to path that is not there. */
static int
make_parents(const struct path_context *context, const char *path)
{
	struct vnode_create directory = { .type = VNODE_DIRECTORY, .permissions = DIRECTORY_MODE };
	char *part = strdup(path);
	int error = 0;

	if (part == NULL)
		return -ENOMEM;
	for (char *slash = strchr(part + 1, '/'); slash != NULL && error == 0;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		error = namespace_create(context, part, &directory);
		if (error == -EEXIST)
			error = 0;
		*slash = '/';
	}
	free(part);
	return error;
}

/* Whether there is anything at path. */
static int
exists(const struct path_context *context, const char *path, bool *out)
{
	struct vnode *vnode;
	int error = lookup(context, path, 0, &vnode);

	*out = error == 0;
	if (error == 0)
		vnode_put(vnode);
	return error == -ENOENT ? 0 : error;
}

/* See to a node for the device at the store's key. */
static int
make_node(const struct path_context *context, struct store *store)
{
	struct block_dev *dev = block_get_by_name(context->kernel, store->name);
	struct vnode_create node = { .type = VNODE_BLOCK, .permissions = NODE_MODE };
	bool is_there;
	int error;

	if (dev == NULL)
		return -ENXIO;
	node.device = dev->number;
	block_put(dev);
	error = exists(context, store->key, &is_there);
	if (error < 0 || is_there)
		return error; /* the devfs shows it */
	error = namespace_create(context, store->key, &node);
	store->has_node = error == 0;
	return error;
}

/* ---- registering -------------------------------------------------------------------------------- */

static int
device_name(const char *key, char name[BLOCK_NAME_MAX + 1])
{
	static const char dev[] = "/dev/";
	const char *rest = key + (strncmp(key, dev, sizeof(dev) - 1) == 0 ? sizeof(dev) - 1 : 0);

	if (string_copy(name, rest, BLOCK_NAME_MAX + 1) > BLOCK_NAME_MAX)
		return -ENAMETOOLONG;
	for (char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash, '/'))
		*slash = '!';
	return 0;
}

/* Open for writing, unless that is not wanted or not allowed. */
static int
attach(struct kernel *kernel, struct block_attach *what, bool read_only)
{
	int error = -EACCES;

	what->writable = !read_only;
	if (!read_only)
		error = block_attach_host(kernel, what);
	if (error == -EACCES || error == -EROFS || error == -EPERM) {
		what->writable = false;
		error = block_attach_host(kernel, what);
	}
	return error;
}

/* See to it that a device can be at the store's key, and how it is called. */
static int
prepare_store(const struct path_context *context, struct store *store)
{
	bool is_there;
	int error = make_parents(context, store->key);

	if (error == 0)
		error = exists(context, store->key, &is_there);
	if (error == 0 && is_there)
		error = -EEXIST;
	if (error == 0)
		error = device_name(store->key, store->name);
	return error;
}

/* The store's device is registered: show it, or take it back. */
static int
show_store(const struct path_context *context, struct store *store)
{
	int error = make_node(context, store);

	if (error < 0 && block_unregister(context->kernel, store->name) < 0)
		ASSERT(false); /* nobody could have opened it */
	return error;
}

static int
register_store(const struct path_context *context, struct store *store, struct block_attach *what,
    bool read_only)
{
	int error = prepare_store(context, store);

	if (error < 0)
		return error;
	what->name = store->name;
	error = attach(context->kernel, what, read_only);
	return error < 0 ? error : show_store(context, store);
}

static int
register_in(struct rump_kernel *kernel, const char *key, struct block_attach *what, bool read_only)
{
	struct path_context context;
	struct store *store = calloc(1, sizeof(*store) + strlen(key) + 1);
	int error;

	if (store == NULL)
		return -ENOMEM;
	memcpy(store->key, key, strlen(key) + 1);
	error = library_context_begin(&context, kernel->kernel);
	if (error < 0) {
		free(store);
		return error;
	}
	pthread_mutex_lock(&kernel->stores_lock);
	error = register_store(&context, store, what, read_only);
	if (error == 0)
		list_push_back(&kernel->stores, &store->link);
	pthread_mutex_unlock(&kernel->stores_lock);
	library_context_end(&context);
	if (error < 0)
		free(store);
	return error;
}

/* Is this a path that a device can be at? */
static bool
is_valid_key(const char *key)
{
	size_t length = strlen(key);

	return length > 1 && key[0] == '/' && key[length - 1] != '/';
}

static int
check_type(int type)
{
	switch (type & ~(RUMP_ETFS_READ_ONLY | RUMP_ETFS_NO_FLUSH)) {
	case RUMP_ETFS_BLK:
	case RUMP_ETFS_CHR:
		return 0;
	case RUMP_ETFS_REG:
	case RUMP_ETFS_DIR:
	case RUMP_ETFS_DIR_SUBDIRS:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

int
rump_pub_etfs_register_withsize(const char *key, const char *hostpath, int type, uint64_t begin,
    uint64_t size)
{
	struct block_attach what = { .host_name = hostpath, .offset = begin, .size = size };
	struct rump_kernel *kernel;
	int error = check_type(type);

	if (error == 0 && (!is_valid_key(key) || size == 0))
		error = -EINVAL;
	if (size == RUMP_ETFS_SIZE_ENDOFF)
		what.size = 0;
	what.never_flushes = (type & RUMP_ETFS_NO_FLUSH) != 0;
	if (error == 0)
		error = binding_kernel(&kernel);
	if (error == 0)
		error = register_in(kernel, key, &what, (type & RUMP_ETFS_READ_ONLY) != 0);
	return -error;
}

int
rump_pub_etfs_register(const char *key, const char *hostpath, int type)
{
	return rump_pub_etfs_register_withsize(key, hostpath, type, 0, RUMP_ETFS_SIZE_ENDOFF);
}

/* ---- removing ------------------------------------------------------------------------------------- */

static struct store *
find_store(struct rump_kernel *kernel, const char *key) REQUIRES(kernel->stores_lock)
{
	list_for_each(link, &kernel->stores) {
		struct store *store = list_entry(link, struct store, link);

		if (strcmp(store->key, key) == 0)
			return store;
	}
	return NULL;
}

static int
remove_store(const struct path_context *context, struct store *store)
{
	int error = block_unregister(context->kernel, store->name);

	if (error < 0)
		return error;
	/* Its user may have removed or replaced the node. */
	if (store->has_node && namespace_unlink(context, store->key) < 0)
		store->has_node = false;
	list_remove(&store->link);
	free(store);
	return 0;
}

/* The same with the partitions of it. */
static int
remove_disk(struct rump_kernel *kernel, const struct path_context *context, struct store *disk)
    REQUIRES(kernel->stores_lock)
{
	int error = 0;

	list_for_each_safe(link, after, &kernel->stores) {
		struct store *store = list_entry(link, struct store, link);

		if (store->disk == disk && error == 0)
			error = remove_store(context, store);
	}
	return error < 0 ? error : remove_store(context, disk);
}

int
rump_pub_etfs_remove(const char *key)
{
	struct path_context context;
	struct rump_kernel *kernel;
	struct store *store;
	int error = binding_kernel(&kernel);

	if (error == 0)
		error = library_context_begin(&context, kernel->kernel);
	if (error < 0)
		return -error;
	pthread_mutex_lock(&kernel->stores_lock);
	store = find_store(kernel, key);
	error = store == NULL ? -ENOENT : remove_disk(kernel, &context, store);
	pthread_mutex_unlock(&kernel->stores_lock);
	library_context_end(&context);
	return -error;
}

/* ---- partitions ------------------------------------------------------------------------------------ */

static void
tell_partition(struct rump_partition *out, const struct block_partition *partition)
{
	static const char *const tables[] = {
		[BLOCK_TABLE_MBR] = "MBR",
		[BLOCK_TABLE_GPT] = "GPT",
		[BLOCK_TABLE_DISKLABEL] = "disklabel",
		[BLOCK_TABLE_APPLE] = "Apple",
	};
	const char *type_name = partition->type_name;

	*out = (struct rump_partition){
		.start = partition->offset,
		.size = partition->size,
		.flags = partition->is_container ? RUMP_PARTITION_CONTAINER : 0,
	};
	string_copy(out->name, partition->name, sizeof(out->name));
	string_copy(out->table, tables[partition->table], sizeof(out->table));
	string_copy(out->type, partition->type, sizeof(out->type));
	string_copy(out->type_name, type_name != NULL ? type_name : "", sizeof(out->type_name));
	string_copy(out->label, partition->label, sizeof(out->label));
}

/* Register partition, of disk, which is dev, unless that has been done. */
static int
register_partition(struct rump_kernel *kernel, const struct path_context *context,
    struct store *disk, struct block_dev *dev, const struct block_partition *partition)
    REQUIRES(kernel->stores_lock)
{
	size_t size = strlen(disk->key) + 1 + sizeof(partition->name);
	struct store *store = calloc(1, sizeof(*store) + size);
	struct store *other;
	int error;

	if (store == NULL)
		return -ENOMEM;
	store->disk = disk;
	snprintf(store->key, size, "%sp%s", disk->key, partition->name);
	other = find_store(kernel, store->key);
	if (other != NULL) {
		free(store);
		return other->disk == disk ? 0 : -EEXIST;
	}
	error = prepare_store(context, store);
	if (error == 0)
		error = block_window_attach(dev, partition->offset, partition->size, store->name);
	if (error == 0)
		error = show_store(context, store);
	if (error == 0)
		list_push_back(&kernel->stores, &store->link);
	else
		free(store);
	return error;
}

static int
scan_disk(struct rump_kernel *kernel, const struct path_context *context, struct store *disk,
    struct rump_partition *out, size_t *count) REQUIRES(kernel->stores_lock)
{
	struct block_dev *dev = block_get_by_name(context->kernel, disk->name);
	struct block_partitions *found;
	size_t room = *count;
	int error;

	*count = 0;
	if (dev == NULL)
		return -ENOENT;
	error = block_partitions_scan(dev, &found);
	for (size_t i = 0; error == 0 && i < found->count; i++) {
		error = register_partition(kernel, context, disk, dev, &found->list[i]);
		if (i < room)
			tell_partition(&out[i], &found->list[i]);
	}
	if (error == 0)
		*count = found->count;
	block_partitions_free(found);
	block_put(dev);
	return error;
}

int
rump_pub_etfs_partitions(const char *key, struct rump_partition *partitions, size_t *count)
{
	struct path_context context;
	struct rump_kernel *kernel;
	struct store *disk;
	int error = binding_kernel(&kernel);

	if (error == 0)
		error = library_context_begin(&context, kernel->kernel);
	if (error < 0)
		return -error;
	pthread_mutex_lock(&kernel->stores_lock);
	disk = find_store(kernel, key);
	if (disk == NULL) {
		*count = 0;
		error = -ENOENT;
	} else {
		error = scan_disk(kernel, &context, disk, partitions, count);
	}
	pthread_mutex_unlock(&kernel->stores_lock);
	library_context_end(&context);
	return -error;
}

/* What table and type mean.  -EINVAL. */
static int
plan_partition(const char *table, const char *type, struct block_partition_plan *plan)
{
	bool is_freebsd = strcmp(type, "freebsd") == 0;

	plan->mbr_type = is_freebsd ? MBR_FREEBSD : MBR_NETBSD;
	plan->gpt_type = is_freebsd ? GPT_TYPE_FREEBSD_UFS : GPT_TYPE_NETBSD_FFS;
	plan->table = strcmp(table, "GPT") == 0 ? BLOCK_TABLE_GPT : BLOCK_TABLE_MBR;
	if (!is_freebsd && strcmp(type, "netbsd") != 0)
		return -EINVAL;
	return plan->table == BLOCK_TABLE_GPT || strcmp(table, "MBR") == 0 ? 0 : -EINVAL;
}

int
rump_pub_etfs_partition(const char *key, const char *table, const char *type, const char *label)
{
	struct block_partition_plan plan = { .label = label != NULL ? label : "" };
	struct block_dev *dev = NULL;
	struct rump_kernel *kernel;
	struct store *disk;
	int error = plan_partition(table, type, &plan);

	if (error == 0)
		error = binding_kernel(&kernel);
	if (error < 0)
		return -error;
	pthread_mutex_lock(&kernel->stores_lock);
	disk = find_store(kernel, key);
	if (disk != NULL)
		dev = block_get_by_name(kernel->kernel, disk->name);
	error = dev == NULL ? -ENOENT : block_partition_make(dev, &plan);
	pthread_mutex_unlock(&kernel->stores_lock);
	if (dev != NULL)
		block_put(dev);
	return -error;
}

void
etfs_forget_all(struct rump_kernel *kernel)
{
	list_for_each_safe(link, after, &kernel->stores)
		free(list_entry(link, struct store, link));
}
