/*
 * Block devices.
 *
 * A block device is an array of bytes that is read and written in whole
 * sectors.  This header is the whole contract between those who use devices
 * (file systems, the buffer cache) and those who implement them (a host's
 * backing store, a partition, a driver); neither side sees more of the other.
 *
 * Ordering: requests complete in any order.  A write is durable once a flush
 * submitted after its completion has completed, and not before.
 * Context: any thread, no spin lock held; submit may sleep.
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "hypercall/hypercall.h"
#include "kern/kernel.h"

#define BLOCK_NAME_MAX	  63
#define BLOCK_SECTOR_SIZE 512

/*
 * Device numbers, in the kernel's 32-bit form of 12 bits of major and 20 of
 * minor: of the majors that Linux leaves to local use, 240; minors from 0.
 */
#define BLOCK_NUMBER_FIRST ((uint32_t)240 << 20)

struct block_dev;

struct block_ops {
	/*
	 * Start a request, already checked: it is inside the device, whole
	 * sectors, and no write if the device is read-only.  Call its done
	 * exactly once.  Until then the request is the device's; one that is
	 * part of another passes it on there with another offset.
	 */
	void (*submit)(struct block_dev *dev, struct host_block_request *request);

	/* Free dev.  No request is in flight, no reference is left. */
	void (*destroy)(struct block_dev *dev);
};

/* Embedded in the driver's own structure.  Constant once registered. */
struct block_dev {
	const struct block_ops *ops;
	struct kernel *kernel; /* the instance that owns dev */
	uint64_t size;	       /* bytes, a multiple of BLOCK_SECTOR_SIZE */
	uint32_t sector_size;  /* a power of two, BLOCK_SECTOR_SIZE or more */
	bool is_read_only;
	bool is_cached_below;	       /* re-reading is about as cheap as copying memory */
	uint32_t number;	       /* BLOCK_NUMBER_FIRST or more; given at registration */
	char name[BLOCK_NAME_MAX + 1]; /* as in /dev; given at registration */
	struct list link;	       /* private to the registry */
	uint32_t references;	       /* private to the registry */
	bool is_claimed;	       /* mounted, say; private to the registry */
	size_t dirty_size;	       /* private to the buffer cache */
	size_t kept_size;	       /* private to the buffer cache */
};

/* The component: a kernel's registry of devices and its buffer cache. */
extern const struct component block_component;

/*
 * Make dev known as name and give it a number.  The registry owns it from
 * then on.  -EEXIST if there is one of that name, -EINVAL for a name that no
 * file can have ("", ".", "..", with a '/'), -ENAMETOOLONG; dev is still the
 * caller's after an error.
 */
MUST_CHECK int block_register(struct kernel *kernel, struct block_dev *dev, const char *name);

/*
 * Take the device out of the registry; it is destroyed with its last
 * reference.  -ENOENT, or -EBUSY while it is referenced.
 */
MUST_CHECK int block_unregister(struct kernel *kernel, const char *name);

/* A reference to the device of this name or number, or NULL. */
struct block_dev *block_get_by_name(struct kernel *kernel, const char *name);
struct block_dev *block_get_by_number(struct kernel *kernel, uint32_t number);
void block_put(struct block_dev *dev);

/*
 * Name and number of the index-th device, for listing; false past the last.
 */
bool block_enumerate(struct kernel *kernel, size_t index, char name[BLOCK_NAME_MAX + 1],
    uint32_t *number);

/* Claim dev, referenced, for one user (a mount); -EBUSY if somebody has. */
MUST_CHECK int block_claim(struct block_dev *dev);
void block_unclaim(struct block_dev *dev);

/*
 * Check request against dev, then start it; its offset may be another when it
 * is done.  Errors arrive through done:
 * -EINVAL if the range is outside the device or not of whole sectors, -EROFS,
 * and what hypercall block_submit() says.
 */
void block_submit(struct block_dev *dev, struct host_block_request *request);

/*
 * Read a range of whole sectors and wait.  -EIO, -EINVAL if it is outside the
 * device or not of whole sectors; such a failure is logged with device and
 * offset.  -EFAULT if a segment cannot be written to.
 */
MUST_CHECK int block_read_segments(struct block_dev *dev, uint64_t offset,
    const struct segment *segments, size_t count);
MUST_CHECK int block_read(struct block_dev *dev, uint64_t offset, void *data, size_t length);

/*
 * Read any bytes of the device, whatever their alignment, by way of memory of
 * our own unless they are whole sectors.  What is past the end reads as zeros,
 * but to begin there is -EINVAL.  Errors as above; -ENOMEM.
 */
MUST_CHECK int block_read_bytes(struct block_dev *dev, uint64_t offset,
    const struct segment *segments, size_t count);

/* Write whole sectors, as they are read; durable after a flush.  -EROFS, -ENOSPC besides. */
MUST_CHECK int block_write_segments(struct block_dev *dev, uint64_t offset,
    const struct segment *segments, size_t count);
MUST_CHECK int block_write(struct block_dev *dev, uint64_t offset, const void *data, size_t length);

/* The range, whole sectors, reads as zeros after.  Errors as for writing. */
MUST_CHECK int block_zero(struct block_dev *dev, uint64_t offset, uint64_t length);

/* What was written is durable after.  -EIO, logged. */
MUST_CHECK int block_flush(struct block_dev *dev);

/* A backing store of the host's, or a window of it, that is to be a device. */
struct block_attach {
	const char *name;      /* of the device; borrowed */
	const char *host_name; /* of the store; borrowed */
	uint64_t offset;       /* where in the store the device begins: whole sectors */
	uint64_t size;	       /* bytes: whole sectors; 0: to the end of the store */
	bool writable;
	bool never_flushes; /* flushing does nothing: if the host stops, the store is of no use */
};

/*
 * Open the store and register it as a device.  A window that reaches past the
 * end of the store ends with it; a last part sector is left out.  -EINVAL if it
 * begins at the end or later (but an empty store makes an empty device), or is
 * not of whole sectors; and what hypercall block_open() and block_register()
 * say.
 */
MUST_CHECK int block_attach_host(struct kernel *kernel, const struct block_attach *attach);

#endif
