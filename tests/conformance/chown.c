/* chown, lchown, fchown, fchownat: who may give what to whom. */
#include "tests/conformance/conformance.h"

enum {
	KEEP = -1,
};

static void
root_gives_files_to_anybody(void)
{
	int fd;

	make_file("f", 0644, ROOT, "");
	make_dir("d", 0755, ROOT);
	OK(c->chown("f", ALICE, BOB));
	OWNER("f", ALICE, BOB);
	OK(c->chown("f", (uid_t)KEEP, TEAM));
	OWNER("f", ALICE, TEAM);
	OK(c->chown("f", CAROL, (gid_t)KEEP));
	OWNER("f", CAROL, TEAM);
	OK(c->chown("f", (uid_t)KEEP, (gid_t)KEEP));
	OWNER("f", CAROL, TEAM);
	OK(c->chown("d", ALICE, TEAM));
	OWNER("d", ALICE, TEAM);
	fd = open_file("f", O_RDONLY);
	OK(c->fchown(fd, BOB, BOB));
	OWNER("f", BOB, BOB);
	OK(c->fchown(fd, ROOT, ROOT));
	OWNER("f", ROOT, ROOT);
	OK(c->chown("f", 0x7ffffffe, 0x7ffffffe));
	OWNER("f", 0x7ffffffe, 0x7ffffffe);
}

static void
others_give_files_only_to_groups_of_theirs(void)
{
	static const struct {
		uid_t owner, user;
		int uid, gid;
		int error;
	} rows[] = {
		{ ALICE, ALICE, KEEP, TEAM, 0 },
		{ ALICE, ALICE, ALICE, TEAM, 0 },
		{ ALICE, ALICE, KEEP, ALICE, 0 },
		{ ALICE, ALICE, ALICE, ALICE, 0 },
		{ ALICE, ALICE, ALICE, KEEP, 0 },
		{ ALICE, ALICE, KEEP, KEEP, 0 },
		{ ALICE, ALICE, BOB, KEEP, EPERM },
		{ ALICE, ALICE, BOB, TEAM, EPERM },
		{ ALICE, ALICE, ROOT, KEEP, EPERM },
		{ ALICE, ALICE, KEEP, BOB, EPERM },
		{ ALICE, ALICE, KEEP, ROOT, EPERM },
		{ ALICE, ALICE, ALICE, CAROL, EPERM },
		{ ALICE, BOB, BOB, KEEP, EPERM },
		{ ALICE, BOB, KEEP, TEAM, EPERM },
		{ ALICE, BOB, KEEP, BOB, EPERM },
		{ ALICE, BOB, ALICE, ALICE, EPERM }, /* which would change nothing */
		{ ROOT, ALICE, ALICE, ALICE, EPERM },
		{ ROOT, CAROL, KEEP, CAROL, EPERM },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uid_t owner = rows[i].owner, uid = (uid_t)rows[i].uid;
		gid_t gid = (gid_t)rows[i].gid;
		int fd;

		about("file of %u, chown to %d:%d by %u", owner, rows[i].uid, rows[i].gid,
		    rows[i].user);
		as(ROOT);
		make_file("f", 0666, owner, "");
		fd = open_file("f", O_RDWR);
		as(rows[i].user);
		if (rows[i].error == 0) {
			OK(c->chown("f", uid, gid));
			OK(c->lchown("f", uid, gid));
			OK(c->fchown(fd, uid, gid));
			OK(c->fchownat(AT_FDCWD, "f", uid, gid, 0));
			OWNER("f", owner, rows[i].gid == KEEP ? owner : gid);
		} else {
			FAILS(EPERM, c->chown("f", uid, gid));
			FAILS(EPERM, c->lchown("f", uid, gid));
			FAILS(EPERM, c->fchown(fd, uid, gid));
			FAILS(EPERM, c->fchownat(AT_FDCWD, "f", uid, gid, 0));
			OWNER("f", owner, owner);
		}
	}
}

