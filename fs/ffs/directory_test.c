/*
 * Tests of directories: large ones, damaged ones, and trees that try to lead
 * their visitor astray.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "fs/ffs/dirent.h"
#include "fs/ffs/inode.h"
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "vfs/mount.h"

static const struct sample sample = { FFS_UFS2, ORDER_BIG, 4096, 512, 1 };

#define BIG	  20 /* inode of the large directory */
#define BIG_SIZE  (40 * 4096)
#define FILE_INO  30
#define NAMES_MAX 8192

static int
create(void **state)
{
	struct ffs_image *image = malloc(sizeof(*image));

	ffs_image_create(image, &sample);
	ffs_image_put_inode(image, FILE_INO, 0100644, 0, 0);
	*state = image;
	return 0;
}

static int
destroy(void **state)
{
	ffs_image_destroy(*state);
	free(*state);
	return 0;
}

/* The only name in the root besides "." and "..". */
static void
put_in_root(struct ffs_image *image, uint32_t ino, const char *name)
{
	ffs_image_put_entry(image, ffs_image_root(image), 24, 0, ino, name);
}

static uint64_t
big_block(struct ffs_image *image, unsigned number)
{
	return ffs_image_free(image) + 8 * (uint64_t)(1 + number);
}

static void
name_file(char *name, unsigned number)
{
	snprintf(name, 32, "file-%u-%.*s", number, (int)(number % 13), "............");
}

/*
 * A directory of 40 blocks as "big", full of files of 4 names to each 512
 * bytes and an unused entry; all lead to one inode.
 */
static unsigned
put_big(struct ffs_image *image)
{
	uint64_t indirect = ffs_image_free(image);
	unsigned count = 0;

	put_in_root(image, BIG, "big");
	ffs_image_put_inode(image, BIG, 0040755, BIG_SIZE, BIG_SIZE / 512 + 8);
	ffs_image_put_pointer(image, BIG, 12, indirect);
	for (unsigned i = 0; i < BIG_SIZE / 4096; i++) {
		uint64_t block = big_block(image, i);

		if (i < 12)
			ffs_image_put_pointer(image, BIG, i, block);
		else
			ffs_image_put_indirect(image, indirect, i - 12, block);
		for (uint32_t offset = 0; offset < 4096; count++) {
			char name[32];

			name_file(name, count);
			offset = ffs_image_put_entry(image, block, offset, 100, FILE_INO, name);
			if (offset % 512 == 400)
				offset = ffs_image_put_entry(image, block, offset, 0, 0, "");
		}
	}

	/* The first two are "." and "..", at the expense of a file. */
	ffs_image_put_entry(image, big_block(image, 0), 0, 12, BIG, ".");
	ffs_image_put_entry(image, big_block(image, 0), 12, 88, FFS_ROOT_INO, "..");
	return count;
}

/* Collects what a directory lists. */
struct listing {
	struct directory_sink sink;
	unsigned room; /* entries that are taken at a time */
	unsigned count;
	uint64_t hash; /* of all names, in order */
	char last[256];
};

static bool
take(struct directory_sink *sink, struct name name, uint64_t ino, enum vnode_type type,
    uint64_t next)
{
	struct listing *listing = container_of(sink, struct listing, sink);

	if (listing->room == 0)
		return false;
	listing->room--;
	listing->count++;
	listing->hash = hash_bytes(listing->hash, name.bytes, name.length);
	memcpy(listing->last, name.bytes, name.length);
	listing->last[name.length] = '\0';
	return true;
}

/* List from *position on, a few entries at a time, up to the end or an error. */
static int
list(struct vnode *dir, unsigned at_a_time, uint64_t position, struct listing *listing)
{
	*listing = (struct listing){ .sink = { .add = take } };
	for (;;) {
		unsigned before = listing->count;
		int error;

		listing->room = at_a_time;
		rwlock_lock_shared(&dir->lock);
		error = vnode_read_directory(dir, &position, &listing->sink);
		rwlock_unlock_shared(&dir->lock);
		if (error < 0 || listing->count == before)
			return error;
	}
}

static int
look_for(struct ffs_image *image, const char *format, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), format, name);
	return try_lookup(&image->context, path, 0);
}

