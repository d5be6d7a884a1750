/*
 * Device nodes: from a device number in some inode to the driver.
 *
 * A driver is registered for a type (block or character) and a major number;
 * the minor number is its own.  Numbers are Linux's: 12 bits of major, 20 of
 * minor in the kernel's 32-bit form.
 */
#ifndef VFS_DEVICE_H
#define VFS_DEVICE_H

#include <stdint.h>

#include "base/compiler.h"
#include "kern/uio.h"
#include "vfs/vnode.h"

#define DEVICE_MINOR_BITS 20

/* The major numbers in use. */
enum device_major {
	MAJOR_MEMORY = 1,  /* null, zero, full, random, urandom */
	MAJOR_STORE = 240, /* block devices; Linux leaves 240..254 to local use */
};

static inline uint32_t
device_number(uint32_t major, uint32_t minor)
{
	return major << DEVICE_MINOR_BITS | minor;
}

static inline uint32_t
device_major(uint32_t number)
{
	return number >> DEVICE_MINOR_BITS;
}

static inline uint32_t
device_minor(uint32_t number)
{
	return number & ((1U << DEVICE_MINOR_BITS) - 1);
}

struct device_ops {
	/* Is there such a device?  -ENXIO.  Called when a node is opened. */
	int (*open)(struct kernel *kernel, uint32_t number);

	/* The opposite of a successful open. */
	void (*close)(struct kernel *kernel, uint32_t number);

	/* As file_read() and file_write(); streams ignore offset. */
	int (*read)(struct kernel *kernel, uint32_t number, struct uio *uio, uint64_t offset);
	int (*write)(struct kernel *kernel, uint32_t number, struct uio *uio, uint64_t offset);

	/* Bytes, for seeking from the end; 0 for streams. */
	uint64_t (*size)(struct kernel *kernel, uint32_t number);

	/* Make durable what was written. */
	int (*sync)(struct kernel *kernel, uint32_t number);
};

/* device_ops.sync of those that keep nothing. */
int device_sync_nothing(struct kernel *kernel, uint32_t number);

/*
 * -EEXIST, -ENOSPC when there are too many.  For components that start: there is
 * no lock.
 */
MUST_CHECK int device_register(struct kernel *kernel, enum vnode_type type, uint32_t major,
    const struct device_ops *ops);

/* The driver for a device node, or NULL. */
const struct device_ops *device_find(struct kernel *kernel, enum vnode_type type, uint32_t number);

#endif
