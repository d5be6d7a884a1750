/*
 * Decoding of directory blocks.
 *
 * Entry: inode number u32, length u16, type u8, name length u8, name, NUL,
 * padding to a multiple of 4.  In the old format the two bytes of type and name
 * length are one 16-bit name length in the byte order of the file system.
 */
#include "fs/ffs/dirent.h"

#include "base/endian.h"
#include "base/math.h"
#include "base/string.h"

enum field {
	INO = 0,
	LENGTH = 4,
	TYPE = 6,
	NAME_LENGTH = 7,
	OLD_NAME_LENGTH = 6,
	NAME_BYTES = 8,
};

#define ALIGNMENT	4
#define LENGTH_MIN	12 /* of an entry with the shortest name */
#define NAME_LENGTH_MAX 255

/*
 * All of an entry but what its name consists of.  Flaws have offsets from the
 * start of the block.
 */
static int
decode_frame(const struct ffs_superblock *sb, const uint8_t *block, uint32_t offset,
    struct ffs_dirent *out, struct ffs_flaw *flaw)
{
	uint32_t left = FFS_DIRENT_BLOCK_SIZE - offset;
	const uint8_t *p = block + offset;
	uint32_t name_length;

	*out = (struct ffs_dirent){ .ino = 0 };
	if (offset > FFS_DIRENT_BLOCK_SIZE - LENGTH_MIN)
		return ffs_flaw_set(flaw, "directory entry is cut off by the end of its block",
		    offset, left);
	out->ino = load32(p + INO, sb->order);
	out->length = load16(p + LENGTH, sb->order);
	if (out->length % ALIGNMENT != 0 || out->length < LENGTH_MIN || out->length > left)
		return ffs_flaw_set(flaw, "length of a directory entry does not fit its block",
		    offset + LENGTH, out->length);
	if (out->ino == 0)
		return 0;

	if (sb->has_old_inodes) {
		name_length = load16(p + OLD_NAME_LENGTH, sb->order);
	} else {
		name_length = p[NAME_LENGTH];
		out->type = (enum ffs_type)p[TYPE];
	}
	if (name_length == 0 || name_length > NAME_LENGTH_MAX ||
	    NAME_BYTES + round_up(name_length + 1, ALIGNMENT) > out->length)
		return ffs_flaw_set(flaw, "name of a directory entry does not fit the entry",
		    offset + OLD_NAME_LENGTH, name_length);
	out->name = (struct name){ (const char *)p + NAME_BYTES, name_length };
	return 0;
}

int
ffs_dirent_decode(const struct ffs_superblock *sb, const uint8_t *block, uint32_t offset,
    struct ffs_dirent *out, struct ffs_flaw *flaw)
{
	int error = decode_frame(sb, block, offset, out, flaw);

	if (error < 0)
		return error;
	for (size_t i = 0; i < out->name.length; i++)
		if (out->name.bytes[i] == '/' || out->name.bytes[i] == '\0')
			return ffs_flaw_set(flaw,
			    "name of a directory entry has a byte no name can have",
			    offset + NAME_BYTES + (uint32_t)i, out->name.bytes[i]);
	return 0;
}

int
ffs_dirent_find(const struct ffs_superblock *sb, const uint8_t *block, struct name name,
    struct ffs_dirent *out, struct ffs_flaw *flaw)
{
	for (uint32_t offset = 0; offset < FFS_DIRENT_BLOCK_SIZE; offset += out->length) {
		int error = decode_frame(sb, block, offset, out, flaw);

		if (error < 0)
			return error;
		if (ffs_dirent_is_live(out) && name_equal(out->name, name))
			return 0;
	}
	return -ENOENT;
}

void
ffs_dirent_encode(const struct ffs_superblock *sb, const struct ffs_dirent *entry, uint8_t *to)
{
	size_t end = NAME_BYTES + entry->name.length;

	store32(to + INO, entry->ino, sb->order);
	store16(to + LENGTH, (uint16_t)entry->length, sb->order);
	if (sb->has_old_inodes) {
		store16(to + OLD_NAME_LENGTH, (uint16_t)entry->name.length, sb->order);
	} else {
		to[TYPE] = (uint8_t)entry->type;
		to[NAME_LENGTH] = (uint8_t)entry->name.length;
	}
	memcpy(to + NAME_BYTES, entry->name.bytes, entry->name.length);
	memset(to + end, 0, ffs_dirent_size(entry->name.length) - end);
}

void
ffs_dirent_point(const struct ffs_superblock *sb, uint8_t *entry, uint32_t ino, enum ffs_type type)
{
	store32(entry + INO, ino, sb->order);
	if (!sb->has_old_inodes)
		entry[TYPE] = (uint8_t)type;
}
