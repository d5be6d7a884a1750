/*
 * Tests of writing, truncating and seeking in files in memory, on tmpfs,
 * against a plain array; and of reading them while they are written.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "base/hash.h"
#include "base/math.h"
#include "fs/tmpfs/tmpfs.h"
#include "kern/credential.h"
#include "kern/uio.h"
#include "tests/far_space.h"
#include "tests/test_kernel.h"
#include "vfs/file_io.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

#define TWIN_MAX (256 * 1024)

struct fixture {
	struct kernel *kernel;
	struct credential *credential;
	struct file_writer writer;
	struct vnode *file;
};

/* What the file should be. */
struct twin {
	uint64_t size;
	uint8_t content[TWIN_MAX]; /* zeros past size */
	bool has_page[TWIN_MAX / PAGE_SIZE];
};

static int
write_from(struct fixture *fixture, const void *data, size_t length, uint64_t offset, size_t *moved)
{
	struct address_space space;
	struct uio_range range;
	struct uio uio;
	int error;

	uio_init_kernel(&uio, &space, &range, (void *)(uintptr_t)data, length);
	error = file_write(fixture->file, &uio, &offset, &fixture->writer);
	*moved = length - (size_t)uio.left;
	return error;
}

static void
assert_writes(struct fixture *fixture, const void *data, size_t length, uint64_t offset)
{
	size_t moved;

	assert_int_equal(write_from(fixture, data, length, offset, &moved), 0);
	assert_int_equal(moved, length);
}

static size_t
read_to(struct vnode *file, void *data, size_t length, uint64_t offset)
{
	struct address_space space;
	struct uio_range range;
	struct uio uio;

	uio_init_kernel(&uio, &space, &range, data, length);
	assert_int_equal(file_read(file, &uio, offset), 0);
	return length - (size_t)uio.left;
}

/* ---- against the twin ------------------------------------------------------------ */

static void
twin_write(struct twin *twin, const uint8_t *data, size_t length, uint64_t offset)
{
	memcpy(twin->content + offset, data, length);
	for (uint64_t i = offset / PAGE_SIZE; length > 0 && i <= (offset + length - 1) / PAGE_SIZE;
	     i++)
		twin->has_page[i] = true;
	if (length > 0)
		twin->size = max_u64(twin->size, offset + length);
}

static void
twin_truncate(struct twin *twin, uint64_t size)
{
	if (size < twin->size) {
		memset(twin->content + size, 0, TWIN_MAX - size);
		for (uint64_t i = divide_up(size, PAGE_SIZE); i < TWIN_MAX / PAGE_SIZE; i++)
			twin->has_page[i] = false;
	}
	twin->size = size;
}

static uint64_t
twin_seek(const struct twin *twin, uint64_t offset, bool want_hole)
{
	while (offset < twin->size && twin->has_page[offset / PAGE_SIZE] == want_hole)
		offset++;
	return offset;
}

static void
assert_seeks(const struct fixture *fixture, const struct twin *twin, uint64_t offset)
{
	uint64_t data = twin_seek(twin, offset, false);
	uint64_t found;

	if (offset >= twin->size) {
		assert_int_equal(file_seek_data(fixture->file, offset, &found), -ENXIO);
		assert_int_equal(file_seek_hole(fixture->file, offset, &found), -ENXIO);
		return;
	}
	assert_int_equal(file_seek_data(fixture->file, offset, &found),
	    data < twin->size ? 0 : -ENXIO);
	if (data < twin->size)
		assert_int_equal(found, data);
	assert_int_equal(file_seek_hole(fixture->file, offset, &found), 0);
	assert_int_equal(found, twin_seek(twin, offset, true));
}

