/* Pipes, fifos, poll, eventfd: bytes from one to another, and waiting for them. */
#include <limits.h>
#include <sys/eventfd.h>

#include "tests/conformance/conformance.h"

struct ends {
	int read, write;
};

static struct ends
make_pipe(int flags)
{
	int fds[2] = { -1, -1 };

	NEEDS(c->pipe2(fds, flags));
	return (struct ends){ fds[0], fds[1] };
}

/* What poll() says of fd now, asked for reading and writing. */
static int
readiness(int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN | POLLOUT };

	return c->poll(&ask, 1, 0) < 0 ? -1 : ask.revents;
}

static void
what_goes_in_comes_out(void)
{
	struct ends pipe = make_pipe(0);
	char data[16] = "";

	IS(5, c->write(pipe.write, "first", 5));
	IS(6, c->write(pipe.write, "second", 6));
	IS(3, c->read(pipe.read, data, 3));
	TRUE(memcmp(data, "fir", 3) == 0);
	IS(8, c->read(pipe.read, data, sizeof(data)));
	TRUE(memcmp(data, "stsecond", 8) == 0);
	IS(0, c->read(pipe.read, data, 0));
	IS(0, c->write(pipe.write, "", 0));
	FAILS(EBADF, c->read(pipe.write, data, 1));
	FAILS(EBADF, c->write(pipe.read, "x", 1));
}

static void
an_end_that_is_closed_is_noticed(void)
{
	struct ends pipe = make_pipe(0);
	char data[16];
	int copy;

	IS(4, c->write(pipe.write, "rest", 4));
	copy = OK(c->dup(pipe.write));
	OK(c->close(pipe.write));
	IS(2, c->read(pipe.read, data, 2));
	OK(c->close(copy));
	IS(2, c->read(pipe.read, data, 16));
	IS(0, c->read(pipe.read, data, 16));
	IS(0, c->read(pipe.read, data, 16));
	pipe = make_pipe(0);
	OK(c->close(pipe.read));
	FAILS(EPIPE, c->write(pipe.write, "x", 1));
	FAILS(EPIPE, c->write(pipe.write, "x", 1));
}

static void
nobody_waits_who_does_not_want_to(void)
{
	static char data[1 << 17];
	struct ends pipe = make_pipe(O_NONBLOCK);
	long size = c->fcntl(pipe.read, F_GETPIPE_SZ, 0);

	IS(O_NONBLOCK, c->fcntl(pipe.read, F_GETFL, 0) & O_NONBLOCK);
	IS(65536, size);
	FAILS(EAGAIN, c->read(pipe.read, data, 1));
	IS(size, c->write(pipe.write, data, sizeof(data)));
	FAILS(EAGAIN, c->write(pipe.write, data, 1));
	/* Room for a page, and none for what must not be split. */
	IS(100, c->read(pipe.read, data, 100));
	FAILS(EAGAIN, c->write(pipe.write, data, PIPE_BUF));
	IS(PIPE_BUF, c->read(pipe.read, data, PIPE_BUF));
	IS(PIPE_BUF, c->write(pipe.write, data, PIPE_BUF));
	IS(size - 100, c->read(pipe.read, data, sizeof(data)));
	FAILS(EAGAIN, c->read(pipe.read, data, 1));
}

static void
pipes_have_a_size_that_can_be_changed(void)
{
	struct ends pipe = make_pipe(O_NONBLOCK);
	static char data[1 << 18];

	IS(131072, c->fcntl(pipe.write, F_SETPIPE_SZ, 100000));
	IS(131072, c->fcntl(pipe.read, F_GETPIPE_SZ, 0));
	IS(131072, c->write(pipe.write, data, sizeof(data)));
	FAILS(EBUSY, c->fcntl(pipe.write, F_SETPIPE_SZ, 4096));
	IS(131072, c->read(pipe.read, data, sizeof(data)));
	IS(4096, c->fcntl(pipe.write, F_SETPIPE_SZ, 1));
	IS(4096, c->write(pipe.write, data, sizeof(data)));
	make_file("f", 0644, ROOT, "");
	FAILS(EBADF, c->fcntl(open_file("f", O_RDONLY), F_GETPIPE_SZ, 0));
	FAILS(EBADF, c->fcntl(open_file("f", O_RDONLY), F_SETPIPE_SZ, 4096));
}

