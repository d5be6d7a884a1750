/* Tests of the kernel log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "kern/kernel.h"
#include "tests/fake_host.h"

static struct host host;
static char text[2 * LOG_RING_SIZE];

static const char *
read_all(struct kernel *kernel)
{
	size_t length = log_read(kernel, text, sizeof(text) - 1);

	assert_int_equal(length, log_size(kernel));
	text[length] = '\0';
	return text;
}

static void
a_line_has_level_and_time(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	fake_host_set_clock(&host, host.now + 123456789);
	kernel_log(kernel, LOG_WARNING, "ffs: inode %d", 12);
	fake_host_set_clock(&host, host.now + 99999 * UINT64_C(1000000000));
	kernel_log(kernel, LOG_EMERGENCY, "late");
	assert_string_equal(read_all(kernel),
	    "<4>[    0.123456] ffs: inode 12\n<0>[99999.123456] late\n");
	assert_string_equal(host.console, "[    0.123456] ffs: inode 12\n[99999.123456] late\n");
	fake_kernel_destroy(kernel);
}

static void
only_grave_lines_reach_the_console(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	atomic_store(&kernel->log.console_level, LOG_WARNING);
	kernel_log(kernel, LOG_NOTICE, "notice");
	kernel_log(kernel, LOG_WARNING, "warning");
	kernel_log(kernel, LOG_ERROR, "error");
	assert_null(strstr(host.console, "notice"));
	assert_non_null(strstr(host.console, "warning"));
	assert_non_null(strstr(host.console, "error"));
	assert_non_null(strstr(read_all(kernel), "notice"));
	fake_kernel_destroy(kernel);
}

static void
names_cannot_forge_lines(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	kernel_log(kernel, LOG_ERROR, "name \"%s\"", "a\n<0>[0] b\x1b[2J\x7f\xc2\x9b");
	assert_string_equal(read_all(kernel),
	    "<3>[    0.000000] name \"a\\x0a<0>[0] b\\x1b[2J\\x7f\\xc2\\x9b\"\n");
	fake_kernel_destroy(kernel);
}

static void
long_lines_are_cut_whole_escapes_at_a_time(void **state)
{
	for (size_t length = LOG_LINE_MAX - 40; length < LOG_LINE_MAX + 300; length++) {
		struct kernel *kernel = fake_kernel_create(&host, false, 0);
		char line[LOG_LINE_MAX + 300];
		const char *end;

		memset(line, 'x', length);
		line[length - 1] = '\x1b';
		line[length] = '\0';
		kernel_log(kernel, LOG_ERROR, "%s", line);
		read_all(kernel);
		assert_true(strlen(text) <= LOG_LINE_MAX);
		end = text + strlen(text) - 1;
		assert_int_equal(*end, '\n');
		assert_true(end[-1] == 'x' || memcmp(end - 5, "x\\x1b", 5) == 0);
		if (length > LOG_LINE_MAX)
			assert_int_equal(strlen(text), LOG_LINE_MAX);
		fake_kernel_destroy(kernel);
	}
}

static void
the_ring_keeps_the_newest_whole_lines(void **state)
{
	static char twin[1 << 20]; /* every line there ever was */
	struct kernel *kernel = fake_kernel_create(&host, false, 0);
	size_t twin_length = 0;
	size_t size;
	size_t kept;

	srand(3);
	for (int i = 0; i < 2000; i++) {
		char line[LOG_LINE_MAX];

		memset(line, 'a' + i % 26, sizeof(line));
		line[rand() % 220] = '\0';
		kernel_log(kernel, LOG_INFO, "%s", line);
		twin_length += (size_t)sprintf(twin + twin_length, "<6>[    0.000000] %s\n", line);

		/* A buffer of any size gets the newest lines that fit it. */
		size = (size_t)rand() % sizeof(text);
		kept = twin_length <= LOG_RING_SIZE ? twin_length : LOG_RING_SIZE - 1;
		if (kept > size)
			kept = size;
		while (kept < twin_length && kept > 0 && twin[twin_length - kept - 1] != '\n')
			kept--;
		assert_int_equal(log_read(kernel, text, size), kept);
		assert_memory_equal(text, twin + twin_length - kept, kept);
	}
	fake_kernel_destroy(kernel);
}

static void
reading_begins_after_what_was_cleared(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);

	kernel_log(kernel, LOG_INFO, "old");
	log_clear(kernel);
	assert_int_equal(log_size(kernel), 0);
	assert_string_equal(read_all(kernel), "");
	kernel_log(kernel, LOG_INFO, "new");
	assert_string_equal(read_all(kernel), "<6>[    0.000000] new\n");
	for (int i = 0; i < 1000; i++)
		kernel_log(kernel, LOG_INFO, "a line among many");
	assert_true(log_size(kernel) > LOG_RING_SIZE - LOG_LINE_MAX);
	assert_null(strstr(read_all(kernel), "new"));
	fake_kernel_destroy(kernel);
}

static void *
log_many(void *argument)
{
	for (int i = 0; i < 300; i++)
		kernel_log(argument, LOG_DEBUG, "line of many");
	return NULL;
}

static void
lines_of_several_threads_do_not_mix(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, true, 0);
	pthread_t threads[2];
	char *line;

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_many, kernel), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	read_all(kernel);
	for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert_string_equal(line, "<7>[    0.000000] line of many");
	fake_kernel_destroy(kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_level_and_time),
		cmocka_unit_test(only_grave_lines_reach_the_console),
		cmocka_unit_test(names_cannot_forge_lines),
		cmocka_unit_test(long_lines_are_cut_whole_escapes_at_a_time),
		cmocka_unit_test(the_ring_keeps_the_newest_whole_lines),
		cmocka_unit_test(reading_begins_after_what_was_cleared),
		cmocka_unit_test(lines_of_several_threads_do_not_mix),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
