/* A file system that is a table: see fake_fs.h. */
#include "tests/fake_fs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "base/text.h"
#include "fs/tmpfs/tmpfs.h"
#include "kern/credential.h"
#include "kern/memory.h"
#include "vfs/namespace.h"

struct fake_control fake_control;

static struct fake_fs *
fake_of(const struct mount *mount)
{
	return container_of(mount, struct fake_fs, mount);
}

/* ---- inodes ---------------------------------------------------------------------- */

static const struct fake_node *
find_node(uint64_t ino)
{
	for (size_t i = 0; i < fake_control.node_count; i++) {
		if (fake_control.nodes[i].ino == ino && fake_control.nodes[i].type != 0)
			return &fake_control.nodes[i];
	}
	return NULL;
}

static int
fake_lookup(struct vnode *dir, struct name name, struct vnode **out)
{
	atomic_fetch_add(&fake_of(dir->mount)->lookup_count, 1);
	for (size_t i = 0; i < fake_control.node_count; i++) {
		const struct fake_node *node = &fake_control.nodes[i];

		if (node->dir == dir->ino && name_equal(name_of(node->name), name))
			return vnode_find(dir->mount, node->ino, out);
	}
	if (name_equal(name, NAME("..")))
		return vnode_find(dir->mount, find_node(dir->ino)->dir, out);
	return -ENOENT;
}

static int
fake_read_directory(struct vnode *dir, uint64_t *position, struct directory_sink *sink)
{
	for (; *position < fake_control.node_count; ++*position) {
		const struct fake_node *node = &fake_control.nodes[*position];

		if (node->dir == dir->ino &&
		    !sink->add(sink, name_of(node->name), node->ino, node->type, *position + 1))
			break;
	}
	return 0;
}

static int
fake_read_link(struct vnode *vnode, char *target, size_t size, size_t *length)
{
	const struct fake_node *node = find_node(vnode->ino);

	*length = size < node->target_length ? size : node->target_length;
	memcpy(target, node->target, *length);
	return 0;
}

static int
fake_attributes_changed(struct vnode *vnode, uint32_t mask)
{
	atomic_fetch_add(&fake_of(vnode->mount)->change_count, 1);
	return fake_control.change_error;
}

static void
fake_reclaim(struct vnode *vnode)
{
	atomic_fetch_add(&fake_of(vnode->mount)->reclaim_count, 1);
	if (fake_control.on_reclaim != NULL)
		fake_control.on_reclaim(vnode);
	memory_free(vnode->kernel, vnode, sizeof(*vnode));
}

static const struct vnode_ops fake_ops = {
	.lookup = fake_lookup,
	.create = vnode_no_create,
	.link = vnode_no_link,
	.remove = vnode_no_remove,
	.rename = vnode_no_rename,
	.read_directory = fake_read_directory,
	.read_link = fake_read_link,
	.attributes_changed = fake_attributes_changed,
	.map_extent = vnode_no_map_extent,
	.read_store = vnode_no_read_store,
	.write_store = vnode_no_write_store,
	.resize = vnode_no_resize,
	.allocate = vnode_no_allocate,
	.create_unnamed = vnode_no_create_unnamed,
	.get_xattr = vnode_no_get_xattr,
	.set_xattr = vnode_no_set_xattr,
	.list_xattr = vnode_no_list_xattr,
	.remove_xattr = vnode_no_remove_xattr,
	.sync = vnode_sync_mount,
	.erase = vnode_erase_nothing,
	.reclaim = fake_reclaim,
};

/* ---- mounts ---------------------------------------------------------------------- */

static const struct fake_node any_file = { .type = VNODE_REGULAR, .permissions = 0644 };
static const struct fake_node root_directory = { .type = VNODE_DIRECTORY, .permissions = 0755 };

static int
fake_load(struct mount *mount, uint64_t ino, struct vnode **out)
{
	struct fake_fs *fs = fake_of(mount);
	const struct fake_node *node = find_node(ino);
	struct vnode *vnode;

	if (fake_control.on_load != NULL)
		fake_control.on_load(fs, ino);
	if (fake_control.load_error != 0)
		return fake_control.load_error;
	if (node == NULL && ino == FAKE_ROOT_INO)
		node = &root_directory;
	if (node == NULL && fake_control.has_every_ino)
		node = &any_file;
	if (node == NULL)
		return -ENOENT;
	vnode = memory_alloc(mount->kernel, sizeof(*vnode));
	if (vnode == NULL)
		return -ENOMEM;
	vnode_init(vnode, mount, &fake_ops, node->type, ino);
	vnode->attributes.ino = ino;
	vnode->attributes.permissions = node->permissions;
	vnode->attributes.uid = node->uid;
	vnode->attributes.gid = node->gid;
	vnode->attributes.size = node->target_length;
	vnode->attributes.link_count = node->has_no_link ? 0 : 1;
	atomic_fetch_add(&fs->load_count, 1);
	*out = vnode;
	return 0;
}

