/*
 * Tests of renaming.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/credential.h"
#include "tests/fake_fs.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

/* Everything in /r is made anew for each row of a table. */
static void
make_tree(const struct path_context *context)
{
	make_directory(context, "/r", 0755);
	make_directory(context, "/r/a", 0755);
	make_directory(context, "/r/a/b", 0755);
	make_directory(context, "/r/a/b/c", 0755);
	make_directory(context, "/r/d", 0755);
	make_directory(context, "/r/full", 0755);
	make_file(context, "/r/full/file", 0644);
	make_file(context, "/r/f", 0644);
	make_file(context, "/r/g", 0644);
	make_file(context, "/r/a/f", 0644);
	make_link(context, "/r/link", "f");
	make_link(context, "/r/dirlink", "d");
	assert_int_equal(namespace_link(context, "/r/f", context, "/r/d/same", 0), 0);
}

static void
the_rules_of_rename(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		uint32_t flags;
		int want;
	} rows[] = {
		/* To a name that is free. */
		{ "/r/f", "/r/new", 0, 0 },
		{ "/r/f", "/r/a/new", 0, 0 },
		{ "/r/a/f", "/r/new", 0, 0 },
		{ "/r/a", "/r/new", 0, 0 },
		{ "/r/a/", "/r/new/", 0, 0 },
		{ "/r/a", "/r/d/new", 0, 0 },
		{ "/r/a/b/c", "/r/new", 0, 0 },
		{ "/r/a/b/c", "/r/d/new", 0, 0 },
		{ "/r/link", "/r/new", 0, 0 },
		{ "/r/no", "/r/new", 0, -ENOENT },
		{ "/r/no/f", "/r/new", 0, -ENOENT },
		{ "/r/f", "/r/no/new", 0, -ENOENT },
		{ "/r/f/x", "/r/new", 0, -ENOTDIR },
		{ "", "/r/new", 0, -ENOENT },
		{ "/r/f", "", 0, -ENOENT },
		/* Slashes are for directories. */
		{ "/r/f/", "/r/new", 0, -ENOTDIR },
		{ "/r/f", "/r/new/", 0, -ENOTDIR },
		{ "/r/link/", "/r/new", 0, -ENOTDIR },
		{ "/r/dirlink/", "/r/new", 0, -ENOTDIR },
		/* To a name that is taken. */
		{ "/r/f", "/r/g", 0, 0 },
		{ "/r/f", "/r/a/f", 0, 0 },
		{ "/r/f", "/r/link", 0, 0 },
		{ "/r/link", "/r/f", 0, 0 },
		{ "/r/f", "/r/d", 0, -EISDIR },
		{ "/r/d", "/r/f", 0, -ENOTDIR },
		{ "/r/d", "/r/link", 0, -ENOTDIR },
		{ "/r/full", "/r/a/b/c", 0, 0 },
		{ "/r/d", "/r/full", 0, -ENOTEMPTY },
		{ "/r/full", "/r/d", 0, -ENOTEMPTY },
		{ "/r/a/b", "/r/full", 0, -ENOTEMPTY },
		/* To itself, which changes nothing. */
		{ "/r/f", "/r/f", 0, 0 },
		{ "/r/d", "/r/d", 0, 0 },
		{ "/r/f", "/r/d/same", 0, 0 },
		{ "/r/d/same", "/r/f", 0, 0 },
		/* Into itself, and out of it. */
		{ "/r/a", "/r/a/new", 0, -EINVAL },
		{ "/r/a", "/r/a/b/new", 0, -EINVAL },
		{ "/r/a", "/r/a/b/c/new", 0, -EINVAL },
		{ "/r/a", "/r/a/b/c", 0, -EINVAL },
		{ "/r/a", "/r/a/b", 0, -EINVAL },
		{ "/r/a/b", "/r/a", 0, -ENOTEMPTY },
		{ "/r/a/b/c", "/r/a", 0, -ENOTEMPTY },
		{ "/r/a/f", "/r/a", 0, -ENOTEMPTY },
		/* What is no name. */
		{ "/r/a/.", "/r/new", 0, -EBUSY },
		{ "/r/a/..", "/r/new", 0, -EBUSY },
		{ "/r/f", "/r/a/.", 0, -EBUSY },
		{ "/r/f", "/r/a/..", 0, -EBUSY },
		{ "/", "/r/new", 0, -EBUSY },
		{ "/r/f", "/", 0, -EBUSY },
		{ "/r/f", "/r/a/..", RENAME_NO_REPLACE, -EEXIST },
		/* Only if it is free. */
		{ "/r/f", "/r/new", RENAME_NO_REPLACE, 0 },
		{ "/r/f", "/r/g", RENAME_NO_REPLACE, -EEXIST },
		{ "/r/f", "/r/f", RENAME_NO_REPLACE, -EEXIST },
		{ "/r/a", "/r/a/b", RENAME_NO_REPLACE, -EEXIST },
		/* One for the other. */
		{ "/r/f", "/r/g", RENAME_SWAP, 0 },
		{ "/r/f", "/r/d", RENAME_SWAP, 0 },
		{ "/r/f", "/r/d/", RENAME_SWAP, 0 },
		{ "/r/d", "/r/f/", RENAME_SWAP, -ENOTDIR },
		{ "/r/f/", "/r/d", RENAME_SWAP, -ENOTDIR },
		{ "/r/full", "/r/a/b", RENAME_SWAP, 0 },
		{ "/r/a/b/c", "/r/f", RENAME_SWAP, 0 },
		{ "/r/full", "/r/a/f", RENAME_SWAP, 0 },
		{ "/r/f", "/r/new", RENAME_SWAP, -ENOENT },
		{ "/r/new", "/r/f", RENAME_SWAP, -ENOENT },
		{ "/r/a", "/r/a/b", RENAME_SWAP, -EINVAL },
		{ "/r/a/b/c", "/r/a", RENAME_SWAP, -EINVAL },
		{ "/r/f", "/r/f", RENAME_SWAP, 0 },
		/* What is not understood. */
		{ "/r/f", "/r/new", RENAME_SWAP | RENAME_NO_REPLACE, -EINVAL },
		{ "/r/f", "/r/new", 4, -EINVAL },
	};
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_tree(context);
		assert_int_equal(namespace_rename(context, rows[i].from, context, rows[i].to,
				     rows[i].flags),
		    rows[i].want);
		remove_tree(context, "/r");
	}
}

