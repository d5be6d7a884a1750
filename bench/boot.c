/*
 * What a rump kernel costs: time to create one with vfs, tmpfs, devfs and ffs,
 * the memory it makes resident, the threads it starts; many at a time; and
 * whether creating and destroying leaves anything behind.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>

#include "bench/bench.h"

#define SAMPLES 1001
#define ALIVE	1000
#define CYCLES	100000

static struct rump_kernel *
create(void)
{
	struct rump_kernel *kernel;
	int error = rump_kernel_create(NULL, &kernel);

	if (error != 0)
		errx(1, "rump_kernel_create: %s", strerror(error));
	return kernel;
}

static void
destroy(struct rump_kernel *kernel)
{
	int error = rump_kernel_destroy(kernel);

	if (error != 0)
		errx(1, "rump_kernel_destroy: %s", strerror(error));
}

static void
time_one(void)
{
	static double creates[SAMPLES], destroys[SAMPLES];

	for (size_t i = 0; i < SAMPLES; i++) {
		uint64_t start = bench_clock();
		struct rump_kernel *kernel = create();
		uint64_t middle = bench_clock();

		destroy(kernel);
		creates[i] = (double)(middle - start) / 1e3;
		destroys[i] = (double)(bench_clock() - middle) / 1e3;
	}
	bench_row("create a kernel", bench_median(creates, SAMPLES), "us", "(goal: 100 or less)");
	bench_row("destroy it", bench_median(destroys, SAMPLES), "us", "");
}

static void
hold_many(void)
{
	static struct rump_kernel *kernels[ALIVE];
	unsigned long threads = bench_status("Threads");
	unsigned long before = bench_status("VmRSS");

	for (size_t i = 0; i < ALIVE; i++)
		kernels[i] = create();
	bench_row("resident memory per kernel, 1,000 alive",
	    (double)(bench_status("VmRSS") - before) / ALIVE, "KiB", "(goal: 256 or less)");
	bench_row("threads they started", (double)(bench_status("Threads") - threads), "",
	    "(goal: 0)");
	for (size_t i = 0; i < ALIVE; i++)
		destroy(kernels[i]);
}

static void
look_for_growth(void)
{
	unsigned long memory = bench_status("VmRSS"), mapped = bench_status("VmSize");
	size_t descriptors = bench_count("/proc/self/fd");

	for (size_t i = 0; i < CYCLES; i++)
		destroy(create());
	bench_row("growth after 100,000 created and destroyed: resident",
	    (double)bench_status("VmRSS") - (double)memory, "KiB", "(goal: 0)");
	bench_row("growth: mapped", (double)bench_status("VmSize") - (double)mapped, "KiB",
	    "(goal: 0)");
	bench_row("growth: descriptors", (double)bench_count("/proc/self/fd") - (double)descriptors,
	    "", "(goal: 0)");
}

int
main(void)
{
	bench_table("boot: a kernel of vfs, tmpfs, devfs and ffs");
	destroy(create());
	time_one();
	hold_many();
	look_for_growth();
	return 0;
}
