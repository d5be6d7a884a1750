/*
 * ffs_sound IMAGE [OFFSET]: is the FFS image, from byte OFFSET on, consistent, and
 * unmounted cleanly?  Says what is wrong and exits with 1 if not.
 *
 * For scripts: the checker of the tests, which shares nothing with what writes.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/ffs_check.h"

static uint8_t *
image_map(const char *name, off_t offset, size_t *size)
{
	struct stat st;
	uint8_t *image;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0 || offset >= st.st_size)
		err(2, "%s", name);
	*size = (size_t)(st.st_size - offset);
	image = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, offset);
	if (image == MAP_FAILED)
		err(2, "%s", name);
	close(fd);
	return image;
}

static bool
superblock_read(const uint8_t *image, size_t size, struct ffs_superblock *sb)
{
	struct ffs_flaw flaw;

	for (size_t i = 0; i < FFS_SUPERBLOCK_PLACES; i++) {
		uint64_t place = ffs_superblock_places[i];

		if (place + FFS_SUPERBLOCK_SIZE <= size &&
		    ffs_superblock_decode(image + place, size - place, place, sb, &flaw) == 0)
			return true;
	}
	return false;
}

int
main(int argc, char **argv)
{
	struct ffs_superblock sb;
	struct ffs_check check = { 0 };
	uint8_t *image;
	size_t size;

	if (argc != 2 && argc != 3)
		errx(2, "usage: ffs_sound IMAGE [OFFSET]");
	image = image_map(argv[1], argc == 3 ? atoll(argv[2]) : 0, &size);
	if (!superblock_read(image, size, &sb))
		errx(1, "%s: no superblock", argv[1]);
	if (sb.clean != FFS_CLEAN)
		errx(1, "%s: not clean", argv[1]);
	if (ffs_check(image, size, &sb, &check) == 0)
		return 0;
	fputs(check.report, stdout);
	return 1;
}
