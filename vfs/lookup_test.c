/*
 * Tests of path walks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/credential.h"
#include "tests/fake_fs.h"
#include "tests/test_kernel.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

/*
 * /a/b/c/file  /a/link -> b  /a/loop -> loop  /top -> /a  /dots -> ../a/../a/b/
 * /gone -> nothing  /file  /tofile -> file  /mnt is a mount with /mnt/in/deep
 */
static int
setup(void **state)
{
	struct path_context *context;

	fixture_setup(state);
	context = &((struct fixture *)*state)->context;
	make_directory(context, "/a", 0755);
	make_directory(context, "/a/b", 0755);
	make_directory(context, "/a/b/c", 0755);
	make_file(context, "/a/b/c/file", 0644);
	make_link(context, "/a/link", "b");
	make_link(context, "/a/loop", "loop");
	make_link(context, "/top", "/a");
	make_link(context, "/dots", "../a/../a/b/");
	make_link(context, "/gone", "nothing");
	make_file(context, "/file", 0644);
	make_link(context, "/tofile", "file");
	make_directory(context, "/mnt", 0700);
	assert_int_equal(mount_at(context, "none", "/mnt", "tmpfs", 0, "mode=0755"), 0);
	make_directory(context, "/mnt/in", 0755);
	make_directory(context, "/mnt/in/deep", 0755);
	return 0;
}

/* Do two paths lead to the same vnode? */
static void
assert_same(const struct path_context *context, const char *left, const char *right, uint32_t flags)
{
	struct vnode *first;
	struct vnode *second;

	assert_int_equal(lookup(context, left, flags, &first), 0);
	assert_int_equal(lookup(context, right, 0, &second), 0);
	assert_ptr_equal(first, second);
	vnode_put(first);
	vnode_put(second);
}

static void
many_paths_lead_to_one_file(void **state)
{
	static const struct {
		const char *path;
		const char *same;
		uint32_t flags;
	} rows[] = {
		{ "/", "/", 0 },
		{ "//", "/", 0 },
		{ "/.", "/", 0 },
		{ "/..", "/", 0 },
		{ "/../../..", "/", 0 },
		{ ".", "/a", 0 },
		{ "..", "/", 0 },
		{ "b", "/a/b", 0 },
		{ "b/", "/a/b", 0 },
		{ "b///c//./", "/a/b/c", 0 },
		{ "b/c/../../b/./c/file", "/a/b/c/file", 0 },
		{ "../a/b", "/a/b", 0 },
		{ "link", "/a/b", LOOKUP_FOLLOW },
		{ "link/", "/a/b", 0 }, /* a slash follows */
		{ "link/c/file", "/a/b/c/file", 0 },
		{ "link/..", "/a", 0 },
		{ "/top/link/c", "/a/b/c", 0 },
		{ "/dots/c", "/a/b/c", 0 },
		{ "/dots", "/a/b", LOOKUP_FOLLOW },
		{ "/tofile", "/file", LOOKUP_FOLLOW },
		{ "/mnt/..", "/", 0 },
		{ "/mnt/in/../..", "/", 0 },
		{ "/mnt/../mnt/in", "/mnt/in", 0 },
		{ "/mnt/in/deep/../../../a", "/a", 0 },
		{ "", "/a", LOOKUP_EMPTY_PATH },
		{ "b", "/a/b", LOOKUP_EMPTY_PATH | LOOKUP_DIRECTORY },
	};
	struct fixture *fixture = *state;
	struct path_context context = fixture->context;

	context.start = must_find(&context, "/a");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_same(&context, rows[i].path, rows[i].same, rows[i].flags);
	vnode_put(context.start);
}

static void
paths_that_lead_nowhere_say_why(void **state)
{
	static const struct {
		const char *path;
		uint32_t flags;
		int want;
	} rows[] = {
		{ "", 0, -ENOENT },
		{ "", LOOKUP_FOLLOW, -ENOENT },
		{ "/no", 0, -ENOENT },
		{ "/no/", 0, -ENOENT },
		{ "/no/no", 0, -ENOENT },
		{ "/file/", 0, -ENOTDIR },
		{ "/file", LOOKUP_DIRECTORY, -ENOTDIR },
		{ "/file/x", 0, -ENOTDIR },
		{ "/file/.", 0, -ENOTDIR },
		{ "/file/..", 0, -ENOTDIR },
		{ "/tofile/", 0, -ENOTDIR },
		{ "/tofile", LOOKUP_FOLLOW | LOOKUP_DIRECTORY, -ENOTDIR },
		{ "/tofile", LOOKUP_DIRECTORY, -ENOTDIR }, /* a link is none */
		{ "/gone", 0, 0 },
		{ "/gone", LOOKUP_FOLLOW, -ENOENT },
		{ "/gone/", 0, -ENOENT },
		{ "/a/loop", 0, 0 },
		{ "/a/loop", LOOKUP_FOLLOW, -ELOOP },
		{ "/a/loop/x", 0, -ELOOP },
		{ "/mnt/a", 0, -ENOENT },
	};
	struct fixture *fixture = *state;

	for (unsigned round = 0; round < 2; round++) { /* then from the cache */
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			assert_int_equal(try_lookup(&fixture->context, rows[i].path, rows[i].flags),
			    rows[i].want);
	}
}

