/*
 * Each inode, and what it holds.
 *
 * Groups are read in large pieces, as far as inodes have ever been in use there:
 * UFS2 says how far in the group's header, and its map is believed as well if it
 * says more.  Of an inode its type, its size and every pointer are checked; what
 * pointers lead to is claimed.  What is wrong is collected, told in one line for
 * each kind, and then repaired.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "kern/memory.h"
#include "vfs/vnode.h"

#define PIECE_SIZE	((size_t)256 << 10) /* of inodes read at a time, bytes; a block at least */
#define PROGRESS_GROUPS 64

static const char *const type_names[16] = {
	[FFS_TYPE_FIFO] = "fifo",
	[FFS_TYPE_CHARACTER] = "character device",
	[FFS_TYPE_DIRECTORY] = "directory",
	[FFS_TYPE_BLOCK] = "block device",
	[FFS_TYPE_REGULAR] = "regular file",
	[FFS_TYPE_SYMLINK] = "symbolic link",
	[FFS_TYPE_SOCKET] = "socket",
};

/* An inode being looked at. */
struct visit {
	struct ffs_dinode dinode;
	uint32_t ino;
	struct check_list drops; /* uint64_t: places of pointers that are to become 0 */
	uint64_t bad;		 /* pointers of them to where nothing of a file can be */
	uint64_t past_end;	 /* ... of blocks behind the file's end */
	uint64_t
	    bad_extension; /* ... of extended attributes, whatever is wrong with them; 0 again once repaired */
	uint64_t shared;    /* pointers to what somebody holds already */
	uint64_t held;	    /* fragments */
	uint64_t end;	    /* behind the last block of data, blocks */
	uint64_t first_bad; /* where the first bad one leads */
	bool is_claimed;    /* what it holds, before */
};

/* ---- what an inode holds ------------------------------------------------------------ */

static int
drop(struct ffs_checking *check, struct visit *visit, uint64_t place)
{
	uint64_t *item = ffs_check_add(check, &visit->drops, sizeof(*item));

	if (item == NULL)
		return -ENOMEM;
	*item = place;
	return CHECK_PASS;
}

static int
add_shared(struct ffs_checking *check, struct visit *visit, const struct check_pointer *pointer)
{
	struct check_shared *shared = ffs_check_add(check, &check->shared, sizeof(*shared));

	if (shared == NULL)
		return -ENOMEM;
	*shared = (struct check_shared){
		.ino = pointer->ino,
		.count = pointer->count,
		.fragment = pointer->fragment,
		.place = pointer->place,
		.number = pointer->number,
		.depth = pointer->depth,
	};
	visit->shared++;
	visit->held += pointer->count;
	return CHECK_PASS;
}

static int
claim_pointer(struct ffs_checking *check, const struct check_pointer *pointer, void *context)
{
	struct visit *visit = context;
	int result;

	if (!pointer->is_past_end && ffs_check_may_hold(check, pointer->fragment, pointer->count)) {
		if (!pointer->is_extension)
			visit->end = pointer->number + 1;
		result = visit->is_claimed
			     ? 0
			     : ffs_check_claim(check, pointer->fragment, pointer->count);
		if (result == 1)
			return add_shared(check, visit, pointer);
		visit->held += pointer->count;
		return result < 0 ? result : CHECK_DESCEND;
	}
	if (pointer->is_extension) {
		visit->bad_extension++;
	} else if (pointer->is_past_end) {
		visit->past_end++;
	} else if (visit->bad++ == 0) {
		visit->first_bad = pointer->fragment;
	}
	return drop(check, visit, pointer->place);
}

/* ---- repairs -------------------------------------------------------------------------- */

/* "inode 12 (regular file of 4096 bytes, uid 0)" */
static const char *
words(const struct visit *visit, char text[128])
{
	struct text out = text_in(text, 128);
	const char *type = type_names[visit->dinode.type & 15];

	text_add(&out, "inode %u (%s of %llu bytes, uid %u)", visit->ino,
	    type == NULL ? "unknown" : type, (unsigned long long)visit->dinode.size,
	    visit->dinode.uid);
	return text;
}

/* Let the inode say what it holds, and how large it is. */
static int
store(struct ffs_checking *check, struct visit *visit)
{
	struct ffs_dinode now;
	int error = ffs_check_load(check, visit->ino, &now);

	if (error < 0)
		return error;
	now.size = visit->dinode.size;
	now.sector_count = visit->held * (check->sb.fragment_size / FFS_SECTOR_SIZE);
	return ffs_check_store(check, visit->ino, &now);
}

