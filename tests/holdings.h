/*
 * What the test program holds of the host, to see that nothing is left behind.
 */
#ifndef TESTS_HOLDINGS_H
#define TESTS_HOLDINGS_H

#include <stddef.h>

struct holdings {
	size_t mappings;
	size_t descriptors;
	size_t resident; /* pages */
};

struct holdings holdings_count(void);

#endif
