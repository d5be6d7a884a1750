/*
 * Any bytes as the first block of a medium with an Apple partition map, and as
 * an entry of the map.
 */
#include "block/partition_apple.h"
#include "base/math.h"
#include "base/string.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct partition_flaw flaw = { .what = NULL };
	struct apple_entry entry;
	uint32_t block_size;
	int error = apple_descriptor_decode(data, size, &block_size);

	ASSERT(error == -ENOENT || (error == 0 && is_power_of_two(block_size)));
	error = apple_entry_decode(data, size, &entry, &flaw);
	ASSERT(error == 0 || error == -ENOENT || (error == -EUCLEAN && flaw.what != NULL));
	ASSERT(error < 0 || (entry.entry_count >= 1 && entry.entry_count <= APPLE_ENTRIES_MAX));
	ASSERT(string_length(entry.label, sizeof(entry.label)) < sizeof(entry.label));
	ASSERT(string_length(entry.type, sizeof(entry.type)) < sizeof(entry.type));
	return 0;
}
