/*
 * Cases of the suite: see sim_case.h.
 *
 * What enters a kernel runs on a thread of the simulation, so that a panic, a
 * deadlock or an endless loop is found and told instead of ending the process.
 */
#include "tools/rump/sim_case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <rump/syscalls.h>

#define DISK_SIZE   ((uint64_t)4 << 20)
#define SECTOR_SIZE 512
#define STEPS_MAX   20000000 /* of one job: it goes round in circles */
#define LOG_MAX	    8192
#define DEVICE	    "/dev/disk"

const struct case_file_system case_file_systems[] = {
	{ "ffs2", "version=2,block=4096,fragment=512,density=16384,zeroed", false },
	{ "ffs2-journal", "version=2,block=4096,fragment=512,density=16384,journal=1048576,zeroed",
	    true },
	{ "ffs1-be", "version=1,order=be,block=8192,fragment=1024,density=16384,zeroed", false },
};

const size_t case_file_system_count = sizeof(case_file_systems) / sizeof(case_file_systems[0]);

/* ---- seeds ------------------------------------------------------------------------------- */

uint64_t
case_encode(const struct sim_case *the_case)
{
	return (uint64_t)the_case->lies << 63 | (uint64_t)the_case->kind << 60 |
	       (uint64_t)the_case->file_system << 57 | (uint64_t)the_case->workload << 52 |
	       (uint64_t)the_case->number << 36 | (uint64_t)the_case->at << 16 | the_case->cut;
}

bool
case_decode(uint64_t seed, struct sim_case *out)
{
	*out = (struct sim_case){
		.lies = seed >> 63,
		.kind = (enum case_kind)(seed >> 60 & 7),
		.file_system = seed >> 57 & 7,
		.workload = seed >> 52 & 31,
		.number = seed >> 36 & 0xffff,
		.at = seed >> 16 & 0xfffff,
		.cut = seed & 0xffff,
	};
	return out->kind != 0 && out->kind < CASE_KINDS &&
	       out->file_system < case_file_system_count && out->workload < workload_count;
}

void
case_describe(const struct sim_case *the_case, char *text, size_t size)
{
	static const char *const kinds[CASE_KINDS] = {
		[CASE_CUT] = "power cut at",
		[CASE_MEMORY] = "no memory for allocation",
		[CASE_READ] = "error of read",
		[CASE_WRITE] = "error of write",
		[CASE_FLUSH] = "error of flush",
	};

	snprintf(text, size, "%s on %s: %s %u", workloads[the_case->workload].name,
	    case_file_systems[the_case->file_system].name, kinds[the_case->kind], the_case->at);
}

/* ---- jobs on threads of a simulation ------------------------------------------------------- */

struct job {
	const struct sim_case *the_case;
	struct rump_sim *sim;
	struct rump_sim_disk *disk;
	const char *disk_name;
	struct rump_kernel *kernel; /* of faults */
	struct actor *actor;
	struct history_cut cut;
	bool has_happened;
	bool is_good;
	char problem[200]; /* of a check: the gravest */
	int severity;	   /* its */
	char *why;
	size_t why_size;
};

static bool
fail(struct job *job, const char *what)
{
	snprintf(job->why, job->why_size, "%s: %s", what, strerror(errno));
	return false;
}

/* Run entry(job) in kernel.  False: it said so, or did not come to its end. */
static bool
run_job(struct job *job, struct rump_kernel *kernel, void (*entry)(void *argument))
{
	enum rump_sim_end end;
	int error = rump_sim_thread_start(kernel, "job", entry, job);

	job->is_good = false;
	if (error != 0) {
		errno = error;
		return fail(job, "no thread");
	}
	end = rump_sim_run(job->sim, RUMP_SIM_FOREVER, STEPS_MAX);
	if (end == RUMP_SIM_DONE)
		return job->is_good;
	snprintf(job->why, job->why_size, "%s: %s", rump_sim_end_name(end),
	    rump_sim_report(job->sim));
	job->why[strcspn(job->why, "\n")] = '\0';
	return false;
}

