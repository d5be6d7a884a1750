/*
 * Inodes of a file system that is checked, and all that they point to.
 *
 * Pointers are visited with the place where they are, so that whoever finds one
 * wrong can change it there.  What is below an indirect pointer is read only if
 * the visitor says so and it can be a file's at all.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "kern/memory.h"

/* ---- inodes ---------------------------------------------------------------------- */

struct check_inode *
ffs_check_inode(const struct ffs_checking *check, uint32_t ino)
{
	uint32_t number = ino / check->sb.inodes_per_group;
	uint32_t index = ino % check->sb.inodes_per_group;
	const struct check_group *group;

	if (ino < FFS_ROOT_INO || ino >= ffs_inode_count(&check->sb))
		return NULL;
	group = &check->groups[number];
	if (index >= group->inode_count || group->inodes[index].type == FFS_TYPE_NONE)
		return NULL;
	return &group->inodes[index];
}

struct check_directory *
ffs_check_directory(const struct ffs_checking *check, uint32_t ino)
{
	struct check_directory *directories = check->directories.items;
	size_t low = 0, high = check->directories.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (directories[middle].ino < ino)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < check->directories.count && directories[low].ino == ino)
		return &directories[low];
	return NULL;
}

uint64_t
ffs_check_inode_place(const struct ffs_checking *check, uint32_t ino)
{
	uint64_t fragment;
	uint32_t offset;

	if (!ffs_inode_place(&check->sb, ino, &fragment, &offset))
		ASSERT(false); /* callers know it */
	return ffs_fragment_offset(&check->sb, fragment) + offset;
}

void
ffs_check_decode(const struct ffs_checking *check, const uint8_t *bytes, struct ffs_dinode *out)
{
	const struct ffs_superblock *sb = &check->sb;
	struct ffs_flaw flaw;

	(void)!ffs_dinode_decode(sb, bytes, sb->inode_size, out, &flaw);
	if (out->type == FFS_TYPE_SYMLINK && out->size < sb->short_link_max) {
		out->is_short_link = true;
		memcpy(out->target, bytes + ffs_dinode_pointers(sb), sb->short_link_max);
	}
}

int
ffs_check_load(struct ffs_checking *check, uint32_t ino, struct ffs_dinode *out)
{
	uint8_t bytes[256];
	int error = ffs_check_read_bytes(check, ffs_check_inode_place(check, ino), bytes,
	    check->sb.inode_size);

	if (error == 0)
		ffs_check_decode(check, bytes, out);
	return error;
}

int
ffs_check_store(struct ffs_checking *check, uint32_t ino, const struct ffs_dinode *dinode)
{
	uint64_t place = ffs_check_inode_place(check, ino);
	uint8_t bytes[256];
	int error = ffs_check_read_bytes(check, place, bytes, check->sb.inode_size);

	if (error < 0)
		return error;
	ffs_dinode_encode(&check->sb, dinode, bytes);
	return ffs_check_write(check, place, bytes, check->sb.inode_size);
}

bool
ffs_check_has_blocks(const struct ffs_dinode *dinode)
{
	return !dinode->is_short_link &&
	       (dinode->type == FFS_TYPE_REGULAR || dinode->type == FFS_TYPE_DIRECTORY ||
		   dinode->type == FFS_TYPE_SYMLINK);
}

/* ---- pointers ---------------------------------------------------------------------- */

struct walk {
	struct ffs_checking *check;
	const struct ffs_dinode *dinode;
	check_visit *visit;
	void *context;
};

static uint64_t
load_pointer(const struct ffs_superblock *sb, const uint8_t *bytes)
{
	return sb->pointer_size == 8 ? load64(bytes, sb->order) : load32(bytes, sb->order);
}

/* Blocks of a file below one pointer. */
static uint64_t
span_of(const struct ffs_superblock *sb, unsigned depth)
{
	return (uint64_t)1 << log2_floor(sb->pointers_per_block) * depth;
}

