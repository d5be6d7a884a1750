/*
 * An index of a large directory: from the hash of a name to the places in the
 * directory where an entry of that hash is.
 *
 * Only places are kept, 8 bytes for each name; whoever looks a name up reads
 * the entry and compares.  Changed by one thread at a time, with no reader.
 */
#ifndef FS_FFS_INDEX_H
#define FS_FFS_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct ffs_index;
struct kernel;

/* Entries of a directory larger than this cannot be told apart by their places. */
#define FFS_INDEX_OFFSET_MAX ((uint64_t)UINT32_MAX * 4 - 8)

/* An empty index, or NULL without memory. */
MUST_CHECK struct ffs_index *ffs_index_create(struct kernel *kernel);
void ffs_index_destroy(struct ffs_index *index); /* NULL is let pass */

/*
 * Add an entry at offset, a multiple of 4, unless many are there of this hash,
 * which then are entries of the same name.  -ENOMEM.
 */
MUST_CHECK int ffs_index_add(struct ffs_index *index, uint32_t hash, uint64_t offset);

/* Remove what was added so; nothing happens if it was not. */
void ffs_index_remove(struct ffs_index *index, uint32_t hash, uint64_t offset);

/*
 * The next entry of this hash: *cursor is 0 at first, and private to this
 * function.  False if there is none.
 */
bool ffs_index_next(const struct ffs_index *index, uint32_t hash, uint32_t *cursor,
    uint64_t *offset);

#endif
