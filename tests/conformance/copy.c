/* copy_file_range, sendfile, splice and its kin, epoll, timerfd, preadv2 and pwritev2. */
#include <sys/timerfd.h>

#include "tests/conformance/conformance.h"

#ifndef RWF_APPEND
#define RWF_APPEND 0x10
#endif
#ifndef RWF_DSYNC
#define RWF_DSYNC 0x02
#endif

static struct {
	int in, out;
} files;

static void
make_scene(void)
{
	make_file("in", 0644, ROOT, "0123456789");
	make_file("out", 0644, ROOT, "abcdefghij");
	files.in = open_file("in", O_RDWR);
	files.out = open_file("out", O_RDWR);
}

static void
ranges_are_copied(void)
{
	off_t in_at = 2, out_at = 8;

	make_scene();
	NEEDS(c->copy_file_range(files.in, &(off_t){ 0 }, files.out, &(off_t){ 0 }, 0, 0));
	IS(3, c->copy_file_range(files.in, NULL, files.out, NULL, 3, 0));
	DATA("out", "012defghij");
	IS(3, c->lseek(files.in, 0, SEEK_CUR));
	IS(3, c->lseek(files.out, 0, SEEK_CUR));
	IS(4, c->copy_file_range(files.in, &in_at, files.out, &out_at, 4, 0));
	DATA("out", "012defgh2345");
	IS(6, in_at);
	IS(12, out_at);
	IS(3, c->lseek(files.in, 0, SEEK_CUR));
	IS(4, c->copy_file_range(files.in, &in_at, files.out, NULL, 100, 0));
	DATA("out", "0126789h2345");
	IS(0, c->copy_file_range(files.in, &in_at, files.out, NULL, 100, 0));
	IS(0, c->copy_file_range(files.in, NULL, files.out, NULL, 0, 0));
	/* Within a file, if it does not overlap. */
	in_at = 0;
	out_at = 5;
	IS(3, c->copy_file_range(files.in, &in_at, files.in, &out_at, 3, 0));
	DATA("in", "0123401289");
	in_at = 0;
	out_at = 5;
	FAILS(EINVAL, c->copy_file_range(files.in, &in_at, files.in, &out_at, 8, 0));
}

static void
copy_file_range_has_rules_for_its_arguments(void)
{
	int fds[2], dir;

	make_scene();
	NEEDS(c->copy_file_range(files.in, &(off_t){ 0 }, files.out, &(off_t){ 0 }, 0, 0));
	dir = open_file(".", O_RDONLY);
	OK(c->pipe2(fds, 0));
	FAILS(EINVAL, c->copy_file_range(files.in, NULL, files.out, NULL, 1, 1));
	FAILS(EBADF, c->copy_file_range(-1, NULL, files.out, NULL, 1, 0));
	FAILS(EBADF, c->copy_file_range(files.in, NULL, -1, NULL, 1, 0));
	FAILS(EBADF, c->copy_file_range(open_file("in", O_WRONLY), NULL, files.out, NULL, 1, 0));
	FAILS(EBADF, c->copy_file_range(files.in, NULL, open_file("out", O_RDONLY), NULL, 1, 0));
	FAILS(EBADF,
	    c->copy_file_range(files.in, NULL, open_file("out", O_RDWR | O_APPEND), NULL, 1, 0));
	FAILS(EISDIR, c->copy_file_range(dir, NULL, files.out, NULL, 1, 0));
	FAILS(EINVAL, c->copy_file_range(fds[0], NULL, files.out, NULL, 1, 0));
	FAILS(EINVAL, c->copy_file_range(files.in, NULL, fds[1], NULL, 1, 0));
	DATA("out", "abcdefghij");
	RENEWS("mc", "out", c->copy_file_range(files.in, NULL, files.out, NULL, 3, 0));
}

