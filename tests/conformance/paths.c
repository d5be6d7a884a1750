/*
 * What is true of every call that takes a path: the errors of what comes before
 * the last name, of names and paths that are too long, of links without end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/conformance/conformance.h"

enum {
	OLD = 1,     /* what the path names must be there */
	FOLLOWS = 2, /* if that is a link, its target is meant */
	NULL_HAS_MEANING = 4,
};

static struct stat status;
static struct statx extended;
static struct statfs space;
static char target[300];

/* name, what it does with the path, the call */
#define PATH_CALLS(X) \
	X(open_for_reading, OLD | FOLLOWS, c->open(path, O_RDONLY, 0)) \
	X(open_for_writing, OLD | FOLLOWS, c->open(path, O_WRONLY, 0)) \
	X(open_as_path, OLD | FOLLOWS, c->open(path, O_PATH, 0)) \
	X(open_and_create, FOLLOWS, c->open(path, O_RDWR | O_CREAT, 0644)) \
	X(openat, OLD | FOLLOWS, c->openat(AT_FDCWD, path, O_RDONLY, 0)) \
	X(creat, FOLLOWS, c->creat(path, 0644)) \
	X(truncate, OLD | FOLLOWS, c->truncate(path, 0)) \
	X(mkdir, 0, c->mkdir(path, 0755)) \
	X(mkdirat, 0, c->mkdirat(AT_FDCWD, path, 0755)) \
	X(mkfifo, 0, c->mknod(path, S_IFIFO | 0644, 0)) \
	X(mknodat, 0, c->mknodat(AT_FDCWD, path, S_IFREG | 0644, 0)) \
	X(unlink, OLD, c->unlink(path)) \
	X(unlinkat, OLD, c->unlinkat(AT_FDCWD, path, 0)) \
	X(rmdir, OLD, c->rmdir(path)) \
	X(link_from, OLD, c->link(path, "new")) \
	X(link_to, 0, c->link("file", path)) \
	X(symlink, 0, c->symlink("somewhere", path)) \
	X(readlink, OLD, c->readlink(path, target, sizeof(target))) \
	X(rename_from, OLD, c->rename(path, "new")) \
	X(rename_to, 0, c->rename("file", path)) \
	X(exchange_with, OLD, c->renameat2(AT_FDCWD, "file", AT_FDCWD, path, RENAME_EXCHANGE)) \
	X(chdir, OLD | FOLLOWS, c->chdir(path)) \
	X(chroot, OLD | FOLLOWS, c->chroot(path)) \
	X(stat, OLD | FOLLOWS, c->stat(path, &status)) \
	X(lstat, OLD, c->lstat(path, &status)) \
	X(fstatat, OLD | FOLLOWS, c->fstatat(AT_FDCWD, path, &status, 0)) \
	X(statx, OLD | FOLLOWS, c->statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &extended)) \
	X(chmod, OLD | FOLLOWS, c->chmod(path, 0755)) \
	X(chown, OLD | FOLLOWS, c->chown(path, ALICE, ALICE)) \
	X(lchown, OLD, c->lchown(path, ALICE, ALICE)) \
	X(fchownat, OLD | FOLLOWS, c->fchownat(AT_FDCWD, path, ALICE, ALICE, 0)) \
	X(utimensat, OLD | FOLLOWS | NULL_HAS_MEANING, c->utimensat(AT_FDCWD, path, NULL, 0)) \
	X(access, OLD | FOLLOWS, c->access(path, F_OK)) \
	X(statfs, OLD | FOLLOWS, c->statfs(path, &space))

#define X(name, kind, call) \
	static long path_##name(const char *path) \
	{ \
		return call; \
	}
PATH_CALLS(X)
#undef X

static const struct path_call {
	const char *name;
	unsigned kind;
	long (*call)(const char *path);
} path_calls[] = {
#define X(name, kind, call) { #name, kind, path_##name },
	PATH_CALLS(X)
#undef X
};

