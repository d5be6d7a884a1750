/*
 * Tests of changing attributes, and of times of access.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/credential.h"
#include "tests/fake_fs.h"
#include "vfs/mount.h"
#include "vfs/namespace_impl.h"

#define OWNER		100
#define GROUP		200
#define SECOND		((int64_t)1000000000)
#define CAN(capability) (1ULL << (capability))

static void
set(struct vnode *vnode, uint32_t permissions, uint32_t flags)
{
	rwlock_lock_exclusive(&vnode->lock);
	vnode->attributes.uid = OWNER;
	vnode->attributes.gid = GROUP;
	vnode->attributes.permissions = permissions;
	vnode->attributes.flags = flags;
	rwlock_unlock_exclusive(&vnode->lock);
}

static void
modes_are_changed_by_owners(void **state)
{
	static const struct {
		uint32_t uid;
		uint32_t gid;
		uint64_t capabilities;
		uint32_t asked;
		int want;
		uint32_t mode;
	} rows[] = {
		{ OWNER, GROUP, 0, 07777, 0, 07777 },
		{ OWNER, 1, 0, 07777, 0, 05777 }, /* the group is not his: no set-group-ID */
		{ OWNER, 1, CAN(CAP_FSETID), 07777, 0, 07777 },
		{ OWNER, GROUP, 0, 0107777, 0, 07777 }, /* no type */
		{ 1, GROUP, 0, 0777, -EPERM, 0640 },
		{ 1, 1, CAN(CAP_FOWNER), 0700, 0, 0700 },
		{ 1, 1, ~CAN(CAP_FOWNER), 0700, -EPERM, 0640 },
	};
	struct fixture *fixture = *state;
	struct vnode *file;

	make_file(&fixture->context, "/file", 0);
	file = must_find(&fixture->context, "/file");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct attribute_change change = {
			.mask = SET_PERMISSIONS,
			.permissions = rows[i].asked,
		};
		struct credential *user = fixture_user(fixture, rows[i].uid, rows[i].gid);

		user->capabilities = rows[i].capabilities;
		set(file, 0640, 0);
		assert_int_equal(namespace_set_attributes(file, user, &change), rows[i].want);
		assert_int_equal(file->attributes.permissions, rows[i].mode);
		credential_put(user);
	}
	vnode_put(file);
}

static void
owners_are_changed_by_few(void **state)
{
	static const struct {
		uint32_t uid;
		uint32_t gid;
		uint64_t capabilities;
		uint32_t mask;
		uint32_t to_uid;
		uint32_t to_gid;
		int want;
	} rows[] = {
		{ OWNER, 1, 0, SET_UID, 5, 0, -EPERM },
		{ OWNER, 1, 0, SET_UID, OWNER, 0, 0 }, /* no change */
		{ OWNER, 1, 0, SET_GID, 0, 5, -EPERM },
		{ OWNER, 1, 0, SET_GID, 0, 1, 0 }, /* a group that he is in */
		{ OWNER, 1, 0, SET_GID, 0, GROUP, 0 },
		{ OWNER, 1, 0, SET_UID | SET_GID, 5, 1, -EPERM },
		{ 1, GROUP, 0, SET_GID, 0, GROUP, -EPERM },
		{ 1, 1, CAN(CAP_CHOWN), SET_UID | SET_GID, 5, 6, 0 },
		{ 1, 1, ~CAN(CAP_CHOWN), SET_UID | SET_GID, 5, 6, -EPERM },
	};
	struct fixture *fixture = *state;
	struct vnode *file;

	make_file(&fixture->context, "/file", 0);
	file = must_find(&fixture->context, "/file");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct attribute_change change = {
			.mask = rows[i].mask,
			.uid = rows[i].to_uid,
			.gid = rows[i].to_gid,
		};
		struct credential *user = fixture_user(fixture, rows[i].uid, rows[i].gid);
		uint32_t uid = OWNER;
		uint32_t gid = GROUP;

		user->capabilities = rows[i].capabilities;
		set(file, 0644, 0);
		assert_int_equal(namespace_set_attributes(file, user, &change), rows[i].want);
		if (rows[i].want == 0 && (rows[i].mask & SET_UID))
			uid = rows[i].to_uid;
		if (rows[i].want == 0 && (rows[i].mask & SET_GID))
			gid = rows[i].to_gid;
		assert_int_equal(file->attributes.uid, uid);
		assert_int_equal(file->attributes.gid, gid);
		credential_put(user);
	}
	vnode_put(file);
}

