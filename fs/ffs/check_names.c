/*
 * Directories: their blocks, and every entry.
 *
 * A directory's missing blocks are filled, or, where that makes no sense, it ends
 * in front of them.  Then each block of 512 bytes is read; the entries that are
 * to stay are counted, and the block is written anew if they are not all.  What
 * is told but not repaired is counted as if it had been, so that one mistake is
 * not told twice.
 */
#include "base/errno.h"
#include "base/hash.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "kern/memory.h"

#define HOLES_MAX     16 /* missing blocks that are filled */
#define SET_AT_FIRST  64
#define PROGRESS_STEP 256
#define PATH_DEPTH    64

/* ---- reading ---------------------------------------------------------------------- */

struct reader {
	struct check_reading *reading;
	const struct ffs_dinode *dinode;
	uint8_t *block;
	int result;
};

static int
read_block(struct ffs_checking *check, const struct check_pointer *pointer, void *context)
{
	struct reader *reader = context;
	uint64_t offset = ffs_fragment_offset(&check->sb, pointer->fragment);
	uint64_t start = pointer->number << check->sb.block_shift;
	size_t size = (size_t)pointer->count << check->sb.fragment_shift;
	int error;

	if (pointer->is_extension || !ffs_check_is_ours(check, pointer))
		return CHECK_PASS;
	if (pointer->depth > 0)
		return CHECK_DESCEND;
	if (pointer->number < reader->reading->from)
		return CHECK_PASS;
	error = ffs_check_read(check, offset, reader->block, size);
	if (error < 0)
		return error;
	size = (size_t)min_u64(size, reader->dinode->size - start);
	reader->reading->number = pointer->number;
	for (size_t at = 0; at + FFS_DIRENT_BLOCK_SIZE <= size; at += FFS_DIRENT_BLOCK_SIZE) {
		reader->result = reader->reading->visit(check, reader->block + at, offset + at,
		    reader->reading->context);
		if (reader->result != 0)
			return -ECANCELED;
	}
	return CHECK_PASS;
}

int
ffs_check_read_directory(struct ffs_checking *check, uint32_t ino, const struct ffs_dinode *dinode,
    struct check_reading *reading)
{
	struct reader reader = { .reading = reading, .dinode = dinode };
	int error;

	reader.block = memory_alloc(check->kernel, check->sb.block_size);
	if (reader.block == NULL)
		return -ENOMEM;
	error = ffs_check_walk(check, ino, dinode, read_block, &reader);
	memory_free(check->kernel, reader.block, check->sb.block_size);
	return reader.result != 0 ? reader.result : error;
}

/* ---- paths ------------------------------------------------------------------------- */

/* Looking for the entry that leads to an inode. */
struct finding {
	uint32_t ino;
	char name[256];
	size_t length;
	struct check_entries entries;
	bool removes;
};

static bool
is_dot(struct name name)
{
	return name_equal(name, NAME(".")) || name_equal(name, NAME(".."));
}

static int
find_in_block(struct ffs_checking *check, const uint8_t *bytes, uint64_t place, void *context)
{
	struct finding *finding = context;
	struct check_entries *entries = &finding->entries;
	uint8_t block[FFS_DIRENT_BLOCK_SIZE];
	int error;

	ffs_check_block_read(&check->sb, bytes, entries);
	for (unsigned i = 0; i < entries->count; i++) {
		const struct ffs_dirent *entry = &entries->entries[i];

		if (entry->ino != finding->ino || is_dot(entry->name))
			continue;
		memcpy(finding->name, entry->name.bytes, entry->name.length);
		finding->length = entry->name.length;
		if (!finding->removes)
			return 1;
		for (; i + 1 < entries->count; i++)
			entries->entries[i] = entries->entries[i + 1];
		entries->count--;
		ffs_check_block_write(&check->sb, entries, block);
		error = ffs_check_write(check, place, block, sizeof(block));
		return error < 0 ? error : 1;
	}
	return 0;
}

/* The name by which dir leads to ino: 1, or 0. */
static int
find_name(struct ffs_checking *check, uint32_t dir, struct finding *finding)
{
	struct check_reading reading = { .visit = find_in_block, .context = finding };
	struct ffs_dinode dinode;
	int error = ffs_check_load(check, dir, &dinode);

	return error < 0 ? error : ffs_check_read_directory(check, dir, &dinode, &reading);
}

