/*
 * The files of an archive, as a tree in memory.
 *
 * An archive is a list of paths.  To be a file system it needs directories, in
 * which names are found and which can be listed: those are made here once, when
 * it is mounted, and content stays where it is, on the store.
 *
 * An inode is a file; an entry is a name of it in a directory.  All of them are
 * owned by the tree and go with it.  It changes only until it is complete, in
 * one thread, and has no locks.
 */
#ifndef FS_CPIO_TREE_H
#define FS_CPIO_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/string.h"
#include "vfs/radix.h"
#include "vfs/vnode.h"

#define CPIO_ROOT_INO	    1
#define CPIO_FIRST_POSITION 3 /* of entries; below it, ".", ".." and the first of them */

struct cpio_entry;

struct cpio_inode {
	uint64_t ino; /* numbered as they come */
	enum vnode_type type;
	uint32_t permissions;
	uint32_t uid;
	uint32_t gid;
	uint32_t link_count; /* as many as there are, whatever the archive says */
	uint32_t modified;   /* seconds since 1970 */
	uint32_t device;     /* device nodes */
	uint32_t size;
	uint64_t address;	   /* of content or target, on the store */
	struct cpio_inode *parent; /* directories; of the root, itself */
	struct cpio_entry *first, *last;
};

struct cpio_entry {
	struct cpio_entry *next_in_bucket;
	struct cpio_entry *next; /* in the same directory */
	struct cpio_inode *inode;
	uint64_t dir;	   /* inode number of the directory */
	uint64_t position; /* in listings: unique in the tree */
	uint32_t hash;
	uint8_t length;
	char name[]; /* length bytes */
};

struct cpio_tree {
	struct kernel *kernel;
	struct cpio_inode *root;
	uint64_t inode_count;
	uint64_t entry_count;
	struct radix_tree inodes;    /* by number */
	struct radix_tree entries;   /* by position */
	struct cpio_entry **buckets; /* all entries, by directory and name */
	size_t bucket_count;	     /* a power of two */
	uint64_t memory_used;	     /* bytes, but for the radix trees' own */
	uint64_t memory_limit;
};

/* A tree of a root directory alone.  -ENOMEM, and nothing is left. */
MUST_CHECK int cpio_tree_create(struct cpio_tree *tree, struct kernel *kernel,
    uint64_t memory_limit);
void cpio_tree_destroy(struct cpio_tree *tree);

/* A new inode without a name, or NULL without memory. */
MUST_CHECK struct cpio_inode *cpio_tree_add_inode(struct cpio_tree *tree, enum vnode_type type);

/* Give inode the name in dir, which has none like it.  -ENOMEM. */
MUST_CHECK int cpio_tree_add_entry(struct cpio_tree *tree, struct cpio_inode *dir, struct name name,
    struct cpio_inode *inode);

/* The same for a key in a directory that nobody sees, of any number without an inode. */
MUST_CHECK int cpio_tree_add_hidden(struct cpio_tree *tree, uint64_t dir, struct name key,
    struct cpio_inode *inode);

/* Have the entry of dir lead to another inode.  What it led to is no directory with entries. */
void cpio_tree_replace(struct cpio_inode *dir, struct cpio_entry *entry, struct cpio_inode *inode);

/* What these stand for, or NULL: a name in a directory, an inode number, a position. */
struct cpio_entry *cpio_tree_find(const struct cpio_tree *tree, uint64_t dir, struct name name);
struct cpio_inode *cpio_tree_inode(const struct cpio_tree *tree, uint64_t ino);
struct cpio_entry *cpio_tree_entry(const struct cpio_tree *tree, uint64_t position);

#endif