#define FOR_EACH_CALL(each) \
	for (const struct path_call *each = path_calls; \
	     each < path_calls + sizeof(path_calls) / sizeof(path_calls[0]); each++)

/* Every call with such a path fails, of those whose kind has all of want and none of forbidden. */
static void
all_fail(struct place place, int error, const char *path, unsigned want, unsigned forbidden)
{
	FOR_EACH_CALL(each)
	{
		if ((each->kind & want) != want || (each->kind & forbidden) != 0)
			continue;
		about("%s(%.40s)", each->name, path != NULL ? path : "NULL");
		check_failure(place, "call", error, each->call(path));
	}
	about(NULL);
}

#define ALL_FAIL(error, path, want, forbidden) all_fail(HERE, error, path, want, forbidden)

static void
make_scene(void)
{
	make_file("file", 0644, ALICE, "text");
	make_dir("dir", 0777, ALICE);
	make_link("link-to-file", "file");
	make_link("link-to-dir", "dir");
	make_link("dangling", "missing");
	make_link("loop", "loop");
	make_link("ring-1", "ring-2");
	make_link("ring-2", "ring-1");
}

static void
the_empty_path_leads_nowhere(void)
{
	make_scene();
	ALL_FAIL(ENOENT, "", 0, 0);
}

static void
a_path_must_be_in_memory(void)
{
	make_scene();
	ALL_FAIL(EFAULT, NULL, 0, NULL_HAS_MEANING);
}

static void
what_comes_before_a_slash_must_be_there(void)
{
	make_scene();
	ALL_FAIL(ENOENT, "missing/x", 0, 0);
	ALL_FAIL(ENOENT, "dir/missing/x", 0, 0);
	ALL_FAIL(ENOENT, "dangling/x", 0, 0);
}

static void
what_comes_before_a_slash_must_be_a_directory(void)
{
	make_scene();
	ALL_FAIL(ENOTDIR, "file/x", 0, 0);
	ALL_FAIL(ENOTDIR, "file/.", OLD, 0);
	ALL_FAIL(ENOTDIR, "file/..", OLD, 0);
	ALL_FAIL(ENOTDIR, "link-to-file/x", 0, 0);
	ALL_FAIL(ENOTDIR, "file/x/y", 0, 0);
}

static void
a_file_with_a_slash_behind_is_none(void)
{
	make_scene();
	ALL_FAIL(ENOTDIR, "file/", OLD, 0);
	ALL_FAIL(ENOTDIR, "link-to-file/", OLD, 0);
}

static void
links_without_end_are_not_followed(void)
{
	make_scene();
	ALL_FAIL(ELOOP, "loop/x", 0, 0);
	ALL_FAIL(ELOOP, "ring-1/x", 0, 0);
	ALL_FAIL(ELOOP, "dir/../ring-2/x", 0, 0);
	ALL_FAIL(ELOOP, "loop", FOLLOWS, 0);
	ALL_FAIL(ELOOP, "ring-1", FOLLOWS, 0);
}

static void
a_link_to_nothing_leads_nowhere(void)
{
	make_scene();
	ALL_FAIL(ENOENT, "dangling", OLD | FOLLOWS, 0);
	ALL_FAIL(ENOENT, "missing", OLD, 0);
	ALL_FAIL(ENOENT, "missing/", OLD, 0);
}

static void
a_name_has_at_most_255_bytes(void)
{
	char name[300];

	make_scene();
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	ALL_FAIL(ENAMETOOLONG, name, 0, 0);
	name[255] = '\0';
	ALL_FAIL(ENOENT, name, OLD, 0);
	memset(name, 'n', sizeof(name));
	memcpy(name, "dir/", 4);
	name[4 + 256] = '\0';
	ALL_FAIL(ENAMETOOLONG, name, 0, 0);
	OK(c->mkdir(name + 5, 0755));
	OK(c->rmdir(name + 5));
	name[4 + 255] = '\0';
	OK(c->mkdir(name, 0755));
	OK(c->rmdir(name));
	OK(c->creat(name, 0644));
	OK(c->rename(name, name + 4));
	OK(c->unlink(name + 4));
	OK(c->symlink("x", name + 4));
	OK(c->link(name + 4, name));
}

