/*
 * Calls that make, remove and move names: what vfs/namespace.h does, for paths
 * of a user.
 *
 * Here, arguments are copied in and checked in Linux's order, which decides
 * what a caller with several mistakes hears of; all rules about the files
 * themselves are in the layer below.
 */
#include "base/errno.h"
#include "kern/memory.h"
#include "kern/thread.h"
#include "syscall/device_number.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "vfs/namespace.h"
#include "vfs/vnode.h"

/* ---- making ------------------------------------------------------------------------------- */

static int
create_at(struct thread *thread, int dirfd, struct user_ptr user_path, struct vnode_create *what)
{
	struct path path;
	int error = path_begin(&path, thread, dirfd, user_path, 0);

	if (error < 0)
		return error;
	error = namespace_create(&path.context, path.string.text, what);
	path_end(&path);
	return error;
}

int64_t
sys_mkdirat(struct thread *thread, int dirfd, struct user_ptr path, uint32_t mode)
{
	struct vnode_create what = {
		.type = VNODE_DIRECTORY,
		.permissions = mode & (MODE_PERMISSIONS & ~(MODE_SETUID | MODE_SETGID)),
	};

	return create_at(thread, dirfd, path, &what);
}

/* Which type of file mknod(2) is to make. */
static int
type_of_node(uint32_t mode, enum vnode_type *out)
{
	*out = (enum vnode_type)((mode & MODE_TYPE) >> MODE_TYPE_SHIFT);
	switch ((mode & MODE_TYPE) >> MODE_TYPE_SHIFT) {
	case 0:
		*out = VNODE_REGULAR;
		return 0;
	case VNODE_REGULAR:
	case VNODE_CHARACTER:
	case VNODE_BLOCK:
	case VNODE_FIFO:
	case VNODE_SOCKET:
		return 0;
	case VNODE_DIRECTORY:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

int64_t
sys_mknodat(struct thread *thread, int dirfd, struct user_ptr path, uint32_t mode, uint64_t device)
{
	struct vnode_create what = { .permissions = mode & MODE_PERMISSIONS };
	int error = type_of_node(mode, &what.type);

	if (error == 0 && (what.type == VNODE_CHARACTER || what.type == VNODE_BLOCK))
		error = device_number_decode(device, &what.device);
	return error < 0 ? error : create_at(thread, dirfd, path, &what);
}

int64_t
sys_symlinkat(struct thread *thread, struct user_ptr user_target, int dirfd, struct user_ptr path)
{
	struct vnode_create what = { .type = VNODE_SYMLINK, .permissions = 0777 };
	struct user_string target;
	int error = user_string_copy(&target, thread, user_target);

	if (error < 0)
		return error;
	what.target = (struct name){ target.text, target.length };
	if (target.length == 0)
		error = -ENOENT;
	else
		error = create_at(thread, dirfd, path, &what);
	user_string_free(&target);
	return error;
}

/* ---- two names ------------------------------------------------------------------------------ */

/*
 * Where both paths are bad, the first one counts, as far as the call would have
 * followed it before it looked at the second.
 */

/* The first path of link(): to the file. */
static int
check_link_from(const struct path *from, uint32_t how)
{
	struct vnode *vnode;
	int error = lookup(&from->context, from->string.text, how, &vnode);

	if (error == 0)
		vnode_put(vnode);
	return error;
}

/* The first path of rename(): to the directory that the file is in. */
static int
check_rename_from(const struct path *from)
{
	struct lookup_parent parent;
	int error = lookup_parent(&from->context, from->string.text, &parent);

	if (error == 0)
		vnode_put(parent.dir);
	return error;
}

int64_t
sys_linkat(struct thread *thread, int from_dirfd, struct user_ptr user_from, int to_dirfd,
    struct user_ptr user_to, int user_flags)
{
	uint32_t flags = (uint32_t)user_flags;
	uint32_t how = (flags & AT_SYMLINK_FOLLOW) != 0 ? LOOKUP_FOLLOW : 0;
	struct path from, to;
	int error, from_error;

	if ((flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	/* Whoever could not open a file must not give it a new name either. */
	if ((flags & AT_EMPTY_PATH) != 0 &&
	    !credential_can(thread->credential, CAP_DAC_READ_SEARCH))
		return -ENOENT;
	if ((flags & AT_EMPTY_PATH) != 0)
		how |= LOOKUP_EMPTY_PATH;

	error = path_begin(&from, thread, from_dirfd, user_from, flags);
	if (error < 0)
		return error;
	error = path_begin(&to, thread, to_dirfd, user_to, 0);
	if (error == 0) {
		error = namespace_link(&from.context, from.string.text, &to.context, to.string.text,
		    how);
		path_end(&to);
	} else {
		from_error = check_link_from(&from, how);
		error = from_error < 0 ? from_error : error;
	}
	path_end(&from);
	return error;
}

int64_t
sys_renameat2(struct thread *thread, int from_dirfd, struct user_ptr user_from, int to_dirfd,
    struct user_ptr user_to, uint32_t flags)
{
	const uint32_t both = RENAME_NO_REPLACE | RENAME_SWAP;
	struct path from, to;
	int error, from_error;

	if ((flags & ~both) != 0 || (flags & both) == both)
		return -EINVAL;
	error = path_begin(&from, thread, from_dirfd, user_from, 0);
	if (error < 0)
		return error;
	error = path_begin(&to, thread, to_dirfd, user_to, 0);
	if (error == 0) {
		error = namespace_rename(&from.context, from.string.text, &to.context,
		    to.string.text, flags);
		path_end(&to);
	} else {
		from_error = check_rename_from(&from);
		error = from_error < 0 ? from_error : error;
	}
	path_end(&from);
	return error;
}

int64_t
sys_renameat(struct thread *thread, int from_dirfd, struct user_ptr from, int to_dirfd,
    struct user_ptr to)
{
	return sys_renameat2(thread, from_dirfd, from, to_dirfd, to, 0);
}

/* ---- removing, and reading links --------------------------------------------------------------- */

int64_t
sys_unlinkat(struct thread *thread, int dirfd, struct user_ptr user_path, int flags)
{
	struct path path;
	int error;

	if ((flags & ~AT_REMOVEDIR) != 0)
		return -EINVAL;
	error = path_begin(&path, thread, dirfd, user_path, 0);
	if (error < 0)
		return error;
	if ((flags & AT_REMOVEDIR) != 0)
		error = namespace_rmdir(&path.context, path.string.text);
	else
		error = namespace_unlink(&path.context, path.string.text);
	path_end(&path);
	return error;
}

/* Copy the target of a link out, cut to size bytes; how many there were. */
static int64_t
copy_target(struct thread *thread, struct vnode *link, struct user_ptr buffer, size_t size)
{
	char *target = memory_alloc(thread->kernel, PATH_LENGTH_MAX);
	size_t length;
	int error;

	if (target == NULL)
		return -ENOMEM;
	error = namespace_read_link(link, target, PATH_LENGTH_MAX, &length);
	if (error == 0) {
		length = length < size ? length : size;
		error = copy_out(thread->space, buffer, target, length);
	}
	memory_free(thread->kernel, target, PATH_LENGTH_MAX);
	return error < 0 ? error : (int64_t)length;
}

int64_t
sys_readlinkat(struct thread *thread, int dirfd, struct user_ptr user_path, struct user_ptr buffer,
    uint64_t size)
{
	struct vnode *vnode;
	struct path path;
	int64_t result;

	if (size == 0 || size > INT32_MAX)
		return -EINVAL;
	result = path_begin(&path, thread, dirfd, user_path, AT_EMPTY_PATH);
	if (result < 0)
		return result;
	result = lookup(&path.context, path.string.text, LOOKUP_EMPTY_PATH, &vnode);
	if (result == 0) {
		/* An empty path means a link that was opened with O_PATH. */
		if (vnode->type == VNODE_SYMLINK)
			result = copy_target(thread, vnode, buffer, (size_t)size);
		else
			result = path.string.length == 0 ? -ENOENT : -EINVAL;
		vnode_put(vnode);
	}
	path_end(&path);
	return result;
}
