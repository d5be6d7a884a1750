/* mkdir, mkdirat, mknod, mknodat: what is made, and whose it is. */
#include <sys/sysmacros.h>

#include "tests/conformance/conformance.h"

static void
a_directory_is_made(void)
{
	OK(c->mkdir("d", 0755));
	MODE("d", S_IFDIR | 0755);
	OWNER("d", ROOT, ROOT);
	LINKS("d", 2);
	SAME_FILE("d/..", ".");
	SAME_FILE("d/.", "d");
	OK(c->mkdir("d/e", 0700));
	LINKS("d", 3);
	LINKS("d/e", 2);
	SAME_FILE("d/e/..", "d");
	OK(c->mkdir("f/", 0755));
	OK(c->mkdir("g//", 0755));
	OK(c->mkdir("d/../h", 0755));
	MODE("f", S_IFDIR | 0755);
	MODE("h", S_IFDIR | 0755);
}

static void
mkdir_wants_nothing_there(void)
{
	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "text");
	make_link("to-d", "d");
	make_link("dangling", "missing");
	OK(c->mknod("fifo", S_IFIFO | 0644, 0));
	FAILS(EEXIST, c->mkdir("d", 0755));
	FAILS(EEXIST, c->mkdir("d/", 0755));
	FAILS(EEXIST, c->mkdir("f", 0755));
	FAILS(EEXIST, c->mkdir("f/", 0755));
	FAILS(EEXIST, c->mkdir("to-d", 0755));
	FAILS(EEXIST, c->mkdir("to-d/", 0755));
	FAILS(EEXIST, c->mkdir("dangling", 0755));
	FAILS(EEXIST, c->mkdir("fifo", 0755));
	FAILS(EEXIST, c->mkdir(".", 0755));
	FAILS(EEXIST, c->mkdir("..", 0755));
	FAILS(EEXIST, c->mkdir("d/.", 0755));
	FAILS(EEXIST, c->mkdir("d/..", 0755));
	FAILS(EEXIST, c->mkdir("/", 0755));
	FAILS(ENOENT, c->mkdir("new/.", 0755));
	ABSENT("missing");
	ABSENT("new");
}

static void
the_mode_of_a_new_directory_is_masked(void)
{
	static const struct {
		mode_t umask, mode, want;
	} rows[] = {
		{ 0, 0777, 0777 },
		{ 022, 0777, 0755 },
		{ 077, 0777, 0700 },
		{ 0777, 0777, 0 },
		{ 0, 01777, 01777 },
		{ 0, 07777, 01777 }, /* no set-ID bits */
		{ 0, 06755, 0755 },
		{ 027, 01770, 01750 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		about("umask %#o, mode %#o", rows[i].umask, rows[i].mode);
		c->umask(rows[i].umask);
		OK(c->mkdir("d", rows[i].mode));
		MODE("d", S_IFDIR | rows[i].want);
		OK(c->rmdir("d"));
	}
}

static void
making_needs_a_directory_that_may_be_written(void)
{
	static const struct {
		mode_t mode;
		uid_t user;
		bool may;
	} rows[] = {
		{ 0700, ALICE, true },
		{ 0300, ALICE, true },
		{ 0500, ALICE, false },
		{ 0200, ALICE, false },
		{ 0077, ALICE, false },
		{ 0030, BOB, true },
		{ 0050, BOB, false },
		{ 0707, BOB, false },
		{ 0003, CAROL, true },
		{ 0005, CAROL, false },
		{ 0770, CAROL, false },
		{ 0000, ROOT, true },
	};

	make_dir("d", 0755, ALICE);
	set_owner("d", ALICE, TEAM);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uid_t user = rows[i].user;

		about("directory of mode %#o, user %u", rows[i].mode, user);
		set_mode("d", rows[i].mode);
		as(user);
		if (rows[i].may) {
			OK(c->mkdir("d/dir", 0755));
			OK(c->mknod("d/file", S_IFREG | 0644, 0));
			OK(c->mknod("d/fifo", S_IFIFO | 0644, 0));
			OK(c->symlink("x", "d/link"));
			OK(c->link("d/file", "d/hard"));
			OWNER("d/dir", user, user);
			OWNER("d/fifo", user, user);
			OWNER("d/link", user, user);
			OK(c->unlink("d/hard"));
			OK(c->unlink("d/link"));
			OK(c->unlink("d/fifo"));
			OK(c->unlink("d/file"));
			OK(c->rmdir("d/dir"));
		} else {
			FAILS(EACCES, c->mkdir("d/dir", 0755));
			FAILS(EACCES, c->mknod("d/file", S_IFREG | 0644, 0));
			FAILS(EACCES, c->mknod("d/fifo", S_IFIFO | 0644, 0));
			FAILS(EACCES, c->symlink("x", "d/link"));
			ABSENT("d/dir");
		}
	}
}

