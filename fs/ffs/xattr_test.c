/*
 * Tests of extended attributes on UFS2: random changes against a model, how much
 * fits, what foreign and damaged areas do.
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
#include "fs/ffs/dinode.h"
#include "fs/ffs/extattr.h"
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "tests/random.h"
#include "vfs/namespace.h"
#include "vfs/xattr.h"

#define NAMES	  12
#define VALUE_MAX 3000

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 },
	{ FFS_UFS2, ORDER_BIG, 16384, 2048, 1 },
	{ FFS_UFS2, ORDER_LITTLE, 4096, 4096, 1 },
};

static const char *const families[] = { "user.", "trusted.", "security." };

struct model {
	bool is_there;
	size_t size;
	uint8_t value[VALUE_MAX];
};

static struct ffs_image image;
static struct model models[NAMES];
static uint8_t got[XATTR_VALUE_MAX];

static void
begin(const struct sample *sample)
{
	ffs_image_create_writable(&image, sample, SAMPLE_MODERN);
	ffs_image_must_mount_writable(&image);
	make_file(&image.context, "/mnt/f", 0644);
	memset(models, 0, sizeof(models));
}

static struct name
name_at(unsigned index, char text[100])
{
	/* Names of all lengths up to where one more would be rounded up. */
	snprintf(text, 100, "%s%.*s%u", families[index % 3], (int)index, "xxxxxxxxxxxxxxxx", index);
	return name_of(text);
}

static int
set(struct vnode *vnode, const char *name, const void *value, size_t size, uint32_t flags)
{
	return xattr_set(vnode, image.root, name_of(name), value, size, flags);
}

static int
get(struct vnode *vnode, const char *name, size_t *length)
{
	return xattr_get(vnode, image.root, name_of(name), got, sizeof(got), length);
}

static size_t
listed_size(struct vnode *vnode)
{
	struct xattr_names names;
	size_t length;

	assert_int_equal(xattr_list(vnode, image.root, &names), 0);
	length = names.length;
	xattr_names_free(&names, image.kernel);
	return length;
}

static void
assert_as_modelled(struct vnode *vnode)
{
	size_t list = 0;
	char text[100];

	for (unsigned i = 0; i < NAMES; i++) {
		struct name name = name_at(i, text);
		size_t length;
		int error = xattr_get(vnode, image.root, name, got, sizeof(got), &length);

		assert_int_equal(error, models[i].is_there ? 0 : -ENODATA);
		if (error < 0)
			continue;
		assert_int_equal(length, models[i].size);
		assert_memory_equal(got, models[i].value, length);
		list += name.length + 1;
	}
	assert_int_equal(listed_size(vnode), list);
}

static void
random_change(struct vnode *vnode, struct random *random)
{
	unsigned index = (unsigned)random_below(random, NAMES);
	struct model *model = &models[index];
	size_t size = random_below(random, random_below(random, 2) == 0 ? 20 : VALUE_MAX);
	uint8_t value[VALUE_MAX];
	char text[100];
	struct name name = name_at(index, text);
	int error;

	if (random_below(random, 3) == 0) {
		error = xattr_remove(vnode, image.root, name);
		assert_int_equal(error, model->is_there ? 0 : -ENODATA);
		model->is_there = false;
		return;
	}
	for (size_t i = 0; i < size; i++)
		value[i] = (uint8_t)random_below(random, 256);
	error = xattr_set(vnode, image.root, name, value, size, 0);
	if (error == -ENOSPC) /* the area is full: nothing has changed */
		return;
	assert_int_equal(error, 0);
	*model = (struct model){ .is_there = true, .size = size };
	memcpy(model->value, value, size);
}

static void
random_changes_agree_with_a_model(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		struct random random = { .state = s + 1 };

		begin(&samples[s]);
		for (unsigned round = 0; round < 6; round++) {
			struct vnode *vnode = must_find(&image.context, "/mnt/f");

			for (unsigned i = 0; i < 40; i++)
				random_change(vnode, &random);
			assert_as_modelled(vnode);
			vnode_put(vnode);
			ffs_image_must_be_clean(&image);
			ffs_image_must_mount_writable(&image);
			vnode = must_find(&image.context, "/mnt/f");
			assert_as_modelled(vnode);
			vnode_put(vnode);
		}
		assert_int_equal(namespace_unlink(&image.context, "/mnt/f"), 0);
		ffs_image_must_be_clean(&image);
		ffs_image_destroy(&image);
	}
	(void)state;
}

