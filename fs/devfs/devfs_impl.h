/*
 * What the files of devfs share: the drivers and what they drive.
 */
#ifndef FS_DEVFS_DEVFS_IMPL_H
#define FS_DEVFS_DEVFS_IMPL_H

#include <stdint.h>

#include "kern/mutex.h"
#include "vfs/device.h"

/* What a kernel keeps of its devices, in kernel->slots[SLOT_DEVFS]. */
struct devfs_state {
	struct mutex write_lock; /* one write to a block device at a time */
};

struct memory_device {
	const char *name;
	uint32_t minor;
	int (*read)(struct kernel *kernel, struct uio *uio);
	int (*write)(struct kernel *kernel, struct uio *uio);
};

/* The index-th memory device, or NULL past the last. */
const struct memory_device *devfs_memory_device(uint64_t index);

extern const struct device_ops devfs_memory_ops; /* character devices of MAJOR_MEMORY */
extern const struct device_ops devfs_block_ops;	 /* block devices of MAJOR_STORE */

#endif
