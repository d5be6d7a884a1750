/*
 * Tests of opening by path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/credential.h"
#include "kern/uio.h"
#include "kern/user.h"
#include "tests/fake_fs.h"
#include "vfs/device.h"
#include "vfs/file_io.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

#define USER  100
#define GROUP 200

static const struct fake_node read_only[] = {
	{ .ino = 3, .dir = 2, .name = "file", .type = VNODE_REGULAR, .permissions = 0666 },
	{ .ino = 4, .dir = 2, .name = "fifo", .type = VNODE_FIFO, .permissions = 0666 },
};

static const struct device_ops device; /* only looked for */

/* A tree for an ordinary user; what he owns is in /u. */
static int
setup(void **state)
{
	struct fixture *fixture;
	struct path_context *context;

	fake_control =
	    (struct fake_control){ .nodes = read_only, .node_count = ARRAY_SIZE(read_only) };
	fixture_setup(state);
	fixture = *state;
	context = &fixture->context;
	assert_int_equal(device_register(fixture->kernel, VNODE_CHARACTER, 7, &device), 0);
	make_directory(context, "/u", 0777);
	make_directory(context, "/u/dir", 0755);
	make_file(context, "/u/file", 0666);
	make_file(context, "/u/readable", 0444);
	make_file(context, "/u/writable", 0222);
	make_file(context, "/u/secret", 0600);
	make_link(context, "/u/link", "file");
	make_link(context, "/u/dirlink", "dir");
	make_link(context, "/u/gone", "dir/../come");
	make_link(context, "/u/slash", "come/");
	make_link(context, "/u/loop", "loop");
	make_node(context, "/u/socket", VNODE_SOCKET, 0);
	make_node(context, "/u/fifo", VNODE_FIFO, 0);
	make_node(context, "/u/device", VNODE_CHARACTER, device_number(7, 1));
	make_node(context, "/u/nodriver", VNODE_CHARACTER, device_number(8, 1));
	make_node(context, "/u/nodisk", VNODE_BLOCK, device_number(7, 1));
	make_directory(context, "/ro", 0755);
	assert_int_equal(mount_at(context, "none", "/ro", "fake", MOUNT_READ_ONLY, ""), 0);
	make_directory(context, "/nodev", 0755);
	assert_int_equal(mount_at(context, "none", "/nodev", "tmpfs", MOUNT_NO_DEVICES,
			     "mode=0755"),
	    0);
	make_node(context, "/nodev/device", VNODE_CHARACTER, device_number(7, 1));
	return 0;
}

static struct path_context
as_user(const struct fixture *fixture)
{
	struct path_context context = fixture->context;

	context.credential = fixture_user(fixture, USER, GROUP);
	return context;
}

static void
done(const struct path_context *user)
{
	credential_put((struct credential *)user->credential);
}

/* Open, give the reference back, and return what namespace_open() said. */
static int
try_open(const struct path_context *context, const char *path, uint32_t flags)
{
	struct vnode *vnode;
	int error = namespace_open(context, path, flags, 0666, &vnode);

	assert_true((error == 0) == (vnode != NULL));
	vnode_put(vnode);
	return error;
}

