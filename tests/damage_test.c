/*
 * Damaged images: each is mounted, walked, read and unmounted in a kernel of
 * its own.  Nothing may crash, hang, leak or take more memory than it may; what
 * fails, fails with an error that damage explains, and a line in the log.
 *
 * Cases run in a child process, so that the test outlives a crash and can name
 * the seed.  One case:
 *
 *	DAMAGE_SEED=n		run only that one, in this process, and tell about it
 *	DAMAGE_KEEP=path	and write the damaged image there
 *
 * DAMAGE_COUNT is how many there are (500), DAMAGE_FIRST the first seed (0).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
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
#include "tests/damage.h"
#include "tests/memory_store.h"
#include "tests/small_images.h"
#include "tests/walk.h"

#define COUNT_DEFAULT 500
#define FAILURES_MAX  20
#define MEMORY_LIMIT  ((uint64_t)16 << 20)
#define DAMAGES_MAX   32 /* in one case */
#define LOG_SIZE      8192

/* One case may take so long, of a processor's time and of the world's: others use the machine. */
#define SECONDS_MAX	 5
#define SECONDS_WALL_MAX 60

/* What a walk looks at, at most. */
#define OBJECT_MAX 600
#define BYTE_MAX   (4 << 20)

static struct small_images images;
static struct anatomy anatomies[SMALL_IMAGES_MAX]; /* sector_count 0: not learned yet */

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

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
complain(const char *format, ...)
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
		complain("the kernel took more memory than it may");
	return memory;
}

static void
counting_memory_return(struct host *self, void *memory, size_t size)
{
	posix_host_ops.memory_return(self, memory, size);
	atomic_fetch_sub(&memory_held, size);
}

/* ---- one image in one kernel ------------------------------------------------------------ */

static struct rump_kernel *
create_kernel(const struct memory_store *store)
{
	struct rump_kernel_config config = { .memory_limit = MEMORY_LIMIT };
	char name[MEMORY_STORE_NAME];
	struct rump_kernel *kernel;

	if (library_create_on(&host_ops, host, &config, &kernel) != 0)
		abort();
	rump_kernel_switch(kernel);
	memory_store_name(store, name);
	if (rump_sys_mkdir("/mnt", 0755) != 0 ||
	    rump_pub_etfs_register("/dev/disk", name, RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY) != 0)
		abort();
	return kernel;
}

static void
destroy_kernel(struct rump_kernel *kernel)
{
	int error = rump_pub_etfs_remove("/dev/disk");

	if (error != 0)
		complain("the image is still in use: errno %d", error);
	if (rump_kernel_destroy(kernel) != 0)
		complain("the kernel was not destroyed well");
	if (memory_held != 0)
		complain("%llu bytes of memory are left", (unsigned long long)memory_held);
}

/* Does the kernel's log tell of an error? */
static bool
has_log_line(void)
{
	char text[LOG_SIZE + 1];
	int length = rump_sys_syslog(3, text, LOG_SIZE);

	text[length < 0 ? 0 : length] = '\0';
	return strstr(text, "<3>") != NULL;
}

static void
check_mount_error(int error)
{
	if (error != EUCLEAN && error != EIO && error != EINVAL)
		complain("mounting failed with errno %d", error);
	else if (!has_log_line())
		complain("mounting failed with errno %d, and nothing was said", error);
}

static void
check_walk(const struct walk *walk)
{
	if (walk->unexpected != 0)
		complain("walking failed with errno %d", walk->unexpected);
	if (walk->damage_count > 0 && !has_log_line())
		complain("walking met damage, and nothing was said");
	progress->mounted_count++;
	progress->object_count += walk->object_count;
	progress->error_count += walk->error_count;
}

static void
mount_and_walk(const char *options)
{
	struct walk walk = { .reads_files = true, .object_max = OBJECT_MAX, .byte_max = BYTE_MAX };

	if (rump_sys_mount("/dev/disk", "/mnt", "ffs", MS_RDONLY, options) != 0) {
		check_mount_error(errno);
		return;
	}
	walk_tree(&walk, "/mnt");
	check_walk(&walk);
	if (rump_sys_umount2("/mnt", 0) != 0)
		complain("unmounting failed with errno %d", errno);
}

