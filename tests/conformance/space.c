/* fallocate, posix_fadvise, sync_file_range; limits of what a process may use. */
#include <linux/falloc.h>

#include "tests/conformance/conformance.h"

enum {
	PAGE = 4096,
	PUNCH = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
};

static int
make_scene(const char *text)
{
	int fd;

	make_file("f", 0666, ROOT, text);
	fd = open_file("f", O_RDWR);
	NEEDS(c->fallocate(fd, 0, 0, 1));
	return fd;
}

/*
 * Space beyond the size: where the format has no place for that, the call says
 * so and does nothing.
 */
static bool
keeps_beyond(int fd, int mode, off_t offset, off_t length)
{
	int result = c->fallocate(fd, mode, offset, length);

	TRUE(result == 0 || errno == EOPNOTSUPP);
	return result == 0;
}

static void
space_is_taken_ahead(void)
{
	int fd = make_scene("text");

	OK(c->fallocate(fd, 0, 0, 10 * PAGE));
	SIZE("f", 10 * PAGE);
	TRUE(stat_of("f").st_blocks >= 10 * PAGE / 512);
	OK(c->fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 10 * PAGE));
	keeps_beyond(fd, FALLOC_FL_KEEP_SIZE, 10 * PAGE, 10 * PAGE);
	SIZE("f", 10 * PAGE);
	TRUE(stat_of("f").st_blocks >= 10 * PAGE / 512);
	OK(c->fallocate(fd, 0, 2, 2));
	SIZE("f", 10 * PAGE);
	OK(c->truncate("f", 4));
	DATA("f", "text");
}

static void
what_is_taken_reads_as_zeros(void)
{
	char data[3 * PAGE], zeros[PAGE] = { 0 };
	int fd = make_scene("text");

	OK(c->fallocate(fd, 0, 2 * PAGE, PAGE));
	SIZE("f", 3 * PAGE);
	IS(3 * PAGE, c->pread(fd, data, 3 * PAGE, 0));
	TRUE(memcmp(data, "text", 4) == 0 && memcmp(data + 4, zeros, PAGE) == 0);
	TRUE(memcmp(data + 2 * PAGE, zeros, PAGE) == 0);
}

static void
holes_are_punched(void)
{
	enum {
		MAX = 4 << 16,
	};
	static char data[MAX], zeros[MAX];
	int fd = make_scene("");
	long unit = stat_of("f").st_blksize, before;

	/* What the file system allocates, unless it says something quite different. */
	unit = unit < PAGE || unit > MAX / 4 ? PAGE : unit;
	memset(data, 'x', sizeof(data));
	IS(4 * unit, c->pwrite(fd, data, (size_t)(4 * unit), 0));
	OK(c->fsync(fd));
	before = stat_of("f").st_blocks;
	OK(c->fallocate(fd, PUNCH, unit, 2 * unit));
	SIZE("f", 4 * unit);
	IS(before - 2 * unit / 512, stat_of("f").st_blocks);
	IS(4 * unit, c->pread(fd, data, (size_t)(4 * unit), 0));
	TRUE(data[unit - 1] == 'x' && data[3 * unit] == 'x');
	TRUE(memcmp(data + unit, zeros, (size_t)(2 * unit)) == 0);
	IS(unit, c->lseek(fd, 0, SEEK_HOLE));
	IS(3 * unit, c->lseek(fd, unit, SEEK_DATA));
	/* Parts of pages are zeroed. */
	OK(c->fallocate(fd, PUNCH, 10, 20));
	IS(40, c->pread(fd, data, 40, 0));
	TRUE(data[9] == 'x' && memcmp(data + 10, zeros, 20) == 0 && data[30] == 'x');
	/* Beyond the end nothing happens. */
	OK(c->fallocate(fd, PUNCH, 100 * unit, unit));
	SIZE("f", 4 * unit);
}

static void
ranges_are_zeroed(void)
{
	char data[PAGE], zeros[PAGE] = { 0 };
	int fd = make_scene("0123456789");

	NEEDS(c->fallocate(fd, FALLOC_FL_ZERO_RANGE, 2, 3));
	IS(10, c->pread(fd, data, 10, 0));
	TRUE(memcmp(data,
		 "01\0\0\0"
		 "56789",
		 10) == 0);
	if (!keeps_beyond(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 8, 100))
		OK(c->fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 8, 2));
	SIZE("f", 10);
	IS(10, c->pread(fd, data, 10, 0));
	TRUE(data[7] == '7' && data[8] == 0 && data[9] == 0);
	OK(c->fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, PAGE));
	SIZE("f", PAGE);
	IS(PAGE, c->pread(fd, data, PAGE, 0));
	TRUE(memcmp(data, zeros, PAGE) == 0);
}

