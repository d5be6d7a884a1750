/*
 * Tests of mounted archives: what a program sees of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "base/compiler.h"
#include "kern/kernel.h"
#include "kern/lock_debug.h"
#include "kern/memory.h"
#include "tests/cpio_sample.h"

#define LARGE (1 << 20)

static void
a_file_reads_as_it_was_packed(void **state)
{
	struct sample *sample = *state;
	char content[16];
	int fd;

	SAMPLE_ADD(sample, .path = "etc/motd", .content = "welcome\n", .size = 8);
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	fd = rump_sys_open("/mnt/etc/motd", O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(rump_sys_read(fd, content, sizeof(content)), 8);
	assert_memory_equal(content, "welcome\n", 8);
	rump_sys_close(fd);
}

/* Large content that is not the same anywhere. */
static uint8_t *
make_content(void)
{
	uint8_t *content = malloc(LARGE);

	for (size_t i = 0; i < LARGE; i++)
		content[i] = (uint8_t)(i * 31 + i / 4093);
	return content;
}

static void
content_may_lie_at_any_multiple_of_four_and_be_read_in_any_pieces(void **state)
{
	static const size_t pieces[] = { 1000, 4096, 65536, LARGE };
	struct sample *sample = *state;
	uint8_t *content = make_content();
	uint8_t *bytes = malloc(LARGE);

	for (unsigned shift = 0; shift < 512; shift += 100) {
		sample->size = 0;
		SAMPLE_ADD(sample, .path = "first", .content = content, .size = shift);
		SAMPLE_ADD(sample, .path = "large", .content = content, .size = LARGE - 5);
		sample_end(sample);
		for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
			int fd;

			assert_int_equal(sample_mount(sample, ""), 0);
			fd = rump_sys_open("/mnt/large", O_RDONLY);
			memset(bytes, 0, LARGE);
			for (size_t at = 0; at < LARGE; at += pieces[i]) {
				size_t left = at < LARGE - 5 ? LARGE - 5 - at : 0;

				assert_int_equal(rump_sys_pread(fd, bytes + at, pieces[i], at),
				    left < pieces[i] ? left : pieces[i]);
			}
			rump_sys_close(fd);
			assert_memory_equal(bytes, content, LARGE - 5);
			assert_int_equal(bytes[LARGE - 5], 0);
		}
	}
	free(bytes);
	free(content);
}

static void
a_file_at_the_very_end_of_the_store_is_read_whole(void **state)
{
	struct sample *sample = *state;
	uint8_t content[1024 - 116], bytes[1024];
	int fd;

	/* As of an archive that is cut off right after it. */
	memset(content, 'x', sizeof(content));
	SAMPLE_ADD(sample, .path = "file", .content = content, .size = 1024 - 116);
	assert_int_equal(sample->size, 1024);
	assert_int_equal(sample_mount(sample, "partial"), 0);
	fd = rump_sys_open("/mnt/file", O_RDONLY);
	assert_int_equal(rump_sys_read(fd, bytes, sizeof(bytes)), sizeof(content));
	assert_memory_equal(bytes, content, sizeof(content));
	rump_sys_close(fd);
}

static void
attributes_are_those_of_the_member(void **state)
{
	struct sample *sample = *state;
	struct stat status;

	SAMPLE_ADD(sample, .path = "file", .mode = 0104751, .uid = 1000, .gid = 70000,
	    .content = "12345", .size = 5);
	SAMPLE_ADD(sample, .path = "null", .mode = 0020666, .node_major = 1, .node_minor = 3);
	SAMPLE_ADD(sample, .path = "disk", .mode = 0060660, .node_major = 259, .node_minor = 70000,
	    .content = "ignored", .size = 7);
	SAMPLE_ADD(sample, .path = "fifo", .mode = 0010600);
	SAMPLE_ADD(sample, .path = "socket", .mode = 0140777);
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	assert_int_equal(rump_sys_stat("/mnt/file", &status), 0);
	assert_int_equal(status.st_mode, 0104751);
	assert_int_equal(status.st_uid, 1000);
	assert_int_equal(status.st_gid, 70000);
	assert_int_equal(status.st_size, 5);
	assert_int_equal(status.st_blocks, 1);
	assert_int_equal(status.st_mtime, SAMPLE_TIME);
	assert_int_equal(rump_sys_stat("/mnt/null", &status), 0);
	assert_int_equal(status.st_mode, 0020666);
	assert_int_equal(status.st_rdev, makedev(1, 3));
	assert_int_equal(rump_sys_stat("/mnt/disk", &status), 0);
	assert_int_equal(status.st_mode, 0060660);
	assert_int_equal(status.st_rdev, makedev(259, 70000));
	assert_int_equal(status.st_size, 0);
	assert_int_equal(rump_sys_stat("/mnt/fifo", &status), 0);
	assert_int_equal(status.st_mode, 0010600);
	assert_int_equal(rump_sys_stat("/mnt/socket", &status), 0);
	assert_int_equal(status.st_mode, 0140777);
}

