/*
 * A tar archive being written, where rump was built with libarchive:
 * archive_libarchive.c, or else archive_missing.c.
 *
 * The format is pax; names of owners are left out, for an image has numbers.
 */
#ifndef TOOLS_RUMP_ARCHIVE_H
#define TOOLS_RUMP_ARCHIVE_H

#include <stdbool.h>
#include <sys/stat.h>

enum archive_packing {
	ARCHIVE_PLAIN,
	ARCHIVE_GZIP,
	ARCHIVE_XZ,
	ARCHIVE_ZSTD,
};

/* One file for an archive. */
struct archive_item {
	const char *name;   /* in the archive */
	const char *target; /* of a symbolic link, or NULL */
	const char *link;   /* the name in the archive that this is a link to, or NULL */
	const struct stat *st;
	int fd; /* in the rump kernel, for content and extended attributes, or -1 */
};

struct archive_file;

bool archive_is_available(void);

/*
 * Begin an archive on the host's descriptor fd.  NULL after a report if that
 * cannot be packed so.
 */
struct archive_file *archive_begin(int fd, enum archive_packing packing);

/*
 * Add a file.  What fails is reported, as about shown; false: so badly that
 * nothing more can be written.
 */
bool archive_add(struct archive_file *archive, const struct archive_item *item, const char *shown);

/* Write the end.  False, after a report: it is not complete. */
bool archive_end(struct archive_file *archive);

#endif
