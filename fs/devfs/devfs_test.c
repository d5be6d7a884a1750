/*
 * Tests of devfs: what it shows, and what its devices do.
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
#include "fs/devfs/devfs.h"
#include "fs/devfs/devfs_impl.h"
#include "fs/tmpfs/tmpfs.h"
#include "kern/credential.h"
#include "kern/uio.h"
#include "tests/fake_block.h"
#include "tests/far_space.h"
#include "tests/large.h"
#include "tests/test_kernel.h"
#include "vfs/device.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

#define DISK_SIZE 20480 /* rounded up to whole sectors */

struct fixture {
	struct kernel *kernel;
	struct path_context context;
	struct credential *credential;
};

/* ---- names --------------------------------------------------------------------- */

/* A listing as one text. */
struct listing {
	struct directory_sink sink;
	char text[400];
	size_t room; /* entries still to be taken */
};

static bool
listing_add(struct directory_sink *sink, struct name name, uint64_t ino, enum vnode_type type,
    uint64_t next)
{
	struct listing *listing = container_of(sink, struct listing, sink);
	size_t used = strlen(listing->text);

	(void)ino, (void)next;
	if (listing->room-- == 0)
		return false;
	snprintf(listing->text + used, sizeof(listing->text) - used, "%s%.*s ",
	    type == VNODE_BLOCK ? "#" : "", (int)name.length, name.bytes);
	return true;
}

/* List room entries at a time, from *position on until there are no more. */
static void
assert_lists(struct fixture *fixture, uint64_t *position, size_t room, const char *want)
{
	struct listing listing = { .sink.add = listing_add };
	struct vnode *dev;
	size_t length;

	assert_int_equal(lookup(&fixture->context, "/dev", 0, &dev), 0);
	do {
		length = strlen(listing.text);
		listing.room = room;
		assert_int_equal(namespace_read_directory(dev, position, &listing.sink), 0);
	} while (strlen(listing.text) > length);
	vnode_put(dev);
	assert_string_equal(listing.text, want);
}

static void
shows_the_memory_devices(void **state)
{
	for (size_t room = 1; room < 10; room++) {
		uint64_t position = 0;

		assert_lists(*state, &position, room, ". .. null zero full random urandom ");
	}
}

static void
shows_block_devices_as_long_as_they_are_registered(void **state)
{
	struct fixture *fixture = *state;
	struct fake_block disks[3];
	uint64_t position = 4;
	struct vnode *vnode;

	/* That there is none now must not be remembered. */
	assert_int_equal(lookup(&fixture->context, "/dev/disk1", 0, &vnode), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
		char name[] = "disk0";

		name[4] = (char)('0' + i);
		fake_block_create(&disks[i], fixture->kernel, DISK_SIZE);
		assert_int_equal(block_register(fixture->kernel, &disks[i].dev, name), 0);
	}
	assert_lists(fixture, &position, 2, "full random urandom #disk0 #disk1 #disk2 ");
	assert_int_equal(lookup(&fixture->context, "/dev/disk1", 0, &vnode), 0);
	assert_int_equal(vnode->type, VNODE_BLOCK);
	assert_int_equal(vnode->attributes.device, disks[1].dev.number);
	assert_int_equal(vnode->attributes.permissions, 0600);
	vnode_put(vnode);

	/* A listing that stopped before one that goes continues after it. */
	position = disks[1].dev.number;
	assert_int_equal(block_unregister(fixture->kernel, "disk1"), 0);
	assert_lists(fixture, &position, 9, "#disk2 ");
	assert_int_equal(lookup(&fixture->context, "/dev/disk1", 0, &vnode), -ENOENT);
	fake_block_destroy(&disks[1]);

	/* Numbers are used again, and listed by themselves, not by age. */
	fake_block_create(&disks[1], fixture->kernel, DISK_SIZE);
	assert_int_equal(block_register(fixture->kernel, &disks[1].dev, "new"), 0);
	position = disks[0].dev.number;
	assert_lists(fixture, &position, 1, "#disk0 #new #disk2 ");
	for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
		assert_int_equal(block_unregister(fixture->kernel, disks[i].dev.name), 0);
		fake_block_destroy(&disks[i]);
	}
}

