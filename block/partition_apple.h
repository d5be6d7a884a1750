/*
 * Apple partition maps (Inside Macintosh: Devices, chapter 3).
 *
 * Block 0 describes the medium; from block 1 on there is an entry a block, each
 * of which says how many there are.  The map is itself a partition, and so is
 * free space.  Everything is big-endian.
 *
 * Pure functions of their arguments.
 */
#ifndef BLOCK_PARTITION_APPLE_H
#define BLOCK_PARTITION_APPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "block/partition_flaw.h"

#define APPLE_BLOCK_SIZE_MIN 512
#define APPLE_BLOCK_SIZE_MAX 4096
#define APPLE_ENTRIES_MAX    256
#define APPLE_TEXT	     33 /* 32 bytes and a NUL */

struct apple_entry {
	uint32_t entry_count;	/* of the map: 1 to APPLE_ENTRIES_MAX */
	uint32_t first;		/* block */
	uint32_t count;		/* blocks */
	char label[APPLE_TEXT]; /* '?' for what is not ASCII */
	char type[APPLE_TEXT];
};

/*
 * The block size that block 0 tells.  -ENOENT if it is not such a block, or
 * tells an impossible one.
 */
MUST_CHECK int apple_descriptor_decode(const uint8_t *bytes, size_t length, uint32_t *block_size);

/* Decode an entry.  -ENOENT if there is none, -EUCLEAN if it is damaged. */
MUST_CHECK int apple_entry_decode(const uint8_t *bytes, size_t length, struct apple_entry *out,
    struct partition_flaw *flaw);

/* Is it space that is not used? */
bool apple_type_is_free(const char *type);

/* What the type is called beyond its own text, or NULL. */
const char *apple_type_name(const char *type);

#endif
