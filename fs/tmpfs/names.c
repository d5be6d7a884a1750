/*
 * Names of tmpfs: what changes directories.
 *
 * What can fail is done first, then the rest cannot: a new name gets its entry
 * before its inode, and a rename that replaces or exchanges only points
 * existing entries at other inodes.
 *
 * An inode's link count is the number of its names; a directory's, as in all
 * of Unix, 2 and one for each directory in it.
 */
#include "base/errno.h"
#include "fs/tmpfs/tmpfs_impl.h"

#define ENTRY_SIZE 20 /* what an entry counts for in the size of a directory */

/* Positions of a listing: the two that every directory has, then the entries. */
enum {
	POSITION_SELF,
	POSITION_PARENT,
	POSITION_FIRST,
};

static bool
is_directory(const struct tmpfs_node *node)
{
	return node->vnode.type == VNODE_DIRECTORY;
}

/* The size of a directory follows its entries. */
static void
entries_changed(struct tmpfs_node *dir)
{
	dir->vnode.attributes.size = (POSITION_FIRST + dir->directory.entry_count) * ENTRY_SIZE;
}

/* node has one more name, in dir. */
static void
gain_name(struct tmpfs_node *dir, struct tmpfs_node *node)
{
	uint32_t *count = &node->vnode.attributes.link_count;

	if (*count == 0)
		vnode_get(&node->vnode);
	*count += 1;
	if (is_directory(node)) {
		*count += 1; /* its "." */
		dir->vnode.attributes.link_count++;
		node->parent = dir;
	}
}

/* node has one name less, in dir.  Our caller has a reference of its own. */
static void
lose_name(struct tmpfs_node *dir, struct tmpfs_node *node)
{
	uint32_t *count = &node->vnode.attributes.link_count;

	*count -= 1;
	if (is_directory(node)) {
		*count -= 1;
		dir->vnode.attributes.link_count--;
	}
	if (*count == 0) {
		node->parent = NULL;
		vnode_put(&node->vnode);
	}
}

void
tmpfs_make_root(struct tmpfs_node *node)
{
	/* It is its own parent, by a name that is in no directory. */
	gain_name(node, node);
	node->vnode.attributes.link_count--;
	entries_changed(node);
}

static int
tmpfs_lookup(struct vnode *vdir, struct name name, struct vnode **out)
{
	struct tmpfs_node *dir = tmpfs_node_of(vdir);
	struct tmpfs_entry *entry;
	struct tmpfs_node *node;

	*out = NULL;
	if (name_equal(name, NAME(".."))) {
		node = dir->parent;
	} else {
		entry = tmpfs_directory_find(&dir->directory, name);
		node = entry == NULL ? NULL : entry->node;
	}
	if (node == NULL)
		return -ENOENT;
	*out = vnode_get(&node->vnode);
	return 0;
}

static int
tmpfs_create(struct vnode *vdir, struct name name, const struct vnode_create *what,
    struct vnode **out)
{
	struct tmpfs_node *dir = tmpfs_node_of(vdir);
	struct tmpfs_entry *entry;
	int error;

	*out = NULL;
	entry = tmpfs_directory_add(&dir->directory, name);
	if (entry == NULL)
		return -ENOMEM;
	error = tmpfs_node_create(tmpfs_of(vdir), what, &entry->node);
	if (error < 0) {
		tmpfs_directory_remove(&dir->directory, entry);
		return error;
	}
	gain_name(dir, entry->node);
	if (is_directory(entry->node))
		entries_changed(entry->node); /* it has "." and ".." from the beginning */
	entries_changed(dir);
	*out = &entry->node->vnode;
	return 0;
}

static int
tmpfs_create_unnamed(struct vnode *dir, const struct vnode_create *what, struct vnode **out)
{
	struct tmpfs_node *node;
	int error = tmpfs_node_create(tmpfs_of(dir), what, &node);

	*out = error < 0 ? NULL : &node->vnode;
	return error;
}

static int
tmpfs_link(struct vnode *vdir, struct name name, struct vnode *vnode)
{
	struct tmpfs_node *dir = tmpfs_node_of(vdir);
	struct tmpfs_entry *entry;

	if (vnode->attributes.link_count == UINT32_MAX)
		return -EMLINK;
	entry = tmpfs_directory_add(&dir->directory, name);
	if (entry == NULL)
		return -ENOMEM;
	entry->node = tmpfs_node_of(vnode);
	gain_name(dir, entry->node);
	entries_changed(dir);
	return 0;
}

static bool
has_entries(const struct tmpfs_node *node)
{
	return is_directory(node) && node->directory.entry_count > 0;
}