static int
fake_statistics(struct mount *mount, struct fs_statistics *out)
{
	out->inode_count = fake_control.node_count;
	return 0;
}

static int
fake_sync(struct mount *mount)
{
	atomic_fetch_add(&fake_of(mount)->sync_count, 1);
	return fake_control.sync_error;
}

static void
fake_describe(struct mount *mount, struct text *out)
{
	text_add(out, "rows: %zu\n", fake_control.node_count);
}

static void
fake_destroy(struct mount *mount)
{
	struct fake_fs *fs = fake_of(mount);

	assert_int_equal(fs->load_count, fs->reclaim_count);
	memory_free(mount->kernel, fs, sizeof(*fs));
}

static const struct mount_ops fake_mount_ops = {
	.load = fake_load,
	.statistics = fake_statistics,
	.sync = fake_sync,
	.describe = fake_describe,
	.destroy = fake_destroy,
};

static int
mount_type(const struct mount_request *request, const struct fs_type *type, struct mount **out)
{
	struct fake_fs *fs = memory_alloc_zeroed(request->kernel, sizeof(*fs));
	int error;

	if (fs == NULL)
		return -ENOMEM;
	mount_init(&fs->mount, request, type, &fake_mount_ops);
	error = vnode_find(&fs->mount, FAKE_ROOT_INO, &fs->mount.root);
	if (error < 0) {
		memory_free(request->kernel, fs, sizeof(*fs));
		return error;
	}
	*out = &fs->mount;
	return 0;
}

static const struct fs_type fake_type, disk_type, other_type;

static int
fake_probe(const struct mount_request *request)
{
	return -EINVAL;
}

static int
fake_mount(const struct mount_request *request, struct mount **out)
{
	return mount_type(request, &fake_type, out);
}

static int
disk_probe(const struct mount_request *request)
{
	return fake_control.probe_errors[0];
}

static int
disk_mount(const struct mount_request *request, struct mount **out)
{
	if (fake_control.mount_errors[0] != 0)
		return fake_control.mount_errors[0];
	return mount_type(request, &disk_type, out);
}

static int
disk_check(struct fs_check_request *request)
{
	return fake_control.check_error;
}

static int
disk_make(const struct fs_make_request *request)
{
	fake_control.made = request->device;
	return fake_control.make_error;
}

static int
other_probe(const struct mount_request *request)
{
	return fake_control.probe_errors[1];
}

static int
other_mount(const struct mount_request *request, struct mount **out)
{
	if (fake_control.mount_errors[1] != 0)
		return fake_control.mount_errors[1];
	return mount_type(request, &other_type, out);
}

static const struct fs_type fake_type = {
	.name = "fake",
	.magic = FAKE_MAGIC,
	.probe = fake_probe,
	.mount = fake_mount,
	.make = fs_no_make,
	.check = fs_no_check,
};

static const struct fs_type disk_type = {
	.name = "disk",
	.magic = FAKE_MAGIC,
	.needs_device = true,
	.probe = disk_probe,
	.mount = disk_mount,
	.make = disk_make,
	.check = disk_check,
};

static const struct fs_type other_type = {
	.name = "other",
	.magic = FAKE_MAGIC,
	.needs_device = true,
	.probe = other_probe,
	.mount = other_mount,
	.make = fs_no_make,
	.check = fs_no_check,
};

static int
fake_start(struct kernel *kernel)
{
	int error = fs_register(kernel, &fake_type);

	if (error == 0)
		error = fs_register(kernel, &disk_type);
	if (error == 0)
		error = fs_register(kernel, &other_type);
	return error;
}

static void
fake_stop(struct kernel *kernel)
{
}

const struct component fake_fs_component = {
	.name = "fake_fs",
	.start = fake_start,
	.stop = fake_stop,
};

/* ---- fixtures -------------------------------------------------------------------- */

void
fixture_create(struct fixture *fixture, const char *root_type, uint64_t memory_limit)
{
	static const struct component *const components[] = {
		&vfs_component,
		&tmpfs_component,
		&fake_fs_component,
	};
	const struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = &fixture->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
		.memory_limit = memory_limit,
		.console_level = LOG_WARNING,
	};

	fake_host_create(&fixture->host, true);
	assert_int_equal(kernel_create(&config, &fixture->kernel), 0);
	fixture->root = credential_create(fixture->kernel);
	assert_non_null(fixture->root);
	rcu_register(fixture->kernel, &fixture->reader);
	fixture->context = (struct path_context){
		.reader = &fixture->reader,
		.kernel = fixture->kernel,
		.credential = fixture->root,
		.umask = 022,
	};
	if (root_type == NULL)
		return;
	assert_int_equal(mount_root(fixture->kernel, root_type, ""), 0);
	fixture->context.root = mount_root_vnode(fixture->kernel);
	fixture->context.start = fixture->context.root;
}

