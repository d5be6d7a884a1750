/*
 * Radix tree of 64-way nodes.
 *
 * A tree of height h covers the indexes below 64^h: the topmost 6 bits of an
 * index choose the slot in the root, the lowest 6 bits that in a leaf.  Height
 * 0 covers index 0 alone, with the entry in place of the root.
 *
 * Invariants: a node has at least one slot in use; the root of a tree of
 * height 1 or more has one besides slot 0.  So a tree is never higher than its
 * highest index needs, and no walk meets an empty branch.
 *
 * A node is its slots and nothing else, 512 bytes, which fills a size class to
 * the byte.  A bitmap of slots in use would make searching a word operation,
 * but costs every node half as much memory again; slots that are looked for
 * are nearly always near.
 */
#include "vfs/radix.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/errno.h"
#include "kern/memory.h"

#define RADIX_BITS	 6
#define RADIX_SLOTS	 64
#define RADIX_HEIGHT_MAX 11 /* 11 times 6 bits hold any index */

struct radix_node {
	void *slots[RADIX_SLOTS];
};

void
radix_init(struct radix_tree *tree, struct kernel *kernel)
{
	tree->kernel = kernel;
	tree->root = NULL;
	tree->height = 0;
}

/* The highest index that a tree of this height covers. */
static uint64_t
index_max(unsigned height)
{
	return height >= RADIX_HEIGHT_MAX ? UINT64_MAX : ((uint64_t)1 << RADIX_BITS * height) - 1;
}

/* Which slot of a node leads to index; leaves are at level 1. */
static unsigned
slot_at(uint64_t index, unsigned level)
{
	return (unsigned)(index >> RADIX_BITS * (level - 1)) % RADIX_SLOTS;
}

/* Is nothing in slots first and above? */
static bool
is_empty_from(const struct radix_node *node, unsigned first)
{
	while (first < RADIX_SLOTS && node->slots[first] == NULL)
		first++;
	return first == RADIX_SLOTS;
}

void *
radix_find(const struct radix_tree *tree, uint64_t index)
{
	void *place = tree->root;

	if (index > index_max(tree->height))
		return NULL;
	for (unsigned level = tree->height; level > 0 && place != NULL; level--)
		place = ((struct radix_node *)place)->slots[slot_at(index, level)];
	return place;
}

/*
 * Where the search goes on when the slot for index, at this level, is empty:
 * the lowest index of the next slot.  False when that wraps.
 */
static bool
next_slot(uint64_t *index, unsigned level)
{
	uint64_t span = index_max(level - 1);

	*index |= span;
	return ++*index != 0;
}

void *
radix_find_from(const struct radix_tree *tree, uint64_t *index)
{
	uint64_t at = *index;

	while (tree->root != NULL && at <= index_max(tree->height)) {
		void *place = tree->root;
		unsigned level = tree->height;

		while (level > 0) {
			void *below = ((struct radix_node *)place)->slots[slot_at(at, level)];

			if (below == NULL)
				break;
			place = below;
			level--;
		}
		if (level == 0) {
			*index = at;
			return place;
		}
		if (!next_slot(&at, level))
			return NULL;
	}
	return NULL;
}

/* Take nodes off the top that only lead to slot 0. */
static void
shrink(struct radix_tree *tree)
{
	while (tree->height > 0) {
		struct radix_node *node = tree->root;

		if (node != NULL && !is_empty_from(node, 1))
			return;
		tree->root = node == NULL ? NULL : node->slots[0];
		memory_free(tree->kernel, node, sizeof(*node));
		tree->height--;
	}
}

/* Free the empty nodes on the way to index, from the leaf up; shrink. */
static void
prune(struct radix_tree *tree, uint64_t index)
{
	void **path[RADIX_HEIGHT_MAX];
	void **place = &tree->root;
	unsigned depth = 0;

	for (unsigned level = tree->height; level > 0 && *place != NULL; level--) {
		struct radix_node *node = *place;

		path[depth++] = place;
		place = &node->slots[slot_at(index, level)];
	}
	while (depth > 0) {
		struct radix_node *node = *path[--depth];

		if (!is_empty_from(node, 0))
			break;
		memory_free(tree->kernel, node, sizeof(*node));
		*path[depth] = NULL;
	}
	shrink(tree);
}

unsigned
radix_nodes_needed(const struct radix_tree *tree, uint64_t index)
{
	unsigned level = tree->height;
	void *place = tree->root;

	while (index > index_max(level))
		level++;
	if (tree->root == NULL)
		return level;
	/* Those above the root, and, but for the topmost, a branch of new ones. */
	if (level > tree->height)
		return level - tree->height + level - 1;
	while (level > 0 && place != NULL)
		place = ((struct radix_node *)place)->slots[slot_at(index, level--)];
	return place == NULL ? level : 0;
}

/* Nodes set aside are a chain by their first slots. */
int
radix_spare_fill(struct radix_spare *spare, unsigned count)
{
	while (spare->count < count) {
		struct radix_node *node = memory_alloc_zeroed(spare->kernel, sizeof(*node));

		if (node == NULL)
			return -ENOMEM;
		node->slots[0] = spare->first;
		spare->first = node;
		spare->count++;
	}
	return 0;
}

/* An empty node of those set aside. */
static struct radix_node *
spare_take(struct radix_spare *spare)
{
	struct radix_node *node = spare->first;

	ASSERT(node != NULL);
	spare->first = node->slots[0];
	spare->count--;
	node->slots[0] = NULL;
	return node;
}

void
radix_spare_free(struct radix_spare *spare)
{
	while (spare->count > 0)
		memory_free(spare->kernel, spare_take(spare), sizeof(struct radix_node));
}

/* Put nodes above the root until index is covered. */
static void
grow(struct radix_tree *tree, uint64_t index, struct radix_spare *spare)
{
	while (index > index_max(tree->height)) {
		if (tree->root != NULL) {
			struct radix_node *node = spare_take(spare);

			node->slots[0] = tree->root;
			tree->root = node;
		}
		tree->height++;
	}
}

void
radix_insert_prepared(struct radix_tree *tree, uint64_t index, void *entry,
    struct radix_spare *spare)
{
	void **place = &tree->root;

	grow(tree, index, spare);
	for (unsigned level = tree->height; level > 0; level--) {
		if (*place == NULL)
			*place = spare_take(spare);
		place = &((struct radix_node *)*place)->slots[slot_at(index, level)];
	}
	ASSERT(*place == NULL);
	*place = entry;
}

int
radix_insert(struct radix_tree *tree, uint64_t index, void *entry)
{
	struct radix_spare spare = { .kernel = tree->kernel };
	int error = radix_spare_fill(&spare, radix_nodes_needed(tree, index));

	if (error == 0)
		radix_insert_prepared(tree, index, entry, &spare);
	radix_spare_free(&spare);
	return error;
}

void *
radix_remove(struct radix_tree *tree, uint64_t index)
{
	void **place = &tree->root;
	void *entry;

	if (index > index_max(tree->height))
		return NULL;
	for (unsigned level = tree->height; level > 0 && *place != NULL; level--)
		place = &((struct radix_node *)*place)->slots[slot_at(index, level)];
	entry = *place;
	if (entry == NULL)
		return NULL;
	*place = NULL;
	prune(tree, index);
	return entry;
}