static void
a_new_owner_does_not_inherit_set_id_bits(void **state)
{
	static const struct {
		const char *path;
		uint32_t before;
		uint32_t after;
	} rows[] = {
		{ "/file", 06755, 0755 },
		{ "/file", 04755, 0755 },
		{ "/file", 02745, 02745 }, /* without group execution it means something else */
		{ "/file", 01777, 01777 },
		{ "/dir", 06755, 06755 },
	};
	const struct attribute_change change = { .mask = SET_UID, .uid = 5 };
	struct fixture *fixture = *state;

	make_file(&fixture->context, "/file", 0);
	make_directory(&fixture->context, "/dir", 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vnode *vnode = must_find(&fixture->context, rows[i].path);

		set(vnode, rows[i].before, 0);
		assert_int_equal(namespace_set_attributes(vnode, fixture->root, &change), 0);
		assert_int_equal(vnode->attributes.permissions, rows[i].after);
		vnode_put(vnode);
	}
}

static void
times_are_set_by_owners_and_to_now_by_writers(void **state)
{
	static const struct {
		uint32_t uid;
		bool are_now;
		uint32_t mode;
		int want;
	} rows[] = {
		{ OWNER, false, 0, 0 },
		{ OWNER, true, 0, 0 },
		{ 1, false, 0666, -EPERM },
		{ 1, true, 0666, 0 },
		{ 1, true, 0664, -EACCES },
	};
	struct fixture *fixture = *state;
	struct vnode *file;

	make_file(&fixture->context, "/file", 0);
	file = must_find(&fixture->context, "/file");
	fixture->host.wall = 500 * SECOND;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct attribute_change change = {
			.mask = SET_ACCESSED | SET_MODIFIED,
			.accessed = { -5, 999999999 },
			.modified = { 1LL << 40, 7 },
			.times_are_now = rows[i].are_now,
		};
		struct credential *user = fixture_user(fixture, rows[i].uid, 1);
		const struct vnode_attributes *attributes = &file->attributes;

		set(file, rows[i].mode, 0);
		file->attributes.accessed = file->attributes.modified = (struct timestamp){ 1, 1 };
		assert_int_equal(namespace_set_attributes(file, user, &change), rows[i].want);
		if (rows[i].want < 0) {
			assert_int_equal(attributes->accessed.seconds, 1);
		} else if (rows[i].are_now) {
			assert_int_equal(attributes->accessed.seconds, 500);
			assert_int_equal(attributes->modified.seconds, 500);
		} else {
			assert_int_equal(attributes->accessed.seconds, -5);
			assert_int_equal(attributes->accessed.nanoseconds, 999999999);
			assert_int_equal(attributes->modified.seconds, 1LL << 40);
		}
		if (rows[i].want == 0)
			assert_int_equal(attributes->changed.seconds, 500);
		credential_put(user);
	}
	vnode_put(file);
}

