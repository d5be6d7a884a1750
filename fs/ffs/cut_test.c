/*
 * Tests of power cuts: whatever was written when the power went, what was synced
 * is there, and a file system with a journal needs no checker.
 *
 * Random operations run on one image while all that is written to it is recorded.
 * Then a second kernel gets the image as it was after each of the writes: all of
 * them up to the last flush, and some or all of those after it, the last ones maybe
 * in part.  What its mounting and checking changes is undone before the next cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "fs/ffs/write.h"
#include "kern/uio.h"
#include "tests/fake_fs.h"
#include "tests/ffs_check.h"
#include "tests/ffs_image.h"
#include "tests/random.h"
#include "vfs/file_io.h"
#include "vfs/namespace.h"
#include "vfs/xattr.h"

#define JOURNAL_BLOCKS 64
#define EVENTS_MAX     4096
#define FILES_MAX      256
#define SIZE_MAX_      60000
#define NEVER	       SIZE_MAX
#define PATH_SIZE      32

/* One write, or a flush. */
struct event {
	uint64_t offset;
	size_t length;	/* 0: a flush */
	uint8_t *bytes; /* owned */
};

struct trace {
	struct event events[EVENTS_MAX];
	size_t count;
};

/* A file that was made, and when; times are numbers of events. */
struct made {
	char path[PATH_SIZE];
	char next[PATH_SIZE]; /* its name after gone_at, if it has one */
	uint8_t fill;
	size_t size;
	size_t synced_at; /* it must be there from then on ... */
	size_t gone_at;	  /* ... until it is changed or loses its name */
};

struct cut_test {
	struct ffs_image written; /* where operations run */
	struct ffs_image cut;
	struct trace trace;
	struct trace undo; /* of what the second kernel changes */
	struct made files[FILES_MAX];
	size_t file_count;
	struct random random;
	struct file_writer writer;
	struct ffs_check check;
	uint8_t data[SIZE_MAX_ + 1];
	unsigned replayed; /* cuts after which the journal held something */
};

/* ---- recording --------------------------------------------------------------------------- */

static void
add_event(struct trace *trace, uint64_t offset, size_t length)
{
	struct event *event = &trace->events[trace->count++];

	assert_true(trace->count < EVENTS_MAX);
	*event = (struct event){ offset, length, malloc(length + 1) };
}

static void
clear_trace(struct trace *trace)
{
	while (trace->count > 0)
		free(trace->events[--trace->count].bytes);
}

/* What is going to be written. */
static void
record(struct fake_block *fake, const struct host_block_request *request)
{
	struct trace *trace = fake->context;
	uint8_t *to;

	if (request->op == HOST_BLOCK_READ)
		return;
	add_event(trace, request->offset, (size_t)request->length);
	to = trace->events[trace->count - 1].bytes;
	memset(to, 0, (size_t)request->length);
	for (unsigned i = 0; i < request->segment_count; i++) {
		memcpy(to, request->segments[i].data, request->segments[i].length);
		to += request->segments[i].length;
	}
}

/* What was there before. */
static void
record_undo(struct fake_block *fake, const struct host_block_request *request)
{
	struct trace *trace = fake->context;

	if (request->op != HOST_BLOCK_WRITE && request->op != HOST_BLOCK_ZERO)
		return;
	add_event(trace, request->offset, (size_t)request->length);
	memcpy(trace->events[trace->count - 1].bytes, fake->content + request->offset,
	    request->length);
}

/* Write length bytes of an event to the image that was cut, to be undone if so wanted. */
static void
apply(struct cut_test *test, const struct event *event, size_t length, bool is_undone)
{
	uint8_t *place = test->cut.fake.content + event->offset;

	if (length == 0)
		return;
	if (is_undone) {
		add_event(&test->undo, event->offset, length);
		memcpy(test->undo.events[test->undo.count - 1].bytes, place, length);
	}
	memcpy(place, event->bytes, length);
}

static void
undo_all(struct cut_test *test)
{
	while (test->undo.count > 0) {
		struct event *event = &test->undo.events[--test->undo.count];

		memcpy(test->cut.fake.content + event->offset, event->bytes, event->length);
		free(event->bytes);
	}
}