static void
finds_every_name_of_a_large_directory_and_no_other(void **state)
{
	struct ffs_image *image = *state;
	unsigned count = put_big(image);
	char name[32];

	ffs_image_must_mount(image);
	for (unsigned i = 1; i < count; i++) {
		name_file(name, i);
		assert_int_equal(look_for(image, "/mnt/big/%s", name), 0);
		name[0] = 'F';
		assert_int_equal(look_for(image, "/mnt/big/%s", name), -ENOENT);
	}
	assert_int_equal(look_for(image, "/mnt/big/%s/mnt", "../.."), 0);
}

static void
reads_a_large_directory_once_for_many_lookups(void **state)
{
	struct ffs_image *image = *state;
	struct ffs_inode *inode;
	struct vnode *dir;

	put_big(image);
	ffs_image_must_mount(image);
	dir = must_find(&image->context, "/mnt/big");
	inode = ffs_inode_of(dir);
	assert_null(inode->index);
	assert_int_equal(look_for(image, "/mnt/big/%s", "nothing"), -ENOENT);
	assert_non_null(inode->index);
	vnode_put(dir);
}

/* Looks every eighth name up, from a different one on than others. */
struct finder {
	pthread_t thread;
	struct ffs_image *image;
	unsigned first, count;
};

static void *
find_names(void *argument)
{
	struct finder *finder = argument;
	char name[32];

	for (unsigned i = finder->first; i < finder->count; i += 8) {
		name_file(name, i);
		assert_int_equal(look_for(finder->image, "/mnt/big/%s", name), 0);
		name[0] = 'F';
		assert_int_equal(look_for(finder->image, "/mnt/big/%s", name), -ENOENT);
	}
	return NULL;
}

static void
serves_many_threads_that_look_up_at_once(void **state)
{
	struct ffs_image *image = *state;
	struct finder finders[4];
	unsigned count = put_big(image);

	ffs_image_must_mount(image);
	for (unsigned i = 0; i < ARRAY_SIZE(finders); i++) {
		finders[i] = (struct finder){ .image = image, .first = i + 1, .count = count };
		assert_int_equal(pthread_create(&finders[i].thread, NULL, find_names, finders + i),
		    0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(finders); i++)
		assert_int_equal(pthread_join(finders[i].thread, NULL), 0);
}

static void
searches_where_there_is_no_memory_for_an_index(void **state)
{
	struct ffs_image *image = *state;
	unsigned count = put_big(image);
	struct ffs_inode *inode;
	struct listing listing;
	struct vnode *dir, *found;
	char name[32];

	ffs_image_must_mount(image);
	dir = must_find(&image->context, "/mnt/big");
	inode = ffs_inode_of(dir);
	assert_int_equal(list(dir, NAMES_MAX, 0, &listing), 0); /* all of it in buffers */
	name_file(name, count - 1);
	rwlock_lock_shared(&dir->lock);
	memory_fail_after(image->kernel, 0);
	assert_int_equal(vnode_lookup(dir, name_of("nothing"), &found), -ENOENT);
	if (memory_fail_stop(image->kernel)) {
		assert_null(inode->index);
		assert_true(inode->is_searched);
	}
	inode->is_searched = false;
	memory_fail_after(image->kernel, 1);
	assert_int_equal(vnode_lookup(dir, name_of("nothing"), &found), -ENOENT);
	memory_fail_stop(image->kernel);
	assert_int_equal(vnode_lookup(dir, name_of(name), &found), 0);
	vnode_put(found);
	if (inode->is_searched)
		assert_int_equal(inode->found_at, BIG_SIZE - FFS_DIRENT_BLOCK_SIZE);
	name_file(name, 5); /* before where the last search ended */
	assert_int_equal(vnode_lookup(dir, name_of(name), &found), 0);
	vnode_put(found);
	assert_int_equal(vnode_lookup(dir, name_of("nothing"), &found), -ENOENT);
	rwlock_unlock_shared(&dir->lock);
	vnode_put(dir);
}

static void
lists_the_same_however_little_is_taken_at_a_time(void **state)
{
	static const unsigned steps[] = { 1, 2, 3, 7, 100, NAMES_MAX };
	struct ffs_image *image = *state;
	unsigned count = put_big(image);
	struct listing whole, listing;
	struct vnode *dir;

	ffs_image_must_mount(image);
	dir = must_find(&image->context, "/mnt/big");
	assert_int_equal(list(dir, NAMES_MAX, 0, &whole), 0);
	assert_int_equal(whole.count, count + 1);
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_int_equal(list(dir, steps[i], 0, &listing), 0);
		assert_int_equal(listing.count, whole.count);
		assert_true(listing.hash == whole.hash);
	}
	vnode_put(dir);
}

