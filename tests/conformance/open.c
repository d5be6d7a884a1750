/* open, openat, creat: what may be opened by whom, and what each flag does. */
#include "tests/conformance/conformance.h"

static void
the_class_of_the_user_decides_what_may_be_opened(void)
{
	static const struct {
		uid_t user;
		unsigned shift; /* of the user's bits in the mode */
	} users[] = { { ALICE, 6 }, { BOB, 3 }, { CAROL, 0 } };

	make_file("f", 0666, ALICE, "text");
	set_owner("f", ALICE, TEAM);
	for (unsigned i = 0; i < 3; i++) {
		for (mode_t bits = 0; bits < 8; bits++) {
			/* Everybody else may do what the user may not. */
			mode_t mode = (0777 & ~(7u << users[i].shift)) | bits << users[i].shift;
			bool reads = (bits & 4) != 0, writes = (bits & 2) != 0;

			about("mode %#o, user %u", mode, users[i].user);
			set_mode("f", mode);
			as(users[i].user);
			TRUE((c->open("f", O_RDONLY, 0) >= 0) == reads);
			TRUE((c->open("f", O_WRONLY, 0) >= 0) == writes);
			TRUE((c->open("f", O_RDWR, 0) >= 0) == (reads && writes));
			TRUE((c->open("f", O_RDWR | O_CREAT, 0) >= 0) == (reads && writes));
			OK(c->open("f", O_PATH, 0));
			if (!reads || !writes)
				FAILS(EACCES, c->open("f", O_RDWR, 0));
		}
	}
}

static void
root_opens_whatever_the_mode_is(void)
{
	make_file("f", 0, ALICE, "text");
	make_dir("d", 0, ALICE);
	OK(c->open("f", O_RDONLY, 0));
	OK(c->open("f", O_WRONLY, 0));
	OK(c->open("f", O_RDWR, 0));
	OK(c->open("f", O_RDWR | O_TRUNC, 0));
	OK(c->open("d", O_RDONLY | O_DIRECTORY, 0));
	OK(c->open("d/new", O_RDWR | O_CREAT, 0600));
}

static void
truncating_needs_permission_to_write(void)
{
	make_file("f", 0444, ALICE, "text");
	set_owner("f", BOB, BOB);
	as(ALICE);
	FAILS(EACCES, c->open("f", O_RDONLY | O_TRUNC, 0));
	FAILS(EACCES, c->open("f", O_RDWR | O_TRUNC, 0));
	DATA("f", "text");
	set_mode("f", 0446);
	OK(c->open("f", O_RDONLY | O_TRUNC, 0));
	SIZE("f", 0);
}

static void
what_open_creates_is_the_callers(void)
{
	make_dir("d", 0777, ROOT);
	OK(c->open("d/root", O_WRONLY | O_CREAT, 0640));
	MODE("d/root", S_IFREG | 0640);
	OWNER("d/root", ROOT, ROOT);
	as(ALICE);
	OK(c->open("d/alice", O_WRONLY | O_CREAT, 0600));
	MODE("d/alice", S_IFREG | 0600);
	OWNER("d/alice", ALICE, ALICE);
	SIZE("d/alice", 0);
	LINKS("d/alice", 1);
	as_member(BOB, TEAM, BOB);
	OK(c->creat("d/bob", 0644));
	OWNER("d/bob", BOB, TEAM);
}

