/* Calls on files that are the same in an image and on the host. */
#include "tools/rump/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/memory.h"
#include "tools/rump/report.h"

char *
files_path_below(const char *base, const char *path)
{
	bool needs_slash = *base != '\0' && base[strlen(base) - 1] != '/' && *path != '\0';

	return memory_format("%s%s%s", base, needs_slash ? "/" : "", path);
}

static int
image_open(int directory, const char *name, int flags, mode_t mode)
{
	return rump_sys_openat(directory, name, flags | O_CLOEXEC, mode);
}

const struct files image_files = {
	.open = image_open,
	.close = rump_sys_close,
	.getdents = rump_sys_getdents64,
	.pread = rump_sys_pread,
	.pwrite = rump_sys_pwrite,
	.seek = rump_sys_lseek,
	.set_size = rump_sys_ftruncate,
	.stat = rump_sys_fstatat,
	.fstat = rump_sys_fstat,
	.fchmod = rump_sys_fchmod,
	.fchown = rump_sys_fchown,
	.chown = rump_sys_fchownat,
	.set_fd_times = rump_sys_futimens,
	.set_times = rump_sys_utimensat,
	.getxattr = rump_sys_fgetxattr,
	.listxattr = rump_sys_flistxattr,
	.setxattr = rump_sys_fsetxattr,
	.mkdir = rump_sys_mkdirat,
	.mknod = rump_sys_mknodat,
	.symlink = rump_sys_symlinkat,
	.readlink = rump_sys_readlinkat,
	.link = rump_sys_linkat,
	.unlink = rump_sys_unlinkat,
	.reason = report_reason,
};

static int
host_open(int directory, const char *name, int flags, mode_t mode)
{
	return openat(directory, name, flags | O_CLOEXEC, mode);
}

/* C libraries differ in what they declare: the type of the buffer, and of the result. */
static ssize_t
host_getdents(int directory, void *buffer, size_t size)
{
	return getdents64(directory, buffer, size);
}

static const char *
host_reason(int error)
{
	return strerror(error);
}

const struct files host_files = {
	.open = host_open,
	.close = close,
	.getdents = host_getdents,
	.pread = pread,
	.pwrite = pwrite,
	.seek = lseek,
	.set_size = ftruncate,
	.stat = fstatat,
	.fstat = fstat,
	.fchmod = fchmod,
	.fchown = fchown,
	.chown = fchownat,
	.set_fd_times = futimens,
	.set_times = utimensat,
	.getxattr = fgetxattr,
	.listxattr = flistxattr,
	.setxattr = fsetxattr,
	.mkdir = mkdirat,
	.mknod = mknodat,
	.symlink = symlinkat,
	.readlink = readlinkat,
	.link = linkat,
	.unlink = unlinkat,
	.reason = host_reason,
};
