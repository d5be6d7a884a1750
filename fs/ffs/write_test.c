/*
 * Tests of writing FFS: random operations against a model in memory, with the
 * image checked after; full file systems; and what is refused.
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
#include "kern/credential.h"
#include "kern/uio.h"
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "tests/large.h"
#include "tests/random.h"
#include "vfs/file_io.h"
#include "vfs/namespace.h"
#include "vfs/page_cache.h"

#define DIRS	  4 /* the root of the file system and three in it */
#define NAMES	  40
#define FILES	  (DIRS * NAMES)
#define SIZE_MAX_ 300000
#define NONE	  (-1)

struct model_file {
	unsigned links; /* 0: not in use */
	size_t size;
	uint8_t *content; /* SIZE_MAX_ bytes */
};

struct writing_test {
	struct ffs_image image;
	struct random random;
	struct file_writer writer;
	struct model_file files[FILES];
	int entries[DIRS][NAMES]; /* which file, or NONE */
	uint8_t data[SIZE_MAX_];
};

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 2 },
	{ FFS_UFS1, ORDER_BIG, 4096, 512, 2 },
	{ FFS_UFS1, ORDER_LITTLE, 8192, 1024, 1 },
	{ FFS_UFS2, ORDER_BIG, 16384, 2048, 1 },
	{ FFS_UFS2, ORDER_LITTLE, 4096, 4096, 1 },
	{ FFS_UFS2, ORDER_LITTLE, 65536, 8192, 1 },
	{ FFS_UFS1, ORDER_BIG, 8192, 1024, 1 },
	{ FFS_UFS1, ORDER_LITTLE, 4096, 512, 2 },
	{ FFS_UFS1, ORDER_BIG, 8192, 1024, 2 },
};

/* Of the last samples; those before are modern. */
static const enum sample_age ages[ARRAY_SIZE(samples)] = {
	[6] = SAMPLE_44BSD,
	[7] = SAMPLE_43BSD,
	[8] = SAMPLE_42BSD,
};

/* ---- fixture ------------------------------------------------------------------------ */

#define JOURNAL_BLOCKS 64

static struct writing_test *
create_with(size_t sample, uint64_t seed, uint32_t journal_blocks)
{
	struct writing_test *fixture = calloc(1, sizeof(*fixture));
	struct ffs_image *image = &fixture->image;

	if (ages[sample] == SAMPLE_MODERN)
		ffs_image_create_journaled(image, &samples[sample], journal_blocks);
	else /* no place to say that there is a journal */
		ffs_image_create_writable(image, &samples[sample], ages[sample]);
	fixture->random.state = seed;
	fixture->writer = (struct file_writer){
		.credential = image->root,
		.size_limit = UINT64_MAX,
	};
	for (unsigned i = 0; i < FILES; i++)
		fixture->files[i].content = calloc(1, SIZE_MAX_);
	memset(fixture->entries, 0xff, sizeof(fixture->entries));
	return fixture;
}

static struct writing_test *
create(size_t sample, uint64_t seed)
{
	return create_with(sample, seed, 0);
}

static void
destroy(struct writing_test *fixture)
{
	ffs_image_destroy(&fixture->image);
	for (unsigned i = 0; i < FILES; i++)
		free(fixture->files[i].content);
	free(fixture);
}

static void
must_mount(struct writing_test *fixture)
{
	ffs_image_must_mount_writable(&fixture->image);
}

static void
must_be_clean(struct writing_test *fixture)
{
	ffs_image_must_be_clean(&fixture->image);
}

static void
path_of(int dir, int name, char path[400])
{
	/* Some names are long. */
	int length =
	    dir == 0 ? snprintf(path, 400, "/mnt/") : snprintf(path, 400, "/mnt/d%d/", dir);

	snprintf(path + length, (size_t)(400 - length), "%0*d", name % 5 == 0 ? 200 : 1, name);
}

/* ---- operations ------------------------------------------------------------------------- */

static struct vnode *
open_at(struct writing_test *fixture, const char *path, uint32_t flags, int *error)
{
	struct vnode *vnode;

	*error =
	    namespace_open(&fixture->image.context, path, OPEN_READ_WRITE | flags, 0644, &vnode);
	return vnode;
}

static int
write_vnode(struct writing_test *fixture, struct vnode *vnode, const void *data, size_t length,
    uint64_t offset, size_t *done)
{
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	int error;

	uio_init_kernel(&uio, &space, &range, (void *)(uintptr_t)data, length);
	error = file_write(vnode, &uio, &offset, &fixture->writer);
	*done = length - (size_t)uio.left;
	return error;
}

