/* Tests of the simulation's scheduler, clock and memory, without kernels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "host/sim/sim.h"

#define LOCK 7 /* what a wait is for, where it is a lock */
#define HOUR UINT64_C(3600000000000)

static const struct host_ops *const ops = &sim_host_ops;

struct world {
	struct sim *sim;
	struct host *host;
	_Atomic uint32_t words[4];
	char order[64]; /* who did something */
	size_t count;
	uint64_t woken_at;
	int result;
};

static bool
is_lock(uint32_t what)
{
	return what == LOCK;
}

static void
world_create(struct world *world, struct sim_config config)
{
	*world = (struct world){ .result = 1 };
	config.is_lock = is_lock;
	assert_int_equal(sim_create(&config, &world->sim), 0);
	assert_int_equal(sim_host_create(world->sim, &world->host), 0);
}

static void
start(struct world *world, const char *name, void (*entry)(void *argument))
{
	struct sim_task *task;

	assert_int_equal(sim_task_start(world->host, name, entry, world, &task), 0);
}

static void
tell(struct world *world, char letter)
{
	if (world->count < sizeof(world->order) - 1)
		world->order[world->count++] = letter;
}

/* ---- waiting and waking ------------------------------------------------------------ */

static void
wait_for_word(void *argument)
{
	struct world *world = argument;

	world->result = ops->wait(world->host, &world->words[0], 0, HOST_NO_DEADLINE, 0);
	tell(world, 'w');
}

static void
set_word(void *argument)
{
	struct world *world = argument;

	tell(world, 's');
	atomic_store(&world->words[0], 1);
	ops->wake(world->host, &world->words[0], 1);
}

static void
who_waits_is_woken(void **state)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct world world;

		world_create(&world, (struct sim_config){ .seed = seed, .preempt_chance = 30000 });
		start(&world, "waiter", wait_for_word);
		start(&world, "setter", set_word);
		assert_int_equal(sim_run(world.sim, HOST_NO_DEADLINE, UINT64_MAX), SIM_DONE);
		assert_string_equal(world.order, "sw");
		assert_int_equal(world.result, 0);
		sim_destroy(world.sim);
	}
}

static void
sleep_an_hour(void *argument)
{
	struct world *world = argument;

	world->result = ops->wait(world->host, &world->words[0], 0,
	    ops->clock_monotonic(world->host) + HOUR, 0);
	world->woken_at = sim_clock(world->sim);
}

static void
time_passes_when_nobody_can_run(void **state)
{
	struct world world;
	uint64_t start_time;

	world_create(&world, (struct sim_config){ 0 });
	start_time = sim_clock(world.sim);
	start(&world, "sleeper", sleep_an_hour);
	assert_int_equal(sim_run(world.sim, HOST_NO_DEADLINE, UINT64_MAX), SIM_DONE);
	assert_int_equal(world.result, -ETIMEDOUT);
	assert_in_range(world.woken_at - start_time, HOUR, HOUR + 1000);
	sim_destroy(world.sim);
}

static void
the_main_task_can_wait_until_a_time(void **state)
{
	struct world world;
	uint64_t until;

	world_create(&world, (struct sim_config){ 0 });
	until = sim_clock(world.sim) + HOUR / 2;
	assert_int_equal(sim_run(world.sim, until, UINT64_MAX), SIM_TIME);
	assert_int_equal(sim_clock(world.sim), until);
	start(&world, "sleeper", sleep_an_hour);
	until += HOUR / 2;
	assert_int_equal(sim_run(world.sim, until, UINT64_MAX), SIM_TIME);
	assert_int_equal(world.result, 1); /* it sleeps on */
	assert_int_equal(sim_run(world.sim, until + HOUR, UINT64_MAX), SIM_TIME);
	assert_int_equal(world.result, -ETIMEDOUT);
	sim_sleep(world.sim, until + 3 * HOUR);
	assert_int_equal(sim_clock(world.sim), until + 3 * HOUR);
	sim_destroy(world.sim);
}

static void
waiting_for_what_nobody_does_is_an_error_in_the_main_task(void **state)
{
	struct world world;

	world_create(&world, (struct sim_config){ 0 });
	assert_int_equal(ops->wait(world.host, &world.words[0], 0, HOST_NO_DEADLINE, 0), -EDEADLK);
	start(&world, "setter", set_word);
	assert_int_equal(ops->wait(world.host, &world.words[0], 0, HOST_NO_DEADLINE, 0), 0);
	assert_string_equal(world.order, "s");
	sim_destroy(world.sim);
}

/* ---- what goes wrong ------------------------------------------------------------------- */

/* A lock, for two who take two of them in different order. */
static void
lock(struct world *world, unsigned index)
{
	while (atomic_exchange(&world->words[index], 1) != 0)
		(void)!ops->wait(world->host, &world->words[index], 1, HOST_NO_DEADLINE, LOCK);
}

static void
unlock(struct world *world, unsigned index)
{
	atomic_store(&world->words[index], 0);
	ops->wake(world->host, &world->words[index], 1);
}

static void
use_two_locks(struct world *world, unsigned first, unsigned second)
{
	for (unsigned i = 0; i < 10; i++) {
		lock(world, first);
		ops->wake(world->host, &world->words[3], 1); /* a hypercall: others may run */
		lock(world, second);
		unlock(world, second);
		unlock(world, first);
	}
}

static void
forwards(void *argument)
{
	use_two_locks(argument, 0, 1);
}

static void
backwards(void *argument)
{
	use_two_locks(argument, 1, 0);
}

