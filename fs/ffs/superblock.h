/*
 * The superblock: what an FFS file system says about itself.
 *
 * Pure decoding: bytes in, a checked structure in host order out.  All that
 * is stored twice has been compared (shifts, masks and counts with what they
 * are derived from), and all that later code computes with has been bounded,
 * so that address arithmetic on a decoded superblock cannot overflow.
 *
 * Terms: a fragment is the unit of addresses; a block is 1, 2, 4 or 8
 * fragments; a cylinder group is a run of fragments that begins with a copy of
 * the superblock, its own header and its inodes.
 */
#ifndef FS_FFS_SUPERBLOCK_H
#define FS_FFS_SUPERBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/endian.h"
#include "fs/ffs/flaw.h"

#define FFS_SUPERBLOCK_SIZE 8192 /* bytes to read for one */
#define FFS_SUPERBLOCK_USED 1376 /* bytes of them that have a meaning */
#define FFS_SECTOR_SIZE	    512	 /* unit of file sizes on disk, and of journals */
#define FFS_LABEL_SIZE	    32
#define FFS_MOUNTED_ON_SIZE 468
#define FFS_ROOT_INO	    2

/* Where a superblock may be, bytes from the start, in the order to look. */
#define FFS_SUPERBLOCK_PLACES 4
extern const uint64_t ffs_superblock_places[FFS_SUPERBLOCK_PLACES];

enum ffs_version {
	FFS_UFS1 = 1, /* 32-bit addresses and times */
	FFS_UFS2 = 2, /* 64-bit ones */
};

/* State of the file system when it was last written. */
enum ffs_clean {
	FFS_DIRTY = 0,
	FFS_CLEAN = 1,
	FFS_WAS_CLEAN = 2, /* clean when it was mounted, and in use since */
};

/*
 * Features.  0x100 and 0x200 have another meaning where FreeBSD wrote them;
 * that a journal is NetBSD's is told by its kind (struct ffs_journal).
 */
enum ffs_superblock_flag {
	FFS_FLAG_UNCLEAN = 0x1,
	FFS_FLAG_SOFT_UPDATES = 0x2,
	FFS_FLAG_NEEDS_FSCK = 0x4,
	FFS_FLAG_SOFT_UPDATES_JOURNAL = 0x8,
	FFS_FLAG_ACL = 0x10,
	FFS_FLAG_MULTILABEL = 0x20,
	FFS_FLAG_GJOURNAL = 0x40,
	FFS_FLAG_WAPBL = 0x100,
	FFS_FLAG_TRIM = 0x400,
};

enum ffs_journal_place {
	FFS_JOURNAL_NONE = 0,
	FFS_JOURNAL_AFTER_FS = 1,  /* in the same partition, past the end */
	FFS_JOURNAL_INSIDE_FS = 2, /* in blocks that an inode owns */
};

/* Where NetBSD's write-ahead log is.  Checked but for the end of the device. */
struct ffs_journal {
	enum ffs_journal_place place;
	uint64_t offset; /* bytes from the start of the device */
	uint64_t size;	 /* bytes */
	uint32_t block_size;
	uint32_t ino;		 /* the owner, if inside */
	bool is_to_be_made;	 /* NetBSD's next mount with a log makes it; the rest is 0 */
	bool is_to_be_removed;	 /* by who mounts the file system to write it */
	uint8_t unknown_version; /* not 0: there is one, but we cannot read it; the rest is 0 */
};

struct ffs_counts {
	uint64_t directories;
	uint64_t blocks_free;
	uint64_t inodes_free;
	uint64_t fragments_free; /* beside those in free blocks */
};

/*
 * UFS1 was made for disks that turn: groups count their free blocks by cylinder
 * and by the position under the heads.  All 0 if nothing says how.
 */
struct ffs_rotation {
	uint32_t cylinders; /* in a group */
	uint32_t positions; /* in a cylinder */
	uint32_t fragment_sectors;
	uint32_t cylinder_sectors;
	uint32_t track_sectors;
	uint32_t turn_sectors; /* that pass in one turn: with spare ones */
	uint32_t interleave;
	uint32_t skew; /* from track to track, sectors */
};

struct ffs_superblock {
	enum ffs_version version;
	enum byte_order order;
	uint64_t location;   /* bytes from the start of the device */
	bool is_updated;     /* has the 64-bit fields; UFS2 always */
	bool has_old_inodes; /* 4.2BSD's: 16-bit ids, no types in directories */

	uint32_t block_size;
	uint32_t fragment_size;
	uint32_t fragments_per_block;
	uint32_t block_shift;
	uint32_t fragment_shift;	/* log2 of fragment_size */
	uint32_t block_fragments_shift; /* log2 of fragments_per_block */
	uint32_t size;			/* of the superblock, bytes */

	uint32_t pointer_size; /* of a fragment address in inodes and indirect blocks */
	uint32_t pointers_per_block;
	uint32_t inode_size;
	uint32_t inodes_per_block;
	uint32_t short_link_max; /* targets below this length are in the inode */
	uint64_t file_size_max;

	uint64_t fragment_count;      /* the whole file system */
	uint64_t data_fragment_count; /* without metadata, as its maker counted */
	uint32_t group_count;
	uint32_t fragments_per_group;
	uint32_t inodes_per_group;
	uint32_t stagger;      /* fragments a UFS1 group's start moves per group ... */
	uint32_t stagger_mask; /* ... for the bits of its number not in here */
	struct ffs_rotation rotation;

	/* Fragments from the start of each group. */
	uint32_t copy_offset;	/* superblock */
	uint32_t header_offset; /* group header */
	uint32_t inode_offset;	/* inodes */
	uint32_t data_offset;	/* data */
	uint32_t header_size;	/* of a group header, bytes */

	/* For who writes; not checked here. */
	uint32_t run_length_max; /* runs of free blocks are counted up to this; 0: not at all */
	uint32_t file_blocks_in_group; /* then a large file goes on in another group */

	uint64_t summary_address; /* of the groups' counts; fragments */
	uint32_t summary_size;	  /* bytes */
	struct ffs_counts counts; /* as stored: nothing but the format vouches for them */
	uint32_t reserve_percent; /* kept from ordinary users; 0..100 */

	enum ffs_clean clean;
	uint32_t flags; /* enum ffs_superblock_flag */
	int64_t time;	/* of the last write, seconds since 1970 */
	uint32_t id[2];
	struct ffs_journal journal;
	char label[FFS_LABEL_SIZE + 1];
	char mounted_on[FFS_MOUNTED_ON_SIZE + 1];
};

/*
 * Decode the superblock in the size bytes that were read at location.
 * -ENODEV if there is none (nor may one be there), -EUCLEAN if it is damaged.
 */
MUST_CHECK int ffs_superblock_decode(const uint8_t *bytes, size_t size, uint64_t location,
    struct ffs_superblock *out, struct ffs_flaw *flaw);

#endif