static void
pipes_have_no_offsets(void)
{
	struct ends pipe = make_pipe(O_CLOEXEC);
	struct iovec vector;
	struct stat status;
	char data[4] = "";

	vector = (struct iovec){ data, 4 };
	FAILS(ESPIPE, c->lseek(pipe.read, 0, SEEK_SET));
	FAILS(ESPIPE, c->lseek(pipe.write, 0, SEEK_CUR));
	FAILS(ESPIPE, c->pread(pipe.read, data, 1, 0));
	FAILS(ESPIPE, c->pwrite(pipe.write, data, 1, 0));
	FAILS(ESPIPE, c->preadv(pipe.read, &vector, 1, 0));
	FAILS(ESPIPE, c->pwritev(pipe.write, &vector, 1, 0));
	FAILS(EINVAL, c->ftruncate(pipe.write, 0));
	FAILS(ENOTDIR, c->fchdir(pipe.read));
	FAILS(ENOTDIR, c->getdents64(pipe.read, data, 4));
	IS(FD_CLOEXEC, c->fcntl(pipe.read, F_GETFD, 0));
	IS(O_RDONLY, c->fcntl(pipe.read, F_GETFL, 0) & O_ACCMODE);
	IS(O_WRONLY, c->fcntl(pipe.write, F_GETFL, 0) & O_ACCMODE);
	OK(c->fstat(pipe.read, &status));
	IS(S_IFIFO | 0600, status.st_mode);
	IS(0, status.st_size);
	OK(c->fchmod(pipe.read, 0640));
	OK(c->fstat(pipe.write, &status));
	IS(S_IFIFO | 0640, status.st_mode);
	FAILS(EINVAL, c->pipe2((int[2]){ 0 }, O_APPEND));
	FAILS(EINVAL, c->pipe2((int[2]){ 0 }, 1));
	FAILS(EFAULT, c->pipe2(NULL, 0));
}

static void
fifos_are_pipes_with_names(void)
{
	struct stat status;
	char data[8] = "";
	int reader, writer, both;

	OK(c->mknod("fifo", S_IFIFO | 0644, 0));
	FAILS(ENXIO, c->open("fifo", O_WRONLY | O_NONBLOCK, 0));
	reader = OK(c->open("fifo", O_RDONLY | O_NONBLOCK, 0));
	/* Nobody is there to write. */
	IS(0, c->read(reader, data, 8));
	writer = OK(c->open("fifo", O_WRONLY | O_NONBLOCK, 0));
	FAILS(EAGAIN, c->read(reader, data, 8));
	IS(4, c->write(writer, "text", 4));
	IS(4, c->read(reader, data, 8));
	TRUE(memcmp(data, "text", 4) == 0);
	SIZE("fifo", 0);
	IS(4, c->write(writer, "more", 4));
	OK(c->close(writer));
	IS(4, c->read(reader, data, 8));
	IS(0, c->read(reader, data, 8));
	both = OK(c->open("fifo", O_RDWR, 0));
	IS(4, c->write(both, "both", 4));
	IS(4, c->read(both, data, 8));
	OK(c->close(both));
	writer = OK(c->open("fifo", O_WRONLY, 0)); /* there is a reader */
	OK(c->close(reader));
	FAILS(EPIPE, c->write(writer, "x", 1));
	OK(c->fstat(writer, &status));
	TRUE(status.st_ino == stat_of("fifo").st_ino);
	FAILS(ESPIPE, c->lseek(writer, 0, SEEK_SET));
	FAILS(ENXIO, c->open("fifo", O_WRONLY | O_NONBLOCK, 0));
}

static void
fifos_obey_permissions_and_names(void)
{
	char data[8];
	int reader, writer;

	OK(c->mknod("fifo", S_IFIFO | 0604, 0));
	as(ALICE);
	reader = OK(c->open("fifo", O_RDONLY | O_NONBLOCK, 0));
	FAILS(EACCES, c->open("fifo", O_WRONLY | O_NONBLOCK, 0));
	FAILS(EACCES, c->open("fifo", O_RDWR, 0));
	as(ROOT);
	writer = OK(c->open("fifo", O_WRONLY | O_TRUNC, 0));
	OK(c->rename("fifo", "renamed"));
	OK(c->link("renamed", "linked"));
	IS(1, c->write(writer, "1", 1));
	IS(1, c->read(reader, data, 8));
	OK(c->unlink("renamed"));
	IS(1, c->write(OK(c->open("linked", O_WRONLY, 0)), "2", 1));
	IS(1, c->read(reader, data, 8));
	OK(c->unlink("linked"));
	IS(1, c->write(writer, "3", 1));
	IS(1, c->read(reader, data, 8));
	IS('3', data[0]);
}

/* ---- poll -------------------------------------------------------------------- */

static void
poll_tells_what_would_not_wait(void)
{
	struct ends pipe = make_pipe(O_NONBLOCK);
	static char data[1 << 17];

	NEEDS(c->poll(NULL, 0, 0));
	IS(0, readiness(pipe.read));
	IS(POLLOUT, readiness(pipe.write));
	IS(1, c->write(pipe.write, "x", 1));
	IS(POLLIN, readiness(pipe.read));
	TRUE(c->write(pipe.write, data, sizeof(data)) > 0);
	IS(0, readiness(pipe.write));
	IS(PIPE_BUF, c->read(pipe.read, data, PIPE_BUF));
	IS(POLLOUT, readiness(pipe.write));
	OK(c->close(pipe.write));
	IS(POLLIN | POLLHUP, readiness(pipe.read));
	TRUE(c->read(pipe.read, data, sizeof(data)) > 0);
	IS(POLLHUP, readiness(pipe.read));
	pipe = make_pipe(0);
	OK(c->close(pipe.read));
	IS(POLLOUT | POLLERR, readiness(pipe.write));
	make_file("f", 0644, ROOT, "");
	IS(POLLIN | POLLOUT, readiness(open_file("f", O_RDWR)));
	IS(POLLIN | POLLOUT, readiness(open_file(".", O_RDONLY)));
	IS(POLLNVAL, readiness(9999));
	IS(0, readiness(-1));
	IS(POLLNVAL, readiness(open_file("f", O_PATH)));
}

