/*
 * What simulations cost: an hour in which nothing happens, with 100 kernels; and a
 * step of the scheduler, where threads work on a file system in memory.
 */
#include <err.h>
#include <fcntl.h>

#include <rump/sim.h>
#include <rump/syscalls.h>

#include "bench/bench.h"

#define KERNELS 100
#define SAMPLES 5
#define HOUR	UINT64_C(3600000000000)
#define STEPS	2000000

static double
idle_hour(void)
{
	uint64_t start = bench_clock();
	struct rump_sim *sim;
	double seconds;

	if (rump_sim_create(NULL, &sim) != 0)
		errx(1, "no simulation");
	for (unsigned i = 0; i < KERNELS; i++) {
		struct rump_kernel *kernel;

		if (rump_sim_kernel_create(sim, NULL, &kernel) != 0)
			errx(1, "no kernel");
	}
	if (rump_sim_run(sim, HOUR, RUMP_SIM_FOREVER) != RUMP_SIM_TIME)
		errx(1, "the hour did not pass");
	seconds = (double)(bench_clock() - start) / 1e9;
	rump_sim_destroy(sim);
	return seconds;
}

static void
pass_bytes(void *argument)
{
	const int *pipe = argument;
	char byte = 0;

	for (;;)
		if (rump_sys_write(pipe[1], &byte, 1) != 1 || rump_sys_read(pipe[2], &byte, 1) != 1)
			return;
}

/* Two threads wake each other by pipes: nanoseconds per step. */
static double
step(void)
{
	int ends[4], there[3], back[3];
	struct rump_kernel *kernel;
	struct rump_sim *sim;
	uint64_t start;
	double cost;

	if (rump_sim_create(NULL, &sim) != 0 || rump_sim_kernel_create(sim, NULL, &kernel) != 0)
		errx(1, "no simulation");
	rump_kernel_switch(kernel);
	if (rump_sys_pipe2(ends, 0) != 0 || rump_sys_pipe2(ends + 2, 0) != 0)
		errx(1, "no pipes");
	there[1] = ends[1];
	there[2] = ends[2];
	back[1] = ends[3];
	back[2] = ends[0];
	if (rump_sim_thread_start(kernel, "there", pass_bytes, there) != 0 ||
	    rump_sim_thread_start(kernel, "back", pass_bytes, back) != 0)
		errx(1, "no threads");
	rump_kernel_switch(NULL);
	start = bench_clock();
	if (rump_sim_run(sim, RUMP_SIM_FOREVER, STEPS) != RUMP_SIM_STEPS)
		errx(1, "%s", rump_sim_report(sim));
	cost = (double)(bench_clock() - start) / STEPS;
	rump_sim_destroy(sim);
	return cost;
}

int
main(void)
{
	double hours[SAMPLES], steps[SAMPLES];

	bench_table("sim: kernels on virtual time");
	for (unsigned i = 0; i < SAMPLES; i++) {
		hours[i] = idle_hour();
		steps[i] = step();
	}
	bench_row("an idle hour with 100 kernels, their creation too", bench_median(hours, SAMPLES),
	    "s", "(goal: 1 or less)");
	bench_row("a step, with what the kernel does in it", bench_median(steps, SAMPLES), "ns",
	    "");
	return 0;
}