static void
what_is_there_is_opened_or_not(void **state)
{
	static const struct {
		const char *path;
		uint32_t flags;
		int want;
	} rows[] = {
		{ "/u/file", 0, 0 }, { "/u/file", OPEN_READ_WRITE, 0 }, { "/u/file/", 0, -ENOTDIR },
		{ "/u/no", 0, -ENOENT }, { "", 0, -ENOENT }, { "/u/readable", 0, 0 },
		{ "/u/readable", OPEN_WRITE_ONLY, -EACCES },
		{ "/u/readable", OPEN_READ_WRITE, -EACCES },
		{ "/u/readable", OPEN_TRUNCATE, -EACCES }, /* takes write permission */
		{ "/u/readable", OPEN_ACCESS_MODE, -EACCES }, { "/u/writable", 0, -EACCES },
		{ "/u/writable", OPEN_WRITE_ONLY, 0 }, { "/u/secret", 0, -EACCES },
		{ "/u/secret", OPEN_PATH, 0 }, /* takes no permission */
		{ "/u/dir", 0, 0 }, { "/u/dir/", OPEN_DIRECTORY, 0 },
		{ "/u/dir", OPEN_WRITE_ONLY, -EISDIR }, { "/u/dir", OPEN_READ_WRITE, -EISDIR },
		{ "/u/dir", OPEN_TRUNCATE, -EISDIR }, { "/u/file", OPEN_DIRECTORY, -ENOTDIR },
		{ "/u/link", OPEN_WRITE_ONLY, 0 }, { "/u/link", OPEN_NO_FOLLOW, -ELOOP },
		{ "/u/link", OPEN_NO_FOLLOW | OPEN_PATH, 0 },
		{ "/u/dirlink", OPEN_NO_FOLLOW | OPEN_DIRECTORY, -ENOTDIR },
		{ "/u/dirlink/", OPEN_NO_FOLLOW, 0 }, { "/u/dirlink", OPEN_DIRECTORY, 0 },
		{ "/u/gone", 0, -ENOENT }, { "/u/loop", 0, -ELOOP }, { "/u/socket", 0, -ENXIO },
		{ "/u/socket", OPEN_PATH, 0 }, { "/u/fifo", OPEN_READ_WRITE, 0 },
		{ "/u/device", OPEN_READ_WRITE, 0 },
		{ "/u/device", OPEN_WRITE_ONLY | OPEN_TRUNCATE, 0 }, /* nothing to truncate */
		{ "/u/nodriver", 0, -ENXIO }, { "/u/nodisk", 0, -ENXIO },
		{ "/nodev/device", 0, -EACCES }, { "/nodev/device", OPEN_PATH, 0 },
		{ "/ro/file", 0, 0 }, { "/ro/file", OPEN_WRITE_ONLY, -EROFS },
		{ "/ro/file", OPEN_TRUNCATE, -EROFS }, { "/ro/fifo", OPEN_WRITE_ONLY, 0 },
		{ "/u/file", OPEN_NO_ACCESS_TIME, -EPERM }, /* not the owner */
	};
	struct path_context user = as_user(*state);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(try_open(&user, rows[i].path, rows[i].flags), rows[i].want);
	done(&user);
}

static void
what_is_not_there_is_created_or_not(void **state)
{
	static const struct {
		const char *path;
		uint32_t flags;
		int want;
		const char *made; /* a new file, or NULL */
	} rows[] = {
		{ "/u/new", 0, 0, "/u/new" }, { "/u/new", OPEN_EXCLUSIVE, 0, "/u/new" },
		{ "/u/new", OPEN_EXCLUSIVE | OPEN_NO_FOLLOW, 0, "/u/new" },
		{ "/u/new/", 0, -EISDIR, NULL }, { "/u/new", OPEN_DIRECTORY, -EINVAL, NULL },
		{ "/u/no/new", 0, -ENOENT, NULL }, { "/u/file/new", 0, -ENOTDIR, NULL },
		{ "/u/file", 0, 0, NULL }, { "/u/file", OPEN_EXCLUSIVE, -EEXIST, NULL },
		{ "/u/file/", 0, -EISDIR, NULL }, { "/u/secret", 0, -EACCES, NULL },
		{ "/u/dir", 0, -EISDIR, NULL }, { "/u/dir", OPEN_EXCLUSIVE, -EEXIST, NULL },
		{ "/u/.", 0, -EISDIR, NULL }, { "/u/..", OPEN_EXCLUSIVE, -EEXIST, NULL },
		{ "/", 0, -EISDIR, NULL }, { "", 0, -ENOENT, NULL },
		{ "/u/dir/new", 0, -EACCES, NULL }, { "/u/dirlink/new", 0, -EACCES, NULL },
		{ "/u/link", 0, 0, NULL }, { "/u/link", OPEN_EXCLUSIVE, -EEXIST, NULL },
		{ "/u/link", OPEN_NO_FOLLOW, -ELOOP, NULL }, { "/u/dirlink", 0, -EISDIR, NULL },
		{ "/u/gone", 0, 0, "/u/come" }, /* what the link leads to */
		{ "/u/gone", OPEN_EXCLUSIVE, -EEXIST, NULL },
		{ "/u/gone", OPEN_NO_FOLLOW, -ELOOP, NULL }, { "/u/slash", 0, -EISDIR, NULL },
		{ "/u/loop", 0, -ELOOP, NULL }, { "/ro/new", 0, -EROFS, NULL },
		{ "/ro/file", 0, 0, NULL },
		{ "/u/new", OPEN_PATH, -ENOENT, NULL }, /* OPEN_CREATE means nothing then */
	};
	struct path_context user = as_user(*state);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(try_open(&user, rows[i].path, OPEN_CREATE | rows[i].flags),
		    rows[i].want);
		if (rows[i].made != NULL)
			assert_int_equal(namespace_unlink(&user, rows[i].made), 0);
		assert_int_equal(try_lookup(&user, "/u/new", 0), -ENOENT);
		assert_int_equal(try_lookup(&user, "/u/come", 0), -ENOENT);
	}
	done(&user);
}

