/*
 * A radix tree: from 64-bit indexes, mostly dense ones, to pointers.
 *
 * The pages of a file and the entries of a directory are found in one.  The
 * tree is as high as its highest index needs, takes a node of 512 bytes for
 * each run of 64 indexes in use, and gives empty nodes back at once; a tree
 * that holds index 0 alone has no node.
 *
 * The owner of the tree locks it: finding needs it unchanged, inserting and
 * removing need it alone.  Entries are borrowed and never NULL.
 */
#ifndef VFS_RADIX_H
#define VFS_RADIX_H

#include <stdint.h>

#include "base/compiler.h"

struct kernel;
struct radix_node;

struct radix_tree {
	struct kernel *kernel; /* whose memory the nodes are; constant */
	void *root;	       /* height 0: the entry of index 0; else a node; NULL if empty */
	unsigned height;       /* levels of nodes */
};

/* Nodes set aside.  Begins as { .kernel = kernel }. */
struct radix_spare {
	struct kernel *kernel;
	struct radix_node *first;
	unsigned count;
};

void radix_init(struct radix_tree *tree, struct kernel *kernel);

/* The entry of index, or NULL. */
void *radix_find(const struct radix_tree *tree, uint64_t index);

/*
 * The entry of the lowest index at or after *index, which *index then tells;
 * NULL, and *index as it was, if there is none.
 */
void *radix_find_from(const struct radix_tree *tree, uint64_t *index);

/* Enter index, which is not there.  -ENOMEM, and the tree is as it was. */
MUST_CHECK int radix_insert(struct radix_tree *tree, uint64_t index, void *entry);

/*
 * The same where nothing may be allocated, because of a lock: from nodes set
 * aside before, at least as many as radix_nodes_needed().
 */
void radix_insert_prepared(struct radix_tree *tree, uint64_t index, void *entry,
    struct radix_spare *spare);

/* How many nodes it takes to enter index, which is not there. */
unsigned radix_nodes_needed(const struct radix_tree *tree, uint64_t index);

/* Have count nodes set aside, at least.  -ENOMEM; some may be there then. */
MUST_CHECK int radix_spare_fill(struct radix_spare *spare, unsigned count);

/* Free what is still set aside. */
void radix_spare_free(struct radix_spare *spare);

/* Take out the entry of index and return it; NULL if there was none. */
void *radix_remove(struct radix_tree *tree, uint64_t index);

#endif