static void
assert_content(struct writing_test *fixture, const char *path, const struct model_file *file)
{
	int error;
	struct vnode *vnode = open_at(fixture, path, 0, &error);
	struct address_space space;
	struct uio_range range;
	struct uio uio;

	if (error != 0)
		fail_msg("%s: %d\n%.1000s", path, error, fixture->image.host.console);
	assert_int_equal(vnode->attributes.size, file->size);
	assert_int_equal(vnode->attributes.link_count, file->links);
	uio_init_kernel(&uio, &space, &range, fixture->data, file->size + 1);
	assert_int_equal(file_read(vnode, &uio, 0), 0);
	assert_int_equal(uio.left, 1);
	for (size_t i = 0; memcmp(fixture->data, file->content, file->size) != 0; i++)
		if (fixture->data[i] != file->content[i])
			fail_msg("%s: byte %zu of %zu is %02x, not %02x", path, i, file->size,
			    fixture->data[i], file->content[i]);
	vnode_put(vnode);
}

static int
free_file(struct writing_test *fixture)
{
	for (int i = 0; i < FILES; i++)
		if (fixture->files[i].links == 0)
			return i;
	fail();
	return NONE;
}

static void
step_create(struct writing_test *fixture, int dir, int name, const char *path)
{
	int *entry = &fixture->entries[dir][name], error;
	struct vnode *vnode = open_at(fixture, path, OPEN_CREATE | OPEN_EXCLUSIVE, &error);

	assert_int_equal(error, *entry == NONE ? 0 : -EEXIST);
	vnode_put(vnode);
	if (error != 0)
		return;
	*entry = free_file(fixture);
	fixture->files[*entry].links = 1;
	fixture->files[*entry].size = 0;
	memset(fixture->files[*entry].content, 0, SIZE_MAX_);
}

static void
step_write(struct writing_test *fixture, int dir, int name, const char *path)
{
	static const size_t lengths[] = { 50, 700, 5000, 40000, 150000 };
	int entry = fixture->entries[dir][name], error;
	struct vnode *vnode = open_at(fixture, path, 0, &error);
	size_t length =
	    1 + random_below(&fixture->random, lengths[random_below(&fixture->random, 5)]);
	uint64_t offset = random_below(&fixture->random, SIZE_MAX_ - length);
	struct model_file *file;
	size_t done;

	assert_int_equal(error, entry == NONE ? -ENOENT : 0);
	if (error != 0)
		return;
	file = &fixture->files[entry];
	if (random_below(&fixture->random, 2) == 0 && file->size + length < SIZE_MAX_)
		offset = file->size;
	random_bytes(&fixture->random, fixture->data, length);
	error = write_vnode(fixture, vnode, fixture->data, length, offset, &done);
	if (error != 0 || done != length)
		fail_msg("write: %d, %zu of %zu\n%.1000s", error, done, length,
		    fixture->image.host.console);
	memcpy(file->content + offset, fixture->data, length);
	file->size = offset + length > file->size ? offset + length : file->size;
	vnode_put(vnode);
}

static void
step_truncate(struct writing_test *fixture, int dir, int name, const char *path)
{
	int entry = fixture->entries[dir][name], error;
	struct vnode *vnode = open_at(fixture, path, 0, &error);
	size_t size = random_below(&fixture->random, SIZE_MAX_);
	struct model_file *file;

	assert_int_equal(error, entry == NONE ? -ENOENT : 0);
	if (error != 0)
		return;
	file = &fixture->files[entry];
	if (random_below(&fixture->random, 3) > 0)
		size = random_below(&fixture->random, file->size + 1);
	assert_int_equal(file_truncate(vnode, size, &fixture->writer), 0);
	if (size < file->size)
		memset(file->content + size, 0, file->size - size);
	file->size = size;
	vnode_put(vnode);
}

