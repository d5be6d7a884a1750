/*
 * Extended attributes: what vfs/xattr.h does, for users.
 *
 * Each call has forms by path, by path without following a link, by descriptor
 * and, the newest, by a descriptor and a path.  As in Linux the name, the flags
 * and the value are looked at before the file is.
 *
 * One attribute is this kernel's own: rump.filesystem, which every file has.
 * Its value is what the file's file system tells about itself, lines of "key:
 * value" for people.  It is not listed, so that a program that copies a file
 * with all its attributes leaves it behind.
 */
#include "vfs/xattr.h"

#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "base/text.h"
#include "kern/memory.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

#define DESCRIPTION_MAX PAGE_SIZE

/* What setxattrat() and getxattrat() take in memory. */
struct user_xattr_args {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

/* The name of an attribute, from the user. */
struct attribute_name {
	char text[XATTR_NAME_LENGTH_MAX + 1];
	size_t length;
};

static struct name
name_from(const struct attribute_name *name)
{
	return (struct name){ name->text, name->length };
}

static bool
is_description(const struct attribute_name *name)
{
	return name_equal(name_from(name), NAME("rump.filesystem"));
}

/* -ERANGE if it is empty or too long. */
static int
copy_name(struct thread *thread, struct user_ptr from, struct attribute_name *out)
{
	int error = copy_in_string(thread->space, out->text, from, sizeof(out->text), &out->length);

	if (error == -ENAMETOOLONG || (error == 0 && out->length == 0))
		return -ERANGE;
	return error;
}

/* ---- which file ----------------------------------------------------------------------------- */

/* The file of a descriptor, which O_PATH does not open for this. */
static int
find_open(struct thread *thread, int fd, struct vnode **out)
{
	struct file *file = thread_file(thread, fd);
	int error = 0;

	*out = NULL;
	if (file == NULL)
		return -EBADF;
	if (file_is_path(file))
		error = -EBADF;
	else
		*out = vnode_get(file->vnode);
	file_put(file);
	return error;
}

static int
check_at_flags(uint32_t at_flags)
{
	return (at_flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0 ? -EINVAL : 0;
}

/* Is this no path, or one without a name?  What cannot be read is one. */
static bool
is_empty_path(struct thread *thread, struct user_ptr path)
{
	char first;

	if (user_ptr_is_null(path))
		return true;
	return copy_in(thread->space, &first, path, 1) == 0 && first == '\0';
}

/* The file of a path, or, where that may be empty and is, of dirfd. */
static int
find_at(struct thread *thread, int dirfd, struct user_ptr path, uint32_t at_flags,
    struct vnode **out)
{
	if ((at_flags & AT_EMPTY_PATH) != 0 && dirfd != AT_FDCWD && is_empty_path(thread, path))
		return find_open(thread, dirfd, out);
	return path_lookup(thread, dirfd, path, at_flags, out);
}

/* ---- getting -------------------------------------------------------------------------------- */

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

/* A value, by a buffer of the kernel's.  A value is never larger than that. */
static int64_t
copy_value(struct thread *thread, struct vnode *vnode, const struct attribute_name *name,
    struct user_ptr value, uint64_t user_size)
{
	size_t size = (size_t)min_u64(user_size, XATTR_VALUE_MAX), length;
	void *buffer = NULL;
	int error;

	if (size > 0) {
		buffer = memory_alloc(thread->kernel, size);
		if (buffer == NULL)
			return -ENOMEM;
	}
	error = xattr_get(vnode, thread->credential, name_from(name), buffer, size, &length);
	if (error == 0 && size > 0)
		error = copy_out(thread->space, value, buffer, length);
	memory_free(thread->kernel, buffer, size);
	return error < 0 ? error : (int64_t)length;
}

/* What is found passes to here, with its reference. */
static int64_t
get_from(struct thread *thread, struct vnode *vnode, const struct attribute_name *name,
    struct user_ptr value, uint64_t size)
{
	int64_t result = is_description(name) ? copy_description(thread, vnode, value, size)
					      : copy_value(thread, vnode, name, value, size);

	vnode_put(vnode);
	return result;
}

static int64_t
get_at(struct thread *thread, int dirfd, struct user_ptr path, uint32_t at_flags,
    struct user_ptr user_name, const struct user_xattr_args *args)
{
	struct attribute_name name;
	struct vnode *vnode;
	int error = copy_name(thread, user_name, &name);

	if (error == 0)
		error = find_at(thread, dirfd, path, at_flags, &vnode);
	if (error < 0)
		return error;
	return get_from(thread, vnode, &name, (struct user_ptr){ args->value }, args->size);
}

/* Sizes beyond what args hold are as good as the largest. */
static struct user_xattr_args
args_of(struct user_ptr value, uint64_t size, uint32_t flags)
{
	return (
	    struct user_xattr_args){ value.address, (uint32_t)min_u64(size, UINT32_MAX), flags };
}

int64_t
sys_getxattr(struct thread *thread, struct user_ptr path, struct user_ptr name,
    struct user_ptr value, uint64_t size)
{
	struct user_xattr_args args = args_of(value, size, 0);

	return get_at(thread, AT_FDCWD, path, 0, name, &args);
}

int64_t
sys_lgetxattr(struct thread *thread, struct user_ptr path, struct user_ptr name,
    struct user_ptr value, uint64_t size)
{
	struct user_xattr_args args = args_of(value, size, 0);

	return get_at(thread, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, name, &args);
}

int64_t
sys_fgetxattr(struct thread *thread, int fd, struct user_ptr user_name, struct user_ptr value,
    uint64_t size)
{
	struct attribute_name name;
	struct vnode *vnode;
	int error = copy_name(thread, user_name, &name);

	if (error == 0)
		error = find_open(thread, fd, &vnode);
	return error < 0 ? error : get_from(thread, vnode, &name, value, size);
}

/*
 * The args of the newest forms, whose size tells which fields there are.
 * -EINVAL if it is too small, -E2BIG if more than we know is not 0.
 */
static int
copy_args(struct thread *thread, struct user_ptr from, uint64_t size, struct user_xattr_args *out)
{
	if (size < sizeof(*out))
		return -EINVAL;
	return copy_in_extensible(thread->space, out, sizeof(*out), from, size);
}

int64_t
sys_getxattrat(struct thread *thread, int dirfd, struct user_ptr path, uint32_t at_flags,
    struct user_ptr name, struct user_ptr user_args, uint64_t args_size)
{
	struct user_xattr_args args;
	int error = copy_args(thread, user_args, args_size, &args);

	if (error == 0 && args.flags != 0)
		error = -EINVAL;
	if (error == 0)
		error = check_at_flags(at_flags);
	return error < 0 ? error : get_at(thread, dirfd, path, at_flags, name, &args);
}

/* ---- setting -------------------------------------------------------------------------------- */

/* An attribute that is to be set, copied from the user. */
struct setting {
	struct attribute_name name;
	void *value; /* owned; NULL if size is 0 */
	size_t size;
	uint32_t flags;
};

static void
setting_free(struct setting *setting, struct kernel *kernel)
{
	memory_free(kernel, setting->value, setting->size);
}

static int
copy_setting(struct thread *thread, struct user_ptr name, const struct user_xattr_args *args,
    struct setting *out)
{
	int error;

	if ((args->flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE)) != 0)
		return -EINVAL;
	error = copy_name(thread, name, &out->name);
	if (error < 0)
		return error;
	if (args->size > XATTR_VALUE_MAX)
		return -E2BIG;
	out->flags = args->flags;
	out->size = args->size;
	out->value = NULL;
	if (out->size == 0)
		return 0;
	out->value = memory_alloc(thread->kernel, out->size);
	if (out->value == NULL)
		return -ENOMEM;
	error = copy_in(thread->space, out->value, (struct user_ptr){ args->value }, out->size);
	if (error < 0)
		setting_free(out, thread->kernel);
	return error;
}

static int64_t
set_in(struct thread *thread, struct vnode *vnode, const struct setting *setting)
{
	if (is_description(&setting->name))
		return -EPERM;
	return xattr_set(vnode, thread->credential, name_from(&setting->name), setting->value,
	    setting->size, setting->flags);
}

static int64_t
set_at(struct thread *thread, int dirfd, struct user_ptr path, uint32_t at_flags,
    struct user_ptr name, const struct user_xattr_args *args)
{
	struct setting setting;
	struct vnode *vnode;
	int64_t result = copy_setting(thread, name, args, &setting);

