/*
 * The processes of a kernel.
 *
 * The table's lock guards which processes and threads there are; a process's
 * own lock its directories and credentials.  Neither is held while the other
 * is taken, nor while anything is closed: a process leaves the table first and
 * is taken apart after.
 */
#include "syscall/process.h"

#include "base/errno.h"
#include "syscall/anonymous.h"
#include "syscall/ids.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

#define UMASK_FIRST 022

struct process_table {
	struct file_pool files;
	struct anonymous anonymous;
	struct process *first; /* process 1; constant once started */

	struct mutex lock;
	struct list processes; /* GUARDED_BY(lock) */
	struct ids ids;	       /* of processes and threads; GUARDED_BY(lock) */
};

static struct process_table *
table_of(struct kernel *kernel)
{
	return kernel->slots[SLOT_PROCESS];
}

struct file_pool *
process_file_pool(struct kernel *kernel)
{
	return &table_of(kernel)->files;
}

struct anonymous *
process_anonymous(struct kernel *kernel)
{
	return &table_of(kernel)->anonymous;
}

/* ---- processes -------------------------------------------------------------------- */

/* A process without identity: everything but what it has from its parent. */
static struct process *
process_alloc(struct kernel *kernel)
{
	struct process *process = memory_alloc_zeroed(kernel, sizeof(*process));

	if (process == NULL)
		return NULL;
	process->kernel = kernel;
	process->space.ops = &address_space_local_ops;
	mutex_init(&process->lock, kernel, RANK_PROCESS);
	return process;
}

/* Take apart a process that nobody can find any more; parts may be missing. */
static void
process_free(struct process *process)
{
	struct credential *credential =
	    atomic_load_explicit(&process->credential, memory_order_relaxed);

	if (process->descriptors != NULL)
		descriptor_table_put(process->descriptors);
	vnode_put(atomic_load(&process->current));
	vnode_put(atomic_load(&process->root));
	if (credential != NULL)
		credential_put(credential);
	memory_free(process->kernel, process, sizeof(*process));
}

/* Give the process an id and show it to others. */
static int
process_enter_table(struct process *process)
{
	struct process_table *table = table_of(process->kernel);
	int error;

	mutex_lock(&table->lock);
	error = ids_take(&table->ids, &process->id);
	if (error == 0)
		list_push_back(&table->processes, &process->link);
	mutex_unlock(&table->lock);
	return error;
}

/* Its children become process 1's. */
static void
process_leave_table(struct process_table *table, struct process *process) REQUIRES(table->lock)
{
	mutex_assert_held(&table->lock);
	list_remove(&process->link);
	ids_return(&table->ids, process->id);
	list_for_each(link, &table->processes) {
		struct process *other = list_entry(link, struct process, link);

		if (atomic_load_explicit(&other->parent_id, memory_order_relaxed) == process->id)
			atomic_store_explicit(&other->parent_id, table->first->id,
			    memory_order_relaxed);
	}
}

static struct process *
process_find(struct process_table *table, uint32_t id) REQUIRES(table->lock)
{
	mutex_assert_held(&table->lock);
	list_for_each(link, &table->processes) {
		struct process *process = list_entry(link, struct process, link);

		if (process->id == id)
			return process;
	}
	return NULL;
}

int
process_start_first(struct kernel *kernel)
{
	struct process *process = process_alloc(kernel);
	int error;

	if (process == NULL)
		return -ENOMEM;
	atomic_init(&process->umask, UMASK_FIRST);
	limits_init(&process->limits);
	atomic_init(&process->root, vnode_get(mount_root_vnode(kernel)));
	atomic_init(&process->current, vnode_get(mount_root_vnode(kernel)));
	atomic_init(&process->credential, credential_create(kernel));
	process->descriptors = descriptor_table_create(kernel);
	if (process->credential == NULL || process->descriptors == NULL)
		error = -ENOMEM;
	else
		error = process_enter_table(process);
	if (error < 0) {
		process_free(process);
		return error;
	}
	table_of(kernel)->first = process;
	return 0;
}

/* What descriptors the child of a process is to have. */
static int
inherit_descriptors(struct process *parent, enum process_descriptors how,
    struct descriptor_table **out)
{
	switch (how) {
	case DESCRIPTORS_SHARED:
		*out = descriptor_table_get(parent->descriptors);
		return 0;
	case DESCRIPTORS_COPIED:
		return descriptor_table_copy(parent->descriptors, out);
	default:
		*out = descriptor_table_create(parent->kernel);
		if (*out == NULL)
			return -ENOMEM;
		descriptor_table_limit(*out,
		    (uint32_t)limit_of(&parent->limits, LIMIT_DESCRIPTORS));
		return 0;
	}
}

