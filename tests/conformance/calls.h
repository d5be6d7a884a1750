/*
 * The system calls that the conformance suite makes, as a table: each kernel
 * under test fills one.  All have the form of Linux's C library.
 *
 * CALLS(X) lists them, one X(result, name, parameters, arguments) each, and
 * both tables are made from it.
 */
#ifndef TESTS_CONFORMANCE_CALLS_H
#define TESTS_CONFORMANCE_CALLS_H

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#define CALLS(X) \
	X(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode)) \
	X(int, openat, (int dir, const char *path, int flags, mode_t mode), \
	    (dir, path, flags, mode)) \
	X(int, creat, (const char *path, mode_t mode), (path, mode)) \
	X(int, close, (int fd), (fd)) \
	X(int, dup, (int fd), (fd)) \
	X(int, dup2, (int fd, int wanted), (fd, wanted)) \
	X(int, dup3, (int fd, int wanted, int flags), (fd, wanted, flags)) \
	X(int, fcntl, (int fd, int command, long argument), (fd, command, argument)) \
	X(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size)) \
	X(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size)) \
	X(ssize_t, pread, (int fd, void *to, size_t size, off_t at), (fd, to, size, at)) \
	X(ssize_t, pwrite, (int fd, const void *from, size_t size, off_t at), \
	    (fd, from, size, at)) \
	X(ssize_t, readv, (int fd, const struct iovec *vector, int count), (fd, vector, count)) \
	X(ssize_t, writev, (int fd, const struct iovec *vector, int count), (fd, vector, count)) \
	X(ssize_t, preadv, (int fd, const struct iovec *vector, int count, off_t at), \
	    (fd, vector, count, at)) \
	X(ssize_t, pwritev, (int fd, const struct iovec *vector, int count, off_t at), \
	    (fd, vector, count, at)) \
	X(off_t, lseek, (int fd, off_t offset, int whence), (fd, offset, whence)) \
	X(int, truncate, (const char *path, off_t size), (path, size)) \
	X(int, ftruncate, (int fd, off_t size), (fd, size)) \
	X(int, fsync, (int fd), (fd)) \
	X(int, fdatasync, (int fd), (fd)) \
	X(int, syncfs, (int fd), (fd)) \
	X(ssize_t, getdents64, (int fd, void *to, size_t size), (fd, to, size)) \
	X(int, mkdir, (const char *path, mode_t mode), (path, mode)) \
	X(int, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode)) \
	X(int, mknod, (const char *path, mode_t mode, dev_t device), (path, mode, device)) \
	X(int, mknodat, (int dir, const char *path, mode_t mode, dev_t device), \
	    (dir, path, mode, device)) \
	X(int, unlink, (const char *path), (path)) \
	X(int, rmdir, (const char *path), (path)) \
	X(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags)) \
	X(int, link, (const char *from, const char *to), (from, to)) \
	X(int, linkat, (int dir, const char *from, int to_dir, const char *to, int flags), \
	    (dir, from, to_dir, to, flags)) \
	X(int, symlink, (const char *target, const char *path), (target, path)) \
	X(int, symlinkat, (const char *target, int dir, const char *path), (target, dir, path)) \
	X(ssize_t, readlink, (const char *path, char *to, size_t size), (path, to, size)) \
	X(ssize_t, readlinkat, (int dir, const char *path, char *to, size_t size), \
	    (dir, path, to, size)) \
	X(int, rename, (const char *from, const char *to), (from, to)) \
	X(int, renameat, (int dir, const char *from, int to_dir, const char *to), \
	    (dir, from, to_dir, to)) \
	X(int, renameat2, \
	    (int dir, const char *from, int to_dir, const char *to, unsigned int flags), \
	    (dir, from, to_dir, to, flags)) \
	X(int, chdir, (const char *path), (path)) \
	X(int, fchdir, (int fd), (fd)) \
	X(int, chroot, (const char *path), (path)) \
	X(char *, getcwd, (char *to, size_t size), (to, size)) \
	X(int, stat, (const char *path, struct stat *status), (path, status)) \
	X(int, lstat, (const char *path, struct stat *status), (path, status)) \
	X(int, fstat, (int fd, struct stat *status), (fd, status)) \
	X(int, fstatat, (int dir, const char *path, struct stat *status, int flags), \
	    (dir, path, status, flags)) \
	X(int, statx, \
	    (int dir, const char *path, int flags, unsigned int mask, struct statx *status), \
	    (dir, path, flags, mask, status)) \
	X(int, chmod, (const char *path, mode_t mode), (path, mode)) \
	X(int, fchmod, (int fd, mode_t mode), (fd, mode)) \
	X(int, fchmodat2, (int dir, const char *path, mode_t mode, int flags), \
	    (dir, path, mode, flags)) \
	X(int, chown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid)) \
	X(int, lchown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid)) \
	X(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid)) \
	X(int, fchownat, (int dir, const char *path, uid_t uid, gid_t gid, int flags), \
	    (dir, path, uid, gid, flags)) \
	X(int, utimensat, (int dir, const char *path, const struct timespec *times, int flags), \
	    (dir, path, times, flags)) \
	X(int, futimens, (int fd, const struct timespec *times), (fd, times)) \
	X(int, access, (const char *path, int mode), (path, mode)) \
	X(int, faccessat2, (int dir, const char *path, int mode, int flags), \
	    (dir, path, mode, flags)) \
	X(int, statfs, (const char *path, struct statfs *status), (path, status)) \
	X(int, fstatfs, (int fd, struct statfs *status), (fd, status)) \
	X(mode_t, umask, (mode_t mask), (mask)) \
	X(int, setresuid, (uid_t real, uid_t effective, uid_t saved), (real, effective, saved)) \
	X(int, setresgid, (gid_t real, gid_t effective, gid_t saved), (real, effective, saved)) \
	X(int, setgroups, (size_t count, const gid_t *groups), (count, groups)) \
	X(int, close_range, (unsigned int first, unsigned int last, unsigned int flags), \
	    (first, last, flags)) \
	X(int, ioctl, (int fd, unsigned long request, void *argument), (fd, request, argument)) \
	X(int, openat2, (int dir, const char *path, struct open_how *how, size_t size), \
	    (dir, path, how, size)) \
	X(int, fallocate, (int fd, int mode, off_t offset, off_t size), (fd, mode, offset, size)) \
	X(int, posix_fadvise, (int fd, off_t offset, off_t size, int advice), \
	    (fd, offset, size, advice)) \
	X(int, sync_file_range, (int fd, off_t offset, off_t size, unsigned int flags), \
	    (fd, offset, size, flags)) \
	X(int, flock, (int fd, int operation), (fd, operation)) \
	X(int, poll, (struct pollfd * fds, nfds_t count, int timeout_ms), \
	    (fds, count, timeout_ms)) \
	X(int, eventfd, (unsigned int count, int flags), (count, flags)) \
	X(int, pipe2, (int fds[2], int flags), (fds, flags)) \
	X(int, setxattr, \
	    (const char *path, const char *name, const void *value, size_t size, int flags), \
	    (path, name, value, size, flags)) \
	X(int, lsetxattr, \
	    (const char *path, const char *name, const void *value, size_t size, int flags), \
	    (path, name, value, size, flags)) \
	X(int, fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags), \
	    (fd, name, value, size, flags)) \
	X(ssize_t, getxattr, (const char *path, const char *name, void *value, size_t size), \
	    (path, name, value, size)) \
	X(ssize_t, lgetxattr, (const char *path, const char *name, void *value, size_t size), \
	    (path, name, value, size)) \
	X(ssize_t, fgetxattr, (int fd, const char *name, void *value, size_t size), \
	    (fd, name, value, size)) \
	X(ssize_t, listxattr, (const char *path, char *list, size_t size), (path, list, size)) \
	X(ssize_t, llistxattr, (const char *path, char *list, size_t size), (path, list, size)) \
	X(ssize_t, flistxattr, (int fd, char *list, size_t size), (fd, list, size)) \
	X(int, removexattr, (const char *path, const char *name), (path, name)) \
	X(int, lremovexattr, (const char *path, const char *name), (path, name)) \
	X(int, fremovexattr, (int fd, const char *name), (fd, name)) \
	X(int, getrlimit, (int resource, struct rlimit *limit), (resource, limit)) \
	X(int, setrlimit, (int resource, const struct rlimit *limit), (resource, limit)) \
	X(ssize_t, preadv2, (int fd, const struct iovec *vector, int count, off_t at, int flags), \
	    (fd, vector, count, at, flags)) \
	X(ssize_t, pwritev2, (int fd, const struct iovec *vector, int count, off_t at, int flags), \
	    (fd, vector, count, at, flags)) \
	X(int, epoll_create1, (int flags), (flags)) \
	X(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event), \
	    (epoll, operation, fd, event)) \
	X(int, epoll_wait, (int epoll, struct epoll_event *events, int count, int timeout_ms), \
	    (epoll, events, count, timeout_ms)) \
	X(ssize_t, copy_file_range, \
	    (int in, off_t *in_at, int out, off_t *out_at, size_t size, unsigned int flags), \
	    (in, in_at, out, out_at, size, flags)) \
	X(ssize_t, sendfile, (int out, int in, off_t *at, size_t size), (out, in, at, size)) \
	X(ssize_t, splice, \
	    (int in, off_t *in_at, int out, off_t *out_at, size_t size, unsigned int flags), \
	    (in, in_at, out, out_at, size, flags)) \
	X(ssize_t, tee, (int in, int out, size_t size, unsigned int flags), \
	    (in, out, size, flags)) \
	X(ssize_t, vmsplice, \
	    (int fd, const struct iovec *vector, size_t count, unsigned int flags), \
	    (fd, vector, count, flags)) \
	X(int, timerfd_create, (int clock, int flags), (clock, flags)) \
	X(int, timerfd_settime, \
	    (int fd, int flags, const struct itimerspec *time, struct itimerspec *old), \
	    (fd, flags, time, old)) \
	X(int, timerfd_gettime, (int fd, struct itimerspec *time), (fd, time)) \
	X(int, clock_gettime, (clockid_t clock, struct timespec * time), (clock, time))

struct calls {
#define X(result, name, parameters, arguments) result(*name) parameters;
	CALLS(X)
#undef X
};

extern const struct calls host_calls, rump_calls;

/* The table of the kernel under test. */
extern const struct calls *c;

#endif
