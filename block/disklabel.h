/*
 * BSD disklabels (disklabel(5)).
 *
 * A label is in the byte order of the machine that made it, at a place that
 * depends on the machine, too: at the start of the second sector, or some way
 * into the first to leave room for a boot program.  Its partitions are counted
 * in the label's own sectors; from where, is not in the label.
 *
 * Pure functions of their arguments.
 */
#ifndef BLOCK_DISKLABEL_H
#define BLOCK_DISKLABEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/endian.h"
#include "block/partition_flaw.h"

#define DISKLABEL_SIZE_MAX	500 /* with all partitions */
#define DISKLABEL_PARTITION_MAX 22
#define DISKLABEL_RAW		2 /* 'c': all that the label is about */
#define DISKLABEL_LABEL_TEXT	17
#define DISKLABEL_PLACES	5

/* Where a label may begin, bytes from the start of what it is about. */
extern const uint32_t disklabel_places[DISKLABEL_PLACES];

struct disklabel_partition {
	uint8_t type; /* 0: unused */
	uint64_t first;
	uint64_t count;
};

struct disklabel {
	enum byte_order order;
	uint32_t sector_size; /* 512 to 65536, a power of two */
	uint32_t partition_count;
	char label[DISKLABEL_LABEL_TEXT]; /* of the disk; '?' for what is not ASCII */
	struct disklabel_partition partitions[DISKLABEL_PARTITION_MAX];
};

/*
 * Decode the label that begins at bytes.  -ENOENT if there is none, -EUCLEAN if
 * it is damaged.
 */
MUST_CHECK int disklabel_decode(const uint8_t *bytes, size_t length, struct disklabel *out,
    struct partition_flaw *flaw);

/* What the type is called, or NULL. */
const char *disklabel_type_name(uint8_t type);

#endif