static void
step_allocate(struct writing_test *fixture, int dir, int name, const char *path)
{
	static const enum allocate_mode modes[] = {
		ALLOCATE_SPACE,
		ALLOCATE_KEEP_SIZE,
		ALLOCATE_KEEP_SIZE | ALLOCATE_PUNCH_HOLE,
		ALLOCATE_KEEP_SIZE | ALLOCATE_PUNCH_HOLE,
		ALLOCATE_ZERO_RANGE,
		ALLOCATE_ZERO_RANGE | ALLOCATE_KEEP_SIZE,
	};
	enum allocate_mode mode = modes[random_below(&fixture->random, ARRAY_SIZE(modes))];
	int entry = fixture->entries[dir][name], error;
	struct vnode *vnode = open_at(fixture, path, 0, &error);
	size_t offset = random_below(&fixture->random, SIZE_MAX_ - 1), end;
	struct model_file *file;
	bool is_refused;

	assert_int_equal(error, entry == NONE ? -ENOENT : 0);
	if (error != 0)
		return;
	file = &fixture->files[entry];
	if (random_below(&fixture->random, 3) > 0)
		offset = random_below(&fixture->random, file->size + 1);
	end = offset + 1 + random_below(&fixture->random, SIZE_MAX_ - offset);
	/* Space beyond the size cannot be kept. */
	is_refused = end > file->size && (mode & ALLOCATE_KEEP_SIZE) != 0 &&
		     (mode & ALLOCATE_PUNCH_HOLE) == 0;
	error = file_allocate(vnode, mode, offset, end - offset, &fixture->writer);
	assert_int_equal(error, is_refused ? -EOPNOTSUPP : 0);
	vnode_put(vnode);
	if (is_refused)
		return;
	if ((mode & (ALLOCATE_PUNCH_HOLE | ALLOCATE_ZERO_RANGE)) != 0)
		memset(file->content + offset, 0, end - offset);
	if ((mode & ALLOCATE_KEEP_SIZE) == 0 && end > file->size)
		file->size = end;
}

static void
step_unlink(struct writing_test *fixture, int dir, int name, const char *path)
{
	int *entry = &fixture->entries[dir][name];
	int error = namespace_unlink(&fixture->image.context, path);

	assert_int_equal(error, *entry == NONE ? -ENOENT : 0);
	if (error == 0)
		fixture->files[*entry].links--;
	*entry = NONE;
}

static void
step_link(struct writing_test *fixture, int dir, int name, const char *path)
{
	int to_dir = (int)random_below(&fixture->random, DIRS);
	int to_name = (int)random_below(&fixture->random, NAMES);
	int entry = fixture->entries[dir][name], *to = &fixture->entries[to_dir][to_name];
	const struct path_context *context = &fixture->image.context;
	char other[400];
	int error;

	path_of(to_dir, to_name, other);
	error = namespace_link(context, path, context, other, 0);
	assert_int_equal(error, entry == NONE ? -ENOENT : *to != NONE ? -EEXIST : 0);
	if (error == 0) {
		*to = entry;
		fixture->files[entry].links++;
	}
}

static void
step_exchange(struct writing_test *fixture, int *from, int *to, const char *path, const char *other)
{
	const struct path_context *context = &fixture->image.context;
	int error = namespace_rename(context, path, context, other, RENAME_SWAP), entry = *from;

	assert_int_equal(error, *from == NONE || *to == NONE ? -ENOENT : 0);
	if (error == 0) {
		*from = *to;
		*to = entry;
	}
}

static void
step_rename(struct writing_test *fixture, int dir, int name, const char *path)
{
	int to_dir = (int)random_below(&fixture->random, DIRS);
	int to_name = (int)random_below(&fixture->random, NAMES);
	int *from = &fixture->entries[dir][name], *to = &fixture->entries[to_dir][to_name];
	const struct path_context *context = &fixture->image.context;
	char other[400];
	int error;

	path_of(to_dir, to_name, other);
	if (random_below(&fixture->random, 4) == 0) {
		step_exchange(fixture, from, to, path, other);
		return;
	}
	error = namespace_rename(context, path, context, other, 0);
	assert_int_equal(error, *from == NONE ? -ENOENT : 0);
	if (error != 0 || *from == *to)
		return;
	if (*to != NONE)
		fixture->files[*to].links--;
	*to = *from;
	*from = NONE;
}

static void
random_step(struct writing_test *fixture)
{
	static void (*const steps[])(struct writing_test * fixture, int dir, int name,
	    const char *path) = {
		step_create,
		step_create,
		step_create,
		step_write,
		step_write,
		step_write,
		step_truncate,
		step_allocate,
		step_allocate,
		step_unlink,
		step_link,
		step_rename,
		step_rename,
	};
	int dir = (int)random_below(&fixture->random, DIRS);
	int name = (int)random_below(&fixture->random, NAMES);
	char path[400];

	path_of(dir, name, path);
	steps[random_below(&fixture->random, ARRAY_SIZE(steps))](fixture, dir, name, path);
	if (random_below(&fixture->random, 50) == 0)
		assert_int_equal(mount_sync_all(fixture->image.kernel), 0);
}