static int
drop_pointers(struct ffs_checking *check, struct visit *visit)
{
	const uint64_t *places = visit->drops.items;
	int error = 0;

	for (size_t i = 0; error == 0 && i < visit->drops.count; i++)
		error = ffs_check_set_pointer(check, places[i], 0);
	return error;
}

/* Pointers that lead to nowhere, or to behind the end. */
static int
repair_pointers(struct ffs_checking *check, struct visit *visit)
{
	unsigned told = 0, wanted = 0;
	char text[128];
	int error = 0;

	words(visit, text);
	if (visit->bad > 0 && ++told > 0)
		wanted += ffs_check_problem(check, FS_PROBLEM_DAMAGE, "take them away",
		    "%s: %llu of its pointers lead to where no file can have anything, the first "
		    "to fragment %llu",
		    text, (unsigned long long)visit->bad, (unsigned long long)visit->first_bad);
	if (visit->past_end > 0 && ++told > 0)
		wanted += ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "free them",
		    "%s: it has blocks behind its end", text);
	if (visit->bad_extension > 0 && ++told > 0)
		wanted += ffs_check_problem(check, FS_PROBLEM_DAMAGE, "take them away",
		    "%s: pointers of its extended attributes are damaged", text);
	if (wanted < told) {
		/* It is one repair, since what is held follows from all of it. */
		while (wanted-- > 0)
			ffs_check_failed(check);
		return 0;
	}
	visit->bad_extension = 0;
	error = drop_pointers(check, visit);
	return error < 0 ? error : store(check, visit);
}

/* Sectors held, where the pointers are good. */
static int
check_sectors(struct ffs_checking *check, struct visit *visit)
{
	uint64_t held = visit->held * (check->sb.fragment_size / FFS_SECTOR_SIZE);
	char text[128];

	if (visit->dinode.sector_count == held)
		return 0;
	if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "correct it",
		"%s: it holds %llu sectors, but says %llu", words(visit, text),
		(unsigned long long)held, (unsigned long long)visit->dinode.sector_count))
		return 0;
	return store(check, visit);
}

/* ---- size --------------------------------------------------------------------------------- */

/* The size that fits what a file holds. */
static uint64_t
size_held(const struct ffs_checking *check, const struct visit *visit)
{
	return min_u64(visit->end << check->sb.block_shift, check->sb.file_size_max);
}

/*
 * A size that no file can have.  It has to be set right before anything is
 * claimed, as how much the last block holds depends on it.
 */
static int
check_size(struct ffs_checking *check, struct visit *visit)
{
	struct ffs_dinode *dinode = &visit->dinode;
	uint64_t size = dinode->size;
	char text[128];

	words(visit, text);
	if (dinode->type == FFS_TYPE_DIRECTORY && size % FFS_DIRENT_BLOCK_SIZE != 0)
		size = round_down(size, FFS_DIRENT_BLOCK_SIZE) + FFS_DIRENT_BLOCK_SIZE;
	if (dinode->type == FFS_TYPE_DIRECTORY)
		size = min_u64(size,
		    (uint64_t)INT32_MAX / FFS_DIRENT_BLOCK_SIZE * FFS_DIRENT_BLOCK_SIZE);
	size = min_u64(size, check->sb.file_size_max);
	if (size == dinode->size)
		return 0;
	dinode->size = size;
	if (!ffs_check_problem(check, FS_PROBLEM_DAMAGE, "set it to what it holds",
		"%s: nothing can have that size", text))
		return 0;
	return 1; /* what it holds is known only later */
}

/* ---- one inode ------------------------------------------------------------------------------ */

static void
note(struct ffs_checking *check, struct check_inode *inode, const struct visit *visit)
{
	const struct ffs_dinode *dinode = &visit->dinode;
	bool is_internal = (dinode->flags & FFS_INODE_SNAPSHOT) != 0 ||
			   (check->sb.journal.ino != 0 && visit->ino == check->sb.journal.ino);

	inode->type = (uint8_t)dinode->type;
	inode->links = (uint16_t)dinode->link_count;
	if (is_internal)
		inode->flags |= CHECK_IS_INTERNAL;
	if (visit->shared > 0)
		inode->flags |= CHECK_HAS_SHARED;
	if (dinode->extension_size > 0 && visit->bad_extension == 0)
		inode->flags |= CHECK_HAS_ATTRIBUTES;
	check->result->files++;
}

static int
note_directory(struct ffs_checking *check, uint32_t ino)
{
	struct check_directory *dir = ffs_check_add(check, &check->directories, sizeof(*dir));

	if (dir == NULL)
		return -ENOMEM;
	*dir = (struct check_directory){ .ino = ino };
	check->result->directories++;
	return 0;
}

