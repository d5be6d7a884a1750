/*
 * Numbers that look random and follow from a seed, for tests: splitmix64.
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct random {
	uint64_t state; /* the seed, at first */
};

static inline uint64_t
random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Below count, which is 1 or more. */
static inline uint64_t
random_below(struct random *random, uint64_t count)
{
	return random_next(random) % count;
}

/* length bytes, none of them 0, which unwritten space has. */
static inline void
random_bytes(struct random *random, uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
		uint64_t word = random_next(random) | 0x0101010101010101;

		memcpy(bytes + i, &word, length - i < sizeof(word) ? length - i : sizeof(word));
	}
}

#endif