/* ---- operations ----------------------------------------------------------------------------- */

static size_t
now(const struct cut_test *test)
{
	return test->trace.count;
}

static struct made *
random_file(struct cut_test *test)
{
	size_t start = random_below(&test->random, FILES_MAX);

	for (size_t i = 0; i < FILES_MAX; i++) {
		struct made *file = &test->files[(start + i) % FILES_MAX];

		if (file->path[0] != '\0' && file->gone_at == NEVER)
			return file;
	}
	return NULL;
}

static struct vnode *
open_path(struct cut_test *test, const char *path, uint32_t flags)
{
	struct vnode *vnode;
	int error =
	    namespace_open(&test->written.context, path, OPEN_READ_WRITE | flags, 0644, &vnode);

	if (error != 0)
		fail_msg("%s: %d\n%.1000s", path, error, test->written.host.console);
	return vnode;
}

static void
fill(struct cut_test *test, struct vnode *vnode, uint8_t byte, size_t size)
{
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	uint64_t offset = 0;

	memset(test->data, byte, size);
	uio_init_kernel(&uio, &space, &range, test->data, size);
	assert_int_equal(file_write(vnode, &uio, &offset, &test->writer), 0);
}

static int
sync_file(struct vnode *vnode)
{
	struct write_errors_told told = { 0 };

	return vnode_sync(vnode, false, &told);
}

/* Make a file; sync it, or let it go. */
static struct made *
step_create(struct cut_test *test)
{
	struct made *file = &test->files[test->file_count++ % FILES_MAX];
	struct vnode *vnode;

	snprintf(file->path, PATH_SIZE, "/mnt/d%u/%zu", (unsigned)random_below(&test->random, 2),
	    test->file_count);
	file->next[0] = '\0';
	file->fill = (uint8_t)(1 + random_below(&test->random, 250));
	file->size = random_below(&test->random, SIZE_MAX_ >> random_below(&test->random, 6));
	file->synced_at = file->gone_at = NEVER;
	vnode = open_path(test, file->path, OPEN_CREATE | OPEN_EXCLUSIVE);
	fill(test, vnode, file->fill, file->size);
	if (random_below(&test->random, 2) == 0) {
		assert_int_equal(sync_file(vnode), 0);
		file->synced_at = now(test);
	}
	vnode_put(vnode);
	return file;
}

static void
step_unlink(struct cut_test *test)
{
	struct made *file = random_file(test);

	if (file == NULL)
		return;
	file->gone_at = now(test);
	assert_int_equal(namespace_unlink(&test->written.context, file->path), 0);
}

static void
step_truncate(struct cut_test *test)
{
	struct made *file = random_file(test);
	struct vnode *vnode;

	if (file == NULL)
		return;
	file->gone_at = now(test);
	vnode = open_path(test, file->path, 0);
	assert_int_equal(file_truncate(vnode, file->size / 3, &test->writer), 0);
	vnode_put(vnode);
}

static void
step_rename(struct cut_test *test)
{
	struct made *file = random_file(test), *moved;
	const struct path_context *context = &test->written.context;

	if (file == NULL)
		return;
	moved = &test->files[test->file_count++ % FILES_MAX];
	if (moved == file)
		return;
	*moved = *file;
	moved->synced_at = NEVER;
	snprintf(moved->path, PATH_SIZE, "/mnt/d%u/r%zu", (unsigned)random_below(&test->random, 2),
	    test->file_count);
	memcpy(file->next, moved->path, PATH_SIZE);
	file->gone_at = now(test);
	assert_int_equal(namespace_rename(context, file->path, context, moved->path, 0), 0);
}

