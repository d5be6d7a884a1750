/*
 * Decoding of GUID partition tables.
 *
 * What the CRC covers is what somebody meant to write, so that beyond it only
 * that is checked on which our own arithmetic and memory depend.  Reading the
 * entries, which may be a MiB, and their CRC are the caller's.
 */
#include "block/partition_gpt.h"

#include "base/crc32.h"
#include "base/endian.h"
#include "base/format.h"
#include "base/math.h"
#include "base/string.h"

#define HEADER_SIGNATURE   "EFI PART"
#define HEADER_REVISION	   8
#define HEADER_SIZE	   12
#define HEADER_CRC	   16
#define HEADER_AT	   24
#define HEADER_COPY_AT	   32
#define HEADER_FIRST	   40
#define HEADER_LAST	   48
#define HEADER_GUID	   56
#define HEADER_ENTRIES_AT  72
#define HEADER_ENTRY_COUNT 80
#define HEADER_ENTRY_SIZE  84
#define HEADER_ENTRIES_CRC 88
#define HEADER_SIZE_MIN	   92
#define REVISION	   0x10000

#define ENTRY_TYPE  0
#define ENTRY_FIRST 32
#define ENTRY_LAST  40
#define ENTRY_LABEL 56
#define LABEL_UNITS 36
#define ENTRY_GUID  16

/* The CRC of a header: its own field counts as zero. */
static uint32_t
header_crc(const uint8_t *bytes, uint32_t size)
{
	static const uint8_t zero[4];
	uint32_t crc = crc32(0, bytes, HEADER_CRC);

	crc = crc32(crc, zero, sizeof(zero));
	return crc32(crc, bytes + HEADER_CRC + 4, size - HEADER_CRC - 4);
}

/* Is it whole, and where it says it is? */
static int
header_check(const uint8_t *bytes, size_t length, uint64_t at, struct partition_flaw *flaw)
{
	uint32_t size = load_le32(bytes + HEADER_SIZE);

	if (size < HEADER_SIZE_MIN || size > length)
		return partition_flaw_set(flaw, "its size is impossible", HEADER_SIZE);
	if (load_le32(bytes + HEADER_CRC) != header_crc(bytes, size))
		return partition_flaw_set(flaw, "its CRC is wrong", HEADER_CRC);
	if (load_le32(bytes + HEADER_REVISION) >> 16 != 1)
		return partition_flaw_set(flaw, "its revision is unknown", HEADER_REVISION);
	if (load_le64(bytes + HEADER_AT) != at)
		return partition_flaw_set(flaw, "it belongs in another sector", HEADER_AT);
	return 0;
}

int
gpt_header_decode(const uint8_t *bytes, size_t length, uint64_t at, struct gpt_header *out,
    struct partition_flaw *flaw)
{
	int error;

	*out = (struct gpt_header){ 0 };
	if (length < HEADER_SIZE_MIN || memcmp(bytes, HEADER_SIGNATURE, 8) != 0)
		return -ENOENT;
	error = header_check(bytes, length, at, flaw);
	if (error < 0)
		return error;
	out->entries_at = load_le64(bytes + HEADER_ENTRIES_AT);
	out->entry_count = load_le32(bytes + HEADER_ENTRY_COUNT);
	out->entry_size = load_le32(bytes + HEADER_ENTRY_SIZE);
	out->entries_crc = load_le32(bytes + HEADER_ENTRIES_CRC);
	if (!is_power_of_two(out->entry_size) || out->entry_size < GPT_ENTRY_SIZE_MIN ||
	    out->entry_size > GPT_ENTRY_SIZE_MAX)
		return partition_flaw_set(flaw, "the size of its entries is impossible",
		    HEADER_ENTRY_SIZE);
	if (out->entry_count == 0 || out->entry_count > GPT_ENTRIES_MAX)
		return partition_flaw_set(flaw, "the number of its entries is impossible",
		    HEADER_ENTRY_COUNT);
	return 0;
}

/* ---- entries ------------------------------------------------------------------------------- */

/* GUIDs are kept in mixed order: three integers, then eight bytes. */
static void
guid_format(const uint8_t *bytes, char text[GPT_GUID_TEXT])
{
	format_text(text, GPT_GUID_TEXT, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	    load_le32(bytes), load_le16(bytes + 4), load_le16(bytes + 6), bytes[8], bytes[9],
	    bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]);
}

