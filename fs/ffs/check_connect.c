/*
 * Does the root lead to all directories?
 *
 * Each directory has one parent: who has its entry.  From each we go up until we
 * come to one that is known to be reached, to one without a parent, or to one we
 * have been at: a loop, of which the last step is undone.  What has no parent
 * goes to lost+found.
 */
#include "base/errno.h"
#include "fs/ffs/check_impl.h"

static struct check_directory *
directory_at(const struct ffs_checking *check, size_t index)
{
	return (struct check_directory *)check->directories.items + index;
}

static bool
is_there(const struct ffs_checking *check, uint32_t ino)
{
	return ffs_check_inode(check, ino) != NULL && ffs_check_directory(check, ino) != NULL;
}

/* ---- the root ---------------------------------------------------------------------- */

/* 1 if there is none. */
static int
check_root(struct ffs_checking *check)
{
	const struct check_inode *inode = ffs_check_inode(check, FFS_ROOT_INO);
	int error = 0;

	if (is_there(check, FFS_ROOT_INO))
		return 0;
	if (!ffs_check_problem(check, FS_PROBLEM_DAMAGE, "make one",
		inode == NULL ? "there is no root directory"
			      : "there is no root directory: its inode is that of a file"))
		return 1;
	if (inode != NULL)
		error = ffs_check_clear(check, FFS_ROOT_INO);
	return error < 0 ? error : ffs_check_make_root(check);
}

/* ---- entries too many ----------------------------------------------------------------- */

static int
resolve_extra(struct ffs_checking *check, const struct check_extra *extra)
{
	struct check_directory *dir = ffs_check_directory(check, extra->ino);
	bool is_known = dir != NULL && (dir->dotdot == extra->parent || dir->dotdot == dir->parent);
	char text[FFS_CHECK_TEXT];
	uint32_t loser = extra->parent;

	if (dir == NULL || !is_there(check, extra->ino))
		return 0;
	/* Its ".." tells which one is right; a rename that was cut short leaves that. */
	if (dir->dotdot == extra->parent && dir->dotdot != dir->parent) {
		loser = dir->parent;
		dir->parent = extra->parent;
	}
	if (!ffs_check_problem(check, is_known ? FS_PROBLEM_LEFTOVER : FS_PROBLEM_DAMAGE,
		"remove the entry there",
		"%s: the directory has another name, in the directory with inode %u",
		ffs_check_path(check, extra->ino, (struct name){ "", 0 }, text), loser)) {
		ffs_check_count_name(check, extra->ino, -1);
		return 0;
	}
	return ffs_check_remove_entry(check, loser, extra->ino);
}

static int
resolve_extras(struct ffs_checking *check)
{
	const struct check_extra *extras = check->extras.items;
	int error = 0;

	for (size_t i = 0; error == 0 && i < check->extras.count; i++)
		error = resolve_extra(check, &extras[i]);
	return error;
}

/* ---- directories without a parent ------------------------------------------------------- */

static int
clear_directory(struct ffs_checking *check, const struct check_directory *dir)
{
	uint32_t ino = dir->ino;

	ffs_check_count_name(check, dir->dotdot, -1);
	return ffs_check_clear(check, ino);
}

static int
adopt(struct ffs_checking *check, uint32_t ino)
{
	const struct check_directory *dir = ffs_check_directory(check, ino);
	const struct check_inode *inode = ffs_check_inode(check, ino);
	int error;

	if (dir->is_empty && inode->links == 0) {
		if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "clear it",
			"inode %u: an empty directory that was removed", ino))
			return 0;
		return clear_directory(check, dir);
	}
	if (dir->is_empty) {
		if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "clear it",
			"inode %u: an empty directory without a name", ino))
			return 0;
		return clear_directory(check, dir);
	}
	if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "give it one in lost+found",
		"inode %u: a directory without a name", ino))
		return 0;
	error = ffs_check_rescue(check, ino);
	return error < 0 ? error : 0;
}

/* Its parent leads back to it: undo that. */
static int
break_loop(struct ffs_checking *check, struct check_directory *dir)
{
	uint32_t parent = dir->parent, ino = dir->ino;

	dir->parent = FFS_CHECK_NO_INO;
	if (ffs_check_problem(check, FS_PROBLEM_DAMAGE, "remove the entry",
		"inode %u: a directory that is inside itself, by the directory with inode %u", ino,
		parent))
		return ffs_check_remove_entry(check, parent, ino);
	ffs_check_count_name(check, ino, -1);
	return 0;
}

/* Go up from a directory until it is clear whether the root leads there. */
static int
reach(struct ffs_checking *check, struct check_directory *start)
{
	struct check_directory *dir = start;
	uint32_t first = start->ino;
	int error = 0;

	while (dir->reach == CHECK_UNKNOWN && dir->parent != FFS_CHECK_NO_INO) {
		struct check_directory *parent = ffs_check_directory(check, dir->parent);

		dir->reach = CHECK_ON_THE_WAY;
		if (parent->reach == CHECK_ON_THE_WAY) {
			error = break_loop(check, dir);
			break;
		}
		dir = parent;
	}
	if (error < 0)
		return error;
	if (dir->parent == FFS_CHECK_NO_INO) {
		dir->reach = CHECK_REACHED; /* or told */
		error = adopt(check, dir->ino);
	}

	/* The table may have grown. */
	dir = ffs_check_directory(check, first);
	while (dir != NULL && dir->reach == CHECK_ON_THE_WAY) {
		dir->reach = CHECK_REACHED;
		dir = ffs_check_directory(check, dir->parent);
	}
	return error;
}

static int
reach_all(struct ffs_checking *check)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < check->directories.count; i++)
		if (is_there(check, directory_at(check, i)->ino))
			error = reach(check, directory_at(check, i));
	return error;
}

/* ---- ".." --------------------------------------------------------------------------------- */

static int
check_parent(struct ffs_checking *check, struct check_directory *dir)
{
	char text[FFS_CHECK_TEXT];

	if (dir->parent == FFS_CHECK_NO_INO || dir->dotdot == dir->parent)
		return 0;
	if (ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "correct it",
		"%s: its \"..\" leads elsewhere",
		ffs_check_path(check, dir->ino, (struct name){ "", 0 }, text)))
		return ffs_check_set_parent(check, dir, dir->parent);
	ffs_check_count_name(check, dir->dotdot, -1);
	ffs_check_count_name(check, dir->parent, 1);
	return 0;
}

int
ffs_check_connections(struct ffs_checking *check)
{
	int error = check_root(check);

	if (error != 0)
		return error < 0 ? error : 0;
	ffs_check_directory(check, FFS_ROOT_INO)->parent = FFS_ROOT_INO;
	ffs_check_directory(check, FFS_ROOT_INO)->reach = CHECK_REACHED;
	error = resolve_extras(check);
	if (error == 0)
		error = reach_all(check);
	for (size_t i = 0; error == 0 && i < check->directories.count; i++)
		if (is_there(check, directory_at(check, i)->ino))
			error = check_parent(check, directory_at(check, i));
	return error;
}
