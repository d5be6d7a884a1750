/*
 * Backing stores: regular files and block devices, by path.
 *
 * Nothing else is opened, not even for a moment: opening a terminal, a tape or
 * a named pipe has effects of its own.  So the path is looked at before it is
 * opened, and what was opened is looked at again.
 *
 * Locks are open-file-description locks: they belong to this opening, not to
 * the process, so that two kernels of one process exclude each other too and
 * closing another descriptor of the file does not lose them.  A file system
 * that knows no locks is no reason to refuse an image.  A block device that is
 * written to is also opened exclusively, which Linux refuses while it is
 * mounted; its lock alone would not say so.
 *
 * A file that is compressed shows what is in it, read-only.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/posix/compressed/compressed.h"
#include "host/posix/host_impl.h"

#define FILE_SECTOR_SIZE 512

static int
check_kind(const struct stat *status)
{
	if (S_ISREG(status->st_mode) || S_ISBLK(status->st_mode))
		return 0;
	return S_ISDIR(status->st_mode) ? -EISDIR : -ENODEV;
}

static int
open_error(int number)
{
	switch (number) {
	case ETXTBSY: /* a program that runs */
		return -EBUSY;
	case ENXIO: /* a node that no driver stands behind */
		return -ENODEV;
	default:
		return posix_error(number);
	}
}

/* A descriptor of the file or device, its status again in *status. */
static int
open_path(const char *path, bool writable, struct stat *status)
{
	int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (writable ? O_RDWR : O_RDONLY);
	int descriptor, error;

	if (stat(path, status) != 0)
		return posix_error(errno);
	error = check_kind(status);
	if (error < 0)
		return error;
	if (writable && S_ISBLK(status->st_mode))
		flags |= O_EXCL;
	do
		descriptor = open(path, flags);
	while (descriptor < 0 && errno == EINTR);
	if (descriptor < 0)
		return open_error(errno);
	error = fstat(descriptor, status) == 0 ? check_kind(status) : posix_error(errno);
	if (error < 0) {
		close(descriptor);
		return error;
	}
	return descriptor;
}

static int
lock(int descriptor, bool writable)
{
	struct flock range = {
		.l_type = writable ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET, /* from 0 with length 0: all of it */
	};

	if (fcntl(descriptor, F_OFD_SETLK, &range) == 0)
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : 0;
}

static int
device_info(int descriptor, struct host_block_info *info)
{
	int sector_size = 0;

	if (ioctl(descriptor, BLKGETSIZE64, &info->size) != 0)
		return posix_error(errno);
	if (ioctl(descriptor, BLKSSZGET, &sector_size) != 0)
		return posix_error(errno);
	if (sector_size < FILE_SECTOR_SIZE)
		return -ENODEV;
	info->sector_size = (uint32_t)sector_size;
	return 0;
}

/* Lock the store and find out what it is. */
static int
prepare(int descriptor, const struct stat *status, bool writable, struct host_block_info *info)
{
	int error = lock(descriptor, writable);
	int flags;

	if (error < 0)
		return error;
	/* Not blocking was for open() alone. */
	flags = fcntl(descriptor, F_GETFL);
	if (flags < 0 || fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) != 0)
		return posix_error(errno);
	info->is_read_only = !writable;
	info->is_cached_below = true; /* the system's page cache */
	if (S_ISBLK(status->st_mode))
		return device_info(descriptor, info);
	info->size = (uint64_t)status->st_size;
	info->sector_size = FILE_SECTOR_SIZE;
	return 0;
}

/* If the file is compressed, show what is in it instead. */
static int
open_compressed(struct host_block *block, struct host_block_info *info)
{
	int error;

	if (block->is_device)
		return 0;
	error = compressed_open(block->descriptor, info->size, &block->compressed, &info->size,
	    &info->fault);
	if (error < 0 || block->compressed == NULL)
		return error;
	if (block->is_writable) {
		compressed_close(block->compressed);
		return -EROFS;
	}
	info->is_cached_below = false; /* not for long */
	return 0;
}

int
posix_block_open(struct host *host, const char *name, bool writable, struct host_block **out,
    struct host_block_info *info)
{
	struct host_block *block;
	struct stat status;
	int descriptor, error;

	*out = NULL;
	*info = (struct host_block_info){ 0 };
	descriptor = open_path(name, writable, &status);
	if (descriptor < 0)
		return descriptor;
	error = prepare(descriptor, &status, writable, info);
	if (error < 0)
		goto close_descriptor;
	block = calloc(1, sizeof(*block));
	if (block == NULL) {
		error = -ENOMEM;
		goto close_descriptor;
	}
	block->descriptor = descriptor;
	block->is_device = S_ISBLK(status.st_mode);
	block->is_writable = writable;
	error = open_compressed(block, info);
	if (error < 0)
		goto free_block;
	block->size = info->size;
	*out = block;
	return 0;

free_block:
	free(block);
close_descriptor:
	close(descriptor);
	return error;
}

void
posix_block_close(struct host *host, struct host_block *block)
{
	if (block->compressed != NULL)
		compressed_close(block->compressed);
	close(block->descriptor);
	free(block);
}
