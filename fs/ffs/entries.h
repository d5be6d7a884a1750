/*
 * Changing directories: entries come, go, and are pointed elsewhere.
 *
 * Within an operation; the directory's lock is held exclusively, or nobody else
 * can reach it.  Room is found first, so that entering a name cannot fail.
 */
#ifndef FS_FFS_ENTRIES_H
#define FS_FFS_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/string.h"
#include "fs/ffs/write.h"

/* A directory block of 512 bytes, in its buffer. */
struct ffs_place {
	struct ffs_inode *dir;
	struct buffer *buffer; /* referenced */
	uint64_t start;	       /* in the directory */
	uint8_t *block;
};

/* The block that holds offset.  -EUCLEAN, -EIO, -ENOMEM. */
MUST_CHECK int ffs_place_at(struct ffs_inode *dir, uint64_t offset, struct ffs_place *out);
void ffs_place_put(struct ffs_place *place);

/* Find, or make, room for a name of so many bytes.  -ENOSPC, and as above. */
MUST_CHECK int ffs_place_make(struct ffs_inode *dir, size_t length, bool uses_reserve,
    struct ffs_place *out);

/* Enter a name where there is room for it. */
void ffs_entry_add(struct ffs_place *place, struct name name, uint32_t ino, enum ffs_type type);

/* Remove the entry at offset, which is in place and has this name. */
void ffs_entry_remove(struct ffs_place *place, uint64_t offset, struct name name);

/* Let the entry at offset lead to another inode. */
void ffs_entry_point(struct ffs_place *place, uint64_t offset, uint32_t ino, enum ffs_type type);

/* Has the directory no names but "." and ".."?  -ENOTEMPTY, -EUCLEAN, -EIO, -ENOMEM. */
MUST_CHECK int ffs_directory_check_empty(struct ffs_inode *dir);

/* Let ".." lead to another directory. */
MUST_CHECK int ffs_directory_set_parent(struct ffs_inode *dir, uint32_t ino);

/* Fill the first block of a new directory. */
void ffs_directory_fill(const struct ffs_superblock *sb, uint8_t *bytes, uint32_t size,
    uint32_t ino, uint32_t parent);

/* A directory's last block is going to have length bytes, not old_length. */
struct ffs_tail {
	uint64_t from; /* fragment where it is */
	uint64_t to;   /* where it is going to be: the same, or others that are free */
	uint32_t old_length;
	uint32_t length;
};

/*
 * Within an operation, before its inode says so: have that block's buffer there, as
 * large; what is added is zeros.  If that fails, nothing has changed.  -EIO, -ENOMEM,
 * -EUCLEAN.
 */
MUST_CHECK int ffs_directory_enlarge_tail(struct ffs_inode *dir, const struct ffs_tail *tail);

#endif