static NOINLINE int
check_content(struct ffs_checking *check, struct visit *visit)
{
	int is_resized = check_size(check, visit);
	int error = ffs_check_walk(check, visit->ino, &visit->dinode, claim_pointer, visit);

	if (error < 0)
		return error;
	if (is_resized == 1 && visit->dinode.type != FFS_TYPE_DIRECTORY)
		visit->dinode.size = min_u64(visit->dinode.size, size_held(check, visit));
	if (visit->drops.count > 0)
		error = repair_pointers(check, visit);
	else if (is_resized == 0)
		error = check_sectors(check, visit);
	if (error == 0 && is_resized == 1)
		error = store(check, visit);
	return error;
}

static int
clear(struct ffs_checking *check, uint32_t ino, uint8_t *bytes)
{
	ffs_dinode_clear(&check->sb, bytes, ffs_dinode_generation(&check->sb, bytes));
	return ffs_check_write(check, ffs_check_inode_place(check, ino), bytes,
	    check->sb.inode_size);
}

static bool
has_known_type(const struct ffs_dinode *dinode)
{
	return type_names[dinode->type & 15] != NULL;
}

/* An inode of a type that there is none of; 1 if it is to be looked at no more. */
static NOINLINE int
check_type(struct ffs_checking *check, struct visit *visit, uint8_t *bytes,
    struct check_inode *inode)
{
	if (has_known_type(&visit->dinode))
		return 0;
	if (ffs_check_problem(check, FS_PROBLEM_DAMAGE, "clear it",
		"inode %u: its type %u is unknown", visit->ino, visit->dinode.type)) {
		int error = clear(check, visit->ino, bytes);

		return error < 0 ? error : 1;
	}
	inode->flags |= CHECK_IS_STRANGE;
	note(check, inode, visit);
	return 1;
}

/* Is there a target of a symbolic link, as drivers want it?  1, or 0. */
static int
has_target(struct ffs_checking *check, const struct ffs_dinode *dinode)
{
	const struct ffs_superblock *sb = &check->sb;
	uint32_t length = ffs_block_length(sb, dinode->size, 0);
	const uint8_t *target = dinode->target;

	if (dinode->size == 0 || dinode->size >= PATH_LENGTH_MAX)
		return 0;
	if (!dinode->is_short_link) {
		uint64_t fragment = dinode->direct[0];
		int error;

		if (!ffs_check_may_hold(check, fragment, length >> sb->fragment_shift))
			return 0;
		error = ffs_check_read(check, ffs_fragment_offset(sb, fragment), check->scratch,
		    length);
		if (error < 0)
			return error;
		target = check->scratch;
	}
	for (size_t i = 0; i < dinode->size; i++)
		if (target[i] == '\0')
			return 0;
	return 1;
}

/* A symbolic link to nothing that could be a path; 1 if it is to be looked at no more. */
static NOINLINE int
check_target(struct ffs_checking *check, struct visit *visit, uint8_t *bytes)
{
	char text[128];
	int result;

	if (visit->dinode.type != FFS_TYPE_SYMLINK)
		return 0;
	result = has_target(check, &visit->dinode);
	if (result != 0)
		return result < 0 ? result : 0;
	if (!ffs_check_problem(check, FS_PROBLEM_DAMAGE, "clear it", "%s: its target is damaged",
		words(visit, text)))
		return 0;
	result = clear(check, visit->ino, bytes);
	return result < 0 ? result : 1;
}

/* Like what it calls, with a frame of its own: together they would be too large. */
static NOINLINE int
check_inode(struct ffs_checking *check, uint32_t ino, uint8_t *bytes, struct check_inode *inode)
{
	struct visit visit = {
		.ino = ino,
		.is_claimed = check->is_journal_claimed && ino == check->sb.journal.ino,
	};
	int error;

	ffs_check_decode(check, bytes, &visit.dinode);
	error = check_type(check, &visit, bytes, inode);
	if (error == 0)
		error = check_target(check, &visit, bytes);
	if (error != 0)
		return error < 0 ? error : 0;
	error = check_content(check, &visit);
	ffs_check_free_list(check, &visit.drops, sizeof(uint64_t));
	if (error < 0)
		return error;
	note(check, inode, &visit);
	return visit.dinode.type == FFS_TYPE_DIRECTORY ? note_directory(check, ino) : 0;
}

