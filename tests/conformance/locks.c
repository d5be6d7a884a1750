/* flock, and fcntl's locks of processes and of open files. */
#include <sys/file.h>

#include "tests/conformance/conformance.h"

/* A lock by fcntl(); size 0 is to the end. */
static long
lock(int fd, int command, short type, off_t start, off_t size)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = start };

	range.l_len = size;
	return c->fcntl(fd, command, (long)(intptr_t)&range);
}

/* What another process is told of f; which is a file, and a range of it. */
struct attempt {
	const char *path;
	int command;
	short type;
	off_t start, size;
};

static long
try_lock(void *argument)
{
	struct attempt *attempt = argument;
	int fd = c->open(attempt->path, O_RDWR, 0);
	long result = lock(fd, attempt->command, attempt->type, attempt->start, attempt->size);

	return result < 0 ? -errno : result;
}

/* Another process tries to lock; 0 or -errno. */
static long
elsewhere(int command, short type, off_t start, off_t size)
{
	struct attempt attempt = { "f", command, type, start, size };

	return in_child(try_lock, &attempt);
}

/* Whose lock is in the way, as another process sees it: type and place, or 0. */
static long
look_for_lock(void *argument)
{
	struct attempt *attempt = argument;
	struct flock range = { .l_type = attempt->type, .l_whence = SEEK_SET };
	int fd = c->open(attempt->path, O_RDWR, 0);

	range.l_start = attempt->start;
	range.l_len = attempt->size;
	if (c->fcntl(fd, F_GETLK, (long)(intptr_t)&range) < 0)
		return -errno;
	if (range.l_type == F_UNLCK)
		return 0;
	return (range.l_type == F_WRLCK ? 1000000 : 0) + range.l_start * 1000 + range.l_len;
}

static long
seen(short type, off_t start, off_t size)
{
	struct attempt attempt = { "f", F_GETLK, type, start, size };

	return in_child(look_for_lock, &attempt);
}

static int
make_scene(void)
{
	int fd;

	make_file("f", 0666, ROOT, "0123456789");
	fd = open_file("f", O_RDWR);
	NEEDS(c->flock(fd, LOCK_UN));
	return fd;
}

static void
processes_lock_ranges(void)
{
	int fd = make_scene();

	OK(lock(fd, F_SETLK, F_WRLCK, 10, 10));
	IS(-EAGAIN, elsewhere(F_SETLK, F_WRLCK, 15, 1));
	IS(-EAGAIN, elsewhere(F_SETLK, F_RDLCK, 15, 1));
	IS(-EAGAIN, elsewhere(F_SETLK, F_WRLCK, 0, 11));
	IS(-EAGAIN, elsewhere(F_SETLK, F_WRLCK, 0, 0));
	IS(0, elsewhere(F_SETLK, F_WRLCK, 0, 10));
	IS(0, elsewhere(F_SETLK, F_WRLCK, 20, 0));
	OK(lock(fd, F_SETLK, F_RDLCK, 10, 10));
	IS(0, elsewhere(F_SETLK, F_RDLCK, 10, 10));
	IS(-EAGAIN, elsewhere(F_SETLK, F_WRLCK, 19, 1));
	OK(lock(fd, F_SETLK, F_UNLCK, 10, 10));
	IS(0, elsewhere(F_SETLK, F_WRLCK, 0, 0));
	/* One's own locks are never in the way. */
	OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	OK(lock(fd, F_SETLK, F_RDLCK, 0, 0));
	OK(lock(fd, F_SETLKW, F_WRLCK, 5, 5));
}

static void
ranges_split_and_join(void)
{
	int fd = make_scene();

	IS(0, seen(F_WRLCK, 0, 0));
	OK(lock(fd, F_SETLK, F_WRLCK, 10, 20));
	IS(1000000 + 10020, seen(F_WRLCK, 0, 0));
	OK(lock(fd, F_SETLK, F_UNLCK, 15, 5));
	IS(1000000 + 10005, seen(F_RDLCK, 0, 0));
	IS(0, seen(F_WRLCK, 15, 5));
	IS(1000000 + 20010, seen(F_WRLCK, 15, 0));
	OK(lock(fd, F_SETLK, F_WRLCK, 15, 5));
	IS(1000000 + 10020, seen(F_WRLCK, 0, 0));
	OK(lock(fd, F_SETLK, F_RDLCK, 12, 3));
	IS(1000000 + 10002, seen(F_WRLCK, 0, 0));
	IS(12003, seen(F_WRLCK, 12, 1));
	IS(0, seen(F_RDLCK, 12, 3));
	IS(1000000 + 15015, seen(F_RDLCK, 12, 10));
	OK(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	IS(0, seen(F_WRLCK, 0, 0));
}

static void
closing_any_descriptor_unlocks(void)
{
	int fd = make_scene(), other;

	OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	other = open_file("f", O_RDONLY);
	IS(-EAGAIN, elsewhere(F_SETLK, F_WRLCK, 0, 0));
	OK(c->close(other));
	IS(0, elsewhere(F_SETLK, F_WRLCK, 0, 0));
	OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	other = OK(c->dup(fd));
	OK(c->close(other));
	IS(0, elsewhere(F_SETLK, F_WRLCK, 0, 0));
}

static void
locks_need_the_right_descriptor(void)
{
	struct flock range = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd = make_scene(), reading, writing;

	reading = open_file("f", O_RDONLY);
	writing = open_file("f", O_WRONLY);
	FAILS(EBADF, lock(reading, F_SETLK, F_WRLCK, 0, 1));
	FAILS(EBADF, lock(writing, F_SETLK, F_RDLCK, 0, 1));
	OK(lock(reading, F_SETLK, F_RDLCK, 0, 1));
	OK(lock(writing, F_SETLK, F_WRLCK, 0, 1));
	OK(lock(reading, F_SETLK, F_UNLCK, 0, 1));
	FAILS(EBADF, lock(open_file("f", O_PATH), F_SETLK, F_RDLCK, 0, 1));
	FAILS(EBADF, lock(9999, F_SETLK, F_RDLCK, 0, 1));
	FAILS(EINVAL, lock(fd, F_SETLK, 77, 0, 1));
	FAILS(EINVAL, lock(fd, F_SETLK, F_RDLCK, -1, 1));
	FAILS(EINVAL, lock(fd, F_GETLK, F_UNLCK, 0, 1));
	FAILS(EFAULT, c->fcntl(fd, F_SETLK, 0));
	range.l_whence = 5;
	FAILS(EINVAL, c->fcntl(fd, F_SETLK, (long)(intptr_t)&range));
	/* Relative to the end and to the offset; backwards too. */
	range = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_END, .l_len = -4 };
	OK(c->fcntl(fd, F_SETLK, (long)(intptr_t)&range));
	IS(1000000 + 6004, seen(F_WRLCK, 0, 0));
	OK(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	IS(3, c->lseek(fd, 3, SEEK_SET));
	range = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = 1, .l_len = 2 };
	OK(c->fcntl(fd, F_SETLK, (long)(intptr_t)&range));
	IS(1000000 + 4002, seen(F_WRLCK, 0, 0));
}

