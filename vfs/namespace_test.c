/*
 * Tests of making, linking and removing names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/credential.h"
#include "tests/fake_fs.h"
#include "tests/test_kernel.h"
#include "vfs/device.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

#define USER  100
#define GROUP 200

/*
 * /open (anybody may write) with /open/file, /open/dir, /open/link -> file;
 * /closed with /closed/file; /ro, a read-only mount with file and dir in it.
 */
static const struct fake_node read_only[] = {
	{ .ino = 3, .dir = 2, .name = "file", .type = VNODE_REGULAR, .permissions = 0666 },
	{ .ino = 4, .dir = 2, .name = "dir", .type = VNODE_DIRECTORY, .permissions = 0777 },
};

static int
setup(void **state)
{
	struct path_context *context;

	fake_control =
	    (struct fake_control){ .nodes = read_only, .node_count = ARRAY_SIZE(read_only) };
	fixture_setup(state);
	context = &((struct fixture *)*state)->context;
	make_directory(context, "/open", 0777);
	make_file(context, "/open/file", 0644);
	make_directory(context, "/open/dir", 0755);
	make_link(context, "/open/link", "file");
	make_directory(context, "/closed", 0755);
	make_file(context, "/closed/file", 0644);
	make_directory(context, "/ro", 0755);
	assert_int_equal(mount_at(context, "none", "/ro", "fake", MOUNT_READ_ONLY, ""), 0);
	return 0;
}

/* The context of an ordinary user; the credential is the caller's. */
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

static int
create(const struct path_context *context, const char *path, enum vnode_type type)
{
	struct vnode_create what = { .type = type, .permissions = 0777 };

	if (type == VNODE_SYMLINK)
		what.target = NAME("target");
	return namespace_create(context, path, &what);
}

/* ---- making -------------------------------------------------------------------- */

static void
files_of_all_types_are_made(void **state)
{
	static const enum vnode_type types[] = { VNODE_REGULAR, VNODE_DIRECTORY, VNODE_SYMLINK,
		VNODE_FIFO, VNODE_SOCKET, VNODE_CHARACTER, VNODE_BLOCK };
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct vnode *vnode;

		assert_int_equal(try_lookup(context, "/open/new", 0), -ENOENT); /* remembered */
		assert_int_equal(create(context, "/open/new", types[i]), 0);
		vnode = must_find(context, "/open/new");
		assert_int_equal(vnode->type, types[i]);
		vnode_put(vnode);
		if (types[i] == VNODE_DIRECTORY)
			assert_int_equal(namespace_rmdir(context, "/open/new"), 0);
		else
			assert_int_equal(namespace_unlink(context, "/open/new"), 0);
	}
}

static void
what_cannot_be_made_says_why(void **state)
{
	static const struct {
		const char *path;
		enum vnode_type type;
		int want;
	} rows[] = {
		{ "/open/file", VNODE_DIRECTORY, -EEXIST },
		{ "/open/file", VNODE_REGULAR, -EEXIST },
		{ "/open/link", VNODE_REGULAR, -EEXIST },
		{ "/open/file/", VNODE_REGULAR, -EEXIST },
		{ "/closed/file", VNODE_REGULAR, -EEXIST }, /* rather than -EACCES */
		{ "/open/new/", VNODE_REGULAR, -ENOENT },
		{ "/open/new/", VNODE_SYMLINK, -ENOENT },
		{ "/open/no/new", VNODE_REGULAR, -ENOENT },
		{ "/open/file/new", VNODE_REGULAR, -ENOTDIR },
		{ "/open/.", VNODE_DIRECTORY, -EEXIST },
		{ "/open/..", VNODE_DIRECTORY, -EEXIST },
		{ "/", VNODE_DIRECTORY, -EEXIST },
		{ "", VNODE_DIRECTORY, -ENOENT },
		{ "/closed/new", VNODE_REGULAR, -EACCES },
		{ "/open/new", VNODE_CHARACTER, -EPERM },
		{ "/open/new", VNODE_BLOCK, -EPERM },
		{ "/ro/new", VNODE_REGULAR, -EROFS },
		{ "/ro/new", VNODE_DIRECTORY, -EROFS },
		{ "/ro/file", VNODE_REGULAR, -EEXIST },
		{ "/open/new", VNODE_FIFO, 0 },
	};
	struct path_context user = as_user(*state);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(create(&user, rows[i].path, rows[i].type), rows[i].want);
	done(&user);
}

