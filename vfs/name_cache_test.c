/*
 * Tests of the name cache.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/errno.h"
#include "tests/fake_fs.h"
#include "tests/test_kernel.h"
#include "vfs/name_cache.h"
#include "vfs/vfs_impl.h"

static const struct fake_node tree[] = {
	{ .ino = 3, .dir = 2, .name = "dir", .type = VNODE_DIRECTORY, .permissions = 0755 },
	{ .ino = 4, .dir = 2, .name = "file", .type = VNODE_REGULAR, .permissions = 0644 },
	{ .ino = 5, .dir = 3, .name = "other", .type = VNODE_REGULAR, .permissions = 0644 },
};

struct cache_test {
	struct fixture fixture;
	struct vnode *root, *dir, *file, *other; /* references, but for the root */
};

static struct vnode *
must_load(struct cache_test *test, uint64_t ino)
{
	struct vnode *vnode;

	assert_int_equal(vnode_find(test->root->mount, ino, &vnode), 0);
	return vnode;
}

static void
create(struct cache_test *test, uint64_t memory_limit)
{
	fake_control = (struct fake_control){
		.nodes = tree,
		.node_count = ARRAY_SIZE(tree),
		.has_every_ino = true,
	};
	fixture_create(&test->fixture, "fake", memory_limit);
	test->root = test->fixture.context.root;
	test->dir = must_load(test, 3);
	test->file = must_load(test, 4);
	test->other = must_load(test, 5);
}

static void
destroy(struct cache_test *test)
{
	vnode_put(test->dir);
	vnode_put(test->file);
	vnode_put(test->other);
	fixture_destroy(&test->fixture);
}

static int
setup(void **state)
{
	static struct cache_test test;

	create(&test, 32 << 20);
	*state = &test;
	return 0;
}

static int
teardown(void **state)
{
	destroy(*state);
	return 0;
}

static void
enter(struct vnode *dir, const char *name, struct vnode *vnode)
{
	rwlock_lock_shared(&dir->lock);
	name_cache_enter(dir, name_of(name), vnode);
	rwlock_unlock_shared(&dir->lock);
}

static void
forget(struct vnode *dir, const char *name)
{
	rwlock_lock_exclusive(&dir->lock);
	name_cache_remove(dir, name_of(name));
	rwlock_unlock_exclusive(&dir->lock);
}

static struct vnode *const unknown = (struct vnode *)1;

/* What the cache says: a vnode, NULL for "no such file", or unknown. */
static struct vnode *
find(struct vnode *dir, const char *name)
{
	struct vnode *vnode, *peeked;
	bool is_known = name_cache_find(dir, name_of(name), &vnode);

	/* Nobody changes anything meanwhile, so both say the same. */
	assert_int_equal(name_cache_peek(dir, name_of(name), &peeked), is_known);
	assert_ptr_equal(peeked, vnode);
	vnode_put(vnode);
	return is_known ? vnode : unknown;
}

static size_t
count(const struct cache_test *test)
{
	return vfs_of(test->fixture.kernel)->names.count;
}

static void
an_empty_cache_knows_nothing(void **state)
{
	struct cache_test *test = *state;

	assert_ptr_equal(find(test->root, "dir"), unknown);
	forget(test->root, "dir");
	name_cache_purge(test->root);
}

static void
what_was_entered_is_found_in_its_directory_only(void **state)
{
	struct cache_test *test = *state;

	enter(test->root, "file", test->file);
	enter(test->dir, "file", test->other);
	assert_ptr_equal(find(test->root, "file"), test->file);
	assert_ptr_equal(find(test->dir, "file"), test->other);
	assert_ptr_equal(find(test->root, "fil"), unknown);
	assert_ptr_equal(find(test->root, "filf"), unknown);
	assert_ptr_equal(find(test->root, "file2"), unknown);
}

static void
that_there_is_no_such_file_is_known_too(void **state)
{
	struct cache_test *test = *state;

	enter(test->root, "no", NULL);
	assert_null(find(test->root, "no"));
	enter(test->root, "no", test->file); /* it was created */
	assert_ptr_equal(find(test->root, "no"), test->file);
	enter(test->root, "no", NULL); /* and removed */
	assert_null(find(test->root, "no"));
	assert_int_equal(count(test), 1);
}

static void
a_name_that_was_removed_is_not_known(void **state)
{
	struct cache_test *test = *state;

	enter(test->root, "a", test->file);
	enter(test->root, "b", test->file);
	forget(test->root, "a");
	assert_ptr_equal(find(test->root, "a"), unknown);
	assert_ptr_equal(find(test->root, "b"), test->file);
	assert_int_equal(count(test), 1);
}

static void
purging_forgets_what_leads_to_a_vnode_and_what_is_in_it(void **state)
{
	struct cache_test *test = *state;

	enter(test->root, "dir", test->dir);
	enter(test->root, "alias", test->dir);
	enter(test->root, "file", test->file);
	enter(test->dir, "other", test->other);
	enter(test->dir, "no", NULL);
	enter(test->dir, "..", test->root);
	name_cache_purge(test->dir);
	assert_ptr_equal(find(test->root, "dir"), unknown);
	assert_ptr_equal(find(test->root, "alias"), unknown);
	assert_ptr_equal(find(test->dir, "other"), unknown);
	assert_ptr_equal(find(test->dir, "no"), unknown);
	assert_ptr_equal(find(test->dir, ".."), unknown);
	assert_ptr_equal(find(test->root, "file"), test->file);
	assert_int_equal(count(test), 1);
}

