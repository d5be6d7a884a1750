/*
 * Comparing a whole image.  cmocka's assert_memory_equal() goes byte by byte,
 * which takes seconds where code is emulated or watched by a sanitizer; it is
 * left the case that something differs, to say where.
 */
#ifndef TESTS_LARGE_H
#define TESTS_LARGE_H

#include <string.h>

#define assert_large_equal(a, b, size) \
	do { \
		if (memcmp(a, b, size) != 0) \
			assert_memory_equal(a, b, size); \
	} while (0)

#endif
