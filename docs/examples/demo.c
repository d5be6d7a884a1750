/*
 * demo IMAGE: what it costs to open a disk image in a rump kernel, in this
 * process: time, memory and threads, as the kernel and the host count them.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

/* A line "Name:  value" of /proc/self/status. */
static long
status_value(const char *name)
{
	char line[256];
	long value = 0;
	FILE *file = fopen("/proc/self/status", "re");

	if (file == NULL)
		err(1, "/proc/self/status");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			value = strtol(line + strlen(name) + 1, NULL, 10);
	}
	fclose(file);
	return value;
}

static double
microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Print what happened since the figures at the pointers, and renew them. */
static void
report(const char *what, double *time, long *memory)
{
	double now = microseconds();
	long used = status_value("RssAnon");

	printf("%-24s %8.0f us %6ld KiB of memory %4ld threads started\n", what, now - *time,
	    used - *memory, status_value("Threads") - 1);
	*memory = used;
	*time = microseconds();
}

int
main(int argc, char **argv)
{
	struct rump_kernel_statistics statistics;
	struct rump_kernel *kernel;
	double time;
	long memory;
	int error;

	if (argc != 2)
		errx(2, "usage: demo IMAGE");
	memory = status_value("RssAnon");
	time = microseconds();

	error = rump_kernel_create(NULL, &kernel);
	if (error != 0)
		errx(1, "rump_kernel_create: %s", strerror(error));
	report("boot the first kernel", &time, &memory);

	rump_kernel_switch(kernel);
	error = rump_pub_etfs_register("/disk", argv[1], RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY);
	if (error != 0)
		errx(1, "%s: %s", argv[1], strerror(error));
	if (rump_sys_mkdir("/mnt", 0755) != 0 ||
	    rump_sys_mount("/disk", "/mnt", "auto", MS_RDONLY, NULL) != 0)
		err(1, "%s: mount", argv[1]);
	report("mount the image", &time, &memory);

	rump_kernel_statistics(kernel, &statistics);
	printf("the kernel says: booted in %" PRIu64 " us, holds %" PRIu64
	       " KiB from the host, started %" PRIu32 " threads\n",
	    statistics.boot_time_ns / 1000, statistics.memory_taken / 1024,
	    statistics.thread_count);
	rump_kernel_destroy(kernel);

	time = microseconds();
	error = rump_kernel_create(NULL, &kernel);
	if (error != 0)
		errx(1, "rump_kernel_create: %s", strerror(error));
	report("boot another kernel", &time, &memory);
	rump_kernel_destroy(kernel);
	return 0;
}
