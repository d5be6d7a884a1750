/*
 * What tests of bad images share: many cases, each in a kernel of its own, from
 * numbers that follow from a seed.  Nothing may crash, hang, leak or take more
 * memory than it may; what fails, fails with an error that damage explains, and
 * a line in the log.
 *
 * Cases run in a child process, so that the test outlives a crash and can name
 * the seed.  One case:
 *
 *	DAMAGE_SEED=n		run only that one, in this process, and tell about it
 *
 * DAMAGE_COUNT is how many there are, DAMAGE_FIRST the first seed (0).
 */
#ifndef TESTS_ORDEAL_H
#define TESTS_ORDEAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hypercall/hypercall.h"

/* Make the test's host: ops, with memory that is counted.  Once. */
void ordeal_create(const struct host_ops *ops);
void ordeal_destroy(void);

/* Note something that must not be, with the case's seed. */
void ordeal_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A kernel with a directory /mnt, and the host's file name as /dev/disk; or NULL. */
struct rump_kernel *ordeal_kernel_create(const char *name, int *error);
void ordeal_kernel_destroy(struct rump_kernel *kernel);

/* Mount device on /mnt, walk all, unmount.  Errors may only be of the image. */
void ordeal_walk(const char *device, const char *options);

/* Does the kernel's log tell of an error, or warn? */
bool ordeal_has_log_line(void);

void ordeal_print_log(void);

/*
 * Run cases: all that the environment asks for, or count.  Before each, outside
 * of its time, prepare is called, if it is not NULL.  Fails the test if anything
 * was complained about.
 */
void ordeal_run(void (*run_case)(uint64_t seed, FILE *story), void (*prepare)(uint64_t seed),
    uint64_t count);

/* How much all cases together met: objects looked at, and calls that failed. */
uint64_t ordeal_object_count(void);
uint64_t ordeal_error_count(void);

#endif
