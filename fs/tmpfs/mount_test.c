/*
 * Tests of a mounted tmpfs: its limits, what it counts, and what happens when
 * there is no memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "fs/tmpfs/tmpfs.h"
#include "kern/credential.h"
#include "kern/log.h"
#include "kern/uio.h"
#include "tests/test_kernel.h"
#include "vfs/file_io.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

#define MEMORY_LIMIT ((uint64_t)4 << 20)

struct fixture {
	struct kernel *kernel;
	struct credential *credential;
	struct path_context context;
};

/* Mount a tmpfs as the root. */
static void
mount_with(struct fixture *fixture, const char *options)
{
	assert_int_equal(mount_root(fixture->kernel, "tmpfs", options), 0);
	fixture->context.root = fixture->context.start = mount_root_vnode(fixture->kernel);
}

static int
create(struct fixture *fixture, const char *path, enum vnode_type type)
{
	struct vnode_create what = { .type = type, .permissions = 0700, .target = NAME("to") };

	return namespace_create(&fixture->context, path, &what);
}

/* Write pages of ones at offset; how many bytes went, or the error. */
static int64_t
write_pages(struct fixture *fixture, struct vnode *vnode, uint64_t offset, size_t pages)
{
	const struct file_writer writer = { fixture->credential, UINT64_MAX, false };
	static uint8_t data[16 * PAGE_SIZE];
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	int error;

	uio_init_kernel(&uio, &space, &range, data, pages * PAGE_SIZE);
	error = file_write(vnode, &uio, &offset, &writer);
	return error < 0 ? error : (int64_t)(pages * PAGE_SIZE - uio.left);
}

static struct fs_statistics
statistics(struct fixture *fixture)
{
	struct fs_statistics out;

	assert_int_equal(mount_statistics(fixture->context.root->mount, &out), 0);
	return out;
}

static void
assert_used(struct fixture *fixture, uint64_t pages, uint64_t nodes)
{
	struct fs_statistics now = statistics(fixture);

	assert_int_equal(now.block_count - now.blocks_free, pages);
	assert_int_equal(now.inode_count - now.inodes_free, nodes);
}

static struct vnode *
find(struct fixture *fixture, const char *path)
{
	struct vnode *vnode;

	assert_int_equal(lookup(&fixture->context, path, 0, &vnode), 0);
	return vnode;
}

/* ---- limits ---------------------------------------------------------------------- */

static void
a_full_file_system_takes_what_fits_and_then_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct vnode *vnode;

	mount_with(fixture, "size=10000"); /* three pages, when rounded up */
	assert_int_equal(create(fixture, "/file", VNODE_REGULAR), 0);
	vnode = find(fixture, "/file");
	assert_int_equal(write_pages(fixture, vnode, 100, 5), 3 * PAGE_SIZE - 100);
	assert_int_equal(vnode->attributes.size, 3 * PAGE_SIZE);
	assert_int_equal(write_pages(fixture, vnode, 3 * PAGE_SIZE, 1), -ENOSPC);
	assert_int_equal(write_pages(fixture, vnode, 50 * PAGE_SIZE, 1), -ENOSPC);
	assert_int_equal(vnode->attributes.size, 3 * PAGE_SIZE);
	/* What is there can be written over. */
	assert_int_equal(write_pages(fixture, vnode, 0, 3), 3 * PAGE_SIZE);
	assert_used(fixture, 3, 2);
	vnode_put(vnode);
}

static void
holes_take_no_space(void **state)
{
	struct fixture *fixture = *state;
	const struct file_writer writer = { fixture->credential, UINT64_MAX, false };
	struct vnode *vnode;

	mount_with(fixture, "size=8k");
	assert_int_equal(create(fixture, "/file", VNODE_REGULAR), 0);
	vnode = find(fixture, "/file");
	assert_int_equal(file_truncate(vnode, (uint64_t)1 << 50, &writer), 0);
	assert_int_equal(write_pages(fixture, vnode, (uint64_t)1 << 49, 2), 2 * PAGE_SIZE);
	assert_used(fixture, 2, 2);
	vnode_put(vnode);
}

static void
an_unlinked_file_takes_space_until_it_is_closed(void **state)
{
	struct fixture *fixture = *state;
	struct vnode *vnode;

	mount_with(fixture, "size=1m");
	assert_int_equal(create(fixture, "/file", VNODE_REGULAR), 0);
	vnode = find(fixture, "/file");
	assert_int_equal(write_pages(fixture, vnode, 0, 10), 10 * PAGE_SIZE);
	assert_int_equal(namespace_unlink(&fixture->context, "/file"), 0);
	assert_used(fixture, 10, 2);
	assert_int_equal(write_pages(fixture, vnode, 10 * PAGE_SIZE, 1), PAGE_SIZE);
	assert_used(fixture, 11, 2);
	vnode_put(vnode);
	assert_used(fixture, 0, 1);
}