static void
who_creates_a_file_may_open_it_whatever_its_mode(void **state)
{
	struct path_context user = as_user(*state);
	struct vnode *vnode;

	assert_int_equal(namespace_open(&user, "/u/new", OPEN_CREATE | OPEN_READ_WRITE, 0, &vnode),
	    0);
	vnode_put(vnode);
	assert_int_equal(attributes_of(&user, "/u/new").permissions, 0);
	assert_int_equal(try_open(&user, "/u/new", OPEN_READ_WRITE | OPEN_CREATE), -EACCES);
	assert_int_equal(namespace_unlink(&user, "/u/new"), 0);

	assert_int_equal(namespace_open(&user, "/u/new", OPEN_CREATE, 06777, &vnode), 0);
	vnode_put(vnode);
	assert_int_equal(attributes_of(&user, "/u/new").permissions, 06755); /* umask 022 */
	done(&user);
}

static void
truncating_empties_a_file(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct file_writer writer = { .credential = fixture->root, .size_limit = UINT64_MAX };
	struct vnode *file = must_find(context, "/u/file");

	assert_int_equal(file_truncate(file, 10000, &writer), 0);
	vnode_put(file);
	assert_int_equal(try_open(context, "/u/file", OPEN_WRITE_ONLY), 0);
	assert_int_equal(attributes_of(context, "/u/file").size, 10000);
	assert_int_equal(try_open(context, "/u/link", OPEN_WRITE_ONLY | OPEN_TRUNCATE), 0);
	assert_int_equal(attributes_of(context, "/u/file").size, 0);
	assert_int_equal(attributes_of(context, "/u/link").size, 4);
}

static void
an_append_only_file_is_only_appended_to(void **state)
{
	static const struct {
		uint32_t flags;
		int want;
	} rows[] = {
		{ 0, 0 }, { OPEN_WRITE_ONLY, -EPERM }, { OPEN_READ_WRITE, -EPERM },
		{ OPEN_WRITE_ONLY | OPEN_APPEND, 0 }, { OPEN_READ_WRITE | OPEN_APPEND, 0 },
		{ OPEN_WRITE_ONLY | OPEN_APPEND | OPEN_TRUNCATE, -EPERM },
		{ OPEN_TRUNCATE, -EPERM }, { OPEN_NO_ACCESS_TIME, 0 }, /* by the owner */
	};
	struct fixture *fixture = *state;
	struct attribute_change change = { .mask = SET_FLAGS, .flags = VNODE_APPEND_ONLY };
	struct vnode *file = must_find(&fixture->context, "/u/file");

	assert_int_equal(namespace_set_attributes(file, fixture->root, &change), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(try_open(&fixture->context, "/u/file", rows[i].flags),
		    rows[i].want);
	vnode_put(file);
}

static void
opening_a_mount_point_opens_what_is_mounted(void **state)
{
	struct fixture *fixture = *state;
	struct vnode *vnode;

	assert_int_equal(namespace_open(&fixture->context, "/ro", 0, 0, &vnode), 0);
	assert_ptr_equal(vnode, vnode->mount->root);
	vnode_put(vnode);
	assert_int_equal(try_open(&fixture->context, "/ro", OPEN_CREATE), -EISDIR);
}

static void
drivers_of_devices_are_registered_once_and_up_to_a_limit(void **state)
{
	struct fixture *fixture = *state;
	struct kernel *kernel = fixture->kernel;

	assert_int_equal(device_register(kernel, VNODE_CHARACTER, 7, &device), -EEXIST);
	assert_int_equal(device_register(kernel, VNODE_BLOCK, 7, &device), 0);
	for (uint32_t major = 100; major < 114; major++)
		assert_int_equal(device_register(kernel, VNODE_BLOCK, major, &device), 0);
	assert_int_equal(device_register(kernel, VNODE_BLOCK, 200, &device), -ENOSPC);
	assert_ptr_equal(device_find(kernel, VNODE_BLOCK, device_number(113, 5)), &device);
	assert_null(device_find(kernel, VNODE_CHARACTER, device_number(113, 5)));
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(what_is_there_is_opened_or_not),
		TREE_TEST(what_is_not_there_is_created_or_not),
		TREE_TEST(who_creates_a_file_may_open_it_whatever_its_mode),
		TREE_TEST(truncating_empties_a_file),
		TREE_TEST(an_append_only_file_is_only_appended_to),
		TREE_TEST(opening_a_mount_point_opens_what_is_mounted),
		TREE_TEST(drivers_of_devices_are_registered_once_and_up_to_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
