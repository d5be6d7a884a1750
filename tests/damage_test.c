/*
 * Damaged images: each is mounted, walked, read and unmounted in a kernel of
 * its own; see ordeal.h for what must not happen, and how to run one of 500.
 * DAMAGE_KEEP=path writes the damaged image of that one there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tests/damage.h"
#include "tests/memory_store.h"
#include "tests/ordeal.h"
#include "tests/small_images.h"
#include "tests/walk.h"

#define COUNT_DEFAULT 500
#define COUNT_REPAIRS 200
#define DAMAGES_MAX   32 /* in one case */

/* What a walk that learns looks at, at most. */
#define OBJECT_MAX 600

static struct small_images images;
static struct anatomy anatomies[SMALL_IMAGES_MAX]; /* sector_count 0: not learned yet */

static struct rump_kernel *
create_kernel(const struct memory_store *store)
{
	char name[MEMORY_STORE_NAME];
	struct rump_kernel *kernel;
	int error;

	memory_store_name(store, name);
	kernel = ordeal_kernel_create(name, &error);
	if (kernel == NULL)
		abort();
	return kernel;
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
	ordeal_kernel_destroy(kernel);
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
	ordeal_walk("/dev/disk", options);
	if (story != NULL)
		ordeal_print_log();
	ordeal_kernel_destroy(kernel);
	small_image_unmap(&images, index, bytes);
}

static void
prepare(uint64_t seed)
{
	anatomy_of(choose_image(seed));
}

static void
damaged_images_give_errors_and_nothing_worse(void **state)
{
	ordeal_run(run_case, prepare, COUNT_DEFAULT);
}

/* ---- repairing ----------------------------------------------------------------------------- */

static int
tell(void *context, const struct rump_fs_problem *problem)
{
	FILE *story = context;

	if (story != NULL)
		fprintf(story, "#   %d %s%s\n", problem->severity, problem->text,
		    problem->is_repaired ? "" : " (left)");
	return 0;
}

/* Check the image; false if it has nothing to check. */
static bool
check_image(struct rump_fs_check *check, int mode, FILE *story)
{
	int error;

	*check = (struct rump_fs_check){ .mode = mode, .decide = tell, .cookie = story };
	error = rump_pub_fs_check("/dev/written", "ffs", check);
	if (error == EINVAL && ordeal_has_log_line())
		return false;
	if (error != 0)
		ordeal_complain("checking in mode %d failed with errno %d", mode, error);
	return error == 0;
}

/*
 * Damage an image, repair it, look again: nothing is wrong then, for the checker
 * and for whoever walks the image; or it was said that something is left.
 */
static void
run_repair(uint64_t seed, FILE *story)
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
	bool is_aimed = random_below(&patient.random, 4) != 0;
	uint64_t damage_count = random_below(&patient.random, DAMAGES_MAX) + 1;
	struct memory_store store = { .bytes = bytes, .writable = bytes };
	struct rump_kernel *kernel;
	struct rump_fs_check check;
	char name[MEMORY_STORE_NAME];

	for (uint64_t i = 0; i < damage_count; i++)
		damage(&patient, is_aimed);
	write_image(&patient);
	store.size = patient.size;
	kernel = create_kernel(&store);
	memory_store_name(&store, name);
	if (rump_pub_etfs_register("/dev/written", name, RUMP_ETFS_BLK) != 0)
		abort();
	if (check_image(&check, RUMP_FS_CHECK_REPAIR, story) && check.left_count == 0) {
		uint64_t errors = ordeal_error_count();

		if (story != NULL)
			fprintf(story, "# again\n");
		if (!check_image(&check, RUMP_FS_CHECK_ONLY, story) || check.problem_count > 0)
			ordeal_complain("%llu problems after all was repaired",
			    (unsigned long long)check.problem_count);
		ordeal_walk("/dev/disk", "");
		if (ordeal_error_count() > errors)
			ordeal_complain("what was repaired has errors");
	}
	if (story != NULL)
		ordeal_print_log();
	if (rump_pub_etfs_remove("/dev/written") != 0)
		ordeal_complain("the image is still in use");
	ordeal_kernel_destroy(kernel);
	small_image_unmap(&images, index, bytes);
}

static void
damaged_images_are_repaired(void **state)
{
	ordeal_run(run_repair, prepare, COUNT_REPAIRS);
}

/* Else the other tests prove little. */
static void
healthy_images_are_walked_without_an_error(void **state)
{
	for (unsigned i = 0; i < images.count; i++) {
		uint8_t *bytes = small_image_map(&images, i);
		struct memory_store store = { .bytes = bytes, .size = images.images[i].size };
		struct rump_kernel *kernel = create_kernel(&store);
		uint64_t errors = ordeal_error_count(), objects = ordeal_object_count();

		ordeal_walk("/dev/disk", "");
		assert_int_equal(ordeal_error_count(), errors);
		assert_true(ordeal_object_count() - objects >= 190);
		ordeal_kernel_destroy(kernel);
		small_image_unmap(&images, i, bytes);
	}
}

static int
setup(void **state)
{
	struct host_ops ops = memory_store_host_ops();

	ordeal_create(&ops);
	small_images_create(&images);
	return 0;
}

static int
teardown(void **state)
{
	for (unsigned i = 0; i < images.count; i++)
		anatomy_destroy(&anatomies[i]);
	small_images_destroy(&images);
	ordeal_destroy();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(healthy_images_are_walked_without_an_error),
		cmocka_unit_test(damaged_images_give_errors_and_nothing_worse),
		cmocka_unit_test(damaged_images_are_repaired),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
