/*
 * Calls about whole file systems: mount, umount2, and the sync family.
 *
 * A file is synced alone where its file system can do that, or else with all of
 * the file system that it is on.
 */
#include "base/errno.h"
#include "kern/log.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

/* A string that may be left out; then it is empty. */
static int
optional_string_copy(struct user_string *string, struct thread *thread, struct user_ptr from)
{
	if (!user_ptr_is_null(from))
		return user_string_copy(string, thread, from);
	*string = (struct user_string){ .kernel = thread->kernel, .text = "" };
	return 0;
}

/* What is to be mounted, in the kernel. */
struct mount_strings {
	struct user_string type;
	struct user_string source;
	struct user_string options;
};

static void
mount_strings_free(struct mount_strings *strings)
{
	user_string_free(&strings->options);
	user_string_free(&strings->source);
	user_string_free(&strings->type);
}

static int
mount_strings_copy(struct mount_strings *strings, struct thread *thread, struct user_ptr type,
    struct user_ptr source, struct user_ptr options)
{
	int error;

	/* Those that are not reached are empty, and may be freed. */
	strings->type.allocated = NULL;
	strings->source.allocated = NULL;
	strings->options.allocated = NULL;
	error = optional_string_copy(&strings->type, thread, type);
	if (error == 0)
		error = optional_string_copy(&strings->source, thread, source);
	if (error == 0)
		error = optional_string_copy(&strings->options, thread, options);
	if (error < 0)
		mount_strings_free(strings);
	return error;
}

int64_t
sys_mount(struct thread *thread, struct user_ptr source, struct user_ptr target,
    struct user_ptr type, uint64_t flags, struct user_ptr options)
{
	struct mount_strings strings;
	struct path path;
	int error;

	if (flags > UINT32_MAX)
		return -EINVAL;
	error = mount_strings_copy(&strings, thread, type, source, options);
	if (error < 0)
		return error;
	error = path_begin(&path, thread, AT_FDCWD, target, 0);
	if (error == 0) {
		error = mount_at(&path.context, strings.source.text, path.string.text,
		    strings.type.text, (uint32_t)flags, strings.options.text);
		path_end(&path);
	}
	mount_strings_free(&strings);
	return error;
}

int64_t
sys_umount2(struct thread *thread, struct user_ptr target, int flags)
{
	struct path path;
	int error = path_begin(&path, thread, AT_FDCWD, target, 0);

	if (error < 0)
		return error;
	error = unmount_at(&path.context, path.string.text, (uint32_t)flags);
	path_end(&path);
	return error;
}

/* ---- sync ----------------------------------------------------------------------------------- */

int64_t
sys_sync(struct thread *thread)
{
	/* The user is not told what could not be written; the log is. */
	if (mount_sync_all(thread->kernel) < 0)
		kernel_log(thread->kernel, LOG_ERROR, "sync: not everything could be written");
	return 0;
}

/* Do files of this kind have anything to be made durable? */
static bool
is_kept(const struct vnode *vnode)
{
	return vnode->type == VNODE_REGULAR || vnode->type == VNODE_DIRECTORY ||
	       vnode->type == VNODE_BLOCK;
}

static int
sync_file(struct thread *thread, int fd, bool data_only)
{
	struct file *file = thread_file(thread, fd);
	int error;

	if (file == NULL)
		return -EBADF;
	if (file_is_path(file))
		error = -EBADF;
	else
		error = is_kept(file->vnode)
			    ? vnode_sync(file->vnode, data_only, &file->errors_told)
			    : -EINVAL;
	file_put(file);
	return error;
}

int64_t
sys_fsync(struct thread *thread, int fd)
{
	return sync_file(thread, fd, false);
}

int64_t
sys_fdatasync(struct thread *thread, int fd)
{
	return sync_file(thread, fd, true);
}

int64_t
sys_syncfs(struct thread *thread, int fd)
{
	struct file *file = thread_file(thread, fd);
	struct mount *mount;
	int error = -EBADF, earlier = 0;

	if (file == NULL)
		return -EBADF;
	if (!file_is_path(file)) {
		mount = file->vnode->mount;
		error = mount_sync(mount);
		earlier = write_errors_tell(&mount->write_errors, &file->mount_errors_told);
	}
	file_put(file);
	return error < 0 ? error : earlier;
}
