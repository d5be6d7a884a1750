/*
 * Damage around file systems: to partition tables, to compressed files, and to
 * files that others cut off or write to while they are read.  Everything here
 * is a file of the host, opened as any user would; see ordeal.h for what must not
 * happen, and how to run one case of 200.  DAMAGE_KEEP=path keeps its file there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "base/math.h"
#include "block/partition_sample.h"
#include "host/posix/posix.h"
#include "tests/ordeal.h"
#include "tests/random.h"
#include "tests/small_images.h"

#define COUNT_DEFAULT 200
#define SECTOR	      512
#define FRONT	      64 /* sectors before the file system, with tables */
#define BEHIND	      34 /* and after it, with the copy of a GPT */
#define PARTITION_MAX 16
#define DAMAGES_MAX   12
#define LINE_MAX      512

static struct small_images images;
static char folder[64];
static char path[96]; /* of the file that cases use */

/* A file that is damaged now, and maybe again while it is read. */
static struct victim {
	struct random random;
	int fd;
	uint64_t size;
	uint64_t reads_left; /* before the next damage */
	bool is_changing;
	FILE *story;
} victim;

/* ---- damage ----------------------------------------------------------------------------------- */

/* A number as those write who want to break something. */
static uint32_t
odd_number(struct random *random)
{
	static const uint32_t numbers[] = { 0, 1, 2, 63, 64, 511, 4096, 0x7fffffff, 0x80000000,
		0xfffffffe, 0xffffffff };

	if (random_below(random, 3) == 0)
		return (uint32_t)random_next(random);
	return numbers[random_below(random, ARRAY_SIZE(numbers))];
}

/* Damage some bytes of the file between begin and end. */
static void
damage_range(uint64_t begin, uint64_t end)
{
	struct random *random = &victim.random;
	uint64_t at = begin + random_below(random, end - begin);
	size_t length = (size_t)(1 + random_below(random, 64));
	uint8_t bytes[64];

	for (size_t i = 0; i < length; i += sizeof(uint32_t)) {
		uint32_t number = odd_number(random);

		memcpy(bytes + i, &number, sizeof(number));
	}
	if (random_below(random, 2) == 0) {
		length = 1;
		if (pread(victim.fd, bytes, 1, (off_t)at) != 1)
			bytes[0] = 0;
		bytes[0] ^= (uint8_t)(1 << random_below(random, 8));
	} else if (random_below(random, 2) == 0) {
		at &= ~UINT64_C(3);
		length = sizeof(uint32_t);
	}
	if (victim.story != NULL)
		fprintf(victim.story, "# %zu bytes at %llu\n", length, (unsigned long long)at);
	if (pwrite(victim.fd, bytes, length, (off_t)at) < 0)
		abort();
}

static void
cut_off(void)
{
	victim.size = random_below(&victim.random, victim.size + 1);
	if (victim.story != NULL)
		fprintf(victim.story, "# cut at %llu\n", (unsigned long long)victim.size);
	if (ftruncate(victim.fd, (off_t)victim.size) != 0)
		abort();
}

/* Anywhere: mostly bytes, now and then all that follows. */
static void
damage_anywhere(void)
{
	uint64_t end = random_below(&victim.random, 2) == 0 ? 200 : victim.size;

	if (victim.size == 0 || random_below(&victim.random, 6) == 0)
		cut_off();
	else
		damage_range(0, min_u64(end, victim.size));
}

/* ---- a host where files change after some reads -------------------------------------------------- */

static void
submit_and_change(struct host *self, struct host_block *block, struct host_block_request *request)
{
	if (victim.is_changing && victim.reads_left-- == 0) {
		damage_anywhere();
		victim.reads_left = random_below(&victim.random, 8);
	}
	posix_host_ops.block_submit(self, block, request);
}

/* ---- files -------------------------------------------------------------------------------------- */

static void
victim_write(const void *bytes, uint64_t size, uint64_t offset)
{
	if (pwrite(victim.fd, bytes, size, (off_t)offset) != (ssize_t)size)
		abort();
	victim.size = max_u64(victim.size, offset + size);
}

static void
write_mbr(uint8_t *front, uint32_t count)
{
	sample_mbr_entry(front, 0, 0xa9, FRONT, count);
	sample_mbr_entry(front, 1, 0x05, 1, FRONT + count);
	sample_mbr_entry(front + SECTOR, 0, 0x83, 2, 7);
	sample_mbr_entry(front + SECTOR, 1, 0x05, 9, 20);
	sample_mbr_entry(front + 10 * SECTOR, 0, 0xa9, FRONT - 10, count);
}

