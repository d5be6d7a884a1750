/*
 * What a decoder of a partition table found wrong with its bytes.
 *
 * Decoders do no I/O and know no kernel, so they cannot log.  They return
 * -EUCLEAN and fill in one of these; whoever handed them the bytes logs one
 * line with it, adding where the bytes came from.
 */
#ifndef BLOCK_PARTITION_FLAW_H
#define BLOCK_PARTITION_FLAW_H

#include <stdint.h>

#include "base/errno.h"

struct partition_flaw {
	const char *what; /* a claim, for people: "the checksum is wrong" */
	uint32_t offset;  /* of the field, bytes from the start of what was decoded */
};

/* Say what is wrong; the result is the decoder's. */
static inline int
partition_flaw_set(struct partition_flaw *flaw, const char *what, uint32_t offset)
{
	*flaw = (struct partition_flaw){ .what = what, .offset = offset };
	return -EUCLEAN;
}

#endif
