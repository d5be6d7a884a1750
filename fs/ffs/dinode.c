/*
 * Decoding of inodes.
 *
 * The two formats have the same parts at different places and widths, so each
 * has a decoder of its own, and the checks are shared.
 */
#include "fs/ffs/dinode.h"

#include "base/math.h"
#include "base/string.h"

/* Offsets in UFS1's 128 bytes. */
enum field1 {
	F1_MODE = 0,
	F1_LINK_COUNT = 2,
	F1_OLD_UID = 4,
	F1_OLD_GID = 6,
	F1_SIZE = 8,
	F1_ACCESSED = 16, /* seconds, nanoseconds: 32 bits each */
	F1_MODIFIED = 24,
	F1_CHANGED = 32,
	F1_DIRECT = 40,
	F1_INDIRECT = 88,
	F1_FLAGS = 100,
	F1_SECTORS = 104,
	F1_GENERATION = 108,
	F1_UID = 112,
	F1_GID = 116,
};

/* Offsets in UFS2's 256 bytes. */
enum field2 {
	F2_MODE = 0,
	F2_LINK_COUNT = 2,
	F2_UID = 4,
	F2_GID = 8,
	F2_SIZE = 16,
	F2_SECTORS = 24,
	F2_ACCESSED = 32, /* seconds: 64 bits */
	F2_MODIFIED = 40,
	F2_CHANGED = 48,
	F2_BORN = 56,
	F2_MODIFIED_NS = 64,
	F2_ACCESSED_NS = 68,
	F2_CHANGED_NS = 72,
	F2_BORN_NS = 76,
	F2_GENERATION = 80,
	F2_FLAGS = 88,
	F2_EXTENSION_SIZE = 92,
	F2_EXTENSION = 96,
	F2_DIRECT = 112,
	F2_INDIRECT = 208,
};

#define TYPE_SHIFT	       12
#define PERMISSIONS	       07777
#define NANOSECONDS_PER_SECOND 1000000000

static struct ffs_time
time_from(int64_t seconds, uint32_t nanoseconds)
{
	bool is_good = nanoseconds < NANOSECONDS_PER_SECOND;

	return (struct ffs_time){ seconds, is_good ? nanoseconds : 0 };
}

static void
decode_mode(uint16_t mode, struct ffs_dinode *out)
{
	out->type = (enum ffs_type)(mode >> TYPE_SHIFT);
	out->permissions = mode & PERMISSIONS;
}

/*
 * Is the target in the inode?  sectors are those that do not hold the target
 * for sure: of extended attributes.
 */
static bool
is_short_link(const struct ffs_superblock *sb, const struct ffs_dinode *inode, uint64_t sectors)
{
	return inode->type == FFS_TYPE_SYMLINK && inode->size < sb->short_link_max &&
	       inode->sector_count <= sectors;
}

static void
decode_ufs1(const struct ffs_superblock *sb, const uint8_t *bytes, struct ffs_dinode *out)
{
	enum byte_order order = sb->order;
	struct ffs_time *const times[] = { &out->accessed, &out->modified, &out->changed };

	decode_mode(load16(bytes + F1_MODE, order), out);
	out->link_count = load16(bytes + F1_LINK_COUNT, order);
	out->size = load64(bytes + F1_SIZE, order);
	out->sector_count = load32(bytes + F1_SECTORS, order);
	for (unsigned i = 0; i < 3; i++)
		*times[i] = time_from((int32_t)load32(bytes + F1_ACCESSED + 8 * i, order),
		    load32(bytes + F1_ACCESSED + 8 * i + 4, order));
	out->flags = load32(bytes + F1_FLAGS, order);
	out->generation = load32(bytes + F1_GENERATION, order);
	if (sb->has_old_inodes) {
		out->uid = load16(bytes + F1_OLD_UID, order);
		out->gid = load16(bytes + F1_OLD_GID, order);
	} else {
		out->uid = load32(bytes + F1_UID, order);
		out->gid = load32(bytes + F1_GID, order);
	}
	out->device = load32(bytes + F1_DIRECT, order);

	out->is_short_link = is_short_link(sb, out, 0);
	if (out->is_short_link) {
		memcpy(out->target, bytes + F1_DIRECT, sb->short_link_max);
		return;
	}
	for (unsigned i = 0; i < FFS_DIRECT_COUNT; i++)
		out->direct[i] = load32(bytes + F1_DIRECT + 4 * i, order);
	for (unsigned i = 0; i < FFS_INDIRECT_COUNT; i++)
		out->indirect[i] = load32(bytes + F1_INDIRECT + 4 * i, order);
}

