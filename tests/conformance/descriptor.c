/* dup, dup2, dup3, fcntl, close_range: descriptors and what they share. */
#include "tests/conformance/conformance.h"

static void
duplicates_share_all_but_their_flags(void)
{
	int fd, copy;

	make_file("f", 0644, ROOT, "text");
	fd = OK(c->open("f", O_RDWR | O_CLOEXEC, 0));
	copy = OK(c->dup(fd));
	TRUE(copy != fd);
	IS(FD_CLOEXEC, c->fcntl(fd, F_GETFD, 0));
	IS(0, c->fcntl(copy, F_GETFD, 0));
	IS(3, c->lseek(fd, 3, SEEK_SET));
	IS(3, c->lseek(copy, 0, SEEK_CUR));
	OK(c->fcntl(fd, F_SETFL, O_APPEND));
	IS(O_APPEND, c->fcntl(copy, F_GETFL, 0) & O_APPEND);
	OK(c->close(fd));
	IS(1, c->write(copy, "x", 1));
	DATA("f", "textx");
	FAILS(EBADF, c->write(fd, "x", 1));
	FAILS(EBADF, c->close(fd));
}

static void
dup2_and_dup3_take_the_number_wanted(void)
{
	struct stat one, two;
	int fd, other;

	make_file("f", 0644, ROOT, "f");
	make_file("g", 0644, ROOT, "g");
	fd = open_file("f", O_RDWR);
	other = open_file("g", O_RDWR);
	IS(100, c->dup2(fd, 100));
	IS(other, c->dup2(fd, other));
	OK(c->fstat(other, &one));
	OK(c->fstat(fd, &two));
	TRUE(one.st_ino == two.st_ino);
	IS(fd, c->dup2(fd, fd));
	FAILS(EINVAL, c->dup3(fd, fd, 0));
	IS(101, c->dup3(fd, 101, O_CLOEXEC));
	IS(FD_CLOEXEC, c->fcntl(101, F_GETFD, 0));
	IS(100, c->dup2(101, 100));
	IS(0, c->fcntl(100, F_GETFD, 0));
	FAILS(EINVAL, c->dup3(fd, 102, O_APPEND));
	FAILS(EINVAL, c->dup3(fd, 102, 1));
	FAILS(EBADF, c->dup2(-1, 100));
	FAILS(EBADF, c->dup2(9999, 100));
	FAILS(EBADF, c->dup2(9999, 9999));
	FAILS(EBADF, c->dup2(fd, -1));
	FAILS(EBADF, c->dup3(fd, -1, 0));
	OK(c->fstat(100, &one));
}

static void
fcntl_duplicates_from_a_number_on(void)
{
	int fd;

	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDWR);
	IS(200, c->fcntl(fd, F_DUPFD, 200));
	IS(201, c->fcntl(fd, F_DUPFD, 200));
	IS(0, c->fcntl(201, F_GETFD, 0));
	IS(202, c->fcntl(fd, F_DUPFD_CLOEXEC, 200));
	IS(FD_CLOEXEC, c->fcntl(202, F_GETFD, 0));
	OK(c->close(200));
	IS(200, c->fcntl(fd, F_DUPFD, 150 + 50));
	FAILS(EINVAL, c->fcntl(fd, F_DUPFD, -1));
	FAILS(EINVAL, c->fcntl(fd, F_DUPFD, 1 << 30));
	FAILS(EBADF, c->fcntl(9999, F_DUPFD, 0));
	FAILS(EINVAL, c->fcntl(fd, 4711, 0));
}