static void
write_gpt(uint8_t *front, uint32_t count)
{
	uint8_t behind[BEHIND * SECTOR] = { 0 };
	uint64_t last = FRONT + count + BEHIND - 1;

	sample_mbr_entry(front, 0, 0xee, 1, (uint32_t)last);
	sample_gpt_entry(front + 2 * SECTOR, FRONT, FRONT + count - 1, "name");
	sample_gpt_header(front + SECTOR, 1, 2, front + 2 * SECTOR, 128);
	memcpy(behind + SECTOR, front + 2 * SECTOR, 32 * SECTOR);
	sample_gpt_header(behind + 33 * SECTOR, last, FRONT + count + 1, behind + SECTOR, 128);
	victim_write(behind, sizeof(behind), (uint64_t)(FRONT + count) * SECTOR);
}

static void
write_disklabel(uint8_t *front, uint32_t count, enum byte_order order)
{
	sample_disklabel(front + (order == ORDER_BIG ? 0 : SECTOR), order, 8);
	sample_disklabel_partition(front + (order == ORDER_BIG ? 0 : SECTOR), order, 0, 7, FRONT,
	    count);
	sample_disklabel_partition(front + (order == ORDER_BIG ? 0 : SECTOR), order, 4, 7, FRONT,
	    count / 2);
}

static void
write_apple(uint8_t *front, uint32_t count)
{
	sample_apple_descriptor(front, SECTOR);
	sample_apple_entry(front + SECTOR, 2, 1, 63, "map", "Apple_partition_map");
	sample_apple_entry(front + 2 * SECTOR, 2, FRONT, count, "root", "Apple_UNIX_SVR2");
}

/* A disk with the image as a partition, and its tables damaged. */
static void
make_disk(unsigned index)
{
	uint8_t *bytes = small_image_map(&images, index);
	uint32_t count = (uint32_t)(images.images[index].size / SECTOR);
	uint8_t front[FRONT * SECTOR] = { 0 };
	uint64_t kind = random_below(&victim.random, 5);

	victim_write(bytes, (uint64_t)count * SECTOR, sizeof(front));
	small_image_unmap(&images, index, bytes);
	switch (kind) {
	case 0:
		write_mbr(front, count);
		break;
	case 1:
		write_gpt(front, count);
		break;
	case 2:
		write_apple(front, count);
		break;
	default:
		write_disklabel(front, count, kind == 3 ? ORDER_BIG : ORDER_LITTLE);
	}
	victim_write(front, sizeof(front), 0);
	for (uint64_t i = random_below(&victim.random, DAMAGES_MAX); i > 0; i--) {
		uint64_t sectors = random_below(&victim.random, 2) == 0 ? 3 : FRONT;

		damage_range(0, sectors * SECTOR);
	}
	if (random_below(&victim.random, 4) == 0)
		damage_range(victim.size - BEHIND * SECTOR, victim.size);
	if (random_below(&victim.random, 12) == 0)
		cut_off();
}

static void
copy_to_victim(const char *from)
{
	static uint8_t buffer[1 << 16];
	int fd = open(from, O_RDONLY);
	ssize_t count;

	while ((count = read(fd, buffer, sizeof(buffer))) > 0)
		victim_write(buffer, (uint64_t)count, victim.size);
	close(fd);
}

/* Ways to pack images that this build can read; "cat" leaves them as they are. */
static const char *const packers[] = {
	"cat",
#ifdef HAVE_GZIP
	"gzip -c",
#endif
#ifdef HAVE_XZ
	"xz -0c",
	"xz -0c --block-size=100000",
#endif
#ifdef HAVE_ZSTD
	"zstd -qc",
#endif
};

/* A file with the image, packed or not, damaged unless it will change later. */
static void
make_packed(unsigned index)
{
	uint64_t packer = random_below(&victim.random, ARRAY_SIZE(packers));
	char from[LINE_MAX];

	snprintf(from, sizeof(from), "%s/%u-%u", folder, index, (unsigned)packer);
	copy_to_victim(from);
	victim.is_changing = packer == 0 || random_below(&victim.random, 3) == 0;
	victim.reads_left = random_below(&victim.random, 40);
	if (victim.story != NULL)
		fprintf(victim.story, "# %s\n", packers[packer]);
	for (uint64_t i = 0; !victim.is_changing && i <= random_below(&victim.random, 3); i++)
		damage_anywhere();
}

/* ---- cases ---------------------------------------------------------------------------------------- */

