/* libarchive was not there when rump was built. */
#include <stddef.h>

#include "tools/rump/archive.h"
#include "tools/rump/archive_read.h"

bool
archive_is_available(void)
{
	return false;
}

struct archive_file *
archive_begin(int fd, enum archive_packing packing)
{
	(void)fd;
	(void)packing;
	return NULL;
}

bool
archive_add(struct archive_file *archive, const struct archive_item *item, const char *shown)
{
	(void)archive;
	(void)item;
	(void)shown;
	return false;
}

bool
archive_end(struct archive_file *archive)
{
	(void)archive;
	return false;
}

struct archive_reader *
archive_read_begin(int fd, const char *shown)
{
	(void)fd;
	(void)shown;
	return NULL;
}

bool
archive_read_member(struct archive_reader *reader, struct archive_member *out)
{
	(void)reader;
	(void)out;
	return false;
}

bool
archive_read_piece(struct archive_reader *reader, const void **bytes, size_t *size, off_t *offset)
{
	(void)reader;
	(void)bytes;
	(void)size;
	(void)offset;
	return false;
}

bool
archive_read_xattr(struct archive_reader *reader, const char **name, const void **value,
    size_t *size)
{
	(void)reader;
	(void)name;
	(void)value;
	(void)size;
	return false;
}

bool
archive_read_is_good(const struct archive_reader *reader)
{
	(void)reader;
	return false;
}

void
archive_read_end(struct archive_reader *reader)
{
	(void)reader;
}
