/* Tests of a kernel's birth and end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "kern/kernel.h"
#include "tests/fake_host.h"

static struct host host;

/* What the components below did: their letter when they start, its capital when they stop. */
static char diary[32];
static char failing; /* the one that fails to start */

static void
diary_write(char letter)
{
	size_t length = strlen(diary);

	assert_true(length < sizeof(diary) - 1);
	diary[length] = letter;
	diary[length + 1] = '\0';
}

static int
start(struct kernel *kernel, enum kernel_slot slot, char letter)
{
	if (letter == failing)
		return -ENODEV;
	kernel->slots[slot] = memory_alloc(kernel, 100);
	if (kernel->slots[slot] == NULL)
		return -ENOMEM;
	diary_write(letter);
	return 0;
}

static void
stop(struct kernel *kernel, enum kernel_slot slot, char letter)
{
	memory_free(kernel, kernel->slots[slot], 100);
	diary_write(letter);
}

static int
start_a(struct kernel *kernel)
{
	return start(kernel, SLOT_BLOCK, 'a');
}

static void
stop_a(struct kernel *kernel)
{
	stop(kernel, SLOT_BLOCK, 'A');
}

static int
start_b(struct kernel *kernel)
{
	return start(kernel, SLOT_VFS, 'b');
}

static void
stop_b(struct kernel *kernel)
{
	stop(kernel, SLOT_VFS, 'B');
}

static int
start_c(struct kernel *kernel)
{
	return start(kernel, SLOT_PROCESS, 'c');
}

static void
stop_c(struct kernel *kernel)
{
	stop(kernel, SLOT_PROCESS, 'C');
}

static const struct component component_a = { "a", start_a, stop_a };
static const struct component component_b = { "b", start_b, stop_b };
static const struct component component_c = { "c", start_c, stop_c };
static const struct component *const components[] = { &component_a, &component_b, &component_c };

static const struct kernel_config config = {
	.host_ops = &fake_host_ops,
	.host = &host,
	.components = components,
	.component_count = ARRAY_SIZE(components),
};

static int
setup(void **state)
{
	fake_host_create(&host, true);
	diary[0] = '\0';
	failing = 0;
	return 0;
}

static int
teardown(void **state)
{
	fake_host_destroy(&host);
	return 0;
}

static void
components_stop_in_reverse_order(void **state)
{
	struct kernel *kernel;

	assert_int_equal(kernel_create(&config, &kernel), 0);
	assert_string_equal(diary, "abc");
	assert_int_equal(host.thread_count, 0);
	kernel_destroy(kernel);
	assert_string_equal(diary, "abcCBA");
}

static void
when_one_fails_those_before_it_are_stopped(void **state)
{
	static const char *const want[] = { "", "aA", "abBA" };
	struct kernel *kernel;

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		diary[0] = '\0';
		failing = (char)('a' + i);
		assert_int_equal(kernel_create(&config, &kernel), -ENODEV);
		assert_null(kernel);
		assert_string_equal(diary, want[i]);
		assert_int_equal(host.memory_count, 0);
	}
}

static void
a_host_without_memory_or_randomness_makes_no_kernel(void **state)
{
	struct kernel *kernel;

	host.memory_before = 0;
	assert_int_equal(kernel_create(&config, &kernel), -ENOMEM);
	assert_null(kernel);
	host.random_error = -EIO;
	assert_int_equal(kernel_create(&config, &kernel), -EIO);
	assert_null(kernel);
	assert_int_equal(host.memory_count, 0);
	assert_string_equal(diary, "");
}

static int
start_big(struct kernel *kernel)
{
	/* One allocation of each kind: small, a page, a chunk's worth, a long run. */
	static const size_t sizes[] = { 100, 4096, 200000, 300000 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		kernel->slots[i] = memory_alloc(kernel, sizes[i]);
		if (kernel->slots[i] == NULL)
			break;
	}
	if (i == ARRAY_SIZE(sizes))
		return 0;
	while (i-- > 0)
		memory_free(kernel, kernel->slots[i], sizes[i]);
	return -ENOMEM;
}

