/*
 * Numbers that look random and follow from a seed, for tests: splitmix64.
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdint.h>

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

#endif
