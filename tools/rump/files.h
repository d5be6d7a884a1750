/*
 * Calls on files that are the same in an image and on the host.
 *
 * They return what the host's do, with errno.  Names are relative to a directory
 * descriptor of the same side, or to AT_FDCWD: in an image, the root of the one
 * that location_use() named last.
 */
#ifndef TOOLS_RUMP_FILES_H
#define TOOLS_RUMP_FILES_H

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

struct files {
	int (*open)(int directory, const char *name, int flags, mode_t mode);
	int (*close)(int fd);
	ssize_t (*getdents)(int directory, void *buffer, size_t size);
	ssize_t (*pread)(int fd, void *bytes, size_t size, off_t offset);
	ssize_t (*pwrite)(int fd, const void *bytes, size_t size, off_t offset);
	off_t (*seek)(int fd, off_t offset, int whence);
	int (*set_size)(int fd, off_t size);

	int (*stat)(int directory, const char *name, struct stat *st, int flags);
	int (*fstat)(int fd, struct stat *st);
	int (*fchmod)(int fd, mode_t mode);
	int (*fchown)(int fd, uid_t uid, gid_t gid);
	int (*chown)(int directory, const char *name, uid_t uid, gid_t gid, int flags);
	int (*set_fd_times)(int fd, const struct timespec times[2]);
	int (
	    *set_times)(int directory, const char *name, const struct timespec times[2], int flags);
	ssize_t (*getxattr)(int fd, const char *name, void *value, size_t size);
	ssize_t (*listxattr)(int fd, char *list, size_t size);
	int (*setxattr)(int fd, const char *name, const void *value, size_t size, int flags);

	int (*mkdir)(int directory, const char *name, mode_t mode);
	int (*mknod)(int directory, const char *name, mode_t mode, dev_t device);
	int (*symlink)(const char *target, int directory, const char *name);
	ssize_t (*readlink)(int directory, const char *name, char *target, size_t size);
	int (*link)(int old_directory, const char *old_name, int directory, const char *name,
	    int flags);
	int (*unlink)(int directory, const char *name, int flags);

	/* Words for errno of these calls; valid until the next. */
	const char *(*reason)(int error);
};

/* The path, relative to the directory base, "" for the current one; owned by the caller. */
char *files_path_below(const char *base, const char *path);

extern const struct files image_files;
extern const struct files host_files;

#endif
