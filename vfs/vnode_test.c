/*
 * Tests of the lives of vnodes.
 */
#include <pthread.h>
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
#include "vfs/namespace.h"
#include "vfs/vfs_impl.h"

static const struct fake_node tree[] = {
	{ .ino = 3, .dir = 2, .name = "file", .type = VNODE_REGULAR, .permissions = 0644 },
	{ .ino = 4, .dir = 2, .name = "orphan", .type = VNODE_REGULAR, .has_no_link = true },
};

static int
setup(void **state)
{
	static struct fixture fixture;

	fake_control = (struct fake_control){ .nodes = tree, .node_count = ARRAY_SIZE(tree) };
	fixture_create(&fixture, "fake", 32 << 20);
	*state = &fixture;
	return 0;
}

static int
teardown(void **state)
{
	fixture_destroy(*state);
	return 0;
}

static struct vnode *
must_load(struct fake_fs *fs, uint64_t ino)
{
	struct vnode *vnode;

	assert_int_equal(vnode_find(&fs->mount, ino, &vnode), 0);
	return vnode;
}

/* Load inodes from first to last, and use none of them. */
static void
walk_through(struct fake_fs *fs, uint64_t first, uint64_t last)
{
	for (uint64_t ino = first; ino <= last; ino++)
		vnode_put(must_load(fs, ino));
}

static void
an_inode_is_one_vnode(void **state)
{
	struct fake_fs *fs = fixture_fake(*state);
	struct vnode *first = must_load(fs, 3);
	struct vnode *second = must_load(fs, 3);

	assert_ptr_equal(first, second);
	assert_int_equal(fs->load_count, 2); /* the root, and this */
	vnode_put(first);
	vnode_put(second);
}

static void
an_unused_vnode_is_kept_and_found_again(void **state)
{
	struct fake_fs *fs = fixture_fake(*state);
	struct vnode *vnode = must_load(fs, 3);
	struct vnode *again;

	vnode_put(vnode);
	again = must_load(fs, 3);
	assert_ptr_equal(vnode, again);
	assert_int_equal(fs->load_count, 2);
	assert_int_equal(fs->reclaim_count, 0);
	vnode_put(again);
}

static void
a_file_without_a_name_goes_with_its_last_reference(void **state)
{
	struct fake_fs *fs = fixture_fake(*state);
	struct vnode *vnode = must_load(fs, 4);
	struct vnode *again = must_load(fs, 4);

	vnode_put(vnode);
	assert_int_equal(fs->reclaim_count, 0);
	vnode_put(again);
	assert_int_equal(fs->reclaim_count, 1);
}

static void
a_file_that_loses_its_name_goes_with_its_last_reference(void **state)
{
	struct fake_fs *fs = fixture_fake(*state);
	struct vnode *vnode = must_load(fs, 3);

	/* On the idle list first, from which it must come off. */
	vnode_put(vnode);
	vnode = must_load(fs, 3);
	rwlock_lock_exclusive(&vnode->lock);
	vnode_has_no_name(vnode);
	rwlock_unlock_exclusive(&vnode->lock);
	vnode_put(vnode);
	assert_int_equal(fs->reclaim_count, 1);
	walk_through(fs, 3, 3);
	assert_int_equal(fs->load_count, 3);
}

static void
what_cannot_be_loaded_is_an_error_and_no_vnode(void **state)
{
	struct fake_fs *fs = fixture_fake(*state);
	struct vnode *vnode = (struct vnode *)8;

	assert_int_equal(vnode_find(&fs->mount, 99, &vnode), -ENOENT);
	assert_null(vnode);
	fake_control.load_error = -EIO;
	assert_int_equal(vnode_find(&fs->mount, 3, &vnode), -EIO);
	assert_null(vnode);
	fake_control.load_error = 0;
	assert_int_equal(fs->load_count, 1);
}

static struct vnode *faster;

static void
load_first(struct fake_fs *fs, uint64_t ino)
{
	fake_control.on_load = NULL;
	faster = must_load(fs, ino);
}

