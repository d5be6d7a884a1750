/*
 * Inodes and entries in memory: see tree.h.
 *
 * One hash table finds the entries of all directories.  A path of an archive
 * may be 2000 directories deep and come up a million times; walks of it must
 * cost no more than its length.
 */
#include "fs/cpio/tree.h"

#include "base/errno.h"
#include "base/hash.h"
#include "kern/kernel.h"
#include "kern/memory.h"

#define BUCKETS_MIN 64

/* Memory of the tree, zeroed; NULL at its limit too. */
static void *
tree_alloc(struct cpio_tree *tree, size_t size)
{
	void *memory;

	if (size > tree->memory_limit - tree->memory_used)
		return NULL;
	memory = memory_alloc_zeroed(tree->kernel, size);
	if (memory != NULL)
		tree->memory_used += size;
	return memory;
}

static void
tree_free(struct cpio_tree *tree, void *memory, size_t size)
{
	if (memory != NULL)
		tree->memory_used -= size;
	memory_free(tree->kernel, memory, size);
}

/* Names come from outside: nobody else is to know which of them collide. */
static uint32_t
hash_of(const struct cpio_tree *tree, uint64_t dir, struct name name)
{
	return (
	    uint32_t)hash_bytes(hash_u64(tree->kernel->hash_secret ^ dir), name.bytes, name.length);
}

static struct cpio_entry **
bucket_of(const struct cpio_tree *tree, uint32_t hash)
{
	return &tree->buckets[hash & (tree->bucket_count - 1)];
}

/* See to it that there are about as many buckets as entries. */
static int
grow_buckets(struct cpio_tree *tree)
{
	struct cpio_entry **old = tree->buckets;
	size_t old_count = tree->bucket_count;
	size_t count = old_count == 0 ? BUCKETS_MIN : old_count * 2;
	struct cpio_entry **buckets;

	if (tree->entry_count < old_count)
		return 0;
	buckets = tree_alloc(tree, count * sizeof(struct cpio_entry *));
	if (buckets == NULL)
		return -ENOMEM;
	tree->buckets = buckets;
	tree->bucket_count = count;
	for (size_t i = 0; i < old_count; i++) {
		for (struct cpio_entry *entry = old[i], *next; entry != NULL; entry = next) {
			struct cpio_entry **bucket = bucket_of(tree, entry->hash);

			next = entry->next_in_bucket;
			entry->next_in_bucket = *bucket;
			*bucket = entry;
		}
	}
	tree_free(tree, old, old_count * sizeof(struct cpio_entry *));
	return 0;
}

struct cpio_inode *
cpio_tree_add_inode(struct cpio_tree *tree, enum vnode_type type)
{
	struct cpio_inode *inode = tree_alloc(tree, sizeof(*inode));

	if (inode == NULL)
		return NULL;
	inode->ino = tree->inode_count + 1;
	inode->type = type;
	if (radix_insert(&tree->inodes, inode->ino, inode) < 0) {
		tree_free(tree, inode, sizeof(*inode));
		return NULL;
	}
	tree->inode_count++;
	return inode;
}

/* An entry that is found by its name and position, in no directory's list yet. */
static struct cpio_entry *
add_entry(struct cpio_tree *tree, uint64_t dir, struct name name, struct cpio_inode *inode)
{
	size_t size = sizeof(struct cpio_entry) + name.length;
	struct cpio_entry *entry;
	struct cpio_entry **bucket;

	ASSERT(name.length > 0 && name.length <= NAME_LENGTH_MAX);
	if (grow_buckets(tree) < 0)
		return NULL;
	entry = tree_alloc(tree, size);
	if (entry == NULL)
		return NULL;
	entry->position = tree->entry_count + CPIO_FIRST_POSITION;
	if (radix_insert(&tree->entries, entry->position, entry) < 0) {
		tree_free(tree, entry, size);
		return NULL;
	}
	tree->entry_count++;
	entry->inode = inode;
	entry->dir = dir;
	entry->hash = hash_of(tree, dir, name);
	entry->length = (uint8_t)name.length;
	memcpy(entry->name, name.bytes, name.length);
	bucket = bucket_of(tree, entry->hash);
	entry->next_in_bucket = *bucket;
	*bucket = entry;
	return entry;
}

