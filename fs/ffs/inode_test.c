/*
 * Tests of loading inodes: attributes as stat tells them, and symbolic links.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fs/ffs/inode.h"
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "vfs/device.h"

static const struct sample ufs1 = { FFS_UFS1, ORDER_BIG, 8192, 1024, 1 };
static const struct sample ufs2 = { FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 };

#define INO 30

static int
create(void **state, const struct sample *sample)
{
	struct ffs_image *image = malloc(sizeof(*image));

	ffs_image_create(image, sample);
	ffs_image_put_entry(image, ffs_image_root(image), 24, 0, INO, "x");
	*state = image;
	return 0;
}

static int
create_ufs1(void **state)
{
	return create(state, &ufs1);
}

static int
create_ufs2(void **state)
{
	return create(state, &ufs2);
}

static int
destroy(void **state)
{
	ffs_image_destroy(*state);
	free(*state);
	return 0;
}

/* A field of the inode, where the two formats have it. */
static void
put(struct ffs_image *image, unsigned place1, unsigned place2, unsigned width, uint64_t value)
{
	bool is_ufs2 = image->sample.version == FFS_UFS2;
	uint8_t *to = ffs_image_inode(image, INO) + (is_ufs2 ? place2 : place1);

	if (width == 8 && is_ufs2)
		store64(to, value, image->sample.order);
	else
		store32(to, (uint32_t)value, image->sample.order);
}

static void
tells_attributes(void **state)
{
	struct ffs_image *image = *state;
	struct vnode_attributes attributes;

	ffs_image_put_inode(image, INO, 0106751, 12345, 26);
	put(image, 112, 4, 4, 100000);
	put(image, 116, 8, 4, 200000);
	put(image, 16, 32, 8, (uint64_t)-5);
	put(image, 20, 68, 4, 999999999);
	put(image, 24, 40, 8, 1700000000);
	put(image, 28, 64, 4, 7);
	put(image, 32, 48, 8, 1700000001);
	ffs_image_must_mount(image);
	attributes = attributes_of(&image->context, "/mnt/x");
	assert_int_equal(attributes.ino, INO);
	assert_int_equal(attributes.size, 12345);
	assert_int_equal(attributes.block_count, 26);
	assert_int_equal(attributes.link_count, 1);
	assert_int_equal(attributes.permissions, 06751);
	assert_int_equal(attributes.uid, 100000);
	assert_int_equal(attributes.gid, 200000);
	assert_true(attributes.accessed.seconds == -5);
	assert_int_equal(attributes.accessed.nanoseconds, 999999999);
	assert_int_equal(attributes.modified.seconds, 1700000000);
	assert_int_equal(attributes.modified.nanoseconds, 7);
	assert_int_equal(attributes.changed.seconds, 1700000001);
	assert_int_equal(attributes.io_block_size, image->sample.block_size);
}

static void
tells_flags_that_the_layer_above_honours(void **state)
{
	static const struct {
		uint32_t stored, want;
	} rows[] = {
		{ 0, 0 },
		{ FFS_INODE_NO_DUMP, VNODE_NO_DUMP },
		{ FFS_INODE_IMMUTABLE, VNODE_IMMUTABLE },
		{ FFS_INODE_SYSTEM_IMMUTABLE, VNODE_IMMUTABLE },
		{ FFS_INODE_APPEND | FFS_INODE_OPAQUE, VNODE_APPEND_ONLY },
		{ FFS_INODE_SYSTEM_APPEND, VNODE_APPEND_ONLY },
		{ FFS_INODE_SNAPSHOT | FFS_INODE_SYSTEM_ARCHIVED, 0 },
		{ UINT32_MAX, VNODE_NO_DUMP | VNODE_IMMUTABLE | VNODE_APPEND_ONLY },
	};
	struct ffs_image *image = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		ffs_image_put_inode(image, INO, 0100644, 0, 0);
		put(image, 100, 88, 4, rows[i].stored);
		ffs_image_must_mount(image);
		assert_int_equal(attributes_of(&image->context, "/mnt/x").flags, rows[i].want);
		assert_int_equal(ffs_image_unmount(image), 0);
	}
}

static void
knows_every_type_of_file(void **state)
{
	static const struct {
		unsigned mode;
		enum vnode_type type;
		bool has_device;
	} rows[] = {
		{ 0010600, VNODE_FIFO, false },
		{ 0020600, VNODE_CHARACTER, true },
		{ 0060600, VNODE_BLOCK, true },
		{ 0100600, VNODE_REGULAR, false },
		{ 0120600, VNODE_SYMLINK, false },
		{ 0140600, VNODE_SOCKET, false },
	};
	struct ffs_image *image = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vnode *vnode;

		ffs_image_put_inode(image, INO, rows[i].mode, 0, 0);
		ffs_image_put_pointer(image, INO, 0, 0x12345678);
		ffs_image_must_mount(image);
		vnode = must_find(&image->context, "/mnt/x");
		assert_int_equal(vnode->type, rows[i].type);
		assert_int_equal(vnode->attributes.device,
		    rows[i].has_device ? device_number(0x456, 0x12378) : 0);
		vnode_put(vnode);
		assert_int_equal(ffs_image_unmount(image), 0);
	}
}

