/* unlink, rmdir, unlinkat: what may be removed by whom, and what remains. */
#include "tests/conformance/conformance.h"

static void
a_name_is_removed(void)
{
	make_file("f", 0644, ROOT, "text");
	OK(c->link("f", "g"));
	LINKS("f", 2);
	OK(c->unlink("f"));
	ABSENT("f");
	LINKS("g", 1);
	DATA("g", "text");
	OK(c->unlink("g"));
	ABSENT("g");
	FAILS(ENOENT, c->unlink("g"));
	make_link("l", "missing");
	OK(c->unlink("l"));
	ABSENT("l");
	OK(c->mknod("fifo", S_IFIFO | 0644, 0));
	OK(c->unlink("fifo"));
	ABSENT("fifo");
	OK(c->mknod("socket", S_IFSOCK | 0644, 0));
	OK(c->unlinkat(AT_FDCWD, "socket", 0));
	ABSENT("socket");
}

static void
links_are_removed_themselves(void)
{
	make_file("f", 0644, ROOT, "text");
	make_dir("d", 0755, ROOT);
	make_link("to-f", "f");
	make_link("to-d", "d");
	make_link("loop", "loop");
	FAILS(ENOTDIR, c->rmdir("to-d"));
	FAILS(ENOTDIR, c->unlink("to-d/"));
	FAILS(ENOTDIR, c->rmdir("to-d/"));
	OK(c->unlink("to-f"));
	OK(c->unlink("to-d"));
	OK(c->unlink("loop"));
	DATA("f", "text");
	MODE("d", S_IFDIR | 0755);
}

