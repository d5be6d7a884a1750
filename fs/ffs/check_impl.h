/*
 * Checking and repairing an FFS file system: what the files check*.c share.
 *
 *	check.c		   the phases, problems, reading and writing
 *	check_superblock.c finding the superblock, the clean flag
 *	check_copies.c	   the copies of the superblock
 *	check_journal.c	   replaying the journal, or emptying a damaged one
 *	check_claims.c	   which fragments are whose; allocation
 *	check_walk.c	   inodes, and all pointers of one
 *	check_inode.c	   each inode and what it holds
 *	check_shared.c	   fragments that two files hold
 *	check_attributes.c areas of extended attributes
 *	check_block.c	   one block of a directory: pure
 *	check_names.c	   directories and their entries
 *	check_connect.c	   whether the root leads to all directories
 *	check_found.c	   lost+found, and new entries and blocks in general
 *	check_links.c	   link counts; files without names
 *	check_maps.c	   groups, summary and totals; check_group.c: one group's header
 *
 * The model: everything follows from inodes and entries.  Inodes say which
 * fragments are used; when that is known (and no fragment is held twice), space
 * can be allocated, and directories are looked at and connected; then every link
 * can be counted; last come maps and counts, which are compared with what all
 * of this amounts to.
 *
 * Every repair is written at once, so the state in memory is that of the medium
 * but for maps and counts, and each makes the medium more consistent by itself or
 * leaves what a later phase of another check puts right.  Before the first one the
 * superblock says on the medium that it is not clean.  New blocks are written
 * before the pointers to them, inodes before entries that lead to them.
 *
 * Memory: a bit for each fragment of groups where any file has something, 8
 * bytes for each inode of the blocks of inodes that have been in use, 16 for each
 * directory.  Time: every indirect block is followed once, however often it is
 * pointed to, and fragments that are held twice are read by one of their holders
 * only; so all walks are bounded by the size of the file system.
 */
#ifndef FS_FFS_CHECK_IMPL_H
#define FS_FFS_CHECK_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"
#include "block/block.h"
#include "fs/ffs/dinode.h"
#include "fs/ffs/dirent.h"
#include "fs/ffs/group.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/superblock.h"
#include "vfs/upkeep.h"

#define FFS_CHECK_TEXT	 512 /* bytes of a problem's line, names included */
#define FFS_CHECK_NO_INO 0

/* What is known of an inode. */
struct check_inode {
	uint8_t type;	/* enum ffs_type; NONE: free */
	uint8_t flags;	/* enum check_inode_flag */
	uint16_t links; /* as it says itself */
	uint32_t names; /* entries found that lead here, "." and ".." too */
};

enum check_inode_flag {
	CHECK_HAS_SHARED = 1, /* of what it holds, some is another's too */
	CHECK_IS_STRANGE = 2, /* its type is unknown: left alone, since nobody wanted it cleared */
	CHECK_HAS_ATTRIBUTES = 8, /* extended ones, in blocks that can be theirs */
	CHECK_IS_INTERNAL = 4,	  /* the journal's, a snapshot's: needs no name */
};

struct check_group {
	uint8_t *used;		    /* bits by fragment; NULL: metadata only */
	struct check_inode *inodes; /* of the first inode_count; NULL: none */
	uint32_t inode_count;
	uint32_t inode_end; /* behind the last inode in use */
	bool is_damaged;    /* its header was */
};

enum check_reach {
	CHECK_UNKNOWN,
	CHECK_ON_THE_WAY, /* being followed up */
	CHECK_REACHED,	  /* the root leads there */
};

struct check_directory {
	uint32_t ino;
	uint32_t parent; /* which has its entry; NO_INO: none has been found */
	uint32_t dotdot; /* what its ".." says; NO_INO: nothing */
	uint8_t reach;	 /* enum check_reach */
	bool is_empty;	 /* has nothing but "." and ".." */
};

/* A pointer to fragments that somebody held already. */
struct check_shared {
	uint32_t ino;
	uint32_t count; /* fragments */
	uint64_t fragment;
	uint64_t place;	 /* of the pointer: bytes on the device */
	uint64_t number; /* of the first block of the file below it */
	unsigned depth;
	bool is_resolved;
};

/* An entry that leads to a directory which has one already. */
struct check_extra {
	uint32_t parent;
	uint32_t ino;
};

/* A growing array. */
struct check_list {
	void *items;
	size_t count;
	size_t capacity;
};