static void
the_umask_takes_bits_from_what_is_created(void)
{
	static const struct {
		mode_t umask, mode, want;
	} rows[] = {
		{ 0022, 0666, 0644 },
		{ 0077, 0777, 0700 },
		{ 0000, 0777, 0777 },
		{ 0777, 0777, 0000 },
		{ 0022, 04777, 04755 },
		{ 0000, 01777, 01777 },
		{ 0007, 06770, 06770 },
		{ 0000, 0000, 0000 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		about("umask %#o, mode %#o", rows[i].umask, rows[i].mode);
		c->umask(rows[i].umask);
		OK(c->open("f", O_RDONLY | O_CREAT, rows[i].mode));
		MODE("f", S_IFREG | rows[i].want);
		OK(c->unlink("f"));
		OK(c->creat("f", rows[i].mode));
		MODE("f", S_IFREG | rows[i].want);
		OK(c->unlink("f"));
	}
}

static void
the_umask_is_told_when_it_is_changed(void)
{
	IS(0, c->umask(0027));
	IS(0027, c->umask(07777));
	IS(0777, c->umask(0));
}

static void
whoever_creates_may_use_it_as_asked_for(void)
{
	int fd;

	as(ALICE);
	fd = OK(c->open("f", O_RDWR | O_CREAT, 0));
	IS(4, c->write(fd, "text", 4));
	IS(0, c->lseek(fd, 0, SEEK_SET));
	FAILS(EACCES, c->open("f", O_RDWR | O_CREAT, 0));
	FAILS(EACCES, c->open("f", O_RDONLY, 0));
	fd = OK(c->open("g", O_WRONLY | O_CREAT, 0400));
	IS(4, c->write(fd, "text", 4));
	DATA("g", "text");
}

static void
creating_needs_a_directory_that_may_be_written(void)
{
	make_dir("d", 0755, ROOT);
	make_file("d/old", 0666, ROOT, "text");
	as(ALICE);
	FAILS(EACCES, c->open("d/new", O_RDWR | O_CREAT, 0644));
	FAILS(EACCES, c->creat("d/new", 0644));
	ABSENT("d/new");
	OK(c->open("d/old", O_RDWR | O_CREAT, 0644));
	FAILS(EEXIST, c->open("d/old", O_RDWR | O_CREAT | O_EXCL, 0644));
	set_mode("d", 0772);
	FAILS(EACCES, c->open("d/new", O_RDWR | O_CREAT, 0644));
	set_mode("d", 0773);
	OK(c->open("d/new", O_RDWR | O_CREAT, 0644));
}

static void
exclusive_creation_wants_nothing_there(void)
{
	make_file("f", 0644, ROOT, "text");
	make_dir("d", 0755, ROOT);
	make_link("to-f", "f");
	make_link("dangling", "missing");
	make_link("loop", "loop");
	FAILS(EEXIST, c->open("f", O_RDWR | O_CREAT | O_EXCL, 0644));
	FAILS(EEXIST, c->open("d", O_RDWR | O_CREAT | O_EXCL, 0644));
	FAILS(EEXIST, c->open("d", O_RDONLY | O_CREAT | O_EXCL, 0644));
	FAILS(EEXIST, c->open("to-f", O_RDWR | O_CREAT | O_EXCL, 0644));
	FAILS(EEXIST, c->open("dangling", O_RDWR | O_CREAT | O_EXCL, 0644));
	FAILS(EEXIST, c->open("loop", O_RDWR | O_CREAT | O_EXCL, 0644));
	FAILS(EEXIST, c->open("f", O_RDWR | O_CREAT | O_EXCL | O_TRUNC, 0644));
	FAILS(EEXIST, c->open(".", O_RDWR | O_CREAT | O_EXCL, 0644));
	FAILS(EEXIST, c->open("/", O_RDWR | O_CREAT | O_EXCL, 0644));
	DATA("f", "text");
	ABSENT("missing");
	OK(c->open("new", O_RDWR | O_CREAT | O_EXCL, 0644));
	MODE("new", S_IFREG | 0644);
	/* Without O_CREAT it has no meaning for files. */
	OK(c->open("f", O_RDWR | O_EXCL, 0));
}

static void
creation_follows_a_link_to_nothing(void)
{
	make_dir("d", 0755, ROOT);
	make_link("dangling", "d/new");
	make_link("nowhere", "missing/new");
	make_link("slash", "d/newer/");
	OK(c->open("dangling", O_RDWR | O_CREAT, 0644));
	MODE("d/new", S_IFREG | 0644);
	TARGET("dangling", "d/new");
	FAILS(ENOENT, c->open("nowhere", O_RDWR | O_CREAT, 0644));
	FAILS(EISDIR, c->open("slash", O_RDWR | O_CREAT, 0644));
	ABSENT("d/newer");
	FAILS(ELOOP, c->open("dangling", O_RDWR | O_CREAT | O_NOFOLLOW, 0644));
}

static void
no_directory_is_created_by_open(void)
{
	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	FAILS(EISDIR, c->open("new/", O_RDWR | O_CREAT, 0644));
	FAILS(EISDIR, c->open("d", O_RDWR | O_CREAT, 0644));
	FAILS(EISDIR, c->open("d", O_RDONLY | O_CREAT, 0644));
	FAILS(EISDIR, c->open("d/", O_RDONLY | O_CREAT, 0644));
	FAILS(EISDIR, c->open("f/", O_RDONLY | O_CREAT, 0644));
	FAILS(EISDIR, c->open(".", O_RDONLY | O_CREAT, 0644));
	FAILS(EISDIR, c->open("d/..", O_RDONLY | O_CREAT, 0644));
	FAILS(EISDIR, c->creat("d", 0644));
	ABSENT("new");
}

static void
o_directory_creates_nothing(void)
{
	need_linux(6, 4);
	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	FAILS(EINVAL, c->open("new", O_RDONLY | O_CREAT | O_DIRECTORY, 0755));
	FAILS(EINVAL, c->open("d", O_RDONLY | O_CREAT | O_DIRECTORY, 0755));
	FAILS(EINVAL, c->open("f", O_RDWR | O_CREAT | O_DIRECTORY, 0755));
	ABSENT("new");
}

static void
directories_are_opened_for_reading_only(void)
{
	make_dir("d", 0777, ROOT);
	make_link("to-d", "d");
	OK(c->open("d", O_RDONLY, 0));
	OK(c->open("d/", O_RDONLY, 0));
	OK(c->open("to-d", O_RDONLY, 0));
	FAILS(EISDIR, c->open("d", O_WRONLY, 0));
	FAILS(EISDIR, c->open("d", O_RDWR, 0));
	FAILS(EISDIR, c->open("d", O_RDONLY | O_TRUNC, 0));
	FAILS(EISDIR, c->open("to-d", O_RDWR, 0));
	FAILS(EISDIR, c->open("d", O_RDWR | O_DIRECTORY, 0));
	as(ALICE);
	FAILS(EISDIR, c->open("d", O_RDWR, 0));
	set_mode("d", 0333);
	FAILS(EACCES, c->open("d", O_RDONLY, 0));
	OK(c->open("d", O_PATH, 0));
	FAILS(EISDIR, c->open("d", O_WRONLY, 0));
}

static void
o_directory_wants_one(void)
{
	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	make_link("to-d", "d");
	make_link("to-f", "f");
	OK(c->mknod("fifo", S_IFIFO | 0644, 0));
	OK(c->open("d", O_RDONLY | O_DIRECTORY, 0));
	OK(c->open("to-d", O_RDONLY | O_DIRECTORY, 0));
	OK(c->open("d", O_PATH | O_DIRECTORY, 0));
	FAILS(ENOTDIR, c->open("f", O_RDONLY | O_DIRECTORY, 0));
	FAILS(ENOTDIR, c->open("to-f", O_RDONLY | O_DIRECTORY, 0));
	FAILS(ENOTDIR, c->open("f", O_PATH | O_DIRECTORY, 0));
	FAILS(ENOTDIR, c->open("fifo", O_RDONLY | O_DIRECTORY, 0));
	FAILS(ENOTDIR, c->open("to-d", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0));
	FAILS(ENOENT, c->open("missing", O_RDONLY | O_DIRECTORY, 0));
}

static void
o_nofollow_wants_no_link_at_the_end(void)
{
	struct stat status;
	int fd;

	make_dir("d", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "");
	make_link("to-d", "d");
	make_link("to-f", "d/f");
	make_link("dangling", "missing");
	FAILS(ELOOP, c->open("to-f", O_RDONLY | O_NOFOLLOW, 0));
	FAILS(ELOOP, c->open("to-d", O_RDONLY | O_NOFOLLOW, 0));
	FAILS(ELOOP, c->open("dangling", O_RDONLY | O_NOFOLLOW, 0));
	FAILS(ELOOP, c->open("to-f", O_RDWR | O_NOFOLLOW | O_TRUNC, 0));
	OK(c->open("d/f", O_RDONLY | O_NOFOLLOW, 0));
	OK(c->open("to-d/f", O_RDONLY | O_NOFOLLOW, 0));
	OK(c->open("to-d/", O_RDONLY | O_NOFOLLOW, 0));
	fd = OK(c->open("to-f", O_PATH | O_NOFOLLOW, 0));
	OK(c->fstat(fd, &status));
	TRUE(S_ISLNK(status.st_mode));
}

static void
o_trunc_empties_the_file(void)
{
	int fd;

	make_file("f", 0666, ROOT, "text");
	OK(c->open("f", O_RDWR, 0));
	DATA("f", "text");
	OK(c->open("f", O_RDWR | O_TRUNC, 0));
	SIZE("f", 0);
	make_file("f", 0666, ROOT, "text");
	OK(c->creat("f", 0600));
	SIZE("f", 0);
	MODE("f", 0666);
	make_file("f", 0666, ROOT, "text");
	fd = OK(c->open("f", O_RDONLY | O_TRUNC, 0));
	SIZE("f", 0);
	FAILS(EBADF, c->write(fd, "x", 1));
	make_file("f", 0666, ROOT, "text");
	OK(c->open("f", O_PATH | O_TRUNC, 0));
	DATA("f", "text");
}

static void
o_append_writes_at_the_end(void)
{
	int fd, other;

	make_file("f", 0666, ROOT, "text");
	fd = OK(c->open("f", O_RDWR | O_APPEND, 0));
	IS(0, c->lseek(fd, 0, SEEK_CUR));
	IS(2, c->write(fd, "12", 2));
	IS(6, c->lseek(fd, 0, SEEK_CUR));
	DATA("f", "text12");
	IS(0, c->lseek(fd, 0, SEEK_SET));
	IS(1, c->write(fd, "3", 1));
	DATA("f", "text123");
	other = OK(c->open("f", O_WRONLY | O_APPEND, 0));
	IS(1, c->write(other, "4", 1));
	IS(1, c->write(fd, "5", 1));
	DATA("f", "text12345");
	IS(9, c->lseek(fd, 0, SEEK_CUR));
	/* Linux appends here too, whatever the offset says. */
	IS(1, c->pwrite(fd, "6", 1, 0));
	DATA("f", "text123456");
	OK(c->ftruncate(fd, 0));
	IS(1, c->write(fd, "x", 1));
	DATA("f", "x");
}

static void
a_path_descriptor_does_nothing_but_name(void)
{
	struct statfs space;
	struct stat status;
	char data[4];
	int fd;

	make_file("f", 0, ALICE, "text");
	as(ALICE);
	fd = OK(c->open("f", O_PATH, 0));
	FAILS(EBADF, c->read(fd, data, 4));
	FAILS(EBADF, c->pread(fd, data, 4, 0));
	FAILS(EBADF, c->write(fd, data, 4));
	FAILS(EBADF, c->lseek(fd, 0, SEEK_SET));
	FAILS(EBADF, c->ftruncate(fd, 0));
	FAILS(EBADF, c->fsync(fd));
	FAILS(EBADF, c->fchmod(fd, 0644));
	FAILS(EBADF, c->fchown(fd, ALICE, ALICE));
	FAILS(EBADF, c->futimens(fd, NULL));
	FAILS(EBADF, c->getdents64(fd, data, 4));
	FAILS(ENOTDIR, c->fchdir(fd));
	OK(c->fstat(fd, &status));
	OK(c->fstatfs(fd, &space));
	IS(O_PATH, c->fcntl(fd, F_GETFL, 0) & O_PATH);
	OK(c->fchownat(fd, "", ALICE, ALICE, AT_EMPTY_PATH));
	OK(c->fstatat(fd, "", &status, AT_EMPTY_PATH));
	OK(c->dup(fd));
	OK(c->close(fd));
	as(ROOT);
	make_dir("d", 0755, ROOT);
	fd = OK(c->open("d", O_PATH, 0));
	OK(c->openat(fd, "new", O_RDWR | O_CREAT, 0644));
	OK(c->mkdirat(fd, "sub", 0755));
	FAILS(EBADF, c->getdents64(fd, data, 4));
	OK(c->fchdir(fd));
	OK(c->lstat("new", &status));
	/* Flags that do not go with it have no meaning. */
	FAILS(ENOENT, c->open("none", O_PATH | O_CREAT, 0644));
	ABSENT("none");
}

static void
paths_begin_at_the_descriptor(void)
{
	int dir, file;

	make_dir("d", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "inner");
	make_file("f", 0644, ROOT, "outer");
	dir = open_file("d", O_RDONLY);
	file = open_file("f", O_RDONLY);
	OK(c->openat(dir, "f", O_RDONLY, 0));
	OK(c->openat(dir, "new", O_RDWR | O_CREAT, 0644));
	MODE("d/new", S_IFREG | 0644);
	OK(c->openat(dir, "../f", O_RDONLY, 0));
	OK(c->openat(dir, ".", O_RDONLY, 0));
	OK(c->openat(file, "/", O_RDONLY, 0));
	OK(c->openat(-1, "/", O_RDONLY, 0));
	FAILS(ENOTDIR, c->openat(file, "f", O_RDONLY, 0));
	FAILS(EBADF, c->openat(-1, "f", O_RDONLY, 0));
	FAILS(EBADF, c->openat(9999, "f", O_RDONLY, 0));
	FAILS(ENOENT, c->openat(dir, "", O_RDONLY, 0));
	OK(c->close(dir));
	FAILS(EBADF, c->openat(dir, "f", O_RDONLY, 0));
}

static void
only_the_owner_reads_without_a_trace(void)
{
	make_file("f", 0666, ALICE, "text");
	as(ALICE);
	OK(c->open("f", O_RDONLY | O_NOATIME, 0));
	FAILS(EPERM, BY(BOB, c->open("f", O_RDONLY | O_NOATIME, 0)));
	FAILS(EPERM, BY(CAROL, c->open("f", O_RDWR | O_NOATIME, 0)));
	OK(BY(ROOT, c->open("f", O_RDONLY | O_NOATIME, 0)));
}

static void
the_lowest_free_descriptor_is_given(void)
{
	int first, second, third;

	make_file("f", 0644, ROOT, "");
	first = OK(c->open("f", O_RDONLY, 0));
	second = OK(c->open("f", O_RDONLY, 0));
	third = OK(c->open("f", O_RDONLY, 0));
	TRUE(first < second && second < third);
	OK(c->close(second));
	OK(c->close(first));
	IS(first, c->open("f", O_RDONLY, 0));
	IS(second, c->dup(third));
}

static void
sockets_cannot_be_opened(void)
{
	OK(c->mknod("s", S_IFSOCK | 0666, 0));
	FAILS(ENXIO, c->open("s", O_RDONLY, 0));
	FAILS(ENXIO, c->open("s", O_RDWR, 0));
	OK(c->open("s", O_PATH, 0));
}

static void
opening_renews_time_stamps_as_it_changes_things(void)
{
	make_dir("d", 0777, ROOT);
	make_file("d/f", 0666, ROOT, "text");
	RENEWS("mc", "d", c->open("d/new", O_RDWR | O_CREAT, 0644));
	RENEWS("", "d", c->open("d/new", O_RDWR | O_CREAT, 0644));
	RENEWS("", "d/f", c->open("d/f", O_RDWR, 0));
	RENEWS("mc", "d/f", c->open("d/f", O_RDWR | O_TRUNC, 0));
	RENEWS("", "d", c->open("d/f", O_RDWR | O_TRUNC, 0));
	make_old("d");
	OK(c->creat("d/newer", 0644));
	STAMPS("amc", "d/newer");
	STAMPS("mc", "d");
}

const struct group open_groups[] = {
	{ "the class of the user decides what may be opened",
	    the_class_of_the_user_decides_what_may_be_opened },
	{ "root opens files whatever the mode is", root_opens_whatever_the_mode_is },
	{ "truncating needs permission to write", truncating_needs_permission_to_write },
	{ "what open creates is the caller's", what_open_creates_is_the_callers },
	{ "the umask takes bits from what is created", the_umask_takes_bits_from_what_is_created },
	{ "the umask is told when it is changed", the_umask_is_told_when_it_is_changed },
	{ "whoever creates a file may use it as asked for",
	    whoever_creates_may_use_it_as_asked_for },
	{ "creating needs a directory that may be written",
	    creating_needs_a_directory_that_may_be_written },
	{ "exclusive creation wants nothing there", exclusive_creation_wants_nothing_there },
	{ "creation follows a link to nothing", creation_follows_a_link_to_nothing },
	{ "no directory is created by open", no_directory_is_created_by_open },
	{ "O_DIRECTORY creates nothing", o_directory_creates_nothing },
	{ "directories are opened for reading only", directories_are_opened_for_reading_only },
	{ "O_DIRECTORY wants a directory", o_directory_wants_one },
	{ "O_NOFOLLOW wants no link at the end", o_nofollow_wants_no_link_at_the_end },
	{ "O_TRUNC empties the file", o_trunc_empties_the_file },
	{ "O_APPEND writes at the end", o_append_writes_at_the_end },
	{ "a path descriptor does nothing but name", a_path_descriptor_does_nothing_but_name },
	{ "paths begin at the descriptor", paths_begin_at_the_descriptor },
	{ "only the owner reads without a trace", only_the_owner_reads_without_a_trace },
	{ "the lowest free descriptor is given", the_lowest_free_descriptor_is_given },
	{ "sockets cannot be opened", sockets_cannot_be_opened },
	{ "opening renews time stamps as it changes things",
	    opening_renews_time_stamps_as_it_changes_things },
	{ 0 },
};
