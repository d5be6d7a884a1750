/*
 * Reading directories.
 *
 * A directory is walked in blocks of 512 bytes, which stand on their own: after
 * a damaged one comes the next.  So lookups find what is in the good blocks;
 * only a name that is not found in a damaged directory is an error rather than
 * absent, and a listing gives what there is before it ends with the error.
 *
 * Directories of more than a few blocks get an index at the first lookup, so
 * that reading a directory of n files by name takes O(n), not O(n^2).  Without
 * memory for it, or if some of it cannot be read, they are searched from where the
 * last search ended, which comes to the same for whoever asks in the order of the
 * directory.
 *
 * A tree that leads back into itself would be walked for ever by whoever lists
 * it.  So a directory is entered only through the one directory that its ".."
 * names: then every way down from the root is a way up to it.
 */
#include "fs/ffs/directory.h"

#include "base/errno.h"
#include "base/hash.h"
#include "base/math.h"
#include "fs/ffs/dirent.h"
#include "fs/ffs/index.h"
#include "fs/ffs/map.h"
#include "kern/log.h"

#define INDEX_FROM  (8 * FFS_DIRENT_BLOCK_SIZE) /* smaller directories are searched */
#define DAMAGES_MAX 64 /* blocks in one walk; more is no directory any more */
#define INDEX_SHARE 4  /* an index is about as large as the directory: part of all memory */

/* A walk through a directory, and the file-system block it is in. */
struct walk {
	struct ffs_inode *dir;
	struct ffs_mount *fs;
	struct buffer *buffer; /* NULL at first */
	uint64_t first;	       /* where in the directory the buffer begins */
	uint64_t bad_first;    /* the same of the last one that was damage */
	unsigned damage_count;
	uint64_t found; /* where the entry begins that was looked for */
};

static void
walk_start(struct walk *walk, struct ffs_inode *dir)
{
	*walk = (struct walk){
		.dir = dir,
		.fs = ffs_mount_of_inode(dir),
		.bad_first = UINT64_MAX,
	};
}

static void
walk_end(struct walk *walk)
{
	if (walk->buffer != NULL)
		buffer_put(walk->buffer);
	walk->buffer = NULL;
}

static uint64_t
size_of(const struct walk *walk)
{
	return walk->dir->vnode.attributes.size;
}

static int
note_damage(struct walk *walk)
{
	walk->damage_count++;
	atomic_store_explicit(&walk->dir->is_damaged, true, memory_order_relaxed);
	return -EUCLEAN;
}

static int
damaged(struct walk *walk, uint64_t offset, const char *what, int64_t value)
{
	kernel_log(walk->fs->mount.kernel, LOG_ERROR,
	    "ffs: %.48s: directory inode %llu, byte %llu: %s (%lld)", walk->fs->name,
	    (unsigned long long)walk->dir->vnode.ino, (unsigned long long)offset, what,
	    (long long)value);
	return note_damage(walk);
}

/* Read the file-system block that begins at first of the directory. */
static int
read_block(struct walk *walk, uint64_t first)
{
	const struct ffs_superblock *sb = &walk->fs->sb;
	uint64_t block = first >> sb->block_shift;
	uint32_t length = ffs_block_length(sb, size_of(walk), block);
	struct ffs_run run;
	int error = ffs_map_run(walk->dir, block, 1, &run);

	if (error == 0 && run.address == 0)
		return damaged(walk, first, "block is missing", (int64_t)block);
	if (error == 0)
		error = ffs_buffer_read(walk->fs, run.address, length, &walk->buffer);
	return error == -EUCLEAN ? note_damage(walk) : error;
}

/* Have the file-system block that holds offset in walk->buffer. */
static int
walk_to(struct walk *walk, uint64_t offset)
{
	uint64_t first = round_down(offset, walk->fs->sb.block_size);
	int error;

	if (walk->buffer != NULL && walk->first == first)
		return 0;
	if (walk->bad_first == first)
		return -EUCLEAN;
	walk_end(walk);
	error = read_block(walk, first);
	if (error == 0)
		walk->first = first;
	else if (error == -EUCLEAN)
		walk->bad_first = first;
	return error;
}

/* The directory block that holds offset, inside the directory. */
static int
walk_block(struct walk *walk, uint64_t offset, const uint8_t **out)
{
	int error = walk_to(walk, offset);

	if (error < 0)
		return error;
	*out = walk->buffer->data + round_down(offset - walk->first, FFS_DIRENT_BLOCK_SIZE);
	return 0;
}