static void
a_link_needs_a_target_that_is_a_path(void **state)
{
	struct fixture *fixture = *state;
	static char target[PATH_LENGTH_MAX];
	struct vnode_create what = { .type = VNODE_SYMLINK };

	assert_int_equal(namespace_create(&fixture->context, "/open/new", &what), -ENOENT);
	memset(target, 'x', sizeof(target));
	what.target = (struct name){ target, sizeof(target) };
	assert_int_equal(namespace_create(&fixture->context, "/open/new", &what), -ENAMETOOLONG);
	what.target.length--;
	assert_int_equal(namespace_create(&fixture->context, "/open/new", &what), 0);
}

static void
a_new_file_belongs_to_its_maker_or_to_the_group_of_the_directory(void **state)
{
	static const struct {
		uint32_t dir_mode;
		enum vnode_type type;
		uint32_t asked;
		uint32_t gid;
		uint32_t mode;
	} rows[] = {
		{ 0777, VNODE_REGULAR, 0666, GROUP, 0644 },
		{ 0777, VNODE_REGULAR, 06777, GROUP, 06755 },
		{ 0777, VNODE_DIRECTORY, 01777, GROUP, 01755 },
		{ 0777, VNODE_SYMLINK, 0, GROUP, 0777 }, /* no umask */
		/* The directory's group, which the maker is not in, is kept. */
		{ 02777, VNODE_REGULAR, 0666, 7, 0644 },
		{ 02777, VNODE_REGULAR, 02777, 7, 0755 },
		{ 02777, VNODE_DIRECTORY, 0777, 7, 02755 },
	};
	struct fixture *fixture = *state;
	struct path_context user = as_user(fixture);
	struct vnode *dir = must_find(&user, "/open");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct attribute_change change = {
			.mask = SET_PERMISSIONS | SET_GID,
			.permissions = rows[i].dir_mode,
			.gid = 7,
		};
		struct vnode_create what = {
			.type = rows[i].type,
			.permissions = rows[i].asked,
			.target = NAME("target"),
		};
		struct vnode_attributes made;
		char path[16];

		snprintf(path, sizeof(path), "/open/new%zu", i);
		assert_int_equal(namespace_set_attributes(dir, fixture->root, &change), 0);
		assert_int_equal(namespace_create(&user, path, &what), 0);
		made = attributes_of(&user, path);
		assert_int_equal(made.uid, USER);
		assert_int_equal(made.gid, rows[i].gid);
		assert_int_equal(made.permissions, rows[i].mode);
	}
	vnode_put(dir);
	done(&user);
}

static void
nothing_is_made_in_a_directory_that_was_removed(void **state)
{
	struct fixture *fixture = *state;
	struct path_context context = fixture->context;

	context.start = must_find(&context, "/open/dir");
	assert_int_equal(namespace_rmdir(&context, "/open/dir"), 0);
	assert_int_equal(create(&context, "new", VNODE_REGULAR), -ENOENT);
	assert_int_equal(create(&context, "new", VNODE_DIRECTORY), -ENOENT);
	assert_int_equal(namespace_link(&context, "/open/file", &context, "new", 0), -ENOENT);
	assert_int_equal(namespace_rename(&context, "/open/file", &context, "new", 0), -ENOENT);
	vnode_put(context.start);
}

/* ---- linking ------------------------------------------------------------------- */

