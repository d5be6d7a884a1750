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

/* What holds a BSD disklabel of its own: types of partition. */
#define GPT_TYPE_FREEBSD_LABEL "516e7cb4-6ecf-11d6-8ff8-00022d09712b"
#define GPT_TYPE_OPENBSD       "824cc7a0-36a8-11e3-890a-952519ad3f61"

/* What the type, as in struct gpt_entry, is called, or NULL. */
const char *gpt_type_name(const char *type);

#endif