static void
names_may_be_255_bytes_long(void **state)
{
	struct fixture *fixture = *state;
	char path[300] = "/";

	memset(path + 1, 'n', 256);
	path[256] = '\0'; /* a name of 255 bytes */
	make_file(&fixture->context, path, 0644);
	assert_int_equal(try_lookup(&fixture->context, path, 0), 0);
	path[256] = 'n'; /* one more */
	assert_int_equal(try_lookup(&fixture->context, path, 0), -ENAMETOOLONG);
	path[257] = '/';
	path[258] = 'x';
	assert_int_equal(try_lookup(&fixture->context, path, 0), -ENAMETOOLONG);
}

static void
the_callers_root_is_the_top(void **state)
{
	struct fixture *fixture = *state;
	struct path_context context = fixture->context;
	struct path_context inside = context;

	inside.root = must_find(&context, "/a/b");
	inside.start = must_find(&context, "/a/b/c");
	assert_same(&inside, "/c", "/c", 0);
	assert_same(&inside, "..", "/", 0);
	assert_same(&inside, "../..", "/", 0);
	assert_same(&inside, "/../../c/../..", "/", 0);
	assert_int_equal(try_lookup(&inside, "/a", 0), -ENOENT);
	assert_int_equal(try_lookup(&inside, "/../file", 0), -ENOENT);
	vnode_put(inside.root);

	/* An absolute link means that root; and a root may be that of a mount. */
	inside.root = must_find(&context, "/mnt");
	make_link(&context, "/mnt/in/abs", "/in/deep");
	assert_same(&inside, "/in/abs", "/in/deep", LOOKUP_FOLLOW);
	assert_same(&inside, "/in/../..", "/", 0);
	vnode_put(inside.root);
	vnode_put(inside.start);
}

static void
forty_links_are_followed_and_no_more(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	char path[16];
	char target[16] = "file";

	for (unsigned i = 0; i <= SYMLINK_MAX; i++) {
		snprintf(path, sizeof(path), "/l%u", i);
		make_link(context, path, target);
		snprintf(target, sizeof(target), "l%u", i);
	}
	assert_int_equal(try_lookup(context, "/l39", LOOKUP_FOLLOW), 0);
	assert_int_equal(try_lookup(context, "/l40", LOOKUP_FOLLOW), -ELOOP);
	/* They are counted over the whole path. */
	make_link(context, "/here", ".");
	assert_int_equal(try_lookup(context, "/here/l38", LOOKUP_FOLLOW), 0);
	assert_int_equal(try_lookup(context, "/here/l39", LOOKUP_FOLLOW), -ELOOP);
}

static void
links_that_grow_end_before_memory_does(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	char *target = malloc(PATH_LENGTH_MAX);

	for (size_t i = 0; i < PATH_LENGTH_MAX - 1; i++)
		target[i] = i % 2 == 0 ? '.' : '/';
	target[PATH_LENGTH_MAX - 1] = '\0';
	/* The longest target is followed, whatever comes after it. */
	memcpy(target + PATH_LENGTH_MAX - 6, "a/b//", 5);
	make_link(context, "/long", target);
	assert_same(context, "/long/c/file", "/a/b/c/file", 0);

	/* Each time this one is followed, the rest gets longer by almost a path. */
	memcpy(target, "grow/", 5);
	make_link(context, "/grow", target);
	assert_int_equal(try_lookup(context, "/grow", LOOKUP_FOLLOW), -ENAMETOOLONG);
	free(target);
}

