/* stat, lstat, fstat, fstatat, statx, statfs, access: what is told of files. */
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "tests/conformance/conformance.h"

static bool
is_same(const struct stat *left, const struct stat *right)
{
	return left->st_dev == right->st_dev && left->st_ino == right->st_ino &&
	       left->st_mode == right->st_mode && left->st_nlink == right->st_nlink &&
	       left->st_uid == right->st_uid && left->st_gid == right->st_gid &&
	       left->st_rdev == right->st_rdev && left->st_size == right->st_size &&
	       left->st_blocks == right->st_blocks && left->st_blksize == right->st_blksize &&
	       left->st_atim.tv_sec == right->st_atim.tv_sec &&
	       left->st_atim.tv_nsec == right->st_atim.tv_nsec &&
	       left->st_mtim.tv_sec == right->st_mtim.tv_sec &&
	       left->st_mtim.tv_nsec == right->st_mtim.tv_nsec &&
	       left->st_ctim.tv_sec == right->st_ctim.tv_sec &&
	       left->st_ctim.tv_nsec == right->st_ctim.tv_nsec;
}

static void
all_ways_tell_the_same(void)
{
	struct stat one, other;
	int fd, dir;

	make_file("f", 0640, ALICE, "text");
	make_link("l", "f");
	fd = open_file("f", O_RDONLY);
	dir = open_file(".", O_RDONLY);
	OK(c->stat("f", &one));
	IS(S_IFREG | 0640, one.st_mode);
	IS(ALICE, one.st_uid);
	IS(ALICE, one.st_gid);
	IS(4, one.st_size);
	IS(1, one.st_nlink);
	IS(0, one.st_rdev);
	TRUE(one.st_blocks > 0 && one.st_blocks * 512 <= 65536);
	TRUE(one.st_blksize >= 512 && one.st_ino != 0);
	OK(c->lstat("f", &other));
	TRUE(is_same(&one, &other));
	OK(c->stat("l", &other));
	TRUE(is_same(&one, &other));
	OK(c->fstat(fd, &other));
	TRUE(is_same(&one, &other));
	OK(c->fstatat(AT_FDCWD, "f", &other, 0));
	TRUE(is_same(&one, &other));
	OK(c->fstatat(dir, "l", &other, 0));
	TRUE(is_same(&one, &other));
	OK(c->fstatat(fd, "", &other, AT_EMPTY_PATH));
	TRUE(is_same(&one, &other));
	OK(c->fstatat(AT_FDCWD, "l", &other, AT_SYMLINK_NOFOLLOW));
	TRUE(S_ISLNK(other.st_mode) && other.st_size == 1);
	OK(c->fstatat(AT_FDCWD, "", &other, AT_EMPTY_PATH));
	OK(c->stat(".", &one));
	TRUE(is_same(&one, &other));
	FAILS(ENOENT, c->fstatat(fd, "", &other, 0));
	FAILS(EINVAL, c->fstatat(AT_FDCWD, "f", &other, 4));
	FAILS(EBADF, c->fstatat(-1, "f", &other, 0));
	FAILS(ENOTDIR, c->fstatat(fd, "f", &other, 0));
	FAILS(EFAULT, c->stat("f", NULL));
	FAILS(EFAULT, c->fstat(fd, NULL));
}

