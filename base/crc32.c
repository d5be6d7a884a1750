/*
 * CRC-32, four bits at a time.
 *
 * The polynomial is 0x04c11db7, bits reflected, register inverted before and
 * after.  What is checked by it is some KiB when a medium is opened, so a table
 * of 64 bytes beats one of 1024, which would have to come from memory.
 */
#include "base/crc32.h"

/* What a nibble that leaves the register does to it. */
static const uint32_t nibbles[16] = {
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, /* 0 to 3 */
	0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, /* 4 to 7 */
	0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, /* 8 to 11 */
	0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c, /* 12 to 15 */
};

uint32_t
crc32(uint32_t crc, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;

	crc = ~crc;
	for (size_t i = 0; i < size; i++) {
		crc ^= p[i];
		crc = nibbles[crc & 15] ^ crc >> 4;
		crc = nibbles[crc & 15] ^ crc >> 4;
	}
	return ~crc;
}
