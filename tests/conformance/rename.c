/* rename, renameat, renameat2: every rule of POSIX, and Linux's flags. */
#include "tests/conformance/conformance.h"

static void
a_file_gets_another_name(void)
{
	ino_t number;

	make_file("a", 0640, ALICE, "text");
	number = stat_of("a").st_ino;
	OK(c->rename("a", "b"));
	ABSENT("a");
	DATA("b", "text");
	MODE("b", S_IFREG | 0640);
	OWNER("b", ALICE, ALICE);
	LINKS("b", 1);
	TRUE(stat_of("b").st_ino == number);
}

static void
a_file_moves_to_another_directory(void)
{
	make_dir("d", 0755, ROOT);
	make_dir("e", 0755, ROOT);
	make_file("d/a", 0644, ROOT, "text");
	OK(c->rename("d/a", "e/b"));
	ABSENT("d/a");
	DATA("e/b", "text");
	OK(c->rename("e/b", "d/../c"));
	DATA("c", "text");
	OK(c->rmdir("d"));
	OK(c->rmdir("e"));
}

static void
what_has_the_new_name_is_replaced(void)
{
	struct stat status;
	char data[4];
	int fd;

	make_file("a", 0644, ROOT, "new");
	make_file("b", 0600, ALICE, "old");
	OK(c->link("b", "other"));
	fd = open_file("b", O_RDONLY);
	OK(c->rename("a", "b"));
	ABSENT("a");
	DATA("b", "new");
	MODE("b", 0644);
	DATA("other", "old");
	LINKS("other", 1);
	IS(3, c->read(fd, data, 4));
	TRUE(memcmp(data, "old", 3) == 0);
	OK(c->unlink("other"));
	OK(c->fstat(fd, &status));
	IS(0, status.st_nlink);
}

static void
any_file_replaces_any_that_is_no_directory(void)
{
	static const mode_t types[] = { S_IFREG, S_IFIFO, S_IFSOCK, S_IFLNK };

	for (unsigned from = 0; from < 4; from++) {
		for (unsigned to = 0; to < 4; to++) {
			about("type %#o onto type %#o", types[from], types[to]);
			if (types[from] == S_IFLNK)
				make_link("a", "from");
			else
				OK(c->mknod("a", types[from] | 0644, 0));
			if (types[to] == S_IFLNK)
				make_link("b", "to");
			else
				OK(c->mknod("b", types[to] | 0600, 0));
			OK(c->rename("a", "b"));
			ABSENT("a");
			TRUE((stat_of("b").st_mode & S_IFMT) == types[from]);
			OK(c->unlink("b"));
		}
	}
}

static void
names_of_the_same_file_are_left_alone(void)
{
	make_file("a", 0644, ROOT, "text");
	OK(c->link("a", "b"));
	OK(c->rename("a", "b"));
	DATA("a", "text");
	DATA("b", "text");
	LINKS("a", 2);
	OK(c->rename("a", "a"));
	DATA("a", "text");
	make_dir("d", 0755, ROOT);
	OK(c->rename("d", "d"));
	OK(c->rename("d", "d/"));
	OK(c->rename("d/", "./d"));
	MODE("d", S_IFDIR | 0755);
}

static void
a_directory_replaces_an_empty_one_only(void)
{
	make_dir("d", 0700, ROOT);
	make_file("d/f", 0644, ROOT, "text");
	make_dir("empty", 0755, ROOT);
	make_dir("full", 0755, ROOT);
	make_file("full/f", 0644, ROOT, "");
	FAILS(ENOTEMPTY, c->rename("d", "full"));
	DATA("d/f", "text");
	OK(c->rename("d", "empty"));
	ABSENT("d");
	DATA("empty/f", "text");
	MODE("empty", S_IFDIR | 0700);
	FAILS(ENOTEMPTY, c->rename("full", "empty"));
}

static void
files_and_directories_do_not_replace_each_other(void)
{
	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	make_link("to-d", "d");
	OK(c->mknod("fifo", S_IFIFO | 0644, 0));
	FAILS(ENOTDIR, c->rename("d", "f"));
	FAILS(ENOTDIR, c->rename("d", "fifo"));
	FAILS(ENOTDIR, c->rename("d", "to-d"));
	FAILS(EISDIR, c->rename("f", "d"));
	FAILS(EISDIR, c->rename("fifo", "d"));
	FAILS(EISDIR, c->rename("to-d", "d"));
	MODE("d", S_IFDIR | 0755);
	MODE("f", S_IFREG | 0644);
}