int
ffs_check_remove_entry(struct ffs_checking *check, uint32_t dir, uint32_t ino)
{
	struct finding *finding = memory_alloc_zeroed(check->kernel, sizeof(*finding));
	int result;

	if (finding == NULL)
		return -ENOMEM;
	finding->ino = ino;
	finding->removes = true;
	result = find_name(check, dir, finding);
	if (result == 1)
		ffs_check_count_name(check, ino, -1);
	memory_free(check->kernel, finding, sizeof(*finding));
	return result < 0 ? result : 0;
}

/* Put name, and a slash, in front of what is at *begin. */
static void
prepend(char *text, size_t *begin, struct name name)
{
	size_t room = *begin > 0 ? *begin - 1 : 0;
	size_t length = (size_t)min_u64(name.length, room);

	*begin -= length;
	memcpy(text + *begin, name.bytes, length);
	if (*begin > 0)
		text[--*begin] = '/';
}

const char *
ffs_check_path(struct ffs_checking *check, uint32_t dir, struct name name,
    char text[FFS_CHECK_TEXT])
{
	struct finding *finding = memory_alloc_zeroed(check->kernel, sizeof(*finding));
	size_t begin = FFS_CHECK_TEXT - 1;
	unsigned depth = 0;

	text[begin] = '\0';
	if (name.length > 0)
		prepend(text, &begin, name);
	for (; finding != NULL && dir != FFS_ROOT_INO && depth < PATH_DEPTH; depth++) {
		const struct check_directory *directory = ffs_check_directory(check, dir);
		uint32_t parent = directory == NULL   ? FFS_CHECK_NO_INO
				  : directory->parent ? directory->parent
						      : directory->dotdot;

		finding->ino = dir;
		if (parent == FFS_CHECK_NO_INO || ffs_check_directory(check, parent) == NULL ||
		    find_name(check, parent, finding) != 1)
			break;
		prepend(text, &begin, (struct name){ finding->name, finding->length });
		dir = parent;
	}
	if (dir != FFS_ROOT_INO) {
		char number[32];
		struct text out = text_in(number, sizeof(number));

		text_add(&out, "(inode %u)", dir);
		prepend(text, &begin, (struct name){ number, out.length });
		begin++; /* it is no absolute path */
	} else if (begin == FFS_CHECK_TEXT - 1) {
		text[--begin] = '/';
	}
	memory_free(check->kernel, finding, sizeof(*finding));
	return text + begin;
}

/* ---- names in one directory ------------------------------------------------------------- */

/* Hashes of the names so far; 0 is a free place. */
struct name_set {
	uint64_t *hashes;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
	uint64_t secret;
};

static bool
set_insert(struct name_set *set, uint64_t hash)
{
	size_t at = (size_t)hash & (set->capacity - 1);

	while (set->hashes[at] != 0) {
		if (set->hashes[at] == hash)
			return false;
		at = (at + 1) & (set->capacity - 1);
	}
	set->hashes[at] = hash;
	set->count++;
	return true;
}

static void
set_end(struct ffs_checking *check, struct name_set *set)
{
	memory_free(check->kernel, set->hashes, set->capacity * sizeof(uint64_t));
}

/* Twice the places. */
static int
set_grow(struct ffs_checking *check, struct name_set *set)
{
	struct name_set larger = { .secret = set->secret };

	larger.capacity = set->capacity == 0 ? SET_AT_FIRST : set->capacity * 2;
	larger.hashes = memory_alloc_array(check->kernel, larger.capacity, sizeof(uint64_t));
	if (larger.hashes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < set->capacity; i++)
		if (set->hashes[i] != 0)
			set_insert(&larger, set->hashes[i]);
	set_end(check, set);
	*set = larger;
	return 0;
}

/* Add a name; 0 if it was there. */
static int
set_add(struct ffs_checking *check, struct name_set *set, struct name name)
{
	int error = set->count * 2 >= set->capacity ? set_grow(check, set) : 0;

	if (error < 0)
		return error;
	return set_insert(set, hash_bytes(set->secret, name.bytes, name.length) | 1);
}

/* ---- entries ----------------------------------------------------------------------------- */

void
ffs_check_count_name(struct ffs_checking *check, uint32_t ino, int by)
{
	struct check_inode *inode = ffs_check_inode(check, ino);

	if (inode != NULL)
		inode->names += (uint32_t)by;
}