static void
lists_whole_entries_from_any_position(void **state)
{
	static const uint64_t positions[] = {
		0,
		1,
		12,
		13,
		24,
		99,
		101,
		511,
		512,
		4095,
		49152,
		BIG_SIZE - 512,
		BIG_SIZE - 1,
		BIG_SIZE,
		BIG_SIZE + 1,
		UINT64_MAX,
		UINT64_MAX - 511,
	};
	struct ffs_image *image = *state;
	unsigned last = put_big(image) - 1;
	struct listing listing;
	struct vnode *dir;
	char name[32];

	name_file(name, last);
	ffs_image_must_mount(image);
	dir = must_find(&image->context, "/mnt/big");
	for (unsigned i = 0; i < ARRAY_SIZE(positions); i++) {
		assert_int_equal(list(dir, 5, positions[i], &listing), 0);
		if (positions[i] < BIG_SIZE - 512 + 300)
			assert_string_equal(listing.last, name);
		else
			assert_int_equal(listing.count, 0);
	}
	vnode_put(dir);
}

static void
shows_what_is_left_of_a_damaged_directory_and_then_the_error(void **state)
{
	struct ffs_image *image = *state;
	unsigned count = put_big(image);
	struct listing listing;
	struct vnode *dir;
	char name[32];

	/* An entry in the middle of one directory block: two names are lost. */
	store16(ffs_image_at(image, big_block(image, 3)) + 512 + 200 + 4, 7, ORDER_BIG);
	ffs_image_must_mount(image);
	dir = must_find(&image->context, "/mnt/big");
	assert_int_equal(list(dir, 10, 0, &listing), -EUCLEAN);
	assert_int_equal(listing.count, count + 1 - 2);
	assert_true(ffs_image_said(image, "directory inode 20, byte 13004: length of"));
	vnode_put(dir);

	name_file(name, count - 1);
	assert_int_equal(look_for(image, "/mnt/big/%s", name), 0);
	name_file(name, 3 * 32 + 4 + 2);
	assert_int_equal(look_for(image, "/mnt/big/%s", name), -EUCLEAN);
}

static void
goes_on_after_a_block_that_cannot_be_had(void **state)
{
	static const struct {
		uint64_t address;
		const char *said;
	} rows[] = {
		{ 0, "block is missing" },
		{ 1, "fragment 1 is not inside the data" },
		{ UINT64_MAX, "is not inside the data" },
	};
	struct ffs_image *image = *state;
	unsigned count = put_big(image);
	struct listing listing;
	struct vnode *dir;
	char name[32];

	name_file(name, count - 1);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		ffs_image_put_pointer(image, BIG, 5, rows[i].address);
		image->host.console_length = 0;
		ffs_image_must_mount(image);
		dir = must_find(&image->context, "/mnt/big");
		assert_int_equal(list(dir, 10, 0, &listing), -EUCLEAN);
		assert_int_equal(listing.count, count + 1 - 32);
		vnode_put(dir);
		assert_int_equal(look_for(image, "/mnt/big/%s", name), 0);
		assert_int_equal(look_for(image, "/mnt/big/%s", "nothing"), -EUCLEAN);
		assert_true(ffs_image_said(image, rows[i].said));
		assert_int_equal(ffs_image_unmount(image), 0);
	}
}

