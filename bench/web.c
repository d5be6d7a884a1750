/*
 * WebAssembly against native code: the same image is listed, and a file of it
 * read, by kernels here, in Node and in Chromium.
 *
 * Without arguments this starts bench/web.mjs, which makes the images and prints
 * the table; for the native side that runs this again with "list IMAGE" or
 * "read IMAGE", which prints milliseconds.  Each run is a fresh kernel, and the
 * last of a few is told, since JavaScript has compiled its code by then too.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "bench/bench.h"

#define ENTRIES_SIZE 32768
#define FOLDERS_MAX  1024
#define READ_SIZE    (112 * 1024) /* as web/fs.js reads */
#define RUNS	     3

struct entry { /* of getdents64(2) */
	uint64_t ino;
	int64_t next;
	uint16_t length;
	uint8_t type;
	char name[];
};

static char *folders[FOLDERS_MAX]; /* yet to be listed */
static size_t folder_count;

static void
folder_add(const char *path, const char *name)
{
	char whole[4096];

	snprintf(whole, sizeof(whole), "%s/%s", path, name);
	if (folder_count == FOLDERS_MAX || (folders[folder_count] = strdup(whole)) == NULL)
		errx(1, "too many folders");
	folder_count++;
}

/* The attributes of all that is in the folder open as fd. */
static unsigned
list_folder(int fd, const char *path)
{
	static _Alignas(struct entry) char entries[ENTRIES_SIZE];
	unsigned count = 0;
	ssize_t size;

	while ((size = rump_sys_getdents64(fd, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < size;) {
			const struct entry *entry = (const struct entry *)(entries + at);
			struct stat status;

			at += entry->length;
			if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
				continue;
			if (rump_sys_fstatat(fd, entry->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
				err(1, "%s", entry->name);
			count++;
			if (S_ISDIR(status.st_mode))
				folder_add(path, entry->name);
		}
	}
	return count;
}

static void
list_all(void)
{
	unsigned count = 0;

	folder_add("", "mnt");
	while (folder_count > 0) {
		char *path = folders[--folder_count];
		int fd = rump_sys_open(path, O_RDONLY | O_DIRECTORY);

		if (fd < 0)
			err(1, "%s", path);
		count += list_folder(fd, path);
		rump_sys_close(fd);
		free(path);
	}
	if (count < 20000)
		errx(1, "only %u files", count);
}

static void
read_all(void)
{
	static char buffer[READ_SIZE];
	int fd = rump_sys_open("/mnt/big", O_RDONLY);
	int64_t total = 0;
	ssize_t size;

	while ((size = rump_sys_read(fd, buffer, sizeof(buffer))) > 0)
		total += size;
	if (total != 64 << 20)
		errx(1, "read %lld bytes", (long long)total);
	rump_sys_close(fd);
}

/* Milliseconds that work takes in a fresh kernel with image mounted. */
static double
measure(const char *image, void (*work)(void))
{
	struct rump_kernel *kernel;
	uint64_t start;
	double took;

	if (rump_kernel_create(NULL, &kernel) != 0)
		errx(1, "no kernel");
	rump_kernel_switch(kernel);
	if (rump_pub_etfs_register("/dev/disk", image, RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY) != 0 ||
	    rump_sys_mkdir("/mnt", 0755) != 0 ||
	    rump_sys_mount("/dev/disk", "/mnt", "auto", MS_RDONLY, NULL) != 0)
		err(1, "%s", image);
	start = bench_clock();
	work();
	took = (double)(bench_clock() - start) / 1e6;
	rump_kernel_switch(NULL);
	rump_kernel_destroy(kernel);
	return took;
}

static void
start_script(void)
{
	const char *source = getenv("SOURCE_ROOT");
	char path[4096];

	snprintf(path, sizeof(path), "%s/bench/web.mjs", source != NULL ? source : ".");
	execlp("node", "node", path, (char *)NULL);
	err(1, "node");
}

int
main(int argc, char **argv)
{
	double took = 0;

	if (argc != 3)
		start_script();
	for (int i = 0; i < RUNS; i++)
		took = measure(argv[2], strcmp(argv[1], "list") == 0 ? list_all : read_all);
	printf("%.3f\n", took);
	return 0;
}
