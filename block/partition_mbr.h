/*
 * Master boot records, and the chain of logical partitions in an extended one.
 *
 * A record is a sector with a table of four entries at its end.  An entry of
 * an extended type stands for a space that is cut further: in its first sector
 * is a record of the same form, whose first entry is a logical partition,
 * relative to that record, and whose second is where the next record is,
 * relative to the whole extended partition.
 *
 * Addresses are in sectors of the medium.  Pure functions of their arguments.
 */
#ifndef BLOCK_PARTITION_MBR_H
#define BLOCK_PARTITION_MBR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "block/partition_flaw.h"

#define MBR_SIZE	512
#define MBR_ENTRY_COUNT 4
#define MBR_LOGICAL_MAX 64 /* records in one chain */

/* Types that mean something to us. */
enum mbr_type {
	MBR_UNUSED = 0x00,
	MBR_EXTENDED = 0x05,
	MBR_EXTENDED_LBA = 0x0f,
	MBR_EXTENDED_LINUX = 0x85,
	MBR_FREEBSD = 0xa5, /* and 386BSD, from which the other two came */
	MBR_OPENBSD = 0xa6,
	MBR_NETBSD = 0xa9,
	MBR_PROTECTIVE = 0xee, /* the disk has a GPT */
};

/* One without sectors is unused, whatever its type was. */
struct mbr_entry {
	uint8_t type; /* MBR_UNUSED if it has no sectors */
	uint32_t first;
	uint32_t count;
};

struct mbr {
	struct mbr_entry entries[MBR_ENTRY_COUNT];
};

/*
 * Decode the record in length bytes.  -ENOENT if there is none: no signature,
 * or the entries are not such, as in the boot sector of a file system, which
 * has the same signature.
 */
MUST_CHECK int mbr_decode(const uint8_t *bytes, size_t length, struct mbr *out);

/* Write the record to MBR_SIZE bytes, which keep what is in front of the entries. */
void mbr_encode(const struct mbr *mbr, uint8_t *bytes);

static inline bool
mbr_type_is_extended(uint8_t type)
{
	return type == MBR_EXTENDED || type == MBR_EXTENDED_LBA || type == MBR_EXTENDED_LINUX;
}

/* What the type is called, or NULL. */
const char *mbr_type_name(uint8_t type);

/* A walk along the records of an extended partition. */
struct mbr_chain {
	uint32_t first;			/* of the extended partition */
	uint32_t count;			/* of the extended partition */
	uint32_t at;			/* the record to be decoded next */
	bool is_at_end;			/* there is none */
	unsigned seen_count;		/* of seen */
	uint32_t seen[MBR_LOGICAL_MAX]; /* where records were */
};

void mbr_chain_start(struct mbr_chain *chain, const struct mbr_entry *extended);

/*
 * record is the one at chain->at: its logical partition, addressed as the
 * medium is, unused if it has none, and chain moved to the next record.
 * -EUCLEAN if the chain leaves its partition, loops or is too long, or the
 * logical partition leaves the extended one; *logical is good or unused
 * then, and chain at its end.
 */
MUST_CHECK int mbr_chain_step(struct mbr_chain *chain, const struct mbr *record,
    struct mbr_entry *logical, struct partition_flaw *flaw);

#endif
