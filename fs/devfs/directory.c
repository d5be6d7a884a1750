/*
 * The directory of devices: a mount with one directory, whose entries are made
 * up from the table of memory devices and the registry of block devices each
 * time somebody asks.
 *
 * Inode numbers: the root is 1, memory devices follow, and a block device's is
 * its device number, which is higher than those.  So whatever leads to an inode
 * leads to a device, and nothing is kept of it but by the vnode table.
 *
 * Positions of a listing: ".", "..", and the inode number of the next entry.
 * Block devices are listed by rising number, whatever their order in the
 * registry is, so that a listing that goes on after one of them has gone
 * neither misses nor repeats another.
 */
#include "base/errno.h"
#include "block/block.h"
#include "fs/devfs/devfs.h"
#include "fs/devfs/devfs_impl.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"
#include "vfs/vnode.h"

#define DEVFS_MAGIC 0x1373 /* as Linux's devfs had */

enum {
	INO_ROOT = 1,
	INO_MEMORY = 2, /* of the first memory device */
};

/* Positions below INO_MEMORY. */
enum {
	POSITION_SELF,
	POSITION_PARENT,
};

_Static_assert(BLOCK_NUMBER_FIRST == (uint32_t)MAJOR_STORE << DEVICE_MINOR_BITS,
    "block devices have the major number of their driver");

struct devfs {
	struct mount mount;
	struct timestamp started;
};

/* An entry, as long as it is looked at. */
struct entry {
	uint64_t ino;
	enum vnode_type type;
	char name[BLOCK_NAME_MAX + 1];
};

static const struct fs_type devfs_type;
static const struct vnode_ops directory_ops;
static const struct vnode_ops device_ops;

/* The registered block device with the lowest number at or after ino. */
static bool
next_block_device(struct kernel *kernel, uint64_t ino, struct entry *out)
{
	char name[BLOCK_NAME_MAX + 1];
	bool is_found = false;
	uint32_t number;

	for (size_t i = 0; block_enumerate(kernel, i, name, &number); i++) {
		if (number < ino || (is_found && number > out->ino))
			continue;
		out->ino = number;
		out->type = VNODE_BLOCK;
		string_copy(out->name, name, sizeof(out->name));
		is_found = true;
	}
	return is_found;
}

/* The entry with the lowest inode number at or after ino. */
static bool
next_entry(struct kernel *kernel, uint64_t ino, struct entry *out)
{
	const struct memory_device *device = devfs_memory_device(ino - INO_MEMORY);

	if (device == NULL)
		return next_block_device(kernel, ino, out);
	out->ino = ino;
	out->type = VNODE_CHARACTER;
	string_copy(out->name, device->name, sizeof(out->name));
	return true;
}

/* The inode number that name leads to, or 0. */
static uint64_t
find_name(struct kernel *kernel, struct name name)
{
	struct entry entry;

	for (uint64_t ino = INO_MEMORY; next_entry(kernel, ino, &entry); ino = entry.ino + 1) {
		if (name_equal(name, name_of(entry.name)))
			return entry.ino;
	}
	return 0;
}

static int
devfs_lookup(struct vnode *dir, struct name name, struct vnode **out)
{
	uint64_t ino = INO_ROOT;

	*out = NULL;
	if (!name_equal(name, NAME("..")))
		ino = find_name(dir->kernel, name);
	return ino == 0 ? -ENOENT : vnode_find(dir->mount, ino, out);
}

static int
devfs_read_directory(struct vnode *dir, uint64_t *position, struct directory_sink *sink)
{
	struct entry entry;

	for (; *position < INO_MEMORY; ++*position) {
		struct name name = *position == POSITION_SELF ? NAME(".") : NAME("..");

		if (!sink->add(sink, name, INO_ROOT, VNODE_DIRECTORY, *position + 1))
			return 0;
	}
	for (; next_entry(dir->kernel, *position, &entry); *position = entry.ino + 1) {
		if (!sink->add(sink, name_of(entry.name), entry.ino, entry.type, entry.ino + 1))
			return 0;
	}
	return 0;
}

static void
devfs_reclaim(struct vnode *vnode)
{
	memory_free(vnode->kernel, vnode, sizeof(*vnode));
}

static const struct vnode_ops directory_ops = {
	VNODE_NO_CHANGES,
	VNODE_NO_XATTRS,
	VNODE_NO_TARGET,
	VNODE_NO_CONTENT,
	.lookup = devfs_lookup,
	.read_directory = devfs_read_directory,
	.reclaim = devfs_reclaim,
};

static const struct vnode_ops device_ops = {
	VNODE_NO_CHANGES,
	VNODE_NO_XATTRS,
	VNODE_NO_ENTRIES,
	VNODE_NO_TARGET,
	VNODE_NO_CONTENT,
	.reclaim = devfs_reclaim,
};

/* What an inode is: its type, permissions, links and device number. */
static int
describe_ino(struct kernel *kernel, uint64_t ino, enum vnode_type *type,
    struct vnode_attributes *attributes)
{
	const struct memory_device *device = devfs_memory_device(ino - INO_MEMORY);
	struct entry entry;

