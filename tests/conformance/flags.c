/* ioctl on files: flags that forbid changes to everybody, and what can be read. */
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "tests/conformance/conformance.h"

static int
set_flags(int fd, int flags)
{
	return c->ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* Flags of fd that the checks are about. */
static int
flags_of(int fd)
{
	int flags = 0;

	if (c->ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -1;
	return flags & (FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL);
}

/* Some kernels and file systems have no such flags, or root may not set them. */
static void
need_flags(int fd)
{
	if (set_flags(fd, FS_IMMUTABLE_FL) < 0)
		skip("files cannot be made immutable");
	OK(set_flags(fd, 0));
}

static void
nobody_changes_an_immutable_file(void)
{
	int fd, writing;

	make_file("f", 0666, ALICE, "text");
	fd = open_file("f", O_RDONLY);
	need_flags(fd);
	writing = open_file("f", O_RDWR);
	OK(set_flags(fd, FS_IMMUTABLE_FL));
	IS(FS_IMMUTABLE_FL, flags_of(fd));
	for (uid_t user = ROOT; user <= ALICE; user += ALICE) {
		about("user %u", user);
		as(user);
		FAILS(EPERM, c->open("f", O_WRONLY, 0));
		FAILS(EPERM, c->open("f", O_RDWR | O_APPEND, 0));
		FAILS(EPERM, c->open("f", O_RDONLY | O_TRUNC, 0));
		FAILS(EPERM, c->truncate("f", 0));
		FAILS(EPERM, c->chmod("f", 0600));
		FAILS(EPERM, c->chown("f", ALICE, ALICE));
		FAILS(EPERM, c->utimensat(AT_FDCWD, "f", NULL, 0));
		FAILS(EPERM, c->link("f", "g"));
		FAILS(EPERM, c->rename("f", "g"));
		FAILS(EPERM, c->unlink("f"));
		FAILS(EPERM, c->access("f", W_OK));
		OK(c->access("f", R_OK));
		OK(c->open("f", O_RDONLY, 0));
		OK(c->open("f", O_PATH, 0));
	}
	as(ROOT);
	DATA("f", "text");
	OK(set_flags(fd, 0));
	IS(4, c->pwrite(writing, "more", 4, 0));
	OK(c->unlink("f"));
}

static void
an_append_only_file_grows_and_does_nothing_else(void)
{
	int fd;

	make_file("f", 0666, ROOT, "text");
	fd = open_file("f", O_RDONLY);
	need_flags(fd);
	OK(set_flags(fd, FS_APPEND_FL));
	IS(FS_APPEND_FL, flags_of(fd));
	FAILS(EPERM, c->open("f", O_WRONLY, 0));
	FAILS(EPERM, c->open("f", O_RDWR, 0));
	FAILS(EPERM, c->open("f", O_WRONLY | O_APPEND | O_TRUNC, 0));
	FAILS(EPERM, c->truncate("f", 0));
	FAILS(EPERM, c->truncate("f", 100));
	FAILS(EPERM, c->unlink("f"));
	FAILS(EPERM, c->rename("f", "g"));
	FAILS(EPERM, c->link("f", "g"));
	FAILS(EPERM, c->chmod("f", 0600));
	IS(4, c->write(OK(c->open("f", O_WRONLY | O_APPEND, 0)), "more", 4));
	DATA("f", "textmore");
	OK(c->utimensat(AT_FDCWD, "f", NULL, 0));
	OK(set_flags(fd, 0));
	OK(c->unlink("f"));
}

static void
an_immutable_directory_keeps_its_names(void)
{
	int fd;

	make_dir("d", 0777, ROOT);
	make_file("d/f", 0666, ROOT, "text");
	fd = open_file("d", O_RDONLY);
	need_flags(fd);
	OK(set_flags(fd, FS_IMMUTABLE_FL));
	FAILS(EPERM, c->unlink("d/f"));
	FAILS(EPERM, c->rename("d/f", "g"));
	FAILS(EPERM, c->chmod("d", 0700));
	FAILS(EPERM, c->rename("d", "e"));
	FAILS(EPERM, c->rmdir("d"));
	TRUE(c->mkdir("d/e", 0755) == -1 && (errno == EPERM || errno == EACCES));
	TRUE(c->creat("d/g", 0644) == -1 && (errno == EPERM || errno == EACCES));
	/* What is in it can be changed. */
	OK(c->truncate("d/f", 1));
	OK(c->chmod("d/f", 0600));
	OK(set_flags(fd, FS_APPEND_FL));
	FAILS(EPERM, c->unlink("d/f"));
	FAILS(EPERM, c->rename("d/f", "d/g"));
	OK(c->mkdir("d/e", 0755));
	OK(set_flags(fd, 0));
	OK(c->rmdir("d/e"));
	OK(c->unlink("d/f"));
	OK(c->rmdir("d"));
}

static void
only_root_sets_flags_that_bind_root(void)
{
	int fd;

	make_file("f", 0666, ALICE, "text");
	fd = open_file("f", O_RDONLY);
	need_flags(fd);
	as(ALICE);
	FAILS(EPERM, set_flags(fd, FS_IMMUTABLE_FL));
	FAILS(EPERM, set_flags(fd, FS_APPEND_FL));
	OK(set_flags(fd, FS_NODUMP_FL));
	IS(FS_NODUMP_FL, flags_of(fd));
	as(BOB);
	FAILS(EPERM, set_flags(fd, 0));
	IS(FS_NODUMP_FL, flags_of(fd));
	as(ROOT);
	RENEWS("c", "f", set_flags(fd, 0));
	FAILS(EFAULT, c->ioctl(fd, FS_IOC_GETFLAGS, NULL));
	FAILS(EBADF, c->ioctl(open_file("f", O_PATH), FS_IOC_GETFLAGS, &fd));
	FAILS(EBADF, c->ioctl(-1, FS_IOC_GETFLAGS, &fd));
}

static void
ioctl_tells_what_can_be_read(void)
{
	int fd, count = -1, on = 1, off = 0, fds[2];
	char byte;

	make_file("f", 0644, ROOT, "0123456789");
	fd = open_file("f", O_RDONLY);
	NEEDS(c->ioctl(fd, FIONREAD, &count));
	IS(10, count);
	IS(4, c->lseek(fd, 4, SEEK_SET));
	OK(c->ioctl(fd, FIONREAD, &count));
	IS(6, count);
	FAILS(ENOTTY, c->ioctl(open_file(".", O_RDONLY), FIONREAD, &count));
	FAILS(ENOTTY, c->ioctl(fd, TIOCGWINSZ, &count));
	FAILS(EFAULT, c->ioctl(fd, FIONREAD, NULL));
	OK(c->pipe2(fds, 0));
	OK(c->ioctl(fds[0], FIONREAD, &count));
	IS(0, count);
	IS(3, c->write(fds[1], "abc", 3));
	OK(c->ioctl(fds[0], FIONREAD, &count));
	IS(3, count);
	IS(1, c->read(fds[0], &byte, 1));
	OK(c->ioctl(fds[0], FIONBIO, &on));
	IS(O_NONBLOCK, c->fcntl(fds[0], F_GETFL, 0) & O_NONBLOCK);
	OK(c->ioctl(fds[0], FIONBIO, &off));
	IS(0, c->fcntl(fds[0], F_GETFL, 0) & O_NONBLOCK);
	OK(c->ioctl(fds[0], FIOCLEX, NULL));
	IS(FD_CLOEXEC, c->fcntl(fds[0], F_GETFD, 0));
	OK(c->ioctl(fds[0], FIONCLEX, NULL));
	IS(0, c->fcntl(fds[0], F_GETFD, 0));
}

const struct group flag_groups[] = {
	{ "nobody changes an immutable file", nobody_changes_an_immutable_file },
	{ "an append-only file grows and does nothing else",
	    an_append_only_file_grows_and_does_nothing_else },
	{ "an immutable directory keeps its names", an_immutable_directory_keeps_its_names },
	{ "only root sets flags that bind root", only_root_sets_flags_that_bind_root },
	{ "ioctl tells what can be read", ioctl_tells_what_can_be_read },
	{ 0 },
};
