/*
 * Tests of mounting and unmounting.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "base/text.h"
#include "kern/credential.h"
#include "tests/fake_fs.h"
#include "tests/test_kernel.h"
#include "vfs/device.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

static const struct fake_node nodes[] = {
	{ .ino = 3, .dir = 2, .name = "file", .type = VNODE_REGULAR, .permissions = 0644 },
	{ .ino = 4, .dir = 2, .name = "dir", .type = VNODE_DIRECTORY, .permissions = 0755 },
};

static const struct fake_node file_root[] = {
	{ .ino = 2, .dir = 1, .name = "", .type = VNODE_REGULAR, .permissions = 0644 },
};

/* A tmpfs with /mnt, /other, /file, /disk (a block device), /plain (a character one). */
static int
setup(void **state)
{
	struct path_context *context;

	fake_control = (struct fake_control){ .nodes = nodes, .node_count = ARRAY_SIZE(nodes) };
	fixture_setup(state);
	context = &((struct fixture *)*state)->context;
	make_directory(context, "/mnt", 0755);
	make_directory(context, "/other", 0755);
	make_file(context, "/file", 0644);
	make_node(context, "/disk", VNODE_BLOCK, device_number(MAJOR_STORE, 1));
	make_node(context, "/plain", VNODE_CHARACTER, device_number(MAJOR_STORE, 1));
	return 0;
}

static int
mount_fake(const struct path_context *context, const char *target)
{
	return mount_at(context, "none", target, "fake", 0, "");
}

static void
what_is_mounted_covers_a_directory_until_it_is_unmounted(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *file;

	make_file(context, "/mnt/hidden", 0644);
	assert_int_equal(mount_fake(context, "/mnt"), 0);
	assert_int_equal(try_lookup(context, "/mnt/hidden", 0), -ENOENT);
	file = must_find(context, "/mnt/file");
	assert_int_equal(file->ino, 3);
	assert_int_not_equal(file->mount->device, context->root->mount->device);
	vnode_put(file);
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);
	assert_int_equal(try_lookup(context, "/mnt/hidden", 0), 0);
	assert_int_equal(try_lookup(context, "/mnt/file", 0), -ENOENT);
	assert_int_equal(unmount_at(context, "/mnt", 0), -EINVAL);
}

static void
a_mount_in_use_is_busy(void **state)
{
	static const char *const used[] = { "/mnt", "/mnt/file", "/mnt/dir", "/mnt/dir/.." };
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	assert_int_equal(mount_fake(context, "/mnt"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
		struct vnode *vnode = must_find(context, used[i]);

		assert_int_equal(unmount_at(context, "/mnt", 0), -EBUSY);
		assert_int_equal(try_lookup(context, "/mnt/file", 0), 0);
		vnode_put(vnode);
	}
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);
}

static void
a_mount_of_files_in_memory_in_use_is_busy(void **state)
{
	static const char *const used[] = { "/mnt", "/mnt/file", "/mnt/dir", "/mnt/dir/file" };
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *vnode;

	assert_int_equal(mount_at(context, "none", "/mnt", "tmpfs", 0, ""), 0);
	make_file(context, "/mnt/file", 0644);
	make_directory(context, "/mnt/dir", 0755);
	make_file(context, "/mnt/dir/file", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
		vnode = must_find(context, used[i]);
		assert_int_equal(unmount_at(context, "/mnt", 0), -EBUSY);
		vnode_put(vnode);
	}
	/* So is a file that was replaced. */
	make_file(context, "/mnt/new", 0644);
	vnode = must_find(context, "/mnt/dir/file");
	assert_int_equal(namespace_rename(context, "/mnt/new", context, "/mnt/dir/file", 0), 0);
	assert_int_equal(unmount_at(context, "/mnt", 0), -EBUSY);
	vnode_put(vnode);
	/* So is one that has no name any more. */
	vnode = must_find(context, "/mnt/file");
	assert_int_equal(namespace_unlink(context, "/mnt/file"), 0);
	assert_int_equal(unmount_at(context, "/mnt", 0), -EBUSY);
	vnode_put(vnode);
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);
}

static void
a_mount_with_a_mount_in_it_is_busy(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	assert_int_equal(mount_fake(context, "/mnt"), 0);
	assert_int_equal(mount_at(context, "none", "/mnt/dir", "tmpfs", 0, ""), 0);
	assert_int_equal(unmount_at(context, "/mnt", 0), -EBUSY);
	assert_int_equal(unmount_at(context, "/mnt/dir", 0), 0);
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);
}

