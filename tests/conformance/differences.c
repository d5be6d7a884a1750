/*
 * What differs between Linux and a rump kernel, and why that is right.  Each
 * is looked at on either side, so that what no longer differs is noticed.
 */
#include <signal.h>

#include "tests/conformance/runner.h"

static long
write_to_closed_pipe(void *argument)
{
	int fds[2];

	signal(SIGPIPE, SIG_DFL);
	if (c->pipe2(fds, 0) < 0 || c->close(fds[0]) < 0)
		return 1;
	return c->write(fds[1], "x", 1) < 0 ? -errno : 0;
}

static long
write_to_closed_pipe_elsewhere(void)
{
	return in_child(write_to_closed_pipe, NULL);
}

static long
write_past_limit(void *argument)
{
	struct rlimit limit = { 0, RLIM_INFINITY };
	int fd = c->creat("f", 0644);

	signal(SIGXFSZ, SIG_DFL);
	if (fd < 0 || c->setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 1;
	return c->write(fd, "x", 1) < 0 ? -errno : 0;
}

static long
write_past_limit_elsewhere(void)
{
	return in_child(write_past_limit, NULL);
}

static long
link_what_is_foreign(void)
{
	make_file("foreign", 0, ALICE, "");
	return BY(BOB, c->link("foreign", "mine")) < 0 ? -errno : 0;
}

const struct difference differences[] = {
	{
	    .name = "a write to a pipe that nobody reads",
	    .reason = "Linux sends SIGPIPE, which ends the process, and in a child of ours comes "
		      "as -1; signals are the host program's affair, and a library that ended it "
		      "would be in its way: EPIPE alone says all",
	    .probe = write_to_closed_pipe_elsewhere,
	    .in_linux = -1,
	    .in_rump = -EPIPE,
	},
	{
	    .name = "a write past RLIMIT_FSIZE",
	    .reason = "the same with SIGXFSZ and EFBIG",
	    .probe = write_past_limit_elsewhere,
	    .in_linux = -1,
	    .in_rump = -EFBIG,
	},
	{
	    .name = "a hard link to a file that the caller may neither read nor write",
	    .reason = "POSIX allows it, and so does Linux unless fs.protected_hardlinks is set, "
		      "against races of set-user-ID programs in /tmp, which we do not run",
	    .setting = "/proc/sys/fs/protected_hardlinks",
	    .probe = link_what_is_foreign,
	    .in_linux = -EPERM,
	    .in_rump = 0,
	},
	{ .name = NULL },
};

/* Does the host do as the difference says?  Some of it can be configured. */
static bool
is_set(const char *setting)
{
	FILE *file = fopen(setting, "r");
	int first = file != NULL ? fgetc(file) : '0';

	if (file != NULL)
		fclose(file);
	return first != '0';
}

static void
the_differences_are_as_told(void)
{
	for (const struct difference *each = differences; each->name != NULL; each++) {
		bool is_linux = c == &host_calls;

		about("%s", each->name);
		TRUE(each->in_linux != each->in_rump);
		if (!is_linux || each->setting == NULL || is_set(each->setting))
			IS(is_linux ? each->in_linux : each->in_rump, each->probe());
	}
}

const struct group difference_groups[] = {
	{ "what differs from Linux is as told", the_differences_are_as_told },
	{ 0 },
};