/* Two files that have changed places: what each name led to before is gone. */
static void
step_exchange(struct cut_test *test)
{
	struct made *one = random_file(test), *other = random_file(test);
	const struct path_context *context = &test->written.context;
	struct made *fresh[2], was[2];

	if (one == NULL || other == one)
		return;
	for (unsigned i = 0; i < 2; i++)
		fresh[i] = &test->files[test->file_count++ % FILES_MAX];
	if (fresh[0] == one || fresh[1] == one || fresh[0] == other || fresh[1] == other)
		return;
	one->gone_at = other->gone_at = now(test);
	/* Where a rename led before is no way to find a file by its name any more. */
	for (size_t i = 0; i < FILES_MAX; i++)
		if (strcmp(test->files[i].next, one->path) == 0 ||
		    strcmp(test->files[i].next, other->path) == 0)
			test->files[i].next[0] = '\0';
	was[0] = *one;
	was[1] = *other;
	assert_int_equal(namespace_rename(context, one->path, context, other->path, RENAME_SWAP),
	    0);
	for (unsigned i = 0; i < 2; i++) {
		*fresh[i] = was[i];
		memcpy(fresh[i]->path, was[1 - i].path, PATH_SIZE);
		fresh[i]->next[0] = '\0';
		fresh[i]->synced_at = fresh[i]->gone_at = NEVER;
	}
}

/* Space taken, zeroed, punched out; attributes come and go. */
static void
step_allocate(struct cut_test *test)
{
	static const enum allocate_mode modes[] = {
		ALLOCATE_SPACE,
		ALLOCATE_PUNCH_HOLE | ALLOCATE_KEEP_SIZE,
		ALLOCATE_ZERO_RANGE,
	};
	struct made *file = random_file(test);
	struct vnode *vnode;

	if (file == NULL)
		return;
	file->gone_at = now(test);
	vnode = open_path(test, file->path, 0);
	assert_int_equal(file_allocate(vnode, modes[random_below(&test->random, 3)],
			     random_below(&test->random, SIZE_MAX_ / 2),
			     1 + random_below(&test->random, SIZE_MAX_), &test->writer),
	    0);
	vnode_put(vnode);
}

static void
step_attribute(struct cut_test *test)
{
	struct made *file = random_file(test);
	size_t size = random_below(&test->random, 3000);
	struct vnode *vnode;
	int error;

	if (file == NULL)
		return;
	vnode = open_path(test, file->path, 0);
	if (random_below(&test->random, 4) == 0)
		error = xattr_remove(vnode, test->written.root, NAME("user.x"));
	else
		error = xattr_set(vnode, test->written.root, NAME("user.x"), test->data, size, 0);
	assert_true(error == 0 || error == -ENODATA || error == -EOPNOTSUPP);
	vnode_put(vnode);
}

/* All that is there is synced. */
static void
step_sync(struct cut_test *test)
{
	assert_int_equal(mount_sync_all(test->written.kernel), 0);
	for (size_t i = 0; i < FILES_MAX; i++) {
		struct made *file = &test->files[i];

		if (file->path[0] != '\0' && file->gone_at == NEVER && file->synced_at == NEVER)
			file->synced_at = now(test);
	}
}

static void
step_directory(struct cut_test *test)
{
	const struct path_context *context = &test->written.context;

	make_directory(context, "/mnt/d0/sub", 0755);
	assert_int_equal(namespace_rename(context, "/mnt/d0/sub", context, "/mnt/d1/sub", 0), 0);
	assert_int_equal(namespace_rmdir(context, "/mnt/d1/sub"), 0);
}

static void
operate(struct cut_test *test, unsigned steps)
{
	static void (*const others[])(struct cut_test * test) = {
		step_unlink,
		step_unlink,
		step_truncate,
		step_rename,
		step_rename,
		step_exchange,
		step_allocate,
		step_allocate,
		step_attribute,
		step_attribute,
		step_sync,
		step_directory,
	};
	struct vnode *held;

	make_directory(&test->written.context, "/mnt/d0", 0755);
	make_directory(&test->written.context, "/mnt/d1", 0755);
	/* It is nameless and in use all the time. */
	held = open_path(test, "/mnt/held", OPEN_CREATE);
	fill(test, held, 1, SIZE_MAX_);
	assert_int_equal(namespace_unlink(&test->written.context, "/mnt/held"), 0);
	for (unsigned i = 0; i < steps; i++) {
		if (random_below(&test->random, 2) == 0)
			step_create(test);
		else
			others[random_below(&test->random, ARRAY_SIZE(others))](test);
	}
	vnode_put(held);
}

/* ---- after the cut ---------------------------------------------------------------------------- */