struct scan {
	uint32_t ino;
	struct ffs_dinode dinode;
	struct name_set names;
	struct check_entries entries;
	bool is_first;	 /* block, which begins with "." and ".." */
	bool is_changed; /* it is to be written */
	bool is_empty;
};

/* Tell a problem of an entry, or of the whole block if name is empty. */
static bool
tell(struct ffs_checking *check, const struct scan *scan, struct name name,
    enum fs_severity severity, const char *repair, const char *what)
{
	char text[FFS_CHECK_TEXT];

	return ffs_check_problem(check, severity, repair, "%s: %s",
	    ffs_check_path(check, scan->ino, name, text), what);
}

static const char remove_it[] = "remove the entry";

/* What is wrong with an entry so that it cannot stay; NULL if nothing is. */
static const char *
find_fault(struct ffs_checking *check, struct scan *scan, const struct ffs_dirent *entry,
    int *error)
{
	const struct check_inode *inode = ffs_check_inode(check, entry->ino);

	if (is_dot(entry->name))
		return "an entry \".\" or \"..\" that is not in its place";
	if (entry->ino < FFS_ROOT_INO || entry->ino >= ffs_inode_count(&check->sb))
		return "an entry that leads to an inode that does not exist";
	if (inode == NULL)
		return "an entry that leads to a free inode";
	if (entry->ino == FFS_ROOT_INO)
		return "an entry that leads to the root directory";
	if (inode->flags & CHECK_IS_INTERNAL && entry->ino == check->sb.journal.ino)
		return "an entry that leads to the journal";
	*error = set_add(check, &scan->names, entry->name);
	return *error == 0 ? "a second entry of this name" : NULL;
}

/* Does the type stand with the name, and is it the inode's? */
static void
check_entry_type(struct ffs_checking *check, struct scan *scan, struct ffs_dirent *entry)
{
	const struct check_inode *inode = ffs_check_inode(check, entry->ino);

	if (check->sb.has_old_inodes || entry->type == FFS_TYPE_NONE ||
	    entry->type == (enum ffs_type)inode->type || (inode->flags & CHECK_IS_STRANGE))
		return;
	if (tell(check, scan, entry->name, FS_PROBLEM_LEFTOVER, "correct it",
		"the type with the name is not the file's"))
		scan->is_changed = true;
	entry->type = (enum ffs_type)inode->type;
}

/* A directory has been found by name. */
static int
note_parent(struct ffs_checking *check, const struct scan *scan, uint32_t ino)
{
	struct check_directory *dir = ffs_check_directory(check, ino);
	struct check_extra *extra;

	if (dir == NULL)
		return 0;
	if (dir->parent == FFS_CHECK_NO_INO) {
		dir->parent = scan->ino;
		return 0;
	}
	extra = ffs_check_add(check, &check->extras, sizeof(*extra));
	if (extra == NULL)
		return -ENOMEM;
	*extra = (struct check_extra){ scan->ino, ino };
	return 0;
}

/* Look at an entry that is not the directory's "." and "..": 1 if it stays. */
static int
check_entry(struct ffs_checking *check, struct scan *scan, struct ffs_dirent *entry)
{
	const char *fault;
	int error = 1;

	if (entry->type == FFS_TYPE_WHITEOUT && !check->sb.has_old_inodes)
		return 1;
	fault = find_fault(check, scan, entry, &error);
	if (error < 0)
		return error;
	if (fault != NULL) {
		if (tell(check, scan, entry->name, FS_PROBLEM_DAMAGE, remove_it, fault))
			scan->is_changed = true;
		return 0;
	}
	check_entry_type(check, scan, entry);
	scan->is_empty = false;
	return 1;
}

/* Is this a directory that has not been cleared? */
static bool
is_directory(const struct ffs_checking *check, uint32_t ino)
{
	return ffs_check_inode(check, ino) != NULL && ffs_check_directory(check, ino) != NULL;
}

/* ---- "." and ".." -------------------------------------------------------------------------- */

static void
insert(struct check_entries *entries, unsigned at, struct name name, uint32_t ino)
{
	for (unsigned i = entries->count; i > at; i--)
		entries->entries[i] = entries->entries[i - 1];
	entries->entries[at] =
	    (struct ffs_dirent){ .ino = ino, .type = FFS_TYPE_DIRECTORY, .name = name };
	entries->count++;
}

