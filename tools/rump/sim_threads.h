/* Threads of the suite, for how they meet: see sim_threads.c. */
#ifndef TOOLS_RUMP_SIM_THREADS_H
#define TOOLS_RUMP_SIM_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/rump/sim_case.h"

struct threads_end {
	uint64_t steps;
	uint64_t hash;
	enum rump_sim_end end;
	char report[2048]; /* if it did not end well */
};

/*
 * Let threads work on one file system for so many steps.  deadlocks: two of them
 * lock two files in different order, which is planted.  False: it could not begin.
 */
bool threads_run(uint64_t seed, uint64_t steps, bool deadlocks, case_trace *trace,
    struct threads_end *out);

#endif