static void
assert_same(const struct fixture *fixture, const struct twin *twin)
{
	static uint8_t content[TWIN_MAX];
	uint64_t pages = 0;

	assert_int_equal(fixture->file->attributes.size, twin->size);
	assert_int_equal(read_to(fixture->file, content, sizeof(content), 0), twin->size);
	assert_memory_equal(content, twin->content, twin->size);
	for (size_t i = 0; i < TWIN_MAX / PAGE_SIZE; i++)
		pages += twin->has_page[i];
	assert_int_equal(fixture->file->attributes.block_count, pages * (PAGE_SIZE / 512));
}

static void
random_changes_agree_with_an_array(void **state)
{
	static struct twin twin;
	static uint8_t data[100000];
	struct fixture *fixture = *state;
	uint64_t seed = 1;

	memset(&twin, 0, sizeof(twin));
	for (unsigned step = 0; step < 1500; step++) {
		uint64_t offset = hash_u64(seed) % TWIN_MAX;
		size_t length = hash_u64(seed + 1) % (step % 4 == 0 ? sizeof(data) : 6000);

		seed += 3;
		length = min_u64(length, TWIN_MAX - offset);
		memset(data, (int)(step % 255 + 1), length);
		if (step % 5 == 4) {
			assert_int_equal(file_truncate(fixture->file, offset, &fixture->writer), 0);
			twin_truncate(&twin, offset);
		} else {
			assert_writes(fixture, data, length, offset);
			twin_write(&twin, data, length, offset);
		}
		assert_seeks(fixture, &twin, hash_u64(seed) % TWIN_MAX);
		if (step % 10 == 0)
			assert_same(fixture, &twin);
	}
	assert_same(fixture, &twin);
}

/* ---- rules ---------------------------------------------------------------------------- */

static void
appending_goes_to_the_end_and_tells_where(void **state)
{
	struct fixture *fixture = *state;
	struct address_space space;
	struct uio_range range;
	char text[] = "twelve bytes";
	uint64_t offset = 3;
	struct uio uio;

	assert_writes(fixture, text, 12, 5000);
	fixture->writer.append = true;
	uio_init_kernel(&uio, &space, &range, text, 12);
	assert_int_equal(file_write(fixture->file, &uio, &offset, &fixture->writer), 0);
	assert_int_equal(offset, 5012);
	assert_int_equal(fixture->file->attributes.size, 5024);
}

static void
limits_cut_a_write_short_and_then_refuse_it(void **state)
{
	static const struct {
		uint64_t limit, offset;
		int error;
		size_t moved;
	} rows[] = {
		{ UINT64_MAX, 0, 0, 100 },		       /* none */
		{ 100, 0, 0, 100 },			       /* fits exactly */
		{ 99, 0, 0, 99 },			       /* one too many */
		{ 50, 49, 0, 1 },			       /* the last one */
		{ 50, 50, -EFBIG, 0 },			       /* no room */
		{ 0, 0, -EFBIG, 0 },			       /* nothing allowed */
		{ UINT64_MAX, (uint64_t)INT64_MAX - 1, 0, 1 }, /* the largest file */
		{ UINT64_MAX, INT64_MAX, -EFBIG, 0 },	       /* larger */
		{ UINT64_MAX, UINT64_MAX - 5, -EFBIG, 0 },     /* would wrap */
	};
	struct fixture *fixture = *state;
	char data[100] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t moved;

		fixture->writer.size_limit = rows[i].limit;
		assert_int_equal(write_from(fixture, data, 100, rows[i].offset, &moved),
		    rows[i].error);
		assert_int_equal(moved, rows[i].moved);
	}
}

static void
truncating_minds_limits_only_when_growing(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(file_truncate(fixture->file, 1000, &fixture->writer), 0);
	fixture->writer.size_limit = 500;
	assert_int_equal(file_truncate(fixture->file, 1001, &fixture->writer), -EFBIG);
	assert_int_equal(file_truncate(fixture->file, 999, &fixture->writer), 0);
	fixture->writer.size_limit = UINT64_MAX;
	assert_int_equal(file_truncate(fixture->file, (uint64_t)INT64_MAX + 1, &fixture->writer),
	    -EFBIG);
	assert_int_equal(file_truncate(fixture->file, INT64_MAX, &fixture->writer), 0);
	assert_int_equal(fixture->file->attributes.block_count, 0);
}

