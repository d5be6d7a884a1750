/*
 * tmpfs against a model: random changes are made to both, through the same
 * calls that programs use, and must end alike, with the same errors; every so
 * often the whole tree is compared.
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
#include "base/hash.h"
#include "base/math.h"
#include "fs/tmpfs/tmpfs.h"
#include "kern/credential.h"
#include "kern/uio.h"
#include "tests/test_kernel.h"
#include "vfs/file_io.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

#define NODE_MAX   64
#define ENTRY_MAX  128
#define NAME_COUNT 7 /* so that names meet: "a" to "g" */
#define FILE_PAGES 3
#define FILE_MAX   (FILE_PAGES * PAGE_SIZE)
#define PATH_MAX   256
#define NONE	   (-1)

/* An inode; its number in the array is its name for the test. */
struct node {
	enum vnode_type type; /* 0: not in use */
	unsigned names;
	int parent; /* of a directory */
	uint64_t ino;
	uint64_t size;
	uint8_t content[FILE_MAX];
	bool has_page[FILE_PAGES];
	char target[PATH_MAX];
};

struct entry {
	int dir; /* NONE: not in use */
	char name[2];
	int node;
};

struct model {
	struct node nodes[NODE_MAX]; /* 0 is the root */
	struct entry entries[ENTRY_MAX];
};

struct fixture {
	struct kernel *kernel;
	struct credential *credential;
	struct path_context context;
	struct model *model;
	uint64_t random;
};

/* A place in both: a name in a directory that there is. */
struct place {
	int dir;
	char name[2];
	struct entry *entry; /* or NULL */
	char path[PATH_MAX];
};

static uint64_t
random_below(struct fixture *fixture, uint64_t limit)
{
	fixture->random = hash_u64(fixture->random + 1);
	return fixture->random % limit;
}

/* ---- the model --------------------------------------------------------------------- */

static struct entry *
model_find(struct model *model, int dir, const char *name)
{
	for (size_t i = 0; i < ENTRY_MAX; i++) {
		struct entry *entry = &model->entries[i];

		if (entry->dir == dir && entry->name[0] == name[0])
			return entry;
	}
	return NULL;
}

static bool
model_is_empty(const struct model *model, int dir)
{
	for (size_t i = 0; i < ENTRY_MAX; i++)
		if (model->entries[i].dir == dir)
			return false;
	return true;
}

/* Is the directory dir below node, or node itself? */
static bool
model_is_below(const struct model *model, int dir, int node)
{
	while (dir != node && dir != 0)
		dir = model->nodes[dir].parent;
	return dir == node;
}

static bool
is_dir(const struct model *model, int node)
{
	return model->nodes[node].type == VNODE_DIRECTORY;
}

static void
model_link(struct model *model, int dir, const char *name, int node)
{
	struct entry *entry = model_find(model, NONE, "\0");

	assert_non_null(entry);
	entry->dir = dir;
	entry->name[0] = name[0];
	entry->node = node;
	model->nodes[node].names++;
	if (is_dir(model, node))
		model->nodes[node].parent = dir;
}

static void
model_unlink(struct model *model, struct entry *entry)
{
	struct node *node = &model->nodes[entry->node];

	if (--node->names == 0)
		memset(node, 0, sizeof(*node));
	*entry = (struct entry){ .dir = NONE };
}

/* A node that is not in use, or NONE; some room for entries is kept, too. */
static int
model_room(const struct model *model)
{
	size_t entries = 0;

	for (size_t i = 0; i < ENTRY_MAX; i++)
		entries += model->entries[i].dir != NONE;
	for (int i = 1; i < NODE_MAX && entries < ENTRY_MAX - 2; i++)
		if (model->nodes[i].type == 0)
			return i;
	return NONE;
}

static unsigned
model_link_count(const struct model *model, int node)
{
	unsigned count = model->nodes[node].names;

	if (!is_dir(model, node))
		return count;
	for (size_t i = 0; i < ENTRY_MAX; i++)
		count += model->entries[i].dir == node && is_dir(model, model->entries[i].node);
	return count + 1;
}

/* ---- places ---------------------------------------------------------------------------- */

/* The path of a name in a directory. */
static void
path_of(const struct model *model, int dir, const char *name, char path[PATH_MAX])
{
	char below[PATH_MAX];

	snprintf(path, PATH_MAX, "/%s", name);
	while (dir != 0) {
		for (size_t i = 0; i < ENTRY_MAX; i++) {
			const struct entry *entry = &model->entries[i];

			if (entry->dir == NONE || entry->node != dir)
				continue;
			strcpy(below, path);
			snprintf(path, PATH_MAX, "/%s%s", entry->name, below);
		}
		dir = model->nodes[dir].parent;
	}
}