static void
a_name_leads_back_to_its_directory(void **state)
{
	struct cache_test *test = *state;
	char name[NAME_LENGTH_MAX];
	struct vnode *dir;
	size_t length;

	assert_false(name_cache_reverse(test->dir, &dir, name, &length));
	assert_null(dir);
	enter(test->other, "..", test->dir); /* does not count */
	assert_false(name_cache_reverse(test->dir, &dir, name, &length));
	enter(test->root, "dir", test->dir);
	assert_true(name_cache_reverse(test->dir, &dir, name, &length));
	assert_ptr_equal(dir, test->root);
	assert_true(name_equal((struct name){ name, length }, NAME("dir")));
	vnode_put(dir);
	forget(test->root, "dir");
	assert_false(name_cache_reverse(test->dir, &dir, name, &length));
}

static void
names_of_any_length_and_bytes_are_kept_apart(void **state)
{
	struct cache_test *test = *state;
	char bytes[NAME_LENGTH_MAX];
	struct vnode *found;

	memset(bytes, '\xff', sizeof(bytes));
	rwlock_lock_shared(&test->root->lock);
	for (size_t length = 1; length <= sizeof(bytes); length++)
		name_cache_enter(test->root, (struct name){ bytes, length },
		    length % 2 != 0 ? test->file : test->dir);
	rwlock_unlock_shared(&test->root->lock);
	assert_int_equal(count(test), sizeof(bytes));
	for (size_t length = 1; length <= sizeof(bytes); length++) {
		assert_true(name_cache_find(test->root, (struct name){ bytes, length }, &found));
		assert_ptr_equal(found, length % 2 != 0 ? test->file : test->dir);
		vnode_put(found);
	}
}

static void
a_vnode_that_is_reclaimed_takes_its_names_along(void **state)
{
	struct cache_test *test = *state;
	struct vnode *vnode = must_load(test, 77);

	enter(test->root, "a", vnode);
	enter(test->dir, "b", vnode);
	rwlock_lock_exclusive(&vnode->lock);
	vnode_has_no_name(vnode);
	rwlock_unlock_exclusive(&vnode->lock);
	vnode_put(vnode);
	assert_ptr_equal(find(test->root, "a"), unknown);
	assert_ptr_equal(find(test->dir, "b"), unknown);
	assert_int_equal(count(test), 0);
}

static void
thousands_of_names_are_found(void **state)
{
	struct cache_test *test = *state;
	char name[16];

	for (unsigned i = 0; i < 6000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		enter(test->root, name, i % 3 == 0 ? NULL : test->file);
	}
	assert_int_equal(count(test), 6000);
	for (unsigned i = 0; i < 6000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_ptr_equal(find(test->root, name), i % 3 == 0 ? NULL : test->file);
	}
}

static void
when_it_is_full_the_oldest_that_is_not_used_goes(void **state)
{
	struct cache_test test;
	char name[16];
	size_t max;

	create(&test, 1 << 20);
	max = vfs_of(test.fixture.kernel)->names.max;
	assert_int_equal(max, 256);
	enter(test.root, "used", test.file);
	enter(test.root, "unused", test.file);
	for (unsigned i = 0; i < 10 * max; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		enter(test.root, name, NULL);
		assert_ptr_equal(find(test.root, "used"), test.file);
		assert_true(count(&test) <= max);
	}
	assert_ptr_equal(find(test.root, "unused"), unknown);
	assert_int_equal(count(&test), max);
	destroy(&test);
}

static void
names_give_way_when_memory_is_wanted(void **state)
{
	struct cache_test *test = *state;
	char name[32];
	struct hog hog;

	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "a name, number %u", i);
		enter(test->root, name, NULL);
	}
	hog_take(&hog, test->fixture.kernel);
	assert_int_equal(count(test), 0);
	enter(test->root, "x", test->file); /* nowhere to keep it */
	assert_ptr_equal(find(test->root, "x"), unknown);
	hog_give_all(&hog);
	enter(test->root, "x", test->file);
	assert_ptr_equal(find(test->root, "x"), test->file);
}

static void
without_memory_for_what_is_new_the_old_is_forgotten(void **state)
{
	struct cache_test *test = *state;

	enter(test->root, "name", NULL);
	memory_fail_after(test->fixture.kernel, 0);
	enter(test->root, "name", test->file);
	if (memory_fail_stop(test->fixture.kernel))
		assert_ptr_equal(find(test->root, "name"), unknown);
	else
		assert_ptr_equal(find(test->root, "name"), test->file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_cache_knows_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_entered_is_found_in_its_directory_only,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(that_there_is_no_such_file_is_known_too, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(a_name_that_was_removed_is_not_known, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    purging_forgets_what_leads_to_a_vnode_and_what_is_in_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_leads_back_to_its_directory, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(names_of_any_length_and_bytes_are_kept_apart, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(a_vnode_that_is_reclaimed_takes_its_names_along,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(thousands_of_names_are_found, setup, teardown),
		cmocka_unit_test(when_it_is_full_the_oldest_that_is_not_used_goes),
		cmocka_unit_test_setup_teardown(without_memory_for_what_is_new_the_old_is_forgotten,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(names_give_way_when_memory_is_wanted, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