static void
a_link_is_another_name_of_the_file(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *first = must_find(context, "/open/file");
	struct vnode *second;

	assert_int_equal(namespace_link(context, "/open/file", context, "/open/new", 0), 0);
	second = must_find(context, "/open/new");
	assert_ptr_equal(first, second);
	assert_int_equal(attributes_of(context, "/open/new").link_count, 2);
	assert_int_equal(namespace_unlink(context, "/open/file"), 0);
	assert_int_equal(attributes_of(context, "/open/new").link_count, 1);
	vnode_put(first);
	vnode_put(second);

	/* Of a symbolic link, or of what it leads to. */
	make_file(context, "/open/file", 0644);
	assert_int_equal(namespace_link(context, "/open/link", context, "/open/l1", 0), 0);
	assert_int_equal(namespace_link(context, "/open/link", context, "/open/l2", LOOKUP_FOLLOW),
	    0);
	assert_int_equal(attributes_of(context, "/open/link").link_count, 2);
	assert_int_equal(attributes_of(context, "/open/file").link_count, 2);
}

static void
what_cannot_be_linked_says_why(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		int want;
	} rows[] = {
		{ "/open/no", "/open/new", -ENOENT },
		{ "/open/file", "/open/link", -EEXIST },
		{ "/open/file", "/open/file", -EEXIST },
		{ "/open/file", "/open/.", -EEXIST },
		{ "/open/file", "/", -EEXIST },
		{ "/open/file", "/open/new/", -ENOENT },
		{ "/open/file", "/open/no/new", -ENOENT },
		{ "/open/file/", "/open/new", -ENOTDIR },
		{ "/open/dir", "/open/new", -EPERM },
		{ "/open/file", "/ro/new", -EXDEV },
		{ "/ro/file", "/open/new", -EXDEV },
		{ "/ro/file", "/ro/new", -EROFS },
		{ "/open/file", "/closed/new", -EACCES },
		{ "/closed/file", "/open/new", 0 },
	};
	struct path_context user = as_user(*state);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(namespace_link(&user, rows[i].from, &user, rows[i].to, 0),
		    rows[i].want);
	done(&user);
}

static void
files_that_must_not_change_get_no_name(void **state)
{
	static const uint32_t flags[] = { VNODE_IMMUTABLE, VNODE_APPEND_ONLY };
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *file = must_find(context, "/open/file");

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct attribute_change change = { .mask = SET_FLAGS, .flags = flags[i] };

		assert_int_equal(namespace_set_attributes(file, fixture->root, &change), 0);
		assert_int_equal(namespace_link(context, "/open/file", context, "/open/new", 0),
		    -EPERM);
		assert_int_equal(namespace_unlink(context, "/open/file"), -EPERM);
		assert_int_equal(namespace_rename(context, "/open/file", context, "/open/new", 0),
		    -EPERM);
	}
	vnode_put(file);
}

/* ---- removing ------------------------------------------------------------------ */

static void
what_cannot_be_removed_says_why(void **state)
{
	static const struct {
		const char *path;
		int unlink;
		int rmdir;
	} rows[] = {
		{ "/open/no", -ENOENT, -ENOENT },
		{ "/open/no/", -ENOENT, -ENOENT },
		{ "", -ENOENT, -ENOENT },
		{ "/", -EISDIR, -EBUSY },
		{ "/open/.", -EISDIR, -EINVAL },
		{ "/open/..", -EISDIR, -ENOTEMPTY },
		{ "/open/file/", -ENOTDIR, -ENOTDIR },
		{ "/open/dir/", -EISDIR, 1 },
		{ "/open", -EPERM, -EPERM }, /* the root is sticky, and not the user's */
		{ "/closed/file", -EACCES, -EACCES },
		{ "/ro/file", -EROFS, -EROFS },
		{ "/ro/no", -EROFS, -EROFS },
		{ "/ro/dir", -EROFS, -EROFS },
		{ "/open/file/x", -ENOTDIR, -ENOTDIR },
		{ "/open/file", 1, -ENOTDIR },
		{ "/open/link", 1, -ENOTDIR },
		{ "/open/dir", -EISDIR, 1 },
	};
	struct path_context user = as_user(*state);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].unlink <= 0)
			assert_int_equal(namespace_unlink(&user, rows[i].path), rows[i].unlink);
		if (rows[i].rmdir <= 0)
			assert_int_equal(namespace_rmdir(&user, rows[i].path), rows[i].rmdir);
	}
	done(&user);
}