/* A kernel with the job's disk; NULL if that cannot be. */
static struct rump_kernel *
start_kernel(struct job *job)
{
	struct rump_kernel *kernel;
	int error = rump_sim_kernel_create(job->sim, NULL, &kernel);

	if (error == 0) {
		rump_kernel_switch(kernel);
		error = rump_pub_etfs_register(DEVICE, job->disk_name, RUMP_ETFS_BLK);
	}
	if (error == 0 && rump_sys_mkdir(ACTOR_ROOT, 0755) < 0)
		error = errno;
	if (error == 0)
		return kernel;
	errno = error;
	(void)fail(job, "a kernel cannot be started");
	if (kernel != NULL)
		rump_sim_kernel_lose(kernel);
	return NULL;
}

static bool
mount_disk(struct job *job, unsigned long flags)
{
	return rump_sys_mount(DEVICE, ACTOR_ROOT, "ffs", flags, NULL) == 0 || fail(job, "mount");
}

static bool
unmount_disk(struct job *job)
{
	return rump_sys_umount2(ACTOR_ROOT, 0) == 0 || fail(job, "unmount");
}

/* Let a kernel go that has done its job, or one that may have got stuck. */
static void
stop_kernel(struct rump_kernel *kernel, bool is_good)
{
	if (is_good)
		rump_kernel_destroy(kernel);
	else
		rump_sim_kernel_lose(kernel);
	rump_kernel_switch(NULL);
}

/* ---- making and looking -------------------------------------------------------------------- */

static void
make_job(void *argument)
{
	struct job *job = argument;
	int error =
	    rump_pub_fs_make(DEVICE, "ffs", case_file_systems[job->the_case->file_system].options);

	errno = error;
	job->is_good = error == 0 || fail(job, "the file system cannot be made");
}

static void
workload_job(void *argument)
{
	struct job *job = argument;
	struct actor *actor = job->actor;

	if (!mount_disk(job, 0) || (errno = rump_sim_disk_log(job->disk)) != 0)
		return;
	workloads[job->the_case->workload].run(actor);
	if (actor->is_wrong) {
		snprintf(job->why, job->why_size, "%s", actor->why);
		return;
	}
	if (!unmount_disk(job))
		return;
	history_sync(&actor->history, HISTORY_NONE, rump_sim_disk_position(job->disk));
	job->is_good = true;
}

/* The gravest of what a check found, for the line about it. */
static int
note_problem(void *cookie, const struct rump_fs_problem *problem)
{
	struct job *job = cookie;

	rump_sim_note(job->sim, problem->text, (uint64_t)problem->is_repaired);
	if (job->problem[0] == '\0' || problem->severity > job->severity)
		snprintf(job->problem, sizeof(job->problem), "%s", problem->text);
	if (problem->severity > job->severity)
		job->severity = problem->severity;
	return 0;
}

static bool
check(struct job *job, struct rump_fs_check *check)
{
	job->problem[0] = '\0';
	job->severity = -1;
	check->decide = note_problem;
	check->cookie = job;
	errno = rump_pub_fs_check(DEVICE, "ffs", check);
	return errno == 0 || fail(job, "fsck");
}

/* Repair what a cut leaves, where there is no journal to replay: fsck -p. */
static bool
repair(struct job *job)
{
	struct rump_fs_check preen = { .mode = RUMP_FS_CHECK_PREEN, .is_forced = 1 };

	if (!check(job, &preen))
		return false;
	if (preen.left_count == 0)
		return true;
	snprintf(job->why, job->why_size, "fsck -p leaves %" PRIu64 " problems: %s",
	    preen.left_count, job->problem);
	return false;
}

/* Nothing is wrong any more. */
static bool
is_consistent(struct job *job)
{
	struct rump_fs_check only = { .mode = RUMP_FS_CHECK_ONLY };

	if (!check(job, &only))
		return false;
	if (only.problem_count == 0)
		return true;
	snprintf(job->why, job->why_size, "fsck finds %" PRIu64 " problems after all: %s",
	    only.problem_count, job->problem);
	return false;
}

static bool
is_as_noted(struct job *job)
{
	return history_verify(&job->actor->history, ACTOR_ROOT, job->cut, job->why, job->why_size);
}

static bool
can_be_used(struct job *job)
{
	return rump_sys_mkdir(ACTOR_ROOT "/after", 0755) == 0 || errno == ENOSPC ||
	       fail(job, "mkdir after all");
}