int
process_fork(struct thread *parent, enum process_descriptors descriptors, struct thread **out)
{
	struct process *from = parent->process;
	struct process *process = process_alloc(parent->kernel);
	struct vnode *root, *current;
	int error;

	*out = NULL;
	if (process == NULL)
		return -ENOMEM;
	atomic_init(&process->umask, atomic_load_explicit(&from->umask, memory_order_relaxed));
	atomic_init(&process->parent_id, from->id);
	limits_copy(&process->limits, &from->limits);
	atomic_init(&process->credential, credential_get(parent->credential));
	process_directories(from, &root, &current);
	atomic_init(&process->root, root);
	atomic_init(&process->current, current);
	error = inherit_descriptors(from, descriptors, &process->descriptors);
	if (error == 0)
		error = process_enter_table(process);
	if (error < 0) {
		process_free(process);
		return error;
	}

	error = thread_create(parent->kernel, process->id, out);
	if (error < 0) {
		struct process_table *table = table_of(parent->kernel);

		mutex_lock(&table->lock);
		process_leave_table(table, process);
		mutex_unlock(&table->lock);
		process_free(process);
	}
	return error;
}

/* ---- threads ------------------------------------------------------------------------- */

/* Count thread to its process, and give it an id. */
static int
thread_enter_table(struct process_table *table, uint32_t pid, struct thread *thread)
{
	struct process *process;
	int error = 0;

	mutex_lock(&table->lock);
	process = process_find(table, pid);
	if (process == NULL) {
		error = -ESRCH;
	} else if (!process->has_leader) {
		process->has_leader = true;
		thread->id = pid;
	} else {
		error = ids_take(&table->ids, &thread->id);
	}
	if (error == 0) {
		process->thread_count++;
		thread->process = process;
	}
	mutex_unlock(&table->lock);
	return error;
}

int
thread_create(struct kernel *kernel, uint32_t pid, struct thread **out)
{
	struct thread *thread = memory_alloc_zeroed(kernel, sizeof(*thread));
	int error;

	*out = NULL;
	if (thread == NULL)
		return -ENOMEM;
	thread->kernel = kernel;
	error = thread_enter_table(table_of(kernel), pid, thread);
	if (error < 0) {
		memory_free(kernel, thread, sizeof(*thread));
		return error;
	}
	rcu_register(kernel, &thread->reader);
	thread->space = &thread->process->space;
	thread_renew_credential(thread);
	*out = thread;
	return 0;
}

void
thread_destroy(struct thread *thread)
{
	struct process *process = thread->process;
	struct kernel *kernel = thread->kernel;
	struct process_table *table = table_of(kernel);
	bool is_last;

	mutex_lock(&table->lock);
	if (thread->id == process->id)
		process->has_leader = false;
	else
		ids_return(&table->ids, thread->id);
	process->thread_count--;
	is_last = process->thread_count == 0 && process != table->first;
	if (is_last)
		process_leave_table(table, process);
	mutex_unlock(&table->lock);

	rcu_unregister(kernel, &thread->reader);
	credential_put(thread->credential);
	memory_free(kernel, thread, sizeof(*thread));
	if (is_last)
		process_free(process);
}

/* ---- what threads of a process share --------------------------------------------------- */

void
process_directories(struct process *process, struct vnode **root, struct vnode **current)
{
	mutex_lock(&process->lock);
	*root = vnode_get(atomic_load(&process->root));
	*current = vnode_get(atomic_load(&process->current));
	mutex_unlock(&process->lock);
}

void
process_set_root(struct process *process, struct vnode *vnode)
{
	struct vnode *old;

	mutex_lock(&process->lock);
	old = atomic_exchange(&process->root, vnode);
	mutex_unlock(&process->lock);
	vnode_put(old);
}

void
process_set_current(struct process *process, struct vnode *vnode)
{
	struct vnode *old;

	mutex_lock(&process->lock);
	old = atomic_exchange(&process->current, vnode);
	mutex_unlock(&process->lock);
	vnode_put(old);
}

int
process_credential_begin(struct process *process, struct credential **out)
{
	mutex_lock(&process->lock);
	*out = credential_copy(atomic_load_explicit(&process->credential, memory_order_relaxed));
	if (*out != NULL)
		return 0;
	mutex_unlock(&process->lock);
	return -ENOMEM;
}

