/*
 * Pipes, fifos and events, on a rump kernel and on the host's Linux: do they
 * agree?
 *
 * A seeded generator makes calls on a few descriptors, none of which waits, and
 * compares results, errno and data: how much fits into a pipe after which
 * writes, what packets are, what poll says, which errors there are.  Linux is
 * never wrong.  A difference says the seed and the step, and the calls before:
 *
 *	TWIN_SEED=7 build/gcc/tests_stream_twin_test
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

enum {
	SEEDS = 20,
	STEPS = 4000,
	SLOTS = 8, /* open files */
	DATA_MAX = 150000,
	HISTORY = 16, /* calls shown when there is a difference */
};

enum side {
	LINUX,
	RUMP,
};

/* Reported by F_GETFL for any file by some systems, hidden by some C libraries. */
#define LARGE_FILE (O_LARGEFILE | 0100000)

struct outcome {
	long result;
	int error;
};

struct twins {
	uint64_t random;
	unsigned step;
	int slots[SLOTS][2]; /* descriptors, or -1 */
	char fifo[64];	     /* the host's; the rump kernel's is /fifo */
	char history[HISTORY][128];
	char data[DATA_MAX];
	char read[2][DATA_MAX];
};

/* ---- chance ----------------------------------------------------------------------- */

static unsigned
below(struct twins *twins, unsigned limit)
{
	twins->random ^= twins->random << 13;
	twins->random ^= twins->random >> 7;
	twins->random ^= twins->random << 17;
	return (unsigned)(twins->random >> 16) % limit;
}

/* A size, often one that pages have to do with. */
static size_t
random_size(struct twins *twins)
{
	switch (below(twins, 6)) {
	case 0:
		return below(twins, 10);
	case 1:
		return 4096 * below(twins, 4) + below(twins, 3);
	case 2:
		return 4096 + 4096 * below(twins, 3) - below(twins, 3);
	case 3:
		return below(twins, DATA_MAX);
	default:
		return below(twins, 9000);
	}
}

/* ---- telling ----------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void
note(struct twins *twins, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(twins->history[twins->step % HISTORY], sizeof(twins->history[0]), format, values);
	va_end(values);
}

__attribute__((format(printf, 2, 3))) static void
differ(struct twins *twins, const char *format, ...)
{
	va_list values;

	for (unsigned i = HISTORY - 1; i < HISTORY; i--) {
		if (i <= twins->step)
			fprintf(stderr, "  step %u: %s\n", twins->step - i,
			    twins->history[(twins->step - i) % HISTORY]);
	}
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fprintf(stderr, "\n");
	fail();
}

static struct outcome
outcome_of(long result)
{
	return (struct outcome){ result, result == -1 ? errno : 0 };
}

/* Compare outcomes; the result. */
static long
same(struct twins *twins, struct outcome left, struct outcome right)
{
	if (left.result != right.result || left.error != right.error)
		differ(twins, "Linux: %ld %s, rump kernel: %ld %s", left.result,
		    left.error != 0 ? strerror(left.error) : "", right.result,
		    right.error != 0 ? strerror(right.error) : "");
	return left.result;
}