	attributes->link_count = 1;
	if (ino == INO_ROOT) {
		*type = VNODE_DIRECTORY;
		attributes->permissions = 0755;
		attributes->link_count = 2;
	} else if (device != NULL) {
		*type = VNODE_CHARACTER;
		attributes->permissions = 0666;
		attributes->device = device_number(MAJOR_MEMORY, device->minor);
	} else if (next_block_device(kernel, ino, &entry) && entry.ino == ino) {
		*type = VNODE_BLOCK;
		attributes->permissions = 0600;
		attributes->device = (uint32_t)ino;
	} else {
		return -ENOENT;
	}
	return 0;
}

static int
devfs_load(struct mount *mount, uint64_t ino, struct vnode **out)
{
	struct devfs *fs = container_of(mount, struct devfs, mount);
	struct vnode_attributes attributes = {
		.ino = ino,
		.accessed = fs->started,
		.modified = fs->started,
		.changed = fs->started,
		.born = fs->started,
		.io_block_size = PAGE_SIZE,
	};
	enum vnode_type type;
	struct vnode *vnode;
	int error = describe_ino(mount->kernel, ino, &type, &attributes);

	*out = NULL;
	if (error < 0)
		return error;
	vnode = memory_alloc(mount->kernel, sizeof(*vnode));
	if (vnode == NULL)
		return -ENOMEM;
	vnode_init(vnode, mount, type == VNODE_DIRECTORY ? &directory_ops : &device_ops, type, ino);
	vnode->attributes = attributes;
	*out = vnode;
	return 0;
}

static int
devfs_statistics(struct mount *mount, struct fs_statistics *out)
{
	*out = (struct fs_statistics){
		.type = DEVFS_MAGIC,
		.block_size = PAGE_SIZE,
		.fragment_size = PAGE_SIZE,
		.id = mount->id,
	};
	return 0;
}

static void
devfs_destroy(struct mount *mount)
{
	struct devfs *fs = container_of(mount, struct devfs, mount);

	memory_free(mount->kernel, fs, sizeof(*fs));
}

static const struct mount_ops devfs_mount_ops = {
	.load = devfs_load,
	.statistics = devfs_statistics,
	.sync = mount_sync_nothing,
	.describe = mount_describe_nothing,
	.destroy = devfs_destroy,
};

static int
devfs_mount(const struct mount_request *request, struct mount **out)
{
	struct devfs *fs;
	int error;

	*out = NULL;
	if (request->options[0] != '\0') {
		kernel_log(request->kernel, LOG_ERROR, "devfs: option \"%s\": it takes none",
		    request->options);
		return -EINVAL;
	}
	fs = memory_alloc_zeroed(request->kernel, sizeof(*fs));
	if (fs == NULL)
		return -ENOMEM;
	mount_init(&fs->mount, request, &devfs_type, &devfs_mount_ops);
	fs->mount.flags |= MOUNT_READ_ONLY;
	fs->mount.has_live_names = true;
	fs->started = timestamp_now(request->kernel);
	error = vnode_find(&fs->mount, INO_ROOT, &fs->mount.root);
	if (error < 0) {
		devfs_destroy(&fs->mount);
		return error;
	}
	*out = &fs->mount;
	return 0;
}

/* Nothing on any device is devfs. */
static int
devfs_probe(const struct mount_request *request)
{
	return -EINVAL;
}

static const struct fs_type devfs_type = {
	.name = "devfs",
	.magic = DEVFS_MAGIC,
	.needs_device = false,
	.probe = devfs_probe,
	.mount = devfs_mount,
	.make = fs_no_make,
	.check = fs_no_check,
};

/* Registrations go with the kernel. */
static int
register_all(struct kernel *kernel)
{
	int error = device_register(kernel, VNODE_CHARACTER, MAJOR_MEMORY, &devfs_memory_ops);

	if (error == 0)
		error = device_register(kernel, VNODE_BLOCK, MAJOR_STORE, &devfs_block_ops);
	if (error == 0)
		error = fs_register(kernel, &devfs_type);
	return error;
}

static int
devfs_start(struct kernel *kernel)
{
	struct devfs_state *state = memory_alloc(kernel, sizeof(*state));
	int error;

	if (state == NULL)
		return -ENOMEM;
	error = register_all(kernel);
	if (error < 0) {
		memory_free(kernel, state, sizeof(*state));
		return error;
	}
	mutex_init(&state->write_lock, kernel, RANK_FILE_SYSTEM);
	kernel->slots[SLOT_DEVFS] = state;
	return 0;
}

static void
devfs_stop(struct kernel *kernel)
{
	memory_free(kernel, kernel->slots[SLOT_DEVFS], sizeof(struct devfs_state));
}

const struct component devfs_component = {
	.name = "devfs",
	.start = devfs_start,
	.stop = devfs_stop,
};
