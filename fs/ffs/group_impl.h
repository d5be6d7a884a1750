/*
 * Where the fields of a group's header are, for those who decode and make it.
 */
#ifndef FS_FFS_GROUP_IMPL_H
#define FS_FFS_GROUP_IMPL_H

#define GROUP_MAGIC 0x00090255
#define RUNS_MAX    32 /* counted apart; newfs makes at most 16 */

enum group_field {
	G_MAGIC = 4,
	G_OLD_TIME = 8,
	G_NUMBER = 12,
	G_OLD_CYLINDERS = 16,
	G_OLD_INODE_COUNT = 18,
	G_FRAGMENT_COUNT = 20,
	G_DIRECTORIES = 24,
	G_BLOCKS_FREE = 28,
	G_INODES_FREE = 32,
	G_FRAGMENTS_FREE = 36,
	G_BLOCK_ROTOR = 40,   /* where searches begin; then the fragments' */
	G_INODE_ROTOR = 48,   /* all inodes in front of it are used, as far as we know */
	G_RUNS = 52,	      /* by length, of fragments in partly used blocks; [8] */
	G_OLD_BLOCKS = 84,    /* rotational tables: offsets in the header */
	G_OLD_POSITIONS = 88, /* ... */
	G_INODE_MAP = 92,
	G_FRAGMENT_MAP = 96,
	G_MAPS_END = 100,
	G_RUN_COUNTS = 104,
	G_BLOCK_MAP = 108,
	G_MAPPED_BLOCKS = 112,
	G_INODE_COUNT = 116,
	G_INITIALISED = 120,
	G_TIME = 136,
	G_SPACE = 168,
};

/* Where 4.2BSD has what others say where they have it. */
enum static_field {
	S_CYLINDER_COUNTS = 84,
	S_POSITION_COUNTS = 212,
	S_INODE_MAP = 724,
	S_MAGIC = 980,
	S_FRAGMENT_MAP = 984,
};

#endif