/* Is the file there, with what was written to it? */
static bool
has_file(struct cut_test *test, const char *path, const struct made *file)
{
	struct address_space space;
	struct uio_range range;
	struct vnode *vnode;
	struct uio uio;
	bool is_good;

	if (namespace_open(&test->cut.context, path, 0, 0, &vnode) != 0)
		return false;
	uio_init_kernel(&uio, &space, &range, test->data, file->size + 1);
	is_good = file_read(vnode, &uio, 0) == 0 && uio.left == 1;
	for (size_t i = 0; i < file->size && is_good; i++)
		is_good = test->data[i] == file->fill;
	vnode_put(vnode);
	return is_good;
}

static void
check_files(struct cut_test *test, size_t at)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		const struct made *file = &test->files[i];

		if (file->path[0] == '\0' || file->synced_at > at)
			continue;
		if (at <= file->gone_at && !has_file(test, file->path, file))
			fail_msg("cut at %zu: %s, synced at %zu, is not there\n%.1500s", at,
			    file->path, file->synced_at, test->cut.host.console);
	}
}

/* Between the old name and the new one, there is one of them. */
static void
check_renamed(struct cut_test *test, size_t at)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		const struct made *file = &test->files[i], *next = file;

		if (file->next[0] == '\0' || file->synced_at > at || at <= file->gone_at)
			continue;
		for (size_t j = 0; j < FILES_MAX; j++)
			if (strcmp(test->files[j].path, file->next) == 0)
				next = &test->files[j];
		if (next == file || at > next->gone_at)
			continue;
		if (!has_file(test, file->path, file) && !has_file(test, next->path, file))
			fail_msg("cut at %zu: neither %s nor %s is there\n%.1500s", at, file->path,
			    next->path, test->cut.host.console);
	}
}

/* Mount what was cut, look, unmount; nothing may be wrong then. */
static void
check_journaled(struct cut_test *test, size_t at)
{
	struct ffs_image *image = &test->cut;
	int error;

	image->host.console_length = 0;
	error = mount_at(&image->context, "/image", "/mnt", "ffs", 0, "");
	if (error != 0)
		fail_msg("cut at %zu: mount: %d\n%s", at, error, image->host.console);
	check_files(test, at);
	check_renamed(test, at);
	assert_int_equal(ffs_image_unmount(image), 0);
	if (ffs_check(image->fake.content, image->fake.dev.size, &image->sb, &test->check) > 0)
		fail_msg("cut at %zu: %u flaws:\n%s\n%.1000s", at, test->check.flaw_count,
		    test->check.report, image->host.console);
}

/* Without a journal: what a checker could not put right, or what it would lose. */
static void
check_ordered(struct cut_test *test, size_t at)
{
	struct ffs_image *image = &test->cut;

	ffs_check(image->fake.content, image->fake.dev.size, &image->sb, &test->check);
	if (test->check.loss_count > 0)
		fail_msg("cut at %zu: %u losses:\n%s", at, test->check.loss_count,
		    test->check.report);
	image->host.console_length = 0;
	ffs_image_must_mount(image);
	check_files(test, at);
	check_renamed(test, at);
	assert_int_equal(ffs_image_unmount(image), 0);
}

/* The event after the last flush in the first count. */
static size_t
last_flush(const struct trace *trace, size_t count)
{
	while (count > 0 && trace->events[count - 1].length > 0)
		count--;
	return count;
}

/* The same where the power goes again, while the journal is replayed. */
static void
check_cut_replay(struct cut_test *test, size_t at)
{
	struct trace *replay = calloc(1, sizeof(*replay));
	struct fake_block *fake = &test->cut.fake;
	size_t start = test->undo.count;

	/* What mounting and unmounting writes, and then all of it undone. */
	fake->on_request = record;
	fake->context = replay;
	{
		uint8_t *copy = malloc(fake->dev.size);

		memcpy(copy, fake->content, fake->dev.size);
		check_journaled(test, at);
		memcpy(fake->content, copy, fake->dev.size);
		free(copy);
	}
	fake->on_request = record_undo;
	fake->context = &test->undo;
	for (size_t count = 1; count <= replay->count; count++) {
		apply(test, &replay->events[count - 1], replay->events[count - 1].length, true);
		start = test->undo.count;
		check_journaled(test, at);
		while (test->undo.count > start) {
			struct event *event = &test->undo.events[--test->undo.count];

			memcpy(fake->content + event->offset, event->bytes, event->length);
			free(event->bytes);
		}
	}
	clear_trace(replay);
	free(replay);
}

