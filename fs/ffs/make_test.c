/*
 * Tests of making file systems: what is made over any bytes is consistent, is
 * mounted and written; what goes wrong leaves nothing that looks finished.
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
#include "kern/credential.h"
#include "kern/memory.h"
#include "tests/fake_fs.h"
#include "tests/ffs_check.h"
#include "tests/ffs_image.h"
#include "vfs/namespace.h"
#include "vfs/upkeep.h"

#define MIB ((uint64_t)1 << 20)

/* A kernel with a device of size bytes of noise, or zeros, as /image. */
struct fixture_of_make {
	struct ffs_image image;
	struct ffs_check check;
};

static void
create(struct fixture_of_make *fixture, bool is_zeroed)
{
	static const struct sample sample = { FFS_UFS2, ORDER_LITTLE, 4096, 512, 2 };
	uint8_t *content;
	uint64_t size;

	ffs_image_create(&fixture->image, &sample);
	content = fixture->image.fake.content;
	size = fixture->image.fake.dev.size;
	memset(content, is_zeroed ? 0 : 0xa5, size);
}

/* The superblock that is on the device; false if there is none. */
static bool
find_superblock(const struct ffs_image *image, struct ffs_superblock *out)
{
	for (size_t i = 0; i < FFS_SUPERBLOCK_PLACES; i++) {
		uint64_t place = ffs_superblock_places[i];
		struct ffs_flaw flaw;

		if (ffs_superblock_decode(image->fake.content + place, FFS_SUPERBLOCK_SIZE, place,
			out, &flaw) == 0)
			return true;
	}
	return false;
}

static void
must_be_consistent(struct fixture_of_make *fixture, const char *options)
{
	struct ffs_image *image = &fixture->image;

	assert_true(find_superblock(image, &image->sb));
	assert_int_equal(image->sb.clean, FFS_CLEAN);
	if (ffs_check(image->fake.content, image->fake.dev.size, &image->sb, &fixture->check) > 0)
		fail_msg("%s: %u flaws:\n%s", options, fixture->check.flaw_count,
		    fixture->check.report);
}

/* Mount it, put some files there and take some away. */
static void
use(struct ffs_image *image)
{
	const struct path_context *context = &image->context;
	char path[64];

	assert_int_equal(mount_at(context, "/image", "/mnt", "ffs", 0, ""), 0);
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/mnt/directory-%d", i);
		make_directory(context, path, 0755);
		snprintf(path, sizeof(path), "/mnt/directory-%d/file", i);
		make_file(context, path, 0644);
	}
	assert_int_equal(namespace_unlink(context, "/mnt/directory-7/file"), 0);
	assert_int_equal(ffs_image_unmount(image), 0);
}

static void
what_is_made_is_consistent_and_can_be_written(void **state)
{
	static const char *const rows[] = {
		"",
		"version=1",
		"version=1,order=be,block=8192,fragment=1024",
		"version=2,order=be,block=4096,fragment=4096,density=8192",
		"version=2,block=16384,fragment=2048,label=a-label,minfree=0",
		"version=1,block=65536,fragment=65536,density=65536",
		"version=2,block=65536,fragment=8192",
		"version=2,block=4096,fragment=512,density=1024,size=2000000",
	};
	struct fixture_of_make fixture;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		const char *options = rows[i / 2];
		char text[128];

		create(&fixture, i % 2 == 0);
		snprintf(text, sizeof(text), "%s%s", options, i % 2 == 0 ? ",zeroed" : "");
		if (fs_make_at(&fixture.image.context, "/image", "ffs", text) != 0)
			fail_msg("%s: %.500s", text, fixture.image.host.console);
		must_be_consistent(&fixture, text);
		use(&fixture.image);
		must_be_consistent(&fixture, text);
		ffs_image_destroy(&fixture.image);
	}
}

/* Only where something is not zero is written. */
static void
a_device_of_zeros_is_hardly_written(void **state)
{
	struct fixture_of_make fixture;
	struct ffs_image *image = &fixture.image;
	size_t before;

	create(&fixture, true);
	before = image->fake.request_count;
	assert_int_equal(fs_make_at(&image->context, "/image", "ffs", "zeroed"), 0);
	assert_true(find_superblock(image, &image->sb));
	assert_int_equal(image->fake.request_count - before, image->sb.group_count + 6);
	ffs_image_destroy(image);
}

static void
a_journal_is_made_too(void **state)
{
	struct fixture_of_make fixture;
	struct ffs_image *image = &fixture.image;

	create(&fixture, false);
	assert_int_equal(fs_make_at(&image->context, "/image", "ffs", "journal"), 0);
	must_be_consistent(&fixture, "journal");
	assert_int_equal(image->sb.journal.place, FFS_JOURNAL_AFTER_FS);
	ffs_image_must_mount(image);
	assert_int_equal(ffs_image_unmount(image), 0);
	ffs_image_destroy(image);
}

