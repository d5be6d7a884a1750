/*
 * Unpredictable bytes: getrandom(2), which blocks only while the system boots.  A
 * host with a seed gives the numbers that follow from it instead, in the order
 * they are asked for: those of splitmix64.
 */
#include <string.h>
#include <sys/random.h>

#include "host/posix/host_impl.h"

static uint64_t
settled_next(uint64_t *state)
{
	uint64_t value = *state += UINT64_C(0x9e3779b97f4a7c15);

	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

static void
settled_random(struct host *host, char *to, size_t size)
{
	pthread_mutex_lock(&host->lock);
	while (size > 0) {
		uint64_t value = settled_next(&host->random_state);
		size_t count = size < sizeof(value) ? size : sizeof(value);

		memcpy(to, &value, count);
		to += count;
		size -= count;
	}
	pthread_mutex_unlock(&host->lock);
}

int
posix_random(struct host *host, void *buffer, size_t size)
{
	char *next = buffer;

	if (host->settled.has_seed) {
		settled_random(host, buffer, size);
		return 0;
	}
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