static void
decode_ufs2_times(enum byte_order order, const uint8_t *bytes, struct ffs_dinode *out)
{
	out->accessed = time_from((int64_t)load64(bytes + F2_ACCESSED, order),
	    load32(bytes + F2_ACCESSED_NS, order));
	out->modified = time_from((int64_t)load64(bytes + F2_MODIFIED, order),
	    load32(bytes + F2_MODIFIED_NS, order));
	out->changed = time_from((int64_t)load64(bytes + F2_CHANGED, order),
	    load32(bytes + F2_CHANGED_NS, order));
	out->born =
	    time_from((int64_t)load64(bytes + F2_BORN, order), load32(bytes + F2_BORN_NS, order));
}

static void
decode_ufs2(const struct ffs_superblock *sb, const uint8_t *bytes, struct ffs_dinode *out)
{
	enum byte_order order = sb->order;
	uint64_t extension;

	decode_mode(load16(bytes + F2_MODE, order), out);
	out->link_count = load16(bytes + F2_LINK_COUNT, order);
	out->uid = load32(bytes + F2_UID, order);
	out->gid = load32(bytes + F2_GID, order);
	out->size = load64(bytes + F2_SIZE, order);
	out->sector_count = load64(bytes + F2_SECTORS, order);
	decode_ufs2_times(order, bytes, out);
	out->generation = load32(bytes + F2_GENERATION, order);
	out->flags = load32(bytes + F2_FLAGS, order);
	out->device = (uint32_t)load64(bytes + F2_DIRECT, order);

	out->extension_size = load32(bytes + F2_EXTENSION_SIZE, order);
	for (unsigned i = 0; i < FFS_EXTENSION_COUNT; i++)
		out->extension[i] = load64(bytes + F2_EXTENSION + 8 * i, order);
	extension = out->extension_size;
	extension = round_up(extension, sb->fragment_size);
	out->is_short_link = is_short_link(sb, out, extension / FFS_SECTOR_SIZE);
	if (out->is_short_link) {
		memcpy(out->target, bytes + F2_DIRECT, sb->short_link_max);
		return;
	}
	for (unsigned i = 0; i < FFS_DIRECT_COUNT; i++)
		out->direct[i] = load64(bytes + F2_DIRECT + 8 * i, order);
	for (unsigned i = 0; i < FFS_INDIRECT_COUNT; i++)
		out->indirect[i] = load64(bytes + F2_INDIRECT + 8 * i, order);
}

static int
check_type(const struct ffs_dinode *inode, struct ffs_flaw *flaw)
{
	switch (inode->type) {
	case FFS_TYPE_NONE:
	case FFS_TYPE_FIFO:
	case FFS_TYPE_CHARACTER:
	case FFS_TYPE_DIRECTORY:
	case FFS_TYPE_BLOCK:
	case FFS_TYPE_REGULAR:
	case FFS_TYPE_SYMLINK:
	case FFS_TYPE_SOCKET:
		return 0;
	case FFS_TYPE_WHITEOUT:
	default:
		return ffs_flaw_set(flaw, "type of file is unknown", F1_MODE, inode->type);
	}
}