static struct place
some_place(struct fixture *fixture)
{
	struct model *model = fixture->model;
	struct place place;

	do
		place.dir = (int)random_below(fixture, NODE_MAX);
	while (!is_dir(model, place.dir));
	place.name[0] = (char)('a' + random_below(fixture, NAME_COUNT));
	place.name[1] = '\0';
	place.entry = model_find(model, place.dir, place.name);
	path_of(model, place.dir, place.name, place.path);
	return place;
}

/* ---- changes to both ----------------------------------------------------------------------- */

static void
try_create(struct fixture *fixture)
{
	static const enum vnode_type types[] = { VNODE_REGULAR, VNODE_REGULAR, VNODE_DIRECTORY,
		VNODE_DIRECTORY, VNODE_SYMLINK, VNODE_FIFO, VNODE_SOCKET, VNODE_BLOCK };
	struct place place = some_place(fixture);
	int room = model_room(fixture->model);
	struct vnode_create what = { .permissions = 0640 };
	struct vnode *vnode;
	struct node *node;
	int error;

	if (room == NONE || strlen(place.path) > PATH_MAX - 3)
		return;
	what.type = types[random_below(fixture, ARRAY_SIZE(types))];
	what.device = 77;
	what.target = name_of(place.path);
	error = namespace_create(&fixture->context, place.path, &what);
	assert_int_equal(error, place.entry != NULL ? -EEXIST : 0);
	if (error < 0)
		return;
	node = &fixture->model->nodes[room];
	node->type = what.type;
	strcpy(node->target, place.path);
	model_link(fixture->model, place.dir, place.name, room);
	assert_int_equal(lookup(&fixture->context, place.path, 0, &vnode), 0);
	node->ino = vnode->ino;
	assert_int_equal(vnode->attributes.device, what.type == VNODE_BLOCK ? 77 : 0);
	vnode_put(vnode);
}

static void
try_link(struct fixture *fixture)
{
	struct place from = some_place(fixture);
	struct place to = some_place(fixture);
	int want = 0;

	if (model_room(fixture->model) == NONE)
		return;
	if (from.entry == NULL)
		want = -ENOENT;
	else if (to.entry != NULL)
		want = -EEXIST;
	else if (is_dir(fixture->model, from.entry->node))
		want = -EPERM;
	assert_int_equal(namespace_link(&fixture->context, from.path, &fixture->context, to.path,
			     0),
	    want);
	if (want == 0)
		model_link(fixture->model, to.dir, to.name, from.entry->node);
}

static void
try_unlink(struct fixture *fixture)
{
	struct place place = some_place(fixture);
	int want = 0;

	if (place.entry == NULL)
		want = -ENOENT;
	else if (is_dir(fixture->model, place.entry->node))
		want = -EISDIR;
	assert_int_equal(namespace_unlink(&fixture->context, place.path), want);
	if (want == 0)
		model_unlink(fixture->model, place.entry);
}

static void
try_rmdir(struct fixture *fixture)
{
	struct place place = some_place(fixture);
	int want = 0;

	if (place.entry == NULL)
		want = -ENOENT;
	else if (!is_dir(fixture->model, place.entry->node))
		want = -ENOTDIR;
	else if (!model_is_empty(fixture->model, place.entry->node))
		want = -ENOTEMPTY;
	assert_int_equal(namespace_rmdir(&fixture->context, place.path), want);
	if (want == 0)
		model_unlink(fixture->model, place.entry);
}

/* What Linux says to a rename. */
static int
rename_result(struct model *model, const struct place *from, const struct place *to, uint32_t flags)
{
	int node, other;

	if (from->entry == NULL)
		return -ENOENT;
	if (to->entry != NULL && (flags & RENAME_NO_REPLACE))
		return -EEXIST;
	if (to->entry == NULL && (flags & RENAME_SWAP))
		return -ENOENT;
	node = from->entry->node;
	if (is_dir(model, node) && model_is_below(model, to->dir, node))
		return -EINVAL;
	if (to->entry == NULL)
		return 0;
	other = to->entry->node;
	if (is_dir(model, other) && model_is_below(model, from->dir, other))
		return flags & RENAME_SWAP ? -EINVAL : -ENOTEMPTY;
	if (node == other || (flags & RENAME_SWAP))
		return 0;
	if (is_dir(model, node) != is_dir(model, other))
		return is_dir(model, node) ? -ENOTDIR : -EISDIR;
	return is_dir(model, node) && !model_is_empty(model, other) ? -ENOTEMPTY : 0;
}