static void
what_is_there_counts_before_permission(void)
{
	make_dir("d", 0555, ROOT);
	make_dir("d/sub", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "");
	as(ALICE);
	FAILS(EEXIST, c->mkdir("d/sub", 0755));
	FAILS(EEXIST, c->mkdir("d/f", 0755));
	FAILS(EEXIST, c->mknod("d/f", S_IFIFO | 0644, 0));
	FAILS(EEXIST, c->symlink("x", "d/f"));
	FAILS(EACCES, c->mkdir("d/new", 0755));
}

static void
a_set_group_directory_gives_its_group_on(void)
{
	make_dir("d", 02777, ROOT);
	set_owner("d", ROOT, TEAM);
	set_mode("d", 02777);
	as(CAROL);
	OK(c->mkdir("d/sub", 0755));
	OWNER("d/sub", CAROL, TEAM);
	MODE("d/sub", S_IFDIR | 02755);
	OK(c->open("d/f", O_RDWR | O_CREAT, 0644));
	OWNER("d/f", CAROL, TEAM);
	MODE("d/f", S_IFREG | 0644);
	OK(c->mknod("d/fifo", S_IFIFO | 0644, 0));
	OWNER("d/fifo", CAROL, TEAM);
	OK(c->symlink("x", "d/l"));
	OWNER("d/l", CAROL, TEAM);
	OK(c->mkdir("d/sub/sub", 0700));
	OWNER("d/sub/sub", CAROL, TEAM);
	MODE("d/sub/sub", S_IFDIR | 02700);
	/* Who is not of the group gets no program that runs as it. */
	OK(c->open("d/x", O_RDWR | O_CREAT, 02755));
	MODE("d/x", S_IFREG | 0755);
	OK(c->open("d/u", O_RDWR | O_CREAT, 04755));
	MODE("d/u", S_IFREG | 04755);
	as(BOB);
	OK(c->open("d/y", O_RDWR | O_CREAT, 02755));
	MODE("d/y", S_IFREG | 02755);
}

static void
anybody_makes_files_fifos_and_sockets(void)
{
	static const mode_t types[] = { 0, S_IFREG, S_IFIFO, S_IFSOCK };

	as(ALICE);
	for (unsigned i = 0; i < 4; i++) {
		about("type %#o", types[i]);
		c->umask(027);
		OK(c->mknod("f", types[i] | 0666, 0));
		MODE("f", (types[i] != 0 ? types[i] : S_IFREG) | 0640);
		OWNER("f", ALICE, ALICE);
		LINKS("f", 1);
		SIZE("f", 0);
		FAILS(EEXIST, c->mknod("f", types[i] | 0666, 0));
		OK(c->unlink("f"));
		OK(c->mknodat(AT_FDCWD, "f", types[i] | 04711, 0));
		MODE("f", 04710);
		OK(c->unlink("f"));
	}
}

static void
only_root_makes_devices(void)
{
	need_devices();
	as(ALICE);
	FAILS(EPERM, c->mknod("c", S_IFCHR | 0666, makedev(1, 3)));
	FAILS(EPERM, c->mknod("b", S_IFBLK | 0666, makedev(7, 0)));
	ABSENT("c");
	as(ROOT);
	OK(c->mknod("c", S_IFCHR | 0640, makedev(1, 3)));
	OK(c->mknod("b", S_IFBLK | 0600, makedev(7, 300)));
	MODE("c", S_IFCHR | 0640);
	MODE("b", S_IFBLK | 0600);
	IS(makedev(1, 3), stat_of("c").st_rdev);
	IS(makedev(7, 300), stat_of("b").st_rdev);
}