static void
a_new_owner_gets_no_program_of_the_old_one(void)
{
	static const struct {
		mode_t mode, want;
	} rows[] = {
		{ 06755, 0755 },
		{ 04755, 0755 },
		{ 02755, 0755 },
		{ 02745, 02745 }, /* nobody runs it as its group */
		{ 06644, 02644 },
		{ 01755, 01755 },
		{ 0777, 0777 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		about("mode %#o, by root", rows[i].mode);
		make_file("f", 0644, ALICE, "");
		set_owner("f", ALICE, TEAM);
		set_mode("f", rows[i].mode);
		OK(c->chown("f", BOB, BOB));
		MODE("f", S_IFREG | rows[i].want);
		about("mode %#o, by its owner", rows[i].mode);
		set_owner("f", ALICE, TEAM);
		set_mode("f", rows[i].mode);
		OK(BY(ALICE, c->chown("f", ALICE, ALICE)));
		MODE("f", S_IFREG | rows[i].want);
		/* Even if nothing changes, or nothing is to change. */
		set_mode("f", rows[i].mode);
		OK(BY(ALICE, c->chown("f", ALICE, ALICE)));
		MODE("f", S_IFREG | rows[i].want);
		set_mode("f", rows[i].mode);
		OK(BY(ALICE, c->chown("f", (uid_t)KEEP, (gid_t)KEEP)));
		MODE("f", S_IFREG | rows[i].want);
		set_mode("f", rows[i].mode);
		if ((rows[i].mode & 06000) != 0)
			FAILS(EPERM, BY(BOB, c->chown("f", (uid_t)KEEP, (gid_t)KEEP)));
		else
			OK(BY(BOB, c->chown("f", (uid_t)KEEP, (gid_t)KEEP)));
		MODE("f", S_IFREG | rows[i].mode);
	}
}

static void
directories_keep_their_bits(void)
{
	make_dir("d", 07777, ALICE);
	OK(c->chown("d", BOB, TEAM));
	MODE("d", S_IFDIR | 07777);
	as(BOB);
	OK(c->chown("d", BOB, BOB));
	MODE("d", S_IFDIR | 07777);
}

static void
lchown_means_the_link(void)
{
	int fd;

	make_file("f", 0644, ALICE, "");
	make_link("l", "f");
	make_link("dangling", "missing");
	OK(c->lchown("l", BOB, BOB));
	OWNER("l", BOB, BOB);
	OWNER("f", ALICE, ALICE);
	OK(c->chown("l", CAROL, CAROL));
	OWNER("l", BOB, BOB);
	OWNER("f", CAROL, CAROL);
	OK(c->fchownat(AT_FDCWD, "l", ALICE, TEAM, AT_SYMLINK_NOFOLLOW));
	OWNER("l", ALICE, TEAM);
	OK(c->fchownat(AT_FDCWD, "l", BOB, BOB, 0));
	OWNER("f", BOB, BOB);
	OK(c->lchown("dangling", ALICE, ALICE));
	OWNER("dangling", ALICE, ALICE);
	FAILS(ENOENT, c->chown("dangling", ALICE, ALICE));
	FAILS(EPERM, BY(BOB, c->lchown("l", BOB, BOB)));
	OK(BY(ALICE, c->lchown("l", ALICE, ALICE)));
	fd = open_file("l", O_PATH | O_NOFOLLOW);
	OK(c->fchownat(fd, "", BOB, TEAM, AT_EMPTY_PATH));
	OWNER("l", BOB, TEAM);
	FAILS(ENOENT, c->fchownat(fd, "", BOB, TEAM, 0));
	FAILS(EINVAL, c->fchownat(AT_FDCWD, "f", BOB, TEAM, 1));
	FAILS(EBADF, c->fchown(fd, BOB, TEAM));
	FAILS(EBADF, c->fchown(-1, BOB, TEAM));
	FAILS(EBADF, c->fchownat(-1, "f", BOB, TEAM, 0));
}

static void
chown_renews_the_change_time(void)
{
	int fd;

	make_file("f", 0644, ALICE, "text");
	make_dir("d", 0755, ALICE);
	make_link("l", "f");
	RENEWS("c", "f", c->chown("f", BOB, BOB));
	RENEWS("c", "f", c->chown("f", BOB, BOB));
	RENEWS("c", "d", c->chown("d", BOB, BOB));
	fd = open_file("f", O_RDONLY);
	RENEWS("c", "f", c->fchown(fd, ALICE, ALICE));
	RENEWS("c", "l", c->lchown("l", ALICE, ALICE));
	make_old("f");
	FAILS(EPERM, BY(BOB, c->chown("f", BOB, BOB)));
	STAMPS("", "f");
}

const struct group chown_groups[] = {
	{ "root gives files to anybody", root_gives_files_to_anybody },
	{ "others give files only to groups of theirs",
	    others_give_files_only_to_groups_of_theirs },
	{ "a new owner gets no program of the old one",
	    a_new_owner_gets_no_program_of_the_old_one },
	{ "directories keep their bits when their owner changes", directories_keep_their_bits },
	{ "lchown means the link", lchown_means_the_link },
	{ "chown renews the change time", chown_renews_the_change_time },
	{ 0 },
};