static void
print_log(void)
{
	char text[LOG_SIZE];
	int length = rump_sys_syslog(3, text, LOG_SIZE);

	printf("%.*s\n", length < 0 ? 0 : length, text);
}

/* ---- anatomy: what a walk reads that looks, but reads no file ------------------------------ */

static void
note_read(void *context, uint64_t offset, uint64_t length)
{
	bool *is_metadata = context;

	for (uint64_t at = offset; at < offset + length; at += DAMAGE_SECTOR)
		is_metadata[at / DAMAGE_SECTOR] = true;
}

static const struct anatomy *
anatomy_of(unsigned index)
{
	struct anatomy *anatomy = &anatomies[index];
	struct walk walk = { .object_max = OBJECT_MAX };
	struct memory_store store = { .on_read = note_read };
	struct rump_kernel *kernel;
	bool *is_metadata;
	uint8_t *bytes;

	if (anatomy->sector_count > 0)
		return anatomy;
	bytes = small_image_map(&images, index);
	store.bytes = bytes;
	store.size = images.images[index].size;
	is_metadata = calloc(store.size / DAMAGE_SECTOR + 1, 1);
	store.context = is_metadata;
	kernel = create_kernel(&store);
	if (rump_sys_mount("/dev/disk", "/mnt", "ffs", MS_RDONLY, "") != 0)
		abort();
	walk_tree(&walk, "/mnt");
	rump_sys_umount2("/mnt", 0);
	destroy_kernel(kernel);
	anatomy_create(anatomy, bytes, store.size, is_metadata);
	free(is_metadata);
	small_image_unmap(&images, index, bytes);
	return anatomy;
}

/* ---- cases --------------------------------------------------------------------------------- */

/* An image that changes while it is read: damage after some reads. */
struct change {
	struct patient *patient;
	struct memory_store *store;
	uint64_t reads_left;
};

static void
change_image(void *context, uint64_t offset, uint64_t length)
{
	struct change *change = context;

	if (change->reads_left-- > 0)
		return;
	damage(change->patient, true);
	change->store->size = change->patient->size;
	change->reads_left = random_below(&change->patient->random, 8);
}

static void
write_image(const struct patient *patient)
{
	const char *path = getenv("DAMAGE_KEEP");
	FILE *file = path == NULL ? NULL : fopen(path, "w");

	if (file == NULL)
		return;
	fwrite(patient->bytes, 1, patient->size, file);
	fclose(file);
}

/* Of eight cases, one is with an image that NetBSD made, if there are any. */
static unsigned
choose_image(uint64_t seed)
{
	unsigned foreign = images.count - images.made_count;

	if (seed % 8 == 7 && foreign > 0)
		return images.made_count + (unsigned)(seed / 8 % foreign);
	return (unsigned)(seed % images.made_count);
}

static const char *
choose_options(struct random *random)
{
	static const char *const options[] = { "", "", "norecovery", "partial" };

	return options[random_below(random, sizeof(options) / sizeof(options[0]))];
}