static int
tmpfs_remove(struct vnode *vdir, struct name name, struct vnode *vnode)
{
	struct tmpfs_node *dir = tmpfs_node_of(vdir);
	struct tmpfs_node *node = tmpfs_node_of(vnode);
	struct tmpfs_entry *entry = tmpfs_directory_find(&dir->directory, name);

	ASSERT(entry != NULL && entry->node == node);
	if (has_entries(node))
		return -ENOTEMPTY;
	tmpfs_directory_remove(&dir->directory, entry);
	entries_changed(dir);
	lose_name(dir, node);
	return 0;
}

/* Swap what two names lead to.  One name more before one less: none is the last. */
static void
exchange(struct tmpfs_node *from_dir, struct tmpfs_entry *from, struct tmpfs_node *to_dir,
    struct tmpfs_entry *to)
{
	struct tmpfs_node *node = from->node;
	struct tmpfs_node *other = to->node;

	from->node = other;
	to->node = node;
	gain_name(to_dir, node);
	lose_name(from_dir, node);
	gain_name(from_dir, other);
	lose_name(to_dir, other);
}

/* Have to_name lead to what from leads to; to is its entry, or NULL. */
static int
move(const struct vnode_rename *rename, struct tmpfs_entry *from, struct tmpfs_entry *to)
{
	struct tmpfs_node *from_dir = tmpfs_node_of(rename->from_dir);
	struct tmpfs_node *to_dir = tmpfs_node_of(rename->to_dir);
	struct tmpfs_node *node = from->node;
	struct tmpfs_node *replaced = NULL;

	if (to != NULL)
		replaced = to->node;
	else
		to = tmpfs_directory_add(&to_dir->directory, rename->to_name);
	if (to == NULL)
		return -ENOMEM;
	if (replaced != NULL && has_entries(replaced))
		return -ENOTEMPTY;
	to->node = node;
	gain_name(to_dir, node);
	tmpfs_directory_remove(&from_dir->directory, from);
	lose_name(from_dir, node);
	if (replaced != NULL)
		lose_name(to_dir, replaced);
	entries_changed(from_dir);
	entries_changed(to_dir);
	return 0;
}

static int
tmpfs_rename(const struct vnode_rename *rename)
{
	struct tmpfs_node *from_dir = tmpfs_node_of(rename->from_dir);
	struct tmpfs_node *to_dir = tmpfs_node_of(rename->to_dir);
	struct tmpfs_entry *from = tmpfs_directory_find(&from_dir->directory, rename->from_name);
	struct tmpfs_entry *to = tmpfs_directory_find(&to_dir->directory, rename->to_name);

	ASSERT(from != NULL && &from->node->vnode == rename->vnode);
	ASSERT((to == NULL) == (rename->replaced == NULL));
	if (!rename->exchange)
		return move(rename, from, to);
	exchange(from_dir, from, to_dir, to);
	return 0;
}

static int
tmpfs_read_directory(struct vnode *vdir, uint64_t *position, struct directory_sink *sink)
{
	struct tmpfs_node *dir = tmpfs_node_of(vdir);
	struct tmpfs_node *parent = dir->parent == NULL ? dir : dir->parent;
	struct tmpfs_entry *entry;

	if (*position == POSITION_SELF) {
		if (!sink->add(sink, NAME("."), vdir->ino, VNODE_DIRECTORY, POSITION_PARENT))
			return 0;
		*position = POSITION_PARENT;
	}
	if (*position == POSITION_PARENT) {
		if (!sink->add(sink, NAME(".."), parent->vnode.ino, VNODE_DIRECTORY,
			POSITION_FIRST))
			return 0;
		*position = POSITION_FIRST;
	}
	while ((entry = tmpfs_directory_at(&dir->directory, *position - POSITION_FIRST)) != NULL) {
		const struct vnode *vnode = &entry->node->vnode;
		uint64_t next = entry->position + POSITION_FIRST + 1;

		if (!sink->add(sink, (struct name){ entry->name, entry->length }, vnode->ino,
			vnode->type, next))
			return 0;
		*position = next;
	}
	return 0;
}

const struct vnode_ops tmpfs_directory_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.link = tmpfs_link,
	.remove = tmpfs_remove,
	.rename = tmpfs_rename,
	.read_directory = tmpfs_read_directory,
	.read_link = vnode_no_read_link,
	.attributes_changed = tmpfs_attributes_changed,
	.map_extent = vnode_no_map_extent,
	.read_store = vnode_no_read_store,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = tmpfs_create_unnamed,
	.get_xattr = tmpfs_get_xattr,
	.set_xattr = tmpfs_set_xattr,
	.list_xattr = tmpfs_list_xattr,
	.remove_xattr = tmpfs_remove_xattr,
	.sync = vnode_sync_mount,
	.erase = vnode_erase_nothing,
	.reclaim = tmpfs_node_reclaim,
};