static void
nothing_can_be_made_or_changed_in_it(void **state)
{
	struct fixture *fixture = *state;
	struct vnode_create what = { .type = VNODE_DIRECTORY, .permissions = 0755 };
	const struct attribute_change change = { .mask = SET_PERMISSIONS, .permissions = 0 };
	struct vnode *vnode;

	assert_int_equal(namespace_create(&fixture->context, "/dev/mine", &what), -EROFS);
	assert_int_equal(namespace_unlink(&fixture->context, "/dev/null"), -EROFS);
	assert_int_equal(lookup(&fixture->context, "/dev/null", 0, &vnode), 0);
	assert_int_equal(vnode->type, VNODE_CHARACTER);
	assert_int_equal(vnode->attributes.device, device_number(1, 3));
	assert_int_equal(namespace_set_attributes(vnode, fixture->credential, &change), -EROFS);
	vnode_put(vnode);
	/* To write to a device is not to write to the file system. */
	assert_int_equal(namespace_open(&fixture->context, "/dev/null", OPEN_READ_WRITE, 0, &vnode),
	    0);
	vnode_put(vnode);
}

static void
takes_no_options(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(mount_at(&fixture->context, "none", "/dev", "devfs", 0, "size=1"),
	    -EINVAL);
}

/* ---- memory devices ---------------------------------------------------------------- */

static int
transfer(struct kernel *kernel, enum vnode_type type, uint32_t number, bool is_write, uint8_t *data,
    size_t length, uint64_t offset, size_t *moved)
{
	const struct device_ops *ops = device_find(kernel, type, number);
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	int error;

	assert_int_equal(ops->open(kernel, number), 0);
	uio_init_kernel(&uio, &space, &range, data, length);
	error = (is_write ? ops->write : ops->read)(kernel, number, &uio, offset);
	*moved = length - (size_t)uio.left;
	ops->close(kernel, number);
	return error;
}

static void
memory_devices_do_what_they_are_named_for(void **state)
{
	static const struct {
		uint32_t minor;
		size_t read;
		int write_error;
		bool is_zero, is_random;
	} rows[] = {
		{ 3, 0, 0, false, false },	   /* null: nothing */
		{ 5, 1000, 0, true, false },	   /* zero */
		{ 7, 1000, -ENOSPC, true, false }, /* full: no space */
		{ 8, 1000, 0, false, true },	   /* random */
		{ 9, 1000, 0, false, true },	   /* urandom */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t number = device_number(MAJOR_MEMORY, rows[i].minor);
		unsigned seen[256] = { 0 };
		uint8_t data[1000];
		size_t moved;

		memset(data, 1, sizeof(data));
		assert_int_equal(transfer(fixture->kernel, VNODE_CHARACTER, number, false, data,
				     1000, 7, &moved),
		    0);
		assert_int_equal(moved, rows[i].read);
		for (size_t at = 0; at < moved; at++)
			seen[data[at]]++;
		if (rows[i].is_zero)
			assert_int_equal(seen[0], 1000);
		for (size_t byte = 0; rows[i].is_random && byte < 256; byte++)
			assert_true(seen[byte] < 40);
		assert_int_equal(transfer(fixture->kernel, VNODE_CHARACTER, number, true, data,
				     1000, 0, &moved),
		    rows[i].write_error);
		assert_int_equal(moved, rows[i].write_error == 0 ? 1000 : 0);
	}
}

static void
there_are_no_other_devices(void **state)
{
	static const struct {
		enum vnode_type type;
		uint32_t number;
	} rows[] = {
		{ VNODE_CHARACTER, (MAJOR_MEMORY << DEVICE_MINOR_BITS) + 1 },
		{ VNODE_BLOCK, (uint32_t)MAJOR_STORE << DEVICE_MINOR_BITS },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct device_ops *ops =
		    device_find(fixture->kernel, rows[i].type, rows[i].number);

		assert_int_equal(ops->open(fixture->kernel, rows[i].number), -ENXIO);
	}
}

/* ---- block devices -------------------------------------------------------------------- */

/* A registered disk, and what should be on it. */
struct disk {
	struct fake_block fake;
	struct kernel *kernel;
	uint64_t size;
	uint8_t *content;
};

