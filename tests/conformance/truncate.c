/* truncate, ftruncate: sizes, what is in between, and who may. */
#include "tests/conformance/conformance.h"

static void
files_get_shorter_and_longer(void)
{
	static const char zeros[8];
	char data[20];
	int fd;

	make_file("f", 0644, ROOT, "0123456789");
	OK(c->truncate("f", 4));
	DATA("f", "0123");
	OK(c->truncate("f", 12));
	SIZE("f", 12);
	fd = open_file("f", O_RDWR);
	IS(12, c->read(fd, data, sizeof(data)));
	/* What was cut off does not come back. */
	TRUE(memcmp(data + 4, zeros, 8) == 0);
	OK(c->ftruncate(fd, 2));
	SIZE("f", 2);
	IS(12, c->lseek(fd, 0, SEEK_CUR));
	IS(0, c->read(fd, data, sizeof(data)));
	IS(1, c->write(fd, "x", 1));
	SIZE("f", 13);
	OK(c->ftruncate(fd, 0));
	SIZE("f", 0);
	OK(c->truncate("f", 0));
	OK(c->ftruncate(fd, 0));
}

static void
sizes_around_pages_and_blocks_are_exact(void)
{
	static const long sizes[] = { 1, 511, 512, 513, 4095, 4096, 4097, 8191, 8192, 65535, 65536,
		65537, 1048577 };
	int fd;

	make_file("f", 0644, ROOT, "");
	fd = open_file("f", O_RDWR);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char byte = 'x';

		about("size %ld", sizes[i]);
		OK(c->ftruncate(fd, sizes[i]));
		SIZE("f", sizes[i]);
		IS(1, c->pwrite(fd, "y", 1, sizes[i] - 1));
		OK(c->ftruncate(fd, sizes[i] - 1));
		SIZE("f", sizes[i] - 1);
		OK(c->truncate("f", sizes[i] + 1));
		IS(1, c->pread(fd, &byte, 1, sizes[i] - 1));
		IS(0, byte);
		OK(c->ftruncate(fd, 0));
		IS(0, stat_of("f").st_blocks);
	}
}

static void
growing_takes_no_space(void)
{
	make_file("f", 0644, ROOT, "");
	OK(c->truncate("f", 1L << 30));
	SIZE("f", 1L << 30);
	TRUE(stat_of("f").st_blocks < 1000);
	OK(c->truncate("f", 0));
	SIZE("f", 0);
}

static void
sizes_that_make_no_sense_are_refused(void)
{
	int fd;

	make_file("f", 0644, ROOT, "text");
	fd = open_file("f", O_RDWR);
	FAILS(EINVAL, c->truncate("f", -1));
	FAILS(EINVAL, c->ftruncate(fd, -1));
	FAILS(EINVAL, c->truncate("f", INT64_MIN));
	FAILS(EINVAL, c->truncate("missing", -1));
	DATA("f", "text");
}

static void
only_files_are_truncated(void)
{
	int dir;

	make_dir("d", 0755, ROOT);
	make_link("to-d", "d");
	make_file("f", 0644, ROOT, "text");
	make_link("to-f", "f");
	OK(c->mknod("fifo", S_IFIFO | 0644, 0));
	dir = open_file("d", O_RDONLY);
	FAILS(EISDIR, c->truncate("d", 0));
	FAILS(EISDIR, c->truncate("to-d", 0));
	FAILS(EISDIR, c->truncate(".", 0));
	FAILS(EINVAL, c->truncate("fifo", 0));
	FAILS(EINVAL, c->ftruncate(dir, 0));
	OK(c->truncate("to-f", 1));
	DATA("f", "t");
}

static void
truncating_needs_permission_to_write(void)
{
	static const struct {
		mode_t mode;
		uid_t user;
		bool may;
	} rows[] = {
		{ 0200, ALICE, true },
		{ 0400, ALICE, false },
		{ 0077, ALICE, false },
		{ 0020, BOB, true },
		{ 0757, BOB, false },
		{ 0002, CAROL, true },
		{ 0775, CAROL, false },
		{ 0000, ROOT, true },
	};

	make_file("f", 0644, ALICE, "text");
	set_owner("f", ALICE, TEAM);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		about("mode %#o, user %u", rows[i].mode, rows[i].user);
		set_mode("f", rows[i].mode);
		as(rows[i].user);
		if (rows[i].may) {
			OK(c->truncate("f", (off_t)i));
			SIZE("f", (long)i);
		} else {
			FAILS(EACCES, c->truncate("f", (off_t)i + 100));
		}
	}
}

static void
ftruncate_needs_a_descriptor_to_write(void)
{
	int reading, writing;

	make_file("f", 0666, ALICE, "text");
	reading = open_file("f", O_RDONLY);
	writing = open_file("f", O_WRONLY);
	FAILS(EINVAL, c->ftruncate(reading, 0));
	FAILS(EBADF, c->ftruncate(open_file("f", O_PATH), 0));
	FAILS(EBADF, c->ftruncate(-1, 0));
	FAILS(EBADF, c->ftruncate(9999, 0));
	DATA("f", "text");
	set_mode("f", 0);
	as(BOB);
	OK(c->ftruncate(writing, 2));
	SIZE("f", 2);
}

static void
truncating_renews_time_stamps(void)
{
	int fd;

	make_file("f", 0644, ROOT, "text");
	fd = open_file("f", O_RDWR);
	RENEWS("mc", "f", c->truncate("f", 2));
	RENEWS("mc", "f", c->truncate("f", 20));
	RENEWS("mc", "f", c->ftruncate(fd, 3));
	RENEWS("mc", "f", c->ftruncate(fd, 3));
	make_old("f");
	FAILS(EACCES, BY(BOB, c->truncate("f", 0)));
	FAILS(EINVAL, c->truncate("f", -1));
	STAMPS("", "f");
}

const struct group truncate_groups[] = {
	{ "files get shorter and longer", files_get_shorter_and_longer },
	{ "sizes around pages and blocks are exact", sizes_around_pages_and_blocks_are_exact },
	{ "growing a file takes no space", growing_takes_no_space },
	{ "sizes that make no sense are refused", sizes_that_make_no_sense_are_refused },
	{ "only files are truncated", only_files_are_truncated },
	{ "truncate needs permission to write", truncating_needs_permission_to_write },
	{ "ftruncate needs a descriptor to write", ftruncate_needs_a_descriptor_to_write },
	{ "truncating renews time stamps", truncating_renews_time_stamps },
	{ 0 },
};
