/*
 * What has lost its name gets one in lost+found; and how directories get
 * entries, blocks, and inodes at all, when all that is used is known.
 *
 * Content is written before the pointer to it, and an inode before the entry
 * that leads to it.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "kern/memory.h"

#define FOUND_NAME	  NAME("lost+found")
#define FOUND_PERMISSIONS 0700
#define ROOT_PERMISSIONS  0755
#define SUFFIX_MAX	  100 /* names that are tried where one is taken */

/* ---- blocks of directories ----------------------------------------------------------- */

/* Fill bytes with blocks that have no entries. */
static void
fill_empty(const struct ffs_checking *check, uint8_t *bytes, size_t size)
{
	static const struct check_entries none = { .count = 0 };

	for (size_t at = 0; at < size; at += FFS_DIRENT_BLOCK_SIZE)
		ffs_check_block_write(&check->sb, &none, bytes + at);
}

int
ffs_check_write_empty(struct ffs_checking *check, uint64_t offset, uint32_t size)
{
	fill_empty(check, check->scratch, size);
	return ffs_check_write(check, offset, check->scratch, size);
}

/* Say that a directory holds count fragments more, and has this size. */
static int
enlarge(struct ffs_checking *check, uint32_t ino, uint32_t count, uint64_t size)
{
	struct ffs_dinode dinode;
	int error = ffs_check_load(check, ino, &dinode);

	if (error < 0)
		return error;
	dinode.sector_count += (uint64_t)count * (check->sb.fragment_size / FFS_SECTOR_SIZE);
	dinode.size = max_u64(dinode.size, size);
	return ffs_check_store(check, ino, &dinode);
}

int
ffs_check_fill_hole(struct ffs_checking *check, uint32_t ino, uint64_t place, uint32_t count)
{
	uint64_t first;
	int error = ffs_check_allocate(check, ino / check->sb.inodes_per_group, count, &first);

	if (error == 0)
		error = ffs_check_write_empty(check, ffs_fragment_offset(&check->sb, first),
		    count << check->sb.fragment_shift);
	if (error == 0)
		error = ffs_check_set_pointer(check, place, first);
	return error < 0 ? error : enlarge(check, ino, count, 0);
}

/* The last block of a directory is a part of one: let it be whole. */
static int
complete_block(struct ffs_checking *check, uint32_t ino, const struct ffs_dinode *dinode)
{
	const struct ffs_superblock *sb = &check->sb;
	uint32_t number = (uint32_t)(dinode->size >> sb->block_shift);
	uint32_t have = ffs_block_length(sb, dinode->size, number), group;
	uint64_t old = dinode->direct[number], place, first;
	int error = ffs_check_find_pointer(check, ino, dinode, number, &place);

	group = ino / sb->inodes_per_group;
	if (error == 0)
		error = ffs_check_allocate(check, group, sb->fragments_per_block, &first);
	if (error != 0)
		return error < 0 ? error : -ENOSPC;
	error = ffs_check_read(check, ffs_fragment_offset(sb, old), check->scratch, have);
	have = (uint32_t)(dinode->size & (sb->block_size - 1));
	fill_empty(check, check->scratch + have, sb->block_size - have);
	if (error == 0)
		error = ffs_check_write(check, ffs_fragment_offset(sb, first), check->scratch,
		    sb->block_size);
	if (error == 0)
		error = ffs_check_set_pointer(check, place, first);
	have = ffs_block_length(sb, dinode->size, number) >> sb->fragment_shift;
	ffs_check_release(check, old, have);
	return error < 0 ? error
			 : enlarge(check, ino, sb->fragments_per_block - have,
			       (uint64_t)(number + 1) << sb->block_shift);
}

