/* Extended attributes: setting, getting, listing, removing, and who may. */
#include <linux/xattr.h>

#include "tests/conformance/conformance.h"

/* Does the list have the name? */
static bool
has_name(const char *list, ssize_t size, const char *name)
{
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(list + at) + 1) {
		if (strcmp(list + at, name) == 0)
			return true;
	}
	return false;
}

static void
make_scene(void)
{
	make_file("f", 0644, ALICE, "text");
	NEEDS(c->setxattr("f", "user.first", "", 0, 0));
	OK(c->removexattr("f", "user.first"));
}

static void
attributes_are_kept(void)
{
	char value[16] = "", list[256];
	ssize_t size;

	make_scene();
	OK(c->setxattr("f", "user.one", "value", 5, 0));
	IS(5, c->getxattr("f", "user.one", value, sizeof(value)));
	TRUE(memcmp(value, "value", 5) == 0);
	IS(5, c->getxattr("f", "user.one", NULL, 0));
	FAILS(ERANGE, c->getxattr("f", "user.one", value, 4));
	IS(5, c->getxattr("f", "user.one", value, 5));
	OK(c->setxattr("f", "user.one", "other value", 11, 0));
	IS(11, c->getxattr("f", "user.one", value, sizeof(value)));
	OK(c->setxattr("f", "user.one", "", 0, 0));
	IS(0, c->getxattr("f", "user.one", value, sizeof(value)));
	OK(c->setxattr("f", "user.two", "\0\1\2", 3, 0));
	IS(3, c->getxattr("f", "user.two", value, sizeof(value)));
	TRUE(memcmp(value, "\0\1\2", 3) == 0);
	size = OK(c->listxattr("f", list, sizeof(list)));
	TRUE(has_name(list, size, "user.one") && has_name(list, size, "user.two"));
	IS(size, c->listxattr("f", NULL, 0));
	FAILS(ERANGE, c->listxattr("f", list, 9));
	OK(c->removexattr("f", "user.one"));
	FAILS(ENODATA, c->getxattr("f", "user.one", value, sizeof(value)));
	FAILS(ENODATA, c->removexattr("f", "user.one"));
	size = OK(c->listxattr("f", list, sizeof(list)));
	TRUE(!has_name(list, size, "user.one") && has_name(list, size, "user.two"));
	DATA("f", "text");
	OK(c->rename("f", "g"));
	IS(3, c->getxattr("g", "user.two", value, sizeof(value)));
	OK(c->link("g", "h"));
	IS(3, c->getxattr("h", "user.two", value, sizeof(value)));
}

static void
flags_say_whether_it_may_be_there(void)
{
	make_scene();
	FAILS(ENODATA, c->setxattr("f", "user.a", "1", 1, XATTR_REPLACE));
	OK(c->setxattr("f", "user.a", "1", 1, XATTR_CREATE));
	FAILS(EEXIST, c->setxattr("f", "user.a", "2", 1, XATTR_CREATE));
	OK(c->setxattr("f", "user.a", "3", 1, XATTR_REPLACE));
	FAILS(EINVAL, c->setxattr("f", "user.a", "4", 1, 4));
	FAILS(EINVAL, c->setxattr("f", "user.a", "4", 1, -1));
}

