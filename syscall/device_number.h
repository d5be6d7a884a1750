/*
 * Device numbers as users see them.
 *
 * Linux shows 12 bits of major and 20 of minor in a 32-bit form, the minor
 * parted so that old 16-bit numbers look the same: bits 0..7 minor, 8..19
 * major, 20..31 the rest of the minor.  Inside, the major stands above the
 * minor (vfs/device.h).
 */
#ifndef SYSCALL_DEVICE_NUMBER_H
#define SYSCALL_DEVICE_NUMBER_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "vfs/device.h"

static inline uint32_t
device_number_encode(uint32_t device)
{
	uint32_t minor = device_minor(device);

	return (minor & 0xff) | device_major(device) << 8 | (minor & ~0xffU) << 12;
}

/* -EINVAL for a number that has more bits. */
MUST_CHECK static inline int
device_number_decode(uint64_t shown, uint32_t *out)
{
	uint32_t number = (uint32_t)shown;

	*out = 0;
	if (shown > UINT32_MAX)
		return -EINVAL;
	*out = device_number(number >> 8 & 0xfff, (number & 0xff) | (number >> 12 & 0xfff00));
	return 0;
}

#endif
