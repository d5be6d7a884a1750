/*
 * Compressed files, made by the usual programs in every way that matters, are
 * read like what was packed; what is damaged gives errors, never other bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/math.h"
#include "host/posix/compressed/compressed.h"
#include "host/posix/posix.h"
#include "tests/large.h"
#include "tests/random.h"

#define CONTENT_SIZE ((size_t)1300001) /* of no round number */
#define READ_MAX     300000
#define FLIP_COUNT   30
#define THREAD_COUNT 4

static char folder[64]; /* has "content", and "packed" after pack() */
static uint8_t content[CONTENT_SIZE];

/* Ways to pack $f; the first of each format is the one that is damaged. */
static const struct way {
	const char *name;
	const char *command;
} ways[] = {
	{ "gzip", "gzip -c $f" },
	{ "gzip, fast", "gzip -1c $f" },
	{ "gzip of several members",
	    "{ head -c 700001 $f | gzip; tail -c +700002 $f | gzip -9; }" },
	{ "gzip with zeros behind", "{ gzip -c $f; head -c 70000 /dev/zero; }" },
	{ "xz", "xz -c $f" },
	{ "xz in blocks", "xz -1 -c --block-size=300000 $f" },
	{ "xz of several streams",
	    "{ head -c 9 $f | xz; head -c 8 /dev/zero; tail -c +10 $f | xz -0 -C sha256; }" },
	{ "xz without check, filtered", "xz -c -C none --x86 --lzma2=preset=1 $f" },
	{ "zstd", "zstd -qc $f" },
	{ "zstd from a pipe", "cat $f | zstd -qc" },
	{ "zstd without check, thorough", "zstd -qc --no-check -19 $f" },
	{ "zstd of several frames",
	    "{ head -c 800001 $f | zstd -qc; tail -c +800002 $f | zstd -qc --long=27; }" },
	{ "zstd with a frame to skip",
	    "{ printf 'P\\052\\115\\030\\004\\0\\0\\0abcd'; zstd -qc $f; }" },
};

static void
path_of(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", folder, name);
}

static uint8_t *
read_all(const char *name, size_t *size)
{
	char path[128];
	struct stat status;
	uint8_t *bytes;
	int fd;

	path_of(path, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && fstat(fd, &status) == 0);
	*size = (size_t)status.st_size;
	bytes = malloc(*size + 1);
	assert_int_equal(read(fd, bytes, *size), *size);
	close(fd);
	return bytes;
}

static void
write_all(const char *name, const uint8_t *bytes, size_t size)
{
	char path[128];
	int fd;

	path_of(path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

/* Pack the file called name to "packed". */
static void
pack(const char *command, const char *name)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && f=%s && %s >packed", folder, name, command);
	assert_int_equal(system(line), 0);
}

struct file {
	int fd;
	struct compressed *store;
	uint64_t size;
	struct host_block_fault fault;
};

static int
file_open(struct file *file)
{
	char path[128];
	struct stat status;

	path_of(path, "packed");
	*file = (struct file){ .fd = open(path, O_RDONLY) };
	assert_true(file->fd >= 0);
	assert_int_equal(fstat(file->fd, &status), 0);
	return compressed_open(file->fd, (uint64_t)status.st_size, &file->store, &file->size,
	    &file->fault);
}

static void
file_close(struct file *file)
{
	if (file->store != NULL)
		compressed_close(file->store);
	close(file->fd);
}

/* Can this build read what is packed?  Without the library it is not recognised. */
static bool
is_supported(void)
{
	struct file file;
	bool result = file_open(&file) != 0 || file.store != NULL;

	file_close(&file);
	return result;
}

static int
read_at(struct file *file, uint64_t offset, void *buffer, size_t size)
{
	struct segment segments[] = {
		{ buffer, size / 3 },
		{ (uint8_t *)buffer + size / 3, 0 },
		{ (uint8_t *)buffer + size / 3, size - size / 3 },
	};

	return compressed_read(file->store, offset, segments, 3, &file->fault);
}

/* ---- what is whole ----------------------------------------------------------------------------- */

/* Read pieces anywhere, backward in between. */
static bool
reads_right(struct file *file, uint64_t seed, unsigned count)
{
	struct random random = { seed };
	uint8_t *buffer = malloc(READ_MAX);
	bool result = true;

	for (unsigned i = 0; i < count && result; i++) {
		uint64_t offset = random_below(&random, CONTENT_SIZE);
		size_t size = (size_t)random_below(&random, i % 3 == 0 ? READ_MAX : 5000);

		size = (size_t)min_u64(size, CONTENT_SIZE - offset);
		result = read_at(file, offset, buffer, size) == 0 &&
			 memcmp(buffer, content + offset, size) == 0;
	}
	free(buffer);
	return result;
}

static void
what_was_packed_is_read_in_any_order(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct file file;

		print_message("# %s\n", ways[i].name);
		pack(ways[i].command, "content");
		if (!is_supported())
			continue;
		assert_int_equal(file_open(&file), 0);
		assert_int_equal(file.size, CONTENT_SIZE);
		assert_true(reads_right(&file, i, 60));
		file_close(&file);
	}
}