/* Make /mnt/x a link of length bytes: in the inode if it fits, else in a block. */
static void
put_link(struct ffs_image *image, char *target, unsigned length)
{
	unsigned max = image->sb.short_link_max;
	uint8_t *place = ffs_image_inode(image, INO) + (max == 60 ? 40 : 112);

	for (unsigned i = 0; i < length; i++)
		target[i] = (char)('a' + i % 26);
	ffs_image_put_inode(image, INO, 0120777, length, length < max ? 0 : 8);
	if (length >= max) {
		ffs_image_put_pointer(image, INO, 0, ffs_image_free(image));
		place = ffs_image_at(image, ffs_image_free(image));
	}
	memcpy(place, target, length);
}

static void
reads_links_of_every_length(void **state)
{
	struct ffs_image *image = *state;
	char target[1024], read[1024];

	for (unsigned length = 1; length < 1024; length += length < 125 ? 1 : 113) {
		struct vnode *vnode;
		size_t got, size = length % 2 == 0 ? sizeof(read) : length;

		put_link(image, target, length);
		ffs_image_must_mount(image);
		vnode = must_find(&image->context, "/mnt/x");
		rwlock_lock_shared(&vnode->lock);
		assert_int_equal(vnode_read_link(vnode, read, size, &got), 0);
		assert_int_equal(got, length);
		assert_memory_equal(read, target, length);
		assert_int_equal(vnode_read_link(vnode, read, 1, &got), 0);
		assert_int_equal(got, 1);
		rwlock_unlock_shared(&vnode->lock);
		vnode_put(vnode);
		assert_int_equal(ffs_image_unmount(image), 0);
	}
}

static void
refuses_links_that_lead_astray(void **state)
{
	struct ffs_image *image = *state;
	const struct {
		uint64_t size, pointer;
		const char *said;
	} rows[] = {
		{ 200, 0, "target of the symbolic link is missing" },
		{ 200, 3, "fragment 3 is not inside the data" },
		{ 4096, ffs_image_free(image), "longer than a path may be" },
		{ UINT64_MAX, ffs_image_free(image), "size is larger than pointers reach" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		ffs_image_put_inode(image, INO, 0120777, rows[i].size, 8);
		ffs_image_put_pointer(image, INO, 0, rows[i].pointer);
		ffs_image_must_mount(image);
		assert_int_equal(try_lookup(&image->context, "/mnt/x", LOOKUP_FOLLOW), -EUCLEAN);
		assert_true(ffs_image_said(image, rows[i].said));
		assert_int_equal(ffs_image_unmount(image), 0);
	}
}

static void
leaves_nothing_behind_when_memory_runs_out(void **state)
{
	struct ffs_image *image = *state;
	int error = -ENOMEM;

	ffs_image_put_directory(image, INO, ffs_image_free(image), FFS_ROOT_INO);
	for (uint64_t count = 0; error == -ENOMEM && count < 1000; count++) {
		ffs_image_must_mount(image);
		memory_fail_after(image->kernel, count);
		error = try_lookup(&image->context, "/mnt/x/y", 0);
		memory_fail_stop(image->kernel);
		assert_int_equal(ffs_image_unmount(image), 0);
	}
	assert_int_equal(error, -ENOENT);
}

static void
knows_an_inode_of_two_kinds_of_metadata(void **state)
{
	struct ffs_image *image = *state;
	struct vnode *vnode;
	char target[1024];
	size_t length;
	struct buffer *buffer;
	uint32_t size = image->sample.fragment_size * 2;
	struct ffs_mount *fs;

	/* Somebody uses the place as a block of another size at this moment. */
	put_link(image, target, 200);
	ffs_image_must_mount(image);
	vnode = must_find(&image->context, "/mnt/x");
	fs = ffs_mount_of(vnode->mount);
	assert_int_equal(ffs_buffer_read(fs, ffs_image_free(image), size, &buffer), 0);
	rwlock_lock_shared(&vnode->lock);
	assert_int_equal(vnode_read_link(vnode, target, sizeof(target), &length), -EUCLEAN);
	buffer_put(buffer);
	assert_int_equal(vnode_read_link(vnode, target, sizeof(target), &length), 0);
	rwlock_unlock_shared(&vnode->lock);
	vnode_put(vnode);
	assert_true(ffs_image_said(image, "is in use as metadata of two kinds"));
}

#define BOTH(test) \
	cmocka_unit_test_setup_teardown(test, create_ufs1, destroy), \
	    cmocka_unit_test_setup_teardown(test, create_ufs2, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(tells_attributes),
		BOTH(tells_flags_that_the_layer_above_honours),
		BOTH(knows_every_type_of_file),
		BOTH(reads_links_of_every_length),
		BOTH(refuses_links_that_lead_astray),
		BOTH(leaves_nothing_behind_when_memory_runs_out),
		BOTH(knows_an_inode_of_two_kinds_of_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
