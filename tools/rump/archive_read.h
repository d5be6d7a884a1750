/*
 * An archive being read: tar of all kinds and cpio, packed or not.  Where rump
 * was built with libarchive: archive_read_libarchive.c, or else
 * archive_missing.c; archive_is_available() (archive.h) tells.
 *
 * Archives are foreign.  Names come out clean: relative, without empty parts,
 * "." and ".."; a member whose name, or the name it links to, has a ".." is
 * reported and left out.  What a symbolic link points to is as it is: whoever
 * makes files from members must follow none.
 */
#ifndef TOOLS_RUMP_ARCHIVE_READ_H
#define TOOLS_RUMP_ARCHIVE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* One file of an archive.  Borrowed, until the next one is read. */
struct archive_member {
	const char *name;   /* "" is the top directory */
	const char *target; /* of a symbolic link, or NULL */
	const char *link;   /* the member that this is a further name of, or NULL */

	/*
	 * Type and mode, owner, size, device number and times; a time the archive
	 * does not have is that of the last change.  A link has no size but in
	 * some cpio archives, where a file's content comes with its last name.
	 */
	struct stat st;
};

struct archive_reader;

/*
 * Begin to read the archive on the host's descriptor fd, which remains the
 * caller's.  NULL after a report, with this name, if it is none.
 */
struct archive_reader *archive_read_begin(int fd, const char *shown);

/*
 * Go to the next member, whatever of this one was read.  False at the end,
 * or after a report: the archive is damaged (see archive_read_is_good()).
 */
bool archive_read_member(struct archive_reader *reader, struct archive_member *out);

/*
 * The next piece of content: size bytes for offset in the file, borrowed until
 * the next call.  Pieces come in order; between them are holes.  False: that was
 * all, or the archive is damaged, after a report.
 */
bool archive_read_piece(struct archive_reader *reader, const void **bytes, size_t *size,
    off_t *offset);

/* The next extended attribute, with its prefix as Linux has it; borrowed.  False: no more. */
bool archive_read_xattr(struct archive_reader *reader, const char **name, const void **value,
    size_t *size);

/* Has all so far been read as it is in the archive? */
bool archive_read_is_good(const struct archive_reader *reader);

void archive_read_end(struct archive_reader *reader);

#endif