static void
two_blocks_are_the_most(void **state)
{
	static uint8_t value[8192];
	struct vnode *vnode;
	size_t length;

	begin(&samples[0]);
	vnode = must_find(&image.context, "/mnt/f");
	assert_int_equal(set(vnode, "user.a", value, 8192 - 8, 0), 0);
	assert_int_equal(set(vnode, "user.a", value, 8192 - 7, 0), -E2BIG);
	assert_int_equal(get(vnode, "user.a", &length), 0);
	assert_int_equal(length, 8192 - 8);
	assert_int_equal(set(vnode, "user.b", value, 0, 0), -ENOSPC);
	assert_int_equal(vnode->attributes.block_count, 16);
	assert_int_equal(xattr_remove(vnode, image.root, NAME("user.a")), 0);
	assert_int_equal(vnode->attributes.block_count, 0);
	assert_int_equal(set(vnode, "user.b", value, 0, XATTR_REPLACE), -ENODATA);
	assert_int_equal(set(vnode, "user.b", value, 0, XATTR_CREATE), 0);
	assert_int_equal(set(vnode, "user.b", value, 0, XATTR_CREATE), -EEXIST);
	vnode_put(vnode);
	ffs_image_must_be_clean(&image);
	ffs_image_destroy(&image);
	(void)state;
}

static void
every_kind_of_file_has_them(void **state)
{
	const struct path_context *context = &image.context;
	static const char *const paths[] = { "/mnt/f", "/mnt/short", "/mnt/fifo", "/mnt/d" };
	char target[200];
	size_t length;

	begin(&samples[0]);
	make_link(context, "/mnt/short", "target");
	make_node(context, "/mnt/fifo", VNODE_FIFO, 0);
	make_directory(context, "/mnt/d", 0755);
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
			struct vnode *vnode = must_find(context, paths[i]);

			if (round == 0)
				assert_int_equal(set(vnode, "trusted.x", "why", 3, 0), 0);
			assert_int_equal(get(vnode, "trusted.x", &length), 0);
			assert_int_equal(length, 3);
			vnode_put(vnode);
		}
		ffs_image_must_be_clean(&image);
		ffs_image_must_mount_writable(&image);
	}
	struct vnode *link = must_find(context, "/mnt/short");
	assert_int_equal(namespace_read_link(link, target, sizeof(target), &length), 0);
	assert_int_equal(length, 6);
	vnode_put(link);
	remove_tree(context, "/mnt/d");
	assert_int_equal(namespace_unlink(context, "/mnt/short"), 0);
	assert_int_equal(namespace_unlink(context, "/mnt/fifo"), 0);
	ffs_image_must_be_clean(&image);
	ffs_image_destroy(&image);
	(void)state;
}

