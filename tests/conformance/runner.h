/*
 * Between the parts of the suite that are no checks: what is tested, how it
 * went, and the processes that groups run in.
 */
#ifndef TESTS_CONFORMANCE_RUNNER_H
#define TESTS_CONFORMANCE_RUNNER_H

#include "tests/conformance/conformance.h"

/* A kernel, and a place in it for files. */
struct subject {
	const char *where; /* host: a directory.  Rump kernel: a file system's type */
	const char *image; /* of that file system, or NULL */
	const struct calls *calls;

	/* Come to the place, as root, to a directory of that name; -1 and errno if not. */
	int (*enter)(const struct subject *subject, const char *name);
	int (*leave)(void);
	long (*in_child)(long (*function)(void *argument), void *argument);
};

extern const struct subject host_subject, rump_subject;

/* How a group went; in memory that is shared with the process that it ran in. */
struct tally {
	unsigned checks, failed;
	bool is_over; /* the group came to its end */
	char skipped[128];
};

extern struct tally *tally;

/* Run a group in this process, in a directory of that name; *tally says how it went. */
void run_group(const struct subject *subject, const struct group *group, const char *name);

/* What differs between Linux and the rump kernel, and why that is right. */
struct difference {
	const char *name;
	const char *reason;
	const char *setting; /* of the host, 0 if there the two do not differ; or NULL */
	long (*probe)(void); /* the result, or -errno */
	long in_linux, in_rump;
};

extern const struct difference differences[];

#endif