static void
a_file_is_sent(void)
{
	char data[20] = "";
	off_t at = 4;
	int fds[2];

	make_scene();
	NEEDS(c->sendfile(files.out, files.in, NULL, 0));
	OK(c->pipe2(fds, 0));
	IS(3, c->sendfile(fds[1], files.in, NULL, 3));
	IS(3, c->lseek(files.in, 0, SEEK_CUR));
	IS(6, c->sendfile(fds[1], files.in, &at, 100));
	IS(10, at);
	IS(3, c->lseek(files.in, 0, SEEK_CUR));
	IS(9, c->read(fds[0], data, sizeof(data)));
	TRUE(memcmp(data, "012456789", 9) == 0);
	IS(0, c->sendfile(fds[1], files.in, &at, 100));
	IS(7, c->sendfile(files.out, files.in, NULL, 100));
	DATA("out", "3456789hij");
	FAILS(EBADF, c->sendfile(open_file("out", O_RDONLY), files.in, NULL, 1));
	FAILS(EBADF, c->sendfile(files.out, open_file("in", O_WRONLY), NULL, 1));
	FAILS(EBADF, c->sendfile(-1, files.in, NULL, 1));
	FAILS(EBADF, c->sendfile(files.out, -1, NULL, 1));
	at = -1;
	FAILS(EINVAL, c->sendfile(files.out, files.in, &at, 1));
	FAILS(EINVAL, c->sendfile(open_file("out", O_WRONLY | O_APPEND), files.in, NULL, 1));
}

static void
data_is_spliced(void)
{
	char data[20] = "";
	off_t at = 4;
	int a[2], b[2];

	make_scene();
	OK(c->pipe2(a, 0));
	OK(c->pipe2(b, 0));
	NEEDS(c->splice(files.in, &(off_t){ 10 }, a[1], NULL, 1, 0));
	IS(3, c->splice(files.in, NULL, a[1], NULL, 3, 0));
	IS(3, c->lseek(files.in, 0, SEEK_CUR));
	IS(6, c->splice(files.in, &at, a[1], NULL, 100, 0));
	IS(10, at);
	IS(3, c->lseek(files.in, 0, SEEK_CUR));
	IS(0, c->splice(files.in, &at, a[1], NULL, 100, 0)); /* its end */
	IS(5, c->tee(a[0], b[1], 5, 0));
	IS(4, c->splice(a[0], NULL, b[1], NULL, 4, 0));
	IS(9, c->read(b[0], data, sizeof(data)));
	TRUE(memcmp(data, "012450124", 9) == 0);
	at = 7;
	IS(2, c->splice(a[0], NULL, files.out, &at, 2, SPLICE_F_MOVE | SPLICE_F_MORE));
	IS(9, at);
	DATA("out", "abcdefg56j");
	IS(0, c->lseek(files.out, 0, SEEK_CUR));
	IS(3, c->splice(a[0], NULL, files.out, NULL, 100, 0));
	DATA("out", "789defg56j");
	IS(3, c->lseek(files.out, 0, SEEK_CUR));
	FAILS(EAGAIN, c->splice(a[0], NULL, files.out, NULL, 1, SPLICE_F_NONBLOCK));
	FAILS(EAGAIN, c->splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK));
	FAILS(EAGAIN, c->tee(a[0], b[1], 1, SPLICE_F_NONBLOCK));
	OK(c->close(a[1]));
	IS(0, c->splice(a[0], NULL, files.out, NULL, 1, 0));
	IS(0, c->splice(a[0], NULL, b[1], NULL, 1, 0));
	IS(0, c->tee(a[0], b[1], 1, 0));
}