static void
statx_tells_what_stat_tells(void)
{
	unsigned basic = STATX_BASIC_STATS;
	struct statx extended;
	struct stat status;
	int fd;

	need_devices();
	make_file("f", 0640, ALICE, "text");
	make_link("l", "f");
	OK(c->utimensat(AT_FDCWD, "f", (struct timespec[2]){ { 5, 6 }, { -7, 8 } }, 0));
	fd = open_file("f", O_RDONLY | O_NOATIME);
	OK(c->stat("f", &status));
	OK(c->statx(AT_FDCWD, "f", 0, basic, &extended));
	IS(basic, extended.stx_mask & basic);
	IS(status.st_mode, extended.stx_mode);
	IS(status.st_ino, extended.stx_ino);
	IS(status.st_nlink, extended.stx_nlink);
	IS(status.st_uid, extended.stx_uid);
	IS(status.st_gid, extended.stx_gid);
	IS(status.st_size, extended.stx_size);
	IS(status.st_blocks, extended.stx_blocks);
	IS(status.st_blksize, extended.stx_blksize);
	IS(major(status.st_dev), extended.stx_dev_major);
	IS(minor(status.st_dev), extended.stx_dev_minor);
	IS(5, extended.stx_atime.tv_sec);
	IS(6, extended.stx_atime.tv_nsec);
	IS(-7, extended.stx_mtime.tv_sec);
	IS(8, extended.stx_mtime.tv_nsec);
	IS(status.st_ctim.tv_sec, extended.stx_ctime.tv_sec);
	IS(status.st_ctim.tv_nsec, extended.stx_ctime.tv_nsec);
	OK(c->statx(fd, "", AT_EMPTY_PATH, basic, &extended));
	IS(status.st_ino, extended.stx_ino);
	OK(c->statx(AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, basic, &extended));
	IS(S_IFLNK | 0777, extended.stx_mode);
	OK(c->statx(AT_FDCWD, "l", AT_STATX_DONT_SYNC, 0, &extended));
	OK(c->statx(AT_FDCWD, "l", AT_STATX_FORCE_SYNC, STATX_SIZE, &extended));
	IS(4, extended.stx_size);
	FAILS(EINVAL, c->statx(AT_FDCWD, "f", AT_STATX_SYNC_TYPE, basic, &extended));
	FAILS(EINVAL, c->statx(AT_FDCWD, "f", 0, 1u << 31, &extended));
	FAILS(EINVAL, c->statx(AT_FDCWD, "f", 4, basic, &extended));
	FAILS(EBADF, c->statx(-1, "f", 0, basic, &extended));
	FAILS(ENOTDIR, c->statx(fd, "f", 0, basic, &extended));
	FAILS(ENOENT, c->statx(fd, "", 0, basic, &extended));
	FAILS(EFAULT, c->statx(AT_FDCWD, "f", 0, basic, NULL));
	OK(c->mknod("c", S_IFCHR | 0600, makedev(300, 70000)));
	OK(c->statx(AT_FDCWD, "c", 0, basic, &extended));
	IS(300, extended.stx_rdev_major);
	IS(70000, extended.stx_rdev_minor);
}

static void
stat_needs_no_permission_for_the_file(void)
{
	struct stat status;

	make_file("f", 0, ROOT, "text");
	make_dir("d", 0, ROOT);
	as(CAROL);
	OK(c->stat("f", &status));
	OK(c->lstat("d", &status));
	OK(c->open("f", O_PATH, 0));
	FAILS(EACCES, c->stat("d/.", &status));
	FAILS(EACCES, c->stat("d/x", &status));
}

static void
each_file_has_a_number_of_its_own(void)
{
	struct stat one, two;

	make_file("f", 0644, ROOT, "");
	make_file("g", 0644, ROOT, "");
	make_dir("d", 0755, ROOT);
	one = stat_of("f");
	two = stat_of("g");
	TRUE(one.st_ino != two.st_ino);
	TRUE(one.st_dev == two.st_dev);
	TRUE(stat_of("d").st_ino != one.st_ino);
	TRUE(stat_of("d").st_dev == stat_of(".").st_dev);
}

static void
blocks_follow_what_is_stored(void)
{
	char data[65536] = { 1 };
	int fd;

	make_file("f", 0644, ROOT, "");
	IS(0, stat_of("f").st_blocks);
	fd = open_file("f", O_RDWR);
	IS(65536, c->write(fd, data, 65536));
	OK(c->fsync(fd));
	TRUE(stat_of("f").st_blocks >= 128 && stat_of("f").st_blocks <= 256);
	OK(c->ftruncate(fd, 0));
	IS(0, stat_of("f").st_blocks);
}

static void
a_file_system_tells_its_space(void)
{
	struct statfs one, two;
	int fd;

	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDONLY);
	OK(c->statfs(".", &one));
	TRUE(one.f_bsize >= 512 && one.f_blocks >= one.f_bfree && one.f_bfree >= one.f_bavail);
	TRUE(one.f_files >= one.f_ffree);
	TRUE(one.f_namelen >= 255);
	TRUE(one.f_type != 0);
	OK(c->fstatfs(fd, &two));
	TRUE(one.f_type == two.f_type && one.f_bsize == two.f_bsize);
	TRUE(one.f_blocks == two.f_blocks && one.f_namelen == two.f_namelen);
	OK(c->statfs("f", &two));
	TRUE(one.f_type == two.f_type && one.f_files == two.f_files);
	FAILS(ENOENT, c->statfs("missing", &one));
	FAILS(EFAULT, c->statfs("f", NULL));
	FAILS(EFAULT, c->fstatfs(fd, NULL));
	OK(BY(CAROL, c->statfs("f", &one)));
}

