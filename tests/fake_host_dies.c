/*
 * Dying in a child process, for tests: see fake_host.h.  Apart from fake_host.c
 * since WebAssembly has no processes; tests/wasm/host.c does it there.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "tests/fake_host.h"

/*
 * The child of fake_host_dies(): no core file, none of cmocka's handlers.  Which
 * signal a trap is depends on the processor: SIGILL, SIGTRAP, on IBM Z SIGFPE.
 */
static void NORETURN
die_by(void (*body)(void *argument), void *argument)
{
	static const int signals[] = { SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGSEGV, SIGBUS };

	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_DFL);
	body(argument);
	_exit(0);
}

bool
fake_host_dies(void (*body)(void *argument), void *argument, const char *saying)
{
	char text[4096];
	size_t length = 0;
	ssize_t got;
	int ends[2];
	int status;
	pid_t child;

	fflush(NULL);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		die_by(body, argument);
	}
	close(ends[1]);
	while ((got = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 0) && strstr(text, saying) != NULL;
}
