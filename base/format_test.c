/* Tests of text from values, with the host's snprintf as the twin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/format.h"

static const char *const flags[] = { "", "-", "0", "-0", "0-" };
static const char *const widths[] = { "", "1", "3", "9", "25" };
static const char *const precisions[] = { "", ".", ".0", ".1", ".5", ".21" };

#define CHECK(spec, value) \
	do { \
		char want[64], got[64]; \
		int want_length = snprintf(want, sizeof(want), spec, value); \
		size_t got_length = format_text(got, sizeof(got), spec, value); \
		if (strcmp(want, got) != 0) \
			print_error("spec %s\n", spec); \
		assert_string_equal(got, want); \
		assert_int_equal(got_length, want_length); \
	} while (0)

/* The conversion % flags width precision length letter. */
static void
build(char spec[32], size_t number, const char *length, char letter)
{
	const char *flag = flags[number % ARRAY_SIZE(flags)];
	const char *width = widths[number / ARRAY_SIZE(flags) % ARRAY_SIZE(widths)];
	const char *precision = precisions[number / ARRAY_SIZE(flags) / ARRAY_SIZE(widths)];

	snprintf(spec, 32, "<%%%s%s%s%s%c>", flag, width, precision, length, letter);
}

#define SPEC_COUNT (ARRAY_SIZE(flags) * ARRAY_SIZE(widths) * ARRAY_SIZE(precisions))

static void
writes_integers_as_the_host_does(void **state)
{
	static const uint64_t values[] = { 0, 1, 7, 10, 99, 127, 128, 255, 256, 32768, 65535,
		0x7fffffff, 0x80000000, 0xffffffff, 0x123456789abcdef, INT64_MAX,
		(uint64_t)INT64_MIN, UINT64_MAX, UINT64_MAX - 41 };
	static const char letters[] = "diuxXo";
	char spec[32];

	for (size_t n = 0; n < SPEC_COUNT; n++) {
		for (size_t l = 0; l < sizeof(letters) - 1; l++) {
			for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
				build(spec, n, "hh", letters[l]);
				CHECK(spec, (int)(unsigned char)values[v]);
				build(spec, n, "h", letters[l]);
				CHECK(spec, (int)(short)values[v]);
				build(spec, n, "", letters[l]);
				CHECK(spec, (int)values[v]);
				build(spec, n, "l", letters[l]);
				CHECK(spec, (long)values[v]);
				build(spec, n, "ll", letters[l]);
				CHECK(spec, (long long)values[v]);
				build(spec, n, "z", letters[l]);
				CHECK(spec, (size_t)values[v]);
				build(spec, n, "j", letters[l]);
				CHECK(spec, (intmax_t)values[v]);
			}
		}
	}
}

static void
writes_strings_and_characters_as_the_host_does(void **state)
{
	static const char *const texts[] = { "", "a", "hello", "a longer text of 25 bytes" };
	char spec[32];

	for (size_t n = 0; n < SPEC_COUNT; n++) {
		if (strchr(flags[n % ARRAY_SIZE(flags)], '0') != NULL)
			continue; /* undefined with these letters */
		build(spec, n, "", 's');
		for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
			CHECK(spec, texts[t]);
		build(spec, n, "", 'c');
		CHECK(spec, 'x');
	}
}

static void
takes_width_and_precision_from_the_values(void **state)
{
	char want[64], got[64];

	for (int width = -12; width <= 12; width++) {
		for (int precision = -2; precision <= 8; precision++) {
			snprintf(want, sizeof(want), "%*.*d|%0*d|%.*s", width, precision, 123,
			    width, -7, precision, "text");
			format_text(got, sizeof(got), "%*.*d|%0*d|%.*s", width, precision, 123,
			    width, -7, precision, "text");
			assert_string_equal(got, want);
		}
	}
}

static void
does_not_read_a_string_beyond_its_precision(void **state)
{
	static const char unterminated[3] = { 'a', 'b', 'c' };
	char got[16];

	assert_int_equal(format_text(got, sizeof(got), "%.3s", unterminated), 3);
	assert_string_equal(got, "abc");
}

static void
writes_pointers_in_hexadecimal(void **state)
{
	char got[32];

	format_text(got, sizeof(got), "%p %p", (void *)(uintptr_t)0xbeef, NULL);
	assert_string_equal(got, "0xbeef 0x0");
}

static void
writes_what_is_no_conversion_as_it_is(void **state)
{
	static const char *const formats[] = { "100%", "%", "%y", "%-5", "%%", "%5.2", "50%!" };
	static const char *const want[] = { "100%", "%", "%y", "%-5", "%", "%5.2", "50%!" };
	char got[32];

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		assert_int_equal(format_text(got, sizeof(got), formats[i], 0), strlen(want[i]));
		assert_string_equal(got, want[i]);
	}
}

static void
shows_a_null_string(void **state)
{
	char got[32];
	const char *volatile nothing = NULL;

	format_text(got, sizeof(got), "%s", nothing);
	assert_string_equal(got, "(null)");
}

static void
cuts_to_fit_and_says_how_long_it_would_be(void **state)
{
	for (size_t size = 0; size <= 12; size++) {
		char room[16];
		size_t length;

		memset(room, '#', sizeof(room));
		length = format_text(room, size, "%s-%05d", "ab", 42);
		assert_int_equal(length, 8);
		for (size_t i = size; i < sizeof(room); i++)
			assert_int_equal(room[i], '#');
		if (size > 0) {
			size_t kept = size - 1 < 8 ? size - 1 : 8;

			assert_int_equal(strlen(room), kept);
			assert_memory_equal(room, "ab-00042", kept);
		}
	}
	assert_int_equal(format_text(NULL, 0, "%d", 1000), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_integers_as_the_host_does),
		cmocka_unit_test(writes_strings_and_characters_as_the_host_does),
		cmocka_unit_test(takes_width_and_precision_from_the_values),
		cmocka_unit_test(does_not_read_a_string_beyond_its_precision),
		cmocka_unit_test(writes_pointers_in_hexadecimal),
		cmocka_unit_test(writes_what_is_no_conversion_as_it_is),
		cmocka_unit_test(shows_a_null_string),
		cmocka_unit_test(cuts_to_fit_and_says_how_long_it_would_be),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