static void
gives_up_on_what_is_no_directory_at_all(void **state)
{
	struct ffs_image *image = *state;
	struct listing listing;
	struct vnode *dir;

	put_big(image);
	for (unsigned i = 0; i < 40; i++)
		memset(ffs_image_at(image, big_block(image, i)) + (i == 0 ? 512 : 0), 0xff,
		    i == 0 ? 4096 - 512 : 4096);
	ffs_image_must_mount(image);
	dir = must_find(&image->context, "/mnt/big");
	assert_int_equal(list(dir, 10, 0, &listing), -EUCLEAN);
	assert_int_equal(listing.count, 5);
	vnode_put(dir);
	assert_int_equal(look_for(image, "/mnt/big/%s", "nothing"), -EUCLEAN);
}

/* Else looking all names up, as who lists it does, takes as many readings of it. */
static void
reads_what_is_hardly_a_directory_once_for_many_lookups(void **state)
{
	struct ffs_image *image = *state;
	size_t said;
	char name[32];

	put_big(image);
	for (unsigned i = 20; i < 40; i++)
		memset(ffs_image_at(image, big_block(image, i)), 0xff, 4096);
	ffs_image_must_mount(image);
	assert_int_equal(look_for(image, "/mnt/big/%s", "nothing"), -EUCLEAN);
	assert_true(ffs_image_said(image, "directory inode 20, byte"));
	said = image->host.console_length;
	for (unsigned i = 2; i < 20 * 32; i += 100) {
		name_file(name, i);
		assert_int_equal(look_for(image, "/mnt/big/%s", name), 0);
	}
	name_file(name, 20 * 32);
	assert_int_equal(look_for(image, "/mnt/big/%s", name), -EUCLEAN);
	assert_int_equal(image->host.console_length, said);
}

static void
passes_on_errors_of_the_device(void **state)
{
	struct ffs_image *image = *state;
	struct listing listing;
	struct vnode *dir;
	char name[32];

	put_big(image);
	image->fake.bad_offset = big_block(image, 5) * 512;
	image->fake.bad_length = 512;
	image->fake.bad_error = -EIO;
	ffs_image_must_mount(image);
	dir = must_find(&image->context, "/mnt/big");
	assert_int_equal(list(dir, 10, 0, &listing), -EIO);
	assert_int_equal(listing.count, 5 * 32 + 1);
	assert_int_equal(look_for(image, "/mnt/big/%s", "nothing"), -EIO);
	assert_true(ffs_inode_of(dir)->is_searched);
	vnode_put(dir);
	name_file(name, 5 * 32 - 1);
	assert_int_equal(look_for(image, "/mnt/big/%s", name), 0);
}

static void
refuses_names_that_lead_nowhere(void **state)
{
	static const struct {
		uint32_t ino;
		const char *said;
	} rows[] = {
		{ 9, "an entry leads to inode 9, which is free" },
		{ 1024, "inode 1024: number is not one of the file system's" },
		{ UINT32_MAX, "inode 4294967295: number is not one" },
		{ 40, "inode 40: type of file is unknown" },
	};
	struct ffs_image *image = *state;

	ffs_image_put_inode(image, 40, 0130644, 0, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		put_in_root(image, rows[i].ino, "x");
		ffs_image_must_mount(image);
		assert_int_equal(try_lookup(&image->context, "/mnt/x", 0), -EUCLEAN);
		assert_true(ffs_image_said(image, rows[i].said));
		assert_int_equal(ffs_image_unmount(image), 0);
	}
}

