/* utimensat, futimens: who may set time stamps to what. */
#include "tests/conformance/conformance.h"

static const struct timespec both_now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
static const struct timespec both_omitted[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
static const struct timespec given[2] = { { 1000, 1 }, { 2000, 999999999 } };

/* The time stamps of path are these, to the nanosecond. */
static void
check_times(struct place place, const char *path, time_t accessed, time_t modified)
{
	struct stat status = stat_of(path);

	check_number(place, "atime", accessed, status.st_atim.tv_sec);
	check_number(place, "mtime", modified, status.st_mtim.tv_sec);
}

#define TIMES(path, accessed, modified) check_times(HERE, path, accessed, modified)

static void
time_stamps_are_set(void)
{
	struct stat status;

	make_file("f", 0644, ROOT, "text");
	make_old("f");
	OK(c->utimensat(AT_FDCWD, "f", given, 0));
	TIMES("f", 1000, 2000);
	status = stat_of("f");
	IS(1, status.st_atim.tv_nsec);
	IS(999999999, status.st_mtim.tv_nsec);
	STAMPS("c", "f");
	make_dir("d", 0755, ROOT);
	OK(c->utimensat(AT_FDCWD, "d", given, 0));
	TIMES("d", 1000, 2000);
	OK(c->mknod("fifo", S_IFIFO | 0644, 0));
	OK(c->utimensat(AT_FDCWD, "fifo", given, 0));
	TIMES("fifo", 1000, 2000);
}

static void
times_before_1970_and_after_2038_are_kept(void)
{
	static const time_t times[] = { 0, 1, -1, -1000, 0x7fffffff, 0x80000000, 0xffffffff };

	make_file("f", 0644, ROOT, "");
	for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct timespec both[2] = { { times[i], 5 }, { times[i], 6 } };

		about("time %lld", (long long)times[i]);
		OK(c->utimensat(AT_FDCWD, "f", both, 0));
		TIMES("f", times[i], times[i]);
	}
}

static void
now_and_omit_are_told_apart(void)
{
	struct timespec times[2] = { { 1000, 0 }, { 0, UTIME_OMIT } };

	make_file("f", 0644, ROOT, "text");
	RENEWS("amc", "f", c->utimensat(AT_FDCWD, "f", both_now, 0));
	RENEWS("amc", "f", c->utimensat(AT_FDCWD, "f", NULL, 0));
	RENEWS("", "f", c->utimensat(AT_FDCWD, "f", both_omitted, 0));
	make_old("f");
	OK(c->utimensat(AT_FDCWD, "f", times, 0));
	TIMES("f", 1000, 1000000000);
	STAMPS("c", "f");
	times[0].tv_nsec = UTIME_OMIT;
	times[1] = (struct timespec){ 3000, 0 };
	OK(c->utimensat(AT_FDCWD, "f", times, 0));
	TIMES("f", 1000, 3000);
	times[0].tv_nsec = UTIME_NOW;
	times[1].tv_nsec = UTIME_OMIT;
	RENEWS("ac", "f", c->utimensat(AT_FDCWD, "f", times, 0));
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_nsec = UTIME_NOW;
	RENEWS("mc", "f", c->utimensat(AT_FDCWD, "f", times, 0));
}

static void
nanoseconds_are_less_than_a_second(void)
{
	static const long wrong[] = { -1, 1000000000, 1000000001, UTIME_OMIT - 1, -2 };

	make_file("f", 0644, ROOT, "text");
	make_old("f");
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct timespec first[2] = { { 1, wrong[i] }, { 1, 1 } };
		struct timespec second[2] = { { 1, 1 }, { 1, wrong[i] } };

		about("%ld ns", wrong[i]);
		FAILS(EINVAL, c->utimensat(AT_FDCWD, "f", first, 0));
		FAILS(EINVAL, c->utimensat(AT_FDCWD, "f", second, 0));
	}
	about(NULL);
	STAMPS("", "f");
}

static void
only_the_owner_sets_times_others_may_renew(void)
{
	static const struct {
		mode_t mode;
		uid_t user;
		int set, renew, one_now;
	} rows[] = {
		/* set: given times.  renew: NULL or both now.  one_now: the other kept. */
		{ 0000, ALICE, 0, 0, 0 },
		{ 0000, ROOT, 0, 0, 0 },
		{ 0060, BOB, EPERM, 0, EPERM },
		{ 0020, BOB, EPERM, 0, EPERM },
		{ 0040, BOB, EPERM, EACCES, EPERM },
		{ 0000, BOB, EPERM, EACCES, EPERM },
		{ 0606, BOB, EPERM, EACCES, EPERM },
		{ 0002, CAROL, EPERM, 0, EPERM },
		{ 0004, CAROL, EPERM, EACCES, EPERM },
		{ 0660, CAROL, EPERM, EACCES, EPERM },
	};
	static const struct timespec one_now[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };

	make_file("f", 0644, ALICE, "text");
	set_owner("f", ALICE, TEAM);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		about("mode %#o, user %u", rows[i].mode, rows[i].user);
		set_mode("f", rows[i].mode);
		make_old("f");
		as(rows[i].user);
		OK(c->utimensat(AT_FDCWD, "f", both_omitted, 0));
		if (rows[i].set == 0)
			OK(c->utimensat(AT_FDCWD, "f", given, 0));
		else
			FAILS(rows[i].set, c->utimensat(AT_FDCWD, "f", given, 0));
		if (rows[i].one_now == 0)
			OK(c->utimensat(AT_FDCWD, "f", one_now, 0));
		else
			FAILS(rows[i].one_now, c->utimensat(AT_FDCWD, "f", one_now, 0));
		if (rows[i].renew == 0) {
			OK(c->utimensat(AT_FDCWD, "f", NULL, 0));
			OK(c->utimensat(AT_FDCWD, "f", both_now, 0));
			STAMPS("amc", "f");
		} else {
			FAILS(rows[i].renew, c->utimensat(AT_FDCWD, "f", NULL, 0));
			FAILS(rows[i].renew, c->utimensat(AT_FDCWD, "f", both_now, 0));
			STAMPS("", "f");
		}
	}
}