static void
directories_are_not_unlinked(void)
{
	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	FAILS(EISDIR, c->unlink("d"));
	FAILS(EISDIR, c->unlink("d/"));
	FAILS(EISDIR, c->unlink("."));
	FAILS(EISDIR, c->unlink(".."));
	FAILS(EISDIR, c->unlink("d/."));
	FAILS(EISDIR, c->unlink("d/.."));
	FAILS(EISDIR, c->unlink("/"));
	FAILS(ENOTDIR, c->unlink("f/"));
	FAILS(EISDIR, c->unlinkat(AT_FDCWD, "d", 0));
	FAILS(ENOTDIR, c->unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
	FAILS(EINVAL, c->unlinkat(AT_FDCWD, "f", 1));
	FAILS(EINVAL, c->unlinkat(AT_FDCWD, "f", AT_SYMLINK_NOFOLLOW));
	FAILS(EINVAL, c->unlinkat(AT_FDCWD, "f", AT_EMPTY_PATH));
	MODE("d", S_IFDIR | 0755);
	MODE("f", S_IFREG | 0644);
}

static void
empty_directories_are_removed(void)
{
	make_dir("d", 0755, ROOT);
	make_dir("d/e", 0755, ROOT);
	LINKS("d", 3);
	OK(c->rmdir("d/e"));
	LINKS("d", 2);
	ABSENT("d/e");
	OK(c->mkdir("d/e", 0755));
	OK(c->rmdir("d/e/"));
	OK(c->mkdir("d/e", 0755));
	OK(c->unlinkat(AT_FDCWD, "d/e", AT_REMOVEDIR));
	OK(c->rmdir("d//"));
	ABSENT("d");
	FAILS(ENOENT, c->rmdir("d"));
}

static void
directories_that_are_not_empty_stay(void)
{
	make_dir("d", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "");
	FAILS(ENOTEMPTY, c->rmdir("d"));
	OK(c->unlink("d/f"));
	make_dir("d/e", 0755, ROOT);
	FAILS(ENOTEMPTY, c->rmdir("d"));
	FAILS(ENOTEMPTY, c->rmdir("d/e/.."));
	OK(c->rmdir("d/e"));
	make_link("d/l", "x");
	FAILS(ENOTEMPTY, c->rmdir("d"));
	OK(c->unlink("d/l"));
	OK(c->mknod("d/fifo", S_IFIFO | 0644, 0));
	FAILS(ENOTEMPTY, c->unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
	OK(c->unlink("d/fifo"));
	OK(c->rmdir("d"));
}

static void
rmdir_wants_a_directory_with_a_name(void)
{
	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	OK(c->mknod("fifo", S_IFIFO | 0644, 0));
	FAILS(ENOTDIR, c->rmdir("f"));
	FAILS(ENOTDIR, c->rmdir("fifo"));
	FAILS(EINVAL, c->rmdir("."));
	FAILS(EINVAL, c->rmdir("d/."));
	FAILS(EINVAL, c->rmdir("d/./"));
	FAILS(ENOTEMPTY, c->rmdir(".."));
	FAILS(ENOTEMPTY, c->rmdir("d/.."));
	FAILS(EBUSY, c->rmdir("/"));
	MODE("d", S_IFDIR | 0755);
}

static void
removing_needs_a_directory_that_may_be_written(void)
{
	static const struct {
		mode_t mode;
		uid_t user;
		bool may;
	} rows[] = {
		{ 0700, ALICE, true },
		{ 0300, ALICE, true },
		{ 0500, ALICE, false },
		{ 0600, ALICE, false },
		{ 0077, ALICE, false },
		{ 0030, BOB, true },
		{ 0050, BOB, false },
		{ 0707, BOB, false },
		{ 0003, CAROL, true },
		{ 0004, CAROL, false },
		{ 0770, CAROL, false },
		{ 0000, ROOT, true },
	};

	make_dir("d", 0755, ALICE);
	set_owner("d", ALICE, TEAM);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		about("directory of mode %#o, user %u", rows[i].mode, rows[i].user);
		as(ROOT);
		set_mode("d", 0777);
		/* Of somebody else, and forbidden to all: that does not matter. */
		make_file("d/f", 0, ROOT, "");
		if (i == 0 || rows[i - 1].may)
			make_dir("d/sub", 0, ROOT);
		set_mode("d", rows[i].mode);
		as(rows[i].user);
		if (rows[i].may) {
			OK(c->unlink("d/f"));
			OK(c->rmdir("d/sub"));
			ABSENT("d/f");
		} else {
			FAILS(EACCES, c->unlink("d/f"));
			FAILS(EACCES, c->rmdir("d/sub"));
			MODE("d/f", S_IFREG);
		}
	}
}

static void
in_a_sticky_directory_owners_remove(void)
{
	static const struct {
		uid_t dir_owner, file_owner, user;
		bool may;
	} rows[] = {
		{ ROOT, ALICE, ALICE, true },
		{ ROOT, ALICE, BOB, false },
		{ ROOT, ALICE, CAROL, false },
		{ ROOT, ALICE, ROOT, true },
		{ ALICE, BOB, ALICE, true }, /* the directory's owner */
		{ ALICE, BOB, BOB, true },
		{ ALICE, BOB, CAROL, false },
		{ ALICE, ROOT, ALICE, true },
		{ ALICE, ROOT, BOB, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		about("directory of %u, file of %u, removed by %u", rows[i].dir_owner,
		    rows[i].file_owner, rows[i].user);
		as(ROOT);
		make_dir("d", 01777, rows[i].dir_owner);
		make_file("d/f", 0666, rows[i].file_owner, "");
		make_dir("d/sub", 0777, rows[i].file_owner);
		make_link("d/l", "f");
		set_owner("d/l", rows[i].file_owner, ROOT);
		as(rows[i].user);
		if (rows[i].may) {
			OK(c->unlink("d/f"));
			OK(c->unlink("d/l"));
			OK(c->rmdir("d/sub"));
		} else {
			FAILS(EPERM, c->unlink("d/f"));
			FAILS(EPERM, c->unlink("d/l"));
			FAILS(EPERM, c->rmdir("d/sub"));
			as(ROOT);
			OK(c->unlink("d/f"));
			OK(c->unlink("d/l"));
			OK(c->rmdir("d/sub"));
		}
		OK(BY(ROOT, c->rmdir("d")));
	}
}

static void
open_files_live_on_without_a_name(void)
{
	struct stat status;
	char data[8] = "";
	int fd;

	make_file("f", 0644, ROOT, "text");
	fd = open_file("f", O_RDWR);
	OK(c->unlink("f"));
	ABSENT("f");
	OK(c->fstat(fd, &status));
	IS(0, status.st_nlink);
	IS(4, status.st_size);
	IS(4, c->read(fd, data, 8));
	TRUE(strcmp(data, "text") == 0);
	IS(4, c->write(fd, "more", 4));
	IS(8, c->pread(fd, data, 8, 0));
	TRUE(memcmp(data, "textmore", 8) == 0);
	OK(c->ftruncate(fd, 2));
	OK(c->fchmod(fd, 0600));
	OK(c->fchown(fd, ALICE, ALICE));
	OK(c->fsync(fd));
	OK(c->fstat(fd, &status));
	IS(2, status.st_size);
	IS(S_IFREG | 0600, status.st_mode);
	IS(ALICE, status.st_uid);
	/* The name is free for another. */
	make_file("f", 0644, ROOT, "new");
	DATA("f", "new");
	OK(c->pread(fd, data, 8, 0));
	TRUE(memcmp(data, "te", 2) == 0);
	OK(c->close(fd));
}

static void
a_removed_directory_is_empty_for_good(void)
{
	struct stat status;
	char entries[512];
	int fd;

	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	fd = open_file("d", O_RDONLY);
	OK(c->rmdir("d"));
	OK(c->fstat(fd, &status));
	IS(0, status.st_nlink);
	FAILS(ENOENT, c->getdents64(fd, entries, sizeof(entries)));
	FAILS(ENOENT, c->openat(fd, "new", O_RDWR | O_CREAT, 0644));
	FAILS(ENOENT, c->mkdirat(fd, "new", 0755));
	FAILS(ENOENT, c->mknodat(fd, "new", S_IFIFO | 0644, 0));
	FAILS(ENOENT, c->symlinkat("x", fd, "new"));
	FAILS(ENOENT, c->linkat(AT_FDCWD, "f", fd, "new", 0));
	FAILS(ENOENT, c->renameat(AT_FDCWD, "f", fd, "new"));
	FAILS(ENOENT, c->openat(fd, "old", O_RDONLY, 0));
	FAILS(ENOENT, c->unlinkat(fd, "old", 0));
	OK(c->openat(fd, ".", O_RDONLY, 0));
	OK(c->fchmod(fd, 0700));
	OK(c->fchdir(fd));
	OK(c->stat(".", &status));
	FAILS(ENOENT, c->creat("new", 0644));
	FAILS(EINVAL, c->rmdir("."));
	/* It still knows where it was. */
	OK(c->stat("../f", &status));
	OK(c->chdir(".."));
	OK(c->stat("f", &status));
}

static void
paths_of_unlinkat_begin_at_the_descriptor(void)
{
	int dir, file;

	make_dir("d", 0755, ROOT);
	make_dir("d/sub", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "");
	make_file("f", 0644, ROOT, "");
	dir = open_file("d", O_PATH);
	file = open_file("f", O_RDONLY);
	OK(c->unlinkat(dir, "f", 0));
	ABSENT("d/f");
	OK(c->unlinkat(dir, "sub", AT_REMOVEDIR));
	OK(c->unlinkat(dir, "../f", 0));
	ABSENT("f");
	FAILS(EBADF, c->unlinkat(-1, "f", 0));
	FAILS(ENOTDIR, c->unlinkat(file, "f", 0));
	FAILS(ENOENT, c->unlinkat(dir, "", 0));
}

static void
removing_renews_time_stamps(void)
{
	make_dir("d", 0777, ROOT);
	make_file("d/f", 0644, ROOT, "text");
	OK(c->link("d/f", "d/g"));
	make_dir("d/sub", 0755, ROOT);
	make_old("d/f");
	RENEWS("mc", "d", c->unlink("d/g"));
	STAMPS("c", "d/f");
	RENEWS("mc", "d", c->rmdir("d/sub"));
	make_old("d");
	FAILS(ENOENT, c->unlink("d/g"));
	STAMPS("", "d");
}

const struct group remove_groups[] = {
	{ "a name is removed", a_name_is_removed },
	{ "symbolic links are removed themselves", links_are_removed_themselves },
	{ "directories are not unlinked", directories_are_not_unlinked },
	{ "empty directories are removed", empty_directories_are_removed },
	{ "directories that are not empty stay", directories_that_are_not_empty_stay },
	{ "rmdir wants a directory with a name", rmdir_wants_a_directory_with_a_name },
	{ "removing needs a directory that may be written",
	    removing_needs_a_directory_that_may_be_written },
	{ "in a sticky directory owners remove", in_a_sticky_directory_owners_remove },
	{ "open files live on without a name", open_files_live_on_without_a_name },
	{ "a removed directory is empty for good", a_removed_directory_is_empty_for_good },
	{ "paths of unlinkat begin at the descriptor", paths_of_unlinkat_begin_at_the_descriptor },
	{ "removing renews time stamps", removing_renews_time_stamps },
	{ 0 },
};