static void
enters_a_directory_only_from_its_parent(void **state)
{
	struct ffs_image *image = *state;
	uint64_t block = ffs_image_free(image);
	struct vnode *root, *found;

	/* /a, /a/b; names in b that lead up, to itself, and in the root to b. */
	ffs_image_put_directory(image, 10, block, FFS_ROOT_INO);
	ffs_image_put_directory(image, 11, block + 8, 10);
	ffs_image_put_entry(image, ffs_image_root(image), 24, 16, 10, "a");
	ffs_image_put_entry(image, ffs_image_root(image), 40, 16, 11, "b");
	ffs_image_put_entry(image, ffs_image_root(image), 56, 0, FFS_ROOT_INO, "self");
	ffs_image_put_entry(image, block, 24, 0, 11, "b");
	ffs_image_put_entry(image, block + 8, 24, 16, 10, "up");
	ffs_image_put_entry(image, block + 8, 40, 16, FFS_ROOT_INO, "root");
	ffs_image_put_entry(image, block + 8, 56, 0, 11, "self");

	ffs_image_must_mount(image);
	assert_int_equal(try_lookup(&image->context, "/mnt/a/b", 0), 0);
	assert_int_equal(try_lookup(&image->context, "/mnt/a/b/../../a", 0), 0);
	assert_int_equal(try_lookup(&image->context, "/mnt/b", 0), -EUCLEAN);
	assert_int_equal(try_lookup(&image->context, "/mnt/self", 0), -EUCLEAN);
	assert_int_equal(try_lookup(&image->context, "/mnt/a/b/up", 0), -EUCLEAN);
	assert_int_equal(try_lookup(&image->context, "/mnt/a/b/root", 0), -EUCLEAN);
	assert_int_equal(try_lookup(&image->context, "/mnt/a/b/self", 0), -EUCLEAN);
	assert_true(
	    ffs_image_said(image, "directory inode 11 is entered in 2, but its \"..\" is 10"));
	root = must_find(&image->context, "/mnt/.");
	rwlock_lock_shared(&root->lock);
	assert_int_equal(vnode_lookup(root, NAME("self"), &found), -EUCLEAN);
	rwlock_unlock_shared(&root->lock);
	vnode_put(root);
}

static void
wants_its_own_two_entries_first(void **state)
{
	struct ffs_image *image = *state;
	uint64_t block = ffs_image_free(image);
	const struct {
		uint32_t offset, length, ino;
		const char *name, *said;
	} rows[] = {
		{ 0, 12, 10, "x", "first entries are not . and .." },
		{ 0, 12, 11, ".", "entry . leads elsewhere (11)" },
		{ 0, 12, 0, "", "first entries are not . and .." },
		{ 0, 512, 10, ".", "entry .. is missing" },
		{ 12, 0, FFS_ROOT_INO, "...", "first entries are not . and .." },
		{ 12, 6, FFS_ROOT_INO, "", "byte 16: length of a directory entry" },
	};

	put_in_root(image, 10, "d");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		ffs_image_put_directory(image, 10, block, FFS_ROOT_INO);
		ffs_image_put_entry(image, block, rows[i].offset, rows[i].length, rows[i].ino,
		    rows[i].name);
		ffs_image_must_mount(image);
		assert_int_equal(try_lookup(&image->context, "/mnt/d", 0), -EUCLEAN);
		assert_true(ffs_image_said(image, rows[i].said));
		assert_int_equal(ffs_image_unmount(image), 0);
	}
	ffs_image_put_inode(image, 10, 0040755, 0, 0);
	ffs_image_must_mount(image);
	assert_int_equal(try_lookup(&image->context, "/mnt/d", 0), -EUCLEAN);
	assert_true(ffs_image_said(image, "directory is empty"));
}

static void
takes_types_of_entries_as_hints_only(void **state)
{
	struct ffs_image *image = *state;
	struct vnode *vnode;

	put_in_root(image, FILE_INO, "file");
	ffs_image_at(image, ffs_image_root(image))[24 + 6] = 77; /* no type at all */
	ffs_image_must_mount(image);
	vnode = must_find(&image->context, "/mnt/file");
	assert_int_equal(vnode->type, VNODE_REGULAR);
	vnode_put(vnode);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, create, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(finds_every_name_of_a_large_directory_and_no_other),
		CASE(reads_a_large_directory_once_for_many_lookups),
		CASE(serves_many_threads_that_look_up_at_once),
		CASE(searches_where_there_is_no_memory_for_an_index),
		CASE(lists_the_same_however_little_is_taken_at_a_time),
		CASE(lists_whole_entries_from_any_position),
		CASE(shows_what_is_left_of_a_damaged_directory_and_then_the_error),
		CASE(goes_on_after_a_block_that_cannot_be_had),
		CASE(gives_up_on_what_is_no_directory_at_all),
		CASE(reads_what_is_hardly_a_directory_once_for_many_lookups),
		CASE(passes_on_errors_of_the_device),
		CASE(refuses_names_that_lead_nowhere),
		CASE(enters_a_directory_only_from_its_parent),
		CASE(wants_its_own_two_entries_first),
		CASE(takes_types_of_entries_as_hints_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