#define PAIR(twins, linux_call, rump_call) \
	({ \
		struct outcome left_ = outcome_of(linux_call); \
		struct outcome right_ = outcome_of(rump_sys_##rump_call); \
		same(twins, left_, right_); \
	})

/* ---- descriptors ------------------------------------------------------------------- */

static int *
random_slot(struct twins *twins)
{
	return twins->slots[below(twins, SLOTS)];
}

static void
close_slot(struct twins *twins, int slot[2])
{
	if (slot[LINUX] >= 0)
		PAIR(twins, close(slot[LINUX]), close(slot[RUMP]));
	slot[LINUX] = slot[RUMP] = -1;
}

/* What a call that gives a descriptor gave, for a slot. */
static void
fill_slot(struct twins *twins, int slot[2], struct outcome left, struct outcome right)
{
	if ((left.result < 0) != (right.result < 0) || left.error != right.error)
		same(twins, left, right);
	close_slot(twins, slot);
	slot[LINUX] = (int)left.result;
	slot[RUMP] = (int)right.result;
}

static void
do_pipe(struct twins *twins)
{
	int *reader = random_slot(twins), *writer = random_slot(twins);
	int flags = O_NONBLOCK | (below(twins, 4) == 0 ? O_DIRECT : 0);
	int fds[2][2];

	if (reader == writer)
		return;
	if (below(twins, 10) == 0)
		flags |= O_APPEND;
	note(twins, "pipe2(%o)", flags);
	if (PAIR(twins, pipe2(fds[LINUX], flags), pipe2(fds[RUMP], flags)) < 0)
		return;
	close_slot(twins, reader);
	close_slot(twins, writer);
	for (int side = LINUX; side <= RUMP; side++) {
		reader[side] = fds[side][0];
		writer[side] = fds[side][1];
	}
}

static void
do_open_fifo(struct twins *twins)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	int flags = modes[below(twins, 3)] | O_NONBLOCK;
	struct outcome left, right;

	note(twins, "open(fifo, %o)", flags);
	left = outcome_of(open(twins->fifo, flags));
	right = outcome_of(rump_sys_open("/fifo", flags));
	fill_slot(twins, random_slot(twins), left, right);
}

static void
do_eventfd(struct twins *twins)
{
	int flags = EFD_NONBLOCK | (below(twins, 3) == 0 ? EFD_SEMAPHORE : 0);
	struct outcome left, right;

	if (below(twins, 10) == 0)
		flags |= O_APPEND;
	note(twins, "eventfd(3, %o)", flags);
	left = outcome_of(eventfd(3, flags));
	right = outcome_of(rump_sys_eventfd(3, flags));
	fill_slot(twins, random_slot(twins), left, right);
}

static void
do_epoll_create(struct twins *twins)
{
	struct outcome left, right;

	note(twins, "epoll_create");
	left = outcome_of(epoll_create1(0));
	right = outcome_of(rump_sys_epoll_create1(0));
	fill_slot(twins, random_slot(twins), left, right);
}

static void
do_dup(struct twins *twins)
{
	int *from = random_slot(twins);
	struct outcome left, right;

	note(twins, "dup(%d)", from[RUMP]);
	left = outcome_of(dup(from[LINUX]));
	right = outcome_of(rump_sys_dup(from[RUMP]));
	fill_slot(twins, random_slot(twins), left, right);
}

static void
do_close(struct twins *twins)
{
	int *slot = random_slot(twins);

	note(twins, "close(%d)", slot[RUMP]);
	close_slot(twins, slot);
}

/* ---- data ---------------------------------------------------------------------------- */

static void
do_write(struct twins *twins)
{
	int *slot = random_slot(twins);
	size_t size = random_size(twins), from = below(twins, 100);

	if (size > DATA_MAX - from)
		size = DATA_MAX - from;
	/* Linux before 6.10 let more than 8 bytes be written to an eventfd. */
	if (size > 8 && fcntl(slot[LINUX], F_GETPIPE_SZ) < 0)
		size = 8;
	note(twins, "write(%d, %zu)", slot[RUMP], size);
	PAIR(twins, write(slot[LINUX], twins->data + from, size),
	    write(slot[RUMP], twins->data + from, size));
}

/* A value for an eventfd, that may not fit, to whatever it is. */
static void
do_write_value(struct twins *twins)
{
	const uint64_t values[] = { 0, 1, 2, 5, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 4 };
	int *slot = random_slot(twins);
	uint64_t value = values[below(twins, sizeof(values) / sizeof(values[0]))];

	note(twins, "write value(%d, %llu)", slot[RUMP], (unsigned long long)value);
	PAIR(twins, write(slot[LINUX], &value, sizeof(value)),
	    write(slot[RUMP], &value, sizeof(value)));
}