/* See to the entry that is to be number at; ino is where it leads if it is missing. */
static struct ffs_dirent *
check_dot(struct ffs_checking *check, struct scan *scan, unsigned at, struct name name,
    uint32_t ino)
{
	struct check_entries *entries = &scan->entries;
	struct ffs_dirent *entry = &entries->entries[at];
	struct name none = { "", 0 };

	if (at >= entries->count || !name_equal(entry->name, name)) {
		if (tell(check, scan, none, FS_PROBLEM_DAMAGE, "put it there",
			at == 0 ? "the entry \".\" is not where it has to be"
				: "the entry \"..\" is not where it has to be"))
			scan->is_changed = true;
		insert(entries, at, name, ino);
	}
	if (!check->sb.has_old_inodes && entry->type != FFS_TYPE_DIRECTORY &&
	    entry->type != FFS_TYPE_NONE) {
		if (tell(check, scan, name, FS_PROBLEM_LEFTOVER, "correct it",
			"the type with the name is not the file's"))
			scan->is_changed = true;
		entry->type = FFS_TYPE_DIRECTORY;
	}
	if (check->sb.has_old_inodes)
		entry->type = FFS_TYPE_NONE;
	return entry;
}

/* The first two entries of the first block. */
static void
check_dots(struct ffs_checking *check, struct scan *scan)
{
	struct check_directory *dir = ffs_check_directory(check, scan->ino);
	struct ffs_dirent *entry;
	struct name none = { "", 0 };
	uint32_t guess = dir->parent != FFS_CHECK_NO_INO ? dir->parent : FFS_ROOT_INO;

	for (unsigned i = 0; i < scan->entries.count; i++)
		if (name_equal(scan->entries.entries[i].name, NAME("..")))
			guess = scan->entries.entries[i].ino;
	entry = check_dot(check, scan, 0, NAME("."), scan->ino);
	if (entry->ino != scan->ino) {
		if (tell(check, scan, none, FS_PROBLEM_DAMAGE, "correct it",
			"the entry \".\" leads elsewhere"))
			scan->is_changed = true;
		entry->ino = scan->ino;
	}
	entry = check_dot(check, scan, 1, NAME(".."), guess);
	dir->dotdot = is_directory(check, entry->ino) ? entry->ino : FFS_CHECK_NO_INO;
}

/* ---- blocks and directories ------------------------------------------------------------------ */

/* Put down what is to stay of a block, if that is not all; how much of it could. */
static int
write_block(struct ffs_checking *check, struct scan *scan, uint64_t place, unsigned *count)
{
	uint8_t block[FFS_DIRENT_BLOCK_SIZE];

	*count = scan->entries.count;
	if (!scan->is_changed)
		return 0;
	*count = ffs_check_block_write(&check->sb, &scan->entries, block);
	return ffs_check_write(check, place, block, sizeof(block));
}

/* The entries that stay lead somewhere. */
static int
count_entries(struct ffs_checking *check, struct scan *scan, unsigned count)
{
	int error = 0;

	for (unsigned i = 0; error == 0 && i < count; i++) {
		const struct ffs_dirent *entry = &scan->entries.entries[i];
		bool is_dotdot = scan->is_first && i == 1;

		if (!check->sb.has_old_inodes && entry->type == FFS_TYPE_WHITEOUT)
			continue;
		if (!is_dotdot || is_directory(check, entry->ino))
			ffs_check_count_name(check, entry->ino, 1);
		if (!scan->is_first || i > 1)
			error = note_parent(check, scan, entry->ino);
	}
	return error;
}

static int
scan_block(struct ffs_checking *check, const uint8_t *bytes, uint64_t place, void *context)
{
	struct scan *scan = context;
	struct check_entries *entries = &scan->entries;
	struct name none = { "", 0 };
	unsigned kept = 0;
	int error;

	ffs_check_block_read(&check->sb, bytes, entries);
	scan->is_changed = false;
	if (entries->is_cut && tell(check, scan, none, FS_PROBLEM_DAMAGE, "leave it out",
				   "part of a block of the directory cannot be read"))
		scan->is_changed = true;
	if (entries->has_badly_named &&
	    tell(check, scan, none, FS_PROBLEM_DAMAGE, remove_it, "an entry whose name is none"))
		scan->is_changed = true;
	if (scan->is_first) {
		check_dots(check, scan);
		kept = 2;
	}
	for (unsigned i = kept; i < entries->count; i++) {
		int stays = check_entry(check, scan, &entries->entries[i]);

		if (stays < 0)
			return stays;
		if (stays)
			entries->entries[kept++] = entries->entries[i];
	}
	entries->count = kept;
	error = write_block(check, scan, place, &kept);
	if (error == 0)
		error = count_entries(check, scan, kept);
	scan->is_first = false;
	return error;
}

