/*
 * Threads for kernels: pthreads that keep out of the program's way.
 *
 * A kernel's thread takes no signals: they are the program's, and its handlers
 * must not run on a stack and in a context they know nothing of.  Only those
 * that a thread raises itself by a fault stay open, since a blocked one would
 * kill the process without a word from whoever handles crashes.
 *
 * The word per thread is made when it is first asked for, which only kernels
 * that check their locks do: pthread keys are scarce, 128 on some systems.  It
 * is freed when its thread ends.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/posix/host_impl.h"

/* Kernel functions are shallow; sanitizers' frames are not.  Touched pages only count. */
#define STACK_SIZE ((size_t)512 << 10)

#define NAME_SIZE 16 /* what Linux keeps, with the NUL */

struct host_thread {
	pthread_t handle;
	void (*entry)(void *argument);
	void *argument;
	char name[NAME_SIZE];
};

static void *
run(void *argument)
{
	struct host_thread *thread = argument;

	(void)pthread_setname_np(pthread_self(), thread->name);
	thread->entry(thread->argument);
	return NULL;
}

static void
block_signals(sigset_t *before)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT };
	sigset_t blocked;

	sigfillset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		sigdelset(&blocked, faults[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, before);
}

/* A new thread inherits the mask of the one that makes it. */
static int
create(struct host_thread *thread)
{
	pthread_attr_t attributes;
	sigset_t before;
	int error;

	error = pthread_attr_init(&attributes);
	if (error != 0)
		return error;
	error = pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (error == 0) {
		block_signals(&before);
		error = pthread_create(&thread->handle, &attributes, run, thread);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	pthread_attr_destroy(&attributes);
	return error;
}

int
posix_thread_start(struct host *host, const char *name, void (*entry)(void *argument),
    void *argument, struct host_thread **out)
{
	struct host_thread *thread = calloc(1, sizeof(*thread));
	int error;

	*out = NULL;
	if (thread == NULL)
		return -EAGAIN;
	thread->entry = entry;
	thread->argument = argument;
	memcpy(thread->name, name, strnlen(name, NAME_SIZE - 1));
	error = create(thread);
	if (error != 0) {
		free(thread);
		return -EAGAIN;
	}
	*out = thread;
	return 0;
}

void
posix_thread_join(struct host *host, struct host_thread *thread)
{
	pthread_join(thread->handle, NULL);
	free(thread);
}

static void
make_word_key(struct host *host)
{
	int error = 0;

	pthread_mutex_lock(&host->lock);
	if (!atomic_load_explicit(&host->has_word_key, memory_order_relaxed)) {
		error = pthread_key_create(&host->word_key, free);
		if (error == 0)
			atomic_store_explicit(&host->has_word_key, true, memory_order_release);
	}
	pthread_mutex_unlock(&host->lock);
	if (error != 0)
		posix_panic(host, "out of pthread keys");
}

uint64_t *
posix_thread_word(struct host *host)
{
	uint64_t *word;

	if (!atomic_load_explicit(&host->has_word_key, memory_order_acquire))
		make_word_key(host);
	word = pthread_getspecific(host->word_key);
	if (word != NULL)
		return word;
	word = calloc(1, sizeof(*word));
	if (word == NULL || pthread_setspecific(host->word_key, word) != 0)
		posix_panic(host, "no memory for a thread's word");
	return word;
}

/*
 * Threads other than this one that once had a word lose it: it is only freed
 * at their end, by the key that goes here.  A few bytes, in debug kernels.
 */
void
posix_thread_release(struct host *host)
{
	if (!atomic_load_explicit(&host->has_word_key, memory_order_acquire))
		return;
	free(pthread_getspecific(host->word_key));
	pthread_setspecific(host->word_key, NULL);
	pthread_key_delete(host->word_key);
}

unsigned
posix_processor_count(struct host *host)
{
	cpu_set_t allowed;
	long online;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0 && CPU_COUNT(&allowed) > 0)
		return (unsigned)CPU_COUNT(&allowed);
	/* More processors than the set has room for. */
	online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (unsigned)online : 1;
}
