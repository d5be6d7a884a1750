/*
 * Eight threads write one FFS image through the library: create, write, append,
 * truncate, rename, link, unlink and punch at random, from seeds.
 *
 * Each has a directory of its own and a model of it, a naive file system in
 * memory, with which every result and every byte must agree whatever the others
 * do.  Besides, all of them fight over a few names in one directory, where a
 * call may fail, but only with what the others can have caused.  Whether the
 * image is whole after that the checker says.  Sanitized for threads, this finds
 * races.
 *
 * Bounded by counts, not by time: RUMP_TEST_ROUNDS is how often all models are
 * compared and the image is checked, RUMP_TEST_SEED another seed.  The long form
 * goes on with more rounds for RUMP_TEST_SECONDS, on each of the file systems, and
 * RUMP_TEST_KEEP is a folder where it leaves the images.
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
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tests/ffs_check.h"
#include "tests/random.h"

#define THREADS	   8
#define STEPS	   400 /* of each thread in a round */
#define NAMES	   12  /* of each thread, and of those they fight over */
#define FILE_MAX   200000
#define IMAGE_SIZE ((uint64_t)64 << 20)
#define PATH_SIZE  48
#define NONE	   (-1)

struct model_file {
	unsigned links; /* 0: not in use */
	size_t size;
	uint8_t *content; /* FILE_MAX bytes */
};

struct worker {
	unsigned number;
	struct random random;
	struct model_file files[NAMES + 1];
	int entries[NAMES]; /* which file, or NONE */
	uint8_t *data;	    /* FILE_MAX bytes */
};

static struct worker workers[THREADS];
static _Atomic unsigned failures;

/* ---- what is expected ------------------------------------------------------------- */

static void
fail_at(const struct worker *worker, const char *what, const char *path)
{
	printf("# thread %u: %s: %s: errno %d\n", worker->number, path, what, errno);
	atomic_fetch_add(&failures, 1);
}

/* A call returned result; if it was to fail, then with error. */
static bool
expect(const struct worker *worker, long result, int error, const char *what, const char *path)
{
	if (error == 0 ? result < 0 : result >= 0 || errno != error)
		fail_at(worker, what, path);
	return result >= 0;
}

/* A call on a name that others change, too. */
static void
expect_usual(const struct worker *worker, long result, const char *what, const char *path)
{
	if (result < 0 && errno != ENOENT && errno != EEXIST)
		fail_at(worker, what, path);
}

static void
own_path(const struct worker *worker, int name, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "/mnt/own%u/%0*d", worker->number, name % 4 == 0 ? 30 : 1, name);
}

static int
any_name(struct worker *worker)
{
	return (int)random_below(&worker->random, NAMES);
}

/* ---- steps in a directory of one's own ------------------------------------------------ */

static void
step_create(struct worker *worker, int name, const char *path)
{
	int fd = rump_sys_open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
	int *entry = &worker->entries[name];

	if (!expect(worker, fd, *entry == NONE ? 0 : EEXIST, "create", path))
		return;
	rump_sys_close(fd);
	for (*entry = 0; worker->files[*entry].links > 0;)
		++*entry;
	worker->files[*entry].links = 1;
	worker->files[*entry].size = 0;
	memset(worker->files[*entry].content, 0, FILE_MAX);
}

/* Open what name leads to; NULL, with the right error, if it leads nowhere. */
static struct model_file *
open_file(struct worker *worker, int name, const char *path, int *fd)
{
	int entry = worker->entries[name];

	*fd = rump_sys_open(path, O_RDWR);
	if (!expect(worker, *fd, entry == NONE ? ENOENT : 0, "open", path))
		return NULL;
	return entry == NONE ? NULL : &worker->files[entry];
}

static void
step_write(struct worker *worker, int name, const char *path)
{
	static const size_t lengths[] = { 60, 900, 9000, 120000 };
	size_t length =
	    1 + random_below(&worker->random, lengths[random_below(&worker->random, 4)]);
	size_t offset = random_below(&worker->random, FILE_MAX - length);
	int fd;
	struct model_file *file = open_file(worker, name, path, &fd);

	if (file == NULL)
		return;
	if (random_below(&worker->random, 2) == 0 && file->size + length <= FILE_MAX)
		offset = file->size;
	for (size_t i = 0; i < length; i++)
		worker->data[i] = (uint8_t)(1 + (i * 7 + offset) % 251);
	if (rump_sys_pwrite(fd, worker->data, length, (off_t)offset) != (ssize_t)length)
		fail_at(worker, "write", path);
	memcpy(file->content + offset, worker->data, length);
	file->size = offset + length > file->size ? offset + length : file->size;
	if (random_below(&worker->random, 20) == 0)
		expect(worker, rump_sys_fsync(fd), 0, "fsync", path);
	rump_sys_close(fd);
}