static void
who_writes_loses_set_id_bits_unless_trusted(void **state)
{
	static const struct {
		bool is_trusted;
		uint32_t before, after;
	} rows[] = {
		{ true, 06777, 06777 },	 /* CAP_FSETID */
		{ false, 06777, 0777 },	 /* both go */
		{ false, 04711, 0711 },	 /* set-user-ID alone */
		{ false, 02767, 02767 }, /* not for execution: something else */
		{ false, 01777, 01777 }, /* the sticky bit is none of them */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		uint64_t trust = (uint64_t)1 << CAP_FSETID;

		fixture->credential->capabilities = rows[i / 2].is_trusted ? trust : 0;
		fixture->file->attributes.permissions = rows[i / 2].before;
		if (i % 2 == 0)
			assert_writes(fixture, "x", 1, 0);
		else
			assert_int_equal(file_truncate(fixture->file, 0, &fixture->writer), 0);
		assert_int_equal(fixture->file->attributes.permissions, rows[i / 2].after);
	}
}

static bool
is_set(struct timestamp time)
{
	return time.seconds != 0 || time.nanoseconds != 0;
}

static void
times_follow_what_is_done(void **state)
{
	struct fixture *fixture = *state;
	struct vnode_attributes *attributes = &fixture->file->attributes;
	const struct timestamp never = { 0 };
	size_t moved;
	char byte;

	attributes->accessed = attributes->modified = attributes->changed = never;
	assert_int_equal(write_from(fixture, "", 0, 0, &moved), 0);
	assert_false(is_set(attributes->modified)); /* nothing was written */
	assert_writes(fixture, "x", 1, 0);
	assert_true(is_set(attributes->modified) && is_set(attributes->changed));
	assert_false(is_set(attributes->accessed));
	assert_int_equal(read_to(fixture->file, &byte, 1, 0), 1);
	assert_false(is_set(attributes->accessed)); /* which open files see to */
}

/* ---- failures ---------------------------------------------------------------------------- */

static void
a_bad_address_leaves_what_was_copied_before(void **state)
{
	static uint8_t memory[3 * PAGE_SIZE];
	struct far_space far = { { &far_space_ops }, memory, sizeof(memory) };
	const struct uio_range ranges[] = { { { 10 }, PAGE_SIZE }, { { sizeof(memory) }, 5000 } };
	struct fixture *fixture = *state;
	uint8_t content[3 * PAGE_SIZE];
	uint64_t offset = 100;
	struct uio uio;

	memset(memory, 7, sizeof(memory));
	uio_init(&uio, &far.space, ranges, 2, PAGE_SIZE + 5000);
	assert_int_equal(file_write(fixture->file, &uio, &offset, &fixture->writer), 0);
	assert_int_equal(uio.left, 5000);
	assert_int_equal(fixture->file->attributes.size, 100 + PAGE_SIZE);
	assert_int_equal(fixture->file->attributes.block_count, 2 * (PAGE_SIZE / 512));
	offset += PAGE_SIZE;
	assert_int_equal(file_write(fixture->file, &uio, &offset, &fixture->writer), -EFAULT);
	assert_int_equal(fixture->file->attributes.size, 100 + PAGE_SIZE);

	/* Bytes that came and do not count must not show when the file grows. */
	assert_int_equal(file_truncate(fixture->file, sizeof(content), &fixture->writer), 0);
	assert_int_equal(read_to(fixture->file, content, sizeof(content), 0), sizeof(content));
	for (size_t i = 100 + PAGE_SIZE; i < sizeof(content); i++)
		assert_int_equal(content[i], 0);
}