static void
a_writable_descriptor_is_no_permission(void)
{
	int fd;

	make_file("f", 0606, ALICE, "text");
	set_owner("f", ALICE, TEAM);
	fd = open_file("f", O_RDWR);
	as(BOB);
	FAILS(EPERM, c->futimens(fd, given));
	FAILS(EACCES, c->futimens(fd, NULL));
	OK(c->futimens(fd, both_omitted));
	as(ALICE);
	OK(c->futimens(fd, given));
	TIMES("f", 1000, 2000);
	as(ROOT);
	fd = open_file("f", O_RDONLY);
	OK(c->futimens(fd, both_now));
	FAILS(EBADF, c->futimens(9999, given));
}

static void
links_have_times_of_their_own(void)
{
	int fd;

	make_file("f", 0644, ROOT, "text");
	make_link("l", "f");
	make_link("dangling", "missing");
	make_old("f");
	OK(c->utimensat(AT_FDCWD, "l", given, AT_SYMLINK_NOFOLLOW));
	TIMES("l", 1000, 2000);
	STAMPS("", "f");
	OK(c->utimensat(AT_FDCWD, "l", both_now, AT_SYMLINK_NOFOLLOW));
	STAMPS("", "f");
	STAMPS("amc", "l");
	OK(c->utimensat(AT_FDCWD, "l", both_now, 0));
	STAMPS("amc", "f");
	OK(c->utimensat(AT_FDCWD, "dangling", given, AT_SYMLINK_NOFOLLOW));
	FAILS(ENOENT, c->utimensat(AT_FDCWD, "dangling", given, 0));
	FAILS(EINVAL, c->utimensat(AT_FDCWD, "f", given, 1));
	fd = open_file("l", O_PATH | O_NOFOLLOW);
	OK(c->utimensat(fd, "", (struct timespec[2]){ { 5, 0 }, { 6, 0 } }, AT_EMPTY_PATH));
	TIMES("l", 5, 6);
}

static void
paths_of_utimensat_begin_at_the_descriptor(void)
{
	int dir, file;

	make_dir("d", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "");
	dir = open_file("d", O_RDONLY);
	file = open_file("d/f", O_RDONLY);
	OK(c->utimensat(dir, "f", given, 0));
	TIMES("d/f", 1000, 2000);
	FAILS(EBADF, c->utimensat(-1, "f", given, 0));
	FAILS(EBADF, c->utimensat(9999, "f", given, 0));
	FAILS(ENOTDIR, c->utimensat(file, "f", given, 0));
	FAILS(ENOENT, c->utimensat(dir, "", given, 0));
	FAILS(EFAULT, c->utimensat(dir, "f", (const struct timespec *)8, 0));
}

static void
reading_and_writing_renew_time_stamps(void)
{
	char data[512];
	int fd, dir;

	make_file("f", 0644, ROOT, "text");
	make_dir("d", 0755, ROOT);
	make_link("l", "f");
	fd = open_file("f", O_RDWR);
	dir = open_file("d", O_RDONLY);
	RENEWS("a", "f", c->read(fd, data, 4));
	RENEWS("a", "f", c->pread(fd, data, 4, 0));
	RENEWS("mc", "f", c->write(fd, "x", 1));
	RENEWS("mc", "f", c->pwrite(fd, "x", 1, 9));
	RENEWS("", "f", c->write(fd, "", 0));
	RENEWS("", "f", c->lseek(fd, 0, SEEK_SET));
	RENEWS("mc", "f", c->ftruncate(fd, 3));
	RENEWS("a", "d", c->getdents64(dir, data, sizeof(data)));
	RENEWS("a", "l", c->readlink("l", data, sizeof(data)));
	RENEWS("a", "l", c->access("l", F_OK)); /* for it was followed */
	RENEWS("", "l", c->lstat("l", &(struct stat){ 0 }));
	RENEWS("", "f", c->stat("f", &(struct stat){ 0 }));
	RENEWS("", "d", c->access("d/..", R_OK));
	fd = open_file("f", O_RDONLY | O_NOATIME);
	RENEWS("", "f", c->read(fd, data, 1));
	RENEWS("", "f", c->fsync(fd));
	make_old("d");
	OK(c->stat("d/..", &(struct stat){ 0 }));
	STAMPS("", "d");
}

const struct group times_groups[] = {
	{ "time stamps are set", time_stamps_are_set },
	{ "times before 1970 and after 2038 are kept", times_before_1970_and_after_2038_are_kept },
	{ "UTIME_NOW and UTIME_OMIT are told apart", now_and_omit_are_told_apart },
	{ "nanoseconds are less than a second", nanoseconds_are_less_than_a_second },
	{ "only the owner sets times, who may write renews them",
	    only_the_owner_sets_times_others_may_renew },
	{ "a writable descriptor is no permission to set times",
	    a_writable_descriptor_is_no_permission },
	{ "links have times of their own", links_have_times_of_their_own },
	{ "paths of utimensat begin at the descriptor",
	    paths_of_utimensat_begin_at_the_descriptor },
	{ "reading and writing renew time stamps", reading_and_writing_renew_time_stamps },
	{ 0 },
};