static int
check_size(const struct ffs_superblock *sb, const struct ffs_dinode *inode, struct ffs_flaw *flaw)
{
	uint32_t field = sb->version == FFS_UFS2 ? (uint32_t)F2_SIZE : (uint32_t)F1_SIZE;

	if (inode->type == FFS_TYPE_NONE)
		return 0;
	if (inode->size > sb->file_size_max)
		return ffs_flaw_set(flaw, "size is larger than pointers reach", field,
		    (int64_t)inode->size);
	if (inode->type != FFS_TYPE_DIRECTORY)
		return 0;

	/*
	 * Directories have no holes, so their walks are bounded by real blocks; and
	 * places in them are 31 bits wide, which bounds a search where the same block
	 * is claimed over and over.
	 */
	if (inode->size % FFS_SECTOR_SIZE != 0 || inode->size > INT32_MAX ||
	    inode->size / FFS_SECTOR_SIZE > inode->sector_count ||
	    inode->size >> sb->fragment_shift > sb->fragment_count)
		return ffs_flaw_set(flaw, "size of a directory does not match its blocks", field,
		    (int64_t)inode->size);
	return 0;
}

int
ffs_dinode_decode(const struct ffs_superblock *sb, const uint8_t *bytes, size_t size,
    struct ffs_dinode *out, struct ffs_flaw *flaw)
{
	int error;

	memset(out, 0, sizeof(*out));
	if (size < sb->inode_size)
		return ffs_flaw_set(flaw, "inode is cut off", 0, (int64_t)size);
	if (sb->version == FFS_UFS2)
		decode_ufs2(sb, bytes, out);
	else
		decode_ufs1(sb, bytes, out);
	error = check_type(out, flaw);
	if (error == 0)
		error = check_size(sb, out, flaw);
	return error;
}

/* ---- encoding ------------------------------------------------------------------ */

/* Seconds as 32 bits hold them: the nearest they can. */
static uint32_t
short_seconds(int64_t seconds)
{
	if (seconds > INT32_MAX)
		return INT32_MAX;
	return (uint32_t)(seconds < INT32_MIN ? INT32_MIN : seconds);
}

static void
encode_ufs1(const struct ffs_superblock *sb, const struct ffs_dinode *inode, uint8_t *bytes)
{
	const struct ffs_time *const times[] = { &inode->accessed, &inode->modified,
		&inode->changed };
	enum byte_order order = sb->order;

	store64(bytes + F1_SIZE, inode->size, order);
	store32(bytes + F1_SECTORS, (uint32_t)inode->sector_count, order);
	for (unsigned i = 0; i < 3; i++) {
		store32(bytes + F1_ACCESSED + 8 * i, short_seconds(times[i]->seconds), order);
		store32(bytes + F1_ACCESSED + 8 * i + 4, times[i]->nanoseconds, order);
	}
	store32(bytes + F1_FLAGS, inode->flags, order);
	if (sb->has_old_inodes) {
		store16(bytes + F1_OLD_UID, (uint16_t)inode->uid, order);
		store16(bytes + F1_OLD_GID, (uint16_t)inode->gid, order);
	} else {
		store32(bytes + F1_UID, inode->uid, order);
		store32(bytes + F1_GID, inode->gid, order);
	}
	if (inode->is_short_link) {
		memcpy(bytes + F1_DIRECT, inode->target, sb->short_link_max);
		return;
	}
	for (unsigned i = 0; i < FFS_DIRECT_COUNT; i++)
		store32(bytes + F1_DIRECT + 4 * i, (uint32_t)inode->direct[i], order);
	for (unsigned i = 0; i < FFS_INDIRECT_COUNT; i++)
		store32(bytes + F1_INDIRECT + 4 * i, (uint32_t)inode->indirect[i], order);
	if (inode->type == FFS_TYPE_CHARACTER || inode->type == FFS_TYPE_BLOCK)
		store32(bytes + F1_DIRECT, inode->device, order);
}

static void
encode_ufs2_times(const struct ffs_dinode *inode, enum byte_order order, uint8_t *bytes)
{
	store64(bytes + F2_ACCESSED, (uint64_t)inode->accessed.seconds, order);
	store64(bytes + F2_MODIFIED, (uint64_t)inode->modified.seconds, order);
	store64(bytes + F2_CHANGED, (uint64_t)inode->changed.seconds, order);
	store64(bytes + F2_BORN, (uint64_t)inode->born.seconds, order);
	store32(bytes + F2_ACCESSED_NS, inode->accessed.nanoseconds, order);
	store32(bytes + F2_MODIFIED_NS, inode->modified.nanoseconds, order);
	store32(bytes + F2_CHANGED_NS, inode->changed.nanoseconds, order);
	store32(bytes + F2_BORN_NS, inode->born.nanoseconds, order);
}

