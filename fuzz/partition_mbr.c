/*
 * Any bytes as a medium of sectors: the record in the first, and the chains of
 * its extended partitions, as far as the bytes go.  A chain must end, and stay
 * in its partition with all that it finds.
 */
#include "block/partition_mbr.h"
#include "base/math.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(const uint8_t *data, size_t size, const struct mbr_entry *extended)
{
	uint64_t end = (uint64_t)extended->first + extended->count;
	struct partition_flaw flaw = { .what = NULL };
	struct mbr_entry logical;
	struct mbr_chain chain;
	struct mbr record;

	mbr_chain_start(&chain, extended);
	for (unsigned steps = 0; !chain.is_at_end; steps++) {
		int error;

		ASSERT(steps < MBR_LOGICAL_MAX);
		ASSERT(chain.at >= extended->first && chain.at < end);
		/* Sectors repeat, so that far links lead somewhere. */
		if (mbr_decode(data + chain.at % (size / MBR_SIZE) * MBR_SIZE, MBR_SIZE, &record) <
		    0)
			break;
		error = mbr_chain_step(&chain, &record, &logical, &flaw);
		ASSERT(error == 0 || (error == -EUCLEAN && flaw.what != NULL && chain.is_at_end));
		if (logical.type != MBR_UNUSED)
			ASSERT(logical.first >= extended->first &&
			       (uint64_t)logical.first + logical.count <= end);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mbr mbr;
	int error = mbr_decode(data, size, &mbr);

	ASSERT(error == 0 || error == -ENOENT);
	for (unsigned i = 0; i < MBR_ENTRY_COUNT && error == 0; i++) {
		ASSERT((mbr.entries[i].type == MBR_UNUSED) == (mbr.entries[i].count == 0));
		if (mbr_type_is_extended(mbr.entries[i].type))
			walk(data, size, &mbr.entries[i]);
	}
	return 0;
}