static void
do_read(struct twins *twins)
{
	int *slot = random_slot(twins);
	size_t size = random_size(twins);
	long result;

	note(twins, "read(%d, %zu)", slot[RUMP], size);
	result = PAIR(twins, read(slot[LINUX], twins->read[LINUX], size),
	    read(slot[RUMP], twins->read[RUMP], size));
	if (result > 0 && memcmp(twins->read[LINUX], twins->read[RUMP], (size_t)result) != 0)
		differ(twins, "the data differs");
}

static void
do_what_streams_refuse(struct twins *twins)
{
	int *slot = random_slot(twins);

	note(twins, "what streams refuse, %d", slot[RUMP]);
	PAIR(twins, lseek(slot[LINUX], 0, SEEK_SET), lseek(slot[RUMP], 0, SEEK_SET));
	PAIR(twins, pread(slot[LINUX], twins->read[LINUX], 8, 0),
	    pread(slot[RUMP], twins->read[RUMP], 8, 0));
	PAIR(twins, pwrite(slot[LINUX], twins->data, 8, 0), pwrite(slot[RUMP], twins->data, 8, 0));
	PAIR(twins, fsync(slot[LINUX]), fsync(slot[RUMP]));
	PAIR(twins, ftruncate(slot[LINUX], 0), ftruncate(slot[RUMP], 0));
	PAIR(twins, fchdir(slot[LINUX]), fchdir(slot[RUMP]));
}

/* ---- readiness --------------------------------------------------------------------------- */

static void
do_poll(struct twins *twins)
{
	struct pollfd polls[2][SLOTS];
	struct outcome left, right;
	unsigned count = below(twins, SLOTS + 1);

	note(twins, "poll(%u)", count);
	for (unsigned i = 0; i < count; i++) {
		int *slot = random_slot(twins);
		short events = (short)below(twins, 0x400);

		for (int side = LINUX; side <= RUMP; side++)
			polls[side][i] = (struct pollfd){ slot[side], events, 77 };
		if (below(twins, 20) == 0)
			polls[LINUX][i].fd = polls[RUMP][i].fd = 900;
	}
	left = outcome_of(poll(polls[LINUX], count, 0));
	right = outcome_of(rump_sys_poll(polls[RUMP], count, 0));
	for (unsigned i = 0; i < count; i++) {
		if (polls[LINUX][i].revents != polls[RUMP][i].revents)
			differ(twins, "fd %d, for %x: Linux: %x, rump kernel: %x",
			    polls[RUMP][i].fd, polls[RUMP][i].events, polls[LINUX][i].revents,
			    polls[RUMP][i].revents);
	}
	same(twins, left, right);
}

/* Which of the slots are in the set? */
static unsigned
slots_in(struct twins *twins, enum side side, const fd_set *set)
{
	unsigned result = 0;

	for (int i = 0; i < SLOTS; i++) {
		if (twins->slots[i][side] >= 0 && FD_ISSET(twins->slots[i][side], set))
			result |= 1U << i;
	}
	return result;
}

static void
do_select(struct twins *twins)
{
	struct timeval now[2] = { { 0 } };
	fd_set sets[2][3];

	note(twins, "select");
	memset(sets, 0, sizeof(sets));
	for (int i = 0; i < SLOTS; i++) {
		int *slot = twins->slots[i];

		for (int set = 0; set < 3 && slot[LINUX] >= 0; set++) {
			if (below(twins, 2) == 0)
				continue;
			FD_SET(slot[LINUX], &sets[LINUX][set]);
			FD_SET(slot[RUMP], &sets[RUMP][set]);
		}
	}
	PAIR(twins,
	    select(FD_SETSIZE, &sets[LINUX][0], &sets[LINUX][1], &sets[LINUX][2], &now[LINUX]),
	    select(FD_SETSIZE, &sets[RUMP][0], &sets[RUMP][1], &sets[RUMP][2], &now[RUMP]));
	for (int set = 0; set < 3; set++) {
		if (slots_in(twins, LINUX, &sets[LINUX][set]) !=
		    slots_in(twins, RUMP, &sets[RUMP][set]))
			differ(twins, "set %d differs", set);
	}
}

