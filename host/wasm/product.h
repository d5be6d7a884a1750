/*
 * Products of 64-bit words, in a form that needs no wider ones.
 */
#ifndef HOST_WASM_PRODUCT_H
#define HOST_WASM_PRODUCT_H

#include <stdint.h>

/* The high 64 bits of left * right, from four products of 32 bits each. */
static inline uint64_t
product_high(uint64_t left, uint64_t right)
{
	uint64_t a0 = (uint32_t)left, a1 = left >> 32;
	uint64_t b0 = (uint32_t)right, b1 = right >> 32;
	uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
	uint64_t carry = a0 * b1 + (uint32_t)middle;

	return a1 * b1 + (middle >> 32) + (carry >> 32);
}

#endif
