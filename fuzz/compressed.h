/*
 * What the fuzz targets of compressed files share: one input is one file of the
 * format, which is opened and read in pieces, forward and backward.
 *
 * Whatever comes of it, the same place reads the same twice, and errors are
 * those that damage explains.  Inputs live in an unnamed file in memory.
 */
#ifndef FUZZ_COMPRESSED_H
#define FUZZ_COMPRESSED_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/math.h"
#include "host/posix/compressed/compressed.h"

#define INPUT_MAX (1 << 18)
#define PIECE	  5000
#define PIECES	  8
#define REACH	  ((uint64_t)1 << 20) /* of a huge content, this much is read */

static inline bool
is_expected(int error)
{
	return error == 0 || error == -EUCLEAN || error == -EIO || error == -EOPNOTSUPP ||
	       error == -ENOMEM;
}

/* Read a piece twice, with something else in between. */
static inline void
read_piece(struct compressed *store, uint64_t offset, uint64_t size)
{
	static uint8_t first[PIECE], again[PIECE];
	struct segment segments[] = { { first, (size_t)min_u64(PIECE, size - offset) } };
	struct segment others[] = { { again, segments[0].length } };
	struct segment start[] = { { again, 1 } };
	struct host_block_fault fault;
	int error = compressed_read(store, offset, segments, 1, &fault);

	ASSERT(is_expected(error));
	ASSERT(is_expected(compressed_read(store, 0, start, 1, &fault)));
	if (error == 0 && compressed_read(store, offset, others, 1, &fault) == 0)
		ASSERT(memcmp(first, again, segments[0].length) == 0);
}

static inline void
read_compressed(const uint8_t *data, size_t size)
{
	static int descriptor = -1;
	struct host_block_fault fault;
	struct compressed *store;
	uint64_t content;
	int error;

	if (descriptor < 0)
		descriptor = memfd_create("input", MFD_CLOEXEC);
	size = (size_t)min_u64(size, INPUT_MAX);
	ASSERT(descriptor >= 0 && ftruncate(descriptor, (off_t)size) == 0);
	ASSERT(pwrite(descriptor, data, size, 0) == (ssize_t)size);
	error = compressed_open(descriptor, size, &store, &content, &fault);
	ASSERT(is_expected(error));
	if (error < 0)
		ASSERT(error == -EIO || error == -ENOMEM || fault.what != NULL);
	if (store == NULL)
		return;
	for (uint64_t i = PIECES; content > 0 && i-- > 0;)
		read_piece(store, min_u64(content, REACH) * i / PIECES, content);
	compressed_close(store);
}

#endif