static enum sim_end
run_two(uint64_t seed, uint32_t preempt_chance, uint64_t *hash)
{
	struct world world;
	enum sim_end end;

	world_create(&world, (struct sim_config){ .seed = seed, .preempt_chance = preempt_chance });
	start(&world, "forwards", forwards);
	start(&world, "backwards", backwards);
	end = sim_run(world.sim, HOST_NO_DEADLINE, UINT64_MAX);
	*hash = sim_hash(world.sim);
	sim_destroy(world.sim);
	return end;
}

static void
a_deadlock_is_found_by_some_seed_and_then_again(void **state)
{
	uint64_t hash, again, found = 0, fine = 0;

	for (uint64_t seed = 0; seed < 100; seed++) {
		enum sim_end end = run_two(seed, 3000, &hash);

		assert_true(end == SIM_DEADLOCK || end == SIM_DONE);
		found += end == SIM_DEADLOCK;
		fine += end == SIM_DONE;
		assert_int_equal(run_two(seed, 3000, &again), end);
		assert_int_equal(hash, again);
	}
	assert_true(found > 5 && fine > 5);
	/* Without being interrupted, each uses both locks in peace. */
	assert_int_equal(run_two(1, 0, &hash), SIM_DONE);
}

static void
hold_for_ever(void *argument)
{
	struct world *world = argument;

	lock(world, 0);
	for (;;)
		sim_sleep(world->sim, sim_clock(world->sim) + 1);
}

static void
want_lock(void *argument)
{
	struct world *world = argument;

	sim_sleep(world->sim, sim_clock(world->sim) + 10);
	lock(world, 0);
}

static void
who_waits_too_long_for_a_lock_is_starved(void **state)
{
	struct world world;

	world_create(&world, (struct sim_config){ .starvation_steps = 1000 });
	start(&world, "holder", hold_for_ever);
	start(&world, "wanter", want_lock);
	assert_int_equal(sim_run(world.sim, HOST_NO_DEADLINE, UINT64_MAX), SIM_STARVED);
	assert_in_range(sim_steps(world.sim), 1000, 1200);
	assert_int_equal(sim_run(world.sim, HOST_NO_DEADLINE, 10), SIM_STARVED);
	sim_destroy(world.sim); /* both end where they are */
}

static void
panic_now(void *argument)
{
	struct world *world = argument;

	ops->panic(world->host, "so it is");
}

static void
a_panic_ends_the_run(void **state)
{
	struct world world;

	world_create(&world, (struct sim_config){ 0 });
	start(&world, "holder", hold_for_ever);
	start(&world, "panicker", panic_now);
	assert_int_equal(sim_run(world.sim, HOST_NO_DEADLINE, UINT64_MAX), SIM_PANIC);
	assert_string_equal(sim_panic_text(world.sim), "so it is");
	sim_destroy(world.sim);
}

/* ---- services, steps, memory --------------------------------------------------------------- */

static void
a_service_is_joined(void **state)
{
	struct world world;
	struct host_thread *thread;

	world_create(&world, (struct sim_config){ 0 });
	for (unsigned i = 0; i < 2; i++) {
		atomic_store(&world.words[0], i); /* it waits, or does not */
		assert_int_equal(ops->thread_start(world.host, "service", wait_for_word, &world,
				     &thread),
		    0);
		assert_int_equal(sim_run(world.sim, HOST_NO_DEADLINE, UINT64_MAX), SIM_DONE);
		set_word(&world);
		ops->thread_join(world.host, thread);
	}
	assert_string_equal(world.order, "swsw");
	sim_destroy(world.sim);
}

static void
a_run_stops_after_so_many_steps(void **state)
{
	struct world world;

	world_create(&world, (struct sim_config){ 0 });
	start(&world, "holder", hold_for_ever);
	for (unsigned i = 1; i < 10; i++) {
		assert_int_equal(sim_run(world.sim, HOST_NO_DEADLINE, 100), SIM_STEPS);
		assert_int_equal(sim_steps(world.sim), 100 * i);
	}
	sim_destroy(world.sim);
}

static void
memory_is_zeroed_and_at_the_same_places(void **state)
{
	size_t size = (size_t)256 << 10;
	struct world world;
	char *first, *second;

	world_create(&world, (struct sim_config){ 0 });
	first = ops->memory_get(world.host, size, size, size);
	second = ops->memory_get(world.host, 3 * size, size, size);
	assert_ptr_equal(second, first + size);
	memset(first, 1, size);
	ops->memory_return(world.host, first, size);
	assert_ptr_equal(ops->memory_get(world.host, size, size, 0), first);
	assert_int_equal(first[0] + first[size - 1], 0);
	sim_host_fail_memory(world.host, 2);
	assert_non_null(ops->memory_get(world.host, 4096, 4096, 0));
	assert_null(ops->memory_get(world.host, 4096, 4096, 0));
	memset(second, 1, 3 * size);
	sim_host_destroy(world.host);
	assert_int_equal(sim_host_create(world.sim, &world.host), 0);
	assert_ptr_equal(ops->memory_get(world.host, 100 * size, size, 0), first);
	assert_int_equal(second[0] + second[3 * size - 1], 0);
	ops->memory_return(world.host, first, 100 * size);
	sim_destroy(world.sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_is_woken),
		cmocka_unit_test(time_passes_when_nobody_can_run),
		cmocka_unit_test(the_main_task_can_wait_until_a_time),
		cmocka_unit_test(waiting_for_what_nobody_does_is_an_error_in_the_main_task),
		cmocka_unit_test(a_deadlock_is_found_by_some_seed_and_then_again),
		cmocka_unit_test(who_waits_too_long_for_a_lock_is_starved),
		cmocka_unit_test(a_panic_ends_the_run),
		cmocka_unit_test(a_service_is_joined),
		cmocka_unit_test(a_run_stops_after_so_many_steps),
		cmocka_unit_test(memory_is_zeroed_and_at_the_same_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
