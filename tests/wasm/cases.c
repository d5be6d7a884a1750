/* Running the cases of a test program: see cmocka.h. */
#include <cmocka.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The case that runs; what a failed assertion says names it. */
static const char *running = "setup of the group";
static size_t number;

/* Tell how the case ended; the program ends after any that is not ok. */
static _Noreturn void
leave(const char *verdict, const char *remark)
{
	printf("%s %zu - %s%s\n", verdict, number, running, remark);
	fflush(stdout);
	exit(1);
}

void
case_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	printf("# %s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	leave("not ok", "");
}

void
case_skip(void)
{
	leave("ok", " # SKIP");
}

void
case_compare(unsigned long long left, unsigned long long right, bool want_equal, const char *file,
    int line)
{
	if ((left == right) != want_equal)
		case_fail(file, line, "%#llx %s %#llx", left, want_equal ? "!=" : "==", right);
}

void
case_range(unsigned long long value, unsigned long long low, unsigned long long high,
    const char *file, int line)
{
	if (value < low || value > high)
		case_fail(file, line, "%llu is not in %llu to %llu", value, low, high);
}

void
case_compare_text(const char *left, const char *right, bool want_equal, const char *file, int line)
{
	if ((strcmp(left, right) == 0) != want_equal)
		case_fail(file, line, "\"%s\" %s \"%s\"", left, want_equal ? "!=" : "==", right);
}

void
case_compare_bytes(const void *left, const void *right, size_t size, bool want_equal,
    const char *file, int line)
{
	const unsigned char *a = left, *b = right;
	size_t at = 0;

	while (at < size && a[at] == b[at])
		at++;
	if (want_equal && at < size)
		case_fail(file, line, "byte %zu: %#x != %#x", at, a[at], b[at]);
	if (!want_equal && at == size)
		case_fail(file, line, "all %zu bytes are the same", size);
}

/* Setup and teardown of a case go with it, as in cmocka. */
static void
case_run(const struct CMUnitTest *test, void *group_state)
{
	void *state = test->initial_state != NULL ? test->initial_state : group_state;

	running = test->name;
	if (test->setup_func != NULL && test->setup_func(&state) != 0)
		fail_msg("setup fails");
	test->test_func(&state);
	if (test->teardown_func != NULL && test->teardown_func(&state) != 0)
		fail_msg("teardown fails");
	printf("ok %zu - %s\n", number, test->name);
	fflush(stdout); /* a trap later on loses what is buffered */
}

int
cases_run(const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup,
    CMFixtureFunction teardown)
{
	const char *first = getenv("FIRST");
	void *state = NULL;

	number = first != NULL ? strtoul(first, NULL, 10) : 0;
	printf("1..%zu\n", count);
	fflush(stdout);
	if (setup != NULL && setup(&state) != 0)
		fail_msg("it fails");
	while (number < count) {
		const struct CMUnitTest *test = &tests[number];

		number++;
		case_run(test, state);
	}
	running = "teardown of the group";
	number++;
	if (teardown != NULL && teardown(&state) != 0)
		fail_msg("it fails");
	return 0;
}