static void
mknod_makes_no_directories_and_links(void)
{
	FAILS(EPERM, c->mknod("d", S_IFDIR | 0755, 0));
	FAILS(EINVAL, c->mknod("l", S_IFLNK | 0777, 0));
	FAILS(EINVAL, c->mknod("x", 0170000 | 0777, 0));
	FAILS(EINVAL, c->mknod("x", 0030000 | 0777, 0));
	ABSENT("d");
	ABSENT("l");
	ABSENT("x");
	make_dir("d", 0755, ROOT);
	FAILS(EEXIST, c->mknod("d", S_IFREG | 0644, 0));
	FAILS(ENOENT, c->mknod("new/", S_IFREG | 0644, 0));
	FAILS(EEXIST, c->mknod("d/", S_IFREG | 0644, 0));
	FAILS(EEXIST, c->mknod(".", S_IFREG | 0644, 0));
}

static void
mknod_does_not_follow_links(void)
{
	make_link("dangling", "missing");
	make_link("loop", "loop");
	FAILS(EEXIST, c->mknod("dangling", S_IFREG | 0644, 0));
	FAILS(EEXIST, c->mknod("loop", S_IFREG | 0644, 0));
	FAILS(EEXIST, c->mkdir("loop", 0755));
	ABSENT("missing");
}

static void
paths_begin_at_descriptors(void)
{
	int dir, file;

	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	dir = open_file("d", O_RDONLY);
	file = open_file("f", O_RDONLY);
	OK(c->mkdirat(dir, "sub", 0755));
	OK(c->mkdirat(dir, "../beside", 0755));
	OK(c->mknodat(dir, "fifo", S_IFIFO | 0644, 0));
	OK(c->symlinkat("target", dir, "link"));
	MODE("d/sub", S_IFDIR | 0755);
	MODE("beside", S_IFDIR | 0755);
	MODE("d/fifo", S_IFIFO | 0644);
	TARGET("d/link", "target");
	FAILS(ENOTDIR, c->mkdirat(file, "sub", 0755));
	FAILS(ENOTDIR, c->mknodat(file, "x", S_IFREG | 0644, 0));
	FAILS(ENOTDIR, c->symlinkat("target", file, "x"));
	FAILS(EBADF, c->mkdirat(-1, "x", 0755));
	FAILS(EBADF, c->mknodat(9999, "x", S_IFREG | 0644, 0));
	FAILS(EBADF, c->symlinkat("target", -7, "x"));
	FAILS(EEXIST, c->mkdirat(-1, "/", 0755));
}

static void
making_renews_time_stamps(void)
{
	make_dir("d", 0777, ROOT);
	RENEWS("mc", "d", c->mkdir("d/sub", 0755));
	STAMPS("amc", "d/sub");
	RENEWS("mc", "d", c->mknod("d/fifo", S_IFIFO | 0644, 0));
	STAMPS("amc", "d/fifo");
	RENEWS("mc", "d", c->symlink("x", "d/l"));
	STAMPS("amc", "d/l");
	make_old("d");
	FAILS(EEXIST, c->mkdir("d/sub", 0755));
	STAMPS("", "d");
}

const struct group mkdir_groups[] = {
	{ "a directory is made", a_directory_is_made },
	{ "mkdir wants nothing there", mkdir_wants_nothing_there },
	{ "the mode of a new directory is masked", the_mode_of_a_new_directory_is_masked },
	{ "making files needs a directory that may be written",
	    making_needs_a_directory_that_may_be_written },
	{ "what is there counts before permission", what_is_there_counts_before_permission },
	{ "a set-group-ID directory gives its group on", a_set_group_directory_gives_its_group_on },
	{ "anybody makes files, fifos and sockets", anybody_makes_files_fifos_and_sockets },
	{ "only root makes devices", only_root_makes_devices },
	{ "mknod makes no directories and links", mknod_makes_no_directories_and_links },
	{ "mknod and mkdir do not follow links", mknod_does_not_follow_links },
	{ "paths of mkdirat, mknodat and symlinkat begin at descriptors",
	    paths_begin_at_descriptors },
	{ "making files renews time stamps", making_renews_time_stamps },
	{ 0 },
};