static int walk_below(struct walk *walk, const struct check_pointer *above);

static int
walk_pointer(struct walk *walk, struct check_pointer *pointer)
{
	const struct ffs_superblock *sb = &walk->check->sb;
	int step;

	if (pointer->fragment == 0)
		return 0;
	if ((walk->dinode->flags & FFS_INODE_SNAPSHOT) && pointer->fragment <= 2)
		return 0; /* "not copied", "of the snapshot": no addresses */
	step = walk->visit(walk->check, pointer, walk->context);
	if (step != CHECK_DESCEND || pointer->depth == 0 ||
	    !ffs_check_may_hold(walk->check, pointer->fragment, sb->fragments_per_block))
		return step < 0 ? step : 0;
	return walk_below(walk, pointer);
}

/* Recursion goes as deep as pointers do: three levels. */
static int
walk_below(struct walk *walk, const struct check_pointer *above)
{
	const struct ffs_superblock *sb = &walk->check->sb;
	uint64_t offset = ffs_fragment_offset(sb, above->fragment);
	uint64_t span = span_of(sb, above->depth - 1), number = above->number;
	uint8_t *block = memory_alloc(walk->check->kernel, sb->block_size);
	int error = block == NULL ? -ENOMEM : 0;

	if (error == 0)
		error = ffs_check_read(walk->check, offset, block, sb->block_size);
	for (uint32_t i = 0; error == 0 && i < sb->pointers_per_block; i++) {
		struct check_pointer pointer = {
			.ino = above->ino,
			.depth = above->depth - 1,
			.number = number,
			.fragment = load_pointer(sb, block + i * sb->pointer_size),
			.count = sb->fragments_per_block,
			.place = offset + (uint64_t)i * sb->pointer_size,
			.is_past_end = number >= ffs_block_count(sb, walk->dinode->size),
		};

		error = walk_pointer(walk, &pointer);
		number += span;
	}
	memory_free(walk->check->kernel, block, sb->block_size);
	return error;
}

/* The pointers of the extended attributes. */
static int
walk_extension(struct walk *walk, uint32_t ino, uint64_t place)
{
	const struct ffs_superblock *sb = &walk->check->sb;
	int error = 0;

	if (sb->version != FFS_UFS2)
		return 0;
	for (unsigned i = 0; error == 0 && i < FFS_EXTENSION_COUNT; i++) {
		uint32_t length = ffs_block_length(sb, walk->dinode->extension_size, i);
		struct check_pointer pointer = {
			.ino = ino,
			.number = i,
			.fragment = walk->dinode->extension[i],
			.count = length >> sb->fragment_shift,
			.place = place + ffs_dinode_extension_pointers(sb) + i * 8,
			.is_past_end = length == 0,
			.is_extension = true,
		};

		error = walk_pointer(walk, &pointer);
	}
	return error;
}

int
ffs_check_walk(struct ffs_checking *check, uint32_t ino, const struct ffs_dinode *dinode,
    check_visit *visit, void *context)
{
	const struct ffs_superblock *sb = &check->sb;
	struct walk walk = { check, dinode, visit, context };
	uint64_t place = ffs_check_inode_place(check, ino), number = 0;
	int error = walk_extension(&walk, ino, place);

	if (!ffs_check_has_blocks(dinode))
		return error;
	place += ffs_dinode_pointers(sb);
	for (unsigned i = 0; error == 0 && i < FFS_DIRECT_COUNT + FFS_INDIRECT_COUNT; i++) {
		unsigned depth = i < FFS_DIRECT_COUNT ? 0 : i - FFS_DIRECT_COUNT + 1;
		uint32_t length = ffs_block_length(sb, dinode->size, number);
		struct check_pointer pointer = {
			.ino = ino,
			.depth = depth,
			.number = number,
			.fragment = depth == 0 ? dinode->direct[i] : dinode->indirect[depth - 1],
			.count =
			    depth == 0 ? length >> sb->fragment_shift : sb->fragments_per_block,
			.place = place + (uint64_t)i * sb->pointer_size,
			.is_past_end = length == 0,
		};

		error = walk_pointer(&walk, &pointer);
		number += span_of(sb, depth);
	}
	return error;
}