static void
there_are_no_more_files_than_allowed(void **state)
{
	struct fixture *fixture = *state;
	struct vnode *vnode;

	mount_with(fixture, "nr_inodes=3"); /* the root is one */
	assert_int_equal(create(fixture, "/a", VNODE_REGULAR), 0);
	assert_int_equal(create(fixture, "/b", VNODE_DIRECTORY), 0);
	assert_int_equal(create(fixture, "/b/c", VNODE_SYMLINK), -ENOSPC);
	assert_int_equal(lookup(&fixture->context, "/b/c", 0, &vnode), -ENOENT);
	/* Another name is no other file. */
	assert_int_equal(namespace_link(&fixture->context, "/a", &fixture->context, "/b/a", 0), 0);
	assert_int_equal(namespace_unlink(&fixture->context, "/a"), 0);
	assert_int_equal(create(fixture, "/a", VNODE_FIFO), -ENOSPC);
	assert_int_equal(namespace_unlink(&fixture->context, "/b/a"), 0);
	assert_int_equal(create(fixture, "/a", VNODE_FIFO), 0);
	/* Nothing is left of what could not be made. */
	assert_int_equal(namespace_rmdir(&fixture->context, "/b"), 0);
}

static void
half_of_the_memory_is_the_limit_unless_told(void **state)
{
	struct fixture *fixture = *state;
	struct fs_statistics now;

	mount_with(fixture, "");
	now = statistics(fixture);
	assert_int_equal(now.type, 0x01021994);
	assert_int_equal(now.block_size, PAGE_SIZE);
	assert_int_equal(now.block_count, MEMORY_LIMIT / 2 / PAGE_SIZE);
	assert_int_equal(now.inode_count, MEMORY_LIMIT / 2 / PAGE_SIZE);
}

static void
no_limit_is_told_as_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct fs_statistics now;

	mount_with(fixture, "size=0,nr_inodes=0");
	assert_int_equal(create(fixture, "/a", VNODE_REGULAR), 0);
	now = statistics(fixture);
	assert_int_equal(now.block_count, 0);
	assert_int_equal(now.blocks_free, 0);
	assert_int_equal(now.inode_count, 0);
	assert_int_equal(now.inodes_free, 0);
}

/* ---- mounting ------------------------------------------------------------------------ */

static void
the_root_is_as_the_options_say(void **state)
{
	struct fixture *fixture = *state;
	const struct vnode_attributes *root;

	mount_with(fixture, "uid=10,gid=20,mode=0711");
	root = &fixture->context.root->attributes;
	assert_int_equal(root->uid, 10);
	assert_int_equal(root->gid, 20);
	assert_int_equal(root->permissions, 0711);
	assert_int_equal(root->link_count, 2);
	assert_true(root->born.seconds > 0);
}

static void
a_bad_option_is_named_in_the_log(void **state)
{
	struct fixture *fixture = *state;
	char log[1000];
	size_t length;

	assert_int_equal(mount_root(fixture->kernel, "tmpfs", "size=1k,wide=3,uid=1"), -EINVAL);
	length = log_read(fixture->kernel, log, sizeof(log) - 1);
	log[length] = '\0';
	assert_non_null(strstr(log, "tmpfs: option \"wide=3\""));
}

static void
a_mount_that_is_used_stays(void **state)
{
	struct fixture *fixture = *state;
	struct vnode *vnode;

	mount_with(fixture, "");
	assert_int_equal(create(fixture, "/m", VNODE_DIRECTORY), 0);
	assert_int_equal(mount_at(&fixture->context, "none", "/m", "tmpfs", 0, "size=1m"), 0);
	assert_int_equal(create(fixture, "/m/d", VNODE_DIRECTORY), 0);
	assert_int_equal(create(fixture, "/m/d/file", VNODE_REGULAR), 0);
	vnode = find(fixture, "/m/d/file");
	assert_int_equal(write_pages(fixture, vnode, 0, 5), 5 * PAGE_SIZE);
	assert_int_equal(unmount_at(&fixture->context, "/m", 0), -EBUSY);
	vnode_put(vnode);
	/* With all that is in it; the end of the test sees that it is freed. */
	assert_int_equal(unmount_at(&fixture->context, "/m", 0), 0);
	assert_int_equal(lookup(&fixture->context, "/m/d", 0, &vnode), -ENOENT);
}

/* ---- without memory ------------------------------------------------------------------- */

static int
make_directory(struct fixture *fixture)
{
	return create(fixture, "/dir/new", VNODE_DIRECTORY);
}

static int
make_file(struct fixture *fixture)
{
	return create(fixture, "/dir/new", VNODE_REGULAR);
}

