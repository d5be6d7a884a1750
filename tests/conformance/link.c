/* link, linkat, symlink, readlink: two names for a file, and names for names. */
#include "tests/conformance/conformance.h"

static void
a_file_has_two_names(void)
{
	make_file("f", 0640, ALICE, "text");
	make_dir("d", 0755, ROOT);
	OK(c->link("f", "g"));
	SAME_FILE("f", "g");
	LINKS("f", 2);
	OK(c->link("g", "d/h"));
	LINKS("f", 3);
	OK(c->chmod("d/h", 0600));
	MODE("f", S_IFREG | 0600);
	OK(c->truncate("g", 2));
	DATA("f", "te");
	OWNER("d/h", ALICE, ALICE);
	OK(c->unlink("f"));
	LINKS("g", 2);
}

static void
link_wants_nothing_there(void)
{
	make_file("f", 0644, ROOT, "f");
	make_file("g", 0644, ROOT, "g");
	make_dir("d", 0755, ROOT);
	make_link("dangling", "missing");
	FAILS(EEXIST, c->link("f", "g"));
	FAILS(EEXIST, c->link("f", "f"));
	FAILS(EEXIST, c->link("f", "d"));
	FAILS(EEXIST, c->link("f", "d/"));
	FAILS(EEXIST, c->link("f", "dangling"));
	FAILS(EEXIST, c->link("f", "."));
	FAILS(ENOENT, c->link("f", "new/"));
	FAILS(ENOENT, c->link("missing", "g"));
	FAILS(ENOTDIR, c->link("f/", "new"));
	LINKS("f", 1);
	DATA("g", "g");
}

static void
directories_have_one_name(void)
{
	make_dir("d", 0777, ALICE);
	make_link("to-d", "d");
	FAILS(EPERM, c->link("d", "e"));
	FAILS(EPERM, c->link("d/", "e"));
	FAILS(EPERM, c->link(".", "e"));
	FAILS(EPERM, c->linkat(AT_FDCWD, "to-d", AT_FDCWD, "e", AT_SYMLINK_FOLLOW));
	FAILS(EEXIST, c->link("d", "d"));
	FAILS(EPERM, BY(ALICE, c->link("d", "e")));
	ABSENT("e");
}

static void
any_other_type_can_be_linked(void)
{
	static const mode_t types[] = { S_IFREG, S_IFIFO, S_IFSOCK };

	for (unsigned i = 0; i < 3; i++) {
		about("type %#o", types[i]);
		OK(c->mknod("a", types[i] | 0644, 0));
		OK(c->link("a", "b"));
		SAME_FILE("a", "b");
		LINKS("b", 2);
		OK(c->unlink("a"));
		MODE("b", types[i] | 0644);
		OK(c->unlink("b"));
	}
}

static void
link_does_not_follow_links_unless_asked(void)
{
	make_file("f", 0644, ROOT, "text");
	make_link("l", "f");
	make_link("dangling", "missing");
	OK(c->link("l", "m"));
	TARGET("m", "f");
	SAME_FILE("l", "m");
	LINKS("l", 2);
	LINKS("f", 1);
	OK(c->linkat(AT_FDCWD, "l", AT_FDCWD, "n", AT_SYMLINK_FOLLOW));
	SAME_FILE("n", "f");
	LINKS("f", 2);
	OK(c->link("dangling", "o"));
	TARGET("o", "missing");
	FAILS(ENOENT, c->linkat(AT_FDCWD, "dangling", AT_FDCWD, "p", AT_SYMLINK_FOLLOW));
	FAILS(EINVAL, c->linkat(AT_FDCWD, "f", AT_FDCWD, "p", AT_SYMLINK_NOFOLLOW));
	FAILS(EINVAL, c->linkat(AT_FDCWD, "f", AT_FDCWD, "p", 1));
}

static void
linking_needs_a_directory_that_may_be_written(void)
{
	make_dir("d", 0755, ALICE);
	make_dir("from", 0755, ROOT);
	make_file("from/f", 0666, ALICE, "text");
	as(BOB);
	FAILS(EACCES, c->link("from/f", "d/g"));
	set_mode("d", 0753);
	OK(c->link("from/f", "d/g"));
	OWNER("d/g", ALICE, ALICE);
	set_mode("from", 0700);
	FAILS(EACCES, c->link("from/f", "d/h"));
	as(ALICE);
	FAILS(EACCES, c->link("from/f", "d/h"));
	set_mode("from", 0711);
	OK(c->link("from/f", "d/h"));
	set_mode("d", 0555);
	FAILS(EACCES, c->link("from/f", "d/i"));
	FAILS(EEXIST, c->link("from/f", "d/h"));
	as(ROOT);
	OK(c->link("from/f", "d/i"));
	LINKS("from/f", 4);
}

