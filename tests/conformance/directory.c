/* getdents64, chdir, fchdir, getcwd, chroot: being in and listing directories. */
#include <dirent.h>
#include <stdlib.h>

#include "tests/conformance/conformance.h"

enum {
	MANY = 500,
};

/* ---- listing ----------------------------------------------------------------- */

/*
 * Go through the entries of fd that are left, with a buffer of size.  Entries
 * called f0 to f499 are counted in seen; the number of all, or -1.
 */
static int
list(int fd, size_t size, unsigned char seen[MANY])
{
	char buffer[4096];
	int count = 0;

	for (;;) {
		ssize_t got = c->getdents64(fd, buffer, size);

		if (got <= 0)
			return got == 0 ? count : -1;
		for (ssize_t at = 0; at < got;) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(buffer + at);
			int number = entry->d_name[0] == 'f' ? atoi(entry->d_name + 1) : -1;

			if (number >= 0 && number < MANY)
				seen[number]++;
			count++;
			at += entry->d_reclen;
		}
	}
}

static bool
are_all(const unsigned char seen[MANY], int first, int last, unsigned char count)
{
	for (int i = first; i <= last; i++) {
		if (seen[i] != count)
			return false;
	}
	return true;
}

static void
make_many(void)
{
	char name[20];

	make_dir("d", 0755, ROOT);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "d/f%d", i);
		make_file(name, 0644, ROOT, "");
	}
}

/* Type and number of the entry of that name in directory; 0 if there is none. */
static unsigned
entry_type(const char *directory, const char *name, ino_t *number)
{
	char buffer[4096];
	int fd = open_file(directory, O_RDONLY);
	unsigned type = 0;
	ssize_t got;

	while ((got = c->getdents64(fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < got;) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(buffer + at);

			if (strcmp(entry->d_name, name) == 0) {
				type = entry->d_type;
				*number = entry->d_ino;
			}
			at += entry->d_reclen;
		}
	}
	c->close(fd);
	return type;
}

static void
every_name_is_listed_once(void)
{
	static const size_t sizes[] = { 4096, 1024, 100, 48 };

	make_many();
	for (unsigned i = 0; i < 4; i++) {
		unsigned char seen[MANY] = { 0 };
		int fd = open_file("d", O_RDONLY);

		about("buffer of %zu", sizes[i]);
		IS(MANY + 2, list(fd, sizes[i], seen));
		TRUE(are_all(seen, 0, MANY - 1, 1));
		IS(0, list(fd, sizes[i], seen));
		IS(0, c->lseek(fd, 0, SEEK_SET));
		IS(MANY + 2, list(fd, sizes[i], seen));
		TRUE(are_all(seen, 0, MANY - 1, 2));
	}
}

static void
entries_tell_types_and_numbers(void)
{
	static const struct {
		const char *name;
		mode_t type;
		unsigned want;
	} rows[] = {
		{ "file", S_IFREG, DT_REG },
		{ "fifo", S_IFIFO, DT_FIFO },
		{ "socket", S_IFSOCK, DT_SOCK },
		{ "character", S_IFCHR, DT_CHR },
		{ "block", S_IFBLK, DT_BLK },
	};
	ino_t number = 0;
	char path[40];

	need_devices();
	make_dir("d", 0755, ROOT);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "d/%s", rows[i].name);
		OK(c->mknod(path, rows[i].type | 0644, 0x103));
		IS(rows[i].want, entry_type("d", rows[i].name, &number));
		TRUE(number == stat_of(path).st_ino);
	}
	make_dir("d/sub", 0755, ROOT);
	make_link("d/link", "x");
	IS(DT_DIR, entry_type("d", "sub", &number));
	TRUE(number == stat_of("d/sub").st_ino);
	IS(DT_LNK, entry_type("d", "link", &number));
	IS(DT_DIR, entry_type("d/sub", ".", &number));
	TRUE(number == stat_of("d/sub").st_ino);
	IS(DT_DIR, entry_type("d/sub", "..", &number));
	TRUE(number == stat_of("d").st_ino);
	IS(0, entry_type("d", "missing", &number));
}

