/*
 * The registry of block devices, and the component that holds it.
 *
 * A kernel has a handful of devices, so that a list in the order of
 * registration does for every way of finding one.  The registry owns the
 * devices; others have references, which keep a device from being taken out
 * but do not prolong its life beyond that: there is never a device that has
 * no name any more but still users.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "block/block_impl.h"
#include "block/buffer.h"

static struct block_dev *
find_by_name(struct block_registry *registry, const char *name) REQUIRES(registry->lock)
{
	list_for_each(link, &registry->devices) {
		struct block_dev *dev = list_entry(link, struct block_dev, link);

		if (string_equal(dev->name, name))
			return dev;
	}
	return NULL;
}

static struct block_dev *
find_by_number(struct block_registry *registry, uint32_t number) REQUIRES(registry->lock)
{
	list_for_each(link, &registry->devices) {
		struct block_dev *dev = list_entry(link, struct block_dev, link);

		if (dev->number == number)
			return dev;
	}
	return NULL;
}

static int
check_name(const char *name)
{
	size_t length = string_length(name, BLOCK_NAME_MAX + 1);

	if (length > BLOCK_NAME_MAX)
		return -ENAMETOOLONG;
	if (length == 0 || string_equal(name, ".") || string_equal(name, ".."))
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (name[i] == '/')
			return -EINVAL;
	}
	return 0;
}

int
block_register(struct kernel *kernel, struct block_dev *dev, const char *name)
{
	struct block_registry *registry = &block_of(kernel)->registry;
	uint32_t number = BLOCK_NUMBER_FIRST;
	int error = check_name(name);

	if (error < 0)
		return error;
	ASSERT(dev->kernel == kernel);
	ASSERT(is_power_of_two(dev->sector_size) && dev->sector_size >= BLOCK_SECTOR_SIZE);
	ASSERT(dev->size % dev->sector_size == 0);
	string_copy(dev->name, name, sizeof(dev->name));
	dev->references = 0;
	dev->is_claimed = false;

	mutex_lock(&registry->lock);
	if (find_by_name(registry, name) != NULL) {
		error = -EEXIST;
	} else {
		while (find_by_number(registry, number) != NULL)
			number++;
		dev->number = number;
		list_push_back(&registry->devices, &dev->link);
	}
	mutex_unlock(&registry->lock);
	return error;
}

int
block_unregister(struct kernel *kernel, const char *name)
{
	struct block_registry *registry = &block_of(kernel)->registry;
	struct block_dev *dev;
	int error = 0;

	mutex_lock(&registry->lock);
	dev = find_by_name(registry, name);
	if (dev == NULL)
		error = -ENOENT;
	else if (dev->references > 0)
		error = -EBUSY;
	else
		list_remove(&dev->link);
	mutex_unlock(&registry->lock);
	if (error < 0)
		return error;

	/* A user that is gone may have left buffers. */
	buffer_forget_device(dev);
	dev->ops->destroy(dev);
	return 0;
}

struct block_dev *
block_get_by_name(struct kernel *kernel, const char *name)
{
	struct block_registry *registry = &block_of(kernel)->registry;
	struct block_dev *dev;

	mutex_lock(&registry->lock);
	dev = find_by_name(registry, name);
	if (dev != NULL)
		dev->references++;
	mutex_unlock(&registry->lock);
	return dev;
}

struct block_dev *
block_get_by_number(struct kernel *kernel, uint32_t number)
{
	struct block_registry *registry = &block_of(kernel)->registry;
	struct block_dev *dev;

	mutex_lock(&registry->lock);
	dev = find_by_number(registry, number);
	if (dev != NULL)
		dev->references++;
	mutex_unlock(&registry->lock);
	return dev;
}

void
block_put(struct block_dev *dev)
{
	struct block_registry *registry = &block_of(dev->kernel)->registry;

	mutex_lock(&registry->lock);
	ASSERT(dev->references > 0);
	dev->references--;
	ASSERT(dev->references > 0 || !dev->is_claimed);
	mutex_unlock(&registry->lock);
}

bool
block_enumerate(struct kernel *kernel, size_t index, char name[BLOCK_NAME_MAX + 1],
    uint32_t *number)
{
	struct block_registry *registry = &block_of(kernel)->registry;
	bool is_found = false;

	mutex_lock(&registry->lock);
	list_for_each(link, &registry->devices) {
		struct block_dev *dev = list_entry(link, struct block_dev, link);

		if (index-- == 0) {
			string_copy(name, dev->name, BLOCK_NAME_MAX + 1);
			*number = dev->number;
			is_found = true;
			break;
		}
	}
	mutex_unlock(&registry->lock);
	return is_found;
}

int
block_claim(struct block_dev *dev)
{
	struct block_registry *registry = &block_of(dev->kernel)->registry;
	int error = 0;

	mutex_lock(&registry->lock);
	ASSERT(dev->references > 0);
	if (dev->is_claimed)
		error = -EBUSY;
	dev->is_claimed = true;
	mutex_unlock(&registry->lock);
	return error;
}

void
block_unclaim(struct block_dev *dev)
{
	struct block_registry *registry = &block_of(dev->kernel)->registry;

	mutex_lock(&registry->lock);
	ASSERT(dev->is_claimed);
	dev->is_claimed = false;
	mutex_unlock(&registry->lock);
}

static int
block_start(struct kernel *kernel)
{
	struct block *block = memory_alloc_zeroed(kernel, sizeof(*block));

	if (block == NULL)
		return -ENOMEM;
	mutex_init(&block->registry.lock, kernel, RANK_BLOCK_REGISTRY);
	list_init(&block->registry.devices);
	kernel->slots[SLOT_BLOCK] = block;
	buffer_cache_start(kernel, &block->cache);
	return 0;
}

static void
block_stop(struct kernel *kernel)
{
	struct block *block = block_of(kernel);

	buffer_cache_stop(kernel, &block->cache);
	/* Windows came after what they are windows of, and have references to it. */
	while (!list_is_empty(&block->registry.devices)) {
		struct block_dev *dev =
		    list_entry(block->registry.devices.previous, struct block_dev, link);

		ASSERT(dev->references == 0);
		list_remove(&dev->link);
		dev->ops->destroy(dev);
	}
	kernel->slots[SLOT_BLOCK] = NULL;
	memory_free(kernel, block, sizeof(*block));
}

const struct component block_component = {
	.name = "block",
	.start = block_start,
	.stop = block_stop,
};
