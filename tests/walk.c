/*
 * See walk.h.  Directories are entered by descriptor, from an explicit stack,
 * so that neither depth nor length of a path is limited but by DEPTH_MAX.
 */
#include "tests/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#define DEPTH_MAX 48
#define READ_SIZE 65536

/* Errors that a damaged image may cause, and limits that it may hit. */
static bool
is_expected(int error)
{
	switch (error) {
	case EUCLEAN:
	case EIO:
	case ENOENT:
	case ELOOP:
	case ENAMETOOLONG:
	case ENXIO:
	case EOVERFLOW:
	case ENOTDIR:
	case EFBIG:
		return true;
	default:
		return false;
	}
}

/* Count the failure of a call; its result otherwise. */
static int64_t
note(struct walk *walk, int64_t result)
{
	if (result < 0) {
		walk->error_count++;
		walk->damage_count += errno == EUCLEAN || errno == EIO;
		if (!is_expected(errno))
			walk->unexpected = errno;
	}
	return result;
}

/* Read from offset on, until the end, an error, or the bound. */
static void
read_run(struct walk *walk, int fd, int64_t offset)
{
	char buffer[READ_SIZE];
	uint64_t left = walk->byte_max;

	while (left > 0) {
		size_t size = left < READ_SIZE ? left : READ_SIZE;
		int64_t count = note(walk, rump_sys_pread(fd, buffer, size, offset));

		if (count <= 0)
			break;
		offset += count;
		left -= (uint64_t)count;
	}
}

static void
read_file(struct walk *walk, int dirfd, const char *name, int64_t size)
{
	char byte[3000];
	int64_t data;
	int fd = (int)note(walk, rump_sys_openat(dirfd, name, O_RDONLY));

	if (fd < 0)
		return;
	read_run(walk, fd, 0);
	data = rump_sys_lseek(fd, size / 2, SEEK_DATA);
	if (data >= 0) {
		note(walk, rump_sys_pread(fd, byte, sizeof(byte), data));
		rump_sys_lseek(fd, data, SEEK_HOLE);
	}
	if (size > 0)
		note(walk, rump_sys_pread(fd, byte, sizeof(byte), size - 1));
	rump_sys_close(fd);
}

/* Look at name in dirfd; true if it is a directory. */
static bool
look(struct walk *walk, int dirfd, const char *name)
{
	char target[4096];
	struct stat status;

	walk->object_count++;
	if (note(walk, rump_sys_fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW)) < 0)
		return false;
	if (S_ISLNK(status.st_mode)) {
		note(walk, rump_sys_readlinkat(dirfd, name, target, sizeof(target)));
		rump_sys_fstatat(dirfd, name, &status, 0);
	} else if (S_ISREG(status.st_mode) && walk->reads_files) {
		read_file(walk, dirfd, name, status.st_size);
	}
	return S_ISDIR(status.st_mode);
}

/* What there is to a directory beside its entries. */
static void
look_around(struct walk *walk, int fd)
{
	char path[4096];
	struct stat status;

	note(walk, rump_sys_fstatat(fd, "..", &status, 0));
	rump_sys_fstatat(fd, "a name that nobody gives", &status, 0);
	if (note(walk, rump_sys_fchdir(fd)) == 0)
		rump_sys_getcwd(path, sizeof(path));
}

/*
 * Look at the entries of fd, from its position on, until one is a directory:
 * open that and return its descriptor; -1 at the end.
 */
static int
next_directory(struct walk *walk, int fd)
{
	char buffer[300];

	while (walk->object_count < walk->object_max) {
		/* A small buffer, since what follows a directory is read again after it. */
		int64_t size = note(walk, rump_sys_getdents64(fd, buffer, sizeof(buffer)));

		if (size <= 0)
			return -1;
		for (int64_t at = 0; at < size;) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(buffer + at);
			int child;

			at += entry->d_reclen;
			if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
				continue;
			if (!look(walk, fd, entry->d_name))
				continue;
			child = (int)note(walk,
			    rump_sys_openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY));
			if (child < 0)
				continue;
			look_around(walk, child);
			rump_sys_lseek(fd, entry->d_off, SEEK_SET);
			return child;
		}
	}
	return -1;
}

void
walk_tree(struct walk *walk, const char *path)
{
	int stack[DEPTH_MAX];
	unsigned depth = 0;
	char description[2048];
	struct statfs statistics;

	walk->object_count = 0;
	walk->error_count = 0;
	walk->damage_count = 0;
	walk->unexpected = 0;
	note(walk, rump_sys_statfs(path, &statistics));
	note(walk, rump_sys_getxattr(path, "rump.filesystem", description, sizeof(description)));
	stack[0] = (int)note(walk, rump_sys_open(path, O_RDONLY | O_DIRECTORY));
	if (stack[0] < 0)
		return;
	for (;;) {
		int child = depth + 1 < DEPTH_MAX ? next_directory(walk, stack[depth]) : -1;

		if (child >= 0) {
			stack[++depth] = child;
			continue;
		}
		rump_sys_close(stack[depth]);
		if (depth == 0)
			break;
		depth--;
	}
	rump_sys_chdir("/");
}
