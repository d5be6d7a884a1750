/*
 * One block of a directory, as far as it can be read, and written anew.
 *
 * An entry whose length makes no sense hides all behind it in its block; one
 * whose name makes none only itself.
 */
#include "base/string.h"
#include "fs/ffs/check_impl.h"

#define LENGTH_MIN 12 /* of an entry */

/* Does an entry that does not decode at least tell where the next one is? */
static bool
has_good_length(const struct ffs_dirent *entry, uint32_t offset)
{
	return entry->length >= LENGTH_MIN && entry->length % 4 == 0 &&
	       entry->length <= FFS_DIRENT_BLOCK_SIZE - offset;
}

void
ffs_check_block_read(const struct ffs_superblock *sb, const uint8_t *block,
    struct check_entries *out)
{
	struct ffs_dirent entry;
	struct ffs_flaw flaw;

	out->count = 0;
	out->is_cut = out->has_badly_named = false;
	for (uint32_t offset = 0; offset < FFS_DIRENT_BLOCK_SIZE; offset += entry.length) {
		if (ffs_dirent_decode(sb, block, offset, &entry, &flaw) < 0) {
			if (!has_good_length(&entry, offset)) {
				out->is_cut = true;
				return;
			}
			out->has_badly_named = true;
		} else if (entry.ino != 0) {
			out->entries[out->count++] = entry;
		}
	}
}

unsigned
ffs_check_block_write(const struct ffs_superblock *sb, const struct check_entries *from,
    uint8_t *block)
{
	uint32_t offset = 0;
	unsigned count = 0;

	memset(block, 0, FFS_DIRENT_BLOCK_SIZE);
	while (count < from->count && ffs_dirent_size(from->entries[count].name.length) <=
					  FFS_DIRENT_BLOCK_SIZE - offset) {
		struct ffs_dirent entry = from->entries[count];
		uint32_t size = ffs_dirent_size(entry.name.length);
		bool is_last =
		    ++count == from->count || ffs_dirent_size(from->entries[count].name.length) >
						  FFS_DIRENT_BLOCK_SIZE - offset - size;

		/* The last one has all that is left. */
		entry.length = is_last ? FFS_DIRENT_BLOCK_SIZE - offset : size;
		ffs_dirent_encode(sb, &entry, block + offset);
		offset += size;
		if (is_last)
			return count;
	}
	if (count == 0) {
		struct ffs_dirent none = { .length = FFS_DIRENT_BLOCK_SIZE, .name = { "", 0 } };

		ffs_dirent_encode(sb, &none, block);
	}
	return count;
}