void
process_credential_end(struct process *process, struct credential *credential)
{
	struct credential *old = atomic_load_explicit(&process->credential, memory_order_relaxed);

	mutex_assert_held(&process->lock);
	atomic_store_explicit(&process->credential, credential, memory_order_relaxed);
	mutex_unlock(&process->lock);
	credential_put(old);
}

void
process_credential_cancel(struct process *process, struct credential *credential)
{
	mutex_unlock(&process->lock);
	credential_put(credential);
}

void
thread_renew_credential(struct thread *thread)
{
	struct process *process = thread->process;
	struct credential *old = thread->credential;

	/* The lock keeps the process's reference, and makes the content visible. */
	mutex_lock(&process->lock);
	thread->credential =
	    credential_get(atomic_load_explicit(&process->credential, memory_order_relaxed));
	mutex_unlock(&process->lock);
	if (old != NULL)
		credential_put(old);
}

/* ---- descriptors ------------------------------------------------------------------------ */

int
thread_create_file(struct thread *thread, const struct file_ops *ops, void *object, uint32_t flags,
    struct file **out)
{
	struct file_create what = {
		.ops = ops,
		.vnode = anonymous_shared(process_anonymous(thread->kernel)),
		.object = object,
		.flags = OPEN_READ_WRITE | (flags & OPEN_NONBLOCK),
	};
	int error = file_create(process_file_pool(thread->kernel), &what, out);

	if (error < 0)
		vnode_put(what.vnode);
	return error;
}

int64_t
thread_add_file(struct thread *thread, struct file *file, bool close_on_exec)
{
	struct descriptor_table *table = thread->process->descriptors;
	int descriptor;
	int error = descriptor_reserve(table, 0, &descriptor);

	if (error < 0) {
		file_put(file);
		return error;
	}
	descriptor_install(table, descriptor, file, close_on_exec);
	return descriptor;
}

struct file *
thread_usable_file(struct thread *thread, int descriptor)
{
	struct file *file = thread_file(thread, descriptor);

	if (file == NULL || !file_is_path(file))
		return file;
	file_put(file);
	return NULL;
}

int64_t
thread_add_pair(struct thread *thread, struct file *files[2], bool close_on_exec,
    struct user_ptr out)
{
	struct descriptor_table *table = thread->process->descriptors;
	int32_t descriptors[2] = { -1, -1 };
	int error = descriptor_reserve(table, 0, &descriptors[0]);

	if (error == 0)
		error = descriptor_reserve(table, 0, &descriptors[1]);
	/* Nobody sees them before the user knows of them. */
	if (error == 0)
		error = copy_out(thread->space, out, descriptors, sizeof(descriptors));
	for (int i = 0; i < 2; i++) {
		if (error == 0) {
			descriptor_install(table, descriptors[i], files[i], close_on_exec);
			continue;
		}
		if (descriptors[i] >= 0)
			descriptor_cancel(table, descriptors[i]);
		file_put(files[i]);
	}
	return error;
}

/* ---- the component ------------------------------------------------------------------------ */

static int
process_component_start(struct kernel *kernel)
{
	struct process_table *table = memory_alloc_zeroed(kernel, sizeof(*table));
	int error;

	if (table == NULL)
		return -ENOMEM;
	error = anonymous_init(&table->anonymous, kernel);
	if (error < 0)
		goto free_table;
	error = ids_init(&table->ids, kernel);
	if (error < 0)
		goto destroy_anonymous;
	mutex_init(&table->lock, kernel, RANK_PROCESS);
	list_init(&table->processes);
	file_pool_init(&table->files, kernel);
	kernel->slots[SLOT_PROCESS] = table;
	return 0;

destroy_anonymous:
	anonymous_destroy(&table->anonymous);
free_table:
	memory_free(kernel, table, sizeof(*table));
	return error;
}

/*
 * Threads are gone, so at most process 1 is left.  With it goes the last that
 * holds on to any file; what is mounted goes here, since the file systems'
 * components are still there: they stand before this one in the list.
 */
static void
process_component_stop(struct kernel *kernel)
{
	struct process_table *table = table_of(kernel);

	if (table->first != NULL) {
		ASSERT(table->first->thread_count == 0);
		list_remove(&table->first->link);
		process_free(table->first);
	}
	ASSERT(list_is_empty(&table->processes));
	unmount_all(kernel);
	anonymous_destroy(&table->anonymous);
	file_pool_destroy(&table->files);
	ids_destroy(&table->ids);
	memory_free(kernel, table, sizeof(*table));
	kernel->slots[SLOT_PROCESS] = NULL;
}

const struct component process_component = {
	.name = "process",
	.start = process_component_start,
	.stop = process_component_stop,
};