static void
assert_all(struct writing_test *fixture)
{
	char path[400];

	for (int dir = 0; dir < DIRS; dir++) {
		for (int name = 0; name < NAMES; name++) {
			int entry = fixture->entries[dir][name];

			path_of(dir, name, path);
			if (entry != NONE)
				assert_content(fixture, path, &fixture->files[entry]);
			else
				assert_int_equal(try_lookup(&fixture->image.context, path, 0),
				    -ENOENT);
		}
	}
}

static void
operate_at_random(unsigned rounds, uint32_t journal_blocks)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct writing_test *fixture = create_with(s, s + 1, journal_blocks);

		must_mount(fixture);
		make_directory(&fixture->image.context, "/mnt/d1", 0755);
		make_directory(&fixture->image.context, "/mnt/d2", 0755);
		make_directory(&fixture->image.context, "/mnt/d3", 0755);
		for (unsigned round = 0; round < rounds; round++) {
			for (unsigned step = 0; step < 250; step++)
				random_step(fixture);
			assert_all(fixture);
			must_be_clean(fixture);
			must_mount(fixture);
			assert_all(fixture);
		}
		must_be_clean(fixture);
		destroy(fixture);
	}
}

static void
random_operations_agree_with_a_model(void **state)
{
	operate_at_random(4, 0);
	(void)state;
}

static void
random_operations_in_a_journal_agree_with_a_model(void **state)
{
	operate_at_random(1, JOURNAL_BLOCKS);
	(void)state;
}

static void
all_kinds_of_files_come_and_go(void **state)
{
	for (size_t s = 0; s < 2 * ARRAY_SIZE(samples); s++) {
		struct writing_test *fixture = create_with(s / 2, 1, s % 2 * JOURNAL_BLOCKS);
		const struct path_context *context = &fixture->image.context;
		char target[1000], got[1000];
		struct vnode *vnode;
		size_t length;

		memset(target, 'x', sizeof(target));
		target[999] = '\0';
		must_mount(fixture);
		make_link(context, "/mnt/short", "target");
		make_link(context, "/mnt/long", target);
		make_node(context, "/mnt/fifo", VNODE_FIFO, 0);
		make_node(context, "/mnt/device", VNODE_CHARACTER, (uint32_t)5 << 20 | 300);
		make_directory(context, "/mnt/a", 0755);
		make_directory(context, "/mnt/a/b", 0755);
		make_directory(context, "/mnt/a/b/c", 0755);
		assert_int_equal(namespace_rename(context, "/mnt/a/b", context, "/mnt/b", 0), 0);
		assert_int_equal(namespace_rmdir(context, "/mnt/b"), -ENOTEMPTY);
		must_be_clean(fixture);
		must_mount(fixture);
		assert_int_equal(attributes_of(context, "/mnt/device").device,
		    (uint32_t)5 << 20 | 300);
		assert_int_equal(attributes_of(context, "/mnt/b").link_count, 3);
		vnode = must_find(context, "/mnt/long");
		assert_int_equal(namespace_read_link(vnode, got, sizeof(got), &length), 0);
		assert_int_equal(length, 999);
		assert_memory_equal(got, target, length);
		vnode_put(vnode);
		remove_tree(context, "/mnt/a");
		remove_tree(context, "/mnt/b");
		assert_int_equal(namespace_unlink(context, "/mnt/short"), 0);
		assert_int_equal(namespace_unlink(context, "/mnt/long"), 0);
		assert_int_equal(namespace_unlink(context, "/mnt/fifo"), 0);
		assert_int_equal(namespace_unlink(context, "/mnt/device"), 0);
		must_be_clean(fixture);
		destroy(fixture);
	}
	(void)state;
}

static void
a_large_directory_grows_and_empties(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct writing_test *fixture = create(s, 1);
		const struct path_context *context = &fixture->image.context;
		char path[100];

		must_mount(fixture);
		make_directory(context, "/mnt/d", 0755);
		for (unsigned i = 0; i < 900; i++) {
			snprintf(path, sizeof(path), "/mnt/d/%0*u", (int)(1 + i % 60), i);
			make_file(context, path, 0644);
		}
		must_be_clean(fixture);
		must_mount(fixture);
		for (unsigned i = 0; i < 900; i++) {
			snprintf(path, sizeof(path), "/mnt/d/%0*u", (int)(1 + i % 60), i);
			assert_int_equal(try_lookup(context, path, 0), 0);
			if (i % 3 > 0)
				assert_int_equal(namespace_unlink(context, path), 0);
		}
		for (unsigned i = 0; i < 300; i++) {
			snprintf(path, sizeof(path), "/mnt/d/again%u", i);
			make_file(context, path, 0644);
		}
		must_be_clean(fixture);
		must_mount(fixture);
		remove_tree(context, "/mnt/d");
		must_be_clean(fixture);
		destroy(fixture);
	}
	(void)state;
}

