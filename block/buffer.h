/*
 * The buffer cache: metadata of mounted file systems in memory.
 *
 * A buffer is a range of a device, at an offset and of a size that its file
 * system chooses (a block, a fragment), and its bytes.  There is at most one
 * buffer for an offset of a device at a time; all users share it.  File data
 * does not belong here but in the page cache above.
 *
 * Unused buffers stay cached until memory is wanted (a shrinker) or until
 * buffer_forget_device().
 */
#ifndef BLOCK_BUFFER_H
#define BLOCK_BUFFER_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"

struct block_dev;
struct kernel;

#define BUFFER_SIZE_MAX 65536

enum buffer_state {
	BUFFER_READING,
	BUFFER_VALID,
	BUFFER_FAILED,
};

struct buffer {
	uint8_t *data;		 /* size bytes; stable while referenced */
	struct block_dev *dev;	 /* constant */
	uint64_t offset;	 /* bytes, whole sectors; constant */
	uint32_t size;		 /* bytes, whole sectors, at most BUFFER_SIZE_MAX; constant */
	uint32_t references;	 /* private */
	enum buffer_state state; /* private; see buffer.c */
	int error;		 /* private; of the read that failed */
	struct list hash_link;	 /* private */
	struct list idle_link;	 /* private; while unreferenced */
};

/*
 * A reference to the buffer of [offset, offset + size) of dev, its data read.
 * -EIO (logged), -ENOMEM; -EINVAL if the range is outside dev, not of whole
 * sectors, or in use with another size.
 */
MUST_CHECK int buffer_read(struct block_dev *dev, uint64_t offset, uint32_t size,
    struct buffer **out);

/* Give the reference back. */
void buffer_put(struct buffer *buffer);

/* Drop every buffer of dev, none of which is referenced: the mount is gone. */
void buffer_forget_device(struct block_dev *dev);

#endif