/* Count a name of inode in dir; a directory has one more, its ".", and leads to dir by "..". */
static void
gain_name(struct cpio_inode *dir, struct cpio_inode *inode)
{
	inode->link_count++;
	if (inode->type == VNODE_DIRECTORY) {
		inode->link_count++;
		inode->parent = dir;
		dir->link_count++;
	}
}

static void
lose_name(struct cpio_inode *dir, struct cpio_inode *inode)
{
	inode->link_count--;
	if (inode->type == VNODE_DIRECTORY) {
		inode->link_count--;
		dir->link_count--;
	}
}

int
cpio_tree_add_entry(struct cpio_tree *tree, struct cpio_inode *dir, struct name name,
    struct cpio_inode *inode)
{
	struct cpio_entry *entry = add_entry(tree, dir->ino, name, inode);

	if (entry == NULL)
		return -ENOMEM;
	if (dir->last != NULL)
		dir->last->next = entry;
	else
		dir->first = entry;
	dir->last = entry;
	gain_name(dir, inode);
	return 0;
}

int
cpio_tree_add_hidden(struct cpio_tree *tree, uint64_t dir, struct name key,
    struct cpio_inode *inode)
{
	return add_entry(tree, dir, key, inode) != NULL ? 0 : -ENOMEM;
}

void
cpio_tree_replace(struct cpio_inode *dir, struct cpio_entry *entry, struct cpio_inode *inode)
{
	ASSERT(entry->inode->first == NULL);
	gain_name(dir, inode);
	lose_name(dir, entry->inode);
	entry->inode = inode;
}

struct cpio_entry *
cpio_tree_find(const struct cpio_tree *tree, uint64_t dir, struct name name)
{
	uint32_t hash = hash_of(tree, dir, name);
	struct cpio_entry *entry = tree->bucket_count > 0 ? *bucket_of(tree, hash) : NULL;

	while (entry != NULL && !(entry->hash == hash && entry->dir == dir &&
				    name_equal(name, (struct name){ entry->name, entry->length })))
		entry = entry->next_in_bucket;
	return entry;
}

struct cpio_inode *
cpio_tree_inode(const struct cpio_tree *tree, uint64_t ino)
{
	return radix_find(&tree->inodes, ino);
}

struct cpio_entry *
cpio_tree_entry(const struct cpio_tree *tree, uint64_t position)
{
	return radix_find(&tree->entries, position);
}

int
cpio_tree_create(struct cpio_tree *tree, struct kernel *kernel, uint64_t memory_limit)
{
	*tree = (struct cpio_tree){ .kernel = kernel, .memory_limit = memory_limit };
	radix_init(&tree->inodes, kernel);
	radix_init(&tree->entries, kernel);
	tree->root = cpio_tree_add_inode(tree, VNODE_DIRECTORY);
	if (tree->root == NULL)
		return -ENOMEM;
	tree->root->permissions = 0755;
	tree->root->link_count = 2; /* "." and, being its own parent, ".." */
	tree->root->parent = tree->root;
	return 0;
}

void
cpio_tree_destroy(struct cpio_tree *tree)
{
	for (uint64_t i = 0; i < tree->entry_count; i++) {
		struct cpio_entry *entry = radix_remove(&tree->entries, i + CPIO_FIRST_POSITION);

		tree_free(tree, entry, sizeof(*entry) + entry->length);
	}
	for (uint64_t ino = CPIO_ROOT_INO; ino <= tree->inode_count; ino++)
		tree_free(tree, radix_remove(&tree->inodes, ino), sizeof(struct cpio_inode));
	tree_free(tree, tree->buckets, tree->bucket_count * sizeof(struct cpio_entry *));
}
