/*
 * For tests of syscall/: a kernel with a tmpfs, and a thread in its process 1
 * that makes system calls.
 */
#ifndef TESTS_CALLER_H
#define TESTS_CALLER_H

#include <pthread.h>
#include <stdint.h>

#include "kern/user.h"
#include "tests/fake_host.h"

struct kernel;
struct thread;

struct caller {
	struct host host;
	struct kernel *kernel;
	struct thread *thread;
};

void caller_create(struct caller *caller);
void caller_create_threadless(struct caller *caller); /* on a host without threads */
void caller_destroy(struct caller *caller);

/* The same for cmocka: *state is a struct caller. */
int caller_setup(void **state);
int caller_teardown(void **state);

#define caller_test(name) cmocka_unit_test_setup_teardown(name, caller_setup, caller_teardown)

/* A call that may wait, by a thread of its own in the caller's process. */
struct side_call {
	struct caller *caller;
	int64_t (*call)(struct thread *thread, const int64_t *arguments);
	int64_t arguments[4];
	int64_t result;
	pthread_t host_thread;
};

/* Begin call(arguments); all but caller, call and arguments is filled in. */
void side_call_begin(struct side_call *side);

/* Wait until it returns; the result. */
int64_t side_call_end(struct side_call *side);

/* An address of ours, as the user that we are. */
static inline struct user_ptr
user(const void *pointer)
{
	return (struct user_ptr){ (uintptr_t)pointer };
}

#endif