static void
do_epoll_ctl(struct twins *twins)
{
	static const uint32_t flags[] = { 0, 0, 0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT,
		EPOLLEXCLUSIVE, EPOLLWAKEUP };
	int *slot = random_slot(twins), *watched = random_slot(twins);
	uint32_t some = (uint32_t)below(twins, 16);
	uint32_t events = some | flags[below(twins, sizeof(flags) / sizeof(flags[0]))];
	struct epoll_event event = { .events = events, .data.u64 = twins->step };
	int operation = (int)below(twins, 5);

	note(twins, "epoll_ctl(%d, %d, %d, %x)", slot[RUMP], operation, watched[RUMP], events);
	PAIR(twins, epoll_ctl(slot[LINUX], operation, watched[LINUX], &event),
	    epoll_ctl(slot[RUMP], operation, watched[RUMP], &event));
}

static void
do_epoll_wait(struct twins *twins)
{
	struct epoll_event events[2][4];
	int *slot = random_slot(twins);
	int limit = (int)below(twins, 5);
	long count;

	/* Which of two errors comes first differs between versions of Linux. */
	if (slot[LINUX] < 0)
		limit = 1;

	note(twins, "epoll_wait(%d, %d)", slot[RUMP], limit);
	count = PAIR(twins, epoll_wait(slot[LINUX], events[LINUX], limit, 0),
	    epoll_wait(slot[RUMP], events[RUMP], limit, 0));
	for (long i = 0; i < count; i++) {
		if (events[LINUX][i].events != events[RUMP][i].events ||
		    events[LINUX][i].data.u64 != events[RUMP][i].data.u64)
			differ(twins, "event %ld: Linux: %x of %d, rump kernel: %x of %d", i,
			    events[LINUX][i].events, (int)events[LINUX][i].data.u64,
			    events[RUMP][i].events, (int)events[RUMP][i].data.u64);
	}
}

/* ---- attributes ------------------------------------------------------------------------ */

static void
do_capacity(struct twins *twins)
{
	int *slot = random_slot(twins);
	unsigned size = (unsigned)random_size(twins);

	if (below(twins, 20) == 0)
		size = 0x80000000U + below(twins, 2);
	note(twins, "capacity(%d, %u)", slot[RUMP], size);
	if (below(twins, 3) == 0 && size < 0x80000000U)
		PAIR(twins, fcntl(slot[LINUX], F_SETPIPE_SZ, size),
		    fcntl(slot[RUMP], F_SETPIPE_SZ, size));
	PAIR(twins, fcntl(slot[LINUX], F_GETPIPE_SZ), fcntl(slot[RUMP], F_GETPIPE_SZ));
}

static void
do_ioctl(struct twins *twins)
{
	int *slot = random_slot(twins);
	int left = 1, right = 1;

	/* What an epoll says differs between versions of Linux. */
	if (slot[LINUX] >= 0 && fcntl(slot[LINUX], F_GETPIPE_SZ) < 0)
		return;
	note(twins, "ioctl(%d)", slot[RUMP]);
	PAIR(twins, ioctl(slot[LINUX], FIONREAD, &left), ioctl(slot[RUMP], FIONREAD, &right));
	if (left != right)
		differ(twins, "%d and %d bytes", left, right);
	left = right = 1;
	PAIR(twins, ioctl(slot[LINUX], FIONBIO, &left), ioctl(slot[RUMP], FIONBIO, &right));
	PAIR(twins, ioctl(slot[LINUX], FIOCLEX), ioctl(slot[RUMP], FIOCLEX));
	PAIR(twins, fcntl(slot[LINUX], F_GETFD), fcntl(slot[RUMP], F_GETFD));
	PAIR(twins, ioctl(slot[LINUX], FIONCLEX), ioctl(slot[RUMP], FIONCLEX));
	PAIR(twins, ioctl(slot[LINUX], 0x1234), ioctl(slot[RUMP], 0x1234));
}

