/*
 * Tests of what becomes of members: honest ones, odd ones and hostile ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "tests/cpio_sample.h"

#define DIRECTORY 0040755
#define LINK	  0120777
#define REGULAR	  0100644

/* ---- what the tests ask of a mounted archive --------------------------------------- */

/* 0, or the errno of looking at path. */
static int
look(const char *path, struct stat *status)
{
	return rump_sys_lstat(path, status) == 0 ? 0 : errno;
}

/* The content of the file at path is text. */
static void
assert_reads(const char *path, const char *text)
{
	char content[256];
	int fd = rump_sys_open(path, O_RDONLY);
	long length;

	assert_true(fd >= 0);
	length = rump_sys_read(fd, content, sizeof(content));
	assert_int_equal(length, strlen(text));
	assert_memory_equal(content, text, strlen(text));
	rump_sys_close(fd);
}

static void
assert_is(const char *path, uint32_t mode, uint64_t link_count)
{
	struct stat status;

	assert_int_equal(look(path, &status), 0);
	assert_int_equal(status.st_mode, mode);
	assert_int_equal(status.st_nlink, link_count);
}

/* A member that is a file with this content. */
static size_t
add_file(struct sample *sample, const char *path, const char *content)
{
	return SAMPLE_ADD(sample, .path = path, .content = content, .size = strlen(content));
}

/* ---- honest members ---------------------------------------------------------------- */

static void
paths_are_relative_to_the_root(void **state)
{
	struct sample *sample = *state;

	add_file(sample, "/absolute", "1");
	add_file(sample, "./dot", "2");
	add_file(sample, "a//./b/", "3");
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	assert_reads("/mnt/absolute", "1");
	assert_reads("/mnt/dot", "2");
	assert_reads("/mnt/a/b", "3");
}

static void
missing_parents_are_made(void **state)
{
	struct sample *sample = *state;

	add_file(sample, "a/b/c", "deep");
	SAMPLE_ADD(sample, .path = "a", .mode = 0040700, .uid = 5);
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	assert_reads("/mnt/a/b/c", "deep");
	assert_is("/mnt/a", 0040700, 3); /* as the later member says */
	assert_is("/mnt/a/b", 0040755, 2);
}

static void
the_root_takes_its_attributes_from_a_member(void **state)
{
	struct sample *sample = *state;
	struct stat status;

	SAMPLE_ADD(sample, .path = ".", .mode = 0041777, .uid = 3, .gid = 4);
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	assert_is("/mnt", 0041777, 2);
	assert_int_equal(look("/mnt", &status), 0);
	assert_int_equal(status.st_uid, 3);
	assert_int_equal(status.st_gid, 4);
	assert_int_equal(status.st_mtime, SAMPLE_TIME);
}

static void
an_empty_archive_is_an_empty_directory(void **state)
{
	struct sample *sample = *state;

	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	assert_is("/mnt", 0040755, 2);
}

static void
names_of_one_inode_are_one_file_whichever_has_the_content(void **state)
{
	for (int with_content = 0; with_content < 3; with_content++) {
		static const char *const names[] = { "one", "two", "dir/three" };
		struct sample *sample = *state;
		struct stat first, status;

		sample->size = 0;
		for (int i = 0; i < 3; i++)
			SAMPLE_ADD(sample, .path = names[i], .ino = 7, .link_count = 3,
			    .content = "content", .size = i == with_content ? 7 : 0);
		SAMPLE_ADD(sample, .path = "other", .ino = 8, .link_count = 3);
		SAMPLE_ADD(sample, .path = "link", .ino = 7, .link_count = 3, .mode = LINK,
		    .content = "x", .size = 1);
		SAMPLE_ADD(sample, .path = "alone", .ino = 7, .link_count = 1);
		sample_end(sample);
		assert_int_equal(sample_mount(sample, ""), 0);
		assert_reads("/mnt/one", "content");
		assert_reads("/mnt/dir/three", "content");
		assert_is("/mnt/two", REGULAR, 3);
		assert_int_equal(look("/mnt/one", &first), 0);
		assert_int_equal(look("/mnt/two", &status), 0);
		assert_int_equal(first.st_ino, status.st_ino);
		assert_is("/mnt/other", REGULAR, 1);
		assert_is("/mnt/link", LINK, 1);
		assert_is("/mnt/alone", REGULAR, 1);
	}
}