static void
walk_partitions(void)
{
	struct rump_partition partitions[PARTITION_MAX];
	size_t count = PARTITION_MAX;
	int error = rump_pub_etfs_partitions("/dev/disk", partitions, &count);

	if (error != 0 && error != ENOENT && error != EUCLEAN && error != EIO &&
	    error != ENAMETOOLONG)
		ordeal_complain("looking for partitions failed with errno %d", error);
	if ((error == EUCLEAN || error == EIO) && !ordeal_has_log_line())
		ordeal_complain("a table cannot be used, and nothing was said");
	for (size_t i = 0; error == 0 && i < min_u64(count, PARTITION_MAX); i++) {
		char device[LINE_MAX];

		snprintf(device, sizeof(device), "/dev/diskp%s", partitions[i].name);
		if (victim.story != NULL)
			fprintf(victim.story, "# %s\n", device);
		ordeal_walk(device, "");
	}
}

static void
use_victim(bool is_disk)
{
	int error;
	struct rump_kernel *kernel = ordeal_kernel_create(path, &error);

	if (kernel == NULL) {
		if (error != EUCLEAN && error != EIO && error != EOPNOTSUPP)
			ordeal_complain("opening failed with errno %d", error);
		return;
	}
	if (is_disk)
		walk_partitions();
	else
		ordeal_walk("/dev/disk", "");
	if (victim.story != NULL)
		ordeal_print_log();
	ordeal_kernel_destroy(kernel);
}

static void
keep(const char *where)
{
	char line[LINE_MAX];

	snprintf(line, sizeof(line), "cp '%s' '%s'", path, where);
	if (system(line) != 0)
		abort();
}

static void
run_case(uint64_t seed, FILE *story)
{
	unsigned index = (unsigned)(seed / 2 % images.made_count);
	bool is_disk = seed % 2 == 0;

	victim = (struct victim){ .random = { seed }, .story = story };
	victim.fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (victim.fd < 0)
		abort();
	if (is_disk)
		make_disk(index);
	else
		make_packed(index);
	if (getenv("DAMAGE_KEEP") != NULL)
		keep(getenv("DAMAGE_KEEP"));
	use_victim(is_disk);
	close(victim.fd);
}

static void
damaged_files_give_errors_and_nothing_worse(void **state)
{
	ordeal_run(run_case, NULL, COUNT_DEFAULT);
}

/* Else the other test proves little. */
static void
whole_files_are_walked_without_an_error(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(packers); i++) {
		uint64_t errors = ordeal_error_count(), objects = ordeal_object_count();
		struct rump_kernel *kernel;
		char from[LINE_MAX];
		int error;

		snprintf(from, sizeof(from), "%s/0-%u", folder, i);
		victim = (struct victim){ 0 };
		kernel = ordeal_kernel_create(from, &error);
		assert_non_null(kernel);
		ordeal_walk("/dev/disk", "");
		ordeal_kernel_destroy(kernel);
		assert_int_equal(ordeal_error_count(), errors);
		assert_true(ordeal_object_count() - objects >= 190);
	}
}

/* Pack every image in every way, once. */
static void
pack_all(void)
{
	char line[LINE_MAX];

	for (unsigned i = 0; i < images.made_count; i++) {
		uint8_t *bytes = small_image_map(&images, i);

		snprintf(path, sizeof(path), "%s/image", folder);
		victim = (struct victim){ .fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600) };
		assert_true(victim.fd >= 0);
		victim_write(bytes, images.images[i].size, 0);
		close(victim.fd);
		small_image_unmap(&images, i, bytes);
		for (unsigned packer = 0; packer < ARRAY_SIZE(packers); packer++) {
			snprintf(line, sizeof(line), "cd '%s' && %s image >%u-%u", folder,
			    packers[packer], i, packer);
			assert_int_equal(system(line), 0);
		}
	}
}

static int
setup(void **state)
{
	const char *parent = getenv("TMPDIR");
	struct host_ops ops = posix_host_ops;

	ops.block_submit = submit_and_change;
	ordeal_create(&ops);
	small_images_create(&images);
	snprintf(folder, sizeof(folder), "%s/damage.XXXXXX",
	    parent != NULL && strlen(parent) < 40 ? parent : "/tmp");
	assert_non_null(mkdtemp(folder));
	pack_all();
	return 0;
}

static int
teardown(void **state)
{
	char line[LINE_MAX];

	small_images_destroy(&images);
	ordeal_destroy();
	snprintf(line, sizeof(line), "rm -r '%s'", folder);
	return system(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_files_are_walked_without_an_error),
		cmocka_unit_test(damaged_files_give_errors_and_nothing_worse),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
