/*
 * Cases of the suite: one workload on one kind of file system, and what goes
 * wrong meanwhile.
 *
 * A case is a number, its seed, of which everything follows; so what a sweep
 * finds is replayed by that number alone.
 */
#ifndef TOOLS_RUMP_SIM_CASE_H
#define TOOLS_RUMP_SIM_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rump/sim.h>

#include "tools/rump/sim_actor.h"
#include "tools/rump/sim_workloads.h"

enum case_kind {
	CASE_CUT = 1, /* the power fails at a position of the disk's log */
	CASE_MEMORY,  /* the so many-th allocation fails */
	CASE_READ,    /* the so many-th read fails */
	CASE_WRITE,
	CASE_FLUSH,
	CASE_KINDS,
};

struct sim_case {
	enum case_kind kind;
	unsigned file_system; /* index of case_file_systems */
	unsigned workload;    /* index of workloads */
	unsigned number;      /* 16 bits: what the workload draws */
	unsigned at;	      /* 20 bits: position, or which request or allocation */
	unsigned cut;	      /* 16 bits: what a power cut leaves; 0: all that was written */
	bool lies;	      /* the disk lies about flushes: planted */
};

struct case_file_system {
	const char *name;
	const char *options; /* of rump_pub_fs_make() */
	bool has_journal;
};

extern const struct case_file_system case_file_systems[];
extern const size_t case_file_system_count;

uint64_t case_encode(const struct sim_case *the_case);

/* False: it is no case's. */
bool case_decode(uint64_t seed, struct sim_case *out);

/* A line about it. */
void case_describe(const struct sim_case *the_case, char *text, size_t size);

/*
 * A workload that was run, with nothing going wrong, on a disk with a log: what
 * cuts are made of.
 */
struct recording {
	struct rump_sim *sim;
	struct rump_sim_disk *disk;
	struct actor actor;
	size_t position_count;
};

/* Where steps go: NULL, or a line for each. */
typedef void case_trace(void *context, const char *line);

/* False: a line in why says what went wrong. */
bool recording_create(const struct sim_case *the_case, case_trace *trace,
    struct recording *recording, char *why, size_t size);
void recording_destroy(struct recording *recording);

/* Cut a recording as a case of CASE_CUT says, and look at what is left. */
bool case_cut(const struct sim_case *the_case, struct recording *recording, char *why, size_t size);

/*
 * Run a case of another kind; has_happened says whether there was an allocation or
 * request of that number.
 */
bool case_fault(const struct sim_case *the_case, case_trace *trace, bool *has_happened, char *why,
    size_t size);

#endif
