/*
 * Which host thread is what in which kernel: rump_kernel_switch() and
 * rump_pub_lwproc_*().
 *
 * A binding is free (runs no lwp), bound (runs one) or orphaned (the kernel it
 * had chosen was destroyed).  binding_attach() takes it from free to bound,
 * binding_detach() back, binding_forget_kernel() to free or orphaned, and
 * binding_choose() an orphan to free.  The next call that enters the kernel
 * binds a free one to an implicit lwp.
 *
 * An implicit lwp has no state of its own, so one that is left is as good as
 * new.  A lwp that is to go is first taken off its kernel's list, under the
 * lock, and destroyed without it, since closing the files of a process may take
 * long; whoever destroys the kernel waits for it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "run/library/enter.h"
#include "run/library/library.h"
#include <rump/rump.h>

#define INIT_PID 1

_Thread_local struct binding *library_binding;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_left = PTHREAD_COND_INITIALIZER; /* kernel->leaving went down */

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* tells us that a host thread ends */
static int key_error;

void
library_lock(void)
{
	pthread_mutex_lock(&lock);
}

void
library_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/* ---- threads of a kernel ---------------------------------------------------------------------- */

/* Make thread, which is destroyed on error, a lwp of kernel. */
static int
lwp_create(struct rump_kernel *kernel, struct thread *thread, bool is_implicit, struct lwp **out)
{
	struct lwp *lwp = calloc(1, sizeof(*lwp));

	*out = lwp;
	if (lwp == NULL) {
		thread_destroy(thread);
		return -ENOMEM;
	}
	lwp->thread = thread;
	lwp->kernel = kernel;
	lwp->is_implicit = is_implicit;
	library_lock();
	list_push_back(&kernel->lwps, &lwp->link);
	library_unlock();
	return 0;
}

/*
 * Nobody wants to run lwp any more (NULL is let pass).  One implicit lwp of a
 * kernel is kept for the next host thread that needs one: then this is NULL,
 * else lwp, off its kernel's list, to be destroyed.
 */
MUST_CHECK static struct lwp *
lwp_leave(struct lwp *lwp) REQUIRES(lock)
{
	if (lwp == NULL)
		return NULL;
	if (lwp->is_implicit && lwp->kernel->idle == NULL) {
		lwp->kernel->idle = lwp;
		return NULL;
	}
	list_remove(&lwp->link);
	lwp->kernel->leaving++;
	return lwp;
}

/* Destroy a lwp that has left; NULL is let pass.  Without the lock. */
static void
lwp_destroy(struct lwp *lwp)
{
	if (lwp == NULL)
		return;
	thread_destroy(lwp->thread);
	library_lock();
	lwp->kernel->leaving--;
	pthread_cond_broadcast(&has_left);
	library_unlock();
	free(lwp);
}

/* ---- bindings ----------------------------------------------------------------------------------- */

static void
binding_attach(struct binding *binding, struct lwp *lwp) REQUIRES(lock)
{
	ASSERT(binding->lwp == NULL && lwp->binding == NULL);
	binding->lwp = lwp;
	lwp->binding = binding;
	atomic_store_explicit(&binding->thread, lwp->thread, memory_order_release);
}

/* Run nothing any more; what was run, or NULL. */
static struct lwp *
binding_detach(struct binding *binding) REQUIRES(lock)
{
	struct lwp *lwp = binding->lwp;

	atomic_store_explicit(&binding->thread, NULL, memory_order_release);
	binding->lwp = NULL;
	if (lwp != NULL)
		lwp->binding = NULL;
	return lwp;
}

/*
 * Run nothing any more.  What was run stays for others to run; only an implicit
 * lwp, which nobody else knows, leaves: see lwp_leave() for the result.
 */
MUST_CHECK static struct lwp *
binding_set_aside(struct binding *binding) REQUIRES(lock)
{
	struct lwp *lwp = binding_detach(binding);

	return lwp != NULL && lwp->is_implicit ? lwp_leave(lwp) : NULL;
}

