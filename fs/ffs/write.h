/*
 * A file system that is mounted to be written: operations, checkpoints, space.
 *
 * An operation (ffs_begin() to ffs_end()) changes buffers, and inodes in memory
 * with them, and writes nothing.  A checkpoint (ffs_checkpoint()), which waits
 * for operations to end and keeps new ones out, writes all that is dirty in
 * waves and makes it durable; or, with a journal, as a transaction (journal.h).
 *
 * Without a journal, what makes any cut between two writes harmless, but for a checker's work:
 *
 *  - A wave is durable before the next begins: first what others will point to
 *    (file data, or zeros where it is not written yet, see unwritten.h; new blocks
 *    of directories and of pointers), then inodes, then
 *    entries of directories, then entries that are gone because a rename moved
 *    them, since until then the other name must be there.  What one wave cannot
 *    order is made durable before: names.c says when.
 *  - Nothing is used again before it is durable that nobody points to it.  A file
 *    without names waits, as an orphan, until a checkpoint has written that the
 *    name is gone; then its inode is cleared.  Blocks that were pointed to, and
 *    inodes that were cleared, wait for the next checkpoint; then they are free.
 *  - Maps and counts follow from the rest, and may be written at any time.
 *
 * Who finds no space makes the checkpoints himself that set free what waits.
 *
 * Locks: operation, after vnodes' locks; within it, lock, for groups' headers,
 * counts and what waits.  An inode's block map is guarded by its vnode's lock,
 * an inode's bytes in its buffer by inode_lock.
 */
#ifndef FS_FFS_WRITE_H
#define FS_FFS_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "block/buffer.h"
#include "fs/ffs/group.h"
#include "fs/ffs/inode.h"
#include "fs/ffs/mount.h"
#include "fs/ffs/unwritten.h"
#include "kern/mutex.h"
#include "kern/rwlock.h"

enum ffs_wave {
	FFS_WAVE_NEW,	/* new blocks, before the inodes that point to them */
	FFS_WAVE_INODE, /* before the entries that lead there */
	FFS_WAVE_ENTRY,
	FFS_WAVE_FIRST, /* with ENTRY; something in LAST relies on it */
	FFS_WAVE_LAST,	/* entries that a rename took away */
	FFS_WAVE_MAP,	/* any time */
};

/* Fragments, or an inode, that nobody uses. */
struct ffs_freed {
	uint64_t first;	  /* fragment, or inode */
	uint32_t count;	  /* fragments; 0 for an inode */
	uint32_t mode;	  /* of an inode that waits to be freed */
	bool is_metadata; /* fragments: buffers may be of it; an inode: was a directory */
	bool is_settled;  /* free in the maps already */
};

/* A growing array of what waits. */
struct ffs_waiting {
	struct ffs_freed *items;
	size_t count;
	size_t capacity;
};

struct ffs_writing {
	struct rwlock operation;
	struct mutex lock;
	struct mutex inode_lock;
	uint8_t *superblock;		 /* as it was read, but for what is kept in sb */
	struct ffs_group_counts *groups; /* the summary; GUARDED_BY(lock) */
	uint32_t *rotors;	     /* block where a group's last search ended; GUARDED_BY(lock) */
	bool is_summary_dirty;	     /* GUARDED_BY(lock) */
	uint64_t reserve;	     /* fragments kept from ordinary users; constant */
	struct ffs_waiting freed;    /* for this checkpoint; GUARDED_BY(lock) */
	uint8_t *freed_groups;	     /* a bit each: others of them are there; GUARDED_BY(lock) */
	uint32_t freed_group_count;  /* bits that are set; GUARDED_BY(lock) */
	struct ffs_waiting orphans;  /* since the last checkpoint; GUARDED_BY(lock) */
	struct ffs_waiting nameless; /* durably; GUARDED_BY(lock) */
	struct ffs_waiting
	    unlinked; /* with a journal: without names, but in use; GUARDED_BY(lock) */
	uint64_t waiting_fragments;	  /* in freed and of orphans; GUARDED_BY(lock) */
	uint64_t waiting_inodes;	  /* GUARDED_BY(lock) */
	uint32_t generation;		  /* for the next inode; GUARDED_BY(lock) */
	_Atomic bool is_marked;		  /* the medium says that it is not clean */
	_Atomic uint32_t is_data_written; /* since the device was flushed */
	_Atomic bool has_new_links; /* a file has got another name since the last checkpoint */
	_Atomic bool has_new_directories;
	struct ffs_unwritten unwritten;
	uint64_t checkpoint_number; /* without a journal, from 1; GUARDED_BY(operation) */
	_Atomic int broken;	    /* why nothing is written any more; 0: it is */
	size_t dirty_max;	    /* bytes of buffers before a checkpoint; constant */
	struct ffs_log *log;	    /* the journal, NULL if there is none; constant */
};