static struct fs_statistics
statistics_of(const struct path_context *context)
{
	struct vnode *root = must_find(context, "/mnt");
	struct fs_statistics statistics;

	assert_int_equal(mount_statistics(root->mount, &statistics), 0);
	vnode_put(root);
	return statistics;
}

static void
fill_and_empty(uint32_t journal_blocks)
{
	struct writing_test *fixture = create_with(2, 1, journal_blocks);
	const struct path_context *context = &fixture->image.context;
	struct fs_statistics before, after;
	char path[100];
	unsigned count = 0;
	int error = 0;

	must_mount(fixture);
	make_directory(context, "/mnt/d", 0755);
	before = statistics_of(context);
	memset(fixture->data, 5, sizeof(fixture->data));
	while (error == 0) {
		struct vnode *vnode;
		size_t done;

		snprintf(path, sizeof(path), "/mnt/d/%u", count++);
		vnode = open_at(fixture, path, OPEN_CREATE, &error);
		if (error == 0)
			error =
			    write_vnode(fixture, vnode, fixture->data, 200000 + count, 0, &done);
		vnode_put(vnode);
		assert_true(count < 1000);
	}
	assert_int_equal(error, -ENOSPC);
	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/mnt/d/%u", i);
		(void)!namespace_unlink(context, path);
	}
	/* What was freed is of use at once. */
	for (unsigned i = 0; i < count - 3; i++) {
		struct vnode *vnode;
		size_t done;

		snprintf(path, sizeof(path), "/mnt/d/%u", i);
		vnode = open_at(fixture, path, OPEN_CREATE, &error);
		assert_int_equal(error, 0);
		assert_int_equal(write_vnode(fixture, vnode, fixture->data, 200000, 0, &done), 0);
		assert_int_equal(done, 200000);
		vnode_put(vnode);
	}
	remove_tree(context, "/mnt/d");
	make_directory(context, "/mnt/d", 0755);
	after = statistics_of(context);
	assert_int_equal(before.blocks_free, after.blocks_free);
	assert_int_equal(before.inodes_free, after.inodes_free);
	must_be_clean(fixture);
	destroy(fixture);
}

static void
a_full_file_system_says_so_and_is_emptied(void **state)
{
	fill_and_empty(0);
	fill_and_empty(JOURNAL_BLOCKS);
	(void)state;
}

static void
an_open_file_without_a_name_lives_until_it_is_closed(void **state)
{
	struct writing_test *fixture = create(0, 1);
	const struct path_context *context = &fixture->image.context;
	struct write_errors_told told = { 0 };
	struct vnode *vnode;
	size_t done;
	int error;

	must_mount(fixture);
	vnode = open_at(fixture, "/mnt/file", OPEN_CREATE, &error);
	memset(fixture->data, 3, 100000);
	assert_int_equal(write_vnode(fixture, vnode, fixture->data, 100000, 0, &done), 0);
	assert_int_equal(namespace_unlink(context, "/mnt/file"), 0);
	assert_int_equal(mount_sync_all(fixture->image.kernel), 0);
	assert_int_equal(mount_sync_all(fixture->image.kernel), 0);
	assert_int_equal(write_vnode(fixture, vnode, fixture->data, 1000, 100000, &done), 0);
	assert_int_equal(vnode_sync(vnode, false, &told), 0);
	vnode_put(vnode);
	must_be_clean(fixture);
	destroy(fixture);
	(void)state;
}

static void
an_unclean_file_system_is_refused(void **state)
{
	struct writing_test *fixture = create(0, 1);
	struct ffs_image *image = &fixture->image;
	uint8_t *superblock = image->fake.content + sample_location(&samples[0]);

	superblock[209] = 0;
	assert_int_equal(mount_at(&image->context, "/image", "/mnt", "ffs", 0, ""), -EUCLEAN);
	assert_true(ffs_image_said(image, "rump fsck"));
	assert_int_equal(mount_at(&image->context, "/image", "/mnt", "ffs", 0, "force"), 0);
	make_directory(&image->context, "/mnt/d", 0755);
	assert_int_equal(ffs_image_unmount(image), 0);
	assert_int_equal(superblock[209], 0);
	destroy(fixture);
	(void)state;
}