/* Write character as UTF-8; returns its bytes. */
static size_t
utf8_encode(uint32_t character, char *to)
{
	if (character < 0x80) {
		to[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		to[0] = (char)(0xc0 | character >> 6);
		to[1] = (char)(0x80 | (character & 63));
		return 2;
	}
	if (character < 0x10000) {
		to[0] = (char)(0xe0 | character >> 12);
		to[1] = (char)(0x80 | (character >> 6 & 63));
		to[2] = (char)(0x80 | (character & 63));
		return 3;
	}
	to[0] = (char)(0xf0 | character >> 18);
	to[1] = (char)(0x80 | (character >> 12 & 63));
	to[2] = (char)(0x80 | (character >> 6 & 63));
	to[3] = (char)(0x80 | (character & 63));
	return 4;
}

static bool
is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

/* A label of UTF-16, up to its NUL, as UTF-8. */
static void
label_convert(const uint8_t *bytes, char text[GPT_LABEL_TEXT])
{
	size_t length = 0;

	for (unsigned i = 0; i < LABEL_UNITS; i++) {
		uint32_t unit = load_le16(bytes + 2 * i);
		uint32_t low = i + 1 < LABEL_UNITS ? load_le16(bytes + 2 * i + 2) : 0;

		if (unit == 0)
			break;
		if (unit >= 0xd800 && unit < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
			i++;
		} else if ((unit >= 0xd800 && unit < 0xe000) || is_control(unit)) {
			unit = '?';
		}
		length += utf8_encode(unit, text + length);
	}
	text[length] = '\0';
}

int
gpt_entry_decode(const uint8_t *bytes, size_t length, struct gpt_entry *out,
    struct partition_flaw *flaw)
{
	static const uint8_t unused[GPT_GUID_SIZE];

	*out = (struct gpt_entry){ 0 };
	if (length < GPT_ENTRY_SIZE_MIN || memcmp(bytes + ENTRY_TYPE, unused, GPT_GUID_SIZE) == 0)
		return -ENOENT;
	out->first = load_le64(bytes + ENTRY_FIRST);
	out->last = load_le64(bytes + ENTRY_LAST);
	guid_format(bytes + ENTRY_TYPE, out->type);
	label_convert(bytes + ENTRY_LABEL, out->label);
	if (out->last < out->first || out->last == UINT64_MAX)
		return partition_flaw_set(flaw, "it ends before it begins", ENTRY_LAST);
	return 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

void
gpt_header_encode(const struct gpt_header *header, const struct gpt_disk *disk, uint64_t at,
    uint64_t copy_at, uint8_t *bytes, size_t sector_size)
{
	memset(bytes, 0, sector_size);
	memcpy(bytes, HEADER_SIGNATURE, 8);
	store_le32(bytes + HEADER_REVISION, REVISION);
	store_le32(bytes + HEADER_SIZE, HEADER_SIZE_MIN);
	store_le64(bytes + HEADER_AT, at);
	store_le64(bytes + HEADER_COPY_AT, copy_at);
	store_le64(bytes + HEADER_FIRST, disk->first);
	store_le64(bytes + HEADER_LAST, disk->last);
	memcpy(bytes + HEADER_GUID, disk->guid, GPT_GUID_SIZE);
	store_le64(bytes + HEADER_ENTRIES_AT, header->entries_at);
	store_le32(bytes + HEADER_ENTRY_COUNT, header->entry_count);
	store_le32(bytes + HEADER_ENTRY_SIZE, header->entry_size);
	store_le32(bytes + HEADER_ENTRIES_CRC, header->entries_crc);
	store_le32(bytes + HEADER_CRC, header_crc(bytes, HEADER_SIZE_MIN));
}

static unsigned
hex_digit(char digit)
{
	return (unsigned)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

/* The bytes of a GUID that is written as guid_format() writes them. */
static void
guid_parse(const char *text, uint8_t *bytes)
{
	static const uint8_t places[GPT_GUID_SIZE] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13,
		14, 15 };
	unsigned count = 0;

	for (; *text != '\0' && count < GPT_GUID_SIZE; text++) {
		if (*text == '-')
			continue;
		bytes[places[count++]] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
		text++;
	}
}

void
gpt_entry_encode(const struct gpt_entry *entry, const uint8_t guid[GPT_GUID_SIZE], uint8_t *bytes)
{
	memset(bytes, 0, GPT_ENTRY_SIZE_MIN);
	guid_parse(entry->type, bytes + ENTRY_TYPE);
	memcpy(bytes + ENTRY_GUID, guid, GPT_GUID_SIZE);
	store_le64(bytes + ENTRY_FIRST, entry->first);
	store_le64(bytes + ENTRY_LAST, entry->last);
	for (unsigned i = 0; i < LABEL_UNITS && entry->label[i] != '\0'; i++)
		store_le16(bytes + ENTRY_LABEL + 2 * i, (uint8_t)entry->label[i] & 0x7f);
}

void
gpt_guid_make(uint8_t guid[GPT_GUID_SIZE])
{
	guid[7] = (guid[7] & 0x0f) | 0x40; /* version 4: random */
	guid[8] = (guid[8] & 0x3f) | 0x80;
}

const char *
gpt_type_name(const char *type)
{
	static const struct {
		char type[GPT_GUID_TEXT];
		const char *name;
	} names[] = {
		{ "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system" },
		{ "21686148-6449-6e6f-744e-656564454649", "BIOS boot" },
		{ "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "Microsoft data" },
		{ "0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux" },
		{ "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "Linux root" },
		{ "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap" },
		{ "e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM" },
		{ "83bd6b9d-7f41-11dc-be0b-001560b84f0f", "FreeBSD boot" },
		{ GPT_TYPE_FREEBSD_LABEL, "FreeBSD disklabel" },
		{ "516e7cb5-6ecf-11d6-8ff8-00022d09712b", "FreeBSD swap" },
		{ GPT_TYPE_FREEBSD_UFS, "FreeBSD UFS" },
		{ "516e7cba-6ecf-11d6-8ff8-00022d09712b", "FreeBSD ZFS" },
		{ "49f48d32-b10e-11dc-b99b-0019d1879648", "NetBSD swap" },
		{ GPT_TYPE_NETBSD_FFS, "NetBSD FFS" },
		{ "49f48d82-b10e-11dc-b99b-0019d1879648", "NetBSD LFS" },
		{ "49f48daa-b10e-11dc-b99b-0019d1879648", "NetBSD RAID" },
		{ GPT_TYPE_OPENBSD, "OpenBSD" },
		{ "48465300-0000-11aa-aa11-00306543ecac", "HFS+" },
		{ "55465300-0000-11aa-aa11-00306543ecac", "Apple UFS" },
		{ "7c3457ef-0000-11aa-aa11-00306543ecac", "APFS" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (string_equal(names[i].type, type))
			return names[i].name;
	}
	return NULL;
}
