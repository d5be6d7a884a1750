/*
 * The devices that are nothing but a rule: null, zero, full, random, urandom.
 * Numbers and behaviour are Linux's, where random and urandom have become the
 * same.
 */
#include "base/compiler.h"
#include "base/errno.h"
#include "base/math.h"
#include "fs/devfs/devfs_impl.h"
#include "kern/kernel.h"

#define RANDOM_PIECE 256 /* bytes fetched from the host at a time */

static int
read_nothing(struct kernel *kernel, struct uio *uio)
{
	return 0;
}

static int
read_zeros(struct kernel *kernel, struct uio *uio)
{
	return uio_zero_out(uio, uio->left);
}

static int
read_random(struct kernel *kernel, struct uio *uio)
{
	uint8_t bytes[RANDOM_PIECE];
	int error = 0;

	while (uio->left > 0 && error == 0) {
		size_t size = (size_t)min_u64(sizeof(bytes), uio->left);

		error = kernel_random(kernel, bytes, size);
		if (error == 0)
			error = uio_copy_out(uio, bytes, size);
	}
	return error;
}

/* Take what is written, and forget it. */
static int
write_away(struct kernel *kernel, struct uio *uio)
{
	uio_advance(uio, uio->left);
	return 0;
}

static int
write_full(struct kernel *kernel, struct uio *uio)
{
	return uio->left > 0 ? -ENOSPC : 0;
}

static const struct memory_device devices[] = {
	{ "null", 3, read_nothing, write_away },
	{ "zero", 5, read_zeros, write_away },
	{ "full", 7, read_zeros, write_full },
	{ "random", 8, read_random, write_away },
	{ "urandom", 9, read_random, write_away },
};

const struct memory_device *
devfs_memory_device(uint64_t index)
{
	return index < ARRAY_SIZE(devices) ? &devices[index] : NULL;
}

static const struct memory_device *
device_of(uint32_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		if (devices[i].minor == device_minor(number))
			return &devices[i];
	}
	return NULL;
}

static int
memory_open(struct kernel *kernel, uint32_t number)
{
	return device_of(number) != NULL ? 0 : -ENXIO;
}

static void
memory_close(struct kernel *kernel, uint32_t number)
{
}

static int
memory_read(struct kernel *kernel, uint32_t number, struct uio *uio, uint64_t offset)
{
	uint64_t before = uio->left;
	int error = device_of(number)->read(kernel, uio);

	return uio->left < before ? 0 : error;
}

static int
memory_write(struct kernel *kernel, uint32_t number, struct uio *uio, uint64_t offset)
{
	return device_of(number)->write(kernel, uio);
}

static uint64_t
memory_size(struct kernel *kernel, uint32_t number)
{
	return 0;
}

const struct device_ops devfs_memory_ops = {
	.open = memory_open,
	.close = memory_close,
	.read = memory_read,
	.write = memory_write,
	.size = memory_size,
	.sync = device_sync_nothing,
};
