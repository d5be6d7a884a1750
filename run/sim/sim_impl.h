/*
 * Simulations as the library's user sees them: what sim.c and disk.c share.
 *
 * A struct rump_sim is the host's struct sim with what the library has to do for
 * it: each task has a binding of its own, which is swapped as tasks change.
 * A struct rump_sim_disk is the host's struct sim_disk.
 */
#ifndef RUN_SIM_SIM_IMPL_H
#define RUN_SIM_SIM_IMPL_H

#include "base/list.h"
#include "host/sim/sim.h"
#include <rump/sim.h>

#define REPORT_SIZE 8192

struct rump_sim {
	struct sim *sim;
	struct rump_sim_config config;
	struct list kernels; /* of struct sim_kernel */
	char report[REPORT_SIZE];
};

struct sim *sim_of(struct rump_sim *sim);

#endif