/* Mean kernel from now on; NULL: the default kernel.  Runs nothing. */
static void
binding_choose(struct binding *binding, struct rump_kernel *kernel) REQUIRES(lock)
{
	if (binding->kernel != NULL)
		list_remove(&binding->link);
	binding->kernel = kernel;
	binding->is_orphan = false;
	if (kernel != NULL)
		list_push_back(&kernel->bindings, &binding->link);
}

void
binding_destroy(struct binding *binding)
{
	struct lwp *lwp;

	library_lock();
	lwp = lwp_leave(binding_detach(binding));
	binding_choose(binding, NULL);
	library_unlock();
	lwp_destroy(lwp);
	free(binding);
}

/* The host thread ends. */
static void
end_thread(void *argument)
{
	library_binding = NULL;
	binding_destroy(argument);
}

static void
create_key(void)
{
	key_error = -pthread_key_create(&key, end_thread);
}

struct binding *
binding_create(struct rump_kernel *kernel)
{
	struct binding *binding = calloc(1, sizeof(*binding));

	if (binding == NULL)
		return NULL;
	list_init(&binding->link);
	library_lock();
	binding_choose(binding, kernel);
	library_unlock();
	return binding;
}

/* The calling host thread's binding, made if there is none; NULL: no memory. */
static struct binding *
binding_get(void)
{
	struct binding *binding = library_binding;

	if (LIKELY(binding != NULL))
		return binding;
	pthread_once(&key_once, create_key);
	binding = calloc(1, sizeof(*binding));
	if (binding == NULL)
		return NULL;
	list_init(&binding->link);
	if (key_error < 0 || pthread_setspecific(key, binding) != 0) {
		free(binding);
		return NULL;
	}
	library_binding = binding;
	return binding;
}

int
binding_kernel(struct rump_kernel **out)
{
	struct binding *binding = binding_get();
	bool is_orphan;

	*out = NULL;
	if (binding == NULL)
		return -ENOMEM;
	library_lock();
	is_orphan = binding->is_orphan;
	*out = binding->kernel;
	library_unlock();
	if (is_orphan)
		return -ENXIO;
	return *out != NULL ? 0 : library_default_kernel(out);
}

/* An implicit lwp of kernel that nobody runs: the idle one, or a new one. */
static int
lwp_find_implicit(struct rump_kernel *kernel, struct lwp **out)
{
	struct thread *thread;
	int error;

	library_lock();
	*out = kernel->idle;
	kernel->idle = NULL;
	library_unlock();
	if (*out != NULL)
		return 0;
	error = thread_create(kernel->kernel, INIT_PID, &thread);
	return error < 0 ? error : lwp_create(kernel, thread, true, out);
}

/* Bind the host thread, which runs nothing, to an implicit lwp. */
static int
bind_implicitly(struct thread **out)
{
	struct rump_kernel *kernel;
	struct lwp *lwp;
	int error = binding_kernel(&kernel);

	*out = NULL;
	if (error == 0)
		error = lwp_find_implicit(kernel, &lwp);
	if (error < 0)
		return error;
	*out = lwp->thread;
	thread_enter(*out);
	library_lock();
	binding_attach(library_binding, lwp);
	library_unlock();
	return 0;
}

struct thread *
library_enter_unbound(void)
{
	struct thread *thread;
	int error = bind_implicitly(&thread);

	if (error < 0) {
		errno = -error;
		return NULL;
	}
	return thread;
}

/* library_enter() for functions that leave errno alone. */
static int
enter(struct thread **out)
{
	struct binding *binding = binding_get();

	*out = NULL;
	if (binding == NULL)
		return -ENOMEM;
	*out = atomic_load_explicit(&binding->thread, memory_order_acquire);
	if (*out == NULL)
		return bind_implicitly(out);
	thread_enter(*out);
	return 0;
}

/* Nobody is bound to kernel any more. */
static void
unbind_all(struct rump_kernel *kernel) REQUIRES(lock)
{
	list_for_each_safe(link, after, &kernel->bindings) {
		struct binding *binding = list_entry(link, struct binding, link);

		binding_choose(binding, NULL);
		binding->is_orphan = binding != library_binding;
	}
	list_for_each(link, &kernel->lwps) {
		struct lwp *lwp = list_entry(link, struct lwp, link);

		if (lwp->binding != NULL) {
			atomic_store_explicit(&lwp->binding->thread, NULL, memory_order_release);
			lwp->binding->lwp = NULL;
		}
	}
}