static void
of_members_with_the_same_path_the_last_one_counts(void **state)
{
	struct sample *sample = *state;

	add_file(sample, "file", "old");
	add_file(sample, "file", "new");
	add_file(sample, "becomes-dir", "old");
	SAMPLE_ADD(sample, .path = "becomes-dir", .mode = DIRECTORY);
	add_file(sample, "becomes-dir/in", "it");
	SAMPLE_ADD(sample, .path = "becomes-file", .mode = DIRECTORY);
	add_file(sample, "becomes-file", "new");
	SAMPLE_ADD(sample, .path = "dir", .mode = DIRECTORY);
	add_file(sample, "dir/stays", "yes");
	SAMPLE_ADD(sample, .path = "dir", .mode = 0040711);
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	assert_reads("/mnt/file", "new");
	assert_is("/mnt/file", REGULAR, 1);
	assert_reads("/mnt/becomes-dir/in", "it");
	assert_reads("/mnt/becomes-file", "new");
	assert_is("/mnt/dir", 0040711, 2);
	assert_reads("/mnt/dir/stays", "yes");
	assert_is("/mnt", 0040755, 4);
}

static void
archives_that_follow_are_read_too_and_have_inodes_of_their_own(void **state)
{
	struct sample *sample = *state;

	SAMPLE_ADD(sample, .path = "one", .ino = 1, .link_count = 2, .content = "1", .size = 1);
	add_file(sample, "replaced", "old");
	sample_end(sample);
	sample_pad(sample, 4096);
	SAMPLE_ADD(sample, .path = "two", .ino = 1, .link_count = 2, .content = "2", .size = 1);
	add_file(sample, "replaced", "new");
	SAMPLE_ADD(sample, .path = "TRAILER!!!"); /* without padding between */
	add_file(sample, "three", "3");
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	assert_reads("/mnt/one", "1");
	assert_reads("/mnt/two", "2");
	assert_reads("/mnt/three", "3");
	assert_reads("/mnt/replaced", "new");
	assert_is("/mnt/one", REGULAR, 1);
}

static void
archives_far_away_or_at_odd_places_are_something_else(void **state)
{
	static const struct {
		size_t gap;
		int want;
		const char *line;
	} rows[] = {
		{ 1 << 19, 0, "\narchives: 2\n" },
		{ (1 << 20) + 512, ENOENT, "\narchives: 1\n" }, /* zeros until one gives up */
		{ 514, ENOENT, "\nfollowed by: something else at byte 1026\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sample *sample = *state;
		char text[1024];
		struct stat status;

		sample->size = 0;
		sample_end(sample);
		sample_bytes(sample, NULL, rows[i].gap);
		add_file(sample, "file", "1");
		sample_end(sample);
		assert_int_equal(sample_mount(sample, ""), 0);
		assert_int_equal(look("/mnt/file", &status), rows[i].want);
		memset(text, 0, sizeof(text));
		assert_true(
		    rump_sys_getxattr("/mnt", "rump.filesystem", text, sizeof(text) - 1) > 0);
		assert_non_null(strstr(text, rows[i].line));
	}
}

static void
what_else_follows_is_no_damage(void **state)
{
	struct sample *sample = *state;
	char text[1024];

	add_file(sample, "file", "1");
	sample_end(sample);
	sample_bytes(sample, "\x1f\x8b\x08", 3); /* a compressed archive, as boot loaders take */
	sample_pad(sample, 512);
	assert_int_equal(sample_mount(sample, ""), 0);
	assert_reads("/mnt/file", "1");
	memset(text, 0, sizeof(text));
	assert_true(rump_sys_getxattr("/mnt", "rump.filesystem", text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "\nfollowed by: something else at byte 512\n"));
}

/* ---- damage ---------------------------------------------------------------------- */

static void
cut_off_in_a_header(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "file", .size = 332);
	add_file(sample, "file2", "2");
	sample->size = 512;
}

static void
cut_off_in_a_path(struct sample *sample)
{
	char path[4096];

	memset(path, 'p', sizeof(path));
	SAMPLE_ADD(sample, .path = path, .path_size = sizeof(path));
	sample->size = 512;
}

static void
cut_off_in_content(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "file", .size = 2000);
	sample->size = 1536;
}

static void
content_larger_than_any_store(struct sample *sample)
{
	size_t offset = SAMPLE_ADD(sample, .path = "file");

	memcpy(sample->bytes + offset + 54, "FFFFFFFF", 8);
	sample_end(sample);
}

static void
zeros_in_place_of_a_member(struct sample *sample)
{
	add_file(sample, "file", "1");
	sample_pad(sample, 1024);
}

static void
garbage_between_members(struct sample *sample)
{
	add_file(sample, "file", "1");
	sample_bytes(sample, "rubbish!", 8);
	add_file(sample, "file2", "2");
	sample_end(sample);
}

static void
header_that_makes_no_sense(struct sample *sample)
{
	size_t offset = add_file(sample, "file", "1");

	sample->bytes[offset + 40] = 'x';
	sample_end(sample);
}

static void
path_without_end(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "file", .path_size = 4);
	sample_end(sample);
}

