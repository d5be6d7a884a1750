/*
 * Partitions of block devices.
 *
 * A scan reads the partition table of a device, of whichever kind it is, and
 * tells what is in it.  Nothing is scanned until somebody asks, and nothing is
 * changed by it; block_window_attach() makes a device of what was found.
 *
 * Names.  What a table numbers has its number in that table: "1" to "4" for the
 * entries of a master boot record, from "5" on for logical partitions, from "1"
 * on for GPT and Apple maps.  What a disklabel letters has its letter, after
 * the name of the partition that the label is in: "a", or "1a".
 *
 * Damage.  What can be used is told; what cannot is left out, with a line in
 * the log that says what and where.  A partition that ends after its device
 * ends with it, which is logged too.
 */
#ifndef BLOCK_PARTITION_H
#define BLOCK_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct block_dev;
struct kernel;

#define BLOCK_PARTITION_MAX   128
#define BLOCK_PARTITION_NAME  8 /* with its NUL, as those below */
#define BLOCK_PARTITION_TYPE  40
#define BLOCK_PARTITION_LABEL 112

enum block_table {
	BLOCK_TABLE_MBR,
	BLOCK_TABLE_GPT,
	BLOCK_TABLE_DISKLABEL,
	BLOCK_TABLE_APPLE,
};

struct block_partition {
	enum block_table table;
	bool is_container; /* others are in it: an extended partition, one with a disklabel */
	uint64_t offset;   /* bytes from the start of the scanned device; whole sectors */
	uint64_t size;	   /* bytes, whole sectors; not 0, and inside the device */
	char name[BLOCK_PARTITION_NAME];
	char type[BLOCK_PARTITION_TYPE];   /* as the table has it: "0xa9", a GUID, "Apple_HFS" */
	const char *type_name;		   /* what that is called, or NULL */
	char label[BLOCK_PARTITION_LABEL]; /* UTF-8 without control characters, or empty */
};

struct block_partitions {
	struct kernel *kernel;
	size_t count;
	struct block_partition list[BLOCK_PARTITION_MAX]; /* in the order of the table */
};

/*
 * Read the partition table of dev, referenced.  *out is the caller's, to be
 * given back with block_partitions_free().  -ENOENT if there is none, -EUCLEAN
 * if there is one of which nothing can be used, -EIO, -ENOMEM; *out is NULL then.
 */
MUST_CHECK int block_partitions_scan(struct block_dev *dev, struct block_partitions **out);
void block_partitions_free(struct block_partitions *partitions);

/* A table that is to be made: one partition of all there is. */
struct block_partition_plan {
	enum block_table table; /* BLOCK_TABLE_MBR or BLOCK_TABLE_GPT */
	uint8_t mbr_type;
	const char *gpt_type; /* a GUID */
	const char *label;    /* ASCII; GPT only */
};

/*
 * Write the table to dev, referenced.  The partition begins at 1 MiB, and, with a
 * GPT, ends on a multiple of that.  -ENOSPC if dev is too small, -EINVAL too
 * large for its table, both logged; -EROFS, -EIO, -ENOMEM.
 */
MUST_CHECK int block_partition_make(struct block_dev *dev, const struct block_partition_plan *plan);

/*
 * Register the bytes [offset, offset + size) of parent, referenced, as a device
 * of their own.  It has a reference to parent until it is unregistered.
 * -EINVAL if they are not whole sectors inside parent; -ENOMEM, and as
 * block_register() says.
 */
MUST_CHECK int block_window_attach(struct block_dev *parent, uint64_t offset, uint64_t size,
    const char *name);

#endif