/*
 * Decode the entry at offset of the directory, in the block given; damage is
 * logged.
 */
static int
walk_entry(struct walk *walk, const uint8_t *block, uint64_t offset, struct ffs_dirent *out)
{
	uint64_t start = round_down(offset, FFS_DIRENT_BLOCK_SIZE);
	struct ffs_flaw flaw;
	int error = ffs_dirent_decode(&walk->fs->sb, block, (uint32_t)(offset - start), out, &flaw);

	return error < 0 ? damaged(walk, start + flaw.offset, flaw.what, flaw.value) : 0;
}

/* Search one directory block. */
static int
find_in_block(struct walk *walk, uint64_t offset, struct name name, uint32_t *ino)
{
	struct ffs_dirent entry;
	struct ffs_flaw flaw;
	const uint8_t *block;
	int error = walk_block(walk, offset, &block);

	if (error < 0)
		return error;
	error = ffs_dirent_find(&walk->fs->sb, block, name, &entry, &flaw);
	if (error == -EUCLEAN)
		return damaged(walk, offset + flaw.offset, flaw.what, flaw.value);
	if (error == 0)
		walk->found =
		    offset + (uint64_t)(entry.name.bytes - (const char *)block) - FFS_DIRENT_NAME;
	*ino = entry.ino;
	return error;
}

/* Search the blocks of [offset, end).  -ENOENT too if some are damaged, but not too many. */
static int
find_in_blocks(struct walk *walk, uint64_t offset, uint64_t end, struct name name, uint32_t *ino)
{
	for (; offset < end; offset += FFS_DIRENT_BLOCK_SIZE) {
		int error = find_in_block(walk, offset, name, ino);

		if (error == 0)
			atomic_store_explicit(&walk->dir->found_at, offset, memory_order_relaxed);
		if (error != -ENOENT && (error != -EUCLEAN || walk->damage_count > DAMAGES_MAX))
			return error;
	}
	return -ENOENT;
}

/* Search block by block, once around. */
static int
find_by_search(struct walk *walk, struct name name, uint32_t *ino)
{
	uint64_t start = atomic_load_explicit(&walk->dir->found_at, memory_order_relaxed);
	int error;

	if (size_of(walk) <= INDEX_FROM)
		start = 0;
	error = find_in_blocks(walk, start, size_of(walk), name, ino);
	if (error == -ENOENT)
		error = find_in_blocks(walk, 0, start, name, ino);
	return error == -ENOENT && walk->damage_count > 0 ? -EUCLEAN : error;
}

static uint32_t
index_hash(const struct ffs_inode *dir, struct name name)
{
	return (uint32_t)hash_bytes(dir->vnode.kernel->hash_secret, name.bytes, name.length);
}

static uint32_t
hash_of(const struct walk *walk, struct name name)
{
	return index_hash(walk->dir, name);
}

/* Add the entries of one directory block. */
static int
index_block(struct walk *walk, struct ffs_index *index, uint64_t start)
{
	uint64_t end = start + FFS_DIRENT_BLOCK_SIZE;
	struct ffs_dirent entry;
	const uint8_t *block;
	int error = walk_block(walk, start, &block);

	for (uint64_t offset = start; error == 0 && offset < end; offset += entry.length) {
		error = walk_entry(walk, block, offset, &entry);
		if (error == 0 && ffs_dirent_is_live(&entry))
			error = ffs_index_add(index, hash_of(walk, entry.name), offset);
	}
	return error;
}

/*
 * A new index of the directory, good for all blocks that are.  Where there is too
 * much damage it ends, as a search does: a name that comes later is answered as
 * one that damage hides, and nobody reads all of this again for the next one.
 */
static int
index_build(struct walk *walk, struct ffs_index **out)
{
	uint64_t size = size_of(walk);

	*out = ffs_index_create(walk->fs->mount.kernel);
	if (*out == NULL)
		return -ENOMEM;
	for (uint64_t offset = 0; offset < size; offset += FFS_DIRENT_BLOCK_SIZE) {
		int error = index_block(walk, *out, offset);

		if (error == -EUCLEAN && walk->damage_count > DAMAGES_MAX)
			break;
		if (error == 0 || error == -EUCLEAN)
			continue;
		ffs_index_destroy(*out);
		*out = NULL;
		return error;
	}
	return 0;
}

