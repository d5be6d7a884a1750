/*
 * Tests of what is done to file systems that are not mounted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/credential.h"
#include "tests/fake_fs.h"
#include "tests/test_kernel.h"
#include "vfs/device.h"
#include "vfs/mount.h"
#include "vfs/upkeep.h"

/* A tmpfs with /mnt, /file, /disk (a block device), /plain (a character one). */
static int
setup(void **state)
{
	struct path_context *context;

	fake_control = (struct fake_control){ .node_count = 0 };
	fixture_setup(state);
	context = &((struct fixture *)*state)->context;
	make_directory(context, "/mnt", 0755);
	make_file(context, "/file", 0644);
	make_node(context, "/disk", VNODE_BLOCK, device_number(MAJOR_STORE, 1));
	make_node(context, "/plain", VNODE_CHARACTER, device_number(MAJOR_STORE, 1));
	return 0;
}

static void
a_file_system_is_made_by_its_driver(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fs_make_at(&fixture->context, "/disk", "disk", ""), 0);
	assert_int_equal(fake_control.made, device_number(MAJOR_STORE, 1));
	fake_control.make_error = -ENOSPC;
	assert_int_equal(fs_make_at(&fixture->context, "/disk", "disk", ""), -ENOSPC);
}

static void
making_is_refused_where_it_makes_no_sense(void **state)
{
	static const struct {
		const char *path, *type;
		int want;
	} rows[] = {
		{ "/no", "disk", -ENOENT }, { "/file", "disk", -ENOTBLK },
		{ "/plain", "disk", -ENOTBLK }, { "/mnt", "disk", -ENOTBLK },
		{ "/disk", "none", -ENODEV }, { "/disk", "other", -EOPNOTSUPP }, /* only reads */
		{ "/disk", "tmpfs", -EOPNOTSUPP },				 /* has no device */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(fs_make_at(&fixture->context, rows[i].path, rows[i].type, ""),
		    rows[i].want);
	assert_int_equal(fake_control.made, 0);
}

static void
nothing_is_made_over_what_is_mounted(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	assert_int_equal(mount_at(context, "/disk", "/mnt", "disk", 0, ""), 0);
	assert_int_equal(fs_make_at(context, "/disk", "disk", ""), -EBUSY);
	assert_int_equal(fake_control.made, 0);
	assert_int_equal(unmount_at(context, "/mnt", 0), 0);
	assert_int_equal(fs_make_at(context, "/disk", "disk", ""), 0);
}

static void
only_the_superuser_makes_file_systems(void **state)
{
	struct fixture *fixture = *state;
	struct path_context context = fixture->context;
	struct credential *user = fixture_user(fixture, 1000, 1000);

	context.credential = user;
	assert_int_equal(fs_make_at(&context, "/disk", "disk", ""), -EPERM);
	assert_int_equal(fake_control.made, 0);
	credential_put(user);
}

/* ---- checking ------------------------------------------------------------------------ */

static void
a_file_system_is_checked_by_its_driver(void **state)
{
	struct fixture *fixture = *state;
	struct fs_check_request request = { .source = "/disk" };

	assert_int_equal(fs_check_at(&fixture->context, "disk", &request), 0);
	assert_int_equal(request.device, device_number(MAJOR_STORE, 1));
	fake_control.check_error = -EIO;
	assert_int_equal(fs_check_at(&fixture->context, "disk", &request), -EIO);
	fake_control.probe_errors[0] = -EINVAL;
	assert_int_equal(fs_check_at(&fixture->context, "auto", &request), -EOPNOTSUPP);
}

static void
checking_is_refused_where_it_makes_no_sense(void **state)
{
	static const struct {
		const char *path, *type;
		int want;
	} rows[] = {
		{ "/no", "disk", -ENOENT },
		{ "/file", "disk", -ENOTBLK },
		{ "/plain", "disk", -ENOTBLK },
		{ "/disk", "none", -ENODEV },
		{ "/disk", "other", -EOPNOTSUPP },
	};
	struct fixture *fixture = *state;
	struct path_context context = fixture->context;
	struct credential *user = fixture_user(fixture, 1000, 1000);
	struct fs_check_request request = { .source = "/disk" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		request.source = rows[i].path;
		assert_int_equal(fs_check_at(&context, rows[i].type, &request), rows[i].want);
	}
	request.source = "/disk";
	context.credential = user;
	assert_int_equal(fs_check_at(&context, "disk", &request), -EPERM);
	credential_put(user);
}

static void
what_is_mounted_is_only_looked_at_and_only_if_nobody_writes(void **state)
{
	static const struct {
		uint32_t flags;
		enum fs_check_mode mode;
		int want;
	} rows[] = {
		{ MOUNT_READ_ONLY, FS_CHECK_ONLY, 0 },
		{ MOUNT_READ_ONLY, FS_CHECK_PREEN, -EBUSY },
		{ MOUNT_READ_ONLY, FS_CHECK_REPAIR, -EBUSY },
		{ 0, FS_CHECK_ONLY, -EBUSY },
	};
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fs_check_request request = { .source = "/disk", .mode = rows[i].mode };

		assert_int_equal(mount_at(context, "/disk", "/mnt", "disk", rows[i].flags, ""), 0);
		assert_int_equal(fs_check_at(context, "disk", &request), rows[i].want);
		assert_int_equal(unmount_at(context, "/mnt", 0), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_system_is_made_by_its_driver, setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(making_is_refused_where_it_makes_no_sense, setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(nothing_is_made_over_what_is_mounted, setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(only_the_superuser_makes_file_systems, setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(a_file_system_is_checked_by_its_driver, setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(checking_is_refused_where_it_makes_no_sense, setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    what_is_mounted_is_only_looked_at_and_only_if_nobody_writes, setup,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