/* See to a block of pointers for the first blocks that the inode has no place for. */
static int
add_indirect(struct ffs_checking *check, uint32_t ino, const struct ffs_dinode *dinode)
{
	const struct ffs_superblock *sb = &check->sb;
	uint64_t place = ffs_check_inode_place(check, ino) + ffs_dinode_pointers(sb) +
			 (uint64_t)FFS_DIRECT_COUNT * sb->pointer_size;
	uint64_t first;
	int error;

	if (dinode->indirect[0] != 0)
		return -ENOSPC; /* larger than we care to make it */
	error =
	    ffs_check_allocate(check, ino / sb->inodes_per_group, sb->fragments_per_block, &first);
	if (error < 0)
		return error;
	memset(check->scratch, 0, sb->block_size);
	error =
	    ffs_check_write(check, ffs_fragment_offset(sb, first), check->scratch, sb->block_size);
	if (error == 0)
		error = ffs_check_set_pointer(check, place, first);
	return error < 0 ? error : enlarge(check, ino, sb->fragments_per_block, 0);
}

/* Give a directory another block of empty entries. */
static int
grow(struct ffs_checking *check, uint32_t ino, struct ffs_dinode *dinode)
{
	const struct ffs_superblock *sb = &check->sb;
	uint64_t number = dinode->size >> sb->block_shift, place;
	int error;

	if ((dinode->size & (sb->block_size - 1)) != 0 && number < FFS_DIRECT_COUNT)
		return complete_block(check, ino, dinode);
	error = ffs_check_find_pointer(check, ino, dinode, number, &place);
	if (error == 1) {
		error = add_indirect(check, ino, dinode);
		if (error == 0)
			error = ffs_check_load(check, ino, dinode);
		if (error == 0)
			error = ffs_check_find_pointer(check, ino, dinode, number, &place);
	}
	if (error == 0)
		error = ffs_check_fill_hole(check, ino, place, sb->fragments_per_block);
	if (error != 0)
		return error < 0 ? error : -ENOSPC;
	return enlarge(check, ino, 0, (number + 1) << sb->block_shift);
}

/* ---- entries ---------------------------------------------------------------------------- */

struct adding {
	struct ffs_dirent entry;
	struct check_entries entries;
	bool is_only_sought;
	uint32_t found; /* the inode that an entry of this name leads to */
};

static int
add_to_block(struct ffs_checking *check, const uint8_t *bytes, uint64_t place, void *context)
{
	struct adding *adding = context;
	struct check_entries *entries = &adding->entries;
	uint32_t size = ffs_dirent_size(adding->entry.name.length);
	uint8_t block[FFS_DIRENT_BLOCK_SIZE];
	int error;

	ffs_check_block_read(&check->sb, bytes, entries);
	for (unsigned i = 0; i < entries->count; i++) {
		size += ffs_dirent_size(entries->entries[i].name.length);
		if (adding->is_only_sought &&
		    name_equal(entries->entries[i].name, adding->entry.name)) {
			adding->found = entries->entries[i].ino;
			return 1;
		}
	}
	if (adding->is_only_sought || size > FFS_DIRENT_BLOCK_SIZE || entries->is_cut)
		return 0;
	entries->entries[entries->count++] = adding->entry;
	ffs_check_block_write(&check->sb, entries, block);
	error = ffs_check_write(check, place, block, sizeof(block));
	return error < 0 ? error : 1;
}

/* The inode that name leads to in dir; NO_INO. */
static int
seek(struct ffs_checking *check, uint32_t dir, struct name name, uint32_t *ino)
{
	struct adding *adding = memory_alloc_zeroed(check->kernel, sizeof(*adding));
	struct check_reading reading = { .visit = add_to_block, .context = adding };
	struct ffs_dinode dinode;
	int result;

	*ino = FFS_CHECK_NO_INO;
	if (adding == NULL)
		return -ENOMEM;
	adding->is_only_sought = true;
	adding->entry.name = name;
	result = ffs_check_load(check, dir, &dinode);
	if (result == 0)
		result = ffs_check_read_directory(check, dir, &dinode, &reading);
	*ino = adding->found;
	memory_free(check->kernel, adding, sizeof(*adding));
	return result < 0 ? result : 0;
}