static void
links_are_renamed_themselves(void)
{
	make_file("f", 0644, ROOT, "text");
	make_link("l", "f");
	make_link("dangling", "missing");
	OK(c->rename("l", "m"));
	TARGET("m", "f");
	DATA("f", "text");
	OK(c->rename("dangling", "still"));
	TARGET("still", "missing");
	make_file("g", 0644, ROOT, "other");
	OK(c->rename("g", "m"));
	MODE("m", S_IFREG | 0644);
	DATA("f", "text");
}

static void
no_directory_moves_below_itself(void)
{
	make_dir("d", 0755, ROOT);
	make_dir("d/e", 0755, ROOT);
	make_dir("d/e/f", 0755, ROOT);
	make_link("to-d", "d");
	FAILS(EINVAL, c->rename("d", "d/new"));
	FAILS(EINVAL, c->rename("d", "d/e/new"));
	FAILS(EINVAL, c->rename("d", "d/e/f/new"));
	FAILS(EINVAL, c->rename("d", "d/e/f"));
	FAILS(EINVAL, c->rename("d", "to-d/new"));
	FAILS(EINVAL, c->rename("d", "d/e/../new"));
	FAILS(EINVAL, c->rename("d", "d/e"));
	/* And none takes the place of one that it is in. */
	FAILS(ENOTEMPTY, c->rename("d/e/f", "d/e"));
	FAILS(ENOTEMPTY, c->rename("d/e/f", "d"));
	FAILS(ENOTEMPTY, c->rename("d/e", "d"));
	MODE("d/e/f", S_IFDIR | 0755);
	OK(c->rename("d/e/f", "d/f"));
	OK(c->rename("d/e", "d/f/e"));
	MODE("d/f/e", S_IFDIR | 0755);
}

static void
dots_cannot_be_renamed(void)
{
	make_dir("d", 0755, ROOT);
	make_dir("d/e", 0755, ROOT);
	FAILS(EBUSY, c->rename("d/.", "x"));
	FAILS(EBUSY, c->rename("d/..", "x"));
	FAILS(EBUSY, c->rename("d/e/..", "x"));
	FAILS(EBUSY, c->rename(".", "x"));
	FAILS(EBUSY, c->rename("..", "x"));
	FAILS(EBUSY, c->rename("d", "."));
	FAILS(EBUSY, c->rename("d", ".."));
	FAILS(EBUSY, c->rename("d", "d/."));
	FAILS(EBUSY, c->rename("d", "d/e/.."));
	FAILS(EEXIST, c->renameat2(AT_FDCWD, "d", AT_FDCWD, ".", RENAME_NOREPLACE));
}

static void
a_slash_behind_wants_a_directory(void)
{
	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	FAILS(ENOTDIR, c->rename("f", "new/"));
	FAILS(ENOTDIR, c->rename("f/", "new"));
	FAILS(ENOENT, c->rename("missing/", "new"));
	OK(c->rename("d/", "e"));
	OK(c->rename("e", "d/"));
	OK(c->rename("d/", "e/"));
	OK(c->rename("e///", "d//"));
	MODE("d", S_IFDIR | 0755);
	make_link("to-d", "d");
	FAILS(ENOTDIR, c->rename("to-d/", "x"));
	FAILS(ENOTDIR, c->rename("d", "to-d/"));
}

static void
link_counts_of_directories_follow(void)
{
	make_dir("d", 0755, ROOT);
	make_dir("e", 0755, ROOT);
	make_dir("d/sub", 0755, ROOT);
	LINKS("d", 3);
	LINKS("e", 2);
	OK(c->rename("d/sub", "e/sub"));
	LINKS("d", 2);
	LINKS("e", 3);
	SAME_FILE("e/sub/..", "e");
	OK(c->mkdir("d/sub", 0755));
	OK(c->rename("d/sub", "e/sub"));
	LINKS("d", 2);
	LINKS("e", 3);
	LINKS("e/sub", 2);
	OK(c->rename("e/sub", "e/again"));
	LINKS("e", 3);
}

