/* Tests of the registry of block devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "block/block.h"
#include "kern/kernel.h"
#include "tests/fake_block.h"
#include "tests/fake_host.h"

static const struct component *const components[] = { &block_component };

struct fixture {
	struct host host;
	struct kernel *kernel;
	struct fake_block devices[3];
};

static int
create_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = &fixture->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
	};

	fake_host_create(&fixture->host, false);
	assert_int_equal(kernel_create(&config, &fixture->kernel), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fixture->devices); i++)
		fake_block_create(&fixture->devices[i], fixture->kernel, 4096);
	*state = fixture;
	return 0;
}

static int
destroy_fixture(void **state)
{
	struct fixture *fixture = *state;

	kernel_destroy(fixture->kernel);
	for (size_t i = 0; i < ARRAY_SIZE(fixture->devices); i++)
		fake_block_destroy(&fixture->devices[i]);
	fake_host_destroy(&fixture->host);
	free(fixture);
	return 0;
}

static int
add(struct fixture *fixture, size_t index, const char *name)
{
	return block_register(fixture->kernel, &fixture->devices[index].dev, name);
}

static void
finds_devices_by_name_and_by_number(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = { "image", "disk", "d" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(add(fixture, i, names[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct block_dev *dev = block_get_by_name(fixture->kernel, names[i]);
		struct block_dev *same;

		assert_ptr_equal(dev, &fixture->devices[i].dev);
		assert_string_equal(dev->name, names[i]);
		same = block_get_by_number(fixture->kernel, dev->number);
		assert_ptr_equal(same, dev);
		block_put(same);
		block_put(dev);
	}
	assert_null(block_get_by_name(fixture->kernel, "imag"));
	assert_null(block_get_by_name(fixture->kernel, "images"));
	assert_null(block_get_by_name(fixture->kernel, ""));
	assert_null(block_get_by_number(fixture->kernel, 0));
}

static void
gives_numbers_that_no_two_devices_share(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(add(fixture, i, i == 0 ? "a" : i == 1 ? "b" : "c"), 0);
		assert_int_equal(fixture->devices[i].dev.number, BLOCK_NUMBER_FIRST + i);
	}
	assert_int_equal(block_unregister(fixture->kernel, "b"), 0);
	fixture->devices[1].is_destroyed = false;
	assert_int_equal(add(fixture, 1, "b again"), 0);
	assert_int_equal(fixture->devices[1].dev.number, BLOCK_NUMBER_FIRST + 1);
}

static void
takes_only_names_that_a_file_can_have(void **state)
{
	static const char longest[] =
	    "0123456789012345678901234567890123456789012345678901234567890ab";
	static const char longer[] =
	    "0123456789012345678901234567890123456789012345678901234567890abc";
	static const struct {
		const char *name;
		int want;
	} rows[] = {
		{ "", -EINVAL },	   /* none */
		{ ".", -EINVAL },	   /* the folder itself */
		{ "..", -EINVAL },	   /* its parent */
		{ "a/b", -EINVAL },	   /* two names */
		{ "/", -EINVAL },	   /* no name */
		{ longer, -ENAMETOOLONG }, /* one too many */
		{ longest, 0 },		   /* just fits */
		{ "...", 0 },		   /* strange but a name */
		{ "a b\n", 0 },		   /* any byte will do */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(add(fixture, 0, rows[i].name), rows[i].want);
		if (rows[i].want == 0) {
			assert_int_equal(block_unregister(fixture->kernel, rows[i].name), 0);
			fixture->devices[0].is_destroyed = false;
		}
	}
}

static void
refuses_a_name_that_is_taken(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(add(fixture, 0, "image"), 0);
	assert_int_equal(add(fixture, 1, "image"), -EEXIST);
	assert_false(fixture->devices[1].is_destroyed);
}

static void
keeps_a_device_while_it_is_referenced(void **state)
{
	struct fixture *fixture = *state;
	struct block_dev *dev;

	assert_int_equal(add(fixture, 0, "image"), 0);
	dev = block_get_by_name(fixture->kernel, "image");
	assert_int_equal(block_unregister(fixture->kernel, "image"), -EBUSY);
	assert_false(fixture->devices[0].is_destroyed);
	block_put(dev);
	assert_int_equal(block_unregister(fixture->kernel, "image"), 0);
	assert_true(fixture->devices[0].is_destroyed);
	assert_null(block_get_by_name(fixture->kernel, "image"));
	assert_int_equal(block_unregister(fixture->kernel, "image"), -ENOENT);
}

static void
lets_one_claim_a_device_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	struct block_dev *first, *second;

	assert_int_equal(add(fixture, 0, "image"), 0);
	first = block_get_by_name(fixture->kernel, "image");
	second = block_get_by_name(fixture->kernel, "image");
	assert_int_equal(block_claim(first), 0);
	assert_int_equal(block_claim(second), -EBUSY);
	assert_int_equal(block_claim(second), -EBUSY);
	block_unclaim(first);
	assert_int_equal(block_claim(second), 0);
	block_unclaim(second);
	block_put(first);
	block_put(second);
}

static void
lists_devices_in_the_order_they_came(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = { "z", "a", "m" };
	char name[BLOCK_NAME_MAX + 1];
	uint32_t number;

	assert_false(block_enumerate(fixture->kernel, 0, name, &number));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(add(fixture, i, names[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_true(block_enumerate(fixture->kernel, i, name, &number));
		assert_string_equal(name, names[i]);
		assert_int_equal(number, fixture->devices[i].dev.number);
	}
	assert_false(block_enumerate(fixture->kernel, 3, name, &number));
}

static void
a_kernel_that_ends_destroys_its_devices_and_no_others(void **state)
{
	struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.components = components,
		.component_count = ARRAY_SIZE(components),
	};
	struct fake_block registered, other;
	struct kernel *kernel;
	struct host host;

	fake_host_create(&host, false);
	config.host = &host;
	assert_int_equal(kernel_create(&config, &kernel), 0);
	fake_block_create(&registered, kernel, 4096);
	fake_block_create(&other, kernel, 4096);
	assert_int_equal(block_register(kernel, &registered.dev, "image"), 0);
	kernel_destroy(kernel);
	assert_true(registered.is_destroyed);
	assert_false(other.is_destroyed);
	fake_block_destroy(&registered);
	fake_block_destroy(&other);
	fake_host_destroy(&host);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, create_fixture, destroy_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(finds_devices_by_name_and_by_number),
		CASE(gives_numbers_that_no_two_devices_share),
		CASE(takes_only_names_that_a_file_can_have),
		CASE(refuses_a_name_that_is_taken),
		CASE(keeps_a_device_while_it_is_referenced),
		CASE(lets_one_claim_a_device_at_a_time),
		CASE(lists_devices_in_the_order_they_came),
		cmocka_unit_test(a_kernel_that_ends_destroys_its_devices_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