/* Add an entry to dir, from block *from on, which is set to where it went.  -ENOSPC. */
static int
add_entry(struct ffs_checking *check, uint32_t dir, struct name name, uint32_t ino, uint64_t *from)
{
	struct adding *adding = memory_alloc_zeroed(check->kernel, sizeof(*adding));
	struct check_reading reading = { .visit = add_to_block, .context = adding, .from = *from };
	struct ffs_dinode dinode;
	int result = adding == NULL ? -ENOMEM : 0;

	if (result == 0)
		adding->entry = (struct ffs_dirent){
			.ino = ino,
			.type = check->sb.has_old_inodes
				    ? FFS_TYPE_NONE
				    : (enum ffs_type)ffs_check_inode(check, ino)->type,
			.name = name,
		};
	for (unsigned tries = 0; result == 0 && tries < 2; tries++) {
		result = ffs_check_load(check, dir, &dinode);
		if (result == 0)
			result = ffs_check_read_directory(check, dir, &dinode, &reading);
		if (result == 0)
			result = tries > 0 ? -ENOSPC : grow(check, dir, &dinode);
	}
	*from = reading.number;
	memory_free(check->kernel, adding, sizeof(*adding));
	if (result < 0)
		return result;
	ffs_check_count_name(check, ino, 1);
	return 0;
}

/* ---- inodes ----------------------------------------------------------------------------- */

/* Initialise another block of inodes of a group, if it has one; 1 if not. */
static int
extend_inodes(struct ffs_checking *check, uint32_t number)
{
	const struct ffs_superblock *sb = &check->sb;
	struct check_group *group = &check->groups[number];
	uint32_t count = group->inode_count + sb->inodes_per_block;
	uint64_t at = ffs_fragment_offset(sb, ffs_group_start(sb, number) + sb->inode_offset) +
		      (uint64_t)group->inode_count * sb->inode_size;
	struct check_inode *inodes;
	int error;

	if (count > sb->inodes_per_group)
		return 1;
	inodes = memory_alloc_array(check->kernel, count, sizeof(*inodes));
	if (inodes == NULL)
		return -ENOMEM;
	if (group->inode_count > 0)
		memcpy(inodes, group->inodes, group->inode_count * sizeof(*inodes));
	memory_free(check->kernel, group->inodes, group->inode_count * sizeof(*inodes));
	group->inodes = inodes;
	group->inode_count = count;
	memset(check->scratch, 0, sb->block_size);
	error = ffs_check_write(check, at, check->scratch, sb->block_size);
	return error;
}

/* A free inode; -ENOSPC. */
static int
find_inode(struct ffs_checking *check, uint32_t *ino)
{
	for (uint32_t number = 0; number < check->sb.group_count; number++) {
		struct check_group *group = &check->groups[number];
		int error = 0;

		do {
			for (uint32_t i = number == 0 ? FFS_ROOT_INO + 1 : 0;
			     i < group->inode_count; i++) {
				*ino = number * check->sb.inodes_per_group + i;

				/* Other directories may still say that they are in one that was cleared. */
				if (group->inodes[i].type != FFS_TYPE_NONE ||
				    ffs_check_directory(check, *ino) != NULL)
					continue;
				return 0;
			}
			error = extend_inodes(check, number);
		} while (error == 0);
		if (error < 0)
			return error;
	}
	return -ENOSPC;
}

