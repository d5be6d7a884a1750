/* Ids: unique, in rising order, reused late, until there are no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/kernel.h"
#include "syscall/ids.h"
#include "tests/fake_host.h"

struct fixture {
	struct host host;
	struct kernel *kernel;
	struct ids ids;
};

static int
setup(void **state)
{
	static struct fixture fixture;

	fixture.kernel = fake_kernel_create(&fixture.host, false, 0);
	assert_int_equal(ids_init(&fixture.ids, fixture.kernel), 0);
	*state = &fixture;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	ids_destroy(&fixture->ids);
	fake_kernel_destroy(fixture->kernel);
	return 0;
}

static void
ids_start_with_one_and_rise(void **state)
{
	struct ids *ids = &((struct fixture *)*state)->ids;
	uint32_t id;

	for (uint32_t i = 1; i < 3000; i++) {
		assert_int_equal(ids_take(ids, &id), 0);
		assert_int_equal(id, i);
	}
}

static void
a_returned_id_is_not_the_next_one(void **state)
{
	struct ids *ids = &((struct fixture *)*state)->ids;
	uint32_t first, second;

	assert_int_equal(ids_take(ids, &first), 0);
	ids_return(ids, first);
	assert_int_equal(ids_take(ids, &second), 0);
	assert_int_not_equal(first, second);
}

static void
the_count_comes_round_and_passes_over_ids_in_use(void **state)
{
	struct ids *ids = &((struct fixture *)*state)->ids;
	uint32_t kept, id, last = 0;
	unsigned rounds = 0;

	assert_int_equal(ids_take(ids, &kept), 0);
	for (unsigned i = 0; i < 5000; i++) {
		assert_int_equal(ids_take(ids, &id), 0);
		assert_int_not_equal(id, kept);
		assert_int_not_equal(id, 0);
		rounds += id < last;
		last = id;
		ids_return(ids, id);
	}
	assert_in_range(rounds, 1, 100);
}

static void
all_ids_can_be_taken_and_no_more(void **state)
{
	struct ids *ids = &((struct fixture *)*state)->ids;
	uint32_t id;

	for (uint32_t i = 1; i < IDS_MAX; i++)
		assert_int_equal(ids_take(ids, &id), 0);
	assert_int_equal(ids_take(ids, &id), -EAGAIN);
	ids_return(ids, 77);
	assert_int_equal(ids_take(ids, &id), 0);
	assert_int_equal(id, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ids_start_with_one_and_rise, setup, teardown),
		cmocka_unit_test_setup_teardown(a_returned_id_is_not_the_next_one, setup, teardown),
		cmocka_unit_test_setup_teardown(the_count_comes_round_and_passes_over_ids_in_use,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(all_ids_can_be_taken_and_no_more, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