/* Build the index, unless another thread has.  REQUIRES(index_lock) */
static struct ffs_index *
index_have(struct walk *walk)
{
	struct ffs_inode *dir = walk->dir;
	struct ffs_index *index = atomic_load_explicit(&dir->index, memory_order_relaxed);
	int error;

	if (index != NULL)
		return index;
	error = index_build(walk, &index);
	if (error == 0)
		atomic_store_explicit(&dir->index, index, memory_order_release);
	if (error == -ENOMEM || error == -EIO)
		atomic_store_explicit(&dir->is_searched, true, memory_order_relaxed);
	return index;
}

/* The index, built if need be; NULL if the directory is to be searched. */
static struct ffs_index *
index_of(struct walk *walk)
{
	struct ffs_inode *dir = walk->dir;
	struct ffs_index *index = atomic_load_explicit(&dir->index, memory_order_acquire);
	uint64_t max = walk->fs->mount.kernel->memory.limit / INDEX_SHARE;

	if (index != NULL || size_of(walk) <= INDEX_FROM ||
	    size_of(walk) > min_u64(max, FFS_INDEX_OFFSET_MAX) ||
	    atomic_load_explicit(&dir->is_searched, memory_order_relaxed))
		return index;
	mutex_lock(&walk->fs->index_lock);
	index = index_have(walk);
	mutex_unlock(&walk->fs->index_lock);
	return index;
}

/* Look at the entries that the index has for this name. */
static int
find_by_index(struct walk *walk, const struct ffs_index *index, struct name name, uint32_t *ino)
{
	uint32_t cursor = 0, hash = hash_of(walk, name);
	uint64_t offset;

	while (ffs_index_next(index, hash, &cursor, &offset)) {
		struct ffs_dirent entry;
		const uint8_t *block;
		int error = walk_block(walk, offset, &block);

		if (error == 0)
			error = walk_entry(walk, block, offset, &entry);
		if (error < 0)
			return error;
		if (name_equal(entry.name, name)) {
			*ino = entry.ino;
			walk->found = offset;
			return 0;
		}
	}
	return atomic_load_explicit(&walk->dir->is_damaged, memory_order_relaxed) ? -EUCLEAN
										  : -ENOENT;
}

int
ffs_directory_find(struct ffs_inode *dir, struct name name, uint32_t *ino, uint64_t *offset)
{
	struct ffs_index *index;
	struct walk walk;
	int error;

	*ino = 0;
	walk_start(&walk, dir);
	index = index_of(&walk);
	if (index != NULL)
		error = find_by_index(&walk, index, name, ino);
	else
		error = find_by_search(&walk, name, ino);
	*offset = walk.found;
	walk_end(&walk);
	return error;
}

void
ffs_directory_note_added(struct ffs_inode *dir, struct name name, uint64_t offset)
{
	struct ffs_index *index = atomic_load_explicit(&dir->index, memory_order_relaxed);

	if (index == NULL || ffs_index_add(index, index_hash(dir, name), offset) == 0)
		return;
	/* An index that lacks something is worse than none. */
	atomic_store_explicit(&dir->index, NULL, memory_order_relaxed);
	ffs_index_destroy(index);
}

void
ffs_directory_note_removed(struct ffs_inode *dir, struct name name, uint64_t offset)
{
	struct ffs_index *index = atomic_load_explicit(&dir->index, memory_order_relaxed);

	if (index != NULL)
		ffs_index_remove(index, index_hash(dir, name), offset);
}

/* Is the entry that led from dir to vnode the only one there may be? */
static int
check_entered(struct ffs_inode *dir, struct vnode *vnode)
{
	struct ffs_mount *fs = ffs_mount_of_inode(dir);
	uint32_t parent = ffs_inode_of(vnode)->parent_ino;

	if (vnode->type != VNODE_DIRECTORY || (parent == dir->vnode.ino && vnode != &dir->vnode))
		return 0;
	kernel_log(fs->mount.kernel, LOG_ERROR,
	    "ffs: %.48s: directory inode %llu is entered in %llu, but its \"..\" is %u", fs->name,
	    (unsigned long long)vnode->ino, (unsigned long long)dir->vnode.ino, parent);
	return -EUCLEAN;
}

