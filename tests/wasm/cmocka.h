/*
 * What the unit tests use of cmocka, for WebAssembly.
 *
 * cmocka leaves a failed case by longjmp(), which WebAssembly lacks.  Here the
 * case says "not ok" and ends the program; web_unit_test.mjs starts it
 * again after that case, with the number of cases to pass over in FIRST.
 */
#ifndef TESTS_WASM_CMOCKA_H
#define TESTS_WASM_CMOCKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef void (*CMUnitTestFunction)(void **state);
typedef int (*CMFixtureFunction)(void **state);

struct CMUnitTest {
	const char *name;
	CMUnitTestFunction test_func;
	CMFixtureFunction setup_func, teardown_func;
	void *initial_state;
};

#define cmocka_unit_test_prestate_setup_teardown(test, setup, teardown, state) \
	{ \
#test, test, setup, teardown, state \
	}
#define cmocka_unit_test_setup_teardown(test, setup, teardown) \
	cmocka_unit_test_prestate_setup_teardown(test, setup, teardown, NULL)
#define cmocka_unit_test(test) cmocka_unit_test_setup_teardown(test, NULL, NULL)

int cases_run(const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup,
    CMFixtureFunction teardown);
_Noreturn void case_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void case_skip(void);

#define cmocka_run_group_tests(tests, setup, teardown) \
	cases_run(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown) \
	cmocka_run_group_tests(tests, setup, teardown)

#define fail_msg(...) case_fail(__FILE__, __LINE__, __VA_ARGS__)
#define fail()	      fail_msg("fail()")
#define skip()	      case_skip()

#define print_error(...) ((void)fprintf(stderr, __VA_ARGS__))

#define assert_true(claim)  ((claim) ? (void)0 : fail_msg("not so: %s", #claim))
#define assert_false(claim) ((claim) ? fail_msg("so: %s", #claim) : (void)0)

void case_compare(unsigned long long left, unsigned long long right, bool want_equal,
    const char *file, int line);
void case_range(unsigned long long value, unsigned long long low, unsigned long long high,
    const char *file, int line);
void case_compare_text(const char *left, const char *right, bool want_equal, const char *file,
    int line);
void case_compare_bytes(const void *left, const void *right, size_t size, bool want_equal,
    const char *file, int line);

#define CASE_WORD(value)      ((unsigned long long)(value))
#define CASE_ADDRESS(pointer) ((uintptr_t)(pointer))

#define assert_int_equal(a, b) case_compare(CASE_WORD(a), CASE_WORD(b), true, __FILE__, __LINE__)
#define assert_int_not_equal(a, b) \
	case_compare(CASE_WORD(a), CASE_WORD(b), false, __FILE__, __LINE__)
#define assert_ptr_equal(a, b) \
	case_compare(CASE_ADDRESS(a), CASE_ADDRESS(b), true, __FILE__, __LINE__)
#define assert_ptr_not_equal(a, b) \
	case_compare(CASE_ADDRESS(a), CASE_ADDRESS(b), false, __FILE__, __LINE__)
#define assert_null(a)	   assert_ptr_equal(a, 0)
#define assert_non_null(a) assert_ptr_not_equal(a, 0)
#define assert_in_range(value, low, high) \
	case_range(CASE_WORD(value), CASE_WORD(low), CASE_WORD(high), __FILE__, __LINE__)
#define assert_string_equal(a, b)	case_compare_text(a, b, true, __FILE__, __LINE__)
#define assert_string_not_equal(a, b)	case_compare_text(a, b, false, __FILE__, __LINE__)
#define assert_memory_equal(a, b, size) case_compare_bytes(a, b, size, true, __FILE__, __LINE__)
#define assert_memory_not_equal(a, b, size) \
	case_compare_bytes(a, b, size, false, __FILE__, __LINE__)

#endif