/* Damage an image, which is metadata on purpose half of the time, and use it. */
static void
run_case(uint64_t seed, FILE *story)
{
	unsigned index = choose_image(seed);
	uint8_t *bytes = small_image_map(&images, index);
	struct patient patient = {
		.bytes = bytes,
		.size = images.images[index].size,
		.anatomy = anatomy_of(index),
		.random = { seed },
		.story = story,
	};
	bool is_aimed = random_below(&patient.random, 2) == 0;
	const char *options = choose_options(&patient.random);
	uint64_t damage_max = random_below(&patient.random, DAMAGES_MAX) + 1;
	uint64_t damage_count = random_below(&patient.random, damage_max) + 1;
	struct memory_store store = { .bytes = bytes };
	struct change change = { .patient = &patient, .store = &store };
	struct rump_kernel *kernel;

	if (random_below(&patient.random, 8) == 0) {
		change.reads_left = random_below(&patient.random, 30);
		store.on_read = change_image;
		store.context = &change;
	}
	if (story != NULL)
		fprintf(story, "# %s, %s damage, options \"%s\"%s\n", images.images[index].name,
		    is_aimed ? "aimed" : "blind", options,
		    store.on_read != NULL ? ", changing" : "");
	for (uint64_t i = 0; i < damage_count; i++)
		damage(&patient, is_aimed);
	write_image(&patient);
	store.size = patient.size;
	kernel = create_kernel(&store);
	mount_and_walk(options);
	if (story != NULL)
		print_log();
	destroy_kernel(kernel);
	small_image_unmap(&images, index, bytes);
}

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
run_timed(uint64_t seed, FILE *story)
{
	double start, seconds;

	progress->seed = seed;
	anatomy_of(choose_image(seed));
	limit_time(SECONDS_MAX);
	start = seconds_used();
	run_case(seed, story);
	seconds = seconds_used() - start;
	limit_time(0);
	if (seconds > progress->slowest_seconds) {
		progress->slowest_seconds = seconds;
		progress->slowest_seed = seed;
	}
}

/* Run cases from first on; returns the seed of the one that ended it, or end. */
static uint64_t
run_in_child(uint64_t first, uint64_t end)
{
	int status;
	pid_t child;

	fflush(stdout);
	progress->seed = first;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		for (uint64_t seed = first; seed < end; seed++)
			run_timed(seed, NULL);
		exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return end;
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM))
		complain("out of time");
	else
		complain("ended with wait status %#x", (unsigned)status);
	return progress->seed;
}

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

static void
damaged_images_give_errors_and_nothing_worse(void **state)
{
	uint64_t seed = number_from("DAMAGE_FIRST", 0);
	uint64_t end = seed + number_from("DAMAGE_COUNT", COUNT_DEFAULT);

	if (getenv("DAMAGE_SEED") != NULL) {
		run_timed(number_from("DAMAGE_SEED", 0), stdout);
		assert_int_equal(progress->failure_count, 0);
		return;
	}
	while (seed < end && progress->failure_count < FAILURES_MAX)
		seed = run_in_child(seed, end) + 1;
	printf("# %llu mounted, %llu objects looked at, %llu calls failed; slowest: "
	       "seed %llu, %.2f s\n",
	    (unsigned long long)progress->mounted_count, (unsigned long long)progress->object_count,
	    (unsigned long long)progress->error_count, (unsigned long long)progress->slowest_seed,
	    progress->slowest_seconds);
	assert_int_equal(progress->failure_count, 0);
}

/* Else the other test proves little. */
static void
healthy_images_are_walked_without_an_error(void **state)
{
	for (unsigned i = 0; i < images.count; i++) {
		uint8_t *bytes = small_image_map(&images, i);
		struct memory_store store = { .bytes = bytes, .size = images.images[i].size };
		struct rump_kernel *kernel = create_kernel(&store);
		uint64_t errors = progress->error_count, objects = progress->object_count;

		mount_and_walk("");
		assert_int_equal(progress->error_count, errors);
		assert_true(progress->object_count - objects >= 190);
		destroy_kernel(kernel);
		small_image_unmap(&images, i, bytes);
	}
	assert_int_equal(progress->failure_count, 0);
}

static int
setup(void **state)
{
	host_ops = memory_store_host_ops();
	host_ops.memory_get = counting_memory_get;
	host_ops.memory_return = counting_memory_return;
	assert_int_equal(posix_host_create(&host), 0);
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	assert_true(progress != MAP_FAILED);
	small_images_create(&images);
	return 0;
}

static int
teardown(void **state)
{
	for (unsigned i = 0; i < images.count; i++)
		anatomy_destroy(&anatomies[i]);
	small_images_destroy(&images);
	posix_host_destroy(host);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(healthy_images_are_walked_without_an_error),
		cmocka_unit_test(damaged_images_give_errors_and_nothing_worse),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