/* ---- access ------------------------------------------------------------------ */

static void
access_answers_for_every_class(void)
{
	static const struct {
		uid_t user;
		unsigned shift;
	} users[] = { { ALICE, 6 }, { BOB, 3 }, { CAROL, 0 } };

	make_file("f", 0644, ALICE, "");
	set_owner("f", ALICE, TEAM);
	for (unsigned i = 0; i < 3; i++) {
		for (mode_t bits = 0; bits < 8; bits++) {
			mode_t mode = (0777 & ~(7u << users[i].shift)) | bits << users[i].shift;

			set_mode("f", mode);
			as(users[i].user);
			for (mode_t asked = 0; asked < 8; asked++) {
				about("mode %#o, user %u, asked for %o", mode, users[i].user,
				    asked);
				if ((asked & ~bits) == 0)
					OK(c->access("f", (int)asked));
				else
					FAILS(EACCES, c->access("f", (int)asked));
			}
		}
	}
}

static void
root_may_all_but_run_what_nobody_runs(void)
{
	make_file("f", 0, ALICE, "");
	make_dir("d", 0, ALICE);
	OK(c->access("f", R_OK | W_OK));
	FAILS(EACCES, c->access("f", X_OK));
	FAILS(EACCES, c->access("f", R_OK | X_OK));
	OK(c->access("d", R_OK | W_OK | X_OK));
	OK(c->chmod("f", 0001));
	OK(c->access("f", X_OK));
	OK(c->chmod("f", 0010));
	OK(c->access("f", R_OK | W_OK | X_OK));
	OK(c->chmod("f", 0666));
	FAILS(EACCES, c->access("f", X_OK));
}

static void
access_asks_for_the_real_user(void)
{
	make_file("roots", 0600, ROOT, "");
	make_file("alices", 0600, ALICE, "");
	OK(c->setresuid(ALICE, ROOT, ROOT));
	FAILS(EACCES, c->access("roots", R_OK));
	OK(c->access("alices", R_OK));
	OK(c->faccessat2(AT_FDCWD, "roots", R_OK, AT_EACCESS));
	OK(c->setresuid(ROOT, ALICE, ROOT));
	OK(c->access("roots", R_OK));
	FAILS(EACCES, c->faccessat2(AT_FDCWD, "roots", R_OK, AT_EACCESS));
	OK(c->faccessat2(AT_FDCWD, "alices", R_OK, AT_EACCESS));
	OK(c->setresuid(ROOT, ROOT, ROOT));
}

static void
access_has_rules_for_its_arguments(void)
{
	int fd, dir;

	make_dir("d", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "");
	make_link("d/l", "f");
	make_link("d/dangling", "missing");
	dir = open_file("d", O_RDONLY);
	fd = open_file("d/f", O_RDONLY);
	OK(c->faccessat2(dir, "f", R_OK, 0));
	OK(c->faccessat2(fd, "", R_OK, AT_EMPTY_PATH));
	OK(c->faccessat2(dir, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
	FAILS(ENOENT, c->faccessat2(dir, "dangling", F_OK, 0));
	FAILS(ENOENT, c->access("d/dangling", F_OK));
	FAILS(EINVAL, c->access("d/f", 8));
	FAILS(EINVAL, c->access("d/f", -1));
	FAILS(EINVAL, c->faccessat2(dir, "f", R_OK, 1));
	FAILS(EBADF, c->faccessat2(-1, "f", R_OK, 0));
	FAILS(ENOTDIR, c->faccessat2(fd, "f", R_OK, 0));
	FAILS(ENOENT, c->faccessat2(dir, "", R_OK, 0));
}

const struct group stat_groups[] = {
	{ "all ways to ask for attributes tell the same", all_ways_tell_the_same },
	{ "statx tells what stat tells", statx_tells_what_stat_tells },
	{ "stat needs no permission for the file", stat_needs_no_permission_for_the_file },
	{ "each file has a number of its own", each_file_has_a_number_of_its_own },
	{ "blocks follow what is stored", blocks_follow_what_is_stored },
	{ "a file system tells its space", a_file_system_tells_its_space },
	{ "access answers for every class", access_answers_for_every_class },
	{ "root may all but run what nobody runs", root_may_all_but_run_what_nobody_runs },
	{ "access asks for the real user", access_asks_for_the_real_user },
	{ "access has rules for its arguments", access_has_rules_for_its_arguments },
	{ 0 },
};
