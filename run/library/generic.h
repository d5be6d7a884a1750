/*
 * The generic 64-bit layouts of Linux, which the kernel speaks, and the C
 * library's, which differ with machine and library: struct stat and statfs
 * nearly everywhere, iovec and timespec where long has 32 bits.  The C library's
 * statx and utsname are the kernel's on all machines.
 *
 * A layout that is the same is passed on as it is: the choice is made when this
 * is compiled, field by field it costs nothing where it need not.
 */
#ifndef RUN_LIBRARY_GENERIC_H
#define RUN_LIBRARY_GENERIC_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#include "run/library/enter.h"
#include <rump/syscalls.h>

_Static_assert(sizeof(off_t) == 8 && sizeof(time_t) == 8, "offsets and times have 64 bits");
_Static_assert(sizeof(struct statx) == 256 && sizeof(struct utsname) == 390, "as the kernel's");

struct generic_time {
	int64_t second;
	int64_t nanosecond;
};

struct generic_iovec {
	uint64_t base;
	uint64_t size;
};

struct generic_stat {
	uint64_t device;
	uint64_t ino;
	uint32_t mode;
	uint32_t link_count;
	uint32_t uid;
	uint32_t gid;
	uint64_t node_device;
	uint64_t padding1;
	int64_t size;
	int32_t io_block_size;
	int32_t padding2;
	int64_t block_count;
	struct generic_time accessed;
	struct generic_time modified;
	struct generic_time changed;
	uint32_t unused[2];
};

struct generic_statfs {
	int64_t type;
	int64_t io_block_size;
	uint64_t block_count;
	uint64_t free_count;
	uint64_t available_count;
	uint64_t file_count;
	uint64_t free_file_count;
	int32_t id[2];
	int64_t name_length;
	int64_t block_size;
	int64_t flags;
	int64_t spare[4];
};

struct generic_flock {
	int16_t type;
	int16_t whence;
	int32_t padding1;
	int64_t start;
	int64_t length;
	int32_t pid;
	int32_t padding2;
};

_Static_assert(sizeof(struct generic_stat) == 128 && sizeof(struct generic_statfs) == 120,
    "as in asm-generic");

/* Is the C library's structure the generic one of words of 64 bits? */
#define TIME_IS_GENERIC \
	(sizeof(((struct timespec *)0)->tv_nsec) == 8 && sizeof(struct timespec) == 16)
#define IOVEC_IS_GENERIC (sizeof(struct iovec) == sizeof(struct generic_iovec))

#define FLOCK_IS_GENERIC \
	(sizeof(struct flock) == sizeof(struct generic_flock) && \
	    offsetof(struct flock, l_start) == offsetof(struct generic_flock, start))

/* Room for what user_vector() may have to convert; the kernel takes no more. */
#define VECTOR_MAX  1024
#define VECTOR_ROOM (IOVEC_IS_GENERIC ? 1 : VECTOR_MAX)

/* In the lowest page: the kernel refuses it, or knows what it means. */
static inline bool
is_no_address(const void *pointer)
{
	return (uintptr_t)pointer < 4096;
}

/*
 * count parts of a vector, for the kernel; room has VECTOR_ROOM.  A count that
 * the kernel will refuse is left to it, unseen.
 */
static inline struct user_ptr
user_vector(struct generic_iovec *room, const struct iovec *vector, int count)
{
	if (IOVEC_IS_GENERIC || is_no_address(vector) || count > VECTOR_MAX)
		return user(vector);
	for (int i = 0; i < count; i++) {
		room[i].base = (uintptr_t)vector[i].iov_base;
		/* More than half of memory is refused: it is negative on 64 bits too. */
		room[i].size = (uint64_t)(ssize_t)vector[i].iov_len;
	}
	return user(room);
}

/* Two times, which may be left out; room has 2. */
static inline struct user_ptr
user_times(struct generic_time *room, const struct timespec *times)
{
	if (TIME_IS_GENERIC || is_no_address(times))
		return user(times);
	for (int i = 0; i < 2; i++)
		room[i] = (struct generic_time){ times[i].tv_sec, times[i].tv_nsec };
	return user(room);
}

/* A time that may be left out. */
static inline struct user_ptr
user_time(struct generic_time *room, const struct timespec *time)
{
	if (TIME_IS_GENERIC || time == NULL)
		return user(time);
	*room = (struct generic_time){ time->tv_sec, time->tv_nsec };
	return user(room);
}

static inline struct timespec
host_time(struct generic_time time)
{
	return (struct timespec){ .tv_sec = time.second, .tv_nsec = (long)time.nanosecond };
}

/* Where the kernel puts times that are then told by host_times(). */
static inline struct user_ptr
user_times_room(struct generic_time *room, struct timespec *times)
{
	return user(TIME_IS_GENERIC || is_no_address(times) ? (void *)times : room);
}

static inline void
host_times(const struct generic_time *room, struct timespec *times, int count)
{
	for (int i = 0; i < count && !TIME_IS_GENERIC && !is_no_address(times); i++)
		times[i] = host_time(room[i]);
}

static inline void
host_stat(const struct generic_stat *from, struct stat *to)
{
	*to = (struct stat){
		.st_dev = from->device,
		.st_ino = from->ino,
		.st_mode = from->mode,
		.st_nlink = from->link_count,
		.st_uid = from->uid,
		.st_gid = from->gid,
		.st_rdev = from->node_device,
		.st_size = from->size,
		.st_blksize = from->io_block_size,
		.st_blocks = from->block_count,
		.st_atim = host_time(from->accessed),
		.st_mtim = host_time(from->modified),
		.st_ctim = host_time(from->changed),
	};
}

static inline void
host_statfs(const struct generic_statfs *from, struct statfs *to)
{
	*to = (struct statfs){
		.f_type = (__typeof__(to->f_type))from->type,
		.f_bsize = (__typeof__(to->f_bsize))from->io_block_size,
		.f_blocks = from->block_count,
		.f_bfree = from->free_count,
		.f_bavail = from->available_count,
		.f_files = from->file_count,
		.f_ffree = from->free_file_count,
		.f_namelen = (__typeof__(to->f_namelen))from->name_length,
		.f_frsize = (__typeof__(to->f_frsize))from->block_size,
		.f_flags = (__typeof__(to->f_flags))from->flags,
	};
	_Static_assert(sizeof(to->f_fsid) == sizeof(from->id), "two words");
	memcpy(&to->f_fsid, from->id, sizeof(from->id));
}

#endif
