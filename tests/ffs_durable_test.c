/*
 * What is durable on FFS after the calls that promise it.
 *
 * The device keeps a copy of itself as it was at the last flush: what a power cut
 * leaves, at worst.  After each call that copy is mounted in another kernel, as
 * it is, and must show what was promised.
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
#include "kern/thread.h"
#include "kern/uio.h"
#include "kern/user.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "vfs/file_io.h"
#include "vfs/namespace.h"
#include "vfs/xattr.h"

#define SIZE 100000

enum {
	HERE = -100, /* AT_FDCWD */
	RWF_DATA_DURABLE = 2,
	RWF_ALL_DURABLE = 4,
};

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 },
	{ FFS_UFS1, ORDER_BIG, 8192, 1024, 1 },
};

struct durable_test {
	struct ffs_image image;
	struct thread *thread;
	uint8_t data[SIZE];
	uint8_t got[SIZE];
};

static struct user_ptr
user(const void *pointer)
{
	return (struct user_ptr){ (uintptr_t)pointer };
}

static struct durable_test *
create(size_t sample)
{
	struct durable_test *fixture = calloc(1, sizeof(*fixture));
	struct ffs_image *image = &fixture->image;

	ffs_image_create_writable(image, &samples[sample], SAMPLE_MODERN);
	image->fake.durable = malloc(image->fake.dev.size);
	memcpy(image->fake.durable, image->fake.content, image->fake.dev.size);
	ffs_image_must_mount_writable(image);
	assert_int_equal(process_start_first(image->kernel), 0);
	assert_int_equal(thread_create(image->kernel, 1, &fixture->thread), 0);
	make_directory(&image->context, "/mnt/d", 0755);
	for (size_t i = 0; i < SIZE; i++)
		fixture->data[i] = (uint8_t)(i * 7 + i / 251);
	return fixture;
}

static void
destroy(struct durable_test *fixture)
{
	uint8_t *durable = fixture->image.fake.durable;

	thread_destroy(fixture->thread);
	ffs_image_must_be_clean(&fixture->image);
	fixture->image.fake.durable = NULL;
	free(durable);
	ffs_image_destroy(&fixture->image);
	free(fixture);
}

/* ---- what a power cut leaves -------------------------------------------------------- */

static struct ffs_image *
cut(struct durable_test *fixture)
{
	struct ffs_image *left = calloc(1, sizeof(*left));

	ffs_image_create(left, &fixture->image.sample);
	memcpy(left->fake.content, fixture->image.fake.durable, left->fake.dev.size);
	ffs_image_must_mount(left);
	return left;
}

static void
end_cut(struct ffs_image *left)
{
	assert_int_equal(ffs_image_unmount(left), 0);
	ffs_image_destroy(left);
	free(left);
}

/* Does the file have these bytes after the cut? */
static bool
has(struct durable_test *fixture, struct ffs_image *left, const char *path, size_t size)
{
	struct address_space space;
	struct uio_range range;
	struct vnode *vnode;
	struct uio uio;
	bool is_same;

	if (try_lookup(&left->context, path, 0) != 0)
		return false;
	vnode = must_find(&left->context, path);
	uio_init_kernel(&uio, &space, &range, fixture->got, SIZE);
	is_same = vnode->attributes.size == size && file_read(vnode, &uio, 0) == 0 &&
		  memcmp(fixture->got, fixture->data, size) == 0;
	vnode_put(vnode);
	return is_same;
}

static bool
is_durable(struct durable_test *fixture, const char *path, size_t size)
{
	struct ffs_image *left = cut(fixture);
	bool is_same = has(fixture, left, path, size);

	end_cut(left);
	return is_same;
}

static int
open_file(struct durable_test *fixture, const char *path, int flags)
{
	int64_t fd = sys_openat(fixture->thread, HERE, user(path), OPEN_READ_WRITE | flags, 0644);

	assert_true(fd >= 0);
	return (int)fd;
}

static void
write_all(struct durable_test *fixture, int fd, size_t size)
{
	assert_int_equal(sys_pwrite(fixture->thread, fd, user(fixture->data), size, 0), size);
}

/* ---- each call --------------------------------------------------------------------------- */

static int64_t
nothing(struct thread *thread, int fd)
{
	(void)thread, (void)fd;
	return 0;
}