static void
both_directories_must_be_writable(void)
{
	make_dir("d", 0755, ALICE);
	make_dir("e", 0755, ALICE);
	make_file("d/f", 0644, ALICE, "");
	make_file("e/g", 0644, ALICE, "");
	as(ALICE);
	set_mode("d", 0555);
	FAILS(EACCES, c->rename("d/f", "e/f"));
	FAILS(EACCES, c->rename("d/f", "d/g"));
	FAILS(EACCES, c->rename("e/g", "d/g"));
	FAILS(ENOENT, c->rename("d/missing", "e/x"));
	set_mode("d", 0755);
	OK(c->rename("d/f", "e/f"));
	OK(c->rename("e/f", "d/f"));
	as(BOB);
	FAILS(EACCES, c->rename("d/f", "d/x"));
	FAILS(EACCES, c->rename("d/f", "x"));
	set_mode("d", 0777);
	/* Whose file it is does not matter. */
	OK(c->rename("d/f", "x"));
	OWNER("x", ALICE, ALICE);
	OK(c->rename("x", "d/f"));
	as(ROOT);
	set_mode("d", 0);
	OK(c->rename("d/f", "e/f"));
}

static void
a_directory_that_moves_must_be_writable(void)
{
	make_dir("d", 0777, ALICE);
	make_dir("e", 0777, ALICE);
	make_dir("d/sub", 0555, ALICE);
	as(ALICE);
	/* Its ".." changes. */
	FAILS(EACCES, c->rename("d/sub", "e/sub"));
	OK(c->rename("d/sub", "d/other"));
	set_mode("d/other", 0755);
	OK(c->rename("d/other", "e/sub"));
	as(BOB);
	FAILS(EACCES, c->rename("e/sub", "d/sub"));
	as(ROOT);
	set_mode("e/sub", 0);
	OK(c->rename("e/sub", "d/sub"));
}

static void
in_a_sticky_directory_owners_rename(void)
{
	make_dir("s", 01777, ALICE);
	make_dir("t", 0777, ROOT);
	make_file("s/bobs", 0666, BOB, "");
	make_file("s/carols", 0666, CAROL, "");
	as(CAROL);
	FAILS(EPERM, c->rename("s/bobs", "s/x"));
	FAILS(EPERM, c->rename("s/bobs", "t/x"));
	FAILS(EPERM, c->rename("s/carols", "s/bobs"));
	OK(c->rename("s/carols", "s/x"));
	OK(c->rename("s/x", "t/carols"));
	FAILS(EPERM, c->rename("t/carols", "s/bobs"));
	OK(c->rename("t/carols", "s/carols"));
	/* The owner of the directory may, and root. */
	OK(BY(ALICE, c->rename("s/bobs", "s/y")));
	OK(BY(ROOT, c->rename("s/carols", "s/y")));
	OWNER("s/y", CAROL, CAROL);
	FAILS(EPERM, BY(BOB, c->renameat2(AT_FDCWD, "s/y", AT_FDCWD, "s/z", RENAME_NOREPLACE)));
}

static void
a_sticky_directory_itself_moves(void)
{
	make_dir("s", 01777, ROOT);
	make_dir("s/alices", 0755, ALICE);
	make_dir("s/bobs", 0777, BOB);
	as(ALICE);
	OK(c->rename("s/alices", "s/moved"));
	FAILS(EPERM, c->rename("s/bobs", "s/x"));
	FAILS(EPERM, c->rename("s/moved", "s/bobs"));
	OK(BY(BOB, c->rename("s/bobs", "moved")));
}

