/*
 * rump mkfs: what its options (mkfs_options.c) say, for who makes the image
 * (mkfs.c).
 */
#ifndef TOOLS_RUMP_MKFS_IMPL_H
#define TOOLS_RUMP_MKFS_IMPL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "tools/rump/fill.h"

enum mkfs_table {
	MKFS_WHOLE, /* no partitions */
	MKFS_GPT,
	MKFS_MBR,
};

struct mkfs {
	const char *image;
	const char *source; /* of files, or NULL */
	bool is_archive;    /* not a directory */
	bool is_forced;
	uint64_t size;	       /* of the image, bytes; 0: to be found */
	uint64_t free;	       /* bytes to be left free ... */
	uint64_t free_percent; /* ... or percent of the size */
	unsigned version;
	uint64_t block_size; /* 0: by the size */
	uint64_t density;    /* bytes for each inode; 0: by the size, or as many as needed */
	uint64_t journal;    /* bytes that it takes, about */
	bool has_reserve;
	const char *label; /* or NULL */
	char *options;	   /* for the driver, each with a comma before it; owned, or NULL */
	enum mkfs_table table;
	const char *partition_type; /* as rump_pub_etfs_partition() wants it */
	struct fill_rules rules;

	/* mkfs.c's own. */
	char *temporary; /* name of the image while it is made */
	int fd;
	struct stat st; /* of that file */
	bool is_complete;
};

/* Make the image.  The exit status. */
int mkfs_make(struct mkfs *mkfs);

#endif