static int64_t
everything(struct thread *thread, int fd)
{
	(void)fd;
	return sys_sync(thread);
}

static int64_t
range(struct thread *thread, int fd)
{
	return sys_sync_file_range(thread, fd, 0, 0, 7);
}

static const struct {
	const char *name;
	int open_flags, write_flags;
	int64_t (*call)(struct thread *thread, int fd);
	bool is_promised;
} rows[] = {
	{ "nothing", 0, 0, nothing, false }, /* or the others would prove nothing */
	{ "fsync", 0, 0, sys_fsync, true },
	{ "fdatasync", 0, 0, sys_fdatasync, true },
	{ "syncfs", 0, 0, sys_syncfs, true },
	{ "sync", 0, 0, everything, true },
	{ "sync_file_range", 0, 0, range, true },
	{ "O_SYNC", OPEN_SYNC, 0, nothing, true },
	{ "O_DSYNC", OPEN_DSYNC, 0, nothing, true },
	{ "RWF_SYNC", 0, RWF_ALL_DURABLE, nothing, true },
	{ "RWF_DSYNC", 0, RWF_DATA_DURABLE, nothing, true },
};

/* Write size bytes to a file of that name, as a row says. */
static void
write_as(struct durable_test *fixture, size_t row, const char *path, size_t size)
{
	uint64_t vector[2] = { (uintptr_t)fixture->data, size };
	int fd = open_file(fixture, path, OPEN_CREATE | rows[row].open_flags);

	assert_int_equal(sys_pwritev2(fixture->thread, fd, user(vector), 1, 0, 0,
			     rows[row].write_flags),
	    size);
	assert_int_equal(rows[row].call(fixture->thread, fd), 0);
	assert_int_equal(sys_close(fixture->thread, fd), 0);
}

/* Files of several sizes, and one that is written over. */
static void
check_row(struct durable_test *fixture, size_t row)
{
	static const size_t sizes[] = { 100, 5000, SIZE };
	bool is_promised = rows[row].is_promised;
	struct ffs_image *left;
	char path[100];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		snprintf(path, sizeof(path), "/mnt/d/%s-%zu", rows[row].name, i);
		write_as(fixture, row, path, sizes[i]);
	}
	left = cut(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		snprintf(path, sizeof(path), "/mnt/d/%s-%zu", rows[row].name, i);
		if (has(fixture, left, path, sizes[i]) != is_promised)
			fail_msg("%s, %zu bytes", rows[row].name, sizes[i]);
	}
	end_cut(left);
	for (size_t i = 0; i < SIZE; i++)
		fixture->data[i] ^= 0x55;
	write_as(fixture, row, path, SIZE);
	if (is_durable(fixture, path, SIZE) != is_promised)
		fail_msg("%s, written over", rows[row].name);
}

static void
each_call_keeps_its_promise(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct durable_test *fixture = create(s);

		for (size_t row = 0; row < ARRAY_SIZE(rows); row++)
			check_row(fixture, row);
		destroy(fixture);
	}
	(void)state;
}

static void
what_is_copied_keeps_the_promise_too(void **state)
{
	static const int flags[] = { OPEN_SYNC, OPEN_DSYNC };
	struct durable_test *fixture = create(0);
	struct thread *thread = fixture->thread;
	int from = open_file(fixture, "/mnt/d/from", OPEN_CREATE);
	char path[40];

	write_all(fixture, from, SIZE);
	for (unsigned i = 0; i < 4; i++) {
		int64_t zero = 0;
		int to;

		snprintf(path, sizeof(path), "/mnt/d/to%u", i);
		to = open_file(fixture, path, OPEN_CREATE | flags[i / 2]);
		if (i % 2 == 0)
			assert_int_equal(sys_sendfile(thread, to, from, user(&zero), SIZE), SIZE);
		else
			assert_int_equal(sys_copy_file_range(thread, from, user(&zero), to,
					     user(NULL), SIZE, 0),
			    SIZE);
		assert_int_equal(sys_close(thread, to), 0);
		assert_true(is_durable(fixture, path, SIZE));
	}
	assert_int_equal(sys_close(thread, from), 0);
	destroy(fixture);
	(void)state;
}

