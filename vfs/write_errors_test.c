/* Tests of who is told of errors of writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errno.h"
#include "vfs/write_errors.h"

static void
each_file_is_told_once_of_what_came_since_it_was_opened(void **state)
{
	struct write_errors errors = { 0 };
	struct write_errors_told first, second;

	write_errors_begin(&errors, &first);
	write_errors_begin(&errors, &second);
	assert_int_equal(write_errors_tell(&errors, &first), 0);
	write_errors_note(&errors, -EIO);
	assert_int_equal(write_errors_tell(&errors, &first), -EIO);
	assert_int_equal(write_errors_tell(&errors, &first), 0);
	assert_int_equal(write_errors_tell(&errors, &second), -EIO);
	assert_int_equal(write_errors_tell(&errors, &second), 0);
}

static void
a_new_error_is_told_though_it_is_the_same(void **state)
{
	struct write_errors errors = { 0 };
	struct write_errors_told told;

	write_errors_begin(&errors, &told);
	for (unsigned i = 0; i < 5; i++) {
		write_errors_note(&errors, -ENOSPC);
		assert_int_equal(write_errors_tell(&errors, &told), -ENOSPC);
		assert_int_equal(write_errors_tell(&errors, &told), 0);
	}
}

static void
the_last_of_several_errors_is_told(void **state)
{
	struct write_errors errors = { 0 };
	struct write_errors_told told;

	write_errors_begin(&errors, &told);
	write_errors_note(&errors, -EIO);
	write_errors_note(&errors, -ENOSPC);
	assert_int_equal(write_errors_tell(&errors, &told), -ENOSPC);
	assert_int_equal(write_errors_tell(&errors, &told), 0);
}

static void
an_error_that_nobody_heard_of_waits_for_who_opens(void **state)
{
	struct write_errors errors = { 0 };
	struct write_errors_told early, late;

	write_errors_note(&errors, -EIO);
	write_errors_begin(&errors, &early);
	assert_int_equal(write_errors_tell(&errors, &early), -EIO);
	write_errors_begin(&errors, &late);
	assert_int_equal(write_errors_tell(&errors, &late), 0);
	write_errors_note(&errors, -EIO);
	assert_int_equal(write_errors_tell(&errors, &late), -EIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_told_once_of_what_came_since_it_was_opened),
		cmocka_unit_test(a_new_error_is_told_though_it_is_the_same),
		cmocka_unit_test(the_last_of_several_errors_is_told),
		cmocka_unit_test(an_error_that_nobody_heard_of_waits_for_who_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