/* A path of length bytes that leads to name. */
static const char *
long_path(char *path, size_t length, const char *name)
{
	size_t rest = length - strlen(name);

	for (size_t i = 0; i < rest; i++)
		path[i] = i % 2 == 0 && i + 1 < rest ? '.' : '/';
	strcpy(path + rest, name);
	return path;
}

static void
a_path_has_at_most_4095_bytes(void)
{
	char path[5000];

	make_scene();
	ALL_FAIL(ENAMETOOLONG, long_path(path, 4096, "file"), 0, 0);
	ALL_FAIL(ENOENT, long_path(path, 4095, "missing"), OLD, 0);
	OK(c->mkdir(long_path(path, 4095, "new"), 0755));
	MODE("new", S_IFDIR | 0755);
	OK(c->stat(long_path(path, 4095, "file"), &status));
	OK(c->rename(path, "renamed"));
	DATA("renamed", "text");
}

static void
directories_before_the_name_must_be_searchable(void)
{
	make_scene();
	make_dir("locked", 0666, ROOT);
	make_file("locked/file", 0666, ALICE, "");
	make_dir("outer", 0666, ROOT);
	make_dir("outer/inner", 0777, ROOT);
	make_link("link-to-locked", "locked/file");
	as(ALICE);
	ALL_FAIL(EACCES, "locked/file", 0, 0);
	ALL_FAIL(EACCES, "locked/missing", 0, 0);
	ALL_FAIL(EACCES, "outer/inner/file", 0, 0);
	ALL_FAIL(EACCES, "locked/file/x", 0, 0);
	ALL_FAIL(EACCES, "locked/../file", 0, 0);
	ALL_FAIL(EACCES, "link-to-locked", FOLLOWS, 0);
}

static void
search_permission_is_the_owners_the_groups_or_the_others(void)
{
	static const struct {
		mode_t mode;
		uid_t user;
		int error;
	} rows[] = {
		{ 0100, ALICE, 0 },
		{ 0100, BOB, EACCES },
		{ 0100, CAROL, EACCES },
		{ 0677, ALICE, EACCES }, /* the owner is not one of the others */
		{ 0010, ALICE, EACCES },
		{ 0010, BOB, 0 },
		{ 0010, CAROL, EACCES },
		{ 0767, BOB, EACCES }, /* nor is a member of the group */
		{ 0001, ALICE, EACCES },
		{ 0001, BOB, EACCES },
		{ 0001, CAROL, 0 },
		{ 0776, CAROL, EACCES },
		{ 0000, ROOT, 0 },
	};

	make_dir("d", 0777, ALICE);
	make_file("d/f", 0666, ROOT, "");
	set_owner("d", ALICE, TEAM);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		about("directory of mode %#o, user %u", rows[i].mode, rows[i].user);
		set_mode("d", rows[i].mode);
		as(rows[i].user);
		if (rows[i].error == 0) {
			OK(c->stat("d/f", &status));
			OK(c->chdir("d"));
			OK(BY(ROOT, c->chdir("..")));
		} else {
			FAILS(rows[i].error, c->stat("d/f", &status));
			FAILS(rows[i].error, c->chdir("d"));
		}
	}
}

/* Make count links that lead one to the next, the last to target. */
static void
make_chain(const char *prefix, int count, const char *end)
{
	char name[20], next[20];

	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "%s%d", prefix, i);
		snprintf(next, sizeof(next), "%s%d", prefix, i - 1);
		make_link(name, i == 1 ? end : next);
	}
}