/* Know of a directory that has been made. */
static int
note_directory(struct ffs_checking *check, uint32_t ino, uint32_t parent)
{
	struct check_group *group = &check->groups[ino / check->sb.inodes_per_group];
	uint32_t index = ino % check->sb.inodes_per_group;
	struct check_directory *items;
	size_t at;

	if (ffs_check_directory(check, ino) == NULL &&
	    ffs_check_add(check, &check->directories, sizeof(*items)) == NULL)
		return -ENOMEM;
	items = check->directories.items;
	if (ffs_check_directory(check, ino) == NULL) {
		for (at = check->directories.count - 1; at > 0 && items[at - 1].ino > ino; at--)
			items[at] = items[at - 1];
		items[at] = (struct check_directory){ .ino = ino };
	}
	*ffs_check_directory(check, ino) = (struct check_directory){
		.ino = ino,
		.parent = parent,
		.dotdot = parent,
		.reach = CHECK_REACHED,
	};
	group->inodes[index] = (struct check_inode){ .type = FFS_TYPE_DIRECTORY, .links = 2 };
	group->inode_end = (uint32_t)max_u64(group->inode_end, index + 1);
	ffs_check_count_name(check, ino, 1);
	ffs_check_count_name(check, parent, 1);
	check->result->files++;
	check->result->directories++;
	return 0;
}

/* The content of a new directory, in the first fragments from first on. */
static int
write_content(struct ffs_checking *check, uint32_t ino, uint32_t parent, uint64_t first,
    uint32_t size)
{
	enum ffs_type type = check->sb.has_old_inodes ? FFS_TYPE_NONE : FFS_TYPE_DIRECTORY;
	struct check_entries *entries = memory_alloc_zeroed(check->kernel, sizeof(*entries));
	int error;

	if (entries == NULL)
		return -ENOMEM;
	entries->count = 2;
	entries->entries[0] = (struct ffs_dirent){ .ino = ino, .type = type, .name = NAME(".") };
	entries->entries[1] =
	    (struct ffs_dirent){ .ino = parent, .type = type, .name = NAME("..") };
	fill_empty(check, check->scratch, size);
	ffs_check_block_write(&check->sb, entries, check->scratch);
	memory_free(check->kernel, entries, sizeof(*entries));
	error =
	    ffs_check_write(check, ffs_fragment_offset(&check->sb, first), check->scratch, size);
	return error;
}

/* Make a directory of one block, or one fragment, that no entry leads to yet. */
static int
make_directory(struct ffs_checking *check, uint32_t ino, uint32_t parent, uint32_t permissions)
{
	const struct ffs_superblock *sb = &check->sb;
	uint32_t count = sb->fragments_per_block, group = ino / sb->inodes_per_group;
	struct ffs_time now = { .seconds = check->now };
	struct ffs_dinode dinode = {
		.type = FFS_TYPE_DIRECTORY,
		.permissions = permissions,
		.link_count = 2,
		.accessed = now,
		.modified = now,
		.changed = now,
		.born = now,
	};
	uint8_t bytes[256] = { 0 };
	int error = ffs_check_allocate(check, group, count, &dinode.direct[0]);

	if (error == -ENOSPC && count > 1) {
		count = 1;
		error = ffs_check_allocate(check, group, count, &dinode.direct[0]);
	}
	if (error < 0)
		return error;
	dinode.size = (uint64_t)count << sb->fragment_shift;
	dinode.sector_count = dinode.size / FFS_SECTOR_SIZE;
	error = write_content(check, ino, parent, dinode.direct[0], (uint32_t)dinode.size);
	ffs_dinode_clear(sb, bytes, (uint32_t)check->now);
	ffs_dinode_encode(sb, &dinode, bytes);
	if (error == 0)
		error = ffs_check_write(check, ffs_check_inode_place(check, ino), bytes,
		    sb->inode_size);
	return error < 0 ? error : note_directory(check, ino, parent);
}

int
ffs_check_make_root(struct ffs_checking *check)
{
	struct check_group *group = &check->groups[0];
	int error = 0;

	while (error == 0 && group->inode_count <= FFS_ROOT_INO)
		error = extend_inodes(check, 0);
	if (error == 0)
		error = make_directory(check, FFS_ROOT_INO, FFS_ROOT_INO, ROOT_PERMISSIONS);
	if (error != -ENOSPC && error != 1)
		return error;
	ffs_check_problem(check, FS_PROBLEM_FATAL, NULL, "there is no space for a root directory");
	return -EUCLEAN;
}

