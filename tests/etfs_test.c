/*
 * Devices and images of the host in a rump kernel, through the public interface.
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
#include <sys/mount.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "block/partition_sample.h"
#include "tests/holdings.h"

#define assert_fails(error, call) \
	do { \
		errno = 0; \
		assert_int_equal(call, -1); \
		assert_int_equal(errno, error); \
	} while (0)

static void
a_fresh_kernel_has_a_root_and_devices(void **state)
{
	struct statfs statistics;
	struct stat status;
	char byte = 1;
	int fd;

	assert_int_equal(rump_sys_stat("/", &status), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 0755);
	assert_int_equal(rump_sys_statfs("/", &statistics), 0);
	assert_int_equal(statistics.f_type, 0x01021994); /* TMPFS_MAGIC */
	assert_int_equal(rump_sys_stat("/dev/null", &status), 0);
	assert_true(S_ISCHR(status.st_mode));
	assert_int_equal(status.st_rdev, 0x103);
	fd = rump_sys_open("/dev/zero", O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(rump_sys_read(fd, &byte, 1), 1);
	assert_int_equal(byte, 0);
	assert_int_equal(rump_sys_close(fd), 0);
	assert_int_equal(rump_kernel_destroy(NULL), 0);
}

enum {
	IMAGE_SIZE = 64 * 1024 + 100, /* the last bytes are no whole sector */
};

static char image_path[] = "/tmp/rump_library_test.XXXXXX";

/* A host file whose sectors begin with their number. */
static int
make_image(void **state)
{
	int fd = mkstemp(image_path);
	char sector[512];

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, IMAGE_SIZE), 0);
	for (int i = 0; i < IMAGE_SIZE / 512; i++) {
		memset(sector, 0, sizeof(sector));
		snprintf(sector, sizeof(sector), "sector %d", i);
		assert_int_equal(pwrite(fd, sector, sizeof(sector), i * 512), sizeof(sector));
	}
	close(fd);
	return 0;
}

static int
remove_image(void **state)
{
	rump_kernel_destroy(NULL);
	unlink(image_path);
	strcpy(image_path + strlen(image_path) - 6, "XXXXXX");
	return 0;
}

/* The number of the sector at the start of what is at path. */
static int
first_sector(const char *path)
{
	char sector[512] = "";
	int fd = rump_sys_open(path, O_RDONLY), number = -1;

	assert_true(fd >= 0);
	assert_int_equal(rump_sys_read(fd, sector, sizeof(sector)), sizeof(sector));
	assert_int_equal(sscanf(sector, "sector %d", &number), 1);
	assert_int_equal(rump_sys_close(fd), 0);
	return number;
}

static off_t
size_of(const char *path)
{
	int fd = rump_sys_open(path, O_RDONLY);
	off_t size;

	assert_true(fd >= 0);
	size = rump_sys_lseek(fd, 0, SEEK_END);
	assert_int_equal(rump_sys_close(fd), 0);
	return size;
}

static void
an_image_is_a_block_device_at_its_key(void **state)
{
	static const char *const keys[] = { "/dev/disk", "/disk", "/some/where/disk" };
	struct stat status;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rump_pub_etfs_register(keys[i], image_path,
				     RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY),
		    0);
		assert_int_equal(rump_sys_stat(keys[i], &status), 0);
		assert_true(S_ISBLK(status.st_mode));
		assert_int_equal(first_sector(keys[i]), 0);
		assert_int_equal(size_of(keys[i]), IMAGE_SIZE / 512 * 512);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rump_pub_etfs_remove(keys[i]), 0);
		assert_int_equal(rump_pub_etfs_remove(keys[i]), ENOENT);
		assert_fails(ENOENT, rump_sys_stat(keys[i], &status));
	}
}