/* ---- missing blocks ------------------------------------------------------------------------------ */

struct holes {
	uint64_t next;	/* the block that is expected */
	uint64_t first; /* missing one, in front of one that is there */
	uint64_t count; /* of those */
};

static int
find_holes(struct ffs_checking *check, const struct check_pointer *pointer, void *context)
{
	struct holes *holes = context;

	if (pointer->is_extension || pointer->is_past_end)
		return CHECK_PASS;
	if (pointer->depth > 0)
		return ffs_check_is_ours(check, pointer) ? CHECK_DESCEND : CHECK_PASS;
	if (pointer->number > holes->next) {
		if (holes->count == 0)
			holes->first = holes->next;
		holes->count += pointer->number - holes->next;
	}
	holes->next = pointer->number + 1;
	return CHECK_PASS;
}

/* Take away what is behind block end of a directory. */
struct cut {
	uint64_t end;
	uint64_t fragments; /* taken away */
};

static int
cut_pointer(struct ffs_checking *check, const struct check_pointer *pointer, void *context)
{
	struct cut *cut = context;
	int error = 0;

	if (pointer->is_extension || !ffs_check_is_ours(check, pointer))
		return CHECK_PASS;
	if (pointer->number >= cut->end) {
		/* What is below first, while there is a way to it. */
		ffs_check_release(check, pointer->fragment, pointer->count);
		cut->fragments += pointer->count;
		error = ffs_check_set_pointer(check, pointer->place, 0);
	}
	return error < 0 ? error : CHECK_DESCEND;
}

static int
cut_directory(struct ffs_checking *check, uint32_t ino, const struct ffs_dinode *dinode,
    uint64_t end)
{
	struct cut cut = { .end = end };
	struct ffs_dinode now;
	int error = ffs_check_walk(check, ino, dinode, cut_pointer, &cut);
	uint64_t sectors;

	if (error == 0)
		error = ffs_check_load(check, ino, &now);
	if (error < 0)
		return error;
	sectors = cut.fragments * (check->sb.fragment_size / FFS_SECTOR_SIZE);
	now.sector_count -= min_u64(now.sector_count, sectors);
	now.size = end << check->sb.block_shift;
	return ffs_check_store(check, ino, &now);
}

/* Fill the missing blocks; 1 if that cannot be. */
static int
fill_holes(struct ffs_checking *check, uint32_t ino, const struct ffs_dinode *dinode,
    uint64_t first, uint64_t end)
{
	for (uint64_t number = first; number < end; number++) {
		uint8_t bytes[8] = { 0 }, zero[8] = { 0 };
		uint64_t place;
		int error = ffs_check_find_pointer(check, ino, dinode, number, &place);

		if (error == 0)
			error = ffs_check_read_bytes(check, place, bytes, check->sb.pointer_size);
		if (error == 0 && memcmp(bytes, zero, sizeof(bytes)) == 0)
			error =
			    ffs_check_fill_hole(check, ino, place, check->sb.fragments_per_block);
		if (error != 0)
			return error == -ENOSPC ? 1 : error;
	}
	return 0;
}

/* End a directory in front of block end; one that then has none gets an empty one. */
static int
end_directory(struct ffs_checking *check, uint32_t ino, const struct ffs_dinode *dinode,
    uint64_t end)
{
	int result = cut_directory(check, ino, dinode, max_u64(end, 1));

	if (result == 0 && end == 0)
		result = fill_holes(check, ino, dinode, 0, 1);
	return result == 1 ? ffs_check_clear(check, ino) : result;
}

static int
repair_holes(struct ffs_checking *check, uint32_t ino, const struct ffs_dinode *dinode,
    const struct holes *holes)
{
	int result = 1;

	if (holes->next == 0)
		return ffs_check_clear(check, ino);
	if (holes->count > 0 && holes->count <= HOLES_MAX)
		result = fill_holes(check, ino, dinode, holes->first, holes->next);
	if (result < 0)
		return result;
	if (holes->count > 0 && result == 1)
		return end_directory(check, ino, dinode, holes->first);
	if (holes->next < ffs_block_count(&check->sb, dinode->size))
		return end_directory(check, ino, dinode, holes->next);
	return 0;
}