static void
only_empty_directories_that_are_not_covered_are_removed(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;

	make_file(context, "/open/dir/file", 0644);
	assert_int_equal(namespace_rmdir(context, "/open/dir"), -ENOTEMPTY);
	assert_int_equal(namespace_unlink(context, "/open/dir/file"), 0);
	assert_int_equal(namespace_rmdir(context, "/ro"), -EBUSY);
	assert_int_equal(attributes_of(context, "/open").link_count, 3);
	assert_int_equal(namespace_rmdir(context, "/open/dir/"), 0);
	assert_int_equal(attributes_of(context, "/open").link_count, 2);
	assert_int_equal(try_lookup(context, "/open/dir", 0), -ENOENT);
}

static void
in_a_sticky_directory_everybody_removes_his_own(void **state)
{
	struct fixture *fixture = *state;
	struct path_context user = as_user(fixture);

	make_directory(&fixture->context, "/tmp", 01777);
	make_file(&fixture->context, "/tmp/roots", 0666);
	assert_int_equal(create(&user, "/tmp/users", VNODE_REGULAR), 0);
	assert_int_equal(namespace_unlink(&user, "/tmp/roots"), -EPERM);
	assert_int_equal(namespace_rename(&user, "/tmp/roots", &user, "/tmp/x", 0), -EPERM);
	assert_int_equal(namespace_rename(&user, "/tmp/users", &user, "/tmp/roots", 0), -EPERM);
	assert_int_equal(namespace_unlink(&user, "/tmp/users"), 0);
	done(&user);
}

/* ---- times --------------------------------------------------------------------- */

static int64_t
change_seconds(const struct path_context *context, const char *path)
{
	return attributes_of(context, path).changed.seconds;
}

static int64_t
modify_seconds(const struct path_context *context, const char *path)
{
	return attributes_of(context, path).modified.seconds;
}

static void
names_that_come_and_go_leave_their_time(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	const int64_t second = 1000000000;

	fixture->host.wall = 100 * second;
	assert_int_equal(create(context, "/open/new", VNODE_REGULAR), 0);
	assert_int_equal(modify_seconds(context, "/open"), 100);
	assert_int_equal(change_seconds(context, "/open"), 100);
	assert_int_equal(attributes_of(context, "/open/new").born.seconds, 100);

	fixture->host.wall = 200 * second;
	assert_int_equal(namespace_link(context, "/open/new", context, "/closed/new", 0), 0);
	assert_int_equal(change_seconds(context, "/closed/new"), 200);
	assert_int_equal(modify_seconds(context, "/closed/new"), 100);
	assert_int_equal(modify_seconds(context, "/closed"), 200);

	fixture->host.wall = 300 * second;
	assert_int_equal(namespace_unlink(context, "/open/new"), 0);
	assert_int_equal(modify_seconds(context, "/open"), 300);
	assert_int_equal(change_seconds(context, "/closed/new"), 300);

	fixture->host.wall = 400 * second;
	assert_int_equal(namespace_rename(context, "/closed/new", context, "/open/x", 0), 0);
	assert_int_equal(modify_seconds(context, "/open"), 400);
	assert_int_equal(modify_seconds(context, "/closed"), 400);
	assert_int_equal(change_seconds(context, "/open/x"), 400);
	assert_int_equal(modify_seconds(context, "/open/x"), 100);
}

/* ---- reading ------------------------------------------------------------------- */

struct listing {
	struct directory_sink sink;
	unsigned count;
	unsigned room;
};

static bool
list_one(struct directory_sink *sink, struct name name, uint64_t ino, enum vnode_type type,
    uint64_t next)
{
	struct listing *listing = container_of(sink, struct listing, sink);

	if (listing->count == listing->room)
		return false;
	listing->count++;
	return true;
}

