/*
 * Paths as arguments.
 *
 * Most are short: they are copied to the stack, and only those that turn out
 * to be longer to memory of their own.  A struct path is small enough that two
 * of them fit a kernel stack frame, for rename().
 */
#include "syscall/path.h"

#include "base/errno.h"
#include "kern/memory.h"
#include "syscall/process.h"
#include "vfs/vnode.h"

int
user_string_copy(struct user_string *string, struct thread *thread, struct user_ptr from)
{
	int error;

	string->kernel = thread->kernel;
	string->allocated = NULL;
	string->text = string->embedded;
	error = copy_in_string(thread->space, string->embedded, from, sizeof(string->embedded),
	    &string->length);
	if (error != -ENAMETOOLONG)
		return error;

	string->allocated = memory_alloc(thread->kernel, PATH_LENGTH_MAX);
	if (string->allocated == NULL)
		return -ENOMEM;
	string->text = string->allocated;
	error = copy_in_string(thread->space, string->allocated, from, PATH_LENGTH_MAX,
	    &string->length);
	if (error < 0)
		user_string_free(string);
	return error;
}

void
user_string_free(struct user_string *string)
{
	memory_free(string->kernel, string->allocated, PATH_LENGTH_MAX);
	string->allocated = NULL;
}

/* Let the path begin at what descriptor dirfd leads to instead. */
static int
path_start_at(struct path *path, struct thread *thread, int dirfd)
{
	struct file *file = thread_file(thread, dirfd);
	int error = 0;

	if (file == NULL)
		return -EBADF;
	if (path->string.length > 0 && file->vnode->type != VNODE_DIRECTORY) {
		error = -ENOTDIR;
	} else {
		vnode_put(path->context.start);
		path->context.start = vnode_get(file->vnode);
	}
	file_put(file);
	return error;
}

/* Who looks, and from the process's own directories. */
static void
path_fill_context(struct path *path, struct thread *thread)
{
	path->context = (struct path_context){
		.kernel = thread->kernel,
		.credential = thread->credential,
		.reader = &thread->reader,
		.umask = atomic_load_explicit(&thread->process->umask, memory_order_relaxed),
	};
	process_directories(thread->process, &path->context.root, &path->context.start);
}

int
path_begin(struct path *path, struct thread *thread, int dirfd, struct user_ptr from,
    uint32_t at_flags)
{
	int error = user_string_copy(&path->string, thread, from);

	if (error < 0)
		return error;
	if (path->string.length == 0 && (at_flags & AT_EMPTY_PATH) == 0)
		return -ENOENT;

	path_fill_context(path, thread);
	if (dirfd != AT_FDCWD && path->string.text[0] != '/')
		error = path_start_at(path, thread, dirfd);
	if (error < 0)
		path_end(path);
	return error;
}

int
path_begin_restricted(struct path *path, struct thread *thread, int dirfd, struct user_ptr from,
    uint32_t resolve)
{
	bool is_absolute;
	int error = user_string_copy(&path->string, thread, from);

	if (error < 0)
		return error;
	path_fill_context(path, thread);
	path->context.resolve = resolve;
	is_absolute = path->string.text[0] == '/';
	if (path->string.length == 0)
		error = -ENOENT;
	else if (is_absolute && (resolve & RESOLVE_BENEATH) != 0)
		error = -EXDEV;
	else if (dirfd != AT_FDCWD && (!is_absolute || (resolve & RESOLVE_IN_ROOT) != 0))
		error = path_start_at(path, thread, dirfd);
	if (error < 0) {
		path_end(path);
		return error;
	}
	if ((resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0) {
		vnode_put(path->context.root);
		path->context.root = vnode_get(path->context.start);
	}
	return 0;
}

void
path_end(struct path *path)
{
	vnode_put(path->context.start);
	vnode_put(path->context.root);
	user_string_free(&path->string);
}

int
path_lookup(struct thread *thread, int dirfd, struct user_ptr from, uint32_t at_flags,
    struct vnode **out)
{
	uint32_t flags = (at_flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : LOOKUP_FOLLOW;
	struct path path;
	int error;

	*out = NULL;
	if ((at_flags & AT_EMPTY_PATH) != 0)
		flags |= LOOKUP_EMPTY_PATH;
	error = path_begin(&path, thread, dirfd, from, at_flags);
	if (error < 0)
		return error;
	error = lookup(&path.context, path.string.text, flags, out);
	path_end(&path);
	return error;
}