static void
of_two_that_load_one_inode_the_first_wins(void **state)
{
	struct fake_fs *fs = fixture_fake(*state);
	struct vnode *slower;

	fake_control.on_load = load_first;
	slower = must_load(fs, 3);
	assert_ptr_equal(slower, faster);
	assert_int_equal(fs->load_count, 3);
	assert_int_equal(fs->reclaim_count, 1);
	vnode_put(slower);
	vnode_put(faster);
	assert_int_equal(fs->reclaim_count, 1);
}

static void
the_table_grows_and_finds_all(void **state)
{
	struct fake_fs *fs = fixture_fake(*state);
	struct vnode_table *table = &vfs_of(fs->mount.kernel)->vnodes;

	fake_control.has_every_ino = true;
	walk_through(fs, 10, 5009);
	assert_int_equal(fs->load_count, 5001);
	walk_through(fs, 10, 5009);
	assert_int_equal(fs->load_count, 5001);
	assert_int_equal(table->count, 5001);
	assert_true(table->bucket_count >= 4096);
}

static void
vnodes_in_use_stay_when_many_others_pass_by(void **state)
{
	struct fixture fixture;
	struct vnode *used;
	struct fake_fs *fs;
	struct vnode_table *table;

	fixture_create(&fixture, "fake", 4 << 20);
	fake_control.has_every_ino = true;
	fs = fixture_fake(&fixture);
	table = &vfs_of(fixture.kernel)->vnodes;
	used = must_load(fs, 5);
	vnode_put(used); /* it has been on the idle list */
	used = must_load(fs, 5);

	walk_through(fs, 10, 100000);
	assert_true(table->idle_count <= table->idle_max);
	assert_true(table->count <= table->idle_max + 2);
	assert_true(memory_taken(fixture.kernel) <= 4 << 20);
	assert_ptr_equal(must_load(fs, 5), used);
	vnode_put(used);
	vnode_put(used);
	fixture_destroy(&fixture);
}

static void
vnodes_used_again_and_again_stay_idle_for_longest(void **state)
{
	struct fixture fixture;
	struct fake_fs *fs;
	size_t idle_max;

	fixture_create(&fixture, "fake", 4 << 20);
	fake_control.has_every_ino = true;
	fs = fixture_fake(&fixture);
	idle_max = vfs_of(fixture.kernel)->vnodes.idle_max;
	walk_through(fs, 5, 5);
	for (uint64_t ino = 10; ino < 10 + 8 * idle_max; ino++) {
		walk_through(fs, ino, ino);
		walk_through(fs, 5, 5);
	}
	assert_int_equal(fs->load_count, 2 + 8 * idle_max);
	fixture_destroy(&fixture);
}

static void
idle_vnodes_give_way_when_memory_is_wanted(void **state)
{
	struct fixture fixture;
	struct fake_fs *fs;
	struct vnode *used;
	struct hog hog;

	fixture_create(&fixture, "fake", 4 << 20);
	fake_control.has_every_ino = true;
	fs = fixture_fake(&fixture);
	walk_through(fs, 10, 500);
	used = must_load(fs, 100);
	hog_take(&hog, fixture.kernel);
	assert_int_equal(fs->reclaim_count, 490);
	hog_give_all(&hog);

	assert_ptr_equal(must_load(fs, 100), used);
	assert_int_equal(fs->load_count, 492);
	walk_through(fs, 10, 500);
	assert_int_equal(fs->load_count, 492 + 490);
	vnode_put(used);
	vnode_put(used);
	fixture_destroy(&fixture);
}

struct taker {
	struct kernel *kernel;
	struct hog hog;
};

static void *
take_all(void *argument)
{
	struct taker *taker = argument;

	hog_take(&taker->hog, taker->kernel);
	return NULL;
}

/* Have another thread take all memory while this one holds lock, and give it back. */
static void
run_out(struct kernel *kernel, struct mutex *lock)
{
	struct taker taker = { .kernel = kernel };
	pthread_t thread;

	mutex_lock(lock);
	pthread_create(&thread, NULL, take_all, &taker);
	pthread_join(thread, NULL);
	mutex_unlock(lock);
	hog_give_all(&taker.hog);
}

/* Run out of memory with lock held, then without. */
static void
run_out_with(struct fixture *fixture, struct mutex *lock, unsigned kept)
{
	struct fake_fs *fs = fixture_fake(fixture);
	unsigned before = fs->reclaim_count;
	struct hog hog;

	walk_through(fs, 10, 29);
	run_out(fixture->kernel, lock);
	assert_int_equal(fs->reclaim_count, before + 20 - kept);

	walk_through(fs, 10, 29);
	hog_take(&hog, fixture->kernel);
	hog_give_all(&hog);
	assert_int_equal(fs->load_count, fs->reclaim_count + 2); /* the root, and 5 */
}

