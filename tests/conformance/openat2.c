/* openat2 and O_TMPFILE: paths that stay inside, and files without a name. */
#include "tests/conformance/conformance.h"

/* openat2() with these flags and nothing else. */
static int
resolve(int dir, const char *path, uint64_t how)
{
	struct open_how all = { .flags = O_RDONLY, .resolve = how };

	return c->openat2(dir, path, &all, sizeof(all));
}

static int
make_scene(void)
{
	make_dir("d", 0755, ROOT);
	make_dir("d/e", 0755, ROOT);
	make_file("f", 0644, ROOT, "outside");
	make_file("d/f", 0644, ROOT, "inside");
	make_link("d/l", "f");
	make_link("d/up", "../f");
	make_link("d/top", "/f");
	make_link("d/e/back", "../f");
	NEEDS(resolve(AT_FDCWD, "f", 0));
	return open_file("d", O_RDONLY | O_DIRECTORY);
}

/* What an open file has in it. */
static bool
reads(int fd, const char *text)
{
	char data[20] = "";

	return c->read(fd, data, sizeof(data) - 1) >= 0 && strcmp(data, text) == 0;
}

static void
no_links_are_followed_if_so_wished(void)
{
	int dir = make_scene();

	OK(resolve(dir, "f", RESOLVE_NO_SYMLINKS));
	OK(resolve(dir, "e/../f", RESOLVE_NO_SYMLINKS));
	OK(resolve(dir, "../f", RESOLVE_NO_SYMLINKS));
	FAILS(ELOOP, resolve(dir, "l", RESOLVE_NO_SYMLINKS));
	FAILS(ELOOP, resolve(dir, "up", RESOLVE_NO_SYMLINKS));
	make_link("to-d", "d");
	FAILS(ELOOP, resolve(AT_FDCWD, "to-d/f", RESOLVE_NO_SYMLINKS));
	OK(resolve(dir, "l", RESOLVE_NO_MAGICLINKS));
}

static void
paths_stay_beneath_if_so_wished(void)
{
	int dir = make_scene();

	OK(resolve(dir, "f", RESOLVE_BENEATH));
	OK(resolve(dir, ".", RESOLVE_BENEATH));
	OK(resolve(dir, "e/../f", RESOLVE_BENEATH));
	OK(resolve(dir, "l", RESOLVE_BENEATH));
	OK(resolve(dir, "e/back", RESOLVE_BENEATH));
	FAILS(EXDEV, resolve(dir, "..", RESOLVE_BENEATH));
	FAILS(EXDEV, resolve(dir, "../f", RESOLVE_BENEATH));
	FAILS(EXDEV, resolve(dir, "e/../../f", RESOLVE_BENEATH));
	FAILS(EXDEV, resolve(dir, "../d/f", RESOLVE_BENEATH));
	FAILS(EXDEV, resolve(dir, "up", RESOLVE_BENEATH));
	FAILS(EXDEV, resolve(dir, "/f", RESOLVE_BENEATH));
	FAILS(EXDEV, resolve(dir, "top", RESOLVE_BENEATH));
	FAILS(ENOENT, resolve(dir, "missing", RESOLVE_BENEATH));
}

static void
a_directory_is_the_root_if_so_wished(void)
{
	int dir = make_scene();

	TRUE(reads(OK(resolve(dir, "f", RESOLVE_IN_ROOT)), "inside"));
	TRUE(reads(OK(resolve(dir, "/f", RESOLVE_IN_ROOT)), "inside"));
	TRUE(reads(OK(resolve(dir, "../f", RESOLVE_IN_ROOT)), "inside"));
	TRUE(reads(OK(resolve(dir, "../../../f", RESOLVE_IN_ROOT)), "inside"));
	TRUE(reads(OK(resolve(dir, "up", RESOLVE_IN_ROOT)), "inside"));
	TRUE(reads(OK(resolve(dir, "top", RESOLVE_IN_ROOT)), "inside"));
	TRUE(reads(OK(resolve(dir, "e/back", RESOLVE_IN_ROOT)), "inside"));
	FAILS(ENOENT, resolve(dir, "/d/f", RESOLVE_IN_ROOT));
	FAILS(EINVAL, resolve(dir, "f", RESOLVE_IN_ROOT | RESOLVE_BENEATH));
}

static void
mounts_are_not_crossed_if_so_wished(void)
{
	int dir = make_scene();

	OK(resolve(dir, "f", RESOLVE_NO_XDEV));
	OK(resolve(dir, "../f", RESOLVE_NO_XDEV));
	FAILS(EXDEV, resolve(open_file("/", O_RDONLY), "dev/null", RESOLVE_NO_XDEV));
	OK(resolve(open_file("/", O_RDONLY), "dev/null", 0));
}

