/*
 * Filling a file system that was just made: files of any type, with all that is
 * known of them, through the rump kernel's system calls.
 *
 * Where the files come from is the caller's: fill_tree.c takes a directory of
 * the host, fill_archive.c an archive.  Names are not trusted: everything is made
 * relative to a directory descriptor, and never through a symbolic link.
 *
 * When the file system is full, the rest is only counted, so that the user can be
 * told how much is missing.
 */
#ifndef TOOLS_RUMP_FILL_H
#define TOOLS_RUMP_FILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "tools/rump/links.h"

/* Owners from first on become others from to on. */
struct fill_map {
	bool is_group;
	uint32_t first;
	uint32_t to;
	uint32_t count;
};

/* How files are changed on their way. */
struct fill_rules {
	bool has_owner; /* all belong to uid and gid */
	uint32_t uid;
	uint32_t gid;
	struct fill_map *maps;
	size_t map_count;
	size_t map_capacity;
	bool has_latest; /* no time is later, and the last access is the last change */
	int64_t latest;
};

struct fill {
	const struct fill_rules *rules;
	int root; /* of the file system, in the rump kernel */
	uint32_t fragment_size;
	struct links links; /* paths in the file system, of those with several links */
	bool is_full;
	bool is_stopped;	 /* for another reason, reported */
	uint64_t missing_bytes;	 /* once it is full */
	uint64_t missing_inodes; /* ... */
	uint64_t xattr_losses;	 /* files of which not all attributes are kept */
	char *xattr_loss;	 /* why, for the first of them; owned */
};

/* The next piece of content, in order, between holes; false at the end. */
typedef bool fill_piece(void *context, const void **bytes, size_t *size, off_t *offset);

/* The next extended attribute; false at the end. */
typedef bool fill_xattr(void *context, const char **name, const void **value, size_t *size);

struct fill_item {
	int directory; /* in the rump kernel */
	const char *name;
	const char *shown; /* where it comes from, for people */
	const struct stat *st;
	const char *target; /* of a symbolic link */
	bool replaces;	    /* what is there already, in favour of this */
	fill_piece *piece;  /* NULL: no content */
	fill_xattr *xattr;  /* NULL: no attributes */
	void *context;
};

/* Begin at the directory path in the rump kernel.  False after a report. */
bool fill_begin(struct fill *fill, const struct fill_rules *rules, const char *path);
void fill_end(struct fill *fill);

/* Make a file that is no directory.  False if it is not there, which is reported or counted. */
bool fill_file(struct fill *fill, const struct fill_item *item);

/* Make a further name of the file at path, from the root.  False as above. */
bool fill_link(struct fill *fill, const struct fill_item *item, const char *path);

/* Make a directory, to be filled.  False as above. */
bool fill_directory(struct fill *fill, const struct fill_item *item);

/* The directory, open as fd, has all its names: give it its attributes. */
void fill_directory_end(struct fill *fill, int fd, const struct fill_item *item);

/* Write content and times into the file, open as fd, that is there. */
void fill_content(struct fill *fill, int fd, const struct fill_item *item);

/* The whole of a source.  False after a report if it cannot be read at all. */
bool fill_from_tree(struct fill *fill, const char *directory, const struct stat *skip);
bool fill_from_archive(struct fill *fill, const char *file);

#endif