static void
stop_big(struct kernel *kernel)
{
	static const size_t sizes[] = { 100, 4096, 200000, 300000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		memory_free(kernel, kernel->slots[i], sizes[i]);
}

static void
whichever_allocation_fails_everything_is_undone(void **state)
{
	static const struct component big = { "big", start_big, stop_big };
	static const struct component *const list[] = { &big, NULL };
	struct kernel_config big_config = config;
	struct kernel *kernel;
	size_t failures = 0;

	big_config.components = list;
	big_config.component_count = 1;
	for (size_t n = 0;; n++) {
		host.memory_before = n;
		if (kernel_create(&big_config, &kernel) == 0)
			break;
		assert_null(kernel);
		assert_int_equal(host.memory_count, 0);
		failures++;
	}
	assert_int_equal(failures, 1); /* later ones are tried again, and succeed */
	host.memory_before = FAKE_NEVER;
	kernel_destroy(kernel);
}

static void
a_thousand_kernels_leave_nothing(void **state)
{
	struct kernel *kernel;

	for (int i = 0; i < 1000; i++) {
		diary[0] = '\0';
		assert_int_equal(kernel_create(&config, &kernel), 0);
		kernel_destroy(kernel);
		assert_int_equal(host.memory_bytes, 0);
	}
}

static void
kernels_live_side_by_side(void **state)
{
	struct kernel *kernels[20];
	char text[100];

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		diary[0] = '\0';
		assert_int_equal(kernel_create(&config, &kernels[i]), 0);
		kernel_log(kernels[i], LOG_INFO, "kernel %zu", i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		char want[100];

		text[log_read(kernels[i], text, sizeof(text) - 1)] = '\0';
		snprintf(want, sizeof(want), "<6>[    0.000000] kernel %zu\n", i);
		assert_string_equal(text, want);
		assert_int_equal(memory_taken(kernels[i]), CHUNK_SIZE);
		if (i > 0)
			assert_int_not_equal(kernels[i]->hash_secret, kernels[i - 1]->hash_secret);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		diary[0] = '\0';
		kernel_destroy(kernels[i]);
	}
}

static void
clocks_and_randomness_are_the_hosts(void **state)
{
	struct kernel *kernel;
	uint8_t bytes[4] = { 0 };

	assert_int_equal(kernel_create(&config, &kernel), 0);
	assert_int_equal(kernel->boot_time, host.now);
	fake_host_set_clock(&host, 77 + host.now);
	host.wall = -5;
	assert_int_equal(kernel_clock_monotonic(kernel), host.now);
	assert_int_equal(kernel_clock_wall(kernel), -5);
	assert_int_equal(kernel_random(kernel, bytes, sizeof(bytes)), 0);
	assert_int_not_equal(bytes[0] | bytes[1] | bytes[2] | bytes[3], 0);
	host.random_error = -EIO;
	assert_int_equal(kernel_random(kernel, bytes, sizeof(bytes)), -EIO);
	assert_int_equal(kernel_run(kernel), HOST_NO_DEADLINE);
	kernel_destroy(kernel);
}

static void
panic(void *argument)
{
	kernel_panic(argument, "value %d is not %s", 7, "eight");
}

static void
a_panic_says_why(void **state)
{
	struct kernel *kernel;

	assert_int_equal(kernel_create(&config, &kernel), 0);
	assert_true(fake_host_dies(panic, kernel, "panic: value 7 is not eight"));
	kernel_destroy(kernel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(components_stop_in_reverse_order),
		TEST(when_one_fails_those_before_it_are_stopped),
		TEST(a_host_without_memory_or_randomness_makes_no_kernel),
		TEST(whichever_allocation_fails_everything_is_undone),
		TEST(a_thousand_kernels_leave_nothing),
		TEST(kernels_live_side_by_side),
		TEST(clocks_and_randomness_are_the_hosts),
		TEST(a_panic_says_why),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