static void
splice_has_rules_for_its_arguments(void)
{
	off_t at = 0, negative = -1;
	int a[2], b[2];

	make_scene();
	OK(c->pipe2(a, 0));
	OK(c->pipe2(b, 0));
	NEEDS(c->splice(files.in, &at, a[1], NULL, 4, 0));
	IS(0, c->splice(-1, NULL, -1, NULL, 0, ~0U));
	FAILS(EINVAL, c->splice(a[0], NULL, b[1], NULL, 1, 16));
	FAILS(EBADF, c->splice(-1, NULL, b[1], NULL, 1, 0));
	FAILS(EBADF, c->splice(a[0], NULL, -1, NULL, 1, 0));
	FAILS(EBADF, c->splice(a[1], NULL, b[1], NULL, 1, 0));
	FAILS(EBADF, c->splice(a[0], NULL, b[0], NULL, 1, 0));
	FAILS(EBADF, c->splice(open_file("in", O_WRONLY), NULL, b[1], NULL, 1, 0));
	FAILS(EBADF, c->splice(a[0], NULL, open_file("out", O_RDONLY), NULL, 1, 0));
	FAILS(EBADF, c->splice(open_file("in", O_PATH), NULL, b[1], NULL, 1, 0));
	FAILS(EINVAL, c->splice(a[0], NULL, a[1], NULL, 1, 0));
	FAILS(EINVAL, c->splice(files.in, NULL, files.out, NULL, 1, 0));
	FAILS(ESPIPE, c->splice(a[0], &at, files.out, NULL, 1, 0));
	FAILS(ESPIPE, c->splice(files.in, NULL, b[1], &at, 1, 0));
	FAILS(ESPIPE, c->splice(a[0], &at, b[1], NULL, 1, 0));
	FAILS(EINVAL, c->splice(files.in, &negative, b[1], NULL, 1, 0));
	FAILS(EINVAL, c->splice(a[0], NULL, files.out, &negative, 1, 0));
	FAILS(EINVAL, c->splice(a[0], NULL, open_file("out", O_WRONLY | O_APPEND), NULL, 1, 0));
	FAILS(EINVAL, c->splice(open_file(".", O_RDONLY), NULL, b[1], NULL, 1, 0));
	FAILS(EINVAL, c->splice(c->eventfd(1, 0), NULL, b[1], NULL, 1, 0));
	FAILS(EINVAL, c->tee(a[0], b[1], 1, 16));
	IS(0, c->tee(a[0], b[1], 0, 0));
	FAILS(EBADF, c->tee(-1, b[1], 1, 0));
	FAILS(EBADF, c->tee(a[1], b[1], 1, 0));
	FAILS(EINVAL, c->tee(a[0], a[1], 1, 0));
	FAILS(EINVAL, c->tee(files.in, b[1], 1, 0));
	FAILS(EINVAL, c->tee(a[0], files.out, 1, 0));
	DATA("out", "abcdefghij");
	OK(c->close(b[0]));
	FAILS(EPIPE, c->splice(a[0], NULL, b[1], NULL, 1, 0));
	FAILS(EPIPE, c->tee(a[0], b[1], 1, 0));
	FAILS(EPIPE, c->splice(files.in, NULL, b[1], NULL, 1, 0));
}

static void
memory_is_spliced(void)
{
	char data[20] = "";
	struct iovec vector[] = { { (char *)"abc", 3 }, { (char *)"defg", 4 } };
	int fds[2];

	make_scene();
	OK(c->pipe2(fds, 0));
	NEEDS(c->vmsplice(fds[1], vector, 0, 0));
	IS(7, c->vmsplice(fds[1], vector, 2, 0));
	IS(0, c->vmsplice(fds[1], vector, 0, 0));
	IS(7, c->read(fds[0], data, sizeof(data)));
	TRUE(memcmp(data, "abcdefg", 7) == 0);
	FAILS(EINVAL, c->vmsplice(fds[1], vector, 1, 16));
	FAILS(EINVAL, c->vmsplice(fds[1], vector, 1025, 0));
	FAILS(EBADF, c->vmsplice(-1, vector, 1, 0));
	FAILS(EBADF, c->vmsplice(files.out, vector, 1, 0));
	FAILS(EFAULT, c->vmsplice(fds[1], NULL, 1, 0));
	OK(c->close(fds[0]));
	FAILS(EPIPE, c->vmsplice(fds[1], vector, 1, 0));
}

