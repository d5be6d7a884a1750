/*
 * What a path costs that the kernel knows already: stat() of a file four
 * directories deep, by one thread and by two, against the host's own.
 *
 * The two threads ask for the same path, or each for its own in the same
 * directory: what they share is then all directories, or the file as well.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "bench/bench.h"

#define CALLS	      100000
#define RUNS	      11
#define PATH_MAX_HERE 256

struct asked {
	int (*stat)(const char *path, struct stat *buffer);
	char path[PATH_MAX_HERE];
};

static struct asked ours_asked[2], host_asked[2];

static void *
ask(void *argument)
{
	const struct asked *asked = argument;
	struct stat buffer;

	for (unsigned i = 0; i < CALLS; i++) {
		if (asked->stat(asked->path, &buffer) != 0)
			err(1, "stat %s", asked->path);
	}
	return NULL;
}

/* Nanoseconds per call and thread, the first asking for what asked[0] says and so on. */
static double
time_threads(struct asked *asked[], unsigned count)
{
	pthread_t threads[2];
	uint64_t start = bench_clock();

	for (unsigned i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, ask, asked[i]) != 0)
			errx(1, "pthread_create");
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return (double)(bench_clock() - start) / CALLS;
}

/* How many threads, and whether they ask for the same. */
struct setting {
	unsigned threads;
	unsigned second;
};

static double
ours(void *context)
{
	const struct setting *setting = context;

	return time_threads((struct asked *[]){ &ours_asked[0], &ours_asked[setting->second] },
	    setting->threads);
}

static double
host(void *context)
{
	const struct setting *setting = context;

	return time_threads((struct asked *[]){ &host_asked[0], &host_asked[setting->second] },
	    setting->threads);
}

static int
host_mkdir(const char *path, mode_t mode)
{
	return mkdir(path, mode);
}

static int
host_create(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY, mode);

	return fd < 0 ? -1 : close(fd);
}

static int
ours_create(const char *path, mode_t mode)
{
	int fd = rump_sys_open(path, O_CREAT | O_WRONLY, mode);

	return fd < 0 ? -1 : rump_sys_close(fd);
}

/* Make base/a/b/c with two files in it. */
static void
prepare(struct asked asked[2], const char *base, int (*make)(const char *, mode_t),
    int (*create)(const char *, mode_t))
{
	static const char *const directories[] = { "", "/a", "/a/b", "/a/b/c" };
	char path[PATH_MAX_HERE];

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", base, directories[i]);
		if (make(path, 0755) != 0 && errno != EEXIST)
			err(1, "mkdir %s", path);
	}
	for (unsigned i = 0; i < 2; i++) {
		snprintf(asked[i].path, sizeof(asked[i].path), "%s/a/b/c/%u", base, i);
		if (create(asked[i].path, 0644) != 0)
			err(1, "create %s", asked[i].path);
	}
}

/* Take away what prepare() made on the host. */
static void
clean_up(const char *base)
{
	static const char *const names[] = { "/a/b/c/0", "/a/b/c/1", "/a/b/c", "/a/b", "/a", "" };
	char path[PATH_MAX_HERE];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", base, names[i]);
		if (remove(path) != 0)
			warn("remove %s", path);
	}
}

static void
compare(const char *what, const char *bound, unsigned threads, unsigned second)
{
	struct setting setting = { threads, second };

	bench_compare(&(struct bench_pair){ .what = what,
	    .unit = "ns",
	    .bound = bound,
	    .ours = ours,
	    .theirs = host,
	    .context = &setting,
	    .runs = RUNS });
}

int
main(void)
{
	char base[] = "/tmp/bench-stat-XXXXXX";

	if (mkdtemp(base) == NULL)
		err(1, "mkdtemp");
	for (unsigned i = 0; i < 2; i++) {
		ours_asked[i].stat = rump_sys_stat;
		host_asked[i].stat = stat;
	}
	prepare(host_asked, base, host_mkdir, host_create);
	prepare(ours_asked, "/d", rump_sys_mkdir, ours_create);

	bench_table("stat: a cached path, four directories deep, against the host's");
	compare("1 thread", "(goal: 0.5 or less)", 1, 0);
	compare("2 threads, the same file", "(goal: ours at most 1.11 of 1 thread)", 2, 0);
	compare("2 threads, two files", "(goal: ours at most 1.11 of 1 thread)", 2, 1);
	clean_up(base);
	return 0;
}