static void
model_exchange(struct model *model, const struct place *from, const struct place *to)
{
	int node = from->entry->node;

	from->entry->node = to->entry->node;
	to->entry->node = node;
	model->nodes[to->entry->node].parent = to->dir;
	model->nodes[from->entry->node].parent = from->dir;
}

static void
try_rename(struct fixture *fixture)
{
	static const uint32_t some_flags[] = { 0, 0, 0, RENAME_NO_REPLACE, RENAME_SWAP };
	uint32_t flags = some_flags[random_below(fixture, ARRAY_SIZE(some_flags))];
	struct model *model = fixture->model;
	struct place from = some_place(fixture);
	struct place to = some_place(fixture);
	int want = rename_result(model, &from, &to, flags);
	int node;

	assert_int_equal(namespace_rename(&fixture->context, from.path, &fixture->context, to.path,
			     flags),
	    want);
	if (want < 0 || (to.entry != NULL && to.entry->node == from.entry->node))
		return;
	if (flags & RENAME_SWAP) {
		model_exchange(model, &from, &to);
		return;
	}
	node = from.entry->node;
	if (to.entry != NULL)
		model_unlink(model, to.entry);
	model->nodes[node].names++; /* it is never without one */
	model_unlink(model, from.entry);
	model_link(model, to.dir, to.name, node);
	model->nodes[node].names--;
}

static void
model_write(struct node *node, const uint8_t *data, uint64_t offset, uint64_t length)
{
	memcpy(node->content + offset, data, length);
	for (uint64_t i = offset; i < offset + length; i++)
		node->has_page[i / PAGE_SIZE] = true;
	node->size = max_u64(node->size, offset + length);
}

static void
model_truncate(struct node *node, uint64_t size)
{
	if (size < node->size)
		memset(node->content + size, 0, FILE_MAX - size);
	for (uint64_t i = divide_up(size, PAGE_SIZE); i < FILE_PAGES; i++)
		node->has_page[i] = false;
	node->size = size;
}

static void
try_change_content(struct fixture *fixture)
{
	const struct file_writer writer = { fixture->credential, UINT64_MAX, false };
	struct place place = some_place(fixture);
	uint64_t offset = random_below(fixture, FILE_MAX);
	uint64_t length = random_below(fixture, FILE_MAX - offset) + 1;
	struct address_space space;
	struct uio_range range;
	uint8_t data[FILE_MAX];
	struct vnode *vnode;
	struct node *node;
	struct uio uio;

	if (place.entry == NULL || fixture->model->nodes[place.entry->node].type != VNODE_REGULAR)
		return;
	node = &fixture->model->nodes[place.entry->node];
	assert_int_equal(lookup(&fixture->context, place.path, 0, &vnode), 0);
	if (offset % 3 == 0) {
		assert_int_equal(file_truncate(vnode, length, &writer), 0);
		model_truncate(node, length);
	} else {
		memset(data, (int)length, sizeof(data));
		model_write(node, data, offset, length);
		uio_init_kernel(&uio, &space, &range, data, length);
		assert_int_equal(file_write(vnode, &uio, &offset, &writer), 0);
	}
	vnode_put(vnode);
}

/* ---- comparing -------------------------------------------------------------------------------- */

struct listing {
	struct directory_sink sink;
	struct model *model;
	int dir;
	size_t count;
};

/* Each entry of the directory is one of the model's. */
static bool
check_entry(struct directory_sink *sink, struct name name, uint64_t ino, enum vnode_type type,
    uint64_t next)
{
	struct listing *listing = container_of(sink, struct listing, sink);
	struct model *model = listing->model;
	int node = model->nodes[listing->dir].parent;
	struct entry *entry;

	(void)next;
	if (name_equal(name, NAME(".")))
		node = listing->dir;
	if (name.bytes[0] != '.') {
		entry = model_find(model, listing->dir, name.bytes);
		assert_true(entry != NULL && name.length == 1);
		node = entry->node;
	}
	assert_int_equal(ino, model->nodes[node].ino);
	assert_int_equal(type, model->nodes[node].type);
	listing->count++;
	return true;
}

static void
assert_same_directory(struct fixture *fixture, int dir, struct vnode *vnode)
{
	struct listing listing = { { check_entry }, fixture->model, dir, 0 };
	uint64_t position = 0;
	size_t count = 2;

	assert_int_equal(namespace_read_directory(vnode, &position, &listing.sink), 0);
	for (size_t i = 0; i < ENTRY_MAX; i++)
		count += fixture->model->entries[i].dir == dir;
	assert_int_equal(listing.count, count);
}