static void
each_directory_must_be_searchable(void **state)
{
	static const struct {
		const char *path;
		int want;
	} rows[] = {
		{ "/closed", 0 },
		{ "/closed/", 0 },
		{ "/closed/.", -EACCES },
		{ "/closed/..", -EACCES },
		{ "/closed/file", -EACCES },
		{ "/closed/no", -EACCES },
		{ "/readable/file", -EACCES },
		{ "/searchable/file", 0 },
		{ "/searchable/no", -ENOENT },
	};
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct path_context as_user = *context;
	struct credential *user = fixture_user(fixture, 1, 1);

	as_user.credential = user;
	make_directory(context, "/closed", 0700);
	make_directory(context, "/readable", 0744);
	make_directory(context, "/searchable", 0711);
	make_file(context, "/closed/file", 0644);
	make_file(context, "/readable/file", 0644);
	make_file(context, "/searchable/file", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(try_lookup(&as_user, rows[i].path, 0), rows[i].want);
		assert_int_not_equal(try_lookup(context, rows[i].path, 0), -EACCES);
		assert_int_equal(try_lookup(&as_user, rows[i].path, 0), rows[i].want);
	}
	credential_put(user);
}

static void
a_directory_that_is_closed_is_closed_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct path_context as_user = *context;
	struct credential *user = fixture_user(fixture, 1, 1);
	struct attribute_change change = { .mask = SET_PERMISSIONS };
	struct vnode *dir = must_find(context, "/a/b");

	as_user.credential = user;
	for (unsigned round = 0; round < 3; round++) {
		change.permissions = 0755;
		assert_int_equal(namespace_set_attributes(dir, fixture->root, &change), 0);
		assert_int_equal(try_lookup(&as_user, "/a/b/c/file", 0), 0);
		change.permissions = 0754;
		assert_int_equal(namespace_set_attributes(dir, fixture->root, &change), 0);
		assert_int_equal(try_lookup(&as_user, "/a/b/c/file", 0), -EACCES);
		assert_int_equal(try_lookup(&as_user, "/a/b/c/no", 0), -EACCES);
	}
	vnode_put(dir);
	credential_put(user);
}

static void
the_parent_of_a_path_and_its_last_name(void **state)
{
	static const struct {
		const char *path;
		const char *dir;
		size_t last; /* where in path */
		size_t length;
		bool has_trailing_slash;
	} rows[] = {
		{ "/new", "/", 1, 3, false },
		{ "/a/b/new", "/a/b", 5, 3, false },
		{ "/a/b/new//", "/a/b", 5, 3, true },
		{ "/top/link/new/", "/a/b", 10, 3, true },
		{ "/dots/c/file", "/a/b/c", 8, 4, false },
		{ "/a/loop", "/a", 3, 4, false }, /* not followed */
		{ "/mnt/new", "/mnt", 5, 3, false },
		{ "/a/.", "/a", 3, 1, false },
		{ "/a/..", "/a", 3, 2, false },
		{ "/", "/", 1, 0, false },
		{ "//", "/", 2, 0, false },
	};
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct lookup_parent parent;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vnode *dir = must_find(context, rows[i].dir);

		assert_int_equal(lookup_parent(context, rows[i].path, &parent), 0);
		assert_ptr_equal(parent.dir, dir);
		assert_ptr_equal(parent.last.bytes, rows[i].path + rows[i].last);
		assert_int_equal(parent.last.length, rows[i].length);
		assert_int_equal(parent.has_trailing_slash, rows[i].has_trailing_slash);
		vnode_put(dir);
		vnode_put(parent.dir);
	}
	assert_int_equal(lookup_parent(context, "", &parent), -ENOENT);
	assert_null(parent.dir);
	assert_int_equal(lookup_parent(context, "/no/new", &parent), -ENOENT);
	assert_int_equal(lookup_parent(context, "/file/new", &parent), -ENOTDIR);
	assert_int_equal(lookup_parent(context, "/a/loop/new", &parent), -ELOOP);
}

static void
the_path_of(const struct path_context *context, const char *directory, const char *want)
{
	struct vnode *dir = must_find(context, directory);
	char path[PATH_LENGTH_MAX];
	size_t length;

	for (size_t size = 0; size <= strlen(want); size++)
		assert_int_equal(lookup_path_of(context, dir, path, size, &length), -ERANGE);
	assert_int_equal(lookup_path_of(context, dir, path, strlen(want) + 1, &length), 0);
	assert_string_equal(path, want);
	assert_int_equal(length, strlen(want) + 1);
	assert_int_equal(lookup_path_of(context, dir, path, sizeof(path), &length), 0);
	assert_string_equal(path, want);
	vnode_put(dir);
}