static void
disk_create(struct disk *disk, struct fixture *fixture, uint32_t sector_size)
{
	disk->kernel = fixture->kernel;
	disk->size = round_up(DISK_SIZE, sector_size);
	fake_block_create(&disk->fake, fixture->kernel, disk->size);
	fake_block_number_sectors(&disk->fake);
	disk->fake.dev.sector_size = sector_size;
	disk->content = malloc(disk->size);
	memcpy(disk->content, disk->fake.content, disk->size);
	assert_int_equal(block_register(fixture->kernel, &disk->fake.dev, "disk"), 0);
}

static void
disk_destroy(struct disk *disk)
{
	assert_large_equal(disk->fake.content, disk->content, disk->size);
	assert_int_equal(block_unregister(disk->kernel, "disk"), 0);
	fake_block_destroy(&disk->fake);
	free(disk->content);
}

static int
disk_transfer(struct disk *disk, bool is_write, uint8_t *data, size_t length, uint64_t offset,
    size_t *moved)
{
	return transfer(disk->kernel, VNODE_BLOCK, disk->fake.dev.number, is_write, data, length,
	    offset, moved);
}

static void
any_bytes_can_be_read_and_written(void **state)
{
	static const uint32_t sector_sizes[] = { 512, 4096, 8192 };
	static uint8_t data[DISK_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(sector_sizes); i++) {
		struct disk disk;

		disk_create(&disk, *state, sector_sizes[i]);
		for (uint64_t step = 0; step < 600; step++) {
			uint64_t offset = hash_u64(3 * step) % disk.size;
			size_t length = 1 + hash_u64(3 * step + 1) % sizeof(data);
			size_t want, moved;

			if (step % 3 == 0)
				offset = round_down(offset, sector_sizes[i]);
			want = min_u64(length, disk.size - offset);
			memset(data, (int)step, sizeof(data));
			assert_int_equal(disk_transfer(&disk, step % 2 == 0, data, length, offset,
					     &moved),
			    0);
			assert_int_equal(moved, want);
			if (step % 2 == 0)
				memcpy(disk.content + offset, data, want);
			else
				assert_memory_equal(data, disk.content + offset, want);
		}
		disk_destroy(&disk);
	}
}

static void
a_device_ends_where_it_ends(void **state)
{
	struct disk disk;
	uint8_t byte = 0;
	size_t moved;

	disk_create(&disk, *state, 512);
	assert_int_equal(disk_transfer(&disk, false, &byte, 1, disk.size, &moved), 0);
	assert_int_equal(moved, 0);
	assert_int_equal(disk_transfer(&disk, false, &byte, 1, UINT64_MAX, &moved), 0);
	assert_int_equal(moved, 0);
	assert_int_equal(disk_transfer(&disk, true, &byte, 1, disk.size, &moved), -ENOSPC);
	assert_int_equal(disk_transfer(&disk, true, &byte, 0, disk.size, &moved), 0);
	assert_int_equal(device_find(disk.kernel, VNODE_BLOCK, disk.fake.dev.number)
			     ->size(disk.kernel, disk.fake.dev.number),
	    disk.size);
	disk_destroy(&disk);
}

static void
memory_out_of_reach_is_copied(void **state)
{
	static uint8_t memory[5000];
	struct far_space far = { { &far_space_ops }, memory, sizeof(memory) };
	struct fixture *fixture = *state;
	const struct uio_range whole = { { 0 }, 5000 };
	const struct uio_range too_long = { { 1000 }, 6000 };
	const struct device_ops *ops = &devfs_block_ops;
	struct disk disk;
	struct uio uio;
	uint32_t number;

	disk_create(&disk, fixture, 512);
	number = disk.fake.dev.number;
	uio_init(&uio, &far.space, &whole, 1, 5000);
	assert_int_equal(ops->read(fixture->kernel, number, &uio, 512), 0);
	assert_memory_equal(memory, disk.content + 512, 5000);

	/* Only what was wholly transferred counts, either way. */
	uio_init(&uio, &far.space, &too_long, 1, 6000);
	assert_int_equal(ops->read(fixture->kernel, number, &uio, 0), -EFAULT);
	assert_int_equal(uio.left, 6000);
	uio_init(&uio, &far.space, &too_long, 1, 6000);
	assert_int_equal(ops->write(fixture->kernel, number, &uio, 0), -EFAULT);
	assert_int_equal(uio.left, 6000);
	disk_destroy(&disk);
}