static void
assert_same_content(const struct node *node, struct vnode *vnode)
{
	uint8_t content[FILE_MAX];
	struct address_space space;
	struct uio_range range;
	uint64_t pages = 0;
	struct uio uio;

	uio_init_kernel(&uio, &space, &range, content, sizeof(content));
	assert_int_equal(file_read(vnode, &uio, 0), 0);
	assert_int_equal(sizeof(content) - uio.left, node->size);
	assert_memory_equal(content, node->content, node->size);
	for (size_t i = 0; i < FILE_PAGES; i++)
		pages += node->has_page[i];
	assert_int_equal(vnode->attributes.block_count, pages * (PAGE_SIZE / 512));
}

static void
assert_same_node(struct fixture *fixture, int number, struct vnode *vnode)
{
	const struct node *node = &fixture->model->nodes[number];
	char target[PATH_MAX];
	size_t length;

	assert_int_equal(vnode->ino, node->ino);
	assert_int_equal(vnode->type, node->type);
	assert_int_equal(vnode->attributes.link_count, model_link_count(fixture->model, number));
	if (node->type == VNODE_DIRECTORY)
		assert_same_directory(fixture, number, vnode);
	if (node->type == VNODE_REGULAR)
		assert_same_content(node, vnode);
	if (node->type == VNODE_SYMLINK) {
		assert_int_equal(namespace_read_link(vnode, target, sizeof(target), &length), 0);
		assert_int_equal(length, strlen(node->target));
		assert_memory_equal(target, node->target, length);
	}
}

static void
assert_same(struct fixture *fixture)
{
	struct model *model = fixture->model;
	char path[PATH_MAX];
	struct vnode *vnode;

	assert_same_node(fixture, 0, fixture->context.root);
	for (size_t i = 0; i < ENTRY_MAX; i++) {
		const struct entry *entry = &model->entries[i];

		if (entry->dir == NONE)
			continue;
		path_of(model, entry->dir, entry->name, path);
		assert_int_equal(lookup(&fixture->context, path, 0, &vnode), 0);
		assert_same_node(fixture, entry->node, vnode);
		vnode_put(vnode);
	}
}

static void
assert_counts(struct fixture *fixture)
{
	struct fs_statistics statistics;
	uint64_t nodes = 0, pages = 0;

	for (size_t i = 0; i < NODE_MAX; i++) {
		nodes += fixture->model->nodes[i].type != 0;
		for (size_t j = 0; j < FILE_PAGES; j++)
			pages += fixture->model->nodes[i].has_page[j];
	}
	assert_int_equal(mount_statistics(fixture->context.root->mount, &statistics), 0);
	assert_int_equal(statistics.inode_count - statistics.inodes_free, nodes);
	assert_int_equal(statistics.block_count - statistics.blocks_free, pages);
}

static void
random_changes_agree_with_the_model(void **state)
{
	static void (*const changes[])(struct fixture *) = { try_create, try_create, try_create,
		try_link, try_unlink, try_rmdir, try_rename, try_rename, try_change_content,
		try_change_content };
	struct fixture *fixture = *state;

	for (unsigned step = 0; step < 12000; step++) {
		changes[random_below(fixture, ARRAY_SIZE(changes))](fixture);
		if (step % 200 == 0) {
			assert_same(fixture);
			assert_counts(fixture);
		}
	}
	/* Clear a part of it; unmounting takes the rest. */
	for (unsigned step = 0; step < 2000; step++) {
		try_unlink(fixture);
		try_rmdir(fixture);
	}
	assert_same(fixture);
	assert_counts(fixture);
}

static int
set_up(void **state)
{
	static const struct component *const components[] = { &vfs_component, &tmpfs_component };
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->kernel = test_kernel_create(components, 2, (uint64_t)8 << 20);
	assert_int_equal(mount_root(fixture->kernel, "tmpfs", "mode=755"), 0);
	fixture->credential = credential_create(fixture->kernel);
	assert_non_null(fixture->credential);
	fixture->context = (struct path_context){
		.kernel = fixture->kernel,
		.root = mount_root_vnode(fixture->kernel),
		.start = mount_root_vnode(fixture->kernel),
		.credential = fixture->credential,
	};
	fixture->model = calloc(1, sizeof(*fixture->model));
	for (size_t i = 0; i < ENTRY_MAX; i++)
		fixture->model->entries[i].dir = NONE;
	fixture->model->nodes[0] = (struct node){
		.type = VNODE_DIRECTORY,
		.names = 1,
		.ino = fixture->context.root->ino,
	};
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	credential_put(fixture->credential);
	test_kernel_destroy(fixture->kernel);
	free(fixture->model);
	free(fixture);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_changes_agree_with_the_model, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