static void
fcntl_tells_and_sets_flags(void)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	int fd;

	make_file("f", 0644, ROOT, "text");
	for (unsigned i = 0; i < 3; i++) {
		fd = OK(c->open("f", modes[i] | O_NOFOLLOW | O_CREAT | O_TRUNC, 0));
		IS(modes[i], c->fcntl(fd, F_GETFL, 0) & (O_ACCMODE | O_CREAT | O_TRUNC));
		OK(c->fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
		IS(modes[i] | O_APPEND | O_NONBLOCK,
		    c->fcntl(fd, F_GETFL, 0) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
		/* The access mode stays. */
		OK(c->fcntl(fd, F_SETFL, O_RDWR | O_CREAT));
		IS(modes[i], c->fcntl(fd, F_GETFL, 0) & (O_ACCMODE | O_APPEND | O_CREAT));
	}
	fd = OK(c->open("f", O_RDWR | O_APPEND | O_SYNC, 0));
	IS(O_SYNC | O_APPEND, c->fcntl(fd, F_GETFL, 0) & (O_SYNC | O_APPEND));
	fd = OK(c->open("f", O_RDONLY | O_CLOEXEC, 0));
	IS(FD_CLOEXEC, c->fcntl(fd, F_GETFD, 0));
	OK(c->fcntl(fd, F_SETFD, 0));
	IS(0, c->fcntl(fd, F_GETFD, 0));
	OK(c->fcntl(fd, F_SETFD, FD_CLOEXEC));
	IS(FD_CLOEXEC, c->fcntl(fd, F_GETFD, 0));
	make_file("alices", 0666, ALICE, "");
	fd = open_file("alices", O_RDONLY);
	OK(BY(ALICE, c->fcntl(fd, F_SETFL, O_NOATIME)));
	OK(c->fcntl(fd, F_SETFL, 0));
	FAILS(EPERM, BY(BOB, c->fcntl(fd, F_SETFL, O_NOATIME)));
}

static void
append_can_be_switched(void)
{
	int fd;

	make_file("f", 0644, ROOT, "text");
	fd = open_file("f", O_WRONLY);
	OK(c->fcntl(fd, F_SETFL, O_APPEND));
	IS(1, c->write(fd, "1", 1));
	DATA("f", "text1");
	OK(c->fcntl(fd, F_SETFL, 0));
	IS(0, c->lseek(fd, 0, SEEK_SET));
	IS(1, c->write(fd, "2", 1));
	DATA("f", "2ext1");
}

static void
ranges_are_closed(void)
{
	int fd;

	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDONLY);
	for (int i = 300; i < 310; i++)
		OK(c->dup2(fd, i));
	OK(c->close_range(302, 304, 0));
	IS(0, c->fcntl(301, F_GETFD, 0));
	FAILS(EBADF, c->fcntl(302, F_GETFD, 0));
	FAILS(EBADF, c->fcntl(304, F_GETFD, 0));
	IS(0, c->fcntl(305, F_GETFD, 0));
	OK(c->close_range(306, 307, 4)); /* CLOSE_RANGE_CLOEXEC */
	IS(FD_CLOEXEC, c->fcntl(307, F_GETFD, 0));
	IS(0, c->fcntl(308, F_GETFD, 0));
	OK(c->close_range(300, ~0u, 0));
	FAILS(EBADF, c->fcntl(309, F_GETFD, 0));
	OK(c->close_range(300, 400, 0));
	FAILS(EINVAL, c->close_range(5, 4, 0));
	FAILS(EINVAL, c->close_range(300, 400, 8));
}

static long
use_inherited(void *argument)
{
	int fd = *(int *)argument;

	if (c->write(fd, "child", 5) != 5)
		return -1;
	return c->close(fd);
}

static void
a_child_shares_what_is_open(void)
{
	int fd;

	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDWR);
	IS(2, c->write(fd, "12", 2));
	IS(0, in_child(use_inherited, &fd));
	IS(7, c->lseek(fd, 0, SEEK_CUR));
	IS(2, c->write(fd, "34", 2));
	DATA("f", "12child34");
}

const struct group descriptor_groups[] = {
	{ "duplicates share all but their flags", duplicates_share_all_but_their_flags },
	{ "dup2 and dup3 take the number that is wanted", dup2_and_dup3_take_the_number_wanted },
	{ "fcntl duplicates from a number on", fcntl_duplicates_from_a_number_on },
	{ "fcntl tells and sets flags", fcntl_tells_and_sets_flags },
	{ "O_APPEND can be switched", append_can_be_switched },
	{ "ranges of descriptors are closed", ranges_are_closed },
	{ "a child shares what is open", a_child_shares_what_is_open },
	{ 0 },
};