static void
the_structure_is_checked(void)
{
	struct {
		struct open_how how;
		uint64_t more;
	} all = { .how = { .flags = O_RDONLY } };
	struct open_how *how = &all.how;

	make_scene();
	OK(c->openat2(AT_FDCWD, "f", how, sizeof(*how)));
	OK(c->openat2(AT_FDCWD, "f", how, sizeof(all)));
	all.more = 1;
	FAILS(E2BIG, c->openat2(AT_FDCWD, "f", how, sizeof(all)));
	FAILS(EINVAL, c->openat2(AT_FDCWD, "f", how, sizeof(*how) - 1));
	FAILS(EINVAL, c->openat2(AT_FDCWD, "f", how, 0));
	FAILS(EFAULT, c->openat2(AT_FDCWD, "f", NULL, sizeof(*how)));
	/* What open() would ignore is refused. */
	*how = (struct open_how){ .flags = O_RDONLY, .mode = 0644 };
	FAILS(EINVAL, c->openat2(AT_FDCWD, "f", how, sizeof(*how)));
	*how = (struct open_how){ .flags = O_RDWR | O_CREAT, .mode = 010000 };
	FAILS(EINVAL, c->openat2(AT_FDCWD, "g", how, sizeof(*how)));
	*how = (struct open_how){ .flags = O_PATH | O_TRUNC };
	FAILS(EINVAL, c->openat2(AT_FDCWD, "f", how, sizeof(*how)));
	*how = (struct open_how){ .flags = 1ull << 40 };
	FAILS(EINVAL, c->openat2(AT_FDCWD, "f", how, sizeof(*how)));
	*how = (struct open_how){ .resolve = 1u << 20 };
	FAILS(EINVAL, c->openat2(AT_FDCWD, "f", how, sizeof(*how)));
	*how = (struct open_how){ .flags = O_RDWR | O_CREAT | O_EXCL, .mode = 0640 };
	OK(c->openat2(AT_FDCWD, "g", how, sizeof(*how)));
	MODE("g", S_IFREG | 0640);
	FAILS(EEXIST, c->openat2(AT_FDCWD, "g", how, sizeof(*how)));
}

/* ---- files without a name ------------------------------------------------------ */

static void
a_file_is_made_without_a_name(void)
{
	struct stat status;
	char data[4];
	int fd;

	need_links_to_open_files();
	make_dir("d", 0755, ROOT);
	c->umask(027);
	NEEDS(c->open("d", O_TMPFILE | O_RDWR, 0666));
	fd = OK(c->open("d", O_TMPFILE | O_RDWR, 0666));
	OK(c->fstat(fd, &status));
	IS(S_IFREG | 0640, status.st_mode);
	IS(0, status.st_nlink);
	IS(0, status.st_size);
	IS(4, c->write(fd, "text", 4));
	IS(4, c->pread(fd, data, 4, 0));
	LINKS("d", 2);
	OK(c->linkat(fd, "", AT_FDCWD, "d/named", AT_EMPTY_PATH));
	DATA("d/named", "text");
	LINKS("d/named", 1);
	fd = OK(c->open("d", O_TMPFILE | O_WRONLY | O_EXCL, 0600));
	FAILS(ENOENT, c->linkat(fd, "", AT_FDCWD, "d/other", AT_EMPTY_PATH));
	OK(c->unlink("d/named"));
	OK(c->rmdir("d"));
}

static void
a_nameless_file_needs_a_directory_that_may_be_written(void)
{
	struct stat status;
	int fd;

	make_dir("d", 0755, ROOT);
	make_file("f", 0666, ROOT, "");
	NEEDS(c->open("d", O_TMPFILE | O_RDWR, 0600));
	FAILS(EINVAL, c->open("d", O_TMPFILE | O_RDONLY, 0600));
	FAILS(ENOTDIR, c->open("f", O_TMPFILE | O_RDWR, 0600));
	FAILS(ENOENT, c->open("missing", O_TMPFILE | O_RDWR, 0600));
	FAILS(EINVAL, c->open("d", O_TMPFILE | O_RDWR | O_CREAT, 0600));
	as(ALICE);
	FAILS(EACCES, c->open("d", O_TMPFILE | O_RDWR, 0600));
	set_mode("d", 0773);
	fd = OK(c->open("d", O_TMPFILE | O_RDWR, 0600));
	OK(c->fstat(fd, &status));
	IS(ALICE, status.st_uid);
	IS(ALICE, status.st_gid);
}

const struct group openat2_groups[] = {
	{ "no links are followed if so wished", no_links_are_followed_if_so_wished },
	{ "paths stay beneath a directory if so wished", paths_stay_beneath_if_so_wished },
	{ "a directory is the root if so wished", a_directory_is_the_root_if_so_wished },
	{ "mounts are not crossed if so wished", mounts_are_not_crossed_if_so_wished },
	{ "the structure of openat2 is checked", the_structure_is_checked },
	{ "a file is made without a name", a_file_is_made_without_a_name },
	{ "a nameless file needs a directory that may be written",
	    a_nameless_file_needs_a_directory_that_may_be_written },
	{ 0 },
};