static void
path_with_two_ends(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "a\0b", .path_size = 4);
	sample_end(sample);
}

static void
path_that_climbs(struct sample *sample)
{
	add_file(sample, "dir/../../etc/passwd", "root::0:0");
	sample_end(sample);
}

static void
path_that_only_climbs(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "..", .mode = DIRECTORY);
	sample_end(sample);
}

static void
name_that_is_too_long(struct sample *sample)
{
	char path[300];

	memset(path, 'n', sizeof(path));
	SAMPLE_ADD(sample, .path = path, .path_size = 257, .content = "", .size = 0);
	sample->bytes[110 + 256] = '\0';
	sample_end(sample);
}

static void
file_without_a_name(struct sample *sample)
{
	add_file(sample, "", "1");
	sample_end(sample);
}

static void
file_in_place_of_the_root(struct sample *sample)
{
	add_file(sample, "./", "1");
	sample_end(sample);
}

static void
file_of_no_type(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "file", .mode = 0644);
	sample_end(sample);
}

static void
mode_with_more_bits_than_there_are(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "file", .mode = 0x10000 | REGULAR);
	sample_end(sample);
}

static void
path_through_a_file(struct sample *sample)
{
	add_file(sample, "file", "1");
	add_file(sample, "file/in", "2");
	sample_end(sample);
}

static void
path_through_a_symbolic_link(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "link", .mode = LINK, .content = "/etc", .size = 4);
	add_file(sample, "link/passwd", "root::0:0");
	sample_end(sample);
}

static void
full_directory_replaced(struct sample *sample)
{
	add_file(sample, "dir/file", "1");
	add_file(sample, "dir", "2");
	sample_end(sample);
}

static void
link_without_a_target(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "link", .mode = LINK);
	sample_end(sample);
}

static void
link_with_a_target_too_long(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "link", .mode = LINK, .size = 4096);
	sample_end(sample);
}

static void
major_number_too_large(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "device", .mode = 0020600, .node_major = 1 << 12);
	sample_end(sample);
}

static void
minor_number_too_large(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "device", .mode = 0060600, .node_minor = 1 << 20);
	sample_end(sample);
}

static const struct {
	void (*make)(struct sample *sample);
	const char *log; /* what it says */
	bool is_member;	 /* option partial leaves out this member and no more */
} damages[] = {
	{ cut_off_in_a_header, "member at byte 448: archive ends", false },
	{ cut_off_in_a_path, "cut off in a path", false },
	{ cut_off_in_content, "\"file\": archive is cut off", false },
	{ content_larger_than_any_store, "\"file\": archive is cut off", false },
	{ zeros_in_place_of_a_member, "member at byte 120: header is none", false },
	{ garbage_between_members, "member at byte 120: header is none", false },
	{ header_that_makes_no_sense, "member at byte 0: header is none", false },
	{ path_without_end, "path does not end", false },
	{ path_with_two_ends, "path does not end", false },
	{ path_that_climbs, "\"dir/../../etc/passwd\": path has", true },
	{ path_that_only_climbs, "path has \"..\"", true },
	{ name_that_is_too_long, "longer than 255", true },
	{ file_without_a_name, "path of a file is empty", true },
	{ file_in_place_of_the_root, "path of a file is empty", true },
	{ file_of_no_type, "type of file is unknown", true },
	{ mode_with_more_bits_than_there_are, "type of file is unknown", true },
	{ path_through_a_file, "no directory", true },
	{ path_through_a_symbolic_link, "no directory", true },
	{ full_directory_replaced, "not empty", true },
	{ link_without_a_target, "empty or too long", true },
	{ link_with_a_target_too_long, "empty or too long", true },
	{ major_number_too_large, "too large", true },
	{ minor_number_too_large, "too large", true },
};

static void
damage_is_an_error_and_a_line_that_says_where(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct sample *sample = *state;

		sample->size = 0;
		damages[i].make(sample);
		assert_int_equal(sample_mount(sample, ""), EUCLEAN);
		assert_true(sample_has_logged("cpio: archive: member at byte "));
		assert_true(sample_has_logged(damages[i].log));
	}
}

static void
option_partial_shows_what_is_good(void **state)
{
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct sample *sample = *state;

		sample->size = 0;
		damages[i].make(sample);
		if (damages[i].is_member) {
			/* Another archive follows; it is whole. */
			add_file(sample, "last", "still there");
			sample_end(sample);
		}
		assert_int_equal(sample_mount(sample, "partial"), 0);
		assert_true(sample_has_logged(damages[i].log));
		assert_int_equal(look("/mnt/last", &status), damages[i].is_member ? 0 : ENOENT);
		assert_int_equal(look("/mnt/etc", &status), ENOENT);
	}
}

