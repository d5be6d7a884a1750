/*
 * Extended attributes of tmpfs inodes: a list in the order of the names.
 *
 * They take memory like content does, and count as such: the attributes of one
 * inode take whole pages of the mount's limit.  Counting bytes of all inodes
 * together would waste less, but then counts could no longer be kept by atomic
 * operations alone, as node.c wants it.
 *
 * An inode's names fit the longest list that listxattr(2) gives; what does not
 * is refused when it is set, so that a list can always be had and searches are
 * bounded.
 */
#include "base/errno.h"
#include "base/math.h"
#include "fs/tmpfs/tmpfs_impl.h"
#include "kern/memory.h"

struct tmpfs_xattr {
	struct tmpfs_xattr *next;
	uint32_t value_size;
	uint8_t name_length;
	char bytes[]; /* the name, then the value */
};

static size_t
xattr_size(size_t name_length, size_t value_size)
{
	return offsetof(struct tmpfs_xattr, bytes) + name_length + value_size;
}

static size_t
size_of(const struct tmpfs_xattr *xattr)
{
	return xattr_size(xattr->name_length, xattr->value_size);
}

static struct name
name_of_xattr(const struct tmpfs_xattr *xattr)
{
	return (struct name){ xattr->bytes, xattr->name_length };
}

/* Negative, 0 or positive, as left sorts before, with or after right. */
static int
compare_names(struct name left, struct name right)
{
	size_t common = left.length < right.length ? left.length : right.length;
	int order = memcmp(left.bytes, right.bytes, common);

	if (order != 0)
		return order;
	return left.length < right.length ? -1 : left.length > right.length;
}

/* Where name stands in the list, or where it would; is it there? */
static struct tmpfs_xattr **
find_place(struct tmpfs_node *node, struct name name, bool *is_there)
{
	struct tmpfs_xattr **place = &node->xattrs;
	int order = 1;

	while (*place != NULL && (order = compare_names(name_of_xattr(*place), name)) < 0)
		place = &(*place)->next;
	*is_there = *place != NULL && order == 0;
	return place;
}

/* Have size bytes of attributes, in pages of the mount's limit.  -ENOSPC. */
static int
count_size(struct tmpfs_node *node, size_t size)
{
	struct tmpfs *fs = tmpfs_of(&node->vnode);
	uint64_t wanted = divide_up((uint64_t)size, PAGE_SIZE);
	uint64_t had = divide_up((uint64_t)node->xattr_size, PAGE_SIZE);

	if (wanted > had && !tmpfs_take_pages(fs, wanted - had))
		return -ENOSPC;
	if (wanted < had)
		tmpfs_return_pages(fs, had - wanted);
	node->xattr_size = size;
	return 0;
}

int
tmpfs_get_xattr(struct vnode *vnode, struct name name, void *value, size_t size, size_t *length)
{
	bool is_there;
	struct tmpfs_xattr *xattr = *find_place(tmpfs_node_of(vnode), name, &is_there);

	if (!is_there)
		return -ENODATA;
	*length = xattr->value_size;
	if (size == 0)
		return 0;
	if (size < xattr->value_size)
		return -ERANGE;
	memcpy(value, xattr->bytes + xattr->name_length, xattr->value_size);
	return 0;
}

int
tmpfs_set_xattr(struct vnode *vnode, struct name name, const void *value, size_t size,
    uint32_t flags)
{
	struct tmpfs_node *node = tmpfs_node_of(vnode);
	struct tmpfs_xattr *old = NULL, *xattr;
	struct tmpfs_xattr **place;
	size_t total = node->xattr_size + xattr_size(name.length, size);
	bool is_there;
	int error;

	place = find_place(node, name, &is_there);
	if (is_there && (flags & XATTR_CREATE) != 0)
		return -EEXIST;
	if (!is_there && (flags & XATTR_REPLACE) != 0)
		return -ENODATA;
	if (!is_there && node->xattr_list_size + name.length + 1 > XATTR_LIST_MAX)
		return -ENOSPC;
	xattr = memory_alloc(vnode->kernel, xattr_size(name.length, size));
	if (xattr == NULL)
		return -ENOMEM;
	if (is_there)
		old = *place;
	error = count_size(node, old == NULL ? total : total - size_of(old));
	if (error < 0) {
		memory_free(vnode->kernel, xattr, xattr_size(name.length, size));
		return error;
	}

	xattr->next = old == NULL ? *place : old->next;
	xattr->value_size = (uint32_t)size;
	xattr->name_length = (uint8_t)name.length;
	memcpy(xattr->bytes, name.bytes, name.length);
	if (size > 0)
		memcpy(xattr->bytes + name.length, value, size);
	*place = xattr;
	if (old == NULL)
		node->xattr_list_size += name.length + 1;
	else
		memory_free(vnode->kernel, old, size_of(old));
	return 0;
}

int
tmpfs_list_xattr(struct vnode *vnode, char *list, size_t size, size_t *length)
{
	const struct tmpfs_node *node = tmpfs_node_of(vnode);

	*length = node->xattr_list_size;
	if (size == 0)
		return 0;
	if (size < *length)
		return -ERANGE;
	for (const struct tmpfs_xattr *xattr = node->xattrs; xattr != NULL; xattr = xattr->next) {
		memcpy(list, xattr->bytes, xattr->name_length);
		list[xattr->name_length] = '\0';
		list += xattr->name_length + 1;
	}
	return 0;
}

/* Take the attribute at a place of the list away; less memory always does. */
static void
remove_at(struct tmpfs_node *node, struct tmpfs_xattr **place)
{
	struct tmpfs_xattr *xattr = *place;
	int error;

	*place = xattr->next;
	node->xattr_list_size -= xattr->name_length + (size_t)1;
	error = count_size(node, node->xattr_size - size_of(xattr));
	ASSERT(error == 0);
	memory_free(node->vnode.kernel, xattr, size_of(xattr));
}

int
tmpfs_remove_xattr(struct vnode *vnode, struct name name)
{
	struct tmpfs_node *node = tmpfs_node_of(vnode);
	bool is_there;
	struct tmpfs_xattr **place = find_place(node, name, &is_there);

	if (!is_there)
		return -ENODATA;
	remove_at(node, place);
	return 0;
}

void
tmpfs_free_xattrs(struct tmpfs_node *node)
{
	while (node->xattrs != NULL)
		remove_at(node, &node->xattrs);
}