static void
step_truncate(struct worker *worker, int name, const char *path)
{
	int entry = worker->entries[name];
	struct model_file *file = entry == NONE ? NULL : &worker->files[entry];
	size_t size = random_below(&worker->random, FILE_MAX);

	if (file != NULL && random_below(&worker->random, 3) > 0)
		size = random_below(&worker->random, file->size + 1);
	if (!expect(worker, rump_sys_truncate(path, (off_t)size), file == NULL ? ENOENT : 0,
		"truncate", path) ||
	    file == NULL)
		return;
	if (size < file->size)
		memset(file->content + size, 0, file->size - size);
	file->size = size;
}

/* Zero a range, or make a hole of it. */
static void
step_punch(struct worker *worker, int name, const char *path)
{
	size_t offset = random_below(&worker->random, FILE_MAX);
	size_t length = 1 + random_below(&worker->random, FILE_MAX / 2);
	int mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, fd;
	struct model_file *file = open_file(worker, name, path, &fd);

	if (file == NULL)
		return;
	expect(worker, rump_sys_fallocate(fd, mode, (off_t)offset, (off_t)length), 0, "punch",
	    path);
	if (offset < file->size)
		memset(file->content + offset, 0,
		    length < file->size - offset ? length : file->size - offset);
	rump_sys_close(fd);
}

static void
step_unlink(struct worker *worker, int name, const char *path)
{
	int *entry = &worker->entries[name];

	if (expect(worker, rump_sys_unlink(path), *entry == NONE ? ENOENT : 0, "unlink", path) &&
	    *entry != NONE)
		worker->files[*entry].links--;
	*entry = NONE;
}

static void
step_link(struct worker *worker, int name, const char *path)
{
	int to = any_name(worker), entry = worker->entries[name];
	int error = entry == NONE ? ENOENT : worker->entries[to] != NONE ? EEXIST : 0;
	char other[PATH_SIZE];

	own_path(worker, to, other);
	if (expect(worker, rump_sys_link(path, other), error, "link", other) && error == 0) {
		worker->entries[to] = entry;
		worker->files[entry].links++;
	}
}

static void
step_rename(struct worker *worker, int name, const char *path)
{
	int to = any_name(worker), entry = worker->entries[name];
	char other[PATH_SIZE];

	own_path(worker, to, other);
	if (!expect(worker, rump_sys_rename(path, other), entry == NONE ? ENOENT : 0, "rename",
		other) ||
	    entry == worker->entries[to])
		return;
	if (worker->entries[to] != NONE)
		worker->files[worker->entries[to]].links--;
	worker->entries[to] = entry;
	worker->entries[name] = NONE;
}

static void
step_compare(struct worker *worker, int name, const char *path)
{
	struct stat status;
	int fd;
	struct model_file *file = open_file(worker, name, path, &fd);

	if (file == NULL)
		return;
	expect(worker, rump_sys_fstat(fd, &status), 0, "fstat", path);
	if (status.st_size != (off_t)file->size || status.st_nlink != file->links)
		fail_at(worker, "size or links differ", path);
	if (rump_sys_pread(fd, worker->data, FILE_MAX, 0) != (ssize_t)file->size ||
	    memcmp(worker->data, file->content, file->size) != 0)
		fail_at(worker, "content differs", path);
	rump_sys_close(fd);
}

/* ---- steps where all are -------------------------------------------------------------- */

static void
step_fight(struct worker *worker, int name, const char *path)
{
	char one[PATH_SIZE], other[PATH_SIZE];
	int fd;

	snprintf(one, sizeof(one), "/mnt/all/%d", name);
	snprintf(other, sizeof(other), "/mnt/all/%d", any_name(worker));
	switch (random_below(&worker->random, 6)) {
	case 0:
		expect_usual(worker, rump_sys_unlink(one), "unlink", one);
		break;
	case 1:
		expect_usual(worker, rump_sys_link(one, other), "link", other);
		break;
	case 2:
		expect_usual(worker, rump_sys_rename(one, other), "rename", other);
		break;
	case 3:
		expect_usual(worker, rump_sys_truncate(one, (off_t)name * 3000), "truncate", one);
		break;
	default:
		fd = rump_sys_open(one, O_WRONLY | O_CREAT | O_APPEND, 0644);
		expect_usual(worker, fd, "open", one);
		if (fd >= 0 && rump_sys_write(fd, worker->data, 5000) != 5000)
			fail_at(worker, "append", one);
		rump_sys_close(fd);
	}
}

/* ---- running ---------------------------------------------------------------------------- */