static void
mounts_on_one_place_form_a_stack(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *below;
	struct vnode *top;

	assert_int_equal(mount_fake(context, "/mnt"), 0);
	below = must_find(context, "/mnt");
	assert_int_equal(mount_at(context, "none", "/mnt", "tmpfs", 0, ""), 0);
	top = must_find(context, "/mnt");
	assert_ptr_not_equal(below, top);
	assert_ptr_equal(top->mount->covered, below);
	vnode_put(top);
	vnode_put(below);
	make_directory(context, "/mnt/x", 0755);
	assert_int_equal(try_lookup(context, "/mnt/x/../../file", 0), 0);
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);
	assert_int_equal(try_lookup(context, "/mnt/file", 0), 0);
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);
}

static void
what_cannot_be_mounted_says_why(void **state)
{
	static const struct {
		const char *source;
		const char *target;
		const char *type;
		uint32_t flags;
		int want;
	} rows[] = {
		{ "none", "/mnt", "nofs", 0, -ENODEV },
		{ "none", "/no", "fake", 0, -ENOENT },
		{ "none", "/file", "fake", 0, -ENOTDIR },
		{ "none", "/mnt", "fake", 32, -EINVAL },   /* MS_REMOUNT */
		{ "none", "/mnt", "fake", 4096, -EINVAL }, /* MS_BIND */
		{ "none", "/mnt", "tmpfs", 0xc0ed0000 | 32, -EINVAL },
		{ "none", "/mnt", "tmpfs", 0xc0ec0000, -EINVAL },
		{ "/no", "/mnt", "disk", 0, -ENOENT },
		{ "/file", "/mnt", "disk", 0, -ENOTBLK },
		{ "/plain", "/mnt", "disk", 0, -ENOTBLK },
		{ "/mnt", "/mnt", "auto", 0, -ENOTBLK },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(mount_at(&fixture->context, rows[i].source, rows[i].target,
				     rows[i].type, rows[i].flags, ""),
		    rows[i].want);
	assert_int_equal(unmount_at(&fixture->context, "/", 0), -EBUSY);
	assert_int_equal(unmount_at(&fixture->context, "/file", 0), -EINVAL);
	assert_int_equal(unmount_at(&fixture->context, "/no", 0), -ENOENT);
	assert_int_equal(unmount_at(&fixture->context, "/mnt", 2), -EINVAL); /* MNT_DETACH */
}

static void
only_who_may_administer_mounts(void **state)
{
	struct fixture *fixture = *state;
	struct path_context as_user = fixture->context;
	struct credential *user = fixture_user(fixture, 1, 1);

	as_user.credential = user;
	assert_int_equal(mount_fake(&as_user, "/mnt"), -EPERM);
	assert_int_equal(mount_fake(&fixture->context, "/mnt"), 0);
	assert_int_equal(unmount_at(&as_user, "/mnt", 0), -EPERM);
	assert_int_equal(unmount_at(&fixture->context, "/mnt", 0), 0);
	credential_put(user);
}

static void
a_file_is_mounted_on_a_file(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *file;

	fake_control.nodes = file_root;
	fake_control.node_count = 1;
	assert_int_equal(mount_fake(context, "/mnt"), -ENOTDIR);
	assert_int_equal(mount_fake(context, "/file"), 0);
	file = must_find(context, "/file");
	assert_int_equal(file->ino, 2);
	vnode_put(file);
	assert_int_equal(namespace_unlink(context, "/file"), -EBUSY);
	assert_int_equal(unmount_at(context, "/file", 0), 0);
	assert_int_equal(namespace_unlink(context, "/file"), 0);
}

static void
auto_tries_the_drivers_that_need_a_device(void **state)
{
	static const struct {
		int probe_errors[2];
		int mount_errors[2];
		const char *type; /* that is mounted */
		int want;
	} rows[] = {
		{ { 0, 0 }, { 0, 0 }, "disk", 0 },
		{ { -EINVAL, 0 }, { 0, 0 }, "other", 0 },
		{ { -EIO, 0 }, { 0, 0 }, "other", 0 },
		{ { -EINVAL, -EINVAL }, { 0, 0 }, NULL, -EINVAL },
		{ { -EINVAL, -EIO }, { 0, 0 }, NULL, -EIO },
		{ { -EIO, -EINVAL }, { 0, 0 }, NULL, -EIO },
		{ { -EINVAL, 0 }, { 0, -EUCLEAN }, NULL, -EUCLEAN },
		{ { 0, 0 }, { -EROFS, 0 }, NULL, -EROFS },
	};
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memcpy(fake_control.probe_errors, rows[i].probe_errors, sizeof(int[2]));
		memcpy(fake_control.mount_errors, rows[i].mount_errors, sizeof(int[2]));
		assert_int_equal(mount_at(context, "/disk", "/mnt", "auto", 0, ""), rows[i].want);
		if (rows[i].want == 0) {
			struct vnode *root = must_find(context, "/mnt");

			assert_string_equal(root->mount->type->name, rows[i].type);
			assert_int_equal(root->mount->device, device_number(MAJOR_STORE, 1));
			assert_string_equal(root->mount->source, "/disk");
			vnode_put(root);
			assert_int_equal(unmount_at(context, "/mnt", 0), 0);
		}
	}
	assert_non_null(strstr(fixture->host.console,
	    "mount: /disk: no known file system; looked for disk, other"));
}

