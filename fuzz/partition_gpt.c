/*
 * Any bytes as a header of a GUID partition table, as they are and with a right
 * CRC, and as entries.
 */
#include "block/partition_gpt.h"
#include "base/math.h"
#include "block/partition_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_header(const uint8_t *data, size_t size)
{
	struct partition_flaw flaw = { .what = NULL };
	struct gpt_header header;
	int error = gpt_header_decode(data, size, 1, &header, &flaw);

	ASSERT(error == 0 || error == -ENOENT || (error == -EUCLEAN && flaw.what != NULL));
	if (error < 0)
		return;
	ASSERT(header.entry_count >= 1 && header.entry_count <= GPT_ENTRIES_MAX);
	ASSERT(header.entry_size >= GPT_ENTRY_SIZE_MIN && header.entry_size <= GPT_ENTRY_SIZE_MAX);
}

static void
check_entry(const uint8_t *data, size_t size)
{
	struct partition_flaw flaw = { .what = NULL };
	struct gpt_entry entry;
	int error = gpt_entry_decode(data, size, &entry, &flaw);

	ASSERT(error == 0 || error == -ENOENT || (error == -EUCLEAN && flaw.what != NULL));
	ASSERT(error < 0 || entry.first <= entry.last);
	ASSERT(string_length(entry.label, sizeof(entry.label)) < sizeof(entry.label));
	ASSERT(string_length(entry.type, sizeof(entry.type)) < sizeof(entry.type));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t sector[512] = { 0 };

	check_header(data, size);
	check_entry(data, size);
	memcpy(sector, data, min_u64(size, sizeof(sector)));
	if (load_le32(sector + 12) >= 20 && load_le32(sector + 12) <= sizeof(sector))
		sample_gpt_seal(sector);
	check_header(sector, sizeof(sector));
	return 0;
}
