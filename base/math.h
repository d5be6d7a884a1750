/*
 * Integer arithmetic that cannot wrap unnoticed, and powers of two.
 *
 * The checked forms return true when the true result does not fit *out.
 */
#ifndef BASE_MATH_H
#define BASE_MATH_H

#include <stdbool.h>
#include <stdint.h>

#define add_overflows(left, right, out) __builtin_add_overflow(left, right, out)
#define sub_overflows(left, right, out) __builtin_sub_overflow(left, right, out)
#define mul_overflows(left, right, out) __builtin_mul_overflow(left, right, out)

static inline uint64_t
min_u64(uint64_t left, uint64_t right)
{
	return left < right ? left : right;
}

static inline uint64_t
max_u64(uint64_t left, uint64_t right)
{
	return left > right ? left : right;
}

static inline bool
is_power_of_two(uint64_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

/* Position of the highest set bit; value is not 0. */
static inline unsigned
log2_floor(uint64_t value)
{
	return 63 - (unsigned)__builtin_clzll(value);
}

/* How many bits are set; without an instruction for it, compilers call a library. */
static inline unsigned
bit_count(uint64_t value)
{
	value -= value >> 1 & 0x5555555555555555;
	value = (value & 0x3333333333333333) + (value >> 2 & 0x3333333333333333);
	value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (unsigned)(value * 0x0101010101010101 >> 56);
}

/* Down or up to a multiple of unit, a power of two.  Up must not wrap. */
static inline uint64_t
round_down(uint64_t value, uint64_t unit)
{
	return value & ~(unit - 1);
}

static inline uint64_t
round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) & ~(unit - 1);
}

static inline uint64_t
divide_up(uint64_t value, uint64_t by)
{
	return value / by + (value % by != 0);
}

#endif
