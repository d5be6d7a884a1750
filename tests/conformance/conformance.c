/*
 * Runs the conformance suite: see conformance.h.
 *
 *	conformance --host /dev/shm
 *	conformance --rump tmpfs
 *	conformance --rump ffs --image disk.img
 *
 * --minimum N	fail if fewer checks were made
 * --only WORDS	just the groups whose name has the words
 * --differences	tell what differs between Linux and a rump kernel, and why
 *
 * One line of TAP for each group, and comments for each check that fails.  The
 * host's own kernel can only be asked by root, who works below a directory that
 * is new, and removed at the end; an image is changed, and used group by group.
 */
#include <ftw.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/conformance/runner.h"

enum {
	GROUP_SECONDS = 60, /* then something hangs */
};

struct run {
	struct subject subject;
	const char *only; /* or NULL */
	unsigned minimum;
	unsigned groups, checks, failed, failed_groups, skipped_groups;
};

static const struct group *const families[] = {
#define X(family) family,
	FAMILIES(X)
#undef X
};

enum {
	FAMILY_COUNT = sizeof(families) / sizeof(families[0]),
};

static void
tell_differences(void)
{
	for (const struct difference *each = differences; each->name != NULL; each++)
		printf("%s\n\tLinux: %ld, rump kernel: %ld\n\t%s\n", each->name, each->in_linux,
		    each->in_rump, each->reason);
}

/* Run a group in a process of its own. */
static void
run_apart(struct run *run, const struct group *group)
{
	char name[32];
	int status = 0;
	pid_t child;

	memset(tally, 0, sizeof(*tally));
	snprintf(name, sizeof(name), "group%u", run->groups);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		alarm(GROUP_SECONDS);
		signal(SIGPIPE, SIG_IGN);
		signal(SIGXFSZ, SIG_IGN);
		run_group(&run->subject, group, name);
		fflush(stdout);
		_exit(0); /* sanitizers would look around for long */
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0 || !tally->is_over) {
		printf("# the group's process ended too early, wait status %#x\n", status);
		tally->failed++;
	}
}

static void
run_one(struct run *run, const struct group *group)
{
	if (run->only != NULL && strstr(group->name, run->only) == NULL)
		return;
	run->groups++;
	run_apart(run, group);
	run->checks += tally->checks;
	run->failed += tally->failed;
	if (tally->failed > 0)
		run->failed_groups++;
	else if (tally->skipped[0] != '\0')
		run->skipped_groups++;
	printf("%sok %u - %s, %u checks%s%s\n", tally->failed > 0 ? "not " : "", run->groups,
	    group->name, tally->checks,
	    tally->failed == 0 && tally->skipped[0] != '\0' ? " # SKIP " : "", tally->skipped);
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	return remove(path);
}

static int
run_all(struct run *run)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		for (const struct group *group = families[i]; group->name != NULL; group++)
			run_one(run, group);
	}
	printf("1..%u\n", run->groups);
	printf("# %u checks, %u failed, in %u groups, %u failed, %u skipped\n", run->checks,
	    run->failed, run->groups, run->failed_groups, run->skipped_groups);
	if (run->checks < run->minimum)
		printf("# too few checks: %u wanted\n", run->minimum);
	return run->failed == 0 && run->groups > 0 && run->checks >= run->minimum ? 0 : 1;
}

static int
run_on_host(struct run *run)
{
	char directory[4096];
	int result;

	if (geteuid() != 0) {
		printf("1..0 # SKIP only root can be all the users\n");
		return 0;
	}
	snprintf(directory, sizeof(directory), "%s/conformance.XXXXXX", run->subject.where);
	if (mkdtemp(directory) == NULL) {
		printf("1..0 # SKIP %s: %s\n", run->subject.where, strerror(errno));
		return 0;
	}
	run->subject.where = directory;
	result = run_all(run);
	nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return result;
}

static int
usage(void)
{
	fprintf(stderr, "usage: conformance --host DIR | --rump TYPE [--image FILE]\n"
			"                   [--minimum N] [--only WORDS] | --differences\n");
	return 2;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "rump", required_argument, NULL, 'r' },
		{ "image", required_argument, NULL, 'i' },
		{ "minimum", required_argument, NULL, 'm' },
		{ "only", required_argument, NULL, 'o' },
		{ "differences", no_argument, NULL, 'd' },
		{ 0 },
	};
	struct run run = { 0 };
	const char *image = NULL;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'h':
		case 'r':
			run.subject = option == 'h' ? host_subject : rump_subject;
			run.subject.where = optarg;
			break;
		case 'i':
			image = optarg;
			break;
		case 'm':
			run.minimum = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			run.only = optarg;
			break;
		case 'd':
			tell_differences();
			return 0;
		default:
			return usage();
		}
	}
	run.subject.image = image;
	tally =
	    mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (optind != argc || run.subject.calls == NULL || tally == MAP_FAILED)
		return usage();
	return run.subject.calls == &host_calls ? run_on_host(&run) : run_all(&run);
}
