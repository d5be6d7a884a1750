/* The workloads of the suite: what is done to a file system that is then cut off. */
#ifndef TOOLS_RUMP_SIM_WORKLOADS_H
#define TOOLS_RUMP_SIM_WORKLOADS_H

#include <stddef.h>

struct actor;

struct workload {
	const char *name;
	void (*run)(struct actor *actor);
	int is_full; /* it fills the file system, so calls may fail */
};

extern const struct workload workloads[];
extern const size_t workload_count;

#endif
