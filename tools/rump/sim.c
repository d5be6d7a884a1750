/*
 * rump sim: the suite of deterministic tests of file systems.
 *
 * A sweep runs workloads and lets the power fail at every position of what they
 * wrote, or each allocation, read, write or flush fail in turn; after each, what had
 * been synced must be there.  Each case is a number (sim_case.h), which replay runs
 * again with a line for each step.
 *
 * A sweep over power cuts goes in rounds: every workload on every kind of file
 * system is recorded once, then cut at each position.  The next round draws
 * another workload, where it draws, and other remains.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/command.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"
#include "tools/rump/sim_case.h"
#include "tools/rump/sim_threads.h"

#define WHY_SIZE     400
#define CUTS	     5000
#define STEPS	     1000000
#define NUMBER_MAX   0xffff
#define FAULT_MAX    0xfffff
#define REPORTS_MAX  20 /* lines about failures; all count */
#define DEADLOCK_MAX 1000000

enum {
	PLANT = OPTION_LONG,
};

static const struct option_row rows[] = {
	{ 's', "seed", "N", "what the sweep draws follows from N, 0 to 65535" },
	{ 'c', "cuts", "N", "sweep: so many power cuts, 5000 unless told" },
	{ 'f', "faults", "N", "memory, errors: every Nth only" },
	{ 'w', "workload", "NAME", "this workload only" },
	{ 't', "type", "NAME", "this kind of file system only" },
	{ 'n', "steps", "N", "threads: so many thousands of steps" },
	{ PLANT, "plant", "lost-write|deadlock", "plant a bug, to see that it is found" },
	{ 0 },
};

struct sim_options {
	unsigned long seed;
	unsigned long cuts;
	unsigned long every; /* fault */
	unsigned long steps;
	const char *workload;
	const char *file_system;
	bool plants_lies;
	bool plants_deadlock;
};

struct sweep {
	const struct sim_options *options;
	uint64_t done;
	uint64_t failed;
};

/* ---- failures ------------------------------------------------------------------------- */

static void
tell_failure(struct sweep *sweep, const struct sim_case *the_case, const char *why)
{
	char text[200];

	case_describe(the_case, text, sizeof(text));
	if (sweep->failed++ < REPORTS_MAX)
		report("%s: %s; rump sim replay 0x%" PRIx64, text, why, case_encode(the_case));
}

static int
tell_sum(const struct sweep *sweep, const char *what)
{
	if (sweep->failed > REPORTS_MAX)
		report("%" PRIu64 " failures more", sweep->failed - REPORTS_MAX);
	if (!settings.is_quiet)
		printf("%" PRIu64 " %s, %" PRIu64 " failed\n", sweep->done, what, sweep->failed);
	return report_status();
}

/* ---- power cuts ------------------------------------------------------------------------- */

/* What a cut leaves, drawn; of four cuts, one leaves all. */
static unsigned
draw_cut(const struct sim_case *the_case, unsigned round)
{
	uint64_t mixed = (case_encode(the_case) + round) * 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed ^= mixed >> 27;
	return (mixed & 3) == 0 ? 0 : (unsigned)(mixed >> 8 & 0xffff);
}

/* Record a workload, and cut it everywhere. */
static void
cut_everywhere(struct sweep *sweep, struct sim_case *the_case, unsigned round)
{
	struct recording recording;
	char why[WHY_SIZE];

	the_case->at = 0;
	the_case->cut = 0;
	if (!recording_create(the_case, NULL, &recording, why, sizeof(why))) {
		tell_failure(sweep, the_case, why);
		recording_destroy(&recording);
		return;
	}
	for (size_t at = 0; at < recording.position_count && sweep->done < sweep->options->cuts;
	     at++) {
		the_case->at = (unsigned)at;
		the_case->cut = 0;
		the_case->cut = draw_cut(the_case, round);
		sweep->done++;
		if (!case_cut(the_case, &recording, why, sizeof(why)))
			tell_failure(sweep, the_case, why);
	}
	recording_destroy(&recording);
}

static bool
is_chosen(const char *choice, const char *name)
{
	return choice == NULL || strcmp(choice, name) == 0;
}