void
binding_forget_kernel(struct rump_kernel *kernel)
{
	library_lock();
	unbind_all(kernel);
	while (kernel->leaving > 0)
		pthread_cond_wait(&has_left, &lock);
	library_unlock();

	/* Nobody else can reach them now. */
	list_for_each_safe(link, after, &kernel->lwps) {
		struct lwp *lwp = list_entry(link, struct lwp, link);

		thread_destroy(lwp->thread);
		free(lwp);
	}
}

void
binding_lose_kernel(struct rump_kernel *kernel)
{
	library_lock();
	unbind_all(kernel);
	library_unlock();
	list_for_each_safe(link, after, &kernel->lwps)
		free(list_entry(link, struct lwp, link));
}

/* ---- the public functions -------------------------------------------------------------------------- */

struct rump_kernel *
rump_kernel_switch(struct rump_kernel *kernel)
{
	struct binding *binding = binding_get();
	struct rump_kernel *previous;
	struct lwp *lwp;

	if (binding == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	library_lock();
	previous = binding->kernel;
	lwp = binding_set_aside(binding);
	binding_choose(binding, kernel);
	library_unlock();
	lwp_destroy(lwp);
	return previous;
}

/* Run a new thread in the kernel of the one that is run now. */
static int
run_new(struct thread *thread)
{
	struct rump_kernel *kernel;
	struct lwp *lwp, *old;
	int error = binding_kernel(&kernel);

	if (error < 0) {
		thread_destroy(thread);
		return error;
	}
	error = lwp_create(kernel, thread, false, &lwp);
	if (error < 0)
		return error;
	library_lock();
	old = binding_set_aside(library_binding);
	binding_attach(library_binding, lwp);
	library_unlock();
	lwp_destroy(old);
	return 0;
}

int
rump_pub_lwproc_rfork(int flags)
{
	enum process_descriptors descriptors;
	struct thread *thread, *child;
	int error;

	switch (flags) {
	case 0:
		descriptors = DESCRIPTORS_SHARED;
		break;
	case RUMP_RFFDG:
		descriptors = DESCRIPTORS_COPIED;
		break;
	case RUMP_RFCFDG:
		descriptors = DESCRIPTORS_NONE;
		break;
	default:
		return EINVAL;
	}
	error = enter(&thread);
	if (error == 0)
		error = process_fork(thread, descriptors, &child);
	if (error == 0)
		error = run_new(child);
	return -error;
}

int
rump_pub_lwproc_newlwp(int pid)
{
	struct rump_kernel *kernel;
	struct thread *thread;
	int error;

	if (pid <= 0)
		return ESRCH;
	error = binding_kernel(&kernel);
	if (error == 0)
		error = thread_create(kernel->kernel, (uint32_t)pid, &thread);
	if (error == 0)
		error = run_new(thread);
	return -error;
}

void
rump_pub_lwproc_switch(struct lwp *lwp)
{
	struct binding *binding = binding_get();
	struct lwp *old;

	if (binding == NULL) {
		errno = ENOMEM;
		return;
	}
	library_lock();
	if (lwp != NULL && lwp == binding->lwp) {
		library_unlock();
		return;
	}
	old = binding_set_aside(binding);
	if (lwp != NULL) {
		binding_choose(binding, lwp->kernel->is_default ? NULL : lwp->kernel);
		binding_attach(binding, lwp);
	}
	library_unlock();
	lwp_destroy(old);
}

void
rump_pub_lwproc_releaselwp(void)
{
	struct binding *binding = library_binding;
	struct lwp *lwp;

	if (binding == NULL)
		return;
	library_lock();
	lwp = lwp_leave(binding_detach(binding));
	library_unlock();
	lwp_destroy(lwp);
}

struct lwp *
rump_pub_lwproc_curlwp(void)
{
	struct binding *binding = library_binding;
	struct lwp *lwp = NULL;

	if (binding == NULL)
		return NULL;
	library_lock();
	if (binding->lwp != NULL && !binding->lwp->is_implicit)
		lwp = binding->lwp;
	library_unlock();
	return lwp;
}
