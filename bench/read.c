/*
 * Reading a file inside an image, against reading the same bytes from a host
 * file; everything is in the host's cache.  The file and, with makefs, the
 * image are made below $BUILD_ROOT and kept for the next run.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "bench/bench.h"

#define SEQUENTIAL_CALL (64 * 1024)
#define RANDOM_CALL	4096
#define RANDOM_RANGE	(64 << 20)
#define RANDOM_CALLS	200000
#define RUNS		11

struct files {
	int ours, host;
	int64_t size;
};

static char buffer[SEQUENTIAL_CALL];

typedef ssize_t pread_like(int fd, void *data, size_t size, off_t offset);

/* Seconds to read the whole file in order. */
static double
read_all(pread_like *read_at, int fd, int64_t size)
{
	uint64_t start = bench_clock();

	for (int64_t at = 0; at < size; at += SEQUENTIAL_CALL) {
		if (read_at(fd, buffer, SEQUENTIAL_CALL, at) != SEQUENTIAL_CALL)
			err(1, "read");
	}
	return (double)(bench_clock() - start) / 1e9;
}

/* Nanoseconds per read of RANDOM_CALL bytes at random places. */
static double
read_random(pread_like *read_at, int fd)
{
	uint64_t start = bench_clock(), random = 1;

	for (unsigned i = 0; i < RANDOM_CALLS; i++) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		if (read_at(fd, buffer, RANDOM_CALL,
			(off_t)(random >> 33) % (RANDOM_RANGE / RANDOM_CALL) * RANDOM_CALL) !=
		    RANDOM_CALL)
			err(1, "read");
	}
	return (double)(bench_clock() - start) / RANDOM_CALLS;
}

static double
sequential_ours(void *context)
{
	struct files *files = context;

	return read_all(rump_sys_pread, files->ours, files->size);
}

static double
sequential_host(void *context)
{
	struct files *files = context;

	return read_all(pread, files->host, files->size);
}

static double
random_ours(void *context)
{
	return read_random(rump_sys_pread, ((struct files *)context)->ours);
}

static double
random_host(void *context)
{
	return read_random(pread, ((struct files *)context)->host);
}

static void
mount_image(const char *image)
{
	int error = rump_init();

	if (error == 0)
		error =
		    rump_pub_etfs_register("/image", image, RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY);
	if (error != 0)
		errx(1, "%s: %s", image, strerror(error));
	if (rump_sys_mkdir("/mnt", 0755) != 0 ||
	    rump_sys_mount("/image", "/mnt", "auto", MS_RDONLY, NULL) != 0)
		err(1, "%s: mount", image);
}

/* Bring the random range into the page cache: small reads, in order. */
static void
warm_page_cache(int fd)
{
	for (off_t at = 0; at < RANDOM_RANGE; at += RANDOM_CALL) {
		if (rump_sys_pread(fd, buffer, RANDOM_CALL, at) != RANDOM_CALL)
			err(1, "read");
	}
}

/* Have bench-read/big and bench-read.img below the build folder, and be there. */
static void
make_image(void)
{
	const char *build = getenv("BUILD_ROOT");

	if (chdir(build != NULL ? build : ".") != 0)
		err(1, "%s", build);
	if (system("[ -f bench-read.img ] || { mkdir -p bench-read &&"
		   " head -c 536870912 /dev/urandom > bench-read/big &&"
		   " makefs -t ffs -o version=2,bsize=32768,fsize=4096 bench-read.tmp bench-read"
		   " && mv bench-read.tmp bench-read.img; }") != 0)
		errx(1, "cannot make the image");
}

int
main(void)
{
	struct files files;
	struct stat status;

	make_image();
	mount_image("bench-read.img");
	files.host = open("bench-read/big", O_RDONLY | O_CLOEXEC);
	files.ours = rump_sys_open("/mnt/big", O_RDONLY);
	if (files.host < 0 || files.ours < 0 || fstat(files.host, &status) != 0)
		err(1, "open");
	files.size = status.st_size;

	bench_table("read: a 512 MiB file in an ffs2 image against a host file, cache warm");
	bench_compare(&(struct bench_pair){ .what = "sequential, 64 KiB calls",
	    .unit = "s",
	    .bound = "(goal: 1.11 or less, 0.9 of the speed)",
	    .ours = sequential_ours,
	    .theirs = sequential_host,
	    .context = &files,
	    .runs = RUNS });
	warm_page_cache(files.ours);
	bench_compare(&(struct bench_pair){ .what = "random, 4 KiB calls, page cache",
	    .unit = "ns",
	    .bound = "(goal: below 1)",
	    .ours = random_ours,
	    .theirs = random_host,
	    .context = &files,
	    .runs = RUNS });
	return 0;
}
