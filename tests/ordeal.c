/* See ordeal.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/ordeal.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "host/posix/posix.h"
#include "run/library/library.h"
#include "tests/walk.h"

#define FAILURES_MAX 20
#define MEMORY_LIMIT ((uint64_t)16 << 20)
#define LOG_SIZE     8192

/*
 * One case may take so long, of a processor's time and of the world's: many times
 * what the slowest takes on an idle machine, since others use it too.
 */
#define SECONDS_MAX	 20
#define SECONDS_WALL_MAX 200

/* What a walk looks at, at most. */
#define OBJECT_MAX 600
#define BYTE_MAX   (4 << 20)

static struct host_ops host_ops;
static struct host *host;
static _Atomic uint64_t memory_held; /* by all kernels */

/* What the process that runs cases tells the one that waits for it. */
static struct progress {
	uint64_t seed;
	uint64_t failure_count;
	uint64_t mounted_count, object_count, error_count;
	uint64_t slowest_seed;
	double slowest_seconds;
} * progress;

void
ordeal_complain(const char *format, ...)
{
	va_list values;

	printf("# seed %llu: ", (unsigned long long)progress->seed);
	va_start(values, format);
	vprintf(format, values);
	va_end(values);
	printf("\n");
	fflush(stdout);
	progress->failure_count++;
}

/* ---- a host that counts memory -------------------------------------------------------- */

static void *
counting_memory_get(struct host *self, size_t size, size_t alignment, size_t soon)
{
	void *memory = posix_host_ops.memory_get(self, size, alignment, soon);

	if (memory != NULL && atomic_fetch_add(&memory_held, size) + size > MEMORY_LIMIT)
		ordeal_complain("the kernel took more memory than it may");
	return memory;
}

static void
counting_memory_return(struct host *self, void *memory, size_t size)
{
	posix_host_ops.memory_return(self, memory, size);
	atomic_fetch_sub(&memory_held, size);
}

void
ordeal_create(const struct host_ops *ops)
{
	host_ops = *ops;
	host_ops.memory_get = counting_memory_get;
	host_ops.memory_return = counting_memory_return;
	assert_int_equal(posix_host_create(&host), 0);
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	assert_true(progress != MAP_FAILED);
}

void
ordeal_destroy(void)
{
	munmap(progress, sizeof(*progress));
	posix_host_destroy(host);
}

uint64_t
ordeal_object_count(void)
{
	return progress->object_count;
}

uint64_t
ordeal_error_count(void)
{
	return progress->error_count;
}

/* ---- one image in one kernel ------------------------------------------------------------ */

bool
ordeal_has_log_line(void)
{
	char text[LOG_SIZE + 1];
	int length = rump_sys_syslog(3, text, LOG_SIZE);

	text[length < 0 ? 0 : length] = '\0';
	return strstr(text, "<3>") != NULL || strstr(text, "<4>") != NULL;
}

struct rump_kernel *
ordeal_kernel_create(const char *name, int *error)
{
	struct rump_kernel_config config = { .memory_limit = MEMORY_LIMIT };
	struct rump_kernel *kernel;

	if (library_create_on(&host_ops, host, &config, &kernel) != 0)
		abort();
	rump_kernel_switch(kernel);
	if (rump_sys_mkdir("/mnt", 0755) != 0)
		abort();
	*error = rump_pub_etfs_register("/dev/disk", name, RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY);
	if (*error == 0)
		return kernel;
	if (!ordeal_has_log_line())
		ordeal_complain("opening failed with errno %d, and nothing was said", *error);
	if (rump_kernel_destroy(kernel) != 0 || memory_held != 0)
		ordeal_complain("the kernel was not destroyed well");
	return NULL;
}

void
ordeal_kernel_destroy(struct rump_kernel *kernel)
{
	int error = rump_pub_etfs_remove("/dev/disk");

	if (error != 0)
		ordeal_complain("the image is still in use: errno %d", error);
	if (rump_kernel_destroy(kernel) != 0)
		ordeal_complain("the kernel was not destroyed well");
	if (memory_held != 0)
		ordeal_complain("%llu bytes of memory are left", (unsigned long long)memory_held);
}