static void
a_window_shows_a_part_of_an_image(void **state)
{
	static const struct {
		uint64_t begin, size;
		int want; /* error */
		off_t shown;
	} rows[] = {
		{ 0, 512, 0, 512 },
		{ 512 * 7, 1024, 0, 1024 },
		{ 512 * 7, RUMP_ETFS_SIZE_ENDOFF, 0, 121 * 512 },
		{ 512 * 127, 1 << 30, 0, 512 },
		{ 512 * 127, UINT64_MAX - 511, 0, 512 },
		{ 512 * 128, 512, EINVAL, 0 },
		{ 1 << 30, 512, EINVAL, 0 },
		{ 100, 512, EINVAL, 0 },
		{ 0, 100, EINVAL, 0 },
		{ 0, 0, EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int error = rump_pub_etfs_register_withsize("/dev/part", image_path, RUMP_ETFS_BLK,
		    rows[i].begin, rows[i].size);

		assert_int_equal(error, rows[i].want);
		if (error != 0)
			continue;
		assert_int_equal(first_sector("/dev/part"), (int)(rows[i].begin / 512));
		assert_int_equal(size_of("/dev/part"), rows[i].shown);
		assert_int_equal(rump_pub_etfs_remove("/dev/part"), 0);
	}
}

static void
registrations_are_checked(void **state)
{
	static const struct {
		const char *key, *path;
		int type, want;
	} rows[] = {
		{ "disk", image_path, RUMP_ETFS_BLK, EINVAL },
		{ "/", image_path, RUMP_ETFS_BLK, EINVAL },
		{ "/disk/", image_path, RUMP_ETFS_BLK, EINVAL },
		{ "", image_path, RUMP_ETFS_BLK, EINVAL },
		{ "/dev", image_path, RUMP_ETFS_BLK, EEXIST },
		{ "/dev/null", image_path, RUMP_ETFS_BLK, EEXIST },
		{ "/dev/null/x", image_path, RUMP_ETFS_BLK, ENOTDIR },
		{ "/x", image_path, RUMP_ETFS_REG, EOPNOTSUPP },
		{ "/x", image_path, RUMP_ETFS_DIR, EOPNOTSUPP },
		{ "/x", image_path, RUMP_ETFS_DIR_SUBDIRS, EOPNOTSUPP },
		{ "/x", image_path, 77, EINVAL },
		{ "/x", "/no/such/file", RUMP_ETFS_BLK, ENOENT },
		{ "/x", "/tmp", RUMP_ETFS_BLK, EISDIR },
		{ "/x", "/dev/null", RUMP_ETFS_BLK, ENODEV },
		{ "/a/name/that/is/longer/than/the/sixty-three/bytes/a/device/name/has", image_path,
		    RUMP_ETFS_BLK, ENAMETOOLONG },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int error = rump_pub_etfs_register(rows[i].key, rows[i].path, rows[i].type);

		if (error != rows[i].want)
			fail_msg("%s: error %d, not %d", rows[i].key, error, rows[i].want);
	}
}

static void
an_image_is_written_by_one_at_a_time(void **state)
{
	struct rump_kernel *other;
	char byte = 'x';
	int fd;

	assert_int_equal(rump_kernel_create(NULL, &other), 0);
	assert_int_equal(rump_pub_etfs_register("/dev/disk", image_path, RUMP_ETFS_BLK), 0);
	rump_kernel_switch(other);
	assert_int_equal(rump_pub_etfs_register("/dev/disk", image_path, RUMP_ETFS_BLK), EBUSY);
	rump_kernel_switch(NULL);
	fd = rump_sys_open("/dev/disk", O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(rump_pub_etfs_remove("/dev/disk"), EBUSY);
	assert_int_equal(rump_sys_close(fd), 0);
	assert_int_equal(rump_pub_etfs_remove("/dev/disk"), 0);

	rump_kernel_switch(other);
	assert_int_equal(rump_pub_etfs_register("/dev/disk", image_path,
			     RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY),
	    0);
	fd = rump_sys_open("/dev/disk", O_RDWR);
	if (fd >= 0)
		assert_int_equal(rump_sys_write(fd, &byte, 1), -1);
	assert_int_equal(rump_kernel_destroy(other), 0);
	assert_int_equal(rump_pub_etfs_register("/dev/disk", image_path, RUMP_ETFS_BLK), 0);
}

static void
kernels_that_go_give_their_images_back(void **state)
{
	struct holdings before = holdings_count(), after;

	for (int i = 0; i < 50; i++) {
		assert_int_equal(rump_pub_etfs_register("/dev/disk", image_path, RUMP_ETFS_BLK), 0);
		assert_int_equal(rump_sys_open("/dev/disk", O_RDONLY), 0);
		assert_int_equal(rump_kernel_destroy(NULL), 0);
	}
	after = holdings_count();
	assert_int_equal(after.descriptors, before.descriptors);
}

static void
what_is_no_file_system_is_not_mounted_and_the_log_says_why(void **state)
{
	char log[8192] = "";

	assert_int_equal(rump_pub_etfs_register("/dev/disk", image_path, RUMP_ETFS_BLK), 0);
	assert_int_equal(rump_sys_mkdir("/mnt", 0755), 0);
	assert_fails(EINVAL, rump_sys_mount("/dev/disk", "/mnt", "auto", MS_RDONLY, NULL));
	assert_fails(ENOENT, rump_sys_mount("/dev/other", "/mnt", "auto", MS_RDONLY, NULL));
	assert_fails(ENODEV, rump_sys_mount("/dev/disk", "/mnt", "nofs", MS_RDONLY, NULL));
	assert_true(rump_sys_syslog(3, log, sizeof(log) - 1) > 0);
	assert_non_null(strstr(log, "disk"));
	assert_int_equal(rump_sys_syslog(5, NULL, 0), 0);
	assert_int_equal(rump_sys_syslog(3, log, sizeof(log)), 0);
}

#define image_test(name) cmocka_unit_test_setup_teardown(name, make_image, remove_image)

/* ---- partitions ------------------------------------------------------------------ */

/* Give the image a table: sectors 10 to 19, and as an extended partition 64 to 127. */
static void
partition_image(void)
{
	uint8_t table[512] = { 0 }, logical[512] = { 0 };
	int fd = open(image_path, O_RDWR);

	assert_true(fd >= 0);
	sample_mbr_entry(table, 0, 0x83, 10, 10);
	sample_mbr_entry(table, 1, 0x05, 64, 64);
	sample_mbr_entry(logical, 0, 0xa9, 5, 3);
	assert_int_equal(pwrite(fd, table, sizeof(table), 0), sizeof(table));
	assert_int_equal(pwrite(fd, logical, sizeof(logical), 64 * 512), sizeof(logical));
	close(fd);
}

static void
partitions_are_devices_next_to_their_image(void **state)
{
	struct rump_partition partitions[4];
	size_t count = 4;

	partition_image();
	assert_int_equal(rump_pub_etfs_register("/dev/disk", image_path,
			     RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY),
	    0);
	assert_int_equal(rump_pub_etfs_partitions("/dev/disk", partitions, &count), 0);
	assert_int_equal(count, 3);
	assert_string_equal(partitions[0].name, "1");
	assert_string_equal(partitions[0].table, "MBR");
	assert_string_equal(partitions[0].type, "0x83");
	assert_string_equal(partitions[0].type_name, "Linux");
	assert_int_equal(partitions[0].start, 10 * 512);
	assert_int_equal(partitions[0].size, 10 * 512);
	assert_int_equal(partitions[1].flags, RUMP_PARTITION_CONTAINER);
	assert_string_equal(partitions[2].name, "5");
	assert_int_equal(first_sector("/dev/diskp1"), 10);
	assert_int_equal(size_of("/dev/diskp1"), 10 * 512);
	assert_int_equal(first_sector("/dev/diskp5"), 69);
	assert_int_equal(size_of("/dev/diskp5"), 3 * 512);
}

static void
partitions_can_be_asked_for_again_and_without_room(void **state)
{
	struct rump_partition partition;
	size_t count = 0;

	partition_image();
	assert_int_equal(rump_pub_etfs_register("/images/x", image_path, RUMP_ETFS_BLK), 0);
	assert_int_equal(rump_pub_etfs_partitions("/images/x", NULL, &count), 0);
	assert_int_equal(count, 3);
	count = 1;
	assert_int_equal(rump_pub_etfs_partitions("/images/x", &partition, &count), 0);
	assert_int_equal(count, 3);
	assert_string_equal(partition.name, "1");
	assert_int_equal(first_sector("/images/xp5"), 69);
}

static void
partitions_go_with_their_image_unless_one_is_open(void **state)
{
	size_t count = 0;
	int fd;

	partition_image();
	assert_int_equal(rump_pub_etfs_register("/images/x", image_path, RUMP_ETFS_BLK), 0);
	assert_int_equal(rump_pub_etfs_partitions("/images/x", NULL, &count), 0);
	fd = rump_sys_open("/images/xp5", O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(rump_pub_etfs_remove("/images/x"), EBUSY);
	assert_int_equal(rump_sys_close(fd), 0);
	assert_int_equal(rump_pub_etfs_remove("/images/x"), 0);
	assert_fails(ENOENT, rump_sys_open("/images/xp5", O_RDONLY));
	assert_int_equal(rump_pub_etfs_remove("/images/xp1"), ENOENT);
}

static void
images_without_a_table_have_no_partitions(void **state)
{
	size_t count = 7;

	assert_int_equal(rump_pub_etfs_register("/dev/disk", image_path, RUMP_ETFS_BLK), 0);
	assert_int_equal(rump_pub_etfs_partitions("/dev/disk", NULL, &count), ENOENT);
	assert_int_equal(count, 0);
	assert_int_equal(rump_pub_etfs_partitions("/dev/other", NULL, &count), ENOENT);
}

static void
a_partition_keeps_off_a_path_that_is_taken(void **state)
{
	size_t count = 0;

	partition_image();
	assert_int_equal(rump_pub_etfs_register("/images/x", image_path, RUMP_ETFS_BLK), 0);
	assert_int_equal(rump_sys_mkdir("/images/xp1", 0755), 0);
	assert_int_equal(rump_pub_etfs_partitions("/images/x", NULL, &count), EEXIST);
	assert_int_equal(rump_sys_rmdir("/images/xp1"), 0);
	assert_int_equal(rump_pub_etfs_partitions("/images/x", NULL, &count), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_kernel_has_a_root_and_devices),
		image_test(an_image_is_a_block_device_at_its_key),
		image_test(a_window_shows_a_part_of_an_image),
		image_test(registrations_are_checked),
		image_test(an_image_is_written_by_one_at_a_time),
		image_test(kernels_that_go_give_their_images_back),
		image_test(what_is_no_file_system_is_not_mounted_and_the_log_says_why),
		image_test(partitions_are_devices_next_to_their_image),
		image_test(partitions_can_be_asked_for_again_and_without_room),
		image_test(partitions_go_with_their_image_unless_one_is_open),
		image_test(images_without_a_table_have_no_partitions),
		image_test(a_partition_keeps_off_a_path_that_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
