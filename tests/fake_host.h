/*
 * A host for tests: nothing happens in it that the test did not ask for.
 *
 * Memory is counted and may be told to run out; the clock stands still until
 * the test moves it; random bytes are the same in every run; what goes to the
 * console is kept.  With threads, waiting and waking are exact: a thread wakes
 * by a wake() on its own word or by its deadline, never for no reason, so a
 * wake that was forgotten shows as a test that hangs.  Without threads, waiting
 * for what nobody can change is -EDEADLK.  There are no block stores.
 */
#ifndef TESTS_FAKE_HOST_H
#define TESTS_FAKE_HOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "hypercall/hypercall.h"

#define FAKE_CONSOLE_MAX 16384
#define FAKE_NEVER	 SIZE_MAX

struct host {
	/* The test's to set before a kernel is created, and to read. */
	bool has_threads;
	int thread_error;     /* if not 0, what thread_start() says */
	int random_error;     /* if not 0, what random() says */
	size_t memory_before; /* so many memory_get() succeed, then one fails */
	size_t memory_bytes;  /* outstanding */
	size_t memory_count;  /* memory_get() not yet returned */
	size_t thread_count;  /* started and not yet joined */
	size_t wait_count;    /* calls of wait() */
	size_t wake_count;    /* calls of wake() */
	uint64_t pending;     /* last deadline of work_pending(), or HOST_NO_DEADLINE */
	int64_t wall;	      /* what clock_wall() says */
	char console[FAKE_CONSOLE_MAX];
	size_t console_length;

	/* Private, guarded by lock, as is all of the above once threads run. */
	pthread_mutex_t lock;
	pthread_cond_t slept; /* the number of sleepers changed */
	struct list sleepers;
	struct list memories;
	size_t sleeper_count;
	uint64_t now;
	uint64_t random_state;
};

struct kernel;

extern const struct host_ops fake_host_ops;

void fake_host_create(struct host *host, bool has_threads);

/* Fails the test if memory or threads are left. */
void fake_host_destroy(struct host *host);

/* A kernel without components, and its host; 0 for the usual memory limit. */
struct kernel *fake_kernel_create(struct host *host, bool has_threads, uint64_t memory_limit);
void fake_kernel_destroy(struct kernel *kernel);

/* Set the clock; whoever slept until then or before wakes. */
void fake_host_set_clock(struct host *host, uint64_t now);

/* Wait until count threads sleep in wait(). */
void fake_host_await_sleepers(struct host *host, size_t count);

/*
 * Run body(argument) in a child process.  True if it ended other than by
 * returning, and said saying on stderr (a panic's reason goes there).
 */
bool fake_host_dies(void (*body)(void *argument), void *argument, const char *saying);

#endif
