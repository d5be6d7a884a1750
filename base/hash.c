/* Hashing of byte runs, eight at a time. */
#include "base/hash.h"

#include "base/endian.h"

uint64_t
hash_bytes(uint64_t seed, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;
	uint64_t hash = seed ^ size * 0x9e3779b97f4a7c15ULL;
	uint64_t tail = 0;

	for (; size >= 8; size -= 8, p += 8)
		hash = hash_u64(hash ^ load_le64(p));
	for (size_t i = 0; i < size; i++)
		tail |= (uint64_t)p[i] << (8 * i);
	return hash_u64(hash ^ tail);
}