static void
calls_have_flags_of_their_own(void)
{
	char data[4] = "";
	struct iovec vector = { data, 4 }, from;

	from = (struct iovec){ (char *)"WXYZ", 4 };
	make_scene();
	NEEDS(c->preadv2(files.in, &vector, 1, 0, 0));
	IS(4, c->preadv2(files.in, &vector, 1, 2, 0));
	TRUE(memcmp(data, "2345", 4) == 0);
	IS(0, c->lseek(files.in, 0, SEEK_CUR));
	IS(4, c->preadv2(files.in, &vector, 1, -1, 0)); /* at the offset */
	IS(4, c->lseek(files.in, 0, SEEK_CUR));
	IS(4, c->pwritev2(files.out, &from, 1, 2, RWF_DSYNC));
	DATA("out", "abWXYZghij");
	IS(4, c->pwritev2(files.out, &from, 1, 0, RWF_APPEND));
	DATA("out", "abWXYZghijWXYZ");
	IS(4, c->pwritev2(files.out, &from, 1, -1, 0));
	DATA("out", "WXYZYZghijWXYZ");
	FAILS(EOPNOTSUPP, c->preadv2(files.in, &vector, 1, 0, 0x10000));
	FAILS(EOPNOTSUPP, c->pwritev2(files.out, &from, 1, 0, 0x10000));
	FAILS(EINVAL, c->preadv2(files.in, &vector, 1, -2, 0));
}

/* ---- epoll -------------------------------------------------------------------- */

static struct epoll_event
wanted(uint32_t events, uint64_t data)
{
	return (struct epoll_event){ .events = events, .data.u64 = data };
}

static void
epoll_tells_what_is_ready(void)
{
	struct epoll_event event = wanted(EPOLLIN, 42), got[4];
	int epoll = -1, fds[2];
	char byte;

	NEEDS(epoll = c->epoll_create1(0));
	OK(c->pipe2(fds, 0));
	OK(c->epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
	IS(0, c->epoll_wait(epoll, got, 4, 0));
	IS(1, c->write(fds[1], "x", 1));
	IS(1, c->epoll_wait(epoll, got, 4, -1));
	IS(EPOLLIN, got[0].events);
	IS(42, got[0].data.u64);
	IS(1, c->epoll_wait(epoll, got, 4, 0)); /* it still is */
	event = wanted(EPOLLOUT, 43);
	OK(c->epoll_ctl(epoll, EPOLL_CTL_ADD, fds[1], &event));
	IS(2, c->epoll_wait(epoll, got, 4, 0));
	IS(1, c->epoll_wait(epoll, got, 1, 0));
	IS(1, c->read(fds[0], &byte, 1));
	IS(1, c->epoll_wait(epoll, got, 4, 0));
	IS(43, got[0].data.u64);
	OK(c->epoll_ctl(epoll, EPOLL_CTL_DEL, fds[1], NULL));
	IS(0, c->epoll_wait(epoll, got, 4, 0));
	OK(c->close(fds[1]));
	IS(1, c->epoll_wait(epoll, got, 4, 0));
	IS(EPOLLHUP, got[0].events);
	/* What is closed is forgotten. */
	OK(c->close(fds[0]));
	IS(0, c->epoll_wait(epoll, got, 4, 0));
}

static void
epoll_tells_once_if_so_wished(void)
{
	struct epoll_event event = wanted(EPOLLIN | EPOLLET, 1), got[4];
	int epoll = -1, fds[2];
	char byte;

	NEEDS(epoll = c->epoll_create1(EPOLL_CLOEXEC));
	IS(FD_CLOEXEC, c->fcntl(epoll, F_GETFD, 0));
	OK(c->pipe2(fds, O_NONBLOCK));
	OK(c->epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
	IS(1, c->write(fds[1], "x", 1));
	IS(1, c->epoll_wait(epoll, got, 4, 0));
	IS(0, c->epoll_wait(epoll, got, 4, 0));
	IS(1, c->write(fds[1], "y", 1));
	IS(1, c->epoll_wait(epoll, got, 4, 0));
	event = wanted(EPOLLIN | EPOLLONESHOT, 2);
	OK(c->epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event));
	IS(1, c->epoll_wait(epoll, got, 4, 0));
	IS(2, got[0].data.u64);
	IS(1, c->write(fds[1], "z", 1));
	IS(0, c->epoll_wait(epoll, got, 4, 0));
	OK(c->epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event));
	IS(1, c->epoll_wait(epoll, got, 4, 0));
	IS(1, c->read(fds[0], &byte, 1));
}