/* Call visit for each workload on each kind of file system that was asked for. */
static void
each_pair(struct sweep *sweep, unsigned round,
    void (*visit)(struct sweep *sweep, struct sim_case *the_case, unsigned round))
{
	for (unsigned i = 0; i < workload_count; i++)
		for (unsigned j = 0; j < case_file_system_count; j++) {
			struct sim_case the_case = {
				.kind = CASE_CUT,
				.file_system = j,
				.workload = i,
				.number = (unsigned)(sweep->options->seed + round) & NUMBER_MAX,
				.lies = sweep->options->plants_lies,
			};

			if (is_chosen(sweep->options->workload, workloads[i].name) &&
			    is_chosen(sweep->options->file_system, case_file_systems[j].name))
				visit(sweep, &the_case, round);
		}
}

static int
sweep_cuts(const struct sim_options *options)
{
	struct sweep sweep = { .options = options };
	uint64_t before = 1;

	for (unsigned round = 0; sweep.done < options->cuts && sweep.done != before; round++) {
		before = sweep.done;
		each_pair(&sweep, round, cut_everywhere);
	}
	return tell_sum(&sweep, "power cuts");
}

/* ---- faults ------------------------------------------------------------------------------- */

/* Let each allocation or request fail in turn, or every so manyth. */
static void
fail_each(struct sweep *sweep, struct sim_case *the_case)
{
	char why[WHY_SIZE];
	bool has_happened = true;

	for (unsigned at = 0; has_happened && at <= FAULT_MAX;
	     at += (unsigned)sweep->options->every) {
		the_case->at = at;
		if (!case_fault(the_case, NULL, &has_happened, why, sizeof(why))) {
			tell_failure(sweep, the_case, why);
			if (!has_happened)
				return;
		}
		sweep->done += has_happened;
	}
}

static void
fail_memory(struct sweep *sweep, struct sim_case *the_case, unsigned round)
{
	(void)round;
	the_case->kind = CASE_MEMORY;
	fail_each(sweep, the_case);
}

static void
fail_requests(struct sweep *sweep, struct sim_case *the_case, unsigned round)
{
	(void)round;
	for (the_case->kind = CASE_READ; the_case->kind <= CASE_FLUSH; the_case->kind++)
		fail_each(sweep, the_case);
}

static int
sweep_memory(const struct sim_options *options)
{
	struct sweep sweep = { .options = options };

	each_pair(&sweep, 0, fail_memory);
	return tell_sum(&sweep, "allocations");
}

static int
sweep_errors(const struct sim_options *options)
{
	struct sweep sweep = { .options = options };

	each_pair(&sweep, 0, fail_requests);
	return tell_sum(&sweep, "requests");
}

/* ---- threads -------------------------------------------------------------------------------- */

/* Look for the planted deadlock, and tell the seed that finds it. */
static int
find_deadlock(const struct sim_options *options)
{
	struct threads_end end;
	uint64_t seed;

	for (seed = options->seed;; seed++) {
		if (!threads_run(seed, DEADLOCK_MAX, true, NULL, &end))
			report_no_memory();
		if (end.end != RUMP_SIM_STEPS)
			break;
		if (seed - options->seed == 100) {
			report("the planted deadlock was not found");
			return report_status();
		}
	}
	fputs(end.report, stdout);
	report("%s after %" PRIu64 " steps; rump sim threads --plant=deadlock --seed=%" PRIu64,
	    rump_sim_end_name(end.end), end.steps, seed);
	return report_status();
}

static int
run_threads(const struct sim_options *options)
{
	uint64_t steps = options->steps * UINT64_C(1000);
	struct threads_end first, second;

	if (options->plants_deadlock)
		return find_deadlock(options);
	if (!threads_run(options->seed, steps, false, NULL, &first) ||
	    !threads_run(options->seed, steps, false, NULL, &second))
		report_no_memory();
	if (first.end != RUMP_SIM_STEPS)
		report("%s after %" PRIu64 " steps: %s", rump_sim_end_name(first.end), first.steps,
		    first.report);
	else if (first.hash != second.hash || first.steps != second.steps)
		report("two runs of seed %lu differ: %016" PRIx64 ", %016" PRIx64, options->seed,
		    first.hash, second.hash);
	else if (!settings.is_quiet)
		printf("%" PRIu64 " steps twice, trace %016" PRIx64 " each time\n", first.steps,
		    first.hash);
	return report_status();
}

