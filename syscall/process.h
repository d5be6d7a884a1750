/*
 * Processes and their threads: on whose behalf system calls are done.
 *
 * A process has descriptors, a root and a current directory, a umask, and
 * credentials; its threads (kern/thread.h) share them.  Process 1 is made when
 * the kernel has a root file system, and lives as long as the kernel; any other
 * is gone with its last thread.
 *
 * A thread keeps a reference to the process's credentials of its own, taken
 * anew when it enters the kernel and they have changed since; so they stay the
 * same during a call, and reading them needs no lock.
 */
#ifndef SYSCALL_PROCESS_H
#define SYSCALL_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kern/credential.h"
#include "kern/kernel.h"
#include "kern/mutex.h"
#include "kern/thread.h"
#include "kern/user.h"
#include "syscall/descriptor.h"
#include "syscall/file.h"
#include "syscall/limits.h"

struct anonymous;
struct vnode;

/* Distance that keeps what many threads read off the lines that others write. */
#define CACHE_LINE 64

struct process {
	struct kernel *kernel;			 /* constant */
	uint32_t id;				 /* pid; constant */
	_Atomic uint32_t parent_id;		 /* 0: none */
	struct address_space space;		 /* its memory; constant */
	struct descriptor_table *descriptors;	 /* a reference; constant */
	_Atomic(struct credential *) credential; /* a reference; changed under the lock */
	_Atomic uint32_t umask;
	struct limits limits;

	char apart[CACHE_LINE];
	struct mutex lock;
	_Atomic(struct vnode *) root;	 /* a reference; changed under the lock, read also by rcu */
	_Atomic(struct vnode *) current; /* the same */

	struct list link;      /* all processes; GUARDED_BY(process table) */
	uint32_t thread_count; /* GUARDED_BY(process table) */
	bool has_leader;       /* a thread whose id is the pid; GUARDED_BY(process table) */
};

/*
 * The component: no process yet.  It stands after all file systems, and unmounts
 * everything when it stops.
 */
extern const struct component process_component;

/* Make process 1, of the superuser, in the root of the root file system; -ENOMEM. */
MUST_CHECK int process_start_first(struct kernel *kernel);

/* What descriptors a new process begins with. */
enum process_descriptors {
	DESCRIPTORS_SHARED, /* one table for both */
	DESCRIPTORS_COPIED,
	DESCRIPTORS_NONE,
};

/*
 * Make a process that is a child of parent's and has all else from it, and its
 * first thread.  -EAGAIN when there are too many, -ENOMEM.
 */
MUST_CHECK int process_fork(struct thread *parent, enum process_descriptors descriptors,
    struct thread **out);

/* Make a thread in process pid.  -ESRCH, -EAGAIN, -ENOMEM. */
MUST_CHECK int thread_create(struct kernel *kernel, uint32_t pid, struct thread **out);

/* The thread is done, and with the last one its process.  May block. */
void thread_destroy(struct thread *thread);

/* Where struct files come from. */
struct file_pool *process_file_pool(struct kernel *kernel);

/* Where vnodes come from that no path leads to. */
struct anonymous *process_anonymous(struct kernel *kernel);

/* References to where lookups of the process begin. */
void process_directories(struct process *process, struct vnode **root, struct vnode **current);

/* Replace one of them; the reference to vnode passes to the process. */
void process_set_root(struct process *process, struct vnode *vnode);
void process_set_current(struct process *process, struct vnode *vnode);

/*
 * Change credentials: begin() gives a copy, with the process locked so that no
 * other change is lost; end() makes the copy the process's, cancel() drops it.
 * -ENOMEM leaves the process unlocked.
 */
MUST_CHECK int process_credential_begin(struct process *process, struct credential **out);
void process_credential_end(struct process *process, struct credential *credential);
void process_credential_cancel(struct process *process, struct credential *credential);

/* Have thread act with the credentials that its process has now. */
void thread_renew_credential(struct thread *thread);

/* A system call begins. */
static inline void
thread_enter(struct thread *thread)
{
	struct credential *now =
	    atomic_load_explicit(&thread->process->credential, memory_order_relaxed);

	/* The thread's reference keeps the address from being used again. */
	if (UNLIKELY(now != thread->credential))
		thread_renew_credential(thread);
}

/*
 * A file that no path leads to, for reading and writing; ops work on object,
 * which passes to the file, or stays with the caller on error.  Of flags the
 * status is kept.  -ENOMEM.
 */
MUST_CHECK int thread_create_file(struct thread *thread, const struct file_ops *ops, void *object,
    uint32_t flags, struct file **out);

/*
 * Let the lowest free descriptor lead to file, whose reference is given back on
 * error.  The descriptor, or -EMFILE, -ENOMEM.
 */
MUST_CHECK int64_t thread_add_file(struct thread *thread, struct file *file, bool close_on_exec);

/*
 * The same for two files, telling the user by two ints at out.  0 or an error;
 * -EFAULT too.
 */
MUST_CHECK int64_t thread_add_pair(struct thread *thread, struct file *files[2], bool close_on_exec,
    struct user_ptr out);

/* A reference to the open file of a descriptor, or NULL. */
MUST_CHECK static inline struct file *
thread_file(struct thread *thread, int descriptor)
{
	return descriptor_lookup(thread->process->descriptors, descriptor);
}

/* The same, of one that is good for more than naming a file: not of O_PATH. */
MUST_CHECK struct file *thread_usable_file(struct thread *thread, int descriptor);

/* Who writes on behalf of thread: how far, and with which rights. */
static inline struct file_writer
thread_writer(const struct thread *thread)
{
	return (struct file_writer){
		.credential = thread->credential,
		.size_limit = limit_of(&thread->process->limits, LIMIT_FILE_SIZE),
	};
}

#endif