static void
locks_of_open_files_go_with_them(void)
{
	int fd = make_scene(), other, copy;

	other = open_file("f", O_RDWR);
	OK(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10));
	FAILS(EAGAIN, lock(other, F_OFD_SETLK, F_RDLCK, 5, 1));
	FAILS(EAGAIN, lock(other, F_SETLK, F_WRLCK, 5, 1));
	OK(lock(other, F_OFD_SETLK, F_WRLCK, 10, 10));
	FAILS(EAGAIN, lock(fd, F_OFD_SETLK, F_WRLCK, 15, 1));
	copy = OK(c->dup(fd));
	OK(lock(copy, F_OFD_SETLK, F_RDLCK, 0, 10));
	OK(lock(other, F_OFD_SETLK, F_RDLCK, 5, 1));
	OK(c->close(fd));
	FAILS(EAGAIN, lock(other, F_OFD_SETLK, F_WRLCK, 5, 1));
	OK(c->close(copy));
	OK(lock(other, F_OFD_SETLK, F_WRLCK, 5, 1));
	IS(-EAGAIN, elsewhere(F_OFD_SETLK, F_WRLCK, 5, 1));
	/* Closing another descriptor changes nothing. */
	OK(c->close(open_file("f", O_RDONLY)));
	IS(-EAGAIN, elsewhere(F_SETLK, F_WRLCK, 5, 1));
}

static void
flock_locks_open_files(void)
{
	int fd = make_scene(), other, copy;

	other = open_file("f", O_RDONLY);
	OK(c->flock(fd, LOCK_EX));
	FAILS(EAGAIN, c->flock(other, LOCK_SH | LOCK_NB));
	FAILS(EAGAIN, c->flock(other, LOCK_EX | LOCK_NB));
	OK(c->flock(fd, LOCK_SH));
	OK(c->flock(other, LOCK_SH | LOCK_NB));
	FAILS(EAGAIN, c->flock(fd, LOCK_EX | LOCK_NB));
	OK(c->flock(other, LOCK_UN));
	OK(c->flock(fd, LOCK_EX | LOCK_NB));
	copy = OK(c->dup(fd));
	OK(c->close(fd));
	FAILS(EAGAIN, c->flock(other, LOCK_SH | LOCK_NB));
	OK(c->flock(copy, LOCK_UN));
	/* A descriptor for reading locks for itself alone. */
	OK(c->flock(other, LOCK_EX | LOCK_NB));
	OK(c->flock(other, LOCK_UN));
	OK(c->flock(other, LOCK_UN));
	/* These locks know nothing of fcntl's. */
	OK(c->flock(copy, LOCK_EX));
	OK(lock(copy, F_SETLK, F_WRLCK, 0, 0));
	OK(lock(copy, F_OFD_SETLK, F_UNLCK, 0, 0));
	FAILS(EINVAL, c->flock(copy, 0));
	FAILS(EINVAL, c->flock(copy, LOCK_SH | LOCK_EX));
	FAILS(EBADF, c->flock(-1, LOCK_SH));
	FAILS(EBADF, c->flock(open_file("f", O_PATH), LOCK_SH));
	OK(c->flock(open_file(".", O_RDONLY), LOCK_EX));
}

const struct group lock_groups[] = {
	{ "processes lock ranges", processes_lock_ranges },
	{ "ranges of locks split and join", ranges_split_and_join },
	{ "closing any descriptor of a file unlocks it", closing_any_descriptor_unlocks },
	{ "locks need the right descriptor", locks_need_the_right_descriptor },
	{ "locks of open files go with them", locks_of_open_files_go_with_them },
	{ "flock locks open files", flock_locks_open_files },
	{ 0 },
};