static void
check_mount_error(int error)
{
	if (error != EUCLEAN && error != EIO && error != EINVAL)
		ordeal_complain("mounting failed with errno %d", error);
	else if (!ordeal_has_log_line())
		ordeal_complain("mounting failed with errno %d, and nothing was said", error);
}

static void
check_walk(const struct walk *walk)
{
	if (walk->unexpected != 0)
		ordeal_complain("walking failed with errno %d", walk->unexpected);
	if (walk->damage_count > 0 && !ordeal_has_log_line())
		ordeal_complain("walking met damage, and nothing was said");
	progress->mounted_count++;
	progress->object_count += walk->object_count;
	progress->error_count += walk->error_count;
}

void
ordeal_walk(const char *device, const char *options)
{
	struct walk walk = { .reads_files = true, .object_max = OBJECT_MAX, .byte_max = BYTE_MAX };

	if (rump_sys_mount(device, "/mnt", "ffs", MS_RDONLY, options) != 0) {
		check_mount_error(errno);
		return;
	}
	walk_tree(&walk, "/mnt");
	check_walk(&walk);
	if (rump_sys_umount2("/mnt", 0) != 0)
		ordeal_complain("unmounting failed with errno %d", errno);
}

void
ordeal_print_log(void)
{
	char text[LOG_SIZE];
	int length = rump_sys_syslog(3, text, LOG_SIZE);

	printf("%.*s\n", length < 0 ? 0 : length, text);
}

/* ---- cases ------------------------------------------------------------------------------------ */

struct cases {
	void (*run)(uint64_t seed, FILE *story);
	void (*prepare)(uint64_t seed);
};

static double
seconds_used(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static void
limit_time(unsigned seconds)
{
	struct itimerval limit = { .it_value.tv_sec = seconds };

	setitimer(ITIMER_PROF, &limit, NULL);
	alarm(seconds == 0 ? 0 : SECONDS_WALL_MAX);
}

static void
run_timed(const struct cases *cases, uint64_t seed, FILE *story)
{
	double start, seconds;

	progress->seed = seed;
	if (cases->prepare != NULL)
		cases->prepare(seed);
	limit_time(SECONDS_MAX);
	start = seconds_used();
	cases->run(seed, story);
	seconds = seconds_used() - start;
	limit_time(0);
	if (seconds > progress->slowest_seconds) {
		progress->slowest_seconds = seconds;
		progress->slowest_seed = seed;
	}
}

/* Run cases from first on; returns the seed of the one that ended it, or end. */
static uint64_t
run_in_child(const struct cases *cases, uint64_t first, uint64_t end)
{
	int status;
	pid_t child;

	fflush(stdout);
	progress->seed = first;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		for (uint64_t seed = first; seed < end; seed++)
			run_timed(cases, seed, NULL);
		exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return end;
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM))
		ordeal_complain("out of time");
	else
		ordeal_complain("ended with wait status %#x", (unsigned)status);
	return progress->seed;
}

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

void
ordeal_run(void (*run_case)(uint64_t seed, FILE *story), void (*prepare)(uint64_t seed),
    uint64_t count)
{
	struct cases cases = { run_case, prepare };
	uint64_t seed = number_from("DAMAGE_FIRST", 0);
	uint64_t end = seed + number_from("DAMAGE_COUNT", count);

	if (getenv("DAMAGE_SEED") != NULL) {
		run_timed(&cases, number_from("DAMAGE_SEED", 0), stdout);
		assert_int_equal(progress->failure_count, 0);
		return;
	}
	while (seed < end && progress->failure_count < FAILURES_MAX)
		seed = run_in_child(&cases, seed, end) + 1;
	printf("# %llu mounted, %llu objects looked at, %llu calls failed; slowest: "
	       "seed %llu, %.2f s\n",
	    (unsigned long long)progress->mounted_count, (unsigned long long)progress->object_count,
	    (unsigned long long)progress->error_count, (unsigned long long)progress->slowest_seed,
	    progress->slowest_seconds);
	assert_int_equal(progress->failure_count, 0);
}