static void
names_have_a_family_and_a_length(void)
{
	char name[300] = "user.";

	make_scene();
	FAILS(EOPNOTSUPP, c->setxattr("f", "noway.a", "1", 1, 0));
	FAILS(EOPNOTSUPP, c->setxattr("f", "user", "1", 1, 0));
	FAILS(EOPNOTSUPP, c->getxattr("f", "nodots", NULL, 0));
	FAILS(EOPNOTSUPP, c->removexattr("f", "USER.a"));
	FAILS(EINVAL, c->setxattr("f", "user.", "1", 1, 0));
	FAILS(ERANGE, c->setxattr("f", "", "1", 1, 0));
	FAILS(ERANGE, c->getxattr("f", "", NULL, 0));
	FAILS(ERANGE, c->removexattr("f", ""));
	memset(name + 5, 'n', 251);
	FAILS(ERANGE, c->setxattr("f", name, "1", 1, 0));
	FAILS(ERANGE, c->getxattr("f", name, NULL, 0));
	name[255] = '\0';
	OK(c->setxattr("f", name, "1", 1, 0));
	IS(1, c->getxattr("f", name, NULL, 0));
	OK(c->removexattr("f", name));
	FAILS(EFAULT, c->setxattr("f", NULL, "1", 1, 0));
	FAILS(EFAULT, c->setxattr("f", "user.a", NULL, 1, 0));
	OK(c->setxattr("f", "user.a", NULL, 0, 0));
}

static void
values_have_at_most_64_kib(void)
{
	static char value[65537];

	make_scene();
	FAILS(E2BIG, c->setxattr("f", "user.a", value, 65537, 0));
	FAILS(ENODATA, c->getxattr("f", "user.a", NULL, 0));
	OK(c->setxattr("f", "user.a", value, 1000, 0));
	IS(1000, c->getxattr("f", "user.a", value, sizeof(value)));
}

static void
the_users_attributes_are_as_the_file(void)
{
	static const struct {
		mode_t mode;
		uid_t user;
		bool reads, writes;
	} rows[] = {
		{ 0600, ALICE, true, true },
		{ 0400, ALICE, true, false },
		{ 0200, ALICE, false, true },
		{ 0066, ALICE, false, false },
		{ 0060, BOB, true, true },
		{ 0040, BOB, true, false },
		{ 0606, BOB, false, false },
		{ 0006, CAROL, true, true },
		{ 0002, CAROL, false, true },
		{ 0000, ROOT, true, true },
	};

	make_scene();
	set_owner("f", ALICE, TEAM);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char list[100];

		about("mode %#o, user %u", rows[i].mode, rows[i].user);
		set_mode("f", rows[i].mode);
		OK(BY(ROOT, c->setxattr("f", "user.a", "1", 1, 0)));
		as(rows[i].user);
		if (rows[i].reads)
			IS(1, c->getxattr("f", "user.a", NULL, 0));
		else
			FAILS(EACCES, c->getxattr("f", "user.a", NULL, 0));
		if (rows[i].writes) {
			OK(c->setxattr("f", "user.b", "2", 1, 0));
			OK(c->removexattr("f", "user.b"));
		} else {
			FAILS(EACCES, c->setxattr("f", "user.b", "2", 1, 0));
			FAILS(EACCES, c->removexattr("f", "user.a"));
		}
		OK(c->listxattr("f", list, sizeof(list)));
	}
}

static void
files_of_no_user_have_none_of_the_users(void)
{
	make_scene();
	make_link("l", "f");
	OK(c->mknod("fifo", S_IFIFO | 0666, 0));
	OK(c->mknod("socket", S_IFSOCK | 0666, 0));
	make_dir("d", 0777, ALICE);
	make_dir("sticky", 01777, ALICE);
	FAILS(EPERM, c->lsetxattr("l", "user.a", "1", 1, 0));
	FAILS(ENODATA, c->lgetxattr("l", "user.a", NULL, 0));
	FAILS(EPERM, c->setxattr("fifo", "user.a", "1", 1, 0));
	FAILS(ENODATA, c->getxattr("fifo", "user.a", NULL, 0));
	FAILS(EPERM, c->setxattr("socket", "user.a", "1", 1, 0));
	OK(c->setxattr("l", "user.a", "1", 1, 0));
	IS(1, c->getxattr("f", "user.a", NULL, 0));
	as(BOB);
	OK(c->setxattr("d", "user.a", "1", 1, 0));
	FAILS(EPERM, c->setxattr("sticky", "user.a", "1", 1, 0));
	OK(BY(ALICE, c->setxattr("sticky", "user.a", "1", 1, 0)));
	IS(1, c->getxattr("sticky", "user.a", NULL, 0));
}