/* What FreeBSD keeps in the system namespace, and what nobody does. */
static void
foreign_names_are_shown_where_they_can_be(void **state)
{
	static const struct ffs_extattr foreign[] = {
		{ .space = FFS_EXTATTR_SYSTEM, .name = { "posix1e.acl_access", 18 } },
		{ .space = 7, .name = { "unknown", 7 } },
		{ .space = FFS_EXTATTR_USER, .name = { "with\0NUL", 8 } },
		{ .space = FFS_EXTATTR_USER, .name = { "last", 4 } },
	};
	uint8_t *inode, *area;
	uint32_t size = 0;
	struct vnode *vnode;
	size_t length;

	begin(&samples[0]);
	vnode = must_find(&image.context, "/mnt/f");
	assert_int_equal(set(vnode, "user.room", got, 100, 0), 0);
	inode = ffs_image_inode(&image, (uint32_t)vnode->ino);
	vnode_put(vnode);
	ffs_image_must_be_clean(&image);
	area = ffs_image_at(&image, load64(inode + 96, ORDER_LITTLE));
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		ffs_extattr_encode(&foreign[i], ORDER_LITTLE, area + size);
		size += (uint32_t)ffs_extattr_length(foreign[i].name.length, 0);
	}
	store32(inode + 92, size, ORDER_LITTLE);
	ffs_image_must_mount_writable(&image);
	vnode = must_find(&image.context, "/mnt/f");
	assert_int_equal(listed_size(vnode),
	    sizeof("trusted.posix1e.acl_access") + sizeof("user.last"));
	assert_int_equal(get(vnode, "trusted.posix1e.acl_access", &length), 0);
	assert_int_equal(set(vnode, "trusted.security.x", "", 0, 0), -EOPNOTSUPP);
	/* Those that are not shown are kept. */
	assert_int_equal(xattr_remove(vnode, image.root, NAME("user.last")), 0);
	vnode_put(vnode);
	ffs_image_must_be_clean(&image);
	assert_int_equal(load32(inode + 92, ORDER_LITTLE), size - 16);
	ffs_image_destroy(&image);
	(void)state;
}

static void
damage_is_an_error_and_ends_writing(void **state)
{
	static const struct {
		uint32_t field; /* of the inode; of the area if above 256 */
		uint64_t value;
		const char *said;
	} rows[] = {
		{ 92, 8193, "larger than two blocks" },
		{ 92, 0xffffffff, "larger than two blocks" },
		{ 96, 5, "outside the data" },
		{ 96, (uint64_t)1 << 60, "outside the data" },
		{ 256, 0, "does not fit the area" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vnode *vnode;
		uint8_t *inode;
		size_t length;

		begin(&samples[0]);
		vnode = must_find(&image.context, "/mnt/f");
		assert_int_equal(set(vnode, "user.a", got, 100, 0), 0);
		inode = ffs_image_inode(&image, (uint32_t)vnode->ino);
		vnode_put(vnode);
		ffs_image_must_be_clean(&image);
		if (rows[i].field == 92)
			store32(inode + 92, (uint32_t)rows[i].value, ORDER_LITTLE);
		else if (rows[i].field == 96)
			store64(inode + 96, rows[i].value, ORDER_LITTLE);
		else
			store32(ffs_image_at(&image, load64(inode + 96, ORDER_LITTLE)),
			    (uint32_t)rows[i].value, ORDER_LITTLE);
		ffs_image_must_mount_writable(&image);
		vnode = must_find(&image.context, "/mnt/f");
		assert_int_equal(get(vnode, "user.a", &length), -EUCLEAN);
		assert_true(ffs_image_said(&image, rows[i].said));
		assert_int_equal(set(vnode, "user.a", "", 0, 0), -EUCLEAN);
		assert_true(ffs_image_said(&image, "read-only from now on"));
		vnode_put(vnode);
		assert_int_equal(try_lookup(&image.context, "/mnt/f", 0), 0);
		assert_int_equal(namespace_unlink(&image.context, "/mnt/f"), -EROFS);
		ffs_image_destroy(&image);
	}
	(void)state;
}

static void
ufs1_has_none(void **state)
{
	static const struct sample old = { FFS_UFS1, ORDER_LITTLE, 4096, 512, 1 };
	struct vnode *vnode;
	size_t length;

	begin(&old);
	vnode = must_find(&image.context, "/mnt/f");
	assert_int_equal(set(vnode, "user.a", "", 0, 0), -EOPNOTSUPP);
	assert_int_equal(get(vnode, "user.a", &length), -EOPNOTSUPP);
	assert_int_equal(xattr_remove(vnode, image.root, NAME("user.a")), -EOPNOTSUPP);
	assert_int_equal(listed_size(vnode), 0);
	vnode_put(vnode);
	ffs_image_destroy(&image);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes_agree_with_a_model),
		cmocka_unit_test(two_blocks_are_the_most),
		cmocka_unit_test(every_kind_of_file_has_them),
		cmocka_unit_test(foreign_names_are_shown_where_they_can_be),
		cmocka_unit_test(damage_is_an_error_and_ends_writing),
		cmocka_unit_test(ufs1_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