static void
a_journal_of_an_unknown_version_is_for_reading_only(void **state)
{
	struct writing_test *fixture = create(0, 1);
	struct ffs_image *image = &fixture->image;
	uint8_t *superblock = image->fake.content + sample_location(&samples[0]);

	superblock[1312 + 1] |= 1; /* flag 0x100 */
	superblock[864] = 2;
	superblock[865] = FFS_JOURNAL_INSIDE_FS;
	assert_int_equal(mount_at(&image->context, "/image", "/mnt", "ffs", 0, ""), -EROFS);
	assert_true(ffs_image_said(image, "journal is of a version"));
	assert_int_equal(ffs_image_mount(image, ""), 0);
	assert_int_equal(ffs_image_unmount(image), 0);
	superblock[865] = 77; /* FreeBSD has something else there */
	must_mount(fixture);
	assert_int_equal(ffs_image_unmount(image), 0);
	destroy(fixture);
	(void)state;
}

static void
what_is_not_kept_up_is_refused_and_read(void **state)
{
	static const struct {
		uint32_t field, value;
		const char *said;
	} rows[] = {
		{ 1116, 77, "snapshots" },
		{ 1312, 0x200, "quotas inside, or check hashes" },
		{ 1312, 0x8, "journal of another system" }, /* of soft updates */
		{ 1312, 0x40, "journal of another system" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct writing_test *fixture = create(0, 1);
		struct ffs_image *image = &fixture->image;
		uint8_t *superblock = image->fake.content + sample_location(&samples[0]);

		store32(superblock + rows[i].field, rows[i].value, samples[0].order);
		assert_int_equal(mount_at(&image->context, "/image", "/mnt", "ffs", 0, ""), -EROFS);
		assert_true(ffs_image_said(image, rows[i].said));
		ffs_image_must_mount(image);
		assert_int_equal(ffs_image_unmount(image), 0);
		destroy(fixture);
	}
	(void)state;
}

static void
ids_of_old_inodes_have_16_bits(void **state)
{
	struct writing_test *fixture = create(7, 1);
	const struct path_context *context = &fixture->image.context;
	struct attribute_change change = { .mask = SET_UID | SET_GID, .uid = 65535, .gid = 9 };
	struct vnode *vnode;

	must_mount(fixture);
	make_file(context, "/mnt/f", 0644);
	vnode = must_find(context, "/mnt/f");
	assert_int_equal(namespace_set_attributes(vnode, context->credential, &change), 0);
	change.uid = 65536;
	assert_int_equal(namespace_set_attributes(vnode, context->credential, &change), -EOVERFLOW);
	vnode_put(vnode);
	must_be_clean(fixture);
	must_mount(fixture);
	assert_int_equal(attributes_of(context, "/mnt/f").uid, 65535);
	assert_int_equal(attributes_of(context, "/mnt/f").gid, 9);
	must_be_clean(fixture);
	destroy(fixture);
	(void)state;
}

static void
what_only_reads_changes_nothing(void **state)
{
	struct writing_test *fixture = create(0, 1);
	struct ffs_image *image = &fixture->image;
	uint8_t *copy = malloc(image->fake.dev.size);

	memcpy(copy, image->fake.content, image->fake.dev.size);
	must_mount(fixture);
	assert_int_equal(try_lookup(&image->context, "/mnt/x", 0), -ENOENT);
	assert_int_equal(ffs_image_unmount(image), 0);
	assert_large_equal(copy, image->fake.content, image->fake.dev.size);
	free(copy);
	destroy(fixture);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_of_files_come_and_go),
		cmocka_unit_test(random_operations_agree_with_a_model),
		cmocka_unit_test(random_operations_in_a_journal_agree_with_a_model),
		cmocka_unit_test(a_large_directory_grows_and_empties),
		cmocka_unit_test(a_full_file_system_says_so_and_is_emptied),
		cmocka_unit_test(an_open_file_without_a_name_lives_until_it_is_closed),
		cmocka_unit_test(an_unclean_file_system_is_refused),
		cmocka_unit_test(a_journal_of_an_unknown_version_is_for_reading_only),
		cmocka_unit_test(what_is_not_kept_up_is_refused_and_read),
		cmocka_unit_test(ids_of_old_inodes_have_16_bits),
		cmocka_unit_test(what_only_reads_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
