/*
 * How a call of the library gets into the kernel.
 *
 * Each host thread that has called has a struct binding: which kernel it means
 * and what struct thread it is there.  The fast path reads it, which costs one
 * thread-local load and one atomic one, and writes nothing.  The binding is
 * memory of its own, not thread-local, since who destroys a kernel sets thread
 * to NULL in those of other host threads, and a host thread may end meanwhile.
 */
#ifndef RUN_LIBRARY_ENTER_H
#define RUN_LIBRARY_ENTER_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kern/thread.h"
#include "syscall/process.h"

struct lwp;
struct rump_kernel;

struct binding {
	struct thread *_Atomic thread; /* that of lwp, or NULL; changed under the library lock */
	struct lwp *lwp;	       /* what it runs, or NULL; GUARDED_BY(library lock) */
	struct rump_kernel *kernel;    /* NULL: the default kernel; GUARDED_BY(library lock) */
	struct list link;	       /* in kernel->bindings; GUARDED_BY(library lock) */
	bool is_orphan;		       /* its kernel was destroyed; GUARDED_BY(library lock) */
};

/* Never destroyed but by the end of its host thread; NULL before the first call. */
extern _Thread_local struct binding *library_binding __attribute__((tls_model("initial-exec")));

/* The slow path: bind the host thread.  NULL with errno set if that cannot be. */
struct thread *library_enter_unbound(void);

/* What the calling host thread is in its kernel, or NULL with errno set. */
static inline struct thread *
library_enter(void)
{
	struct binding *binding = library_binding;

	if (LIKELY(binding != NULL)) {
		struct thread *thread =
		    atomic_load_explicit(&binding->thread, memory_order_acquire);

		if (LIKELY(thread != NULL)) {
			thread_enter(thread);
			return thread;
		}
	}
	return library_enter_unbound();
}

/* The result of a handler as the C library has it. */
static inline int64_t
library_result(int64_t result)
{
	if (LIKELY(result >= 0))
		return result;
	errno = (int)-result;
	return -1;
}

static inline struct user_ptr
user(const void *pointer)
{
	return (struct user_ptr){ (uintptr_t)pointer };
}

#endif
