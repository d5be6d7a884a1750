/*
 * What is done to file systems that are not mounted.
 *
 * That nobody mounts the device meanwhile is the driver's to see to, by claiming
 * it: it does so for a mount, too.  What is looked at here is for the sake of a
 * clear answer.  What is mounted read-only may be looked at, since nobody changes
 * it.
 */
#include "vfs/upkeep.h"

#include "base/errno.h"
#include "kern/credential.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/vfs_impl.h"

/* The driver, and the device that path leads to, which nobody uses. */
static int
find_place(const struct path_context *context, const char *path, const char *type_name,
    const struct fs_type **type, uint32_t *device)
{
	int error;

	*device = 0;
	*type = fs_find(context->kernel, type_name);
	if (!credential_can(context->credential, CAP_SYS_ADMIN))
		return -EPERM;
	if (*type == NULL)
		return -ENODEV;
	error = mount_find_device(context, path, device);
	if (error == 0 && mount_uses_device(context->kernel, *device, false))
		error = -EBUSY;
	return error;
}

int
fs_make_at(const struct path_context *context, const char *path, const char *type_name,
    const char *options)
{
	struct fs_make_request request = {
		.kernel = context->kernel,
		.source = path,
		.options = options,
	};
	const struct fs_type *type;
	int error = find_place(context, path, type_name, &type, &request.device);

	return error < 0 ? error : type->make(&request);
}

int
fs_no_make(const struct fs_make_request *request)
{
	return -EOPNOTSUPP;
}

int
fs_no_check(struct fs_check_request *request)
{
	return -EOPNOTSUPP;
}

/* No driver knows what is there: maybe one does from what is left of it. */
static int
check_unknown(struct fs_check_request *request)
{
	const struct fs_type *type;

	for (size_t i = 0; (type = fs_enumerate(request->kernel, i)) != NULL; i++) {
		int error = type->needs_device ? type->check(request) : -EINVAL;

		if (error != -EINVAL && error != -EOPNOTSUPP)
			return error;
	}
	return -EINVAL;
}

int
fs_check_at(const struct path_context *context, const char *type_name,
    struct fs_check_request *request)
{
	struct mount_request known = {
		.kernel = context->kernel,
		.source = request->source,
		.flags = MOUNT_READ_ONLY,
		.options = "",
	};
	const struct fs_type *type;
	int error;

	request->kernel = context->kernel;
	request->result = (struct fs_check_result){ 0 };
	if (!credential_can(context->credential, CAP_SYS_ADMIN))
		return -EPERM;
	error = mount_find_device(context, request->source, &request->device);
	if (error < 0)
		return error;
	known.device = request->device;
	if (mount_uses_device(context->kernel, request->device, request->mode == FS_CHECK_ONLY))
		return -EBUSY;
	error = fs_find_for(&known, type_name, &type);
	if (error == -EINVAL)
		return check_unknown(request);
	return error < 0 ? error : type->check(request);
}