static void
attributes_and_sizes_are_synced(void **state)
{
	struct durable_test *fixture = create(0);
	struct thread *thread = fixture->thread;
	int fd = open_file(fixture, "/mnt/d/f", OPEN_CREATE);
	struct ffs_image *left;
	struct vnode *vnode;
	char value[10];
	size_t length;

	write_all(fixture, fd, SIZE);
	assert_int_equal(sys_fsync(thread, fd), 0);
	assert_int_equal(sys_ftruncate(thread, fd, 4567), 0);
	assert_int_equal(sys_fchmod(thread, fd, 0600), 0);
	assert_int_equal(sys_fsetxattr(thread, fd, user("user.why"), user("so"), 2, 0), 0);
	assert_int_equal(sys_fsync(thread, fd), 0);
	assert_true(is_durable(fixture, "/mnt/d/f", 4567));
	left = cut(fixture);
	vnode = must_find(&left->context, "/mnt/d/f");
	assert_int_equal(vnode->attributes.permissions, 0600);
	assert_int_equal(xattr_get(vnode, left->root, NAME("user.why"), value, sizeof(value),
			     &length),
	    0);
	assert_int_equal(length, 2);
	vnode_put(vnode);
	end_cut(left);
	assert_int_equal(sys_close(thread, fd), 0);
	destroy(fixture);
	(void)state;
}

static void
names_are_synced_with_their_directory(void **state)
{
	struct durable_test *fixture = create(0);
	const struct path_context *context = &fixture->image.context;
	struct thread *thread = fixture->thread;
	int fd = open_file(fixture, "/mnt/d/old", OPEN_CREATE), dir;
	struct ffs_image *left;

	write_all(fixture, fd, 5000);
	assert_int_equal(sys_fsync(thread, fd), 0);
	make_file(context, "/mnt/d/gone", 0644);
	assert_int_equal(sys_fsync(thread, fd), 0);
	assert_int_equal(namespace_rename(context, "/mnt/d/old", context, "/mnt/new", 0), 0);
	assert_int_equal(namespace_unlink(context, "/mnt/d/gone"), 0);
	dir = (int)sys_openat(thread, HERE, user("/mnt/d"), 0, 0);
	assert_int_equal(sys_fsync(thread, dir), 0);
	assert_true(is_durable(fixture, "/mnt/new", 5000));
	left = cut(fixture);
	assert_int_equal(try_lookup(&left->context, "/mnt/d/old", 0), -ENOENT);
	assert_int_equal(try_lookup(&left->context, "/mnt/d/gone", 0), -ENOENT);
	end_cut(left);
	assert_int_equal(sys_close(thread, dir), 0);
	assert_int_equal(sys_close(thread, fd), 0);
	destroy(fixture);
	(void)state;
}

static void
holes_and_space_are_synced(void **state)
{
	struct durable_test *fixture = create(1);
	struct thread *thread = fixture->thread;
	int fd = open_file(fixture, "/mnt/d/f", OPEN_CREATE);

	write_all(fixture, fd, SIZE);
	assert_int_equal(sys_fallocate(thread, fd, 3, 10000, 50001), 0);
	memset(fixture->data + 10000, 0, 50001);
	assert_int_equal(sys_fdatasync(thread, fd), 0);
	assert_true(is_durable(fixture, "/mnt/d/f", SIZE));
	assert_int_equal(sys_fallocate(thread, fd, 16, 70000, 25000), 0);
	memset(fixture->data + 70000, 0, 25000);
	assert_int_equal(sys_fdatasync(thread, fd), 0);
	assert_true(is_durable(fixture, "/mnt/d/f", SIZE));
	assert_int_equal(sys_close(thread, fd), 0);
	destroy(fixture);
	(void)state;
}

/* ---- cuts between writes ------------------------------------------------------------------ */

#define CUTS_MAX 64

static uint8_t *cuts[CUTS_MAX]; /* the device between any two requests */
static size_t cut_count;

static void
note_cut(struct fake_block *fake)
{
	assert_true(cut_count < CUTS_MAX);
	cuts[cut_count] = malloc(fake->dev.size);
	memcpy(cuts[cut_count++], fake->content, fake->dev.size);
}

static void
note_request(struct fake_block *fake, const struct host_block_request *request)
{
	if (request->op != HOST_BLOCK_READ)
		note_cut(fake);
}

