/* Tests of the tree in memory, without any archive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "fs/cpio/tree.h"
#include "tests/test_kernel.h"

#define MEMORY ((uint64_t)64 << 20)
#define MANY   20000

struct fixture {
	struct kernel *kernel;
	struct cpio_tree tree;
};

static int
create(void **state)
{
	static struct fixture fixture;

	fixture.kernel = test_kernel_create(NULL, 0, 0);
	*state = &fixture;
	return cpio_tree_create(&fixture.tree, fixture.kernel, MEMORY);
}

static int
destroy(void **state)
{
	struct fixture *fixture = *state;

	cpio_tree_destroy(&fixture->tree);
	assert_int_equal(fixture->tree.memory_used, 0);
	test_kernel_destroy(fixture->kernel);
	return 0;
}

/* A new file called name in dir. */
static struct cpio_inode *
add(struct cpio_tree *tree, struct cpio_inode *dir, const char *name, enum vnode_type type)
{
	struct cpio_inode *inode = cpio_tree_add_inode(tree, type);

	assert_non_null(inode);
	assert_int_equal(cpio_tree_add_entry(tree, dir, name_of(name), inode), 0);
	return inode;
}

static void
names_are_found_in_their_directory_alone(void **state)
{
	struct cpio_tree *tree = &((struct fixture *)*state)->tree;
	struct cpio_inode *dir = add(tree, tree->root, "dir", VNODE_DIRECTORY);
	struct cpio_inode *one = add(tree, tree->root, "file", VNODE_REGULAR);
	struct cpio_inode *other = add(tree, dir, "file", VNODE_REGULAR);

	assert_ptr_equal(cpio_tree_find(tree, CPIO_ROOT_INO, NAME("file"))->inode, one);
	assert_ptr_equal(cpio_tree_find(tree, dir->ino, NAME("file"))->inode, other);
	assert_null(cpio_tree_find(tree, dir->ino, NAME("dir")));
	assert_null(cpio_tree_find(tree, dir->ino, NAME("fil")));
	assert_null(cpio_tree_find(tree, one->ino, NAME("file")));
	assert_ptr_equal(cpio_tree_inode(tree, other->ino), other);
	assert_null(cpio_tree_inode(tree, 0));
	assert_null(cpio_tree_inode(tree, tree->inode_count + 1));
}

static void
links_are_counted(void **state)
{
	struct cpio_tree *tree = &((struct fixture *)*state)->tree;
	struct cpio_inode *dir = add(tree, tree->root, "dir", VNODE_DIRECTORY);
	struct cpio_inode *sub = add(tree, dir, "sub", VNODE_DIRECTORY);
	struct cpio_inode *file = add(tree, dir, "file", VNODE_REGULAR);

	assert_int_equal(cpio_tree_add_entry(tree, sub, NAME("link"), file), 0);
	assert_int_equal(tree->root->link_count, 3);
	assert_int_equal(dir->link_count, 3);
	assert_int_equal(sub->link_count, 2);
	assert_int_equal(file->link_count, 2);
	assert_ptr_equal(sub->parent, dir);
	assert_ptr_equal(tree->root->parent, tree->root);
}

static void
what_is_replaced_loses_a_name_and_the_entry_keeps_its_place(void **state)
{
	struct cpio_tree *tree = &((struct fixture *)*state)->tree;
	struct cpio_inode *dir = add(tree, tree->root, "one", VNODE_DIRECTORY);
	struct cpio_inode *file = add(tree, tree->root, "two", VNODE_REGULAR);
	struct cpio_entry *entry = cpio_tree_find(tree, CPIO_ROOT_INO, NAME("one"));

	cpio_tree_replace(tree->root, entry, file);
	assert_int_equal(dir->link_count, 0);
	assert_int_equal(tree->root->link_count, 2);
	assert_int_equal(file->link_count, 2);
	assert_ptr_equal(tree->root->first, entry);
	assert_ptr_equal(cpio_tree_find(tree, CPIO_ROOT_INO, NAME("one")), entry);
	assert_ptr_equal(entry->inode, file);
}

static void
hidden_keys_are_found_and_not_listed(void **state)
{
	struct cpio_tree *tree = &((struct fixture *)*state)->tree;
	struct cpio_inode *file = add(tree, tree->root, "file", VNODE_REGULAR);
	struct name key = { "\0\0\0", 3 };

	assert_int_equal(cpio_tree_add_hidden(tree, UINT64_MAX, key, file), 0);
	assert_ptr_equal(cpio_tree_find(tree, UINT64_MAX, key)->inode, file);
	assert_null(cpio_tree_find(tree, UINT64_MAX - 1, key));
	assert_int_equal(file->link_count, 1);
	assert_null(tree->root->first->next);
}

static void
many_names_are_found_by_name_and_position_and_stand_in_order(void **state)
{
	struct cpio_tree *tree = &((struct fixture *)*state)->tree;
	struct cpio_entry *next = NULL;
	char name[32];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "file%u", i);
		add(tree, tree->root, name, VNODE_REGULAR);
	}
	next = tree->root->first;
	for (unsigned i = 0; i < MANY; i++, next = next->next) {
		snprintf(name, sizeof(name), "file%u", i);
		assert_ptr_equal(cpio_tree_find(tree, CPIO_ROOT_INO, name_of(name)), next);
		assert_ptr_equal(cpio_tree_entry(tree, next->position), next);
		assert_true(next->position >= CPIO_FIRST_POSITION);
	}
	assert_null(next);
	assert_true(tree->bucket_count >= MANY / 2);
}

static void
no_more_memory_is_taken_than_allowed(void **state)
{
	struct cpio_tree *tree = &((struct fixture *)*state)->tree;
	struct cpio_inode *inode = cpio_tree_add_inode(tree, VNODE_REGULAR);

	tree->memory_limit = tree->memory_used + sizeof(*inode) - 1;
	assert_null(cpio_tree_add_inode(tree, VNODE_REGULAR));
	assert_int_equal(cpio_tree_add_entry(tree, tree->root, NAME("name"), inode), -ENOMEM);
	assert_null(tree->root->first);
	tree->memory_limit = MEMORY;
	assert_int_equal(cpio_tree_add_entry(tree, tree->root, NAME("name"), inode), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(names_are_found_in_their_directory_alone),
		CASE(links_are_counted),
		CASE(what_is_replaced_loses_a_name_and_the_entry_keeps_its_place),
		CASE(hidden_keys_are_found_and_not_listed),
		CASE(many_names_are_found_by_name_and_position_and_stand_in_order),
		CASE(no_more_memory_is_taken_than_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
