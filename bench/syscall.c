/*
 * What entering a rump kernel costs: the null system call, from threads that
 * nobody prepared, against the host's null system call.
 */
#include <err.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "bench/bench.h"

#define CALLS 500000
#define RUNS  11

static void *
call_ours(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < CALLS; i++)
		rump_sys_getpid();
	return NULL;
}

static void *
call_host(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	return NULL;
}

/* Nanoseconds per call and thread with *count fresh threads. */
static double
time_threads(void *(*body)(void *), unsigned count)
{
	pthread_t threads[2];
	uint64_t start = bench_clock();

	for (unsigned i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, body, NULL) != 0)
			errx(1, "pthread_create");
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return (double)(bench_clock() - start) / CALLS;
}

static double
ours(void *threads)
{
	return time_threads(call_ours, *(unsigned *)threads);
}

static double
host(void *threads)
{
	return time_threads(call_host, *(unsigned *)threads);
}

int
main(void)
{
	unsigned one = 1, two = 2;
	int error = rump_init();

	if (error != 0)
		errx(1, "rump_init: %s", strerror(error));
	bench_table("syscall: rump_sys_getpid() against getppid by syscall(2)");
	bench_compare(&(struct bench_pair){ .what = "1 thread",
	    .unit = "ns",
	    .bound = "(goal: 0.125 or less)",
	    .ours = ours,
	    .theirs = host,
	    .context = &one,
	    .runs = RUNS });
	bench_compare(&(struct bench_pair){ .what = "2 threads",
	    .unit = "ns",
	    .bound = "(ours: no slower than with 1)",
	    .ours = ours,
	    .theirs = host,
	    .context = &two,
	    .runs = RUNS });
	return 0;
}
