/*
 * Compressed images as backing stores: gzip, xz and zstd, for reading.
 *
 * A store shows the content of a compressed file as if that had been unpacked,
 * its size known from the start.  What is asked for is decoded when it is asked
 * for; see store.c for how, and for what it costs.
 *
 * Any thread may read; reads of one store wait for each other.  Functions may
 * block.  The descriptor is borrowed and outlives the store.
 */
#ifndef HOST_POSIX_COMPRESSED_COMPRESSED_H
#define HOST_POSIX_COMPRESSED_COMPRESSED_H

#include <stdint.h>

#include "base/compiler.h"
#include "hypercall/hypercall.h"

struct compressed;

/*
 * Look whether the file has a format that this build can decode.  If so, *out
 * is its store and *size the size of what is in it; else *out is NULL and the
 * result 0: it is to be read as it is.
 *
 * -EUCLEAN: it is damaged, -EOPNOTSUPP: it wants more memory than we give it,
 * *fault says what and where.  -EIO, -ENOMEM.
 */
MUST_CHECK int compressed_open(int descriptor, uint64_t file_size, struct compressed **out,
    uint64_t *size, struct host_block_fault *fault);

/*
 * Read length bytes from offset on, which are inside its size, to segments.
 *
 * -EIO: the file is damaged or cannot be read; *fault says what and where, if
 * it is damaged.  -ENOMEM.
 */
MUST_CHECK int compressed_read(struct compressed *store, uint64_t offset,
    const struct segment *segments, unsigned count, struct host_block_fault *fault);

void compressed_close(struct compressed *store);

#endif
