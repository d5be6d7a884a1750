/*
 * ffs_rewrite IMAGE: mount an FFS image to be written, which replays its journal,
 * unmount it, and check that it is whole, byte by byte.
 * ffs_rewrite IMAGE change: the same, with files made and removed meanwhile.
 *
 * A helper of ffs_journal_test.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tests/ffs_check.h"

#define FILES 500

/* Make and sync some files, and let all but the first go again. */
static void
change(void)
{
	char path[64];

	if (rump_sys_mkdir("/mnt/new", 0755) != 0)
		err(1, "mkdir");
	for (unsigned i = 0; i < FILES; i++) {
		int fd;

		snprintf(path, sizeof(path), "/mnt/new/%u", i);
		fd = rump_sys_open(path, O_WRONLY | O_CREAT, 0644);
		if (fd < 0 || rump_sys_write(fd, path, sizeof(path)) != (ssize_t)sizeof(path))
			err(1, "%s", path);
		if (i % 10 == 0 && rump_sys_fsync(fd) != 0)
			err(1, "%s: fsync", path);
		rump_sys_close(fd);
	}
	for (unsigned i = 1; i < FILES; i++) {
		snprintf(path, sizeof(path), "/mnt/new/%u", i);
		if (rump_sys_unlink(path) != 0)
			err(1, "%s: unlink", path);
	}
}

static void
rewrite(const char *name, bool changes)
{
	int error = rump_init();

	if (error == 0)
		error = rump_pub_etfs_register("/image", name, RUMP_ETFS_BLK);
	if (error != 0)
		errx(1, "%s: %s", name, strerror(error));
	if (rump_sys_mkdir("/mnt", 0755) != 0 ||
	    rump_sys_mount("/image", "/mnt", "ffs", 0, "") != 0)
		err(1, "%s: mount", name);
	if (changes)
		change();
	if (rump_sys_umount2("/mnt", 0) != 0)
		err(1, "%s: unmount", name);
}

/* Where the superblock is: at 65536 or 8192. */
static int
decode(const uint8_t *image, struct ffs_superblock *sb)
{
	struct ffs_flaw flaw;
	int error = -1;

	for (unsigned i = 0; i < FFS_SUPERBLOCK_PLACES && error != 0; i++)
		error = ffs_superblock_decode(image + ffs_superblock_places[i], FFS_SUPERBLOCK_SIZE,
		    ffs_superblock_places[i], sb, &flaw);
	return error;
}

int
main(int argc, char **argv)
{
	static struct ffs_superblock sb;
	struct ffs_check check;
	struct stat status;
	uint8_t *image;
	int fd;

	if (argc != 2 && (argc != 3 || strcmp(argv[2], "change") != 0))
		errx(2, "usage: ffs_rewrite IMAGE [change]");
	rewrite(argv[1], argc == 3);
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || fstat(fd, &status) != 0)
		err(1, "%s", argv[1]);
	image = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (image == MAP_FAILED || decode(image, &sb) != 0)
		errx(1, "%s: no superblock", argv[1]);
	if (sb.clean != FFS_CLEAN)
		errx(1, "%s is not clean", argv[1]);
	if (ffs_check(image, (size_t)status.st_size, &sb, &check) > 0)
		errx(1, "%s: %u flaws:\n%s", argv[1], check.flaw_count, check.report);
	return 0;
}
