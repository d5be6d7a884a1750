/* The table of system calls: whole, and dispatching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/kernel.h"
#include "syscall/table.h"
#include "tests/caller.h"

static void
numbers_rise_and_lead_back_to_their_calls(void **state)
{
	const struct syscall *syscall;
	int last = -1;
	size_t count = 0;

	for (; (syscall = syscall_enumerate(count)) != NULL; count++) {
		assert_true(syscall->number > last);
		last = syscall->number;
		assert_ptr_equal(syscall_find(syscall->number), syscall);
	}
	assert_true(count > 70);
	assert_null(syscall_enumerate(SIZE_MAX));
}

static void
unknown_numbers_lead_nowhere(void **state)
{
	const uint64_t numbers[] = { 4, 451, 453, 100000, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_null(syscall_find(numbers[i]));
}

static bool
is_address(enum argument_kind kind)
{
	return kind >= ARGUMENT_STRING;
}

static void
arguments_are_described_in_full(void **state)
{
	const struct syscall *syscall;

	for (size_t i = 0; (syscall = syscall_enumerate(i)) != NULL; i++) {
		assert_in_range(syscall->argument_count, 0, SYSCALL_ARGUMENTS_MAX);
		for (unsigned j = 0; j < syscall->argument_count; j++) {
			const struct syscall_argument *argument = &syscall->arguments[j];

			assert_non_null(argument->name);
			assert_in_range(argument->count_in, 0, syscall->argument_count);
			if (argument->count_in > 0)
				assert_false(
				    is_address(syscall->arguments[argument->count_in - 1].kind));
			if (argument->kind == ARGUMENT_STRING || !is_address(argument->kind))
				assert_int_equal(argument->size, 0);
			else
				assert_int_not_equal(argument->size, 0);
		}
	}
}

static void
read_is_what_linux_says_it_is(void **state)
{
	const struct syscall *syscall = syscall_find(63);

	assert_string_equal(syscall->name, "read");
	assert_int_equal(syscall->argument_count, 3);
	assert_int_equal(syscall->arguments[0].kind, ARGUMENT_INT);
	assert_int_equal(syscall->arguments[1].kind, ARGUMENT_OUT);
	assert_int_equal(syscall->arguments[1].count_in, 3);
	assert_int_equal(syscall->arguments[2].kind, ARGUMENT_UINT64);
}

static void
calls_are_dispatched_by_number(void **state)
{
	struct caller *caller = *state;
	const uint64_t none[SYSCALL_ARGUMENTS_MAX] = { 0 };
	const uint64_t open[] = { (uint64_t)-100, (uintptr_t) "/", 0, 0, 0, 0 };
	const uint64_t close[] = { 0xffffffff00000000, 0, 0, 0, 0, 0 };

	assert_int_equal(syscall_dispatch(caller->thread, 172, none), 1);
	assert_int_equal(syscall_dispatch(caller->thread, 56, open), 0);
	assert_int_equal(syscall_dispatch(caller->thread, 57, close), 0);
	assert_int_equal(syscall_dispatch(caller->thread, 57, close), -EBADF);
	assert_int_equal(syscall_dispatch(caller->thread, 4, none), -ENOSYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_rise_and_lead_back_to_their_calls),
		cmocka_unit_test(unknown_numbers_lead_nowhere),
		cmocka_unit_test(arguments_are_described_in_full),
		cmocka_unit_test(read_is_what_linux_says_it_is),
		caller_test(calls_are_dispatched_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