static void
who_wants_memory_waits_for_no_lock(void **state)
{
	struct fixture *fixture = *state;
	struct vfs *vfs = vfs_of(fixture->kernel);
	struct vnode *idle;
	struct vnode *used;

	fake_control.has_every_ino = true;
	used = must_load(fixture_fake(fixture), 5);
	idle = must_load(fixture_fake(fixture), 10);
	vnode_put(idle);
	run_out_with(fixture, &idle->pages.lock, 1);
	run_out_with(fixture, &vfs->vnodes.lock, 20);
	run_out_with(fixture, &vfs->names.lock, 20);
	vnode_put(used);
}

static void
a_vnode_whose_names_are_being_looked_at_stays(void **state)
{
	struct fixture *fixture = *state;
	struct fake_fs *fs = fixture_fake(fixture);

	assert_int_equal(try_lookup(&fixture->context, "/file", 0), 0);
	run_out(fixture->kernel, &vfs_of(fixture->kernel)->names.lock);
	assert_int_equal(fs->reclaim_count, 0);
	assert_int_equal(try_lookup(&fixture->context, "/file", 0), 0);
	assert_int_equal(fs->lookup_count, 1);
}

static void
operations_that_a_kind_of_file_does_not_have_say_so(void **state)
{
	struct vnode *out = (struct vnode *)8;
	uint64_t position = 0;
	size_t length = 8;

	assert_int_equal(vnode_no_lookup(NULL, NAME("x"), &out), -ENOTDIR);
	assert_null(out);
	out = (struct vnode *)8;
	assert_int_equal(vnode_no_create(NULL, NAME("x"), NULL, &out), -EROFS);
	assert_null(out);
	assert_int_equal(vnode_no_link(NULL, NAME("x"), NULL), -EROFS);
	assert_int_equal(vnode_no_remove(NULL, NAME("x"), NULL), -EROFS);
	assert_int_equal(vnode_no_rename(NULL), -EROFS);
	assert_int_equal(vnode_no_read_directory(NULL, &position, NULL), -ENOTDIR);
	assert_int_equal(vnode_no_read_link(NULL, NULL, 0, &length), -EINVAL);
	assert_int_equal(length, 0);
	assert_int_equal(vnode_no_attributes_changed(NULL, 0), -EROFS);
	assert_int_equal(vnode_no_map_extent(NULL, 0, 1, EXTENT_READ, NULL), -EINVAL);
	assert_int_equal(vnode_no_read_store(NULL, 0, NULL, 0), -EIO);
	assert_int_equal(vnode_no_resize(NULL, 0), -EROFS);
	assert_int_equal(vnode_no_allocate(NULL, ALLOCATE_SPACE, 0, 1), -EOPNOTSUPP);
	out = (struct vnode *)8;
	assert_int_equal(vnode_no_create_unnamed(NULL, NULL, &out), -EOPNOTSUPP);
	assert_null(out);
	assert_int_equal(mount_no_load(NULL, 1, &out), -ENOENT);
}

static void
files_without_extended_attributes_say_so(void **state)
{
	size_t length = 8;

	assert_int_equal(vnode_no_get_xattr(NULL, NAME("user.x"), NULL, 0, &length), -EOPNOTSUPP);
	assert_int_equal(length, 0);
	assert_int_equal(vnode_no_set_xattr(NULL, NAME("user.x"), NULL, 0, 0), -EOPNOTSUPP);
	assert_int_equal(vnode_no_remove_xattr(NULL, NAME("user.x")), -EOPNOTSUPP);
	length = 8;
	assert_int_equal(vnode_no_list_xattr(NULL, NULL, 0, &length), 0);
	assert_int_equal(length, 0);
}

