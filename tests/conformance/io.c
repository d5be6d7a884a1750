/* read, write and their kin, lseek: what moves, and where to. */
#include <limits.h>

#include "tests/conformance/conformance.h"

static void
the_offset_moves_with_what_is_moved(void)
{
	char data[16] = "";
	int fd;

	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDWR);
	IS(6, c->write(fd, "abcdef", 6));
	IS(6, c->lseek(fd, 0, SEEK_CUR));
	IS(2, c->lseek(fd, 2, SEEK_SET));
	IS(3, c->read(fd, data, 3));
	TRUE(memcmp(data, "cde", 3) == 0);
	IS(5, c->lseek(fd, 0, SEEK_CUR));
	IS(1, c->read(fd, data, 16));
	IS(0, c->read(fd, data, 16));
	IS(6, c->lseek(fd, 0, SEEK_CUR));
	IS(10, c->lseek(fd, 4, SEEK_END));
	IS(0, c->read(fd, data, 16));
	IS(2, c->write(fd, "xy", 2));
	SIZE("f", 12);
	IS(12, c->pread(fd, data, 16, 0));
	TRUE(memcmp(data, "abcdef\0\0\0\0xy", 12) == 0);
}

static void
positioned_calls_leave_the_offset(void)
{
	char data[16] = "";
	int fd;

	make_file("f", 0644, ROOT, "0123456789");
	fd = open_file("f", O_RDWR);
	IS(3, c->lseek(fd, 3, SEEK_SET));
	IS(4, c->pread(fd, data, 4, 5));
	TRUE(memcmp(data, "5678", 4) == 0);
	IS(2, c->pwrite(fd, "ab", 2, 1));
	IS(2, c->pread(fd, data, 4, 8));
	IS(0, c->pread(fd, data, 4, 10));
	IS(0, c->pread(fd, data, 4, 1000000));
	IS(3, c->lseek(fd, 0, SEEK_CUR));
	IS(1, c->pwrite(fd, "z", 1, 12));
	SIZE("f", 13);
	FAILS(EINVAL, c->pread(fd, data, 4, -1));
	FAILS(EINVAL, c->pwrite(fd, data, 4, -1));
	FAILS(EINVAL, c->pread(fd, data, 4, INT64_MIN));
	IS(3, c->lseek(fd, 0, SEEK_CUR));
}

static void
the_access_mode_is_kept_to(void)
{
	struct iovec vector;
	char data[4] = "";
	int reading, writing;

	make_file("f", 0666, ROOT, "text");
	vector = (struct iovec){ data, 4 };
	reading = open_file("f", O_RDONLY);
	writing = open_file("f", O_WRONLY);
	FAILS(EBADF, c->write(reading, data, 4));
	FAILS(EBADF, c->write(reading, data, 0));
	FAILS(EBADF, c->pwrite(reading, data, 4, 0));
	FAILS(EBADF, c->writev(reading, &vector, 1));
	FAILS(EBADF, c->pwritev(reading, &vector, 1, 0));
	FAILS(EBADF, c->read(writing, data, 4));
	FAILS(EBADF, c->read(writing, data, 0));
	FAILS(EBADF, c->pread(writing, data, 4, 0));
	FAILS(EBADF, c->readv(writing, &vector, 1));
	FAILS(EBADF, c->preadv(writing, &vector, 1, 0));
	DATA("f", "text");
	/* Neither reads nor writes, but for what needs no permission. */
	reading = open_file("f", O_WRONLY | O_RDWR);
	FAILS(EBADF, c->read(reading, data, 4));
	FAILS(EBADF, c->write(reading, data, 4));
}

static void
directories_are_not_read_as_files(void)
{
	struct iovec vector;
	char data[4];
	int fd;

	make_dir("d", 0755, ROOT);
	vector = (struct iovec){ data, 4 };
	fd = open_file("d", O_RDONLY);
	FAILS(EISDIR, c->read(fd, data, 4));
	FAILS(EISDIR, c->pread(fd, data, 4, 0));
	FAILS(EISDIR, c->readv(fd, &vector, 1));
	FAILS(EBADF, c->write(fd, data, 4));
	FAILS(EBADF, c->pwrite(fd, data, 4, 0));
}

