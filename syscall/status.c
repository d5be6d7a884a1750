/*
 * The status of a file, by descriptor or by path.
 *
 * Programs ask for the status of files more often than for anything else, and of
 * the same few directories.  So a path is first tried without a lock and
 * without a reference to anything, in a section of the thread's reader
 * (kern/rcu.h): if all is cached, nothing that threads share is written.
 */
#include "syscall/status.h"

#include "base/errno.h"
#include "kern/kernel.h"
#include "kern/rcu.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

/* All but the attributes. */
static void
describe(const struct vnode *vnode, struct status *out)
{
	out->type = vnode->type;
	out->device = vnode->mount->device;
	out->mount_id = vnode->mount->id;
	out->is_mount_root = vnode == vnode->mount->root;
}

void
status_of(struct vnode *vnode, struct status *out)
{
	describe(vnode, out);
	namespace_attributes(vnode, &out->attributes);
}

/*
 * The status of what text leads to, if that can be told in passing.  at is what
 * relative paths begin at; NULL: the current directory.
 */
static bool
peek(struct thread *thread, const struct file *at, const char *text, uint32_t flags,
    struct status *out, int *result)
{
	struct process *process = thread->process;
	struct path_context context = {
		.kernel = thread->kernel,
		.root = atomic_load(&process->root),
		.start = at != NULL ? at->vnode : atomic_load(&process->current),
		.credential = thread->credential,
	};
	struct vnode *vnode;

	if (!lookup_peek(&context, text, flags, &vnode, result))
		return false;
	if (*result < 0)
		return true;
	describe(vnode, out);
	return namespace_peek_attributes(vnode, &out->attributes);
}

/* The status by way of references. */
static int
find_status(struct thread *thread, int dirfd, struct user_ptr from, uint32_t at_flags,
    struct status *out)
{
	struct vnode *vnode;
	int error = path_lookup(thread, dirfd, from, at_flags, &vnode);

	if (error < 0)
		return error;
	status_of(vnode, out);
	vnode_put(vnode);
	return 0;
}

/* peek(), in a section of the thread's reader. */
static bool
peek_status(struct thread *thread, int dirfd, const char *text, uint32_t flags, struct status *out,
    int *result)
{
	bool is_relative = dirfd != AT_FDCWD && *text != '/';
	struct file *at = is_relative ? thread_file(thread, dirfd) : NULL;
	bool is_known;

	if (is_relative && at == NULL)
		return false;
	rcu_read_begin(&thread->reader);
	is_known = peek(thread, at, text, flags, out, result);
	rcu_read_end(thread->kernel, &thread->reader);
	if (at != NULL)
		file_put(at);
	return is_known;
}

int
path_status(struct thread *thread, int dirfd, struct user_ptr from, uint32_t at_flags,
    struct status *out)
{
	uint32_t flags = (at_flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : LOOKUP_FOLLOW;
	struct user_string string;
	bool is_known;
	int result;

	result = user_string_copy(&string, thread, from);
	if (result < 0)
		return result;
	is_known = peek_status(thread, dirfd, string.text, flags, out, &result);
	user_string_free(&string);
	return is_known ? result : find_status(thread, dirfd, from, at_flags, out);
}