static void
fallocate_has_rules_for_its_arguments(void)
{
	int fds[2], fd = make_scene("text");

	FAILS(EINVAL, c->fallocate(fd, 0, 0, 0));
	FAILS(EINVAL, c->fallocate(fd, 0, 0, -1));
	FAILS(EINVAL, c->fallocate(fd, 0, -1, 1));
	FAILS(EFBIG, c->fallocate(fd, 0, INT64_MAX, 1));
	FAILS(EFBIG, c->fallocate(fd, 0, INT64_MAX - 1, 100));
	FAILS(EOPNOTSUPP, c->fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1));
	FAILS(EOPNOTSUPP, c->fallocate(fd, PUNCH | FALLOC_FL_ZERO_RANGE, 0, 1));
	FAILS(EOPNOTSUPP, c->fallocate(fd, 0x400, 0, 1));
	FAILS(EBADF, c->fallocate(open_file("f", O_RDONLY), 0, 0, 10));
	FAILS(EBADF, c->fallocate(open_file("f", O_PATH), 0, 0, 10));
	FAILS(EBADF, c->fallocate(open_file(".", O_RDONLY), 0, 0, 10));
	FAILS(EBADF, c->fallocate(-1, 0, 0, 10));
	OK(c->pipe2(fds, 0));
	FAILS(ESPIPE, c->fallocate(fds[1], 0, 0, 10));
	SIZE("f", 4);
	DATA("f", "text");
}

static void
fallocate_renews_time_stamps(void)
{
	int fd = make_scene("text");

	RENEWS("mc", "f", c->fallocate(fd, 0, 0, 100));
	RENEWS("mc", "f", c->fallocate(fd, PUNCH, 0, 10));
	set_mode("f", 06777);
	as(BOB);
	fd = OK(c->open("f", O_RDWR, 0));
	OK(c->fallocate(fd, 0, 0, 200));
	MODE("f", S_IFREG | 0777);
}

static void
advice_is_checked(void)
{
	int fds[2], fd;

	make_file("f", 0644, ROOT, "text");
	fd = open_file("f", O_RDWR);
	IS(0, c->posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL));
	IS(0, c->posix_fadvise(fd, 0, 100, POSIX_FADV_SEQUENTIAL));
	IS(0, c->posix_fadvise(fd, 0, 100, POSIX_FADV_RANDOM));
	IS(0, c->posix_fadvise(fd, 0, 100, POSIX_FADV_WILLNEED));
	IS(0, c->posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	IS(0, c->posix_fadvise(fd, 0, 0, POSIX_FADV_NOREUSE));
	/* It gives its error, and leaves errno alone. */
	IS(EINVAL, c->posix_fadvise(fd, 0, 0, 77));
	IS(EINVAL, c->posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL));
	IS(EBADF, c->posix_fadvise(-1, 0, 0, POSIX_FADV_NORMAL));
	OK(c->pipe2(fds, 0));
	IS(ESPIPE, c->posix_fadvise(fds[0], 0, 0, POSIX_FADV_NORMAL));
	DATA("f", "text");
}