/*
 * The power goes after count events: those since the last flush happen or not, or
 * in part; with everything they all do.
 */
static void
cut_at(struct cut_test *test, size_t count, bool has_everything,
    void (*check)(struct cut_test *test, size_t at))
{
	for (size_t i = last_flush(&test->trace, count); i < count; i++) {
		const struct event *event = &test->trace.events[i];
		size_t length = event->length;

		if (!has_everything && random_below(&test->random, 2) == 0)
			length = random_below(&test->random, length / FFS_SECTOR_SIZE + 1) *
				 FFS_SECTOR_SIZE;
		apply(test, event, length, true);
	}
	check(test, count);
	undo_all(test);
}

static void
cut_everywhere(struct cut_test *test, void (*check)(struct cut_test *test, size_t at))
{
	for (size_t count = 0; count <= test->trace.count; count++) {
		cut_at(test, count, true, check);
		cut_at(test, count, false, check);
		if (count % 40 == 20 && check == check_journaled)
			cut_at(test, count, false, check_cut_replay);
		/* What a flush made durable stays. */
		if (count < test->trace.count && test->trace.events[count].length == 0)
			for (size_t i = last_flush(&test->trace, count); i < count; i++)
				apply(test, &test->trace.events[i], test->trace.events[i].length,
				    false);
	}
}

/* ---- tests ---------------------------------------------------------------------------------------- */

static struct cut_test *
create(const struct sample *sample, uint64_t seed, uint32_t journal_blocks)
{
	struct cut_test *test = calloc(1, sizeof(*test));

	test->random.state = seed;
	ffs_image_create_journaled(&test->written, sample, journal_blocks);
	ffs_image_create_journaled(&test->cut, sample, journal_blocks);
	memcpy(test->cut.fake.content, test->written.fake.content, test->cut.fake.dev.size);
	test->writer = (struct file_writer){
		.credential = test->written.root,
		.size_limit = UINT64_MAX,
	};
	test->written.fake.on_request = record;
	test->written.fake.context = &test->trace;
	test->cut.fake.on_request = record_undo;
	test->cut.fake.context = &test->undo;
	return test;
}

static void
destroy(struct cut_test *test)
{
	clear_trace(&test->trace);
	ffs_image_destroy(&test->written);
	ffs_image_destroy(&test->cut);
	free(test);
}

static void
must_mount(struct cut_test *test)
{
	int error = mount_at(&test->written.context, "/image", "/mnt", "ffs", 0, "");

	if (error != 0)
		fail_msg("mount: %d\n%s", error, test->written.host.console);
}

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 },
	{ FFS_UFS1, ORDER_BIG, 4096, 1024, 1 },
};

/* Operate, and cut; RUMP_TEST_ROUNDS is how often, each time from another seed. */
static void
operate_and_cut(uint32_t journal_blocks, void (*check)(struct cut_test *test, size_t at))
{
	const char *text = getenv("RUMP_TEST_ROUNDS");
	unsigned rounds = text == NULL ? 1 : (unsigned)atoi(text);

	for (size_t round = 0; round < rounds * ARRAY_SIZE(samples); round++) {
		struct cut_test *test =
		    create(&samples[round % ARRAY_SIZE(samples)], round + 1, journal_blocks);

		must_mount(test);
		operate(test, 50);
		assert_int_equal(ffs_image_unmount(&test->written), 0);
		cut_everywhere(test, check);
		destroy(test);
	}
}

static void
with_a_journal_no_cut_needs_a_checker(void **state)
{
	operate_and_cut(JOURNAL_BLOCKS, check_journaled);
	(void)state;
}

static void
without_one_a_checker_loses_nothing(void **state)
{
	operate_and_cut(0, check_ordered);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_a_journal_no_cut_needs_a_checker),
		cmocka_unit_test(without_one_a_checker_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