/* ---- replay ----------------------------------------------------------------------------------- */

static void
print_line(void *context, const char *line)
{
	(void)context;
	puts(line);
}

static bool
replay_cut(const struct sim_case *the_case, char *why, size_t size)
{
	struct recording recording;
	bool is_good = recording_create(the_case, print_line, &recording, why, size);

	if (is_good)
		printf("-- the power fails at position %u of %zu\n", the_case->at,
		    recording.position_count - 1);
	is_good = is_good && case_cut(the_case, &recording, why, size);
	recording_destroy(&recording);
	return is_good;
}

static int
replay(const char *text)
{
	struct sim_case the_case;
	char why[WHY_SIZE], about[200], *end;
	bool has_happened, is_good;
	uint64_t seed = strtoull(text, &end, 0);

	if (*end != '\0' || end == text || !case_decode(seed, &the_case))
		return report_usage("\"%s\" is no seed of a case", text);
	case_describe(&the_case, about, sizeof(about));
	printf("-- %s\n", about);
	if (the_case.kind == CASE_CUT)
		is_good = replay_cut(&the_case, why, sizeof(why));
	else
		is_good = case_fault(&the_case, print_line, &has_happened, why, sizeof(why));
	if (is_good)
		puts("-- all is as it should be");
	else
		report("%s: %s", about, why);
	return report_status();
}

/* ---- the command ---------------------------------------------------------------------------------- */

static bool
option_take_one(void *context, int id, const char *value)
{
	struct sim_options *options = context;

	switch (id) {
	case 's':
		return option_number(value, NUMBER_MAX, &options->seed);
	case 'c':
		return option_number(value, UINT32_MAX, &options->cuts);
	case 'f':
		return option_number(value, FAULT_MAX, &options->every) && options->every > 0;
	case 'n':
		return option_number(value, UINT32_MAX, &options->steps);
	case 'w':
		options->workload = value;
		return true;
	case 't':
		options->file_system = value;
		return true;
	default:
		options->plants_lies = option_choice(rows, PLANT, value) == 0;
		options->plants_deadlock = option_choice(rows, PLANT, value) == 1;
		return options->plants_lies || options->plants_deadlock;
	}
}

static void
list(void)
{
	for (size_t i = 0; i < workload_count; i++)
		printf("workload %s\n", workloads[i].name);
	for (size_t i = 0; i < case_file_system_count; i++)
		printf("type %s: %s\n", case_file_systems[i].name, case_file_systems[i].options);
}

static int
sim_run(int argc, char **argv)
{
	struct sim_options options = { .seed = 1, .cuts = CUTS, .every = 1, .steps = STEPS / 1000 };
	int first = options_parse(&sim_command, argc, argv, option_take_one, &options);
	const char *what;

	if (first == 0)
		return report_status();
	what = argv[first];
	if (strcmp(what, "replay") == 0 && argc - first == 2)
		return replay(argv[first + 1]);
	if (argc - first != 1)
		return report_usage("one thing at a time: sweep, memory, errors, threads, list, or "
				    "replay SEED");
	if (strcmp(what, "sweep") == 0)
		return sweep_cuts(&options);
	if (strcmp(what, "memory") == 0)
		return sweep_memory(&options);
	if (strcmp(what, "errors") == 0)
		return sweep_errors(&options);
	if (strcmp(what, "threads") == 0)
		return run_threads(&options);
	if (strcmp(what, "list") == 0) {
		list();
		return report_status();
	}
	return report_usage("\"%s\" is nothing that can be run", what);
}

const struct command sim_command = {
	.name = "sim",
	.operands = "sweep|memory|errors|threads|list|replay SEED",
	.summary = "test file systems with power cuts and faults, on virtual time",
	.details =
	    "\n"
	    "sweep: the power fails at every write; memory, errors: each allocation, read,\n"
	    "write and flush fails; threads: two runs of one seed are the same; replay: one\n"
	    "case again, with every step.\n",
	.options = rows,
	.wanted = "say what to run: sweep, memory, errors, threads, list, or replay SEED",
	.is_outside = true,
	.run = sim_run,
};
