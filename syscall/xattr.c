/*
 * Extended attributes: none but rump.filesystem, which every file has.
 *
 * Its value is what the file's file system tells about itself, lines of "key:
 * value" for people.  It is not listed, so that a program that copies a file
 * with all its attributes leaves it behind.
 */
#include "base/errno.h"
#include "base/string.h"
#include "base/text.h"
#include "kern/memory.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

#define ATTRIBUTE_NAME_MAX 255
#define DESCRIPTION_MAX	   PAGE_SIZE

/* Is this the name of an attribute that files have? */
static int
check_name(const char *name)
{
	static const char family[] = "rump.";

	if (string_equal(name, "rump.filesystem"))
		return 0;
	if (string_length(name, sizeof(family)) > sizeof(family) - 1 &&
	    memcmp(name, family, sizeof(family) - 1) == 0)
		return -ENODATA;
	return -EOPNOTSUPP;
}

static int
copy_name(struct thread *thread, struct user_ptr from)
{
	struct user_string name;
	int error = user_string_copy(&name, thread, from);

	if (error == -ENAMETOOLONG)
		return -ERANGE;
	if (error < 0)
		return error;
	if (name.length == 0 || name.length > ATTRIBUTE_NAME_MAX)
		error = -ERANGE;
	else
		error = check_name(name.text);
	user_string_free(&name);
	return error;
}

/* The description of vnode's file system; with size 0 only how long it is. */
static int64_t
copy_description(struct thread *thread, struct vnode *vnode, struct user_ptr value, uint64_t size)
{
	char *buffer = page_run_alloc(thread->kernel, DESCRIPTION_MAX / PAGE_SIZE);
	struct text text;
	int64_t result;

	if (buffer == NULL)
		return -ENOMEM;
	text = text_in(buffer, DESCRIPTION_MAX);
	mount_describe(vnode->mount, &text);
	if (text.length >= DESCRIPTION_MAX)
		text.length = DESCRIPTION_MAX - 1;
	result = (int64_t)text.length;
	if (size > 0 && size < text.length)
		result = -ERANGE;
	else if (size > 0 && copy_out(thread->space, value, buffer, text.length) < 0)
		result = -EFAULT;
	page_run_free(thread->kernel, buffer, DESCRIPTION_MAX / PAGE_SIZE);
	return result;
}

static int64_t
get_by_path(struct thread *thread, struct user_ptr path, uint32_t at_flags, struct user_ptr name,
    struct user_ptr value, uint64_t size)
{
	struct vnode *vnode;
	int64_t result = path_lookup(thread, AT_FDCWD, path, at_flags, &vnode);

	if (result < 0)
		return result;
	result = copy_name(thread, name);
	if (result == 0)
		result = copy_description(thread, vnode, value, size);
	vnode_put(vnode);
	return result;
}

int64_t
sys_getxattr(struct thread *thread, struct user_ptr path, struct user_ptr name,
    struct user_ptr value, uint64_t size)
{
	return get_by_path(thread, path, 0, name, value, size);
}

int64_t
sys_lgetxattr(struct thread *thread, struct user_ptr path, struct user_ptr name,
    struct user_ptr value, uint64_t size)
{
	return get_by_path(thread, path, AT_SYMLINK_NOFOLLOW, name, value, size);
}

int64_t
sys_fgetxattr(struct thread *thread, int fd, struct user_ptr name, struct user_ptr value,
    uint64_t size)
{
	struct file *file = thread_file(thread, fd);
	int64_t result;

	if (file == NULL)
		return -EBADF;
	result = file_is_path(file) ? -EBADF : copy_name(thread, name);
	if (result == 0)
		result = copy_description(thread, file->vnode, value, size);
	file_put(file);
	return result;
}

static int64_t
list_by_path(struct thread *thread, struct user_ptr path, uint32_t at_flags)
{
	struct vnode *vnode;
	int error = path_lookup(thread, AT_FDCWD, path, at_flags, &vnode);

	if (error == 0)
		vnode_put(vnode);
	return error;
}

int64_t
sys_listxattr(struct thread *thread, struct user_ptr path, struct user_ptr list, uint64_t size)
{
	return list_by_path(thread, path, 0);
}

int64_t
sys_llistxattr(struct thread *thread, struct user_ptr path, struct user_ptr list, uint64_t size)
{
	return list_by_path(thread, path, AT_SYMLINK_NOFOLLOW);
}

int64_t
sys_flistxattr(struct thread *thread, int fd, struct user_ptr list, uint64_t size)
{
	struct file *file = thread_file(thread, fd);
	int error;

	if (file == NULL)
		return -EBADF;
	error = file_is_path(file) ? -EBADF : 0;
	file_put(file);
	return error;
}
