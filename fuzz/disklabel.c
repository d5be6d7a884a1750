/*
 * Any bytes as a BSD disklabel, as they are and with a right checksum.
 */
#include "base/math.h"
#include "block/partition_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const uint8_t *data, size_t size)
{
	struct partition_flaw flaw = { .what = NULL };
	struct disklabel label;
	int error = disklabel_decode(data, size, &label, &flaw);

	ASSERT(error == 0 || error == -ENOENT || (error == -EUCLEAN && flaw.what != NULL));
	if (error < 0)
		return;
	ASSERT(label.partition_count <= DISKLABEL_PARTITION_MAX);
	ASSERT(is_power_of_two(label.sector_size) && label.sector_size >= 512);
	ASSERT(string_length(label.label, sizeof(label.label)) < sizeof(label.label));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[512] = { 0 };

	check(data, size);
	memcpy(bytes, data, min_u64(size, sizeof(bytes)));
	for (enum byte_order order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		if (load16(bytes + 138, order) <= DISKLABEL_PARTITION_MAX)
			sample_disklabel_seal(bytes, order);
		check(bytes, sizeof(bytes));
	}
	return 0;
}