static void
an_open_file_gets_a_name(void)
{
	int fd, other, link;

	need_links_to_open_files();
	make_file("f", 0644, ALICE, "text");
	make_dir("d", 0755, ROOT);
	make_link("l", "f");
	fd = open_file("f", O_RDONLY);
	OK(c->linkat(fd, "", AT_FDCWD, "g", AT_EMPTY_PATH));
	SAME_FILE("f", "g");
	FAILS(ENOENT, c->linkat(fd, "", AT_FDCWD, "h", 0));
	other = open_file("d", O_RDONLY);
	FAILS(EPERM, c->linkat(other, "", AT_FDCWD, "h", AT_EMPTY_PATH));
	link = open_file("l", O_PATH | O_NOFOLLOW);
	OK(c->linkat(link, "", AT_FDCWD, "m", AT_EMPTY_PATH));
	TARGET("m", "f");
	OK(c->unlink("f"));
	OK(c->unlink("g"));
	/* A file that has lost its last name gets none again. */
	FAILS(ENOENT, c->linkat(fd, "", AT_FDCWD, "h", AT_EMPTY_PATH));
	FAILS(EBADF, c->linkat(-1, "", AT_FDCWD, "h", AT_EMPTY_PATH));
}

static void
paths_of_linkat_begin_at_descriptors(void)
{
	int d, e, f;

	make_dir("d", 0755, ROOT);
	make_dir("e", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "text");
	d = open_file("d", O_RDONLY);
	e = open_file("e", O_PATH);
	f = open_file("d/f", O_RDONLY);
	OK(c->linkat(d, "f", e, "g", 0));
	SAME_FILE("d/f", "e/g");
	FAILS(EBADF, c->linkat(-1, "f", e, "h", 0));
	FAILS(EBADF, c->linkat(d, "f", -1, "h", 0));
	FAILS(ENOTDIR, c->linkat(f, "f", e, "h", 0));
	FAILS(ENOTDIR, c->linkat(d, "f", f, "h", 0));
	FAILS(ENOENT, c->linkat(d, "", e, "h", 0));
	FAILS(ENOENT, c->linkat(d, "f", e, "", 0));
}

static void
linking_across_file_systems_is_refused(void)
{
	make_file("f", 0644, ROOT, "");
	FAILS(EXDEV, c->link("f", on_another_file_system("f")));
	LINKS("f", 1);
}

static void
linking_renews_time_stamps(void)
{
	make_dir("d", 0777, ROOT);
	make_file("f", 0644, ROOT, "text");
	make_old("d");
	RENEWS("c", "f", c->link("f", "d/g"));
	STAMPS("mc", "d");
	make_old("d");
	make_old("f");
	FAILS(EEXIST, c->link("f", "d/g"));
	STAMPS("", "d");
	STAMPS("", "f");
}

/* ---- symbolic links ---------------------------------------------------------- */

static void
a_symbolic_link_is_made(void)
{
	struct stat status;

	c->umask(077);
	as(ALICE);
	OK(c->symlink("somewhere/else", "l"));
	MODE("l", S_IFLNK | 0777);
	OWNER("l", ALICE, ALICE);
	SIZE("l", 14);
	LINKS("l", 1);
	TARGET("l", "somewhere/else");
	FAILS(ENOENT, c->stat("l", &status));
	OK(c->symlink("/", "root"));
	SAME_FILE("root/.", "/");
	OK(c->symlink("l", "m"));
	TARGET("m", "l");
	OK(c->symlink("anything // at all", "n"));
	TARGET("n", "anything // at all");
}