/* ---- write.c --------------------------------------------------------------------- */

/*
 * Begin an operation that changes something, which may make a checkpoint first.
 * -EROFS since damage was found; -ENOSPC, -ENOMEM of a journal.
 */
MUST_CHECK int ffs_begin(struct ffs_mount *fs);
void ffs_end(struct ffs_mount *fs);

/* Write everything.  No operation is under way on this thread.  -EIO, -ENOSPC. */
MUST_CHECK int ffs_checkpoint(struct ffs_mount *fs);

/*
 * Between operations: set free what waits, if anything does and that helps
 * somebody who has met -ENOSPC.  False if there is nothing.
 */
bool ffs_make_space(struct ffs_mount *fs);

/* Damage was found by who writes: nothing is written from now on.  Returns -EUCLEAN. */
int ffs_break(struct ffs_mount *fs, int error);

/*
 * Within an operation: write what a block that is new to a directory holds until
 * its entries may be there, whole sectors.  The inode that points to it goes before
 * the inodes that entries lead to are durable, so the block must be good without
 * them.  With a journal, nothing: all becomes durable at a time.
 */
MUST_CHECK int ffs_write_fresh(struct ffs_mount *fs, uint64_t offset, const void *bytes,
    uint32_t size);

/* mount_ops.sync and vnode_ops.sync. */
int ffs_sync(struct mount *mount);
int ffs_sync_vnode(struct vnode *vnode, bool data_only);

/* Begin to write a file system that was opened; end it, all being clean. */
MUST_CHECK int ffs_writing_start(struct ffs_mount *fs, bool force);
void ffs_writing_stop(struct ffs_mount *fs);

/* writable.c: -EROFS, -EUCLEAN, with the reason logged. */
MUST_CHECK int ffs_check_writable(struct ffs_mount *fs, bool force);

/* ---- space.c: within an operation ------------------------------------------------ */

/* What is looked for. */
struct ffs_want {
	uint64_t near;	/* a fragment to begin at, if it is free; else near it */
	uint32_t count; /* fragments, at most a block */
	bool uses_reserve;
};

/* Take count fragments in one block.  -ENOSPC. */
MUST_CHECK int ffs_space_take(struct ffs_mount *fs, const struct ffs_want *want, uint64_t *first);

/* Take the fragments behind count that are ours already, up to want; false if not free. */
bool ffs_space_extend(struct ffs_mount *fs, uint64_t first, uint32_t count, uint32_t want,
    bool uses_reserve);

/* Give fragments back, once it is durable that nobody points to them. */
void ffs_space_give(struct ffs_mount *fs, uint64_t first, uint32_t count, bool is_metadata);

/* Give fragments back that nothing on the medium ever pointed to. */
void ffs_space_return(struct ffs_mount *fs, uint64_t first, uint32_t count);

/* A free inode for a file of this type in the directory parent; its place is zeros. */
MUST_CHECK int ffs_space_take_inode(struct ffs_mount *fs, uint32_t parent, bool is_directory,
    uint32_t *ino, uint32_t *generation);

void ffs_space_give_inode(struct ffs_mount *fs, uint32_t ino, bool is_directory);
void ffs_space_return_inode(struct ffs_mount *fs, uint32_t ino, bool is_directory);