	if (result < 0)
		return result;
	result = find_at(thread, dirfd, path, at_flags, &vnode);
	if (result == 0) {
		result = set_in(thread, vnode, &setting);
		vnode_put(vnode);
	}
	setting_free(&setting, thread->kernel);
	return result;
}

int64_t
sys_setxattr(struct thread *thread, struct user_ptr path, struct user_ptr name,
    struct user_ptr value, uint64_t size, int flags)
{
	struct user_xattr_args args = args_of(value, size, (uint32_t)flags);

	return set_at(thread, AT_FDCWD, path, 0, name, &args);
}

int64_t
sys_lsetxattr(struct thread *thread, struct user_ptr path, struct user_ptr name,
    struct user_ptr value, uint64_t size, int flags)
{
	struct user_xattr_args args = args_of(value, size, (uint32_t)flags);

	return set_at(thread, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, name, &args);
}

int64_t
sys_fsetxattr(struct thread *thread, int fd, struct user_ptr name, struct user_ptr value,
    uint64_t size, int flags)
{
	struct user_xattr_args args = args_of(value, size, (uint32_t)flags);
	struct setting setting;
	struct vnode *vnode;
	int64_t result = copy_setting(thread, name, &args, &setting);

	if (result < 0)
		return result;
	result = find_open(thread, fd, &vnode);
	if (result == 0) {
		result = set_in(thread, vnode, &setting);
		vnode_put(vnode);
	}
	setting_free(&setting, thread->kernel);
	return result;
}

int64_t
sys_setxattrat(struct thread *thread, int dirfd, struct user_ptr path, uint32_t at_flags,
    struct user_ptr name, struct user_ptr user_args, uint64_t args_size)
{
	struct user_xattr_args args;
	int error = copy_args(thread, user_args, args_size, &args);

