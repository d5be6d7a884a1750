/* chmod, fchmod, fchmodat2: who may, and which bits come. */
#include "tests/conformance/conformance.h"

static void
every_bit_can_be_set(void)
{
	make_file("f", 0644, ROOT, "");
	make_dir("d", 0755, ROOT);
	for (unsigned bit = 0; bit < 12; bit++) {
		about("bit %#o", 1u << bit);
		OK(c->chmod("f", 1u << bit));
		MODE("f", S_IFREG | 1u << bit);
		OK(c->chmod("d", 1u << bit));
		MODE("d", S_IFDIR | 1u << bit);
	}
	about(NULL);
	OK(c->chmod("f", 07777));
	MODE("f", S_IFREG | 07777);
	OK(c->chmod("f", 0));
	MODE("f", S_IFREG | 0);
	/* The type stays. */
	OK(c->chmod("f", S_IFDIR | 0640));
	MODE("f", S_IFREG | 0640);
}

static void
any_type_of_file_has_a_mode(void)
{
	static const mode_t types[] = { S_IFREG, S_IFIFO, S_IFSOCK, S_IFDIR };

	for (unsigned i = 0; i < 4; i++) {
		about("type %#o", types[i]);
		if (types[i] == S_IFDIR)
			OK(c->mkdir("a", 0755));
		else
			OK(c->mknod("a", types[i] | 0644, 0));
		OK(c->chmod("a", 0111));
		MODE("a", types[i] | 0111);
		OK(types[i] == S_IFDIR ? c->rmdir("a") : c->unlink("a"));
	}
}

