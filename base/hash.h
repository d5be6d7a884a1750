/*
 * Hashes for tables in memory.  Not for anything that leaves the kernel: they
 * may change.  Callers mix in a secret of their kernel where the keys come
 * from outside, so that nobody can choose colliding names.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Spread value over all 64 bits (the finaliser of MurmurHash3). */
static inline uint64_t
hash_u64(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdULL;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ULL;
	value ^= value >> 33;
	return value;
}

/* Hash size bytes, continuing from seed. */
uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t size);

#endif
