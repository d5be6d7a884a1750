/*
 * Integers in memory of a stated byte order, at any alignment.
 *
 * The plain forms name the order; the others take it as an argument, for
 * formats whose order is found out when a medium is opened.
 */
#ifndef BASE_ENDIAN_H
#define BASE_ENDIAN_H

#include <stdint.h>

enum byte_order {
	ORDER_LITTLE,
	ORDER_BIG,
};

static inline uint16_t
load_le16(const void *from)
{
	const uint8_t *p = from;

	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
load_le32(const void *from)
{
	const uint8_t *p = from;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t
load_le64(const void *from)
{
	const uint8_t *p = from;

	return load_le32(p) | (uint64_t)load_le32(p + 4) << 32;
}

static inline uint16_t
load_be16(const void *from)
{
	return __builtin_bswap16(load_le16(from));
}

static inline uint32_t
load_be32(const void *from)
{
	return __builtin_bswap32(load_le32(from));
}

static inline uint64_t
load_be64(const void *from)
{
	return __builtin_bswap64(load_le64(from));
}

static inline void
store_le16(void *to, uint16_t value)
{
	uint8_t *p = to;

	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void
store_le32(void *to, uint32_t value)
{
	uint8_t *p = to;

	store_le16(p, (uint16_t)value);
	store_le16(p + 2, (uint16_t)(value >> 16));
}

static inline void
store_le64(void *to, uint64_t value)
{
	uint8_t *p = to;

	store_le32(p, (uint32_t)value);
	store_le32(p + 4, (uint32_t)(value >> 32));
}

static inline void
store_be16(void *to, uint16_t value)
{
	store_le16(to, __builtin_bswap16(value));
}

static inline void
store_be32(void *to, uint32_t value)
{
	store_le32(to, __builtin_bswap32(value));
}

static inline void
store_be64(void *to, uint64_t value)
{
	store_le64(to, __builtin_bswap64(value));
}

static inline uint16_t
load16(const void *from, enum byte_order order)
{
	return order == ORDER_BIG ? load_be16(from) : load_le16(from);
}

static inline uint32_t
load32(const void *from, enum byte_order order)
{
	return order == ORDER_BIG ? load_be32(from) : load_le32(from);
}

static inline uint64_t
load64(const void *from, enum byte_order order)
{
	return order == ORDER_BIG ? load_be64(from) : load_le64(from);
}

static inline void
store16(void *to, uint16_t value, enum byte_order order)
{
	if (order == ORDER_BIG)
		store_be16(to, value);
	else
		store_le16(to, value);
}

static inline void
store32(void *to, uint32_t value, enum byte_order order)
{
	if (order == ORDER_BIG)
		store_be32(to, value);
	else
		store_le32(to, value);
}

static inline void
store64(void *to, uint64_t value, enum byte_order order)
{
	if (order == ORDER_BIG)
		store_be64(to, value);
	else
		store_le64(to, value);
}

#endif