static void
owners_and_root_change_modes(void)
{
	static const struct {
		uid_t owner, user;
		int error;
	} rows[] = {
		{ ALICE, ALICE, 0 },
		{ ALICE, ROOT, 0 },
		{ ALICE, BOB, EPERM },
		{ ALICE, CAROL, EPERM },
		{ ROOT, ALICE, EPERM },
		{ ROOT, ROOT, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd;

		about("file of %u, user %u", rows[i].owner, rows[i].user);
		as(ROOT);
		make_file("f", 0666, rows[i].owner, "");
		make_dir("d", 0777, rows[i].owner);
		/* A right to write is no right to change the mode. */
		set_owner("f", rows[i].owner, TEAM);
		fd = open_file("f", O_RDWR);
		as(rows[i].user);
		if (rows[i].error == 0) {
			OK(c->chmod("f", 0600));
			OK(c->fchmod(fd, 0610));
			OK(c->chmod("d", 0700));
			MODE("f", 0610);
			MODE("d", 0700);
		} else {
			FAILS(EPERM, c->chmod("f", 0600));
			FAILS(EPERM, c->fchmod(fd, 0600));
			FAILS(EPERM, c->chmod("d", 0700));
			FAILS(EPERM, c->chmod("f", 0666));
			MODE("f", 0666);
		}
		as(ROOT);
		OK(c->rmdir("d"));
	}
}

static void
a_file_of_a_foreign_group_gets_no_set_group_bit(void)
{
	make_file("f", 0755, ALICE, "");
	set_owner("f", ALICE, CAROL);
	make_dir("d", 0755, ALICE);
	set_owner("d", ALICE, CAROL);
	as(ALICE);
	OK(c->chmod("f", 02755));
	MODE("f", S_IFREG | 0755);
	OK(c->chmod("f", 06755));
	MODE("f", S_IFREG | 04755);
	OK(c->chmod("d", 02755));
	MODE("d", S_IFDIR | 0755);
	set_owner("f", ALICE, TEAM);
	OK(c->chmod("f", 02755));
	MODE("f", S_IFREG | 02755);
	set_owner("f", ALICE, ALICE);
	OK(c->chmod("f", 02711));
	MODE("f", S_IFREG | 02711);
	as(ROOT);
	set_owner("f", ALICE, CAROL);
	OK(c->chmod("f", 02755));
	MODE("f", S_IFREG | 02755);
}

static void
anybody_sets_the_sticky_bit_of_files(void)
{
	make_file("f", 0644, ALICE, "");
	make_dir("d", 0755, ALICE);
	as(ALICE);
	OK(c->chmod("f", 01644));
	MODE("f", S_IFREG | 01644);
	OK(c->chmod("d", 01755));
	MODE("d", S_IFDIR | 01755);
}

static void
chmod_follows_links(void)
{
	NEEDS(c->fchmodat2(AT_FDCWD, ".", 0777, 0));
	make_file("f", 0644, ALICE, "");
	make_link("l", "f");
	OK(c->chmod("l", 0600));
	MODE("f", S_IFREG | 0600);
	MODE("l", S_IFLNK | 0777);
	OK(c->fchmodat2(AT_FDCWD, "l", 0640, 0));
	MODE("f", S_IFREG | 0640);
	/* A link has no mode to change. */
	FAILS(EOPNOTSUPP, c->fchmodat2(AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW));
	MODE("l", S_IFLNK | 0777);
	OK(c->fchmodat2(AT_FDCWD, "f", 0600, AT_SYMLINK_NOFOLLOW));
	MODE("f", S_IFREG | 0600);
	FAILS(EINVAL, c->fchmodat2(AT_FDCWD, "f", 0600, 1));
	FAILS(EINVAL, c->fchmodat2(AT_FDCWD, "f", 0600, AT_SYMLINK_FOLLOW));
}

static void
fchmod_works_on_any_descriptor(void)
{
	int fd, dir, path;

	NEEDS(c->fchmodat2(AT_FDCWD, ".", 0777, 0));
	make_file("f", 0444, ALICE, "");
	make_dir("d", 0755, ALICE);
	fd = open_file("f", O_RDONLY);
	dir = open_file("d", O_RDONLY);
	path = open_file("f", O_PATH);
	as(ALICE);
	OK(c->fchmod(fd, 0400));
	MODE("f", S_IFREG | 0400);
	OK(c->fchmod(dir, 0711));
	MODE("d", S_IFDIR | 0711);
	FAILS(EBADF, c->fchmod(path, 0600));
	OK(c->fchmodat2(path, "", 0600, AT_EMPTY_PATH));
	MODE("f", S_IFREG | 0600);
	FAILS(ENOENT, c->fchmodat2(path, "", 0600, 0));
	FAILS(EBADF, c->fchmod(-1, 0600));
	FAILS(EBADF, c->fchmodat2(-1, "f", 0600, 0));
	FAILS(ENOTDIR, c->fchmodat2(fd, "f", 0600, 0));
	set_mode("d", 0755);
	as(ROOT);
	make_file("d/g", 0644, ROOT, "");
	OK(c->fchmodat2(dir, "g", 0600, 0));
	MODE("d/g", 0600);
}

static void
an_open_file_stays_usable(void)
{
	char data[4];
	int fd;

	make_file("f", 0600, ALICE, "text");
	as(ALICE);
	fd = OK(c->open("f", O_RDWR, 0));
	OK(c->chmod("f", 0));
	IS(4, c->read(fd, data, 4));
	IS(4, c->write(fd, "more", 4));
	FAILS(EACCES, c->open("f", O_RDONLY, 0));
	OK(c->fchmod(fd, 0600));
	OK(c->open("f", O_RDWR, 0));
}

static void
writing_takes_set_id_bits(void)
{
	static const struct {
		mode_t mode;
		gid_t group;
		mode_t want;
	} rows[] = {
		{ 06777, TEAM, 0777 },
		{ 04777, TEAM, 0777 },
		{ 02777, TEAM, 0777 },
		{ 02767, TEAM, 02767 }, /* not for running, and Bob is of the group */
		{ 02767, ALICE, 0767 },
		{ 01777, TEAM, 01777 },
		{ 04666, TEAM, 0666 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mode_t mode = rows[i].mode, want = S_IFREG | rows[i].want;
		int fd;

		about("mode %#o, group %u", mode, rows[i].group);
		make_file("f", 0666, ALICE, "text");
		set_owner("f", ALICE, rows[i].group);
		as(BOB);
		fd = OK(c->open("f", O_RDWR, 0));
		set_mode("f", mode);
		IS(0, c->write(fd, "", 0));
		MODE("f", S_IFREG | mode);
		IS(1, c->write(fd, "x", 1));
		MODE("f", want);
		set_mode("f", mode);
		IS(1, c->pwrite(fd, "x", 1, 2));
		MODE("f", want);
		set_mode("f", mode);
		OK(c->ftruncate(fd, 1));
		MODE("f", want);
		set_mode("f", mode);
		OK(c->truncate("f", 2));
		MODE("f", want);
		set_mode("f", mode);
		OK(c->open("f", O_WRONLY | O_TRUNC, 0));
		MODE("f", want);
	}
	about("root");
	as(ROOT);
	make_file("f", 06777, ALICE, "text");
	IS(1, c->write(open_file("f", O_RDWR), "x", 1));
	MODE("f", S_IFREG | 06777);
}

static void
chmod_renews_the_change_time(void)
{
	int fd;

	make_file("f", 0644, ALICE, "text");
	make_dir("d", 0755, ALICE);
	RENEWS("c", "f", c->chmod("f", 0600));
	RENEWS("c", "f", c->chmod("f", 0600));
	RENEWS("c", "d", c->chmod("d", 0700));
	fd = open_file("f", O_RDONLY);
	RENEWS("c", "f", c->fchmod(fd, 0644));
	make_old("f");
	FAILS(EPERM, BY(BOB, c->chmod("f", 0666)));
	STAMPS("", "f");
}

const struct group chmod_groups[] = {
	{ "every bit of the mode can be set", every_bit_can_be_set },
	{ "any type of file has a mode", any_type_of_file_has_a_mode },
	{ "owners and root change modes", owners_and_root_change_modes },
	{ "a file of a foreign group gets no set-group-ID bit",
	    a_file_of_a_foreign_group_gets_no_set_group_bit },
	{ "anybody sets the sticky bit of files", anybody_sets_the_sticky_bit_of_files },
	{ "chmod follows links", chmod_follows_links },
	{ "fchmod works on any descriptor", fchmod_works_on_any_descriptor },
	{ "an open file stays usable when its mode changes", an_open_file_stays_usable },
	{ "writing takes set-ID bits", writing_takes_set_id_bits },
	{ "chmod renews the change time", chmod_renews_the_change_time },
	{ 0 },
};
