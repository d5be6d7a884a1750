/* One of two trees that are compared. */
#include "tools/rump/side.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/report.h"

/* ---- in an image ------------------------------------------------------------------- */

static int
image_open(int directory, const char *name, int flags)
{
	return rump_sys_openat(directory, name, flags | O_CLOEXEC, 0);
}

static int
image_close(int fd)
{
	return rump_sys_close(fd);
}

static ssize_t
image_pread(int fd, void *bytes, size_t size, off_t offset)
{
	return rump_sys_pread(fd, bytes, size, offset);
}

static off_t
image_seek(int fd, off_t offset, int whence)
{
	return rump_sys_lseek(fd, offset, whence);
}

static int
image_stat(int directory, const char *name, struct stat *st, int flags)
{
	return rump_sys_fstatat(directory, name, st, flags);
}

static ssize_t
image_readlink(int directory, const char *name, char *target, size_t size)
{
	return rump_sys_readlinkat(directory, name, target, size);
}

static ssize_t
image_getxattr(int fd, const char *name, void *value, size_t size)
{
	return rump_sys_fgetxattr(fd, name, value, size);
}

static ssize_t
image_listxattr(int fd, char *list, size_t size)
{
	return rump_sys_flistxattr(fd, list, size);
}

static const struct side_ops image_ops = {
	.trail = &trail_image_ops,
	.getdents = listing_image_getdents,
	.open = image_open,
	.close = image_close,
	.pread = image_pread,
	.seek = image_seek,
	.stat = image_stat,
	.readlink = image_readlink,
	.getxattr = image_getxattr,
	.listxattr = image_listxattr,
};

/* ---- on the host --------------------------------------------------------------------- */

static ssize_t
host_getdents(int directory, void *buffer, size_t size)
{
	return getdents64(directory, buffer, size);
}

static int
host_open(int directory, const char *name, int flags)
{
	return openat(directory, name, flags | O_CLOEXEC);
}

static int
host_stat(int directory, const char *name, struct stat *st, int flags)
{
	return fstatat(directory, name, st, flags);
}

static const struct side_ops host_ops = {
	.trail = &trail_host_ops,
	.getdents = host_getdents,
	.open = host_open,
	.close = close,
	.pread = pread,
	.seek = lseek,
	.stat = host_stat,
	.readlink = readlinkat,
	.getxattr = fgetxattr,
	.listxattr = flistxattr,
};

/* ---- both ------------------------------------------------------------------------------ */

/* Open where the side begins.  False, after a report: it cannot be compared. */
static bool
top_open(struct side *side)
{
	if (location_stat(side->location, &side->st, true) < 0) {
		location_report(side->location, "cannot access", errno);
		return false;
	}
	if (!S_ISDIR(side->st.st_mode) && !S_ISREG(side->st.st_mode)) {
		report("%s: is a device, fifo or socket; name its directory", side->name);
		return false;
	}
	side->top = location_open(side->location, O_RDONLY);
	if (side->top < 0)
		location_report(side->location, "cannot open", errno);
	return side->top >= 0;
}

bool
side_begin(struct side *side, char *argument)
{
	*side = (struct side){ .ops = &host_ops, .name = argument, .top = -1 };
	if (stat(argument, &side->st) == 0 && S_ISDIR(side->st.st_mode)) {
		side->top = open(argument, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (side->top < 0)
			report("%s: %s", argument, strerror(errno));
		return side->top >= 0;
	}
	side->ops = &image_ops;
	side->location = image_locate(&argument, 1);
	return side->location->image != NULL && top_open(side);
}

void
side_end(struct side *side)
{
	if (side->top >= 0)
		side->ops->close(side->top);
	if (side->trail.depth > 0)
		trail_end(&side->trail);
	links_free(&side->seen);
	if (side->location != NULL)
		image_locations_free(side->location, 1);
}

/* Whether the directory that the trail has come to is a new one; leaves it if not. */
static int
directory_remember(struct side *side)
{
	const struct trail_step *step = trail_step(&side->trail);

	if (links_find(&side->seen, step->dev, step->ino) == NULL) {
		links_add(&side->seen, step->dev, step->ino, "");
		return 0;
	}
	if (trail_up(&side->trail) == 0)
		errno = EUCLEAN;
	return -1;
}

int
side_enter_top(struct side *side)
{
	int directory = side->top;

	side->top = -1;
	if (trail_begin(&side->trail, side->ops->trail, directory) < 0)
		return -1;
	return directory_remember(side);
}

int
side_enter(struct side *side, const char *name)
{
	return trail_down(&side->trail, name) < 0 ? -1 : directory_remember(side);
}

const char *
side_reason(const struct side *side, int error)
{
	return side->location != NULL ? report_reason(error) : strerror(error);
}
