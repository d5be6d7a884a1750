/*
 * Cylinder groups: which inodes and fragments are used.
 *
 * A group's header has two bitmaps, counts of what is free, and, for those who
 * want long runs of blocks, a third bitmap of free blocks with counts of runs by
 * length.  Everything here works on the bytes of a header in memory, whose
 * places ffs_group_decode() has checked, and keeps map and counts in step.
 *
 * Blocks and fragments are numbered from the group's first fragment.  The bits
 * of a block are its fragments, the lowest first; set means free.
 */
#ifndef FS_FFS_GROUP_H
#define FS_FFS_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "fs/ffs/flaw.h"
#include "fs/ffs/superblock.h"

#define FFS_GROUP_NONE UINT32_MAX

/* Counts of a group, also as the summary has them. */
struct ffs_group_counts {
	uint32_t directories;
	uint32_t blocks_free;
	uint32_t inodes_free;
	uint32_t fragments_free; /* beside those in free blocks */
};

struct ffs_group {
	const struct ffs_superblock *sb;
	uint8_t *bytes; /* the header; borrowed */
	uint32_t number;
	uint32_t fragment_count;  /* the last group may be short */
	uint32_t inode_count;	  /* UFS2: fewer may be initialised */
	uint32_t inode_map;	  /* offsets in the header, bytes */
	uint32_t fragment_map;	  /* ... */
	uint32_t run_counts;	  /* of free runs of blocks; 0: not kept */
	uint32_t block_map;	  /* of free blocks, with run_counts */
	uint32_t mapped_blocks;	  /* in it */
	uint32_t cylinder_counts; /* of free blocks, by cylinder; 0: not kept */
	uint32_t position_counts; /* and by position in it */
	bool is_static;		  /* laid out as 4.2BSD did, everything at fixed places */
};

/*
 * Look at the header_size bytes of group number.  -EUCLEAN if it is not that
 * group's header, or its parts do not fit.
 */
MUST_CHECK int ffs_group_decode(const struct ffs_superblock *sb, uint8_t *bytes, uint32_t number,
    struct ffs_group *out, struct ffs_flaw *flaw);

void ffs_group_counts(const struct ffs_group *group, struct ffs_group_counts *out);

/*
 * Where UFS1's counts of free blocks by cylinder and by rotational position are in
 * the header, whatever they say; false if there are none.
 */
MUST_CHECK bool ffs_group_find_tables(const struct ffs_group *group, uint32_t *counts,
    uint32_t *positions);

/* The cylinder and the position of it where a block begins; false if it is past the tables. */
MUST_CHECK bool ffs_group_position(const struct ffs_group *group, uint32_t block,
    uint32_t *cylinder, uint32_t *position);

/* The bits of a block. */
unsigned ffs_group_block(const struct ffs_group *group, uint32_t block);

/* Blocks in the group, a last part of one included. */
uint32_t ffs_group_block_count(const struct ffs_group *group);

/* Are all these fragments, inside one block, used (free)? */
bool ffs_group_are_used(const struct ffs_group *group, uint32_t fragment, uint32_t count);
bool ffs_group_are_free(const struct ffs_group *group, uint32_t fragment, uint32_t count);

/* Take or give fragments, inside one block, all of which are free, or used. */
void ffs_group_take(struct ffs_group *group, uint32_t fragment, uint32_t count);
void ffs_group_give(struct ffs_group *group, uint32_t fragment, uint32_t count);

/* The first fragment of a free block, at or after a block, around the end; or NONE. */
uint32_t ffs_group_find_block(const struct ffs_group *group, uint32_t block);

/*
 * The first of count free fragments, fewer than a block, in a block that is
 * partly used: of the shortest run that will do; or NONE.
 */
uint32_t ffs_group_find_fragments(const struct ffs_group *group, uint32_t block, uint32_t count);

/* The first free inode from least on, or one in front of it if there is none; or NONE. */
uint32_t ffs_group_find_inode(const struct ffs_group *group, uint32_t least);

bool ffs_group_inode_is_used(const struct ffs_group *group, uint32_t index);
void ffs_group_take_inode(struct ffs_group *group, uint32_t index, bool is_directory);
void ffs_group_give_inode(struct ffs_group *group, uint32_t index, bool is_directory);

/* UFS2: how many inodes of the group have been initialised; and change that. */
uint32_t ffs_group_initialised(const struct ffs_group *group);
void ffs_group_set_initialised(struct ffs_group *group, uint32_t count);

/* Set the time of the last change, seconds since 1970. */
void ffs_group_set_time(struct ffs_group *group, int64_t seconds);

#endif