void
fixture_destroy(struct fixture *fixture)
{
	credential_put(fixture->root);
	rcu_unregister(fixture->kernel, &fixture->reader);
	kernel_destroy(fixture->kernel);
	fake_host_destroy(&fixture->host);
	fake_control = (struct fake_control){ 0 };
}

int
fixture_setup(void **state)
{
	*state = malloc(sizeof(struct fixture));
	fixture_create(*state, "tmpfs", 8 << 20);
	return 0;
}

int
fixture_teardown(void **state)
{
	fixture_destroy(*state);
	free(*state);
	return 0;
}

struct fake_fs *
fixture_fake(const struct fixture *fixture)
{
	return fake_of(fixture->context.root->mount);
}

struct credential *
fixture_user(const struct fixture *fixture, uint32_t uid, uint32_t gid)
{
	struct credential *user = credential_copy(fixture->root);

	assert_non_null(user);
	user->real_uid = user->effective_uid = user->saved_uid = user->fs_uid = uid;
	user->real_gid = user->effective_gid = user->saved_gid = user->fs_gid = gid;
	user->capabilities = 0;
	user->group_count = 0;
	return user;
}

/* ---- files ----------------------------------------------------------------------- */

static void
make(const struct path_context *context, const char *path, struct vnode_create *what)
{
	struct path_context exact = *context;

	exact.umask = 0;
	assert_int_equal(namespace_create(&exact, path, what), 0);
}

void
make_directory(const struct path_context *context, const char *path, uint32_t permissions)
{
	struct vnode_create what = { .type = VNODE_DIRECTORY, .permissions = permissions };

	make(context, path, &what);
}

void
make_file(const struct path_context *context, const char *path, uint32_t permissions)
{
	struct vnode_create what = { .type = VNODE_REGULAR, .permissions = permissions };

	make(context, path, &what);
}

void
make_link(const struct path_context *context, const char *path, const char *target)
{
	struct vnode_create what = { .type = VNODE_SYMLINK, .target = name_of(target) };

	make(context, path, &what);
}

void
make_node(const struct path_context *context, const char *path, enum vnode_type type,
    uint32_t device)
{
	struct vnode_create what = { .type = type, .permissions = 0666, .device = device };

	make(context, path, &what);
}

/* Takes the first entry but "." and "..". */
struct first_entry {
	struct directory_sink sink;
	char name[NAME_LENGTH_MAX + 1];
};

static bool
take_first(struct directory_sink *sink, struct name name, uint64_t ino, enum vnode_type type,
    uint64_t next)
{
	struct first_entry *first = container_of(sink, struct first_entry, sink);

	if (first->name[0] != '\0')
		return false;
	if (!name_equal(name, NAME(".")) && !name_equal(name, NAME("..")))
		memcpy(first->name, name.bytes, name.length);
	return true;
}

void
remove_tree(const struct path_context *context, const char *path)
{
	struct vnode *dir = must_find(context, path);

	for (;;) {
		struct first_entry first = { .sink.add = take_first };
		char entry[PATH_LENGTH_MAX];
		uint64_t position = 0;
		int error;

		assert_int_equal(namespace_read_directory(dir, &position, &first.sink), 0);
		if (first.name[0] == '\0')
			break;
		snprintf(entry, sizeof(entry), "%s/%s", path, first.name);
		error = namespace_unlink(context, entry);
		if (error == -EISDIR)
			remove_tree(context, entry);
		else
			assert_int_equal(error, 0);
	}
	vnode_put(dir);
	assert_int_equal(namespace_rmdir(context, path), 0);
}

struct vnode *
must_find(const struct path_context *context, const char *path)
{
	struct vnode *vnode;

	assert_int_equal(lookup(context, path, 0, &vnode), 0);
	return vnode;
}

int
try_lookup(const struct path_context *context, const char *path, uint32_t flags)
{
	struct vnode *vnode;
	int error = lookup(context, path, flags, &vnode);

	assert_true((error == 0) == (vnode != NULL));
	vnode_put(vnode);
	return error;
}

struct vnode_attributes
attributes_of(const struct path_context *context, const char *path)
{
	struct vnode *vnode = must_find(context, path);
	struct vnode_attributes attributes;

	namespace_attributes(vnode, &attributes);
	vnode_put(vnode);
	return attributes;
}