static void
epoll_has_rules_for_its_arguments(void)
{
	struct epoll_event event = wanted(EPOLLIN, 1), got[1];
	int epoll = -1, file, fds[2];

	NEEDS(epoll = c->epoll_create1(0));
	make_file("f", 0644, ROOT, "");
	file = open_file("f", O_RDONLY);
	OK(c->pipe2(fds, 0));
	FAILS(EINVAL, c->epoll_create1(1));
	FAILS(EPERM, c->epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event));
	FAILS(EPERM, c->epoll_ctl(epoll, EPOLL_CTL_ADD, open_file(".", O_RDONLY), &event));
	FAILS(EINVAL, c->epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &event));
	FAILS(EINVAL, c->epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &event));
	FAILS(EBADF, c->epoll_ctl(epoll, EPOLL_CTL_ADD, 9999, &event));
	FAILS(EBADF, c->epoll_ctl(9999, EPOLL_CTL_ADD, fds[0], &event));
	FAILS(ENOENT, c->epoll_ctl(epoll, EPOLL_CTL_MOD, fds[0], &event));
	FAILS(ENOENT, c->epoll_ctl(epoll, EPOLL_CTL_DEL, fds[0], &event));
	FAILS(EFAULT, c->epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], NULL));
	OK(c->epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
	FAILS(EEXIST, c->epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
	FAILS(EINVAL, c->epoll_ctl(epoll, 77, fds[0], &event));
	FAILS(EINVAL, c->epoll_wait(epoll, got, 0, 0));
	FAILS(EINVAL, c->epoll_wait(epoll, got, -1, 0));
	FAILS(EINVAL, c->epoll_wait(fds[0], got, 1, 0));
	FAILS(EBADF, c->epoll_wait(9999, got, 1, 0));
}

/* ---- timerfd ------------------------------------------------------------------- */

static void
timers_tell_how_often_they_ran_out(void)
{
	struct itimerspec time = { .it_value = { 0, 1 } }, old;
	uint64_t count = 0;
	int fd;

	NEEDS(fd = c->timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
	FAILS(EAGAIN, c->read(fd, &count, 8));
	OK(c->timerfd_gettime(fd, &old));
	IS(0, old.it_value.tv_sec + old.it_value.tv_nsec);
	OK(c->timerfd_settime(fd, 0, &time, NULL));
	IS(1, c->poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 10000));
	IS(8, c->read(fd, &count, 8));
	IS(1, count);
	FAILS(EAGAIN, c->read(fd, &count, 8));
	time = (struct itimerspec){ .it_value = { 1000, 0 }, .it_interval = { 7, 5 } };
	OK(c->timerfd_settime(fd, 0, &time, &old));
	OK(c->timerfd_gettime(fd, &old));
	TRUE(old.it_value.tv_sec >= 900 && old.it_value.tv_sec <= 1000);
	IS(7, old.it_interval.tv_sec);
	IS(5, old.it_interval.tv_nsec);
	FAILS(EAGAIN, c->read(fd, &count, 8));
	time = (struct itimerspec){ 0 };
	OK(c->timerfd_settime(fd, 0, &time, &old));
	TRUE(old.it_value.tv_sec >= 900);
	OK(c->timerfd_gettime(fd, &old));
	IS(0, old.it_value.tv_sec);
	/* A time that has passed. */
	time = (struct itimerspec){ .it_value = { 0, 1 } };
	OK(c->timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, NULL));
	IS(8, c->read(fd, &count, 8));
	FAILS(EINVAL, c->read(fd, &count, 7));
	FAILS(EINVAL, c->write(fd, &count, 8));
	time.it_value.tv_nsec = 1000000000;
	FAILS(EINVAL, c->timerfd_settime(fd, 0, &time, NULL));
	FAILS(EINVAL, c->timerfd_settime(fd, 16, &time, NULL));
	FAILS(EINVAL, c->timerfd_create(77, 0));
	FAILS(EINVAL, c->timerfd_create(CLOCK_MONOTONIC, 1));
	FAILS(EBADF, c->timerfd_gettime(9999, &old));
	FAILS(EINVAL, c->timerfd_gettime(open_file(".", O_RDONLY), &old));
}

