/* Tests of strings and names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/string.h"

static void
cuts_a_copy_to_fit_and_says_so(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *want;
	} rows[] = {
		{ "abc", 8, "abc" }, /* room to spare */
		{ "abc", 4, "abc" }, /* fits exactly */
		{ "abc", 3, "ab" },  /* no room for the NUL */
		{ "abc", 1, "" },    /* room for the NUL only */
		{ "", 1, "" },	     /* nothing to copy */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char room[9] = "########";

		assert_int_equal(string_copy(room, rows[i].text, rows[i].size),
		    string_length(rows[i].text, 100));
		assert_string_equal(room, rows[i].want);
		if (rows[i].size < sizeof(room))
			assert_int_equal(room[rows[i].size],
			    rows[i].size == sizeof(room) - 1 ? '\0' : '#');
	}
}

static void
copies_nothing_into_no_room(void **state)
{
	char room = '#';

	assert_int_equal(string_copy(&room, "abc", 0), 3);
	assert_int_equal(room, '#');
}

static void
measures_no_further_than_the_limit(void **state)
{
	static const char unterminated[] = { 'a', 'b', 'c' };

	assert_int_equal(string_length(unterminated, 3), 3);
	assert_int_equal(string_length("abc", 2), 2);
	assert_int_equal(string_length("abc", 99), 3);
	assert_int_equal(string_length("", 99), 0);
}

static void
compares_whole_strings(void **state)
{
	assert_true(string_equal("", ""));
	assert_true(string_equal("same", "same"));
	assert_false(string_equal("same", "sam"));
	assert_false(string_equal("sam", "same"));
	assert_false(string_equal("same", "sane"));
}

static void
compares_names_by_length_and_bytes(void **state)
{
	struct name part = { "foobar", 3 };

	assert_true(name_equal(part, NAME("foo")));
	assert_true(name_equal(name_of("foo"), NAME("foo")));
	assert_false(name_equal(part, NAME("foobar")));
	assert_false(name_equal(part, NAME("fob")));
	assert_true(name_equal(NAME(""), name_of("")));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_a_copy_to_fit_and_says_so),
		cmocka_unit_test(copies_nothing_into_no_room),
		cmocka_unit_test(measures_no_further_than_the_limit),
		cmocka_unit_test(compares_whole_strings),
		cmocka_unit_test(compares_names_by_length_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