static void
links_lead_where_they_say(void **state)
{
	struct sample *sample = *state;
	char target[4096], want[4096];
	struct stat status;

	memset(want, 't', sizeof(want));
	SAMPLE_ADD(sample, .path = "bin/sh", .content = "#!", .size = 2);
	SAMPLE_ADD(sample, .path = "link", .mode = 0120777, .content = "bin/sh", .size = 6);
	SAMPLE_ADD(sample, .path = "long", .mode = 0120777, .content = want, .size = 4095);
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	assert_int_equal(rump_sys_stat("/mnt/link", &status), 0);
	assert_int_equal(status.st_size, 2);
	assert_int_equal(rump_sys_readlink("/mnt/link", target, 3), 3);
	assert_memory_equal(target, "bin", 3);
	assert_int_equal(rump_sys_readlink("/mnt/long", target, sizeof(target)), 4095);
	assert_memory_equal(target, want, 4095);
}

/* ---- listing -------------------------------------------------------------------- */

/* The names in the directory from where fd is, read size bytes at a time, one after the other. */
static void
list(int fd, size_t size, char *names)
{
	char entries[1024];
	long length;

	*names = '\0';
	while ((length = rump_sys_getdents64(fd, entries, size)) > 0) {
		for (long at = 0; at < length;) {
			const struct dirent64 *entry = (const void *)(entries + at);

			strcat(strcat(names, entry->d_name), " ");
			at += entry->d_reclen;
		}
	}
	assert_int_equal(length, 0);
}

static void
directories_are_listed_in_the_order_of_the_archive(void **state)
{
	struct sample *sample = *state;
	char names[256];
	int fd;

	SAMPLE_ADD(sample, .path = "dir/z");
	SAMPLE_ADD(sample, .path = "other");
	SAMPLE_ADD(sample, .path = "dir/b", .mode = 0040755);
	SAMPLE_ADD(sample, .path = "dir/a");
	SAMPLE_ADD(sample, .path = "dir/z");
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	for (size_t size = 32; size < 200; size += 24) {
		fd = rump_sys_open("/mnt/dir", O_RDONLY | O_DIRECTORY);
		list(fd, size, names);
		assert_string_equal(names, ". .. z b a ");
		rump_sys_close(fd);
	}
	fd = rump_sys_open("/mnt/dir/b", O_RDONLY | O_DIRECTORY);
	list(fd, 1024, names);
	assert_string_equal(names, ". .. ");
	rump_sys_close(fd);
}

static void
a_forged_position_lists_nothing_or_what_follows(void **state)
{
	struct sample *sample = *state;
	char names[256];
	int fd;

	SAMPLE_ADD(sample, .path = "dir/one");
	SAMPLE_ADD(sample, .path = "elsewhere");
	SAMPLE_ADD(sample, .path = "dir/two");
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	fd = rump_sys_open("/mnt/dir", O_RDONLY | O_DIRECTORY);
	for (int64_t position = 2; position < 100; position++) {
		assert_int_equal(rump_sys_lseek(fd, position, SEEK_SET), position);
		list(fd, 1024, names);
		assert_true(strcmp(names, "one two ") == 0 || strcmp(names, "two ") == 0 ||
			    strcmp(names, "") == 0);
	}
	assert_true(rump_sys_lseek(fd, INT64_MAX, SEEK_SET) == INT64_MAX);
	list(fd, 1024, names);
	assert_string_equal(names, "");
	rump_sys_close(fd);
}

/* ---- mounting ------------------------------------------------------------------- */

