/*
 * Damage to FFS images: what media, programs and people do to them.
 *
 * Every damage follows from the patient's random numbers, so a seed gives the
 * same one again.  Aimed damage needs to know where things are in the image
 * before: its anatomy, which is learned from the healthy image.
 */
#ifndef TESTS_DAMAGE_H
#define TESTS_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fs/ffs/superblock.h"
#include "tests/random.h"

#define DAMAGE_SECTOR 512

/* An inode in use. */
struct anatomy_inode {
	uint64_t offset; /* in the image, bytes */
	uint32_t ino;
	bool is_directory;
	uint64_t first; /* where its first block is, bytes; 0: nowhere */
};

struct anatomy {
	struct ffs_superblock sb; /* as it is in place; block_size is 0 if there is none */
	uint64_t *sectors;	  /* that hold metadata; one at least */
	size_t sector_count;
	struct anatomy_inode *inodes;
	size_t inode_count;
};

/*
 * Learn the anatomy of an image.  is_metadata has one byte for each sector of
 * it: whether the driver reads that sector to list everything.
 */
void anatomy_create(struct anatomy *anatomy, const uint8_t *bytes, uint64_t size,
    const bool *is_metadata);
void anatomy_destroy(struct anatomy *anatomy);

/* An image that is going to be damaged. */
struct patient {
	uint8_t *bytes;
	uint64_t size; /* damage may cut the image off */
	const struct anatomy *anatomy;
	struct random random;
	FILE *story; /* what was done is told here, if not NULL */
};

/* Damage the image once: metadata on purpose, or anything. */
void damage(struct patient *patient, bool is_aimed);

#endif
