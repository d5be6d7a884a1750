/*
 * Decoding of master boot records and of chains of them.
 *
 * There is no checksum: what tells a record from other things that end in
 * 0x55 0xaa is that the first byte of every entry is 0x00 or 0x80.  Addresses
 * in cylinders, heads and sectors are not looked at; every tool since 1996
 * writes the others as well.
 *
 * A chain may run backwards on good disks, where partitions were added in gaps.
 * So the records seen are remembered to find loops, instead of asking that
 * addresses grow.
 */
#include "block/partition_mbr.h"

#include "base/endian.h"
#include "base/math.h"
#include "base/string.h"

#define ENTRIES	       446
#define ENTRY_SIZE     16
#define ENTRY_BOOT     0
#define ENTRY_TYPE     4
#define ENTRY_FIRST    8
#define ENTRY_COUNT    12
#define SIGNATURE      510
#define SIGNATURE_WORD 0xaa55

int
mbr_decode(const uint8_t *bytes, size_t length, struct mbr *out)
{
	*out = (struct mbr){ 0 };
	if (length < MBR_SIZE || load_le16(bytes + SIGNATURE) != SIGNATURE_WORD)
		return -ENOENT;
	for (unsigned i = 0; i < MBR_ENTRY_COUNT; i++) {
		if ((bytes[ENTRIES + i * ENTRY_SIZE + ENTRY_BOOT] & 0x7f) != 0)
			return -ENOENT;
	}
	for (unsigned i = 0; i < MBR_ENTRY_COUNT; i++) {
		const uint8_t *p = bytes + ENTRIES + i * ENTRY_SIZE;
		struct mbr_entry entry = {
			.type = p[ENTRY_TYPE],
			.first = load_le32(p + ENTRY_FIRST),
			.count = load_le32(p + ENTRY_COUNT),
		};

		if (entry.type != MBR_UNUSED && entry.count != 0)
			out->entries[i] = entry;
	}
	return 0;
}

void
mbr_encode(const struct mbr *mbr, uint8_t *bytes)
{
	for (unsigned i = 0; i < MBR_ENTRY_COUNT; i++) {
		const struct mbr_entry *entry = &mbr->entries[i];
		uint8_t *p = bytes + ENTRIES + i * ENTRY_SIZE;

		memset(p, 0, ENTRY_SIZE);
		if (entry->type == MBR_UNUSED)
			continue;
		/* Cylinders and heads are at their end: what counts is the sectors. */
		memset(p + ENTRY_BOOT + 1, 0xff, 3);
		memset(p + ENTRY_TYPE + 1, 0xff, 3);
		p[ENTRY_BOOT + 1] = p[ENTRY_TYPE + 1] = 0xfe;
		p[ENTRY_TYPE] = entry->type;
		store_le32(p + ENTRY_FIRST, entry->first);
		store_le32(p + ENTRY_COUNT, entry->count);
	}
	store_le16(bytes + SIGNATURE, SIGNATURE_WORD);
}

void
mbr_chain_start(struct mbr_chain *chain, const struct mbr_entry *extended)
{
	*chain = (struct mbr_chain){
		.first = extended->first,
		.count = extended->count,
		.at = extended->first,
	};
}

/* Move chain to the record that link, relative to the extended partition, names. */
static int
chain_follow(struct mbr_chain *chain, uint32_t link, struct partition_flaw *flaw)
{
	uint32_t next;

	if (link >= chain->count || add_overflows(chain->first, link, &next))
		return partition_flaw_set(flaw, "the chain of logical partitions leaves its space",
		    ENTRIES + ENTRY_SIZE + ENTRY_FIRST);
	for (unsigned i = 0; i < chain->seen_count; i++) {
		if (chain->seen[i] == next)
			return partition_flaw_set(flaw, "the chain of logical partitions loops",
			    ENTRIES + ENTRY_SIZE + ENTRY_FIRST);
	}
	if (chain->seen_count == MBR_LOGICAL_MAX)
		return partition_flaw_set(flaw, "the chain of logical partitions is too long",
		    ENTRIES + ENTRY_SIZE);
	chain->at = next;
	chain->is_at_end = false;
	return 0;
}

/* Make logical, relative to the record at chain->at, relative to the medium. */
static int
chain_place(const struct mbr_chain *chain, struct mbr_entry *logical, struct partition_flaw *flaw)
{
	uint64_t first = (uint64_t)chain->at + logical->first;
	uint64_t end = first + logical->count;

	if (logical->type == MBR_UNUSED)
		return 0;
	if (end > (uint64_t)chain->first + chain->count || first > UINT32_MAX) {
		*logical = (struct mbr_entry){ 0 };
		return partition_flaw_set(flaw, "a logical partition leaves the extended one",
		    ENTRIES + ENTRY_FIRST);
	}
	logical->first = (uint32_t)first;
	return 0;
}

int
mbr_chain_step(struct mbr_chain *chain, const struct mbr *record, struct mbr_entry *logical,
    struct partition_flaw *flaw)
{
	const struct mbr_entry *link = &record->entries[1];
	int error;

	*logical = record->entries[0];
	chain->is_at_end = true;
	chain->seen[chain->seen_count++] = chain->at;
	error = chain_place(chain, logical, flaw);
	if (error == 0 && link->type != MBR_UNUSED)
		error = chain_follow(chain, link->first, flaw);
	return error;
}

const char *
mbr_type_name(uint8_t type)
{
	static const struct {
		uint8_t type;
		const char *name;
	} names[] = {
		{ 0x01, "FAT12" },
		{ 0x04, "FAT16" },
		{ MBR_EXTENDED, "extended" },
		{ 0x06, "FAT16" },
		{ 0x07, "NTFS or exFAT" },
		{ 0x0b, "FAT32" },
		{ 0x0c, "FAT32" },
		{ 0x0e, "FAT16" },
		{ MBR_EXTENDED_LBA, "extended" },
		{ 0x82, "Linux swap" },
		{ 0x83, "Linux" },
		{ MBR_EXTENDED_LINUX, "extended" },
		{ 0x8e, "Linux LVM" },
		{ MBR_FREEBSD, "FreeBSD" },
		{ MBR_OPENBSD, "OpenBSD" },
		{ 0xa8, "Darwin UFS" },
		{ MBR_NETBSD, "NetBSD" },
		{ 0xaf, "HFS" },
		{ 0xbf, "Solaris" },
		{ MBR_PROTECTIVE, "GPT" },
		{ 0xef, "EFI system" },
		{ 0xfd, "Linux RAID" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].type == type)
			return names[i].name;
	}
	return NULL;
}