struct ffs_checking {
	struct fs_check_request *request;
	struct fs_check_result *result;
	struct kernel *kernel;
	struct block_dev *device; /* referenced, and claimed if is_claimed */
	struct block_dev *dev;	  /* what is read: device, or a view of it */
	const char *name;	  /* of the source, for log lines */
	struct ffs_superblock sb;
	uint8_t *superblock; /* FFS_SUPERBLOCK_SIZE bytes, as read or repaired */
	uint8_t *scratch;    /* a block, for nobody longer than a call */
	bool is_claimed;
	bool has_superblock;	 /* one has been found before */
	bool is_marked;		 /* the medium says that it is not clean */
	bool is_stopped;	 /* preening has met what it must not touch */
	bool is_unfree;		 /* something shared was left so: nothing is set free */
	bool is_journal_claimed; /* what its inode holds, before all others */
	int64_t now;		 /* seconds since 1970 */

	struct check_group *groups;    /* sb.group_count of them */
	struct check_list directories; /* struct check_directory, by rising ino */
	struct check_list shared;      /* struct check_shared, by rising place once sorted */
	struct check_list extras;      /* struct check_extra */
	uint32_t found_ino;	       /* lost+found, once known; NO_INO */
	uint64_t found_from;	       /* blocks of it in front of this are full */
	bool has_found_names;	       /* it has had names in it before */
	bool is_found_missing;	       /* it could not be made */
};

/* ---- check.c ------------------------------------------------------------------------- */

/*
 * Tell a problem: what and where, and what would be done about it, NULL if
 * nothing can be.  True if that is to be done now; then it must be, or
 * ffs_check_failed() be called.
 */
bool ffs_check_problem(struct ffs_checking *check, enum fs_severity severity, const char *repair,
    const char *format, ...) PRINTF_LIKE(4, 5);

/* What was decided on could not be done after all. */
void ffs_check_failed(struct ffs_checking *check);

/* How far the check is. */
void ffs_check_progress(struct ffs_checking *check, const char *what, uint64_t done,
    uint64_t total);

/* Read whole sectors, or any bytes inside the file system. */
MUST_CHECK int ffs_check_read(struct ffs_checking *check, uint64_t offset, void *data,
    size_t length);
MUST_CHECK int ffs_check_read_bytes(struct ffs_checking *check, uint64_t offset, void *data,
    size_t length);

/* Change any bytes, at most a block; the medium says before that it is not clean. */
MUST_CHECK int ffs_check_write(struct ffs_checking *check, uint64_t offset, const void *data,
    size_t length);

/* Room for one more item of size bytes, zeroed, in list; NULL without memory. */
void *ffs_check_add(struct ffs_checking *check, struct check_list *list, size_t size);
void ffs_check_free_list(struct ffs_checking *check, struct check_list *list, size_t size);

/* ---- check_superblock.c, check_copies.c, check_journal.c ------------------------------------ */

/* Find the superblock, or find it again when a journal may have changed it. */
MUST_CHECK int ffs_check_find_superblock(struct ffs_checking *check);

/* Has the medium room for a superblock at offset? */
bool ffs_check_has_room(const struct ffs_checking *check, uint64_t offset);

/* Find the first copy of a superblock in front of end; -ENODEV if there is none. */
#define CHECK_SEARCH_NEAR ((uint64_t)1 << 20)
#define CHECK_SEARCH_ALL  ((uint64_t)8 << 30) /* a group's size is less */
MUST_CHECK int ffs_check_search_copy(struct ffs_checking *check, uint64_t end, uint8_t *bytes,
    struct ffs_superblock *out, uint64_t *place);

/* Decode a superblock that is not where it belongs; -EUCLEAN if it is damaged, -ENODEV. */
MUST_CHECK int ffs_check_decode_copy(const uint8_t *bytes, struct ffs_superblock *out);

/* Is a copy of sb at offset? */
bool ffs_check_is_copy_place(const struct ffs_superblock *sb, uint64_t offset);

/* What the copies say of a superblock; rival is the first of those that say otherwise. */
struct check_hearing {
	struct ffs_superblock copy, rival, found;
	uint8_t bytes[FFS_SUPERBLOCK_SIZE], rival_bytes[FFS_SUPERBLOCK_SIZE],
	    found_bytes[FFS_SUPERBLOCK_SIZE];
	uint64_t rival_place, found_place;
	uint32_t agreeing, rivals; /* how many copies */
	struct ffs_flaw flaw;	   /* how the superblock differs */
};

/*
 * Let copies decide whether check->sb is right: 1 if it is not, and the rival has
 * taken its place in memory.  is_copy: it is one of the copies itself.
 */
MUST_CHECK int ffs_check_hear_copies(struct ffs_checking *check, bool is_copy,
    struct check_hearing *hearing);

/* Compare all copies with the superblock. */
MUST_CHECK int ffs_check_copies(struct ffs_checking *check);

/* The medium says from now on that it is not clean. */
MUST_CHECK int ffs_check_mark_dirty(struct ffs_checking *check);

/* Write the superblock from check->superblock, and flush. */
MUST_CHECK int ffs_check_write_superblock(struct ffs_checking *check);