static void
inode_flags_forbid_changes(void **state)
{
	static const struct {
		uint32_t flags;
		uint32_t mask;
		bool times_are_now;
		int want;
	} rows[] = {
		{ VNODE_IMMUTABLE, SET_PERMISSIONS, false, -EPERM },
		{ VNODE_IMMUTABLE, SET_UID, false, -EPERM },
		{ VNODE_IMMUTABLE, SET_MODIFIED, false, -EPERM },
		{ VNODE_IMMUTABLE, SET_MODIFIED, true, -EPERM },
		{ VNODE_APPEND_ONLY, SET_GID, false, -EPERM },
		{ VNODE_APPEND_ONLY, SET_MODIFIED, false, -EPERM },
		{ VNODE_APPEND_ONLY, SET_MODIFIED, true, 0 },
		{ VNODE_NO_DUMP, SET_PERMISSIONS, false, 0 },
		{ VNODE_IMMUTABLE, SET_FLAGS, false, 0 },
	};
	struct fixture *fixture = *state;
	struct vnode *file;

	make_file(&fixture->context, "/file", 0);
	file = must_find(&fixture->context, "/file");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct attribute_change change = {
			.mask = rows[i].mask,
			.times_are_now = rows[i].times_are_now,
		};

		set(file, 0644, rows[i].flags);
		assert_int_equal(namespace_set_attributes(file, fixture->root, &change),
		    rows[i].want);
	}
	vnode_put(file);
}

static void
inode_flags_are_set_by_few(void **state)
{
	static const struct {
		uint32_t uid;
		uint64_t capabilities;
		uint32_t from;
		uint32_t to;
		int want;
	} rows[] = {
		{ OWNER, 0, 0, VNODE_NO_DUMP, 0 },
		{ 1, 0, 0, VNODE_NO_DUMP, -EPERM },
		{ OWNER, 0, 0, VNODE_IMMUTABLE, -EPERM },
		{ OWNER, 0, VNODE_APPEND_ONLY, 0, -EPERM },
		{ OWNER, 0, VNODE_APPEND_ONLY, VNODE_APPEND_ONLY | VNODE_NO_DUMP, 0 },
		{ OWNER, CAN(CAP_LINUX_IMMUTABLE), 0, VNODE_IMMUTABLE, 0 },
		{ 1, CAN(CAP_LINUX_IMMUTABLE), 0, VNODE_IMMUTABLE, -EPERM },
	};
	struct fixture *fixture = *state;
	struct vnode *file;

	make_file(&fixture->context, "/file", 0);
	file = must_find(&fixture->context, "/file");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct attribute_change change = { .mask = SET_FLAGS, .flags = rows[i].to };
		struct credential *user = fixture_user(fixture, rows[i].uid, 1);

		user->capabilities = rows[i].capabilities;
		set(file, 0644, rows[i].from);
		assert_int_equal(namespace_set_attributes(file, user, &change), rows[i].want);
		assert_int_equal(file->attributes.flags,
		    rows[i].want == 0 ? rows[i].to : rows[i].from);
		credential_put(user);
	}
	set(file, 0644, 0);
	vnode_put(file);
}

static void
what_the_file_system_refuses_has_not_changed(void **state)
{
	const struct attribute_change change = {
		.mask = SET_PERMISSIONS | SET_UID,
		.permissions = 0,
		.uid = 9,
	};
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *root;

	make_directory(context, "/mnt", 0755);
	assert_int_equal(mount_at(context, "none", "/mnt", "fake", 0, ""), 0);
	root = must_find(context, "/mnt");
	fake_control.change_error = -EIO;
	assert_int_equal(namespace_set_attributes(root, fixture->root, &change), -EIO);
	assert_int_equal(root->attributes.permissions, 0755);
	assert_int_equal(root->attributes.uid, 0);
	vnode_put(root);
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);

	assert_int_equal(mount_at(context, "none", "/mnt", "fake", MOUNT_READ_ONLY, ""), 0);
	root = must_find(context, "/mnt");
	assert_int_equal(namespace_set_attributes(root, fixture->root, &change), -EROFS);
	vnode_put(root);
}

static void
times_that_cannot_be_kept_do_no_harm(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *root;

	make_directory(context, "/mnt", 0755);
	assert_int_equal(mount_at(context, "none", "/mnt", "fake", 0, ""), 0);
	root = must_find(context, "/mnt");
	fake_control.change_error = -EIO;
	fixture->host.wall = 500 * SECOND;
	namespace_accessed(root);
	assert_int_equal(root->attributes.accessed.seconds, 0);
	rwlock_lock_exclusive(&root->lock);
	namespace_touch(root, SET_MODIFIED);
	rwlock_unlock_exclusive(&root->lock);
	assert_non_null(strstr(fixture->host.console, "none: inode 2: times not kept: error 5"));
	vnode_put(root);
}