int
ffs_directory_lookup(struct vnode *vdir, struct name name, struct vnode **out)
{
	struct ffs_inode *dir = ffs_inode_of(vdir);
	struct ffs_mount *fs = ffs_mount_of_inode(dir);
	uint64_t offset;
	uint32_t ino;
	int error;

	*out = NULL;
	if (name_equal(name, NAME("..")))
		return vnode_find(vdir->mount, dir->parent_ino, out);
	error = ffs_directory_find(dir, name, &ino, &offset);
	if (error < 0)
		return error;
	error = vnode_find(vdir->mount, ino, out);
	if (error == -ENOENT) {
		kernel_log(fs->mount.kernel, LOG_ERROR,
		    "ffs: %.48s: directory inode %llu: an entry leads to inode %u, which is free",
		    fs->name, (unsigned long long)vdir->ino, ino);
		return -EUCLEAN;
	}
	if (error < 0)
		return error;
	error = check_entered(dir, *out);
	if (error < 0) {
		vnode_put(*out);
		*out = NULL;
	}
	return error;
}

/* Types are Linux's; one that is none, or not told, is 0. */
static enum vnode_type
type_of(const struct ffs_dirent *entry)
{
	switch (entry->type) {
	case FFS_TYPE_FIFO:
	case FFS_TYPE_CHARACTER:
	case FFS_TYPE_DIRECTORY:
	case FFS_TYPE_BLOCK:
	case FFS_TYPE_REGULAR:
	case FFS_TYPE_SYMLINK:
	case FFS_TYPE_SOCKET:
		return (enum vnode_type)entry->type;
	case FFS_TYPE_NONE:
	case FFS_TYPE_WHITEOUT:
	default:
		return (enum vnode_type)0;
	}
}

/*
 * Give the entries of the directory block at start that are at or after
 * *position.  1 if the sink is full, else 0 with *position at the block's end,
 * damaged or not.
 */
static int
list_block(struct walk *walk, uint64_t start, uint64_t *position, struct directory_sink *sink)
{
	uint64_t end = start + FFS_DIRENT_BLOCK_SIZE;
	struct ffs_dirent entry;
	const uint8_t *block;
	int error = walk_block(walk, start, &block);

	for (uint64_t offset = start; error == 0 && offset < end; offset += entry.length) {
		error = walk_entry(walk, block, offset, &entry);
		if (error < 0 || offset < *position || !ffs_dirent_is_live(&entry))
			continue;
		if (!sink->add(sink, entry.name, entry.ino, type_of(&entry), offset + entry.length))
			return 1;
		*position = offset + entry.length;
	}
	if (error == 0 || (error == -EUCLEAN && walk->damage_count <= DAMAGES_MAX)) {
		*position = end;
		return 0;
	}
	return error;
}

int
ffs_directory_read(struct vnode *vdir, uint64_t *position, struct directory_sink *sink)
{
	uint64_t begin = *position, start = round_down(begin, FFS_DIRENT_BLOCK_SIZE);
	struct ffs_inode *dir = ffs_inode_of(vdir);
	struct walk walk;
	int error = 0;

	walk_start(&walk, dir);
	for (; error == 0 && start < vdir->attributes.size; start += FFS_DIRENT_BLOCK_SIZE)
		error = list_block(&walk, start, position, sink);
	walk_end(&walk);
	if (error != 0)
		return error < 0 ? error : 0;

	/* The last call, which has nothing to give, tells what was left out. */
	if (begin >= vdir->attributes.size && atomic_load(&dir->is_damaged))
		return -EUCLEAN;
	return 0;
}

int
ffs_directory_load(struct ffs_inode *dir)
{
	static const struct name names[] = { { ".", 1 }, { "..", 2 } };
	uint32_t inos[2] = { 0, 0 };
	uint64_t offset = 0;
	struct ffs_dirent entry;
	const uint8_t *block;
	struct walk walk;
	int error;

	walk_start(&walk, dir);
	if (size_of(&walk) < FFS_DIRENT_BLOCK_SIZE)
		return damaged(&walk, 0, "directory is empty", 0);
	error = walk_block(&walk, 0, &block);
	for (unsigned i = 0; error == 0 && i < 2; i++) {
		if (offset >= FFS_DIRENT_BLOCK_SIZE)
			error = damaged(&walk, offset, "entry .. is missing", 0);
		else
			error = walk_entry(&walk, block, offset, &entry);
		if (error == 0 && !name_equal(entry.name, names[i]))
			error = damaged(&walk, offset, "first entries are not . and ..", entry.ino);
		inos[i] = entry.ino;
		offset += entry.length;
	}
	if (error == 0 && inos[0] != dir->vnode.ino)
		error = damaged(&walk, 0, "entry . leads elsewhere", inos[0]);
	dir->parent_ino = inos[1];
	walk_end(&walk);
	return error;
}