static void
much_damage_does_not_fill_the_log(void **state)
{
	struct sample *sample = *state;

	add_file(sample, "../first", "");
	for (int i = 0; i < 1000; i++)
		add_file(sample, "../next", "");
	add_file(sample, "../last", "");
	sample_end(sample);
	assert_int_equal(sample_mount(sample, "partial"), 0);
	assert_true(sample_has_logged("\"../first\""));
	assert_false(sample_has_logged("\"../last\""));
}

static void
checksums_are_verified_if_that_is_wanted(void **state)
{
	static const struct {
		const char *magic, *options;
		uint32_t checksum, mode;
		int want;
		bool is_empty;
	} rows[] = {
		{ "070702", "verify", 'a' + 'b', REGULAR, 0, false },
		{ "070702", "verify", 'a' + 'b' + 1, REGULAR, EUCLEAN, false },
		{ "070702", "verify,partial", 0, REGULAR, 0, false },
		{ "070702", "", 0, REGULAR, 0, false },	      /* not wanted */
		{ "070701", "verify", 0, REGULAR, 0, false }, /* has none */
		{ "070702", "verify", 0, LINK, 0, false },    /* nobody writes one */
		{ "070702", "verify", 7, REGULAR, 0, true },  /* it is with another name */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sample *sample = *state;

		sample->size = 0;
		SAMPLE_ADD(sample, .magic = rows[i].magic, .path = "file", .mode = rows[i].mode,
		    .content = "ab", .size = rows[i].is_empty ? 0 : 2,
		    .checksum = rows[i].checksum);
		sample_end(sample);
		assert_int_equal(sample_mount(sample, rows[i].options), rows[i].want);
		if (rows[i].want != 0)
			assert_true(sample_has_logged("\"file\": checksum is wrong"));
	}
}

static void
a_checksum_of_much_content_is_verified_to_its_end(void **state)
{
	static uint8_t content[100001];
	struct sample *sample = *state;

	content[sizeof(content) - 1] = 9;
	SAMPLE_ADD(sample, .magic = "070702", .path = "large", .content = content,
	    .size = sizeof(content), .checksum = 9);
	sample_end(sample);
	assert_int_equal(sample_mount(sample, "verify"), 0);
	sample->bytes[120 + sizeof(content) - 1]++;
	assert_int_equal(sample_mount(sample, "verify"), EUCLEAN);
}

/* ---- much of it -------------------------------------------------------------------- */

static void
a_path_may_be_as_deep_as_it_is_long(void **state)
{
	struct sample *sample = *state;
	char path[4096];

	memset(path, 0, sizeof(path));
	for (size_t i = 0; i < 4094; i += 2)
		memcpy(path + i, "d/", 2);
	path[4094] = 'f';
	add_file(sample, path, "bottom");
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), 0);
	assert_is("/mnt/d/d/d/d/d/d/d/d", 0040755, 3);
}

static void
an_archive_may_not_take_all_memory(void **state)
{
	struct sample *sample = *state;
	char path[4096];

	/* Each member makes a thousand directories of its own. */
	sample->memory_limit = 8 << 20;
	for (int i = 0; i < 200; i++) {
		memset(path, 0, sizeof(path));
		for (size_t at = 0; at < 2000; at += 2)
			memcpy(path + at, "d/", 2);
		path[0] = (char)('a' + i % 26);
		path[2] = (char)('a' + i / 26);
		add_file(sample, path, "");
	}
	sample_end(sample);
	assert_int_equal(sample_mount(sample, ""), ENOMEM);
	assert_true(sample_has_logged("take too much memory"));
	sample->memory_limit = 0;
	assert_int_equal(sample_mount(sample, ""), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, sample_create, sample_destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(paths_are_relative_to_the_root),
		CASE(missing_parents_are_made),
		CASE(the_root_takes_its_attributes_from_a_member),
		CASE(an_empty_archive_is_an_empty_directory),
		CASE(names_of_one_inode_are_one_file_whichever_has_the_content),
		CASE(of_members_with_the_same_path_the_last_one_counts),
		CASE(archives_that_follow_are_read_too_and_have_inodes_of_their_own),
		CASE(archives_far_away_or_at_odd_places_are_something_else),
		CASE(what_else_follows_is_no_damage),
		CASE(damage_is_an_error_and_a_line_that_says_where),
		CASE(option_partial_shows_what_is_good),
		CASE(much_damage_does_not_fill_the_log),
		CASE(checksums_are_verified_if_that_is_wanted),
		CASE(a_checksum_of_much_content_is_verified_to_its_end),
		CASE(a_path_may_be_as_deep_as_it_is_long),
		CASE(an_archive_may_not_take_all_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