/* Which of the two files, of 1 and 2 bytes, has this name; bits. */
static unsigned
file_at(struct ffs_image *left, const char *path)
{
	return try_lookup(&left->context, path, 0) != 0
		   ? 0
		   : 1U << (attributes_of(&left->context, path).size - 1);
}

static void
no_cut_of_an_exchange_leaves_a_file_without_a_name(void **state)
{
	static const struct {
		const char *one, *two;
		unsigned least; /* writes */
	} pairs[] = {
		{ "/mnt/d/one", "/mnt/two", 8 },      /* through a third name */
		{ "/mnt/d/three", "/mnt/d/four", 2 }, /* in one sector */
	};
	struct durable_test *fixture = create(0);
	const struct path_context *context = &fixture->image.context;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		write_as(fixture, 0, pairs[i].one, 1);
		write_as(fixture, 0, pairs[i].two, 2);
		assert_int_equal(mount_sync_all(fixture->image.kernel), 0);
		fixture->image.fake.on_request = note_request;
		assert_int_equal(namespace_rename(context, pairs[i].one, context, pairs[i].two,
				     RENAME_SWAP),
		    0);
		assert_int_equal(mount_sync_all(fixture->image.kernel), 0);
		fixture->image.fake.on_request = NULL;
		note_cut(&fixture->image.fake);
		assert_true(cut_count >= pairs[i].least);
		for (size_t j = 0; j < cut_count; j++) {
			struct ffs_image *left;

			memcpy(fixture->image.fake.durable, cuts[j], fixture->image.fake.dev.size);
			free(cuts[j]);
			left = cut(fixture);
			if ((file_at(left, pairs[i].one) | file_at(left, pairs[i].two) |
				file_at(left, "/mnt/d/.exchange.0")) != 3)
				fail_msg("%s: cut %zu of %zu", pairs[i].one, j, cut_count);
			end_cut(left);
		}
		cut_count = 0;
	}
	destroy(fixture);
	(void)state;
}

/* A write that fails is told, once by who syncs, and ends all writing. */
static void
a_failing_device_is_told_of(void **state)
{
	struct durable_test *fixture = create(0);
	struct fake_block *fake = &fixture->image.fake;
	struct thread *thread = fixture->thread;
	int fd = open_file(fixture, "/mnt/d/f", OPEN_CREATE);

	write_all(fixture, fd, SIZE);
	fake->bad_offset = 0;
	fake->bad_length = fake->dev.size;
	fake->bad_error = -EIO;
	assert_int_equal(sys_fsync(thread, fd), -EIO);
	fake->bad_length = 0;
	assert_true(ffs_image_said(&fixture->image, "read-only from now on"));
	assert_int_equal(sys_fsync(thread, fd), -EIO);
	assert_int_equal(sys_pwrite(thread, fd, user(fixture->data), SIZE, SIZE), -EROFS);
	assert_int_equal(sys_fallocate(thread, fd, 0, 0, 100), -EROFS);
	assert_int_equal(sys_fallocate(thread, fd, 3, 0, 100), -EROFS);
	assert_int_equal(sys_fsetxattr(thread, fd, user("user.a"), user(""), 0, 0), -EROFS);
	assert_int_equal(try_lookup(&fixture->image.context, "/mnt/d", 0), 0);
	assert_int_equal(namespace_unlink(&fixture->image.context, "/mnt/d/f"), -EROFS);
	assert_int_equal(sys_close(thread, fd), 0);
	thread_destroy(thread);
	assert_int_equal(ffs_image_unmount(&fixture->image), -EIO);
	assert_true(ffs_image_said(&fixture->image, "without being clean"));
	free(fake->durable);
	ffs_image_destroy(&fixture->image);
	free(fixture);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_keeps_its_promise),
		cmocka_unit_test(what_is_copied_keeps_the_promise_too),
		cmocka_unit_test(attributes_and_sizes_are_synced),
		cmocka_unit_test(names_are_synced_with_their_directory),
		cmocka_unit_test(holes_and_space_are_synced),
		cmocka_unit_test(no_cut_of_an_exchange_leaves_a_file_without_a_name),
		cmocka_unit_test(a_failing_device_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