static void
timers_are_files_that_one_reads(void)
{
	struct itimerspec time = { .it_value = { 1000, 0 }, .it_interval = { 0, 0 } }, old;
	struct pollfd poll = { .events = POLLIN | POLLOUT };
	struct timespec now;
	uint64_t count = 0;
	int fd;

	NEEDS(fd = c->timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	poll.fd = fd;
	IS(O_RDWR | O_NONBLOCK, c->fcntl(fd, F_GETFL, 0) & ~O_LARGEFILE);
	IS(0, c->fcntl(fd, F_GETFD, 0));
	FAILS(EINVAL, c->ftruncate(fd, 0));
	FAILS(EINVAL, c->fsync(fd));
	IS(0, c->poll(&poll, 1, 0));
	/* An interval is kept when it stops. */
	time = (struct itimerspec){ .it_interval = { 9, 0 } };
	OK(c->timerfd_settime(fd, 0, &time, NULL));
	OK(c->timerfd_gettime(fd, &old));
	IS(9, old.it_interval.tv_sec);
	IS(0, old.it_value.tv_sec + old.it_value.tv_nsec);
	/* By the wall clock, long ago and every 10,000 years: that is once. */
	time = (struct itimerspec){ .it_value = { 1, 0 }, .it_interval = { 9000000000, 0 } };
	OK(c->timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &time, NULL));
	IS(1, c->poll(&poll, 1, 0));
	IS(POLLIN, poll.revents);
	IS(8, c->read(fd, &count, 8));
	IS(1, count);
	FAILS(EAGAIN, c->read(fd, &count, 8));
	/* And from now on by it. */
	OK(c->clock_gettime(CLOCK_REALTIME, &now));
	time = (struct itimerspec){ .it_value = { now.tv_sec + 500, 0 } };
	OK(c->timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, &old));
	IS(9000000000, old.it_interval.tv_sec);
	OK(c->timerfd_gettime(fd, &old));
	TRUE(old.it_value.tv_sec >= 400 && old.it_value.tv_sec <= 500);
	FAILS(EFAULT, c->timerfd_gettime(fd, NULL));
	FAILS(EFAULT, c->timerfd_settime(fd, 0, NULL, NULL));
	FAILS(EINVAL, c->timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
	FAILS(EINVAL, c->clock_gettime(1000, &now));
}

const struct group copy_groups[] = {
	{ "ranges are copied from file to file", ranges_are_copied },
	{ "copy_file_range has rules for its arguments",
	    copy_file_range_has_rules_for_its_arguments },
	{ "a file is sent", a_file_is_sent },
	{ "data is spliced between pipes and files", data_is_spliced },
	{ "splice and tee have rules for their arguments", splice_has_rules_for_its_arguments },
	{ "memory is spliced into a pipe", memory_is_spliced },
	{ "preadv2 and pwritev2 have flags", calls_have_flags_of_their_own },
	{ "epoll tells what is ready", epoll_tells_what_is_ready },
	{ "epoll tells once if so wished", epoll_tells_once_if_so_wished },
	{ "epoll has rules for its arguments", epoll_has_rules_for_its_arguments },
	{ "timers tell how often they ran out", timers_tell_how_often_they_ran_out },
	{ "timers are files that one reads", timers_are_files_that_one_reads },
	{ 0 },
};