static void
the_time_of_access_is_renewed_when_it_tells_something(void **state)
{
	static const struct {
		const char *path;
		uint32_t flags; /* of the mount */
		int64_t accessed, modified, changed, now;
		bool want;
	} rows[] = {
		{ "/mnt/file", 0, 10, 10, 10, 10, true }, /* not read since it was written */
		{ "/mnt/file", 0, 11, 10, 10, 20, false },
		{ "/mnt/file", 0, 11, 12, 10, 20, true },
		{ "/mnt/file", 0, 11, 10, 12, 20, true },
		{ "/mnt/file", 0, 11, 10, 10, 11 + 86399, false },
		{ "/mnt/file", 0, 11, 10, 10, 11 + 86400, true },
		{ "/mnt", 0, 11, 12, 10, 20, true },
		{ "/mnt/file", MOUNT_STRICT_ACCESS_TIME, 11, 10, 10, 12, true },
		{ "/mnt/file", MOUNT_NO_ACCESS_TIME, 11, 12, 10, 20, false },
		{ "/mnt", MOUNT_NO_DIRECTORY_ACCESS_TIME, 11, 12, 10, 20, false },
		{ "/mnt/file", MOUNT_NO_DIRECTORY_ACCESS_TIME, 11, 12, 10, 20, true },
		{ "/mnt/file", MOUNT_READ_ONLY, 11, 12, 10, 20, false },
	};
	static const struct fake_node nodes[] = {
		{ .ino = 3, .dir = 2, .name = "file", .type = VNODE_REGULAR },
	};
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	fake_control.nodes = nodes;
	fake_control.node_count = ARRAY_SIZE(nodes);
	make_directory(context, "/mnt", 0755);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vnode *vnode;

		assert_int_equal(mount_at(context, "none", "/mnt", "fake", rows[i].flags, ""), 0);
		vnode = must_find(context, rows[i].path);
		vnode->attributes.accessed.seconds = rows[i].accessed;
		vnode->attributes.modified.seconds = rows[i].modified;
		vnode->attributes.changed.seconds = rows[i].changed;
		fixture->host.wall = rows[i].now * SECOND;
		namespace_accessed(vnode);
		assert_int_equal(vnode->attributes.accessed.seconds,
		    rows[i].want ? rows[i].now : rows[i].accessed);
		vnode_put(vnode);
		assert_int_equal(unmount_at(context, "/mnt", 0), 0);
	}
}

static void
times_before_1970_are_times_too(void **state)
{
	static const struct {
		int64_t wall;
		int64_t seconds;
		uint32_t nanoseconds;
	} rows[] = {
		{ 0, 0, 0 },
		{ 1, 0, 1 },
		{ 1500000000123456789, 1500000000, 123456789 },
		{ -1, -1, 999999999 },
		{ -SECOND, -1, 0 },
		{ -SECOND - 1, -2, 999999999 },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct timestamp now;

		fixture->host.wall = rows[i].wall;
		now = timestamp_now(fixture->kernel);
		assert_int_equal(now.seconds, rows[i].seconds);
		assert_int_equal(now.nanoseconds, rows[i].nanoseconds);
	}
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(modes_are_changed_by_owners),
		TREE_TEST(owners_are_changed_by_few),
		TREE_TEST(a_new_owner_does_not_inherit_set_id_bits),
		TREE_TEST(times_are_set_by_owners_and_to_now_by_writers),
		TREE_TEST(inode_flags_forbid_changes),
		TREE_TEST(inode_flags_are_set_by_few),
		TREE_TEST(what_the_file_system_refuses_has_not_changed),
		TREE_TEST(times_that_cannot_be_kept_do_no_harm),
		TREE_TEST(the_time_of_access_is_renewed_when_it_tells_something),
		TREE_TEST(times_before_1970_are_times_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