static void
a_directory_leads_back_to_its_path(void **state)
{
	static const char *const paths[] = { "/", "/a", "/a/b/c", "/mnt", "/mnt/in/deep" };
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct path_context inside = *context;
	struct vnode *dir;
	char path[64];
	size_t length;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		the_path_of(context, paths[i], paths[i]);

	inside.root = must_find(context, "/a/b");
	the_path_of(&inside, "/", "/");
	the_path_of(&inside, "/c", "/c");
	dir = must_find(context, "/mnt/in");
	assert_int_equal(lookup_path_of(&inside, dir, path, sizeof(path), &length), -ENOENT);
	vnode_put(dir);
	vnode_put(inside.root);
}

static void
a_directory_that_was_removed_has_no_path(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *dir;
	char path[64];
	size_t length;

	make_directory(context, "/a/b/c/d", 0755);
	dir = must_find(context, "/a/b/c/d");
	assert_int_equal(namespace_rmdir(context, "/a/b/c/d"), 0);
	assert_int_equal(lookup_path_of(context, dir, path, sizeof(path), &length), -ENOENT);
	vnode_put(dir);
}

static void
a_directory_that_was_removed_still_leads_back(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct path_context inside = *context;

	make_directory(context, "/d1", 0755);
	make_directory(context, "/d2", 0755);
	inside.start = must_find(context, "/d1");
	assert_int_equal(try_lookup(&inside, "..", 0), 0);
	assert_int_equal(namespace_rmdir(context, "/d1"), 0);
	assert_int_equal(try_lookup(&inside, "..", 0), 0);
	assert_int_equal(try_lookup(&inside, ".", 0), 0);
	assert_int_equal(try_lookup(&inside, "../d2", 0), 0);
	assert_int_equal(try_lookup(&inside, "x", 0), -ENOENT);
	vnode_put(inside.start);

	make_directory(context, "/d1", 0755);
	inside.start = must_find(context, "/d2");
	assert_int_equal(try_lookup(&inside, "..", 0), 0);
	assert_int_equal(namespace_rename(context, "/d1", context, "/d2", 0), 0);
	assert_int_equal(try_lookup(&inside, "..", 0), 0);
	vnode_put(inside.start);
}

static void
a_directory_leads_back_to_its_path_without_cached_names(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *dir = must_find(context, "/a/b/c");
	struct vnode *above = must_find(context, "/a/b");
	struct vnode *top = must_find(context, "/a");
	char path[64];
	size_t length;
	struct hog hog;

	hog_take(&hog, fixture->kernel); /* all names go */
	assert_int_equal(lookup_path_of(context, dir, path, sizeof(path), &length), 0);
	assert_string_equal(path, "/a/b/c");
	hog_give_all(&hog);
	vnode_put(dir);
	vnode_put(above);
	vnode_put(top);
}

/* Nothing leaks and nothing breaks, whichever allocation of a walk fails. */
static void
a_walk_without_memory_fails_cleanly(void **state)
{
	struct fixture *fixture = *state;
	int error = -ENOMEM;

	for (size_t pages = 0; error == -ENOMEM; pages++) {
		struct hog hog;

		hog_take(&hog, fixture->kernel);
		hog_give(&hog, pages);
		error = try_lookup(&fixture->context, "/top/link/../link/c/file", 0);
		hog_give_all(&hog);
		assert_true(pages < 10);
	}
	assert_int_equal(error, 0);
}

/* ---- damaged images --------------------------------------------------------------- */

static const struct fake_node damaged[] = {
	{ .ino = 3, .dir = 2, .name = "dir", .type = VNODE_DIRECTORY, .permissions = 0755 },
	{ .ino = 3, .dir = 3, .name = "self" },
	{ .ino = 2, .dir = 3, .name = "up" }, /* the root, again */
	{ .ino = 4, .dir = 3, .name = ".." }, /* a file */
	{ .ino = 4, .dir = 2, .name = "file", .type = VNODE_REGULAR, .permissions = 0644 },
	{ .ino = 5,
	    .dir = 2,
	    .name = "nul",
	    .type = VNODE_SYMLINK,
	    .permissions = 0777,
	    .target = "dir\0x",
	    .target_length = 5 },
	{ .ino = 6,
	    .dir = 2,
	    .name = "empty",
	    .type = VNODE_SYMLINK,
	    .permissions = 0777,
	    .target = "",
	    .target_length = 0 },
	{ .ino = 7,
	    .dir = 2,
	    .name = "huge",
	    .type = VNODE_SYMLINK,
	    .permissions = 0777,
	    .target = "",
	    .target_length = SIZE_MAX },
	{ .ino = 8, .dir = 2, .name = "nowhere" }, /* no such inode */
	{ .ino = 9, .dir = 3, .name = "sub", .type = VNODE_DIRECTORY, .permissions = 0755 },
	{ .ino = 9, .dir = 9, .name = ".." }, /* its own parent */
	{ .ino = 10, .dir = 2, .name = "removed", .type = VNODE_DIRECTORY, .has_no_link = true },
};

