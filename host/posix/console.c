/*
 * The console: standard error, unbuffered, so that lines of several threads
 * do not mix and the last one before a crash is there.
 *
 * What cannot be shown is dropped; a kernel has its log ring besides.  errno is
 * left as it was, since anything may be logged anywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/posix/host_impl.h"

void
posix_console(struct host *host, const char *text, size_t length)
{
	int saved_errno = errno;

	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			break;
		text += written;
		length -= (size_t)written;
	}
	errno = saved_errno;
}

void
posix_panic(struct host *host, const char *why)
{
	char line[512];
	int length = snprintf(line, sizeof(line), "rump: panic: %s\n", why);

	if (length >= (int)sizeof(line)) {
		length = (int)sizeof(line) - 1;
		line[length - 1] = '\n';
	}
	if (length > 0)
		posix_console(host, line, (size_t)length);
	abort();
}
