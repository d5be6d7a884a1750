/*
 * Link counts, and files without a name.
 */
#include "base/errno.h"
#include "fs/ffs/check_impl.h"

#define PROGRESS_GROUPS 64

/* Nothing leads to an inode that is no directory. */
static int
check_nameless(struct ffs_checking *check, uint32_t ino, const struct check_inode *inode)
{
	struct ffs_dinode dinode;
	const char *what = NULL;
	int error = ffs_check_load(check, ino, &dinode);

	if (error < 0)
		return error;
	if (dinode.flags & FFS_INODE_LOG)
		what = "a journal that is not in use";
	else if (inode->links == 0)
		what = "a file that was removed";
	else if (dinode.size == 0)
		what = "an empty file without a name";
	if (what != NULL) {
		if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "clear it", "inode %u: %s", ino,
			what))
			return 0;
		return ffs_check_clear(check, ino);
	}
	if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "give it one in lost+found",
		"inode %u: a file of %llu bytes, of uid %u, without a name", ino,
		(unsigned long long)dinode.size, dinode.uid))
		return 0;
	error = ffs_check_rescue(check, ino);
	return error < 0 ? error : 0;
}

static int
check_count(struct ffs_checking *check, uint32_t ino, struct check_inode *inode)
{
	struct ffs_dinode dinode;
	int error;

	if (inode->names == inode->links)
		return 0;
	if (!ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "correct it",
		"inode %u: it has %u links, but says %u", ino, inode->names, inode->links))
		return 0;
	error = ffs_check_load(check, ino, &dinode);
	if (error < 0)
		return error;
	dinode.link_count = inode->names;
	return ffs_check_store(check, ino, &dinode);
}

/* Call step for all inodes in use that need names. */
static int
for_all(struct ffs_checking *check, const char *what,
    int (*step)(struct ffs_checking *check, uint32_t ino, struct check_inode *inode))
{
	int error = 0;

	for (uint32_t number = 0; error == 0 && number < check->sb.group_count; number++) {
		uint32_t first = number * check->sb.inodes_per_group;

		if (number % PROGRESS_GROUPS == 0)
			ffs_check_progress(check, what, number, check->sb.group_count);
		for (uint32_t i = 0; error == 0 && i < check->groups[number].inode_end; i++) {
			struct check_inode *inode = ffs_check_inode(check, first + i);

			if (inode != NULL &&
			    !(inode->flags & (CHECK_IS_INTERNAL | CHECK_IS_STRANGE)))
				error = step(check, first + i, inode);
		}
	}
	return error;
}

static int
find_nameless(struct ffs_checking *check, uint32_t ino, struct check_inode *inode)
{
	if (inode->names > 0 || inode->type == FFS_TYPE_DIRECTORY)
		return 0;
	return check_nameless(check, ino, inode);
}

/* Directories without a name, and files that were left without, have been told. */
static int
count_links(struct ffs_checking *check, uint32_t ino, struct check_inode *inode)
{
	const struct check_directory *dir = ffs_check_directory(check, ino);

	if (inode->names == 0 ||
	    (inode->type == FFS_TYPE_DIRECTORY && (dir == NULL || dir->parent == FFS_CHECK_NO_INO)))
		return 0;
	return check_count(check, ino, inode);
}

int
ffs_check_links(struct ffs_checking *check)
{
	int error = for_all(check, "files without names", find_nameless);

	return error < 0 ? error : for_all(check, "link counts", count_links);
}