static void
noreplace_wants_nothing_there(void)
{
	make_file("a", 0644, ROOT, "a");
	make_file("b", 0644, ROOT, "b");
	make_dir("d", 0755, ROOT);
	make_link("dangling", "missing");
	FAILS(EEXIST, c->renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
	FAILS(EEXIST, c->renameat2(AT_FDCWD, "a", AT_FDCWD, "d", RENAME_NOREPLACE));
	FAILS(EEXIST, c->renameat2(AT_FDCWD, "d", AT_FDCWD, "a", RENAME_NOREPLACE));
	FAILS(EEXIST, c->renameat2(AT_FDCWD, "a", AT_FDCWD, "a", RENAME_NOREPLACE));
	FAILS(EEXIST, c->renameat2(AT_FDCWD, "a", AT_FDCWD, "dangling", RENAME_NOREPLACE));
	FAILS(ENOENT, c->renameat2(AT_FDCWD, "no", AT_FDCWD, "new", RENAME_NOREPLACE));
	FAILS(ENOENT, c->renameat2(AT_FDCWD, "no", AT_FDCWD, "b", RENAME_NOREPLACE));
	DATA("a", "a");
	DATA("b", "b");
	OK(c->renameat2(AT_FDCWD, "a", AT_FDCWD, "new", RENAME_NOREPLACE));
	DATA("new", "a");
	ABSENT("a");
	OK(c->renameat2(AT_FDCWD, "d", AT_FDCWD, "e", RENAME_NOREPLACE));
}

static void
exchange_swaps_two_names(void)
{
	make_file("a", 0644, ROOT, "a");
	make_file("b", 0600, ALICE, "b");
	make_dir("d", 0755, ROOT);
	make_dir("d/sub", 0755, ROOT);
	make_dir("e", 0755, ROOT);
	make_file("e/f", 0644, ROOT, "f");
	make_link("l", "a");
	OK(c->renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE));
	DATA("a", "b");
	DATA("b", "a");
	MODE("a", 0600);
	OWNER("a", ALICE, ALICE);
	OK(c->renameat2(AT_FDCWD, "d/sub", AT_FDCWD, "e/f", RENAME_EXCHANGE));
	DATA("d/sub", "f");
	MODE("e/f", S_IFDIR | 0755);
	LINKS("d", 2);
	LINKS("e", 3);
	SAME_FILE("e/f/..", "e");
	OK(c->renameat2(AT_FDCWD, "d", AT_FDCWD, "e", RENAME_EXCHANGE));
	DATA("e/sub", "f");
	OK(c->renameat2(AT_FDCWD, "l", AT_FDCWD, "a", RENAME_EXCHANGE));
	TARGET("a", "a");
	DATA("l", "b");
	FAILS(ENOENT, c->renameat2(AT_FDCWD, "l", AT_FDCWD, "no", RENAME_EXCHANGE));
	FAILS(ENOENT, c->renameat2(AT_FDCWD, "no", AT_FDCWD, "l", RENAME_EXCHANGE));
	OK(c->renameat2(AT_FDCWD, "l", AT_FDCWD, "l", RENAME_EXCHANGE));
	OK(c->mkdir("e/x", 0755));
	FAILS(EINVAL, c->renameat2(AT_FDCWD, "e", AT_FDCWD, "e/x", RENAME_EXCHANGE));
	FAILS(EINVAL, c->renameat2(AT_FDCWD, "e/x", AT_FDCWD, "e", RENAME_EXCHANGE));
	FAILS(EBUSY, c->renameat2(AT_FDCWD, "e", AT_FDCWD, ".", RENAME_EXCHANGE));
}

static void
exchange_needs_permission_for_both(void)
{
	make_dir("s", 01777, ROOT);
	make_dir("d", 0755, ROOT);
	make_file("d/f", 0666, ALICE, "");
	make_file("s/alices", 0666, ALICE, "");
	make_file("s/bobs", 0666, BOB, "");
	as(ALICE);
	FAILS(EPERM, c->renameat2(AT_FDCWD, "s/alices", AT_FDCWD, "s/bobs", RENAME_EXCHANGE));
	FAILS(EPERM, c->renameat2(AT_FDCWD, "s/bobs", AT_FDCWD, "s/alices", RENAME_EXCHANGE));
	FAILS(EACCES, c->renameat2(AT_FDCWD, "s/alices", AT_FDCWD, "d/f", RENAME_EXCHANGE));
	FAILS(EACCES, c->renameat2(AT_FDCWD, "d/f", AT_FDCWD, "s/alices", RENAME_EXCHANGE));
	set_owner("s/bobs", ALICE, ALICE);
	OK(c->renameat2(AT_FDCWD, "s/alices", AT_FDCWD, "s/bobs", RENAME_EXCHANGE));
}

static void
flags_that_exclude_each_other_are_refused(void)
{
	make_file("a", 0644, ROOT, "a");
	make_file("b", 0644, ROOT, "b");
	FAILS(EINVAL,
	    c->renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE | RENAME_EXCHANGE));
	FAILS(EINVAL,
	    c->renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_WHITEOUT | RENAME_EXCHANGE));
	FAILS(EINVAL, c->renameat2(AT_FDCWD, "a", AT_FDCWD, "b", 8));
	FAILS(EINVAL, c->renameat2(AT_FDCWD, "a", AT_FDCWD, "b", 0x80000000));
	DATA("a", "a");
	DATA("b", "b");
}

