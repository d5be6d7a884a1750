/* See ffs_checking.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ffs_checking.h"

#include "base/errno.h"
#include "fs/ffs/dirent.h"
#include "fs/ffs/layout.h"
#include "kern/credential.h"
#include "kern/uio.h"
#include "tests/fake_fs.h"
#include "vfs/file_io.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

/* ---- checking ------------------------------------------------------------------------ */

static bool
tell(void *cookie, const struct fs_problem *problem)
{
	struct checking *test = cookie;
	size_t left = sizeof(test->told) - test->told_length;

	test->told_length += (size_t)snprintf(test->told + test->told_length, left, "%d %s%s\n",
	    (int)problem->severity, problem->text, problem->is_repaired ? "" : " (left)");
	if (test->told_length >= sizeof(test->told))
		test->told_length = sizeof(test->told) - 1;
	return true;
}

static void
ignore_progress(void *cookie, const char *what, uint64_t done, uint64_t total)
{
	assert_true(done <= total);
	(void)cookie;
	(void)what;
}

const struct fs_check_result *
checking_run(struct checking *test, enum fs_check_mode mode)
{
	int error;

	test->request = (struct fs_check_request){
		.source = "/image",
		.mode = mode,
		.decide = tell,
		.progress = ignore_progress,
		.cookie = test,
	};
	test->told_length = 0;
	test->told[0] = '\0';
	error = fs_check_at(&test->image.context, "ffs", &test->request);
	if (error != 0)
		fail_msg("check: %d\n%.2000s", error, test->image.host.console);
	assert_int_equal(test->request.result.problems,
	    test->request.result.repaired + test->request.result.left);
	return &test->request.result;
}

/* ---- a good file system ---------------------------------------------------------------- */

uint8_t *
checking_bytes(struct checking *test)
{
	return test->image.fake.content;
}

static void
put_file(struct checking *test, const char *path, uint64_t offset, size_t length)
{
	struct file_writer writer = { .credential = test->image.root, .size_limit = UINT64_MAX };
	uint8_t *data = malloc(length);
	struct address_space space;
	struct uio_range range;
	struct vnode *vnode;
	struct uio uio;

	memset(data, path[5], length);
	assert_int_equal(namespace_open(&test->image.context, path, OPEN_CREATE | OPEN_READ_WRITE,
			     0644, &vnode),
	    0);
	uio_init_kernel(&uio, &space, &range, data, length);
	assert_int_equal(file_write(vnode, &uio, &offset, &writer), 0);
	vnode_put(vnode);
	free(data);
}

static void
populate(struct checking *test)
{
	const struct path_context *context = &test->image.context;
	uint64_t block = test->image.sb.block_size;
	uint64_t far = (12 + test->image.sb.pointers_per_block + 5) * block;
	char path[80];

	make_directory(context, "/mnt/a", 0755);
	make_directory(context, "/mnt/a/b", 0755);
	make_directory(context, "/mnt/a/b/c", 0755);
	make_directory(context, "/mnt/empty", 0755);
	make_directory(context, "/mnt/many", 0755);
	put_file(test, "/mnt/small", 0, 700);
	put_file(test, "/mnt/other", 0, 3 * block);
	put_file(test, "/mnt/large", 0, 40 * block + 100);
	put_file(test, "/mnt/far", far, 100);
	put_file(test, "/mnt/a/b/c/deep", 0, 5000);
	make_link(context, "/mnt/link", "target");
	make_node(context, "/mnt/fifo", VNODE_FIFO, 0);
	make_file(context, "/mnt/nothing", 0644);
	assert_int_equal(namespace_link(context, "/mnt/small", context, "/mnt/hard", 0), 0);
	for (unsigned i = 0; i < FILES_MANY; i++) {
		snprintf(path, sizeof(path), "/mnt/many/name-%030u", i);
		make_file(context, path, 0644);
	}
}

static void
learn_paths(struct checking *test)
{
	static const char *const paths[] = { "/a", "/a/b", "/a/b/c", "/empty", "/many", "/small",
		"/other", "/large", "/far", "/a/b/c/deep", "/link", "/fifo", "/nothing" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char full[80];
		struct vnode *vnode;

		snprintf(full, sizeof(full), "/mnt%s", paths[i]);
		assert_int_equal(lookup(&test->image.context, full, 0, &vnode), 0);
		snprintf(test->paths[i].path, sizeof(test->paths[i].path), "%s", paths[i]);
		test->paths[i].ino = (uint32_t)vnode->attributes.ino;
		vnode_put(vnode);
	}
	test->path_count = ARRAY_SIZE(paths);
}

void
checking_mount(struct checking *test)
{
	int error = mount_at(&test->image.context, "/image", "/mnt", "ffs", 0, "");

	if (error != 0)
		fail_msg("mount: %d\n%.2000s", error, test->image.host.console);
}