static void
vectors_are_moved_in_order(void)
{
	char one[4] = "ab", two[4] = "cde", three[8] = "";
	struct iovec vector[4] = { { one, 2 }, { NULL, 0 }, { two, 3 }, { three, 0 } };
	int fd;

	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDWR);
	IS(5, c->writev(fd, vector, 4));
	DATA("f", "abcde");
	IS(5, c->lseek(fd, 0, SEEK_CUR));
	IS(5, c->pwritev(fd, vector, 4, 5));
	DATA("f", "abcdeabcde");
	IS(5, c->lseek(fd, 0, SEEK_CUR));
	vector[3].iov_len = 8;
	memset(one, '#', 4);
	memset(two, '#', 4);
	IS(10, c->preadv(fd, vector, 4, 0));
	TRUE(memcmp(one, "ab##", 4) == 0);
	TRUE(memcmp(two, "cde#", 4) == 0);
	TRUE(memcmp(three, "abcde", 6) == 0);
	IS(5, c->readv(fd, vector, 4));
	IS(0, c->readv(fd, vector, 4));
	IS(0, c->readv(fd, vector, 0));
	IS(0, c->writev(fd, vector, 0));
}

static void
vectors_that_make_no_sense_are_refused(void)
{
	static struct iovec many[IOV_MAX + 1];
	char data[4];
	struct iovec vector[2] = { { data, 4 }, { data, (size_t)-1 } };
	int fd;

	make_file("f", 0644, ROOT, "text");
	fd = open_file("f", O_RDWR);
	FAILS(EINVAL, c->readv(fd, vector, 2));
	FAILS(EINVAL, c->writev(fd, vector, 2));
	FAILS(EINVAL, c->readv(fd, vector, -1));
	FAILS(EINVAL, c->writev(fd, vector, -1));
	FAILS(EINVAL, c->readv(fd, many, IOV_MAX + 1));
	IS(0, c->readv(fd, many, IOV_MAX));
	FAILS(EINVAL, c->preadv(fd, vector, 1, -1));
	FAILS(EINVAL, c->pwritev(fd, vector, 1, -1));
	FAILS(EFAULT, c->readv(fd, NULL, 1));
	FAILS(EFAULT, c->writev(fd, NULL, 1));
	DATA("f", "text");
}

static void
buffers_must_be_in_memory(void)
{
	struct iovec vector = { NULL, 4 };
	int fd;

	make_file("f", 0644, ROOT, "text");
	fd = open_file("f", O_RDWR);
	FAILS(EFAULT, c->read(fd, NULL, 4));
	FAILS(EFAULT, c->write(fd, NULL, 4));
	FAILS(EFAULT, c->pread(fd, NULL, 4, 0));
	FAILS(EFAULT, c->pwrite(fd, NULL, 4, 0));
	FAILS(EFAULT, c->readv(fd, &vector, 1));
	FAILS(EFAULT, c->writev(fd, &vector, 1));
	IS(0, c->read(fd, NULL, 0));
	IS(0, c->write(fd, NULL, 0));
	IS(0, c->lseek(fd, 0, SEEK_CUR));
	DATA("f", "text");
}

static void
holes_read_as_zeros(void)
{
	char data[9000], zeros[9000] = { 0 };
	int fd;

	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDWR);
	IS(1, c->pwrite(fd, "x", 1, 100000));
	SIZE("f", 100001);
	IS(9000, c->pread(fd, data, 9000, 50000));
	TRUE(memcmp(data, zeros, 9000) == 0);
	IS(2, c->pread(fd, data, 9000, 99999));
	TRUE(data[0] == 0 && data[1] == 'x');
	TRUE(stat_of("f").st_blocks * 512 < 100000);
}