/* A UFS2 that is made over a UFS1, or the other way round, leaves none of it. */
static void
what_was_there_before_is_gone(void **state)
{
	struct fixture_of_make fixture;
	struct ffs_image *image = &fixture.image;

	create(&fixture, true);
	assert_int_equal(fs_make_at(&image->context, "/image", "ffs", "version=2"), 0);
	assert_int_equal(fs_make_at(&image->context, "/image", "ffs", "version=1"), 0);
	assert_true(find_superblock(image, &image->sb));
	assert_int_equal(image->sb.version, FFS_UFS1);
	use(image);
	assert_int_equal(fs_make_at(&image->context, "/image", "ffs", "version=2"), 0);
	must_be_consistent(&fixture, "");
	assert_int_equal(image->sb.version, FFS_UFS2);
	ffs_image_destroy(image);
}

static void
why_not_is_in_the_log(void **state)
{
	static const struct {
		const char *options;
		int want;
		const char *words;
	} rows[] = {
		{ "block=5000", -EINVAL, "ffs: /image: cannot be made: blocks have" },
		{ "size=4096", -ENOSPC, "it takes at least" },
		{ "size=99999999999", -ENOSPC, "it is to have 99999999999 bytes, and there are" },
		{ "size=0", -EINVAL, "option \"size=0\" is not understood" },
		{ "size=12k", -EINVAL, "option \"size=12k\" is not understood" },
		{ "size=99999999999999999999", -EINVAL, "not understood" },
		{ "version=3", -EINVAL, "not understood" },
		{ "order=pdp", -EINVAL, "not understood" },
		{ "label=01234567890123456789012345678901", -EINVAL, "not understood" },
		{ "zeroed=1", -EINVAL, "not understood" },
		{ "nonsense", -EINVAL, "option \"nonsense\" is not understood" },
		{ "block", -EINVAL, "option \"block\" is not understood" },
		{ "=", -EINVAL, "not understood" },
	};
	struct fixture_of_make fixture;
	struct ffs_image *image = &fixture.image;

	create(&fixture, true);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(fs_make_at(&image->context, "/image", "ffs", rows[i].options),
		    rows[i].want);
		if (!ffs_image_said(image, rows[i].words))
			fail_msg("%s: %.500s", rows[i].options, image->host.console);
		image->host.console_length = 0;
	}
	assert_false(find_superblock(image, &image->sb));
	ffs_image_destroy(image);
}

/* Whichever part of the device cannot be written, no superblock is left. */
static void
what_fails_leaves_nothing_that_looks_finished(void **state)
{
	struct fixture_of_make fixture;
	struct ffs_image *image = &fixture.image;
	uint64_t bad[] = { 0, 0, 0, 65536 };

	create(&fixture, true);
	assert_int_equal(fs_make_at(&image->context, "/image", "ffs", "zeroed"), 0);
	assert_true(find_superblock(image, &image->sb));
	bad[0] = ffs_fragment_offset(&image->sb, image->sb.inode_offset);
	bad[1] = ffs_fragment_offset(&image->sb, image->sb.summary_address);
	bad[2] = ffs_fragment_offset(&image->sb, image->sb.header_offset);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(image->fake.content, 0, image->fake.dev.size);
		image->fake.bad_offset = bad[i];
		image->fake.bad_length = 512;
		image->fake.bad_error = -EIO;
		assert_int_equal(fs_make_at(&image->context, "/image", "ffs", "zeroed"), -EIO);
		assert_false(find_superblock(image, &image->sb));
	}
	image->fake.bad_length = 0;
	ffs_image_destroy(image);
}

static void
making_without_memory_fails_cleanly(void **state)
{
	struct fixture_of_make fixture;
	struct ffs_image *image = &fixture.image;
	uint64_t count = 0;
	bool was_hit = true;
	int error;

	create(&fixture, false);
	for (; was_hit; count++) {
		memory_fail_after(image->kernel, count);
		error = fs_make_at(&image->context, "/image", "ffs", "");
		was_hit = memory_fail_stop(image->kernel);
		assert_int_equal(error, was_hit ? -ENOMEM : 0);
	}
	must_be_consistent(&fixture, "");
	ffs_image_destroy(image);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_is_consistent_and_can_be_written),
		cmocka_unit_test(a_device_of_zeros_is_hardly_written),
		cmocka_unit_test(a_journal_is_made_too),
		cmocka_unit_test(what_was_there_before_is_gone),
		cmocka_unit_test(why_not_is_in_the_log),
		cmocka_unit_test(what_fails_leaves_nothing_that_looks_finished),
		cmocka_unit_test(making_without_memory_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
