/*
 * What differs between Linux and a rump kernel, and why that is right.  Each
 * is looked at on either side, so that what no longer differs is noticed.
 */
#include "tests/conformance/runner.h"

/* ".." of a directory that has been removed. */
static long
leave_removed_directory(void)
{
	if (c->mkdir("d", 0777) < 0 || c->mkdir("d/e", 0777) < 0 || c->chdir("d/e") < 0 ||
	    c->rmdir("../e") < 0)
		return -1;
	return c->chdir("..") < 0 ? -errno : 0;
}

const struct difference differences[] = {
	{
	    .name = "the parent of a directory that has been removed",
	    .reason = "Linux leads to where it was, as long as somebody remembers; here a removed "
		      "directory has let go of its parent, which may be gone itself",
	    .probe = leave_removed_directory,
	    .in_linux = 0,
	    .in_rump = -ENOENT,
	},
	{ .name = NULL },
};

static void
the_differences_are_as_told(void)
{
	for (const struct difference *each = differences; each->name != NULL; each++) {
		about("%s", each->name);
		TRUE(each->in_linux != each->in_rump);
		IS(c == &host_calls ? each->in_linux : each->in_rump, each->probe());
	}
}

const struct group difference_groups[] = {
	{ "what differs from Linux is as told", the_differences_are_as_told },
	{ 0 },
};