static void
listing_goes_on_from_any_entry(void)
{
	char buffer[4096];
	int fd;

	make_many();
	fd = open_file("d", O_RDONLY);
	for (int round = 0; round < 5; round++) {
		ssize_t got = c->getdents64(fd, buffer, 512);
		struct dirent64 *first = (struct dirent64 *)(void *)buffer;
		struct dirent64 *second;
		char name[256];

		if (got <= 0)
			break;
		second = (struct dirent64 *)(void *)(buffer + first->d_reclen);
		TRUE(first->d_reclen % 8 == 0 && first->d_reclen < got);
		snprintf(name, sizeof(name), "%s", second->d_name);
		/* What comes after the first is the second. */
		IS(first->d_off, c->lseek(fd, first->d_off, SEEK_SET));
		TRUE(c->getdents64(fd, buffer, 512) > 0);
		TRUE(strcmp(((struct dirent64 *)(void *)buffer)->d_name, name) == 0);
	}
}

static void
changes_while_listing_harm_no_other_entry(void)
{
	unsigned char seen[MANY] = { 0 };
	char buffer[1024], name[20];
	int fd;

	make_many();
	fd = open_file("d", O_RDONLY);
	TRUE(c->getdents64(fd, buffer, sizeof(buffer)) > 0);
	/* Half of them go, and others come. */
	for (int i = 0; i < MANY; i += 2) {
		snprintf(name, sizeof(name), "d/f%d", i);
		OK(c->unlink(name));
		snprintf(name, sizeof(name), "d/g%d", i);
		OK(c->mknod(name, S_IFREG, 0));
	}
	TRUE(list(fd, 1024, seen) >= 0);
	for (int i = 0; i < MANY; i++)
		seen[i] = seen[i] <= 1;
	TRUE(are_all(seen, 0, MANY - 1, 1));
	memset(seen, 0, sizeof(seen));
	IS(0, c->lseek(fd, 0, SEEK_SET));
	IS(MANY + 2, list(fd, 1024, seen));
	for (int i = 0; i < MANY; i++)
		seen[i] = seen[i] == i % 2;
	TRUE(are_all(seen, 0, MANY - 1, 1));
}

static void
removing_what_is_listed_empties_the_directory(void)
{
	char buffer[512], path[300];
	int fd, removed = 0;
	ssize_t got;

	make_many();
	fd = open_file("d", O_RDONLY);
	while ((got = c->getdents64(fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < got;) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(buffer + at);

			snprintf(path, sizeof(path), "d/%s", entry->d_name);
			removed += entry->d_name[0] == 'f' && c->unlink(path) == 0;
			at += entry->d_reclen;
		}
	}
	IS(MANY, removed);
	OK(c->rmdir("d"));
}

static void
getdents64_has_rules_for_its_arguments(void)
{
	char buffer[512];
	int fd;

	make_dir("d", 0755, ROOT);
	make_file("f", 0644, ROOT, "");
	fd = open_file("d", O_RDONLY);
	FAILS(EINVAL, c->getdents64(fd, buffer, 8));
	FAILS(EINVAL, c->getdents64(fd, buffer, 0));
	FAILS(EFAULT, c->getdents64(fd, NULL, 512));
	TRUE(c->getdents64(fd, buffer, 512) > 0);
	IS(0, c->getdents64(fd, buffer, 512));
	IS(0, c->getdents64(fd, buffer, 0));
	FAILS(ENOTDIR, c->getdents64(open_file("f", O_RDONLY), buffer, 512));
	FAILS(EBADF, c->getdents64(open_file("d", O_PATH), buffer, 512));
}

/* ---- the current directory ----------------------------------------------------- */

static void
paths_begin_where_the_process_is(void)
{
	struct stat status;
	int fd;

	make_dir("d", 0755, ROOT);
	make_dir("d/e", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "text");
	make_link("l", "d/e");
	fd = open_file(".", O_RDONLY);
	OK(c->chdir("d"));
	DATA("f", "text");
	OK(c->chdir("e"));
	DATA("../f", "text");
	OK(c->chdir(".."));
	OK(c->chdir("."));
	OK(c->chdir(".//e/"));
	OK(c->fchdir(fd));
	DATA("d/f", "text");
	OK(c->chdir("l"));
	DATA("../f", "text");
	OK(c->fchdir(fd));
	FAILS(ENOTDIR, c->chdir("d/f"));
	FAILS(ENOENT, c->chdir("missing"));
	FAILS(ENOTDIR, c->fchdir(open_file("d/f", O_RDONLY)));
	OK(c->fchdir(open_file("d", O_PATH)));
	OK(c->lstat("f", &status));
}

