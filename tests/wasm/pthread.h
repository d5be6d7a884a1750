/*
 * Threads where there is one: locks are free, and none can be started, which
 * the fake host tells the kernel as -ENOSYS.  Waiting would be for ever: trap.
 */
#ifndef TESTS_WASM_PTHREAD_H
#define TESTS_WASM_PTHREAD_H

#include <stdio.h>
#include <stdlib.h>

#include "base/errno.h"

typedef struct {
	int nothing;
} pthread_mutex_t, pthread_cond_t, pthread_t;

static inline int
pthread_nothing(const void *object)
{
	(void)object;
	return 0;
}

static inline int
pthread_for_ever(void)
{
	fprintf(stderr, "the only thread waits for another\n");
	abort();
}

#define pthread_mutex_init(mutex, attributes)	 pthread_nothing(mutex)
#define pthread_mutex_destroy(mutex)		 pthread_nothing(mutex)
#define pthread_mutex_lock(mutex)		 pthread_nothing(mutex)
#define pthread_mutex_unlock(mutex)		 pthread_nothing(mutex)
#define pthread_cond_init(condition, attributes) pthread_nothing(condition)
#define pthread_cond_destroy(condition)		 pthread_nothing(condition)
#define pthread_cond_signal(condition)		 pthread_nothing(condition)
#define pthread_cond_broadcast(condition)	 pthread_nothing(condition)
#define pthread_cond_wait(condition, mutex)	 ((void)(mutex), pthread_for_ever())
#define pthread_join(thread, out)		 ((void)(thread), pthread_for_ever())

static inline int
pthread_create(pthread_t *thread, const void *attributes, void *(*entry)(void *), void *argument)
{
	(void)thread, (void)attributes, (void)entry, (void)argument;
	return ENOSYS;
}

#endif