static void
large_transfers_arrive_whole(void)
{
	enum {
		LARGE = 300000,
	};
	static char out[LARGE], in[LARGE];
	int fd;

	for (unsigned i = 0; i < LARGE; i++)
		out[i] = (char)(i * 7 + i / 251);
	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDWR);
	IS(LARGE, c->write(fd, out, LARGE));
	SIZE("f", LARGE);
	IS(LARGE, c->pread(fd, in, LARGE, 0));
	TRUE(memcmp(in, out, LARGE) == 0);
	IS(100, c->pwrite(fd, out, 100, 4090));
	IS(200, c->pread(fd, in, 200, 4000));
	TRUE(memcmp(in, out + 4000, 90) == 0 && memcmp(in + 90, out, 100) == 0);
	TRUE(memcmp(in + 190, out + 4190, 10) == 0);
	OK(c->fsync(fd));
	OK(c->fdatasync(fd));
	OK(c->syncfs(fd));
}

static void
two_opens_have_two_offsets_and_duplicates_one(void)
{
	char data[4];
	int one, two, three;

	make_file("f", 0644, ROOT, "0123456789");
	one = open_file("f", O_RDWR);
	two = open_file("f", O_RDWR);
	three = OK(c->dup(one));
	IS(4, c->read(one, data, 4));
	IS(0, c->lseek(two, 0, SEEK_CUR));
	IS(4, c->lseek(three, 0, SEEK_CUR));
	IS(2, c->read(three, data, 2));
	IS(6, c->lseek(one, 0, SEEK_CUR));
	IS(1, c->write(two, "x", 1));
	IS(1, c->pread(one, data, 1, 0));
	IS('x', data[0]);
}

/* ---- lseek ------------------------------------------------------------------- */

static void
offsets_are_set(void)
{
	int fd;

	make_file("f", 0644, ROOT, "0123456789");
	fd = open_file("f", O_RDONLY);
	IS(5, c->lseek(fd, 5, SEEK_SET));
	IS(7, c->lseek(fd, 2, SEEK_CUR));
	IS(4, c->lseek(fd, -3, SEEK_CUR));
	IS(10, c->lseek(fd, 0, SEEK_END));
	IS(6, c->lseek(fd, -4, SEEK_END));
	IS(1000, c->lseek(fd, 1000, SEEK_SET));
	SIZE("f", 10);
	IS(2000, c->lseek(fd, 1990, SEEK_END));
	FAILS(EINVAL, c->lseek(fd, -1, SEEK_SET));
	FAILS(EINVAL, c->lseek(fd, -11, SEEK_END));
	FAILS(EINVAL, c->lseek(fd, -2001, SEEK_CUR));
	FAILS(EINVAL, c->lseek(fd, 0, 5));
	FAILS(EINVAL, c->lseek(fd, 0, -1));
	FAILS(EBADF, c->lseek(-1, 0, SEEK_SET));
	FAILS(EBADF, c->lseek(9999, 0, SEEK_SET));
	IS(2000, c->lseek(fd, 0, SEEK_CUR));
}

/* From there on, data begins at last, or there is none. */
static void
data_is_last(int fd, off_t from, off_t last)
{
	if (last < 0)
		FAILS(ENXIO, c->lseek(fd, from, SEEK_DATA));
	else
		IS(last, c->lseek(fd, from, SEEK_DATA));
}

