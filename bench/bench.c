/* See bench.h. */
#include "bench/bench.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 101

uint64_t
bench_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int
compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double
bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return values[count / 2];
}

unsigned long
bench_status(const char *name)
{
	char line[256];
	unsigned long value = 0;
	size_t length = strlen(name);
	FILE *file = fopen("/proc/self/status", "re");

	if (file == NULL)
		err(1, "/proc/self/status");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			value = strtoul(line + length + 1, NULL, 10);
	}
	fclose(file);
	return value;
}

size_t
bench_count(const char *path)
{
	size_t count = 0;
	DIR *dir = opendir(path);

	if (dir == NULL)
		err(1, "%s", path);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

void
bench_table(const char *title)
{
	printf("\n%s\n", title);
}

void
bench_row(const char *what, double value, const char *unit, const char *bound)
{
	printf("  %-52s %12.3f %-6s %s\n", what, value, unit, bound);
	fflush(stdout);
}

void
bench_compare(const struct bench_pair *pair)
{
	double ours[RUNS_MAX], theirs[RUNS_MAX];
	char what[128];

	for (size_t i = 0; i < pair->runs; i++) {
		ours[i] = pair->ours(pair->context);
		theirs[i] = pair->theirs(pair->context);
	}
	snprintf(what, sizeof(what), "%s: ours", pair->what);
	bench_row(what, bench_median(ours, pair->runs), pair->unit, "");
	snprintf(what, sizeof(what), "%s: host", pair->what);
	bench_row(what, bench_median(theirs, pair->runs), pair->unit, "");
	snprintf(what, sizeof(what), "%s: ours / host", pair->what);
	bench_row(what, ours[pair->runs / 2] / theirs[pair->runs / 2], "", pair->bound);
}

double
bench_run(const char *const *words)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	uint64_t start = bench_clock();
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, words[0], &actions, NULL, (char **)words, environ) != 0)
		errx(1, "cannot run %s", words[0]);
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "%s failed", words[0]);
	posix_spawn_file_actions_destroy(&actions);
	return (double)(bench_clock() - start) / 1e6;
}
