/*
 * Tests of <rump/sim.h>: kernels in a simulation, their threads, what they wait
 * for, faults and power cuts.  What the scheduler and disks do by themselves is
 * tested in host/sim.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/sim.h>
#include <rump/syscalls.h>

#define SECOND UINT64_C(1000000000)

struct world {
	struct rump_sim *sim;
	struct rump_kernel *kernel;
	int pipes[2][2];
	char seen[64];
};

static void
world_create(struct world *world, const struct rump_sim_config *config)
{
	memset(world, 0, sizeof(*world));
	assert_int_equal(rump_sim_create(config, &world->sim), 0);
	assert_int_equal(rump_sim_kernel_create(world->sim, NULL, &world->kernel), 0);
	rump_kernel_switch(world->kernel);
}

static void
world_destroy(struct world *world)
{
	rump_sim_destroy(world->sim);
	rump_kernel_switch(NULL);
}

static void
start(struct world *world, const char *name, void (*entry)(void *argument))
{
	assert_int_equal(rump_sim_thread_start(world->kernel, name, entry, world), 0);
}

static enum rump_sim_end
run(struct world *world)
{
	return rump_sim_run(world->sim, RUMP_SIM_FOREVER, RUMP_SIM_FOREVER);
}

/* ---- threads in kernels ------------------------------------------------------------- */

static void
read_pipe(void *argument)
{
	struct world *world = argument;

	if (rump_sys_read(world->pipes[0][0], world->seen, sizeof(world->seen)) < 0)
		strcpy(world->seen, "failed");
}

static void
write_pipe(void *argument)
{
	struct world *world = argument;

	rump_sim_sleep(world->sim, 5 * SECOND);
	if (rump_sys_write(world->pipes[0][1], "hello", 6) != 6)
		strcpy(world->seen, "not written");
}

static void
threads_meet_in_a_kernel(void **state)
{
	struct world world;

	world_create(&world, NULL);
	assert_int_equal(rump_sys_pipe2(world.pipes[0], 0), 0);
	start(&world, "reader", read_pipe);
	start(&world, "writer", write_pipe);
	assert_int_equal(run(&world), RUMP_SIM_DONE);
	assert_string_equal(world.seen, "hello");
	assert_in_range(rump_sim_clock(world.sim), 5 * SECOND, 7 * SECOND);
	assert_int_equal(rump_kernel_destroy(world.kernel), 0);
	world_destroy(&world);
}

static void
the_main_thread_waits_for_others(void **state)
{
	struct world world;
	char text[6];

	world_create(&world, NULL);
	assert_int_equal(rump_sys_pipe2(world.pipes[0], 0), 0);
	start(&world, "writer", write_pipe);
	assert_int_equal(rump_sys_read(world.pipes[0][0], text, sizeof(text)), 6);
	assert_string_equal(text, "hello");
	assert_int_equal(run(&world), RUMP_SIM_DONE);
	assert_int_equal(rump_sys_read(world.pipes[0][0], text, sizeof(text)), -1);
	assert_int_equal(errno, EDEADLK); /* nobody will ever write */
	world_destroy(&world);
}

static void
waiting_for_a_time_takes_none(void **state)
{
	struct world world;
	struct pollfd nothing = { .fd = -1 };

	world_create(&world, NULL);
	assert_int_equal(rump_sys_poll(&nothing, 1, 3600 * 1000), 0);
	assert_in_range(rump_sim_clock(world.sim), 3600 * SECOND, 3602 * SECOND);
	assert_int_equal(rump_sim_run(world.sim, 7200 * SECOND, RUMP_SIM_FOREVER), RUMP_SIM_TIME);
	assert_int_equal(rump_sim_clock(world.sim), 7200 * SECOND);
	world_destroy(&world);
}

/* ---- replays ------------------------------------------------------------------------------ */

static void
use_files(void *argument)
{
	struct world *world = argument;
	char path[32];

	for (unsigned i = 0; i < 20; i++) {
		int fd;

		snprintf(path, sizeof(path), "/%llu",
		    (unsigned long long)(rump_sim_random(world->sim) % 10));
		fd = rump_sys_open(path, O_RDWR | O_CREAT | O_APPEND, 0644);
		(void)!rump_sys_write(fd, path, sizeof(path));
		rump_sys_close(fd);
		rump_sys_rename(path, "/moved");
		rump_sim_note(world->sim, path, i);
	}
}