static void
nothing_can_be_changed(void **state)
{
	struct sample *sample = *state;

	SAMPLE_ADD(sample, .path = "file");
	sample_end(sample);
	sample_start_kernel(sample);
	/* It is read-only whether that was asked for or not. */
	assert_int_equal(rump_sys_mount("/dev/archive", "/mnt", "cpio", 0, ""), 0);
	assert_int_equal(rump_sys_open("/mnt/file", O_WRONLY), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(rump_sys_mkdir("/mnt/dir", 0755), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(rump_sys_unlink("/mnt/file"), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(rump_sys_chmod("/mnt/file", 0), -1);
	assert_int_equal(errno, EROFS);
}

static void
what_is_no_archive_is_refused_with_a_reason(void **state)
{
	struct sample *sample = *state;

	sample_bytes(sample, "070707", 6);
	sample_pad(sample, 512);
	assert_int_equal(sample_mount(sample, ""), EINVAL);
	assert_true(sample_has_logged("does not begin with 070701 or 070702"));
	sample->size = 0;
	sample_end(sample);
	assert_int_equal(sample_mount(sample, "verify,colour"), EINVAL);
	assert_true(sample_has_logged("no option \"colour\""));
	sample->size = 0;
	assert_int_equal(sample_mount(sample, ""), EINVAL);
}

static void
an_archive_is_known_by_its_first_bytes_whatever_is_in_it(void **state)
{
	struct sample *sample = *state;
	uint8_t *content = calloc(1, 300000);
	struct stat status;

	/* What looks like superblocks of FFS, in all the places where one may be. */
	for (size_t i = 0; i < 300000 - 2048; i += 4)
		memcpy(content + i, "\x19\x01\x54\x19", 4);
	SAMPLE_ADD(sample, .path = "file", .content = content, .size = 300000);
	sample_end(sample);
	sample_start_kernel(sample);
	assert_int_equal(rump_sys_mount("/dev/archive", "/mnt", "auto", MS_RDONLY, ""), 0);
	assert_int_equal(rump_sys_stat("/mnt/file", &status), 0);
	free(content);
}

static void
tells_what_it_has_mounted(void **state)
{
	static const char *const lines[] = {
		"type: cpio\n",
		"\naccess: read-only\n",
		"\nformat: cpio (newc)\n",
		"\narchives: 2\n",
		"\nmembers: 3\n",
		"\nleft out: 1 damaged members\n",
		"\nsize: 756 of 1024 bytes\n",
	};
	struct sample *sample = *state;
	struct statfs statistics;
	char text[1024] = "";

	SAMPLE_ADD(sample, .path = "one");
	SAMPLE_ADD(sample, .path = "..", .mode = 0040755);
	sample_end(sample);
	SAMPLE_ADD(sample, .path = "dir/two", .mode = 0040755);
	sample_end(sample);
	assert_int_equal(sample_mount(sample, "partial"), 0);
	assert_true(rump_sys_getxattr("/mnt", "rump.filesystem", text, sizeof(text) - 1) > 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_non_null(strstr(text, lines[i]));
	assert_int_equal(rump_sys_statfs("/mnt", &statistics), 0);
	assert_int_equal(statistics.f_type, 0x6370696f);
	assert_int_equal(statistics.f_blocks, 2);
	assert_int_equal(statistics.f_bfree, 0);
	assert_int_equal(statistics.f_files, 4);
}

static void
a_store_that_cannot_be_read_is_an_error(void **state)
{
	struct sample *sample = *state;

	SAMPLE_ADD(sample, .path = "file", .size = 100000);
	sample_end(sample);
	sample_start_kernel(sample);
	sample->store.size = 50000; /* it has shrunk */
	assert_int_equal(rump_sys_mount("/dev/archive", "/mnt", "cpio", MS_RDONLY, ""), -1);
	assert_int_equal(errno, EIO);
	sample->store.size = sample->size;
	assert_int_equal(rump_sys_mount("/dev/archive", "/mnt", "cpio", MS_RDONLY, ""), 0);
	assert_int_equal(rump_sys_mkdir("/other", 0755), 0);
	assert_int_equal(rump_sys_mount("/dev/archive", "/other", "cpio", MS_RDONLY, ""), -1);
	assert_int_equal(errno, EBUSY);
}

/* ---- many at once ------------------------------------------------------------------ */

#define THREAD_COUNT 4
#define ROUND_COUNT  50

struct reader {
	struct rump_kernel *kernel;
	pthread_t thread;
	const char *wrong; /* what was, or NULL */
};

/* Look at everything in the archive once. */
static const char *
read_all(int round)
{
	char entries[1024], bytes[6000];
	int dir = rump_sys_open("/mnt/dir", O_RDONLY | O_DIRECTORY);
	int fd = rump_sys_open("/mnt/link", O_RDONLY);
	struct stat status;

	if (dir < 0 || rump_sys_getdents64(dir, entries, sizeof(entries)) <= 0)
		return "list";
	if (rump_sys_stat("/mnt/dir/none", &status) == 0)
		return "find what is not there";
	if (fd < 0 || rump_sys_pread(fd, bytes, sizeof(bytes), round * 90) != 5000 - round * 90)
		return "read";
	rump_sys_close(fd);
	rump_sys_close(dir);
	return NULL;
}

static void *
read_over_and_over(void *argument)
{
	struct reader *reader = argument;

	rump_kernel_switch(reader->kernel);
	for (int round = 0; round < ROUND_COUNT && reader->wrong == NULL; round++)
		reader->wrong = read_all(round);
	return NULL;
}

static void
many_threads_read_one_archive(void **state)
{
	struct sample *sample = *state;
	struct reader readers[THREAD_COUNT];

	SAMPLE_ADD(sample, .path = "dir/file", .size = 5000);
	SAMPLE_ADD(sample, .path = "link", .mode = 0120777, .content = "dir/file", .size = 8);
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	for (int i = 0; i < THREAD_COUNT; i++) {
		readers[i] = (struct reader){ .kernel = sample->kernel };
		assert_int_equal(pthread_create(&readers[i].thread, NULL, read_over_and_over,
				     &readers[i]),
		    0);
	}
	for (int i = 0; i < THREAD_COUNT; i++) {
		assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
		assert_null(readers[i].wrong);
	}
}

/* ---- without memory --------------------------------------------------------------- */

/* Mount, look, unmount.  Each step succeeds or says that there is no memory. */
static void
use_archive(void)
{
	struct stat status;
	char bytes[10];
	int fd;

	if (rump_sys_mount("/dev/archive", "/mnt", "cpio", MS_RDONLY, "verify") != 0) {
		assert_int_equal(errno, ENOMEM);
		return;
	}
	assert_true(rump_sys_stat("/mnt/dir/link", &status) == 0 || errno == ENOMEM);
	fd = rump_sys_open("/mnt/dir/file", O_RDONLY);
	assert_true(fd >= 0 || errno == ENOMEM);
	if (fd >= 0) {
		assert_true(rump_sys_read(fd, bytes, 10) == 10 || errno == ENOMEM);
		rump_sys_close(fd);
	}
	assert_int_equal(rump_sys_umount2("/mnt", 0), 0);
}

static void
every_allocation_may_fail(void **state)
{
	struct sample *sample = *state;
	bool has_failed = true;

	if (!IS_CHECKED)
		skip();
	SAMPLE_ADD(sample, .path = "dir/file", .ino = 1, .link_count = 2, .size = 5000);
	SAMPLE_ADD(sample, .path = "dir/second", .ino = 1, .link_count = 2);
	SAMPLE_ADD(sample, .path = "dir/link", .mode = 0120777, .content = "file", .size = 4);
	sample_end(sample);
	for (uint64_t n = 0; has_failed; n++) {
		assert_true(n < 1000);
		sample_start_kernel(sample);
		memory_fail_after(sample->kernel->kernel, n);
		use_archive();
		has_failed = memory_fail_stop(sample->kernel->kernel);
		sample_stop_kernel(sample); /* a kernel that left anything stops us */
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, sample_create, sample_destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_file_reads_as_it_was_packed),
		CASE(content_may_lie_at_any_multiple_of_four_and_be_read_in_any_pieces),
		CASE(a_file_at_the_very_end_of_the_store_is_read_whole),
		CASE(attributes_are_those_of_the_member),
		CASE(links_lead_where_they_say),
		CASE(directories_are_listed_in_the_order_of_the_archive),
		CASE(a_forged_position_lists_nothing_or_what_follows),
		CASE(nothing_can_be_changed),
		CASE(what_is_no_archive_is_refused_with_a_reason),
		CASE(an_archive_is_known_by_its_first_bytes_whatever_is_in_it),
		CASE(tells_what_it_has_mounted),
		CASE(a_store_that_cannot_be_read_is_an_error),
		CASE(many_threads_read_one_archive),
		CASE(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