/* ---- lost+found ----------------------------------------------------------------------------- */

/* There is no lost+found, for this reason: 1. */
static int
no_found(struct ffs_checking *check, const char *why)
{
	check->is_found_missing = true;
	ffs_check_problem(check, FS_PROBLEM_DAMAGE, NULL, "/lost+found: %s", why);
	return 1;
}

/*
 * The inode may have been a directory's that was cleared: those in it, whose ".."
 * says its number, are not in the one that gets the number now.
 */
static void
forget_parent(struct ffs_checking *check, uint32_t ino)
{
	struct check_directory *dirs = check->directories.items;

	for (size_t i = 0; i < check->directories.count; i++)
		if (dirs[i].dotdot == ino)
			dirs[i].dotdot = FFS_CHECK_NO_INO;
}

static int
make_found(struct ffs_checking *check)
{
	uint64_t from = 0;
	uint32_t ino;
	int error = find_inode(check, &ino);

	if (error == 0)
		forget_parent(check, ino);
	if (error == 0)
		error = make_directory(check, ino, FFS_ROOT_INO, FOUND_PERMISSIONS);
	if (error == 0)
		error = add_entry(check, FFS_ROOT_INO, FOUND_NAME, ino, &from);
	if (error == -ENOSPC)
		return no_found(check, "there is no space to make it");
	if (error == 0)
		check->found_ino = ino;
	return error;
}

/* See to lost+found; 1 if there is none. */
static int
find_found(struct ffs_checking *check)
{
	uint32_t ino;
	int error;

	if (check->is_found_missing)
		return 1;
	if (check->found_ino != FFS_CHECK_NO_INO)
		return 0;
	if (ffs_check_directory(check, FFS_ROOT_INO) == NULL)
		return no_found(check, "there is no root directory");
	error = seek(check, FFS_ROOT_INO, FOUND_NAME, &ino);
	if (error < 0)
		return error;
	if (ino == FFS_CHECK_NO_INO)
		return make_found(check);
	if (ffs_check_directory(check, ino) == NULL || ffs_check_inode(check, ino) == NULL)
		return no_found(check, "it is no directory: rename it, then check again");
	check->found_ino = ino;
	check->has_found_names = !ffs_check_directory(check, ino)->is_empty;
	return 0;
}

/* A name that is free: "#12", "#12.1" ... */
static int
choose_name(struct ffs_checking *check, uint32_t ino, char name[32])
{
	struct text out = text_in(name, 32);
	uint32_t taken = FFS_CHECK_NO_INO;
	int error = 0;

	text_add(&out, "#%u", ino);
	for (unsigned i = 1; check->has_found_names && i < SUFFIX_MAX; i++) {
		error = seek(check, check->found_ino, name_of(name), &taken);
		if (error < 0 || taken == FFS_CHECK_NO_INO)
			break;
		out = text_in(name, 32);
		text_add(&out, "#%u.%u", ino, i);
	}
	return error;
}

int
ffs_check_rescue(struct ffs_checking *check, uint32_t ino)
{
	struct check_directory *dir;
	char name[32];
	int error = find_found(check);

	if (error == 0)
		error = choose_name(check, ino, name);
	if (error == 0)
		error = add_entry(check, check->found_ino, name_of(name), ino, &check->found_from);
	if (error == -ENOSPC)
		error = no_found(check, "there is no space for more names in it");
	if (error == 1)
		ffs_check_failed(check);
	if (error != 0)
		return error;
	dir = ffs_check_directory(check, ino);
	if (dir == NULL)
		return 0;
	dir->parent = check->found_ino;
	return ffs_check_set_parent(check, dir, check->found_ino);
}