static uint64_t
hash_of(uint64_t seed, uint64_t *steps)
{
	struct rump_sim_config config = { .seed = seed, .preempt_chance = 10000 };
	struct world world;
	uint64_t hash;

	world_create(&world, &config);
	for (unsigned i = 0; i < 4; i++)
		start(&world, "user", use_files);
	assert_int_equal(run(&world), RUMP_SIM_DONE);
	assert_int_equal(rump_kernel_destroy(world.kernel), 0);
	hash = rump_sim_hash(world.sim);
	*steps = rump_sim_steps(world.sim);
	world_destroy(&world);
	return hash;
}

static void
one_seed_is_one_run(void **state)
{
	uint64_t steps, again, first = hash_of(1, &steps);
	void *hole = malloc(12345); /* places in memory are no part of it */

	assert_int_equal(hash_of(1, &again), first);
	assert_int_equal(again, steps);
	assert_int_not_equal(hash_of(2, &again), first);
	free(hole);
}

static unsigned lines;

static void
count_line(void *context, const char *line)
{
	assert_ptr_equal(context, &lines);
	assert_null(strchr(line, '\n'));
	lines++;
}

static void
each_step_is_traced(void **state)
{
	struct rump_sim_config config = { .trace = count_line, .context = &lines };
	struct world world;

	world_create(&world, &config);
	assert_int_equal(rump_sys_mkdir("/a", 0755), 0);
	assert_true(lines >= rump_sim_steps(world.sim) && lines > 0);
	world_destroy(&world);
}

/* ---- deadlocks ----------------------------------------------------------------------------- */

static void
sleep_some_time(struct world *world)
{
	rump_sim_sleep(world->sim, rump_sim_random(world->sim) % 100);
}

/* Lock two files, one after the other, each after some time. */
static void
lock_both(struct world *world, const char *first, const char *second)
{
	int fds[2] = { rump_sys_open(first, O_RDWR), rump_sys_open(second, O_RDWR) };

	for (unsigned i = 0; i < 2; i++) {
		sleep_some_time(world);
		if (rump_sys_flock(fds[i], LOCK_EX) != 0)
			strcpy(world->seen, "not locked");
	}
	for (unsigned i = 0; i < 2; i++)
		rump_sys_close(fds[i]);
}

static void
lock_forwards(void *argument)
{
	lock_both(argument, "/a", "/b");
}

static void
lock_backwards(void *argument)
{
	lock_both(argument, "/b", "/a");
}

static enum rump_sim_end
run_lockers(struct world *world, uint64_t seed)
{
	struct rump_sim_config config = { .seed = seed };

	world_create(world, &config);
	assert_int_equal(rump_sys_mknod("/a", S_IFREG | 0644, 0), 0);
	assert_int_equal(rump_sys_mknod("/b", S_IFREG | 0644, 0), 0);
	start(world, "forwards", lock_forwards);
	start(world, "backwards", lock_backwards);
	return run(world);
}