struct checking *
checking_create(const struct sample *sample)
{
	struct checking *test = calloc(1, sizeof(*test));
	struct ffs_image *image = &test->image;

	ffs_image_create_writable(image, sample, SAMPLE_MODERN);
	checking_mount(test);
	populate(test);
	learn_paths(test);
	assert_int_equal(ffs_image_unmount(image), 0);
	assert_int_equal(checking_run(test, FS_CHECK_REPAIR)->left,
	    0); /* copies of the superblock */
	test->good = malloc(image->fake.dev.size);
	memcpy(test->good, image->fake.content, image->fake.dev.size);
	return test;
}

void
checking_destroy(struct checking *test)
{
	free(test->good);
	ffs_image_destroy(&test->image);
	free(test);
}

/* ---- places in it -------------------------------------------------------------------------- */

uint32_t
checking_ino(const struct checking *test, const char *path)
{
	if (strcmp(path, "/") == 0)
		return FFS_ROOT_INO;
	for (unsigned i = 0; i < test->path_count; i++)
		if (strcmp(test->paths[i].path, path) == 0)
			return test->paths[i].ino;
	fail_msg("%s is not known", path);
	return 0;
}

uint8_t *
checking_inode_at(struct checking *test, uint32_t ino)
{
	uint64_t fragment;
	uint32_t offset;

	assert_true(ffs_inode_place(&test->image.sb, ino, &fragment, &offset));
	return ffs_image_at(&test->image, fragment) + offset;
}

struct ffs_dinode
checking_inode(struct checking *test, const char *path)
{
	struct ffs_dinode dinode;
	struct ffs_flaw flaw;

	assert_int_equal(ffs_dinode_decode(&test->image.sb,
			     checking_inode_at(test, checking_ino(test, path)),
			     test->image.sb.inode_size, &dinode, &flaw),
	    0);
	return dinode;
}

/* The entry of a path, in its directory's first block. */
uint8_t *
checking_entry_at(struct checking *test, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char dir[64];
	struct ffs_dinode dinode;
	uint8_t *block;
	struct ffs_dirent entry;
	struct ffs_flaw flaw;

	snprintf(dir, sizeof(dir), "%.*s", (int)(name - path), path);
	if (strlen(dir) > 1)
		dir[strlen(dir) - 1] = '\0';
	dinode = checking_inode(test, dir);
	block = ffs_image_at(&test->image, dinode.direct[0]);
	for (size_t at = 0; at < dinode.size && at < test->image.sb.block_size; at += 512)
		for (uint32_t i = 0; i < 512; i += entry.length) {
			assert_int_equal(ffs_dirent_decode(&test->image.sb, block + at, i, &entry,
					     &flaw),
			    0);
			if (entry.ino != 0 && entry.name.length == strlen(name) &&
			    memcmp(entry.name.bytes, name, strlen(name)) == 0)
				return block + at + i;
		}
	fail_msg("%s has no entry", path);
	return NULL;
}

uint8_t *
checking_header_at(struct checking *test, uint32_t group)
{
	const struct ffs_superblock *sb = &test->image.sb;

	return ffs_image_at(&test->image, ffs_group_start(sb, group) + sb->header_offset);
}

uint8_t *
checking_superblock_at(struct checking *test)
{
	return checking_bytes(test) + sample_location(&test->image.sample);
}

uint8_t *
checking_copy_at(struct checking *test, uint32_t group)
{
	const struct ffs_superblock *sb = &test->image.sb;

	return ffs_image_at(&test->image, ffs_group_start(sb, group) + sb->copy_offset);
}

void
checking_store(const struct checking *test, uint8_t *at, unsigned width, uint64_t value)
{
	enum byte_order order = test->image.sample.order;

	if (width == 1)
		*at = (uint8_t)value;
	else if (width == 2)
		store16(at, (uint16_t)value, order);
	else if (width == 4)
		store32(at, (uint32_t)value, order);
	else
		store64(at, value, order);
}

void
checking_put_pointer(struct checking *test, const char *path, unsigned number, uint64_t fragment)
{
	bool is_ufs2 = test->image.sample.version == FFS_UFS2;
	uint8_t *at = checking_inode_at(test, checking_ino(test, path));

	checking_store(test, at + (is_ufs2 ? 112 + 8 * number : 40 + 4 * number), is_ufs2 ? 8 : 4,
	    fragment);
}

void
checking_restore(struct checking *test)
{
	memcpy(test->image.fake.content, test->good, test->image.fake.dev.size);
}

bool
checking_has(struct checking *test, const char *path)
{
	char full[80];

	snprintf(full, sizeof(full), "/mnt%s", path);
	return try_lookup(&test->image.context, full, 0) == 0;
}

void
checking_lose_name(struct checking *test, const char *path)
{
	checking_store(test, checking_entry_at(test, path), 4, 0);
}

void
checking_lose_file(struct checking *test)
{
	checking_lose_name(test, "/large");
}

void
checking_hold_twice(struct checking *test)
{
	checking_put_pointer(test, "/other", 1, checking_inode(test, "/large").direct[2]);
}
