/*
 * The registry of device drivers: a short array, filled while the kernel boots
 * and only read after, so it needs no lock.
 */
#include "vfs/device.h"

#include "base/errno.h"
#include "vfs/vfs_impl.h"

const struct device_ops *
device_find(struct kernel *kernel, enum vnode_type type, uint32_t number)
{
	const struct device_table *table = &vfs_of(kernel)->devices;

	for (size_t i = 0; i < table->driver_count; i++) {
		const struct device_driver *driver = &table->drivers[i];

		if (driver->type == type && driver->major == device_major(number))
			return driver->ops;
	}
	return NULL;
}

int
device_register(struct kernel *kernel, enum vnode_type type, uint32_t major,
    const struct device_ops *ops)
{
	struct device_table *table = &vfs_of(kernel)->devices;

	if (device_find(kernel, type, device_number(major, 0)) != NULL)
		return -EEXIST;
	if (table->driver_count == DEVICE_DRIVER_MAX)
		return -ENOSPC;
	table->drivers[table->driver_count++] = (struct device_driver){ type, major, ops };
	return 0;
}

int
device_sync_nothing(struct kernel *kernel, uint32_t number)
{
	return 0;
}
