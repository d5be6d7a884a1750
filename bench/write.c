/*
 * Writing into an image, against doing the same on the host's file system, both
 * made durable: a large file, and many small ones in one directory.  The image
 * is made anew, sparse, below $BUILD_ROOT.
 */
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "bench/bench.h"

#define FILE_SIZE  ((off_t)512 << 20)
#define CALL_SIZE  (64 * 1024)
#define FILES	   20000
#define SMALL_SIZE 512
#define RUNS	   7

/* The calls of one side. */
struct side {
	const char *folder;
	int (*open)(const char *path, int flags, ...);
	ssize_t (*write)(int fd, const void *data, size_t size);
	int (*fsync)(int fd);
	int (*close)(int fd);
	int (*stat)(const char *path, struct stat *st);
	int (*unlink)(const char *path);
	int (*syncfs)(int fd);
};

static const struct side ours = { "/mnt/small", rump_sys_open, rump_sys_write, rump_sys_fsync,
	rump_sys_close, rump_sys_stat, rump_sys_unlink, rump_sys_syncfs };
static const struct side host = { "bench-write", open, write, fsync, close, stat, unlink, syncfs };

static char buffer[CALL_SIZE];

static int
must_open(const struct side *side, const char *path, int flags)
{
	int fd = side->open(path, flags, 0644);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void
path_of(const struct side *side, const char *name, unsigned number, char path[64])
{
	snprintf(path, 64, "%s/%s%u", side->folder, name, number);
}

/* Seconds to write a large file anew and make it durable. */
static double
sequential(const struct side *side)
{
	uint64_t start = bench_clock();
	char path[64];
	int fd;

	path_of(side, "big", 0, path);
	fd = must_open(side, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
	for (off_t at = 0; at < FILE_SIZE; at += CALL_SIZE) {
		if (side->write(fd, buffer, CALL_SIZE) != CALL_SIZE)
			err(1, "%s", path);
	}
	if (side->fsync(fd) != 0 || side->close(fd) != 0)
		err(1, "%s", path);
	return (double)(bench_clock() - start) / 1e9;
}

static void
make_small(const struct side *side, unsigned number)
{
	char path[64];
	int fd;

	path_of(side, "file", number, path);
	fd = must_open(side, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
	if (side->write(fd, buffer, SMALL_SIZE) != SMALL_SIZE || side->close(fd) != 0)
		err(1, "%s", path);
}

/* Microseconds per operation: files made, looked at, removed; then durable. */
static double
small_files(const struct side *side)
{
	uint64_t start = bench_clock();
	struct stat status;
	char path[64];
	int fd;

	for (unsigned i = 0; i < FILES; i++)
		make_small(side, i);
	for (unsigned i = 0; i < FILES; i++) {
		path_of(side, "file", i, path);
		if (side->stat(path, &status) != 0 || status.st_size != SMALL_SIZE)
			err(1, "%s", path);
	}
	for (unsigned i = 0; i < FILES; i++) {
		path_of(side, "file", i, path);
		if (side->unlink(path) != 0)
			err(1, "%s", path);
	}
	fd = must_open(side, side->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (side->syncfs(fd) != 0 || side->close(fd) != 0)
		err(1, "%s", side->folder);
	return (double)(bench_clock() - start) / 1e3 / (3 * FILES);
}

static double
sequential_ours(void *context)
{
	return sequential(&ours);
}

static double
sequential_host(void *context)
{
	return sequential(&host);
}

static double
small_ours(void *context)
{
	return small_files(&ours);
}

static double
small_host(void *context)
{
	return small_files(&host);
}

/* An empty file system of 2 GiB, mounted, and a folder of the host, both fresh. */
static void
make_places(void)
{
	const char *build = getenv("BUILD_ROOT");
	int error;

	if (chdir(build != NULL ? build : ".") != 0)
		err(1, "%s", build);
	if (system("rm -rf bench-write bench-write.img && mkdir -p bench-write bench-write/in &&"
		   " makefs -t ffs -s 2g -o version=2,bsize=32768,fsize=4096,density=16384"
		   " bench-write.img bench-write/in && sync bench-write.img") != 0)
		errx(1, "cannot make the image");
	error = rump_init();
	if (error == 0)
		error = rump_pub_etfs_register("/image", "bench-write.img", RUMP_ETFS_BLK);
	if (error != 0)
		errx(1, "bench-write.img: %s", strerror(error));
	if (rump_sys_mkdir("/mnt", 0755) != 0 ||
	    rump_sys_mount("/image", "/mnt", "ffs", 0, NULL) != 0 ||
	    rump_sys_mkdir(ours.folder, 0755) != 0)
		err(1, "bench-write.img: mount");
}

int
main(void)
{
	make_places();
	for (size_t i = 0; i < sizeof(buffer); i++)
		buffer[i] = (char)(i * 31 + i / 251);

	bench_table("write: an ffs2 image against the host's file system");
	bench_compare(&(struct bench_pair){ .what = "512 MiB in 64 KiB calls, fsync",
	    .unit = "s",
	    .bound = "(goal: 1.25 or less, 0.8 of the speed)",
	    .ours = sequential_ours,
	    .theirs = sequential_host,
	    .runs = RUNS });
	bench_compare(&(struct bench_pair){ .what = "20,000 files made, statted, removed, synced",
	    .unit = "us",
	    .bound = "(each; goals: ours 10 us or less, ratio 1 or less)",
	    .ours = small_ours,
	    .theirs = small_host,
	    .runs = RUNS });
	if (rump_sys_umount2("/mnt", 0) != 0)
		err(1, "unmount");
	if (system("rm -rf bench-write bench-write.img") != 0)
		errx(1, "cannot remove what was made");
	return 0;
}
