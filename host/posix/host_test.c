/* Tests of the small things: random bytes, boot parameters, console, panic. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "host/posix/posix.h"

static int
create_host(void **state)
{
	struct host *host;
	int error = posix_host_create(&host);

	*state = host;
	return error;
}

static int
destroy_host(void **state)
{
	posix_host_destroy(*state);
	return 0;
}

static void
every_operation_is_there(void **state)
{
	void *const *entries = (void *const *)&posix_host_ops;

	for (size_t i = 0; i < sizeof(posix_host_ops) / sizeof(*entries); i++)
		assert_non_null(entries[i]);
}

static void
random_bytes_fill_the_buffer_and_differ(void **state)
{
	uint8_t first[1000] = { 0 }, second[1000] = { 0 };
	unsigned zeros = 0;

	assert_int_equal(posix_host_ops.random(*state, first, sizeof(first)), 0);
	assert_int_equal(posix_host_ops.random(*state, second, sizeof(second)), 0);
	assert_memory_not_equal(first, second, sizeof(first));
	for (size_t i = sizeof(first) - 100; i < sizeof(first); i++)
		zeros += first[i] == 0;
	assert_true(zeros < 50);
	assert_int_equal(posix_host_ops.random(*state, first, 0), 0);
}

static void
a_parameter_is_an_environment_variable(void **state)
{
	static const struct {
		const char *name, *variable;
	} rows[] = {
		{ "hostname", "RUMP_HOSTNAME" },	 /* letters */
		{ "memory-limit", "RUMP_MEMORY_LIMIT" }, /* a sign */
		{ "net.Mtu2", "RUMP_NET_MTU2" },	 /* all there is */
	};
	char buffer[16];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsetenv(rows[i].variable);
		assert_int_equal(posix_host_ops.parameter(*state, rows[i].name, buffer, 16),
		    -ENOENT);
		setenv(rows[i].variable, "some value", 1);
		assert_int_equal(posix_host_ops.parameter(*state, rows[i].name, buffer, 16), 0);
		assert_string_equal(buffer, "some value");
	}
}

static void
a_parameter_that_does_not_fit_is_an_error(void **state)
{
	char buffer[8] = "before";
	char long_name[400];

	setenv("RUMP_SIZE", "1234567", 1);
	assert_int_equal(posix_host_ops.parameter(*state, "size", buffer, 0), -ERANGE);
	assert_int_equal(posix_host_ops.parameter(*state, "size", buffer, 7), -ERANGE);
	assert_string_equal(buffer, "before");
	assert_int_equal(posix_host_ops.parameter(*state, "size", buffer, 8), 0);
	assert_string_equal(buffer, "1234567");
	memset(long_name, 'n', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(posix_host_ops.parameter(*state, long_name, buffer, 8), -ENOENT);
}

/* What a program that aborts exits with here: emulators have a say in how it dies. */
#define ABORTED 86

static void
exit_aborted(int signal)
{
	(void)signal;
	_exit(ABORTED);
}

/* Run action with standard error going to a pipe; what it wrote to text. */
static int
run_apart(void (*action)(struct host *host), struct host *host, char *text, size_t size)
{
	int ends[2], status;
	size_t used = 0;
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGABRT, exit_aborted);
		dup2(ends[1], STDERR_FILENO);
		action(host);
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], text + used, size - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
show(struct host *host)
{
	posix_host_ops.console(host, "one\ntwo\nthree", 8);
}

static void
panic(struct host *host)
{
	posix_host_ops.panic(host, "the sky falls");
}

static void
panic_at_length(struct host *host)
{
	char why[2000];

	memset(why, 'y', sizeof(why));
	why[sizeof(why) - 1] = '\0';
	posix_host_ops.panic(host, why);
}

static void
the_console_shows_exactly_what_it_is_given(void **state)
{
	char text[64];

	assert_int_equal(run_apart(show, *state, text, sizeof(text)), 0);
	assert_string_equal(text, "one\ntwo\n");
}

static void
a_panic_says_why_and_aborts(void **state)
{
	char text[4096];
	int status = run_apart(panic, *state, text, sizeof(text));

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ABORTED);
	assert_string_equal(text, "rump: panic: the sky falls\n");
}

static void
a_long_panic_is_cut_to_one_line(void **state)
{
	char text[4096];
	int status = run_apart(panic_at_length, *state, text, sizeof(text));

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ABORTED);
	assert_true(strlen(text) > 100);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_is_there),
		cmocka_unit_test(random_bytes_fill_the_buffer_and_differ),
		cmocka_unit_test(a_parameter_is_an_environment_variable),
		cmocka_unit_test(a_parameter_that_does_not_fit_is_an_error),
		cmocka_unit_test(the_console_shows_exactly_what_it_is_given),
		cmocka_unit_test(a_panic_says_why_and_aborts),
		cmocka_unit_test(a_long_panic_is_cut_to_one_line),
	};

	return cmocka_run_group_tests(tests, create_host, destroy_host);
}
