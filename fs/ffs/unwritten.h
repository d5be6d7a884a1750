/*
 * Space of files that nobody has written yet.
 *
 * File data comes to the medium when its pages are written: when somebody syncs, or
 * some time later.  A checkpoint that comes before, in the midst of a rename, say,
 * makes inodes durable that point to blocks which still hold what was there before,
 * maybe another file's.  So what is allocated for pages to write is unwritten until
 * they are, and a checkpoint begins by writing zeros to what is unwritten then.
 * When a file is synced there is nothing of that kind, so it costs nothing.
 *
 * What is unwritten is counted in units: fragments, or pages where those are smaller.
 * Pages begin and end with units, so a write of data covers whole units, but for
 * the last one of a file, which ffs_write_store() fills up with zeros.
 *
 * Locks: writes, shared by who writes data and exclusive for who writes zeros, so
 * that zeros never go over data; after it, lock, for the maps.
 */
#ifndef FS_FFS_UNWRITTEN_H
#define FS_FFS_UNWRITTEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/kernel.h"
#include "kern/mutex.h"
#include "kern/rwlock.h"

struct ffs_mount;

/* Part of struct ffs_writing. */
struct ffs_unwritten {
	struct rwlock writes;
	struct mutex lock;
	uint64_t **maps;    /* of each group, a bit for each unit; NULL: none; GUARDED_BY(lock) */
	uint32_t map_count; /* of those that are there; GUARDED_BY(lock) */
	_Atomic uint64_t count; /* units that are unwritten; changed with lock held */
	unsigned unit_shift;	/* constant */
	uint64_t per_group;	/* units; constant */
};

/* -ENOMEM. */
MUST_CHECK int ffs_unwritten_init(struct ffs_mount *fs, struct ffs_unwritten *unwritten);
void ffs_unwritten_destroy(struct ffs_mount *fs, struct ffs_unwritten *unwritten);

/* Bytes of a unit. */
uint32_t ffs_unwritten_unit(const struct ffs_mount *fs);

/*
 * Within an operation: [address, address + length) of the device, whole units, was
 * allocated, and its pages are going to be written.  False without memory.
 */
MUST_CHECK bool ffs_unwritten_add(struct ffs_mount *fs, uint64_t address, uint64_t length);

/* It was written, or is nobody's any more. */
void ffs_unwritten_remove(struct ffs_mount *fs, uint64_t address, uint64_t length);

/* Within an operation: what is unwritten there is so at another place, too.  False as above. */
MUST_CHECK bool ffs_unwritten_copy(struct ffs_mount *fs, uint64_t from, uint64_t to,
    uint64_t length);

/* Memory that was read from address on, whole units or the end of a file: zero what is unwritten. */
void ffs_unwritten_mask(struct ffs_mount *fs, uint64_t address, const struct segment *segments,
    size_t count);

/* REQUIRES(operation, exclusively): write zeros to all of it.  -EIO. */
MUST_CHECK int ffs_unwritten_zero(struct ffs_mount *fs);

#endif