static void
a_device_on_a_mount_without_devices_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	assert_int_equal(mount_at(context, "none", "/other", "tmpfs", MOUNT_NO_DEVICES, ""), 0);
	make_node(context, "/other/disk", VNODE_BLOCK, device_number(MAJOR_STORE, 1));
	assert_int_equal(mount_at(context, "/other/disk", "/mnt", "disk", 0, ""), -EACCES);
	assert_int_equal(unmount_at(context, "/other", 0), 0);
}

static void
a_removed_directory_cannot_be_covered_and_a_covered_one_not_removed(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct path_context gone = *context;

	assert_int_equal(mount_fake(context, "/mnt"), 0);
	assert_int_equal(namespace_rmdir(context, "/mnt"), -EBUSY);
	assert_int_equal(namespace_rename(context, "/mnt", context, "/x", 0), -EBUSY);
	assert_int_equal(namespace_rename(context, "/other", context, "/mnt", 0), -EBUSY);
	assert_int_equal(namespace_rename(context, "/other", context, "/mnt", RENAME_SWAP), -EBUSY);
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);

	gone.start = must_find(context, "/mnt");
	assert_int_equal(namespace_rmdir(context, "/mnt"), 0);
	assert_int_equal(mount_fake(&gone, "."), -ENOENT);
	vnode_put(gone.start);
}

static void
flags_have_their_defaults(void **state)
{
	static const struct {
		uint32_t given;
		uint32_t kept;
	} rows[] = {
		{ 0, MOUNT_RELATIVE_ACCESS_TIME },
		{ 0xc0ed0000, MOUNT_RELATIVE_ACCESS_TIME },
		{ 0xc0ed0000 | MOUNT_NO_EXEC, MOUNT_NO_EXEC | MOUNT_RELATIVE_ACCESS_TIME },
		{ MOUNT_NO_ACCESS_TIME, MOUNT_NO_ACCESS_TIME },
		{ MOUNT_STRICT_ACCESS_TIME, MOUNT_STRICT_ACCESS_TIME },
		{ MOUNT_READ_ONLY, MOUNT_READ_ONLY | MOUNT_RELATIVE_ACCESS_TIME },
	};
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vnode *root;

		assert_int_equal(mount_at(context, "none", "/mnt", "fake", rows[i].given, ""), 0);
		root = must_find(context, "/mnt");
		assert_int_equal(root->mount->flags, rows[i].kept);
		vnode_put(root);
		assert_int_equal(unmount_at(context, "/mnt", 0), 0);
	}
}

static void
mounts_are_synced_and_their_errors_told(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *root;
	struct fake_fs *fs;

	assert_int_equal(mount_fake(context, "/mnt"), 0);
	root = must_find(context, "/mnt");
	fs = container_of(root->mount, struct fake_fs, mount);
	assert_int_equal(mount_sync_all(fixture->kernel), 0);
	assert_int_equal(fs->sync_count, 1);
	fake_control.sync_error = -EIO;
	assert_int_equal(mount_sync_all(fixture->kernel), -EIO);
	vnode_put(root);
	assert_int_equal(unmount_at(context, "/mnt", 0), -EIO);
	assert_int_equal(unmount_at(context, "/mnt", 0), -EINVAL); /* it is gone all the same */

	/* There is nothing to write where nothing can have been written. */
	assert_int_equal(mount_at(context, "none", "/mnt", "fake", MOUNT_READ_ONLY, ""), 0);
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);
}

static void
a_mount_describes_itself(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct fs_statistics statistics;
	struct vnode *root;
	char buffer[128];
	struct text text = text_in(buffer, sizeof(buffer));

	assert_int_equal(mount_at(context, "somewhere", "/mnt", "fake", MOUNT_READ_ONLY, ""), 0);
	root = must_find(context, "/mnt");
	mount_describe(root->mount, &text);
	assert_string_equal(buffer, "type: fake\nsource: somewhere\naccess: read-only\nrows: 2\n");
	assert_int_equal(mount_statistics(root->mount, &statistics), 0);
	assert_int_equal(statistics.type, FAKE_MAGIC);
	assert_int_equal(statistics.inode_count, 2);
	vnode_put(root);
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);
}