/* A free inode that still says that it holds something. */
static int
check_free(struct ffs_checking *check, uint32_t ino, uint8_t *bytes)
{
	if (!ffs_dinode_is_remnant(&check->sb, bytes))
		return 0;
	if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "clear it",
		"inode %u is free, but not cleared", ino))
		return 0;
	return clear(check, ino, bytes);
}

/* ---- groups ----------------------------------------------------------------------------------- */

/* The journal's inode has been in use, whatever its group says. */
static uint32_t
count_with_journal(const struct ffs_checking *check, uint32_t number, uint32_t count)
{
	const struct ffs_superblock *sb = &check->sb;
	uint32_t index = sb->journal.ino % sb->inodes_per_group;

	if (!check->is_journal_claimed || sb->journal.ino / sb->inodes_per_group != number)
		return count;
	return (uint32_t)max_u64(count, round_up(index + (uint64_t)1, sb->inodes_per_block));
}

/* How many inodes of a group have been in use: by its header, and by its map. */
static uint32_t
count_initialised(struct ffs_checking *check, uint32_t number, uint8_t *header)
{
	struct ffs_group group;
	struct ffs_flaw flaw;
	uint32_t count;

	if (ffs_group_decode(&check->sb, header, number, &group, &flaw) < 0) {
		check->groups[number].is_damaged = true;
		return check->sb.inodes_per_group;
	}
	count = ffs_group_initialised(&group);
	for (uint32_t i = group.inode_count; i > count; i--)
		if (ffs_group_inode_is_used(&group, i - 1))
			return (uint32_t)round_up(i, check->sb.inodes_per_block);
	return count;
}

static int
check_piece(struct ffs_checking *check, uint32_t number, uint32_t first, uint32_t count,
    uint8_t *bytes)
{
	struct check_group *group = &check->groups[number];
	uint32_t base = number * check->sb.inodes_per_group;

	for (uint32_t i = first; i < first + count; i++, bytes += check->sb.inode_size) {
		int error;

		if (base + i < FFS_ROOT_INO)
			continue;
		if (ffs_dinode_is_free(&check->sb, bytes))
			error = check_free(check, base + i, bytes);
		else
			error = check_inode(check, base + i, bytes, &group->inodes[i]);
		if (error < 0)
			return error;
		if (group->inodes[i].type != FFS_TYPE_NONE ||
		    (group->inodes[i].flags & CHECK_IS_STRANGE))
			group->inode_end = i + 1;
	}
	return 0;
}

static int
check_group(struct ffs_checking *check, uint32_t number, uint8_t *piece, size_t piece_size)
{
	const struct ffs_superblock *sb = &check->sb;
	struct check_group *group = &check->groups[number];
	uint64_t header = ffs_group_start(sb, number) + sb->header_offset;
	size_t header_size = (size_t)round_up(sb->header_size, sb->fragment_size);
	uint32_t per_piece = (uint32_t)(piece_size / sb->inode_size);
	int error = ffs_check_read(check, ffs_fragment_offset(sb, header), piece, header_size);

	if (error < 0)
		return error;
	group->inode_count =
	    count_with_journal(check, number, count_initialised(check, number, piece));
	if (group->inode_count == 0)
		return 0;
	group->inodes =
	    memory_alloc_array(check->kernel, group->inode_count, sizeof(*group->inodes));
	if (group->inodes == NULL) {
		group->inode_count = 0;
		return -ENOMEM;
	}
	for (uint32_t i = 0; error == 0 && i < group->inode_count; i += per_piece) {
		uint32_t count = (uint32_t)min_u64(per_piece, group->inode_count - i);
		uint64_t at =
		    ffs_fragment_offset(sb, ffs_group_start(sb, number) + sb->inode_offset) +
		    (uint64_t)i * sb->inode_size;

		error = ffs_check_read(check, at, piece, (size_t)count * sb->inode_size);
		if (error == 0)
			error = check_piece(check, number, i, count, piece);
	}
	return error;
}

int
ffs_check_inodes(struct ffs_checking *check)
{
	size_t piece_size = (size_t)max_u64(PIECE_SIZE, check->sb.block_size);
	uint8_t *piece = memory_alloc(check->kernel, piece_size);
	int error = piece == NULL ? -ENOMEM : ffs_check_claim_journal(check);

	for (uint32_t i = 0; error == 0 && i < check->sb.group_count; i++) {
		if (i % PROGRESS_GROUPS == 0)
			ffs_check_progress(check, "inodes", i, check->sb.group_count);
		error = check_group(check, i, piece, piece_size);
	}
	memory_free(check->kernel, piece, piece_size);
	return error;
}