static void
assert_is(const struct path_context *context, const char *path, const struct vnode *want)
{
	struct vnode *vnode = must_find(context, path);

	assert_ptr_equal(vnode, want);
	vnode_put(vnode);
}

static void
the_old_name_is_gone_and_the_new_one_leads_there(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *file;
	struct vnode *replaced;

	make_tree(context);
	file = must_find(context, "/r/f");
	replaced = must_find(context, "/r/a/f");
	assert_int_equal(try_lookup(context, "/r/a/new", 0), -ENOENT); /* remembered */
	assert_int_equal(namespace_rename(context, "/r/f", context, "/r/a/new", 0), 0);
	assert_int_equal(try_lookup(context, "/r/f", 0), -ENOENT);
	assert_is(context, "/r/a/new", file);
	assert_int_equal(namespace_rename(context, "/r/a/new", context, "/r/a/f", 0), 0);
	assert_is(context, "/r/a/f", file);
	assert_int_equal(replaced->attributes.link_count, 0);
	vnode_put(file);
	vnode_put(replaced);
}

static void
a_directory_that_moves_has_a_new_parent(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *dir;

	make_tree(context);
	assert_int_equal(try_lookup(context, "/r/a/b/../f", 0), 0); /* ".." is remembered */
	assert_int_equal(namespace_rename(context, "/r/a/b", context, "/r/d/b", 0), 0);
	dir = must_find(context, "/r/d");
	assert_is(context, "/r/d/b/..", dir);
	vnode_put(dir);
	assert_int_equal(attributes_of(context, "/r/a").link_count, 2);
	assert_int_equal(attributes_of(context, "/r/d").link_count, 3);
	assert_int_equal(try_lookup(context, "/r/d/b/c", 0), 0);

	assert_int_equal(namespace_rename(context, "/r/d/b", context, "/r/f", RENAME_SWAP), 0);
	dir = must_find(context, "/r");
	assert_is(context, "/r/f/..", dir);
	vnode_put(dir);
	assert_int_equal(attributes_of(context, "/r/d").link_count, 2);
}

