/*
 * How much room files need in a file system, for each size of fragments.
 */
#ifndef TOOLS_RUMP_MKFS_NEED_H
#define TOOLS_RUMP_MKFS_NEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define NEED_FRAGMENTS 8 /* in a block, at most */
#define NEED_UNITS     8 /* fragments of 512 bytes to 64 KiB */

struct need {
	uint64_t block_size; /* 0: eight fragments, as far as there are such */
	uint64_t pointer_size;
	uint64_t inodes;
	uint64_t content;			   /* bytes of all files */
	uint64_t bytes[NEED_UNITS];		   /* with fragments of 512 << index */
	uint64_t runs[NEED_UNITS][NEED_FRAGMENTS]; /* free, by length, in blocks partly used */
	uint64_t largest;			   /* file */
};

/* What a directory's entries take: in 512 bytes, those that fit. */
struct need_names {
	uint64_t size;
};

/* A file of any type. */
void need_add(struct need *need, const struct stat *st);

/* An entry of a directory; and the end of that. */
void need_add_name(struct need_names *names, size_t length);
void need_add_names(struct need *need, const struct need_names *names);

/* All files of a directory of the host but skip, or of an archive.  False after a report. */
bool need_of_tree(struct need *need, const char *directory, const struct stat *skip);
bool need_of_archive(struct need *need, const char *file);

#endif