static void
poll_counts_those_that_are_ready(void)
{
	struct ends one = make_pipe(0), two = make_pipe(0);
	struct pollfd ask[4] = {
		{ one.read, POLLIN, 77 },
		{ two.write, POLLOUT, 77 },
		{ -1, POLLIN, 77 },
		{ two.read, POLLOUT, 77 },
	};

	NEEDS(c->poll(NULL, 0, 0));
	IS(1, c->poll(ask, 4, 0));
	IS(0, ask[0].revents);
	IS(POLLOUT, ask[1].revents);
	IS(0, ask[2].revents);
	IS(0, ask[3].revents);
	IS(1, c->write(one.write, "x", 1));
	IS(2, c->poll(ask, 4, -1));
	IS(POLLIN, ask[0].revents);
	ask[1].events = 0;
	ask[0].events = POLLOUT;
	IS(0, c->poll(ask, 4, 1));
	OK(c->close(two.read));
	IS(2, c->poll(ask, 4, -1)); /* POLLERR and POLLNVAL come unasked */
	IS(POLLERR, ask[1].revents);
	IS(POLLNVAL, ask[3].revents);
	FAILS(EFAULT, c->poll(NULL, 1, 0));
	IS(0, c->poll(NULL, 0, 1));
}

/* ---- eventfd ------------------------------------------------------------------- */

static void
eventfd_counts(void)
{
	uint64_t count = 5;
	char small[4];
	int fd;

	NEEDS(c->eventfd(0, 0));
	fd = OK(c->eventfd(3, EFD_NONBLOCK));
	IS(POLLIN | POLLOUT, readiness(fd));
	IS(8, c->write(fd, &count, 8));
	IS(8, c->read(fd, &count, 8));
	IS(8, count);
	IS(POLLOUT, readiness(fd));
	FAILS(EAGAIN, c->read(fd, &count, 8));
	FAILS(EINVAL, c->read(fd, small, 4));
	FAILS(EINVAL, c->write(fd, small, 4));
	count = UINT64_MAX;
	FAILS(EINVAL, c->write(fd, &count, 8));
	count = UINT64_MAX - 1;
	IS(8, c->write(fd, &count, 8));
	IS(POLLIN, readiness(fd));
	count = 1;
	FAILS(EAGAIN, c->write(fd, &count, 8));
	count = 0;
	IS(8, c->write(fd, &count, 8));
	IS(8, c->read(fd, &count, 8));
	TRUE(count == UINT64_MAX - 1);
	FAILS(ESPIPE, c->pread(fd, &count, 8, 0));
	FAILS(EINVAL, c->eventfd(0, 2));
}

static void
eventfd_counts_down_if_so_wished(void)
{
	uint64_t count = 0;
	int fd;

	NEEDS(c->eventfd(0, 0));
	fd = OK(c->eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC));
	IS(FD_CLOEXEC, c->fcntl(fd, F_GETFD, 0));
	IS(O_RDWR | O_NONBLOCK, c->fcntl(fd, F_GETFL, 0) & (O_ACCMODE | O_NONBLOCK));
	IS(8, c->read(fd, &count, 8));
	IS(1, count);
	IS(8, c->read(fd, &count, 8));
	IS(1, count);
	FAILS(EAGAIN, c->read(fd, &count, 8));
}

const struct group pipe_groups[] = {
	{ "what goes into a pipe comes out", what_goes_in_comes_out },
	{ "an end of a pipe that is closed is noticed", an_end_that_is_closed_is_noticed },
	{ "nobody waits for a pipe who does not want to", nobody_waits_who_does_not_want_to },
	{ "pipes have a size that can be changed", pipes_have_a_size_that_can_be_changed },
	{ "pipes have no offsets", pipes_have_no_offsets },
	{ "fifos are pipes with names", fifos_are_pipes_with_names },
	{ "fifos obey permissions, and need no name", fifos_obey_permissions_and_names },
	{ "poll tells what would not wait", poll_tells_what_would_not_wait },
	{ "poll counts those that are ready", poll_counts_those_that_are_ready },
	{ "an eventfd counts", eventfd_counts },
	{ "an eventfd counts down if so wished", eventfd_counts_down_if_so_wished },
	{ 0 },
};
