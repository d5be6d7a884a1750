/*
 * What the compiler wants to call and the instruction set does not have: the four
 * memory functions where they are no instruction, and the 128-bit product by
 * which it checks a 64-bit multiplication for overflow.
 *
 * The first three are instructions (bulk memory); the builtins become those.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/string.h"
#include "host/wasm/product.h"

#undef memcpy
#undef memmove
#undef memset
#undef memcmp

__int128 __multi3(__int128 left, __int128 right);

void *
memcpy(void *restrict to, const void *restrict from, size_t size)
{
	return __builtin_memcpy(to, from, size);
}

void *
memmove(void *to, const void *from, size_t size)
{
	return __builtin_memmove(to, from, size);
}

void *
memset(void *to, int byte, size_t size)
{
	return __builtin_memset(to, byte, size);
}

/* Words that are equal are passed over; WebAssembly loads them from anywhere. */
int
memcmp(const void *left, const void *right, size_t size)
{
	const uint8_t *a = left, *b = right;

	while (size >= sizeof(uint64_t)) {
		uint64_t x, y;

		__builtin_memcpy(&x, a, sizeof(x));
		__builtin_memcpy(&y, b, sizeof(y));
		if (x != y)
			break;
		a += sizeof(x);
		b += sizeof(y);
		size -= sizeof(x);
	}
	for (; size > 0; size--, a++, b++) {
		if (*a != *b)
			return *a - *b;
	}
	return 0;
}

/* The low 128 bits of the product. */
__int128
__multi3(__int128 left, __int128 right)
{
	uint64_t a = (uint64_t)left, b = (uint64_t)right;
	uint64_t a_high = (uint64_t)((unsigned __int128)left >> 64);
	uint64_t b_high = (uint64_t)((unsigned __int128)right >> 64);
	uint64_t high = product_high(a, b) + a * b_high + a_high * b;

	return (__int128)((unsigned __int128)high << 64 | a * b);
}
