/*
 * GUID partition tables (UEFI specification 2.10, chapter 5).
 *
 * A header in the second sector and an array of entries that it tells the
 * place of; a copy of both at the end of the medium, its header in the last
 * sector.  Each header has a CRC of its own and one of its entries.
 *
 * Addresses are in sectors of the medium.  Pure functions of their arguments.
 */
#ifndef BLOCK_PARTITION_GPT_H
#define BLOCK_PARTITION_GPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "block/partition_flaw.h"

#define GPT_ENTRY_SIZE_MIN 128
#define GPT_ENTRY_SIZE_MAX 4096
#define GPT_ENTRIES_MAX	   8192
#define GPT_GUID_SIZE	   16
#define GPT_GUID_TEXT	   37  /* with its NUL */
#define GPT_LABEL_TEXT	   109 /* 36 units of UTF-16, with their NUL */

struct gpt_header {
	uint64_t entries_at;  /* first sector of the entries */
	uint32_t entry_count; /* 1 to GPT_ENTRIES_MAX */
	uint32_t entry_size;  /* bytes; a power of two */
	uint32_t entries_crc;
};

struct gpt_entry {
	uint64_t first;
	uint64_t last;		    /* the last sector that belongs to it */
	char type[GPT_GUID_TEXT];   /* like "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" */
	char label[GPT_LABEL_TEXT]; /* UTF-8; '?' for what is no text */
};

/*
 * Decode the header in the length bytes of sector number at.  -ENOENT if there
 * is none.  -EUCLEAN if it is damaged, or belongs elsewhere.
 */
MUST_CHECK int gpt_header_decode(const uint8_t *bytes, size_t length, uint64_t at,
    struct gpt_header *out, struct partition_flaw *flaw);

/*
 * Decode the entry in length bytes, which are GPT_ENTRY_SIZE_MIN or more.
 * -ENOENT if it is unused, -EUCLEAN if it ends before it begins.
 */
MUST_CHECK int gpt_entry_decode(const uint8_t *bytes, size_t length, struct gpt_entry *out,
    struct partition_flaw *flaw);

/* A table that is made: where its parts are, and what it is called. */
struct gpt_disk {
	uint64_t first; /* sector that partitions may have; the last one too */
	uint64_t last;
	uint8_t guid[GPT_GUID_SIZE];
};

/*
 * Write the header for sector at, whose copy is in sector copy_at, to sector_size
 * bytes.
 */
void gpt_header_encode(const struct gpt_header *header, const struct gpt_disk *disk, uint64_t at,
    uint64_t copy_at, uint8_t *bytes, size_t sector_size);

/*
 * Write an entry of GPT_ENTRY_SIZE_MIN bytes.  Of the label, ASCII is kept; its type
 * is a GUID.
 */
void gpt_entry_encode(const struct gpt_entry *entry, const uint8_t guid[GPT_GUID_SIZE],
    uint8_t *bytes);

/* Make random bytes a GUID. */
void gpt_guid_make(uint8_t guid[GPT_GUID_SIZE]);

/* File systems: types of partition. */
#define GPT_TYPE_FREEBSD_UFS "516e7cb6-6ecf-11d6-8ff8-00022d09712b"
#define GPT_TYPE_NETBSD_FFS  "49f48d5a-b10e-11dc-b99b-0019d1879648"

/* What holds a BSD disklabel of its own: types of partition. */
#define GPT_TYPE_FREEBSD_LABEL "516e7cb4-6ecf-11d6-8ff8-00022d09712b"
#define GPT_TYPE_OPENBSD       "824cc7a0-36a8-11e3-890a-952519ad3f61"

/* What the type, as in struct gpt_entry, is called, or NULL. */
const char *gpt_type_name(const char *type);

#endif
