/*
 * Rump kernels of a process: what the parts of the library share.
 *
 * library.c	the kernels themselves, and the default one
 * boot.c	what a kernel is made of, and how it comes up
 * binding.c	which host thread is what in which kernel
 * etfs.c	files of the host as block devices
 * upkeep.c	file systems that are not mounted
 * wrappers.c	rump_sys_*() that are more than a call of a handler
 *
 * One lock, the library's, guards who is bound to what; it is only taken when
 * that changes, and never held while a kernel does anything that may take long.
 */
#ifndef RUN_LIBRARY_LIBRARY_H
#define RUN_LIBRARY_LIBRARY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"

struct binding;
struct host;
struct host_ops;
struct kernel;
struct path_context;
struct rump_kernel_config;
struct thread;

struct rump_kernel {
	struct kernel *kernel; /* constant */
	uint64_t boot_time_ns; /* constant */
	bool is_default;       /* constant */
	struct host *own_host; /* of this kernel alone, or NULL; constant */

	/* GUARDED_BY(library lock) */
	struct list bindings; /* of host threads that chose this kernel */
	struct list lwps;     /* all threads in it */
	struct lwp *idle;     /* one of them, implicit, that nobody runs; or NULL */
	unsigned leaving;     /* of them, those that are off the list and not gone yet */

	/* Its host is not used any more; NULL: nobody wants to know.  constant */
	void (*ended)(struct rump_kernel *kernel);
	void *ended_data; /* its; constant */

	pthread_mutex_t stores_lock;
	struct list stores; /* host files registered; GUARDED_BY(stores_lock) */
};

/* A thread in a kernel, as the library's user sees it. */
struct lwp {
	struct thread *thread;	    /* constant */
	struct rump_kernel *kernel; /* constant */
	bool is_implicit;	    /* made for a host thread that needed one; constant */
	struct binding *binding;    /* the host thread that runs it; GUARDED_BY(library lock) */
	struct list link;	    /* in kernel->lwps; GUARDED_BY(library lock) */
};

/* Errors are negative errno here. */

/* library.c: the default kernel, created if it is not there. */
MUST_CHECK int library_default_kernel(struct rump_kernel **out);

bool library_is_valid_config(const struct rump_kernel_config *config);

/* rump_kernel_create() on a host of the caller's, which stays longer than the kernel. */
MUST_CHECK int library_create_on(const struct host_ops *ops, struct host *host,
    const struct rump_kernel_config *config, struct rump_kernel **out);

/* boot.c: the POSIX host that kernels have unless they were given another one. */
MUST_CHECK int library_host(struct host **out);

/* boot.c: a kernel as config, which has been checked, wants it. */
MUST_CHECK int library_boot(const struct host_ops *ops, struct host *host,
    const struct rump_kernel_config *config, struct kernel **out);

/* binding.c: the library lock. */
void library_lock(void);
void library_unlock(void);

/* The kernel that the calling host thread means; the default one is created. */
MUST_CHECK int binding_kernel(struct rump_kernel **out);

/*
 * The kernel goes: nobody is bound to it any more, none of its threads is
 * left.  Host threads that had chosen it are orphans, but for the calling one.
 */
void binding_forget_kernel(struct rump_kernel *kernel);

/* etfs.c: the superuser at the root of kernel's root file system.  -ENOMEM. */
MUST_CHECK int library_context_begin(struct path_context *context, struct kernel *kernel);
void library_context_end(struct path_context *context);

/* The same where nobody may enter the kernel any more: its threads are just forgotten. */
void binding_lose_kernel(struct rump_kernel *kernel);

/*
 * For those who run several threads of control on one host thread: a binding that
 * is not the host thread's, which means kernel, for them to put into
 * library_binding; and its end, as if its host thread ended.  NULL: no memory.
 */
struct binding *binding_create(struct rump_kernel *kernel);
void binding_destroy(struct binding *binding);

/* Free a kernel that is lost: nothing in it is looked at. */
void library_lose(struct rump_kernel *kernel);

/* etfs.c: the kernel goes. */
void etfs_forget_all(struct rump_kernel *kernel);

#endif