struct reader {
	struct file *file;
	uint64_t seed;
	bool is_right;
};

static void *
run_reader(void *argument)
{
	struct reader *reader = argument;
	struct file file = *reader->file;

	reader->is_right = reads_right(&file, reader->seed, 30);
	return NULL;
}

static void
many_threads_read_one_store(void **state)
{
	struct reader readers[THREAD_COUNT];
	pthread_t threads[THREAD_COUNT];
	struct file file;

	pack("gzip -c $f", "content");
	if (!is_supported())
		skip();
	assert_int_equal(file_open(&file), 0);
	for (unsigned i = 0; i < THREAD_COUNT; i++) {
		readers[i] = (struct reader){ .file = &file, .seed = i };
		assert_int_equal(pthread_create(&threads[i], NULL, run_reader, &readers[i]), 0);
	}
	for (unsigned i = 0; i < THREAD_COUNT; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(readers[i].is_right);
	}
	file_close(&file);
}

static void
nothing_and_much_can_be_packed(void **state)
{
	static const char *const commands[] = { "gzip -c $f", "xz -0c $f", "zstd -qc <$f" };
	const uint64_t much = (uint64_t)100 << 20;
	char path[128];
	uint8_t bytes[4096];

	write_all("nothing", content, 0);
	write_all("much", content, 0);
	path_of(path, "much");
	assert_int_equal(truncate(path, (off_t)much), 0);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct file file;

		pack(commands[i], "nothing");
		if (!is_supported())
			continue;
		assert_int_equal(file_open(&file), 0);
		assert_int_equal(file.size, 0);
		file_close(&file);
		pack(commands[i], "much");
		assert_int_equal(file_open(&file), 0);
		assert_int_equal(file.size, much);
		assert_int_equal(read_at(&file, much - sizeof(bytes), bytes, sizeof(bytes)), 0);
		assert_true(bytes[0] == 0 && bytes[sizeof(bytes) - 1] == 0);
		assert_int_equal(read_at(&file, 1, bytes, sizeof(bytes)), 0);
		file_close(&file);
	}
}

static void
other_files_are_left_alone(void **state)
{
	struct file file;

	write_all("packed", (const uint8_t *)"", 0);
	assert_int_equal(file_open(&file), 0);
	assert_null(file.store);
	file_close(&file);
	write_all("packed", content, 5000);
	assert_int_equal(file_open(&file), 0);
	assert_null(file.store);
	file_close(&file);
}

