/* libarchive was not there when rump was built. */
#include <stddef.h>

#include "tools/rump/archive.h"

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
