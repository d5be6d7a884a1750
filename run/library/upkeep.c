/*
 * What is done to file systems that are not mounted: rump_pub_fs_*().
 *
 * It is done by the superuser from the kernel's true root, as registering devices
 * is: whoever has the library may.
 */
#include "vfs/upkeep.h"

#include "run/library/library.h"
#include "vfs/lookup.h"
#include <rump/rump.h>

int
rump_pub_fs_make(const char *path, const char *type, const char *options)
{
	struct path_context context;
	struct rump_kernel *kernel;
	int error = binding_kernel(&kernel);

	if (error == 0)
		error = library_context_begin(&context, kernel->kernel);
	if (error < 0)
		return -error;
	error = fs_make_at(&context, path, type, options != NULL ? options : "");
	library_context_end(&context);
	return -error;
}