/*
 * REQUIRES(operation, exclusively): free what waits for it in the maps.  -EIO,
 * -ENOMEM: not all of it yet.
 */
MUST_CHECK int ffs_space_settle(struct ffs_mount *fs);

/* REQUIRES(operation, exclusively): what was settled may be forgotten. */
void ffs_space_forget_freed(struct ffs_mount *fs);

/* Is the inode used, as the maps say?  False also if that cannot be read. */
bool ffs_space_inode_is_used(struct ffs_mount *fs, uint32_t ino);

/* Have room in waiting from the beginning; false without memory.  REQUIRES(lock) */
MUST_CHECK bool ffs_waiting_prepare(struct ffs_mount *fs, struct ffs_waiting *waiting);

/* Remember something in waiting; false if memory has been short for long.  REQUIRES(lock) */
bool ffs_waiting_add(struct ffs_mount *fs, struct ffs_waiting *waiting, struct ffs_freed item);

/* Where file data best goes that has no place near it yet, for an inode. */
uint64_t ffs_space_near(struct ffs_mount *fs, uint32_t ino, uint64_t block);

/* ---- grow.c: the block map ---------------------------------------------------------- */

/* vnode_ops of a file that is written. */
int ffs_map_write(struct vnode *vnode, uint64_t offset, uint64_t length, struct extent *out);
int ffs_resize(struct vnode *vnode, uint64_t size);
int ffs_write_store(struct vnode *vnode, uint64_t address, const struct segment *segments,
    size_t count);

/* The same as ffs_map_write(), but what is newly stored is zeroed, all of it. */
MUST_CHECK int ffs_map_zeros(struct vnode *vnode, uint64_t offset, uint64_t length,
    struct extent *out);

/* Write zeros to the store, at a multiple of STORE_UNIT, such a multiple of bytes. */
MUST_CHECK int ffs_zero_store(struct ffs_mount *fs, uint64_t address, uint64_t length);

/* Within an operation: have [0, end) of the last block stored; for directories and links. */
MUST_CHECK int ffs_grow(struct ffs_inode *inode, uint64_t end, bool uses_reserve);

/*
 * Within an operation: free all blocks from size on.  -EAGAIN if a journal has no
 * room for all of that: some are, and the rest is left for another operation.
 */
MUST_CHECK int ffs_shrink(struct ffs_inode *inode, uint64_t size);

/* Write the inode to its buffer.  Within an operation. */
MUST_CHECK int ffs_inode_update(struct ffs_inode *inode);

/* ---- allocate.c ---------------------------------------------------------------------- */

/* vnode_ops.allocate of a file: -EOPNOTSUPP to keep the size and have space beyond it. */
int ffs_allocate(struct vnode *vnode, enum allocate_mode mode, uint64_t offset, uint64_t length);

/* ---- names.c ------------------------------------------------------------------------- */

int ffs_create(struct vnode *dir, struct name name, const struct vnode_create *what,
    struct vnode **out);
int ffs_create_unnamed(struct vnode *dir, const struct vnode_create *what, struct vnode **out);
int ffs_link(struct vnode *dir, struct name name, struct vnode *vnode);
int ffs_remove(struct vnode *dir, struct name name, struct vnode *vnode);
int ffs_rename(const struct vnode_rename *rename);
int ffs_attributes_changed(struct vnode *vnode, uint32_t mask);

/* ---- erase.c ------------------------------------------------------------------------- */

void ffs_erase(struct vnode *vnode);

/* With a journal: a file has lost its last name, or has never had one; or not any more. */
MUST_CHECK int ffs_unlinked_add(struct ffs_mount *fs, uint64_t ino, uint32_t mode);
void ffs_unlinked_drop(struct ffs_mount *fs, uint64_t ino);

/* REQUIRES(operation, exclusively): clear the inodes of files that are durably nameless. */
void ffs_clear_nameless(struct ffs_mount *fs);

#endif