static void
forty_links_are_followed_and_no_more(void)
{
	make_scene();
	make_chain("f", 41, "file");
	make_chain("d", 41, "dir");
	OK(c->stat("f40", &status));
	FAILS(ELOOP, c->stat("f41", &status));
	OK(c->lstat("f41", &status));
	OK(c->open("f40", O_RDONLY, 0));
	FAILS(ELOOP, c->open("f41", O_RDONLY, 0));
	OK(c->stat("d40/", &status));
	FAILS(ELOOP, c->stat("d41/", &status));
	OK(c->mkdir("d40/new", 0755));
	FAILS(ELOOP, c->mkdir("d41/newer", 0755));
	OK(c->chmod("f40", 0600));
	FAILS(ELOOP, c->chmod("f41", 0600));
	/* All links of a path count. */
	OK(c->stat("d20/../d20", &status));
	FAILS(ELOOP, c->stat("d20/../d21", &status));
}

static void
the_target_of_a_link_is_seen_from_its_directory(void)
{
	make_scene();
	make_file("dir/file", 0644, ROOT, "inner");
	make_link("dir/here", "file");
	make_link("dir/up", "../file");
	make_link("dir/parent", "..");
	make_link("slash", "dir/");
	DATA("dir/here", "inner");
	DATA("dir/up", "text");
	DATA("dir/parent/file", "text");
	DATA("link-to-dir/up", "text");
	DATA("slash/here", "inner");
	OK(c->stat("link-to-dir/", &status));
	TRUE(S_ISDIR(status.st_mode));
	OK(c->lstat("link-to-dir/", &status));
	TRUE(S_ISDIR(status.st_mode));
	OK(c->lstat("link-to-dir", &status));
	TRUE(S_ISLNK(status.st_mode));
	FAILS(ENOTDIR, c->lstat("link-to-file/", &status));
}

static void
slashes_and_dots_add_nothing(void)
{
	make_scene();
	make_file("dir/file", 0644, ROOT, "inner");
	SAME_FILE("dir", "./dir");
	SAME_FILE("dir", "dir/");
	SAME_FILE("dir", "dir//");
	SAME_FILE("dir", ".//dir/.");
	SAME_FILE("dir", "dir/../dir");
	SAME_FILE("dir/file", "dir//file");
	SAME_FILE("dir/file", "dir/./file");
	SAME_FILE("dir/file", "./dir/.././dir//file");
	SAME_FILE(".", "dir/..");
	SAME_FILE("/", "/..");
	SAME_FILE("/", "//");
	SAME_FILE("/", "/../..");
}

const struct group path_groups[] = {
	{ "the empty path leads nowhere", the_empty_path_leads_nowhere },
	{ "a path must be in memory", a_path_must_be_in_memory },
	{ "what comes before a slash must be there", what_comes_before_a_slash_must_be_there },
	{ "what comes before a slash must be a directory",
	    what_comes_before_a_slash_must_be_a_directory },
	{ "a file with a slash behind is none", a_file_with_a_slash_behind_is_none },
	{ "links without end are not followed", links_without_end_are_not_followed },
	{ "a link to nothing leads nowhere", a_link_to_nothing_leads_nowhere },
	{ "a name has at most 255 bytes", a_name_has_at_most_255_bytes },
	{ "a path has at most 4095 bytes", a_path_has_at_most_4095_bytes },
	{ "directories before the name must be searchable",
	    directories_before_the_name_must_be_searchable },
	{ "search permission is the owner's, the group's or the others'",
	    search_permission_is_the_owners_the_groups_or_the_others },
	{ "forty links are followed and no more", forty_links_are_followed_and_no_more },
	{ "the target of a link is seen from its directory",
	    the_target_of_a_link_is_seen_from_its_directory },
	{ "slashes and dots add nothing", slashes_and_dots_add_nothing },
	{ 0 },
};
