/* Unpredictable bytes: getrandom(2), which blocks only while the system boots. */
#include <sys/random.h>

#include "host/posix/host_impl.h"

int
posix_random(struct host *host, void *buffer, size_t size)
{
	char *next = buffer;

	while (size > 0) {
		ssize_t got = getrandom(next, size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EIO;
		next += got;
		size -= (size_t)got;
	}
	return 0;
}