static void
a_directory_to_be_in_must_be_searchable(void)
{
	int fd;

	make_dir("d", 0700, ALICE);
	make_file("d/f", 0644, ALICE, "");
	fd = open_file("d", O_RDONLY);
	FAILS(EACCES, BY(BOB, c->chdir("d")));
	FAILS(EACCES, BY(BOB, c->fchdir(fd)));
	OK(BY(ALICE, c->chdir("d")));
	/* Who is there stays there, but finds nothing. */
	OK(c->fchmod(fd, 0600));
	as(ALICE);
	FAILS(EACCES, c->access("f", F_OK));
	FAILS(EACCES, c->access(".", F_OK));
	FAILS(EACCES, c->chdir("."));
	FAILS(EACCES, c->chdir(".."));
	OK(c->fchmod(fd, 0700));
	OK(c->access("f", F_OK));
}

static void
the_path_of_where_we_are_is_told(void)
{
	char path[4096] = "", short_path[4] = "", base[4096] = "";

	make_dir("d", 0755, ROOT);
	make_dir("d/e", 0755, ROOT);
	make_link("l", "d/e");
	TRUE(c->getcwd(base, sizeof(base)) != NULL);
	TRUE(base[0] == '/');
	OK(c->chdir("l"));
	TRUE(c->getcwd(path, sizeof(path)) != NULL);
	TRUE(strncmp(path, base, strlen(base)) == 0);
	TRUE(strcmp(path + strlen(base), "/d/e") == 0);
	OK(c->rename("../e", "../renamed"));
	TRUE(c->getcwd(path, sizeof(path)) != NULL);
	TRUE(strcmp(path + strlen(base), "/d/renamed") == 0);
	TRUE(c->getcwd(short_path, sizeof(short_path)) == NULL && errno == ERANGE);
	TRUE(c->getcwd(path, strlen(path)) == NULL && errno == ERANGE);
	TRUE(c->getcwd(path, strlen(path) + 1) != NULL);
	OK(c->rmdir("../renamed"));
	TRUE(c->getcwd(path, sizeof(path)) == NULL && errno == ENOENT);
	OK(c->chdir("/"));
	TRUE(c->getcwd(path, sizeof(path)) != NULL);
	TRUE(strcmp(path, "/") == 0);
}

static void
chroot_makes_a_directory_the_top(void)
{
	char path[4096] = "";
	int outside;

	make_dir("d", 0755, ROOT);
	make_dir("d/e", 0755, ROOT);
	make_file("d/f", 0644, ROOT, "inside");
	make_file("f", 0644, ROOT, "outside");
	make_link("d/absolute", "/f");
	outside = open_file(".", O_RDONLY);
	FAILS(EPERM, BY(ALICE, c->chroot("d")));
	FAILS(ENOTDIR, c->chroot("f"));
	FAILS(ENOENT, c->chroot("missing"));
	OK(c->chroot("d"));
	/* Where we are has not changed. */
	DATA("f", "outside");
	DATA("/f", "inside");
	DATA("d/absolute", "inside");
	OK(c->chdir("/"));
	DATA("f", "inside");
	DATA("../f", "inside");
	DATA("/../../f", "inside");
	DATA("e/../../f", "inside");
	TRUE(c->getcwd(path, sizeof(path)) != NULL);
	TRUE(strcmp(path, "/") == 0);
	OK(c->chdir("e"));
	TRUE(c->getcwd(path, sizeof(path)) != NULL);
	TRUE(strcmp(path, "/e") == 0);
	OK(c->fchdir(outside));
	DATA("f", "outside");
}

const struct group directory_groups[] = {
	{ "every name is listed once", every_name_is_listed_once },
	{ "entries tell types and numbers", entries_tell_types_and_numbers },
	{ "listing goes on from any entry", listing_goes_on_from_any_entry },
	{ "changes while listing harm no other entry", changes_while_listing_harm_no_other_entry },
	{ "removing what is listed empties the directory",
	    removing_what_is_listed_empties_the_directory },
	{ "getdents64 has rules for its arguments", getdents64_has_rules_for_its_arguments },
	{ "paths begin where the process is", paths_begin_where_the_process_is },
	{ "a directory to be in must be searchable", a_directory_to_be_in_must_be_searchable },
	{ "the path of where we are is told", the_path_of_where_we_are_is_told },
	{ "chroot makes a directory the top", chroot_makes_a_directory_the_top },
	{ 0 },
};