static void
trusted_attributes_are_roots(void)
{
	char list[256];
	ssize_t size;

	make_scene();
	make_link("l", "f");
	if (c->setxattr("f", "trusted.a", "1", 1, 0) < 0 && errno == EPERM)
		skip("root is not trusted");
	IS(1, c->getxattr("f", "trusted.a", NULL, 0));
	OK(c->lsetxattr("l", "trusted.b", "12", 2, 0));
	IS(2, c->lgetxattr("l", "trusted.b", NULL, 0));
	size = OK(c->listxattr("f", list, sizeof(list)));
	TRUE(has_name(list, size, "trusted.a"));
	size = OK(c->llistxattr("l", list, sizeof(list)));
	TRUE(has_name(list, size, "trusted.b"));
	as(ALICE);
	FAILS(EPERM, c->setxattr("f", "trusted.c", "1", 1, 0));
	FAILS(EPERM, c->removexattr("f", "trusted.a"));
	FAILS(ENODATA, c->getxattr("f", "trusted.a", NULL, 0));
	size = OK(c->listxattr("f", list, sizeof(list)));
	TRUE(!has_name(list, size, "trusted.a"));
	as(ROOT);
	OK(c->removexattr("f", "trusted.a"));
	OK(c->lremovexattr("l", "trusted.b"));
}

static void
descriptors_lead_to_attributes_too(void)
{
	char list[256];
	ssize_t size;
	int fd, path;

	make_scene();
	fd = open_file("f", O_RDONLY);
	path = open_file("f", O_PATH);
	OK(c->fsetxattr(fd, "user.a", "1", 1, 0));
	IS(1, c->fgetxattr(fd, "user.a", NULL, 0));
	size = OK(c->flistxattr(fd, list, sizeof(list)));
	TRUE(has_name(list, size, "user.a"));
	OK(c->fremovexattr(fd, "user.a"));
	FAILS(ENODATA, c->fgetxattr(fd, "user.a", NULL, 0));
	FAILS(EBADF, c->fsetxattr(path, "user.a", "1", 1, 0));
	FAILS(EBADF, c->fgetxattr(path, "user.a", NULL, 0));
	FAILS(EBADF, c->flistxattr(path, list, sizeof(list)));
	FAILS(EBADF, c->fremovexattr(path, "user.a"));
	FAILS(EBADF, c->fsetxattr(-1, "user.a", "1", 1, 0));
	FAILS(EBADF, c->fgetxattr(9999, "user.a", NULL, 0));
	FAILS(ENOENT, c->setxattr("missing", "user.a", "1", 1, 0));
	FAILS(ENOENT, c->getxattr("", "user.a", NULL, 0));
	FAILS(ENOTDIR, c->listxattr("f/x", list, sizeof(list)));
}

static void
attributes_renew_the_change_time(void)
{
	make_scene();
	RENEWS("c", "f", c->setxattr("f", "user.a", "1", 1, 0));
	RENEWS("", "f", c->getxattr("f", "user.a", NULL, 0));
	RENEWS("", "f", c->listxattr("f", NULL, 0));
	RENEWS("c", "f", c->removexattr("f", "user.a"));
}

const struct group xattr_groups[] = {
	{ "extended attributes are kept", attributes_are_kept },
	{ "flags say whether an attribute may be there", flags_say_whether_it_may_be_there },
	{ "names of attributes have a family and a length", names_have_a_family_and_a_length },
	{ "values of attributes have at most 64 KiB", values_have_at_most_64_kib },
	{ "the user's attributes are permitted as the file", the_users_attributes_are_as_the_file },
	{ "files that hold no data have none of the user's attributes",
	    files_of_no_user_have_none_of_the_users },
	{ "trusted attributes are root's", trusted_attributes_are_roots },
	{ "descriptors lead to attributes too", descriptors_lead_to_attributes_too },
	{ "attributes renew the change time", attributes_renew_the_change_time },
	{ 0 },
};