static void
without_memory_a_new_vnode_is_an_error_and_an_old_one_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct fake_fs *fs = fixture_fake(fixture);
	struct vnode *used = must_load(fs, 3);
	struct vnode *vnode;
	struct hog hog;

	hog_take(&hog, fixture->kernel);
	assert_int_equal(vnode_find(&fs->mount, 4, &vnode), -ENOMEM);
	assert_null(vnode);
	assert_ptr_equal(must_load(fs, 3), used);
	hog_give_all(&hog);
	vnode_put(used);
	vnode_put(used);
}

static void
a_table_that_cannot_grow_still_finds_all(void **state)
{
	struct fixture *fixture = *state;
	struct fake_fs *fs = fixture_fake(fixture);
	struct vnode *vnodes[600];
	struct hog hog;
	size_t count = 0;

	fake_control.has_every_ino = true;
	hog_take(&hog, fixture->kernel);
	hog_give(&hog, 40);
	while (vnode_find(&fs->mount, 10 + count, &vnodes[count]) == 0)
		count++;
	assert_true(count > 100 && count < 600);
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(must_load(fs, 10 + i), vnodes[i]);
	hog_give_all(&hog);
	for (size_t i = 0; i < count; i++) {
		vnode_put(vnodes[i]);
		vnode_put(vnodes[i]);
	}
}

static void
assert_cannot_be_had(struct vnode *vnode)
{
	fake_control.on_reclaim = NULL;
	assert_false(vnode_try_get(vnode));
}

static void
a_vnode_that_is_being_reclaimed_cannot_be_had(void **state)
{
	struct fake_fs *fs = fixture_fake(*state);
	struct vnode *vnode = must_load(fs, 4);

	assert_true(vnode_try_get(vnode));
	vnode_put(vnode);
	fake_control.on_reclaim = assert_cannot_be_had;
	vnode_put(vnode);
	assert_null(fake_control.on_reclaim);
}

static void
who_moves_while_a_mount_is_looked_through_is_noticed(void **state)
{
	struct fake_fs *fs = fixture_fake(*state);
	struct vnode *vnode = must_load(fs, 3);

	vnode_put(vnode_get(vnode));
	assert_false(fs->mount.was_entered);
	for (unsigned i = 0; i < 3; i++) {
		fs->mount.is_closing = true;
		fs->mount.was_entered = false;
		if (i == 0)
			vnode_get(vnode);
		else if (i == 1)
			assert_true(vnode_try_get(vnode));
		else
			assert_ptr_equal(must_load(fs, 3), vnode);
		assert_true(fs->mount.was_entered);
		vnode_put(vnode);
		fs->mount.is_closing = false;
	}
	vnode_put(vnode);
}

static void
a_mount_that_was_entered_before_is_not_used(void **state)
{
	struct fake_fs *fs = fixture_fake(*state);

	assert_false(vnode_any_used(&fs->mount));
	fs->mount.was_entered = true; /* of an earlier look: does not count */
	assert_false(vnode_any_used(&fs->mount));
}

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_in;
	bool may_go;
} slow = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void
reclaim_slowly(struct vnode *vnode)
{
	fake_control.on_reclaim = NULL;
	pthread_mutex_lock(&slow.lock);
	slow.is_in = true;
	pthread_cond_broadcast(&slow.changed);
	while (!slow.may_go)
		pthread_cond_wait(&slow.changed, &slow.lock);
	pthread_mutex_unlock(&slow.lock);
}

static void *
put_vnode(void *vnode)
{
	vnode_put(vnode);
	return NULL;
}

static void *
look_through(void *fs)
{
	return (void *)(uintptr_t)vnode_any_used(&((struct fake_fs *)fs)->mount);
}

/*
 * See whether a mount is used, which must wait for a vnode that another thread
 * reclaims; do something() meanwhile.
 */
static bool
is_used_while(struct fixture *fixture, void (*something)(struct fake_fs *fs))
{
	struct fake_fs *fs = fixture_fake(fixture);
	pthread_t putter;
	pthread_t looker;
	void *is_used;

	slow.is_in = slow.may_go = false;
	fake_control.on_reclaim = reclaim_slowly;
	pthread_create(&putter, NULL, put_vnode, must_load(fs, 4));
	pthread_mutex_lock(&slow.lock);
	while (!slow.is_in)
		pthread_cond_wait(&slow.changed, &slow.lock);
	pthread_mutex_unlock(&slow.lock);

	pthread_create(&looker, NULL, look_through, fs);
	fake_host_await_sleepers(&fixture->host, 1);
	something(fs);

	pthread_mutex_lock(&slow.lock);
	slow.may_go = true;
	pthread_cond_broadcast(&slow.changed);
	pthread_mutex_unlock(&slow.lock);
	pthread_join(looker, &is_used);
	pthread_join(putter, NULL);
	return is_used != NULL;
}