static void
symlink_wants_nothing_there(void)
{
	make_file("f", 0644, ROOT, "");
	make_dir("d", 0755, ROOT);
	make_link("dangling", "missing");
	FAILS(EEXIST, c->symlink("x", "f"));
	FAILS(EEXIST, c->symlink("x", "d"));
	FAILS(EEXIST, c->symlink("x", "d/"));
	FAILS(EEXIST, c->symlink("x", "dangling"));
	FAILS(EEXIST, c->symlink("x", "."));
	FAILS(ENOENT, c->symlink("x", "new/"));
	FAILS(ENOENT, c->symlink("", "new"));
	FAILS(EFAULT, c->symlink(NULL, "new"));
	ABSENT("missing");
}

static void
the_target_has_at_most_4095_bytes(void)
{
	char target[5000], read[5000];

	memset(target, 't', sizeof(target));
	target[4096] = '\0';
	FAILS(ENAMETOOLONG, c->symlink(target, "l"));
	ABSENT("l");
	/* File systems may have limits of their own above that. */
	target[1000] = '\0';
	OK(c->symlink(target, "l"));
	SIZE("l", 1000);
	IS(1000, c->readlink("l", read, sizeof(read)));
	TRUE(memcmp(read, target, 1000) == 0);
	FAILS(ENAMETOOLONG, c->open("l", O_RDONLY, 0));
	target[1000] = 't';
	target[4095] = '\0';
	if (c->symlink(target, "m") == 0)
		IS(4095, c->readlink("m", read, sizeof(read)));
	else
		TRUE(errno == ENAMETOOLONG);
	for (int length = 55; length <= 65; length++) {
		about("target of %d bytes", length);
		memset(target, 'x', (size_t)length);
		target[length] = '\0';
		OK(c->symlink(target, "n"));
		TARGET("n", target);
		SIZE("n", length);
		OK(c->unlink("n"));
	}
}

static void
readlink_gives_what_there_is_room_for(void)
{
	char text[8];
	int fd, dir;

	make_dir("d", 0755, ROOT);
	make_link("d/l", "target");
	make_file("f", 0644, ROOT, "");
	memset(text, '#', sizeof(text));
	IS(6, c->readlink("d/l", text, sizeof(text)));
	TRUE(memcmp(text, "target##", 8) == 0); /* no NUL */
	memset(text, '#', sizeof(text));
	IS(3, c->readlink("d/l", text, 3));
	TRUE(memcmp(text, "tar#####", 8) == 0);
	IS(6, c->readlink("d/l", text, 6));
	FAILS(EINVAL, c->readlink("d/l", text, 0));
	FAILS(EINVAL, c->readlink("f", text, 8));
	FAILS(EINVAL, c->readlink("d", text, 8));
	FAILS(ENOENT, c->readlink("d/l/", text, 8));
	FAILS(ENOENT, c->readlink("missing", text, 8));
	FAILS(EFAULT, c->readlink("d/l", NULL, 8));
	dir = open_file("d", O_RDONLY);
	IS(6, c->readlinkat(dir, "l", text, 8));
	FAILS(EBADF, c->readlinkat(-1, "l", text, 8));
	fd = open_file("d/l", O_PATH | O_NOFOLLOW);
	IS(6, c->readlinkat(fd, "", text, 8));
	FAILS(ENOENT, c->readlinkat(open_file("f", O_PATH), "", text, 8));
	FAILS(ENOENT, c->readlinkat(dir, "", text, 8));
	/* Whoever finds a link may read it. */
	OK(BY(CAROL, c->readlink("d/l", text, 8)));
}

const struct group link_groups[] = {
	{ "a file has two names", a_file_has_two_names },
	{ "link wants nothing there", link_wants_nothing_there },
	{ "directories have one name", directories_have_one_name },
	{ "any other type can be linked", any_other_type_can_be_linked },
	{ "link does not follow links unless asked", link_does_not_follow_links_unless_asked },
	{ "linking needs a directory that may be written",
	    linking_needs_a_directory_that_may_be_written },
	{ "an open file gets a name", an_open_file_gets_a_name },
	{ "paths of linkat begin at descriptors", paths_of_linkat_begin_at_descriptors },
	{ "linking across file systems is refused", linking_across_file_systems_is_refused },
	{ "linking renews time stamps", linking_renews_time_stamps },
	{ "a symbolic link is made", a_symbolic_link_is_made },
	{ "symlink wants nothing there", symlink_wants_nothing_there },
	{ "the target of a link has at most 4095 bytes", the_target_has_at_most_4095_bytes },
	{ "readlink gives what there is room for", readlink_gives_what_there_is_room_for },
	{ 0 },
};