static int
make_symlink(struct fixture *fixture)
{
	return create(fixture, "/dir/new", VNODE_SYMLINK);
}

static int
make_link(struct fixture *fixture)
{
	return namespace_link(&fixture->context, "/dir/file", &fixture->context, "/dir/new", 0);
}

static int
rename_into(struct fixture *fixture)
{
	return namespace_rename(&fixture->context, "/file", &fixture->context, "/dir/new", 0);
}

static int
rename_over(struct fixture *fixture)
{
	return namespace_rename(&fixture->context, "/file", &fixture->context, "/dir/file", 0);
}

static int
write_some(struct fixture *fixture)
{
	struct vnode *vnode;
	int64_t result;
	int error = lookup(&fixture->context, "/dir/file", 0, &vnode);

	if (error < 0)
		return error;
	result = write_pages(fixture, vnode, (uint64_t)1 << 40, 2);
	vnode_put(vnode);
	return result < 0 ? (int)result : 0;
}

/* Do it with ever more pages to be had; how often it failed before it worked. */
static unsigned
try_until_it_works(struct fixture *fixture, int (*operation)(struct fixture *fixture))
{
	struct fs_statistics before = statistics(fixture);
	unsigned failures = 0;
	int error = -ENOMEM;

	while (error < 0) {
		struct hog hog;

		assert_true(failures < 20);
		hog_take(&hog, fixture->kernel);
		hog_give(&hog, failures);
		error = operation(fixture);
		hog_give_all(&hog);
		if (error == 0)
			break;
		assert_int_equal(error, -ENOMEM);
		assert_used(fixture, before.block_count - before.blocks_free,
		    before.inode_count - before.inodes_free);
		failures++;
	}
	return failures;
}

static void
without_memory_an_operation_fails_and_changes_nothing(void **state)
{
	static const struct {
		int (*operation)(struct fixture *fixture);
		bool needs_memory;
	} rows[] = {
		{ make_directory, true }, /* an entry, an inode */
		{ make_file, true },	  /* the same */
		{ make_symlink, true },	  /* and a target */
		{ make_link, true },	  /* an entry */
		{ rename_into, true },	  /* an entry */
		{ rename_over, false },	  /* nothing */
		{ write_some, true },	  /* nodes of a tree, pages */
	};
	struct fixture *fixture = *state;

	mount_with(fixture, "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vnode *vnode;
		unsigned failures;

		assert_int_equal(create(fixture, "/dir", VNODE_DIRECTORY), 0);
		assert_int_equal(create(fixture, "/file", VNODE_REGULAR), 0);
		assert_int_equal(create(fixture, "/dir/file", VNODE_REGULAR), 0);
		failures = try_until_it_works(fixture, rows[i].operation);
		assert_int_equal(failures > 0, rows[i].needs_memory);
		if (rows[i].operation != rename_over && rows[i].operation != write_some)
			vnode_put(find(fixture, "/dir/new"));
		assert_int_equal(lookup(&fixture->context, "/file", 0, &vnode),
		    rows[i].operation == rename_into || rows[i].operation == rename_over ? -ENOENT
											 : 0);
		vnode_put(vnode);
		unmount_all(fixture->kernel);
		mount_with(fixture, "");
	}
}

static void
mounting_without_memory_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	unsigned failures = 0;
	int error = -ENOMEM;

	while (error < 0) {
		struct hog hog;

		assert_true(failures < 20);
		hog_take(&hog, fixture->kernel);
		hog_give(&hog, failures++);
		error = mount_root(fixture->kernel, "tmpfs", "");
		hog_give_all(&hog);
		assert_true(error == 0 || error == -ENOMEM);
	}
	assert_true(failures > 1);
}

/* ---- fixture --------------------------------------------------------------------------- */

static int
set_up(void **state)
{
	static const struct component *const components[] = { &vfs_component, &tmpfs_component };
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->kernel = test_kernel_create(components, 2, MEMORY_LIMIT);
	fixture->credential = credential_create(fixture->kernel);
	assert_non_null(fixture->credential);
	fixture->context.kernel = fixture->kernel;
	fixture->context.credential = fixture->credential;
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	credential_put(fixture->credential);
	test_kernel_destroy(fixture->kernel);
	free(fixture);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_file_system_takes_what_fits_and_then_nothing),
		TEST(holes_take_no_space),
		TEST(an_unlinked_file_takes_space_until_it_is_closed),
		TEST(there_are_no_more_files_than_allowed),
		TEST(half_of_the_memory_is_the_limit_unless_told),
		TEST(no_limit_is_told_as_nothing),
		TEST(the_root_is_as_the_options_say),
		TEST(a_bad_option_is_named_in_the_log),
		TEST(a_mount_that_is_used_stays),
		TEST(without_memory_an_operation_fails_and_changes_nothing),
		TEST(mounting_without_memory_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