static void
what_is_packed_cannot_be_written(void **state)
{
	struct host_block_info info;
	struct host_block *block;
	struct host *host;
	char path[128];

	pack("gzip -c $f", "content");
	if (!is_supported())
		skip();
	path_of(path, "packed");
	assert_int_equal(posix_host_create(&host), 0);
	assert_int_equal(posix_host_ops.block_open(host, path, true, &block, &info), -EROFS);
	assert_int_equal(posix_host_ops.block_open(host, path, false, &block, &info), 0);
	assert_int_equal(info.size, CONTENT_SIZE);
	assert_true(info.is_read_only);
	posix_host_ops.block_close(host, block);
	posix_host_destroy(host);
}

/* ---- what is damaged -------------------------------------------------------------------------- */

enum outcome {
	NOT_PACKED,
	OPEN_FAILED,
	READ_FAILED,
	READ_RIGHT,
};

/* What "packed" gives: an error that says what is wrong, or the right bytes. */
static enum outcome
try_packed(void)
{
	static uint8_t buffer[CONTENT_SIZE];
	enum outcome outcome = READ_RIGHT;
	struct file file;
	int error = file_open(&file);

	if (error != 0) {
		assert_true(error == -EUCLEAN || error == -EOPNOTSUPP);
		assert_non_null(file.fault.what);
		outcome = OPEN_FAILED;
	} else if (file.store == NULL) {
		outcome = NOT_PACKED;
	} else if (file.size == CONTENT_SIZE) {
		error = read_at(&file, 0, buffer, CONTENT_SIZE);
		if (error != 0) {
			assert_int_equal(error, -EIO);
			assert_non_null(file.fault.what);
			/* It fails again, and soon. */
			assert_int_equal(read_at(&file, 0, buffer, CONTENT_SIZE), -EIO);
			outcome = READ_FAILED;
		} else {
			assert_large_equal(buffer, content, CONTENT_SIZE);
		}
	} else {
		outcome = OPEN_FAILED; /* it has another size, of whole members */
	}
	file_close(&file);
	return outcome;
}

static bool
is_first_of_format(const char *name)
{
	return strchr(name, ' ') == NULL || strcmp(name, "xz in blocks") == 0;
}

/* Pack in each simple way, and call try with the bytes. */
static void
for_each_format(void (*try)(uint8_t *bytes, size_t size))
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		uint8_t *bytes;
		size_t size;

		if (!is_first_of_format(ways[i].name))
			continue;
		print_message("# %s\n", ways[i].name);
		pack(ways[i].command, "content");
		if (!is_supported())
			continue;
		bytes = read_all("packed", &size);
		try(bytes, size);
		free(bytes);
	}
}

static void
truncate_everywhere(uint8_t *bytes, size_t size)
{
	for (size_t cut = 1; cut < size; cut += 1 + cut / 2) {
		enum outcome outcome;

		write_all("packed", bytes, size - cut);
		outcome = try_packed();
		assert_true(outcome == OPEN_FAILED || outcome == READ_FAILED);
	}
	for (size_t left = 0; left < 20; left++) {
		write_all("packed", bytes, left);
		assert_int_not_equal(try_packed(), READ_RIGHT);
	}
}

static void
files_that_are_cut_off_are_errors(void **state)
{
	for_each_format(truncate_everywhere);
}

static void
flip_everywhere(uint8_t *bytes, size_t size)
{
	struct random random = { size };
	unsigned harmless = 0;

	for (unsigned i = 0; i < 3 * FLIP_COUNT; i++) {
		/* A third each: the first bytes, the last, and all others. */
		uint64_t place = i < FLIP_COUNT	      ? i / 2
				 : i < 2 * FLIP_COUNT ? size - 1 - (i - FLIP_COUNT) / 2
						      : random_below(&random, size);
		uint8_t bit = (uint8_t)(1 << random_below(&random, 8));

		bytes[place] ^= bit;
		write_all("packed", bytes, size);
		harmless += try_packed() == READ_RIGHT;
		bytes[place] ^= bit;
	}
	/* Times, names and such in headers, nothing else. */
	assert_true(harmless < FLIP_COUNT);
}