static void
encode_ufs2(const struct ffs_superblock *sb, const struct ffs_dinode *inode, uint8_t *bytes)
{
	enum byte_order order = sb->order;

	store32(bytes + F2_UID, inode->uid, order);
	store32(bytes + F2_GID, inode->gid, order);
	store64(bytes + F2_SIZE, inode->size, order);
	store64(bytes + F2_SECTORS, inode->sector_count, order);
	encode_ufs2_times(inode, order, bytes);
	store32(bytes + F2_FLAGS, inode->flags, order);
	store32(bytes + F2_EXTENSION_SIZE, inode->extension_size, order);
	for (unsigned i = 0; i < FFS_EXTENSION_COUNT; i++)
		store64(bytes + F2_EXTENSION + 8 * i, inode->extension[i], order);
	if (inode->is_short_link) {
		memcpy(bytes + F2_DIRECT, inode->target, sb->short_link_max);
		return;
	}
	for (unsigned i = 0; i < FFS_DIRECT_COUNT; i++)
		store64(bytes + F2_DIRECT + 8 * i, inode->direct[i], order);
	for (unsigned i = 0; i < FFS_INDIRECT_COUNT; i++)
		store64(bytes + F2_INDIRECT + 8 * i, inode->indirect[i], order);
	if (inode->type == FFS_TYPE_CHARACTER || inode->type == FFS_TYPE_BLOCK)
		store64(bytes + F2_DIRECT, inode->device, order);
}

void
ffs_dinode_encode(const struct ffs_superblock *sb, const struct ffs_dinode *inode, uint8_t *bytes)
{
	uint32_t mode = (uint32_t)inode->type << TYPE_SHIFT | inode->permissions;

	store16(bytes + F1_MODE, (uint16_t)mode, sb->order);
	store16(bytes + F1_LINK_COUNT, (uint16_t)inode->link_count, sb->order);
	if (sb->version == FFS_UFS2)
		encode_ufs2(sb, inode, bytes);
	else
		encode_ufs1(sb, inode, bytes);
}

static uint32_t
generation_field(const struct ffs_superblock *sb)
{
	return sb->version == FFS_UFS2 ? (uint32_t)F2_GENERATION : (uint32_t)F1_GENERATION;
}

void
ffs_dinode_clear(const struct ffs_superblock *sb, uint8_t *bytes, uint32_t generation)
{
	memset(bytes, 0, sb->inode_size);
	store32(bytes + generation_field(sb), generation, sb->order);
}

uint32_t
ffs_dinode_generation(const struct ffs_superblock *sb, const uint8_t *bytes)
{
	return load32(bytes + generation_field(sb), sb->order);
}

bool
ffs_dinode_is_free(const struct ffs_superblock *sb, const uint8_t *bytes)
{
	return load16(bytes + F1_MODE, sb->order) == 0;
}

uint32_t
ffs_dinode_pointers(const struct ffs_superblock *sb)
{
	return sb->version == FFS_UFS2 ? (uint32_t)F2_DIRECT : (uint32_t)F1_DIRECT;
}

uint32_t
ffs_dinode_extension_pointers(const struct ffs_superblock *sb)
{
	return F2_EXTENSION;
}

bool
ffs_dinode_is_remnant(const struct ffs_superblock *sb, const uint8_t *bytes)
{
	uint64_t pointers = 0, size, sectors;
	uint32_t first = ffs_dinode_pointers(sb), count = FFS_DIRECT_COUNT + FFS_INDIRECT_COUNT;

	for (uint32_t i = 0; i < count * sb->pointer_size; i += 4)
		pointers |= load32(bytes + first + i, sb->order);
	if (sb->version == FFS_UFS2) {
		size = load64(bytes + F2_SIZE, sb->order);
		sectors = load64(bytes + F2_SECTORS, sb->order);
	} else {
		size = load64(bytes + F1_SIZE, sb->order);
		sectors = load32(bytes + F1_SECTORS, sb->order);
	}
	return (pointers | size | sectors) != 0;
}