static void
directories_are_listed_unless_removed(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	struct vnode *dir = must_find(context, "/open");
	struct vnode *file = must_find(context, "/open/file");
	struct listing listing = { .sink.add = list_one, .room = 2 };
	uint64_t position = 0;

	assert_int_equal(namespace_read_directory(dir, &position, &listing.sink), 0);
	assert_int_equal(listing.count, 2);
	listing.room = 100;
	assert_int_equal(namespace_read_directory(dir, &position, &listing.sink), 0);
	assert_int_equal(listing.count, 5);
	assert_int_equal(namespace_read_directory(file, &position, &listing.sink), -ENOTDIR);
	vnode_put(dir);
	vnode_put(file);

	dir = must_find(context, "/open/dir");
	assert_int_equal(namespace_rmdir(context, "/open/dir"), 0);
	position = 0;
	assert_int_equal(namespace_read_directory(dir, &position, &listing.sink), -ENOENT);
	vnode_put(dir);
}

static void
links_are_read_as_far_as_there_is_room(void **state)
{
	struct fixture *fixture = *state;
	struct vnode *link = must_find(&fixture->context, "/open/link");
	struct vnode *file = must_find(&fixture->context, "/open/file");
	char target[8];
	size_t length;

	assert_int_equal(namespace_read_link(link, target, sizeof(target), &length), 0);
	assert_int_equal(length, 4);
	assert_memory_equal(target, "file", 4);
	assert_int_equal(namespace_read_link(link, target, 2, &length), 0);
	assert_int_equal(length, 2);
	assert_int_equal(namespace_read_link(file, target, sizeof(target), &length), -EINVAL);
	vnode_put(link);
	vnode_put(file);
}

/* ---- without memory -------------------------------------------------------------- */

static int
make_all(const struct path_context *context)
{
	static const char *const paths[] = { "/x/dir", "/x/file", "/x/link" };
	static const enum vnode_type types[] = { VNODE_DIRECTORY, VNODE_REGULAR, VNODE_SYMLINK };
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(paths) && error == 0; i++)
		error = create(context, paths[i], types[i]);
	if (error == 0)
		error = namespace_link(context, "/x/file", context, "/x/dir/file", 0);
	if (error == 0)
		error = namespace_rename(context, "/x/file", context, "/x/dir/new", 0);
	return error;
}

/* Whichever allocation fails, it can be cleared away, and tried again. */
static void
changes_without_memory_fail_cleanly(void **state)
{
	struct fixture *fixture = *state;
	struct path_context *context = &fixture->context;
	int error = -ENOMEM;

	for (size_t pages = 0; error == -ENOMEM; pages++) {
		struct hog hog;

		make_directory(context, "/x", 0755);
		hog_take(&hog, fixture->kernel);
		hog_give(&hog, pages);
		error = make_all(context);
		hog_give_all(&hog);
		assert_true(error == 0 || error == -ENOMEM);
		assert_true(pages < 50);
		remove_tree(context, "/x");
	}
	assert_int_equal(error, 0);
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(files_of_all_types_are_made),
		TREE_TEST(what_cannot_be_made_says_why),
		TREE_TEST(a_link_needs_a_target_that_is_a_path),
		TREE_TEST(a_new_file_belongs_to_its_maker_or_to_the_group_of_the_directory),
		TREE_TEST(nothing_is_made_in_a_directory_that_was_removed),
		TREE_TEST(a_link_is_another_name_of_the_file),
		TREE_TEST(what_cannot_be_linked_says_why),
		TREE_TEST(files_that_must_not_change_get_no_name),
		TREE_TEST(what_cannot_be_removed_says_why),
		TREE_TEST(only_empty_directories_that_are_not_covered_are_removed),
		TREE_TEST(in_a_sticky_directory_everybody_removes_his_own),
		TREE_TEST(names_that_come_and_go_leave_their_time),
		TREE_TEST(directories_are_listed_unless_removed),
		TREE_TEST(links_are_read_as_far_as_there_is_room),
		TREE_TEST(changes_without_memory_fail_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