static void
data_and_holes_are_found(void)
{
	enum {
		MIB = 1 << 20,
	};
	off_t last = -1;
	int fd;

	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDWR);
	FAILS(ENXIO, c->lseek(fd, 0, SEEK_DATA));
	FAILS(ENXIO, c->lseek(fd, 0, SEEK_HOLE));
	OK(c->ftruncate(fd, 4 * MIB));
	/* Some formats have the block that a file ends in stored. */
	if (stat_of("f").st_blocks > 0)
		last = 4 * MIB - stat_of("f").st_blksize;
	data_is_last(fd, 0, last);
	IS(0, c->lseek(fd, 0, SEEK_HOLE));
	IS(5, c->pwrite(fd, "text!", 5, 2 * MIB));
	OK(c->fsync(fd));
	IS(2 * MIB, c->lseek(fd, 0, SEEK_DATA));
	IS(2 * MIB + 2, c->lseek(fd, 2 * MIB + 2, SEEK_DATA));
	IS(0, c->lseek(fd, 0, SEEK_HOLE));
	IS(1000, c->lseek(fd, 1000, SEEK_HOLE));
	TRUE(c->lseek(fd, 2 * MIB, SEEK_HOLE) > 2 * MIB);
	TRUE(c->lseek(fd, 2 * MIB, SEEK_HOLE) <= 3 * MIB);
	data_is_last(fd, 3 * MIB, last);
	FAILS(ENXIO, c->lseek(fd, 4 * MIB, SEEK_DATA));
	FAILS(ENXIO, c->lseek(fd, 4 * MIB, SEEK_HOLE));
	FAILS(ENXIO, c->lseek(fd, -1, SEEK_DATA));
	IS(last < 0 ? 4 * MIB - 1 : 4 * MIB, c->lseek(fd, 4 * MIB - 1, SEEK_HOLE));
	make_file("g", 0644, ROOT, "text");
	fd = open_file("g", O_RDONLY);
	IS(0, c->lseek(fd, 0, SEEK_DATA));
	IS(3, c->lseek(fd, 3, SEEK_DATA));
	/* The end is a hole. */
	IS(4, c->lseek(fd, 0, SEEK_HOLE));
	FAILS(ENXIO, c->lseek(fd, 4, SEEK_DATA));
}

static void
descriptors_must_be_open(void)
{
	struct iovec vector;
	struct statfs space;
	struct stat status;
	char data[4];

	vector = (struct iovec){ data, 4 };
	for (int fd = -1; fd < 10000; fd += 9999) {
		about("descriptor %d", fd);
		FAILS(EBADF, c->read(fd, data, 4));
		FAILS(EBADF, c->write(fd, data, 4));
		FAILS(EBADF, c->pread(fd, data, 4, 0));
		FAILS(EBADF, c->pwrite(fd, data, 4, 0));
		FAILS(EBADF, c->readv(fd, &vector, 1));
		FAILS(EBADF, c->writev(fd, &vector, 1));
		FAILS(EBADF, c->preadv(fd, &vector, 1, 0));
		FAILS(EBADF, c->pwritev(fd, &vector, 1, 0));
		FAILS(EBADF, c->ftruncate(fd, 0));
		FAILS(EBADF, c->fsync(fd));
		FAILS(EBADF, c->fdatasync(fd));
		FAILS(EBADF, c->syncfs(fd));
		FAILS(EBADF, c->getdents64(fd, data, 4));
		FAILS(EBADF, c->fchdir(fd));
		FAILS(EBADF, c->fstat(fd, &status));
		FAILS(EBADF, c->fstatfs(fd, &space));
		FAILS(EBADF, c->fchmod(fd, 0644));
		FAILS(EBADF, c->fchown(fd, ROOT, ROOT));
		FAILS(EBADF, c->futimens(fd, NULL));
		FAILS(EBADF, c->dup(fd));
		FAILS(EBADF, c->close(fd));
		FAILS(EBADF, c->fcntl(fd, F_GETFL, 0));
	}
}

const struct group io_groups[] = {
	{ "the offset moves with what is moved", the_offset_moves_with_what_is_moved },
	{ "positioned calls leave the offset", positioned_calls_leave_the_offset },
	{ "the access mode is kept to", the_access_mode_is_kept_to },
	{ "directories are not read as files", directories_are_not_read_as_files },
	{ "vectors are moved in order", vectors_are_moved_in_order },
	{ "vectors that make no sense are refused", vectors_that_make_no_sense_are_refused },
	{ "buffers must be in memory", buffers_must_be_in_memory },
	{ "holes read as zeros", holes_read_as_zeros },
	{ "large transfers arrive whole", large_transfers_arrive_whole },
	{ "two opens have two offsets, duplicates have one",
	    two_opens_have_two_offsets_and_duplicates_one },
	{ "offsets are set", offsets_are_set },
	{ "data and holes are found", data_and_holes_are_found },
	{ "descriptors must be open", descriptors_must_be_open },
	{ 0 },
};