/* After a cut: repair or replay, compare, use, and look whether all is well. */
static void
look_job(void *argument)
{
	struct job *job = argument;
	bool has_journal = case_file_systems[job->the_case->file_system].has_journal;

	job->is_good = (has_journal || repair(job)) && mount_disk(job, 0) && is_as_noted(job) &&
		       can_be_used(job) && unmount_disk(job);
	/* After an error of the disk, a journal does not make up for a checker. */
	if (job->is_good && has_journal && job->the_case->kind != CASE_CUT)
		job->is_good = repair(job);
	job->is_good = job->is_good && is_consistent(job);
}

/* Look at what is on the job's disk. */
static bool
look(struct job *job)
{
	struct rump_kernel *kernel = start_kernel(job);
	bool is_good;

	if (kernel == NULL)
		return false;
	is_good = run_job(job, kernel, look_job);
	stop_kernel(kernel, is_good);
	return is_good;
}

/* ---- recordings -------------------------------------------------------------------------------- */

/* A simulation with a disk that has an empty file system. */
static bool
prepare(struct job *job, case_trace *trace)
{
	struct rump_sim_config config = { .seed = case_encode(job->the_case), .trace = trace };
	struct rump_kernel *kernel;
	bool is_good;
	int error = rump_sim_create(&config, &job->sim);

	job->disk_name = "disk";
	if (error == 0)
		error = rump_sim_disk_create(job->sim, "disk", DISK_SIZE, SECTOR_SIZE, &job->disk);
	errno = error;
	if (error != 0)
		return fail(job, "no simulation");
	kernel = start_kernel(job);
	if (kernel == NULL)
		return false;
	is_good = run_job(job, kernel, make_job);
	stop_kernel(kernel, is_good);
	return is_good;
}

static void
prepare_actor(struct job *job, struct actor *actor)
{
	const struct sim_case *the_case = job->the_case;

	*actor = (struct actor){
		.sim = job->sim,
		.disk = job->disk,
		.random = the_case->number * UINT64_C(0x9e3779b97f4a7c15) + the_case->workload,
		.is_tolerant = workloads[the_case->workload].is_full || the_case->kind != CASE_CUT,
	};
	actor->disk_fails = the_case->kind >= CASE_READ;
	job->actor = actor;
}

bool
recording_create(const struct sim_case *the_case, case_trace *trace, struct recording *recording,
    char *why, size_t size)
{
	struct job job = { .the_case = the_case, .why = why, .why_size = size };
	struct rump_kernel *kernel;
	bool is_good = prepare(&job, trace);

	*recording = (struct recording){ .sim = job.sim, .disk = job.disk };
	if (!is_good)
		return false;
	prepare_actor(&job, &recording->actor);
	rump_sim_disk_lie(job.disk, the_case->lies);
	kernel = start_kernel(&job);
	if (kernel == NULL)
		return false;
	is_good = run_job(&job, kernel, workload_job);
	stop_kernel(kernel, is_good);
	recording->position_count = rump_sim_disk_position(job.disk) + 1;
	return is_good;
}

void
recording_destroy(struct recording *recording)
{
	actor_release(&recording->actor);
	if (recording->sim != NULL)
		rump_sim_destroy(recording->sim);
	*recording = (struct recording){ 0 };
}

bool
case_cut(const struct sim_case *the_case, struct recording *recording, char *why, size_t size)
{
	struct job job = {
		.the_case = the_case,
		.sim = recording->sim,
		.disk_name = "found",
		.actor = &recording->actor,
		.cut = { the_case->at, case_file_systems[the_case->file_system].has_journal },
		.why = why,
		.why_size = size,
	};
	bool is_good;
	int error = rump_sim_disk_crash(recording->disk, the_case->at,
	    the_case->cut == 0 ? 0 : case_encode(the_case), "found", &job.disk);

	errno = error;
	if (error != 0)
		return fail(&job, "no disk");
	is_good = look(&job);
	rump_sim_disk_destroy(job.disk);
	return is_good;
}

/* ---- faults --------------------------------------------------------------------------------------- */

static bool
is_in_log(const char *text)
{
	static char log[LOG_MAX + 1];
	int length = rump_sys_syslog(3, log, LOG_MAX); /* SYSLOG_ACTION_READ_ALL */

	log[length < 0 ? 0 : length] = '\0';
	return strstr(log, text) != NULL;
}