static void
ranges_are_made_durable(void)
{
	int fds[2], fd;

	make_file("f", 0644, ROOT, "text");
	fd = open_file("f", O_RDWR);
	OK(c->sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	OK(c->sync_file_range(fd, 1, 2, 7));
	OK(c->sync_file_range(fd, 0, 0, 0));
	FAILS(EINVAL, c->sync_file_range(fd, 0, 0, 8));
	FAILS(EINVAL, c->sync_file_range(fd, -1, 0, 7));
	FAILS(EINVAL, c->sync_file_range(fd, 0, -1, 7));
	FAILS(EBADF, c->sync_file_range(-1, 0, 0, 7));
	OK(c->pipe2(fds, 0));
	FAILS(ESPIPE, c->sync_file_range(fds[0], 0, 0, 7));
	FAILS(EINVAL, c->fsync(fds[0]));
	FAILS(EINVAL, c->fdatasync(fds[1]));
	/* One that was opened for reading does as well. */
	OK(c->fsync(open_file("f", O_RDONLY)));
	OK(c->fsync(open_file(".", O_RDONLY)));
	OK(c->syncfs(open_file("f", O_RDONLY)));
}

/* ---- limits ------------------------------------------------------------------- */

static void
files_grow_up_to_a_limit(void)
{
	struct rlimit limit = { 100, RLIM_INFINITY };
	char data[200] = { 0 };
	int fd;

	make_file("f", 0666, ROOT, "");
	make_file("large", 0666, ROOT, "");
	OK(c->truncate("large", 1000));
	fd = open_file("f", O_RDWR);
	NEEDS(c->setrlimit(RLIMIT_FSIZE, &limit));
	OK(c->getrlimit(RLIMIT_FSIZE, &limit));
	IS(100, limit.rlim_cur);
	IS(60, c->write(fd, data, 60));
	IS(40, c->write(fd, data, 60));
	FAILS(EFBIG, c->write(fd, data, 60));
	IS(0, c->write(fd, data, 0));
	FAILS(EFBIG, c->pwrite(fd, data, 1, 100));
	IS(1, c->pwrite(fd, data, 1, 99));
	FAILS(EFBIG, c->ftruncate(fd, 101));
	FAILS(EFBIG, c->truncate("f", 101));
	OK(c->ftruncate(fd, 100));
	SIZE("f", 100);
	/* Getting shorter is no growing. */
	OK(c->truncate("large", 500));
	limit.rlim_cur = RLIM_INFINITY;
	OK(c->setrlimit(RLIMIT_FSIZE, &limit));
	OK(c->truncate("f", 101));
}

static void
descriptors_are_given_up_to_a_limit(void)
{
	struct rlimit limit, low;
	int fd, fds[2];

	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDONLY);
	NEEDS(c->getrlimit(RLIMIT_NOFILE, &limit));
	low = limit;
	low.rlim_cur = (rlim_t)fd + 3;
	OK(c->setrlimit(RLIMIT_NOFILE, &low));
	IS(fd + 1, c->open("f", O_RDONLY, 0));
	FAILS(EMFILE, c->pipe2(fds, 0));
	IS(fd + 2, c->dup(fd));
	FAILS(EMFILE, c->open("f", O_RDONLY, 0));
	FAILS(EMFILE, c->open("new", O_RDWR | O_CREAT, 0644));
	ABSENT("new");
	FAILS(EMFILE, c->dup(fd));
	FAILS(EBADF, c->dup2(fd, fd + 3));
	FAILS(EINVAL, c->fcntl(fd, F_DUPFD, fd + 3));
	FAILS(EMFILE, c->fcntl(fd, F_DUPFD, 0));
	IS(fd + 1, c->dup2(fd, fd + 1));
	OK(c->close(fd + 2));
	IS(fd + 2, c->open("f", O_RDONLY, 0));
	OK(c->setrlimit(RLIMIT_NOFILE, &limit));
	OK(c->open("f", O_RDONLY, 0));
}

static void
limits_have_limits(void)
{
	struct rlimit limit = { 100, 50 };

	NEEDS(c->getrlimit(RLIMIT_FSIZE, &(struct rlimit){ 0 }));
	FAILS(EINVAL, c->setrlimit(RLIMIT_FSIZE, &limit));
	FAILS(EINVAL, c->setrlimit(99, &limit));
	FAILS(EINVAL, c->getrlimit(99, &limit));
	limit = (struct rlimit){ 100, 1000 };
	OK(c->setrlimit(RLIMIT_FSIZE, &limit));
	as(ALICE);
	limit.rlim_max = 1001;
	FAILS(EPERM, c->setrlimit(RLIMIT_FSIZE, &limit));
	limit = (struct rlimit){ 900, 900 };
	OK(c->setrlimit(RLIMIT_FSIZE, &limit));
}

const struct group space_groups[] = {
	{ "space is taken ahead", space_is_taken_ahead },
	{ "space that is taken ahead reads as zeros", what_is_taken_reads_as_zeros },
	{ "holes are punched", holes_are_punched },
	{ "ranges are zeroed", ranges_are_zeroed },
	{ "fallocate has rules for its arguments", fallocate_has_rules_for_its_arguments },
	{ "fallocate renews time stamps", fallocate_renews_time_stamps },
	{ "advice is checked", advice_is_checked },
	{ "ranges are made durable", ranges_are_made_durable },
	{ "files grow up to a limit", files_grow_up_to_a_limit },
	{ "descriptors are given up to a limit", descriptors_are_given_up_to_a_limit },
	{ "limits have limits", limits_have_limits },
	{ 0 },
};
