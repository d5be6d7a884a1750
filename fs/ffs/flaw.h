/*
 * What a decoder found wrong with bytes of a medium.
 *
 * Decoders do no I/O and know no kernel, so they cannot log.  They return
 * -EUCLEAN and fill in one of these; whoever handed them the bytes logs one
 * line with it, adding where the bytes came from.
 */
#ifndef FS_FFS_FLAW_H
#define FS_FFS_FLAW_H

#include <stdint.h>

#include "base/errno.h"

struct ffs_flaw {
	const char *what; /* a claim, for people: "block size is no power of two" */
	uint32_t offset;  /* of the field, bytes from the start of what was decoded */
	int64_t value;	  /* that the field holds */
};

/* Say what is wrong; the result is the decoder's. */
static inline int
ffs_flaw_set(struct ffs_flaw *flaw, const char *what, uint32_t offset, int64_t value)
{
	*flaw = (struct ffs_flaw){ .what = what, .offset = offset, .value = value };
	return -EUCLEAN;
}

#endif