static void
a_damaged_tree_gives_errors(void **state)
{
	static const struct {
		const char *path;
		int want;
	} rows[] = {
		{ "/dir/self", -EUCLEAN },
		{ "/dir/self/self", -EUCLEAN },
		{ "/dir/up/dir/up", 0 },
		{ "/dir/..", 0 },
		{ "/dir/../x", -ENOTDIR },
		{ "/nul", -EUCLEAN },
		{ "/nul/x", -EUCLEAN },
		{ "/empty", -ENOENT },
		{ "/huge", -ENAMETOOLONG },
		{ "/nowhere", -ENOENT },
		{ "/dir/sub/../..", 0 },
	};
	struct fixture fixture;

	fake_control = (struct fake_control){ .nodes = damaged, .node_count = ARRAY_SIZE(damaged) };
	fixture_create(&fixture, "fake", 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(try_lookup(&fixture.context, rows[i].path, LOOKUP_FOLLOW),
		    rows[i].want);
	assert_non_null(strstr(fixture.host.console, "none: directory 3 contains itself"));
	assert_non_null(strstr(fixture.host.console, "none: inode 5: the target"));
	fixture_destroy(&fixture);
}

static void
the_path_of_a_directory_in_a_damaged_tree_ends(void **state)
{
	struct fixture fixture;
	struct vnode *dir;
	char path[64];
	size_t length;

	fake_control = (struct fake_control){ .nodes = damaged, .node_count = ARRAY_SIZE(damaged) };
	fixture_create(&fixture, "fake", 0);
	for (uint64_t ino = 9; ino <= 10; ino++) {
		assert_int_equal(vnode_find(fixture.context.root->mount, ino, &dir), 0);
		assert_int_equal(lookup_path_of(&fixture.context, dir, path, sizeof(path), &length),
		    -ENOENT);
		vnode_put(dir);
	}
	fixture_destroy(&fixture);
}

static void
a_cached_name_does_not_ask_the_file_system(void **state)
{
	static const struct fake_node nodes[] = {
		{ .ino = 3, .dir = 2, .name = "dir", .type = VNODE_DIRECTORY, .permissions = 0755 },
		{ .ino = 4, .dir = 3, .name = "file", .type = VNODE_REGULAR },
	};
	struct fixture fixture;
	struct fake_fs *fs;

	fake_control = (struct fake_control){ .nodes = nodes, .node_count = ARRAY_SIZE(nodes) };
	fixture_create(&fixture, "fake", 0);
	fs = fixture_fake(&fixture);
	for (unsigned round = 0; round < 3; round++) {
		assert_int_equal(try_lookup(&fixture.context, "/dir/file", 0), 0);
		assert_int_equal(try_lookup(&fixture.context, "/dir/no", 0), -ENOENT);
		assert_int_equal(fs->lookup_count, 3);
	}
	fixture_destroy(&fixture);
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(many_paths_lead_to_one_file),
		TREE_TEST(paths_that_lead_nowhere_say_why),
		TREE_TEST(names_may_be_255_bytes_long),
		TREE_TEST(the_callers_root_is_the_top),
		TREE_TEST(forty_links_are_followed_and_no_more),
		TREE_TEST(links_that_grow_end_before_memory_does),
		TREE_TEST(each_directory_must_be_searchable),
		TREE_TEST(a_directory_that_is_closed_is_closed_at_once),
		TREE_TEST(the_parent_of_a_path_and_its_last_name),
		TREE_TEST(a_directory_leads_back_to_its_path),
		TREE_TEST(a_directory_that_was_removed_has_no_path),
		TREE_TEST(a_directory_that_was_removed_still_leads_back),
		TREE_TEST(a_directory_leads_back_to_its_path_without_cached_names),
		TREE_TEST(a_walk_without_memory_fails_cleanly),
		cmocka_unit_test(a_damaged_tree_gives_errors),
		cmocka_unit_test(the_path_of_a_directory_in_a_damaged_tree_ends),
		cmocka_unit_test(a_cached_name_does_not_ask_the_file_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
