/*
 * The buffer cache: metadata of mounted file systems in memory.
 *
 * A buffer is a range of a device, at an offset and of a size that its file
 * system chooses (a block, a fragment), and its bytes.  There is at most one
 * buffer for an offset of a device at a time; all users share it.  File data
 * does not belong here but in the page cache above.
 *
 * A file system changes a buffer's data, under locks of its own, and says so by
 * buffer_dirty(), giving the wave with which it is to be written.  Nothing is
 * written but by buffer_write_wave(), during which the file system changes
 * nothing: it writes wave after wave, with flushes between, so that no order of
 * writes on the medium can show what it must not.  A file system with a journal
 * writes dirty buffers there first; they are kept then, to be written in their
 * places later, unless they have become dirty again.
 *
 * Unused buffers stay cached until memory is wanted (a shrinker) or until
 * buffer_forget_device().
 */
#ifndef BLOCK_BUFFER_H
#define BLOCK_BUFFER_H

#include <stdint.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/list.h"

struct block_dev;
struct kernel;

#define BUFFER_SIZE_MAX 65536
#define BUFFER_WAVES	7 /* what each means is the file system's, but for the last */

/* The wave of buffers whose content is in a journal. */
#define BUFFER_WAVE_KEPT (BUFFER_WAVES - 1)

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
	bool is_dirty;		 /* private; a reference is held for it */
	uint8_t wave;		 /* private; while dirty */
	struct list dirty_link;	 /* private; while dirty */
};

/*
 * A reference to the buffer of [offset, offset + size) of dev, its data read.
 * -EIO (logged), -ENOMEM; -EINVAL if the range is outside dev, not of whole
 * sectors, or in use with another size.
 */
MUST_CHECK int buffer_read(struct block_dev *dev, uint64_t offset, uint32_t size,
    struct buffer **out);

/*
 * A reference to the buffer of a range that holds nothing yet: it is not read,
 * but zeros.  What an unreferenced buffer of it had is lost.  -ENOMEM, -EINVAL
 * as above, also if the buffer is in use.
 */
MUST_CHECK int buffer_new(struct block_dev *dev, uint64_t offset, uint32_t size,
    struct buffer **out);

/*
 * Make a buffer that the caller alone references larger: what is added is zeros.
 * -ENOMEM.
 */
MUST_CHECK int buffer_enlarge(struct buffer *buffer, uint32_t size);

/*
 * The data has changed: it is to be written with wave, or with the wave given
 * before while it is dirty already and not kept.
 */
void buffer_dirty(struct buffer *buffer, unsigned wave);

/* The wave a dirty buffer goes with; false if it is not dirty, or kept. */
bool buffer_wave(const struct buffer *buffer, unsigned *wave);

/* Let a dirty buffer go with another wave. */
void buffer_set_wave(struct buffer *buffer, unsigned wave);

/*
 * Write the dirty buffers of dev that go with wave; *count is how many.  Those
 * that cannot be written stay dirty: the first error.
 */
MUST_CHECK int buffer_write_wave(struct block_dev *dev, unsigned wave, size_t *count);

/* Is any buffer of dev to go with wave? */
bool buffer_is_wave_dirty(struct block_dev *dev, unsigned wave);

/* Bytes in dirty buffers of dev: those that are not kept, and those that are. */
size_t buffer_dirty_size(struct block_dev *dev);
size_t buffer_kept_size(struct block_dev *dev);

/*
 * While the file system changes nothing: the dirty buffer of dev that goes with
 * wave and comes after another, or the first; NULL if there is none.  Borrowed.
 */
struct buffer *buffer_next_dirty(struct block_dev *dev, unsigned wave, const struct buffer *after);

/* The data of all dirty buffers of dev is in a journal now: they are kept. */
void buffer_keep_dirty(struct block_dev *dev);

/* What is in [offset, offset + size) is void: drop buffers that begin at multiples of unit. */
void buffer_forget(struct block_dev *dev, uint64_t offset, uint32_t size, uint32_t unit);

/* Give the reference back. */
void buffer_put(struct buffer *buffer);

/*
 * Drop every buffer of dev, dirty or not, none of which is referenced: the mount
 * is gone.
 */
void buffer_forget_device(struct block_dev *dev);

#endif