static void
a_planted_deadlock_is_found_and_told(void **state)
{
	struct world world;
	uint64_t seed = 0, hash;

	while (run_lockers(&world, seed) == RUMP_SIM_DONE) {
		assert_true(++seed < 1000);
		world_destroy(&world);
	}
	printf("# a deadlock with seed %llu:\n%s", (unsigned long long)seed,
	    rump_sim_report(world.sim));
	assert_non_null(strstr(rump_sim_report(world.sim), "\"forwards\" of kernel 1: waits for "));
	assert_non_null(
	    strstr(rump_sim_report(world.sim), "\"backwards\" of kernel 1: waits for "));
	hash = rump_sim_hash(world.sim);
	world_destroy(&world);
	assert_int_equal(run_lockers(&world, seed), RUMP_SIM_DEADLOCK);
	assert_int_equal(rump_sim_hash(world.sim), hash);
	world_destroy(&world);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void
allocations_fail_as_told(void **state)
{
	struct world world;
	bool has_failed;
	unsigned failures = 0;

	world_create(&world, NULL);
	for (uint64_t n = 1;; n++) {
		assert_int_equal(rump_sim_memory_fail(world.kernel, n, 0), 0);
		if (rump_sys_mkdir("/directory", 0755) != 0) {
			assert_int_equal(errno, ENOMEM);
			failures++;
		} else {
			assert_int_equal(rump_sys_rmdir("/directory"), 0);
		}
		assert_int_equal(rump_sim_memory_heal(world.kernel, &has_failed), 0);
		if (!has_failed)
			break;
	}
	assert_true(failures > 0);
	assert_int_equal(rump_sim_memory_fail(world.kernel, 0, UINT32_MAX), 0);
	assert_int_equal(rump_sys_mkdir("/directory", 0755), -1);
	assert_int_equal(rump_sim_memory_heal(world.kernel, &has_failed), 0);
	assert_false(has_failed);
	assert_int_equal(rump_sim_memory_fail(NULL, 1, 0), EINVAL);
	assert_int_equal(rump_kernel_destroy(world.kernel), 0);
	world_destroy(&world);
}

static void
write_sectors(void *argument)
{
	char data[512];
	int fd = rump_sys_open("/dev/disk", O_RDWR);

	memset(data, 7, sizeof(data));
	for (off_t at = 0; at < 100; at++)
		if (rump_sys_pwrite(fd, data, sizeof(data), at * 512) != sizeof(data) ||
		    rump_sys_fsync(fd) != 0)
			return;
}

static void
power_cuts_leave_what_was_synced(void **state)
{
	struct world world;
	struct rump_sim_disk *disk, *found;
	char data[512];

	world_create(&world, NULL);
	assert_int_equal(rump_sim_disk_create(world.sim, "disk", 65536, 512, &disk), 0);
	assert_int_equal(rump_sim_disk_log(disk), 0);
	assert_int_equal(rump_pub_etfs_register("/dev/disk", "disk", RUMP_ETFS_BLK), 0);
	rump_sim_disk_cut(disk, 9); /* a write and a flush each */
	start(&world, "writer", write_sectors);
	assert_int_equal(run(&world), RUMP_SIM_POWER);
	assert_int_equal(rump_sim_kernel_lose(world.kernel), 0);
	rump_sim_power_on(world.sim);
	for (uint64_t seed = 0; seed < 10; seed++) {
		assert_int_equal(rump_sim_disk_crash(disk, rump_sim_disk_position(disk), seed,
				     "found", &found),
		    0);
		assert_int_equal(rump_sim_disk_read(found, 3 * 512, data, sizeof(data)), 0);
		assert_int_equal(data[511], 7);
		assert_int_equal(rump_sim_disk_read(found, 5 * 512, data, sizeof(data)), 0);
		assert_int_equal(data[511], 0);
		rump_sim_disk_destroy(found);
	}
	assert_int_equal(rump_sim_kernel_create(world.sim, NULL, &world.kernel), 0);
	rump_kernel_switch(world.kernel);
	assert_int_equal(rump_pub_etfs_register("/dev/disk", "disk", RUMP_ETFS_BLK), 0);
	assert_int_equal(rump_kernel_destroy(world.kernel), 0);
	world_destroy(&world);
}

static void
arguments_are_checked(void **state)
{
	struct rump_sim_config config = { .preempt_chance = 65537 };
	struct rump_kernel_config kernel_config = { .console_level = 99 };
	struct rump_sim *sim;
	struct world world;

	assert_int_equal(rump_sim_create(&config, &sim), EINVAL);
	config = (struct rump_sim_config){ .reserved = 1 };
	assert_int_equal(rump_sim_create(&config, &sim), EINVAL);
	assert_null(sim);
	world_create(&world, NULL);
	assert_int_equal(rump_sim_kernel_create(world.sim, &kernel_config, &world.kernel), EINVAL);
	for (uint32_t flag = 1; flag != 0; flag <<= 1) {
		kernel_config = (struct rump_kernel_config){ .flags = flag };
		assert_int_equal(rump_sim_kernel_create(world.sim, &kernel_config, &world.kernel),
		    EINVAL);
		assert_null(world.kernel);
	}
	assert_int_equal(rump_sim_thread_start(NULL, "x", use_files, NULL), EINVAL);
	assert_int_equal(rump_sim_kernel_lose(NULL), EINVAL);
	world_destroy(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_meet_in_a_kernel),
		cmocka_unit_test(the_main_thread_waits_for_others),
		cmocka_unit_test(waiting_for_a_time_takes_none),
		cmocka_unit_test(one_seed_is_one_run),
		cmocka_unit_test(each_step_is_traced),
		cmocka_unit_test(a_planted_deadlock_is_found_and_told),
		cmocka_unit_test(allocations_fail_as_told),
		cmocka_unit_test(power_cuts_leave_what_was_synced),
		cmocka_unit_test(arguments_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
