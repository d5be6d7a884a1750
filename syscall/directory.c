/*
 * Listing directories, and where a process stands: getdents64, chdir, fchdir,
 * chroot, getcwd.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "kern/memory.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/path.h"
#include "syscall/process.h"
#include "vfs/namespace.h"
#include "vfs/permission.h"
#include "vfs/vnode.h"

/* ---- getdents64 --------------------------------------------------------------------------- */

/*
 * An entry, struct linux_dirent64: 8 bytes of inode number, 8 of position after
 * it, 2 of entry size, 1 of type, the name and its NUL, up to a multiple of 8.
 */
#define ENTRY_NAME 19
#define ENTRY_UNIT 8

/* Entries are gathered here and copied out in batches, with no vnode lock held. */
#define BATCH_SIZE PAGE_SIZE

struct entry_batch {
	struct directory_sink sink;
	uint8_t *bytes;
	size_t size; /* room */
	size_t used;
	bool is_full; /* an entry did not fit */
};

static bool
entry_batch_add(struct directory_sink *sink, struct name name, uint64_t ino, enum vnode_type type,
    uint64_t next)
{
	struct entry_batch *batch = container_of(sink, struct entry_batch, sink);
	size_t size = (size_t)round_up(ENTRY_NAME + name.length + 1, ENTRY_UNIT);
	uint8_t *entry = batch->bytes + batch->used;
	uint16_t entry_size = (uint16_t)size;

	if (size > batch->size - batch->used) {
		batch->is_full = true;
		return false;
	}
	/* In the byte order of the user, which is that of the kernel. */
	memset(entry, 0, size);
	memcpy(entry, &ino, 8);
	memcpy(entry + 8, &next, 8);
	memcpy(entry + 16, &entry_size, 2);
	entry[18] = (uint8_t)type;
	memcpy(entry + ENTRY_NAME, name.bytes, name.length);
	batch->used += size;
	return true;
}

/*
 * Fill batches and copy them out until the directory ends or the next entry
 * does not fit.  How many bytes; *position is after the last entry copied.
 */
static int64_t
list_directory(struct thread *thread, struct vnode *dir, uint64_t *position, struct user_ptr buffer,
    uint64_t size, uint8_t *bytes)
{
	uint64_t done = 0;
	int error = 0;

	for (;;) {
		uint64_t next = *position;
		struct entry_batch batch = {
			.sink.add = entry_batch_add,
			.bytes = bytes,
			.size = (size_t)min_u64(size - done, BATCH_SIZE),
		};

		error = namespace_read_directory(dir, &next, &batch.sink);
		if (error < 0 || batch.used == 0) {
			if (error == 0 && batch.is_full && done == 0)
				error = -EINVAL; /* no room for a single entry */
			break;
		}
		error = copy_out(thread->space, user_ptr_add(buffer, done), bytes, batch.used);
		if (error < 0)
			break;
		*position = next;
		done += batch.used;
		if (!batch.is_full)
			break;
	}
	return done > 0 ? (int64_t)done : error;
}

int64_t
sys_getdents64(struct thread *thread, int fd, struct user_ptr buffer, uint64_t size)
{
	struct file *file = thread_file(thread, fd);
	uint8_t *bytes;
	int64_t result;

	if (file == NULL)
		return -EBADF;
	if (file_is_path(file)) {
		result = -EBADF;
	} else if (file->vnode->type != VNODE_DIRECTORY) {
		result = -ENOTDIR;
	} else if ((bytes = page_run_alloc(thread->kernel, 1)) == NULL) {
		result = -ENOMEM;
	} else {
		mutex_lock(&file->offset_lock);
		result = list_directory(thread, file->vnode, &file->offset, buffer,
		    min_u64(size, INT32_MAX), bytes);
		mutex_unlock(&file->offset_lock);
		page_run_free(thread->kernel, bytes, 1);
		if (result >= 0)
			file_accessed(file);
	}
	file_put(file);
	return result;
}

/* ---- the current directory and the root ------------------------------------------------------- */

/* May the caller stand in vnode? */
static int
check_enter(struct thread *thread, struct vnode *vnode)
{
	int error;

	if (vnode->type != VNODE_DIRECTORY)
		return -ENOTDIR;
	rwlock_lock_shared(&vnode->lock);
	error = permission_check(vnode, thread->credential, ACCESS_EXECUTE);
	rwlock_unlock_shared(&vnode->lock);
	return error;
}

/* A reference to the directory that path leads to, if the caller may enter it. */
static int
directory_to_enter(struct thread *thread, struct user_ptr path, struct vnode **out)
{
	int error = path_lookup(thread, AT_FDCWD, path, 0, out);

	if (error < 0)
		return error;
	error = check_enter(thread, *out);
	if (error < 0) {
		vnode_put(*out);
		*out = NULL;
	}
	return error;
}

int64_t
sys_chdir(struct thread *thread, struct user_ptr path)
{
	struct vnode *vnode;
	int error = directory_to_enter(thread, path, &vnode);

	if (error == 0)
		process_set_current(thread->process, vnode);
	return error;
}

int64_t
sys_fchdir(struct thread *thread, int fd)
{
	struct file *file = thread_file(thread, fd);
	int error;

	if (file == NULL)
		return -EBADF;
	error = check_enter(thread, file->vnode);
	if (error == 0)
		process_set_current(thread->process, vnode_get(file->vnode));
	file_put(file);
	return error;
}

int64_t
sys_chroot(struct thread *thread, struct user_ptr path)
{
	struct vnode *vnode;
	int error = directory_to_enter(thread, path, &vnode);

	if (error < 0)
		return error;
	if (!credential_can(thread->credential, CAP_SYS_CHROOT)) {
		vnode_put(vnode);
		return -EPERM;
	}
	process_set_root(thread->process, vnode);
	return 0;
}

static int
current_path(struct thread *thread, char *path, size_t *length)
{
	struct path_context context = {
		.kernel = thread->kernel,
		.credential = thread->credential,
	};
	int error;

	process_directories(thread->process, &context.root, &context.start);
	error = lookup_path_of(&context, context.start, path, PATH_LENGTH_MAX, length);
	vnode_put(context.start);
	vnode_put(context.root);
	return error;
}

int64_t
sys_getcwd(struct thread *thread, struct user_ptr buffer, uint64_t size)
{
	char *path = memory_alloc(thread->kernel, PATH_LENGTH_MAX);
	size_t length;
	int error;

	if (path == NULL)
		return -ENOMEM;
	error = current_path(thread, path, &length);
	if (error == 0 && length > size)
		error = -ERANGE;
	if (error == 0)
		error = copy_out(thread->space, buffer, path, length);
	memory_free(thread->kernel, path, PATH_LENGTH_MAX);
	return error < 0 ? error : (int64_t)length;
}
