/*
 * Many threads in one tree: walks, creation, links, renames, removal, mounting
 * and unmounting, and not much memory, so that idle vnodes and names go all the
 * time.  Threads sanitized, this finds races; with lock checks, locks in the
 * wrong order; and at the end the tree must be whole and nothing be left over.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/errno.h"
#include "base/hash.h"
#include "kern/credential.h"
#include "tests/fake_fs.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

#define THREAD_COUNT 5
#define ROUND_COUNT  4000
#define DIR_COUNT    4
#define NAME_COUNT   4

struct worker {
	pthread_t thread;
	struct rcu_reader reader;
	struct path_context own; /* the shared one, with the worker's reader */
	const struct path_context *context;
	void (*work)(struct worker *worker);
	_Atomic unsigned *idle; /* workers that have achieved nothing yet */
	uint64_t state;		/* of its random numbers */
	unsigned done;		/* of what it tried */
};

static unsigned
random_below(struct worker *worker, unsigned limit)
{
	worker->state = hash_u64(worker->state + 1);
	return (unsigned)(worker->state % limit);
}

/* One of a few paths, at most three deep. */
static const char *
random_path(struct worker *worker, char path[32])
{
	int length = snprintf(path, 32, "/d%u", random_below(worker, DIR_COUNT));

	for (unsigned depth = random_below(worker, 3); depth > 0; depth--)
		length += snprintf(path + length, 32 - (size_t)length, "/n%u",
		    random_below(worker, NAME_COUNT));
	return path;
}

/* What others do at the same time may make it fail, but only so. */
static void
note(struct worker *worker, int error)
{
	static const int usual[] = { 0, -ENOENT, -EEXIST, -ENOTDIR, -EISDIR, -ENOTEMPTY, -EINVAL,
		-ELOOP, -EBUSY, -EPERM, -EXDEV };
	bool is_usual = false;

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		is_usual |= error == usual[i];
	if (!is_usual) {
		fprintf(stderr, "error %d\n", error);
		abort();
	}
	if (error == 0)
		worker->done++;
}

static void
change_names(struct worker *worker)
{
	const struct path_context *context = worker->context;
	struct vnode_create directory = { .type = VNODE_DIRECTORY, .permissions = 0755 };
	struct vnode_create symlink = { .type = VNODE_SYMLINK, .target = NAME("../n1") };
	char path[32];
	char other[32];
	struct vnode *vnode;
	uint32_t flags;

	random_path(worker, path);
	random_path(worker, other);
	switch (random_below(worker, 8)) {
	case 0:
		note(worker, namespace_create(context, path, &directory));
		break;
	case 1:
		note(worker, namespace_create(context, path, &symlink));
		break;
	case 2:
		note(worker, namespace_open(context, path, OPEN_CREATE, 0644, &vnode));
		vnode_put(vnode);
		break;
	case 3:
		note(worker, namespace_link(context, path, context, other, 0));
		break;
	case 4:
		note(worker, namespace_unlink(context, path));
		break;
	case 5:
		note(worker, namespace_rmdir(context, path));
		break;
	default:
		flags = random_below(worker, 4) == 0 ? RENAME_SWAP : 0;
		note(worker, namespace_rename(context, path, context, other, flags));
		break;
	}
}

static void
look_around(struct worker *worker)
{
	struct vnode_attributes attributes;
	char path[PATH_LENGTH_MAX];
	struct vnode *vnode;
	size_t length;
	int error;

	random_path(worker, path);
	error = lookup(worker->context, path, LOOKUP_FOLLOW, &vnode);
	note(worker, error);
	if (error < 0)
		return;
	namespace_attributes(vnode, &attributes);
	namespace_accessed(vnode);
	if (vnode->type == VNODE_DIRECTORY) {
		struct path_context from = *worker->context;

		note(worker, lookup_path_of(&from, vnode, path, sizeof(path), &length));
		from.start = vnode;
		note(worker, try_lookup(&from, "../n1/../n2", 0));
	}
	vnode_put(vnode);
}

/* The same path must not look other than it is, nor go away, while it is peeked at. */
static void
peek_around(struct worker *worker)
{
	const struct path_context *context = worker->context;
	struct vnode_attributes attributes;
	struct vnode *vnode;
	char path[32];
	int error;

	if (random_below(worker, 4) == 0)
		snprintf(path, sizeof(path), "/mnt/dir/f%u", random_below(worker, 200));
	else
		random_path(worker, path);
	error = try_lookup(context, path, 0); /* it is known then, for a while */
	rcu_read_begin(context->reader);
	if (lookup_peek(context, path, 0, &vnode, &error)) {
		if (error == 0 && namespace_peek_attributes(vnode, &attributes) &&
		    attributes.ino != vnode->ino)
			abort();
		worker->done++;
	}
	rcu_read_end(context->kernel, context->reader);
}

static void
mount_and_unmount(struct worker *worker)
{
	const struct path_context *context = worker->context;

	if (random_below(worker, 2) == 0)
		note(worker, mount_at(context, "none", "/mnt", "fake", 0, ""));
	else
		note(worker, unmount_at(context, "/mnt", 0));
}

static void
walk_in_the_mount(struct worker *worker)
{
	struct vnode *vnode = NULL;
	char path[32];
	int error;

	snprintf(path, sizeof(path), "/mnt/dir/../dir/f%u", random_below(worker, 200));
	error = lookup(worker->context, path, 0, &vnode);
	note(worker, error);
	vnode_put(vnode);
	note(worker, try_lookup(worker->context, "/mnt/dir/up/..", LOOKUP_FOLLOW));
}

