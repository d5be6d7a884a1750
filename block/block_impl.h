/*
 * What the files of the block layer share: a kernel's registry of devices and
 * its buffer cache, in SLOT_BLOCK.
 */
#ifndef BLOCK_BLOCK_IMPL_H
#define BLOCK_BLOCK_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "block/block.h"
#include "block/buffer.h"
#include "kern/condition.h"
#include "kern/kernel.h"
#include "kern/memory.h"
#include "kern/mutex.h"

#define BUCKETS_MIN 16 /* of an idle cache; a power of two */

struct buffer_cache {
	struct mutex lock;
	struct condition read_done; /* some buffer has been read, or could not be */
	struct list *buckets;	    /* by device and offset; GUARDED_BY(lock) */
	size_t bucket_count;	    /* a power of two; GUARDED_BY(lock) */
	size_t buffer_count;	    /* in buckets; GUARDED_BY(lock) */
	struct list idle;	    /* unreferenced, least recently used first; GUARDED_BY(lock) */
	struct list dirty[BUFFER_WAVES]; /* in the order they were made so; GUARDED_BY(lock) */
	struct list first_buckets[BUCKETS_MIN];
	struct shrinker shrinker;
};

struct block_registry {
	struct mutex lock;
	struct list devices; /* in the order of registration; GUARDED_BY(lock) */
};

struct block {
	struct block_registry registry;
	struct buffer_cache cache;
};

static inline struct block *
block_of(struct kernel *kernel)
{
	return kernel->slots[SLOT_BLOCK];
}

/* Whole sectors inside the device. */
bool block_range_is_valid(const struct block_dev *dev, uint64_t offset, uint64_t length);

void buffer_cache_start(struct kernel *kernel, struct buffer_cache *cache);

/* No buffer is referenced. */
void buffer_cache_stop(struct kernel *kernel, struct buffer_cache *cache);

#endif