static void
paths_of_renameat_begin_at_descriptors(void)
{
	int d, e, f;

	make_dir("d", 0755, ROOT);
	make_dir("e", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "text");
	d = open_file("d", O_RDONLY);
	e = open_file("e", O_PATH);
	f = open_file("d/f", O_RDONLY);
	OK(c->renameat(d, "f", e, "g"));
	DATA("e/g", "text");
	FAILS(EBADF, c->renameat(-1, "f", e, "g"));
	FAILS(EBADF, c->renameat(e, "g", 9999, "g"));
	FAILS(ENOTDIR, c->renameat(f, "g", e, "g"));
	FAILS(ENOTDIR, c->renameat(e, "g", f, "g"));
	FAILS(ENOENT, c->renameat(d, "", e, "g"));
	OK(c->renameat2(e, "g", d, "h", RENAME_NOREPLACE));
	DATA("d/h", "text");
}

static void
a_directory_that_is_removed_takes_no_more(void)
{
	int fd;

	make_dir("d", 0755, ROOT);
	make_dir("e", 0755, ROOT);
	make_dir("moved", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	fd = open_file("d", O_RDONLY);
	/* Replaced is removed. */
	OK(c->rename("e", "d"));
	FAILS(ENOENT, c->renameat(AT_FDCWD, "f", fd, "f"));
	FAILS(ENOENT, c->renameat(AT_FDCWD, "moved", fd, "moved"));
	FAILS(ENOENT, c->mkdirat(fd, "x", 0755));
	FAILS(ENOENT, c->openat(fd, "x", O_RDWR | O_CREAT, 0644));
}

static void
renaming_across_file_systems_is_refused(void)
{
	make_file("f", 0644, ROOT, "");
	FAILS(EXDEV, c->rename("f", on_another_file_system("f")));
	MODE("f", S_IFREG | 0644);
}

static void
renaming_renews_time_stamps(void)
{
	make_dir("d", 0777, ROOT);
	make_dir("e", 0777, ROOT);
	make_file("d/f", 0644, ROOT, "text");
	make_file("d/other", 0644, ROOT, "text");
	make_old("d/other");
	make_old("e");
	make_old("d");
	make_old("d/f");
	OK(c->rename("d/f", "e/g"));
	STAMPS("mc", "d");
	STAMPS("mc", "e");
	STAMPS("c", "e/g");
	STAMPS("", "d/other");
	OK(c->link("e/g", "e/h"));
	RENEWS("", "e", c->rename("e/g", "e/h"));
	make_file("e/i", 0644, ROOT, "");
	RENEWS("c", "e/g", c->rename("e/i", "e/h"));
}

const struct group rename_groups[] = {
	{ "a file gets another name", a_file_gets_another_name },
	{ "a file moves to another directory", a_file_moves_to_another_directory },
	{ "what has the new name is replaced", what_has_the_new_name_is_replaced },
	{ "any file replaces any that is no directory",
	    any_file_replaces_any_that_is_no_directory },
	{ "names of the same file are left alone by rename",
	    names_of_the_same_file_are_left_alone },
	{ "a directory replaces an empty one only", a_directory_replaces_an_empty_one_only },
	{ "files and directories do not replace each other",
	    files_and_directories_do_not_replace_each_other },
	{ "symbolic links are renamed themselves", links_are_renamed_themselves },
	{ "no directory moves below itself", no_directory_moves_below_itself },
	{ "dots cannot be renamed", dots_cannot_be_renamed },
	{ "rename with a slash behind wants a directory", a_slash_behind_wants_a_directory },
	{ "link counts of directories follow renames", link_counts_of_directories_follow },
	{ "both directories must be writable for rename", both_directories_must_be_writable },
	{ "a directory that moves must be writable", a_directory_that_moves_must_be_writable },
	{ "in a sticky directory owners rename", in_a_sticky_directory_owners_rename },
	{ "directories in a sticky directory are their owners'", a_sticky_directory_itself_moves },
	{ "RENAME_NOREPLACE wants nothing there", noreplace_wants_nothing_there },
	{ "RENAME_EXCHANGE swaps two names", exchange_swaps_two_names },
	{ "RENAME_EXCHANGE needs permission for both", exchange_needs_permission_for_both },
	{ "flags of renameat2 that exclude each other are refused",
	    flags_that_exclude_each_other_are_refused },
	{ "paths of renameat begin at descriptors", paths_of_renameat_begin_at_descriptors },
	{ "a directory that is replaced takes no more files",
	    a_directory_that_is_removed_takes_no_more },
	{ "renaming across file systems is refused", renaming_across_file_systems_is_refused },
	{ "renaming renews time stamps", renaming_renews_time_stamps },
	{ 0 },
};
