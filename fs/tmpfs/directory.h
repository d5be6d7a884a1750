/*
 * The entries of one tmpfs directory, found by name or by position.
 *
 * By name, a hash table finds them, which begins with a few buckets inside the
 * directory and doubles and halves as entries come and go.  By position, a
 * radix tree does: each entry gets the next number, which is never used again,
 * so that a listing that goes on after a pause, or after changes, neither
 * misses nor repeats an entry that was there all the time.
 *
 * No locks: the lock of the directory's vnode guards all of it, shared to look,
 * exclusive to change.
 */
#ifndef FS_TMPFS_DIRECTORY_H
#define FS_TMPFS_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/string.h"
#include "vfs/radix.h"

#define TMPFS_BUCKETS_MIN 4

struct kernel;
struct tmpfs_node;

struct tmpfs_entry {
	struct tmpfs_entry *next; /* in its bucket */
	struct tmpfs_node *node;  /* borrowed; the directory's user sets it */
	uint64_t position;
	uint32_t hash;
	uint8_t length;
	char name[]; /* length bytes */
};

struct tmpfs_directory {
	struct kernel *kernel;
	struct tmpfs_entry **buckets; /* bucket_count, a power of two */
	size_t bucket_count;
	size_t entry_count;
	uint64_t next_position;
	struct radix_tree positions;
	struct tmpfs_entry *first_buckets[TMPFS_BUCKETS_MIN];
};

void tmpfs_directory_init(struct tmpfs_directory *directory, struct kernel *kernel);

/* Free all entries; nothing is done to their nodes. */
void tmpfs_directory_destroy(struct tmpfs_directory *directory);

/* The entry of this name, or NULL. */
struct tmpfs_entry *tmpfs_directory_find(const struct tmpfs_directory *directory, struct name name);

/* The first entry at or after position, or NULL. */
struct tmpfs_entry *tmpfs_directory_at(const struct tmpfs_directory *directory, uint64_t position);

/* An entry, its node NULL, for a name that has none; NULL without memory. */
MUST_CHECK struct tmpfs_entry *tmpfs_directory_add(struct tmpfs_directory *directory,
    struct name name);

void tmpfs_directory_remove(struct tmpfs_directory *directory, struct tmpfs_entry *entry);

#endif