static void *
run(void *argument)
{
	struct worker *worker = argument;
	struct kernel *kernel = worker->context->kernel;

	rcu_register(kernel, &worker->reader);
	worker->own = *worker->context;
	worker->own.reader = &worker->reader;
	worker->context = &worker->own;
	/* Whoever gets no time at first is waited for: the others go on for it. */
	for (unsigned i = 0; i < ROUND_COUNT || atomic_load(worker->idle) > 0; i++) {
		bool was_idle = worker->done == 0;

		worker->work(worker);
		if (was_idle && worker->done > 0)
			atomic_fetch_sub(worker->idle, 1);
	}
	rcu_unregister(kernel, &worker->reader);
	return NULL;
}

/* Run all of works, one thread each, until each has achieved something. */
static void
run_all(const struct path_context *context, void (*const works[THREAD_COUNT])(struct worker *))
{
	_Atomic unsigned idle = THREAD_COUNT;
	struct worker workers[THREAD_COUNT];

	for (unsigned i = 0; i < THREAD_COUNT; i++) {
		workers[i] = (struct worker){
			.context = context,
			.work = works[i],
			.idle = &idle,
			.state = i,
		};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREAD_COUNT; i++)
		pthread_join(workers[i].thread, NULL);
}

/* Counts the directories in one. */
struct census {
	struct directory_sink sink;
	struct vnode *dir;
	unsigned directories;
};

static bool
count_entry(struct directory_sink *sink, struct name name, uint64_t ino, enum vnode_type type,
    uint64_t next)
{
	struct census *census = container_of(sink, struct census, sink);

	if (type == VNODE_DIRECTORY && name.bytes[0] != '.')
		census->directories++;
	return true;
}

/* The link count of a directory tells how many directories are in it. */
static void
check_links(const struct path_context *context, const char *path)
{
	struct census census = { .sink.add = count_entry, .dir = must_find(context, path) };
	uint64_t position = 0;

	assert_int_equal(namespace_read_directory(census.dir, &position, &census.sink), 0);
	assert_int_equal(attributes_of(context, path).link_count, 2 + census.directories);
	vnode_put(census.dir);
}

static void
a_tree_that_many_change_stays_whole(void **state)
{
	void (*const works[])(struct worker *) = { change_names, change_names, look_around,
		look_around, peek_around };
	struct fixture fixture;
	char path[32];

	fixture_create(&fixture, "tmpfs", 8 << 20);
	for (unsigned i = 0; i < DIR_COUNT; i++) {
		snprintf(path, sizeof(path), "/d%u", i);
		make_directory(&fixture.context, path, 0755);
	}
	run_all(&fixture.context, works);
	check_links(&fixture.context, "/");
	for (unsigned i = 0; i < DIR_COUNT; i++) {
		struct vnode *vnode;

		snprintf(path, sizeof(path), "/d%u", i);
		if (lookup(&fixture.context, path, LOOKUP_DIRECTORY, &vnode) < 0)
			continue; /* moved, removed, or something else by now */
		vnode_put(vnode);
		check_links(&fixture.context, path);
		remove_tree(&fixture.context, path);
	}
	fixture_destroy(&fixture);
}

static const struct fake_node mounted[] = {
	{ .ino = 3, .dir = 2, .name = "dir", .type = VNODE_DIRECTORY, .permissions = 0755 },
	{ .ino = 4,
	    .dir = 3,
	    .name = "up",
	    .type = VNODE_SYMLINK,
	    .target = "../dir",
	    .target_length = 6 },
	{ .ino = 5, .dir = 3, .name = "f5", .type = VNODE_REGULAR },
	{ .ino = 6, .dir = 3, .name = "f6", .type = VNODE_REGULAR },
};

static void
a_mount_goes_only_when_nobody_is_in_it(void **state)
{
	void (*const works[])(struct worker *) = { mount_and_unmount, mount_and_unmount,
		walk_in_the_mount, walk_in_the_mount, peek_around };
	struct fixture fixture;

	/* fake_destroy() checks that all vnodes are gone. */
	fixture_create(&fixture, "tmpfs", 8 << 20);
	fake_control.nodes = mounted;
	fake_control.node_count = ARRAY_SIZE(mounted);
	make_directory(&fixture.context, "/mnt", 0755);
	run_all(&fixture.context, works);
	fixture_destroy(&fixture);
}

static void
load_many(struct worker *worker)
{
	struct vnode *root = worker->context->root;
	struct vnode *vnode;

	note(worker, vnode_find(root->mount, 10 + random_below(worker, 3000), &vnode));
	if (vnode != NULL && vnode->ino % 7 == 0) {
		struct vnode *again;

		note(worker, vnode_find(root->mount, vnode->ino, &again));
		assert_ptr_equal(vnode, again);
		vnode_put(again);
	}
	vnode_put(vnode);
}

static void
vnodes_come_and_go(void **state)
{
	void (*const works[])(
	    struct worker *) = { load_many, load_many, load_many, load_many, load_many };
	struct fixture fixture;

	fake_control.has_every_ino = true;
	fixture_create(&fixture, "fake", 1 << 20);
	run_all(&fixture.context, works);
	assert_true(fixture_fake(&fixture)->reclaim_count > 0);
	fixture_destroy(&fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_that_many_change_stays_whole),
		cmocka_unit_test(a_mount_goes_only_when_nobody_is_in_it),
		cmocka_unit_test(vnodes_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
