/*
 * Decoding of Apple partition maps.
 *
 * There is no checksum.  Only the place and size of the whole partition are
 * taken from an entry: where in it the data begins ("logical data"), its
 * status and its boot code are for Apple's own systems.
 */
#include "block/partition_apple.h"

#include "base/endian.h"
#include "base/math.h"
#include "base/string.h"

#define DESCRIPTOR_SIGNATURE  0x4552 /* "ER" */
#define DESCRIPTOR_BLOCK_SIZE 2
#define DESCRIPTOR_SIZE	      18

#define ENTRY_SIGNATURE 0x504d /* "PM" */
#define ENTRY_MAP_COUNT 4
#define ENTRY_FIRST	8
#define ENTRY_COUNT	12
#define ENTRY_LABEL	16
#define ENTRY_TYPE	48
#define ENTRY_SIZE	136

int
apple_descriptor_decode(const uint8_t *bytes, size_t length, uint32_t *block_size)
{
	*block_size = 0;
	if (length < DESCRIPTOR_SIZE || load_be16(bytes) != DESCRIPTOR_SIGNATURE)
		return -ENOENT;
	*block_size = load_be16(bytes + DESCRIPTOR_BLOCK_SIZE);
	if (!is_power_of_two(*block_size) || *block_size < APPLE_BLOCK_SIZE_MIN ||
	    *block_size > APPLE_BLOCK_SIZE_MAX)
		return -ENOENT;
	return 0;
}

static void
entry_text(const uint8_t *bytes, char text[APPLE_TEXT])
{
	for (unsigned i = 0; i < APPLE_TEXT - 1 && bytes[i] != '\0'; i++)
		text[i] = (char)(bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '?');
}

int
apple_entry_decode(const uint8_t *bytes, size_t length, struct apple_entry *out,
    struct partition_flaw *flaw)
{
	*out = (struct apple_entry){ 0 };
	if (length < ENTRY_SIZE || load_be16(bytes) != ENTRY_SIGNATURE)
		return -ENOENT;
	out->entry_count = load_be32(bytes + ENTRY_MAP_COUNT);
	out->first = load_be32(bytes + ENTRY_FIRST);
	out->count = load_be32(bytes + ENTRY_COUNT);
	entry_text(bytes + ENTRY_LABEL, out->label);
	entry_text(bytes + ENTRY_TYPE, out->type);
	if (out->entry_count == 0 || out->entry_count > APPLE_ENTRIES_MAX)
		return partition_flaw_set(flaw, "the number of its entries is impossible",
		    ENTRY_MAP_COUNT);
	return 0;
}

bool
apple_type_is_free(const char *type)
{
	return string_equal(type, "Apple_Free") || string_equal(type, "Apple_Void") ||
	       string_equal(type, "Apple_Scratch");
}

const char *
apple_type_name(const char *type)
{
	if (string_equal(type, "Apple_partition_map"))
		return "the map itself";
	if (string_equal(type, "Apple_UNIX_SVR2"))
		return "UNIX";
	return NULL;
}