MUST_CHECK int ffs_check_journal(struct ffs_checking *check);

/*
 * Before any other inode, that of a journal inside the file system claims what it
 * holds; if it is not the journal, the file system goes on without one.
 */
MUST_CHECK int ffs_check_claim_journal(struct ffs_checking *check);

/* Give the view back that the journal was looked through, if any. */
void ffs_check_journal_end(struct ffs_checking *check);

/* ---- check_claims.c -------------------------------------------------------------------------- */

/* May a file hold these: inside the data of a group, not the summary, inside one block? */
bool ffs_check_may_hold(const struct ffs_checking *check, uint64_t first, uint32_t count);

/* Claim fragments that may be held.  1: some have been claimed before, and none is now. */
MUST_CHECK int ffs_check_claim(struct ffs_checking *check, uint64_t first, uint32_t count);

/* Give all claims up. */
void ffs_check_claim_nothing(struct ffs_checking *check);

/* Nobody holds these any more. */
void ffs_check_release(struct ffs_checking *check, uint64_t first, uint32_t count);

/* Claim count free fragments in one block, near a group's; -ENOSPC. */
MUST_CHECK int ffs_check_allocate(struct ffs_checking *check, uint32_t group, uint32_t count,
    uint64_t *first);

/* The bits of a group; used is divide_up(fragments_per_group, 8) bytes. */
void ffs_check_used(const struct ffs_checking *check, uint32_t group, uint8_t *used);

uint32_t ffs_check_group_size(const struct ffs_checking *check, uint32_t group);

/* ---- check_walk.c --------------------------------------------------------------------------------- */

/* What is known of an inode in use; NULL if there is none. */
struct check_inode *ffs_check_inode(const struct ffs_checking *check, uint32_t ino);

/* The directory of this number, or NULL. */
struct check_directory *ffs_check_directory(const struct ffs_checking *check, uint32_t ino);

/* Where an inode is, bytes on the device. */
uint64_t ffs_check_inode_place(const struct ffs_checking *check, uint32_t ino);

/*
 * Read an inode; damage of it is no error: it is decoded as far as it goes, and a
 * short link is told by its size alone.
 */
MUST_CHECK int ffs_check_load(struct ffs_checking *check, uint32_t ino, struct ffs_dinode *out);
void ffs_check_decode(const struct ffs_checking *check, const uint8_t *bytes,
    struct ffs_dinode *out);

/* Write size, sector count, mode and link count of an inode as they are in dinode now. */
MUST_CHECK int ffs_check_store(struct ffs_checking *check, uint32_t ino,
    const struct ffs_dinode *dinode);

/* Does the inode's type have blocks? */
bool ffs_check_has_blocks(const struct ffs_dinode *dinode);

/* A pointer of a file that leads somewhere. */
struct check_pointer {
	uint32_t ino;
	unsigned depth;	   /* 0: to data; else so many levels of pointers below it */
	uint64_t number;   /* of the first block of the file below it */
	uint64_t fragment; /* where it leads */
	uint32_t count;	   /* fragments there */
	uint64_t place;	   /* of the pointer itself, bytes on the device */
	bool is_past_end;
	bool is_extension;
};

enum check_step {
	CHECK_PASS = 0, /* do not look below */
	CHECK_DESCEND = 1,
};

/* Visit: a step, or a negative errno, which ends the walk. */
typedef int check_visit(struct ffs_checking *check, const struct check_pointer *pointer,
    void *context);

/*
 * Visit every pointer of an inode that is not 0, in the order of the file, the
 * extended attributes' first.
 */
MUST_CHECK int ffs_check_walk(struct ffs_checking *check, uint32_t ino,
    const struct ffs_dinode *dinode, check_visit *visit, void *context);

/* A visit for walks after all claims: is what the pointer leads to this inode's? */
bool ffs_check_is_ours(const struct ffs_checking *check, const struct check_pointer *pointer);

MUST_CHECK int ffs_check_set_pointer(struct ffs_checking *check, uint64_t place, uint64_t fragment);

/* Where the pointer to a block is; 1 if there is no indirect block to hold it. */
MUST_CHECK int ffs_check_find_pointer(struct ffs_checking *check, uint32_t ino,
    const struct ffs_dinode *dinode, uint64_t number, uint64_t *place);

/* Free an inode and what it holds. */
MUST_CHECK int ffs_check_clear(struct ffs_checking *check, uint32_t ino);

/* ---- the phases ------------------------------------------------------------------------------------ */

MUST_CHECK int ffs_check_inodes(struct ffs_checking *check);
MUST_CHECK int ffs_check_resolve_shared(struct ffs_checking *check);
MUST_CHECK int ffs_check_attributes(struct ffs_checking *check);
MUST_CHECK int ffs_check_names(struct ffs_checking *check);
MUST_CHECK int ffs_check_connections(struct ffs_checking *check);
MUST_CHECK int ffs_check_links(struct ffs_checking *check);
MUST_CHECK int ffs_check_maps(struct ffs_checking *check);