static void
an_error_ends_a_transfer_after_what_was_done(void **state)
{
	uint8_t data[10000] = { 0 };
	struct disk disk;
	size_t moved;

	disk_create(&disk, *state, 512);
	disk.fake.bad_offset = 8192 + 600;
	disk.fake.bad_length = 1;
	disk.fake.bad_error = -EIO;
	assert_int_equal(disk_transfer(&disk, false, data, 10000, 100, &moved), 0);
	assert_int_equal(moved, 3996); /* the first page; the rest is one request */
	assert_int_equal(disk_transfer(&disk, false, data, 6100, 4096, &moved), -EIO);
	assert_int_equal(moved, 0);
	assert_int_equal(disk_transfer(&disk, false, data, 8500, 100, &moved), 0);
	assert_int_equal(moved, 8500);
	assert_int_equal(disk_transfer(&disk, true, data, 10, 8192 + 595, &moved), -EIO);
	disk_destroy(&disk);
}

static void
a_mounted_or_read_only_device_is_not_written(void **state)
{
	struct disk disk;
	uint8_t byte = 0;
	size_t moved;

	disk_create(&disk, *state, 512);
	assert_non_null(block_get_by_number(disk.kernel, disk.fake.dev.number));
	assert_int_equal(block_claim(&disk.fake.dev), 0);
	assert_int_equal(disk_transfer(&disk, true, &byte, 1, 0, &moved), -EBUSY);
	assert_int_equal(disk_transfer(&disk, false, &byte, 1, 0, &moved), 0);
	block_unclaim(&disk.fake.dev);
	block_put(&disk.fake.dev);

	disk.fake.dev.is_read_only = true;
	assert_int_equal(disk_transfer(&disk, true, &byte, 1, 0, &moved), -EROFS);
	disk_destroy(&disk);
}

static void
a_device_stays_while_it_is_open(void **state)
{
	const struct device_ops *ops = &devfs_block_ops;
	struct fixture *fixture = *state;
	struct disk disk;

	disk_create(&disk, fixture, 512);
	assert_int_equal(ops->open(fixture->kernel, disk.fake.dev.number), 0);
	assert_int_equal(block_unregister(fixture->kernel, "disk"), -EBUSY);
	ops->close(fixture->kernel, disk.fake.dev.number);
	disk_destroy(&disk);
}

/* ---- fixture -------------------------------------------------------------------------------- */

static int
set_up(void **state)
{
	static const struct component *const components[] = { &block_component, &vfs_component,
		&tmpfs_component, &devfs_component };
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct vnode_create dev = { .type = VNODE_DIRECTORY, .permissions = 0755 };

	fixture->kernel = test_kernel_create(components, ARRAY_SIZE(components), (uint64_t)4 << 20);
	assert_int_equal(mount_root(fixture->kernel, "tmpfs", ""), 0);
	fixture->credential = credential_create(fixture->kernel);
	assert_non_null(fixture->credential);
	fixture->context = (struct path_context){
		.kernel = fixture->kernel,
		.root = mount_root_vnode(fixture->kernel),
		.start = mount_root_vnode(fixture->kernel),
		.credential = fixture->credential,
	};
	assert_int_equal(namespace_create(&fixture->context, "/dev", &dev), 0);
	assert_int_equal(mount_at(&fixture->context, "none", "/dev", "devfs", 0, ""), 0);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	credential_put(fixture->credential);
	test_kernel_destroy(fixture->kernel);
	free(fixture);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shows_the_memory_devices),
		TEST(shows_block_devices_as_long_as_they_are_registered),
		TEST(nothing_can_be_made_or_changed_in_it),
		TEST(takes_no_options),
		TEST(memory_devices_do_what_they_are_named_for),
		TEST(there_are_no_other_devices),
		TEST(any_bytes_can_be_read_and_written),
		TEST(a_device_ends_where_it_ends),
		TEST(memory_out_of_reach_is_copied),
		TEST(an_error_ends_a_transfer_after_what_was_done),
		TEST(a_mounted_or_read_only_device_is_not_written),
		TEST(a_device_stays_while_it_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