static void
do_flags(struct twins *twins)
{
	int *slot = random_slot(twins);
	int flags = O_NONBLOCK | (below(twins, 2) == 0 ? O_DIRECT : 0);

	note(twins, "flags(%d, %o)", slot[RUMP], flags);
	PAIR(twins, fcntl(slot[LINUX], F_SETFL, flags), fcntl(slot[RUMP], F_SETFL, flags));
	if (slot[LINUX] >= 0)
		PAIR(twins, fcntl(slot[LINUX], F_GETFL) & ~LARGE_FILE,
		    fcntl(slot[RUMP], F_GETFL) & ~LARGE_FILE);
}

static void
do_stat(struct twins *twins)
{
	int *slot = random_slot(twins);
	struct stat left, right;

	note(twins, "fstat(%d)", slot[RUMP]);
	/* Linux before 6.16 let the mode be set that all eventfds share. */
	if (fcntl(slot[LINUX], F_GETPIPE_SZ) >= 0)
		PAIR(twins, fchmod(slot[LINUX], 0640), fchmod(slot[RUMP], 0640));
	if (PAIR(twins, fstat(slot[LINUX], &left), fstat(slot[RUMP], &right)) < 0)
		return;
	if (left.st_mode != right.st_mode || left.st_nlink != right.st_nlink ||
	    left.st_size != right.st_size || left.st_uid != right.st_uid ||
	    left.st_blksize != right.st_blksize)
		differ(twins, "mode %o %o, links %d %d", left.st_mode, right.st_mode,
		    (int)left.st_nlink, (int)right.st_nlink);
}

/* ---- the test ---------------------------------------------------------------------------- */

static void (*const actions[])(struct twins *twins) = {
	do_pipe,
	do_open_fifo,
	do_eventfd,
	do_epoll_create,
	do_dup,
	do_close,
	do_write,
	do_write,
	do_write,
	do_write,
	do_write_value,
	do_read,
	do_read,
	do_read,
	do_what_streams_refuse,
	do_poll,
	do_poll,
	do_select,
	do_epoll_ctl,
	do_epoll_ctl,
	do_epoll_wait,
	do_epoll_wait,
	do_capacity,
	do_ioctl,
	do_flags,
	do_stat,
};

static void
run_seed(struct twins *twins, unsigned seed)
{
	twins->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (int i = 0; i < SLOTS; i++)
		twins->slots[i][LINUX] = twins->slots[i][RUMP] = -1;
	for (twins->step = 0; twins->step < STEPS; twins->step++) {
		actions[below(twins, sizeof(actions) / sizeof(actions[0]))](twins);
	}
	for (int i = 0; i < SLOTS; i++)
		close_slot(twins, twins->slots[i]);
}

static void
streams_behave_as_on_linux(void **state)
{
	static struct twins twins;
	const char *chosen = getenv("TWIN_SEED");
	char directory[] = "/tmp/stream_twin.XXXXXX";

	signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(directory));
	snprintf(twins.fifo, sizeof(twins.fifo), "%s/fifo", directory);
	assert_int_equal(mkfifo(twins.fifo, 0600), 0);
	assert_int_equal(rump_sys_mkfifo("/fifo", 0600), 0);
	for (size_t i = 0; i < DATA_MAX; i++)
		twins.data[i] = (char)(i * 7 + i / 251);
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		if (chosen != NULL)
			seed = (unsigned)atoi(chosen);
		print_message("seed %u\n", seed);
		run_seed(&twins, seed);
		if (chosen != NULL)
			break;
	}
	assert_int_equal(unlink(twins.fifo), 0);
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_behave_as_on_linux),
	};

	return cmocka_run_group_tests_name("streams, twins", tests, NULL, NULL);
}