static void
a_swap_changes_both_names(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *dir;
	struct vnode *file;

	make_tree(context);
	dir = must_find(context, "/r/a/b");
	file = must_find(context, "/r/full/file");
	assert_int_equal(namespace_rename(context, "/r/a/b", context, "/r/full/file", RENAME_SWAP),
	    0);
	assert_is(context, "/r/a/b", file);
	assert_is(context, "/r/full/file", dir);
	assert_int_equal(try_lookup(context, "/r/full/file/../file/c", 0), 0);
	assert_int_equal(file->attributes.link_count, 1);
	assert_int_equal(dir->attributes.link_count, 3);
	vnode_put(dir);
	vnode_put(file);
}

static void
permission_is_needed_in_both_directories(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		uint32_t flags;
		int want;
	} rows[] = {
		{ "/w/file", "/w/new", 0, 0 },
		{ "/w/new", "/r/new", 0, -EACCES },
		{ "/r/f", "/w/f", 0, -EACCES },
		{ "/w/new", "/r/f", RENAME_SWAP, -EACCES },
		{ "/w/own", "/w/new2", 0, 0 },
		{ "/w/roots", "/w/new3", 0, 0 },	   /* the name in /w changes, */
		{ "/w/new3", "/w/new2/new3", 0, -EACCES }, /* but its ".." must not */
		{ "/w/new", "/w/new3", RENAME_SWAP, 0 },
		{ "/w/new2", "/w/new", RENAME_SWAP, 0 },
	};
	struct fixture *fixture = *state;
	struct path_context user = fixture->context;

	make_tree(&fixture->context);
	make_directory(&fixture->context, "/w", 0777);
	make_directory(&fixture->context, "/w/roots", 0755);
	user.credential = fixture_user(fixture, 1, 1);
	make_file(&user, "/w/file", 0644);
	make_directory(&user, "/w/own", 0755);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(namespace_rename(&user, rows[i].from, &user, rows[i].to,
				     rows[i].flags),
		    rows[i].want);
	credential_put((struct credential *)user.credential);
}

static void
mounts_are_borders(void **state)
{
	static const struct fake_node nodes[] = {
		{ .ino = 3, .dir = 2, .name = "file", .type = VNODE_REGULAR },
		{ .ino = 4, .dir = 2, .name = "dir", .type = VNODE_DIRECTORY, .permissions = 0755 },
	};
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	fake_control.nodes = nodes;
	fake_control.node_count = ARRAY_SIZE(nodes);
	make_tree(context);
	assert_int_equal(mount_at(context, "none", "/r/d", "fake", MOUNT_READ_ONLY, ""), 0);
	assert_int_equal(namespace_rename(context, "/r/f", context, "/r/d/x", 0), -EXDEV);
	assert_int_equal(namespace_rename(context, "/r/d/file", context, "/r/x", 0), -EXDEV);
	assert_int_equal(namespace_rename(context, "/r/d/file", context, "/r/d/x", 0), -EROFS);
	assert_int_equal(namespace_rename(context, "/r/d", context, "/r/x", 0), -EBUSY);
	assert_int_equal(namespace_rename(context, "/r/full", context, "/r/d", 0), -EBUSY);
	/* A directory with a mount in it may move. */
	assert_int_equal(namespace_rename(context, "/r", context, "/moved", 0), 0);
	assert_int_equal(try_lookup(context, "/moved/d/dir/../..", 0), 0);
	assert_int_equal(unmount_at(context, "/moved/d", 0), 0);
}

#define RENAME_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RENAME_TEST(the_rules_of_rename),
		RENAME_TEST(the_old_name_is_gone_and_the_new_one_leads_there),
		RENAME_TEST(a_directory_that_moves_has_a_new_parent),
		RENAME_TEST(a_swap_changes_both_names),
		RENAME_TEST(permission_is_needed_in_both_directories),
		RENAME_TEST(mounts_are_borders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