static void
flipped_bits_never_give_other_bytes(void **state)
{
	for_each_format(flip_everywhere);
}

static void
append_garbage(uint8_t *bytes, size_t size)
{
	char path[128];
	FILE *file;

	write_all("packed", bytes, size);
	path_of(path, "packed");
	file = fopen(path, "a");
	assert_non_null(file);
	fputs("garbage of some length, which means nothing", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(try_packed(), OPEN_FAILED);
}

static void
garbage_behind_is_an_error(void **state)
{
	for_each_format(append_garbage);
}

/* ---- zstd's seek table -------------------------------------------------------------------------- */

/* Pack content in two frames with a seek table that claims these sizes. */
static void
pack_seekable(uint32_t first_content, uint32_t second_content)
{
	uint8_t table[8 + 2 * 8 + 9];
	uint8_t *first, *second, *all;
	size_t first_size, second_size;

	pack("head -c 1000000 $f | zstd -qc", "content");
	first = read_all("packed", &first_size);
	pack("tail -c +1000001 $f | zstd -qc", "content");
	second = read_all("packed", &second_size);
	store_le32(table, 0x184d2a5e);
	store_le32(table + 4, sizeof(table) - 8);
	store_le32(table + 8, (uint32_t)first_size);
	store_le32(table + 12, first_content);
	store_le32(table + 16, (uint32_t)second_size);
	store_le32(table + 20, second_content);
	store_le32(table + 24, 2);
	table[28] = 0;
	store_le32(table + 29, 0x8f92eab1);
	all = malloc(first_size + second_size + sizeof(table));
	memcpy(all, first, first_size);
	memcpy(all + first_size, second, second_size);
	memcpy(all + first_size + second_size, table, sizeof(table));
	write_all("packed", all, first_size + second_size + sizeof(table));
	free(first);
	free(second);
	free(all);
}

static void
a_seek_table_is_used_but_not_trusted(void **state)
{
	const uint32_t first = 1000000, second = CONTENT_SIZE - 1000000;
	struct file file;

	pack_seekable(first, second);
	if (!is_supported())
		skip();
	assert_int_equal(try_packed(), READ_RIGHT);
	assert_int_equal(file_open(&file), 0);
	assert_true(reads_right(&file, 1, 60));
	file_close(&file);
	pack_seekable(first + 1, second - 1);
	assert_int_equal(try_packed(), READ_FAILED);
	pack_seekable(first - 300000, second + 300000);
	assert_int_equal(try_packed(), READ_FAILED);
	pack_seekable(CONTENT_SIZE, 0);
	assert_int_equal(try_packed(), READ_FAILED);
}

static int
setup(void **state)
{
	const char *parent = getenv("TMPDIR");
	struct random random = { 1 };

	snprintf(folder, sizeof(folder), "%s/compressed.XXXXXX",
	    parent != NULL && strlen(parent) < 40 ? parent : "/tmp");
	assert_non_null(mkdtemp(folder));
	for (size_t at = 0; at < CONTENT_SIZE; at++) {
		if (at % 400000 < 100000)
			content[at] = (uint8_t)random_below(&random, 256);
		else if (at % 400000 < 250000)
			content[at] = (uint8_t) "some text that repeats, more or less"[at % 37];
	}
	write_all("content", content, CONTENT_SIZE);
	return 0;
}

static int
teardown(void **state)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -r %s", folder);
	return system(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_packed_is_read_in_any_order),
		cmocka_unit_test(many_threads_read_one_store),
		cmocka_unit_test(nothing_and_much_can_be_packed),
		cmocka_unit_test(other_files_are_left_alone),
		cmocka_unit_test(what_is_packed_cannot_be_written),
		cmocka_unit_test(files_that_are_cut_off_are_errors),
		cmocka_unit_test(flipped_bits_never_give_other_bytes),
		cmocka_unit_test(garbage_behind_is_an_error),
		cmocka_unit_test(a_seek_table_is_used_but_not_trusted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