static void
options_are_taken_one_by_one(void **state)
{
	static const struct {
		const char *options, *want[3];
	} rows[] = {
		{ "", { NULL } },
		{ ",,", { NULL } },
		{ "one", { "one", NULL } },
		{ "size=1k,,two", { "size=1k", "two", NULL } },
		{ ",one,", { "one", NULL } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct name options = name_of(rows[i].options);
		struct name option;
		size_t count = 0;

		while (mount_next_option(&options, &option)) {
			assert_non_null(rows[i].want[count]);
			assert_true(name_equal(option, name_of(rows[i].want[count++])));
		}
		assert_null(rows[i].want[count]);
	}
}

static void
drivers_are_registered_once_and_up_to_a_limit(void **state)
{
	static struct fs_type types[32];
	static const char names[][3] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l",
		"m", "n", "o", "p", "q" };
	struct fixture *fixture = *state;
	size_t count = 0;

	while (fs_enumerate(fixture->kernel, count) != NULL)
		count++;
	assert_int_equal(count, 4);
	assert_int_equal(fs_register(fixture->kernel, fs_enumerate(fixture->kernel, 0)), -EEXIST);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		types[i].name = names[i];
		assert_int_equal(fs_register(fixture->kernel, &types[i]),
		    count + i < 16 ? 0 : -ENOSPC);
	}
}

/* Whichever allocation fails, nothing is mounted and nothing left over. */
static void
mounting_without_memory_fails_cleanly(void **state)
{
	static const char *const types[] = { "fake", "tmpfs" };
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		int error = -ENOMEM;

		for (size_t pages = 0; error == -ENOMEM; pages++) {
			struct hog hog;

			hog_take(&hog, fixture->kernel);
			hog_give(&hog, pages);
			error = mount_at(context, "none", "/mnt", types[i], 0, "");
			hog_give_all(&hog);
			assert_int_equal(unmount_at(context, "/mnt", 0), error == 0 ? 0 : -EINVAL);
			assert_true(pages < 10);
		}
		assert_int_equal(error, 0);
	}
}

static void
everything_is_unmounted_when_the_kernel_goes(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	/* fake_destroy() and the checks of the memory system see that nothing is left. */
	assert_int_equal(mount_fake(context, "/mnt"), 0);
	assert_int_equal(mount_at(context, "none", "/mnt/dir", "tmpfs", 0, ""), 0);
	make_directory(context, "/mnt/dir/x", 0755);
	assert_int_equal(mount_fake(context, "/mnt/dir/x"), 0);
	assert_int_equal(try_lookup(context, "/mnt/dir/x/file", 0), 0);
}

static void
what_is_still_used_when_the_kernel_goes_is_told(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(mount_fake(&fixture->context, "/mnt"), 0);
	must_find(&fixture->context, "/mnt/file"); /* goes with its mount */
	unmount_all(fixture->kernel);
	assert_non_null(strstr(fixture->host.console, "unmount: none (fake) is still used"));
}

static void
a_kernel_needs_a_root_of_a_known_type(void **state)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL, 0);
	assert_int_equal(mount_root(fixture.kernel, "nofs", ""), -ENODEV);
	assert_int_equal(mount_root(fixture.kernel, "tmpfs", "no such option"), -EINVAL);
	assert_int_equal(mount_root(fixture.kernel, "tmpfs", ""), 0);
	fixture_destroy(&fixture);
}

#define MOUNT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MOUNT_TEST(what_is_mounted_covers_a_directory_until_it_is_unmounted),
		MOUNT_TEST(a_mount_in_use_is_busy),
		MOUNT_TEST(a_mount_of_files_in_memory_in_use_is_busy),
		MOUNT_TEST(a_mount_with_a_mount_in_it_is_busy),
		MOUNT_TEST(mounts_on_one_place_form_a_stack),
		MOUNT_TEST(what_cannot_be_mounted_says_why),
		MOUNT_TEST(only_who_may_administer_mounts),
		MOUNT_TEST(a_file_is_mounted_on_a_file),
		MOUNT_TEST(auto_tries_the_drivers_that_need_a_device),
		MOUNT_TEST(a_device_on_a_mount_without_devices_is_refused),
		MOUNT_TEST(a_removed_directory_cannot_be_covered_and_a_covered_one_not_removed),
		MOUNT_TEST(flags_have_their_defaults),
		MOUNT_TEST(mounts_are_synced_and_their_errors_told),
		MOUNT_TEST(a_mount_describes_itself),
		cmocka_unit_test(options_are_taken_one_by_one),
		MOUNT_TEST(drivers_are_registered_once_and_up_to_a_limit),
		MOUNT_TEST(mounting_without_memory_fails_cleanly),
		MOUNT_TEST(what_is_still_used_when_the_kernel_goes_is_told),
		cmocka_unit_test(a_kernel_needs_a_root_of_a_known_type),
		MOUNT_TEST(everything_is_unmounted_when_the_kernel_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
