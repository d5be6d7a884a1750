/*
 * The CRC-32 of ISO 3309 and IEEE 802.3, which many formats use to find out
 * that their bytes have changed.  No defence against anybody who means it.
 */
#ifndef BASE_CRC32_H
#define BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/*
 * The CRC of size bytes that come after others whose CRC is crc; 0 if there are
 * no others.
 */
uint32_t crc32(uint32_t crc, const void *bytes, size_t size);

#endif
