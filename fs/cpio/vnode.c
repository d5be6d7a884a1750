/*
 * What can be done with the files of an archive: vnodes over the inodes of the
 * tree.
 *
 * Nothing here changes after mounting, so the vnodes' locks, which the layer
 * above takes, guard nothing of ours.
 */
#include "vfs/vnode.h"
#include "base/errno.h"
#include "base/math.h"
#include "fs/cpio/cpio_impl.h"
#include "kern/memory.h"

/* Positions of a listing before those of entries. */
enum {
	POSITION_SELF,
	POSITION_PARENT,
	POSITION_FIRST, /* the first entry; after each, its own position */
};

_Static_assert(POSITION_FIRST < CPIO_FIRST_POSITION, "positions of entries are their own");

struct cpio_vnode {
	struct vnode vnode;
	const struct cpio_inode *inode; /* constant */
};

static const struct cpio_inode *
inode_of(struct vnode *vnode)
{
	return container_of(vnode, struct cpio_vnode, vnode)->inode;
}

/* ---- directories ---------------------------------------------------------------- */

static int
lookup(struct vnode *dir, struct name name, struct vnode **out)
{
	const struct cpio_inode *inode = inode_of(dir);
	const struct cpio_entry *entry;

	*out = NULL;
	if (name_equal(name, NAME("..")))
		return vnode_find(dir->mount, inode->parent->ino, out);
	entry = cpio_tree_find(&cpio_of(dir->mount)->tree, inode->ino, name);
	return entry == NULL ? -ENOENT : vnode_find(dir->mount, entry->inode->ino, out);
}

/* The entry at a position that may be forged, or NULL at the end. */
static const struct cpio_entry *
entry_at(struct vnode *dir, uint64_t position)
{
	const struct cpio_entry *before;

	if (position == POSITION_FIRST)
		return inode_of(dir)->first;
	before = cpio_tree_entry(&cpio_of(dir->mount)->tree, position);
	return before != NULL && before->dir == dir->ino ? before->next : NULL;
}

static int
read_directory(struct vnode *dir, uint64_t *position, struct directory_sink *sink)
{
	const struct cpio_entry *entry;

	if (*position == POSITION_SELF) {
		if (!sink->add(sink, NAME("."), dir->ino, VNODE_DIRECTORY, POSITION_PARENT))
			return 0;
		*position = POSITION_PARENT;
	}
	if (*position == POSITION_PARENT) {
		if (!sink->add(sink, NAME(".."), inode_of(dir)->parent->ino, VNODE_DIRECTORY,
			POSITION_FIRST))
			return 0;
		*position = POSITION_FIRST;
	}
	for (entry = entry_at(dir, *position); entry != NULL; entry = entry->next) {
		struct name name = { entry->name, entry->length };

		if (!sink->add(sink, name, entry->inode->ino, entry->inode->type, entry->position))
			return 0;
		*position = entry->position;
	}
	return 0;
}

/* ---- content -------------------------------------------------------------------- */

/* A file lies on the store as it is, but not at a multiple of anything. */
static int
map_extent(struct vnode *vnode, uint64_t offset, uint64_t length, enum extent_intent intent,
    struct extent *out)
{
	const struct cpio_inode *inode = inode_of(vnode);

	*out = (struct extent){
		.offset = offset,
		.length = min_u64(length, inode->size - offset),
		.address = inode->address + offset,
	};
	return 0;
}

static int
read_store(struct vnode *vnode, uint64_t address, const struct segment *segments, size_t count)
{
	return block_read_bytes(cpio_of(vnode->mount)->device, address, segments, count);
}

static int
read_link(struct vnode *vnode, char *target, size_t size, size_t *length)
{
	const struct cpio_inode *inode = inode_of(vnode);
	struct segment segment = { target, (size_t)min_u64(size, inode->size) };

	*length = segment.length;
	return read_store(vnode, inode->address, &segment, 1);
}

/* ---- vnodes --------------------------------------------------------------------- */

static void
reclaim(struct vnode *vnode)
{
	struct cpio_vnode *file = container_of(vnode, struct cpio_vnode, vnode);

	memory_free(vnode->kernel, file, sizeof(*file));
}

static const struct vnode_ops directory_ops = {
	VNODE_NO_CHANGES,
	VNODE_NO_XATTRS,
	VNODE_NO_TARGET,
	VNODE_NO_CONTENT,
	.lookup = lookup,
	.read_directory = read_directory,
	.reclaim = reclaim,
};

static const struct vnode_ops file_ops = {
	VNODE_NO_CHANGES,
	VNODE_NO_XATTRS,
	VNODE_NO_ENTRIES,
	VNODE_NO_TARGET,
	.map_extent = map_extent,
	.read_store = read_store,
	.reclaim = reclaim,
};

static const struct vnode_ops link_ops = {
	VNODE_NO_CHANGES,
	VNODE_NO_XATTRS,
	VNODE_NO_ENTRIES,
	VNODE_NO_CONTENT,
	.read_link = read_link,
	.reclaim = reclaim,
};

/* Devices, fifos, sockets: attributes and nothing else. */
static const struct vnode_ops special_ops = {
	VNODE_NO_CHANGES,
	VNODE_NO_XATTRS,
	VNODE_NO_ENTRIES,
	VNODE_NO_TARGET,
	VNODE_NO_CONTENT,
	.reclaim = reclaim,
};

static const struct vnode_ops *
ops_of(enum vnode_type type)
{
	switch (type) {
	case VNODE_DIRECTORY:
		return &directory_ops;
	case VNODE_REGULAR:
		return &file_ops;
	case VNODE_SYMLINK:
		return &link_ops;
	default:
		return &special_ops;
	}
}

static struct vnode_attributes
attributes_of(const struct cpio_inode *inode)
{
	struct timestamp modified = { .seconds = inode->modified };

	return (struct vnode_attributes){
		.ino = inode->ino,
		.size = inode->size,
		.block_count = divide_up(inode->size, STORE_UNIT),
		.link_count = inode->link_count,
		.permissions = inode->permissions,
		.uid = inode->uid,
		.gid = inode->gid,
		.device = inode->device,
		.accessed = modified, /* the only time there is */
		.modified = modified,
		.changed = modified,
		.io_block_size = PAGE_SIZE,
	};
}

int
cpio_load(struct mount *mount, uint64_t ino, struct vnode **out)
{
	const struct cpio_inode *inode = cpio_tree_inode(&cpio_of(mount)->tree, ino);
	struct cpio_vnode *file;

	*out = NULL;
	if (inode == NULL)
		return -ENOENT;
	file = memory_alloc(mount->kernel, sizeof(*file));
	if (file == NULL)
		return -ENOMEM;
	vnode_init(&file->vnode, mount, ops_of(inode->type), inode->type, ino);
	file->vnode.attributes = attributes_of(inode);
	file->inode = inode;
	*out = &file->vnode;
	return 0;
}