/* ---- pointers that are known --------------------------------------------------------- */

bool
ffs_check_is_ours(const struct ffs_checking *check, const struct check_pointer *pointer)
{
	const struct check_inode *inode = ffs_check_inode(check, pointer->ino);
	const struct check_shared *shared = check->shared.items;
	size_t low = 0, high = check->shared.count;

	if (pointer->is_past_end || !ffs_check_may_hold(check, pointer->fragment, pointer->count))
		return false;
	if (inode == NULL || (inode->flags & CHECK_HAS_SHARED) == 0)
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (shared[middle].place < pointer->place)
			low = middle + 1;
		else
			high = middle;
	}
	return low == check->shared.count || shared[low].place != pointer->place ||
	       shared[low].is_resolved;
}

int
ffs_check_set_pointer(struct ffs_checking *check, uint64_t place, uint64_t fragment)
{
	const struct ffs_superblock *sb = &check->sb;
	uint8_t bytes[8];

	if (sb->pointer_size == 8)
		store64(bytes, fragment, sb->order);
	else
		store32(bytes, (uint32_t)fragment, sb->order);
	return ffs_check_write(check, place, bytes, sb->pointer_size);
}

int
ffs_check_find_pointer(struct ffs_checking *check, uint32_t ino, const struct ffs_dinode *dinode,
    uint64_t number, uint64_t *place)
{
	const struct ffs_superblock *sb = &check->sb;
	struct ffs_path path;
	uint64_t fragment;

	if (!ffs_path_to(sb, number, &path))
		return 1;
	*place = ffs_check_inode_place(check, ino) + ffs_dinode_pointers(sb);
	if (path.depth == 0) {
		*place += (uint64_t)path.index[0] * sb->pointer_size;
		return 0;
	}
	fragment = dinode->indirect[path.depth - 1];
	for (unsigned i = 0; i < path.depth; i++) {
		uint8_t bytes[8];
		int error;

		if (fragment == 0 || !ffs_check_may_hold(check, fragment, sb->fragments_per_block))
			return 1;
		*place =
		    ffs_fragment_offset(sb, fragment) + (uint64_t)path.index[i] * sb->pointer_size;
		error = ffs_check_read_bytes(check, *place, bytes, sb->pointer_size);
		if (error < 0)
			return error;
		fragment = load_pointer(sb, bytes);
	}
	return 0;
}

/* ---- clearing -------------------------------------------------------------------------- */

static int
release(struct ffs_checking *check, const struct check_pointer *pointer, void *context)
{
	if (!ffs_check_is_ours(check, pointer))
		return CHECK_PASS;
	ffs_check_release(check, pointer->fragment, pointer->count);
	return CHECK_DESCEND;
}

int
ffs_check_clear(struct ffs_checking *check, uint32_t ino)
{
	struct check_inode *inode = ffs_check_inode(check, ino);
	uint64_t place = ffs_check_inode_place(check, ino);
	struct ffs_dinode dinode;
	uint8_t bytes[256];
	int error = ffs_check_read_bytes(check, place, bytes, check->sb.inode_size);

	if (error < 0)
		return error;
	ffs_check_decode(check, bytes, &dinode);
	error = ffs_check_walk(check, ino, &dinode, release, NULL);
	if (error < 0)
		return error;
	check->result->files--;
	check->result->directories -= inode->type == FFS_TYPE_DIRECTORY;
	inode->type = FFS_TYPE_NONE;
	ffs_dinode_clear(&check->sb, bytes, ffs_dinode_generation(&check->sb, bytes));
	return ffs_check_write(check, place, bytes, check->sb.inode_size);
}
