/* A file system in a rump kernel, as the subject of the suite. */
#include <stdio.h>
#include <sys/mount.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tests/conformance/runner.h"

#define X(result, name, parameters, arguments) \
	static result rump_##name parameters \
	{ \
		return rump_sys_##name arguments; \
	}
CALLS(X)
#undef X

const struct calls rump_calls = {
#define X(result, name, parameters, arguments) .name = rump_##name,
	CALLS(X)
#undef X
};

static int
failed(int error)
{
	errno = error;
	return -1;
}

/* A kernel of its own for every group, and in that a process of its own. */
static int
rump_enter(const struct subject *subject, const char *name)
{
	const char *source = "none";
	int error = rump_init();

	if (error != 0)
		return failed(error);
	if (subject->image != NULL) {
		source = "/dev/image";
		error = rump_pub_etfs_register(source, subject->image, RUMP_ETFS_BLK);
		if (error != 0)
			return failed(error);
	}
	if (rump_sys_mkdir("/t", 0755) < 0 ||
	    rump_sys_mount(source, "/t", subject->where, 0, NULL) < 0)
		return -1;
	error = rump_pub_lwproc_rfork(RUMP_RFCFDG);
	if (error != 0)
		return failed(error);
	return rump_sys_chdir("/t") < 0 || rump_sys_mkdir(name, 0777) < 0 ||
		       rump_sys_chdir(name) < 0
		   ? -1
		   : 0;
}

static int
rump_leave(void)
{
	int error;

	rump_pub_lwproc_releaselwp();
	error = rump_kernel_destroy(NULL);
	return error != 0 ? failed(error) : 0;
}

static long
rump_in_child(long (*function)(void *argument), void *argument)
{
	struct lwp *parent = rump_pub_lwproc_curlwp();
	long result;
	int error = rump_pub_lwproc_rfork(RUMP_RFFDG);

	if (error != 0)
		return failed(error);
	result = function(argument);
	rump_pub_lwproc_releaselwp();
	rump_pub_lwproc_switch(parent);
	return result;
}

const struct subject rump_subject = {
	.where = "tmpfs",
	.calls = &rump_calls,
	.enter = rump_enter,
	.leave = rump_leave,
	.in_child = rump_in_child,
};
