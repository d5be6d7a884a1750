/*
 * Data on its way between the kernel and whoever asked: a list of ranges of an
 * address space and how far we are in it.
 *
 * Reads and writes of all kinds take one, whether the data is a user's or the
 * kernel's own.  Copying advances it.
 */
#ifndef KERN_UIO_H
#define KERN_UIO_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "hypercall/hypercall.h"
#include "kern/user.h"

struct uio_range {
	struct user_ptr start;
	uint64_t length;
};

struct uio {
	struct address_space *space;	/* borrowed */
	const struct uio_range *ranges; /* borrowed */
	size_t range_count;		/* not yet used up, the current one included */
	uint64_t range_offset;		/* into the current range */
	uint64_t left;			/* bytes in all ranges yet to go */
};

/* ranges and their lengths' sum, which the caller has checked to fit. */
void uio_init(struct uio *uio, struct address_space *space, const struct uio_range *ranges,
    size_t range_count, uint64_t total);

/* A uio over kernel memory; *range and *space are the caller's to keep. */
void uio_init_kernel(struct uio *uio, struct address_space *space, struct uio_range *range,
    void *data, size_t length);

/* Kernel to user: size bytes, at most uio->left.  0, -EFAULT, -EIO. */
MUST_CHECK int uio_copy_out(struct uio *uio, const void *from, size_t size);

/* The same, zeros. */
MUST_CHECK int uio_zero_out(struct uio *uio, uint64_t size);

/* User to kernel. */
MUST_CHECK int uio_copy_in(struct uio *uio, void *to, size_t size);

/*
 * Describe the next size bytes, at most uio->left, as memory that the host can
 * transfer to directly.  Returns the number of segments filled, at most
 * segment_max, covering *length bytes, a multiple of unit; 0 if the memory
 * cannot be reached.  Does not advance.
 */
size_t uio_direct(struct uio *uio, uint64_t size, uint64_t unit, struct segment *segments,
    size_t segment_max, uint64_t *length);

/* Pass over size bytes, at most uio->left. */
void uio_advance(struct uio *uio, uint64_t size);

#endif