/* Blocks that are missing. */
static int
check_holes(struct ffs_checking *check, struct scan *scan)
{
	struct holes holes = { .next = 0 };
	struct name none = { "", 0 };
	int error = ffs_check_load(check, scan->ino, &scan->dinode);

	if (error == 0)
		error = ffs_check_walk(check, scan->ino, &scan->dinode, find_holes, &holes);
	if (error < 0)
		return error;
	if (holes.count == 0 && holes.next > 0 &&
	    holes.next == ffs_block_count(&check->sb, scan->dinode.size))
		return 0;
	if (!tell(check, scan, none, FS_PROBLEM_DAMAGE,
		holes.next == 0 ? "clear it" : "fill them, or end it in front of them",
		holes.next == 0 ? "a directory that has no blocks"
				: "blocks of the directory are missing"))
		return 0;
	return repair_holes(check, scan->ino, &scan->dinode, &holes);
}

static int
scan_directory(struct ffs_checking *check, struct scan *scan)
{
	struct check_reading reading = { .visit = scan_block, .context = scan };
	int error = ffs_check_load(check, scan->ino, &scan->dinode);

	if (error < 0)
		return error;
	scan->is_first = scan->is_empty = true;
	error = ffs_check_read_directory(check, scan->ino, &scan->dinode, &reading);
	set_end(check, &scan->names);
	return error;
}

/* Call step for each directory that is still there. */
static int
for_all(struct ffs_checking *check, struct scan *scan, const char *what,
    int (*step)(struct ffs_checking *check, struct scan *scan))
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < check->directories.count; i++) {
		struct check_directory *directory =
		    (struct check_directory *)check->directories.items + i;

		if (i % PROGRESS_STEP == 0)
			ffs_check_progress(check, what, i, check->directories.count);
		if (ffs_check_inode(check, directory->ino) == NULL)
			continue;
		scan->ino = directory->ino;
		scan->names = (struct name_set){ .secret = scan->names.secret };
		error = step(check, scan);
		directory->is_empty = scan->is_empty;
	}
	return error;
}

int
ffs_check_names(struct ffs_checking *check)
{
	struct scan *scan = memory_alloc_zeroed(check->kernel, sizeof(*scan));
	int error = scan == NULL ? -ENOMEM : 0;

	if (error == 0)
		error =
		    kernel_random(check->kernel, &scan->names.secret, sizeof(scan->names.secret));

	/* A directory may be cleared for what it lacks, so that is looked at first. */
	if (error == 0)
		error = for_all(check, scan, "directories", check_holes);
	if (error == 0)
		error = for_all(check, scan, "names", scan_directory);
	memory_free(check->kernel, scan, sizeof(*scan));
	return error;
}

/* ---- ".." elsewhere ---------------------------------------------------------------------------------- */

static int
set_dotdot(struct ffs_checking *check, const uint8_t *bytes, uint64_t place, void *context)
{
	const uint32_t *parent = context;
	struct ffs_dirent dot, dotdot;
	struct ffs_flaw flaw;
	uint8_t number[4];
	int error = ffs_dirent_decode(&check->sb, bytes, 0, &dot, &flaw);

	if (error == 0 && dot.length < FFS_DIRENT_BLOCK_SIZE)
		error = ffs_dirent_decode(&check->sb, bytes, dot.length, &dotdot, &flaw);
	if (error < 0 || dot.length == FFS_DIRENT_BLOCK_SIZE ||
	    !name_equal(dotdot.name, NAME("..")))
		return 1; /* there is none, which has been told */
	store32(number, *parent, check->sb.order);
	error = ffs_check_write(check, place + dot.length, number, sizeof(number));
	return error < 0 ? error : 1;
}

int
ffs_check_set_parent(struct ffs_checking *check, struct check_directory *dir, uint32_t parent)
{
	struct check_reading reading = { .visit = set_dotdot, .context = &parent };
	struct ffs_dinode dinode;
	uint32_t ino = dir->ino;
	int error = ffs_check_load(check, ino, &dinode);

	if (error == 0)
		error = ffs_check_read_directory(check, ino, &dinode, &reading);
	if (error < 0)
		return error;
	if (dir->dotdot != FFS_CHECK_NO_INO)
		ffs_check_count_name(check, dir->dotdot, -1);
	dir->dotdot = parent;
	ffs_check_count_name(check, parent, 1);
	return 0;
}