static void *
run(void *argument)
{
	static void (*const steps[])(struct worker * worker, int name, const char *path) = {
		step_create,
		step_create,
		step_create,
		step_write,
		step_write,
		step_write,
		step_truncate,
		step_punch,
		step_unlink,
		step_link,
		step_rename,
		step_compare,
		step_fight,
		step_fight,
		step_fight,
	};
	struct worker *worker = argument;
	char path[PATH_SIZE];

	for (unsigned i = 0; i < STEPS; i++) {
		int name = any_name(worker);

		own_path(worker, name, path);
		steps[random_below(&worker->random, sizeof(steps) / sizeof(steps[0]))](worker, name,
		    path);
	}
	return NULL;
}

static void
run_all(void)
{
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, &workers[i]), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void
compare_all(void)
{
	char path[PATH_SIZE];

	for (unsigned i = 0; i < THREADS; i++) {
		for (int name = 0; name < NAMES; name++) {
			own_path(&workers[i], name, path);
			step_compare(&workers[i], name, path);
		}
	}
}

static void
must_be_whole(const char *image)
{
	static struct ffs_check check;
	struct ffs_superblock sb;
	struct ffs_flaw flaw;
	int fd = open(image, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes = mmap(NULL, IMAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	assert_true(bytes != MAP_FAILED);
	if (ffs_superblock_decode(bytes + 65536, 8192, 65536, &sb, &flaw) < 0)
		assert_int_equal(ffs_superblock_decode(bytes + 8192, 8192, 8192, &sb, &flaw), 0);
	assert_int_equal(sb.clean, FFS_CLEAN);
	if (ffs_check(bytes, IMAGE_SIZE, &sb, &check) > 0)
		fail_msg("%u flaws:\n%s", check.flaw_count, check.report);
	munmap(bytes, IMAGE_SIZE);
	close(fd);
}

static unsigned long
setting(const char *name, unsigned long usual)
{
	const char *text = getenv(name);

	return text == NULL ? usual : strtoul(text, NULL, 0);
}

static void
prepare(unsigned long seed)
{
	char path[PATH_SIZE];

	for (unsigned i = 0; i < THREADS; i++) {
		struct worker *worker = &workers[i];

		*worker = (struct worker){ .number = i, .random.state = seed + i };
		memset(worker->entries, 0xff, sizeof(worker->entries));
		worker->data = calloc(1, FILE_MAX);
		for (unsigned j = 0; j <= NAMES; j++)
			worker->files[j].content = calloc(1, FILE_MAX);
		snprintf(path, sizeof(path), "/mnt/own%u", i);
		assert_int_equal(rump_sys_mkdir(path, 0755), 0);
	}
	assert_int_equal(rump_sys_mkdir("/mnt/all", 0755), 0);
}

static void
forget(void)
{
	for (unsigned i = 0; i < THREADS; i++) {
		free(workers[i].data);
		for (unsigned j = 0; j <= NAMES; j++)
			free(workers[i].files[j].content);
	}
}

/* An empty image, registered as /image. */
static void
make_image(char image[400], const char *options)
{
	const char *keep = getenv("RUMP_TEST_KEEP");
	int fd;

	snprintf(image, 400, "%s/ffs-threads-XXXXXX", keep != NULL ? keep : "/tmp");
	fd = mkstemp(image);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)IMAGE_SIZE), 0);
	close(fd);
	assert_int_equal(rump_init(), 0);
	assert_int_equal(rump_pub_etfs_register("/image", image, RUMP_ETFS_BLK), 0);
	assert_int_equal(rump_pub_fs_make("/image", "ffs", options), 0);
	assert_int_equal(rump_sys_mkdir("/mnt", 0755), 0);
}

static void
write_image_made_with(const char *options)
{
	unsigned long rounds = setting("RUMP_TEST_ROUNDS", 2), seed = setting("RUMP_TEST_SEED", 1);
	time_t end = time(NULL) + (time_t)setting("RUMP_TEST_SECONDS", 0);
	char image[400];

	make_image(image, options);
	for (unsigned long i = 0; i < rounds || time(NULL) < end; i++) {
		assert_int_equal(rump_sys_mount("/image", "/mnt", "ffs", 0, NULL), 0);
		if (i == 0)
			prepare(seed);
		else
			compare_all();
		run_all();
		compare_all();
		assert_int_equal(rump_sys_umount2("/mnt", 0), 0);
		must_be_whole(image);
		assert_int_equal(failures, 0);
	}
	assert_int_equal(rump_kernel_destroy(NULL), 0);
	forget();
	if (getenv("RUMP_TEST_KEEP") == NULL)
		unlink(image);
}

static void
eight_threads_agree_with_their_models_on_ufs2(void **state)
{
	write_image_made_with("version=2,zeroed");
}

static void
and_on_big_endian_ufs1(void **state)
{
	write_image_made_with("version=1,order=be,zeroed");
}

static void
and_with_a_journal(void **state)
{
	write_image_made_with("version=2,journal,zeroed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eight_threads_agree_with_their_models_on_ufs2),
		cmocka_unit_test(and_on_big_endian_ufs1),
		cmocka_unit_test(and_with_a_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