/* The live file system is what the calls that succeeded made it. */
static bool
verify_live(struct job *job)
{
	struct history_cut now = { HISTORY_NEVER - 1, true };

	if (job->actor->has_lost_track)
		return true;
	history_sync(&job->actor->history, HISTORY_NONE, 0);
	return history_verify(&job->actor->history, ACTOR_ROOT, now, job->why, job->why_size);
}

static void
memory_job(void *argument)
{
	struct job *job = argument;
	struct actor *actor = job->actor;

	workloads[job->the_case->workload].run(actor);
	rump_sim_memory_heal(job->kernel, &job->has_happened);
	snprintf(job->why, job->why_size, "%s", actor->why);
	if (actor->is_wrong || !verify_live(job))
		return;
	if (unmount_disk(job))
		job->is_good = is_consistent(job) && mount_disk(job, MS_RDONLY) &&
			       verify_live(job) && unmount_disk(job);
	else /* where a checkpoint lacks memory, nothing is written any more */
		job->is_good = (errno == EIO || errno == EROFS) && is_in_log("read-only");
}

static void
error_job(void *argument)
{
	struct job *job = argument;
	struct actor *actor = job->actor;
	uint64_t hits, repeats;

	workloads[job->the_case->workload].run(actor);
	actor_sync(actor);
	repeats = rump_sim_disk_repeats(job->disk); /* what is there after is looked at */
	hits = rump_sim_disk_heal(job->disk);
	job->has_happened = hits > 0;
	snprintf(job->why, job->why_size, "%s", actor->why);
	if (actor->is_wrong)
		return;
	if (hits > repeats && job->the_case->kind != CASE_READ && actor->io_failures == 0)
		snprintf(job->why, job->why_size, "a request failed and no call did");
	else if (actor->last_error == EROFS && !is_in_log("read-only"))
		snprintf(job->why, job->why_size, "read-only, and the log does not say so");
	else
		job->is_good = true;
}

static bool
arm(struct job *job)
{
	static const uint32_t ops[CASE_KINDS] = {
		[CASE_READ] = RUMP_SIM_READ,
		[CASE_WRITE] = RUMP_SIM_WRITE | RUMP_SIM_ZERO,
		[CASE_FLUSH] = RUMP_SIM_FLUSH,
	};
	struct rump_sim_fault fault = {
		.ops = ops[job->the_case->kind],
		.error = EIO,
		.after = job->the_case->at,
		.count = 1,
	};

	if (job->the_case->kind == CASE_MEMORY)
		errno = rump_sim_memory_fail(job->kernel, job->the_case->at + UINT64_C(1), 0);
	else
		errno = rump_sim_disk_fault(job->disk, &fault);
	return errno == 0 || fail(job, "no fault");
}

static void
mount_job(void *argument)
{
	struct job *job = argument;

	job->is_good = mount_disk(job, 0);
}

/* What a kernel left that is lost now is what a power cut leaves. */
static bool
look_after(struct job *job)
{
	job->cut.position = rump_sim_disk_position(job->disk);
	job->cut.is_atomic = case_file_systems[job->the_case->file_system].has_journal;
	return look(job);
}

bool
case_fault(const struct sim_case *the_case, case_trace *trace, bool *has_happened, char *why,
    size_t size)
{
	struct job job = { .the_case = the_case, .why = why, .why_size = size };
	struct actor actor = { 0 };
	bool is_memory = the_case->kind == CASE_MEMORY;
	bool is_good = prepare(&job, trace);

	if (is_good) {
		prepare_actor(&job, &actor);
		job.kernel = start_kernel(&job);
		is_good = job.kernel != NULL && run_job(&job, job.kernel, mount_job);
		errno = is_good ? rump_sim_disk_log(job.disk) : 0;
		is_good = is_good && errno == 0 && arm(&job) &&
			  run_job(&job, job.kernel, is_memory ? memory_job : error_job);
	}
	*has_happened = job.has_happened;
	if (job.kernel != NULL)
		stop_kernel(job.kernel, is_good && is_memory);
	if (is_good && !is_memory && !actor.has_lost_track)
		is_good = look_after(&job);
	actor_release(&actor);
	if (job.sim != NULL)
		rump_sim_destroy(job.sim);
	return is_good;
}