/* ---- check_block.c: one block of a directory --------------------------------------------------------- */

#define CHECK_ENTRIES_MAX (FFS_DIRENT_BLOCK_SIZE / 12)

struct check_entries {
	unsigned count;
	bool is_cut;	      /* what was behind the last one cannot be told */
	bool has_badly_named; /* some had names that no entry can have, and are left out */
	struct ffs_dirent entries[CHECK_ENTRIES_MAX + 2]; /* names are in the block; room to add */
};

/* Collect the entries of a block, as far as it can be read. */
void ffs_check_block_read(const struct ffs_superblock *sb, const uint8_t *block,
    struct check_entries *out);

/*
 * Write entries, as many as fit, in their order, to a block that is none of those
 * their names are in.  Returns how many did.
 */
unsigned ffs_check_block_write(const struct ffs_superblock *sb, const struct check_entries *from,
    uint8_t *block);

/* ---- check_names.c ---------------------------------------------------------------------------------------- */

/*
 * Called for each block of FFS_DIRENT_BLOCK_SIZE bytes of a directory, in order,
 * with its bytes and its place on the device.  Other than 0 ends the reading.
 */
typedef int check_visit_block(struct ffs_checking *check, const uint8_t *bytes, uint64_t place,
    void *context);

struct check_reading {
	check_visit_block *visit;
	void *context;
	uint64_t from;	 /* the first block of the file to look at */
	uint64_t number; /* the block that is being looked at */
};

/* Read a directory; blocks that are missing are passed over.  What visit returned last. */
MUST_CHECK int ffs_check_read_directory(struct ffs_checking *check, uint32_t ino,
    const struct ffs_dinode *dinode, struct check_reading *reading);

/* The path of a directory, of a name in it if that is not empty. */
const char *ffs_check_path(struct ffs_checking *check, uint32_t dir, struct name name,
    char text[FFS_CHECK_TEXT]);

/* Take the entry of directory dir that leads to ino, other than "." and "..", away. */
MUST_CHECK int ffs_check_remove_entry(struct ffs_checking *check, uint32_t dir, uint32_t ino);

/* Let the ".." of a directory lead elsewhere. */
MUST_CHECK int ffs_check_set_parent(struct ffs_checking *check, struct check_directory *dir,
    uint32_t parent);

/* Note that a name leads to ino, or no longer. */
void ffs_check_count_name(struct ffs_checking *check, uint32_t ino, int by);

/* ---- check_found.c ------------------------------------------------------------------------------------------ */

/* Make a root directory, which there is none of. */
MUST_CHECK int ffs_check_make_root(struct ffs_checking *check);

/* Give an inode a name in lost+found; 1 if that is not to be had (told). */
MUST_CHECK int ffs_check_rescue(struct ffs_checking *check, uint32_t ino);

/* Allocate a piece of a directory, write empty entries to it, and let place point there. */
MUST_CHECK int ffs_check_fill_hole(struct ffs_checking *check, uint32_t ino, uint64_t place,
    uint32_t count);

/* Write empty entries to whole blocks of a directory. */
MUST_CHECK int ffs_check_write_empty(struct ffs_checking *check, uint64_t offset, uint32_t size);

/* ---- check_group.c ------------------------------------------------------------------------------------------- */

/* What a group's header is to say. */
struct check_expected {
	uint32_t number;
	uint32_t fragment_count;
	uint32_t inode_end;    /* behind the last inode in use */
	const uint8_t *used;   /* bits by fragment */
	const uint8_t *inodes; /* bits by inode in use */
	uint32_t directories;
	uint32_t inodes_free;
	bool has_tables; /* of rotational positions, which are kept */
};

/* What is wrong with a header, as a set. */
enum check_group_flaw {
	CHECK_GROUP_INODE_MAP = 1,
	CHECK_GROUP_FRAGMENT_MAP = 2,
	CHECK_GROUP_BLOCK_MAP = 4,
	CHECK_GROUP_RUNS = 8,
	CHECK_GROUP_COUNTS = 16,
	CHECK_GROUP_INITIALISED = 32,
	CHECK_GROUP_ROTATION = 64,
	CHECK_GROUP_ROTORS = 128,
};

/*
 * Make the maps and counts of a decoded header what they should be; what was wrong.
 * scratch is header_size bytes that nobody else uses.
 */
unsigned ffs_check_group_correct(struct ffs_group *group, const struct check_expected *expected,
    uint8_t *scratch);

/* Write a header from nothing: all but what ffs_check_group_correct() does. */
void ffs_check_group_build(const struct ffs_superblock *sb, const uint8_t *superblock,
    uint32_t number, uint8_t *bytes);

#endif