static void
without_memory_a_write_stops_and_nothing_is_lost_count_of(void **state)
{
	static uint8_t data[20 * PAGE_SIZE];
	struct fixture *fixture = *state;
	int error = -ENOMEM;
	struct hog hog;
	size_t moved = 0;

	for (size_t pages = 0; moved < sizeof(data); pages++) {
		hog_take(&hog, fixture->kernel);
		hog_give(&hog, pages);
		error = write_from(fixture, data, sizeof(data), 0, &moved);
		hog_give_all(&hog);
		assert_int_equal(error, moved > 0 ? 0 : -ENOMEM);
		assert_int_equal(fixture->file->attributes.size, moved);
		assert_int_equal(fixture->file->attributes.block_count,
		    moved / PAGE_SIZE * (PAGE_SIZE / 512));
		assert_int_equal(file_truncate(fixture->file, 0, &fixture->writer), 0);
	}
}

/* ---- several threads ------------------------------------------------------------------------ */

#define PIECE (5 * PAGE_SIZE + 77)

struct competitor {
	pthread_t thread;
	struct fixture *fixture;
	uint8_t byte;
	unsigned mixtures;
};

static void *
writer_main(void *argument)
{
	struct competitor *competitor = argument;
	uint8_t data[PIECE];
	size_t moved;

	memset(data, competitor->byte, PIECE);
	for (unsigned i = 0; i < 300; i++)
		if (write_from(competitor->fixture, data, PIECE, 50, &moved) < 0)
			competitor->mixtures++;
	return NULL;
}

static void *
reader_main(void *argument)
{
	struct competitor *competitor = argument;
	uint8_t data[PIECE];

	for (unsigned i = 0; i < 300; i++) {
		read_to(competitor->fixture->file, data, PIECE, 50);
		for (size_t at = 1; at < PIECE; at++)
			if (data[at] != data[0]) {
				competitor->mixtures++;
				break;
			}
	}
	return NULL;
}

static void
a_read_sees_all_of_a_write_or_nothing(void **state)
{
	void *(*const mains[])(void *) = { writer_main, writer_main, reader_main };
	struct competitor competitors[ARRAY_SIZE(mains)];
	uint8_t data[PIECE] = { 0 };

	assert_writes(*state, data, PIECE, 50);
	for (size_t i = 0; i < ARRAY_SIZE(mains); i++) {
		competitors[i] = (struct competitor){ .fixture = *state, .byte = (uint8_t)(i + 1) };
		pthread_create(&competitors[i].thread, NULL, mains[i], &competitors[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(mains); i++) {
		pthread_join(competitors[i].thread, NULL);
		assert_int_equal(competitors[i].mixtures, 0);
	}
}

/* ---- fixture ---------------------------------------------------------------------------------- */

static int
set_up(void **state)
{
	static const struct component *const components[] = { &vfs_component, &tmpfs_component };
	const struct vnode_create what = { .type = VNODE_REGULAR, .permissions = 0644 };
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct vnode *root;

	fixture->kernel = test_kernel_create(components, 2, (uint64_t)4 << 20);
	assert_int_equal(mount_root(fixture->kernel, "tmpfs", "size=0"), 0);
	fixture->credential = credential_create(fixture->kernel);
	assert_non_null(fixture->credential);
	fixture->writer.credential = fixture->credential;
	fixture->writer.size_limit = UINT64_MAX;
	root = mount_root_vnode(fixture->kernel);
	rwlock_lock_exclusive(&root->lock);
	assert_int_equal(vnode_create(root, NAME("file"), &what, &fixture->file), 0);
	rwlock_unlock_exclusive(&root->lock);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	vnode_put(fixture->file);
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
		TEST(random_changes_agree_with_an_array),
		TEST(appending_goes_to_the_end_and_tells_where),
		TEST(limits_cut_a_write_short_and_then_refuse_it),
		TEST(truncating_minds_limits_only_when_growing),
		TEST(who_writes_loses_set_id_bits_unless_trusted),
		TEST(times_follow_what_is_done),
		TEST(a_bad_address_leaves_what_was_copied_before),
		TEST(without_memory_a_write_stops_and_nothing_is_lost_count_of),
		TEST(a_read_sees_all_of_a_write_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