static void
do_nothing(struct fake_fs *fs)
{
}

static void
come_and_go(struct fake_fs *fs)
{
	vnode_put(vnode_get(fs->mount.root));
}

static void
a_mount_waits_for_those_who_reclaim_its_vnodes(void **state)
{
	assert_false(is_used_while(*state, do_nothing));
}

static void
a_mount_that_somebody_moved_in_is_used(void **state)
{
	assert_true(is_used_while(*state, come_and_go));
}

static void
a_file_in_memory_goes_with_its_last_name_and_reference(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct fs_statistics before;
	struct fs_statistics after;
	struct vnode *vnode;

	assert_int_equal(mount_statistics(context->root->mount, &before), 0);
	make_file(context, "/file", 0644);
	vnode = must_find(context, "/file");
	assert_int_equal(namespace_unlink(context, "/file"), 0);
	assert_int_equal(mount_statistics(context->root->mount, &after), 0);
	assert_int_equal(after.inodes_free, before.inodes_free - 1);
	vnode_put(vnode);
	assert_int_equal(mount_statistics(context->root->mount, &after), 0);
	assert_int_equal(after.inodes_free, before.inodes_free);
}

static void
reclaim_nothing(struct vnode *vnode)
{
	(void)vnode;
}

/* A new operation belongs to a group, or drivers that rely on them lack it. */
static void
groups_of_defaults_have_every_operation(void **state)
{
	static const struct vnode_ops ops = {
		VNODE_NO_CHANGES,
		VNODE_NO_XATTRS,
		VNODE_NO_ENTRIES,
		VNODE_NO_TARGET,
		VNODE_NO_CONTENT,
		.reclaim = reclaim_nothing,
	};
	uintptr_t pointers[sizeof(ops) / sizeof(uintptr_t)];

	(void)state;
	memcpy(pointers, &ops, sizeof(ops));
	for (size_t i = 0; i < ARRAY_SIZE(pointers); i++)
		assert_true(pointers[i] != 0);
}

#define FAKE_TEST(name)	 cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TMPFS_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(an_inode_is_one_vnode),
		FAKE_TEST(an_unused_vnode_is_kept_and_found_again),
		FAKE_TEST(a_file_without_a_name_goes_with_its_last_reference),
		FAKE_TEST(a_file_that_loses_its_name_goes_with_its_last_reference),
		FAKE_TEST(what_cannot_be_loaded_is_an_error_and_no_vnode),
		FAKE_TEST(of_two_that_load_one_inode_the_first_wins),
		FAKE_TEST(the_table_grows_and_finds_all),
		cmocka_unit_test(vnodes_in_use_stay_when_many_others_pass_by),
		cmocka_unit_test(vnodes_used_again_and_again_stay_idle_for_longest),
		cmocka_unit_test(idle_vnodes_give_way_when_memory_is_wanted),
		FAKE_TEST(who_wants_memory_waits_for_no_lock),
		FAKE_TEST(a_vnode_whose_names_are_being_looked_at_stays),
		cmocka_unit_test(operations_that_a_kind_of_file_does_not_have_say_so),
		cmocka_unit_test(files_without_extended_attributes_say_so),
		cmocka_unit_test(groups_of_defaults_have_every_operation),
		FAKE_TEST(without_memory_a_new_vnode_is_an_error_and_an_old_one_is_found),
		FAKE_TEST(a_table_that_cannot_grow_still_finds_all),
		FAKE_TEST(a_vnode_that_is_being_reclaimed_cannot_be_had),
		FAKE_TEST(who_moves_while_a_mount_is_looked_through_is_noticed),
		FAKE_TEST(a_mount_that_was_entered_before_is_not_used),
		FAKE_TEST(a_mount_that_somebody_moved_in_is_used),
		FAKE_TEST(a_mount_waits_for_those_who_reclaim_its_vnodes),
		TMPFS_TEST(a_file_in_memory_goes_with_its_last_name_and_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