	if (error == 0)
		error = check_at_flags(at_flags);
	return error < 0 ? error : set_at(thread, dirfd, path, at_flags, name, &args);
}

/* ---- listing -------------------------------------------------------------------------------- */

/* What is found passes to here, with its reference. */
static int64_t
list_from(struct thread *thread, struct vnode *vnode, struct user_ptr list, uint64_t size)
{
	struct xattr_names names;
	int64_t result = xattr_list(vnode, thread->credential, &names);

	vnode_put(vnode);
	if (result < 0)
		return result;
	result = (int64_t)names.length;
	if (size > 0 && size < names.length)
		result = size >= XATTR_LIST_MAX ? -E2BIG : -ERANGE;
	else if (size > 0 && copy_out(thread->space, list, names.bytes, names.length) < 0)
		result = -EFAULT;
	xattr_names_free(&names, thread->kernel);
	return result;
}

int64_t
sys_listxattrat(struct thread *thread, int dirfd, struct user_ptr path, uint32_t at_flags,
    struct user_ptr list, uint64_t size)
{
	struct vnode *vnode;
	int error = check_at_flags(at_flags);

	if (error == 0)
		error = find_at(thread, dirfd, path, at_flags, &vnode);
	return error < 0 ? error : list_from(thread, vnode, list, size);
}

int64_t
sys_listxattr(struct thread *thread, struct user_ptr path, struct user_ptr list, uint64_t size)
{
	return sys_listxattrat(thread, AT_FDCWD, path, 0, list, size);
}

int64_t
sys_llistxattr(struct thread *thread, struct user_ptr path, struct user_ptr list, uint64_t size)
{
	return sys_listxattrat(thread, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, list, size);
}

int64_t
sys_flistxattr(struct thread *thread, int fd, struct user_ptr list, uint64_t size)
{
	struct vnode *vnode;
	int error = find_open(thread, fd, &vnode);

	return error < 0 ? error : list_from(thread, vnode, list, size);
}

/* ---- removing ------------------------------------------------------------------------------- */

static int64_t
remove_from(struct thread *thread, struct vnode *vnode, const struct attribute_name *name)
{
	if (is_description(name))
		return -EPERM;
	return xattr_remove(vnode, thread->credential, name_from(name));
}

int64_t
sys_removexattrat(struct thread *thread, int dirfd, struct user_ptr path, uint32_t at_flags,
    struct user_ptr user_name)
{
	struct attribute_name name;
	struct vnode *vnode;
	int64_t result = check_at_flags(at_flags);

	if (result == 0)
		result = copy_name(thread, user_name, &name);
	if (result == 0)
		result = find_at(thread, dirfd, path, at_flags, &vnode);
	if (result < 0)
		return result;
	result = remove_from(thread, vnode, &name);
	vnode_put(vnode);
	return result;
}

int64_t
sys_removexattr(struct thread *thread, struct user_ptr path, struct user_ptr name)
{
	return sys_removexattrat(thread, AT_FDCWD, path, 0, name);
}

int64_t
sys_lremovexattr(struct thread *thread, struct user_ptr path, struct user_ptr name)
{
	return sys_removexattrat(thread, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, name);
}

int64_t
sys_fremovexattr(struct thread *thread, int fd, struct user_ptr user_name)
{
	struct attribute_name name;
	struct vnode *vnode;
	int64_t result = copy_name(thread, user_name, &name);

	if (result == 0)
		result = find_open(thread, fd, &vnode);
	if (result < 0)
		return result;
	result = remove_from(thread, vnode, &name);
	vnode_put(vnode);
	return result;
}
